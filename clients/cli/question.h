/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/cli/question.h - one command that asks: a session, the catalogue, answers, a result.

    Owns      the result until it is printed; the catalogue.
    Thread    one. */
#ifndef CLIENTS_CLI_QUESTION_H
#define CLIENTS_CLI_QUESTION_H

#include "clients/cli/cli.h"

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    const phc_product *product;
    json_t *result;  /* what is printed in the end */
    uint32_t length; /* of a block that is asked about */
    uint64_t after;  /* when there are more, those after this one are asked for */
    bool answered, more, not_found;
    cli_exit refused;
} cli_asking;

/* What a callback is about; it has answered then. */
cli_asking *cli_asking_of(void *arg);

/* Opens a session that knows the catalogue; cb has what takes the answers.  Unless CLI_DONE,
   nothing is left to release. */
cli_exit cli_ask_begin(cli_session *s, cli_asking *a, const cli_common *common, phc_callbacks cb);

/* Waits for the answer to what was sent; what a callback refused is returned. */
cli_exit cli_ask_wait(cli_session *s, cli_asking *a, phc_status sent);

/* Prints the result as one object if e is CLI_DONE, and releases everything.  Returns e. */
int cli_ask_end(cli_session *s, cli_asking *a, cli_exit e);

/* The same with the result as rows. */
int cli_ask_end_rows(cli_session *s, cli_asking *a, const cli_column *columns, size_t cnt,
                     cli_exit e);

/* When a period of a product begins, and the product's symbol; null if it is not known. */
json_t *cli_start_of(const cli_asking *a, uint32_t product, uint32_t period);
json_t *cli_symbol_of(const cli_asking *a, uint32_t product);

#endif
