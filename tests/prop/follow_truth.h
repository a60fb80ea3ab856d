/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/follow_truth.h - what market data must say, found the naive way.

    Depth and measurements are read out of the market itself.  What was traded is summed up each
    time anew over all fills since the market opened.

    Owns      what it remembers of each record; truth_forget frees it.
    Failure   stops the test. */
#ifndef TESTS_PROP_FOLLOW_TRUTH_H
#define TESTS_PROP_FOLLOW_TRUTH_H

#include "clients/lib/petahour.h"
#include "engine/core/market.h"
#include "engine/wire/event.h"

enum { TRUTH_PRODUCTS_MAX = 8, TRUTH_GRADES = 2, TRUTH_SITES_MAX = 4, TRUTH_PROBES_MAX = 8 };

/* Of each interval of a product, over all its periods; so few that it is reached. */
enum { TRUTH_PERIOD_CANDLES_MAX = 60 };

/* One fill: units in each of some periods at one price. */
typedef struct {
    uint64_t seq, at_ns, trade;
    uint32_t product, first, periods, units;
    int64_t price;
    ph_side taker;
    bool is_each; /* of two EACH orders */
    bool is_resale;
    uint32_t closed;                    /* periods before this one were closed then */
    uint32_t gflops[3], period_seconds; /* the product's, then */
} truth_fill;

/* What a record left. */
typedef struct {
    /* Checksums. */
    uint64_t prices[TRUTH_PRODUCTS_MAX + 1], depth[TRUTH_PRODUCTS_MAX + 1], grade[TRUTH_GRADES + 1];
    /* Of a product: periods before are closed, by its GATE_CLOSED or by the stamp of its last
       trade or change of an EACH order. */
    uint32_t closed[TRUTH_PRODUCTS_MAX + 1];
    uint32_t product_cnt, fill_cnt, site_cnt, probe_cnt;
    uint32_t site_of[TRUTH_PRODUCTS_MAX + 1];
    int64_t reference[TRUTH_PRODUCTS_MAX + 1];
    ph_phase phase[TRUTH_PRODUCTS_MAX + 1];
    ph_measure_site sites[TRUTH_SITES_MAX + 1]; /* measured_at 0: none */
    ph_report_probe probes[TRUTH_PROBES_MAX];
} truth_record;

/* Remembers what record `seq`, the last one + 1, told and left. */
void truth_take(const ph_market *m, uint64_t seq, const ph_command *c, const ph_event *events,
                uint32_t cnt);
void truth_forget(void);

const truth_record *truth_after(uint64_t seq);
const truth_fill *truth_fills(void); /* of record n the first fill_cnt */
uint32_t truth_fill_cnt(void);

/* The products of these tests differ in what a unit is by their memory: without any they are of
   grade 1, with some of grade 2. */
uint32_t truth_grade(const ph_product_terms *terms);

/* For who buys the higher of two prices is the worse one. */
static inline bool truth_is_worse(ph_side taker, int64_t a, int64_t b)
{
    return taker == PH_SIDE_BUY ? a > b : a < b;
}

/* follow_candles.c: the rows of a book of stream K, or C, are those after its record. */
void truth_check_candles(const phc_book *b);
void truth_check_period_candles(const phc_book *b);

/* follow_candles.c: candles that checked books had no more because there were too many. */
typedef struct {
    uint64_t of_product, of_periods;
} truth_forgotten_candles;

truth_forgotten_candles truth_forgotten(void);
void truth_forget_candles(void);

/* follow_trades.c: trades of stream P that were told, of products 1 to TRUTH_PRODUCTS_MAX.

   A trade is what the market's was, none is told twice, and they come in order.  A book is handed
   over behind its trades: after it, every trade up to its record was told, but those up to the
   first book of all and those of a hole, which begins at the book before a loss that frames sent
   again do not heal, and ends at the next book. */
void truth_trade_told(const phc_public_trade *t);
void truth_prices_lost(uint32_t product);
void truth_prices_told(const phc_book *b);

/* follow_trades.c: trades that phc_follow_trades told from the first on: each is the next one of
   the product that the market made, and has the next number. */
void truth_every_trade_told(const phc_public_trade *t);
uint64_t truth_tape_number(uint32_t product); /* of the last one that was told */
/* True if all were told that the market made of the product up to this record. */
bool truth_tape_is_whole(uint32_t product, uint64_t seq);

typedef struct {
    uint64_t told, in_holes; /* trades */
} truth_trades_told;

truth_trades_told truth_trades(void);
void truth_forget_trades(void);

/* follow_figures.c: the rows of a book of stream S, K, C, T or R are those after its record.  Of
   regions: each site is the only one of its own. */
void truth_check_figures(const phc_book *b, uint32_t design_pue_ppm);

#endif
