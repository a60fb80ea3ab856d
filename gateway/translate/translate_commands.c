/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of clients as commands of the market, one function each. */
#include "gateway/translate/translate_fields.h"
#include "gateway/translate/translate_in.h"

#include <string.h>

static bool take_text(phg_reading *r, const char *field, const char *from, char *to, size_t size)
{
    if (ph_text_set(to, size, from)) return true;
    return phg_refuse(r, "%s is longer than %zu bytes or has control characters", field, size - 1);
}

static bool take_blob(phg_reading *r, const char *field, ProtobufCBinaryData from, uint8_t *to,
                      size_t size)
{
    if (from.len != size)
        return phg_refuse(r, "%s has %zu bytes where %zu are needed", field, from.len, size);
    memcpy(to, from.data, size);
    return true;
}

static bool listed(phg_reading *r, const char *field, int v, int max)
{
    if (v >= 1 && v <= max) return true;
    return phg_refuse(r, "%s is %d where 1 to %d are known", field, v, max);
}

#define TAKE_num(name, field, max) to->field = m->name;
#define TAKE_text(name, field, max) \
    ok = ok && take_text(r, #name, m->name, to->field, sizeof to->field);
#define TAKE_blob(name, field, max) \
    ok = ok && take_blob(r, #name, m->name, to->field, sizeof to->field);
#define TAKE_enu(name, enum_field, max)             \
    ok = ok && listed(r, #name, (int)m->name, max); \
    if (ok) to->enum_field = (__typeof__(to->enum_field))m->name;
#define TAKE(form, name, field, max) TAKE_##form(name, field, max)

bool phg_take_order(phg_reading *r, const Petahour__V1__NewOrder *m, ph_new_order *to)
{
    if (!listed(r, "side", (int)m->side, PH_SIDE_SELL)) return false;
    if (!listed(r, "shape", (int)m->shape, PH_SHAPE_FLEX)) return false;
    if (!listed(r, "time_in_force", (int)m->time_in_force, PH_TIF_FOK)) return false;
    int stp = (int)m->self_trade_prevention;
    if (stp == 0) stp = PH_STP_CANCEL_INCOMING;
    if (!listed(r, "self_trade_prevention", stp, PH_STP_CANCEL_RESTING)) return false;
    *to = (ph_new_order){
        .client_order_id = m->client_order_id,
        .product = {m->product},
        .side = (ph_side)m->side,
        .shape = (ph_shape)m->shape,
        .window = {m->first_period, m->periods},
        .duration = m->duration,
        .quantity = m->quantity,
        .price = m->price,
        .time_in_force = (ph_time_in_force)m->time_in_force,
        .expire_at = {m->expire_at},
        .all_or_none = m->all_or_none,
        .post_only = m->post_only,
        .display_quantity = m->display_quantity,
        .stp = (ph_stp)stp,
        .from_contract = {m->from_contract},
    };
    return true;
}

static bool take_order(phg_reading *r, const Petahour__V1__NewOrder *m, ph_command *c)
{
    c->kind = PH_CMD_NEW_ORDER;
    return phg_take_order(r, m, &c->u.order);
}

/* The market answers a group of any size that can be written down. */
static bool take_group(phg_reading *r, const Petahour__V1__NewGroup *m, ph_command *c)
{
    c->kind = PH_CMD_NEW_GROUP;
    c->request = m->request;
    if (m->n_orders > PH_GROUP_MEMBERS_MAX)
        return phg_refuse(r, "the group has %zu orders where %d fit", m->n_orders,
                          PH_GROUP_MEMBERS_MAX);
    c->u.group.cnt = (uint32_t)m->n_orders;
    for (size_t i = 0; i < m->n_orders; i++)
        if (!phg_take_order(r, m->orders[i], &c->u.group.v[i])) return false;
    return true;
}

static bool take_replace(const Petahour__V1__ReplaceOrder *m, ph_command *c)
{
    c->kind = PH_CMD_REPLACE_ORDER;
    c->request = m->request;
    c->u.replace = (ph_replace_order){{m->order}, m->client_order_id, m->price, m->quantity};
    return true;
}

static bool take_cancel(const Petahour__V1__CancelOrder *m, ph_command *c)
{
    c->kind = PH_CMD_CANCEL_ORDER;
    c->request = m->request;
    c->u.cancel = (ph_cancel_order){{m->order}, m->client_order_id};
    return true;
}

static bool take_mass_cancel(const Petahour__V1__MassCancel *m, ph_command *c)
{
    c->kind = PH_CMD_MASS_CANCEL;
    c->request = m->request;
    c->u.mass_cancel = (ph_mass_cancel){{m->product}, {m->participant}};
    return true;
}

static bool take_participant(phg_reading *r, const Petahour__V1__RegisterParticipant *m,
                             ph_command *c)
{
    ph_register_participant *to = &c->u.participant;
    c->kind = PH_CMD_REGISTER_PARTICIPANT;
    c->request = m->request;
    to->id.v = m->id;
    to->roles = m->roles;
    return take_text(r, "name", m->name, to->name.s, sizeof to->name.s) &&
           take_blob(r, "curve_key", m->curve_key, to->curve_key.b, sizeof to->curve_key.b) &&
           take_blob(r, "sign_key", m->sign_key, to->sign_key.b, sizeof to->sign_key.b);
}

static bool take_site(phg_reading *r, const Petahour__V1__RegisterSite *m, ph_command *c)
{
    ph_register_site *to = &c->u.site;
    bool ok = true;
    c->kind = PH_CMD_REGISTER_SITE;
    c->request = m->request;
    PHG_FIELDS_SITE(TAKE)
    return ok;
}

static bool take_hardware(phg_reading *r, const Petahour__V1__RegisterHardware *m, ph_command *c)
{
    ph_register_hardware *to = &c->u.hardware;
    bool ok = true;
    c->kind = PH_CMD_REGISTER_HARDWARE;
    c->request = m->request;
    PHG_FIELDS_HARDWARE(TAKE)
    return ok;
}

static bool take_capacity(const Petahour__V1__RegisterCapacity *m, ph_command *c)
{
    c->kind = PH_CMD_REGISTER_CAPACITY;
    c->request = m->request;
    c->u.capacity = (ph_register_capacity){
        .reference = m->reference,
        .site = {m->site},
        .hardware = {m->hardware},
        .period_seconds = m->period_seconds,
        .window = {m->first_period, m->periods},
        .units = m->units,
    };
    return true;
}

static bool take_terms(phg_reading *r, const Petahour__V1__Product *m, ph_product_terms *to)
{
    bool ok = true;
    if (!m) return phg_refuse(r, "has no product");
    PHG_FIELDS_PRODUCT(TAKE)
    return ok;
}

static bool take_product(phg_reading *r, const Petahour__V1__ListProduct *m, ph_command *c)
{
    c->kind = PH_CMD_LIST_PRODUCT;
    c->request = m->request;
    return take_terms(r, m->product, &c->u.product);
}

static bool take_set_terms(phg_reading *r, const Petahour__V1__SetTerms *m, ph_command *c)
{
    c->kind = PH_CMD_SET_TERMS;
    c->request = m->request;
    return take_terms(r, m->product, &c->u.product);
}

static bool take_product_state(phg_reading *r, const Petahour__V1__SetProductState *m,
                               ph_command *c)
{
    c->kind = PH_CMD_SET_PRODUCT_STATE;
    c->request = m->request;
    if (!listed(r, "state", (int)m->state, PH_PRODUCT_DELISTED)) return false;
    c->u.product_state = (ph_set_product_state){{m->product}, (ph_product_state)m->state};
    return true;
}

static bool take_phase(phg_reading *r, const Petahour__V1__SetPhase *m, ph_command *c)
{
    c->kind = PH_CMD_SET_PHASE;
    c->request = m->request;
    if (!listed(r, "phase", (int)m->phase, PH_PHASE_CLOSED)) return false;
    c->u.phase = (ph_set_phase){{m->product}, (ph_phase)m->phase};
    return true;
}

static bool take_state(phg_reading *r, const Petahour__V1__SetParticipantState *m, ph_command *c)
{
    c->kind = PH_CMD_SET_PARTICIPANT_STATE;
    c->request = m->request;
    if (!listed(r, "state", (int)m->state, PH_PARTICIPANT_CLOSED)) return false;
    c->u.participant_state =
        (ph_set_participant_state){{m->participant}, (ph_participant_state)m->state};
    return true;
}

static bool take_deposit(phg_reading *r, const Petahour__V1__Deposit *m, ph_command *c)
{
    ph_payment *to = &c->u.payment;
    c->kind = PH_CMD_DEPOSIT;
    c->request = m->request;
    to->participant.v = m->participant;
    to->amount = m->amount;
    return take_text(r, "reference", m->reference, to->reference.s, sizeof to->reference.s);
}

static bool take_withdraw(phg_reading *r, const Petahour__V1__Withdraw *m, ph_command *c)
{
    ph_payment *to = &c->u.payment;
    c->kind = PH_CMD_WITHDRAW;
    c->request = m->request;
    to->participant.v = m->participant;
    to->amount = m->amount;
    return take_text(r, "reference", m->reference, to->reference.s, sizeof to->reference.s);
}

static bool take_key(phg_reading *r, ph_key_change *to, int use, ProtobufCBinaryData key)
{
    if (!listed(r, "use", use, PH_KEY_READING)) return false;
    to->use = (ph_key_use)use;
    return take_blob(r, "key", key, to->key.b, sizeof to->key.b);
}

static bool take_add_key(phg_reading *r, const Petahour__V1__AddKey *m, ph_command *c)
{
    c->kind = PH_CMD_ADD_KEY;
    c->request = m->request;
    c->u.key.participant.v = m->participant;
    return take_key(r, &c->u.key, (int)m->use, m->key);
}

static bool take_revoke_key(phg_reading *r, const Petahour__V1__RevokeKey *m, ph_command *c)
{
    c->kind = PH_CMD_REVOKE_KEY;
    c->request = m->request;
    c->u.key.participant.v = m->participant;
    return take_key(r, &c->u.key, (int)m->use, m->key);
}

static bool take_capacity_withdrawal(const Petahour__V1__WithdrawCapacity *m, ph_command *c)
{
    c->kind = PH_CMD_WITHDRAW_CAPACITY;
    c->request = m->request;
    c->u.capacity_withdrawal = (ph_withdraw_capacity){
        .reference = m->reference,
        .site = {m->site},
        .hardware = {m->hardware},
        .window = {m->first_period, m->periods},
        .units = m->units,
    };
    return true;
}

static bool take_attestation(phg_reading *r, const Petahour__V1__AttestCapacity *m, ph_command *c)
{
    ph_attest_capacity *to = &c->u.attestation;
    bool ok = true;
    c->kind = PH_CMD_ATTEST_CAPACITY;
    c->request = m->request;
    PHG_FIELDS_ATTESTATION(TAKE)
    return ok;
}

static bool take_measurement(phg_reading *r, const Petahour__V1__MeasureSite *m, ph_command *c)
{
    ph_measure_site *to = &c->u.measurement;
    bool ok = true;
    c->kind = PH_CMD_MEASURE_SITE;
    c->request = m->request;
    PHG_FIELDS_MEASUREMENT(TAKE)
    return ok;
}

static bool take_probe(phg_reading *r, const Petahour__V1__ReportProbe *m, ph_command *c)
{
    ph_report_probe *to = &c->u.probe;
    bool ok = true;
    c->kind = PH_CMD_REPORT_PROBE;
    c->request = m->request;
    PHG_FIELDS_PROBE(TAKE)
    return ok;
}

static bool take_access(phg_reading *r, const Petahour__V1__HandOverAccess *m, ph_command *c)
{
    c->kind = PH_CMD_HAND_OVER_ACCESS;
    c->request = m->request;
    if (m->sealed.len > PH_ACCESS_BYTES_MAX)
        return phg_refuse(r, "sealed has %zu bytes where %d fit", m->sealed.len,
                          PH_ACCESS_BYTES_MAX);
    c->u.access.contract.v = m->contract;
    c->u.access.size = (uint32_t)m->sealed.len;
    if (m->sealed.len != 0) memcpy(c->u.access.sealed, m->sealed.data, m->sealed.len);
    return true;
}

static bool take_report(phg_reading *r, const Petahour__V1__ReportDelivery *m, ph_command *c)
{
    ph_report_delivery *to = &c->u.report;
    bool ok = true;
    c->kind = PH_CMD_REPORT_DELIVERY;
    c->request = m->request;
    PHG_FIELDS_REPORT(TAKE)
    return ok;
}

static bool take_confirmation(const Petahour__V1__ConfirmDelivery *m, ph_command *c)
{
    c->kind = PH_CMD_CONFIRM_DELIVERY;
    c->request = m->request;
    c->u.confirmation = (ph_confirm_delivery){{m->contract}, m->period};
    return true;
}

static bool take_dispute(const Petahour__V1__DisputeDelivery *m, ph_command *c)
{
    c->kind = PH_CMD_DISPUTE_DELIVERY;
    c->request = m->request;
    c->u.figure = (ph_delivery_figure){{m->contract}, m->period, m->delivered};
    return true;
}

static bool take_decision(const Petahour__V1__ResolveDispute *m, ph_command *c)
{
    c->kind = PH_CMD_RESOLVE_DISPUTE;
    c->request = m->request;
    c->u.figure = (ph_delivery_figure){{m->contract}, m->period, m->delivered};
    return true;
}

static bool take_rules(const Petahour__V1__SetRulesVersion *m, ph_command *c)
{
    c->kind = PH_CMD_SET_RULES_VERSION;
    c->request = m->request;
    c->u.rules.version = m->version;
    return true;
}

static bool take_countersignature(phg_reading *r, const Petahour__V1__CountersignContract *m,
                                  ph_command *c)
{
    ph_countersign_contract *to = &c->u.countersignature;
    c->kind = PH_CMD_COUNTERSIGN_CONTRACT;
    c->request = m->request;
    to->contract.v = m->contract;
    return take_blob(r, "key", m->key, to->key.b, sizeof to->key.b) &&
           take_blob(r, "signature", m->signature, to->signature.b, sizeof to->signature.b);
}

static bool take_notary_key(phg_reading *r, const Petahour__V1__RotateNotaryKey *m, ph_command *c)
{
    ph_rotate_notary_key *to = &c->u.notary_key;
    c->kind = PH_CMD_ROTATE_NOTARY_KEY;
    c->request = m->request;
    return take_blob(r, "key", m->key, to->key.b, sizeof to->key.b) &&
           take_blob(r, "proof", m->proof, to->proof.b, sizeof to->proof.b) &&
           (m->endorsement.len == 0 || take_blob(r, "endorsement", m->endorsement,
                                                 to->endorsement.b, sizeof to->endorsement.b));
}

#define IS(NAME) PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_##NAME

bool phg_take_command(phg_reading *r, const Petahour__V1__ClientMessage *m, ph_command *c)
{
    switch (m->message_case) {
    case IS(NEW_ORDER): return take_order(r, m->new_order, c);
    case IS(CANCEL_ORDER): return take_cancel(m->cancel_order, c);
    case IS(MASS_CANCEL): return take_mass_cancel(m->mass_cancel, c);
    case IS(REGISTER_PARTICIPANT): return take_participant(r, m->register_participant, c);
    case IS(REGISTER_SITE): return take_site(r, m->register_site, c);
    case IS(REGISTER_HARDWARE): return take_hardware(r, m->register_hardware, c);
    case IS(REGISTER_CAPACITY): return take_capacity(m->register_capacity, c);
    case IS(LIST_PRODUCT): return take_product(r, m->list_product, c);
    case IS(SET_PHASE): return take_phase(r, m->set_phase, c);
    case IS(SET_PARTICIPANT_STATE): return take_state(r, m->set_participant_state, c);
    case IS(DEPOSIT): return take_deposit(r, m->deposit, c);
    case IS(WITHDRAW): return take_withdraw(r, m->withdraw, c);
    case IS(REPLACE_ORDER): return take_replace(m->replace_order, c);
    case IS(NEW_GROUP): return take_group(r, m->new_group, c);
    case IS(ADD_KEY): return take_add_key(r, m->add_key, c);
    case IS(REVOKE_KEY): return take_revoke_key(r, m->revoke_key, c);
    case IS(SET_TERMS): return take_set_terms(r, m->set_terms, c);
    case IS(SET_PRODUCT_STATE): return take_product_state(r, m->set_product_state, c);
    case IS(WITHDRAW_CAPACITY): return take_capacity_withdrawal(m->withdraw_capacity, c);
    case IS(ATTEST_CAPACITY): return take_attestation(r, m->attest_capacity, c);
    case IS(MEASURE_SITE): return take_measurement(r, m->measure_site, c);
    case IS(REPORT_PROBE): return take_probe(r, m->report_probe, c);
    case IS(HAND_OVER_ACCESS): return take_access(r, m->hand_over_access, c);
    case IS(REPORT_DELIVERY): return take_report(r, m->report_delivery, c);
    case IS(CONFIRM_DELIVERY): return take_confirmation(m->confirm_delivery, c);
    case IS(DISPUTE_DELIVERY): return take_dispute(m->dispute_delivery, c);
    case IS(RESOLVE_DISPUTE): return take_decision(m->resolve_dispute, c);
    case IS(SET_RULES_VERSION): return take_rules(m->set_rules_version, c);
    case IS(COUNTERSIGN_CONTRACT): return take_countersignature(r, m->countersign_contract, c);
    case IS(ROTATE_NOTARY_KEY): return take_notary_key(r, m->rotate_notary_key, c);
    case IS(LOGON):
    case IS(LOGOUT):
    case IS(HEARTBEAT):
    case IS(LIST_CATALOGUE):
    case IS(ASK_PREVIEW):
    case IS(ASK_WHY):
    case IS(ASK_DEPTH):
    case IS(ASK_ORDERS):
    case IS(ASK_POSITIONS):
    case IS(ASK_BALANCES):
    case IS(ASK_ORDER_STATUS):
    case IS(ASK_CONTRACTS):
    case IS(ASK_STATEMENT):
    case IS(_NOT_SET):
    case _PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE__CASE_IS_INT_SIZE: break;
    }
    return phg_refuse(r, "has no content that is known here");
}
