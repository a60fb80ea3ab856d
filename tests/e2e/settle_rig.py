#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests of petahour-settle have in common: a real PostgreSQL, an empty database for each
test, journals that are made as the test goes, and the comparison at its end.

The programs are the first three arguments: petahour-settle, make_journal, compare."""

import contextlib
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import fill_books
import skips
from private_postgres import Cluster

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "schema"
SETTLE, MAKE_JOURNAL, COMPARE = sys.argv[1:4]
PATIENCE_S = 240  # nothing is to take so long; a sanitizer on a busy machine may
USELESS = 3  # exit status of settlement: another start would end in the same way


def wait_until(what, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"gave up waiting for: {what}")
        time.sleep(0.02)


class SettleCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = Cluster(fsync=True)
        cls.pg.start()

    @classmethod
    def tearDownClass(cls):
        cls.pg.remove()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ph-settle-", dir="/tmp"))
        self.journal = self.folder / "journal"
        self.started = []
        self.pg.database = "postgres"
        self.pg.sql("DROP DATABASE IF EXISTS petahour WITH (FORCE)")
        self.pg.sql("CREATE DATABASE petahour")
        self.pg.database = "petahour"
        self.configure("settle.test")
        self.migrate()

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        if self.pg.pid() is None:
            self.pg.start()
        shutil.rmtree(self.folder)

    # ---- what a test says ------------------------------------------------------------------

    def configure(self, market, more="", name="petahour"):
        """Settlements that run at the same time have a name each: a ready file is of one."""
        self.config = self.folder / f"{name}.ini"
        self.config.write_text(
            f"[market]\nname = {market}\n[settle]\njournal = {self.journal}\n"
            f"database = {self.pg.conninfo('petahour_settle')}\n"
            f"ready_file = {self.folder}/{name}.ready\n{more}")

    def settle(self, *arguments, code=0, within=()):
        """`within` is a command that runs it somewhere else."""
        done = subprocess.run([*within, SETTLE, "--config", self.config, *arguments],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr

    def migrate(self, *arguments, code=0):
        return self.settle("--migrate", self.pg.conninfo(), *arguments, code=code)

    def start_settle(self, *arguments, within=()):
        """Its log goes to a file: a pipe that nobody reads stops who writes to it when it is full."""
        log = self.folder / f"settle.{len(self.started)}.log"
        with open(log, "w", encoding="utf-8") as file:
            process = subprocess.Popen([*within, SETTLE, "--config", self.config, *arguments],
                                       stderr=file)
        process.stderr = open(log, encoding="utf-8")
        self.started.append(process)
        return process

    def log_of(self, process):
        """What a settlement that goes on has said, in whole lines: one may just be written."""
        text = pathlib.Path(process.stderr.name).read_text(encoding="utf-8", errors="replace")
        return text[:text.rfind("\n") + 1]

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE_S), 0)
        return process.stderr.read()

    def make(self, records, seed=1, batch=50, pause_ms=None, directory=None, per_hour=0,
             key_uses=3):
        """With per_hour the market delivers, and with 2 key_uses knows no keys for reading; with
        pause_ms it trades while the test goes on."""
        command = [MAKE_JOURNAL, directory or self.journal, str(seed), str(records), str(batch),
                   str(pause_ms or 0), str(per_hour), str(key_uses)]
        if pause_ms is not None:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            self.started.append(process)
            return process
        return subprocess.run(command, check=True, capture_output=True, text=True)

    def position(self):
        return int(self.pg.sql("SELECT coalesce(max(last_seq), 0) FROM petahour.position"))

    def wait_for(self, seq):
        wait_until(f"rows of record {seq}", lambda: self.position() >= seq)

    def differences(self, journal=None):
        done = subprocess.run([COMPARE, journal or self.journal,
                               self.pg.conninfo("petahour_auditor")],
                              capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertIn(done.returncode, (0, 8), done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(len(lines) - 1, 0 if done.returncode == 0 else len(lines) - 1)
        return lines[:-1]

    def assert_equal_to_journal(self):
        self.assertEqual(self.differences(), [])
        self.assertEqual(self.pg.sql("SELECT * FROM petahour.reconcile"), "")

    def member(self, role, participant):
        """A login role of a participant, for this test."""
        fill_books.make_member(self.pg.conninfo(), role, participant)

    def psql(self, text):
        """SQL that goes on while the test does."""
        process = subprocess.Popen(["psql", "-XqAt", "-d", self.pg.conninfo(), "-c", text],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.started.append(process)
        return process

    @contextlib.contextmanager
    def holding(self, statement, conninfo=None, is_committed=False):
        """A transaction that has done this and then does nothing, until the block ends; and commits then, or not."""
        holder = subprocess.Popen(["psql", "-XqAt", "-d", conninfo or self.pg.conninfo()], stdin=subprocess.PIPE,
                                  stdout=subprocess.DEVNULL, text=True)
        self.started.append(holder)
        holder.stdin.write(f"BEGIN; {statement};\n")
        holder.stdin.flush()
        query = statement.replace("'", "''")
        wait_until("the other transaction", lambda: self.pg.sql(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            f" AND query = '{query};'") == "1")
        yield
        if is_committed:
            holder.stdin.write("COMMIT;\n")
        holder.stdin.close()
        holder.wait(PATIENCE_S)

    def idle_reader(self, table):
        return self.holding(f"SELECT count(*) FROM petahour.{table}")

    def cut_connections(self):
        """The server ends every connection of settlement."""
        self.pg.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'petahour_settle'")

    def refused(self, sql, message, user="postgres"):
        self.assertIn(message, self.pg.sql(sql, user=user, check=False))


def main():
    skips.main([sys.argv[0]] + sys.argv[4:], verbosity=2)
