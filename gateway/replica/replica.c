/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/replica.h"

#include "engine/wire/codec.h"
#include "engine/wire/record.h"

#include <stdlib.h>
#include <string.h>

ph_status phg_replica_init(phg_replica *r)
{
    memset(r, 0, sizeof *r);
    return phg_translator_open(&r->translator);
}

void phg_replica_release(phg_replica *r)
{
    phg_catalogue_release(&r->catalogue);
    phg_feed_release(&r->feed);
    phg_overview_release(&r->overview);
    phg_tape_release(&r->tape);
    phg_private_streams_release(&r->streams);
    phg_entered_release(&r->entered);
    phg_takeovers_release(&r->takeovers);
    phg_translator_close(r->translator);
    free(r->events);
    memset(r, 0, sizeof *r);
}

static ph_status read_events(phg_replica *r, const ph_record *record, uint32_t *ret_cnt)
{
    ph_reader reader = ph_reader_of(record->event_bytes, record->event_size);
    uint32_t cnt = 0;
    while (reader.p != reader.end) {
        if (cnt == r->event_max) {
            if (r->event_max > UINT32_MAX / 4) return PH_EFULL;
            uint32_t more = r->event_max == 0 ? 256 : r->event_max * 2;
            ph_event *grown = realloc(r->events, more * sizeof *grown);
            if (!grown) return PH_EFULL;
            r->events = grown;
            r->event_max = more;
        }
        r->events[cnt++] = ph_event_read(&reader);
        if (reader.bad) return PH_ECORRUPT;
    }
    *ret_cnt = cnt;
    return PH_OK;
}

/* The feed does not know the terms that make a grade. */
static ph_status take_grade(phg_replica *r, const ph_command *c, const ph_event *e)
{
    bool is_listed = e->kind == PH_EVT_DONE && c->kind == PH_CMD_LIST_PRODUCT;
    if (!is_listed && e->kind != PH_EVT_TERMS_SET) return PH_OK;
    const phg_product *p = phg_catalogue_product(&r->catalogue, c->u.product.id);
    return p ? phg_feed_set_grade(&r->feed, p->terms.id, p->grade) : PH_ECORRUPT;
}

/* The catalogue first, because a registration must be there when the others look; the feed before
   the streams, because a report tells what is still open after its event. */
static ph_status take_event(phg_replica *r, const ph_command *c, phg_event_at events)
{
    ph_status s = phg_catalogue_take(&r->catalogue, c, &events.v[events.at]);
    if (s == PH_OK) s = phg_private_streams_reach(&r->streams, r->catalogue.participant_cnt);
    if (s == PH_OK) s = phg_entered_take(&r->entered, c, &events.v[events.at]);
    if (s == PH_OK)
        s = phg_takeovers_take(&r->takeovers, &r->catalogue, &r->entered, c, &events.v[events.at]);
    if (s == PH_OK) s = phg_feed_take(&r->feed, c, events);
    if (s == PH_OK) s = phg_tape_take(&r->tape, &r->streams.store, r->translator, c, events);
    if (s == PH_OK) s = take_grade(r, c, &events.v[events.at]);
    if (s == PH_OK) s = phg_overview_take(&r->overview, &r->catalogue, c, events);
    if (s == PH_OK) s = phg_private_streams_take(&r->streams, r->translator, &r->feed, c, events);
    return s;
}

ph_status phg_replica_take_record(phg_replica *r, uint64_t number, const void *bytes, size_t size)
{
    ph_record record;
    uint32_t cnt = 0;
    ph_status s = ph_record_read(bytes, size, &record);
    if (s != PH_OK) return s;
    if (record.command.seq != number) return PH_ECORRUPT;
    s = read_events(r, &record, &cnt);
    for (uint32_t i = 0; i < cnt && s == PH_OK; i++)
        s = take_event(r, &record.command, (phg_event_at){r->events, cnt, i});
    return s == PH_OK ? phg_private_streams_end(&r->streams, r->translator, &record.command) : s;
}

static ph_status take_countersignature(phg_replica *r, const void *bytes, size_t size)
{
    ph_countersignature c;
    ph_status s = ph_countersignature_read(bytes, size, &c);
    if (s != PH_OK) return s;
    return phg_private_streams_take_countersignature(&r->streams, r->translator, &c,
                                                     r->catalogue.seq);
}

ph_status phg_replica_take_sealed(phg_replica *r, const void *bytes, size_t size)
{
    if (ph_countersignature_is(bytes, size)) return take_countersignature(r, bytes, size);
    ph_signed_contract contract;
    ph_status s = ph_signed_contract_read(bytes, size, &contract);
    if (s != PH_OK) return s;
    return phg_private_streams_take_contract(&r->streams, r->translator, &contract);
}
