/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/market_book.h - the book of one market data stream, kept from its frames.

    Owns      its rows; phc_market_book_release accepts a zeroed one.
    Lifetime  what phc_market_book_view gives is valid until the book is changed.
    Laws      the checksum is the sum over the rows that are there, as gateway/PROTOCOL.md says.
    Failure   PHC_ECORRUPT: rows that no gateway sends; the book is then not to be used;
              PHC_ENOMEM. */
#ifndef CLIENTS_LIB_MARKET_BOOK_H
#define CLIENTS_LIB_MARKET_BOOK_H

#include "clients/lib/petahour.h"

#include "petahour/v1/market_data.pb-c.h"

/* What a gateway sends is bounded here: more than any market has. */
enum {
    PHC_BOOK_PERIODS_MAX = 16384,
    PHC_BOOK_LEVELS_MAX = 1 << 22, /* of all periods */
    PHC_BOOK_ROWS_MAX = 1 << 16,   /* blocks; sites; networks; products of a grade */
    PHC_INTERVALS = 3
};

typedef struct {
    phc_level *v[2]; /* BUY, SELL; best first */
    uint32_t max[2];
} phc_level_room;

typedef struct {
    phc_candle *v; /* by interval, then start */
    uint32_t max;
} phc_candle_room;

typedef struct {
    phc_period_depth *periods;
    phc_level_room *rooms; /* of the periods, in the same order */
    size_t period_cnt, period_max;
    size_t level_cnt; /* of all periods */
    phc_block_depth *blocks;
    size_t block_cnt, block_max;
    phc_period_statistics *statistics;
    size_t statistics_cnt, statistics_max;
    phc_candle *candles;
    size_t candle_cnt, candle_max;
    phc_period_candles *candle_periods; /* in order, those that are not empty */
    phc_candle_room *candle_rooms;      /* of the periods, in the same order */
    size_t candle_period_cnt, candle_period_max;
    uint32_t candles_of[PHC_INTERVALS]; /* how many of each interval all periods have */
    phc_market_totals totals;
    uint64_t totals_sum; /* 0: none yet */
    phc_site_figures *sites;
    phc_network_figures *networks;
    size_t site_cnt, site_max, network_cnt, network_max;
    phc_best_prices *best; /* in order of period, one row each */
    size_t best_cnt, best_max;
    uint32_t *members; /* products of a grade, in order */
    size_t member_cnt, member_max;
    phc_phase phase;
    int64_t reference_price;
    uint64_t checksum;
} phc_market_book;

void phc_market_book_release(phc_market_book *b);

/* Takes the rows of a frame. */
phc_status phc_market_book_take(phc_market_book *b, const Petahour__V1__MarketDataFrame *f);

/* overview.c: the totals, sites and networks of a frame. */
phc_status phc_market_book_overview(phc_market_book *b, const Petahour__V1__MarketDataFrame *f);

/* candles.c: a candle, of all periods together or of each period of a run. */
phc_status phc_market_book_candle(phc_market_book *b, const Petahour__V1__Candle *m);

/* candles.c: of the periods before `end`, and of what began too early, there are none any more. */
void phc_market_book_close_candles(phc_market_book *b, uint32_t end);
void phc_market_book_drop_candles(phc_market_book *b, const Petahour__V1__CandlesDropped *m);

/* candles.c: frees them all; their counts are then of no use. */
void phc_market_book_release_candles(phc_market_book *b);

/* best_prices.c: of each period of a run. */
phc_status phc_market_book_prices(phc_market_book *b, uint32_t product,
                                  const Petahour__V1__BestPrices *m);

/* grade.c: which products are of the grade. */
phc_status phc_market_book_members(phc_market_book *b, const Petahour__V1__MarketDataFrame *f);

/* The rows as they are handed out. */
void phc_market_book_view(const phc_market_book *b, phc_book *ret);

#endif
