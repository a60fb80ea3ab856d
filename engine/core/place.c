/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/place.h"

#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/core/book.h"
#include "engine/core/check.h"
#include "engine/core/fill.h"
#include "engine/core/gate.h"
#include "engine/core/group.h"
#include "engine/core/match.h"
#include "engine/core/match_block.h"
#include "engine/core/supply.h"

/* ---- Acceptance --------------------------------------------------------------------------- */

/* The order of an arrival that passed its checks, not yet accepted: without id, place and hold. */
static uint32_t build_order(ph_market *m, const ph_arrival *a)
{
    const ph_order *draft = a->draft;
    uint32_t slot = ph_order_new(m, draft);
    PH_ASSERT(slot != PH_NONE); /* there was room */
    if (draft->time_in_force == PH_TIF_GTT) m->expire_ns[slot] = a->n->expire_at.ns;
    uint32_t node = m->orders[slot].node;
    if (draft->shape != PH_SHAPE_EACH) return slot;
    for (uint32_t i = 0; i < draft->window.periods; i++)
        m->nodes[node + i] = (ph_node){.order = slot,
                                       .next = PH_NODE_NONE,
                                       .prev = PH_NODE_NONE,
                                       .level = PH_NONE,
                                       .open = draft->quantity};
    return slot;
}

/* From here nothing may fail. */
static void accept_order(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    ph_participant *p = &m->participants[o->participant];
    o->id = ++m->last_order;
    o->place = ++m->last_place;
    p->highest_client_order_id = o->client_order_id;
    p->ids[p->ids_cnt % PH_CLIENT_IDS_KEPT] = (ph_client_id){o->client_order_id, o->id};
    p->ids_cnt++;
}

static void tell_accepted(ph_market *m, uint32_t slot, ph_money hold)
{
    const ph_order *o = &m->orders[slot];
    ph_emit(m, PH_EVT_ACCEPTED)->u.accepted =
        (ph_accepted){.order = {o->id}, .place = o->place, .hold = hold};
}

static void evict(ph_market *m, uint32_t slot)
{
    if (slot != PH_NONE) ph_fill_end(m, slot, PH_CANCEL_BOOK_FULL);
}

/* ---- Matching ----------------------------------------------------------------------------- */

bool ph_place_would_trade(ph_market *m, uint32_t slot)
{
    ph_fill_begin(m, slot);
    const ph_order *o = &m->orders[slot];
    if (o->shape != PH_SHAPE_EACH) return ph_match_block_plan(m, slot).executes;
    return ph_match_each_would_trade(m, slot);
}

static void match_block(ph_market *m, uint32_t slot)
{
    ph_block_plan plan = ph_match_block_plan(m, slot);
    if (plan.executes && !ph_match_block_run(m, slot, &plan))
        m->orders[slot].ends = PH_CANCEL_FILL_LIMIT;
}

/* What did not execute rests, or ends. */
static void rest_or_end(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    if (o->ends != 0) return;
    if (o->left == 0) {
        if (m->lost_cnt > 0) o->ends = PH_CANCEL_NOTHING_LEFT;
        return;
    }
    if (o->time_in_force == PH_TIF_IOC)
        o->ends = PH_CANCEL_IOC;
    else if (o->time_in_force == PH_TIF_FOK)
        o->ends = PH_CANCEL_FOK;
    else if (!ph_book_rest(m, slot))
        o->ends = PH_CANCEL_BOOK_FULL;
    else if (m->products[o->product].order_cnt == 1)
        ph_gate_watch(m, o->product);
}

void ph_place_execute(ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    if (o->shape != PH_SHAPE_EACH)
        match_block(m, slot);
    else if (o->time_in_force == PH_TIF_FOK)
        ph_match_each_whole(m, slot);
    else
        ph_match_each(m, slot);
}

void ph_place_match(ph_market *m, uint32_t slot)
{
    ph_place_execute(m, slot);
    rest_or_end(m, slot);
}

/* ---- Arrival ------------------------------------------------------------------------------ */

ph_reject ph_place_order(ph_market *m, uint32_t sender, const ph_new_order *n, int64_t ret_args[2],
                         uint64_t *ret_order)
{
    ph_arrival a = {.n = n, .sender = sender, .args = ret_args, .draft = ph_order_draft(m)};
    ph_reject why = ph_check_order(m, &a, ret_order);
    if (why != PH_REJECT_NONE) return why;
    uint32_t slot = build_order(m, &a);
    if (n->post_only) {
        if (ph_place_would_trade(m, slot)) {
            ph_order_free(m, slot);
            return PH_REJECT_POST_ONLY;
        }
        for (uint32_t i = 0; n->shape == PH_SHAPE_EACH && i < n->window.periods; i++)
            m->nodes[m->orders[slot].node + i].open = n->quantity;
    }
    accept_order(m, slot);
    m->orders[slot].hold = a.hold;
    m->participants[sender].held += a.hold;
    ph_supply_offer(m, &m->orders[slot], n->window, n->quantity);
    tell_accepted(m, slot, a.hold);
    ph_fill_begin(m, slot);
    m->is_held = true;
    ph_fill_touch(m, slot);
    evict(m, a.evict);
    ph_place_match(m, slot);
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

/* ---- Groups ------------------------------------------------------------------------------- */

static ph_reject check_group(ph_market *m, ph_arrival *a, ph_order *drafts, const ph_new_group *g,
                             uint64_t *ret_order, uint32_t *ret_member)
{
    int64_t *args = a->args;
    args[0] = g->cnt;
    args[1] = PH_GROUP_MEMBERS_MAX;
    if (g->cnt == 0 || g->cnt > PH_GROUP_MEMBERS_MAX) return PH_REJECT_GROUP_SIZE;
    for (uint32_t i = 0; i < g->cnt; i++) {
        const ph_new_order *n = &g->v[i];
        *ret_member = i + 1;
        args[1] = 0;
        args[0] = 3; /* field: all members are of one side */
        if (n->side != g->v[0].side) return PH_REJECT_GROUP_MEMBER;
        args[0] = 4; /* field: blocks only */
        if (n->shape == PH_SHAPE_EACH) return PH_REJECT_GROUP_MEMBER;
        args[0] = 11; /* field: whole or not at all */
        if (n->shape == PH_SHAPE_BLOCK && !n->all_or_none) return PH_REJECT_GROUP_MEMBER;
        args[0] = 0;
        a[i] = (ph_arrival){
            .n = n, .sender = a->sender, .member = i, .args = args, .draft = &drafts[i]};
        ph_reject why = ph_check_order(m, &a[i], ret_order);
        if (why != PH_REJECT_NONE) return why;
    }
    *ret_member = 0;
    return PH_REJECT_NONE;
}

/* What a member's execution costs is better against its limit than another's: cost / limit is
   lower (BUY), proceeds / limit higher (SELL).  Keys turn one into the other. */
static bool is_better(const ph_order *a, const ph_block_plan *pa, const ph_order *b,
                      const ph_block_plan *pb)
{
    ph_wide limit_a = (ph_wide)ph_price_of(a->key) * pa->window.periods * a->open;
    ph_wide limit_b = (ph_wide)ph_price_of(b->key) * pb->window.periods * b->open;
    return pa->total * limit_b > pb->total * limit_a;
}

/* The member that would execute, with its plan; PH_NONE if none would. */
static uint32_t best_member(ph_market *m, const uint32_t *slots, uint32_t cnt, ph_block_plan *ret)
{
    uint32_t best = PH_NONE;
    for (uint32_t i = 0; i < cnt; i++) {
        const ph_order *o = &m->orders[slots[i]];
        if (o->ends != 0) continue;
        ph_block_plan plan = ph_match_block_plan(m, slots[i]);
        if (!plan.executes) continue;
        if (best != PH_NONE && !is_better(o, &plan, &m->orders[best], ret)) continue;
        best = slots[i];
        *ret = plan;
    }
    return best;
}

static void match_group(ph_market *m, const uint32_t *slots, uint32_t cnt)
{
    for (;;) {
        ph_block_plan plan;
        uint32_t best = best_member(m, slots, cnt, &plan);
        if (best == PH_NONE) break;
        m->incoming = best;
        if (ph_match_block_run(m, best, &plan)) break;
        m->orders[best].ends = PH_CANCEL_FILL_LIMIT;
    }
    for (uint32_t i = 0; i < cnt; i++)
        rest_or_end(m, slots[i]);
}

/* The group is refused when the member that would execute is post-only. */
static bool is_post_only(ph_market *m, const uint32_t *slots, uint32_t cnt, uint32_t *ret_member)
{
    ph_block_plan plan;
    ph_fill_begin(m, PH_NONE);
    uint32_t best = best_member(m, slots, cnt, &plan);
    if (best == PH_NONE || !m->orders[best].post_only) return false;
    for (uint32_t i = 0; i < cnt; i++) {
        if (slots[i] == best) *ret_member = i + 1;
    }
    return true;
}

ph_reject ph_place_group(ph_market *m, uint32_t sender, const ph_new_group *g, int64_t ret_args[2],
                         uint64_t *ret_order, uint32_t *ret_member)
{
    ph_arrival a[PH_GROUP_MEMBERS_MAX] = {{.sender = sender, .args = ret_args}};
    ph_order drafts[PH_GROUP_MEMBERS_MAX];
    ph_reject why = check_group(m, a, drafts, g, ret_order, ret_member);
    if (why != PH_REJECT_NONE) return why;
    uint32_t slots[PH_GROUP_MEMBERS_MAX] = {PH_NONE};
    for (uint32_t i = 0; i < g->cnt; i++)
        slots[i] = build_order(m, &a[i]);
    if (is_post_only(m, slots, g->cnt, ret_member)) {
        for (uint32_t i = 0; i < g->cnt; i++)
            ph_order_free(m, slots[i]);
        return PH_REJECT_POST_ONLY;
    }
    for (uint32_t i = 0; i < g->cnt; i++)
        accept_order(m, slots[i]);
    ph_group_join(m, slots, g->cnt);
    for (uint32_t i = 0; i < g->cnt; i++)
        tell_accepted(m, slots[i], m->orders[slots[0]].hold);
    ph_fill_begin(m, slots[0]);
    for (uint32_t i = 0; i < g->cnt; i++) {
        ph_fill_touch(m, slots[i]);
        evict(m, a[i].evict);
    }
    match_group(m, slots, g->cnt);
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

/* ---- Cancels ------------------------------------------------------------------------------ */

/* An order may rest longer than its client id is kept for answers. */
static uint32_t find_old(const ph_market *m, const ph_participant *p, uint64_t client_order_id)
{
    uint32_t slot = PH_NONE;
    bool may_rest = p->ids_cnt > PH_CLIENT_IDS_KEPT &&
                    client_order_id < p->ids[p->ids_cnt % PH_CLIENT_IDS_KEPT].id;
    if (may_rest) slot = p->first_order;
    while (slot != PH_NONE && m->orders[slot].client_order_id != client_order_id)
        slot = m->order_links[slot].next;
    return slot;
}

uint32_t ph_place_find(const ph_market *m, uint32_t sender, uint64_t order,
                       uint64_t client_order_id)
{
    const ph_participant *p = &m->participants[sender];
    uint64_t id = order == 0 ? ph_check_order_of_client_id(p, client_order_id) : order;
    if (order == 0 && id == 0) return find_old(m, p, client_order_id);
    uint32_t slot = PH_NONE;
    bool rests = id != 0 && ph_row_index_find(&m->order_of, id, &slot);
    /* Whether another participant's order rests is none of the sender's business. */
    return rests && m->orders[slot].participant == sender ? slot : PH_NONE;
}

ph_reject ph_place_cancel(ph_market *m, uint32_t sender, const ph_cancel_order *c,
                          int64_t ret_args[2])
{
    uint32_t slot = ph_place_find(m, sender, c->order.v, c->client_order_id);
    if (slot == PH_NONE) {
        ret_args[0] = (int64_t)c->order.v;
        return PH_REJECT_UNKNOWN_ORDER;
    }
    ph_fill_end(m, slot, PH_CANCEL_REQUESTED);
    return PH_REJECT_NONE;
}

/* Ends an order if it rests in the product; 0: in any. */
static uint32_t end_in(ph_market *m, uint32_t slot, uint32_t product, ph_cancel_reason reason)
{
    if (product != 0 && m->orders[slot].product != product) return 0;
    ph_fill_end(m, slot, reason);
    return 1;
}

static uint64_t end_product(ph_market *m, uint32_t product, ph_cancel_reason reason)
{
    uint64_t cnt = 0;
    for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++) {
        const ph_book_side *side = &m->products[product].side[s];
        while (side->blocks.cnt > 0)
            cnt += end_in(m, ph_ladder_nth(&m->ladders, &side->blocks, 0)->ref, 0, reason);
        for (uint32_t r = 0; r < m->limits.ring_periods; r++) {
            const ph_ladder *l = &ph_book_at(side, r)->ladder;
            while (l->cnt > 0)
                cnt += end_in(m, m->nodes[ph_book_level(m, l, 0)->head].order, 0, reason);
        }
    }
    return cnt;
}

static uint64_t end_participant(ph_market *m, uint32_t participant, uint32_t product,
                                ph_cancel_reason reason)
{
    uint64_t cnt = 0;
    for (uint32_t slot = m->participants[participant].first_order; slot != PH_NONE;) {
        uint32_t next = m->order_links[slot].next;
        cnt += end_in(m, slot, product, reason);
        slot = next;
    }
    return cnt;
}

uint64_t ph_place_end_all(ph_market *m, uint32_t participant, uint32_t product,
                          ph_cancel_reason reason)
{
    PH_ASSERT(participant != 0 || product != 0);
    uint64_t cnt = participant != 0 ? end_participant(m, participant, product, reason)
                                    : end_product(m, product, reason);
    /* Told in order of id, however the book lies. */
    m->first_touched = ph_book_sort_by_id(m, m->first_touched);
    for (uint32_t slot = m->first_touched; slot != PH_NONE; slot = m->orders[slot].next_touched)
        m->last_touched = slot;
    return cnt;
}
