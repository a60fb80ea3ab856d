/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate.h"

#include "petahour/v1/market_data.pb-c.h"
#include "petahour/v1/session.pb-c.h"

#include "tests/unit/suite.h"

#include <string.h>

static phg_translator *translator;

static void set_up(void)
{
    ck_assert_int_eq(phg_translator_open(&translator), PH_OK);
}

static void tear_down(void)
{
    phg_translator_close(translator);
}

/* It is written by hand. */
START_TEST(every_busy_is_what_protobuf_writes)
{
    static const uint64_t some[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    enum { SOME = sizeof some / sizeof some[0] };
    for (uint32_t i = 0; i < SOME * SOME * 2; i++) {
        const phg_busy b = {some[i % SOME], some[i / SOME % SOME], i >= SOME * SOME};
        uint8_t bytes[64];
        Petahour__V1__Busy m;
        Petahour__V1__GatewayMessage g, *messages[] = {&g};
        Petahour__V1__GatewayFrame f;
        petahour__v1__busy__init(&m);
        petahour__v1__gateway_message__init(&g);
        petahour__v1__gateway_frame__init(&f);
        m.request = b.request;
        m.client_order_id = b.client_order_id;
        m.open_orders = b.open_orders;
        g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_BUSY;
        g.busy = &m;
        f.messages = messages;
        f.n_messages = 1;
        size_t size = petahour__v1__gateway_frame__pack(&f, bytes);
        phg_bytes got = phg_translate_busy(translator, &b);
        ck_assert_uint_eq(got.size, size);
        ck_assert_mem_eq(got.p, bytes, size);
    }
    ck_assert_uint_eq(petahour__v1__busy__descriptor.n_fields, 3);
}
END_TEST

START_TEST(framed_messages_make_a_frame)
{
    static uint8_t all[4096];
    size_t size = 0;
    ph_event segments[3];
    for (int i = 0; i < 3; i++)
        segments[i] = (ph_event){.kind = PH_EVT_SEGMENT, .u.segment = {{10, 2}, 3, 4 + i}};
    phg_report report = {.number = 1,
                         .type = PHG_REPORT_TRADE,
                         .segments = segments,
                         .segment_cnt = 3,
                         .cancel_reason = PH_CANCEL_GATE,
                         .code = PH_REJECT_PRICE_TICK};
    for (int i = 0; i < 3; i++) {
        phg_bytes b = i == 0   ? phg_translate_busy(translator, &(phg_busy){8, 9, false})
                      : i == 1 ? phg_translate_report(translator, &report)
                               : phg_translate_heartbeat(translator);
        memcpy(all + size, b.p, b.size);
        size += b.size;
    }
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, size, all);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->n_messages, 3);
    ck_assert_uint_eq(f->messages[0]->busy->client_order_id, 9);
    const Petahour__V1__ExecutionReport *r = f->messages[1]->execution_report;
    ck_assert_uint_eq(r->n_segments, 3);
    ck_assert_int_eq(r->segments[2]->price, 6);
    ck_assert_str_eq(r->cancel_reason, "GATE");
    ck_assert_str_eq(r->reject_name, "PRICE_TICK");
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(a_picture_reads_back)
{
    ph_segment segments[2] = {{{1, 2}, 3, 4}, {{5, 6}, 7, 8}};
    phg_public_trade trades[2] = {{{1}, {2}, PH_SIDE_BUY, segments, 2, 0},
                                  {{2}, {3}, PH_SIDE_SELL, segments, 1, 0}};
    phg_run runs[1] = {{{9, 10}, {11, 12, 13, 14}}};
    phg_picture p = {.product = {42},
                     .number = 5,
                     .epoch = UINT64_MAX,
                     .trades = trades,
                     .trade_cnt = 2,
                     .runs = runs,
                     .run_cnt = 1,
                     .phase = PH_PHASE_CALL};
    phg_bytes b = phg_translate_picture(translator, &p);
    Petahour__V1__MarketDataFrame *f = petahour__v1__market_data_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->product, 42);
    ck_assert_uint_eq(f->n_trades, 2);
    ck_assert_uint_eq(f->trades[0]->n_segments, 2);
    ck_assert_int_eq(f->trades[0]->segments[1]->price, 8);
    ck_assert_int_eq(f->best_prices[0]->ask, 12);
    ck_assert_uint_eq(f->best_prices[0]->bid_quantity, 13);
    ck_assert_int_eq(f->phases[0]->phase, PETAHOUR__V1__PHASE__PHASE_CALL);
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(long_texts_and_many_segments_get_room)
{
    static ph_event segments[PH_FILLS_PER_COMMAND_MAX];
    for (uint32_t i = 0; i < PH_FILLS_PER_COMMAND_MAX; i++)
        segments[i] = (ph_event){.kind = PH_EVT_SEGMENT,
                                 .u.segment = {{UINT32_MAX - i, 1}, UINT32_MAX, INT64_MAX}};
    phg_report report = {.number = UINT64_MAX,
                         .type = PHG_REPORT_TRADE,
                         .segments = segments,
                         .segment_cnt = PH_FILLS_PER_COMMAND_MAX};
    phg_bytes b = phg_translate_report(translator, &report);
    ck_assert_ptr_nonnull(b.p);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->messages[0]->execution_report->n_segments, PH_FILLS_PER_COMMAND_MAX);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    char text[PHG_WHY_SIZE];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    b = phg_translate_refused(translator, PHG_REFUSAL_MALFORMED, text);
    f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    ck_assert_str_eq(f->messages[0]->session_refused->text, text);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

/* The first answer of a translator, so that it has no room yet. */
START_TEST(an_answer_without_rows_is_an_answer)
{
    const ph_answer answer = {.kind = (ph_query_kind)(PH_QUERY_PREVIEW + _i), .seq = 3};
    phg_bytes b = phg_translate_answer(translator, 9, &answer);
    ck_assert_ptr_nonnull(b.p);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
    ck_assert(f && f->n_messages == 1);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(a_done_result_says_nothing_of_rejects)
{
    phg_result result = {.number = 3, .request = 4, .command = PH_CMD_MASS_CANCEL, .count = 5};
    phg_bytes b = phg_translate_result(translator, &result);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    ck_assert_str_eq(f->messages[0]->command_result->reject_name, "");
    ck_assert_str_eq(f->messages[0]->command_result->command, "MASS_CANCEL");
    ck_assert_uint_eq(f->messages[0]->command_result->count, 5);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_busy_is_what_protobuf_writes);
    tcase_add_test(t, framed_messages_make_a_frame);
    tcase_add_test(t, a_picture_reads_back);
    tcase_add_test(t, long_texts_and_many_segments_get_room);
    tcase_add_loop_test(t, an_answer_without_rows_is_an_answer, 0, 6);
    tcase_add_test(t, a_done_result_says_nothing_of_rejects);
}

int main(void)
{
    return suite_run("translate_out", add);
}
