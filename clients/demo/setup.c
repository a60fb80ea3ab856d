/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/demo/demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE_S = 60 };

/* What the market said to the commands of one connection. */
typedef struct {
    size_t done;
    bool failed;
} answers;

static void on_result(void *arg, const phc_result *r)
{
    answers *a = arg;
    a->done++;
    if (r->reject_code == 0) return;
    a->failed = true;
    (void)fprintf(stderr, "demo: the market refused %s: %s (%" PRId64 ", %" PRId64 ")\n",
                  r->command, r->reject_text, r->reject_arg0, r->reject_arg1);
}

static void on_refused(void *arg, phc_refusal reason, const char *text)
{
    (void)arg;
    if (reason == PHC_REFUSED_RECOVERING) return; /* the gateway is reading; the library waits */
    (void)fprintf(stderr, "demo: the gateway refused the session: %s\n", text);
}

static void on_problem(void *arg, phc_status status, const char *text)
{
    answers *a = arg;
    a->failed = true;
    (void)fprintf(stderr, "demo: %s: %s\n", phc_status_name(status), text);
}

static phc_client *open_client(const phc_demo *d, const char *slug, answers *a)
{
    return phc_demo_open(d, slug,
                         (phc_config){.callbacks = {.arg = a,
                                                    .on_result = on_result,
                                                    .on_refused = on_refused,
                                                    .on_problem = on_problem}});
}

static bool wait_ready(phc_client *c, const answers *a)
{
    uint64_t until = phc_demo_now_ns() + PATIENCE_S * UINT64_C(1000000000);
    while (!phc_is_ready(c) && !a->failed) {
        phc_status st = phc_turn(c, 200);
        if (st != PHC_OK && st != PHC_ETIMEOUT) break;
        if (phc_demo_now_ns() > until) break;
    }
    if (phc_is_ready(c)) return true;
    (void)fprintf(stderr, "demo: could not log on: %s\n", phc_error(c));
    return false;
}

/* Turns until `sent` commands were answered; false when one was refused or time is up. */
static bool wait_answers(phc_client *c, answers *a, size_t sent)
{
    uint64_t until = phc_demo_now_ns() + PATIENCE_S * UINT64_C(1000000000);
    while (a->done < sent && !a->failed) {
        phc_status st = phc_turn(c, 200);
        if (st != PHC_OK && st != PHC_ETIMEOUT) break;
        if (phc_demo_now_ns() > until) break;
    }
    if (a->done == sent && !a->failed) return true;
    (void)fprintf(stderr, "demo: %zu of %zu registrations were done; %s\n", a->done, sent,
                  phc_error(c));
    return false;
}

static phc_status send_participants(const phc_demo *d, phc_client *c, size_t *sent)
{
    for (uint32_t i = 0; i < d->scenario->participant_cnt; i++) {
        const phc_scenario_participant *p = &d->scenario->participants[i];
        char path[512], err[256];
        phc_key key;
        phc_status st =
            phc_key_read(phc_demo_path(d, "keys", p->slug, "key", path), &key, err, sizeof err);
        if (st != PHC_OK) {
            (void)fprintf(stderr, "demo: %s\n", err);
            return st;
        }
        phc_participant registered = {.id = p->id, .roles = p->roles, .name = p->name};
        memcpy(registered.curve_key, key.curve_public, 32);
        memcpy(registered.sign_key, key.sign_public, 32);
        phc_key_wipe(&key);
        st = phc_register_participant(c, &registered, NULL);
        if (st != PHC_OK) return st;
        (*sent)++;
    }
    return PHC_OK;
}

static phc_status send_sites_and_products(const phc_demo *d, phc_client *c, size_t *sent)
{
    const phc_scenario *s = d->scenario;
    phc_status st = PHC_OK;
    for (uint32_t i = 0; i < s->data->site_cnt && st == PHC_OK; i++, (*sent)++) {
        char name[64];
        phc_site site = phc_scenario_site(s, i, name);
        st = phc_register_site(c, &site, NULL);
    }
    for (uint32_t i = 0; i < s->hardware_cnt && st == PHC_OK; i++, (*sent)++) {
        st = phc_register_hardware(c, &(phc_hardware){i + 1, s->hardware[i]}, NULL);
    }
    for (uint32_t i = 0; i < s->product_cnt && st == PHC_OK; i++, (*sent)++) {
        phc_product p = phc_scenario_product_terms(s, i);
        st = phc_list_product(c, &p, NULL);
    }
    return st;
}

static phc_status send_deposits(const phc_demo *d, phc_client *c, size_t *sent)
{
    phc_status st = PHC_OK;
    for (uint32_t i = 0; i < d->scenario->participant_cnt && st == PHC_OK; i++, (*sent)++) {
        const phc_scenario_participant *p = &d->scenario->participants[i];
        char reference[32];
        (void)snprintf(reference, sizeof reference, "opening-%" PRIu32, p->id);
        st = phc_deposit(c, p->id, p->deposit, reference, NULL);
    }
    return st;
}

static bool setup_by_operator(const phc_demo *d)
{
    answers a = {0};
    size_t sent = 0;
    phc_client *c = open_client(d, "operator", &a);
    if (c == NULL) return false;
    bool good = wait_ready(c, &a) && send_participants(d, c, &sent) == PHC_OK &&
                send_sites_and_products(d, c, &sent) == PHC_OK &&
                send_deposits(d, c, &sent) == PHC_OK && wait_answers(c, &a, sent);
    if (!good) (void)fprintf(stderr, "demo: could not set the market up: %s\n", phc_error(c));
    phc_close(c);
    return good;
}

/* A supplier registers what it has with its own key. */
static bool setup_by_supplier(const phc_demo *d, uint32_t participant)
{
    const phc_scenario *s = d->scenario;
    answers a = {0};
    size_t sent = 0;
    phc_client *c = open_client(d, s->participants[participant].slug, &a);
    if (c == NULL) return false;
    bool good = wait_ready(c, &a);
    for (uint32_t i = 0; i < s->capacity_cnt && good; i++) {
        if (s->capacities[i].participant != participant) continue;
        good = phc_register_capacity(c, &s->capacities[i].capacity, NULL) == PHC_OK;
        if (good) sent++;
    }
    good = good && wait_answers(c, &a, sent);
    if (!good) {
        (void)fprintf(stderr, "demo: could not register the capacity of %s: %s\n",
                      s->participants[participant].name, phc_error(c));
    }
    phc_close(c);
    return good;
}

int phc_demo_setup(const phc_demo *d)
{
    if (!setup_by_operator(d)) return 1;
    for (uint32_t i = 0; i < d->scenario->participant_cnt; i++) {
        if (!(d->scenario->participants[i].roles & PHC_ROLE_SUPPLIER)) continue;
        if (!setup_by_supplier(d, i)) return 1;
    }
    return 0;
}
