# SPDX-License-Identifier: Apache-2.0
"""What one participant's flood costs another: acknowledgements of a quiet client, with and without.

usage: bench_flood.py BUILD_FOLDER

A quiet client (gateway_load) sends one order after the other. In every second run another
participant sends cancellations of orders that do not exist, ten times as many as its limit, in a
process of its own. What is within the limit goes through engine and journal, the rest is answered
Busy. Prints medians of RUNS runs and the ratio of the 99th percentiles.
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
LIMIT = 5_000  # messages a second of one participant
FLOOD = 10 * LIMIT
FRAME = 25  # messages in one
QUIET = 3_000  # orders of one run
PATIENCE = 300
HEADER = b"\1\1"
LOGON = bytes.fromhex("0a080a06080110011801")
CANCEL = bytes.fromhex("0a0a2a08080110ffffffff7f")  # request 1, an order that is not there
BUSY = 0x22  # first byte of a Busy in a frame's message


def key_pair(path):
    pairs = dict(x.split(" = ", 1) for x in Path(path).read_text(encoding="utf-8").splitlines() if " = " in x)
    return pairs["curve_public"].encode(), pairs["curve_secret"].encode()


def flood(connect, key, stop, counts):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string("[g]\n" + Path(connect).read_text(encoding="ascii"))
    s = zmq.Context().socket(zmq.DEALER)
    s.linger = 0
    s.curve_publickey, s.curve_secretkey = key_pair(key)
    s.curve_serverkey = parser["g"]["server_key"].encode()
    s.connect(parser["g"]["order_entry"])
    s.send_multipart([HEADER, LOGON])
    frame, sent, busy, begun = CANCEL * FRAME, 0, 0, time.monotonic()
    while not stop.is_set():
        due = (time.monotonic() - begun) * FLOOD
        while sent < due:
            s.send_multipart([HEADER, frame])
            sent += FRAME
        while s.poll(0):
            payload = s.recv_multipart()[1]
            while payload:  # messages are short: one byte of length
                busy += payload[2] == BUSY
                if payload[2] == 0x12:  # SessionRefused
                    s.send_multipart([HEADER, LOGON])
                payload = payload[2 + payload[1] :] if payload[1] < 128 else b""
        time.sleep(0.0005)
    counts[0], counts[1], counts[2] = sent, busy, time.monotonic() - begun


class Bench:
    def __init__(self, build):
        programs = ["clients/cli/petahour", "engine/host/petahour-engine",
                    "engine/notary/petahour-notary", "gateway/petahour-gateway"]  # fmt: skip
        limits = f"messages_per_second = {LIMIT}\nmessage_burst = {LIMIT}\n"
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
        stop, counts = multiprocessing.Event(), multiprocessing.Array("d", 3)
        where = (f"{self.market.run}/gateway.ready", self.market.key("buyer"), stop, counts)
        flooder = multiprocessing.Process(target=flood, args=where)
        flooder.start()
        time.sleep(1.5)  # the burst is used up
        try:
            return self.quiet(), list(counts)
        finally:
            stop.set()
            flooder.join(PATIENCE)
            self.sent = [counts[0] / counts[2], counts[1] / counts[2]]


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
    for name, m in zip(("nobody else", f"another sends at its limit x {FLOOD // LIMIT}"), medians):
        print(f"{name:32} {m[0]:9.0f} {m[1]:8.0f} {m[2]:8.0f} {m[3]:9.0f}")
    print(f"{'p99, flooded : alone':32} {medians[1][2] / medians[0][2]:9.2f}")
    print(f"{'the flood':32} {statistics.median(s[0] for s in sent):9.0f} messages/s, of which "
          f"{statistics.median(s[1] for s in sent):.0f} answered Busy; the limit is {LIMIT}")  # fmt: skip


if __name__ == "__main__":
    main()
