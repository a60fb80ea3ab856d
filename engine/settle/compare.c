/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/compare.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/settle/pg.h"
#include "engine/settle/root_signature.h"
#include "engine/wire/codec.h"

typedef struct {
    const ph_market *market;
    void (*on_difference)(void *arg, const char *sentence);
    void *arg;
    uint64_t checked, accounts; /* accounts: with a balance, found in the database */
    uint64_t market_accounts;   /* the same in the market */
    bool is_same_place;         /* both stand at the same record */
} comparison;

__attribute__((format(printf, 2, 3))) static void differ(comparison *c, const char *format, ...)
{
    char sentence[800];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    c->on_difference(c->arg, sentence);
}

static ph_status on_position(void *arg, const char *const *columns, uint32_t cnt)
{
    comparison *c = arg;
    PH_ASSERT(cnt == 2);
    const ph_open_market *opened = ph_market_opened(c->market);
    uint64_t seq = strtoull(columns[1], NULL, 10);
    c->checked += 2;
    if (opened == NULL || strcmp(opened->market.s, columns[0]) != 0)
        differ(c, "the database is of market \"%s\", the journal of \"%s\"", columns[0],
               opened == NULL ? "" : opened->market.s);
    else if (seq != ph_market_seq(c->market))
        differ(c,
               "the database stands at record %" PRIu64 ", the journal at record %" PRIu64
               "; nothing else was compared",
               seq, ph_market_seq(c->market));
    else
        c->is_same_place = true;
    return PH_OK;
}

static ph_status on_count(void *arg, const char *const *columns, uint32_t cnt)
{
    comparison *c = arg;
    const ph_market *m = c->market;
    static const char *const names[] = {"participants", "sites", "hardware classes", "products",
                                        "contracts"};
    const uint64_t counts[] = {
        ph_market_participant_cnt(m), ph_market_site_cnt(m),     ph_market_hardware_cnt(m),
        ph_market_product_cnt(m),     ph_market_contract_cnt(m),
    };
    PH_ASSERT(cnt == sizeof counts / sizeof counts[0]);
    for (uint32_t i = 0; i < cnt; i++) {
        c->checked++;
        if (strtoull(columns[i], NULL, 10) != counts[i])
            differ(c, "the database has %s %s, the journal %" PRIu64, columns[i], names[i],
                   counts[i]);
    }
    return PH_OK;
}

static ph_status on_resting(void *arg, const char *const *columns, uint32_t cnt)
{
    comparison *c = arg;
    PH_ASSERT(cnt == 1);
    c->checked++;
    uint32_t resting = ph_market_order_cnt(c->market);
    if (strtoull(columns[0], NULL, 10) != resting)
        differ(c, "the database has %s resting orders, the journal %" PRIu32, columns[0], resting);
    return PH_OK;
}

static ph_status on_account(void *arg, const char *const *columns, uint32_t cnt)
{
    comparison *c = arg;
    PH_ASSERT(cnt == 3);
    ph_account a = {(ph_account_kind)strtoul(columns[0], NULL, 10), strtoull(columns[1], NULL, 10)};
    ph_money there = strtoll(columns[2], NULL, 10);
    ph_money here = ph_market_balance(c->market, a);
    c->checked++;
    if (there != 0) c->accounts++;
    if (there != here)
        differ(c,
               "account %s %" PRIu64 " has %" PRId64 " in the database, %" PRId64 " in the journal",
               ph_account_kind_name(a.kind), a.id, there, here);
    return PH_OK;
}

static void count_account(void *arg, ph_account account, ph_money balance)
{
    comparison *c = arg;
    (void)account;
    if (balance != 0) c->market_accounts++;
}

/* The escrow that the market keeps for a contract is what the row of the contract comes to. */
static ph_status on_contract(void *arg, const char *const *columns, uint32_t cnt)
{
    comparison *c = arg;
    PH_ASSERT(cnt == 3);
    uint64_t id = strtoull(columns[0], NULL, 10);
    ph_money escrow = ph_market_balance(c->market, (ph_account){PH_ACCOUNT_ESCROW, id});
    ph_money bond = ph_market_balance(c->market, (ph_account){PH_ACCOUNT_BOND, id});
    c->checked += 2;
    if (strtoll(columns[1], NULL, 10) != escrow)
        differ(c,
               "contract %" PRIu64 " states %s of notional and escrowed fee in the database, its "
               "escrow in the journal is %" PRId64,
               id, columns[1], escrow);
    if (strtoll(columns[2], NULL, 10) != bond)
        differ(c,
               "contract %" PRIu64 " states a bond of %s in the database, in the journal it is "
               "%" PRId64,
               id, columns[2], bond);
    return PH_OK;
}

static ph_status on_law(void *arg, const char *const *columns, uint32_t cnt)
{
    comparison *c = arg;
    PH_ASSERT(cnt == 4);
    differ(c, "a law of the database does not hold for %s: %s (%s, %s)", columns[1], columns[0],
           columns[2] == NULL ? "-" : columns[2], columns[3] == NULL ? "-" : columns[3]);
    return PH_OK;
}

static void on_false_signature(void *arg, uint64_t first_seq)
{
    comparison *c = arg;
    differ(c,
           "the notary's signature under the root of the batch of record %" PRIu64
           " does not hold in the database",
           first_seq);
}

/* They are in no journal, but they are of a root that is. */
static ph_status compare_signatures(ph_pg *pg, comparison *c, ph_pg_error *e)
{
    uint64_t cnt = 0;
    const ph_open_market *opened = ph_market_opened(c->market);
    ph_status s = ph_root_signatures_verify(pg, &opened->market, on_false_signature, c, &cnt, e);
    c->checked += cnt;
    return s;
}

/* One snapshot for everything: settlement may go on writing meanwhile. */
static ph_status compare_all(ph_pg *pg, comparison *c, ph_pg_error *e)
{
    static const struct {
        const char *sql;
        ph_pg_on_row on_row;
    } questions[] = {
        {"SELECT (SELECT count(*) FROM petahour.participant),"
         " (SELECT count(*) FROM petahour.site), (SELECT count(*) FROM petahour.hardware),"
         " (SELECT count(*) FROM petahour.product), (SELECT count(*) FROM petahour.contract)",
         on_count},
        {"SELECT count(*) FROM petahour.\"order\" WHERE state = 1", on_resting},
        {"SELECT kind, id, balance FROM petahour.account ORDER BY kind, id", on_account},
        {"SELECT id, notional::numeric + buyer_fee - buyer_fee_at_trade, bond"
         " FROM petahour.contract_as_concluded ORDER BY id",
         on_contract},
        {"SELECT law, subject, stated, found FROM petahour.reconcile LIMIT 1000", on_law},
    };
    ph_status s = ph_pg_run(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e);
    if (s == PH_OK)
        s = ph_pg_ask(pg, "SELECT market, last_seq FROM petahour.position", 0, NULL, on_position, c,
                      e);
    if (s == PH_OK && c->checked == 0) {
        differ(c, "the database has no rows yet");
        c->checked++;
    }
    if (s != PH_OK || !c->is_same_place) return s;
    for (size_t i = 0; i < sizeof questions / sizeof questions[0] && s == PH_OK; i++)
        s = ph_pg_each(pg, questions[i].sql, questions[i].on_row, c, e);
    if (s == PH_OK) s = compare_signatures(pg, c, e);
    if (s != PH_OK) return s;
    ph_market_each_account(c->market, count_account, c);
    c->checked++;
    if (c->accounts != c->market_accounts)
        differ(c, "the database has %" PRIu64 " accounts with a balance, the journal %" PRIu64,
               c->accounts, c->market_accounts);
    return PH_OK;
}

ph_status ph_settle_compare(const char *conninfo, const ph_market *m,
                            void (*on_difference)(void *arg, const char *sentence), void *arg,
                            uint64_t *ret_checked)
{
    comparison c = {.market = m, .on_difference = on_difference, .arg = arg};
    ph_pg_error e = {0};
    ph_pg *pg = NULL;
    ph_status s = ph_pg_open(conninfo, "petahour-audit", &pg, &e);
    if (s == PH_OK) ph_pg_answer_within(pg, PH_PG_PATIENT_SECONDS); /* the laws read all there is */
    if (s == PH_OK) s = compare_all(pg, &c, &e);
    ph_pg_close(pg);
    if (s != PH_OK) {
        differ(&c, "could not compare with the database: %s", e.text);
        return s;
    }
    *ret_checked = c.checked;
    return PH_OK;
}
