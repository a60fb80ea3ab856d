#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The example files say what the programs know, no more and no less; the units are what they should be.

usage: test_operations.py PETAHOUR PETAHOUR_ENGINE PETAHOUR_NOTARY PETAHOUR_GATEWAY PETAHOUR_REPLICA
                          PETAHOUR_SETTLE EXAMPLES_FOLDER UNITS_FOLDER
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import skips

PETAHOUR, *PROGRAMS = (os.path.abspath(path) for path in sys.argv[1:7])
DAEMONS = dict(zip(["engine", "notary", "gateway", "replica", "settle"], PROGRAMS))
EXAMPLES, UNITS = Path(sys.argv[7]), Path(sys.argv[8])
PATIENCE = 60
# Of 10; the sockets that a daemon is there for cost most of it.
EXPOSURE_MAX = 1.5
KEYS = {"CURVE_PUBLIC_OF_OPERATOR": ("operator", "curve_public"), "SIGN_PUBLIC_OF_OPERATOR": ("operator", "sign_public"),
        "SIGN_PUBLIC_OF_NOTARY": ("notary", "sign_public")}  # fmt: skip


def run(*command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **more)


def keys_of(text):
    """{(section, key): (comment, value, whether it is switched off)} in the order of the text."""
    found, section, comment = {}, "", []
    for line in text.splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section, comment = match[1], []
        elif match := re.fullmatch(r"(;?)(\w+) =(?: (.*))?", line):
            found[section, match[2]] = (" ".join(comment), (match[3] or "").strip(), bool(match[1]))
            comment = []
        elif match := re.match(r"[#;] (.*)", line):
            comment.append(match[1])
        elif not line:
            comment = []
    return found


class Examples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ph-etc-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        for name in ("etc", "lib/engine/journal", "lib/notary", "lib/settle", "run/engine", "run/notary", "run/replica"):
            (self.folder / name).mkdir(parents=True)
        public = {}
        for name in ("operator", "notary", "gateway"):
            path = self.folder / "etc" / f"{name}.key"
            self.assertEqual(run(PETAHOUR, "keygen", "--name", name, "--out", path).returncode, 0)
            public[name] = dict(re.findall(r"(\w+) = (\S+)", path.read_text(encoding="utf-8")))
        for example in EXAMPLES.glob("*.ini"):
            text = example.read_text(encoding="utf-8")
            for word, (name, key) in KEYS.items():
                text = text.replace(word, public[name][key])
            for there, here in {"/etc/petahour": "etc", "/var/lib/petahour": "lib", "/run/petahour": "run"}.items():
                text = text.replace(f"= {there}", f"= {self.folder / here}").replace(f"://{there}", f"://{self.folder / here}")
            (self.folder / "etc" / example.name).write_text(text, encoding="utf-8")

    def test_there_is_one_for_each_daemon(self):
        self.assertEqual(sorted(p.stem for p in EXAMPLES.glob("*.ini")), sorted(DAEMONS))

    def test_they_are_good(self):
        for daemon, program in DAEMONS.items():
            with self.subTest(daemon):
                done = run(program, "--config", self.folder / "etc" / f"{daemon}.ini", "--check-config")
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_as_they_are_they_are_refused(self):
        """Nobody runs a market with keys that stand in an example."""
        done = run(DAEMONS["engine"], "--config", EXAMPLES / "engine.ini", "--check-config")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("must be a public key"), 3, done.stderr)

    def test_every_key_is_there_with_its_meaning_and_default(self):
        for daemon, program in DAEMONS.items():
            with self.subTest(daemon):
                done = run(program, "--config", self.folder / "etc" / f"{daemon}.ini", "--print-config")
                self.assertEqual(done.returncode, 0, done.stderr)
                known = keys_of(done.stdout)
                written = keys_of((EXAMPLES / f"{daemon}.ini").read_text(encoding="utf-8"))
                self.assertEqual(list(written), list(known))
                for key, (comment, value, is_off) in written.items():
                    self.assertEqual(comment, known[key][0], key)
                    if is_off:
                        self.assertEqual(value, known[key][1], key)
                    self.assertFalse(is_off and "must be given" in comment, key)
                    default = re.search(r"; default (\S+)$", comment)
                    self.assertEqual(default[1] if is_off and default else value, value, key)

    def test_doors_differ(self):
        text = "".join(p.read_text(encoding="utf-8") for p in EXAMPLES.glob("*.ini"))
        doors = re.findall(r"^monitor = (\S+)$", text, re.M)
        self.assertEqual(len(set(doors)), len(DAEMONS))


class Units(unittest.TestCase):
    def units(self):
        return sorted(UNITS.glob("petahour-*.service"))

    def test_there_is_one_for_each_daemon(self):
        self.assertEqual([p.stem for p in self.units()], sorted(f"petahour-{d}" for d in DAEMONS))

    def test_what_they_start_is_there_and_takes_the_arguments(self):
        for unit in self.units():
            with self.subTest(unit.name):
                text = unit.read_text(encoding="utf-8")
                self.assertNotIn("@bindir@", text)
                program, *arguments = re.search(r"^ExecStart=(.+)$", text, re.M)[1].split()
                daemon = unit.stem.removeprefix("petahour-")
                self.assertEqual(Path(program).name, f"petahour-{daemon}")
                self.assertEqual(arguments[:2], ["--config", f"/etc/petahour/{daemon}.ini"])
                done = run(DAEMONS[daemon], *arguments, "--check-config")
                self.assertEqual(done.returncode, 1, done.stderr)  # not 2: only the file is missing

    def test_settlement_that_no_start_can_help_stays_down(self):
        text = (UNITS / "petahour-settle.service").read_text(encoding="utf-8")
        self.assertRegex(text, r"(?m)^Restart=on-failure$")
        self.assertRegex(text, r"(?m)^RestartPreventExitStatus=3$")

    def test_they_are_bounded(self):
        """In tasks, and the one that strangers reach in memory."""
        for unit in self.units():
            text = unit.read_text(encoding="utf-8")
            self.assertRegex(text, r"(?m)^TasksMax=\d+$", unit.name)
            self.assertEqual(re.findall(r"(?m)^(Memory\w+)=\d+G?$", text),
                             ["MemoryHigh", "MemoryMax", "MemorySwapMax"] if "gateway" in unit.name else [], unit.name)

    def test_systemd_takes_them_and_finds_them_closed(self):
        if shutil.which("systemd-analyze") is None:
            skips.without("systemd", "systemd-analyze is not installed")
        with tempfile.TemporaryDirectory(prefix="ph-units-") as folder:
            for unit in [*self.units(), EXAMPLES / "systemd" / "petahour.target"]:
                text = unit.read_text(encoding="utf-8")
                daemon = unit.stem.removeprefix("petahour-")
                text = re.sub(r"^ExecStart=\S+", f"ExecStart={DAEMONS.get(daemon)}", text, flags=re.M)
                text = re.sub(r"^Documentation=.*\n", "", text, flags=re.M)
                (Path(folder) / unit.name).write_text(text, encoding="utf-8")
            names = sorted(str(p) for p in Path(folder).iterdir())
            done = run("systemd-analyze", "verify", *names)
            said = [line for line in done.stderr.splitlines() if "petahour" in line]
            self.assertEqual((done.returncode, said), (0, []), done.stderr)
            for name in names:
                if not name.endswith(".service"):
                    continue
                done = run("systemd-analyze", "security", "--offline=true", "--no-pager",
                           f"--threshold={int(EXPOSURE_MAX * 10)}", name, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})  # fmt: skip
                self.assertEqual(done.returncode, 0, done.stdout[-300:])
                self.assertRegex(done.stdout, r"Overall exposure level for \S+: \d")


if __name__ == "__main__":
    skips.main(sys.argv[:1])
