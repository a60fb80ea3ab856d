/* SPDX-License-Identifier: Apache-2.0 */
/* long: every field of the state, once */
#include "engine/core/snapshot.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/base/period.h"
#include "engine/core/book.h"
#include "engine/core/capacity.h"
#include "engine/core/contract.h"
#include "engine/core/countersign.h"
#include "engine/core/due.h"
#include "engine/core/gate.h"
#include "engine/core/group.h"
#include "engine/core/keys.h"
#include "engine/core/ledger.h"
#include "engine/core/measure.h"
#include "engine/core/notary_key.h"
#include "engine/core/snapshot_check.h"
#include "engine/core/state.h"
#include "engine/core/terms.h"
#include "engine/wire/codec.h"

enum { SNAPSHOT_VERSION = 2 };

/* A visit of the state: every field is named once, whether it is written or read. */
typedef struct {
    ph_market *m;
    void (*put)(void *arg, const void *bytes, size_t size); /* NULL: reading */
    void *arg;
    ph_reader r;
    const uint8_t *start; /* of what is read */
    const char *what;     /* is wrong, once r.bad */
    uint64_t offset;      /* where */
} visit;

/* Only the first is kept: what follows may only follow from it. */
static void fail(visit *v, const char *what)
{
    if (v->what == NULL) {
        v->what = what;
        v->offset = v->put == NULL ? (uint64_t)(v->r.p - v->start) : 0;
    }
    v->r.bad = true;
}

static void fail_if(visit *v, const char *wrong)
{
    if (wrong != NULL) fail(v, wrong);
}

/* ---- Fields ------------------------------------------------------------------------------- */

static void raw(visit *v, void *bytes, size_t size)
{
    if (v->put != NULL)
        v->put(v->arg, bytes, size);
    else
        ph_read_bytes(&v->r, bytes, size);
    if (v->r.bad) fail(v, "the bytes end in the middle");
}

static void u64(visit *v, uint64_t *x)
{
    uint8_t b[8];
    ph_writer w = ph_writer_of(b, sizeof b);
    ph_write_u64(&w, *x);
    raw(v, b, sizeof b);
    if (v->put != NULL) return;
    ph_reader r = ph_reader_of(b, sizeof b);
    *x = v->r.bad ? 0 : ph_read_u64(&r);
}

static void u32(visit *v, uint32_t *x)
{
    uint64_t wide = *x;
    u64(v, &wide);
    if (wide > UINT32_MAX) fail(v, "a number of 32 bits is larger");
    *x = (uint32_t)wide;
}

static void u8(visit *v, uint8_t *x)
{
    uint64_t wide = *x;
    u64(v, &wide);
    if (wide > UINT8_MAX) fail(v, "a number of 8 bits is larger");
    *x = (uint8_t)wide;
}

static void boolean(visit *v, bool *x)
{
    uint64_t wide = *x ? 1 : 0;
    u64(v, &wide);
    if (wide > 1) fail(v, "neither true nor false");
    *x = wide != 0;
}

static void money(visit *v, ph_money *x)
{
    uint64_t wide = (uint64_t)*x;
    u64(v, &wide);
    *x = (ph_money)wide;
}

/* A number of rows, at most `max`; 0 when it is not. */
static void count(visit *v, uint32_t *x, uint64_t max)
{
    u32(v, x);
    if (*x > max) fail(v, "more rows than there are, or than there is room for");
    if (v->put == NULL && v->r.bad) *x = 0;
}

/* A reference to row 1 .. cnt, or 0. */
static void reference(visit *v, uint32_t *x, uint64_t cnt)
{
    count(v, x, cnt);
}

static bool reads(const visit *v)
{
    return v->put == NULL && !v->r.bad;
}

/* A struct that the language of commands has canonical bytes for. */
static void command(visit *v, ph_command *c)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    ph_command_kind kind = c->kind;
    uint32_t size = 0;
    if (v->put != NULL) {
        ph_writer w = ph_writer_of(bytes, sizeof bytes);
        ph_command_write(&w, c);
        size = (uint32_t)ph_writer_size(&w);
    }
    count(v, &size, sizeof bytes);
    raw(v, bytes, size);
    if (!reads(v)) return;
    if (ph_command_read(bytes, size, c) != PH_OK || c->kind != kind || c->sender.v != 0 ||
        c->request != 0)
        fail(v, "fields that no command has");
}

/* ---- Registry ----------------------------------------------------------------------------- */

static void head(visit *v)
{
    ph_market *m = v->m;
    u64(v, &m->seq);
    u64(v, &m->now.ns);
    boolean(v, &m->opened);
    u32(v, &m->rules_version);
    ph_command c = {.kind = PH_CMD_OPEN_MARKET, .u.open_market = m->open_market};
    command(v, &c);
    m->open_market = c.u.open_market;
    u64(v, &m->last_order);
    u64(v, &m->last_place);
    u64(v, &m->last_trade);
    u64(v, &m->last_contract);
    if (m->last_contract > m->limits.contracts_max)
        fail(v, "more contracts than there is room for");
    money(v, &m->external);
    money(v, &m->fees);
    count(v, &m->participant_cnt, m->limits.participants_max);
    count(v, &m->site_cnt, m->limits.sites_max);
    count(v, &m->hardware_cnt, m->limits.hardware_max);
    count(v, &m->terms_cnt, m->limits.terms_max);
    count(v, &m->product_cnt, m->limits.products_max);
    count(v, &m->pool_cnt, m->limits.pools_max);
    count(v, &m->key_cnt, m->keys_max);
    count(v, &m->probe_cnt, m->limits.probes_max);
    count(v, &m->reference_cnt, m->limits.references_max);
    if (reads(v)) fail_if(v, ph_snapshot_head_wrong(m));
}

static void participant(visit *v, ph_participant *p)
{
    ph_command c = {.kind = PH_CMD_REGISTER_PARTICIPANT, .u.participant = p->registered};
    command(v, &c);
    p->registered = c.u.participant;
    uint8_t state = (uint8_t)p->state;
    u8(v, &state);
    p->state = (ph_participant_state)state;
    if (state < PH_PARTICIPANT_ACTIVE || state > PH_PARTICIPANT_CLOSED)
        fail(v, "no such state of a participant");
    money(v, &p->cash);
    u64(v, &p->highest_client_order_id);
    u64(v, &p->highest_capacity_reference);
    u64(v, &p->highest_attestation_reference);
    u64(v, &p->ids_cnt);
    uint64_t kept = p->ids_cnt < PH_CLIENT_IDS_KEPT ? p->ids_cnt : PH_CLIENT_IDS_KEPT;
    for (uint64_t i = p->ids_cnt - kept; i < p->ids_cnt && !v->r.bad; i++) {
        u64(v, &p->ids[i % PH_CLIENT_IDS_KEPT].id);
        u64(v, &p->ids[i % PH_CLIENT_IDS_KEPT].order);
    }
}

static void key(visit *v, ph_key_row *k)
{
    uint8_t use = (uint8_t)k->use;
    raw(v, &k->key, sizeof k->key);
    u8(v, &use);
    k->use = (ph_key_use)use;
    if (use < PH_KEY_CONNECTION || use > PH_KEY_READING) fail(v, "no such use of a key");
    reference(v, &k->participant, v->m->participant_cnt);
    if (k->participant == 0) fail(v, "a key of nobody");
    boolean(v, &k->revoked);
}

static void registry(visit *v)
{
    ph_market *m = v->m;
    for (uint32_t i = 1; i <= m->participant_cnt && !v->r.bad; i++) {
        participant(v, &m->participants[i]);
        if (reads(v)) fail_if(v, ph_snapshot_participant_wrong(m, i));
    }
    for (uint32_t i = 1; i <= m->key_cnt && !v->r.bad; i++)
        key(v, &m->keys[i]);
    for (uint32_t i = 1; i <= m->site_cnt && !v->r.bad; i++) {
        ph_command c = {.kind = PH_CMD_REGISTER_SITE, .u.site = m->sites[i]};
        command(v, &c);
        m->sites[i] = c.u.site;
        c = (ph_command){.kind = PH_CMD_MEASURE_SITE, .u.measurement = m->measurements[i].values};
        command(v, &c);
        m->measurements[i].values = c.u.measurement;
        u32(v, &m->measurements[i].by.v);
        if (reads(v)) fail_if(v, ph_snapshot_site_wrong(m, i));
    }
    for (uint32_t i = 1; i <= m->hardware_cnt && !v->r.bad; i++) {
        ph_command c = {.kind = PH_CMD_REGISTER_HARDWARE, .u.hardware = m->hardware[i]};
        command(v, &c);
        m->hardware[i] = c.u.hardware;
        if (reads(v) && m->hardware[i].id.v != i) fail(v, "hardware is not in its place");
    }
    for (uint32_t i = 1; i <= m->probe_cnt && !v->r.bad; i++) {
        ph_probe_measurement *p = &m->probes[i].newest;
        ph_command c = {.kind = PH_CMD_REPORT_PROBE, .u.probe = p->values};
        command(v, &c);
        p->values = c.u.probe;
        u32(v, &p->by.v);
        if (reads(v)) fail_if(v, ph_snapshot_probe_wrong(m, i));
    }
    for (uint32_t i = 1; i <= m->terms_cnt && !v->r.bad; i++) {
        ph_command c = {.kind = PH_CMD_SET_TERMS, .u.product = m->terms[i]};
        command(v, &c);
        m->terms[i] = c.u.product;
    }
    for (uint32_t i = 0; i < m->reference_cnt && !v->r.bad; i++)
        raw(v, &m->references[i], sizeof m->references[i]);
}

static void product(visit *v, ph_product *p)
{
    uint8_t phase = (uint8_t)p->phase, state = (uint8_t)p->state;
    /* Known from the list of terms: stated once more. */
    uint32_t terms_at = p->terms_at, version = p->terms_version;
    u32(v, &terms_at);
    u32(v, &version);
    if (terms_at != p->terms_at || version != p->terms_version)
        fail(v, "a product's terms are not its newest");
    u8(v, &phase);
    u8(v, &state);
    money(v, &p->last_traded);
    if (phase < PH_PHASE_OPEN || phase > PH_PHASE_CLOSED || state < PH_PRODUCT_LISTED ||
        state > PH_PRODUCT_DELISTED)
        fail(v, "no such phase or state of a product");
    if (p->last_traded < 0 || p->last_traded > PH_PRICE_MAX) fail(v, "no such price");
    /* Only what rests asks for a gate. */
    uint32_t gate = p->order_cnt > 0 ? p->gate_next : 0;
    u32(v, &gate);
    if (!reads(v)) return;
    p->phase = (ph_phase)phase;
    p->state = (ph_product_state)state;
    ph_terms_apply(p, &v->m->terms[p->terms_at]);
    p->reference = p->last_traded != 0 ? p->last_traded : p->terms.reference_price;
    p->gate_next = gate;
}

/* Capacity that is behind the present, and what was never registered, is not written. */
static void pool(visit *v, ph_pool *p)
{
    ph_market *m = v->m;
    u32(v, &p->supplier);
    u32(v, &p->site);
    u32(v, &p->hardware);
    u32(v, &p->period_seconds);
    if (!ph_period_seconds_ok(p->period_seconds)) fail(v, "no such period");
    if (v->r.bad) return;
    boolean(v, &p->is_attested);
    ph_period now = ph_period_at(m->now, p->period_seconds);
    if (v->put == NULL) p->first = now;
    for (uint32_t i = 0; i < m->limits.ring_periods; i++) {
        ph_period t = now + i;
        uint32_t ring = ph_ring(m, t);
        bool kept = v->put == NULL || (t >= p->first && t - p->first < m->limits.ring_periods);
        uint64_t zero[4] = {0, 0, 0, 0};
        u64(v, kept ? &p->registered[ring] : &zero[0]);
        u64(v, kept ? &p->used[ring] : &zero[1]);
        if (!p->is_attested) continue;
        u64(v, kept ? &p->attested[ring] : &zero[2]);
        u64(v, kept ? &p->used_attested[ring] : &zero[3]);
    }
}

/* ---- Contracts ---------------------------------------------------------------------------- */

static void lots(visit *v, ph_delivery *d, uint32_t depth)
{
    ph_market *m = v->m;
    uint32_t cnt = 0;
    for (uint32_t i = d->lot; v->put != NULL && i != PH_NONE; i = m->lots[i].next)
        cnt++;
    count(v, &cnt, m->limits.lots_max - (v->put == NULL ? m->lot_cnt : 0));
    uint32_t *link = &d->lot;
    for (uint32_t k = 0; k < cnt && !v->r.bad; k++) {
        if (v->put == NULL) *link = ph_contract_lot_new(m);
        ph_lot *lot = &m->lots[*link];
        u32(v, &lot->quantity);
        money(v, &lot->price);
        money(v, &lot->paid);
        for (uint32_t i = 0; i < depth; i++)
            money(v, &m->lot_premiums[*link].v[i]);
        if (reads(v)) fail_if(v, ph_snapshot_lot_wrong(m, *link, depth));
        if (reads(v) && d->quantity > PH_QUANTITY_MAX - lot->quantity)
            fail(v, "a contract-period has too many units");
        if (reads(v)) d->quantity += lot->quantity;
        link = &lot->next;
    }
}

static void dispute(visit *v, ph_delivery *d)
{
    ph_market *m = v->m;
    bool open = d->dispute != PH_NONE;
    boolean(v, &open);
    if (!open) return;
    if (v->put == NULL) {
        if (m->dispute_cnt == m->limits.disputes_max)
            fail(v, "more disputes than there is room for");
        if (v->r.bad) return;
        d->dispute = ph_contract_dispute_new(m);
    }
    ph_dispute *x = &m->disputes[d->dispute];
    count(v, &x->cnt, PH_CLAIMS_MAX);
    for (uint32_t i = 0; i < x->cnt; i++) {
        reference(v, &x->v[i].participant, m->participant_cnt);
        boolean(v, &x->v[i].is_buyer);
        u64(v, &x->v[i].figure);
        money(v, &x->v[i].deposit);
    }
}

static void delivery(visit *v, ph_delivery *d, uint64_t *due)
{
    ph_market *m = v->m;
    u64(v, due);
    u32(v, &d->period);
    u32(v, &d->offered);
    u8(v, &d->state);
    boolean(v, &d->second_window);
    boolean(v, &d->by_meter);
    boolean(v, &d->confirmed);
    money(v, &d->agreed);
    u64(v, &d->report);
    u64(v, &d->dispute_until_ns);
    lots(v, d, m->contracts[d->contract].depth);
    dispute(v, d);
    if (d->state < PH_STATE_AWAITED || d->state > PH_STATE_DISPUTED || *due == 0)
        fail(v, "no such state of a contract-period");
}

static uint32_t delivery_read(visit *v, uint32_t contract)
{
    ph_market *m = v->m;
    uint32_t at = ph_contract_delivery_new(m);
    uint64_t due = 0;
    m->deliveries[at].contract = contract;
    delivery(v, &m->deliveries[at], &due);
    if (reads(v)) fail_if(v, ph_snapshot_delivery_wrong(m, at, due));
    if (reads(v)) ph_due_add(m, at, due);
    return at;
}

/* How contract-periods lie in runs is nobody's business: each is written by itself. */
static void run_written(visit *v, uint32_t at)
{
    ph_delivery one = v->m->deliveries[at];
    for (uint32_t k = 0; k < v->m->deliveries[at].periods; k++, one.period++) {
        uint64_t due = ph_contract_due(v->m, at, one.period);
        delivery(v, &one, &due);
    }
}

static void deliveries(visit *v, uint32_t contract)
{
    ph_market *m = v->m;
    uint32_t cnt = 0, *link = &m->contracts[contract].first_delivery;
    for (uint32_t i = *link; v->put != NULL && i != PH_NONE; i = m->deliveries[i].next)
        cnt += m->deliveries[i].periods;
    count(v, &cnt, m->limits.deliveries_max - (v->put == NULL ? m->delivery_cnt : 0));
    for (uint32_t i = *link; v->put != NULL && i != PH_NONE; i = m->deliveries[i].next)
        run_written(v, i);
    for (uint32_t k = 0; v->put == NULL && k < cnt && !v->r.bad; k++) {
        *link = delivery_read(v, contract);
        link = &m->deliveries[*link].next;
    }
}

static void contract(visit *v, uint32_t id)
{
    ph_market *m = v->m;
    ph_contract *c = &m->contracts[id];
    uint32_t *references[] = {&c->buyer, &c->supplier, &c->reseller, &c->meter};
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
        reference(v, references[i], m->participant_cnt);
    reference(v, &c->product, m->product_cnt);
    reference(v, &c->terms_at, m->terms_cnt);
    u32(v, &c->terms_version);
    reference(v, &c->parent, id - 1);
    count(v, &c->depth, PH_RESALES_MAX);
    if (c->depth != (c->parent == 0 ? 0 : m->contracts[c->parent].depth + 1))
        fail(v, "a chain of resales does not lead back");
    u32(v, &c->reseller_ppm);
    u32(v, &c->supplier_ppm);
    ph_money *amounts[] = {&c->bond_unit,
                           &c->notional,
                           &c->delivered,
                           &c->buyer_fee,
                           &c->fee_earned,
                           &c->fee_left,
                           &c->fee_paid,
                           &c->supplier_notional,
                           &c->supplier_delivered,
                           &c->supplier_fee,
                           &c->supplier_fee_earned,
                           &c->escrow,
                           &c->bond,
                           &c->deposit,
                           &c->premium};
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++)
        money(v, amounts[i]);
    if (reads(v)) fail_if(v, ph_snapshot_contract_wrong(m, id));
    if (!v->r.bad) deliveries(v, id);
    if (reads(v)) fail_if(v, ph_snapshot_sums_wrong(m, id));
}

/* Who countersigned, and which keys were named to sign. */
static void signatures(visit *v)
{
    ph_market *m = v->m;
    count(v, &m->notary_key_cnt, PH_NOTARY_KEYS_MAX);
    for (uint32_t i = 0; i < m->notary_key_cnt && !v->r.bad; i++) {
        raw(v, &m->notary_keys[i].key, sizeof m->notary_keys[i].key);
        u64(v, &m->notary_keys[i].seq);
        raw(v, &m->notary_keys[i].proof, sizeof m->notary_keys[i].proof);
        raw(v, &m->notary_keys[i].endorsement, sizeof m->notary_keys[i].endorsement);
    }
    raw(v, &m->countersigned[1], (size_t)m->last_contract); /* one byte each */
    if (reads(v)) fail_if(v, ph_notary_key_wrong(m));
    if (reads(v)) fail_if(v, ph_countersign_broken(m));
}

/* ---- Resting orders ------------------------------------------------------------------------ */

static void order_fields(visit *v, ph_order *o, uint64_t *expire_ns)
{
    ph_market *m = v->m;
    u64(v, &o->id);
    u64(v, &o->client_order_id);
    u64(v, &o->place);
    money(v, &o->key);
    money(v, &o->bond_unit);
    u64(v, &o->left);
    u64(v, expire_ns);
    reference(v, &o->participant, m->participant_cnt);
    reference(v, &o->product, m->product_cnt);
    reference(v, &o->pool, m->pool_cnt);
    u32(v, &o->window.first);
    u32(v, &o->window.periods);
    u32(v, &o->quantity);
    u32(v, &o->open);
    u32(v, &o->display);
    uint32_t duration = o->duration;
    u32(v, &duration);
    if (duration > UINT16_MAX) fail(v, "a duration is out of range");
    o->duration = (uint16_t)duration;
    u32(v, &o->from_contract);
    u32(v, &o->offered);
    u8(v, &o->side);
    u8(v, &o->shape);
    u8(v, &o->time_in_force);
    u8(v, &o->stp);
    boolean(v, &o->all_or_none);
    boolean(v, &o->post_only);
}

static void nodes(visit *v, ph_order *o, uint32_t slot)
{
    ph_market *m = v->m;
    for (uint32_t i = 0; i < o->window.periods && !v->r.bad; i++) {
        ph_node *n = &m->nodes[o->node + i];
        if (v->put == NULL)
            *n = (ph_node){.order = slot, .next = PH_NODE_NONE, .prev = PH_NODE_NONE};
        u32(v, &n->open);
        u32(v, &n->executed);
        if (o->display == 0) continue;
        ph_node *clip = ph_clip_of(m, o, o->node + i);
        uint32_t shown = n->open > 0 && v->put != NULL ? ph_clip_units(clip) : 0;
        uint64_t place = n->open > 0 && v->put != NULL ? ph_clip_place(clip) : 0;
        u32(v, &shown);
        u64(v, &place);
        if (n->open == 0 && (shown != 0 || place != 0))
            fail(v, "nothing is shown where nothing is");
        if (v->put == NULL) ph_clip_set(clip, shown, place);
    }
}

/* The group as the id of its next member; 0: none.  Read, it is kept in `reported`, which only
   commands use, until all orders are there. */
static uint64_t group_of(const ph_market *m, const ph_order *o)
{
    return o->group == PH_NONE ? 0 : m->orders[o->group].id;
}

static void read_order(visit *v, uint64_t *last_id)
{
    ph_market *m = v->m;
    ph_order draft = {.id = 0};
    uint64_t expire_ns = 0;
    order_fields(v, &draft, &expire_ns);
    u64(v, &draft.reported);
    if (reads(v)) fail_if(v, ph_snapshot_order_wrong(m, &draft, expire_ns));
    if (reads(v) && draft.id <= *last_id) fail(v, "orders are not in order of id");
    if (v->r.bad) return;
    *last_id = draft.id;
    ph_shape shape = (ph_shape)draft.shape;
    uint32_t slot = ph_order_new(m, &draft);
    if (slot == PH_NONE) {
        fail(v, "more periods of orders than there is room for");
        return;
    }
    m->expire_ns[slot] = expire_ns;
    ph_order *o = &m->orders[slot];
    if (shape == PH_SHAPE_EACH) {
        nodes(v, o, slot);
        if (reads(v)) fail_if(v, ph_snapshot_nodes_wrong(m, o));
    }
    if (reads(v) && !ph_book_rest_again(m, slot)) fail(v, "more prices than there is room for");
}

static void join_groups(visit *v)
{
    ph_market *m = v->m;
    for (uint32_t slot = 1; slot < m->orders_fresh && !v->r.bad; slot++) {
        ph_order *o = &m->orders[slot];
        uint64_t next = o->reported;
        o->reported = 0;
        if (next != 0 && !ph_row_index_find(&m->order_of, next, &o->group))
            fail(v, "a group's next order is not there");
    }
    /* Every ring closes, or a walk around it would not end. */
    for (uint32_t slot = 1; slot < m->orders_fresh && !v->r.bad; slot++) {
        if (m->orders[slot].group != PH_NONE) fail_if(v, ph_snapshot_group_wrong(m, slot));
    }
}

/* In order of id: queues follow from places. */
static void orders(visit *v)
{
    ph_market *m = v->m;
    uint32_t cnt = v->put != NULL ? m->order_cnt : 0;
    count(v, &cnt, m->limits.orders_max);
    if (v->put == NULL) {
        uint64_t last_id = 0;
        for (uint32_t i = 0; i < cnt && !v->r.bad; i++)
            read_order(v, &last_id);
        join_groups(v);
        return;
    }
    for (uint32_t slot = ph_book_by_id(m); slot != PH_NONE; slot = m->orders[slot].next_touched) {
        ph_order *o = &m->orders[slot];
        uint64_t expire_ns = o->time_in_force == PH_TIF_GTT ? m->expire_ns[slot] : 0;
        order_fields(v, o, &expire_ns);
        uint64_t group = group_of(m, o);
        u64(v, &group);
        if (o->shape == PH_SHAPE_EACH) nodes(v, o, slot);
    }
}

/* ---- The whole ----------------------------------------------------------------------------- */

static void visit_all(visit *v)
{
    ph_market *m = v->m;
    head(v);
    if (!v->r.bad) registry(v);
    if (reads(v) && !ph_keys_again(m)) fail(v, "a key that is there twice, or too many of one use");
    if (reads(v) && !ph_terms_again(m)) fail(v, "terms that no product could have");
    if (reads(v) && !ph_measure_again(m)) fail(v, "two probes of one pair");
    if (reads(v) && !ph_ledger_again(m)) fail(v, "a payment's reference that is none, or twice");
    for (uint32_t i = 1; i <= m->product_cnt && !v->r.bad; i++)
        product(v, &m->products[i]);
    for (uint32_t i = 1; i <= m->pool_cnt && !v->r.bad; i++)
        pool(v, &m->pools[i]);
    for (uint32_t i = 1; i <= m->pool_cnt && reads(v); i++)
        fail_if(v, ph_snapshot_pool_wrong(m, i));
    if (reads(v) && !ph_capacity_again(m)) fail(v, "two capacities of one class, or periods");
    for (uint32_t i = 1; i <= m->last_contract && !v->r.bad; i++)
        contract(v, i);
    if (!v->r.bad) signatures(v);
    if (!v->r.bad) orders(v);
}

/* Holds follow from what is open; they lie in the participant's cash. */
static const char *hold_again(ph_market *m)
{
    for (uint32_t slot = 1; slot < m->orders_fresh; slot++) {
        const ph_order *o = &m->orders[slot];
        ph_participant *p = &m->participants[o->participant];
        ph_money need;
        bool is_grouped = o->group != PH_NONE;
        if (is_grouped && ph_group_hold(m, slot) != 0) continue; /* with its first member */
        bool fits = is_grouped ? ph_group_hold_with(m, slot, NULL, &need)
                               : ph_ledger_hold_of(m, o, o->left, &need);
        if (!fits || need > p->cash - p->held) return "holds exceed a participant's cash";
        if (is_grouped)
            ph_group_rehold(m, slot);
        else
            ph_ledger_rehold(m, slot);
    }
    return NULL;
}

static const char magic[8] = "PHSTATE1";

static void visit_head(visit *v, bool *ret_version, bool *ret_limits)
{
    char seen[sizeof magic];
    memcpy(seen, magic, sizeof magic);
    raw(v, seen, sizeof seen);
    uint32_t version = SNAPSHOT_VERSION;
    u32(v, &version);
    *ret_version = !v->r.bad && version == SNAPSHOT_VERSION;
    if (memcmp(seen, magic, sizeof magic) != 0) fail(v, "the first bytes are no snapshot's");
    ph_market_limits limits = v->m->limits;
    raw(v, &limits, sizeof limits); /* all u32: see engine/replay/limits.c */
    *ret_limits = memcmp(&limits, &v->m->limits, sizeof limits) == 0;
}

void ph_snapshot_write(const ph_market *m, void (*put)(void *arg, const void *bytes, size_t size),
                       void *arg)
{
    /* Chains of orders are scratch between two commands. */
    visit v = {.m = (ph_market *)(uintptr_t)m, .put = put, .arg = arg};
    bool version, limits;
    visit_head(&v, &version, &limits);
    visit_all(&v);
    PH_ASSERT(!v.r.bad);
}

/* What only the whole shows. */
static const char *whole_wrong(ph_market *m)
{
    const char *wrong = ph_snapshot_gates_wrong(m);
    if (wrong == NULL) wrong = ph_snapshot_places_wrong(m);
    if (wrong == NULL) wrong = ph_snapshot_supply_wrong(m);
    if (wrong == NULL) wrong = hold_again(m);
    if (wrong != NULL) return wrong;
    ph_gate_again(m);
    return ph_market_broken(m);
}

static ph_status load(visit *v)
{
    bool version = false, limits = false;
    visit_head(v, &version, &limits);
    if (v->r.bad) return PH_ECORRUPT;
    if (!version) {
        fail(v, "another version of the format");
        return PH_EVERSION;
    }
    if (!limits) {
        fail(v, "other sizes of tables");
        return PH_EINVAL;
    }
    visit_all(v);
    if (!v->r.bad && !ph_reader_done(&v->r)) fail(v, "bytes behind the end");
    if (!v->r.bad) fail_if(v, whole_wrong(v->m));
    return v->r.bad ? PH_ECORRUPT : PH_OK;
}

ph_status ph_snapshot_load(ph_market *empty, const void *bytes, size_t size,
                           ph_snapshot_fault *reterr)
{
    PH_ASSERT(empty->seq == 0 && !empty->opened);
    visit v = {.m = empty, .r = ph_reader_of(bytes, size), .start = bytes};
    ph_status s = load(&v);
    if (s != PH_OK) *reterr = (ph_snapshot_fault){v.offset, v.what};
    return s;
}
