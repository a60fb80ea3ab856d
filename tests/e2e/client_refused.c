/* SPDX-License-Identifier: Apache-2.0 */
/* What the client library does when a gateway refuses its sessions.

   usage: client_refused CONNECT_FILE KEY_FILE SECONDS

   Turns for so many seconds, or until the client has stopped for good.  Prints what became of it
   ("stopped" or "going"), how often it was refused, the last reason, and the library's sentence. */
#include "clients/lib/petahour.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    unsigned cnt;
    phc_refusal last;
} refusals;

static void on_refused(void *arg, phc_refusal reason, const char *text)
{
    refusals *r = arg;
    (void)text;
    r->cnt++;
    r->last = reason;
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    refusals r = {0};
    phc_key key;
    phc_client *c;
    char err[400];
    if (argc != 4) return 2;
    if (phc_key_read(argv[2], &key, err, sizeof err) != PHC_OK) {
        fprintf(stderr, "client_refused: %s\n", err);
        return EXIT_FAILURE;
    }
    phc_config config = {.connect_file = argv[1],
                         .key = &key,
                         .next_report = 1,
                         .next_contract = 1,
                         .callbacks = {.arg = &r, .on_refused = on_refused}};
    if (phc_open(&config, &c, err, sizeof err) != PHC_OK) {
        fprintf(stderr, "client_refused: %s\n", err);
        return EXIT_FAILURE;
    }
    const double end = now_s() + strtod(argv[3], NULL);
    phc_status s = PHC_OK;
    while (s != PHC_EFATAL && now_s() < end)
        s = phc_turn(c, 20);
    printf("%s %u %d %s\n", s == PHC_EFATAL ? "stopped" : "going", r.cnt, (int)r.last,
           phc_error(c));
    phc_close(c);
    return EXIT_SUCCESS;
}
