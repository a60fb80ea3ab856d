#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""petahour-settle against a real PostgreSQL: rows equal the journal whatever is killed, and nothing
that was written can be changed.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import fcntl
import os
import re
import shutil
import struct
import subprocess
import time

from settle_rig import COMPARE, PATIENCE_S, SCHEMA, USELESS, SettleCase, main, wait_until


class Settle(SettleCase):
    # ---- migrations ------------------------------------------------------------------------

    def test_migrations_apply_once(self):
        before = self.pg.sql("SELECT * FROM petahour.migration ORDER BY number")
        self.assertEqual(len(before.splitlines()), len(list(SCHEMA.glob("0*.sql"))))
        self.assertIn("0 migrations were applied", self.migrate())
        self.assertEqual(self.pg.sql("SELECT * FROM petahour.migration ORDER BY number"), before)

    def test_changed_migration_is_refused(self):
        copy = self.folder / "schema"
        shutil.copytree(SCHEMA, copy)
        with open(copy / "0002_market.sql", "a", encoding="utf-8") as file:
            file.write("-- changed\n")
        self.assertIn("was applied with other content", self.migrate("--schema", copy, code=1))
        self.make(100)
        self.assertIn("was applied with other content",
                      self.settle("--once", "--schema", copy, code=USELESS))

    def test_failing_migration_leaves_nothing(self):
        copy = self.folder / "schema"
        shutil.copytree(SCHEMA, copy)
        (copy / "0099_wrong.sql").write_text("CREATE TABLE petahour.half (a int); SELECT 1 / 0;",
                                             encoding="utf-8")
        self.assertIn("division by zero", self.migrate("--schema", copy, code=1))
        self.assertEqual(self.pg.sql("SELECT to_regclass('petahour.half')"), "")
        (copy / "0099_wrong.sql").write_text("SELECT 1", encoding="utf-8")
        self.migrate("--schema", copy)
        (copy / "0099_wrong.sql").unlink()
        (copy / "0100_later.sql").write_text("SELECT 1", encoding="utf-8")
        self.assertIn("whose file is missing", self.migrate("--schema", copy, code=1))

    def test_newer_database_is_refused(self):
        self.pg.sql("INSERT INTO petahour.migration VALUES (99, '0099_later.sql', '\\x00')")
        self.make(100)
        self.assertIn("older than the database", self.settle("--once", code=USELESS))

    def test_missing_schema_is_told(self):
        self.pg.sql("DROP SCHEMA petahour CASCADE")
        self.make(100)
        self.assertIn("run petahour-settle --migrate", self.settle("--once", code=1))

    # ---- rows ------------------------------------------------------------------------------

    def test_rows_equal_the_journal(self):
        self.make(5000)
        self.settle("--once")
        self.assertEqual(self.position(), 5000)
        self.assertGreater(int(self.pg.sql("SELECT count(*) FROM petahour.contract")), 500)
        self.assertEqual(self.pg.sql("SELECT name FROM petahour.participant WHERE id = 2"),
                         "Geschäft 2")
        self.assertEqual(self.pg.sql("SELECT max(reference) FROM petahour.capacity"),
                         str(2**64 - 8))
        self.assert_equal_to_journal()

    def test_second_run_changes_nothing(self):
        self.make(3000)
        self.settle("--once")
        rows = "SELECT count(*), sum(moves), sum(abs(balance)) FROM petahour.account"
        before = self.pg.sql(rows)
        self.settle("--once")
        self.assertEqual(self.pg.sql(rows), before)
        self.make(4000)
        self.settle("--once")
        self.assertEqual(self.position(), 4000)
        self.assert_equal_to_journal()

    def test_follows_while_the_market_trades(self):
        settle = self.start_settle()
        self.make(4000, batch=20, pause_ms=5).wait(PATIENCE_S)
        self.wait_for(4000)
        self.assertTrue((self.folder / "petahour.ready").exists())
        self.assertIn("rows up to record 4000", self.end(settle))
        self.assert_equal_to_journal()

    # ---- kills -----------------------------------------------------------------------------

    def test_killed_settle_doubles_nothing(self):
        maker = self.make(6000, batch=20, pause_ms=4)
        for kill_at in (300, 1500, 2800, 4100):
            settle = self.start_settle()
            self.wait_for(kill_at)
            settle.kill()
            settle.wait()
        maker.wait(PATIENCE_S)
        self.settle("--once")
        self.assertEqual(self.position(), 6000)
        self.assert_equal_to_journal()

    def test_postgres_away_and_back(self):
        settle = self.start_settle()
        maker = self.make(6000, batch=20, pause_ms=20)
        self.wait_for(500)
        self.pg.stop()
        self.pg.start()
        self.wait_for(min(self.position() + 500, 6000))
        self.pg.kill()
        self.pg.start()
        self.wait_for(min(self.position() + 500, 6000))
        self.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'petahour_settle'")
        maker.wait(PATIENCE_S)
        self.wait_for(6000)
        log = self.end(settle)
        self.assertLessEqual(log.count("trying again until it is back"), 3, log)
        self.assert_equal_to_journal()

    def test_starts_before_postgres(self):
        self.make(500)
        self.pg.stop()
        settle = self.start_settle()
        wait_until("the outage", lambda: "the database is away" in self.log_of(settle))
        self.assertIsNone(settle.poll())
        self.pg.start()
        self.wait_for(500)
        self.assertEqual(self.end(settle).count("the database is away"), 1)
        self.assert_equal_to_journal()

    def test_stop_while_postgres_is_away(self):
        self.make(500)
        self.pg.stop()
        settle = self.start_settle()
        wait_until("the outage", lambda: "the database is away" in self.log_of(settle))
        self.end(settle)

    # ---- fences ----------------------------------------------------------------------------

    def test_second_process_fences_the_first(self):
        self.make(500)
        first = self.start_settle()
        self.wait_for(500)
        second = self.start_settle()
        wait_until("the second epoch",
                   lambda: self.pg.sql("SELECT epoch FROM petahour.position") == "2")
        self.make(700)
        self.wait_for(700)
        self.assertEqual(first.wait(PATIENCE_S), USELESS)
        self.assertIn("another petahour-settle", first.stderr.read())
        self.end(second)
        self.assert_equal_to_journal()

    def test_other_journal_is_refused(self):
        self.make(500, seed=1)
        self.settle("--once")
        shutil.rmtree(self.journal)
        self.make(600, seed=2)
        self.assertIn("the chain hash there differs", self.settle("--once", code=USELESS))
        shutil.rmtree(self.journal)
        self.make(600, seed=1, batch=37)
        self.assertIn("no batch of the journal ends there", self.settle("--once", code=USELESS))
        shutil.rmtree(self.journal)
        self.make(450, seed=1)
        self.assertIn("ends at record 450", self.settle("--once", code=USELESS))
        self.assertEqual(self.position(), 500)

    def test_journal_whose_writer_starts_is_waited_for(self):
        """A writer that has not yet said how far its journal is durable hides all of it."""
        self.make(500)
        self.settle("--once")
        with open(self.journal / "LOCK", "r+b") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            lock.write(struct.pack("<QQ", 300, 2**64 - 1 - 300))
            lock.flush()
            settle = self.start_settle()
            time.sleep(1.5)
            self.assertIsNone(settle.poll())
        self.make(600)
        self.wait_for(600)
        self.end(settle)
        self.assert_equal_to_journal()

    def test_other_market_is_refused(self):
        self.make(200)
        self.configure("another.test")
        self.assertIn("the configuration says", self.settle("--once", code=USELESS))
        self.assertEqual(self.position(), 0)
        self.configure("settle.test")
        self.pg.sql("SELECT petahour.take_position('another.test')")
        self.assertIn("rows of another market", self.settle("--once", code=USELESS))

    # ---- laws ------------------------------------------------------------------------------

    def test_history_cannot_be_changed(self):
        self.make(2000)
        self.settle("--once")
        for table in ("transfer", "contract", "segment", "payment", "site", "market", "capacity"):
            for sql in (f"DELETE FROM petahour.{table}", f"TRUNCATE petahour.{table} CASCADE"):
                self.refused(sql, "never changed")
                self.refused("SET session_replication_role = replica; " + sql, "never changed")
                self.refused(sql, "permission denied", user="petahour_settle")
                self.refused(sql, "permission denied", user="petahour_auditor")
        self.refused("UPDATE petahour.transfer SET amount = amount + 1", "never changed")
        self.refused("UPDATE petahour.\"order\" SET price = 1 WHERE state = 1", "only its end")
        self.refused("UPDATE petahour.\"order\" SET state = 1, ended_seq = NULL WHERE state = 2",
                     "has ended")
        self.refused("DELETE FROM petahour.account", "accounts stay")
        self.refused("UPDATE petahour.position SET last_seq = 1", "only goes forward")
        self.refused("UPDATE petahour.account SET balance = -1 WHERE kind = 2", "never_negative")
        self.refused("INSERT INTO petahour.transfer VALUES (9999, 1, 2, 2, 3, 1, 2, 5)",
                     "reason_fits_accounts")
        self.refused("INSERT INTO petahour.transfer VALUES (9999, 1, 1, 2, 1, 0, 2, 0)", "amount")
        self.assert_equal_to_journal()

    def test_constraint_violation_stops(self):
        self.make(1000)
        self.settle("--once")
        # Money that the market does not know was taken away: the next debit goes below zero.
        self.pg.sql("UPDATE petahour.account SET balance = 0 WHERE kind = 2 AND id = 6")
        self.make(3000)
        log = self.settle("--once", code=USELESS)
        self.assertIn("never_negative", log)
        self.assertIn("nothing of them was written", log)
        self.assertEqual(self.position(), 1000)

    def test_doctored_rows_are_found(self):
        self.make(2000)
        self.settle("--once")
        self.pg.sql("UPDATE petahour.account SET balance = balance + 5 WHERE kind = 2 AND id = 3")
        found = "\n".join(self.differences())
        self.assertIn("account CASH 3 has", found)
        self.assertIn("all balances add up to zero", found)
        self.pg.sql("UPDATE petahour.account SET balance = balance - 5 WHERE kind = 2 AND id = 3")
        self.pg.sql("ALTER TABLE petahour.contract DISABLE TRIGGER ALL; UPDATE petahour.contract"
                    " SET notional = notional + 1 WHERE id = 7")
        found = "\n".join(self.differences())
        self.assertIn("contract 7 states", found)
        self.assertIn("the notional of a contract is what its segments come to", found)
        self.pg.sql("UPDATE petahour.contract SET notional = notional - 1 WHERE id = 7;"
                    "ALTER TABLE petahour.contract ENABLE TRIGGER ALL;"
                    "ALTER TABLE petahour.contract ENABLE ALWAYS TRIGGER gets_leaf;"
                    "ALTER TABLE petahour.position DISABLE TRIGGER ALL; UPDATE petahour.position"
                    " SET last_chain_hash = set_byte(last_chain_hash, 7, 1 + get_byte("
                    "last_chain_hash, 7) % 255)")
        found = [line for line in self.differences() if "a law of the database" not in line]
        self.assertEqual(len(found), 1, found)
        self.assertRegex(found[0], r"chain hash [0-9a-f]{64} at record 2000, the journal has")
        self.make(2100)
        self.assertIn("stands at record 2000, the journal at record 2100", self.differences()[0])

    def peak_of_compare(self):
        """KiB of memory. A sanitizer keeps what was freed, unless it is told not to."""
        frees = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=0:thread_local_quarantine_size_kb=0")))
        process = subprocess.Popen([COMPARE, self.journal, self.pg.conninfo("petahour_auditor")],
                                   stdout=subprocess.DEVNULL, env=os.environ | {"ASAN_OPTIONS": frees})
        _, ended, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(ended)
        self.assertIn(process.returncode, (0, 8))
        return usage.ru_maxrss

    def test_books_of_any_size_are_compared(self):
        """What is compared goes by: it is not gathered."""
        self.make(500)
        self.settle("--once")
        before = self.peak_of_compare()
        self.pg.sql("INSERT INTO petahour.account SELECT 3, 1000000 + n, 0, 0"
                    " FROM generate_series(1, 500000) n")
        self.assertLess(self.peak_of_compare() - before, 16 << 10, "KiB")

    def test_members_see_their_own_rows(self):
        self.make(2000)
        self.settle("--once")
        self.pg.sql("DROP ROLE IF EXISTS member_six; DROP ROLE IF EXISTS member_nobody;"
                    "CREATE ROLE member_six LOGIN IN ROLE petahour_member;"
                    "CREATE ROLE member_nobody LOGIN IN ROLE petahour_member;"
                    "INSERT INTO petahour.member VALUES ('member_six', 6)")
        own = self.pg.sql("SELECT count(*), min(buyer), max(buyer) FROM petahour.contract",
                          user="member_six")
        real = self.pg.sql("SELECT count(*), 6, 6 FROM petahour.contract WHERE buyer = 6")
        self.assertEqual(own, real)
        self.assertEqual(self.pg.sql("SELECT DISTINCT participant FROM petahour.\"order\"",
                                     user="member_six"), "6")
        self.assertEqual(self.pg.sql("SELECT id FROM petahour.account WHERE kind = 2",
                                     user="member_six"), "6")
        # Of its own cash, and of its own contracts: it sees no others.
        self.assertEqual(self.pg.sql("SELECT count(*) FROM petahour.transfer t WHERE NOT (6 IN (debit_id, credit_id))"
                                     " AND NOT EXISTS (SELECT FROM petahour.contract WHERE id IN (debit_id, credit_id))",
                                     user="member_six"), "0")
        self.refused("SELECT * FROM petahour.contract", "is not entered", user="member_nobody")
        self.refused("SELECT * FROM petahour.member", "permission denied", user="member_six")
        self.refused("SELECT curve_key FROM petahour.participant", "permission denied",
                     user="member_six")
        self.refused("UPDATE petahour.account SET balance = 0", "permission denied",
                     user="member_six")
        self.refused("SELECT petahour.advance('settle.test', 1, 1, 1, '', '')",
                     "permission denied", user="petahour_auditor")
        self.pg.sql("DELETE FROM petahour.member; DROP ROLE member_six, member_nobody")

    # ---- snapshots of its own ----------------------------------------------------------------

    def test_a_start_with_a_snapshot_writes_the_same_rows(self):
        own = self.folder / "own"
        self.configure("settle.test", f"snapshots = {own}\nsnapshot_every = 700\n")
        self.make(2000)
        said = self.settle("--once")
        self.assertNotIn("began with", said)
        self.assertIn("wrote a snapshot of record 2000", said)
        self.make(3000)
        said = self.settle("--once")
        self.assertIn("began with the snapshot of record 2000", said)
        self.assert_equal_to_journal()
        self.assertIn("began with the snapshot of record 3000", self.settle("--once"))
        # What is damaged is named, and the older one is used.
        newest = sorted(own.iterdir())[-1]
        whole = newest.read_bytes()
        newest.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
        said = self.settle("--once")
        self.assertIn(newest.name, said)
        self.assertIn("began with the snapshot of record 2000", said)
        # An empty database needs everything.
        self.pg.database = "postgres"
        self.pg.sql("DROP DATABASE petahour WITH (FORCE)")
        self.pg.sql("CREATE DATABASE petahour")
        self.pg.database = "petahour"
        self.migrate()
        self.assertNotIn("began with", self.settle("--once"))
        self.assert_equal_to_journal()

    def test_snapshots_of_a_market_whose_rows_wait_for_signatures(self):
        own = self.folder / "own"
        self.configure("settle.test", f"snapshots = {own}\nsnapshot_every = 300\n")
        settle = self.start_settle()
        for records in range(500, 3001, 500):
            maker = self.make(records, batch=20, pause_ms=1, per_hour=100)
            self.assertEqual(maker.wait(PATIENCE_S), 0)
            self.wait_for(records)
            # However the batches came: no 300 records are without one.
            wait_until(f"a snapshot of the last 300 of {records} records", lambda last=records: [
                at for at in re.findall(r"wrote a snapshot of record (\d+)", self.log_of(settle))
                if int(at) > last - 300])
        self.end(settle)
        self.assertGreater(int(self.pg.sql("SELECT count(*) FROM petahour.statement_signature")), 100)
        self.assertIn("began with the snapshot of record 3000", self.settle("--once"))
        self.make(4000, batch=20, per_hour=100)
        self.assertIn("began with the snapshot of record 3000", self.settle("--once"))
        self.assert_equal_to_journal()

    def test_another_journal_is_told_with_a_snapshot_too(self):
        self.configure("settle.test", f"snapshots = {self.folder}/own\n")
        self.make(1000)
        self.settle("--once")
        shutil.rmtree(self.journal)
        self.make(1000, seed=2)
        said = self.settle("--once", code=USELESS)
        self.assertIn("the journal has another chain hash at its record", said)
        self.assertIn("were not made from journal", said)


if __name__ == "__main__":
    main()
