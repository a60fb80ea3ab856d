#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: verify_proof.sh PROOF NOTARY_KEY_HEX RECORD_HASH_HEX
#
# Verifies a proof of `petahour-audit prove inclusion` (C2SP tlog-proof) with openssl and coreutils
# alone: the signature of its checkpoint (signed note, Ed25519), then the path from the record hash
# to the signed root (RFC 6962, checked as RFC 9162, 2.1.3.2 has it).  Ends with 8 if it does not hold.
set -euo pipefail

die() {
    printf 'verify_proof: %s\n' "$*" >&2
    exit 8
}

# SHA-256 of the bytes whose hexadecimal digits are given.
sha256_of() { printf '%s' "$1" | basenc --base16 -d | sha256sum | cut -c 1-64 | tr a-f A-F; }
hex_of_base64() { base64 -d | basenc --base16 -w 0; }

proof=$1
key=${2^^}
record=${3^^}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The head of the proof, and behind the first empty line the note.
sed '/^$/,$d' "$proof" >"$work/head"
sed '1,/^$/d' "$proof" >"$work/note"
[ "$(sed -n 1p "$work/head")" = c2sp.org/tlog-proof@v1 ] || die "no tlog-proof"
index=$(sed -n 's/^index //p' "$work/head")
mapfile -t path < <(sed 1,2d "$work/head")

# The note: its text up to the empty line, then signatures.
sed '/^$/,$d' "$work/note" >"$work/text"
name=$(sed -n 1p "$work/text")
line=$(grep -F -- "— $name " "$work/note" | sed -n 1p) || die "not signed by $name"
blob=$(printf '%s' "${line##* }" | hex_of_base64)
id=$(sha256_of "$(printf '%s\n\001' "$name" | basenc --base16 -w 0)$key" | cut -c 1-8)
[ "${blob:0:8}" = "$id" ] || die "signed by another key"
printf '%s' "${blob:8}" | basenc --base16 -d >"$work/signature"
printf '302A300506032B6570032100%s' "$key" | basenc --base16 -d >"$work/key.der"
openssl pkeyutl -verify -pubin -inkey "$work/key.der" -keyform DER -rawin -in "$work/text" \
    -sigfile "$work/signature" >"$work/said" 2>&1 || die "the signature does not hold"

# The path.
size=$(sed -n 2p "$work/text")
root=$(sed -n 3p "$work/text" | hex_of_base64)
[ "$index" -lt "$size" ] || die "there is no such record"
fn=$index
sn=$((size - 1))
hash=$(sha256_of "00$record")
for step in "${path[@]}"; do
    [ "$sn" -ne 0 ] || die "the path is too long"
    sibling=$(printf '%s' "$step" | hex_of_base64)
    if [ $((fn & 1)) -eq 1 ] || [ "$fn" -eq "$sn" ]; then
        hash=$(sha256_of "01$sibling$hash")
        while [ $((fn & 1)) -eq 0 ] && [ "$fn" -ne 0 ]; do
            fn=$((fn >> 1))
            sn=$((sn >> 1))
        done
    else
        hash=$(sha256_of "01$hash$sibling")
    fi
    fn=$((fn >> 1))
    sn=$((sn >> 1))
done
[ "$sn" -eq 0 ] || die "the path is too short"
[ "$hash" = "$root" ] || die "the path does not lead to the root"
printf 'right: record %s of %s is %s\n' "$((index + 1))" "$size" "$3"
