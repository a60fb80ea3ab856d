/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/meter.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PERIODS_MAX = 1000000, SPANS_FIRST = 64 };

/* ---- Contracts ------------------------------------------------------------------------------ */

static cli_exit spread(const phc_contract *c, meter_contract *ret)
{
    cli_run *runs = NULL;
    size_t run_cnt = 0;
    uint64_t cnt = 0;
    cli_exit e = cli_runs_of(c, &runs, &run_cnt);
    if (e != CLI_DONE) return e;
    for (size_t i = 0; i < run_cnt; i++)
        cnt += runs[i].periods;
    meter_period *all = cnt <= PERIODS_MAX ? calloc(cnt + 1, sizeof *all) : NULL;
    if (all != NULL) {
        ret->periods = all;
        for (size_t i = 0; i < run_cnt; i++)
            for (uint32_t k = 0; k < runs[i].periods; k++)
                all[ret->period_cnt++] = (meter_period){.period = runs[i].first_period + k,
                                                        .quantity = runs[i].quantity};
    } else {
        e = cli_say(CLI_FAILED, "contract %llu has more than %d periods, or there is no memory",
                    (unsigned long long)c->contract, PERIODS_MAX);
    }
    free(runs);
    return e;
}

static cli_exit take(meter *m, const cli_saved *f)
{
    const phc_contract *c = &f->contract;
    if (meter_find(m, c->contract) != NULL)
        return cli_say(CLI_USAGE, "contract %llu is there twice", (unsigned long long)c->contract);
    meter_contract *more = realloc(m->contracts, (m->contract_cnt + 1) * sizeof *more);
    if (more == NULL) return cli_say(CLI_FAILED, "no memory for the contracts");
    m->contracts = more;
    meter_contract *k = &m->contracts[m->contract_cnt];
    *k = (meter_contract){.number = c->contract, .period_seconds = c->period_seconds};
    snprintf(k->unit, sizeof k->unit, "%s", c->unit);
    snprintf(k->market, sizeof k->market, "%s", c->market);
    if (m->contract_cnt > 0 && strcmp(k->market, m->contracts[0].market) != 0)
        return cli_say(CLI_USAGE, "contracts are of two markets, %s and %s", m->contracts[0].market,
                       k->market);
    m->contract_cnt++;
    return spread(c, k);
}

static int saved_only(const struct dirent *e)
{
    size_t size = strlen(e->d_name);
    return size > 5 && strcmp(e->d_name + size - 5, ".json") == 0;
}

cli_exit meter_load_contracts(meter *m, const char *folder, const cli_keys *keys)
{
    struct dirent **names = NULL;
    int cnt = scandir(folder, &names, saved_only, alphasort);
    if (cnt < 0) return cli_say(CLI_FAILED, "could not read \"%s\": %s", folder, strerror(errno));
    cli_exit e = CLI_DONE;
    for (int i = 0; i < cnt; i++) {
        char path[4096];
        cli_saved f;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        free(names[i]);
        if (e != CLI_DONE) continue;
        e = cli_saved_read(path, &f);
        if (e != CLI_DONE) continue;
        e = cli_saved_verify(&f, NULL, keys, NULL);
        if (e != CLI_DONE)
            (void)cli_say(e, "that was \"%s\"", path);
        else
            e = take(m, &f);
        cli_saved_free(&f);
    }
    free(names);
    if (e == CLI_DONE && m->contract_cnt == 0)
        e = cli_say(CLI_NOT_FOUND,
                    "there is no contract in \"%s\": `petahour contract save` "
                    "makes the files",
                    folder);
    return e;
}

meter_contract *meter_find(const meter *m, uint64_t number)
{
    for (size_t i = 0; i < m->contract_cnt; i++)
        if (m->contracts[i].number == number) return &m->contracts[i];
    return NULL;
}

uint64_t meter_contract_of(const char *reservation)
{
    uint64_t number = 0;
    char digits[24];
    if (strncmp(reservation, "petahour_", 9) != 0) return 0;
    snprintf(digits, sizeof digits, "%.*s", (int)strspn(reservation + 9, "0123456789"),
             reservation + 9);
    return phc_number_parse(digits, UINT64_MAX, &number) == PHC_OK ? number : 0;
}

/* ---- Cards ---------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const meter_card *)a)->name, ((const meter_card *)b)->name);
}

meter_card *meter_find_card(const meter *m, const char *name, size_t *ret_cnt)
{
    meter_card key;
    snprintf(key.name, sizeof key.name, "%s", name);
    meter_card *found =
        m->card_cnt == 0 ? NULL : bsearch(&key, m->cards, m->card_cnt, sizeof key, by_name);
    if (found == NULL) return NULL;
    while (found > m->cards && by_name(found - 1, &key) == 0)
        found--;
    *ret_cnt = 0;
    while (found + *ret_cnt < m->cards + m->card_cnt && by_name(found + *ret_cnt, &key) == 0)
        ++*ret_cnt;
    return found;
}

const meter_card *meter_find_absent(const meter *m, const meter_contract *c)
{
    for (size_t i = 0; i < m->card_cnt; i++)
        if (&m->contracts[m->cards[i].contract] == c && !m->cards[i].is_seen) return &m->cards[i];
    return NULL;
}

/* "17 GPU-604ac76c-...": which card it is, and for which contract. */
static const char *read_card(meter *m, char *line)
{
    size_t digits = strspn(line, "0123456789");
    uint64_t number = 0;
    if (digits == 0 || line[digits] != ' ') return "not a contract, a space and a card";
    line[digits] = '\0';
    const char *name = line + digits + 1;
    if (phc_number_parse(line, UINT64_MAX, &number) != PHC_OK)
        return "not the number of a contract";
    meter_contract *c = meter_find(m, number);
    if (c == NULL) return "this contract is not among the saved ones";
    if (name[0] == '\0' || strlen(name) >= sizeof m->cards->name)
        return "the card has no name, or one of more than 79 bytes";
    meter_card *more = realloc(m->cards, (m->card_cnt + 1) * sizeof *more);
    if (more == NULL) return "there is no memory";
    m->cards = more;
    meter_card *card = &m->cards[m->card_cnt++];
    *card = (meter_card){.contract = (size_t)(c - m->contracts), .span = SIZE_MAX};
    snprintf(card->name, sizeof card->name, "%s", name);
    c->is_metered = true;
    return NULL;
}

static bool overlap(const meter_contract *a, const meter_contract *b)
{
    for (size_t i = 0; i < a->period_cnt; i++) {
        uint64_t from = (uint64_t)a->periods[i].period * a->period_seconds;
        for (size_t k = 0; k < b->period_cnt; k++) {
            uint64_t other = (uint64_t)b->periods[k].period * b->period_seconds;
            if (other < from + a->period_seconds && from < other + b->period_seconds) return true;
        }
    }
    return false;
}

/* No card serves two contracts at a time. */
static cli_exit check_cards(const meter *m)
{
    for (size_t i = 0; i < m->card_cnt; i++) {
        for (size_t k = i + 1; k < m->card_cnt && by_name(&m->cards[i], &m->cards[k]) == 0; k++) {
            const meter_contract *a = &m->contracts[m->cards[i].contract];
            const meter_contract *b = &m->contracts[m->cards[k].contract];
            if (a == b || overlap(a, b))
                return cli_say(CLI_USAGE,
                               "card %s cannot serve the contracts %llu and %llu: they "
                               "have a time in common",
                               m->cards[i].name, (unsigned long long)a->number,
                               (unsigned long long)b->number);
        }
    }
    return CLI_DONE;
}

cli_exit meter_load_cards(meter *m, const char *path)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) return cli_say(CLI_FAILED, "could not open \"%s\": %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    cli_exit e = CLI_DONE;
    for (size_t n = 1; e == CLI_DONE && getline(&line, &room, f) >= 0; n++) {
        line[strcspn(line, "\r\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#') continue;
        const char *wrong = read_card(m, line);
        if (wrong != NULL) e = cli_say(CLI_USAGE, "%s:%zu: %s", path, n, wrong);
    }
    if (e == CLI_DONE && ferror(f)) e = cli_say(CLI_FAILED, "could not read \"%s\"", path);
    free(line);
    fclose(f); /* nothing was written */
    if (e != CLI_DONE) return e;
    if (m->card_cnt > 0) qsort(m->cards, m->card_cnt, sizeof *m->cards, by_name);
    return check_cards(m);
}

void meter_free(meter *m)
{
    for (size_t i = 0; i < m->contract_cnt; i++) {
        free(m->contracts[i].periods);
        free(m->contracts[i].spans);
    }
    free(m->contracts);
    free(m->cards);
    free(m->nodes);
    free(m->reservations);
    *m = (meter){0};
}

/* ---- Lines ---------------------------------------------------------------------------------- */

const char *meter_read_line(meter *m, meter_reader read, char *line, size_t size)
{
    if (line[size - 1] != '\n') return "it has no end: the recording was cut";
    if (strlen(line) != size) return "it has a zero byte";
    line[size - 1 - (size > 1 && line[size - 2] == '\r')] = '\0';
    return read(m, line);
}

/* ---- Counting ------------------------------------------------------------------------------- */

size_t meter_add(meter_contract *c, size_t before, meter_span s)
{
    if (before != SIZE_MAX && c->spans[before].until_ms == s.from_ms &&
        c->spans[before].units == s.units) {
        c->spans[before].until_ms = s.until_ms;
        return before;
    }
    if (c->span_cnt == c->span_room) {
        size_t room = c->span_room == 0 ? SPANS_FIRST : 2 * c->span_room;
        meter_span *more = realloc(c->spans, room * sizeof *more);
        if (more == NULL) return SIZE_MAX;
        c->spans = more;
        c->span_room = room;
    }
    c->spans[c->span_cnt] = s;
    return c->span_cnt++;
}

static uint64_t start_ms(const meter_contract *c, const meter_period *p)
{
    return (uint64_t)p->period * c->period_seconds * 1000;
}

static uint64_t common_ms(const meter_contract *c, const meter_period *p, uint64_t *from_ms,
                          uint64_t *until_ms)
{
    uint64_t start = start_ms(c, p), end = start + (uint64_t)c->period_seconds * 1000;
    if (*from_ms < start) *from_ms = start;
    if (*until_ms > end) *until_ms = end;
    return *from_ms < *until_ms ? *until_ms - *from_ms : 0;
}

void meter_add_energy(meter_contract *c, uint64_t from_ms, uint64_t until_ms, uint64_t power_mw)
{
    for (size_t i = 0; i < c->period_cnt; i++) {
        uint64_t from = from_ms, until = until_ms;
        c->periods[i].energy_uj += power_mw * common_ms(c, &c->periods[i], &from, &until);
    }
}

typedef struct {
    uint64_t at_ms;
    int64_t units;
} edge;

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const edge *)a)->at_ms, y = ((const edge *)b)->at_ms;
    return (x > y) - (x < y);
}

uint64_t meter_delivered(const meter_contract *c, const meter_period *p)
{
    edge *edges = malloc((2 * c->span_cnt + 1) * sizeof *edges);
    if (edges == NULL) return UINT64_MAX;
    size_t cnt = 0;
    for (size_t i = 0; i < c->span_cnt; i++) {
        meter_span s = c->spans[i];
        if (common_ms(c, p, &s.from_ms, &s.until_ms) == 0) continue;
        edges[cnt++] = (edge){s.from_ms, s.units};
        edges[cnt++] = (edge){s.until_ms, -(int64_t)s.units};
    }
    qsort(edges, cnt, sizeof *edges, by_time);
    uint64_t unit_ms = 0, before = 0;
    int64_t there = 0;
    for (size_t i = 0; i < cnt; i++) {
        uint64_t counted = there > p->quantity ? p->quantity : (uint64_t)there;
        unit_ms += counted * (edges[i].at_ms - before);
        before = edges[i].at_ms;
        there += edges[i].units;
    }
    free(edges);
    return unit_ms / 1000;
}

bool meter_covers(const meter *m, const meter_contract *c, const meter_period *p)
{
    uint64_t start = start_ms(c, p), end = start + (uint64_t)c->period_seconds * 1000;
    if (m->seen_from_ms > start + m->gap_ms) return false;
    return m->is_followed ? m->seen_until_ms >= end + m->gap_ms
                          : m->seen_until_ms + m->gap_ms >= end;
}
