# SPDX-License-Identifier: Apache-2.0
"""Durable orders from client to report, beside the same messages with no market in between.

usage: bench_gateway.py BUILD_FOLDER [TABLE...]

Starts engine and gateway with real keys in a temporary directory, registers as many buyers as there
are clients, and sends orders by gateway_load.  The bare path, gateway_bare, runs in turn with it, on
the same file system; figures are medians of RUNS runs, and ratios are of runs of the same minute.
See the heads of the programs.  Every run has a bound of its own: one that does not end within it is
told as such, the next one follows, and the bench ends with 1.

Tables (all, if none is named):
  pipelined  throughput and latency, and the processor time of an order; beside them the same messages on the
             same way, client, gateway, engine, disk and back, and with one process in place of two
  pingpong   one order in flight for each client; what is bare is one round trip and one sync
  offered    orders that are offered by the clock
  durable    the same market with its journal on the disk and in memory
  follower   the first rows again with the notary, which replays what the engine does
  fanout     market data to many subscribers, beside a bare XPUB
  idle       memory and processor time of a gateway's sessions that only send heartbeats
"""

import os
import resource
import select
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from live_market import MARKET, Market, first_period, register  # noqa: E402

RUNS = 3
RUN_SECONDS = 30
CLIENTS_MOST = 64
# Clients, orders, unanswered orders of one client at most, orders in a frame, orders a second.
PIPELINED = [
    (1, 100_000, 2048, 1, 0),
    (1, 200_000, 2048, 16, 0),
    (8, 100_000, 256, 1, 0),
    (8, 200_000, 256, 16, 0),
    (64, 100_000, 32, 1, 0),
    (64, 200_000, 32, 16, 0),
]
PING_PONG = [(1, 2_000, 1, 1, 0), (8, 8_000, 1, 1, 0), (64, 32_000, 1, 1, 0)]
OFFERED = [
    (1, 40_000, 2048, 1, 20_000),
    (1, 200_000, 2048, 1, 100_000),
    (8, 200_000, 256, 1, 100_000),
    (8, 200_000, 256, 16, 100_000),
]
DURABLE = [(1, 100_000, 2048, 1, 0), (8, 200_000, 256, 16, 0)]
FANOUT = [(1, 200_000), (10, 40_000), (100, 5_000)]
# Programs that open them, keys of each, sessions of each key; every row comes on top of those before.
IDLE = [(1, 10, 1), (1, 6, 15), (1, 60, 15), (3, 200, 15)]
IDLE_SECONDS = 5
OPEN_SECONDS = 120
TICKS = os.sysconf("SC_CLK_TCK")
MORE = "orders_max = 8388608\norder_periods_max = 8388608\ntouch_tables = 1\n"
# What one participant may send is not what is measured.
NO_LIMIT = "".join(
    f"{key} = 10000000\n"
    for key in ("messages_per_second", "message_burst", "session_messages_per_second", "session_message_burst",
                "open_orders_max")
) + "sessions_max = 10000\n"  # fmt: skip

missing = []


def numbers(command):
    """What a program printed; None if it did not end in time."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        sys.exit(f"bench_gateway: {command[0]}: {done.stderr.strip()}")
    return [float(n) for n in done.stdout.split()]


def cpu_us(process):
    """User and system time of a process so far."""
    fields = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / TICKS


def resident_kib(process):
    for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    sys.exit("bench_gateway: no RssAnon in /proc")


def title(text, *columns):
    print(f"\n{text}\n{'':<30}" + "".join(f"{c:>10}" for c in columns), flush=True)


def row(name, figures, seconds=RUN_SECONDS):
    """Figures are numbers, with two digits where they are small."""
    if figures is None:
        missing.append(name)
        print(f"{name:<30}   no result within {seconds} s", flush=True)
        return
    print(f"{name:<30}" + "".join(f"{f:10.2f}" if f < 100 else f"{f:10,.0f}" for f in figures), flush=True)


def name_of(what):
    return f"{what[0]} clients, {what[3]} a frame" + (f", {what[4] // 1000} k/s" if what[4] else "")


class Bench:
    """A market whose buyers have keys and money.  journal: its directory, if not beside the rest."""

    def __init__(self, build, journal=None):
        self.build = build
        programs = ["clients/cli/petahour", "engine/host/petahour-engine",
                    "engine/notary/petahour-notary", "gateway/petahour-gateway"]  # fmt: skip
        self.market = Market([str(build / p) for p in programs], journal, MORE, NO_LIMIT)
        try:
            register(self.market)
            self.register_buyers()
            self.market.kill("notary")
        except BaseException:
            self.market.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.market.close()

    def register_buyers(self):
        run, op = self.market.run, {"key": "operator"}
        os.mkdir(f"{run}/keys")
        for i in range(1, CLIENTS_MOST + 1):
            name, key = f"buyer-{i}", f"{run}/keys/buyer-{i}.key"
            self.market.cli("keygen", "--name", name, "--out", key)
            self.market.cli("participant", "register", "--name", name, "--roles", "buyer", "--of", key, **op)
            self.market.cli("deposit", "--participant", name, "--amount", "1000000", "--reference", name, **op)

    def load(self, what):
        """What gateway_load printed, and microseconds of each daemon an order; None: nothing in time."""
        daemons = self.market.processes
        before = {name: cpu_us(p) for name, p in daemons.items()}
        told = numbers([str(self.build / "tests/bench/gateway_load"), f"{self.market.run}/gateway.ready",
                        f"{self.market.run}/keys", "1", str(first_period()), *(str(n) for n in what)])  # fmt: skip
        if told is None:
            return None
        return told + [(cpu_us(p) - before[name]) / what[1] for name, p in daemons.items()]

    def bare(self, what, hops=1):
        return numbers([str(self.build / "tests/bench/gateway_bare"), f"{self.market.run}/bare", str(hops),
                        *(str(n) for n in what)])  # fmt: skip

    def beside(self, what, *hops):
        """Medians of what load and bare, with each number of hops, say; None: one of them did not end."""
        return middle([(self.load(what), *(self.bare(what, n) for n in hops)) for _ in range(RUNS)])


def middle(pairs):
    if any(side is None for row_of in pairs for side in row_of):
        return None
    return tuple([statistics.median(column) for column in zip(*side)] for side in zip(*pairs))


def pipelined(bench):
    title(f"Durable orders of {MARKET}, CURVE on: thousand a second, milliseconds, microseconds of processor"
          " time an order", "market", "bare", "ratio", "one hop", "ratio", "p50", "p99", "bare p50", "bare p99",
          "client", *bench.market.processes, "all", "bare", "one hop")  # fmt: skip
    for what in PIPELINED:
        got = bench.beside(what, 2, 1)
        figures = None
        if got is not None:
            ours, bare, one_hop = got
            figures = [ours[0] / 1e3, bare[0] / 1e3, ours[0] / bare[0], one_hop[0] / 1e3, ours[0] / one_hop[0],
                       ours[1] / 1e3, ours[2] / 1e3, bare[1] / 1e3, bare[2] / 1e3, *ours[5:], sum(ours[5:]),
                       bare[5], one_hop[5]]  # fmt: skip
        row(name_of(what), figures)


def timed(bench, text, rows):
    title(text, "p50", "p99", "p99.9", "bare p50", "bare p99", "bare 99.9", "ratio p50", "ratio p99", "k/s")
    for what in rows:
        got = bench.beside(what, 1)
        figures = None
        if got is not None:
            ours, bare = got
            figures = [*ours[1:4], *bare[1:4], ours[1] / bare[1], ours[2] / bare[2], ours[0] / 1e3]
        row(name_of(what), figures)


def pingpong(bench):
    timed(bench, "One order in flight for each client, beside a round trip and a sync: microseconds", PING_PONG)


def offered(bench):
    timed(bench, "Orders offered by the clock: microseconds from the moment when they were due", OFFERED)


def durable(bench):
    title("The journal on the disk, and in memory: thousand a second", "disk", "memory", "ratio")
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(prefix="ph", dir=shared) as memory, Bench(
        bench.build, f"{memory}/journal"
    ) as other:
        for what in DURABLE:
            got = middle([(bench.load(what), other.load(what)) for _ in range(RUNS)])
            row(name_of(what), got and [got[0][0] / 1e3, got[1][0] / 1e3, got[0][0] / got[1][0]])


def follower(bench):
    bench.market.start("notary")
    try:
        pipelined(bench)
    finally:
        bench.market.kill("notary")


def fanout(bench):
    title("Market data with CURVE: thousand deliveries a second", "market", "bare", "ratio", "bytes")
    for subscribers, frames in FANOUT:
        program = str(bench.build / "tests/bench/gateway_fanout")
        got = middle([(numbers([program, str(subscribers), str(frames)]), []) for _ in range(RUNS)])
        row(f"{subscribers} subscribers", got and [got[0][0] / 1e3, got[0][1] / 1e3, got[0][0] / got[0][1], got[0][2]])


def idle_key(bench, i):
    """A buyer without money: it only keeps sessions."""
    name, key = f"idle-{i}", f"{bench.market.run}/idle/buyer-{i}.key"
    bench.market.cli("keygen", "--name", name, "--out", key)
    bench.market.cli("participant", "register", "--name", name, "--roles", "buyer", "--of", key, key="operator")


def open_idle(bench, held, first, row_of):
    """Starts the programs of a row; the first key that is left, and whether all were ready in time."""
    programs, keys, each = row_of
    with open(f"{bench.market.run}/gateway.ready", encoding="ascii") as f:
        ready = dict(line.strip().split(" = ") for line in f)
    started = []
    for _ in range(programs):
        p = subprocess.Popen([str(bench.build / "tests/bench/gateway_idle"), ready["order_entry"],
                              ready["server_key"], f"{bench.market.run}/idle", str(first), str(keys), str(each)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # fmt: skip
        started.append(held.enter_context(p))
        held.callback(p.stdin.close)
        first += keys
    end = time.monotonic() + OPEN_SECONDS
    told = [select.select([p.stdout], [], [], max(0, end - time.monotonic()))[0] and p.stdout.readline()
            for p in started]  # fmt: skip
    return first, all(line == "ready\n" for line in told)


def idle(bench):
    os.mkdir(f"{bench.market.run}/idle")
    for i in range(1, 1 + sum(programs * keys for programs, keys, _ in IDLE)):
        idle_key(bench, i)
    # What other tables left in the memory is not what sessions cost.
    bench.market.kill("gateway")
    bench.market.start("gateway")
    gateway = bench.market.processes["gateway"]
    before, first, cnt = resident_kib(gateway), 1, 0
    title("Sessions that only send heartbeats: memory of the gateway, milliseconds of its processor time a second",
          "KiB", "KiB each", "ms/s", "connect s")  # fmt: skip
    with ExitStack() as held:
        for what in IDLE:
            begun = time.monotonic()
            first, is_ready = open_idle(bench, held, first, what)
            took = time.monotonic() - begun
            cnt += what[0] * what[1] * what[2]
            used, cpu, begun = resident_kib(gateway) - before, cpu_us(gateway), time.monotonic()
            time.sleep(IDLE_SECONDS)
            busy = (cpu_us(gateway) - cpu) / 1e3 / (time.monotonic() - begun)
            row(f"{cnt:,} sessions", [used, used / cnt, busy, took] if is_ready else None, OPEN_SECONDS)


TABLES = [pipelined, pingpong, offered, durable, follower, fanout, idle]


def main():
    wanted = sys.argv[2:] or [t.__name__ for t in TABLES]
    unknown = set(wanted) - {t.__name__ for t in TABLES}
    if unknown:
        sys.exit(f"bench_gateway: no table \"{unknown.pop()}\"; there are: {', '.join(t.__name__ for t in TABLES)}")
    # A session is an open file of the gateway and two of its client.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Bench(Path(sys.argv[1]).resolve()) as bench:
        for table in TABLES:
            if table.__name__ in wanted:
                table(bench)
    if missing:
        sys.exit(f"bench_gateway: {len(missing)} rows have no result")


if __name__ == "__main__":
    main()
