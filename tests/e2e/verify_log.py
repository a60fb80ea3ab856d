#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies a transparency log from its files and the journal, written from the specification alone
(engine/notary/README.md, engine/journal/README.md); uses nothing of ours but those pages.

usage: verify_log.py LOG_FOLDER JOURNAL NOTARY_KEY_HEX
"""

import base64
import glob
import hashlib
import os
import struct
import sys

import nacl.signing


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root_of(hashes):
    """RFC 6962, word for word, over leaf hashes (or roots of equal perfect subtrees)."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return node(root_of(hashes[:k]), root_of(hashes[k:]))


def check_inclusion(leaf_hash, index, size, proof, root):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf_hash
    for p in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def check_consistency(old, old_root, new, new_root, proof):
    """RFC 9162, 2.1.4.2."""
    if not 1 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


def key_id(name, kind, key):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + key).digest()[:4]


def signatures(note):
    """Text of a signed note and its lines: (key name, key id, what follows)."""
    text, _, lines = note.rpartition(b"\n\n")
    text += b"\n"
    found = []
    for line in lines.decode().splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "\u2014", line
        blob = base64.b64decode(blob, validate=True)
        found.append((name, blob[:4], blob[4:]))
    return text, found


def open_checkpoint(note, key, market=None):
    """Checks the log's signature; returns (origin, size, root)."""
    text, lines = signatures(note)
    origin, size, root, end = text.decode().split("\n")
    assert end == "" and origin.endswith("/journal"), text
    assert market is None or origin == market + "/journal", origin
    mine = [s for name, k, s in lines if name == origin and k == key_id(origin, 1, key)]
    assert mine, "no signature of this key"
    for signature in mine:
        nacl.signing.VerifyKey(key).verify(text, signature)
    return origin, int(size), base64.b64decode(root, validate=True)


def check_cosignature(note, name, key):
    """Checks a witness's line (cosignature/v1); returns its time."""
    text, lines = signatures(note)
    mine = [s for n, k, s in lines if n == name and k == key_id(name, 4, key)]
    assert mine, "no cosignature of this witness"
    (blob,) = mine
    time = struct.unpack(">Q", blob[:8])[0]
    nacl.signing.VerifyKey(key).verify(b"cosignature/v1\ntime %d\n" % time + text, blob[8:])
    return time


def tile_path(level, index, width):
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03d}")
    path = f"tile/{level}/" + "/".join(groups)
    return path if width == 256 else f"{path}.p/{width}"


def read_tile(folder, level, index, width):
    path = f"{folder}/{tile_path(level, index, width)}"
    if not os.path.exists(path):
        path = f"{folder}/{tile_path(level, index, 256)}"
    with open(path, "rb") as f:
        data = f.read()
    hashes = [data[i : i + 32] for i in range(0, len(data), 32)][:width]
    assert len(hashes) == width and all(len(h) == 32 for h in hashes), path
    return hashes


def check_tiles(folder, leaves, root):
    """Every tile of the tree, level by level, against the leaves."""
    hashes, level = leaves, 0
    assert root_of(leaves) == root
    while hashes:
        for index in range(0, (len(hashes) + 255) // 256):
            expected = hashes[256 * index : 256 * index + 256]
            assert read_tile(folder, level, index, len(expected)) == expected, (level, index)
        full = len(hashes) // 256
        hashes = [root_of(hashes[256 * i : 256 * i + 256]) for i in range(full)]
        level += 1


def inclusion_proof(leaves, index):
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return inclusion_proof(leaves[:k], index) + [root_of(leaves[k:])]
    return inclusion_proof(leaves[k:], index - k) + [root_of(leaves[:k])]


def entries(journal):
    """Record hashes of a journal, in order."""
    out, previous = [], None
    for path in sorted(glob.glob(f"{journal}/*.phj")):
        with open(path, "rb") as f:
            data = f.read()
        if previous is None:
            previous = data[640:672]  # the genesis hash
        at = 4096
        while at + 112 <= len(data) and data[at : at + 4] == b"PHJB":
            (count,) = struct.unpack_from("<I", data, at + 4)
            (seq,) = struct.unpack_from("<Q", data, at + 8)
            (body,) = struct.unpack_from("<I", data, at + 32)
            events, chain = data[at + 40 : at + 72], data[at + 72 : at + 104]
            p = at + 112
            for i in range(count):
                size, check, _, stamp = struct.unpack_from("<IQQQ", data, p)
                bytes_ = data[p + 28 : p + 28 + size]
                head = struct.pack("<QQQ", seq + i, stamp, check) + previous + events
                out.append(hashlib.blake2b(head + bytes_, digest_size=32, person=b"petahour record").digest())
                p += 28 + size
            previous = chain
            at += (112 + body + 4095) // 4096 * 4096
    return out


def verify(folder, journal, key, market=None):
    """Everything that the log's files state, against the journal; returns (size, root, leaves)."""
    with open(f"{folder}/checkpoint", "rb") as f:
        _, size, root = open_checkpoint(f.read(), key, market)
    leaves = [leaf(e) for e in entries(journal)]
    assert len(leaves) >= size, "the journal is shorter than the log"
    check_tiles(folder, leaves[:size], root)
    return size, root, leaves[:size]


if __name__ == "__main__":
    count, top, _ = verify(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]))
    print(f"right: {count} records, root {top.hex()}")
