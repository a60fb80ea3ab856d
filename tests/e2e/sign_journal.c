/* SPDX-License-Identifier: Apache-2.0 */
/*  sign_journal DIRECTORY - makes a journal whose contracts are countersigned and whose notary
    changes its keys, and whose meter signs what it measured; for a line on standard input it goes
    on with more of it.  Says what it did after each: contracts, countersignatures that hold and
    that do not, keys that hold and that do not, measurements that hold and that do not. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "engine/notary/contracts.h"
#include "engine/notary/countersignatures.h"
#include "engine/notary/notary_keys.h"
#include "engine/replay/replay.h"
#include "engine/wire/statement.h"
#include "tests/unit/a_journal.h"

#define MARKET "settle.test"

enum { LEAVES_MAX = 256, PARTICIPANTS = 6, METER = 7, NOTARY_KEYS = 5 };

typedef struct {
    ph_key key;
    uint8_t secret[64];
} signing;

static a_journal made;
static ph_hash leaves[LEAVES_MAX]; /* of contract n: leaves[n] */
static signing people[PARTICIPANTS + 1], notary[NOTARY_KEYS];
static uint32_t holding, wrong, keys_holding = 1, keys_wrong, said_holding, said_wrong;

static signing key_from(uint8_t seed_byte)
{
    signing s;
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    (void)crypto_sign_ed25519_seed_keypair(s.key.b, s.secret, seed); /* cannot fail */
    return s;
}

static void read_leaves(const char *directory)
{
    char err[512];
    ph_replay *r;
    ph_replay_error why;
    const ph_replay_batch *batch;
    ph_contracts *contracts = ph_contracts_new();
    ph_status s = ph_replay_open(directory, &r, &why);
    PH_ASSERT(s == PH_OK && contracts != NULL);
    for (uint64_t n = 0; ph_replay_next(r, &batch, &why) == PH_OK;) {
        s = ph_contracts_collect(contracts, ph_replay_market(r), batch, err, sizeof err);
        PH_ASSERT(s == PH_OK);
        for (uint32_t i = 0; i < ph_contracts_cnt(contracts) && n + 1 < LEAVES_MAX; i++)
            leaves[++n] = *ph_contracts_leaf_hash(contracts, i);
    }
    ph_replay_close(r);
    ph_contracts_free(contracts);
}

static void countersign(uint64_t contract, bool by_buyer, bool is_true)
{
    char text[PH_COUNTERSIGNED_TEXT_MAX];
    ph_contract_facts facts;
    bool is_there = ph_market_contract(made.m, (ph_contract_id){contract}, &facts);
    PH_ASSERT(is_there);
    ph_participant_id who = by_buyer ? facts.buyer : facts.supplier;
    const signing *by = &people[who.v];
    size_t size =
        ph_countersigned_text(MARKET, (ph_contract_id){contract}, &leaves[contract], text);
    ph_command c = {.kind = PH_CMD_COUNTERSIGN_CONTRACT,
                    .sender = who,
                    .u.countersignature = {.contract = {contract}, .key = by->key}};
    (void)crypto_sign_ed25519_detached(c.u.countersignature.signature.b, NULL,
                                       (const uint8_t *)text, is_true ? size : size - 1,
                                       by->secret); /* cannot fail */
    a_journal_do(&made, c);
    holding += is_true;
    wrong += !is_true;
}

static ph_signature sign(int before, int key, int by)
{
    char text[PH_NOTARY_KEY_TEXT_MAX];
    ph_signature s;
    size_t size = ph_notary_keys_text(MARKET, &notary[before].key, &notary[key].key, text);
    (void)crypto_sign_ed25519_detached(s.b, NULL, (const uint8_t *)text, size,
                                       notary[by].secret); /* cannot fail */
    return s;
}

static void rotate(int before, int key, bool is_proved, bool is_endorsed)
{
    ph_command c = {.kind = PH_CMD_ROTATE_NOTARY_KEY,
                    .sender = {1},
                    .u.notary_key = {.key = notary[key].key,
                                     .proof = sign(before, key, is_proved ? key : before)}};
    if (is_endorsed) c.u.notary_key.endorsement = sign(before, key, before);
    a_journal_do(&made, c);
    keys_holding += is_proved;
    keys_wrong += !is_proved;
}

static void change_key(ph_command_kind kind, const signing *s)
{
    a_journal_do(&made, (ph_command){.kind = kind,
                                     .sender = {METER},
                                     .u.key = {.use = PH_KEY_SIGNATURE, .key = s->key}});
}

static void measure(const signing *by, bool is_true)
{
    char text[PH_STATEMENT_MAX];
    ph_command c = {
        .kind = PH_CMD_MEASURE_SITE,
        .sender = {METER},
        .u.measurement = {
            .site = {1}, .measured_at = made.now, .pue_ppm = 1200000, .green_grade = 2}};
    size_t size = ph_statement_text(MARKET, &c, text);
    (void)crypto_sign_ed25519_detached(c.u.measurement.signature.b, NULL, (const uint8_t *)text,
                                       size, by->secret); /* cannot fail */
    a_journal_do(&made, c);
    said_holding += is_true;
    said_wrong += !is_true;
}

/* With a key that is new, that is no longer, and that is somebody else's, within one batch. */
static void measure_all(uint8_t seed)
{
    signing mine = key_from(seed);
    measure(&mine, false);
    change_key(PH_CMD_ADD_KEY, &mine);
    measure(&mine, true);
    measure(&people[2], false);
    for (int i = 0; i < 60; i++) /* as many as several threads share */
        measure(i % 3 == 0 ? &people[2] : &mine, i % 3 != 0);
    change_key(PH_CMD_REVOKE_KEY, &mine);
    measure(&mine, false);
}

static void say(void)
{
    printf("%" PRIu64 " %u %u %u %u %u %u\n", ph_market_contract_cnt(made.m), holding, wrong,
           keys_holding, keys_wrong, said_holding, said_wrong);
    (void)fflush(stdout); /* whoever waits for the line finds out */
}

int main(int argc, char **argv)
{
    if (argc != 2 || sodium_init() < 0) {
        fprintf(stderr, "usage: sign_journal DIRECTORY\n");
        return 2;
    }
    for (uint32_t i = 0; i < NOTARY_KEYS; i++)
        notary[i] = key_from((uint8_t)(100 + i));
    a_journal_open(&made, argv[1], MARKET, &notary[0].key);
    for (uint32_t who = 2; who <= PARTICIPANTS; who++) {
        people[who] = key_from((uint8_t)who);
        a_journal_do(&made,
                     (ph_command){.kind = PH_CMD_ADD_KEY,
                                  .sender = {who},
                                  .u.key = {.use = PH_KEY_SIGNATURE, .key = people[who].key}});
    }
    a_journal_register(&made, METER, PH_ROLE_METER, "Meter");
    for (uint32_t n = 0; n < 8; n++)
        a_journal_round(&made, n);
    measure_all(50);
    read_leaves(argv[1]);
    countersign(1, false, true);
    countersign(1, true, false);
    countersign(2, true, true);
    countersign(2, false, true);
    countersign(2, false, true); /* a second time: the market takes it, and it counts once */
    holding--;
    rotate(0, 1, true, true);
    a_journal_commit(&made);
    rotate(1, 2, false, true);
    a_journal_round(&made, 8);
    say();
    for (uint64_t more = 3; getchar() != EOF; more++) {
        countersign(more, false, true); /* contracts of before */
        countersign(more, true, more % 2 == 0);
        if (more == 3) rotate(1, 3, true, false);
        measure_all((uint8_t)(50 + more));
        a_journal_round(&made, (uint32_t)(6 + more));
        say();
    }
    a_journal_close(&made);
    return 0;
}
