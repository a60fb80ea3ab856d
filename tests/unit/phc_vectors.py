#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes phc_vectors.h: a batch of contracts made and signed from engine/notary/README.md alone,
with hashlib and PyNaCl.  Run: python3 tests/unit/phc_vectors.py > tests/unit/phc_vectors.h"""
import base64
import hashlib
import struct

import nacl.signing

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
MARKET = "market.example"


def text(s, n):
    b = s.encode()
    assert len(b) < n
    return b + bytes(n - len(b))


def contract(number, segments):
    u32, u64, i64 = (lambda f: lambda v: struct.pack(f, v))("<I"), lambda v: struct.pack("<Q", v), \
        lambda v: struct.pack("<q", v)
    notional = sum(p * q * n for _, n, q, p in segments)
    out = b"PHCTRACT" + u32(1) + u32(1) + text(MARKET, 64) + b"USD\0"
    out += u64(number) + u64(number + 100) + u64(number + 1000) + u64(1790000000 * 10**9)
    out += u32(7) + text("AI.H100-SXM5-80G.ulanqab-1", 64) + text("card", 16) + u32(1)
    out += hashlib.sha256(b"terms").digest() + u32(3600) + u32(3) + u32(4) + u32(1) + u32(990000)
    out += u32(3600) + u32(86400) + u32(86401) + i64(5000000) + u32(0)
    out += u32(20) + text("Buyer & Co", 64) + bytes([0xb0] * 32) + u64(501)
    out += u32(30) + text("Supplier Ltd", 64) + bytes([0x50] * 32) + u64(502)
    out += u32(1) + i64(notional) + i64(1500) + i64(500) + i64(300) + i64(777)
    out += u64(0) + u32(30) + text("Supplier Ltd", 64) + bytes([0x50] * 32)
    out += i64(notional) + i64(0) + i64(0) + u32(len(segments))
    for first, periods, quantity, price in segments:
        out += struct.pack("<IIIq", first, periods, quantity, price)
    assert len(out) == 676 + 20 * len(segments)
    return out


def leaf(b):
    return hashlib.sha256(b"\0" + b).digest()


def node(a, b):
    return hashlib.sha256(b"\1" + a + b).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def root(hashes):
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node(root(hashes[:k]), root(hashes[k:]))


def path(m, hashes):
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if m < k:
        return path(m, hashes[:k]) + [root(hashes[k:])]
    return path(m - k, hashes[k:]) + [root(hashes[:k])]


def note(origin_seq, count, top):
    key = nacl.signing.SigningKey(SEED)
    pub = bytes(key.verify_key)
    body = f"{MARKET}/contracts/{origin_seq}\n{count}\n{base64.b64encode(top).decode()}\n"
    key_id = hashlib.sha256(MARKET.encode() + b"\n\x01" + pub).digest()[:4]
    signature = key.sign(body.encode()).signature
    line = base64.b64encode(key_id + signature).decode()
    return body + f"\n\u2014 {MARKET} {line}\n", pub


def c_string(name, s):
    width = 80
    rows = [s[i:i + width] for i in range(0, len(s), width)] or [""]
    print(f"static const char {name}[] =")
    print("\n".join(f'    "{r}"' for r in rows) + ";\n")


segments = [[(497000, 24, 8, 2500000)],
            [(497000, 2, 1, 100), (497010, 1, 3, 90)],
            [(497000, 10, 4, 1500000), (497000, 5, 2, 1600000), (497020, 1, 1, 10**15)],
            [(497001, 1, 1, 1)],
            [(497002, 1, 1, 2)]]
batch = [contract(i + 41, s) for i, s in enumerate(segments)]
hashes = [leaf(b) for b in batch]
signed, public = note(1040, len(batch), root(hashes))
lone = contract(60, [(497000, 24, 8, 2500000)])
lone_note, _ = note(1060, 1, leaf(lone))
print("/* SPDX-License-Identifier: Apache-2.0 */")
print("/*  tests/unit/phc_vectors.h - contracts made by phc_vectors.py, which shares no code with "
      "us. */")
print("#ifndef TESTS_UNIT_PHC_VECTORS_H\n#define TESTS_UNIT_PHC_VECTORS_H\n")
print("/* clang-format off */\n")
c_string("vector_key", public.hex())
c_string("vector_contract", batch[2].hex())
print("enum { VECTOR_INDEX = 2, VECTOR_COUNT = 5 };\n")
c_string("vector_proof", b"".join(path(2, hashes)).hex())
c_string("vector_note", signed.encode().hex())
c_string("lone_contract", lone.hex())
c_string("lone_note", lone_note.encode().hex())
print("/* clang-format on */\n\n#endif")
