/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/bytes.h"
#include "engine/process/inifile.h"
#include "engine/process/z85.h"

enum { F_NAME, F_CURVE_PUBLIC, F_CURVE_SECRET, F_SIGN_PUBLIC, F_SIGN_SEED, F_CNT };

static const char *const field_names[F_CNT] = {
    [F_NAME] = "name",
    [F_CURVE_PUBLIC] = "curve_public",
    [F_CURVE_SECRET] = "curve_secret",
    [F_SIGN_PUBLIC] = "sign_public",
    [F_SIGN_SEED] = "sign_seed",
};

typedef struct {
    ph_keyfile keys;
    unsigned lines[F_CNT]; /* where each field was given; 0: not yet */
} reading;

static bool read_hex(const char *text, uint8_t to[32])
{
    size_t size = 0;
    const char *end = NULL;
    if (strlen(text) != 64) return false;
    return sodium_hex2bin(to, 32, text, 64, NULL, &size, &end) == 0 && size == 32;
}

/* Never quotes the value: it may be a secret. */
static bool take_field(void *arg, const ph_inifile_pair *pair, char *why, size_t why_size)
{
    reading *r = arg;
    unsigned f = 0;
    while (f < F_CNT && strcmp(pair->key, field_names[f]) != 0)
        f++;
    if (f == F_CNT || pair->section[0] != '\0') {
        (void)snprintf(why, why_size, "\"%s\" is no field of a key file", pair->key);
        return false;
    }
    if (r->lines[f] != 0) {
        (void)snprintf(why, why_size, "\"%s\" was given in line %u already", pair->key,
                       r->lines[f]);
        return false;
    }
    r->lines[f] = pair->line;
    bool ok = false;
    ph_keyfile *k = &r->keys;
    switch (f) {
    case F_NAME:
        ok = pair->value[0] != '\0' && ph_text_set(k->name, sizeof k->name, pair->value);
        break;
    case F_CURVE_PUBLIC: ok = ph_z85_read(pair->value, k->curve_public.b) == PH_OK; break;
    case F_CURVE_SECRET: ok = ph_z85_read(pair->value, k->curve_secret) == PH_OK; break;
    case F_SIGN_PUBLIC: ok = read_hex(pair->value, k->sign_public.b); break;
    case F_SIGN_SEED: ok = read_hex(pair->value, k->sign_seed); break;
    }
    if (ok) return true;
    static const char *const wanted[F_CNT] = {
        [F_NAME] = "1 to 63 bytes of text",        [F_CURVE_PUBLIC] = "40 characters of Z85",
        [F_CURVE_SECRET] = "40 characters of Z85", [F_SIGN_PUBLIC] = "64 hexadecimal digits",
        [F_SIGN_SEED] = "64 hexadecimal digits",
    };
    (void)snprintf(why, why_size, "\"%s\" must be %s", pair->key, wanted[f]);
    return false;
}

/* A public key that does not belong to its secret would be found much later, by a peer. */
static const char *find_mismatch(const ph_keyfile *k)
{
    uint8_t public[32], secret[crypto_sign_SECRETKEYBYTES];
    const char *found = NULL;
    if (crypto_scalarmult_base(public, k->curve_secret) != 0 ||
        memcmp(public, k->curve_public.b, sizeof public) != 0)
        found = "curve_public is not the public key of curve_secret";
    int failed = crypto_sign_seed_keypair(public, secret, k->sign_seed);
    if (failed != 0 || memcmp(public, k->sign_public.b, sizeof public) != 0)
        found = "sign_public is not the public key of sign_seed";
    sodium_memzero(secret, sizeof secret);
    return found;
}

static ph_status read_open_file(FILE *file, const char *path, reading *r, char *err,
                                size_t err_size)
{
    ph_status s = ph_inifile_read(file, path, take_field, r, err, err_size);
    if (s != PH_OK) return s;
    for (unsigned f = 0; f < F_CNT; f++) {
        if (r->lines[f] != 0) continue;
        (void)snprintf(err, err_size, "could not use key file \"%s\": \"%s\" is missing", path,
                       field_names[f]);
        return PH_ECORRUPT;
    }
    const char *mismatch = find_mismatch(&r->keys);
    if (mismatch == NULL) return PH_OK;
    (void)snprintf(err, err_size, "could not use key file \"%s\": %s", path, mismatch);
    return PH_ECORRUPT;
}

static ph_status check_file(int fd, const char *path, char *err, size_t err_size)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        (void)snprintf(err, err_size, "could not look at key file \"%s\": %s", path,
                       strerror(errno));
        return PH_EIO;
    }
    if (!S_ISREG(st.st_mode)) {
        (void)snprintf(err, err_size, "could not use key file \"%s\": not a regular file", path);
        return PH_ECORRUPT;
    }
    if ((st.st_mode & 077) == 0) return PH_OK;
    (void)snprintf(err, err_size,
                   "refused key file \"%s\": others can read it (mode %04o); run chmod 600 on it, "
                   "and replace the keys if others had access",
                   path, (unsigned)(st.st_mode & 07777));
    return PH_EDENIED;
}

ph_status ph_keyfile_read(const char *path, ph_keyfile *ret, char *err, size_t err_size)
{
    if (sodium_init() < 0) {
        (void)snprintf(err, err_size, "could not start libsodium");
        return PH_EIO;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        ph_status s = errno == ENOENT ? PH_ENOTFOUND : errno == EACCES ? PH_EDENIED : PH_EIO;
        (void)snprintf(err, err_size, "could not open key file \"%s\": %s", path, strerror(errno));
        return s;
    }
    ph_status s = check_file(fd, path, err, err_size);
    FILE *file = s == PH_OK ? fdopen(fd, "r") : NULL;
    if (file == NULL) {
        if (s == PH_OK) (void)snprintf(err, err_size, "could not read key file \"%s\"", path);
        (void)close(fd);
        return s == PH_OK ? PH_EIO : s;
    }
    /* Our own buffer, so that the secrets in it can be wiped. */
    char buffer[4096];
    (void)setvbuf(file, buffer, _IOFBF, sizeof buffer);
    reading r = {0};
    s = read_open_file(file, path, &r, err, err_size);
    (void)fclose(file); /* read only: nothing can be lost */
    if (s == PH_OK) *ret = r.keys;
    sodium_memzero(buffer, sizeof buffer);
    sodium_memzero(&r, sizeof r);
    return s;
}

void ph_keyfile_wipe(ph_keyfile *k)
{
    sodium_memzero(k, sizeof *k);
}
