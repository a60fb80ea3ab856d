#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Three gateways before one engine, each killed in turn under load: clients move on and nothing is lost.

usage: test_gateways.py PETAHOUR ENGINE NOTARY GATEWAY CLIENT_ORDERS PETAHOUR_AUDIT

Every client (clients/lib) sends orders of its own participant and checks by itself that each has
one outcome, the one it was told; what the journal holds is compared with what they say.
"""

import collections
import json
import subprocess
import sys
import threading
import unittest

from live_market import HASH, PATIENCE, Market, first_period

CLIENT_ORDERS, AUDIT = sys.argv[5:7]
GATEWAYS = ["gateway", "gateway-2", "gateway-3"]
TRADERS = [f"trader-{i}" for i in range(1, 10)]  # three for each gateway that is killed
ORDERS = 8000


class ThreeGateways(Market):
    def configure(self):
        super().configure()
        with open(f"{self.run}/petahour.ini", encoding="ascii") as f:
            text = f.read()
        for name in GATEWAYS[1:]:
            with open(f"{self.run}/{name}.ini", "w", encoding="ascii") as f:
                f.write(text.replace("/gateway.ready", f"/{name}.ready"))
            self.daemons[name] = self.daemons["gateway"]

    def ready(self, name):
        return f"{self.run}/{name}.ready"


class Kills(unittest.TestCase):
    def setUp(self):
        self.market = m = ThreeGateways(sys.argv[1:5])
        self.addCleanup(m.close)
        op = {"key": "operator"}
        for name in TRADERS:
            m.cli("keygen", "--name", name, "--out", m.key(name))
            m.cli("participant", "register", "--name", name, "--roles", "supplier,buyer", "--of", m.key(name), **op)
            m.cli("deposit", "--participant", name, "--amount", "1000000000", "--reference", name, **op)
        m.cli("site", "register", "--name", "site-1", "--owner", TRADERS[0], "--region", "r1", "--latitude",
              "0", "--longitude", "0", **op)  # fmt: skip
        m.cli("hardware", "register", "--name", "H100", **op)
        m.cli("product", "create", "--symbol", "P", "--model", "M", "--site", "1", "--hardware", "1",
              "--reference-price", "1", "--terms-hash", HASH, **op)  # fmt: skip
        for name in GATEWAYS[1:]:
            m.start(name)

    def client(self, number):
        """Begins at a gateway of its own and knows the other two."""
        m = self.market
        connect = ":".join(m.ready(GATEWAYS[(number + i) % 3]) for i in range(3))
        command = [CLIENT_ORDERS, connect, m.key(TRADERS[number]), "1", str(first_period()), str(ORDERS), "500"]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.stderr.close)
        self.addCleanup(client.kill)
        return client

    def kill_under_load(self, victim, traders):
        """Three clients, each begins at another gateway; one is killed when its client is in the
        middle of it, and started again.  Returns what each client was told."""
        clients = [self.client(i) for i in traders]
        progress, tallies = [0, 0, 0], [None, None, None]
        moved = threading.Condition()

        def read(i):
            for line in clients[i].stdout:
                words = line.split()
                with moved:
                    if words[0] == "answered":
                        progress[i] = int(words[1])
                    else:
                        tallies[i] = list(map(int, words[1:]))
                    moved.notify()

        readers = [threading.Thread(target=read, args=(i,)) for i in range(3)]
        for r in readers:
            r.start()
        mine = GATEWAYS.index(victim)
        with moved:
            moved.wait_for(lambda: progress[mine] > 0 or not readers[mine].is_alive(), PATIENCE)
            self.assertTrue(0 < progress[mine] < ORDERS, progress)
        self.market.kill(victim)
        self.market.start(victim)
        for reader, client in zip(readers, clients):
            reader.join(PATIENCE)
            self.assertEqual(client.wait(PATIENCE), 0, client.stderr.read())
        return tallies

    def test_each_is_killed_under_load(self):
        tallies = []
        for i, victim in enumerate(GATEWAYS):
            tallies += self.kill_under_load(victim, range(3 * i, 3 * i + 3))
        self.assertTrue(all(tallies), tallies)
        self.compare_with_journal(tallies)

    def compare_with_journal(self, tallies):
        m = self.market
        for name in (*GATEWAYS, "notary", "engine"):
            m.kill(name, 15)
        done = subprocess.run([AUDIT, "export", m.journal, "--what=orders", "--format=jsonl", "--quiet"],
                              capture_output=True, text=True, timeout=PATIENCE, check=True)  # fmt: skip
        orders = collections.defaultdict(list)
        for line in done.stdout.splitlines():
            row = json.loads(line)
            orders[row["participant"]].append(row["client_order_id"])
        for i, (accepted, rejected, not_taken) in enumerate(tallies):
            self.assertEqual(accepted + rejected + not_taken, ORDERS)
            ids = orders[2 + i]
            self.assertEqual(len(ids), len(set(ids)), "an order is in the journal twice")
            self.assertEqual(len(ids), accepted, TRADERS[i])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
