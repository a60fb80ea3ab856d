/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/codec.h"

#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"

/* One list of fields per kind, in the order of its bytes: F(form, field, limit).  The limit is the
   highest value of an enumeration (its lowest is 1) and unused for other forms; the writer and the
   reader are made from the same list, so they cannot disagree. */
#define FIELDS_OPEN_MARKET(F, of)       \
    F(u32, of.rules_version, 0)         \
    F(text, of.market.s, 0)             \
    F(text, of.currency, 0)             \
    F(text, of.operator_name.s, 0)      \
    F(blob, of.operator_curve_key.b, 0) \
    F(blob, of.operator_sign_key.b, 0)  \
    F(blob, of.notary_sign_key.b, 0)

#define FIELDS_PARTICIPANT(F, of) \
    F(u32, of.id.v, 0)            \
    F(u32, of.roles, 0)           \
    F(text, of.name.s, 0)         \
    F(blob, of.curve_key.b, 0)    \
    F(blob, of.sign_key.b, 0)

#define FIELDS_SITE(F, of)       \
    F(u32, of.id.v, 0)           \
    F(u32, of.owner.v, 0)        \
    F(text, of.region.s, 0)      \
    F(text, of.name.s, 0)        \
    F(i32, of.latitude_udeg, 0)  \
    F(i32, of.longitude_udeg, 0) \
    F(u32, of.racks, 0)          \
    F(u32, of.pue_ppm, 0)

#define FIELDS_HARDWARE(F, of) \
    F(u32, of.id.v, 0)         \
    F(text, of.name.s, 0)

#define FIELDS_CAPACITY(F, of)   \
    F(u64, of.reference, 0)      \
    F(u32, of.site.v, 0)         \
    F(u32, of.hardware.v, 0)     \
    F(u32, of.period_seconds, 0) \
    F(u32, of.window.first, 0)   \
    F(u32, of.window.periods, 0) \
    F(u32, of.units, 0)

#define FIELDS_PRODUCT(F, of)                \
    F(u32, of.id.v, 0)                       \
    F(text, of.symbol.s, 0)                  \
    F(enu, of.compute_type, PH_COMPUTE_EDGE) \
    F(enu, of.architecture, PH_ARCH_NPU)     \
    F(text, of.model.s, 0)                   \
    F(text, of.unit.s, 0)                    \
    F(u32, of.hardware.v, 0)                 \
    F(u32, of.hardware_units, 0)             \
    F(u32, of.gflops_fp16, 0)                \
    F(u32, of.gflops_fp32, 0)                \
    F(u32, of.gflops_fp64, 0)                \
    F(u32, of.memory_mib, 0)                 \
    F(text, of.interconnect.s, 0)            \
    F(u32, of.site.v, 0)                     \
    F(u32, of.availability_ppm, 0)           \
    F(u32, of.period_seconds, 0)             \
    F(i64, of.tick, 0)                       \
    F(u32, of.lot, 0)                        \
    F(u32, of.quantity_max, 0)               \
    F(u32, of.block_periods_max, 0)          \
    F(u32, of.horizon, 0)                    \
    F(u32, of.gate_seconds, 0)               \
    F(u32, of.maker_ppm, 0)                  \
    F(u32, of.taker_ppm, 0)                  \
    F(u32, of.fee_at_trade_ppm, 0)           \
    F(i64, of.bond_fixed, 0)                 \
    F(u32, of.bond_ppm, 0)                   \
    F(u32, of.report_seconds, 0)             \
    F(u32, of.dispute_seconds, 0)            \
    F(u32, of.resolve_seconds, 0)            \
    F(i64, of.dispute_deposit, 0)            \
    F(u32, of.meter.v, 0)                    \
    F(i64, of.reference_price, 0)            \
    F(u32, of.band_ppm, 0)                   \
    F(blob, of.terms_hash.b, 0)              \
    F(boo, of.attested_only, 0)

#define FIELDS_PHASE(F, of) \
    F(u32, of.product.v, 0) \
    F(enu, of.phase, PH_PHASE_CLOSED)

#define FIELDS_PARTICIPANT_STATE(F, of) \
    F(u32, of.participant.v, 0)         \
    F(enu, of.state, PH_PARTICIPANT_CLOSED)

#define FIELDS_PAYMENT(F, of)   \
    F(u32, of.participant.v, 0) \
    F(i64, of.amount, 0)        \
    F(text, of.reference.s, 0)

#define FIELDS_ORDER(F, of)               \
    F(u64, of.client_order_id, 0)         \
    F(u32, of.product.v, 0)               \
    F(enu, of.side, PH_SIDE_SELL)         \
    F(enu, of.shape, PH_SHAPE_FLEX)       \
    F(u32, of.window.first, 0)            \
    F(u32, of.window.periods, 0)          \
    F(u32, of.duration, 0)                \
    F(u32, of.quantity, 0)                \
    F(i64, of.price, 0)                   \
    F(enu, of.time_in_force, PH_TIF_FOK)  \
    F(u64, of.expire_at.ns, 0)            \
    F(boo, of.all_or_none, 0)             \
    F(boo, of.post_only, 0)               \
    F(u32, of.display_quantity, 0)        \
    F(enu, of.stp, PH_STP_CANCEL_RESTING) \
    F(u64, of.from_contract.v, 0)

#define FIELDS_CANCEL(F, of) \
    F(u64, of.order.v, 0)    \
    F(u64, of.client_order_id, 0)

#define FIELDS_MASS_CANCEL(F, of) \
    F(u32, of.product.v, 0)       \
    F(u32, of.participant.v, 0)

#define FIELDS_REPLACE(F, of)     \
    F(u64, of.order.v, 0)         \
    F(u64, of.client_order_id, 0) \
    F(i64, of.price, 0)           \
    F(u32, of.quantity, 0)

#define FIELDS_KEY(F, of)            \
    F(u32, of.participant.v, 0)      \
    F(enu, of.use, PH_KEY_SIGNATURE) \
    F(blob, of.key.b, 0)

#define FIELDS_PRODUCT_STATE(F, of) \
    F(u32, of.product.v, 0)         \
    F(enu, of.state, PH_PRODUCT_DELISTED)

#define FIELDS_CAPACITY_WITHDRAWAL(F, of) \
    F(u64, of.reference, 0)               \
    F(u32, of.site.v, 0)                  \
    F(u32, of.hardware.v, 0)              \
    F(u32, of.window.first, 0)            \
    F(u32, of.window.periods, 0)          \
    F(u32, of.units, 0)

#define FIELDS_ATTESTATION(F, of) \
    F(u64, of.reference, 0)       \
    F(u32, of.supplier.v, 0)      \
    F(u32, of.site.v, 0)          \
    F(u32, of.hardware.v, 0)      \
    F(u32, of.window.first, 0)    \
    F(u32, of.window.periods, 0)  \
    F(u32, of.units, 0)           \
    F(blob, of.document.b, 0)     \
    F(blob, of.signature.b, 0)

#define FIELDS_MEASUREMENT(F, of) \
    F(u32, of.site.v, 0)          \
    F(u64, of.measured_at.ns, 0)  \
    F(u32, of.pue_ppm, 0)         \
    F(u32, of.cue_ppm, 0)         \
    F(u32, of.wue_ppm, 0)         \
    F(u32, of.green_grade, 0)     \
    F(blob, of.signature.b, 0)

#define FIELDS_PROBE(F, of)      \
    F(text, of.region.s, 0)      \
    F(u32, of.site.v, 0)         \
    F(u64, of.measured_at.ns, 0) \
    F(u32, of.rtt_us, 0)         \
    F(u32, of.bandwidth_mbps, 0) \
    F(u32, of.reachable_ppm, 0)  \
    F(blob, of.signature.b, 0)

#define FIELDS_REPORT(F, of) \
    F(u64, of.contract.v, 0) \
    F(u32, of.period, 0)     \
    F(u64, of.delivered, 0)  \
    F(u64, of.energy_wh, 0)  \
    F(blob, of.signature.b, 0)

#define FIELDS_CONFIRMATION(F, of) \
    F(u64, of.contract.v, 0)       \
    F(u32, of.period, 0)

#define FIELDS_FIGURE(F, of) \
    F(u64, of.contract.v, 0) \
    F(u32, of.period, 0)     \
    F(u64, of.delivered, 0)

#define FIELDS_RULES(F, of) F(u32, of.version, 0)

/* Two kinds are as long as they say: a group has cnt orders, an access size bytes. */
#define FIELDS_GROUP(F, of)  F(group, of, 0)
#define FIELDS_ACCESS(F, of) F(access, of, 0)

#define FIELDS_REJECTED(F, of)          \
    F(enu, of.command, PH_CMD_KIND_MAX) \
    F(u32, of.code, 0)                  \
    F(i64, of.arg0, 0)                  \
    F(i64, of.arg1, 0)                  \
    F(u64, of.client_order_id, 0)       \
    F(u32, of.member, 0)                \
    F(u64, of.order.v, 0)

#define FIELDS_ACCEPTED(F, of) \
    F(u64, of.order.v, 0)      \
    F(u64, of.place, 0)        \
    F(i64, of.hold, 0)

#define FIELDS_DONE(F, of)              \
    F(enu, of.command, PH_CMD_KIND_MAX) \
    F(u64, of.count, 0)

#define FIELDS_CANCELLED(F, of)             \
    F(u64, of.order.v, 0)                   \
    F(u32, of.participant.v, 0)             \
    F(u64, of.client_order_id, 0)           \
    F(u32, of.product.v, 0)                 \
    F(enu, of.reason, PH_CANCEL_REASON_MAX) \
    F(u64, of.unit_periods, 0)

#define FIELDS_PERIOD_LOST(F, of) \
    F(u64, of.order.v, 0)         \
    F(u32, of.participant.v, 0)   \
    F(u64, of.client_order_id, 0) \
    F(u32, of.product.v, 0)       \
    F(u32, of.period, 0)          \
    F(u32, of.quantity, 0)        \
    F(enu, of.reason, PH_CANCEL_REASON_MAX)

#define FIELDS_TRADE(F, of)            \
    F(u64, of.trade.v, 0)              \
    F(u64, of.contract.v, 0)           \
    F(u32, of.product.v, 0)            \
    F(u32, of.terms_version, 0)        \
    F(u32, of.buyer.v, 0)              \
    F(u32, of.seller.v, 0)             \
    F(u32, of.supplier.v, 0)           \
    F(u64, of.from_contract.v, 0)      \
    F(u64, of.buy_order.v, 0)          \
    F(u64, of.sell_order.v, 0)         \
    F(u64, of.buy_client_order_id, 0)  \
    F(u64, of.sell_client_order_id, 0) \
    F(u64, of.buy_leaves, 0)           \
    F(u64, of.sell_leaves, 0)          \
    F(enu, of.taker, PH_SIDE_SELL)     \
    F(i64, of.notional, 0)             \
    F(i64, of.supplier_notional, 0)    \
    F(i64, of.premium, 0)              \
    F(i64, of.buyer_fee, 0)            \
    F(i64, of.supplier_fee, 0)         \
    F(i64, of.reseller_fee, 0)         \
    F(i64, of.buyer_fee_at_trade, 0)   \
    F(i64, of.bond, 0)                 \
    F(u32, of.segment_cnt, 0)

#define FIELDS_SEGMENT(F, of)    \
    F(u32, of.window.first, 0)   \
    F(u32, of.window.periods, 0) \
    F(u32, of.quantity, 0)       \
    F(i64, of.price, 0)

#define FIELDS_TRANSFER(F, of)                 \
    F(enu, of.debit.kind, PH_ACCOUNT_PREMIUM)  \
    F(u64, of.debit.id, 0)                     \
    F(enu, of.credit.kind, PH_ACCOUNT_PREMIUM) \
    F(u64, of.credit.id, 0)                    \
    F(i64, of.amount, 0)                       \
    F(enu, of.reason, PH_TRANSFER_REASON_MAX)

#define FIELDS_GATE_CLOSED(F, of) \
    F(u32, of.product.v, 0)       \
    F(u32, of.period, 0)

#define FIELDS_PHASE_CHANGED(F, of) \
    F(u32, of.product.v, 0)         \
    F(enu, of.phase, PH_PHASE_CLOSED)

#define FIELDS_REFERENCE_SET(F, of) \
    F(u32, of.product.v, 0)         \
    F(i64, of.price, 0)

#define FIELDS_REPLACED(F, of)    \
    F(u64, of.order.v, 0)         \
    F(u32, of.participant.v, 0)   \
    F(u64, of.client_order_id, 0) \
    F(u32, of.product.v, 0)       \
    F(u64, of.place, 0)           \
    F(i64, of.price, 0)           \
    F(u32, of.quantity, 0)        \
    F(u64, of.unit_periods, 0)    \
    F(i64, of.hold, 0)

#define FIELDS_CLIP_SHOWN(F, of) \
    F(u64, of.order.v, 0)        \
    F(u32, of.participant.v, 0)  \
    F(u32, of.product.v, 0)      \
    F(u32, of.period, 0)         \
    F(u32, of.quantity, 0)       \
    F(u64, of.place, 0)

#define FIELDS_DELIVERY(F, of)            \
    F(u64, of.contract.v, 0)              \
    F(u32, of.period, 0)                  \
    F(enu, of.step, PH_DELIVERY_STEP_MAX) \
    F(u32, of.by.v, 0)                    \
    F(u64, of.figure, 0)                  \
    F(u64, of.due.ns, 0)

#define FIELDS_DELIVERY_FINAL(F, of)     \
    F(u64, of.contract.v, 0)             \
    F(u32, of.period, 0)                 \
    F(enu, of.cause, PH_FINAL_CAUSE_MAX) \
    F(u64, of.delivered, 0)              \
    F(u64, of.promised, 0)

#define FIELDS_TERMS_SET(F, of) \
    F(u32, of.product.v, 0)     \
    F(u32, of.terms_version, 0)

/* kind, field list, member of the union */
#define COMMAND_KINDS(K)                                                         \
    K(PH_CMD_OPEN_MARKET, FIELDS_OPEN_MARKET, open_market)                       \
    K(PH_CMD_REGISTER_PARTICIPANT, FIELDS_PARTICIPANT, participant)              \
    K(PH_CMD_REGISTER_SITE, FIELDS_SITE, site)                                   \
    K(PH_CMD_REGISTER_HARDWARE, FIELDS_HARDWARE, hardware)                       \
    K(PH_CMD_REGISTER_CAPACITY, FIELDS_CAPACITY, capacity)                       \
    K(PH_CMD_LIST_PRODUCT, FIELDS_PRODUCT, product)                              \
    K(PH_CMD_SET_PHASE, FIELDS_PHASE, phase)                                     \
    K(PH_CMD_SET_PARTICIPANT_STATE, FIELDS_PARTICIPANT_STATE, participant_state) \
    K(PH_CMD_DEPOSIT, FIELDS_PAYMENT, payment)                                   \
    K(PH_CMD_WITHDRAW, FIELDS_PAYMENT, payment)                                  \
    K(PH_CMD_NEW_ORDER, FIELDS_ORDER, order)                                     \
    K(PH_CMD_CANCEL_ORDER, FIELDS_CANCEL, cancel)                                \
    K(PH_CMD_MASS_CANCEL, FIELDS_MASS_CANCEL, mass_cancel)                       \
    K(PH_CMD_REPLACE_ORDER, FIELDS_REPLACE, replace)                             \
    K(PH_CMD_NEW_GROUP, FIELDS_GROUP, group)                                     \
    K(PH_CMD_ADD_KEY, FIELDS_KEY, key)                                           \
    K(PH_CMD_REVOKE_KEY, FIELDS_KEY, key)                                        \
    K(PH_CMD_SET_TERMS, FIELDS_PRODUCT, product)                                 \
    K(PH_CMD_SET_PRODUCT_STATE, FIELDS_PRODUCT_STATE, product_state)             \
    K(PH_CMD_WITHDRAW_CAPACITY, FIELDS_CAPACITY_WITHDRAWAL, capacity_withdrawal) \
    K(PH_CMD_ATTEST_CAPACITY, FIELDS_ATTESTATION, attestation)                   \
    K(PH_CMD_MEASURE_SITE, FIELDS_MEASUREMENT, measurement)                      \
    K(PH_CMD_REPORT_PROBE, FIELDS_PROBE, probe)                                  \
    K(PH_CMD_HAND_OVER_ACCESS, FIELDS_ACCESS, access)                            \
    K(PH_CMD_REPORT_DELIVERY, FIELDS_REPORT, report)                             \
    K(PH_CMD_CONFIRM_DELIVERY, FIELDS_CONFIRMATION, confirmation)                \
    K(PH_CMD_DISPUTE_DELIVERY, FIELDS_FIGURE, figure)                            \
    K(PH_CMD_RESOLVE_DISPUTE, FIELDS_FIGURE, figure)                             \
    K(PH_CMD_SET_RULES_VERSION, FIELDS_RULES, rules)

#define EVENT_KINDS(K)                                              \
    K(PH_EVT_REJECTED, FIELDS_REJECTED, rejected)                   \
    K(PH_EVT_ACCEPTED, FIELDS_ACCEPTED, accepted)                   \
    K(PH_EVT_DONE, FIELDS_DONE, done)                               \
    K(PH_EVT_CANCELLED, FIELDS_CANCELLED, cancelled)                \
    K(PH_EVT_PERIOD_LOST, FIELDS_PERIOD_LOST, period_lost)          \
    K(PH_EVT_TRADE, FIELDS_TRADE, trade)                            \
    K(PH_EVT_SEGMENT, FIELDS_SEGMENT, segment)                      \
    K(PH_EVT_TRANSFER, FIELDS_TRANSFER, transfer)                   \
    K(PH_EVT_GATE_CLOSED, FIELDS_GATE_CLOSED, gate_closed)          \
    K(PH_EVT_PHASE_CHANGED, FIELDS_PHASE_CHANGED, phase_changed)    \
    K(PH_EVT_REFERENCE_SET, FIELDS_REFERENCE_SET, reference_set)    \
    K(PH_EVT_REPLACED, FIELDS_REPLACED, replaced)                   \
    K(PH_EVT_CLIP_SHOWN, FIELDS_CLIP_SHOWN, clip_shown)             \
    K(PH_EVT_DELIVERY, FIELDS_DELIVERY, delivery)                   \
    K(PH_EVT_DELIVERY_FINAL, FIELDS_DELIVERY_FINAL, delivery_final) \
    K(PH_EVT_TERMS_SET, FIELDS_TERMS_SET, terms_set)

/* A field is never wider on the wire than in its struct; before the fields stand u16 kind and, for
   a command, u32 sender and u64 request. */
_Static_assert(2 + sizeof(((ph_event *)NULL)->u) <= PH_EVENT_BYTES_MAX, "every event fits");
_Static_assert(14 + sizeof(((ph_command *)NULL)->u) <= PH_COMMAND_BYTES_MAX, "every command fits");

static void write_enum(ph_writer *w, unsigned v, unsigned max)
{
    PH_ASSERT(v >= 1 && v <= max);
    ph_write_u8(w, (uint8_t)v);
}

static uint8_t read_enum(ph_reader *r, unsigned max)
{
    uint8_t v = ph_read_u8(r);
    if (v < 1 || v > max) r->bad = true;
    return v;
}

static bool read_bool(ph_reader *r)
{
    uint8_t v = ph_read_u8(r);
    if (v > 1) r->bad = true;
    return v == 1;
}

#define WRITE_u32(field, max)    ph_write_u32(w, (uint32_t)(field));
#define WRITE_u64(field, max)    ph_write_u64(w, field);
#define WRITE_i32(field, max)    ph_write_i32(w, field);
#define WRITE_i64(field, max)    ph_write_i64(w, field);
#define WRITE_boo(field, max)    ph_write_u8(w, (field) ? 1 : 0);
#define WRITE_enu(field, max)    write_enum(w, (unsigned)(field), max);
#define WRITE_text(field, max)   ph_write_bytes(w, field, sizeof field);
#define WRITE_blob(field, max)   ph_write_bytes(w, field, sizeof field);
#define WRITE_group(field, max)  write_group(w, &(field));
#define WRITE_access(field, max) write_access(w, &(field));
#define WRITE(form, field, max)  WRITE_##form(field, max)

#define READ_u32(field, max)    field = ph_read_u32(r);
#define READ_u64(field, max)    field = ph_read_u64(r);
#define READ_i32(field, max)    field = ph_read_i32(r);
#define READ_i64(field, max)    field = ph_read_i64(r);
#define READ_boo(field, max)    field = read_bool(r);
#define READ_enu(field, max)    field = read_enum(r, max);
#define READ_text(field, max)   ph_read_text(r, field, sizeof field);
#define READ_blob(field, max)   ph_read_bytes(r, field, sizeof field);
#define READ_group(field, max)  read_group(r, &(field));
#define READ_access(field, max) read_access(r, &(field));
#define READ(form, field, max)  READ_##form(field, max)

static void write_group(ph_writer *w, const ph_new_group *g)
{
    PH_ASSERT(g->cnt <= PH_GROUP_MEMBERS_MAX);
    ph_write_u32(w, g->cnt);
    for (uint32_t i = 0; i < g->cnt; i++) {
        const ph_new_order *n = &g->v[i];
        FIELDS_ORDER(WRITE, (*n))
    }
}

static void read_group(ph_reader *r, ph_new_group *g)
{
    g->cnt = ph_read_u32(r);
    if (g->cnt > PH_GROUP_MEMBERS_MAX) r->bad = true;
    for (uint32_t i = 0; !r->bad && i < g->cnt; i++) {
        ph_new_order *n = &g->v[i];
        FIELDS_ORDER(READ, (*n))
    }
}

static void write_access(ph_writer *w, const ph_hand_over_access *a)
{
    PH_ASSERT(a->size <= PH_ACCESS_BYTES_MAX);
    ph_write_u64(w, a->contract.v);
    ph_write_u32(w, a->size);
    ph_write_bytes(w, a->sealed, a->size);
}

static void read_access(ph_reader *r, ph_hand_over_access *a)
{
    a->contract.v = ph_read_u64(r);
    a->size = ph_read_u32(r);
    if (a->size > PH_ACCESS_BYTES_MAX) r->bad = true;
    if (!r->bad) ph_read_bytes(r, a->sealed, a->size);
}

void ph_command_write(ph_writer *w, const ph_command *c)
{
    ph_write_u16(w, (uint16_t)c->kind);
    ph_write_u32(w, c->sender.v);
    ph_write_u64(w, c->request);
    switch (c->kind) {
    case PH_CMD_TICK: return;
#define K(kind, FIELDS, member) \
    case kind: FIELDS(WRITE, c->u.member) return;
        COMMAND_KINDS(K)
#undef K
    }
    ph_panic("command of unknown kind", __FILE__, __LINE__);
}

/* Zeroed first, so that bytes between fields never differ between two equal commands. */
static void read_command_fields(ph_reader *r, ph_command *c)
{
    switch (c->kind) {
    case PH_CMD_TICK: return;
#define K(kind, FIELDS, member) \
    case kind: FIELDS(READ, c->u.member) return;
        COMMAND_KINDS(K)
#undef K
    }
    r->bad = true;
}

ph_status ph_command_read(const void *bytes, size_t size, ph_command *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    ph_command c;
    memset(&c, 0, sizeof c);
    uint16_t kind = ph_read_u16(&r);
    c.sender.v = ph_read_u32(&r);
    c.request = ph_read_u64(&r);
    if (r.bad || kind == 0 || kind > PH_CMD_KIND_MAX) return PH_ECORRUPT;
    c.kind = (ph_command_kind)kind;
    read_command_fields(&r, &c);
    if (!ph_reader_done(&r)) return PH_ECORRUPT;
    *ret = c;
    return PH_OK;
}

void ph_event_write(ph_writer *w, const ph_event *e)
{
    ph_write_u16(w, (uint16_t)e->kind);
    switch (e->kind) {
#define K(kind, FIELDS, member) \
    case kind: FIELDS(WRITE, e->u.member) return;
        EVENT_KINDS(K)
#undef K
    }
    ph_panic("event of unknown kind", __FILE__, __LINE__);
}

static void read_event_fields(ph_reader *r, ph_event *e)
{
    switch (e->kind) {
#define K(kind, FIELDS, member) \
    case kind: FIELDS(READ, e->u.member) return;
        EVENT_KINDS(K)
#undef K
    }
    r->bad = true;
}

ph_event ph_event_read(ph_reader *r)
{
    ph_event e;
    memset(&e, 0, sizeof e);
    uint16_t kind = ph_read_u16(r);
    if (kind == 0 || kind > PH_EVT_KIND_MAX) r->bad = true;
    if (!r->bad) {
        e.kind = (ph_event_kind)kind;
        read_event_fields(r, &e);
    }
    if (r->bad) memset(&e, 0, sizeof e);
    return e;
}

const char *ph_command_kind_name(ph_command_kind kind)
{
    switch (kind) {
    case PH_CMD_TICK: return "TICK";
    case PH_CMD_OPEN_MARKET: return "OPEN_MARKET";
    case PH_CMD_REGISTER_PARTICIPANT: return "REGISTER_PARTICIPANT";
    case PH_CMD_REGISTER_SITE: return "REGISTER_SITE";
    case PH_CMD_REGISTER_HARDWARE: return "REGISTER_HARDWARE";
    case PH_CMD_REGISTER_CAPACITY: return "REGISTER_CAPACITY";
    case PH_CMD_LIST_PRODUCT: return "LIST_PRODUCT";
    case PH_CMD_SET_PHASE: return "SET_PHASE";
    case PH_CMD_SET_PARTICIPANT_STATE: return "SET_PARTICIPANT_STATE";
    case PH_CMD_DEPOSIT: return "DEPOSIT";
    case PH_CMD_WITHDRAW: return "WITHDRAW";
    case PH_CMD_NEW_ORDER: return "NEW_ORDER";
    case PH_CMD_CANCEL_ORDER: return "CANCEL_ORDER";
    case PH_CMD_MASS_CANCEL: return "MASS_CANCEL";
    case PH_CMD_REPLACE_ORDER: return "REPLACE_ORDER";
    case PH_CMD_NEW_GROUP: return "NEW_GROUP";
    case PH_CMD_ADD_KEY: return "ADD_KEY";
    case PH_CMD_REVOKE_KEY: return "REVOKE_KEY";
    case PH_CMD_SET_TERMS: return "SET_TERMS";
    case PH_CMD_SET_PRODUCT_STATE: return "SET_PRODUCT_STATE";
    case PH_CMD_WITHDRAW_CAPACITY: return "WITHDRAW_CAPACITY";
    case PH_CMD_ATTEST_CAPACITY: return "ATTEST_CAPACITY";
    case PH_CMD_MEASURE_SITE: return "MEASURE_SITE";
    case PH_CMD_REPORT_PROBE: return "REPORT_PROBE";
    case PH_CMD_HAND_OVER_ACCESS: return "HAND_OVER_ACCESS";
    case PH_CMD_REPORT_DELIVERY: return "REPORT_DELIVERY";
    case PH_CMD_CONFIRM_DELIVERY: return "CONFIRM_DELIVERY";
    case PH_CMD_DISPUTE_DELIVERY: return "DISPUTE_DELIVERY";
    case PH_CMD_RESOLVE_DISPUTE: return "RESOLVE_DISPUTE";
    case PH_CMD_SET_RULES_VERSION: return "SET_RULES_VERSION";
    }
    return "?";
}

const char *ph_event_kind_name(ph_event_kind kind)
{
    switch (kind) {
    case PH_EVT_REJECTED: return "REJECTED";
    case PH_EVT_ACCEPTED: return "ACCEPTED";
    case PH_EVT_DONE: return "DONE";
    case PH_EVT_CANCELLED: return "CANCELLED";
    case PH_EVT_PERIOD_LOST: return "PERIOD_LOST";
    case PH_EVT_TRADE: return "TRADE";
    case PH_EVT_SEGMENT: return "SEGMENT";
    case PH_EVT_TRANSFER: return "TRANSFER";
    case PH_EVT_GATE_CLOSED: return "GATE_CLOSED";
    case PH_EVT_PHASE_CHANGED: return "PHASE_CHANGED";
    case PH_EVT_REFERENCE_SET: return "REFERENCE_SET";
    case PH_EVT_REPLACED: return "REPLACED";
    case PH_EVT_CLIP_SHOWN: return "CLIP_SHOWN";
    case PH_EVT_DELIVERY: return "DELIVERY";
    case PH_EVT_DELIVERY_FINAL: return "DELIVERY_FINAL";
    case PH_EVT_TERMS_SET: return "TERMS_SET";
    }
    return "?";
}

const char *ph_cancel_reason_name(ph_cancel_reason reason)
{
    switch (reason) {
    case PH_CANCEL_REQUESTED: return "REQUESTED";
    case PH_CANCEL_IOC: return "IOC";
    case PH_CANCEL_GATE: return "GATE";
    case PH_CANCEL_SELF_TRADE: return "SELF_TRADE";
    case PH_CANCEL_SUSPENDED: return "SUSPENDED";
    case PH_CANCEL_CLOSED: return "CLOSED";
    case PH_CANCEL_FILL_LIMIT: return "FILL_LIMIT";
    case PH_CANCEL_WORK_LIMIT: return "WORK_LIMIT";
    case PH_CANCEL_BOOK_FULL: return "BOOK_FULL";
    case PH_CANCEL_TERMS_CHANGED: return "TERMS_CHANGED";
    case PH_CANCEL_FOK: return "FOK";
    case PH_CANCEL_EXPIRED: return "EXPIRED";
    case PH_CANCEL_NOTHING_LEFT: return "NOTHING_LEFT";
    case PH_CANCEL_GROUP: return "GROUP";
    case PH_CANCEL_BAND: return "BAND";
    }
    return "?";
}

const char *ph_transfer_reason_name(ph_transfer_reason reason)
{
    switch (reason) {
    case PH_TRANSFER_DEPOSIT: return "DEPOSIT";
    case PH_TRANSFER_WITHDRAWAL: return "WITHDRAWAL";
    case PH_TRANSFER_NOTIONAL: return "NOTIONAL";
    case PH_TRANSFER_FEE_ESCROW: return "FEE_ESCROW";
    case PH_TRANSFER_FEE: return "FEE";
    case PH_TRANSFER_BOND: return "BOND";
    case PH_TRANSFER_PAYMENT: return "PAYMENT";
    case PH_TRANSFER_SUPPLIER_FEE: return "SUPPLIER_FEE";
    case PH_TRANSFER_REFUND: return "REFUND";
    case PH_TRANSFER_BUYER_FEE: return "BUYER_FEE";
    case PH_TRANSFER_FEE_REFUND: return "FEE_REFUND";
    case PH_TRANSFER_FEE_COMPENSATION: return "FEE_COMPENSATION";
    case PH_TRANSFER_PENALTY: return "PENALTY";
    case PH_TRANSFER_BOND_RETURN: return "BOND_RETURN";
    case PH_TRANSFER_DISPUTE_DEPOSIT: return "DISPUTE_DEPOSIT";
    case PH_TRANSFER_DEPOSIT_RETURN: return "DEPOSIT_RETURN";
    case PH_TRANSFER_DEPOSIT_FORFEIT: return "DEPOSIT_FORFEIT";
    case PH_TRANSFER_RESALE: return "RESALE";
    case PH_TRANSFER_RESALE_FEE: return "RESALE_FEE";
    case PH_TRANSFER_PREMIUM: return "PREMIUM";
    case PH_TRANSFER_PREMIUM_PAYMENT: return "PREMIUM_PAYMENT";
    case PH_TRANSFER_PREMIUM_FEE: return "PREMIUM_FEE";
    case PH_TRANSFER_PREMIUM_REFUND: return "PREMIUM_REFUND";
    case PH_TRANSFER_SPLIT: return "SPLIT";
    }
    return "?";
}

const char *ph_account_kind_name(ph_account_kind kind)
{
    switch (kind) {
    case PH_ACCOUNT_EXTERNAL: return "EXTERNAL";
    case PH_ACCOUNT_CASH: return "CASH";
    case PH_ACCOUNT_ESCROW: return "ESCROW";
    case PH_ACCOUNT_BOND: return "BOND";
    case PH_ACCOUNT_FEES: return "FEES";
    case PH_ACCOUNT_DEPOSIT: return "DEPOSIT";
    case PH_ACCOUNT_PREMIUM: return "PREMIUM";
    }
    return "?";
}

const char *ph_delivery_step_name(ph_delivery_step step)
{
    switch (step) {
    case PH_DELIVERY_REPORTED: return "REPORTED";
    case PH_DELIVERY_CONFIRMED: return "CONFIRMED";
    case PH_DELIVERY_DISPUTED: return "DISPUTED";
    case PH_DELIVERY_METER_SILENT: return "METER_SILENT";
    }
    return "?";
}

const char *ph_final_cause_name(ph_final_cause cause)
{
    switch (cause) {
    case PH_FINAL_CONFIRMED: return "CONFIRMED";
    case PH_FINAL_AGREED: return "AGREED";
    case PH_FINAL_NO_REPORT: return "NO_REPORT";
    case PH_FINAL_RESOLVED: return "RESOLVED";
    case PH_FINAL_UNRESOLVED: return "UNRESOLVED";
    }
    return "?";
}

const char *ph_compute_type_name(ph_compute_type type)
{
    switch (type) {
    case PH_COMPUTE_GENERAL: return "GENERAL";
    case PH_COMPUTE_AI: return "AI";
    case PH_COMPUTE_SUPERCOMPUTING: return "SUPERCOMPUTING";
    case PH_COMPUTE_EDGE: return "EDGE";
    }
    return "?";
}
