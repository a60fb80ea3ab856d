#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the doors of a running market do with strangers and with nonsense, and a full disk.

usage: test_doors.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_AUDIT
"""

import configparser
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

import live_market
import skips

AUDIT = sys.argv[5]
VERSION, CLIENT_FRAME, GATEWAY_FRAME = 1, 1, 2
SESSION_REFUSED_TAG = 0x12  # field 2 of a GatewayMessage, length-delimited
BUSY_TAG, REPORT_TAG = 0x22, 0x2A


def ready(market):
    """The gateway's addresses and key."""
    with open(f"{market.run}/gateway.ready", encoding="ascii") as f:
        text = "[gateway]\n" + f.read()
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser["gateway"]


def key_pair(path):
    with open(path, encoding="utf-8") as f:
        pairs = dict(line.split(" = ", 1) for line in f.read().splitlines() if " = " in line)
    return pairs["curve_public"].encode(), pairs["curve_secret"].encode()


class Doors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.market = live_market.Market(sys.argv[1:5])
        live_market.register(cls.market)
        cls.context = zmq.Context()

    @classmethod
    def tearDownClass(cls):
        cls.context.destroy(linger=0)
        journal = f"{cls.market.run}/journal"
        done = subprocess.run([AUDIT, "replay", journal], capture_output=True, text=True, check=False)
        cls.market.close()
        assert done.returncode == 0 and "equal" in done.stdout, done.stdout + done.stderr

    def dealer(self, keys, server_key=None):
        s = self.context.socket(zmq.DEALER)
        s.linger = 0
        self.addCleanup(s.close)
        if keys is not None:
            s.curve_publickey, s.curve_secretkey = keys
            s.curve_serverkey = server_key or ready(self.market)["server_key"].encode()
        s.connect(ready(self.market)["order_entry"])
        return s

    def answer(self, socket, ms):
        return socket.recv_multipart() if socket.poll(ms) else None

    def assert_still_serving(self):
        listed = self.market.cli("product", "list", key="buyer")
        self.assertEqual([p["symbol"] for p in listed], ["AI.H100.1"])

    def test_strangers_get_no_answer(self):
        logon = [bytes([VERSION, CLIENT_FRAME]), bytes.fromhex("0a060a0408011801")]
        cases = {
            "a key that nobody registered": self.dealer(zmq.curve_keypair()),
            "no key at all": self.dealer(None),
            "another server's key": self.dealer(
                key_pair(self.market.key("buyer")), zmq.curve_keypair()[0]
            ),
        }
        for socket in cases.values():
            with contextlib.suppress(zmq.Again):  # refused already: ZeroMQ has nobody to send to
                socket.send_multipart(logon, zmq.NOBLOCK)
        for name, socket in cases.items():
            with self.subTest(name):
                self.assertIsNone(self.answer(socket, 400))
        self.assert_still_serving()

    def test_malformed_frames_are_refused_and_harm_nobody(self):
        rng = random.Random(1)
        header = bytes([VERSION, CLIENT_FRAME])
        frames = {
            "one part": [b"hello"],
            "three parts": [header, b"", b""],
            "another version": [bytes([9, CLIENT_FRAME]), b""],
            "a kind that clients do not send": [bytes([VERSION, GATEWAY_FRAME]), b""],
            "no messages": [header, b""],
            "cut in the middle": [header, bytes.fromhex("0a060a04")],
            "an unknown field": [header, bytes.fromhex("0a03f80701")],
            "257 messages": [header, bytes.fromhex("0a021a00") * 257],
            "not logged on": [header, bytes.fromhex("0a021a00")],
            "60,000 empty messages": [header, bytes.fromhex("0a00") * 30000],
        }
        for i in range(40):
            frames[f"random {i}"] = [header, rng.randbytes(rng.randrange(1, 400))]
        for name, parts in frames.items():
            with self.subTest(name):
                socket = self.dealer(key_pair(self.market.key("buyer")))
                socket.send_multipart(parts)
                got = self.answer(socket, 1000 * live_market.PATIENCE)
                self.assertIsNotNone(got, "no answer")
                self.assertEqual(got[0], bytes([VERSION, GATEWAY_FRAME]))
                self.assertEqual(got[1][2], SESSION_REFUSED_TAG, got[1])
                socket.close()
        self.assert_still_serving()

    def test_a_frame_that_is_too_long_ends_the_connection_alone(self):
        socket = self.dealer(key_pair(self.market.key("buyer")))
        socket.send_multipart([bytes([VERSION, CLIENT_FRAME]), bytes(1 << 20)])
        self.assertIsNone(self.answer(socket, 400))
        self.assert_still_serving()

    def test_what_the_market_refuses_says_why(self):
        m = self.market
        period = live_market.first_period()
        window = ["--product", "AI.H100.1", "--from", live_market.start_of(period), "--periods", "2"]
        for key, words, code in [
            ("supplier", ["sell", *window, "--quantity", "65", "--price", "1"], "CAPACITY"),
            ("buyer", ["buy", *window, "--quantity", "900", "--price", "900"], "CASH_FOR_HOLD"),
            ("buyer", ["buy", *window, "--quantity", "1", "--price", "1.00001"], "PRICE_TICK"),
            ("buyer", ["buy", "--product", "1", "--from", "2026-01-01T00:00:00Z", "--quantity", "1",
                       "--price", "1"], "PERIOD_CLOSED"),
        ]:  # fmt: skip
            with self.subTest(code):
                done = m.raw("order", *words, key=key)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn(code, done.stderr)
        first = m.cli("order", "buy", *window, "--quantity", "1", "--price", "0.5",
                      "--client-order-id", "1000", key="buyer")  # fmt: skip
        again = m.raw("order", "buy", *window, "--quantity", "1", "--price", "0.5",
                      "--client-order-id", "1000", "--json", key="buyer")  # fmt: skip
        self.assertIn(str(first["order"]), again.stdout + again.stderr)
        listed = m.cli("order", "list", key="buyer")
        self.assertEqual([o["order"] for o in listed], [first["order"]])

    def test_a_port_in_use_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/taken.ini"
            with open(f"{self.market.run}/petahour.ini", encoding="ascii") as f:
                text = f.read()
            taken = ready(self.market)["order_entry"]
            text = text.replace("order_entry = tcp://127.0.0.1:*", f"order_entry = {taken}")
            text = text.replace("gateway.ready", "second.ready")
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            done = subprocess.run([sys.argv[4], "--config", path], capture_output=True, text=True,
                                  timeout=60, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(taken, done.stderr)
        self.assertIn("another process listens there", done.stderr)

    def test_a_second_engine_is_refused(self):
        done = subprocess.run([sys.argv[2], "--config", f"{self.market.run}/petahour.ini"],
                              capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("another engine writes this journal", done.stderr)

    def test_configurations_that_are_wrong(self):
        with open(f"{self.market.run}/petahour.ini", encoding="ascii") as f:
            good = f.read()
        readable = f"{self.market.run}/readable.key"
        with open(self.market.key("gateway"), encoding="utf-8") as f:
            text = f.read()
        with open(readable, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(readable, 0o644)
        cases = {
            "a misspelt key": (good.replace("order_entry =", "order_entri ="), "order_entri"),
            "a key file that others can read": (
                good.replace(self.market.key("gateway"), readable), "readable.key"),
            "no key file": (good.replace("gateway.key", "nowhere.key"), "nowhere.key"),
        }  # fmt: skip
        for name, (text, wanted) in cases.items():
            with self.subTest(name):
                path = f"{self.market.run}/wrong.ini"
                with open(path, "w", encoding="ascii") as f:
                    f.write(text)
                done = subprocess.run([sys.argv[4], "--config", path], capture_output=True,
                                      text=True, timeout=60, check=False)  # fmt: skip
                self.assertIn(done.returncode, (1, 2), done.stderr)
                self.assertIn(wanted, done.stderr)
        done = subprocess.run([sys.argv[4], "--config", "/nonexistent.ini"], capture_output=True,
                              text=True, timeout=60, check=False)  # fmt: skip
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("/nonexistent.ini", done.stderr)


def number(v):
    """A varint."""
    out = b""
    while v >= 0x80:
        out += bytes([v & 0x7F | 0x80])
        v >>= 7
    return out + bytes([v])


def part(tag, body):
    return bytes([tag]) + number(len(body)) + body


def messages(frame):
    """Each message of a frame: the first byte of it, its tag."""
    at, tags = 0, []
    while at < len(frame):
        at, size, shift = at + 1, 0, 0
        while True:
            byte = frame[at]
            size |= (byte & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                break
        tags.append(frame[at])
        at += size
    return tags


class Busy(unittest.TestCase):
    """Every message that is not taken is answered, however many come at once."""

    FRAMES, EACH, BURST = 60, 256, 16

    def test_a_burst_over_the_limit_does_not_end_the_session(self):
        limit = f"messages_per_second = 1\nmessage_burst = {self.BURST}\n"
        market = live_market.Market(sys.argv[1:5], gateway=limit)
        self.addCleanup(market.close)
        live_market.register(market)
        context = zmq.Context()
        self.addCleanup(context.destroy, 0)
        s = context.socket(zmq.DEALER)
        s.curve_publickey, s.curve_secretkey = key_pair(market.key("buyer"))
        s.curve_serverkey = ready(market)["server_key"].encode()
        s.connect(ready(market)["order_entry"])
        header = bytes([VERSION, CLIENT_FRAME])
        # Protocol version 1, reports and contracts from 1 on, receive.
        s.send_multipart([header, part(0x0A, part(0x0A, bytes.fromhex("0801100118012001")))])
        self.assertTrue(s.poll(live_market.PATIENCE * 1000), "the logon was not answered")
        rest = bytes.fromhex("1001180120015001")  # product 1, BUY, EACH, GTC; the market refuses it
        begun = time.monotonic()
        for k in range(self.FRAMES):
            ids = range(1 + k * self.EACH, 1 + (k + 1) * self.EACH)
            orders = [part(0x22, b"\x08" + number(i) + rest) for i in ids]
            s.send_multipart([header, b"".join(part(0x0A, o) for o in orders)])
        busy = reports = 0
        while busy + reports < self.FRAMES * self.EACH:
            self.assertLess(time.monotonic(), begun + 5 * live_market.PATIENCE, f"answers: {busy}, {reports}")
            self.assertTrue(s.poll(live_market.PATIENCE * 1000), "not every message was answered")
            tags = messages(s.recv_multipart()[1])
            self.assertNotIn(SESSION_REFUSED_TAG, tags, "the session was ended")
            busy, reports = busy + tags.count(BUSY_TAG), reports + tags.count(REPORT_TAG)
        self.assertEqual(busy + reports, self.FRAMES * self.EACH)
        self.assertTrue(self.BURST <= reports <= self.BURST + 1 + time.monotonic() - begun, reports)


class DiskFull(unittest.TestCase):
    """The journal's disk runs full while people trade; space comes; nothing acknowledged is lost."""

    def setUp(self):
        self.disk = tempfile.mkdtemp(prefix="ph-disk")
        self.addCleanup(os.rmdir, self.disk)
        mount = ["mount", "-t", "tmpfs", "-o", "size=320k,mode=0700", "tmpfs", self.disk]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            skips.without("disk", "no disk of our own can be mounted here: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        self.market = live_market.Market(
            sys.argv[1:5], journal=f"{self.disk}/journal", engine="segment_kib = 64\n"
        )
        self.addCleanup(self.market.close)
        live_market.register(self.market)

    def leave(self, left):
        """Fills the disk but for so many bytes, so that it takes few orders to fill the rest."""
        free = os.statvfs(self.disk)
        with open(f"{self.disk}/ballast", "wb") as f:
            f.write(bytes(max(0, free.f_bavail * free.f_frsize - left)))

    def test_the_engine_stops_and_comes_back_whole(self):
        m = self.market
        window = ["--product", "1", "--from", live_market.start_of(live_market.first_period())]
        self.leave(32 << 10)  # less than the next segment of the journal takes
        acknowledged = []
        tries = 0
        while m.processes["engine"].poll() is None:
            self.assertLess(tries, 1000, "the disk never ran full")
            tries += 1
            done = m.raw("order", "buy", *window, "--quantity", "1", "--price", "0.0001", "--timeout",
                         "8", key="buyer")  # fmt: skip
            if done.returncode == 0:
                acknowledged.append(int(done.stdout.split()[1]))
        self.assertEqual(m.processes.pop("engine").wait(), 1)
        self.assertIn("no space left on device; make room", m.log("engine"))
        subprocess.run(["mount", "-o", "remount,size=8m", self.disk], check=True)
        m.start("engine")
        resting = {o["order"] for o in m.cli("order", "list", key="buyer")}
        self.assertGreater(len(acknowledged), 0)
        self.assertLessEqual(set(acknowledged), resting)


if __name__ == "__main__":
    skips.main(sys.argv[:1], verbosity=2)
