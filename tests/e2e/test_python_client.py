#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The Python example client beside C clients in a real market; the journal says what became of it.

usage: test_python_client.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_AUDIT CLIENT
"""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

import verify_contract
from live_market import HASH, PATIENCE, Market, first_period, register, start_of

AUDIT, CLIENT = sys.argv[5:7]
sys.path.insert(0, os.path.dirname(CLIENT))
import petahour_client as py  # noqa: E402
from false_gateway import FalseGateway  # noqa: E402


class Beside(unittest.TestCase):
    def setUp(self):
        self.m = m = Market(sys.argv[1:5])
        self.addCleanup(m.close)
        register(m)
        m.cli("participant", "register", "--name", "pyco", "--roles", "supplier,buyer", "--of", m.key("stranger"),
              key="operator")  # fmt: skip
        m.cli("deposit", "--participant", "pyco", "--amount", "1000000", "--reference", "pyco", key="operator")
        m.cli("site", "register", "--name", "site-2", "--owner", "pyco", "--region", "r1", "--latitude", "1",
              "--longitude", "2", key="operator")  # fmt: skip
        m.cli("product", "create", "--symbol", "AI.H100.2", "--model", "H100", "--site", "site-2", "--hardware", "H100",
              "--reference-price", "2.5", "--terms-hash", HASH, key="operator")  # fmt: skip
        self.hour = first_period()
        self.ready = f"{m.run}/gateway.ready"

    def python(self, *words, who="stranger", status=0, seconds="0.5", ready=None):
        """Runs the client; its lines of JSON, or what it says when it fails."""
        done = subprocess.run([CLIENT, "--connect", ready or self.ready, "--key", self.m.key(who), "--seconds", seconds, *words],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, status, done)
        return [json.loads(line) for line in done.stdout.splitlines()] if status in (0, 3) else done.stderr

    def window(self, periods=4):
        return ["--from", start_of(self.hour), "--periods", str(periods)]

    def hours(self, periods=4):
        """The same in the protocol's own numbers, which the client takes."""
        return ["--from", str(self.hour), "--periods", str(periods)]

    def session(self, who="stranger", next_report=1):
        s = py.Session(self.ready, py.settings(self.m.key(who)), next_report)
        self.addCleanup(lambda: s.socket.close())
        s.wait(lambda: s.state == "READY")
        return s

    def rows(self, table):
        done = subprocess.run([AUDIT, "export", self.m.journal, "--what", table, "--format", "csv"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def replays(self):
        done = subprocess.run([AUDIT, "replay", self.m.journal], capture_output=True, text=True, timeout=PATIENCE,
                              check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_both_sides_of_the_market(self):
        """It sells to a buyer in C and buys from a supplier in C; both see the same book and contracts."""
        m = self.m
        posted = self.python("capacity", "--site", "2", "--hardware", "1", "--units", "8", "--reference", "1",
                             *self.hours(48))  # fmt: skip
        self.assertEqual(posted[0]["command_result"]["command"], "REGISTER_CAPACITY")
        sold = self.python("sell", "--product", "2", "--quantity", "8", "--price", "2250000", *self.hours())
        self.assertEqual(sold[0]["execution_report"]["type"], "EXECUTION_TYPE_ACCEPTED")
        refused = self.python("sell", "--product", "2", "--quantity", "1", "--price", "2000000", *self.hours(), status=3)
        self.assertEqual(refused[0]["execution_report"]["reject_name"], "CAPACITY")
        feed = py.Feed(self.ready, py.settings(m.key("stranger")), 2)
        self.addCleanup(feed.socket.close)
        self.book(feed, {self.hour + i: (0, 0, 2250000, 8) for i in range(4)})
        m.cli("order", "buy", "--product", "AI.H100.2", "--quantity", "3", "--price", "2.3", "--shape", "block",
              *self.window(2), key="buyer")  # fmt: skip
        self.book(feed, {self.hour + i: (0, 0, 2250000, 5 if i < 2 else 8) for i in range(4)})
        shown = m.cli("book", "show", "AI.H100.2", key="buyer")
        self.assertEqual([(r["periods"], r["ask"], r["ask_quantity"]) for r in shown],
                         [(2, "2.250000", 5), (2, "2.250000", 8)])  # fmt: skip
        m.cli("order", "sell", "--product", "AI.H100.1", "--quantity", "16", "--price", "2.5", *self.window(),
              key="supplier")  # fmt: skip
        bought = self.python("buy", "--product", "1", "--quantity", "2", "--price", "2600000", "--shape", "2", *self.hours())
        traded = [r["execution_report"] for r in bought if "execution_report" in r][1]
        self.assertEqual((traded["type"], traded["notional"]), ("EXECUTION_TYPE_TRADE", "20000000"))
        self.contracts()
        false = FalseGateway(m, "stranger")
        self.addCleanup(false.close)
        false.splits = True
        order = ["--product", "1", "--quantity", "1", "--price", "1000000", *self.hours()]
        said = self.python("buy", *order, ready=false.ready_file)
        self.assertEqual([r["execution_report"]["type"] for r in said if "execution_report" in r], ["EXECUTION_TYPE_ACCEPTED"])
        self.assertEqual([r for r in said if "verified" in r], [], "these contracts were there before")
        trades = [(t["buyer"], t["seller"], t["notional_micro"], t["unit_periods"]) for t in self.rows("trades")]
        self.assertEqual(trades, [("3", "4", "13500000", "6"), ("4", "2", "20000000", "8")])
        orders = {(o["participant"], o["client_order_id"]): o for o in self.rows("orders")}
        self.assertEqual((orders["4", "1"]["state"], orders["4", "1"]["open_unit_periods"]), ("RESTING", "26"))
        self.assertEqual((orders["4", "2"]["state"], orders["4", "2"]["shape"]), ("FILLED", "BLOCK"))
        self.assertEqual(orders["4", "3"]["state"], "RESTING")
        self.assertRegex(self.replays(), r"signed     by all parties 2 contracts")

    def book(self, feed, expected):
        end = time.monotonic() + PATIENCE
        while {p: b for p, b in feed.book.items() if any(b)} != expected:
            self.assertLess(time.monotonic(), end, feed.book)
            feed.turn(0.2)

    def contracts(self):
        """Both contracts verify, and are those that the C clients hold and countersign."""
        m, key, listened, seconds = self.m, self.m.keys["notary"]["sign_public"], [], 0.5
        end = time.monotonic() + PATIENCE
        while len(listened) < 2:
            self.assertLess(time.monotonic(), end)
            rows = self.python("--notary-key", key, "listen", seconds=str(seconds))
            listened = [r["verified"] for r in rows if "verified" in r]
            seconds *= 2
        self.assertEqual([(c["buyer"], c["supplier"]) for c in listened], [("buyer", "pyco"), ("pyco", "supplier")])
        self.assertEqual(listened[1]["segments"], [[self.hour, 4, 2, 2500000]])
        said = self.python("--notary-key", HASH, "listen", status=1, seconds=str(PATIENCE / 2))
        self.assertIn("not signed with this key", said)
        for who in ("buyer", "supplier", "stranger"):
            m.cli("contract", "countersign", key=who)
        wanted = {"buyer": "holds", "supplier": "holds"}
        for number, who in ((1, "buyer"), (2, "supplier")):
            path = f"{m.run}/{number}.json"
            while True:
                self.assertLess(time.monotonic(), end, "the countersignatures do not come")
                m.cli("contract", "save", str(number), "--out", path, key=who)
                with open(path, encoding="utf-8") as f:
                    if verify_contract.verify(json.load(f), bytes.fromhex(key))["countersignatures"] == wanted:
                        break
                os.unlink(path)

    def test_a_changed_contract_is_refused(self):
        """Wherever a bit is changed in what the gateway sends."""
        m = self.m
        order = ["--product", "AI.H100.1", "--quantity", "1", "--price", "2.5", *self.window(1)]
        m.cli("order", "sell", *order, key="supplier")
        m.cli("order", "buy", *order, key="buyer")
        s = self.session("buyer")
        s.wait(lambda: any(kind == "contract" for kind, _ in s.received))
        contract = next(m for kind, m in s.received if kind == "contract")
        market, key = s.accepted.market, s.accepted.notary_sign_key
        self.assertEqual(py.verify(contract, market, key)["buyer"], "buyer")
        changes = [("canonical", contract.canonical[:i] + bytes([contract.canonical[i] ^ 1]) + contract.canonical[i + 1 :])
                   for i in (0, 8, 16, 84, 348, 500, 672, 676, 695)]  # fmt: skip
        changes += [("canonical", contract.canonical[:-1]), ("canonical", b""), ("inclusion_proof", b"\0" * 32),
                    ("inclusion_proof", b"\0"), ("leaf_index", 1), ("leaf_count", 2), ("leaf_count", 0),
                    ("signed_root", ""), ("signed_root", contract.signed_root.replace("/contracts/", "/contracts/9")),
                    ("signed_root", re.sub("\u2014.*", "\u2014 market.example AAAA", contract.signed_root))]  # fmt: skip
        for field, value in changes:
            changed = type(contract)()
            changed.CopyFrom(contract)
            setattr(changed, field, value)
            with self.assertRaises(py.Failed, msg=(field, value)):
                py.verify(changed, market, key)
        with self.assertRaises(py.Failed):
            py.verify(contract, "other.example", key)

    def test_exactly_once_over_kills(self):
        """Gateway and engine are killed while it sends: every order once, every message once and in order."""
        m = self.m
        self.python("capacity", "--site", "2", "--hardware", "1", "--units", "1000", "--reference", "1", *self.hours())
        s = self.session()
        first, kills, numbers = s.accepted.last_client_order_id + 1, {100: "gateway", 200: "engine"}, []
        for n in range(first, first + 300):
            s.send("new_order", client_order_id=n, product=2, side=2, shape=1, first_period=self.hour, periods=1,
                   quantity=1, price=2500000 + 10000 * (n % 7), time_in_force=1)  # fmt: skip
            s.turn(0)
            if n - first in kills:
                m.kill(kills[n - first], signal.SIGKILL)
                m.start(kills[n - first])
        s.wait(lambda: not s.outbox, PATIENCE)
        answers = [r for kind, r in s.received if kind == "execution_report"]
        self.assertEqual([(r.client_order_id, r.reject_name) for r in answers], [(n, "") for n in range(first, first + 300)])
        orders = [o for o in self.rows("orders") if o["participant"] == "4"]
        self.assertEqual(sorted(int(o["client_order_id"]) for o in orders), list(range(first, first + 300)))
        again = self.session()  # all of it from the beginning, under the same numbers
        numbers = [(r.stream_number, r.order) for kind, r in again.received if kind == "execution_report"]
        self.assertEqual(numbers, [(r.stream_number, r.order) for r in answers])
        self.replays()

    def assert_said(self, expected, said):
        self.assertIn(expected, said)
        self.assertNotIn("Traceback", said)

    def test_what_it_says_when_it_cannot(self):
        buy = ["buy", "--product", "1", "--quantity", "1"]
        for words, status, said in (
            ([*buy, "--price", "1.5", *self.hours()], 2, "--price"),
            ([*buy, "--price", "1", "--from", "2027-01-01T00:30:00Z"], 2, "--from"),
            ([*buy, "--price", "1", "--quantity", "-1", *self.hours()], 1, "-1"),
            ([*buy, "--price", str(2**63), *self.hours()], 1, str(2**63)),
            (["--notary-key", "zz", "listen"], 2, "--notary-key"),
            (["listen", "--next-report", "100000"], 1, "STREAM_NUMBER"),
            (["market", "--product", "999"], 1, "no book came: "),
        ):
            self.assert_said(said, self.python(*words, status=status))
        self.m.cli("keygen", "--name", "unknown", "--out", self.m.key("unknown"))
        for words in (["listen"], ["market", "--product", "1"]):
            said = self.python(*words, who="unknown", status=1, seconds=str(PATIENCE / 2))
            self.assert_said("no participant has it", said)
        self.assertIn("No such file", self.python("listen", who="nobody", status=1))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[7:], verbosity=2)
