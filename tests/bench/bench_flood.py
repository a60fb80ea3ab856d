# SPDX-License-Identifier: Apache-2.0
"""What one participant's flood costs another: acknowledgements of a quiet client, with and without.

usage: bench_flood.py BUILD_FOLDER

A quiet client (gateway_load) sends one order after the other, in turn

  alone      nobody else does anything,
  elsewhere  a flood goes to another program on this machine, which sends every frame back: what the
             flooder, its sockets and its encryption cost a machine that both share,
  flooded    the same flood goes to the gateway.

The flood is of another participant, in a process of its own over SESSIONS sessions, and ten times as
many messages as its limit: one session enters orders that never rest, the others cancel orders that do
not exist. What is within the limit goes through engine and journal, the rest is answered Busy. It is
measured with the limit that is configured by default, and with one whose flood takes more processors than
a small machine has. Prints medians of RUNS runs, ratios of the 50th and
99th percentiles, and how much of the flood was really sent.
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
LIMITS = (10_000, 100_000)  # messages a second of one participant; the first is the default
KEYS = ("messages_per_second", "message_burst", "session_messages_per_second", "session_message_burst")
PROGRAMS = ("clients/cli/petahour", "engine/host/petahour-engine", "engine/notary/petahour-notary",
            "gateway/petahour-gateway")  # fmt: skip
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


def send_back(connect):
    """A server that gives every frame back, and nothing else; says in `connect` where it is."""
    public, secret = zmq.curve_keypair()
    s = zmq.Context().socket(zmq.ROUTER)
    s.curve_server, s.curve_secretkey = True, secret
    s.bind("tcp://127.0.0.1:*")
    text = f"order_entry = {s.last_endpoint.decode()}\nserver_key = {public.decode()}\n"
    Path(connect).write_text(text, encoding="ascii")
    while True:
        s.send_multipart(s.recv_multipart())


def flood(connect, key, rate, stop, counts):
    tail, cancels = order_tail(first_period()), CANCEL * FRAME
    first = time.time_ns() // 1000  # above the ids of earlier runs
    sessions = [Flooder(connect, key, lambda sent: orders(first + sent, tail))]
    sessions += [Flooder(connect, key, lambda sent: cancels) for _ in range(SESSIONS - 1)]
    begun = time.monotonic()
    while not stop.is_set():
        due = (time.monotonic() - begun) * rate / SESSIONS
        went = [s.send() for s in sessions if s.sent < due]
        for s in sessions:
            s.read()
        if not any(went):
            time.sleep(0.0005)
    counts[0], counts[1] = sum(s.sent for s in sessions), sum(s.busy for s in sessions)
    counts[2], counts[3] = time.monotonic() - begun, sessions[0].sent


class Bench:
    def __init__(self, build, limit):
        programs = [str(build / p) for p in PROGRAMS]
        self.load, self.limit = str(build / "tests/bench/gateway_load"), limit
        self.market = Market(programs, gateway="".join(f"{name} = {limit}\n" for name in KEYS))
        self.elsewhere = multiprocessing.Process(target=send_back, args=(f"{self.market.run}/elsewhere",), daemon=True)
        try:
            register(self.market)
            op = {"key": "operator"}
            self.market.cli("keygen", "--name", "quiet", "--out", f"{self.market.run}/buyer-1.key")
            self.market.cli("participant", "register", "--name", "quiet", "--roles", "buyer", "--of",
                            f"{self.market.run}/buyer-1.key", **op)  # fmt: skip
            self.market.cli("deposit", "--participant", "quiet", "--amount", "1000000", "--reference", "q", **op)
            self.elsewhere.start()
            while not Path(f"{self.market.run}/elsewhere").exists():
                time.sleep(0.01)
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.elsewhere.is_alive():
            self.elsewhere.kill()
            self.elsewhere.join()
        self.market.close()

    def quiet(self):
        m = self.market
        command = [self.load, f"{m.run}/gateway.ready", m.run, "1", str(first_period()), "1", str(QUIET), "1", "1", "0"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            sys.exit(f"bench_flood: gateway_load ended with {done.returncode}: {done.stderr.strip()}")
        return [float(n) for n in done.stdout.split()]

    def beside(self, where):
        """The quiet client beside a flood of what `where` names; what was sent, busy, and orders, a second."""
        stop, counts = multiprocessing.Event(), multiprocessing.Array("d", 4)
        of = (f"{self.market.run}/{where}", self.market.key("buyer"), 10 * self.limit, stop, counts)
        flooder = multiprocessing.Process(target=flood, args=of)
        flooder.start()
        time.sleep(1.5)  # the burst is used up
        try:
            row = self.quiet()
        finally:
            stop.set()
            flooder.join(PATIENCE)
        return row, [counts[0] / counts[2], counts[1] / counts[2], counts[3] / counts[2]]


def measure(build, limit):
    bench = Bench(build, limit)
    rows, sent = {"alone": [], "elsewhere": [], "flooded": []}, []
    try:
        for _ in range(RUNS):
            rows["alone"].append(bench.quiet())
            rows["elsewhere"].append(bench.beside("elsewhere")[0])
            row, told = bench.beside("gateway.ready")
            rows["flooded"].append(row)
            sent.append(told)
    finally:
        bench.close()
    medians = {name: [statistics.median(r[i] for r in of) for i in range(5)] for name, of in rows.items()}
    for name, m in medians.items():
        print(f"{limit:9} {name:12} {m[0]:9.0f} {m[1]:8.0f} {m[2]:8.0f} {m[3]:9.0f}")
    for other in ("alone", "elsewhere"):
        p50, p99 = (medians["flooded"][i] / medians[other][i] for i in (1, 2))
        print(f"{limit:9} {'flooded : ' + other:22} {p50:8.2f} {p99:8.2f}")
    told = [statistics.median(s[i] for s in sent) for i in range(3)]
    print(f"{limit:9} the flood: {told[0]:.0f} messages/s of {10 * limit} that were wanted, {told[2]:.0f} of them orders, "
          f"{told[1]:.0f} answered Busy", flush=True)  # fmt: skip


def main():
    print(f"{'limit':>9} {'quiet client':12} {'orders/s':>9} {'p50 us':>8} {'p99 us':>8} {'p99.9 us':>9}", flush=True)
    for limit in LIMITS:
        measure(Path(sys.argv[1]), limit)


if __name__ == "__main__":
    main()
