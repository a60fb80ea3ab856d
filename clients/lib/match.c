/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/match.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64 };

void phc_match_release(phc_match *m)
{
    free(m->reports.v);
    free(m->contracts.v);
    *m = (phc_match){0};
}

/* ---- Digest of what both sides say --------------------------------------------------------- */

typedef struct {
    uint64_t numbers[12];
    const phc_segment *segments;
    size_t segment_cnt;
} facts;

static void digest_of(const facts *f, uint8_t ret[PHC_MATCH_DIGEST])
{
    crypto_generichash_state h;
    crypto_generichash_init(&h, NULL, 0, PHC_MATCH_DIGEST);
    crypto_generichash_update(&h, (const uint8_t *)f->numbers, sizeof f->numbers);
    for (size_t i = 0; i < f->segment_cnt; i++) {
        const phc_segment *s = &f->segments[i];
        uint64_t v[4] = {s->first_period, s->periods, s->quantity, (uint64_t)s->price};
        crypto_generichash_update(&h, (const uint8_t *)v, sizeof v);
    }
    crypto_generichash_final(&h, ret, PHC_MATCH_DIGEST);
}

/* What a participant has to do with a contract decides what its report says. */
static void digest_report(const phc_report *r, uint8_t ret[PHC_MATCH_DIGEST])
{
    bool is_assigned = r->type == PHC_ASSIGNED;
    uint64_t side = is_assigned ? 0 : (uint64_t)r->side;
    facts f = {.numbers = {r->contract, r->trade, r->sequence, r->at, r->product, side,
                           is_assigned ? 0 : r->order, !is_assigned && r->taker,
                           (uint64_t)r->notional, (uint64_t)r->fee,
                           side == PHC_BUY ? 0 : (uint64_t)r->bond, r->segment_cnt},
               .segments = r->segments,
               .segment_cnt = r->segment_cnt};
    digest_of(&f, ret);
}

/* As buyer, as seller, or as a supplier whose contract was resold by another. */
static void digest_contract(const phc_contract *c, uint32_t self, uint8_t ret[PHC_MATCH_DIGEST])
{
    bool is_resale = c->from_contract != 0;
    facts f = {.numbers = {c->contract, c->trade, c->sequence, c->at, c->product, 0, 0, 0, 0, 0, 0,
                           c->segment_cnt},
               .segments = c->segments,
               .segment_cnt = c->segment_cnt};
    uint64_t *side = &f.numbers[5], *order = side + 1, *taker = side + 2;
    uint64_t *notional = side + 3, *fee = side + 4, *bond = side + 5;
    *notional = (uint64_t)c->notional;
    if (c->buyer == self) {
        *side = PHC_BUY;
        *order = c->buy_order;
        *taker = c->taker == PHC_BUY;
        *fee = (uint64_t)c->buyer_fee;
    } else if (!is_resale || c->seller == self) {
        *side = PHC_SELL;
        *order = c->sell_order;
        *taker = c->taker == PHC_SELL;
        *fee = (uint64_t)(is_resale ? c->reseller_fee : c->supplier_fee);
        *bond = is_resale ? 0 : (uint64_t)c->bond;
    } else {
        *notional = (uint64_t)c->supplier_notional;
        *fee = (uint64_t)c->supplier_fee;
        *bond = (uint64_t)c->bond;
    }
    digest_of(&f, ret);
}

/* ---- Tables -------------------------------------------------------------------------------- */

/* NULL if it does not wait. */
static phc_match_row *find(const phc_match_table *t, uint64_t contract)
{
    size_t lo = t->first, hi = t->end;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->v[mid].contract < contract)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < t->end && t->v[lo].contract == contract ? &t->v[lo] : NULL;
}

static void take(phc_match_table *t, phc_match_row *row)
{
    size_t at = (size_t)(row - t->v);
    /* Nearly always the first: both streams are in the same order. */
    memmove(t->v + t->first + 1, t->v + t->first, (at - t->first) * sizeof *t->v);
    t->first++;
    if (t->first == t->end) t->first = t->end = 0;
}

/* Without room, and out of order, a row is not kept: its partner then stays unmatched, which the
   receiver is told. */
static void keep(phc_match_table *t, const phc_match_row *row)
{
    if (t->end > t->first && t->v[t->end - 1].contract >= row->contract) return;
    if (t->end - t->first == PHC_MATCH_MAX) t->first++;
    if (t->end == t->room && t->first > t->room / 2) {
        memmove(t->v, t->v + t->first, (t->end - t->first) * sizeof *t->v);
        t->end -= t->first;
        t->first = 0;
    }
    if (t->end == t->room) {
        size_t room = t->room == 0 ? ROOM_FIRST : 2 * t->room;
        phc_match_row *v = reallocarray(t->v, room, sizeof *v);
        if (v == NULL) return;
        t->v = v;
        t->room = room;
    }
    t->v[t->end++] = *row;
}

static phc_match_verdict meet(phc_match_table *own, phc_match_table *other,
                              const phc_match_row *row)
{
    phc_match_row *partner = find(other, row->contract);
    if (partner == NULL) {
        keep(own, row);
        return PHC_MATCH_WAITS;
    }
    bool equal = memcmp(partner->digest, row->digest, sizeof row->digest) == 0;
    take(other, partner);
    return equal ? PHC_MATCH_EQUAL : PHC_MATCH_DIFFERS;
}

phc_match_verdict phc_match_report(phc_match *m, const phc_report *r)
{
    phc_match_row row = {.contract = r->contract};
    digest_report(r, row.digest);
    return meet(&m->reports, &m->contracts, &row);
}

phc_match_verdict phc_match_contract(phc_match *m, const phc_contract *c, uint32_t self)
{
    phc_match_row row = {.contract = c->contract};
    digest_contract(c, self, row.digest);
    return meet(&m->contracts, &m->reports, &row);
}
