# SPDX-License-Identifier: Apache-2.0
"""What tests share that stop a program at its steps (steps.c): plans, places, and who follows it.

PH_SEEDS says how many places are tried (all: every place), PH_SEED which ones; PH_PLACE=PLAN is
tried alone.  A plan is STEP:HOW, and again STEP:HOW for the next start of the program.
"""

import os
import random
import re
import struct
import time

import zmq

SEED = int(os.environ.get("PH_SEED", "1"))
SEEDS = os.environ.get("PH_SEEDS")
PLACE = os.environ.get("PH_PLACE")
WHY = {"EIO": "input/output error", "ENOSPC": "no space left on device", "EROFS": "read-only file system"}


def environment(library, trace, plan):
    """Of a program whose steps are numbered; one with a sanitizer, too."""
    e = dict(os.environ, LD_PRELOAD=library, STEPS_TRACE=trace)
    e["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + e.get("ASAN_OPTIONS", "")
    return {**e, **plan}


def steps(trace):
    """(number, kind, size, name) of the steps of a life of a program."""
    with open(trace, encoding="utf-8") as f:
        lines = [line.split(" ", 3) for line in f.read().splitlines()]
    return [(number, kind, int(size), name) for number, kind, size, name in lines]


def of_plan(text):
    """What "d17:before:d3:half" asks of the first two engines; an error with a "+" is for ever."""
    parts, plan = text.split(":"), []
    for at, how in zip(parts[::2], parts[1::2]):
        plan.append({"STEPS_AT": at, "STEPS_HOW": how.rstrip("+")})
        if how.endswith("+"):
            plan[-1]["STEPS_EVER"] = "1"
    return plan


def class_of(step):
    """What a step is, without the number that is in a name."""
    _, kind, _, name = step
    return kind, re.sub(r"\d+", "N", os.path.basename(name))


def spread(places, cnt, chance):
    """So many places, of each class some, chosen by chance."""
    classes = {}
    for place in places:
        classes.setdefault(class_of(place[0]), []).append(place)
    for several in classes.values():
        chance.shuffle(several)
    chosen = []
    while len(chosen) < cnt and classes:
        for name in list(classes):
            chosen.append(classes[name].pop())
            if not classes[name]:
                del classes[name]
    return chosen[:cnt]


def choose(places, cnt):
    """So many, unless the environment says another number."""
    return places if SEEDS == "all" else spread(places, int(SEEDS or cnt), random.Random(SEED))


class Tap:
    """Follows the engine's items from number 1, again from 1 whenever the engine is a new one, and
    refuses to be told two things of one number (engine/link/README.md)."""

    def __init__(self, context, link):
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        self.socket.setsockopt(zmq.PROBE_ROUTER, 1)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.RECONNECT_IVL, 5)
        self.socket.connect(link)
        self.items, self.asked, self.heard = {}, 0, time.monotonic()

    def say(self, frame):
        try:
            self.socket.send(frame, zmq.NOBLOCK)
        except zmq.Again:
            pass  # there is no engine; it will be asked again

    def take(self):
        if time.monotonic() - self.heard > 0.1:  # a new engine answers whom it does not know
            self.heard = time.monotonic()
            self.say(b"\1\x08")
        while self.socket.poll(0):
            frame = self.socket.recv()
            self.heard = time.monotonic()
            version, kind = frame[:2]
            assert version == 1, frame[:2]
            if kind == 1:
                self.asked += 1
                self.say(struct.pack("<BBQQI", 1, 2, self.asked, 1, 64 << 20))
            elif kind == 6:
                self.take_items(frame)

    def take_items(self, frame):
        first, _, _, cnt, _ = struct.unpack_from("<QQQIH", frame, 2)
        at = 2 + 30
        for number in range(first, first + cnt):
            is_number, _, size = struct.unpack_from("<QQI", frame, at)
            assert is_number == number, (is_number, number)
            item = frame[at + 20 : at + 20 + size]
            assert len(item) == size
            was = self.items.setdefault(number, item)
            assert was == item, f"item {number} was told as {was.hex()}, then as {item.hex()}"
            at += 20 + size
        assert at == len(frame)
