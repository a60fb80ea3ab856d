#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The transparency log: what the notary publishes, checked with nothing of ours but the pages that
specify it, and what notary, auditor and witness say of a log that is not right.

usage: test_log.py WRITE_JOURNAL FETCH_CONTRACTS PETAHOUR_NOTARY PETAHOUR_AUDIT
"""

import base64
import json
import os
import select
import shutil
import signal
import sys
import time
import unittest

import nacl.signing

import verify_log
from notary_market import MARKET, PATIENCE, Market, read, stop, write_key

PROGRAMS = sys.argv[1:5]


def size_of(folder):
    if not os.path.exists(f"{folder}/checkpoint"):
        return 0
    return int(read(f"{folder}/checkpoint").split(b"\n")[1])


def wait_for(folder, size):
    """Until the log has published so many records."""
    end = time.monotonic() + PATIENCE
    while size_of(folder) < size:
        assert time.monotonic() < end, f"{size_of(folder)} of {size} records are published"
        select.select([], [], [], 0.01)


class Published(unittest.TestCase):
    def setUp(self):
        self.m = Market(PROGRAMS, 10, log=True)
        self.addCleanup(self.m.close)

    def records(self):
        return len(verify_log.entries(self.m.journal))

    def verify(self):
        return verify_log.verify(self.m.log, self.m.journal, bytes.fromhex(self.m.key), MARKET)

    def test_the_log_is_the_journal(self):
        notary = self.m.start_notary()
        wait_for(self.m.log, self.records())
        size, root, leaves = self.verify()
        self.assertEqual(size, self.records())
        for index in range(size):
            proof = verify_log.inclusion_proof(leaves, index)
            self.assertTrue(verify_log.check_inclusion(leaves[index], index, size, proof, root))
        self.assertEqual(stop(notary), 0)

    def test_the_log_grows_through_many_tiles(self):
        notary = self.m.start_notary()
        wait_for(self.m.log, self.records())
        first = self.verify()
        self.m.write_rounds(300)
        wait_for(self.m.log, self.records())
        self.assertEqual(stop(notary), 0)
        size, root, leaves = self.verify()
        self.assertGreater(size, 1000)
        self.assertEqual(size, self.records())
        self.assertEqual(leaves[: first[0]], first[2])
        self.assertEqual(verify_log.root_of(leaves[: first[0]]), first[1])
        self.assertNotEqual(root, first[1])
        left = [name for _, _, names in os.walk(self.m.log) for name in names if name.endswith(".new")]
        self.assertEqual(left, [])
        self.assertFalse(os.path.exists(f"{self.m.log}/tile/0/000.p"))

    def test_what_is_durable_when_the_notary_is_stopped_is_published(self):
        """Also what was written while it could not look."""
        notary = self.m.start_notary()
        wait_for(self.m.log, self.records())
        notary.send_signal(signal.SIGSTOP)
        self.m.write_rounds(30)
        notary.send_signal(signal.SIGTERM)
        notary.send_signal(signal.SIGCONT)
        self.assertEqual(notary.wait(PATIENCE), 0)
        self.assertEqual(self.verify()[0], self.records())

    def test_a_killed_notary_goes_on(self):
        for _ in range(4):
            notary = self.m.start_notary()
            self.m.write_rounds(20)
            notary.kill()
            notary.wait()
        notary = self.m.start_notary()
        self.assertEqual(stop(notary), 0)
        self.assertEqual(self.verify()[0], self.records())

    def test_wrong_tiles_are_made_again(self):
        self.m.write_rounds(300)
        self.assertEqual(stop(self.m.start_notary()), 0)
        size, _, _ = self.verify()
        edge = f"{self.m.log}/{verify_log.tile_path(0, size // 256, size % 256)}"
        for damage in ("flip", "cut", "missing", "all"):
            data = bytearray(read(edge))
            if damage == "flip":
                data[40] ^= 4
            elif damage == "cut":
                data = data[:-1]
            with open(edge, "wb") as f:
                f.write(data)
            if damage == "missing":
                os.unlink(edge)
            if damage == "all":
                shutil.rmtree(f"{self.m.log}/tile")
            notary = self.m.start_notary()
            self.assertEqual(stop(notary), 0)
            self.assertIn(b"made again from the journal", notary.stderr.read())
            self.assertEqual(self.verify()[0], size)

    def test_another_journal_is_refused(self):
        """The same market, opened with the same key, but with another history."""
        self.m.write_rounds(300)
        self.assertEqual(stop(self.m.start_notary()), 0)
        other = Market(PROGRAMS, 10)
        self.addCleanup(other.close)
        other.write_rounds(40)
        self.m.close_journal()
        journal, self.m.journal = self.m.journal, other.journal
        self.m.configure()
        spool, before = f"{self.m.run}/notary.spool", read(f"{self.m.log}/checkpoint")
        os.unlink(spool)
        self.assertIn("its end was lost", self.m.refused_notary())
        self.assertNotIn(b"PHCTRACT", read(spool))  # refused before any contract was signed
        self.assertEqual(read(f"{self.m.log}/checkpoint"), before)
        self.m.journal = journal
        self.m.configure()
        self.assertEqual(stop(self.m.start_notary()), 0)

    def test_foreign_checkpoints_are_refused(self):
        self.assertEqual(stop(self.m.start_notary()), 0)
        path = f"{self.m.log}/checkpoint"
        good = read(path)
        for bad, said in (
            (good.replace(b"market.example/journal\n", b"market.exampel/journal\n", 1), "not signed by"),
            (good[:-9] + b"AAAAAAA=\n", "not signed by"),
            (good[:-1], "is not a signed checkpoint"),
            (b"", "is not a signed checkpoint"),
        ):
            with open(path, "wb") as f:
                f.write(bad)
            self.assertIn(said, self.m.refused_notary())
        with open(path, "wb") as f:
            f.write(good)
        self.assertEqual(stop(self.m.start_notary()), 0)

    def test_two_notaries_do_not_share_a_log(self):
        self.m.start_notary()
        spool = f"{self.m.run}/petahour.ini"
        text = read(spool).replace(b"notary.spool", b"other.spool")
        with open(spool, "wb") as f:
            f.write(text)
        self.assertIn("another process has it", self.m.refused_notary())


SEED, WITNESS_SEED = b"\5" * 32, b"\7" * 32


def write_log(folder, leaves, seed=SEED, origin=MARKET + "/journal"):
    """A log folder as anybody with a key could write it; returns its checkpoint."""
    hashes, level, root = leaves, 0, verify_log.root_of(leaves)
    shutil.rmtree(folder, ignore_errors=True)
    while hashes:
        for at in range(0, len(hashes), 256):
            tile = hashes[at : at + 256]
            path = f"{folder}/{verify_log.tile_path(level, at // 256, len(tile))}"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(b"".join(tile))
        hashes = [verify_log.root_of(hashes[i : i + 256]) for i in range(0, len(hashes) // 256 * 256, 256)]
        level += 1
    text = f"{origin}\n{len(leaves)}\n{base64.b64encode(root).decode()}\n".encode()
    key = nacl.signing.SigningKey(seed)
    blob = verify_log.key_id(origin, 1, key.verify_key.encode()) + key.sign(text).signature
    note = text + f"\n\u2014 {origin} {base64.b64encode(blob).decode()}\n".encode()
    with open(f"{folder}/checkpoint", "wb") as f:
        f.write(note)
    return note


def flip(path, at):
    data = bytearray(read(path))
    data[at] ^= 1
    with open(path, "wb") as f:
        f.write(data)


class Audit(unittest.TestCase):
    """One market of more than one full tile; tests change copies of its log."""

    @classmethod
    def setUpClass(cls):
        cls.m = Market(PROGRAMS, 10, log=True)
        cls.addClassCleanup(cls.m.close)
        notary = cls.m.start_notary()
        wait_for(cls.m.log, 1)
        cls.m.write_rounds(400)
        wait_for(cls.m.log, len(verify_log.entries(cls.m.journal)))
        assert stop(notary) == 0
        cls.m.close_journal()
        key = bytes.fromhex(cls.m.key)
        cls.size, cls.root, cls.leaves = verify_log.verify(cls.m.log, cls.m.journal, key, MARKET)
        cls.entries = verify_log.entries(cls.m.journal)
        assert cls.size > 1024
        cls.witness_key = bytes.fromhex(write_key(f"{cls.m.run}/witness.key", WITNESS_SEED, "auditor.example/w1"))

    def setUp(self):
        self.log, self.state = f"{self.m.run}/copy", f"{self.m.run}/state"
        shutil.rmtree(self.log, ignore_errors=True)
        shutil.copytree(self.m.log, self.log)
        for path in (self.state, f"{self.state}.fork"):
            if os.path.exists(path):
                os.unlink(path)

    def check(self, status, said, *args):
        ended = self.m.audit(*args)
        self.assertEqual(ended.returncode, status, ended)
        self.assertIn(said, ended.stdout + ended.stderr)
        return ended

    def prove(self, status, said, *args):
        return self.check(status, said, "prove", *args, "--log", self.log, "--key", self.m.key)

    def verify(self, status, said):
        return self.check(status, said, "verify", self.m.journal, "--log", self.log)

    def witness(self, status, said, at=1700000000, log=None):
        return self.check(
            status, said, "witness", "--log", log or self.log, "--state", self.state, "--key", self.m.key,
            "--witness-key", f"{self.m.run}/witness.key", "--at", str(at),
        )  # fmt: skip

    def file(self, name, text):
        path = f"{self.m.run}/{name}"
        with open(path, "w" if isinstance(text, str) else "wb") as f:
            f.write(text)
        return path

    def older(self, size):
        """The file of the checkpoint that the log had with so many records."""
        return self.file(f"older-{size}", write_log(f"{self.m.run}/older", self.leaves[:size]))

    def forked(self, size, at):
        """A log that has another record at `at`."""
        leaves = list(self.leaves[:size])
        leaves[at - 1] = verify_log.leaf(b"another record")
        folder = f"{self.m.run}/forked"
        write_log(folder, leaves)
        return folder

    def test_inclusion_verifies_without_our_code(self):
        for seq in (1, 2, 255, 256, 257, 512, 513, 1000, self.size - 1, self.size):
            out = self.prove(0, "tlog-proof@v1", "inclusion", str(seq)).stdout
            head, _, note = out.partition("\n\n")
            lines = head.split("\n")
            self.assertEqual(lines[:2], ["c2sp.org/tlog-proof@v1", f"index {seq - 1}"])
            proof = [base64.b64decode(line) for line in lines[2:]]
            _, size, root = verify_log.open_checkpoint(note.encode(), bytes.fromhex(self.m.key), MARKET)
            leaf = verify_log.leaf(self.entries[seq - 1])
            self.assertTrue(verify_log.check_inclusion(leaf, seq - 1, size, proof, root))
            path = self.file("proof", out)
            check = ("prove", "check", path, "--journal", self.m.journal)
            self.check(0, f"right: record {seq} is in the log", *check)
            entry = self.entries[seq - 1].hex()
            self.check(0, "right", "prove", "check", path, "--key", self.m.key, "--entry", entry)
            other = self.entries[seq % self.size].hex()
            self.check(8, "does not lead", "prove", "check", path, "--key", self.m.key, "--entry", other)

    def test_consistency_verifies_without_our_code(self):
        for old in (1, 2, 3, 255, 256, 257, 512, 700, self.size - 1, self.size):
            out = self.prove(0, f"old {old}\n", "consistency", str(old)).stdout
            head, _, note = out.partition("\n\n") if old != self.size else (f"old {old}", "", out.split("\n", 2)[2])
            proof = [base64.b64decode(line) for line in head.split("\n")[1:]]
            _, new, root = verify_log.open_checkpoint(note.encode(), bytes.fromhex(self.m.key), MARKET)
            old_root = verify_log.root_of(self.leaves[:old])
            self.assertTrue(verify_log.check_consistency(old, old_root, new, root, proof))
            path, older = self.file("proof", out), self.older(old)
            self.check(0, f"begins with that of {old}", "prove", "check", path, older, "--key", self.m.key)

    def test_consistency_of_two_kept_checkpoints(self):
        a, b = self.older(300), self.older(800)
        out = self.prove(0, "old 300\n", "consistency", a, b).stdout
        self.check(0, "begins with that of 300", "prove", "check", self.file("proof", out), a, "--key", self.m.key)
        self.prove(2, "larger than the new", "consistency", b, a)
        self.prove(4, "no signed checkpoint of 800", "consistency", "300", "800")
        self.prove(4, "fewer than 99999", "consistency", "99999")
        fork = f"{self.forked(700, 650)}/checkpoint"
        out = self.prove(16, "FORK", "consistency", fork).stdout
        self.assertIn(read(fork).decode(), out)
        self.assertIn(read(f"{self.log}/checkpoint").decode(), out)

    def test_proofs_that_do_not_hold(self):
        good = self.prove(0, "", "inclusion", "300").stdout
        entry = ("--key", self.m.key, "--entry", self.entries[299].hex())
        lines = good.split("\n")
        for bad, said in (
            (good.replace("index 299", "index 298"), "does not lead"),
            (good.replace("index 299", "index 0299"), "its number is not one"),
            (good.replace("@v1", "@v2"), "begins neither like"),
            ("\n".join(lines[:2] + lines[3:]), "does not lead"),
            ("\n".join([*lines[:3], lines[2], *lines[3:]]), "does not lead"),
            ("\n".join([*lines[:2], "AAAA", *lines[2:]]), "not a hash"),
            (good[: good.index("\n\n") + 2], "ends before its checkpoint"),
            (good.replace(f"\n{self.size}\n", f"\n{self.size + 1}\n"), "does not hold"),
            ("", "begins neither like"),
            (good.replace("index 299", f"index {self.size}"), "behind the last"),
            (good.replace("index 299", f"index {2**64 - 1}"), "behind the last"),
        ):
            self.check(8, said, "prove", "check", self.file("proof", bad), *entry)
            self.check(8, said, "prove", "check", f"{self.m.run}/proof", "--journal", self.m.journal)
        old = self.older(301)
        self.check(2, "needs no old checkpoint", "prove", "check", self.file("proof", good), old, *entry)
        key = ("--key", "ab" * 32, "--entry", self.entries[299].hex())
        self.check(8, "not signed by this key", "prove", "check", self.file("proof", good), *key)
        growth = self.prove(0, "", "consistency", "300").stdout
        check = ("prove", "check", self.file("proof", growth))
        self.check(8, "from another checkpoint", *check, self.older(301), "--key", self.m.key)
        fork = f"{self.forked(300, 7)}/checkpoint"
        self.check(8, "does not lead from the old root", *check, fork, "--key", self.m.key)
        self.check(2, "file of the old checkpoint", *check, "--key", self.m.key)
        self.check(2, "--entry is for a proof of inclusion", *check, self.older(300), *entry)

    def test_verify_with_the_log(self):
        self.verify(0, "every record of the log is that of the journal")
        j = json.loads(self.check(0, "{", "verify", "--json", self.m.journal, "--log", self.log).stdout)
        self.assertEqual((j["log_records"], j["log_root"]), (self.size, self.root.hex()))

    def test_every_damage_of_a_tile_is_named(self):
        edge = verify_log.tile_path(0, self.size // 256, self.size % 256)
        top = verify_log.tile_path(1, 0, self.size // 256)
        for path, said in (
            ("tile/0/000", "tile \"tile/0/000\" is not the one"),
            ("tile/0/002", "tile \"tile/0/002\" is not the one"),
            (edge, "the newest tiles"),
            (top, "the newest tiles"),
        ):
            good = read(f"{self.log}/{path}")
            for at in (0, 33, len(good) - 1):
                flip(f"{self.log}/{path}", at)
                self.assertIn(said, self.verify(8, said).stderr)
                flip(f"{self.log}/{path}", at)
            self.file(f"copy/{path}", good[:-1])
            self.assertIn(f"has {len(good) - 1} bytes instead of {len(good)}", self.verify(8, path).stderr)
            self.file(f"copy/{path}", good + b"x")
            self.verify(8, path)
            os.unlink(f"{self.log}/{path}")
            self.verify(8, f'tile "{path}" is missing')
            self.assertIn("its log can be made again", self.verify(8, path).stderr)
            self.file(f"copy/{path}", good)
        self.verify(0, "right")
        flip(f"{self.log}/tile/0/001", 100)
        self.prove(8, 'tile "tile/0/001" is not the one', "inclusion", "300")
        self.prove(0, "index 599", "inclusion", "600")

    def test_a_tile_in_the_making_may_be_replaced_by_the_full_one(self):
        """As a log that has grown since its checkpoint was fetched."""
        older = self.older(700)
        shutil.copy(older, f"{self.log}/checkpoint")
        shutil.rmtree(f"{self.log}/tile/1")
        self.prove(8, "is missing", "inclusion", "600")
        shutil.copytree(f"{self.m.run}/older/tile/1", f"{self.log}/tile/1")
        self.assertFalse(os.path.exists(f"{self.log}/tile/0/002.p/{700 % 256}"))
        self.prove(0, "index 689", "inclusion", "690")
        self.verify(0, "700 records")

    def test_another_history_is_named(self):
        self.log = self.forked(self.size, 600)
        self.verify(8, "record 600 is not the one that the log signed")
        shutil.copytree(self.log, f"{self.m.run}/bare", dirs_exist_ok=True)
        shutil.rmtree(f"{self.m.run}/bare/tile")
        # Without tiles no record can be named, but that it is another journal can.
        bare = self.check(8, "is missing", "verify", self.m.journal, "--log", f"{self.m.run}/bare").stderr
        self.assertIn("the journal is not the one whose checkpoint", bare)
        self.assertNotIn("can be made again", bare)
        self.check(8, "record 600 of the journal is not", "prove", "inclusion", "600", "--log", self.log,
                   "--journal", self.m.journal)  # fmt: skip
        write_log(self.log, [*self.leaves, self.leaves[0]])
        self.verify(8, f"has {self.size} records, but a checkpoint of {self.size + 1} was signed")

    def test_foreign_checkpoints_are_named(self):
        path = f"{self.log}/checkpoint"
        good = read(path)
        write_log(self.log, self.leaves, seed=b"\6" * 32)
        self.verify(8, "is not signed by this key")
        write_log(self.log, self.leaves, origin="other.example/journal")
        self.verify(8, "is of market other.example, the journal of market.example")
        write_log(self.log, self.leaves, origin="market.example/elsewhere")
        self.verify(8, "not the checkpoint of a journal's log")
        for bad in (b"", good[:-1], good[:40], b"\0" + good, good * 100):
            self.file("copy/checkpoint", bad)
            self.verify(8, "is not a signed checkpoint")
        for at in range(0, len(good), 7):
            self.file("copy/checkpoint", good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            self.verify(8, "checkpoint")
        os.unlink(path)
        self.verify(4, "No such file")

    def test_a_witness_cosigns_what_goes_on(self):
        older = f"{self.m.run}/older"
        for n, size in enumerate((1, 255, 256, 257, 900, self.size)):
            write_log(older, self.leaves[:size])
            out = self.witness(0, "", at=1700000000 + n, log=older).stdout.encode()
            key = bytes.fromhex(self.m.key)
            self.assertEqual(verify_log.open_checkpoint(out, key, MARKET)[1], size)
            self.assertTrue(out.startswith(read(f"{older}/checkpoint")))
            time_ = verify_log.check_cosignature(out, "auditor.example/w1", self.witness_key)
            self.assertEqual(time_, 1700000000 + n)
            self.assertEqual(read(self.state), out)
        self.witness(0, "", at=1700000010)  # the same again, later
        self.witness(1, "the clock is behind", at=1700000009)

    def test_a_witness_refuses_forks_and_rollbacks(self):
        older = f"{self.m.run}/older"
        write_log(older, self.leaves[:900])
        self.witness(0, "", log=older)
        seen, remembered = read(f"{older}/checkpoint").decode(), read(self.state)
        for count, at, status, said in (
            (900, 5, 16, "FORK"),
            (1000, 5, 16, "FORK"),
            (1000, 900, 16, "FORK"),
            (899, 5, 8, "ROLLBACK"),
        ):
            folder = self.forked(count, at)
            out = self.witness(status, said, log=folder).stdout
            self.assertIn(seen, out)
            self.assertIn(read(f"{folder}/checkpoint").decode(), out)
            self.assertEqual(read(self.state), remembered)
        write_log(older, self.leaves[:899])
        self.witness(8, "ROLLBACK", log=older)
        flip(f"{self.log}/{verify_log.tile_path(0, self.size // 256, self.size % 256)}", 3)
        self.witness(8, "the newest tiles")
        self.assertEqual(read(self.state), remembered)

    def test_a_witness_keeps_the_evidence(self):
        self.witness(0, "")
        self.witness(16, "both checkpoints are kept", log=self.forked(self.size, 40))
        notes = read(f"{self.state}.fork")
        self.assertIn(read(f"{self.log}/checkpoint"), notes)
        self.assertIn(read(f"{self.m.run}/forked/checkpoint"), notes)

    def test_a_key_file_that_is_none_is_no_finding(self):
        """8 and 16 are findings about the log."""
        good = read(path := f"{self.m.run}/witness.key")
        self.addCleanup(self.file, "witness.key", good)
        for bad in (b"", good[:40], good.replace(b"sign_seed = ", b"sign_seed = 00")):
            self.file("witness.key", bad)
            self.witness(1, f'key file "{path}"' if bad == b"" else "witness.key")

    def test_a_witness_believes_only_what_it_remembered(self):
        self.witness(0, "")
        good = read(self.state)
        self.file("state", read(f"{self.log}/checkpoint"))
        self.witness(8, "its own cosignature is missing")
        self.file("state", good[:-9] + b"AAAAAAA=\n")
        self.witness(8, "its own cosignature")
        self.file("state", b"")
        self.witness(8, "is not a signed checkpoint")
        self.file("state", good)
        self.witness(0, "")

    def test_usage(self):
        key = ("--key", self.m.key)
        for args in (
            ("prove",),
            ("prove", "inclusion", *key, "--log=x"),
            ("prove", "inclusion", "1", "2", *key, "--log=x"),
            ("prove", "inclusion", "1", *key),
            ("prove", "inclusion", "1", "--log=x"),
            ("prove", "inclusion", "0", *key, f"--log={self.log}"),
            ("prove", "exclusion", "1", *key, "--log=x"),
            ("prove", "check", "x", *key, "--log=x"),
            ("prove", "inclusion", "1", "--key=xyz", "--log=x"),
            ("witness", *key, "--log=x"),
            ("witness", "x", *key, "--log=x", "--state=x", "--witness-key=x"),
            ("witness", "--log=x", "--state=x", "--witness-key=x"),
            ("replay", "--log=x", "x"),
        ):
            self.assertEqual(self.m.audit(*args).returncode, 2, args)
        self.assertEqual(self.m.audit("witness", "--help").returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
