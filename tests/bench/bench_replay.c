/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a journal becomes a market again, beside the core alone on the same commands, and how
   fast the engine's sequencer takes them with and without looking ahead.

     bench_replay [COMMANDS [RESTING]]    default 1,000,000 and 100,000

   All figures are of one journal and one run; each is the median of several, taken in turn, so that
   what else the machine does falls on all of them.  The ratio counts, not the figure beside it. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/host/recovery.h"
#include "engine/host/sequencer.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/reader.h"
#include "engine/process/memory.h"
#include "engine/replay/market_block.h"
#include "engine/replay/market_file.h"
#include "engine/replay/replay.h"
#include "engine/wire/codec.h"
#include "tests/bench/bench_journal.h"

enum { RUNS = 5, BATCH = 256, PATH = 256 };

static char folder[64], directory[80], snapshots[PATH];
static bench_journal made;

static void must(bool is_right, const char *what)
{
    if (is_right) return;
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

/* What one way to go through the journal takes, in nanoseconds a command. */
typedef struct {
    double passed;          /* by the clock */
    double calling, in_all; /* processor time of the calling thread and of all */
} cost;

/* From `begin` on until `add` of the same. */
typedef struct {
    uint64_t passed, calling, in_all;
} stopwatch;

static uint64_t clock_ns(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static stopwatch begin(void)
{
    return (stopwatch){bench_now(), clock_ns(CLOCK_THREAD_CPUTIME_ID),
                       clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
}

static void add(cost *c, const stopwatch *since)
{
    double n = (double)made.records;
    c->in_all += (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - since->in_all) / n;
    c->calling += (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - since->calling) / n;
    c->passed += (double)(bench_now() - since->passed) / n;
}

/* ---- The core alone ------------------------------------------------------------------------- */

/* Every command as the journal has it, one behind the other. */
static struct {
    uint8_t *bytes;
    ph_journal_record *v;
    size_t cnt;
} all;

typedef struct {
    ph_disk_posix disk;
    void *memory;
    ph_journal_reader *reader;
} open_reader;

/* In place: the reader keeps the address of the disk. */
static void reader_open(open_reader *o)
{
    ph_journal_fault fault;
    o->memory = aligned_alloc(64, (ph_journal_reader_footprint() + 63) / 64 * 64);
    must(o->memory != NULL, "no memory");
    must(ph_disk_posix_open(directory, false, &o->disk) == PH_OK, "no journal");
    ph_status s = ph_journal_reader_open(o->memory, &o->disk.disk, &o->reader, &fault);
    must(s == PH_OK, fault.text);
}

static void reader_close(open_reader *o)
{
    ph_journal_reader_close(o->reader);
    ph_disk_posix_close(&o->disk);
    free(o->memory);
}

static void keep_all(void)
{
    open_reader o;
    reader_open(&o);
    all.bytes = malloc(made.bytes);
    all.v = calloc(made.records, sizeof all.v[0]);
    must(all.bytes != NULL && all.v != NULL, "no memory");
    ph_journal_batch b;
    ph_journal_fault fault;
    uint8_t *to = all.bytes;
    while (ph_journal_reader_next(o.reader, &b, &fault) == PH_OK) {
        ph_journal_cursor cursor = {0};
        ph_journal_record in;
        while (ph_journal_record_next(&b, &cursor, &in)) {
            memcpy(to, in.bytes, in.size);
            in.bytes = to;
            to += in.size;
            all.v[all.cnt++] = in;
        }
    }
    must(all.cnt == made.records, "the journal has another number of records");
    reader_close(&o);
}

static ph_events events_new(void)
{
    ph_events out = {.max = ph_market_events_max(&made.limits)};
    void *room;
    must(ph_memory_map(out.max * sizeof out.v[0], &room) == PH_OK, "no memory");
    out.v = room;
    return out;
}

static void decode(const ph_journal_record *in, ph_command *c)
{
    must(ph_command_read(in->bytes, in->size, c) == PH_OK, "a record is no command");
    c->seq = in->seq;
    c->at = in->at;
}

static void apply_all(ph_market *m, const ph_command *c, size_t cnt, ph_events *out)
{
    static const size_t ahead[PH_PREFETCH_STEPS] = {16, 11, 7, 3, 1};
    static ph_prefetch_memo memo[BATCH];
    for (size_t i = 0; i < cnt; i++) {
        for (uint32_t step = 0; step < PH_PREFETCH_STEPS; step++) {
            size_t last = i + ahead[step];
            for (size_t at = i == 0 ? 1 : last; at <= last && at < cnt; at++)
                ph_market_prefetch(m, &c[at], step, &memo[at]);
        }
        out->cnt = 0;
        ph_market_apply(m, &c[i], out);
    }
}

/* Commands are decoded beforehand, batch by batch; only apply is timed. */
static cost core_alone(void)
{
    static ph_command c[BATCH];
    ph_market *m;
    must(ph_market_block_new(&made.limits, &m) == PH_OK, "no memory");
    ph_events out = events_new();
    cost spent = {0};
    for (size_t at = 0; at < all.cnt;) {
        size_t cnt = all.cnt - at < BATCH ? all.cnt - at : BATCH;
        for (size_t i = 0; i < cnt; i++)
            decode(&all.v[at + i], &c[i]);
        stopwatch start = begin();
        apply_all(m, c, cnt, &out);
        add(&spent, &start);
        at += cnt;
    }
    ph_memory_unmap(out.v, out.max * sizeof out.v[0]);
    ph_market_block_free(m);
    return spent;
}

/* ---- The journal ---------------------------------------------------------------------------- */

static cost chain_alone(void)
{
    open_reader o;
    ph_journal_batch b;
    ph_journal_fault fault;
    reader_open(&o);
    uint64_t records = 0;
    cost spent = {0};
    stopwatch start = begin();
    while (ph_journal_reader_next(o.reader, &b, &fault) == PH_OK)
        records += b.record_cnt;
    add(&spent, &start);
    must(records == made.records, "the journal has another number of records");
    reader_close(&o);
    return spent;
}

/* Read, decoded and applied; events are neither encoded nor compared. */
static cost without_digests(void)
{
    static ph_command c[BENCH_JOURNAL_BATCH];
    open_reader o;
    ph_journal_batch b;
    ph_journal_fault fault;
    ph_market *m;
    must(ph_market_block_new(&made.limits, &m) == PH_OK, "no memory");
    ph_events out = events_new();
    reader_open(&o);
    cost spent = {0};
    stopwatch start = begin();
    while (ph_journal_reader_next(o.reader, &b, &fault) == PH_OK) {
        ph_journal_cursor cursor = {0};
        ph_journal_record in;
        size_t cnt = 0;
        while (ph_journal_record_next(&b, &cursor, &in))
            decode(&in, &c[cnt++]);
        apply_all(m, c, cnt, &out);
    }
    add(&spent, &start);
    must(ph_market_seq(m) == made.records, "the journal has another number of records");
    reader_close(&o);
    ph_memory_unmap(out.v, out.max * sizeof out.v[0]);
    ph_market_block_free(m);
    return spent;
}

/* ---- Replay --------------------------------------------------------------------------------- */

static void say_refused(void *arg, const char *sentence)
{
    (void)arg;
    must(false, sentence);
}

/* Until the last replay had opened its journal and had the tables of an empty market, or those of
   a snapshot: as long for one command as for a million, and not measured of the core alone. */
static double opened_ns;

/* From nothing to the market of the last record; what comes behind opening is measured. */
static cost replay(bool from_snapshot, bool is_chain_only, ph_market **ret)
{
    ph_replay *r;
    ph_replay_error err;
    const ph_replay_batch *b;
    ph_replay_snapshots from = {
        .directory = snapshots, .first = 1, .last = UINT64_MAX, .on_refused = say_refused};
    cost spent = {0};
    uint64_t before = bench_now();
    must(ph_replay_open(directory, &r, &err) == PH_OK, err.text);
    if (from_snapshot) must(ph_replay_begin(r, &from, &err) == PH_OK, "there is no snapshot");
    if (is_chain_only) ph_replay_chain_only(r);
    ph_status s;
    opened_ns = (double)(bench_now() - before);
    stopwatch start = begin();
    while ((s = ph_replay_next(r, &b, &err)) == PH_OK)
        continue;
    must(s == PH_EEND, err.text);
    add(&spent, &start);
    must(ph_market_seq(ph_replay_market(r)) == made.records, "records are missing");
    if (ret != NULL) *ret = ph_replay_take_market(r);
    ph_replay_close(r);
    return spent;
}

/* The run in the middle by the clock. */
static cost median(const cost v[RUNS])
{
    double passed[RUNS];
    for (int i = 0; i < RUNS; i++)
        passed[i] = v[i].passed;
    double m = bench_median(passed, RUNS);
    int i = 0;
    while (v[i].passed != m)
        i++;
    return v[i];
}

static void row(const char *name, const cost v[RUNS], const cost *core)
{
    cost c = median(v);
    printf("%-46s %8.2f %8.2f %8.0f %8.0f\n", name, 1000 / c.passed, core->passed / c.passed,
           c.calling, c.in_all - c.calling);
}

/* Returns what a full replay takes from nothing, in milliseconds. */
static double replay_rows(void)
{
    double opened[RUNS];
    cost core[RUNS], chain[RUNS], bare[RUNS], full[RUNS], verified[RUNS];
    for (int i = 0; i < RUNS; i++) {
        core[i] = core_alone();
        verified[i] = replay(false, true, NULL);
        full[i] = replay(false, false, NULL);
        opened[i] = opened_ns;
        bare[i] = without_digests();
        chain[i] = chain_alone();
    }
    cost c = median(core);
    printf("\nReplay: million commands a second by the clock, and to the core's rate; processor "
           "time of the calling\nand of the second thread, ns a command\n");
    printf("%-46s %8s %8s %8s %8s\n", "", "rate", "to core", "calling", "second");
    row("the core alone", core, &c);
    row("replay, chain verified", verified, &c);
    row("replay, chain and events verified", full, &c);
    row("replay in one thread, chain verified alone", bare, &c);
    row("the chain verified, nothing applied", chain, &c);
    return (bench_median(opened, RUNS) + median(full).passed * (double)made.records) / 1e6;
}

/* ---- The sequencer -------------------------------------------------------------------------- */

/* Hands over one frame of commands as the loop does; commits behind it, untimed. */
static uint64_t take_frame(ph_sequencer *s, const ph_journal_record *v, size_t cnt, bool looks)
{
    uint64_t start = bench_now();
    size_t announced = 0;
    for (size_t i = 0; i < cnt; i++) {
        for (; looks && announced < cnt && announced < i + PH_SERVER_AHEAD; announced++)
            ph_sequencer_expect(s, v[announced].bytes, v[announced].size);
        ph_status st = ph_sequencer_submit(s, v[i].at, (ph_link_peer){0}, v[i].bytes, v[i].size);
        must(st == PH_OK, "the sequencer did not take a command");
    }
    uint64_t spent = bench_now() - start;
    must(ph_sequencer_commit(s) == PH_OK, ph_sequencer_why(s));
    return spent;
}

/* An engine that begins with nothing takes the whole journal; nanoseconds a command of the last
   `timed`. */
static double sequence_all(size_t timed, bool looks)
{
    static uint32_t run;
    static ph_engine_settings settings;
    static char err[1024];
    ph_config_market market = {"market.bench", "USD"};
    ph_recovered r = {.began_at = 0};
    ph_server *server;
    ph_sequencer *s;
    ph_command open;
    char endpoint[128];
    void *context = zmq_ctx_new();
    run++;
    snprintf(settings.journal, sizeof settings.journal, "%s/engine%u", folder, run);
    snprintf(settings.spool, sizeof settings.spool, "%s/spool%u", folder, run);
    snprintf(endpoint, sizeof endpoint, "ipc://%s/socket", folder);
    settings.limits = made.limits;
    must(ph_recovery_run(&market, &settings, &r, err, sizeof err) == PH_OK, err);
    ph_status st = ph_server_open(context, endpoint, "bench", r.spool, &server, err, sizeof err);
    must(st == PH_OK, err);
    ph_sequencer_parts parts = {r.market, r.limits, r.journal, server};
    must(ph_sequencer_open(&parts, &s) == PH_OK, "no memory");
    decode(&all.v[0], &open);
    must(ph_sequencer_open_market(s, open.at, &open.u.open_market) == PH_OK, "not opened");
    uint64_t spent = 0;
    for (size_t at = 1, cnt; at < all.cnt; at += cnt) {
        size_t end = at < all.cnt - timed ? all.cnt - timed : all.cnt;
        cnt = end - at < BATCH ? end - at : BATCH;
        uint64_t took = take_frame(s, &all.v[at], cnt, looks);
        if (end == all.cnt) spent += took;
    }
    must(ph_market_seq(r.market) == made.records, "the sequencer made other records");
    ph_sequencer_close(s);
    ph_server_close(server);
    ph_recovery_release(&r);
    zmq_ctx_term(context);
    return (double)spent / (double)timed;
}

static void sequencer_rows(size_t commands)
{
    double with[RUNS], without[RUNS];
    for (int i = 0; i < RUNS; i++) {
        without[i] = sequence_all(commands, false);
        with[i] = sequence_all(commands, true);
    }
    double a = bench_median(without, RUNS), b = bench_median(with, RUNS);
    printf("\nThe sequencer on frames of %d commands, syncs not counted, ns a command\n", BATCH);
    printf("%-46s %8.0f\n", "one by one", a);
    printf("%-46s %8.0f   1 : %.2f\n", "with a look ahead", b, a / b);
}

/* ---- Snapshots ------------------------------------------------------------------------------ */

static void start_rows(double full_ms)
{
    double start[RUNS];
    for (int i = 0; i < RUNS; i++) {
        cost behind = replay(true, false, NULL);
        start[i] = (opened_ns + behind.passed * (double)made.records) / 1e6;
    }
    double ms = bench_median(start, RUNS);
    printf("\nFrom nothing to the market, milliseconds\n");
    printf("%-46s %8.0f\n", "replay from the first record", full_ms);
    printf("%-46s %8.0f   1 : %.1f\n", "snapshot, and the last tenth of the records", ms,
           full_ms / ms);
}

static double ms_since(uint64_t start)
{
    return (double)(bench_now() - start) / 1e6;
}

/* Written, synced, read back. */
static double write_one(const ph_market *m, uint64_t seq)
{
    ph_disk_posix disk;
    ph_state_head head = {.seq = seq, .market = {"market.bench"}};
    uint64_t start = bench_now();
    must(ph_disk_posix_open(snapshots, false, &disk) == PH_OK, disk.why);
    must(ph_market_file_write(&disk.disk, &head, m, 1) == PH_OK, disk.why);
    ph_disk_posix_close(&disk);
    return ms_since(start);
}

static double load_one(uint64_t seq, uint64_t *ret_size)
{
    ph_disk_posix disk;
    ph_market *m;
    ph_state_head head;
    ph_journal_fault fault;
    uint64_t start = bench_now();
    must(ph_disk_posix_open(snapshots, false, &disk) == PH_OK, disk.why);
    ph_status s = ph_market_file_load(&disk.disk, seq, &made.limits, &m, &head, &fault);
    must(s == PH_OK, fault.text);
    double spent = ms_since(start);
    ph_disk_posix_close(&disk);
    ph_market_block_free(m);
    *ret_size = head.size;
    return spent;
}

/* An order that is taken back, so that the market may go on for ever. */
typedef struct {
    ph_market *m;
    ph_events out;
    uint64_t client_order_id, worst_ns;
} live;

static double run_pairs(live *l, uint32_t pairs)
{
    l->worst_ns = 0;
    uint64_t start = bench_now(), before = start;
    for (uint32_t i = 0; i < pairs; i++) {
        ph_command c = {.kind = PH_CMD_NEW_ORDER,
                        .sender = {2},
                        .u.order = {.client_order_id = ++l->client_order_id,
                                    .product = {1 + i * 7919 % 100},
                                    .side = PH_SIDE_SELL,
                                    .shape = PH_SHAPE_EACH,
                                    .window = {BENCH_FIRST, 1},
                                    .quantity = 1,
                                    .price = 60000 - i % 64,
                                    .time_in_force = PH_TIF_GTC,
                                    .stp = PH_STP_CANCEL_INCOMING}};
        for (int k = 0; k < 2; k++) {
            c.seq = ph_market_seq(l->m) + 1;
            c.at.ns = (uint64_t)BENCH_PERIOD * 3600 * 1000000000;
            l->out.cnt = 0;
            ph_market_apply(l->m, &c, &l->out);
            must(l->out.v[0].kind != PH_EVT_REJECTED, "an order was refused");
            if (k == 0)
                c = (ph_command){.kind = PH_CMD_CANCEL_ORDER,
                                 .sender = {2},
                                 .u.cancel = {.order = l->out.v[0].u.accepted.order}};
        }
        uint64_t now = bench_now();
        if (now - before > l->worst_ns) l->worst_ns = now - before;
        before = now;
    }
    return (double)pairs * 2000 / (double)(before - start);
}

/* What a snapshot in a child process does to the commands that go on meanwhile. */
static void pause_rows(ph_market *m)
{
    enum { PAIRS = 100000 };
    live l = {.m = m, .out = events_new(), .client_order_id = UINT64_C(1) << 40};
    double fork_us[RUNS], before[RUNS], during[RUNS], worst_us[RUNS];
    for (int i = 0; i < RUNS; i++) {
        before[i] = run_pairs(&l, PAIRS);
        fflush(stdout);
        uint64_t start = bench_now();
        pid_t child = fork();
        if (child == 0) {
            (void)write_one(m, ph_market_seq(m));
            _exit(0);
        }
        must(child > 0, "could not fork");
        fork_us[i] = (double)(bench_now() - start) / 1000;
        during[i] = run_pairs(&l, PAIRS);
        worst_us[i] = (double)l.worst_ns / 1000;
        int status;
        must(waitpid(child, &status, 0) == child && status == 0, "the child failed");
    }
    printf("\nThe pause of a snapshot in a child process\n");
    printf("%-46s %8.0f us\n", "fork()", bench_median(fork_us, RUNS));
    printf("%-46s %8.0f us\n", "longest order and cancel behind it", bench_median(worst_us, RUNS));
    double b = bench_median(before, RUNS), d = bench_median(during, RUNS);
    printf("%-46s %8.2f million commands a second\n", "orders and cancels before it", b);
    printf("%-46s %8.2f, ratio %.2f\n", "the next 200,000 of them", d, d / b);
    ph_memory_unmap(l.out.v, l.out.max * sizeof l.out.v[0]);
}

static void snapshot_rows(void)
{
    ph_market *m = NULL;
    (void)replay(true, false, &m);
    double written[RUNS], loaded[RUNS];
    uint64_t size = 0;
    for (int i = 0; i < RUNS; i++) {
        written[i] = write_one(m, made.records);
        loaded[i] = load_one(made.records, &size);
    }
    printf("\nA snapshot of %u resting orders, %.1f MiB\n", ph_market_order_cnt(m),
           (double)size / 1048576);
    printf("%-46s %8.0f ms\n", "written, synced and read back", bench_median(written, RUNS));
    printf("%-46s %8.0f ms\n", "read, checked and loaded", bench_median(loaded, RUNS));
    pause_rows(m);
    ph_market_block_free(m);
}

/* ---- All of it ------------------------------------------------------------------------------ */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
    (void)st, (void)kind, (void)place;
    return remove(path);
}

static void remove_all(void)
{
    must(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0, "could not remove the journal");
}

static uint32_t number(const char *text)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    must(*text != '\0' && *end == '\0' && v >= 1000 && v <= 20000000,
         "usage: bench_replay [COMMANDS [RESTING]], each 1,000 or more");
    return (uint32_t)v;
}

int main(int argc, char **argv)
{
    uint32_t commands = argc > 1 ? number(argv[1]) : 1000000;
    uint32_t resting = argc > 2 ? number(argv[2]) : 100000;
    snprintf(folder, sizeof folder, "/tmp/petahour-bench-XXXXXX");
    must(mkdtemp(folder) != NULL, "could not make a folder");
    snprintf(directory, sizeof directory, "%s/journal", folder);
    snprintf(snapshots, sizeof snapshots, "%s/%s", directory, PH_MARKET_FILE_FOLDER);
    uint64_t start = bench_now();
    made = bench_journal_write(directory, resting, commands);
    printf("A journal of %llu commands in %llu batches, made in %.1f s: %.0f bytes a command, %.0f "
           "bytes of events\n",
           (unsigned long long)made.records, (unsigned long long)made.batches,
           ms_since(start) / 1000, (double)made.bytes / (double)made.records,
           (double)made.event_bytes / (double)made.records);
    keep_all();
    start_rows(replay_rows());
    sequencer_rows(commands);
    snapshot_rows();
    remove_all();
    return 0;
}
