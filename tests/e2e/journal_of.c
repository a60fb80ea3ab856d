/* SPDX-License-Identifier: Apache-2.0 */
/*  journal_of DIRECTORY RECORDS_PER_BATCH [BENT] < SCENARIO - a real journal of a scenario.

    What clients/audit/README.md calls a scenario, run as petahour-audit simulate runs it, and
    journaled with its events.  Of record BENT another result is journaled than the market had. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/scenario_json.h"
#include "engine/core/market.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/writer.h"
#include "engine/process/memory.h"
#include "engine/replay/limits.h"
#include "engine/wire/codec.h"

typedef struct {
    ph_market_limits limits;
    ph_market *m;
    ph_events out;
    void *event_bytes;
    size_t event_room;
    ph_disk_posix disk;
    ph_journal *journal;
    ph_time now;
    uint64_t per_batch, bent;
} writing;

static _Noreturn void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "journal_of: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void *room(size_t size)
{
    void *block = NULL;
    if (ph_memory_map(size, &block) != PH_OK) fail("no room", "no memory");
    return block;
}

static void open_journal(writing *w, const char *directory, const char *market)
{
    static uint8_t meta[PH_LIMITS_SIZE];
    ph_limits_write(&w->limits, meta);
    ph_journal_options o = {.market = market, .meta = meta, .meta_size = sizeof meta};
    ph_journal_fault f;
    if (ph_disk_posix_open(directory, true, &w->disk) != PH_OK) fail(directory, w->disk.why);
    if (ph_journal_open(room(ph_journal_footprint()), &w->disk.disk, &o, &w->journal, &f) != PH_OK)
        fail(directory, f.text);
    w->m = ph_market_init(room(ph_market_footprint(&w->limits)), &w->limits);
    w->out.max = ph_market_events_max(&w->limits);
    w->out.v = room(w->out.max * sizeof *w->out.v);
    w->event_room = (size_t)w->out.max * PH_EVENT_BYTES_MAX;
    w->event_bytes = room(w->event_room);
}

static void commit(writing *w)
{
    ph_journal_fault f;
    if (ph_journal_commit(w->journal, &f) != PH_OK) fail("could not commit", f.text);
}

static void append(writing *w, ph_command c)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    c.seq = ph_market_seq(w->m) + 1;
    c.at = w->now;
    w->out.cnt = 0;
    ph_market_apply(w->m, &c, &w->out);
    ph_writer b = ph_writer_of(bytes, sizeof bytes);
    ph_writer e = ph_writer_of(w->event_bytes, w->event_room);
    ph_command_write(&b, &c);
    for (uint32_t i = 0; i < w->out.cnt; i++)
        ph_event_write(&e, &w->out.v[i]);
    if (c.seq == w->bent) ((uint8_t *)w->event_bytes)[ph_writer_size(&e) - 1] ^= 1;
    if (ph_journal_append(w->journal, c.at, bytes, (uint32_t)ph_writer_size(&b), w->event_bytes,
                          (uint32_t)ph_writer_size(&e)) != PH_OK)
        fail("could not append", "the batch is full");
    if (c.seq % w->per_batch == 0) commit(w);
}

int main(int argc, char **argv)
{
    static char line[PH_SCENARIO_LINE_MAX];
    if (argc < 3) fail("usage", "journal_of DIRECTORY RECORDS_PER_BATCH [BENT] < SCENARIO");
    static writing w;
    w = (writing){.limits = ph_market_limits_default(),
                  .per_batch = strtoull(argv[2], NULL, 10),
                  .bent = argc > 3 ? strtoull(argv[3], NULL, 10) : 0};
    while (fgets(line, sizeof line, stdin) != NULL) {
        char why[PH_SCENARIO_WHY_SIZE];
        ph_scenario_line l;
        if (line[strspn(line, " \t\r\n")] == '\0') continue;
        if (ph_scenario_line_read(line, strcspn(line, "\n"), w.m, &l, why) != PH_OK)
            fail(line, why);
        if (l.kind == PH_LINE_MARKET) w.limits = l.limits;
        if (l.kind != PH_LINE_COMMAND) continue;
        if (l.has_at) w.now = l.command.at;
        bool is_opening = l.command.kind == PH_CMD_OPEN_MARKET;
        ph_command opening = is_opening ? l.command : ph_scenario_open_market();
        if (w.m == NULL) {
            open_journal(&w, argv[1], opening.u.open_market.market.s);
            append(&w, opening);
            if (is_opening) continue;
        }
        append(&w, l.command);
    }
    if (w.m == NULL) fail("no journal", "no command in the scenario");
    if (ph_market_seq(w.m) % w.per_batch != 0) commit(&w);
    printf("%llu records\n", (unsigned long long)ph_market_seq(w.m));
    ph_journal_close(w.journal);
    ph_disk_posix_close(&w.disk);
    return EXIT_SUCCESS;
}
