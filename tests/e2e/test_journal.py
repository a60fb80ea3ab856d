#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A journal that the engine's code wrote is verified by a program that shares no code with it.

usage: test_journal.py MAKE_JOURNAL
"""
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
VERIFY = os.path.join(HERE, "verify_journal.py")


def verify(directory):
    return subprocess.run([sys.executable, VERIFY, directory], capture_output=True, text=True)


def flip(path, offset):
    with open(path, "r+b") as f:
        f.seek(offset)
        byte = f.read(1)
        f.seek(offset)
        f.write(bytes([byte[0] ^ 0x20]))


def main():
    with tempfile.TemporaryDirectory(prefix="petahour-journal-") as top:
        directory = os.path.join(top, "journal")
        subprocess.run([sys.argv[1], directory, "7", "600", "40"], check=True, capture_output=True)
        good = verify(directory)
        assert good.returncode == 0, good.stderr
        records = int(good.stdout.split("records")[1].split()[0])
        assert records >= 600, good.stdout
        segments = sorted(n for n in os.listdir(directory) if n.endswith(".phj"))
        path = os.path.join(directory, segments[0])
        with open(path, "rb") as f:
            used = len(f.read().rstrip(b"\0"))
        chance = random.Random(1)
        for _ in range(40):
            # Bytes 104 ... 111 of a batch header are a checksum of it, not part of the chain.
            offset = chance.randrange(used)
            if offset >= 4096 and 104 <= offset % 4096 < 112:
                continue
            flip(path, offset)
            bad = verify(directory)
            assert bad.returncode == 8, f"a change at offset {offset} was not seen: {bad.stdout}"
            assert segments[0] in bad.stderr, bad.stderr
            flip(path, offset)
        assert verify(directory).stdout == good.stdout
        assert verify(top).returncode == 8
    return 0


if __name__ == "__main__":
    sys.exit(main())
