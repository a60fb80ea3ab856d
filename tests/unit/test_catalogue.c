/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/catalogue.h"

#include "tests/unit/gateway_records.h"
#include "tests/unit/suite.h"

static ph_key key_of(int byte)
{
    ph_key k;
    memset(k.b, byte, sizeof k.b);
    return k;
}

static const phg_participant *by_key(const phg_catalogue *c, const ph_key *k)
{
    return phg_catalogue_of_key(c, phg_catalogue_connection_key(c, k));
}

START_TEST(the_operator_is_known_from_the_first_record)
{
    phg_replica r;
    ck_assert_int_eq(phg_replica_init(&r), PH_OK);
    ph_key operator= key_of(1), nobody = key_of(0);
    ck_assert_ptr_null(by_key(&r.catalogue, &operator));
    ck_assert_int_eq(take_done(&r, open_market()), PH_OK);
    const phg_participant *who = by_key(&r.catalogue, &operator);
    ck_assert_ptr_nonnull(who);
    ck_assert_uint_eq(who->terms.id.v, 1);
    ck_assert_uint_eq(who->terms.roles, PH_ROLE_OPERATOR);
    ck_assert_ptr_null(by_key(&r.catalogue, &nobody));
    phg_replica_release(&r);
}
END_TEST

START_TEST(a_rejected_registration_registers_nobody)
{
    phg_replica r;
    set_up_market(&r);
    ph_event e = {
        .kind = PH_EVT_REJECTED,
        .u.rejected = {.command = PH_CMD_REGISTER_PARTICIPANT, .code = PH_REJECT_ROLE_MISSING}};
    ck_assert_int_eq(take(&r, register_participant(4, PH_ROLE_BUYER), &e, 1), PH_OK);
    ph_key k = key_of(4);
    ck_assert_ptr_null(by_key(&r.catalogue, &k));
    ck_assert_ptr_null(phg_catalogue_participant(&r.catalogue, (ph_participant_id){4}));
    ck_assert_ptr_null(phg_catalogue_participant(&r.catalogue, (ph_participant_id){0}));
    phg_replica_release(&r);
}
END_TEST

START_TEST(many_participants_keep_their_numbers)
{
    phg_replica r;
    set_up_market(&r);
    for (uint32_t id = 4; id <= 200; id++)
        ck_assert_int_eq(take_done(&r, register_participant(id, PH_ROLE_BUYER)), PH_OK);
    for (uint32_t id = 2; id <= 200; id++) {
        ph_key k = key_of((int)id);
        ck_assert_uint_eq(by_key(&r.catalogue, &k)->terms.id.v, id);
    }
    phg_replica_release(&r);
}
END_TEST

START_TEST(records_that_contradict_are_corrupt)
{
    phg_replica r;
    set_up_market(&r);
    ck_assert_int_eq(take_done(&r, register_participant(9, PH_ROLE_BUYER)), PH_ECORRUPT);
    phg_replica_release(&r);
    set_up_market(&r);
    ck_assert_int_eq(take_done(&r, open_market()), PH_ECORRUPT);
    phg_replica_release(&r);
    set_up_market(&r);
    ck_assert_int_eq(take_done(&r, list_product(3)), PH_ECORRUPT);
    phg_replica_release(&r);
}
END_TEST

START_TEST(states_and_phases_follow_the_records)
{
    phg_replica r;
    set_up_market(&r);
    ph_command state = {.kind = PH_CMD_SET_PARTICIPANT_STATE, .sender = {1}};
    state.u.participant_state = (ph_set_participant_state){{3}, PH_PARTICIPANT_CLOSED};
    ck_assert_int_eq(take_done(&r, state), PH_OK);
    ck_assert_int_eq(phg_catalogue_participant(&r.catalogue, (ph_participant_id){3})->state,
                     PH_PARTICIPANT_CLOSED);
    ck_assert_int_eq(phg_catalogue_product(&r.catalogue, (ph_product_id){1})->phase, PH_PHASE_OPEN);
    ph_event halted = {.kind = PH_EVT_PHASE_CHANGED, .u.phase_changed = {{1}, PH_PHASE_HALTED}};
    ck_assert_int_eq(take(&r, (ph_command){.kind = PH_CMD_TICK}, &halted, 1), PH_OK);
    ck_assert_int_eq(phg_catalogue_product(&r.catalogue, (ph_product_id){1})->phase,
                     PH_PHASE_HALTED);
    ck_assert_ptr_null(phg_catalogue_product(&r.catalogue, (ph_product_id){2}));
    phg_replica_release(&r);
}
END_TEST

START_TEST(terms_and_product_states_follow_the_records)
{
    phg_replica r;
    set_up_market(&r);
    ph_product_id id = {1};
    ph_command terms = list_product(1);
    terms.kind = PH_CMD_SET_TERMS;
    terms.u.product.gate_seconds = 60;
    ph_event events[] = {done(PH_CMD_SET_TERMS, 0),
                         {.kind = PH_EVT_TERMS_SET, .u.terms_set = {{1}, 2}}};
    ck_assert_int_eq(take(&r, terms, events, 2), PH_OK);
    ck_assert_uint_eq(phg_catalogue_product(&r.catalogue, id)->terms_version, 2);
    ck_assert_uint_eq(phg_catalogue_product(&r.catalogue, id)->terms.gate_seconds, 60);
    ph_command state = {.kind = PH_CMD_SET_PRODUCT_STATE, .sender = {1}};
    state.u.product_state = (ph_set_product_state){id, PH_PRODUCT_DELISTED};
    ck_assert_int_eq(take_done(&r, state), PH_OK);
    ck_assert_int_eq(phg_catalogue_product(&r.catalogue, id)->state, PH_PRODUCT_DELISTED);
    /* A version that was left out. */
    events[1].u.terms_set.terms_version = 4;
    ck_assert_int_eq(take(&r, terms, events, 2), PH_ECORRUPT);
    phg_replica_release(&r);
}
END_TEST

/* As many as make the index grow several times. */
START_TEST(every_key_is_found_among_many)
{
    enum { MANY = 500 };
    phg_replica r;
    set_up_market(&r);
    ph_command c = {.kind = PH_CMD_ADD_KEY, .sender = {3}};
    const uint32_t first = r.catalogue.key_cnt;
    for (uint32_t i = 0; i < MANY; i++) {
        c.u.key = (ph_key_change){{0}, PH_KEY_CONNECTION, key_of(77)};
        memcpy(c.u.key.key.b, &i, sizeof i);
        ck_assert_int_eq(take_done(&r, c), PH_OK);
    }
    c.kind = PH_CMD_REVOKE_KEY;
    for (uint32_t i = 0; i < MANY; i++) {
        memcpy(c.u.key.key.b, &i, sizeof i);
        ck_assert_uint_eq(phg_catalogue_connection_key(&r.catalogue, &c.u.key.key), first + i + 1);
        if (i % 3 == 0) ck_assert_int_eq(take_done(&r, c), PH_OK);
        const uint32_t is = phg_catalogue_connection_key(&r.catalogue, &c.u.key.key);
        ck_assert_uint_eq(is, i % 3 == 0 ? 0 : first + i + 1);
    }
    c.u.key.key = key_of(78);
    ck_assert_uint_eq(phg_catalogue_connection_key(&r.catalogue, &c.u.key.key), 0);
    phg_replica_release(&r);
}
END_TEST

START_TEST(the_newest_key_in_force_verifies)
{
    phg_replica r;
    set_up_market(&r);
    ph_participant_id who = {3};
    ph_command c = {.kind = PH_CMD_ADD_KEY, .sender = {3}};
    c.u.key = (ph_key_change){{0}, PH_KEY_SIGNATURE, key_of(55)};
    ck_assert_uint_eq(
        phg_catalogue_sign_key(&r.catalogue, phg_catalogue_participant(&r.catalogue, who))->b[0],
        103);
    ck_assert_int_eq(take_done(&r, c), PH_OK);
    ck_assert_uint_eq(
        phg_catalogue_sign_key(&r.catalogue, phg_catalogue_participant(&r.catalogue, who))->b[0],
        55);
    c.kind = PH_CMD_REVOKE_KEY;
    ck_assert_int_eq(take_done(&r, c), PH_OK);
    ck_assert_uint_eq(
        phg_catalogue_sign_key(&r.catalogue, phg_catalogue_participant(&r.catalogue, who))->b[0],
        103);
    ck_assert_ptr_null(phg_catalogue_sign_key(&r.catalogue, &r.catalogue.participants[0]));
    ck_assert_int_eq(take_done(&r, c), PH_ECORRUPT);
    phg_replica_release(&r);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, the_operator_is_known_from_the_first_record);
    tcase_add_test(t, a_rejected_registration_registers_nobody);
    tcase_add_test(t, many_participants_keep_their_numbers);
    tcase_add_test(t, records_that_contradict_are_corrupt);
    tcase_add_test(t, states_and_phases_follow_the_records);
    tcase_add_test(t, terms_and_product_states_follow_the_records);
    tcase_add_test(t, every_key_is_found_among_many);
    tcase_add_test(t, the_newest_key_in_force_verifies);
}

int main(void)
{
    return suite_run("catalogue", add);
}
