#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether rows are "Cost and Usage" of FOCUS 1.4: columns, nulls, types and values as its list of
columns says (focus/), and the rules between columns that its text adds. Of its other data sets only
the former are checked, and of "Invoice Detail" that it has one line for each charge.

As a program:  focus_rows.py FILE.csv...    prints what is wrong, and exits with 1 if anything is."""

import csv
import json
import pathlib
import re
import sys
from decimal import Decimal

LIST = pathlib.Path(__file__).resolve().parent / "focus" / "focus-1.4-columns.csv"
TIME_UNITS = ("Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond", "Microsecond")
DATA_UNIT = r"(?:[KMGTPE]i?)?[bB]"
UNIT = rf"(?:{DATA_UNIT}|[A-Z][A-Za-z]*)"
FORMS = {"Decimal (any)": r"-?\d+(\.\d+)?", "Decimal (non-negative)": r"\d+(\.\d+)?",
         "Date/Time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "Currency": "[A-Z]{3}",
         "Unit": rf"(?:[1-9]\d* )?{UNIT}(?:-{UNIT})?(?:/(?:[1-9]\d* )?{UNIT})?"}

# ---- what a row is ---------------------------------------------------------------------------
# Conditions of the rules below, by the words in which a finding states them.

WHEN = {
    "of a tax": lambda r: r["ChargeCategory"] == "Tax",
    "of no usage": lambda r: r["ChargeCategory"] != "Usage",
    "of usage and purchases that correct nothing": lambda r: is_charge(r) and not is_correction(r),
    "of usage that corrects nothing and that no commitment leaves unused": lambda r:
        r["ChargeCategory"] == "Usage" and not is_correction(r) and not is_unused(r),
    "of what a commitment leaves unused": lambda r: is_unused(r),
    "of usage and purchases by a commitment that correct nothing": lambda r:
        is_charge(r) and not is_correction(r) and r["CommitmentDiscountId"] != "",
    "of other charges than usage and purchases": lambda r: not is_charge(r),
    "of usage by a commitment": lambda r:
        r["ChargeCategory"] == "Usage" and r["CommitmentDiscountId"] != "",
    "of usage of a reservation": lambda r:
        r["ChargeCategory"] == "Usage" and r["CapacityReservationId"] != "",
}


def is_charge(row):
    return row["ChargeCategory"] in ("Usage", "Purchase")


def is_correction(row):
    return row["ChargeClass"] == "Correction"


def is_unused(row):
    return row["ChargeCategory"] == "Usage" and row["CommitmentDiscountStatus"] == "Unused"


# ---- nulls -----------------------------------------------------------------------------------
# Columns, and when they have no value; then, when they must have one. A column that is not there
# has no value, and need not have one.

PRICES = ("ListUnitPrice", "ContractedUnitPrice")
VIRTUAL = ("PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice")
EMPTY = (
    (("SkuId", "SkuPriceId", "PricingCategory", "PricingQuantity") + PRICES + VIRTUAL, "of a tax"),
    (("ConsumedQuantity",), "of no usage"),
    (("ConsumedQuantity",), "of what a commitment leaves unused"),
    (("CommitmentDiscountQuantity",), "of other charges than usage and purchases"),
)
FILLED = (
    (("SkuId", "SkuPriceId", "PricingCategory", "PricingQuantity") + PRICES + VIRTUAL,
     "of usage and purchases that correct nothing"),
    (("ConsumedQuantity",), "of usage that corrects nothing and that no commitment leaves unused"),
    (("CommitmentDiscountQuantity",),
     "of usage and purchases by a commitment that correct nothing"),
    (("CommitmentDiscountStatus",), "of usage by a commitment"),
    (("CapacityReservationStatus",), "of usage of a reservation"),
)
# Columns that have no value without another one.
NEEDS = {
    "SkuId": ("SkuMeter", "SkuPriceId"),
    "SkuPriceId": ("SkuPriceDetails", "PricingCategory", "PricingQuantity", "ConsumedQuantity",
                   "CommitmentDiscountQuantity") + PRICES + VIRTUAL,
    "ResourceId": ("ResourceName", "ResourceType"),
    "RegionId": ("RegionName",),
    "SubAccountId": ("SubAccountName", "SubAccountType"),
    "CommitmentDiscountId": ("CommitmentDiscountCategory", "CommitmentDiscountName",
                             "CommitmentDiscountStatus", "CommitmentDiscountType",
                             "CommitmentDiscountQuantity"),
    "CapacityReservationId": ("CapacityReservationStatus",),
    "AllocatedMethodId": ("AllocatedMethodDetails", "AllocatedResourceId", "AllocatedTags"),
    "AllocatedResourceId": ("AllocatedResourceName",),
}
# Columns that have a value if another one has.
BRINGS = {
    "SkuId": ("SkuMeter",),
    "SkuPriceId": ("SkuId",) + PRICES,
    "ResourceId": ("ResourceType",),
    "RegionId": ("RegionName",),
    "SubAccountId": ("SubAccountType",),
    "CommitmentDiscountId": ("CommitmentDiscountCategory", "CommitmentDiscountType"),
    "PricingQuantity": ("PricingUnit",), "PricingUnit": ("PricingQuantity",),
    "ConsumedQuantity": ("ConsumedUnit",), "ConsumedUnit": ("ConsumedQuantity",),
    "CommitmentDiscountQuantity": ("CommitmentDiscountUnit",),
    "CommitmentDiscountUnit": ("CommitmentDiscountQuantity",),
    "InvoiceId": ("InvoiceDetailId",), "InvoiceDetailId": ("InvoiceId",),
}


class Row(dict):
    """A line; a column that it lacks has no value."""

    def __missing__(self, name):
        return ""

    def number(self, name):
        return Decimal(self[name])


def check_nulls(row):
    for names, when in EMPTY:
        if WHEN[when](row):
            yield from (f"{name} {when} has a value" for name in names if row[name])
    for names, when in FILLED:
        if WHEN[when](row):
            yield from (f"{name} {when} has no value" for name in names
                        if name in row and not row[name])
    for name, others in NEEDS.items():
        if not row[name]:
            yield from (f"{other} has a value without {name}" for other in others if row[other])
    for name, others in BRINGS.items():
        if row[name]:
            yield from (f"{other} has no value beside {name}" for other in others
                        if other in row and not row[other])


# ---- values ----------------------------------------------------------------------------------

def is_product(row, cost, price):
    """What costs a unit price is that by the quantity, and to the last digit."""
    return not row[price] or not row["PricingQuantity"] or (
        row.number(price) * row.number("PricingQuantity") == row.number(cost))


# What is true of a row, by the words that say otherwise. A charge that nothing covers costs what is
# billed; what covers others costs nothing yet, and what is covered is not billed again. Nobody has a
# price here that the book did not show to all.
LAWS = {
    "the charge period ends before it begins": lambda r: r["ChargePeriodStart"] < r["ChargePeriodEnd"],
    "the billing period ends before it begins": lambda r:
        r["BillingPeriodStart"] < r["BillingPeriodEnd"],
    "the contracted cost is not its unit price by the quantity": lambda r:
        is_product(r, "ContractedCost", "ContractedUnitPrice"),
    "the list cost is not its unit price by the quantity": lambda r:
        is_product(r, "ListCost", "ListUnitPrice"),
    "nothing was negotiated, and yet contracted and list price differ": lambda r:
        "ListUnitPrice" not in r or "ContractedUnitPrice" not in r
        or r["ContractedUnitPrice"] == r["ListUnitPrice"],
    "nothing was negotiated, and yet contracted and list cost differ": lambda r:
        not is_charge(r) or is_correction(r) or r.number("ContractedCost") == r.number("ListCost"),
    "the contracted cost of a credit is not what was billed": lambda r:
        r["ChargeCategory"] != "Credit" or r.number("ContractedCost") == r.number("BilledCost"),
    "without a unit price the list cost is not what was billed": lambda r:
        r["ListUnitPrice"] or r["ChargeCategory"] == "Tax"
        or r.number("ListCost") == r.number("BilledCost"),
    "without a unit price the contracted cost is not what was billed": lambda r:
        r["ContractedUnitPrice"] or r["ChargeCategory"] == "Tax"
        or r.number("ContractedCost") == r.number("BilledCost"),
    "a purchase costs neither nothing yet nor what was billed": lambda r:
        r["ChargeCategory"] != "Purchase"
        or r.number("EffectiveCost") in (0, r.number("BilledCost")),
    "usage is billed that a purchase covers": lambda r:
        r["ChargeCategory"] != "Usage"
        or r.number("BilledCost") in (0, r.number("EffectiveCost")),
    "the pricing is committed to nothing": lambda r:
        r["PricingCategory"] != "Committed" or r["CommitmentDiscountId"] != "",
    "a commitment is used, and yet the pricing is not committed": lambda r:
        r["ChargeCategory"] != "Usage" or r["CommitmentDiscountId"] == ""
        or r["PricingCategory"] in ("", "Committed"),
    "a purchase is by usage": lambda r:
        r["ChargeCategory"] != "Purchase" or r["ChargeFrequency"] != "Usage-Based",
    "the subcategory is of another category": lambda r:
        not r["ServiceSubcategory"].startswith("Other (")
        or r["ServiceSubcategory"] == f"Other ({r['ServiceCategory']})",
}


def columns(dataset="Cost and Usage"):
    with open(LIST, encoding="utf-8", newline="") as file:
        return {line["column"]: line for line in csv.DictReader(file)
                if line["dataset"] == dataset}


def check_json(kind, value):
    try:
        found = json.loads(value)
    except ValueError:
        return "is no JSON"
    if not isinstance(found, dict):
        return "is no JSON object"
    if kind == "Key-Value" and any(isinstance(v, (dict, list)) for v in found.values()):
        return "has a value that is none for a key"
    return None


def check_unit(value):
    """Units of time are in full, and the last of several is plural."""
    last = re.split("[- ]", value.split("/")[0])[-1]
    return "is singular" if last in TIME_UNITS else None


def check_value(column, value):
    if value == "":
        return None if column["allows_nulls"] == "True" else "is empty"
    if not value.strip():
        return "is nothing but space"
    allowed = column["allowed_values"].split(";") if column["allowed_values"] else None
    if allowed is not None and value not in allowed:
        return f'is "{value}", which is none of its values'
    form = FORMS.get(column["value_format"])
    if form is not None and not re.fullmatch(form, value):
        return f'is "{value}", which is no {column["value_format"]}'
    if column["value_format"] == "Unit":
        return check_unit(value)
    if column["data_type"] == "JSON":
        return check_json(column["value_format"], value)
    return None


# ---- rows together ---------------------------------------------------------------------------

# What has one value for each value of another column.
ONE = (("SkuPriceId", "SkuId"), ("SkuPriceId", "PricingUnit"), ("SkuPriceId", "SkuPriceDetails"),
       ("SkuId", "SkuMeter"), ("ResourceId", "ResourceType"), ("InvoiceId", "BillingAccountId"),
       ("InvoiceId", "BillingPeriodStart"), ("InvoiceId", "BillingPeriodEnd"),
       ("InvoiceId", "BillingCurrency"), ("InvoiceId", "InvoiceIssuerName"))


def check_columns(known, names):
    """All that is mandatory is there, and of the columns of one condition all or none."""
    yield from (f"column {name} is missing" for name, c in known.items()
                if c["feature_level"] == "Mandatory" and name not in names)
    yield from (f"column {name} is none of FOCUS" for name in names
                if name not in known and not re.fullmatch("x_[A-Z][A-Za-z0-9]*", name))
    has = {known[name]["condition"] for name in names if name in known}
    yield from (f"column {name} is missing beside others of its condition"
                for name, c in known.items() if c["feature_level"] == "Conditional"
                and c["condition"] in has and name not in names)


class Together:
    """Remembers the rows before."""

    def __init__(self):
        self.details = set()
        self.first = {}

    def check(self, row):
        detail = (row["InvoiceId"], row["InvoiceDetailId"])
        if detail in self.details:
            yield "the same detail comes twice"
        self.details.add(detail)
        for name, other in ONE:
            if row[name] and self.first.setdefault((name, other, row[name]), row[other]) != row[other]:
                yield f"{other} is another than before for the same {name}"


def check(lines):
    """Gives what is wrong with lines of CSV, as sentences."""
    known, found, together = columns(), [], Together()
    reader = csv.DictReader(lines)
    found += check_columns(known, reader.fieldnames or [])
    if found:
        return found
    for number, line in enumerate(reader, 1):
        row = Row(line)
        wrong = [f"{name} {why}" for name, value in row.items() if name in known
                 and (why := check_value(known[name], value))]
        if not wrong:
            wrong += check_nulls(row)
            wrong += [] if wrong else [why for why, holds in LAWS.items() if not holds(row)]
        wrong += together.check(row)
        found += [f"row {number}: {why}" for why in wrong]
    return found


def check_other(dataset, lines):
    """The same of another data set."""
    known, found = columns(dataset), []
    reader = csv.DictReader(lines)
    found += check_columns(known, reader.fieldnames or [])
    for number, line in enumerate(reader, 1):
        found += [f"row {number}: {name} {why}" for name, value in line.items() if name in known
                  and (why := check_value(known[name], value))]
    return found


def check_details(lines, charges):
    """Lines of "Invoice Detail" beside the charges of the same invoices: what a line says is theirs."""
    found, left = check_other("Invoice Detail", lines), {}
    for charge in charges:
        left[charge["InvoiceId"], charge["InvoiceDetailId"]] = charge
    for number, line in enumerate(csv.DictReader(lines), 1):
        charge = left.pop((line["InvoiceId"], line["InvoiceDetailId"]), None)
        if charge is None:
            found.append(f"row {number}: no charge is on this line")
            continue
        found += [f"row {number}: {name} is another than the charge's" for name in
                  ("BilledCost", "BillingAccountId", "BillingCurrency", "BillingPeriodEnd",
                   "BillingPeriodStart", "ChargeCategory", "InvoiceIssuerName") if line[name] != charge[name]]
        if (line["ReferenceInvoiceId"] == line["InvoiceId"]) == is_correction(charge):
            found.append(f"row {number}: ReferenceInvoiceId names another invoice for a correction alone")
        if line["InvoiceDetailLastUpdated"] < line["InvoiceDetailCreated"]:
            found.append(f"row {number}: it was updated before it was made")
        if (line["InvoiceIssueStatus"] == "Issued") != (line["InvoiceIssueDate"] != ""):
            found.append(f"row {number}: it is issued if it has a date of issue")
    return found + [f"a charge is on no line: {detail}" for detail in left]


def main(paths):
    found = []
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            found += [f"{path}: {why}" for why in check(file)]
    print("\n".join(found) if found else "no finding")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
