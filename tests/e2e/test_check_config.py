#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every daemon tells every fault of its configuration with the line, and starts and changes nothing.

usage: test_check_config.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_REPLICA
                            PETAHOUR_SETTLE
"""

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import skips

PETAHOUR = sys.argv[1]
DAEMONS = dict(zip(["engine", "notary", "gateway", "replica", "settle"], sys.argv[2:7]))
PATIENCE = 60


class CheckConfig(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ph-check-")
        self.addCleanup(folder.cleanup)
        self.run = run = Path(folder.name)
        (run / "journal").mkdir()
        (run / "a file").write_text("x", encoding="utf-8")
        os.chmod(run / "a file", 0o600)
        for name in ("notary", "gateway", "operator"):
            subprocess.run([PETAHOUR, "keygen", "--name", name, "--out", run / f"{name}.key"],
                           check=True, capture_output=True, timeout=PATIENCE)  # fmt: skip
        public = dict(re.findall(r"(\w+) = (\S+)", (run / "operator.key").read_text(encoding="utf-8")))
        self.good = {
            "market": {"name": "market.example"},
            "engine": {
                "journal": run / "journal", "spool": run / "engine.spool", "link": f"ipc://{run}/engine.sock",
                "operator_name": "operator", "operator_curve_key": public["curve_public"],
                "operator_sign_key": public["sign_public"], "notary_sign_key": public["sign_public"],
                "ready_file": run / "engine.ready",
            },
            "notary": {
                "journal": run / "journal", "key_file": run / "notary.key", "spool": run / "notary.spool",
                "link": f"ipc://{run}/notary.sock", "log": run / "log",
            },
            "gateway": {
                "engine_link": f"ipc://{run}/engine.sock", "notary_link": f"ipc://{run}/notary.sock",
                "replica_link": f"ipc://{run}/replica.sock", "key_file": run / "gateway.key",
                "order_entry": "tcp://127.0.0.1:*", "market_data": "tcp://127.0.0.1:7002",
            },
            "replica": {"journal": run / "journal", "link": f"ipc://{run}/replica.sock"},
            "settle": {"journal": run / "journal", "database": "host=/nowhere dbname=petahour", "snapshots": run / "s",
                       "notary_link": f"ipc://{run}/notary.sock"},
        }  # fmt: skip

    def write(self, sections, more=""):
        lines = []
        for section, rows in sections.items():
            lines += [f"[{section}]", *(f"{key} = {value}" for key, value in rows.items())]
        (self.run / "petahour.ini").write_text("\n".join(lines) + "\n" + more, encoding="utf-8")
        return lines

    def state(self):
        return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in self.run.rglob("*"))

    def check(self, daemon):
        before = self.state()
        done = subprocess.run([DAEMONS[daemon], "--config", self.run / "petahour.ini", "--check-config"],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(self.state(), before)
        return done

    def faults(self, daemon, sections, more=""):
        """{line: sentence} of what is told; the last line counts them."""
        self.write(sections, more)
        done = self.check(daemon)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        *told, last = done.stderr.splitlines()
        one = re.escape(str(self.run / "petahour.ini"))
        found = [re.fullmatch(rf"{one}:(?:(\d+):)? (.+)", line) for line in told]
        self.assertTrue(all(found), done.stderr)
        self.assertRegex(last, rf"^{one}: {len(told)} faults? for petahour-{daemon}$")
        return [(int(m[1] or 0), m[2]) for m in found]

    def test_good_ones(self):
        self.write(self.good)
        for daemon in DAEMONS:
            with self.subTest(daemon):
                done = self.check(daemon)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(done.stdout, f"{self.run}/petahour.ini: good\n")

    def test_each_fault_is_told_with_its_line_and_what_to_do(self):
        run = self.run
        (run / "open.key").write_bytes((run / "notary.key").read_bytes())
        os.chmod(run / "open.key", 0o644)
        long = f"ipc:///tmp/{'x' * 110}"
        rows = [
            ("engine", "journal", f"{run}/a/b", "whose folder is not there: make the folder"),
            ("engine", "journal", f"{run}/a file", "which is no folder"),
            ("engine", "spool", f"{run}/none/spool", "make the folder, or correct the path"),
            ("engine", "spool", f"{run}/journal", "which is no regular file"),
            ("engine", "link", "tcp://127.0.0.1:1", "write ipc:// and the socket's path"),
            ("engine", "link", long, "at most 107 bytes: choose a shorter folder"),
            ("engine", "ready_file", f"{run}/none/ready", "whose folder is not there"),
            ("engine", "operator_sign_key", "12", "64 hexadecimal digits"),
            ("engine", "segment_kib", "65", "must be a multiple of 4, not 65"),
            ("engine", "ring_periods", "1000", "must be a power of two, not 1000"),
            ("engine", "orders_max", "many", "whole number from 1 to 67108864, not \"many\""),
            ("engine", "order_max", "7", "has no key \"order_max\"; the closest is \"orders_max\""),
            ("notary", "journal", f"{run}/nowhere", "start the program that makes it first"),
            ("notary", "key_file", f"{run}/open.key", "others can read it (mode 0644); run chmod 600"),
            ("notary", "key_file", f"{run}/nowhere.key", "petahour keygen writes such a file"),
            ("notary", "other_key_file", f"{run}/a file", "neither \"key = value\""),
            ("notary", "log", f"{run}/a file", "which is no folder"),
            ("gateway", "engine_link", "engine.sock", "write ipc:// and the socket's path"),
            ("gateway", "replica_link", f"ipc://{run}/none/x", "make the folder, or correct the path"),
            ("gateway", "notary_link", f"ipc://{run}/engine.sock", "is the socket of \"engine_link\""),
            ("gateway", "order_entry", "127.0.0.1:7001", "write tcp://ADDRESS:PORT"),
            ("gateway", "order_entry", "tcp://127.0.0.1", "which lacks address or port"),
            ("gateway", "order_entry", "tcp://127.0.0.1:70000", "whose port is not from 1 to 65535"),
            ("gateway", "market_data", "tcp://127.0.0.1:7001", "the address of \"order_entry\""),
            ("gateway", "key_file", f"{run}/open.key", "others can read it"),
            ("gateway", "sessions_max", "0", "whole number from 1 to 10000"),
            ("replica", "journal", f"{run}/a file", "which is no folder"),
            ("replica", "link", "ipc://", "write ipc:// and the socket's path"),
            ("replica", "ended_orders", "100000001", "whole number from 0 to 100000000"),
            ("replica", "ended_contracts", "-1", "whole number from 0 to 100000000"),
            ("replica", "statement_rows", "0", "whole number from 1 to 100000000"),
            ("settle", "journal", f"{run}/nowhere", "which is not there"),
            ("settle", "snapshots", f"{run}/none/s", "whose folder is not there"),
            ("settle", "notary_link", "tcp://127.0.0.1:1", "write ipc:// and the socket's path"),
            ("settle", "notary_link", f"ipc://{run}/none/x", "make the folder, or correct the path"),
            ("settle", "database", "dbname=x passwor=y", "invalid connection option \"passwor\""),
            ("settle", "database", "dbname=x password=y", "write passfile=FILE instead"),
            ("settle", "database", "dbname=x sslpassword=y", "write passfile=FILE instead"),
            ("settle", "database", "postgresql://a:secret@/x", "write passfile=FILE instead"),
            ("settle", "database", "dbname=x port=abc", "port is \"abc\": write a number from 1 to 65535"),
            ("settle", "database", "dbname=x port=0", "write a number from 1 to 65535"),
            ("settle", "database", "dbname=x host=a,b port=1,65536", "write a number from 1 to 65535"),
            ("settle", "database", "dbname=x sslmode=full", "sslmode is \"full\": write one of disable"),
            ("settle", "database", "dbname=x target_session_attrs=primry", "write one of any read-write"),
            ("settle", "database", "dbname=x connect_timeout=5s", "connect_timeout is \"5s\": write a whole number"),
            ("settle", "database", f"dbname=x passfile={run}/none", "could not be found: No such file or directory"),
            ("settle", "database", f"dbname=x passfile={run}", "which is no regular file"),
            ("settle", "database", f"dbname=x passfile={run}/open.key", "others can read (mode 0644): run chmod 600"),
            ("settle", "database", f"dbname=x sslrootcert={run}/none", "sslrootcert is \"" + f"{run}/none\", which could"),
            ("settle", "database", f"dbname=x sslkey={run}/open.key", "others can read (mode 0644): run chmod 600"),
        ]  # fmt: skip
        for daemon, key, value, says in rows:
            with self.subTest(daemon=daemon, key=key, value=value):
                sections = {name: dict(rows) for name, rows in self.good.items()}
                if key == "market_data":
                    sections["gateway"]["order_entry"] = value
                sections[daemon].pop(key, None)
                sections[daemon][key] = value
                lines = self.write(sections)
                told = self.faults(daemon, sections)
                self.assertEqual([line for line, _ in told], [lines.index(f"{key} = {value}") + 1], told)
                self.assertIn(says, told[0][1])
                # It is no fault of the others, whose sections are good.
                for other in DAEMONS:
                    if other != daemon:
                        self.assertEqual(self.check(other).returncode, 0)

    def test_all_faults_are_told_at_once(self):
        good = self.good
        sections = {
            "market": {"nmae": "x", "currency": "usd"},
            "engine": {**good["engine"], "orders_max": "0", "segment_kib": "x", "orders_max ": "5"},
            "motor": {"x": "y"},
        }
        del sections["engine"]["spool"]
        told = self.faults("engine", sections, "no pair\n[open\n")
        text = "\n".join(f"{line} {says}" for line, says in told)
        for says in (
            '2 [market] has no key "nmae"', '3 "currency" must be three capital letters', '12 "orders_max" must be',
            '13 "segment_kib" must be', '14 "orders_max" was given in line 12', "16 no program has a section [motor]",
            '17 neither "key = value"', '18 neither "key = value"', '0 [market] lacks "name"', '0 [engine] lacks "spool"',
        ):  # fmt: skip
            self.assertIn(says, text)
        self.assertEqual(len(told), 10, text)
        # What the words name is looked at together, too.
        places = {**good, "engine": {**good["engine"], "spool": "/nowhere/s", "link": "tcp://x:1", "segment_kib": "65"}}
        self.assertEqual(len(self.faults("engine", places)), 3)

    def test_what_values_mean_is_told_beside_what_the_words_say(self):
        """A key that is wrong hides no fault of another one, and none is told twice or of a value that is not there."""
        run, good = self.run, self.good
        (run / "a file").chmod(0o644)
        told = self.faults("settle", {**good, "settle": {
            "jurnal": "x", "journal": f"{run}/nowhere", "answer_seconds": "soon",
            "database": f"port=abc sslmode=x passfile={run}/none sslcert={run}/none password=y", "foo": "1"}})  # fmt: skip
        text = "\n".join(f"{line} {says}" for line, says in told)
        for says in (
            '[settle] has no key "jurnal"; the closest is "journal"', '"journal" is', '"answer_seconds" must be',
            '"database": port is', '"database": sslmode is', '"database": passfile is', '"database": sslcert is',
            '"database": it has a password', '[settle] has no key "foo" (--print-config',
        ):  # fmt: skip
            self.assertEqual(text.count(says), 1, (says, text))
        self.assertEqual(len(told), 9, text)
        told = self.faults("engine", {**good, "engine": {**good["engine"], "orders_max": "0", "segment_kib": "65"}})
        self.assertEqual(len(told), 2, told)
        # Of a value that the file has not, nothing is told but that.
        [(_, says)] = self.faults("gateway", {**good, "gateway": {
            key: value for key, value in good["gateway"].items() if key != "engine_link"}})  # fmt: skip
        self.assertIn('lacks "engine_link"', says)

    def test_hints_are_near(self):
        for key, hint in (("foo", None), ("x", None), ("jurnal", "journal"), ("databse", "database"),
                          ("monitr", "monitor"), ("folder_of_journal", None)):  # fmt: skip
            sections = {**self.good, "settle": {**self.good["settle"], key: "1"}}
            [(_, says)] = self.faults("settle", sections)
            closest = re.search('the closest is "(.+?)"', says)
            self.assertEqual(closest and closest[1], hint, says)

    def test_a_start_takes_no_other_database_than_a_check(self):
        """What no network is to blame for ends the start, and says where to mend it."""
        run = self.run
        for value, says in (
            ("host=/nowhere dbname=x port=abc", "port is"), ("host=/nowhere dbname=x password=y", "write passfile=FILE"),
            ("host=/nowhere dbname=x sslmode=x", "sslmode is"), (f"host=/nowhere dbname=x passfile={run}/none", "passfile is"),
            (f"host=/nowhere dbname=x sslrootcert={run}/none", "sslrootcert is"), ("dbname=x passwor=y", "passwor"),
        ):  # fmt: skip
            with self.subTest(value):
                lines = self.write({**self.good, "settle": {**self.good["settle"], "database": value}})
                done = subprocess.run([DAEMONS["settle"], "--config", run / "petahour.ini"], capture_output=True,
                                      text=True, timeout=PATIENCE, check=False)  # fmt: skip
                self.assertEqual(done.returncode, 1, done.stderr)
                line = lines.index(f"database = {value}") + 1
                self.assertRegex(done.stderr, rf"could not use configuration .*petahour.ini.*, line {line}: .*{says}")
                self.assertNotIn("database_away", done.stderr)

    def test_tables_that_the_memory_cannot_hold(self):
        most = {"orders_max": 1 << 26, "order_periods_max": 1 << 28, "contracts_max": 1 << 28, "lots_max": 1 << 28,
                "levels_max": 1 << 27, "products_max": 1 << 16, "ring_periods": 1 << 15}  # fmt: skip
        [(_, says)] = self.faults("engine", {**self.good, "engine": {**self.good["engine"], **most}})
        self.assertRegex(says, r"take \d+ MiB when they are full, and this machine has \d+ MiB: lower the largest of")

    def test_the_market_must_be_one_that_can_be_signed_for(self):
        sections = {**self.good, "market": {"name": "a+b"}}
        [(line, says)] = self.faults("notary", sections)
        self.assertEqual(line, 2)
        self.assertIn("printable ASCII", says)

    def test_no_file_and_no_option(self):
        for daemon, program in DAEMONS.items():
            with self.subTest(daemon):
                done = subprocess.run([program, "--config", "/nowhere.ini", "--check-config"], capture_output=True,
                                      text=True, timeout=PATIENCE, check=False)  # fmt: skip
                self.assertEqual(done.returncode, 1)
                self.assertIn("/nowhere.ini: could not be opened: No such file", done.stderr)
                for option in ("--check-config", "--print-config"):
                    done = subprocess.run([program, option], capture_output=True, text=True, timeout=PATIENCE, check=False)
                    self.assertEqual(done.returncode, 2)
                    self.assertIn("give --config FILE", done.stderr)
                done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=PATIENCE, check=True)
                self.assertRegex(done.stdout, r"--print-config +with --config:")

    def test_what_the_user_may_not_use(self):
        if os.geteuid() != 0:
            skips.without("root", "only root can start a program as another user")
        self.write(self.good)
        os.chmod(self.run, 0o755)
        os.chmod(self.run / "journal", 0o700)
        for daemon, cnt in (("engine", 4), ("settle", 2)):
            done = subprocess.run(
                ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", DAEMONS[daemon], "--config",
                 self.run / "petahour.ini", "--check-config"],
                capture_output=True, text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            if "ermission denied" in done.stderr:
                skips.without("root", "the build folder is not open to other users")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stderr.count("start the program as its own user"), cnt, done.stderr)


if __name__ == "__main__":
    skips.main(sys.argv[:1])
