/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/keyring.h"

#include "engine/base/panic.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/policy.h"
#include "engine/process/keyfile.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ph_keyring {
    ph_key key;
    unsigned char *secret; /* crypto_sign_ed25519_SECRETKEYBYTES, of sodium_malloc */
    uint64_t last_seq;     /* first record of the last batch that was signed, 0: none */
    uint64_t log_cnt;      /* leaves of the last log that was signed, 0: none */
    size_t log_size;
    char log_text[PH_CHECKPOINT_TEXT_MAX];
};

/* Fills the keyring from the file; what it leaves behind is the caller's to close. */
static ph_status take_key(ph_keyring *k, const char *path, char *err, size_t err_size)
{
    ph_keyfile file;
    ph_status s = ph_keyfile_read(path, &file, err, err_size);
    if (s != PH_OK) return s;
    (void)crypto_sign_ed25519_seed_keypair(k->key.b, k->secret, file.sign_seed); /* always 0 */
    bool is_pair = memcmp(k->key.b, file.sign_public.b, sizeof k->key.b) == 0;
    ph_keyfile_wipe(&file);
    PH_ASSERT(is_pair); /* a key file whose halves do not belong together is not read */
    return PH_OK;
}

ph_status ph_keyring_open(const char *path, ph_keyring **ret, char *err, size_t err_size)
{
    ph_keyring *k = sodium_init() < 0 ? NULL : calloc(1, sizeof *k);
    if (k != NULL) k->secret = sodium_malloc(crypto_sign_ed25519_SECRETKEYBYTES);
    /* sodium_malloc locks too, but does not say when it could not. */
    if (k == NULL || k->secret == NULL ||
        sodium_mlock(k->secret, crypto_sign_ed25519_SECRETKEYBYTES) != 0) {
        snprintf(
            err, err_size,
            "could not get locked memory for the signing key: raise the limit of locked memory "
            "(ulimit -l)");
        ph_keyring_close(k);
        return PH_EFULL;
    }
    ph_status s = take_key(k, path, err, err_size);
    if (s == PH_OK && sodium_mprotect_noaccess(k->secret) != 0) {
        snprintf(err, err_size, "could not protect the memory of the signing key");
        s = PH_EFULL;
    }
    if (s != PH_OK) {
        ph_keyring_close(k);
        return s;
    }
    *ret = k;
    return PH_OK;
}

const ph_key *ph_keyring_public(const ph_keyring *k)
{
    return &k->key;
}

static void sign(ph_keyring *k, const char *text, size_t size, uint8_t ret[PH_NOTE_SIGNATURE_SIZE])
{
    int opened = sodium_mprotect_readonly(k->secret);
    PH_ASSERT(opened == 0);
    (void)crypto_sign_ed25519_detached(ret, NULL, (const unsigned char *)text, size,
                                       k->secret); /* always 0 */
    int closed = sodium_mprotect_noaccess(k->secret);
    PH_ASSERT(closed == 0);
}

ph_status ph_keyring_sign_root(ph_keyring *k, const char *market, uint64_t first_seq,
                               const char *text, size_t size, uint8_t ret[PH_NOTE_SIGNATURE_SIZE])
{
    if (first_seq <= k->last_seq) return PH_EDENIED;
    ph_status s = ph_policy_check(market, first_seq, text, size);
    if (s != PH_OK) return s;
    k->last_seq = first_seq;
    sign(k, text, size, ret);
    return PH_OK;
}

ph_status ph_keyring_sign_log(ph_keyring *k, const char *market, uint64_t leaf_cnt,
                              const char *text, size_t size, uint8_t ret[PH_NOTE_SIGNATURE_SIZE])
{
    ph_status s = ph_policy_check_log(market, leaf_cnt, text, size);
    if (s != PH_OK) return s;
    if (leaf_cnt < k->log_cnt) return PH_EDENIED;
    if (leaf_cnt == k->log_cnt && (size != k->log_size || memcmp(text, k->log_text, size) != 0))
        return PH_EDENIED;
    PH_ASSERT(size <= sizeof k->log_text); /* the policy takes no longer text */
    k->log_cnt = leaf_cnt;
    k->log_size = size;
    memcpy(k->log_text, text, size);
    sign(k, text, size, ret);
    return PH_OK;
}

void ph_keyring_close(ph_keyring *k)
{
    if (k == NULL) return;
    if (k->secret != NULL) sodium_free(k->secret); /* wipes */
    free(k);
}
