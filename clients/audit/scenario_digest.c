/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/scenario_digest.h"

#include <sodium.h>

#include "engine/base/panic.h"
#include "engine/wire/codec.h"

static void take(crypto_generichash_state *h, const ph_writer *w)
{
    PH_ASSERT(!w->full);
    crypto_generichash_update(h, w->start, ph_writer_size(w));
}

static void take_account(void *arg, ph_account account, ph_money balance)
{
    uint8_t bytes[17];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_write_u8(&w, (uint8_t)account.kind);
    ph_write_u64(&w, account.id);
    ph_write_i64(&w, balance);
    take(arg, &w);
}

static void take_order(crypto_generichash_state *h, const ph_resting_order *o)
{
    uint8_t bytes[20 + PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_write_u64(&w, o->order.v);
    ph_write_u32(&w, o->participant.v);
    ph_write_u64(&w, o->unit_periods);
    const ph_command c = {.kind = PH_CMD_NEW_ORDER, .u.order = o->terms};
    ph_command_write(&w, &c);
    take(h, &w);
}

ph_hash ph_scenario_digest(const ph_market *m, ph_order_id last_order)
{
    crypto_generichash_state h;
    ph_hash digest;
    crypto_generichash_init(&h, NULL, 0, sizeof digest.b);
    uint8_t bytes[8];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_write_u64(&w, ph_market_seq(m));
    take(&h, &w);
    ph_market_each_account(m, take_account, &h);
    for (uint64_t id = 1; id <= last_order.v; id++) {
        ph_resting_order o;
        if (ph_market_order(m, (ph_order_id){id}, &o)) take_order(&h, &o);
    }
    crypto_generichash_final(&h, digest.b, sizeof digest.b);
    return digest;
}
