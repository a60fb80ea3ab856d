/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/demo/receipts.h - what one participant knows, on its own disk.

    A text file per participant, written by its client and by nobody else.  A line "sent ID" is on
    disk before the order goes out; a line per report of the private stream is on disk before the
    client sends anything more.  (Deliveries are not taken down: the hours that are traded come
    later.)  At the end of the demonstration the file is compared with the
    stream as the market tells it then: what the market once acknowledged must still be there, word
    for word and once.

    Owns      its file and its buffer.
    Failure   PHC_EIO with errno; PHC_ECORRUPT for a file that is not a record. */
#ifndef CLIENTS_DEMO_RECEIPTS_H
#define CLIENTS_DEMO_RECEIPTS_H

#include "clients/lib/petahour.h"

enum { PHC_RECEIPTS_LINE_MAX = 384 };

typedef struct {
    int fd;
    size_t used;
    char buffer[65536];
    phc_status status; /* the first failure of writing; nothing is written after it */
} phc_receipts;

/* Opens the file at `path` for appending; made if it is not there, mode 0600.  *ret_last is the
   last stream number in it, 0 for none. */
phc_status phc_receipts_open(phc_receipts *r, const char *path, uint64_t *ret_last);

/* Takes down that an order is about to be sent; that a message arrived. */
void phc_receipts_sent(phc_receipts *r, uint64_t client_order_id);
void phc_receipts_report(phc_receipts *r, const phc_report *report);
void phc_receipts_result(phc_receipts *r, const phc_result *result);
void phc_receipts_cash(phc_receipts *r, const phc_cash *cash);

/* Waits until everything taken down is on disk. */
phc_status phc_receipts_sync(phc_receipts *r);

/* Syncs and closes. */
phc_status phc_receipts_close(phc_receipts *r);

/* The line of a message, without its newline.  Returns to. */
char *phc_receipts_report_text(const phc_report *report, char to[PHC_RECEIPTS_LINE_MAX]);
char *phc_receipts_result_text(const phc_result *result, char to[PHC_RECEIPTS_LINE_MAX]);
char *phc_receipts_cash_text(const phc_cash *cash, char to[PHC_RECEIPTS_LINE_MAX]);

#endif
