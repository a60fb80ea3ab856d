/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/shares.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

enum { RING = 1 << 16 }; /* more are never under way, whatever an engine takes */

ph_status phg_shares_init(phg_shares *s)
{
    *s = (phg_shares){.whose = calloc(RING, sizeof *s->whose)};
    return s->whose ? PH_OK : PH_EFULL;
}

void phg_shares_release(phg_shares *s)
{
    free(s->whose);
    free(s->own);
    *s = (phg_shares){0};
}

void phg_shares_left(phg_shares *s, uint32_t under_way)
{
    for (; s->cnt > under_way; s->cnt--) {
        s->own[s->whose[s->first]]--;
        s->first = (s->first + 1) % RING;
    }
}

bool phg_shares_may(const phg_shares *s, ph_participant_id who, uint32_t max)
{
    const uint32_t all = max < RING ? max : RING;
    const uint32_t own = who.v < s->own_max ? s->own[who.v] : 0;
    return s->cnt < all && own < all - s->cnt;
}

ph_status phg_shares_sent(phg_shares *s, ph_participant_id who)
{
    PH_ASSERT(s->cnt < RING);
    if (who.v >= s->own_max) {
        const uint32_t more = who.v + 64;
        uint32_t *own = realloc(s->own, more * sizeof *own);
        if (!own) return PH_EFULL;
        memset(own + s->own_max, 0, (more - s->own_max) * sizeof *own);
        s->own = own;
        s->own_max = more;
    }
    s->own[who.v]++;
    s->whose[(s->first + s->cnt++) % RING] = who.v;
    return PH_OK;
}
