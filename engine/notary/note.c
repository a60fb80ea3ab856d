/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/note.h"

#include "engine/base/panic.h"
#include "engine/notary/sha256.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Types of signatures. */
typedef enum { ED25519 = 1, COSIGNATURE = 4 } key_type;

enum {
    TIME_SIZE = 8, /* of a cosignature, before the signature, big-endian */
    BLOB_MAX = PH_NOTE_KEY_ID_SIZE + TIME_SIZE + PH_NOTE_SIGNATURE_SIZE,
    BLOB_BASE64_MAX = sodium_base64_ENCODED_LEN(BLOB_MAX, sodium_base64_VARIANT_ORIGINAL),
    FOREIGN_BLOB_MAX = 8192, /* signatures of other types may be long */
};

static const char DASH[] = "\xe2\x80\x94 "; /* U+2014 and a space */

enum { DASH_SIZE = sizeof DASH - 1 };

_Static_assert(crypto_sign_ed25519_BYTES == PH_NOTE_SIGNATURE_SIZE, "Ed25519");
_Static_assert(crypto_sign_ed25519_PUBLICKEYBYTES == sizeof(ph_key), "Ed25519");

static void key_id(const ph_note_signer *signer, key_type type, uint8_t ret[PH_NOTE_KEY_ID_SIZE])
{
    const unsigned char between[2] = {'\n', (unsigned char)type};
    ph_sha256_state s;
    ph_sha256_begin(&s);
    ph_sha256_add(&s, signer->name, strlen(signer->name));
    ph_sha256_add(&s, between, sizeof between);
    ph_sha256_add(&s, signer->key->b, sizeof signer->key->b);
    ph_hash h = ph_sha256_end(&s);
    memcpy(ret, h.b, PH_NOTE_KEY_ID_SIZE);
}

void ph_note_key_id(const ph_note_signer *signer, uint8_t ret[PH_NOTE_KEY_ID_SIZE])
{
    key_id(signer, ED25519, ret);
}

/* One signature line: dash, name, and in base64 the key id and what follows it. */
static void write_line(ph_writer *w, const char *name, const uint8_t *blob, size_t blob_size)
{
    char base64[BLOB_BASE64_MAX];
    (void)sodium_bin2base64(base64, sizeof base64, blob, blob_size,
                            sodium_base64_VARIANT_ORIGINAL); /* returns base64 */
    ph_write_bytes(w, DASH, DASH_SIZE);
    ph_write_bytes(w, name, strlen(name));
    ph_write_bytes(w, " ", 1);
    ph_write_bytes(w, base64, strlen(base64));
    ph_write_bytes(w, "\n", 1);
}

void ph_note_line_write(ph_writer *w, const ph_note_signer *signer,
                        const uint8_t signature[PH_NOTE_SIGNATURE_SIZE])
{
    uint8_t blob[PH_NOTE_KEY_ID_SIZE + PH_NOTE_SIGNATURE_SIZE];
    ph_note_key_id(signer, blob);
    memcpy(blob + PH_NOTE_KEY_ID_SIZE, signature, PH_NOTE_SIGNATURE_SIZE);
    write_line(w, signer->name, blob, sizeof blob);
}

void ph_note_write(ph_writer *w, const char *text, size_t size, const ph_note_signer *signer,
                   const uint8_t signature[PH_NOTE_SIGNATURE_SIZE])
{
    PH_ASSERT(size != 0 && text[size - 1] == '\n');
    ph_write_bytes(w, text, size);
    ph_write_bytes(w, "\n", 1);
    ph_note_line_write(w, signer, signature);
}

/* The text of a note is UTF-8; here only what could hide a line from a reader is refused. */
static bool has_control_characters(const char *p, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)p[i];
        if ((c < 0x20 && c != '\n') || c == 0x7f) return true;
    }
    return false;
}

/* Size of the text: up to and with the newline before the last empty line; 0 if there is none. */
static size_t text_size(const char *note, size_t size)
{
    for (size_t i = size; i >= 2; i--)
        if (note[i - 1] == '\n' && note[i - 2] == '\n') return i - 1;
    return 0;
}

/* One signature line, without its newline. */
typedef struct {
    const char *name;
    size_t name_size;
    uint8_t blob[BLOB_MAX]; /* key id and what follows, cut at the room */
    size_t blob_size;       /* before it was cut */
} signature_line;

/* sodium_base642bin takes some bytes above 0x7f for digits; here one signature has one text. */
static bool is_ascii(const char *p, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)p[i] > 0x7e) return false;
    return true;
}

static bool read_line(const char *p, size_t size, signature_line *ret)
{
    if (size < DASH_SIZE || memcmp(p, DASH, DASH_SIZE) != 0) return false;
    p += DASH_SIZE;
    size -= DASH_SIZE;
    const char *space = memchr(p, ' ', size);
    if (space == NULL || space == p) return false;
    signature_line l = {.name = p, .name_size = (size_t)(space - p)};
    if (memchr(p, '+', l.name_size) != NULL) return false;
    const char *base64 = space + 1;
    size_t base64_size = size - l.name_size - 1;
    unsigned char blob[FOREIGN_BLOB_MAX];
    size_t blob_size;
    if (!is_ascii(base64, base64_size) ||
        sodium_base642bin(blob, sizeof blob, base64, base64_size, NULL, &blob_size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        blob_size <= PH_NOTE_KEY_ID_SIZE)
        return false;
    l.blob_size = blob_size;
    memcpy(l.blob, blob, blob_size < sizeof l.blob ? blob_size : sizeof l.blob);
    *ret = l;
    return true;
}

static bool is_of(const signature_line *l, const ph_note_signer *signer, key_type type)
{
    uint8_t id[PH_NOTE_KEY_ID_SIZE];
    key_id(signer, type, id);
    return l->name_size == strlen(signer->name) &&
           memcmp(l->name, signer->name, l->name_size) == 0 && memcmp(l->blob, id, sizeof id) == 0;
}

static bool is_signature(const signature_line *l, const char *text, size_t size, const ph_key *key)
{
    return l->blob_size == PH_NOTE_KEY_ID_SIZE + PH_NOTE_SIGNATURE_SIZE &&
           crypto_sign_ed25519_verify_detached(l->blob + PH_NOTE_KEY_ID_SIZE,
                                               (const unsigned char *)text, size, key->b) == 0;
}

static bool is_cosignature(const signature_line *l, const char *text, size_t size,
                           const ph_key *key, uint64_t *seconds)
{
    if (l->blob_size != BLOB_MAX) return false;
    uint64_t time = 0;
    for (size_t i = 0; i < TIME_SIZE; i++)
        time = time << 8 | l->blob[PH_NOTE_KEY_ID_SIZE + i];
    uint8_t signed_bytes[PH_NOTE_COSIGNED_MAX];
    ph_writer w = ph_writer_of(signed_bytes, sizeof signed_bytes);
    ph_note_cosigned_write(&w, text, size, time);
    if (w.full ||
        crypto_sign_ed25519_verify_detached(l->blob + PH_NOTE_KEY_ID_SIZE + TIME_SIZE, signed_bytes,
                                            ph_writer_size(&w), key->b) != 0)
        return false;
    if (time > *seconds) *seconds = time;
    return true;
}

/* What verifying a note gives. */
typedef struct {
    size_t text_size;
    uint64_t seconds;                          /* of cosignatures */
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE]; /* of the signer's line */
} verdict;

static ph_status verify(const char *note, size_t size, const ph_note_signer *signer, key_type type,
                        verdict *ret)
{
    verdict v = {.text_size = text_size(note, size)};
    if (v.text_size < 2 || note[size - 1] != '\n' || has_control_characters(note, size))
        return PH_ECORRUPT;
    const char *p = note + v.text_size + 1, *end = note + size;
    if (p == end) return PH_ECORRUPT;
    int lines = 0;
    bool is_signed = false, is_forged = false;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        signature_line l;
        if (newline == NULL || ++lines > PH_NOTE_SIGNATURES_MAX ||
            !read_line(p, (size_t)(newline - p), &l))
            return PH_ECORRUPT;
        p = newline + 1;
        if (!is_of(&l, signer, type)) continue;
        bool holds = type == ED25519
                         ? is_signature(&l, note, v.text_size, signer->key)
                         : is_cosignature(&l, note, v.text_size, signer->key, &v.seconds);
        if (holds && type == ED25519)
            memcpy(v.signature, l.blob + PH_NOTE_KEY_ID_SIZE, sizeof v.signature);
        is_signed |= holds;
        is_forged |= !holds;
    }
    if (is_forged) return PH_EDENIED;
    if (!is_signed) return PH_ENOTFOUND;
    *ret = v;
    return PH_OK;
}

ph_status ph_note_verify(const char *note, size_t size, const ph_note_signer *signer,
                         size_t *ret_text_size)
{
    verdict v;
    ph_status s = verify(note, size, signer, ED25519, &v);
    if (s == PH_OK) *ret_text_size = v.text_size;
    return s;
}

ph_status ph_note_signature(const char *note, size_t size, const ph_note_signer *signer,
                            size_t *ret_text_size, uint8_t ret_signature[PH_NOTE_SIGNATURE_SIZE])
{
    verdict v;
    ph_status s = verify(note, size, signer, ED25519, &v);
    if (s != PH_OK) return s;
    *ret_text_size = v.text_size;
    memcpy(ret_signature, v.signature, sizeof v.signature);
    return PH_OK;
}

static char *vkey(const ph_note_signer *signer, key_type type, char to[PH_NOTE_VKEY_MAX])
{
    uint8_t id[PH_NOTE_KEY_ID_SIZE], key[1 + sizeof signer->key->b];
    char id_hex[2 * PH_NOTE_KEY_ID_SIZE + 1];
    char key_base64[sodium_base64_ENCODED_LEN(sizeof key, sodium_base64_VARIANT_ORIGINAL)];
    key_id(signer, type, id);
    key[0] = (uint8_t)type;
    memcpy(key + 1, signer->key->b, sizeof signer->key->b);
    (void)sodium_bin2hex(id_hex, sizeof id_hex, id, sizeof id); /* returns id_hex */
    (void)sodium_bin2base64(key_base64, sizeof key_base64, key, sizeof key,
                            sodium_base64_VARIANT_ORIGINAL); /* returns key_base64 */
    int size = snprintf(to, PH_NOTE_VKEY_MAX, "%s+%s+%s", signer->name, id_hex, key_base64);
    PH_ASSERT(size > 0 && size < PH_NOTE_VKEY_MAX);
    return to;
}

char *ph_note_vkey(const ph_note_signer *signer, char to[PH_NOTE_VKEY_MAX])
{
    return vkey(signer, ED25519, to);
}

void ph_note_cosigned_write(ph_writer *w, const char *text, size_t size, uint64_t seconds)
{
    char head[64];
    int head_size = snprintf(head, sizeof head, "cosignature/v1\ntime %" PRIu64 "\n", seconds);
    PH_ASSERT(head_size > 0 && (size_t)head_size < sizeof head);
    ph_write_bytes(w, head, (size_t)head_size);
    ph_write_bytes(w, text, size);
}

void ph_note_cosignature_write(ph_writer *w, const ph_note_signer *witness, uint64_t seconds,
                               const uint8_t signature[PH_NOTE_SIGNATURE_SIZE])
{
    uint8_t blob[BLOB_MAX];
    key_id(witness, COSIGNATURE, blob);
    for (size_t i = 0; i < TIME_SIZE; i++)
        blob[PH_NOTE_KEY_ID_SIZE + i] = (uint8_t)(seconds >> (8 * (TIME_SIZE - 1 - i)));
    memcpy(blob + PH_NOTE_KEY_ID_SIZE + TIME_SIZE, signature, PH_NOTE_SIGNATURE_SIZE);
    write_line(w, witness->name, blob, sizeof blob);
}

ph_status ph_note_cosignature_verify(const char *note, size_t size, const ph_note_signer *witness,
                                     uint64_t *ret_seconds)
{
    verdict v;
    ph_status s = verify(note, size, witness, COSIGNATURE, &v);
    if (s == PH_OK) *ret_seconds = v.seconds;
    return s;
}

char *ph_note_witness_vkey(const ph_note_signer *witness, char to[PH_NOTE_VKEY_MAX])
{
    return vkey(witness, COSIGNATURE, to);
}
