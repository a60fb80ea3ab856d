/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/translate/translate.h"

#include "gateway/translate/translate_buffers.h"
#include "gateway/translate/translate_fields.h"

#include "petahour/v1/session.pb-c.h"

#include "engine/base/panic.h"
#include "engine/wire/codec.h"
#include "engine/wire/reject.h"
#include "proto/shortest.h"

#include <stdlib.h>
#include <string.h>

char *phg_text_of(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};
    return u.out;
}

ProtobufCBinaryData phg_blob_of(const void *bytes, size_t size)
{
    union {
        const void *in;
        uint8_t *out;
    } u = {.in = bytes};
    return (ProtobufCBinaryData){.len = size, .data = u.out};
}

bool phg_grow(void **room, size_t *max, size_t need)
{
    if (need <= *max) return true;
    size_t more = need < 4096 ? 4096 : need + need / 2;
    void *grown = realloc(*room, more);
    if (!grown) return false;
    *room = grown;
    *max = more;
    return true;
}

phg_bytes phg_pack(phg_translator *t, const ProtobufCMessage *m, bool is_framed)
{
    size_t size = protobuf_c_message_get_packed_size(m);
    void *room = t->out;
    bool has_room = phg_grow(&room, &t->out_max, size + 16);
    t->out = room;
    if (!has_room) return (phg_bytes){NULL, 0};
    size_t at = 0;
    if (is_framed) {
        t->out[at++] = 0x0a; /* GatewayFrame.messages, with a length */
        size_t left = size;
        for (; left >= 0x80; left >>= 7)
            t->out[at++] = (uint8_t)(left | 0x80);
        t->out[at++] = (uint8_t)left;
    }
    size_t written = protobuf_c_message_pack(m, t->out + at);
    PH_ASSERT(written == size);
    return (phg_bytes){t->out, at + size};
}

phg_bytes phg_pack_message(phg_translator *t, const Petahour__V1__GatewayMessage *m)
{
    return phg_pack(t, &m->base, true);
}

void *phg_scratch(phg_translator *t, size_t cnt, size_t size)
{
    size_t bytes = (cnt + 1) * (size + sizeof(void *)); /* none at all have a place too */
    return phg_grow(&t->scratch, &t->scratch_max, bytes) ? t->scratch : NULL;
}

void phg_fill_segment(Petahour__V1__Segment *to, const ph_segment *from)
{
    petahour__v1__segment__init(to);
    to->first_period = from->window.first;
    to->periods = from->window.periods;
    to->quantity = from->quantity;
    to->price = from->price;
}

Petahour__V1__NewOrder phg_order_of(const ph_new_order *o)
{
    Petahour__V1__NewOrder m;
    petahour__v1__new_order__init(&m);
    m.client_order_id = o->client_order_id;
    m.product = o->product.v;
    m.side = (Petahour__V1__Side)o->side;
    m.shape = (Petahour__V1__Shape)o->shape;
    m.first_period = o->window.first;
    m.periods = o->window.periods;
    m.duration = o->duration;
    m.quantity = o->quantity;
    m.price = o->price;
    m.time_in_force = (Petahour__V1__TimeInForce)o->time_in_force;
    m.expire_at = o->expire_at.ns;
    m.all_or_none = o->all_or_none;
    m.post_only = o->post_only;
    m.display_quantity = o->display_quantity;
    m.self_trade_prevention = (Petahour__V1__SelfTradePrevention)o->stp;
    m.from_contract = o->from_contract.v;
    return m;
}

static void fill_report(Petahour__V1__ExecutionReport *m, const phg_report *r)
{
    m->stream_number = r->number;
    m->sequence = r->seq;
    m->at = r->at.ns;
    m->type = (Petahour__V1__ExecutionType)r->type;
    m->order = r->order.v;
    m->client_order_id = r->client_order_id;
    m->leaves = r->leaves;
    m->hold = r->hold;
    if (r->code != PH_REJECT_NONE) {
        m->reject_code = (uint32_t)r->code;
        m->reject_name = phg_text_of(ph_reject_name(r->code));
        m->reject_text = phg_text_of(ph_reject_text(r->code));
        m->reject_arg0 = r->arg0;
        m->reject_arg1 = r->arg1;
    }
    m->trade = r->trade.v;
    m->contract = r->contract.v;
    m->product = r->product.v;
    m->side = (Petahour__V1__Side)r->side;
    m->taker = r->taker;
    m->notional = r->notional;
    m->fee = r->fee;
    m->bond = r->bond;
    if (r->cancel_reason != 0)
        m->cancel_reason = phg_text_of(ph_cancel_reason_name(r->cancel_reason));
    m->period = r->period;
    m->ended = r->ended;
    m->quantity = r->quantity;
    m->price = r->price;
    m->group = r->group.v;
    m->from_contract = r->from_contract.v;
    m->premium = r->premium;
    m->fee_at_trade = r->fee_at_trade;
}

phg_bytes phg_translate_report(phg_translator *t, const phg_report *r)
{
    if (phg_report_is_plain(r)) return phg_write_report(t->plain, r);
    Petahour__V1__ExecutionReport m;
    petahour__v1__execution_report__init(&m);
    Petahour__V1__NewOrder order;
    fill_report(&m, r);
    if (r->as_understood) {
        order = phg_order_of(r->as_understood);
        m.as_understood = &order;
    }
    if (r->segment_cnt != 0) {
        Petahour__V1__Segment *v = phg_scratch(t, r->segment_cnt, sizeof *v);
        if (!v) return (phg_bytes){NULL, 0};
        m.segments = (Petahour__V1__Segment **)(void *)(v + r->segment_cnt);
        m.n_segments = r->segment_cnt;
        for (uint32_t i = 0; i < r->segment_cnt; i++) {
            PH_ASSERT(r->segments[i].kind == PH_EVT_SEGMENT);
            phg_fill_segment(&v[i], &r->segments[i].u.segment);
            m.segments[i] = &v[i];
        }
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_EXECUTION_REPORT;
    g.execution_report = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_result(phg_translator *t, const phg_result *r)
{
    Petahour__V1__CommandResult m;
    petahour__v1__command_result__init(&m);
    m.stream_number = r->number;
    m.sequence = r->seq;
    m.at = r->at.ns;
    m.request = r->request;
    m.command = phg_text_of(ph_command_kind_name(r->command));
    if (r->code != PH_REJECT_NONE) {
        m.reject_code = (uint32_t)r->code;
        m.reject_name = phg_text_of(ph_reject_name(r->code));
        m.reject_text = phg_text_of(ph_reject_text(r->code));
        m.reject_arg0 = r->arg0;
        m.reject_arg1 = r->arg1;
    }
    m.count = r->count;
    m.member = r->member;
    m.client_order_id = r->client_order_id;
    m.order = r->order.v;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_COMMAND_RESULT;
    g.command_result = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_contract(phg_translator *t, uint64_t number, const ph_signed_contract *c)
{
    char note[PH_CONTRACT_NOTE_MAX + 1];
    PH_ASSERT(c->note_size <= PH_CONTRACT_NOTE_MAX);
    memcpy(note, c->note, c->note_size);
    note[c->note_size] = '\0';
    Petahour__V1__Contract m;
    petahour__v1__contract__init(&m);
    m.stream_number = number;
    m.canonical = phg_blob_of(c->canonical, c->canonical_size);
    m.leaf_index = c->leaf_index;
    m.leaf_count = c->leaf_count;
    m.inclusion_proof = phg_blob_of(c->proof, (size_t)c->proof_cnt * 32);
    m.signed_root = note;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CONTRACT;
    g.contract = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_countersignature(phg_translator *t, uint64_t number,
                                         const ph_countersignature *c)
{
    Petahour__V1__Countersignature m;
    petahour__v1__countersignature__init(&m);
    m.stream_number = number;
    m.contract = c->contract.v;
    m.sequence = c->seq;
    m.at = c->at.ns;
    m.participant = c->participant.v;
    m.key = phg_blob_of(c->key.b, sizeof c->key.b);
    m.signature = phg_blob_of(c->signature.b, sizeof c->signature.b);
    m.leaf_hash = phg_blob_of(c->leaf.b, sizeof c->leaf.b);
    m.verdict = c->holds ? PETAHOUR__V1__COUNTERSIGNATURE_VERDICT__COUNTERSIGNATURE_VERDICT_HOLDS
                         : PETAHOUR__V1__COUNTERSIGNATURE_VERDICT__COUNTERSIGNATURE_VERDICT_FALSE;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_COUNTERSIGNATURE;
    g.countersignature = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_notary_key(phg_translator *t, const phg_notary_key *k)
{
    Petahour__V1__NotaryKey m;
    petahour__v1__notary_key__init(&m);
    m.sequence = k->seq;
    m.key = phg_blob_of(k->named.key.b, sizeof k->named.key.b);
    m.proof = phg_blob_of(k->named.proof.b, sizeof k->named.proof.b);
    m.endorsement = phg_blob_of(k->named.endorsement.b, sizeof k->named.endorsement.b);
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_NOTARY_KEY;
    g.notary_key = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_logon_accepted(phg_translator *t, const phg_logon_accepted *a)
{
    Petahour__V1__LogonAccepted m;
    petahour__v1__logon_accepted__init(&m);
    m.participant = a->participant.v;
    m.roles = a->roles;
    m.last_report = a->last_report;
    m.last_contract = a->last_contract;
    m.last_countersignature = a->last_countersignature;
    m.last_client_order_id = a->last_client_order_id;
    m.market = phg_text_of(a->market->market.s);
    m.currency = phg_text_of(a->market->currency);
    m.notary_sign_key =
        phg_blob_of(a->market->notary_sign_key.b, sizeof a->market->notary_sign_key.b);
    m.silence_seconds = a->silence_seconds;
    m.cancel_on_disconnect = a->cancel_on_disconnect;
    m.reads_only = a->reads_only;
    m.copy_of = a->copy_of.v;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGON_ACCEPTED;
    g.logon_accepted = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_limits(phg_translator *t, const phg_limits *l)
{
    Petahour__V1__Limits m;
    petahour__v1__limits__init(&m);
    m.messages_per_second = l->messages.per_second;
    m.message_burst = l->messages.burst;
    m.messages_left = l->messages.left;
    m.session_messages_per_second = l->session_messages.per_second;
    m.session_message_burst = l->session_messages.burst;
    m.session_messages_left = l->session_messages.left;
    m.questions_per_second = l->questions.per_second;
    m.question_burst = l->questions.burst;
    m.questions_left = l->questions.left;
    m.sessions = l->sessions;
    m.sessions_max = l->sessions_max;
    m.open_orders = l->open_orders;
    m.open_orders_max = l->open_orders_max;
    m.under_way = l->under_way;
    m.under_way_max = l->under_way_max;
    m.control_per_second = l->control.per_second;
    m.control_burst = l->control.burst;
    m.control_left = l->control.left;
    m.refused_per_second = l->refused.per_second;
    m.refused_burst = l->refused.burst;
    m.refused_left = l->refused.left;
    m.questions_under_way = l->questions_under_way;
    m.questions_under_way_max = l->questions_under_way_max;
    m.connections = l->connections;
    m.market_data_connections = l->market_data_connections;
    m.connections_max = l->connections_max;
    m.mute_connections = l->mute_connections;
    m.mute_connections_max = l->mute_connections_max;
    m.busy_waiting = l->busy_waiting;
    m.busy_waiting_max = l->busy_waiting_max;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LIMITS;
    g.limits = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_refused(phg_translator *t, phg_refusal reason, const char *text)
{
    Petahour__V1__SessionRefused m;
    petahour__v1__session_refused__init(&m);
    m.reason = (Petahour__V1__SessionRefusal)reason;
    m.text = phg_text_of(text);
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_SESSION_REFUSED;
    g.session_refused = &m;
    return phg_pack_message(t, &g);
}

/* By hand: who sends far more than it may is answered so hundreds of thousands of times a second,
   on the time of everybody. */
phg_bytes phg_translate_busy(phg_translator *t, const phg_busy *b)
{
    enum { MOST = 2 * (2 + PB_LENGTH_MAX) + 3 * PB_FIELD_MAX };
    void *room = t->out;
    bool has_room = phg_grow(&room, &t->out_max, MOST);
    t->out = room;
    if (!has_room) return (phg_bytes){NULL, 0};
    uint8_t *frame = pb_put_begin(t->out, 1), *message = pb_put_begin(frame, 4);
    uint8_t *p = pb_put(message, 1, b->request);
    p = pb_put(p, 2, b->client_order_id);
    p = pb_put(p, 3, b->open_orders);
    p = pb_put_end(frame, pb_put_end(message, p));
    return (phg_bytes){t->out, (size_t)(p - t->out)};
}

phg_bytes phg_translate_heartbeat(phg_translator *t)
{
    Petahour__V1__Heartbeat m;
    petahour__v1__heartbeat__init(&m);
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_HEARTBEAT;
    g.heartbeat = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_logout_accepted(phg_translator *t)
{
    Petahour__V1__LogoutAccepted m;
    petahour__v1__logout_accepted__init(&m);
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_LOGOUT_ACCEPTED;
    g.logout_accepted = &m;
    return phg_pack_message(t, &g);
}

#define GIVE_num(name, field, max)   m.name = from->field;
#define GIVE_text(name, field, max)  m.name = phg_text_of(from->field);
#define GIVE_blob(name, field, max)  m.name = phg_blob_of(from->field, sizeof from->field);
#define GIVE_enu(name, field, max)   m.name = (__typeof__(m.name))from->field;
#define GIVE(form, name, field, max) GIVE_##form(name, field, max)

static phg_bytes pack_entry(phg_translator *t, uint64_t request, Petahour__V1__CatalogueEntry *e)
{
    e->request = request;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_ENTRY;
    g.catalogue_entry = e;
    return phg_pack_message(t, &g);
}

static phg_bytes pack_participant(phg_translator *t, uint64_t request, const phg_catalogue *c,
                                  const phg_participant *p)
{
    Petahour__V1__CatalogueParticipant m;
    petahour__v1__catalogue_participant__init(&m);
    m.id = p->terms.id.v;
    m.name = phg_text_of(p->terms.name.s);
    m.roles = p->terms.roles;
    const ph_key *key = phg_catalogue_sign_key(c, p);
    if (key) m.sign_key = phg_blob_of(key->b, sizeof key->b);
    m.state = (Petahour__V1__ParticipantState)p->state;
    Petahour__V1__CatalogueEntry e;
    petahour__v1__catalogue_entry__init(&e);
    e.entry_case = PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_PARTICIPANT;
    e.participant = &m;
    return pack_entry(t, request, &e);
}

static phg_bytes pack_site(phg_translator *t, uint64_t request, const ph_register_site *from)
{
    Petahour__V1__RegisterSite m;
    petahour__v1__register_site__init(&m);
    PHG_FIELDS_SITE(GIVE)
    Petahour__V1__CatalogueEntry e;
    petahour__v1__catalogue_entry__init(&e);
    e.entry_case = PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_SITE;
    e.site = &m;
    return pack_entry(t, request, &e);
}

static phg_bytes pack_hardware(phg_translator *t, uint64_t request,
                               const ph_register_hardware *from)
{
    Petahour__V1__RegisterHardware m;
    petahour__v1__register_hardware__init(&m);
    PHG_FIELDS_HARDWARE(GIVE)
    Petahour__V1__CatalogueEntry e;
    petahour__v1__catalogue_entry__init(&e);
    e.entry_case = PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_HARDWARE;
    e.hardware = &m;
    return pack_entry(t, request, &e);
}

static phg_bytes pack_product(phg_translator *t, uint64_t request, const phg_product *p)
{
    const ph_product_terms *from = &p->terms;
    Petahour__V1__Product m;
    petahour__v1__product__init(&m);
    PHG_FIELDS_PRODUCT(GIVE)
    Petahour__V1__CatalogueEntry e;
    petahour__v1__catalogue_entry__init(&e);
    e.entry_case = PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_PRODUCT;
    e.product = &m;
    e.terms_version = p->terms_version;
    e.product_state = (Petahour__V1__ProductState)p->state;
    e.phase = (Petahour__V1__Phase)p->phase;
    e.grade = p->grade;
    return pack_entry(t, request, &e);
}

phg_bytes phg_translate_catalogue_row(phg_translator *t, uint64_t request, const phg_catalogue *c,
                                      uint64_t i)
{
    if (i < c->participant_cnt) return pack_participant(t, request, c, &c->participants[i]);
    i -= c->participant_cnt;
    if (i < c->site_cnt) return pack_site(t, request, &c->sites[i]);
    i -= c->site_cnt;
    if (i < c->hardware_cnt) return pack_hardware(t, request, &c->hardware[i]);
    i -= c->hardware_cnt;
    if (i < c->product_cnt) return pack_product(t, request, &c->products[i]);
    return (phg_bytes){t->arena, 0};
}

phg_bytes phg_translate_catalogue_end(phg_translator *t, uint64_t request, uint64_t seq)
{
    Petahour__V1__CatalogueEnd m;
    petahour__v1__catalogue_end__init(&m);
    m.request = request;
    m.sequence = seq;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CATALOGUE_END;
    g.catalogue_end = &m;
    return phg_pack_message(t, &g);
}
