#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What petahour-audit lists, what it refuses and how it ends, whatever it is given.

usage: test_audit_answers.py PETAHOUR_AUDIT MAKE_JOURNAL JOURNAL_OF SCENARIOS
"""

import contextlib
import fcntl
import json
import os
import struct
import sys
import unittest

from audited import SCENARIOS, Folder, audit, to_full

COMMANDS = ("verify", "replay", "report", "export", "contract", "compare", "invoice", "journal", "simulate", "prove",
            "witness")  # fmt: skip


@contextlib.contextmanager
def engine(journal, durable):
    """LOCK as a living engine has it that made `durable` records durable."""
    lock = os.open(journal / "LOCK", os.O_RDWR | os.O_CREAT)
    try:
        os.pwrite(lock, struct.pack("<QQ", durable, durable ^ (2**64 - 1)), 0)
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        yield
    finally:
        os.close(lock)


class Listing(Folder):
    def test_a_segment_beside_an_engine(self):
        journal = self.day(1000, 100)
        segment = journal / "00000000000000000001.phj"
        with engine(journal, 1000):
            lines = audit("journal", "--json", segment).stdout.splitlines()
        self.assertEqual(json.loads(lines[-1])["behind"], "written")
        batch = json.loads(lines[5])
        with open(segment, "r+b") as f:
            f.seek(batch["offset"] + 300)
            f.write(b"\xff\xfe")
        for durable in (1000, batch["first"]):
            with engine(journal, durable):
                done = audit("journal", segment)
                self.assertEqual(done.returncode, 8, done)
                self.assertIn(f'segment "{segment.name}" offset', done.stderr)
        with engine(journal, batch["first"] - 1):  # what is there now may not be what the engine leaves
            self.assertIn("an engine writes behind it", audit("journal", segment).stdout)

    def test_a_request_needs_all_its_bits(self):
        tick = {"at": 1, "command": "TICK"}
        journal = self.scenario([json.dumps(tick | {"request": n}) for n in (2**63 - 1, 2**63, 2**64 - 1)])
        lines = [json.loads(line) for line in audit("journal", "--records", "--json", journal).stdout.splitlines()]
        requests = [line["request"] for line in lines if line["line"] == "record"]
        self.assertEqual(requests, [0, 2**63 - 1, str(2**63), str(2**64 - 1)])

    def test_a_pipe_or_link_in_the_place_of_a_file_is_said(self):
        for name in ("00000000000000000001.phj", "LOCK"):
            journal = self.day(300, 100, len(name))
            (journal / name).unlink()
            os.mkfifo(journal / name)
            for command in ("verify", "replay", "journal"):
                done = audit(command, journal)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn("not a regular file", done.stderr)
            (journal / name).unlink()
            (journal / name).symlink_to("elsewhere")
            done = audit("verify", journal)
            self.assertEqual(done.returncode, 1, done)
            self.assertIn("a symbolic link, which is not followed", done.stderr)


class Statuses(Folder):
    def test_help_that_cannot_be_written_is_a_failure(self):
        for words in (("help",), ("help", "verify"), ("verify", "--usage"), ("--version",)):
            done = to_full(*words)
            self.assertEqual((done.returncode, done.stderr.count("could not write to standard output")), (1, 1), done)

    def test_a_finding_stands_when_the_output_fails(self):
        done = to_full("replay", self.scenario("example-7", bent=12))
        self.assertEqual(done.returncode, 8, done)
        self.assertIn("could not write to standard output: No space left on device", done.stderr)

    def test_help_tells_of_every_command(self):
        top = audit("help")
        self.assertEqual((top.returncode, top.stdout), (0, audit("--help").stdout))
        for command in COMMANDS:
            self.assertIn(f"  {command} ", top.stdout)
            told = audit("help", command)
            self.assertEqual((told.returncode, told.stderr), (0, ""))
            self.assertEqual(told.stdout, audit(command, "--help").stdout)
            self.assertTrue(told.stdout.startswith(f"Usage: petahour-audit {command} "), told.stdout)
        done = audit("help", "replya")
        self.assertEqual(done.returncode, 2)
        self.assertIn('did you mean "replay"?', done.stderr)

    def test_a_folder_or_file_that_was_not_meant_gets_a_hint(self):
        journal = self.day(300)
        (run := self.folder / "run").mkdir()
        journal.rename(run / "journal")
        for command in ("verify", "replay", "journal"):
            done = audit(command, run)
            self.assertEqual(done.returncode, 4, command)
            self.assertIn(f'there is no journal in "{run}"; there is one in "{run}/journal"', done.stderr)
        export, database = ("--what=all", "--format=csv", "--out", self.folder / "out"), "--database=host=/nowhere"
        for command, *more in (("verify",), ("replay",), ("report",), ("export", *export), ("contract", "--id=1"),
                               ("compare", database)):  # fmt: skip
            done = audit(command, run / "journal" / "00000000000000000001.phj", *more)
            self.assertEqual(done.returncode, 1, command)
            self.assertIn('a segment alone is read by the command "journal"', done.stderr)
        done = audit("verify", "--json", broken := self.day(301))
        self.assertEqual((done.returncode, json.loads(done.stdout)["records"]), (0, 301))
        with open(broken / "00000000000000000001.phj", "r+b") as f:
            f.seek(8300)
            f.write(b"\xff\xfe")
        self.assertEqual(audit("verify", "--json", broken).stdout, "")

    def test_what_would_be_ignored_is_refused(self):
        journal, key = self.scenario("example-7"), "--key=" + "00" * 32
        for said, *args in (
            ("--key is for --log and --contracts", "verify", journal, key),
            ("--id shows", "contract", journal, "--id=1", key),
            ("--entry is for check", "prove", "inclusion", "1", "--log=x", key, "--entry=" + "00" * 32),
            ("--entry is for check", "prove", "check", "x", "--journal", journal, "--entry=" + "00" * 32),
            ("--month 2026-13: not a month", "invoice", "--database=x", "--month=2026-13"),
            ("from 1 to 4294967295", "invoice", "--database=x", "--month=2026-12", "--participant=4294967296"),
        ):
            done = audit(*args)
            self.assertEqual(done.returncode, 2, done)
            self.assertIn(said, done.stderr)

    def test_every_command_has_the_statuses_of_the_guide(self):
        good, bent = self.scenario("example-7"), self.scenario("example-7", bent=12)
        nowhere, broken = self.folder / "nowhere", self.day(300)
        with open(broken / "00000000000000000001.phj", "r+b") as f:
            f.seek(8300)
            f.write(b"\xff\xfe")
        (self.folder / "empty").mkdir()
        (self.folder / "notes.jsonl").write_text('{"note": "no command"}\n')
        (self.folder / "file").write_text("{}")
        export, out = ("--what=orders", "--format=csv"), self.folder / "file" / "out"
        key, database = "--key=" + "00" * 32, "--database=host=/nowhere"
        table = [
            ("invoice", 1, database, "--month=2026-11"), ("invoice", 2, database), ("invoice", 2, database, "--month=11"),
            ("verify", 0, good), ("verify", 2), ("verify", 4, nowhere), ("verify", 4, self.folder / "empty"),
            ("verify", 8, broken), ("verify", 2, good, good), ("verify", 4, good, "--log", nowhere),
            ("replay", 0, good), ("replay", 2, "--until=0", good), ("replay", 4, nowhere), ("replay", 8, broken),
            ("replay", 8, bent), ("replay", 2, "--state-every=x", good),
            ("report", 0, good), ("report", 2, "--from=soon", good), ("report", 4, nowhere), ("report", 8, bent),
            ("report", 8, broken), ("report", 2, "--from=2001-01-02", "--to=2001-01-01", good),
            ("report", 2, "--top=0", good), ("report", 4, "--to=1970-01-02", good),
            ("export", 0, good, *export), ("export", 2, good), ("export", 2, good, "--what=all", "--format=csv"),
            ("export", 2, good, "--what=orders", "--format=xml"), ("export", 4, nowhere, *export),
            ("export", 8, bent, *export), ("export", 8, broken, *export), ("export", 1, good, *export, "--out", out),
            ("contract", 0, good, "--id=1"), ("contract", 2), ("contract", 4, good, "--id=99"),
            ("contract", 4, good, nowhere), ("contract", 8, good, self.folder / "file"),
            ("compare", 2, good), ("compare", 4, nowhere, database), ("compare", 1, good, database),
            ("compare", 8, bent, database),
            ("journal", 0, good), ("journal", 2, good, "--from=9", "--to=8"), ("journal", 4, nowhere),
            ("journal", 8, broken), ("journal", 4, good, "--from=19"), ("journal", 4, good, "--from=19", "--records"),
            ("journal", 4, good / "00000000000000000001.phj", "--from=19"), ("journal", 0, good, "--from=18", "--to=99"),
            ("simulate", 0, SCENARIOS / "example-1.jsonl"), ("simulate", 2), ("simulate", 4, nowhere),
            ("simulate", 1, self.folder / "notes.jsonl"), ("simulate", 1, "/dev/zero"),
            ("prove", 2), ("prove", 2, "inclusion", "1"), ("prove", 4, "inclusion", "1", "--log", nowhere, key),
            ("prove", 4, "check", nowhere, key),
            ("witness", 2), ("witness", 4, "--log", nowhere, key, "--state", nowhere, "--witness-key", nowhere),
        ]  # fmt: skip
        self.assertEqual({row[0] for row in table}, set(COMMANDS))
        for command, status, *args in table:
            with self.subTest(f"{command} {' '.join(map(str, args))}"):
                done = audit(command, *args)
                self.assertEqual(done.returncode, status, done)
                if status != 0:
                    self.assertTrue(done.stderr.startswith("petahour-audit"), done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[5:]])
