#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The command line and the client library against the real engine, notary and gateway.

usage: test_client.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY CLIENT_ORDERS CLIENT_SESSIONS
"""

import json
import os
import subprocess
import sys
import time
import unittest

import verify_contract
from nacl.exceptions import BadSignatureError
from live_market import HASH, PATIENCE, Market, first_period, register, start_of

CLIENT_ORDERS = sys.argv[5]


class Day(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.market = m = Market(sys.argv[1:5])
        cls.period = first_period()
        register(m)

    @classmethod
    def tearDownClass(cls):
        cls.market.close()

    def order(self, side, *words, key):
        return self.market.cli("order", side, "--product", "AI.H100.1", "--from",
                               start_of(self.period), *words, key=key)  # fmt: skip

    def refused(self, code, text, *words, **options):
        done = self.market.raw(*words, **options)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_a_trade_and_its_contract(self):
        m = self.market
        sold = self.order("sell", "--quantity", "16", "--price", "2.5", "--periods", "48", key="supplier")
        self.assertEqual(sold["open_unit_periods"], 768)
        self.assertEqual(sold["hold"], "192.000000")
        bought = self.order("buy", "--quantity", "4", "--price", "2.6", "--periods", "24", "--shape",
                            "block", key="buyer")  # fmt: skip
        self.assertEqual(bought["notional"], "240.000000")
        self.assertEqual(bought["fee"], "0.360000")
        self.assertEqual(bought["open_unit_periods"], 0)
        book = m.cli("book", "show", "AI.H100.1", key="buyer")
        self.assertEqual([(r["periods"], r["ask"], r["ask_quantity"]) for r in book],
                         [(24, "2.500000", 12), (24, "2.500000", 16)])  # fmt: skip
        resting = m.cli("order", "list", key="supplier")
        self.assertEqual([r["open_unit_periods"] for r in resting], [672])
        [trade] = m.cli("trade", "list", key="buyer")
        self.assertEqual((trade["symbol"], trade["notional"]), ("AI.H100.1", "240.000000"))
        self.assertEqual([s["from"] for s in trade["segments"]], [start_of(self.period)])
        self.contract(bought["trades"][0]["contract"])
        done = m.cli("order", "cancel", "--all", key="supplier")
        self.assertEqual(done["cancelled"], "yes")
        self.assertEqual(m.cli("order", "list", key="supplier"), [])

    def contract(self, number):
        """Both parties hold it; it verifies here and by a program that shares no code."""
        m = self.market
        path, key = f"{m.run}/contract.json", m.keys["notary"]["sign_public"]
        end = time.monotonic() + PATIENCE
        while m.raw("contract", "save", str(number), "--out", path, key="buyer").returncode == 4:
            self.assertLess(time.monotonic(), end, "the notary signed nothing")
        self.countersign(number, path, key)
        listed = m.cli("contract", "list", key="supplier")
        self.assertEqual([(r["contract"], r["with"], r["matched"]) for r in listed],
                         [(number, "buyer", True)])  # fmt: skip
        self.assertTrue(m.cli("contract", "verify", path, "--notary-key", key)["verified"])
        text = m.raw("contract", "text", path, "--notary-key", key)
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertIn(f"# Contract {number} of ", text.stdout)
        self.refused(8, "does not verify", "contract", "text", path, "--notary-key", HASH)
        for words in ["text"], ["reservation", "--users", "lab", "--per-node", "8"]:
            self.refused(2, "there is no --json of", "contract", words[0], path, *words[1:], "--notary-key", key, "--json")
        with open(path, encoding="utf-8") as f:
            saved = json.load(f)
        self.assertEqual(verify_contract.verify(saved, bytes.fromhex(key))["countersignatures"],
                         {"buyer": "holds", "supplier": "holds"})  # fmt: skip
        self.refused(8, "does not verify", "contract", "verify", path, "--notary-key", HASH)
        saved["leaf_index"] += 1
        with open(path, "w", encoding="utf-8") as f:
            json.dump(saved, f)
        self.refused(8, "does not verify", "contract", "verify", path, "--notary-key", key)
        with open(path, "w", encoding="utf-8") as f:
            f.write('{"canonical": ')
        self.refused(1, "could not read", "contract", "verify", path, "--notary-key", key)
        self.refused(1, "No such file", "contract", "verify", f"{path}.none", "--notary-key", key)

    def countersign(self, number, path, key):
        """Each party's countersignature reaches the other; the file says who is missing."""
        m = self.market
        verify = ["contract", "verify", path, "--notary-key", key]
        for who, verdicts in (("buyer", {"supplier": "missing"}), ("supplier", {"supplier": "holds"})):
            self.assertEqual(m.cli("contract", "countersign", str(number), key=who)["countersigned"], 1)
            self.assertEqual(m.cli("contract", "countersign", key=who)["countersigned"], 1)  # again: nothing
            end = time.monotonic() + PATIENCE
            while True:
                os.unlink(path)
                m.cli("contract", "save", str(number), "--out", path, key="buyer")
                if m.cli(*verify)["countersignatures"] == {"buyer": "holds"} | verdicts:
                    break
                self.assertLess(time.monotonic(), end, f"{who}'s countersignature does not come")
        listed = m.cli("contract", "list", key="buyer")
        self.assertEqual({w.strip() for w in listed[0]["countersigned"].split(",")}, {"you", "the other"})
        text = m.raw("contract", "text", path).stdout
        self.assertIn("- the supplier, supplier, countersigned with the key that the contract names", text)
        with open(path, encoding="utf-8") as f:
            saved = json.load(f)
        for change in ({"signature": "00" * 64}, {"participant": 1}, {"key": saved["countersignatures"][1]["key"]}):
            false = json.loads(json.dumps(saved))
            false["countersignatures"][0].update(change)
            with open(f"{m.run}/false.json", "w", encoding="utf-8") as f:
                json.dump(false, f)
            self.refused(8, "countersignature in the file is false", "contract", "verify",
                         f"{m.run}/false.json", "--notary-key", key)  # fmt: skip
            with self.assertRaises((verify_contract.Refused, BadSignatureError)):
                verify_contract.verify(false, bytes.fromhex(key))

    def test_every_kind_of_no_has_its_status(self):
        window = ["--from", start_of(self.period), "--quantity", "1"]
        buy = ["order", "buy", "--product", "1", *window]
        self.refused(2, "did you mean \"order\"", "ordr")
        self.refused(2, "--price is missing", *buy, key="buyer")
        self.refused(2, "at most six places", *buy, "--price", "1.0000001", key="buyer")
        self.refused(2, "no key", *buy, "--price", "1")
        self.refused(2, "no period of 3600 seconds starts then", "order", "buy", "--product", "1",
                     "--from", "2027-01-01T00:00:01Z", "--quantity", "1", "--price", "1",
                     key="buyer")  # fmt: skip
        self.refused(3, "PRICE_TICK: price is not a multiple of the tick (price 1.000010, tick 0.000100)", *buy,
                     "--price", "1.00001", key="buyer")  # fmt: skip
        self.refused(3, "KEY_TAKEN", "participant", "register", "--name", "x", "--roles", "buyer",
                     "--of", self.market.key("buyer"), key="operator")  # fmt: skip
        self.refused(4, "no product", "order", "buy", "--product", "9", *window, "--price", "1", key="buyer")
        self.refused(5, "ROLE_MISSING", "deposit", "--participant", "buyer", "--amount", "1",
                     "--reference", "x", key="buyer")  # fmt: skip
        self.refused(5, "knows no participant with this key", "product", "list", key="stranger")
        self.refused(6, "could not open", "product", "list", key="buyer", connect="/nonexistent")
        self.refused(2, "the gateway's ready file", "product", "list", key="buyer", connect="tcp://127.0.0.1:7001")
        made = self.market.raw("keygen", "--name", "x", "--out", f"{self.market.run}/".encode() + b"\xff", "--json")
        self.assertIsNone(json.loads(made.stdout)["file"])

    def test_a_name_of_two_names_none(self):
        """Money and capacity go to nobody rather than to whoever was registered first."""
        m, op = self.market, {"key": "operator"}
        numbers = [m.cli("hardware", "register", "--name", name, **op)["hardware"] for name in ["twin", "twin", "1"]]
        words = ["capacity", "register", "--site", "site-1", "--from", start_of(self.period), "--periods", "1",
                 "--units", "1"]  # fmt: skip
        self.refused(4, f'"twin" is the name of more than one hardware class, as of {numbers[0]} and {numbers[1]}',
                     *words, "--reference", "2", "--hardware", "twin", key="supplier")  # fmt: skip
        done = m.cli(*words, "--reference", "2", "--hardware", str(numbers[1]), key="supplier")
        self.assertEqual(done["hardware"], "twin")
        # Digits are a number, whoever has them as a name.
        done = m.cli(*words, "--reference", "3", "--hardware", "1", key="supplier")
        self.assertEqual(done["hardware"], "H100")

    def test_the_last_client_order_id(self):
        m, last = self.market, str(2**64 - 1)
        m.cli("keygen", "--name", "last", "--out", m.key("last"))
        m.cli("participant", "register", "--name", "last", "--roles", "buyer", "--of", m.key("last"), key="operator")
        m.cli("deposit", "--participant", "last", "--amount", "100", "--reference", "last", key="operator")
        words = ["--quantity", "1", "--price", "1"]
        self.assertEqual(str(self.order("buy", *words, "--client-order-id", last, key="last")["client_order_id"]), last)
        self.refused(2, f"client_order_id {last} was used and none is above it", "order", "buy", "--product", "1",
                     "--from", start_of(self.period), *words, key="last")  # fmt: skip

    def test_trades_are_watched_by_the_names_of_products(self):
        m = self.market
        self.order("sell", "--quantity", "9", "--price", "0.5", key="supplier")
        self.order("buy", "--quantity", "1", "--price", "0.5", key="buyer")
        with subprocess.Popen(
            [m.petahour, "trade", "list", "--watch", "--json", "--connect", f"{m.run}/gateway.ready", "--key",
             m.key("buyer")], stdout=subprocess.PIPE, text=True) as watcher:  # fmt: skip
            before = [json.loads(watcher.stdout.readline()) for _ in m.cli("trade", "list", key="buyer")]
            self.order("buy", "--quantity", "1", "--price", "0.5", key="buyer")
            told = json.loads(watcher.stdout.readline())
            watcher.kill()
        self.assertEqual({t["symbol"] for t in [*before, told]}, {"AI.H100.1"})
        self.assertEqual((told["notional"], told["segments"][0]["from"]), ("0.500000", start_of(self.period)))

    def test_text_that_no_gateway_takes_is_not_sent(self):
        for name in [b"a\xff", "a\x9b31m".encode()]:
            self.refused(2, "name is not 1 to 63 bytes of UTF-8", "hardware", "register", "--name", name, key="operator")

    def test_a_wrong_server_key_is_no_connection(self):
        path = f"{self.market.run}/wrong.ready"
        with open(f"{self.market.run}/gateway.ready", encoding="ascii") as f:
            lines = [x for x in f.read().splitlines() if not x.startswith("server_key")]
        lines.append("server_key = " + self.market.keys["stranger"]["curve_public"])
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        self.refused(6, "could not open a session", "product", "list", "--timeout", "2", key="buyer",
                     connect=path)  # fmt: skip

    def test_no_sign_of_a_connection_is_missed(self):
        """The first attempt gets a session: one that waits for its own end tries again after 5 s."""
        for _ in range(80):
            m = self.market.raw("product", "list", "--timeout", "4", key="buyer")
            self.assertEqual(m.returncode, 0, m.stderr)


class Sessions(unittest.TestCase):
    """Cancel-on-disconnect, limits, takeover and drop copy, as the library has them."""

    def test_sessions(self):
        m = Market(sys.argv[1:5], gateway="open_orders_max = 2\n")
        self.addCleanup(m.close)
        register(m)
        m.cli("participant", "register", "--name", "auditor", "--roles", "auditor", "--of", m.key("stranger"),
              key="operator")  # fmt: skip
        done = subprocess.run(
            [sys.argv[6], f"{m.run}/nowhere.ready:{m.run}/gateway.ready", m.key("buyer"), m.key("stranger"), "3",
             "1", str(first_period())],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stdout), (0, "done\n"), done.stderr)


class ExactlyOnce(unittest.TestCase):
    """Gateway and engine are killed while a client sends; nothing is lost, nothing is doubled."""

    def setUp(self):
        self.market = m = Market(sys.argv[1:5])
        self.addCleanup(m.close)
        op = {"key": "operator"}
        m.cli("participant", "register", "--name", "s", "--roles", "supplier,buyer", "--of",
              m.key("supplier"), **op)  # fmt: skip
        m.cli("deposit", "--participant", "s", "--amount", "1000000000", "--reference", "s", **op)
        m.cli("site", "register", "--name", "site-1", "--owner", "s", "--region", "r1", "--latitude",
              "0", "--longitude", "0", **op)  # fmt: skip
        m.cli("hardware", "register", "--name", "H100", **op)
        m.cli("product", "create", "--symbol", "P", "--model", "M", "--site", "1", "--hardware", "1",
              "--reference-price", "1", "--terms-hash", HASH, **op)  # fmt: skip

    def test_a_watcher_is_told_of_a_lost_connection(self):
        m = self.market
        m.cli("order", "buy", "--product", "P", "--quantity", "1", "--price", "1", "--from", start_of(first_period()),
              key="supplier")  # fmt: skip
        watcher = subprocess.Popen(
            [m.petahour, "book", "show", "P", "--watch", "--connect", f"{m.run}/gateway.ready", "--key",
             m.key("supplier")],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(watcher.communicate)
        self.addCleanup(watcher.kill)
        self.assertIn("BID=1.000000", watcher.stdout.readline())
        m.kill("gateway")
        self.assertIn("trying again, what is shown may be old", watcher.stderr.readline())
        m.start("gateway")
        wanted = ["petahour: connected again\n", "the gateway was started again"]
        while wanted:  # of two connections, in any order; and maybe that the gateway does not answer
            line = watcher.stderr.readline()
            self.assertNotEqual(line, "")
            wanted = [w for w in wanted if w not in line]
        m.cli("order", "buy", "--product", "P", "--quantity", "2", "--price", "1.5", "--from", start_of(first_period()),
              key="supplier")  # fmt: skip
        self.assertIn("BID UNITS=2 BID=1.500000", watcher.stdout.readline())

    def test_orders_survive_kills(self):
        m = self.market
        client = subprocess.Popen(
            [CLIENT_ORDERS, f"{m.run}/gateway.ready", m.key("supplier"), "1", str(first_period()),
             "8000", "1000"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        victims = {"1000": "gateway", "3000": "engine", "5000": "gateway", "6000": "engine"}
        for line in client.stdout:
            words = line.split()
            if words[0] == "answered" and words[1] in victims:
                m.kill(victims[words[1]])
                m.start(victims[words[1]])
            if words[0] == "equal":
                self.assertEqual(sum(map(int, words[1:])), 8000)
                self.assertGreater(int(words[2]), 0)
        self.assertEqual(client.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
