#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The notary and the auditor as processes, on a journal that a writer holds as an engine does.

usage: test_notary.py WRITE_JOURNAL FETCH_CONTRACTS PETAHOUR_NOTARY PETAHOUR_AUDIT PETAHOUR
                      PETAHOUR_SETTLE
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import unittest

import private_postgres
import verify_contract
from notary_market import MARKET, PATIENCE, Market, read, stop, write_key

*PROGRAMS, PETAHOUR, SETTLE = sys.argv[1:7]


class Notary(unittest.TestCase):
    def setUp(self):
        self.m = Market(PROGRAMS, 10)
        self.addCleanup(self.m.close)

    def test_contracts_verify_without_our_code(self):
        notary = self.m.start_notary()
        files = self.m.fetch(1, self.m.contracts)
        self.assertGreater(len(files), 20)
        for n, path in enumerate(files, 1):
            with open(path, encoding="utf-8") as f:
                saved = json.load(f)
            contract = verify_contract.verify(saved, bytes.fromhex(self.m.key))
            self.assertEqual(contract["contract"], n)
        self.assertEqual(stop(notary), 0)

    def test_contracts_arrive_while_trading_goes_on(self):
        self.m.start_notary()
        before = self.m.contracts
        self.m.write_rounds(20)
        self.assertGreater(self.m.contracts, before + 40)
        for path in self.m.fetch(before + 1, self.m.contracts):
            with open(path, encoding="utf-8") as f:
                verify_contract.verify(json.load(f), bytes.fromhex(self.m.key))

    def test_a_killed_notary_gives_the_same_bytes(self):
        notary = self.m.start_notary()
        notary.kill()
        notary.wait()
        self.m.write_rounds(3)
        notary = self.m.start_notary()
        first = [read(path) for path in self.m.fetch(1, self.m.contracts)]
        notary.kill()
        notary.wait()
        os.unlink(f"{self.m.run}/notary.spool")
        self.m.start_notary()
        again = [read(path) for path in self.m.fetch(1, self.m.contracts)]
        self.assertEqual(first, again)

    def test_a_notary_waits_for_its_market(self):
        late = f"{self.m.run}/late"
        self.m.journal, now = late, self.m.journal
        self.m.configure()
        notary = subprocess.Popen([PROGRAMS[2], "--config", f"{self.m.run}/petahour.ini"], stderr=subprocess.PIPE)
        self.m.notaries.append(notary)
        self.assertIn(b"event=start", notary.stderr.readline())
        self.assertIn(b"waiting for a journal", notary.stderr.readline())
        self.m.close_journal()
        os.rename(now, late)
        self.m.fetch(1, self.m.contracts)
        self.assertEqual(stop(notary), 0)

    def test_the_wrong_key_signs_nothing(self):
        write_key(f"{self.m.run}/other.key", b"\6" * 32)
        self.m.configure(key_file="other.key")
        self.assertIn("is not the notary key that its journal states", self.m.refused_notary())

    def test_the_wrong_market_is_refused(self):
        self.m.configure(market="other.example")
        self.assertIn('it is of market \\"market.example\\"', self.m.refused_notary())

    def test_a_name_that_cannot_be_signed_is_refused(self):
        self.m.configure(market="market example")
        self.assertIn("must be printable ASCII", self.m.refused_notary())

    def test_a_key_that_others_can_read_is_refused(self):
        os.chmod(f"{self.m.run}/notary.key", 0o644)
        self.assertIn("notary.key", self.m.refused_notary())

    def test_two_notaries_do_not_share_a_spool(self):
        self.m.start_notary()
        self.assertIn("notary.spool", self.m.refused_notary())


class Audit(unittest.TestCase):
    """One market for all: nothing here changes it but copies."""

    @classmethod
    def setUpClass(cls):
        cls.m = Market(PROGRAMS, 10)
        cls.addClassCleanup(cls.m.close)
        notary = cls.m.start_notary()
        cls.files = cls.m.fetch(1, cls.m.contracts)
        assert stop(notary) == 0
        cls.m.close_journal()

    def test_a_folder_of_contracts(self):
        folder = f"{self.m.run}/some"
        os.mkdir(folder)
        verify = ("verify", self.m.journal, "--contracts", folder)
        self.check(4, "there is no saved contract", *verify)
        for path in self.files[:6]:
            shutil.copy(path, folder)
        self.check(0, "contracts 6, countersignatures 0\n", *verify)
        self.assertEqual(json.loads(self.check(0, "", "verify", "--json", *verify[1:]).stdout)["saved_contracts"], 6)
        self.check(8, "does not prove itself", *verify, "--key", "00" * 32)
        with open(f"{folder}/3.json", "w", encoding="utf-8") as f:
            json.dump({**self.copy_of(self.files[2]), "leaf_index": 77}, f)
        with open(f"{folder}/5.json", "w", encoding="utf-8") as f:
            f.write("{}")
        ended = self.check(8, '3.json": the contract does not prove itself', *verify)
        self.assertIn("5.json", ended.stderr)
        self.assertEqual(ended.stderr.count("petahour-audit: "), 2)
        self.check(4, "could not read", "verify", self.m.journal, "--contracts", f"{folder}/none")

    def check(self, status, said, *args):
        ended = self.m.audit(*args)
        self.assertEqual(ended.returncode, status, ended)
        self.assertIn(said, ended.stdout + ended.stderr)
        return ended

    def copy_of(self, path):
        with open(path, encoding="utf-8") as f:
            return json.load(f)

    def doctored(self, **changes):
        saved = self.copy_of(self.files[4])
        saved.update(changes)
        path = f"{self.m.run}/doctored.json"
        with open(path, "w", encoding="utf-8") as f:
            json.dump(saved, f)
        return path

    def test_verify(self):
        self.check(0, "every byte is what was written", "verify", self.m.journal)
        j = json.loads(self.check(0, "genesis", "verify", "--json", self.m.journal).stdout)
        self.assertEqual(j["market"], MARKET)
        self.assertEqual(j["batches"], 11)

    def test_replay(self):
        self.check(0, "equal: every result", "replay", self.m.journal)
        j = json.loads(self.check(0, "{", "replay", "--json", self.m.journal).stdout)
        self.assertTrue(j["equal"])
        self.assertEqual(j["contracts"], self.m.contracts)
        self.assertEqual(j["events"]["TRADE"], self.m.contracts)
        self.assertEqual(j["balance_sum"], "0.000000")
        self.assertEqual(j["below_zero"], 0)

    def test_journal(self):
        lines = self.check(0, "segment", "journal", self.m.journal).stdout.splitlines()
        self.assertEqual(len(lines), 11 + 3)  # the head, the segment, its end
        self.assertIn("version 1, market market.example, from record 1, after nothing", lines[1])
        self.assertTrue(lines[-1].startswith("end ") and lines[-1].endswith("zeros behind it"), lines[-1])
        out = self.check(0, "", "journal", "--records", "--json", "--from=1", "--to=3", self.m.journal)
        lines = [json.loads(line) for line in out.stdout.splitlines()]
        self.assertEqual([line["line"] for line in lines], ["segment", *["record"] * 3])
        records = lines[1:]
        self.assertEqual([r["seq"] for r in records], [1, 2, 3])
        self.assertEqual(records[0]["command"], "OPEN_MARKET")

    def test_contract_of_the_journal(self):
        self.check(0, "AI.H100-SXM5-80G.ulanqab-1", "contract", self.m.journal, "--id=5")
        self.check(4, "has no contract 1000", "contract", self.m.journal, "--id=1000")

    def test_saved_contracts(self):
        for path in self.files:
            self.check(0, "the journal gives the same bytes", "contract", self.m.journal, path)
        self.check(0, "the key that was given", "contract", "--key", self.m.key, self.files[0])

    def test_customers_verify_the_same_contracts(self):
        """The customer's library knows the specification only, and comes to the same answers."""
        verify = [PETAHOUR, "contract", "verify", "--notary-key", self.m.key]
        for path in self.files:
            subprocess.run([*verify, path], check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        good = self.copy_of(self.files[4])
        for changes in (
            {"canonical": "00" + good["canonical"][2:]},
            {"leaf_index": (good["leaf_index"] + 1) % good["leaf_count"]},
            {"leaf_count": good["leaf_count"] + 1},
            {"signed_root": good["signed_root"].replace("contracts/", "contracts/1")},
            {"inclusion_proof": good["inclusion_proof"][64:]},
        ):
            ended = subprocess.run([*verify, self.doctored(**changes)], capture_output=True, check=False)
            self.assertEqual(ended.returncode, 8, (changes, ended))

    def test_contracts_that_do_not_hold(self):
        good = self.copy_of(self.files[4])
        canonical = bytearray.fromhex(good["canonical"])
        canonical[284] ^= 1  # the name of the buyer
        key = "ab" * 32
        self.check(8, "has no signature of this key", "contract", "--key", key, self.files[4])
        path = self.doctored(canonical=good["canonical"][:-2])
        self.check(8, "holds no contract", "contract", self.m.journal, path)
        path = self.doctored(canonical=canonical.hex())
        self.check(8, "not those that the journal gives", "contract", self.m.journal, path)
        self.check(8, "does not lead to the signed root", "contract", "--key", self.m.key, path)
        path = self.doctored(leaf_index=(good["leaf_index"] + 1) % good["leaf_count"])
        self.check(8, "does not lead to the signed root", "contract", self.m.journal, path)
        path = self.doctored(signed_root=good["signed_root"].replace("contracts/", "contracts/1"))
        self.check(8, "does not hold", "contract", self.m.journal, path)
        self.check(8, "not a saved contract", "contract", self.m.journal, self.doctored(more=1))
        self.check(4, "No such file", "contract", self.m.journal, f"{self.m.run}/none.json")

    def test_a_changed_byte_is_found(self):
        bad = f"{self.m.run}/bad"
        os.mkdir(bad)
        for path in glob.glob(f"{self.m.journal}/*.phj"):
            data = bytearray(read(path))
            at = data.index(b"Studio")
            data[at] ^= 0x20
            with open(f"{bad}/{os.path.basename(path)}", "wb") as f:
                f.write(data)
        for command in ("verify", "replay", "journal"):
            self.check(8, "offset", command, bad)
        self.check(8, "offset", "contract", bad, self.files[0])

    def test_compare(self):
        with private_postgres.Cluster() as pg:
            admin = pg.conninfo()
            self.m.database = pg.conninfo("petahour_settle")
            self.m.configure()
            compare = ("compare", self.m.journal, "--database", admin)
            settle = [SETTLE, "--config", f"{self.m.run}/petahour.ini"]
            quiet = {"check": True, "capture_output": True, "timeout": PATIENCE}
            subprocess.run([*settle, "--migrate", admin], **quiet)
            self.check(8, "different: 2 of 2 facts", *compare)
            subprocess.run([*settle, "--once"], **quiet)
            self.check(0, "equal", *compare)
            self.proofs_are_in_the_books(pg)
            pg.sql("UPDATE petahour.account SET balance = balance + 1 WHERE kind = 2 AND id = 4")
            self.check(8, "different", *compare)
        self.check(1, "", *compare)

    def proofs_are_in_the_books(self, pg):
        """Of a saved contract all but the canonical bytes and what is signed, byte for byte."""
        counts = set()
        for n, path in enumerate(self.files, 1):
            saved = self.copy_of(path)
            row = pg.sql(f"SELECT encode(inclusion_proof, 'hex'), leaf_index, leaf_count, root_text FROM"
                         f" petahour.contract_proof({n})").split("|", 3)
            text = saved["signed_root"].partition("\n\n")[0]
            self.assertEqual(row, [saved["inclusion_proof"], str(saved["leaf_index"]), str(saved["leaf_count"]), text])
            counts.add(saved["leaf_count"])
        self.assertGreater(len(counts), 1)

    def test_usage(self):
        for args in (
            (),
            ("replya", "x"),
            ("verify",),
            ("verify", "a", "b"),
            ("verify", "--id=1", "x"),
            ("contract", "x"),
            ("contract", "--id=0", "x"),
            ("contract", "--id=-1", "x"),
            ("contract", "--id=1x", "x"),
            ("contract", "--id=99999999999999999999", "x"),
            ("contract", "--key=xyz", "x"),
            ("journal", "--from=3", "--to=2", "x"),
        ):
            self.assertEqual(self.m.audit(*args).returncode, 2, args)
        self.assertEqual(self.m.audit("--help").returncode, 0)
        self.assertEqual(self.m.audit("replay", "--help").returncode, 0)

    def test_no_journal_is_said(self):
        for command in ("verify", "replay", "journal"):
            self.check(4, "none", command, f"{self.m.run}/none")

    def test_full_output_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            ended = subprocess.run([PROGRAMS[3], "verify", self.m.journal], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b"could not write to standard output", ended.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[7:])
