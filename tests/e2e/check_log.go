// SPDX-License-Identifier: Apache-2.0

// check_log checks what petahour publishes with the packages of the Go project, which verify Go's own
// checksum database and share no code with us.
//
//	check_log note VERIFIER_KEY FILE                       a signed note; prints its text
//	check_log tiles VERIFIER_KEY FOLDER ENTRIES            the root and every tile of the log
//	check_log inclusion VERIFIER_KEY PROOF ENTRY           a tlog-proof of a record hash
//	check_log growth VERIFIER_KEY PROOF OLD_CHECKPOINT     a consistency proof
//	check_log cosigned VERIFIER_KEY FILE NAME PUBLIC_KEY   a checkpoint and the line of a witness
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	data, err := os.ReadFile(path)
	must(err)
	return data
}

func open(msg []byte, more ...note.Verifier) *note.Note {
	v, err := note.NewVerifier(os.Args[2])
	must(err)
	n, err := note.Open(msg, note.VerifierList(append(more, v)...))
	must(err)
	for _, s := range n.Sigs {
		if s.Name == v.Name() && s.Hash == v.KeyHash() {
			return n
		}
	}
	log.Fatal("not signed by the log")
	return nil
}

func treeOf(msg []byte) tlog.Tree {
	lines := strings.Split(open(msg).Text, "\n")
	if len(lines) != 4 {
		log.Fatalf("a checkpoint of %d lines", len(lines))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	root, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: root}
}

func entriesOf(path string) (entries [][]byte) {
	for _, line := range strings.Fields(string(read(path))) {
		entry, err := hex.DecodeString(line)
		must(err)
		entries = append(entries, entry)
	}
	return entries
}

// checkTiles builds the tree of the entries and compares its root with the signed one and every one of
// its tiles with the file, which is where C2SP tlog-tiles has it.
func checkTiles(dir, list string) {
	tree, entries := treeOf(read(filepath.Join(dir, "checkpoint"))), entriesOf(list)
	if int64(len(entries)) != tree.N {
		log.Fatalf("%d records, the checkpoint says %d", len(entries), tree.N)
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, reader)
		must(err)
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if root != tree.Hash {
		log.Fatal("the records have another root")
	}
	tiles := tlog.NewTiles(8, 0, tree.N)
	for i, t := range tiles {
		if i+1 < len(tiles) && tiles[i+1].L == t.L && tiles[i+1].N == t.N {
			continue // this one in the making at an earlier size
		}
		data, err := tlog.ReadTileData(t, reader)
		must(err)
		path := "tile/" + strings.TrimPrefix(t.Path(), "tile/8/")
		if !bytes.Equal(data, read(filepath.Join(dir, path))) {
			log.Fatalf("%s is another one", path)
		}
	}
	fmt.Printf("right: %d records\n", tree.N)
}

// proofOf splits a proof into the lines of its head and the note behind them.
func proofOf(path string) ([]string, []byte) {
	head, msg, found := bytes.Cut(read(path), []byte("\n\n"))
	if !found {
		log.Fatal("no proof")
	}
	return strings.Split(string(head), "\n"), msg
}

func hashesOf(lines []string) (hashes []tlog.Hash) {
	for _, line := range lines {
		h, err := tlog.ParseHash(line)
		must(err)
		hashes = append(hashes, h)
	}
	return hashes
}

func numberOf(line, word string) int64 {
	n, err := strconv.ParseInt(strings.TrimPrefix(line, word+" "), 10, 64)
	must(err)
	return n
}

func checkInclusion(path, entry string) {
	lines, msg := proofOf(path)
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		log.Fatal("no tlog-proof")
	}
	e, err := hex.DecodeString(entry)
	must(err)
	tree := treeOf(msg)
	must(tlog.CheckRecord(hashesOf(lines[2:]), tree.N, tree.Hash, numberOf(lines[1], "index"), tlog.RecordHash(e)))
	fmt.Println("right")
}

func checkGrowth(path, older string) {
	lines, msg := proofOf(path)
	old, tree := treeOf(read(older)), treeOf(msg)
	if numberOf(lines[0], "old") != old.N {
		log.Fatal("a proof for another checkpoint")
	}
	must(tlog.CheckTree(hashesOf(lines[1:]), tree.N, tree.Hash, old.N, old.Hash))
	fmt.Println("right")
}

// witness verifies lines of C2SP cosignature/v1, which this version of the packages does not know.
type witness struct {
	name string
	key  ed25519.PublicKey
}

func (w witness) Name() string { return w.name }

func (w witness) KeyHash() uint32 {
	h := sha256.Sum256(append([]byte(w.name+"\n\x04"), w.key...))
	return binary.BigEndian.Uint32(h[:4])
}

func (w witness) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	msg := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig[:8]), text)
	return ed25519.Verify(w.key, []byte(msg), sig[8:])
}

func checkCosigned(path, name, key string) {
	public, err := base64.StdEncoding.DecodeString(key)
	must(err)
	w := witness{name, public}
	for _, s := range open(read(path), w).Sigs {
		if s.Name == name && s.Hash == w.KeyHash() {
			fmt.Println("right")
			return
		}
	}
	log.Fatal("not signed by the witness")
}

func main() {
	log.SetFlags(0)
	words := map[string]int{"note": 1, "tiles": 2, "inclusion": 2, "growth": 2, "cosigned": 3}
	if len(os.Args) < 3 || len(os.Args) != 3+words[os.Args[1]] || words[os.Args[1]] == 0 {
		log.Fatal("usage: check_log note|tiles|inclusion|growth|cosigned VERIFIER_KEY FILE ...")
	}
	switch a := os.Args[3:]; os.Args[1] {
	case "note":
		fmt.Print(open(read(a[0])).Text)
	case "tiles":
		checkTiles(a[0], a[1])
	case "inclusion":
		checkInclusion(a[0], a[1])
	case "growth":
		checkGrowth(a[0], a[1])
	case "cosigned":
		checkCosigned(a[0], a[1], a[2])
	}
}
