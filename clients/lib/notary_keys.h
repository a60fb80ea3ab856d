/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/notary_keys.h - the keys that sign contracts, and from which record on.

    A later key counts if its proof holds: the key itself signed

      petahour notary key v1\n
      <market name>\n
      <key before, base64>\n
      <key, base64>\n

    A client that was told which keys to trust takes another one only if the key before signed the
    same text.

    Owns      nothing: a plain value. */
#ifndef CLIENTS_LIB_NOTARY_KEYS_H
#define CLIENTS_LIB_NOTARY_KEYS_H

#include "clients/lib/petahour.h"

enum { PHC_NOTARY_KEYS_MAX = 256, PHC_NOTARY_KEY_TEXT_MAX = 192 };

typedef struct {
    uint64_t sequence; /* signs batches that begin after this record; 0: from the first on */
    uint8_t key[32];
    bool is_trusted;
} phc_notary_row;

typedef struct {
    uint32_t cnt;
    phc_notary_row v[PHC_NOTARY_KEYS_MAX];
} phc_notary_keys;

/* A key as the gateway states it. */
typedef struct {
    uint64_t sequence;
    uint8_t key[32], proof[64], endorsement[64];
} phc_notary_change;

typedef enum {
    PHC_NOTARY_TAKEN,
    PHC_NOTARY_KNOWN,     /* it was taken before */
    PHC_NOTARY_UNPROVED,  /* its proof is false: it is no key of the notary */
    PHC_NOTARY_UNTRUSTED, /* taken, but neither trusted nor endorsed by one that is */
} phc_notary_verdict;

/* Only the key of the market's opening.  trusted: trusted_cnt keys of 32 bytes each; NULL: whatever
   is stated.  False: it is not among them. */
bool phc_notary_begin(phc_notary_keys *k, const uint8_t first[32], const uint8_t *trusted,
                      size_t trusted_cnt);

/* Takes the next key. */
phc_notary_verdict phc_notary_take(phc_notary_keys *k, const char *market,
                                   const phc_notary_change *n, const uint8_t *trusted,
                                   size_t trusted_cnt);

/* The key that signs the batch that begins with this record. */
const phc_notary_row *phc_notary_at(const phc_notary_keys *k, uint64_t first_sequence);

/* Writes what is signed for a change of keys; returns its length. */
size_t phc_notary_key_text(const char *market, const uint8_t before[32], const uint8_t key[32],
                           char to[PHC_NOTARY_KEY_TEXT_MAX]);

#endif
