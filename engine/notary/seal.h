/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/seal.h - signs the root of a batch once and makes the item of each contract.

    Ed25519 is deterministic and contracts are recomputed from the journal, so sealing a batch again
    gives the same bytes: a notary that lost everything but its key loses nothing.

    Owns      room for one item; borrows the keyring.
    Thread    one. */
#ifndef ENGINE_NOTARY_SEAL_H
#define ENGINE_NOTARY_SEAL_H

#include "engine/base/status.h"
#include "engine/notary/contracts.h"
#include "engine/notary/keyring.h"
#include "engine/wire/signed_contract.h"

typedef struct ph_seal ph_seal;

/* Takes item `number`, which is the number of its contract; the bytes are valid during the call.  A
   status other than PH_OK ends the batch and is returned. */
typedef ph_status (*ph_seal_on_item)(void *arg, uint64_t number, const void *bytes, size_t size);

/* The market's name is the origin of what is signed and the name of the key; it is
   ph_checkpoint_market_ok.  NULL if there is no memory. */
ph_seal *ph_seal_new(ph_keyring *keyring, const char *market);

/* Signs the root of a batch that has contracts and hands over its items in order.  PH_EDENIED: the
   keyring refused (a batch twice, or out of order); or what on_item returned. */
ph_status ph_seal_batch(ph_seal *s, const ph_contracts *c, ph_seal_on_item on_item, void *arg);

/* Whether an item that was kept is that of contract i of the batch, signed by a key that need not
   be in the keyring: PH_OK or PH_ECORRUPT. */
ph_status ph_seal_check(const ph_seal *s, const ph_contracts *c, uint32_t i, const ph_key *key,
                        const ph_signed_contract *item);

/* Accepts NULL.  The keyring stays the caller's. */
void ph_seal_free(ph_seal *s);

#endif
