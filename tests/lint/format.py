#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Form that tools decide: clang-format for C, shellcheck for scripts, Python that compiles.

usage: format.py ROOT

Exits 1 if a tool finds something, 77 (skipped) if one of the tools is not installed.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from layers import sources
from words import files


def is_shell(root, path):
    if path.endswith(".sh"):
        return True
    first = (root / path).read_bytes()[:64].split(b"\n", 1)[0]
    return first.startswith(b"#!") and (b"bash" in first or first.endswith(b"/sh"))


def run(root, command):
    done = subprocess.run(
        command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return (done.returncode, done.stdout)


def check_python(root, path):
    try:
        compile((root / path).read_text(encoding="utf-8"), path, "exec")
    except SyntaxError as error:
        return (1, f"{path}:{error.lineno}: {error.msg}\n")
    return (0, "")


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(argv[1]).resolve()
    for tool in ("clang-format", "shellcheck"):
        if shutil.which(tool) is None:
            print(f"skipped: {tool} is not installed")
            return 77
    written = list(files(root))
    shell = [p for p in written if is_shell(root, p)]
    code = sources(root)
    jobs = [["clang-format", "--dry-run", "-Werror", *code[i::8]] for i in range(8) if code[i::8]]
    if shell:
        jobs.append(["shellcheck", "--external-sources", *shell])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: run(root, job), jobs))
    results += [check_python(root, p) for p in written if p.endswith(".py")]
    print("".join(text for status, text in results if status != 0), end="")
    if any(status != 0 for status, _ in results):
        return 1
    print(f"{len(code)} C files, {len(shell)} scripts, no finding")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
