/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/market.h"

#include "engine/base/panic.h"
#include "engine/core/book.h"
#include "engine/core/capacity.h"
#include "engine/core/column.h"
#include "engine/core/contract.h"
#include "engine/core/countersign.h"
#include "engine/core/delivery.h"
#include "engine/core/due.h"
#include "engine/core/expiry.h"
#include "engine/core/fill.h"
#include "engine/core/gate.h"
#include "engine/core/keys.h"
#include "engine/core/ledger.h"
#include "engine/core/match.h"
#include "engine/core/measure.h"
#include "engine/core/notary_key.h"
#include "engine/core/place.h"
#include "engine/core/reach.h"
#include "engine/core/registry.h"
#include "engine/core/state.h"
#include "engine/core/terms.h"

/* ---- Memory ------------------------------------------------------------------------------ */

ph_market_limits ph_market_limits_default(void)
{
    return (ph_market_limits){.participants_max = 1024,
                              .sites_max = 1024,
                              .hardware_max = 1024,
                              .products_max = 2048,
                              .pools_max = 4096,
                              .ring_periods = 1024,
                              .orders_max = 1 << 18,
                              .order_periods_max = 1 << 22,
                              .blocks_max = 1 << 16,
                              .contracts_max = 1 << 20,
                              .references_max = 1 << 16,
                              .terms_max = 1 << 12,
                              .deliveries_max = 1 << 20,
                              .lots_max = 1 << 20,
                              .disputes_max = 1 << 14,
                              .probes_max = 1 << 12,
                              .levels_max = 1 << 20};
}

static bool within(uint32_t v, uint32_t low, uint32_t high)
{
    return v >= low && v <= high;
}

static bool limits_ok(const ph_market_limits *l)
{
    bool power_of_two = (l->ring_periods & (l->ring_periods - 1)) == 0;
    return within(l->participants_max, 1, 1 << 20) && within(l->sites_max, 1, (1 << 20) - 1) &&
           within(l->hardware_max, 1, (1 << 12) - 1) && within(l->products_max, 1, 1 << 16) &&
           within(l->pools_max, 1, 1 << 20) && within(l->ring_periods, 16, 1 << 15) &&
           power_of_two && within(l->orders_max, 1, 1 << 26) &&
           within(l->order_periods_max, 1, 1 << 28) && within(l->blocks_max, 1, 1 << 24) &&
           within(l->contracts_max, 1, 1 << 28) && within(l->references_max, 1, 1 << 26) &&
           within(l->terms_max, 1, 1 << 20) && within(l->deliveries_max, 1, 1 << 26) &&
           within(l->lots_max, 1, 1 << 28) && within(l->disputes_max, 1, 1 << 24) &&
           within(l->probes_max, 1, 1 << 20) && within(l->levels_max, 1, 1 << 27);
}

/* The one place that says what lies where: used to measure and to carve. */
static void carve(ph_market *m, ph_arena *a)
{
    ph_registry_init(m, a);
    ph_keys_init(m, a);
    ph_terms_init(m, a);
    ph_measure_init(m, a);
    ph_capacity_init(m, a);
    ph_book_init(m, a);
    ph_reach_init(m, a);
    ph_ledger_init(m, a);
    ph_fill_init(m, a);
    ph_contract_init(m, a);
    ph_countersign_init(m, a);
    ph_notary_key_init(m, a);
    ph_due_init(m, a);
    ph_column_init(m, a);
    ph_match_init(m, a);
    ph_expiry_init(m, a);
}

size_t ph_market_footprint(const ph_market_limits *limits)
{
    if (!limits_ok(limits)) return 0;
    ph_market m = {.limits = *limits};
    ph_arena a = {.start = NULL};
    (void)ph_arena_take(&a, 1, sizeof m); /* the market itself comes first */
    carve(&m, &a);
    return a.used;
}

ph_market *ph_market_init(void *block, const ph_market_limits *limits)
{
    size_t size = ph_market_footprint(limits);
    PH_ASSERT(block != NULL && size != 0 && (uintptr_t)block % PH_ARENA_ALIGN == 0);
    ph_arena a = {.start = block, .used = 0, .size = size};
    ph_market *m = ph_arena_take(&a, 1, sizeof *m);
    m->limits = *limits;
    m->ring_mask = limits->ring_periods - 1;
    m->due_ns = UINT64_MAX;
    m->events_max = ph_market_events_max(limits);
    carve(m, &a);
    return m;
}

uint32_t ph_market_events_max(const ph_market_limits *limits)
{
    /* A gate says something only where something rests; an order ends once; a fill is at most one
       trade with one segment and four transfers; one answer and one reference besides. */
    uint64_t gates = (uint64_t)limits->order_periods_max * 2 + limits->blocks_max;
    uint64_t rings = (uint64_t)limits->products_max * limits->ring_periods;
    if (rings < gates) gates = rings;
    /* A contract-period that becomes final: told, after a silent meter besides, with eight
       transfers, three for each link of a chain, and two for each claim. */
    uint64_t ends = limits->deliveries_max * (uint64_t)(10 + 3 * PH_RESALES_MAX) +
                    2 * (uint64_t)PH_CLAIMS_MAX * limits->disputes_max;
    uint64_t max = gates + ends + limits->orders_max + PH_EACH_PERIODS_MAX + 16 +
                   14 * (uint64_t)PH_FILLS_PER_COMMAND_MAX;
    PH_ASSERT(max <= UINT32_MAX);
    return (uint32_t)max;
}

/* ---- Commands ---------------------------------------------------------------------------- */

/* What a command came to: filled by its handler before anything is told. */
typedef struct {
    const ph_command *c;
    int64_t args[2];
    uint64_t order;  /* DUPLICATE */
    uint32_t member; /* NEW_GROUP: the one that failed, from 1 */
} outcome;

static void emit_done(ph_market *m, const ph_command *c, uint64_t count)
{
    ph_emit(m, PH_EVT_DONE)->u.done = (ph_done){.command = c->kind, .count = count};
}

static uint64_t client_order_id_of(const outcome *x)
{
    const ph_command *c = x->c;
    if (x->member != 0) return c->u.group.v[x->member - 1].client_order_id;
    if (c->kind == PH_CMD_NEW_ORDER) return c->u.order.client_order_id;
    if (c->kind == PH_CMD_CANCEL_ORDER) return c->u.cancel.client_order_id;
    if (c->kind == PH_CMD_REPLACE_ORDER) return c->u.replace.client_order_id;
    return 0;
}

__attribute__((cold)) static void emit_rejected(ph_market *m, const outcome *x, ph_reject why)
{
    ph_emit(m, PH_EVT_REJECTED)->u.rejected =
        (ph_rejected){.command = x->c->kind,
                      .code = why,
                      .arg0 = x->args[0],
                      .arg1 = x->args[1],
                      .client_order_id = client_order_id_of(x),
                      .member = x->member,
                      .order = {x->order}};
}

/* Contracts go on whatever becomes of a party: what they ask of it is taken.  Who is suspended
   still reads. */
static bool goes_on(ph_command_kind kind)
{
    return kind == PH_CMD_HAND_OVER_ACCESS || kind == PH_CMD_REPORT_DELIVERY ||
           kind == PH_CMD_CONFIRM_DELIVERY || kind == PH_CMD_DISPUTE_DELIVERY ||
           kind == PH_CMD_COUNTERSIGN_CONTRACT || kind == PH_CMD_TAKE_OVER;
}

static ph_reject refuse(outcome *x, ph_reject why, int64_t arg0, int64_t arg1)
{
    x->args[0] = arg0;
    x->args[1] = arg1;
    return why;
}

static ph_reject check_sender(const ph_market *m, outcome *x, uint32_t role)
{
    uint32_t sender = x->c->sender.v;
    if (sender == 0 || sender > m->participant_cnt)
        return refuse(x, PH_REJECT_UNKNOWN_PARTICIPANT, sender, 0);
    const ph_participant *p = &m->participants[sender];
    if (p->state != PH_PARTICIPANT_ACTIVE && !goes_on(x->c->kind))
        return refuse(x, PH_REJECT_PARTICIPANT_NOT_ACTIVE, sender, p->state);
    if (role != 0 && !(p->registered.roles & role))
        return refuse(x, PH_REJECT_ROLE_MISSING, role, 0);
    return PH_REJECT_NONE;
}

/* Role that a command asks of its sender; 0: any, or told by the command itself. */
static uint32_t role_of(ph_command_kind kind)
{
    switch (kind) {
    case PH_CMD_REGISTER_PARTICIPANT:
    case PH_CMD_REGISTER_SITE:
    case PH_CMD_REGISTER_HARDWARE:
    case PH_CMD_LIST_PRODUCT:
    case PH_CMD_SET_PHASE:
    case PH_CMD_SET_PARTICIPANT_STATE:
    case PH_CMD_DEPOSIT:
    case PH_CMD_WITHDRAW:
    case PH_CMD_SET_TERMS:
    case PH_CMD_SET_PRODUCT_STATE:
    case PH_CMD_RESOLVE_DISPUTE:
    case PH_CMD_SET_RULES_VERSION:
    case PH_CMD_ROTATE_NOTARY_KEY: return PH_ROLE_OPERATOR;
    case PH_CMD_REGISTER_CAPACITY:
    case PH_CMD_WITHDRAW_CAPACITY: return PH_ROLE_SUPPLIER;
    case PH_CMD_ATTEST_CAPACITY: return PH_ROLE_AUDITOR;
    case PH_CMD_MEASURE_SITE:
    case PH_CMD_REPORT_PROBE: return PH_ROLE_METER;
    case PH_CMD_TICK:
    case PH_CMD_OPEN_MARKET:
    case PH_CMD_NEW_ORDER:
    case PH_CMD_CANCEL_ORDER:
    case PH_CMD_MASS_CANCEL:
    case PH_CMD_REPLACE_ORDER:
    case PH_CMD_NEW_GROUP:
    case PH_CMD_ADD_KEY:
    case PH_CMD_REVOKE_KEY:
    case PH_CMD_HAND_OVER_ACCESS:
    case PH_CMD_REPORT_DELIVERY:
    case PH_CMD_CONFIRM_DELIVERY:
    case PH_CMD_DISPUTE_DELIVERY:
    case PH_CMD_COUNTERSIGN_CONTRACT:
    case PH_CMD_TAKE_OVER: return 0;
    }
    ph_panic("command of unknown kind", __FILE__, __LINE__);
}

static ph_reject set_phase(ph_market *m, const ph_command *c, outcome *x)
{
    const ph_set_phase *s = &c->u.phase;
    x->args[0] = s->product.v;
    if (s->product.v == 0 || s->product.v > m->product_cnt) return PH_REJECT_UNKNOWN_PRODUCT;
    x->args[1] = m->products[s->product.v].state;
    if (x->args[1] == PH_PRODUCT_DELISTED) return PH_REJECT_PRODUCT_STATE;
    x->args[1] = 0;
    x->args[0] = 2; /* field */
    if (s->phase == PH_PHASE_CALL) return PH_REJECT_UNSUPPORTED;
    m->products[s->product.v].phase = s->phase;
    ph_fill_begin(m, PH_NONE);
    uint64_t cnt = 0;
    if (s->phase == PH_PHASE_CLOSED) cnt = ph_place_end_all(m, 0, s->product.v, PH_CANCEL_CLOSED);
    emit_done(m, c, cnt);
    ph_emit(m, PH_EVT_PHASE_CHANGED)->u.phase_changed =
        (ph_phase_changed){.product = s->product, .phase = s->phase};
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

static ph_reject set_participant_state(ph_market *m, const ph_command *c, outcome *x)
{
    const ph_set_participant_state *s = &c->u.participant_state;
    x->args[0] = s->participant.v;
    if (s->participant.v == 0 || s->participant.v > m->participant_cnt)
        return PH_REJECT_UNKNOWN_PARTICIPANT;
    ph_participant *p = &m->participants[s->participant.v];
    x->args[1] = p->state;
    if (p->state == PH_PARTICIPANT_CLOSED) return PH_REJECT_PARTICIPANT_NOT_ACTIVE;
    x->args[0] = 1; /* field: without the first operator nobody could undo anything */
    x->args[1] = s->participant.v;
    if (s->participant.v == 1 && s->state != PH_PARTICIPANT_ACTIVE) return PH_REJECT_FIELD_RANGE;
    p->state = s->state;
    ph_fill_begin(m, PH_NONE);
    uint64_t cnt = 0;
    if (s->state != PH_PARTICIPANT_ACTIVE)
        cnt = ph_place_end_all(m, s->participant.v, 0, PH_CANCEL_SUSPENDED);
    emit_done(m, c, cnt);
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

static ph_reject cancel_order(ph_market *m, const ph_command *c, outcome *x)
{
    ph_fill_begin(m, PH_NONE);
    ph_reject why = ph_place_cancel(m, c->sender.v, &c->u.cancel, x->args);
    if (why != PH_REJECT_NONE) return why;
    emit_done(m, c, 1);
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

static ph_reject mass_cancel(ph_market *m, const ph_command *c, outcome *x)
{
    uint32_t product = c->u.mass_cancel.product.v, whose = c->u.mass_cancel.participant.v;
    if (whose != 0 && whose != c->sender.v) {
        x->args[0] = PH_ROLE_OPERATOR;
        if (!(m->participants[c->sender.v].registered.roles & PH_ROLE_OPERATOR))
            return PH_REJECT_ROLE_MISSING;
        x->args[0] = whose;
        if (whose > m->participant_cnt) return PH_REJECT_UNKNOWN_PARTICIPANT;
    }
    x->args[0] = product;
    if (product > m->product_cnt) return PH_REJECT_UNKNOWN_PRODUCT;
    ph_fill_begin(m, PH_NONE);
    uint32_t owner = whose != 0 ? whose : c->sender.v;
    emit_done(m, c, ph_place_end_all(m, owner, product, PH_CANCEL_REQUESTED));
    ph_fill_settle(m);
    return PH_REJECT_NONE;
}

static ph_reject payment(ph_market *m, const ph_command *c, outcome *x)
{
    /* The answer stands before the transfer, and a refused payment leaves no transfer. */
    uint32_t at = m->out->cnt;
    emit_done(m, c, 0);
    ph_reject why = c->kind == PH_CMD_DEPOSIT ? ph_ledger_deposit(m, &c->u.payment, x->args)
                                              : ph_ledger_withdraw(m, &c->u.payment, x->args);
    if (why != PH_REJECT_NONE) m->out->cnt = at;
    return why;
}

static ph_reject registered(ph_market *m, const ph_command *c, ph_reject why)
{
    if (why == PH_REJECT_NONE) emit_done(m, c, 0);
    return why;
}

static ph_reject run_delivery(ph_market *m, const ph_command *c, outcome *x)
{
    uint32_t who = c->sender.v;
    if (c->kind == PH_CMD_HAND_OVER_ACCESS)
        return ph_delivery_access(m, who, &c->u.access, x->args);
    if (c->kind == PH_CMD_REPORT_DELIVERY) return ph_delivery_report(m, who, &c->u.report, x->args);
    if (c->kind == PH_CMD_CONFIRM_DELIVERY)
        return ph_delivery_confirm(m, who, &c->u.confirmation, x->args);
    if (c->kind == PH_CMD_DISPUTE_DELIVERY)
        return ph_delivery_dispute(m, who, &c->u.figure, x->args);
    return ph_delivery_resolve(m, &c->u.figure, x->args);
}

static ph_reject delivery(ph_market *m, const ph_command *c, outcome *x)
{
    /* The answer stands before what follows from it, and a refused command leaves nothing. */
    uint32_t at = m->out->cnt;
    emit_done(m, c, 0);
    ph_reject why = run_delivery(m, c, x);
    if (why != PH_REJECT_NONE) m->out->cnt = at;
    return why;
}

static ph_reject countersign(ph_market *m, const ph_command *c, outcome *x)
{
    bool is_first = false;
    ph_reject why = ph_countersign_take(m, c->sender.v, &c->u.countersignature, x->args, &is_first);
    if (why == PH_REJECT_NONE) emit_done(m, c, is_first ? 1 : 0);
    return why;
}

/* Apart, so that what orders need is not kept and given back around all that others do. */
__attribute__((noinline)) static ph_reject run_other(ph_market *m, const ph_command *c, outcome *x)
{
    bool opens = c->kind == PH_CMD_OPEN_MARKET || c->kind == PH_CMD_TICK;
    if (!m->opened && !opens) return PH_REJECT_MARKET_NOT_OPEN;
    ph_reject why = opens ? PH_REJECT_NONE : check_sender(m, x, role_of(c->kind));
    if (why != PH_REJECT_NONE) return why;
    switch (c->kind) {
    case PH_CMD_NEW_ORDER:
    case PH_CMD_CANCEL_ORDER: break; /* see run */
    case PH_CMD_TICK: return registered(m, c, PH_REJECT_NONE);
    case PH_CMD_OPEN_MARKET:
        return registered(m, c, ph_registry_open(m, &c->u.open_market, x->args));
    case PH_CMD_REGISTER_PARTICIPANT:
        return registered(m, c, ph_registry_participant(m, &c->u.participant, x->args));
    case PH_CMD_REGISTER_SITE: return registered(m, c, ph_registry_site(m, &c->u.site, x->args));
    case PH_CMD_REGISTER_HARDWARE:
        return registered(m, c, ph_registry_hardware(m, &c->u.hardware, x->args));
    case PH_CMD_REGISTER_CAPACITY:
        return registered(m, c, ph_capacity_register(m, c->sender.v, &c->u.capacity, x->args));
    case PH_CMD_LIST_PRODUCT: return registered(m, c, ph_terms_list(m, &c->u.product, x->args));
    case PH_CMD_SET_PHASE: return set_phase(m, c, x);
    case PH_CMD_SET_PARTICIPANT_STATE: return set_participant_state(m, c, x);
    case PH_CMD_DEPOSIT:
    case PH_CMD_WITHDRAW: return payment(m, c, x);
    case PH_CMD_MASS_CANCEL: return mass_cancel(m, c, x);
    case PH_CMD_REPLACE_ORDER: return ph_place_replace(m, c->sender.v, &c->u.replace, x->args);
    case PH_CMD_NEW_GROUP:
        return ph_place_group(m, c->sender.v, &c->u.group, x->args, &x->order, &x->member);
    case PH_CMD_ADD_KEY: return registered(m, c, ph_keys_add(m, c->sender.v, &c->u.key, x->args));
    case PH_CMD_REVOKE_KEY:
        return registered(m, c, ph_keys_revoke(m, c->sender.v, &c->u.key, x->args));
    case PH_CMD_SET_TERMS: return ph_terms_renew(m, &c->u.product, x->args);
    case PH_CMD_SET_PRODUCT_STATE: return ph_terms_set_state(m, &c->u.product_state, x->args);
    case PH_CMD_WITHDRAW_CAPACITY:
        return registered(m, c,
                          ph_capacity_withdraw(m, c->sender.v, &c->u.capacity_withdrawal, x->args));
    case PH_CMD_ATTEST_CAPACITY:
        return registered(m, c, ph_capacity_attest(m, c->sender.v, &c->u.attestation, x->args));
    case PH_CMD_MEASURE_SITE:
        return registered(m, c, ph_measure_site_take(m, c->sender.v, &c->u.measurement, x->args));
    case PH_CMD_REPORT_PROBE:
        return registered(m, c, ph_measure_probe_take(m, c->sender.v, &c->u.probe, x->args));
    case PH_CMD_HAND_OVER_ACCESS:
    case PH_CMD_REPORT_DELIVERY:
    case PH_CMD_CONFIRM_DELIVERY:
    case PH_CMD_DISPUTE_DELIVERY:
    case PH_CMD_RESOLVE_DISPUTE: return delivery(m, c, x);
    case PH_CMD_SET_RULES_VERSION:
        return registered(m, c, ph_registry_rules(m, &c->u.rules, x->args));
    case PH_CMD_COUNTERSIGN_CONTRACT: return countersign(m, c, x);
    case PH_CMD_ROTATE_NOTARY_KEY:
        return registered(m, c, ph_notary_key_rotate(m, &c->u.notary_key, x->args));
    case PH_CMD_TAKE_OVER:
        return registered(m, c, ph_keys_check_take_over(m, c->sender.v, &c->u.take_over, x->args));
    }
    ph_panic("command of unknown kind", __FILE__, __LINE__);
}

static ph_reject run(ph_market *m, const ph_command *c, outcome *x)
{
    bool is_order = c->kind == PH_CMD_NEW_ORDER || c->kind == PH_CMD_CANCEL_ORDER;
    if (!is_order) return run_other(m, c, x);
    if (!m->opened) return PH_REJECT_MARKET_NOT_OPEN;
    ph_reject why = check_sender(m, x, 0);
    if (why != PH_REJECT_NONE) return why;
    if (c->kind == PH_CMD_CANCEL_ORDER) return cancel_order(m, c, x);
    return ph_place_order(m, c->sender.v, &c->u.order, x->args, &x->order);
}

/* Never part of its caller, so that profiles can tell what is the market's. */
__attribute__((noinline)) void ph_market_apply(ph_market *m, const ph_command *c, ph_events *out)
{
    PH_ASSERT(c->seq == m->seq + 1);
    PH_ASSERT(c->at.ns >= m->now.ns);
    PH_ASSERT(out->cnt == 0 && out->max >= m->events_max);
    m->now = c->at;
    m->out = out;
    ph_gate_run(m);
    outcome x = {.c = c};
    ph_reject why = run(m, c, &x);
    if (why != PH_REJECT_NONE) emit_rejected(m, &x, why);
    PH_ASSERT(out->cnt >= 1);
    m->seq = c->seq;
}

/* ---- Questions --------------------------------------------------------------------------- */

uint64_t ph_market_seq(const ph_market *m)
{
    return m->seq;
}

ph_time ph_market_next_due(const ph_market *m)
{
    return (ph_time){m->due_ns};
}

const ph_open_market *ph_market_opened(const ph_market *m)
{
    return m->opened ? &m->open_market : NULL;
}

const ph_register_participant *ph_market_participant(const ph_market *m, ph_participant_id id)
{
    return id.v == 0 || id.v > m->participant_cnt ? NULL : &m->participants[id.v].registered;
}

const ph_register_site *ph_market_site(const ph_market *m, ph_site_id id)
{
    return id.v == 0 || id.v > m->site_cnt ? NULL : &m->sites[id.v];
}

const ph_register_hardware *ph_market_hardware(const ph_market *m, ph_hardware_id id)
{
    return id.v == 0 || id.v > m->hardware_cnt ? NULL : &m->hardware[id.v];
}

const ph_product_terms *ph_market_product(const ph_market *m, ph_product_id id)
{
    return id.v == 0 || id.v > m->product_cnt ? NULL : &m->products[id.v].terms;
}

uint32_t ph_market_participant_cnt(const ph_market *m)
{
    return m->participant_cnt;
}

uint32_t ph_market_site_cnt(const ph_market *m)
{
    return m->site_cnt;
}

uint32_t ph_market_hardware_cnt(const ph_market *m)
{
    return m->hardware_cnt;
}

uint32_t ph_market_product_cnt(const ph_market *m)
{
    return m->product_cnt;
}

uint64_t ph_market_contract_cnt(const ph_market *m)
{
    return m->last_contract;
}

uint32_t ph_market_order_cnt(const ph_market *m)
{
    return m->order_cnt;
}

bool ph_market_contract(const ph_market *m, ph_contract_id id, ph_contract_facts *ret)
{
    if (id.v == 0 || id.v > m->last_contract) return false;
    const ph_contract *c = &m->contracts[id.v];
    *ret = (ph_contract_facts){.buyer = {c->buyer},
                               .supplier = {c->supplier},
                               .product = {c->product},
                               .terms_version = c->terms_version,
                               .from_contract = {c->parent},
                               .resales = c->depth};
    if (c->first_delivery != PH_NONE) ret->first_open = m->deliveries[c->first_delivery].period;
    for (uint32_t i = c->first_delivery; i != PH_NONE; i = m->deliveries[i].next)
        ret->open_periods += m->deliveries[i].periods;
    return true;
}

ph_money ph_market_balance(const ph_market *m, ph_account account)
{
    return ph_ledger_balance(m, account);
}

ph_money ph_market_held(const ph_market *m, ph_participant_id id)
{
    return id.v == 0 || id.v > m->participant_cnt ? 0 : m->participants[id.v].held;
}

static void each_of_kind(const ph_market *m, ph_account_kind kind, uint64_t cnt,
                         void (*f)(void *arg, ph_account account, ph_money balance), void *arg)
{
    for (uint64_t id = 1; id <= cnt; id++) {
        ph_account account = {kind, id};
        ph_money balance = ph_ledger_balance(m, account);
        if (balance != 0) f(arg, account, balance);
    }
}

void ph_market_each_account(const ph_market *m,
                            void (*f)(void *arg, ph_account account, ph_money balance), void *arg)
{
    if (m->external != 0) f(arg, (ph_account){PH_ACCOUNT_EXTERNAL, 0}, m->external);
    each_of_kind(m, PH_ACCOUNT_CASH, m->participant_cnt, f, arg);
    each_of_kind(m, PH_ACCOUNT_ESCROW, m->last_contract, f, arg);
    each_of_kind(m, PH_ACCOUNT_BOND, m->last_contract, f, arg);
    each_of_kind(m, PH_ACCOUNT_DEPOSIT, m->last_contract, f, arg);
    each_of_kind(m, PH_ACCOUNT_PREMIUM, m->last_contract, f, arg);
    if (m->fees != 0) f(arg, (ph_account){PH_ACCOUNT_FEES, 0}, m->fees);
}

bool ph_market_order(const ph_market *m, ph_order_id id, ph_resting_order *ret)
{
    uint32_t slot;
    if (id.v == 0 || !ph_row_index_find(&m->order_of, id.v, &slot)) return false;
    const ph_order *o = &m->orders[slot];
    *ret = (ph_resting_order){.order = {o->id},
                              .participant = {o->participant},
                              .terms = {.client_order_id = o->client_order_id,
                                        .product = {o->product},
                                        .side = (ph_side)o->side,
                                        .shape = (ph_shape)o->shape,
                                        .window = o->window,
                                        .quantity = o->quantity,
                                        .price = ph_price_of(o->key),
                                        .time_in_force = (ph_time_in_force)o->time_in_force,
                                        .all_or_none = o->all_or_none,
                                        .stp = (ph_stp)o->stp},
                              .unit_periods = o->left};
    return true;
}

void ph_market_best(const ph_market *m, ph_product_id product, ph_side side, ph_period t,
                    ph_price *ret_price, uint64_t *ret_quantity)
{
    *ret_price = 0;
    *ret_quantity = 0;
    if (product.v == 0 || product.v > m->product_cnt) return;
    const ph_product *p = &m->products[product.v];
    if (t < ph_gate_first_open(m, &p->terms) || t > ph_gate_last_open(m, &p->terms)) return;
    const ph_ladder *l = &ph_book_at(&p->side[side], ph_ring(m, t))->ladder;
    if (l->cnt == 0) return;
    *ret_price = ph_price_of(ph_ladder_best(&m->ladders, l));
    *ret_quantity = ph_book_level(m, l, 0)->quantity;
    if (p->side[side].icebergs == 0) return;
    *ret_quantity = 0;
    for (uint32_t n = ph_book_level(m, l, 0)->head; n != PH_NODE_NONE; n = m->nodes[n].next)
        *ret_quantity += ph_book_shown(m, n);
}
