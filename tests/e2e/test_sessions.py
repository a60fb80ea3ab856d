#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions that end: what they leave, who may read along, who takes over, and keys that change.

usage: test_sessions.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC PETAHOUR_AUDIT
"""

import signal
import subprocess
import sys
import time
import unittest

from gateways import ACCEPTED, AUDITOR, CANCELLED, TAG, Gate, Gates, asked, log_on, reports
from test_gateway import ENGINE, GATEWAY, PATIENCE, Key, message, order, session_pb2
from zmq.utils import z85

AUDIT = sys.argv[5]
BUYER, SUPPLIER = 3, 2


class Session(unittest.TestCase):
    """A market with two gateways; `watcher` reads what the buyer is told, by the second one."""

    # Who waits for something else says nothing meanwhile.
    SETTINGS = {"silence_seconds": "15"}
    marks = 0

    @classmethod
    def setUpClass(cls):
        cls.run_ = Gates(**cls.SETTINGS)
        cls.addClassCleanup(cls.run_.close)
        cls.second = Gate(cls.run_, "second")

    @classmethod
    def tearDownClass(cls):
        for gate in (cls.run_.gateway, cls.second.process):
            assert gate.poll() is None, "a gateway has ended"
        cls.run_.stop(cls.run_.engine)
        done = subprocess.run([AUDIT, "replay", f"{cls.run_.path}/journal"], capture_output=True,
                              text=True, check=False)  # fmt: skip
        assert "equal" in done.stdout, done.stdout + done.stderr

    def setUp(self):
        self.alive = []
        cleaner = self.opened(BUYER)
        log_on(cleaner, receive=False)
        Session.marks += 1
        mark = 10**6 + Session.marks
        # The second has nothing left to cancel, so its result is the last message of the two.
        cleaner.send(message(mass_cancel={"request": 4}), message(mass_cancel={"request": mark}))
        self.watcher = self.opened(BUYER, self.second)
        log_on(self.watcher)
        reports(self.watcher, until=lambda t: t[-1][0] == "command_result" and t[-1][1].request == mark)
        cleaner.send(message(logout={}))
        cleaner.wait("logout_accepted")
        self.next_id = self.watch_from_now().last_client_order_id + 1

    def start_gateway(self):
        self.run_.gateway = self.run_.start(GATEWAY, "gateway")
        self.run_.read_doors()

    def told(self, seconds=0.0, until=None):
        told = reports(self.watcher, seconds, until, self.alive)
        self.last_told = max([self.last_told, *(getattr(r, "stream_number", 0) for _, r in told)])
        return told

    def first_gateway_has(self):
        """It knows what the watcher was told, which the second may know before."""
        client, end = self.opened(BUYER), time.monotonic() + PATIENCE
        while log_on(client, receive=False).last_report < self.last_told:
            self.assertLess(time.monotonic(), end, "the first gateway stays behind")
            time.sleep(0.02)
        client.send(message(logout={}))
        client.wait("logout_accepted")

    def watch_from_now(self):
        accepted = log_on(self.watcher, receive=False)
        self.last_report = self.last_told = accepted.last_report
        self.watcher_again()
        return accepted

    def watcher_again(self):
        """Goes on with what the watcher was not told when the test began."""
        log_on(self.watcher, next_report=self.last_report + 1)

    def opened(self, who, gate=None):
        client = self.run_.at(gate, self.run_.keys[who])
        self.addCleanup(client.close)
        return client

    def enter(self, client, count):
        """Rests so many orders; returns their numbers, as the watcher is told."""
        ids = range(self.next_id, self.next_id + count)
        self.next_id += count
        client.send(*[order(i, 1, self.run_.first, price=1) for i in ids])
        told = self.told(until=lambda t: len(t) == count)
        for _, r in told:
            self.assertEqual(r.type, ACCEPTED, r)
        return {r.order for _, r in told}

    def cancelled(self, count):
        """The orders that were cancelled next, each by a command in the journal, and once."""
        told = self.told(until=lambda t: len(t) == 2 * count)
        told += self.told(seconds=1.5)  # nothing may follow
        results = [r for kind, r in told if kind == "command_result"]
        ended = [r for kind, r in told if kind == "execution_report"]
        self.assertEqual(len(results), count, told)
        for r in results:
            self.assertEqual((r.command, r.reject_code), ("CANCEL_ORDER", 0), r)
            self.assertTrue(r.request & TAG, r)
        self.assertEqual({r.type for r in ended} | {CANCELLED}, {CANCELLED}, ended)
        orders = {r.order for r in ended}
        self.assertEqual(len(orders), len(ended), "an order ended twice")
        return orders

    def nothing_follows(self):
        told = self.told(seconds=1.5)
        self.assertEqual(told, [])


class CancelOnDisconnect(Session):
    def test_a_logout_cancels_the_orders_of_that_session_alone(self):
        leaving, staying, plain = (self.opened(BUYER) for _ in range(3))
        self.assertTrue(log_on(leaving, receive=False, cancel_on_disconnect=True).cancel_on_disconnect)
        log_on(staying, receive=False, cancel_on_disconnect=True)
        self.assertFalse(log_on(plain, receive=False).cancel_on_disconnect)
        self.alive = [staying]
        kept = self.enter(plain, 2) | self.enter(staying, 2)
        left = self.enter(leaving, 3)
        leaving.send(message(logout={}))
        leaving.wait("logout_accepted")
        self.assertEqual(self.cancelled(3), left)
        plain.send(message(logout={}))
        plain.wait("logout_accepted")
        self.nothing_follows()
        staying.send(message(mass_cancel={"request": 5}))
        told = self.told(until=lambda t: len(t) == 5)
        self.assertEqual({r.order for kind, r in told if kind == "execution_report"}, kept)

    def test_a_connection_that_is_gone(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        left = self.enter(client, 2)
        client.close()
        self.assertEqual(self.cancelled(2), left)

    def test_orders_that_are_under_way_when_the_session_ends(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        ids = range(self.next_id, self.next_id + 200)
        client.send(*[order(i, 1, self.run_.first, price=1) for i in ids], message(logout={}))
        told = self.told(until=lambda t: sum(r.type == CANCELLED for k, r in t
                                                         if k == "execution_report") == 200)  # fmt: skip
        told += self.told(seconds=1.5)
        ended = [r.order for k, r in told if k == "execution_report" and r.type == CANCELLED]
        self.assertEqual(len(set(ended)), 200)
        self.assertEqual(len(ended), 200)

    def test_the_gateway_is_killed_and_another_one_lives(self):
        mine, other = self.opened(BUYER), self.opened(BUYER, self.second)
        log_on(mine, receive=False, cancel_on_disconnect=True)
        log_on(other, receive=False, cancel_on_disconnect=True)
        self.alive = [other]
        kept = self.enter(other, 2)
        left = self.enter(mine, 3)
        self.run_.stop(self.run_.gateway, signal.SIGKILL)
        self.assertEqual(self.cancelled(3), left)
        self.start_gateway()
        other.send(message(mass_cancel={"request": 5}))
        told = self.told(until=lambda t: len(t) == 3)
        self.assertEqual({r.order for kind, r in told if kind == "execution_report"}, kept)

    def test_every_gateway_is_killed_and_one_comes_back(self):
        mine, plain = self.opened(BUYER), self.opened(BUYER)
        log_on(mine, receive=False, cancel_on_disconnect=True)
        log_on(plain, receive=False)
        self.enter(plain, 1)
        left = self.enter(mine, 3)
        self.run_.stop(self.second.process, signal.SIGKILL)
        self.run_.stop(self.run_.gateway, signal.SIGKILL)
        self.second.start()
        self.watcher = self.opened(BUYER, self.second)
        self.start_gateway()  # two that could both cancel
        self.watcher_again()
        told = self.told(until=lambda t: sum(k == "execution_report" and r.type == CANCELLED
                                                         for k, r in t) == 3)  # fmt: skip
        told += self.told(seconds=1.5)
        ended = [r.order for k, r in told if k == "execution_report" and r.type == CANCELLED]
        self.assertEqual(sorted(ended), sorted(left))
        self.assertEqual([r for k, r in told if k == "command_result" and r.reject_code], [])

    def test_the_engine_is_killed(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        left = self.enter(client, 3)
        last = len(left)
        self.run_.stop(self.run_.engine, signal.SIGKILL)
        self.run_.engine = self.run_.start(ENGINE, "engine")
        self.assertEqual(client.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_RECOVERING)
        end = time.monotonic() + PATIENCE
        told = []
        while sum(k == "execution_report" and r.type == CANCELLED for k, r in told) < last:
            self.assertLess(time.monotonic(), end)
            self.watcher.close()
            self.watcher = self.opened(BUYER, self.second)
            self.watcher.send(asked(next_report=self.last_report + 1))
            told = self.told(seconds=1)
        ended = [r.order for k, r in told if k == "execution_report" and r.type == CANCELLED]
        self.assertEqual(sorted(ended), sorted(left))

    def test_the_gateway_is_stopped_in_order(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        left = self.enter(client, 3)
        self.run_.stop(self.run_.gateway)
        self.assertEqual(client.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_RECOVERING)
        self.assertEqual(self.cancelled(3), left)
        self.start_gateway()

    def test_a_group_cannot_be_entered(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        member = order(self.next_id, 1, self.run_.first, periods=2, price=1, all_or_none=True).new_order
        member.shape = 2
        client.send(message(new_group={"request": 9, "orders": [member]}))
        refused = client.wait("session_refused")
        self.assertEqual(refused.reason, session_pb2.SESSION_REFUSAL_NOT_ALLOWED)
        self.assertIn("group", refused.text)
        self.nothing_follows()


class Silence(Session):
    SETTINGS = {"silence_seconds": "5"}

    def test_a_connection_that_is_silent(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        left = self.enter(client, 2)
        self.assertEqual(self.cancelled(2), left)
        self.assertEqual(client.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_SILENT)


class Takeover(Session):
    """The watcher is an auditor, whose key nobody takes over from."""

    def setUp(self):
        super().setUp()
        self.watch(self.second)

    def watch(self, gate):
        self.watcher = self.opened(AUDITOR, gate)
        log_on(self.watcher, copy_of=BUYER, next_report=self.last_report + 1)

    def take_over(self, gate=None, **options):
        """A session that took over; the market has told the participant."""
        new = self.opened(BUYER, gate)
        log_on(new, receive=False, take_over=True, **options)
        ((kind, result),) = self.told(until=lambda t: len(t) == 1)
        self.assertEqual((kind, result.command, result.reject_code), ("command_result", "TAKE_OVER", 0))
        self.assertTrue(result.request & TAG)
        self.alive.append(new)
        return new

    def is_told(self, old):
        self.assertEqual(old.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_TAKEN_OVER)

    def log_out(self, client):
        self.alive.remove(client)
        client.send(message(logout={}))
        client.wait("logout_accepted")

    def test_orders_end_with_the_session_that_took_over(self):
        for old_gate, new_gate in ((None, None), (None, self.second), (self.second, None)):
            old = self.opened(BUYER, old_gate)
            log_on(old, receive=False, cancel_on_disconnect=True)
            left = self.enter(old, 2)
            new = self.take_over(new_gate, cancel_on_disconnect=True)
            self.is_told(old)
            self.nothing_follows()
            left |= self.enter(new, 1)
            last = self.take_over(old_gate, cancel_on_disconnect=True)
            self.alive.remove(new)
            self.is_told(new)
            self.nothing_follows()
            self.log_out(last)
            self.assertEqual(self.cancelled(3), left)

    def test_orders_stay_if_it_asked_for_nothing_else(self):
        old = self.opened(BUYER, self.second)
        log_on(old, receive=False, cancel_on_disconnect=True)
        self.enter(old, 2)
        new = self.take_over()
        self.is_told(old)
        self.log_out(new)
        self.nothing_follows()
        for gate in (self.run_.gateway, self.second.process):
            self.run_.stop(gate, signal.SIGKILL)
        self.start_gateway()
        self.second.start()
        self.last_report += 3
        self.watch(None)
        self.nothing_follows()

    def test_the_other_gateway_hangs_and_is_killed(self):
        self.watch(None)
        old = self.opened(BUYER, self.second)
        log_on(old, receive=False, cancel_on_disconnect=True)
        left = self.enter(old, 2)
        self.second.process.send_signal(signal.SIGSTOP)
        new = self.take_over(cancel_on_disconnect=True)
        left |= self.enter(new, 1)
        self.run_.stop(self.second.process, signal.SIGKILL)
        self.nothing_follows()
        self.log_out(new)
        self.assertEqual(self.cancelled(3), left)
        self.second.start()

    def test_the_other_gateway_hangs_for_a_moment(self):
        self.watch(None)
        old = self.opened(BUYER, self.second)
        log_on(old, receive=False, cancel_on_disconnect=True)
        self.enter(old, 2)
        self.second.process.send_signal(signal.SIGSTOP)
        old.send(*[order(self.next_id + i, 1, self.run_.first, price=1) for i in range(20)])
        new = self.take_over()
        self.second.process.send_signal(signal.SIGCONT)
        self.is_told(old)
        told = self.told(seconds=2)  # of those that were under way, whatever was taken rests
        self.assertEqual([r for kind, r in told if kind == "execution_report" and r.type != ACCEPTED], [])
        self.log_out(new)
        self.nothing_follows()

    def test_two_at_once(self):
        for _ in range(5):
            clients = [self.opened(BUYER, gate) for gate in (None, self.second)]
            for client in clients:
                client.send(asked(receive=False, take_over=True))
            self.told(until=lambda t: len(t) == 2)
            end = time.monotonic() + PATIENCE
            while not (ended := [c for c in clients if any(m.HasField("session_refused") for m in c.messages)]):
                self.assertLess(time.monotonic(), end)
                for client in clients:
                    client.receive(0.05)
            self.assertEqual(len(ended), 1)
            self.is_told(ended[0])
            clients.remove(ended[0])
            for client, kind in ((clients[0], "catalogue_end"), (ended[0], "session_refused")):
                client.send(message(list_catalogue={"request": 1}))
                client.wait(kind)

    def test_another_key_of_the_participant_is_left_alone(self):
        second_key = Key()
        desk = self.opened(BUYER)
        log_on(desk, receive=False)
        desk.send(message(add_key={"request": 1, "use": 1, "key": z85.decode(second_key.public)}))
        self.told(until=lambda t: len(t) == 1)
        other = self.run_.at(self.second, second_key)  # which has told of it
        self.addCleanup(other.close)
        log_on(other, receive=False)
        self.alive = [other]
        self.take_over(self.second)
        self.is_told(desk)
        self.enter(other, 1)

    def test_a_logon_behind_a_logout_begins_a_new_session(self):
        old, client = self.opened(BUYER), self.opened(BUYER)
        log_on(old, receive=False)
        log_on(client, receive=False, cancel_on_disconnect=True)
        left = self.enter(client, 2)
        client.messages.clear()
        client.send(message(logout={}), asked(receive=False, take_over=True))
        client.wait("limits")  # what a session is told behind LogonAccepted
        client.send(message(list_catalogue={"request": 1}))
        client.wait("catalogue_end")
        self.is_told(old)
        told = self.told(until=lambda t: sum(k == "execution_report" for k, _ in t) == 2)
        self.assertEqual({(r.order, r.type) for k, r in told if k == "execution_report"},
                         {(number, CANCELLED) for number in left})  # fmt: skip

    def test_a_logon_behind_a_logout_may_be_refused(self):
        old, client = self.opened(BUYER), self.opened(BUYER)
        log_on(old, receive=False)
        log_on(client, receive=False)
        client.send(message(logout={}), asked(next_report=10**9, take_over=True))
        client.wait("logout_accepted")
        self.assertEqual(client.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_STREAM_NUMBER)
        self.alive = [old]
        self.enter(old, 1)

    def test_seventeen_sessions_take_over_in_turn(self):
        clients = [self.opened(SUPPLIER) for _ in range(16)]
        for client in clients:
            log_on(client, receive=False)
        taker = self.opened(SUPPLIER)
        log_on(taker, receive=False, take_over=True)
        for client in clients:
            self.is_told(client)


class DropCopy(Session):
    def stream(self, client, **logon):
        accepted = log_on(client, **logon)
        told = []
        while len(told) < accepted.last_report:
            while not client.messages:
                self.assertTrue(client.receive())
            m = client.messages.pop(0)
            content = getattr(m, m.WhichOneof("message"))
            if hasattr(content, "stream_number"):
                told.append(m.SerializeToString())
        return accepted, told

    def test_an_auditor_reads_along(self):
        trader = self.opened(BUYER)
        log_on(trader, receive=False)
        self.enter(trader, 3)
        _, own = self.stream(self.opened(BUYER))
        for who in (AUDITOR, BUYER):
            copy = self.opened(who, self.second)
            accepted, told = self.stream(copy, copy_of=BUYER)
            self.assertEqual((accepted.participant, accepted.copy_of), (who, BUYER))
            self.assertEqual(told[: len(own)], own)
            self.enter(trader, 1)
            self.assertEqual(reports(copy, until=lambda t: len(t) == 1)[0][1].type, ACCEPTED)

    def test_an_auditor_that_is_suspended_reads_its_own_alone(self):
        operator = self.run_.at(None, self.run_.operator)
        self.addCleanup(operator.close)
        log_on(operator, receive=False)
        copy, own = self.opened(AUDITOR), self.opened(AUDITOR)
        log_on(copy, copy_of=BUYER, receive=False)
        log_on(own, receive=False)
        operator.send(message(set_participant_state={"request": 1, "participant": AUDITOR, "state": 2}))
        try:
            refused = copy.wait("session_refused")
            self.assertEqual(refused.reason, session_pb2.SESSION_REFUSAL_NOT_ALLOWED)
            self.assertIn("suspended", refused.text)
            again = self.opened(AUDITOR)
            again.send(asked(copy_of=BUYER))
            self.assertEqual(again.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_NOT_ALLOWED)
            self.assertEqual(log_on(self.opened(AUDITOR), copy_of=AUDITOR, receive=False).copy_of, AUDITOR)
            own.send(message(list_catalogue={"request": 1}))
            own.wait("catalogue_end")
        finally:
            operator.send(message(set_participant_state={"request": 2, "participant": AUDITOR, "state": 1}))
            for client in (operator, own):
                client.send(message(logout={}))
                client.wait("logout_accepted")
        end = time.monotonic() + PATIENCE
        while True:
            copy = self.opened(AUDITOR, self.second)
            copy.send(asked(copy_of=BUYER, receive=False))
            copy.receive()
            if copy.messages[0].WhichOneof("message") == "logon_accepted":
                break
            self.assertLess(time.monotonic(), end)

    def test_it_sends_nothing(self):
        for m in (order(1, 1, self.run_.first), message(mass_cancel={"request": 1}),
                  message(ask_balances={"request": 1})):  # fmt: skip
            copy = self.opened(AUDITOR)
            log_on(copy, copy_of=BUYER)
            copy.send(m)
            self.assertEqual(copy.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_NOT_ALLOWED)
        self.nothing_follows()

    def test_nobody_else_may(self):
        for who, whose in ((SUPPLIER, BUYER), (BUYER, SUPPLIER), (BUYER, 1), (AUDITOR, 99)):
            client = self.opened(who)
            client.send(asked(copy_of=whose))
            refused = client.wait("session_refused")
            self.assertEqual(refused.reason, session_pb2.SESSION_REFUSAL_NOT_ALLOWED)
            self.assertFalse(any(m.WhichOneof("message") == "execution_report" for m in client.messages))


class Limits(Session):
    SETTINGS = {"silence_seconds": "15", "message_burst": "100", "messages_per_second": "1",
                "session_message_burst": "40", "session_messages_per_second": "1", "open_orders_max": "50"}  # fmt: skip

    def test_a_client_is_told_how_close_it_is(self):
        client = self.opened(BUYER)
        log_on(client, receive=False)
        limits = client.wait("limits")
        self.assertEqual((limits.session_message_burst, limits.session_messages_left), (40, 40))
        self.assertEqual((limits.message_burst, limits.sessions, limits.sessions_max), (100, 1, 16))
        self.assertEqual((limits.open_orders, limits.open_orders_max, limits.under_way_max), (0, 50, 4096))
        self.enter(client, 31)
        limits = client.wait("limits")  # by itself, because little is left
        self.assertLess(limits.session_messages_left, 12)
        self.assertLess(limits.messages_left, 72)
        client.send(*[order(self.next_id + i, 1, self.run_.first, price=1) for i in range(40)])
        busy = client.wait("busy")
        self.assertGreaterEqual(busy.client_order_id, self.next_id)
        self.assertFalse(busy.open_orders)
        self.first_gateway_has()
        other = self.opened(BUYER)  # a session of its own, what is left of the participant's
        log_on(other, receive=False)
        limits = other.wait("limits")
        self.assertEqual(limits.session_messages_left, 40)
        self.assertLess(limits.messages_left, 72)
        self.assertGreaterEqual(limits.open_orders, 31)
        self.told(seconds=0.5)

    def test_an_order_of_a_session_with_cancel_on_disconnect_is_busy_by_its_own_id(self):
        client = self.opened(BUYER)
        log_on(client, receive=False, cancel_on_disconnect=True)
        client.send(*[order(self.next_id + i, 1, 1) for i in range(60)])  # a closed period
        busy = client.wait("busy")
        self.assertEqual(busy.request, 0)
        self.assertGreater(busy.client_order_id, self.next_id)

    def test_each_gateway_has_room_for_as_many_sessions(self):
        for gate in (None, self.second):
            clients = [self.opened(AUDITOR, gate) for _ in range(17)]
            for i, client in enumerate(clients[:16]):
                log_on(client, receive=False)
                limits = client.wait("limits")
                self.assertEqual((limits.sessions, limits.sessions_max), (i + 1, 16))
            clients[16].send(asked(receive=False))
            refused = clients[16].wait("session_refused")
            self.assertEqual(refused.reason, session_pb2.SESSION_REFUSAL_TOO_MANY_SESSIONS)
            self.alive += clients[:16]
        self.told(seconds=0.1)  # a heartbeat of each: all 32 are open
        for client in self.alive:
            client.messages.clear()
            log_on(client, receive=False)
            self.assertEqual(client.wait("limits").sessions, 16)
        for client in self.alive:
            client.send(message(logout={}))
            client.wait("logout_accepted")
        self.alive = []

    def test_it_is_told_again_with_a_heartbeat(self):
        client = self.opened(BUYER)
        log_on(client, receive=False)
        client.wait("limits", 2)


class WholeFrames(Session):
    """What ends the session is looked for before anything of a frame is taken."""

    def frame(self, first, last):
        member = order(self.next_id + 1, 1, self.run_.first, price=1, all_or_none=True).new_order
        member.shape = 2
        return [order(self.next_id, 1, self.run_.first, price=1), first, message(new_group={"request": 8, "orders": [member]}),
                order(self.next_id + 2, 1, self.run_.first, price=1), last]  # fmt: skip

    def nothing_was_taken(self, reason, *frame, **logon):
        client = self.opened(BUYER)
        if logon:
            log_on(client, **{"receive": False, **logon})
        client.send(*frame)
        self.assertEqual(client.wait("session_refused").reason, reason)
        log_on(client, receive=False)  # taken behind it, and told after all that came before
        client.send(message(mass_cancel={"request": 91}))
        told = self.told(until=lambda t: t[-1][0] == "command_result" and t[-1][1].request == 91)
        self.assertEqual([kind for kind, _ in told], ["command_result"], told)
        self.assertEqual(told[0][1].count, 0)

    def test_a_group_behind_an_order_where_groups_may_not_be(self):
        beat = message(heartbeat={})
        no = session_pb2.SESSION_REFUSAL_NOT_ALLOWED
        self.nothing_was_taken(no, *self.frame(beat, beat), cancel_on_disconnect=True)
        self.nothing_was_taken(no, asked(receive=False, cancel_on_disconnect=True), *self.frame(beat, beat))

    def test_a_logon_or_logout_in_the_middle(self):
        beat, no = message(heartbeat={}), session_pb2.SESSION_REFUSAL_MALFORMED
        for middle in (asked(receive=False), asked(next_report=10**9), message(logout={})):
            self.nothing_was_taken(no, *self.frame(middle, beat), receive=False)

    def test_first_and_last_they_may_be(self):
        client = self.opened(BUYER)
        client.send(asked(receive=False), order(self.next_id, 1, self.run_.first, price=1), message(logout={}))
        client.wait("logon_accepted")
        client.wait("logout_accepted")
        told = self.told(until=lambda t: len(t) == 1)
        self.assertEqual((told[0][1].type, told[0][1].client_order_id), (ACCEPTED, self.next_id))


class OpenOrders(Session):
    SETTINGS = {**Session.SETTINGS, "open_orders_max": "10"}

    def test_orders_beyond_the_limit_are_not_taken_and_others_are(self):
        client = self.opened(BUYER)
        log_on(client, receive=False)
        self.enter(client, 10)
        self.first_gateway_has()
        for entered in (order(self.next_id, 1, self.run_.first, price=1), self.group(self.next_id)):
            client.send(entered)
            busy = client.wait("busy")
            self.assertEqual((busy.client_order_id, busy.open_orders), (self.next_id, True))
        at_once = order(self.next_id, 1, self.run_.first, price=1)
        at_once.new_order.time_in_force = 3  # IOC: it will not rest
        client.send(at_once)
        told = self.told(until=lambda t: len(t) == 2)
        self.assertEqual([r.type for _, r in told], [ACCEPTED, CANCELLED])
        self.next_id += 1
        client.send(message(mass_cancel={"request": 3}))
        self.told(until=lambda t: len(t) == 11)
        self.first_gateway_has()
        self.enter(client, 10)

    def group(self, number):
        member = order(number, 1, self.run_.first, price=1, all_or_none=True).new_order
        member.shape = 2
        return message(new_group={"request": 8, "orders": [member]})


class RefusedOrders(Session):
    SETTINGS = {**Session.SETTINGS, "open_orders_max": "10", "session_message_burst": "30",
                "session_messages_per_second": "1"}  # fmt: skip

    def test_an_order_beyond_the_limit_is_paid_for(self):
        client = self.opened(BUYER)
        log_on(client, receive=False)
        self.enter(client, 10)
        self.first_gateway_has()
        client.send(*[order(self.next_id + i, 1, self.run_.first, price=1) for i in range(60)])
        busy = client.wait("busy", 60)
        refused = sum(b.open_orders for b in busy)
        self.assertTrue(10 <= refused < 40, refused)  # 20 tokens, and one more a second
        self.assertEqual([b.open_orders for b in busy], [True] * refused + [False] * (60 - refused))


class Keys(Session):
    def test_a_routing_id_that_comes_back_with_another_key(self):
        first, second_key = self.opened(BUYER), Key()
        log_on(first, receive=False)
        first.send(message(add_key={"request": 1, "use": 1, "key": z85.decode(second_key.public)}))
        self.told(until=lambda t: len(t) == 1)
        named = self.run_.at(self.second, second_key, routing_id=b"desk-2")
        log_on(named, receive=False, cancel_on_disconnect=True)
        left = self.enter(named, 1)
        named.close()
        end, patience = time.monotonic() + PATIENCE, 0.3
        while True:  # the gateway frees the id when it sees that the connection has gone
            again = self.run_.at(self.second, self.run_.keys[BUYER], routing_id=b"desk-2")
            self.addCleanup(again.close)
            again.send(asked(receive=False))
            if again.receive(patience):
                break
            again.close()
            patience *= 1.5
            self.assertLess(time.monotonic(), end)
        self.assertFalse(again.wait("logon_accepted").cancel_on_disconnect)  # it asked for none
        self.assertEqual(self.cancelled(1), left)  # what the first one asked for
        first.send(message(revoke_key={"request": 2, "use": 1, "key": z85.decode(second_key.public)}))
        self.told(until=lambda t: len(t) == 1)
        self.alive = [again]
        self.enter(again, 1)

    def test_a_session_goes_on_across_a_rotation(self):
        new_key = Key()
        old = self.opened(BUYER)
        log_on(old, receive=False)
        entered = self.enter(old, 2)
        old.send(message(add_key={"request": 1, "use": 1, "key": z85.decode(new_key.public)}))
        self.told(until=lambda t: len(t) == 1)
        entered |= self.enter(old, 2)  # adding a key disturbs nobody
        new = self.run_.at(self.second, new_key)  # which has told of it
        self.addCleanup(new.close)
        self.assertEqual(log_on(new).participant, BUYER)
        old_key = self.run_.keys[BUYER]
        self.run_.keys[BUYER] = new_key
        watcher, self.watcher = self.watcher, self.opened(BUYER, self.second)
        self.watch_from_now()
        entered |= self.enter(new, 2)
        new.send(message(revoke_key={"request": 2, "use": 1, "key": z85.decode(old_key.public)}))
        self.told(until=lambda t: len(t) == 1)
        entered |= self.enter(new, 2)
        for client in (old, watcher):  # which say nothing, and are not told anything more
            self.assertEqual(client.wait("session_refused").reason, session_pb2.SESSION_REFUSAL_UNKNOWN_KEY)
        new.send(message(mass_cancel={"request": 5}))
        told = self.told(until=lambda t: len(t) == 9)
        self.assertEqual({r.order for kind, r in told if kind == "execution_report"}, entered)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:], verbosity=2)
