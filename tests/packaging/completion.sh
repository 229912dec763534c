#!/bin/bash
# Goal of this test: shells complete what the programs take, and what a node
# knows, but never start a daemon for it.
. "$(dirname "$0")/../scenario/lib.sh"

# What bash offers for a line whose last word is being typed, sorted.
offers() { # WORD...
	bash -c '
		. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
		_${1//-/_} "$COMPLETE_AS" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
		printf "%s\n" "${COMPREPLY[@]}"' - "$file" "$@" 2>&1 | sort | tr '\n' ' '
}
bash_offers() { file=$evident_bash COMPLETE_AS=$EVIDENT offers evident "$@"; }
fish_offers() { # TEXT BEHIND "evident "
	fish --no-config -c '
		source $evident_fish
		function evident; command $EVIDENT $argv; end
		complete -C "evident $argv[1]"' -- "$1" 2>&1 | cut -f1 | sort | tr '\n' ' '
}
# zsh completes only for a person, so the words it would offer are caught.
zsh_offers() { # WORD...
	zsh -fc '
		compadd() { shift; (($#)) && print -l -- "$@"; }
		compset() { return 1; }
		_describe() { print -l -- ${(P)${2}%%:*}; }
		_files() { print -- "files $*"; }
		words=("$@") CURRENT=$#
		. $evident_zsh' - "$EVIDENT" "$@" 2>&1 | sort | tr '\n' ' '
}
sorted() { printf '%s\n' "$@" | sort | tr '\n' ' '; }
export COMPLETE_AS= evident_fish evident_zsh
mkdir "$T/cwd" "$T/cwd/dir" && cd "$T/cwd" && touch plain 'with space' || die "no files"

commands=$("$EVIDENT" --help | sed -n 's/^  \([a-z]*\) .*/\1/p')
is "bash: the commands" "$(bash_offers '')" "$(sorted $commands)"
is "bash: the commands by their beginning" "$(bash_offers un)" "unlock "
is "bash: the options of all commands" "$(bash_offers --)" \
	"$(sorted --help --home --json --passphrase-fd --version)"
for command in $commands; do
	own=$("$EVIDENT" --help | grep "^ *evident $command" | grep -oe '--[a-z-]*')
	is "bash: the options of $command" "$(bash_offers "$command" --)" \
		"$(sorted --help --home --json --passphrase-fd --version $own)"
done
is "bash: after common options a command is still to come" \
	"$(bash_offers --json --home dir ver)" "verify "
is "bash: files" "$(bash_offers capture --text '')" "dir plain with space "
is "bash: directories only" "$(bash_offers show 0 --sealed '')" "dir "
is "bash: a file behind '='" "$(bash_offers capture --attach = pl)" "plain "
is "bash: a file behind '@'" "$(bash_offers capture --field a = @pl)" "@plain "
is "bash: nothing where only a person knows" "$(bash_offers init --name '')" " "
is "bash: subcommands" "$(bash_offers partner '')" \
	"--bytes --entries --mirror --qr --rate add compare limit list proxy quota remove trust "
file=$evident_verify_bash
is "bash: evident-verify's options" "$(offers evident-verify --)" \
	"$(sorted --exporter --help --json --record --report --signers --version)"
is "bash: evident-verify's bag, or file" "$(offers evident-verify '')" \
	"$(sorted --exporter --help --json --record --report --signers --version dir plain 'with space')"

hub_start hub
node_start field --reader
introduce field hub || die "introduce"
id=$(on field capture --field statement=text) || die "capture"
at=(--home "$T/field")
is "bash: partners" "$(bash_offers "${at[@]}" capture --to '')" "hub "
is "bash: partners of a home given behind '='" \
	"$(bash_offers --home = "$T/field" partner compare h)" "hub "
is "bash: records" "$(bash_offers "${at[@]}" export "${id:0:2}")" "${id:0:8} "
if command -v fish >/dev/null; then
	is "fish: partners" "$(fish_offers "${at[*]} sync ")" "hub "
	is "fish: records" "$(fish_offers "${at[*]} show ${id:0:2}")" "${id:0:8} "
fi
if command -v zsh >/dev/null; then
	is "zsh: partners" "$(zsh_offers "${at[@]}" sync '')" "hub "
	is "zsh: records" "$(zsh_offers "${at[@]}" show --sealed dir '')" \
		"$(sorted --attachments --purpose --sealed "${id:0:8}")"
fi
on field lock
is "bash: nothing of a locked node" "$(bash_offers "${at[@]}" capture --to '')" " "
on field stop
is "bash: nothing of a node without a daemon" \
	"$(bash_offers "${at[@]}" capture --to '')" " "
fails 3 "" "completing started none" on field status

if command -v fish >/dev/null; then
	for made in "$evident_fish" "$evident_verify_fish"; do
		ok "fish: $(basename "$made") parses" fish --no-config -n "$made"
	done
	is "fish: the commands" "$(fish_offers '')" "$(sorted $commands)"
	is "fish: the options of export" "$(fish_offers 'export --' )" \
		"$(sorted --disclose --disclose-all --for --help --home --json --override --passphrase-fd --purpose --to --version --with-custody --witnesses)"
	is "fish: subcommands" "$(fish_offers 'partner ')" "add compare limit list proxy quota remove trust "
	is "fish: directories only" "$(fish_offers 'export 0 --to ')" "dir/ "
fi
if command -v zsh >/dev/null; then
	for made in "$evident_zsh" "$evident_verify_zsh"; do
		ok "zsh: $(basename "$made") parses" zsh -fn "$made"
	done
	is "zsh: the commands" "$(zsh_offers '')" "$(sorted $commands)"
	is "zsh: the options of export" "$(zsh_offers export --)" \
		"$(sorted --disclose --disclose-all --for --help --home --json --override --passphrase-fd --purpose --to --version --with-custody --witnesses)"
	is "zsh: subcommands" "$(zsh_offers partner '')" \
		"--bytes --entries --mirror --qr --rate add compare limit list proxy quota remove trust "
	is "zsh: directories only" "$(zsh_offers export 0 --to '')" "files -/ "
fi
