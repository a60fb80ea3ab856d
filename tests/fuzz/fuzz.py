#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a fuzzer from what golden files and recordings have: messages that are whole lead further than random bytes.

usage: fuzz.py FUZZER GOLDEN_FOLDER [CORPUS_FOLDER] [-OPTION...]

Without a corpus folder nothing is kept, so that every run begins with the same.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

# Which doors of a fuzzer take the lines of a golden file: its first byte.
FRAMES = {
    "fuzz_translate": [("client.txt", 2)],
    "fuzz_client": [("gateway.txt", 2), ("market_data.txt", 3)],
}
# Which format of recordings each file has.
RECORDINGS = {"dcgm-exporter.prom": 0, "dcgmi-dmon.txt": 1, "sacct.txt": 2, "scontrol.txt": 3}
LONGEST = 70000  # a little more than a frame may have


def seeds(fuzzer, golden):
    for file, door in FRAMES.get(fuzzer, []):
        for line in (golden / "frames" / file).read_text().splitlines():
            yield bytes([door]) + bytes.fromhex(line.split()[1])
    if fuzzer == "fuzz_scenario":
        for file in sorted((golden / "scenarios").glob("*.jsonl")):
            if ".expected." not in file.name:
                yield from file.read_bytes().splitlines()
    if fuzzer == "fuzz_meter":
        for file, form in RECORDINGS.items():
            lines = (golden.parent / "e2e" / "recordings" / file).read_bytes().splitlines(keepends=True)
            yield bytes([form]) + b"".join(lines)
            yield bytes([form]) + b"".join(lines[:8])


def main():
    fuzzer, golden, words = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    folders = [w for w in words if not w.startswith("-")]
    with tempfile.TemporaryDirectory(prefix="petahour-fuzz-") as new:
        for i, seed in enumerate(seeds(fuzzer.name, golden)):
            (Path(new) / f"seed-{i}").write_bytes(seed)
        options = [f"-max_len={LONGEST}"] + [w for w in words if w.startswith("-")]
        return subprocess.run([os.path.abspath(fuzzer), *options, *folders, new], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
