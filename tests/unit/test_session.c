/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/session.h"

#include "petahour/v1/session.pb-c.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#define S UINT64_C(1000000000)

static phg_replica replica;
static phg_session session;
static phg_busy busy_places[PHG_BUSY_MAX];
static phg_out_frame out;
static phg_session_view view;

static void set_up(void)
{
    set_up_market(&replica);
    view = (phg_session_view){&replica.catalogue, &replica.streams, replica.translator,
                              &replica.entered};
    memset(&session, 0, sizeof session);
    session.silence_seconds = 15;
    session.busy = busy_places;
}

static void tear_down(void)
{
    phg_replica_release(&replica);
}

static bool log_on(uint64_t next_report, uint64_t next_contract, phg_refusal *ret)
{
    char text[PHG_WHY_SIZE];
    phg_logon l = {.protocol_version = 1,
                   .next_report = next_report,
                   .next_contract = next_contract,
                   .receive = true};
    const phg_private *p = phg_private_streams_of(&replica.streams, (ph_participant_id){1});
    return phg_session_logon(&session, (ph_participant_id){1}, &l, p, ret, text);
}

static void ready(void)
{
    phg_refusal why;
    ck_assert(log_on(1, 1, &why));
    ck_assert_int_eq(session.state, PHG_SESSION_READY);
}

/* The next frame; the caller frees it. */
static Petahour__V1__GatewayFrame *fill(void)
{
    ck_assert(phg_session_owes(&session, &view));
    ck_assert_int_eq(phg_session_fill(&session, &view, 0, &out), PH_OK);
    Petahour__V1__GatewayFrame *f = petahour__v1__gateway_frame__unpack(NULL, out.size, out.bytes);
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_ge(f->n_messages, 1);
    ck_assert_uint_le(f->n_messages, PHG_FRAME_MESSAGES_MAX);
    return f;
}

static void skip(void)
{
    while (phg_session_owes(&session, &view))
        petahour__v1__gateway_frame__free_unpacked(fill(), NULL);
}

START_TEST(the_table_is_the_picture)
{
    for (int s = 0; s < PHG_SESSION_STATE_CNT; s++) {
        ck_assert_int_eq(phg_session_step((phg_session_state)s, PHG_SESSION_GONE),
                         PHG_SESSION_CLOSED);
        for (int e = 0; e < PHG_SESSION_EVENT_CNT; e++) {
            phg_session_state to = phg_session_step((phg_session_state)s, (phg_session_event)e);
            if (s == PHG_SESSION_CLOSED) ck_assert_int_eq(to, PHG_SESSION_CLOSED);
            if (to == PHG_SESSION_READY && s != PHG_SESSION_READY)
                ck_assert(s == PHG_SESSION_NEW && e == PHG_SESSION_LOGON);
        }
    }
    ck_assert_int_eq(phg_session_step(PHG_SESSION_READY, PHG_SESSION_FAULT), PHG_SESSION_LEAVING);
    ck_assert_int_eq(phg_session_step(PHG_SESSION_LEAVING, PHG_SESSION_SAID), PHG_SESSION_CLOSED);
}
END_TEST

START_TEST(a_logon_is_answered_first_then_the_stream)
{
    ready();
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 4);
    const Petahour__V1__LogonAccepted *a = f->messages[0]->logon_accepted;
    ck_assert_ptr_nonnull(a);
    ck_assert_uint_eq(a->participant, 1);
    ck_assert_uint_eq(a->roles, PH_ROLE_OPERATOR);
    ck_assert_uint_eq(a->last_report, 3);
    ck_assert_str_eq(a->market, "test.petahour");
    ck_assert_str_eq(a->currency, "USD");
    ck_assert_uint_eq(a->notary_sign_key.data[5], 99);
    for (uint64_t i = 1; i <= 3; i++)
        ck_assert_uint_eq(f->messages[i]->command_result->stream_number, i);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert(!phg_session_owes(&session, &view));
}
END_TEST

START_TEST(later_keys_of_the_notary_are_told_once_in_a_session)
{
    ready();
    skip();
    ph_command c = {.kind = PH_CMD_ROTATE_NOTARY_KEY, .sender = {1}};
    c.u.notary_key.key.b[3] = 44;
    c.u.notary_key.proof.b[1] = 45;
    ck_assert_int_eq(take_done(&replica, c), PH_OK);
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 2); /* and the operator's result */
    const Petahour__V1__NotaryKey *k = f->messages[0]->notary_key;
    ck_assert_ptr_nonnull(k);
    ck_assert_uint_eq(k->sequence, replica.catalogue.seq);
    ck_assert(k->key.data[3] == 44 && k->proof.data[1] == 45 && k->endorsement.len == 64);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert(!phg_session_owes(&session, &view));
    phg_refusal why;
    ck_assert(log_on(5, 1, &why));
    f = fill();
    ck_assert_uint_eq(f->n_messages, 2); /* the logon, then the key again */
    ck_assert_ptr_nonnull(f->messages[1]->notary_key);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(a_session_goes_on_from_any_number)
{
    phg_refusal why;
    ck_assert(log_on(3, 1, &why));
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 2);
    ck_assert_uint_eq(f->messages[1]->command_result->stream_number, 3);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert(log_on(4, 1, &why));
    f = fill();
    ck_assert_uint_eq(f->n_messages, 1);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(a_wrong_logon_changes_nothing)
{
    phg_refusal why = 0;
    char text[PHG_WHY_SIZE];
    const struct {
        phg_logon logon;
        phg_refusal why;
    } rows[] = {
        {{.protocol_version = 0, .next_report = 1, .next_contract = 1}, PHG_REFUSAL_VERSION},
        {{.protocol_version = 2, .next_report = 1, .next_contract = 1}, PHG_REFUSAL_VERSION},
        {{.protocol_version = 1, .next_report = 0, .next_contract = 1}, PHG_REFUSAL_STREAM_NUMBER},
        {{.protocol_version = 1, .next_report = 5, .next_contract = 1}, PHG_REFUSAL_STREAM_NUMBER},
        {{.protocol_version = 1, .next_report = 1, .next_contract = 0}, PHG_REFUSAL_STREAM_NUMBER},
        {{.protocol_version = 1, .next_report = 1, .next_contract = 2}, PHG_REFUSAL_STREAM_NUMBER},
        {{.protocol_version = 1, .next_report = 1, .next_contract = 1, .next_countersignature = 2},
         PHG_REFUSAL_STREAM_NUMBER},
        {{.protocol_version = 1, .next_report = UINT64_MAX, .next_contract = 1},
         PHG_REFUSAL_STREAM_NUMBER},
    };
    const phg_private *p = phg_private_streams_of(&replica.streams, (ph_participant_id){1});
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert(
            !phg_session_logon(&session, (ph_participant_id){1}, &rows[i].logon, p, &why, text));
        ck_assert_int_eq(why, rows[i].why);
        ck_assert_int_eq(session.state, PHG_SESSION_NEW);
        ck_assert_uint_eq(session.participant.v, 0);
    }
}
END_TEST

START_TEST(one_that_only_sends_receives_no_stream)
{
    phg_refusal why;
    char text[PHG_WHY_SIZE];
    phg_logon l = {.protocol_version = 1, .next_report = 1, .next_contract = 1};
    const phg_private *p = phg_private_streams_of(&replica.streams, (ph_participant_id){1});
    ck_assert(phg_session_logon(&session, (ph_participant_id){1}, &l, p, &why, text));
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 1);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert(!phg_session_owes(&session, &view));
}
END_TEST

START_TEST(long_streams_are_cut_into_frames)
{
    for (uint32_t id = 4; id < 700; id++)
        ck_assert_int_eq(take_done(&replica, register_participant(id, PH_ROLE_BUYER)), PH_OK);
    ready();
    uint64_t next = 0;
    while (phg_session_owes(&session, &view)) {
        Petahour__V1__GatewayFrame *f = fill();
        for (size_t i = 0; i < f->n_messages; i++)
            if (next++ != 0)
                ck_assert_uint_eq(f->messages[i]->command_result->stream_number, next - 1);
        petahour__v1__gateway_frame__free_unpacked(f, NULL);
    }
    ck_assert_uint_eq(next, 700);
}
END_TEST

/* A trade of 4,000 runs is longer than a frame: it goes alone, and the stream goes on after it. */
START_TEST(a_message_longer_than_a_frame_goes_alone)
{
    static ph_event events[4002];
    ph_command sell = new_order(2, 1, PH_SIDE_SELL, (ph_window){HOUR + 8, 4000}, 1, 5);
    sell.u.order.shape = PH_SHAPE_BLOCK;
    ph_event rests = accepted(1, 0);
    ck_assert_int_eq(take(&replica, sell, &rests, 1), PH_OK);
    events[0] = accepted(2, 0);
    events[1] = trade(1, 2, 0, 1, 0, 4000);
    events[1].u.trade.buyer.v = 1;
    for (uint32_t i = 0; i < 4000; i++)
        events[2 + i] = segment(HOUR + 8 + i, 1, 1, INT64_MAX);
    ph_command c = new_order(1, 1, PH_SIDE_BUY, (ph_window){HOUR + 8, 4000}, 1, 5);
    c.u.order.shape = PH_SHAPE_BLOCK;
    ck_assert_int_eq(take(&replica, c, events, 4002), PH_OK);
    ck_assert_int_eq(take_done(&replica, register_participant(4, PH_ROLE_BUYER)), PH_OK);
    ready();
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 5);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    f = fill();
    ck_assert_uint_eq(f->n_messages, 1);
    ck_assert_uint_gt(out.size, PHG_FRAME_BYTES_MAX);
    ck_assert_uint_eq(f->messages[0]->execution_report->n_segments, 4000);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    f = fill();
    ck_assert_uint_eq(f->messages[0]->command_result->stream_number, 6);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(time_in_which_nobody_listened_is_no_silence)
{
    ready();
    phg_session_heard(&session, 10 * S);
    phg_session_excuse(&session, 20 * S);
    phg_session_time(&session, 45 * S);
    ck_assert_int_eq(session.state, PHG_SESSION_READY);
    phg_session_time(&session, 45 * S + 1);
    ck_assert_int_eq(session.state, PHG_SESSION_LEAVING);
}
END_TEST

START_TEST(silence_ends_a_session_and_a_heartbeat_keeps_it)
{
    ready();
    skip();
    phg_session_time(&session, 5 * S);
    ck_assert(!phg_session_owes(&session, &view));
    phg_session_time(&session, 5 * S + 1);
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_int_eq(f->messages[0]->message_case,
                     PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_HEARTBEAT);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    phg_session_heard(&session, 10 * S);
    phg_session_time(&session, 25 * S);
    ck_assert_int_eq(session.state, PHG_SESSION_READY);
    phg_session_time(&session, 25 * S + 1);
    ck_assert_int_eq(session.state, PHG_SESSION_LEAVING);
    f = fill();
    ck_assert_int_eq(f->messages[0]->session_refused->reason, PHG_REFUSAL_SILENT);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert_int_eq(session.state, PHG_SESSION_CLOSED);
    ck_assert(!phg_session_owes(&session, &view));
}
END_TEST

START_TEST(a_logout_is_the_last_word)
{
    ready();
    skip();
    phg_session_logout(&session);
    phg_session_refuse(&session, PHG_REFUSAL_SILENT, "too late");
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 1);
    ck_assert_int_eq(f->messages[0]->message_case,
                     PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGOUT_ACCEPTED);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert_int_eq(session.state, PHG_SESSION_CLOSED);
}
END_TEST

START_TEST(an_order_that_was_not_taken_holds_back_later_ones)
{
    ready();
    skip();
    ck_assert(!phg_session_holds(&session, 5, 0));
    phg_session_busy(&session, 0, 5, 0);
    ck_assert(phg_session_holds(&session, 6, 1));
    ck_assert(!phg_session_holds(&session, 5, 2));
    ck_assert(!phg_session_holds(&session, 6, 3));
    phg_session_busy(&session, 0, 7, 0);
    ck_assert(phg_session_holds(&session, 8, PHG_BUSY_HOLD_NS - 1));
    ck_assert(!phg_session_holds(&session, 8, PHG_BUSY_HOLD_NS));
    phg_session_busy(&session, 9, 0, 0);
    ck_assert(!phg_session_holds(&session, 9, 0));
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_uint_eq(f->n_messages, 3);
    ck_assert_uint_eq(f->messages[0]->busy->client_order_id, 5);
    ck_assert_uint_eq(f->messages[2]->busy->request, 9);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
}
END_TEST

START_TEST(one_that_never_reads_is_shown_out)
{
    ready();
    for (int i = 0; i <= PHG_BUSY_MAX; i++)
        phg_session_busy(&session, 1, 0, 0);
    ck_assert_int_eq(session.state, PHG_SESSION_LEAVING);
    ck_assert_uint_eq(session.busy_cnt, PHG_BUSY_MAX);
    skip();
    ck_assert_int_eq(session.state, PHG_SESSION_CLOSED);
}
END_TEST

START_TEST(one_that_does_not_read_is_told_before)
{
    ready();
    skip();
    for (int i = 0; i < PHG_BUSY_MAX / 4 * 3 - 1; i++)
        phg_session_busy(&session, 1, 0, 0);
    ck_assert(!session.owes_limits);
    phg_session_busy(&session, 1, 0, 0);
    ck_assert(session.owes_limits);
    session.limits.busy_waiting = session.busy_cnt; /* as its owner does */
    Petahour__V1__GatewayFrame *f = fill();
    ck_assert_ptr_nonnull(f->messages[0]->limits);
    ck_assert_uint_eq(f->messages[0]->limits->busy_waiting, PHG_BUSY_MAX / 4 * 3);
    petahour__v1__gateway_frame__free_unpacked(f, NULL);
    ck_assert(!session.owes_limits);
}
END_TEST

START_TEST(the_catalogue_ends_with_its_end)
{
    for (uint32_t id = 4; id < 600; id++)
        ck_assert_int_eq(take_done(&replica, register_participant(id, PH_ROLE_BUYER)), PH_OK);
    phg_refusal why;
    ck_assert(log_on(598, 1, &why));
    ck_assert(phg_session_list(&session, 44));
    ck_assert(!phg_session_list(&session, 45));
    uint32_t entries = 0, ends = 0;
    while (phg_session_owes(&session, &view)) {
        Petahour__V1__GatewayFrame *f = fill();
        for (size_t i = 0; i < f->n_messages; i++) {
            const Petahour__V1__GatewayMessage *m = f->messages[i];
            if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_ENTRY) {
                ck_assert_uint_eq(m->catalogue_entry->request, 44);
                ck_assert_uint_eq(ends, 0);
                entries++;
            }
            if (m->message_case == PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_END) {
                ck_assert_uint_eq(m->catalogue_end->sequence, replica.feed.seq);
                ends++;
            }
        }
        petahour__v1__gateway_frame__free_unpacked(f, NULL);
    }
    ck_assert_uint_eq(entries, 600);
    ck_assert_uint_eq(ends, 1);
    ck_assert(phg_session_list(&session, 45));
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, the_table_is_the_picture);
    tcase_add_test(t, a_logon_is_answered_first_then_the_stream);
    tcase_add_test(t, later_keys_of_the_notary_are_told_once_in_a_session);
    tcase_add_test(t, a_session_goes_on_from_any_number);
    tcase_add_test(t, a_wrong_logon_changes_nothing);
    tcase_add_test(t, one_that_only_sends_receives_no_stream);
    tcase_add_test(t, long_streams_are_cut_into_frames);
    tcase_add_test(t, a_message_longer_than_a_frame_goes_alone);
    tcase_add_test(t, time_in_which_nobody_listened_is_no_silence);
    tcase_add_test(t, silence_ends_a_session_and_a_heartbeat_keeps_it);
    tcase_add_test(t, a_logout_is_the_last_word);
    tcase_add_test(t, an_order_that_was_not_taken_holds_back_later_ones);
    tcase_add_test(t, one_that_never_reads_is_shown_out);
    tcase_add_test(t, one_that_does_not_read_is_told_before);
    tcase_add_test(t, the_catalogue_ends_with_its_end);
}

int main(void)
{
    return suite_run("session", add);
}
