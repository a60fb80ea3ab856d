#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks on a gateway, each with others who trade on meanwhile and are served.

usage: test_attacks.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC PETAHOUR_AUDIT
"""

import contextlib
import http.client
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

import zmq
from gateways import ACCEPTED, AUDITOR, TRADE, Gates, asked, log_on
from raw_zmtp import COMMAND, MORE, PING, shaken
from test_gateway import HEADER, PATIENCE, Key, market_data_pb2, message, order, session_pb2
from zmq.utils import z85

AUDIT = sys.argv[5]
SUPPLIER, BUYER, METER, SELLER = 2, 3, 5, 6
OPERATOR = 1
MIB = 1 << 20
AHEAD_ALL = 8 * MIB  # of market data, see gateway/inflow.h
# A sanitized gateway keeps what it has freed for a while: less of it, so that memory says something.
os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=4:" + os.environ.get("ASAN_OPTIONS", "")
# The first bytes of a ZMTP 3.1 greeting with CURVE, as a client sends it.
GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)


def address(endpoint):
    host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
    return host, int(port)


class Attacked(unittest.TestCase):
    """A market, and somebody who trades in it."""

    # ZeroMQ forgets the topics of a connection at once, and sanitized that takes it many seconds.
    SETTINGS = {"sessions_max": "64", "silence_seconds": "90"}

    @classmethod
    def setUpClass(cls):
        cls.run_ = Gates(**cls.SETTINGS)
        cls.addClassCleanup(cls.run_.close)

    @classmethod
    def tearDownClass(cls):
        assert cls.run_.gateway.poll() is None, "the gateway has ended"
        cls.run_.stop(cls.run_.gateway)
        cls.run_.stop(cls.run_.engine)
        done = subprocess.run([AUDIT, "replay", f"{cls.run_.path}/journal"], capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert "equal" in done.stdout, done.stdout + done.stderr

    def opened(self, who):
        key = self.run_.operator if who == OPERATOR else self.run_.keys[who]
        client = self.run_.at(None, key)
        self.addCleanup(client.close)
        return client

    def setUp(self):
        self.other = self.opened(BUYER)
        accepted = log_on(self.other, receive=False)
        accepted = log_on(self.other, next_report=accepted.last_report + 1)
        self.next_id = accepted.last_client_order_id + 1
        self.entered_cnt = self.busy_cnt = 0
        self.serves(25)

    def tearDown(self):
        self.serves()
        # A gateway that was kept from its work may think its engine away, for a moment and no longer:
        # a few orders are answered Busy at first, however often until that is over.
        self.assertLessEqual(self.busy_cnt, self.entered_cnt // 5)
        self.other.send(message(logout={}))
        self.other.wait("logout_accepted")

    def serves(self, orders=5):
        """Somebody else is answered, one order after the other."""
        for _ in range(orders):
            report = self.entered(order(self.next_id, 1, self.run_.first, price=1))
            self.assertEqual(report.type, 1, report)
            self.next_id += 1

    def entered(self, request):
        """The report of the next order, however often it is answered Busy."""
        self.other.send(request)
        self.entered_cnt += 1
        end, is_first = time.monotonic() + 2 * PATIENCE, True
        while True:
            kinds = [m.WhichOneof("message") for m in self.other.messages]
            self.assertLess(time.monotonic(), end, f"no report; last {self.other.messages[-3:]}")
            if "execution_report" in kinds:
                report = self.other.wait("execution_report")
                if report.client_order_id == self.next_id:
                    return report
            elif "busy" in kinds:
                self.busy_cnt += is_first
                is_first = False
                self.assertFalse(self.other.wait("busy").open_orders)
                time.sleep(0.1)
                self.other.send(request)
            else:
                self.other.receive(1)

    def figure(self, name):
        """What a gateway with a monitor says of itself."""
        with open(self.run_.gateway.stderr.name, encoding="utf-8") as log:
            port = re.search(r"watched at http://127\.0\.0\.1:(\d+)/metrics", log.read())[1]
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return float(re.search(rf"^petahour_gateway_{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])

    def wait_figure(self, name, value):
        """Figures are told at the end of a turn: what it did may be seen before."""
        end = time.monotonic() + PATIENCE
        while (found := self.figure(name)) != value:
            self.assertLess(time.monotonic(), end, f"{name} is {found}, not {value}")
            time.sleep(0.02)

    def rss(self):
        with open(f"/proc/{self.run_.gateway.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmRSS:"))

    def is_sanitized(self):
        with open(f"/proc/{self.run_.gateway.pid}/maps", encoding="ascii") as f:
            return "libasan" in f.read()

    def raw(self, door, data=b""):
        s = socket.create_connection(address(door), timeout=PATIENCE)
        self.addCleanup(s.close)
        if data:
            s.sendall(data)
        return s

    def assert_closed(self, s):
        """The gateway ends the connection by itself."""
        s.settimeout(PATIENCE)
        try:
            while s.recv(4096):
                pass
        except ConnectionResetError:
            pass


class Attack(Attacked):
    # ---- Connections ------------------------------------------------------------------------

    def test_half_open_peers_are_shown_out(self):
        for door in (self.run_.order_entry, self.run_.market_data):
            for data in (b"", b"\xff", GREETING[:11], GREETING, b"GET / HTTP/1.1\r\n\r\n",
                         GREETING.replace(b"CURVE", b"NULL\0"), random.Random(1).randbytes(3000)):  # fmt: skip
                s = self.raw(door, data)
                self.serves(1)
                self.assert_closed(s)

    def test_a_flood_of_connections(self):
        begun = time.monotonic()
        self.serves(50)
        unloaded = time.monotonic() - begun
        flood = [self.raw(self.run_.order_entry, GREETING) for _ in range(300)]
        strangers = []
        for _ in range(100):
            s = self.run_.socket(zmq.DEALER, Key(), self.run_.order_entry)
            with contextlib.suppress(zmq.Again):  # refused already: ZeroMQ has nobody to send to
                s.send_multipart([HEADER, b"hello"], zmq.NOBLOCK)
            strangers.append(s)
        begun = time.monotonic()
        self.serves(50)
        newcomer = self.opened(SUPPLIER)
        log_on(newcomer, receive=False)  # and whoever comes now gets in
        self.assertLess(time.monotonic() - begun, PATIENCE + 20 * unloaded)
        for s in flood:
            self.assert_closed(s)
        for s in strangers:
            self.assertFalse(s.poll(0))
            s.close()

    def test_a_flood_of_sessions_of_one_participant(self):
        clients = [self.opened(SUPPLIER) for _ in range(40)]
        for client in clients:
            client.send(asked(receive=False))
        answers = []
        for client in clients:
            self.assertTrue(client.receive(PATIENCE))
            answers.append(client.messages[0].WhichOneof("message"))
        self.assertLessEqual(answers.count("logon_accepted"), 16)
        self.serves()
        for client in clients:
            client.send(message(logout={}))

    def test_recorded_ciphertext_is_worth_nothing_on_another_connection(self):
        """A proxy records what a client sends, orders included; it is sent again, to both doors."""
        recorded = bytearray()
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def pump(source, to, keep):
            try:
                while data := source.recv(65536):
                    if keep:
                        recorded.extend(data)
                    to.sendall(data)
            except OSError:
                pass

        def serve():
            near, _ = listener.accept()
            far = socket.create_connection(address(self.run_.order_entry))
            back = threading.Thread(target=pump, args=(far, near, False), daemon=True)
            back.start()
            pump(near, far, True)
            far.close()
            near.close()

        proxy = threading.Thread(target=serve, daemon=True)
        proxy.start()
        host, port = listener.getsockname()
        victim = self.run_.at(None, self.run_.keys[SUPPLIER])
        victim.socket.close()
        victim.socket = self.run_.socket(zmq.DEALER, self.run_.keys[SUPPLIER], f"tcp://{host}:{port}")
        last = log_on(victim, receive=False).last_report
        before = log_on(victim, next_report=last + 1)
        victim.send(order(before.last_client_order_id + 1, 2, self.run_.first),
                    message(cancel_order={"request": 99, "client_order_id": before.last_client_order_id + 1}))  # fmt: skip
        self.assertEqual(victim.wait("execution_report").type, 1)
        victim.close()
        proxy.join(PATIENCE)
        self.assertGreater(len(recorded), 300)
        for door in (self.run_.order_entry, self.run_.market_data):
            self.assert_closed(self.raw(door, bytes(recorded)))
        again = self.opened(SUPPLIER)
        after = log_on(again, receive=False)
        self.assertEqual(after.last_client_order_id, before.last_client_order_id + 1)
        self.assertLessEqual(after.last_report, last + 3)  # accepted, cancelled, its result: once

    # ---- Frames -----------------------------------------------------------------------------

    def test_a_mebibyte_of_empty_messages_costs_no_memory(self):
        client = self.opened(SUPPLIER)
        before = self.rss()
        for size in (64 * 1024, MIB, 16 * MIB):
            for _ in range(20):
                client.send_raw(HEADER, b"\x0a\x00" * (size // 2))
                self.serves(1)
        self.assertLess(self.rss() - before, 32 * MIB)

    def test_parts_of_every_shape(self):
        rng = random.Random(7)
        log = session_pb2.ClientFrame(messages=[asked(receive=False)]).SerializeToString()
        for i in range(150):
            client = self.opened(SUPPLIER)
            parts = [rng.choice([HEADER, b"", log, b"\1", b"\1\1\1", rng.randbytes(rng.randrange(200))])
                     for _ in range(rng.randrange(1, 12))]  # fmt: skip
            client.send_raw(*parts)
            if i % 10 == 0:
                client.receive(PATIENCE)
                self.assertTrue(client.messages)
                self.serves(1)
            client.close()

    def test_subscriptions_of_every_shape(self):
        rng = random.Random(8)
        s = self.run_.socket(zmq.XSUB, self.run_.keys[SUPPLIER], self.run_.market_data)
        self.addCleanup(s.close)
        before = self.rss()
        for i in range(20000):
            s.send(rng.choice([b"\1", b"\0", b"\2", b""]) + rng.choice([b"P", b"", b"p", b"P0000000", b"P%08x" % i])
                   + rng.randbytes(rng.randrange(3)))  # fmt: skip
        for _ in range(5):
            s.send_multipart([b"\1P", b"more", b"and more"])
        s.send(b"\1" + bytes(8000))  # longer than any; the connection ends
        self.serves(20)
        self.assertLess(self.rss() - before, 32 * MIB)
        good = self.run_.socket(zmq.SUB, self.run_.keys[BUYER], self.run_.market_data)
        self.addCleanup(good.close)
        good.setsockopt(zmq.SUBSCRIBE, b"?P00000001")
        self.assertTrue(good.poll(PATIENCE * 1000))

    def asked(self, socket_, request):
        """The frames that answer a request for market data; the last says how it ended."""
        socket_.setsockopt(zmq.SUBSCRIBE, request)
        frames, end = [], time.monotonic() + 4 * PATIENCE
        while not frames or not frames[-1].answer or frames[-1].more:
            while not socket_.poll(1000):  # what others have sent may come first
                self.assertLess(time.monotonic(), end, request)
                self.serves(1)
            topic, _, payload = socket_.recv_multipart()
            if topic == request:
                frames.append(market_data_pb2.MarketDataFrame.FromString(payload))
        socket_.setsockopt(zmq.UNSUBSCRIBE, request)
        return frames

    def told(self, socket_, name):
        """Why it was dropped, if that was told by now; before, it may be told that it comes near."""
        reasons = []
        while socket_.poll(0):
            topic, _, payload = socket_.recv_multipart()
            frame = market_data_pb2.MarketDataFrame.FromString(payload)
            self.assertEqual(topic, name)
            if frame.answer == market_data_pb2.STREAM_ANSWER_LIMITS:
                self.assertGreaterEqual(frame.limits.named_bytes, frame.limits.named_bytes_max // 4 * 3)
                continue
            self.assertEqual(frame.answer, market_data_pb2.STREAM_ANSWER_DROPPED)
            self.assertRegex(frame.reason, "too many topics|more than could be taken")
            reasons.append(frame.reason)
        return reasons

    def hears_why(self, size, cnt, rng, rss_max):
        """Whether somebody who names so many topics hears why it was dropped, itself or when it is back."""
        greedy = self.run_.context.socket(zmq.SUB)
        self.addCleanup(greedy.close)
        greedy.linger, greedy.sndhwm = 0, 0
        key, name = self.run_.keys[SUPPLIER], b"!%016x" % (size + 1)
        greedy.curve_publickey, greedy.curve_secretkey = key.public, key.secret
        greedy.curve_serverkey = self.run_.server.public
        lost = greedy.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        greedy.connect(self.run_.market_data)
        greedy.setsockopt(zmq.SUBSCRIBE, name)
        self.asked(greedy, b"?D00000001")  # its name has arrived by then
        served = 0
        for _ in range(cnt):
            # Takes long when a connection is made again meanwhile: all topics are named to it then.
            greedy.setsockopt(zmq.SUBSCRIBE, rng.randbytes(size))
            if time.monotonic() - served > 1:
                self.serves(1)
                served = time.monotonic()
        # Each connection names them all again, and ends again.
        end, why = time.monotonic() + 4 * PATIENCE, []
        for _ in range(3):
            while not lost.poll(100):
                self.assertLess(time.monotonic(), end, size)
                why += self.told(greedy, name)
                self.serves(1)
            lost.recv_multipart()
        self.assertLess(self.rss(), rss_max)
        why += self.told(greedy, name)
        greedy.disable_monitor()
        lost.close()
        greedy.close()
        # A gateway that is kept busy ends each connection before it has read the name in it: then
        # it tells who comes back with the name alone.
        back = self.run_.socket(zmq.SUB, self.run_.keys[SUPPLIER], self.run_.market_data)
        self.addCleanup(back.close)
        end = time.monotonic() + 2 * PATIENCE
        while not why and time.monotonic() < end:
            back.setsockopt(zmq.SUBSCRIBE, name)
            self.serves(1)
            back.poll(1000)
            why += self.told(back, name)
            back.setsockopt(zmq.UNSUBSCRIBE, name)
        back.close()
        return bool(why)

    def test_topics_without_end(self):
        """ZeroMQ keeps every topic that a connection ever named, a node for each byte of it."""
        rng = random.Random(9)
        good = self.run_.socket(zmq.SUB, self.run_.keys[BUYER], self.run_.market_data)
        self.addCleanup(good.close)
        good.setsockopt(zmq.SUBSCRIBE, b"D00000001")
        # A node for each byte of what all connections together may be ahead, and what stands beside it.  A sanitizer
        # doubles nodes of 32 bytes, and gives nothing back of what was once needed.
        before, most = self.rss(), AHEAD_ALL * (64 if self.is_sanitized() else 32) + 128 * MIB
        # Four times what is allowed; ZeroMQ takes all that is there at once, sanitized for seconds.
        named = 1 << 20 if self.is_sanitized() else 2 << 20
        for size in [9, 40, 900]:
            # Each end is told once, and that may end with the connection that it was told to.
            self.assertTrue(any(self.hears_why(size, named // size, rng, before + most) for _ in range(3)), size)
        first = None
        while good.poll(200):  # each frame of the other one, in its order
            frame = market_data_pb2.MarketDataFrame.FromString(good.recv_multipart()[2])
            self.assertIn(first, [None, frame.stream_number - 1])
            first = frame.stream_number
        self.assertIsNotNone(first)

    def test_a_flood_of_requests_for_market_data(self):
        greedy = self.run_.socket(zmq.SUB, self.run_.keys[SUPPLIER], self.run_.market_data)
        self.addCleanup(greedy.close)

        first = self.asked(greedy, b"?D00000001")[-1].stream_number + 1
        self.serves(100)
        last = self.asked(greedy, b"?D00000001")[-1].stream_number
        self.assertGreater(last, first + 50)
        request, given, busy, begun = b"?D00000001:%016x-%016x" % (first, last), 0, 0, time.monotonic()
        for _ in range(600):
            frames = self.asked(greedy, request)
            if frames[-1].answer == market_data_pb2.STREAM_ANSWER_BUSY:
                busy += 1
            else:
                given += len(frames)
        self.assertGreater(busy, 0)
        # 2,048 at once, 256 a second, and the answer that was too much
        self.assertLess(given, 2048 + 256 * (time.monotonic() - begun + 1) + last - first + 2)

    # ---- What no ZeroMQ library sends -----------------------------------------------------------

    def forger(self, door, kind):
        client = shaken(door, self.run_.keys[SUPPLIER], self.run_.server.public, kind)
        self.addCleanup(client.close)
        return client

    def test_a_connection_lost_with_a_ping_in_a_full_queue(self):
        """libzmq 4.3 ends the program when it decodes the PING, if its queue was full before."""
        for door, kind, body in [
            (self.run_.order_entry, b"DEALER", lambda i: (HEADER, b"\x0a\x00")),
            (self.run_.market_data, b"SUB", lambda i: (b"\1t%04x" % i,)),
        ]:
            for attempt in range(12):
                client = self.forger(door, kind)
                flood = b"".join(
                    client.message(*body(i)) + (client.sealed(PING, COMMAND) if i % 20 == 0 else b"")
                    for i in range(3000)
                )
                client.socket.settimeout(PATIENCE)
                with contextlib.suppress(ConnectionError):  # it may be ended before all was sent
                    client.send(flood)
                client.reset()
                if attempt % 4 == 0:
                    self.serves(1)
            self.assertIsNone(self.run_.gateway.poll())

    def test_a_message_of_parts_without_end(self):
        """It is in no queue that ZeroMQ bounds until its last part is there."""
        for door, kind, size in [(self.run_.order_entry, b"DEALER", 1), (self.run_.market_data, b"SUB", 1),
                                 (self.run_.order_entry, b"DEALER", 60000)]:  # fmt: skip
            with self.subTest(kind=kind, size=size):
                before, client = self.rss(), self.forger(door, kind)
                client.socket.settimeout(0.5)
                part, sent, ended = bytes(size), 0, False
                while not ended:
                    self.assertLess(sent, 160 * MIB, "nobody ends it")
                    data = b"".join(client.sealed(part, MORE) for _ in range(1 + 200000 // (size + 36)))
                    try:
                        client.send(data)
                        sent += len(data)
                    except TimeoutError:  # nothing is read any more: then it must be ended
                        end = time.monotonic() + PATIENCE
                        while not ended:
                            self.assertLess(time.monotonic(), end, "nobody ends it")
                            ended = client.is_ended(0.5)
                            self.serves(1)
                    except OSError:
                        ended = True
                    self.serves(1)
                # Parts of one byte take 64 each, and what came in between two looks comes on top.
                self.assertLess(self.rss() - before, (400 if self.is_sanitized() else 160) * MIB)


KEY, SIGNATURE = b"\x5a" * 32, b"\x5b" * 64


def product(number):
    return {
        "id": number, "symbol": "X", "compute_type": 2, "architecture": 7, "model": "X", "unit": "card",
        "hardware": 1, "hardware_units": 1, "site": 1, "availability_ppm": 1, "period_seconds": 3600, "tick": 1,
        "lot": 1, "quantity_max": 1, "block_periods_max": 1, "horizon": 1, "gate_seconds": 3600,
        "report_seconds": 60, "dispute_seconds": 60, "resolve_seconds": 60, "reference_price": 1,
        "terms_hash": b"\7" * 32,
    }  # fmt: skip


def new_order(side):
    return order(10**6, side, 1).new_order


# Every message that is a command: one that is well-formed, and who may send it; the others are told
# the reject that is named.
COMMANDS = {
    "register_participant": ({"id": 9, "roles": 16, "name": "x", "curve_key": KEY, "sign_key": KEY}, {OPERATOR}),
    "register_site": ({"id": 9, "owner": 2, "region": "r", "name": "s", "pue_ppm": 1100000}, {OPERATOR}),
    "register_hardware": ({"id": 9, "name": "h"}, {OPERATOR}),
    "list_product": ({"product": product(9)}, {OPERATOR}),
    "set_terms": ({"product": product(1)}, {OPERATOR}),
    "set_product_state": ({"product": 1, "state": 2}, {OPERATOR}),
    "set_phase": ({"product": 1, "phase": 3}, {OPERATOR}),
    "set_participant_state": ({"participant": 3, "state": 3}, {OPERATOR}),
    "deposit": ({"participant": 3, "amount": 1, "reference": "x"}, {OPERATOR}),
    "withdraw": ({"participant": 3, "amount": 1, "reference": "x"}, {OPERATOR}),
    "resolve_dispute": ({"contract": 1, "period": 1, "delivered": 1}, {OPERATOR}),
    "set_rules_version": ({"version": 2}, {OPERATOR}),
    "rotate_notary_key": ({"key": KEY, "proof": SIGNATURE}, {OPERATOR}),
    "register_capacity": (
        {"reference": 9, "site": 1, "hardware": 1, "period_seconds": 3600, "first_period": 1, "periods": 1, "units": 1},
        {SUPPLIER},
    ),
    "withdraw_capacity": (
        {"reference": 9, "site": 1, "hardware": 1, "first_period": 1, "periods": 1, "units": 1},
        {SUPPLIER},
    ),
    "attest_capacity": (
        {"reference": 9, "supplier": 2, "site": 1, "hardware": 1, "first_period": 1, "periods": 1, "units": 1,
         "document": KEY, "signature": SIGNATURE},
        {AUDITOR},
    ),
    "measure_site": (
        {"site": 1, "measured_at": 1, "pue_ppm": 1100000, "cue_ppm": 1, "wue_ppm": 1, "green_grade": 1,
         "signature": SIGNATURE},
        {METER},
    ),
    "report_probe": (
        {"region": "r", "site": 1, "measured_at": 1, "rtt_us": 1, "bandwidth_mbps": 1, "reachable_ppm": 1,
         "signature": SIGNATURE},
        {METER},
    ),
}  # fmt: skip

# What everybody may say, and only about what is its own: sent about somebody else's, and the reject that is
# told.  Contract 1 is between SELLER and BUYER, for the period `first`.
OWNED = {
    "cancel_order": lambda mine, first: ({"order": mine}, "UNKNOWN_ORDER"),
    "replace_order": lambda mine, first: ({"order": mine, "price": 1, "quantity": 1}, "UNKNOWN_ORDER"),
    "mass_cancel": lambda mine, first: ({"participant": BUYER}, "ROLE_MISSING"),
    "add_key": lambda mine, first: ({"participant": BUYER, "use": 1, "key": KEY}, "ROLE_MISSING"),
    "revoke_key": lambda mine, first: ({"participant": BUYER, "use": 1, "key": KEY}, "ROLE_MISSING"),
    "hand_over_access": lambda mine, first: ({"contract": 1, "sealed": b"x"}, "NOT_PARTY"),
    "report_delivery": lambda mine, first: (
        {"contract": 1, "period": first, "delivered": 1, "signature": SIGNATURE}, "NOT_PARTY"),
    "confirm_delivery": lambda mine, first: ({"contract": 1, "period": first}, "NOT_PARTY"),
    "dispute_delivery": lambda mine, first: ({"contract": 1, "period": first, "delivered": 1}, "NOT_PARTY"),
    "countersign_contract": lambda mine, first: ({"contract": 1, "key": KEY, "signature": SIGNATURE}, "NOT_PARTY"),
}  # fmt: skip

# Of a contract's own parties: whose part each message is, and what it is told beyond that.
PARTS = {
    "hand_over_access": ({SELLER}, {""}),
    "report_delivery": ({SELLER}, {"DELIVERY_TIME"}),
    "confirm_delivery": ({BUYER}, {"DELIVERY_STATE"}),
    "dispute_delivery": ({BUYER}, {"DELIVERY_STATE"}),
    "countersign_contract": ({SELLER, BUYER}, {"UNKNOWN_KEY"}),
}

SESSION = {"logon", "logout", "heartbeat", "list_catalogue"}
ORDERS = {"new_order", "new_group"}  # by side: a buyer buys, a supplier sells


class Roles(Attacked):
    """Each role tries each message that it may not send; a message that is in no table fails the test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        run = cls.run_
        operator = run.at(None, run.operator)
        last = log_on(operator, receive=False).last_report
        log_on(operator, next_report=last + 1)
        for who, roles in ((METER, 4), (SELLER, 1)):
            run.keys[who] = Key()
            operator.send(message(register_participant={
                "request": who, "id": who, "roles": roles, "name": f"participant {who}",
                "curve_key": z85.decode(run.keys[who].public), "sign_key": bytes([who]) * 32}))  # fmt: skip
        operator.send(
            message(register_site={"request": 8, "id": 2, "owner": SELLER, "region": "hub", "name": "site 2",
                                   "pue_ppm": 1100000}),
            message(list_product={"request": 9, "product": {**product(2), "symbol": "Y", "site": 2, "horizon": 400}}),
        )  # fmt: skip
        for result in operator.wait("command_result", 4):
            assert result.reject_code == 0, result
        operator.close()
        cls.trade()

    @classmethod
    def trade(cls):
        """Contract 1: SELLER delivers one unit to BUYER in the first period."""
        run = cls.run_
        seller, buyer = (run.at(None, run.keys[who]) for who in (SELLER, BUYER))
        log_on(seller)
        log_on(buyer)
        seller.send(message(register_capacity={
            "request": 1, "reference": 1, "site": 2, "hardware": 1, "period_seconds": 3600,
            "first_period": run.first, "periods": 1, "units": 1}))  # fmt: skip
        result = seller.wait("command_result")
        assert result.reject_code == 0, result
        for client, side in ((seller, 2), (buyer, 1)):
            entered = order(1, side, run.first, price=1)
            entered.new_order.product = 2
            client.send(entered)
            report = client.wait("execution_report")
            assert report.type == ACCEPTED, report
        report = buyer.wait("execution_report")
        assert (report.type, report.contract) == (TRADE, 1), report
        for client in (seller, buyer):
            client.send(message(logout={}))
            client.wait("logout_accepted")
            client.close()

    def answer(self, client, name, content, request):
        client.send(message(**{name: {**content, "request": request}}))
        result = client.wait("command_result")
        while result.request != request:
            result = client.wait("command_result")
        return result.reject_name

    def session(self, who):
        client = self.opened(who)
        last = log_on(client, receive=False).last_report
        log_on(client, next_report=last + 1)
        return client

    def test_every_message_is_in_a_table(self):
        every = {f.name for f in session_pb2.ClientMessage.DESCRIPTOR.fields}
        questions = {name for name in every if name.startswith("ask_")}
        self.assertEqual(every - questions, set(COMMANDS) | set(OWNED) | SESSION | ORDERS)

    def test_who_lacks_the_role_is_refused(self):
        for who in (OPERATOR, SUPPLIER, BUYER, AUDITOR, METER):
            client = self.session(who)
            for i, (name, (content, allowed)) in enumerate(COMMANDS.items()):
                with self.subTest(who=who, name=name):
                    if who not in allowed:
                        self.assertEqual(self.answer(client, name, content, 1000 + i), "ROLE_MISSING")
            client.send(message(logout={}))

    def test_who_trades_needs_the_role_of_its_side(self):
        for who in (OPERATOR, SUPPLIER, BUYER, AUDITOR, METER):
            for side in (1, 2):
                if (who, side) in ((BUYER, 1), (SUPPLIER, 2)):
                    continue
                client = self.session(who)
                used = log_on(client, receive=False).last_client_order_id
                last = log_on(client, receive=False).last_report
                log_on(client, next_report=last + 1)
                client.send(order(used + 1000, side, self.run_.first))
                self.assertEqual(client.wait("execution_report").reject_name, "ROLE_MISSING")
                member = order(used + 1000, side, self.run_.first, all_or_none=True).new_order
                member.shape = 2
                group = {"orders": [member]}
                self.assertEqual(self.answer(client, "new_group", group, 5), "ROLE_MISSING")
                client.send(message(logout={}))

    def test_what_is_somebody_elses_stays_its_own(self):
        mine = self.next_id
        self.other.send(order(mine, 1, self.run_.first, price=1))
        report = self.other.wait("execution_report")
        self.next_id += 1
        for who in (OPERATOR, SUPPLIER, AUDITOR, METER):
            client = self.session(who)
            for i, (name, of) in enumerate(OWNED.items()):
                content, wanted = of(report.order, self.run_.first)
                if who == OPERATOR and wanted == "ROLE_MISSING":
                    continue  # an operator may
                with self.subTest(who=who, name=name):
                    self.assertEqual(self.answer(client, name, content, 2000 + i), wanted)
            client.send(message(logout={}))
        self.other.send(message(cancel_order={"request": 3, "order": report.order}))
        result = self.other.wait("command_result")
        self.assertEqual((result.request, result.reject_code, result.count), (3, 0, 1))

    def test_a_party_has_its_own_part_of_a_contract_alone(self):
        about_contracts = {name for name, of in OWNED.items() if of(1, 1)[1] == "NOT_PARTY"}
        self.assertEqual(about_contracts, set(PARTS))
        for who in (SELLER, BUYER):
            client = self.session(who)
            for i, (name, (whose, beyond)) in enumerate(PARTS.items()):
                content, _ = OWNED[name](1, self.run_.first)
                with self.subTest(who=who, name=name):
                    said = self.answer(client, name, content, 3000 + i)
                    self.assertIn(said, beyond if who in whose else {"NOT_PARTY"})
            client.send(message(logout={}))

    def test_a_key_for_reading_commands_nothing(self):
        """Every message but questions and those of the session ends it, and nothing of it is in the stream."""
        desk = Key()
        self.other.send(message(add_key={"request": 70, "use": 3, "key": z85.decode(desk.public)}))
        self.other.wait("command_result")
        tried = {name: content for name, (content, _) in COMMANDS.items()}
        tried |= {name: of(1, 1)[0] for name, of in OWNED.items()}
        entered = order(self.next_id, 1, self.run_.first).new_order
        member = order(self.next_id, 1, self.run_.first, price=1, all_or_none=True).new_order
        member.shape = 2
        messages = [message(**{name: {**content, "request": 71}}) for name, content in tried.items()]
        messages += [message(new_order=entered), message(new_group={"request": 72, "orders": [member]})]
        for m in messages:
            with self.subTest(name=m.WhichOneof("message")):
                reader = self.run_.at(None, desk)
                self.addCleanup(reader.close)
                accepted = log_on(reader, receive=False)
                self.assertEqual((accepted.participant, accepted.reads_only), (BUYER, True))
                reader.send(m)
                refused = reader.wait("session_refused")
                self.assertEqual(refused.reason, session_pb2.SESSION_REFUSAL_NOT_ALLOWED)
                self.assertIn("for reading", refused.text)
        self.assertEqual({m.WhichOneof("message") for m in messages}, set(COMMANDS) | set(OWNED) | ORDERS)
        self.reads(desk, accepted.last_report)

    def reads(self, key, last):
        """Streams, the catalogue and market data; what its participant does comes to it at once."""
        reader = self.run_.at(None, key)
        self.addCleanup(reader.close)
        self.assertEqual(log_on(reader, take_over=True).last_report, last)
        reader.send(message(list_catalogue={"request": 1}))
        reader.wait("catalogue_end")
        self.other.send(order(self.next_id, 1, self.run_.first, price=1))
        self.assertEqual(self.other.wait("execution_report").client_order_id, self.next_id)
        while reader.wait("execution_report").client_order_id != self.next_id:
            pass
        self.next_id += 1
        prices = self.run_.socket(zmq.SUB, key, self.run_.market_data)
        self.addCleanup(prices.close)
        prices.subscribe(b"?P00000001")
        self.assertTrue(prices.poll(PATIENCE * 1000))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:], verbosity=2)
