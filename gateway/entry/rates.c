/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/rates.h"

#include "engine/base/panic.h"

#include <stdlib.h>

void phg_rates_release(phg_rates *r)
{
    free(r->v);
    r->v = NULL;
    r->cnt = 0;
}

phg_rates_of_one *phg_rates_of(phg_rates *r, ph_participant_id who, uint64_t now_ns)
{
    PH_ASSERT(who.v != 0);
    if (who.v > r->cnt) {
        const uint32_t more = who.v + 64;
        phg_rates_of_one *grown = realloc(r->v, more * sizeof *grown);
        if (!grown) return NULL;
        for (uint32_t i = r->cnt; i < more; i++)
            grown[i] = (phg_rates_of_one){
                .messages = phg_ratelimit_of(r->messages_per_second, r->message_burst, now_ns),
                .questions = phg_ratelimit_of(r->questions_per_second, r->question_burst, now_ns),
                .control = phg_ratelimit_of(PHG_CONTROL_PER_SECOND, PHG_CONTROL_BURST, now_ns),
            };
        r->v = grown;
        r->cnt = more;
    }
    return &r->v[who.v - 1];
}
