/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/encode.h"

#include "clients/lib/encode_parts.h"
#include "clients/lib/plain.h"

/* Bytes of the character that starts at s, or 0 if none does: RFC 3629, without C0, DEL and C1.
   The NUL that ends a text is part of no sequence. */
static size_t character_size(const unsigned char *s)
{
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};
    if (s[0] < 0x80) return s[0] >= 0x20 && s[0] != 0x7f;
    size_t n = s[0] < 0xc2 || s[0] > 0xf4 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t v = s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) return 0;
        v = v << 6 | (s[i] & 0x3fu);
    }
    bool surrogate = v >= 0xd800 && v <= 0xdfff;
    return v < least[n] || v > 0x10ffff || surrogate ? 0 : n;
}

bool phc_text_ok(const char *s, size_t max, bool may_be_empty)
{
    if (s == NULL || s[0] == '\0') return may_be_empty;
    size_t size = strnlen(s, max + 1), n = 0;
    if (size > max) return false;
    for (size_t i = 0; i < size; i += n) {
        n = character_size((const unsigned char *)s + i);
        if (n == 0) return false;
    }
    return true;
}

void phc_encode_logon(const phc_logon_asked *l, phc_message *ret)
{
    Petahour__V1__Logon m;
    petahour__v1__logon__init(&m);
    m.protocol_version = 1;
    m.next_report = l->next_report;
    m.next_contract = l->next_contract;
    m.next_countersignature = l->next_countersignature;
    m.receive = l->receive;
    m.cancel_on_disconnect = l->cancel_on_disconnect;
    m.take_over = l->take_over;
    m.copy_of = l->copy_of;
    PACK(LOGON, logon, m, ret);
}

void phc_encode_heartbeat(phc_message *ret)
{
    Petahour__V1__Heartbeat m;
    petahour__v1__heartbeat__init(&m);
    PACK(HEARTBEAT, heartbeat, m, ret);
}

void phc_encode_logout(phc_message *ret)
{
    Petahour__V1__Logout m;
    petahour__v1__logout__init(&m);
    PACK(LOGOUT, logout, m, ret);
}

/* What the market would refuse with certainty goes to the market all the same: only numbers that
   are no word of the protocol are refused here. */
static const char *order_wrong(const phc_order *o)
{
    if (o->client_order_id == 0) return "client_order_id is 0";
    if (phc_side_text(o->side) == NULL) return "side is neither buy nor sell";
    if (phc_shape_text(o->shape) == NULL) return "shape is not each, block or flex";
    if (phc_time_in_force_text(o->time_in_force) == NULL)
        return "time_in_force is not gtc, gtt, ioc or fok";
    if ((unsigned)o->self_trade > PHC_CANCEL_RESTING) return "self_trade is not known";
    return NULL;
}

const char *phc_fill_order(const phc_order *o, Petahour__V1__NewOrder *m)
{
    const char *wrong = order_wrong(o);
    if (wrong != NULL) return wrong;
    petahour__v1__new_order__init(m);
    m->client_order_id = o->client_order_id;
    m->product = o->product;
    m->side = (Petahour__V1__Side)o->side;
    m->shape = (Petahour__V1__Shape)o->shape;
    m->first_period = o->first_period;
    m->periods = o->periods;
    m->duration = o->duration;
    m->quantity = o->quantity;
    m->price = o->price;
    m->time_in_force = (Petahour__V1__TimeInForce)o->time_in_force;
    m->expire_at = o->expire_at;
    m->all_or_none = o->all_or_none;
    m->post_only = o->post_only;
    m->display_quantity = o->display_quantity;
    m->self_trade_prevention = (Petahour__V1__SelfTradePrevention)o->self_trade;
    m->from_contract = o->from_contract;
    return NULL;
}

const char *phc_encode_order(const phc_order *o, phc_message *ret)
{
    const char *wrong = order_wrong(o);
    if (wrong == NULL) ret->size = phc_plain_order(ret->bytes, o);
    return wrong;
}

const char *phc_encode_group(const phc_order *orders, size_t cnt, uint64_t request,
                             phc_message *ret)
{
    if (cnt == 0 || cnt > PHC_GROUP_MAX) return "a group has 1 to 8 orders";
    Petahour__V1__NewOrder members[PHC_GROUP_MAX];
    Petahour__V1__NewOrder *pointers[PHC_GROUP_MAX];
    for (size_t i = 0; i < cnt; i++) {
        const char *wrong = phc_fill_order(&orders[i], &members[i]);
        if (wrong != NULL) return wrong;
        pointers[i] = &members[i];
    }
    Petahour__V1__NewGroup m;
    petahour__v1__new_group__init(&m);
    m.request = request;
    m.n_orders = cnt;
    m.orders = pointers;
    PACK(NEW_GROUP, new_group, m, ret);
    return NULL;
}

const char *phc_encode_replace(const phc_replacement *r, uint64_t request, phc_message *ret)
{
    if (r->order == 0 && r->client_order_id == 0) return "order and client_order_id are both 0";
    Petahour__V1__ReplaceOrder m;
    petahour__v1__replace_order__init(&m);
    m.request = request;
    m.order = r->order;
    m.client_order_id = r->client_order_id;
    m.price = r->price;
    m.quantity = r->quantity;
    PACK(REPLACE_ORDER, replace_order, m, ret);
    return NULL;
}

const char *phc_encode_cancel(uint64_t order, uint64_t client_order_id, uint64_t request,
                              phc_message *ret)
{
    if (order == 0 && client_order_id == 0) return "order and client_order_id are both 0";
    Petahour__V1__CancelOrder m;
    petahour__v1__cancel_order__init(&m);
    m.request = request;
    m.order = order;
    m.client_order_id = client_order_id;
    PACK(CANCEL_ORDER, cancel_order, m, ret);
    return NULL;
}

const char *phc_encode_mass_cancel(uint32_t product, uint32_t participant, uint64_t request,
                                   phc_message *ret)
{
    Petahour__V1__MassCancel m;
    petahour__v1__mass_cancel__init(&m);
    m.request = request;
    m.product = product;
    m.participant = participant;
    PACK(MASS_CANCEL, mass_cancel, m, ret);
    return NULL;
}

const char *phc_encode_participant(const phc_participant *p, uint64_t request, phc_message *ret)
{
    if (!phc_text_ok(p->name, 63, false))
        return "name is not 1 to 63 bytes of UTF-8 without control characters";
    Petahour__V1__RegisterParticipant m;
    petahour__v1__register_participant__init(&m);
    m.request = request;
    m.id = p->id;
    m.roles = p->roles;
    m.name = TEXT(p->name);
    m.curve_key = BYTES(p->curve_key);
    m.sign_key = BYTES(p->sign_key);
    PACK(REGISTER_PARTICIPANT, register_participant, m, ret);
    return NULL;
}

const char *phc_encode_site(const phc_site *s, uint64_t request, phc_message *ret)
{
    if (!phc_text_ok(s->region, 31, false))
        return "region is not 1 to 31 bytes of UTF-8 without control characters";
    if (!phc_text_ok(s->name, 63, false))
        return "name is not 1 to 63 bytes of UTF-8 without control characters";
    Petahour__V1__RegisterSite m;
    petahour__v1__register_site__init(&m);
    m.request = request;
    m.id = s->id;
    m.owner = s->owner;
    m.region = TEXT(s->region);
    m.name = TEXT(s->name);
    m.latitude_udeg = s->latitude_udeg;
    m.longitude_udeg = s->longitude_udeg;
    m.racks = s->racks;
    m.pue_ppm = s->pue_ppm;
    PACK(REGISTER_SITE, register_site, m, ret);
    return NULL;
}

const char *phc_encode_hardware(const phc_hardware *h, uint64_t request, phc_message *ret)
{
    if (!phc_text_ok(h->name, 63, false))
        return "name is not 1 to 63 bytes of UTF-8 without control characters";
    Petahour__V1__RegisterHardware m;
    petahour__v1__register_hardware__init(&m);
    m.request = request;
    m.id = h->id;
    m.name = TEXT(h->name);
    PACK(REGISTER_HARDWARE, register_hardware, m, ret);
    return NULL;
}

const char *phc_encode_capacity(const phc_capacity *k, uint64_t request, phc_message *ret)
{
    Petahour__V1__RegisterCapacity m;
    petahour__v1__register_capacity__init(&m);
    m.request = request;
    m.reference = k->reference;
    m.site = k->site;
    m.hardware = k->hardware;
    m.period_seconds = k->period_seconds;
    m.first_period = k->first_period;
    m.periods = k->periods;
    m.units = k->units;
    PACK(REGISTER_CAPACITY, register_capacity, m, ret);
    return NULL;
}

static const char *product_wrong(const phc_product *p)
{
    if (!phc_text_ok(p->symbol, 63, false))
        return "symbol is not 1 to 63 bytes of UTF-8 without control characters";
    if (!phc_text_ok(p->model, 31, false))
        return "model is not 1 to 31 bytes of UTF-8 without control characters";
    if (!phc_text_ok(p->unit, 15, false))
        return "unit is not 1 to 15 bytes of UTF-8 without control characters";
    if (!phc_text_ok(p->interconnect, 31, true))
        return "interconnect is not 0 to 31 bytes of UTF-8 without control characters";
    if (phc_compute_type_text(p->compute_type) == NULL) return "compute_type is not known";
    if (phc_architecture_text(p->architecture) == NULL) return "architecture is not known";
    return NULL;
}

static const char *fill_product(const phc_product *p, Petahour__V1__Product *t)
{
    const char *wrong = product_wrong(p);
    if (wrong != NULL) return wrong;
    petahour__v1__product__init(t);
    t->id = p->id;
    t->symbol = TEXT(p->symbol);
    t->compute_type = (Petahour__V1__ComputeType)p->compute_type;
    t->architecture = (Petahour__V1__Architecture)p->architecture;
    t->model = TEXT(p->model);
    t->unit = TEXT(p->unit);
    t->hardware = p->hardware;
    t->hardware_units = p->hardware_units;
    t->gflops_fp16 = p->gflops_fp16;
    t->gflops_fp32 = p->gflops_fp32;
    t->gflops_fp64 = p->gflops_fp64;
    t->memory_mib = p->memory_mib;
    t->interconnect = TEXT(p->interconnect);
    t->site = p->site;
    t->availability_ppm = p->availability_ppm;
    t->period_seconds = p->period_seconds;
    t->tick = p->tick;
    t->lot = p->lot;
    t->quantity_max = p->quantity_max;
    t->block_periods_max = p->block_periods_max;
    t->horizon = p->horizon;
    t->gate_seconds = p->gate_seconds;
    t->maker_ppm = p->maker_ppm;
    t->taker_ppm = p->taker_ppm;
    t->fee_at_trade_ppm = p->fee_at_trade_ppm;
    t->bond_fixed = p->bond_fixed;
    t->bond_ppm = p->bond_ppm;
    t->report_seconds = p->report_seconds;
    t->dispute_seconds = p->dispute_seconds;
    t->resolve_seconds = p->resolve_seconds;
    t->dispute_deposit = p->dispute_deposit;
    t->meter = p->meter;
    t->reference_price = p->reference_price;
    t->band_ppm = p->band_ppm;
    t->terms_hash = BYTES(p->terms_hash);
    t->attested_only = p->attested_only;
    return NULL;
}

const char *phc_encode_product(const phc_product *p, uint64_t request, phc_message *ret)
{
    Petahour__V1__Product t;
    const char *wrong = fill_product(p, &t);
    if (wrong != NULL) return wrong;
    Petahour__V1__ListProduct m;
    petahour__v1__list_product__init(&m);
    m.request = request;
    m.product = &t;
    PACK(LIST_PRODUCT, list_product, m, ret);
    return NULL;
}

const char *phc_encode_terms(const phc_product *p, uint64_t request, phc_message *ret)
{
    Petahour__V1__Product t;
    const char *wrong = fill_product(p, &t);
    if (wrong != NULL) return wrong;
    Petahour__V1__SetTerms m;
    petahour__v1__set_terms__init(&m);
    m.request = request;
    m.product = &t;
    PACK(SET_TERMS, set_terms, m, ret);
    return NULL;
}

const char *phc_encode_phase(uint32_t product, phc_phase phase, uint64_t request, phc_message *ret)
{
    if (phc_phase_text(phase) == NULL) return "phase is not open, call, halted or closed";
    Petahour__V1__SetPhase m;
    petahour__v1__set_phase__init(&m);
    m.request = request;
    m.product = product;
    m.phase = (Petahour__V1__Phase)phase;
    PACK(SET_PHASE, set_phase, m, ret);
    return NULL;
}

const char *phc_encode_participant_state(uint32_t participant, phc_participant_state state,
                                         uint64_t request, phc_message *ret)
{
    if (state < PHC_STATE_ACTIVE || state > PHC_STATE_CLOSED)
        return "state is not active, suspended or closed";
    Petahour__V1__SetParticipantState m;
    petahour__v1__set_participant_state__init(&m);
    m.request = request;
    m.participant = participant;
    m.state = (Petahour__V1__ParticipantState)state;
    PACK(SET_PARTICIPANT_STATE, set_participant_state, m, ret);
    return NULL;
}

const char *phc_encode_payment(bool deposit, uint32_t participant, int64_t amount,
                               const char *reference, uint64_t request, phc_message *ret)
{
    if (!phc_text_ok(reference, 31, false))
        return "reference is not 1 to 31 bytes of UTF-8 without control characters";
    if (deposit) {
        Petahour__V1__Deposit m;
        petahour__v1__deposit__init(&m);
        m.request = request;
        m.participant = participant;
        m.amount = amount;
        m.reference = TEXT(reference);
        PACK(DEPOSIT, deposit, m, ret);
    } else {
        Petahour__V1__Withdraw m;
        petahour__v1__withdraw__init(&m);
        m.request = request;
        m.participant = participant;
        m.amount = amount;
        m.reference = TEXT(reference);
        PACK(WITHDRAW, withdraw, m, ret);
    }
    return NULL;
}

const char *phc_encode_countersignature(uint64_t contract, const uint8_t key[32],
                                        const uint8_t signature[64], uint64_t request,
                                        phc_message *ret)
{
    if (contract == 0) return "contract is 0";
    Petahour__V1__CountersignContract m;
    petahour__v1__countersign_contract__init(&m);
    m.request = request;
    m.contract = contract;
    m.key = (ProtobufCBinaryData){.len = 32, .data = (uint8_t *)(uintptr_t)key};
    m.signature = (ProtobufCBinaryData){.len = 64, .data = (uint8_t *)(uintptr_t)signature};
    PACK(COUNTERSIGN_CONTRACT, countersign_contract, m, ret);
    return NULL;
}

const char *phc_encode_notary_key(const phc_notary_change *n, uint64_t request, phc_message *ret)
{
    Petahour__V1__RotateNotaryKey m;
    petahour__v1__rotate_notary_key__init(&m);
    m.request = request;
    m.key = BYTES(n->key);
    m.proof = BYTES(n->proof);
    m.endorsement = BYTES(n->endorsement);
    PACK(ROTATE_NOTARY_KEY, rotate_notary_key, m, ret);
    return NULL;
}

const char *phc_encode_catalogue(uint64_t request, phc_message *ret)
{
    Petahour__V1__ListCatalogue m;
    petahour__v1__list_catalogue__init(&m);
    m.request = request;
    PACK(LIST_CATALOGUE, list_catalogue, m, ret);
    return NULL;
}
