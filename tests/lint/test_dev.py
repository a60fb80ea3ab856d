#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""./dev deletes no folder that somebody else set up, and says what it could not check.

usage: test_dev.py DEV

It runs in a folder of its own with programs beside it that note how they are called; dpkg-query is not among them, so
that no package is looked for.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

DEV = Path(sys.argv[1])
TOOLS = "bash cat dirname env git grep mkdir mv nproc paste readlink rm sed sort".split()
PATIENCE = 60


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="petahour-dev-")
        self.addCleanup(folder.cleanup)
        self.root, self.bin = Path(folder.name) / "tree", Path(folder.name) / "bin"
        self.root.mkdir()
        self.bin.mkdir()
        shutil.copy(DEV, self.root / "dev")
        (self.root / "proto").mkdir()
        (self.root / "clients" / "demo").mkdir(parents=True)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.called = Path(folder.name) / "called"
        for name in ("meson", "ninja", "npx"):
            self.program(self.bin / name)
        self.program(self.root / "clients" / "demo" / "run")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("-c", "user.name=t", "-c", "user.email=t@example", "commit", "--quiet", "--allow-empty", "-m", "first")

    def git(self, *words):
        subprocess.run(["git", "-C", self.root, *words], check=True, timeout=PATIENCE)

    def program(self, path, then=":"):
        path.write_text(f'#!/bin/bash\nprintf "%s\\n" "${{0##*/}} $*" >>{self.called}\n{then}\n', encoding="utf-8")
        path.chmod(0o755)

    def dev(self, *words):
        """What it said, and how it called others."""
        self.called.write_text("", encoding="utf-8")
        done = subprocess.run([self.root / "dev", *words], env={"PATH": str(self.bin), "HOME": str(self.root)},
                              capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
        self.assertEqual(done.returncode, 0, done)
        return done.stdout.splitlines(), self.called.read_text(encoding="utf-8").splitlines()

    def test_a_folder_of_somebody_else_stays(self):
        (self.root / "build").mkdir()
        (self.root / "build" / "mine").write_text("", encoding="utf-8")
        for command, last in (("build", "ninja -C build-dev"), ("demo", "run --build build-dev"), ("lint", None)):
            said, called = self.dev(command)
            self.assertTrue((self.root / "build" / "mine").exists(), command)
            self.assertIn("build/ was not set up by ./dev and is left as it is", "\n".join(said))
            self.assertFalse([c for c in called if "build" in c.split()], called)
            self.assertTrue(last is None or any(c.startswith(last) for c in called), called)

    def test_what_is_deleted_is_told(self):
        said, called = self.dev("build")
        self.assertEqual(said, [*said[:-1], "built: build/"])
        self.assertNotIn("deletes", "\n".join(said))
        self.assertEqual(called[0], "meson setup build")
        said, called = self.dev("build")
        self.assertFalse([c for c in called if c.startswith("meson")], "it is set up once")
        (self.root / "build" / ".source").write_text("/elsewhere\n", encoding="utf-8")
        said, called = self.dev("build")
        self.assertIn("dev: deletes build/", "\n".join(said))
        self.assertEqual(called[0], "meson setup build")

    def test_an_unfinished_folder_is_set_up_again(self):
        self.program(self.bin / "meson", "exit 1")
        with self.assertRaises(AssertionError):
            self.dev("build")
        self.program(self.bin / "meson")
        said, called = self.dev("build")
        self.assertIn("dev: deletes build/", "\n".join(said))
        self.assertEqual(called[0], "meson setup build")

    def test_what_is_not_checked_is_said_last(self):
        said, called = self.dev("lint")
        self.assertFalse([line for line in said if line.startswith("NOT CHECKED")])
        buf = [c for c in called if c.startswith("npx")]
        self.assertEqual([c.split()[-1] for c in buf[:2]], ["--version", "lint"])
        for c in buf:
            self.assertRegex(c, r" @bufbuild/buf@[0-9]+\.[0-9]+\.[0-9]+ ")
        self.program(self.bin / "npx", "exit 1")
        self.assertRegex(self.dev("lint")[0][-1], r"^NOT CHECKED: buf lint and buf breaking: npx could not fetch .*[0-9]")
        os.unlink(self.bin / "npx")
        self.assertEqual(self.dev("lint")[0][-1], "NOT CHECKED: buf lint and buf breaking: npx is not installed")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
