/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/document.h"

#include "engine/notary/merkle.h"
#include "tests/unit/a_contract.h"
#include "tests/unit/suite.h"

enum { SIZE = 676 + 2 * 20 };

static a_contract made;
static uint8_t bytes[SIZE + 1];

static void setup(void)
{
    a_contract_make(&made);
    ck_assert_uint_eq(a_contract_write(&made, bytes, SIZE), SIZE);
}

static ph_status status_of(const void *of, size_t size)
{
    ph_document d = {.seq = 77};
    const char *err = NULL;
    ph_status s = ph_document_read(of, size, &d, &err);
    ck_assert((s == PH_OK) == (err == NULL));
    if (s != PH_OK) ck_assert_uint_eq(d.seq, 77);
    return s;
}

START_TEST(what_was_written_reads_back)
{
    ph_document d;
    const char *err;
    ck_assert_int_eq(ph_document_read(bytes, SIZE, &d, &err), PH_OK);
    ck_assert_str_eq(d.market.s, "market.example");
    ck_assert_str_eq(d.currency, "USD");
    ck_assert_uint_eq(d.contract.v, 7);
    ck_assert_uint_eq(d.trade.v, 8);
    ck_assert_uint_eq(d.seq, 42);
    ck_assert_uint_eq(d.at.ns, UINT64_C(1795471200123456789));
    ck_assert_str_eq(d.symbol.s, "AI.H100-SXM5-80G.ulanqab-1");
    ck_assert_str_eq(d.unit.s, "card");
    ck_assert_uint_eq(d.period_seconds, 3600);
    ck_assert_uint_eq(d.buyer.id.v, 11);
    ck_assert_str_eq(d.buyer.name.s, "Lab");
    ck_assert_uint_eq(d.buyer.order.v, 101);
    ck_assert_uint_eq(d.supplier.id.v, 12);
    ck_assert_str_eq(d.supplier.name.s, "Hall");
    ck_assert_uint_eq(d.supplier.order.v, 100);
    ck_assert_int_eq(d.taker, PH_SIDE_BUY);
    ck_assert_int_eq(d.notional, 762);
    ck_assert_uint_eq(d.segment_cnt, 2);
    ph_segment s = ph_document_segment(&d, 1);
    ck_assert_uint_eq(s.window.first, 464024);
    ck_assert_uint_eq(s.window.periods, 1);
    ck_assert_uint_eq(s.quantity, 6);
    ck_assert_int_eq(s.price, 7);
}
END_TEST

/* Offsets as the README states them: customers read by these. */
START_TEST(fields_are_where_the_specification_says)
{
    static const struct {
        size_t at, size;
        uint64_t value;
    } rows[] = {
        {8, 4, 1},         {12, 4, 1},       {84, 8, 7},       {92, 8, 8},       {100, 8, 42},
        {116, 4, 3},       {200, 4, 1},      {236, 4, 3600},   {240, 4, 4},      {244, 4, 2},
        {248, 4, 1},       {252, 4, 999000}, {256, 4, 7200},   {260, 4, 86400},  {264, 4, 172800},
        {268, 8, 1000000}, {276, 4, 0},      {280, 4, 11},     {380, 8, 101},    {388, 4, 12},
        {488, 8, 100},     {496, 4, 1},      {500, 8, 762},    {508, 8, 10},     {516, 8, 5},
        {524, 8, 4},       {532, 8, 100},    {540, 8, 0},      {548, 4, 12},     {648, 8, 762},
        {656, 8, 0},       {664, 8, 0},      {672, 4, 2},      {676, 4, 464000}, {680, 4, 24},
        {684, 4, 6},       {688, 8, 5},      {696, 4, 464024}, {700, 4, 1},      {704, 4, 6},
        {708, 8, 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t v = 0;
        for (size_t b = 0; b < rows[i].size; b++)
            v |= (uint64_t)bytes[rows[i].at + b] << (8 * b);
        ck_assert_msg(v == rows[i].value, "offset %zu", rows[i].at);
    }
    ck_assert_mem_eq(bytes, "PHCTRACT", 8);
    ck_assert_mem_eq(bytes + 16, "market.example", 15);
    ck_assert_mem_eq(bytes + 80, "USD", 4);
    ck_assert_mem_eq(bytes + 120, "AI.H100-SXM5-80G.ulanqab-1", 27);
    ck_assert_mem_eq(bytes + 184, "card", 5);
    ck_assert_mem_eq(bytes + 204, made.product.terms_hash.b, 32);
    ck_assert_mem_eq(bytes + 284, "Lab", 4);
    ck_assert_mem_eq(bytes + 348, made.buyer.sign_key.b, 32);
    ck_assert_mem_eq(bytes + 392, "Hall", 5);
    ck_assert_mem_eq(bytes + 456, made.supplier.sign_key.b, 32);
    ck_assert_mem_eq(bytes + 552, "Hall", 5);
    ck_assert_mem_eq(bytes + 616, made.supplier.sign_key.b, 32);
}
END_TEST

START_TEST(every_other_length_is_refused)
{
    for (size_t size = 0; size < SIZE; size++)
        ck_assert_msg(status_of(bytes, size) == PH_ECORRUPT, "size %zu", size);
    ck_assert_int_eq(status_of(bytes, SIZE + 1), PH_ECORRUPT);
}
END_TEST

/* A flipped bit is refused, or gives another contract, which encodes to exactly the flipped bytes
   and has another leaf. */
START_TEST(a_flipped_bit_never_goes_unnoticed)
{
    ph_hash leaf = ph_merkle_leaf(bytes, SIZE);
    for (size_t i = 0; i < SIZE * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
        ph_hash other = ph_merkle_leaf(bytes, SIZE);
        ck_assert(memcmp(leaf.b, other.b, sizeof leaf.b) != 0);
        ph_document d;
        const char *err;
        if (ph_document_read(bytes, SIZE, &d, &err) == PH_OK) {
            ph_event segments[2] = {
                {.kind = PH_EVT_SEGMENT, .u.segment = ph_document_segment(&d, 0)},
                {.kind = PH_EVT_SEGMENT, .u.segment = ph_document_segment(&d, 1)}};
            uint8_t again[SIZE];
            ph_writer w = ph_writer_of(again, sizeof again);
            ph_document_write(&w, &d, segments);
            ck_assert(!w.full);
            ck_assert_mem_eq(again, bytes, SIZE);
        }
        bytes[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
}
END_TEST

START_TEST(another_version_is_named)
{
    bytes[8] = 2;
    ck_assert_int_eq(status_of(bytes, SIZE), PH_EVERSION);
}
END_TEST

static ph_status status_of_made(void)
{
    size_t size = a_contract_write(&made, bytes, SIZE);
    ph_status s = status_of(bytes, size);
    const ph_open_market *opened = &made.opened;
    if (!ph_text_ok(opened->market.s, sizeof opened->market) ||
        !ph_text_ok(opened->currency, sizeof opened->currency))
        return s;
    /* The same is found before it is written. */
    ph_trade trade = made.trade;
    if (trade.from_contract.v == 0) trade.supplier_notional = trade.notional;
    ph_document d;
    const char *why = NULL;
    ph_document_of(&trade, &made.facts, &d);
    ck_assert_int_eq(ph_document_check(&d, made.segments, &why), s);
    ck_assert((s == PH_OK) == (why == NULL));
    return s;
}

/* A resale: the buyer of contract 3 sold it on. */
static ph_register_participant holder = {.id = {13}, .name = {"Studio"}};

static void make_resale(void)
{
    a_contract_make(&made);
    made.trade.seller.v = 13;
    made.trade.from_contract.v = 3;
    made.trade.supplier_notional = 700;
    made.trade.premium = 62;
    made.trade.reseller_fee = 1;
    made.facts.seller = (ph_document_signer){&holder, &holder.sign_key};
}

START_TEST(a_resale_names_its_seller)
{
    make_resale();
    ck_assert_uint_eq(a_contract_write(&made, bytes, SIZE), SIZE);
    ph_document d;
    const char *err;
    ck_assert_int_eq(ph_document_read(bytes, SIZE, &d, &err), PH_OK);
    ck_assert_uint_eq(d.from_contract.v, 3);
    ck_assert_uint_eq(d.seller.v, 13);
    ck_assert_str_eq(d.seller_name.s, "Studio");
    ck_assert_uint_eq(d.supplier.id.v, 12);
    ck_assert_int_eq(d.supplier_notional, 700);
    ck_assert_int_eq(d.premium, 62);
    ck_assert_int_eq(d.reseller_fee, 1);
}
END_TEST

/* One byte of the bytes as they stand is another one. */
static ph_status status_with(size_t at, uint8_t value)
{
    uint8_t was = bytes[at];
    bytes[at] = value;
    ph_status s = status_of(bytes, SIZE);
    bytes[at] = was;
    return s;
}

START_TEST(without_a_resale_the_supplier_sells)
{
    ck_assert_int_eq(status_with(548, 13), PH_ECORRUPT); /* seller */
    ck_assert_int_eq(status_with(552, 'h'), PH_ECORRUPT);
    ck_assert_int_eq(status_with(616, 1), PH_ECORRUPT);
    ck_assert_int_eq(status_with(648, 1), PH_ECORRUPT); /* supplier_notional */
    ck_assert_int_eq(status_with(656, 1), PH_ECORRUPT); /* premium */
    ck_assert_int_eq(status_with(664, 1), PH_ECORRUPT); /* reseller_fee */
    make_resale();
    ck_assert_uint_eq(a_contract_write(&made, bytes, SIZE), SIZE);
    ck_assert_int_eq(status_with(540, 7), PH_ECORRUPT); /* its own number */
    ck_assert_int_eq(status_with(548, 0), PH_ECORRUPT);
    ck_assert_int_eq(status_with(655, 0x80), PH_ECORRUPT);
    ck_assert_int_eq(status_with(663, 0x80), PH_ECORRUPT);
    ck_assert_int_eq(status_with(671, 0x80), PH_ECORRUPT);
}
END_TEST

#define REFUSED(change)                                          \
    do {                                                         \
        a_contract_make(&made);                                  \
        change;                                                  \
        ck_assert_msg(status_of_made() == PH_ECORRUPT, #change); \
    } while (0)

START_TEST(every_rule_is_checked)
{
    REFUSED(made.opened.market.s[0] = 0);
    REFUSED(made.opened.market.s[20] = 'x');
    REFUSED(made.opened.market.s[3] = '\n');
    REFUSED(made.opened.currency[1] = 's');
    REFUSED(made.opened.currency[3] = 'X');
    REFUSED(made.trade.contract.v = 0);
    REFUSED(made.trade.trade.v = 0);
    REFUSED(made.facts.seq = 0);
    REFUSED(made.trade.terms_version = 0);
    REFUSED(made.trade.buy_order.v = 0);
    REFUSED(made.trade.sell_order.v = 0);
    REFUSED(made.trade.taker = 0);
    REFUSED(made.trade.taker = 3);
    REFUSED(made.product.period_seconds = 60);
    REFUSED(made.product.dispute_deposit = -1);
    REFUSED(made.trade.notional = 763);
    REFUSED(made.trade.supplier_fee = -1);
    REFUSED(made.trade.bond = -1);
    REFUSED(made.trade.buyer_fee_at_trade = 11);
    REFUSED(made.trade.buyer_fee_at_trade = -1);
    REFUSED(made.trade.segment_cnt = 0);
    REFUSED(made.trade.segment_cnt = 1);
    REFUSED(made.segments[0].u.segment.quantity = 0);
    REFUSED(made.segments[0].u.segment.quantity = 1000000001);
    REFUSED(made.segments[0].u.segment.price = 0);
    REFUSED(made.segments[0].u.segment.price = -5);
    REFUSED(made.segments[0].u.segment.price = INT64_MAX);
    REFUSED(made.segments[0].u.segment.window.periods = 0);
    REFUSED(made.segments[1].u.segment.window.first = UINT32_MAX;
            made.segments[1].u.segment.window.periods = 2);
    REFUSED(made.segments[1].u.segment.window.first = 463999);
    REFUSED(made.segments[1].u.segment.window.first = 464000; made.segments[1].u.segment.price = 5);
}
END_TEST

START_TEST(sums_that_do_not_fit_are_refused)
{
    made.segments[0].u.segment = (ph_segment){{464000, UINT32_MAX / 2}, 1000000000, 1000000};
    ck_assert_int_eq(status_of_made(), PH_ECORRUPT);
    made.segments[0].u.segment = (ph_segment){{464000, 1}, 1000000000, INT64_C(9223372036)};
    made.segments[1].u.segment = made.segments[0].u.segment;
    made.segments[1].u.segment.window.first++;
    ck_assert_int_eq(status_of_made(), PH_ECORRUPT);
}
END_TEST

START_TEST(two_prices_in_one_period_are_in_order_of_price)
{
    made.segments[0].u.segment = (ph_segment){{464000, 2}, 6, 5};
    made.segments[1].u.segment = (ph_segment){{464000, 1}, 3, 7};
    made.trade.notional = 81;
    ck_assert_int_eq(status_of_made(), PH_OK);
}
END_TEST

static void add(TCase *t)
{
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, what_was_written_reads_back);
    tcase_add_test(t, fields_are_where_the_specification_says);
    tcase_add_test(t, every_other_length_is_refused);
    tcase_add_test(t, a_flipped_bit_never_goes_unnoticed);
    tcase_add_test(t, another_version_is_named);
    tcase_add_test(t, every_rule_is_checked);
    tcase_add_test(t, a_resale_names_its_seller);
    tcase_add_test(t, without_a_resale_the_supplier_sells);
    tcase_add_test(t, sums_that_do_not_fit_are_refused);
    tcase_add_test(t, two_prices_in_one_period_are_in_order_of_price);
}

int main(void)
{
    return suite_run("document", add);
}
