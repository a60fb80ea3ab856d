/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/note.h - signed notes over the root of a batch (C2SP signed-note, Ed25519).

    Text of a note that has one reading only is accepted, anything else is not.  Memory is the
    caller's; nothing is kept. */
#ifndef CLIENTS_LIB_NOTE_H
#define CLIENTS_LIB_NOTE_H

#include "clients/lib/petahour.h"

/* What the text of a signed root says. */
typedef struct {
    uint64_t first_sequence; /* first journal record of the batch */
    uint32_t leaf_count;
    uint8_t root[32];
} phc_checkpoint;

/* True if the note carries a signature line of (name, sign_key) and every such line is valid. */
bool phc_note_verify(const char *note, size_t size, const char *name, const uint8_t sign_key[32]);

/* True if the text of the note is "<market>/contracts/<n>", leaf count, root, and nothing else. */
bool phc_checkpoint_read(const char *note, size_t size, const char *market, phc_checkpoint *ret);

/* Root that leaf and proof lead to; false if the proof does not fit leaf_index and leaf_count. */
bool phc_proof_fold(const phc_signed_contract *s, uint8_t ret_root[32]);

#endif
