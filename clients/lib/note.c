/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/note.h"

#include <sodium.h>
#include <string.h>

enum {
    KEY_ID_BYTES = 4,
    SIGNATURE_BYTES = 64,
    LINES_MAX = 16, /* of signatures */
    NOTE_BYTES_MAX = 16384,
    BASE64_HASH = 44, /* characters of base64 of 32 bytes */
};
static const char line_start[] = "\xe2\x80\x94 "; /* em dash and a space */

/* The text ends where an empty line starts: its size, or 0 if there is no such place. */
static size_t text_size(const char *note, size_t size)
{
    const char *gap = memmem(note, size, "\n\n", 2);
    return gap == NULL ? 0 : (size_t)(gap - note) + 1;
}

static void key_id_of(const char *name, const uint8_t sign_key[32], uint8_t ret[KEY_ID_BYTES])
{
    static const uint8_t between[2] = {'\n', 0x01};
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, (const uint8_t *)name, strlen(name));
    crypto_hash_sha256_update(&h, between, sizeof between);
    crypto_hash_sha256_update(&h, sign_key, 32);
    crypto_hash_sha256_final(&h, hash);
    memcpy(ret, hash, KEY_ID_BYTES);
}

/* What a signature line is to the key in question. */
typedef enum { LINE_OTHER, LINE_VALID, LINE_BAD } line_verdict;

typedef struct {
    const char *text;
    size_t text_size;
    const char *name;
    const uint8_t *sign_key;
} note_check;

static line_verdict judge_line(const note_check *n, const char *line, size_t size)
{
    size_t start = sizeof line_start - 1;
    if (size <= start || memcmp(line, line_start, start) != 0) return LINE_BAD;
    const char *name = line + start;
    const char *space = memchr(name, ' ', size - start);
    if (space == NULL || space == name) return LINE_BAD;
    size_t name_size = (size_t)(space - name);
    const char *text = space + 1;
    size_t left = size - (size_t)(text - line);
    uint8_t blob[256];
    size_t blob_size = 0;
    const char *end = NULL;
    if (sodium_base642bin(blob, sizeof blob, text, left, NULL, &blob_size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + left || blob_size <= KEY_ID_BYTES)
        return LINE_BAD;
    uint8_t id[KEY_ID_BYTES];
    key_id_of(n->name, n->sign_key, id);
    if (name_size != strlen(n->name) || memcmp(name, n->name, name_size) != 0 ||
        memcmp(blob, id, KEY_ID_BYTES) != 0)
        return LINE_OTHER;
    if (blob_size != KEY_ID_BYTES + SIGNATURE_BYTES) return LINE_BAD;
    return crypto_sign_verify_detached(blob + KEY_ID_BYTES, (const uint8_t *)n->text, n->text_size,
                                       n->sign_key) == 0
               ? LINE_VALID
               : LINE_BAD;
}

bool phc_note_verify(const char *note, size_t size, const char *name, const uint8_t sign_key[32])
{
    if (size > NOTE_BYTES_MAX || memchr(note, '\0', size) != NULL) return false;
    size_t text = text_size(note, size);
    if (text == 0 || note[size - 1] != '\n') return false;
    note_check n = {.text = note, .text_size = text, .name = name, .sign_key = sign_key};
    const char *p = note + text + 1, *end = note + size;
    bool valid = false;
    for (int lines = 0; p < end; lines++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        if (stop == NULL || lines == LINES_MAX) return false;
        line_verdict v = judge_line(&n, p, (size_t)(stop - p));
        if (v == LINE_BAD) return false;
        if (v == LINE_VALID) valid = true;
        p = stop + 1;
    }
    return valid;
}

/* Decimal without sign and leading zero that ends at a newline, which is skipped. */
static bool decimal_line(const char **p, const char *end, uint64_t max, uint64_t *ret)
{
    const char *q = *p;
    uint64_t v = 0;
    if (q == end || *q < '1' || *q > '9') return false;
    for (; q < end && *q >= '0' && *q <= '9'; q++) {
        uint64_t digit = (uint64_t)(*q - '0');
        if (v > (max - digit) / 10) return false;
        v = v * 10 + digit;
    }
    if (q == end || *q != '\n') return false;
    *p = q + 1;
    *ret = v;
    return true;
}

bool phc_checkpoint_read(const char *note, size_t size, const char *market, phc_checkpoint *ret)
{
    static const char part[] = "/contracts/";
    size_t market_size = strlen(market), part_size = sizeof part - 1;
    size_t text = text_size(note, size);
    if (text <= market_size + part_size) return false;
    if (memcmp(note, market, market_size) != 0 || memcmp(note + market_size, part, part_size) != 0)
        return false;
    const char *p = note + market_size + part_size, *end = note + text;
    uint64_t first_sequence, leaf_count;
    if (!decimal_line(&p, end, UINT64_MAX, &first_sequence) ||
        !decimal_line(&p, end, UINT32_MAX, &leaf_count))
        return false;
    if (end - p != BASE64_HASH + 1 || p[BASE64_HASH] != '\n') return false;
    phc_checkpoint c = {.first_sequence = first_sequence, .leaf_count = (uint32_t)leaf_count};
    size_t got = 0;
    const char *stop = NULL;
    if (sodium_base642bin(c.root, sizeof c.root, p, BASE64_HASH, NULL, &got, &stop,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        got != sizeof c.root || stop != p + BASE64_HASH)
        return false;
    *ret = c;
    return true;
}
