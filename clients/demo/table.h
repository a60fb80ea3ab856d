/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/demo/table.h - strict reading of the demonstration's data files, row by row.

    Two forms: CSV without quotes (a header line that must be the expected one, then rows with as
    many fields) and the Standard Workload Format (comment lines that begin with ';', then rows of
    18 numbers separated by spaces).  Anything else is refused with file, line and column: a row is
    never skipped, a number never guessed.

    Owns      nothing: cuts the text that it is given in place.
    Lifetime  fields point into that text.
    Failure   after the first refusal every further call says the same; phc_table_fault has the
              sentence, e.g. `offers.csv:12: price_usd_hour: "4.x" is not an amount of money`. */
#ifndef CLIENTS_DEMO_TABLE_H
#define CLIENTS_DEMO_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PHC_TABLE_COLUMNS_MAX = 24,
    PHC_TABLE_LINE_MAX = 512, /* longest line, without its newline */
    PHC_TABLE_SWF_COLUMNS = 18,
};

typedef struct {
    const char *name;
    char *next, *end;
    unsigned line;
    bool swf;
    size_t column_cnt;
    char header[PHC_TABLE_LINE_MAX];
    const char *columns[PHC_TABLE_COLUMNS_MAX];
    char *fields[PHC_TABLE_COLUMNS_MAX];
    char fault[768]; /* empty: none */
} phc_table;

/* Starts reading CSV text of `size` bytes; its first line must be exactly `header`. False: refused,
   see phc_table_fault. */
bool phc_table_csv(phc_table *t, const char *name, char *text, size_t size, const char *header);

/* Starts reading text in the Standard Workload Format. */
bool phc_table_swf(phc_table *t, const char *name, char *text, size_t size);

/* The next row's fields; NULL at the end and after a refusal (phc_table_fault tells them apart). */
char **phc_table_next(phc_table *t);

/* NULL, or why reading stopped. */
const char *phc_table_fault(const phc_table *t);

/* Refuses the row that was read last, because of one of its columns.  Returns false. */
bool phc_table_refuse(phc_table *t, size_t column, const char *why);

/* Field as a whole number in min .. max.  False: refused. */
bool phc_table_number(phc_table *t, size_t column, uint64_t min, uint64_t max, uint64_t *ret);

/* Field as money of at most ten million, exact to a millionth and not negative; an empty one is 0
   when `may_be_empty`.  False: refused. */
bool phc_table_money(phc_table *t, size_t column, bool may_be_empty, int64_t *ret);

/* Field as a decimal number with a sign and at most six decimals, in millionths; absolute value at
   most `max`. */
bool phc_table_signed(phc_table *t, size_t column, int64_t max, int64_t *ret);

/* Copies a field of 1 .. size - 1 bytes of printable ASCII (0 bytes too when may_be_empty). */
bool phc_table_text(phc_table *t, size_t column, bool may_be_empty, char *to, size_t size);

#endif
