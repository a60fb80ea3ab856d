/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/measure.h"

#include <string.h>

#include "engine/core/hash.h"

enum {
    TABLE_PROBES = 16, /* for TABLE_FULL: place in ph_market_limits */
    GREEN_GRADE_MAX = 5,
};

void ph_measure_init(ph_market *m, ph_arena *a)
{
    const ph_market_limits *lim = &m->limits;
    m->measurements = ph_arena_take(a, (size_t)lim->sites_max + 1, sizeof m->measurements[0]);
    m->probes = ph_arena_take(a, (size_t)lim->probes_max + 1, sizeof m->probes[0]);
    ph_index_init(&m->probe_of, a, lim->probes_max);
}

static ph_reject field(int number, uint64_t value, int64_t args[2])
{
    args[0] = number;
    args[1] = (int64_t)value;
    return PH_REJECT_FIELD_RANGE;
}

static ph_reject check_site(const ph_market *m, ph_site_id site, int64_t args[2])
{
    args[0] = site.v;
    args[1] = 0;
    return site.v == 0 || site.v > m->site_cnt ? PH_REJECT_UNKNOWN_SITE : PH_REJECT_NONE;
}

/* Newer than the one that is kept; none is kept at time 0. */
static ph_reject check_newer(ph_time measured_at, ph_time kept, int64_t args[2])
{
    args[0] = (int64_t)kept.ns;
    args[1] = 0;
    return measured_at.ns <= kept.ns ? PH_REJECT_DUPLICATE : PH_REJECT_NONE;
}

ph_reject ph_measure_site_take(ph_market *m, uint32_t meter, const ph_measure_site *s,
                               int64_t ret_args[2])
{
    ph_reject why = check_site(m, s->site, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (s->measured_at.ns == 0 || s->measured_at.ns > m->now.ns)
        return field(2, s->measured_at.ns, ret_args);
    if (s->pue_ppm < PH_PPM) return field(3, s->pue_ppm, ret_args);
    if (s->green_grade < 1 || s->green_grade > GREEN_GRADE_MAX)
        return field(6, s->green_grade, ret_args);
    ph_site_measurement *kept = &m->measurements[s->site.v];
    why = check_newer(s->measured_at, kept->values.measured_at, ret_args);
    if (why != PH_REJECT_NONE) return why;
    *kept = (ph_site_measurement){.values = *s, .by = {meter}};
    return PH_REJECT_NONE;
}

static uint64_t pair_hash(const ph_text32 *region, ph_site_id site)
{
    return ph_hash_key(region, sizeof *region, site.v);
}

/* Row of a pair, or PH_NONE. */
static uint32_t find(const ph_market *m, const ph_text32 *region, ph_site_id site)
{
    uint32_t row = PH_NONE;
    (void)ph_index_find(&m->probe_of, pair_hash(region, site), &row); /* none: PH_NONE */
    while (row != PH_NONE &&
           (m->probes[row].newest.values.site.v != site.v ||
            memcmp(&m->probes[row].newest.values.region, region, sizeof *region) != 0))
        row = m->probes[row].next_of_hash;
    return row;
}

static void remember(ph_market *m, uint32_t row, const ph_text32 *region, ph_site_id site)
{
    uint32_t same_hash = PH_NONE;
    uint64_t hash = pair_hash(region, site);
    (void)ph_index_find(&m->probe_of, hash, &same_hash); /* none: PH_NONE */
    m->probes[row].next_of_hash = same_hash;
    ph_index_put(&m->probe_of, hash, row);
}

ph_reject ph_measure_probe_take(ph_market *m, uint32_t meter, const ph_report_probe *p,
                                int64_t ret_args[2])
{
    if (p->region.s[0] == '\0') return field(1, 0, ret_args);
    ph_reject why = check_site(m, p->site, ret_args);
    if (why != PH_REJECT_NONE) return why;
    if (p->measured_at.ns == 0 || p->measured_at.ns > m->now.ns)
        return field(3, p->measured_at.ns, ret_args);
    if (p->reachable_ppm > PH_PPM) return field(6, p->reachable_ppm, ret_args);
    uint32_t row = find(m, &p->region, p->site);
    if (row == PH_NONE) {
        ret_args[0] = TABLE_PROBES;
        ret_args[1] = m->limits.probes_max;
        if (m->probe_cnt == m->limits.probes_max) return PH_REJECT_TABLE_FULL;
        row = ++m->probe_cnt;
        remember(m, row, &p->region, p->site);
    }
    ph_probe_measurement *kept = &m->probes[row].newest;
    why = check_newer(p->measured_at, kept->values.measured_at, ret_args);
    if (why != PH_REJECT_NONE) return why;
    *kept = (ph_probe_measurement){.values = *p, .by = {meter}};
    return PH_REJECT_NONE;
}

const ph_site_measurement *ph_market_site_measurement(const ph_market *m, ph_site_id id)
{
    if (id.v == 0 || id.v > m->site_cnt) return NULL;
    const ph_site_measurement *kept = &m->measurements[id.v];
    return kept->values.measured_at.ns == 0 ? NULL : kept;
}

uint32_t ph_market_probe_cnt(const ph_market *m)
{
    return m->probe_cnt;
}

const ph_probe_measurement *ph_market_probe_nth(const ph_market *m, uint32_t n)
{
    return n == 0 || n > m->probe_cnt ? NULL : &m->probes[n].newest;
}

const ph_probe_measurement *ph_market_probe(const ph_market *m, const ph_text32 *region,
                                            ph_site_id site)
{
    uint32_t row = find(m, region, site);
    return row == PH_NONE ? NULL : &m->probes[row].newest;
}

bool ph_measure_again(ph_market *m)
{
    for (uint32_t i = 1; i <= m->probe_cnt; i++) {
        const ph_report_probe *p = &m->probes[i].newest.values;
        if (find(m, &p->region, p->site) != PH_NONE) return false;
        remember(m, i, &p->region, p->site);
    }
    return true;
}
