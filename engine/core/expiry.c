/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/expiry.h"

#include "engine/base/panic.h"
#include "engine/core/fill.h"

void ph_expiry_init(ph_market *m, ph_arena *a)
{
    m->expiries = ph_arena_take(a, (size_t)m->limits.orders_max + 1, sizeof m->expiries[0]);
    m->expiry_at = ph_arena_take(a, (size_t)m->limits.orders_max + 1, sizeof m->expiry_at[0]);
    m->expire_ns = ph_arena_take(a, (size_t)m->limits.orders_max + 1, sizeof m->expire_ns[0]);
}

static bool before(const ph_market *m, uint32_t a, uint32_t b)
{
    if (m->expire_ns[a] != m->expire_ns[b]) return m->expire_ns[a] < m->expire_ns[b];
    return m->orders[a].id < m->orders[b].id;
}

static void put(ph_market *m, uint32_t i, uint32_t slot)
{
    m->expiries[i] = slot;
    m->expiry_at[slot] = i;
}

static void rise(ph_market *m, uint32_t i)
{
    uint32_t slot = m->expiries[i];
    while (i > 0) {
        uint32_t parent = (i - 1) / 2;
        if (!before(m, slot, m->expiries[parent])) break;
        put(m, i, m->expiries[parent]);
        i = parent;
    }
    put(m, i, slot);
}

static void sink(ph_market *m, uint32_t i)
{
    uint32_t slot = m->expiries[i];
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= m->expiry_cnt) break;
        if (child + 1 < m->expiry_cnt && before(m, m->expiries[child + 1], m->expiries[child]))
            child++;
        if (!before(m, m->expiries[child], slot)) break;
        put(m, i, m->expiries[child]);
        i = child;
    }
    put(m, i, slot);
}

void ph_expiry_add(ph_market *m, uint32_t slot)
{
    uint32_t i = m->expiry_cnt++;
    put(m, i, slot);
    rise(m, i);
    if (m->expire_ns[slot] < m->due_ns) m->due_ns = m->expire_ns[slot];
}

void ph_expiry_remove(ph_market *m, uint32_t slot)
{
    uint32_t i = m->expiry_at[slot];
    PH_ASSERT(i < m->expiry_cnt && m->expiries[i] == slot);
    uint32_t last = m->expiries[--m->expiry_cnt];
    if (last == slot) return;
    put(m, i, last);
    rise(m, i);
    sink(m, m->expiry_at[last]);
}

uint64_t ph_expiry_next(const ph_market *m)
{
    return m->expiry_cnt == 0 ? UINT64_MAX : m->expire_ns[m->expiries[0]];
}

void ph_expiry_run(ph_market *m, uint64_t due)
{
    while (ph_expiry_next(m) == due) {
        uint32_t slot = m->expiries[0];
        ph_fill_begin(m, PH_NONE);
        ph_fill_end(m, slot, PH_CANCEL_EXPIRED);
        ph_fill_settle(m);
    }
}
