/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/entered.h"

#include "engine/base/panic.h"

#include <stdlib.h>

#define TAG_BIT (UINT64_C(1) << 63)

enum {
    USE_BITS = 16,
    START_BITS = 18,
    KEY_BITS = 8,
    START_AT = PHG_SEAT_BITS + USE_BITS,
    KEY_AT = START_AT + START_BITS,
};
_Static_assert(KEY_AT + KEY_BITS == 56, "the gateway's number is where others look for it");

#define LOW(v, bits) ((v) & ((UINT64_C(1) << (bits)) - 1))

phg_tag phg_tag_of(phg_tag_parts p)
{
    PH_ASSERT(p.gateway >= 1 && p.gateway <= PHG_GATEWAYS_MAX && p.key < 1u << KEY_BITS);
    return TAG_BIT | (uint64_t)p.gateway << 56 | (uint64_t)p.key << KEY_AT |
           LOW((uint64_t)p.start, START_BITS) << START_AT |
           LOW((uint64_t)p.use, USE_BITS) << PHG_SEAT_BITS | LOW((uint64_t)p.seat, PHG_SEAT_BITS);
}

phg_tag_parts phg_tag_read(phg_tag tag)
{
    return (phg_tag_parts){
        .gateway = (uint32_t)LOW(tag >> 56, 7),
        .key = (uint32_t)LOW(tag >> KEY_AT, KEY_BITS),
        .start = (uint32_t)LOW(tag >> START_AT, START_BITS),
        .use = (uint32_t)LOW(tag >> PHG_SEAT_BITS, USE_BITS),
        .seat = (uint32_t)LOW(tag, PHG_SEAT_BITS),
    };
}

bool phg_tag_is(uint64_t request)
{
    return (request & TAG_BIT) != 0 && LOW(request >> 56, 7) != 0;
}

void phg_entered_release(phg_entered *e)
{
    phg_order_table_release(&e->orders);
    free(e->open);
    *e = (phg_entered){0};
}

phg_entered_order *phg_entered_find(const phg_entered *e, ph_order_id id)
{
    return phg_order_table_find(&e->orders, id);
}

phg_entered_order *phg_entered_next(const phg_entered *e, uint32_t *at)
{
    return phg_order_table_next(&e->orders, at);
}

static void drop(phg_entered *e, ph_order_id id)
{
    phg_entered_order *o = phg_entered_find(e, id);
    if (o) phg_order_table_drop(&e->orders, o);
}

/* ---- Events ------------------------------------------------------------------------------- */

static ph_status begins(phg_entered *e, const ph_command *c, ph_order_id order)
{
    uint32_t who = c->sender.v;
    if (who == 0) return PH_ECORRUPT;
    if (who > e->open_max) {
        uint32_t more = who + 64;
        if (more < who) return PH_EFULL;
        uint32_t *grown = realloc(e->open, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        for (uint32_t i = e->open_max; i < more; i++)
            grown[i] = 0;
        e->open = grown;
        e->open_max = more;
    }
    e->open[who - 1]++;
    if (c->kind != PH_CMD_NEW_ORDER || !phg_tag_is(c->request)) return PH_OK;
    const phg_entered_order o = {order, c->sender, c->request, 0, false};
    return phg_order_table_put(&e->orders, &o, sizeof o);
}

static void ends(phg_entered *e, ph_participant_id who, ph_order_id order)
{
    if (who.v != 0 && who.v <= e->open_max && e->open[who.v - 1] != 0) e->open[who.v - 1]--;
    drop(e, order);
}

/* Orders that were under way when their session was taken over, and whose key was revoked before
   the market was told whose they are: nobody has them, so they end. */
static void leave(phg_entered *e, const ph_command *c)
{
    phg_entered_order *o;
    for (uint32_t at = 0; (o = phg_entered_next(e, &at)) != NULL;) {
        if (o->participant.v != c->sender.v || o->tag != c->u.take_over.from) continue;
        o->is_left = true;
        o->asked = 0;
    }
}

/* A cancellation of ours that the market refused: there is nothing to cancel. */
static void take_rejected(phg_entered *e, const ph_command *c)
{
    if (c->kind == PH_CMD_TAKE_OVER && phg_tag_is(c->u.take_over.from)) leave(e, c);
    if (c->kind != PH_CMD_CANCEL_ORDER || !phg_tag_is(c->request)) return;
    const phg_entered_order *o = phg_entered_find(e, c->u.cancel.order);
    if (o && o->participant.v == c->sender.v && o->tag == c->request) drop(e, o->order);
}

ph_status phg_entered_take(phg_entered *e, const ph_command *c, const ph_event *event)
{
    if (event->kind == PH_EVT_ACCEPTED) return begins(e, c, event->u.accepted.order);
    if (event->kind == PH_EVT_REJECTED) take_rejected(e, c);
    if (event->kind == PH_EVT_CANCELLED)
        ends(e, event->u.cancelled.participant, event->u.cancelled.order);
    if (event->kind != PH_EVT_TRADE) return PH_OK;
    const ph_trade *t = &event->u.trade;
    if (t->buy_leaves == 0) ends(e, t->buyer, t->buy_order);
    if (t->sell_leaves == 0) ends(e, t->seller, t->sell_order);
    return PH_OK;
}

void phg_entered_pass(phg_entered *e, const phg_passing *p)
{
    phg_entered_order *o;
    for (uint32_t at = 0; (o = phg_entered_next(e, &at)) != NULL;) {
        bool is_meant = o->participant.v == p->participant.v && o->tag != p->to &&
                        (p->from != 0 ? o->tag == p->from : phg_tag_read(o->tag).key == p->key);
        if (!is_meant) continue;
        if (p->to == 0)
            phg_order_table_drop(&e->orders, o);
        else
            *o = (phg_entered_order){o->order, o->participant, p->to, 0, false};
    }
}

uint32_t phg_entered_open(const phg_entered *e, ph_participant_id who)
{
    return who.v == 0 || who.v > e->open_max ? 0 : e->open[who.v - 1];
}
