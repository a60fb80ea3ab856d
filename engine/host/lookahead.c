/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/lookahead.h"

#include "engine/base/panic.h"
#include "engine/wire/codec.h"

static ph_lookahead_command *at(ph_lookahead *a, uint64_t n)
{
    return &a->ring[n % PH_SERVER_AHEAD];
}

void ph_lookahead_add(ph_lookahead *a, const void *bytes, uint32_t size)
{
    PH_ASSERT(a->added - a->taken < PH_SERVER_AHEAD);
    ph_lookahead_command *c = at(a, a->added++);
    c->bytes = bytes;
    c->size = size;
    c->status = ph_command_read(bytes, size, &c->command);
}

/* Each step for each command once, also where the ring has just been filled: then all commands of
   one step come before the next step, so that their waits overlap. */
static void ask(ph_lookahead *a, const ph_market *m)
{
    static const uint64_t distance[PH_PREFETCH_STEPS] = {15, 10, 6, 3, 1};
    for (uint32_t step = 0; step < PH_PREFETCH_STEPS; step++) {
        uint64_t end = a->taken + distance[step] + 1;
        if (end > a->added) end = a->added;
        for (; a->asked[step] < end; a->asked[step]++) {
            ph_lookahead_command *c = at(a, a->asked[step]);
            if (c->status == PH_OK) ph_market_prefetch(m, &c->command, step, &c->memo);
        }
    }
}

ph_lookahead_command *ph_lookahead_take(ph_lookahead *a, const ph_market *m, const void *bytes,
                                        uint32_t size)
{
    if (a->added == a->taken) ph_lookahead_add(a, bytes, size);
    ph_lookahead_command *c = at(a, a->taken);
    PH_ASSERT(c->bytes == bytes && c->size == size);
    ask(a, m);
    a->taken++;
    return c;
}
