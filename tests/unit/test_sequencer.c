/* SPDX-License-Identifier: Apache-2.0 */
/*  The sequencer on a real market, journal, spool and socket; the disk can be told to fail. */
#include "engine/host/sequencer.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "engine/base/limits.h"
#include "engine/host/recovery.h"
#include "engine/host/settings.h"
#include "engine/link/follower.h"
#include "engine/process/clock.h"
#include "engine/wire/codec.h"
#include "engine/wire/record.h"
#include "tests/unit/suite.h"

enum { START_S = 1700000000 };

/* A disk in front of the real one: every write and sync fails once `failing` is set. */
static ph_disk_ops ops, real_ops;
static bool failing;
static uint32_t syncs;

static ph_status failing_write(ph_disk *d, int file, uint64_t at, const void *bytes, size_t size)
{
    return failing ? PH_EIO : real_ops.write(d, file, at, bytes, size);
}

static ph_status failing_sync(ph_disk *d, int file)
{
    if (failing) return PH_EIO;
    syncs++;
    return real_ops.sync(d, file);
}

static char folder[64], endpoint[128], err[1024];
static ph_config_market market = {"test.petahour", "USD"};
static ph_engine_settings settings;
static ph_recovered recovered;
static void *context;
static ph_server *server;
static ph_sequencer *sequencer;
static ph_follower *follower;

/* What the follower saw last. */
static struct {
    uint64_t cnt, seq;
    ph_command_kind kind;
    ph_time at;
    uint32_t sender;
    ph_event first;
} seen;

static ph_time at_s(uint64_t s)
{
    return (ph_time){(START_S + s) * PH_NS_PER_S};
}

static void start_engine(void)
{
    ph_status s = ph_recovery_run(&market, &settings, &recovered, err, sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
    real_ops = *recovered.disk.disk.ops;
    ops = real_ops;
    ops.write = failing_write;
    ops.sync = failing_sync;
    recovered.disk.disk.ops = &ops;
    failing = false;
    syncs = 0;
    s = ph_server_open(context, endpoint, "test.petahour/engine", recovered.spool, &server, err,
                       sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
    ph_sequencer_parts parts = {recovered.market, recovered.limits, recovered.journal, server};
    ck_assert_int_eq(ph_sequencer_open(&parts, &sequencer), PH_OK);
}

static void stop_engine(void)
{
    ph_sequencer_close(sequencer);
    ph_server_close(server);
    ph_recovery_release(&recovered);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/petahour-sequencer-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    memset(&settings, 0, sizeof settings);
    snprintf(settings.journal, sizeof settings.journal, "%s/journal", folder);
    snprintf(settings.spool, sizeof settings.spool, "%s/spool", folder);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder);
    settings.limits = (ph_market_limits){.participants_max = 16,
                                         .sites_max = 4,
                                         .hardware_max = 4,
                                         .products_max = 4,
                                         .pools_max = 4,
                                         .ring_periods = 64,
                                         .orders_max = 64,
                                         .order_periods_max = 256,
                                         .blocks_max = 16,
                                         .contracts_max = 64,
                                         .references_max = 65536,
                                         .terms_max = 16,
                                         .deliveries_max = 1024,
                                         .lots_max = 1024,
                                         .disputes_max = 16,
                                         .probes_max = 16,
                                         .levels_max = 256};
    context = zmq_ctx_new();
    memset(&seen, 0, sizeof seen);
    start_engine();
    ck_assert_int_eq(ph_follower_open(context, endpoint, 1, &follower), PH_OK);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

static void tear_down(void)
{
    ph_follower_close(follower);
    stop_engine();
    zmq_ctx_term(context);
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static ph_status on_item(void *arg, uint64_t number, const void *bytes, size_t size)
{
    (void)arg;
    ph_record r;
    ck_assert_int_eq(ph_record_read(bytes, size, &r), PH_OK);
    ck_assert_uint_eq(r.command.seq, number);
    ck_assert_uint_ge(r.command.at.ns, seen.at.ns);
    ph_reader events = ph_reader_of(r.event_bytes, r.event_size);
    seen.first = ph_event_read(&events);
    ck_assert(!events.bad);
    seen.cnt++;
    seen.seq = number;
    seen.kind = r.command.kind;
    seen.at = r.command.at;
    seen.sender = r.command.sender.v;
    return PH_OK;
}

static ph_status no_command(void *arg, ph_link_peer peer, const void *bytes, uint32_t size)
{
    (void)arg;
    return ph_sequencer_submit(sequencer, at_s(0), peer, bytes, size);
}

/* Turns both ends until the follower has everything that is durable, and a little longer, in case
   there is more than that. */
static void look(void)
{
    uint64_t end = ph_clock_monotonic_ns() + 90 * PH_NS_PER_S, quiet = 0;
    while (quiet < 3 || !ph_follower_caught_up(follower) ||
           ph_follower_next(follower) <= ph_journal_end(recovered.journal).seq) {
        ck_assert(ph_clock_monotonic_ns() < end);
        ph_status s = ph_server_take(server, 100, NULL, no_command, NULL);
        ck_assert(s == PH_OK || s == PH_EAGAIN);
        ck_assert_int_eq(ph_server_flush(server), PH_OK);
        zmq_pollitem_t item = {.socket = ph_follower_socket(follower), .events = ZMQ_POLLIN};
        zmq_poll(&item, 1, 5);
        s = ph_follower_turn(follower, ph_clock_monotonic_ns(), on_item, NULL);
        ck_assert(s == PH_OK || s == PH_EAGAIN);
        quiet = s == PH_EAGAIN ? quiet + 1 : 0;
    }
}

static void open_market(void)
{
    ph_open_market terms = {.rules_version = 1,
                            .market = {"test.petahour"},
                            .currency = "USD",
                            .operator_name = {"Operator"}};
    memset(terms.operator_curve_key.b, 1, 32);
    memset(terms.operator_sign_key.b, 2, 32);
    memset(terms.notary_sign_key.b, 3, 32);
    ck_assert_int_eq(ph_sequencer_open_market(sequencer, at_s(0), &terms), PH_OK);
    ck_assert_ptr_nonnull(ph_market_opened(recovered.market));
}

static ph_status submit(ph_time now, const ph_command *c)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_command_write(&w, c);
    ck_assert(!w.full);
    return ph_sequencer_submit(sequencer, now, (ph_link_peer){0}, bytes,
                               (uint32_t)ph_writer_size(&w));
}

/* Operator's deposit for itself: works as often as the reference is new. */
static ph_command deposit(uint64_t n)
{
    ph_command c = {.kind = PH_CMD_DEPOSIT, .sender = {1}, .request = n};
    c.u.payment.participant.v = 1;
    c.u.payment.amount = 1000000;
    snprintf(c.u.payment.reference.s, sizeof c.u.payment.reference.s, "r%llu",
             (unsigned long long)n);
    return c;
}

static ph_money cash(void)
{
    return ph_market_balance(recovered.market, (ph_account){PH_ACCOUNT_CASH, 1});
}

static void restart(void)
{
    stop_engine();
    start_engine();
}

START_TEST(nothing_is_seen_before_the_commit)
{
    open_market();
    look();
    ck_assert_uint_eq(seen.cnt, 0);
    ck_assert_uint_eq(syncs, 0);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    ck_assert_uint_eq(syncs, 1);
    look();
    ck_assert_uint_eq(seen.cnt, 1);
    ck_assert_int_eq(seen.kind, PH_CMD_OPEN_MARKET);
    ck_assert_int_eq(seen.first.kind, PH_EVT_DONE);
    for (uint64_t n = 1; n <= 100; n++) {
        ph_command c = deposit(n);
        ck_assert_int_eq(submit(at_s(n), &c), PH_OK);
    }
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    ck_assert_uint_eq(syncs, 2);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    ck_assert_uint_eq(syncs, 2);
    look();
    ck_assert_uint_eq(seen.cnt, 101);
    ck_assert_uint_eq(seen.at.ns, at_s(100).ns);
}
END_TEST

START_TEST(stamps_never_decrease)
{
    open_market();
    ph_command a = deposit(1), b = deposit(2);
    ck_assert_int_eq(submit(at_s(500), &a), PH_OK);
    ck_assert_int_eq(submit(at_s(20), &b), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.at.ns, at_s(500).ns);
    restart();
    ph_command c = deposit(3);
    ck_assert_int_eq(submit(at_s(30), &c), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.seq, 4);
    ck_assert_uint_eq(seen.at.ns, at_s(500).ns);
}
END_TEST

START_TEST(only_commands_of_clients_are_taken)
{
    open_market();
    ph_command tick = {.kind = PH_CMD_TICK};
    ph_command open = {.kind = PH_CMD_OPEN_MARKET};
    ck_assert_int_eq(submit(at_s(1), &tick), PH_ECORRUPT);
    ck_assert_int_eq(submit(at_s(1), &open), PH_ECORRUPT);
    ck_assert_int_eq(ph_sequencer_submit(sequencer, at_s(1), (ph_link_peer){0}, "abc", 3),
                     PH_ECORRUPT);
    ck_assert_int_eq(ph_sequencer_submit(sequencer, at_s(1), (ph_link_peer){0}, "", 0),
                     PH_ECORRUPT);
    ck_assert_uint_eq(ph_market_seq(recovered.market), 1);
    /* What the market refuses is sequenced like everything else. */
    ph_command stranger = deposit(1);
    stranger.sender.v = 9;
    ck_assert_int_eq(submit(at_s(1), &stranger), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.seq, 2);
    ck_assert_uint_eq(seen.sender, 9);
    ck_assert_int_eq(seen.first.kind, PH_EVT_REJECTED);
}
END_TEST

static void submit_ok(ph_time now, ph_command c)
{
    ck_assert_int_eq(submit(now, &c), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_msg(
        seen.first.kind != PH_EVT_REJECTED, "%s refused: %s", ph_command_kind_name(c.kind),
        seen.first.kind == PH_EVT_REJECTED ? ph_reject_text(seen.first.u.rejected.code) : "");
}

/* A buyer's order rests in the three periods after the start; each gate is due at its beginning. */
static ph_command order(uint64_t id, uint32_t first)
{
    ph_command c = {.kind = PH_CMD_NEW_ORDER, .sender = {2}};
    c.u.order = (ph_new_order){.client_order_id = id,
                               .product = {1},
                               .side = PH_SIDE_BUY,
                               .shape = PH_SHAPE_EACH,
                               .window = {first, 3},
                               .quantity = 1,
                               .price = 10,
                               .time_in_force = PH_TIF_GTC,
                               .stp = PH_STP_CANCEL_INCOMING};
    return c;
}

static void rest_an_order(void)
{
    open_market();
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT, .sender = {1}};
    c.u.participant = (ph_register_participant){
        .id = {2}, .roles = PH_ROLE_SUPPLIER | PH_ROLE_BUYER, .name = {"both"}};
    memset(c.u.participant.curve_key.b, 9, 32);
    submit_ok(at_s(1), c);
    c = deposit(1);
    c.u.payment.participant.v = 2;
    submit_ok(at_s(1), c);
    c = (ph_command){.kind = PH_CMD_REGISTER_SITE, .sender = {1}};
    c.u.site = (ph_register_site){
        .id = {1}, .owner = {2}, .region = {"r"}, .name = {"site"}, .pue_ppm = 1200000};
    submit_ok(at_s(1), c);
    c = (ph_command){.kind = PH_CMD_REGISTER_HARDWARE, .sender = {1}};
    c.u.hardware = (ph_register_hardware){.id = {1}, .name = {"card"}};
    submit_ok(at_s(1), c);
    c = (ph_command){.kind = PH_CMD_LIST_PRODUCT, .sender = {1}};
    c.u.product = (ph_product_terms){.id = {1},
                                     .symbol = {"AI.TEST"},
                                     .compute_type = PH_COMPUTE_AI,
                                     .architecture = PH_ARCH_GPU,
                                     .model = {"H100"},
                                     .unit = {"card"},
                                     .hardware = {1},
                                     .hardware_units = 1,
                                     .site = {1},
                                     .period_seconds = 3600,
                                     .tick = 1,
                                     .lot = 1,
                                     .quantity_max = 100,
                                     .block_periods_max = 10,
                                     .horizon = 60,
                                     .report_seconds = 60,
                                     .dispute_seconds = 60,
                                     .resolve_seconds = 60,
                                     .reference_price = 10};
    submit_ok(at_s(1), c);
    submit_ok(at_s(1), order(1, START_S / 3600 + 1));
}

START_TEST(what_is_due_comes_at_its_own_stamp_before_later_commands)
{
    ck_assert_uint_eq(ph_sequencer_next_due(sequencer).ns, UINT64_MAX);
    rest_an_order();
    ph_time gate = {(START_S / 3600 + 1) * UINT64_C(3600) * PH_NS_PER_S};
    ck_assert_uint_eq(ph_sequencer_next_due(sequencer).ns, gate.ns);
    uint64_t before = seen.cnt;
    ck_assert_int_eq(ph_sequencer_run_due(sequencer, (ph_time){gate.ns - 1}), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.cnt, before);
    ck_assert_int_eq(ph_sequencer_run_due(sequencer, gate), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.cnt, before + 1);
    ck_assert_int_eq(seen.kind, PH_CMD_TICK);
    ck_assert_uint_eq(seen.at.ns, gate.ns);
    /* A command two periods later comes behind both ticks. */
    uint64_t hour_ns = 3600 * PH_NS_PER_S;
    ph_command c = deposit(77);
    ck_assert_int_eq(submit((ph_time){gate.ns + 2 * hour_ns + 1}, &c), PH_OK);
    ck_assert_uint_eq(ph_market_seq(recovered.market), before + 4);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.cnt, before + 4);
    ck_assert_int_eq(seen.kind, PH_CMD_DEPOSIT);
    ck_assert_uint_eq(ph_sequencer_next_due(sequencer).ns, UINT64_MAX);
    restart();
    ck_assert_uint_eq(recovered.spool_kept, before + 4);
}
END_TEST

enum { FRAME = 40, FRAMES = 6 };

/* Orders that rest, a deposit, what is cancelled and replaced while it is ahead, what is refused,
   and what is not for a gateway to send. */
static ph_command command_in_frame(uint32_t n)
{
    ph_command c = order(10 + n, START_S / 3600 + 1 + n / FRAME * 2);
    if (n % 8 == 0) c = deposit(1000 + n);
    if (n % 8 == 1) c = (ph_command){.kind = PH_CMD_TICK};
    if (n % 8 == 2) c.sender.v = 9;
    if (n % 8 == 3) {
        c.kind = PH_CMD_CANCEL_ORDER;
        c.u.cancel = (ph_cancel_order){.order = {n / 8 * 2}};
    }
    if (n % 8 == 4) {
        c.kind = PH_CMD_REPLACE_ORDER;
        c.u.replace = (ph_replace_order){
            .order = {ph_market_order_cnt(recovered.market)}, .price = 9, .quantity = 2};
    }
    return c;
}

static void submit_frame(uint32_t frame, bool is_expected)
{
    static struct {
        uint8_t bytes[PH_COMMAND_BYTES_MAX];
        uint32_t size;
    } v[FRAME];
    for (uint32_t i = 0; i < FRAME; i++) {
        ph_command c = command_in_frame(frame * FRAME + i);
        ph_writer w = ph_writer_of(v[i].bytes, sizeof v[i].bytes);
        ph_command_write(&w, &c);
        v[i].size = (uint32_t)ph_writer_size(&w);
        if (i % 11 == 7) v[i].size--; /* cut short: no command */
    }
    uint32_t expected = 0;
    for (uint32_t i = 0; i < FRAME; i++) {
        for (; is_expected && expected < FRAME && expected < i + PH_SERVER_AHEAD; expected++)
            ph_sequencer_expect(sequencer, v[expected].bytes, v[expected].size);
        /* Half a period passes within a frame, so that ticks come between its commands. */
        ph_time now = at_s(2 + frame * 7200 + i * 60);
        ph_status s = ph_sequencer_submit(sequencer, now, (ph_link_peer){0}, v[i].bytes, v[i].size);
        bool is_none = i % 11 == 7 || (frame * FRAME + i) % 8 == 1;
        ck_assert_int_eq(s, is_none ? PH_ECORRUPT : PH_OK);
        memset(v[i].bytes, 0xff, sizeof v[i].bytes); /* nobody looks at them any more */
    }
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
}

static ph_journal_position sequence_frames(bool is_expected)
{
    rest_an_order();
    for (uint32_t frame = 0; frame < FRAMES; frame++)
        submit_frame(frame, is_expected);
    return ph_journal_end(recovered.journal);
}

/* The chain hash is over every byte of the journal's batches, events and stamps included. */
START_TEST(commands_that_are_expected_give_the_same_journal)
{
    ph_journal_position one_by_one = sequence_frames(false);
    ph_follower_close(follower);
    stop_engine();
    memset(&seen, 0, sizeof seen);
    snprintf(settings.journal, sizeof settings.journal, "%s/journal2", folder);
    snprintf(settings.spool, sizeof settings.spool, "%s/spool2", folder);
    start_engine();
    ck_assert_int_eq(ph_follower_open(context, endpoint, 1, &follower), PH_OK);
    ph_journal_position ahead = sequence_frames(true);
    /* Ticks and all: more records than commands were taken. */
    uint64_t commands = ph_sequencer_count(sequencer)->commands;
    ck_assert_uint_eq(ahead.seq, commands);
    ck_assert_uint_eq(ahead.seq, one_by_one.seq);
    ck_assert_mem_eq(&ahead.chain, &one_by_one.chain, sizeof ahead.chain);
    restart();
    ck_assert_uint_eq(recovered.spool_kept, commands);
}
END_TEST

START_TEST(a_full_batch_commits_by_itself)
{
    enum { CNT = 60000 }; /* about 5 MB of records: more than one batch holds */
    open_market();
    for (uint64_t n = 1; n <= CNT; n++) {
        ph_command c = deposit(n);
        ck_assert_int_eq(submit(at_s(1), &c), PH_OK);
    }
    ck_assert_uint_ge(syncs, 1);
    uint64_t durable = ph_journal_end(recovered.journal).seq;
    ck_assert_uint_lt(durable, CNT + 1);
    look();
    ck_assert_uint_eq(seen.seq, durable);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    look();
    ck_assert_uint_eq(seen.seq, CNT + 1);
    restart();
    ck_assert_uint_eq(ph_market_seq(recovered.market), CNT + 1);
    ck_assert_uint_eq(recovered.spool_kept, CNT + 1);
    ck_assert_int_eq(cash(), CNT * INT64_C(1000000));
}
END_TEST

START_TEST(after_a_failed_sync_nothing_is_published_and_nothing_taken)
{
    open_market();
    ph_command a = deposit(1), b = deposit(2);
    ck_assert_int_eq(submit(at_s(1), &a), PH_OK);
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    ck_assert_int_eq(submit(at_s(2), &b), PH_OK);
    failing = true;
    ck_assert_int_ne(ph_sequencer_commit(sequencer), PH_OK);
    ck_assert_ptr_nonnull(strstr(ph_sequencer_why(sequencer), "could not make commands durable"));
    failing = false;
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_EIO);
    ck_assert_int_eq(submit(at_s(3), &b), PH_EIO);
    ck_assert_int_eq(ph_sequencer_run_due(sequencer, at_s(3)), PH_EIO);
    look();
    ck_assert_uint_eq(seen.seq, 2);
    /* The spool knows of the third record; the next start takes it back. */
    ck_assert_uint_eq(ph_spool_last(recovered.spool), 3);
    restart();
    ck_assert_uint_eq(ph_market_seq(recovered.market), 2);
    ck_assert_uint_eq(ph_spool_last(recovered.spool), 2);
    ck_assert_int_eq(cash(), 1000000);
}
END_TEST

START_TEST(a_spool_that_is_gone_or_wrong_is_made_again)
{
    open_market();
    for (uint64_t n = 1; n <= 200; n++) {
        ph_command c = deposit(n);
        ck_assert_int_eq(submit(at_s(n), &c), PH_OK);
    }
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    stop_engine();
    ck_assert_int_eq(unlink(settings.spool), 0);
    start_engine();
    ck_assert_uint_eq(recovered.spool_kept, 0);
    ck_assert_int_eq(ph_spool_truncate(recovered.spool, 100), PH_OK);
    ck_assert_int_eq(ph_spool_put(recovered.spool, 101, "lie", 3), PH_OK);
    ck_assert_int_eq(ph_spool_put(recovered.spool, 102, "", 0), PH_OK);
    restart();
    ck_assert_uint_eq(recovered.spool_kept, 100);
    ck_assert_uint_eq(ph_spool_last(recovered.spool), 201);
    look();
    ck_assert_uint_eq(seen.cnt, 201);
}
END_TEST

START_TEST(a_journal_of_another_market_is_refused)
{
    open_market();
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    ph_recovered second;
    ck_assert_int_eq(ph_recovery_run(&market, &settings, &second, err, sizeof err), PH_EBUSY);
    stop_engine();
    ph_config_market other = {"other.petahour", "USD"}, euro = {"test.petahour", "EUR"};
    ck_assert_int_eq(ph_recovery_run(&other, &settings, &second, err, sizeof err), PH_EINVAL);
    ck_assert_int_eq(ph_recovery_run(&euro, &settings, &second, err, sizeof err), PH_EINVAL);
    ck_assert_ptr_nonnull(strstr(err, "in USD"));
    start_engine();
    ck_assert_uint_eq(ph_market_seq(recovered.market), 1);
}
END_TEST

START_TEST(defaults_of_the_configuration_are_those_of_the_market)
{
    static const char text[] =
        "[market]\nname = m\n[engine]\njournal = j\nspool = s\nlink = ipc://l\noperator_name = o\n"
        "operator_curve_key = rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7\n"
        "operator_sign_key = "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
        "notary_sign_key = "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    char path[96];
    snprintf(path, sizeof path, "%s/ini", folder);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ph_config_market m;
    ph_engine_settings s;
    ph_status st = ph_config_read(path, ph_engine_table(), &m, &s, err, sizeof err);
    ck_assert_msg(st == PH_OK, "%s", err);
    ph_market_limits wanted = ph_market_limits_default();
    ck_assert_int_eq(memcmp(&s.limits, &wanted, sizeof wanted), 0);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, nothing_is_seen_before_the_commit);
    tcase_add_test(tests, stamps_never_decrease);
    tcase_add_test(tests, only_commands_of_clients_are_taken);
    tcase_add_test(tests, what_is_due_comes_at_its_own_stamp_before_later_commands);
    tcase_add_test(tests, commands_that_are_expected_give_the_same_journal);
    tcase_add_test(tests, a_full_batch_commits_by_itself);
    tcase_add_test(tests, after_a_failed_sync_nothing_is_published_and_nothing_taken);
    tcase_add_test(tests, a_spool_that_is_gone_or_wrong_is_made_again);
    tcase_add_test(tests, a_journal_of_another_market_is_refused);
    tcase_add_test(tests, defaults_of_the_configuration_are_those_of_the_market);
}

int main(void)
{
    return suite_run("sequencer", add);
}
