/* SPDX-License-Identifier: Apache-2.0 */
/* Depth and blocks of a grade: those of its products together. */
#include "gateway/replica/feed.h"

#include "engine/base/period.h"
#include "gateway/bounds.h"
#include "gateway/replica/book_sum.h"
#include "gateway/replica/feed_parts.h"

#include <stdlib.h>

void phg_feed_grades_release(phg_feed *f)
{
    for (uint32_t i = 0; i < f->grade_cnt; i++) {
        phg_feed_grade *grade = &f->grades[i];
        for (uint32_t k = 0; k < grade->ring_max; k++) {
            phg_depth_release(&grade->ring[k].side[0]);
            phg_depth_release(&grade->ring[k].side[1]);
        }
        free(grade->ring);
        free(grade->changes);
        phg_blocks_release(&grade->blocks);
    }
    free(f->grades);
    free(f->grade_news);
}

static phg_feed_grade *grade_of(const phg_feed *f, uint32_t number)
{
    return number == 0 || number > f->grade_cnt ? NULL : &f->grades[number - 1];
}

/* ---- Levels --------------------------------------------------------------------------------- */

static phg_grade_period *period_of(const phg_feed_grade *grade, ph_period t)
{
    return &grade->ring[t & (grade->ring_max - 1)];
}

static bool is_empty(const phg_feed_grade *grade, ph_period t)
{
    const phg_grade_period *period = period_of(grade, t);
    return period->side[0].cnt == 0 && period->side[1].cnt == 0;
}

/* Gives up places at both ends in which nothing stands. */
static void shrink(phg_feed_grade *grade)
{
    for (; grade->first < grade->end && is_empty(grade, grade->first); grade->first++) {
        phg_depth_release(&period_of(grade, grade->first)->side[0]);
        phg_depth_release(&period_of(grade, grade->first)->side[1]);
    }
    while (grade->first < grade->end && is_empty(grade, grade->end - 1))
        grade->end--;
}

/* A place for period t. */
static ph_status reach(phg_feed_grade *grade, ph_period t)
{
    if (t >= grade->first && t < grade->end) return PH_OK;
    shrink(grade);
    bool is_none = grade->first == grade->end;
    ph_period first = is_none || t < grade->first ? t : grade->first;
    ph_period end = is_none || t >= grade->end ? t + 1 : grade->end;
    uint32_t max = grade->ring_max == 0 ? 64 : grade->ring_max;
    while (max < end - first && max < PHG_PERIODS_KEPT_MAX)
        max *= 2;
    if (max < end - first) return PH_ECORRUPT;
    if (max != grade->ring_max) {
        phg_grade_period *ring = calloc(max, sizeof *ring);
        if (!ring) return PH_EFULL;
        for (ph_period k = grade->first; k < grade->end; k++)
            ring[k & (max - 1)] = *period_of(grade, k);
        free(grade->ring);
        grade->ring = ring;
        grade->ring_max = max;
    }
    grade->first = first;
    grade->end = end;
    return PH_OK;
}

/* `by` more stands at a price of one period. */
static ph_status shift(phg_feed_grade *grade, phg_feed_change at, int64_t by)
{
    ph_status s = reach(grade, at.first);
    if (s != PH_OK) return s;
    phg_depth *depth = &period_of(grade, at.first)->side[at.side - 1];
    uint64_t before = phg_depth_at(depth, at.side, at.price);
    s = by > 0 ? phg_depth_add(depth, at.side, at.price, (uint64_t)by)
               : phg_depth_take(depth, at.side, at.price, (uint64_t)-by);
    if (s != PH_OK) return s;
    grade->stream.checksum += phg_sum_level(at.side, at.first, at.price, before + (uint64_t)by) -
                              phg_sum_level(at.side, at.first, at.price, before);
    return PH_OK;
}

ph_status phg_feed_grade_shift(phg_feed *f, const phg_feed_product *p, phg_feed_change at,
                               int64_t by)
{
    phg_feed_grade *grade = grade_of(f, p->grade);
    if (!grade || !grade->stream.is_followed) return PH_OK;
    ph_status s = shift(grade, at, by);
    if (s != PH_OK) return s;
    return phg_feed_note(&grade->changes, &grade->change_cnt, &grade->change_max, at);
}

static const phg_depth *depth_at(const void *book, ph_period t, ph_side side)
{
    const phg_feed_grade *grade = book;
    if (t < grade->first || t >= grade->end) return NULL;
    return &period_of(grade, t)->side[side - 1];
}

static phg_feed_levels levels_of(const phg_feed_grade *grade)
{
    return (phg_feed_levels){grade, depth_at, grade->first, grade->end};
}

/* ---- Blocks, and which products ------------------------------------------------------------- */

/* The rows of a product, as they are now, into its grade. */
static ph_status count_blocks(phg_feed_grade *grade, phg_feed_product *p)
{
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < p->blocks.row_cnt && s == PH_OK; i++) {
        phg_block_row *row = &p->blocks.rows[i];
        if (row->units == row->in_grade) continue;
        s = phg_blocks_count(&grade->blocks, &row->terms, row->in_grade, row->units);
        row->in_grade = row->units;
    }
    return s;
}

/* Lists a grade among those that have news. */
static void news_of(phg_feed *f, uint32_t number)
{
    phg_feed_grade *grade = grade_of(f, number);
    if (!grade || grade->stream.has_news) return;
    grade->stream.has_news = true;
    f->grade_news[f->grade_news_cnt++] = number;
}

static ph_status add_grade(phg_feed *f)
{
    if (f->grade_cnt == f->grade_max) {
        if (f->grade_max > UINT32_MAX / 4) return PH_EFULL;
        uint32_t more = f->grade_max == 0 ? 16 : f->grade_max * 2;
        phg_feed_grade *grown = realloc(f->grades, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        f->grades = grown;
        uint32_t *news = realloc(f->grade_news, more * sizeof *news);
        if (!news) return PH_EFULL;
        f->grade_news = news;
        f->grade_max = more;
    }
    f->grades[f->grade_cnt++] = (phg_feed_grade){.stream.is_followed = f->all_grades};
    return PH_OK;
}

ph_status phg_feed_set_grade(phg_feed *f, ph_product_id id, uint32_t grade)
{
    phg_feed_product *p = phg_feed_product_of(f, id);
    if (!p || p->order_cnt != 0 || p->blocks.cnt != 0 || grade > f->grade_cnt + 1)
        return PH_ECORRUPT;
    ph_status s = grade > f->grade_cnt ? add_grade(f) : PH_OK;
    phg_feed_grade *before = grade_of(f, p->grade);
    if (s == PH_OK && before && before->stream.is_followed) s = count_blocks(before, p);
    if (s != PH_OK) return s;
    if (p->depth.has_news) news_of(f, p->grade);
    p->grade = grade;
    return phg_feed_list(f, p);
}

/* ---- Telling -------------------------------------------------------------------------------- */

static void add_member(phg_feed_page *g, ph_product_id product, bool has_left)
{
    phg_feed_row(g);
    g->feed->members[g->picture.member_cnt++] = (phg_member_told){product, has_left};
}

static void tell_members(phg_feed_page *g, uint32_t number)
{
    const phg_feed *f = g->feed;
    for (uint32_t i = 0; i < f->touched_cnt; i++) {
        const phg_feed_product *p = phg_feed_product_of(f, f->touched[i]);
        bool was_in = p->grade_told == number, is_in = p->grade == number;
        if (was_in == is_in) continue;
        uint64_t sum = phg_sum_member(number, f->touched[i]);
        g->stream->checksum += is_in ? sum : -sum;
        add_member(g, f->touched[i], was_in);
    }
}

static void tell_blocks(phg_feed_page *g, phg_blocks *b)
{
    for (uint32_t i = 0; i < b->row_cnt; i++) {
        const phg_block_row *row = &b->rows[i];
        if (row->units == row->told) continue;
        g->stream->checksum +=
            phg_sum_block(&row->terms, row->units) - phg_sum_block(&row->terms, row->told);
        phg_feed_add_block(g, &row->terms, row->units);
    }
    phg_blocks_told(b);
}

static void tell(phg_feed *f, uint32_t number, phg_feed_emit emit, void *arg)
{
    phg_feed_grade *grade = grade_of(f, number);
    if (!grade->stream.is_followed) {
        grade->stream.number++;
        return;
    }
    phg_feed_page g = phg_feed_page_of(f, &grade->stream, PHG_STREAM_GRADE, number);
    g.emit = emit;
    g.arg = arg;
    const phg_feed_levels levels = levels_of(grade);
    tell_members(&g, number);
    phg_feed_tell_changes(&g, &levels, grade->changes, grade->change_cnt, 0);
    tell_blocks(&g, &grade->blocks);
    phg_feed_turn_page(&g, false);
    grade->change_cnt = 0;
    shrink(grade);
}

ph_status phg_feed_tell_grades(phg_feed *f, phg_feed_emit emit, void *arg)
{
    for (uint32_t i = 0; i < f->touched_cnt; i++) {
        phg_feed_product *p = phg_feed_product_of(f, f->touched[i]);
        phg_feed_grade *grade = grade_of(f, p->grade);
        if (p->depth.has_news || p->grade_told != p->grade) news_of(f, p->grade);
        if (p->grade_told != p->grade) news_of(f, p->grade_told);
        if (!grade || !grade->stream.is_followed) continue;
        ph_status s = count_blocks(grade, p);
        if (s != PH_OK) return s;
    }
    for (uint32_t i = 0; i < f->grade_news_cnt; i++) {
        if (f->is_live) tell(f, f->grade_news[i], emit, arg);
        grade_of(f, f->grade_news[i])->stream.has_news = false;
    }
    f->grade_news_cnt = 0;
    for (uint32_t i = 0; i < f->touched_cnt; i++) {
        phg_feed_product *p = phg_feed_product_of(f, f->touched[i]);
        p->grade_told = p->grade;
    }
    return PH_OK;
}

/* ---- Following ------------------------------------------------------------------------------ */

/* What stands in a product, into its grade. */
static ph_status count(phg_feed_grade *grade, phg_feed_product *p)
{
    ph_status s = count_blocks(grade, p);
    for (ph_period t = p->first; t < p->end; t++)
        for (uint32_t i = 0; i < 2; i++) {
            const phg_depth *depth = &phg_feed_period_of(p, t)->side[i];
            ph_side side = i == 0 ? PH_SIDE_BUY : PH_SIDE_SELL;
            for (uint32_t k = 0; k < depth->cnt && s == PH_OK; k++)
                s = shift(grade, (phg_feed_change){side, depth->v[k].price, t, t + 1},
                          (int64_t)depth->v[k].quantity);
        }
    return s;
}

static ph_status follow(phg_feed *f, uint32_t number)
{
    phg_feed_grade *grade = grade_of(f, number);
    if (!grade || grade->stream.is_followed) return PH_OK;
    ph_status s = PH_OK;
    for (uint32_t i = 0; i < f->product_cnt && s == PH_OK; i++) {
        if (f->products[i].grade != number) continue;
        s = count(grade, &f->products[i]);
        grade->stream.checksum += phg_sum_member(number, (ph_product_id){i + 1});
    }
    phg_blocks_told(&grade->blocks);
    for (uint32_t i = 0; i < grade->blocks.row_cnt; i++)
        grade->stream.checksum +=
            phg_sum_block(&grade->blocks.rows[i].terms, grade->blocks.rows[i].units);
    grade->stream.is_followed = true;
    return s;
}

ph_status phg_feed_follow_grade(phg_feed *f, uint32_t number)
{
    if (number != 0) return follow(f, number);
    ph_status s = PH_OK;
    f->all_grades = true;
    for (uint32_t i = 1; i <= f->grade_cnt && s == PH_OK; i++)
        s = follow(f, i);
    return s;
}

bool phg_feed_whole_grade(phg_feed *f, uint32_t number, phg_feed_emit emit, void *arg)
{
    phg_feed_grade *grade = grade_of(f, number);
    if (!grade || !f->is_live || follow(f, number) != PH_OK) return false;
    phg_feed_page g = phg_feed_page_of(f, &grade->stream, PHG_STREAM_GRADE, number);
    g.emit = emit;
    g.arg = arg;
    g.picture.answer = PHG_ANSWER_SNAPSHOT;
    for (uint32_t i = 0; i < f->product_cnt; i++)
        if (f->products[i].grade == number) add_member(&g, (ph_product_id){i + 1}, false);
    const phg_feed_levels levels = levels_of(grade);
    phg_feed_tell_levels(&g, &levels);
    for (uint32_t i = 0; i < grade->blocks.row_cnt; i++)
        phg_feed_add_block(&g, &grade->blocks.rows[i].terms, grade->blocks.rows[i].units);
    phg_feed_turn_page(&g, false);
    return true;
}
