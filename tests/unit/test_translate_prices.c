/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate_prices.h"

#include "tests/unit/suite.h"

#include "petahour/v1/market_data.pb-c.h"

#include <stdlib.h>

enum { ROWS_MAX = 6, SEGMENTS_MAX = 200 };

/* Numbers of all lengths, from a generator that is the same everywhere. */
static uint64_t state;

static uint64_t any(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t v = state ^ state >> 29;
    return v >> (v & 63);
}

static uint64_t any_or_none(void)
{
    uint64_t v = any();
    return any() % 3 == 0 ? 0 : v;
}

static ph_window any_window(void)
{
    return (ph_window){(uint32_t)any_or_none(), (uint32_t)any_or_none()};
}

static phg_run any_run(void)
{
    return (phg_run){
        any_window(),
        {(int64_t)any_or_none(), (int64_t)any_or_none(), any_or_none(), any_or_none()}};
}

static void check_trade(const Petahour__V1__PublicTrade *m, const phg_public_trade *t)
{
    ck_assert(m->trade == t->trade.v && m->at == t->at.ns && (int)m->taker == (int)t->taker);
    ck_assert_uint_eq(m->number, t->number);
    ck_assert_uint_eq(m->n_segments, t->segment_cnt);
    bool are_same = true;
    for (uint32_t i = 0; i < t->segment_cnt; i++) {
        const Petahour__V1__Segment *s = m->segments[i];
        const ph_segment *told = &t->segments[i];
        are_same = are_same && s->first_period == told->window.first &&
                   s->periods == told->window.periods && s->quantity == told->quantity &&
                   s->price == told->price;
    }
    ck_assert(are_same);
}

static void check_run(const Petahour__V1__BestPrices *m, const phg_run *r)
{
    ck_assert(m->first_period == r->window.first && m->periods == r->window.periods);
    ck_assert(m->bid == r->best.bid && m->bid_quantity == r->best.bid_quantity);
    ck_assert(m->ask == r->best.ask && m->ask_quantity == r->best.ask_quantity);
}

static void check(const Petahour__V1__MarketDataFrame *m, const phg_picture *p)
{
    ck_assert(m->product == p->product.v && m->stream_number == p->number);
    ck_assert(m->epoch == p->epoch && m->sequence == p->seq);
    ck_assert(m->n_trades == p->trade_cnt && m->n_best_prices == p->run_cnt);
    ck_assert_uint_eq(m->trades_so_far, p->trades_so_far);
    for (uint32_t i = 0; i < p->trade_cnt; i++)
        check_trade(m->trades[i], &p->trades[i]);
    for (uint32_t i = 0; i < p->run_cnt; i++)
        check_run(m->best_prices[i], &p->runs[i]);
    ck_assert_uint_eq(m->n_phases, p->phase != 0);
    if (p->phase != 0) ck_assert_int_eq((int)m->phases[0]->phase, (int)p->phase);
    ck_assert(m->checksum == p->checksum && m->more == p->more && (int)m->answer == (int)p->answer);
}

START_TEST(every_frame_is_what_protobuf_writes)
{
    static ph_segment segments[SEGMENTS_MAX];
    phg_public_trade trades[ROWS_MAX];
    phg_run runs[ROWS_MAX];
    state = 1;
    for (int i = 0; i < 2000; i++) {
        for (uint32_t k = 0; k < SEGMENTS_MAX; k++)
            segments[k] =
                (ph_segment){any_window(), (uint32_t)any_or_none(), (int64_t)any_or_none()};
        for (uint32_t k = 0; k < ROWS_MAX; k++) {
            uint32_t most = any() % 8 == 0 ? SEGMENTS_MAX : 3; /* few, or a length of two bytes */
            trades[k] = (phg_public_trade){{any_or_none()},
                                           {any_or_none()},
                                           (ph_side)(any() % 3),
                                           segments,
                                           (uint32_t)(any() % (most + 1)),
                                           any_or_none()};
            runs[k] = any_run();
        }
        phg_picture p = {.stream = PHG_STREAM_PRICES,
                         .product = {(uint32_t)any_or_none()},
                         .number = any_or_none(),
                         .epoch = any_or_none(),
                         .seq = any_or_none(),
                         .trades = trades,
                         .trade_cnt = (uint32_t)(any() % (ROWS_MAX + 1)),
                         .runs = runs,
                         .run_cnt = (uint32_t)(any() % (ROWS_MAX + 1)),
                         .phase = (ph_phase)(any() % 4),
                         .checksum = any_or_none(),
                         .trades_so_far = any_or_none(),
                         .more = any() % 2 != 0,
                         .answer = (phg_stream_answer)(any() % 3)};
        size_t room = phg_prices_room(&p);
        uint8_t *bytes = malloc(room), *again = malloc(room);
        ck_assert(bytes != NULL && again != NULL && phg_picture_is_prices(&p));
        size_t size = phg_write_prices(bytes, &p);
        ck_assert_uint_le(size, room);
        Petahour__V1__MarketDataFrame *m =
            petahour__v1__market_data_frame__unpack(NULL, size, bytes);
        ck_assert_ptr_nonnull(m);
        check(m, &p);
        ck_assert_uint_eq(petahour__v1__market_data_frame__get_packed_size(m), size);
        ck_assert_uint_eq(petahour__v1__market_data_frame__pack(m, again), size);
        ck_assert_mem_eq(again, bytes, size);
        petahour__v1__market_data_frame__free_unpacked(m, NULL);
        free(bytes);
        free(again);
    }
}
END_TEST

/* A trade that is kept alone is, in a frame, what it would have been there. */
START_TEST(a_trade_alone_has_the_bytes_that_it_has_in_a_frame)
{
    static ph_segment segments[SEGMENTS_MAX];
    static ph_event events[SEGMENTS_MAX + 1];
    uint8_t kept[64 << 10], with[64 << 10], without[64 << 10];
    state = 2;
    for (int i = 0; i < 500; i++) {
        const phg_public_trade t = {{any_or_none()},
                                    {any_or_none()},
                                    (ph_side)(any() % 3),
                                    segments,
                                    (uint32_t)(any() % (i % 8 == 0 ? SEGMENTS_MAX : 3)),
                                    any_or_none()};
        events[0] = (ph_event){.kind = PH_EVT_TRADE};
        events[0].u.trade.trade = t.trade;
        events[0].u.trade.taker = t.taker;
        events[0].u.trade.segment_cnt = t.segment_cnt;
        for (uint32_t k = 0; k < t.segment_cnt; k++) {
            segments[k] =
                (ph_segment){any_window(), (uint32_t)any_or_none(), (int64_t)any_or_none()};
            events[k + 1] = (ph_event){.kind = PH_EVT_SEGMENT, .u.segment = segments[k]};
        }
        ck_assert_uint_le(phg_trade_room(&events[0].u.trade), sizeof kept);
        size_t size = phg_write_trade(kept, t.number, t.at, events);
        ck_assert_uint_le(size, phg_trade_room(&events[0].u.trade));
        phg_picture p = {.product = {(uint32_t)any()}, .number = any(), .trades = &t};
        p.trade_cnt = 1;
        size_t all = phg_write_prices(with, &p);
        p.trade_cnt = 0;
        p.tape = (phg_bytes){kept, size};
        ck_assert_uint_le(phg_prices_room(&p), sizeof without);
        ck_assert_uint_eq(phg_write_prices(without, &p), all);
        ck_assert_mem_eq(with, without, all);
    }
}
END_TEST

/* A field that is not written here must send its frame through protobuf-c. */
START_TEST(no_field_is_new)
{
    ck_assert_uint_eq(petahour__v1__market_data_frame__descriptor.n_fields, 24);
    ck_assert_uint_eq(petahour__v1__public_trade__descriptor.n_fields, 7);
    ck_assert_uint_eq(petahour__v1__best_prices__descriptor.n_fields, 6);
    ck_assert_uint_eq(petahour__v1__phase_change__descriptor.n_fields, 1);
    ck_assert_uint_eq(petahour__v1__segment__descriptor.n_fields, 4);
}
END_TEST

START_TEST(a_frame_with_anything_else_is_not_of_prices)
{
    const phg_overview_totals totals = {.products = 1};
    const phg_stream_limits limits = {.named_bytes = 1};
    const phg_picture others[] = {
        {.level_cnt = 1},    {.block_cnt = 1},     {.statistics_cnt = 1}, {.candle_cnt = 1},
        {.site_cnt = 1},     {.probe_cnt = 1},     {.member_cnt = 1},     {.totals = &totals},
        {.reference = 1},    {.closed_before = 1}, {.reason = "busy"},    {.dropped_cnt = 1},
        {.limits = &limits},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert(!phg_picture_is_prices(&others[i]));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, every_frame_is_what_protobuf_writes);
    tcase_add_test(t, a_trade_alone_has_the_bytes_that_it_has_in_a_frame);
    tcase_add_test(t, no_field_is_new);
    tcase_add_test(t, a_frame_with_anything_else_is_not_of_prices);
}

int main(void)
{
    return suite_run("translate_prices", add);
}
