/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/codec.h"

#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/wire/fields.h"

enum {
#define E(name, type, highest, word) MAX_##name = (highest),
    PH_ENUMERATIONS(E)
#undef E
};

/* A field is never wider on the wire than in its struct; before the fields stand u16 kind and, for
   a command, u32 sender and u64 request. */
_Static_assert(2 + sizeof(((ph_event *)NULL)->u) <= PH_EVENT_BYTES_MAX, "every event fits");
_Static_assert(14 + sizeof(((ph_command *)NULL)->u) <= PH_COMMAND_BYTES_MAX, "every command fits");

/* ---- Writing ------------------------------------------------------------------------------- */

/* Each writes at p, where there is room for the longest command or event, and returns the place
   behind. */
static uint8_t *put_u8(uint8_t *p, uint8_t v)
{
    *p = v;
    return p + 1;
}

static uint8_t *put_u32(uint8_t *p, uint32_t v)
{
    ph_store_u32(p, v);
    return p + 4;
}

static uint8_t *put_u64(uint8_t *p, uint64_t v)
{
    ph_store_u64(p, v);
    return p + 8;
}

static uint8_t *put_bytes(uint8_t *p, const void *from, size_t size)
{
    memcpy(p, from, size);
    return p + size;
}

static uint8_t *put_enum(uint8_t *p, unsigned v, unsigned max)
{
    PH_ASSERT(v >= 1 && v <= max);
    return put_u8(p, (uint8_t)v);
}

static uint8_t *put_account(uint8_t *p, const ph_account *a)
{
    return put_u64(put_enum(p, (unsigned)a->kind, MAX_account_kind), a->id);
}

#define WRITE_u32(field, of)         p = put_u32(p, (uint32_t)(field));
#define WRITE_u64(field, of)         p = put_u64(p, field);
#define WRITE_i32(field, of)         p = put_u32(p, (uint32_t)(field));
#define WRITE_i64(field, of)         p = put_u64(p, (uint64_t)(field));
#define WRITE_time(field, of)        p = put_u64(p, field);
#define WRITE_period(field, of)      p = put_u32(p, field);
#define WRITE_roles(field, of)       p = put_u32(p, field);
#define WRITE_reject(field, of)      p = put_u32(p, (uint32_t)(field));
#define WRITE_boo(field, of)         p = put_u8(p, (field) ? 1 : 0);
#define WRITE_enu(field, of)         p = put_enum(p, (unsigned)(field), MAX_##of);
#define WRITE_text(field, of)        p = put_bytes(p, field, sizeof field);
#define WRITE_blob(field, of)        p = put_bytes(p, field, sizeof field);
#define WRITE_account(field, of)     p = put_account(p, &(field));
#define WRITE_group(field, of)       p = put_group(p, &(field));
#define WRITE_access(field, of)      p = put_access(p, &(field));
#define WRITE(form, name, field, of) WRITE_##form(field, of)

static uint8_t *put_group(uint8_t *p, const ph_new_group *g)
{
    PH_ASSERT(g->cnt <= PH_GROUP_MEMBERS_MAX);
    p = put_u32(p, g->cnt);
    for (uint32_t i = 0; i < g->cnt; i++) {
        const ph_new_order *n = &g->v[i];
        FIELDS_ORDER(WRITE, (*n))
    }
    return p;
}

static uint8_t *put_access(uint8_t *p, const ph_hand_over_access *a)
{
    PH_ASSERT(a->size <= PH_ACCESS_BYTES_MAX);
    p = put_u32(put_u64(p, a->contract.v), a->size);
    return put_bytes(p, a->sealed, a->size);
}

static uint8_t *put_command(uint8_t *p, const ph_command *c)
{
    ph_store_u16(p, (uint16_t)c->kind);
    p = put_u64(put_u32(p + 2, c->sender.v), c->request);
    switch (c->kind) {
    case PH_CMD_TICK: return p;
#define K(kind, FIELDS, member) \
    case kind: FIELDS(WRITE, c->u.member) return p;
        COMMAND_KINDS(K)
#undef K
    }
    ph_panic("command of unknown kind", __FILE__, __LINE__);
}

static uint8_t *put_event(uint8_t *p, const ph_event *e)
{
    ph_store_u16(p, (uint16_t)e->kind);
    p += 2;
    switch (e->kind) {
#define K(kind, FIELDS, member) \
    case kind: FIELDS(WRITE, e->u.member) return p;
        EVENT_KINDS(K)
#undef K
    }
    ph_panic("event of unknown kind", __FILE__, __LINE__);
}

/* With room for the longest nothing need be checked field by field; near the end of the room it is
   written aside first. */
void ph_command_write(ph_writer *w, const ph_command *c)
{
    if (!w->full && (size_t)(w->end - w->p) >= PH_COMMAND_BYTES_MAX) {
        w->p = put_command(w->p, c);
        return;
    }
    uint8_t aside[PH_COMMAND_BYTES_MAX];
    ph_write_bytes(w, aside, (size_t)(put_command(aside, c) - aside));
}

void ph_event_write(ph_writer *w, const ph_event *e)
{
    if (!w->full && (size_t)(w->end - w->p) >= PH_EVENT_BYTES_MAX) {
        w->p = put_event(w->p, e);
        return;
    }
    uint8_t aside[PH_EVENT_BYTES_MAX];
    ph_write_bytes(w, aside, (size_t)(put_event(aside, e) - aside));
}

/* ---- Reading ------------------------------------------------------------------------------- */

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

static void read_account(ph_reader *r, ph_account *a)
{
    a->kind = read_enum(r, MAX_account_kind);
    a->id = ph_read_u64(r);
}

#define READ_u32(field, of)         field = ph_read_u32(r);
#define READ_u64(field, of)         field = ph_read_u64(r);
#define READ_i32(field, of)         field = ph_read_i32(r);
#define READ_i64(field, of)         field = ph_read_i64(r);
#define READ_time(field, of)        field = ph_read_u64(r);
#define READ_period(field, of)      field = ph_read_u32(r);
#define READ_roles(field, of)       field = ph_read_u32(r);
#define READ_reject(field, of)      field = ph_read_u32(r);
#define READ_boo(field, of)         field = read_bool(r);
#define READ_enu(field, of)         field = read_enum(r, MAX_##of);
#define READ_text(field, of)        ph_read_text(r, field, sizeof field);
#define READ_blob(field, of)        ph_read_bytes(r, field, sizeof field);
#define READ_account(field, of)     read_account(r, &(field));
#define READ_group(field, of)       read_group(r, &(field));
#define READ_access(field, of)      read_access(r, &(field));
#define READ(form, name, field, of) READ_##form(field, of)

static void read_group(ph_reader *r, ph_new_group *g)
{
    g->cnt = ph_read_u32(r);
    if (g->cnt > PH_GROUP_MEMBERS_MAX) r->bad = true;
    for (uint32_t i = 0; !r->bad && i < g->cnt; i++) {
        ph_new_order *n = &g->v[i];
        FIELDS_ORDER(READ, (*n))
    }
}

static void read_access(ph_reader *r, ph_hand_over_access *a)
{
    a->contract.v = ph_read_u64(r);
    a->size = ph_read_u32(r);
    if (a->size > PH_ACCESS_BYTES_MAX) r->bad = true;
    if (!r->bad) ph_read_bytes(r, a->sealed, a->size);
}

/* Zeroed first, so that bytes between fields never differ between two equal commands.  Returns how
   many bytes of the union are the kind's. */
static size_t read_command_fields(ph_reader *r, ph_command *c)
{
    switch (c->kind) {
    case PH_CMD_TICK: return 0;
#define K(kind, FIELDS, member)                      \
    case kind:                                       \
        memset(&c->u.member, 0, sizeof c->u.member); \
        FIELDS(READ, c->u.member) return sizeof c->u.member;
        COMMAND_KINDS(K)
#undef K
    }
    r->bad = true;
    return 0;
}

ph_status ph_command_read(const void *bytes, size_t size, ph_command *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    ph_command c;
    memset(&c, 0, offsetof(ph_command, u));
    uint16_t kind = ph_read_u16(&r);
    c.sender.v = ph_read_u32(&r);
    c.request = ph_read_u64(&r);
    if (r.bad || kind == 0 || kind > PH_CMD_KIND_MAX) return PH_ECORRUPT;
    c.kind = (ph_command_kind)kind;
    size_t used = read_command_fields(&r, &c);
    if (!ph_reader_done(&r)) return PH_ECORRUPT;
    memcpy(ret, &c, offsetof(ph_command, u) + used);
    return PH_OK;
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
    case PH_CMD_COUNTERSIGN_CONTRACT: return "COUNTERSIGN_CONTRACT";
    case PH_CMD_ROTATE_NOTARY_KEY: return "ROTATE_NOTARY_KEY";
    case PH_CMD_TAKE_OVER: return "TAKE_OVER";
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

const char *ph_architecture_name(ph_architecture architecture)
{
    switch (architecture) {
    case PH_ARCH_X86: return "x86";
    case PH_ARCH_ARM: return "ARM";
    case PH_ARCH_MIPS: return "MIPS";
    case PH_ARCH_POWER: return "POWER";
    case PH_ARCH_RISC_V: return "RISC-V";
    case PH_ARCH_ALPHA: return "ALPHA";
    case PH_ARCH_GPU: return "GPU";
    case PH_ARCH_ASIC: return "ASIC";
    case PH_ARCH_FPGA: return "FPGA";
    case PH_ARCH_NPU: return "NPU";
    }
    return "?";
}

const char *ph_phase_name(ph_phase phase)
{
    switch (phase) {
    case PH_PHASE_OPEN: return "OPEN";
    case PH_PHASE_CALL: return "CALL";
    case PH_PHASE_HALTED: return "HALTED";
    case PH_PHASE_CLOSED: return "CLOSED";
    }
    return "?";
}

const char *ph_participant_state_name(ph_participant_state state)
{
    switch (state) {
    case PH_PARTICIPANT_ACTIVE: return "ACTIVE";
    case PH_PARTICIPANT_SUSPENDED: return "SUSPENDED";
    case PH_PARTICIPANT_CLOSED: return "CLOSED";
    }
    return "?";
}

const char *ph_product_state_name(ph_product_state state)
{
    switch (state) {
    case PH_PRODUCT_LISTED: return "LISTED";
    case PH_PRODUCT_HALTED: return "HALTED";
    case PH_PRODUCT_DELISTED: return "DELISTED";
    }
    return "?";
}

const char *ph_side_name(ph_side side)
{
    switch (side) {
    case PH_SIDE_BUY: return "BUY";
    case PH_SIDE_SELL: return "SELL";
    }
    return "?";
}

const char *ph_shape_name(ph_shape shape)
{
    switch (shape) {
    case PH_SHAPE_EACH: return "EACH";
    case PH_SHAPE_BLOCK: return "BLOCK";
    case PH_SHAPE_FLEX: return "FLEX";
    }
    return "?";
}

const char *ph_time_in_force_name(ph_time_in_force tif)
{
    switch (tif) {
    case PH_TIF_GTC: return "GTC";
    case PH_TIF_GTT: return "GTT";
    case PH_TIF_IOC: return "IOC";
    case PH_TIF_FOK: return "FOK";
    }
    return "?";
}

const char *ph_stp_name(ph_stp stp)
{
    switch (stp) {
    case PH_STP_CANCEL_INCOMING: return "CANCEL_INCOMING";
    case PH_STP_CANCEL_RESTING: return "CANCEL_RESTING";
    }
    return "?";
}

const char *ph_key_use_name(ph_key_use use)
{
    switch (use) {
    case PH_KEY_CONNECTION: return "CONNECTION";
    case PH_KEY_SIGNATURE: return "SIGNATURE";
    case PH_KEY_READING: return "READING";
    }
    return "?";
}
