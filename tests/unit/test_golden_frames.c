/* SPDX-License-Identifier: Apache-2.0 */
/* long: every message that a gateway sends */
/* Golden frames of the gateway: what each message that it sends looks like on the wire, and that
   the client library reads every field of it.

   tests/golden/frames/gateway.txt has one line per message: its name and the message as an element
   of a frame, in hexadecimal.  A line is added for a new message and never edited.

   PH_GOLDEN_WRITE=1 appends the lines that are missing. */
#include "clients/lib/decode.h"
#include "gateway/translate/translate.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192 };

static phg_translator *translator;
static const phg_place place = {7, 1234, {1796083200000000000}};
static phc_segments room;

typedef Petahour__V1__GatewayMessage gateway_message;

static phg_bytes report(phg_report_type type)
{
    static ph_event segments[2] = {
        {.kind = PH_EVT_SEGMENT, .u.segment = {{498912, 24}, 8, 2500000}},
        {.kind = PH_EVT_SEGMENT, .u.segment = {{498936, 24}, 4, 2600000}}};
    static const ph_new_order order = {
        41,      {7},        PH_SIDE_BUY, PH_SHAPE_FLEX, {498912, 48}, 24, 8,
        2500000, PH_TIF_GTT, {99},        true,          true,         4,  PH_STP_CANCEL_RESTING,
        {98}};
    phg_report r = {.number = 7,
                    .seq = 1234,
                    .at = {1796083200000000000},
                    .type = type,
                    .order = {17},
                    .client_order_id = 41,
                    .leaves = 384,
                    .as_understood = type == PHG_REPORT_ACCEPTED ? &order : NULL,
                    .hold = 480000000,
                    .code = type == PHG_REPORT_REJECTED ? PH_REJECT_PRICE_TICK : PH_REJECT_NONE,
                    .arg0 = 15,
                    .arg1 = -10,
                    .trade = {5},
                    .contract = {6},
                    .product = {7},
                    .side = PH_SIDE_SELL,
                    .taker = true,
                    .segments = segments,
                    .segment_cnt = type == PHG_REPORT_TRADE ? 2 : 0,
                    .notional = 1000,
                    .fee = 15,
                    .bond = 70,
                    .cancel_reason = PH_CANCEL_GATE,
                    .period = 498913,
                    .ended = 3,
                    .quantity = 12,
                    .price = 2400000,
                    .group = {16},
                    .from_contract = {4},
                    .premium = 99,
                    .fee_at_trade = 3};
    return phg_translate_report(translator, &r);
}

static void check_report(const gateway_message *m, phc_report_type type)
{
    phc_report r;
    ck_assert(phc_decode_report(m->execution_report, &room, &r));
    ck_assert_int_eq(r.type, type);
    ck_assert(r.stream_number == 7 && r.sequence == 1234 && r.at == UINT64_C(1796083200000000000));
    ck_assert(r.order == 17 && r.client_order_id == 41 && r.leaves == 384 && r.hold == 480000000);
    ck_assert(r.trade == 5 && r.contract == 6 && r.product == 7 && r.side == PHC_SELL && r.taker);
    ck_assert(r.notional == 1000 && r.fee == 15 && r.bond == 70 && r.period == 498913);
    ck_assert(r.ended == 3 && r.quantity == 12 && r.price == 2400000 && r.group == 16);
    ck_assert(r.from_contract == 4 && r.premium == 99 && r.fee_at_trade == 3);
    ck_assert_str_eq(r.cancel_reason, "GATE");
    ck_assert_uint_eq(r.segment_cnt, type == PHC_TRADE ? 2 : 0);
    if (type == PHC_TRADE) ck_assert(r.segments[1].quantity == 4 && r.segments[1].price == 2600000);
    if (type == PHC_REJECTED) ck_assert_str_eq(r.reject_name, "PRICE_TICK");
    if (type == PHC_REJECTED) ck_assert(r.reject_arg0 == 15 && r.reject_arg1 == -10);
    const phc_order *o = &r.as_understood;
    if (type == PHC_ACCEPTED)
        ck_assert(o->duration == 24 && o->expire_at == 99 && o->post_only && o->all_or_none &&
                  o->display_quantity == 4 && o->from_contract == 98 && o->price == 2500000);
}

#define REPORT(name, give, type)                       \
    static phg_bytes write_##name(void)                \
    {                                                  \
        return report(give);                           \
    }                                                  \
    static void check_##name(const gateway_message *m) \
    {                                                  \
        check_report(m, type);                         \
    }

REPORT(accepted, PHG_REPORT_ACCEPTED, PHC_ACCEPTED)
REPORT(rejected, PHG_REPORT_REJECTED, PHC_REJECTED)
REPORT(trade, PHG_REPORT_TRADE, PHC_TRADE)
REPORT(cancelled, PHG_REPORT_CANCELLED, PHC_CANCELLED)
REPORT(period_lost, PHG_REPORT_PERIOD_LOST, PHC_PERIOD_LOST)
REPORT(replaced, PHG_REPORT_REPLACED, PHC_REPLACED)
REPORT(clip_shown, PHG_REPORT_CLIP_SHOWN, PHC_CLIP_SHOWN)
REPORT(assigned, PHG_REPORT_ASSIGNED, PHC_ASSIGNED)

static phg_bytes write_result(void)
{
    phg_result r = {7, 1234, {5}, 9, PH_CMD_NEW_GROUP, PH_REJECT_DUPLICATE, 41, 0, 12, 2, 41, {17}};
    return phg_translate_result(translator, &r);
}

static void check_result(const gateway_message *m)
{
    phc_result r;
    phc_decode_result(m->command_result, &r);
    ck_assert(r.stream_number == 7 && r.sequence == 1234 && r.at == 5 && r.request == 9);
    ck_assert_str_eq(r.command, "NEW_GROUP");
    ck_assert_str_eq(r.reject_name, "DUPLICATE");
    ck_assert(r.reject_code == 5 && r.reject_arg0 == 41 && r.count == 12 && r.member == 2);
    ck_assert(r.client_order_id == 41 && r.order == 17);
}

static phg_bytes write_delivery(void)
{
    ph_delivery_event e = {{6}, 498912, PH_DELIVERY_REPORTED, {3}, 28800, {77}};
    ph_report_delivery r = {{6}, 498912, 28800, 5600, {{0x51}}};
    return phg_translate_delivery(translator, &place, &e, e.by, &r);
}

static void check_delivery(const gateway_message *m)
{
    phc_delivery d;
    ck_assert(phc_decode_delivery(m->delivery_notice, &d));
    ck_assert(d.stream_number == 7 && d.sequence == 1234 && d.contract == 6 && d.period == 498912);
    ck_assert(d.step == PHC_DELIVERY_REPORTED && d.by == 3 && d.figure == 28800 && d.due == 77);
    ck_assert(d.energy_wh == 5600 && d.is_signed && d.signature[0] == 0x51);
}

static phg_bytes write_final(void)
{
    ph_delivery_final f = {{6}, 498912, PH_FINAL_RESOLVED, 20000, 28800};
    return phg_translate_final(translator, &place, &f);
}

static void check_final(const gateway_message *m)
{
    phc_delivery_final f;
    ck_assert(phc_decode_final(m->delivery_final, &f));
    ck_assert(f.contract == 6 && f.period == 498912 && f.cause == PHC_FINAL_RESOLVED);
    ck_assert(f.delivered == 20000 && f.promised == 28800 && f.stream_number == 7);
}

static phg_bytes write_access(void)
{
    ph_hand_over_access a = {{6}, 4, {1, 2, 3, 4}};
    return phg_translate_access(translator, &place, &a);
}

static void check_access(const gateway_message *m)
{
    phc_access a;
    phc_decode_access(m->access_handed_over, &a);
    ck_assert(a.contract == 6 && a.sealed_size == 4 && a.sealed[3] == 4 && a.stream_number == 7);
}

static phg_bytes write_cash(void)
{
    phg_movement v[] = {{PH_TRANSFER_DEPOSIT, 1000, {0}}, {PH_TRANSFER_NOTIONAL, -600, {6}}};
    return phg_translate_cash(translator, &place, v, 2, 400, "payment 1");
}

static void check_cash(const gateway_message *m)
{
    phc_cash k;
    phc_movement v[PHC_MOVEMENTS_MAX];
    ck_assert(phc_decode_cash(m->cash_movements, v, &k));
    ck_assert(k.movement_cnt == 2 && k.cash == 400 && v[0].amount == 1000 && v[1].amount == -600);
    ck_assert_str_eq(v[0].reason, "DEPOSIT");
    ck_assert_str_eq(v[0].reference, "payment 1");
    ck_assert_str_eq(v[1].reference, "");
    ck_assert_uint_eq(v[1].contract, 6);
}

static phg_bytes logon_accepted(uint64_t last_countersignature)
{
    static ph_open_market market = {.market = {"market.example"}, .currency = "USD"};
    memset(market.notary_sign_key.b, 0x99, 32);
    phg_logon_accepted a = {.participant = {4},
                            .roles = 3,
                            .last_report = 100,
                            .last_contract = 50,
                            .last_countersignature = last_countersignature,
                            .last_client_order_id = 41,
                            .market = &market,
                            .silence_seconds = 15};
    return phg_translate_logon_accepted(translator, &a);
}

static phg_bytes write_logon_accepted(void)
{
    return logon_accepted(0);
}

static phg_bytes write_logon_accepted_signed(void)
{
    return logon_accepted(49);
}

static void check_logon_accepted(const gateway_message *m)
{
    phc_logon l;
    ck_assert(phc_decode_logon(m->logon_accepted, &l));
    ck_assert(l.participant == 4 && l.roles == 3 && l.last_report == 100 && l.last_contract == 50);
    ck_assert(l.last_client_order_id == 41 && l.silence_seconds == 15);
    ck_assert_str_eq(l.market, "market.example");
}

static void check_logon_accepted_signed(const gateway_message *m)
{
    phc_logon l;
    check_logon_accepted(m);
    ck_assert(phc_decode_logon(m->logon_accepted, &l));
    ck_assert_uint_eq(l.last_countersignature, 49);
}

static phg_bytes write_logon_accepted_copy(void)
{
    static ph_open_market market = {.market = {"market.example"}, .currency = "USD"};
    phg_logon_accepted a = {.participant = {4},
                            .roles = 8,
                            .market = &market,
                            .silence_seconds = 15,
                            .cancel_on_disconnect = true,
                            .copy_of = {3}};
    return phg_translate_logon_accepted(translator, &a);
}

static void check_logon_accepted_copy(const gateway_message *m)
{
    phc_logon l;
    ck_assert(phc_decode_logon(m->logon_accepted, &l));
    ck_assert(l.participant == 4 && l.copy_of == 3 && l.cancel_on_disconnect);
}

static phg_bytes limits(uint32_t open_orders_max)
{
    phg_limits l = {.messages = {1, 2, 3},
                    .session_messages = {4, 5, 6},
                    .questions = {7, 8, 9},
                    .sessions = 10,
                    .sessions_max = 11,
                    .open_orders = 12,
                    .under_way = 13,
                    .under_way_max = 14,
                    .open_orders_max = open_orders_max};
    return phg_translate_limits(translator, &l);
}

static phg_bytes write_limits(void)
{
    return limits(0);
}

static phg_bytes write_limits_all(void)
{
    return limits(15);
}

static void check_limits(const gateway_message *m)
{
    phc_limits l;
    phc_decode_limits(m->limits, &l);
    ck_assert(l.messages.per_second == 1 && l.messages.burst == 2 && l.messages.left == 3);
    ck_assert(l.session_messages.per_second == 4 && l.session_messages.burst == 5);
    ck_assert(l.session_messages.left == 6 && l.questions.per_second == 7);
    ck_assert(l.questions.burst == 8 && l.questions.left == 9);
    ck_assert(l.sessions == 10 && l.sessions_max == 11 && l.open_orders == 12);
    ck_assert(l.under_way == 13 && l.under_way_max == 14);
}

static void check_limits_all(const gateway_message *m)
{
    check_limits(m);
    ck_assert_uint_eq(m->limits->open_orders_max, 15);
}

/* With what was added later. */
static phg_bytes write_limits_of_connections(void)
{
    phg_limits l = {.sessions = 1,
                    .control = {16, 17, 18},
                    .refused = {19, 20, 21},
                    .questions_under_way = 22,
                    .questions_under_way_max = 23,
                    .connections = 24,
                    .market_data_connections = 25,
                    .connections_max = 26,
                    .mute_connections = 27,
                    .mute_connections_max = 28,
                    .busy_waiting = 29,
                    .busy_waiting_max = 30};
    return phg_translate_limits(translator, &l);
}

static void check_limits_of_connections(const gateway_message *m)
{
    phc_limits l;
    phc_decode_limits(m->limits, &l);
    ck_assert(l.control.per_second == 16 && l.control.burst == 17 && l.control.left == 18);
    ck_assert(l.refused.per_second == 19 && l.refused.burst == 20 && l.refused.left == 21);
    ck_assert(l.questions_under_way == 22 && l.questions_under_way_max == 23);
    ck_assert(l.connections == 24 && l.market_data_connections == 25 && l.connections_max == 26);
    ck_assert(l.mute_connections == 27 && l.mute_connections_max == 28);
    ck_assert(l.busy_waiting == 29 && l.busy_waiting_max == 30);
}

static phg_bytes write_countersignature(void)
{
    ph_countersignature c = {.contract = {6},
                             .seq = 1234,
                             .at = {1796083200000000000},
                             .participant = {4},
                             .holds = true,
                             .key = {{0x77}},
                             .leaf = {{0x88}},
                             .signature = {{0x51}}};
    return phg_translate_countersignature(translator, 7, &c);
}

static void check_countersignature(const gateway_message *m)
{
    phc_countersignature c;
    ck_assert(phc_decode_countersignature(m->countersignature, &c));
    ck_assert(c.stream_number == 7 && c.contract == 6 && c.sequence == 1234 && c.participant == 4);
    ck_assert(c.at == UINT64_C(1796083200000000000) && c.key[0] == 0x77 && c.leaf_hash[0] == 0x88);
    ck_assert_uint_eq(c.signature[0], 0x51);
    ck_assert_int_eq(m->countersignature->verdict, 1);
}

static phg_bytes write_notary_key(void)
{
    phg_notary_key k = {1234, {{{0x99}}, {{0x52}}, {{0x53}}}};
    return phg_translate_notary_key(translator, &k);
}

static void check_notary_key(const gateway_message *m)
{
    phc_notary_change n;
    ck_assert(phc_decode_notary_key(m->notary_key, &n));
    ck_assert(n.sequence == 1234 && n.key[0] == 0x99);
    ck_assert(n.proof[0] == 0x52 && n.endorsement[0] == 0x53);
}

static phg_bytes write_refused(void)
{
    return phg_translate_refused(translator, PHG_REFUSAL_SILENT, "nothing was heard");
}

static void check_refused(const gateway_message *m)
{
    ck_assert_int_eq(m->session_refused->reason, 6);
    ck_assert_str_eq(m->session_refused->text, "nothing was heard");
}

static phg_bytes write_busy(void)
{
    return phg_translate_busy(translator, &(phg_busy){9, 41, false});
}

static void check_busy(const gateway_message *m)
{
    ck_assert(m->busy->request == 9 && m->busy->client_order_id == 41);
}

static phg_bytes write_full(void)
{
    return phg_translate_busy(translator, &(phg_busy){9, 41, true});
}

static void check_full(const gateway_message *m)
{
    ck_assert(m->busy->request == 9 && m->busy->client_order_id == 41 && m->busy->open_orders);
}

static ph_answer answer;
static phc_answer_room rows_room;

static phg_bytes write_preview(void)
{
    answer = (ph_answer){.kind = PH_QUERY_PREVIEW, .seq = 1234, .cnt = 2};
    answer.u.preview = (ph_answer_preview){.hold = 1,
                                           .hold_after = 2,
                                           .executed = 3,
                                           .left = 4,
                                           .ends = PH_CANCEL_IOC,
                                           .notional = 5,
                                           .fee = 6,
                                           .fee_at_trade = 7,
                                           .bond = 8,
                                           .contracts = 9,
                                           .fill_cnt = 10};
    answer.rows.fills[0] = (ph_answer_fill){498912, 2500000, 8};
    answer.rows.fills[1] = (ph_answer_fill){498913, 2600000, 4};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_preview(const gateway_message *m)
{
    phc_preview p;
    ck_assert(phc_decode_preview(m->preview_answer, &rows_room, &p));
    ck_assert(p.request == 9 && p.sequence == 1234 && p.hold == 1 && p.hold_after == 2);
    ck_assert(p.executed == 3 && p.left == 4 && p.notional == 5 && p.fee == 6 && p.bond == 8);
    ck_assert(p.fee_at_trade == 7 && p.contracts == 9 && p.fill_count == 10 && p.fill_cnt == 2);
    ck_assert_str_eq(p.ends, "IOC");
    ck_assert(p.fills[1].period == 498913 && p.fills[1].price == 2600000 && p.fills[1].units == 4);
}

/* With what was added later: 5 / 3. */
static phg_bytes write_preview_average(void)
{
    (void)write_preview();
    answer.u.preview.average = 1;
    return phg_translate_answer(translator, 9, &answer);
}

static void check_preview_average(const gateway_message *m)
{
    phc_preview p;
    check_preview(m);
    ck_assert(phc_decode_preview(m->preview_answer, &rows_room, &p));
    ck_assert_int_eq(p.average_price, 1);
}

static phg_bytes write_why(void)
{
    answer = (ph_answer){.kind = PH_QUERY_WHY, .seq = 1234, .cnt = 2};
    answer.u.why = (ph_answer_why){.price = 2,
                                   .price_reject = PH_REJECT_CASH_FOR_HOLD,
                                   .quantity = 3,
                                   .has_start = true,
                                   .start = 498913,
                                   .more_starts = true};
    answer.rows.products[1].v = 5;
    return phg_translate_answer(translator, 9, &answer);
}

static void check_why(const gateway_message *m)
{
    phc_why w;
    phc_decode_why(m->why_answer, &w);
    ck_assert(w.request == 9 && w.sequence == 1234 && w.price == 2 && w.quantity == 3);
    ck_assert(w.has_start && w.start == 498913 && w.more_starts && !w.fills && !w.unknown);
    ck_assert(w.product_cnt == 2 && w.products[1] == 5 && !w.more_quantities);
    ck_assert_str_eq(w.price_reject_name, "CASH_FOR_HOLD");
}

static phg_bytes write_why_more(void)
{
    answer = (ph_answer){.kind = PH_QUERY_WHY, .seq = 1234};
    answer.u.why = (ph_answer_why){.quantity = 3, .more_quantities = true};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_why_more(const gateway_message *m)
{
    phc_why w;
    phc_decode_why(m->why_answer, &w);
    ck_assert(w.quantity == 3 && w.more_quantities && !w.more_starts && w.product_cnt == 0);
}

static phg_bytes write_depth(void)
{
    answer = (ph_answer){.kind = PH_QUERY_DEPTH, .seq = 1234, .first = 498912, .cnt = 2};
    answer.rows.depth[1] = (ph_answer_depth){8, 20000000};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_depth(const gateway_message *m)
{
    phc_depth d;
    ck_assert(phc_decode_depth(m->depth_answer, &rows_room, &d));
    ck_assert(d.request == 9 && d.first_start == 498912 && d.row_cnt == 2 && !d.refused);
    ck_assert(d.rows[0].units == 0 && d.rows[1].units == 8 && d.rows[1].notional == 20000000);
}

static phg_bytes write_orders(void)
{
    answer = (ph_answer){.kind = PH_QUERY_ORDERS, .seq = 1234, .cnt = 1, .more = true};
    answer.rows.orders[0] = (ph_answer_order){{17},
                                              384,
                                              {.client_order_id = 41,
                                               .product = {7},
                                               .side = PH_SIDE_SELL,
                                               .shape = PH_SHAPE_EACH,
                                               .quantity = 8,
                                               .time_in_force = PH_TIF_GTC,
                                               .stp = PH_STP_CANCEL_INCOMING}};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_orders(const gateway_message *m)
{
    phc_open_orders o;
    ck_assert(phc_decode_open_orders(m->orders_answer, &rows_room, &o));
    ck_assert(o.request == 9 && o.order_cnt == 1 && o.more && o.orders[0].order == 17);
    ck_assert(o.orders[0].leaves == 384 && o.orders[0].terms.quantity == 8);
}

static phg_bytes write_positions(void)
{
    answer = (ph_answer){.kind = PH_QUERY_POSITIONS, .seq = 1234, .cnt = 1};
    answer.rows.positions[0] =
        (ph_answer_position){{6}, {4}, {7}, 2, {3}, {5}, {498912, 24}, 8, 1, 2, 28800, {77}};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_positions(const gateway_message *m)
{
    phc_positions l;
    ck_assert(phc_decode_positions(m->positions_answer, &rows_room, &l));
    const phc_position *p = &l.positions[0];
    ck_assert(l.request == 9 && l.position_cnt == 1 && p->contract == 6 && p->from_contract == 4);
    ck_assert(p->product == 7 && p->terms_version == 2 && p->buyer == 3 && p->supplier == 5);
    ck_assert(p->first_period == 498912 && p->periods == 24 && p->quantity == 8 && p->offered == 1);
    ck_assert(p->state == PHC_REPORTED && p->reported == 28800 && p->due == 77);
}

static phg_bytes write_balances(void)
{
    answer = (ph_answer){.kind = PH_QUERY_BALANCES, .seq = 1234};
    answer.u.balances = (ph_answer_balances){1, 2, 3, 4, 5, 6, 7, 8};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_balances(const gateway_message *m)
{
    phc_balances b;
    phc_decode_balances(m->balances_answer, &b);
    ck_assert(b.request == 9 && b.sequence == 1234 && b.cash == 1 && b.held == 2 && b.escrow == 3);
    ck_assert(b.bond == 4 && b.deposits == 5 && b.premiums == 6 && b.orders == 7 &&
              b.contracts == 8);
}

static phg_bytes write_order_status(void)
{
    answer = (ph_answer){.kind = PH_QUERY_STATUS, .seq = 1234};
    answer.u.status = (ph_answer_status){.outcome = PH_OUTCOME_CANCELLED,
                                         .order = {17},
                                         .client_order_id = 41,
                                         .product = {7},
                                         .side = PH_SIDE_BUY,
                                         .shape = PH_SHAPE_FLEX,
                                         .window = {498912, 48},
                                         .duration = 24,
                                         .price = 2500000,
                                         .quantity = 8,
                                         .unit_periods = 192,
                                         .executed = 96,
                                         .leaves = 5,
                                         .accepted_seq = 1200,
                                         .accepted_at = {1796083200000000000},
                                         .ended_seq = 1230,
                                         .ended_at = {1796083200000000001},
                                         .reason = PH_CANCEL_EXPIRED,
                                         .last_client_order_id = 43};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_order_status(const gateway_message *m)
{
    phc_order_status o;
    ck_assert(phc_decode_order_status(m->order_status_answer, &o));
    ck_assert(o.request == 9 && o.sequence == 1234 && o.state == PHC_ORDER_CANCELLED);
    ck_assert(o.order == 17 && o.client_order_id == 41 && o.product == 7 && o.side == PHC_BUY);
    ck_assert(o.shape == PHC_FLEX && o.first_period == 498912 && o.periods == 48);
    ck_assert(o.duration == 24 && o.price == 2500000 && o.quantity == 8 && o.unit_periods == 192);
    ck_assert(o.executed == 96 && o.leaves == 5 && o.last_client_order_id == 43);
    ck_assert(o.accepted_sequence == 1200 && o.accepted_at == 1796083200000000000);
    ck_assert(o.ended_sequence == 1230 && o.ended_at == 1796083200000000001);
    ck_assert_str_eq(o.cancel_reason, "EXPIRED");
    ck_assert(o.reject_code == 0 && o.reject_name[0] == '\0' && o.failed_client_order_id == 0);
}

static phg_bytes write_order_refused(void)
{
    answer = (ph_answer){.kind = PH_QUERY_STATUS, .seq = 1234};
    answer.u.status = (ph_answer_status){.outcome = PH_OUTCOME_REJECTED,
                                         .client_order_id = 42,
                                         .product = {7},
                                         .side = PH_SIDE_SELL,
                                         .shape = PH_SHAPE_BLOCK,
                                         .ended_seq = 1231,
                                         .reject = PH_REJECT_PRICE_TICK,
                                         .arg0 = 15,
                                         .arg1 = -10,
                                         .failed = 43};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_order_refused(const gateway_message *m)
{
    phc_order_status o;
    ck_assert(phc_decode_order_status(m->order_status_answer, &o));
    ck_assert(o.state == PHC_ORDER_REJECTED && o.order == 0 && o.client_order_id == 42);
    ck_assert(o.reject_code == PH_REJECT_PRICE_TICK && o.reject_arg0 == 15 && o.reject_arg1 == -10);
    ck_assert_str_eq(o.reject_name, "PRICE_TICK");
    ck_assert_str_eq(o.reject_text, ph_reject_text(PH_REJECT_PRICE_TICK));
    ck_assert(o.failed_client_order_id == 43 && o.ended_sequence == 1231);
    ck_assert(o.accepted_sequence == 0 && o.cancel_reason[0] == '\0');
}

static phg_bytes write_order_unknown(void)
{
    answer = (ph_answer){.kind = PH_QUERY_STATUS, .seq = 1234};
    answer.u.status = (ph_answer_status){
        .outcome = PH_OUTCOME_UNKNOWN, .client_order_id = 44, .last_client_order_id = 43};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_order_unknown(const gateway_message *m)
{
    phc_order_status o;
    ck_assert(phc_decode_order_status(m->order_status_answer, &o));
    ck_assert(o.state == PHC_ORDER_UNKNOWN && o.client_order_id == 44);
    ck_assert(o.last_client_order_id == 43 && o.sequence == 1234);
    /* A state that is no word of the protocol, and an order that has no side. */
    Petahour__V1__OrderStatusAnswer other = *m->order_status_answer;
    other.state = 7;
    ck_assert(!phc_decode_order_status(&other, &o));
    other.state = PETAHOUR__V1__ORDER_STATE__ORDER_STATE_FILLED;
    ck_assert(!phc_decode_order_status(&other, &o));
}

static ph_answer_contract resold_contract(void)
{
    return (ph_answer_contract){.contract = {17},
                                .from_contract = {12},
                                .product = {7},
                                .terms_version = 2,
                                .parts = 5,
                                .buyer = {4},
                                .supplier = {3},
                                .seller = {5},
                                .concluded_seq = 1200,
                                .concluded_at = {1796083200000000000},
                                .window = {498912, 48},
                                .notional = 445440000,
                                .unit_periods = 384,
                                .open = 96,
                                .resold = 192,
                                .delivered = 345000,
                                .paid = 110000000,
                                .supplier_fee = 165000,
                                .refunded = 1160000,
                                .penalty = 58000,
                                .compensation = 1740,
                                .ended_seq = 1230,
                                .ended_at = {1796083200000000001}};
}

static phg_bytes write_contracts(void)
{
    answer = (ph_answer){.kind = PH_QUERY_CONTRACTS, .seq = 1234, .more = true, .cnt = 2};
    answer.u.contracts = (ph_answer_contracts){18, 6, 9};
    answer.rows.contracts[0] = resold_contract();
    answer.rows.contracts[1] = (ph_answer_contract){
        .contract = {18}, .product = {7}, .parts = 2, .unit_periods = 8, .open = 8};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_contracts(const gateway_message *m)
{
    phc_contracts l;
    ck_assert(phc_decode_contracts(m->contracts_answer, &rows_room, &l));
    ck_assert(l.request == 9 && l.sequence == 1234 && l.contract_cnt == 2 && l.more);
    ck_assert(l.last == 18 && l.dropped == 6 && l.last_dropped == 9);
    const phc_contract_state *c = &l.contracts[0];
    ck_assert(c->contract == 17 && c->from_contract == 12 && c->product == 7);
    ck_assert(c->terms_version == 2 && c->parts == (PHC_PART_BUYER | PHC_PART_SELLER));
    ck_assert(c->buyer == 4 && c->supplier == 3 && c->seller == 5);
    ck_assert(c->concluded_sequence == 1200 && c->concluded_at == 1796083200000000000);
    ck_assert(c->first_period == 498912 && c->periods == 48 && c->notional == 445440000);
    ck_assert(c->unit_periods == 384 && c->open == 96 && c->resold == 192);
    ck_assert(c->delivered == 345000 && c->paid == 110000000 && c->supplier_fee == 165000);
    ck_assert(c->refunded == 1160000 && c->penalty == 58000 && c->compensation == 1740);
    ck_assert(c->ended_sequence == 1230 && c->ended_at == 1796083200000000001);
    c = &l.contracts[1];
    ck_assert(c->contract == 18 && c->parts == PHC_PART_SUPPLIER && c->ended_sequence == 0);
    /* More than all is open, or was sold on. */
    Petahour__V1__ContractState *row = m->contracts_answer->contracts[0];
    row->resold = 289;
    ck_assert(!phc_decode_contracts(m->contracts_answer, &rows_room, &l));
    row->resold = 0;
    row->open = 385;
    ck_assert(!phc_decode_contracts(m->contracts_answer, &rows_room, &l));
}

/* The longest answer still is a frame: every number takes all the bytes that it can. */
static phg_bytes write_contracts_all(void)
{
    answer = (ph_answer){
        .kind = PH_QUERY_CONTRACTS, .seq = UINT64_MAX, .more = true, .cnt = PH_QUERY_CONTRACTS_MAX};
    memset(&answer.u.contracts, 0xff, sizeof answer.u.contracts);
    memset(answer.rows.contracts, 0xff, sizeof answer.rows.contracts);
    for (int i = 0; i < PH_QUERY_CONTRACTS_MAX; i++)
        answer.rows.contracts[i].open = 0;
    return phg_translate_answer(translator, UINT64_MAX, &answer);
}

static phg_bytes write_statement(void)
{
    answer = (ph_answer){.kind = PH_QUERY_STATEMENT, .seq = 1234, .cnt = 2};
    answer.u.statement =
        (ph_answer_statement){.first_kept = 20700, .opening = 1000000, .closing = 555000};
    answer.rows.sums[0] = (ph_answer_sum){PH_TRANSFER_NOTIONAL, 3, 0, 445440};
    answer.rows.sums[1] = (ph_answer_sum){PH_TRANSFER_RESALE, 2, 1000, 560};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_statement(const gateway_message *m)
{
    phc_account_statement s;
    ck_assert(phc_decode_statement(m->statement_answer, &rows_room, &s));
    ck_assert(s.request == 9 && s.sequence == 1234 && !s.long_ago && s.first_kept == 20700);
    ck_assert(s.opening == 1000000 && s.closing == 555000 && s.sum_cnt == 2);
    ck_assert_str_eq(s.sums[0].reason, "NOTIONAL");
    ck_assert(s.sums[0].movements == 3 && s.sums[0].received == 0 && s.sums[0].paid == 445440);
    ck_assert_str_eq(s.sums[1].reason, "RESALE");
    ck_assert(s.sums[1].movements == 2 && s.sums[1].received == 1000 && s.sums[1].paid == 560);
    /* One that does not add up is no statement. */
    m->statement_answer->closing++;
    ck_assert(!phc_decode_statement(m->statement_answer, &rows_room, &s));
}

static phg_bytes write_statement_long_ago(void)
{
    answer = (ph_answer){.kind = PH_QUERY_STATEMENT, .seq = 1234};
    answer.u.statement = (ph_answer_statement){.is_long_ago = true, .first_kept = 20701};
    return phg_translate_answer(translator, 9, &answer);
}

static void check_statement_long_ago(const gateway_message *m)
{
    phc_account_statement s;
    ck_assert(phc_decode_statement(m->statement_answer, &rows_room, &s));
    ck_assert(s.long_ago && s.first_kept == 20701 && s.sum_cnt == 0);
}

#define ROW(name)                         \
    {                                     \
#name, write_##name, check_##name \
    }

static const struct {
    const char *name;
    phg_bytes (*write)(void);
    void (*check)(const gateway_message *m);
} rows[] = {
    ROW(accepted),
    ROW(rejected),
    ROW(trade),
    ROW(cancelled),
    ROW(period_lost),
    ROW(replaced),
    ROW(clip_shown),
    ROW(assigned),
    ROW(result),
    ROW(delivery),
    ROW(final),
    ROW(access),
    ROW(cash),
    ROW(logon_accepted),
    ROW(refused),
    ROW(busy),
    ROW(preview),
    ROW(preview_average),
    ROW(why),
    ROW(depth),
    ROW(orders),
    ROW(positions),
    ROW(balances),
    ROW(order_status),
    ROW(order_refused),
    ROW(order_unknown),
    ROW(contracts),
    ROW(statement),
    ROW(statement_long_ago),
    ROW(countersignature),
    ROW(notary_key),
    ROW(logon_accepted_signed),
    ROW(logon_accepted_copy),
    ROW(limits),
    ROW(limits_all),
    ROW(limits_of_connections),
    ROW(full),
    ROW(why_more),
};
enum { ROW_CNT = sizeof rows / sizeof rows[0] };

static const char *golden_path(void)
{
    const char *path = getenv("PH_GOLDEN_FRAMES");
    ck_assert_msg(path != NULL, "PH_GOLDEN_FRAMES names the file of frames");
    return path;
}

/* The bytes of one message; 0: it has no line. */
static size_t golden_bytes(const char *name, uint8_t *to, size_t max)
{
    static char line[LINE_MAX_BYTES];
    FILE *f = fopen(golden_path(), "re");
    size_t size = strlen(name), cnt = 0;
    while (f != NULL && cnt == 0 && fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, name, size) != 0 || line[size] != ' ') continue;
        cnt = strlen(line + size + 1) / 2;
        ck_assert(cnt <= max && phc_hex_parse(line + size + 1, to, cnt) == PHC_OK);
    }
    if (f != NULL) fclose(f);
    return cnt;
}

static void append_line(const char *name, phg_bytes b)
{
    char hex[LINE_MAX_BYTES];
    FILE *f = fopen(golden_path(), "ae");
    ck_assert_ptr_nonnull(f);
    fprintf(f, "%s %s\n", name, phc_hex_text(b.p, b.size, hex));
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(every_message_is_the_same_bytes_for_ever)
{
    uint8_t golden[LINE_MAX_BYTES / 2];
    phg_bytes b = rows[_i].write();
    size_t size = golden_bytes(rows[_i].name, golden, sizeof golden);
    if (size == 0 && getenv("PH_GOLDEN_WRITE") != NULL) append_line(rows[_i].name, b);
    ck_assert_msg(size != 0, "%s has no line in %s", rows[_i].name, golden_path());
    ck_assert_uint_eq(b.size, size);
    ck_assert_mem_eq(b.p, golden, size);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, size, golden);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->n_messages, 1);
    rows[_i].check(f->messages[0]);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(the_longest_page_of_contracts_is_a_frame)
{
    phg_bytes b = write_contracts_all();
    ck_assert_ptr_nonnull(b.p);
    ck_assert_uint_le(b.size, PHC_FRAME_BYTES_MAX - 2);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, b.size, b.p);
    ck_assert_ptr_nonnull(f);
    phc_contracts l;
    ck_assert(phc_decode_contracts(f->messages[0]->contracts_answer, &rows_room, &l));
    ck_assert(l.contract_cnt == PH_QUERY_CONTRACTS_MAX && l.contracts[255].delivered == UINT64_MAX);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

static void set_up(void)
{
    ck_assert_int_eq(phg_translator_open(&translator), PH_OK);
}

static void tear_down(void)
{
    phg_translator_close(translator);
    free(room.v);
    room = (phc_segments){0};
}

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, every_message_is_the_same_bytes_for_ever, 0, ROW_CNT);
    tcase_add_test(t, the_longest_page_of_contracts_is_a_frame);
}

int main(void)
{
    return suite_run("golden_frames", add);
}
