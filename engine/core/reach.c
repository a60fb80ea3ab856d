/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/reach.h"

#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"

#define STILL_OPEN UINT32_MAX

#define GAP_LEAST ((ph_wide)INT64_MIN * (1 << 30)) /* below every gap that prices can make */

void ph_reach_init(ph_market *m, ph_arena *a)
{
    m->blocks = ph_arena_take(a, (size_t)m->limits.blocks_max + 1, sizeof m->blocks[0]);
    m->blocks_fresh = 1;
    m->reached = ph_arena_take(a, (size_t)m->limits.blocks_max + 1, sizeof m->reached[0]);
    m->closed_in = ph_arena_take(a, PH_EACH_PERIODS_MAX, sizeof m->closed_in[0]);
}

/* ---- Skew heaps of rows --------------------------------------------------------------------- */

static uint32_t meld(ph_market *m, uint32_t a, uint32_t b)
{
    ph_block *v = m->blocks;
    uint32_t root = PH_NONE, *link = &root, parent = PH_NONE;
    while (a != PH_NONE && b != PH_NONE) {
        if (v[b].gap < v[a].gap) {
            uint32_t swap = a;
            a = b;
            b = swap;
        }
        *link = a;
        v[a].parent = parent;
        uint32_t next = v[a].right;
        v[a].right = v[a].left;
        link = &v[a].left;
        parent = a;
        a = next;
    }
    uint32_t rest = a != PH_NONE ? a : b;
    *link = rest;
    if (rest != PH_NONE) v[rest].parent = parent;
    return root;
}

/* Where the root of a heap stands: the period that its blocks lack, or `supplied`. */
static uint32_t *root_at(ph_book_side *side, uint32_t heap)
{
    return heap == PH_HEAP_SUPPLIED ? &side->supplied : &ph_book_at(side, heap)->lacking;
}

static void set_root(ph_market *m, ph_book_side *side, uint32_t heap, uint32_t root)
{
    *root_at(side, heap) = root;
    if (root != PH_NONE) m->blocks[root].heap = heap;
}

static void heap_put(ph_market *m, ph_book_side *side, uint32_t heap, uint32_t row)
{
    m->blocks[row].left = m->blocks[row].right = PH_NONE;
    set_root(m, side, heap, meld(m, *root_at(side, heap), row));
}

static void heap_drop(ph_market *m, ph_book_side *side, uint32_t row)
{
    ph_block *v = m->blocks, *b = &v[row];
    uint32_t below = meld(m, b->left, b->right);
    if (b->parent == PH_NONE) {
        set_root(m, side, b->heap, below);
        return;
    }
    ph_block *parent = &v[b->parent];
    *(parent->left == row ? &parent->left : &parent->right) = below;
    if (below != PH_NONE) v[below].parent = b->parent;
}

/* ---- Gaps ------------------------------------------------------------------------------------ */

static ph_book_side *side_of(ph_market *m, const ph_order *o)
{
    return &m->products[o->product].side[o->side];
}

static ph_book_side *opposite_of(ph_market *m, const ph_order *o)
{
    return &m->products[o->product].side[ph_other_side((ph_side)o->side)];
}

/* What a block would get, period by period. */
typedef struct {
    ph_wide counted; /* sum of the best keys, or those last seen */
    ph_wide
        reached;    /* sum of the best keys with the incoming order, as far as nothing is lacking */
    uint32_t lacks; /* ring place of a period that nobody supplies, or PH_HEAP_SUPPLIED */
    uint32_t needs; /* of one that the incoming order alone supplies, likewise */
    bool touches;   /* an open period of the incoming order */
} survey;

/* True if the order has something left in period t. */
static bool has_left(const ph_market *m, const ph_order *o, ph_period t)
{
    return ph_window_has(o->window, t) && m->nodes[ph_order_node(o, t)].open > 0;
}

/* `o`: the incoming order, or NULL. */
static survey survey_of(const ph_market *m, const ph_book_side *supply, ph_window w,
                        const ph_order *o)
{
    survey s = {.lacks = PH_HEAP_SUPPLIED, .needs = PH_HEAP_SUPPLIED};
    for (uint32_t i = 0; i < w.periods; i++) {
        uint32_t ring = ph_ring(m, w.first + i);
        int64_t best = ph_book_at(supply, ring)->best;
        bool open = o != NULL && has_left(m, o, w.first + i);
        s.touches |= open;
        s.counted += best != PH_KEY_NONE ? best : ph_book_at(supply, ring)->seen;
        if (open && o->key > best) {
            if (best == PH_KEY_NONE) s.needs = ring;
            s.reached += o->key;
        } else if (best != PH_KEY_NONE) {
            s.reached += best;
        } else {
            s.lacks = ring;
        }
    }
    return s;
}

static ph_wide limit_of(const ph_order *b)
{
    return -(ph_wide)b->key * ph_order_length(b);
}

void ph_reach_join(ph_market *m, uint32_t slot)
{
    if (m->is_trial) return;
    ph_order *o = &m->orders[slot];
    uint32_t row = m->block_free;
    if (row != PH_NONE)
        m->block_free = m->blocks[row].left;
    else
        row = m->blocks_fresh++;
    PH_ASSERT(row <= m->limits.blocks_max);
    o->block = row;
    ph_block *b = &m->blocks[row];
    *b = (ph_block){.gap = GAP_LEAST, .order = slot, .heap = PH_HEAP_SUPPLIED};
    ph_book_side *side = side_of(m, o), *supply = opposite_of(m, o);
    if (ph_order_length(o) > supply->longest) supply->longest = ph_order_length(o);
    uint32_t heap = PH_HEAP_SUPPLIED;
    if (o->shape == PH_SHAPE_BLOCK) {
        survey s = survey_of(m, supply, o->window, NULL);
        b->gap = limit_of(o) - s.counted + supply->shift;
        heap = s.lacks;
    }
    heap_put(m, side, heap, row);
}

static uint32_t repetitions_of(const ph_market *m, const ph_order *incoming, const ph_order *b)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < incoming->window.periods; i++) {
        if (m->closed_in[i] <= most || !ph_window_has(b->window, incoming->window.first + i))
            continue;
        most = m->closed_in[i] < m->repetition ? m->closed_in[i] : m->repetition;
    }
    return most;
}

void ph_reach_leave(ph_market *m, uint32_t slot)
{
    const ph_order *o = &m->orders[slot];
    if (m->repetition != 0) {
        const ph_order *incoming = &m->orders[m->counts_for];
        if (incoming->product == o->product && incoming->side != o->side)
            m->work_gone += repetitions_of(m, incoming, o);
    }
    if (m->is_trial) return;
    ph_book_side *side = side_of(m, o);
    heap_drop(m, side, o->block);
    m->blocks[o->block].left = m->block_free;
    m->block_free = o->block;
    if (side->blocks.cnt == 0) opposite_of(m, o)->longest = 0;
}

void ph_reach_rise(ph_market *m, ph_book_side *supply, ph_book_side *other, ph_rise rise)
{
    PH_ASSERT(!m->is_trial); /* nothing comes to rest in a double */
    int64_t before = ph_book_at(supply, rise.ring)->best;
    if (before == PH_KEY_NONE) {
        before = ph_book_at(supply, rise.ring)->seen;
        uint32_t waiting = ph_book_at(other, rise.ring)->lacking;
        ph_book_at(other, rise.ring)->lacking = PH_NONE;
        if (waiting != PH_NONE)
            set_root(m, other, PH_HEAP_SUPPLIED, meld(m, other->supplied, waiting));
    }
    if (rise.key <= before) return;
    ph_wide by = (ph_wide)rise.key - before;
    m->rise_sum += by;
    if (by > m->rise_most) m->rise_most = by;
}

static ph_wide at_most(const ph_book_side *supply, ph_wide sum, ph_wide most)
{
    ph_wide longest = most * supply->longest; /* of any block's periods */
    return longest < sum ? longest : sum;
}

void ph_reach_risen(ph_market *m, ph_book_side *supply)
{
    supply->shift += at_most(supply, m->rise_sum, m->rise_most);
    m->rise_sum = m->rise_most = 0;
}

/* ---- What an incoming order may complete ----------------------------------------------------- */

/* Adds the rows of a heap whose gap is not above the bound. */
static uint32_t gather_heap(const ph_market *m, uint32_t root, ph_wide bound, uint32_t cnt)
{
    const ph_block *v = m->blocks;
    uint32_t *q = m->reached, at = cnt;
    if (root != PH_NONE && v[root].gap <= bound) q[cnt++] = root;
    for (; at < cnt; at++) {
        uint32_t left = v[q[at]].left, right = v[q[at]].right;
        if (left != PH_NONE && v[left].gap <= bound) q[cnt++] = left;
        if (right != PH_NONE && v[right].gap <= bound) q[cnt++] = right;
    }
    return cnt;
}

/* Every start of a FLEX, each reckoned from the one before. */
static bool flex_in_reach(const ph_market *m, const ph_book_side *supply, const ph_order *b,
                          const ph_order *o)
{
    ph_wide sum = 0;
    uint32_t lacking = 0, touched = 0;
    for (uint32_t i = 0; i < b->window.periods; i++) {
        for (int leaves = 0; leaves < 2; leaves++) {
            if (leaves == 1 && i < b->duration) continue;
            ph_period t = b->window.first + i - (leaves == 1 ? b->duration : 0);
            int by = leaves == 1 ? -1 : 1;
            int64_t key = ph_book_at(supply, ph_ring(m, t))->best;
            bool open = has_left(m, o, t);
            if (open && o->key > key) key = o->key;
            if (open) touched += (uint32_t)by;
            if (key == PH_KEY_NONE)
                lacking += (uint32_t)by;
            else
                sum += by * (ph_wide)key;
        }
        bool whole = i + 1 >= b->duration && lacking == 0 && touched > 0;
        if (whole && sum >= limit_of(b)) return true;
    }
    return false;
}

/* Looks at a block that neither its lack nor its gap kept out, and lets it wait where it belongs.
   True if the incoming order may complete it. */
static bool look_at(ph_market *m, ph_book_side *side, const ph_book_side *supply, uint32_t row,
                    const ph_order *o)
{
    ph_block *b = &m->blocks[row];
    const ph_order *block = &m->orders[b->order];
    if (block->shape == PH_SHAPE_FLEX) return flex_in_reach(m, supply, block, o);
    survey s = survey_of(m, supply, block->window, o);
    ph_wide gap = limit_of(block) - s.counted + supply->shift;
    bool lacks = s.lacks != PH_HEAP_SUPPLIED;
    if (lacks || gap != b->gap) {
        heap_drop(m, side, row);
        b->gap = gap;
        heap_put(m, side, lacks ? s.lacks : s.needs, row);
    }
    return !lacks && s.touches && s.reached >= limit_of(block);
}

static void gather_all(ph_market *m, const ph_book_side *side)
{
    for (m->reached_cnt = 0; m->reached_cnt < side->blocks.cnt; m->reached_cnt++)
        m->reached[m->reached_cnt] = ph_ladder_nth(&m->ladders, &side->blocks, m->reached_cnt)->ref;
}

void ph_reach_gather(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    ph_book_side *supply = side_of(m, o), *side = opposite_of(m, o);
    m->reached_cnt = 0;
    if (m->is_trial) {
        gather_all(m, side);
        return;
    }
    ph_wide sum = 0, most = 0;
    for (uint32_t i = 0; i < o->window.periods; i++) {
        uint32_t ring = ph_ring(m, o->window.first + i);
        int64_t best = ph_book_at(supply, ring)->best != PH_KEY_NONE
                           ? ph_book_at(supply, ring)->best
                           : ph_book_at(supply, ring)->seen;
        ph_wide by = (ph_wide)o->key - best;
        if (by <= 0 || m->nodes[o->node + i].open == 0) continue;
        sum += by;
        if (by > most) most = by;
    }
    ph_wide bound = supply->shift + at_most(supply, sum, most);
    uint32_t cnt = gather_heap(m, side->supplied, bound, 0);
    for (uint32_t i = 0; i < o->window.periods; i++) {
        uint32_t root = ph_book_at(side, ph_ring(m, o->window.first + i))->lacking;
        if (root != PH_NONE && m->nodes[o->node + i].open > 0)
            cnt = gather_heap(m, root, bound, cnt);
    }
    for (uint32_t i = 0; i < cnt; i++) {
        uint32_t row = m->reached[i];
        if (look_at(m, side, supply, row, o)) m->reached[m->reached_cnt++] = m->blocks[row].order;
    }
}

/* ---- The bound of 6.9 ------------------------------------------------------------------------ */

void ph_reach_count_begin(ph_market *m, uint32_t incoming)
{
    const ph_order *o = &m->orders[incoming];
    m->counts_for = incoming;
    m->repetition = 0;
    m->work_gone = 0;
    m->work_at_most = 0;
    for (uint32_t i = 0; i < o->window.periods; i++)
        m->closed_in[i] = m->nodes[o->node + i].open > 0 ? STILL_OPEN : 0;
}

/* Every repetition counts the blocks that touch an open period: a block is counted as often as the
   last of its periods that closes is still open. */
static uint64_t work_of(const ph_market *m, const ph_order *o, const ph_book_side *side)
{
    uint64_t work = m->work_gone;
    for (uint32_t i = 0; i < side->blocks.cnt; i++) {
        uint32_t slot = ph_ladder_nth(&m->ladders, &side->blocks, i)->ref;
        work += repetitions_of(m, o, &m->orders[slot]);
    }
    return work;
}

bool ph_reach_count(ph_market *m)
{
    const ph_order *o = &m->orders[m->counts_for];
    const ph_book_side *side = opposite_of(m, o);
    m->repetition++;
    m->work_at_most += side->blocks.cnt;
    if (m->work_at_most <= PH_WORK_PER_COMMAND_MAX) return true;
    m->work_at_most = work_of(m, o, side);
    return m->work_at_most <= PH_WORK_PER_COMMAND_MAX;
}

void ph_reach_count_end(ph_market *m)
{
    m->repetition = 0;
}

/* ---- Laws ------------------------------------------------------------------------------------ */

static const char *row_broken(const ph_market *m, const ph_book_side *supply, uint32_t row,
                              uint32_t heap)
{
    const ph_block *b = &m->blocks[row];
    const ph_order *o = &m->orders[b->order];
    if (!o->resting || o->block != row) return "the index of blocks holds one that does not rest";
    if (heap != PH_HEAP_SUPPLIED && ph_book_at(supply, heap)->best != PH_KEY_NONE)
        return "a block waits for a period that is supplied";
    if (o->shape == PH_SHAPE_FLEX) return NULL;
    survey s = survey_of(m, supply, o->window, NULL);
    if (b->gap - supply->shift > limit_of(o) - s.counted)
        return "a block is nearer to its limit than its gap says";
    return NULL;
}

static const char *heap_broken(const ph_market *m, const ph_book_side *supply, uint32_t root,
                               uint32_t heap, uint32_t *cnt)
{
    if (root == PH_NONE) return NULL;
    if (m->blocks[root].heap != heap || m->blocks[root].parent != PH_NONE)
        return "the root of a heap of blocks does not know it";
    /* Walks down and up again by the parents. */
    for (uint32_t at = root, from = PH_NONE; at != PH_NONE;) {
        const ph_block *b = &m->blocks[at];
        uint32_t next = PH_NONE;
        if (from == b->parent) {
            const char *law = row_broken(m, supply, at, heap);
            if (law != NULL) return law;
            if (b->parent != PH_NONE && m->blocks[b->parent].gap > b->gap)
                return "a heap of blocks is not in order";
            *cnt += 1;
            next = b->left != PH_NONE ? b->left : b->right;
        } else if (from == b->left) {
            next = b->right;
        }
        from = at;
        at = next != PH_NONE ? next : b->parent;
    }
    return NULL;
}

const char *ph_reach_broken(const ph_market *m, const ph_product *p, ph_side side)
{
    const ph_book_side *blocks = &p->side[side], *supply = &p->side[ph_other_side(side)];
    uint32_t cnt = 0;
    const char *law = heap_broken(m, supply, blocks->supplied, PH_HEAP_SUPPLIED, &cnt);
    for (uint32_t r = 0; law == NULL && r < m->limits.ring_periods; r++)
        law = heap_broken(m, supply, ph_book_at(blocks, r)->lacking, r, &cnt);
    if (law == NULL && cnt != blocks->blocks.cnt) law = "a resting block is not in the index";
    return law;
}
