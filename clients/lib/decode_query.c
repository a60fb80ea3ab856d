/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to questions. */
#include "clients/lib/decode.h"

bool phc_decode_preview(const Petahour__V1__PreviewAnswer *m, phc_answer_room *room,
                        phc_preview *ret)
{
    if (m->n_fills > PHC_ANSWER_ROWS_MAX) return false;
    for (size_t i = 0; i < m->n_fills; i++)
        room->fills[i] =
            (phc_preview_fill){m->fills[i]->period, m->fills[i]->price, m->fills[i]->units};
    *ret = (phc_preview){.request = m->request,
                         .sequence = m->sequence,
                         .reject_code = m->reject_code,
                         .reject_name = m->reject_name,
                         .reject_text = m->reject_text,
                         .reject_arg0 = m->reject_arg0,
                         .reject_arg1 = m->reject_arg1,
                         .hold = m->hold,
                         .hold_after = m->hold_after,
                         .executed = m->executed,
                         .left = m->left,
                         .ends = m->ends,
                         .notional = m->notional,
                         .fee = m->fee,
                         .fee_at_trade = m->fee_at_trade,
                         .bond = m->bond,
                         .contracts = m->contracts,
                         .fills = room->fills,
                         .fill_cnt = m->n_fills,
                         .fill_count = m->fill_count,
                         .average_price = m->average_price};
    return true;
}

void phc_decode_why(const Petahour__V1__WhyAnswer *m, phc_why *ret)
{
    *ret = (phc_why){.request = m->request,
                     .sequence = m->sequence,
                     .reject_code = m->reject_code,
                     .reject_name = m->reject_name,
                     .reject_text = m->reject_text,
                     .unknown = m->unknown,
                     .fills = m->fills,
                     .price = m->price,
                     .price_reject_name = m->price_reject_name,
                     .quantity = m->quantity,
                     .more_quantities = m->more_quantities,
                     .has_start = m->has_start,
                     .start = m->start,
                     .more_starts = m->more_starts,
                     .products = m->products,
                     .product_cnt = m->n_products};
}

bool phc_decode_depth(const Petahour__V1__DepthAnswer *m, phc_answer_room *room, phc_depth *ret)
{
    if (m->n_rows > PHC_ANSWER_ROWS_MAX) return false;
    for (size_t i = 0; i < m->n_rows; i++)
        room->depth[i] = (phc_depth_row){m->rows[i]->units, m->rows[i]->notional};
    *ret = (phc_depth){.request = m->request,
                       .sequence = m->sequence,
                       .refused = m->refused,
                       .first_start = m->first_start,
                       .rows = room->depth,
                       .row_cnt = m->n_rows};
    return true;
}

bool phc_decode_open_orders(const Petahour__V1__OrdersAnswer *m, phc_answer_room *room,
                            phc_open_orders *ret)
{
    if (m->n_orders > PHC_ANSWER_ORDERS_MAX) return false;
    for (size_t i = 0; i < m->n_orders; i++) {
        room->orders[i].order = m->orders[i]->order;
        room->orders[i].leaves = m->orders[i]->leaves;
        if (m->orders[i]->terms == NULL ||
            !phc_decode_order(m->orders[i]->terms, &room->orders[i].terms))
            return false;
    }
    *ret = (phc_open_orders){.request = m->request,
                             .sequence = m->sequence,
                             .orders = room->orders,
                             .order_cnt = m->n_orders,
                             .more = m->more};
    return true;
}

bool phc_decode_positions(const Petahour__V1__PositionsAnswer *m, phc_answer_room *room,
                          phc_positions *ret)
{
    if (m->n_positions > PHC_ANSWER_POSITIONS_MAX) return false;
    for (size_t i = 0; i < m->n_positions; i++) {
        const Petahour__V1__Position *p = m->positions[i];
        room->positions[i] = (phc_position){.contract = p->contract,
                                            .from_contract = p->from_contract,
                                            .product = p->product,
                                            .terms_version = p->terms_version,
                                            .buyer = p->buyer,
                                            .supplier = p->supplier,
                                            .first_period = p->first_period,
                                            .periods = p->periods,
                                            .quantity = p->quantity,
                                            .offered = p->offered,
                                            .state = (phc_delivery_state)p->state,
                                            .reported = p->reported,
                                            .due = p->due};
        if (p->state < 1 || (int)p->state > PHC_DISPUTED) return false;
    }
    *ret = (phc_positions){.request = m->request,
                           .sequence = m->sequence,
                           .positions = room->positions,
                           .position_cnt = m->n_positions,
                           .more = m->more};
    return true;
}

void phc_decode_balances(const Petahour__V1__BalancesAnswer *m, phc_balances *ret)
{
    *ret = (phc_balances){.request = m->request,
                          .sequence = m->sequence,
                          .cash = m->cash,
                          .held = m->held,
                          .escrow = m->escrow,
                          .bond = m->bond,
                          .deposits = m->deposits,
                          .premiums = m->premiums,
                          .orders = m->orders,
                          .contracts = m->contracts};
}

bool phc_decode_order_status(const Petahour__V1__OrderStatusAnswer *m, phc_order_status *ret)
{
    *ret = (phc_order_status){.request = m->request,
                              .sequence = m->sequence,
                              .state = (phc_order_state)m->state,
                              .order = m->order,
                              .client_order_id = m->client_order_id,
                              .product = m->product,
                              .side = (phc_side)m->side,
                              .shape = (phc_shape)m->shape,
                              .first_period = m->first_period,
                              .periods = m->periods,
                              .duration = m->duration,
                              .price = m->price,
                              .quantity = m->quantity,
                              .unit_periods = m->unit_periods,
                              .executed = m->executed,
                              .leaves = m->leaves,
                              .accepted_sequence = m->accepted_sequence,
                              .accepted_at = m->accepted_at,
                              .ended_sequence = m->ended_sequence,
                              .ended_at = m->ended_at,
                              .cancel_reason = m->cancel_reason,
                              .reject_code = m->reject_code,
                              .reject_name = m->reject_name,
                              .reject_text = m->reject_text,
                              .reject_arg0 = m->reject_arg0,
                              .reject_arg1 = m->reject_arg1,
                              .failed_client_order_id = m->failed_client_order_id,
                              .last_client_order_id = m->last_client_order_id};
    bool is_known = ret->state < PHC_ORDER_UNKNOWN;
    return phc_order_state_text(ret->state) != NULL &&
           (!is_known || (phc_side_text(ret->side) != NULL && phc_shape_text(ret->shape) != NULL));
}

static phc_contract_state contract_state(const Petahour__V1__ContractState *m)
{
    return (phc_contract_state){.contract = m->contract,
                                .from_contract = m->from_contract,
                                .product = m->product,
                                .terms_version = m->terms_version,
                                .parts = m->parts,
                                .buyer = m->buyer,
                                .supplier = m->supplier,
                                .seller = m->seller,
                                .concluded_sequence = m->concluded_sequence,
                                .concluded_at = m->concluded_at,
                                .first_period = m->first_period,
                                .periods = m->periods,
                                .notional = m->notional,
                                .unit_periods = m->unit_periods,
                                .open = m->open,
                                .resold = m->resold,
                                .delivered = m->delivered,
                                .paid = m->paid,
                                .supplier_fee = m->supplier_fee,
                                .refunded = m->refunded,
                                .penalty = m->penalty,
                                .compensation = m->compensation,
                                .ended_sequence = m->ended_sequence,
                                .ended_at = m->ended_at};
}

bool phc_decode_contracts(const Petahour__V1__ContractsAnswer *m, phc_answer_room *room,
                          phc_contracts *ret)
{
    if (m->n_contracts > PHC_ANSWER_CONTRACTS_MAX) return false;
    for (size_t i = 0; i < m->n_contracts; i++) {
        const Petahour__V1__ContractState *c = m->contracts[i];
        if (c->open > c->unit_periods || c->resold > c->unit_periods - c->open) return false;
        room->contracts[i] = contract_state(c);
    }
    *ret = (phc_contracts){.request = m->request,
                           .sequence = m->sequence,
                           .contracts = room->contracts,
                           .contract_cnt = m->n_contracts,
                           .more = m->more,
                           .last = m->last,
                           .dropped = m->dropped,
                           .last_dropped = m->last_dropped};
    return true;
}

bool phc_decode_statement(const Petahour__V1__StatementAnswer *m, phc_answer_room *room,
                          phc_account_statement *ret)
{
    if (m->n_sums > PHC_ANSWER_SUMS_MAX) return false;
    uint64_t closing = (uint64_t)m->opening;
    for (size_t i = 0; i < m->n_sums; i++) {
        const Petahour__V1__StatementSum *s = m->sums[i];
        room->sums[i] = (phc_statement_sum){s->reason, s->movements, s->received, s->paid};
        closing += s->received - s->paid;
    }
    *ret = (phc_account_statement){.request = m->request,
                                   .sequence = m->sequence,
                                   .long_ago = m->long_ago,
                                   .first_kept = m->first_kept,
                                   .opening = m->opening,
                                   .closing = m->closing,
                                   .sums = room->sums,
                                   .sum_cnt = m->n_sums};
    return closing == (uint64_t)m->closing;
}
