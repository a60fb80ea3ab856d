#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that do not read: their queues overflow, they are dropped and told why, and others are served.

usage: test_slow_readers.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC PETAHOUR_AUDIT
"""

import statistics
import sys
import time
import unittest

import zmq
from gateways import asked, log_on
from raw_zmtp import shaken
from test_attacks import BUYER, MIB, SUPPLIER, Attacked
from test_gateway import HEADER, PATIENCE, market_data_pb2, message, order, session_pb2

QUEUE, FRAME = 4096, 25000  # frames that the gateway keeps for a subscriber; bytes of one
PERIODS, ROWS = 200, 600  # of the book, which makes frames of some 20 kB
SAMPLE = 40  # orders whose time is taken
ROUND = 20  # frames of questions
A_LITTLE = 1 << 17  # bytes of who reads slowly: more than one packet
PAUSE = 3  # seconds without a read at most: of whom nothing is heard for ten, the system ends the connection
TOLERANCE = 0.05  # seconds by which a median may be longer than ten times that of an unloaded market


class SlowReaders(Attacked):
    SETTINGS = {**Attacked.SETTINGS, "monitor": "127.0.0.1:0"}

    def taken(self):
        """The median time in which somebody else's order is answered, one after the other."""
        times = []
        for _ in range(SAMPLE):
            begun = time.monotonic()
            self.serves(1)
            times.append(time.monotonic() - begun)
        return statistics.median(times)

    def lazy(self, door, kind, room):
        client = shaken(door, self.run_.keys[SUPPLIER], self.run_.server.public, kind, patience=PATIENCE, room=room)
        self.addCleanup(client.close)
        return client

    def test_a_subscriber_that_does_not_read(self):
        unloaded, before = self.taken(), self.rss()
        good = self.run_.socket(zmq.SUB, self.run_.keys[BUYER], self.run_.market_data)
        self.addCleanup(good.close)
        good.subscribe(b"D00000001")
        self.assertEqual(self.figure('subscribers_dropped_total{reason="slow"}'), 0)
        for price in range(2, 2 + ROWS // PERIODS):  # a book whose picture is long: no two periods are equal
            ids = range(self.next_id, self.next_id + PERIODS)
            self.next_id += PERIODS
            self.other.send(*[order(n, 1, self.run_.first + i, price=price, quantity=1 + i % 7) for i, n in enumerate(ids)])
            self.assertEqual({r.type for r in self.other.wait("execution_report", PERIODS)}, {1})
        lazy, name = self.lazy(self.run_.market_data, b"SUB", 2 * A_LITTLE), b"!%016x" % 77
        lazy.send(b"".join(lazy.message(b"\1" + topic) for topic in (name, b"P", b"D", b"S", b"G")))
        ask = (b"\1?D00000001", b"\0?D00000001")
        lazy.send(b"".join(lazy.message(m) for m in ask * (QUEUE // 2)))
        times, end, read = [], time.monotonic() + 10 * PATIENCE, time.monotonic()
        while self.figure('subscribers_dropped_total{reason="slow"}') == 0:
            self.assertLess(time.monotonic(), end, f"nobody is dropped after {len(times)} orders")
            for i in range(100):  # each is published by itself, in several streams
                begun = time.monotonic()
                self.serves(1)
                times.append(time.monotonic() - begun)
                if i == 99 or time.monotonic() - read > PAUSE:
                    self.read_a_little(lazy)
                    read = time.monotonic()
        while self.figure("market_data_frames_lost_total") == 0:
            self.assertLess(time.monotonic(), end, "no frame is counted as lost")
        self.assertTrue(lazy.is_ended(PATIENCE))
        # The machine may have become slower meanwhile.
        self.assertLess(statistics.median(times), 10 * max(unloaded, self.taken()) + TOLERANCE)
        self.assertLess(self.rss() - before, QUEUE * FRAME + 64 * MIB)
        self.has_lost_nothing(good)
        self.is_told_why(name)
        self.wait_figure('subscribers_dropped_total{reason="slow"}', 1)
        self.other.send(message(mass_cancel={"request": 1}))
        self.other.wait("command_result")

    def read_a_little(self, lazy):
        lazy.socket.setblocking(False)
        taken = b""
        while len(taken) < A_LITTLE:
            try:
                got = lazy.socket.recv(A_LITTLE - len(taken))
            except OSError:
                break
            taken += got
            if not got:
                break
        lazy.socket.settimeout(PATIENCE)
        return taken

    def has_lost_nothing(self, good):
        """Every frame of another subscriber is there, in its order."""
        last, cnt = None, 0
        while good.poll(500):
            frame = market_data_pb2.MarketDataFrame.FromString(good.recv_multipart()[2])
            self.assertIn(last, (None, frame.stream_number - 1))
            last, cnt = frame.stream_number, cnt + 1
        self.assertGreater(cnt, 100)

    def is_told_why(self, name):
        again = self.run_.socket(zmq.SUB, self.run_.keys[SUPPLIER], self.run_.market_data)
        self.addCleanup(again.close)
        again.subscribe(name)
        self.assertTrue(again.poll(PATIENCE * 1000))
        frame = market_data_pb2.MarketDataFrame.FromString(again.recv_multipart()[2])
        self.assertEqual(frame.answer, market_data_pb2.STREAM_ANSWER_DROPPED)
        self.assertIn("more slowly than the market moves", frame.reason)

    def test_a_session_that_does_not_read(self):
        """Its own reports wait at their place; answers that have none end it, and it is told so."""
        unloaded, before = self.taken(), self.rss()
        lazy = self.lazy(self.run_.order_entry, b"DEALER", 2 * A_LITTLE)
        log = session_pb2.ClientFrame(messages=[asked(receive=False)]).SerializeToString()
        asks = session_pb2.ClientFrame(messages=[message(ask_balances={"request": i + 1}) for i in range(250)])
        frame, times, end = asks.SerializeToString(), [], time.monotonic() + 10 * PATIENCE
        read = time.monotonic()
        lazy.send(lazy.message(HEADER, log))
        busy, was = self.figure("busy_total"), None
        while busy != was:  # who has left a session is not answered any more
            self.assertLess(time.monotonic(), end, "the session goes on")
            frames, others = self.figure("frames_total"), self.entered_cnt
            lazy.send(b"".join(lazy.message(HEADER, frame) for _ in range(ROUND)))
            for _ in range(4 * ROUND):  # of who is to be ended nothing may be taken any more
                begun = time.monotonic()
                self.serves(1)
                times.append(time.monotonic() - begun)
                if time.monotonic() - read > PAUSE:
                    lazy.buffer += self.read_a_little(lazy)
                    read = time.monotonic()
                if self.figure("frames_total") >= frames + ROUND + self.entered_cnt - others:
                    break
            self.serves(1)  # in a later turn: all figures of the one before are told by then
            busy, was = self.figure("busy_total"), busy
        peak, kinds, reason = self.rss(), set(), None
        while reason is None:  # soon: a connection without a session is ended after a while
            part, more = lazy.receive()
            for m in () if more else session_pb2.GatewayFrame.FromString(part).messages:
                kinds.add(m.WhichOneof("message"))
                reason = m.session_refused.reason if m.HasField("session_refused") else reason
        self.assertEqual(reason, session_pb2.SESSION_REFUSAL_NOT_READING)
        self.assertIn("busy", kinds)
        self.assertLess(statistics.median(times), 10 * max(unloaded, self.taken()) + TOLERANCE)
        self.assertLess(peak - before, 32 * MIB)

    def test_reports_that_are_not_read_are_kept_for_nobody(self):
        lazy = self.opened(BUYER)
        log_on(lazy)
        before = self.rss()
        for _ in range(10):
            ids = range(self.next_id, self.next_id + 256)
            self.next_id += 256
            self.other.send(*[order(i, 1, 1) for i in ids])  # a closed period
            self.assertEqual({r.type for r in self.other.wait("execution_report", 256)}, {2})
        self.assertLess(self.rss() - before, 32 * MIB)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:], verbosity=2)
