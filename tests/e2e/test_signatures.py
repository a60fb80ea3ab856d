#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The notary's key changes while the market trades; parties that stay connected countersign alone.

usage: test_signatures.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_AUDIT
"""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

import verify_contract
from live_market import MARKET, PATIENCE, Market, first_period, register, start_of

AUDIT = sys.argv[5]


class Signatures(unittest.TestCase):
    def setUp(self):
        self.m = m = Market(sys.argv[1:5])
        self.addCleanup(m.close)
        register(m)
        self.hour = first_period()
        m.keys["next"] = m.cli("keygen", "--name", "next", "--out", m.key("next"))
        m.keys["stolen"] = m.cli("keygen", "--name", "stolen", "--out", m.key("stolen"))

    def restart_notary(self, key_file="notary", other="", log=True):
        self.m.kill("notary", signal.SIGTERM)
        self.write_config(key_file, other, log)
        self.m.start("notary")

    def write_config(self, key_file, other, log):
        m, lines = self.m, []
        m.configure()
        with open(f"{m.run}/petahour.ini", encoding="ascii") as f:
            for line in f:
                if line.startswith(f"key_file = {m.run}/notary.key"):
                    line = f"key_file = {m.key(key_file)}\n"
                    line += f"other_key_file = {m.key(other)}\n" if other else ""
                    line += f"log = {m.run}/log\n" if log else ""
                lines.append(line)
        with open(f"{m.run}/petahour.ini", "w", encoding="ascii") as f:
            f.writelines(lines)

    def trade(self):
        """One contract; returns the file that the buyer saved."""
        m = self.m
        order = ["--product", "AI.H100.1", "--from", start_of(self.hour), "--periods", "1", "--quantity", "1",
                 "--price", "2.5"]  # fmt: skip
        m.cli("order", "sell", *order, key="supplier")
        bought = m.cli("order", "buy", *order, key="buyer")
        self.hour += 1
        return self.save(bought["trades"][0]["contract"])

    def save(self, number):
        m, path = self.m, f"{self.m.run}/{number}-{time.monotonic_ns()}.json"
        end = time.monotonic() + PATIENCE
        while m.raw("contract", "save", str(number), "--out", path, key="buyer").returncode == 4:
            self.assertLess(time.monotonic(), end, "the notary signed nothing")
        return path

    def verifies(self, path, *names):
        """Whether a contract verifies with these keys; three programs must agree."""
        m = self.m
        keys = [m.keys[n]["sign_public"] for n in names]
        done = m.raw("contract", "verify", path, "--notary-key", ",".join(keys))
        self.assertIn(done.returncode, (0, 8), done.stderr)
        with open(path, encoding="utf-8") as f:
            saved = json.load(f)
        try:
            verify_contract.verify(saved, *map(bytes.fromhex, keys))
            python = True
        except verify_contract.Refused:
            python = False
        self.assertEqual(python, done.returncode == 0)
        audits = [self.audit("contract", "--key", k, path)[0] == 0 for k in keys]
        self.assertEqual(any(audits), python)
        return python

    def audit(self, *words):
        done = subprocess.run([AUDIT, *words], capture_output=True, text=True, timeout=PATIENCE, check=False)
        return done.returncode, done.stdout + done.stderr

    def checkpoint(self, at_least):
        """The newest checkpoint that states so many records."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with open(f"{self.m.run}/log/checkpoint", encoding="utf-8") as f:
                    note = f.read()
            except FileNotFoundError:  # the first one is not out yet
                note = "\n0"
            if int(note.split("\n")[1]) >= at_least:
                return note
            self.assertLess(time.monotonic(), end, "no checkpoint is published")
            time.sleep(0.02)

    def signed_by(self, note, name):
        key = bytes.fromhex(self.m.keys[name]["sign_public"])
        try:
            verify_contract.open_note(note, f"{MARKET}/journal", key)
            return True
        except verify_contract.Refused:
            return False

    def test_the_key_changes_and_old_contracts_stay_verifiable(self):
        m = self.m
        self.restart_notary(other="next")
        before = self.trade()
        self.assertTrue(self.verifies(before, "notary"))
        self.assertFalse(self.verifies(before, "next"))
        refused = m.raw("notary", "rotate", "--new", m.key("next"), "--present", m.key("stolen"), key="operator")
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("is not the one in force", refused.stderr)
        refused = m.raw("notary", "rotate", "--new", m.key("next"), "--present", m.key("notary"), key="buyer")
        self.assertEqual(refused.returncode, 5, refused.stderr)
        m.cli("notary", "rotate", "--new", m.key("next"), "--present", m.key("notary"), key="operator")
        after = self.trade()
        self.assertFalse(self.verifies(after, "notary"))
        self.assertTrue(self.verifies(after, "next"))
        self.assertTrue(self.verifies(after, "notary", "next"))
        self.assertTrue(self.verifies(before, "next", "notary"))
        self.assertIsNone(m.processes["notary"].poll(), "without downtime")
        for path in (before, after):
            status, told = self.audit("contract", m.journal, path)
            self.assertEqual(status, 0, told)
            self.assertIn("the journal says was in force", told)

    def test_checkpoints_and_restarts_around_a_change(self):
        m = self.m
        self.restart_notary(other="next")
        self.trade()
        self.assertTrue(self.signed_by(self.checkpoint(1), "notary"))
        # Nobody reads the log while the engine waits for the operator: the first that states the change has both.
        m.cli("notary", "rotate", "--new", m.key("next"), "--present", m.key("notary"), key="operator")
        end = time.monotonic() + PATIENCE
        while not self.signed_by(note := self.checkpoint(1), "next"):
            self.assertLess(time.monotonic(), end, "the next key signs no checkpoint")
            time.sleep(0.01)
        self.assertTrue(self.signed_by(note, "notary"))
        after = self.trade()
        end = time.monotonic() + PATIENCE
        while self.signed_by(note := self.checkpoint(1), "notary"):
            self.assertLess(time.monotonic(), end, "no later checkpoint is published")
            time.sleep(0.01)
        self.assertTrue(self.signed_by(note, "next"))
        status, told = self.audit("verify", m.journal, "--log", f"{m.run}/log", "--quiet")
        self.assertEqual(status, 0, told)
        self.restart_notary(key_file="next")  # the old key is put away: the spool has what it signed
        self.assertTrue(self.verifies(self.save(1), "notary"))
        self.assertTrue(self.verifies(after, "next"))
        self.assertTrue(self.verifies(self.trade(), "next"))
        m.kill("notary", signal.SIGTERM)
        os.unlink(f"{m.run}/notary.spool")
        self.refused_notary("the spool does not have what that key signed")
        self.write_config("stolen", "", True)
        self.refused_notary("is not signed by this market's key")
        self.write_config("stolen", "", False)
        self.refused_notary("is not the notary key that its journal states")
        self.write_config("notary", "", False)
        self.refused_notary("is not the notary key that its journal states")
        self.write_config("notary", "notary", True)
        self.refused_notary("it is the key that is there already")
        self.write_config("notary", "next", True)  # with both, everything can be made again
        m.start("notary")
        self.assertTrue(self.verifies(self.save(1), "notary"))

    def refused_notary(self, text):
        done = subprocess.run([self.m.daemons["notary"], "--config", f"{self.m.run}/petahour.ini"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 1)
        self.assertIn(text, done.stderr)

    def test_a_key_that_the_notary_lacks_stops_it_before_it_signs(self):
        m = self.m
        first = self.trade()
        m.cli("notary", "rotate", "--new", m.key("next"), key="operator")  # the old one is lost: no endorsement
        order = ["--product", "AI.H100.1", "--from", start_of(self.hour), "--periods", "1", "--quantity", "1",
                 "--price", "2.5"]  # fmt: skip
        m.cli("order", "sell", *order, key="supplier")
        m.cli("order", "buy", *order, key="buyer")
        self.assertEqual(m.processes.pop("notary").wait(PATIENCE), 1)
        self.assertIn("is not the notary key that its journal states", m.log("notary"))
        self.write_config("next", "notary", False)
        m.start("notary")
        second = self.save(2)
        self.assertTrue(self.verifies(second, "next"))
        self.assertTrue(self.verifies(first, "notary"))

    def test_who_stays_connected_countersigns_alone(self):
        m = self.m
        watchers = []
        for who in ("buyer", "supplier"):
            environment = dict(os.environ, PETAHOUR_KEY=m.key(who), PETAHOUR_CONNECT=f"{m.run}/gateway.ready")
            watchers.append(subprocess.Popen([m.petahour, "report", "watch", "--json"], env=environment,
                                             stdout=subprocess.DEVNULL))  # fmt: skip
            self.addCleanup(watchers[-1].wait)
            self.addCleanup(watchers[-1].kill)
        verdicts, end = None, time.monotonic() + PATIENCE
        while verdicts != {"buyer": "holds", "supplier": "holds"}:
            self.assertLess(time.monotonic(), end, f"countersigned: {verdicts}")
            path, number = self.trade(), m.cli("contract", "list", key="buyer")[-1]["contract"]
            until = time.monotonic() + 2  # those who connected too late see the next one
            while verdicts != {"buyer": "holds", "supplier": "holds"} and time.monotonic() < until:
                path = self.save(number)
                with open(path, encoding="utf-8") as f:
                    saved = json.load(f)
                key = bytes.fromhex(m.keys["notary"]["sign_public"])
                verdicts = verify_contract.verify(saved, key)["countersignatures"]
        status, told = self.audit("contract", m.journal, path)
        self.assertEqual(status, 0, told)
        self.assertIn("right: the countersignature of the buyer", told)
        self.assertIn("right: the countersignature of the supplier", told)
        status, told = self.audit("replay", m.journal)
        self.assertEqual(status, 0, told)
        self.assertIn("not judged: whether they hold; --countersignatures verifies them", told)
        status, told = self.audit("replay", "--countersignatures", m.journal)
        self.assertEqual(status, 0, told)
        self.assertRegex(told, r"signed     by all parties [1-9]\d* contracts")
        self.assertRegex(told, r"[1-9]\d* countersignatures hold, 0 are false")
        self.a_false_one_is_named(path)

    def a_false_one_is_named(self, path):
        """By who verifies saved contracts, which prove themselves all the same."""
        folder = f"{self.m.run}/handed"
        os.mkdir(folder)
        with open(path, encoding="utf-8") as f:
            saved = json.load(f)
        for is_false in (False, True):
            if is_false:
                signature = bytearray.fromhex(saved["countersignatures"][0]["signature"])
                signature[0] ^= 1
                saved["countersignatures"][0]["signature"] = signature.hex()
            with open(f"{folder}/contract.json", "w", encoding="utf-8") as f:
                json.dump(saved, f)
            status, told = self.audit("verify", self.m.journal, "--contracts", folder)
            if is_false:
                self.assertEqual(status, 8, told)
                self.assertRegex(told, r'"[^"]*contract.json": the countersignature of the (buyer|supplier) is false')
            else:
                self.assertEqual(status, 0, told)
                self.assertIn("contracts 1, countersignatures 2", told)

    def test_the_secret_is_locked_and_in_no_core_dump(self):
        pid = self.m.processes["notary"].pid
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            locked = [int(line.split()[1]) for line in f if line.startswith("VmLck:")]
        with open(f"/proc/{pid}/maps", encoding="ascii") as f:
            is_instrumented = "libasan" in f.read()
        if not is_instrumented:  # AddressSanitizer makes mlock do nothing
            self.assertGreater(locked[0], 0)
        with open(f"/proc/{pid}/limits", encoding="ascii") as f:
            core = [line.split()[4:6] for line in f if line.startswith("Max core file size")]
        self.assertEqual(core, [["0", "0"]])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[6:], verbosity=2)
