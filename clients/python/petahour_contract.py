# SPDX-License-Identifier: Apache-2.0
"""Contracts as engine/notary/README.md lays them down: verified, and countersigned."""

import base64
import hashlib
import struct

import nacl.exceptions
import nacl.signing


class Failed(Exception):
    """What cannot be done, or does not hold; for people."""


def verify(m, market, key):
    """Checks a Contract message by engine/notary/README.md, sections 1 to 4; its fields and its leaf hash."""
    b = m.canonical

    def must(holds, what):
        if not holds:
            raise Failed(f"a contract does not verify: {what}")

    def text(at, size):
        value = b[at : at + size].rstrip(b"\0")
        must(len(value) < size and b"\0" not in value, f"the text at {at} is not canonical")
        return value.decode()

    must(len(b) >= 676 and b[:12] == b"PHCTRACT\1\0\0\0", "its bytes do not start like one")
    contract, trade, sequence = struct.unpack_from("<QQQ", b, 84)
    (notional,), (count,) = struct.unpack_from("<q", b, 500), struct.unpack_from("<I", b, 672)
    must(count > 0 and len(b) == 676 + 20 * count, "its size does not follow from its segments")
    segments = [struct.unpack_from("<IIIq", b, 676 + 20 * i) for i in range(count)]
    must(segments == sorted(segments, key=lambda s: (s[0], s[3])), "its segments are not sorted")
    must(notional == sum(p * q * price for _, p, q, price in segments), "notional is not the sum over its segments")
    must(text(16, 64) == market, "it is of another market")

    leaf = r = hashlib.sha256(b"\0" + b).digest()
    fn, sn = m.leaf_index, m.leaf_count - 1
    must(fn <= sn and len(m.inclusion_proof) % 32 == 0, "its proof has another size")
    for i in range(0, len(m.inclusion_proof), 32):  # RFC 9162, 2.1.3.2
        p, left = m.inclusion_proof[i : i + 32], fn % 2 == 1 or fn == sn
        must(sn > 0, "its proof is too long")
        r = hashlib.sha256(b"\1" + (p + r if left else r + p)).digest()
        while left and fn % 2 == 0 and fn:
            fn, sn = fn >> 1, sn >> 1
        fn, sn = fn >> 1, sn >> 1
    must(sn == 0, "its proof is too short")

    body, _, lines = m.signed_root.rpartition("\n\n")
    origin, *state = body.split("\n")
    batch = origin.removeprefix(f"{market}/contracts/")
    must(batch.isdecimal() and int(batch) <= sequence, "its root is of another batch")
    must(state == [str(m.leaf_count), base64.b64encode(r).decode()], "its proof leads to another root")
    key_id = hashlib.sha256(market.encode() + b"\n\1" + key).digest()[:4]
    ours = [base64.b64decode(x.split(" ")[2]) for x in lines.splitlines() if x.startswith(f"\u2014 {market} ")]
    ours = [signature[4:] for signature in ours if signature[:4] == key_id]
    must(ours, "its root is not signed with this key of the notary")
    try:
        nacl.signing.VerifyKey(key).verify(f"{body}\n".encode(), ours[0])
    except nacl.exceptions.CryptoError:
        must(False, "the signature of its root is false")
    fields = {"contract": contract, "trade": trade, "symbol": text(120, 64), "buyer": text(284, 64),
              "supplier": text(392, 64), "notional": notional, "segments": segments}  # fmt: skip
    return fields, leaf


def countersignature(key, market, contract, leaf):
    words = f"petahour countersignature v1\n{market}\n{contract}\n{base64.b64encode(leaf).decode()}\n"
    signer = nacl.signing.SigningKey(bytes.fromhex(key["sign_seed"]))
    return {"contract": contract, "key": signer.verify_key.encode(), "signature": signer.sign(words.encode()).signature}
