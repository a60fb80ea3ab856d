#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each daemon, and PostgreSQL, is stopped in order and started again while a client trades: nothing is
lost, doubled or told differently, and everybody who follows the journal arrives where it ends.

usage: test_restarts.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_REPLICA
                        PETAHOUR_SETTLE CLIENT_ORDERS PETAHOUR_AUDIT

The order is that of the operator's guide.  All that the daemons logged is read as JSON, line by line.
"""

import json
import re
import signal
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

import private_postgres
from free_ports import free_ports
from live_market import PATIENCE, Market, first_period, register, start_of

PROGRAMS, CLIENT_ORDERS, AUDIT = sys.argv[1:7], sys.argv[7], sys.argv[8]
ORDER = ("notary", "replica", "settle", "postgres", "engine", "gateway")
COUNT, STEP = 4200, 600
FOLLOWERS = ("engine", "notary", "replica", "settle", "gateway")  # of one journal
LEVELS = {"info", "warning", "error"}


class Kept(Market):
    """A gateway that is started again must be found where it was."""

    def configure(self):
        super().configure()
        path = Path(f"{self.run}/petahour.ini")
        text = path.read_text(encoding="ascii")
        for door, port in zip(("order_entry", "market_data"), free_ports(2)):
            text = text.replace(f"{door} = tcp://127.0.0.1:*", f"{door} = tcp://127.0.0.1:{port}")
        path.write_text(text, encoding="ascii")


class Restarts(unittest.TestCase):
    def setUp(self):
        self.pg = self.enterContext(private_postgres.Cluster())
        settle = f"database = {self.pg.conninfo('petahour_settle')}\n"
        path = Path(self.pg.folder) / "migrate.ini"
        path.write_text(f"[market]\nname = x\n[settle]\njournal = /tmp\n{settle}", encoding="utf-8")
        subprocess.run([PROGRAMS[5], "--config", path, "--migrate", self.pg.conninfo()], check=True,
                       capture_output=True, timeout=PATIENCE)  # fmt: skip
        self.m = Kept(PROGRAMS, each="monitor = 127.0.0.1:0\n", settle=settle, options=["--log-format", "json"])
        self.addCleanup(self.m.close)
        register(self.m)

    def lines(self, daemon):
        return [json.loads(line) for line in self.m.log(daemon).splitlines()]

    def figure(self, daemon, name):
        port = [line["port"] for line in self.lines(daemon) if line["event"] == "watched"][-1]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE) as answer:
            text = answer.read().decode()
        return float(re.search(rf"^petahour_{daemon}_{re.escape(name)} (\S+)$", text, re.M)[1])

    def wait_figure(self, daemon, name, value):
        end = time.monotonic() + PATIENCE
        while (found := self.figure(daemon, name)) != value:
            self.assertLess(time.monotonic(), end, f"{daemon} {name} is {found}, not {value}\n{self.m.log(daemon)[-2000:]}")
            time.sleep(0.02)

    def restart(self, name):
        if name == "postgres":
            self.pg.stop()
            self.pg.start()
            return
        self.assertEqual(self.m.kill(name, signal.SIGTERM), 0, self.m.log(name))
        self.assertEqual(self.lines(name)[-1]["event"], "stopped", self.m.log(name))
        self.m.start(name)

    def sell(self):
        """Takes the best of the client's bids: a contract."""
        done = self.m.cli("order", "sell", "--product", "AI.H100.1", "--from", start_of(first_period()), "--periods", "1",
                          "--quantity", "1", "--price", "0.0001", key="supplier")  # fmt: skip
        self.contracts += int(done["filled_unit_periods"])

    def test_each_daemon_once_under_load(self):
        self.contracts = 0
        client = subprocess.Popen(
            [CLIENT_ORDERS, f"{self.m.run}/gateway.ready", self.m.key("buyer"), "1", str(first_period()), str(COUNT), str(STEP)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        waiting, told = list(ORDER), None
        for line in client.stdout:
            words = line.split()
            if words[0] == "answered" and waiting:
                self.restart(waiting.pop(0))
                self.sell()
            if words[0] == "equal":
                told = sum(map(int, words[1:]))
        self.assertEqual(client.wait(PATIENCE), 0)
        self.assertEqual((told, waiting), (COUNT, []))
        self.assertEqual(self.contracts, len(ORDER))
        self.everybody_is_where_the_journal_ends()
        self.every_line_of_the_logs_is_whole()

    def everybody_is_where_the_journal_ends(self):
        self.wait_figure("notary", "contracts_sealed", self.contracts)
        self.wait_figure("gateway", "contracts_signed", self.contracts)
        end = time.monotonic() + PATIENCE
        while len(at := {self.figure(d, "sequence") for d in FOLLOWERS}) > 1:
            self.assertLess(time.monotonic(), end, f"they are at {at}")
            time.sleep(0.02)
        self.assertEqual(self.figure("settle", "epoch"), 2)
        self.assertEqual(self.pg.sql("SELECT count(*) FROM petahour.reconcile"), "0")
        self.assertEqual(self.pg.sql("SELECT count(*) FROM petahour.contract"), str(self.contracts))
        listed = self.m.cli("contract", "list", key="buyer")
        self.assertEqual(len(listed if isinstance(listed, list) else listed["contracts"]), self.contracts)
        self.m.kill("engine", signal.SIGTERM)
        done = subprocess.run([AUDIT, "replay", self.m.journal], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("equal", done.stdout)
        self.m.start("engine")

    def every_line_of_the_logs_is_whole(self):
        for daemon in ("engine", "notary", "replica", "settle", "gateway"):
            starts = 0
            for line in self.lines(daemon):
                self.assertEqual(list(line)[:5], ["time", "level", "program", "event", "msg"])
                self.assertRegex(line["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
                self.assertIn(line["level"], LEVELS)
                self.assertEqual(line["program"], f"petahour-{daemon}")
                self.assertRegex(line["event"], r"^[a-z_0-9]+(\.[a-z_0-9]+)*$")
                self.assertNotEqual(line["level"], "error", line)
                starts += line["event"] == "start"
            self.assertEqual(starts, 3 if daemon == "engine" else 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
