/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of a real journal, verified while the rows before them wait. */
#include "engine/settle/verdict.h"

#include <sodium.h>

#include "engine/replay/replay.h"
#include "engine/settle/store.h"
#include "engine/notary/countersignatures.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"
#include "tests/unit/suite.h"

enum { ROUNDS = 21, CONTRACTS_MAX = 256, PARTICIPANTS = 6, FALSE_EVERY = 7 };

typedef struct {
    ph_key key;
    uint8_t secret[crypto_sign_ed25519_SECRETKEYBYTES];
} signing;

static char folder[64], journal[512];
static a_journal made;
static signing people[PARTICIPANTS + 1];
static uint64_t concluded_seq; /* up to here contracts are concluded, after it countersigned */
static uint32_t contract_cnt;
static ph_hash leaves[CONTRACTS_MAX + 1]; /* of contract n: leaves[n] */

static ph_replay *replay;
static ph_verdicts *verdicts;
static ph_rows before, rows;
static struct {
    uint32_t calls, asked;
    ph_status status;
    bool is_wrong; /* gives leaves of other contracts */
} search;

static ph_status find(void *arg, const ph_contract_id *contracts, uint32_t cnt, ph_hash *ret)
{
    (void)arg;
    search.calls++;
    search.asked += cnt;
    for (uint32_t i = 0; i < cnt; i++) {
        ck_assert(contracts[i].v >= 1 && contracts[i].v <= contract_cnt);
        ret[i] = leaves[search.is_wrong ? 1 + contracts[i].v % contract_cnt : contracts[i].v];
    }
    return search.status;
}

/* Takes batches into rows up to this record; 0: to the end. */
static void take(ph_rows *to, uint64_t last_seq)
{
    char why[256] = "";
    ph_replay_error e;
    const ph_replay_batch *batch;
    while ((last_seq == 0 || to->last_seq < last_seq) &&
           ph_replay_next(replay, &batch, &e) == PH_OK) {
        to->market = ph_replay_market(replay);
        ph_rows_room needed = ph_rows_needed(to, batch);
        ck_assert_int_eq(ph_store_reserve(to, &needed), PH_OK);
        ck_assert_msg(ph_rows_take(to, batch, why, sizeof why) == PH_OK, "%s", why);
        ck_assert_msg(ph_verdicts_take(verdicts, to, batch, why, sizeof why) == PH_OK, "%s", why);
    }
}

/* Takes what concludes contracts into `before`. */
static void open_replay(void)
{
    ph_replay_error e;
    ck_assert_msg(ph_replay_open(journal, &replay, &e) == PH_OK, "%s", e.text);
    verdicts = ph_verdicts_new(find, NULL);
    ck_assert_ptr_nonnull(verdicts);
    memset(&search, 0, sizeof search);
    take(&before, concluded_seq);
    ck_assert_int_eq(ph_verdicts_judge(verdicts, &before), PH_OK);
    rows.last_day = before.last_day;
}

static void close_replay(void)
{
    ph_verdicts_free(verdicts);
    ph_replay_close(replay);
    ph_store_release(&before);
    ph_store_release(&rows);
}

static void countersign(uint32_t who, uint64_t contract, bool is_false)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    size_t size = ph_countersigned_text("market.example", (ph_contract_id){contract},
                                        &leaves[contract], text);
    ph_command c = {.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                    .sender = {who},
                    .u.countersignature = {.contract = {contract}, .key = people[who].key}};
    crypto_sign_ed25519_detached(c.u.countersignature.signature.b, NULL, (const uint8_t *)text,
                                 size, people[who].secret);
    if (is_false) c.u.countersignature.signature.b[0] ^= 1;
    a_journal_do(&made, c);
}

/* Each party signs each contract; the supplier of every FALSE_EVERYth signs something else. */
static void countersign_all(void)
{
    for (uint64_t i = 1; i <= contract_cnt; i++) {
        ph_contract_facts facts;
        ck_assert(ph_market_contract(made.m, (ph_contract_id){i}, &facts));
        countersign(facts.supplier.v, i, i % FALSE_EVERY == 0);
        countersign(facts.buyer.v, i, false);
        if (i % 10 == 0) a_journal_commit(&made);
    }
    a_journal_commit(&made);
}

static void set_up(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    a_folder_make(folder, sizeof folder);
    snprintf(journal, sizeof journal, "%s/journal", folder);
    a_journal_open(&made, journal, "market.example", &(ph_key){{1}});
    for (uint32_t who = 2; who <= PARTICIPANTS; who++) {
        uint8_t seed[crypto_sign_ed25519_SEEDBYTES] = {(uint8_t)who};
        crypto_sign_ed25519_seed_keypair(people[who].key.b, people[who].secret, seed);
        a_journal_do(&made,
                     (ph_command){.kind = PH_CMD_ADD_KEY,
                                  .sender = {who},
                                  .u.key = {.use = PH_KEY_SIGNATURE, .key = people[who].key}});
    }
    for (uint32_t i = 0; i < ROUNDS; i++)
        a_journal_round(&made, i);
    a_journal_commit(&made);
    concluded_seq = ph_market_seq(made.m);
    open_replay();
    contract_cnt = (uint32_t)before.cnt.contracts;
    ck_assert(contract_cnt >= 40 && contract_cnt <= CONTRACTS_MAX);
    for (uint32_t i = 0; i < contract_cnt; i++)
        leaves[before.contracts[i].trade.contract.v] = before.contracts[i].leaf;
    close_replay();
    countersign_all();
    open_replay();
    take(&rows, 0);
    ck_assert_uint_eq(rows.cnt.proofs, 2 * contract_cnt);
}

static void tear_down(void)
{
    close_replay();
    a_journal_close(&made);
    a_folder_remove(folder);
}

/* What the rows say is what was signed; is_none: none holds. */
static void check_verdicts(bool is_none)
{
    for (uint64_t i = 0; i < rows.cnt.proofs; i++) {
        const ph_command *c = &rows.proofs[i].command;
        bool is_false = i % 2 == 0 && c->u.countersignature.contract.v % FALSE_EVERY == 0;
        ck_assert_msg(rows.proofs[i].holds == (!is_none && !is_false),
                      "signature %u of contract %u", (unsigned)i % 2,
                      (unsigned)c->u.countersignature.contract.v);
    }
}

START_TEST(contracts_of_rows_that_wait_are_asked_of_nobody)
{
    ck_assert_int_eq(ph_verdicts_begin(verdicts, &rows, &before), PH_OK);
    ck_assert_uint_eq(ph_verdicts_end(verdicts), 2 * contract_cnt);
    ck_assert_uint_eq(search.calls, 0);
    check_verdicts(false);
    ck_assert_uint_eq(ph_verdicts_end(verdicts), 0);
}
END_TEST

START_TEST(contracts_from_before_are_asked_for_at_once)
{
    ck_assert_int_eq(ph_verdicts_judge(verdicts, &rows), PH_OK);
    ck_assert(search.calls == 1 && search.asked == 2 * contract_cnt);
    check_verdicts(false);
}
END_TEST

START_TEST(a_signature_is_of_one_contract)
{
    search.is_wrong = true;
    ck_assert_int_eq(ph_verdicts_judge(verdicts, &rows), PH_OK);
    check_verdicts(true);
}
END_TEST

START_TEST(without_leaves_nothing_begins)
{
    search.status = PH_EEND; /* a stop while the database was away */
    ck_assert_int_eq(ph_verdicts_begin(verdicts, &rows, NULL), PH_EEND);
    ck_assert_uint_eq(ph_verdicts_end(verdicts), 0);
    check_verdicts(true);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, contracts_of_rows_that_wait_are_asked_of_nobody);
    tcase_add_test(t, contracts_from_before_are_asked_for_at_once);
    tcase_add_test(t, a_signature_is_of_one_contract);
    tcase_add_test(t, without_leaves_nothing_begins);
}

int main(void)
{
    return suite_run("verdict", add);
}
