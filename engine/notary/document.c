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

#define WRITE_u32(field)   ph_write_u32(w, field);
#define WRITE_u64(field)   ph_write_u64(w, field);
#define WRITE_i64(field)   ph_write_i64(w, field);
#define WRITE_side(field)  ph_write_u32(w, (uint32_t)(field));
#define WRITE_text(field)  ph_write_bytes(w, field, sizeof field);
#define WRITE_blob(field)  ph_write_bytes(w, field, sizeof field);
#define WRITE(form, field) WRITE_##form(field)

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

static ph_document_party party_of(const ph_register_participant *p, ph_order_id order)
{
    return (ph_document_party){.id = p->id, .name = p->name, .key = p->sign_key, .order = order};
}

ph_document ph_document_of(const ph_trade *trade, const ph_document_facts *facts)
{
    const ph_open_market *opened = facts->opened;
    const ph_product_terms *product = facts->product;
    PH_ASSERT(product->id.v == trade->product.v);
    PH_ASSERT(facts->buyer->id.v == trade->buyer.v);
    PH_ASSERT(facts->supplier->id.v == trade->supplier.v);
    PH_ASSERT(facts->seller->id.v == trade->seller.v);
    ph_document d = {
        .rules_version = opened->rules_version,
        .market = opened->market,
        .contract = trade->contract,
        .trade = trade->trade,
        .seq = facts->seq,
        .at = facts->at,
        .product = product->id,
        .symbol = product->symbol,
        .unit = product->unit,
        .terms_version = trade->terms_version,
        .terms_hash = product->terms_hash,
        .period_seconds = product->period_seconds,
        .site = product->site,
        .hardware = product->hardware,
        .hardware_units = product->hardware_units,
        .availability_ppm = product->availability_ppm,
        .report_seconds = product->report_seconds,
        .dispute_seconds = product->dispute_seconds,
        .resolve_seconds = product->resolve_seconds,
        .dispute_deposit = product->dispute_deposit,
        .meter = product->meter,
        .buyer = party_of(facts->buyer, trade->buy_order),
        .supplier = party_of(facts->supplier, trade->sell_order),
        .taker = trade->taker,
        .notional = trade->notional,
        .buyer_fee = trade->buyer_fee,
        .supplier_fee = trade->supplier_fee,
        .buyer_fee_at_trade = trade->buyer_fee_at_trade,
        .bond = trade->bond,
        .from_contract = trade->from_contract,
        .seller = trade->seller,
        .seller_name = facts->seller->name,
        .seller_key = facts->seller->sign_key,
        .supplier_notional = trade->supplier_notional,
        .premium = trade->premium,
        .reseller_fee = trade->reseller_fee,
        .segment_cnt = trade->segment_cnt,
    };
    memcpy(d.currency, opened->currency, sizeof d.currency);
    return d;
}

size_t ph_document_size(uint32_t segment_cnt)
{
    return PH_CONTRACT_HEADER_SIZE + (size_t)segment_cnt * PH_CONTRACT_SEGMENT_SIZE;
}

void ph_document_write(ph_writer *w, const ph_document *d, const ph_event *segments)
{
    ph_write_bytes(w, PH_DOCUMENT_MAGIC, 8);
    ph_write_u32(w, PH_DOCUMENT_VERSION);
    FIELDS(WRITE, (*d))
    for (uint32_t i = 0; i < d->segment_cnt; i++) {
        PH_ASSERT(segments[i].kind == PH_EVT_SEGMENT);
        const ph_segment *s = &segments[i].u.segment;
        ph_write_u32(w, s->window.first);
        ph_write_u32(w, s->window.periods);
        ph_write_u32(w, s->quantity);
        ph_write_i64(w, s->price);
    }
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

static const char *segments_broken(const ph_document *d)
{
    ph_segment before = {.window = {0}};
    ph_money sum = 0;
    for (uint32_t i = 0; i < d->segment_cnt; i++) {
        ph_segment s = ph_document_segment(d, i);
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

/* NULL, or the first rule of the README that the fields break. */
static const char *document_broken(const ph_document *d)
{
    if (d->market.s[0] == 0) return "market has no name";
    for (int i = 0; i < 3; i++)
        if (d->currency[i] < 'A' || d->currency[i] > 'Z')
            return "currency is not three capital letters";
    const char *broken = ids_broken(d);
    if (broken == NULL) broken = seller_broken(d);
    if (broken != NULL) return broken;
    if (!ph_period_seconds_ok(d->period_seconds)) return "period_seconds is not 900, 3600 or 86400";
    if (d->dispute_deposit < 0) return "dispute_deposit is negative";
    if (d->supplier_fee < 0) return "supplier_fee is negative";
    if (d->bond < 0) return "bond is negative";
    if (d->buyer_fee_at_trade < 0 || d->buyer_fee_at_trade > d->buyer_fee)
        return "buyer_fee_at_trade is not between 0 and buyer_fee";
    return segments_broken(d);
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
    if (d.segment_cnt == 0 || d.segment_cnt > PH_CONTRACT_SEGMENTS_MAX)
        return refuse(PH_ECORRUPT, "segment_cnt is out of range", reterr);
    if (size != ph_document_size(d.segment_cnt))
        return refuse(PH_ECORRUPT, "the size does not follow from segment_cnt", reterr);
    d.segments = r->p;
    const char *broken = document_broken(&d);
    if (broken != NULL) return refuse(PH_ECORRUPT, broken, reterr);
    *ret = d;
    return PH_OK;
}
