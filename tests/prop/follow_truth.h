/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/follow_truth.h - what market data must say, out of the market itself, the naive way.

    Owns      what it remembers of each record; truth_forget frees it.
    Failure   stops the test. */
#ifndef TESTS_PROP_FOLLOW_TRUTH_H
#define TESTS_PROP_FOLLOW_TRUTH_H

#include "engine/core/market.h"

enum { TRUTH_PRODUCTS_MAX = 8, TRUTH_GRADES = 2 };

/* Remembers the market as it stands after record `seq`: the last one + 1. */
void truth_take(const ph_market *m, uint64_t seq);
void truth_forget(void);

/* The products of these tests differ in nothing but their memory: without any they are of grade 1,
   with some of grade 2. */
uint32_t truth_grade(const ph_product_terms *terms);

/* Checksum of the depth of a product, and of a grade, after a record. */
uint64_t truth_depth(uint64_t seq, uint32_t product);
uint64_t truth_grade_depth(uint64_t seq, uint32_t grade);

#endif
