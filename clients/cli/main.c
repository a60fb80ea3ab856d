/* SPDX-License-Identifier: Apache-2.0 */
/* petahour: the command line for suppliers, buyers and operators. */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *noun, *verb; /* verb NULL: one word alone */
    int (*run)(int argc, char **argv);
    const char *doc;
} command;

static const command commands[] = {
    {"keygen", NULL, cli_keygen, "make the keys of one party"},
    {"participant", "register", cli_participant_register, "register a participant"},
    {"participant", "list", cli_participant_list, "list all participants"},
    {"participant", "state", cli_participant_state, "suspend or close a participant"},
    {"site", "register", cli_site_register, "register a site"},
    {"site", "list", cli_site_list, "list all sites"},
    {"site", "measure", cli_site_measure, "report what a site was measured to use"},
    {"probe", "report", cli_probe_report, "report the network between a region and a site"},
    {"hardware", "register", cli_hardware_register, "register a hardware class"},
    {"hardware", "list", cli_hardware_list, "list all hardware classes"},
    {"capacity", "register", cli_capacity_register, "register capacity of your own"},
    {"capacity", "withdraw", cli_capacity_withdraw, "take capacity of your own away"},
    {"capacity", "attest", cli_capacity_attest, "attest a supplier's capacity"},
    {"product", "create", cli_product_create, "list a product on the market"},
    {"product", "list", cli_product_list, "list all products"},
    {"product", "show", cli_product_show, "show all terms of a product"},
    {"product", "phase", cli_product_phase, "open, halt or close a product"},
    {"product", "terms", cli_product_terms, "give a product new terms"},
    {"product", "state", cli_product_state, "list, halt or delist a product"},
    {"key", "add", cli_key_add, "add a key of a participant"},
    {"key", "revoke", cli_key_revoke, "revoke a key of a participant"},
    {"rules", "set", cli_rules_set, "switch to a version of the rules"},
    {"notary", "rotate", cli_notary_rotate, "change the key that signs contracts"},
    {"deposit", NULL, cli_deposit, "book money that arrived"},
    {"withdraw", NULL, cli_withdraw, "book money that leaves"},
    {"order", "buy", cli_order_buy, "buy compute"},
    {"order", "sell", cli_order_sell, "sell compute"},
    {"order", "cancel", cli_order_cancel, "cancel orders"},
    {"preview", "buy", cli_preview_buy, "ask what an order would do now"},
    {"preview", "sell", cli_preview_sell, "ask what an order would do now"},
    {"why", NULL, cli_why, "ask why an order does not execute"},
    {"depth", NULL, cli_depth, "ask how much blocks could take"},
    {"order", "status", cli_order_status, "ask what became of one order"},
    {"order", "replace", cli_order_replace, "give an order a new price or quantity"},
    {"order", "group", cli_order_group, "send orders of which at most one executes"},
    {"order", "list", cli_order_list, "list your open orders"},
    {"book", "show", cli_book_show, "show or watch the best prices of a product"},
    {"market", "depth", cli_market_depth, "show or watch every price level of a product"},
    {"market", "grade", cli_market_grade,
     "show or watch the price levels of a grade over all sites"},
    {"market", "statistics", cli_market_statistics, "show or watch what is traded of a product"},
    {"market", "candles", cli_market_candles, "show or watch prices by minute, hour or day"},
    {"market", "trades", cli_market_trades, "show or watch every trade of a product"},
    {"market", "type", cli_market_type, "show or watch the totals of a compute type"},
    {"market", "region", cli_market_region, "show or watch the totals and sites of a region"},
    {"trade", "list", cli_trade_list, "list or watch your trades"},
    {"contract", "list", cli_contract_list, "list your contracts, verified"},
    {"contract", "status", cli_contract_status, "ask what became of your contracts"},
    {"contract", "save", cli_contract_save, "save a contract with its proof"},
    {"contract", "countersign", cli_contract_countersign, "countersign your contracts"},
    {"contract", "verify", cli_contract_verify, "verify a saved contract, without a connection"},
    {"contract", "text", cli_contract_text, "show a saved contract as a person reads it"},
    {"contract", "reservation", cli_contract_reservation, "reserve it in a Slurm cluster"},
    {"contract", "manifest", cli_contract_manifest, "a manifest of it for Kubernetes"},
    {"access", "give", cli_access_give, "hand over access, sealed to the buyer"},
    {"access", "show", cli_access_show, "show the access that you were given"},
    {"delivery", "list", cli_delivery_list, "list what became of your contracts"},
    {"delivery", "report", cli_delivery_report, "report what was delivered in a period"},
    {"delivery", "confirm", cli_delivery_confirm, "confirm a report"},
    {"delivery", "dispute", cli_delivery_dispute, "dispute a report"},
    {"delivery", "resolve", cli_delivery_resolve, "decide a dispute"},
    {"meter", "count", cli_meter_count, "count a recording per contract and period"},
    {"meter", "report", cli_meter_report, "report what a recording says was delivered"},
    {"position", "list", cli_position_list, "list what your contracts still deliver"},
    {"limits", NULL, cli_limits, "show what you are allowed here, and how much of it is used"},
    {"statement", NULL, cli_statement, "show your balances, or what moved your cash"},
    {"cash", "list", cli_cash_list, "list what came into and went out of your cash"},
    {"report", "watch", cli_report_watch, "show your private stream"},
};
enum { COMMAND_CNT = sizeof commands / sizeof commands[0], WORD_MAX = 32 };

static void print_help(void)
{
    puts("Usage: petahour COMMAND [OPTION...]\n"
         "Trades compute on a Petahour market.\n");
    for (int i = 0; i < COMMAND_CNT; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s%s%s", commands[i].noun, commands[i].verb != NULL ? " " : "",
                 commands[i].verb != NULL ? commands[i].verb : "");
        printf("  %-22s %s\n", name, commands[i].doc);
    }
    puts("\n`petahour COMMAND --help` tells the options of a command.\n"
         "\n"
         "Environment:\n"
         "  PETAHOUR_CONNECT       the gateway's ready file, or several with ':' between\n"
         "  PETAHOUR_KEY           your key file, instead of --key\n"
         "\n"
         "Exit status: 0 done, 1 failed, 2 usage, 3 refused by the market, 4 not found,\n"
         "5 not authorised, 6 cannot connect, 7 timed out with unknown outcome,\n"
         "8 verification failed.");
}

/* Edits that turn one word into the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1], n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            corner = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

/* The nearest word that is near enough; NULL if there is none. */
static const char *nearest(const char *word, const char *noun)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 2;
    for (int i = 0; i < COMMAND_CNT; i++) {
        if (noun != NULL && strcmp(commands[i].noun, noun) != 0) continue;
        const char *candidate = noun == NULL ? commands[i].noun : commands[i].verb;
        if (candidate == NULL) continue;
        size_t d = distance(word, candidate);
        if (d >= best_distance) continue;
        best = candidate;
        best_distance = d;
    }
    return best;
}

static int unknown(const char *noun, const char *verb)
{
    const char *word = verb != NULL ? verb : noun;
    const char *hint = nearest(word, verb != NULL ? noun : NULL);
    if (hint == NULL)
        return cli_say(CLI_USAGE, "there is no command \"%s%s%s\"; see `petahour --help`", noun,
                       verb != NULL ? " " : "", verb != NULL ? verb : "");
    return cli_say(CLI_USAGE, "there is no command \"%s%s%s\"; did you mean \"%s%s%s\"?", noun,
                   verb != NULL ? " " : "", verb != NULL ? verb : "", verb != NULL ? noun : hint,
                   verb != NULL ? " " : "", verb != NULL ? hint : "");
}

static int verbs_of(const char *noun, bool asked)
{
    FILE *to = asked ? stdout : stderr;
    fprintf(to, "petahour: \"%s\" is one of:\n", noun);
    for (int i = 0; i < COMMAND_CNT; i++)
        if (strcmp(commands[i].noun, noun) == 0)
            fprintf(to, "  petahour %s %-10s %s\n", noun, commands[i].verb, commands[i].doc);
    return asked ? CLI_DONE : CLI_USAGE;
}

static int run(const command *c, int used, int argc, char **argv)
{
    char name[64];
    snprintf(name, sizeof name, "petahour %s%s%s", c->noun, c->verb != NULL ? " " : "",
             c->verb != NULL ? c->verb : "");
    argv[used] = name;
    int status = c->run(argc - used, argv + used);
    /* A full disk or a closed pipe behind the output is a failure like any other. */
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == CLI_DONE)
        return cli_say(CLI_FAILED, "could not write the output");
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return cli_say(CLI_USAGE, "no command; see `petahour --help`");
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("petahour %s\n", phc_version());
        return CLI_DONE;
    }
    bool noun_known = false;
    for (int i = 0; i < COMMAND_CNT; i++) {
        const command *c = &commands[i];
        if (strcmp(c->noun, argv[1]) != 0) continue;
        noun_known = true;
        if (c->verb == NULL) return run(c, 1, argc, argv);
        if (argc > 2 && strcmp(c->verb, argv[2]) == 0) return run(c, 2, argc, argv);
    }
    if (!noun_known) return unknown(argv[1], NULL);
    bool asked = argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
    if (argc == 2 || asked) return verbs_of(argv[1], asked);
    return unknown(argv[1], argv[2]);
}
