#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""petahour-settle is killed at every message that it sends to PostgreSQL and every file that it
writes, before it, in the middle of it and after it.  Whatever is in the database then is the journal
up to the position that stands beside it, and the next run goes on to the same rows.

usage: test_crash_settle.py PETAHOUR_SETTLE MAKE_JOURNAL COMPARE STEPS_LIBRARY

PH_SEEDS, PH_SEED and PH_PLACE choose places, see stepped.py.  A failure prints its plan.
"""

import os
import subprocess
import sys
import tempfile
import unittest

import stepped
from private_postgres import Cluster

SETTLE, MAKE_JOURNAL, COMPARE, LIBRARY = sys.argv[1:5]
PATIENCE = 120
RECORDS, PER_BATCH = 240, 20
STEPS_MIN = 20


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="petahour-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.run_ = cls.folder.name
        os.chmod(cls.run_, 0o755)
        cls.pg = Cluster(database="petahour")
        cls.pg.start()
        cls.addClassCleanup(cls.pg.remove)
        cls.migrated()
        for name, records in (("journal", RECORDS), ("beginning", PER_BATCH)):
            words = [MAKE_JOURNAL, f"{cls.run_}/{name}", "1", str(records), str(PER_BATCH)]
            subprocess.run(words, check=True, capture_output=True)
        cls.renew()
        cls.settle({}, "beginning")  # so that there is a position to go on from
        assert cls.settle({}).returncode == 0
        cls.steps = stepped.steps(f"{cls.run_}/trace")

    @classmethod
    def migrated(cls):
        """A database with the tables, which each run has a copy of."""
        with open(f"{cls.run_}/petahour.ini", "w", encoding="ascii") as f:
            f.write(f"[market]\nname = settle.test\n[settle]\njournal = {cls.run_}/journal\n")
            f.write(f"database = {cls.pg.conninfo('petahour_settle')}\n")
        cls.pg.database = "petahour"
        subprocess.run([SETTLE, "--config", f"{cls.run_}/petahour.ini", "--migrate", cls.pg.conninfo()],
                       check=True, capture_output=True)  # fmt: skip
        cls.pg.database = "postgres"
        cls.pg.sql("ALTER DATABASE petahour RENAME TO migrated")

    @classmethod
    def renew(cls):
        cls.pg.database = "postgres"
        cls.pg.sql("DROP DATABASE IF EXISTS petahour WITH (FORCE)")
        cls.pg.sql("CREATE DATABASE petahour TEMPLATE migrated")
        cls.pg.sql("REVOKE TEMPORARY ON DATABASE petahour FROM PUBLIC")  # privileges of a database are not copied
        cls.pg.database = "petahour"

    @classmethod
    def settle(cls, plan, journal="journal"):
        config = f"{cls.run_}/{journal}.ini"
        with open(f"{cls.run_}/petahour.ini", encoding="ascii") as f:
            text = f.read().replace(f"{cls.run_}/journal", f"{cls.run_}/{journal}")
        with open(config, "w", encoding="ascii") as f:
            f.write(text)
        if os.path.exists(f"{cls.run_}/trace"):
            os.unlink(f"{cls.run_}/trace")
        environment = stepped.environment(LIBRARY, f"{cls.run_}/trace", plan)
        return subprocess.run([SETTLE, "--config", config, "--once"], env=environment, capture_output=True,
                              text=True, timeout=PATIENCE, check=False)  # fmt: skip

    def position(self):
        return int(self.pg.sql("SELECT coalesce(max(last_seq), 0) FROM petahour.position"))

    def assert_rows_of(self, records):
        """The rows are those of the journal as it was with so many records."""
        journal = f"{self.run_}/of-{records}"
        if not os.path.exists(journal):
            subprocess.run([MAKE_JOURNAL, journal, "1", str(records), str(PER_BATCH)], check=True, capture_output=True)
        done = subprocess.run([COMPARE, journal, self.pg.conninfo("petahour_auditor")], capture_output=True,
                              text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(self.pg.sql("SELECT * FROM petahour.reconcile"), "")

    def check(self, plan):
        """Returns how the run ended."""
        with self.subTest(plan=plan):
            self.renew()
            self.assertEqual(self.settle({}, "beginning").returncode, 0)
            died = self.settle(stepped.of_plan(plan)[0]).returncode
            # A commit that was sent by a process that is gone may still be under way.
            self.pg.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                        "WHERE usename = 'petahour_settle'")  # fmt: skip
            position = self.position()
            self.assertIn(position, range(PER_BATCH, RECORDS + 1, PER_BATCH))
            self.assert_rows_of(position)
            self.assertEqual(self.settle({}).returncode, 0)
            self.assertEqual(self.position(), RECORDS)
            self.assert_rows_of(RECORDS)
            return died
        return None

    def test_killed_at_every_step(self):
        if stepped.PLACE is not None:
            print(self.check(stepped.PLACE))
            return
        self.assertGreaterEqual(len(self.steps), STEPS_MIN)
        self.assertIn("send", {kind for _, kind, _, _ in self.steps})
        places = [(s, how) for s in self.steps for how in ("before", "half", "after") if how != "half" or s[2] > 1]
        chosen = stepped.choose(places, 10)
        ends = [self.check(f"{step[0]}:{how}") for step, how in chosen]
        print(f"killed at {len(chosen)} of {len(places)} places of {len(self.steps)} steps; not reached: {ends.count(0)}")
        self.assertLessEqual(set(ends), {-9, 0, None})
        self.assertLessEqual(ends.count(0), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[5:], verbosity=1)
