/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about contracts, keys, terms and statements. */
#include "clients/lib/encode_parts.h"

const char *phc_encode_product_state(uint32_t product, phc_product_state state, uint64_t request,
                                     phc_message *ret)
{
    if (phc_product_state_text(state) == NULL) return "state is not listed, halted or delisted";
    Petahour__V1__SetProductState m;
    petahour__v1__set_product_state__init(&m);
    m.request = request;
    m.product = product;
    m.state = (Petahour__V1__ProductState)state;
    PACK(SET_PRODUCT_STATE, set_product_state, m, ret);
    return NULL;
}

const char *phc_encode_rules(uint32_t version, uint64_t request, phc_message *ret)
{
    Petahour__V1__SetRulesVersion m;
    petahour__v1__set_rules_version__init(&m);
    m.request = request;
    m.version = version;
    PACK(SET_RULES_VERSION, set_rules_version, m, ret);
    return NULL;
}

const char *phc_encode_key(const phc_key_change *k, uint64_t request, phc_message *ret)
{
    if (phc_key_use_text(k->use) == NULL) return "use is not connection, signature or reading";
    ProtobufCBinaryData key = {.len = 32, .data = (uint8_t *)(uintptr_t)k->key};
    if (k->add) {
        Petahour__V1__AddKey m;
        petahour__v1__add_key__init(&m);
        m.request = request;
        m.participant = k->participant;
        m.use = (Petahour__V1__KeyUse)k->use;
        m.key = key;
        PACK(ADD_KEY, add_key, m, ret);
    } else {
        Petahour__V1__RevokeKey m;
        petahour__v1__revoke_key__init(&m);
        m.request = request;
        m.participant = k->participant;
        m.use = (Petahour__V1__KeyUse)k->use;
        m.key = key;
        PACK(REVOKE_KEY, revoke_key, m, ret);
    }
    return NULL;
}

const char *phc_encode_capacity_withdrawal(const phc_capacity *k, uint64_t request,
                                           phc_message *ret)
{
    Petahour__V1__WithdrawCapacity m;
    petahour__v1__withdraw_capacity__init(&m);
    m.request = request;
    m.reference = k->reference;
    m.site = k->site;
    m.hardware = k->hardware;
    m.first_period = k->first_period;
    m.periods = k->periods;
    m.units = k->units;
    PACK(WITHDRAW_CAPACITY, withdraw_capacity, m, ret);
    return NULL;
}

const char *phc_encode_attestation(const phc_attestation *a, const phc_signature *by,
                                   uint64_t request, phc_message *ret)
{
    Petahour__V1__AttestCapacity m;
    petahour__v1__attest_capacity__init(&m);
    m.request = request;
    m.reference = a->reference;
    m.supplier = a->supplier;
    m.site = a->site;
    m.hardware = a->hardware;
    m.first_period = a->first_period;
    m.periods = a->periods;
    m.units = a->units;
    m.document = BYTES(a->document);
    m.signature = BYTES(by->b);
    PACK(ATTEST_CAPACITY, attest_capacity, m, ret);
    return NULL;
}

const char *phc_encode_measurement(const phc_measurement *from, const phc_signature *by,
                                   uint64_t request, phc_message *ret)
{
    Petahour__V1__MeasureSite m;
    petahour__v1__measure_site__init(&m);
    m.request = request;
    m.site = from->site;
    m.measured_at = from->measured_at;
    m.pue_ppm = from->pue_ppm;
    m.cue_ppm = from->cue_ppm;
    m.wue_ppm = from->wue_ppm;
    m.green_grade = from->green_grade;
    m.signature = BYTES(by->b);
    PACK(MEASURE_SITE, measure_site, m, ret);
    return NULL;
}

const char *phc_encode_probe(const phc_probe *p, const phc_signature *by, uint64_t request,
                             phc_message *ret)
{
    if (!phc_text_ok(p->region, 31, false))
        return "region is not 1 to 31 bytes of UTF-8 without control characters";
    Petahour__V1__ReportProbe m;
    petahour__v1__report_probe__init(&m);
    m.request = request;
    m.region = TEXT(p->region);
    m.site = p->site;
    m.measured_at = p->measured_at;
    m.rtt_us = p->rtt_us;
    m.bandwidth_mbps = p->bandwidth_mbps;
    m.reachable_ppm = p->reachable_ppm;
    m.signature = BYTES(by->b);
    PACK(REPORT_PROBE, report_probe, m, ret);
    return NULL;
}

const char *phc_encode_report(const phc_delivery_report *r, const phc_signature *by,
                              uint64_t request, phc_message *ret)
{
    Petahour__V1__ReportDelivery m;
    petahour__v1__report_delivery__init(&m);
    m.request = request;
    m.contract = r->contract;
    m.period = r->period;
    m.delivered = r->delivered;
    m.energy_wh = r->energy_wh;
    m.signature = BYTES(by->b);
    PACK(REPORT_DELIVERY, report_delivery, m, ret);
    return NULL;
}

const char *phc_encode_access(uint64_t contract, const uint8_t *sealed, size_t size,
                              uint64_t request, phc_message *ret)
{
    Petahour__V1__HandOverAccess m;
    petahour__v1__hand_over_access__init(&m);
    m.request = request;
    m.contract = contract;
    m.sealed = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)sealed};
    PACK(HAND_OVER_ACCESS, hand_over_access, m, ret);
    return NULL;
}

static void encode_confirm(const phc_delivery_report *r, uint64_t request, phc_message *ret)
{
    Petahour__V1__ConfirmDelivery m;
    petahour__v1__confirm_delivery__init(&m);
    m.request = request;
    m.contract = r->contract;
    m.period = r->period;
    PACK(CONFIRM_DELIVERY, confirm_delivery, m, ret);
}

static void encode_dispute(const phc_delivery_report *r, uint64_t request, phc_message *ret)
{
    Petahour__V1__DisputeDelivery m;
    petahour__v1__dispute_delivery__init(&m);
    m.request = request;
    m.contract = r->contract;
    m.period = r->period;
    m.delivered = r->delivered;
    PACK(DISPUTE_DELIVERY, dispute_delivery, m, ret);
}

static void encode_resolve(const phc_delivery_report *r, uint64_t request, phc_message *ret)
{
    Petahour__V1__ResolveDispute m;
    petahour__v1__resolve_dispute__init(&m);
    m.request = request;
    m.contract = r->contract;
    m.period = r->period;
    m.delivered = r->delivered;
    PACK(RESOLVE_DISPUTE, resolve_dispute, m, ret);
}

const char *phc_encode_say(phc_say what, const phc_delivery_report *r, uint64_t request,
                           phc_message *ret)
{
    switch (what) {
    case PHC_CONFIRM: encode_confirm(r, request, ret); break;
    case PHC_DISPUTE: encode_dispute(r, request, ret); break;
    case PHC_RESOLVE: encode_resolve(r, request, ret); break;
    }
    return NULL;
}
