/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/keyring.h - the key that signs contract roots and the log, and one more during a
    change of keys.

    A secret lives in memory of its own that is locked, guarded, not readable between signatures,
    not in a core dump, and wiped at the end.  Nothing reads it out; the policy is asked before the
    key is touched.

    Owns      the secrets.
    Thread    one. */
#ifndef ENGINE_NOTARY_KEYRING_H
#define ENGINE_NOTARY_KEYRING_H

#include <stddef.h>

#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/notary/note.h"

typedef struct ph_keyring ph_keyring;

/* Takes the signing key from a key file.  PH_ENOTFOUND, PH_EDENIED, PH_ECORRUPT as
   ph_keyfile_read, which also checks that seed and public key are a pair; PH_EFULL if memory cannot
   be had or locked.  err receives a sentence on failure. */
ph_status ph_keyring_open(const char *path, ph_keyring **ret, char *err, size_t err_size);

enum { PH_KEYRING_MAX = 2 };

/* Takes one more key, which is not used yet.  As ph_keyring_open; PH_EINVAL: it is there already,
   or there is no place. */
ph_status ph_keyring_add(ph_keyring *k, const char *path, char *err, size_t err_size);

/* From now on this key signs.  PH_ENOTFOUND: it is not in the keyring, nothing changes. */
ph_status ph_keyring_use(ph_keyring *k, const ph_key *key);

/* The key in use. */
const ph_key *ph_keyring_public(const ph_keyring *k);

/* Public halves of all keys; returns how many. */
uint32_t ph_keyring_all(const ph_keyring *k, ph_key ret[PH_KEYRING_MAX]);

/* Signs the contract root of the batch of `market` that starts with first_seq.  PH_EDENIED, and
   nothing signed, if the policy refuses the text or a root of this or a later batch was signed
   before. */
ph_status ph_keyring_sign_root(ph_keyring *k, const char *market, uint64_t first_seq,
                               const char *text, size_t size, uint8_t ret[PH_NOTE_SIGNATURE_SIZE]);

/* Signs the checkpoint of the transparency log of `market` with leaf_cnt leaves.  PH_EDENIED, and
   nothing signed, if the policy refuses the text, a larger tree was signed before, or another root
   for one as large. */
ph_status ph_keyring_sign_log(ph_keyring *k, const char *market, uint64_t leaf_cnt,
                              const char *text, size_t size, uint8_t ret[PH_NOTE_SIGNATURE_SIZE]);

/* Accepts NULL. */
void ph_keyring_close(ph_keyring *k);

#endif
