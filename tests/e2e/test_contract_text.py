#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A saved contract as a person reads it: the whole text, of contracts that the vectors' program made.

The contracts are written from engine/notary/README.md alone, so this also shows that the text says
what the bytes say.
"""

import contextlib
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "unit"))
with contextlib.redirect_stdout(io.StringIO()):
    import phc_vectors as vectors

TEXT = """\
# Contract 43 of market.example

Concluded 2026-09-21T14:13:20Z by trade 143: order 501 bought, order 502 sold. Record 1043 of the market's \
journal, rules version 1.

## Parties

- **Buyer**: Buyer & Co (participant 20, key `{buyer}`)
- **Supplier**: Supplier Ltd (participant 30, key `{supplier}`)

## What is delivered

AI.H100-SXM5-80G.ulanqab-1: units of 1 card (1 of hardware class 4), at site 3, in periods of 3600 s.

| from (UTC) | to (UTC) | periods | units | price per unit and period, USD |
| --- | --- | ---: | ---: | ---: |
| 2026-09-12T08:00:00Z | 2026-09-12T18:00:00Z | 10 | 4 | 1.500000 |
| 2026-09-12T08:00:00Z | 2026-09-12T13:00:00Z | 5 | 2 | 1.600000 |
| 2026-09-13T04:00:00Z | 2026-09-13T05:00:00Z | 1 | 1 | 1000000000.000000 |

## What is paid, in USD

- Price in all: 1000000076.000000
- Fee of the buyer: 0.001500, of which 0.000300 at once and the rest on delivery
- Fee of the supplier: 0.000500, on delivery
- Bond of the supplier: 0.000777

## How delivery is settled

- Availability: 99.0000 %
- Delivery is reported by the supplier, within 1 h after each period
- A report may be disputed for 24 h with a deposit of 5.000000 USD, and is decided within 86401 s
- Terms of the product: version 1, SHA-256 `{terms}`
"""


def saved(canonical, hashes, index, note):
    return {
        "canonical": canonical.hex(),
        "leaf_index": index,
        "leaf_count": len(hashes),
        "inclusion_proof": b"".join(vectors.path(index, hashes)).hex(),
        "signed_root": note,
    }


def resale():
    """The lone contract, sold on by participant 40 out of contract 9."""
    b = bytearray(vectors.lone)
    struct.pack_into("<QI", b, 540, 9, 40)
    b[552:616] = vectors.text("Studio", 64)
    b[616:648] = bytes([0x40] * 32)
    struct.pack_into("<qqq", b, 648, 400000000, 80000000, 1234)
    return bytes(b)


class ContractText(unittest.TestCase):
    """`petahour contract text`."""

    def run_on(self, document, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "contract.json")
            with open(path, "w", encoding="utf-8") as f:
                json.dump(document, f)
            return subprocess.run([sys.argv[1], "contract", "text", path, *options],
                                  capture_output=True, text=True, check=False)  # fmt: skip

    def test_the_whole_text(self):
        document = saved(vectors.batch[2], vectors.hashes, 2, vectors.signed)
        done = self.run_on(document, "--notary-key", vectors.public.hex())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        want = TEXT.format(buyer="b0" * 32, supplier="50" * 32,
                           terms=vectors.contract(1, [(1, 1, 1, 1)])[204:236].hex())  # fmt: skip
        self.assertEqual(done.stdout, want)

    def test_a_resale_names_its_seller(self):
        b = resale()
        note, key = vectors.note(1060, 1, vectors.leaf(b))
        done = self.run_on(saved(b, [vectors.leaf(b)], 0, note), "--notary-key", key.hex())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("- **Seller**: Studio (participant 40, key `" + "40" * 32 + "`)\n", done.stdout)
        self.assertIn("The seller held these hours by contract 9 and sold them on.", done.stdout)
        self.assertIn("- Premium above them, for the seller on delivery: 80.000000\n", done.stdout)

    def test_what_was_changed_is_not_shown(self):
        b = resale()
        document = saved(b, [vectors.leaf(b)], 0, vectors.lone_note)
        done = self.run_on(document, "--notary-key", vectors.public.hex())
        self.assertEqual((done.returncode, done.stdout), (8, ""))
        self.assertIn("does not verify", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
