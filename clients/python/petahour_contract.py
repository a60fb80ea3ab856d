# SPDX-License-Identifier: Apache-2.0
"""Contracts as engine/notary/README.md lays them down, verified: sections 1 to 4."""

import base64
import hashlib
import struct

from nacl import exceptions, signing


class Failed(Exception):
    """What cannot be done, or does not hold; for people."""


def must(holds, what):
    if not holds:
        raise Failed(f"a contract does not verify: {what}")


def read(b, market):
    """The fields of its canonical bytes."""
    must(len(b) >= 676 and b[:12] == b"PHCTRACT\1\0\0\0", "its bytes do not start like one")
    contract, trade, sequence = struct.unpack_from("<QQQ", b, 84)
    (notional,), (count,) = struct.unpack_from("<q", b, 500), struct.unpack_from("<I", b, 672)
    must(count > 0 and len(b) == 676 + 20 * count, "its size does not follow from its segments")
    segments = list(struct.iter_unpack("<IIIq", b[676:]))
    must(segments == sorted(segments, key=lambda s: (s[0], s[3])), "its segments are not sorted")
    must(notional == sum(p * q * price for _, p, q, price in segments), "notional is not the sum over its segments")
    texts = [b[at : at + 64].rstrip(b"\0") for at in (16, 120, 284, 392)]
    must(all(len(t) < 64 and b"\0" not in t for t in texts), "a text is not canonical")
    must(texts[0].decode() == market, "it is of another market")
    symbol, buyer, supplier = (t.decode() for t in texts[1:])
    return {"contract": contract, "trade": trade, "sequence": sequence, "symbol": symbol, "buyer": buyer,
            "supplier": supplier, "notional": notional, "segments": segments}  # fmt: skip


def verify(m, market, key):
    """The fields of a Contract message; Failed unless all of it holds under the notary's key."""
    fields = read(m.canonical, market)
    r, fn, sn = hashlib.sha256(b"\0" + m.canonical).digest(), m.leaf_index, m.leaf_count - 1
    must(fn <= sn and len(m.inclusion_proof) % 32 == 0, "its proof has another size")
    for (p,) in struct.iter_unpack("32s", m.inclusion_proof):  # RFC 9162, 2.1.3.2
        left = fn % 2 == 1 or fn == sn
        must(sn > 0, "its proof is too long")
        r = hashlib.sha256(b"\1" + (p + r if left else r + p)).digest()
        while left and fn % 2 == 0 and fn:
            fn, sn = fn >> 1, sn >> 1
        fn, sn = fn >> 1, sn >> 1
    must(sn == 0, "its proof is too short")
    body, _, lines = m.signed_root.rpartition("\n\n")
    origin, *state = body.split("\n")
    batch = origin.removeprefix(f"{market}/contracts/")
    must(batch.isdecimal() and int(batch) <= fields["sequence"], "its root is of another batch")
    must(state == [str(m.leaf_count), base64.b64encode(r).decode()], "its proof leads to another root")
    key_id = hashlib.sha256(market.encode() + b"\n\1" + key).digest()[:4]
    signed = [base64.b64decode(x.split(" ")[2]) for x in lines.splitlines() if x.startswith(f"\u2014 {market} ")]
    signed = [s[4:] for s in signed if s[:4] == key_id]
    must(signed, "its root is not signed with this key of the notary")
    try:
        signing.VerifyKey(key).verify(f"{body}\n".encode(), signed[0])
    except exceptions.CryptoError:
        must(False, "the signature of its root is false")
    return fields
