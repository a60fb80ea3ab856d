/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/catalogue.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

void phg_catalogue_release(phg_catalogue *c)
{
    free(c->participants);
    free(c->sites);
    free(c->hardware);
    free(c->products);
    free(c->keys);
    phg_key_index_release(&c->key_index);
    free(c->notary_keys);
    phg_grades_release(&c->grades);
    *c = (phg_catalogue){0};
}

/* Room for row number `id` (from 1) as the next one of a dense table. */
static ph_status room(void **rows, size_t size, uint32_t id, uint32_t cnt, uint32_t *max)
{
    if (id != cnt + 1) return PH_ECORRUPT;
    if (cnt < *max) return PH_OK;
    uint32_t more = *max == 0 ? 64 : *max * 2;
    if (more <= *max) return PH_EFULL;
    void *grown = realloc(*rows, more * size);
    if (!grown) return PH_EFULL;
    *rows = grown;
    *max = more;
    return PH_OK;
}

/* ---- Keys ----------------------------------------------------------------------------------- */

/* The next row with these bytes, of whatever use, from a place on; NULL: there is none any more. */
static phg_key *next_key(const phg_catalogue *c, const ph_key *key, uint32_t *place)
{
    uint32_t number;
    while ((number = phg_key_index_next(&c->key_index, place)) != 0)
        if (memcmp(&c->keys[number - 1].key, key, sizeof *key) == 0) return &c->keys[number - 1];
    return NULL;
}

static phg_key *find_key(const phg_catalogue *c, ph_key_use use, const ph_key *key)
{
    uint32_t place = phg_key_index_place(&c->key_index, key);
    phg_key *row = next_key(c, key, &place);
    while (row && row->use != use)
        row = next_key(c, key, &place);
    return row;
}

static ph_status add_key(phg_catalogue *c, ph_participant_id whose, ph_key_use use,
                         const ph_key *key)
{
    phg_key *is = find_key(c, use, key);
    if (is) {
        if (is->participant.v != whose.v || !is->is_revoked) return PH_ECORRUPT;
        is->is_revoked = false;
        return PH_OK;
    }
    phg_participant *who = &c->participants[whose.v - 1];
    bool is_empty = false;
    void *rows = c->keys;
    ph_status s = room(&rows, sizeof *c->keys, c->key_cnt + 1, c->key_cnt, &c->key_max);
    c->keys = rows;
    if (s == PH_OK) s = phg_key_index_room(&c->key_index, c->key_max, &is_empty);
    if (s != PH_OK) return s;
    for (uint32_t i = 0; is_empty && i < c->key_cnt; i++)
        phg_key_index_put(&c->key_index, &c->keys[i].key, i + 1);
    c->keys[c->key_cnt++] = (phg_key){*key, use, whose, .before = who->last_key};
    phg_key_index_put(&c->key_index, key, c->key_cnt);
    who->last_key = c->key_cnt;
    return PH_OK;
}

/* Who changes a key is the one whose key it is, unless it says otherwise. */
static ph_status change_key(phg_catalogue *c, const ph_command *command)
{
    const ph_key_change *k = &command->u.key;
    ph_participant_id whose = k->participant.v == 0 ? command->sender : k->participant;
    if (whose.v == 0 || whose.v > c->participant_cnt) return PH_ECORRUPT;
    if (command->kind == PH_CMD_ADD_KEY) return add_key(c, whose, k->use, &k->key);
    phg_key *row = find_key(c, k->use, &k->key);
    if (!row || row->participant.v != whose.v || row->is_revoked) return PH_ECORRUPT;
    row->is_revoked = true;
    return PH_OK;
}

static ph_status add_participant(phg_catalogue *c, const ph_register_participant *p)
{
    void *rows = c->participants;
    ph_status s =
        room(&rows, sizeof *c->participants, p->id.v, c->participant_cnt, &c->participant_max);
    c->participants = rows;
    if (s != PH_OK) return s;
    c->participants[c->participant_cnt++] =
        (phg_participant){.terms = *p, .state = PH_PARTICIPANT_ACTIVE};
    static const ph_key none;
    s = add_key(c, p->id, PH_KEY_CONNECTION, &p->curve_key);
    if (s == PH_OK && memcmp(&p->sign_key, &none, sizeof none) != 0)
        s = add_key(c, p->id, PH_KEY_SIGNATURE, &p->sign_key);
    return s;
}

static ph_status open_market(phg_catalogue *c, const ph_open_market *m)
{
    if (c->opened) return PH_ECORRUPT;
    ph_register_participant operator= {
        .id = {1},
        .roles = PH_ROLE_OPERATOR,
        .name = m->operator_name,
        .curve_key = m->operator_curve_key,
        .sign_key = m->operator_sign_key,
    };
    ph_status s = add_participant(c, &operator);
    if (s != PH_OK) return s;
    c->market = *m;
    c->opened = true;
    return PH_OK;
}

static ph_status add_site(phg_catalogue *c, const ph_register_site *site)
{
    void *rows = c->sites;
    ph_status s = room(&rows, sizeof *c->sites, site->id.v, c->site_cnt, &c->site_max);
    c->sites = rows;
    if (s == PH_OK) c->sites[c->site_cnt++] = *site;
    return s;
}

static ph_status add_hardware(phg_catalogue *c, const ph_register_hardware *h)
{
    void *rows = c->hardware;
    ph_status s = room(&rows, sizeof *c->hardware, h->id.v, c->hardware_cnt, &c->hardware_max);
    c->hardware = rows;
    if (s == PH_OK) c->hardware[c->hardware_cnt++] = *h;
    return s;
}

static ph_status add_product(phg_catalogue *c, const ph_product_terms *p)
{
    void *rows = c->products;
    ph_status s = room(&rows, sizeof *c->products, p->id.v, c->product_cnt, &c->product_max);
    c->products = rows;
    if (s != PH_OK) return s;
    uint32_t grade = phg_grades_number(&c->grades, p);
    c->products[c->product_cnt++] = (phg_product){.terms = *p,
                                                  .terms_version = 1,
                                                  .grade = grade,
                                                  .state = PH_PRODUCT_LISTED,
                                                  .phase = PH_PHASE_OPEN};
    return grade != 0 ? PH_OK : PH_EFULL;
}

static ph_status set_terms(phg_catalogue *c, const ph_command *command, const ph_terms_set *e)
{
    if (command->kind != PH_CMD_SET_TERMS || e->product.v == 0 || e->product.v > c->product_cnt)
        return PH_ECORRUPT;
    phg_product *p = &c->products[e->product.v - 1];
    if (command->u.product.id.v != e->product.v || e->terms_version != p->terms_version + 1)
        return PH_ECORRUPT;
    p->terms = command->u.product;
    p->terms_version = e->terms_version;
    p->grade = phg_grades_number(&c->grades, &p->terms);
    return p->grade != 0 ? PH_OK : PH_EFULL;
}

static ph_status set_product_state(phg_catalogue *c, const ph_set_product_state *set)
{
    if (set->product.v == 0 || set->product.v > c->product_cnt) return PH_ECORRUPT;
    c->products[set->product.v - 1].state = set->state;
    return PH_OK;
}

static ph_status set_state(phg_catalogue *c, const ph_set_participant_state *set)
{
    uint32_t id = set->participant.v;
    if (id == 0 || id > c->participant_cnt) return PH_ECORRUPT;
    c->participants[id - 1].state = set->state;
    return PH_OK;
}

static ph_status set_phase(phg_catalogue *c, ph_product_id product, ph_phase phase)
{
    if (product.v == 0 || product.v > c->product_cnt) return PH_ECORRUPT;
    c->products[product.v - 1].phase = phase;
    return PH_OK;
}

static ph_status add_notary_key(phg_catalogue *c, const ph_command *command)
{
    void *rows = c->notary_keys;
    ph_status s = room(&rows, sizeof *c->notary_keys, c->notary_key_cnt + 1, c->notary_key_cnt,
                       &c->notary_key_max);
    c->notary_keys = rows;
    if (s == PH_OK)
        c->notary_keys[c->notary_key_cnt++] = (phg_notary_key){command->seq, command->u.notary_key};
    return s;
}

static ph_status apply(phg_catalogue *c, const ph_command *command)
{
    switch (command->kind) {
    case PH_CMD_OPEN_MARKET: return open_market(c, &command->u.open_market);
    case PH_CMD_REGISTER_PARTICIPANT: return add_participant(c, &command->u.participant);
    case PH_CMD_REGISTER_SITE: return add_site(c, &command->u.site);
    case PH_CMD_REGISTER_HARDWARE: return add_hardware(c, &command->u.hardware);
    case PH_CMD_LIST_PRODUCT: return add_product(c, &command->u.product);
    case PH_CMD_SET_PARTICIPANT_STATE: return set_state(c, &command->u.participant_state);
    case PH_CMD_SET_PHASE: return set_phase(c, command->u.phase.product, command->u.phase.phase);
    case PH_CMD_ADD_KEY:
    case PH_CMD_REVOKE_KEY: return change_key(c, command);
    case PH_CMD_SET_PRODUCT_STATE: return set_product_state(c, &command->u.product_state);
    case PH_CMD_ROTATE_NOTARY_KEY: return add_notary_key(c, command);
    case PH_CMD_TICK:
    case PH_CMD_REGISTER_CAPACITY:
    case PH_CMD_DEPOSIT:
    case PH_CMD_WITHDRAW:
    case PH_CMD_NEW_ORDER:
    case PH_CMD_CANCEL_ORDER:
    case PH_CMD_REPLACE_ORDER:
    case PH_CMD_NEW_GROUP:
    case PH_CMD_SET_TERMS:
    case PH_CMD_WITHDRAW_CAPACITY:
    case PH_CMD_ATTEST_CAPACITY:
    case PH_CMD_MEASURE_SITE:
    case PH_CMD_REPORT_PROBE:
    case PH_CMD_HAND_OVER_ACCESS:
    case PH_CMD_REPORT_DELIVERY:
    case PH_CMD_CONFIRM_DELIVERY:
    case PH_CMD_DISPUTE_DELIVERY:
    case PH_CMD_RESOLVE_DISPUTE:
    case PH_CMD_SET_RULES_VERSION:
    case PH_CMD_COUNTERSIGN_CONTRACT:
    case PH_CMD_TAKE_OVER:
    case PH_CMD_MASS_CANCEL: return PH_OK;
    }
    return PH_ECORRUPT;
}

ph_status phg_catalogue_take(phg_catalogue *c, const ph_command *command, const ph_event *e)
{
    ph_status s = PH_OK;
    if (e->kind == PH_EVT_DONE)
        s = apply(c, command);
    else if (e->kind == PH_EVT_PHASE_CHANGED)
        s = set_phase(c, e->u.phase_changed.product, e->u.phase_changed.phase);
    else if (e->kind == PH_EVT_TERMS_SET)
        s = set_terms(c, command, &e->u.terms_set);
    if (s == PH_OK) c->seq = command->seq;
    return s;
}

static bool connects(const phg_key *k)
{
    return k->use == PH_KEY_CONNECTION || k->use == PH_KEY_READING;
}

uint32_t phg_catalogue_connection_key(const phg_catalogue *c, const ph_key *key)
{
    uint32_t place = phg_key_index_place(&c->key_index, key);
    const phg_key *row;
    while ((row = next_key(c, key, &place)) != NULL)
        if (connects(row) && !row->is_revoked) return (uint32_t)(row - c->keys) + 1;
    return 0;
}

bool phg_catalogue_only_reads(const phg_catalogue *c, uint32_t number)
{
    PH_ASSERT(number >= 1 && number <= c->key_cnt);
    return c->keys[number - 1].use == PH_KEY_READING;
}

uint32_t phg_catalogue_key_place(const phg_catalogue *c, uint32_t number)
{
    uint32_t place = 0;
    PH_ASSERT(number >= 1 && number <= c->key_cnt);
    for (uint32_t i = c->keys[number - 1].before; i != 0; i = c->keys[i - 1].before)
        place += connects(&c->keys[i - 1]);
    return place;
}

const phg_participant *phg_catalogue_of_key(const phg_catalogue *c, uint32_t number)
{
    if (number == 0 || number > c->key_cnt) return NULL;
    const phg_key *k = &c->keys[number - 1];
    if (!connects(k) || k->is_revoked) return NULL;
    return phg_catalogue_participant(c, k->participant);
}

const ph_key *phg_catalogue_sign_key(const phg_catalogue *c, const phg_participant *who)
{
    for (uint32_t i = who->last_key; i != 0; i = c->keys[i - 1].before)
        if (c->keys[i - 1].use == PH_KEY_SIGNATURE && !c->keys[i - 1].is_revoked)
            return &c->keys[i - 1].key;
    return NULL;
}

const phg_participant *phg_catalogue_participant(const phg_catalogue *c, ph_participant_id id)
{
    if (id.v == 0 || id.v > c->participant_cnt) return NULL;
    return &c->participants[id.v - 1];
}

const phg_product *phg_catalogue_product(const phg_catalogue *c, ph_product_id id)
{
    if (id.v == 0 || id.v > c->product_cnt) return NULL;
    return &c->products[id.v - 1];
}
