# SPDX-License-Identifier: Apache-2.0
"""Tests that cannot run here say so, and where what they need must be there they fail.

PETAHOUR_MUST names, with commas between them, what must be there: a test that lacks it fails.  `./dev test`
sets it to what its list of packages installs.

    slurm      programs of Slurm and MUNGE                      go        Go and its module golang.org/x/mod
    faketime   libfaketime                                      install   meson, ninja, pkg-config and readelf
    promtool   Prometheus' own checker                          systemd   systemd-analyze
    types      npm and the types of Kubernetes, by network      boot      what test_units.py needs
    root       the rights of root, or files that others reach   disk      to mount a small disk
    netns      network namespaces                               cgroups   control groups that slurmd may use

A program whose tests were all skipped ends with 77, which meson counts as skipped and not as passed.
"""

import os
import sys
import unittest

NAMES = {"slurm", "faketime", "go", "install", "promtool", "systemd", "types", "root", "disk", "netns", "cgroups", "boot"}
MUST = set(filter(None, os.environ.get("PETAHOUR_MUST", "").split(",")))
SKIPPED = 77


def without(what, why):
    """The test cannot go on, for want of one of NAMES: it is skipped, or fails if that must be there."""
    assert what in NAMES, what
    if what in MUST:
        raise AssertionError(f"{why} (PETAHOUR_MUST says that {what} must be there)")
    raise unittest.SkipTest(why)


def without_all(what, why):
    """The same of a whole program, before its tests."""
    try:
        without(what, why)
    except unittest.SkipTest:
        print(f"skipped: all of it: {why}", file=sys.stderr)
        sys.exit(SKIPPED)


class Result(unittest.TextTestResult):
    """Counts what was not skipped."""

    ran = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.ran += 1

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.ran += 1


def main(argv, verbosity=1):
    """unittest.main, which names every skipped test at the end and does not pass without any other."""
    unknown = MUST - NAMES
    if unknown:
        sys.exit(f"PETAHOUR_MUST names {', '.join(sorted(unknown))}, and there are {', '.join(sorted(NAMES))}")
    runner = unittest.TextTestRunner(resultclass=Result, verbosity=verbosity)
    result = unittest.main(argv=argv, testRunner=runner, exit=False).result
    for test, why in result.skipped:
        print(f"skipped: {test.id()}: {why}", file=sys.stderr)
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(SKIPPED if result.skipped and not result.ran else 0)
