#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway that lies: it holds a participant's connection, passes everything on to a true gateway, and
changes what the exchange signed on its way back.  The client of C hands nothing over that does not hold,
countersigns none of it, and says which contract and why.

usage: test_false_gateway.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_AUDIT CLIENT
"""

import json
import os
import subprocess
import sys
import time
import unittest

from live_market import HASH, PATIENCE, Market, first_period, register, start_of

AUDIT, CLIENT = sys.argv[5:7]
sys.path.insert(0, os.path.dirname(CLIENT))
from false_gateway import FalseGateway  # noqa: E402

NOT_VERIFIED = 8


def flipped(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


class Lied(unittest.TestCase):
    """Three contracts of the buyer, of one batch or of several; the buyer asks through the false gateway."""

    @classmethod
    def setUpClass(cls):
        cls.m = m = Market(sys.argv[1:5])
        cls.addClassCleanup(m.close)
        register(m)
        # A contract between others, to be passed off as the buyer's.
        m.cli("participant", "register", "--name", "other", "--roles", "buyer", "--of", m.key("stranger"),
              key="operator")  # fmt: skip
        m.cli("deposit", "--participant", "other", "--amount", "1000", "--reference", "other", key="operator")
        hour = first_period()
        for buyer in ["stranger", "buyer", "buyer", "buyer"]:
            order = ["--product", "AI.H100.1", "--from", start_of(hour), "--periods", "1", "--quantity", "2",
                     "--price", "2.5"]  # fmt: skip
            m.cli("order", "sell", *order, key="supplier")
            m.cli("order", "buy", *order, key=buyer)
            hour += 1
        cls.false = FalseGateway(m, "buyer")
        cls.addClassCleanup(cls.false.close)
        end = time.monotonic() + PATIENCE
        while len(cls.listed("buyer")[0]) < 3 or len(cls.listed("stranger")[0]) < 1:
            assert time.monotonic() < end, "the notary signed nothing"

    @classmethod
    def listed(cls, who, connect=None):
        done = cls.m.raw("contract", "list", "--json", key=who, connect=connect)
        return json.loads(done.stdout), done

    def through(self, change):
        """What the buyer's client takes from a gateway that changes its messages."""
        self.false.change, self.false.told = change, []
        self.addCleanup(setattr, self.false, "change", lambda message: None)
        rows, done = self.listed("buyer", self.false.ready_file)
        self.assertIn("contract", self.false.told)
        return [row["contract"] for row in rows], done

    def assert_refused(self, change, why, which=2):
        """The contract of the stream that was changed is not handed over, and the others are."""
        numbers, _ = self.through(lambda message: None)
        self.assertEqual(len(numbers), 3)

        def one(message):
            if message.WhichOneof("message") == "contract" and message.contract.stream_number == which:
                change(message.contract)
        taken, done = self.through(one)
        self.assertEqual(taken, [n for i, n in enumerate(numbers, 1) if i != which])
        self.assertEqual(done.returncode, NOT_VERIFIED, done.stderr)
        self.assertIn(f"contract {which} of the stream was not accepted", done.stderr)
        self.assertRegex(done.stderr, why)

    def test_what_is_true_passes(self):
        numbers, done = self.through(lambda message: None)
        self.assertEqual((len(numbers), done.returncode, done.stderr), (3, 0, ""))

    def test_changed_bytes(self):
        def price(c):  # the last segment's, which the notional no longer follows from
            c.canonical = flipped(c.canonical, len(c.canonical) - 8)
        self.assert_refused(price, "not those of a contract")

        def terms(c):
            c.canonical = c.canonical.replace(bytes.fromhex(HASH), bytes.fromhex("cd" * 32))
        self.assert_refused(terms, "root")

    def test_changed_parties(self):
        """Each byte of a contract that somebody might want to change."""
        for at in range(8, 676, 41):
            with self.subTest(byte=at):
                self.assert_refused(lambda c, at=at: setattr(c, "canonical", flipped(c.canonical, at)), "contract 2 of")

    def test_changed_signature(self):
        def note(c):
            signature = c.signed_root.rindex("—")
            at = signature + len(c.signed_root[signature:]) - 9
            c.signed_root = c.signed_root[:at] + ("A" if c.signed_root[at] != "A" else "B") + c.signed_root[at + 1 :]
        self.assert_refused(note, "signature|key")

    def test_changed_place(self):
        def place(c):
            c.leaf_count += 1
            c.inclusion_proof += bytes(32)
        self.assert_refused(place, "root|proof")

    def test_a_contract_between_others(self):
        """It verifies, and is nobody's here."""
        with open(self.saved("stranger"), encoding="utf-8") as f:
            others = json.load(f)

        def another(c):
            c.canonical, c.leaf_index = bytes.fromhex(others["canonical"]), others["leaf_index"]
            c.leaf_count, c.signed_root = others["leaf_count"], others["signed_root"]
            c.inclusion_proof = bytes.fromhex(others["inclusion_proof"])
        self.assert_refused(another, "between others")

    def saved(self, who):
        path = f"{self.m.run}/{who}-{time.monotonic_ns()}.json"
        number = self.listed(who)[0][0]["contract"]
        self.m.cli("contract", "save", str(number), "--out", path, key=who)
        return path

    def test_a_report_that_says_something_else(self):
        """The contract is true and the report of its trade is not: they are compared."""
        seen = []

        def report(message):
            if message.WhichOneof("message") != "execution_report":
                return
            r = message.execution_report
            if r.trade != 0 and not seen:
                seen.append(r.trade)
                r.notional += 1
        taken, done = self.through(report)
        self.assertEqual(len(seen), 1, self.false.told)
        self.assertEqual(len(taken), 2, done.stderr)
        self.assertIn("differs from the report of its trade", done.stderr)

    def test_nothing_false_is_countersigned(self):
        def all_of_them(message):
            if message.WhichOneof("message") == "contract":
                message.contract.canonical = flipped(message.contract.canonical, 300)
        self.false.change = all_of_them
        self.addCleanup(setattr, self.false, "change", lambda message: None)
        done = self.m.raw("contract", "countersign", "--json", key="buyer", connect=self.false.ready_file)
        self.assertEqual(done.returncode, NOT_VERIFIED, done.stderr)
        out = subprocess.run([AUDIT, "journal", self.m.journal, "--json"], capture_output=True, text=True,
                             timeout=PATIENCE, check=False)  # fmt: skip
        self.assertNotIn("COUNTERSIGN_CONTRACT", out.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
