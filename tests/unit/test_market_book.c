/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/market_book.h"

#include "tests/unit/suite.h"

#include <stdlib.h>

typedef Petahour__V1__MarketDataFrame market_data_frame;

/* A customer trusts its gateway, but not with its memory. */
START_TEST(more_rows_than_any_market_has_are_corrupt)
{
    Petahour__V1__DepthLevels level, *level_rows[] = {&level};
    Petahour__V1__BlockDepth block, *block_rows[] = {&block};
    Petahour__V1__SiteMeasurement site, *site_rows[] = {&site};
    Petahour__V1__ProbeMeasurement probe, *probe_rows[] = {&probe};
    Petahour__V1__GradeProduct product, *product_rows[] = {&product};
    petahour__v1__depth_levels__init(&level);
    level.first_period = level.periods = 1;
    level.side = PETAHOUR__V1__SIDE__SIDE_BUY;
    level.price = 5;
    level.quantity = 1;
    petahour__v1__block_depth__init(&block);
    block.side = PETAHOUR__V1__SIDE__SIDE_BUY;
    block.shape = PETAHOUR__V1__SHAPE__SHAPE_BLOCK;
    block.periods = block.duration = 2;
    block.units = 1;
    block.price = 5;
    petahour__v1__site_measurement__init(&site);
    site.site = 1;
    petahour__v1__probe_measurement__init(&probe);
    probe.site = 1;
    probe.region = (char[]){"r"};
    petahour__v1__grade_product__init(&product);
    product.product = 1;
    for (int i = 0; i < 10; i++) {
        market_data_frame f;
        phc_market_book b = {0};
        bool is_full = i % 2 != 0;
        petahour__v1__market_data_frame__init(&f);
        const size_t cnt = PHC_BOOK_ROWS_MAX - (is_full ? 0 : 1);
        switch (i / 2) {
        case 0:
            f.levels = level_rows;
            f.n_levels = 1;
            b.level_cnt = PHC_BOOK_LEVELS_MAX - (is_full ? 0 : 1);
            break;
        case 1:
            f.blocks = block_rows;
            f.n_blocks = 1;
            b.blocks = calloc(PHC_BOOK_ROWS_MAX, sizeof *b.blocks);
            b.block_cnt = cnt;
            b.block_max = PHC_BOOK_ROWS_MAX;
            break;
        case 2:
            f.sites = site_rows;
            f.n_sites = 1;
            b.sites = calloc(PHC_BOOK_ROWS_MAX, sizeof *b.sites);
            b.site_cnt = cnt;
            b.site_max = PHC_BOOK_ROWS_MAX;
            break;
        case 3:
            f.probes = probe_rows;
            f.n_probes = 1;
            b.networks = calloc(PHC_BOOK_ROWS_MAX, sizeof *b.networks);
            b.network_cnt = cnt;
            b.network_max = PHC_BOOK_ROWS_MAX;
            break;
        default:
            f.grade_products = product_rows;
            f.n_grade_products = 1;
            b.members = calloc(PHC_BOOK_ROWS_MAX, sizeof *b.members);
            b.member_cnt = cnt;
            b.member_max = PHC_BOOK_ROWS_MAX;
        }
        ck_assert_int_eq(phc_market_book_take(&b, &f), is_full ? PHC_ECORRUPT : PHC_OK);
        phc_market_book_release(&b);
    }
}
END_TEST

/* What is taken away makes place again. */
START_TEST(levels_are_counted)
{
    Petahour__V1__DepthLevels l, *levels[] = {&l};
    market_data_frame f;
    phc_market_book b = {0};
    petahour__v1__market_data_frame__init(&f);
    f.levels = levels;
    f.n_levels = 1;
    petahour__v1__depth_levels__init(&l);
    l.first_period = 10;
    l.periods = 3;
    l.side = PETAHOUR__V1__SIDE__SIDE_SELL;
    for (int64_t price = 1; price <= 4; price++) {
        l.price = price;
        l.quantity = 1;
        ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_OK);
    }
    ck_assert_uint_eq(b.level_cnt, 12);
    l.quantity = 0;
    ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_OK);
    ck_assert_uint_eq(b.level_cnt, 9);
    f.n_levels = 0;
    f.closed_before = 12;
    ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_OK);
    ck_assert_uint_eq(b.level_cnt, 3);
    phc_market_book_release(&b);
}
END_TEST

/* Prices of as many periods as any product has, and of one more. */
START_TEST(prices_of_more_periods_are_corrupt)
{
    Petahour__V1__BestPrices p, *prices[] = {&p};
    market_data_frame f;
    phc_market_book b = {0};
    petahour__v1__market_data_frame__init(&f);
    f.best_prices = prices;
    f.n_best_prices = 1;
    petahour__v1__best_prices__init(&p);
    p.first_period = 10;
    p.periods = PHC_BOOK_PERIODS_MAX;
    p.bid = 5;
    p.bid_quantity = 1;
    ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_OK);
    ck_assert_uint_eq(b.best_cnt, PHC_BOOK_PERIODS_MAX);
    p.first_period = 9;
    p.periods = 1;
    ck_assert_int_eq(phc_market_book_take(&b, &f), PHC_ECORRUPT);
    phc_market_book_release(&b);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, more_rows_than_any_market_has_are_corrupt);
    tcase_add_test(t, levels_are_counted);
    tcase_add_test(t, prices_of_more_periods_are_corrupt);
}

int main(void)
{
    return suite_run("market_book", add);
}
