/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour-demo - one process of the demonstration; clients/demo/run starts them all. */
#include "clients/demo/demo.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *argp_program_version = "petahour-demo " PETAHOUR_VERSION;

typedef struct {
    const char *act, *data, *run;
    uint64_t orders, seed, first_period, worker, workers, window;
    bool opening;
} options;

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
    return phc_number_parse(text, max, ret) == PHC_OK;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    bool good = true;
    switch (key) {
    case 'd': o->data = arg; break;
    case 'r': o->run = arg; break;
    case 'n': good = number(arg, PHC_SCENARIO_ORDERS_MAX, &o->orders); break;
    case 's': good = number(arg, UINT64_MAX, &o->seed); break;
    case 'p': good = number(arg, UINT32_MAX - PHC_DATA_HOURS, &o->first_period); break;
    case 'w': good = number(arg, 64, &o->worker); break;
    case 'W': good = number(arg, 64, &o->workers) && o->workers > 0; break;
    case 'i': good = number(arg, 4096, &o->window) && o->window > 0; break;
    case 'o': o->opening = true; break;
    case ARGP_KEY_ARG:
        if (o->act != NULL) argp_error(state, "one act at a time, not also \"%s\"", arg);
        o->act = arg;
        break;
    case ARGP_KEY_END:
        if (o->act == NULL) argp_error(state, "an act is missing");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!good) argp_error(state, "\"%s\" is not a number that can be used here", arg);
    return 0;
}

uint64_t phc_demo_now_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) abort(); /* cannot be: the clock exists */
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

char *phc_demo_path(const phc_demo *d, const char *folder, const char *slug, const char *suffix,
                    char to[512])
{
    (void)snprintf(to, 512, "%s/%s/%s.%s", d->run, folder, slug, suffix);
    return to;
}

phc_client *phc_demo_open(const phc_demo *d, const char *slug, phc_config config)
{
    char path[512], err[256] = "";
    phc_key key;
    phc_client *c = NULL;
    if (phc_key_read(phc_demo_path(d, "keys", slug, "key", path), &key, err, sizeof err) ==
        PHC_OK) {
        config.order_entry = d->gateway.order_entry;
        config.server_key = d->gateway.server_key;
        config.key = &key;
        if (phc_open(&config, &c, err, sizeof err) != PHC_OK) c = NULL;
        phc_key_wipe(&key);
    }
    if (c == NULL) (void)fprintf(stderr, "demo: %s\n", err);
    return c;
}

/* Prints who takes part: "SLUG<tab>NAME". */
static int participants(const phc_scenario *s)
{
    for (uint32_t i = 0; i < s->participant_cnt; i++) {
        (void)printf("%s\t%s\n", s->participants[i].slug, s->participants[i].name);
    }
    return 0;
}

/* Prints the products: "SYMBOL<tab>ASK<tab>FLOOR". */
static int products(const phc_scenario *s)
{
    for (uint32_t i = 0; i < s->product_cnt; i++) {
        char ask[32], floor[32];
        (void)printf("%s\t%s\t%s\n", s->products[i].symbol, phc_money_text(s->products[i].ask, ask),
                     phc_money_text(s->products[i].floor, floor));
    }
    return 0;
}

static int check(const phc_scenario *s)
{
    uint32_t opening = 0;
    for (uint32_t i = 0; i < s->action_cnt; i++)
        opening += s->actions[i].opening;
    (void)printf("participants=%" PRIu32 " sites=%" PRIu32 " products=%" PRIu32 " orders=%" PRIu32
                 " opening=%" PRIu32 " cancels=%" PRIu32 "\n",
                 s->participant_cnt, s->data->site_cnt, s->product_cnt, s->order_cnt, opening,
                 s->action_cnt - s->order_cnt);
    return 0;
}

static int act(const options *o, const phc_scenario *s)
{
    if (strcmp(o->act, "check") == 0) return check(s);
    if (strcmp(o->act, "participants") == 0) return participants(s);
    if (strcmp(o->act, "products") == 0) return products(s);
    char path[512], err[256];
    phc_demo d = {
        .run = o->run,
        .scenario = s,
        .worker = (uint32_t)o->worker,
        .workers = (uint32_t)o->workers,
        .opening = o->opening,
        .window = (uint32_t)o->window,
    };
    if (phc_gateway_read(phc_demo_path(&d, ".", "gateway", "ready", path), &d.gateway, err,
                         sizeof err) != PHC_OK) {
        (void)fprintf(stderr, "demo: %s\n", err);
        return 6;
    }
    if (strcmp(o->act, "setup") == 0) return phc_demo_setup(&d);
    if (strcmp(o->act, "trade") == 0) return phc_demo_trade(&d);
    if (strcmp(o->act, "verify") == 0) return phc_demo_verify(&d);
    (void)fprintf(stderr, "demo: \"%s\" is not an act; see petahour-demo --help\n", o->act);
    return 2;
}

int main(int argc, char **argv)
{
    static const struct argp_option known[] = {
        {"data", 'd', "FOLDER", 0, "the data files (needed)", 0},
        {"run", 'r', "FOLDER", 0, "the folder of the run", 0},
        {"orders", 'n', "N", 0, "orders in all (20000)", 0},
        {"seed", 's', "N", 0, "seed of every choice (1)", 0},
        {"first-period", 'p', "HOUR", 0, "first hour that is traded, in hours since 1970", 0},
        {"worker", 'w', "K", 0, "trade: number of this process, from 0", 0},
        {"workers", 'W', "N", 0, "trade: how many processes there are", 0},
        {"in-flight", 'i', "N", 0, "trade: orders of a participant waiting for an answer (16)", 0},
        {"opening", 'o', NULL, 0, "trade: only the opening offers of the suppliers", 0},
        {0},
    };
    static const struct argp parser = {
        .options = known,
        .parser = parse,
        .args_doc = "check|participants|products|setup|trade|verify",
        .doc = "One process of the demonstration market; clients/demo/run starts them all.\v"
               "check reads the data and says what it makes; participants and products list it; "
               "setup registers everything with the operator's and the suppliers' keys; trade "
               "sends orders; verify compares the clients' own records with what the market says "
               "at the end and sums it up.",
    };
    options o = {.orders = 20000, .seed = 1, .first_period = 1, .workers = 1, .window = 16};
    argp_err_exit_status = 2;
    if (argp_parse(&parser, argc, argv, 0, NULL, &o) != 0) return 2;
    bool offline = strcmp(o.act, "check") == 0 || strcmp(o.act, "participants") == 0 ||
                   strcmp(o.act, "products") == 0;
    if (o.data == NULL || (o.run == NULL && !offline)) {
        (void)fprintf(stderr, "demo: --data and --run are needed; see petahour-demo --help\n");
        return 2;
    }
    char fault[PHC_DATA_FAULT_MAX];
    phc_data *data = phc_data_load(o.data, fault);
    phc_scenario_config config = {o.seed, (uint32_t)o.orders, (uint32_t)o.first_period};
    phc_scenario *s = data == NULL ? NULL : phc_scenario_new(data, &config, fault);
    int rc = 1;
    if (s == NULL) {
        (void)fprintf(stderr, "demo: %s\n", fault);
    } else {
        rc = act(&o, s);
    }
    phc_scenario_free(s);
    phc_data_free(data);
    return rc;
}
