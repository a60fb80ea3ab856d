/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/document.h"

#include "engine/base/limits.h"
#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/wire/signed_contract.h"

#include <string.h>

/* The fields after magic and version, in the order of their bytes: writer and reader are made from
   this one list. */
#define FIELDS(F, of)             \
    F(u32, of.rules_version)      \
    F(text, of.market.s)          \
    F(text, of.currency)          \
    F(u64, of.contract.v)         \
    F(u64, of.trade.v)            \
    F(u64, of.seq)                \
    F(u64, of.at.ns)              \
    F(u32, of.product.v)          \
    F(text, of.symbol.s)          \
    F(text, of.unit.s)            \
    F(u32, of.terms_version)      \
    F(blob, of.terms_hash.b)      \
    F(u32, of.period_seconds)     \
    F(u32, of.site.v)             \
    F(u32, of.hardware.v)         \
    F(u32, of.hardware_units)     \
    F(u32, of.availability_ppm)   \
    F(u32, of.report_seconds)     \
    F(u32, of.dispute_seconds)    \
    F(u32, of.resolve_seconds)    \
    F(i64, of.dispute_deposit)    \
    F(u32, of.meter.v)            \
    F(u32, of.buyer.id.v)         \
    F(text, of.buyer.name.s)      \
    F(blob, of.buyer.key.b)       \
    F(u64, of.buyer.order.v)      \
    F(u32, of.supplier.id.v)      \
    F(text, of.supplier.name.s)   \
    F(blob, of.supplier.key.b)    \
    F(u64, of.supplier.order.v)   \
    F(side, of.taker)             \
    F(i64, of.notional)           \
    F(i64, of.buyer_fee)          \
    F(i64, of.supplier_fee)       \
    F(i64, of.buyer_fee_at_trade) \
    F(i64, of.bond)               \
    F(u64, of.from_contract.v)    \
    F(u32, of.seller.v)           \
    F(text, of.seller_name.s)     \
    F(blob, of.seller_key.b)      \
    F(i64, of.supplier_notional)  \
    F(i64, of.premium)            \
    F(i64, of.reseller_fee)       \
    F(u32, of.segment_cnt)

/* The room is there: document_write looked once for all of them. */
#define STORE_u32(field)   ph_store_u32(p, field), p += 4
#define STORE_u64(field)   ph_store_u64(p, field), p += 8
#define STORE_i64(field)   ph_store_u64(p, (uint64_t)(field)), p += 8
#define STORE_side(field)  ph_store_u32(p, (uint32_t)(field)), p += 4
#define STORE_text(field)  memcpy(p, field, sizeof field), p += sizeof field
#define STORE_blob(field)  memcpy(p, field, sizeof field), p += sizeof field
#define STORE(form, field) STORE_##form(field);

#define READ_u32(field)   field = ph_read_u32(r);
#define READ_u64(field)   field = ph_read_u64(r);
#define READ_i64(field)   field = ph_read_i64(r);
#define READ_side(field)  field = read_side(r);
#define READ_text(field)  ph_read_text(r, field, sizeof field);
#define READ_blob(field)  ph_read_bytes(r, field, sizeof field);
#define READ(form, field) READ_##form(field)

static ph_side read_side(ph_reader *r)
{
    uint32_t v = ph_read_u32(r);
    if (v == PH_SIDE_SELL) return PH_SIDE_SELL;
    if (v != PH_SIDE_BUY) r->bad = true;
    return PH_SIDE_BUY;
}

static void set_party(ph_document_party *to, const ph_document_signer *s, ph_order_id order)
{
    to->id = s->registered->id;
    to->name = s->registered->name;
    to->key = *s->key;
    to->order = order;
}

static void set_product(ph_document *to, const ph_product_terms *product)
{
    to->product = product->id;
    to->symbol = product->symbol;
    to->unit = product->unit;
    to->terms_hash = product->terms_hash;
    to->period_seconds = product->period_seconds;
    to->site = product->site;
    to->hardware = product->hardware;
    to->hardware_units = product->hardware_units;
    to->availability_ppm = product->availability_ppm;
    to->report_seconds = product->report_seconds;
    to->dispute_seconds = product->dispute_seconds;
    to->resolve_seconds = product->resolve_seconds;
    to->dispute_deposit = product->dispute_deposit;
    to->meter = product->meter;
}

static void set_trade(ph_document *to, const ph_trade *trade)
{
    to->contract = trade->contract;
    to->trade = trade->trade;
    to->terms_version = trade->terms_version;
    to->taker = trade->taker;
    to->notional = trade->notional;
    to->buyer_fee = trade->buyer_fee;
    to->supplier_fee = trade->supplier_fee;
    to->buyer_fee_at_trade = trade->buyer_fee_at_trade;
    to->bond = trade->bond;
    to->from_contract = trade->from_contract;
    to->seller = trade->seller;
    to->supplier_notional = trade->supplier_notional;
    to->premium = trade->premium;
    to->reseller_fee = trade->reseller_fee;
    to->segment_cnt = trade->segment_cnt;
    to->segments = NULL;
}

/* Field by field: a document that is put together elsewhere and copied costs twice as much. */
void ph_document_of(const ph_trade *trade, const ph_document_facts *facts, ph_document *ret)
{
    const ph_open_market *opened = facts->opened;
    PH_ASSERT(facts->product->id.v == trade->product.v);
    PH_ASSERT(facts->buyer.registered->id.v == trade->buyer.v);
    PH_ASSERT(facts->supplier.registered->id.v == trade->supplier.v);
    PH_ASSERT(facts->seller.registered->id.v == trade->seller.v);
    ret->rules_version = opened->rules_version;
    ret->market = opened->market;
    memcpy(ret->currency, opened->currency, sizeof ret->currency);
    ret->seq = facts->seq;
    ret->at = facts->at;
    set_product(ret, facts->product);
    set_party(&ret->buyer, &facts->buyer, trade->buy_order);
    set_party(&ret->supplier, &facts->supplier, trade->sell_order);
    ret->seller_name = facts->seller.registered->name;
    ret->seller_key = *facts->seller.key;
    set_trade(ret, trade);
}

size_t ph_document_size(uint32_t segment_cnt)
{
    return PH_CONTRACT_HEADER_SIZE + (size_t)segment_cnt * PH_CONTRACT_SEGMENT_SIZE;
}

void ph_document_write(ph_writer *w, const ph_document *d, const ph_event *segments)
{
    size_t size = ph_document_size(d->segment_cnt);
    if (!ph_writer_has(w, size)) return;
    uint8_t *p = w->p;
    w->p += size;
    memcpy(p, PH_DOCUMENT_MAGIC, 8);
    p += 8;
    STORE_u32(PH_DOCUMENT_VERSION);
    FIELDS(STORE, (*d))
    for (uint32_t i = 0; i < d->segment_cnt; i++) {
        PH_ASSERT(segments[i].kind == PH_EVT_SEGMENT);
        const ph_segment *s = &segments[i].u.segment;
        STORE_u32(s->window.first);
        STORE_u32(s->window.periods);
        STORE_u32(s->quantity);
        STORE_i64(s->price);
    }
    PH_ASSERT(p == w->p);
}

static ph_segment read_segment(ph_reader *r)
{
    ph_segment s = {.window = {.first = ph_read_u32(r)}};
    s.window.periods = ph_read_u32(r);
    s.quantity = ph_read_u32(r);
    s.price = ph_read_i64(r);
    return s;
}

ph_segment ph_document_segment(const ph_document *d, uint32_t i)
{
    PH_ASSERT(i < d->segment_cnt && d->segments != NULL);
    ph_reader r =
        ph_reader_of(d->segments + (size_t)i * PH_CONTRACT_SEGMENT_SIZE, PH_CONTRACT_SEGMENT_SIZE);
    return read_segment(&r);
}

/* NULL, or the first rule of one segment that does not hold. */
static const char *segment_broken(const ph_segment *s)
{
    if (s->window.periods == 0) return "a segment has no period";
    if (ph_window_end(s->window) > UINT64_C(1) << 32) return "a segment ends after the last period";
    if (s->quantity == 0 || s->quantity > PH_QUANTITY_MAX) return "a quantity is out of range";
    if (s->price < 1 || s->price > PH_PRICE_MAX) return "a price is out of range";
    return NULL;
}

/* `events`: the segments as the market has them, or NULL if they are encoded. */
static const char *segments_broken(const ph_document *d, const ph_event *events)
{
    ph_segment before = {.window = {0}};
    ph_money sum = 0;
    for (uint32_t i = 0; i < d->segment_cnt; i++) {
        ph_segment s = events != NULL ? events[i].u.segment : ph_document_segment(d, i);
        const char *broken = segment_broken(&s);
        if (broken != NULL) return broken;
        bool is_after = s.window.first > before.window.first ||
                        (s.window.first == before.window.first && s.price > before.price);
        if (i != 0 && !is_after) return "segments are not sorted by first period, then price";
        before = s;
        ph_money part;
        if (!ph_money_notional(s.price, s.quantity, s.window.periods, &part) ||
            !ph_money_add(sum, part, &sum))
            return "the sum over the segments does not fit";
    }
    return sum == d->notional ? NULL : "notional is not the sum over the segments";
}

static const char *ids_broken(const ph_document *d)
{
    if (d->contract.v == 0) return "contract is 0";
    if (d->trade.v == 0) return "trade is 0";
    if (d->seq == 0) return "seq is 0";
    if (d->product.v == 0) return "product is 0";
    if (d->terms_version == 0) return "terms_version is 0";
    if (d->buyer.id.v == 0) return "buyer is 0";
    if (d->supplier.id.v == 0) return "supplier is 0";
    if (d->buyer.order.v == 0) return "buy_order is 0";
    if (d->supplier.order.v == 0) return "sell_order is 0";
    if (d->seller.v == 0) return "seller is 0";
    return NULL;
}

/* Who sold, and what of it is not the supplier's. */
static const char *seller_broken(const ph_document *d)
{
    if (d->supplier_notional < 0 || d->premium < 0 || d->reseller_fee < 0)
        return "supplier_notional, premium or reseller_fee is negative";
    if (d->from_contract.v != 0)
        return d->from_contract.v < d->contract.v ? NULL : "from_contract is not an earlier one";
    bool is_supplier = d->seller.v == d->supplier.id.v &&
                       memcmp(&d->seller_name, &d->supplier.name, sizeof d->seller_name) == 0 &&
                       memcmp(&d->seller_key, &d->supplier.key, sizeof d->seller_key) == 0;
    if (!is_supplier) return "without from_contract the seller is not the supplier";
    if (d->supplier_notional != d->notional || d->premium != 0 || d->reseller_fee != 0)
        return "without from_contract there is something of a resale";
    return NULL;
}

/* NULL, or the first rule of the README that does not hold. */
static const char *document_broken(const ph_document *d, const ph_event *events)
{
    if (d->market.s[0] == 0) return "market has no name";
    for (int i = 0; i < 3; i++)
        if (d->currency[i] < 'A' || d->currency[i] > 'Z')
            return "currency is not three capital letters";
    if (d->taker != PH_SIDE_BUY && d->taker != PH_SIDE_SELL) return "taker is no side";
    const char *broken = ids_broken(d);
    if (broken == NULL) broken = seller_broken(d);
    if (broken != NULL) return broken;
    if (!ph_period_seconds_ok(d->period_seconds)) return "period_seconds is not 900, 3600 or 86400";
    if (d->dispute_deposit < 0) return "dispute_deposit is negative";
    if (d->supplier_fee < 0) return "supplier_fee is negative";
    if (d->bond < 0) return "bond is negative";
    if (d->buyer_fee_at_trade < 0 || d->buyer_fee_at_trade > d->buyer_fee)
        return "buyer_fee_at_trade is not between 0 and buyer_fee";
    return segments_broken(d, events);
}

static const char SEGMENT_CNT_BROKEN[] = "segment_cnt is out of range";

static bool segment_cnt_ok(const ph_document *d)
{
    return d->segment_cnt != 0 && d->segment_cnt <= PH_CONTRACT_SEGMENTS_MAX;
}

static ph_status refuse(ph_status s, const char *why, const char **reterr)
{
    *reterr = why;
    return s;
}

ph_status ph_document_read(const void *bytes, size_t size, ph_document *ret, const char **reterr)
{
    ph_reader reader = ph_reader_of(bytes, size), *r = &reader;
    char magic[8];
    ph_read_bytes(r, magic, sizeof magic);
    uint32_t version = ph_read_u32(r);
    if (r->bad || memcmp(magic, PH_DOCUMENT_MAGIC, sizeof magic) != 0)
        return refuse(PH_ECORRUPT, "the bytes do not start like a contract", reterr);
    if (version != PH_DOCUMENT_VERSION)
        return refuse(PH_EVERSION, "the version of the contract is not 1", reterr);
    ph_document d = {.segments = NULL};
    FIELDS(READ, d)
    if (r->bad)
        return refuse(PH_ECORRUPT, "the contract is cut short, or a text or side is not canonical",
                      reterr);
    if (!segment_cnt_ok(&d)) return refuse(PH_ECORRUPT, SEGMENT_CNT_BROKEN, reterr);
    if (size != ph_document_size(d.segment_cnt))
        return refuse(PH_ECORRUPT, "the size does not follow from segment_cnt", reterr);
    d.segments = r->p;
    const char *broken = document_broken(&d, NULL);
    if (broken != NULL) return refuse(PH_ECORRUPT, broken, reterr);
    *ret = d;
    return PH_OK;
}

ph_status ph_document_check(const ph_document *d, const ph_event *segments, const char **reterr)
{
    const char *broken = segment_cnt_ok(d) ? document_broken(d, segments) : SEGMENT_CNT_BROKEN;
    return broken == NULL ? PH_OK : refuse(PH_ECORRUPT, broken, reterr);
}
