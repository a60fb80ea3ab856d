/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/a_contract.h - one trade with two segments and everything it refers to. */
#ifndef TESTS_UNIT_A_CONTRACT_H
#define TESTS_UNIT_A_CONTRACT_H

#include <string.h>

#include "engine/notary/document.h"

typedef struct {
    ph_open_market opened;
    ph_product_terms product;
    ph_register_participant buyer, supplier;
    ph_trade trade;
    ph_event segments[2];
    ph_document_facts facts;
} a_contract;

/* Notional is 5 * 6 * 24 + 7 * 6 * 1 = 762. */
static inline void a_contract_make(a_contract *a)
{
    memset(a, 0, sizeof *a);
    a->opened =
        (ph_open_market){.rules_version = 1, .market = {"market.example"}, .currency = "USD"};
    a->product = (ph_product_terms){.id = {3},
                                    .symbol = {"AI.H100-SXM5-80G.ulanqab-1"},
                                    .unit = {"card"},
                                    .hardware = {2},
                                    .hardware_units = 1,
                                    .site = {4},
                                    .availability_ppm = 999000,
                                    .period_seconds = 3600,
                                    .report_seconds = 7200,
                                    .dispute_seconds = 86400,
                                    .resolve_seconds = 172800,
                                    .dispute_deposit = 1000000};
    memset(a->product.terms_hash.b, 0xab, sizeof a->product.terms_hash.b);
    a->buyer = (ph_register_participant){.id = {11}, .name = {"Lab"}};
    memset(a->buyer.sign_key.b, 0x11, sizeof a->buyer.sign_key.b);
    a->supplier = (ph_register_participant){.id = {12}, .name = {"Hall"}};
    memset(a->supplier.sign_key.b, 0x12, sizeof a->supplier.sign_key.b);
    a->trade = (ph_trade){.trade = {8},
                          .contract = {7},
                          .product = {3},
                          .terms_version = 1,
                          .buyer = {11},
                          .supplier = {12},
                          .seller = {12},
                          .buy_order = {101},
                          .sell_order = {100},
                          .taker = PH_SIDE_BUY,
                          .notional = 762,
                          .supplier_notional = 762,
                          .buyer_fee = 10,
                          .supplier_fee = 5,
                          .buyer_fee_at_trade = 4,
                          .bond = 100,
                          .segment_cnt = 2};
    a->segments[0] =
        (ph_event){.kind = PH_EVT_SEGMENT, .u.segment = {{464000, 24}, .quantity = 6, .price = 5}};
    a->segments[1] =
        (ph_event){.kind = PH_EVT_SEGMENT, .u.segment = {{464024, 1}, .quantity = 6, .price = 7}};
    a->facts = (ph_document_facts){.opened = &a->opened,
                                   .product = &a->product,
                                   .buyer = {&a->buyer, &a->buyer.sign_key},
                                   .supplier = {&a->supplier, &a->supplier.sign_key},
                                   .seller = {&a->supplier, &a->supplier.sign_key},
                                   .seq = 42,
                                   .at = {UINT64_C(1795471200123456789)}};
}

/* Canonical bytes of the trade as it stands, whose supplier has its notional unless it is a resale;
   returns their number. */
static inline size_t a_contract_write(const a_contract *a, uint8_t *to, size_t room)
{
    ph_trade trade = a->trade;
    if (trade.from_contract.v == 0) trade.supplier_notional = trade.notional;
    ph_document d;
    ph_document_of(&trade, &a->facts, &d);
    ph_writer w = ph_writer_of(to, room);
    ph_document_write(&w, &d, a->segments);
    return w.full ? 0 : ph_writer_size(&w);
}

#endif
