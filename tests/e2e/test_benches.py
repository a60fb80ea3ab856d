#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmarks that are scripts still run: a few hundred orders each, so that an argument that has
changed is found here and not by whoever measures. What they say of speed is not looked at.

usage: test_benches.py BUILD_FOLDER"""

import contextlib
import io
import os
import subprocess
import sys
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


class Benches(unittest.TestCase):
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
        bench = bench_flood.Bench(BUILD)
        try:
            alone = bench.quiet()
            beside, _ = bench.flooded()
        finally:
            bench.market.close()
        self.assertEqual((len(alone), len(beside)), (6, 6))
        self.assertTrue(all(n > 0 for n in alone[:4] + beside[:4]), (alone, beside))
        messages, busy = bench.sent
        self.assertTrue(0 < busy < messages, bench.sent)

    def test_settle(self):
        books = bench_settle.Books(BUILD)
        try:
            text = said(books.trades, 1200, 100)
            self.assertRegex(text, r"^ +100( +\d+(\.\d+)?){8}\n$")
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
