/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/host/recovery.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/host/snapshots.h"
#include "engine/process/clock.h"
#include "engine/process/log.h"
#include "engine/process/memory.h"
#include "engine/process/stop.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_block.h"
#include "engine/replay/replay.h"
#include "engine/wire/record.h"

enum {
    BATCHES_PER_LOOK = 64, /* between two looks whether to stop */
    LEFT_S = 3,            /* that a child may take to end whose engine was killed */
    LEFT_MS = 10,          /* between two looks whether it has */
};

/* A record as the spool keeps it; grows to the longest. */
typedef struct {
    uint8_t *bytes;
    size_t max;
} record_room;

static ph_status put_record(ph_recovered *r, const ph_replay_record *in, record_room *room)
{
    size_t size = PH_RECORD_HEADER_SIZE + (size_t)in->command_size + in->event_size;
    if (size > room->max) {
        uint8_t *larger = realloc(room->bytes, 2 * size);
        if (larger == NULL) return PH_EFULL;
        room->bytes = larger;
        room->max = 2 * size;
    }
    ph_writer w = ph_writer_of(room->bytes, room->max);
    ph_record_write(&w, in->command.seq, in->command.at, in->command_bytes, in->command_size,
                    in->event_bytes, in->event_size);
    PH_ASSERT(!w.full);
    uint64_t before = ph_spool_last(r->spool);
    ph_status s = ph_spool_put(r->spool, in->command.seq, room->bytes, (uint32_t)size);
    bool was_there = in->command.seq <= before && ph_spool_last(r->spool) == before;
    if (s == PH_OK && was_there) r->spool_kept = in->command.seq;
    return s;
}

static ph_status put_batch(ph_recovered *r, const ph_replay_batch *b, record_room *room, char *err,
                           size_t err_size)
{
    for (uint32_t i = 0; i < b->record_cnt; i++) {
        ph_status s = put_record(r, &b->records[i], room);
        if (s == PH_OK) continue;
        (void)snprintf(err, err_size, "could not complete the spool: %s",
                       errno != 0 ? strerror(errno) : ph_status_text(s));
        return s;
    }
    return PH_OK;
}

static ph_status replay_all(ph_recovered *r, ph_replay *replay, char *err, size_t err_size)
{
    record_room room = {0};
    ph_replay_error error;
    ph_status s = PH_OK;
    for (uint64_t n = 1; s == PH_OK; n++) {
        const ph_replay_batch *batch;
        s = ph_replay_next(replay, &batch, &error);
        if (s == PH_OK)
            s = put_batch(r, batch, &room, err, err_size);
        else if (s != PH_EEND)
            (void)snprintf(err, err_size, "could not replay the journal: %s", error.text);
        if (s == PH_OK && n % BATCHES_PER_LOOK == 0 && ph_stop_requested()) {
            (void)snprintf(err, err_size, "asked to stop while replaying the journal");
            s = PH_EAGAIN;
        }
    }
    free(room.bytes);
    return s == PH_EEND ? PH_OK : s;
}

static const char *compare_spool(ph_recovered *r, const ph_state_head *head)
{
    uint8_t note[PH_STATE_NOTE_SIZE];
    ph_status s = ph_snapshots_note(r->spool, head->seq, note);
    if (s == PH_EINVAL) return "the spool does not reach its record";
    if (s != PH_OK) return "the spool cannot be read";
    if (memcmp(note, head->note, sizeof note) != 0) return "the spool has other items before it";
    return NULL;
}

/* NULL if the spool has the items that the engine of this snapshot had.  Where they differ, it may
   be the index of the spool that is wrong: then all of it is read. */
static const char *find_wrong(void *arg, const ph_state_head *head)
{
    ph_recovered *r = arg;
    const char *wrong = compare_spool(r, head);
    if (wrong == NULL || ph_spool_indexed(r->spool) < head->seq) return wrong;
    ph_log_warning(
        "the spool and a snapshot differ (%s): every item of the spool is read, not only "
        "those behind its index",
        wrong);
    return ph_spool_reread(r->spool) == PH_OK ? compare_spool(r, head) : "the spool cannot be read";
}

static void say_index(const ph_engine_settings *settings, const ph_spool *spool)
{
    const char *why = ph_spool_index_why(spool);
    if (why != NULL)
        ph_log_info("read all %llu items of spool \"%s\" without its index: %s",
                    (unsigned long long)ph_spool_last(spool), settings->spool, why);
}

static void warn_refused(void *arg, const char *sentence)
{
    (void)arg;
    ph_log_warning("did not use a snapshot: %s", sentence);
}

static ph_status begin(ph_recovered *r, const ph_engine_settings *settings, ph_replay *p,
                       ph_replay_error *reterr)
{
    char folder[1100];
    ph_snapshots_folder(settings->journal, folder);
    ph_replay_snapshots from = {.directory = folder,
                                .first = 1,
                                .last = UINT64_MAX,
                                .wrong = find_wrong,
                                .on_refused = warn_refused,
                                .arg = r};
    ph_status s = ph_replay_begin(p, &from, reterr);
    r->began_at = r->spool_kept = ph_replay_snapshot(p)->seq;
    return s == PH_ENOTFOUND ? PH_OK : s;
}

/* What the configuration says that the journal has decided long ago. */
static ph_status compare(const ph_recovered *r, const ph_config_market *market,
                         const ph_engine_settings *settings, char *err, size_t err_size)
{
    if (memcmp(&r->limits, &settings->limits, sizeof r->limits) != 0)
        ph_log_warning("sizes of tables in [engine] differ from those that the journal was made "
                       "with; the journal's are used");
    const ph_open_market *opened = ph_market_opened(r->market);
    if (opened == NULL) return PH_OK;
    if (strcmp(opened->market.s, market->name) != 0 ||
        strcmp(opened->currency, market->currency) != 0) {
        (void)snprintf(err, err_size,
                       "refused journal \"%s\": it is of market \"%s\" in %s, the configuration "
                       "says \"%s\" in %s",
                       settings->journal, opened->market.s, opened->currency, market->name,
                       market->currency);
        return PH_EINVAL;
    }
    bool same_keys =
        memcmp(&opened->operator_curve_key, &settings->operator_curve_key, sizeof(ph_key)) == 0 &&
        memcmp(&opened->operator_sign_key, &settings->operator_sign_key, sizeof(ph_key)) == 0 &&
        memcmp(&opened->notary_sign_key, &settings->notary_sign_key, sizeof(ph_key)) == 0;
    if (!same_keys)
        ph_log_warning("keys in [engine] differ from those that the market was opened with; the "
                       "journal's are used");
    return PH_OK;
}

static ph_status replay(ph_recovered *r, const ph_config_market *market,
                        const ph_engine_settings *settings, char *err, size_t err_size)
{
    ph_replay *p = NULL;
    ph_replay_error error;
    ph_status s = ph_replay_open(settings->journal, &p, &error);
    if (s == PH_OK) s = begin(r, settings, p, &error);
    if (s != PH_OK) {
        (void)snprintf(err, err_size, "could not replay the journal: %s", error.text);
        ph_replay_close(p);
        return s;
    }
    s = replay_all(r, p, err, err_size);
    if (s == PH_OK) {
        r->limits = ph_replay_limits(p);
        r->market = ph_replay_take_market(p);
        s = compare(r, market, settings, err, err_size);
    }
    ph_replay_close(p);
    if (s != PH_OK) return s;
    uint64_t seq = ph_journal_end(r->journal).seq;
    if (ph_market_seq(r->market) != seq) {
        (void)snprintf(err, err_size,
                       "refused journal \"%s\": its writer found %llu records, its reader %llu",
                       settings->journal, (unsigned long long)seq,
                       (unsigned long long)ph_market_seq(r->market));
        return PH_ECORRUPT;
    }
    /* The spool is not synced and not part of a commit: after a crash it may know more. */
    s = ph_spool_truncate(r->spool, seq);
    if (s != PH_OK) (void)snprintf(err, err_size, "could not cut the spool: %s", strerror(errno));
    return s;
}

bool ph_recovery_waits(uint64_t begun_ns)
{
    struct pollfd stop = {.fd = ph_stop_descriptor(), .events = POLLIN};
    if (ph_stop_requested() || ph_clock_monotonic_ns() - begun_ns >= LEFT_S * PH_NS_PER_S)
        return false;
    (void)poll(&stop, 1, LEFT_MS); /* a failed wait is a short wait */
    return true;
}

static ph_status open_journal(ph_recovered *r, const ph_config_market *market,
                              const ph_engine_settings *settings, char *err, size_t err_size)
{
    if (ph_market_footprint(&settings->limits) == 0) {
        (void)snprintf(err, err_size,
                       "could not size the market: ring_periods in [engine] must be "
                       "a power of two");
        return PH_EINVAL;
    }
    ph_status s = ph_disk_posix_open(settings->journal, true, &r->disk);
    if (s != PH_OK) {
        (void)snprintf(err, err_size, "could not open journal \"%s\": %s", settings->journal,
                       r->disk.why);
        return s;
    }
    s = ph_memory_map(ph_journal_footprint(), &r->journal_block);
    if (s != PH_OK) {
        (void)snprintf(err, err_size, "could not open journal \"%s\": no memory",
                       settings->journal);
        return s;
    }
    uint8_t meta[PH_LIMITS_SIZE];
    ph_limits_write(&settings->limits, meta);
    ph_journal_options options = {.market = market->name,
                                  .meta = meta,
                                  .meta_size = sizeof meta,
                                  .segment_bytes = settings->segment_kib * 1024};
    ph_journal_fault fault;
    const uint64_t begun_ns = ph_clock_monotonic_ns();
    do {
        ph_fault_begin(&fault);
        s = ph_journal_open(r->journal_block, &r->disk.disk, &options, &r->journal, &fault);
    } while (s == PH_EBUSY && ph_recovery_waits(begun_ns));
    if (s != PH_OK) {
        (void)snprintf(err, err_size, "could not open journal \"%s\": %s", settings->journal,
                       fault.text);
        return s;
    }
    ph_journal_position end = ph_journal_end(r->journal);
    if (end.cut > 0)
        ph_log_warning("cut %llu bytes of a torn last batch off segment \"%s\"; nobody was told of "
                       "them",
                       (unsigned long long)end.cut, end.segment);
    return PH_OK;
}

static ph_status open_spool(ph_recovered *r, const char *path, const char *origin, char *err,
                            size_t err_size)
{
    const uint64_t begun_ns = ph_clock_monotonic_ns();
    ph_status s;
    do
        s = ph_spool_open(path, origin, &r->spool, err, err_size);
    while (s == PH_EBUSY && ph_recovery_waits(begun_ns));
    return s;
}

ph_status ph_recovery_run(const ph_config_market *market, const ph_engine_settings *settings,
                          ph_recovered *r, char *err, size_t err_size)
{
    /* Built in place: the journal keeps the address of the disk. */
    *r = (ph_recovered){.disk = {.directory = -1}};
    char origin[80];
    (void)snprintf(origin, sizeof origin, "%.55s/engine", market->name);
    ph_status s = open_journal(r, market, settings, err, err_size);
    if (s == PH_OK) s = open_spool(r, settings->spool, origin, err, err_size);
    if (s == PH_OK) say_index(settings, r->spool);
    errno = 0;
    if (s == PH_OK) s = replay(r, market, settings, err, err_size);
    if (s != PH_OK) ph_recovery_release(r);
    return s;
}

void ph_recovery_release(ph_recovered *r)
{
    ph_journal_close(r->journal);
    if (r->journal_block != NULL) ph_memory_unmap(r->journal_block, ph_journal_footprint());
    if (r->disk.disk.ops != NULL) ph_disk_posix_close(&r->disk);
    ph_market_block_free(r->market);
    ph_spool_close(r->spool);
    *r = (ph_recovered){.disk = {.directory = -1}};
}
