/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/catalogue.h"

#include <stdlib.h>
#include <string.h>

void phg_catalogue_release(phg_catalogue *c)
{
    free(c->participants);
    free(c->sites);
    free(c->hardware);
    free(c->products);
    free(c->notary_keys);
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

static ph_status add_participant(phg_catalogue *c, const ph_register_participant *p)
{
    void *rows = c->participants;
    ph_status s =
        room(&rows, sizeof *c->participants, p->id.v, c->participant_cnt, &c->participant_max);
    c->participants = rows;
    if (s != PH_OK) return s;
    c->participants[c->participant_cnt++] =
        (phg_participant){.terms = *p, .state = PH_PARTICIPANT_ACTIVE};
    return PH_OK;
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
    c->products[c->product_cnt++] = (phg_product){.terms = *p, .phase = PH_PHASE_OPEN};
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
    case PH_CMD_ROTATE_NOTARY_KEY: return add_notary_key(c, command);
    case PH_CMD_TICK:
    case PH_CMD_REGISTER_CAPACITY:
    case PH_CMD_DEPOSIT:
    case PH_CMD_WITHDRAW:
    case PH_CMD_NEW_ORDER:
    case PH_CMD_CANCEL_ORDER:
    case PH_CMD_REPLACE_ORDER:
    case PH_CMD_NEW_GROUP:
    case PH_CMD_ADD_KEY:
    case PH_CMD_REVOKE_KEY:
    case PH_CMD_SET_TERMS:
    case PH_CMD_SET_PRODUCT_STATE:
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
    if (s == PH_OK) c->seq = command->seq;
    return s;
}

const phg_participant *phg_catalogue_by_key(const phg_catalogue *c, const ph_key *curve_key)
{
    for (uint32_t i = 0; i < c->participant_cnt; i++)
        if (memcmp(c->participants[i].terms.curve_key.b, curve_key->b, sizeof curve_key->b) == 0)
            return &c->participants[i];
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
