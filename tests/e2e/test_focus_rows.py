#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""focus_rows finds what breaks a rule: each rule is broken in turn, in rows that break no other."""

import csv
import io
import unittest

import focus_rows
from focus_rows import BRINGS, EMPTY, FILLED, LAWS, NEEDS, ONE, WHEN, Row

# A value for each column; usage with everything that a charge can have.
VALUES = {
    "AllocatedMethodDetails": '{"Elements": []}', "AllocatedMethodId": "even",
    "AllocatedResourceId": "pod-1", "AllocatedResourceName": "pod", "AllocatedTags": "{}",
    "AvailabilityZone": "a", "BilledCost": "0.000000", "BillingAccountId": "6",
    "BillingAccountName": "Acme", "BillingAccountType": "Participant", "BillingCurrency": "USD",
    "BillingPeriodEnd": "2026-12-01T00:00:00Z", "BillingPeriodStart": "2026-11-01T00:00:00Z",
    "CapacityReservationId": "r-1", "CapacityReservationStatus": "Used", "ChargeCategory": "Usage",
    "ChargeClass": "", "ChargeDescription": "hours", "ChargeFrequency": "Usage-Based",
    "ChargePeriodEnd": "2026-11-02T01:00:00Z", "ChargePeriodStart": "2026-11-02T00:00:00Z",
    "CommitmentDiscountCategory": "Usage", "CommitmentDiscountId": "d-1",
    "CommitmentDiscountName": "a year", "CommitmentDiscountQuantity": "1",
    "CommitmentDiscountStatus": "Used", "CommitmentDiscountType": "Reserved",
    "CommitmentDiscountUnit": "Hours", "CommitmentProgramEligibilityDetails": "{}",
    "ConsumedQuantity": "7200", "ConsumedUnit": "Card-Seconds", "ContractApplied": "{}",
    "ContractedCost": "3", "ContractedUnitPrice": "1.5", "EffectiveCost": "3.000000",
    "HostProviderName": "Host", "InvoiceDetailId": "17.1/1", "InvoiceId": "m/6/2026-11",
    "InvoiceIssuerName": "operator", "ListCost": "3", "ListUnitPrice": "1.5",
    "PricingCategory": "Committed", "PricingCurrency": "USD",
    "PricingCurrencyContractedUnitPrice": "1.5", "PricingCurrencyEffectiveCost": "3",
    "PricingCurrencyListUnitPrice": "1.5", "PricingQuantity": "2", "PricingUnit": "Card-Hours",
    "RegionId": "north", "RegionName": "North", "ResourceId": "17", "ResourceName": "H100",
    "ResourceType": "Compute contract", "ServiceCategory": "Compute", "ServiceName": "H100",
    "ServiceProviderName": "Supplier", "ServiceSubcategory": "Other (Compute)", "SkuId": "H100",
    "SkuMeter": "Card time", "SkuPriceDetails": '{"MemorySize": 80}', "SkuPriceId": "H100/1",
    "SubAccountId": "s-1", "SubAccountName": "team", "SubAccountType": "Team", "Tags": "{}",
    "x_TransferReason": "PAYMENT",
}


def without(*prefixes, **changes):
    return {**VALUES, **{name: "" for name in VALUES if name.startswith(prefixes)}, **changes}


BARE = ("Allocated", "CapacityReservation", "CommitmentDiscount", "SubAccount")
UNPRICED = BARE + ("Consumed", "ContractedUnitPrice", "ListUnitPrice", "PricingQ", "PricingUnit",
                   "PricingCurrencyL", "PricingCurrencyC", "PricingCategory", "Sku")
MONEY = {"BilledCost": "-1", "ContractedCost": "-1", "ListCost": "-1", "EffectiveCost": "-1",
         "ChargeFrequency": "One-Time"}
PURCHASE = without(*BARE, "Consumed", ChargeCategory="Purchase", ChargeFrequency="One-Time",
                   BilledCost="3", EffectiveCost="0", PricingCategory="Standard")
SAMPLES = {
    "everything": VALUES,
    "usage": without(*BARE, PricingCategory="Standard"),
    "unused": without("Consumed", CommitmentDiscountStatus="Unused"),
    "purchase": PURCHASE,
    "correction": {**PURCHASE, "ChargeClass": "Correction", "BilledCost": "-3",
                   "ContractedCost": "-3", "ListCost": "-3", "PricingQuantity": "-2"},
    "credit": without(*UNPRICED, **MONEY, ChargeCategory="Credit", SkuId="H100",
                      SkuMeter="Card time"),
    "tax": without(*UNPRICED, **MONEY, ChargeCategory="Tax"),
}

# How each law is broken: of which sample, and by what values.
BROKEN = {
    "the charge period ends before it begins":
        ("usage", {"ChargePeriodEnd": VALUES["ChargePeriodStart"]}),
    "the billing period ends before it begins":
        ("usage", {"BillingPeriodEnd": VALUES["BillingPeriodStart"]}),
    "the contracted cost is not its unit price by the quantity":
        ("correction", {"ContractedCost": "-3.000001"}),
    "the list cost is not its unit price by the quantity": ("correction", {"ListCost": "-3.000001"}),
    "nothing was negotiated, and yet contracted and list price differ":
        ("usage", {"ContractedUnitPrice": "1.4", "ContractedCost": "2.8"}),
    "nothing was negotiated, and yet contracted and list cost differ":
        ("usage", {"ContractedUnitPrice": "1.4", "ContractedCost": "2.8"}),
    "the contracted cost of a credit is not what was billed": ("credit", {"ContractedCost": "0"}),
    "without a unit price the list cost is not what was billed": ("credit", {"ListCost": "0"}),
    "without a unit price the contracted cost is not what was billed":
        ("credit", {"ChargeCategory": "Adjustment", "ContractedCost": "0"}),
    "a purchase costs neither nothing yet nor what was billed":
        ("purchase", {"EffectiveCost": "2.999999"}),
    "usage is billed that a purchase covers": ("usage", {"BilledCost": "0.000001"}),
    "the pricing is committed to nothing": ("usage", {"PricingCategory": "Committed"}),
    "a commitment is used, and yet the pricing is not committed":
        ("everything", {"PricingCategory": "Standard"}),
    "a purchase is by usage": ("purchase", {"ChargeFrequency": "Usage-Based"}),
    "the subcategory is of another category": ("usage", {"ServiceSubcategory": "Other (Web)"}),
}

# What no value of a column is.
VALUES_BROKEN = (
    ("ChargeCategory", "Bargain", "none of its values"), ("BillingCurrency", "usd", "no Currency"),
    ("InvoiceIssuerName", "", "is empty"), ("ChargeFrequency", "", "is empty"),
    ("BillingPeriodStart", "2026-11-01", "no Date/Time"), ("ServiceName", "  ", "nothing but space"),
    ("BilledCost", "+1", "no Decimal"), ("BilledCost", "1e3", "no Decimal"),
    ("BilledCost", "1,000", "no Decimal"), ("ContractedUnitPrice", "-1.5", "no Decimal"),
    ("PricingUnit", "Card Hours", "no Unit"), ("PricingUnit", "card-Hours", "no Unit"),
    ("PricingUnit", "Card-Hour", "is singular"), ("ConsumedUnit", "Card_Seconds", "no Unit"),
    ("SkuPriceDetails", "{", "no JSON"), ("SkuPriceDetails", "[]", "no JSON object"),
    ("SkuPriceDetails", '{"a": {"b": 1}}', "none for a key"),
)

# What the columns cannot be, from those that a file has.
COLUMNS_BROKEN = (
    (lambda names: [n for n in names if n != "BilledCost"], "column BilledCost is missing"),
    (lambda names: names + ["Cost"], "column Cost is none of FOCUS"),
    (lambda names: names + ["x_cost"], "column x_cost is none of FOCUS"),
    (lambda names: [n for n in names if n != "SkuPriceDetails"],
     "column SkuPriceDetails is missing beside others of its condition"),
)


def check(*rows, names=tuple(VALUES)):
    file = io.StringIO()
    writer = csv.DictWriter(file, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return focus_rows.check(file.getvalue().splitlines())


DETAIL = {
    "BilledCost": VALUES["BilledCost"], "BillingAccountId": VALUES["BillingAccountId"],
    "BillingCurrency": VALUES["BillingCurrency"], "BillingPeriodEnd": VALUES["BillingPeriodEnd"],
    "BillingPeriodStart": VALUES["BillingPeriodStart"], "ChargeCategory": VALUES["ChargeCategory"],
    "InvoiceDetailCreated": VALUES["BillingPeriodStart"], "InvoiceDetailDescription": "", "InvoiceDetailGrain": '{"SkuId": "x"}',
    "InvoiceDetailId": VALUES["InvoiceDetailId"], "InvoiceDetailLastUpdated": VALUES["BillingPeriodEnd"],
    "InvoiceId": VALUES["InvoiceId"], "InvoiceIssueDate": VALUES["BillingPeriodEnd"], "InvoiceIssueStatus": "Issued",
    "InvoiceIssuerName": VALUES["InvoiceIssuerName"], "PaymentDueDate": "", "PaymentTerms": "Prepaid",
    "ReferenceInvoiceId": VALUES["InvoiceId"],
}  # fmt: skip
# What an invoice's line cannot say beside its charge, and what is then found.
DETAIL_BROKEN = (
    ({"InvoiceIssueStatus": "Closed"}, 'InvoiceIssueStatus is "Closed", which is none of its values'),
    ({"ReferenceInvoiceId": ""}, "ReferenceInvoiceId is empty"),
    ({"PaymentTerms": ""}, "PaymentTerms is empty"),
    ({"InvoiceIssueDate": "2026-12-01"}, 'InvoiceIssueDate is "2026-12-01", which is no Date/Time'),
    ({"InvoiceDetailGrain": "[]"}, "InvoiceDetailGrain is no JSON object"),
    ({"BilledCost": "7.77"}, "BilledCost is another than the charge's"),
    ({"ChargeCategory": "Tax"}, "ChargeCategory is another than the charge's"),
    ({"InvoiceDetailId": "0.0"}, "no charge is on this line"),
    ({"ReferenceInvoiceId": "another"}, "ReferenceInvoiceId names another invoice for a correction alone"),
    ({"InvoiceDetailLastUpdated": "2020-01-01T00:00:00Z"}, "it was updated before it was made"),
    ({"InvoiceIssueDate": ""}, "it is issued if it has a date of issue"),
    ({"InvoiceIssueStatus": "Open"}, "it is issued if it has a date of issue"),
)


def check_detail(charges, *lines):
    file = io.StringIO()
    writer = csv.DictWriter(file, list(DETAIL))
    writer.writeheader()
    writer.writerows(lines)
    return focus_rows.check_details(file.getvalue().splitlines(), charges)


class FocusRows(unittest.TestCase):
    def assert_found(self, of, changes, why):
        found = check({**SAMPLES[of], **changes})
        self.assertIn(f"row 1: {why}", found, (of, changes))

    def test_right_rows_have_no_finding(self):
        self.assertEqual(VALUES.keys() - focus_rows.columns().keys(), {"x_TransferReason"})
        self.assertEqual(focus_rows.columns().keys() - VALUES.keys(), set())
        for name, row in SAMPLES.items():
            self.assertEqual(check(row), [], name)
        rows = [{**row, "InvoiceDetailId": name} for name, row in SAMPLES.items()]
        self.assertEqual(check(*rows), [])

    def test_nulls_by_condition_are_found(self):
        for rules, how, says in ((EMPTY, lambda name: VALUES[name], "has a value"),
                                 (FILLED, lambda name: "", "has no value")):
            for names, when in rules:
                fitting = [of for of, row in SAMPLES.items() if WHEN[when](Row(row))]
                self.assertNotEqual(fitting, [], when)
                for name in names:
                    for of in fitting:
                        self.assert_found(of, {name: how(name)}, f"{name} {when} {says}")
        self.assertEqual({when for _, when in EMPTY + FILLED}, WHEN.keys())

    def test_nulls_of_columns_that_belong_together_are_found(self):
        for name, others in NEEDS.items():
            for other in others:
                self.assert_found("everything", {name: ""}, f"{other} has a value without {name}")
        for name, others in BRINGS.items():
            for other in others:
                self.assert_found("everything", {other: ""}, f"{other} has no value beside {name}")

    def test_laws_between_columns_are_found(self):
        self.assertEqual(BROKEN.keys(), LAWS.keys())
        for law, (of, changes) in BROKEN.items():
            self.assert_found(of, changes, law)

    def test_values_are_found(self):
        for name, value, why in VALUES_BROKEN:
            found = check({**VALUES, name: value})
            self.assertTrue([line for line in found if name in line and why in line],
                            (name, value, found))

    def test_columns_are_found(self):
        for how, why in COLUMNS_BROKEN:
            self.assertIn(why, check(VALUES, names=how(list(VALUES))))

    def test_rows_that_do_not_fit_together_are_found(self):
        other = {**VALUES, "InvoiceDetailId": "17.2/1"}
        self.assertEqual(check(VALUES, other), [])
        self.assertEqual(check(VALUES, VALUES), ["row 2: the same detail comes twice"])
        changed = {"BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingCurrency": "EUR",
                   "BillingPeriodEnd": "2027-01-01T00:00:00Z", "PricingUnit": "Core-Hours",
                   "SkuPriceDetails": '{"MemorySize": 40}'}
        for name, of in ONE:
            found = check(VALUES, {**other, of: changed.get(of, VALUES[of] + " (another)")})
            self.assertIn(f"row 2: {of} is another than before for the same {name}", found)

    def test_lines_of_an_invoice_are_its_charges(self):
        charge = {**VALUES, "ChargeClass": ""}
        self.assertEqual(check_detail([charge], DETAIL), [])
        for changes, why in DETAIL_BROKEN:
            self.assertIn(f"row 1: {why}", check_detail([charge], {**DETAIL, **changes}), changes)
        corrects = {**charge, "ChargeClass": "Correction"}
        self.assertEqual(check_detail([corrects], {**DETAIL, "ReferenceInvoiceId": "another"}), [])
        self.assertEqual(len(check_detail([corrects], DETAIL)), 1)
        self.assertEqual(len(check_detail([charge])), 1, "a charge is on no line")
        self.assertEqual(check_detail([charge], DETAIL, DETAIL), ["row 2: no charge is on this line"])
        period = dict(zip(focus_rows.columns("Billing Period"), ["2026-11-01T00:00:00Z"] * 4 + ["Closed", "x"]))
        self.assertEqual(focus_rows.check_other("Billing Period", [",".join(period), ",".join(period.values())]), [])
        self.assertEqual(len(focus_rows.check_other("Billing Period", [",".join(period), ",".join(period.values()).replace("Closed", "")])), 1)


if __name__ == "__main__":
    unittest.main()
