/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/golden/golden.h - what is said of a golden journal, and where its files are.

      <version>/journal              the journal, in segments
      <version>/journal/snapshots    the state behind a record in the middle
      <version>/expected             records, contracts, chain hash, digest of the state */
#ifndef TESTS_GOLDEN_GOLDEN_H
#define TESTS_GOLDEN_GOLDEN_H

#include <inttypes.h>
#include <stdio.h>

#include "engine/core/snapshot.h"
#include "engine/journal/chain.h"

enum { GOLDEN_SEED = 1, GOLDEN_RECORDS = 600, GOLDEN_BATCH = 40, GOLDEN_SNAPSHOT = 400 };
enum { GOLDEN_SEGMENT = 1 << 16, GOLDEN_FILL = 1 << 12, GOLDEN_TEXT = 512 };

static inline void golden_add(void *arg, const void *bytes, size_t size)
{
    ph_digest_add(arg, bytes, size);
}

static inline ph_hash golden_digest(const ph_market *m)
{
    ph_digest d;
    ph_chain_start();
    ph_digest_begin(&d, PH_DIGEST_STATE);
    ph_snapshot_write(m, golden_add, &d);
    return ph_digest_end(&d);
}

static inline int golden_hex(char *to, const ph_hash *h)
{
    int n = 0;
    for (size_t i = 0; i < sizeof h->b; i++)
        n += sprintf(to + n, "%02x", h->b[i]);
    return n;
}

/* The file `expected`. */
static inline void golden_text(const ph_market *m, const ph_hash *chain, char to[GOLDEN_TEXT])
{
    ph_hash state = golden_digest(m);
    int n = sprintf(to, "records %" PRIu64 "\ncontracts %" PRIu64 "\nresting %" PRIu32 "\nchain ",
                    ph_market_seq(m), ph_market_contract_cnt(m), ph_market_order_cnt(m));
    n += golden_hex(to + n, chain);
    n += sprintf(to + n, "\nstate ");
    n += golden_hex(to + n, &state);
    (void)sprintf(to + n, "\n");
}

#endif
