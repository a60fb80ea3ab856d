#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the notary publishes and the auditor proves is checked with programs that are not ours:
openssl and coreutils (verify_proof.sh), and Go's packages for its own checksum database
(check_log.go).  Each also refuses what was changed.

usage: test_independent.py WRITE_JOURNAL FETCH_CONTRACTS PETAHOUR_NOTARY PETAHOUR_AUDIT
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import unittest

import skips
import verify_log
from notary_market import MARKET, Market, read, stop, write_key

HERE = os.path.dirname(os.path.abspath(__file__))
GO = shutil.which("go")
PACKAGES = "/usr/share/gocode"  # where Debian has the source
ORIGIN = MARKET + "/journal"
WITNESS = "auditor.example/w1"
# Of the specification, C2SP signed-note.
SPECIFIED = (
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
)


def verifier_key(name, key):
    return f"{name}+{verify_log.key_id(name, 1, key).hex()}+{base64.b64encode(bytes([1]) + key).decode()}"


class Independent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = Market(sys.argv[1:5], 10, log=True)
        cls.addClassCleanup(cls.m.close)
        notary = cls.m.start_notary()
        cls.m.write_rounds(20)
        cls.contract = cls.m.fetch(1, 1)[0]
        assert stop(notary) == 0
        cls.older = cls.file("older", read(f"{cls.m.log}/checkpoint"))
        notary = cls.m.start_notary()
        cls.m.write_rounds(300)
        assert stop(notary) == 0
        cls.m.close_journal()
        cls.entries = [e.hex() for e in verify_log.entries(cls.m.journal)]
        cls.key = bytes.fromhex(cls.m.key)
        assert len(cls.entries) > 1024
        cls.seqs = (1, 2, 255, 256, 257, 700, len(cls.entries) - 1, len(cls.entries))
        cls.build()

    @classmethod
    def build(cls):
        """The Go program, with Debian's source of the packages and no network."""
        cls.check_log = f"{cls.m.run}/check_log"
        environment = dict(os.environ, GO111MODULE="off", GOPATH=PACKAGES, GOPROXY="off", GOFLAGS="")
        environment.update(GOCACHE=f"{cls.m.run}/gocache", HOME=cls.m.run)
        subprocess.run([GO, "build", "-o", cls.check_log, f"{HERE}/check_log.go"], env=environment, check=True)

    @classmethod
    def file(cls, name, content):
        path = f"{cls.m.run}/{name}"
        with open(path, "w" if isinstance(content, str) else "wb") as f:
            f.write(content)
        return path

    def prove(self, *words):
        done = self.m.audit("prove", *words, "--log", self.m.log, "--key", self.m.key)
        self.assertEqual(done.returncode, 0, done)
        return self.file("proof", done.stdout)

    def ended(self, *words):
        return subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)

    def go(self, what, *words, name=ORIGIN):
        return self.ended(self.check_log, what, verifier_key(name, self.key), *words)

    def right(self, done):
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("right", done.stdout)

    def wrong(self, done, status, said):
        self.assertEqual(done.returncode, status, done)
        self.assertIn(said, done.stderr)

    # ---- openssl and coreutils -----------------------------------------------------------------

    def shell(self, proof, key, entry):
        return self.ended("bash", f"{HERE}/verify_proof.sh", proof, key, entry)

    def test_inclusion_by_openssl_and_coreutils(self):
        for seq in self.seqs:
            proof = self.prove("inclusion", str(seq))
            self.right(self.shell(proof, self.m.key, self.entries[seq - 1]))
            self.wrong(self.shell(proof, self.m.key, self.entries[seq % len(self.entries)]), 8, "does not lead")

    def test_changes_are_refused_by_openssl_and_coreutils(self):
        proof, entry = self.prove("inclusion", "300"), self.entries[299]
        text = read(proof).decode()
        lines = text.split("\n")
        size = next(i for i, line in enumerate(lines) if line == ORIGIN) + 1
        for at, line, said in (
            (1, "index 301", "does not lead"),
            (2, lines[3], "does not lead"),
            (size, str(int(lines[size]) - 1), "signature does not hold"),
            (size + 1, base64.b64encode(b"r" * 32).decode(), "signature does not hold"),
        ):
            changed = self.file("changed", "\n".join(lines[:at] + [line] + lines[at + 1 :]))
            self.wrong(self.shell(changed, self.m.key, entry), 8, said)
        self.wrong(self.shell(proof, "66" * 32, entry), 8, "signed by another key")
        shorter = self.file("changed", "\n".join(lines[:2] + lines[3:]))
        self.wrong(self.shell(shorter, self.m.key, entry), 8, "path")

    # ---- Go ------------------------------------------------------------------------------------

    def test_the_vector_of_the_specification(self):
        """The program itself is right: it opens the note that everybody opens."""
        key, text, signature = SPECIFIED
        good = self.file("note", f"{text}\n\u2014 PeterNeumann {signature}\n")
        done = self.ended(self.check_log, "note", key, good)
        self.assertEqual((done.returncode, done.stdout), (0, text), done)
        bad = self.file("note", f"{text.replace('answer', 'Answer')}\n\u2014 PeterNeumann {signature}\n")
        self.wrong(self.ended(self.check_log, "note", key, bad), 1, "invalid signature")

    def test_every_tile_by_go(self):
        entries = self.file("entries", "\n".join(self.entries))
        self.right(self.go("tiles", self.m.log, entries))
        other = self.file("others", "\n".join([*self.entries[:700], "00" * 32, *self.entries[701:]]))
        self.wrong(self.go("tiles", self.m.log, other), 1, "the records have another root")
        folder = f"{self.m.run}/copy"
        shutil.copytree(self.m.log, folder)
        tile = bytearray(read(f"{folder}/tile/0/001"))
        tile[40] ^= 1
        self.file("copy/tile/0/001", bytes(tile))
        self.wrong(self.go("tiles", folder, entries), 1, "tile/0/001 is another one")

    def test_inclusion_by_go(self):
        for seq in self.seqs:
            proof = self.prove("inclusion", str(seq))
            self.right(self.go("inclusion", proof, self.entries[seq - 1]))
            self.wrong(self.go("inclusion", proof, self.entries[seq - 2]), 1, "invalid transparency proof")

    def test_growth_by_go(self):
        proof = self.prove("consistency", self.older)
        self.right(self.go("growth", proof, self.older))
        lines = read(proof).decode().split("\n")
        changed = self.file("changed", "\n".join([lines[0], lines[2], lines[1], *lines[3:]]))
        self.wrong(self.go("growth", changed, self.older), 1, "invalid transparency proof")

    def test_a_cosigned_checkpoint_by_go(self):
        key = write_key(f"{self.m.run}/witness.key", b"\7" * 32, WITNESS)
        done = self.m.audit(
            "witness", "--log", self.m.log, "--state", f"{self.m.run}/state", "--key", self.m.key,
            "--witness-key", f"{self.m.run}/witness.key", "--at", "1700000000",
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done)
        public = base64.b64encode(bytes.fromhex(key)).decode()
        self.right(self.go("cosigned", self.file("cosigned", done.stdout), WITNESS, public))
        note = read(f"{self.m.log}/checkpoint").decode()
        self.wrong(self.go("cosigned", self.file("cosigned", note), WITNESS, public), 1, "not signed by the witness")

    def test_the_root_of_a_contract_by_go(self):
        with open(self.contract, encoding="utf-8") as f:
            root = json.load(f)["signed_root"]
        done = self.go("note", self.file("root", root), name=MARKET)
        self.assertEqual(done.returncode, 0, done)
        self.assertTrue(done.stdout.startswith(f"{MARKET}/contracts/"), done)


if __name__ == "__main__":
    if GO is None or not os.path.isdir(f"{PACKAGES}/src/golang.org/x/mod/sumdb"):
        skips.without_all("go", "golang-go and golang-golang-x-mod-dev are not installed (./dev installs them)")
    skips.main(sys.argv[:1] + sys.argv[5:])
