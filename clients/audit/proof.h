/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/proof.h - what a saved contract proves by itself.

    Owns      nothing: what it gives points into the saved contract.
    Thread    any. */
#ifndef CLIENTS_AUDIT_PROOF_H
#define CLIENTS_AUDIT_PROOF_H

#include "clients/audit/saved.h"
#include "engine/base/types.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/document.h"

typedef struct {
    ph_document document;
    ph_checkpoint root; /* what was signed */
} ph_proof;

/* Reads the contract.  PH_ECORRUPT, PH_EVERSION: *reterr says why. */
ph_status ph_proof_document(const ph_saved *s, ph_document *ret, const char **reterr);

/* Checks everything: the bytes are a contract, the proof leads from its leaf to the signed root,
   the root is of a batch of its market, and the key signed it.  PH_EDENIED, PH_ENOTFOUND: the
   signature; PH_ECORRUPT, PH_EVERSION: the rest.  *ret is untouched on failure and *reterr says
   what does not hold. */
ph_status ph_proof_check(const ph_saved *s, const ph_key *key, ph_proof *ret, const char **reterr);

#endif
