#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the pure layers really need: reads the symbols of their object code.

usage: symbols.py ROOT BUILD

A lint of the text can be deceived by a declaration made by hand; the object code cannot.  Every
undefined symbol of a pure layer must be on the list below, or be defined by the layer itself or
by one that it may use.  Nothing in a pure layer may be a variable that changes.  Prints one line
per finding and exits 1 if there is any.
"""

import re
import subprocess
import sys
from pathlib import Path

# Layer -> the layers below that it may call.
PURE = {
    "base": (),
    "wire": ("base",),
    "core": ("base", "wire"),
}

ALLOWED = {
    "memcpy", "memmove", "memset", "memcmp", "bcmp", "strcmp", "strncmp", "strlen",
    "__memcpy_chk", "__memmove_chk", "__memset_chk",
    # 128-bit arithmetic of the compilers
    "__divti3", "__udivti3", "__modti3", "__umodti3", "__multi3", "__muloti4", "__udivmodti4",
    "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_",
}  # fmt: skip

# Calls that a sanitizer, a fuzzer or a profiler adds.
INSTRUMENTS = re.compile(r"^(__asan_|__ubsan_|__sanitizer_|__sancov_|__odr_asan|__start___san|__stop___san|__gcov_|__llvm_|__tsan_)")

# Variables that change, each with the reason why it may.
CHANGING = {"panic_hook": "set once at start by the process, before any other thread runs"}


def symbols(path):
    """(name, class, section) of every symbol of one object file."""
    run = subprocess.run(
        ["nm", "--format=sysv", str(path)], capture_output=True, text=True, check=True
    )
    for line in run.stdout.splitlines():
        columns = [c.strip() for c in line.split("|")]
        if len(columns) == 7 and columns[0] != "Name":
            yield columns[0], columns[2], columns[6]


def objects(build, layer):
    """Source name -> object file of a layer's library."""
    folder = build / "engine" / layer / f"libph_{layer}.a.p"
    return {path.name.removesuffix(".o"): path for path in sorted(folder.glob("*.o"))}


def is_changing(kind, section):
    if kind in "CcBb":
        return True
    return kind in "DdGgSs" and not section.startswith((".data.rel.ro", ".rodata"))


def check(root, build):
    findings, defined = [], {}
    for layer, below in PURE.items():
        found = objects(build, layer)
        table = {source: list(symbols(path)) for source, path in found.items()}
        defined[layer] = {n for rows in table.values() for n, kind, _ in rows if kind not in "Uu"}
        known = ALLOWED.union(defined[layer], *(defined[name] for name in below))
        for source in sorted(p.name for p in (root / "engine" / layer).glob("*.c")):
            if source not in found:
                findings.append(f"engine/{layer}/{source}: is not compiled into its layer")
        instrumented = any(INSTRUMENTS.match(n) for rows in table.values() for n, _, _ in rows)
        for source, rows in table.items():
            where = f"engine/{layer}/{source}"
            for name, kind, section in rows:
                if kind in "Uw" and name not in known and not INSTRUMENTS.match(name):
                    findings.append(f"{where}: needs {name}")
                if not instrumented and is_changing(kind, section):
                    if name.split(".")[0] not in CHANGING:
                        findings.append(f"{where}: {name} is a variable that changes")
    return findings


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    root, build = Path(argv[1]), Path(argv[2])
    findings = check(root, build)
    total = sum(len(objects(build, layer)) for layer in PURE)
    if total == 0:
        findings.append(f"{build}: no object code of a pure layer is there")
    print("\n".join(findings) if findings else f"{total} object files, no finding")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
