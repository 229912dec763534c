#!/bin/bash
# Goal of this test: what an auditor is told of a bag is true and whole: who signed
# and whether the keys came from outside, which places of which logs are there, until
# when a record is, what was done with it; on the terminal, as JSON, as a page that
# cannot act, and by stock tools alone.
. "$(dirname "$0")/lib.sh"
: "${VERIFY_SH:=$(cd "$(dirname "$0")/../.." && pwd)/packaging/verify.sh}"

three_nodes
printf '<script>alert(1)</script> & "quoted" \xe2\x80\xae \033[31m' | tr -d '\033' >"$T/text"
first=$(on field capture --to hub --text "$T/text") || die "capture"
second=$(on field capture --to hub --field statement=second) || die "capture"
third=$(on field capture --to hub --field statement=third) || die "capture"
on field sync hub || die "sync"
on desk sync hub || die "sync"
on desk show "$second" --purpose "to translate it" >/dev/null || die "show"
words=$(on desk derive "$second" --kind translation --field statement=segundo) || die "derive"
ok "an export with custody" on desk export "$first" "$second" --to "$T/bag" --disclose statement,time \
	--with-custody --witnesses --purpose "a trial" --for "an example court"
is "says that something stands beside it" "$(grep -c "stand beside" "$T/err")" 1
is "the bag is of version 2" "$(head -1 "$T/bag/bag-info.txt")" "Evident-Bag-Version: 2"
is "its picture shows each act" "$(grep -o '>\(testimony\|opened\|exported\)<' "$T/bag/timeline.svg" | sort | uniq -c | tr -s ' \n' ' ' | sed 's/ $//')" \
	" 2 >exported< 1 >opened< 2 >testimony<"
is "what it is for and for whom stands in it" \
	"$(cat "$T"/bag/data/*/readable.txt | grep -c '^purpose: \|^recipient: an example court')" 5
is "and no name but what was asked for" "$(cat "$T"/bag/data/*/readable.txt | grep -c third)" 0
ok "without custody it is of version 1" on desk export "$first" --to "$T/plain" --disclose statement
is "as it was" "$(head -1 "$T/plain/bag-info.txt")" "Evident-Bag-Version: 1"

on hub signers >"$T/signers" || die "signers"
hub=$(on hub card | sed -n 's/^author ssh-ed25519 //p' | base64 -d | sha256sum | cut -c 1-64)
ok "it holds" "$EVIDENT" verify "$T/bag" --signers "$T/signers" --report "$T/report.html"
keep() { cp "$T/out" "$T/said"; }
keep
says() { grep -cF -- "$1" "$T/said"; }
is "two authors, with keys from outside" "$(says "a key you were given)")" 4
is "their places are told" "$(says "shown here: 0, 1; of these withdrawn: none; withheld, for they exist and are not in this bag: 2")" 1
is "both records are no younger than the hub saw them" "$(says "by the clock of witness $hub (witnesses that count: 1)")" 2
is "what was done is not bounded by whoever did it" "$(says "no time is proved")" 3
"$EVIDENT" verify "$T/bag" --signers "$T/signers" --exporter "$hub" >"$T/said"
is "nor is anything by whoever handed it over" "$(says "not after")" 0
"$EVIDENT" verify "$T/bag" >"$T/said"
is "nor by keys that only the bag knows" "$(says "not after")$(says "SELF-VOUCHED")" 01
fails 2 "64 digits" "an exporter is an author id" "$EVIDENT" verify "$T/bag" --exporter hub
"$EVIDENT" verify "$T/bag" --signers "$T/signers" --json >"$T/json" || die "verify --json"
is "the same as JSON" "$(json "[j['holds'], len(j['entries']), len(j['logs']), sorted(e['kind'] for e in j['entries'] if e['about']), sum('until' in e for e in j['entries'])]" <"$T/json")" \
	"[True, 5, 2, ['exported', 'exported', 'opened'], 2]"
is "nothing is missing" "$(json "j['missing']" <"$T/json")" "[]"
ok "a translation alone" on desk export "$words" --to "$T/words" --disclose-all
"$EVIDENT" verify "$T/words" >"$T/said"
is "misses what it stands beside" "$(says "Spoken of, and not in this bag: record $second")" 1

# --- the page ---
python3 - "$T/report.html" <<'P' >"$T/page" || die "the page cannot be read"
import html.parser, sys
seen, bad = [], []
class Reader(html.parser.HTMLParser):
    def handle_starttag(self, tag, attrs):
        seen.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "href", "action") or "javascript" in (value or ""):
                bad.append((tag, name))
text = open(sys.argv[1], encoding="utf-8").read()
Reader().feed(text)
print(seen.count("script"), bad, seen.count("svg"), "default-src 'none'" in text,
      "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quoted&quot; \\u{202e}" in text)
P
is "the page has a picture, no script, nothing from elsewhere, and every word escaped" "$(cat "$T/page")" "0 [] 1 True True"
is "it tells the verdict" "$(grep -c "every author&#39;s key is among" "$T/report.html")" 1
fails 1 "something is there already" "no page is overwritten" "$EVIDENT" verify "$T/bag" --report "$T/report.html"
fails 2 "would spoil it" "none is put into the bag" "$EVIDENT" verify "$T/bag" --report "$T/bag/report.html"
(cd "$T/bag/data" && "$EVIDENT" verify .. --report here.html >"$T/out" 2>"$T/err")
is "by no other way in" "$? $(ls "$T/bag/data" | grep -c html)" "2 0"
fails 1 "cannot be written" "nor where nobody may write" "$EVIDENT" verify "$T/bag" --report /proc/report.html
cp -r "$T/bag" "$T/bad" && echo lie >>"$T/bad/data/$first/readable.txt"
fails 4 "does not hold" "of a bag that does not hold" "$EVIDENT" verify "$T/bad" --report "$T/bad.html"
is "the page says so, and shows nothing of it" \
	"$(grep -c "does NOT hold: files and manifests differ" "$T/bad.html")$(grep -c "alert\|svg>" "$T/bad.html")" 10

# --- stock tools ---
mkdir "$T/a b'c" "$T/tmp dir" && cp -r "$T/bag" "$T/a b'c/-x=y \$(z)" || die "copy"
for shell in dash bash; do
	ok "$shell: stock tools say the same, whatever the folders are called" env TMPDIR="$T/tmp dir" \
		"$shell" "$VERIFY_SH" "$T/a b'c/-x=y \$(z)" "$T/signers"
	keep
	is "$shell: and where the records stand" "$(says "In its log: record $first index 0 of 3")" 1
	is "$shell: and by when a witness saw it" "$(says "seen by witness $hub at ")" 2
	is "$shell: and leave nothing behind" "$(ls "$T/tmp dir")" ""
done
for awk in mawk gawk original-awk "busybox awk"; do
	mkdir -p "$T/$awk" && printf '#!/bin/sh\nexec %s "$@"\n' "$awk" >"$T/$awk/awk" &&
		chmod +x "$T/$awk/awk" || die "$awk"
	ok "they do with $awk" env PATH="$T/$awk:$PATH" sh "$VERIFY_SH" "$T/bag" "$T/signers"
done
grep -v "^$hub" "$T/signers" >"$T/fewer"
ok "a witness need not be known" sh "$VERIFY_SH" "$T/bag" "$T/fewer"
on field signers field >"$T/alone" 2>/dev/null || head -1 "$T/signers" >"$T/alone"
fails 4 "not hold" "an author must be: by our program" "$EVIDENT" verify "$T/bag" --signers "$T/alone"
fails 4 "do not rely" "and by stock tools" sh "$VERIFY_SH" "$T/bag" "$T/alone"
keep
is "for the same reason" "$(says "an author is not among the signers given")" 1
fails 4 "do not rely" "what does not hold does not" sh "$VERIFY_SH" "$T/bad"
fails 2 "usage" "no bag is wrong usage" sh "$VERIFY_SH"
fails 1 "cannot be read" "nor is what is none" sh "$VERIFY_SH" "$T/nowhere"
