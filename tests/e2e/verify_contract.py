#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies a saved contract with hashlib and PyNaCl alone: nothing here is the exchange's code.

usage: verify_contract.py --key HEX [--key HEX...] FILE...

Written from engine/notary/README.md.  Exit status: 0 all hold, 1 one does not; a countersignature that
is missing is told, and no fault.
"""

import argparse
import base64
import hashlib
import json
import struct
import sys

import nacl.exceptions
import nacl.signing


class Refused(Exception):
    """What does not hold."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def text(field, what):
    value = field.rstrip(b"\0")
    if len(value) == len(field) or b"\0" in value or any(c < 32 or c == 127 for c in value):
        raise Refused(f"{what} is not canonical text")
    return value.decode("utf-8")


def read_canonical(b):
    if len(b) < 676 or b[:8] != b"PHCTRACT" or struct.unpack_from("<I", b, 8) != (1,):
        raise Refused("the bytes do not start like a contract")
    contract, trade, seq, at = struct.unpack_from("<QQQQ", b, 84)
    notional, buyer_fee, supplier_fee, at_trade, bond = struct.unpack_from("<qqqqq", b, 500)
    from_contract, seller = struct.unpack_from("<QI", b, 540)
    supplier_notional, premium, reseller_fee = struct.unpack_from("<qqq", b, 648)
    (segment_cnt,) = struct.unpack_from("<I", b, 672)
    if segment_cnt == 0 or len(b) != 676 + 20 * segment_cnt:
        raise Refused("the size does not follow from segment_cnt")
    total, before = 0, None
    for i in range(segment_cnt):
        first, periods, quantity, price = struct.unpack_from("<IIIq", b, 676 + 20 * i)
        if periods == 0 or first + periods > 2**32 or quantity == 0 or price < 1:
            raise Refused(f"segment {i} is out of range")
        if before is not None and (first, price) <= before:
            raise Refused("segments are not sorted")
        before = (first, price)
        total += periods * quantity * price
    if total != notional:
        raise Refused("notional is not the sum over the segments")
    if not 0 <= at_trade <= buyer_fee or supplier_fee < 0 or bond < 0:
        raise Refused("fees or bond are out of range")
    if from_contract >= contract or min(supplier_notional, premium, reseller_fee) < 0 or seller == 0:
        raise Refused("the resale is out of range")
    if from_contract == 0:
        (supplier,) = struct.unpack_from("<I", b, 388)
        if seller != supplier or b[552:648] != b[392:488]:
            raise Refused("the seller is not the supplier")
        if (supplier_notional, premium, reseller_fee) != (notional, 0, 0):
            raise Refused("there is something of a resale without one")
    return {
        "market": text(b[16:80], "market"),
        "currency": text(b[80:84], "currency"),
        "contract": contract,
        "trade": trade,
        "seq": seq,
        "symbol": text(b[120:184], "symbol"),
        "buyer": text(b[284:348], "buyer_name"),
        "supplier": text(b[392:456], "supplier_name"),
        "seller": text(b[552:616], "seller_name"),
        "notional": notional,
        "parties": parties(b, from_contract),
    }


def parties(b, from_contract):
    """Who has to countersign: part, participant, the key that the contract names."""
    (buyer,), (supplier,), (seller,) = (struct.unpack_from("<I", b, at) for at in (280, 388, 548))
    rows = [("buyer", buyer, b[348:380]), ("supplier", supplier, b[456:488])]
    return rows + ([("seller", seller, b[616:648])] if from_contract else [])


def fold(leaf, index, count, proof):
    """RFC 9162, 2.1.3.2."""
    if index >= count:
        raise Refused("leaf_index is not below leaf_count")
    fn, sn, r = index, count - 1, leaf
    for p in proof:
        if sn == 0:
            raise Refused("the inclusion proof is too long")
        if fn % 2 == 1 or fn == sn:
            r = sha256(b"\x01", p, r)
            while fn % 2 == 0 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\x01", r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise Refused("the inclusion proof is too short")
    return r


def open_note(note, name, key):
    """The text of a signed note (C2SP signed-note) if the key signed it."""
    body, separator, signatures = note.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise Refused("signed_root is not a signed note")
    message = (body + "\n").encode("utf-8")
    key_id = sha256(name.encode(), b"\n\x01", key)[:4]
    for line in signatures[:-1].split("\n"):
        dash, signer, blob = line.split(" ")
        blob = base64.b64decode(blob, validate=True)
        if dash != "\u2014" or signer != name or blob[:4] != key_id:
            continue
        nacl.signing.VerifyKey(key).verify(message, blob[4:])
        return body + "\n"
    raise Refused("signed_root has no signature of this key")


def countersignatures(saved, contract, leaf):
    """What became of the countersignature of each party: holds, other key, or missing."""
    given = {}
    for row in saved.get("countersignatures", []):
        if row.keys() != {"participant", "key", "signature"}:
            raise Refused("a countersignature has other members than participant, key and signature")
        given.setdefault(row["participant"], row)
    if given.keys() - {participant for _, participant, _ in contract["parties"]}:
        raise Refused("a countersignature is of nobody who is a party")
    lines = ["petahour countersignature v1", contract["market"], str(contract["contract"]),
             base64.b64encode(leaf).decode(), ""]  # fmt: skip
    verdicts = {}
    for part, participant, named in contract["parties"]:
        row = given.get(participant)
        if row is None:
            verdicts[part] = "missing"
            continue
        key = bytes.fromhex(row["key"])
        nacl.signing.VerifyKey(key).verify("\n".join(lines).encode(), bytes.fromhex(row["signature"]))
        verdicts[part] = "holds" if key == named else "other key"
    return verdicts


def open_with_any(note, name, keys):
    """The text of a note that one of the keys signed."""
    for key in keys:
        try:
            return open_note(note, name, key)
        except Refused as e:
            refused = e
    raise refused


def verify(saved, *keys):
    """Raises Refused, ValueError or BadSignatureError if anything does not hold."""
    if set(saved) - {"countersignatures"} != {"canonical", "leaf_index", "leaf_count", "inclusion_proof", "signed_root"}:
        raise Refused("the file has other members than a saved contract")
    canonical = bytes.fromhex(saved["canonical"])
    proof = bytes.fromhex(saved["inclusion_proof"])
    contract = read_canonical(canonical)
    if len(proof) % 32:
        raise Refused("the inclusion proof is not whole hashes")
    hashes = [proof[i : i + 32] for i in range(0, len(proof), 32)]
    leaf = sha256(b"\x00", canonical)
    root = fold(leaf, saved["leaf_index"], saved["leaf_count"], hashes)
    text_of_root = open_with_any(saved["signed_root"], contract["market"], keys)
    origin, count, root_text, rest = text_of_root.split("\n")
    prefix = contract["market"] + "/contracts/"
    if rest or not origin.startswith(prefix) or int(origin[len(prefix) :]) > contract["seq"]:
        raise Refused("the signed root is of another batch")
    if count != str(saved["leaf_count"]) or root_text != base64.b64encode(root).decode():
        raise Refused("the inclusion proof does not lead to the signed root")
    contract["countersignatures"] = countersignatures(saved, contract, leaf)
    return contract


def main():
    parser = argparse.ArgumentParser(description="Verifies saved contracts.")
    parser.add_argument("--key", required=True, action="append", help="public key of the notary, 64 hex digits")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()
    status = 0
    for path in args.files:
        try:
            with open(path, encoding="utf-8") as file:
                c = verify(json.load(file), *map(bytes.fromhex, args.key))
        except (Refused, ValueError, KeyError, OSError, nacl.exceptions.CryptoError) as e:
            print(f"{path}: REFUSED: {e}")
            status = 1
        else:
            print(
                f"{path}: contract {c['contract']} of {c['market']}: {c['seller']} sells "
                f"{c['symbol']} to {c['buyer']} for {c['notional']} millionths of {c['currency']}; "
                + ", ".join(f"countersignature of the {part}: {v}" for part, v in c["countersignatures"].items())
            )
    return status


if __name__ == "__main__":
    sys.exit(main())
