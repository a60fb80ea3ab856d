#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies the chain of a journal without any code of the engine.

usage: verify_journal.py DIRECTORY

Reads every segment as engine/journal/README.md describes it and prints how many records there are
and the last chain hash.  Exit code 0: every byte up to the end is accounted for; 8: it is not.
SipHash checks are not looked at: they name records, the chain proves them.
"""
import hashlib
import os
import re
import struct
import sys

PAGE = 4096
BATCH = 112
END_MARK = b"PHJEND\x5a\xa5"


class Wrong(Exception):
    pass


def blake(person, *parts):
    h = hashlib.blake2b(digest_size=32, person=person)
    for part in parts:
        h.update(part)
    return h.digest()


def want(condition, name, offset, what):
    if not condition:
        raise Wrong(f'segment "{name}" offset {offset}: {what}')


def read_header(name, data):
    want(len(data) >= PAGE, name, 0, "shorter than a header")
    magic, version, meta_size, first = struct.unpack_from("<8sIIQ", data, 0)
    want(magic == b"PHJSEG\r\n", name, 0, "this is not a segment of a journal")
    want(version == 1, name, 8, "unknown version")
    want(blake(b"petahour segment", data[:640]) == data[640:672], name, 640, "wrong header hash")
    want(not any(data[672:PAGE]), name, 672, "bytes behind the header")
    want(int(name[:20]) == first, name, 16, "first record is not the name")
    (previous_at,) = struct.unpack_from("<Q", data, 120)
    return first, data[24:88], data[88:120], previous_at, data[128 : 128 + meta_size], data[640:672]


def read_records(name, offset, body, count, first_at, last_at, stamp):
    at = 0
    for i in range(count):
        want(at + 28 <= len(body) - 8, name, offset, "records do not fit the batch")
        (size,) = struct.unpack_from("<I", body, at)
        (stamped,) = struct.unpack_from("<Q", body, at + 20)
        want(size > 0 and stamped >= stamp, name, offset, "record out of order")
        want(i > 0 or stamped == first_at, name, offset, "first stamp")
        stamp = stamped
        at += 28 + size
    want(at == len(body) - 8 and body[at:] == END_MARK, name, offset, "records do not fill the batch")
    want(stamp == last_at, name, offset, "last stamp")
    return stamp


def verify(directory):
    names = sorted(n for n in os.listdir(directory) if re.fullmatch(r"\d{20}\.phj", n))
    if not names:
        raise Wrong(f"{directory}: there is no journal")
    seq, stamp, chain, batches, market, meta = 1, 0, None, 0, None, None
    for name in names:
        with open(os.path.join(directory, name), "rb") as f:
            data = f.read()
        first, its_market, previous, previous_at, its_meta, digest = read_header(name, data)
        if chain is None:
            want(first == 1 and not any(previous), name, 16, "the first segment is missing")
            chain, market, meta = digest, its_market, its_meta
            print("genesis ", digest.hex())
        else:
            want(first == seq, name, 16, f"record {seq} should come here")
            want((previous, previous_at) == (chain, stamp), name, 88, "another chain before it")
            want((its_market, its_meta) == (market, meta), name, 24, "of another journal")
        offset = PAGE
        while any(data[offset : offset + 512]):
            head = data[offset : offset + BATCH]
            want(len(head) == BATCH, name, offset, "incomplete batch")
            magic, count, its_first, first_at, last_at, size, _ = struct.unpack_from("<4sIQQQII", head)
            want(magic == b"PHJB" and its_first == seq, name, offset, "not the next batch")
            body = data[offset + BATCH : offset + BATCH + size]
            want(len(body) == size, name, offset, "incomplete batch")
            chain = blake(b"petahour chain", chain, head[:72], body)
            want(chain == head[72:104], name, offset, f"wrong chain hash (records from {seq})")
            stamp = read_records(name, offset, body, count, first_at, last_at, stamp)
            end = offset + (BATCH + size + PAGE - 1) // PAGE * PAGE
            want(not any(data[offset + BATCH + size : end]), name, offset, "bytes in the padding")
            seq, batches, offset = seq + count, batches + 1, end
        want(not any(data[offset:]), name, offset, "bytes behind the last batch")
    print("records ", seq - 1)
    print("batches ", batches)
    print("chain   ", chain.hex())


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        verify(sys.argv[1])
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 8
    return 0


if __name__ == "__main__":
    sys.exit(main())
