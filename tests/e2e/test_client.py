#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The command line and the client library against the real engine, notary and gateway.

usage: test_client.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY CLIENT_ORDERS
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import verify_contract

PETAHOUR, ENGINE, NOTARY, GATEWAY, CLIENT_ORDERS = sys.argv[1:6]
MARKET = "market.example"
PATIENCE = 60
HASH = "ab" * 32


class Market:
    """Engine, notary and gateway in a temporary directory."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ph")
        self.run = self.folder.name
        self.processes = {}
        self.keys = {}
        os.mkdir(f"{self.run}/journal")
        for name in ["operator", "notary", "gateway", "supplier", "buyer", "stranger"]:
            self.keys[name] = self.cli("keygen", "--name", name, "--out", self.key(name))
        self.configure()
        for name in ["engine", "notary", "gateway"]:
            self.start(name)

    def key(self, name):
        return f"{self.run}/{name}.key"

    def configure(self):
        run, op = self.run, self.keys["operator"]
        with open(f"{run}/petahour.ini", "w", encoding="ascii") as f:
            f.write(
                f"[market]\nname = {MARKET}\ncurrency = USD\n"
                f"[engine]\njournal = {run}/journal\nspool = {run}/engine.spool\n"
                f"link = ipc://{run}/engine.sock\noperator_name = operator\n"
                f"operator_curve_key = {op['curve_public']}\n"
                f"operator_sign_key = {op['sign_public']}\n"
                f"notary_sign_key = {self.keys['notary']['sign_public']}\n"
                f"ready_file = {run}/engine.ready\n"
                f"[notary]\njournal = {run}/journal\nkey_file = {run}/notary.key\n"
                f"spool = {run}/notary.spool\nlink = ipc://{run}/notary.sock\n"
                f"ready_file = {run}/notary.ready\n"
                f"[gateway]\nengine_link = ipc://{run}/engine.sock\n"
                f"notary_link = ipc://{run}/notary.sock\nkey_file = {run}/gateway.key\n"
                f"order_entry = tcp://127.0.0.1:*\nmarket_data = tcp://127.0.0.1:*\n"
                f"ready_file = {run}/gateway.ready\n"
            )

    def start(self, name):
        program = {"engine": ENGINE, "notary": NOTARY, "gateway": GATEWAY}[name]
        ready = f"{self.run}/{name}.ready"
        if os.path.exists(ready):
            os.unlink(ready)
        with open(f"{self.run}/{name}.log", "a", encoding="utf-8") as log:
            self.processes[name] = subprocess.Popen(
                [program, "--config", f"{self.run}/petahour.ini"], stderr=log
            )
        end = time.monotonic() + PATIENCE
        while not os.path.exists(ready):
            assert self.processes[name].poll() is None, self.log(name)
            assert time.monotonic() < end, f"{name} is not ready: " + self.log(name)
            time.sleep(0.01)

    def log(self, name):
        with open(f"{self.run}/{name}.log", encoding="utf-8") as f:
            return f.read()

    def kill(self, name, how=signal.SIGKILL):
        p = self.processes.pop(name)
        p.send_signal(how)
        return p.wait(PATIENCE)

    def close(self):
        for name in ["gateway", "notary", "engine"]:
            if name in self.processes:
                self.kill(name, signal.SIGTERM)
        self.folder.cleanup()

    def raw(self, *words, key=None, connect=None):
        command = [PETAHOUR, *words]
        environment = dict(os.environ)
        environment.pop("PETAHOUR_KEY", None)
        environment["PETAHOUR_CONNECT"] = connect or f"{self.run}/gateway.ready"
        if key is not None:
            environment["PETAHOUR_KEY"] = self.key(key)
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    def cli(self, *words, key=None):
        done = self.raw(*words, "--json", key=key)
        assert done.returncode == 0, f"{words}: {done.returncode} {done.stderr}"
        return json.loads(done.stdout)


def first_period():
    """A period that stays open for the whole test."""
    return int(time.time()) // 3600 + 8


def start_of(period):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(period * 3600))


class Day(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.market = m = Market()
        cls.period = first_period()
        op = {"key": "operator"}
        for name, roles in [("supplier", "supplier"), ("buyer", "buyer")]:
            m.cli("participant", "register", "--name", name, "--roles", roles, "--of", m.key(name), **op)
            m.cli("deposit", "--participant", name, "--amount", "1000000", "--reference", name, **op)
        m.cli("site", "register", "--name", "site-1", "--owner", "supplier", "--region", "r1",
              "--latitude", "40.99", "--longitude", "-113.13", **op)  # fmt: skip
        m.cli("hardware", "register", "--name", "H100", **op)
        m.cli("product", "create", "--symbol", "AI.H100.1", "--model", "H100", "--site", "site-1",
              "--hardware", "H100", "--reference-price", "2.5", "--terms-hash", HASH, **op)  # fmt: skip
        m.cli("capacity", "register", "--site", "site-1", "--hardware", "1", "--from",
              start_of(cls.period), "--periods", "48", "--units", "64", "--reference", "1",
              key="supplier")  # fmt: skip

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
        listed = m.cli("contract", "list", key="supplier")
        self.assertEqual([(r["contract"], r["with"], r["matched"]) for r in listed],
                         [(number, "buyer", True)])  # fmt: skip
        self.assertTrue(m.cli("contract", "verify", path, "--notary-key", key)["verified"])
        with open(path, encoding="utf-8") as f:
            saved = json.load(f)
        verify_contract.verify(saved, bytes.fromhex(key))
        self.refused(8, "does not verify", "contract", "verify", path, "--notary-key", HASH)
        saved["leaf_index"] += 1
        with open(path, "w", encoding="utf-8") as f:
            json.dump(saved, f)
        self.refused(8, "does not verify", "contract", "verify", path, "--notary-key", key)
        with open(path, "w", encoding="utf-8") as f:
            f.write('{"canonical": ')
        self.refused(1, "could not read", "contract", "verify", path, "--notary-key", key)

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
        self.refused(3, "PRICE_TICK", *buy, "--price", "1.00001", key="buyer")
        self.refused(3, "KEY_TAKEN", "participant", "register", "--name", "x", "--roles", "buyer",
                     "--of", self.market.key("buyer"), key="operator")  # fmt: skip
        self.refused(4, "no product", "order", "buy", "--product", "9", *window, "--price", "1", key="buyer")
        self.refused(5, "ROLE_MISSING", "deposit", "--participant", "buyer", "--amount", "1",
                     "--reference", "x", key="buyer")  # fmt: skip
        self.refused(5, "knows no participant with this key", "product", "list", key="stranger")
        self.refused(6, "could not open", "product", "list", key="buyer", connect="/nonexistent")

    def test_a_wrong_server_key_is_no_connection(self):
        path = f"{self.market.run}/wrong.ready"
        with open(f"{self.market.run}/gateway.ready", encoding="ascii") as f:
            lines = [x for x in f.read().splitlines() if not x.startswith("server_key")]
        lines.append("server_key = " + self.market.keys["stranger"]["curve_public"])
        with open(path, "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        self.refused(6, "could not open a session", "product", "list", "--timeout", "2", key="buyer",
                     connect=path)  # fmt: skip


class ExactlyOnce(unittest.TestCase):
    """Gateway and engine are killed while a client sends; nothing is lost, nothing is doubled."""

    def setUp(self):
        self.market = m = Market()
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
