/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/query/cash_history.h"

#include "engine/base/arena.h"
#include "engine/base/panic.h"

#define NS_PER_DAY (UINT64_C(86400) * PH_NS_PER_S)

typedef struct {
    uint64_t older; /* row of the participant before this one; 0, or overwritten: none */
    uint64_t cnt, received, paid;
    ph_money opening; /* cash when the day began */
    uint32_t day;
    uint8_t reason;
} row;

typedef struct {
    uint64_t newest; /* row; 0: none */
    ph_money cash;
    ph_money opening; /* when the day of its last movement began */
    uint32_t day;
} own;

struct ph_cash_history {
    row *rows; /* row n, from 1, is rows[n % rows_max] */
    own *owns; /* by participant */
    uint64_t last;
    uint32_t rows_max, participants_max, first_day;
};

/* Carves the block; counts while the arena has none. */
static void carve(ph_cash_history *h, ph_arena *a, const ph_market_limits *limits,
                  uint32_t rows_max)
{
    h->rows_max = rows_max;
    h->participants_max = limits->participants_max;
    h->rows = ph_arena_take(a, rows_max, sizeof h->rows[0]);
    h->owns = ph_arena_take(a, (size_t)h->participants_max + 1, sizeof h->owns[0]);
}

size_t ph_cash_history_footprint(const ph_market_limits *limits, uint32_t rows_max)
{
    ph_cash_history h;
    ph_arena a = {.start = NULL};
    PH_ASSERT(rows_max > 0 && rows_max <= PH_CASH_ROWS_MAX);
    (void)ph_arena_take(&a, 1, sizeof h);
    carve(&h, &a, limits, rows_max);
    return a.used;
}

ph_cash_history *ph_cash_history_init(void *block, const ph_market_limits *limits,
                                      uint32_t rows_max)
{
    PH_ASSERT(block != NULL && (uintptr_t)block % PH_ARENA_ALIGN == 0);
    ph_arena a = {.start = block, .size = ph_cash_history_footprint(limits, rows_max)};
    ph_cash_history *h = ph_arena_take(&a, 1, sizeof *h);
    carve(h, &a, limits, rows_max);
    return h;
}

/* Not if it was overwritten. */
static bool is_there(const ph_cash_history *h, uint64_t n)
{
    return n != 0 && h->last - n < h->rows_max;
}

static row *row_at(const ph_cash_history *h, uint64_t n)
{
    return &h->rows[n % h->rows_max];
}

/* ---- Records --------------------------------------------------------------------------------- */

/* The row of a day and a reason, which is the participant's last day; made if there is none. */
static row *row_of(ph_cash_history *h, own *o, ph_transfer_reason reason)
{
    for (uint64_t n = o->newest; is_there(h, n) && row_at(h, n)->day == o->day;
         n = row_at(h, n)->older)
        if (row_at(h, n)->reason == reason) return row_at(h, n);
    uint64_t n = ++h->last;
    row *to = row_at(h, n);
    if (n > h->rows_max) h->first_day = to->day + 1;
    *to =
        (row){.older = o->newest, .opening = o->opening, .day = o->day, .reason = (uint8_t)reason};
    o->newest = n;
    return to;
}

/* The account's row, when it is a participant's cash: what the day began with is known then. */
static row *moved(ph_cash_history *h, ph_account account, uint32_t day, ph_transfer_reason reason)
{
    if (account.kind != PH_ACCOUNT_CASH) return NULL;
    PH_ASSERT(account.id != 0 && account.id <= h->participants_max);
    own *o = &h->owns[account.id];
    PH_ASSERT(day >= o->day); /* stamps do not fall */
    if (day != o->day) {
        o->day = day;
        o->opening = o->cash;
    }
    row *r = row_of(h, o, reason);
    r->cnt++;
    return r;
}

static void take_transfer(ph_cash_history *h, uint32_t day, const ph_transfer *t)
{
    row *r = moved(h, t->debit, day, t->reason);
    if (r != NULL) {
        r->paid += (uint64_t)t->amount;
        h->owns[t->debit.id].cash -= t->amount;
    }
    r = moved(h, t->credit, day, t->reason);
    if (r == NULL) return;
    r->received += (uint64_t)t->amount;
    h->owns[t->credit.id].cash += t->amount;
}

void ph_cash_history_take(ph_cash_history *h, const ph_replay_record *record)
{
    uint32_t day = (uint32_t)(record->command.at.ns / NS_PER_DAY);
    for (uint32_t i = 0; i < record->event_cnt; i++)
        if (record->events[i].kind == PH_EVT_TRANSFER)
            take_transfer(h, day, &record->events[i].u.transfer);
}

/* ---- Questions ------------------------------------------------------------------------------- */

uint32_t ph_cash_history_first_day(const ph_cash_history *h)
{
    return h->first_day;
}

/* Adds the rows of these days to the sums, which are by reason; says what they began with. */
static void add_days(const ph_cash_history *h, const own *o, const ph_query *q,
                     ph_answer_sum sums[PH_TRANSFER_REASON_MAX + 1], ph_answer_statement *ret)
{
    uint64_t past = (uint64_t)q->first_day + q->days;
    bool is_still = true; /* nothing moved on the days that are asked for */
    ret->closing = o->cash;
    for (uint64_t n = o->newest; is_there(h, n) && row_at(h, n)->day >= q->first_day;
         n = row_at(h, n)->older) {
        const row *r = row_at(h, n);
        if (r->day >= past) {
            ret->closing = r->opening;
            continue;
        }
        ph_answer_sum *to = &sums[r->reason];
        to->cnt += r->cnt;
        to->received += r->received;
        to->paid += r->paid;
        ret->opening = r->opening;
        is_still = false;
    }
    if (is_still) ret->opening = ret->closing;
}

void ph_cash_history_find(const ph_cash_history *h, const ph_query *q, ph_answer *ret)
{
    ph_answer_sum sums[PH_TRANSFER_REASON_MAX + 1] = {{.cnt = 0}};
    ph_answer_statement *s = &ret->u.statement;
    s->first_kept = h->first_day;
    s->is_long_ago = q->first_day < h->first_day;
    if (s->is_long_ago || q->who.v == 0 || q->who.v > h->participants_max) return;
    add_days(h, &h->owns[q->who.v], q, sums, s);
    for (uint32_t i = 1; i <= PH_TRANSFER_REASON_MAX; i++) {
        if (sums[i].cnt == 0) continue;
        sums[i].reason = (ph_transfer_reason)i;
        ret->rows.sums[ret->cnt++] = sums[i];
    }
}
