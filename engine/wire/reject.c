/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/reject.h"

#include <stddef.h>

static const struct {
    ph_reject code;
    const char *name, *text, *arg0, *arg1;
} rows[] = {
#define X(name, code, text, arg0, arg1) {PH_REJECT_##name, #name, text, arg0, arg1},
    PH_REJECTS(X)
#undef X
};

enum { ROW_CNT = sizeof rows / sizeof rows[0] };

/* Codes are dense from 1, so the row of a code is its place; the unit test holds that. */
static int row_of(ph_reject code)
{
    int i = (int)code - 1;
    return i >= 0 && i < ROW_CNT ? i : -1;
}

const char *ph_reject_name(ph_reject code)
{
    int i = row_of(code);
    if (i < 0) return code == PH_REJECT_NONE ? "NONE" : "UNKNOWN";
    return rows[i].name;
}

const char *ph_reject_text(ph_reject code)
{
    int i = row_of(code);
    return i < 0 ? "no reason" : rows[i].text;
}

const char *ph_reject_arg0(ph_reject code)
{
    int i = row_of(code);
    return i < 0 ? "-" : rows[i].arg0;
}

const char *ph_reject_arg1(ph_reject code)
{
    int i = row_of(code);
    return i < 0 ? "-" : rows[i].arg1;
}
