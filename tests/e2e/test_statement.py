#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens in the market, a statement re-adds to its balance, and no payment is booked twice.

usage: test_statement.py PETAHOUR ENGINE NOTARY GATEWAY REPLICA JOURNAL_OF AUDIT CLIENT

Five parties send by chance what parties send: orders, resales, payments, reports, disputes; many are
refused.  PH_SEED repeats a run, PH_STEPS makes a longer one.
"""

import collections
import csv
import io
import os
import random
import subprocess
import sys
import time
import unittest

from live_market import PATIENCE
from past_market import LAST, STEP, PastMarket

JOURNAL_OF, AUDIT, CLIENT = sys.argv[6:9]
sys.path.insert(0, os.path.dirname(CLIENT))
import petahour_client as py  # noqa: E402

SEED = int(os.environ.get("PH_SEED", time.time_ns() % 10**6))
STEPS = int(os.environ.get("PH_STEPS", "250"))
NUMBERS = {"operator": 1, "supplier": 2, "buyer": 3, "meter": 4, "second": 6}
TRADERS = ("supplier", "buyer", "second")


class Party:
    """One participant: what it sends, and everything that it was told."""

    def __init__(self, m, name):
        self.name, self.heard = name, []
        self.session = py.Session(f"{m.run}/gateway.ready", py.settings(m.key(name)))
        self.session.wait(lambda: self.session.state == "READY", PATIENCE)
        self.next_order = self.session.accepted.last_client_order_id + 1
        self.next_request = 1
        self.listen()

    def listen(self):
        self.heard += self.session.received
        self.session.received.clear()

    def send(self, kind, **fields):
        """Sends and returns the answer, an ExecutionReport or a CommandResult."""
        if kind == "new_order":
            fields["client_order_id"], self.next_order = self.next_order, self.next_order + 1
        else:
            fields["request"], self.next_request = self.next_request, self.next_request + 1
        number = self.session.send(kind, **fields)
        self.session.wait(lambda: number not in self.session.outbox, PATIENCE)
        fresh = list(self.session.received)
        self.listen()
        for what, m in fresh:
            if number == ("order", getattr(m, "client_order_id", 0)) and what == "execution_report" and m.type in (1, 2):
                return m
            if what == "command_result" and number == ("request", m.request):
                return m
        raise AssertionError(f"{kind} has no answer")


class Statements(unittest.TestCase):
    def setUp(self):
        print(f"PH_SEED={SEED} PH_STEPS={STEPS}", file=sys.stderr)
        self.m = m = PastMarket(sys.argv[1:6], JOURNAL_OF)
        self.addCleanup(m.close)
        self.chance = random.Random(SEED)
        m.cli("participant", "register", "--name", "second", "--roles", "supplier,buyer", "--of", m.key("second"),
              key="operator")  # fmt: skip
        self.parties = {name: Party(m, name) for name in NUMBERS}
        for party in self.parties.values():
            self.addCleanup(lambda s=party.session: s.socket.close())
        self.references = {"first 2", "first 3"}
        self.seen = collections.Counter()

    # ---- what parties do -----------------------------------------------------------------------

    def payment(self):
        """In or out, under a new reference or one that was used: that is refused, whatever it is for."""
        kind = self.chance.choice(("deposit", "deposit", "withdraw"))
        used = self.chance.random() < 0.4
        reference = self.chance.choice(sorted(self.references)) if used else f"payment {len(self.references)}"
        amount = self.chance.randint(1, 4_000_000_000)
        answer = self.parties["operator"].send(kind, participant=NUMBERS[self.chance.choice(TRADERS)], amount=amount,
                                               reference=reference)  # fmt: skip
        if used:
            self.assertEqual(answer.reject_name, "DUPLICATE", reference)
        elif answer.reject_code == 0:
            self.references.add(reference)
        else:
            self.assertIn((kind, answer.reject_name), (("withdraw", "CASH_FREE"), ("deposit", "TABLE_FULL"), ("withdraw", "TABLE_FULL")))
        return answer

    def order(self):
        party = self.parties[self.chance.choice(TRADERS)]
        side = self.chance.choice((1, 2))
        fields = {"product": self.chance.choice((1, 2)), "side": side, "shape": self.chance.choice((1, 1, 2)),
                  "first_period": LAST + 4 + self.chance.randrange(6), "periods": self.chance.randint(1, 4),
                  "quantity": self.chance.randint(1, 3), "price": self.chance.randint(800_000, 1_300_000),
                  "time_in_force": self.chance.choice((1, 1, 3))}  # fmt: skip
        held = [m for kind, m in party.heard if kind == "execution_report" and m.type == 3 and m.side == 1]
        if side == 2 and party.name != "supplier":
            if not held:
                return None
            bought = self.chance.choice(held)
            fields.update(from_contract=bought.contract, product=bought.product, shape=1, periods=1,
                          first_period=bought.segments[0].first_period, quantity=1)  # fmt: skip
        return party.send("new_order", **fields)

    def cancel(self):
        return self.parties[self.chance.choice(TRADERS)].send("mass_cancel")

    def delivery(self):
        """Of the two contracts with periods that are over: one reported by its supplier, one by a meter."""
        contract, period = self.chance.choice((1, 2)), self.chance.choice((LAST - 1, LAST))
        where, figure = {"contract": contract, "period": period}, self.chance.randint(0, 2 * STEP)
        who, kind = self.chance.choice(((("supplier", "meter")[contract - 1], "report_delivery"), ("buyer", "confirm_delivery"),
                                        ("buyer", "dispute_delivery"), ("operator", "resolve_dispute")))  # fmt: skip
        if kind != "confirm_delivery":
            where["delivered"] = figure
        if kind == "report_delivery":
            where["signature"] = bytes(64)  # the market carries it and checks none
        return self.parties[who].send(kind, **where)

    # ---- what must hold ------------------------------------------------------------------------

    def test_statements_re_add(self):
        steps = [self.payment, self.order, self.order, self.order, self.order, self.delivery]
        for n in range(STEPS):
            step = self.cancel if n % 60 == 59 else self.chance.choice(steps)
            answer = step()
            if answer is not None:
                self.seen[step.__name__, answer.reject_name or "done"] += 1
        for outcome in (("payment", "done"), ("payment", "DUPLICATE"), ("order", "done")):
            self.assertGreater(self.seen[outcome], 0, self.seen)
        trades = [m for p in self.parties.values() for kind, m in p.heard if kind == "execution_report" and m.type == 3]
        resales = [m for m in trades if m.from_contract and m.side == 1]
        print(f"{dict(self.seen)}, {len(trades) // 2} trades, {len(resales)} of them resales", file=sys.stderr)
        sequence = max(m.sequence for p in self.parties.values() for _, m in p.heard if hasattr(m, "sequence"))
        cash = {name: self.added_up(self.parties[name]) for name in TRADERS}
        accounts = self.accounts()
        for name, balance in cash.items():
            self.assertEqual(balance, accounts["CASH", NUMBERS[name]], name)
            self.assertEqual(self.text(balance), self.statement(name, sequence)["cash"], name)
            rows = self.m.cli("cash", "list", key=name)
            self.assertEqual(sum(self.micro(r["amount"]) for r in rows), balance, name)
            self.assertEqual(rows[-1]["cash"], self.text(balance), name)
        self.assertEqual(sum(accounts.values()), 0)
        done = subprocess.run([AUDIT, "replay", self.m.journal], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def added_up(self, party):
        """From its own stream, from nothing: after every command the sum is what was stated."""
        party.session.turn(0)
        end = time.monotonic() + PATIENCE
        last = self.parties_last(party)
        while party.session.next["next_report"] <= last and time.monotonic() < end:
            party.session.turn(0.2)
        party.listen()
        cash, references = 0, []
        for kind, m in party.heard:
            if kind != "cash_movements":
                continue
            cash += sum(x.amount for x in m.movements)
            references += [x.reference for x in m.movements if x.reference]
            if len(m.movements) < 1024:  # what is more follows under the same sequence
                self.assertEqual(cash, m.cash, f"{party.name} at {m.sequence}")
            self.assertGreaterEqual(m.cash, 0)
        self.assertEqual(len(references), len(set(references)), "a payment was booked twice")
        return cash

    def parties_last(self, party):
        """The number of the last message that exists for a participant now."""
        other = py.Session(f"{self.m.run}/gateway.ready", py.settings(self.m.key(party.name)))
        try:
            other.wait(lambda: other.state == "READY", PATIENCE)
            return other.accepted.last_report
        finally:
            other.socket.close()

    def statement(self, name, sequence):
        """As of a sequence not before this one: the replica may be a moment behind."""
        end = time.monotonic() + PATIENCE
        while (said := self.m.cli("statement", key=name))["sequence"] < sequence:
            self.assertLess(time.monotonic(), end, "the replica stays behind")
        return said

    def accounts(self):
        done = subprocess.run([AUDIT, "export", self.m.journal, "--what", "accounts", "--format", "csv"],
                              capture_output=True, text=True, timeout=PATIENCE, check=True)  # fmt: skip
        rows = csv.DictReader(io.StringIO(done.stdout))
        return collections.defaultdict(int, {(r["kind"], int(r["id"])): int(r["balance_micro"]) for r in rows})

    @staticmethod
    def text(micro):
        return f"{micro // 10**6}.{micro % 10**6:06d}"

    @staticmethod
    def micro(text):
        sign = -1 if text.startswith("-") else 1
        whole, rest = text.lstrip("-").split(".")
        return sign * (int(whole) * 10**6 + int(rest))

    def test_a_reference_is_used_once(self):
        """By hand: in or out, the second use is refused with its name, and nothing moves."""
        m = self.m
        before = m.cli("statement", key="buyer")["cash"]
        m.cli("deposit", "--participant", "buyer", "--amount", "5", "--reference", "wire 77", key="operator")
        m.cli("withdraw", "--participant", "buyer", "--amount", "2", "--reference", "wire 78", key="operator")
        for command in ("deposit", "withdraw"):
            for reference in ("wire 77", "wire 78"):
                for who in ("buyer", "supplier"):
                    done = m.raw(command, "--participant", who, "--amount", "5", "--reference", reference, key="operator")
                    self.assertEqual((done.returncode, done.stdout), (3, ""))
                    self.assertIn("DUPLICATE", done.stderr)
        rows = [(r["reason"], r["amount"], r["reference"]) for r in m.cli("cash", "list", key="buyer")][-2:]
        self.assertEqual(rows, [("DEPOSIT", "5.000000", "wire 77"), ("WITHDRAWAL", "-2.000000", "wire 78")])
        end = time.monotonic() + PATIENCE
        while self.micro(m.cli("statement", key="buyer")["cash"]) != self.micro(before) + 3_000_000:
            self.assertLess(time.monotonic(), end)
        done = m.raw("withdraw", "--participant", "buyer", "--amount", "999999999", "--reference", "wire 79", key="operator")
        self.assertEqual(done.returncode, 3)
        self.assertIn("CASH_FREE", done.stderr)
        m.cli("withdraw", "--participant", "buyer", "--amount", "1", "--reference", "wire 79", key="operator")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[9:], verbosity=2)
