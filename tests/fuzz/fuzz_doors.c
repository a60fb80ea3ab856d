/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_doors.c - what reaches a gateway before, beside and below a session.

    The first byte chooses: the parts of an authentication request, the User-Id that comes back, a
    subscription, a frame between our own processes, or a series of logons, messages and moments
    that a session lives through. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/link/frame.h"
#include "gateway/doors/zap.h"
#include "gateway/entry/session.h"
#include "gateway/market_data/market_data.h"
#include "gateway/replica/replica.h"

static const uint8_t *at, *end;

static uint8_t byte(void)
{
    return at < end ? *at++ : 0;
}

static phg_replica replica;

static void open_market(void)
{
    if (replica.translator) return;
    PH_ASSERT(phg_replica_init(&replica) == PH_OK);
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .seq = 1};
    c.u.open_market = (ph_open_market){.rules_version = 1, .market = {"m"}, .currency = "USD"};
    memset(c.u.open_market.operator_curve_key.b, 'k', sizeof c.u.open_market.operator_curve_key.b);
    ph_event done = {.kind = PH_EVT_DONE, .u.done = {PH_CMD_OPEN_MARKET, 0}};
    PH_ASSERT(phg_catalogue_take(&replica.catalogue, &c, &done) == PH_OK);
    PH_ASSERT(phg_private_streams_reach(&replica.streams, 1) == PH_OK);
}

/* Nobody is let in but the key that is registered, and that one only in a request as it should
   be. */
static void fuzz_zap(void)
{
    phg_zap_part parts[PHG_ZAP_PARTS_MAX];
    uint32_t cnt = 0;
    while (at < end && cnt < PHG_ZAP_PARTS_MAX) {
        size_t size = byte();
        if (size > (size_t)(end - at)) size = (size_t)(end - at);
        parts[cnt++] = (phg_zap_part){at, size};
        at += size;
    }
    phg_zap_answer a = phg_zap_decide(parts, cnt, &replica.catalogue, false);
    PH_ASSERT(strcmp(a.status, "200") == 0 || strcmp(a.status, "400") == 0 ||
              strcmp(a.status, "500") == 0);
    bool is_in = a.status[0] == '2';
    PH_ASSERT(is_in == (phg_zap_user(a.user_id) != 0));
    if (!is_in) return;
    PH_ASSERT(cnt == 7 && parts[6].size == 32 && parts[5].size == 5);
    for (size_t i = 0; i < 32; i++)
        PH_ASSERT(((const uint8_t *)parts[6].p)[i] == 'k');
}

static void fuzz_user(void)
{
    char text[32] = "";
    for (size_t i = 0; at < end && i < sizeof text - 1; i++)
        text[i] = (char)byte();
    uint32_t number = phg_zap_user(text);
    const phg_participant *who = phg_catalogue_of_key(&replica.catalogue, number);
    PH_ASSERT(!who || number == 1);
}

/* A topic of one stream is written again as it was; a request begins behind its question mark. */
static void fuzz_topic(void)
{
    phg_topic topic = {0};
    char again[PHG_TOPIC_SIZE + 1];
    size_t size = (size_t)(end - at);
    if (phg_topic_read(at, size, &topic) != PH_OK) return;
    PH_ASSERT(topic.is_request || topic.first == 0);
    if (topic.product.v == 0) {
        PH_ASSERT(size == 1);
        return;
    }
    phg_topic_write(again, topic.kind, topic.product);
    PH_ASSERT(size >= PHG_TOPIC_SIZE + (size_t)topic.is_request);
    PH_ASSERT(memcmp(again, at + topic.is_request, PHG_TOPIC_SIZE) == 0);
}

static void fuzz_link(void)
{
    ph_frame f = {0};
    uint8_t head[PH_FRAME_SMALL_MAX];
    size_t size = (size_t)(end - at);
    if (ph_frame_read(at, size, &f) != PH_OK) return;
    ph_writer w = ph_writer_of(head, sizeof head);
    ph_frame_write(&w, &f);
    PH_ASSERT(!w.full && ph_writer_size(&w) + f.body_size == size);
    PH_ASSERT(memcmp(head, at, ph_writer_size(&w)) == 0);
    ph_reader r = ph_reader_of(f.body, f.body_size);
    ph_item item;
    const uint8_t *bytes;
    uint32_t command_size;
    for (uint32_t i = 0; i < f.cnt && !r.bad; i++) {
        if (f.kind == PH_FRAME_ITEMS && ph_item_read(&r, &item))
            PH_ASSERT(ph_item_span(item.bytes - PH_ITEM_HEAD_SIZE,
                                   item.size + (size_t)PH_ITEM_HEAD_SIZE,
                                   item.number) == item.size + (size_t)PH_ITEM_HEAD_SIZE);
        if (f.kind == PH_FRAME_COMMANDS && ph_frame_command(&r, &bytes, &command_size))
            PH_ASSERT(command_size >= 1 && command_size <= PH_COMMAND_BYTES_MAX);
        if (f.kind != PH_FRAME_ITEMS && f.kind != PH_FRAME_COMMANDS) return;
    }
}

static uint64_t number(void)
{
    uint64_t small = byte();
    return small < 250 ? small : UINT64_MAX - small;
}

/* What is owed is written in frames that have at least one message and never end in nothing. */
static void fuzz_session(void)
{
    static phg_out_frame out;
    static phg_session s;
    static phg_busy busy[PHG_BUSY_MAX];
    uint64_t now_ns = 0;
    const phg_session_view view = {&replica.catalogue, &replica.streams, replica.translator,
                                   &replica.entered};
    s = (phg_session){.silence_seconds = 3, .busy = busy};
    while (at < end && s.state != PHG_SESSION_CLOSED) {
        phg_refusal why;
        char text[PHG_WHY_SIZE];
        phg_logon logon = {.protocol_version = 1, .receive = true};
        uint8_t what = byte();
        now_ns += byte() * UINT64_C(100000000);
        switch (what % 9) {
        case 0:
            logon.next_report = number();
            logon.next_contract = number();
            logon.next_countersignature = number();
            if (s.state == PHG_SESSION_NEW || s.state == PHG_SESSION_READY)
                (void)phg_session_logon(
                    &s, (ph_participant_id){1}, &logon,
                    phg_private_streams_of(&replica.streams, (ph_participant_id){1}), &why, text);
            break;
        case 1: phg_session_logout(&s); break;
        case 2: phg_session_refuse(&s, PHG_REFUSAL_MALFORMED, "x"); break;
        case 3: phg_session_heard(&s, now_ns); break;
        case 4: phg_session_time(&s, now_ns); break;
        case 5: phg_session_busy(&s, number(), number(), now_ns); break;
        case 6: (void)phg_session_holds(&s, number(), now_ns); break;
        case 7: (void)phg_session_list(&s, number()); break;
        default: s.owes_limits = true;
        }
        for (int i = 0; phg_session_owes(&s, &view); i++) {
            PH_ASSERT(i < 64 && phg_session_fill(&s, &view, now_ns, &out) == PH_OK);
            PH_ASSERT(out.cnt >= 1 && out.size >= 2);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    open_market();
    /* A copy of its own, so that a byte read behind it is noticed. */
    uint8_t *copy = malloc(size);
    if (!copy) return 0;
    memcpy(copy, bytes, size);
    at = copy + 1;
    end = copy + size;
    switch (copy[0] % 5) {
    case 0: fuzz_zap(); break;
    case 1: fuzz_user(); break;
    case 2: fuzz_topic(); break;
    case 3: fuzz_link(); break;
    default: fuzz_session();
    }
    free(copy);
    return 0;
}
