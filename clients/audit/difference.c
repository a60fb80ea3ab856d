/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/difference.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "clients/audit/event_json.h"

/* Both values as hexadecimal digits, and whether they are of the record or of its whole batch. */
typedef struct {
    bool is_record;
    char stated[65], computed[65];
} values;

static values values_of(const ph_replay_difference *d)
{
    values v = {.is_record = d->record.event_cnt != 0};
    if (v.is_record) {
        snprintf(v.stated, sizeof v.stated, "%016" PRIx64, d->record.event_check);
        snprintf(v.computed, sizeof v.computed, "%016" PRIx64, d->computed_check);
    } else {
        sodium_bin2hex(v.stated, sizeof v.stated, d->stated.b, sizeof d->stated.b);
        sodium_bin2hex(v.computed, sizeof v.computed, d->computed.b, sizeof d->computed.b);
    }
    return v;
}

void ph_difference_print(uint64_t seq, const ph_replay_difference *d)
{
    values v = values_of(d);
    char line[PH_JSON_LINE_MAX];
    printf("different: record %" PRIu64 " is the first\n", seq);
    printf("place      segment %s, offset %" PRIu64 "\n", d->segment, d->offset);
    printf("stated     %s of the events of the %s\n", v.stated, v.is_record ? "record" : "batch");
    printf("recomputed %s\n", v.computed);
    if (!v.is_record) return;
    const ph_command *c = &d->record.command;
    printf("command    %.*s\n", (int)ph_command_json(c, line), line);
    for (uint32_t i = 0; i < d->record.event_cnt; i++)
        printf("event      %.*s\n", (int)ph_event_json(c->seq, c->at, &d->record.events[i], line),
               line);
}

/* What event_json wrote, as a value of jansson; as text if an integer of it needs the 64th bit. */
static json_t *value_of(const char *line, size_t size)
{
    json_t *j = json_loadb(line, size, 0, NULL);
    return j != NULL ? j : json_stringn(line, size);
}

static json_t *events_of(const ph_replay_record *r)
{
    char line[PH_JSON_LINE_MAX];
    json_t *all = json_array();
    for (uint32_t i = 0; all != NULL && i < r->event_cnt; i++) {
        size_t size = ph_event_json(r->command.seq, r->command.at, &r->events[i], line);
        if (json_array_append_new(all, value_of(line, size)) == 0) continue;
        json_decref(all);
        return NULL;
    }
    return all;
}

json_t *ph_difference_json(uint64_t seq, const ph_replay_difference *d)
{
    values v = values_of(d);
    json_t *j =
        json_pack("{s:I, s:s, s:I, s:s, s:s, s:s}", "record", (json_int_t)seq, "segment",
                  d->segment, "offset", (json_int_t)d->offset, "of",
                  v.is_record ? "record" : "batch", "stated", v.stated, "recomputed", v.computed);
    if (j == NULL || !v.is_record) return j;
    char line[PH_JSON_LINE_MAX];
    size_t size = ph_command_json(&d->record.command, line);
    if (json_object_set_new(j, "command", value_of(line, size)) == 0 &&
        json_object_set_new(j, "events", events_of(&d->record)) == 0)
        return j;
    json_decref(j);
    return NULL;
}
