/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_translate.c - the gateway's door: any payload that a client may send.

    The first byte chooses the door: a frame of a client, a record, an item of the notary, or a
    question or answer between gateway and replica; some come after a market was opened and traded.
    A frame that is taken must give commands and questions that are written and read back equal:
    nothing that passes the door can trip an assertion behind it. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"
#include "gateway/replica/replica.h"

static void check_command(const ph_command *c)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX], again[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_command_write(&w, c);
    PH_ASSERT(!w.full);
    ph_command back;
    PH_ASSERT(ph_command_read(bytes, ph_writer_size(&w), &back) == PH_OK);
    ph_writer w2 = ph_writer_of(again, sizeof again);
    ph_command_write(&w2, &back);
    PH_ASSERT(ph_writer_size(&w2) == ph_writer_size(&w));
    PH_ASSERT(memcmp(bytes, again, ph_writer_size(&w)) == 0);
}

static void check_query(const ph_query *q)
{
    uint8_t bytes[PH_QUERY_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_query_write(&w, 1, q);
    PH_ASSERT(!w.full);
    ph_query back;
    uint64_t tag = 0;
    PH_ASSERT(ph_query_read(bytes, ph_writer_size(&w), &tag, &back) == PH_OK);
    PH_ASSERT(tag == 1 && back.kind == q->kind);
}

/* What a replica or a gateway might send each other. */
static void fuzz_link(const uint8_t *bytes, size_t size)
{
    static ph_answer answer;
    static uint8_t again[PH_ANSWER_BYTES_MAX];
    static phg_translator *translator;
    ph_query query;
    uint64_t tag = 0;
    if (!translator) PH_ASSERT(phg_translator_open(&translator) == PH_OK);
    if (ph_query_read(bytes, size, &tag, &query) == PH_OK) check_query(&query);
    if (ph_answer_read(bytes, size, &tag, &answer) != PH_OK) return;
    ph_writer w = ph_writer_of(again, sizeof again);
    ph_answer_write(&w, tag, &answer);
    PH_ASSERT(!w.full && ph_writer_size(&w) == size && memcmp(again, bytes, size) == 0);
    PH_ASSERT(phg_translate_answer(translator, 1, &answer).p != NULL);
}

static void fuzz_frame(const uint8_t *bytes, size_t size)
{
    static phg_translator *translator;
    static phg_in_frame frame;
    if (!translator) PH_ASSERT(phg_translator_open(&translator) == PH_OK);
    char why[PHG_WHY_SIZE] = "";
    if (!phg_translate_in(translator, bytes, size, &frame, why)) {
        PH_ASSERT(why[0] != '\0' && memchr(why, '\0', sizeof why));
        return;
    }
    PH_ASSERT(frame.cnt >= 1 && frame.cnt <= PHG_FRAME_MESSAGES_MAX);
    for (uint32_t i = 0; i < frame.cnt; i++) {
        if (frame.v[i].kind == PHG_IN_COMMAND) check_command(&frame.v[i].u.command);
        if (frame.v[i].kind == PHG_IN_QUERY) check_query(&frame.v[i].u.asked.query);
    }
}

enum { HOUR = 498912 }; /* 2026-12-01T00:00:00Z */

static void tell(phg_replica *r, ph_command c, const ph_event *events, uint32_t cnt)
{
    uint8_t command[PH_COMMAND_BYTES_MAX], told[16 * PH_EVENT_BYTES_MAX];
    uint8_t record[sizeof command + sizeof told + PH_RECORD_HEADER_SIZE];
    ph_writer cw = ph_writer_of(command, sizeof command);
    ph_writer ew = ph_writer_of(told, sizeof told);
    ph_writer w = ph_writer_of(record, sizeof record);
    c.seq = r->feed.seq + 1;
    c.at.ns = UINT64_C(1796083200000000000) + c.seq;
    ph_command_write(&cw, &c);
    for (uint32_t i = 0; i < cnt; i++)
        ph_event_write(&ew, &events[i]);
    ph_record_write(&w, c.seq, c.at, command, (uint32_t)ph_writer_size(&cw), told,
                    (uint32_t)ph_writer_size(&ew));
    PH_ASSERT(!w.full);
    PH_ASSERT(phg_replica_take_record(r, c.seq, record, ph_writer_size(&w)) == PH_OK);
}

static void tell_done(phg_replica *r, ph_command c)
{
    ph_event e = {.kind = PH_EVT_DONE, .u.done = {c.kind, 0}};
    tell(r, c, &e, 1);
}

static ph_command order(uint32_t sender, ph_side side)
{
    return (ph_command){.kind = PH_CMD_NEW_ORDER,
                        .sender = {sender},
                        .u.order = {.client_order_id = 1,
                                    .product = {1},
                                    .side = side,
                                    .shape = PH_SHAPE_EACH,
                                    .window = {HOUR + 9, 4},
                                    .quantity = 5,
                                    .price = 7,
                                    .time_in_force = PH_TIF_GTC,
                                    .display_quantity = side == PH_SIDE_SELL ? 2 : 0,
                                    .stp = PH_STP_CANCEL_INCOMING}};
}

/* A market with an iceberg of participant 2 that rests, and a contract. */
static void trade_once(phg_replica *r)
{
    ph_command open = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = {.rules_version = 1}};
    memcpy(open.u.open_market.market.s, "m", 2);
    memcpy(open.u.open_market.currency, "USD", 4);
    memcpy(open.u.open_market.operator_name.s, "o", 2);
    tell_done(r, open);
    for (uint32_t id = 2; id <= 3; id++) {
        ph_command p = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
        p.u.participant = (ph_register_participant){.id = {id}, .roles = 3, .name = {"p"}};
        memset(p.u.participant.curve_key.b, (int)id, 32);
        tell_done(r, p);
    }
    ph_command list = {.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    list.u.product = (ph_product_terms){.id = {1},
                                        .symbol = {"s"},
                                        .compute_type = PH_COMPUTE_AI,
                                        .architecture = PH_ARCH_GPU,
                                        .model = {"m"},
                                        .unit = {"u"},
                                        .period_seconds = 3600};
    tell_done(r, list);
    ph_event rests = {.kind = PH_EVT_ACCEPTED, .u.accepted = {{1}, 1, 0}};
    tell(r, order(2, PH_SIDE_SELL), &rests, 1);
    ph_event trades[] = {{.kind = PH_EVT_ACCEPTED, .u.accepted = {{2}, 2, 0}},
                         {.kind = PH_EVT_TRADE,
                          .u.trade = {.trade = {1},
                                      .contract = {1},
                                      .product = {1},
                                      .buyer = {3},
                                      .seller = {2},
                                      .supplier = {2},
                                      .buy_order = {2},
                                      .sell_order = {1},
                                      .buy_leaves = 19,
                                      .sell_leaves = 19,
                                      .taker = PH_SIDE_BUY,
                                      .segment_cnt = 1}},
                         {.kind = PH_EVT_SEGMENT, .u.segment = {{HOUR + 9, 1}, 1, 7}}};
    tell(r, order(3, PH_SIDE_BUY), trades, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    if (bytes[0] % 4 != 0) {
        if (bytes[0] % 4 == 1)
            fuzz_link(bytes + 1, size - 1);
        else
            fuzz_frame(bytes + 1, size - 1);
        return 0;
    }
    phg_replica r;
    PH_ASSERT(phg_replica_init(&r) == PH_OK);
    if (bytes[0] % 16 == 0) (void)phg_replica_take_record(&r, 1, bytes + 1, size - 1);
    if (bytes[0] % 16 == 8) {
        trade_once(&r);
        (void)phg_replica_take_record(&r, r.feed.seq + 1, bytes + 1, size - 1);
    }
    if (bytes[0] % 16 == 12) trade_once(&r);
    if (bytes[0] % 8 != 0) (void)phg_replica_take_sealed(&r, bytes + 1, size - 1);
    phg_replica_release(&r);
    return 0;
}
