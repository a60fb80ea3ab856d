# SPDX-License-Identifier: Apache-2.0
"""What one participant's flood costs another: acknowledgements of a quiet client, with and without.

usage: bench_flood.py BUILD_FOLDER

A quiet client (gateway_load) sends one order after the other. In every second run another
participant floods in a process of its own, over SESSIONS sessions, with ten times as many messages as
the limit that is configured by default: one session enters orders that never rest, the others cancel
orders that do not exist. What is within the limit goes through engine and journal, the rest is
answered Busy. Prints medians of RUNS runs, the ratio of the 99th percentiles, and how much of the
flood was really sent.
"""

import configparser
import multiprocessing
import statistics
import subprocess
import sys
import time
from pathlib import Path

import zmq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from live_market import Market, first_period, register  # noqa: E402

RUNS = 5
LIMIT = 100_000  # messages a second of one participant, by default
FLOOD = 10 * LIMIT
LIMITS = ("messages_per_second", "message_burst", "session_messages_per_second", "session_message_burst")
SESSIONS = 4
IOC = 3
FRAME = 125  # messages in one
QUIET = 3_000  # orders of one run
PATIENCE = 300
HEADER = b"\1\1"
LOGON = bytes.fromhex("0a080a06080110011801")
CANCEL = bytes.fromhex("0a0a2a08080110ffffffff7f")  # request 1, an order that is not there
BUSY = 0x22  # first byte of a Busy in a frame's message


def varint(n):
    low, n = n & 127, n >> 7
    return bytes([low | 128]) + varint(n) if n else bytes([low])


def order_tail(period):
    """What follows the id in a NewOrder: product 1, BUY, EACH, one hour, quantity and price 1, IOC."""
    return b"\x10\1\x18\1\x20\1\x28" + varint(period) + b"\x30\1\x40\1\x48\1\x50" + varint(IOC)


def orders(first_id, tail):
    """A frame of orders with ids from first_id on."""
    parts = []
    for number in range(first_id, first_id + FRAME):
        order = b"\x08" + varint(number) + tail
        parts.append(bytes([0x0A, len(order) + 2, 0x22, len(order)]) + order)
    return b"".join(parts)


def key_pair(path):
    pairs = dict(x.split(" = ", 1) for x in Path(path).read_text(encoding="utf-8").splitlines() if " = " in x)
    return pairs["curve_public"].encode(), pairs["curve_secret"].encode()


class Flooder:
    """One session: sends frames of `frame`, counts what is answered Busy."""

    def __init__(self, connect, key, frame):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string("[g]\n" + Path(connect).read_text(encoding="ascii"))
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.curve_publickey, self.socket.curve_secretkey = key_pair(key)
        self.socket.curve_serverkey = parser["g"]["server_key"].encode()
        self.socket.connect(parser["g"]["order_entry"])
        self.socket.send_multipart([HEADER, LOGON])
        self.frame, self.sent, self.busy = frame, 0, 0

    def send(self):
        """False: the queue to the gateway is full, which is as fast as it goes."""
        try:
            self.socket.send_multipart([HEADER, self.frame(self.sent)], zmq.DONTWAIT)
        except zmq.Again:
            return False
        self.sent += FRAME
        return True

    def read(self):
        while self.socket.poll(0):
            payload = self.socket.recv_multipart()[1]
            while payload:  # a message that is longer than 127 bytes is a report: the rest is not looked at
                self.busy += payload[2] == BUSY
                if payload[2] == 0x12:  # SessionRefused
                    self.socket.send_multipart([HEADER, LOGON])
                payload = payload[2 + payload[1] :] if payload[1] < 128 else b""


def flood(connect, key, stop, counts):
    tail, cancels = order_tail(first_period()), CANCEL * FRAME
    first = time.time_ns() // 1000  # above the ids of earlier runs
    sessions = [Flooder(connect, key, lambda sent: orders(first + sent, tail))]
    sessions += [Flooder(connect, key, lambda sent: cancels) for _ in range(SESSIONS - 1)]
    begun = time.monotonic()
    while not stop.is_set():
        due = (time.monotonic() - begun) * FLOOD / SESSIONS
        went = [s.send() for s in sessions if s.sent < due]
        for s in sessions:
            s.read()
        if not any(went):
            time.sleep(0.0005)
    counts[0], counts[1] = sum(s.sent for s in sessions), sum(s.busy for s in sessions)
    counts[2], counts[3] = time.monotonic() - begun, sessions[0].sent


class Bench:
    def __init__(self, build):
        programs = ["clients/cli/petahour", "engine/host/petahour-engine",
                    "engine/notary/petahour-notary", "gateway/petahour-gateway"]  # fmt: skip
        limits = "".join(f"{name} = {LIMIT}\n" for name in LIMITS)
        self.load = str(build / "tests/bench/gateway_load")
        self.market = Market([str(build / p) for p in programs], gateway=limits)
        try:
            register(self.market)
            op = {"key": "operator"}
            self.market.cli("keygen", "--name", "quiet", "--out", f"{self.market.run}/buyer-1.key")
            self.market.cli("participant", "register", "--name", "quiet", "--roles", "buyer", "--of",
                            f"{self.market.run}/buyer-1.key", **op)  # fmt: skip
            self.market.cli("deposit", "--participant", "quiet", "--amount", "1000000", "--reference", "q", **op)
        except BaseException:
            self.market.close()
            raise

    def quiet(self):
        m = self.market
        command = [self.load, f"{m.run}/gateway.ready", m.run, "1", str(first_period()), "1", str(QUIET), "1", "1", "0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            sys.exit(f"bench_flood: gateway_load ended with {done.returncode}: {done.stderr.strip()}")
        return [float(n) for n in done.stdout.split()]

    def flooded(self):
        stop, counts = multiprocessing.Event(), multiprocessing.Array("d", 4)
        where = (f"{self.market.run}/gateway.ready", self.market.key("buyer"), stop, counts)
        flooder = multiprocessing.Process(target=flood, args=where)
        flooder.start()
        time.sleep(1.5)  # the burst is used up
        try:
            return self.quiet(), list(counts)
        finally:
            stop.set()
            flooder.join(PATIENCE)
            self.sent = [counts[0] / counts[2], counts[1] / counts[2], counts[3] / counts[2]]


def main():
    bench = Bench(Path(sys.argv[1]))
    alone, beside, sent = [], [], []
    try:
        for _ in range(RUNS):
            alone.append(bench.quiet())
            beside.append(bench.flooded()[0])
            sent.append(bench.sent)
    finally:
        bench.market.close()
    print(f"{'quiet client, one in flight':32} {'orders/s':>9} {'p50 us':>8} {'p99 us':>8} {'p99.9 us':>9}")
    medians = [[statistics.median(r[i] for r in rows) for i in range(5)] for rows in (alone, beside)]
    for name, m in zip(("nobody else", f"another sends over {SESSIONS} sessions"), medians):
        print(f"{name:32} {m[0]:9.0f} {m[1]:8.0f} {m[2]:8.0f} {m[3]:9.0f}")
    print(f"{'p99, flooded : alone':32} {medians[1][2] / medians[0][2]:9.2f}")
    told = [statistics.median(s[i] for s in sent) for i in range(3)]
    print(f"{'the flood':32} {told[0]:9.0f} messages/s of {FLOOD} that were wanted, {told[2]:.0f} of them orders, "
          f"{told[1]:.0f} answered Busy; the limit is {LIMIT}")  # fmt: skip


if __name__ == "__main__":
    main()
