/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/saved.h - a saved contract: the JSON file that a customer keeps.

      {"canonical": hex, "leaf_index": n, "leaf_count": n, "inclusion_proof": hex,
       "signed_root": text,
       "countersignatures": [{"participant": n, "key": hex, "signature": hex}]}

    Exactly these members, the last of which may be absent; engine/notary/README.md, section 4.

    Owns      the bytes it read; ph_saved_free releases them.
    Thread    one. */
#ifndef CLIENTS_AUDIT_SAVED_H
#define CLIENTS_AUDIT_SAVED_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"
#include "engine/base/types.h"

enum { PH_SAVED_COUNTERSIGNATURES = 3 }; /* parties at most */

typedef struct {
    ph_participant_id participant;
    ph_key key;
    ph_signature signature;
} ph_saved_countersignature;

typedef struct {
    uint8_t *canonical;
    size_t canonical_size;
    uint32_t leaf_index, leaf_cnt;
    uint8_t *proof; /* proof_cnt hashes of 32 bytes; NULL if none */
    uint32_t proof_cnt;
    char *note;
    size_t note_size;
    ph_saved_countersignature countersignatures[PH_SAVED_COUNTERSIGNATURES];
    uint32_t countersignature_cnt;
} ph_saved;

/* Reads the text of a file.  PH_ECORRUPT: not such a text, PH_EFULL: no memory; err receives a
   sentence and *ret is untouched. */
ph_status ph_saved_parse(const char *text, size_t size, ph_saved *ret, char *err, size_t err_size);

/* Reads a file.  PH_ENOTFOUND, PH_EIO, and as above. */
ph_status ph_saved_read(const char *path, ph_saved *ret, char *err, size_t err_size);

/* Leaves it zeroed; a zeroed one is accepted. */
void ph_saved_free(ph_saved *s);

#endif
