/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/registry.h"

#include "engine/core/book.h"
#include "engine/core/keys.h"
#include "engine/core/notary_key.h"

enum { RULES_NEWEST = 1 }; /* version of the rulebook that this engine knows */

void ph_registry_init(ph_market *m, ph_arena *a)
{
    const ph_market_limits *lim = &m->limits;
    m->participants =
        ph_arena_take(a, (size_t)lim->participants_max + 1, sizeof m->participants[0]);
    size_t ids = ((size_t)lim->participants_max + 1) * PH_CLIENT_IDS_KEPT;
    ph_client_id *client_ids = ph_arena_take(a, ids, sizeof client_ids[0]);
    m->sites = ph_arena_take(a, (size_t)lim->sites_max + 1, sizeof m->sites[0]);
    m->hardware = ph_arena_take(a, (size_t)lim->hardware_max + 1, sizeof m->hardware[0]);
    m->products = ph_arena_take(a, (size_t)lim->products_max + 1, sizeof m->products[0]);
    size_t cells = ((size_t)lim->products_max + 1) * lim->ring_periods;
    ph_book_period *periods = ph_arena_take(a, 2 * cells, sizeof periods[0]);
    if (a->start == NULL) return;
    /* Those that nobody has too: a look-ahead need not ask whether there is one. */
    for (uint32_t i = 0; i <= lim->participants_max; i++)
        m->participants[i].ids = client_ids + (size_t)i * PH_CLIENT_IDS_KEPT;
    for (uint32_t i = 0; i <= lim->products_max; i++) {
        for (int s = PH_SIDE_BUY; s <= PH_SIDE_SELL; s++)
            ph_book_side_begin(&m->products[i].side[s], (ph_side)s,
                               periods + 2 * (size_t)i * lim->ring_periods);
    }
}

ph_reject ph_registry_check_id(uint32_t id, uint32_t cnt, uint32_t max, int64_t args[2])
{
    args[0] = id;
    if (id >= 1 && id <= cnt) return PH_REJECT_ID_TAKEN;
    args[1] = (int64_t)cnt + 1;
    if (id != cnt + 1) return PH_REJECT_ID_NOT_NEXT;
    args[0] = 0;
    args[1] = max;
    return cnt == max ? PH_REJECT_TABLE_FULL : PH_REJECT_NONE;
}

/* A field of a command, counted from 1 in the order of its struct, has this value. */
static ph_reject field(int number, int64_t value, int64_t args[2])
{
    args[0] = number;
    args[1] = value;
    return PH_REJECT_FIELD_RANGE;
}

static void add_participant(ph_market *m, const ph_register_participant *p)
{
    ph_participant *fresh = &m->participants[++m->participant_cnt];
    fresh->registered = *p;
    fresh->state = PH_PARTICIPANT_ACTIVE;
    ph_keys_first(m, m->participant_cnt);
}

/* The market's name is the origin of everything that is signed, which has its own marks. */
static bool is_origin(const ph_text64 *name)
{
    for (const char *p = name->s; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || *p == '+' || *p == '/') return false;
    }
    return name->s[0] != '\0';
}

ph_reject ph_registry_open(ph_market *m, const ph_open_market *o, int64_t ret_args[2])
{
    if (m->opened) {
        ret_args[0] = 1;
        return PH_REJECT_ID_TAKEN;
    }
    if (o->rules_version == 0 || o->rules_version > RULES_NEWEST)
        return field(1, o->rules_version, ret_args);
    if (!is_origin(&o->market)) return field(2, 0, ret_args);
    if (o->currency[0] == '\0') return field(3, 0, ret_args);
    m->opened = true;
    m->open_market = *o;
    m->rules_version = o->rules_version;
    ph_notary_key_first(m, &o->notary_sign_key);
    add_participant(m, &(ph_register_participant){.id = {1},
                                                  .roles = PH_ROLE_OPERATOR,
                                                  .name = o->operator_name,
                                                  .curve_key = o->operator_curve_key,
                                                  .sign_key = o->operator_sign_key});
    return PH_REJECT_NONE;
}

ph_reject ph_registry_participant(ph_market *m, const ph_register_participant *p,
                                  int64_t ret_args[2])
{
    ph_reject why =
        ph_registry_check_id(p->id.v, m->participant_cnt, m->limits.participants_max, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (p->roles == 0 || (p->roles & ~(uint32_t)PH_ROLES_ALL) != 0)
        return field(2, p->roles, ret_args);
    if (p->name.s[0] == '\0') return field(3, 0, ret_args);
    why = ph_keys_check_first(m, p, ret_args);
    if (why != PH_REJECT_NONE) return why;
    add_participant(m, p);
    return PH_REJECT_NONE;
}

ph_reject ph_registry_site(ph_market *m, const ph_register_site *s, int64_t ret_args[2])
{
    ph_reject why = ph_registry_check_id(s->id.v, m->site_cnt, m->limits.sites_max, ret_args);
    if (why != PH_REJECT_NONE) return why;
    ret_args[0] = s->owner.v;
    ret_args[1] = 0;
    if (s->owner.v == 0 || s->owner.v > m->participant_cnt) return PH_REJECT_UNKNOWN_PARTICIPANT;
    ret_args[0] = PH_ROLE_SUPPLIER;
    if (!(m->participants[s->owner.v].registered.roles & PH_ROLE_SUPPLIER))
        return PH_REJECT_ROLE_MISSING;
    if (s->region.s[0] == '\0') return field(3, 0, ret_args);
    if (s->name.s[0] == '\0') return field(4, 0, ret_args);
    if (s->latitude_udeg < -90000000 || s->latitude_udeg > 90000000)
        return field(5, s->latitude_udeg, ret_args);
    if (s->longitude_udeg < -180000000 || s->longitude_udeg > 180000000)
        return field(6, s->longitude_udeg, ret_args);
    if (s->pue_ppm < PH_PPM) return field(8, s->pue_ppm, ret_args);
    m->sites[++m->site_cnt] = *s;
    return PH_REJECT_NONE;
}

ph_reject ph_registry_hardware(ph_market *m, const ph_register_hardware *h, int64_t ret_args[2])
{
    ph_reject why =
        ph_registry_check_id(h->id.v, m->hardware_cnt, m->limits.hardware_max, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (h->name.s[0] == '\0') return field(2, 0, ret_args);
    m->hardware[++m->hardware_cnt] = *h;
    return PH_REJECT_NONE;
}

ph_reject ph_registry_rules(ph_market *m, const ph_set_rules_version *r, int64_t ret_args[2])
{
    ret_args[0] = r->version;
    ret_args[1] = RULES_NEWEST;
    if (r->version <= m->rules_version || r->version > RULES_NEWEST) return PH_REJECT_RULES_VERSION;
    m->rules_version = r->version;
    return PH_REJECT_NONE;
}

uint32_t ph_market_rules_version(const ph_market *m)
{
    return m->rules_version;
}
