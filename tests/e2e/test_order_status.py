#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What became of an order can be asked for, whatever that was, also after the replica was killed.

usage: test_order_status.py PETAHOUR ENGINE NOTARY GATEWAY REPLICA
"""

import json
import re
import signal
import sys
import time
import unittest

from live_market import MARKET, PATIENCE, Market, first_period, register, start_of

NOT_FOUND, USAGE = 4, 2


class OrderStatus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.market = Market(sys.argv[1:6], gateway="questions_per_second = 1000\nquestion_burst = 1000\n")
        register(cls.market)
        cls.next_id = {"buyer": 0, "supplier": 0}
        cls.told = {}  # client order id and key -> what was answered last

    @classmethod
    def tearDownClass(cls):
        cls.market.close()

    def send(self, side, quantity, price, *more, periods="2"):
        """Sends an order under the next client order id; what the client is told, or None if it was refused."""
        key = "buyer" if side == "buy" else "supplier"
        self.next_id[key] += 1
        done = self.market.raw("order", side, "--product", "1", "--from", start_of(first_period()), "--periods", periods,
                               "--quantity", quantity, "--price", price, *more, "--client-order-id",
                               str(self.next_id[key]), "--json", key=key)  # fmt: skip
        self.assertIn(done.returncode, (0, 3), done.stderr)
        return self.next_id[key], json.loads(done.stdout) if done.returncode == 0 else None

    def ask(self, key, *words):
        return self.market.raw("order", "status", *words, "--json", key=key)

    def becomes(self, key, number, state):
        """The answer by client order id, once the replica has read what made it so."""
        end = time.monotonic() + PATIENCE
        while True:
            done = self.ask(key, "--client-order-id", str(number))
            found = json.loads(done.stdout) if done.returncode == 0 else {"state": done.stderr}
            if found["state"] == state:
                break
            self.assertLess(time.monotonic(), end, found)
        if found["order"] is not None:
            self.assertEqual(self.same(self.market.cli("order", "status", str(found["order"]), key=key)), self.same(found))
        self.told[key, number] = found
        return found

    @staticmethod
    def same(found):
        """Everything but when it was asked."""
        return {k: v for k, v in found.items() if k != "sequence"}

    def test_1_filled_and_in_part(self):
        sell, told = self.send("sell", "10", "2")
        found = self.becomes("supplier", sell, "RESTING")
        self.assertEqual((found["order"], found["client_order_id"], found["side"], found["shape"], found["quantity"]),
                         (told["order"], sell, "SELL", "EACH", 10))  # fmt: skip
        self.assertEqual((found["unit_periods"], found["filled_unit_periods"], found["open_unit_periods"]), (20, 0, 20))
        self.assertNotIn("ended_at", found)
        buy, _ = self.send("buy", "4", "2")
        found = self.becomes("buyer", buy, "FILLED")
        self.assertEqual((found["unit_periods"], found["filled_unit_periods"], found["open_unit_periods"]), (8, 8, 0))
        self.assertEqual(found["accepted_by_record"], found["ended_by_record"])
        # What rested is told with it, by the same record.
        rest = self.becomes("supplier", sell, "RESTING")
        self.assertEqual((rest["filled_unit_periods"], rest["open_unit_periods"]), (8, 12))
        self.assertGreaterEqual(rest["sequence"], found["ended_by_record"])

    def test_2_reduced_and_cancelled(self):
        sell, told = self.send("sell", "6", "9")
        self.market.cli("order", "replace", str(told["order"]), "--price", "9", "--quantity", "5", key="supplier")
        self.market.cli("order", "cancel", str(told["order"]), key="supplier")
        found = self.becomes("supplier", sell, "CANCELLED")
        self.assertEqual((found["reason"], found["quantity"], found["unit_periods"]), ("REQUESTED", 5, 10))
        self.assertEqual((found["filled_unit_periods"], found["open_unit_periods"]), (0, 0))
        self.assertEqual(found["ended_by_record"] - found["accepted_by_record"], 2)
        self.assertLess(found["accepted_at"], found["ended_at"])

    def test_3_killed_on_arrival(self):
        ioc, _ = self.send("buy", "20", "2", "--tif", "ioc")
        found = self.becomes("buyer", ioc, "CANCELLED")
        self.assertEqual((found["reason"], found["unit_periods"], found["filled_unit_periods"]), ("IOC", 40, 12))
        self.assertEqual(found["open_unit_periods"], 0)
        fok, _ = self.send("buy", "20", "2", "--tif", "fok")
        found = self.becomes("buyer", fok, "CANCELLED")
        self.assertEqual((found["reason"], found["filled_unit_periods"]), ("FOK", 0))

    def test_4_expired(self):
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10))
        gtt, told = self.send("buy", "1", "1", "--tif", "gtt", "--expire", soon)
        self.assertIsNotNone(told)
        found = self.becomes("buyer", gtt, "CANCELLED")
        self.assertEqual((found["reason"], found["ended_at"][:19]), ("EXPIRED", soon[:19]))

    def test_5_refused(self):
        odd, told = self.send("buy", "1", "1.00001")
        self.assertIsNone(told)
        found = self.becomes("buyer", odd, "REJECTED")
        self.assertEqual((found["order"], found["reject"], found["price"]), (None, "PRICE_TICK", "1.000010"))
        self.assertEqual(found["reject_args"][0], 1000010)
        self.assertNotIn("accepted_at", found)
        # The id was not used: the order is sent again, with a price that can be.
        self.next_id["buyer"] -= 1
        again, told = self.send("buy", "1", "1")
        self.assertEqual(again, odd)
        self.assertEqual(self.becomes("buyer", odd, "RESTING")["order"], told["order"])

    def test_6_never_answered(self):
        """The engine takes an order when its client has gone: nobody tells the client, and the journal knows."""
        number = self.next_id["buyer"] + 1
        unknown = self.ask("buyer", "--client-order-id", str(number))
        self.assertEqual(unknown.returncode, NOT_FOUND)
        self.assertRegex(unknown.stderr, f"no order with client order id {number} as of record .*sent again it counts once")
        end, is_there = time.monotonic() + PATIENCE, False
        while not is_there:  # who comes late finds the engine away, and then nothing is sent to it
            self.assertLess(time.monotonic(), end)
            done = self.unanswered(number)
            until = time.monotonic() + 5
            while not is_there and time.monotonic() < until:
                is_there = self.ask("buyer", "--client-order-id", str(number)).returncode == 0
        self.next_id["buyer"] += 1
        self.assertEqual(done.returncode, 7, done.stderr)
        found = self.becomes("buyer", number, "RESTING")
        self.assertEqual((found["quantity"], found["price"]), (1, "1.000000"))
        # An id that was passed over can no longer come.
        self.next_id["buyer"] += 1
        self.send("buy", "1", "1")
        self.becomes("buyer", self.next_id["buyer"], "RESTING")
        passed = self.ask("buyer", "--client-order-id", str(number + 1))
        self.assertEqual(passed.returncode, NOT_FOUND)
        self.assertIn("can no longer be", passed.stderr)

    def unanswered(self, number):
        """What a client is told that sends while the engine stands still."""
        self.market.processes["engine"].send_signal(signal.SIGSTOP)
        try:
            return self.market.raw("order", "buy", "--product", "1", "--from", start_of(first_period()), "--quantity", "1",
                                   "--price", "1", "--client-order-id", str(number), "--timeout", "8", key="buyer")  # fmt: skip
        finally:
            self.market.processes["engine"].send_signal(signal.SIGCONT)

    def test_7_nobody_else_hears_of_it(self):
        mine = next(v["order"] for (key, _), v in self.told.items() if key == "buyer" and v["order"] is not None)
        other = self.ask("supplier", str(mine))
        none = self.ask("supplier", "999999")
        self.assertEqual((other.returncode, none.returncode), (NOT_FOUND, NOT_FOUND))
        self.assertEqual(other.stderr.replace(f"order {mine} ", "order 999999 "), none.stderr)
        for words in ([], ["1", "--client-order-id", "1"]):
            self.assertEqual(self.ask("buyer", *words).returncode, USAGE)

    def test_8_a_replica_that_was_started_again_knows_the_same(self):
        self.market.kill("replica")
        self.market.start("replica")
        self.assertGreater(len(self.told), 8)
        for (key, number), found in self.told.items():
            now = self.market.cli("order", "status", "--client-order-id", str(number), key=key)
            if found["state"] != "RESTING":
                self.assertEqual(self.same(now), self.same(found))
            self.assertEqual((now["order"], now["accepted_at"] if "accepted_at" in now else None),
                             (found["order"], found.get("accepted_at")))  # fmt: skip

    def test_9_what_is_older_than_what_is_kept(self):
        m = self.market
        with open(f"{m.run}/replica.ini", "w", encoding="ascii") as f:
            f.write(f"[market]\nname = {MARKET}\n[replica]\njournal = {m.journal}\nlink = ipc://{m.run}/replica.sock\n"
                    f"ready_file = {m.run}/replica.ready\nended_orders = 1\n")  # fmt: skip
        m.kill("replica")
        m.start("replica")
        sizes = [int(n) for n in re.findall(r"event=history .* bytes=(\d+)", m.log("replica"))]
        self.assertEqual(len(sizes), 3)
        self.assertTrue(sizes[0] == sizes[1] > sizes[2], sizes)
        self.assertGreater(sizes[0] - sizes[2], 112 * 999999)
        ended = sorted((v["ended_by_record"], key, number) for (key, number), v in self.told.items() if "ended_by_record" in v)
        _, key, number = ended[0]
        for words in (["--client-order-id", str(number)], [str(self.told[key, number]["order"])]):
            done = self.ask(key, *words)
            self.assertEqual(done.returncode, NOT_FOUND)
            self.assertIn("older than what is kept", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
