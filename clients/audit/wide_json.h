/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/wide_json.h - JSON whose integers may be as wide as the market's.

    jansson keeps integers in 63 bits and a sign; the market has integers of 64 bits without one.
    Long ones are kept as text with a mark that no text can have, and read back here.

    Owns      nothing: the value is the caller's.
    Thread    one. */
#ifndef CLIENTS_AUDIT_WIDE_JSON_H
#define CLIENTS_AUDIT_WIDE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/status.h"

/* Reads one value; a key that stands twice is refused.  PH_EINVAL: not JSON, PH_EFULL: too long
   or no memory; why receives a sentence. */
ph_status ph_wide_json_load(const char *text, size_t size, json_t **ret, char *why,
                            size_t why_size);

/* The text that v is, which belongs to v; NULL if it is none. */
const char *ph_wide_json_text(const json_t *v);

/* The integer that v is; false if it is none, or does not fit. */
bool ph_wide_json_u64(const json_t *v, uint64_t *ret);
bool ph_wide_json_i64(const json_t *v, int64_t *ret);

#endif
