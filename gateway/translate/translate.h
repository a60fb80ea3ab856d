/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate.h - protobuf to commands, records and pictures to protobuf.

    translate.c reads the frames that clients send and translate_commands.c the commands in them;
    translate_out.c and translate_notices.c write what clients receive, translate_query.c reads and
    writes questions and answers; nothing else in the gateway knows protobuf.

    In        A frame is taken whole or not at all.  Before anything is allocated its size and the
              number of its messages are checked; what protobuf-c allocates comes from one block of
              fixed size, so that a small hostile frame cannot become a large one in memory.
              Refused: unknown fields, enumerations outside their lists, keys of another length
              than 32 bytes, texts that do not fit or have control characters, and every payload
              that is not the shortest encoding of its value (a field given twice, a zero byte in
              a text, a varint with padding).
    Out       Messages for order entry come "framed": with the field number and length that make
              them an element of GatewayFrame.messages, so that a frame is a concatenation of them.

    Owns      its buffers; bytes returned are valid until the next call with the same translator.
    Thread    one. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_H
#define GATEWAY_TRANSLATE_TRANSLATE_H

#include "engine/base/status.h"
#include "engine/wire/command.h"
#include "engine/wire/countersignature.h"
#include "engine/wire/event.h"
#include "engine/wire/query.h"
#include "engine/wire/signed_contract.h"
#include "gateway/books/blocks.h"
#include "gateway/books/candles.h"
#include "gateway/books/catalogue.h"
#include "gateway/books/statistics.h"
#include "gateway/books/totals.h"
#include "gateway/bounds.h"

typedef struct phg_translator phg_translator;

typedef struct {
    const uint8_t *p; /* NULL: no memory */
    size_t size;
} phg_bytes;

/* PH_EFULL. */
ph_status phg_translator_open(phg_translator **ret);
void phg_translator_close(phg_translator *t); /* accepts NULL */

/* ---- In ----------------------------------------------------------------------------------- */

typedef enum {
    PHG_IN_LOGON = 1,
    PHG_IN_LOGOUT = 2,
    PHG_IN_HEARTBEAT = 3,
    PHG_IN_COMMAND = 4, /* without sender */
    PHG_IN_LIST_CATALOGUE = 5,
    PHG_IN_QUERY = 6, /* without who */
} phg_in_kind;

typedef struct {
    uint32_t protocol_version;
    uint64_t next_report, next_contract;
    bool receive;
    uint64_t next_countersignature; /* 0: not wanted */
    bool cancel_on_disconnect, take_over;
    ph_participant_id copy_of; /* 0: no drop copy */
} phg_logon;

typedef struct {
    uint64_t request;
    ph_query query;
} phg_asked;

typedef struct {
    phg_in_kind kind;
    union {
        phg_logon logon;
        ph_command command;
        phg_asked asked;
        uint64_t request;
    } u;
} phg_in;

typedef struct {
    uint32_t cnt;
    phg_in v[PHG_FRAME_MESSAGES_MAX];
} phg_in_frame;

enum { PHG_WHY_SIZE = 160 };

/* Reads a ClientFrame.  False: `why` says what was wrong, as a sentence; ret is then undefined. */
bool phg_translate_in(phg_translator *t, const void *bytes, size_t size, phg_in_frame *ret,
                      char why[PHG_WHY_SIZE]);

/* ---- Out: order entry --------------------------------------------------------------------- */

/* Numbers of petahour.v1.SessionRefusal. */
typedef enum {
    PHG_REFUSAL_NOT_LOGGED_ON = 1,
    PHG_REFUSAL_VERSION = 2,
    PHG_REFUSAL_MALFORMED = 3,
    PHG_REFUSAL_UNKNOWN_KEY = 4,
    PHG_REFUSAL_RECOVERING = 5,
    PHG_REFUSAL_SILENT = 6,
    PHG_REFUSAL_STREAM_NUMBER = 7,
    PHG_REFUSAL_TAKEN_OVER = 8,
    PHG_REFUSAL_NOT_ALLOWED = 9,
    PHG_REFUSAL_TOO_MANY_SESSIONS = 10,
    PHG_REFUSAL_NOT_READING = 11,
} phg_refusal;

/* Numbers of petahour.v1.ExecutionType. */
typedef enum {
    PHG_REPORT_ACCEPTED = 1,
    PHG_REPORT_REJECTED = 2,
    PHG_REPORT_TRADE = 3,
    PHG_REPORT_CANCELLED = 4,
    PHG_REPORT_PERIOD_LOST = 5,
    PHG_REPORT_REPLACED = 6,
    PHG_REPORT_CLIP_SHOWN = 7,
    PHG_REPORT_ASSIGNED = 8,
} phg_report_type;

/* Fields that do not belong to the type are 0. */
typedef struct {
    uint64_t number, seq;
    ph_time at;
    phg_report_type type;
    ph_order_id order;
    uint64_t client_order_id, leaves;
    const ph_new_order *as_understood;
    ph_money hold;
    ph_reject code;
    int64_t arg0, arg1;
    ph_trade_id trade;
    ph_contract_id contract;
    ph_product_id product;
    ph_side side; /* 0: not stated */
    bool taker;
    const ph_event *segments; /* segment_cnt SEGMENT events */
    uint32_t segment_cnt;
    ph_money notional, fee, bond;
    ph_cancel_reason cancel_reason; /* 0: none */
    ph_period period;
    uint64_t ended;
    ph_quantity quantity;
    ph_price price;
    ph_order_id group;
    ph_contract_id from_contract;
    ph_money premium, fee_at_trade;
} phg_report;

typedef struct {
    uint64_t number, seq;
    ph_time at;
    uint64_t request;
    ph_command_kind command;
    ph_reject code; /* PH_REJECT_NONE: done */
    int64_t arg0, arg1;
    uint64_t count;
    uint32_t member;
    uint64_t client_order_id;
    ph_order_id order;
} phg_result;

/* Where a message stands: in the private stream, in the journal. */
typedef struct {
    uint64_t number, seq;
    ph_time at;
} phg_place;

/* Money that came into or went out of a participant's cash. */
typedef struct {
    ph_transfer_reason reason;
    ph_money amount;         /* < 0: went out */
    ph_contract_id contract; /* 0: none */
} phg_movement;

typedef struct {
    ph_participant_id participant;
    uint32_t roles;
    uint64_t last_report, last_contract, last_countersignature, last_client_order_id;
    const ph_open_market *market;
    uint32_t silence_seconds;
    bool cancel_on_disconnect;
    ph_participant_id copy_of;
    bool reads_only;
} phg_logon_accepted;

/* Of a token bucket. */
typedef struct {
    uint32_t per_second, burst, left;
} phg_rate_left;

/* Of a message that was not taken. */
typedef struct {
    uint64_t request, client_order_id; /* 0: it has none */
    bool open_orders;                  /* because too many orders are open */
} phg_busy;

/* Fields of petahour.v1.Limits. */
typedef struct {
    phg_rate_left messages, session_messages, questions, control, refused;
    uint32_t sessions, sessions_max, open_orders, open_orders_max, under_way, under_way_max;
    uint32_t questions_under_way, questions_under_way_max;
    uint32_t connections, market_data_connections, connections_max; /* that have said something */
    uint32_t mute_connections, mute_connections_max;                /* that have not */
    uint32_t busy_waiting, busy_waiting_max;
} phg_limits;

phg_bytes phg_translate_report(phg_translator *t, const phg_report *r);
phg_bytes phg_translate_result(phg_translator *t, const phg_result *r);

/* by is what the receiver may know of event->by; report is the command behind it, or NULL. */
phg_bytes phg_translate_delivery(phg_translator *t, const phg_place *at,
                                 const ph_delivery_event *event, ph_participant_id by,
                                 const ph_report_delivery *report);
phg_bytes phg_translate_final(phg_translator *t, const phg_place *at, const ph_delivery_final *f);
phg_bytes phg_translate_access(phg_translator *t, const phg_place *at,
                               const ph_hand_over_access *a);
/* reference: of the payment outside, for the movement that is one. */
phg_bytes phg_translate_cash(phg_translator *t, const phg_place *at, const phg_movement *v,
                             uint32_t cnt, ph_money cash, const char *reference);
phg_bytes phg_translate_answer(phg_translator *t, uint64_t request, const ph_answer *a);
phg_bytes phg_translate_contract(phg_translator *t, uint64_t number, const ph_signed_contract *c);
phg_bytes phg_translate_countersignature(phg_translator *t, uint64_t number,
                                         const ph_countersignature *c);
phg_bytes phg_translate_notary_key(phg_translator *t, const phg_notary_key *k);
phg_bytes phg_translate_logon_accepted(phg_translator *t, const phg_logon_accepted *a);
phg_bytes phg_translate_refused(phg_translator *t, phg_refusal reason, const char *text);
phg_bytes phg_translate_busy(phg_translator *t, const phg_busy *b);
phg_bytes phg_translate_limits(phg_translator *t, const phg_limits *l);
phg_bytes phg_translate_heartbeat(phg_translator *t);
phg_bytes phg_translate_logout_accepted(phg_translator *t);

/* Row `i` of the catalogue as it is sent: participants, then sites, hardware classes, products;
   size 0 when there is no such row. */
phg_bytes phg_translate_catalogue_row(phg_translator *t, uint64_t request, const phg_catalogue *c,
                                      uint64_t i);
phg_bytes phg_translate_catalogue_end(phg_translator *t, uint64_t request, uint64_t seq);

/* ---- Out: market data --------------------------------------------------------------------- */

/* Best prices of one period, or of every period of a run. */
typedef struct {
    ph_price bid, ask; /* 0: none */
    uint64_t bid_quantity, ask_quantity;
} phg_best;

typedef struct {
    ph_window window;
    phg_best best;
} phg_run;

typedef struct {
    ph_trade_id trade;
    ph_time at;
    ph_side taker;
    const ph_segment *segments;
    uint32_t segment_cnt;
    uint64_t number; /* among the trades of the product */
} phg_public_trade;

/* What stands at one price, in every period of a run; quantity 0: nothing any more. */
typedef struct {
    ph_side side;
    ph_window window;
    ph_price price;
    uint64_t quantity;
} phg_level_run;

typedef struct {
    phg_block_terms terms;
    uint64_t units; /* 0: nothing any more */
} phg_block_told;

typedef struct {
    ph_window window;
    phg_statistics each; /* of every period of it */
} phg_statistics_run;

typedef struct {
    uint32_t interval_seconds;
    ph_window window; /* it is of each of these periods; none: of all periods together */
    phg_candle candle;
} phg_candle_told;

/* Candles of an interval that began before `start` are gone. */
typedef struct {
    uint32_t interval_seconds;
    uint64_t start;
} phg_candles_dropped;

/* What is traded of a compute type, or in a region. */
typedef struct {
    ph_compute_type compute_type; /* 0: of a region */
    const char *region;           /* NULL: of a type */
    uint32_t products;
    uint64_t open_interest, day_start;
    phg_totals day, ever;
} phg_overview_totals;

typedef struct {
    ph_site_id site;
    ph_measure_site newest; /* measured_at 0: none */
    uint32_t pue_ppm;       /* measured, or by design */
} phg_site_told;

/* A product of a grade. */
typedef struct {
    ph_product_id product;
    bool has_left;
} phg_member_told;

/* The letter with which a stream's topic begins. */
typedef enum {
    PHG_STREAM_PRICES = 'P',
    PHG_STREAM_DEPTH = 'D',
    PHG_STREAM_STATISTICS = 'S',
    PHG_STREAM_CANDLES = 'K',
    PHG_STREAM_PERIOD_CANDLES = 'C',
    PHG_STREAM_TYPE = 'T',
    PHG_STREAM_REGION = 'R',
    PHG_STREAM_GRADE = 'G',
    PHG_STREAM_TRADES = 'E',
} phg_stream_kind;

/* Numbers of the protocol. */
typedef enum {
    PHG_ANSWER_NONE = 0, /* a frame of the stream */
    PHG_ANSWER_SNAPSHOT = 1,
    PHG_ANSWER_RANGE_END = 2,
    PHG_ANSWER_NOT_KEPT = 3,
    PHG_ANSWER_BUSY = 4,
    PHG_ANSWER_DROPPED = 5, /* this and LIMITS under the name that a subscriber gave itself */
    PHG_ANSWER_LIMITS = 6,
} phg_stream_answer;

/* How close a participant is to what it may have of market data. */
typedef struct {
    phg_rate_left answers;
    uint32_t named_bytes, named_bytes_max;
} phg_stream_limits;

/* One frame of a product's stream, or of what answers a request about it. */
typedef struct {
    phg_stream_kind stream;
    ph_product_id product; /* or number of a grade, a compute type, or a region's first site */
    uint64_t number, epoch, seq;
    const phg_public_trade *trades;
    phg_bytes tape; /* trades behind these, written by phg_translate_trade; p NULL: none */
    const phg_run *runs;
    const phg_level_run *levels;
    const phg_block_told *blocks;
    const phg_statistics_run *statistics;
    const phg_candle_told *candles;
    const phg_overview_totals *totals; /* NULL: not told */
    const phg_site_told *sites;
    const ph_report_probe *const *probes;
    const phg_member_told *members;
    uint32_t site_cnt, probe_cnt, member_cnt;
    uint32_t trade_cnt, run_cnt, level_cnt, block_cnt, statistics_cnt, candle_cnt;
    phg_candles_dropped dropped[PHG_INTERVALS];
    uint32_t dropped_cnt;
    ph_phase phase;          /* 0: not told */
    ph_price reference;      /* 0: not told */
    ph_period closed_before; /* 0: not told */
    bool more;               /* the next frame belongs to the same state */
    uint64_t checksum;       /* of the book; 0 while there is more */
    uint64_t trades_so_far;  /* 0: not told */
    phg_stream_answer answer;
    const char *reason;              /* of an answer that is a refusal; else NULL */
    const phg_stream_limits *limits; /* NULL: not told */
} phg_picture;

/* A trade as an element of MarketDataFrame.trades, as it stays, or as several if it is long; its
   segments follow the event. */
phg_bytes phg_translate_trade(phg_translator *t, uint64_t number, ph_time at,
                              const ph_event *trade);

/* Bytes of the first element of these. */
size_t phg_trade_part(const uint8_t *p, const uint8_t *end);

/* The payload of a market data frame, not framed. */
phg_bytes phg_translate_picture(phg_translator *t, const phg_picture *p);

#endif
