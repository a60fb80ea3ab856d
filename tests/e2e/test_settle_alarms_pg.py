#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What settlement says, and how it ends, when the database does not do what it should: rows that it
refuses, a login that it refuses, commits that it has lost.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import json
import re
import shutil
import subprocess
import urllib.error
import urllib.request

from settle_rig import PATIENCE_S, USELESS, SettleCase, main, wait_until


class Alarms(SettleCase):
    def start_settle(self, *arguments):
        return super().start_settle("--log-format", "json", *arguments)

    def said(self, process, event):
        """Lines of this event, as they are."""
        lines = [json.loads(line) for line in self.log_of(process).splitlines()]
        return [line for line in lines if line["event"] == event]

    # ---- rows that are refused -------------------------------------------------------------

    def assert_refused(self, settle, **pairs):
        self.assertEqual(settle.wait(PATIENCE_S), USELESS, self.log_of(settle))
        alarms = self.said(settle, "rows_refused")
        self.assertEqual(len(alarms), 1, self.log_of(settle))
        alarm = alarms[0]
        self.assertEqual(alarm["level"], "error")
        self.assertEqual({key: alarm.get(key) for key in pairs}, pairs)
        self.assertTrue(1000 < alarm["first_seq"] <= alarm["last_seq"] <= 3000, alarm)
        self.assertEqual(self.position(), alarm["first_seq"] - 1)
        return alarm

    def test_broken_constraint(self):
        settle = self.start_settle()
        self.make(1000)
        self.wait_for(1000)
        # Money that the market does not know was taken away: the next debit goes below zero.
        self.pg.sql("UPDATE petahour.account SET balance = 0 WHERE kind = 2 AND id = 6")
        self.make(3000)
        self.assert_refused(settle, sqlstate="23514", table="account", constraint="never_negative")

    def test_a_row_that_is_to_change_and_is_not_there(self):
        self.make(1000)
        self.settle("--once")
        for table, key, why in [("account", "kind = 2 AND id = 6", "an account that moved has no row"),
                                ('"order"', "state = 1", "an order that ended has no row")]:
            with self.subTest(table):
                self.pg.sql(f"CREATE TABLE public.kept AS SELECT * FROM petahour.{table} WHERE {key};"
                            f"ALTER TABLE petahour.{table} DISABLE TRIGGER ALL;"
                            f"DELETE FROM petahour.{table} WHERE {key}")
                self.make(3000)
                self.assertIn(why, self.assert_refused(self.start_settle())["msg"])
                self.pg.sql(f"INSERT INTO petahour.{table} SELECT * FROM public.kept;"
                            "DROP TABLE public.kept")
        self.settle("--once")
        # The triggers that guard these rows are off.
        self.assertEqual([d for d in self.differences() if "guard rows and table" not in d], [])

    def test_rows_that_go_nowhere(self):
        """A trigger drops the rows of one table, silently, while the next table's are asked for."""
        self.make(1000)
        self.settle("--once")
        self.pg.sql("CREATE FUNCTION public.drop_row() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN RETURN NULL; END';"
                    "CREATE TRIGGER dropped BEFORE INSERT ON petahour.segment FOR EACH ROW"
                    " EXECUTE FUNCTION public.drop_row()")
        self.make(3000)
        alarm = self.assert_refused(self.start_settle(), table="segment")
        self.assertIn("another number of rows", alarm["msg"])
        self.pg.sql("DROP FUNCTION public.drop_row CASCADE")
        self.settle("--once")
        self.assert_equal_to_journal()

    # ---- commits that the database has lost --------------------------------------------------

    def copy_server(self):
        """The server's folder as it is now, in a form that it can be started from."""
        self.pg.stop()
        kept = self.pg.folder / "kept"
        shutil.copytree(self.pg.data, kept)
        subprocess.run(["chown", "-R", "--reference", self.pg.data, kept], check=True)
        self.pg.start()
        return kept

    def lose(self, kept):
        self.pg.stop("immediate")
        shutil.rmtree(self.pg.data)
        kept.rename(self.pg.data)
        self.pg.start()

    def assert_lost(self, settle, had, has):
        self.assertEqual(settle.wait(PATIENCE_S), 1, self.log_of(settle))
        lost = self.said(settle, "commits_lost")
        self.assertEqual(len(lost), 1, self.log_of(settle))
        self.assertEqual((lost[0]["seq"], lost[0]["committed_seq"]), (has, had))
        self.assertIn(f"from record {has + 1} on", lost[0]["msg"])
        self.assertNotIn("empty", lost[0]["msg"])
        self.assertEqual(self.position(), has)
        self.settle("--once")
        self.assert_equal_to_journal()

    def test_commits_that_were_lost(self):
        """As when a standby takes over that had not got all of them: a start is all that it needs."""
        settle = self.start_settle()
        self.make(500)
        self.wait_for(500)
        kept = self.copy_server()
        self.make(900)
        self.wait_for(900)
        self.lose(kept)
        self.make(1000)
        self.assert_lost(settle, 900, 500)

    def test_commits_that_were_lost_with_the_epoch(self):
        """The server is as it was before this settlement took the position: nobody else took it."""
        self.make(500)
        self.settle("--once")
        kept = self.copy_server()
        settle = self.start_settle()
        self.make(900)
        self.wait_for(900)
        self.lose(kept)
        self.make(1000)
        self.assert_lost(settle, 900, 500)

    def test_all_was_lost(self):
        kept = self.copy_server()
        settle = self.start_settle()
        self.make(900)
        self.wait_for(900)
        self.lose(kept)
        self.make(1000)
        self.assert_lost(settle, 900, 0)

    # ---- a login that is refused -------------------------------------------------------------

    def ready(self, port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_S) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.read().decode()
        except urllib.error.URLError:
            return ""  # not open yet

    def login(self, rule):
        """What pg_hba.conf says of settlement; everybody else is let in."""
        (self.pg.data / "pg_hba.conf").write_text(f"{rule}\nlocal all all trust\n", encoding="ascii")
        self.pg.sql("SELECT pg_reload_conf()")

    def test_refused_logins(self):
        self.make(300)
        for rule, database, code, reason in (
                ("local all petahour_settle scram-sha-256", "petahour", "28P01", "password"),
                ("local all petahour_settle reject", "petahour", "28000", "pg_hba.conf"),
                ("", "nowhere", "3D000", 'database "nowhere" does not exist')):
            with self.subTest(code):
                self.pg.sql("ALTER ROLE petahour_settle PASSWORD 'right'")
                self.login(rule)
                self.configure("settle.test", "monitor = 127.0.0.1:0\n")
                passwords = self.folder / "passwords"
                passwords.write_text("*:*:*:*:wrong\n", encoding="ascii")
                passwords.chmod(0o600)
                text = self.config.read_text().replace("dbname=petahour", f"dbname={database}")
                self.config.write_text(text.replace("user=petahour_settle",
                                                    f"user=petahour_settle passfile={passwords}"))
                settle = self.start_settle()
                wait_until("the refusal", lambda settle=settle: self.said(settle, "database_refuses"))
                told = self.said(settle, "database_refuses")[0]
                self.assertEqual((told["level"], told["sqlstate"]), ("error", code))
                self.assertIn(reason, told["msg"])
                self.assertNotIn("LOCATION", told["msg"])
                port = self.said(settle, "watched")[0]["port"]
                wait_until("not ready", lambda port=port: re.search(
                    "not ready: the database refuses", self.ready(port)))
                # It does not give up, and says so once; what the operator mends is enough.
                self.assertIsNone(settle.poll())
                self.login("")
                passwords.write_text("*:*:*:*:right\n", encoding="ascii")
                if database == "nowhere":
                    self.pg.sql("CREATE DATABASE nowhere TEMPLATE petahour")
                    self.addCleanup(self.pg.sql, "DROP DATABASE IF EXISTS nowhere WITH (FORCE)")
                self.pg.database = database
                self.wait_for(300)
                wait_until("ready", lambda port=port: self.ready(port) == "ready\n")
                self.assertEqual(len(self.said(settle, "database_refuses")), 1)
                self.assertEqual(len(self.said(settle, "database_back")), 1)
                self.end(settle)
                self.pg.database = "petahour"

    def test_stopped_before_it_was_ever_connected(self):
        """How far the rows go it does not know, and does not say."""
        self.make(300)
        self.settle("--once")
        self.pg.stop()
        settle = self.start_settle()
        wait_until("away", lambda: self.said(settle, "database_away"))
        self.end(settle)
        [stopped] = self.said(settle, "stopped")
        self.assertNotIn("seq", stopped)
        self.assertNotIn("record", stopped["msg"])
        self.pg.start()
        settle = self.start_settle()
        wait_until("its end", lambda: self.said(settle, "ready"))
        self.end(settle)
        self.assertEqual([line["seq"] for line in self.said(settle, "stopped")], [300])

    def test_another_reason_is_told_as_well(self):
        """The server is away; when it is back it refuses."""
        self.make(300)
        self.pg.stop()
        settle = self.start_settle()
        wait_until("away", lambda: self.said(settle, "database_away"))
        (self.pg.data / "pg_hba.conf").write_text(
            "local all petahour_settle reject\nlocal all all trust\n", encoding="ascii")
        self.pg.start()
        wait_until("refused", lambda: self.said(settle, "database_refuses"))
        self.login("")
        self.wait_for(300)
        self.end(settle)


if __name__ == "__main__":
    main()
