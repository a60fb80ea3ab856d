#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The engine is killed at every step by which it changes what others can see, before it, in the
middle of it and after it, is started again, often killed again while it recovers, and the day goes
on to its end: that end must be bit for bit the one of a day in which nothing happened.  And each of
these steps is refused by the disk.

usage: test_crash.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC STEPS_LIBRARY PETAHOUR_AUDIT

PH_SEEDS, PH_SEED and PH_PLACE choose places, see stepped.py; all of them take about twenty minutes.
A failure prints its plan.
"""

import os
import random
import subprocess
import sys
import tempfile
import unittest

import skips
import stepped
import stepped_market

PROGRAMS = (sys.argv[1], sys.argv[2], sys.argv[5])
AUDIT = sys.argv[6]
STEPS_MIN = {"d": 130, "l": 150}  # fewer means that the library does not see what the engine does
KINDS = {"make", "write", "sync", "rename", "sync-directory", "publish", "send", "make-folder"}
RECOVERY_STEPS = 12
REMEDY = {"EIO": "start again", "ENOSPC": "make room on the disk and start again", "EROFS": "start again"}


def audit(*words):
    return subprocess.run([AUDIT, *words], capture_output=True, text=True, check=False)


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.names = stepped_market.Names()
        cls.script = stepped_market.script(cls.names)
        with cls.run_to_end(()) as run:
            cls.steps = run.steps()
            cls.items, cls.told = run.tap.items, cls.streams(run)
            cls.state = cls.judge(run)

    @classmethod
    def run_to_end(cls, plan):
        run = stepped_market.Run(PROGRAMS, cls.names, plan)
        try:
            return run.trade(cls.script)
        except BaseException:
            run.close()
            raise

    @staticmethod
    def streams(run):
        return {name: listener.told for name, listener in run.listeners.items()}

    @staticmethod
    def judge(run):
        """What the auditor says of the journal: its sums and its last words."""
        for words in (("verify",), ("replay", "--quiet")):
            done = audit(words[0], run.journal, *words[1:])
            assert done.returncode == 0, (words, done.stdout, done.stderr)
        assert "equal: " in done.stdout, done.stdout
        return [line for line in done.stdout.splitlines() if not line.startswith(("records", "chain"))]

    def check(self, plan):
        """A run with this plan ends as the one without.  Returns the ends of its engines, the
        errors that were said, and the step at which it happened; None if it was another end."""
        with self.subTest(plan=plan), self.run_to_end(stepped.of_plan(plan)) as run:
            self.assertEqual(run.tap.items, self.items)
            self.assertEqual(self.streams(run), self.told)
            self.assertEqual(self.judge(run), self.state)
            errors = [line for line in run.log("engine").splitlines() if "level=error" in line]
            step = [s for s in run.steps() if s[0] == plan.split(":")[0]]
            return run.died, errors, step[0] if step else None
        return None

    def test_the_steps_are_seen(self):
        for family, least in STEPS_MIN.items():
            numbers = [s[0] for s in self.steps if s[0].startswith(family)]
            self.assertGreaterEqual(len(numbers), least)
            self.assertEqual(numbers, [f"{family}{n}" for n in range(1, len(numbers) + 1)])
        self.assertLessEqual(KINDS, {kind for _, kind, _, _ in self.steps})
        begun = {name for _, kind, _, name in self.steps if kind == "rename" and name.endswith(".phj")}
        self.assertGreaterEqual(len(begun), 3, "the run must begin segments")

    def test_killed_at_every_step(self):
        if stepped.PLACE is not None:
            print(self.check(stepped.PLACE))
            return
        places = [(s, how) for s in self.steps for how in ("before", "half", "after") if how != "half" or s[2] > 1]
        chosen, chance, missed = stepped.choose(places, 40), random.Random(stepped.SEED), []
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
        """The disk says no: the engine stops at once, says of which file and why and what to do,
        and what anybody was told is there when it is started again."""
        steps = [s for s in self.steps if not s[0].startswith("l")]
        missed = []
        chosen = stepped.choose([(s, how) for s in steps for how in ("EIO", "ENOSPC", "EIO+", "ENOSPC+", "EROFS+")], 24)
        for (number, *_), how in chosen:
            found = self.check(f"{number}:{how}")
            if found is not None and found[2] is None:
                missed.append(f"{number}:{how}")
            elif found is not None:
                with self.subTest(plan=f"{number}:{how}", step=found[2]):
                    self.check_refusal(*found, how.rstrip("+"))
        print(f"refused at {len(chosen)} places of {len(steps)} steps of the disk; not reached: {missed}")
        of_its_own = [plan for plan in missed if plan.startswith("d")]  # what it forks is not always the same
        self.assertLessEqual(len(of_its_own), 2 + len(chosen) // 20)

    def test_a_disk_that_is_full(self):
        """A real one, too small for the second segment: made larger, the day goes on to its end."""
        with tempfile.TemporaryDirectory(prefix="petahour-") as probe:
            if subprocess.run(["mount", "-t", "tmpfs", "none", probe], capture_output=True, check=False).returncode != 0:
                skips.without("disk", "only root can mount a small file system")
            subprocess.run(["umount", probe], check=True)

        class Small(stepped_market.Run):
            def start_engine(self):
                size = "1m" if self.died else "100k"
                how = ["remount"] if self.starts else []
                options = ",".join([*how, f"size={size}"])
                os.makedirs(self.journal, exist_ok=True)
                subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.journal], check=True)
                super().start_engine()

            def close(self):
                subprocess.run(["umount", "-l", self.journal], check=True)
                super().close()

        with Small(PROGRAMS, self.names, [{}]) as run:
            run.trade(self.script)
            self.assertEqual(run.died, [1])
            said = [line for line in run.log("engine").splitlines() if "level=error" in line]
            self.assertEqual(len(said), 1, said)
            self.assertRegex(said[0], r'could not (make|write) segment \\"\d{20}\.phj')
            self.assertIn("no space left on device; make room on the disk and start again", said[0])
            self.assertEqual(run.tap.items, self.items)
            self.assertEqual(self.streams(run), self.told)
            self.assertEqual(self.judge(run), self.state)

    def check_refusal(self, died, errors, step, how):
        _, kind, _, name = step
        file = os.path.basename(name).removesuffix(".new")
        if step[0].startswith("f"):  # of a snapshot, without which the engine goes on
            self.assertEqual((died, errors), ([], []))
            return
        if file == "engine.spool" and not died:
            return  # at the end, when its bytes are computed again at the next start
        self.assertEqual((died, len(errors)), ([1], 1), errors)
        self.assertIn(stepped.WHY[how], errors[0].lower())
        if kind == "sync-directory":
            return  # told of the name that was to become durable
        self.assertIn(file, errors[0])
        if name.endswith(".phj") and kind in ("write", "sync"):
            self.assertRegex(errors[0], r"offset \d+ \(record \d+\)")
        if ".phj" in name or file == "LOCK":
            self.assertIn(REMEDY[how], errors[0])


if __name__ == "__main__":
    skips.main(sys.argv[:1] + sys.argv[7:])
