/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/column.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"

void ph_column_init(ph_market *m, ph_arena *a)
{
    m->column = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof m->column[0]);
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

static const ph_ladder *ladder_of(const ph_column *c, uint32_t i)
{
    return &ph_book_at(c->side, ph_ring(c->m, c->window.first + i))->ladder;
}

/* Puts a node of a level in front, the one that most often is: of somebody else, with no clips near
   and no extra order that waits.  False if that is not so. */
static bool set_plain(ph_column *c, ph_column_period *p, const ph_ladder *l, stand at)
{
    const ph_market *m = c->m;
    if (at.node == PH_NODE_NONE || c->side->icebergs > 0 || p->extra > 0) return false;
    const ph_node *n = &m->nodes[at.node];
    if (n->order == m->unseen || m->orders[n->order].participant == m->orders[c->block].participant)
        return false;
    *p = (ph_column_period){.key = ph_ladder_nth(&m->ladders, l, at.level)->key,
                            .front = at.node,
                            .left = n->open,
                            .level = at.level,
                            .node = at.node};
    return true;
}

/* Puts the best that is left of period i in front, the ladder standing at `at`. */
static void set_front(ph_column *c, uint32_t i, stand at)
{
    ph_market *m = c->m;
    ph_column_period *p = &m->column[i];
    const ph_ladder *l = ladder_of(c, i);
    if (set_plain(c, p, l, at)) return;
    while (at.level < l->cnt && !find_in_level(c, l, &at)) {
        at.level++;
        at.pass = 0;
        if (at.level < l->cnt) at.node = ph_book_level(m, l, at.level)->head;
    }
    bool exists = at.level < l->cnt;
    int64_t key = exists ? ph_ladder_nth(&m->ladders, l, at.level)->key : PH_KEY_NONE;
    p->taken = 0;
    if (p->extra > 0 && m->orders[c->extra].key > key) {
        p->level = at.level;
        p->pass = at.pass;
        p->node = at.node;
        p->front = PH_FRONT_EXTRA;
        p->left = p->extra;
        p->key = m->orders[c->extra].key;
        c->extra_cnt++;
        return;
    }
    if (exists && c->stops_at_own &&
        m->orders[m->nodes[at.node].order].participant == m->orders[c->block].participant)
        exists = false;
    p->front = exists ? at.node : PH_NODE_NONE;
    p->left = exists ? take_turns(c, l, &at) : 0;
    p->key = exists ? key : 0;
    p->level = at.level;
    p->pass = at.pass;
    p->node = at.node;
}

static void set_first(ph_column *c, uint32_t i)
{
    const ph_ladder *l = ladder_of(c, i);
    uint32_t node = l->cnt == 0 ? PH_NODE_NONE : ph_book_level(c->m, l, 0)->head;
    set_front(c, i, (stand){0, 0, node});
}

/* Behind the order that was in front, which is used up. */
static void set_next(ph_column *c, uint32_t i)
{
    ph_column_period *p = &c->m->column[i];
    stand at = {p->level, p->pass, p->node};
    if (p->front == PH_FRONT_EXTRA) {
        c->extra_cnt--;
        p->extra = 0;
    } else {
        at.node = c->m->nodes[at.node].next;
    }
    set_front(c, i, at);
}

/* The same as set_first where nothing is special about the side; false: about who is in front. */
static bool set_plain_first(ph_column *c, uint32_t i, uint32_t participant)
{
    const ph_market *m = c->m;
    const ph_book_period *from = ph_book_at(c->side, ph_ring(m, c->window.first + i));
    if (from->best == PH_KEY_NONE) return false;
    uint32_t node = ph_book_level(m, &from->ladder, 0)->head;
    const ph_node *n = &m->nodes[node];
    if (n->order == m->unseen || m->orders[n->order].participant == participant) return false;
    m->column[i] =
        (ph_column_period){.key = from->best, .front = node, .left = n->open, .node = node};
    return true;
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
    uint32_t run = UINT32_MAX;
    bool plain = c.side->icebergs == 0 && ask.extra == PH_NONE;
    for (uint32_t i = 0; i < c.window.periods; i++) {
        ph_column_period *p = &m->column[i];
        if (!plain || !set_plain_first(&c, i, b->participant)) {
            p->extra = extra_units(m, ask.extra, c.window.first + i);
            set_first(&c, i);
        }
        if (p->left == 0) return c; /* run is 0 */
        if (p->left < run) run = p->left;
        c.unit_key += p->key;
    }
    c.run = run;
    return c;
}

static void record_front(const ph_column *c, uint32_t i)
{
    const ph_column_period *p = &c->m->column[i];
    if (p->taken == 0) return;
    bool extra = p->front == PH_FRONT_EXTRA;
    uint32_t other = extra ? c->extra : c->m->nodes[p->front].order;
    ph_fill_record(
        c->m, c->record,
        &(ph_execution){c->block, other, {c->window.first + i, 1}, p->taken, ph_price_of(p->key)});
}

void ph_column_take(ph_column *c, uint32_t units)
{
    PH_ASSERT(units >= 1 && units <= c->run);
    uint32_t run = UINT32_MAX;
    c->took = true;
    for (uint32_t i = 0; i < c->window.periods; i++) {
        ph_column_period *p = &c->m->column[i];
        p->taken += units;
        p->left -= units;
        if (p->left == 0) {
            if (c->record != NULL) record_front(c, i);
            c->unit_key -= p->key;
            set_next(c, i);
            c->unit_key += p->key;
        }
        if (p->left < run) run = p->left;
    }
    c->run = run; /* 0: exhausted */
}

void ph_column_finish(ph_column *c)
{
    if (!c->took || c->record == NULL) return; /* not taken: its room may not be all set */
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
