#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over every source that we wrote, with the flags of a clang build.

usage: tidy.py BUILD [JOBS [SECONDS]]

BUILD holds compile_commands.json.  Sources that are the same as when they last passed (with all
headers, the settings and the flags) are not read again.  Stops and fails after SECONDS (default
1500): an analysis that does not end is a finding too.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / ".clang-tidy", ROOT / "tests" / ".clang-tidy")


def digest(*texts):
    total = hashlib.sha256()
    for text in texts:
        total.update(text if isinstance(text, bytes) else text.encode())
        total.update(b"\0")
    return total.hexdigest()


def written_by_us(command, build):
    """The source of one compile command, or None when it is generated."""
    path = (Path(command["directory"]) / command["file"]).resolve()
    return None if build in path.parents else path


def main(argv):
    if len(argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    build = Path(argv[1]).resolve()
    jobs = int(argv[2]) if len(argv) > 2 else os.cpu_count()
    limit = time.monotonic() + (float(argv[3]) if len(argv) > 3 else 1500)
    commands, once = {}, []
    for command in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        path = written_by_us(command, build)
        if path is not None and path.suffix == ".c" and path not in commands:
            commands[path] = command["command"]
            once.append(command)
    headers = sorted(p for top in ("engine", "gateway", "clients", "tests", "proto")
                     for p in (ROOT / top).rglob("*.[hp]*") if p.suffix in (".h", ".proto"))  # fmt: skip
    shared = digest(*(p.read_bytes() for p in SETTINGS), *(p.read_bytes() for p in headers))
    passed = build / "tidy-passed"
    passed.mkdir(exist_ok=True)
    # A source of two programs has two commands; of the second clang-tidy 14 says what is not so (va_list).
    (passed / "compile_commands.json").write_text(json.dumps(once), encoding="utf-8")

    def read(path):
        mark = passed / digest(shared, commands[path], path.read_bytes())
        if mark.exists():
            return True, ""
        left = limit - time.monotonic()
        if left <= 0:
            return False, f"{path}: not read, the time was up\n"
        try:
            run = subprocess.run(
                ["clang-tidy", "--quiet", "-p", str(passed), str(path)],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, timeout=left,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return False, f"{path}: not finished when the time was up\n"
        if run.returncode == 0:
            mark.touch()
        return run.returncode == 0, run.stdout

    failed = 0
    # The largest first, so that no processor waits for one long source at the end.
    order = sorted(commands, key=lambda p: -p.stat().st_size)
    with ThreadPoolExecutor(jobs) as pool:
        for task in as_completed([pool.submit(read, path) for path in order]):
            is_clean, text = task.result()
            if not is_clean:
                failed += 1
                print(text, end="", flush=True)
    print(f"clang-tidy: {len(commands)} sources, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
