/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/countersign.h - what a party signs under a contract, and which contracts wait.

    A contract that was handed over is remembered by its leaf hash: countersignatures are compared
    with it, and it waits for the participant's own until that was seen or sent.

    Owns      the table, which phc_known_release frees.
    Laws      the stream of contracts is in order of contract number, so the table is sorted by it.
    Full      above PHC_KNOWN_MAX the oldest are forgotten: countersignatures under them are not
              compared any more. */
#ifndef CLIENTS_LIB_COUNTERSIGN_H
#define CLIENTS_LIB_COUNTERSIGN_H

#include "clients/lib/petahour.h"

enum { PHC_KNOWN_MAX = 262144, PHC_COUNTERSIGNED_TEXT_MAX = 192 };

typedef struct {
    uint64_t contract;
    uint8_t leaf[32];
    bool is_done; /* our own countersignature was seen or sent */
} phc_known_contract;

typedef struct {
    phc_known_contract *v; /* [first, end), sorted by contract */
    size_t first, end, room;
    size_t next; /* nothing before it waits */
} phc_known;

void phc_known_release(phc_known *k);

/* Remembers a contract; false: no memory. */
bool phc_known_add(phc_known *k, uint64_t contract, const uint8_t leaf[32]);

/* NULL if it was not handed over, or is forgotten. */
phc_known_contract *phc_known_find(phc_known *k, uint64_t contract);

/* The next that waits for our own; NULL if none does. */
phc_known_contract *phc_known_waiting(phc_known *k);

/* SHA-256 leaf hash of canonical bytes. */
void phc_leaf_hash(const uint8_t *canonical, size_t size, uint8_t ret[32]);

/* Writes what is signed; returns its length. */
size_t phc_countersigned_text(const char *market, uint64_t contract, const uint8_t leaf[32],
                              char to[PHC_COUNTERSIGNED_TEXT_MAX]);

#endif
