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

struct pair {
    ph_key key;
    unsigned char *secret; /* crypto_sign_ed25519_SECRETKEYBYTES, of sodium_malloc */
};

struct ph_keyring {
    struct pair pairs[PH_KEYRING_MAX];
    uint32_t cnt, used;
    uint64_t last_seq; /* first record of the last batch that was signed, 0: none */
    uint64_t log_cnt;  /* leaves of the last log that was signed, 0: none */
    size_t log_size;
    char log_text[PH_CHECKPOINT_TEXT_MAX];
};

/* Fills the pair from the file; what it leaves behind is the caller's to close. */
static ph_status take_key(struct pair *p, const char *path, char *err, size_t err_size)
{
    ph_keyfile file;
    ph_status s = ph_keyfile_read(path, &file, err, err_size);
    if (s != PH_OK) return s;
    (void)crypto_sign_ed25519_seed_keypair(p->key.b, p->secret, file.sign_seed); /* always 0 */
    bool is_pair = memcmp(p->key.b, file.sign_public.b, sizeof p->key.b) == 0;
    ph_keyfile_wipe(&file);
    PH_ASSERT(is_pair); /* a key file whose halves do not belong together is not read */
    return PH_OK;
}

/* The next pair of the keyring; on failure it is as it was. */
static ph_status open_pair(ph_keyring *k, const char *path, char *err, size_t err_size)
{
    struct pair *p = &k->pairs[k->cnt];
    p->secret = sodium_malloc(crypto_sign_ed25519_SECRETKEYBYTES);
    ph_status s = PH_OK;
    /* sodium_malloc locks too, but does not say when it could not. */
    if (p->secret == NULL || sodium_mlock(p->secret, crypto_sign_ed25519_SECRETKEYBYTES) != 0) {
        snprintf(
            err, err_size,
            "could not get locked memory for the signing key: raise the limit of locked memory "
            "(ulimit -l)");
        s = PH_EFULL;
    }
    if (s == PH_OK) s = take_key(p, path, err, err_size);
    if (s == PH_OK && sodium_mprotect_noaccess(p->secret) != 0) {
        snprintf(err, err_size,
                 "could not protect the memory of the signing key: raise RLIMIT_MEMLOCK");
        s = PH_EFULL;
    }
    if (s == PH_OK) {
        k->cnt++;
        return PH_OK;
    }
    if (p->secret != NULL) sodium_free(p->secret); /* wipes */
    p->secret = NULL;
    return s;
}

ph_status ph_keyring_open(const char *path, ph_keyring **ret, char *err, size_t err_size)
{
    ph_keyring *k = sodium_init() < 0 ? NULL : calloc(1, sizeof *k);
    if (k == NULL) {
        snprintf(err, err_size, "could not open the keyring: no memory");
        return PH_EFULL;
    }
    ph_status s = open_pair(k, path, err, err_size);
    if (s != PH_OK) {
        ph_keyring_close(k);
        return s;
    }
    *ret = k;
    return PH_OK;
}

static uint32_t find(const ph_keyring *k, const ph_key *key)
{
    uint32_t i = 0;
    while (i < k->cnt && memcmp(k->pairs[i].key.b, key->b, sizeof key->b) != 0)
        i++;
    return i;
}

ph_status ph_keyring_add(ph_keyring *k, const char *path, char *err, size_t err_size)
{
    if (k->cnt == PH_KEYRING_MAX) {
        snprintf(err, err_size,
                 "could not take key \"%s\": there is no place for more; give at most two", path);
        return PH_EINVAL;
    }
    ph_status s = open_pair(k, path, err, err_size);
    if (s != PH_OK || find(k, &k->pairs[k->cnt - 1].key) == k->cnt - 1) return s;
    snprintf(err, err_size,
             "could not take key \"%s\": it is the key that is there already; give the "
             "other one, or none",
             path);
    k->cnt--;
    sodium_free(k->pairs[k->cnt].secret);
    k->pairs[k->cnt].secret = NULL;
    return PH_EINVAL;
}

ph_status ph_keyring_use(ph_keyring *k, const ph_key *key)
{
    uint32_t i = find(k, key);
    if (i == k->cnt) return PH_ENOTFOUND;
    k->used = i;
    return PH_OK;
}

uint32_t ph_keyring_all(const ph_keyring *k, ph_key ret[PH_KEYRING_MAX])
{
    for (uint32_t i = 0; i < k->cnt; i++)
        ret[i] = k->pairs[i].key;
    return k->cnt;
}

const ph_key *ph_keyring_public(const ph_keyring *k)
{
    return &k->pairs[k->used].key;
}

static void sign(ph_keyring *k, const char *text, size_t size, uint8_t ret[PH_NOTE_SIGNATURE_SIZE])
{
    unsigned char *secret = k->pairs[k->used].secret;
    int opened = sodium_mprotect_readonly(secret);
    PH_ASSERT(opened == 0);
    (void)crypto_sign_ed25519_detached(ret, NULL, (const unsigned char *)text, size,
                                       secret); /* always 0 */
    int closed = sodium_mprotect_noaccess(secret);
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
    for (uint32_t i = 0; i < k->cnt; i++)
        sodium_free(k->pairs[i].secret); /* wipes */
    free(k);
}
