#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Questions: what a replica answers is true when tried, and asking costs nobody else anything.

usage: test_questions.py PETAHOUR ENGINE NOTARY GATEWAY REPLICA PROTO_FOLDER PROTOC
"""

import glob
import json
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import zmq

from live_market import PATIENCE, Market, first_period, register, start_of

PROTO, PROTOC = sys.argv[6:8]


def generate_messages():
    """The messages of proto/ for Python, in a folder of their own on the path."""
    folder = tempfile.TemporaryDirectory(prefix="petahour-proto-")
    names = sorted(glob.glob(f"{PROTO}/petahour/v1/*.proto"))
    subprocess.run([PROTOC, f"-I{PROTO}", f"--python_out={folder.name}", *names], check=True)
    sys.path.insert(0, folder.name)
    return folder


GENERATED = generate_messages()
from petahour.v1 import session_pb2  # noqa: E402


class Raw:
    """A client that shares no code with us."""

    def __init__(self, market, key, receive=False):
        with open(f"{market.run}/gateway.ready", encoding="ascii") as f:
            doors = dict(line.split(" = ", 1) for line in f.read().splitlines())
        with open(market.key(key), encoding="utf-8") as f:
            own = dict(line.split(" = ", 1) for line in f.read().splitlines() if " = " in line)
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.curve_serverkey = doors["server_key"].encode()
        self.socket.curve_publickey = own["curve_public"].encode()
        self.socket.curve_secretkey = own["curve_secret"].encode()
        self.socket.linger = 0
        self.socket.connect(doors["order_entry"])
        self.logon = session_pb2.ClientFrame()
        self.logon.messages.add().logon.protocol_version = 1
        self.logon.messages[0].logon.next_report = self.logon.messages[0].logon.next_contract = 1
        self.logon.messages[0].logon.receive = receive
        self.send(self.logon)
        first, *self.waiting = self.receive()
        assert first.WhichOneof("message") == "logon_accepted"
        self.next_id = first.logon_accepted.last_client_order_id + 1

    def send(self, frame):
        self.socket.send_multipart([b"\1\1", frame.SerializeToString()])

    def receive(self):
        assert self.socket.poll(PATIENCE * 1000)
        frame = session_pb2.GatewayFrame()
        frame.ParseFromString(self.socket.recv_multipart()[1])
        return frame.messages

    def answers(self, cnt):
        """The next cnt messages but for heartbeats and what comes with them."""
        found = []
        while len(found) < cnt:
            found += [m for m in self.receive() if m.WhichOneof("message") not in ("heartbeat", "limits")]
        return found

    def log_out(self):
        frame = session_pb2.ClientFrame()
        frame.messages.add().logout.SetInParent()
        self.send(frame)
        self.next("logout_accepted")

    def ask(self, cnt):
        """So many questions in one frame, requests from 1 on."""
        frame = session_pb2.ClientFrame()
        for i in range(cnt):
            frame.messages.add().ask_balances.request = i + 1
        self.send(frame)

    def next(self, *kinds):
        """The next message of one of these kinds, whatever else comes before it."""
        end = time.monotonic() + PATIENCE
        while True:
            for i, m in enumerate(self.waiting):
                if m.WhichOneof("message") in kinds:
                    del self.waiting[: i + 1]
                    return m
            assert time.monotonic() < end, f"no {kinds}"
            self.waiting = list(self.receive())

    def may_ask(self, cnt):
        """Waits until the participant may ask so many questions at once: it may have asked too much."""
        end = time.monotonic() + PATIENCE
        while True:
            self.waiting = []
            self.send(self.logon)  # answered with the limits as they are
            self.next("logon_accepted")
            if self.next("limits").limits.questions_left >= cnt:
                return
            assert time.monotonic() < end
            time.sleep(0.2)

    def close(self):
        self.socket.close()
        self.context.term()


class Questions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.market = m = Market(sys.argv[1:6], gateway="questions_per_second = 10\nquestion_burst = 64\nsilence_seconds = 90\n")
        cls.period = first_period()
        register(m)
        # 10 units at 2 in both hours; 4 more at 3 in the first alone.
        cls.sell("10", "2", "2")
        last, end = cls.sell("4", "3", "1")["order"], time.monotonic() + PATIENCE
        while m.raw("order", "status", str(last), key="supplier").returncode != 0:
            assert time.monotonic() < end, "the replica stays behind"

    @classmethod
    def tearDownClass(cls):
        cls.market.close()

    @classmethod
    def sell(cls, quantity, price, periods):
        return cls.market.cli("order", "sell", "--product", "1", "--from", start_of(cls.period), "--quantity", quantity,
                              "--price", price, "--periods", periods, key="supplier")  # fmt: skip

    def words(self, quantity, price, periods="2"):
        return ["--product", "1", "--from", start_of(self.period), "--quantity", quantity, "--price", price,
                "--periods", periods]  # fmt: skip

    def caught_up(self):
        """Waits until the replica has what the gateway has told."""
        seen = max(r["number"] for r in self.lines("report", "watch", "--once", key="operator"))
        self.assertGreater(seen, 0)
        end = time.monotonic() + PATIENCE
        last = None
        while last is None or last["cash"] != self.told_cash():
            last = self.market.cli("statement", key="buyer")
            self.assertLess(time.monotonic(), end)

    def told_cash(self):
        return [r["cash"] for r in self.market.cli("cash", "list", key="buyer") if r["cash"] is not None][-1]

    def lines(self, *words, key):
        done = self.market.raw(*words, "--json", key=key)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_1_a_preview_is_what_happens(self):
        m = self.market
        block = self.words("6", "2.5") + ["--shape", "block"]
        asked = m.cli("preview", "buy", *block, key="buyer")
        self.assertEqual((asked["executed_unit_periods"], asked["left_unit_periods"]), (12, 0))
        again = m.cli("preview", "buy", *block, key="buyer")
        self.assertEqual({**again, "sequence": 0}, {**asked, "sequence": 0})
        done = m.cli("order", "buy", *block, key="buyer")
        for name in ["notional", "fee", "hold"]:
            self.assertEqual(done[name], asked[name])
        self.assertEqual(done["filled_unit_periods"], 12)
        # 12 at 2; of EACH in the first hour 4 at 2 and 1 at 3, in the second 4 at 2: 19 / 9 is 2.1111111...
        self.assertEqual(asked["average_price"], "2.000000")
        each = self.words("5", "3")
        mixed = m.cli("preview", "buy", *each, key="buyer")
        self.assertEqual((mixed["executed_unit_periods"], mixed["notional"], mixed["average_price"]), (9, "19.000000", "2.111111"))
        self.assertEqual([(f["from"], f["price"], f["units"]) for f in mixed["fills"]], [
            (start_of(self.period), "2.000000", 4), (start_of(self.period), "3.000000", 1),
            (start_of(self.period + 1), "2.000000", 4)])  # fmt: skip
        lines = m.raw("preview", "buy", *each, key="buyer").stdout.splitlines()
        self.assertIn(["average_price", "2.111111"], [line.split() for line in lines])
        self.assertEqual([line.split() for line in lines[-4:]], [
            ["FROM", "PRICE", "UNITS"], [start_of(self.period), "2.000000", "4"],
            [start_of(self.period), "3.000000", "1"], [start_of(self.period + 1), "2.000000", "4"]])  # fmt: skip
        none = m.raw("preview", "buy", *self.words("1", "1"), key="buyer").stdout
        self.assertIn(["average_price", "-"], [line.split() for line in none.splitlines()])
        self.assertNotIn("UNITS", none)
        refused = m.raw("preview", "buy", *self.words("1", "2.00001"), key="buyer")
        self.assertEqual(refused.returncode, 3)
        self.assertIn("PRICE_TICK", refused.stderr)
        self.assertEqual(m.raw("preview", "sell", *self.words("1", "2"), key="buyer").returncode, 3)

    def test_1_limits_are_shown(self):
        rows = {r["limit"]: r for r in self.market.cli("limits", key="buyer")}
        self.assertEqual((rows["questions"]["max"], rows["questions"]["per_second"]), (64, 10))
        for limit, most in (("sessions", 16), ("questions under way", 8), ("logons and heartbeats", 200),
                            ("refused frames of a connection", 256), ("connections to order entry", 64),
                            ("connections that say nothing", 128), ("busy answers not read", 1024),
                            ("frames that answer requests", 2048), ("bytes of topics", 1 << 19)):  # fmt: skip
            self.assertEqual(rows[limit]["max"], most, limit)
            self.assertEqual(rows[limit]["used"] + rows[limit]["left"], most, limit)
        raws, told = [], 0
        while told < 14:  # with those of other tests that the gateway has not missed yet
            raws.append(Raw(self.market, "buyer"))
            self.addCleanup(raws[-1].close)
            told = raws[-1].next("limits").limits.sessions
        rows = {r["limit"]: r for r in self.market.cli("limits", key="buyer")}
        self.assertGreater(rows["sessions"]["used"], len(raws))
        self.assertGreater(rows["connections to order entry"]["used"], len(raws))
        table = self.market.raw("limits", key="buyer").stdout
        self.assertRegex(table, r"(?m)^LIMIT +USED +LEFT +MOST +PER SECOND +BEYOND$")
        self.assertRegex(table, r"(?m)^sessions +\d+ +\d+ +16 +- +refused$")
        for raw in raws:
            raw.log_out()

    def test_2_why_names_a_price_that_does_and_a_tick_less_that_does_not(self):
        m = self.market
        self.caught_up()
        rests = m.cli("order", "buy", *self.words("4", "1.5"), "--shape", "block", "--all-or-none", key="buyer")
        self.assertEqual(rests["filled_unit_periods"], 0)
        self.wait_for_order(rests["order"])
        why = m.cli("why", str(rests["order"]), key="buyer")
        self.assertEqual((why["executes_as_it_stands"], why["executes_at_price"]), (False, "2.000000"))
        self.assertIsNone(why["executes_for_quantity"])
        less = m.cli("preview", "buy", *self.words("4", "1.9999"), "--shape", "block", "--all-or-none", key="buyer")
        self.assertEqual(less["executed_unit_periods"], 0)
        does = m.cli("preview", "buy", *self.words("4", "2"), "--shape", "block", "--all-or-none", "--why", key="buyer")
        self.assertEqual((does["executed_unit_periods"], does["executes_as_it_stands"]), (8, True))
        self.assertEqual(m.raw("why", str(rests["order"]), key="supplier").returncode, 4)
        status = m.cli("order", "status", str(rests["order"]), key="buyer")
        self.assertEqual((status["open_unit_periods"], status["price"]), (8, "1.500000"))
        m.cli("order", "cancel", str(rests["order"]), key="buyer")
        end = time.monotonic() + PATIENCE
        while m.cli("order", "status", str(rests["order"]), key="buyer")["state"] != "CANCELLED":
            self.assertLess(time.monotonic(), end, "the replica stays behind")

    def wait_for_order(self, order):
        end = time.monotonic() + PATIENCE
        while self.market.raw("order", "status", str(order), key="buyer").returncode != 0:
            self.assertLess(time.monotonic(), end)

    def test_3_depth_counts_units_of_blocks(self):
        rows = self.market.cli("depth", "1", "--from", start_of(self.period), "--starts", "3", "--periods", "1", key="buyer")
        self.assertEqual([(r["from"], r["units"], r["average_price"]) for r in rows],
                         [(start_of(self.period), 8, "2.500000"), (start_of(self.period + 1), 4, "2.000000")])  # fmt: skip
        rows = self.market.cli("depth", "1", "--from", start_of(self.period), "--starts", "1", "--periods", "2", key="buyer")
        self.assertEqual([r["units"] for r in rows], [4])
        own = self.market.cli("depth", "1", "--from", start_of(self.period), "--starts", "3", key="supplier")
        self.assertEqual(own, [])
        done = self.market.raw("depth", "1", "--from", start_of(self.period), "--periods", "999", key="buyer")
        self.assertEqual(done.returncode, 3)

    def test_4_positions_and_balances_are_those_of_the_stream(self):
        m = self.market
        rows = m.cli("position", "list", key="buyer")
        self.assertEqual([(r["contract"], r["periods"], r["quantity"], r["state"]) for r in rows], [(1, 2, 6, "AWAITED")])
        self.assertEqual(m.cli("position", "list", key="supplier"), rows)
        self.caught_up()
        statement = m.cli("statement", key="buyer")
        self.assertEqual(statement["cash"], self.told_cash())
        moved = {}
        for r in m.cli("cash", "list", key="buyer"):
            moved[r["reason"]] = moved.get(r["reason"], 0) + float(r["amount"])
        self.assertAlmostEqual(float(statement["in_escrow"]), -moved["NOTIONAL"] - moved["FEE_ESCROW"])
        self.assertEqual(statement["running_contracts"], 1)

    def test_4_a_key_for_reading_asks_and_cannot_trade(self):
        m = self.market
        m.cli("keygen", "--name", "desk", "--out", m.key("desk"))
        added = m.cli("key", "add", "--use", "reading", "--of", m.key("desk"), key="buyer")
        self.assertEqual(added["use"], "READING")
        for words in (["contract", "list"], ["order", "list"]):
            told = [m.raw(*words, "--json", key=who) for who in ("desk", "buyer")]
            self.assertEqual(told[0].stdout, told[1].stdout, told[0].stderr)
        # The replica may have read more when it is asked again.
        told = [m.cli("statement", key=who) for who in ("desk", "buyer")]
        self.assertEqual({**told[0], "sequence": 0}, {**told[1], "sequence": 0})
        done = m.raw("order", "buy", *self.words("1", "1"), key="desk")
        self.assertEqual(done.returncode, 5)
        self.assertIn("the key is for reading alone", done.stderr)
        m.cli("key", "revoke", "--use", "reading", "--of", m.key("desk"), key="buyer")
        self.assertNotEqual(m.raw("statement", key="desk").returncode, 0)

    def test_5_one_who_asks_too_much_is_busy_and_others_are_not(self):
        raw = Raw(self.market, "buyer")
        frame = session_pb2.ClientFrame()
        for i in range(200):
            frame.messages.add().ask_balances.request = i + 1
        raw.send(frame)
        kinds = [m.WhichOneof("message") for m in raw.answers(200)]
        self.assertEqual(set(kinds), {"busy", "balances_answer"})
        self.assertGreaterEqual(kinds.count("busy"), 200 - 64)
        self.assertGreaterEqual(kinds.count("balances_answer"), 1)
        # Commands have a limit of their own.
        frame = session_pb2.ClientFrame()
        frame.messages.add().mass_cancel.request = 7
        raw.send(frame)
        other = self.market.cli("statement", key="supplier")
        self.assertIn("cash", other)
        raw.close()

    def test_6_a_replica_that_is_away_is_busy_and_comes_back(self):
        m = self.market
        m.kill("replica")
        raw = Raw(m, "buyer")
        frame = session_pb2.ClientFrame()
        frame.messages.add().ask_positions.request = 5
        raw.send(frame)
        answer = raw.answers(1)[0]
        self.assertEqual((answer.WhichOneof("message"), answer.busy.request), ("busy", 5))
        raw.close()
        # Who only asked is not sent to look for an outcome.
        done = m.raw("statement", "--timeout", "8", key="buyer")
        self.assertEqual(done.returncode, 7)
        self.assertIn("nothing was changed by asking", done.stderr)
        # The market goes on, and what happened meanwhile is known when the replica is back.
        order = self.sell("1", "9", "1")["order"]
        m.start("replica")
        found = m.cli("order", "status", str(order), key="supplier")
        self.assertEqual(found["open_unit_periods"], 1)
        self.assertEqual(len(m.cli("position", "list", key="buyer")), 1)

    def enter(self, raw):
        """What the supplier is told of an order that does not rest, but for its numbers."""
        frame = session_pb2.ClientFrame()
        n = frame.messages.add().new_order
        n.client_order_id, n.product, n.side, n.shape, n.time_in_force = raw.next_id, 1, 2, 1, 3
        n.first_period, n.periods, n.quantity, n.price = self.period, 1, 1, 9_000_000
        raw.send(frame)
        told = []
        while len(told) < 2:
            answer = raw.next("execution_report", "busy")
            self.assertNotEqual(answer.busy.client_order_id, raw.next_id)
            if answer.execution_report.client_order_id == raw.next_id:  # or what came before
                told.append(answer.execution_report)
        for report in told:
            for name in ("stream_number", "sequence", "at", "order", "client_order_id"):
                report.ClearField(name)
            report.as_understood.client_order_id = 0
        raw.next_id += 1
        return told

    def hang(self):
        """A replica that is there and answers nothing."""
        process = self.market.processes["replica"]
        process.send_signal(signal.SIGSTOP)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        end = time.monotonic() + PATIENCE
        while self.state(process) != "T":
            self.assertLess(time.monotonic(), end)
        return process

    @staticmethod
    def state(process):
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as f:
            return f.read().rpartition(")")[2].split()[0]

    def test_6_a_replica_that_hangs(self):
        """Each participant has eight questions under way, the ninth is Busy at once, the others when
        their time is over; orders are answered as ever."""
        m = self.market
        raws = [Raw(m, who, receive=True) for who in ("buyer", "supplier")]
        for raw in raws:
            self.addCleanup(raw.close)
            raw.may_ask(20)
        as_ever = self.enter(raws[1])
        replica = self.hang()
        for raw in raws:
            raw.ask(9)
        busy = {1: [], 0: []}
        for k, raw in enumerate(raws):  # the ninth comes first: what was taken is still waited for
            told = raw.next("limits").limits
            while told.questions_under_way == 0:  # with a heartbeat before
                told = raw.next("limits").limits
            self.assertEqual((told.questions_under_way, told.questions_under_way_max), (8, 8))
            busy[k].append(raw.next("busy", "balances_answer").busy.request)
        self.assertEqual(busy, {0: [9], 1: [9]})
        for _ in range(3):
            self.assertEqual(self.enter(raws[1]), as_ever)
        for k, raw in enumerate(raws):
            while len(busy[k]) < 9:
                busy[k].append(raw.next("busy", "balances_answer").busy.request)
            self.assertEqual(sorted(busy[k]), list(range(1, 10)))
        self.assertEqual(self.state(replica), "T")
        # Who asks by the command line is told what the market said.
        done = m.raw("statement", "--timeout", "9", key="buyer")
        self.assertEqual(done.returncode, 7)
        self.assertIn("no answer within 9 seconds but Busy", done.stderr)
        self.assertIn("nothing was changed by asking", done.stderr)
        # What was given up is not answered later, and new questions are.
        replica.send_signal(signal.SIGCONT)
        raw, end = Raw(m, "buyer"), time.monotonic() + PATIENCE
        self.addCleanup(raw.close)
        answer = None
        while answer is None or answer.WhichOneof("message") == "busy":
            self.assertLess(time.monotonic(), end)
            raw.ask(1)
            answer = raw.next("busy", "balances_answer")
        self.assertEqual(answer.balances_answer.request, 1)

    def test_7_contracts_and_statements_are_told_in_the_words_of_the_protocol(self):
        raw = Raw(self.market, "buyer")
        frame = session_pb2.ClientFrame()
        frame.messages.add().ask_contracts.request = 5
        frame.messages.add().ask_statement.request = 6
        frame.messages[1].ask_statement.days = 2**32 - 1
        frame.messages.add().ask_balances.request = 7
        raw.send(frame)
        answers = {m.WhichOneof("message"): m for m in raw.answers(3)}
        raw.close()
        contracts, said = answers["contracts_answer"].contracts_answer, answers["statement_answer"].statement_answer
        self.assertEqual((contracts.request, contracts.more, contracts.dropped, said.long_ago), (5, False, 0, False))
        self.assertGreater(len(contracts.contracts), 0)
        for c in contracts.contracts:
            self.assertEqual((c.parts, c.buyer, c.supplier, c.seller, c.open), (1, 3, 2, 2, c.unit_periods))
        self.assertEqual(contracts.last, contracts.contracts[-1].contract)
        sums = {s.reason: (s.received, s.paid) for s in said.sums}
        self.assertEqual(sums["NOTIONAL"], (0, sum(c.notional for c in contracts.contracts)))
        self.assertEqual(said.opening + sum(r - p for r, p in sums.values()), said.closing)
        self.assertEqual(said.closing, answers["balances_answer"].balances_answer.cash)

    def test_8_questions_that_make_no_sense_end_no_more_than_the_session(self):
        for change in [
            lambda m: setattr(m.ask_depth, "starts", 1025),
            lambda m: setattr(m.ask_preview, "request", 1),
            lambda m: setattr(m.ask_why, "request", 1),
            lambda m: setattr(m.ask_statement, "first_day", 1),
        ]:
            raw = Raw(self.market, "buyer")
            frame = session_pb2.ClientFrame()
            change(frame.messages.add())
            raw.send(frame)
            answer = raw.answers(1)[0]
            self.assertEqual(answer.WhichOneof("message"), "session_refused")
            self.assertEqual(answer.session_refused.reason, 3)
            raw.close()
        self.assertIn("cash", self.market.cli("statement", key="buyer"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[8:], verbosity=2)
