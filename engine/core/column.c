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
    room->resume = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->resume[0]);
    room->extra = ph_arena_take(a, PH_BLOCK_PERIODS_MAX, sizeof room->extra[0]);
}

/* Units that the extra order offers in period t. */
static uint32_t extra_units(const ph_market *m, uint32_t extra, ph_period t)
{
    if (extra == PH_NONE) return 0;
    const ph_order *o = &m->orders[extra];
    return ph_window_has(o->window, t) ? m->nodes[ph_order_node(o, t)].open : 0;
}

/* Puts the best that is left of period i in front, the ladder standing at `node` of entry
   `level`. */
static void set_front(ph_column *c, uint32_t i, uint32_t level, uint32_t node)
{
    ph_market *m = c->m;
    ph_column_room *room = &m->column;
    const ph_ladder *l = &c->side->ladders[ph_ring(m, c->window.first + i)];
    uint32_t own = m->orders[c->block].participant;
    while (level < l->cnt) {
        if (node == PH_NODE_NONE) {
            level++;
            if (level < l->cnt) node = ph_book_level(m, l, level)->head;
            continue;
        }
        if (m->orders[m->nodes[node].order].participant != own) break;
        node = m->nodes[node].next;
    }
    int64_t key = level < l->cnt ? ph_ladder_nth(&m->ladders, l, level)->key : PH_KEY_NONE;
    room->level[i] = level;
    room->resume[i] = node;
    room->taken[i] = 0;
    if (room->extra[i] > 0 && m->orders[c->extra].key > key) {
        room->front[i] = PH_FRONT_EXTRA;
        room->left[i] = room->extra[i];
        room->key[i] = m->orders[c->extra].key;
        c->extra_cnt++;
        return;
    }
    bool exists = level < l->cnt;
    room->front[i] = exists ? node : PH_NODE_NONE;
    room->left[i] = exists ? m->nodes[node].open : 0;
    room->key[i] = exists ? key : 0;
}

/* One past the best, so that set_front starts with the head of the best entry. */
static void set_first(ph_column *c, uint32_t i)
{
    ph_market *m = c->m;
    const ph_ladder *l = &c->side->ladders[ph_ring(m, c->window.first + i)];
    uint32_t node = l->cnt == 0 ? PH_NODE_NONE : ph_book_level(m, l, 0)->head;
    set_front(c, i, 0, node);
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

ph_column ph_column_start(ph_market *m, uint32_t block, uint32_t extra, ph_fill_step *record)
{
    const ph_order *b = &m->orders[block];
    PH_ASSERT(b->window.periods >= 1 && b->window.periods <= PH_BLOCK_PERIODS_MAX);
    ph_column c = {.m = m,
                   .side = &m->products[b->product].side[ph_other_side((ph_side)b->side)],
                   .window = b->window,
                   .block = block,
                   .extra = extra,
                   .record = record};
    for (uint32_t i = 0; i < c.window.periods; i++) {
        m->column.extra[i] = extra_units(m, extra, c.window.first + i);
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
    ph_fill_record(c->m, c->record,
                   (ph_execution){c->block, other, c->window.first + i, room->taken[i],
                                  ph_price_of(room->key[i])});
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
        if (room->front[i] == PH_FRONT_EXTRA) {
            c->extra_cnt--;
            room->extra[i] = 0;
            set_front(c, i, room->level[i], room->resume[i]);
        } else {
            set_front(c, i, room->level[i], m->nodes[room->front[i]].next);
        }
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

bool ph_column_could_reach(const ph_market *m, uint32_t block, uint32_t extra, int64_t key)
{
    const ph_order *b = &m->orders[block];
    const ph_book_side *side = &m->products[b->product].side[ph_other_side((ph_side)b->side)];
    int64_t sum = 0;
    for (uint32_t i = 0; i < b->window.periods; i++) {
        ph_period t = b->window.first + i;
        int64_t best = side->best[ph_ring(m, t)];
        if (extra_units(m, extra, t) > 0 && m->orders[extra].key > best)
            best = m->orders[extra].key;
        if (best == PH_KEY_NONE) return false;
        sum += best;
    }
    return sum >= key;
}
