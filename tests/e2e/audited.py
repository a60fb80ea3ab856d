# SPDX-License-Identifier: Apache-2.0
"""The auditor and journals for it, for tests with the arguments PETAHOUR_AUDIT MAKE_JOURNAL JOURNAL_OF SCENARIOS."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

AUDIT, MAKE_JOURNAL, JOURNAL_OF = sys.argv[1:4]
SCENARIOS = Path(sys.argv[4])
PATIENCE = 120


def audit(*args):
    return subprocess.run([AUDIT, *map(str, args)], capture_output=True, text=True, timeout=PATIENCE, check=False)


def to_full(*args):
    """On a disk that takes nothing."""
    with open("/dev/full", "w", encoding="ascii") as full:
        return subprocess.run(
            [AUDIT, *map(str, args)], stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
        )


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="petahour-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def day(self, records=4000, per_batch=100, seed=7):
        journal = self.folder / f"day-{records}-{per_batch}-{seed}"
        subprocess.run(
            [MAKE_JOURNAL, journal, str(seed), str(records), str(per_batch)], check=True, capture_output=True
        )
        return journal

    def scenario(self, name_or_lines, per_batch=3, bent=0):
        """A journal of a golden scenario, or of lines."""
        is_name = isinstance(name_or_lines, str)
        lines = (SCENARIOS / f"{name_or_lines}.jsonl").read_bytes() if is_name else "\n".join(name_or_lines).encode()
        journal = self.folder / f"scenario-{len(list(self.folder.iterdir()))}"
        journal.mkdir()
        subprocess.run(
            [JOURNAL_OF, journal, str(per_batch), str(bent)], input=lines, check=True, capture_output=True
        )
        return journal

    def json_of(self, *args, status=0):
        done = audit(*args)
        self.assertEqual(done.returncode, status, done.stderr)
        return json.loads(done.stdout)

    def events(self, journal):
        """What a simulation of the same commands says: an account of its own."""
        commands = audit("journal", "--commands", journal)
        self.assertEqual(commands.returncode, 0, commands.stderr)
        done = subprocess.run([AUDIT, "simulate", "-"], input=commands.stdout, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()[:-1]]
