#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A scenario in which few participants sell compute, sell it on up to eight times, deliver in part,
dispute and let windows run out: what books have to explain.

As a program:  resold_market.py PETAHOUR_AUDIT SEED ROUNDS     prints the scenario, JSON Lines
As a module:   lines = resold_market.scenario(audit, seed, rounds)

A scenario follows from its seed alone. It is made in rounds: the market as simulated so far says who
holds what, and the next round's commands are about that."""

import collections
import json
import random
import subprocess
import sys

BEGIN = 1795478400  # 2026-11-24T00:00:00Z
HOUR = 3600
PEOPLE = range(2, 8)
METER, AUDITOR = 4, 8
PRODUCTS = range(1, 4)  # without a meter, with one, of attested capacity alone
PER_ROUND = 60
STEP_S = 90


def opening():
    at = BEGIN * 10**9
    lines = [{"market": {"orders_max": 8192, "order_periods_max": 65536, "contracts_max": 16384,
                         "deliveries_max": 65536, "lots_max": 65536, "levels_max": 32768,
                         "products_max": 16, "ring_periods": 256, "pools_max": 64}}]
    for who in PEOPLE:
        lines.append({"sender": 1, "command": "REGISTER_PARTICIPANT", "id": who, "name": f"trader {who}",
                      "roles": ["SUPPLIER", "BUYER"] + (["METER"] if who == METER else [])})
        lines.append({"sender": 1, "command": "DEPOSIT", "participant": who, "amount": 40000000,
                      "reference": f"first {who}"})
    lines += [{"sender": 1, "command": "REGISTER_PARTICIPANT", "id": AUDITOR, "name": "auditor",
               "roles": ["AUDITOR"]},
              {"sender": 1, "command": "REGISTER_SITE", "id": 1, "owner": 2, "region": "ulanqab",
               "name": "site-1", "latitude_udeg": 0, "longitude_udeg": 0, "racks": 1,
               "pue_ppm": 1200000},
              {"sender": 1, "command": "REGISTER_HARDWARE", "id": 1, "name": "H100"}]
    for product in PRODUCTS:
        lines.append({
            "sender": 1, "command": "LIST_PRODUCT", "id": product, "symbol": f"AI.H100.{product}",
            "compute_type": "AI", "architecture": "GPU", "model": "H100", "unit": "card",
            "hardware": 1, "hardware_units": 1, "site": 1, "availability_ppm": 990000,
            "period_seconds": HOUR, "tick": 1, "lot": 1, "quantity_max": 1000,
            "block_periods_max": 24, "horizon": 24, "report_seconds": 7200,
            "dispute_seconds": 2000 + 1500 * product, "resolve_seconds": 5000,
            "reference_price": 1000, "maker_ppm": 30000, "taker_ppm": 70000,
            "fee_at_trade_ppm": 400000, "bond_fixed": 30, "bond_ppm": 200000, "dispute_deposit": 20,
            "meter": METER if product == 2 else 0, "attested_only": product == 3})
    for who in PEOPLE:
        lines.append({"sender": who, "command": "REGISTER_CAPACITY", "reference": 1, "site": 1,
                      "hardware": 1, "period_seconds": HOUR, "first_period": BEGIN // HOUR,
                      "periods": 200, "units": 12})
        lines.append({"sender": AUDITOR, "command": "ATTEST_CAPACITY", "reference": who, "supplier": who,
                      "site": 1, "hardware": 1, "first_period": BEGIN // HOUR, "periods": 200,
                      "units": 4})
    lines[1]["at"] = at
    return lines


class Held:
    """What the events so far say of contracts."""

    def __init__(self, events):
        self.contracts, self.units, self.reports, self.final = {}, collections.Counter(), {}, set()
        self.disputed, self.cards, last = set(), collections.Counter(), None
        for event in events:
            kind = event.get("event")
            key = (event.get("contract"), event.get("period"))
            if kind == "TRADE":
                last = event
                self.contracts[event["contract"]] = event
            elif kind == "SEGMENT":
                for period in range(event["first_period"], event["first_period"] + event["periods"]):
                    self.units[last["contract"], period] += event["quantity"]
                    self.units[last["from_contract"], period] -= event["quantity"]
            elif kind == "DELIVERY_FINAL":
                self.final.add(key)
            elif kind == "DELIVERY" and event["step"] == "REPORTED":
                self.reports[key] = event["figure"]
                self.disputed.discard(key)
            elif kind == "DELIVERY" and event["step"] == "DISPUTED":
                self.disputed.add(key)
        self.open = [key for key, units in self.units.items()
                     if key[0] in self.contracts and units > 0 and key not in self.final]

    def chain(self, contract):
        found = []
        while contract:
            found.append(self.contracts[contract]["seller"])
            contract = self.contracts[contract]["from_contract"]
        return found


def order(rng, number, who, now, **fields):
    first = rng.randrange(6)
    side = rng.choice(("BUY", "SELL"))
    line = {"sender": who, "command": "NEW_ORDER", "client_order_id": number,
            "product": rng.choice(PRODUCTS), "side": side,
            "shape": "BLOCK" if rng.random() < 0.25 else "EACH", "first_period": now + 1 + first,
            "periods": rng.randint(1, 6 - first), "quantity": rng.randint(1, 4),
            "price": rng.randint(100, 2000), "time_in_force": "GTC"}
    line.update(fields)
    return line


def resale(rng, number, now, held):
    ahead = [key for key in held.open if key[0] and key[1] > now]
    if not ahead:
        return {"command": "TICK"}
    contract, period = max(rng.sample(ahead, min(8, len(ahead))),
                           key=lambda key: len(held.chain(key[0])))
    trade, periods = held.contracts[contract], 1
    while (contract, period + periods) in ahead and rng.random() < 0.7:
        periods += 1
    units = min(held.units[contract, period + i] for i in range(periods))
    return order(rng, number, trade["buyer"], now, product=trade["product"], side="SELL",
                 shape="EACH", first_period=period, periods=periods,
                 quantity=units if rng.random() < 0.4 else rng.randint(1, units),
                 from_contract=contract)


def delivery(rng, now, held):
    over = [key for key in held.open if key[1] < now and key not in held.disputed]
    if not over:
        return {"command": "TICK"}
    contract, period = rng.choice(over)
    trade, all_s = held.contracts[contract], held.units[contract, period] * HOUR
    who = METER if trade["product"] == 2 and rng.random() < 0.7 else trade["supplier"]
    delivered = all_s if rng.random() < 0.3 else rng.randrange(all_s + 1)
    return {"sender": who, "command": "REPORT_DELIVERY", "contract": contract, "period": period,
            "delivered": delivered}


def answer(rng, held):
    reported = [key for key in held.open if key in held.reports]
    if not reported:
        return {"command": "TICK"}
    contract, period = key = rng.choice(reported)
    trade, figure = held.contracts[contract], held.reports[key]
    all_s = held.units[key] * HOUR
    line = {"contract": contract, "period": period}
    what = rng.random()
    if key in held.disputed and what < 0.6:
        return {"sender": 1, "command": "RESOLVE_DISPUTE", **line,
                "delivered": rng.choice((figure, rng.randrange(all_s + 1)))}
    if what < 0.65:
        return {"sender": trade["buyer"], "command": "CONFIRM_DELIVERY", **line}
    if what < 0.85:
        return {"sender": trade["buyer"], "command": "DISPUTE_DELIVERY", **line,
                "delivered": rng.randrange(figure + 1)}
    return {"sender": rng.choice(held.chain(contract)), "command": "DISPUTE_DELIVERY", **line,
            "delivered": rng.randint(min(figure + 1, all_s), all_s)}


def simulate(audit, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([audit, "simulate", "-"], input=text, capture_output=True, text=True,
                          check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def scenario(audit, seed, rounds):
    rng = random.Random(seed)
    lines, at = opening(), BEGIN
    for _ in range(rounds):
        held = Held(simulate(audit, lines))
        for _ in range(PER_ROUND):
            number, now = len(lines), at // HOUR
            what = rng.random()
            if what < 0.35:
                line = order(rng, number, rng.choice(PEOPLE), now)
            elif what < 0.6:
                line = resale(rng, number, now, held)
            elif what < 0.84:
                line = delivery(rng, now, held)
            elif what < 0.985:
                line = answer(rng, held)
            else:
                line = {"sender": rng.choice(PEOPLE), "command": "WITHDRAW_CAPACITY",
                        "reference": number, "site": 1, "hardware": 1, "first_period": now + 10,
                        "periods": 3, "units": 1}
            line["at"] = at * 10**9
            lines.append(line)
            at += rng.randrange(STEP_S)
    return lines


if __name__ == "__main__":
    for one in scenario(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(one))
