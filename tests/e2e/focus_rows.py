#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether rows are "Cost and Usage" of FOCUS 1.4: columns, nulls, types and values as its list of
columns says (focus/), and the rules between columns that its text adds.

As a program:  focus_rows.py FILE.csv...    prints what is wrong, and exits with 1 if anything is."""

import csv
import pathlib
import re
import sys
from decimal import Decimal

LIST = pathlib.Path(__file__).resolve().parent / "focus" / "focus-1.4-columns.csv"
FORMS = {"Decimal (any)": r"-?\d+(\.\d+)?", "Decimal (non-negative)": r"\d+(\.\d+)?",
         "Date/Time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "Currency": "[A-Z]{3}"}


def columns():
    with open(LIST, encoding="utf-8", newline="") as file:
        return {line["column"]: line for line in csv.DictReader(file)
                if line["dataset"] == "Cost and Usage"}


def check_value(column, value):
    if value == "":
        return None if column["allows_nulls"] == "True" else "is empty"
    allowed = column["allowed_values"].split(";") if column["allowed_values"] else None
    if allowed is not None and value not in allowed:
        return f'is "{value}", which is none of its values'
    form = FORMS.get(column["value_format"])
    if form is not None and not re.fullmatch(form, value):
        return f'is "{value}", which is no {column["value_format"]}'
    return None


def check_row(row):
    """The rules between the columns of one row."""
    if row["ChargePeriodStart"] >= row["ChargePeriodEnd"]:
        yield "the charge period ends before it begins"
    if row["BillingPeriodStart"] >= row["BillingPeriodEnd"]:
        yield "the billing period ends before it begins"
    is_charge = row["ChargeCategory"] in ("Usage", "Purchase")
    if row["ConsumedQuantity"] and row["ChargeCategory"] != "Usage":
        yield "something is consumed that is no usage"
    if row["ChargeClass"] != "Correction":
        if row["ChargeCategory"] == "Usage" and not row["ConsumedQuantity"]:
            yield "usage without a consumed quantity"
        for name in ("PricingQuantity", "SkuPriceId"):
            if is_charge and not row[name]:
                yield f"usage and purchases have a {name}"
        if is_charge and Decimal(row["ContractedCost"]) != Decimal(row["ListCost"]):
            yield "nothing was negotiated, and yet contracted and list cost differ"
    if row["ChargeCategory"] == "Credit" and Decimal(row["ContractedCost"]) != Decimal(row["BilledCost"]):
        yield "the contracted cost of a credit is not what was billed"
    if not is_charge and Decimal(row["ListCost"]) != Decimal(row["BilledCost"]):
        yield "without a price the list cost is what was billed"
    for quantity, unit in (("ConsumedQuantity", "ConsumedUnit"), ("PricingQuantity", "PricingUnit")):
        if (row[quantity] == "") != (row[unit] == ""):
            yield f"{quantity} and {unit} are not given together"
    if (row["PricingCategory"] == "") == (row["ChargeCategory"] in ("Usage", "Purchase")):
        yield "usage and purchases, and they alone, have a pricing category"
    if row["ChargeCategory"] == "Purchase" and row["ChargeFrequency"] == "Usage-Based":
        yield "a purchase is not by usage"
    if row["ContractedUnitPrice"] and row["ChargeClass"] != "Correction":
        product = Decimal(row["ContractedUnitPrice"]) * Decimal(row["PricingQuantity"] or "NaN")
        if product != Decimal(row["ContractedCost"]):
            yield f"unit price by quantity is {product}, not {row['ContractedCost']}"
    if row["ServiceSubcategory"].startswith("Other (") and (
            row["ServiceSubcategory"] != f"Other ({row['ServiceCategory']})"):
        yield "the subcategory is of another category"


def check(lines):
    """Gives what is wrong with lines of CSV, as sentences."""
    known, found, seen = columns(), [], set()
    reader = csv.DictReader(lines)
    names = reader.fieldnames or []
    found += [f"column {name} is missing" for name, c in known.items()
              if c["feature_level"] == "Mandatory" and name not in names]
    found += [f"column {name} is none of FOCUS" for name in names
              if name not in known and not name.startswith("x_")]
    if found:
        return found
    for number, row in enumerate(reader, 1):
        wrong = [f"{name} {why}" for name, value in row.items() if name in known
                 and (why := check_value(known[name], value))]
        wrong += [] if wrong else check_row(row)
        if row["InvoiceDetailId"] in seen:
            wrong.append("the same detail comes twice")
        seen.add(row["InvoiceDetailId"])
        found += [f"row {number}: {why}" for why in wrong]
    return found


def main(paths):
    found = []
    for path in paths:
        with open(path, encoding="utf-8", newline="") as file:
            found += [f"{path}: {why}" for why in check(file)]
    print("\n".join(found) if found else "no finding")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
