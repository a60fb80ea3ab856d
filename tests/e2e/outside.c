/* SPDX-License-Identifier: Apache-2.0 */
/*  outside.c - a program of somebody else: two clients in one thread and one poll loop of its own.

    usage: outside READY_FILE SUPPLIER_KEY BUYER_KEY PRODUCT FIRST_PERIOD

    The supplier sells and the buyer buys; both wait for their trade, and for the contract with its
    proof.  It includes the installed header alone and is compiled by test_install.py. */
#include <inttypes.h>
#include <petahour.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PATIENCE_S = 120 };

struct party {
    const char *name;
    phc_client *client;
    bool ready, traded, has_contract;
    uint64_t contract;
};

static void on_ready(void *arg)
{
    ((struct party *)arg)->ready = true;
}

static void on_report(void *arg, const phc_report *r)
{
    struct party *p = arg;
    if (r->type == PHC_REJECTED) fprintf(stderr, "%s: %s\n", p->name, r->reject_text);
    if (r->type != PHC_TRADE) return;
    p->traded = true;
    p->contract = r->contract;
}

static void on_contract(void *arg, const phc_contract *c, const phc_signed_contract *s,
                        bool matched)
{
    struct party *p = arg;
    (void)s;
    if (c->contract == p->contract && matched) p->has_contract = true;
}

static phc_client *opened(struct party *p, const char *ready_file, const char *key_file)
{
    char err[400];
    phc_key key;
    phc_client *c = NULL;
    phc_config config = {.connect_file = ready_file, .key = &key};
    config.callbacks.arg = p;
    config.callbacks.on_ready = on_ready;
    config.callbacks.on_report = on_report;
    config.callbacks.on_contract = on_contract;
    if (phc_key_read(key_file, &key, err, sizeof err) != PHC_OK ||
        phc_open(&config, &c, err, sizeof err) != PHC_OK) {
        fprintf(stderr, "%s: %s\n", p->name, err);
        exit(1);
    }
    phc_key_wipe(&key);
    return c;
}

static void order(struct party *p, phc_side side, uint32_t product, uint32_t first_period)
{
    phc_order o = {.product = product,
                   .side = side,
                   .shape = PHC_EACH,
                   .first_period = first_period,
                   .periods = 2,
                   .quantity = 1,
                   .time_in_force = PHC_GTC};
    if (phc_money_parse("2.5", &o.price) != PHC_OK ||
        phc_new_order(p->client, &o, NULL) != PHC_OK) {
        fprintf(stderr, "%s: %s\n", p->name, phc_error(p->client));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    struct party party[2] = {{.name = "supplier"}, {.name = "buyer"}};
    uint64_t product, first_period;
    bool sent = false;
    if (argc != 6 || phc_number_parse(argv[4], UINT32_MAX, &product) != PHC_OK ||
        phc_number_parse(argv[5], UINT32_MAX, &first_period) != PHC_OK)
        return 2;
    for (int i = 0; i < 2; i++)
        party[i].client = opened(&party[i], argv[1], argv[2 + i]);
    time_t end = time(NULL) + PATIENCE_S;
    while (!party[0].has_contract || !party[1].has_contract) {
        struct pollfd fds[2];
        for (int i = 0; i < 2; i++) {
            if (phc_turn(party[i].client, 0) == PHC_EFATAL) return 1;
            fds[i] = (struct pollfd){.fd = phc_fd(party[i].client), .events = POLLIN};
        }
        if (!sent && party[0].ready && party[1].ready) {
            order(&party[0], PHC_SELL, (uint32_t)product, (uint32_t)first_period);
            order(&party[1], PHC_BUY, (uint32_t)product, (uint32_t)first_period);
            sent = true;
            continue;
        }
        if (poll(fds, 2, 1000 * PATIENCE_S) < 0 || time(NULL) > end) {
            fprintf(stderr, "no contract in time\n");
            return 1;
        }
    }
    printf("contract %" PRIu64 ", library %s\n", party[0].contract, phc_version());
    for (int i = 0; i < 2; i++)
        phc_close(party[i].client);
    return party[0].contract == party[1].contract ? 0 : 1;
}
