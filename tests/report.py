#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the runs of meson's tests came to: Check's closing lines, the last words of each test that
failed, every test or test case that was skipped with its reason, then one line of totals.

usage: report.py STEPS "BROKEN STEPS" LABEL=TESTLOG.json ...

STEPS is the number of checks that ran outside meson, BROKEN their names that failed, separated by
spaces.  The last line is "N passed, N failed".  Exits 1 when anything failed or a log is missing.
"""

import json
import re
import sys
from pathlib import Path

CLOSING = re.compile(r"^\d+%: Checks: \d+, Failures: \d+, Errors: \d+", re.M)
PASSED = {"OK", "EXPECTEDFAIL"}
LINES = 60  # of what a test that failed said last
SKIPPED = re.compile(r"^skipped: (.+)$", re.M | re.I)  # what our own programs say at their end
UNITTEST = re.compile(r"^(.* \.\.\. skipped .+)$", re.M)


def tests_of(path):
    """The tests of one run, in the order in which they ended."""
    with open(path, encoding="utf-8") as log:
        return [json.loads(line) for line in log if line.strip()]


def skips_of(test):
    """What a test left out, and why; also where the others of its program passed."""
    said = test.get("stdout", "") + "\n" + test.get("stderr", "")
    found = SKIPPED.findall(said) or UNITTEST.findall(said)
    return found or (["all of it, without a reason"] if test["result"] == "SKIP" else [])


def main(argv):
    if len(argv) < 3 or not argv[1].isdigit():
        print(__doc__, file=sys.stderr)
        return 2
    broken = argv[2].split()
    passed, failed, skipped, last_words = int(argv[1]) - len(broken), list(broken), [], []
    for spec in argv[3:]:
        label, _, path = spec.partition("=")
        if not Path(path).is_file():
            print(f"{label}: no test ran: {path} is missing")
            failed.append(label)
            continue
        for test in tests_of(path):
            name = f"{label} {test['name'].split(' / ')[-1]}"
            for line in CLOSING.findall(test.get("stdout", "")):
                print(f"{name}: {line}")
            skipped += [f"{name}: {what}" for what in skips_of(test)]
            if test["result"] in PASSED:
                passed += 1
            elif test["result"] != "SKIP":
                failed.append(name)
                last_words.append(f"\n{name}, {test['result']} after {test['duration']:.0f} s:")
                last_words += (test.get("stdout", "") + test.get("stderr", "")).splitlines()[-LINES:]
    for line in last_words:
        print(line)
    for what in skipped:
        print(f"skipped: {what}")
    for name in failed:
        print(f"failed: {name}")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
