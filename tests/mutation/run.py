#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the rules of the market one by one (mutants.txt) and says which tests find it.

usage: run.py [--check] [--jobs N] [--all] [WORD...]

Each mutant is one line of engine/core that is another one; the core is built with it, beside the
tree, and the unit tests of the core run against it, the quick ones first, then short runs of the
properties, until one finds it (--all: all of them). With words, only the mutants whose description
has one of them. Ends with status 1 when a mutant survives, does not compile or no longer fits the
tree, and when a test fails without any. --check only looks whether every mutant fits.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CC = os.environ.get("CC", "gcc").split()
FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-O1", "-fPIC", "-pthread", "-w", f"-I{ROOT}"]
LAYERS = ("base", "wire", "core")
PROPERTIES = {
    "prop_market": (["prop_market.c"], {"PH_SEEDS": "4", "PH_STEPS": "2000"}),
    "prop_model": (["prop_model.c", "model.c", "model_match.c", "model_trade.c"], {"PH_SEEDS": "12"}),
    "prop_delivery": (["prop_delivery.c"], {"PH_SEEDS": "6"}),
    "prop_window": (["prop_window.c"], {"PH_SEEDS": "4"}),
}
TIMEOUT = 240  # seconds for a program; a mutant that never ends is found, too


class Mutant:
    def __init__(self, number, lines):
        self.number = number
        self.what = lines[0]
        marks = [line[:2] for line in lines[1:]]
        if marks != ["@ ", "- ", "+ "]:
            sys.exit(f"mutants.txt:{number}: after what is broken come @ file, - line and + line")
        self.file, self.old, self.new = (line[2:].strip() for line in lines[1:])

    def wrong(self):
        """Why it does not fit the tree, or None."""
        path = ROOT / self.file
        if not path.exists():
            return f"there is no {self.file}"
        cnt = path.read_text(encoding="utf-8").count(self.old)
        return None if cnt == 1 else f"{self.file} has this {cnt} times: {self.old}"

    def text(self):
        return (ROOT / self.file).read_text(encoding="utf-8").replace(self.old, self.new)


def read_mutants():
    mutants, lines = [], []
    text = (ROOT / "tests/mutation/mutants.txt").read_text(encoding="utf-8")
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            lines.append(line)
        elif lines:
            mutants.append(Mutant(number - len(lines), lines))
            lines = []
    return mutants


def unit_tests():
    """Those of the core, as tests/unit/meson.build lists them."""
    text = (ROOT / "tests/unit/meson.build").read_text(encoding="utf-8")
    listed = re.search(r"\[ph_core_dep\],\s*\[([^\]]*)\]", text)
    return re.findall(r"'(\w+)'", listed[1])


def run(words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, **options)
    return None if done.returncode == 0 else done.stdout + done.stderr


def must(words):
    wrong = run(words)
    if wrong is not None:
        sys.exit(f"{' '.join(map(str, words))}\n{wrong}")


class Workshop:
    """A folder with everything that is built; the tests are linked with libcore.so, of which each
    mutant has its own."""

    def __init__(self, folder, jobs, wants):
        self.folder, self.wants = Path(folder), wants
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs)
        self.objects = {}
        sources = [p for layer in LAYERS for p in sorted((ROOT / "engine" / layer).glob("*.c"))]
        for path, made in zip(sources, self.pool.map(self.compile, sources)):
            self.objects[str(path.relative_to(ROOT))] = made
        self.link(self.folder, self.objects.values())
        check = subprocess.run(["pkg-config", "--cflags", "--libs", "check"], capture_output=True, text=True, check=True)
        self.check = check.stdout.split()
        tests = {f"test_{name}": ([f"unit/test_{name}.c"], {}) for name in unit_tests()}
        for name, (names, seeds) in PROPERTIES.items():
            tests[name] = ([f"prop/{n}" for n in names], seeds)
        self.environment = {name: seeds for name, (_, seeds) in tests.items()}
        list(self.pool.map(self.program, tests, [names for names, _ in tests.values()]))

    def compile(self, path):
        made = self.folder / (str(path.relative_to(ROOT)).replace("/", "_") + ".o")
        must([*CC, *FLAGS, "-c", path, "-o", made])
        return made

    def link(self, folder, objects):
        must([*CC, "-shared", "-o", folder / "libcore.so", *objects])

    def program(self, name, sources):
        objects = [self.compile(ROOT / "tests" / source) for source in sources]
        must([*CC, "-pthread", *objects, "-o", self.folder / name, f"-L{self.folder}", "-lcore", *self.check])

    def fails(self, name, folder):
        """Whether a test finds something wrong with the core of a folder."""
        environment = {**os.environ, **self.environment[name], "LD_LIBRARY_PATH": str(folder)}
        try:
            return run([self.folder / name], env=environment, timeout=TIMEOUT) is not None
        except subprocess.TimeoutExpired:
            return True

    def killers(self, mutant):
        """Names of the tests that find it; None: it does not compile."""
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            folder = Path(place)
            source = folder / Path(mutant.file).name
            source.write_text(mutant.text(), encoding="utf-8")
            made = folder / "mutant.o"
            if run([*CC, *FLAGS, "-c", source, "-o", made]) is not None:
                return None
            self.link(folder, [made if name == mutant.file else o for name, o in self.objects.items()])
            found = []
            for name in self.order:
                if self.fails(name, folder):
                    found.append(name)
                    if not self.wants.all:
                        break
            return found

    def begin(self):
        """Runs everything without a mutant, and notes what is quick; names of what fails."""
        took, broken = {}, []
        for name in self.environment:
            begun = time.monotonic()
            if self.fails(name, self.folder):
                broken.append(name)
            took[name] = time.monotonic() - begun
        self.order = sorted(took, key=lambda name: (name in PROPERTIES, took[name]))
        return broken


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    arguments.add_argument("--check", action="store_true")
    arguments.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments.add_argument("--all", action="store_true")
    arguments.add_argument("words", nargs="*")
    wants = arguments.parse_args()
    mutants = read_mutants()
    wrong = [f"mutants.txt:{m.number}: {m.what}: {m.wrong()}" for m in mutants if m.wrong()]
    if wrong or wants.check:
        print("\n".join(wrong) or f"{len(mutants)} mutants fit the tree")
        return 1 if wrong else 0
    if wants.words:
        mutants = [m for m in mutants if any(word in m.what for word in wants.words)]
    begun, alive = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="petahour-mutants-") as folder:
        shop = Workshop(folder, wants.jobs, wants)
        broken = shop.begin()
        if broken:
            sys.exit(f"fail without any mutant: {' '.join(broken)}")
        for mutant, found in zip(mutants, shop.pool.map(shop.killers, mutants)):
            alive += not found
            verdict = "does not compile" if found is None else " ".join(found) or "SURVIVES"
            print(f"{mutant.what}\n    {mutant.file}: {verdict}", flush=True)
    print(f"{len(mutants)} mutants, {alive} not found, {time.monotonic() - begun:.0f} s")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
