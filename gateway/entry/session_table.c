/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/session_table.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(PHG_SESSIONS_MAX <= 1 << PHG_SEAT_BITS, "a tag names every seat");

ph_status phg_session_table_init(phg_session_table *t, uint32_t max)
{
    PH_ASSERT(max >= 1 && max <= PHG_SESSIONS_MAX);
    uint32_t chain_cnt = 16;
    while (chain_cnt < max)
        chain_cnt *= 2;
    *t = (phg_session_table){.max = max, .chain_cnt = chain_cnt};
    t->seats = calloc(max, sizeof *t->seats);
    t->chains = calloc(chain_cnt, sizeof *t->chains);
    t->whose = calloc(max, sizeof *t->whose);
    t->busy = calloc((size_t)max * PHG_BUSY_MAX, sizeof *t->busy);
    if (t->seats && t->chains && t->whose && t->busy) return PH_OK;
    phg_session_table_release(t);
    return PH_EFULL;
}

void phg_session_table_release(phg_session_table *t)
{
    free(t->seats);
    free(t->chains);
    free(t->whose);
    free(t->busy);
    *t = (phg_session_table){0};
}

/* FNV-1a.  Only participants get this far, and the worst that a chosen id does is a walk over
   PHG_SESSIONS_PER_PARTICIPANT_MAX seats of one's own. */
static uint32_t *chain_of(const phg_session_table *t, const phg_routing_id *id)
{
    uint32_t h = 2166136261u;
    for (uint32_t i = 0; i < id->size; i++)
        h = (h ^ id->bytes[i]) * 16777619u;
    return &t->chains[h & (t->chain_cnt - 1)];
}

static bool is_same(const phg_routing_id *a, const phg_routing_id *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

phg_seat *phg_session_table_find(const phg_session_table *t, const phg_routing_id *id)
{
    for (uint32_t i = *chain_of(t, id); i != 0; i = t->seats[i - 1].next)
        if (is_same(&t->seats[i - 1].id, id)) return &t->seats[i - 1];
    return NULL;
}

phg_seat *phg_session_table_sit(phg_session_table *t, const phg_routing_id *id,
                                ph_participant_id who)
{
    PH_ASSERT(id->size != 0 && who.v != 0 && !phg_session_table_find(t, id));
    uint32_t i = t->free;
    if (i != 0)
        t->free = t->seats[i - 1].next;
    else if (t->used < t->max)
        i = ++t->used;
    else
        return NULL;
    phg_seat *seat = &t->seats[i - 1];
    uint32_t *chain = chain_of(t, id);
    memset(seat, 0, sizeof *seat);
    seat->id = *id;
    seat->session.participant = t->whose[i - 1] = who;
    seat->session.busy = t->busy + (size_t)(i - 1) * PHG_BUSY_MAX;
    seat->next = *chain;
    *chain = i;
    t->seated++;
    return seat;
}

void phg_session_table_leave(phg_session_table *t, phg_seat *seat)
{
    uint32_t i = (uint32_t)(seat - t->seats) + 1;
    uint32_t *at = chain_of(t, &seat->id);
    while (*at != i) {
        PH_ASSERT(*at != 0);
        at = &t->seats[*at - 1].next;
    }
    *at = seat->next;
    seat->id.size = 0;
    t->whose[i - 1].v = 0;
    seat->session.state = PHG_SESSION_CLOSED;
    seat->next = t->free;
    t->free = i;
    t->seated--;
}

uint32_t phg_session_table_count(const phg_session_table *t, ph_participant_id who)
{
    uint32_t cnt = 0;
    for (uint32_t i = 0; i < t->used; i++)
        cnt += t->whose[i].v == who.v;
    return cnt;
}
