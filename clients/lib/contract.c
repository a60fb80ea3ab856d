/* SPDX-License-Identifier: Apache-2.0 */
/* Written from engine/notary/README.md alone, so that it checks the notary rather than repeats it:
   section numbers are those of that page. */
#include "clients/lib/petahour.h"

#include "clients/lib/bytes.h"
#include "clients/lib/countersign.h"
#include "clients/lib/note.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    MAGIC_BYTES = 8,
    VERSION = 1,
    HEADER_BYTES = 676,
    SEGMENT_BYTES = 20,
    SEGMENTS_MAX = 65536,
    QUANTITY_MAX = 1000000000,
    HASH_BYTES = 32,
    HASHES_MAX = 32, /* leaf counts have 32 bits */
};
static const int64_t price_max = INT64_C(1000000000000000);

__extension__ typedef __int128 wide;

/* ---- Section 1: canonical bytes ------------------------------------------------------------ */

static void read_parties(phc_bytes *b, phc_contract *c)
{
    c->buyer = phc_bytes_u32(b);
    phc_bytes_text(b, c->buyer_name, sizeof c->buyer_name);
    phc_bytes_copy(b, c->buyer_key, sizeof c->buyer_key);
    c->buy_order = phc_bytes_u64(b);
    c->supplier = phc_bytes_u32(b);
    phc_bytes_text(b, c->supplier_name, sizeof c->supplier_name);
    phc_bytes_copy(b, c->supplier_key, sizeof c->supplier_key);
    c->sell_order = phc_bytes_u64(b);
}

static void read_header(phc_bytes *b, phc_contract *c)
{
    c->rules_version = phc_bytes_u32(b);
    phc_bytes_text(b, c->market, sizeof c->market);
    phc_bytes_text(b, c->currency, sizeof c->currency);
    c->contract = phc_bytes_u64(b);
    c->trade = phc_bytes_u64(b);
    c->sequence = phc_bytes_u64(b);
    c->at = phc_bytes_u64(b);
    c->product = phc_bytes_u32(b);
    phc_bytes_text(b, c->symbol, sizeof c->symbol);
    phc_bytes_text(b, c->unit, sizeof c->unit);
    c->terms_version = phc_bytes_u32(b);
    phc_bytes_copy(b, c->terms_hash, sizeof c->terms_hash);
    c->period_seconds = phc_bytes_u32(b);
    c->site = phc_bytes_u32(b);
    c->hardware = phc_bytes_u32(b);
    c->hardware_units = phc_bytes_u32(b);
    c->availability_ppm = phc_bytes_u32(b);
    c->report_seconds = phc_bytes_u32(b);
    c->dispute_seconds = phc_bytes_u32(b);
    c->resolve_seconds = phc_bytes_u32(b);
    c->dispute_deposit = phc_bytes_i64(b);
    c->meter = phc_bytes_u32(b);
    read_parties(b, c);
    uint32_t taker = phc_bytes_u32(b);
    if (taker != PHC_BUY && taker != PHC_SELL) b->bad = true;
    c->taker = taker == PHC_BUY ? PHC_BUY : PHC_SELL;
    c->notional = phc_bytes_i64(b);
    c->buyer_fee = phc_bytes_i64(b);
    c->supplier_fee = phc_bytes_i64(b);
    c->buyer_fee_at_trade = phc_bytes_i64(b);
    c->bond = phc_bytes_i64(b);
    c->from_contract = phc_bytes_u64(b);
    c->seller = phc_bytes_u32(b);
    phc_bytes_text(b, c->seller_name, sizeof c->seller_name);
    phc_bytes_copy(b, c->seller_key, sizeof c->seller_key);
    c->supplier_notional = phc_bytes_i64(b);
    c->premium = phc_bytes_i64(b);
    c->reseller_fee = phc_bytes_i64(b);
    c->segment_cnt = phc_bytes_u32(b);
}

static bool seller_holds(const phc_contract *c)
{
    if (c->supplier_notional < 0 || c->premium < 0 || c->reseller_fee < 0) return false;
    if (c->from_contract != 0) return c->from_contract < c->contract;
    return c->seller == c->supplier && strcmp(c->seller_name, c->supplier_name) == 0 &&
           memcmp(c->seller_key, c->supplier_key, sizeof c->seller_key) == 0 &&
           c->supplier_notional == c->notional && c->premium == 0 && c->reseller_fee == 0;
}

static bool header_holds(const phc_contract *c)
{
    for (int i = 0; i < 3; i++)
        if (c->currency[i] < 'A' || c->currency[i] > 'Z') return false;
    if (c->rules_version == 0 || c->contract == 0 || c->trade == 0 || c->sequence == 0 ||
        c->product == 0 || c->terms_version == 0 || c->site == 0 || c->hardware == 0 ||
        c->hardware_units == 0 || c->buyer == 0 || c->supplier == 0 || c->buy_order == 0 ||
        c->sell_order == 0 || c->seller == 0 || !seller_holds(c))
        return false;
    if (c->period_seconds != 900 && c->period_seconds != 3600 && c->period_seconds != 86400)
        return false;
    if (c->availability_ppm > 1000000) return false;
    if (c->buyer_fee_at_trade < 0 || c->buyer_fee_at_trade > c->buyer_fee) return false;
    return c->supplier_fee >= 0 && c->bond >= 0 && c->dispute_deposit >= 0;
}

/* Reads the segments, storing those for which there is room; adds up what they cost. */
static bool read_segments(phc_bytes *b, uint32_t cnt, phc_segment *room, int64_t *ret_notional)
{
    wide sum = 0; /* at most 2^63 + 2^50 * 2^30 * 2^32, because the loop stops above 2^63 */
    phc_segment last = {0};
    for (uint32_t i = 0; i < cnt; i++) {
        phc_segment s;
        s.first_period = phc_bytes_u32(b);
        s.periods = phc_bytes_u32(b);
        s.quantity = phc_bytes_u32(b);
        s.price = phc_bytes_i64(b);
        if (s.periods == 0 || (uint64_t)s.first_period + s.periods > UINT64_C(1) << 32)
            return false;
        if (s.quantity == 0 || s.quantity > QUANTITY_MAX) return false;
        if (s.price < 1 || s.price > price_max) return false;
        if (i > 0 && (s.first_period < last.first_period ||
                      (s.first_period == last.first_period && s.price <= last.price)))
            return false;
        sum += (wide)s.price * s.quantity * s.periods;
        if (sum > INT64_MAX) return false;
        if (room != NULL) room[i] = s;
        last = s;
    }
    *ret_notional = (int64_t)sum;
    return !b->bad;
}

/* room NULL: segments are checked but not kept. */
static phc_status scan(const uint8_t *canonical, size_t size, phc_segment *room, size_t room_max,
                       phc_contract *ret)
{
    phc_bytes b = {.p = canonical, .end = canonical + size};
    uint8_t magic[MAGIC_BYTES];
    phc_contract c = {0};
    phc_bytes_copy(&b, magic, sizeof magic);
    if (b.bad || memcmp(magic, "PHCTRACT", MAGIC_BYTES) != 0) return PHC_ECORRUPT;
    if (phc_bytes_u32(&b) != VERSION) return PHC_ECORRUPT;
    read_header(&b, &c);
    if (b.bad || !header_holds(&c)) return PHC_ECORRUPT;
    if (c.segment_cnt == 0 || c.segment_cnt > SEGMENTS_MAX) return PHC_ECORRUPT;
    if (size != HEADER_BYTES + (size_t)SEGMENT_BYTES * c.segment_cnt) return PHC_ECORRUPT;
    if (room != NULL && c.segment_cnt > room_max) return PHC_EFULL;
    int64_t notional = 0;
    if (!read_segments(&b, c.segment_cnt, room, &notional)) return PHC_ECORRUPT;
    if (notional != c.notional) return PHC_ECORRUPT;
    c.segments = room;
    *ret = c;
    return PHC_OK;
}

phc_status phc_contract_read(const uint8_t *canonical, size_t size, phc_segment *segments,
                             size_t segment_max, phc_contract *ret)
{
    if (canonical == NULL || segments == NULL) return PHC_EINVAL;
    return scan(canonical, size, segments, segment_max, ret);
}

/* ---- Section 2: the tree of a batch -------------------------------------------------------- */

static void hash_node(const uint8_t *left, const uint8_t *right, uint8_t ret[HASH_BYTES])
{
    uint8_t bytes[1 + 2 * HASH_BYTES];
    bytes[0] = 0x01;
    memcpy(bytes + 1, left, HASH_BYTES);
    memcpy(bytes + 1 + HASH_BYTES, right, HASH_BYTES);
    crypto_hash_sha256(ret, bytes, sizeof bytes);
}

bool phc_proof_fold(const phc_signed_contract *s, uint8_t ret_root[32])
{
    if (s->leaf_index >= s->leaf_count || s->proof_size % HASH_BYTES != 0 ||
        s->proof_size > (size_t)HASHES_MAX * HASH_BYTES)
        return false;
    uint32_t fn = s->leaf_index, sn = s->leaf_count - 1;
    uint8_t r[HASH_BYTES];
    phc_leaf_hash(s->canonical, s->canonical_size, r);
    for (size_t at = 0; at < s->proof_size; at += HASH_BYTES) {
        const uint8_t *p = s->proof + at;
        if (sn == 0) return false;
        if ((fn & 1) != 0 || fn == sn) {
            hash_node(p, r, r);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            hash_node(r, p, r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0) return false;
    memcpy(ret_root, r, HASH_BYTES);
    return true;
}

/* ---- Section 4: all of it ------------------------------------------------------------------ */

static phc_status no(char *err, size_t err_size, phc_status s, const char *why)
{
    snprintf(err, err_size, "contract does not verify: %s", why);
    return s;
}

phc_status phc_contract_verify(const phc_signed_contract *s, const char *market,
                               const uint8_t sign_key[32], char *err, size_t err_size)
{
    phc_contract c;
    phc_checkpoint root;
    uint8_t folded[HASH_BYTES];
    if (sodium_init() < 0) return no(err, err_size, PHC_EIO, "no cryptographic library");
    if (s->canonical == NULL || scan(s->canonical, s->canonical_size, NULL, 0, &c) != PHC_OK)
        return no(err, err_size, PHC_EVERIFY, "the bytes are not those of a contract");
    if (strcmp(c.market, market) != 0)
        return no(err, err_size, PHC_EVERIFY, "it belongs to another market");
    if (!phc_proof_fold(s, folded))
        return no(err, err_size, PHC_EVERIFY, "the inclusion proof does not fit index and count");
    if (s->signed_root == NULL ||
        !phc_note_verify(s->signed_root, s->signed_root_size, market, sign_key))
        return no(err, err_size, PHC_EVERIFY, "the signed root has no valid signature of the key");
    if (!phc_checkpoint_read(s->signed_root, s->signed_root_size, market, &root))
        return no(err, err_size, PHC_EVERIFY, "the signed root is not a root of this market");
    if (root.first_sequence > c.sequence)
        return no(err, err_size, PHC_EVERIFY, "the signed root is of a later batch");
    if (root.leaf_count != s->leaf_count)
        return no(err, err_size, PHC_EVERIFY, "the signed root states another number of contracts");
    if (sodium_memcmp(root.root, folded, HASH_BYTES) != 0)
        return no(err, err_size, PHC_EVERIFY, "the bytes are not under the signed root");
    return PHC_OK;
}
