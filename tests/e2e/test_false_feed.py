#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway that lies about its books: the client in Python believes none of it, and what it sends to fill memory
costs the client of C little.  (That the latter believes none of it is shown by the property prop_follow.)

usage: test_false_feed.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_AUDIT CLIENT
"""

import json
import os
import subprocess
import sys
import threading
import time
import unittest

from live_market import PATIENCE, Market, first_period, register, start_of

CLIENT = sys.argv[6]
sys.path.insert(0, os.path.dirname(CLIENT))
import petahour_client as py  # noqa: E402
from false_gateway import FalseGateway  # noqa: E402

GROWTH_MAX_KIB = 32 * 1024
PRODUCT = "AI.H100.1"


def other_quantity(frame):
    for run in frame.best_prices:
        run.bid_quantity += 1
    return len(frame.best_prices) != 0


def without_a_row(frame):
    if frame.best_prices:
        del frame.best_prices[0]
        return True
    return False


def most_memory(process):
    """KiB."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmHWM"))


class Lied(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.m = m = Market(sys.argv[1:5])
        cls.addClassCleanup(m.close)
        register(m)
        cls.false = FalseGateway(m, "buyer")
        cls.addClassCleanup(cls.false.close)
        cls.hour = first_period()

    def bid(self, quantity, price="1.5"):
        self.m.cli("order", "buy", "--product", PRODUCT, "--quantity", str(quantity), "--price", price, "--from",
                   start_of(self.hour), "--periods", "1", key="buyer")  # fmt: skip

    def test_a_changed_book_is_not_believed(self):
        """Of Python: it stays with the book that it has, and takes the next one that is whole."""
        feed = py.Feed(self.false.ready_file, py.settings(self.m.key("buyer")), 1)
        self.addCleanup(feed.socket.close)
        self.addCleanup(setattr, self.false, "change_feed", lambda frame: False)
        before, units = {}, 0
        for change in (other_quantity, without_a_row):
            self.false.change_feed, changed, end = change, self.false.changed_cnt, time.monotonic() + PATIENCE
            self.bid(2)
            while self.false.changed_cnt == changed:
                self.assertLess(time.monotonic(), end, "nothing was published")
                feed.turn(0.1)
                self.assertEqual(feed.book, before)
            self.false.change_feed = lambda frame: False
            self.bid(3)
            units += 5
            whole = {self.hour: (1500000, units, 0, 0)}
            while feed.book != whole:
                self.assertLess(time.monotonic(), end, feed.book)
                self.assertIn(feed.book, (before, {self.hour: (1500000, units - 3, 0, 0)}))
                feed.turn(0.1)
            before = whole

    def shown(self, watch, quantity):
        """Waits until the client shows a level of so many units."""
        end = threading.Timer(PATIENCE, watch.kill)
        end.start()
        self.addCleanup(end.cancel)
        for line in watch.stdout:
            if any(row["bid_quantity"] == quantity for row in json.loads(line)["periods"]):
                return end.cancel()
        return self.fail(watch.stderr.read())

    def test_frames_that_grow_take_little_memory(self):
        """Of C: at both doors, with messages of as many empty parts as their bytes can say."""
        m, false = self.m, self.false
        self.bid(7, "1.1")
        environment = dict(os.environ, PETAHOUR_CONNECT=false.ready_file, PETAHOUR_KEY=m.key("buyer"))
        watch = subprocess.Popen([m.petahour, "market", "depth", PRODUCT, "--watch", "--json"], env=environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
        self.addCleanup(watch.communicate)
        self.addCleanup(watch.kill)
        self.shown(watch, 7)
        before = most_memory(watch)
        level, row, answer = b"\x6a\0", b"\x2a\0", b"\xd2\x02"  # 13 of MarketDataFrame; 5 of DepthAnswer, 42
        for size in (64000, 2000000):
            false.tidings.append((b"D00000001", level * (size // 2)))
        self.bid(8, "1.2")
        self.shown(watch, 8)
        inner = row * 990000
        message = answer + length(inner) + inner
        false.sayings.append(b"\x0a" + length(message) + message)
        self.bid(9, "1.3")
        self.shown(watch, 9)
        self.assertLess(most_memory(watch) - before, GROWTH_MAX_KIB)


def length(data):
    n, out = len(data), b""
    while n >= 0x80:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[7:], verbosity=2)
