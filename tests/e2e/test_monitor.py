#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Figures, health and readiness of every daemon, as a monitoring system sees them.

usage: test_monitor.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_REPLICA
                       PETAHOUR_SETTLE OPERATOR_GUIDE

The text is read by the parser of Prometheus' own client, and by promtool where it is installed (on
the path, or named by PROMTOOL).
"""

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest
import unittest.mock
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

import private_postgres
import skips
from live_market import PATIENCE, Market, first_period, register, start_of

PROGRAMS, GUIDE = sys.argv[1:7], Path(sys.argv[7])
DAEMONS = ("engine", "notary", "replica", "settle", "gateway")
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")
COMMON = {"petahour_build_info", "petahour_ready", "petahour_turn_seconds", "process_resident_memory_bytes",
          "process_cpu_seconds", "process_start_time_seconds"}  # fmt: skip
BUY = ("--product", "AI.H100.1", "--from", start_of(first_period()), "--periods", "1", "--quantity", "1")


def until(what, true):
    end = time.monotonic() + PATIENCE
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


class Monitor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pg = cls.enterClassContext(private_postgres.Cluster())
        settle = f"database = {cls.pg.conninfo('petahour_settle')}\nready_lag_seconds = 1\n"
        migrate = Path(cls.pg.folder) / "migrate.ini"
        migrate.write_text(f"[market]\nname = x\n[settle]\njournal = /tmp\n{settle}", encoding="utf-8")
        subprocess.run([PROGRAMS[5], "--config", migrate, "--migrate", cls.pg.conninfo()], check=True,
                       capture_output=True, timeout=PATIENCE)  # fmt: skip
        cls.m = Market(PROGRAMS, each="monitor = 127.0.0.1:0\n", settle=settle, gateway="questions_per_second = 1\n"
                       "question_burst = 1\n")  # fmt: skip
        cls.addClassCleanup(cls.m.close)
        register(cls.m)

    def port(self, daemon):
        return int(re.findall(r"watched at http://127\.0\.0\.1:(\d+)/metrics", self.m.log(daemon))[-1])

    def ask(self, daemon, path, method="GET"):
        c = http.client.HTTPConnection("127.0.0.1", self.port(daemon), timeout=PATIENCE)
        try:
            c.request(method, path)
            answer = c.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        finally:
            c.close()

    def figures(self, daemon):
        """{(name, labels): value}"""
        status, text, head = self.ask(daemon, "/metrics")
        self.assertEqual((status, head["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        found = {}
        for family in text_string_to_metric_families(text):
            self.assertTrue(family.documentation and family.type in ("counter", "gauge", "histogram"), family)
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, found)
                found[key] = sample.value
        return found

    def figure(self, daemon, name, **labels):
        return self.figures(daemon)[(f"petahour_{daemon}_{name}", tuple(sorted(labels.items())))]

    def wait_ready(self, daemon, says="ready\n"):
        until(f"{daemon} does not say {says}", lambda: says in self.ask(daemon, "/readyz")[1])

    def order(self, price="3"):
        return self.m.raw("order", "buy", *BUY, "--price", price, key="buyer")

    @staticmethod
    def rejects(figures):
        return sum(figures[("petahour_engine_rejects_total", (("reason", reason),))]
                   for reason in ("PRICE_BAND", "PRICE_RANGE", "CASH_FOR_HOLD"))  # fmt: skip

    def counted(self):
        """The figures of the engine after one order more, which is refused.  They are told at the end of a turn: its
        client is answered before, and those who read them meanwhile get some of before and some of after."""
        known = self.rejects(self.figures("engine"))
        rejected = self.order(price="1000000000")
        self.assertEqual(rejected.returncode, 3, rejected.stderr)
        until("a refused order is not counted", lambda: self.rejects(self.figures("engine")) > known)
        return self.figures("engine")

    def test_text_is_clean_and_described(self):
        guide = GUIDE.read_text(encoding="utf-8")
        for daemon in DAEMONS:
            with self.subTest(daemon):
                _, text, _ = self.ask(daemon, "/metrics")
                names = {family.name for family in text_string_to_metric_families(text)}
                self.assertGreaterEqual(names, COMMON)
                for name in names - COMMON:
                    self.assertTrue(name.startswith(f"petahour_{daemon}_"), name)
                types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
                for name, kind in types.items():
                    self.assertEqual(kind == "counter", name.endswith("_total"), name)
                    self.assertIn(f"`{name}`", guide, "the operator's guide does not explain it")

    def test_promtool_finds_nothing_to_say(self):
        if not PROMTOOL:
            skips.without("promtool", "promtool is not installed: `promtool check metrics` did not read the figures")
        for daemon in DAEMONS:
            with self.subTest(daemon):
                done = subprocess.run([PROMTOOL, "check", "metrics"], input=self.ask(daemon, "/metrics")[1], capture_output=True,
                                      text=True, timeout=PATIENCE, check=False)  # fmt: skip
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_figures_are_those_of_the_market(self):
        self.wait_ready("gateway")
        before = self.counted()
        self.assertEqual(self.order().returncode, 0)
        now = self.counted()

        def grown(name, *labels):
            key = (f"petahour_engine_{name}", labels)
            return now[key] - before[key]

        self.assertEqual(grown("commands_total"), 2)
        self.assertEqual(self.rejects(now) - self.rejects(before), 1)
        self.assertEqual(grown("table_entries", ("table", "orders")), 1)
        self.assertEqual(grown("commits_total"), grown("commit_seconds_count"))
        self.assertGreater(grown("commit_seconds_sum"), 0)
        self.assertEqual(now[("petahour_engine_table_entries_max", (("table", "orders"),))], 262144)
        self.assertEqual(now[("petahour_engine_followers", ())], 1)
        sequence = now[("petahour_engine_sequence", ())]
        for daemon in DAEMONS[1:]:
            until(f"{daemon} stays behind", lambda d=daemon: self.figure(d, "sequence") == sequence)
            until(f"{daemon} has a lag", lambda d=daemon: self.figure(d, "lag_records") == 0)
            until(f"{daemon} has an age", lambda d=daemon: self.figure(d, "lag_seconds") == 0)
        until("settlement counts no rows", lambda: self.figure("settle", "rows_written_total") > 0)
        self.assertEqual(self.figure("settle", "database_connected"), 1)
        until("the gateway counts no commands", lambda: self.figure("gateway", "commands_total") >= 2)
        self.assertEqual(self.figure("gateway", "notary_connected"), 1)

    def test_other_requests(self):
        for daemon in DAEMONS:
            with self.subTest(daemon):
                self.assertEqual(self.ask(daemon, "/healthz")[:2], (200, "ok\n"))
                self.assertEqual(self.ask(daemon, "/")[0], 404)
                self.assertEqual(self.ask(daemon, "/metrics/../etc/passwd")[0], 404)
                self.assertEqual(self.ask(daemon, "/metrics", "POST")[0], 405)
                self.assertEqual(self.ask(daemon, "/metrics", "HEAD")[:2], (200, ""))

    def test_an_address_in_use(self):
        run = Path(self.m.run)
        text = (run / "petahour.ini").read_text(encoding="ascii")
        for daemon in DAEMONS:
            with self.subTest(daemon):
                (run / "taken.ini").write_text(text.replace("127.0.0.1:0", f"127.0.0.1:{self.port('engine')}"))
                done = subprocess.run([self.m.daemons[daemon], "--config", run / "taken.ini"], capture_output=True, text=True,
                                      timeout=PATIENCE, check=False)  # fmt: skip
                self.assertEqual(done.returncode, 1)
                self.assertIn("give \\\"monitor\\\" another port", done.stderr)

    def test_a_slow_reader_holds_nobody_up(self):
        """Connections that ask nothing take places of the door only, and not for long."""
        idle = [http.client.HTTPConnection("127.0.0.1", self.port("engine"), timeout=PATIENCE) for _ in range(16)]
        for c in idle:
            c.connect()
        self.assertEqual(self.order(price="2.9").returncode, 0)
        for c in idle:
            c.close()
        self.assertEqual(self.ask("engine", "/healthz")[0], 200)

    def test_a_gateway_without_engine_or_notary_is_not_ready(self):
        m = self.m
        for daemon in ("engine", "notary"):
            with self.subTest(daemon):
                self.wait_ready("gateway")
                m.kill(daemon, signal.SIGTERM)
                self.wait_ready("gateway", f"not ready: the {daemon} is away\n")
                self.assertEqual(self.ask("gateway", "/readyz")[0], 503)
                self.assertEqual(self.ask("gateway", "/healthz")[0], 200)
                self.assertEqual(self.figures("gateway")[("petahour_ready", ())], 0)
                m.start(daemon)
                self.wait_ready("gateway")

    def test_settlement_that_is_behind_is_not_ready(self):
        """Its server process answers nothing, and nothing is wrong yet but the time that passes."""
        self.wait_ready("settle")
        server = int(self.pg.sql("SELECT pid FROM pg_stat_activity WHERE usename = 'petahour_settle'"))
        os.kill(server, signal.SIGSTOP)
        try:
            self.assertEqual(self.order(price="2.8").returncode, 0)
            self.wait_ready("settle", "s behind, 1 s allowed")
            self.assertGreater(self.figure("settle", "lag_seconds"), 1)
            self.assertEqual(self.figure("settle", "database_connected"), 1)
        finally:
            os.kill(server, signal.SIGCONT)
        self.wait_ready("settle")

    def test_settlement_whose_rows_are_not_taken_is_not_ready(self):
        self.wait_ready("settle")
        with subprocess.Popen(["psql", "-XqAt", "-d", self.pg.conninfo()], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as locker:  # fmt: skip
            try:
                locker.stdin.write("BEGIN; LOCK TABLE petahour.position; SELECT 'locked';\n")
                locker.stdin.flush()
                self.assertEqual(locker.stdout.readline(), "locked\n")
                self.assertEqual(self.order(price="2.8").returncode, 0)
                self.wait_ready("settle", "not ready: the database takes no rows\n")
                self.assertEqual(self.figure("settle", "database_connected"), 1)
            finally:
                locker.kill()
        self.wait_ready("settle")

    def test_settlement_without_database_is_not_ready(self):
        self.wait_ready("settle")
        self.pg.stop()
        try:
            self.assertEqual(self.order(price="2.7").returncode, 0)
            self.wait_ready("settle", "not ready: the database is away\n")
            self.assertEqual(self.figure("settle", "database_connected"), 0)
            self.assertEqual(self.ask("settle", "/healthz")[0], 200)
        finally:
            self.pg.start()
        self.wait_ready("settle")
        self.assertEqual(self.figure("settle", "database_connected"), 1)

    def test_a_rate_that_is_passed_is_counted(self):
        before = self.figure("gateway", "limited_total")

        def passed():
            """Several at once: one after the other may take a second each."""
            with ThreadPoolExecutor() as pool:
                for _ in range(3):
                    pool.submit(self.m.raw, "preview", "buy", *BUY, "--price", "2.5", key="buyer")
            return self.figure("gateway", "limited_total") > before

        until("no question is over the rate", passed)
        until("no busy answer is counted", lambda: self.figure("gateway", "busy_total") > 0)

    def test_who_is_told_that_it_is_ready_finds_it_in_the_log(self):
        """systemd takes nothing yet: the ready file is there, and what comes after it waits."""
        m = self.m
        for daemon in ("engine", "notary", "replica", "gateway"):
            with self.subTest(daemon), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door, socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM
            ) as others:
                m.kill(daemon, signal.SIGTERM)
                before, place = m.log(daemon).count(" event=ready "), f"{m.run}/notify.{daemon}"
                door.bind(place)
                door.settimeout(PATIENCE)
                others.setblocking(False)
                with contextlib.suppress(BlockingIOError):  # it is full
                    while True:
                        others.sendto(b"of somebody else", place)
                with unittest.mock.patch.dict(os.environ, {"NOTIFY_SOCKET": place}):
                    m.start(daemon)
                self.assertEqual(m.log(daemon).count(" event=ready "), before + 1)
                while door.recv(100) != b"READY=1":
                    pass
                self.wait_ready(daemon)
        self.wait_ready("gateway")


if __name__ == "__main__":
    skips.main(sys.argv[:1])
