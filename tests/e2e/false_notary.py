# SPDX-License-Identifier: Apache-2.0
"""A notary that offers what a test gives it, by engine/link/README.md; and what a true one has in its spool."""

import struct
import threading

import zmq

HELLO, FOLLOW, WELCOME, CREDIT, ITEMS, PING, PONG = 1, 2, 3, 4, 6, 8, 9
HEAD = struct.Struct("<QQI")  # of an item: number, sum, size
CONTRACT = struct.Struct("<QQIIIIIII")  # engine/wire/signed_contract.h
MASK = 2**64 - 1


def mix(total, word):
    total = ((total ^ word) * 0x9E3779B97F4A7C15) & MASK
    return total ^ total >> 29


def item(number, payload):
    """As ITEMS and the spool have it."""
    total = mix(mix(0x706574616C696E6B, number), len(payload))
    whole = len(payload) // 8 * 8
    for (word,) in struct.iter_unpack("<Q", payload[:whole]):
        total = mix(total, word)
    return HEAD.pack(number, mix(total, int.from_bytes(payload[whole:], "big")), len(payload)) + payload


def spooled(path):
    """The items of a spool, and its origin."""
    with open(path, "rb") as f:
        data = f.read()
    assert data[:8] == b"PHSPOOL1"
    found, at = [], 72
    while at < len(data):
        number, _, size = HEAD.unpack_from(data, at)
        found.append(data[at + HEAD.size : at + HEAD.size + size])
        assert item(number, found[-1]) == data[at : at + HEAD.size + size]
        at += HEAD.size + size
    return found, data[8:72]


def note_of(payload):
    size = CONTRACT.unpack_from(payload)[-1]
    return payload[-size:].decode("utf-8")


def with_note(payload, note, first_seq=None):
    """The same contract with another signed root, perhaps of another batch."""
    fields = list(CONTRACT.unpack_from(payload))
    note = note.encode("utf-8")
    rest = payload[CONTRACT.size : len(payload) - fields[-1]]
    fields[-1] = len(note)
    fields[1] = fields[1] if first_seq is None else first_seq
    return CONTRACT.pack(*fields) + rest + note


class FalseNotary:
    """Serves its items to whoever follows, until it is closed."""

    def __init__(self, endpoint, origin, items):
        self.origin, self.items, self.ends = origin, items, False
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.socket.bind(endpoint)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while not self.ends:
            if not self.socket.poll(20):
                continue
            who, frame = self.socket.recv_multipart()
            for answer in self.answers(frame):
                self.socket.send_multipart([who, bytes([1]) + answer])

    def answers(self, frame):
        last = len(self.items)
        if not frame:
            return [bytes([HELLO])]
        if frame[1] == PING:
            return [struct.pack("<BQ", PONG, last)]
        if frame[1] != FOLLOW:
            return []
        nonce, first, _ = struct.unpack("<QQI", frame[2:])
        welcome = struct.pack("<BQQI64s", WELCOME, nonce, last, 4096, self.origin)
        rest = [item(n, self.items[n - 1]) for n in range(first, last + 1)]
        if not rest:
            return [welcome]
        return [welcome, struct.pack("<BQQQIH", ITEMS, first, last, 0, len(rest), 0) + b"".join(rest)]

    def close(self):
        self.ends = True
        self.thread.join()
        self.socket.close(linger=0)
        self.context.term()
