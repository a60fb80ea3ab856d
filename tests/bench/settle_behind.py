# SPDX-License-Identifier: Apache-2.0
"""Settlement behind a market that trades as fast as its gateway goes, on the same machine; part of
bench_settle.py.

A supplier offers everything in one order, and every order of the buyers (gateway_load, with CURVE) is a
trade: engine, gateway, clients, PostgreSQL and settlement share the processors. Prints how many trades
there were and were settled, and how far behind settlement was, as it says itself, until it has caught
up; then makes the books anew from the journal that is left, which has exactly as many trades."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

from bench_gateway import MORE, NO_LIMIT
from live_market import HASH, MARKET, Market, first_period, start_of

BUYERS = 8
IN_FLIGHT, FRAME = 256, 16
PATIENCE = 1800
SAMPLE_S, LINE_S = 0.1, 1.0


def trading_market(build, trades):
    """A market with one offer of as many units as there are to be trades, each of 0.0001; fees and a
    bond are such that a trade is as many transfers as one of a dear unit is."""
    programs = ["clients/cli/petahour", "engine/host/petahour-engine", "engine/notary/petahour-notary",
                "gateway/petahour-gateway"]
    limits = MORE + f"contracts_max = {trades + 1000}\n"
    m = Market([str(build / p) for p in programs], None, limits, NO_LIMIT)
    try:
        op = {"key": "operator"}
        names = {"supplier": m.key("supplier")}
        subprocess.run(["mkdir", f"{m.run}/keys"], check=True)
        for i in range(1, BUYERS + 1):
            names[f"buyer-{i}"] = f"{m.run}/keys/buyer-{i}.key"
            m.cli("keygen", "--name", f"buyer-{i}", "--out", names[f"buyer-{i}"])
        for name, key in names.items():
            m.cli("participant", "register", "--name", name, "--roles", name.split("-")[0], "--of", key, **op)
            m.cli("deposit", "--participant", name, "--amount", "1000000", "--reference", name, **op)
        m.cli("site", "register", "--name", "site-1", "--owner", "supplier", "--region", "r1", "--latitude",
              "40.99", "--longitude", "-113.13", **op)
        m.cli("hardware", "register", "--name", "H100", **op)
        m.cli("product", "create", "--symbol", "AI.H100.1", "--model", "H100", "--site", "site-1",
              "--hardware", "H100", "--reference-price", "0.0001", "--terms-hash", HASH, "--maker-ppm", "100000",
              "--taker-ppm", "200000", "--fee-at-trade-ppm", "500000", "--bond-ppm", "500000",
              "--quantity-max", str(trades), **op)
        m.cli("capacity", "register", "--site", "site-1", "--hardware", "1", "--from", start_of(first_period()),
              "--periods", "1", "--units", str(trades), "--reference", "1", key="supplier")
        m.cli("order", "sell", "--product", "1", "--from", start_of(first_period()), "--price", "0.0001",
              "--quantity", str(trades), key="supplier")
        m.kill("notary")
    except BaseException:
        m.close()
        raise
    return m


class Behind:
    """books: of bench_settle.py, with a fresh database."""

    def __init__(self, books, trades):
        self.books, self.trades = books, trades
        self.market = trading_market(books.build, trades)
        self.ready = f"{self.market.run}/settle.ready"
        self.config = f"{self.market.run}/settle.ini"
        with open(self.config, "w", encoding="ascii") as f:
            f.write(f"[market]\nname = {MARKET}\n[settle]\njournal = {self.market.journal}\n"
                    f"database = {books.pg.conninfo('petahour_settle')}\nready_file = {self.ready}\n"
                    "monitor = 127.0.0.1:0\n")

    def figures(self):
        """Records of the journal, those that have rows, and how far these are behind, as records and as
        seconds: what settlement tells whoever monitors it."""
        with urllib.request.urlopen(f"http://{self.address}/metrics", timeout=PATIENCE) as answer:
            lines = answer.read().decode().splitlines()
        told = dict(re.sub("{.*}", "", line).rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return [float(told[f"petahour_settle_{name}"])
                for name in ("journal_sequence", "sequence", "lag_records", "lag_seconds")]

    def start(self):
        settle = str(self.books.build / "engine/settle/petahour-settle")
        log = f"{self.market.run}/settle.log"
        with open(log, "w", encoding="utf-8") as file:
            self.follower = subprocess.Popen([settle, "--config", self.config], stderr=file)
        self.address = None
        end = time.monotonic() + 60
        while not (self.address and os.path.exists(self.ready)):
            if self.follower.poll() is not None or time.monotonic() > end:
                sys.exit("bench_settle: settlement did not start")
            with open(log, encoding="utf-8") as file:
                at = re.search(r"127\.0\.0\.1:\d+", file.read())
            self.address = at and at.group(0)
            time.sleep(0.05)

    def follow(self):
        """Prints a line each second; gives when the last order was sent and when all had rows."""
        begin, ended, told = time.monotonic(), None, 0.0
        load = subprocess.Popen(
            [str(self.books.build / "tests/bench/gateway_load"), f"{self.market.run}/gateway.ready",
             f"{self.market.run}/keys", "1", str(first_period()), str(BUYERS), str(self.trades),
             str(IN_FLIGHT), str(FRAME), "0"], stdout=subprocess.PIPE, text=True)
        worst, records, rows = [0.0, 0.0], 0.0, 0.0
        while True:
            now = time.monotonic() - begin
            if ended is None and load.poll() is not None:
                if load.returncode != 0:
                    sys.exit("bench_settle: gateway_load gave up")
                ended = now
            if self.follower.poll() is not None or now > PATIENCE:
                sys.exit("bench_settle: settlement gave up")
            durable, seq, lag, seconds = self.figures()
            worst = [max(worst[0], lag), max(worst[1], seconds)]
            done = ended is not None and self.settled() >= self.trades
            if now - told >= LINE_S or done:
                span = now - told
                print(f"{now:>8.1f} {(durable - records) / span:>12.0f} {(seq - rows) / span:>12.0f}"
                      f" {lag:>10.0f} {seconds:>8.1f}  {'trading' if ended is None else 'the load has ended'}",
                      flush=True)
                told, records, rows = now, durable, seq
            if done:
                return ended, now, worst, float(load.communicate()[0].split()[0])
            time.sleep(SAMPLE_S)

    def settled(self):
        return int(self.books.pg.sql("SELECT coalesce(max(id), 0) FROM petahour.contract"))

    def run(self):
        print(f"\nA gateway at its full rate, {BUYERS} clients with CURVE, each order a trade, and settlement behind"
              f" it on the same machine: {self.trades} trades\n{'seconds':>8} {'records/s':>12} {'settled/s':>12}"
              f" {'behind':>10} {'s':>8}", flush=True)
        try:
            self.start()
            ended, caught_up, worst, rate = self.follow()
        finally:
            self.follower.terminate()
            self.follower.wait()
            for name in list(self.market.processes):
                self.market.kill(name, signal.SIGTERM)
        print(f"Made {rate:.0f} trades/s in {ended:.1f} s; settled {self.trades / caught_up:.0f} trades/s over all;"
              f" at most {worst[0]:.0f} records and {worst[1]:.1f} s behind; caught up {caught_up - ended:.1f} s"
              " after the load", flush=True)

    def rebuild(self):
        self.books.fresh()
        empty = self.books.size()
        begin = time.monotonic()
        self.books.program("engine/settle/petahour-settle", "--config", self.config, "--once")
        spent = time.monotonic() - begin
        settled = self.settled()
        if settled != self.trades:
            sys.exit(f"bench_settle: {settled} trades were settled, not {self.trades}")
        rows, indexes = (full - before for full, before in zip(self.books.size(), empty))
        print(f"Books made anew from that journal: {settled} trades in {spent:.1f} s, {settled / spent:.0f} trades/s;"
              f" {rows / settled:.0f} bytes a trade and {indexes / settled:.0f} of indexes", flush=True)

    def close(self):
        self.market.close()


def measure(books, trades):
    books.fresh()
    behind = Behind(books, trades)
    try:
        behind.run()
        behind.rebuild()
    finally:
        behind.close()
