/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/log_proof.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char INCLUSION[] = "c2sp.org/tlog-proof@v1\nindex ", GROWTH[] = "old ";

enum { BASE64_SIZE = sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL) };

static const char *head_of(ph_log_proof_kind kind)
{
    return kind == PH_LOG_PROOF_INCLUSION ? INCLUSION : GROWTH;
}

void ph_log_proof_write(ph_writer *w, const ph_log_proof *p)
{
    char number[32], base64[BASE64_SIZE];
    int size = snprintf(number, sizeof number, "%" PRIu64 "\n", p->number);
    ph_write_bytes(w, head_of(p->kind), strlen(head_of(p->kind)));
    ph_write_bytes(w, number, (size_t)size);
    for (uint32_t i = 0; i < p->path.cnt; i++) {
        (void)sodium_bin2base64(base64, sizeof base64, p->path.v[i].b, sizeof p->path.v[i].b,
                                sodium_base64_VARIANT_ORIGINAL); /* returns base64 */
        ph_write_bytes(w, base64, strlen(base64));
        ph_write_bytes(w, "\n", 1);
    }
    ph_write_bytes(w, "\n", 1);
    ph_write_bytes(w, p->note, p->note_size);
}

/* A line without its newline, which must be there; the text goes on behind it. */
static bool take_line(const char **text, size_t *size, const char **ret, size_t *ret_size)
{
    const char *newline = *size == 0 ? NULL : memchr(*text, '\n', *size);
    if (newline == NULL) return false;
    *ret = *text;
    *ret_size = (size_t)(newline - *text);
    *text += *ret_size + 1;
    *size -= *ret_size + 1;
    return true;
}

/* Decimal digits without a leading zero. */
static bool read_number(const char *p, size_t size, uint64_t *ret)
{
    uint64_t v = 0;
    if (size == 0 || (p[0] == '0' && size != 1)) return false;
    for (size_t i = 0; i < size; i++) {
        if (p[i] < '0' || p[i] > '9') return false;
        uint64_t digit = (uint64_t)(p[i] - '0');
        if (v > (UINT64_MAX - digit) / 10) return false;
        v = v * 10 + digit;
    }
    *ret = v;
    return true;
}

/* The line must be what the hash is written as: the decoder takes more than that. */
static bool read_hash(const char *p, size_t size, ph_hash *ret)
{
    char again[BASE64_SIZE];
    size_t read;
    if (size != BASE64_SIZE - 1 ||
        sodium_base642bin(ret->b, sizeof ret->b, p, size, NULL, &read, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        read != sizeof ret->b)
        return false;
    (void)sodium_bin2base64(again, sizeof again, ret->b, sizeof ret->b,
                            sodium_base64_VARIANT_ORIGINAL); /* returns again */
    return memcmp(again, p, size) == 0;
}

static ph_status refuse(uint32_t line, const char *why, ph_log_proof_fault *ret)
{
    *ret = (ph_log_proof_fault){line, why};
    return PH_ECORRUPT;
}

static bool takes_head(const char **text, size_t *size, ph_log_proof_kind kind)
{
    size_t head = strlen(head_of(kind));
    if (*size < head || memcmp(*text, head_of(kind), head) != 0) return false;
    *text += head;
    *size -= head;
    return true;
}

/* The line of a head, which has two of an inclusion, that is none. */
static uint32_t wrong_line(const char *text, size_t size)
{
    size_t first = (size_t)(strchr(INCLUSION, '\n') - INCLUSION) + 1;
    return size >= first && memcmp(text, INCLUSION, first) == 0 ? 2 : 1;
}

ph_status ph_log_proof_read(const char *text, size_t size, ph_log_proof *ret,
                            ph_log_proof_fault *ret_fault)
{
    ph_log_proof p = {.kind = PH_LOG_PROOF_INCLUSION};
    const char *line;
    size_t line_size;
    uint32_t at = 2;
    if (!takes_head(&text, &size, PH_LOG_PROOF_INCLUSION)) {
        p.kind = PH_LOG_PROOF_GROWTH;
        at = 1;
        if (!takes_head(&text, &size, PH_LOG_PROOF_GROWTH))
            return refuse(wrong_line(text, size),
                          "it begins neither like a proof of inclusion nor of consistency",
                          ret_fault);
    }
    if (!take_line(&text, &size, &line, &line_size) || !read_number(line, line_size, &p.number))
        return refuse(at, "its number is not one", ret_fault);
    for (;;) {
        at++;
        if (!take_line(&text, &size, &line, &line_size))
            return refuse(at, "it ends before its checkpoint", ret_fault);
        if (line_size == 0) break;
        if (p.path.cnt == PH_MERKLE_LONG_MAX)
            return refuse(at, "it has more hashes than any tree needs", ret_fault);
        if (!read_hash(line, line_size, &p.path.v[p.path.cnt]))
            return refuse(at, "it is not a hash in base64", ret_fault);
        p.path.cnt++;
    }
    if (size == 0) return refuse(at + 1, "it ends before its checkpoint", ret_fault);
    p.note = text;
    p.note_size = size;
    *ret = p;
    return PH_OK;
}
