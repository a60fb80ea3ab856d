/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/receipts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Stream number of a line, 0 for a line "sent". */
static phc_status line_number(const char *line, uint64_t *ret)
{
    *ret = 0;
    if (strncmp(line, "sent ", 5) == 0) return PHC_OK;
    char *end;
    errno = 0;
    unsigned long long v = strtoull(line, &end, 10);
    if (errno != 0 || v == 0 || *end != ' ') return PHC_ECORRUPT;
    *ret = v;
    return PHC_OK;
}

/* Last stream number of a file; every line must be whole and the numbers must rise by one. */
static phc_status last_number(const char *path, uint64_t *ret)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) return errno == ENOENT ? PHC_ENOTFOUND : PHC_EIO;
    char line[PHC_RECEIPTS_LINE_MAX + 2];
    uint64_t last = 0, number = 0;
    phc_status st = PHC_OK;
    while (st == PHC_OK && fgets(line, sizeof line, f) != NULL) {
        st = strchr(line, '\n') == NULL ? PHC_ECORRUPT : line_number(line, &number);
        if (st != PHC_OK || number == 0) continue;
        if (number != last + 1) st = PHC_ECORRUPT;
        last = number;
    }
    if (ferror(f)) st = PHC_EIO;
    (void)fclose(f); /* only read from: nothing can be lost */
    if (st == PHC_OK) *ret = last;
    return st;
}

phc_status phc_receipts_open(phc_receipts *r, const char *path, uint64_t *ret_last)
{
    uint64_t last = 0;
    phc_status st = last_number(path, &last);
    if (st != PHC_OK && st != PHC_ENOTFOUND) return st;
    r->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (r->fd < 0) return PHC_EIO;
    r->used = 0;
    r->status = PHC_OK;
    *ret_last = last;
    return PHC_OK;
}

static void write_out(phc_receipts *r)
{
    size_t done = 0;
    while (r->status == PHC_OK && done < r->used) {
        ssize_t n = write(r->fd, r->buffer + done, r->used - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            r->status = PHC_EIO;
        }
    }
    r->used = 0;
}

static void put(phc_receipts *r, const char *line)
{
    size_t n = strlen(line);
    if (r->used + n + 1 > sizeof r->buffer) write_out(r);
    memcpy(r->buffer + r->used, line, n);
    r->buffer[r->used + n] = '\n';
    r->used += n + 1;
}

void phc_receipts_sent(phc_receipts *r, uint64_t client_order_id)
{
    char line[PHC_RECEIPTS_LINE_MAX];
    (void)snprintf(line, sizeof line, "sent %" PRIu64, client_order_id);
    put(r, line);
}

void phc_receipts_report(phc_receipts *r, const phc_report *report)
{
    char line[PHC_RECEIPTS_LINE_MAX];
    if (report->stream_number != 0) put(r, phc_receipts_report_text(report, line));
}

void phc_receipts_result(phc_receipts *r, const phc_result *result)
{
    char line[PHC_RECEIPTS_LINE_MAX];
    put(r, phc_receipts_result_text(result, line));
}

void phc_receipts_cash(phc_receipts *r, const phc_cash *cash)
{
    char line[PHC_RECEIPTS_LINE_MAX];
    put(r, phc_receipts_cash_text(cash, line));
}

phc_status phc_receipts_sync(phc_receipts *r)
{
    if (r->used == 0 || r->status != PHC_OK) return r->status;
    write_out(r);
    if (r->status == PHC_OK && fdatasync(r->fd) != 0) r->status = PHC_EIO;
    return r->status;
}

phc_status phc_receipts_close(phc_receipts *r)
{
    phc_status st = phc_receipts_sync(r);
    if (close(r->fd) != 0 && st == PHC_OK) st = PHC_EIO;
    r->fd = -1;
    return st;
}

char *phc_receipts_report_text(const phc_report *report, char to[PHC_RECEIPTS_LINE_MAX])
{
    static const char *const words[] = {"",     "accepted", "rejected", "trade",   "cancelled",
                                        "lost", "replaced", "clip",     "assigned"};
    const char *word = report->type <= PHC_ASSIGNED ? words[report->type] : "other";
    (void)snprintf(to, PHC_RECEIPTS_LINE_MAX,
                   "%" PRIu64 " %s seq=%" PRIu64 " id=%" PRIu64 " order=%" PRIu64 " leaves=%" PRIu64
                   " reject=%" PRIu32 " trade=%" PRIu64 " contract=%" PRIu64 " notional=%" PRId64
                   " fee=%" PRId64 " ended=%" PRIu64,
                   report->stream_number, word, report->sequence, report->client_order_id,
                   report->order, report->leaves, report->reject_code, report->trade,
                   report->contract, report->notional, report->fee, report->ended);
    return to;
}

char *phc_receipts_result_text(const phc_result *result, char to[PHC_RECEIPTS_LINE_MAX])
{
    (void)snprintf(to, PHC_RECEIPTS_LINE_MAX,
                   "%" PRIu64 " result seq=%" PRIu64 " request=%" PRIu64 " %.40s reject=%" PRIu32
                   " count=%" PRIu64,
                   result->stream_number, result->sequence, result->request, result->command,
                   result->reject_code, result->count);
    return to;
}

char *phc_receipts_cash_text(const phc_cash *cash, char to[PHC_RECEIPTS_LINE_MAX])
{
    int64_t sum = 0;
    uint64_t contracts = 0;
    for (size_t i = 0; i < cash->movement_cnt; i++) {
        sum += cash->movements[i].amount;
        contracts ^= cash->movements[i].contract;
    }
    (void)snprintf(to, PHC_RECEIPTS_LINE_MAX,
                   "%" PRIu64 " cash seq=%" PRIu64 " movements=%zu sum=%" PRId64
                   " contracts=%" PRIu64 " cash=%" PRId64,
                   cash->stream_number, cash->sequence, cash->movement_cnt, sum, contracts,
                   cash->cash);
    return to;
}
