/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/grades.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* They are compared as bytes. */
_Static_assert(sizeof(phg_grade_terms) == 32 + 32 + 16 + 9 * sizeof(uint32_t), "has no gaps");

void phg_grades_release(phg_grades *g)
{
    free(g->v);
    free(g->sorted);
    *g = (phg_grades){0};
}

static phg_grade_terms terms_of(const ph_product_terms *p)
{
    return (phg_grade_terms){
        .model = p->model,
        .interconnect = p->interconnect,
        .unit = p->unit,
        .compute_type = (uint32_t)p->compute_type,
        .architecture = (uint32_t)p->architecture,
        .hardware = p->hardware.v,
        .hardware_units = p->hardware_units,
        .gflops_fp16 = p->gflops_fp16,
        .gflops_fp32 = p->gflops_fp32,
        .gflops_fp64 = p->gflops_fp64,
        .memory_mib = p->memory_mib,
        .period_seconds = p->period_seconds,
    };
}

static bool grow(phg_grades *g)
{
    if (g->cnt < g->max) return true;
    uint32_t more = g->max == 0 ? 16 : g->max * 2;
    if (more <= g->max) return false;
    phg_grade_terms *v = realloc(g->v, more * sizeof *v);
    if (!v) return false;
    g->v = v;
    uint32_t *sorted = realloc(g->sorted, more * sizeof *sorted);
    if (!sorted) return false;
    g->sorted = sorted;
    g->max = more;
    return true;
}

uint32_t phg_grades_number(phg_grades *g, const ph_product_terms *terms)
{
    const phg_grade_terms wanted = terms_of(terms);
    uint32_t low = 0, high = g->cnt;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(&g->v[g->sorted[middle] - 1], &wanted, sizeof wanted);
        if (order == 0) return g->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (!grow(g)) return 0;
    memmove(g->sorted + low + 1, g->sorted + low, (g->cnt - low) * sizeof *g->sorted);
    g->v[g->cnt++] = wanted;
    g->sorted[low] = g->cnt;
    return g->cnt;
}
