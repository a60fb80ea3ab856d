#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of the auditor's guide is run, and must say what the guide shows.

usage: test_guide.py README WRITE_JOURNAL FETCH_CONTRACTS PETAHOUR_NOTARY PETAHOUR_AUDIT PETAHOUR_SETTLE

A block of the guide marked `console` is run line by line in a folder that has run/journal (a short day
of a market that traded), run/log, run/contracts, run/witness.key and a settled database (guide.py says
what its lines mean); both outputs are compared.
`petahour-audit COMMAND` of every command must be there, and every column of every table.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

README, PROGRAMS, SETTLE = Path(sys.argv[1]), sys.argv[2:6], sys.argv[6]

import private_postgres  # noqa: E402
from guide import blocks, outside, pattern, steps  # noqa: E402
from notary_market import PATIENCE, Market, stop, write_key  # noqa: E402

COMMANDS = ("verify", "replay", "report", "export", "contract", "compare", "journal", "simulate", "prove", "witness", "help")


class Guide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = Market(PROGRAMS, 10, log=True)
        cls.addClassCleanup(cls.m.close)
        pg = cls.enterClassContext(private_postgres.Cluster())
        cls.m.database = pg.conninfo("petahour_settle")
        cls.m.configure()
        notary = cls.m.start_notary()
        cls.m.fetch(1, cls.m.contracts)
        cls.wait_for_log(66)
        assert stop(notary) == 0
        cls.m.close_journal()
        settle = [SETTLE, "--config", f"{cls.m.run}/petahour.ini"]
        for more in (["--migrate", pg.conninfo()], ["--once"]):
            subprocess.run([*settle, *more], check=True, capture_output=True, timeout=PATIENCE)
        write_key(f"{cls.m.run}/witness.key", b"\7" * 32, "auditor.example/w1")
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="petahour-guide-")))
        (cls.folder / "run").symlink_to(cls.m.run)
        (cls.folder / "bin").mkdir()
        (cls.folder / "bin" / "petahour-audit").symlink_to(Path(PROGRAMS[3]).resolve())
        cls.environment = {
            "PATH": f"{cls.folder}/bin:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "DATABASE": pg.conninfo("petahour_auditor"),
        }

    @classmethod
    def wait_for_log(cls, size):
        end = time.monotonic() + PATIENCE
        checkpoint = Path(cls.m.log) / "checkpoint"
        while not checkpoint.exists() or int(checkpoint.read_text(encoding="utf-8").split("\n")[1]) < size:
            assert time.monotonic() < end, "the log is not published"
            time.sleep(0.01)

    def test_the_commands_say_what_is_shown(self):
        for block in blocks(README.read_text(encoding="utf-8")):
            for command, shown in steps(block):
                with self.subTest(command):
                    text, _, status = command.partition("  # exit status ")
                    done = subprocess.run(
                        ["bash", "-c", text], cwd=self.folder, env=self.environment, timeout=PATIENCE, check=False,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
                    )  # fmt: skip
                    self.assertEqual(done.returncode, int(status or 0), done.stdout)
                    if not re.fullmatch(pattern(shown), done.stdout):
                        self.assertEqual("\n".join(shown) + "\n", done.stdout)

    def test_every_command_is_shown(self):
        run = "\n".join(command for block in blocks(README.read_text(encoding="utf-8")) for command, _ in steps(block))
        for command in COMMANDS:
            self.assertIn(f"petahour-audit {command}", run)

    def test_no_command_stands_elsewhere(self):
        """What looks like a command to run is in a block that is run."""
        text = outside(README.read_text(encoding="utf-8"))
        self.assertNotRegex(text, r"(?m)^\$ ")
        self.assertNotRegex(text, r"(?m)^petahour-audit ")

    def test_every_column_is_explained(self):
        text = README.read_text(encoding="utf-8")
        for table in ("orders", "fills", "trades", "contracts", "transfers", "deliveries", "rejects", "accounts"):
            done = subprocess.run(
                [PROGRAMS[3], "export", self.m.journal, f"--what={table}", "--format=csv"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            section = re.search(rf"^\| `{table}` \|(.*)$", text, re.M)
            self.assertIsNotNone(section, table)
            listed = re.findall(r"`(\w+)`", section.group(1))
            self.assertEqual(listed, done.stdout.splitlines()[0].split(","), table)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[7:]])
