#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The notary is killed, and refused by the disk, at every step by which it changes what others can
see: its tiles, its checkpoint, its contracts.  Whatever was published before is a beginning of what
is published afterwards, a contract that was told is told with the same bytes, and the log is at the
end the one that a notary publishes which nothing happened to.

usage: test_crash_notary.py WRITE_JOURNAL FETCH_CONTRACTS PETAHOUR_NOTARY PETAHOUR_AUDIT STEPS_LIBRARY

PH_SEEDS, PH_SEED and PH_PLACE choose places, see stepped.py.  A failure prints its plan.
"""

import os
import random
import subprocess
import sys
import time
import unittest

import stepped
import verify_log
import zmq
from notary_market import MARKET, Market, read

PATIENCE = 90
ROUNDS = (1, 40, 1, 30, 1)  # between checkpoints: a record, tiles that get full, a record
STEPS_MIN = {"d": 90, "l": 20}
KINDS = {"make", "write", "sync", "rename", "remove", "sync-directory", "make-folder", "publish", "send"}
RECOVERY_STEPS = 20


class Run(Market):
    """A journal that is being written, and a notary that publishes it whatever happens to it."""

    def __init__(self, plan=()):
        super().__init__(sys.argv[1:5], 2, log=True)
        self.plan, self.starts, self.died = list(plan), 0, []
        self.context = zmq.Context()
        self.tap = stepped.Tap(self.context, self.link)
        self.published = set()
        self.process = None
        self.end = time.monotonic() + PATIENCE

    def begin(self):
        plan = self.plan[self.starts] if self.starts < len(self.plan) else {}
        environment = stepped.environment(sys.argv[5], f"{self.run}/trace.{self.starts}", plan)
        self.starts += 1
        if os.path.exists(f"{self.run}/notary.ready"):
            os.unlink(f"{self.run}/notary.ready")
        with open(f"{self.run}/notary.log", "a", encoding="utf-8") as log:
            config = ["--config", f"{self.run}/petahour.ini"]
            self.process = subprocess.Popen([self.notary, *config], stderr=log, env=environment)

    def look(self):
        """At what anybody can see now; a notary that ended is started again."""
        ended = self.process.poll()
        if os.path.exists(f"{self.log}/checkpoint"):
            self.published.add(read(f"{self.log}/checkpoint"))
        self.tap.take()
        if ended is None:
            return
        if os.path.exists(f"{self.log}/checkpoint"):  # what a stranger finds meanwhile is whole
            verify_log.verify(self.log, self.journal, bytes.fromhex(self.key), MARKET)
        self.died.append(ended)
        assert len(self.died) <= len(self.plan), f"the notary ended with {self.died}: {self.said()}"
        self.begin()

    def wait_for(self, what):
        while not what():
            assert time.monotonic() < self.end, f"nothing goes on: {self.said()}"
            self.tap.socket.poll(5)
            self.look()

    def records(self):
        return len(verify_log.entries(self.journal))

    def size(self):
        if not os.path.exists(f"{self.log}/checkpoint"):
            return 0
        return int(read(f"{self.log}/checkpoint").split(b"\n")[1])

    def is_whole(self):
        """The notary serves, and everything in the journal is published and told."""
        is_ready = os.path.exists(f"{self.run}/notary.ready")
        return is_ready and self.size() >= self.written and len(self.tap.items) >= self.contracts

    def stop(self):
        """In order, unless the plan has it otherwise: then the next one begins and ends."""
        self.process.terminate()
        while (code := self.process.wait(PATIENCE)) != 0:
            self.died.append(code)
            assert len(self.died) <= len(self.plan), self.said()
            self.begin()
            self.wait_for(self.is_whole)
            self.process.terminate()

    def follow(self):
        """The rounds to their end; then a notary that knows nothing but the files tells all again."""
        self.begin()
        for count in ROUNDS:
            self.written = self.records()
            self.wait_for(self.is_whole)
            self.write_rounds(count)
        self.written = self.records()
        self.stop()  # what is durable when it is stopped is published
        self.begin()
        told, self.tap.items = self.tap.items, {}
        self.wait_for(self.is_whole)
        assert told.items() <= self.tap.items.items(), "a contract is told with other bytes"
        self.stop()
        return self

    def said(self):
        return read(f"{self.run}/notary.log").decode()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.context.destroy(linger=0)
        super().close()


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run = Run()
        try:
            run.follow()
            cls.judge(run)
            cls.steps = stepped.steps(f"{run.run}/trace.0")
            cls.items, cls.checkpoint = run.tap.items, read(f"{run.log}/checkpoint")
        finally:
            run.close()

    @staticmethod
    def judge(run):
        """What a stranger finds in the folder and in all that was ever in it."""
        key = bytes.fromhex(run.key)
        size, _, leaves = verify_log.verify(run.log, run.journal, key, MARKET)
        assert size == run.records()
        for note in run.published:
            _, old, root = verify_log.open_checkpoint(note, key, MARKET)
            assert old <= size and verify_log.root_of(leaves[:old]) == root, f"a checkpoint of {old} was withdrawn"
        done = run.audit("verify", run.journal, "--log", run.log)
        assert done.returncode == 0, done
        assert sorted(run.tap.items) == list(range(1, run.contracts + 1))

    def check(self, plan):
        """A notary with this plan comes to the same log and the same contracts.  Returns the ends
        of the processes, the errors that were said, and the step at which it happened."""
        run = Run(stepped.of_plan(plan))
        with self.subTest(plan=plan):
            try:
                run.follow()
                self.judge(run)
                self.assertEqual(run.tap.items, self.items)
                self.assertEqual(read(f"{run.log}/checkpoint"), self.checkpoint)
                step = [s for s in stepped.steps(f"{run.run}/trace.0") if s[0] == plan.split(":")[0]]
                errors = [line for line in run.said().splitlines() if "level=error" in line]
                return run.died, errors, step[0] if step else None
            finally:
                run.close()
        return None

    def test_the_steps_are_seen(self):
        for family, least in STEPS_MIN.items():
            self.assertGreaterEqual(sum(s[0].startswith(family) for s in self.steps), least)
        self.assertLessEqual(KINDS, {kind for _, kind, _, _ in self.steps})

    def test_killed_at_every_step(self):
        if stepped.PLACE is not None:
            print(self.check(stepped.PLACE))
            return
        places = [(s, how) for s in self.steps for how in ("before", "half", "after") if how != "half" or s[2] > 1]
        chosen, chance, missed = stepped.choose(places, 16), random.Random(stepped.SEED), []
        for (number, *_), how in chosen:
            plan = f"{number}:{how}"
            if chance.randrange(2) == 0:
                plan += f":d{1 + chance.randrange(RECOVERY_STEPS)}:{chance.choice(['before', 'half', 'after'])}"
            found = self.check(plan)
            if found is None:
                continue
            self.assertLessEqual(set(found[0]), {-9}, plan)
            if found[0] == []:
                missed.append(plan)
        print(f"killed at {len(chosen)} of {len(places)} places of {len(self.steps)} steps; not reached: {missed}")
        self.assertLessEqual(len(missed), 2 + len(chosen) // 20)

    def test_refused_at_every_step(self):
        """The disk says no: the notary ends with 1 and says why, and what was published holds."""
        steps = [s for s in self.steps if s[0].startswith("d")]
        chosen = stepped.choose([(s, how) for s in steps for how in ("EIO", "ENOSPC", "EIO+", "ENOSPC+")], 10)
        missed, borne = [], set()
        for (number, *_), how in chosen:
            found = self.check(f"{number}:{how}")
            if found is None:
                continue
            died, errors, step = found
            if step is None:
                missed.append(f"{number}:{how}")
            elif died == []:
                borne.add(stepped.class_of(step))
            else:
                with self.subTest(plan=f"{number}:{how}", step=step):
                    self.assertEqual((died, len(errors)), ([1], 1), errors)
                    self.assertIn(stepped.WHY[how.rstrip("+")], errors[0].lower())
                    self.assertRegex(errors[0], r'could not [a-z0-9 ]+ \\"/')  # and of which file or folder
        print(f"refused at {len(chosen)} places of {len(steps)} steps of the disk; not reached: {missed}; borne: {sorted(borne)}")
        self.assertLessEqual(len(missed), 2 + len(chosen) // 20)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:], verbosity=1)
