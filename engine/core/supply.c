/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/supply.h"

#include "engine/core/capacity.h"

static uint64_t hardware_units(const ph_market *m, const ph_order *o, uint32_t units)
{
    return (uint64_t)units * m->products[o->product].terms.hardware_units;
}

ph_reject ph_supply_check(ph_market *m, const ph_order *o, ph_window window, uint32_t units,
                          int64_t ret_args[2])
{
    if (o->side != PH_SIDE_SELL) return PH_REJECT_NONE;
    ph_period t = window.first;
    uint64_t have = 0;
    ret_args[0] = t;
    ret_args[1] = 0;
    if (o->pool == PH_NONE) return PH_REJECT_CAPACITY;
    if (ph_capacity_free(m, o->pool, window, hardware_units(m, o, units), &t, &have))
        return PH_REJECT_NONE;
    ret_args[0] = t;
    ret_args[1] = (int64_t)have;
    return PH_REJECT_CAPACITY;
}

void ph_supply_offer(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    if (o->side == PH_SIDE_SELL) ph_capacity_offer(m, o->pool, window, hardware_units(m, o, units));
}

void ph_supply_take_back(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    if (o->side == PH_SIDE_SELL && !m->is_trial)
        ph_capacity_take_back(m, o->pool, window, hardware_units(m, o, units));
}
