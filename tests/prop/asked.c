/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/asked.h"

#include "engine/base/money.h"
#include "tests/unit/suite.h"

enum {
    PRICES_TRIED = 40, /* above all of the orders' */
    STARTS_TRIED = 20, /* beyond all periods */
};

asked_room asked_open(const ph_market_limits *limits)
{
    asked_room room;
    room.questions =
        ph_question_init(world_room(ph_question_footprint(limits), &room.block), limits);
    return room;
}

void asked_close(asked_room *room)
{
    free(room->block);
}

ph_preview asked_preview(const asked_room *room, const world *w, ph_participant_id who,
                         const ph_new_order *n)
{
    ph_preview p;
    ph_preview_fill fills[64];
    ph_question_preview(room->questions, w->m, who, n, &p, (ph_preview_fills){fills, 64});
    ph_wide notional = 0;
    uint64_t executed = 0;
    for (uint32_t i = 0; i < p.fill_cnt && i < 64; i++) {
        notional += (ph_wide)fills[i].price * (int64_t)fills[i].units;
        executed += fills[i].units;
    }
    REQUIRE(p.fill_cnt > 64 || (notional == p.notional && executed == p.executed));
    return p;
}

void asked_preview_came(const world *w, const ph_preview *p, const ph_command *c)
{
    const ph_new_order *n = &c->u.order;
    uint64_t order = 0;
    ph_preview seen = {.ends = (ph_cancel_reason)0};
    for (uint32_t i = 0; i < w->out.cnt; i++) {
        const ph_event *e = &w->out.v[i];
        if (e->kind == PH_EVT_REJECTED) {
            seen.reject = e->u.rejected.code;
        } else if (e->kind == PH_EVT_ACCEPTED) {
            order = e->u.accepted.order.v;
            seen.hold = e->u.accepted.hold;
        } else if (e->kind == PH_EVT_TRADE) {
            const ph_trade *t = &e->u.trade;
            bool buys = t->buy_order.v == order && n->side == PH_SIDE_BUY;
            bool sells = t->sell_order.v == order && n->side == PH_SIDE_SELL;
            if (!buys && !sells) continue;
            seen.contracts++;
            seen.notional += t->notional;
            if (buys)
                seen.fee += t->buyer_fee;
            else if (t->from_contract.v == 0)
                seen.fee += t->supplier_fee;
            else /* its fee falls due with what it receives */
                seen.fee += t->notional * (ph_money)50000 / 1000000;
            if (buys) seen.fee_at_trade += t->buyer_fee_at_trade;
            if (sells && t->from_contract.v == 0) seen.bond += t->bond;
        } else if (e->kind == PH_EVT_CANCELLED && e->u.cancelled.order.v == order) {
            seen.ends = e->u.cancelled.reason;
        }
    }
    if (seen.ends == PH_CANCEL_NOTHING_LEFT) seen.ends = (ph_cancel_reason)0;
    bool same = p->reject == seen.reject && p->hold == seen.hold &&
                p->contracts == seen.contracts && p->notional == seen.notional &&
                p->fee == seen.fee && p->fee_at_trade == seen.fee_at_trade &&
                p->bond == seen.bond && p->ends == seen.ends;
    ck_assert_msg(same, "preview: %s notional %lld fee %lld ends %d; came: %s %lld %lld %d",
                  ph_reject_name(p->reject), (long long)p->notional, (long long)p->fee, p->ends,
                  ph_reject_name(seen.reject), (long long)seen.notional, (long long)seen.fee,
                  seen.ends);
}

/* Who asks what. */
typedef struct {
    const asked_room *room;
    const world *w;
    ph_participant_id who;
} asker;

static bool fills_whole(const asker *a, ph_new_order n)
{
    n.post_only = false;
    ph_preview p = asked_preview(a->room, a->w, a->who, &n);
    uint64_t length = n.shape == PH_SHAPE_FLEX ? n.duration : n.window.periods;
    return p.reject == PH_REJECT_NONE && p.executed == length * n.quantity;
}

/* No price between the order's and the one that is named will do; none at all if none is named. */
static void check_no_better_price(const asker *a, const ph_new_order *n, const ph_why *why)
{
    ph_new_order other = *n;
    ph_price step = n->side == PH_SIDE_BUY ? 1 : -1;
    for (; other.price >= 1 && other.price <= PRICES_TRIED; other.price += step) {
        if (other.price == why->price) return;
        REQUIRE_MSG(!fills_whole(a, other), "not only at %lld: at %lld", (long long)why->price,
                    (long long)other.price);
    }
}

static void check_no_larger_quantity(const asker *a, const ph_new_order *n, const ph_why *why)
{
    ph_new_order other = *n;
    while (--other.quantity > why->quantity)
        REQUIRE_MSG(!fills_whole(a, other), "not only %u: %u", why->quantity, other.quantity);
}

static void check_no_nearer_start(const asker *a, const ph_new_order *n, const ph_why *why)
{
    ph_new_order other = *n;
    for (uint32_t away = 1; away <= STARTS_TRIED; away++) {
        for (int side = -1; side <= 1; side += 2) {
            other.window.first = n->window.first + (uint32_t)side * away;
            if (why->has_start && other.window.first == why->start) return;
            REQUIRE_MSG(!fills_whole(a, other), "a nearer start: %u", other.window.first);
        }
    }
}

void asked_why(const asked_room *room, const world *w, ph_participant_id who, const ph_new_order *n)
{
    const asker asks = {room, w, who}, *a = &asks;
    ph_why why;
    ph_question_why(room->questions, w->m, who, n, &why);
    if (why.reject != PH_REJECT_NONE) return;
    ck_assert(why.fills == fills_whole(a, *n));
    if (!why.fills) {
        /* Where an order at that price would be refused, the answer is that and no price. */
        if (why.price_reject == PH_REJECT_NONE) check_no_better_price(a, n, &why);
        check_no_larger_quantity(a, n, &why);
        check_no_nearer_start(a, n, &why);
    }
    ph_new_order other = *n;
    if (why.price != 0) {
        other.price = why.price;
        ck_assert_msg(fills_whole(a, other), "not at this price");
        other.price += n->side == PH_SIDE_BUY ? -1 : 1;
        ck_assert_msg(!fills_whole(a, other), "at less, too");
    }
    other = *n;
    if (why.quantity != 0) {
        other.quantity = why.quantity;
        ck_assert_msg(fills_whole(a, other), "not this quantity");
    }
    other = *n;
    if (why.has_start) {
        other.window.first = why.start;
        ck_assert_msg(fills_whole(a, other), "not at this start");
    }
    for (uint32_t i = 0; i < why.product_cnt; i++) {
        other = *n;
        other.product = why.products[i];
        ck_assert_msg(fills_whole(a, other), "not in this product");
    }
}
