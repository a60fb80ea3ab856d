/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/private_stream.h"

#include "petahour/v1/session.pb-c.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

static const phg_private *of(const phg_replica *r, uint32_t id)
{
    return phg_private_streams_of(&r->streams, (ph_participant_id){id});
}

/* Message n of a stream; the caller frees the frame. */
static Petahour__V1__GatewayFrame *message(phg_replica *r, const phg_stream *s, uint64_t n)
{
    phg_stream_run run;
    ck_assert_int_eq(phg_stream_take(&r->streams.store, s, n, 1, SIZE_MAX, &run), PH_OK);
    ck_assert_uint_eq(run.cnt, 1);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, run.size, run.bytes);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(f->n_messages, 1);
    return f;
}

static void give(Petahour__V1__GatewayFrame *f)
{
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}

START_TEST(results_go_to_the_sender)
{
    phg_replica r;
    set_up_market(&r);
    ck_assert_uint_eq(of(&r, 1)->reports.cnt, 3);
    Petahour__V1__GatewayFrame *f = message(&r, &of(&r, 1)->reports, 2);
    const Petahour__V1__CommandResult *c = f->messages[0]->command_result;
    ck_assert_uint_eq(c->stream_number, 2);
    ck_assert_uint_eq(c->request, 43);
    ck_assert_str_eq(c->command, "REGISTER_PARTICIPANT");
    ck_assert_uint_eq(c->reject_code, 0);
    give(f);
    ck_assert_uint_eq(of(&r, 2)->reports.cnt, 0);
    ck_assert_uint_eq(of(&r, 99)->reports.cnt, 0);
    ck_assert_uint_eq(of(&r, 0)->reports.cnt, 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_reject_names_its_reason)
{
    phg_replica r;
    set_up_market(&r);
    ph_event e = {.kind = PH_EVT_REJECTED,
                  .u.rejected = {.command = PH_CMD_NEW_ORDER,
                                 .code = PH_REJECT_PRICE_TICK,
                                 .arg0 = 15,
                                 .arg1 = 10,
                                 .client_order_id = 8}};
    ck_assert_int_eq(take(&r, new_order(3, 8, PH_SIDE_BUY, (ph_window){HOUR + 9, 1}, 1, 15), &e, 1),
                     PH_OK);
    Petahour__V1__GatewayFrame *f = message(&r, &of(&r, 3)->reports, 1);
    const Petahour__V1__ExecutionReport *x = f->messages[0]->execution_report;
    ck_assert_int_eq(x->type, PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_REJECTED);
    ck_assert_uint_eq(x->client_order_id, 8);
    ck_assert_str_eq(x->reject_name, "PRICE_TICK");
    ck_assert_int_eq(x->reject_arg1, 10);
    give(f);
    ck_assert_uint_eq(of(&r, 3)->last_client_order_id, 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_trade_is_told_to_both_with_their_own_side)
{
    phg_replica r;
    set_up_market(&r);
    ph_window w = {HOUR + 10, 2};
    ph_event first = accepted(1, 70);
    ck_assert_int_eq(take(&r, new_order(2, 201, PH_SIDE_SELL, w, 5, 1000), &first, 1), PH_OK);
    ph_event events[] = {accepted(2, 900), trade(1, 2, 0, 1, 4, 1), segment(HOUR + 10, 2, 3, 1000)};
    ck_assert_int_eq(take(&r, new_order(3, 102, PH_SIDE_BUY, w, 3, 1000), events, 3), PH_OK);

    Petahour__V1__GatewayFrame *f = message(&r, &of(&r, 3)->reports, 1);
    const Petahour__V1__ExecutionReport *x = f->messages[0]->execution_report;
    ck_assert_int_eq(x->type, PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_ACCEPTED);
    ck_assert_uint_eq(x->leaves, 6);
    ck_assert_int_eq(x->hold, 900);
    ck_assert_uint_eq(x->as_understood->client_order_id, 102);
    give(f);

    f = message(&r, &of(&r, 3)->reports, 2);
    x = f->messages[0]->execution_report;
    ck_assert_int_eq(x->type, PETAHOUR__V1__EXECUTION_TYPE__EXECUTION_TYPE_TRADE);
    ck_assert(x->taker && x->leaves == 0 && x->fee == 15 && x->bond == 0 && x->order == 2);
    ck_assert_uint_eq(x->n_segments, 1);
    ck_assert_uint_eq(x->segments[0]->quantity, 3);
    give(f);

    f = message(&r, &of(&r, 2)->reports, 2);
    x = f->messages[0]->execution_report;
    ck_assert(!x->taker && x->leaves == 4 && x->fee == 5 && x->bond == 70 && x->order == 1);
    ck_assert_int_eq(x->side, PETAHOUR__V1__SIDE__SIDE_SELL);
    give(f);
    ck_assert_uint_eq(of(&r, 2)->contract_cnt, 1);
    ck_assert_uint_eq(of(&r, 3)->last_client_order_id, 102);
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_lost_period_tells_what_is_left)
{
    phg_replica r;
    set_up_market(&r);
    ph_event events[] = {accepted(1, 0),
                         {.kind = PH_EVT_PERIOD_LOST,
                          .u.period_lost = {.order = {1},
                                            .participant = {3},
                                            .client_order_id = 1,
                                            .product = {1},
                                            .period = HOUR + 11,
                                            .quantity = 5,
                                            .reason = PH_CANCEL_SELF_TRADE}}};
    ph_window w = {HOUR + 10, 3};
    ck_assert_int_eq(take(&r, new_order(3, 1, PH_SIDE_BUY, w, 5, 1000), events, 2), PH_OK);
    Petahour__V1__GatewayFrame *f = message(&r, &of(&r, 3)->reports, 2);
    const Petahour__V1__ExecutionReport *x = f->messages[0]->execution_report;
    ck_assert_uint_eq(x->leaves, 10);
    ck_assert_uint_eq(x->period, HOUR + 11);
    ck_assert_str_eq(x->cancel_reason, "SELF_TRADE");
    give(f);
    phg_replica_release(&r);
}
END_TEST

static size_t write_contract(uint8_t *room, size_t size, uint64_t id, uint32_t buyer)
{
    static const uint8_t canonical[PH_CONTRACT_HEADER_SIZE + PH_CONTRACT_SEGMENT_SIZE] = {1, 2};
    static const uint8_t proof[64] = {3};
    ph_signed_contract c = {.contract = {id},
                            .first_seq = 9,
                            .buyer = {buyer},
                            .supplier = {2},
                            .leaf_index = 1,
                            .leaf_count = 3,
                            .canonical_size = sizeof canonical,
                            .proof_cnt = 2,
                            .note_size = 5,
                            .canonical = canonical,
                            .proof = proof,
                            .note = "note\n"};
    ph_writer w = ph_writer_of(room, size);
    ph_signed_contract_write(&w, &c);
    ck_assert(!w.full);
    return ph_writer_size(&w);
}

START_TEST(contracts_are_numbered_for_each_party)
{
    static uint8_t room[4096];
    phg_replica r;
    set_up_market(&r);
    ck_assert_int_eq(take_done(&r, register_participant(4, PH_ROLE_BUYER)), PH_OK);
    const uint32_t buyers[] = {3, 4, 3};
    for (uint32_t i = 0; i < 3; i++) {
        size_t size = write_contract(room, sizeof room, i + 1, buyers[i]);
        ck_assert_int_eq(phg_replica_take_sealed(&r, room, size), PH_EAGAIN);
        ph_event e[] = {trade(i + 1, 7, 0, 8, 0, 1), segment(HOUR + 10, 2, 3, 1000)};
        e[0].u.trade.buyer.v = buyers[i];
        ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, e, 2), PH_OK);
        ck_assert_int_eq(phg_replica_take_sealed(&r, room, size), PH_OK);
    }
    ck_assert_uint_eq(of(&r, 2)->contracts.cnt, 3);
    ck_assert_uint_eq(of(&r, 3)->contracts.cnt, 2);
    Petahour__V1__GatewayFrame *f = message(&r, &of(&r, 3)->contracts, 2);
    const Petahour__V1__Contract *c = f->messages[0]->contract;
    ck_assert_uint_eq(c->stream_number, 2);
    ck_assert_uint_eq(c->canonical.len, PH_CONTRACT_HEADER_SIZE + PH_CONTRACT_SEGMENT_SIZE);
    ck_assert_uint_eq(c->inclusion_proof.len, 64);
    ck_assert_str_eq(c->signed_root, "note\n");
    give(f);
    size_t size = write_contract(room, sizeof room, 5, 3);
    ck_assert_int_eq(phg_replica_take_sealed(&r, room, size), PH_ECORRUPT);
    ck_assert_int_eq(phg_replica_take_sealed(&r, room, size), PH_ECORRUPT);
    ck_assert_int_eq(phg_replica_take_sealed(&r, room, size - 1), PH_ECORRUPT);
    ph_event e[] = {trade(4, 7, 0, 8, 0, 1), segment(HOUR + 10, 2, 3, 1000)};
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, e, 2), PH_OK);
    size = write_contract(room, sizeof room, 4, 5);
    ck_assert_int_eq(phg_replica_take_sealed(&r, room, size), PH_ECORRUPT);
    ck_assert_uint_eq(of(&r, 2)->contracts.cnt, 3);
    phg_replica_release(&r);
}
END_TEST

static ph_status take_countersignature(phg_replica *r, uint64_t contract, uint64_t seq, bool holds)
{
    uint8_t bytes[PH_COUNTERSIGNATURE_SIZE];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_countersignature c = {.contract = {contract},
                             .seq = seq,
                             .at = {5},
                             .participant = {3},
                             .holds = holds,
                             .key = {{7}},
                             .leaf = {{8}},
                             .signature = {{9}}};
    ph_countersignature_write(&w, &c);
    return phg_replica_take_sealed(r, bytes, sizeof bytes);
}

START_TEST(countersignatures_go_to_every_party)
{
    static uint8_t room[4096];
    phg_replica r;
    set_up_market(&r);
    ck_assert_int_eq(take_done(&r, register_participant(4, PH_ROLE_BUYER)), PH_OK);
    ph_event e[] = {trade(1, 7, 0, 8, 0, 1), segment(HOUR + 10, 2, 3, 1000)};
    e[0].u.trade.seller.v = 4; /* a resale */
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, e, 2), PH_OK);
    ck_assert_int_eq(take_countersignature(&r, 1, 1, true), PH_ECORRUPT); /* before its contract */
    size_t size = write_contract(room, sizeof room, 1, 3);
    ck_assert_int_eq(phg_replica_take_sealed(&r, room, size), PH_OK);
    uint64_t seq = r.catalogue.seq;
    ck_assert_int_eq(take_countersignature(&r, 1, seq + 1, true), PH_EAGAIN);
    ph_command c = {.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                    .sender = {3},
                    .u.countersignature = {.contract = {1}}};
    ph_event first = done(c.kind, 1), again = done(c.kind, 0);
    ck_assert_int_eq(take(&r, c, &first, 1), PH_OK);
    ck_assert_int_eq(take(&r, c, &again, 1), PH_OK);
    for (uint32_t who = 2; who <= 4; who++) {
        ck_assert_uint_eq(of(&r, who)->countersignature_cnt, 1); /* may be waited for */
        ck_assert_uint_eq(of(&r, who)->countersignatures.cnt, 0);
    }
    ck_assert_int_eq(take_countersignature(&r, 1, seq + 1, false), PH_OK);
    for (uint32_t who = 1; who <= 4; who++)
        ck_assert_uint_eq(of(&r, who)->countersignatures.cnt, who == 1 ? 0 : 1);
    Petahour__V1__GatewayFrame *f = message(&r, &of(&r, 4)->countersignatures, 1);
    const Petahour__V1__Countersignature *m = f->messages[0]->countersignature;
    ck_assert(m->stream_number == 1 && m->contract == 1 && m->sequence == seq + 1 && m->at == 5);
    ck_assert(m->participant == 3 && m->key.len == 32 && m->key.data[0] == 7);
    ck_assert(m->leaf_hash.data[0] == 8 && m->signature.len == 64 && m->signature.data[0] == 9);
    ck_assert_int_eq(m->verdict,
                     PETAHOUR__V1__COUNTERSIGNATURE_VERDICT__COUNTERSIGNATURE_VERDICT_FALSE);
    give(f);
    ck_assert_int_eq(take_countersignature(&r, 2, seq + 1, true), PH_ECORRUPT);
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, results_go_to_the_sender);
    tcase_add_test(t, a_reject_names_its_reason);
    tcase_add_test(t, a_trade_is_told_to_both_with_their_own_side);
    tcase_add_test(t, a_lost_period_tells_what_is_left);
    tcase_add_test(t, contracts_are_numbered_for_each_party);
    tcase_add_test(t, countersignatures_go_to_every_party);
}

int main(void)
{
    return suite_run("private_stream", add);
}
