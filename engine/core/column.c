/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/column.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"

void ph_column_init(ph_market *m, ph_arena *a)
{
    ph_column_room *room = &m->column;
    room->key = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->key[0]);
    room->front = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->front[0]);
    room->left = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->left[0]);
    room->taken = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->taken[0]);
    room->level = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->level[0]);
    room->pass = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->pass[0]);
    room->node = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->node[0]);
    room->extra = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->extra[0]);
}

/* Units that the extra order offers in period t. */
static uint32_t extra_units(const ph_market *m, uint32_t extra, ph_period t)
{
    if (extra == PH_NONE) return 0;
    const ph_order *o = &m->orders[extra];
    return ph_window_has(o->window, t) ? m->nodes[ph_order_node(o, t)].open : 0;
}

/* Where period i of a column stands in its ladder: a node of the queue of entry `level`, in one
   pass over that queue.  PH_NODE_NONE: behind the queue's last. */
typedef struct {
    uint32_t level, pass, node;
} stand;

/* Units that a node gives in a pass: what it shows in the first, then clip after clip. */
static uint32_t units_in_pass(const ph_market *m, uint32_t node, uint32_t pass)
{
    const ph_order *o = &m->orders[m->nodes[node].order];
    uint32_t open = m->nodes[node].open;
    if (o->display == 0) return pass == 0 ? open : 0;
    uint32_t shown = ph_clip_units(ph_clip_of(m, o, node));
    if (pass == 0) return shown;
    uint64_t given = shown + (uint64_t)(pass - 1) * o->display;
    if (given >= open) return 0;
    uint64_t rest = open - given;
    return rest < o->display ? (uint32_t)rest : o->display;
}

static bool left_out(const ph_column *c, uint32_t slot)
{
    const ph_market *m = c->m;
    return slot == m->unseen ||
           (!c->stops_at_own && m->orders[slot].participant == m->orders[c->block].participant);
}

/* The first node at or behind `from` in its queue that gives units in this pass. */
static uint32_t giver(const ph_column *c, uint32_t from, uint32_t pass)
{
    const ph_market *m = c->m;
    uint32_t node = from;
    while (node != PH_NODE_NONE &&
           (left_out(c, m->nodes[node].order) || units_in_pass(m, node, pass) == 0))
        node = m->nodes[node].next;
    return node;
}

/* Moves on to the next that gives units at the same price; false when nobody is left. */
static bool find_in_level(const ph_column *c, const ph_ladder *l, stand *at)
{
    at->node = giver(c, at->node, at->pass);
    if (at->node != PH_NODE_NONE || c->side->icebergs == 0) return at->node != PH_NODE_NONE;
    at->node = giver(c, ph_book_level(c->m, l, at->level)->head, at->pass + 1);
    at->pass++;
    return at->node != PH_NODE_NONE;
}

/* Units of the order that stands in front: its clips, as long as no other's turn comes between. */
static uint32_t take_turns(const ph_column *c, const ph_ladder *l, stand *at)
{
    const ph_market *m = c->m;
    uint32_t units = units_in_pass(m, at->node, at->pass);
    if (m->orders[m->nodes[at->node].order].display == 0) return units;
    for (;;) {
        stand next = {at->level, at->pass, m->nodes[at->node].next};
        if (!find_in_level(c, l, &next) || next.node != at->node) return units;
        *at = next;
        units += units_in_pass(m, at->node, at->pass);
    }
}

/* Puts the best that is left of period i in front, the ladder standing at `at`. */
static void set_front(ph_column *c, uint32_t i, stand at)
{
    ph_market *m = c->m;
    ph_column_room *room = &m->column;
    const ph_ladder *l = &ph_book_at(c->side, ph_ring(m, c->window.first + i))->ladder;
    while (at.level < l->cnt && !find_in_level(c, l, &at)) {
        at.level++;
        at.pass = 0;
        if (at.level < l->cnt) at.node = ph_book_level(m, l, at.level)->head;
    }
    bool exists = at.level < l->cnt;
    int64_t key = exists ? ph_ladder_nth(&m->ladders, l, at.level)->key : PH_KEY_NONE;
    room->taken[i] = 0;
    if (room->extra[i] > 0 && m->orders[c->extra].key > key) {
        room->level[i] = at.level;
        room->pass[i] = at.pass;
        room->node[i] = at.node;
        room->front[i] = PH_FRONT_EXTRA;
        room->left[i] = room->extra[i];
        room->key[i] = m->orders[c->extra].key;
        c->extra_cnt++;
        return;
    }
    if (exists && c->stops_at_own &&
        m->orders[m->nodes[at.node].order].participant == m->orders[c->block].participant)
        exists = false;
    room->front[i] = exists ? at.node : PH_NODE_NONE;
    room->left[i] = exists ? take_turns(c, l, &at) : 0;
    room->key[i] = exists ? key : 0;
    room->level[i] = at.level;
    room->pass[i] = at.pass;
    room->node[i] = at.node;
}

static void set_first(ph_column *c, uint32_t i)
{
    ph_market *m = c->m;
    const ph_ladder *l = &ph_book_at(c->side, ph_ring(m, c->window.first + i))->ladder;
    uint32_t node = l->cnt == 0 ? PH_NODE_NONE : ph_book_level(m, l, 0)->head;
    set_front(c, i, (stand){0, 0, node});
}

/* Behind the order that was in front, which is used up. */
static void set_next(ph_column *c, uint32_t i)
{
    const ph_column_room *room = &c->m->column;
    stand at = {room->level[i], room->pass[i], room->node[i]};
    if (room->front[i] == PH_FRONT_EXTRA) {
        c->extra_cnt--;
        room->extra[i] = 0;
    } else {
        at.node = c->m->nodes[at.node].next;
    }
    set_front(c, i, at);
}

static void set_run(ph_column *c)
{
    const ph_column_room *room = &c->m->column;
    uint32_t run = UINT32_MAX;
    for (uint32_t i = 0; i < c->window.periods; i++) {
        if (room->left[i] < run) run = room->left[i];
    }
    c->run = run;
}

ph_column ph_column_start(ph_market *m, ph_column_ask ask)
{
    const ph_order *b = &m->orders[ask.block];
    PH_ASSERT(ask.window.periods >= 1 && ask.window.periods <= PH_BLOCK_PERIODS_MAX);
    ph_column c = {.m = m,
                   .side = &m->products[b->product].side[ph_other_side((ph_side)b->side)],
                   .window = ask.window,
                   .block = ask.block,
                   .extra = ask.extra,
                   .stops_at_own = ask.stops_at_own,
                   .record = ask.record};
    for (uint32_t i = 0; i < c.window.periods; i++) {
        m->column.extra[i] = extra_units(m, ask.extra, c.window.first + i);
        set_first(&c, i);
        if (m->column.left[i] == 0) return c; /* run is 0 */
        c.unit_key += m->column.key[i];
    }
    set_run(&c);
    return c;
}

static void record_front(ph_column *c, uint32_t i)
{
    const ph_column_room *room = &c->m->column;
    if (c->record == NULL || room->taken[i] == 0) return;
    bool extra = room->front[i] == PH_FRONT_EXTRA;
    uint32_t other = extra ? c->extra : c->m->nodes[room->front[i]].order;
    ph_fill_record(
        c->m, c->record,
        (ph_execution){
            c->block, other, {c->window.first + i, 1}, room->taken[i], ph_price_of(room->key[i])});
}

void ph_column_take(ph_column *c, uint32_t units)
{
    ph_market *m = c->m;
    ph_column_room *room = &m->column;
    PH_ASSERT(units >= 1 && units <= c->run);
    bool exhausted = false;
    c->took = true;
    for (uint32_t i = 0; i < c->window.periods; i++) {
        room->taken[i] += units;
        room->left[i] -= units;
        if (room->left[i] != 0) continue;
        record_front(c, i);
        c->unit_key -= room->key[i];
        set_next(c, i);
        c->unit_key += room->key[i];
        exhausted |= room->left[i] == 0;
    }
    if (exhausted)
        c->run = 0;
    else
        set_run(c);
}

void ph_column_finish(ph_column *c)
{
    if (!c->took) return; /* its room may not be all set */
    for (uint32_t i = 0; i < c->window.periods; i++)
        record_front(c, i);
}

bool ph_column_could_reach(const ph_market *m, uint32_t block, ph_window window, uint32_t extra,
                           int64_t key)
{
    const ph_order *b = &m->orders[block];
    const ph_book_side *side = &m->products[b->product].side[ph_other_side((ph_side)b->side)];
    int64_t sum = 0;
    for (uint32_t i = 0; i < window.periods; i++) {
        ph_period t = window.first + i;
        int64_t best = ph_book_at(side, ph_ring(m, t))->best;
        if (extra_units(m, extra, t) > 0 && m->orders[extra].key > best)
            best = m->orders[extra].key;
        if (best == PH_KEY_NONE) return false;
        sum += best;
    }
    return sum >= key;
}
