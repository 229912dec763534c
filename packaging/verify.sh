#!/bin/sh
# verify.sh BAG [SIGNERS]
#
# Judge a bag of signed testimony with ordinary tools that know nothing of
# Evident: ssh-keygen, openssl, sha256sum, sha512sum, awk, sort, find. It says what
# evident-verify says: 0 the bag holds, 4 it does not, 1 it could not be read, 2
# wrong usage. SIGNERS is a file of keys got from outside (ssh-keygen(1), ALLOWED
# SIGNERS); without it a bag that holds vouches for itself only.
#
# Take this script from your own release of Evident, never from whoever gave you the
# bag, and compare its SHA-256 with the one in that release's README. It writes into
# a directory of its own under TMPDIR, and nowhere else. Nobody may change the bag
# while it runs: judge a copy.
#
# How it keeps a hostile bag from acting: names are held against a pattern before
# anything is opened; only regular files with one link are opened, by redirection or
# by names of [A-Za-z0-9._/-]; no text of the bag reaches the shell, an option or the
# terminal before it has passed a strict pattern; and nothing of it is ever run.
# Each section says which part of FORMAT.md it follows.
set -u
LC_ALL=C
export LC_ALL
unset CDPATH ENV BASH_ENV POSIXLY_CORRECT GREP_OPTIONS AWKPATH AWKLIBPATH
IFS='
'
umask 077

usage() {
	echo "usage: verify.sh BAG [SIGNERS]" >&2
	exit 2
}
stop() { # TEXT: it could not be judged
	printf 'verify.sh: error: %s\n' "$1" >&2
	exit 1
}
fails() { # REASON [FILE]: the verdict
	printf 'VERDICT: does NOT hold: %s%s\n' "$1" "${2:+ ($2)}"
	printf 'hint: do not rely on it; ask for it again from whoever exported it\n' >&2
	exit 4
}

# SIGNERS as evident verify reads it: whose lines are for entries, a key and whom it
# is said to speak for. A file that is not understood whole, or is limited in time, is
# not taken in part, as ssh-keygen would.
signers() {
	tr '\000' '\001' <"$W/signers" | awk '
		function word(    out, k) {
			sub(/^[ \t\r]+/, "", rest)
			for (out = ""; ; rest = substr(rest, k + 1)) {
				k = match(rest, /[ \t\r"]/)
				if (k && substr(rest, k, 1) != "\"") {
					out = out substr(rest, 1, k - 1); rest = substr(rest, k)
					return out
				}
				if (k) { out = out substr(rest, 1, k); rest = substr(rest, k + 1); k = index(rest, "\"") }
				if (!k) { out = out rest; rest = ""; return out }
				out = out substr(rest, 1, k)
			}
		}
		function options(w,    k, name) {
			for (;; w = substr(w, 2)) {
				k = match(w, /[=,]/)
				name = tolower(k ? substr(w, 1, k - 1) : w)
				w = k ? substr(w, k) : ""
				if (name != "cert-authority") {
					if ((name in option) || name !~ /^(namespaces|valid-after|valid-before)$/ || substr(w, 1, 2) != "=\"") return 0
					w = substr(w, 3); k = index(w, "\"")
					if (!k || index(substr(w, 1, k), "\\")) return 0
					option[name] = substr(w, 1, k - 1); w = substr(w, k + 1)
				} else
					option[name] = ""
				if (w == "") return 1
				if (substr(w, 1, 1) != ",") return 0
			}
		}
		function matches(p, t,    c) {
			if (p == "") return t == ""
			while (substr(p, 1, 2) == "**") p = substr(p, 2)
			c = substr(p, 1, 1)
			if (c == "*") return matches(substr(p, 2), t) || (t != "" && matches(p, substr(t, 2)))
			return t != "" && (c == "?" || c == substr(t, 1, 1)) && matches(substr(p, 2), substr(t, 2))
		}
		function allowed(list,    w, i, n, yes) {
			n = split(list, w, ",")
			for (i = 1; i <= n; i++) {
				if (substr(w[i], 1, 1) == "!") { if (matches(substr(w[i], 2), "evident-entry-v1")) return 0 }
				else if (matches(w[i], "evident-entry-v1")) yes = 1
			}
			return yes
		}
		function is_type(w) { return w ~ /^(ssh-|ecdsa-sha2-|sk-)/ }
		{
			rest = $0
			sub(/^[ \t\r]+/, "", rest)
			if (rest == "" || substr(rest, 1, 1) == "#") next
			split("", option)
			who = word(); type = word(); good = 1
			if (!is_type(type)) { good = options(type); type = word() }
			key = word()
			if (!good || !is_type(type) || key == "") exit failed = 1
			if (type != "ssh-ed25519") next
			if (length(key) != 68 || key ~ /[^A-Za-z0-9+\/]/ || key !~ /^AAAAC3NzaC1lZDI1NTE5AAAAI/) exit failed = 1
			if (("cert-authority" in option) || (("namespaces" in option) && !allowed(option["namespaces"]))) next
			if (("valid-after" in option) || ("valid-before" in option)) exit failed = 1
			print key " " who
		}
		END { exit failed }
	' >"$W/anchors" || stop "the file of signers is malformed"
}
# A key speaks for its own author id, by name.
vouched_for() { # ID
	awk -v id="$1" '
		FILENAME == "-" { if (substr($0, 1, 64) == id "") key = substr($0, 66); next }
		substr($0, 1, 68) == key {
			n = split(substr($0, 70), who, ",")
			for (i = named = 0; i++ < n; ) {
				if (("x" who[i]) == ("x" id)) named = 1
				if (substr(who[i], 1, 1) == "!") { named = 0; break }
			}
			if (named) found = 1
		}
		END { exit !found }' - "$W/anchors" <"$W/keys"
}

[ $# -eq 1 ] || [ $# -eq 2 ] || usage
case $1 in -*) usage ;; esac
for tool in awk base64 cat cmp cut find head mktemp od openssl sed sha256sum sha512sum \
	sort ssh-keygen tail tr wc xargs; do
	command -v "$tool" >/dev/null || stop "this machine has no $tool"
done
W=$(mktemp -d "${TMPDIR:-/tmp}/verify.XXXXXX") || stop "no directory for what is in between"
trap 'rm -rf "$W"' EXIT
trap 'exit 130' HUP INT TERM
W=$(cd "$W" && pwd -P) || stop "no directory for what is in between"
case $W in *\\* | *'
'*) stop "TMPDIR has a backslash or a line feed in it, which awk would not take as it is" ;; esac
vouched=no
if [ $# -eq 2 ]; then
	[ -f "$2" ] || stop "the file of signers cannot be read"
	head -c 1048577 <"$2" >"$W/signers" || stop "the file of signers cannot be read"
	[ "$(($(wc -c <"$W/signers")))" -le 1048576 ] || stop "the file of signers is too large"
	vouched=yes
	signers
fi
[ -d "$1" ] || stop "this bag cannot be read"
cd "$1" 2>/dev/null || stop "this bag cannot be read"

size_of() { # FILE
	echo "$(($(wc -c <"$1")))"
}
small() { # FILE MOST: no larger than its kind can be
	[ -f "$1" ] || fails "a file is missing" "$1"
	[ "$(size_of "$1")" -le "$2" ] || fails "a file is larger than it can be" "$1"
}
hex_of() { # FILE
	od -An -v -tx1 <"$1" | tr -d ' \n'
}
only() { # FILE SET: it holds no other bytes than these, and ends in a line feed
	[ "$(($(tr -d "$2" <"$1" | wc -c)))" -eq 0 ] &&
		{ [ ! -s "$1" ] || [ "$(tail -c 1 <"$1" | od -An -tx1 | tr -d ' \n')" = 0a ]; }
}

# --- names and kinds (11) -----------------------------------------------------
none() { # what find prints is counted, never looked at
	[ "$(($(find . "$@" -print 2>"$W/unreadable" | wc -c)))" -eq 0 ]
}
foreign="a file stands there that belongs to no bag"
none ! -path . \( -name '*[!A-Za-z0-9._-]*' -o -name '[!A-Za-z0-9]*' \) || fails "$foreign"
[ -s "$W/unreadable" ] && stop "this bag cannot be read whole"
none ! -type f ! -type d || fails "a link, pipe or device stands where a file should"
none -type f ! -links 1 || fails "a link, pipe or device stands where a file should"
find . -type f | sed 's,^\./,,' | sort >"$W/files"
find . -type d | sed -n 's,^\./,,p' | sort >"$W/folders"
[ "$(($(wc -l <"$W/files")))" -le 100000 ] || fails "$foreign"
awk '
	FILENAME != "-" { folder[$0] = 1; if (length($0) > 126 || split($0, w, "/") > 3) bad = 1; next }
	{
		if (length($0) > 126) bad = 1
		n = split($0, w, "/")
		if (n > 4) bad = 1
		path = w[1]
		for (i = 2; i <= n; i++) { delete folder[path]; path = path "/" w[i] }
	}
	END { for (f in folder) bad = 1; exit bad }
' "$W/folders" - <"$W/files" || fails "$foreign"

# --- version, and which files ---------------------------------------------------
grep_x() { # TEXT FILE: is there such a line
	awk -v want="$1" '("x" $0) == ("x" want) { found = 1 } END { exit !found }' <"$2"
}
grep_x bag-info.txt "$W/files" || fails "a file is missing" bag-info.txt
small bag-info.txt 4096
case $(sed -n 1p <bag-info.txt | tr '\000' '\001') in
"Evident-Bag-Version: 1" | "Evident-Bag-Version: 2") ;;
"Evident-Bag-Version: "?*) fails "it is of a later version; check it with a newer program" bag-info.txt ;;
esac
awk '
	BEGIN {
		n = split("allowed_signers bag-info.txt bagit.txt FORMAT.md VERIFY.txt manifest-sha256.txt manifest-sha512.txt tagmanifest-sha256.txt tagmanifest-sha512.txt", tag, " ")
		for (i = 1; i <= n; i++) known[tag[i]] = 1
		known["timeline.svg"] = 1
		split("entry entry.sig proof digests disclosed readable.txt", part, " ")
		for (i in part) parts[part[i]] = 1
	}
	{
		seen[$0] = 1
		if ($0 in known) next
		m = split($0, w, "/")
		if (w[1] == "data" && length(w[2]) == 64 && w[2] !~ /[^0-9a-f]/ &&
		    ((m == 3 && (w[3] in parts)) || (m == 4 && w[3] == "attachments"))) next
		print "foreign " $0
		exit
	}
	END {
		for (i = 1; i <= n; i++) if (!(tag[i] in seen)) { print "missing " tag[i]; exit }
	}
' <"$W/files" | head -n 1 >"$W/wrong"
case $(cat "$W/wrong") in
foreign*) fails "$foreign" "$(sed 's/^foreign //' "$W/wrong")" ;;
missing*) fails "a file is missing" "$(sed 's/^missing //' "$W/wrong")" ;;
esac

# --- manifests, made anew -----------------------------------------------------
sed -n '/^data\//p' "$W/files" >"$W/payload"
sed '/^data\//d; /^tagmanifest-/d' "$W/files" >"$W/tags"
changed="files and manifests differ"
manifest() { # LIST TOOL MANIFEST
	if [ -s "$1" ]; then
		xargs "$2" <"$1" >"$W/made" 2>/dev/null || stop "a file could not be read"
	else
		: >"$W/made"
	fi
	cmp -s "$W/made" "$3" || fails "$changed" "$3"
}
manifest "$W/payload" sha512sum manifest-sha512.txt
manifest "$W/tags" sha512sum tagmanifest-sha512.txt
manifest "$W/tags" sha256sum tagmanifest-sha256.txt
cat "$W/made" >"$W/hashes"
manifest "$W/payload" sha256sum manifest-sha256.txt
cat "$W/made" >>"$W/hashes"
hash_of() { # PATH: its SHA-256
	awk -v path="$1" 'substr($0, 67) == path { print substr($0, 1, 64); exit }' <"$W/hashes"
}
{ [ ! -s "$W/payload" ] || xargs wc -c <"$W/payload"; } |
	awk '$2 ~ /^data\// { print $2, $1 }' >"$W/sizes"
version=1
grep_x timeline.svg "$W/files" && version=2
awk -v version="$version" '{ bytes += $2; count++ } END {
	printf "Evident-Bag-Version: %d\nPayload-Oxum: %.0f.%d\n", version, bytes, count }' \
	<"$W/sizes" | cmp -s - bag-info.txt || fails "$changed" bag-info.txt
printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' |
	cmp -s - bagit.txt || fails "$changed" bagit.txt

# --- documents of any release ---------------------------------------------------
known_documents() {
	cat <<'E'
FORMAT.md 4d7e0aa7e4c211b6dd65f98e3a6174a128aa829f92f3e7eb8be1d77d6b1059f2
VERIFY.txt a6b02777fd81871f9704b291e8978a1fd42f0c63ed0510e41ec9f36b02843e9e
E
}
for name in FORMAT.md VERIFY.txt; do
	known_documents >"$W/known"
	grep_x "$name $(hash_of "$name")" "$W/known" ||
		fails "FORMAT.md or VERIFY.txt is of no release known here; if the bag is newer than this program, take a newer one" "$name"
done

# --- keys (2) ---------------------------------------------------------------------
keys="the list of keys is not that of the entries"
order=1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed
# What ssh-keygen and openssl leave open: points of small order, which sign anything,
# and S that is not below the order of the group. They are compared as digits. (That a
# key is in the group of prime order no stock tool tells: evident-verify does.)
points='
	function turned(hex,    i, out) { for (i = 1; i < length(hex); i += 2) out = substr(hex, i, 2) out; return out }
	function small(hex,    last, zeros, ones) {
		last = index("0123456789abcdef", substr(hex, 63, 1)) - 1
		hex = substr(hex, 1, 62) substr("01234567", last % 8 + 1, 1) substr(hex, 64)
		zeros = "000000000000000000000000000000000000000000000000000000000000"
		ones = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		return hex == "00" zeros "00" || hex == "01" zeros "00" ||
		    hex == "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05" ||
		    hex == "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a" ||
		    (substr(hex, 3, 58) == ones && substr(hex, 61) == "ff7f" && ("x" substr(hex, 1, 2)) >= "xec")
	}
'
small allowed_signers 1048576
only allowed_signers '\n\040-\176' || fails "$keys" allowed_signers
awk -F '[ ]' '
	function bad() { exit failed = 1 }
	{
		if (NF != 4 || length($1) != 64 || $1 ~ /[^0-9a-f]/ || $3 != "ssh-ed25519") bad()
		if ($2 != "namespaces=\"evident-entry-v1,evident-card-v1,evident-enrolment-v1,evident-bundle-v1\"") bad()
		if (length($4) != 68 || $4 ~ /[^A-Za-z0-9+\/]/ || $4 !~ /^AAAAC3NzaC1lZDI1NTE5AAAAI/) bad()
		if (NR > 1 && ("x" $1) <= ("x" before)) bad()
		before = $1
		print $1 " " $4
	}
	END { exit failed }
' <allowed_signers >"$W/keys" || fails "$keys" allowed_signers
mkdir "$W/key" || stop "no room for what is in between"
while read -r line; do
	id=${line%% *}
	printf '%s' "${line#* }" | base64 -d >"$W/blob" 2>/dev/null || fails "$keys" allowed_signers
	[ "$(sha256sum <"$W/blob" | cut -c 1-64)" = "$id" ] || fails "$keys" allowed_signers
	tail -c 32 <"$W/blob" >"$W/raw"
	awk -v key="$(hex_of "$W/raw")" "$points"'BEGIN { exit small(key) }' ||
		fails "$keys" allowed_signers
	{ printf '\060\052\060\005\006\003\053\145\160\003\041\000' && cat "$W/raw"; } >"$W/key/$id"
done <"$W/keys"
sound() { # SIGNATURE: R is not of small order, S below the order of the group
	awk -v hex="$(hex_of "$1")" -v order="$order" "$points"'
		BEGIN { exit small(substr(hex, 1, 64)) || ("x" turned(substr(hex, 65))) >= ("x" order) }'
}
signed() { # ID MESSAGE SIGNATURE: Ed25519 (RFC 8032)
	sound "$3" && openssl pkeyutl -verify -pubin -keyform DER -inkey "$W/key/$1" -rawin \
		-in "$2" -sigfile "$3" >/dev/null 2>&1
}

# --- a record: entry and signature (3) -----------------------------------------
# What two programs share: numbers, Padmé (4.3), sizes of age payloads (5). Here as
# everywhere texts that may look like numbers are compared with a letter in front, or
# awk would take 1e3 for 1000; and large numbers are written by printf alone.
arithmetic='
	function hash(s) { return length(s) == 64 && s !~ /[^0-9a-f]/ }
	function number(s) {
		return s ~ /^(0|[1-9][0-9]*)$/ && (length(s) < 16 ||
		    (length(s) == 16 && ("x" s) <= "x9007199254740991"))
	}
	function log2(n,    e) { for (e = 0; n >= 2; e++) n = int(n / 2); return e }
	function padme(n,    e, s, b) {
		if (n < 2) return n
		e = log2(n); s = log2(e) + 1
		if (s >= e) return n
		for (b = 1; e > s; e--) b *= 2
		return int((n + b - 1) / b) * b
	}
	function payload(n,    chunks) {
		chunks = int((n + 65535) / 65536)
		return 16 + n + 16 * (chunks < 1 ? 1 : chunks)
	}
	function possible(size,    chunks, plain) {
		chunks = int((size - 16 + 65551) / 65552)
		plain = size - 16 - 16 * chunks
		return size >= 32 && plain >= 0 && payload(plain) == size && padme(plain) == plain
	}
'
check_entry() {
	small "$F/entry" 131072
	only "$F/entry" '\n\040-\176' || fails "$entry_wrong" "$F/entry"
	awk -F '[ ]' "$arithmetic"'
		function bad() { exit failed = 1 }
		function line(n, key, words) { if (NF != words || $1 != key) bad() }
		NR == 1 { if ($0 != "evident entry v1") bad(); next }
		NR == 2 || NR == 3 || NR == 6 {
			line(NR, NR == 2 ? "author" : NR == 3 ? "log" : "fields", 2)
			if (!hash($2)) bad()
			print; next
		}
		NR == 4 { line(4, "index", 2); if (!number($2)) bad(); print; next }
		NR == 5 {
			line(5, "content", 3)
			if (!hash($2) || !number($3) || $3 + 0 < 4128 || $3 + 0 > 1048848 || !possible($3 + 0)) bad()
			next
		}
		$1 == "attachment" {
			if (NF != 3 || !hash($2) || !number($3) || !possible($3 + 0) || withdraws || keys) bad()
			if (attachments++ && ("x" $2) <= ("x" before)) bad()
			before = $2
			print; next
		}
		$1 == "withdraw" {
			if (NF != 2 || !hash($2) || attachments || keys) bad()
			if (withdraws++ && ("x" $2) <= ("x" before)) bad()
			before = $2
			print; next
		}
		$1 == "key" {
			if (attachments || withdraws || keys++ || !hash($3)) bad()
			if (!($2 == "successor" && NF == 3) && !($2 == "revoked" && NF == 4 && number($4))) bad()
			print "key"; next
		}
		{ bad() }
		END { exit failed || NR < 6 || attachments > 256 || withdraws > 1024 }
	' <"$F/entry" >"$W/entry" || fails "$entry_wrong" "$F/entry"
	{ printf '\000' && cat "$F/entry"; } | openssl dgst -sha256 -binary >"$W/leaf"
	[ "$(hex_of "$W/leaf")" = "$id" ] || fails "$entry_wrong" "$F/entry"
	author=$(sed -n 's/^author //p' "$W/entry")
	log=$(sed -n 's/^log //p' "$W/entry")
	index=$(sed -n 's/^index //p' "$W/entry")
	fields=$(sed -n 's/^fields //p' "$W/entry")
}
check_signature() {
	[ -e "$W/key/$author" ] || fails "$keys" allowed_signers
	small "$F/entry.sig" 1024
	only "$F/entry.sig" '\n\040-\176' || fails "$signature_wrong" "$F/entry.sig"
	awk '
		NR == 1 { if ($0 != "-----BEGIN SSH SIGNATURE-----") exit failed = 1; next }
		NR == 6 { if ($0 != "-----END SSH SIGNATURE-----") exit failed = 1; next }
		{ if (length($0) != (NR == 5 ? 38 : 70) || $0 ~ /[^A-Za-z0-9+\/]/) exit failed = 1; printf "%s", $0 }
		END { exit failed || NR != 6 }
	' <"$F/entry.sig" >"$W/armour" || fails "$signature_wrong" "$F/entry.sig"
	base64 -d <"$W/armour" >"$W/blob" 2>/dev/null || fails "$signature_wrong" "$F/entry.sig"
	# SSHSIG, version 1, the key, the namespace, "", "sha512", a signature of 64 bytes
	case $(hex_of "$W/blob") in
	5353485349470000000100000033"$(awk -v id="$author" '("x" $1) == ("x" id) { print $2 }' <"$W/keys" |
		base64 -d | od -An -v -tx1 | tr -d ' \n')"00000010"$(printf evident-entry-v1 |
		od -An -v -tx1 | tr -d ' \n')"0000000000000006736861353132000000530000000b7373682d6564323535313900000040*) ;;
	*) fails "$signature_wrong" "$F/entry.sig" ;;
	esac
	tail -c 64 <"$W/blob" >"$W/signature"
	sound "$W/signature" &&
		ssh-keygen -Y verify -f allowed_signers -I "$author" -n evident-entry-v1 -s "$F/entry.sig" \
			<"$F/entry" >/dev/null 2>&1 || fails "$signature_wrong" "$F/entry.sig"
	printf '%s\n' "$author" >>"$W/used"
}

# --- its place (6, 8) -------------------------------------------------------------
bad_proof() { fails "an entry's place in its log is not proved" "$F/proof"; }
check_proof() {
	small "$F/proof" 73728
	only "$F/proof" '\n\040-\176\342\200\224' || bad_proof
	origin=evident/log/$author/$log
	# Parts of the file; and for each hash of the path whether it stands left.
	rm -f "$W/path" "$W/sides" "$W/text" "$W/lines" "$W/size"
	awk -F '[ ]' -v dir="$W" -v want="$index" -v origin="$origin" "$arithmetic"'
		function bad() { exit failed = 1 }
		function b64(s) {
			return length(s) == 44 && substr(s, 44) == "=" && substr(s, 43, 1) ~ /[AEIMQUYcgkosw048]/ &&
			    substr(s, 1, 43) !~ /[^A-Za-z0-9+\/]/
		}
		NR == 1 { if ($0 != "c2sp.org/tlog-proof@v1") bad(); next }
		NR == 2 { if (NF != 2 || $1 != "index" || ("x" $2) != ("x" want)) bad(); next }
		part == 0 && $0 == "" { part = 1; next }
		part == 0 { if (steps++ == 64 || !b64($0)) bad(); print > (dir "/path"); next }
		part < 4 {
			if (part == 1 && $0 != origin) bad()
			if (part == 2 && !number(size = $0)) bad()
			if (part == 3 && !b64($0)) bad()
			print > (dir "/text")
			part++; next
		}
		part == 4 { if ($0 != "") bad(); part = 5; next }
		{
			if (lines++ == 64 || NF != 3 || $1 != "\342\200\224" || $2 == "" || $2 ~ /[^A-Za-z0-9\/]/ ||
			    $3 !~ /^[A-Za-z0-9+\/]+=*$/ || length($3) > 200) bad()
			print $2 " " $3 > (dir "/lines")
		}
		END {
			if (failed || part != 5 || lines < 1) exit 1
			n = want + 0; last = size - 1
			if (n > last) exit 1
			print size > (dir "/size")
			for (i = 1; i <= steps; i++) { # RFC 9162, 2.1.3.2
				if (last == 0) exit 1
				if (n % 2 == 1 || n == last) {
					print "left" > (dir "/sides")
					while (n % 2 == 0 && n > 0) { n = int(n / 2); last = int(last / 2) }
				} else
					print "right" > (dir "/sides")
				n = int(n / 2); last = int(last / 2)
			}
			exit last != 0
		}
	' <"$F/proof" || bad_proof
	cat "$W/leaf" >"$W/root"
	if [ -e "$W/path" ]; then
		step=0
		while read -r side; do
			step=$((step + 1))
			sed -n "${step}p" "$W/path" | base64 -d >"$W/beside"
			if [ "$side" = left ]; then set -- beside root; else set -- root beside; fi
			{ printf '\001' && cat "$W/$1" "$W/$2"; } | openssl dgst -sha256 -binary >"$W/node"
			cat "$W/node" >"$W/root"
		done <"$W/sides"
	fi
	[ "$(openssl base64 -A <"$W/root")" = "$(sed -n 3p "$W/text")" ] || bad_proof
	size=$(cat "$W/size")
	rm -f "$W/seen_by"
	number=0 before=
	while read -r line; do
		number=$((number + 1))
		check_line "${line%% *}" "${line#* }"
	done <"$W/lines"
	# One log told in two ways: two roots of one size, two entries in one place.
	printf '%s %s %s %s %s\n' "$origin" "$size" "$(sed -n 3p "$W/text")" "$index" "$id" >>"$W/checkpoints"
	awk '{
		a = $1 " " $2; b = $1 " " $4
		if (((a in root) && root[a] != "x" $3) || ((b in at) && at[b] != "x" $5)) exit bad = 1
		root[a] = "x" $3; at[b] = "x" $5
	} END { exit bad }' FS=' ' <"$W/checkpoints" || fails "one log was told in two ways" "$F/proof"
}
# A line of the note: the author first, then witnesses in the order of their ids.
check_line() { # NAME BASE64
	printf '%s' "$2" | base64 -d >"$W/line" 2>/dev/null || bad_proof
	[ "$(openssl base64 -A <"$W/line")" = "$2" ] || bad_proof
	if [ "$number" -eq 1 ]; then
		[ "$1" = "$origin" ] && [ "$(size_of "$W/line")" -eq 68 ] || bad_proof
		who=$author kind='\001'
		cat "$W/text" >"$W/message"
	else
		who=${1#evident/witness/}
		[ "$1" = "evident/witness/$who" ] && [ "${#who}" -eq 64 ] && [ "$who" != "$author" ] &&
			[ "$(size_of "$W/line")" -eq 76 ] || bad_proof
		case $who in *[!0-9a-f]*) bad_proof ;; esac
		[ -e "$W/key/$who" ] || bad_proof
		[ -z "$before" ] || [ "$(printf '%s\n%s\n' "$before" "$who" | sort -u | tail -n 1)" = "$who" ] &&
			[ "$before" != "$who" ] || bad_proof
		before=$who kind='\004'
		tail -c 72 <"$W/line" | head -c 8 >"$W/when"
		when=$(printf '%u' "0x$(hex_of "$W/when")") || bad_proof
		{ printf 'cosignature/v1\ntime %s\n' "$when" && cat "$W/text"; } >"$W/message"
		printf '%s %s\n' "$when" "$who" >>"$W/seen_by"
		printf '%s\n' "$who" >>"$W/used"
	fi
	head -c 4 <"$W/line" >"$W/hint"
	[ "$({ printf "%s\n$kind" "$1" && tail -c 32 <"$W/key/$who"; } | sha256sum | cut -c 1-8)" = \
		"$(hex_of "$W/hint")" ] || bad_proof
	tail -c 64 <"$W/line" >"$W/signature"
	signed "$who" "$W/message" "$W/signature" || bad_proof
}

# --- its lines (4) ------------------------------------------------------------------
check_digests() {
	small "$F/digests" 90112
	only "$F/digests" 'A-Za-z0-9_\n-' &&
		awk '
			length($0) != 43 || substr($0, 43) !~ /[AEIMQUYcgkosw048]/ || (NR > 1 && $0 "" <= before "") { exit bad = 1 }
			{ before = $0 }
			END { for (n = NR; n > 1 && n % 2 == 0; n /= 2); exit bad || n != 1 || NR < 16 || NR > 2048 }
		' <"$F/digests" && [ "$(hash_of "$F/digests")" = "$fields" ] ||
		fails "the digests are not those the entry commits to" "$F/digests"
}
bad_line() { fails "a shown line is not of its entry" "$F/disclosed"; }
# Base64url to what it says, a line each: no byte that could act or end a line.
decode='
	BEGIN {
		digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		for (i = 0; i < 64; i++) value[substr(digits, i + 1, 1)] = i
	}
	function put(byte) { if (byte < 32 || byte == 127) exit failed = 1; printf "%c", byte + 0 }
	{
		n = length($0)
		if (NR > 2048 || n == 0 || n > 1048576 || n % 4 == 1) exit failed = 1
		for (i = 1; i <= n; i += 4) {
			k = (i - 1) % 4096
			if (k == 0) S = substr($0, i, 4096) # a substr() counts all of its text first
			a = value[substr(S, k + 1, 1)]; b = value[substr(S, k + 2, 1)]
			put(a * 4 + int(b / 16))
			if (i + 2 > n) { if (b % 16) exit failed = 1; break }
			c = value[substr(S, k + 3, 1)]
			put(b % 16 * 16 + int(c / 4))
			if (i + 3 > n) { if (c % 4) exit failed = 1; break }
			put(c % 4 * 64 + value[substr(S, k + 4, 1)])
		}
		printf "\n"
	}
	END { exit failed }
'
# Kinds, and how many subjects each has at least.
kinds="testimony 0 note 0 revision 1 derivative 1 opened 1 exported 1 disclosed 1 shared 1 erased 1 received 0 withdrawal 0 key 0"
# The one spelling of a disclosure, the values that have a grammar (4.1), and what
# readable.txt says of each (11.1): to ${dir}/readable and ${dir}/said. In texts
# that are made here \001 stands for a backslash, which no text of others holds.
disclosure='
	BEGIN {
		hexdigits = "0123456789abcdef"
		for (i = 0; i < 256; i++) { c = sprintf("%c", i); if (i > 0) byte[c] = i }
		hidden("ad 34f 61c 115f 1160 17b4 17b5 180e 200b 200c 200d 200e 200f 2028 2029 202a 202b 202c 202d 202e 2060 2061 2062 2063 2064 2065 2066 2067 2068 2069 206a 206b 206c 206d 206e 206f 2800 3164 feff ffa0 fff9 fffa fffb")
		table("image/jpeg jpg image/png png image/webp webp image/heic heic image/gif gif image/tiff tif audio/wav wav audio/mpeg mp3 audio/ogg ogg audio/mp4 m4a audio/flac flac audio/aac aac video/mp4 mp4 video/quicktime mov video/webm webm video/x-matroska mkv video/x-msvideo avi video/3gpp 3gp application/pdf pdf text/plain txt text/csv csv application/json json application/zip zip", ending)
		table("'"$kinds"'", kinds)
		table("01 31 02 29 03 31 04 30 05 31 06 30 07 31 08 31 09 30 10 31 11 30 12 31", days)
	}
	function table(text, into,    w, n, i) { n = split(text, w, " "); for (i = 1; i < n; i += 2) into[w[i]] = w[i + 1] }
	function hidden(list,    i) { points = split(list, point, " "); for (i = 1; i <= points; i++) bytes[i] = utf8(unhex(point[i])) }
	function unhex(h,    i, n) { for (i = 1; i <= length(h); i++) n = n * 16 + index(hexdigits, substr(h, i, 1)) - 1; return n }
	function utf8(n) {
		if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
		return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
	}
	function bad() { failed = 1; exit 1 }
	# RFC 3629, 4
	function utf8_holds(t) {
		if (t !~ /[\200-\377]/) return 1
		gsub(/[\302-\337][\200-\277]|\340[\240-\277][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]|\355[\200-\237][\200-\277]|\360[\220-\277][\200-\277][\200-\277]|[\361-\363][\200-\277][\200-\277][\200-\277]|\364[\200-\217][\200-\277][\200-\277]/, "", t)
		return t !~ /[\200-\377]/
	}
	# What stands at P, of a part of the line: awks count all of a text, or copy it,
	# for each substr() and each joining.
	function near(n) {
		if (P - O > 2048) { O = P - 1; B = substr(S, P, 8192) }
		return substr(B, P - O, n)
	}
	function at() { return near(1) }
	function take(text) { if (near(length(text)) != text) bad(); P += length(text) }
	function more(out, text) {
		part = part text
		if (length(part) < 4096) return out
		text = part; part = ""
		return out text
	}
	# A string; its text is the answer.
	function string(    out, piece, k, c) {
		take("\"")
		out = part = ""
		for (;;) {
			piece = near(256)
			if (piece == "") bad()
			k = match(piece, /["\\]/)
			if (k == 0) { out = more(out, piece); P += length(piece); continue }
			P += k
			if (substr(piece, k, 1) == "\"") return out part substr(piece, 1, k - 1)
			c = at(); P++
			if (c == "t") c = "\t"
			else if (c == "n") c = "\n"
			else if (c == "r" && near(2) == "\\n") c = "\r"
			else if (c != "\"" && c != "\\") bad()
			out = more(out, substr(piece, 1, k - 1) c)
		}
	}
	function integer(    text, digits) {
		text = near(18)
		if (match(text, /^-?[0-9]+/) == 0) bad()
		text = substr(text, 1, RLENGTH)
		P += RLENGTH
		digits = text; sub(/^-/, "", digits)
		if (!number(digits) || text == "-0") bad()
		return text
	}
	# A value. Of the outermost object members are kept in member[].
	function json(depth, outer,    c, key, before, first) {
		c = at()
		if (c == "\"") return string()
		if (c == "t") { take("true"); return "true" }
		if (c == "f") { take("false"); return "false" }
		if (c == "n") { take("null"); return "null" }
		if (c != "[" && c != "{") return integer()
		if (depth == 0) bad()
		P++
		first = 1
		while (at() != (c == "[" ? "]" : "}")) {
			if (!first) take(",")
			if (c == "{") {
				key = string()
				if (!first && ("x" key) <= ("x" before)) bad()
				before = key
				take(":")
				if (outer) type[key] = at() == "\"" ? "text" : at()
			}
			first = 0
			key_value = json(depth - 1, 0)
			if (outer && c == "{") { member[before] = key_value; members++ }
		}
		P++
		return ""
	}
	function date(t) {
		return t ~ /^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]$/ && (substr(t, 6, 2) in days) &&
		    substr(t, 9, 2) >= "01" && substr(t, 9, 2) <= days[substr(t, 6, 2)] "" &&
		    (substr(t, 6) != "02-29" || (substr(t, 1, 4) % 4 == 0 && (substr(t, 1, 4) % 100 != 0 || substr(t, 1, 4) % 400 == 0)))
	}
	function word(t) { return length(t) <= 64 && t ~ /^[a-z0-9-]+(\.[a-z0-9-]+)*$/ }
	function known(name, t,    n) {
		if (name == "kind") return t in kinds
		if (name == "time")
			return length(t) == 20 && date(substr(t, 1, 10)) && substr(t, 11) ~ /^T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z$/ &&
			    substr(t, 12, 2) < "24"
		if (name == "after") return t == "none" || hash(t)
		if (name == "origin") return length(t) == 141 && substr(t, 1, 12) == "evident/log/" && hash(substr(t, 13, 64)) && substr(t, 77, 1) == "/" && hash(substr(t, 78))
		if (name == "subject" || name == "consent.share") return hash(t)
		if (name == "record") return length(t) == 129 && hash(substr(t, 1, 64)) && substr(t, 65, 1) == " " && hash(substr(t, 66))
		if (name == "previous") {
			n = length(t)
			return n >= 131 && hash(substr(t, 1, 64)) && substr(t, 65, 1) == " " && number(substr(t, 66, n - 130)) &&
			    substr(t, n - 64, 1) == " " && hash(substr(t, n - 63))
		}
		if (name == "consent.purposes" || name == "consent.medium") return word(t)
		if (name == "consent.expires") return t == "never" || date(t)
		if (name == "consent.name-disclosed") return t == "yes" || t == "no"
		if (name == "consent.language") return length(t) >= 2 && length(t) <= 35 && t ~ /^[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]$/
		if (name == "consent.explained-by") return t != ""
		return 1
	}
	function has_rule(name) {
		return name ~ /^(kind|time|after|origin|subject|record|previous)$/ ||
		    name ~ /^consent\.(share|purposes|expires|name-disclosed|medium|language|explained-by)$/
	}
	# Text made safe to look at, into ${dir}/readable.
	function put(t, text,    n, i, w, k, c) {
		gsub(/\\/, "\001\001", t)
		gsub(/\r/, "\001u{d}", t)
		if (text) gsub(/\n/, "\n  ", t)
		if (t ~ /[\200-\377]/) {
			for (i = 1; i <= points; i++)
				if (!text || (point[i] != "200c" && point[i] != "200d"))
					gsub(bytes[i], "\001u{" point[i] "}", t)
			n = split(t, w, /\363\240/)
			plain(w[1])
			for (i = 2; i <= n; i++) {
				k = (byte[substr(w[i], 1, 1)] - 128) * 64 + byte[substr(w[i], 2, 1)] - 128
				printf "%s%x%s", "\\u{", 917504 + k, "}" > (dir "/readable")
				plain(substr(w[i], 3))
			}
		} else
			plain(t)
	}
	function plain(t,    n, i, w) {
		n = split(t, w, /\001/)
		for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? "\\" : ""), w[i] > (dir "/readable")
	}
	function attachment() {
		if (members != 5 || type["file"] != "text" || type["type"] != "text" || type["sealed"] != "text" ||
		    type["sha256"] != "text" || !("size" in member) || type["size"] !~ /[0-9]/) bad()
		if (!hash(member["sealed"]) || !hash(member["sha256"]) || payloads[member["sealed"]]++) bad()
		if (length(member["file"]) < 1 || length(member["file"]) > 255 || member["file"] ~ /[\/\t\n\r]/ ||
		    member["file"] == "." || member["file"] == "..") bad()
		if (length(member["type"]) < 1 || length(member["type"]) > 127 || member["type"] ~ /[^ -~]/) bad()
		print "attachment " member["sealed"] " " member["sha256"] " " member["size"] " " sprintf("%.0f", payload(padme(member["size"] + 0))) " " \
		    ((member["type"] in ending) ? ending[member["type"]] : "bin") > (dir "/said")
		put(member["file"], 0)
		printf " (" > (dir "/readable")
		put(member["type"], 0)
		printf ", %s bytes)", member["size"] > (dir "/readable")
	}
	{
		S = $0; P = 1; O = 0; B = substr(S, 1, 8192)
		if (!utf8_holds(S) || S ~ /\302[\200-\237]/) bad()
		take("[")
		salt = string()
		if (length(salt) != 22 || salt ~ /[^A-Za-z0-9_-]/ || substr(salt, 22) !~ /[AQgw]/) bad()
		take(",")
		name = string()
		if (!word(name)) bad()
		take(",")
		begin = P
		is_text = at() == "\""
		split("", member); split("", type); members = 0
		text = json(8, 1)
		value_end = P
		take("]")
		if (P != length(S) + 1) bad()
		printf "%s: ", name > (dir "/readable")
		if (has_rule(name) && (!is_text || !known(name, text))) bad()
		if (name == "attachment") { if (is_text) bad(); attachment() }
		else if (is_text) put(text, 1)
		else put(substr(S, begin, value_end - begin), 0)
		printf "\n" > (dir "/readable")
		if (name ~ /^(kind|time|after|origin|previous|consent\.(expires|name-disclosed|medium|language|explained-by))$/ && stands[name]++)
			print "twice" > (dir "/said")
		if (name ~ /^(kind|origin|subject|record|time|after)$/) print name " " text > (dir "/said")
	}
	END { exit failed }
'
check_disclosed() {
	small "$F/disclosed" 2097152
	only "$F/disclosed" 'A-Za-z0-9_\n-' || bad_line
	rm -rf "$W/l" "$W/readable" "$W/said"
	mkdir "$W/l" || stop "no room for what is in between"
	: >"$W/readable"
	: >"$W/said"
	awk "$decode" <"$F/disclosed" >"$W/clear" || bad_line
	awk -v dir="$W" "$arithmetic$disclosure" <"$W/clear" || bad_line
	# The digest of each, which must ascend and be among the entry's.
	awk -v dir="$W/l/" '{ file = sprintf("%s%04d", dir, NR); printf "%s", $0 > file; close(file); print file }' \
		<"$F/disclosed" >"$W/list"
	: >"$W/made"
	if [ -s "$W/list" ]; then
		(cd "$W/l" && sed 's,.*/,,' "$W/list" | xargs sha256sum) | cut -c 1-64 >"$W/made"
	fi
	awk '
		BEGIN {
			digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
			for (i = 0; i < 16; i++) value[substr("0123456789abcdef", i + 1, 1)] = i
		}
		{
			out = ""
			for (i = 1; i <= 63; i += 3) {
				n = value[substr($0, i, 1)] * 256 + value[substr($0, i + 1, 1)] * 16 + value[substr($0, i + 2, 1)]
				out = out substr(digits, int(n / 64) + 1, 1) substr(digits, n % 64 + 1, 1)
			}
			print out substr(digits, value[substr($0, 64)] * 4 + 1, 1)
		}
	' <"$W/made" >"$W/digests"
	awk 'FILENAME == "-" { listed["x" $0] = 1; next }
		!(("x" $0) in listed) || (before != "" && ("x" $0) <= before) { exit bad = 1 }
		{ before = "x" $0 }
		END { exit bad }' - "$W/digests" <"$F/digests" || bad_line
	awk -v origin="$origin" -v kinds="$kinds" '
		BEGIN { n = split(kinds, w, " "); for (i = 1; i < n; i += 2) least[w[i]] = w[i + 1] }
		FILENAME != "-" { if ($1 == "withdraw") withdraws = 1; if ($1 == "key") keys = 1; next }
		$1 == "origin" && said == "" { said = $2 }
		$1 == "kind" && kind == "" { kind = $2 }
		$1 == "subject" { subjects++ }
		$1 == "record" { receives = 1 }
		$1 == "twice" { twice = 1 }
		END { exit said != origin || !(kind in least) || subjects < least[kind] || twice ||
		    (subjects > 1 && kind ~ /^(revision|derivative)$/) || (receives && kind != "received") ||
		    (subjects > 0 && kind ~ /^(received|withdrawal|key)$/) ||
		    (kind == "withdrawal") != (withdraws > 0) || (kind == "key") != (keys > 0) }
	' "$W/entry" - <"$W/said" ||
		fails "what is shown was not said by this author, or is of another kind" "$F/disclosed"
	[ -f "$F/readable.txt" ] || fails "a file is missing" "$F/readable.txt"
	cmp -s "$W/readable" "$F/readable.txt" ||
		fails "a readable page says something else than was signed" "$F/readable.txt"
}

# --- its files -----------------------------------------------------------------------
check_attachments() {
	sed -n 's/^attachment //p' "$W/said" >"$W/attachments"
	count=0
	while read -r line; do
		count=$((count + 1))
		sealed=$(printf '%s' "$line" | cut -d ' ' -f 1)
		hash=$(printf '%s' "$line" | cut -d ' ' -f 2)
		bytes=$(printf '%s' "$line" | cut -d ' ' -f 3)
		grep_x "attachment $sealed $(printf '%s' "$line" | cut -d ' ' -f 4)" "$W/entry" || bad_line
		name=$F/attachments/$(printf '%s' "$sealed" | cut -c 1-16).${line##* }
		grep_x "$name" "$W/files" || fails "a file is missing" "$name"
		[ "$(hash_of "$name")" = "$hash" ] && grep_x "$name $bytes" "$W/sizes" ||
			fails "an attachment is not the file that was signed" "$name"
	done <"$W/attachments"
	[ "$(awk -v head="$F/attachments/" 'index($0, head) == 1 { n++ } END { print n + 0 }' <"$W/files")" -eq "$count" ] ||
		fails "$foreign" "$F/attachments"
}

# --- all records ------------------------------------------------------------------------
entry_wrong="an entry is malformed or not the one its folder names"
signature_wrong="a signature does not hold"
: >"$W/used"
: >"$W/checkpoints"
: >"$W/claims"
: >"$W/told"
shown=0 closed=0 attachments=0 records=0
cut -d / -f 2 "$W/payload" | sort -u >"$W/records"
while read -r id; do
	F=data/$id
	check_entry
	check_signature
	check_proof
	check_digests
	check_disclosed
	check_attachments
	[ $vouched = no ] || vouched_for "$author" || stranger=yes
	lines=$(($(wc -l <"$F/disclosed")))
	records=$((records + 1))
	shown=$((shown + lines))
	closed=$((closed + $(wc -l <"$F/digests") - lines))
	attachments=$((attachments + count))
	# time, id, kind, author, and the ids it speaks of, ascending
	{
		sed -n 's/^time //p' "$W/said" | tail -n 1 | awk '{ time = $0 } END { print (time == "" ? "-" : time) }'
		printf '%s\n' "$id"
		sed -n 's/^kind //p' "$W/said" | tail -n 1
		printf '%s\n' "$author"
		{ sed -n 's/^subject //p; s/^record \([0-9a-f]*\) .*/\1/p' "$W/said"; sed -n 's/^withdraw //p' "$W/entry"; } | sort -u
	} | awk '{ printf "%s%s", (NR > 1 ? " " : ""), $0 } END { printf "\n" }' >>"$W/claims"
	printf 'In its log: record %s index %s of %s\n' "$id" "$index" "$size" >>"$W/told"
	[ ! -e "$W/seen_by" ] || awk '{ printf "  seen by witness %s at %s seconds since 1970 (UTC)\n", $2, $1 }' FS=' ' \
		<"$W/seen_by" >>"$W/told"
done <"$W/records"
[ "$records" -gt 0 ] || fails "there is no record in it"

# --- what belongs to the whole ---------------------------------------------------------
if [ $version -eq 2 ]; then
	sort "$W/claims" | awk -v count="$records" -F '[ ]' '
		BEGIN {
			last = 78 + 26 * (count - 1)
			printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1040\" height=\"%d\" viewBox=\"0 0 1040 %d\" font-family=\"monospace\" font-size=\"13\" fill=\"#1e1e1e\">\n", last + 30, last + 30
			printf "<rect width=\"1040\" height=\"%d\" fill=\"#ffffff\"/>\n", last + 30
			print "<text x=\"24\" y=\"28\" font-size=\"17\" font-weight=\"bold\">What was done, and when</text>"
			print "<text x=\"24\" y=\"50\">Each time is by the clock of whoever signed it.</text>"
			printf "<path d=\"M24 78 V%d\" stroke=\"#9a9996\" stroke-width=\"2\"/>\n", last
			n = split("testimony 1a5fb4 note 1a5fb4 revision 1a5fb4 derivative 1a5fb4 received 26a269 opened c64600 exported c64600 disclosed c64600 shared c64600 withdrawal a51d2d erased a51d2d key 5e5c64", w, " ")
			for (i = 1; i < n; i += 2) colour[w[i]] = w[i + 1]
		}
		{
			y = 78 + 26 * (NR - 1)
			printf "<circle cx=\"24\" cy=\"%d\" r=\"6\" fill=\"#%s\"/>\n", y, colour[$3]
			printf "<text x=\"44\" y=\"%d\">%s</text>\n", y + 5, ($1 == "-" ? "time not shown" : $1)
			printf "<text x=\"224\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y + 5, $3
			printf "<text x=\"324\" y=\"%d\">by %s: entry %s", y + 5, substr($4, 1, 16), substr($2, 1, 8)
			for (i = 5; i <= NF && i < 9; i++) printf "%s%s", (i == 5 ? " about " : " "), substr($i, 1, 8)
			print (NF > 8 ? " and more" : "") "</text>"
		}
		END { print "</svg>" }
	' | cmp -s - timeline.svg || fails "the timeline says something else than was signed" timeline.svg
fi
sort -u "$W/used" >"$W/made"
cut -c 1-64 "$W/keys" | cmp -s - "$W/made" || fails "$keys" allowed_signers
[ "${stranger:-no}" = no ] || fails "an author is not among the signers given"

echo "Unchanged: every file is as it was when the bag was made, and none was added."
cut -d ' ' -f 4 "$W/claims" | sort -u | sed 's/^/Signed by: author /'
echo "Records: $records, with $attachments attachments shown."
cat "$W/told"
echo "Lines shown: $shown. Lines that stay closed (decoys among them): $closed."
if [ $vouched = yes ]; then
	echo "VERDICT: holds; all authors are among the signers given"
else
	echo "VERDICT: holds, SELF-VOUCHED: whose keys these are is said by this bag alone"
fi
