#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of the market through the command line, against the real engine, notary and gateway.

usage: test_commands.py PETAHOUR ENGINE NOTARY GATEWAY JOURNAL_OF AUDIT

The market goes on from a journal whose trades are some periods old, so that there is something to
deliver, to dispute and to decide.
"""

import json
import subprocess
import sys
import time
import unittest

import nacl.signing

from live_market import HASH, MARKET, PATIENCE
from past_market import BUYER, LAST, METER, STEP, PastMarket, at

JOURNAL_OF, AUDIT = sys.argv[5:7]


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.market = PastMarket(sys.argv[1:5], JOURNAL_OF)
        cls.reference = 10

    @classmethod
    def tearDownClass(cls):
        cls.market.close()

    def cli(self, *words, key):
        return self.market.cli(*words, key=key)

    def refused(self, code, text, *words, key):
        done = self.market.raw(*words, key=key)
        self.assertEqual(done.returncode, code, done.stderr + done.stdout)
        self.assertIn(text, done.stderr)

    def events(self, key, kind):
        return [r for r in self.lines("report", "watch", "--once", key=key) if r["type"] == kind]

    def lines(self, *words, key):
        done = self.market.raw(*words, "--json", key=key)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    # A period that stays open for the whole test.
    def soon(self, ahead=0):
        return LAST + 3 + ahead

    def place(self, side, price, *words, key="supplier", ahead=0, product="1"):
        return self.cli("order", side, "--product", product, "--from", at(self.soon(ahead) * STEP), "--price",
                        price, *words, key=key)  # fmt: skip

    def test_replace_keeps_or_gives_up_the_place(self):
        order = self.place("sell", "5", "--quantity", "10", "--periods", "2")["order"]
        self.cli("order", "replace", str(order), "--price", "5", "--quantity", "7", key="supplier")
        rows = [r for r in self.cli("order", "list", key="supplier") if r["order"] == order]
        self.assertEqual([(r["quantity"], r["price"], r["open_unit_periods"]) for r in rows], [(7, "5.000000", 14)])
        self.cli("order", "replace", str(order), "--price", "4", "--quantity", "8", key="supplier")
        rows = [r for r in self.cli("order", "list", key="supplier") if r["order"] == order]
        self.assertEqual([(r["quantity"], r["price"], r["open_unit_periods"]) for r in rows], [(8, "4.000000", 16)])
        replaced = [r["order"] for r in self.events("supplier", "REPLACED")]
        self.assertEqual(replaced.count(order), 2)
        self.refused(3, "UNKNOWN_ORDER", "order", "replace", str(order), "--price", "4", "--quantity", "8", key="buyer")
        self.cli("order", "cancel", str(order), key="supplier")

    def test_a_replacement_tells_what_it_executes(self):
        self.place("sell", "6", "--quantity", "3", ahead=14)
        order = self.place("buy", "1", "--quantity", "5", key="buyer", ahead=14)
        words = ["order", "replace", str(order["order"]), "--quantity", "4", "--price"]
        done = self.cli(*words, "2", key="buyer")
        self.assertEqual((done["filled_unit_periods"], done["open_unit_periods"], done["trades"]), (0, 4, []))
        done = self.cli(*words, "6", key="buyer")
        self.assertEqual((done["filled_unit_periods"], done["open_unit_periods"]), (3, 1))
        self.assertEqual((done["price"], done["quantity"], done["notional"]), ("6.000000", 4, "18.000000"))
        self.assertEqual((done["client_order_id"], len(done["trades"])), (order["client_order_id"], 1))
        self.refused(3, "PRICE_RANGE: price is out of range (price 0.000000, largest", *words, "0", key="buyer")
        self.assertEqual(self.cli("order", "cancel", str(order["order"]), key="buyer")["orders"], 1)

    def test_an_order_that_is_sent_twice_names_the_first(self):
        first = self.place("buy", "1", "--quantity", "5", key="buyer", ahead=15)
        words = ["order", "buy", "--product", "1", "--from", at(self.soon(15) * STEP), "--price", "1", "--quantity",
                 "5", "--client-order-id"]  # fmt: skip
        self.refused(3, f"; it is order {first['order']}", *words, str(first["client_order_id"]), key="buyer")
        self.refused(2, "not a whole number from 1", *words, "0", key="buyer")
        self.refused(2, '"18446744073709551616": too large: at most 18446744073709551615', *words, str(2**64), key="buyer")
        self.refused(2, "not a whole number from 1", *words, "-1", key="buyer")
        self.refused(2, '--quantity "4294967296": too large: at most 4294967295', *words[:-2], str(2**32), key="buyer")
        self.refused(2, '"18446744073709551616": too large', "order", "status", str(2**64), key="buyer")
        self.cli("order", "cancel", str(first["order"]), key="buyer")

    def test_open_orders_are_told_without_what_gates_took(self):
        # The first three periods were closed before the test began, a fourth may have been since.
        [row] = [r for r in self.cli("order", "list", key="supplier") if r["client_order_id"] == 5]
        self.assertIn(row["open_unit_periods"], [3 * 39, 3 * 38])
        lost = [r for r in self.events("supplier", "PERIOD_LOST") if r["order"] == row["order"]]
        self.assertIn(lost[-1]["open_unit_periods"], [3 * 39, 3 * 38])
        self.assertEqual([r["reason"] for r in lost], ["GATE"] * len(lost))

    def test_public_depth_leaves_hidden_quantity_out(self):
        order = self.place("sell", "3", "--quantity", "20", "--display", "5", ahead=6)["order"]
        bought = self.place("buy", "3", "--quantity", "2", key="buyer", ahead=6)
        self.assertEqual(bought["filled_unit_periods"], 2)
        book = self.cli("book", "show", "AI.P1", key="buyer")
        shown = [r["ask_quantity"] for r in book if r["from"] == at(self.soon(6) * STEP)]
        self.assertEqual(shown, [3])  # of the first clip; 15 are hidden
        depth = self.cli("market", "depth", "AI.P1", key="buyer")
        shown = [r["ask_quantity"] for r in depth["periods"] if r["from"] == at(self.soon(6) * STEP)]
        self.assertEqual(shown, [3])
        traded = self.cli("market", "statistics", "AI.P1", key="buyer")
        self.assertEqual(traded["phase"], "OPEN")
        [row] = [r for r in traded["periods"] if r["from"] == at(self.soon(6) * STEP)]
        self.assertEqual(row["last"], "3.000000")
        self.assertGreaterEqual(row["volume"], 2)  # others trade in this period too
        [day] = self.cli("market", "candles", "AI.P1", "--interval", "day", key="buyer")["candles"][-1:]
        self.assertEqual((day["interval_seconds"], day["close"]), (86400, "3.000000"))
        self.assertGreaterEqual(day["volume"], 2)
        from_ = at(self.soon(6) * STEP)
        own = self.cli("market", "candles", "AI.P1", "--interval", "day", "--from", from_, key="buyer")["candles"]
        self.assertEqual([(c["from"], c["interval_seconds"]) for c in own], [(from_, 86400)] * len(own))
        self.assertEqual(own[-1]["close"], "3.000000")
        self.assertEqual(sum(c["volume"] for c in own), row["volume"])  # before and after midnight
        more = ("market", "candles", "AI.P1", "--from", from_, "--periods", "3")
        several = self.cli(*more, key="buyer")["candles"]
        self.assertLessEqual({c["from"] for c in several}, {at(self.soon(6 + n) * STEP) for n in range(3)})
        self.refused(2, "--periods says how many from --from on, which is not given", *more[:3], "--periods", "3", key="buyer")
        self.refused(2, "--periods is 0", *more[:-1], "0", key="buyer")
        self.refused(2, "no period of 900 seconds", *more[:3], "--from", "2026-12-01T00:07:00Z", key="buyer")
        trades = self.lines("market", "trades", "AI.P1", key="buyer")
        self.assertEqual([t["number"] for t in trades], list(range(1, len(trades) + 1)))
        self.assertIn({"from": from_, "periods": 1, "units": 2, "price": "3.000000"}, trades[-1]["segments"])
        last = self.lines("market", "trades", "AI.P1", "--from", str(len(trades)), key="buyer")
        self.assertEqual(last, trades[-1:])
        text = self.market.raw("market", "trades", "AI.P1", "--from", str(len(trades)), key="buyer").stdout
        self.assertIn(f"number={len(trades)} trade={last[0]['trade']} at={last[0]['at']} taker=BUY from={from_} periods=1", text)
        self.refused(2, "--from 0 begins now", "market", "trades", "AI.P1", "--from", "0", key="buyer")
        kind = self.cli("market", "type", "ai", key="buyer")
        self.assertGreaterEqual(kind["ever"]["volume"], day["volume"])
        region = self.cli("market", "region", self.cli("site", "list", key="buyer")[0]["region"], key="buyer")
        self.assertEqual(region["sites"][0]["site"], 1)
        self.refused(4, "no site is in region", "market", "region", "nowhere", key="buyer")
        self.refused(2, "minute, hour or day", "market", "candles", "AI.P1", "--interval", "week", key="buyer")
        bought = self.place("buy", "3", "--quantity", "3", key="buyer", ahead=6)
        clips = self.events("supplier", "CLIP_SHOWN")
        self.assertEqual([c["order"] for c in clips], [order])
        self.cli("order", "cancel", str(order), key="supplier")

    def levels(self, what, product, ahead):
        """What stands in one period, by side and price."""
        found = {}
        for row in self.cli("market", what, product, key="buyer")["periods"]:
            for side in ["bid", "ask"]:
                if row["from"] == at(self.soon(ahead) * STEP) and row[side] is not None:
                    found[side, row[side]] = row[f"{side}_quantity"]
        return found

    def test_depth_of_a_grade_is_that_of_all_its_products(self):
        self.cli("site", "register", "--name", "site-9", "--owner", "supplier", "--region", "r9",
                 "--latitude", "40", "--longitude", "110", key="operator")  # fmt: skip
        self.cli("product", "create", "--symbol", "AI.P1-9", "--model", "H100", "--site", "site-9", "--hardware",
                 "H100", "--reference-price", "2", "--terms-hash", HASH, "--period-seconds", "900", "--horizon", "60",
                 "--gate-seconds", "0", key="operator")  # fmt: skip
        sold = self.place("sell", "7", "--quantity", "4", ahead=12)["order"]
        for product, quantity in [("AI.P1", "2"), ("AI.P1-9", "3")]:
            self.place("buy", "1", "--quantity", quantity, key="buyer", ahead=12, product=product)
        levels = {}
        for product in ["AI.P1", "AI.P2", "AI.P1-9"]:
            for key, quantity in self.levels("depth", product, ahead=12).items():
                levels[key] = levels.get(key, 0) + quantity
        self.assertEqual((levels["bid", "1.000000"], levels["ask", "7.000000"]), (5, 4))
        for product in ["AI.P1", "AI.P1-9"]:
            self.assertEqual(self.levels("grade", product, ahead=12), levels)
            book = self.cli("market", "grade", product, key="buyer")
            self.assertEqual({p["symbol"] for p in book["products"]} - {"AI.X"}, {"AI.P1", "AI.P2", "AI.P1-9"})
            self.assertEqual(len({p["site"] for p in book["products"]}), 2)
        self.cli("order", "cancel", str(sold), key="supplier")

    def test_of_a_group_one_executes(self):
        self.place("sell", "2", "--quantity", "4", "--periods", "2", ahead=10)
        orders = [{"product": p, "side": "buy", "shape": "block", "price": "2", "from": at(self.soon(10) * STEP),
                   "periods": 2, "quantity": 4} for p in ["AI.P2", "AI.P1"]]  # fmt: skip
        path = f"{self.market.run}/group.json"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(orders, f)
        done = self.cli("order", "group", path, key="buyer")
        self.assertEqual([r["outcome"] for r in done], ["GROUP", "executed"])
        self.assertEqual(done[1]["order"], done[0]["order"] + 1)
        orders[1]["side"] = "sell"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(orders, f)
        self.refused(3, "GROUP_MEMBER", "order", "group", path, key="buyer")
        with open(path, "w", encoding="utf-8") as f:
            json.dump([{"product": "AI.P1"}], f)
        self.refused(2, "side", "order", "group", path, key="buyer")
        for change, says in [({"foo": 1}, "foo"), ({"side": "b"}, '"side" is not buy or sell'),
                             ({"price": "1.0000001"}, '"price" is not decimal text'), ({"periods": -1}, '"periods"'),
                             ({"from": "2026"}, '"from" is not a UTC time'),
                             ({"from": at(self.soon(10) * STEP + 1)}, "no period of 900 seconds starts"),
                             ({"product": "AI.P9"}, '"product" is not one')]:  # fmt: skip
            with open(path, "w", encoding="utf-8") as f:
                json.dump([orders[0], {**orders[0], **change}], f)
            self.refused(2, f'order 2 of "{path}": ', "order", "group", path, key="buyer")
            self.refused(2, says, "order", "group", path, key="buyer")
        self.refused(2, "No such file", "order", "group", f"{path}.none", key="buyer")

    def test_keys_are_rotated_without_a_pause(self):
        add = ["key", "add", "--use", "connection", "--of", self.market.key("second")]
        self.cli(*add, key="auditor")
        self.refused(3, "KEY_TAKEN", *add, key="buyer")
        self.cli("product", "list", key="second")
        revoke = ["key", "revoke", "--use", "connection", "--of"]
        self.cli(*revoke, self.market.key("auditor"), key="second")
        self.refused(5, "no participant with this key", "product", "list", key="auditor")
        self.refused(3, "LAST_KEY", *revoke, self.market.key("second"), key="second")
        # An operator gives the first one back.
        self.cli("key", "add", "--use", "connection", "--of", self.market.key("auditor"), "--participant", "auditor",
                 key="operator")  # fmt: skip
        self.cli("product", "list", key="auditor")

    def test_terms_and_states_of_a_product(self):
        m = self.market
        self.cli("product", "create", "--symbol", "AI.X", "--model", "H100", "--site", "site-1", "--hardware", "H100",
                 "--reference-price", "2", "--terms-hash", HASH, "--period-seconds", "900",
                 "--horizon", "60", "--gate-seconds", "0", key="operator")  # fmt: skip
        order = self.place("sell", "5", "--quantity", "1", product="AI.X")["order"]
        self.cli("product", "terms", "AI.X", "--taker-ppm", "7", "--attested-only", key="operator")
        shown = self.cli("product", "show", "AI.X", key="buyer")
        self.assertEqual((shown["taker_ppm"], shown["attested_only"], shown["model"]), (7, True, "H100"))
        self.assertEqual((shown["terms_version"], shown["state"], shown["phase"]), (2, "LISTED", "OPEN"))
        # Without an option they would be the same terms, and cancel what rests.
        self.refused(2, "no new term", "product", "terms", "AI.X", key="operator")
        ended = [r for r in self.events("supplier", "CANCELLED") if r["order"] == order]
        self.assertEqual([r["reason"] for r in ended], ["TERMS_CHANGED"])
        self.refused(5, "ROLE_MISSING", "product", "terms", "AI.X", "--taker-ppm", "8", key="buyer")
        # Nothing is attested yet: then it is.
        self.refused(3, "ATTESTED_CAPACITY", "order", "sell", "--product", "AI.X", "--from", at(self.soon() * STEP),
                     "--quantity", "1", "--price", "5", key="supplier")  # fmt: skip
        self.cli("capacity", "attest", "--supplier", "supplier", "--site", "site-1", "--hardware", "H100", "--from",
                 at((self.soon() - 1) * STEP), "--periods", "8", "--units", "3", "--reference", "1", "--document", HASH,
                 "--period-seconds", "900", key="auditor")  # fmt: skip
        self.place("sell", "5", "--quantity", "1", product="AI.X")
        self.cli("product", "state", "AI.X", "halted", key="operator")
        self.assertEqual(self.cli("product", "show", "AI.X", key="buyer")["state"], "HALTED")
        self.refused(3, "PRODUCT_STATE", "order", "sell", "--product", "AI.X", "--from", at(self.soon() * STEP),
                     "--quantity", "1", "--price", "5", key="supplier")  # fmt: skip
        self.cli("product", "state", "AI.X", "delisted", key="operator")
        self.assertEqual(m.raw("product", "state", "AI.X", "listed", key="operator").returncode, 3)

    def test_capacity_is_withdrawn_while_it_is_free(self):
        words = ["capacity", "withdraw", "--site", "site-1", "--hardware", "H100", "--from", at(self.soon(20) * STEP),
                 "--periods", "2", "--period-seconds", "900"]  # fmt: skip
        self.cli(*words, "--units", "100", "--reference", "2", key="supplier")
        self.refused(3, "DUPLICATE", *words, "--units", "100", "--reference", "2", key="supplier")
        self.refused(3, f"(period {at(self.soon(20) * STEP)}, hardware units free ", *words, "--units", "1000",
                     "--reference", "3", key="supplier")  # fmt: skip
        self.refused(2, "not 900, 3600 or 86400", *words[:-1], "60", "--units", "1", "--reference", "3", key="supplier")

    def test_a_suspended_participant_is_listed_as_that(self):
        for state in ["suspended", "active"]:
            self.cli("participant", "state", "auditor", state, key="operator")
            [row] = [r for r in self.cli("participant", "list", key="buyer") if r["name"] == "auditor"]
            self.assertEqual(row["state"], state.upper())

    def test_measurements_and_probes(self):
        words = ["site", "measure", "site-1", "--at", at(time.time() - 60), "--cue", "0.3", "--wue", "0.2", "--grade", "2"]
        self.cli(*words, "--pue", "1.15", key="meter")
        self.refused(3, "FIELD_RANGE: a field is out of range (field --pue,", *words, "--pue", "0.9", key="meter")
        self.refused(5, "ROLE_MISSING", *words, "--pue", "1.15", key="buyer")
        self.cli("probe", "report", "site-1", "--region", "guizhou", "--at", at(time.time() - 60), "--rtt-us", "21000",
                 "--bandwidth-mbps", "100000", key="meter")  # fmt: skip

    def test_rules_version(self):
        self.refused(3, "RULES_VERSION", "rules", "set", "1", key="operator")
        self.refused(5, "ROLE_MISSING", "rules", "set", "2", key="buyer")

    def test_access_is_for_the_buyer_alone(self):
        secret = f"{self.market.run}/access.txt"
        with open(secret, "w", encoding="utf-8") as f:
            f.write("ssh lab@host, port 2222\n")
        self.cli("access", "give", "1", "--file", secret, key="supplier")
        shown = self.market.raw("access", "show", "1", key="buyer")
        self.assertEqual((shown.returncode, shown.stdout), (0, "ssh lab@host, port 2222\n"), shown.stderr)
        for secret_bytes in [b"ssh lab@host, port 2222\n", bytes(range(200))]:
            with open(secret, "wb") as f:
                f.write(secret_bytes)
            self.cli("access", "give", "1", "--file", secret, key="supplier")
            shown = self.cli("access", "show", "1", key="buyer")
            self.assertEqual(bytes.fromhex(shown["access_hex"]), secret_bytes)
        self.assertIsNone(shown["access"])  # no text
        with open(secret, "w", encoding="utf-8") as f:
            f.write("ssh lab@host, port 2222\n")
        self.refused(4, "no access", "access", "show", "1", key="supplier")
        self.refused(4, "no contract", "access", "give", "1", "--file", secret, key="meter")
        # What the journal carries is sealed.
        with open(secret, "rb") as f:
            self.assertNotIn(f.read()[:12], self.journal_bytes())

    def journal_bytes(self):
        done = subprocess.run([AUDIT, "journal", "--commands", self.market.journal], capture_output=True, check=True)
        return done.stdout

    def deliver(self, contract, period, key, figure):
        words = ["delivery", "report", str(contract), "--period", str(period), "--delivered", str(figure)]
        return self.cli(*words, "--energy-wh", "77", key=key)

    def last_steps(self, key, contract, period):
        rows = self.cli("delivery", "list", key=key)
        return [r["step"] for r in rows if (r["contract"], r["period"]) == (contract, period)]

    def test_a_delivery_is_reported_confirmed_and_paid(self):
        self.refused(3, "DELIVERY_TIME", "delivery", "report", "1", "--period", str(self.soon()), "--delivered", "1",
                     key="supplier")  # fmt: skip
        # Many periods in one command: up to the first that is refused, and it says how far it came.
        two = ["--period", str(LAST - 1), "--periods", "2"]
        report = ["delivery", "report", "1", "--delivered", str(2 * STEP)]
        self.refused(3, f"that was for period {LAST + 1}; of 9 periods, the 2 before it were taken", *report, *two[:3], "9",
                     key="supplier")  # fmt: skip
        self.refused(3, "NOT_PARTY", "delivery", "confirm", "1", "--period", str(LAST - 1), key="supplier")
        for none in ["0", str(2**32 - 1)]:
            self.refused(2, "there are 1 to", "delivery", "confirm", "1", *two[:3], none, key="buyer")
        done = self.cli("delivery", "confirm", "1", "--product", "1", "--at", at((LAST - 1) * STEP), *two[2:], key="buyer")
        self.assertEqual(done, {"contract": 1, "period": LAST - 1, "periods": 2})
        for key in ["buyer", "supplier"]:
            for period in [LAST - 1, LAST]:
                self.assertEqual(self.last_steps(key, 1, period), ["REPORTED", "FINAL: CONFIRMED"])
            for row in self.cli("delivery", "list", key=key):
                self.assertEqual(row["from"], at(row["period"] * STEP), row)
        paid = [r for r in self.cli("cash", "list", key="supplier") if r["reason"] == "PAYMENT"]
        self.assertIn(("2.000000", 1), [(r["amount"], r["contract"]) for r in paid])

    def test_a_dispute_is_decided(self):
        self.refused(3, "NOT_PARTY", "delivery", "report", "2", "--period", str(LAST), "--delivered", "1", key="supplier")
        self.deliver(2, LAST, "meter", 2 * STEP)
        self.cli("delivery", "dispute", "2", "--period", str(LAST), "--delivered", "900", key="buyer")
        self.refused(5, "ROLE_MISSING", "delivery", "resolve", "2", "--period", str(LAST), "--delivered", "900",
                     key="buyer")  # fmt: skip
        self.cli("delivery", "resolve", "2", "--period", str(LAST), "--delivered", "900", key="operator")
        self.assertEqual(self.last_steps("buyer", 2, LAST), ["REPORTED", "DISPUTED", "FINAL: RESOLVED"])
        moved = {r["reason"]: r["amount"] for r in self.cli("cash", "list", key="buyer") if r["contract"] == 2}
        self.assertEqual(moved["REFUND"], "1.000000")
        self.assertEqual(moved["DEPOSIT_RETURN"], moved["DISPUTE_DEPOSIT"].lstrip("-"))

    def test_a_report_carries_a_signature_that_anybody_can_check(self):
        self.deliver(2, LAST - 1, "meter", 1000)
        rows = [r for r in self.journal() if r["command"] == "REPORT_DELIVERY" and r["period"] == LAST - 1]
        row = [r for r in rows if r["contract"] == 2][-1]
        text = (f"petahour.v1 REPORT_DELIVERY\nmarket {MARKET}\nparticipant {METER}\ncontract 2\n"
                f"period {LAST - 1}\ndelivered 1000\nenergy_wh 77\n")  # fmt: skip
        key = nacl.signing.VerifyKey(bytes.fromhex(self.market.keys["meter"]["sign_public"]))
        key.verify(text.encode(), bytes.fromhex(row["signature"]))
        self.assertEqual(self.signature_of(2, LAST - 1), "holds")

    def signature_of(self, contract, period):
        rows = [r for r in self.cli("delivery", "list", key="buyer") if (r["contract"], r["period"]) == (contract, period)]
        self.assertEqual({r["step"] for r in rows if "signature" in r}, {"REPORTED"})
        return [r for r in rows if "signature" in r][-1]["signature"]

    def test_a_report_is_not_of_a_key_that_came_later(self):
        """A catalogue tells the newest key alone; the auditor knows which one the reporter had then."""
        self.deliver(2, LAST - 1, "meter", 1000)
        self.assertEqual(self.signature_of(2, LAST - 1), "holds")
        of = ("--use", "signature", "--of", self.market.key("next"))
        self.cli("key", "add", *of, key="meter")
        self.assertEqual(self.signature_of(2, LAST - 1), "not by the newest key")
        self.cli("key", "revoke", *of, key="meter")
        self.assertEqual(self.signature_of(2, LAST - 1), "holds")
        done = subprocess.run([AUDIT, "replay", "--statements", self.market.journal], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r" [1-9]\d* signatures hold, ")
        self.assertNotIn(f"REPORT_DELIVERY of participant {METER}", done.stdout)

    def test_parties_countersign(self):
        countersign = ["contract", "countersign", "1"]
        for _ in range(2):  # to do so again changes nothing
            self.assertEqual(self.cli(*countersign, key="buyer"), {"countersigned": 1})
        rows = [r for r in self.journal() if r["command"] == "COUNTERSIGN_CONTRACT" and r["contract"] == 1]
        # A command that was connected when the contract came has countersigned it by itself.
        self.assertGreaterEqual([r["sender"] for r in rows].count(BUYER), 2)
        self.refused(4, "no contract 1", *countersign, key="meter")
        said = {"buyer": "you", "supplier": "the other"}
        end = time.monotonic() + PATIENCE
        while said and time.monotonic() < end:
            for key in list(said):
                [row] = [r for r in self.cli("contract", "list", key=key) if r["contract"] == 1]
                if said[key] in row["countersigned"]:
                    del said[key]
        self.assertEqual(said, {})

    def test_the_notary_changes_its_key(self):
        rotate = ["notary", "rotate", "--new"]
        self.refused(5, "ROLE_MISSING", *rotate, self.market.key("next"), key="buyer")
        self.refused(3, "KEY_TAKEN", *rotate, self.market.key("buyer"), key="operator")
        done = self.cli(*rotate, self.market.key("next"), "--present", self.market.key("notary"), key="operator")
        self.assertEqual(done, {"notary_key": self.market.keys["next"]["sign_public"], "endorsed": True})
        self.refused(2, "in force already", *rotate, self.market.key("next"), key="operator")
        bought = self.place("sell", "7", "--quantity", "1", ahead=30) and self.place(
            "buy", "7", "--quantity", "1", key="buyer", ahead=30)  # fmt: skip
        contract = bought["trades"][0]["contract"]
        path, end = f"{self.market.run}/{contract}.json", time.monotonic() + PATIENCE
        while self.market.raw("contract", "save", str(contract), "--out", path, key="buyer").returncode == 4:
            self.assertLess(time.monotonic(), end, "the notary signed nothing with its next key")
        for name, code in [("next", 0), ("notary", 8)]:
            key = self.market.keys[name]["sign_public"]
            done = self.market.raw("contract", "verify", path, "--notary-key", key)
            self.assertEqual(done.returncode, code, done.stderr)

    def journal(self):
        return [json.loads(line) for line in self.journal_bytes().splitlines() if b'"command"' in line]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
