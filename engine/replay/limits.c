/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay/limits.h"

#include "engine/base/bytes.h"
#include "engine/base/panic.h"

enum { LIMITS_VERSION = 3 };

#define LIMITS(X)        \
    X(participants_max)  \
    X(sites_max)         \
    X(hardware_max)      \
    X(products_max)      \
    X(pools_max)         \
    X(ring_periods)      \
    X(orders_max)        \
    X(order_periods_max) \
    X(blocks_max)        \
    X(contracts_max)     \
    X(references_max)    \
    X(terms_max)         \
    X(deliveries_max)    \
    X(lots_max)          \
    X(disputes_max)      \
    X(probes_max)        \
    X(levels_max)

#define X(name) +sizeof(uint32_t)
_Static_assert(sizeof(ph_market_limits) == (0 LIMITS(X)), "every limit is written");
_Static_assert(PH_LIMITS_SIZE == sizeof(uint32_t) + (0 LIMITS(X)), "the size is that of the list");
#undef X

void ph_limits_write(const ph_market_limits *limits, uint8_t to[PH_LIMITS_SIZE])
{
    ph_writer w = ph_writer_of(to, PH_LIMITS_SIZE);
    ph_write_u32(&w, LIMITS_VERSION);
#define X(name) ph_write_u32(&w, limits->name);
    LIMITS(X)
#undef X
    PH_ASSERT(!w.full && w.p == w.end);
}

ph_status ph_limits_read(const void *bytes, size_t size, ph_market_limits *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    uint32_t version = ph_read_u32(&r);
    if (r.bad || version == 0) return PH_ECORRUPT;
    if (version != LIMITS_VERSION) return PH_EVERSION;
    ph_market_limits limits;
#define X(name) limits.name = ph_read_u32(&r);
    LIMITS(X)
#undef X
    if (!ph_reader_done(&r)) return PH_ECORRUPT;
    *ret = limits;
    return PH_OK;
}
