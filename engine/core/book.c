/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/book.h"

#include "engine/base/panic.h"
#include "engine/core/ahead.h"
#include "engine/core/expiry.h"
#include "engine/core/reach.h"

void ph_book_init(ph_market *m, ph_arena *a)
{
    const ph_market_limits *lim = &m->limits;
    /* One slot and some nodes more: where an order stands that is only tried. */
    m->orders = ph_arena_take(a, (size_t)lim->orders_max + 2, sizeof m->orders[0]);
    m->order_links = ph_arena_take(a, (size_t)lim->orders_max + 1, sizeof m->order_links[0]);
    m->order_spare = ph_arena_take(a, lim->orders_max, sizeof m->order_spare[0]);
    m->orders_fresh = 1;
    ph_row_index_init(&m->order_of, a, lim->orders_max,
                      (ph_row_keys){m->orders, sizeof m->orders[0], offsetof(ph_order, id)});
    ph_index_init(&m->blocks_of, a, lim->blocks_max);
    m->nodes =
        ph_slab_init(&m->node_slab, a, lim->order_periods_max, sizeof m->nodes[0], PH_TRIAL_NODES);
    m->levels = ph_arena_take(a, (size_t)lim->levels_max + 1, sizeof m->levels[0]);
    m->levels_fresh = 1;
    m->clips = ph_arena_take(a, PH_FILLS_PER_COMMAND_MAX, sizeof m->clips[0]);
    /* A ladder's run has at most twice the cells that it needs. */
    ph_ladder_room_init(&m->ladders, a, 2 * (lim->levels_max + lim->blocks_max));
}

/* ---- Slots ------------------------------------------------------------------------------- */

static uint32_t next_slot(const ph_market *m)
{
    return m->order_spare_cnt > 0 ? m->order_spare[m->order_spare_cnt - 1] : m->orders_fresh;
}

/* Size class of an EACH order's run of nodes. */
static uint8_t node_class(const ph_order *o)
{
    return ph_slab_size_class(ph_order_nodes(PH_SHAPE_EACH, o->window.periods, o->display));
}

ph_order *ph_order_draft(ph_market *m)
{
    return &m->orders[next_slot(m)]; /* one more than the table's size is there */
}

uint32_t ph_order_new(ph_market *m, const ph_order *draft)
{
    uint32_t slot = next_slot(m), node = 0;
    if (slot > m->limits.orders_max) return PH_NONE;
    if (draft->shape == PH_SHAPE_EACH) {
        node = ph_slab_take(&m->node_slab, node_class(draft));
        if (node == PH_SLAB_NONE) return PH_NONE;
    }
    if (m->order_spare_cnt > 0)
        m->order_spare_cnt--;
    else
        m->orders_fresh++;
    m->order_cnt++;
    ph_order *o = &m->orders[slot];
    if (o != draft) *o = *draft;
    o->node = node;
    return slot;
}

void ph_order_free(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    PH_ASSERT(!o->resting && !o->touched);
    if (o->shape == PH_SHAPE_EACH) ph_slab_give(&m->node_slab, o->node, node_class(o));
    m->order_spare[m->order_spare_cnt++] = slot;
    m->order_cnt--;
}

/* PH_NONE: there is none. */
static uint32_t level_new(ph_market *m)
{
    if (m->level_cnt == m->limits.levels_max) return PH_NONE;
    m->level_cnt++;
    uint32_t at = m->level_free;
    if (at != PH_NONE)
        m->level_free = m->levels[at].head;
    else
        at = m->levels_fresh++;
    m->levels[at] = (ph_level){.quantity = 0, .head = PH_NODE_NONE, .tail = PH_NODE_NONE};
    return at;
}

static void level_free(ph_market *m, uint32_t at)
{
    m->levels[at].head = m->level_free;
    m->level_free = at;
    m->level_cnt--;
}

/* ---- Ladders ----------------------------------------------------------------------------- */

static ph_book_side *side_of(ph_market *m, const ph_order *o)
{
    return &m->products[o->product].side[o->side];
}

static ph_book_side *opposite_of(ph_market *m, const ph_order *o)
{
    return &m->products[o->product].side[ph_other_side((ph_side)o->side)];
}

static uint32_t shown_at_most(const ph_order *o, uint32_t open)
{
    return o->display < open ? o->display : open;
}

/* Last by place, but for clips that were renewed while this order was matched. */
static void stand_by_place(const ph_market *m, const ph_order *o, uint32_t at)
{
    ph_node *n = &m->nodes[at];
    uint64_t place = m->is_loading ? ph_book_place(m, at) : o->place;
    while (n->prev != PH_NODE_NONE && ph_book_place(m, n->prev) > place) {
        n->next = n->prev;
        n->prev = m->nodes[n->prev].prev;
    }
}

/* How many levels of a period are better than an order's own; false if that one is not there.
   Prices lie tick by tick, mostly, so that it is guessed where it is. */
static bool find_level(const ph_market *m, const ph_order *o, const ph_book_period *p,
                       uint32_t *ret)
{
    uint64_t ticks = 0;
    if (p->best > o->key)
        ticks = (uint64_t)(p->best - o->key) / (uint64_t)m->products[o->product].order_terms.tick;
    uint32_t guess = ticks < p->ladder.cnt ? (uint32_t)ticks : p->ladder.cnt;
    return ph_ladder_find(&m->ladders, &p->ladder, o->key, guess, ret);
}

static bool link_node(ph_market *m, ph_book_side *side, const ph_order *o, uint32_t at,
                      uint32_t ring)
{
    ph_book_period *p = ph_book_at(side, ring);
    uint32_t better, level;
    if (find_level(m, o, p, &better)) {
        level = ph_ladder_nth(&m->ladders, &p->ladder, better)->ref;
    } else {
        level = level_new(m);
        if (level == PH_NONE) return false;
        if (!ph_ladder_put_at(&m->ladders, &p->ladder, better, (ph_ladder_entry){o->key, level})) {
            level_free(m, level);
            return false;
        }
        if (better == 0) {
            ph_book_side *other = opposite_of(m, o);
            if (other->blocks.cnt > 0)
                ph_reach_rise(m, side, other, (ph_rise){.ring = ring, .key = o->key});
            p->best = o->key;
        }
    }
    ph_level *v = &m->levels[level];
    ph_node *n = &m->nodes[at];
    n->level = level;
    n->prev = v->tail;
    n->next = PH_NODE_NONE;
    if (side->icebergs > 0 || m->is_loading) stand_by_place(m, o, at);
    *(n->prev != PH_NODE_NONE ? &m->nodes[n->prev].next : &v->head) = at;
    *(n->next != PH_NODE_NONE ? &m->nodes[n->next].prev : &v->tail) = at;
    v->quantity += n->open;
    if (o->display != 0 && !m->is_loading)
        ph_clip_set(ph_clip_of(m, o, at), shown_at_most(o, n->open), o->place);
    return true;
}

/* Who stands in front is met next, and then who stands behind: each is asked for a step before it
   is looked at, as far as the queue goes. */
static void ask_for_front(const ph_market *m, uint32_t front)
{
    const ph_node *first = &m->nodes[front];
    ph_book_ask(m, first->order);
    ph_ask(&m->order_links[first->order]);
    if (first->next == PH_NODE_NONE) return;
    const ph_node *second = &m->nodes[first->next];
    ph_book_ask(m, second->order);
    if (second->next != PH_NODE_NONE) ph_ask(&m->nodes[second->next]);
}

/* The ring place is given, because a node does not know its period. */
static void unlink_node(ph_market *m, ph_book_side *side, const ph_order *o, uint32_t at,
                        uint32_t ring)
{
    ph_node *n = &m->nodes[at];
    ph_level *v = &m->levels[n->level];
    v->quantity -= n->open;
    uint32_t next = n->next, prev = n->prev;
    *(prev != PH_NODE_NONE ? &m->nodes[prev].next : &v->head) = next;
    *(next != PH_NODE_NONE ? &m->nodes[next].prev : &v->tail) = prev;
    if (prev == PH_NODE_NONE && next != PH_NODE_NONE) ask_for_front(m, next);
    if (v->head == PH_NODE_NONE) {
        ph_book_period *p = ph_book_at(side, ring);
        ph_ladder *l = &p->ladder;
        uint32_t better = 0;
        bool found = o->key == p->best || find_level(m, o, p, &better);
        PH_ASSERT(found && ph_ladder_nth(&m->ladders, l, better)->ref == n->level);
        ph_ladder_remove(&m->ladders, l, better);
        level_free(m, n->level);
        p->best = ph_ladder_best(&m->ladders, l);
        bool is_awaited = l->cnt == 0 && !m->is_trial && opposite_of(m, o)->blocks.cnt > 0;
        if (is_awaited) p->seen = o->key;
    }
    n->level = PH_NONE;
}

static ph_period period_of(const ph_order *o, uint32_t node)
{
    return o->window.first + (node - o->node);
}

/* Moves a node to the back of its queue. */
static void to_the_back(ph_market *m, uint32_t at)
{
    ph_node *n = &m->nodes[at];
    ph_level *v = &m->levels[n->level];
    if (v->tail == at) return;
    if (n->prev != PH_NODE_NONE)
        m->nodes[n->prev].next = n->next;
    else
        v->head = n->next;
    m->nodes[n->next].prev = n->prev;
    n->prev = v->tail;
    n->next = PH_NODE_NONE;
    m->nodes[v->tail].next = at;
    v->tail = at;
}

/* All that an iceberg has in a period was executed: the clips behind the one that stood drew their
   places on the way. */
static void draw_used_up(ph_market *m, const ph_order *o, uint32_t node, uint32_t units)
{
    uint32_t behind = units - ph_clip_units(ph_clip_of(m, o, node));
    m->last_place += (behind + o->display - 1) / o->display;
}

/* `units` of an iceberg's period were executed, clip after clip; something is left. */
static void next_clip(ph_market *m, const ph_order *o, uint32_t node, uint32_t units)
{
    ph_node *clip = ph_clip_of(m, o, node);
    uint32_t shown = ph_clip_units(clip);
    if (units < shown) {
        ph_clip_set(clip, shown - units, ph_clip_place(clip));
        return;
    }
    units -= shown;
    uint32_t open = m->nodes[node].open;
    m->last_place += 1 + units / o->display; /* every clip on the way drew a place */
    uint32_t fresh = o->display - units % o->display;
    ph_clip_set(clip, fresh < open ? fresh : open, m->last_place);
    to_the_back(m, node);
    PH_ASSERT(m->clip_cnt < PH_FILLS_PER_COMMAND_MAX);
    m->clips[m->clip_cnt++] = (ph_clip){m->last_place, m->nodes[node].order, period_of(o, node)};
}

void ph_book_reduce(ph_market *m, uint32_t node, uint32_t units)
{
    ph_node *n = &m->nodes[node];
    PH_ASSERT(n->level != PH_NONE && units <= n->open);
    const ph_order *o = &m->orders[n->order];
    n->executed += units;
    if (units == n->open) {
        if (o->display != 0) draw_used_up(m, o, node, units);
        unlink_node(m, side_of(m, o), o, node, ph_ring(m, period_of(o, node)));
        n->open = 0;
        return;
    }
    n->open -= units;
    m->levels[n->level].quantity -= units;
    if (o->display != 0) next_clip(m, o, node, units);
}

void ph_book_lower(ph_market *m, uint32_t node, uint32_t open)
{
    ph_node *n = &m->nodes[node];
    PH_ASSERT(n->level != PH_NONE && open <= n->open);
    const ph_order *o = &m->orders[n->order];
    if (open == 0) {
        unlink_node(m, side_of(m, o), o, node, ph_ring(m, period_of(o, node)));
        n->open = 0;
        return;
    }
    m->levels[n->level].quantity -= n->open - open;
    n->open = open;
    if (o->display == 0) return;
    ph_node *clip = ph_clip_of(m, o, node);
    if (ph_clip_units(clip) > open) ph_clip_set(clip, open, ph_clip_place(clip));
}

void ph_book_drop_period(ph_market *m, uint32_t slot, ph_period t)
{
    const ph_order *o = &m->orders[slot];
    uint32_t at = ph_order_node(o, t);
    unlink_node(m, side_of(m, o), o, at, ph_ring(m, t));
    m->nodes[at].open = 0;
    m->nodes[at].executed = PH_NODE_LOST;
}

/* ---- The list of a participant, and blocks -------------------------------------------------- */

static uint64_t blocks_key(uint32_t participant, uint32_t product)
{
    return (uint64_t)participant << 32 | product;
}

uint32_t ph_book_blocks_of(const ph_market *m, uint32_t participant, uint32_t product)
{
    uint32_t cnt = 0;
    (void)ph_index_find(&m->blocks_of, blocks_key(participant, product), &cnt); /* none: 0 */
    return cnt;
}

static void touch_periods(ph_market *m, ph_book_side *side, ph_window w, int by)
{
    for (uint32_t i = 0; i < w.periods; i++) {
        uint16_t *cnt = &ph_book_at(side, ph_ring(m, w.first + i))->touching;
        *cnt = (uint16_t)(*cnt + by);
    }
}

void ph_book_shorten(ph_market *m, uint32_t slot, uint32_t periods)
{
    ph_order *o = &m->orders[slot];
    PH_ASSERT(o->shape == PH_SHAPE_FLEX && o->resting && periods < o->window.periods);
    touch_periods(m, side_of(m, o), (ph_window){o->window.first, periods}, -1);
    o->window.first += periods;
    o->window.periods -= periods;
}

/* A block that was matched again keeps its place: behind its equals, but for those that came
   later. */
static void sort_in(ph_market *m, const ph_ladder *l, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    uint32_t i = 0;
    bool found = ph_ladder_find(&m->ladders, l, o->key, 0, &i);
    PH_ASSERT(found);
    while (m->orders[ph_ladder_nth(&m->ladders, l, i)->ref].place < o->place)
        i++;
    uint32_t last = i;
    while (ph_ladder_nth(&m->ladders, l, last)->ref != slot)
        last++;
    for (; last > i; last--)
        ph_ladder_swap(&m->ladders, l, last - 1);
}

static bool rest_block(ph_market *m, ph_book_side *side, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    if (!ph_ladder_put(&m->ladders, &side->blocks, o->key, slot)) return false;
    sort_in(m, &side->blocks, slot);
    ph_reach_join(m, slot);
    touch_periods(m, side, o->window, 1);
    uint32_t cnt = ph_book_blocks_of(m, o->participant, o->product);
    ph_index_put(&m->blocks_of, blocks_key(o->participant, o->product), cnt + 1);
    m->block_cnt++;
    return true;
}

static void leave_block(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    ph_book_side *side = side_of(m, o);
    uint32_t i = 0;
    bool found = ph_ladder_find(&m->ladders, &side->blocks, o->key, 0, &i);
    PH_ASSERT(found);
    while (ph_ladder_nth(&m->ladders, &side->blocks, i)->ref != slot) {
        i++;
        PH_ASSERT(i < side->blocks.cnt);
    }
    ph_ladder_remove(&m->ladders, &side->blocks, i);
    ph_reach_leave(m, slot);
    touch_periods(m, side, o->window, -1);
    if (m->is_trial) return;
    uint64_t key = blocks_key(o->participant, o->product);
    uint32_t cnt = ph_book_blocks_of(m, o->participant, o->product);
    if (cnt == 1)
        ph_index_remove(&m->blocks_of, key);
    else
        ph_index_put(&m->blocks_of, key, cnt - 1);
    m->block_cnt--;
}

static void join_list(ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    ph_participant *who = &m->participants[o->participant];
    m->order_links[slot] = (ph_order_links){.next = who->first_order, .prev = PH_NONE};
    if (who->first_order != PH_NONE) m->order_links[who->first_order].prev = slot;
    who->first_order = slot;
    m->products[o->product].order_cnt++;
}

static void leave_list(ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    const ph_order_links l = m->order_links[slot];
    uint32_t *before = &m->order_links[l.prev].next;
    *(l.prev != PH_NONE ? before : &m->participants[o->participant].first_order) = l.next;
    if (l.next != PH_NONE) m->order_links[l.next].prev = l.prev;
    m->products[o->product].order_cnt--;
}

static void unlink_nodes(ph_market *m, const ph_order *o, uint32_t periods)
{
    ph_book_side *side = side_of(m, o);
    for (uint32_t i = 0; i < periods; i++) {
        if (m->nodes[o->node + i].level == PH_NONE) continue;
        unlink_node(m, side, o, o->node + i, ph_ring(m, o->window.first + i));
    }
}

static bool rest_each(ph_market *m, ph_book_side *side, const ph_order *o)
{
    for (uint32_t i = 0; i < o->window.periods; i++) {
        if (m->nodes[o->node + i].open == 0) continue;
        if (link_node(m, side, o, o->node + i, ph_ring(m, o->window.first + i))) continue;
        unlink_nodes(m, o, i);
        return false;
    }
    return true;
}

bool ph_book_rest(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    PH_ASSERT(!o->resting && o->left > 0);
    ph_book_side *side = side_of(m, o);
    bool fits = o->shape == PH_SHAPE_EACH ? rest_each(m, side, o) : rest_block(m, side, slot);
    if (m->rise_sum != 0) ph_reach_risen(m, side);
    if (!fits) return false;
    if (o->display != 0) side->icebergs++;
    if (o->time_in_force == PH_TIF_GTT) ph_expiry_add(m, slot);
    join_list(m, slot);
    ph_row_index_put(&m->order_of, slot);
    o->resting = true;
    return true;
}

void ph_book_leave(ph_market *m, uint32_t slot)
{
    ph_order *o = &m->orders[slot];
    PH_ASSERT(o->resting);
    if (o->shape == PH_SHAPE_EACH)
        unlink_nodes(m, o, o->window.periods);
    else
        leave_block(m, slot);
    if (o->display != 0) side_of(m, o)->icebergs--;
    o->resting = false;
    if (m->is_trial) return;
    if (o->time_in_force == PH_TIF_GTT) ph_expiry_remove(m, slot);
    leave_list(m, slot);
    ph_row_index_remove(&m->order_of, slot);
}

bool ph_book_rest_again(ph_market *m, uint32_t slot)
{
    m->is_loading = true;
    bool fits = ph_book_rest(m, slot);
    m->is_loading = false;
    return fits;
}

/* ---- In order of id ------------------------------------------------------------------------- */

static uint32_t merge(ph_market *m, uint32_t a, uint32_t b)
{
    uint32_t first = PH_NONE, *link = &first;
    while (a != PH_NONE && b != PH_NONE) {
        uint32_t *next = m->orders[a].id < m->orders[b].id ? &a : &b;
        *link = *next;
        link = &m->orders[*next].next_touched;
        *next = *link;
    }
    *link = a != PH_NONE ? a : b;
    return first;
}

/* Merge sort of a list from the bottom up: run[k] holds 2^k orders, or none. */
uint32_t ph_book_sort_by_id(ph_market *m, uint32_t first)
{
    uint32_t run[32] = {PH_NONE};
    while (first != PH_NONE) {
        uint32_t one = first;
        first = m->orders[one].next_touched;
        m->orders[one].next_touched = PH_NONE;
        int k = 0;
        for (; run[k] != PH_NONE; k++) {
            one = merge(m, run[k], one);
            run[k] = PH_NONE;
        }
        run[k] = one;
    }
    uint32_t all = PH_NONE;
    for (int k = 0; k < 32; k++)
        all = merge(m, run[k], all);
    return all;
}

uint32_t ph_book_by_id(ph_market *m)
{
    uint32_t first = PH_NONE;
    for (uint32_t p = 1; p <= m->participant_cnt; p++) {
        for (uint32_t i = m->participants[p].first_order; i != PH_NONE;
             i = m->order_links[i].next) {
            m->orders[i].next_touched = first;
            first = i;
        }
    }
    return ph_book_sort_by_id(m, first);
}
