/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/overview.h - what is traded by compute type and by region, and what was measured
    there.

    A type's stream has the number of the type, a region's the number of the first site that was
    registered in it.  Every frame of them says the whole state: products, open interest, totals of
    the UTC day (of the last trade's stamp) and since the market opened; of a region also the newest
    measurement of each site and of the network to it, by the time at which it was made.

    Owns      its tables; phg_overview_release accepts a zeroed one.
    Units     volume unit-periods; prices micro-units per unit and period, or per PFLOPS-hour.
    Laws      the same records give the same figures; frames of a stream are numbered from 1.
    Thread    one.
    Failure   PH_EFULL: no memory; PH_ECORRUPT: events that no market writes. */
#ifndef GATEWAY_REPLICA_OVERVIEW_H
#define GATEWAY_REPLICA_OVERVIEW_H

#include "gateway/books/totals.h"
#include "gateway/replica/feed.h"

typedef struct {
    phg_totals ever, day;
    uint64_t day_start;   /* seconds since 1970 that `day` is of */
    ph_compute_type type; /* that its totals were told of */
} phg_product_totals;

typedef struct {
    uint64_t number; /* of the last frame */
    bool has_news, is_followed;
} phg_view;

typedef struct {
    uint32_t first;         /* site that was registered first in its region */
    phg_view view;          /* of the region; used at its first site */
    ph_measure_site newest; /* measured_at 0: none */
} phg_overview_site;

typedef struct {
    phg_product_totals *products;
    uint32_t product_cnt;
    phg_view types[PH_COMPUTE_EDGE]; /* of type n: types[n - 1] */
    phg_overview_site *sites;
    uint32_t site_cnt;
    ph_report_probe *probes; /* newest of each pair */
    uint32_t probe_cnt, probe_max;
    uint64_t day_start; /* of the last trade */
    bool has_news;
} phg_overview;

void phg_overview_release(phg_overview *o);

/* Takes one event of the command, after the catalogue and the feed took it. */
ph_status phg_overview_take(phg_overview *o, const phg_catalogue *k, const ph_command *c,
                            phg_event_at events);

/* What the pictures are made from. */
typedef struct {
    phg_overview *overview;
    const phg_catalogue *catalogue;
    const phg_feed *feed;
    phg_feed_emit emit;
    void *arg;
} phg_overview_telling;

/* Emits what is new since the last call; where nobody follows only the numbers go on. */
void phg_overview_publish(const phg_overview_telling *t);

/* From here on frames of the stream are made; 0: of every type, or region that there is. */
void phg_overview_follow(phg_overview *o, phg_stream_kind kind, uint32_t id);

/* Emits the whole state of a stream and follows it.  False: there is no such type or region. */
bool phg_overview_whole(const phg_overview_telling *t, phg_stream_kind kind, uint32_t id);

/* Number of the last frame. */
uint64_t phg_overview_number(phg_overview *o, phg_stream_kind kind, uint32_t id);

#endif
