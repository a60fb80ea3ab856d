/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_client.c - everything that a customer's program reads from others.

    The first byte chooses the door: canonical bytes of a contract, a signed note, a gateway's
    frame, a market data frame, text, sealed access and a signed report.  A customer trusts its
    gateway, but not with its memory. */
#include "clients/lib/decode.h"
#include "clients/lib/note.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 65536, DOORS = 6 };

static void read_contract(const uint8_t *bytes, size_t size)
{
    static phc_segment segments[SEGMENTS_MAX];
    phc_contract c;
    if (phc_contract_read(bytes, size, segments, SEGMENTS_MAX, &c) != PHC_OK) return;
    /* What is accepted adds up. */
    int64_t sum = 0, part = 0;
    for (uint32_t i = 0; i < c.segment_cnt; i++) {
        const phc_segment *s = &segments[i];
        if (!phc_notional(s->price, s->quantity, s->periods, &part)) abort();
        sum += part;
    }
    if (sum != c.notional) abort();
}

static void read_note(const uint8_t *bytes, size_t size)
{
    static const uint8_t key[32] = {1};
    phc_checkpoint c;
    if (phc_note_verify((const char *)bytes, size, "m", key)) abort(); /* a forged signature */
    (void)phc_checkpoint_read((const char *)bytes, size, "m", &c);
}

static void read_notice(const Petahour__V1__GatewayMessage *m)
{
    phc_delivery d;
    phc_delivery_final f;
    phc_access a;
    phc_cash k;
    static phc_movement movements[PHC_MOVEMENTS_MAX];
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DELIVERY_NOTICE &&
        phc_decode_delivery(m->delivery_notice, &d) && phc_delivery_step_text(d.step) == NULL)
        abort();
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DELIVERY_FINAL &&
        phc_decode_final(m->delivery_final, &f) && f.delivered > f.promised)
        abort();
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ACCESS_HANDED_OVER)
        phc_decode_access(m->access_handed_over, &a);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CASH_MOVEMENTS)
        (void)phc_decode_cash(m->cash_movements, movements, &k);
}

static void read_answer(const Petahour__V1__GatewayMessage *m)
{
    static phc_answer_room rows;
    phc_preview p;
    phc_why w;
    phc_depth d;
    phc_open_orders o;
    phc_positions l;
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_PREVIEW_ANSWER)
        (void)phc_decode_preview(m->preview_answer, &rows, &p);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_WHY_ANSWER)
        phc_decode_why(m->why_answer, &w);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DEPTH_ANSWER)
        (void)phc_decode_depth(m->depth_answer, &rows, &d);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ORDERS_ANSWER)
        (void)phc_decode_open_orders(m->orders_answer, &rows, &o);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_POSITIONS_ANSWER)
        (void)phc_decode_positions(m->positions_answer, &rows, &l);
}

/* Nobody seals for this key, and nobody signs with that one. */
static void read_forged(const uint8_t *bytes, size_t size)
{
    static const phc_key key = {.sign_seed = {1}};
    static const uint8_t sign_key[32] = {1};
    uint8_t opened[PHC_SEALED_MAX], signature[PHC_SIGNATURE_BYTES] = {0};
    size_t opened_size = 0;
    if (phc_access_open(&key, bytes, size, opened, &opened_size) == PHC_OK) abort();
    phc_delivery_report r = {.contract = size};
    memcpy(signature, bytes, size < sizeof signature ? size : sizeof signature);
    if (phc_delivery_report_verify(&r, "m", 1, sign_key, signature) == PHC_OK) abort();
}

static void read_message(const Petahour__V1__GatewayMessage *m, phc_segments *room)
{
    phc_logon l;
    phc_report r;
    phc_result result;
    phc_signed_contract s;
    phc_catalogue_row row;
    phc_catalogue_entry e;
    uint8_t root[32];
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGON_ACCEPTED)
        (void)phc_decode_logon(m->logon_accepted, &l);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT)
        (void)phc_decode_report(m->execution_report, room, &r);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_COMMAND_RESULT)
        phc_decode_result(m->command_result, &result);
    if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_ENTRY &&
        phc_decode_catalogue(m->catalogue_entry, &row, &e)) {
        /* What is accepted has words. */
        if (e.participant != NULL && phc_participant_state_text(e.participant->state) == NULL)
            abort();
        if (e.product != NULL &&
            (phc_product_state_text(e.product_state) == NULL || phc_phase_text(e.phase) == NULL))
            abort();
    }
    read_notice(m);
    read_answer(m);
    if (m->message_case != PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CONTRACT) return;
    phc_decode_contract(m->contract, &s);
    (void)phc_proof_fold(&s, root);
    read_contract(s.canonical, s.canonical_size);
}

static void read_frame(const uint8_t *bytes, size_t size, phc_segments *room)
{
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, size, bytes);
    if (f == NULL) return;
    for (size_t i = 0; i < f->n_messages; i++)
        read_message(f->messages[i], room);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}

static void read_market_data(const uint8_t *bytes, size_t size, phc_segments *room)
{
    Petahour__V1__MarketDataFrame *f = petahour__v1__market_data_frame__unpack(NULL, size, bytes);
    if (f == NULL) return;
    phc_public_trade t;
    phc_best_prices b;
    for (size_t i = 0; i < f->n_trades; i++)
        (void)phc_decode_public_trade(f->trades[i], f->product, room, &t);
    for (size_t i = 0; i < f->n_best_prices; i++)
        phc_decode_best_prices(f->best_prices[i], f->product, &b);
    petahour__v1__market_data_frame__free_unpacked(f, NULL);
}

static void read_text(const uint8_t *bytes, size_t size)
{
    char text[256], to[40], z85[41];
    int64_t money;
    uint64_t number;
    uint32_t roles;
    uint8_t key[32];
    if (size >= sizeof text) return;
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (phc_money_parse(text, &money) == PHC_OK) {
        int64_t again = -1;
        if (phc_money_parse(phc_money_text(money, to), &again) != PHC_OK || again != money) abort();
    }
    if (phc_time_parse(text, &number) == PHC_OK) {
        uint64_t again = 0;
        if (phc_time_parse(phc_time_text(number, to), &again) != PHC_OK || again != number) abort();
    }
    (void)phc_roles_parse(text, &roles);
    (void)phc_hex_parse(text, key, sizeof key);
    if (phc_z85_parse(text, key) == PHC_OK && strcmp(phc_z85_text(key, z85), text) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    phc_segments room = {0};
    if (size == 0) return 0;
    if (bytes[0] % DOORS == 0) read_contract(bytes + 1, size - 1);
    if (bytes[0] % DOORS == 1) read_note(bytes + 1, size - 1);
    if (bytes[0] % DOORS == 2) read_frame(bytes + 1, size - 1, &room);
    if (bytes[0] % DOORS == 3) read_market_data(bytes + 1, size - 1, &room);
    if (bytes[0] % DOORS == 4) read_text(bytes + 1, size - 1);
    if (bytes[0] % DOORS == 5) read_forged(bytes + 1, size - 1);
    free(room.v);
    return 0;
}
