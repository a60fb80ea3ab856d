#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The transparency log: what the notary publishes, checked with nothing of ours but the pages that
specify it, and what notary, auditor and witness say of a log that is not right.

usage: test_log.py WRITE_JOURNAL FETCH_CONTRACTS PETAHOUR_NOTARY PETAHOUR_AUDIT
"""

import os
import select
import shutil
import sys
import time
import unittest

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
        self.assertEqual(stop(notary), 0)  # publishes what is left
        size, root, leaves = self.verify()
        self.assertGreater(size, 1000)
        self.assertEqual(size, self.records())
        self.assertEqual(leaves[: first[0]], first[2])
        self.assertEqual(verify_log.root_of(leaves[: first[0]]), first[1])
        self.assertNotEqual(root, first[1])
        left = [name for _, _, names in os.walk(self.m.log) for name in names if name.endswith(".new")]
        self.assertEqual(left, [])
        self.assertFalse(os.path.exists(f"{self.m.log}/tile/0/000.p"))

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
        self.assertIn("its end was lost", self.m.refused_notary())
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


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:])
