/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/core/supply.h"

#include "engine/core/capacity.h"
#include "engine/core/contract.h"

static ph_capacity_draw draw_of(const ph_market *m, const ph_order *o, ph_window window,
                                uint32_t units)
{
    return (ph_capacity_draw){.pool = o->pool,
                              .kind = PH_CAPACITY_REGISTERED,
                              .window = window,
                              .units = (uint64_t)units *
                                       m->products[o->product].order_terms.hardware_units};
}

bool ph_supply_attested(const ph_market *m, const ph_order *o)
{
    return o->side == PH_SIDE_SELL && o->from_contract == 0 &&
           m->products[o->product].order_terms.attested_only;
}

ph_reject ph_supply_check(ph_market *m, const ph_order *o, ph_window window, uint32_t units,
                          int64_t ret_args[2])
{
    if (o->side != PH_SIDE_SELL) return PH_REJECT_NONE;
    if (o->from_contract != 0)
        return ph_contract_free(m, o->from_contract, window, units, ret_args);
    ph_period t = window.first;
    uint64_t have = 0;
    ph_reject why = PH_REJECT_NONE;
    if (o->pool == PH_NONE) why = PH_REJECT_CAPACITY;
    ph_capacity_draw draw = draw_of(m, o, window, units);
    if (why == PH_REJECT_NONE && !ph_capacity_free(m, &draw, &t, &have)) why = PH_REJECT_CAPACITY;
    if (why == PH_REJECT_NONE && ph_supply_attested(m, o)) {
        draw.kind = PH_CAPACITY_ATTESTED;
        if (!ph_capacity_free(m, &draw, &t, &have)) why = PH_REJECT_ATTESTED_CAPACITY;
    }
    if (why == PH_REJECT_NONE) return why;
    ret_args[0] = t;
    ret_args[1] = (int64_t)have;
    return why;
}

void ph_supply_offer_registered(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    if (o->side != PH_SIDE_SELL) return;
    if (o->from_contract != 0) {
        ph_contract_offer(m, o->from_contract, window, units);
        return;
    }
    ph_capacity_draw draw = draw_of(m, o, window, units);
    ph_capacity_offer(m, &draw);
}

void ph_supply_offer_attested(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    if (!ph_supply_attested(m, o)) return;
    ph_capacity_draw draw = draw_of(m, o, window, units);
    draw.kind = PH_CAPACITY_ATTESTED;
    ph_capacity_offer(m, &draw);
}

void ph_supply_offer(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    ph_supply_offer_registered(m, o, window, units);
    ph_supply_offer_attested(m, o, window, units);
}

void ph_supply_return_registered(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    if (o->side != PH_SIDE_SELL || m->is_trial) return;
    if (o->from_contract != 0) {
        ph_contract_take_back(m, o->from_contract, window, units);
        return;
    }
    ph_capacity_draw draw = draw_of(m, o, window, units);
    ph_capacity_take_back(m, &draw);
}

void ph_supply_return_attested(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    if (!ph_supply_attested(m, o) || m->is_trial) return;
    ph_capacity_draw draw = draw_of(m, o, window, units);
    draw.kind = PH_CAPACITY_ATTESTED;
    ph_capacity_take_back(m, &draw);
}

void ph_supply_take_back(ph_market *m, const ph_order *o, ph_window window, uint32_t units)
{
    ph_supply_return_registered(m, o, window, units);
    ph_supply_return_attested(m, o, window, units);
}
