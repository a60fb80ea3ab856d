/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/row.h"

#include <inttypes.h>
#include <string.h>

#include "engine/base/panic.h"

static void put_csv_text(FILE *to, const char *v)
{
    if (v[strcspn(v, "\",\r\n")] == '\0') {
        fputs(v, to);
        return;
    }
    putc_unlocked('"', to);
    for (; *v != '\0'; v++) {
        if (*v == '"') putc_unlocked('"', to);
        putc_unlocked(*v, to);
    }
    putc_unlocked('"', to);
}

static void put_json_text(FILE *to, const char *v)
{
    putc_unlocked('"', to);
    for (; *v != '\0'; v++) {
        unsigned char c = (unsigned char)*v;
        if (c < 0x20) {
            fprintf(to, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\') putc_unlocked('\\', to);
        putc_unlocked(c, to);
    }
    putc_unlocked('"', to);
}

ph_row ph_row_begin(FILE *to, ph_row_form form, const char *const *columns, uint32_t column_cnt)
{
    PH_ASSERT(column_cnt != 0);
    for (uint32_t i = 0; form == PH_ROW_CSV && i < column_cnt; i++) {
        if (i != 0) putc_unlocked(',', to);
        put_csv_text(to, columns[i]);
    }
    if (form == PH_ROW_CSV) fputs("\r\n", to);
    return (ph_row){.to = to, .form = form, .columns = columns, .column_cnt = column_cnt};
}

/* What stands before the next value. */
static void next(ph_row *r)
{
    PH_ASSERT(r->at < r->column_cnt);
    if (r->form == PH_ROW_CSV) {
        if (r->at != 0) putc_unlocked(',', r->to);
    } else {
        putc_unlocked(r->at == 0 ? '{' : ',', r->to);
        put_json_text(r->to, r->columns[r->at]);
        putc_unlocked(':', r->to);
    }
    r->at++;
}

void ph_row_u64(ph_row *r, uint64_t v)
{
    next(r);
    fprintf(r->to, "%" PRIu64, v);
}

void ph_row_i64(ph_row *r, int64_t v)
{
    next(r);
    fprintf(r->to, "%" PRId64, v);
}

void ph_row_bool(ph_row *r, bool v)
{
    next(r);
    fputs(v ? "true" : "false", r->to);
}

void ph_row_text(ph_row *r, const char *v)
{
    next(r);
    if (r->form == PH_ROW_CSV)
        put_csv_text(r->to, v);
    else
        put_json_text(r->to, v);
}

void ph_row_none(ph_row *r)
{
    next(r);
    if (r->form == PH_ROW_JSON) fputs("null", r->to);
}

void ph_row_end(ph_row *r)
{
    PH_ASSERT(r->at == r->column_cnt);
    fputs(r->form == PH_ROW_CSV ? "\r\n" : "}\n", r->to);
    r->at = 0;
    r->cnt++;
}
