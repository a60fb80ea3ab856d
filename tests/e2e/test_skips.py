#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A test that cannot run never counts as passed, and is never left out in silence.

usage: test_skips.py REPORT

Programs of tests are started without what they need, and REPORT (tests/report.py) reads what they came to.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import skips

HERE, REPORT = Path(__file__).resolve().parent, sys.argv[1]
PATIENCE = 60
PLANTED = """
import sys, unittest
sys.path.insert(0, {here!r})
import skips

class Planted(unittest.TestCase):
    def test_cannot(self):
        skips.without("netns", "there is no network")

    def test_can(self):
        pass

    def test_in_part(self):
        for n in range(2):
            with self.subTest(n):
                skips.without("disk", f"there is no disk {{n}}")

skips.main(sys.argv)
"""


class Skips(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="ph")))
        self.planted = self.folder / "planted.py"
        self.planted.write_text(PLANTED.format(here=str(HERE)), encoding="utf-8")

    def run_program(self, *words, must="", **environment):
        return subprocess.run([sys.executable, *map(str, words)], env=dict(os.environ, PETAHOUR_MUST=must, **environment),
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip

    def report(self, done, result):
        """What the report says of a test that ended so."""
        log = self.folder / "log.json"
        log.write_text(json.dumps({"name": "petahour:e2e / it", "result": result, "duration": 1, "stdout": done.stdout,
                                   "stderr": done.stderr}) + "\n", encoding="utf-8")  # fmt: skip
        return subprocess.run([sys.executable, REPORT, "1", "", f"gcc={log}"], capture_output=True, text=True, timeout=PATIENCE,
                              check=True).stdout.splitlines()  # fmt: skip

    def test_one_of_several(self):
        done = self.run_program(self.planted)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = self.report(done, "OK")
        self.assertEqual(len([line for line in said if line.startswith("skipped: gcc it: ")]), 3, said)
        self.assertIn("skipped: gcc it: __main__.Planted.test_cannot: there is no network", said)
        self.assertEqual(said[-1], "2 passed, 0 failed")

    def test_all_of_a_program(self):
        for words in (("Planted.test_cannot",), ("Planted.test_cannot", "Planted.test_in_part")):
            done = self.run_program(self.planted, *words)
            self.assertEqual(done.returncode, skips.SKIPPED, done.stderr)
        said = self.report(done, "SKIP")
        self.assertEqual((len(said), said[-1]), (4, "1 passed, 0 failed"), said)
        self.assertEqual(self.run_program(self.planted, "Planted.test_can").returncode, 0)

    def test_what_must_be_there(self):
        done = self.run_program(self.planted, must="disk,netns")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no network (PETAHOUR_MUST says that netns must be there)", done.stderr)
        self.assertEqual(self.run_program(self.planted, must="slurm").returncode, 0)
        done = self.run_program(self.planted, must="netspace")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("PETAHOUR_MUST names netspace", done.stderr)

    def test_programs_of_ours(self):
        """Each is started where what it needs cannot be found: no other program is on its path."""
        nowhere = {"PATH": str(self.folder)}
        for program, words, what in (
            ("test_handover.py", (*"123456", "ToSlurm"), "slurm"),
            ("test_independent.py", "1234", "go"),
            ("test_install.py", "12345", "install"),
            ("test_settle_network_pg.py", "123", "netns"),
        ):
            with self.subTest(program):
                done = self.run_program(HERE / program, *words, **nowhere)
                self.assertEqual(done.returncode, skips.SKIPPED, done.stderr)
                [said] = [line for line in self.report(done, "SKIP") if line.startswith("skipped: ")]
                self.assertRegex(said, "missing|not installed|needs")
                done = self.run_program(HERE / program, *words, must=what, **nowhere)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(f"PETAHOUR_MUST says that {what} must be there", done.stderr)


if __name__ == "__main__":
    skips.main(sys.argv[:1] + sys.argv[2:], verbosity=2)
