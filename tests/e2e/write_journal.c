/* SPDX-License-Identifier: Apache-2.0 */
/*  write_journal DIRECTORY MARKET NOTARY_KEY ROUNDS - makes a journal with trades, then one more
    round for every line on standard input; says "N contracts" after each.  It holds the journal as
    an engine does, until standard input ends. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/a_journal.h"

static void say(const a_journal *j)
{
    printf("%" PRIu64 " contracts\n", ph_market_contract_cnt(j->m));
    (void)fflush(stdout); /* whoever waits for the line finds out */
}

int main(int argc, char **argv)
{
    ph_key key;
    size_t size = 0;
    if (argc != 5 ||
        sodium_hex2bin(key.b, sizeof key.b, argv[3], strlen(argv[3]), NULL, &size, NULL) != 0 ||
        size != sizeof key.b) {
        fprintf(stderr, "usage: write_journal DIRECTORY MARKET NOTARY_KEY ROUNDS\n");
        return 2;
    }
    a_journal j;
    uint32_t rounds = (uint32_t)strtoul(argv[4], NULL, 10), n = 0;
    a_journal_open(&j, argv[1], argv[2], &key);
    while (n < rounds)
        a_journal_round(&j, n++);
    say(&j);
    for (int c; (c = getchar()) != EOF;) {
        if (c != '\n') continue;
        a_journal_round(&j, n++);
        say(&j);
    }
    a_journal_close(&j);
    return 0;
}
