/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/decode.h - what a client receives, from protobuf to the structs of petahour.h.

    Owns      phc_segments grows as needed; the caller frees v.  What else a result points to
              belongs to the protobuf message.
    Failure   false: a number that is no word of the protocol, a key of the wrong length, or no
              memory; *ret is then not to be used. */
#ifndef CLIENTS_LIB_DECODE_H
#define CLIENTS_LIB_DECODE_H

#include "clients/lib/petahour.h"

#include "clients/lib/notary_keys.h"

#include "petahour/v1/market_data.pb-c.h"
#include "petahour/v1/session.pb-c.h"

typedef struct {
    phc_segment *v;
    size_t room;
} phc_segments;

/* Room for cnt segments; false: no memory. */
bool phc_segments_room(phc_segments *s, size_t cnt);

bool phc_decode_logon(const Petahour__V1__LogonAccepted *m, phc_logon *ret);
void phc_decode_limits(const Petahour__V1__Limits *m, phc_limits *ret);
void phc_decode_stream_limits(const Petahour__V1__StreamLimits *m, phc_stream_limits *ret);
bool phc_decode_report(const Petahour__V1__ExecutionReport *m, phc_segments *room, phc_report *ret);
void phc_decode_result(const Petahour__V1__CommandResult *m, phc_result *ret);
/* holds, compared and replayed are left false. */
bool phc_decode_countersignature(const Petahour__V1__Countersignature *m,
                                 phc_countersignature *ret);
bool phc_decode_notary_key(const Petahour__V1__NotaryKey *m, phc_notary_change *ret);
bool phc_decode_delivery(const Petahour__V1__DeliveryNotice *m, phc_delivery *ret);
bool phc_decode_final(const Petahour__V1__DeliveryFinal *m, phc_delivery_final *ret);
void phc_decode_access(const Petahour__V1__AccessHandedOver *m, phc_access *ret);

/* Room for the movements that a message may have. */
enum { PHC_MOVEMENTS_MAX = 1024 };

bool phc_decode_cash(const Petahour__V1__CashMovements *m, phc_movement room[PHC_MOVEMENTS_MAX],
                     phc_cash *ret);
void phc_decode_contract(const Petahour__V1__Contract *m, phc_signed_contract *ret);

bool phc_decode_order(const Petahour__V1__NewOrder *m, phc_order *ret);

/* Room for the rows of whichever answer it is. */
enum {
    PHC_ANSWER_ROWS_MAX = 1024,
    PHC_ANSWER_ORDERS_MAX = 256,
    PHC_ANSWER_POSITIONS_MAX = 512,
    PHC_ANSWER_CONTRACTS_MAX = 256,
    PHC_ANSWER_SUMS_MAX = 64, /* reasons are only ever added */
};

typedef union {
    phc_preview_fill fills[PHC_ANSWER_ROWS_MAX];
    phc_depth_row depth[PHC_ANSWER_ROWS_MAX];
    phc_open_order orders[PHC_ANSWER_ORDERS_MAX];
    phc_position positions[PHC_ANSWER_POSITIONS_MAX];
    phc_contract_state contracts[PHC_ANSWER_CONTRACTS_MAX];
    phc_statement_sum sums[PHC_ANSWER_SUMS_MAX];
} phc_answer_room;

bool phc_decode_preview(const Petahour__V1__PreviewAnswer *m, phc_answer_room *room,
                        phc_preview *ret);
void phc_decode_why(const Petahour__V1__WhyAnswer *m, phc_why *ret);
bool phc_decode_depth(const Petahour__V1__DepthAnswer *m, phc_answer_room *room, phc_depth *ret);
bool phc_decode_open_orders(const Petahour__V1__OrdersAnswer *m, phc_answer_room *room,
                            phc_open_orders *ret);
bool phc_decode_positions(const Petahour__V1__PositionsAnswer *m, phc_answer_room *room,
                          phc_positions *ret);
void phc_decode_balances(const Petahour__V1__BalancesAnswer *m, phc_balances *ret);
bool phc_decode_order_status(const Petahour__V1__OrderStatusAnswer *m, phc_order_status *ret);
bool phc_decode_contracts(const Petahour__V1__ContractsAnswer *m, phc_answer_room *room,
                          phc_contracts *ret);
bool phc_decode_statement(const Petahour__V1__StatementAnswer *m, phc_answer_room *room,
                          phc_account_statement *ret);

/* Room for whichever row it is. */
typedef struct {
    phc_participant participant;
    phc_site site;
    phc_hardware hardware;
    phc_product product;
} phc_catalogue_row;

bool phc_decode_catalogue(const Petahour__V1__CatalogueEntry *m, phc_catalogue_row *room,
                          phc_catalogue_entry *ret);

bool phc_decode_public_trade(const Petahour__V1__PublicTrade *m, uint32_t product,
                             phc_segments *room, phc_public_trade *ret);
void phc_decode_best_prices(const Petahour__V1__BestPrices *m, uint32_t product,
                            phc_best_prices *ret);

#endif
