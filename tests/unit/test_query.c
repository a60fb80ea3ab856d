/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/query.h"

#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

static uint8_t bytes[PH_ANSWER_BYTES_MAX], again[PH_ANSWER_BYTES_MAX];
static ph_answer given, back;

static ph_new_order an_order(void)
{
    return (ph_new_order){.client_order_id = UINT64_MAX,
                          .product = {7},
                          .side = PH_SIDE_SELL,
                          .shape = PH_SHAPE_BLOCK,
                          .window = {498912, 24},
                          .quantity = 8,
                          .price = PH_PRICE_MAX,
                          .time_in_force = PH_TIF_GTC,
                          .all_or_none = true,
                          .stp = PH_STP_CANCEL_RESTING};
}

static ph_query a_query(ph_query_kind kind)
{
    ph_query q = {.kind = kind, .who = {3}};
    if (kind == PH_QUERY_PREVIEW) q.order = an_order();
    if (kind == PH_QUERY_WHY || kind == PH_QUERY_ORDERS) q.order_id.v = 17;
    if (kind == PH_QUERY_STATUS) q.client_order_id = UINT64_MAX;
    if (kind == PH_QUERY_ORDERS || kind == PH_QUERY_POSITIONS) q.after = UINT64_MAX;
    if (kind == PH_QUERY_CONTRACTS) {
        q.after = UINT64_MAX - 1;
        q.product.v = 9;
        q.open_only = true;
    }
    if (kind == PH_QUERY_STATEMENT) {
        q.first_day = 20786;
        q.days = UINT32_MAX;
    }
    if (kind != PH_QUERY_DEPTH) return q;
    q.product.v = 7;
    q.side = PH_SIDE_BUY;
    q.periods = 24;
    q.starts = (ph_window){498912, PH_QUERY_STARTS_MAX};
    q.limit = -1;
    q.without_own = true;
    return q;
}

START_TEST(questions_read_back)
{
    for (int kind = PH_QUERY_PREVIEW; kind <= PH_QUERY_KIND_MAX; kind++) {
        ph_query q = a_query((ph_query_kind)kind), r;
        uint64_t tag = 0;
        ph_writer w = ph_writer_of(bytes, PH_QUERY_BYTES_MAX);
        ph_query_write(&w, 99, &q);
        ck_assert(!w.full);
        size_t size = ph_writer_size(&w);
        ck_assert_int_eq(ph_query_read(bytes, size, &tag, &r), PH_OK);
        ck_assert_uint_eq(tag, 99);
        ck_assert_int_eq(memcmp(&q, &r, sizeof q), 0);
        for (size_t cut = 0; cut < size; cut++)
            ck_assert_int_eq(ph_query_read(bytes, cut, &tag, &r), PH_ECORRUPT);
        ck_assert_int_eq(ph_query_read(bytes, size + 1, &tag, &r), PH_ECORRUPT);
    }
}
END_TEST

START_TEST(a_status_names_an_order_by_one_number)
{
    const struct {
        uint64_t order, client_order_id;
        ph_status wanted;
    } rows[] = {{17, 0, PH_OK}, {0, 41, PH_OK}, {0, 0, PH_ECORRUPT}, {17, 41, PH_ECORRUPT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ph_query q = {.kind = PH_QUERY_STATUS,
                      .who = {3},
                      .order_id = {rows[i].order},
                      .client_order_id = rows[i].client_order_id};
        ph_query r;
        uint64_t tag;
        ph_writer w = ph_writer_of(bytes, PH_QUERY_BYTES_MAX);
        ph_query_write(&w, 1, &q);
        ck_assert_int_eq(ph_query_read(bytes, ph_writer_size(&w), &tag, &r), rows[i].wanted);
        if (rows[i].wanted != PH_OK) continue;
        ck_assert_uint_eq(r.order_id.v, rows[i].order);
        ck_assert_uint_eq(r.client_order_id, rows[i].client_order_id);
    }
}
END_TEST

START_TEST(a_why_names_an_order_or_states_one)
{
    ph_query q = {.kind = PH_QUERY_WHY, .who = {3}, .order = an_order()}, r;
    uint64_t tag;
    ph_writer w = ph_writer_of(bytes, PH_QUERY_BYTES_MAX);
    ph_query_write(&w, 1, &q);
    ck_assert_int_eq(ph_query_read(bytes, ph_writer_size(&w), &tag, &r), PH_OK);
    ck_assert_uint_eq(r.order_id.v, 0);
    ck_assert_uint_eq(r.order.quantity, 8);
}
END_TEST

static void fill_rows(ph_answer *a, ph_query_kind kind)
{
    for (uint32_t i = 0; i < a->cnt; i++) {
        if (kind == PH_QUERY_PREVIEW) a->rows.fills[i] = (ph_answer_fill){i, i + 1, i + 2};
        if (kind == PH_QUERY_WHY) a->rows.products[i].v = i + 1;
        if (kind == PH_QUERY_DEPTH) a->rows.depth[i] = (ph_answer_depth){i, -(ph_money)i};
        if (kind == PH_QUERY_ORDERS) a->rows.orders[i] = (ph_answer_order){{i + 1}, i, an_order()};
        if (kind == PH_QUERY_POSITIONS)
            a->rows.positions[i] = (ph_answer_position){
                {i + 1}, {i}, {3}, 1, {4}, {5}, {498912, 2}, 6, 7, (uint8_t)(1 + i % 3), 8, {9}};
        if (kind == PH_QUERY_CONTRACTS)
            a->rows.contracts[i] = (ph_answer_contract){{i + 1},  {i}, {3}, 4,  (uint8_t)(i % 8),
                                                        {5},      {6}, {7}, 8,  {9},
                                                        {10, 11}, 12,  13,  14, 15,
                                                        16,       17,  18,  19, 20,
                                                        21,       22,  {23}};
        if (kind == PH_QUERY_STATEMENT)
            a->rows.sums[i] = (ph_answer_sum){(ph_transfer_reason)(i + 1), i, i + 2, UINT64_MAX};
    }
}

static void fill(ph_answer *a, ph_query_kind kind)
{
    memset(a, 0, sizeof *a);
    a->kind = kind;
    a->seq = 1234;
    a->more = true;
    a->first = 498912;
    if (kind == PH_QUERY_PREVIEW) {
        a->u.preview = (ph_answer_preview){
            PH_REJECT_BLOCKS_FULL, 1, -2, 3, 4, 5, 6, PH_CANCEL_BAND, 7, 8, 9, 10, 11, 5000, 12};
        a->cnt = PH_QUERY_FILLS_MAX;
    } else if (kind == PH_QUERY_WHY) {
        a->u.why =
            (ph_answer_why){PH_REJECT_NONE, false, false,  2000000, PH_REJECT_CASH_FOR_HOLD, 5,
                            true,           true,  498913, true};
        a->cnt = PH_QUERY_PRODUCTS_MAX;
    } else if (kind == PH_QUERY_BALANCES) {
        a->u.balances = (ph_answer_balances){1, 2, 3, 4, 5, 6, 7, 8};
    } else if (kind == PH_QUERY_STATUS) {
        a->u.status = (ph_answer_status){PH_OUTCOME_REJECTED,
                                         {1},
                                         2,
                                         {3},
                                         PH_SIDE_SELL,
                                         PH_SHAPE_FLEX,
                                         {4, 5},
                                         6,
                                         -7,
                                         8,
                                         9,
                                         10,
                                         11,
                                         12,
                                         13,
                                         {14},
                                         {15},
                                         PH_CANCEL_BAND,
                                         PH_REJECT_RULES_VERSION,
                                         -16,
                                         17,
                                         18,
                                         19};
    } else if (kind == PH_QUERY_CONTRACTS) {
        a->u.contracts = (ph_answer_contracts){1, 2, 3};
        a->cnt = PH_QUERY_CONTRACTS_MAX;
    } else if (kind == PH_QUERY_STATEMENT) {
        a->u.statement = (ph_answer_statement){true, 20786, -1, 2};
        a->cnt = PH_TRANSFER_REASON_MAX;
    } else {
        a->cnt = kind == PH_QUERY_DEPTH    ? PH_QUERY_STARTS_MAX
                 : kind == PH_QUERY_ORDERS ? PH_QUERY_ORDERS_MAX
                                           : PH_QUERY_POSITIONS_MAX;
    }
    fill_rows(a, kind);
}

START_TEST(the_longest_answers_fit_and_read_back)
{
    for (int kind = PH_QUERY_PREVIEW; kind <= PH_QUERY_KIND_MAX; kind++) {
        uint64_t tag = 0;
        fill(&given, (ph_query_kind)kind);
        ph_writer w = ph_writer_of(bytes, sizeof bytes);
        ph_answer_write(&w, 77, &given);
        ck_assert_msg(!w.full, "kind %d", kind);
        size_t size = ph_writer_size(&w);
        ck_assert_int_eq(ph_answer_read(bytes, size, &tag, &back), PH_OK);
        ck_assert_uint_eq(tag, 77);
        ph_writer w2 = ph_writer_of(again, sizeof again);
        ph_answer_write(&w2, 77, &back);
        ck_assert_uint_eq(ph_writer_size(&w2), size);
        ck_assert_mem_eq(bytes, again, size);
        ck_assert_int_eq(ph_answer_read(bytes, size - 1, &tag, &back), PH_ECORRUPT);
        if (size < sizeof bytes)
            ck_assert_int_eq(ph_answer_read(bytes, size + 1, &tag, &back), PH_ECORRUPT);
    }
}
END_TEST

/* Whatever arrives: it is refused, or it is exactly what would be written. */
START_TEST(changed_bytes_are_refused_or_canonical)
{
    uint64_t tag = 0;
    for (int kind = PH_QUERY_PREVIEW; kind <= PH_QUERY_KIND_MAX; kind++) {
        ph_query q = a_query((ph_query_kind)kind), r;
        ph_writer w = ph_writer_of(bytes, PH_QUERY_BYTES_MAX);
        ph_query_write(&w, 99, &q);
        size_t size = ph_writer_size(&w);
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            if (ph_query_read(bytes, size, &tag, &r) == PH_OK) {
                ph_writer w2 = ph_writer_of(again, sizeof again);
                ph_query_write(&w2, tag, &r);
                ck_assert_uint_eq(ph_writer_size(&w2), size);
                ck_assert_mem_eq(bytes, again, size);
            }
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}
END_TEST

/* The first byte behind the answer's head is the outcome. */
START_TEST(a_status_of_no_outcome_is_refused)
{
    enum { AT = 8 + 1 + 8 + 1 + 1 + 4 + 4 };
    uint64_t tag;
    fill(&given, PH_QUERY_STATUS);
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_answer_write(&w, 1, &given);
    ck_assert_uint_eq(bytes[AT], PH_OUTCOME_REJECTED);
    for (int outcome = 0; outcome <= 255; outcome++) {
        bytes[AT] = (uint8_t)outcome;
        bool is_one = outcome >= 1 && outcome <= PH_OUTCOME_MAX;
        ck_assert_int_eq(ph_answer_read(bytes, ph_writer_size(&w), &tag, &back),
                         is_one ? PH_OK : PH_ECORRUPT);
    }
    bytes[AT] = PH_OUTCOME_REJECTED;
    ck_assert_int_eq(ph_answer_read(bytes, ph_writer_size(&w), &tag, &back), PH_OK);
    ck_assert_uint_eq(back.u.status.last_client_order_id, 19);
}
END_TEST

/* Bytes of a question or of an answer's head. */
enum { HEAD = 8 + 1 + 4, ANSWER_HEAD = 8 + 1 + 8 + 1 + 1 + 4 + 4 };

START_TEST(a_statement_of_no_days_is_refused)
{
    ph_query q = a_query(PH_QUERY_STATEMENT), r;
    uint64_t tag;
    ph_writer w = ph_writer_of(bytes, PH_QUERY_BYTES_MAX);
    ph_query_write(&w, 1, &q);
    ck_assert_int_eq(ph_query_read(bytes, ph_writer_size(&w), &tag, &r), PH_OK);
    ck_assert(r.first_day == 20786 && r.days == UINT32_MAX);
    memset(bytes + HEAD + 4, 0, 4);
    ck_assert_int_eq(ph_query_read(bytes, ph_writer_size(&w), &tag, &r), PH_ECORRUPT);
}
END_TEST

/* A sum is of a reason, and no reason is told twice or out of order. */
START_TEST(sums_of_a_statement_rise_by_reason)
{
    enum { FIRST = ANSWER_HEAD + 1 + 4 + 8 + 8, SUM = 1 + 3 * 8 };
    uint64_t tag;
    fill(&given, PH_QUERY_STATEMENT);
    given.cnt = 3;
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_answer_write(&w, 1, &given);
    size_t size = ph_writer_size(&w);
    ck_assert_uint_eq(size, FIRST + 3 * SUM);
    const struct {
        uint8_t second;
        ph_status wanted;
    } rows[] = {{0, PH_ECORRUPT},
                {1, PH_ECORRUPT},
                {2, PH_OK},
                {3, PH_ECORRUPT},
                {PH_TRANSFER_REASON_MAX + 1, PH_ECORRUPT},
                {255, PH_ECORRUPT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes[FIRST + SUM] = rows[i].second;
        ck_assert_int_eq(ph_answer_read(bytes, size, &tag, &back), rows[i].wanted);
    }
    given.rows.sums[2].reason = PH_TRANSFER_SPLIT;
    w = ph_writer_of(bytes, sizeof bytes);
    ph_answer_write(&w, 1, &given);
    ck_assert_int_eq(ph_answer_read(bytes, size, &tag, &back), PH_OK);
    ck_assert(back.cnt == 3 && back.rows.sums[2].reason == PH_TRANSFER_SPLIT);
    ck_assert(back.u.statement.opening == -1 && back.u.statement.is_long_ago);
}
END_TEST

START_TEST(parts_and_rows_of_contracts_are_bounded)
{
    enum { PARTS_AT = ANSWER_HEAD + 3 * 8 + 8 + 8 + 4 + 4, CNT_AT = ANSWER_HEAD - 4 };
    uint64_t tag;
    fill(&given, PH_QUERY_CONTRACTS);
    given.rows.contracts[0].parts = 7;
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_answer_write(&w, 1, &given);
    size_t size = ph_writer_size(&w);
    ck_assert_int_eq(ph_answer_read(bytes, size, &tag, &back), PH_OK);
    ck_assert(back.rows.contracts[0].parts == 7 && back.rows.contracts[255].ended_at.ns == 23);
    bytes[PARTS_AT] = 8;
    ck_assert_int_eq(ph_answer_read(bytes, size, &tag, &back), PH_ECORRUPT);
    bytes[PARTS_AT] = 7;
    bytes[CNT_AT] = 1;
    ck_assert_int_eq(ph_answer_read(bytes, size, &tag, &back), PH_ECORRUPT);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, questions_read_back);
    tcase_add_test(t, a_statement_of_no_days_is_refused);
    tcase_add_test(t, sums_of_a_statement_rise_by_reason);
    tcase_add_test(t, parts_and_rows_of_contracts_are_bounded);
    tcase_add_test(t, a_status_names_an_order_by_one_number);
    tcase_add_test(t, a_status_of_no_outcome_is_refused);
    tcase_add_test(t, a_why_names_an_order_or_states_one);
    tcase_add_test(t, the_longest_answers_fit_and_read_back);
    tcase_add_test(t, changed_bytes_are_refused_or_canonical);
}

int main(void)
{
    return suite_run("query", add);
}
