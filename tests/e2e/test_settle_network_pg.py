#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A network between settlement and PostgreSQL that goes dead without a word: no end of a connection, no
refusal, and nothing is acknowledged.  Both sides notice it, the server lets go of what settlement
held, and rows go on when the network is back.

It needs root and a network namespace of its own, and is skipped without.

Arguments: petahour-settle, make_journal, compare (built programs)."""

import os
import shutil
import subprocess

import skips
from private_postgres import Cluster
from settle_rig import PATIENCE_S, SettleCase, main, wait_until

SPACE = f"ph{os.getpid()}"
HERE, THERE = SPACE + "a", SPACE + "b"
NET = 4 * (os.getpid() % 64)  # addresses that are for examples
SERVER, CLIENT = (f"198.51.100.{NET + n}" for n in (1, 2))


def ip(*arguments, check=True):
    subprocess.run(["ip", *arguments], check=check, capture_output=True)


def can_make_networks():
    if os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    if subprocess.run(["ip", "netns", "add", SPACE], capture_output=True, check=False).returncode:
        return False
    made = subprocess.run(["ip", "link", "add", HERE, "type", "veth", "peer", "name", THERE, "netns",
                           SPACE], capture_output=True, check=False)
    if made.returncode:
        ip("netns", "del", SPACE)
    return made.returncode == 0


class DeadNetwork(SettleCase):
    @classmethod
    def setUpClass(cls):
        if not can_make_networks():
            skips.without("netns", "a network that goes dead needs root and network namespaces")
        cls.addClassCleanup(ip, "netns", "del", SPACE)
        cls.addClassCleanup(ip, "link", "del", HERE, check=False)  # both ends go with the space
        ip("address", "add", f"{SERVER}/30", "dev", HERE)
        ip("link", "set", HERE, "up")
        ip("-n", SPACE, "address", "add", f"{CLIENT}/30", "dev", THERE)
        ip("-n", SPACE, "link", "set", THERE, "up")
        cls.pg = Cluster(fsync=True, settings=(f"listen_addresses={SERVER}",))
        cls.pg.start()
        with open(cls.pg.data / "pg_hba.conf", "a", encoding="ascii") as rules:
            rules.write(f"host all petahour_settle {CLIENT}/32 trust\n")
        cls.pg.sql("SELECT pg_reload_conf()")

    def backends(self):
        return self.pg.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'petahour_settle'")

    def test_dead_network(self):
        self.config.write_text(self.config.read_text().replace(
            f"host={self.pg.folder}", f"host={SERVER}"))
        maker = self.make(20000, batch=5, pause_ms=20)
        settle = self.start_settle(within=("ip", "netns", "exec", SPACE))
        self.wait_for(300)
        ip("link", "set", HERE, "down")
        wait_until("the server to notice", lambda: self.backends() == "0")
        wait_until("settlement to notice", lambda: "did not take rows" in self.log_of(settle))
        self.assertIsNone(settle.poll())
        ip("link", "set", HERE, "up")
        self.wait_for(self.position() + 100)
        maker.kill()
        maker.wait(PATIENCE_S)
        self.end(settle)
        self.settle("--once", within=("ip", "netns", "exec", SPACE))
        self.assert_equal_to_journal()


if __name__ == "__main__":
    main()
