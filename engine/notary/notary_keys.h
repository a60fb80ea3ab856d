/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/notary_keys.h - which key signs from which record on.

    The market names keys in order and verifies none (engine/core/notary_key.h).  A later key is in
    force for the batches that begin after its record if it signed, as its proof,

      petahour notary key v1\n
      <market name>\n
      <key in force before, base64>\n
      <the key, base64>\n

    If its proof does not hold it is no key at all, for anybody.  The key before may have signed the
    same text, as its endorsement: then whoever trusts that key can trust this one without replaying
    the journal.

    Owns      nothing: a plain value.
    Thread    any. */
#ifndef ENGINE_NOTARY_NOTARY_KEYS_H
#define ENGINE_NOTARY_NOTARY_KEYS_H

#include "engine/base/limits.h"
#include "engine/core/market.h"

enum { PH_NOTARY_KEY_TEXT_MAX = 192 }; /* with the zero that is put after the text */

/* Writes what is signed, and a zero; returns its length without the zero. */
size_t ph_notary_keys_text(const char *market, const ph_key *before, const ph_key *key,
                           char to[PH_NOTARY_KEY_TEXT_MAX]);

typedef struct {
    uint64_t seq; /* of the record that named it */
    ph_key key;
    bool is_endorsed; /* by the key before; true for the first */
} ph_notary_keys_row;

typedef struct {
    uint32_t seen; /* of the keys that the market names */
    uint32_t cnt;  /* of those that hold */
    ph_notary_keys_row v[PH_NOTARY_KEYS_MAX];
} ph_notary_keys;

/* Takes one key; false: its proof does not hold, or the table is full.  The first needs none. */
bool ph_notary_keys_take(ph_notary_keys *k, const char *market, const ph_notary_key *named);

/* Takes what the market names beyond what was seen; returns how many proofs did not hold. */
uint32_t ph_notary_keys_follow(ph_notary_keys *k, const ph_market *m);

/* The key that signs the batch that begins with record first_seq; there is one key at least. */
const ph_key *ph_notary_keys_at(const ph_notary_keys *k, uint64_t first_seq);

#endif
