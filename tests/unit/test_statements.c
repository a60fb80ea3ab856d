/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a real journal, judged with the keys that their senders had at their records. */
#include "engine/notary/statements.h"

#include <sodium.h>

#include "engine/wire/statement.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"
#include "tests/unit/suite.h"

enum { METER = 7, AUDITOR = 8, JUDGED_MAX = 32 };

typedef struct {
    ph_key key;
    uint8_t secret[64];
} signing;

static char folder[64], journal[512];
static a_journal made;
static struct {
    uint32_t cnt;
    bool v[JUDGED_MAX];
} judged;

static void setup(void)
{
    ck_assert_int_ge(sodium_init(), 0);
    a_folder_make(folder, sizeof folder);
    snprintf(journal, sizeof journal, "%s/journal", folder);
    a_journal_open(&made, journal, "market.example", &(ph_key){{1}});
    a_journal_register(&made, METER, PH_ROLE_METER, "Meter");
    a_journal_register(&made, AUDITOR, PH_ROLE_AUDITOR, "Auditor");
}

static void teardown(void)
{
    a_journal_close(&made);
    a_folder_remove(folder);
}

static signing signing_of(uint8_t seed_byte)
{
    signing s;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    crypto_sign_ed25519_seed_keypair(s.key.b, s.secret, seed);
    return s;
}

/* By the participant, or by the operator for it. */
static void change(ph_command_kind kind, uint32_t sender, uint32_t participant, const signing *s)
{
    a_journal_do(&made, (ph_command){.kind = kind,
                                     .sender = {sender},
                                     .u.key = {.participant = {participant},
                                               .use = PH_KEY_SIGNATURE,
                                               .key = s->key}});
}

static bool say(ph_command c, const char *market, const signing *by)
{
    char text[PH_STATEMENT_MAX];
    size_t size = ph_statement_text(market, &c, text);
    ph_signature s;
    crypto_sign_ed25519_detached(s.b, NULL, (const uint8_t *)text, size, by->secret);
    if (c.kind == PH_CMD_ATTEST_CAPACITY)
        c.u.attestation.signature = s;
    else if (c.kind == PH_CMD_MEASURE_SITE)
        c.u.measurement.signature = s;
    else
        c.u.probe.signature = s;
    return a_journal_try(&made, c);
}

static ph_command measured(void)
{
    return (ph_command){
        .kind = PH_CMD_MEASURE_SITE,
        .sender = {METER},
        .u.measurement = {
            .site = {1}, .measured_at = made.now, .pue_ppm = 1200000, .green_grade = 2}};
}

static void measure(const signing *by)
{
    ck_assert(say(measured(), "market.example", by));
}

/* Replays and judges what stands behind so many batches. */
static void judge_behind(uint32_t batches)
{
    ph_replay *r;
    ph_replay_error why;
    const ph_replay_batch *batch;
    ph_statements s = {0};
    judged.cnt = 0;
    ck_assert_msg(ph_replay_open(journal, &r, &why) == PH_OK, "%s", why.text);
    ph_status st = ph_replay_next(r, &batch, &why);
    for (uint32_t n = 0; st == PH_OK; st = ph_replay_next(r, &batch, &why), n++) {
        if (n < batches) continue;
        ck_assert_int_eq(ph_statements_take(&s, ph_replay_market(r), batch), PH_OK);
        for (uint32_t i = 0; i < batch->record_cnt; i++) {
            if (!ph_statements_is_taken(&batch->records[i])) continue;
            ck_assert_uint_lt(judged.cnt, JUDGED_MAX);
            judged.v[judged.cnt++] = ph_statements_holds(&s, i);
        }
    }
    ck_assert_msg(st == PH_EEND, "%s", why.text);
    ph_statements_release(&s);
    ph_replay_close(r);
}

static void expect(const char *verdicts)
{
    ck_assert_uint_eq(judged.cnt, strlen(verdicts));
    for (uint32_t i = 0; i < judged.cnt; i++)
        ck_assert_msg(judged.v[i] == (verdicts[i] == '+'), "statement %u of %s", i, verdicts);
}

/* In one batch, of which only the end is seen, and in several. */
START_TEST(a_key_signs_while_it_is_its_senders)
{
    for (int commits = 0; commits < 2; commits++) {
        signing a = signing_of((uint8_t)(20 + commits)), b = signing_of((uint8_t)(30 + commits));
        const signing *each[] = {&a, &b};
        measure(&a);
        change(PH_CMD_ADD_KEY, METER, 0, &a);
        for (int i = 0; i < 2; i++) {
            measure(each[i]);
            if (commits) a_journal_commit(&made);
        }
        change(PH_CMD_REVOKE_KEY, 1, METER, &a); /* by the operator */
        change(PH_CMD_ADD_KEY, METER, 0, &b);
        for (int i = 0; i < 2; i++) {
            if (commits) a_journal_commit(&made);
            measure(each[i]);
        }
        change(PH_CMD_ADD_KEY, METER, METER, &a);
        for (int i = 0; i < 2; i++)
            measure(each[i]);
        change(PH_CMD_REVOKE_KEY, METER, 0, &a);
        measure(&a);
        change(PH_CMD_REVOKE_KEY, METER, 0, &b);
        a_journal_commit(&made);
    }
    judge_behind(0);
    expect("-+--+++--+--+++-");
}
END_TEST

/* A batch that is not the first one that is seen, as behind a snapshot. */
START_TEST(keys_from_before_the_first_batch_count)
{
    signing a = signing_of(20);
    change(PH_CMD_ADD_KEY, METER, 0, &a);
    a_journal_commit(&made);
    measure(&a);
    change(PH_CMD_REVOKE_KEY, METER, 0, &a);
    measure(&a);
    a_journal_commit(&made);
    judge_behind(2);
    expect("+-");
}
END_TEST

START_TEST(every_kind_is_judged_and_anything_else_is_false)
{
    signing a = signing_of(20), other = signing_of(21);
    change(PH_CMD_ADD_KEY, METER, 0, &a);
    change(PH_CMD_ADD_KEY, AUDITOR, 0, &other);
    ph_command probe = {.kind = PH_CMD_REPORT_PROBE,
                        .sender = {METER},
                        .u.probe = {.region = {"ulanqab"},
                                    .site = {1},
                                    .measured_at = made.now,
                                    .rtt_us = 100,
                                    .bandwidth_mbps = 10,
                                    .reachable_ppm = 1000000}};
    ph_command attested = {.kind = PH_CMD_ATTEST_CAPACITY,
                           .sender = {AUDITOR},
                           .u.attestation = {.reference = 1,
                                             .supplier = {2},
                                             .site = {1},
                                             .hardware = {1},
                                             .window = {A_JOURNAL_PERIOD + 2, 2},
                                             .units = 5}};
    ck_assert(say(probe, "market.example", &a));
    ck_assert(say(attested, "market.example", &other));
    attested.u.attestation.reference = 2;
    ck_assert(say(attested, "market.example", &a)); /* a key of somebody else */
    ck_assert(say(measured(), "market.other", &a));
    ck_assert(a_journal_try(&made, measured())); /* 64 bytes of zero */
    probe.u.probe.site.v = 2;
    ck_assert(!say(probe, "market.example", &a)); /* refused, and not judged */
    a_journal_commit(&made);
    judge_behind(0);
    expect("++---");
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_key_signs_while_it_is_its_senders);
    tcase_add_test(tests, keys_from_before_the_first_batch_count);
    tcase_add_test(tests, every_kind_is_judged_and_anything_else_is_false);
}

int main(void)
{
    return suite_run("statements", add);
}
