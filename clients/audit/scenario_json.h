/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/scenario_json.h - one line of a scenario, from JSON to a command.

    A line is a note, the sizes of the market, or a command; clients/audit/README.md has the form.
    Nothing is guessed: a field that is missing, unknown, of another type or out of range is an
    error that names it and says what to give instead.

    Owns      nothing after it returned.
    Thread    one. */
#ifndef CLIENTS_AUDIT_SCENARIO_JSON_H
#define CLIENTS_AUDIT_SCENARIO_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/status.h"
#include "engine/core/market.h"

enum {
    PH_SCENARIO_LINE_MAX = 65536, /* bytes of a line */
    PH_SCENARIO_WHY_SIZE = 320,   /* room for the sentence that says what is wrong */
};

typedef enum { PH_LINE_NOTE = 1, PH_LINE_MARKET, PH_LINE_COMMAND } ph_line_kind;

typedef struct {
    ph_line_kind kind;
    ph_market_limits limits; /* MARKET: defaults, but for what the line says */
    bool has_at;             /* COMMAND: the line has a stamp */
    ph_command command;      /* COMMAND: seq is 0, and so is at without a stamp */
} ph_scenario_line;

/* Reads `size` bytes without the end of the line.  m, which may be NULL, tells how long the
   periods of a product are, for windows that begin at a time.  PH_EINVAL: not such a line,
   PH_EFULL: no memory; why receives a sentence without a full stop and *ret is untouched. */
ph_status ph_scenario_line_read(const char *text, size_t size, const ph_market *m,
                                ph_scenario_line *ret, char why[PH_SCENARIO_WHY_SIZE]);

/* The key that a participant has in a scenario that gives none: BLAKE2b-256 of the text
   "<use> <id>", e.g. "curve_key 3".  Nobody connects with it; it has to differ from others. */
ph_key ph_scenario_key(const char *use, ph_participant_id id);

/* The OPEN_MARKET of a scenario that has none: rules version 1, "market.example", USD, an operator
   of that name. */
ph_command ph_scenario_open_market(void);

#endif
