/* SPDX-License-Identifier: Apache-2.0 */
/* What a Slurm cluster holds ready: lines of scontrol --oneliner, nodes before reservations. */
#include "clients/cli/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLOCKS_APART_MS = 60000, ROOM_FIRST = 16, WORD_MAX = 4096 };

#define DIGITS "0123456789"

/* ---- Fields --------------------------------------------------------------------------------- */

/* The value of a field that stands at the beginning or behind a space; NULL: there is none, or it
   is too long. */
static const char *field(const char *line, const char *name, char to[WORD_MAX])
{
    size_t size = strlen(name);
    for (const char *at = strstr(line, name); at != NULL; at = strstr(at + 1, name)) {
        if (at != line && at[-1] != ' ') continue;
        size_t value = strcspn(at + size, " ");
        if (value >= WORD_MAX) return NULL;
        memcpy(to, at + size, value);
        to[value] = '\0';
        return to;
    }
    return NULL;
}

static bool number(const char *line, const char *name, uint32_t *ret)
{
    char text[WORD_MAX];
    uint64_t v = 0;
    if (field(line, name, text) == NULL || phc_number_parse(text, UINT32_MAX, &v) != PHC_OK)
        return false;
    *ret = (uint32_t)v;
    return true;
}

/* ---- Nodes ---------------------------------------------------------------------------------- */

/* "IDLE+RESERVED": a job can run there.  Whatever else a state says keeps one away. */
static bool is_ready(char *state)
{
    static const char *const ready[] = {"IDLE",    "ALLOCATED",  "MIXED", "RESERVED",
                                        "PLANNED", "COMPLETING", "CLOUD", "DYNAMIC_NORM"};
    char *next = NULL;
    char *flag = strtok_r(state, "+", &next);
    if (flag == NULL) return false;
    for (; flag != NULL; flag = strtok_r(NULL, "+", &next)) {
        bool found = false;
        for (size_t i = 0; i < sizeof ready / sizeof ready[0]; i++)
            found = found || strcmp(flag, ready[i]) == 0;
        if (!found) return false;
    }
    return true;
}

/* "gpu:h100:8(S:0-1),shard:4": 8 */
static uint32_t cards_of(char *gres)
{
    uint64_t all = 0;
    char *next = NULL;
    for (char *one = strtok_r(gres, ",", &next); one != NULL; one = strtok_r(NULL, ",", &next)) {
        uint64_t cnt = 0;
        one[strcspn(one, "(")] = '\0';
        char *last = strrchr(one, ':');
        if (strncmp(one, "gpu:", 4) == 0 && phc_number_parse(last + 1, UINT16_MAX, &cnt) == PHC_OK)
            all += cnt;
    }
    return all <= UINT32_MAX ? (uint32_t)all : UINT32_MAX;
}

/* They come in the same order every time, so the next one is tried first. */
static meter_node *find_node(meter *m, const char *name)
{
    for (size_t i = 0; i < m->node_cnt; i++) {
        size_t at = (m->node_next + i) % m->node_cnt;
        if (strcmp(m->nodes[at].name, name) != 0) continue;
        m->node_next = at + 1;
        return &m->nodes[at];
    }
    if (m->node_cnt == m->node_room) {
        size_t room = m->node_room == 0 ? ROOM_FIRST : 2 * m->node_room;
        meter_node *more = realloc(m->nodes, room * sizeof *more);
        if (more == NULL) return NULL;
        m->nodes = more;
        m->node_room = room;
    }
    meter_node *n = &m->nodes[m->node_cnt++];
    *n = (meter_node){.read_ms = 0};
    snprintf(n->name, sizeof n->name, "%s", name);
    return n;
}

static const char *note_node(meter *m, uint64_t at_ms, const char *line)
{
    char text[WORD_MAX];
    if (field(line, "NodeName=", text) == NULL || strlen(text) >= sizeof m->nodes->name)
        return "its node has no name, or one of more than 63 bytes";
    meter_node *n = find_node(m, text);
    if (n == NULL) return "there is no memory";
    if (field(line, "State=", text) == NULL) return "its node has no State";
    n->is_ready = is_ready(text);
    n->cards = field(line, "Gres=", text) != NULL ? cards_of(text) : 0;
    n->read_ms = at_ms;
    return NULL;
}

/* ---- "n[1-3,007],login" --------------------------------------------------------------------- */

/* The digits that a name has here are one of the numbers between brackets, as wide as these. */
static bool is_between(const char *ranges, const char *digits, size_t size)
{
    char text[24];
    uint64_t v = 0, low = 0, high = 0;
    if (size == 0 || size >= sizeof text) return false;
    snprintf(text, sizeof text, "%.*s", (int)size, digits);
    if (phc_number_parse(text, UINT64_MAX, &v) != PHC_OK) return false;
    for (const char *at = ranges; *at != ']' && *at != '\0'; at += *at == ',') {
        size_t width = strspn(at, DIGITS);
        snprintf(text, sizeof text, "%.*s", (int)width, at);
        if (width == 0 || phc_number_parse(text, UINT64_MAX, &low) != PHC_OK) return false;
        bool is_padded = at[0] == '0' && width > 1;
        at += width;
        high = low;
        if (*at == '-') {
            width = strspn(++at, DIGITS);
            snprintf(text, sizeof text, "%.*s", (int)width, at);
            if (width == 0 || phc_number_parse(text, UINT64_MAX, &high) != PHC_OK) return false;
            at += width;
        }
        bool fits = is_padded ? size == width : digits[0] != '0' || size == 1;
        if (fits && low <= v && v <= high) return true;
        if (*at != ',' && *at != ']') return false;
    }
    return false;
}

/* Whether a name is the first entry of a list.  *ret_end is behind that. */
static bool is_first(const char *list, const char *name, const char **ret_end)
{
    const char *at = list;
    bool same = true;
    for (; *at != '\0' && *at != ','; at++) {
        if (*at == '[') {
            size_t digits = same ? strspn(name, DIGITS) : 0;
            same = same && is_between(at + 1, name, digits);
            name += digits;
            at += strcspn(at, "]");
            if (*at == '\0') break;
        } else {
            same = same && *name == *at;
            name += same;
        }
    }
    *ret_end = at;
    return same && *name == '\0';
}

static bool is_listed(const char *list, const char *name)
{
    for (const char *at = list, *end; *at != '\0'; at = end + (*end == ','))
        if (is_first(at, name, &end)) return true;
    return false;
}

/* ---- Reservations --------------------------------------------------------------------------- */

static meter_reservation *find_reservation(meter *m, const char *name, const meter_contract *c)
{
    for (size_t i = 0; i < m->reservation_cnt; i++)
        if (strcmp(m->reservations[i].name, name) == 0) return &m->reservations[i];
    meter_reservation *more = realloc(m->reservations, (m->reservation_cnt + 1) * sizeof *more);
    if (more == NULL) return NULL;
    m->reservations = more;
    meter_reservation *r = &more[m->reservation_cnt++];
    *r = (meter_reservation){.contract = (size_t)(c - m->contracts), .span = SIZE_MAX};
    snprintf(r->name, sizeof r->name, "%s", name);
    return r;
}

/* Cores that are reserved on one node: "NodeName=n1 CoreIDs=0-3,8"; 0 where scontrol says none. */
static uint32_t cores_on(const char *line, const char *name)
{
    char entry[96];
    uint32_t cnt = 0;
    snprintf(entry, sizeof entry, " NodeName=%s CoreIDs=", name);
    const char *at = strstr(line, entry);
    if (at == NULL) return 0;
    for (at += strlen(entry); *at != '\0' && *at != ' '; at += *at == ',') {
        char *rest;
        unsigned long low = strtoul(at, &rest, 10), high = low;
        if (rest == at) break;
        if (*rest == '-') high = strtoul(rest + 1, &rest, 10);
        if (high < low || high > UINT16_MAX) break;
        cnt += (uint32_t)(high - low) + 1;
        at = rest;
    }
    return cnt;
}

/* What the contract counts, of what the reservation has on nodes that are ready. */
static const char *held(const meter *m, uint64_t at_ms, const char *line, const char *unit,
                        uint32_t *ret)
{
    char list[WORD_MAX];
    uint32_t nodes = 0, told = 0, ready = 0, cards = 0, ready_cards = 0, cores = 0, all_cores = 0;
    if (field(line, "Nodes=", list) == NULL || !number(line, "NodeCnt=", &nodes) ||
        !number(line, "CoreCnt=", &all_cores))
        return "it lacks one of Nodes, NodeCnt, CoreCnt";
    for (size_t i = 0; i < m->node_cnt && nodes > 0; i++) {
        const meter_node *n = &m->nodes[i];
        if (n->read_ms != at_ms || !is_listed(list, n->name)) continue;
        told++;
        cards += n->cards;
        if (!n->is_ready) continue;
        ready++;
        ready_cards += n->cards;
        cores += cores_on(line, n->name);
    }
    if (told != nodes) return "not each of its nodes was told with the same time before it";
    if (strcmp(unit, "node") == 0)
        *ret = ready;
    else if (strcmp(unit, "core") == 0)
        *ret = ready == nodes ? all_cores : cores;
    else
        *ret = ready_cards;
    if (strcmp(unit, "node") != 0 && strcmp(unit, "core") != 0 && cards == 0 && nodes > 0)
        return "a contract of cards needs nodes with Gres=gpu:";
    return NULL;
}

/* Between two readings the lower of both was there. */
static const char *note_reservation(meter *m, uint64_t at_ms, const char *line)
{
    char text[WORD_MAX];
    uint32_t units = 0;
    if (field(line, "ReservationName=", text) == NULL) return "its reservation has no name";
    meter_contract *c = meter_find(m, meter_contract_of(text));
    if (c == NULL) return NULL; /* not ours */
    if (strlen(text) >= sizeof m->reservations->name) return "its reservation has a longer name";
    meter_reservation *r = find_reservation(m, text, c);
    if (r == NULL) return "there is no memory";
    c->is_metered = true;
    if (at_ms < r->read_ms) return "its time is before that of the reservation's last reading";
    const char *wrong = held(m, at_ms, line, c->unit, &units);
    if (wrong != NULL) return wrong;
    if (field(line, "State=", text) == NULL || strcmp(text, "ACTIVE") != 0) units = 0;
    uint32_t least = units < r->units ? units : r->units;
    if (least > 0 && at_ms > r->read_ms && at_ms - r->read_ms <= m->gap_ms) {
        r->span = meter_add(c, r->span, (meter_span){r->read_ms, at_ms, least});
        if (r->span == SIZE_MAX) return "there is no memory";
    }
    r->read_ms = at_ms;
    r->units = units;
    return NULL;
}

/* "2026-11-28T20:00:00Z NodeName=n1 ..." */
const char *meter_read_scontrol(meter *m, char *line)
{
    uint64_t at_ns = 0;
    if (line[0] == '\0') return NULL;
    char *rest = strchr(line, ' ');
    if (rest == NULL) return "it has no time and nothing behind it";
    *rest++ = '\0';
    if (phc_time_parse(line, &at_ns) != PHC_OK)
        return "it does not begin with a UTC time like 2026-11-28T20:00:00Z";
    uint64_t at_ms = at_ns / 1000000;
    if (at_ms > m->now_ms + CLOCKS_APART_MS) return "its time is in the future";
    if (m->seen_from_ms == 0 || at_ms < m->seen_from_ms) m->seen_from_ms = at_ms;
    if (at_ms > m->seen_until_ms) m->seen_until_ms = at_ms;
    if (strncmp(rest, "NodeName=", 9) == 0) return note_node(m, at_ms, rest);
    if (strncmp(rest, "ReservationName=", 16) == 0) return note_reservation(m, at_ms, rest);
    return NULL; /* "No reservations in the system", and what is empty */
}
