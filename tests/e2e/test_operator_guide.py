#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command of the operator's guide is run, in its order, from the first key to a verified backup.

usage: test_operator_guide.py GUIDE UNITS_FOLDER SCHEMA_FOLDER PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY
                              PETAHOUR_GATEWAY PETAHOUR_REPLICA PETAHOUR_SETTLE PETAHOUR_AUDIT

Paths of an installation become folders of the test, ports free ones.  What systemd would do for
`systemctl` is done here, with the units as they are: start the program of the unit, and wait for READY=1.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import private_postgres
from free_ports import free_ports
from guide import blocks, outside, pattern, steps

GUIDE, UNITS, SCHEMA = (Path(path).resolve() for path in sys.argv[1:4])
PROGRAMS = [Path(path).resolve() for path in sys.argv[4:11]]
PATIENCE = 120


class Guide(unittest.TestCase):
    def setUp(self):
        self.pg = self.enterContext(private_postgres.Cluster())
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="phg-")))
        self.processes = {}
        self.addCleanup(self.stop)
        for name in ("bin", "etc", "run/engine", "run/notary", "run/replica", "examples", "lib/engine", "lib/notary", "lib/settle"):
            (self.folder / name).mkdir(parents=True)
        for program in PROGRAMS:
            (self.folder / "bin" / program.name).symlink_to(program)
        f = self.folder
        self.places = {
            "/usr/share/doc/petahour/examples": f / "examples", "/usr/share/petahour/schema": SCHEMA, "/usr/bin": f / "bin",
            "/etc/petahour": f / "etc", "/var/lib/petahour": f / "lib", "/var/backups/petahour": f / "backup",
            "/run/petahour": f / "run", "host=/run/postgresql dbname=petahour user=petahour_settle": self.pg.conninfo("petahour_settle"),
            "('acme', 6)": "('acme', 1)",  # of a market that just opened
            "tcp://*:7001": "tcp://127.0.0.1:*", "tcp://*:7002": "tcp://127.0.0.1:*",
        }  # fmt: skip
        self.places.update(zip([f"127.0.0.1:{port}" for port in range(9471, 9476)], [f"127.0.0.1:{port}" for port in free_ports(5)]))
        for example in GUIDE.parent.glob("*.ini"):
            (f / "examples" / example.name).write_text(self.here(example.read_text(encoding="utf-8")), encoding="utf-8")
        self.environment = {"PATH": f"{f}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8", "DATABASE": self.pg.conninfo()}

    def here(self, text):
        for there, here in self.places.items():
            text = text.replace(there, str(here))
        return text

    def stop(self):
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for name, process in self.processes.items():
            self.assertEqual(process.wait(PATIENCE), 0, name)

    def start(self, name):
        """What systemd does for a unit of Type=notify."""
        if name.endswith(".target"):
            return
        unit = (UNITS / f"{name}.service").read_text(encoding="utf-8")
        self.assertIn("\nType=notify\n", unit)
        command = self.here(re.search(r"^ExecStart=(.+)$", unit, re.M)[1])
        # A unit is installed below the prefix of the build.
        words = command.split()
        words[0] = str(self.folder / "bin" / Path(words[0]).name)
        words = [str(SCHEMA) if word.endswith("/petahour/schema") else word for word in words]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door:
            door.bind(f"{self.folder}/notify.{name}")
            door.settimeout(PATIENCE)
            with open(self.folder / f"{name}.log", "ab") as log:
                self.processes[name] = subprocess.Popen(
                    words, stderr=log, stdin=subprocess.DEVNULL,
                    env={**self.environment, "NOTIFY_SOCKET": f"{self.folder}/notify.{name}"},
                )  # fmt: skip
            try:
                self.assertEqual(door.recv(100), b"READY=1")
            except TimeoutError:
                self.fail(f"{name} is not ready:\n" + (self.folder / f"{name}.log").read_text(encoding="utf-8"))

    def do(self, text):
        """(exit status, output) of a command."""
        if text.startswith("systemctl enable --now "):
            for name in text.split()[3:]:
                self.start(name)
            return 0, ""
        if match := re.fullmatch(r"journalctl -u (\S+) -n 1", text):
            return 0, (self.folder / f"{match[1]}.log").read_text(encoding="utf-8").splitlines()[-1] + "\n"
        done = subprocess.run(
            ["bash", "-c", self.functions + text], cwd=self.folder, env=self.environment, timeout=PATIENCE, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        return done.returncode, done.stdout

    def test_the_commands_say_what_is_shown(self):
        self.functions = ""
        ran = 0
        for block in blocks(GUIDE.read_text(encoding="utf-8")):
            for command, shown in steps(block):
                text, _, status = command.partition("  # exit status ")
                text = self.here(text)
                code, output = self.do(text)
                if re.match(r"\w+\(\) \{", text):
                    self.functions += text + "\n"
                self.assertEqual(code, int(status or 0), f"{text}\n{output}")
                self.assertRegex(output, rf"\A{pattern([self.here(line) for line in shown])}\Z", text)
                ran += 1
        self.assertGreater(ran, 15)


class Text(unittest.TestCase):
    def test_no_command_stands_elsewhere(self):
        self.assertNotRegex(outside(GUIDE.read_text(encoding="utf-8")), r"(?m)^\$ ")

    def test_links_lead_somewhere(self):
        for target in re.findall(r"\]\(([^)#]+)\)", GUIDE.read_text(encoding="utf-8")):
            self.assertTrue((GUIDE.parent / target).exists(), target)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
