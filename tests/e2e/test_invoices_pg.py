#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Invoices of a market that delivers, disputes and sells on: they add up to the ledger, keep the rules
of FOCUS, and state the price of what they charge.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import csv
import json
import pathlib
import subprocess
from decimal import Decimal

import focus_rows
from settle_rig import MAKE_JOURNAL, SettleCase, main

JOURNAL_OF = pathlib.Path(MAKE_JOURNAL).parent / "journal_of"
AUDIT = pathlib.Path(MAKE_JOURNAL).parents[2] / "clients/audit/petahour-audit"

PER_HOUR = 100  # records: contract-periods end, are reported and final while the test journal runs
RECORDS = 5000

# A contract of two periods, 3 units at 1.000001 and 2 at 3.000000, both prices in both periods, and
# what was sold on of it, which its own supplier bought; periods of {seconds} from {first}.
CONTRACTS = """
INSERT INTO petahour.product
    SELECT (jsonb_populate_record(p, '{{"id": {product}, "period_seconds": {seconds},
                                       "symbol": "EVERY-{seconds}"}}')).*
      FROM petahour.product p WHERE id = 1;
INSERT INTO petahour.contract
    SELECT {contract} + i, {contract} + i, {seq} + i, 0, {product}, 1, buyer, 2, 1, 1, 1, notional, 0,
           0, 0, 0, segments, seller, CASE i WHEN 1 THEN {contract} END, notional, 0, 0,
           {first}::bigint * {seconds}, ({first}::bigint + 2) * {seconds}
      FROM (VALUES (0, 6, 18000006, 2, 2), (1, 2, 2400000, 1, 6)) x (i, buyer, notional, segments, seller);
INSERT INTO petahour.segment VALUES
    ({contract}, 1, {first}, 2, 3, 1000001), ({contract}, 2, {first}, 2, 2, 3000000),
    ({contract} + 1, 1, {first}, 1, 2, 1200000);
INSERT INTO petahour.transfer VALUES
    ({seq}, 1, 2, 3, 3, 6, {contract}, 18000006),
    ({seq} + 1, 1, 2, 2, 18, 2, 6, 1999000), ({seq} + 1, 2, 2, 5, 19, 2, 0, 1002),
    ({seq} + 1, 3, 2, 7, 20, 2, {contract} + 1, 399998),
    ({seq} + 1, 4, 3, 3, 24, {contract}, {contract} + 1, 2000002),
    ({seq} + 2, 1, 3, 2, 7, {contract}, 2, 2332333), ({seq} + 2, 2, 3, 5, 8, {contract}, 0, 1000),
    ({seq} + 2, 3, 3, 2, 9, {contract}, 6, 4666668),
    ({seq} + 3, 1, 3, 2, 7, {contract} + 1, 2, 1999002), ({seq} + 3, 2, 3, 5, 8, {contract} + 1, 0, 1000),
    ({seq} + 3, 3, 7, 2, 21, {contract} + 1, 6, 399998);
INSERT INTO petahour.delivery_final VALUES
    ({contract}, {first}, {seq} + 2, 4, 0, 1, {seconds}, 3 * {seconds}, 1, 3),
    ({contract} + 1, {first}, {seq} + 3, 4, 0, 1, 2 * {seconds}, 2 * {seconds}, 1, 3);
"""
SHOWN = ("ChargeCategory", "x_TransferReason", "InvoiceDetailId", "PricingQuantity", "PricingUnit",
         "ContractedUnitPrice", "ConsumedQuantity", "BilledCost", "EffectiveCost")


class Invoices(SettleCase):
    def invoice(self, user, month, *arguments, code=0):
        done = subprocess.run([AUDIT, "invoice", "--database", self.pg.conninfo(user), "--month",
                               month, *arguments], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def micro(self, sql):
        return int(self.pg.sql(f"SELECT coalesce(sum(x), 0) FROM ({sql}) s (x)"))

    def test_invoices_add_up_to_the_ledger(self):
        """Participants are charged in August and September; what is known of August in September
        is still the same at the end."""
        self.make(1500, per_hour=PER_HOUR)
        self.settle("--once")
        self.member("member_six", 6)
        self.assert_details("member_six", "2015-08", self.invoice("member_six", "2015-08"), "Open")
        self.make(3500, per_hour=PER_HOUR)
        self.settle("--once")
        august = self.invoice("member_six", "2015-08")
        self.assert_details("member_six", "2015-08", august, "Issued")
        self.make(RECORDS, per_hour=PER_HOUR)
        self.settle("--once")
        self.assertEqual(self.invoice("member_six", "2015-08"), august)
        kinds = set()
        own = self.pg.sql("SELECT id FROM petahour.contract WHERE from_contract IS NULL").split()
        for who in range(2, 10):
            kept, told = 0, []
            for month in ("2015-08", "2015-09"):
                text = self.invoice("petahour_auditor", month, "--participant", str(who))
                self.assertEqual(focus_rows.check(text.splitlines()), [])
                rows = list(csv.DictReader(text.splitlines()))
                kinds.update((row["ChargeCategory"], row["ChargeClass"]) for row in rows)
                self.assert_corrections(rows, told)
                self.assert_prices(rows, set(own))
                self.assert_details("petahour_auditor", month, text, "Open" if month == "2015-09" else "Issued",
                                    "--participant", str(who))  # fmt: skip
                told += rows
                billed = sum(Decimal(row["BilledCost"]) for row in rows) * 1000000
                kept += billed - sum(Decimal(row["EffectiveCost"]) for row in rows) * 1000000
                self.assertEqual(billed, self.micro(
                    "SELECT -amount FROM petahour.entry e JOIN petahour.month m ON seq >= first_seq"
                    f" AND seq < next_seq WHERE kind = 2 AND id = {who} AND reason > 2"
                    f" AND month = '{month}-01'"), (who, month))
            # What was paid and is no cost yet is kept for this participant now.
            self.assertEqual(kept, self.micro(
                "SELECT balance FROM petahour.account a JOIN petahour.contract c USING (id) WHERE"
                f" (a.kind IN (3, 7) AND buyer = {who}) OR (a.kind = 4 AND supplier = {who})"), who)
        # A month without records is no billing period; members and auditors see the same ones.
        self.assertEqual(len(self.invoice("member_six", "2015-10", "--dataset", "billing-period").splitlines()), 1)
        self.assertEqual(self.invoice("member_six", "2015-08", "--dataset", "billing-period"),
                         self.invoice("petahour_auditor", "2015-08", "--dataset", "billing-period"))
        self.assertIn("permission denied", self.invoice("member_six", "2015-08", "--participant", "7", "--dataset",
                                                        "invoice-detail", code=1))
        self.invoice("member_six", "2015-08", "--dataset", "invoices", code=2)
        self.invoice("petahour_auditor", "2015-08", "--participant", "6", "--dataset", "billing-period", code=2)
        self.assertEqual(kinds, {("Purchase", ""), ("Usage", ""), ("Credit", ""), ("Adjustment", ""),
                                 ("Purchase", "Correction")})
        used = self.pg.sql('SELECT sum("ConsumedQuantity") FROM petahour.month m,'
                           " LATERAL petahour.invoice(6, m.month)")
        self.assertEqual(used, self.pg.sql(
            "SELECT sum(delivered) FROM petahour.delivery_final f JOIN petahour.contract c ON"
            " c.id = f.contract WHERE buyer = 6 AND delivered > 0"))
        # A participant gets its own and nobody else's, and a month without records has no rows.
        self.assertEqual(self.invoice("member_six", "2015-08"), self.invoice(
            "petahour_auditor", "2015-08", "--participant", "6"))
        self.assertIn("permission denied", self.invoice("member_six", "2015-08", "--participant", "7",
                                                        code=1))
        self.assertEqual(len(self.invoice("member_six", "2015-10").splitlines()), 1)
        self.assertEqual(self.invoice("petahour_auditor", "2015-08", "--participant", "999", code=4),
                         "petahour-audit: the database has no participant 999\n")
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([AUDIT, "invoice", "--database", self.pg.conninfo("member_six"), "--month",
                                   "2015-08"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr.count("could not write")), (1, 1), done.stderr)
        self.assertNotIn("Success", done.stderr)
        for month in ("2015-13", "2015", "2015-08-01"):
            self.invoice("member_six", month, code=2)

    def assert_details(self, user, month, text, status, *arguments):
        """Each charge is a line of its invoice, which is issued when its month is closed."""
        charges = list(csv.DictReader(text.splitlines()))
        lines = self.invoice(user, month, *arguments, "--dataset", "invoice-detail").splitlines()
        self.assertEqual(focus_rows.check_details(lines, charges), [])
        rows = list(csv.DictReader(lines))
        self.assertEqual([row["InvoiceDetailId"] for row in rows], [charge["InvoiceDetailId"] for charge in charges])
        for category in focus_rows.columns("Invoice Detail")["ChargeCategory"]["allowed_values"].split(";"):
            self.assertEqual(*(sum(Decimal(row["BilledCost"]) for row in of if row["ChargeCategory"] == category)
                               for of in (rows, charges)))  # fmt: skip
        self.assertEqual({row["InvoiceIssueStatus"] for row in rows}, {status})
        market, who, _ = rows[0]["InvoiceId"].split("/")
        # Every correction is of September, of a purchase of August.
        self.assertLessEqual({row["ReferenceInvoiceId"] for row in rows} - {rows[0]["InvoiceId"]}, {f"{market}/{who}/2015-08"})
        [line, period] = self.invoice(user, month, "--dataset", "billing-period").splitlines()
        self.assertEqual(focus_rows.check_other("Billing Period", [line, period]), [])
        period = dict(zip(line.split(","), period.split(",")))
        self.assertEqual(period["BillingPeriodStatus"], "Closed" if status == "Issued" else "Open")
        for name in ("BillingPeriodStart", "BillingPeriodEnd", "InvoiceIssuerName"):
            self.assertEqual({row[name] for row in rows}, {period[name]})
        if status == "Issued":
            self.assertEqual({row["InvoiceIssueDate"] for row in rows}, {period["BillingPeriodEnd"]})
            self.assertLessEqual(max(row["InvoiceDetailCreated"] for row in rows), period["BillingPeriodLastUpdated"])

    def test_prices_of_periods_of_all_lengths(self):
        """Of hours and of days; at two prices in one period, a part of which was sold on and a part
        delivered; and of a supplier that bought its own back."""
        self.make(300, per_hour=PER_HOUR)
        self.settle("--once")
        for number, seconds in enumerate((900, 3600, 86400)):
            with self.subTest(seconds=seconds):
                first, product, contract, seq = (
                    1441065600 // seconds, 90 + number, 900000 + 2 * number, 500000 + 4 * number)
                self.pg.sql(CONTRACTS.format(first=first, product=product, contract=contract,
                                             seq=seq, seconds=seconds))
                a_unit = min(seconds, 3600) / Decimal(3600)
                prices = [Decimal(price) / a_unit for price in ("1.000001", "3", "1.2")]
                unit = "Card-Days" if seconds == 86400 else "Card-Hours"
                got = {who: self.shown(who, contract, seq) for who in (6, 2)}
                third = round(a_unit / 3, 12)
                want = [("Purchase", "NOTIONAL", "0.1/1", 6 * a_unit, prices[0], None, 6000006, 0),
                        ("Purchase", "NOTIONAL", "0.1/2", 4 * a_unit, prices[1], None, 12000000, 0),
                        ("Usage", "PAYMENT", "2.1/1", third, prices[0], seconds // 3, 0, 333333),
                        ("Usage", "PAYMENT", "2.1/2", round(2 * a_unit / 3, 12), prices[1],
                         2 * seconds // 3, 0, 2000000),
                        ("Purchase", "REFUND", "2.3/1", -round(2 * a_unit / 3, 12), prices[0], None,
                         -666667, 0),
                        ("Purchase", "REFUND", "2.3/2", -round(4 * a_unit / 3, 12), prices[1], None,
                         -4000001, 0)]
                self.assertEqual([row for row in got[6] if row[4]], self.as_shown(want, unit))
                want = [("Purchase", "RESALE", "1.1/1", 2 * a_unit, prices[2], None, 2400000, 0),
                        ("Usage", "PAYMENT", "3.1/1", 2 * a_unit, prices[2], 2 * seconds, 0, 2400000)]
                self.assertEqual([row for row in got[2] if row[4]], self.as_shown(want, unit))
                # What it paid at once and what came for it are as much, so that nothing is adjusted.
                want = [("Credit", "PAYMENT", "2.1", None, None, None, -2332333, -2332333),
                        ("Credit", "PAYMENT", "3.1", None, None, None, -1999002, -1999002)]
                self.assertEqual([row for row in got[2] if not row[4]], self.as_shown(want, ""))

    def test_a_supplier_that_buys_back(self):
        """Buyer 3 sells on to its own supplier, at a premium; half is delivered."""
        lines = [
            {"at": "2026-11-23T22:00:00Z", "sender": 1, "command": "REGISTER_PARTICIPANT", "id": 2,
             "roles": ["SUPPLIER", "BUYER"], "name": "supplier"},
            {"sender": 1, "command": "REGISTER_PARTICIPANT", "id": 3, "roles": ["BUYER"], "name": "buyer"},
            {"sender": 1, "command": "REGISTER_SITE", "id": 1, "owner": 2, "region": "ulanqab",
             "name": "site-1", "latitude_udeg": 0, "longitude_udeg": 0, "racks": 1, "pue_ppm": 1200000},
            {"sender": 1, "command": "REGISTER_HARDWARE", "id": 1, "name": "H100"},
            {"sender": 1, "command": "LIST_PRODUCT", "id": 1, "symbol": "AI.H100", "compute_type": "AI",
             "architecture": "GPU", "model": "H100", "unit": "card", "hardware": 1, "hardware_units": 1,
             "site": 1, "availability_ppm": 990000, "period_seconds": 3600, "tick": 1, "lot": 1,
             "quantity_max": 1000, "block_periods_max": 24, "horizon": 24, "report_seconds": 3600,
             "dispute_seconds": 3600, "resolve_seconds": 3600, "reference_price": 1000000,
             "bond_ppm": 100000, "maker_ppm": 1000, "taker_ppm": 2000, "fee_at_trade_ppm": 200000},
            {"sender": 2, "command": "REGISTER_CAPACITY", "reference": 1, "site": 1, "hardware": 1,
             "period_seconds": 3600, "first_period": "2026-11-24T00:00:00Z", "periods": 2, "units": 10}]
        lines += [{"sender": 1, "command": "DEPOSIT", "participant": who, "amount": 10**9,
                   "reference": f"first {who}"} for who in (2, 3)]
        lines += [{"sender": sender, "command": "NEW_ORDER", "client_order_id": number, "product": 1,
                   "side": side, "shape": "EACH", "first_period": "2026-11-24T00:00:00Z", "periods": 1,
                   "quantity": 4, "price": price, "time_in_force": "GTC", "from_contract": resold}
                  for sender, number, side, price, resold in (
                      (2, 1, "SELL", 1000000, 0), (3, 2, "BUY", 1000000, 0),
                      (3, 3, "SELL", 1500001, 1), (2, 4, "BUY", 1500001, 0))]
        lines += [{"at": "2026-11-24T01:10:00Z", "sender": 2, "command": "REPORT_DELIVERY", "contract": 2,
                   "period": 1795478400 // 3600, "delivered": 7200},
                  {"at": "2026-11-24T06:00:00Z", "command": "TICK"}]
        subprocess.run([JOURNAL_OF, self.journal, "8"], check=True, text=True,
                       input="".join(json.dumps(line) + "\n" for line in lines))
        self.configure("market.example")
        self.settle("--once")
        self.assert_equal_to_journal()
        self.assertEqual(self.pg.sql("SELECT id, buyer, supplier FROM petahour.contract ORDER BY id"),
                         "1|3|2\n2|2|2")
        for who in (2, 3):
            text = self.invoice("petahour_auditor", "2026-11", "--participant", str(who))
            self.assertEqual(focus_rows.check(text.splitlines()), [])
            rows = list(csv.DictReader(text.splitlines()))
            self.assertEqual(sum(Decimal(row["BilledCost"]) for row in rows) * 1000000, self.micro(
                f"SELECT -amount FROM petahour.entry WHERE kind = 2 AND id = {who} AND reason > 2"))
            if who == 2:
                hours = {(row["ChargeCategory"], row["x_TransferReason"]): row for row in rows}
        for (category, reason), billed, effective in (
                (("Purchase", "RESALE"), "6.000004", "0"), (("Usage", "PAYMENT"), "0", "3.000002"),
                (("Purchase", "REFUND"), "-3.000002", "0")):
            row = hours[category, reason]
            self.assertEqual((row["ContractedUnitPrice"], Decimal(row["BilledCost"]),
                              Decimal(row["EffectiveCost"])),
                             ("1.500001", Decimal(billed), Decimal(effective)), row)

    def shown(self, who, contract, seq):
        text = self.invoice("petahour_auditor", "2015-08", "--participant", str(who))
        self.assertEqual(focus_rows.check(text.splitlines()), [])
        shown = []
        for row in csv.DictReader(text.splitlines()):
            if row["ResourceId"] in (str(contract), str(contract + 1)):
                record, rest = row["InvoiceDetailId"].split(".")
                row["InvoiceDetailId"] = f"{int(record) - seq}.{rest}"
                shown.append(tuple(row[name] for name in SHOWN))
        return shown

    @staticmethod
    def as_shown(rows, unit):
        """Money is in micro-units."""
        def plain(number):
            return "" if number is None else f"{number.normalize():f}"
        return [(category, reason, detail, plain(quantity), unit, plain(price),
                 "" if consumed is None else str(consumed), f"{Decimal(billed) / 1000000:.6f}",
                 f"{Decimal(effective) / 1000000:.6f}")
                for category, reason, detail, quantity, price, consumed, billed, effective in rows]

    def assert_prices(self, rows, own):
        """Hours cost their price, which a segment of their contract states; what is paid for them is
        that rounded to the micro-unit, by less than one for each price."""
        stated = {tuple(line.split("|")) for line in self.pg.sql(
            "SELECT contract, number, trim_scale(price / 1000000.0) FROM petahour.segment").splitlines()}
        for row in rows:
            if not row["PricingUnit"].endswith("-Hours"):
                continue
            contract, segment = row["ResourceId"], row["InvoiceDetailId"].split("/")[1]
            self.assertIn((contract, segment, row["ContractedUnitPrice"]), stated, row)
            paid = row["EffectiveCost" if row["ChargeCategory"] == "Usage" else "BilledCost"]
            rounded = Decimal(row["ContractedCost"]) - Decimal(paid)
            if row["ChargeCategory"] == "Purchase" and Decimal(paid) > 0:
                self.assertEqual(rounded, 0, row)
            elif contract in own:
                self.assertLess(abs(rounded), Decimal("0.000001") + Decimal("1e-11"), row)
            if row["ChargeCategory"] == "Usage":
                hours = Decimal(row["ConsumedQuantity"]) / 3600
                self.assertLess(abs(Decimal(row["PricingQuantity"]) - hours), Decimal(1) / 3600, row)

    def assert_corrections(self, rows, earlier):
        """What comes back of a purchase is a correction if an earlier invoice has the purchase, and no
        other row is one; its charge period and price are those of the purchase."""
        def bought(of):
            return {(row["ResourceId"], row["SkuId"], *row["InvoiceDetailId"].split("/")[1:]): row
                    for row in of if row["ChargeCategory"] == "Purchase"
                    and Decimal(row["BilledCost"]) > 0 and row["x_TransferReason"] != "FEE"}
        now, before = bought(rows), bought(earlier)
        self.assertFalse(now.keys() & before.keys())
        for row in rows:
            back = row["ChargeCategory"] == "Purchase" and Decimal(row["BilledCost"]) < 0
            self.assertEqual(row["x_TransferReason"] in ("REFUND", "FEE_REFUND", "PREMIUM_REFUND")
                             and Decimal(row["BilledCost"]) < 0, back, row)
            if not back:
                self.assertEqual(row["ChargeClass"], "", row)
                continue
            reason, segment = row["x_TransferReason"], row["InvoiceDetailId"].split("/")[1:]
            self.assertEqual(reason == "REFUND", bool(segment), row)
            # A premium that comes back was part of the price, of which segment is not known any more.
            key = (row["ResourceId"], row["SkuId"], *segment)
            if reason == "PREMIUM_REFUND":
                key = (row["ResourceId"], row["ResourceName"], "1")
            is_earlier = key in before
            self.assertEqual(row["ChargeClass"], "Correction" if is_earlier else "", row)
            of = (before if is_earlier else now)[key]
            names = ["BillingAccountId"]
            names += ["ChargePeriodStart", "ChargePeriodEnd", "SkuId"] * (reason != "PREMIUM_REFUND")
            for name in names + ["ContractedUnitPrice"] * (reason == "REFUND"):
                self.assertEqual(row[name], of[name], row)
            self.assertEqual(row["InvoiceId"] == of["InvoiceId"], not is_earlier, row)
            self.assertNotEqual(row["InvoiceDetailId"], of["InvoiceDetailId"])


if __name__ == "__main__":
    main()
