/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate.h"

#include "gateway/translate_buffers.h"
#include "gateway/translate_fields.h"

#include "petahour/v1/session.pb-c.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Refusal in progress: which message of the frame, and where the sentence goes. */
typedef struct {
    uint32_t message; /* from 1 */
    char *why;
} reading;

static bool __attribute__((format(printf, 2, 3))) refuse(reading *r, const char *format, ...)
{
    int used = 0;
    if (r->message != 0)
        used = snprintf(r->why, PHG_WHY_SIZE, "message %u of the frame: ", (unsigned)r->message);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->why + used, PHG_WHY_SIZE - (size_t)used, format, args);
    va_end(args);
    return false;
}

static void *arena_take(void *arg, size_t size)
{
    phg_translator *t = arg;
    if (size > PHG_ARENA_SIZE) return NULL;
    size_t need = (size + 15) & ~(size_t)15;
    if (need > PHG_ARENA_SIZE - t->arena_used) return NULL;
    void *p = t->arena + t->arena_used;
    t->arena_used += need;
    return p;
}

/* The whole arena is given back before the next frame. */
static void arena_give(void *arg, void *p)
{
    (void)arg;
    (void)p;
}

ph_status phg_translator_open(phg_translator **ret)
{
    phg_translator *t = aligned_alloc(16, (sizeof *t + 15) & ~(size_t)15);
    if (!t) return PH_EFULL;
    t->allocator = (ProtobufCAllocator){arena_take, arena_give, t};
    t->arena_used = 0;
    t->out = NULL;
    t->out_max = 0;
    t->scratch = NULL;
    t->scratch_max = 0;
    *ret = t;
    return PH_OK;
}

void phg_translator_close(phg_translator *t)
{
    if (!t) return;
    free(t->out);
    free(t->scratch);
    free(t);
}

static bool take_text(reading *r, const char *field, const char *from, char *to, size_t size)
{
    if (ph_text_set(to, size, from)) return true;
    return refuse(r, "%s is longer than %zu bytes or has control characters", field, size - 1);
}

static bool take_blob(reading *r, const char *field, ProtobufCBinaryData from, uint8_t *to,
                      size_t size)
{
    if (from.len != size)
        return refuse(r, "%s has %zu bytes where %zu are needed", field, from.len, size);
    memcpy(to, from.data, size);
    return true;
}

static bool listed(reading *r, const char *field, int v, int max)
{
    if (v >= 1 && v <= max) return true;
    return refuse(r, "%s is %d where 1 to %d are known", field, v, max);
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

static bool take_order(reading *r, const Petahour__V1__NewOrder *m, ph_command *c)
{
    if (!listed(r, "side", (int)m->side, PH_SIDE_SELL)) return false;
    if (!listed(r, "shape", (int)m->shape, PH_SHAPE_FLEX)) return false;
    if (!listed(r, "time_in_force", (int)m->time_in_force, PH_TIF_FOK)) return false;
    int stp = (int)m->self_trade_prevention;
    if (stp == 0) stp = PH_STP_CANCEL_INCOMING;
    if (!listed(r, "self_trade_prevention", stp, PH_STP_CANCEL_RESTING)) return false;
    c->kind = PH_CMD_NEW_ORDER;
    c->u.order = (ph_new_order){
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
    c->u.mass_cancel = (ph_mass_cancel){.product = {m->product}};
    return true;
}

static bool take_participant(reading *r, const Petahour__V1__RegisterParticipant *m, ph_command *c)
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

static bool take_site(reading *r, const Petahour__V1__RegisterSite *m, ph_command *c)
{
    ph_register_site *to = &c->u.site;
    bool ok = true;
    c->kind = PH_CMD_REGISTER_SITE;
    c->request = m->request;
    PHG_FIELDS_SITE(TAKE)
    return ok;
}

static bool take_hardware(reading *r, const Petahour__V1__RegisterHardware *m, ph_command *c)
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

static bool take_product(reading *r, const Petahour__V1__ListProduct *list, ph_command *c)
{
    const Petahour__V1__Product *m = list->product;
    ph_product_terms *to = &c->u.product;
    bool ok = true;
    if (!m) return refuse(r, "list_product has no product");
    c->kind = PH_CMD_LIST_PRODUCT;
    c->request = list->request;
    PHG_FIELDS_PRODUCT(TAKE)
    return ok;
}

static bool take_phase(reading *r, const Petahour__V1__SetPhase *m, ph_command *c)
{
    c->kind = PH_CMD_SET_PHASE;
    c->request = m->request;
    if (!listed(r, "phase", (int)m->phase, PH_PHASE_CLOSED)) return false;
    c->u.phase = (ph_set_phase){{m->product}, (ph_phase)m->phase};
    return true;
}

static bool take_state(reading *r, const Petahour__V1__SetParticipantState *m, ph_command *c)
{
    c->kind = PH_CMD_SET_PARTICIPANT_STATE;
    c->request = m->request;
    if (!listed(r, "state", (int)m->state, PH_PARTICIPANT_CLOSED)) return false;
    c->u.participant_state =
        (ph_set_participant_state){{m->participant}, (ph_participant_state)m->state};
    return true;
}

static bool take_deposit(reading *r, const Petahour__V1__Deposit *m, ph_command *c)
{
    ph_payment *to = &c->u.payment;
    c->kind = PH_CMD_DEPOSIT;
    c->request = m->request;
    to->participant.v = m->participant;
    to->amount = m->amount;
    return take_text(r, "reference", m->reference, to->reference.s, sizeof to->reference.s);
}

static bool take_withdraw(reading *r, const Petahour__V1__Withdraw *m, ph_command *c)
{
    ph_payment *to = &c->u.payment;
    c->kind = PH_CMD_WITHDRAW;
    c->request = m->request;
    to->participant.v = m->participant;
    to->amount = m->amount;
    return take_text(r, "reference", m->reference, to->reference.s, sizeof to->reference.s);
}

static bool take_countersignature(reading *r, const Petahour__V1__CountersignContract *m,
                                  ph_command *c)
{
    ph_countersign_contract *to = &c->u.countersignature;
    c->kind = PH_CMD_COUNTERSIGN_CONTRACT;
    c->request = m->request;
    to->contract.v = m->contract;
    return take_blob(r, "key", m->key, to->key.b, sizeof to->key.b) &&
           take_blob(r, "signature", m->signature, to->signature.b, sizeof to->signature.b);
}

static bool take_notary_key(reading *r, const Petahour__V1__RotateNotaryKey *m, ph_command *c)
{
    ph_rotate_notary_key *to = &c->u.notary_key;
    c->kind = PH_CMD_ROTATE_NOTARY_KEY;
    c->request = m->request;
    return take_blob(r, "key", m->key, to->key.b, sizeof to->key.b) &&
           take_blob(r, "proof", m->proof, to->proof.b, sizeof to->proof.b) &&
           (m->endorsement.len == 0 || take_blob(r, "endorsement", m->endorsement,
                                                 to->endorsement.b, sizeof to->endorsement.b));
}

static bool take_logon(const Petahour__V1__Logon *m, phg_in *to)
{
    to->kind = PHG_IN_LOGON;
    to->u.logon = (phg_logon){m->protocol_version, m->next_report, m->next_contract,
                              m->receive != 0, m->next_countersignature};
    return true;
}

static bool take_message(reading *r, const Petahour__V1__ClientMessage *m, phg_in *to)
{
    ph_command *c = &to->u.command;
    memset(c, 0, sizeof *c);
    to->kind = PHG_IN_COMMAND;
    switch (m->message_case) {
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LOGON: return take_logon(m->logon, to);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LOGOUT: to->kind = PHG_IN_LOGOUT; return true;
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_HEARTBEAT: to->kind = PHG_IN_HEARTBEAT; return true;
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LIST_CATALOGUE:
        to->kind = PHG_IN_LIST_CATALOGUE;
        to->u.request = m->list_catalogue->request;
        return true;
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_NEW_ORDER: return take_order(r, m->new_order, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_CANCEL_ORDER: return take_cancel(m->cancel_order, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_MASS_CANCEL:
        return take_mass_cancel(m->mass_cancel, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_REGISTER_PARTICIPANT:
        return take_participant(r, m->register_participant, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_REGISTER_SITE:
        return take_site(r, m->register_site, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_REGISTER_HARDWARE:
        return take_hardware(r, m->register_hardware, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_REGISTER_CAPACITY:
        return take_capacity(m->register_capacity, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LIST_PRODUCT:
        return take_product(r, m->list_product, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_SET_PHASE: return take_phase(r, m->set_phase, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_SET_PARTICIPANT_STATE:
        return take_state(r, m->set_participant_state, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_DEPOSIT: return take_deposit(r, m->deposit, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_WITHDRAW: return take_withdraw(r, m->withdraw, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_COUNTERSIGN_CONTRACT:
        return take_countersignature(r, m->countersign_contract, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_ROTATE_NOTARY_KEY:
        return take_notary_key(r, m->rotate_notary_key, c);
    case PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE__NOT_SET:
    case _PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE__CASE_IS_INT_SIZE: break;
    }
    return refuse(r, "has no content that is known here");
}

/* Nothing that this version does not know, at any depth.  Every member of the union is a pointer
   to a message. */
static bool has_unknown_fields(const Petahour__V1__ClientMessage *m)
{
    if (m->base.n_unknown_fields != 0) return true;
    if (m->message_case == PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE__NOT_SET) return false;
    const ProtobufCMessage *inner = (const ProtobufCMessage *)m->logon;
    if (inner->n_unknown_fields != 0) return true;
    if (m->message_case != PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_LIST_PRODUCT) return false;
    const Petahour__V1__Product *product = m->list_product->product;
    return product && product->base.n_unknown_fields != 0;
}

/* Counts the messages of the frame without allocating; each is field 1 with a length. */
static bool count_messages(reading *r, const uint8_t *p, size_t size, uint32_t *ret_cnt)
{
    const uint8_t *end = p + size;
    uint32_t cnt = 0;
    while (p < end) {
        if (*p++ != 0x0a) return refuse(r, "the frame has a field that is not known");
        uint32_t length = 0;
        unsigned shift = 0;
        do {
            if (p == end || shift > 14)
                return refuse(r, "a length of the frame is cut or too long");
            length |= (uint32_t)(*p & 0x7f) << shift;
            shift += 7;
        } while (*p++ & 0x80);
        if (length > (size_t)(end - p)) return refuse(r, "the frame is cut");
        p += length;
        if (++cnt > PHG_FRAME_MESSAGES_MAX)
            return refuse(r, "the frame has more than %d messages", PHG_FRAME_MESSAGES_MAX);
    }
    if (cnt == 0) return refuse(r, "the frame has no message");
    *ret_cnt = cnt;
    return true;
}

bool phg_translate_in(phg_translator *t, const void *bytes, size_t size, phg_in_frame *ret,
                      char why[PHG_WHY_SIZE])
{
    reading r = {0, why};
    uint32_t cnt = 0;
    if (size > PHG_FRAME_BYTES_MAX)
        return refuse(&r, "the frame has %zu bytes where %d are allowed", size,
                      PHG_FRAME_BYTES_MAX);
    if (!count_messages(&r, bytes, size, &cnt)) return false;
    t->arena_used = 0;
    Petahour__V1__ClientFrame *frame =
        petahour__v1__client_frame__unpack(&t->allocator, size, bytes);
    if (!frame || frame->n_messages != cnt)
        return refuse(&r, "the frame is not a ClientFrame of petahour.v1");
    for (uint32_t i = 0; i < cnt; i++) {
        r.message = i + 1;
        if (has_unknown_fields(frame->messages[i]))
            return refuse(&r, "has a field that is not known here");
        if (!take_message(&r, frame->messages[i], &ret->v[i])) return false;
    }
    r.message = 0;
    if (petahour__v1__client_frame__get_packed_size(frame) != size)
        return refuse(&r, "the frame is not the shortest encoding of what it says");
    ret->cnt = cnt;
    return true;
}
