/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/saved.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wire/signed_contract.h"

/* Twice the longest contract in hex, proof, note and white space. */
enum { FILE_MAX = 4 * PH_SIGNED_CONTRACT_SIZE_MAX };

/* One member as bytes; `most` bounds the bytes, and none at all gives *ret NULL. */
static ph_status read_hex(json_t *of, const char *member, size_t most, uint8_t **ret,
                          size_t *ret_size)
{
    json_t *value = json_object_get(of, member);
    const char *hex = json_string_value(value);
    if (hex == NULL) return PH_ECORRUPT;
    size_t hex_size = json_string_length(value), size = hex_size / 2;
    if (hex_size % 2 != 0 || size > most) return PH_ECORRUPT;
    *ret_size = 0;
    if (size == 0) return PH_OK;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) return PH_EFULL;
    if (sodium_hex2bin(bytes, size, hex, hex_size, NULL, ret_size, NULL) != 0 ||
        *ret_size != size) {
        free(bytes);
        return PH_ECORRUPT;
    }
    *ret = bytes;
    return PH_OK;
}

static ph_status read_u32(json_t *of, const char *member, uint32_t *ret)
{
    json_t *value = json_object_get(of, member);
    if (!json_is_integer(value)) return PH_ECORRUPT;
    json_int_t v = json_integer_value(value);
    if (v < 0 || v > (json_int_t)UINT32_MAX) return PH_ECORRUPT;
    *ret = (uint32_t)v;
    return PH_OK;
}

static ph_status read_note(json_t *of, ph_saved *s)
{
    json_t *value = json_object_get(of, "signed_root");
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);
    if (text == NULL || size == 0 || size > PH_CONTRACT_NOTE_MAX) return PH_ECORRUPT;
    s->note = malloc(size);
    if (s->note == NULL) return PH_EFULL;
    memcpy(s->note, text, size);
    s->note_size = size;
    return PH_OK;
}

static ph_status read_exact(json_t *of, const char *member, uint8_t *to, size_t size)
{
    size_t got = 0;
    json_t *value = json_object_get(of, member);
    const char *hex = json_string_value(value);
    if (hex == NULL || json_string_length(value) != 2 * size ||
        sodium_hex2bin(to, size, hex, 2 * size, NULL, &got, NULL) != 0 || got != size)
        return PH_ECORRUPT;
    return PH_OK;
}

static ph_status read_countersignatures(json_t *of, ph_saved *s)
{
    json_t *list = json_object_get(of, "countersignatures");
    if (list == NULL) return PH_OK;
    if (!json_is_array(list) || json_array_size(list) > PH_SAVED_COUNTERSIGNATURES)
        return PH_ECORRUPT;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = json_array_get(list, i);
        ph_saved_countersignature *to = &s->countersignatures[i];
        if (json_object_size(row) != 3) return PH_ECORRUPT;
        ph_status st = read_u32(row, "participant", &to->participant.v);
        if (st == PH_OK) st = read_exact(row, "key", to->key.b, sizeof to->key.b);
        if (st == PH_OK) st = read_exact(row, "signature", to->signature.b, sizeof to->signature.b);
        if (st != PH_OK) return st;
        s->countersignature_cnt++;
    }
    return PH_OK;
}

/* *ret_member is the member that was looked at last. */
static ph_status read_members(json_t *of, ph_saved *s, const char **ret_member)
{
    size_t proof_size = 0;
    *ret_member = "canonical";
    ph_status st =
        read_hex(of, "canonical", PH_CONTRACT_SIZE_MAX, &s->canonical, &s->canonical_size);
    if (st != PH_OK) return st;
    *ret_member = "leaf_index";
    st = read_u32(of, "leaf_index", &s->leaf_index);
    if (st != PH_OK) return st;
    *ret_member = "leaf_count";
    st = read_u32(of, "leaf_count", &s->leaf_cnt);
    if (st != PH_OK) return st;
    *ret_member = "inclusion_proof";
    st =
        read_hex(of, "inclusion_proof", (size_t)PH_CONTRACT_PROOF_MAX * 32, &s->proof, &proof_size);
    if (st != PH_OK) return st;
    if (proof_size % 32 != 0) return PH_ECORRUPT;
    s->proof_cnt = (uint32_t)(proof_size / 32);
    *ret_member = "countersignatures";
    st = read_countersignatures(of, s);
    if (st != PH_OK) return st;
    *ret_member = "signed_root";
    return read_note(of, s);
}

/* NULL if every member is one of a saved contract; else the first that is not. */
static const char *unknown_member(json_t *of)
{
    static const char *const known[] = {"canonical",       "leaf_index",  "leaf_count",
                                        "inclusion_proof", "signed_root", "countersignatures"};
    const char *name;
    json_t *value;
    json_object_foreach(of, name, value)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && strcmp(name, known[i]) != 0)
            i++;
        if (i == sizeof known / sizeof known[0]) return name;
    }
    return NULL;
}

/* What is said repeats text of the file, which a terminal should not obey. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~') *text = '?';
}

static bool is_printable(const char *text)
{
    size_t i = 0;
    while (text[i] >= ' ' && text[i] <= '~')
        i++;
    return text[i] == '\0';
}

/* The participant with two countersignatures; 0: none. */
static uint32_t signs_twice(const ph_saved *s)
{
    for (uint32_t i = 1; i < s->countersignature_cnt; i++)
        for (uint32_t k = 0; k < i; k++)
            if (s->countersignatures[k].participant.v == s->countersignatures[i].participant.v)
                return s->countersignatures[i].participant.v;
    return 0;
}

static ph_status parse_members(json_t *of, ph_saved *s, char *err, size_t err_size)
{
    const char *member = "", *unknown = json_is_object(of) ? unknown_member(of) : NULL;
    if (!json_is_object(of)) {
        snprintf(err, err_size, "not an object");
        return PH_ECORRUPT;
    }
    if (unknown != NULL) {
        snprintf(err, err_size, "\"%.60s\" is not a member of one",
                 is_printable(unknown) ? unknown : "?");
        return PH_ECORRUPT;
    }
    ph_status st = read_members(of, s, &member);
    if (st != PH_OK) {
        snprintf(err, err_size, "\"%s\" is missing or not what it should be: %s", member,
                 ph_status_text(st));
        return st;
    }
    if (signs_twice(s) == 0) return PH_OK;
    snprintf(err, err_size, "participant %" PRIu32 " countersigned twice: one of each party counts",
             signs_twice(s));
    return PH_ECORRUPT;
}

ph_status ph_saved_parse(const char *text, size_t size, ph_saved *ret, char *err, size_t err_size)
{
    json_error_t json_err;
    json_t *of = json_loadb(text, size, JSON_REJECT_DUPLICATES, &json_err);
    if (of == NULL) {
        make_printable(json_err.text);
        snprintf(err, err_size, "line %d: %s", json_err.line, json_err.text);
        return PH_ECORRUPT;
    }
    ph_saved s = {.canonical = NULL};
    ph_status st = parse_members(of, &s, err, err_size);
    json_decref(of);
    if (st == PH_OK)
        *ret = s;
    else
        ph_saved_free(&s);
    return st;
}

ph_status ph_saved_read(const char *path, ph_saved *ret, char *err, size_t err_size)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL) {
        snprintf(err, err_size, "could not read \"%s\": %s", path, strerror(errno));
        return errno == ENOENT ? PH_ENOTFOUND : PH_EIO;
    }
    char *text = malloc(FILE_MAX);
    size_t size = text == NULL ? 0 : fread(text, 1, FILE_MAX, f);
    const char *unread = text == NULL       ? "no memory"
                         : ferror(f)        ? strerror(errno)
                         : size == FILE_MAX ? "larger than any contract"
                                            : NULL;
    (void)fclose(f); /* nothing was written */
    ph_status st = PH_EIO;
    if (unread != NULL) {
        snprintf(err, err_size, "could not read \"%s\": %s", path, unread);
    } else {
        char why[256];
        st = ph_saved_parse(text, size, ret, why, sizeof why);
        if (st != PH_OK) snprintf(err, err_size, "\"%s\" is not a saved contract: %s", path, why);
    }
    free(text);
    return st;
}

void ph_saved_free(ph_saved *s)
{
    free(s->canonical);
    free(s->proof);
    free(s->note);
    *s = (ph_saved){.canonical = NULL};
}
