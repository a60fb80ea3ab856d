#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An engine takes no memory for what it does: from the moment it is ready, the thread that takes
commands, applies them, writes and syncs batches and publishes their events calls no allocator and
maps no memory, and no other thread does either.  ZeroMQ does, for the messages that it carries: how
often, and for how many bytes, is bounded here for each command.  The child that writes a snapshot
has a folder listed by the C library, and takes nothing itself.

usage: test_allocations.py PETAHOUR_ENGINE PETAHOUR_GATEWAY PROTO_FOLDER PROTOC STEPS_LIBRARY ALLOCATIONS_LIBRARY
"""

import os
import struct
import sys
import time
import unittest

from stepped_market import FIRST, PATIENCE, Names, Run, script
from test_gateway import message, order

PROGRAMS = (sys.argv[1], sys.argv[2], sys.argv[5])
ALLOCATIONS = sys.argv[6]
HEAD, ROW, ROWS = 8, 96, 1024
ROUNDS = 60
SNAPSHOT_EVERY = 12  # commands; see stepped_market.py
ZEROMQ = ("libzmq.so", "libstdc++.so")
# At most, should each command come and be told alone: its frame in, frames out to two followers.
CALLS_PER_COMMAND, BYTES_PER_COMMAND = 12, 6000


class Counted(Run):
    """A run whose engine is watched from when it is ready."""

    def __init__(self, names):
        super().__init__(PROGRAMS, names)
        self.library = f"{ALLOCATIONS} {self.library}"
        self.table = f"{self.path}/allocations"
        with open(self.table, "wb") as f:
            f.truncate(HEAD + ROW * ROWS)
        os.environ["ALLOCATIONS_FILE"] = self.table

    def count(self, on):
        with open(self.table, "r+b") as f:
            f.write(bytes([on]))

    def rows(self):
        """(thread, where, call, object, offset, calls, bytes) of each place that called."""
        with open(self.table, "rb") as f:
            content = f.read()
        (cnt,) = struct.unpack_from("=I", content, 4)
        rows = []
        for i in range(cnt):
            calls, size, offset, *names = struct.unpack_from("=QQQ16s8s16s32s", content, HEAD + ROW * i)
            thread, where, call, name = (n.split(b"\0")[0].decode() for n in names)
            rows.append((thread, where, call, name, offset, calls, size))
        return rows

    def snapshots(self):
        folder = f"{self.journal}/snapshots"
        return set(os.listdir(folder)) if os.path.exists(folder) else set()


def told(row):
    thread, where, call, name, offset, calls, size = row
    return f"{calls} times {call}, {size} bytes, by {name}+{offset:#x} in thread {thread} ({where})"


def more(n):
    """Commands of a round: what rests and is cancelled, what trades, blocks, what is refused."""
    base, at = 1000 + 10 * n, FIRST + 10 + n % 20
    block = order(base + 2, 1, at, 6, 1, 1200, all_or_none=True)
    block.new_order.shape = 2
    return [
        ("supplier", [order(base + 1, 2, at, 4, 5, 1000 + n % 7), order(base + 2, 2, at, 2, 3, 1010)]),
        ("buyer", [order(base + 1, 1, at, 3, 4, 1005)]),
        ("buyer", [block, order(base + 3, 1, at, 3, 0, 900)]),
        ("supplier", [message(cancel_order={"request": 100 + n, "client_order_id": base + 2})]),
        ("buyer", [message(mass_cancel={"request": 100 + n})]),
    ]


class Allocations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        names = Names()
        with Counted(names) as run:
            run.end = time.monotonic() + PATIENCE
            run.start_engine()
            run.wait_for("engine")
            run.count(1)
            run.start_gateway()
            day = [(who, messages) for _, who, messages in script(names)]
            for n in range(ROUNDS):
                day += more(n)
            before, cls.snapshots = run.snapshots(), set()
            for who, messages in day:
                run.set_clock(1)
                run.listeners[who].send(messages)
                cls.snapshots |= run.snapshots() - before
            run.count(0)
            cls.rows = run.rows()
            cls.commands = sum(len(messages) for _, messages in day)
            run.stop_gateway()
            run.stop_engine()

    def test_the_engine_takes_no_memory(self):
        found = [row for row in self.rows if row[1] == "main" and not row[3].startswith(ZEROMQ)]
        self.assertEqual(found, [], "\n" + "\n".join(map(told, found)))

    def test_a_snapshot_takes_no_memory(self):
        self.assertGreater(len(self.snapshots), 3)
        found = [row for row in self.rows if row[1] == "forked" and not row[3].startswith("libc.so")]
        self.assertEqual(found, [], "\n" + "\n".join(map(told, found)))
        listed = sum(row[5] for row in self.rows if row[1] == "forked" and row[2] == "malloc")
        self.assertLess(listed, 2 * self.commands / SNAPSHOT_EVERY)

    def test_what_zeromq_takes_is_bounded(self):
        for where in ("main", "other"):
            taken = [row for row in self.rows if row[3].startswith(ZEROMQ) and row[1] == where and row[2] != "free"]
            calls, size = sum(row[5] for row in taken) / self.commands, sum(row[6] for row in taken) / self.commands
            print(f"ZeroMQ in {where} threads: {calls:.2f} times for each of {self.commands} commands, {size:.0f} bytes")
            self.assertGreater(calls, 0, "the library does not see what the engine does")
            self.assertLess(calls, CALLS_PER_COMMAND)
            self.assertLess(size, BYTES_PER_COMMAND)

    def test_nobody_else_does(self):
        found = [row for row in self.rows if row[1] == "other" and not row[3].startswith(ZEROMQ)]
        self.assertEqual(found, [], "\n" + "\n".join(map(told, found)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[7:], verbosity=1)
