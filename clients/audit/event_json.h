/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/event_json.h - an event or a command as one line of JSON.

    Integers are written as they are, however large; keys, hashes and signatures as lower-case
    hexadecimal digits; enumerations as the rulebook's words.  clients/audit/README.md has the form.

    Owns      nothing.
    Thread    any. */
#ifndef CLIENTS_AUDIT_EVENT_JSON_H
#define CLIENTS_AUDIT_EVENT_JSON_H

#include <stddef.h>

#include "engine/core/market.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

/* No line is longer: a group of 8 orders, or 512 sealed bytes, and the names of the fields. */
enum { PH_JSON_LINE_MAX = 16384 };

/* {"seq":12,"at":...,"event":"TRADE",...} without the end of the line or a final zero.  Returns
   its length. */
size_t ph_event_json(uint64_t seq, ph_time at, const ph_event *e, char to[PH_JSON_LINE_MAX]);

/* {"at":...,"sender":3,"command":"NEW_ORDER","request":7,...}, likewise: a line that a scenario
   takes.  The place in the journal is not part of it. */
size_t ph_command_json(const ph_command *c, char to[PH_JSON_LINE_MAX]);

/* {"market":{"participants_max":...,...}}, likewise: the first line of a scenario. */
size_t ph_sizes_json(const ph_market_limits *limits, char to[PH_JSON_LINE_MAX]);

#endif
