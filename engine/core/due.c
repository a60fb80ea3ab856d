/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/due.h"

#include "engine/base/panic.h"
#include "engine/base/sort.h"

void ph_due_init(ph_market *m, ph_arena *a)
{
    size_t most = (size_t)m->limits.deliveries_max + 1;
    m->due_groups = ph_arena_take(a, most + 1, sizeof m->due_groups[0]);
    m->due_heap = ph_arena_take(a, most, sizeof m->due_heap[0]);
    m->due_run = ph_arena_take(a, most, sizeof m->due_run[0]);
    m->due_slot_bits = 4;
    while ((UINT64_C(2) << m->due_slot_bits) < most)
        m->due_slot_bits++;
    m->due_slots = ph_arena_take(a, UINT64_C(1) << m->due_slot_bits, sizeof m->due_slots[0]);
    m->due_groups_fresh = 1;
}

/* ---- The heap of groups --------------------------------------------------------------------- */

static void put(ph_market *m, uint32_t i, uint32_t group)
{
    m->due_heap[i] = group;
    m->due_groups[group].heap_at = i;
}

static bool before(const ph_market *m, uint32_t a, uint32_t b)
{
    return m->due_groups[a].due_ns < m->due_groups[b].due_ns;
}

static void rise(ph_market *m, uint32_t i)
{
    uint32_t group = m->due_heap[i];
    while (i > 0 && before(m, group, m->due_heap[(i - 1) / 2])) {
        put(m, i, m->due_heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(m, i, group);
}

static void sink(ph_market *m, uint32_t i)
{
    uint32_t group = m->due_heap[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= m->due_heap_cnt) break;
        if (child + 1 < m->due_heap_cnt && before(m, m->due_heap[child + 1], m->due_heap[child]))
            child++;
        if (!before(m, m->due_heap[child], group)) break;
        put(m, i, m->due_heap[child]);
        i = child;
    }
    put(m, i, group);
}

/* Where the groups of a hash begin: the upper bits of a product by the golden ratio. */
static uint32_t *slot_of(const ph_market *m, uint64_t due_ns)
{
    return &m->due_slots[due_ns * UINT64_C(0x9E3779B97F4A7C15) >> (64 - m->due_slot_bits)];
}

/* The group of a time, or PH_NONE. */
static uint32_t find(const ph_market *m, uint64_t due_ns)
{
    uint32_t group = *slot_of(m, due_ns);
    while (group != PH_NONE && m->due_groups[group].due_ns != due_ns)
        group = m->due_groups[group].next_of_hash;
    return group;
}

static uint32_t group_new(ph_market *m, uint64_t due_ns)
{
    uint32_t group = m->due_group_free;
    if (group != PH_NONE)
        m->due_group_free = m->due_groups[group].first;
    else
        group = m->due_groups_fresh++;
    PH_ASSERT(group <= m->limits.deliveries_max); /* no group is empty */
    uint32_t *slot = slot_of(m, due_ns);
    m->due_groups[group] =
        (ph_due_group){.due_ns = due_ns, .first = PH_NONE, .next_of_hash = *slot};
    *slot = group;
    put(m, m->due_heap_cnt, group);
    rise(m, m->due_heap_cnt++);
    return group;
}

static void drop_group(ph_market *m, uint32_t group)
{
    uint32_t *link = slot_of(m, m->due_groups[group].due_ns);
    while (*link != group)
        link = &m->due_groups[*link].next_of_hash;
    *link = m->due_groups[group].next_of_hash;
    uint32_t at = m->due_groups[group].heap_at;
    uint32_t last = m->due_heap[--m->due_heap_cnt];
    if (last != group) {
        put(m, at, last);
        rise(m, at);
        sink(m, m->due_groups[last].heap_at);
    }
    m->due_groups[group].first = m->due_group_free;
    m->due_groups[group].due_ns = 0; /* none's */
    m->due_group_free = group;
}

/* ---- Members -------------------------------------------------------------------------------- */

/* Contract-periods come one after the other: so did, most often, the groups that they wait in. */
static uint32_t find_near(ph_market *m, uint64_t due_ns)
{
    const ph_due_group *last = &m->due_groups[m->due_last];
    if (last->due_ns == due_ns) return m->due_last;
    /* One more than there can be is there, and empty. */
    return last[1].due_ns == due_ns ? m->due_last + 1 : find(m, due_ns);
}

void ph_due_add(ph_market *m, uint32_t delivery, uint64_t due_ns)
{
    ph_delivery *d = &m->deliveries[delivery];
    PH_ASSERT(d->due_group == PH_NONE && due_ns != 0);
    d->due_group = find_near(m, due_ns);
    if (d->due_group == PH_NONE) d->due_group = group_new(m, due_ns);
    m->due_last = d->due_group;
    ph_due_group *g = &m->due_groups[d->due_group];
    d->due_prev = PH_NONE;
    d->due_next = g->first;
    if (g->first != PH_NONE) m->deliveries[g->first].due_prev = delivery;
    g->first = delivery;
    if (due_ns < m->due_ns) m->due_ns = due_ns;
}

void ph_due_remove(ph_market *m, uint32_t delivery)
{
    ph_delivery *d = &m->deliveries[delivery];
    PH_ASSERT(d->due_group != PH_NONE);
    ph_due_group *g = &m->due_groups[d->due_group];
    *(d->due_prev != PH_NONE ? &m->deliveries[d->due_prev].due_next : &g->first) = d->due_next;
    if (d->due_next != PH_NONE) m->deliveries[d->due_next].due_prev = d->due_prev;
    if (g->first == PH_NONE) drop_group(m, d->due_group);
    d->due_group = PH_NONE;
}

uint64_t ph_due_of(const ph_market *m, uint32_t delivery)
{
    return m->due_groups[m->deliveries[delivery].due_group].due_ns;
}

uint64_t ph_due_next(const ph_market *m)
{
    return m->due_heap_cnt == 0 ? UINT64_MAX : m->due_groups[m->due_heap[0]].due_ns;
}

static bool run_before(const void *va, const void *vb)
{
    const ph_due_entry *a = va, *b = vb;
    if (a->contract != b->contract) return a->contract < b->contract;
    return a->period < b->period;
}

uint32_t ph_due_collect(ph_market *m, uint64_t due_ns)
{
    uint32_t group = find(m, due_ns), cnt = 0;
    if (group == PH_NONE) return 0;
    for (uint32_t i = m->due_groups[group].first; i != PH_NONE; i = m->deliveries[i].due_next)
        m->due_run[cnt++] = (ph_due_entry){m->deliveries[i].contract, m->deliveries[i].period, i};
    ph_sort(m->due_run, cnt, sizeof m->due_run[0], run_before);
    return cnt;
}
