#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Contracts and statements, asked of a replica: what settlement has booked and the private stream has told says the
same, also after the replica was killed; what is no longer kept is told as such.

usage: test_asks_pg.py PETAHOUR ENGINE NOTARY GATEWAY REPLICA SETTLE JOURNAL_OF
"""

import collections
import sys
import time
import unittest

import fill_books
import private_postgres
from books_market import Books
from live_market import MARKET, PATIENCE
from past_market import LAST, STEP, at

PROGRAMS, JOURNAL_OF = sys.argv[1:7], sys.argv[7]
NUMBERS = {"supplier": 2, "buyer": 3, "second": 6}
NOT_FOUND, USAGE = 4, 2
DAY = 86400
FIRST_DAY = (LAST - 1) * STEP // DAY - 1
PARTS = """
SELECT c.id, c.buyer, c.supplier, c.seller, coalesce(c.from_contract, 0), c.notional, c.seq,
       div(promised, {step}), div(sold_on, {step}), div(final, {step}),
       (SELECT coalesce(sum(delivered), 0) FROM petahour.delivery_final f WHERE f.contract = c.id),
       {sums}
  FROM petahour.contract c JOIN petahour.contract_progress g ON g.id = c.id
 WHERE {who} IN (c.buyer, c.supplier, c.seller) ORDER BY c.id
"""
# Columns of an answer, and the reason of their transfers out of a contract's escrow or bond.
REASONS = {"paid": 7, "supplier_fee": 8, "refunded": 9, "penalty": 13, "compensation": 12}


def micro(text):
    whole, rest = text.lstrip("-").split(".")
    return (-1 if text.startswith("-") else 1) * (int(whole) * 10**6 + int(rest))


class Asks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = cls.enterClassContext(private_postgres.Cluster())
        cls.m = m = Books(PROGRAMS, JOURNAL_OF, cls.pg)
        cls.addClassCleanup(m.close)
        m.cli("participant", "register", "--name", "second", "--roles", "supplier,buyer", "--of", m.key("second"), key="operator")
        m.cli("deposit", "--participant", "second", "--amount", "500", "--reference", "bank 6", key="operator")
        m.cli("withdraw", "--participant", "buyer", "--amount", "12.5", "--reference", "bank 3", key="operator")
        # A part of the first contract is sold on, above its price; then all of one period.
        cls.trade("3", "1", LAST + 30)
        cls.trade("2", "1", LAST + 31)
        cls.trade("1", "1", LAST + 31)
        # What is over: all, a part, and what is disputed.
        for contract, period, figure, key in ((1, LAST - 1, 2 * STEP, "supplier"), (1, LAST, STEP, "supplier"), (2, LAST - 1, 1000, "meter")):
            m.cli("delivery", "report", str(contract), "--period", str(period), "--delivered", str(figure), key=key)
        for contract, period in ((1, LAST - 1), (1, LAST)):
            m.cli("delivery", "confirm", str(contract), "--period", str(period), key="buyer")
        m.cli("delivery", "dispute", "2", "--period", str(LAST - 1), "--delivered", "900", key="buyer")
        m.cli("delivery", "resolve", "2", "--period", str(LAST - 1), "--delivered", "900", key="operator")
        for role, number in NUMBERS.items():
            fill_books.make_member(cls.pg.conninfo(), f"member_{role}", number)
        # The last record of all: whoever has it has everything.
        cls.last = m.cli("deposit", "--participant", "second", "--amount", "1", "--reference", "the last", key="operator")
        cls.settled()

    @classmethod
    def trade(cls, price, quantity, period):
        words = ["--product", "1", "--from", at(period * STEP), "--periods", "1", "--quantity", quantity, "--price", price]
        cls.m.cli("order", "sell", *words, "--from-contract", "1", key="buyer")
        cls.m.cli("order", "buy", *words, key="second")

    @classmethod
    def settled(cls):
        """Settlement and the replica have every record."""
        end = time.monotonic() + PATIENCE
        while True:
            booked = cls.pg.sql("SELECT count(*) FROM petahour.transfer t JOIN petahour.payment p USING (seq)"
                                " WHERE p.reference = 'the last'")  # fmt: skip
            if booked == "1" and micro(cls.m.cli("statement", key="second")["cash"]) == cls.booked("second"):
                return
            assert time.monotonic() < end, cls.m.log("settle")

    @classmethod
    def booked(cls, name):
        return int(cls.pg.sql(f"SELECT balance FROM petahour.account WHERE kind = 2 AND id = {NUMBERS[name]}"))

    def statement(self, name, first, days):
        return self.m.cli("statement", "--from", at(first * DAY), "--to", at((first + days) * DAY), key=name)

    def contracts(self, name, *words):
        return self.m.cli("contract", "status", *words, key=name)

    # ---- Contracts -------------------------------------------------------------------------------

    def test_1_contracts_are_those_of_the_books(self):
        sums = ", ".join(f"(SELECT coalesce(sum(t.amount), 0) FROM petahour.transfer t WHERE t.reason = {reason}"
                         " AND t.debit_id = c.id AND t.debit_kind IN (3, 4))" for reason in REASONS.values())  # fmt: skip
        names = {number: name for name, number in NUMBERS.items()}
        for name, who in NUMBERS.items():
            rows = self.contracts(name)
            booked = [[int(n) for n in line.split("|")] for line in
                      self.pg.sql(PARTS.format(step=STEP, sums=sums, who=who)).splitlines()]  # fmt: skip
            self.assertEqual([r["contract"] for r in rows], [b[0] for b in booked])
            self.assertGreater(len(rows), 2)
            for r, b in zip(rows, booked):
                self.assertEqual([r["buyer"], r["supplier"], r["seller"]], [names[n] for n in b[1:4]])
                self.assertEqual([r["from_contract"] or 0, micro(r["notional"]), r["concluded_by_record"]], b[4:7])
                self.assertEqual([r["unit_periods"], r["resold"], r["final"]], b[7:10])
                self.assertEqual(r["open"], b[7] - b[8] - b[9])
                self.assertEqual(r["delivered_unit_seconds"], b[10])
                self.assertEqual([micro(r[column]) for column in REASONS], b[11:])
                part = ("BUYER", "SUPPLIER", "SELLER")[b[1:4].index(who)]
                self.assertEqual((r["part"], r["ended_at"]), (part, None))
        first = self.contracts("buyer", "1")[0]
        self.assertEqual((first["unit_periods"], first["resold"], first["final"]), (84, 3, 4))
        self.assertEqual((micro(first["paid"]), micro(first["refunded"])), (3000000, 1000000))
        self.assertGreater(micro(first["penalty"]), 0)
        # The same to both sides.
        self.assertEqual({**first, "part": "SUPPLIER"}, self.contracts("supplier", "1")[0])

    def test_2_contracts_are_asked_in_parts(self):
        everything = self.contracts("buyer")
        for product in ("1", "2"):
            symbol = {f"AI.P{product}"}
            self.assertEqual({r["product"] for r in self.contracts("buyer", "--product", product)}, symbol)
        self.assertEqual(self.contracts("buyer", "--after", "2"), everything[2:])
        self.assertEqual(self.contracts("buyer", "--open"), everything)
        self.assertEqual(self.contracts("second"), [r | {"part": "BUYER"} for r in everything[2:]])
        # What a participant has no part in is as what there is not.
        other, none = (self.m.raw("contract", "status", n, key="second") for n in ("1", "999"))
        self.assertEqual((other.returncode, none.returncode), (NOT_FOUND, NOT_FOUND))
        self.assertEqual(other.stderr.replace("contract 1 ", "contract 999 "), none.stderr)
        for words in (["0"], ["1", "--open"], ["1", "--after", "0"], ["--after", "-1"]):
            self.assertEqual(self.m.raw("contract", "status", *words, key="buyer").returncode, USAGE)
        self.assertEqual(self.m.raw("contract", "status", "--product", "no", key="buyer").returncode, NOT_FOUND)

    # ---- Statements ------------------------------------------------------------------------------

    def test_3_a_statement_is_what_was_booked_and_told(self):
        for name in NUMBERS:
            told = self.m.cli("cash", "list", key=name)
            s = self.m.cli("statement", "--from", at(FIRST_DAY * DAY), key=name)
            self.assertEqual((micro(s["opening"]), micro(s["closing"])), (0, self.booked(name)))
            sums = {x["reason"]: (x["movements"], micro(x["received"]), micro(x["paid"])) for x in s["sums"]}
            self.assertEqual(len(sums), len(s["sums"]))
            booked = self.pg.sql("SELECT reason, count(*), coalesce(sum(amount) FILTER (WHERE amount > 0), 0),"
                                 " coalesce(-sum(amount) FILTER (WHERE amount < 0), 0) FROM petahour.my_statement"
                                 " GROUP BY reason", user=f"member_{name}")  # fmt: skip
            self.assertEqual(sums, {r: (int(n), int(i), int(o)) for r, n, i, o in (b.split("|") for b in booked.splitlines())})
            self.assertEqual(sums, self.added_up(told))
            self.assertIn("DEPOSIT", sums)
        self.assertIn("WITHDRAWAL", {x["reason"] for x in self.statement("buyer", FIRST_DAY, 10)["sums"]})

    @staticmethod
    def added_up(movements):
        sums = collections.defaultdict(lambda: (0, 0, 0))
        for r in movements:
            n, received, paid = sums[r["reason"]]
            amount = micro(r["amount"])
            sums[r["reason"]] = (n + 1, received + max(amount, 0), paid + max(-amount, 0))
        return dict(sums)

    def test_4_days_follow_each_other(self):
        for name in NUMBERS:
            told = self.m.cli("cash", "list", key=name)
            cash = 0
            for day in range(FIRST_DAY, FIRST_DAY + 4):
                s = self.statement(name, day, 1)
                begin, end = (at(d * DAY)[:10] for d in (day, day + 1))
                self.assertEqual(micro(s["opening"]), cash)
                cash += sum(micro(x["received"]) - micro(x["paid"]) for x in s["sums"])
                self.assertEqual(micro(s["closing"]), cash)
                own = self.added_up(r for r in told if begin <= r["at"] < end)
                self.assertEqual({x["reason"]: (x["movements"], micro(x["received"]), micro(x["paid"])) for x in s["sums"]}, own)
            self.assertEqual(cash, self.booked(name))

    def test_5_days_are_days(self):
        some = at(FIRST_DAY * DAY)
        for words in (["--to", some], ["--from", at(FIRST_DAY * DAY + 1)], ["--from", some, "--to", some],
                      ["--from", some, "--to", at(FIRST_DAY * DAY - DAY)], ["--from", some, "--to", at(FIRST_DAY * DAY + 1)]):  # fmt: skip
            self.assertEqual(self.m.raw("statement", *words, key="buyer").returncode, USAGE)
        self.assertIn("held_by_orders", self.m.cli("statement", key="buyer"))
        lines = self.m.raw("statement", "--from", some, key="buyer").stdout.splitlines()
        self.assertEqual(lines[0].split(), ["REASON", "MOVEMENTS", "RECEIVED", "PAID", "CASH"])
        self.assertEqual((lines[1].split()[0], lines[-1].split()[0]), ("OPENING", "CLOSING"))
        nothing = self.statement("buyer", 1, 1)
        self.assertEqual((nothing["opening"], nothing["closing"], nothing["sums"]), ("0.000000", "0.000000", []))

    # ---- The replica -----------------------------------------------------------------------------

    def answers(self):
        return [[self.contracts(name), self.statement(name, FIRST_DAY, 10)] for name in NUMBERS]

    def test_6_a_replica_that_was_started_again_knows_the_same(self):
        before = self.answers()
        self.m.kill("replica")
        self.m.start("replica")
        self.assertEqual(self.answers(), before)

    def test_7_what_is_no_longer_kept_is_told(self):
        m = self.m
        # All of a contract is sold on, so that it has ended.
        words = ["--product", "1", "--from", at((LAST + 30) * STEP), "--periods", "1", "--quantity", "1", "--price", "2"]
        m.cli("order", "sell", *words, "--from-contract", "3", key="second")
        m.cli("order", "buy", *words, key="buyer")
        end = time.monotonic() + PATIENCE
        while (third := self.contracts("second", "3")[0])["ended_at"] is None:
            self.assertLess(time.monotonic(), end)
        self.assertEqual((third["open"], third["resold"], third["final"]), (0, 1, 0))
        self.assertNotIn(3, [r["contract"] for r in self.contracts("second", "--open")])
        with open(f"{m.run}/replica.ini", "w", encoding="ascii") as f:
            f.write(f"[market]\nname = {MARKET}\n[replica]\njournal = {m.journal}\nlink = ipc://{m.run}/replica.sock\n"
                    f"ready_file = {m.run}/replica.ready\nended_contracts = 0\nstatement_rows = 1\n")  # fmt: skip
        m.kill("replica")
        m.start("replica")
        for name in ("second", "buyer", "supplier"):
            done = m.raw("contract", "status", "--json", key=name)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stderr, "1 of your contracts, up to 3, ended so long ago that they are no longer kept")
            done = m.raw("contract", "status", "3", key=name)
            self.assertEqual(done.returncode, NOT_FOUND)
            self.assertIn("contract 3 is older than what is kept", done.stderr)
        done = m.raw("statement", "--from", at(FIRST_DAY * DAY), key="buyer")
        self.assertEqual(done.returncode, NOT_FOUND)
        self.assertRegex(done.stderr, r"days before 20\d\d-\d\d-\d\dT00:00:00.*Z are no longer kept")
        later = m.cli("statement", "--from", at((FIRST_DAY + 4) * DAY), key="buyer")
        self.assertEqual(micro(later["opening"]), micro(later["closing"]))
        self.assertEqual(later["closing"], m.cli("statement", key="buyer")["cash"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
