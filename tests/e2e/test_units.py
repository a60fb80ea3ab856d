#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The units, run by a systemd that is process 1 of a container: all daemons start, a trade is made and
settled, each daemon is killed and comes back, and everything stops in order.

usage: test_units.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_REPLICA
                     PETAHOUR_SETTLE UNITS_FOLDER EXAMPLES_FOLDER SCHEMA_FOLDER

It takes a minute, root and systemd-nspawn (package systemd-container), so it runs only with
PETAHOUR_BOOT=1; otherwise it says so and is skipped.  The container has the programs of this machine
(/usr, read only), no network but its own loopback, and nothing of it stays: its root is in memory.
Inside it, units_inside.py does the work; a failure shows what that said, and the journal of systemd."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import skips

PROGRAMS, (UNITS, EXAMPLES, SCHEMA) = sys.argv[1:7], map(Path, sys.argv[7:10])
INSIDE = Path(__file__).resolve().parent / "units_inside.py"
HOME = "/opt/petahour"
PATIENCE = 420

DRIVER = f"""[Unit]
Description=What the test does
After=basic.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 {HOME}/inside.py {HOME}
ExecStopPost=/usr/bin/systemctl --no-block poweroff
"""
DATABASE = """[Unit]
Description=PostgreSQL of the test
[Service]
Type=notify
User=postgres
RuntimeDirectory=postgresql
ExecStart=/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/data -k /run/postgresql -c listen_addresses=
KillSignal=SIGINT
"""


class Booted(unittest.TestCase):
    def stage(self, to):
        """What the container gets, as the operator's guide has it installed."""
        for name in ("bin", "units", "etc", "sysusers", "tmpfiles"):
            (to / name).mkdir()
        (to / "result").mkdir(mode=0o777)
        for program in PROGRAMS:
            shutil.copy(program, to / "bin")
        shutil.copytree(SCHEMA, to / "schema")
        for unit in UNITS.glob("petahour-*.service"):
            text = re.sub(r"/\S+/bin/(petahour-\w+)", rf"{HOME}/bin/\1", unit.read_text(encoding="utf-8"))
            text = re.sub(r"--schema \S+", f"--schema {HOME}/schema", text)
            (to / "units" / unit.name).write_text(text, encoding="utf-8")
        shutil.copy(EXAMPLES / "systemd" / "petahour.target", to / "units")
        (to / "units" / "postgresql.service").write_text(DATABASE, encoding="ascii")
        (to / "driver.service").write_text(DRIVER, encoding="ascii")
        users = (EXAMPLES / "systemd" / "petahour.sysusers").read_text(encoding="utf-8")
        (to / "sysusers" / "petahour.conf").write_text(
            users + 'u postgres - "PostgreSQL" /var/lib/postgresql\n', encoding="utf-8")
        shutil.copy(EXAMPLES / "systemd" / "petahour.tmpfiles", to / "tmpfiles" / "petahour.conf")
        for example in EXAMPLES.glob("*.ini"):
            shutil.copy(example, to / "etc")
        shutil.copy(INSIDE, to / "inside.py")
        os.chmod(to, 0o755)

    def test_booted(self):
        with tempfile.TemporaryDirectory(prefix="ph-boot-", dir="/var/tmp") as folder:
            at = Path(folder)
            self.stage(at)
            with open(at / "console", "w+", encoding="utf-8", errors="replace") as console:
                container = subprocess.Popen(
                    ["systemd-nspawn", "--directory=/", "--volatile=yes", "--private-network", "--register=no",
                     "--keep-unit", f"--machine=petahour-{os.getpid()}", "--quiet", f"--bind={at}:{HOME}",
                     f"--bind-ro={at}/sysusers:/etc/sysusers.d", f"--bind-ro={at}/tmpfiles:/etc/tmpfiles.d",
                     # Without it the container itself may lock no memory, and the notary does.
                     "--capability=CAP_IPC_LOCK",
                     f"--bind-ro={at}/driver.service:/etc/systemd/system/driver.service", "--boot",
                     "systemd.firstboot=off", "systemd.unit=basic.target", "systemd.wants=driver.service"],
                    stdin=subprocess.DEVNULL, stdout=console, stderr=console)
                try:
                    container.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    container.send_signal(signal.SIGTERM)
                    container.wait(60)
                console.seek(0)
                said = console.read()[-3000:]
            result = at / "result" / "result.json"
            log = at / "result" / "log"
            if log.exists():
                said = log.read_text(encoding="utf-8", errors="replace")[-6000:]
            self.assertTrue(result.exists(), said)
            self.check(json.loads(result.read_text(encoding="utf-8")), said)

    def check(self, found, said):
        self.assertEqual(found.get("failed"), None, said)
        daemons = sorted(unit.stem for unit in UNITS.glob("petahour-*.service"))
        self.assertEqual(sorted(found["started"]), daemons)
        self.assertEqual(set(found["started"].values()), {"active"})
        self.assertEqual(sorted(found["came_back"]), daemons)
        self.assertEqual(found["settled"], 1 + len(daemons))  # a trade before, and one after each kill
        self.assertEqual(found["signed"], found["settled"])  # each is of a batch of its own
        self.assertEqual(found["reconcile"], "")
        self.assertEqual(found["may"], {
            "petahour-engine": ["writes the journal"], "petahour-notary": ["reads notary.key"], "petahour-replica": [],
            "petahour-settle": ["reads settle.ini"], "petahour-gateway": ["reads gateway.key"],
            "postgres": []})  # fmt: skip
        self.assertEqual(found["connects"], dict.fromkeys(daemons, True) | {"postgres": False})
        self.assertEqual(set(found["stopped"].values()), {"inactive success"}, found["stopped"])


if __name__ == "__main__":
    missing = None
    if os.environ.get("PETAHOUR_BOOT") != "1":
        missing = "it takes a minute: PETAHOUR_BOOT=1 runs it"
    elif os.geteuid() != 0 or shutil.which("systemd-nspawn") is None:
        missing = "it needs root and systemd-nspawn (package systemd-container)"
    if missing is not None:
        skips.without_all("boot", missing)
    skips.main(sys.argv[:1], verbosity=2)
