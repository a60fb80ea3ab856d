/* SPDX-License-Identifier: Apache-2.0 */
/*  make_golden FOLDER - makes the files of a golden journal, once for a format version.

    FOLDER must not be there yet: a golden journal is never made again. */
#include <stdlib.h>
#include <sys/stat.h>

#include "engine/journal/file_posix.h"
#include "engine/journal/format.h"
#include "engine/journal/writer.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/replay/market_block.h"
#include "engine/replay/market_file.h"
#include "engine/wire/codec.h"
#include "tests/golden/golden.h"
#include "tests/unit/a_day.h"

enum { EVENT_BYTES = 1 << 22 };

static void must(bool is_right, const char *what)
{
    if (is_right) return;
    fprintf(stderr, "make_golden: %s\n", what);
    exit(1);
}

static void *map(size_t size)
{
    void *p;
    must(ph_memory_map(size, &p) == PH_OK, "no memory");
    return p;
}

static void append(ph_journal *j, ph_market *m, uint8_t *event_bytes, ph_events *out)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_command c = a_day_command(GOLDEN_SEED, ph_market_seq(m) + 1);
    ph_writer w = ph_writer_of(bytes, sizeof bytes), e = ph_writer_of(event_bytes, EVENT_BYTES);
    out->cnt = 0;
    ph_market_apply(m, &c, out);
    ph_command_write(&w, &c);
    for (uint32_t i = 0; i < out->cnt; i++)
        ph_event_write(&e, &out->v[i]);
    must(!w.full && !e.full, "too many events");
    ph_status s = ph_journal_append(j, c.at, bytes, (uint32_t)ph_writer_size(&w), event_bytes,
                                    (uint32_t)ph_writer_size(&e));
    must(s == PH_OK, "could not append");
}

static void write_snapshot(const char *journal, const ph_journal *j, const ph_market *m)
{
    char folder[512];
    ph_disk_posix d;
    snprintf(folder, sizeof folder, "%.400s/" PH_MARKET_FILE_FOLDER, journal);
    must(ph_disk_posix_open(folder, true, &d) == PH_OK, "could not make the folder");
    ph_journal_position end = ph_journal_end(j);
    ph_state_head head = {
        .seq = end.seq, .at = end.at, .chain = end.chain, .market = {"settle.test"}};
    must(ph_market_file_write(&d.disk, &head, m, 1) == PH_OK, "could not write a snapshot");
    ph_disk_posix_close(&d);
}

static void write_day(const char *journal, ph_hash *ret_chain, ph_market **ret)
{
    ph_market_limits limits = a_day_limits();
    ph_events out = {.max = ph_market_events_max(&limits)};
    ph_market *m;
    ph_journal *j;
    ph_disk_posix d;
    ph_journal_fault f;
    uint8_t meta[PH_LIMITS_SIZE], *event_bytes = map(EVENT_BYTES);
    ph_limits_write(&limits, meta);
    out.v = map(out.max * sizeof out.v[0]);
    must(ph_market_block_new(&limits, &m) == PH_OK, "no memory");
    must(ph_disk_posix_open(journal, true, &d) == PH_OK, "could not make the folder");
    ph_journal_options o = {.market = "settle.test",
                            .meta = meta,
                            .meta_size = sizeof meta,
                            .segment_bytes = GOLDEN_SEGMENT,
                            .fill_bytes = GOLDEN_FILL};
    ph_status s = ph_journal_open(map(ph_journal_footprint()), &d.disk, &o, &j, &f);
    must(s == PH_OK, f.text);
    while (ph_market_seq(m) < GOLDEN_RECORDS) {
        append(j, m, event_bytes, &out);
        if (ph_market_seq(m) % GOLDEN_BATCH != 0) continue;
        must(ph_journal_commit(j, &f) == PH_OK, f.text);
        if (ph_market_seq(m) == GOLDEN_SNAPSHOT) write_snapshot(journal, j, m);
    }
    *ret_chain = ph_journal_end(j).chain;
    *ret = m;
    ph_journal_close(j);
    ph_status gone = d.disk.ops->remove(&d.disk, PH_JOURNAL_LOCK_NAME);
    must(gone == PH_OK, "could not remove the lock");
    ph_disk_posix_close(&d);
}

int main(int argc, char **argv)
{
    char path[512], text[GOLDEN_TEXT];
    ph_hash chain;
    ph_market *m;
    must(argc == 2, "usage: make_golden FOLDER");
    must(mkdir(argv[1], 0755) == 0, "the folder is there, or cannot be made");
    snprintf(path, sizeof path, "%.400s/journal", argv[1]);
    write_day(path, &chain, &m);
    golden_text(m, &chain, text);
    snprintf(path, sizeof path, "%.400s/expected", argv[1]);
    FILE *f = fopen(path, "we");
    must(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "could not write \"expected\"");
    return 0; /* what is still mapped goes with the process */
}
