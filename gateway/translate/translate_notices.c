/* SPDX-License-Identifier: Apache-2.0 */
/* What participants are told of their contracts and their cash. */
#include "gateway/translate/translate.h"

#include "gateway/translate/translate_buffers.h"

#include "petahour/v1/session.pb-c.h"

#include "engine/wire/codec.h"

phg_bytes phg_translate_delivery(phg_translator *t, const phg_place *at,
                                 const ph_delivery_event *event, ph_participant_id by,
                                 const ph_report_delivery *report)
{
    Petahour__V1__DeliveryNotice m;
    petahour__v1__delivery_notice__init(&m);
    m.stream_number = at->number;
    m.sequence = at->seq;
    m.at = at->at.ns;
    m.contract = event->contract.v;
    m.period = event->period;
    m.step = (Petahour__V1__DeliveryStep)event->step;
    m.by = by.v;
    m.figure = event->figure;
    m.due = event->due.ns;
    if (report) {
        m.energy_wh = report->energy_wh;
        m.signature = phg_blob_of(report->signature.b, sizeof report->signature.b);
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DELIVERY_NOTICE;
    g.delivery_notice = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_final(phg_translator *t, const phg_place *at, const ph_delivery_final *f)
{
    Petahour__V1__DeliveryFinal m;
    petahour__v1__delivery_final__init(&m);
    m.stream_number = at->number;
    m.sequence = at->seq;
    m.at = at->at.ns;
    m.contract = f->contract.v;
    m.period = f->period;
    m.cause = (Petahour__V1__FinalCause)f->cause;
    m.delivered = f->delivered;
    m.promised = f->promised;
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_DELIVERY_FINAL;
    g.delivery_final = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_access(phg_translator *t, const phg_place *at, const ph_hand_over_access *a)
{
    Petahour__V1__AccessHandedOver m;
    petahour__v1__access_handed_over__init(&m);
    m.stream_number = at->number;
    m.sequence = at->seq;
    m.at = at->at.ns;
    m.contract = a->contract.v;
    m.sealed = phg_blob_of(a->sealed, a->size);
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_ACCESS_HANDED_OVER;
    g.access_handed_over = &m;
    return phg_pack_message(t, &g);
}

phg_bytes phg_translate_cash(phg_translator *t, const phg_place *at, const phg_movement *v,
                             uint32_t cnt, ph_money cash, const char *reference)
{
    Petahour__V1__CashMovements m;
    petahour__v1__cash_movements__init(&m);
    Petahour__V1__CashMovement *rows = phg_scratch(t, cnt, sizeof *rows);
    if (!rows) return (phg_bytes){NULL, 0};
    m.stream_number = at->number;
    m.sequence = at->seq;
    m.at = at->at.ns;
    m.cash = cash;
    m.n_movements = cnt;
    m.movements = (Petahour__V1__CashMovement **)(void *)(rows + cnt);
    for (uint32_t i = 0; i < cnt; i++) {
        petahour__v1__cash_movement__init(&rows[i]);
        rows[i].reason = phg_text_of(ph_transfer_reason_name(v[i].reason));
        rows[i].amount = v[i].amount;
        rows[i].contract = v[i].contract.v;
        /* A payment may come with what was due before it. */
        if (v[i].reason == PH_TRANSFER_DEPOSIT || v[i].reason == PH_TRANSFER_WITHDRAWAL)
            rows[i].reference = phg_text_of(reference);
        m.movements[i] = &rows[i];
    }
    Petahour__V1__GatewayMessage g;
    petahour__v1__gateway_message__init(&g);
    g.message_case = PETAHOUR__V1__GATEWAY_MESSAGE__MESSAGE_CASH_MOVEMENTS;
    g.cash_movements = &m;
    return phg_pack_message(t, &g);
}
