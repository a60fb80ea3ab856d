/* SPDX-License-Identifier: Apache-2.0 */
/* Replays that verify the chain and do not compare the events. */
#include "engine/base/bytes.h"
#include "engine/journal/format.h"
#include "tests/unit/journaled_market.h"

/* Of batches of `large`; what the engine bent is not looked at, and everything else as always. */
START_TEST(with_the_chain_only_the_market_is_the_same)
{
    for (uint32_t large = 3; large <= 303; large += 100) {
        engine e;
        ph_replay *r;
        ph_replay_error err;
        const ph_replay_batch *b;
        begin(&e);
        e.bend = 7;
        submit(&e, open_market());
        commit(&e);
        for (uint32_t n = 1; n <= 5 * large; n++) {
            submit(&e, deposit((int)n));
            if (n % large == 0) commit(&e);
        }
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
        ph_replay_chain_only(r);
        uint64_t seq = 0;
        ph_status s;
        while ((s = ph_replay_next(r, &b, &err)) == PH_OK) {
            for (uint32_t i = 0; i < b->record_cnt; i++) {
                ck_assert_uint_eq(b->records[i].command.seq, ++seq);
                ck_assert_uint_eq(b->records[i].event_cnt, 0);
                ck_assert_ptr_null(b->records[i].event_bytes);
            }
            ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), seq);
        }
        ck_assert_msg(s == PH_EEND, "%s", err.text);
        ck_assert_uint_eq(seq, 5 * large + 1);
        const ph_account cash = {PH_ACCOUNT_CASH, 1};
        ck_assert_int_eq(ph_market_balance(ph_replay_market(r), cash),
                         ph_market_balance(e.market, cash));
        ph_replay_close(r);
        end(&e);
    }
}
END_TEST

typedef struct {
    uint64_t told, events;
} counter;

static bool count_events(void *arg, const ph_market *m, const ph_replay_record *record)
{
    counter *c = arg;
    ck_assert_uint_eq(record->command.seq, ++c->told);
    ck_assert_uint_eq(ph_market_seq(m), c->told);
    c->events += record->event_cnt;
    return true;
}

START_TEST(a_watcher_sees_the_events_of_a_record_that_is_not_compared)
{
    engine e;
    begin(&e);
    trade(&e, 40);
    counter found[2] = {{0}};
    for (int is_chain_only = 0; is_chain_only <= 1; is_chain_only++) {
        ph_replay *r;
        ph_replay_error err;
        const ph_replay_batch *b;
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
        ph_replay_watch(r, count_events, &found[is_chain_only]);
        if (is_chain_only) ph_replay_chain_only(r);
        while (ph_replay_next(r, &b, &err) == PH_OK)
            continue;
        ph_replay_close(r);
    }
    ck_assert_uint_eq(found[0].told, 1 + 40 * 41 / 2);
    ck_assert_uint_eq(found[1].told, found[0].told);
    ck_assert_uint_ge(found[0].events, found[0].told);
    ck_assert_uint_eq(found[1].events, found[0].events);
    end(&e);
}
END_TEST

/* Where a replay stops and why; how far its market is. */
static ph_status stops_at(const engine *e, bool is_chain_only, ph_replay_error *err, uint64_t *ret)
{
    ph_replay *r;
    const ph_replay_batch *b;
    ph_status s;
    *err = (ph_replay_error){.seq = 0};
    ck_assert_int_eq(ph_replay_open(e->g.directory, &r, err), PH_OK);
    if (is_chain_only) ph_replay_chain_only(r);
    while ((s = ph_replay_next(r, &b, err)) == PH_OK)
        continue;
    *ret = ph_market_seq(ph_replay_market(r));
    ph_replay_close(r);
    return s;
}

/* Batches of the only segment by what their headers say: offset, and bytes without padding. */
static uint32_t find_batches(const uint8_t *segment, size_t size, uint32_t offset[], uint32_t of[])
{
    uint32_t cnt = 0;
    for (size_t at = PH_JOURNAL_PAGE; at + PH_JOURNAL_PAGE <= size; at += PH_JOURNAL_PAGE) {
        if (memcmp(segment + at, "PHJB", 4) != 0) continue;
        offset[cnt] = (uint32_t)at;
        of[cnt++] = PH_BATCH_SIZE + ph_load_u32(segment + at + 32);
    }
    return cnt;
}

/* The market has exactly the batches before the byte that is wrong, compared or not. */
START_TEST(no_command_is_applied_before_its_batch_is_verified)
{
    enum { LARGE = 64, BATCHES = 24 };
    engine e;
    begin_with(&e, 256);
    submit(&e, open_market());
    commit(&e);
    for (int n = 1; n <= LARGE * BATCHES; n++) {
        submit(&e, deposit(n));
        if (n % LARGE == 0) commit(&e);
    }
    static const char segment[] = "00000000000000000001.phj";
    uint32_t offset[2 * BATCHES], of[2 * BATCHES];
    size_t size;
    uint8_t *bytes = rig_load(&e.g, segment, &size);
    ck_assert_uint_eq(find_batches(bytes, size, offset, of), BATCHES + 1);
    for (uint32_t i = 1; i <= BATCHES; i += 5) {
        uint32_t at = offset[i] + 4 + i * 997 % (of[i] - 4);
        rig_poke(&e.g, segment, at, bytes[at] ^ 0x10);
        ph_replay_error whole, only;
        uint64_t applied_whole, applied_only;
        ph_status s = stops_at(&e, false, &whole, &applied_whole);
        ck_assert_int_eq(s, PH_ECORRUPT);
        ck_assert_int_eq(stops_at(&e, true, &only, &applied_only), s);
        ck_assert_str_eq(only.text, whole.text);
        ck_assert_uint_eq(only.seq, whole.seq);
        ck_assert_uint_eq(applied_whole, 1 + (uint64_t)(i - 1) * LARGE);
        ck_assert_uint_eq(applied_only, applied_whole);
        rig_poke(&e.g, segment, at, bytes[at]);
    }
    free(bytes);
    end(&e);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, with_the_chain_only_the_market_is_the_same);
    tcase_add_test(t, a_watcher_sees_the_events_of_a_record_that_is_not_compared);
    tcase_add_test(t, no_command_is_applied_before_its_batch_is_verified);
}

int main(void)
{
    return suite_run("replay_chain", add);
}
