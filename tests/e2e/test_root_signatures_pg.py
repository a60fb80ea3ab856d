#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Settlement follows the notary: what SQL gives of a contract is its saved contract but for the canonical bytes, and
what the notary signs is believed only as far as it holds.

usage: test_root_signatures_pg.py PETAHOUR ENGINE NOTARY GATEWAY REPLICA SETTLE PETAHOUR_AUDIT
"""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import unittest

import nacl.signing
import private_postgres
import verify_contract
from false_notary import CONTRACT, FalseNotary, note_of, spooled, with_note
from live_market import MARKET, PATIENCE, Market, first_period, register, start_of

PROGRAMS, AUDIT = sys.argv[1:7], sys.argv[7]
TAKEN_OVER = 3


class Books(Market):
    """With a database, and a settlement that follows the notary."""

    def __init__(self, pg):
        self.pg, self.link = pg, "notary"
        path = os.path.join(pg.folder, "migrate.ini")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"[market]\nname = x\n[settle]\njournal = /tmp\ndatabase = {pg.conninfo()}\n")
        subprocess.run([PROGRAMS[5], "--config", path, "--migrate", pg.conninfo()], check=True, capture_output=True,
                       timeout=PATIENCE)  # fmt: skip
        super().__init__(PROGRAMS)

    def configure(self):
        self.settle = f"database = {self.pg.conninfo('petahour_settle')}\n"
        if self.link:
            self.settle += f"notary_link = ipc://{self.run}/{self.link}.sock\n"
        super().configure()
        with open(f"{self.run}/petahour.ini", encoding="ascii") as f:
            text = f.read()
        if "next" in self.keys:
            text = text.replace(f"key_file = {self.key('notary')}\n",
                                f"key_file = {self.key('notary')}\nother_key_file = {self.key('next')}\n")  # fmt: skip
        with open(f"{self.run}/petahour.ini", "w", encoding="ascii") as f:
            f.write(text)

    def restart(self, name):
        if name in self.processes:
            self.kill(name, signal.SIGTERM)
        self.configure()
        self.start(name)


class RootSignatures(unittest.TestCase):
    def setUp(self):
        self.pg = self.enterContext(private_postgres.Cluster())
        self.m = Books(self.pg)
        self.addCleanup(self.m.close)
        register(self.m)
        self.hour = first_period()
        self.contracts = 0

    def trade(self):
        order = ["--product", "AI.H100.1", "--from", start_of(self.hour), "--periods", "1", "--quantity", "1",
                 "--price", "2.5"]  # fmt: skip
        self.m.cli("order", "sell", *order, key="supplier")
        bought = self.m.cli("order", "buy", *order, key="buyer")
        self.hour += 1
        self.contracts += 1
        self.assertEqual(bought["trades"][0]["contract"], self.contracts)

    def wait(self, what, sql, wanted):
        end = time.monotonic() + PATIENCE
        while (got := self.pg.sql(sql)) != wanted:
            self.assertLess(time.monotonic(), end, f"{what}: {got}, not {wanted}; " + self.m.log("settle"))
            time.sleep(0.02)

    def wait_log(self, told, times=1):
        end = time.monotonic() + PATIENCE
        while self.m.log("settle").count(told) < times:
            self.assertLess(time.monotonic(), end, f"{told} is not told: " + self.m.log("settle"))
            time.sleep(0.02)

    def wait_rows(self):
        self.wait("contracts", "SELECT count(*) FROM petahour.contract", str(self.contracts))

    def wait_signed(self, without=0):
        """Every batch here has one contract or more; each root but so many has a signature."""
        self.wait_rows()
        self.wait("signatures", "SELECT count(*) - (SELECT count(*) FROM petahour.root_signature) FROM"
                  " petahour.contract_root", str(without))

    def saved(self, number):
        """As the gateway gives it."""
        path, end = f"{self.m.run}/{number}-{time.monotonic_ns()}.json", time.monotonic() + PATIENCE
        while self.m.raw("contract", "save", str(number), "--out", path, key="buyer").returncode == 4:
            self.assertLess(time.monotonic(), end, "the notary signed nothing")
        with open(path, encoding="utf-8") as f:
            return json.load(f)

    def from_sql(self, number):
        return json.loads(self.pg.sql(
            "SELECT json_build_object('leaf_index', leaf_index, 'leaf_count', leaf_count, 'inclusion_proof',"
            f" encode(inclusion_proof, 'hex'), 'signed_root', signed_root) FROM petahour.contract_proof({number})",
            user="petahour_auditor"))  # fmt: skip

    def assert_same(self, *keys):
        """All contracts, from SQL and from the gateway."""
        keys = [bytes.fromhex(self.m.keys[name]["sign_public"]) for name in keys]
        for number in range(1, self.contracts + 1):
            saved = self.saved(number)
            saved.pop("countersignatures", None)
            made = {"canonical": saved["canonical"], **self.from_sql(number)}
            self.assertEqual(made, saved)
            self.assertEqual(verify_contract.verify(made, *keys)["contract"], number)
        self.assertEqual(self.pg.sql("SELECT * FROM petahour.reconcile"), "")
        self.assertNotIn("signature_refused", self.m.log("settle"))

    def countersign(self, *numbers):
        for number in numbers:
            for who in ("buyer", "supplier"):
                self.saved(number)
                self.m.cli("contract", "countersign", str(number), key=who)

    def test_what_sql_gives_is_a_saved_contract(self):
        m = self.m
        for _ in range(3):
            self.trade()
        self.countersign(1, 3)
        self.trade()
        self.wait_signed()
        self.assert_same("notary")
        # Countersignatures are items too: settlement counts them to go on where it was.
        m.kill("settle", signal.SIGTERM)
        self.trade()
        self.countersign(2, 5)
        self.trade()
        m.restart("settle")
        self.wait_signed()
        self.assert_same("notary")
        m.kill("settle")
        self.countersign(6)
        m.restart("settle")
        self.trade()
        self.wait_signed()
        # Another key from some batch on.
        m.keys["next"] = m.cli("keygen", "--name", "next", "--out", m.key("next"))
        m.restart("notary")
        m.cli("notary", "rotate", "--new", m.key("next"), "--present", m.key("notary"), key="operator")
        self.trade()
        self.wait_signed()
        self.assert_same("notary", "next")
        self.assertEqual(self.pg.sql("SELECT count(DISTINCT key) FROM petahour.root_signature"), "2")

    def test_a_notary_that_is_away_stops_nothing(self):
        m = self.m
        self.trade()
        self.wait_signed()
        m.kill("notary")
        self.trade()
        self.wait_signed(without=1)
        proof = self.from_sql(2)
        self.assertIsNone(proof.pop("signed_root"))
        m.restart("settle")
        self.trade()
        self.wait_signed(without=2)
        self.wait_log("event=notary_away")
        m.start("notary")
        self.wait_signed()
        self.wait_log("event=notary_back")
        self.assertEqual({**proof, "signed_root": self.saved(2)["signed_root"]}, self.from_sql(2))
        self.assert_same("notary")
        # One that does not follow it knows the same but for signatures, and goes on where it was.
        m.link = ""
        m.restart("settle")
        self.trade()
        self.saved(self.contracts)
        self.wait_signed(without=1)
        m.link = "engine"
        m.restart("settle")
        self.trade()
        self.wait_signed(without=2)
        self.wait_log("event=notary_wrong")
        self.assertIn(f'"{MARKET}/engine\\"', m.log("settle"))
        m.link = "notary"
        m.restart("settle")
        self.wait_signed()
        self.assert_same("notary")

    def doctored(self, table, change):
        self.pg.sql(f"ALTER TABLE petahour.{table} DISABLE TRIGGER ALL; UPDATE petahour.{table} SET {change}; ALTER"
                    f" TABLE petahour.{table} ENABLE ALWAYS TRIGGER append_only; ALTER TABLE petahour.{table} ENABLE"
                    " ALWAYS TRIGGER append_only_truncate")  # fmt: skip

    def compared(self):
        """Differences between journal and books, as an auditor finds them."""
        done = subprocess.run([AUDIT, "compare", "--database", self.pg.conninfo("petahour_auditor"), self.m.journal],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertIn(done.returncode, (0, 8), done.stderr)
        return [line.removeprefix("petahour-audit: ") for line in done.stderr.splitlines()]

    def refusals(self):
        return [line for line in self.m.log("settle").splitlines() if "event=signature_refused" in line]

    def test_what_does_not_hold_is_not_written(self):
        m, pg = self.m, self.pg
        self.trade()
        self.wait_signed()
        # Rows and no signatures; then a root, and the key, are other than what the notary signed.
        m.link = ""
        m.restart("settle")
        for _ in range(4):
            self.trade()
        self.saved(self.contracts)
        self.wait_signed(without=4)
        m.link = "notary"
        own, key = (pg.sql(f"SELECT {column} FROM petahour.{table} LIMIT 1") for column, table in (
            ("root", "contract_root WHERE first_contract = 3"), ("key", "notary_key")))
        for n, (table, wrong, right, missing, why) in enumerate((
            ("contract_root", "root = sha256('') WHERE first_contract = 3",
             f"root = '{own}' WHERE first_contract = 3", 1, "it states another root"),
            ("notary_key", "key = sha256('')", f"key = '{key}'", 1, "it is not signed by the key in force"),
        )):  # fmt: skip
            m.kill("settle", signal.SIGTERM)
            self.doctored(table, wrong)
            m.start("settle") if n else m.restart("settle")
            if n:
                self.trade()
            self.wait_signed(without=missing)
            self.wait_log("event=signature_refused", n + 1)
            self.assertIn("level=error", self.refusals()[n])
            self.assertIn(why, self.refusals()[n])
            self.doctored(table, right)
            m.restart("settle")
            self.wait_signed()
        self.assertEqual(len(self.refusals()), 2)
        self.assertEqual(pg.sql("SELECT * FROM petahour.reconcile"), "")
        # A signature that holds no more, under a root and a key that are right: who audits finds it.
        self.assertEqual(self.compared(), [])
        of = pg.sql("SELECT min(first_seq) FROM petahour.root_signature")
        kept = pg.sql(f"SELECT signature FROM petahour.root_signature WHERE first_seq = {of}")
        self.doctored("root_signature", f"signature = set_bit(signature, 77, 1 - get_bit(signature, 77)) WHERE"
                      f" first_seq = {of}")  # fmt: skip
        self.assertEqual(pg.sql("SELECT * FROM petahour.reconcile"), "")
        self.assertEqual(self.compared(), [f"the notary's signature under the root of the batch of record {of} does"
                                           " not hold in the database"])  # fmt: skip
        self.doctored("root_signature", f"signature = '{kept}' WHERE first_seq = {of}")
        self.assertEqual(self.compared(), [])
        # Nobody else than settlement, of this epoch, writes them; nothing changes them.
        sign = f"SELECT petahour.sign_roots('{MARKET}', 0, '{{1}}', '{{}}', '{{}}')"
        self.assertIn("was taken over", pg.sql(sign, user="petahour_settle", check=False))
        self.assertIn("permission denied", pg.sql(sign, user="petahour_auditor", check=False))
        self.assertIn("never changed", pg.sql("UPDATE petahour.root_signature SET key = sha256('')", check=False))

    def signed_with_the_key(self, text):
        """A note as the notary would write it, if it signed this text."""
        with open(self.m.key("notary"), encoding="ascii") as f:
            key = nacl.signing.SigningKey(bytes.fromhex(f.read().split("sign_seed = ")[1].split()[0]))
        key_id = verify_contract.sha256(MARKET.encode(), b"\n\x01", key.verify_key.encode())[:4]
        blob = base64.b64encode(key_id + key.sign(text.encode()).signature).decode()
        return f"{text}\n\u2014 {MARKET} {blob}\n"

    def test_a_false_notary_is_not_believed(self):
        """It offers, in place of what the notary signed: a false signature; another root, with the notary's own key;
        a batch that there is not; what nobody can read. What is true beside it is written."""
        m = self.m
        m.link = ""
        m.restart("settle")
        for _ in range(5):
            self.trade()
        self.saved(self.contracts)
        self.wait_signed(without=5)
        m.kill("notary", signal.SIGTERM)
        items, origin = spooled(f"{m.run}/notary.spool")
        places = [n for n, payload in enumerate(items) if CONTRACT.unpack_from(payload)[0] != 0]
        self.assertGreater(len(items), len(places), "nothing is countersigned")
        first, second, third, fourth, _ = (items[n] for n in places)
        self.assertEqual(with_note(first, note_of(first)), first)
        note = note_of(second)
        text = note_of(third).partition("\n\n")[0] + "\n"
        self.assertEqual(self.signed_with_the_key(text), note_of(third))
        another = "\n".join([*text.split("\n")[:2], base64.b64encode(bytes(32)).decode(), ""])
        m.link = "false"
        for n, wrong, told in (
            (1, with_note(second, note[:-20] + ("A" if note[-20] != "A" else "B") + note[-19:]), "the signature is false"),
            (2, with_note(third, self.signed_with_the_key(another)), "it states another root"),
            (3, with_note(fourth, note_of(fourth), first_seq=1), "no contracts were concluded in a batch"),
            (4, b"\1" * 100, "event=notary_wrong"),
        ):  # fmt: skip
            self.assertNotIn(told, m.log("settle"))
            notary = FalseNotary(f"ipc://{m.run}/false.sock", origin, [*items[: places[n]], wrong])
            try:
                m.restart("settle")
                self.wait_log(told)
                self.wait_signed(without=5 - n)
            finally:
                notary.close()
        m.link = "notary"
        m.start("notary")
        m.restart("settle")
        self.wait_signed()
        self.assertEqual(len(self.refusals()), 3)

    def test_another_settlement_took_over(self):
        m = self.m
        self.trade()
        self.wait_signed()
        m.kill("notary", signal.SIGTERM)
        self.trade()
        self.wait_signed(without=1)
        self.pg.sql(f"SELECT petahour.take_position('{MARKET}')")
        m.start("notary")
        self.assertEqual(m.processes.pop("settle").wait(PATIENCE), TAKEN_OVER)
        self.assertIn("event=taken_over", m.log("settle"))
        self.wait_signed(without=1)
        m.start("settle")
        self.wait_signed()
        self.assert_same("notary")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[8:]], verbosity=2)
