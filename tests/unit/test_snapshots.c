/* SPDX-License-Identifier: Apache-2.0 */
/*  Snapshots of a whole engine without its sockets' followers: written between turns, and begun
    with at the next start. */
#include "engine/host/snapshots.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <zmq.h>

#include "engine/base/limits.h"
#include "engine/core/snapshot.h"
#include "engine/host/recovery.h"
#include "engine/host/sequencer.h"
#include "engine/journal/format.h"
#include "engine/link/server.h"
#include "engine/replay/market_file.h"
#include "engine/wire/codec.h"
#include "tests/unit/a_day.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/suite.h"

enum { STATE_MAX = 1 << 22, SEED = 5 };

static char folder[64], snapshots_folder[128], endpoint[128], err[1024];
static ph_config_market market = {"settle.test", "USD"};
static ph_engine_settings settings;
static ph_recovered recovered;
static void *context;
static ph_server *server;
static ph_sequencer *sequencer;
static ph_snapshots *snapshots;

typedef struct {
    size_t cnt;
    uint8_t v[STATE_MAX];
} state;

static state before, after;

static void take(void *arg, const void *piece, size_t size)
{
    state *s = arg;
    ck_assert(s->cnt + size <= sizeof s->v);
    memcpy(s->v + s->cnt, piece, size);
    s->cnt += size;
}

static void keep_state(state *ret)
{
    ret->cnt = 0;
    ph_snapshot_write(recovered.market, take, ret);
}

static void start_engine(void)
{
    ph_status s = ph_recovery_run(&market, &settings, &recovered, err, sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
    s = ph_server_open(context, endpoint, "settle.test/engine", recovered.spool, &server, err,
                       sizeof err);
    ck_assert_msg(s == PH_OK, "%s", err);
    ph_sequencer_parts parts = {recovered.market, recovered.limits, recovered.journal, server};
    ck_assert_int_eq(ph_sequencer_open(&parts, &sequencer), PH_OK);
    ph_snapshots_parts taken = {.settings = &settings,
                                .market_name = market.name,
                                .market = recovered.market,
                                .journal = recovered.journal,
                                .spool = recovered.spool,
                                .newest = recovered.began_at};
    ck_assert_int_eq(ph_snapshots_open(&taken, &snapshots), PH_OK);
}

static void stop_engine(void)
{
    ph_snapshots_close(snapshots);
    ph_sequencer_close(sequencer);
    ph_server_close(server);
    ph_recovery_release(&recovered);
}

static void set_up(void)
{
    a_folder_make(folder, sizeof folder);
    memset(&settings, 0, sizeof settings);
    snprintf(settings.journal, sizeof settings.journal, "%s/journal", folder);
    snprintf(settings.spool, sizeof settings.spool, "%s/spool", folder);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder);
    snprintf(snapshots_folder, sizeof snapshots_folder, "%s/journal/%s", folder,
             PH_MARKET_FILE_FOLDER);
    settings.segment_kib = 64; /* several segments */
    settings.snapshot_every = 1;
    settings.snapshots_kept = 2;
    settings.limits = a_day_limits();
    context = zmq_ctx_new();
    start_engine();
}

static void tear_down(void)
{
    stop_engine();
    zmq_ctx_term(context);
    a_folder_remove(folder);
}

/* Commands of the day up to record `last`, as a gateway sends them. */
static void trade_to(uint64_t last)
{
    while (ph_market_seq(recovered.market) < last) {
        ph_command c = a_day_command(SEED, ph_market_seq(recovered.market) + 1);
        ph_status s;
        if (c.kind == PH_CMD_OPEN_MARKET) {
            s = ph_sequencer_open_market(sequencer, c.at, &c.u.open_market);
        } else {
            uint8_t bytes[PH_COMMAND_BYTES_MAX];
            if (c.kind == PH_CMD_TICK) c = (ph_command){.kind = PH_CMD_MASS_CANCEL, .at = c.at};
            ph_writer w = ph_writer_of(bytes, sizeof bytes);
            ph_command_write(&w, &c);
            s = ph_sequencer_submit(sequencer, c.at, (ph_link_peer){0}, bytes,
                                    (uint32_t)ph_writer_size(&w));
        }
        ck_assert_msg(s == PH_OK, "%s", ph_sequencer_why(sequencer));
        if (ph_market_seq(recovered.market) % 30 != 0) continue;
        ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    }
    ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
}

/* Turns until no child writes. */
static void let_it_write(void)
{
    ph_snapshots_turn(snapshots);
    while (ph_snapshots_descriptor(snapshots) >= 0) {
        struct pollfd ended = {.fd = ph_snapshots_descriptor(snapshots), .events = POLLIN};
        ck_assert_int_eq(poll(&ended, 1, 90000), 1);
        ph_snapshots_turn(snapshots);
    }
}

static void flip(const char *name, off_t at)
{
    char path[256];
    uint8_t byte;
    snprintf(path, sizeof path, "%s/%s", snapshots_folder, name);
    int file = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pread(file, &byte, 1, at), 1);
    byte ^= 4;
    ck_assert_int_eq(pwrite(file, &byte, 1, at), 1);
    ck_assert_int_eq(close(file), 0);
}

static const char *name_of(uint64_t seq)
{
    static char name[PH_STATE_FILE_NAME_SIZE];
    ph_state_file_name(seq, name);
    return name;
}

static uint64_t seq(void)
{
    return ph_market_seq(recovered.market);
}

/* The market after a start is the one before it, and the spool holds every record. */
static void restart(uint64_t wanted_begin)
{
    keep_state(&before);
    uint64_t last = seq();
    stop_engine();
    start_engine();
    ck_assert_uint_eq(recovered.began_at, wanted_begin);
    ck_assert_uint_eq(seq(), last);
    ck_assert_uint_eq(ph_spool_last(recovered.spool), last);
    keep_state(&after);
    ck_assert(after.cnt == before.cnt && memcmp(after.v, before.v, after.cnt) == 0);
}

START_TEST(a_start_begins_with_the_newest_snapshot)
{
    trade_to(400);
    uint64_t first = seq();
    let_it_write();
    trade_to(900);
    restart(first);
    ck_assert_uint_eq(recovered.spool_kept, seq());
    let_it_write(); /* what was replayed is enough for one */
    uint64_t second = seq();
    trade_to(1500);
    restart(second);
    trade_to(1600); /* and it goes on */
    ck_assert_ptr_null(ph_market_broken(recovered.market));
}
END_TEST

START_TEST(the_end_writes_one_of_the_last_record)
{
    settings.snapshot_every = 1000000;
    trade_to(300);
    let_it_write();
    ck_assert(!a_folder_has(folder, "journal/" PH_MARKET_FILE_FOLDER));
    ph_snapshots_end(snapshots);
    ck_assert(a_folder_has(snapshots_folder, name_of(seq())));
    restart(seq());
    a_folder_unlink(snapshots_folder, name_of(seq()));
    ph_snapshots_end(snapshots); /* nothing happened since */
    ck_assert(!a_folder_has(snapshots_folder, name_of(seq())));
}
END_TEST

START_TEST(none_is_written_when_none_is_wanted)
{
    settings.snapshot_every = 0;
    trade_to(300);
    let_it_write();
    ph_snapshots_end(snapshots);
    ck_assert(!a_folder_has(folder, "journal/" PH_MARKET_FILE_FOLDER));
    restart(0);
}
END_TEST

START_TEST(as_many_as_configured_are_kept)
{
    uint64_t last[4];
    for (int i = 0; i < 4; i++) {
        trade_to(300 + 100 * (uint64_t)i);
        last[i] = seq();
        let_it_write();
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(a_folder_has(snapshots_folder, name_of(last[i])), i >= 2);
}
END_TEST

START_TEST(a_damaged_one_gives_way_to_an_older_one)
{
    trade_to(400);
    uint64_t older = seq();
    let_it_write();
    trade_to(600);
    uint64_t newer = seq();
    let_it_write();
    trade_to(700);
    flip(name_of(newer), 625);
    restart(older);
    a_folder_write(snapshots_folder, name_of(older), "", 0);
    restart(0);
    ck_assert_uint_eq(recovered.spool_kept, seq());
}
END_TEST

/* The spool lost its end, or is that of other records: an older snapshot, or none; what followers
   are given is right again. */
START_TEST(a_spool_that_does_not_fit_is_made_again)
{
    trade_to(400);
    uint64_t older = seq();
    let_it_write();
    trade_to(600);
    uint64_t newer = seq();
    let_it_write();
    trade_to(700);
    restart(newer);
    ck_assert_int_eq(ph_spool_truncate(recovered.spool, newer - 1), PH_OK);
    restart(older);
    ck_assert_uint_eq(recovered.spool_kept, newer - 1);
    ck_assert_int_eq(ph_spool_truncate(recovered.spool, 100), PH_OK);
    for (uint64_t n = 101; n <= newer; n++)
        ck_assert_int_eq(ph_spool_put(recovered.spool, n, "lie", 3), PH_OK);
    restart(0);
    ck_assert_uint_eq(recovered.spool_kept, 100);
    restart(newer);
    ck_assert_uint_eq(recovered.spool_kept, seq());
}
END_TEST

/* The spool's index spares the start all items that the snapshot stands on; one that is wrong costs
   time and nothing else. */
START_TEST(the_spool_is_read_from_where_its_index_ends)
{
    static uint8_t old[1 << 16];
    trade_to(400);
    let_it_write();
    size_t size = a_folder_read(folder, "spool.index", old, sizeof old);
    trade_to(600);
    uint64_t newer = seq();
    let_it_write();
    trade_to(700);
    restart(newer);
    ck_assert_uint_eq(ph_spool_indexed(recovered.spool), newer);
    a_folder_write(folder, "spool.index", old, size); /* an older one is right as well */
    restart(newer);
    ck_assert(ph_spool_indexed(recovered.spool) != 0 && ph_spool_indexed(recovered.spool) < newer);
    a_folder_unlink(folder, "spool.index");
    restart(newer);
    ck_assert_uint_eq(ph_spool_indexed(recovered.spool), 0);
    a_folder_write(folder, "spool.index", "PHSPIDX1", 8);
    restart(newer);
    ck_assert_str_eq(ph_spool_index_why(recovered.spool), "it is none");
}
END_TEST

/* What an item rotted to is not among those that a start looks at, but a snapshot knows: then all
   items are read, and the journal gives those from the wrong one on. */
START_TEST(a_snapshot_that_contradicts_the_index_is_heard)
{
    enum { ROTTEN = 340 };
    ph_spool_mark m;
    uint8_t byte;
    trade_to(350);
    uint64_t older = seq();
    let_it_write();
    trade_to(1500);
    uint64_t newer = seq();
    let_it_write();
    restart(newer);
    ck_assert_int_eq(ph_spool_marked(recovered.spool, ROTTEN - 1, &m), PH_OK);
    int file = open(settings.spool, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(pread(file, &byte, 1, (off_t)m.offset + 8), 1); /* of its sum */
    byte ^= 1;
    ck_assert_int_eq(pwrite(file, &byte, 1, (off_t)m.offset + 8), 1);
    ck_assert_int_eq(close(file), 0);
    restart(newer);
    ck_assert_uint_eq(ph_spool_indexed(recovered.spool), newer);
    ck_assert(a_folder_has(snapshots_folder, name_of(older)));
    a_folder_unlink(snapshots_folder, name_of(newer));
    restart(0);
    ck_assert_uint_eq(recovered.spool_kept, ROTTEN - 1);
    ck_assert_uint_eq(ph_spool_indexed(recovered.spool), 0);
}
END_TEST

/* The journal was put back to an earlier time and another history followed. */
START_TEST(the_journal_is_believed_and_not_the_snapshot)
{
    char copy[128];
    trade_to(500);
    uint64_t first = seq();
    let_it_write();
    trade_to(600);
    keep_state(&before);
    stop_engine();
    snprintf(copy, sizeof copy, "%s/copy", folder);
    a_folder_copy(settings.journal, copy, ".phj");
    start_engine();
    ck_assert_uint_eq(recovered.began_at, first);
    trade_to(1200);
    uint64_t lost = seq();
    let_it_write();
    stop_engine();
    /* The segments of before, with the snapshots of after. */
    a_folder_clear(settings.journal, ".phj");
    a_folder_copy(copy, settings.journal, ".phj");
    ck_assert(a_folder_has(snapshots_folder, name_of(lost)));
    start_engine();
    ck_assert_uint_eq(recovered.began_at, first);
    keep_state(&after);
    ck_assert(after.cnt == before.cnt && memcmp(after.v, before.v, after.cnt) == 0);
    ck_assert_uint_eq(ph_spool_last(recovered.spool), seq());
    /* Other commands up to the record of the lost snapshot, which is then of another chain. */
    while (seq() < lost + 10) {
        ph_command c = {.kind = PH_CMD_MASS_CANCEL, .sender = {2}};
        uint8_t bytes[PH_COMMAND_BYTES_MAX];
        ph_writer w = ph_writer_of(bytes, sizeof bytes);
        ph_command_write(&w, &c);
        ck_assert_int_eq(ph_sequencer_submit(sequencer, (ph_time){0}, (ph_link_peer){0}, bytes,
                                             (uint32_t)ph_writer_size(&w)),
                         PH_OK);
        ck_assert_int_eq(ph_sequencer_commit(sequencer), PH_OK);
    }
    restart(first);
}
END_TEST

START_TEST(one_that_cannot_be_written_stops_nothing)
{
    trade_to(300);
    a_folder_write(folder, "journal/" PH_MARKET_FILE_FOLDER, "a file", 6);
    let_it_write();
    trade_to(400);
    restart(0);
    ph_snapshots_end(snapshots);
    a_folder_unlink(folder, "journal/" PH_MARKET_FILE_FOLDER);
    trade_to(500);
    ph_snapshots_end(snapshots);
    restart(seq());
}
END_TEST

/* A child that still writes when the engine has failed is stopped. */
START_TEST(nothing_is_left_behind_by_a_close)
{
    trade_to(300);
    ph_snapshots_turn(snapshots);
    ck_assert_int_ge(ph_snapshots_descriptor(snapshots), 0);
    stop_engine();
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
    start_engine();
    ck_assert(recovered.began_at == 0 || recovered.began_at == seq());
    ck_assert_uint_eq(seq(), 300);
}
END_TEST

/* A child of a killed engine has the locks until it runs: this one until the next start has met
   them, and has closed the file again. */
START_TEST(what_a_killed_engine_left_is_waited_for)
{
    char lock[160], event[4096];
    int status = -1, told = inotify_init1(IN_CLOEXEC);
    trade_to(300);
    snprintf(lock, sizeof lock, "%s/journal/" PH_JOURNAL_LOCK_NAME, folder);
    ck_assert_int_ge(inotify_add_watch(told, lock, IN_CLOSE), 0);
    pid_t left = fork();
    if (left == 0) _exit(read(told, event, sizeof event) > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    ck_assert_int_gt(left, 0);
    restart(0);
    ck_assert_int_eq(waitpid(left, &status, 0), left);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(close(told), 0);
}
END_TEST

/* The only child of this process. */
static pid_t child(void)
{
    char path[64], text[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(file, 0);
    ck_assert_int_gt(read(file, text, sizeof text - 1), 0);
    ck_assert_int_eq(close(file), 0);
    return (pid_t)strtol(text, NULL, 10);
}

/* Its process is killed at any instant: what was there stays, and the next one is written. */
START_TEST(a_killed_child_leaves_what_was_there)
{
    trade_to(300);
    uint64_t first = seq();
    let_it_write();
    for (int ms = 0; ms < 20; ms++) {
        trade_to(seq() + 20);
        ph_snapshots_turn(snapshots);
        struct pollfd ended = {.fd = ph_snapshots_descriptor(snapshots), .events = POLLIN};
        (void)poll(&ended, 1, ms); /* killed then, or when it has ended by itself */
        ck_assert_int_eq(kill(child(), SIGKILL), 0);
        let_it_write();
        if (a_folder_has(snapshots_folder, name_of(seq()))) first = seq(); /* it was done */
    }
    restart(first);
    trade_to(seq() + 20);
    let_it_write();
    restart(seq());
    DIR *d = opendir(snapshots_folder);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        ck_assert_msg(!a_folder_ends(e->d_name, ".new"), "%s", e->d_name);
    ck_assert_int_eq(closedir(d), 0);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_start_begins_with_the_newest_snapshot);
    tcase_add_test(tests, the_end_writes_one_of_the_last_record);
    tcase_add_test(tests, none_is_written_when_none_is_wanted);
    tcase_add_test(tests, as_many_as_configured_are_kept);
    tcase_add_test(tests, a_damaged_one_gives_way_to_an_older_one);
    tcase_add_test(tests, a_spool_that_does_not_fit_is_made_again);
    tcase_add_test(tests, the_spool_is_read_from_where_its_index_ends);
    tcase_add_test(tests, a_snapshot_that_contradicts_the_index_is_heard);
    tcase_add_test(tests, the_journal_is_believed_and_not_the_snapshot);
    tcase_add_test(tests, one_that_cannot_be_written_stops_nothing);
    tcase_add_test(tests, nothing_is_left_behind_by_a_close);
    tcase_add_test(tests, what_a_killed_engine_left_is_waited_for);
    tcase_add_test(tests, a_killed_child_leaves_what_was_there);
}

int main(void)
{
    return suite_run("snapshots", add);
}
