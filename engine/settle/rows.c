/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/rows.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/limits.h"
#include "engine/base/money.h"
#include "engine/base/panic.h"
#include "engine/base/sort.h"
#include "engine/wire/statement.h"

/* The record that is being taken, for its rows and for messages. */
typedef struct {
    ph_rows *rows;
    const ph_replay_record *record;
    uint32_t transfers; /* of this record, so far */
    uint32_t members;   /* of its group that were accepted, so far */
    bool is_final;      /* the last event but transfers was DELIVERY_FINAL */
    char *why;
    size_t why_size;
} taking;

static ph_status broken(const taking *t, const char *law)
{
    (void)snprintf(t->why, t->why_size, "record %llu cannot be settled: %s",
                   (unsigned long long)t->record->command.seq, law);
    return PH_ECORRUPT;
}

uint64_t ph_rows_index_size(uint64_t accounts)
{
    uint64_t size = 16;
    while (size < 2 * accounts)
        size *= 2;
    return size;
}

/* Orders and proofs have rows of their own, a phase is told by its event. */
static bool is_registered(const ph_command *c)
{
    switch (c->kind) {
    case PH_CMD_TICK:
    case PH_CMD_SET_PHASE:
    case PH_CMD_NEW_ORDER:
    case PH_CMD_CANCEL_ORDER:
    case PH_CMD_REPLACE_ORDER:
    case PH_CMD_NEW_GROUP:
    case PH_CMD_MASS_CANCEL:
    case PH_CMD_COUNTERSIGN_CONTRACT:
    case PH_CMD_ROTATE_NOTARY_KEY:
    case PH_CMD_TAKE_OVER: return false;
    case PH_CMD_OPEN_MARKET:
    case PH_CMD_REGISTER_PARTICIPANT:
    case PH_CMD_REGISTER_SITE:
    case PH_CMD_REGISTER_HARDWARE:
    case PH_CMD_REGISTER_CAPACITY:
    case PH_CMD_LIST_PRODUCT:
    case PH_CMD_SET_PARTICIPANT_STATE:
    case PH_CMD_DEPOSIT:
    case PH_CMD_WITHDRAW:
    case PH_CMD_ADD_KEY:
    case PH_CMD_REVOKE_KEY:
    case PH_CMD_SET_TERMS:
    case PH_CMD_SET_PRODUCT_STATE:
    case PH_CMD_WITHDRAW_CAPACITY:
    case PH_CMD_ATTEST_CAPACITY:
    case PH_CMD_MEASURE_SITE:
    case PH_CMD_REPORT_PROBE:
    case PH_CMD_HAND_OVER_ACCESS:
    case PH_CMD_REPORT_DELIVERY:
    case PH_CMD_CONFIRM_DELIVERY:
    case PH_CMD_DISPUTE_DELIVERY:
    case PH_CMD_RESOLVE_DISPUTE:
    case PH_CMD_SET_RULES_VERSION: return true;
    }
    return false;
}

/* Days since 1970 from 1, so that 0 is before all of them. */
static uint64_t day_of(ph_time at)
{
    enum { DAY_SECONDS = 86400 };
    return at.ns / (PH_NS_PER_S * DAY_SECONDS) + 1;
}

static void count_event(const ph_event *e, ph_rows_room *n)
{
    switch (e->kind) {
    case PH_EVT_ACCEPTED: n->orders++; break;
    case PH_EVT_DONE:
        n->registered++;
        n->proofs++;
        n->accounts++; /* the cash of a participant */
        break;
    case PH_EVT_CANCELLED: n->ends++; break;
    case PH_EVT_TRADE:
        n->contracts++;
        n->ends += 2;
        n->accounts += 3; /* escrow, bond, premium */
        break;
    case PH_EVT_SEGMENT: n->segments++; break;
    case PH_EVT_TRANSFER:
        n->transfers++;
        n->accounts += 2;
        break;
    case PH_EVT_PHASE_CHANGED:
    case PH_EVT_PERIOD_LOST:
    case PH_EVT_GATE_CLOSED:
    case PH_EVT_REPLACED:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL:
    case PH_EVT_TERMS_SET:
    case PH_EVT_REFERENCE_SET: n->events++; break;
    case PH_EVT_REJECTED: break;
    }
}

ph_rows_room ph_rows_needed(const ph_rows *rows, const ph_replay_batch *batch)
{
    ph_rows_room n = rows->cnt;
    uint64_t day = rows->last_day;
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        const ph_replay_record *r = &batch->records[i];
        n.days += day_of(r->command.at) != day;
        day = day_of(r->command.at);
        for (uint32_t k = 0; k < r->event_cnt; k++)
            count_event(&r->events[k], &n);
    }
    n.roots += n.contracts > rows->cnt.contracts;
    return n;
}

/* Where the account is, or would be put: a slot that is free or its own. */
static uint64_t account_slot(const ph_rows *rows, ph_account a)
{
    uint64_t mask = rows->account_index_size - 1;
    uint64_t at = (a.id * 8 + a.kind) * UINT64_C(0x9e3779b97f4a7c15);
    for (at = (at >> 20) & mask;; at = (at + 1) & mask) {
        uint32_t i = rows->account_index[at];
        if (i == 0) return at;
        const ph_account *other = &rows->accounts[i - 1].account;
        if (other->kind == a.kind && other->id == a.id) return at;
    }
}

void ph_rows_index(ph_rows *rows)
{
    for (uint64_t i = 0; i < rows->cnt.accounts; i++)
        rows->account_index[account_slot(rows, rows->accounts[i].account)] = (uint32_t)(i + 1);
}

static ph_row_account *account_of(ph_rows *rows, ph_account a)
{
    uint64_t at = account_slot(rows, a);
    if (rows->account_index[at] != 0) return &rows->accounts[rows->account_index[at] - 1];
    PH_ASSERT(rows->cnt.accounts < rows->room.accounts);
    ph_row_account *row = &rows->accounts[rows->cnt.accounts++];
    *row = (ph_row_account){.account = a};
    rows->account_index[at] = (uint32_t)rows->cnt.accounts;
    return row;
}

static ph_status open_account(const taking *t, ph_account_kind kind, uint64_t id)
{
    ph_row_account *row = account_of(t->rows, (ph_account){kind, id});
    if (row->is_new || row->moves != 0) return broken(t, "an account is opened twice");
    row->is_new = true;
    return PH_OK;
}

static ph_status move_account(const taking *t, ph_account a, ph_money amount)
{
    ph_row_account *row = account_of(t->rows, a);
    if (!ph_money_add(row->amount, amount, &row->amount))
        return broken(t, "a balance moves by more than 64 bits");
    row->moves++;
    return PH_OK;
}

static ph_status take_transfer(taking *t, const ph_transfer *moved)
{
    if (moved->amount <= 0) return broken(t, "a transfer is not above zero");
    PH_ASSERT(t->rows->cnt.transfers < t->rows->room.transfers);
    t->rows->transfers[t->rows->cnt.transfers++] =
        (ph_row_transfer){t->record->command.seq, ++t->transfers, *moved};
    if (t->is_final) t->rows->events[t->rows->cnt.events - 1].transfers++;
    ph_status s = move_account(t, moved->debit, -moved->amount);
    return s == PH_OK ? move_account(t, moved->credit, moved->amount) : s;
}

static ph_status take_order(taking *t, const ph_accepted *accepted)
{
    ph_rows *rows = t->rows;
    const ph_command *c = &t->record->command;
    const ph_new_order *terms = &c->u.order;
    if (c->kind == PH_CMD_NEW_GROUP && t->members < c->u.group.cnt)
        terms = &c->u.group.v[t->members++]; /* accepted in the order listed */
    else if (c->kind != PH_CMD_NEW_ORDER)
        return broken(t, "ACCEPTED without an order");
    PH_ASSERT(rows->cnt.orders < rows->room.orders);
    if (rows->cnt.orders > 0 &&
        accepted->order.v != rows->orders[rows->cnt.orders - 1].accepted.order.v + 1)
        return broken(t, "order ids are not consecutive");
    rows->orders[rows->cnt.orders++] = (ph_row_order){
        .seq = c->seq,
        .at = c->at,
        .participant = c->sender,
        .terms = *terms,
        .accepted = *accepted,
        .end = {.order = accepted->order, .state = PH_ROW_ORDER_RESTING},
    };
    return PH_OK;
}

static ph_status end_order(const taking *t, ph_row_end end)
{
    ph_rows *rows = t->rows;
    end.seq = t->record->command.seq;
    if (rows->cnt.orders > 0 && end.order.v >= rows->orders[0].accepted.order.v) {
        uint64_t i = end.order.v - rows->orders[0].accepted.order.v;
        if (i >= rows->cnt.orders) return broken(t, "an order ends before it was accepted");
        ph_row_end *known = &rows->orders[i].end;
        if (known->state != PH_ROW_ORDER_RESTING) return broken(t, "an order ends twice");
        *known = end;
        return PH_OK;
    }
    PH_ASSERT(rows->cnt.ends < rows->room.ends);
    rows->ends[rows->cnt.ends++] = end;
    return PH_OK;
}

static ph_status take_trade(const taking *t, uint32_t event_i)
{
    ph_rows *rows = t->rows;
    const ph_replay_record *r = t->record;
    const ph_trade *trade = &r->events[event_i].u.trade;
    if (trade->segment_cnt == 0 || trade->segment_cnt > r->event_cnt - event_i - 1)
        return broken(t, "a trade lacks segments");
    PH_ASSERT(rows->cnt.contracts < rows->room.contracts);
    ph_row_contract *row = &rows->contracts[rows->cnt.contracts++];
    *row = (ph_row_contract){
        .seq = r->command.seq, .at = r->command.at, .trade = *trade, .first = UINT32_MAX};
    for (uint32_t i = 0; i < trade->segment_cnt; i++) {
        const ph_event *e = &r->events[event_i + 1 + i];
        if (e->kind != PH_EVT_SEGMENT) return broken(t, "a trade lacks segments");
        PH_ASSERT(rows->cnt.segments < rows->room.segments);
        rows->segments[rows->cnt.segments++] =
            (ph_row_segment){trade->contract, i + 1, e->u.segment};
        ph_window w = e->u.segment.window;
        if (w.first < row->first) row->first = w.first;
        if (w.first + w.periods > row->end) row->end = w.first + w.periods;
    }
    ph_status s = open_account(t, PH_ACCOUNT_ESCROW, trade->contract.v);
    if (s == PH_OK) s = open_account(t, PH_ACCOUNT_BOND, trade->contract.v);
    if (s == PH_OK && trade->from_contract.v != 0)
        s = open_account(t, PH_ACCOUNT_PREMIUM, trade->contract.v);
    if (s == PH_OK && trade->buy_leaves == 0)
        s = end_order(t, (ph_row_end){.order = trade->buy_order, .state = PH_ROW_ORDER_FILLED});
    if (s == PH_OK && trade->sell_leaves == 0)
        s = end_order(t, (ph_row_end){.order = trade->sell_order, .state = PH_ROW_ORDER_FILLED});
    return s;
}

/* Who countersigns a contract twice did it once: DONE then counts nothing. */
static bool is_proof(const ph_command *c, const ph_done *done)
{
    return c->kind == PH_CMD_OPEN_MARKET || c->kind == PH_CMD_ROTATE_NOTARY_KEY ||
           (c->kind == PH_CMD_COUNTERSIGN_CONTRACT && done->count == 1) ||
           ph_statement_signature(c) != NULL;
}

static ph_status take_done(const taking *t, const ph_done *done)
{
    ph_rows *rows = t->rows;
    const ph_command *c = &t->record->command;
    if (is_proof(c, done)) {
        PH_ASSERT(rows->cnt.proofs < rows->room.proofs);
        rows->proofs[rows->cnt.proofs++] = (ph_row_proof){.command = *c};
    }
    if (!is_registered(c)) return PH_OK;
    PH_ASSERT(rows->cnt.registered < rows->room.registered);
    rows->registered[rows->cnt.registered++] = *c;
    if (c->kind == PH_CMD_REGISTER_PARTICIPANT)
        return open_account(t, PH_ACCOUNT_CASH, c->u.participant.id.v);
    /* OPEN_MARKET registers the operator as participant 1. */
    return c->kind == PH_CMD_OPEN_MARKET ? open_account(t, PH_ACCOUNT_CASH, 1) : PH_OK;
}

static ph_status take_own(const taking *t, uint32_t i)
{
    ph_rows *rows = t->rows;
    const ph_event *e = &t->record->events[i];
    const ph_command *c = &t->record->command;
    if (e->kind == PH_EVT_TERMS_SET && (c->kind != PH_CMD_SET_TERMS || rows->cnt.registered == 0 ||
                                        rows->registered[rows->cnt.registered - 1].seq != c->seq))
        return broken(t, "TERMS_SET without terms");
    PH_ASSERT(rows->cnt.events < rows->room.events);
    rows->events[rows->cnt.events++] = (ph_row_event){.seq = c->seq,
                                                      .at = c->at,
                                                      .number = i + 1,
                                                      .registered = rows->cnt.registered - 1,
                                                      .first_transfer = t->transfers + 1,
                                                      .event = *e};
    return PH_OK;
}

static ph_status take_event(taking *t, uint32_t i)
{
    const ph_event *e = &t->record->events[i];
    if (e->kind != PH_EVT_TRANSFER) t->is_final = e->kind == PH_EVT_DELIVERY_FINAL;
    switch (e->kind) {
    case PH_EVT_ACCEPTED: return take_order(t, &e->u.accepted);
    case PH_EVT_DONE: return take_done(t, &e->u.done);
    case PH_EVT_CANCELLED:
        return end_order(t, (ph_row_end){.order = e->u.cancelled.order,
                                         .state = PH_ROW_ORDER_CANCELLED,
                                         .reason = e->u.cancelled.reason,
                                         .cancelled = e->u.cancelled.unit_periods});
    case PH_EVT_TRADE: return take_trade(t, i);
    case PH_EVT_TRANSFER: return take_transfer(t, &e->u.transfer);
    case PH_EVT_PHASE_CHANGED:
    case PH_EVT_PERIOD_LOST:
    case PH_EVT_GATE_CLOSED:
    case PH_EVT_REPLACED:
    case PH_EVT_CLIP_SHOWN:
    case PH_EVT_DELIVERY:
    case PH_EVT_DELIVERY_FINAL:
    case PH_EVT_TERMS_SET:
    case PH_EVT_REFERENCE_SET: return take_own(t, i);
    case PH_EVT_SEGMENT: /* taken with its trade */
    case PH_EVT_REJECTED: return PH_OK;
    }
    return broken(t, "an event of unknown kind");
}

static bool has_room(const ph_rows *rows, const ph_rows_room *n)
{
    const ph_rows_room *room = &rows->room;
    return n->registered <= room->registered && n->proofs <= room->proofs &&
           n->events <= room->events && n->days <= room->days && n->orders <= room->orders &&
           n->ends <= room->ends && n->contracts <= room->contracts && n->roots <= room->roots &&
           n->segments <= room->segments && n->transfers <= room->transfers &&
           n->accounts <= room->accounts &&
           ph_rows_index_size(n->accounts) <= rows->account_index_size;
}

static void take_day(const taking *t)
{
    ph_rows *rows = t->rows;
    uint64_t day = day_of(t->record->command.at);
    if (day == rows->last_day) return;
    PH_ASSERT(rows->cnt.days < rows->room.days);
    rows->days[rows->cnt.days++] = (ph_row_day){day - 1, t->record->command.seq};
    rows->last_day = day;
}

/* Contracts from place `first` on are those of the batch. */
static void take_root(ph_rows *rows, const ph_replay_batch *batch, uint64_t first)
{
    uint64_t cnt = rows->cnt.contracts - first;
    if (cnt == 0) return;
    PH_ASSERT(rows->cnt.roots < rows->room.roots && cnt <= UINT32_MAX);
    rows->roots[rows->cnt.roots++] = (ph_row_root){.first_seq = batch->first_seq,
                                                   .first = rows->contracts[first].trade.contract,
                                                   .leaf_cnt = (uint32_t)cnt};
}

ph_status ph_rows_take(ph_rows *rows, const ph_replay_batch *batch, char *why, size_t why_size)
{
    ph_rows_room needed = ph_rows_needed(rows, batch);
    PH_ASSERT(has_room(rows, &needed));
    bool is_first = rows->last_seq == 0;
    uint64_t contracts = rows->cnt.contracts;
    if (batch->record_cnt == 0 || batch->first_seq == 0 ||
        (!is_first && (batch->first_seq != rows->last_seq + 1 ||
                       memcmp(&batch->previous, &rows->chain, sizeof rows->chain) != 0))) {
        (void)snprintf(why, why_size,
                       "the batch that begins at record %llu does not follow record %llu",
                       (unsigned long long)batch->first_seq, (unsigned long long)rows->last_seq);
        return PH_ECORRUPT;
    }
    for (uint32_t i = 0; i < batch->record_cnt; i++) {
        taking t = {.rows = rows, .record = &batch->records[i], .why = why, .why_size = why_size};
        if (t.record->command.seq != batch->first_seq + i)
            return broken(&t, "its number is not its place in the batch");
        take_day(&t);
        for (uint32_t k = 0; k < t.record->event_cnt; k++) {
            ph_status s = take_event(&t, k);
            if (s != PH_OK) return s;
        }
    }
    take_root(rows, batch, contracts);
    if (is_first) {
        rows->first_seq = batch->first_seq;
        rows->previous = batch->previous;
    }
    rows->last_seq = batch->first_seq + batch->record_cnt - 1;
    rows->chain = batch->chain;
    return PH_OK;
}

static bool is_before(const void *a, const void *b)
{
    const ph_account *x = &((const ph_row_account *)a)->account;
    const ph_account *y = &((const ph_row_account *)b)->account;
    if (x->kind != y->kind) return x->kind < y->kind;
    PH_ASSERT(x == y || x->id != y->id); /* an account has one row: no ties */
    return x->id < y->id;
}

void ph_rows_sort(ph_rows *rows)
{
    ph_sort(rows->accounts, (uint32_t)rows->cnt.accounts, sizeof rows->accounts[0], is_before);
}

void ph_rows_clear(ph_rows *rows)
{
    if (rows->account_index_size != 0)
        memset(rows->account_index, 0, rows->account_index_size * sizeof *rows->account_index);
    rows->cnt = (ph_rows_room){0};
    rows->first_seq = 0;
    rows->last_seq = 0;
}
