# SPDX-License-Identifier: Apache-2.0
"""A market that goes on from a journal whose trades are some periods old, so that there is something to deliver."""

import glob
import json
import os
import shlex
import subprocess
import time

from zmq.utils import z85

from live_market import MARKET, Market

STEP = 900  # seconds of a period
LAST = int(time.time()) // STEP - 1  # the last period that is over
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
OPERATOR, SUPPLIER, BUYER, METER, AUDITOR = 1, 2, 3, 4, 5


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def product(number, meter, unit):
    return {"sender": OPERATOR, "command": "LIST_PRODUCT", "id": number, "symbol": f"AI.P{number}",
            "compute_type": "AI", "architecture": "GPU", "model": "H100", "unit": unit, "hardware": 1,
            "hardware_units": 1, "site": 1, "availability_ppm": 990000, "period_seconds": STEP, "tick": 1,
            "lot": 1, "quantity_max": 1000, "block_periods_max": 60, "horizon": 60, "report_seconds": 36000,
            "dispute_seconds": 36000, "resolve_seconds": 36000, "reference_price": 1000000,
            "bond_ppm": 100000, "dispute_deposit": 1000, "meter": meter}  # fmt: skip


class PastMarket(Market):
    """Begins with a journal: two products, one with a meter, and a contract of each from LAST - 1 on.

    journal_of: the program of that name, which writes a journal of a scenario.
    """

    def __init__(self, programs, journal_of, unit="card"):
        self.journal_of, self.unit = journal_of, unit
        super().__init__(programs)

    def configure(self):
        super().configure()
        for name in ["meter", "auditor", "second", "next"]:
            self.keys[name] = self.cli("keygen", "--name", name, "--out", self.key(name))
        config = f"{self.run}/petahour.ini"
        with open(config, encoding="ascii") as f:
            text = f.read()
        here = f"key_file = {self.key('notary')}\n"
        assert here in text
        with open(config, "w", encoding="ascii") as f:
            f.write(text.replace(here, f"{here}other_key_file = {self.key('next')}\n"))
        done = subprocess.run(
            [self.journal_of, self.journal, "8"],
            input="\n".join(json.dumps(line) for line in self.lines()) + "\n",
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def ahead(self, program, seconds):
        """A program whose clock is ahead by so much, as a script in its place.  Nobody waits for the end of an hour."""
        path = f"{self.run}/ahead-{os.path.basename(program)}"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nexport LD_PRELOAD={FAKETIME[0]} FAKETIME=+{seconds} FAKETIME_DONT_FAKE_MONOTONIC=1\n"
                    f"export ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0\nexec {shlex.quote(program)} \"$@\"\n")  # fmt: skip
        os.chmod(path, 0o755)
        return path

    def go_ahead(self, seconds):
        """The engine goes on with a clock that is ahead by so much: what was due until then happens."""
        self.kill("engine")
        program = self.daemons["engine"]
        self.daemons["engine"] = self.ahead(program, seconds)
        self.start("engine")
        self.daemons["engine"] = program

    def public(self, name):
        key = self.keys[name]
        return {"curve_key": z85.decode(key["curve_public"]).hex(), "sign_key": key["sign_public"]}

    def lines(self):
        op = self.public("operator")
        yield {"market": {"participants_max": 16, "sites_max": 4, "hardware_max": 4, "products_max": 8, "pools_max": 16,
                          "ring_periods": 64, "orders_max": 1024, "order_periods_max": 16384, "blocks_max": 256,
                          "contracts_max": 4096, "references_max": 64, "terms_max": 32, "deliveries_max": 16384,
                          "lots_max": 16384, "disputes_max": 64, "probes_max": 16, "levels_max": 16384}}  # fmt: skip
        yield {"at": at((LAST - 1) * STEP - 60), "command": "OPEN_MARKET", "rules_version": 1, "market": MARKET,
               "currency": "USD", "operator_name": "operator", "operator_curve_key": op["curve_key"],
               "operator_sign_key": op["sign_key"], "notary_sign_key": self.keys["notary"]["sign_public"]}  # fmt: skip
        people = [(SUPPLIER, "supplier"), (BUYER, "buyer"), (METER, "meter"), (AUDITOR, "auditor")]
        for number, name in people:
            yield {"sender": OPERATOR, "command": "REGISTER_PARTICIPANT", "id": number,
                   "roles": [name.upper()], "name": name, **self.public(name)}  # fmt: skip
        for number in [SUPPLIER, BUYER]:
            yield {"sender": OPERATOR, "command": "DEPOSIT", "participant": number, "amount": 10**10,
                   "reference": f"first {number}"}  # fmt: skip
        yield {"sender": OPERATOR, "command": "REGISTER_SITE", "id": 1, "owner": SUPPLIER, "region": "ulanqab",
               "name": "site-1", "latitude_udeg": 0, "longitude_udeg": 0, "racks": 1, "pue_ppm": 1200000}  # fmt: skip
        yield {"sender": OPERATOR, "command": "REGISTER_HARDWARE", "id": 1, "name": "H100"}
        yield product(1, 0, self.unit)
        yield product(2, METER, self.unit)
        yield {"sender": SUPPLIER, "command": "REGISTER_CAPACITY", "reference": 1, "site": 1, "hardware": 1,
               "period_seconds": STEP, "first_period": LAST - 1, "periods": 62, "units": 1000}  # fmt: skip
        for i, (sender, side, number) in enumerate(
            [(SUPPLIER, "SELL", 1), (BUYER, "BUY", 1), (SUPPLIER, "SELL", 2), (BUYER, "BUY", 2)]
        ):
            yield {"sender": sender, "command": "NEW_ORDER", "client_order_id": i + 1, "product": number,
                   "side": side, "shape": "EACH", "first_period": LAST - 1, "periods": 42, "quantity": 2,
                   "price": 1000000, "time_in_force": "GTC"}  # fmt: skip
        yield {"sender": SUPPLIER, "command": "NEW_ORDER", "client_order_id": 5, "product": 2, "side": "SELL",
               "shape": "EACH", "first_period": LAST - 1, "periods": 42, "quantity": 3, "price": 9000000,
               "time_in_force": "GTC"}  # fmt: skip
