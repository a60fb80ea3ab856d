/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_meter.c - recordings of accelerators and of a scheduler, which decide payouts.

    The first byte chooses the format; the rest is the recording, whose lines are read one after the
    other, also behind one that is bad, as with --skip-bad.  Whatever it says, no more is delivered
    than the contract has, nor than its cards could in the time that was read. */
#include "clients/cli/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONTRACTS = 3,
    PERIODS = 3,
    FORMATS = 4,
    SACCT = 2,
    SCONTROL = 3, /* this and sacct have no cards and tell of no energy */
    CARDS_MAX = 4,
    GAP_MS = 60000,
    AHEAD_MS = 60000, /* how far clocks may be apart */
};

#define NOW_MS   UINT64_C(1795910400000) /* 2026-11-29T00:00:00Z: after the recordings */
#define POWER_MW UINT64_C(100000000)     /* more than any card draws is refused */

/* The recordings are of contract 1. */
static const meter_contract contracts[CONTRACTS] = {
    {.number = 1, .period_seconds = 900, .unit = "card"},
    {.number = 2, .period_seconds = 3600, .unit = "core"},
    {.number = 3, .period_seconds = 3600, .unit = "node"},
};
static const uint32_t first_periods[CONTRACTS] = {1995440, 498860, 498862};

/* In order of their names; the last of them serves two contracts, one after the other. */
static const struct {
    const char *name;
    size_t contract;
} cards[FORMATS][CARDS_MAX] = {
    {{"GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52", 0},
     {"GPU-8f1f4d06-07fd-27a7-52d5-e58aa060d256", 0},
     {"GPU-8f1f4d06-07fd-27a7-52d5-e58aa060d256", 2}},
    {{"GPU 0", 0}, {"GPU 1", 0}, {"GPU 1", 2}, {"GPU 2", 1}},
};

static void *room(size_t cnt, size_t size)
{
    void *p = calloc(cnt, size);
    if (p == NULL) abort();
    return p;
}

static meter begin(uint32_t format)
{
    meter m = {.contract_cnt = CONTRACTS, .now_ms = NOW_MS};
    m.contracts = room(CONTRACTS, sizeof *m.contracts);
    m.cards = room(CARDS_MAX, sizeof *m.cards);
    for (uint32_t i = 0; i < CONTRACTS; i++) {
        m.contracts[i] = contracts[i];
        m.contracts[i].periods = room(PERIODS, sizeof *m.contracts[i].periods);
        m.contracts[i].period_cnt = PERIODS;
        for (uint32_t k = 0; k < PERIODS; k++)
            m.contracts[i].periods[k] =
                (meter_period){.period = first_periods[i] + k, .quantity = 8};
    }
    for (uint32_t i = 0; i < CARDS_MAX && cards[format][i].name != NULL; i++) {
        meter_card *card = &m.cards[m.card_cnt++];
        *card = (meter_card){.contract = cards[format][i].contract, .span = SIZE_MAX};
        snprintf(card->name, sizeof card->name, "%s", cards[format][i].name);
    }
    if (format == SACCT) {
        m.seen_from_ms = NOW_MS - UINT64_C(86400000);
        m.seen_until_ms = NOW_MS;
    } else {
        m.gap_ms = GAP_MS;
    }
    return m;
}

/* Lines as getline gives them: with their line feed, which the last one may lack. */
static void read_lines(meter *m, meter_reader read, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        const uint8_t *feed = memchr(bytes, '\n', size);
        size_t length = feed == NULL ? size : (size_t)(feed - bytes) + 1;
        char *line = malloc(length + 1);
        if (line == NULL) abort();
        memcpy(line, bytes, length);
        line[length] = '\0';
        const char *wrong = meter_read_line(m, read, line, length);
        if (wrong != NULL && wrong[0] == '\0') abort(); /* it says why */
        free(line);
        bytes += length;
        size -= length;
    }
}

static void check(const meter *m, uint32_t format)
{
    if (format != SACCT && m->seen_until_ms > NOW_MS + AHEAD_MS) abort();
    if (m->seen_from_ms > m->seen_until_ms) abort();
    for (size_t i = 0; i < m->contract_cnt; i++) {
        const meter_contract *c = &m->contracts[i];
        uint64_t most = format >= SACCT ? UINT64_MAX : 0; /* units that there are at a time */
        for (size_t k = 0; k < m->card_cnt; k++)
            most += m->cards[k].contract == i;
        for (size_t k = 0; k < c->span_cnt; k++)
            if (c->spans[k].from_ms >= c->spans[k].until_ms || c->spans[k].units == 0) abort();
        for (size_t k = 0; k < c->period_cnt; k++) {
            const meter_period *p = &c->periods[k];
            uint64_t units = p->quantity < most ? p->quantity : most;
            if (meter_delivered(c, p) > units * c->period_seconds) abort();
            if (format >= SACCT && p->energy_uj != 0) abort();
            if (format < SACCT && p->energy_uj > most * POWER_MW * c->period_seconds * 1000)
                abort();
            (void)meter_covers(m, c, p);
        }
        (void)meter_find_absent(m, c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const meter_reader readers[FORMATS] = {meter_read_exporter, meter_read_dmon,
                                                  meter_read_sacct, meter_read_scontrol};
    if (size == 0) return 0;
    uint32_t format = bytes[0] % FORMATS;
    meter m = begin(format);
    read_lines(&m, readers[format], bytes + 1, size - 1);
    check(&m, format);
    meter_free(&m);
    return 0;
}
