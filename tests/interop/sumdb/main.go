// sumdb holds Evident's logs against golang.org/x/mod/sumdb, the code that Go
// checks its own module log with: whatever verifier of signed notes and tiled
// logs a stranger has, it is likely to agree with this one.
//
//	sumdb notes DIR     every note opens with the key in DIR/key
//	sumdb records DIR   every inclusion proof holds (tlog.CheckRecord)
//	sumdb trees DIR     every consistency proof holds (tlog.CheckTree)
//	sumdb rebuilt DIR   roots and proofs are those that tlog makes of entries
//	sumdb tampered DIR  none of these holds any more when it is changed
//	sumdb make DIR      a log of tlog's own, for Evident to check
//
// Each prints how many it looked at and exits 0, or names the first that is
// wrong and exits 1. DIR has the verifier key in "key", leaves in
// "entry-INDEX", proof files (FORMAT.md, 8) in "proof-SIZE-INDEX", checkpoints
// in "checkpoint-SIZE", and in "consistency-OLD-NEW" hashes in base64, a line
// each. The other side is sumdb_driver.c.
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	proofHead = "c2sp.org/tlog-proof@v1\n"
	madeSize  = 33 // entries of the log that make makes
)

var (
	directory string
	verifiers note.Verifiers
	origin    string // the verifier's name
)

// A proof file, taken apart.
type proof struct {
	index  int64
	hashes tlog.RecordProof
	note   []byte
}

// What the three lines of a checkpoint say.
type checkpoint struct {
	size int64
	root tlog.Hash
}

func read(name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(directory, name))
}

// each calls do with every file whose name begins so, and the numbers in it, of
// which there must be count; it answers how many files there were.
func each(prefix string, count int, do func(name string, n []int64) error) (int, error) {
	names, err := filepath.Glob(filepath.Join(directory, prefix+"-*"))
	if err != nil {
		return 0, err
	}
	for _, path := range names {
		name := filepath.Base(path)
		parts := strings.Split(name, "-")[1:]
		numbers := make([]int64, len(parts))
		for i := range parts {
			if numbers[i], err = strconv.ParseInt(parts[i], 10, 64); err != nil {
				return 0, err
			}
		}
		if len(parts) != count {
			return 0, fmt.Errorf("%s is no name here", name)
		}
		if err := do(name, numbers); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
	}
	return len(names), nil
}

func parseHash(line string) (tlog.Hash, error) {
	bytes, err := base64.StdEncoding.Strict().DecodeString(line)
	if err != nil || len(bytes) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("not a hash: %q", line)
	}
	return *(*tlog.Hash)(bytes), nil
}

func parseHashes(text string) ([]tlog.Hash, error) {
	hashes := []tlog.Hash{}
	for _, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			continue
		}
		hash, err := parseHash(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func parseProof(text []byte) (*proof, error) {
	head, rest, ok := strings.Cut(string(text), "\n\n")
	if !ok || !strings.HasPrefix(head, proofHead+"index ") {
		return nil, errors.New("not a proof file")
	}
	lines := strings.SplitN(strings.TrimPrefix(head, proofHead+"index "), "\n", 2)
	index, err := strconv.ParseInt(lines[0], 10, 64)
	if err != nil {
		return nil, err
	}
	parsed := &proof{index: index, note: []byte(rest)}
	if len(lines) == 2 {
		parsed.hashes, err = parseHashes(lines[1] + "\n")
	}
	return parsed, err
}

// openNote is what a stranger does: the signature first, then the text.
func openNote(message []byte) (*checkpoint, error) {
	opened, err := note.Open(message, verifiers)
	if err != nil {
		return nil, err
	}
	if len(opened.Sigs) != 1 || opened.Sigs[0].Name != origin {
		return nil, errors.New("not signed by this author once")
	}
	for _, other := range opened.UnverifiedSigs {
		if !strings.HasPrefix(other.Name, "evident/witness/") {
			return nil, fmt.Errorf("signed by %q", other.Name)
		}
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return nil, errors.New("not three lines of this origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil, err
	}
	root, err := parseHash(lines[2])
	return &checkpoint{size, root}, err
}

func load(name string) (*proof, *checkpoint, error) {
	text, err := read(name)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := parseProof(text)
	if err != nil {
		return nil, nil, err
	}
	signed, err := openNote(parsed.note)
	return parsed, signed, err
}

func loadCheckpoint(size int64) (*checkpoint, error) {
	text, err := read(fmt.Sprintf("checkpoint-%d", size))
	if err != nil {
		return nil, err
	}
	signed, err := openNote(text)
	if err == nil && signed.size != size {
		err = fmt.Errorf("a checkpoint of size %d", signed.size)
	}
	return signed, err
}

func loadTree(name string, n []int64) (tlog.TreeProof, *checkpoint, *checkpoint, error) {
	text, err := read(name)
	if err != nil {
		return nil, nil, nil, err
	}
	hashes, err := parseHashes(string(text))
	if err != nil {
		return nil, nil, nil, err
	}
	before, err := loadCheckpoint(n[0])
	if err != nil {
		return nil, nil, nil, err
	}
	after, err := loadCheckpoint(n[1])
	return hashes, before, after, err
}

func leafOf(index int64) (tlog.Hash, error) {
	entry, err := read(fmt.Sprintf("entry-%d", index))
	return tlog.RecordHash(entry), err
}

func notes() (int, error) {
	count, err := each("checkpoint", 1, func(name string, n []int64) error {
		_, err := loadCheckpoint(n[0])
		return err
	})
	if err != nil {
		return 0, err
	}
	more, err := each("proof", 2, func(name string, n []int64) error {
		parsed, signed, err := load(name)
		if err == nil && (signed.size != n[0] || parsed.index != n[1]) {
			err = errors.New("it is of another size or index")
		}
		return err
	})
	return count + more, err
}

func records() (int, error) {
	return each("proof", 2, func(name string, n []int64) error {
		parsed, signed, err := load(name)
		if err != nil {
			return err
		}
		leaf, err := leafOf(parsed.index)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(parsed.hashes, signed.size, signed.root, parsed.index, leaf)
	})
}

func trees() (int, error) {
	return each("consistency", 2, func(name string, n []int64) error {
		hashes, before, after, err := loadTree(name, n)
		if err != nil {
			return err
		}
		return tlog.CheckTree(hashes, after.size, after.root, before.size, before.root)
	})
}

// The log as tlog stores it, of entries from 0 up to the first that is missing.
type stored struct {
	size   int64
	hashes []tlog.Hash
}

func (s *stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s.hashes)) {
			return nil, errors.New("beyond the log")
		}
		list[i] = s.hashes[index]
	}
	return list, nil
}

func (s *stored) add(entry []byte) error {
	hashes, err := tlog.StoredHashes(s.size, entry, s)
	s.hashes = append(s.hashes, hashes...)
	s.size++
	return err
}

func same(a, b []tlog.Hash) error {
	if fmt.Sprint(a) != fmt.Sprint(b) {
		return errors.New("tlog makes another")
	}
	return nil
}

func rebuilt() (int, error) {
	log := &stored{}
	for {
		entry, err := read(fmt.Sprintf("entry-%d", log.size))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		if err == nil {
			err = log.add(entry)
		}
		if err != nil {
			return 0, err
		}
	}
	count := 0
	_, err := each("proof", 2, func(name string, n []int64) error {
		if n[0] > log.size {
			return nil
		}
		count++
		parsed, signed, err := load(name)
		if err != nil {
			return err
		}
		root, err := tlog.TreeHash(n[0], log)
		if err != nil || root != signed.root {
			return errors.New("tlog makes another root")
		}
		own, err := tlog.ProveRecord(n[0], n[1], log)
		if err != nil {
			return err
		}
		return same(parsed.hashes, own)
	})
	if err != nil {
		return 0, err
	}
	_, err = each("consistency", 2, func(name string, n []int64) error {
		if n[1] > log.size {
			return nil
		}
		count++
		hashes, _, _, err := loadTree(name, n)
		if err != nil {
			return err
		}
		own, err := tlog.ProveTree(n[1], n[0], log)
		if err != nil {
			return err
		}
		return same(hashes, own)
	})
	return count, err
}

// changed makes every list of hashes that differs from this one in one thing.
func changed(hashes []tlog.Hash) [][]tlog.Hash {
	lists := [][]tlog.Hash{}
	for i := range hashes {
		other := append([]tlog.Hash{}, hashes...)
		other[i][i%tlog.HashSize] ^= 1 << (i % 8)
		lists = append(lists, other)
		lists = append(lists, append(append([]tlog.Hash{}, hashes[:i]...), hashes[i+1:]...))
		lists = append(lists, append(append([]tlog.Hash{}, hashes[:i+1]...), hashes[i:]...))
	}
	return append(lists, append(append([]tlog.Hash{}, hashes...), tlog.Hash{}))
}

func flipped(hash tlog.Hash) tlog.Hash {
	hash[17] ^= 4
	return hash
}

// doubtNote changes the size, the root, the origin and the signature.
func doubtNote(message []byte, size int64) (int, error) {
	lines := strings.Split(string(message), "\n")
	count := 0
	for i, line := range []string{0: origin + "0", 1: fmt.Sprint(size + 1),
		2: base64.StdEncoding.EncodeToString(make([]byte, tlog.HashSize))} {
		other := append([]string{}, lines...)
		other[i] = line
		if _, err := openNote([]byte(strings.Join(other, "\n"))); err == nil {
			return 0, fmt.Errorf("it opens with line %d changed", i+1)
		}
		count++
	}
	// A digit near the end of the author's line is one of the signature.
	at := strings.Index(string(message), "\u2014 "+origin+" ")
	at += strings.IndexByte(string(message[at:]), '\n') - 8
	other := append([]byte{}, message...)
	if other[at] == 'A' {
		other[at] = 'B'
	} else {
		other[at] = 'A'
	}
	if _, err := openNote(other); err == nil {
		return 0, errors.New("it opens with another signature")
	}
	return count + 1, nil
}

func doubtRecord(parsed *proof, signed *checkpoint, leaf tlog.Hash) (int, error) {
	count := 0
	holds := func(hashes []tlog.Hash, root tlog.Hash, index int64, leaf tlog.Hash) bool {
		count++
		return tlog.CheckRecord(hashes, signed.size, root, index, leaf) == nil
	}
	for _, other := range changed(parsed.hashes) {
		if holds(other, signed.root, parsed.index, leaf) {
			return 0, errors.New("it holds with other hashes")
		}
	}
	for index := int64(0); index < signed.size && index < 64; index++ {
		if index != parsed.index && holds(parsed.hashes, signed.root, index, leaf) {
			return 0, errors.New("it holds at another index")
		}
	}
	if holds(parsed.hashes, flipped(signed.root), parsed.index, leaf) ||
		holds(parsed.hashes, signed.root, parsed.index, flipped(leaf)) {
		return 0, errors.New("it holds for another root or leaf")
	}
	return count, nil
}

func doubtTree(hashes tlog.TreeProof, before, after *checkpoint) (int, error) {
	count := 0
	holds := func(hashes []tlog.Hash, before, after tlog.Hash, t, n int64) bool {
		count++
		return tlog.CheckTree(hashes, t, after, n, before) == nil
	}
	for _, other := range changed(hashes) {
		if holds(other, before.root, after.root, after.size, before.size) {
			return 0, errors.New("it holds with other hashes")
		}
	}
	if holds(hashes, flipped(before.root), after.root, after.size, before.size) ||
		holds(hashes, before.root, flipped(after.root), after.size, before.size) {
		return 0, errors.New("it holds for another root")
	}
	return count, nil
}

func tampered() (int, error) {
	total := 0
	_, err := each("proof", 2, func(name string, n []int64) error {
		parsed, signed, err := load(name)
		if err != nil {
			return err
		}
		leaf, err := leafOf(parsed.index)
		if err != nil {
			return err
		}
		count, err := doubtRecord(parsed, signed, leaf)
		if err != nil {
			return err
		}
		more, err := doubtNote(parsed.note, signed.size)
		total += count + more
		return err
	})
	if err != nil {
		return 0, err
	}
	_, err = each("consistency", 2, func(name string, n []int64) error {
		hashes, before, after, err := loadTree(name, n)
		if err != nil {
			return err
		}
		count, err := doubtTree(hashes, before, after)
		total += count
		return err
	})
	return total, err
}

func write(name, text string) error {
	return os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600)
}

func format(hashes []tlog.Hash) string {
	text := ""
	for _, hash := range hashes {
		text += hash.String() + "\n"
	}
	return text
}

// makeSize writes what is known of the log when it has log.size entries.
func makeSize(log *stored, signer note.Signer) error {
	root, err := tlog.TreeHash(log.size, log)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf(
		"%s\n%d\n%s\n", signer.Name(), log.size, root)}, signer)
	if err != nil {
		return err
	}
	if err := write(fmt.Sprintf("checkpoint-%d", log.size), string(signed)); err != nil {
		return err
	}
	for i := int64(0); i < log.size; i++ {
		hashes, err := tlog.ProveRecord(log.size, i, log)
		if err != nil {
			return err
		}
		if err := write(fmt.Sprintf("proof-%d-%d", log.size, i), fmt.Sprintf(
			"%sindex %d\n%s\n%s", proofHead, i, format(hashes), signed)); err != nil {
			return err
		}
		older, err := tlog.ProveTree(log.size, i+1, log)
		if err != nil {
			return err
		}
		if err := write(fmt.Sprintf("consistency-%d-%d", i+1, log.size),
			format(older)); err != nil {
			return err
		}
	}
	return nil
}

func makeLog() (int, error) {
	var names [64]byte
	if _, err := rand.Read(names[:]); err != nil {
		return 0, err
	}
	name := "evident/log/" + hex.EncodeToString(names[:32]) + "/" + hex.EncodeToString(names[32:])
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return 0, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return 0, err
	}
	if err := write("key", public+"\n"); err != nil {
		return 0, err
	}
	log := &stored{}
	for i := 0; i < madeSize; i++ {
		entry := fmt.Sprintf("entry %d of tlog's\n", i)
		if err := write(fmt.Sprintf("entry-%d", i), entry); err != nil {
			return 0, err
		}
		if err := log.add([]byte(entry)); err != nil {
			return 0, err
		}
		if err := makeSize(log, signer); err != nil {
			return 0, err
		}
	}
	return madeSize * (madeSize + 1) / 2, nil
}

func takeKey() error {
	text, err := read("key")
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return err
	}
	verifiers = note.VerifierList(verifier)
	origin = verifier.Name()
	return nil
}

func main() {
	acts := map[string]func() (int, error){"notes": notes, "records": records,
		"trees": trees, "rebuilt": rebuilt, "tampered": tampered, "make": makeLog}
	if len(os.Args) != 3 || acts[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: sumdb notes|records|trees|rebuilt|tampered|make DIR")
		os.Exit(2)
	}
	directory = os.Args[2]
	var err error
	if os.Args[1] != "make" {
		err = takeKey()
	}
	count := 0
	if err == nil {
		count, err = acts[os.Args[1]]()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(count)
}
