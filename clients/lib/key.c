/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/petahour.h"

#include "clients/lib/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { KEY_BYTES = 32, Z85_CHARACTERS = 40 };

char *phc_hex_text(const uint8_t *bytes, size_t n, char *to)
{
    return sodium_bin2hex(to, 2 * n + 1, bytes, n);
}

phc_status phc_hex_parse(const char *text, uint8_t *ret, size_t n)
{
    if (strlen(text) != 2 * n || strspn(text, "0123456789abcdefABCDEF") != 2 * n) return PHC_EINVAL;
    size_t size = 0;
    return sodium_hex2bin(ret, n, text, 2 * n, NULL, &size, NULL) == 0 && size == n ? PHC_OK
                                                                                    : PHC_EINVAL;
}

char *phc_z85_text(const uint8_t key[32], char to[41])
{
    return zmq_z85_encode(to, key, KEY_BYTES);
}

phc_status phc_z85_parse(const char *text, uint8_t ret[32])
{
    uint8_t key[KEY_BYTES];
    char again[Z85_CHARACTERS + 1];
    if (strlen(text) != Z85_CHARACTERS || zmq_z85_decode(key, text) == NULL) return PHC_EINVAL;
    /* Groups above 2^32 wrap in some decoders; what does not encode to the same text is refused. */
    zmq_z85_encode(again, key, KEY_BYTES);
    bool same = strcmp(again, text) == 0;
    if (same) memcpy(ret, key, KEY_BYTES);
    sodium_memzero(key, sizeof key);
    sodium_memzero(again, sizeof again);
    return same ? PHC_OK : PHC_EINVAL;
}

/* A name stands on one line of an INI file, where ';' starts a comment. */
static bool name_ok(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= sizeof((phc_key *)0)->name) return false;
    if (name[0] == ' ' || name[size - 1] == ' ' || strchr(name, ';') != NULL) return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) return false;
    return true;
}

phc_status phc_key_generate(const char *name, phc_key *ret)
{
    if (!name_ok(name) || !phc_text_ok(name, sizeof ret->name - 1, false)) return PHC_EINVAL;
    if (sodium_init() < 0) return PHC_EIO;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, name, strlen(name));
    crypto_box_keypair(ret->curve_public, ret->curve_secret);
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    randombytes_buf(ret->sign_seed, sizeof ret->sign_seed);
    crypto_sign_seed_keypair(ret->sign_public, secret, ret->sign_seed);
    sodium_memzero(secret, sizeof secret);
    return PHC_OK;
}

void phc_key_wipe(phc_key *k)
{
    sodium_memzero(k, sizeof *k);
}

static phc_status write_text(const phc_key *k, int fd)
{
    char curve_public[41], curve_secret[41], sign_public[65], sign_seed[65], text[512];
    int size = snprintf(text, sizeof text,
                        "; Keys of one party. Whoever can read this file can act in its name.\n"
                        "name = %s\ncurve_public = %s\ncurve_secret = %s\n"
                        "sign_public = %s\nsign_seed = %s\n",
                        k->name, phc_z85_text(k->curve_public, curve_public),
                        phc_z85_text(k->curve_secret, curve_secret),
                        phc_hex_text(k->sign_public, KEY_BYTES, sign_public),
                        phc_hex_text(k->sign_seed, KEY_BYTES, sign_seed));
    bool ok = size > 0 && (size_t)size < sizeof text && write(fd, text, (size_t)size) == size &&
              fsync(fd) == 0;
    sodium_memzero(text, sizeof text);
    sodium_memzero(curve_secret, sizeof curve_secret);
    sodium_memzero(sign_seed, sizeof sign_seed);
    return ok ? PHC_OK : PHC_EIO;
}

phc_status phc_key_write(const phc_key *k, const char *path, char *err, size_t err_size)
{
    if (!name_ok(k->name)) {
        snprintf(err, err_size,
                 "could not write key file \"%s\": name is not 1 to 63 characters "
                 "without control characters and \";\"",
                 path);
        return PHC_EINVAL;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        bool exists = errno == EEXIST;
        snprintf(err, err_size, "could not create key file \"%s\": %s%s", path, strerror(errno),
                 exists ? "; keys are never overwritten, choose another name" : "");
        return exists ? PHC_EEXIST : PHC_EIO;
    }
    phc_status s = write_text(k, fd);
    int failure = errno;
    if (close(fd) != 0 && s == PHC_OK) {
        s = PHC_EIO;
        failure = errno;
    }
    if (s == PHC_OK) return PHC_OK;
    snprintf(err, err_size, "could not write key file \"%s\": %s", path, strerror(failure));
    (void)unlink(path); /* half a key file is of no use; that it stays is no further harm */
    return s;
}

/* ---- INI files of a few named values ------------------------------------------------------- */

typedef struct {
    const char *name;
    char *to;
    size_t size;
    bool optional;
    bool seen;
} ini_value;

typedef struct {
    ini_value *values;
    size_t cnt;
    const char *what; /* kind of file, for messages */
    const char *path;
    char *err;
    size_t err_size;
    bool failed;
} ini_reading;

static int ini_fail(ini_reading *r, const char *name, const char *why)
{
    if (!r->failed)
        snprintf(r->err, r->err_size, "could not read %s \"%s\": \"%s\" %s", r->what, r->path, name,
                 why);
    r->failed = true;
    return 0;
}

static int on_ini(void *user, const char *section, const char *name, const char *value)
{
    ini_reading *r = user;
    if (section[0] != '\0') return ini_fail(r, section, "is a section, and there are none");
    for (size_t i = 0; i < r->cnt; i++) {
        ini_value *v = &r->values[i];
        if (strcmp(v->name, name) != 0) continue;
        if (v->seen) return ini_fail(r, name, "is given twice");
        if (strlen(value) >= v->size) return ini_fail(r, name, "is too long");
        memcpy(v->to, value, strlen(value) + 1);
        v->seen = true;
        return 1;
    }
    return ini_fail(r, name, "is not known");
}

/* Reads the file that f is; closes nothing. */
static phc_status ini_read(FILE *f, ini_reading *r)
{
    int line = ini_parse_file(f, on_ini, r);
    if (r->failed) return PHC_ECORRUPT;
    if (line != 0) {
        snprintf(r->err, r->err_size, "could not read %s \"%s\": line %d is not \"name = value\"",
                 r->what, r->path, line);
        return PHC_ECORRUPT;
    }
    for (size_t i = 0; i < r->cnt; i++) {
        if (r->values[i].seen || r->values[i].optional) continue;
        (void)ini_fail(r, r->values[i].name, "is missing");
        return PHC_ECORRUPT;
    }
    return PHC_OK;
}

static phc_status open_failed(const char *what, const char *path, char *err, size_t err_size)
{
    phc_status s = errno == ENOENT ? PHC_ENOTFOUND : errno == EACCES ? PHC_EDENIED : PHC_EIO;
    snprintf(err, err_size, "could not open %s \"%s\": %s", what, path, strerror(errno));
    return s;
}

/* NULL if the key file must not be used: nobody but its owner may read it. */
static FILE *open_private(const char *path, char *err, size_t err_size, phc_status *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        *ret = open_failed("key file", path, err, err_size);
        return NULL;
    }
    struct stat st;
    const char *why = NULL;
    if (fstat(fd, &st) != 0)
        why = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        why = "not a regular file";
    else if ((st.st_mode & 077) != 0)
        why = "others may read it; make it private: chmod 600";
    FILE *f = why == NULL ? fdopen(fd, "r") : NULL;
    if (f != NULL) return f;
    snprintf(err, err_size, "could not use key file \"%s\": %s", path,
             why != NULL ? why : strerror(errno));
    *ret = why != NULL ? PHC_EDENIED : PHC_EIO;
    (void)close(fd); /* only read from */
    return NULL;
}

static const char *decode_key(const char values[5][80], phc_key *k)
{
    uint8_t derived[KEY_BYTES], secret[crypto_sign_SECRETKEYBYTES];
    memset(k, 0, sizeof *k);
    if (!name_ok(values[0])) return "\"name\" is empty";
    memcpy(k->name, values[0], strlen(values[0]));
    if (phc_z85_parse(values[1], k->curve_public) != PHC_OK)
        return "\"curve_public\" is not Z85 of 40 characters";
    if (phc_z85_parse(values[2], k->curve_secret) != PHC_OK)
        return "\"curve_secret\" is not Z85 of 40 characters";
    if (phc_hex_parse(values[3], k->sign_public, KEY_BYTES) != PHC_OK)
        return "\"sign_public\" is not 64 hexadecimal digits";
    if (phc_hex_parse(values[4], k->sign_seed, KEY_BYTES) != PHC_OK)
        return "\"sign_seed\" is not 64 hexadecimal digits";
    if (crypto_scalarmult_base(derived, k->curve_secret) != 0 ||
        sodium_memcmp(derived, k->curve_public, KEY_BYTES) != 0)
        return "\"curve_public\" does not belong to \"curve_secret\"";
    crypto_sign_seed_keypair(derived, secret, k->sign_seed);
    sodium_memzero(secret, sizeof secret);
    if (sodium_memcmp(derived, k->sign_public, KEY_BYTES) != 0)
        return "\"sign_public\" does not belong to \"sign_seed\"";
    return NULL;
}

phc_status phc_key_read(const char *path, phc_key *ret, char *err, size_t err_size)
{
    phc_status s = PHC_EIO;
    if (sodium_init() < 0) {
        snprintf(err, err_size, "could not start the cryptographic library");
        return PHC_EIO;
    }
    FILE *f = open_private(path, err, err_size, &s);
    if (f == NULL) return s;
    static const char *const names[5] = {"name", "curve_public", "curve_secret", "sign_public",
                                         "sign_seed"};
    char values[5][80] = {{0}};
    ini_value rows[5];
    for (int i = 0; i < 5; i++)
        rows[i] = (ini_value){.name = names[i], .to = values[i], .size = sizeof values[i]};
    ini_reading r = {.values = rows,
                     .cnt = 5,
                     .what = "key file",
                     .path = path,
                     .err = err,
                     .err_size = err_size};
    s = ini_read(f, &r);
    (void)fclose(f); /* only read from */
    if (s == PHC_OK) {
        phc_key k;
        const char *why = decode_key((const char(*)[80])values, &k);
        if (why == NULL) {
            *ret = k;
        } else {
            snprintf(err, err_size, "could not read key file \"%s\": %s", path, why);
            s = PHC_ECORRUPT;
        }
        phc_key_wipe(&k);
    }
    sodium_memzero(values, sizeof values);
    return s;
}

phc_status phc_gateway_read(const char *path, phc_gateway *ret, char *err, size_t err_size)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) return open_failed("connection file", path, err, err_size);
    phc_gateway g = {0};
    ini_value rows[] = {
        {.name = "order_entry", .to = g.order_entry, .size = sizeof g.order_entry},
        {.name = "market_data",
         .to = g.market_data,
         .size = sizeof g.market_data,
         .optional = true},
        {.name = "server_key", .to = g.server_key, .size = sizeof g.server_key},
    };
    ini_reading r = {.values = rows,
                     .cnt = 3,
                     .what = "connection file",
                     .path = path,
                     .err = err,
                     .err_size = err_size};
    phc_status s = ini_read(f, &r);
    (void)fclose(f); /* only read from */
    if (s != PHC_OK) return s;
    uint8_t key[KEY_BYTES];
    if (phc_z85_parse(g.server_key, key) != PHC_OK) {
        snprintf(err, err_size,
                 "could not read connection file \"%s\": \"server_key\" is not Z85 of 40 "
                 "characters",
                 path);
        return PHC_ECORRUPT;
    }
    *ret = g;
    return PHC_OK;
}
