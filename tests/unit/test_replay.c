/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/replay.h"

#include "engine/base/limits.h"
#include "engine/journal/chain.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_block.h"
#include "engine/wire/codec.h"
#include "tests/unit/journaled_market.h"
#include "tests/unit/suite.h"

START_TEST(a_replay_gives_the_market_that_was_journaled)
{
    engine e;
    begin(&e);
    trade(&e, 30);
    ph_replay *r;
    ph_replay_error err;
    ck_assert_msg(ph_replay_open(e.g.directory, &r, &err) == PH_OK, "%s", err.text);
    const ph_replay_batch *b;
    uint64_t seq = 0;
    ph_hash chain = {{0}};
    ph_status s;
    while ((s = ph_replay_next(r, &b, &err)) == PH_OK) {
        ck_assert_uint_eq(b->first_seq, seq + 1);
        if (seq != 0) ck_assert_mem_eq(b->previous.b, chain.b, 32);
        chain = b->chain;
        for (uint32_t i = 0; i < b->record_cnt; i++) {
            const ph_replay_record *rec = &b->records[i];
            ck_assert_uint_eq(rec->command.seq, ++seq);
            ck_assert_uint_ge(rec->event_cnt, 1);
            ph_reader read = ph_reader_of(rec->event_bytes, rec->event_size);
            for (uint32_t k = 0; k < rec->event_cnt; k++)
                ck_assert_int_eq(ph_event_read(&read).kind, rec->events[k].kind);
            ck_assert(ph_reader_done(&read));
            ph_command c;
            ck_assert_int_eq(ph_command_read(rec->command_bytes, rec->command_size, &c), PH_OK);
            ck_assert_int_eq(c.kind, rec->command.kind);
        }
    }
    ck_assert_msg(s == PH_EEND, "%s", err.text);
    ck_assert_mem_eq(chain.b, ph_journal_end(e.journal).chain.b, 32);
    const ph_account cash = {PH_ACCOUNT_CASH, 1};
    ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), ph_market_seq(e.market));
    ck_assert_int_gt(ph_market_balance(e.market, cash), 0);
    ck_assert_int_eq(ph_market_balance(ph_replay_market(r), cash),
                     ph_market_balance(e.market, cash));
    submit(&e, deposit(5000)); /* goes on where it stopped */
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_EEND);
    commit(&e);
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_OK);
    ck_assert_uint_eq(b->first_seq, seq + 1);
    ph_market *m = ph_replay_take_market(r);
    ph_replay_close(r);
    ck_assert_uint_eq(ph_market_seq(m), seq + 1);
    ck_assert_ptr_null(ph_market_broken(m));
    ph_market_block_free(m);
    end(&e);
}
END_TEST

/* The bytes of the record are where it says, the last of its event bytes is what was bent. */
static void check_difference(const engine *e, const ph_replay_difference *d, uint64_t seq)
{
    ck_assert_ptr_nonnull(d);
    ck_assert_uint_eq(d->record.command.seq, seq);
    ck_assert_uint_ge(d->record.event_cnt, 1);
    ck_assert_uint_ne(d->record.event_check, d->computed_check);
    ck_assert_uint_eq(ph_chain_check(seq, d->record.event_bytes, d->record.event_size),
                      d->computed_check);
    char path[128];
    uint8_t there[PH_REC_BYTES + 4];
    snprintf(path, sizeof path, "%s/%s", e->g.directory, d->segment);
    FILE *f = fopen(path, "rbe");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, (long)d->offset, SEEK_SET), 0);
    ck_assert_uint_eq(fread(there, 1, sizeof there, f), sizeof there);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(memcmp(there + PH_REC_SIZE, &d->record.command_size, 4), 0);
    ck_assert_int_eq(memcmp(there + PH_REC_EVENTS, &d->record.event_check, 8), 0);
    ck_assert_int_eq(memcmp(there + PH_REC_BYTES, d->record.command_bytes, 4), 0);
}

START_TEST(the_first_record_that_differs_is_named)
{
    for (uint64_t bend = 1; bend <= 11; bend++) {
        engine e;
        begin(&e);
        e.bend = bend;
        trade(&e, 4);
        ph_replay *r;
        ph_replay_error err;
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
        const ph_replay_batch *b = NULL;
        uint64_t applied = 0;
        ph_status s;
        while ((s = ph_replay_next(r, &b, &err)) == PH_OK)
            applied += b->record_cnt;
        ck_assert_int_eq(s, PH_EDIVERGED);
        ck_assert_uint_eq(err.seq, bend);
        ck_assert_uint_lt(applied, bend);
        ck_assert_ptr_nonnull(strstr(err.text, "segment \"00000000000000000001.phj\""));
        memset(&err, 0, sizeof err); /* and it stays so */
        ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_EDIVERGED);
        ck_assert_uint_eq(err.seq, bend);
        check_difference(&e, ph_replay_differs(r), bend);
        ph_replay_close(r);
        end(&e);
    }
}
END_TEST

/* Stops at record `last`. */
typedef struct {
    uint64_t last, told;
} watcher;

static bool hear(void *arg, const ph_market *m, const ph_replay_record *record)
{
    watcher *w = arg;
    ck_assert_uint_eq(record->command.seq, w->told + 1);
    ck_assert_uint_eq(ph_market_seq(m), record->command.seq);
    ck_assert_uint_eq(ph_chain_check(record->command.seq, record->event_bytes, record->event_size),
                      record->event_check);
    ck_assert_uint_ge(record->event_cnt, 1);
    w->told = record->command.seq;
    return w->told != w->last;
}

START_TEST(a_watcher_hears_every_record_and_may_stop_within_a_batch)
{
    engine e;
    begin(&e);
    trade(&e, 4);
    /* The last batch that is whole with each record: they have 1, 1, 2, 3 and 4 of them. */
    const uint64_t end_of_batch[12] = {0, 1, 2, 2, 4, 4, 4, 7, 7, 7, 7, 11};
    for (uint64_t last = 1; last <= 12; last++) {
        ph_replay *r;
        ph_replay_error err;
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
        watcher w = {.last = last};
        ph_replay_watch(r, hear, &w);
        const ph_replay_batch *b = NULL;
        uint64_t whole = 0;
        while (ph_replay_next(r, &b, &err) == PH_OK)
            whole = b->first_seq + b->record_cnt - 1;
        uint64_t end_seq = last <= 11 ? last : 11; /* there are no more */
        ck_assert_uint_eq(w.told, end_seq);
        ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), end_seq);
        ck_assert_uint_eq(whole, end_of_batch[end_seq]);
        ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_EEND);
        ck_assert_ptr_null(ph_replay_differs(r));
        ph_replay_close(r);
    }
    end(&e);
}
END_TEST

/* While the watcher hears one batch, the second thread reads the next one. */
START_TEST(a_watcher_hears_every_record_of_large_batches)
{
    enum { LARGE = 100, BATCHES = 4, LAST = 1 + LARGE * BATCHES };
    static const uint64_t lasts[] = {2, 33, 100, 101, 102, 199, 201, 300, LAST - 1, LAST, LAST + 1};
    engine e;
    begin(&e);
    submit(&e, open_market());
    commit(&e);
    for (int n = 1; n <= LARGE * BATCHES; n++) {
        submit(&e, deposit(n));
        if (n % LARGE == 0) commit(&e);
    }
    for (size_t i = 0; i < sizeof lasts / sizeof lasts[0]; i++) {
        ph_replay *r;
        ph_replay_error err;
        const ph_replay_batch *b = NULL;
        watcher w = {.last = lasts[i]};
        uint64_t whole = 0, end_seq = lasts[i] <= LAST ? lasts[i] : LAST;
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
        ph_replay_watch(r, hear, &w);
        while (ph_replay_next(r, &b, &err) == PH_OK)
            whole = b->first_seq + b->record_cnt - 1;
        ck_assert_uint_eq(w.told, end_seq);
        ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), end_seq);
        ck_assert_uint_eq(whole, 1 + (end_seq - 1) / LARGE * LARGE);
        ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_EEND);
        ph_replay_close(r);
    }
    end(&e);
}
END_TEST

START_TEST(a_record_that_is_no_command_is_corruption)
{
    engine e;
    begin(&e);
    trade(&e, 1);
    ck_assert_int_eq(ph_journal_append(e.journal, (ph_time){UINT64_MAX}, "nonsense", 8, "", 0),
                     PH_OK);
    commit(&e);
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b;
    ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_OK);
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_OK);
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_ECORRUPT);
    ck_assert_uint_eq(err.seq, 3);
    ck_assert_ptr_nonnull(strstr(err.text, "not a command"));
    ph_replay_close(r);
    end(&e);
}
END_TEST

/* Whoever watches hears all up to the fault. */
static ph_status replay_to_fault(const engine *e, bool is_watched, ph_replay_error *err)
{
    ph_replay *r;
    const ph_replay_batch *b;
    ph_status s;
    watcher w = {0};
    ck_assert_int_eq(ph_replay_open(e->g.directory, &r, err), PH_OK);
    if (is_watched) ph_replay_watch(r, hear, &w);
    while ((s = ph_replay_next(r, &b, err)) == PH_OK)
        continue;
    if (s == PH_EDIVERGED)
        check_difference(e, ph_replay_differs(r), err->seq);
    else
        ck_assert_ptr_null(ph_replay_differs(r));
    if (is_watched) ck_assert_uint_eq(w.told, err->seq - 1);
    ph_replay_close(r);
    return s;
}

/* Batches that are large enough for a second thread: the first fault of all is told, whichever
   half of the work finds it. */
START_TEST(large_batches_are_compared_as_well)
{
    enum { LARGE = 300, BATCHES = 6 };
    static const uint64_t places[] = {2, 300, 301, 302, 800, 1801};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        for (uint64_t nonsense = 0; nonsense <= 500; nonsense += 500) {
            engine e;
            ph_replay_error err;
            begin(&e);
            e.bend = places[i];
            submit(&e, open_market());
            commit(&e);
            uint64_t no_command = 0, last_at = UINT64_C(1700000000000000000);
            for (int n = 0; n < LARGE * BATCHES; n++) {
                uint64_t seq = ph_journal_next_seq(e.journal);
                submit(&e, deposit(n));
                if (n % LARGE == LARGE - 1) commit(&e);
                if (seq != nonsense) continue;
                no_command = seq + 1;
                ck_assert_int_eq(
                    ph_journal_append(e.journal, (ph_time){last_at + seq * 1000}, "?", 1, "", 0),
                    PH_OK);
                break; /* the market would not know of it */
            }
            commit(&e);
            bool bends = no_command == 0 || places[i] < no_command;
            for (int is_watched = 0; is_watched <= 1; is_watched++) {
                ph_status s = replay_to_fault(&e, is_watched, &err);
                ck_assert_int_eq(s, bends ? PH_EDIVERGED : PH_ECORRUPT);
                ck_assert_uint_eq(err.seq, bends ? places[i] : no_command);
            }
            end(&e);
        }
    }
}
END_TEST

START_TEST(large_batches_give_the_market)
{
    for (uint32_t large = 20; large <= 620; large += 300) {
        engine e;
        ph_replay *r;
        ph_replay_error err;
        const ph_replay_batch *b;
        begin(&e);
        submit(&e, open_market());
        commit(&e);
        for (uint32_t n = 1; n <= 8 * large; n++) {
            submit(&e, deposit((int)n));
            if (n % large == 0) commit(&e);
        }
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
        uint64_t seq = 0;
        ph_status s;
        while ((s = ph_replay_next(r, &b, &err)) == PH_OK) {
            for (uint32_t i = 0; i < b->record_cnt; i++) {
                const ph_replay_record *rec = &b->records[i];
                ck_assert_uint_eq(rec->command.seq, ++seq);
                ph_reader read = ph_reader_of(rec->event_bytes, rec->event_size);
                for (uint32_t k = 0; k < rec->event_cnt; k++)
                    ck_assert_int_eq(ph_event_read(&read).kind, rec->events[k].kind);
                ck_assert(ph_reader_done(&read));
            }
            ck_assert_uint_eq(ph_market_seq(ph_replay_market(r)), seq);
        }
        ck_assert_msg(s == PH_EEND, "%s", err.text);
        ck_assert_uint_eq(seq, 8 * large + 1);
        ph_replay_close(r);
        end(&e);
    }
}
END_TEST

START_TEST(damage_in_the_file_reaches_the_caller)
{
    engine e;
    begin(&e);
    trade(&e, 3);
    rig_poke(&e.g, "00000000000000000001.phj", 2 * PH_JOURNAL_PAGE + 200, 0x77);
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b;
    ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_OK);
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_OK);
    ck_assert_int_eq(ph_replay_next(r, &b, &err), PH_ECORRUPT);
    ck_assert_uint_eq(err.seq, 2);
    ph_replay_close(r);
    end(&e);
}
END_TEST

START_TEST(no_journal_and_unknown_sizes_are_told_apart)
{
    ph_replay *r = NULL;
    ph_replay_error err;
    ck_assert_int_eq(ph_replay_open("/tmp/petahour-no-such-journal", &r, &err), PH_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(err.text, "/tmp/petahour-no-such-journal"));
    static const struct {
        uint8_t first;
        uint32_t size;
        ph_status status;
    } rows[] = {
        {3, PH_LIMITS_SIZE, PH_ECORRUPT}, /* all sizes zero: they make no sense */
        {3, PH_LIMITS_SIZE - 1, PH_ECORRUPT},
        {3, PH_LIMITS_SIZE + 1, PH_ECORRUPT},
        {0, PH_LIMITS_SIZE, PH_ECORRUPT},
        {1, PH_LIMITS_SIZE, PH_EVERSION},
        {0, 0, PH_ECORRUPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        engine e = {.segment_pages = 8};
        rig_begin(&e.g);
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), PH_ENOTFOUND);
        const uint8_t meta[PH_LIMITS_SIZE + 1] = {rows[i].first};
        open_journal(&e, meta, rows[i].size);
        ck_assert_int_eq(ph_replay_open(e.g.directory, &r, &err), rows[i].status);
        ck_assert_ptr_nonnull(strstr(err.text, "market sizes"));
        ck_assert_ptr_null(r);
        ph_journal_close(e.journal);
        rig_end(&e.g);
    }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_replay_gives_the_market_that_was_journaled);
    tcase_add_test(t, the_first_record_that_differs_is_named);
    tcase_add_test(t, a_watcher_hears_every_record_and_may_stop_within_a_batch);
    tcase_add_test(t, a_watcher_hears_every_record_of_large_batches);
    tcase_add_test(t, a_record_that_is_no_command_is_corruption);
    tcase_add_test(t, large_batches_are_compared_as_well);
    tcase_add_test(t, large_batches_give_the_market);
    tcase_add_test(t, damage_in_the_file_reaches_the_caller);
    tcase_add_test(t, no_journal_and_unknown_sizes_are_told_apart);
}

int main(void)
{
    return suite_run("replay", add);
}
