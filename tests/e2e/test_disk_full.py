#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An engine whose disk is full ends with a sentence; what it answered is there when space is made.

usage: test_disk_full.py PROGRAM...   (the built programs, each known by its name)

The disk is a small tmpfs in a mount namespace of this test, so nothing of it can be left behind.
Exits 77 (skipped) where the system does not allow that."""

import os
import subprocess
import sys
import tempfile
import unittest

import a_market
from a_market import PATIENCE, Market, Session, wait_until

PROGRAMS = {os.path.basename(path): path for path in sys.argv[1:]}
SIZE = "5m"  # the journal writes zeros ahead, four MiB at a time
SKIPPED, INSIDE = 77, "PETAHOUR_TEST_NAMESPACE"
BATCH, WINDOW, ORDERS_MAX = 100, 2000, 400000


def mount(*words):
    subprocess.run(["mount", *words], check=True, capture_output=True, text=True)


class DiskFull(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ph")
        self.addCleanup(folder.cleanup)
        self.protocol = a_market.messages_of_protocol(folder.name)
        self.disk = tempfile.mkdtemp(prefix="ph-disk-")
        self.addCleanup(os.rmdir, self.disk)
        mount("-t", "tmpfs", "-o", f"size={SIZE}", "petahour-test", self.disk)
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        self.market = m = Market(PROGRAMS, journal=f"{self.disk}/journal")
        self.addCleanup(m.close)

    def fill(self, s, engine):
        """Sends until the engine ends; returns what was answered, and how many orders were sent."""
        told, sent = {}, 0
        while engine.poll() is None:
            while sent < ORDERS_MAX and sent - len(told) < WINDOW:
                s.send(*(s.order(n) for n in range(sent + 1, sent + BATCH + 1)))
                sent += BATCH
            self.take(s, told, 0.2)
            self.assertLess(len(told), ORDERS_MAX, "the disk did not fill")
        while self.take(s, told, 1):
            pass
        return told, sent

    def take(self, s, told, seconds):
        got = s.receive(seconds)
        if got is None:
            return False
        kind, report = got
        if kind in ("busy", "session_refused"):  # the gateway has lost the engine
            return True
        self.assertEqual(kind, "execution_report", report)
        self.assertEqual(report.type, 1, report)
        told[report.client_order_id] = report
        return True

    def test_a_full_disk(self):
        m = self.market
        m.start("engine", "notary", "gateway")
        m.register([("supplier", "supplier", 1000000), ("buyer", "buyer", 1000000)])
        s = Session(m, self.protocol, m.keys["buyer"])
        s.logon()
        told, sent = self.fill(s, m.processes["engine"])
        s.close()
        self.assertEqual(m.stop("engine"), 1)
        errors = [line for line in m.log("engine").splitlines() if "level=error" in line]
        self.assertEqual(len(errors), 1, errors)
        self.assertIn("no space left on device", errors[0])
        self.assertGreater(len(told), 100)

        status, said = m.ended("engine")
        if status != 0:
            self.assertEqual(status, 1, said)
            self.assertIn("no space left on device", said.lower())
        mount("-o", "remount,size=256m", self.disk)
        m.start("engine")
        wait_until("the gateway to notice", lambda: "the engine was lost and is back" in m.log("gateway"))
        s = Session(m, self.protocol, m.keys["buyer"])
        self.addCleanup(s.close)
        s.logon()
        self.assertEqual({n: s.report_of(n) for n in told}, told)
        again = sorted(told)[-100:] + [sent + 1]
        s.send(*(s.order(n) for n in again))
        for n in again[:-1]:
            report = s.report_of(n)
            while report.type == 1:  # answered by the engine, and not by the gateway, before it ended
                report = s.report_of(n)
            self.assertEqual((report.reject_name, report.order), ("DUPLICATE", told[n].order))
        self.assertEqual(s.report_of(again[-1]).type, 1)
        m.finish()


def enter_namespace():
    """Starts again where mounts are this test's own; returns when that is not possible."""
    unshare = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
    trial = 'd=$(mktemp -d) && mount -t tmpfs -o size=64k t "$d"; s=$?; umount "$d"; rmdir "$d"; exit $s'
    able = subprocess.run([*unshare, "sh", "-c", trial], capture_output=True, text=True, check=False)
    if able.returncode == 0:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", [*unshare, sys.executable, *sys.argv])
    print(f"skipped: no mount namespace with a tmpfs here: {able.stderr.strip()}", file=sys.stderr)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter_namespace()
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1], verbosity=2)
