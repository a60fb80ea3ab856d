/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds one element to an array that grows by powers of two; NULL: no memory. */
static void *add(void *array, size_t *cnt, size_t size)
{
    char **v = array;
    if ((*cnt & (*cnt - 1)) == 0) {
        char *grown = reallocarray(*v, *cnt == 0 ? 1 : 2 * *cnt, size);
        if (grown == NULL) return NULL;
        *v = grown;
    }
    return *v + size * (*cnt)++;
}

static const char *copy(const char *text, bool *failed)
{
    char *s = strdup(text);
    if (s == NULL) *failed = true;
    return s;
}

static void add_product(cli_catalogue *c, const phc_catalogue_entry *e)
{
    const phc_product *from = e->product;
    phc_product *p = add(&c->products, &c->product_cnt, sizeof *p);
    cli_listing *l = add(&c->listings, &c->listing_cnt, sizeof *l);
    if (l != NULL) *l = (cli_listing){e->terms_version, e->grade, e->product_state, e->phase};
    if (p == NULL || l == NULL) {
        c->failed = true;
        return;
    }
    *p = *from;
    p->symbol = copy(from->symbol, &c->failed);
    p->model = copy(from->model, &c->failed);
    p->unit = copy(from->unit, &c->failed);
    p->interconnect = copy(from->interconnect, &c->failed);
}

static void add_site(cli_catalogue *c, const phc_site *from)
{
    phc_site *s = add(&c->sites, &c->site_cnt, sizeof *s);
    if (s == NULL) {
        c->failed = true;
        return;
    }
    *s = *from;
    s->name = copy(from->name, &c->failed);
    s->region = copy(from->region, &c->failed);
}

static void add_participant(cli_catalogue *c, const phc_participant *from)
{
    phc_participant *p = add(&c->participants, &c->participant_cnt, sizeof *p);
    if (p == NULL) {
        c->failed = true;
        return;
    }
    *p = *from;
    p->name = copy(from->name, &c->failed);
}

static void add_hardware(cli_catalogue *c, const phc_hardware *from)
{
    phc_hardware *h = add(&c->hardware, &c->hardware_cnt, sizeof *h);
    if (h == NULL) {
        c->failed = true;
        return;
    }
    *h = *from;
    h->name = copy(from->name, &c->failed);
}

void cli_on_catalogue(void *arg, const phc_catalogue_entry *e)
{
    cli_session *s = arg;
    cli_catalogue *c = s->arg;
    if (e->request != c->request || c->complete) return;
    /* Rows come in order of their numbers; those told again after a lost connection are known. */
    if (e->product != NULL &&
        (c->product_cnt == 0 || e->product->id > c->products[c->product_cnt - 1].id))
        add_product(c, e);
    if (e->site != NULL && (c->site_cnt == 0 || e->site->id > c->sites[c->site_cnt - 1].id))
        add_site(c, e->site);
    if (e->participant != NULL && (c->participant_cnt == 0 ||
                                   e->participant->id > c->participants[c->participant_cnt - 1].id))
        add_participant(c, e->participant);
    if (e->hardware != NULL &&
        (c->hardware_cnt == 0 || e->hardware->id > c->hardware[c->hardware_cnt - 1].id))
        add_hardware(c, e->hardware);
}

void cli_on_catalogue_end(void *arg, uint64_t request, uint64_t sequence)
{
    cli_session *s = arg;
    cli_catalogue *c = s->arg;
    (void)sequence; /* nothing here depends on how new it is */
    if (request == c->request) c->complete = true;
}

cli_exit cli_load_catalogue(cli_session *s)
{
    cli_catalogue *c = s->arg;
    if (phc_catalogue(s->client, &c->request) != PHC_OK)
        return cli_say(CLI_FAILED, "%s", phc_error(s->client));
    cli_exit e = cli_wait(s, &c->complete);
    if (e == CLI_DONE && c->failed) e = cli_say(CLI_FAILED, "no memory for the catalogue");
    return e;
}

cli_exit cli_open_catalogue(cli_session *s, cli_catalogue *c, const cli_common *common)
{
    phc_callbacks cb = {.on_catalogue = cli_on_catalogue, .on_catalogue_end = cli_on_catalogue_end};
    *c = (cli_catalogue){0};
    s->arg = c;
    cli_exit e = cli_open(s, common, cb, 0, 0);
    if (e != CLI_DONE) return e;
    e = cli_load_catalogue(s);
    if (e != CLI_DONE) (void)cli_end(s, c, e);
    return e;
}

int cli_end(cli_session *s, cli_catalogue *c, cli_exit e)
{
    cli_close(s);
    cli_free_catalogue(c);
    return (int)e;
}

static void drop(const char *text)
{
    free((void *)(uintptr_t)text);
}

void cli_free_catalogue(cli_catalogue *c)
{
    for (size_t i = 0; i < c->product_cnt; i++) {
        drop(c->products[i].symbol);
        drop(c->products[i].model);
        drop(c->products[i].unit);
        drop(c->products[i].interconnect);
    }
    for (size_t i = 0; i < c->site_cnt; i++) {
        drop(c->sites[i].name);
        drop(c->sites[i].region);
    }
    for (size_t i = 0; i < c->participant_cnt; i++)
        drop(c->participants[i].name);
    for (size_t i = 0; i < c->hardware_cnt; i++)
        drop(c->hardware[i].name);
    free(c->products);
    free(c->listings);
    free(c->sites);
    free(c->participants);
    free(c->hardware);
    *c = (cli_catalogue){0};
}

/* Looks for what a text means.  Digits are the number of one, never its name: who is called "7"
   does not receive what was meant for number 7. */
typedef struct {
    const char *text;
    bool is_number;
    uint64_t number;
    size_t cnt; /* that the text means */
    const void *row;
    uint32_t first, second; /* their numbers */
} search;

static search search_of(const char *text)
{
    search s = {.text = text};
    s.is_number = phc_number_parse(text, UINT64_MAX, &s.number) == PHC_OK;
    return s;
}

static void look(search *s, uint32_t id, const char *name, const void *row)
{
    if (s->is_number ? s->number != id : strcmp(s->text, name) != 0) return;
    s->row = row;
    if (s->cnt == 0) s->first = id;
    if (s->cnt == 1) s->second = id;
    s->cnt++;
}

/* The only one that it means; NULL and a message if there is none, or more than one. */
static const void *only(const search *s, const char *what, const char *noun)
{
    if (s->cnt == 1) return s->row;
    if (s->cnt == 0)
        (void)cli_say(CLI_NOT_FOUND, "there is no %s \"%s\"; see `petahour %s list`", what, s->text,
                      noun);
    else
        (void)cli_say(CLI_NOT_FOUND,
                      "\"%s\" is the name of more than one %s, as of %u and %u; give the number "
                      "instead, see `petahour %s list`",
                      s->text, what, s->first, s->second, noun);
    return NULL;
}

const phc_product *cli_find_product(const cli_catalogue *c, const char *text)
{
    search s = search_of(text);
    for (size_t i = 0; i < c->product_cnt; i++)
        look(&s, c->products[i].id, c->products[i].symbol, &c->products[i]);
    return only(&s, "product", "product");
}

const phc_site *cli_find_site(const cli_catalogue *c, const char *text)
{
    search s = search_of(text);
    for (size_t i = 0; i < c->site_cnt; i++)
        look(&s, c->sites[i].id, c->sites[i].name, &c->sites[i]);
    return only(&s, "site", "site");
}

const phc_hardware *cli_find_hardware(const cli_catalogue *c, const char *text)
{
    search s = search_of(text);
    for (size_t i = 0; i < c->hardware_cnt; i++)
        look(&s, c->hardware[i].id, c->hardware[i].name, &c->hardware[i]);
    return only(&s, "hardware class", "hardware");
}

const phc_participant *cli_find_participant(const cli_catalogue *c, const char *text)
{
    search s = search_of(text);
    for (size_t i = 0; i < c->participant_cnt; i++)
        look(&s, c->participants[i].id, c->participants[i].name, &c->participants[i]);
    return only(&s, "participant", "participant");
}

const phc_product *cli_product_of(const cli_catalogue *c, uint32_t id)
{
    for (size_t i = 0; i < c->product_cnt; i++)
        if (c->products[i].id == id) return &c->products[i];
    return NULL;
}

const char *cli_participant_name(const cli_catalogue *c, uint32_t id, char room[16])
{
    for (size_t i = 0; i < c->participant_cnt; i++)
        if (c->participants[i].id == id) return c->participants[i].name;
    snprintf(room, 16, "%u", id);
    return room;
}
