/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/root_signature.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/notary/checkpoint.h"
#include "engine/settle/write.h"

static ph_status no_memory(ph_pg_error *e)
{
    *e = (ph_pg_error){.text = "no memory for signatures of the notary"};
    return PH_EFULL;
}

static ph_status on_item(void *arg, const char *const *columns, uint32_t cnt)
{
    PH_ASSERT(cnt == 1);
    *(uint64_t *)arg = strtoull(columns[0], NULL, 10);
    return PH_OK;
}

ph_status ph_root_signatures_next(ph_pg *pg, uint64_t *ret_item, ph_pg_error *reterr)
{
    uint64_t item = 0;
    ph_status s = ph_pg_ask(
        pg,
        "SELECT coalesce(r.first_contract, (SELECT coalesce(max(id), 0) + 1 FROM "
        "petahour.contract))"
        " + (SELECT count(*) FROM petahour.contract_countersignature c"
        " WHERE r.first_seq IS NULL OR c.seq < r.first_seq)"
        " FROM (SELECT) one LEFT JOIN LATERAL (SELECT first_seq, first_contract"
        " FROM petahour.contract_root r WHERE NOT EXISTS (SELECT FROM petahour.root_signature s"
        " WHERE s.first_seq = r.first_seq) ORDER BY first_seq LIMIT 1) r ON true",
        0, NULL, on_item, &item, reterr);
    if (s == PH_OK) *ret_item = item;
    return s;
}

typedef struct {
    ph_own_root *v;
    uint32_t cnt;
} reading;

static ph_status on_root(void *arg, const char *const *columns, uint32_t cnt)
{
    const reading *r = arg;
    PH_ASSERT(cnt == 4);
    uint64_t place = strtoull(columns[0], NULL, 10);
    PH_ASSERT(place >= 1 && place <= r->cnt);
    ph_own_root *root = &r->v[place - 1];
    root->leaf_cnt = (uint32_t)strtoul(columns[1], NULL, 10);
    root->is_known = ph_pg_bytes(columns[2], root->root.b, sizeof root->root.b) &&
                     ph_pg_bytes(columns[3], root->key.b, sizeof root->key.b);
    return root->is_known ? PH_OK : PH_EINVAL;
}

/* ---- Verifying what is there ----------------------------------------------------------------- */

typedef struct {
    const ph_text64 *market;
    void (*on_false)(void *arg, uint64_t first_seq);
    void *arg;
    uint64_t cnt;
} verifying;

static ph_status on_signature(void *arg, const char *const *columns, uint32_t cnt)
{
    verifying *v = arg;
    char text[PH_CHECKPOINT_TEXT_MAX];
    ph_key key;
    ph_signature signature;
    PH_ASSERT(cnt == 5);
    ph_checkpoint stated = {.market = *v->market,
                            .first_seq = strtoull(columns[0], NULL, 10),
                            .leaf_cnt = (uint32_t)strtoul(columns[1], NULL, 10)};
    if (!ph_pg_bytes(columns[2], stated.root.b, sizeof stated.root.b) ||
        !ph_pg_bytes(columns[3], key.b, sizeof key.b) ||
        !ph_pg_bytes(columns[4], signature.b, sizeof signature.b))
        return PH_EINVAL;
    size_t size = ph_checkpoint_write(&stated, text);
    v->cnt++;
    if (crypto_sign_ed25519_verify_detached(signature.b, (const uint8_t *)text, size, key.b) != 0)
        v->on_false(v->arg, stated.first_seq);
    return PH_OK;
}

ph_status ph_root_signatures_verify(ph_pg *pg, const ph_text64 *market,
                                    void (*on_false)(void *arg, uint64_t first_seq), void *arg,
                                    uint64_t *ret, ph_pg_error *reterr)
{
    verifying v = {market, on_false, arg, 0};
    ph_status s = ph_pg_each(pg,
                             "SELECT first_seq, r.leaf_count, r.root, s.key, s.signature FROM"
                             " petahour.root_signature s JOIN petahour.contract_root r"
                             " USING (first_seq) ORDER BY first_seq",
                             on_signature, &v, reterr);
    if (s == PH_OK) *ret = v.cnt;
    return s;
}

/* ---- Arrays as text -------------------------------------------------------------------------- */

enum { NUMBER_MAX = 21, BYTES_MAX = 6 + 2 * 64 }; /* of an element, with what comes before it */

/* "{17,18}", of numbers that are `stride` bytes apart; NULL: no memory. */
static char *numbers_text(const uint64_t *first, size_t stride, uint32_t cnt)
{
    size_t size = ((size_t)cnt + 1) * NUMBER_MAX, at = 0;
    char *text = malloc(size);
    if (text == NULL) return NULL;
    for (uint32_t i = 0; i < cnt; i++) {
        uint64_t n;
        memcpy(&n, (const char *)first + i * stride, sizeof n);
        at += (size_t)snprintf(text + at, size - at, "%c%" PRIu64, i == 0 ? '{' : ',', n);
    }
    (void)snprintf(text + at, size - at, "}");
    return text;
}

/* The same of elements of up to 64 bytes. */
static char *bytes_text(const uint8_t *first, size_t width, size_t stride, uint32_t cnt)
{
    size_t size = ((size_t)cnt + 1) * BYTES_MAX, at = 0;
    char *text = malloc(size), hex[2 * 64 + 1];
    if (text == NULL) return NULL;
    for (uint32_t i = 0; i < cnt; i++) {
        (void)sodium_bin2hex(hex, sizeof hex, first + i * stride, width); /* returns hex */
        at += (size_t)snprintf(text + at, size - at, "%c\"\\\\x%s\"", i == 0 ? '{' : ',', hex);
    }
    (void)snprintf(text + at, size - at, "}");
    return text;
}

ph_status ph_own_roots_read(ph_pg *pg, ph_own_root *roots, uint32_t cnt, ph_pg_error *reterr)
{
    reading r = {roots, cnt};
    PH_ASSERT(cnt > 0);
    char *seqs = numbers_text(&roots[0].first_seq, sizeof roots[0], cnt);
    if (seqs == NULL) return no_memory(reterr);
    const char *parameters[] = {seqs};
    for (uint32_t i = 0; i < cnt; i++)
        roots[i].is_known = false;
    ph_status s =
        ph_pg_ask(pg,
                  "SELECT n.place, r.leaf_count, r.root, (SELECT k.key FROM petahour.notary_key k"
                  " WHERE k.from_seq <= r.first_seq ORDER BY k.from_seq DESC LIMIT 1)"
                  " FROM unnest($1::bigint[]) WITH ORDINALITY AS n (first_seq, place)"
                  " JOIN petahour.contract_root r USING (first_seq)",
                  1, parameters, on_root, &r, reterr);
    free(seqs);
    return s;
}

ph_status ph_root_signatures_write(ph_pg *pg, const char *market, uint64_t epoch,
                                   const ph_root_signature *v, uint32_t cnt, ph_pg_error *reterr)
{
    char epoch_text[24];
    PH_ASSERT(cnt > 0);
    (void)snprintf(epoch_text, sizeof epoch_text, "%" PRIu64, epoch);
    char *seqs = numbers_text(&v[0].first_seq, sizeof v[0], cnt);
    char *keys = bytes_text(v[0].key.b, sizeof v[0].key.b, sizeof v[0], cnt);
    char *signatures = bytes_text(v[0].signature.b, sizeof v[0].signature.b, sizeof v[0], cnt);
    const char *parameters[] = {market, epoch_text, seqs, keys, signatures};
    ph_status s = PH_OK;
    if (seqs == NULL || keys == NULL || signatures == NULL)
        s = no_memory(reterr);
    else
        s = ph_pg_run(pg, "BEGIN", reterr);
    bool has_begun = s == PH_OK;
    if (s == PH_OK)
        s = ph_pg_ask(pg,
                      "SELECT petahour.sign_roots($1, $2::bigint, $3::bigint[], $4::bytea[],"
                      " $5::bytea[])",
                      5, parameters, NULL, NULL, reterr);
    if (s == PH_OK) s = ph_pg_commit(pg, reterr);
    free(seqs);
    free(keys);
    free(signatures);
    return s == PH_OK || !has_begun ? s : ph_transaction_end(pg, s);
}
