/* SPDX-License-Identifier: Apache-2.0 */
/*  compare - replays a journal and compares it with a database: compare DIRECTORY CONNINFO

    Prints each difference; 0: none, 8: some, 1: the comparison could not be made. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/replay/replay.h"
#include "engine/settle/compare.h"
#include "engine/settle/digest.h"

static void print_difference(void *arg, const char *sentence)
{
    uint64_t *cnt = arg;
    ++*cnt;
    printf("%s\n", sentence);
}

int main(int argc, char **argv)
{
    enum { DIFFERENT = 8 };
    ph_replay *r;
    ph_replay_error e = {.seq = 0};
    const ph_replay_batch *batch;
    if (argc != 3) return EXIT_FAILURE;
    ph_digest *rows = ph_digest_make();
    ph_status s = rows == NULL ? PH_EFULL : ph_replay_open(argv[1], &r, &e);
    while (s == PH_OK && (s = ph_replay_next(r, &batch, &e)) == PH_OK)
        s = ph_digest_take(rows, ph_replay_market(r), batch, e.text, sizeof e.text);
    if (s != PH_EEND) {
        (void)fprintf(stderr, "compare: %s\n", e.text);
        return EXIT_FAILURE;
    }
    uint64_t differences = 0, checked = 0, read = 0;
    s = ph_settle_compare(argv[2], ph_replay_market(r), print_difference, &differences, &checked);
    if (s == PH_OK)
        s = ph_settle_compare_rows(argv[2], rows, print_difference, &differences, &read);
    ph_digest_release(rows);
    ph_replay_close(r);
    printf("%" PRIu64 " facts and %" PRIu64 " rows compared, %" PRIu64 " differences\n", checked,
           read, differences);
    return s != PH_OK ? EXIT_FAILURE : differences != 0 ? DIFFERENT : EXIT_SUCCESS;
}
