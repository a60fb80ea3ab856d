/* SPDX-License-Identifier: Apache-2.0 */
/* A market without an engine: the commands of a file in, the events out. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "clients/audit/event_json.h"
#include "clients/audit/scenario_digest.h"
#include "clients/audit/scenario_json.h"
#include "engine/base/panic.h"
#include "engine/process/memory.h"
#include "engine/wire/codec.h"

typedef struct {
    const ph_audit_request *q;
    const char *name; /* of the file, for messages */
    uint64_t line;
    ph_market_limits limits;
    ph_market *m; /* NULL until the first command */
    void *block, *room;
    size_t block_size, room_size;
    ph_events out;
    ph_time now;
    uint64_t event_cnt;
    ph_order_id last_order;
    crypto_generichash_state events;
} simulation;

/* Says what is wrong with the line that was read last. */
static int wrong_line(const simulation *s, const char *why)
{
    ph_audit_say("%s:%" PRIu64 ": %s", s->name, s->line, why);
    return PH_AUDIT_FAILED;
}

static int open_market(simulation *s)
{
    s->block_size = ph_market_footprint(&s->limits);
    s->out.max = ph_market_events_max(&s->limits);
    s->room_size = s->out.max * sizeof s->out.v[0];
    if (ph_memory_map(s->block_size, &s->block) != PH_OK ||
        ph_memory_map(s->room_size, &s->room) != PH_OK) {
        ph_audit_say("no memory for a market of these sizes: give smaller ones in a \"market\" "
                     "line");
        return PH_AUDIT_FAILED;
    }
    s->out.v = s->room;
    s->m = ph_market_init(s->block, &s->limits);
    return PH_AUDIT_RIGHT;
}

static void take_event(simulation *s, const ph_event *e, uint64_t seq)
{
    uint8_t bytes[PH_EVENT_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_event_write(&w, e);
    crypto_generichash_update(&s->events, bytes, ph_writer_size(&w));
    if (e->kind == PH_EVT_ACCEPTED && e->u.accepted.order.v > s->last_order.v)
        s->last_order = e->u.accepted.order;
    if (s->q->quiet) return;
    char line[PH_JSON_LINE_MAX + 1];
    size_t size = ph_event_json(seq, s->now, e, line);
    line[size] = '\n';
    fwrite(line, 1, size + 1, stdout);
}

static int apply(simulation *s, ph_command *c)
{
    c->seq = ph_market_seq(s->m) + 1;
    c->at = s->now;
    s->out.cnt = 0;
    ph_market_apply(s->m, c, &s->out);
    for (uint32_t i = 0; i < s->out.cnt; i++)
        take_event(s, &s->out.v[i], c->seq);
    s->event_cnt += s->out.cnt;
    const char *law = s->q->check_laws ? ph_market_broken(s->m) : NULL;
    if (law == NULL) return PH_AUDIT_RIGHT;
    (void)wrong_line(s, law);
    return PH_AUDIT_WRONG;
}

/* The stamp of a command is that of the one before unless it has its own. */
static int set_time(simulation *s, const ph_scenario_line *l)
{
    if (!l->has_at && s->m == NULL)
        return wrong_line(s, "\"at\" is missing: the first command needs a stamp");
    if (!l->has_at) return PH_AUDIT_RIGHT;
    if (l->command.at.ns < s->now.ns)
        return wrong_line(s, "\"at\" is before the stamp of the command before: time never goes "
                             "back");
    if (l->command.at.ns == UINT64_MAX) /* what the market calls never: see ph_market_next_due */
        return wrong_line(s,
                          "\"at\": 18446744073709551615 stands for never; give an earlier stamp");
    s->now = l->command.at;
    return PH_AUDIT_RIGHT;
}

static int run_command(simulation *s, ph_scenario_line *l)
{
    int status = set_time(s, l);
    if (status == PH_AUDIT_RIGHT && s->m == NULL) {
        status = open_market(s);
        if (status == PH_AUDIT_RIGHT && l->command.kind != PH_CMD_OPEN_MARKET) {
            ph_command opening = ph_scenario_open_market();
            status = apply(s, &opening);
        }
    }
    return status == PH_AUDIT_RIGHT ? apply(s, &l->command) : status;
}

static bool is_blank(const char *text, size_t size)
{
    size_t i = 0;
    while (i < size && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r'))
        i++;
    return i == size;
}

static int run_line(simulation *s, const char *text, size_t size)
{
    if (size > PH_SCENARIO_LINE_MAX)
        return wrong_line(s, "longer than 65,536 bytes: give each command a line of its own");
    if (is_blank(text, size)) return PH_AUDIT_RIGHT;
    char why[PH_SCENARIO_WHY_SIZE];
    ph_scenario_line l;
    if (ph_scenario_line_read(text, size, s->m, &l, why) != PH_OK) return wrong_line(s, why);
    switch (l.kind) {
    case PH_LINE_NOTE: break;
    case PH_LINE_MARKET:
        if (s->line != 1)
            return wrong_line(s, "\"market\": sizes can be given in the first line alone");
        s->limits = l.limits;
        break;
    case PH_LINE_COMMAND: return run_command(s, &l);
    }
    return PH_AUDIT_RIGHT;
}

/* Reads a line without its end; *ret_size is one more than the most if it is longer, and the rest
   of it is left.  False at the end of the file, or when it cannot be read. */
static bool next_line(FILE *in, char room[PH_SCENARIO_LINE_MAX], size_t *ret_size)
{
    size_t size = 0;
    int c;
    while ((c = getc_unlocked(in)) != EOF && c != '\n' && size <= PH_SCENARIO_LINE_MAX) {
        if (size < PH_SCENARIO_LINE_MAX) room[size] = (char)c;
        size++;
    }
    *ret_size = size;
    return c != EOF || (size != 0 && !ferror(in));
}

static int run_lines(simulation *s, FILE *in)
{
    static char room[PH_SCENARIO_LINE_MAX];
    size_t size;
    int status = PH_AUDIT_RIGHT;
    errno = 0;
    while (status == PH_AUDIT_RIGHT && next_line(in, room, &size)) {
        s->line++;
        status = run_line(s, room, size);
    }
    if (status == PH_AUDIT_RIGHT && ferror(in)) {
        ph_audit_say("could not read %s: %s", s->name, strerror(errno));
        status = PH_AUDIT_FAILED;
    }
    return status;
}

static int end(simulation *s)
{
    if (s->m == NULL) {
        ph_audit_say("%s: no command in it", s->name);
        return PH_AUDIT_FAILED;
    }
    ph_hash events, state = ph_scenario_digest(s->m, s->last_order);
    crypto_generichash_final(&s->events, events.b, sizeof events.b);
    char events_hex[2 * sizeof events.b + 1], state_hex[2 * sizeof state.b + 1];
    sodium_bin2hex(events_hex, sizeof events_hex, events.b, sizeof events.b);
    sodium_bin2hex(state_hex, sizeof state_hex, state.b, sizeof state.b);
    printf("{\"event\":\"END\",\"commands\":%" PRIu64 ",\"events\":%" PRIu64
           ",\"events_digest\":\"%s\",\"state\":\"%s\"}\n",
           ph_market_seq(s->m), s->event_cnt, events_hex, state_hex);
    return PH_AUDIT_RIGHT;
}

int ph_audit_simulate(const ph_audit_request *q)
{
    bool is_input = strcmp(q->scenario, "-") == 0;
    FILE *in = is_input ? stdin : fopen(q->scenario, "re");
    if (in == NULL) {
        bool is_missing = errno == ENOENT;
        ph_audit_say("could not open \"%s\": %s", q->scenario, strerror(errno));
        return is_missing ? PH_AUDIT_NOT_FOUND : PH_AUDIT_FAILED;
    }
    simulation s = {.q = q,
                    .name = is_input ? "standard input" : q->scenario,
                    .limits = ph_market_limits_default()};
    crypto_generichash_init(&s.events, NULL, 0, sizeof(ph_hash));
    int status = run_lines(&s, in);
    if (status == PH_AUDIT_RIGHT) status = end(&s);
    if (!is_input) (void)fclose(in); /* nothing was written */
    ph_memory_unmap(s.block, s.block_size);
    ph_memory_unmap(s.room, s.room_size);
    return status;
}
