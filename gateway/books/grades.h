/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/books/grades.h - which products are of one grade.

    A product is a grade at one site.  Two are of one grade if a unit of the one is as good as a
    unit of the other: compute type, architecture, model, unit, hardware and how much of it a
    unit draws, GFLOPS in each format, memory and interconnect are equal; and the length of
    their periods, or their books could not be added up.  The site, and how a product is traded,
    do not matter.

    Owns      its table; phg_grades_release accepts a zeroed one.
    Laws      numbers run from 1 in the order in which grades were first seen, so the same records
              give the same numbers; a number never gets another meaning.
    Thread    one. */
#ifndef GATEWAY_BOOKS_GRADES_H
#define GATEWAY_BOOKS_GRADES_H

#include "engine/wire/command.h"

/* What makes a grade. */
typedef struct {
    ph_text32 model, interconnect;
    ph_text16 unit;
    uint32_t compute_type, architecture, hardware, hardware_units;
    uint32_t gflops_fp16, gflops_fp32, gflops_fp64, memory_mib, period_seconds;
} phg_grade_terms;

typedef struct {
    phg_grade_terms *v; /* of grade n: v[n - 1] */
    uint32_t *sorted;   /* numbers, in the order of their terms */
    uint32_t cnt, max;
} phg_grades;

void phg_grades_release(phg_grades *g);

/* Number of the grade of a product with these terms; a new one if there is none like it.  0: no
   memory. */
uint32_t phg_grades_number(phg_grades *g, const ph_product_terms *terms);

#endif
