/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/settle/root_signature.h - the notary's signatures under roots: what is missing, what they
    are verified against, and their rows.

    The notary signs after the journal, so these rows do not move with the position; they are
    written in transactions of its epoch, and one that is there already stays.

    Owns      nothing.
    Thread    one.
    Failure   as pg.h. */
#ifndef ENGINE_SETTLE_ROOT_SIGNATURE_H
#define ENGINE_SETTLE_ROOT_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/settle/pg.h"

/* What the database has of the batch that begins with first_seq, which is given. */
typedef struct {
    uint64_t first_seq;
    bool is_known; /* there is a root, and: */
    uint32_t leaf_cnt;
    ph_hash root;
    ph_key key; /* of the notary, in force for the batch */
} ph_own_root;

typedef struct {
    uint64_t first_seq;
    ph_key key;
    ph_signature signature;
} ph_root_signature;

/* Number of the notary's item that is the first contract of the first root without a signature; of
   the first item behind all that the rows know if each root has one.  Items are contracts and
   countersignatures (engine/notary/README.md, section 5), which are counted. */
ph_status ph_root_signatures_next(ph_pg *pg, uint64_t *ret_item, ph_pg_error *reterr);

/* Reads what the database has of so many batches. */
ph_status ph_own_roots_read(ph_pg *pg, ph_own_root *roots, uint32_t cnt, ph_pg_error *reterr);

/* Writes so many signatures, each of a root that is there, in one transaction of this epoch. */
ph_status ph_root_signatures_write(ph_pg *pg, const char *market, uint64_t epoch,
                                   const ph_root_signature *v, uint32_t cnt, ph_pg_error *reterr);

/* Verifies every signature that is there under the text of the root of its row, with the key of its
   row, and calls on_false with the first record of each batch whose signature does not hold; *ret:
   how many there are.  Some 50 us each.  Whether root and key are the right ones is for others to
   say (digest.h, the laws of the database). */
ph_status ph_root_signatures_verify(ph_pg *pg, const ph_text64 *market,
                                    void (*on_false)(void *arg, uint64_t first_seq), void *arg,
                                    uint64_t *ret, ph_pg_error *reterr);

#endif
