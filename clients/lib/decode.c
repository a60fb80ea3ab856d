/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/decode.h"

#include <stdlib.h>
#include <string.h>

bool phc_segments_room(phc_segments *s, size_t cnt)
{
    if (cnt <= s->room) return true;
    phc_segment *v = reallocarray(s->v, cnt, sizeof *v);
    if (v == NULL) return false;
    s->v = v;
    s->room = cnt;
    return true;
}

static bool segments(Petahour__V1__Segment *const *from, size_t cnt, phc_segments *room)
{
    if (!phc_segments_room(room, cnt)) return false;
    for (size_t i = 0; i < cnt; i++)
        room->v[i] = (phc_segment){.first_period = from[i]->first_period,
                                   .periods = from[i]->periods,
                                   .quantity = from[i]->quantity,
                                   .price = from[i]->price};
    return true;
}

static bool key_of(const ProtobufCBinaryData *from, uint8_t ret[32])
{
    if (from->len != 32) return false;
    memcpy(ret, from->data, 32);
    return true;
}

bool phc_decode_logon(const Petahour__V1__LogonAccepted *m, phc_logon *ret)
{
    *ret = (phc_logon){.participant = m->participant,
                       .roles = m->roles,
                       .last_report = m->last_report,
                       .last_contract = m->last_contract,
                       .last_countersignature = m->last_countersignature,
                       .last_client_order_id = m->last_client_order_id,
                       .market = m->market,
                       .currency = m->currency,
                       .silence_seconds = m->silence_seconds,
                       .cancel_on_disconnect = m->cancel_on_disconnect != 0,
                       .copy_of = m->copy_of,
                       .reads_only = m->reads_only != 0};
    return m->participant != 0 && m->silence_seconds != 0 && strlen(m->market) < 64 &&
           strlen(m->currency) < 8 && key_of(&m->notary_sign_key, ret->notary_sign_key);
}

void phc_decode_limits(const Petahour__V1__Limits *m, phc_limits *ret)
{
    *ret = (phc_limits){
        .messages = {m->messages_per_second, m->message_burst, m->messages_left},
        .session_messages = {m->session_messages_per_second, m->session_message_burst,
                             m->session_messages_left},
        .questions = {m->questions_per_second, m->question_burst, m->questions_left},
        .sessions = m->sessions,
        .sessions_max = m->sessions_max,
        .open_orders = m->open_orders,
        .open_orders_max = m->open_orders_max,
        .under_way = m->under_way,
        .under_way_max = m->under_way_max,
        .control = {m->control_per_second, m->control_burst, m->control_left},
        .refused = {m->refused_per_second, m->refused_burst, m->refused_left},
        .questions_under_way = m->questions_under_way,
        .questions_under_way_max = m->questions_under_way_max,
        .connections = m->connections,
        .market_data_connections = m->market_data_connections,
        .connections_max = m->connections_max,
        .mute_connections = m->mute_connections,
        .mute_connections_max = m->mute_connections_max,
        .busy_waiting = m->busy_waiting,
        .busy_waiting_max = m->busy_waiting_max,
    };
}

void phc_decode_stream_limits(const Petahour__V1__StreamLimits *m, phc_stream_limits *ret)
{
    *ret = (phc_stream_limits){
        .answers = {m->answers_per_second, m->answer_burst, m->answers_left},
        .named_bytes = m->named_bytes,
        .named_bytes_max = m->named_bytes_max,
    };
}

bool phc_decode_order(const Petahour__V1__NewOrder *m, phc_order *ret)
{
    *ret = (phc_order){.client_order_id = m->client_order_id,
                       .product = m->product,
                       .side = (phc_side)m->side,
                       .shape = (phc_shape)m->shape,
                       .first_period = m->first_period,
                       .periods = m->periods,
                       .duration = m->duration,
                       .quantity = m->quantity,
                       .price = m->price,
                       .time_in_force = (phc_time_in_force)m->time_in_force,
                       .expire_at = m->expire_at,
                       .all_or_none = m->all_or_none,
                       .post_only = m->post_only,
                       .display_quantity = m->display_quantity,
                       .self_trade = (phc_self_trade)m->self_trade_prevention,
                       .from_contract = m->from_contract};
    return phc_side_text(ret->side) != NULL && phc_shape_text(ret->shape) != NULL &&
           phc_time_in_force_text(ret->time_in_force) != NULL;
}

bool phc_decode_report(const Petahour__V1__ExecutionReport *m, phc_segments *room, phc_report *ret)
{
    phc_report r = {.stream_number = m->stream_number,
                    .sequence = m->sequence,
                    .at = m->at,
                    .type = (phc_report_type)m->type,
                    .order = m->order,
                    .client_order_id = m->client_order_id,
                    .leaves = m->leaves,
                    .hold = m->hold,
                    .reject_code = m->reject_code,
                    .reject_name = m->reject_name,
                    .reject_text = m->reject_text,
                    .reject_arg0 = m->reject_arg0,
                    .reject_arg1 = m->reject_arg1,
                    .trade = m->trade,
                    .contract = m->contract,
                    .product = m->product,
                    .side = (phc_side)m->side,
                    .taker = m->taker,
                    .segment_cnt = m->n_segments,
                    .notional = m->notional,
                    .fee = m->fee,
                    .bond = m->bond,
                    .cancel_reason = m->cancel_reason,
                    .period = m->period,
                    .ended = m->ended,
                    .quantity = m->quantity,
                    .price = m->price,
                    .group = m->group,
                    .from_contract = m->from_contract,
                    .premium = m->premium,
                    .fee_at_trade = m->fee_at_trade};
    if (r.type < PHC_ACCEPTED || r.type > PHC_ASSIGNED) return false;
    if (r.type == PHC_ACCEPTED &&
        (m->as_understood == NULL || !phc_decode_order(m->as_understood, &r.as_understood)))
        return false;
    if (r.type == PHC_TRADE && phc_side_text(r.side) == NULL) return false;
    if (!segments(m->segments, m->n_segments, room)) return false;
    r.segments = room->v;
    *ret = r;
    return true;
}

void phc_decode_result(const Petahour__V1__CommandResult *m, phc_result *ret)
{
    *ret = (phc_result){.stream_number = m->stream_number,
                        .sequence = m->sequence,
                        .at = m->at,
                        .request = m->request,
                        .command = m->command,
                        .reject_code = m->reject_code,
                        .reject_name = m->reject_name,
                        .reject_text = m->reject_text,
                        .reject_arg0 = m->reject_arg0,
                        .reject_arg1 = m->reject_arg1,
                        .count = m->count,
                        .member = m->member,
                        .client_order_id = m->client_order_id,
                        .order = m->order};
}

bool phc_decode_delivery(const Petahour__V1__DeliveryNotice *m, phc_delivery *ret)
{
    *ret = (phc_delivery){.stream_number = m->stream_number,
                          .sequence = m->sequence,
                          .at = m->at,
                          .contract = m->contract,
                          .period = m->period,
                          .step = (phc_delivery_step)m->step,
                          .by = m->by,
                          .figure = m->figure,
                          .due = m->due,
                          .energy_wh = m->energy_wh,
                          .is_signed = m->signature.len != 0};
    if (phc_delivery_step_text(ret->step) == NULL) return false;
    if (!ret->is_signed) return true;
    if (m->signature.len != sizeof ret->signature) return false;
    memcpy(ret->signature, m->signature.data, sizeof ret->signature);
    return true;
}

bool phc_decode_final(const Petahour__V1__DeliveryFinal *m, phc_delivery_final *ret)
{
    *ret = (phc_delivery_final){.stream_number = m->stream_number,
                                .sequence = m->sequence,
                                .at = m->at,
                                .contract = m->contract,
                                .period = m->period,
                                .cause = (phc_final_cause)m->cause,
                                .delivered = m->delivered,
                                .promised = m->promised};
    return phc_final_cause_text(ret->cause) != NULL && m->delivered <= m->promised;
}

void phc_decode_access(const Petahour__V1__AccessHandedOver *m, phc_access *ret)
{
    *ret = (phc_access){.stream_number = m->stream_number,
                        .sequence = m->sequence,
                        .at = m->at,
                        .contract = m->contract,
                        .sealed = m->sealed.data,
                        .sealed_size = m->sealed.len};
}

bool phc_decode_cash(const Petahour__V1__CashMovements *m, phc_movement room[PHC_MOVEMENTS_MAX],
                     phc_cash *ret)
{
    if (m->n_movements > PHC_MOVEMENTS_MAX) return false;
    for (size_t i = 0; i < m->n_movements; i++)
        room[i] = (phc_movement){.reason = m->movements[i]->reason,
                                 .amount = m->movements[i]->amount,
                                 .contract = m->movements[i]->contract,
                                 .reference = m->movements[i]->reference};
    *ret = (phc_cash){.stream_number = m->stream_number,
                      .sequence = m->sequence,
                      .at = m->at,
                      .movements = room,
                      .movement_cnt = m->n_movements,
                      .cash = m->cash};
    return true;
}

void phc_decode_contract(const Petahour__V1__Contract *m, phc_signed_contract *ret)
{
    *ret = (phc_signed_contract){.stream_number = m->stream_number,
                                 .canonical = m->canonical.data,
                                 .canonical_size = m->canonical.len,
                                 .leaf_index = m->leaf_index,
                                 .leaf_count = m->leaf_count,
                                 .proof = m->inclusion_proof.data,
                                 .proof_size = m->inclusion_proof.len,
                                 .signed_root = m->signed_root,
                                 .signed_root_size = strlen(m->signed_root)};
}

static bool signature_of(const ProtobufCBinaryData *from, uint8_t ret[64])
{
    if (from->len != 64) return false;
    memcpy(ret, from->data, 64);
    return true;
}

bool phc_decode_countersignature(const Petahour__V1__Countersignature *m, phc_countersignature *ret)
{
    *ret = (phc_countersignature){.stream_number = m->stream_number,
                                  .contract = m->contract,
                                  .sequence = m->sequence,
                                  .at = m->at,
                                  .participant = m->participant};
    return key_of(&m->key, ret->key) && signature_of(&m->signature, ret->signature) &&
           key_of(&m->leaf_hash, ret->leaf_hash) && m->contract != 0 && m->participant != 0;
}

bool phc_decode_notary_key(const Petahour__V1__NotaryKey *m, phc_notary_change *ret)
{
    *ret = (phc_notary_change){.sequence = m->sequence};
    return key_of(&m->key, ret->key) && signature_of(&m->proof, ret->proof) &&
           signature_of(&m->endorsement, ret->endorsement) && m->sequence != 0;
}

/* ---- Catalogue ----------------------------------------------------------------------------- */

static bool product(const Petahour__V1__Product *m, phc_product *ret)
{
    *ret = (phc_product){.id = m->id,
                         .symbol = m->symbol,
                         .compute_type = (phc_compute_type)m->compute_type,
                         .architecture = (phc_architecture)m->architecture,
                         .model = m->model,
                         .unit = m->unit,
                         .hardware = m->hardware,
                         .hardware_units = m->hardware_units,
                         .gflops_fp16 = m->gflops_fp16,
                         .gflops_fp32 = m->gflops_fp32,
                         .gflops_fp64 = m->gflops_fp64,
                         .memory_mib = m->memory_mib,
                         .interconnect = m->interconnect,
                         .site = m->site,
                         .availability_ppm = m->availability_ppm,
                         .period_seconds = m->period_seconds,
                         .tick = m->tick,
                         .lot = m->lot,
                         .quantity_max = m->quantity_max,
                         .block_periods_max = m->block_periods_max,
                         .horizon = m->horizon,
                         .gate_seconds = m->gate_seconds,
                         .maker_ppm = m->maker_ppm,
                         .taker_ppm = m->taker_ppm,
                         .fee_at_trade_ppm = m->fee_at_trade_ppm,
                         .bond_fixed = m->bond_fixed,
                         .bond_ppm = m->bond_ppm,
                         .report_seconds = m->report_seconds,
                         .dispute_seconds = m->dispute_seconds,
                         .resolve_seconds = m->resolve_seconds,
                         .dispute_deposit = m->dispute_deposit,
                         .meter = m->meter,
                         .reference_price = m->reference_price,
                         .band_ppm = m->band_ppm,
                         .attested_only = m->attested_only};
    return phc_compute_type_text(ret->compute_type) != NULL &&
           phc_architecture_text(ret->architecture) != NULL && m->period_seconds != 0 &&
           key_of(&m->terms_hash, ret->terms_hash);
}

bool phc_decode_catalogue(const Petahour__V1__CatalogueEntry *m, phc_catalogue_row *room,
                          phc_catalogue_entry *ret)
{
    *ret = (phc_catalogue_entry){.request = m->request,
                                 .terms_version = m->terms_version,
                                 .grade = m->grade,
                                 .product_state = (phc_product_state)m->product_state,
                                 .phase = (phc_phase)m->phase};
    switch (m->entry_case) {
    case PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_PARTICIPANT: {
        const Petahour__V1__CatalogueParticipant *p = m->participant;
        room->participant = (phc_participant){.id = p->id,
                                              .roles = p->roles,
                                              .name = p->name,
                                              .state = (phc_participant_state)p->state};
        ret->participant = &room->participant;
        if (phc_participant_state_text(room->participant.state) == NULL) return false;
        if (p->sign_key.len == 0) return true;
        return key_of(&p->sign_key, room->participant.sign_key);
    }
    case PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_SITE: {
        const Petahour__V1__RegisterSite *s = m->site;
        room->site = (phc_site){.id = s->id,
                                .owner = s->owner,
                                .region = s->region,
                                .name = s->name,
                                .latitude_udeg = s->latitude_udeg,
                                .longitude_udeg = s->longitude_udeg,
                                .racks = s->racks,
                                .pue_ppm = s->pue_ppm};
        ret->site = &room->site;
        return true;
    }
    case PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_HARDWARE:
        room->hardware = (phc_hardware){.id = m->hardware->id, .name = m->hardware->name};
        ret->hardware = &room->hardware;
        return true;
    case PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_PRODUCT:
        ret->product = &room->product;
        return phc_product_state_text(ret->product_state) != NULL &&
               phc_phase_text(ret->phase) != NULL && product(m->product, &room->product);
    case PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY__NOT_SET:
    case _PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY__CASE_IS_INT_SIZE: return false;
    }
    return false;
}

/* ---- Market data --------------------------------------------------------------------------- */

bool phc_decode_public_trade(const Petahour__V1__PublicTrade *m, uint32_t product_id,
                             phc_segments *room, phc_public_trade *ret)
{
    if (phc_side_text((phc_side)m->taker) == NULL) return false;
    if (!segments(m->segments, m->n_segments, room)) return false;
    *ret = (phc_public_trade){.product = product_id,
                              .trade = m->trade,
                              .at = m->at,
                              .taker = (phc_side)m->taker,
                              .segments = room->v,
                              .segment_cnt = m->n_segments,
                              .number = m->number,
                              .segments_before = m->segments_before,
                              .segments_in_all = m->segments_in_all};
    return true;
}

void phc_decode_best_prices(const Petahour__V1__BestPrices *m, uint32_t product_id,
                            phc_best_prices *ret)
{
    *ret = (phc_best_prices){.product = product_id,
                             .first_period = m->first_period,
                             .periods = m->periods,
                             .bid = m->bid,
                             .bid_quantity = m->bid_quantity,
                             .ask = m->ask,
                             .ask_quantity = m->ask_quantity};
}
