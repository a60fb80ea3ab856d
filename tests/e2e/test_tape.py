#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two gateways before one engine, one of them killed while the market trades: no public trade is lost.

usage: test_tape.py PETAHOUR ENGINE NOTARY GATEWAY PETAHOUR_AUDIT

Who follows every trade of a product (`petahour market trades`, which is clients/lib) is told what the
journal holds, each trade once and in order, wherever it is connected and whatever was killed meanwhile.
"""

import collections
import concurrent.futures
import json
import os
import signal
import subprocess
import sys
import threading
import unittest

from live_market import HASH, PATIENCE, Market, first_period, register, start_of

AUDIT = sys.argv[5]
PRODUCTS = ["AI.H100.1", "AI.H100.2"]
BEFORE, AFTER = 6, 24  # trades before the gateway is killed, and while a follower moves


class TwoGateways(Market):
    def configure(self):
        super().configure()
        with open(f"{self.run}/petahour.ini", encoding="ascii") as f:
            text = f.read()
        with open(f"{self.run}/second.ini", "w", encoding="ascii") as f:
            f.write(text.replace("/gateway.ready", "/second.ready"))
        self.daemons["second"] = self.daemons["gateway"]

    def ready(self, *names):
        return ":".join(f"{self.run}/{name}.ready" for name in names)


class Follower:
    """Prints every trade of a product, in a process of its own."""

    def __init__(self, market, product, connect, *options):
        environment = {**os.environ, "PETAHOUR_CONNECT": connect, "PETAHOUR_KEY": market.key("buyer")}
        self.process = subprocess.Popen(
            [market.petahour, "market", "trades", product, "--watch", "--json", *options],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.told, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.told.append(json.loads(line))
                self.changed.notify()

    def wait(self, cnt):
        with self.changed:
            come = self.changed.wait_for(lambda: len(self.told) >= cnt, PATIENCE)
            assert come, f"{len(self.told)} of {cnt} trades came"

    def end(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return self.told


class Tape(unittest.TestCase):
    def setUp(self):
        self.market = m = TwoGateways(sys.argv[1:5])
        self.addCleanup(m.close)
        register(m)
        m.cli("product", "create", "--symbol", PRODUCTS[1], "--model", "H100", "--site", "site-1", "--hardware", "H100",
              "--reference-price", "2.5", "--terms-hash", HASH, key="operator")  # fmt: skip
        m.start("second")
        for i, product in enumerate(PRODUCTS):
            self.order("sell", product, "supplier", periods=4, quantity=30, price=f"2.{i + 1}")
        self.made = collections.Counter()

    def order(self, side, product, who, periods, quantity, price, **gate):
        done = self.market.raw("order", side, "--product", product, "--from", start_of(first_period()), "--periods",
                               str(periods), "--quantity", str(quantity), "--price", price, "--json", key=who, **gate)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)

    def trade(self, product, cnt, gate):
        """At the gateway, of one to three periods."""
        for _ in range(cnt):
            self.made[product] += 1
            self.order("buy", product, "buyer", 1 + self.made[product] % 3, 1, "3", connect=self.market.ready(gate))

    def trade_all(self, cnt, gate):
        for _ in range(cnt):
            for product in PRODUCTS:
                self.trade(product, 1, gate)

    def follower(self, product, connect, *options):
        f = Follower(self.market, product, connect, *options)
        self.addCleanup(f.end)
        return f

    def listed(self, product, gate, *options):
        done = self.market.raw("market", "trades", product, "--json", *options, key="buyer",
                               connect=self.market.ready(gate))  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def journal(self):
        """The trades of each product, as they must be told; ends every process."""
        m = self.market
        for name in [n for n in ("gateway", "second", "notary", "engine") if n in m.processes]:
            m.kill(name, signal.SIGTERM)
        done = subprocess.run([AUDIT, "export", m.journal, "--what=fills", "--format=jsonl", "--quiet"],
                              capture_output=True, text=True, timeout=PATIENCE, check=True)  # fmt: skip
        trades = collections.defaultdict(list)
        for line in done.stdout.splitlines():
            fill = json.loads(line)
            of = trades[PRODUCTS[fill["product"] - 1]]
            if not of or of[-1]["trade"] != fill["trade"]:
                of.append({"number": len(of) + 1, "trade": fill["trade"], "at_ns": fill["at_ns"], "segments": []})
            of[-1]["segments"].append((fill["first_period"], fill["periods"], fill["quantity"], fill["price_micro"]))
        return trades

    def compare(self, told, expected):
        self.assertEqual([t["number"] for t in told], [t["number"] for t in expected])
        for t, e in zip(told, expected):
            self.assertEqual(t["trade"], e["trade"])
            self.assertEqual(t["taker"], "BUY")
            self.assertEqual([(g["from"], g["periods"], g["units"], round(float(g["price"]) * 10**6))
                              for g in t["segments"]],
                             [(start_of(first), periods, quantity, price)
                              for first, periods, quantity, price in e["segments"]])  # fmt: skip

    def test_a_gateway_is_killed_in_the_middle_of_trading(self):
        m = self.market
        both = [self.follower(p, m.ready("gateway", "second")) for p in PRODUCTS]
        self.trade_all(BEFORE, "gateway")
        for f in both:
            f.wait(BEFORE)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            trader = pool.submit(self.trade_all, AFTER, "second")
            both[0].wait(BEFORE + 2)
            m.kill("gateway")
            trader.result(PATIENCE)
        for f in both:
            f.wait(BEFORE + AFTER)
        m.start("gateway")
        for p in PRODUCTS:
            self.assertEqual(self.listed(p, "gateway"), self.listed(p, "second"))
        told = [f.end() for f in both]
        trades = self.journal()
        for p, t in zip(PRODUCTS, told):
            self.assertEqual(len(trades[p]), BEFORE + AFTER)
            self.compare(t, trades[p])

    def test_what_was_traded_while_a_gateway_was_down_is_told(self):
        m, product = self.market, PRODUCTS[0]
        f = self.follower(product, m.ready("gateway"))
        self.trade(product, 2, "gateway")
        f.wait(2)
        m.kill("gateway")
        self.trade(product, 3, "second")
        m.start("gateway")
        m.kill("second")
        f.wait(5)
        self.trade(product, 1, "gateway")
        f.wait(6)
        later = self.listed(product, "gateway", "--from", "3")
        told = f.end()
        self.assertEqual(told[2:], later)
        self.assertEqual(self.listed(product, "gateway", "--from", "7"), [])
        self.assertEqual(self.listed(PRODUCTS[1], "gateway"), [])
        self.compare(told, self.journal()[product])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
