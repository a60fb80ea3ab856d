/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/takeovers.h"

#include <stdlib.h>

void phg_takeovers_release(phg_takeovers *t)
{
    free(t->v);
    *t = (phg_takeovers){0};
}

static ph_status put(phg_takeovers *t, const phg_takeover *one)
{
    if (t->cnt == t->max) {
        uint32_t more = t->max == 0 ? 16 : t->max * 2;
        phg_takeover *grown = more > t->max ? realloc(t->v, more * sizeof *grown) : NULL;
        if (!grown) return PH_EFULL;
        t->v = grown;
        t->max = more;
    }
    t->v[t->cnt++] = *one;
    return PH_OK;
}

ph_status phg_takeovers_take(phg_takeovers *t, const phg_catalogue *c, phg_entered *e,
                             const ph_command *command, const ph_event *event)
{
    if (command->kind != PH_CMD_TAKE_OVER || event->kind != PH_EVT_DONE) return PH_OK;
    if (!phg_tag_is(command->request)) return PH_OK; /* of no session */
    phg_takeover one = {.participant = command->sender,
                        .key = phg_catalogue_connection_key(c, &command->u.take_over.key),
                        .by = command->request,
                        .asked = command->u.take_over};
    if (one.key == 0) return PH_ECORRUPT;
    const phg_passing passing = {.participant = one.participant,
                                 .key = phg_catalogue_key_place(c, one.key),
                                 .from = one.asked.from,
                                 .to = one.asked.keeps ? 0 : one.by};
    phg_entered_pass(e, &passing);
    return one.asked.from == 0 ? put(t, &one) : PH_OK;
}
