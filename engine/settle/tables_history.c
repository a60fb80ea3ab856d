/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/tables_row.h"

static bool write_rules(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    bool opens = rows->registered[i].kind == PH_CMD_OPEN_MARKET;
    const ph_command *command =
        begin(c, rows, i, opens ? PH_CMD_OPEN_MARKET : PH_CMD_SET_RULES_VERSION);
    if (command == NULL) return false;
    ph_copy_count(c, opens ? command->u.open_market.rules_version : command->u.rules.version);
    ph_copy_row_end(c);
    return true;
}

static bool write_participant_state(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_SET_PARTICIPANT_STATE);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.participant_state.participant.v);
    enumeration(c, command->u.participant_state.state);
    ph_copy_row_end(c);
    return true;
}

static bool key(ph_copy *c, const ph_rows *rows, uint64_t i, const ph_key_change *k, bool is_added)
{
    (void)begin(c, rows, i, rows->registered[i].kind); /* of its own kind: never NULL */
    ph_copy_count(c, k->participant.v);
    enumeration(c, k->use);
    ph_copy_bytea(c, k->key.b, 32);
    ph_copy_bool(c, is_added);
    ph_copy_row_end(c);
    return true;
}

/* The key of this use that a registration gives. */
static bool first_key(ph_copy *c, const ph_rows *rows, uint64_t i, ph_key_use use)
{
    const ph_command *command = &rows->registered[i];
    ph_key_change k = {.use = use};
    if (command->kind == PH_CMD_OPEN_MARKET) {
        const ph_open_market *m = &command->u.open_market;
        k.participant.v = 1; /* the operator */
        k.key = use == PH_KEY_CONNECTION ? m->operator_curve_key : m->operator_sign_key;
    } else if (command->kind == PH_CMD_REGISTER_PARTICIPANT) {
        const ph_register_participant *p = &command->u.participant;
        k.participant = p->id;
        k.key = use == PH_KEY_CONNECTION ? p->curve_key : p->sign_key;
    } else {
        return false;
    }
    return key(c, rows, i, &k, true);
}

static bool write_connection_key(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    return first_key(c, rows, i, PH_KEY_CONNECTION);
}

static bool write_signature_key(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    return first_key(c, rows, i, PH_KEY_SIGNATURE);
}

static bool write_key(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = &rows->registered[i];
    if (command->kind != PH_CMD_ADD_KEY && command->kind != PH_CMD_REVOKE_KEY) return false;
    ph_key_change k = command->u.key;
    if (k.participant.v == 0) k.participant = command->sender;
    return key(c, rows, i, &k, command->kind == PH_CMD_ADD_KEY);
}

static bool terms(ph_copy *c, const ph_command *command, uint32_t version)
{
    ph_copy_row(c);
    ph_copy_count(c, command->seq);
    ph_copy_count(c, command->at.ns);
    ph_copy_count(c, command->u.product.id.v);
    ph_terms_write(c, &command->u.product);
    ph_copy_count(c, version);
    ph_copy_row_end(c);
    return true;
}

static bool write_first_terms(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = &rows->registered[i];
    return command->kind == PH_CMD_LIST_PRODUCT && terms(c, command, 1);
}

static bool write_terms(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_row_event *e = &rows->events[i];
    return e->event.kind == PH_EVT_TERMS_SET &&
           terms(c, &rows->registered[e->registered], e->event.u.terms_set.terms_version);
}

static bool write_product_state(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_SET_PRODUCT_STATE);
    if (command == NULL) return false;
    ph_copy_count(c, command->u.product_state.product.v);
    enumeration(c, command->u.product_state.state);
    ph_copy_row_end(c);
    return true;
}

static bool write_phase(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_PHASE_CHANGED);
    if (e == NULL) return false;
    ph_copy_count(c, e->u.phase_changed.product.v);
    enumeration(c, e->u.phase_changed.phase);
    ph_copy_row_end(c);
    return true;
}

static bool write_reference(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_REFERENCE_SET);
    if (e == NULL) return false;
    ph_copy_count(c, e->u.reference_set.product.v);
    ph_copy_i64(c, e->u.reference_set.price);
    ph_copy_row_end(c);
    return true;
}

static bool write_gate(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_GATE_CLOSED);
    if (e == NULL) return false;
    ph_copy_count(c, e->u.gate_closed.product.v);
    ph_copy_count(c, e->u.gate_closed.period);
    ph_copy_row_end(c);
    return true;
}

static bool write_withdrawal(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_WITHDRAW_CAPACITY);
    if (command == NULL) return false;
    const ph_withdraw_capacity *w = &command->u.capacity_withdrawal;
    ph_copy_count(c, command->sender.v);
    ph_copy_numeric(c, w->reference);
    ph_copy_count(c, w->site.v);
    ph_copy_count(c, w->hardware.v);
    ph_copy_count(c, w->window.first);
    ph_copy_count(c, w->window.periods);
    ph_copy_count(c, w->units);
    ph_copy_row_end(c);
    return true;
}

static bool write_attestation(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_ATTEST_CAPACITY);
    if (command == NULL) return false;
    const ph_attest_capacity *a = &command->u.attestation;
    ph_copy_count(c, command->sender.v);
    ph_copy_numeric(c, a->reference);
    ph_copy_count(c, a->supplier.v);
    ph_copy_count(c, a->site.v);
    ph_copy_count(c, a->hardware.v);
    ph_copy_count(c, a->window.first);
    ph_copy_count(c, a->window.periods);
    ph_copy_count(c, a->units);
    ph_copy_bytea(c, a->document.b, 32);
    ph_copy_bytea(c, a->signature.b, 64);
    ph_copy_row_end(c);
    return true;
}

static bool write_measurement(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_MEASURE_SITE);
    if (command == NULL) return false;
    const ph_measure_site *m = &command->u.measurement;
    ph_copy_count(c, command->sender.v);
    ph_copy_count(c, m->site.v);
    ph_copy_count(c, m->measured_at.ns);
    ph_copy_count(c, m->pue_ppm);
    ph_copy_count(c, m->cue_ppm);
    ph_copy_count(c, m->wue_ppm);
    enumeration(c, m->green_grade);
    ph_copy_bytea(c, m->signature.b, 64);
    ph_copy_row_end(c);
    return true;
}

static bool write_probe(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_command *command = begin(c, rows, i, PH_CMD_REPORT_PROBE);
    if (command == NULL) return false;
    const ph_report_probe *p = &command->u.probe;
    ph_copy_count(c, command->sender.v);
    ph_copy_text(c, p->region.s, sizeof p->region.s);
    ph_copy_count(c, p->site.v);
    ph_copy_count(c, p->measured_at.ns);
    ph_copy_count(c, p->rtt_us);
    ph_copy_count(c, p->bandwidth_mbps);
    ph_copy_count(c, p->reachable_ppm);
    ph_copy_bytea(c, p->signature.b, 64);
    ph_copy_row_end(c);
    return true;
}

static bool write_replacement(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_REPLACED);
    if (e == NULL) return false;
    const ph_replaced *r = &e->u.replaced;
    ph_copy_count(c, r->order.v);
    ph_copy_count(c, r->participant.v);
    ph_copy_count(c, r->place);
    ph_copy_i64(c, r->price);
    ph_copy_count(c, r->quantity);
    ph_copy_count(c, r->unit_periods);
    ph_copy_i64(c, r->hold);
    ph_copy_row_end(c);
    return true;
}

static bool write_period_lost(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_PERIOD_LOST);
    if (e == NULL) return false;
    const ph_period_lost *l = &e->u.period_lost;
    ph_copy_count(c, l->order.v);
    ph_copy_count(c, l->participant.v);
    ph_copy_count(c, l->period);
    ph_copy_count(c, l->quantity);
    enumeration(c, l->reason);
    ph_copy_row_end(c);
    return true;
}

static bool write_clip(ph_copy *c, const ph_rows *rows, uint64_t i)
{
    const ph_event *e = begin_event(c, rows, i, PH_EVT_CLIP_SHOWN);
    if (e == NULL) return false;
    const ph_clip_shown *s = &e->u.clip_shown;
    ph_copy_count(c, s->order.v);
    ph_copy_count(c, s->participant.v);
    ph_copy_count(c, s->period);
    ph_copy_count(c, s->quantity);
    ph_copy_count(c, s->place);
    ph_copy_row_end(c);
    return true;
}

#define KEY_COLUMNS   "seq, at_ns, participant, use, key, is_added"
#define TERMS_COLUMNS "seq, at_ns, product, " PH_TERMS_COLUMNS ", version"
#define EVENT_COLUMNS "seq, number, at_ns, "
#define ORDER_COLUMNS EVENT_COLUMNS "\"order\", participant, "

static const ph_table tables[] = {
    {"petahour.rules", "seq, at_ns, version", registered_cnt, write_rules, 0},
    {"petahour.participant_state", "seq, at_ns, participant, state", registered_cnt,
     write_participant_state, 0},
    {"petahour.key_change", KEY_COLUMNS, registered_cnt, write_connection_key, 0},
    {"petahour.key_change", KEY_COLUMNS, registered_cnt, write_signature_key, 0},
    {"petahour.key_change", KEY_COLUMNS, registered_cnt, write_key, 0},
    {"petahour.terms", TERMS_COLUMNS, registered_cnt, write_first_terms, 0},
    {"petahour.terms", TERMS_COLUMNS, events_cnt, write_terms, 0},
    {"petahour.product_state", "seq, at_ns, product, state", registered_cnt, write_product_state,
     0},
    {"petahour.product_phase", EVENT_COLUMNS "product, phase", events_cnt, write_phase, 0},
    {"petahour.reference_price", EVENT_COLUMNS "product, price", events_cnt, write_reference, 0},
    {"petahour.gate", EVENT_COLUMNS "product, period", events_cnt, write_gate, 0},
    {"petahour.capacity_withdrawal",
     "seq, at_ns, supplier, reference, site, hardware, first_period, periods, units",
     registered_cnt, write_withdrawal, 0},
    {"petahour.capacity_attestation",
     "seq, at_ns, auditor, reference, supplier, site, hardware, first_period, periods, units, "
     "document, signature",
     registered_cnt, write_attestation, 0},
    {"petahour.site_measurement",
     "seq, at_ns, meter, site, measured_at_ns, pue_ppm, cue_ppm, wue_ppm, green_grade, signature",
     registered_cnt, write_measurement, 0},
    {"petahour.probe",
     "seq, at_ns, meter, region, site, measured_at_ns, rtt_us, bandwidth_mbps, reachable_ppm, "
     "signature",
     registered_cnt, write_probe, 0},
    {"petahour.order_replacement", ORDER_COLUMNS "place, price, quantity, unit_periods, hold",
     events_cnt, write_replacement, 0},
    {"petahour.order_period_lost", ORDER_COLUMNS "period, quantity, reason", events_cnt,
     write_period_lost, 0},
    {"petahour.order_clip", ORDER_COLUMNS "period, quantity, place", events_cnt, write_clip, 0},
};

const ph_table_list ph_history_tables = {tables, sizeof tables / sizeof tables[0]};
