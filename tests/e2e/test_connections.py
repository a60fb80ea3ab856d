#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Connections of one participant: how many it may have, and which of them are ended.

usage: test_connections.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC PETAHOUR_AUDIT
"""

import os
import resource
import sys
import time
import unittest

import zmq
from gateways import AUDITOR, asked, log_on
from raw_zmtp import shaken
from test_attacks import BUYER, OPERATOR, SUPPLIER, Attacked
from test_gateway import HEADER, PATIENCE, Key, message, session_pb2
from zmq.utils import z85

# Bounds of gateway/doors/connections.h.
MUTE, EACH, IDLE = 128, 64, 10
FILES = 300  # that the gateway may have open, and that the attacker wants


class Connections(Attacked):
    SETTINGS = {**Attacked.SETTINGS, "monitor": "127.0.0.1:0", "questions_per_second": "1"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        resource.prlimit(cls.run_.gateway.pid, resource.RLIMIT_NOFILE, (FILES, FILES))

    def connected(self, door, kind, key=None, patience=2):
        """A connection that was let in; None: it was not."""
        try:
            client = shaken(door, key or self.run_.keys[SUPPLIER], self.run_.server.public, kind, patience=patience)
        except OSError:
            return None
        self.addCleanup(client.close)
        return client

    def doors(self):
        return [(self.run_.order_entry, b"DEALER"), (self.run_.market_data, b"SUB")]

    def somebody_gets_in(self):
        """A newcomer logs on and subscribes, and who was there is served."""
        self.serves(1)
        newcomer = self.opened(BUYER)
        log_on(newcomer, receive=False)
        newcomer.send(message(logout={}))
        newcomer.wait("logout_accepted")
        newcomer.close()
        prices = self.run_.socket(zmq.SUB, self.run_.keys[BUYER], self.run_.market_data)
        self.addCleanup(prices.close)
        for topic in (b"P00000001", b"?P00000001"):
            prices.subscribe(topic)
        self.assertTrue(prices.poll(PATIENCE * 1000), "nobody gets in any more")
        prices.close()

    def files(self):
        return len(os.listdir(f"/proc/{self.run_.gateway.pid}/fd"))

    def test_connections_that_say_nothing(self):
        """As many of one key as there are files, at both doors: no more than MUTE stay, and none for long."""
        base, clients = self.files(), []
        for i in range(FILES):
            client = self.run_.context.socket((zmq.DEALER, zmq.SUB)[i % 2])
            client.linger, client.reconnect_ivl, key = 0, -1, self.run_.keys[SUPPLIER]
            client.curve_publickey, client.curve_secretkey = key.public, key.secret
            client.curve_serverkey = self.run_.server.public
            client.connect(self.doors()[i % 2][0])
            clients.append(client)
        end, last = time.monotonic() + PATIENCE, None
        while self.files() != last or last == base:  # until the last handshake is done, or given up
            self.assertLess(time.monotonic(), end)
            last = self.files()
            time.sleep(1.5)
        self.assertLessEqual(self.files() - base, MUTE)
        self.somebody_gets_in()
        end = time.monotonic() + IDLE + PATIENCE
        while self.files() > base:
            self.assertLess(time.monotonic(), end, f"{self.files() - base} stay")
            time.sleep(0.1)
        for client in clients:
            client.close()
        # They do not count for ever.
        end = time.monotonic() + PATIENCE
        while not self.connected(*self.doors()[0]):
            self.assertLess(time.monotonic(), end)

    def test_connections_that_talk(self):
        """Who has said something may have EACH at a door; what is beyond is ended, the newest first."""
        hello = session_pb2.ClientFrame(messages=[message(heartbeat={})]).SerializeToString()
        for door, kind in self.doors():
            with self.subTest(kind=kind):
                clients = []
                for i in range(EACH + 30):
                    client = self.connected(door, kind, patience=PATIENCE)
                    self.assertIsNotNone(client, i)
                    client.send(client.message(*([HEADER, hello] if kind == b"DEALER" else [b"\1D00000001"])))
                    clients.append(client)
                self.assertTrue(clients[-1].is_ended(PATIENCE))
                self.somebody_gets_in()
                if kind == b"SUB":
                    for client in clients[EACH:]:
                        self.assertTrue(client.is_ended(PATIENCE))
                    self.assertEqual([c.is_ended(0.01) for c in clients[:EACH]], [False] * EACH)
                else:  # none of them has a session
                    for client in clients:
                        self.assertTrue(client.is_ended(IDLE + PATIENCE))
                for client in clients:
                    client.close()

    def test_a_session_keeps_its_connection(self):
        client = self.connected(self.run_.order_entry, b"DEALER", patience=PATIENCE)
        log = session_pb2.ClientFrame(messages=[asked(receive=False)]).SerializeToString()
        client.send(client.message(HEADER, log))
        self.assertFalse(client.is_ended(IDLE + 4))
        leave = session_pb2.ClientFrame(messages=[message(logout={})]).SerializeToString()
        client.send(client.message(HEADER, leave))
        self.assertTrue(client.is_ended(IDLE + PATIENCE))

    def told(self, client, seconds=PATIENCE):
        """What a connection is told until it ends: the kinds of messages, and reasons of refusals."""
        kinds, reasons, end = [], set(), time.monotonic() + seconds
        client.socket.settimeout(seconds)
        try:
            while time.monotonic() < end:
                part, more = client.receive()
                if more:
                    continue
                for m in session_pb2.GatewayFrame.FromString(part).messages:
                    kinds.append(m.WhichOneof("message"))
                    reasons |= {m.session_refused.reason} if m.HasField("session_refused") else set()
        except OSError:
            return kinds, reasons
        self.fail(f"the connection was not ended; told {len(kinds)} messages")

    def test_frames_that_are_refused_end_the_connection(self):
        log = session_pb2.ClientFrame(messages=[asked(receive=False)]).SerializeToString()
        flood = 'connections_ended_total{reason="flood"}'
        beats = session_pb2.ClientFrame(messages=[message(heartbeat={})] * 250).SerializeToString()
        for first, frame, cnt in ((None, b"no message", 2000), (None, beats, 2000), (log, beats, 40)):
            with self.subTest(first=first, frame=frame[:9]):
                client = self.connected(self.run_.order_entry, b"DEALER", patience=PATIENCE)
                if first:
                    client.send(client.message(HEADER, first))
                    self.serves(1)
                before = self.figure(flood)
                client.send(b"".join(client.message(HEADER, frame) for _ in range(cnt)))
                self.serves(1)
                kinds, reasons = self.told(client)
                self.wait_figure(flood, before + 1)
                self.assertLess(kinds.count("session_refused"), 600)
                if first:
                    self.assertEqual(reasons, {session_pb2.SESSION_REFUSAL_MALFORMED})

    def limits(self, client):
        """As they are now: a Logon is answered with them."""
        client.messages.clear()
        log_on(client, receive=False)
        return client.wait("limits")

    # Whoever uses its rate up does it under a key that no other test needs.

    def test_who_logs_on_and_beats_too_often_is_told_before(self):
        client = self.opened(AUDITOR)
        told = self.limits(client)
        self.assertEqual((told.control_per_second, told.control_burst), (50, 200))
        self.assertGreater(told.control_left, 150)
        client.messages.clear()
        client.send(*[message(heartbeat={})] * 160)  # of one instant
        told = client.wait("limits")  # by itself
        self.assertLess(told.control_left, 50)
        self.assertEqual(told.refused_left, 256)

    def test_who_is_refused_too_often_is_told_before(self):
        client = self.opened(OPERATOR)
        told, end = self.limits(client), time.monotonic() + 4 * PATIENCE
        self.assertEqual((told.refused_per_second, told.refused_burst, told.refused_left), (10, 256, 256))
        while told.refused_left >= 64:
            self.assertLess(time.monotonic(), end, told)
            for _ in range(40):
                client.send_raw(HEADER, b"no message")
            client.wait("session_refused")
            told = self.limits(client)
        beats = [message(heartbeat={})] * 250  # a Heartbeat above its rate counts likewise
        client.messages.clear()
        client.send(*beats)
        self.assertLess(client.wait("limits").refused_left, 64)

    def test_connections_are_told(self):
        client = self.opened(SUPPLIER)
        told = self.limits(client)
        self.assertEqual((told.connections_max, told.mute_connections_max), (EACH, MUTE))
        before, subscribers = told.market_data_connections, []
        for i in range(EACH - before - 4):
            subscriber = self.connected(self.run_.market_data, b"SUB", patience=PATIENCE)
            self.assertIsNotNone(subscriber, i)
            subscriber.send(subscriber.message(b"\1D00000001"))
            subscribers.append(subscriber)
        end = time.monotonic() + PATIENCE
        while (told := self.limits(client)).market_data_connections < EACH - 4:
            self.assertLess(time.monotonic(), end, told)
            time.sleep(0.1)
        self.assertGreaterEqual(told.connections, 1)
        hello = session_pb2.ClientFrame(messages=[message(heartbeat={})]).SerializeToString()
        talks = told.connections
        for _ in range(10):
            other = self.connected(self.run_.order_entry, b"DEALER", patience=PATIENCE)
            other.send(other.message(HEADER, hello))
            self.assertTrue(other.receive())
        self.assertGreater(self.limits(client).connections, talks)
        end = time.monotonic() + 4 * PATIENCE
        while self.limits(client).mute_connections < MUTE - 32:  # they are forgotten after a while
            self.assertLess(time.monotonic(), end)
            for _ in range(8):
                self.connected(self.run_.order_entry, b"DEALER", patience=PATIENCE)
        for subscriber in subscribers:
            subscriber.close()
        end = time.monotonic() + PATIENCE
        while (told := self.limits(client)).market_data_connections > before:
            self.assertLess(time.monotonic(), end, told)
            time.sleep(0.1)

    def test_lists_of_the_catalogue_are_questions(self):
        client = self.opened(SUPPLIER)
        log_on(client, receive=False)
        for i in range(60):  # one after the other, so that none is under way
            client.send(message(list_catalogue={"request": i + 1}))
            kind = None
            while kind not in ("catalogue_end", "busy"):
                if not client.messages:
                    self.assertTrue(client.receive())
                kind = client.messages.pop(0).WhichOneof("message")
            if kind == "busy":
                break
        self.assertEqual(kind, "busy")
        self.assertGreaterEqual(i, 40)
        client.send(message(logout={}))
        client.wait("logout_accepted")

    def test_a_key_that_was_revoked_reads_no_more(self):
        """Neither market data nor anything else, and its connections are gone."""
        desk = Key()
        change = {"request": 70, "use": 1, "key": z85.decode(desk.public)}
        self.other.send(message(add_key=change))
        self.assertEqual(self.other.wait("command_result").reject_code, 0)
        prices = self.connected(self.run_.market_data, b"SUB", desk, PATIENCE)
        prices.send(prices.message(b"\1?P00000001"))
        self.assertEqual(prices.receive()[0], b"?P00000001")
        orders = self.connected(self.run_.order_entry, b"DEALER", desk, PATIENCE)
        self.other.send(message(revoke_key=change))
        self.assertEqual(self.other.wait("command_result").reject_code, 0)
        self.assertTrue(prices.is_ended(PATIENCE))
        self.assertTrue(orders.is_ended(PATIENCE))
        self.assertIsNone(self.connected(self.run_.market_data, b"SUB", desk))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:], verbosity=2)
