/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/replica/book_sum.h - the checksum of a book: what each row of it adds.

    The checksum is the sum, modulo 2^64, of the SipHash-2-4 of every row, with a key of 16 zero
    bytes, read as a little-endian number.  So it does not depend on an order of the rows, and a
    change costs what the changed rows cost.  It finds mistakes and lost frames; it is no signature.

    Bytes of a row, numbers little-endian:
      best prices 'P', period 4, bid 8, bid quantity 8, ask 8, ask quantity 8
      level       'L', side 1, period 4, price 8, quantity 8
      block       'B', side 1, shape 1, all-or-none 1, first 4, periods 4, duration 4, price 8,
                  units 8
      statistics  'S', period 4, last 8, high 8, low 8, volume 8, average 8, open interest 8
      totals      'T', number of the stream 4, products 4, open interest 8, day 8, then of the day
                  and ever each trades, volume, average, FP16, FP32, FP64, 8 each
      site        'M', site 4, measured at 8, PUE 4, CUE 4, WUE 4, grade 4
      probe       'N', site 4, measured at 8, round trip 4, bandwidth 4, reachable 4, region's bytes
      member      'G', number of the grade 4, product 4
      candle      'K', interval 4, start 8, open 8, high 8, low 8, close 8, volume 8, average 8,
                  trades 8
      of a period 'C', period 4, then as a candle from its interval on

    Thread    any. */
#ifndef GATEWAY_REPLICA_BOOK_SUM_H
#define GATEWAY_REPLICA_BOOK_SUM_H

#include "gateway/translate/translate.h"

/* 0 without quantity or units: such a row is not there. */
uint64_t phg_sum_best(ph_period t, const phg_best *best);
uint64_t phg_sum_level(ph_side side, ph_period t, ph_price price, uint64_t quantity);
uint64_t phg_sum_block(const phg_block_terms *terms, uint64_t units);
uint64_t phg_sum_statistics(ph_period t, const phg_statistics *s);
uint64_t phg_sum_totals(uint32_t number, const phg_overview_totals *t);
uint64_t phg_sum_site(const phg_site_told *s);
uint64_t phg_sum_probe(const ph_report_probe *p);
uint64_t phg_sum_member(uint32_t grade, ph_product_id product);
uint64_t phg_sum_candle(uint32_t interval_seconds, const phg_candle *c);
uint64_t phg_sum_period_candle(ph_period t, uint32_t interval_seconds, const phg_candle *c);

#endif
