/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/zap.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

#include <zmq.h>

static uint8_t key[32];
static phg_zap_part parts[PHG_ZAP_PARTS_MAX];

static void request(int key_byte)
{
    static const char *const texts[] = {"1.0", "1", PHG_ZAP_DOMAIN, "127.0.0.1", "", "CURVE"};
    for (int i = 0; i < 6; i++)
        parts[i] = (phg_zap_part){texts[i], strlen(texts[i])};
    memset(key, key_byte, sizeof key);
    parts[6] = (phg_zap_part){key, sizeof key};
}

START_TEST(a_registered_key_is_its_participant)
{
    phg_replica r;
    set_up_market(&r);
    request(3);
    phg_zap_answer a = phg_zap_decide(parts, 7, &r.catalogue, false);
    ck_assert_str_eq(a.status, "200");
    const phg_participant *who = phg_catalogue_of_key(&r.catalogue, phg_zap_user(a.user_id));
    ck_assert_uint_eq(who->terms.id.v, 3);
    phg_replica_release(&r);
}
END_TEST

START_TEST(strangers_are_refused)
{
    phg_replica r;
    set_up_market(&r);
    request(77);
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "400");
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, true).status, "300");
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, true).user_id, "");
    request(0);
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "400");
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_closed_participant_is_refused)
{
    phg_replica r;
    set_up_market(&r);
    ph_command state = {.kind = PH_CMD_SET_PARTICIPANT_STATE, .sender = {1}};
    state.u.participant_state = (ph_set_participant_state){{3}, PH_PARTICIPANT_CLOSED};
    ck_assert_int_eq(take_done(&r, state), PH_OK);
    request(3);
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "400");
    phg_replica_release(&r);
}
END_TEST

static ph_command change_key(ph_command_kind kind, uint32_t sender, int key_byte)
{
    ph_command c = {.kind = kind, .sender = {sender}};
    c.u.key.use = PH_KEY_CONNECTION;
    memset(c.u.key.key.b, key_byte, 32);
    return c;
}

START_TEST(a_key_for_reading_connects_and_says_so)
{
    phg_replica r;
    set_up_market(&r);
    ph_command c = change_key(PH_CMD_ADD_KEY, 3, 33);
    c.u.key.use = PH_KEY_READING;
    ck_assert_int_eq(take_done(&r, c), PH_OK);
    for (int byte = 3; byte <= 33; byte += 30) {
        request(byte);
        uint32_t number = phg_zap_user(phg_zap_decide(parts, 7, &r.catalogue, false).user_id);
        ck_assert_uint_eq(phg_catalogue_of_key(&r.catalogue, number)->terms.id.v, 3);
        ck_assert(phg_catalogue_only_reads(&r.catalogue, number) == (byte == 33));
    }
    c.kind = PH_CMD_REVOKE_KEY;
    ck_assert_int_eq(take_done(&r, c), PH_OK);
    request(33);
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "400");
    phg_replica_release(&r);
}
END_TEST

START_TEST(keys_are_added_and_revoked_while_others_stay)
{
    phg_replica r;
    set_up_market(&r);
    request(3);
    uint32_t old = phg_zap_user(phg_zap_decide(parts, 7, &r.catalogue, false).user_id);
    ck_assert_int_eq(take_done(&r, change_key(PH_CMD_ADD_KEY, 3, 33)), PH_OK);
    request(33);
    phg_zap_answer a = phg_zap_decide(parts, 7, &r.catalogue, false);
    ck_assert_str_eq(a.status, "200");
    uint32_t fresh = phg_zap_user(a.user_id);
    ck_assert(fresh != old && phg_catalogue_of_key(&r.catalogue, fresh)->terms.id.v == 3);
    ck_assert_int_eq(take_done(&r, change_key(PH_CMD_REVOKE_KEY, 3, 3)), PH_OK);
    request(3);
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "400");
    ck_assert_ptr_null(phg_catalogue_of_key(&r.catalogue, old));
    ck_assert_ptr_nonnull(phg_catalogue_of_key(&r.catalogue, fresh));
    /* By an operator, and once more. */
    ph_command again = change_key(PH_CMD_ADD_KEY, 1, 3);
    again.u.key.participant.v = 3;
    ck_assert_int_eq(take_done(&r, again), PH_OK);
    ck_assert_ptr_nonnull(phg_catalogue_of_key(&r.catalogue, old));
    ck_assert_int_eq(take_done(&r, change_key(PH_CMD_ADD_KEY, 2, 3)), PH_ECORRUPT);
    phg_replica_release(&r);
}
END_TEST

START_TEST(what_is_not_a_curve_request_is_refused)
{
    phg_replica r;
    set_up_market(&r);
    for (uint32_t cnt = 0; cnt < 7; cnt++) {
        request(3);
        ck_assert_str_eq(phg_zap_decide(parts, cnt, &r.catalogue, false).user_id, "");
    }
    request(3);
    ck_assert_str_ne(phg_zap_decide(parts, 8, &r.catalogue, false).status, "200");
    parts[5] = (phg_zap_part){"NULL", 4};
    ck_assert_str_eq(phg_zap_decide(parts, 6, &r.catalogue, false).status, "400");
    request(3);
    parts[2] = (phg_zap_part){"other", 5};
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "400");
    request(3);
    parts[0] = (phg_zap_part){"2.0", 3};
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "500");
    request(3);
    parts[6].size = 31;
    ck_assert_str_eq(phg_zap_decide(parts, 7, &r.catalogue, false).status, "500");
    phg_replica_release(&r);
}
END_TEST

START_TEST(only_our_own_user_ids_are_read)
{
    static const char *const bad[] = {
        "", "0", "03", "3 ", " 3", "-3", "3x", "4294967296", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_uint_eq(phg_zap_user(bad[i]), 0);
    ck_assert_uint_eq(phg_zap_user(NULL), 0);
    ck_assert_uint_eq(phg_zap_user("4294967295"), UINT32_MAX);
    ck_assert_uint_eq(phg_zap_connection("4294967295"), 0);
    ck_assert_uint_eq(phg_zap_user("7.18446744073709551615"), 7);
    ck_assert_uint_eq(phg_zap_connection("7.18446744073709551615"), UINT64_MAX);
    ck_assert_uint_eq(phg_zap_connection("7.18446744073709551616"), 0);
}
END_TEST

/* ---- Real doors ------------------------------------------------------------------------------ */

enum { PATIENCE_MS = 90000 };

static void *open_door(void *context, bool is_guarded, const ph_keyfile *keys, char endpoint[128])
{
    char err[PHG_ERR_SIZE];
    void *door = zmq_socket(context, ZMQ_ROUTER);
    ck_assert_ptr_nonnull(door);
    if (is_guarded) {
        ck_assert_int_eq(phg_zap_guard(door, keys, 65536), PH_OK);
    } else {
        int on = 1;
        ck_assert_int_eq(zmq_setsockopt(door, ZMQ_CURVE_SERVER, &on, sizeof on), 0);
        ck_assert_int_eq(zmq_setsockopt(door, ZMQ_CURVE_SECRETKEY, keys->curve_secret, 32), 0);
    }
    ck_assert_msg(phg_zap_bind(door, "tcp://127.0.0.1:*", endpoint, err) == PH_OK, "%s", err);
    return door;
}

static ph_keyfile new_keys(void)
{
    ph_keyfile k = {.name = "gateway"};
    char public[41], secret[41];
    ck_assert_int_eq(zmq_curve_keypair(public, secret), 0);
    ck_assert_ptr_nonnull(zmq_z85_decode(k.curve_public.b, public));
    ck_assert_ptr_nonnull(zmq_z85_decode(k.curve_secret, secret));
    return k;
}

/* What becomes of a connection with a good key of its own that sends something. */
static uint16_t knock(void *context, const char *endpoint, const ph_keyfile *server, void **ret)
{
    ph_keyfile own = new_keys();
    void *s = *ret = zmq_socket(context, ZMQ_DEALER), *monitor = zmq_socket(context, ZMQ_PAIR);
    int linger = 0, patience = PATIENCE_MS;
    zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(monitor, ZMQ_LINGER, &linger, sizeof linger);
    zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, server->curve_public.b, 32);
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, own.curve_public.b, 32);
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, own.curve_secret, 32);
    ck_assert_int_eq(zmq_socket_monitor(s, "inproc://knock",
                                        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL),
                     0);
    ck_assert_int_eq(zmq_connect(monitor, "inproc://knock"), 0);
    ck_assert_int_eq(zmq_connect(s, endpoint), 0);
    (void)zmq_send(s, "hello", 5, ZMQ_DONTWAIT);
    uint8_t event[6];
    uint16_t what = 0;
    ck_assert_int_ge(zmq_recv(monitor, event, sizeof event, 0), 2);
    memcpy(&what, event, sizeof what);
    (void)zmq_close(monitor);
    return what;
}

/* A guarded door without anybody who answers is shut, also for a key that would be let in; without
   the guard it is open. */
START_TEST(without_a_handler_nobody_gets_in)
{
    bool is_guarded = _i == 0;
    void *context = zmq_ctx_new(), *client = NULL;
    ph_keyfile keys = new_keys();
    char endpoint[128], hello[8];
    void *door = open_door(context, is_guarded, &keys, endpoint);
    int patience = is_guarded ? 300 : PATIENCE_MS; /* the handshake has failed before */
    zmq_setsockopt(door, ZMQ_RCVTIMEO, &patience, sizeof patience);
    uint16_t what = knock(context, endpoint, &keys, &client);
    ck_assert(is_guarded == (what != ZMQ_EVENT_HANDSHAKE_SUCCEEDED));
    ck_assert(is_guarded == (zmq_recv(door, hello, sizeof hello, 0) < 0));
    (void)zmq_close(client);
    (void)zmq_close(door);
    (void)zmq_ctx_term(context);
}
END_TEST

/* What the gateway asks of its doors before it tells anybody where they are.  The open one is where
   nobody answers: in another context. */
START_TEST(a_door_that_lets_strangers_in_is_found)
{
    phg_replica r;
    phg_zap *zap = NULL;
    set_up_market(&r);
    void *context = zmq_ctx_new(), *elsewhere = zmq_ctx_new();
    ph_keyfile keys = new_keys();
    char shut_at[128], open_at[128];
    ck_assert_int_eq(phg_zap_open(context, &zap), PH_OK);
    void *shut = open_door(context, true, &keys, shut_at);
    void *open = open_door(elsewhere, false, &keys, open_at);
    phg_zap_door doors[2] = {{shut_at, ZMQ_DEALER}, {open_at, ZMQ_DEALER}};
    ck_assert_int_eq(phg_zap_check(zap, context, &doors[0], &keys.curve_public, &r.catalogue),
                     PH_OK);
    ck_assert_int_eq(phg_zap_check(zap, context, &doors[1], &keys.curve_public, &r.catalogue),
                     PH_EDENIED);
    (void)zmq_close(shut);
    (void)zmq_close(open);
    phg_zap_close(zap);
    (void)zmq_ctx_term(context);
    (void)zmq_ctx_term(elsewhere);
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_registered_key_is_its_participant);
    tcase_add_test(t, strangers_are_refused);
    tcase_add_test(t, a_closed_participant_is_refused);
    tcase_add_test(t, a_key_for_reading_connects_and_says_so);
    tcase_add_test(t, keys_are_added_and_revoked_while_others_stay);
    tcase_add_test(t, what_is_not_a_curve_request_is_refused);
    tcase_add_test(t, only_our_own_user_ids_are_read);
    tcase_add_loop_test(t, without_a_handler_nobody_gets_in, 0, 2);
    tcase_add_test(t, a_door_that_lets_strangers_in_is_found);
}

int main(void)
{
    return suite_run("zap", add);
}
