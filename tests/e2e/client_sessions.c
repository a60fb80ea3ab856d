/* SPDX-License-Identifier: Apache-2.0 */
/* What the client library makes of sessions: cancel-on-disconnect, limits, takeover, drop copy.

   usage: client_sessions CONNECT_FILE BUYER_KEY AUDITOR_KEY BUYER PRODUCT FIRST_PERIOD

   BUYER is the buyer's number.  Prints "done", or exits 1 with a sentence about what was not so. */
#include "clients/lib/petahour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURN_MS = 100, TURNS_MAX = 600 };

typedef struct {
    phc_client *c;
    bool ready, taken_over;
    uint32_t accepted, cancelled, not_taken, limits_told, open_orders;
    uint64_t last_order;
} party;

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
    fprintf(stderr, "client_sessions: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void on_ready(void *arg)
{
    party *p = arg;
    p->ready = true;
}

static void on_report(void *arg, const phc_report *r)
{
    party *p = arg;
    if (r->type == PHC_ACCEPTED) {
        p->accepted++;
        p->last_order = r->order;
    }
    if (r->type == PHC_NOT_TAKEN && strcmp(r->reject_name, "OPEN_ORDERS") == 0) p->not_taken++;
    if (r->type == PHC_CANCELLED && r->order == p->last_order) p->cancelled++;
}

static void on_limits(void *arg, const phc_limits *l)
{
    party *p = arg;
    p->limits_told++;
    p->open_orders = l->open_orders;
    if (l->messages.left > l->messages.burst || l->sessions == 0 || l->sessions > l->sessions_max)
        fail("limits", "they make no sense");
}

static void on_refused(void *arg, phc_refusal reason, const char *text)
{
    party *p = arg;
    (void)text;
    if (reason == PHC_REFUSED_TAKEN_OVER) p->taken_over = true;
}

static void on_problem(void *arg, phc_status s, const char *text)
{
    (void)arg;
    fail(phc_status_name(s), text);
}

/* Waits until the party is ready. */
static void open_party(party *p, const char *connect, const char *key_file, phc_config config)
{
    char err[400];
    phc_key key;
    if (phc_key_read(key_file, &key, err, sizeof err) != PHC_OK) fail(key_file, err);
    *p = (party){0};
    config.connect_file = connect;
    config.key = &key;
    config.callbacks = (phc_callbacks){.arg = p,
                                       .on_ready = on_ready,
                                       .on_report = on_report,
                                       .on_limits = on_limits,
                                       .on_refused = on_refused,
                                       .on_problem = on_problem};
    if (phc_open(&config, &p->c, err, sizeof err) != PHC_OK) fail("open", err);
    for (int i = 0; !p->ready; i++) {
        if (i == TURNS_MAX) fail("open", "no session");
        (void)phc_turn(p->c, TURN_MS);
    }
}

/* Turns until the number reaches what is wanted. */
static void await(party *p, const uint32_t *number, uint32_t wanted, const char *what)
{
    for (int i = 0; *number < wanted; i++) {
        if (i == TURNS_MAX || phc_turn(p->c, TURN_MS) == PHC_EFATAL) fail(what, "it never came");
    }
}

static phc_order an_order(const char *const *argv)
{
    uint64_t product, period;
    if (phc_number_parse(argv[5], UINT32_MAX, &product) != PHC_OK ||
        phc_number_parse(argv[6], UINT32_MAX, &period) != PHC_OK)
        fail("usage", "PRODUCT and FIRST_PERIOD are numbers");
    return (phc_order){.product = (uint32_t)product,
                       .side = PHC_BUY,
                       .shape = PHC_EACH,
                       .first_period = (uint32_t)period,
                       .periods = 1,
                       .quantity = 1,
                       .price = 10000,
                       .time_in_force = PHC_GTC};
}

static void cancel_on_disconnect(const char *const *argv, party *watcher)
{
    party trader;
    phc_order o = an_order(argv), member = o;
    open_party(&trader, argv[1], argv[2],
               (phc_config){.next_report = 1, .next_contract = 1, .cancel_on_disconnect = true});
    await(&trader, &trader.limits_told, 1, "limits after the logon");
    member.shape = PHC_BLOCK;
    member.all_or_none = true;
    if (phc_new_group(trader.c, &member, 1, NULL) != PHC_EINVAL)
        fail("a group with cancel_on_disconnect", "it was not refused");
    if (phc_new_order(trader.c, &o, NULL) != PHC_OK) fail("order", phc_error(trader.c));
    await(&trader, &trader.accepted, 1, "the order's acceptance");
    await(watcher, &watcher->accepted, 1, "the order's acceptance, to the watcher");
    phc_close(trader.c);
    await(watcher, &watcher->cancelled, 1, "the order's cancellation");
}

/* The gateway is configured for two. */
static void too_many_orders(const char *const *argv)
{
    party trader;
    phc_order o = an_order(argv);
    open_party(&trader, argv[1], argv[2], (phc_config){.next_report = 0, .next_contract = 0});
    for (uint32_t i = 1; i <= 2; i++) {
        if (phc_new_order(trader.c, &o, NULL) != PHC_OK) fail("order", phc_error(trader.c));
        await(&trader, &trader.accepted, i, "an order's acceptance");
    }
    if (phc_new_order(trader.c, &o, NULL) != PHC_OK) fail("order", phc_error(trader.c));
    if (phc_mass_cancel(trader.c, 0, 0, NULL) != PHC_OK) fail("cancel", phc_error(trader.c));
    await(&trader, &trader.not_taken, 1, "the word that an order was not taken");
    await(&trader, &trader.cancelled, 1, "the cancellation behind an order that was not taken");
    if (phc_new_order(trader.c, &o, NULL) != PHC_OK) fail("order", phc_error(trader.c));
    await(&trader, &trader.accepted, 3, "acceptance after others ended");
    phc_close(trader.c);
}

static void drop_copy(const char *const *argv)
{
    party auditor;
    uint64_t buyer;
    phc_order o = an_order(argv);
    if (phc_number_parse(argv[4], UINT32_MAX, &buyer) != PHC_OK) fail("usage", "BUYER is a number");
    open_party(&auditor, argv[1], argv[3],
               (phc_config){.next_report = 1, .next_contract = 1, .copy_of = (uint32_t)buyer});
    if (auditor.accepted != 1 || auditor.cancelled != 1) fail("drop copy", "it lacks reports");
    if (phc_new_order(auditor.c, &o, NULL) != PHC_EDENIED) fail("drop copy", "it took an order");
    phc_close(auditor.c);
}

static void take_over(const char *const *argv, party *old)
{
    party new;
    open_party(&new, argv[1], argv[2],
               (phc_config){.next_report = 1, .next_contract = 1, .take_over = true});
    phc_status s = PHC_OK;
    for (int i = 0; s != PHC_EFATAL; i++) {
        if (i == TURNS_MAX) fail("takeover", "the other client goes on");
        s = phc_turn(old->c, TURN_MS);
    }
    if (!old->taken_over) fail("takeover", "the other client was not told");
    phc_close(new.c);
}

int main(int argc, char **argv)
{
    party watcher;
    const char *const *words = (const char *const *)argv;
    if (argc != 7) return 2;
    open_party(&watcher, argv[1], argv[2], (phc_config){.next_report = 1, .next_contract = 1});
    cancel_on_disconnect(words, &watcher);
    drop_copy(words);
    too_many_orders(words);
    take_over(words, &watcher);
    phc_close(watcher.c);
    puts("done");
    return EXIT_SUCCESS;
}
