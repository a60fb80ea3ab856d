#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""petahour meter: recordings become delivery reports, and these become money.

usage: test_meter.py PETAHOUR ENGINE NOTARY GATEWAY JOURNAL_OF AUDIT RECORDINGS

The recordings are synthetic and in the true formats: two cards read every 30 s from 30 s before a
period of 900 s to 30 s after the next.  The second card is away from 300 s to 600 s, and cannot be
read at 1200 s and 1230 s.  Their times are moved to the hours of the market's contracts.
"""

import calendar
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

from live_market import HASH, PATIENCE
from past_market import LAST, STEP, PastMarket, at

JOURNAL_OF, AUDIT, RECORDINGS = sys.argv[5:8]
RECORDED = 1795896000  # 2026-11-28T20:00:00Z: the first period of the recordings
CARDS = ("GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52", "GPU-8f1f4d06-07fd-27a7-52d5-e58aa060d256")
# Unit-seconds and watt-hours of the two periods, reckoned by hand: 2 x 900 s without 300 s and without
# 90 s; 500 W x 900 s + 300 W x 600 s, and 700.25 W x 900 s + 300 W x 810 s, in hours.
COUNTED = [(1500, 175), (1710, 242)]


def recording(name, shift):
    """A recording whose times are moved by so many seconds."""
    with open(f"{RECORDINGS}/{name}", encoding="utf-8") as f:
        text = f.read()
    text = re.sub(r"\b1795\d{9}\b", lambda m: str(int(m[0]) + 1000 * shift), text)

    def moved(m):
        seconds = calendar.timegm(time.strptime(m[0], "%Y-%m-%dT%H:%M:%S"))
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds + shift))

    return re.sub(r"2026-11-28T\d\d:\d\d:\d\d", moved, text)


class Metered(unittest.TestCase):
    """A market of its own, with files to count."""

    @classmethod
    def setUpClass(cls):
        cls.m = m = PastMarket(sys.argv[1:5], JOURNAL_OF)
        cls.addClassCleanup(m.close)
        cls.notary = m.keys["notary"]["sign_public"]
        os.mkdir(f"{m.run}/contracts")
        end = time.monotonic() + PATIENCE
        for number in (1, 2):
            path = f"{m.run}/contracts/{number}.json"
            while m.raw("contract", "save", str(number), "--out", path, key="supplier").returncode == 4:
                assert time.monotonic() < end, "the notary signed nothing"
        cls.shift = (LAST - 1) * STEP - RECORDED
        cls.exporter = cls.file("exporter.prom", recording("dcgm-exporter.prom", cls.shift))
        cls.sacct = cls.file("sacct.txt", recording("sacct.txt", cls.shift))
        cls.cards = [cls.file(f"cards{n}", "".join(f"{n} {card}\n" for card in CARDS)) for n in (1, 2)]

    @classmethod
    def file(cls, name, text):
        path = f"{cls.m.run}/{name}"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def words(self, verb, path, form, *more):
        words = ["meter", verb, path, "--format", form, "--contracts", f"{self.m.run}/contracts"]
        return [*words, "--notary-key", self.notary, *more]

    def count(self, *words):
        return [r for r in self.m.cli(*self.words("count", *words)) if r["delivered"]]

    def refused(self, code, text, *words, key=None):
        done = self.m.raw(*words, key=key)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertIn(text, done.stderr)
        return done.stderr

    def report(self, path, form, *more, key, status=0):
        done = self.m.raw(*self.words("report", path, form, *more), "--json", key=key)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def reports_in_journal(self, contract):
        done = subprocess.run([AUDIT, "export", self.m.journal, "--what", "deliveries", "--format", "csv"],
                              capture_output=True, text=True, timeout=PATIENCE, check=True)  # fmt: skip
        return [(int(r["period"]), int(r["figure_unit_seconds"])) for r in csv.DictReader(io.StringIO(done.stdout))
                if r["step"] == "REPORTED" and r["contract"] == str(contract)]  # fmt: skip


class Metering(Metered):
    # ---- counting, without a market ------------------------------------------------------------

    def test_a_scrape_is_counted(self):
        rows = self.count(self.exporter, "dcgm-exporter", "--cards", self.cards[0])
        self.assertEqual([(r["period"], r["delivered"], r["promised"], r["energy_wh"], r["outcome"]) for r in rows],
                         [(LAST - 1, COUNTED[0][0], 1800, COUNTED[0][1], "counted"),
                          (LAST, COUNTED[1][0], 1800, COUNTED[1][1], "counted"),
                          (LAST + 1, 60, 1800, 8, "not covered")])  # fmt: skip
        rows = self.count(self.exporter, "dcgm-exporter", "--cards", self.cards[0], "--gap", "400")
        self.assertEqual([r["delivered"] for r in rows][0], 1800, "the time away is shorter than the gap")
        rows = self.m.cli(*self.words("count", self.exporter, "dcgm-exporter", "--cards", self.cards[0], "--gap", "29"))
        self.assertEqual({r["delivered"] for r in rows}, {0}, "no two readings are near enough")

    def test_more_cards_than_were_sold_count_no_more(self):
        more = recording("dcgm-exporter.prom", self.shift).replace(CARDS[1], "GPU-third")
        both = self.file("three.prom", recording("dcgm-exporter.prom", self.shift) + more.replace(CARDS[0], "GPU-fourth"))
        cards = self.file("four", "".join(f"1 {c}\n" for c in (*CARDS, "GPU-third", "GPU-fourth")))
        self.assertEqual([r["delivered"] for r in self.count(both, "dcgm-exporter", "--cards", cards)], [1800, 1800, 60])

    def test_dmon_is_counted(self):
        dmon = self.file("dmon.txt", recording("dcgmi-dmon.txt", self.shift))
        cards = self.file("dmon.cards", "# contract, card\n1 GPU 0\n1 GPU 1\n")
        rows = self.count(dmon, "dcgmi-dmon", "--cards", cards)
        self.assertEqual([(r["period"], r["delivered"], r["energy_wh"], r["outcome"]) for r in rows],
                         [(LAST - 1, 1500, 125, "counted"), (LAST, 60, 4, "not covered")])  # fmt: skip

    def test_a_card_that_could_not_be_read_is_not_read_again(self):
        """Behind a blank reading, lines of the time before it count nothing twice."""
        lines = [f"{at((LAST - 1) * STEP)} # Entity  GPUTL"]
        lines += [f"{at((LAST - 1) * STEP + s)} GPU 0  {'N/A' if s == 60 else 5}" for s in (0, 30, 60, 0, 30)]
        dmon = self.file("again.dmon", "".join(line + "\n" for line in lines))
        words = (dmon, "dcgmi-dmon", "--cards", self.file("again.cards", "1 GPU 0\n"))
        said = self.refused(1, "nothing was counted", *self.words("count", *words))
        for n in (5, 6):
            self.assertRegex(said, rf"again\.dmon:{n}: its time is before that of the card's last reading")
        self.assertEqual([r["delivered"] for r in self.count(*words, "--skip-bad")], [30])

    def test_sacct_is_counted(self):
        """Steps, other reservations and waiting jobs are left out; a running job counts up to --until."""
        since = ("--since", at((LAST - 1) * STEP))
        rows = self.count(self.sacct, "sacct", *since, "--until", at((LAST + 1) * STEP))
        self.assertEqual([(r["contract"], r["period"], r["delivered"]) for r in rows if r["contract"] == 1],
                         [(1, LAST - 1, 1680), (1, LAST, 920)])  # fmt: skip
        self.refused(2, "--since is missing", *self.words("count", self.sacct, "sacct"))
        self.refused(2, "--since is after --until", *self.words("count", self.sacct, "sacct", *since, "--until", at((LAST - 2) * STEP)))
        self.refused(2, "in the future", *self.words("count", self.sacct, "sacct", *since, "--until", "2099-01-01T00:00:00Z"))
        self.refused(2, "not followed", *self.words("report", self.sacct, "sacct", *since, "--state", f"{self.m.run}/x", "--follow"),
                     key="supplier")  # fmt: skip
        for words in (("--cards", self.cards[0]), ("--allow-absent",)):
            self.refused(2, "are for recordings of cards", *self.words("count", self.sacct, "sacct", *since, *words))
        for words in (since, ("--until", at(LAST * STEP))):
            self.refused(2, "are for sacct", *self.words("count", self.exporter, "dcgm-exporter", "--cards", self.cards[0], *words))

    # ---- what scontrol says of reservations ----------------------------------------------------

    @staticmethod
    def told(second, nodes, *reservations):
        """Lines of one reading: nodes by name, their State and Gres; name, Nodes, NodeCnt and State of reservations."""
        lines = [f"NodeName={name} Arch=x86_64 CPUTot=8 Gres={gres} NodeAddr=10.0.0.1 State={state} Partitions=market "
                 f"BootTime=None CfgTRES=cpu=8" for name, (state, gres) in nodes.items()]  # fmt: skip
        lines += [f"ReservationName={name} StartTime=2026-11-28T20:00:00 EndTime=2026-11-29T20:00:00 Nodes={listed} NodeCnt={cnt} "
                  f"CoreCnt={8 * cnt} Features=(null) Flags=SPEC_NODES TRES=cpu={8 * cnt} Users=lab State={state} Watts=n/a"
                  for name, listed, cnt, state in reservations]  # fmt: skip
        return "".join(f"{at((LAST - 1) * STEP + second)} {line}\n" for line in lines)

    def held(self):
        """Two contracts of two cards.  Of the first a node is down from 330 s to 600 s, and nothing is held at 930 s and
        960 s; the second has one card on n10, for its n1 and login node have none, and its n2 does not respond or has no state."""
        text = ""
        for second in range(0, 2 * STEP + 1, 30):
            is_down = 330 <= second <= 600
            nodes = {"gpu01": ("MIXED+RESERVED", "gpu:h100:1(S:0-1)"), "gpu02": ("DOWN" if is_down else "ALLOCATED", "gpu:1,shard:4"),
                     "n1": ("IDLE", "shard:2"), "n2": ("IDLE+NOT_RESPONDING" if second < 600 else "", "gpu:4"), "n10": ("IDLE+PLANNED", "gpu:h100:1"),
                     "login": ("IDLE", "(null)")}  # fmt: skip
            nodes |= dict.fromkeys(("gpu1", "gpu002", "n01", "n3", "n11", "n1x", "logi", "login2"), ("IDLE", "gpu:8"))
            text += self.told(second, nodes, ("maintenance", "n[1-11]", 11, "ACTIVE"), ("petahour_99_7", "gpu1", 1, "ACTIVE"),
                              (f"petahour_1_{LAST - 1}", "gpu[01-02]", 2, "INACTIVE" if second in (930, 960) else "ACTIVE"),
                              (f"petahour_2_{LAST - 1}", "n[1-2,10],login", 4, "ACTIVE"))  # fmt: skip
        return text

    def test_what_is_reserved_is_counted(self):
        path = self.file("scontrol.txt", self.held())
        rows = self.count(path, "scontrol")
        # 300 s of both, then until 630 s of one, 270 s of both; 810 s of both from 990 s on.
        self.assertEqual([(r["contract"], r["period"], r["delivered"], r["outcome"]) for r in rows],
                         [(1, LAST - 1, 2 * 300 + 330 + 2 * 270, "counted"), (1, LAST, 2 * 810, "counted"),
                          (2, LAST - 1, 900, "counted"), (2, LAST, 900, "counted")])  # fmt: skip
        rows = self.m.cli(*self.words("count", path, "scontrol", "--gap", "29"))
        self.assertEqual({r["delivered"] for r in rows}, {0}, "no two readings are near enough")
        for words, said in ((("--cards", self.cards[0]), "recordings of cards"), (("--allow-absent",), "recordings of cards"),
                            (("--since", at(LAST * STEP)), "are for sacct")):
            self.refused(2, said, *self.words("count", path, "scontrol", *words))

    def test_bad_readings_of_a_cluster_are_named(self):
        ours = (f"petahour_1_{LAST - 1}", "gpu[01-02]", 2, "ACTIVE")
        both = {"gpu01": ("IDLE", "gpu:1"), "gpu02": ("IDLE", "gpu:1")}
        late = at(time.time() + 3600)
        text = self.told(15, both, ours) + self.told(30, {"gpu01": both["gpu01"]}, ours)
        text += self.told(60, dict.fromkeys(both, ("IDLE", "(null)")), ours)
        text += self.told(60, {}, (ours[0], "(null)", 0, "ACTIVE")).replace("CoreCnt", "Cores")
        text += self.told(0, both, ours) + "20:00 NodeName=gpu01 State=IDLE\nNodeName=gpu01\n" + f"{late} NodeName=gpu01 State=IDLE\n"
        text += f"{at(LAST * STEP)} NodeName=gpu01 Gres=gpu:1\n{at(LAST * STEP)} No reservations in the system\n"
        path = self.file("bad.scontrol", text)
        said = self.refused(1, "nothing was counted", *self.words("count", path, "scontrol"))
        found = dict(line.split(": ", 1) for line in (s.rsplit("bad.scontrol:", 1)[1] for s in said.splitlines() if "bad.scontrol:" in s))
        self.assertEqual({int(line): reason for line, reason in found.items()}, {
            5: "not each of its nodes was told with the same time before it",
            8: "a contract of cards needs nodes with Gres=gpu:",
            9: "it lacks one of Nodes, NodeCnt, CoreCnt",
            12: "its time is before that of the reservation's last reading",
            13: "it does not begin with a UTC time like 2026-11-28T20:00:00Z",
            14: "it has no time and nothing behind it",
            15: "its time is in the future",
            16: "its node has no State",
        })

    def test_bad_lines_are_named(self):
        lines = recording("dcgm-exporter.prom", self.shift).splitlines(keepends=True)
        bad = list(lines)
        bad[4] = bad[4].replace("UUID=", "uid=")
        bad[6] = bad[6].rsplit(" ", 1)[0] + "\n"
        bad[9] = re.sub(r"} \S+ ", "} 12,5 ", bad[9])
        bad[20] = re.sub(r"\d+\n$", "1795000000000\n", bad[20])
        bad[21] = re.sub(r"\d+\n$", "4102444800000\n", bad[21])
        power = next(n for n, line in enumerate(bad) if n > 30 and "POWER" in line)
        bad[power] = re.sub(r"} \S+ ", "} 100000.1 ", bad[power])
        bad[-2] = bad[-2].rstrip("\n")
        path = self.file("bad.prom", "".join(bad[:-1]))
        words = self.words("count", path, "dcgm-exporter", "--cards", self.cards[0])
        said = self.refused(1, "nothing was counted", *words)
        for line, reason in ((5, "no label UUID"), (7, "no timestamp"), (10, "not a decimal number"),
                             (22, "in the future"), (power + 1, "more than 100 kW"), (21, "before that of the card's last reading"), (len(bad) - 1, "the recording was cut")):
            self.assertIn(f"bad.prom:{line}: it", said)
            self.assertRegex(said, rf"bad\.prom:{line}: [^\n]*{reason}")
        self.assertEqual(self.m.raw(*words, "--skip-bad").returncode, 0)
        since = ("--since", at((LAST - 1) * STEP))
        sacct = self.file("bad.sacct", recording("sacct.txt", self.shift).replace("|eval|", "|ev|al|").replace("gres/gpu=2", "x"))
        said = self.refused(1, "bad.sacct:2: a contract of cards needs AllocTRES", *self.words("count", sacct, "sacct", *since))
        self.assertIn("bad.sacct:5: it has another number of columns", said)
        self.refused(1, "its header lacks one of JobID", *self.words("count", self.file("x.sacct", "a|b\n"), "sacct", *since))
        dmon = self.file("bad.dmon", at((LAST - 1) * STEP) + " GPU 0  1  2\n20:00 GPU 0 1\n")
        said = self.refused(1, "bad.dmon:1: no header", *self.words("count", dmon, "dcgmi-dmon", "--cards", self.cards[0]))
        self.assertIn("bad.dmon:2: it does not begin with a UTC time", said)

    def test_what_cannot_be_counted_is_refused(self):
        words = self.words("count", self.exporter, "dcgm-exporter")
        self.refused(2, "--cards is missing", *words)
        for text, said in (("9 GPU-1\n", "not among the saved ones"), ("GPU-1\n", "not a contract, a space and a card"),
                           ("1 a\n2 a\n", "cannot serve the contracts 1 and 2")):
            self.refused(2, said, *words, "--cards", self.file("wrong.cards", text))
        mistyped = self.file("mistyped.cards", f"1 {CARDS[0]}\n1 {CARDS[1].replace('8f', 'f8')}\n")
        said = self.refused(2, "is nowhere in the recording", *words, "--cards", mistyped)
        self.assertIn(f"card {CARDS[1].replace('8f', 'f8')} of contract 1", said)
        self.assertNotIn(CARDS[0], said)
        rows = self.count(self.exporter, "dcgm-exporter", "--cards", mistyped, "--allow-absent")
        self.assertEqual([r["delivered"] for r in rows], [900, 900, 30], "one card was away all the time")
        words[words.index(self.notary)] = HASH
        self.refused(8, "1.json", *words, "--cards", self.cards[0])
        self.refused(2, "one of dcgm-exporter", *self.words("count", self.exporter, "csv"))

    # ---- reporting -----------------------------------------------------------------------------

    def test_reports_become_money(self):
        """By the supplier of contract 1: twice run is once reported, also when the outcome was not heard."""
        m, state = self.m, f"{self.m.run}/supplier.state"
        words = [self.exporter, "dcgm-exporter", "--cards", self.cards[0], "--state", state]
        rows = self.report(*words, key="supplier")
        self.assertEqual([(r["period"], r["delivered"], r["outcome"]) for r in rows],
                         [(LAST - 1, 1500, "reported"), (LAST, 1710, "reported")])  # fmt: skip
        with open(state, encoding="ascii") as f:
            kept = f.read()
        self.assertEqual([x.split()[0] for x in kept.splitlines()], ["petahour", "sent", "done", "sent", "done"])
        for until in (len(kept), kept.rindex("done"), kept.rindex("done") + 3, kept.rindex("sent") + 9):
            self.file("supplier.state", kept[:until])
            lost = 0 if until >= kept.rindex("done") else 1  # only what was never sent is sent again
            before = len(self.reports_in_journal(1))
            rows = self.report(*words, key="supplier")
            self.assertEqual([r["outcome"] for r in rows], ["reported before"] * (2 - lost) + ["reported"] * lost)
            self.assertEqual(len(self.reports_in_journal(1)), before + lost)
        self.refused(2, "the state is of participant 2", *self.words("report", *words), key="meter")
        self.refused(1, "not a line of a meter's state", *self.words("report", *words[:-1], self.file("no.state", "hello\n")),
                     key="supplier")  # fmt: skip
        for period in (LAST - 1, LAST):
            m.cli("delivery", "confirm", "1", "--period", str(period), key="buyer")
        paid = [r["amount"] for r in m.cli("cash", "list", key="supplier") if (r["reason"], r["contract"]) == ("PAYMENT", 1)]
        self.assertEqual(paid, ["1.666666", "1.900000"])  # floor(2 x 1500 / 1800), floor(2 x 1710 / 1800)
        back = [r["amount"] for r in m.cli("cash", "list", key="buyer") if (r["reason"], r["contract"]) == ("REFUND", 1)]
        self.assertEqual(back, ["0.333334", "0.100000"])
        self.file("supplier.state", "")
        rows = self.report(*words, key="supplier", status=3)
        self.assertIn("DELIVERY_CLOSED", rows[0]["outcome"])
        done = subprocess.run([AUDIT, "replay", "--statements", m.journal], capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r" [2-9] signatures hold, 0 are false")

    def test_a_recording_is_followed(self):
        """By the meter of contract 2, which is no party of it: cut lines wait, and nothing is reported twice."""
        m = self.m
        text = recording("dcgm-exporter.prom", self.shift)
        path, rest = self.file("growing.prom", text[:30000]), text[30000:]
        words = self.words("report", path, "dcgm-exporter", "--cards", self.cards[1], "--state", f"{m.run}/meter.state",
                           "--gap", "30", "--follow", "--json")  # fmt: skip
        environment = dict(os.environ, PETAHOUR_KEY=m.key("meter"), PETAHOUR_CONNECT=f"{m.run}/gateway.ready")
        for run in range(2):
            follower = subprocess.Popen([m.petahour, *words], env=environment, stdout=subprocess.PIPE, text=True)
            self.addCleanup(follower.stdout.close)
            self.addCleanup(follower.wait)
            self.addCleanup(follower.kill)
            while rest:
                with open(path, "a", encoding="utf-8") as f:
                    f.write(rest[:9999])
                rest = rest[9999:]
                time.sleep(0.05)
            rows = [json.loads(follower.stdout.readline()) for _ in range(2)]
            self.assertEqual([(r["contract"], r["period"]) for r in rows], [(2, LAST - 1), (2, LAST)])
            self.assertEqual([r["outcome"] for r in rows], [["reported"] * 2, ["reported before"] * 2][run])
            if run == 1:
                with open(path, "w", encoding="utf-8"):
                    pass
                self.assertEqual(follower.wait(PATIENCE), 1)  # it became shorter
            else:
                follower.send_signal(signal.SIGKILL)
                follower.wait(PATIENCE)
        self.assertEqual(self.reports_in_journal(2), [(LAST - 1, 1500), (LAST, 1710)])

    def test_a_card_that_never_comes_holds_its_contract_back(self):
        """A recording that is followed may begin before the card is read; a name that is wrong is told."""
        m = self.m
        text = recording("dcgm-exporter.prom", self.shift)
        early = "".join(line for line in text.splitlines(keepends=True) if CARDS[1] not in line)
        path = self.file("late.prom", early)
        words = self.words("report", path, "dcgm-exporter", "--cards", self.cards[0], "--state", f"{m.run}/late.state",
                           "--gap", "30", "--follow", "--json")  # fmt: skip
        environment = dict(os.environ, PETAHOUR_KEY=m.key("buyer"), PETAHOUR_CONNECT=f"{m.run}/gateway.ready")
        follower = subprocess.Popen([m.petahour, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for pipe in (follower.stdout, follower.stderr):
            self.addCleanup(pipe.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        bound = threading.Timer(PATIENCE, follower.kill)
        bound.start()
        self.addCleanup(bound.cancel)
        self.assertIn(f"card {CARDS[1]} of contract 1 is nowhere in the recording", follower.stderr.readline())
        last = text.splitlines(keepends=True)[-1]
        stamp = re.findall(r"1795\d{9}|\b\d{13}\b", last)[-1]
        with open(path, "a", encoding="utf-8") as f:
            f.write(f'DCGM_FI_DEV_GPU_UTIL{{UUID="{CARDS[1]}"}} 5 {stamp}\n')
        rows = [json.loads(follower.stdout.readline()) for _ in range(2)]
        self.assertEqual([(r["period"], r["delivered"]) for r in rows], [(LAST - 1, 900), (LAST, 900)])
        self.assertEqual([r["outcome"].split(":")[0] for r in rows], ["refused"] * 2, "the buyer meters nothing")


class LaterRecordings(Metered):
    """What an earlier recording gave is not lost to a later one that begins after it, or has less."""

    HEADER = "JobID|State|Start|End|Reservation|AllocTRES|NNodes\n"

    def job(self, number, start, end):
        name = f"petahour_1_{LAST - 1}"
        return f"{number}|COMPLETED|{at(start)[:-1]}|{at(end)[:-1]}|{name}|gres/gpu=2,node=1|1\n"

    def test_the_second_day_of_sacct(self):
        """The command of every day, on the day after: sacct tells of that day alone."""
        m, state = self.m, f"{self.m.run}/days.state"
        first, second, end = ((LAST - 1 + n) * STEP for n in range(3))
        day1 = self.file("day1.sacct", self.HEADER + self.job(1, first, second - 60))
        day2 = self.file("day2.sacct", self.HEADER + self.job(2, second + 300, end))
        until, state = ("--until", at(end)), ("--state", state)
        rows = self.report(day1, "sacct", *state, "--since", at(first), "--until", at(second), key="supplier")
        self.assertEqual([(r["period"], r["delivered"], r["outcome"]) for r in rows], [(LAST - 1, 1680, "reported")])
        self.refused(2, "--since is missing", *self.words("report", day2, "sacct", *state, *until), key="supplier")
        self.assertEqual(self.reports_in_journal(1), [(LAST - 1, 1680)])
        rows = self.report(day2, "sacct", *state, *until, "--since", at(second), key="supplier")
        self.assertEqual([(r["period"], r["delivered"], r["outcome"]) for r in rows], [(LAST, 1200, "reported")])
        self.assertEqual(self.reports_in_journal(1), [(LAST - 1, 1680), (LAST, 1200)])

        # Who states an earlier start than sacct was asked for takes nothing back by that.
        wrong = self.words("report", day2, "sacct", *state, *until, "--since", at(first), "--json")
        done = m.raw(*wrong, key="supplier")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"contract 1, period {LAST - 1}: 1680 unit-seconds and 0 Wh were reported, and this recording has 0 and 0 Wh", done.stderr)
        self.assertIn("--correct", done.stderr)
        self.assertEqual([(r["period"], r["outcome"]) for r in map(json.loads, done.stdout.splitlines())],
                         [(LAST - 1, "not lowered"), (LAST, "reported before")])  # fmt: skip
        self.assertEqual(self.reports_in_journal(1), [(LAST - 1, 1680), (LAST, 1200)])
        rows = self.report(day2, "sacct", *state, *until, "--since", at(first), "--correct", key="supplier")
        self.assertEqual([r["outcome"] for r in rows], ["reported", "reported before"])
        self.assertEqual(self.reports_in_journal(1), [(LAST - 1, 1680), (LAST, 1200), (LAST - 1, 0)])
        # More is reported as ever, and against what was reported last.
        rows = self.report(day1, "sacct", *state, "--since", at(first), "--until", at(second), key="supplier")
        self.assertEqual([(r["delivered"], r["outcome"]) for r in rows], [(1680, "reported")])

    def test_a_recording_that_was_rotated(self):
        """Two nodes write a file each: one of them alone, or one with a hole, has less than was reported."""
        text = recording("dcgm-exporter.prom", self.shift)
        words = ("dcgm-exporter", "--cards", self.cards[1], "--state", f"{self.m.run}/rotated.state")
        rows = self.report(self.exporter, *words, key="meter")
        self.assertEqual([(r["delivered"], r["energy_wh"]) for r in rows], COUNTED)
        lines = text.splitlines(keepends=True)
        tail = self.file("tail.prom", "".join(lines[2 * len(lines) // 3 :]))
        self.assertEqual(self.report(tail, *words, key="meter"), [], "it begins within the second period")
        one = self.file("one.prom", "".join(x for x in lines if CARDS[0] not in x))
        no_power = self.file("no-power.prom", "".join(x for x in lines if "POWER" not in x))
        for path, absent, has in ((one, ("--allow-absent",), "600 and "), (no_power, (), "1500 and 0 Wh")):
            done = self.m.raw(*self.words("report", path, *words, *absent), key="meter")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"contract 2, period {LAST - 1}: 1500 unit-seconds and 175 Wh were reported, and this recording has {has}", done.stderr)
            self.assertEqual(done.stderr.count("--correct"), 2)
        self.assertEqual(self.reports_in_journal(2), [(LAST - 1, 1500), (LAST, 1710)])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[8:], verbosity=2)
