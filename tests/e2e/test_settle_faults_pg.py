#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Exactly once, whatever breaks: the settlement and the connection are cut at every message that
goes to PostgreSQL or within one, the network takes what is sent and says nothing, the server is killed
within commits, its disk runs full, it stalls while the market trades; afterwards every row is the
journal's.

PETAHOUR_KILLS=N kills at random N times (20 if not given), PETAHOUR_SEED=N repeats a run.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time

import skips
from cut_proxy import (CUT, CUT_AFTER, CUT_ANSWERED, CUT_WITHIN, CUT_WITHIN_ANSWER, PASS, SILENT,
                       SILENT_ANSWERED, SILENT_WITHIN, Proxy)
from private_postgres import ADMIN, BIN, children, run
from settle_rig import PATIENCE_S, SETTLE, SettleCase, main, wait_until

PER_HOUR = 100
KILLS = int(os.environ.get("PETAHOUR_KILLS", "20"))
SEED = int(os.environ.get("PETAHOUR_SEED", str(time.time_ns() % 1000000)))


def is_commit(kind, body):
    return kind == "Q" and body.startswith(b"COMMIT")


class Faults(SettleCase):
    def setUp(self):
        super().setUp()
        self.proxy = Proxy(self.pg.folder)
        self.config.write_text(self.config.read_text().replace(
            f"host={self.pg.folder}", f"host={self.proxy.folder}"))

    def tearDown(self):
        self.proxy.close()
        super().tearDown()

    def cut_at(self, which, how, meanwhile=lambda: None):
        """Message number `which` of the next connections, from 1, is the one that is cut.  Gives a
        list that is filled once that, and `meanwhile`, has happened."""
        seen, done = [0], []

        def judge(kind, body):
            seen[0] += 1
            if seen[0] != which:
                return PASS
            meanwhile()
            done.append(kind)
            return how
        self.proxy.judge = judge
        return done

    def cut_commit(self, how, meanwhile=lambda: None):
        """The next commit of rows is cut: the commit that takes the position passes."""
        commits, done = [0], []

        def judge(kind, body):
            commits[0] += is_commit(kind, body)
            if commits[0] != 2 or not is_commit(kind, body):
                return PASS
            meanwhile()
            done.append(kind)
            return how
        self.proxy.judge = judge
        return done

    def run_and_kill(self, cut):
        """Runs settlement once, which is killed where `cut` says; whether it was."""
        started = []

        def kill():
            wait_until("the settlement", lambda: started)  # it may be faster than we are
            started[0].kill()
        cut(kill)
        started.append(subprocess.Popen([SETTLE, "--config", self.config, "--once"],
                                        stderr=subprocess.DEVNULL))
        return started[0].wait(PATIENCE_S) == -signal.SIGKILL

    def kill_at(self, which):
        """Before that message; false if it ended earlier."""
        return self.run_and_kill(lambda kill: self.cut_at(which, CUT, kill))

    def test_settlement_killed_at_every_statement(self):
        """Nothing is written until the message with COMMIT, and then everything at once."""
        records = 600
        self.make(records, per_hour=PER_HOUR)
        which = 1
        while self.kill_at(which) and self.position() != records:
            self.assertEqual(self.position(), 0, which)
            which += 1
        self.assertGreater(which, 40)
        self.assertEqual(self.position(), records)
        self.assert_equal_to_journal()

    def test_settlement_killed_when_the_server_has_the_commit(self):
        for records, how in ((300, CUT_AFTER), (600, CUT_ANSWERED)):
            self.make(records, per_hour=PER_HOUR)
            self.assertTrue(self.run_and_kill(
                lambda kill, how=how: self.cut_commit(how, kill)))
            self.wait_for(records)
            self.settle("--once")
            self.assert_equal_to_journal()

    def test_connection_cut_at_every_message(self):
        records, which, done = 0, 0, True
        while done:
            records += 30
            which += 1
            self.make(records, per_hour=PER_HOUR)
            done = self.cut_at(which, CUT)
            self.settle("--once")
            self.assertEqual(self.position(), records)
        self.assert_equal_to_journal()
        self.assertGreater(which, 30)

    def test_answer_to_a_commit_is_lost(self):
        records = 0
        for how in (CUT, CUT_AFTER, CUT_ANSWERED):
            records += 500
            self.make(records, per_hour=PER_HOUR)
            done = self.cut_commit(how)
            log = self.settle("--once")
            self.assertTrue(done)
            self.assertIn("the database did not take rows", log)
            self.assertEqual(self.position(), records)
            self.assert_equal_to_journal()

    def cut_within_transaction(self, wanted, how):
        """The next transaction of rows is cut at its first message that `wanted` takes."""
        is_rows, done = [False], []

        def judge(kind, body):
            is_rows[0] |= kind == "Q" and b"petahour.advance(" in body
            if done or not is_rows[0] or not wanted(kind, body):
                return PASS
            done.append(kind)
            return how
        self.proxy.judge = judge
        return done

    def test_bytes_that_end_or_stop_within_a_message(self):
        """Not at the border of a message; and a network that takes everything and brings nothing, so
        that no side learns that the other has gone: neither does the server, whose transaction
        holds the position.  Over a unix socket and over TCP."""
        places = (lambda kind, body: kind == "Q", lambda kind, body: kind == "d",
                  lambda kind, body: kind == "c", is_commit)
        records = 0
        for is_tcp in (False, True):
            self.proxy.close()
            self.proxy = Proxy(self.pg.folder, is_tcp)
            self.configure("settle.test", "answer_seconds = 2\n")
            self.config.write_text(self.config.read_text().replace(
                f"host={self.pg.folder}", f"host={self.proxy.host}"))
            settle = self.start_settle()
            for place, wanted in enumerate(places):
                for how in (CUT_WITHIN, CUT_WITHIN_ANSWER, SILENT, SILENT_WITHIN, SILENT_ANSWERED):
                    # The server says nothing to a row or to the end of one table's rows.
                    if how in (CUT_WITHIN_ANSWER, SILENT_ANSWERED) and place in (1, 2):
                        continue
                    if is_tcp and how not in (CUT_WITHIN, SILENT_WITHIN):
                        continue
                    with self.subTest(place=place, how=how, tcp=is_tcp):
                        done = self.cut_within_transaction(wanted, how)
                        records += 40
                        self.make(records, per_hour=PER_HOUR)
                        self.wait_for(records)
                        self.assertTrue(done)
                        self.assertIsNone(settle.poll())
            self.end(settle)
        self.assert_equal_to_journal()

    def test_a_retry_sends_the_same_bytes(self):
        """Message by message, from what begins the transaction to its COMMIT, which is lost twice."""
        records, tries, is_rows = 700, [], [False]
        self.make(records, per_hour=PER_HOUR)

        def judge(kind, body):
            if kind == "Q" and b"petahour.advance(" in body:
                tries.append([])
                is_rows[0] = True
            if not is_rows[0]:
                return PASS  # the position is taken, or read back
            tries[-1].append((kind, body))
            is_rows[0] = not is_commit(kind, body)
            return CUT if not is_rows[0] and len(tries) <= 2 else PASS
        self.proxy.judge = judge
        self.settle("--once")
        self.assertEqual((len(tries), self.position()), (3, records))
        self.assertGreater(len(tries[0]), 10)
        for again in tries[1:]:
            self.assertEqual([kind for kind, _ in again], [kind for kind, _ in tries[0]])
            self.assertEqual(again, tries[0])
        self.assert_equal_to_journal()

    def test_server_killed_in_the_middle_of_a_commit(self):
        records = 0

        def again():
            self.pg.kill()
            self.pg.start()

        def restart():
            self.pg.stop("immediate")
            self.pg.start()
        for how, meanwhile in ((CUT, again), (CUT_AFTER, lambda: None), (CUT, restart)):
            records += 500
            self.make(records, per_hour=PER_HOUR)
            done = self.cut_commit(how, meanwhile)
            settle = self.start_settle()
            wait_until("the cut", lambda: done)
            if how == CUT_AFTER:  # the server has the COMMIT, and dies of it or after it
                again()
            self.wait_for(records)
            self.end(settle)
            self.assert_equal_to_journal()

    def test_cancelled_wait_for_a_standby_is_no_commit(self):
        self.make(300)
        self.settle("--once")
        self.make(600)
        self.pg.sql("ALTER SYSTEM SET synchronous_standby_names = 'ghost'")
        self.pg.sql("SELECT pg_reload_conf()")
        waiting = ("SELECT pid FROM pg_stat_activity WHERE usename = 'petahour_settle'"
                   " AND wait_event = 'SyncRep'")
        try:
            settle = self.start_settle()
            wait_until("a commit that waits", lambda: self.pg.sql(waiting))
            self.pg.sql(f"SELECT pg_cancel_backend(({waiting}))")
            wait_until("the wait to be cancelled", lambda: "was cancelled" in self.log_of(settle))
            # What it said is not believed: it is asked again, and that waits as well.
            wait_until("the next commit that waits", lambda: self.pg.sql(waiting))
            self.assertIsNone(settle.poll())
        finally:
            self.pg.sql("ALTER SYSTEM RESET synchronous_standby_names")
            self.pg.sql("SELECT pg_reload_conf()")
        self.wait_for(600)
        log = self.end(settle)
        self.assertIn("synchronous standby was cancelled", log)
        self.assert_equal_to_journal()

    @contextlib.contextmanager
    def small_disk(self, room):
        """The database on a disk with room for so many megabytes more; gives where it is mounted."""
        disk = tempfile.mkdtemp(prefix="ph-disk-", dir="/tmp")
        megabytes = room + int(self.pg.sql("SELECT pg_database_size('petahour') >> 20"))
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", disk]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
            os.rmdir(disk)
            skips.without("disk", "a small disk needs the right to mount one")
        try:
            os.chmod(disk, 0o777)
            place = pathlib.Path(disk) / "rows"
            subprocess.run(["install", "-d", "-o", os.environ.get("PETAHOUR_PG_USER", "postgres"),
                            place], check=True)
            self.pg.sql(f"CREATE TABLESPACE small LOCATION '{place}'")
            self.pg.database = "postgres"
            self.pg.sql("ALTER DATABASE petahour SET TABLESPACE small")
            self.pg.database = "petahour"
            yield disk
        finally:
            for process in self.started:
                if process.poll() is None:
                    process.kill()
            self.pg.database = "postgres"
            self.pg.sql("DROP DATABASE petahour WITH (FORCE)")
            self.pg.sql("DROP TABLESPACE IF EXISTS small")
            self.pg.sql("CREATE DATABASE petahour")
            self.pg.database = "petahour"
            subprocess.run(["umount", disk], check=True)
            os.rmdir(disk)

    def test_full_disk(self):
        """Rows wait for room without turning: few tries, few lines, and a stop is heard."""
        records = 6000
        with self.small_disk(4) as disk:
            settle = self.start_settle()
            self.make(records, batch=200)
            wait_until("the disk to be full", lambda: "No space left" in self.log_of(settle))
            time.sleep(2)
            # The server may refuse connections too, when it cannot write what it keeps for them.
            full = r"No space left on device|could not write init file"
            self.assertLess(len(re.findall(full, self.log_of(settle))), 6)
            self.end(settle)
            settle = self.start_settle()
            wait_until("the same again", lambda: re.search(full, self.log_of(settle)))
            subprocess.run(["mount", "-o", "remount,size=300m", disk], check=True)
            wait_until("room for a connection", lambda: self.pg.sql("SELECT 1", check=False) == "1")
            self.wait_for(records)
            self.assertRegex(self.end(settle), "takes rows again|the database is back")
            self.assert_equal_to_journal()

    def test_trading_goes_on_while_the_database_stalls(self):
        settle = self.start_settle()
        maker = self.make(6000, batch=20, pause_ms=5)
        self.wait_for(500)
        family = children(self.pg.pid())
        for pid in family:
            with contextlib.suppress(ProcessLookupError):  # a backend that has ended by itself
                os.kill(pid, signal.SIGSTOP)
        self.assertEqual(maker.wait(PATIENCE_S), 0)  # the market did not wait
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self.wait_for(6000)
        self.end(settle)
        self.assert_equal_to_journal()

    def waits_for(self, lock):
        """Settlement, beside somebody who holds this for longer than it waits."""
        self.make(500)
        self.settle("--once")
        with self.holding(lock):
            self.make(900)
            settle = self.start_settle()
            wait_until("a lock that was waited for too long",
                       lambda: "lock timeout" in self.log_of(settle))
            self.assertEqual(self.position(), 500)
        self.wait_for(900)
        self.end(settle)
        self.assert_equal_to_journal()

    def test_somebody_holds_the_position(self):
        self.waits_for("SELECT * FROM petahour.position FOR UPDATE")

    def test_somebody_holds_an_account(self):
        """What waits for the lock is one of several statements that are on their way together."""
        self.waits_for("SELECT * FROM petahour.account FOR UPDATE")

    def test_rebuilt_from_a_backup_and_from_nothing(self):
        self.make(2000, per_hour=PER_HOUR)
        self.settle("--once")
        backup = self.folder / "backup.sql"
        with open(backup, "w", encoding="utf-8") as file:
            subprocess.run(["pg_dump", "--create", "-d", self.pg.conninfo()], stdout=file, check=True)
        self.make(3000, per_hour=PER_HOUR)
        self.settle("--once")
        for source in (backup, None):
            self.pg.database = "postgres"
            self.pg.sql("DROP DATABASE petahour WITH (FORCE)")
            if source is None:
                self.pg.sql("CREATE DATABASE petahour")
                self.pg.database = "petahour"
                self.migrate()
            else:
                subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.pg.conninfo(),
                                "-f", source], stdout=subprocess.DEVNULL, check=True)
                self.pg.database = "petahour"
                self.assertEqual(self.position(), 2000)
            self.settle("--once")
            self.assertEqual(self.position(), 3000)
            self.assert_equal_to_journal()

    def test_restored_from_a_base_backup(self):
        """The whole server, copied while the market trades: settlement goes on from where the copy
        stands, though its own snapshots are ahead of it.  One that was connected to what was
        lost stops and says so."""
        text = self.config.read_text()
        self.config.write_text(text + f"snapshots = {self.folder}/own\nsnapshot_every = 300\n")
        records, backup = 2500, self.pg.folder / "backup"
        settle = self.start_settle()
        maker = self.make(2000, batch=20, pause_ms=10)
        self.wait_for(400)
        run([BIN / "pg_basebackup", "-h", self.pg.folder, "-U", ADMIN, "-D", backup, "-c", "fast",
             "-X", "stream"])
        self.assertEqual(maker.wait(PATIENCE_S), 0)
        self.make(records)
        self.wait_for(records)
        self.pg.stop("immediate")
        shutil.rmtree(self.pg.data)
        backup.rename(self.pg.data)
        self.pg.start()
        restored = self.position()
        self.assertTrue(400 <= restored < records, restored)
        self.make(records + 100)
        self.assertEqual(settle.wait(PATIENCE_S), 1)
        self.assertIn("has lost commits or was restored", self.log_of(settle))
        self.assertEqual(self.position(), restored)
        self.settle("--once")
        self.assertEqual(self.position(), records + 100)
        self.assert_equal_to_journal()

    def test_restored_from_a_dump(self):
        """pg_dump in its own form while the market trades."""
        settle = self.start_settle()
        maker = self.make(1000, batch=20, pause_ms=10)
        self.wait_for(300)
        dump = self.folder / "books.dump"
        subprocess.run(["pg_dump", "-Fc", "-f", dump, "-d", self.pg.conninfo()], check=True)
        self.assertEqual(maker.wait(PATIENCE_S), 0)
        self.make(1200)
        self.wait_for(1200)
        self.end(settle)
        self.pg.database = "postgres"
        self.pg.sql("DROP DATABASE petahour WITH (FORCE)")
        subprocess.run(["pg_restore", "--create", "--exit-on-error", "-d", self.pg.conninfo(), dump],
                       check=True)
        self.pg.database = "petahour"
        restored = self.position()
        self.assertTrue(300 <= restored < 1200, restored)
        self.assertIn("0 migrations were applied", self.migrate())
        self.settle("--once")
        self.assertEqual(self.position(), 1200)
        self.assert_equal_to_journal()
        # The limits that keep a lock from staying, and that nothing is compiled, are settings of the
        # database: --create has them.
        settings = self.pg.sql(
            "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase"
            " WHERE datname = 'petahour'")
        for setting in ("lock_timeout", "jit=off"):
            self.assertIn(setting, settings)
        # What is not everybody's stays so (reconcile was empty), and everything still says what it is.
        self.refused("SELECT pg_advisory_lock(1)", "permission denied", user="petahour_auditor")
        self.refused("CREATE TEMPORARY TABLE x (a int)", "permission denied", user="petahour_auditor")
        self.assertIn("Money that moved", self.pg.sql("SELECT obj_description('petahour.transfer'::regclass)"))

    def test_random_kills(self):
        print(f"PETAHOUR_SEED={SEED} PETAHOUR_KILLS={KILLS}", flush=True)
        chance = random.Random(SEED)
        counts = {}
        records = 0
        settle = self.start_settle()
        for kill in range(KILLS):
            if records > 6000:  # a new journal: replaying a long one would take all the time
                self.end_at(settle, records)
                self.assert_equal_to_journal()
                self.proxy.close()
                super().tearDown()
                self.setUp()
                records, settle = 0, self.start_settle()
            records += chance.randrange(50, 400)
            maker = self.make(records, batch=chance.choice((5, 20, 80)), seed=SEED, pause_ms=1,
                              per_hour=PER_HOUR)
            what = chance.choice(("settle", "settle", "server", "backend", "cut", "commit"))
            counts[what] = counts.get(what, 0) + 1
            if what == "cut":
                self.cut_at(chance.randrange(1, 200), chance.choice((CUT, CUT_AFTER)))
            elif what == "commit":
                self.cut_commit(chance.choice((CUT, CUT_AFTER, CUT_ANSWERED)))
            time.sleep(chance.random() * 0.3)
            if what == "settle":
                settle.kill()
                settle.wait()
                settle = self.start_settle()
            elif what == "server":
                self.pg.kill()
                self.pg.start()
            elif what == "backend":
                self.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                            " WHERE usename = 'petahour_settle'")
            self.assertEqual(maker.wait(PATIENCE_S), 0)
            if settle.poll() is not None:
                self.fail(f"kill {kill}, {what}: settlement gave up: {settle.stderr.read()}")
        self.end_at(settle, records)
        self.assert_equal_to_journal()
        print(counts, flush=True)

    def end_at(self, settle, records):
        self.proxy.judge = lambda kind, body: PASS
        self.wait_for(records)
        self.end(settle)


if __name__ == "__main__":
    main()
