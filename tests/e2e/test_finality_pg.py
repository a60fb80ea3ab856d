#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Contracts to their last payment, through clients: a resale with a premium, every way in which a period becomes
final, and the windows that end them.

usage: test_finality_pg.py PETAHOUR ENGINE NOTARY GATEWAY REPLICA SETTLE JOURNAL_OF AUDIT

Every amount below was reckoned by hand from sections 7 to 9 of the rulebook: micro-units, of periods of 900 s.
What the private streams tell, what a replica states and what the invoices charge is that, to each of three
parties.  Nobody waits for a window to end: the engine goes on with a clock that is ahead (libfaketime).
"""

import collections
import csv
import io
import subprocess
import sys
import time
import unittest

import fill_books
import private_postgres
import skips
from books_market import Books
from live_market import PATIENCE
from past_market import FAKETIME, LAST, STEP, at

PROGRAMS, (JOURNAL_OF, AUDIT) = sys.argv[1:7], sys.argv[7:9]
NUMBERS = {"supplier": 2, "buyer": 3, "second": 6}
WINDOW = 14400  # of reports, disputes and resolutions
FIRST = LAST + 6  # of six periods; it begins long after the trades
END = FIRST + 6

# The supplier sells 4 units at 1.00 to the buyer (contract 1), which sells 2 of them on at 1.50 to the second
# (contract 2); the second buys 1 unit of a metered product at 2.00 for 3 periods (contract 3).  Makers pay 1 %,
# takers 2 %, half of it at the trade; a tenth is the bond.
TRADES = {
    "supplier": [("BOND", -2_400_000), ("BOND", -600_000)],
    "buyer": [("NOTIONAL", -24_000_000), ("FEE_ESCROW", -240_000), ("FEE", -240_000),
              ("RESALE", 12_000_000 - 120_000)],  # at the supplier's price, less 1 %
    "second": [("RESALE", -11_880_000), ("RESALE_FEE", -120_000), ("PREMIUM", -6_000_000),
               ("FEE_ESCROW", -180_000), ("FEE", -180_000),  # of 18.00
               ("NOTIONAL", -6_000_000), ("FEE_ESCROW", -60_000), ("FEE", -60_000)],
}  # fmt: skip

# Contract 1 delivers everything.  Of each period 2.00 are paid less 1 %, and the bond comes back; what the buyer
# still owes of its fee (120,000 after the resale) is used up.
FULL = {"supplier": 6 * [("PAYMENT", 1_980_000), ("BOND_RETURN", 200_000)], "buyer": [], "second": []}

# Contract 2, in the order in which its periods become final: N = 2.00, bond 0.20, premium 1.00, D = 1800.  Its
# supplier's fee is 120,000 of 12.00, the second's 180,000 of 18.00, half of which was paid at the trade.
RESOLD = [
    # RESOLVED, 600 between a claim of 450 and a report of 900: the second's deposit, a quarter of 3.20, comes back.
    {"supplier": [("PAYMENT", 666_666 - 6_666), ("BOND_RETURN", 60_000)],
     "buyer": [("PREMIUM_PAYMENT", 333_333 - 3_333)],
     "second": [("DISPUTE_DEPOSIT", -800_000), ("DEPOSIT_RETURN", 800_000), ("REFUND", 1_333_334),
                ("FEE_COMPENSATION", 20_000), ("PENALTY", 120_000), ("PREMIUM_REFUND", 666_667)]},
    # RESOLVED as reported, 900; whoever is owed the premium claimed 1800 and loses half of 3.20 to the second.
    {"supplier": [("PAYMENT", 1_000_000 - 10_000), ("BOND_RETURN", 92_500)],
     "buyer": [("DISPUTE_DEPOSIT", -1_600_000), ("PREMIUM_PAYMENT", 500_000 - 5_000)],
     "second": [("DEPOSIT_FORFEIT", 1_600_000), ("REFUND", 1_000_000), ("FEE_COMPENSATION", 15_000),
                ("PENALTY", 92_500), ("PREMIUM_REFUND", 500_000)]},
    # NO_REPORT.
    {"supplier": [], "buyer": [],
     "second": [("REFUND", 2_000_000), ("FEE_COMPENSATION", 30_000), ("PENALTY", 170_000), ("PREMIUM_REFUND", 1_000_000)]},
    # CONFIRMED by the second with 1350; the buyer could dispute until the window ended.
    {"supplier": [("PAYMENT", 1_500_000 - 15_000), ("BOND_RETURN", 144_375)],
     "buyer": [("PREMIUM_PAYMENT", 750_000 - 7_500)],
     "second": [("REFUND", 500_000), ("FEE_COMPENSATION", 7_500), ("PENALTY", 48_125), ("PREMIUM_REFUND", 250_000)]},
    # AGREED, 1800.
    {"supplier": [("PAYMENT", 2_000_000 - 20_000), ("BOND_RETURN", 200_000)],
     "buyer": [("PREMIUM_PAYMENT", 1_000_000 - 10_000)], "second": []},
    # UNRESOLVED: the middle of 301 and 900 is 600; the deposit, 599 parts of 1800 of 3.20 and rounded up, is halved.
    # Of the supplier's fee 58,333 are due by now; of the second's 180,000 are left 92,500.
    {"supplier": [("PAYMENT", 666_666 - 6_667), ("BOND_RETURN", 60_000), ("DEPOSIT_FORFEIT", 532_444)],
     "buyer": [("PREMIUM_PAYMENT", 333_333 - 3_333)],
     "second": [("DISPUTE_DEPOSIT", -1_064_889), ("DEPOSIT_RETURN", 532_445), ("REFUND", 1_333_334),
                ("FEE_COMPENSATION", 20_000), ("PENALTY", 120_000), ("PREMIUM_REFUND", 666_667), ("FEE_REFUND", 92_500)]},
]  # fmt: skip

# Contract 3, in the same way: N = 2.00, bond 0.20, D = 900; fees of 60,000 of 6.00 on either side.
METERED = [
    # UNRESOLVED: the meter's 600 stands, and with it the second's claim of 300 has lost a third of 2.20, rounded up.
    {"supplier": [("PAYMENT", 1_333_333 - 13_333), ("BOND_RETURN", 128_890), ("DEPOSIT_FORFEIT", 733_334)], "buyer": [],
     "second": [("DISPUTE_DEPOSIT", -733_334), ("REFUND", 666_667), ("FEE_COMPENSATION", 6_666), ("PENALTY", 64_444)]},
    # NO_REPORT: the meter was silent, and then the supplier.
    {"supplier": [], "buyer": [], "second": [("REFUND", 2_000_000), ("FEE_COMPENSATION", 20_000), ("PENALTY", 180_000)]},
    # AGREED: the meter was silent, the supplier reported 900.  60,000 - 33,333 of the second's fee are left.
    {"supplier": [("PAYMENT", 2_000_000 - 20_000), ("BOND_RETURN", 200_000)], "buyer": [], "second": [("FEE_REFUND", 26_667)]},
]  # fmt: skip

# What became of each period, as both sides are told.
STEPS = {
    (1, n): ["REPORTED", "FINAL: CONFIRMED"] for n in range(6)
} | {
    (2, 0): ["REPORTED", "CONFIRMED", "FINAL: CONFIRMED"],
    (2, 1): ["REPORTED", "FINAL: AGREED"],
    (2, 2): ["FINAL: NO_REPORT"],
    (2, 3): ["REPORTED", "DISPUTED", "FINAL: RESOLVED"],
    (2, 4): ["REPORTED", "DISPUTED", "FINAL: UNRESOLVED"],
    (2, 5): ["REPORTED", "DISPUTED", "FINAL: RESOLVED"],
    (3, 0): ["METER_SILENT", "REPORTED", "FINAL: AGREED"],
    (3, 1): ["METER_SILENT", "FINAL: NO_REPORT"],
    (3, 2): ["REPORTED", "DISPUTED", "FINAL: UNRESOLVED"],
}  # fmt: skip
FIGURES = {(1, n): 1800 for n in range(6)} | {(2, 0): 1350, (2, 1): 1800, (2, 2): 0, (2, 3): 600, (2, 4): 600,
                                              (2, 5): 900, (3, 0): 900, (3, 1): 0, (3, 2): 600}  # fmt: skip
SIDES = {"supplier": {1, 2, 3}, "buyer": {1, 2}, "second": {2, 3}}


def expected(name):
    """Movements of a party's cash but for what it paid in."""
    parts = [TRADES, FULL, *RESOLD, *METERED]
    return [movement for part in parts for movement in part[name]]


def charges(name):
    """The same as an invoice has it: what is paid for hours, or comes back for them, is one charge whoever has a share."""
    for part in [TRADES, FULL, *RESOLD, *METERED]:
        hours = collections.Counter()
        for reason, amount in part[name]:
            if reason in ("REFUND", "PREMIUM_REFUND"):
                hours["REFUND"] += amount
            elif name == "second" and reason in ("RESALE", "RESALE_FEE", "PREMIUM"):
                hours["RESALE"] += amount
            else:
                yield reason, amount
        yield from hours.items()


def micro(text):
    whole, rest = text.lstrip("-").split(".")
    return (-1 if text.startswith("-") else 1) * (int(whole) * 10**6 + int(rest))


class Windows(Books):
    """Two products with fees and the same windows, and no trade yet."""

    def lines(self):
        for line in super().lines():
            if line.get("command") == "NEW_ORDER":
                continue
            if line.get("command") == "LIST_PRODUCT":
                line |= {f"{name}_seconds": WINDOW for name in ("report", "dispute", "resolve")}
                line |= {"maker_ppm": 10_000, "taker_ppm": 20_000, "fee_at_trade_ppm": 500_000}
            yield line


class Finality(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not FAKETIME:
            skips.without("faketime", "libfaketime is missing: no window ends here")
        cls.pg = cls.enterClassContext(private_postgres.Cluster())
        cls.m = m = Windows(PROGRAMS, JOURNAL_OF, cls.pg)
        cls.addClassCleanup(m.close)
        m.cli("participant", "register", "--name", "second", "--roles", "supplier,buyer", "--of", m.key("second"), key="operator")
        m.cli("deposit", "--participant", "second", "--amount", "500", "--reference", "bank 6", key="operator")
        cls.trade("1", "supplier", "buyer", "4", "1", 6)
        cls.trade("1", "buyer", "second", "2", "1.50", 6, "--from-contract", "1")
        cls.trade("2", "supplier", "second", "1", "2", 3)
        # Every period is over, and no window: the first report could come until four hours after the first.
        cls.at(END * STEP + 60)
        cls.say("report", 1, 0, "supplier", 1800, 6)
        m.cli("delivery", "confirm", "1", "--period", str(FIRST), "--periods", "6", key="buyer")
        for period, figure in ((0, 1350), (1, 1800), (3, 900), (4, 900), (5, 900)):
            cls.say("report", 2, period, "supplier", figure)
        cls.say("report", 3, 2, "meter", 600)
        m.cli("delivery", "confirm", "2", "--period", str(FIRST), key="second")
        for contract, period, claim, who in ((2, 3, 450, "second"), (2, 4, 301, "second"), (2, 5, 1800, "buyer"), (3, 2, 300, "second")):
            cls.say("dispute", contract, period, who, claim)
        cls.say("resolve", 2, 3, "operator", 600)
        cls.say("resolve", 2, 5, "operator", 900)
        # The meter has been silent of two periods; of one the supplier says so in time.
        cls.at((FIRST + 2) * STEP + WINDOW + 60)
        cls.say("report", 3, 0, "supplier", 900)
        # No window is left.
        cls.last_s = END * STEP + 6 * WINDOW
        cls.at(cls.last_s)
        for role, number in NUMBERS.items():
            fill_books.make_member(cls.pg.conninfo(), f"member_{role}", number)
        m.cli("deposit", "--participant", "second", "--amount", "1", "--reference", "the last", key="operator")
        end = time.monotonic() + PATIENCE
        while cls.pg.sql("SELECT count(*) FROM petahour.payment WHERE reference = 'the last'") != "1":
            assert time.monotonic() < end, m.log("settle")
            time.sleep(0.05)

    @classmethod
    def at(cls, second):
        cls.m.go_ahead(int(second - time.time()))

    @classmethod
    def trade(cls, product, seller, buyer, quantity, price, periods, *words):
        order = ["--product", product, "--from", at(FIRST * STEP), "--periods", str(periods), "--quantity", quantity, "--price", price]
        cls.m.cli("order", "sell", *order, *words, key=seller)
        bought = cls.m.cli("order", "buy", *order, key=buyer)
        assert bought["open_unit_periods"] == 0, bought

    @classmethod
    def say(cls, what, contract, period, who, figure, periods=1):
        cls.m.cli("delivery", what, str(contract), "--period", str(FIRST + period), "--delivered", str(figure),
                  *(["--periods", str(periods)] if periods > 1 else []), key=who)  # fmt: skip

    def told(self, name):
        """What the private stream tells of a party's cash."""
        return [(r["reason"], micro(r["amount"])) for r in self.m.cli("cash", "list", key=name)]

    def invoices(self, name, *words, user=None):
        """The rows of every month in which something moved."""
        rows = []
        for month in sorted({at(s)[:7] for s in range(int(time.time()) - 86400, self.last_s + 86400, 43200)}):
            done = subprocess.run([AUDIT, "invoice", "--database", self.pg.conninfo(user or f"member_{name}"), "--month", month,
                                   *words], capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)
            rows += csv.DictReader(io.StringIO(done.stdout))
        return rows

    def test_1_every_period_is_final_for_its_reason(self):
        for name, contracts in SIDES.items():
            rows = self.m.cli("delivery", "list", key=name)
            found = collections.defaultdict(list)
            for r in rows:
                found[r["contract"], r["period"] - FIRST].append(r["step"])
            self.assertEqual(dict(found), {k: v for k, v in STEPS.items() if k[0] in contracts}, name)
            figures = {(r["contract"], r["period"] - FIRST): r["unit_seconds"] for r in rows if r["step"].startswith("FINAL")}
            self.assertEqual(figures, {k: v for k, v in FIGURES.items() if k[0] in contracts}, name)

    def test_2_cash_moved_as_reckoned(self):
        for name in NUMBERS:
            told = [movement for movement in self.told(name) if movement[0] != "DEPOSIT"]
            self.assertEqual(sorted(told), sorted(expected(name)), name)

    def test_3_a_replica_states_the_same(self):
        for name in NUMBERS:
            told = self.told(name)
            end = time.monotonic() + PATIENCE
            while micro((now := self.m.cli("statement", key=name))["cash"]) != sum(amount for _, amount in told):
                self.assertLess(time.monotonic(), end, now)
            kept = [now[what] for what in ("held_by_orders", "in_escrow", "bonds", "premiums", "dispute_deposits", "running_contracts")]
            self.assertEqual(kept, ["0.000000"] * 5 + [0], name)
            said = self.m.cli("statement", "--from", at((int(time.time()) // 86400 - 1) * 86400), key=name)
            sums = collections.defaultdict(lambda: [0, 0])
            for reason, amount in told:
                sums[reason][amount < 0] += abs(amount)
            self.assertEqual({x["reason"]: [micro(x["received"]), micro(x["paid"])] for x in said["sums"]}, sums, name)

    def test_4_invoices_charge_the_same(self):
        for name, number in NUMBERS.items():
            rows = self.invoices(name)
            charged = [(r["x_TransferReason"], -micro(r["BilledCost"])) for r in rows if micro(r["BilledCost"]) != 0]
            self.assertEqual(sorted(charged), sorted(charges(name)), name)
            self.assertEqual(sum(amount for _, amount in charged), sum(amount for _, amount in expected(name)), name)
            self.assertEqual(sum(micro(r["EffectiveCost"]) for r in rows), sum(micro(r["BilledCost"]) for r in rows), "nothing is kept")
            self.assertEqual({r["BillingAccountId"] for r in rows}, {str(number)})
            self.assertEqual(self.invoices(name, "--participant", str(number), user="petahour_auditor"), rows, "an auditor sees another")

    def test_5_what_is_not_a_partys_is_the_exchanges(self):
        """Everything that the three do not have any more are fees; no account of a contract has anything."""
        fees = -sum(amount for name in NUMBERS for _, amount in expected(name))
        left = self.pg.sql("SELECT kind, sum(balance) FROM petahour.account WHERE kind NOT IN (1, 2) AND balance <> 0 GROUP BY kind")
        self.assertEqual([int(line.split("|")[1]) for line in left.splitlines()], [fees])
        self.assertEqual(self.pg.sql("SELECT * FROM petahour.reconcile"), "")
        done = subprocess.run([AUDIT, "replay", self.m.journal], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("every law holds", done.stdout)


if __name__ == "__main__":
    skips.main(sys.argv[:1] + sys.argv[9:], verbosity=2)
