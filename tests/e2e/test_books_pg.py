#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The books of a market that delivers, disputes and sells on: every record has its rows, every law
finds what breaks it, and everybody sees what is theirs.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import base64
import json
import pathlib
import re
import subprocess
import urllib.request

import resold_market
from doctored_books import DOCTORED
from settle_rig import MAKE_JOURNAL, PATIENCE_S, SettleCase, main, wait_until
from verify_contract import fold

SIGN_JOURNAL = pathlib.Path(MAKE_JOURNAL).parent / "sign_journal"
JOURNAL_OF = pathlib.Path(MAKE_JOURNAL).parent / "journal_of"
AUDIT = pathlib.Path(MAKE_JOURNAL).parents[2] / "clients/audit/petahour-audit"

PER_HOUR = 100  # records: contract-periods end, are reported and final while the test journal runs
RECORDS = 5000

# Tries to delete, to change and to truncate every table and every partition; nothing stays of what succeeds.
TRY_CHANGES = """
CREATE TEMPORARY TABLE tried (name text, verb text, statement text, is_refused boolean);
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT c.relname, v.verb, format(v.statement, c.oid::regclass, (
                          SELECT string_agg(format('%I = %I', attname, attname), ', ') FROM pg_attribute
                           WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped)) AS statement
                 FROM pg_class c, LATERAL (VALUES ('DELETE', 'DELETE FROM %s'), ('UPDATE', 'UPDATE %s SET %s'),
                                                  ('TRUNCATE', 'TRUNCATE %s CASCADE')) v (verb, statement)
                WHERE c.relnamespace = 'petahour'::regnamespace AND c.relkind IN ('r', 'p')
                  AND c.relname <> 'member'
                  AND (v.verb = 'TRUNCATE' OR (xpath('/table/row/c/text()', query_to_xml(
                       format('SELECT count(*) AS c FROM %s', c.oid::regclass), true, false, ''))
                      )[1]::text::bigint > 0) LOOP
        BEGIN
            EXECUTE one.statement;
            RAISE EXCEPTION USING ERRCODE = 'P0004';
        EXCEPTION WHEN insufficient_privilege THEN
            INSERT INTO tried VALUES (one.relname, one.verb, one.statement, true);
        WHEN assert_failure THEN    -- it was not refused: undone, but told
            INSERT INTO tried VALUES (one.relname, one.verb, one.statement, false);
        END;
    END LOOP;
END $$;"""

# Tables of which something may change, and that may therefore be set to what they are; what else is tried with
# these has tests of its own.
CHANGES = {"backfill", "contract", "participant", "partitioned", "payment_sum", "position", "price_sum", "product",
           "summed"}


class Books(SettleCase):
    def settle_life(self, seed=1, records=RECORDS):
        self.make(records, seed=seed, per_hour=PER_HOUR)
        self.settle("--once")

    def count(self, what):
        return int(self.pg.sql(f"SELECT count(*) FROM petahour.{what}"))

    # ---- rows ------------------------------------------------------------------------------

    def test_everything_has_rows_and_they_are_the_journals(self):
        for seed in (1, 2):
            with self.subTest(seed=seed):
                self.tearDown()
                self.setUp()
                self.settle_life(seed)
                self.assert_equal_to_journal()
                for table in ("rules", "participant_state", "terms", "product_state",
                              "product_phase", "reference_price", "gate", "capacity_withdrawal",
                              "capacity_attestation", "site_measurement", "probe",
                              "order_replacement", "order_period_lost", "order_clip", "access",
                              "confirmation", "day", "key_life WHERE revoked_seq IS NOT NULL",
                              "key_change WHERE use = 3 AND is_added",
                              "key_change WHERE use = 3 AND NOT is_added",
                              "delivery_report_history WHERE replaced_by IS NOT NULL",
                              "delivery_report_history WHERE NOT holds",
                              "statement_signature WHERE kind = 'ATTEST_CAPACITY'",
                              "statement_signature WHERE kind = 'REPORT_PROBE'",
                              "contract WHERE from_contract IS NOT NULL",
                              "order_history WHERE reason = 'TERMS_CHANGED'",
                              "transfer WHERE reason = 15", "transfer WHERE reason = 21"):
                    self.assertGreater(self.count(table), 0, table)
                self.assertEqual(self.pg.sql("SELECT count(DISTINCT cause), count(DISTINCT step)"
                                             " FROM petahour.delivery_final, petahour.delivery_step"
                                             " LIMIT 1"), "5|4")

    def test_pieces_are_the_whole(self):
        for records in (37, 1000, 1003, 2500, 3000):
            self.make(records, per_hour=PER_HOUR, batch=17)
            self.settle("--once")
        self.assert_equal_to_journal()

    # ---- what is signed --------------------------------------------------------------------

    def test_what_is_signed_is_judged(self):
        self.configure("settle.test", f"snapshots = {self.folder}/own\n")
        maker = subprocess.Popen([SIGN_JOURNAL, self.journal], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        self.started.append(maker)
        for step in range(3):
            contracts, holding, wrong, keys, keys_wrong, said, said_wrong = maker.stdout.readline().split()
            log = self.settle("--once")
            # From the second step on, the leaf of what is signed comes from its row.
            self.assertEqual("began with" in log, step > 0)
            self.assertEqual(self.pg.sql(
                "SELECT count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds)"
                " FROM petahour.contract_countersignature"), f"{holding}|{wrong}")
            self.assertEqual(self.pg.sql(
                "SELECT count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds)"
                " FROM petahour.notary_key"), f"{keys}|{keys_wrong}")
            self.assertEqual(self.pg.sql(
                "SELECT kind, count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds)"
                " FROM petahour.statement_signature GROUP BY kind"), f"MEASURE_SITE|{said}|{said_wrong}")
            self.assertEqual(self.pg.sql("SELECT count(*), count(leaf) FROM petahour.contract"),
                             f"{contracts}|{contracts}")
            self.assert_equal_to_journal()
            if step < 2:
                maker.stdin.write("\n")
                maker.stdin.flush()
        self.assertEqual(self.pg.sql("SELECT buyer_signed, supplier_signed, seller_signed FROM"
                                     " petahour.contract_signed WHERE id <= 3 ORDER BY id"),
                         "f|t|t\nt|t|t\nf|t|t")
        self.assertEqual(self.pg.sql("SELECT is_endorsed, proof IS NULL, from_seq - seq FROM"
                                     " petahour.notary_key ORDER BY seq"),
                         "t|t|0\nt|f|1\nf|f|\nf|f|1")
        for change, law in (("UPDATE petahour.contract_countersignature SET holds = NOT holds"
                             " WHERE contract = 3", "rows of petahour.contract_countersignature"),
                            ("UPDATE petahour.statement_signature SET holds = NOT holds",
                             "rows of petahour.statement_signature"),
                            ("UPDATE petahour.notary_key SET is_endorsed = false",
                             "rows of petahour.notary_key")):
            self.refused(change, "never changed")
            self.pg.sql(f"ALTER TABLE {law[8:]} DISABLE TRIGGER ALL; {change}")
            self.assertTrue([line for line in self.differences() if line.startswith(law)])

    # ---- proofs ----------------------------------------------------------------------------

    def proofs(self, user, where="true"):
        """What contract_proof says of each contract that the user sees, by its number."""
        rows = self.pg.sql(
            "SELECT c.id, leaf, leaf_index, leaf_count, inclusion_proof, root, replace(root_text, E'\\n', '~')"
            f" FROM petahour.contract c, petahour.contract_proof(c.id) WHERE {where} ORDER BY c.id", user=user)
        return {int(row[0]): row[1:] for row in (line.split("|") for line in rows.splitlines())}

    def assert_proven(self, proofs):
        for contract, (leaf, index, count, proof, root, text) in proofs.items():
            leaf, proof, root = (bytes.fromhex(hexadecimal[2:]) for hexadecimal in (leaf, proof, root))
            hashes = [proof[i:i + 32] for i in range(0, len(proof), 32)]
            self.assertEqual(fold(leaf, int(index), int(count), hashes), root, contract)
            self.assertRegex(text, rf"^settle\.test/contracts/\d+~{count}~")
            self.assertEqual(text.split("~")[2:], [base64.b64encode(root).decode(), ""])

    def test_contracts_are_proven(self):
        """In batches of all sizes, to auditors and to the parties."""
        for records, batch in ((600, 1), (1200, 7), (2600, 100), (RECORDS, 2000)):
            self.make(records, per_hour=PER_HOUR, batch=batch)
        self.settle("--once")
        self.member("member_six", 6)
        self.member("member_two", 2)
        proofs = self.proofs("petahour_auditor")
        self.assertEqual(len(proofs), self.count("contract"))
        self.assert_proven(proofs)
        counts = {int(proof[2]) for proof in proofs.values()}
        self.assertTrue({1, 2, 3} < counts and max(counts) > 300, counts)
        for user, who in (("member_six", 6), ("member_two", 2)):
            own = self.proofs(user)
            self.assertEqual(own, {contract: proofs[contract] for contract in own})
            self.assertEqual(len(own), self.count(f"contract WHERE {who} IN (buyer, supplier) OR"
                                                  f" (from_contract IS NOT NULL AND seller = {who})"))
            # What it is not to see it gets no proof of, whatever it asks.
            self.assertEqual(len(own), int(self.pg.sql(
                f"SELECT count(*) FROM generate_series(-1, {len(proofs) + 1}) i,"
                " petahour.contract_proof(i)", user=user)))
        for user in ("petahour_auditor", "member_six"):
            for nothing in ("0", "NULL", "9223372036854775807"):
                self.assertEqual(self.pg.sql(f"SELECT * FROM petahour.contract_proof({nothing})", user=user), "")
            self.refused("SELECT petahour.contract_proof(1, 2)", "does not exist", user=user)
        self.refused("SELECT petahour.merkle_path('', 0)", "permission denied", user="member_six")
        self.refused("SELECT petahour.contract_proof(1)", "permission denied", user="petahour_settle")
        self.pg.sql("DELETE FROM petahour.member WHERE participant = 2")
        self.refused("SELECT petahour.contract_proof(1)", "is not entered", user="member_two")

    def test_a_proof_that_does_not_hold_is_not_given(self):
        self.settle_life(records=1000)
        for of in ("leaf_count > 2", "leaf_count = 1"):
            batch = f"(SELECT first_contract FROM petahour.contract_root WHERE {of} LIMIT 1)"
            contract = self.pg.sql(f"SELECT {batch}")
            last = f"{batch} + (SELECT leaf_count - 1 FROM petahour.contract_root WHERE first_contract = {batch})"
            for change in (f"contract SET leaf = decode(repeat('01', 32), 'hex') WHERE id = {last}",
                           f"contract SET leaf = NULL WHERE id = {last}",
                           f"contract_root SET root = sha256('') WHERE first_contract = {batch}",
                           f"contract_root SET leaf_count = leaf_count + 1 WHERE first_contract = {batch}"):
                self.refused("BEGIN; SET session_replication_role = replica; ALTER TABLE petahour.contract DISABLE"
                             " TRIGGER ALL; ALTER TABLE petahour.contract_root DISABLE TRIGGER ALL; UPDATE"
                             f" petahour.{change}; SELECT * FROM petahour.contract_proof({contract}); ROLLBACK",
                             f"the leaves of the batch of contract {contract} do not come to its root")

    # ---- laws ------------------------------------------------------------------------------

    def test_every_law_finds_what_breaks_it(self):
        self.pg.sql("UPDATE petahour.summed SET every = 1000")
        self.make(RECORDS - 500, per_hour=PER_HOUR)
        self.settle("--once")
        self.settle_life()  # the last 500 records are not added up
        laws = {view: self.pg.sql(f"SELECT pg_get_viewdef('petahour.{view}'::regclass)")
                for view in self.pg.sql("SELECT relname FROM pg_class WHERE relname LIKE"
                                        " 'reconcile\\_%' AND relkind = 'v'").splitlines()}
        finals = self.pg.sql("SELECT pg_get_viewdef('petahour.final_broken'::regclass)")
        laws = {view: text + finals if "final_broken" in text else text for view, text in laws.items()}
        found_by = set()
        for law, change in DOCTORED.items():
            with self.subTest(law=law):
                # The views that state it; else it is looked for in all.
                views = [view for view, text in laws.items() if law.replace("'", "''") in text] or laws
                found = self.pg.sql(
                    "BEGIN; SET session_replication_role = replica; SET jit = off;"
                    + "".join(f"ALTER TABLE petahour.{table} DISABLE TRIGGER ALL;" for table in (
                        "transfer", "segment", "contract", '"order"', "delivery_final",
                        "delivery_report", "resolution", "dispute", "capacity", "terms", "product",
                        "notary_key", "contract_root", "statement_signature", "capacity_attestation"))
                    + change + ";"
                    + " UNION ALL ".join(f"(SELECT '{view}', law, subject FROM petahour.{view})"
                                         for view in views) + "; ROLLBACK").splitlines()
                # The triggers that were disabled above are a finding too, each time.
                found = [line for line in found if "|triggers" not in line
                         or "delivery_final_p1" in line]
                self.assertTrue([line for line in found if law in line], found[:20])
                found_by.update(line.split("|")[0] for line in found)
        self.assertEqual(found_by, set(laws))
        self.assertEqual(self.differences(), [])

    def settle_scenario(self, lines):
        subprocess.run([JOURNAL_OF, self.journal, "50"], check=True, text=True,
                       input="".join(json.dumps(line) + "\n" for line in lines))
        self.configure("market.example")
        self.settle("--once")

    def test_chains_of_resales_keep_every_law(self):
        """Units at several prices that are sold on again and again, delivered in part, disputed."""
        self.settle_scenario(resold_market.scenario(AUDIT, 1, 50))
        self.assert_equal_to_journal()
        self.assertEqual(self.pg.sql("SELECT count(DISTINCT cause) FROM petahour.delivery_final"), "5")
        depth, lots, premiums = self.pg.sql(
            "SELECT max(cardinality(links)), max(lots), count(*) FILTER (WHERE premium > 0) FROM (SELECT"
            " contract, period, count(*) AS lots, max(links) AS links, max(premiums[1]) AS premium FROM"
            " petahour.contract_lot() GROUP BY contract, period) x").split("|")
        self.assertGreaterEqual(int(depth), 4)
        self.assertGreaterEqual(int(lots), 2)
        self.assertGreater(int(premiums), 20)
        reasons = self.pg.sql("SELECT count(DISTINCT reason) FROM petahour.transfer WHERE reason > 2")
        self.assertEqual(reasons, "22")
        self.who_sold_on_knows_what_is_delivered()

    def who_sold_on_knows_what_is_delivered(self):
        """But not to whom: of three, the first reseller of a unit may dispute what the third holds."""
        who, contract, by_others = self.pg.sql(
            "SELECT p.seller, c.id, max(s.by) FROM petahour.contract c JOIN petahour.contract p ON"
            " p.id = c.from_contract AND p.from_contract IS NOT NULL JOIN petahour.delivery_step s ON"
            " s.contract = c.id AND s.step = 3 JOIN petahour.delivery_report r ON r.contract = c.id"
            " JOIN petahour.delivery_final f ON f.contract = c.id WHERE p.seller NOT IN (c.buyer,"
            " c.seller, c.supplier, s.by) GROUP BY p.seller, c.id ORDER BY c.id LIMIT 1").split("|")
        self.member("member_first", int(who))
        for table in ("delivery_report", "delivery_final"):
            where = f"FROM petahour.{table} WHERE contract = {contract}"
            self.assertEqual(self.pg.sql(f"SELECT count(*) {where}", user="member_first"),
                             self.pg.sql(f"SELECT count(*) {where}"), table)
        for hidden in (f"petahour.contract WHERE id = {contract}",
                       f"petahour.dispute WHERE contract = {contract} AND claimant = {by_others}",
                       f"petahour.delivery_step WHERE contract = {contract} AND by = {by_others}",
                       f"petahour.my_delivery_steps({contract}) WHERE by = {by_others}"):
            self.assertEqual(self.pg.sql(f"SELECT count(*) FROM {hidden}", user="member_first"), "0", hidden)
        steps = f"SELECT seq, period, figure FROM petahour.my_delivery_steps({contract}) ORDER BY seq, period"
        self.assertEqual(self.pg.sql(steps, user="member_first"), self.pg.sql(
            f"SELECT seq, period, figure FROM petahour.delivery_step WHERE contract = {contract}"
            " ORDER BY seq, period"))
        self.assertEqual(self.pg.sql("SELECT count(*) FROM petahour.my_delivery_steps((SELECT max(id) FROM"
                                     f" petahour.contract WHERE from_contract IS NULL AND {who} NOT IN"
                                     " (buyer, supplier)))", user="member_first"), "0")

    def test_a_fee_that_is_left_at_a_resale_goes_back(self):
        """Of four hours the first comes in part, and the others are sold on: with the last of them
        nothing of the contract is open any more, and some of the fee is left."""
        first = resold_market.BEGIN // 3600 + 2
        lines = resold_market.opening()

        def order(number, who, side, offset, periods, **fields):
            lines.append({"sender": who, "command": "NEW_ORDER", "client_order_id": number,
                          "product": 1, "side": side, "shape": "EACH", "first_period": first + offset,
                          "periods": periods, "quantity": 3, "price": 1000, "time_in_force": "GTC",
                          **fields})
        order(1, 2, "SELL", 0, 4)
        order(1, 3, "BUY", 0, 4)
        order(2, 3, "SELL", 1, 2, from_contract=1)
        order(1, 5, "BUY", 1, 2)
        at = (first + 1) * 3600 + 60
        lines += [{"at": at * 10**9, "sender": 2, "command": "REPORT_DELIVERY", "contract": 1,
                   "period": first, "delivered": 5000},
                  {"sender": 3, "command": "CONFIRM_DELIVERY", "contract": 1, "period": first}]
        order(3, 3, "SELL", 3, 1, from_contract=1)
        order(2, 5, "BUY", 3, 1)
        self.settle_scenario(lines)
        self.assertEqual(self.pg.sql("SELECT t.debit_id, c.id FROM petahour.transfer t JOIN"
                                     " petahour.contract c USING (seq) WHERE reason = 11"), "1|3")
        self.assert_equal_to_journal()

    def test_doctored_row_is_found_wherever_it_is(self):
        self.settle_life()
        doctored = {"delivery_report": "energy_wh = coalesce(energy_wh, 0) + 1",
                    "order_clip": "place = place + 1", "probe": "rtt_us = rtt_us + 1",
                    "reference_price": "price = price + 1",
                    "key_change": "key = decode(repeat('99', 32), 'hex')",
                    "access": "sealed = '\\x01'", "delivery_step": "due_ns = due_ns + 1",
                    "site_measurement": "green_grade = 6 - green_grade",
                    "contract_root": "root = decode(repeat('07', 32), 'hex')",
                    "day": "day = day + 1000"}
        for table, change in doctored.items():
            key = "first_seq" if table in ("day", "contract_root") else "seq"
            self.pg.sql(f"ALTER TABLE petahour.{table} DISABLE TRIGGER ALL; UPDATE petahour.{table}"
                        f" SET {change} WHERE {key} = (SELECT max({key}) FROM petahour.{table})")
        self.pg.sql("ALTER TABLE petahour.\"order\" DISABLE TRIGGER ALL;"
                    "UPDATE petahour.\"order\" SET cancelled = cancelled + 1 WHERE id ="
                    " (SELECT max(id) FROM petahour.\"order\" WHERE state = 3)")
        found = [line for line in self.differences() if "numbered" in line]
        self.assertEqual(len(found), len(doctored) + 1, found)
        for table in [*doctored, "ends of petahour.\"order\""]:
            self.assertEqual(len([line for line in found if table in line]), 1, (table, found))

    def test_the_use_of_a_key_is_compared(self):
        self.settle_life()
        self.pg.sql("ALTER TABLE petahour.key_change DISABLE TRIGGER ALL; UPDATE petahour.key_change SET use = 1"
                    " WHERE seq = (SELECT max(seq) FROM petahour.key_change WHERE use = 3)")
        self.assertEqual(len([line for line in self.differences() if "petahour.key_change" in line]), 1)

    def test_history_cannot_be_changed(self):
        self.pg.sql("UPDATE petahour.summed SET every = 1000")
        self.settle_life(records=3000)
        tables = self.pg.sql(
            "SELECT oid::regclass FROM pg_class WHERE relnamespace = 'petahour'::regnamespace"
            " AND relkind IN ('r', 'p') AND (relispartition OR has_table_privilege("
            "'petahour_settle', oid, 'INSERT'))").splitlines()
        self.assertGreater(len(tables), 50)
        for role in ("origin", "replica"):
            tried = self.pg.sql(f"SET session_replication_role = {role}; {TRY_CHANGES}"
                                " SELECT name, verb, is_refused FROM tried ORDER BY 1, 2").splitlines()
            done = [line for line in tried if not line.endswith("|t")]
            self.assertEqual({line.split("|")[0] for line in done if "|UPDATE|" in line}
                             - {"contract_p1"}, CHANGES)
            self.assertEqual([line for line in done if "|UPDATE|" not in line], [])
            self.assertGreater(len(tried), 170)
        for user in ("petahour_settle", "petahour_auditor"):
            self.assertEqual(self.pg.sql(
                "SELECT count(*) FROM pg_class WHERE relnamespace = 'petahour'::regnamespace AND"
                f" relkind IN ('r', 'p') AND has_table_privilege('{user}', oid, 'DELETE, TRUNCATE')"
                ), "0")
            self.refused("DELETE FROM petahour.dispute", "permission denied", user=user)
        self.refused("UPDATE petahour.participant SET name = 'x'", "only its state is changed")
        self.refused("UPDATE petahour.product SET tick = 1", "only its state is changed")
        self.refused("UPDATE petahour.partitioned SET key = 'number'", "only its width is changed")
        self.refused("UPDATE petahour.migration SET sha256 = '\\x00'", "appended and never changed")
        # A guard that is gone is told, of every table.
        tables = self.pg.sql("SELECT oid::regclass FROM pg_class WHERE relnamespace = 'petahour'::regnamespace"
                             " AND relkind IN ('r', 'p') AND relname <> 'member'").splitlines()
        for table in tables:
            found = self.pg.sql(f"BEGIN; ALTER TABLE {table} DISABLE TRIGGER ALL; SELECT law, subject FROM"
                                " petahour.reconcile_schema; ROLLBACK").splitlines()
            name = table.removeprefix("petahour.").strip('"')
            self.assertIn(f"triggers that fire always guard rows and table|{name}", found)

    # ---- partitions ------------------------------------------------------------------------

    def test_partitions_are_made_ahead(self):
        self.pg.sql("UPDATE petahour.partitioned SET width = 700")
        for records in (500, 1500, 3000):
            self.make(records, per_hour=PER_HOUR)
            self.settle("--once")
        self.assert_equal_to_journal()
        bounds = self.pg.sql(
            "SELECT count(*), max((regexp_match(pg_get_expr(c.relpartbound, c.oid),"
            " 'TO \\(''(\\d+)''\\)'))[1]::bigint) FROM pg_inherits i JOIN pg_class c ON"
            " c.oid = i.inhrelid WHERE i.inhparent = 'petahour.transfer'::regclass")
        partitions, end = (int(n) for n in bounds.split("|"))
        self.assertGreaterEqual(partitions, 6)
        self.assertGreaterEqual(end, 3000 + 700)

    def test_rows_without_a_partition_are_told(self):
        self.pg.sql("CREATE OR REPLACE FUNCTION petahour.partitions_ahead(last_record bigint,"
                    " last_order bigint, last_contract bigint) RETURNS TABLE (records bigint,"
                    " orders bigint, contracts bigint) LANGUAGE sql AS"
                    " 'SELECT 1::bigint, 1::bigint, 1::bigint'")
        self.make(500)
        self.settle("--once")
        found = self.pg.sql("SELECT law, subject FROM petahour.reconcile")
        self.assertIn("every row has a partition of its own|transfer", found)
        # Nothing is lost, and partitions can be made again after what DEFAULT took.
        self.assertEqual([d for d in self.differences() if "partition of its own" not in d], [])
        end = int(self.pg.sql("SELECT petahour.make_next_partition('transfer')"))
        self.assertGreater(end, 500)

    def test_settlement_does_not_wait_for_a_reader(self):
        self.pg.sql("UPDATE petahour.partitioned SET width = 100")
        self.make(500)
        self.settle("--once")
        with self.holding("LOCK TABLE petahour.transfer_default IN ACCESS SHARE MODE"):
            self.make(900)
            self.settle("--once")
            self.assertEqual(self.position(), 900)

    def test_a_lock_by_number_is_nothing_to_settlement(self):
        """Whoever may hold one keeps nobody from making partitions."""
        self.make(500)
        with self.holding("SELECT pg_advisory_xact_lock(7307199662470232)"):
            self.settle("--once")
        self.assert_equal_to_journal()

    def figure(self, port, name):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S) as answer:
            return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)[1])

    def test_a_member_that_reads_for_long_is_named(self):
        """Settlement goes on and says whom it waits for; how many rows are without a partition is a figure.
        When the reader has ended, partitions are made again."""
        self.pg.sql("UPDATE petahour.partitioned SET width = 200")
        self.make(500)
        self.settle("--once")
        self.member("member_six", 6)
        self.configure("settle.test", "monitor = 127.0.0.1:0\n")
        reader = self.pg.conninfo("member_six")
        with self.holding("SELECT count(*) FROM petahour.transfer", reader):
            settle = self.start_settle("--log-format", "json")
            self.make(1500)
            self.wait_for(1500)
            said = [json.loads(line) for line in self.log_of(settle).splitlines()]
            late = [line for line in said if line["event"] == "partition_late"]
            self.assertEqual(len(late), 1, said)
            self.assertEqual(late[0]["level"], "warning")
            self.assertRegex(late[0]["msg"], r'user member_six, program "psql"\), which has petahour\.\w+_default')
            port = [line for line in said if line["event"] == "watched"][0]["port"]
            strays = int(self.pg.sql("SELECT sum(found) FROM petahour.reconcile WHERE law ="
                                     " 'every row has a partition of its own'"))
            self.assertGreater(strays, 0)
            wait_until("the figure", lambda: self.figure(port, "petahour_settle_rows_without_partition") == strays)

        def is_made_after_more():
            records = self.position() + 50
            self.make(records)
            self.wait_for(records)
            return "partition_made" in self.log_of(settle)
        wait_until("partitions", is_made_after_more)
        self.end(settle)
        # The next start knows of them as well.
        settle = self.start_settle("--log-format", "json")
        wait_until("its port", lambda: "watched" in self.log_of(settle))
        port = re.search(r'"port":"?(\d+)', self.log_of(settle))[1]
        strays = int(self.pg.sql("SELECT sum(found) FROM petahour.reconcile WHERE law ="
                                 " 'every row has a partition of its own'"))
        wait_until("the figure", lambda: self.figure(port, "petahour_settle_rows_without_partition") == strays)
        self.end(settle)
        self.assertEqual([d for d in self.differences() if "partition of its own" not in d], [])

    # ---- who sees what ---------------------------------------------------------------------

    def test_members_see_their_own(self):
        self.settle_life()
        self.member("member_six", 6)
        self.member("member_two", 2)
        for table, who in (("order_replacement", "participant"), ("order_clip", "participant")):
            self.assertEqual(self.pg.sql(f"SELECT DISTINCT {who} FROM petahour.{table}",
                                         user="member_six"), "6", table)
        for table, who in (("delivery_step", "c.buyer = 6"), ("dispute", "c.buyer = 6"), ("access", "c.buyer = 6"),
                           ("confirmation", "c.buyer = 6 OR c.seller = 6")):
            own = self.pg.sql(f"SELECT count(*) FROM petahour.{table}", user="member_six")
            real = self.pg.sql(f"SELECT count(*) FROM petahour.{table} t JOIN petahour.contract c"
                               f" ON c.id = t.contract WHERE {who}")
            self.assertEqual(own, real, table)
            self.assertNotEqual(own, self.pg.sql(f"SELECT count(*) FROM petahour.{table}"), table)
        # What can be seen of escrow and bond adds up to their balances; of a resale too.
        for user in ("member_six", "member_two"):
            self.assertEqual(self.pg.sql(
                "SELECT count(*) > 100, count(*) FILTER (WHERE coalesce(e.amount, 0) <> balance) FROM"
                " petahour.account a LEFT JOIN (SELECT contract, kind, sum(amount) AS amount FROM"
                " petahour.contract_entry GROUP BY 1, 2) e ON e.contract = a.id AND e.kind = a.kind"
                " WHERE a.kind IN (3, 4)", user=user), "t|0")
        self.refused("SELECT * FROM petahour.transfer_p1", "permission denied", user="member_six")
        self.pg.sql("DELETE FROM petahour.member WHERE participant = 2")
        self.refused("SELECT * FROM petahour.delivery_final", "is not entered", user="member_two")

    def test_sums_are_of_all_rows(self):
        """Whatever settlement has added up, and when: an answer is the same as from the rows."""
        self.settle_life(records=300)
        self.member("member_six", 6)
        self.pg.sql("UPDATE petahour.summed SET every = 700")
        paid, prices, summed = set(), set(), set()
        day = "2015-08-01"
        for records in (600, 800, 2100, RECORDS):
            self.settle_life(records=records)
            summed.add(self.pg.sql("SELECT seq FROM petahour.summed"))
            got = self.pg.sql("SELECT month, reason, paid, received FROM petahour.my_payments_by_month"
                              " ORDER BY 1, 2", user="member_six")
            self.assertEqual(got, self.pg.sql(
                "SELECT month, reason, round(-sum(amount) FILTER (WHERE amount < 0) / 1000000.0, 6),"
                " round(sum(amount) FILTER (WHERE amount > 0) / 1000000.0, 6)"
                " FROM petahour.my_statement GROUP BY 1, 2 ORDER BY 1, 2", user="member_six"))
            paid.add(got)
            got = self.pg.sql(f"SELECT * FROM petahour.price_history(1, '{day}', 90)")
            self.assertEqual(got, self.pg.sql(
                "SELECT (petahour.at_time(c.at_ns) AT TIME ZONE 'UTC')::date, count(DISTINCT c.id),"
                " sum(s.quantity * s.periods), round(min(s.price) / 1000000.0, 6),"
                " round(max(s.price) / 1000000.0, 6), round(sum(s.price * s.quantity * s.periods)"
                " / sum(s.quantity * s.periods) / 1000000.0, 6) FROM petahour.contract c"
                " JOIN petahour.segment s ON s.contract = c.id WHERE c.product = 1"
                " GROUP BY 1 ORDER BY 1"))
            prices.add(got)
            self.assertEqual(self.pg.sql("SELECT * FROM petahour.reconcile"), "")
        self.assertEqual([len(s) for s in (paid, prices, summed)], [4, 4, 4])
        self.assertIn("0", summed)
        for change in ("UPDATE petahour.payment_sum SET paid = paid - 1",
                       "UPDATE petahour.price_sum SET low = low + 1",
                       "UPDATE petahour.summed SET seq = seq - 1", "DELETE FROM petahour.summed",
                       "DELETE FROM petahour.payment_sum", "TRUNCATE petahour.price_sum"):
            self.refused(change, "sums only grow")
        self.refused("UPDATE petahour.payment_sum SET paid = paid + 1", "permission denied",
                     user="petahour_settle")

    def test_a_database_with_rows_gets_sums(self):
        """In pieces, so that no transaction becomes long."""
        self.settle_life(records=3000)
        self.assertEqual(self.pg.sql("SELECT seq, every FROM petahour.summed"), "0|32768")
        self.pg.sql("UPDATE petahour.summed SET every = 100")
        self.make(3100, per_hour=PER_HOUR)
        self.settle("--once")
        self.assertEqual(self.pg.sql("SELECT seq FROM petahour.summed"), "800")
        self.assert_equal_to_journal()
        for records in (3200, 3300, 3400):
            self.settle_life(records=records)
        self.assertEqual(self.pg.sql("SELECT seq FROM petahour.summed"), "3200")
        self.assert_equal_to_journal()


if __name__ == "__main__":
    main()
