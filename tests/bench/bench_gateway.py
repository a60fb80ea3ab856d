# SPDX-License-Identifier: Apache-2.0
"""Durable orders from client to report, beside the same messages with no market in between.

usage: bench_gateway.py BUILD_FOLDER

Starts engine, notary and gateway with real keys in a temporary directory, registers as many buyers
as there are clients, and sends orders by gateway_load. The bare path, gateway_bare, runs in turn with
it, on the same file system; both print medians of RUNS runs. See the heads of these two files.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from live_market import MARKET, Market, first_period, register  # noqa: E402

RUNS = 3
PATIENCE = 300
CLIENTS_MOST = 64
# Clients, orders, unanswered orders of one client at most, orders in a frame.
PIPELINED = [
    (1, 100_000, 2048, 1),
    (1, 200_000, 4096, 16),
    (8, 100_000, 512, 1),
    (8, 200_000, 1024, 16),
    (64, 100_000, 64, 1),
    (64, 200_000, 128, 16),
]
PING_PONG = [(1, 2_000, 1, 1), (8, 8_000, 1, 1), (64, 32_000, 1, 1)]
TICKS = os.sysconf("SC_CLK_TCK")


def numbers(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode != 0:
        sys.exit(f"bench_gateway: {command[0]}: {done.stderr.strip()}")
    return [float(n) for n in done.stdout.split()]


def cpu_seconds(market):
    """User and system time of the daemons so far."""
    spent = 0
    for process in market.processes.values():
        fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / TICKS


def register_buyers(market):
    os.mkdir(f"{market.run}/keys")
    for i in range(1, CLIENTS_MOST + 1):
        key = f"{market.run}/keys/buyer-{i}.key"
        market.cli("keygen", "--name", f"buyer-{i}", "--out", key)
        op = {"key": "operator"}
        market.cli("participant", "register", "--name", f"buyer-{i}", "--roles", "buyer", "--of", key, **op)
        market.cli("deposit", "--participant", f"buyer-{i}", "--amount", "1000000",
                   "--reference", f"buyer-{i}", **op)  # fmt: skip


class Bench:
    def __init__(self, build):
        self.load = str(build / "tests/bench/gateway_load")
        self.bare = str(build / "tests/bench/gateway_bare")
        more = "orders_max = 8388608\norder_periods_max = 8388608\n"
        programs = ["clients/cli/petahour", "engine/host/petahour-engine",
                    "engine/notary/petahour-notary", "gateway/petahour-gateway"]  # fmt: skip
        no_limit = "messages_per_second = 10000000\nmessage_burst = 10000000\n"
        self.market = Market([str(build / p) for p in programs], engine=more, gateway=no_limit)
        try:
            register(self.market)
            register_buyers(self.market)
        except BaseException:
            self.market.close()
            raise

    def run(self, row):
        """Medians of gateway_load and gateway_bare, and microseconds of daemons an order."""
        clients, count, in_flight, frame = row
        words = [str(n) for n in (clients, count, in_flight, frame)]
        ours, bare, cpu = [], [], []
        for _ in range(RUNS):
            before = cpu_seconds(self.market)
            ours.append(numbers([self.load, f"{self.market.run}/gateway.ready", f"{self.market.run}/keys",
                                 "1", str(first_period()), *words]))  # fmt: skip
            cpu.append((cpu_seconds(self.market) - before) * 1e6 / count)
            bare.append(numbers([self.bare, f"{self.market.run}/bare", *words]))
        middle = lambda runs: [statistics.median(column) for column in zip(*runs)]  # noqa: E731
        return middle(ours), middle(bare), statistics.median(cpu)


def main():
    bench = Bench(Path(sys.argv[1]).resolve())
    try:
        print(f"\nDurable orders of {MARKET}, CURVE on, thousand a second")
        print(f"{'clients, orders a frame':<26} {'market':>9} {'bare':>9} {'ratio':>7} {'p50 ms':>9} {'p99 ms':>9}"
              f" {'bare p50':>9} {'bare p99':>9} {'CPU us':>7}")  # fmt: skip
        for row in PIPELINED:
            ours, bare, cpu = bench.run(row)
            print(f"{f'{row[0]}, {row[3]}':<26} {ours[0] / 1e3:9.1f} {bare[0] / 1e3:9.1f} {ours[0] / bare[0]:7.2f}"
                  f" {ours[1] / 1e3:9.2f} {ours[2] / 1e3:9.2f} {bare[1] / 1e3:9.2f} {bare[2] / 1e3:9.2f}"
                  f" {cpu:7.1f}", flush=True)  # fmt: skip
        print("\nOne order in flight for each client, microseconds")
        print(f"{'clients':<26} {'p50':>9} {'p99':>9} {'bare p50':>9} {'bare p99':>9} {'ratio p50':>10}")
        for row in PING_PONG:
            ours, bare, _ = bench.run(row)
            print(f"{row[0]:<26} {ours[1]:9.0f} {ours[2]:9.0f} {bare[1]:9.0f} {bare[2]:9.0f}"
                  f" {ours[1] / bare[1]:10.2f}", flush=True)  # fmt: skip
    finally:
        bench.market.close()


if __name__ == "__main__":
    main()
