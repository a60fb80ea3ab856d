#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a journal on a disk: engine and auditor each name the file, the offset and
what to do, end with the documented status, and leave every byte as it is.

usage: test_faults.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC STEPS_LIBRARY PETAHOUR_AUDIT
           WRITE_JOURNAL
"""

import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import unittest

import stepped_market

PROGRAMS = (sys.argv[1], sys.argv[2], sys.argv[5])
ENGINE, AUDIT, WRITE_JOURNAL = sys.argv[1], sys.argv[6], sys.argv[7]
PAGE = 4096
PLACE = r'segment \\?"(\d{20}\.phj)\\?" offset (\d+) \(record (\d+)\): '
RESTORE = "restore the"


def batches(path):
    """(offset, first record, records, bytes of header and body) of a segment, from its pages."""
    data, at = read(path), PAGE
    while at < len(data) and data[at : at + 4] == b"PHJB":
        cnt, first, _, _, body = struct.unpack_from("<IQQQI", data, at + 4)
        yield at, first, cnt, 112 + body
        at += (112 + body + PAGE - 1) // PAGE * PAGE


def change(path, at, flip=4):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)[0]
        f.seek(at)
        f.write(bytes([byte ^ flip]))


def read(path):
    with open(path, "rb") as f:
        return f.read()


def contents(folder):
    return {n: read(f"{folder}/{n}") for n in os.listdir(folder) if n.endswith(".phj")}


class Faults(unittest.TestCase):
    """One journal of three segments; each test damages a copy of it."""

    @classmethod
    def setUpClass(cls):
        names = stepped_market.Names()
        cls.run_ = stepped_market.Run(PROGRAMS, names).trade(stepped_market.script(names))
        cls.addClassCleanup(cls.run_.close)
        cls.whole = f"{cls.run_.path}/whole"
        # Without its snapshot: behind one the engine does not read the segments before.
        shutil.copytree(cls.run_.journal, cls.whole, ignore=shutil.ignore_patterns("snapshots"))
        cls.segments = sorted(n for n in os.listdir(cls.whole) if n.endswith(".phj"))
        assert len(cls.segments) == 3, cls.segments
        cls.batches = {n: list(batches(f"{cls.whole}/{n}")) for n in cls.segments}

    def setUp(self):
        self.journal = self.run_.journal
        shutil.rmtree(self.journal)
        shutil.copytree(self.whole, self.journal)

    def path(self, i):
        return f"{self.journal}/{self.segments[i]}"

    def engine(self, **how):
        config = how.pop("config", f"{self.run_.path}/petahour.ini")
        command = [ENGINE, "--config", config]
        return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False, **how)

    def audit(self):
        return subprocess.run([AUDIT, "verify", self.journal], capture_output=True, text=True, timeout=90, check=False)

    def refused(self, what, place, remedy=RESTORE):
        """Engine and auditor refuse, with these words (or each with its own), at (segment, offset,
        record) where known."""
        before = contents(self.journal)
        engine, auditor = self.engine(), self.audit()
        self.assertEqual(contents(self.journal), before, "a refused journal was changed")
        self.assertEqual(auditor.returncode, 8, auditor)
        self.assertEqual(engine.returncode, 1, engine)
        self.assertEqual(engine.stderr.count("level=error"), 1, engine.stderr)
        words = (what, what) if isinstance(what, str) else what
        places = [place, place] if isinstance(place, tuple) else place
        for said, text, where in zip((engine.stderr, auditor.stderr), words, places):
            found = re.search(PLACE, said)
            self.assertIsNotNone(found, said)
            for is_, meant in zip(found.groups(), where):
                if meant is not None:
                    self.assertEqual(is_, str(meant), said)
            self.assertIn(text, said)
            self.assertIn(remedy, said)

    def test_whole(self):
        self.assertEqual(self.audit().returncode, 0)

    # ---- Bits ----------------------------------------------------------------------------------

    def test_a_bit_of_a_record(self):
        for i, name in enumerate(self.segments):
            for at, first, cnt, size in self.batches[name]:
                with self.subTest(segment=name, batch=first):
                    change(self.path(i), at + size - 12)  # the last bytes of the last record
                    self.refused("the checksum of the record is wrong", (name, None, first + cnt - 1))
                    change(self.path(i), at + size - 12)

    def test_a_bit_of_a_batch_header(self):
        name = self.segments[1]
        at, first, _, _ = self.batches[name][3]
        change(self.path(1), at + 20)
        self.refused("the header of the batch is wrong", (name, at, first))

    def test_a_bit_of_a_segment_header(self):
        first = self.batches[self.segments[1]][0][1]
        change(self.path(1), 90)
        self.refused("the header", (self.segments[1], None, first))

    def test_a_bit_behind_the_last_batch(self):
        for i in (0, 2):
            name = self.segments[i]
            at, first, cnt, size = self.batches[name][-1]
            end = at + (size + PAGE - 1) // PAGE * PAGE
            change(self.path(i), end - 1)  # of its padding
            self.refused("the padding of the batch is not zero", (name, end - 1, None))
            change(self.path(i), end - 1)

    # ---- Segments ------------------------------------------------------------------------------

    def test_missing(self):
        for i in (0, 1):
            name = self.segments[i]
            os.rename(self.path(i), f"{self.run_.path}/away")
            self.refused("is missing though later ones exist", (name, 0, int(name[:20])))
            os.rename(f"{self.run_.path}/away", self.path(i))

    def test_swapped(self):
        a, b, away = self.path(0), self.path(1), f"{self.run_.path}/away"
        os.rename(a, away), os.rename(b, a), os.rename(away, b)
        self.refused("the header states another first record than the name", (self.segments[0], 0, 1))

    def test_truncated(self):
        name = self.segments[0]
        at, first, _, _ = self.batches[name][4]
        os.truncate(self.path(0), at + 50)
        self.refused("the header of the batch is wrong", (name, at, first))

    def test_truncated_in_the_header(self):
        for size, what in ((0, "this is not a segment of a journal"), (100, "the hash of the header"), (4095, "a batch is missing or incomplete")):
            shutil.copy(f"{self.whole}/{self.segments[1]}", self.path(1))
            os.truncate(self.path(1), size)
            self.refused(what, (self.segments[1], None, int(self.segments[1][:20])))

    def test_duplicated(self):
        middle = int(self.segments[0][:20]) + 5
        stray = f"{middle:020}.phj"
        shutil.copy(self.path(0), f"{self.journal}/{stray}")
        self.refused("stands between two segments that follow each other", (stray, 0, middle), "move it away")
        os.unlink(f"{self.journal}/{stray}")
        later = f"{900:020}.phj"
        shutil.copy(self.path(2), f"{self.journal}/{later}")
        next_ = max(first + cnt for name in self.segments for _, first, cnt, _ in self.batches[name])
        self.refused(
            ("states another first record than the name", "is missing though later ones exist"),
            [(later, 0, 900), (f"{next_:020}.phj", 0, next_)],
        )

    def test_foreign_of_another_history(self):
        names = stepped_market.Names()  # other keys, so another journal of the same market
        with stepped_market.Run(PROGRAMS, names).trade(stepped_market.script(names)) as other:
            theirs = sorted(n for n in os.listdir(other.journal) if n.endswith(".phj"))[1]
            mine = self.segments[1]
            shutil.copy(f"{other.journal}/{theirs}", self.path(1))
            what = "does not follow the segment before" if theirs == mine else "states another first record"
            self.refused(what, (mine, None, int(mine[:20])))

    def test_foreign_of_another_market(self):
        key = "44" * 32
        elsewhere = f"{self.run_.path}/elsewhere"
        subprocess.run([WRITE_JOURNAL, elsewhere, "market.elsewhere", key, "9"], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)  # fmt: skip
        name = self.segments[1]
        header = bytearray(read(f"{elsewhere}/{self.segments[0]}")[:PAGE])
        mine = read(self.path(1))[:PAGE]
        for at, size in ((16, 8), (88, 32), (120, 8)):  # it fits in every other respect
            header[at : at + size] = mine[at : at + size]
        header[640:672] = hashlib.blake2b(header[:640], digest_size=32, person=b"petahour segment").digest()
        with open(self.path(1), "r+b") as f:
            f.write(header)
        self.refused("the segment belongs to another journal", (name, 0, int(name[:20])))

    # ---- What is no corruption -----------------------------------------------------------------

    def tear(self):
        """The last batch without its end; returns segment, offset, first record, bytes that are left."""
        name = self.segments[2]
        at, first, _, size = self.batches[name][-1]
        with open(self.path(2), "r+b") as f:
            f.seek(at + size - 40)
            f.write(b"\0" * 40)
        return name, at, first, len(read(self.path(2)).rstrip(b"\0")) - at

    def test_a_torn_tail(self):
        """A batch of which sectors are missing was told to nobody: cut, said, and gone on."""
        name, _, first, left = self.tear()
        self.assertEqual(self.audit().returncode, 0)
        process = subprocess.Popen([ENGINE, "--config", f"{self.run_.path}/petahour.ini"], stderr=subprocess.PIPE)
        ready = f"{self.run_.path}/engine.ready"
        said = b""
        while b"ready: " not in said:
            line = process.stderr.readline()
            self.assertTrue(line, said)
            said += line
        process.send_signal(signal.SIGTERM)
        said += process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(90), 0, said)
        self.assertIn(f'cut {left} bytes of a torn last batch off segment \\"{name}\\"'.encode(), said)
        with open(ready, encoding="ascii") as f:
            self.assertIn(f"last = {first - 1}\n", f.read())
        self.assertEqual(self.audit().returncode, 0)

    # ---- What the auditor lists ------------------------------------------------------------------

    def lines(self, path, *words):
        done = subprocess.run([AUDIT, "journal", *words, "--json", path], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def test_a_journal_is_listed_whole(self):
        """Headers, batches and the end are those that the pages of the files have."""
        lines = self.lines(self.journal)
        heads = [line for line in lines if line["line"] == "segment"]
        self.assertEqual([h["segment"] for h in heads], self.segments)
        for h in heads:
            page = read(f"{self.whole}/{h['segment']}")[:PAGE]
            self.assertEqual(h["first"], struct.unpack_from("<Q", page, 16)[0])
            self.assertEqual((h["previous"], h["hash"]), (page[88:120].hex(), page[640:672].hex()))
            self.assertEqual((h["version"], h["market"], h["bytes"]), (1, "market.example", 65536))
        listed = [line for line in lines if line["line"] == "batch"]
        there = [(n, *b) for n in self.segments for b in self.batches[n]]
        self.assertEqual([(b["segment"], b["offset"], b["first"], b["records"]) for b in listed], [b[:4] for b in there])
        for b in listed:
            head = read(f"{self.whole}/{b['segment']}")[b["offset"] : b["offset"] + 112]
            self.assertEqual((b["events"], b["chain"]), (head[40:72].hex(), head[72:104].hex()))
        end = lines[-1]
        self.assertEqual((end["line"], end["last"], end["behind"]), ("end", listed[-1]["last"], "zeros"))

    def test_one_file_is_listed_under_any_name(self):
        whole, name = self.lines(self.journal), self.segments[1]
        shutil.copy(self.path(1), f"{self.run_.path}/a copy")
        for path in (self.path(1), f"{self.run_.path}/a copy"):
            lines = self.lines(path)
            self.assertEqual([line["line"] for line in lines], ["segment", *["batch"] * len(self.batches[name]), "end"])
            mine = [b for b in whole if b["line"] == "batch" and b["segment"] == name]
            self.assertEqual([b["chain"] for b in lines[1:-1]], [b["chain"] for b in mine])
            self.assertEqual(lines[-1]["behind"], "zeros")
        first, last = whole[1]["first"], lines[-1]["last"]
        records = [r for r in self.lines(self.journal, "--records") if r["line"] == "record"]
        self.assertEqual([r["seq"] for r in records], list(range(first, len(records) + 1)))
        self.assertGreater(len(records), last)
        self.assertTrue(all(len(r["events"]) == 16 for r in records))

    def test_a_torn_tail_is_listed(self):
        name, at, first, left = self.tear()
        for path in (self.journal, self.path(2)):
            end = self.lines(path)[-1]
            self.assertEqual((end["behind"], end["torn"], end["offset"]), ("torn", left, at))
            self.assertEqual((end["segment"], end["last"]), (name, first - 1))

    def test_what_is_wrong_in_one_file(self):
        name = self.segments[1]
        at, first, cnt, size = self.batches[name][2]
        change(self.path(1), at + size - 12)  # of its last record
        done = subprocess.run([AUDIT, "journal", self.path(1)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 8, done)
        where = rf'segment "{name}" offset \d+ \(record {first + cnt - 1}\): the checksum of the record is wrong'
        self.assertRegex(done.stderr, where)
        self.assertIn("restore the file", done.stderr)
        done = subprocess.run([AUDIT, "journal", f"{self.journal}/LOCK"], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (8, ""), done)
        self.assertIn('segment "LOCK" offset 0: this is not a segment of a journal', done.stderr)

    # ---- The directory -------------------------------------------------------------------------

    def test_two_engines(self):
        text, other = read(f"{self.run_.path}/petahour.ini"), f"{self.run_.path}/other.ini"
        for mine in (b"engine.spool", b"engine.sock", b"engine.ready"):
            text = text.replace(mine, b"other" + mine)
        with open(other, "wb") as f:
            f.write(text)
        process = subprocess.Popen([ENGINE, "--config", f"{self.run_.path}/petahour.ini"], stderr=subprocess.PIPE)
        try:
            while b"ready: " not in process.stderr.readline():
                self.assertIsNone(process.poll())
            second = self.engine(config=other)
            self.assertEqual(second.returncode, 1, second)
            self.assertIn(self.journal, second.stderr)
            self.assertIn("another engine writes this journal; stop it before this one is started", second.stderr)
        finally:
            process.terminate()
            self.assertEqual(process.wait(90), 0)
            process.stderr.close()

    def test_a_directory_that_cannot_be_written(self):
        how = {}
        if os.geteuid() == 0:  # who may write everywhere
            how = {"user": 65534, "group": 65534, "extra_groups": []}
            for folder, _, names in os.walk(self.run_.path):
                os.chown(folder, 65534, 65534)
                for n in names:
                    os.chown(f"{folder}/{n}", 65534, 65534)
        os.unlink(f"{self.journal}/LOCK")
        os.chmod(self.journal, 0o500)
        try:
            ended = self.engine(**how)
        finally:
            os.chmod(self.journal, 0o700)
        self.assertEqual(ended.returncode, 1, ended)
        self.assertIn(self.journal, ended.stderr)
        self.assertIn("permission denied; give this user the right and start again", ended.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[8:], verbosity=1)
