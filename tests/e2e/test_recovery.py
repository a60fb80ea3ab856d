#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An engine that writes snapshots all the time is killed at random, and begins with them.

What clients were told must be what the market holds afterwards, whether the engine began with a
snapshot, an older one, or the first record of the journal.

usage: test_recovery.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY CLIENT_ORDERS
                        PETAHOUR_AUDIT
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from live_market import HASH, PATIENCE, Market, first_period

CLIENT_ORDERS, AUDIT = sys.argv[5:7]
BEGAN = re.compile(r"began with (an empty market|the snapshot) of record (\d+), replayed (\d+)")


class Recovery(unittest.TestCase):
    def setUp(self):
        # Segments as small as they can be, so that a start reads from the middle of the journal.
        self.market = m = Market(sys.argv[1:5], engine="snapshot_every = 300\nsegment_kib = 64\n")
        self.addCleanup(m.close)
        op = {"key": "operator"}
        m.cli("participant", "register", "--name", "s", "--roles", "supplier,buyer", "--of",
              m.key("supplier"), **op)  # fmt: skip
        m.cli("deposit", "--participant", "s", "--amount", "1000000000", "--reference", "s", **op)
        m.cli("site", "register", "--name", "site-1", "--owner", "s", "--region", "r1", "--latitude",
              "0", "--longitude", "0", **op)  # fmt: skip
        m.cli("hardware", "register", "--name", "H100", **op)
        m.cli("product", "create", "--symbol", "P", "--model", "M", "--site", "1", "--hardware", "1",
              "--reference-price", "1", "--terms-hash", HASH, **op)  # fmt: skip

    def client(self, count, step):
        m = self.market
        client = subprocess.Popen(
            [CLIENT_ORDERS, f"{m.run}/gateway.ready", m.key("supplier"), "1", str(first_period()),
             str(count), str(step)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.kill)
        return client

    def began(self):
        """(record of the snapshot or 0, records replayed) of every start."""
        return [(int(at), int(cnt)) for _, at, cnt in BEGAN.findall(self.market.log("engine"))]

    def snapshots(self):
        folder = f"{self.market.journal}/snapshots"
        names = sorted(n for n in os.listdir(folder) if n.endswith(".phs"))
        return [f"{folder}/{n}" for n in names]

    def audit(self, *words):
        return subprocess.run([AUDIT, *words], capture_output=True, text=True, timeout=PATIENCE)

    def replay_is_equal(self, *words):
        done = self.audit("replay", *words, self.market.journal)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("equal", done.stdout)
        return done.stdout

    def restart(self, how=signal.SIGTERM):
        ended = self.market.kill("engine", how)
        self.assertEqual(ended, 0 if how == signal.SIGTERM else -how, self.market.log("engine"))
        self.market.start("engine")

    def test_kills_while_snapshots_are_written(self):
        chance, m = random.Random(7), self.market
        client = self.client(8000, 400)
        kills = 0
        for line in client.stdout:
            words = line.split()
            if words[0] == "answered" and int(words[1]) < 8000:
                time.sleep(chance.random() * 0.01)
                self.restart(signal.SIGKILL)
                kills += 1
            if words[0] == "equal":
                self.assertEqual(sum(map(int, words[1:])), 8000)
        self.assertEqual(client.wait(PATIENCE), 0)
        self.assertGreater(kills, 15)
        began = self.began()
        self.assertEqual(len(began), kills + 1)
        self.assertGreater(sum(at != 0 for at, _ in began), kills // 2, m.log("engine"))
        # So that the orderly end has one to write, and removes what a kill may have kept from being removed.
        m.cli("deposit", "--participant", "s", "--amount", "1", "--reference", "end", key="operator")
        self.restart()
        self.assertEqual(self.began()[-1][1], 0)  # the orderly end wrote one of the last record
        self.replay_is_equal()
        self.the_auditor_sees_them()

    def the_auditor_sees_them(self):
        paths, journal = self.snapshots(), self.market.journal
        records = [int(os.path.basename(p)[:20]) for p in paths]
        self.assertEqual(len(records), 2)
        done = self.audit("verify", journal)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"snapshots 2, of this chain: record {records[0]}, {records[1]}\n", done.stdout)
        self.assertEqual(json.loads(self.audit("verify", "--json", journal).stdout)["snapshots"], records)
        whole = json.loads(self.audit("replay", "--json", journal).stdout)
        for path, record in zip(paths, records):
            said = self.replay_is_equal("--from-snapshot", path)
            self.assertIn(f"not proved: that the commands up to record {record} give", said)
            tail = json.loads(self.audit("replay", "--json", "--from-snapshot", path, journal).stdout)
            self.assertEqual(tail["from_snapshot"], record)
            self.assertEqual(tail["records"] + record, whole["records"])
            for same in ["equal", "chain", "resting_orders", "accounts", "balance_sum", "last_at"]:
                self.assertEqual(tail[same], whole[same], same)
        self.states_are_those_of_a_full_replay(paths, records, whole["records"])
        with open(paths[0], "r+b") as f:
            f.seek(4000)
            f.write(b"\xff\xfe\xfd\xfc")
        for words in [["verify"], ["replay", "--from-snapshot", paths[0]]]:
            done = self.audit(*words, journal)
            self.assertEqual(done.returncode, 8, done.stdout)
            self.assertIn(f'{os.path.basename(paths[0])}": bytes are not what was written', done.stderr)
        missing = f"{self.market.run}/{1:020}.phs"
        self.assertEqual(self.audit("replay", "--from-snapshot", missing, journal).returncode, 4)
        self.assertEqual(self.audit("replay", "--from-snapshot", "x.phs", journal).returncode, 2)

    def states_are_those_of_a_full_replay(self, paths, records, last):
        def states(*words):
            done = self.audit("replay", "--json", *words, self.market.journal)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout).get("states", [])

        full = states("--state-every", "100", "--until", str(last))
        self.assertEqual(full[-1]["record"], last)
        for path, record in zip(paths, records):
            behind = [s for s in full if s["record"] > record]
            self.assertEqual(states("--from-snapshot", path, "--state-every", "100"), [s for s in behind if s["record"] % 100 == 0])
            if record < last:
                self.assertEqual(states("--from-snapshot", path, "--until", str(last)), full[-1:])
            done = self.audit("replay", "--from-snapshot", path, "--until", str(record), self.market.journal)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn("give --until a larger number", done.stderr)
        self.assertLess(records[0], last)
        said = self.replay_is_equal("--from-snapshot", paths[0], "--until", str(records[0] + 1))
        self.assertIn(f"equal behind record {records[0]}: every result from there on up to record {records[0] + 1} is", said)

    def test_what_is_damaged_is_named_and_not_used(self):
        m = self.market
        client = self.client(2000, 1000)
        client.stdout.read()
        self.assertEqual(client.wait(PATIENCE), 0)
        self.restart()
        self.replay_is_equal()
        newest = self.snapshots()[-1]
        at, cnt = self.began()[-1]
        self.assertEqual((at, cnt), (int(os.path.basename(newest)[:20]), 0))
        for offset in [0, 9, 40, 100, 150, 180, 5000]:
            m.kill("engine", signal.SIGTERM)
            with open(newest, "r+b") as f:
                whole = f.read()
                f.seek(offset)
                f.write(bytes([whole[offset] ^ 0x41]))
            before = len(m.log("engine"))
            m.start("engine")
            self.assertLess(self.began()[-1][0], at)
            self.assertEqual(sum(self.began()[-1]), at)
            said = m.log("engine")[before:].partition("began with")[0]  # before it tells of a new one
            self.assertIn(os.path.basename(newest), said)
            m.kill("engine", signal.SIGTERM)
            with open(newest, "wb") as f:
                f.write(whole)
            m.start("engine")
            self.assertEqual(self.began()[-1], (at, 0))
        m.kill("engine", signal.SIGTERM)
        for path in self.snapshots():
            os.truncate(path, 1000)
        m.start("engine")
        self.assertEqual(self.began()[-1], (0, at))
        self.replay_is_equal()

    def test_a_snapshot_of_another_journal_is_not_used(self):
        m = self.market
        client = self.client(1000, 1000)
        client.stdout.read()
        self.assertEqual(client.wait(PATIENCE), 0)
        m.kill("engine", signal.SIGTERM)
        kept = f"{m.run}/kept"
        shutil.copytree(m.journal, kept)
        m.start("engine")
        first = self.began()[-1][0]
        m.cli("deposit", "--participant", "s", "--amount", "1", "--reference", "t", key="operator")
        m.kill("engine", signal.SIGTERM)
        # The journal of before with a snapshot of after, whose record it does not have.
        for name in os.listdir(kept):
            if name.endswith(".phj"):
                shutil.copy(f"{kept}/{name}", f"{m.journal}/{name}")
        newest = os.path.basename(self.snapshots()[-1])
        m.start("engine")
        self.assertEqual(self.began()[-1], (first, 0))
        self.assertIn(f"{newest}\\\": the journal ends before its record", m.log("engine"))
        # Another deposit instead of the one that is gone: the same number, another chain.
        for name in ["gateway", "notary"]:
            m.kill(name, signal.SIGTERM)
        shutil.copy(self.snapshots()[-1], f"{m.run}/foreign.phs")
        m.start("notary")
        m.start("gateway")
        m.cli("deposit", "--participant", "s", "--amount", "2", "--reference", "u", key="operator")
        m.kill("engine", signal.SIGKILL)
        shutil.copy(f"{m.run}/foreign.phs", self.snapshots()[-1])
        m.start("engine")
        self.assertEqual(self.began()[-1], (first, 1))
        self.assertIn(f"{newest}\\\": the journal has another chain hash", m.log("engine"))
        self.restart()
        self.replay_is_equal()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
