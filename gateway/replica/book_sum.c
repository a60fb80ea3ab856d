/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/book_sum.h"

#include "engine/base/bytes.h"
#include "engine/base/panic.h"

#include <sodium.h>
#include <string.h>

enum { ROW_BYTES_MAX = 128 };

static uint64_t hash(const uint8_t *row, const ph_writer *w)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint8_t out[crypto_shorthash_BYTES];
    PH_ASSERT(!w->full);
    (void)crypto_shorthash(out, row, ph_writer_size(w), key); /* cannot fail */
    ph_reader r = ph_reader_of(out, sizeof out);
    return ph_read_u64(&r);
}

uint64_t phg_sum_best(ph_period t, const phg_best *best)
{
    if (best->bid_quantity == 0 && best->ask_quantity == 0) return 0;
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'P');
    ph_write_u32(&w, t);
    ph_write_i64(&w, best->bid);
    ph_write_u64(&w, best->bid_quantity);
    ph_write_i64(&w, best->ask);
    ph_write_u64(&w, best->ask_quantity);
    return hash(row, &w);
}

uint64_t phg_sum_level(ph_side side, ph_period t, ph_price price, uint64_t quantity)
{
    if (quantity == 0) return 0;
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'L');
    ph_write_u8(&w, (uint8_t)side);
    ph_write_u32(&w, t);
    ph_write_i64(&w, price);
    ph_write_u64(&w, quantity);
    return hash(row, &w);
}

uint64_t phg_sum_block(const phg_block_terms *terms, uint64_t units)
{
    if (units == 0) return 0;
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'B');
    ph_write_u8(&w, (uint8_t)terms->side);
    ph_write_u8(&w, (uint8_t)terms->shape);
    ph_write_u8(&w, terms->all_or_none ? 1 : 0);
    ph_write_u32(&w, terms->window.first);
    ph_write_u32(&w, terms->window.periods);
    ph_write_u32(&w, terms->duration);
    ph_write_i64(&w, terms->price);
    ph_write_u64(&w, units);
    return hash(row, &w);
}

uint64_t phg_sum_statistics(ph_period t, const phg_statistics *s)
{
    if (phg_statistics_is_empty(s)) return 0;
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'S');
    ph_write_u32(&w, t);
    ph_write_i64(&w, s->last);
    ph_write_i64(&w, s->high);
    ph_write_i64(&w, s->low);
    ph_write_u64(&w, s->volume);
    ph_write_i64(&w, phg_statistics_average(s));
    ph_write_u64(&w, s->open_interest);
    return hash(row, &w);
}

static void write_candle(ph_writer *w, uint32_t interval_seconds, const phg_candle *c)
{
    ph_write_u32(w, interval_seconds);
    ph_write_u64(w, c->start);
    ph_write_i64(w, c->open);
    ph_write_i64(w, c->high);
    ph_write_i64(w, c->low);
    ph_write_i64(w, c->close);
    ph_write_u64(w, c->volume);
    ph_write_i64(w, phg_candle_average(c));
    ph_write_u64(w, c->trades);
}

uint64_t phg_sum_candle(uint32_t interval_seconds, const phg_candle *c)
{
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'K');
    write_candle(&w, interval_seconds, c);
    return hash(row, &w);
}

uint64_t phg_sum_period_candle(ph_period t, uint32_t interval_seconds, const phg_candle *c)
{
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'C');
    ph_write_u32(&w, t);
    write_candle(&w, interval_seconds, c);
    return hash(row, &w);
}

static void write_totals(ph_writer *w, const phg_totals *t)
{
    ph_write_u64(w, t->trades);
    ph_write_u64(w, t->volume);
    ph_write_i64(w, phg_totals_average(t));
    for (uint32_t i = 0; i < PHG_FORMATS; i++)
        ph_write_i64(w, phg_totals_per_pflops_hour(t, i));
}

uint64_t phg_sum_totals(uint32_t number, const phg_overview_totals *t)
{
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'T');
    ph_write_u32(&w, number);
    ph_write_u32(&w, t->products);
    ph_write_u64(&w, t->open_interest);
    ph_write_u64(&w, t->day_start);
    write_totals(&w, &t->day);
    write_totals(&w, &t->ever);
    return hash(row, &w);
}

uint64_t phg_sum_site(const phg_site_told *s)
{
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'M');
    ph_write_u32(&w, s->site.v);
    ph_write_u64(&w, s->newest.measured_at.ns);
    ph_write_u32(&w, s->pue_ppm);
    ph_write_u32(&w, s->newest.cue_ppm);
    ph_write_u32(&w, s->newest.wue_ppm);
    ph_write_u32(&w, s->newest.green_grade);
    return hash(row, &w);
}

uint64_t phg_sum_probe(const ph_report_probe *p)
{
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'N');
    ph_write_u32(&w, p->site.v);
    ph_write_u64(&w, p->measured_at.ns);
    ph_write_u32(&w, p->rtt_us);
    ph_write_u32(&w, p->bandwidth_mbps);
    ph_write_u32(&w, p->reachable_ppm);
    ph_write_bytes(&w, p->region.s, strlen(p->region.s));
    return hash(row, &w);
}

uint64_t phg_sum_member(uint32_t grade, ph_product_id product)
{
    uint8_t row[ROW_BYTES_MAX];
    ph_writer w = ph_writer_of(row, sizeof row);
    ph_write_u8(&w, 'G');
    ph_write_u32(&w, grade);
    ph_write_u32(&w, product.v);
    return hash(row, &w);
}
