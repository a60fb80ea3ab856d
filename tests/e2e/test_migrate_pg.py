#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Databases of earlier schemas: migrated with their rows, killed on the way, by two at once; and those
that are too old, which say what to do.

PETAHOUR_KILLS=1000, or any number above 20, tries all places and not a few.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile

import fill_books
from cut_proxy import CUT, CUT_AFTER, PASS, Proxy
from settle_rig import PATIENCE_S, SCHEMA, SETTLE, USELESS, SettleCase, main, wait_until

PER_HOUR = 100
RECORDS = 1500
IS_LONG = int(os.environ.get("PETAHOUR_KILLS", "20")) > 20
WITH_ROWS = "0013"  # from here on a database with rows is migrated
LATER = "0099_later.sql"  # alters tables that settlement writes, as 0021 does
LATER_SQL = """SET LOCAL ROLE petahour_owner;
SET LOCAL search_path = petahour;
ALTER TABLE transfer ADD COLUMN later text;
ALTER TABLE contract ADD CONSTRAINT later CHECK (id > 0) NOT VALID;
ALTER TABLE contract VALIDATE CONSTRAINT later;
ALTER TABLE "order" ADD COLUMN later text;
"""
KEY_USES_THEN = 2   # keys for reading came with a later migration


class Migrations(SettleCase):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.pg.folder)

    def tearDown(self):
        self.proxy.close()
        self.pg.database = "petahour"
        self.pg.sql("DROP DATABASE IF EXISTS old WITH (FORCE)")
        super().tearDown()

    # ---- databases of earlier schemas ------------------------------------------------------

    def schema_before(self, number):
        schema = pathlib.Path(tempfile.mkdtemp(prefix="schema-", dir=self.folder))
        for file in SCHEMA.glob("*.sql"):
            if file.name < number:
                shutil.copy(file, schema)
        return schema

    def old_database(self, before=WITH_ROWS):
        """A database `old` with the schema as it was before a migration, empty yet."""
        self.pg.database = "petahour"
        self.pg.sql("DROP DATABASE IF EXISTS old WITH (FORCE)")
        self.pg.sql("CREATE DATABASE old")
        self.pg.database = "old"
        self.migrate("--schema", self.schema_before(before))
        self.configure("settle.test")
        self.old_columns = self.pg.sql(
            "SELECT c.relname, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relnamespace = 'petahour'::regnamespace AND NOT c.relispartition"
            " AND c.relkind IN ('r', 'p') AND has_table_privilege('petahour_settle', c.oid, 'INSERT')"
            " AND NOT a.attisdropped GROUP BY c.relname").splitlines()

    def copy_rows(self):
        """Everything that the old schema has a place for, as a program of then wrote it."""
        new, old = (self.pg.conninfo().replace("dbname=old", f"dbname={name}")
                    for name in ("petahour", "old"))
        numbers = fill_books.psql(new, "SELECT (SELECT max(last_seq) FROM petahour.position),"
                                  ' (SELECT max(id) FROM petahour."order"),'
                                  " (SELECT max(id) FROM petahour.contract)").replace("|", ", ")
        fill_books.psql(old, f"SELECT petahour.partitions_ahead({numbers})")
        fill_books.psql(old, "SET session_replication_role = replica;"
                        "ALTER TABLE petahour.account DISABLE TRIGGER ALL;"
                        "DELETE FROM petahour.account;"
                        "ALTER TABLE petahour.account ENABLE ALWAYS TRIGGER stays;"
                        "ALTER TABLE petahour.account ENABLE ALWAYS TRIGGER stays_truncate")
        for line in self.old_columns:
            table, columns = line.split("|")
            out = subprocess.run(["psql", "-Xq", "-d", new, "-c",
                                  f'COPY (SELECT {columns} FROM petahour."{table}") TO STDOUT'],
                                 capture_output=True, check=True)
            subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", old, "-c",
                            "SET session_replication_role = replica", "-c",
                            f'COPY petahour."{table}" ({columns}) FROM STDIN'],
                           input=out.stdout, check=True)

    def old_rows(self, records=RECORDS):
        """The same with the rows of a market that delivered, migrated and not yet filled."""
        self.make(records, per_hour=PER_HOUR, key_uses=KEY_USES_THEN)
        self.settle("--once")
        self.old_database()
        self.copy_rows()
        self.migrate()

    def unfilled(self):
        """A database to begin from again and again."""
        self.pg.database = "petahour"
        self.pg.sql("DROP DATABASE IF EXISTS unfilled WITH (FORCE)")
        self.pg.sql("ALTER DATABASE old RENAME TO unfilled")
        self.addCleanup(self.pg.sql, "DROP DATABASE IF EXISTS unfilled WITH (FORCE)")

    def again(self):
        self.pg.database = "petahour"
        self.pg.sql("DROP DATABASE IF EXISTS old WITH (FORCE)")
        self.pg.sql("CREATE DATABASE old TEMPLATE unfilled")
        self.pg.database = "old"
        # What a template has not, being of the database and not in it.
        self.pg.sql("REVOKE TEMPORARY ON DATABASE old FROM PUBLIC")

    def assert_filled(self, records=RECORDS):
        self.assert_equal_to_journal()
        self.assertEqual(self.pg.sql("SELECT DISTINCT to_seq, done_seq FROM petahour.backfill"),
                         f"{records}|{records}")

    def test_database_with_rows_is_migrated(self):
        """What the old program wrote before the migration, and what it still wrote after it, gets
        what it lacks from the journal."""
        self.make(RECORDS, per_hour=PER_HOUR, key_uses=KEY_USES_THEN)
        self.settle("--once")
        for is_before in (True, False):
            with self.subTest(rows="before" if is_before else "after"):
                self.old_database()
                if is_before:
                    self.copy_rows()
                self.migrate()
                if not is_before:
                    self.copy_rows()
                self.assertIn("what a migration left to the journal is filled",
                              self.pg.sql("SELECT law FROM petahour.reconcile"))
                self.assertIn("from the journal", self.settle("--once"))
                self.assert_filled()
        self.make(RECORDS + 500, per_hour=PER_HOUR)
        self.assertNotIn("from the journal", self.settle("--once"))
        self.assert_equal_to_journal()

    # ---- killed on the way -----------------------------------------------------------------

    def through_proxy(self):
        self.config.write_text(self.config.read_text().replace(
            f"host={self.pg.folder}", f"host={self.proxy.folder}"))

    def kill_at(self, which, how, *arguments):
        """Whether the settlement reached its message number `which`, and was killed there."""
        started, seen = [], [0]

        def judge(_kind, _body):
            seen[0] += 1
            if seen[0] != which:
                return PASS
            wait_until("the settlement", lambda: started)
            started[0].kill()
            return how
        self.proxy.judge = judge
        started.append(subprocess.Popen([SETTLE, "--config", self.config, *arguments],
                                        stderr=subprocess.DEVNULL))
        return started[0].wait(PATIENCE_S) == -signal.SIGKILL

    def test_killed_while_it_fills(self):
        """At one message after the other, before or after the server has it; and twice in a row. What
        is filled is filled once, and in the end everything is."""
        records, step = 400, 1 if IS_LONG else 9
        self.old_rows(records)
        self.unfilled()
        self.configure("settle.test")
        self.config.write_text(self.config.read_text().replace("dbname=petahour", "dbname=old"))
        self.through_proxy()
        which, killed = 4, 0
        while which < 1000:
            self.again()
            if not self.kill_at(which, CUT_AFTER if which % 2 else CUT, "--once"):
                break
            killed += 1
            self.kill_at(max(1, which - 2), CUT, "--once")
            self.proxy.judge = lambda kind, body: PASS
            # A commit that was sent by a process that is gone may still be under way.
            self.pg.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                        " WHERE usename = 'petahour_settle'")
            self.settle("--once")
            self.assert_filled(records)
            which += step
        self.assertGreater(killed * step, 24)
        self.assert_filled(records)

    def test_killed_while_it_migrates(self):
        """A migration is there as a whole or not at all; the next run goes on."""
        self.make(200)
        total = len(list(SCHEMA.glob("*.sql")))
        chance = random.Random(7)
        for which in sorted(chance.sample(range(3, 4 * total), 40 if IS_LONG else 3)):
            with self.subTest(message=which):
                self.pg.database = "petahour"
                self.pg.sql("DROP DATABASE IF EXISTS old WITH (FORCE)")
                self.pg.sql("CREATE DATABASE old")
                self.pg.database = "old"
                to = self.pg.conninfo().replace(str(self.pg.folder), str(self.proxy.folder))
                self.assertTrue(self.kill_at(which, CUT, "--migrate", to))
                self.proxy.judge = lambda kind, body: PASS
                self.pg.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                            " WHERE application_name LIKE 'petahour-settle%'")
                applied = self.pg.sql("SELECT to_regclass('petahour.migration') IS NOT NULL")
                before = 0 if applied == "f" else int(
                    self.pg.sql("SELECT count(*) FROM petahour.migration"))
                self.assertLess(before, total)
                self.assertIn(f"{total - before} migrations were applied", self.migrate())
        self.configure("settle.test")
        self.settle("--once")
        self.assert_equal_to_journal()

    # ---- while a settlement of the program before writes -----------------------------------

    def start_migration(self, *arguments):
        log = open(self.folder / "migrate.log", "w+", encoding="utf-8")
        self.addCleanup(log.close)
        migration = subprocess.Popen([SETTLE, "--config", self.config, "--migrate",
                                      self.pg.conninfo(), *arguments], stderr=log)
        self.started.append(migration)
        return migration, lambda: pathlib.Path(log.name).read_text(encoding="utf-8")

    def goes_on(self, settle):
        """Whoever writes has not stopped, and writes."""
        seq = self.position() + 100
        wait_until(f"rows of record {seq}",
                   lambda: settle.poll() is not None or self.position() >= seq)
        self.assertIsNone(settle.poll(), self.log_of(settle))

    def later_schema(self):
        """The schema of now, and what a later version has besides."""
        later = self.schema_before("9999")
        (later / LATER).write_text(LATER_SQL, encoding="utf-8")
        return later

    def test_migrated_while_it_writes_and_somebody_reads(self):
        """A table that an idle transaction has read cannot be altered: the migration lets the rows go
        on and comes again, until the reader has ended. What runs goes on after it, and connects
        again; what starts must know the schema."""
        schema, later = self.schema_before("9999"), self.later_schema()
        maker = self.make(60000, batch=5, pause_ms=20)
        settle = self.start_settle("--schema", schema)
        self.wait_for(300)
        with self.idle_reader("contract"):
            migration, said = self.start_migration("--schema", later)
            wait_until("the migration to wait", lambda: self.pg.sql(
                "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT granted"
                " AND mode = 'AccessExclusiveLock' AND application_name LIKE '%--migrate'") == "1")
            self.goes_on(settle)
            wait_until("a second try", lambda: "waits for" in said())
            self.assertRegex(said(), rf'migration \\"{LATER}\\" waits for .*psql.*idle in transaction')
            self.goes_on(settle)
            self.assertIsNone(migration.poll())
            # As an installation puts it there, before it is applied.
            shutil.copy(later / LATER, schema)
            self.cut_connections()
            self.goes_on(settle)
        self.assertEqual(migration.wait(PATIENCE_S), 0, said())
        self.assertIn(" 1 migrations were applied", said())
        self.goes_on(settle)
        self.cut_connections()
        self.goes_on(settle)
        maker.kill()
        maker.wait()
        self.end(settle)
        self.assertIn("older than the database", self.settle("--once", code=USELESS))
        self.settle("--once", "--schema", later)
        self.assert_equal_to_journal()

    def test_patience_of_a_migration_is_over(self):
        later = self.later_schema()
        shown = "SELECT max(number), (SELECT count(*) FROM pg_constraint WHERE conname = 'later')"
        with self.idle_reader("contract"):
            before = self.pg.sql(shown + " FROM petahour.migration")
            said = self.migrate("--schema", later, "--patience", "2", code=1)
        self.assertIn("idle in transaction", said)
        self.assertRegex(said, "could not migrate.*lock timeout.*2 s")
        self.assertEqual(self.pg.sql(shown + " FROM petahour.migration"), before)
        self.assertIn(" 1 migrations were applied", self.migrate("--schema", later))

    def test_a_lock_by_number_is_nothing_to_a_migration(self):
        """Whoever may hold one keeps nobody from migrating."""
        later = self.later_schema()
        with self.holding("SELECT pg_advisory_lock(7307199662470231)"):
            self.assertIn(" 1 migrations were applied", self.migrate("--schema", later, "--patience", "0"))

    def test_patience_holds_from_the_first_statement_on(self):
        """Also for the list of what was applied, and for another one that migrates: whoever has it is named."""
        later = self.later_schema()
        for held in ("LOCK TABLE petahour.migration IN ACCESS EXCLUSIVE MODE",
                     "INSERT INTO petahour.migration VALUES (99, 'another', '\\x00')"):
            with self.subTest(held):
                with self.holding(held):
                    said = self.migrate("--schema", later, "--patience", "2", code=1)
                self.assertRegex(said, r'waits for the transaction of process \d+ \(user postgres, program \\"psql\\",'
                                       r' idle in transaction\), which has had petahour.migration')
                self.assertRegex(said, "could not migrate.*lock timeout.*tried for 2 s")
        self.assertIn(" 1 migrations were applied", self.migrate("--schema", later))

    def test_a_migration_that_another_one_applies_meanwhile(self):
        """Two that are at the same one: the second waits for the first, and goes on behind it."""
        later = self.later_schema()
        (later / "0100_behind.sql").write_text("CREATE TABLE public.behind ()", encoding="utf-8")
        sha256 = hashlib.sha256(LATER_SQL.encode()).hexdigest()
        with self.holding(f"INSERT INTO petahour.migration VALUES (99, '{LATER}', '\\x{sha256}')", is_committed=True):
            migration, said = self.start_migration("--schema", later)
            wait_until("the migration to wait", lambda: "waits for" in said())
        self.assertEqual(migration.wait(PATIENCE_S), 0, said())
        self.assertIn(" 1 migrations were applied", said())
        self.assertEqual(self.pg.sql("SELECT to_regclass('public.behind') IS NOT NULL, count(*) FROM petahour.migration"
                                     " WHERE number >= 99"), "t|2")

    # ---- the end of a fill is not known ----------------------------------------------------

    def ghost_standby(self):
        """Commits wait from now on, for ever."""
        self.pg.sql("ALTER SYSTEM SET synchronous_standby_names = 'ghost'")
        self.addCleanup(self.no_standby)
        self.pg.sql("SELECT pg_reload_conf()")
        probe = None
        while not self.waiting_commits("psql"):
            if probe is None or probe.poll() is not None:
                probe = self.psql("SELECT petahour.take_position('probe') WHERE false;"
                                  " CREATE TABLE probe (); DROP TABLE probe")

    def no_standby(self):
        self.pg.sql("ALTER SYSTEM RESET synchronous_standby_names")
        self.pg.sql("SELECT pg_reload_conf()")

    def waiting_commits(self, program):
        return self.pg.sql("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                           f" AND application_name = '{program}'").split()

    def cut_fill(self, how, meanwhile=lambda: None):
        """The commit of the first rows that are filled is cut; how many fills were begun."""
        fills, done = [], []

        def judge(kind, body):
            if b"petahour.fill(" in body:
                fills.append(kind)
            if not fills or done or not (kind == "Q" and body.startswith(b"COMMIT")):
                return PASS
            meanwhile()
            done.append(kind)
            return how
        self.proxy.judge = judge
        return fills, done

    def test_commit_of_a_fill_is_in_doubt(self):
        """The server still commits when it is asked what it has: the answer waits for that, and
        nothing is filled twice."""
        self.old_rows(400)
        self.configure("settle.test")
        self.through_proxy()
        _, done = self.cut_fill(CUT_AFTER, self.ghost_standby)
        settle = self.start_settle()
        wait_until("the cut", lambda: done)
        wait_until("the commit that waits", lambda: self.waiting_commits("petahour-settle"))
        wait_until("another connection that waits for it", lambda: self.pg.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND application_name = 'petahour-settle'") != "0")
        self.no_standby()
        wait_until("all to be filled", lambda: settle.poll() is not None or self.pg.sql(
            "SELECT count(*) FROM petahour.backfill WHERE done_seq < to_seq") == "0")
        self.assertIsNone(settle.poll(), self.log_of(settle))
        self.end(settle)
        self.assert_filled(400)

    def test_fill_that_no_standby_has_is_not_believed(self):
        """The wait for the standby is cancelled: the rows are there, but only here."""
        self.old_rows(400)
        self.configure("settle.test")
        self.through_proxy()
        fills, done = self.cut_fill(CUT_AFTER, self.ghost_standby)
        settle = self.start_settle("--once")
        wait_until("the cut", lambda: done)
        wait_until("the commit that waits", lambda: self.waiting_commits("petahour-settle"))
        begun, first = len(fills), self.waiting_commits("petahour-settle")[0]
        self.pg.sql(f"SELECT pg_cancel_backend({first})")
        wait_until("what it asks then to wait as well", lambda: settle.poll() is not None or [
            pid for pid in self.waiting_commits("petahour-settle") if pid != first])
        self.assertIsNone(settle.poll(), "what only this server has was believed")
        self.no_standby()
        self.assertEqual(settle.wait(PATIENCE_S), 0)
        self.assertEqual(len(fills), begun)
        self.assert_filled(400)

    # ---- two at once -----------------------------------------------------------------------

    def test_two_migrations_at_once(self):
        """Each migration is applied by one of them, for which the other one waits."""
        self.make(200)
        total = len(list(SCHEMA.glob("*.sql")))
        self.pg.sql("CREATE DATABASE old")
        self.pg.database = "old"
        both = [subprocess.Popen([SETTLE, "--config", self.config, "--migrate", self.pg.conninfo()],
                                 stderr=subprocess.PIPE, text=True) for _ in range(2)]
        said = [one.communicate(timeout=PATIENCE_S)[1] for one in both]
        self.assertEqual([one.returncode for one in both], [0, 0], said)
        self.assertEqual(sum(int(re.search(r" (\d+) migrations were applied", text)[1]) for text in said), total, said)
        self.assertEqual(self.pg.sql("SELECT count(*) FROM petahour.migration"), str(total))
        self.assertIn(" 0 migrations were applied", self.migrate())
        self.configure("settle.test")
        self.settle("--once")
        self.assert_equal_to_journal()

    def epoch(self):
        return int(self.pg.sql("SELECT coalesce(max(epoch), 0) FROM petahour.position"))

    def three(self, before):
        """Settlements that start at once, each of which has taken the position."""
        started = []
        for name in ("one", "two", "three"):
            self.configure("settle.test", name=name)
            started.append(self.start_settle())
        try:
            wait_until("three epochs", lambda: self.epoch() >= before + 3)
        except AssertionError as late:
            raise AssertionError(f"{late}: {[(one.poll(), self.log_of(one)) for one in started]}") from late
        return started

    def assert_one_is_left(self, settlements, records):
        """All but one stop and say why, once there is something to write."""
        self.make(records, per_hour=PER_HOUR)
        wait_until("the others to stop", lambda: sum(
            one.poll() is None for one in settlements) <= 1)
        left = [one for one in settlements if one.poll() is None]
        self.assertEqual(len(left), 1, [self.log_of(one) for one in settlements])
        self.wait_for(records)
        for one in settlements:
            if one is not left[0]:
                self.assertEqual(one.returncode, USELESS)
                self.assertRegex(one.stderr.read(), "taken over|another petahour-settle")
        self.end(left[0])

    def test_settlements_that_start_at_once(self):
        self.make(500, per_hour=PER_HOUR)
        self.assert_one_is_left(self.three(0), 900)
        self.assert_equal_to_journal()

    def test_positions_that_are_taken_at_once(self):
        """In a new database nobody takes another settlement of the same market for one of another."""
        self.make(20)
        self.pg.sql("CREATE DATABASE beside")
        self.addCleanup(self.pg.sql, "DROP DATABASE IF EXISTS beside WITH (FORCE)")
        for _ in range(12):
            self.pg.database = "postgres"
            self.pg.sql("DROP DATABASE beside WITH (FORCE)")
            self.pg.sql("CREATE DATABASE beside TEMPLATE petahour")
            self.pg.database = "beside"
            started = []
            for name in "abcdef":
                self.configure("settle.test", name=name)
                started.append(subprocess.Popen([SETTLE, "--config", self.config, "--once"],
                                                stderr=subprocess.PIPE, text=True))
            said = [one.communicate(timeout=PATIENCE_S)[1] for one in started]
            self.assertEqual([text for text in said if "another market" in text], [])
            self.assertEqual(self.position(), 20)

    def test_settlements_that_fill_at_once(self):
        self.old_rows()
        self.configure("settle.test")
        self.assert_one_is_left(self.three(self.epoch()), RECORDS + 300)
        self.assert_filled()

    # ---- databases that are too old --------------------------------------------------------

    def test_databases_that_are_too_old(self):
        """Each schema before the partitions, and the one before the history: with rows it is refused
        and stays as it is, with what to do; and that works."""
        records = 600
        self.make(records, per_hour=PER_HOUR)
        for before in ("0010", "0011"):
            with self.subTest(schema=f"before {before}"):
                self.old_database(before)
                self.pg.sql("SELECT petahour.take_position('settle.test');"
                            "SELECT petahour.advance('settle.test', 1, 1, 7, '', decode(repeat("
                            "'07', 32), 'hex'))")
                shown = ("SELECT (SELECT max(number) FROM petahour.migration),"
                         " (SELECT last_seq FROM petahour.position), (SELECT count(*) FROM pg_class"
                         " WHERE relnamespace = 'petahour'::regnamespace)")
                was = self.pg.sql(shown)
                told = self.migrate(code=1)
                for words in (f'migration \\"{before}_', "needs a database without rows",
                              "make an empty database, migrate it, and start petahour-settle"):
                    self.assertIn(words, told)
                self.assertEqual(self.pg.sql(shown), was)
                # What the text says to do.
                self.pg.sql("CREATE DATABASE beside")
                self.addCleanup(self.pg.sql, "DROP DATABASE IF EXISTS beside WITH (FORCE)")
                self.pg.database = "beside"
                self.migrate()
                self.configure("settle.test")
                self.settle("--once")
                self.assertEqual(self.position(), records)
                self.assert_equal_to_journal()
                self.pg.database = "petahour"
                self.pg.sql("DROP DATABASE beside WITH (FORCE)")


if __name__ == "__main__":
    main()
