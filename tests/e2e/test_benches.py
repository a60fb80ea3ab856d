#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks still run: a few hundred orders each, so that an argument that has changed is found
here and not by whoever measures. What they say of speed is not looked at; what the core says of its
memory is, and that it reads order streams of others and proves their results.

usage: test_benches.py BUILD_FOLDER"""

import contextlib
import io
import os
import random
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BUILD = Path(sys.argv[1]).resolve()
BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))
import bench_flood  # noqa: E402
import bench_gateway  # noqa: E402
import bench_settle  # noqa: E402
import settle_behind  # noqa: E402

PATIENCE = 200


def said(call, *arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        call(*arguments)
    return out.getvalue()


class Stream:
    """An order stream in the form of tests/bench/order_stream.h with its result, by a price-time book
    that has nothing of ours: a few orders, most of which meet somebody."""

    NEW, CANCEL, IOC, MODIFY = range(4)
    BUY, SELL = range(2)

    def __init__(self, instruments=3, preload=60, commands=600):
        self.chance = random.Random(5)
        self.records, self.live, self.last = [], {}, 0  # id: [instrument, side, price, quantity, place]
        self.trades = self.volume = self.notional = self.fifo = self.place = 0
        for n in range(preload):
            side = n % 2
            away = self.chance.randrange(1, 20)
            self.enter(self.NEW, n % instruments, side, 1000 - away if side == self.BUY else 1000 + away)
        assert self.trades == 0
        for _ in range(commands):
            kind = self.chance.choice((self.NEW,) * 10 + (self.CANCEL,) * 7 + (self.IOC,) * 2 + (self.MODIFY,))
            if kind in (self.NEW, self.IOC) or not self.live:
                self.enter(kind if kind == self.IOC else self.NEW, self.chance.randrange(instruments), self.chance.randrange(2),
                           self.chance.randrange(985, 1016))
                continue
            order = self.chance.choice(sorted(self.live))
            instrument, side, price, quantity, _ = self.live.pop(order)
            if kind == self.CANCEL:
                self.record(order, instrument, price, quantity, kind, side)
            else:  # another price, which may trade
                price = self.chance.choice([p for p in range(985, 1016) if p != price])
                self.arrive(order, kind, instrument, side, price, self.chance.randrange(1, 100))
        self.header = [0x31304D5254534F42, instruments, preload, commands, self.last, 900, 1100, 5,
                       self.trades, self.volume, self.notional, self.fifo, len(self.live)]

    def record(self, *fields):
        order, instrument, price, quantity, kind, side = fields
        self.records.append(struct.pack("<IIHHBBH", order, instrument, price, quantity, kind, side, 0))

    def enter(self, kind, instrument, side, price):
        self.last += 1
        self.arrive(self.last, kind, instrument, side, price, self.chance.randrange(1, 100))

    def arrive(self, order, kind, instrument, side, price, quantity):
        self.record(order, instrument, price, quantity, kind, side)
        sign = 1 if side == self.BUY else -1
        while quantity:
            others = [(sign * o[2], o[4], i) for i, o in self.live.items() if o[0] == instrument and o[1] != side]
            if not others or min(others)[0] > sign * price:
                break
            maker = min(others)[2]
            units = min(quantity, self.live[maker][3])
            self.trades, self.volume = self.trades + 1, self.volume + units
            self.notional += units * self.live[maker][2]
            x = maker * 0x9E3779B97F4A7C15 + order * 0xC2B2AE3D27D4EB4F + units
            self.fifo = ((self.fifo ^ x % 2**64) * 0xD6E8FEB86659FD93 + 1) % 2**64
            quantity -= units
            self.live[maker][3] -= units
            if self.live[maker][3] == 0:
                del self.live[maker]
        self.place += 1
        if quantity and kind != self.IOC:
            self.live[order] = [instrument, side, price, quantity, self.place]

    def bytes(self):
        return struct.pack("<QIIIIIIQQQQQI52x", *self.header) + b"".join(self.records)


class Benches(unittest.TestCase):
    def core(self, *words):
        return subprocess.run([BUILD / "tests/bench/bench_core", *words], capture_output=True, text=True,
                              timeout=PATIENCE, check=False)

    def test_core_reads_streams_of_others(self):
        stream = Stream()
        self.assertGreater(stream.trades, 100)
        with tempfile.NamedTemporaryFile(prefix="ph-stream-") as file:
            def run(data):
                file.seek(0)
                file.truncate()
                file.write(data)
                file.flush()
                return self.core(file.name)

            done = run(stream.bytes())
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertRegex(done.stdout, r"market +ladder +ratio\n" + re.escape(file.name) + r"( +\d+\.\d+){3}\n$")
            for what, status, said in ((8, 1, "not the stream's"), (11, 1, "not the stream's"), (12, 1, "not the stream's"),
                                       (0, 2, "BOSTRM01"), (3, 2, "ends before its last record")):
                stream.header[what] += 1
                done = run(stream.bytes())
                stream.header[what] -= 1
                self.assertEqual(done.returncode, status, (what, done.stderr))
                self.assertIn(said, done.stderr)
            self.assertIn("out of range", run(stream.bytes()[:-16] + bytes(16)).stderr)

    def test_memory_of_the_core(self):
        """A resting order and one of its periods, where four orders rest at a price."""
        sizes = dict(re.findall(r"^(\S.*?\S) +(\d+)$", self.core("--memory").stdout, re.M))
        self.assertTrue(0 < int(sizes["per order"]) <= 192, sizes)
        self.assertTrue(0 < int(sizes["per order-period, four at a price"]) <= 48, sizes)

    def test_parts_of_the_core(self):
        self.assertEqual(self.core("--brief").stdout, "200000\n")
        done = self.core("--beside-blocks")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(re.findall(r"^\d+ periods?; blocks .*?( +[\d.]+){3}$", done.stdout, re.M)), 3, done.stdout)

    def test_gateway(self):
        bench_gateway.RUNS, bench_gateway.RUN_SECONDS, bench_gateway.CLIENTS_MOST = 1, PATIENCE, 2
        bench_gateway.PIPELINED = [(1, 200, 64, 1, 0), (2, 200, 64, 16, 0)]
        bench_gateway.PING_PONG = [(2, 50, 1, 1, 0)]
        bench_gateway.OFFERED = [(1, 200, 64, 1, 2000)]
        with bench_gateway.Bench(BUILD) as bench:
            for table, rows in ((bench_gateway.pipelined, 2), (bench_gateway.pingpong, 1), (bench_gateway.offered, 1)):
                text = said(table, bench)
                self.assertEqual(text.count(" a frame"), rows, text)
                self.assertNotIn("no result", text)
        self.assertEqual(bench_gateway.missing, [])

    def test_sessions_that_do_nothing(self):
        bench_gateway.IDLE, bench_gateway.IDLE_SECONDS = [(1, 3, 1), (2, 3, 3)], 0.5
        bench_gateway.CLIENTS_MOST = 1
        with bench_gateway.Bench(BUILD) as bench:
            self.assertRegex(said(bench_gateway.idle, bench), r"(?m)^3 sessions( +-?[\d.,]+){4}\n21 sessions( +-?[\d.,]+){4}$")
        self.assertEqual(bench_gateway.missing, [])

    def test_feed(self):
        def run(*words):
            return subprocess.run([BUILD / "tests/bench/bench_feed", *words], capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
        for row in ("period", "each", "block", "columns"):
            done = run(f"{row}-followed", "100")
            self.assertRegex(done.stdout, rf"(?m)^{row}-followed( +[\d.]+){{4}}$", done.stderr)
        for words in (("block", "0"), ("none",)):
            self.assertEqual(run(*words).returncode, 2)

    def test_fanout(self):
        fanout = BUILD / "tests/bench/gateway_fanout"
        done = subprocess.run([fanout, "5", "300"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertRegex(done.stdout, r"^\d+ \d+ \d+\n$", done.stderr)

    def test_fanout_says_what_is_missing(self):
        with subprocess.Popen([BUILD / "tests/bench/gateway_fanout", "2", "1000000000"], stderr=subprocess.PIPE,
                              text=True) as fanout:
            children = Path(f"/proc/{fanout.pid}/task/{fanout.pid}/children")
            deadline = time.monotonic() + PATIENCE
            while not children.read_text(encoding="ascii"):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            os.kill(int(children.read_text(encoding="ascii")), signal.SIGKILL)
            _, told = fanout.communicate(timeout=PATIENCE)
        self.assertEqual(fanout.returncode, 1)
        self.assertRegex(told, r"market: the receiving process has ended; \d of 2 subscribers have not received")

    def test_load_refuses_what_it_does_not_know(self):
        load = BUILD / "tests/bench/gateway_load"
        good = ["file", "folder", "1", "480000", "1", "10", "4", "1", "0"]
        for place, word in ((4, "0"), (4, "257"), (5, "x"), (6, "-1"), (7, "5"), (8, "1.5")):
            words = [*good[:place], word, *good[place + 1:]]
            done = subprocess.run([load, *words], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("usage: gateway_load", done.stderr)
        done = subprocess.run([load, *good], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("buyer-1.key", done.stderr)

    def test_flood(self):
        bench_flood.QUIET = 50
        bench = bench_flood.Bench(BUILD, 2000)
        try:
            alone = bench.quiet()
            elsewhere, sent_back = bench.beside("elsewhere")
            beside, (messages, busy, entered) = bench.beside("gateway.ready")
        finally:
            bench.close()
        for row in (alone, elsewhere, beside):
            self.assertEqual(len(row), 6)
            self.assertTrue(all(n > 0 for n in row[:4]), row)
        self.assertTrue(0 < busy < messages, (busy, messages))
        self.assertGreater(entered, 0)
        self.assertGreater(sent_back[0], 0)

    def test_settle(self):
        books = bench_settle.Books(BUILD)
        try:
            for signed in (False, True):
                text = said(books.trades, 1200, 100, signed)
                self.assertRegex(text, r"^ +100( +\d+(\.\d+)?){8}\n$")
                # The ratio is that of the columns beside it; how large it is says nothing here.
                _, ours, bare, ratio = (float(n) for n in text.split()[:4])
                self.assertAlmostEqual(ratio, ours / bare, delta=0.006 + ours / bare / min(ours, bare))
                # Of the last transaction nobody signed what it concluded.
                self.assertEqual(books.pg.sql("SELECT count(*) > 2000, bool_and(holds) FROM"
                                              " petahour.contract_countersignature"), "t|t" if signed else "f|")
            text = said(books.rebuild, 600)
            self.assertIn("from a journal of 600 records", text)
            text = said(settle_behind.measure, books, 300)
            self.assertRegex(text, r"settled \d+ trades/s over all.*\nBooks made anew from that journal: 300 trades")
        finally:
            books.close()
        for words, why in ((["many"], "is no number above 0"), (["behind", "0"], "is no number above 0"),
                           (["1", "2", "3", "4"], "usage: bench_settle.py"),
                           (["behind"] + ["1"] * 2, "usage: bench_settle.py")):
            done = subprocess.run([sys.executable, str(BENCH / "bench_settle.py"), str(BUILD), *words],
                                  capture_output=True, text=True, check=False,
                                  env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual(done.returncode, 1, words)
            self.assertIn(why, done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
