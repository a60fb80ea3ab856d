/* SPDX-License-Identifier: Apache-2.0 */
/* A contract as a person reads it: Markdown out of the canonical bytes and nothing else. */
#include "clients/cli/cli.h"

#include <inttypes.h>
#include <stdio.h>

static const char *hours(uint32_t seconds, char to[32])
{
    if (seconds % 3600 == 0)
        snprintf(to, 32, "%" PRIu32 " h", seconds / 3600);
    else
        snprintf(to, 32, "%" PRIu32 " s", seconds);
    return to;
}

/* To the second: periods begin at whole ones. */
static const char *instant(uint64_t ns, char to[40])
{
    phc_time_text(ns, to);
    to[19] = 'Z';
    to[20] = '\0';
    return to;
}

static void print_party(const char *role, const char *name, uint32_t id, const uint8_t key[32])
{
    char hex[65];
    printf("- **%s**: %s (participant %" PRIu32 ", key `%s`)\n", role, name, id,
           phc_hex_text(key, 32, hex));
}

static void print_parties(const phc_contract *c)
{
    puts("## Parties\n");
    print_party("Buyer", c->buyer_name, c->buyer, c->buyer_key);
    print_party("Supplier", c->supplier_name, c->supplier, c->supplier_key);
    if (c->from_contract != 0) {
        print_party("Seller", c->seller_name, c->seller, c->seller_key);
        printf("\nThe seller held these hours by contract %" PRIu64
               " and sold them on. The supplier "
               "delivers.\n",
               c->from_contract);
    }
}

static void print_delivery(const phc_contract *c)
{
    printf("\n## What is delivered\n\n"
           "%s: units of 1 %s (%" PRIu32 " of hardware class %" PRIu32 "), at site %" PRIu32
           ", in periods of %" PRIu32 " s.\n\n"
           "| from (UTC) | to (UTC) | periods | units | price per unit and period, %s |\n"
           "| --- | --- | ---: | ---: | ---: |\n",
           c->symbol, c->unit, c->hardware_units, c->hardware, c->site, c->period_seconds,
           c->currency);
    for (uint32_t i = 0; i < c->segment_cnt; i++) {
        const phc_segment *g = &c->segments[i];
        char from[40], to[40], price[32];
        uint64_t length = (uint64_t)g->periods * c->period_seconds * UINT64_C(1000000000);
        uint64_t start = phc_period_start(g->first_period, c->period_seconds);
        printf("| %s | %s | %" PRIu32 " | %" PRIu32 " | %s |\n", instant(start, from),
               instant(start + length, to), g->periods, g->quantity,
               phc_money_text(g->price, price));
    }
}

static void print_money(const phc_contract *c)
{
    char a[32], b[32];
    printf("\n## What is paid, in %s\n\n", c->currency);
    printf("- Price in all: %s\n", phc_money_text(c->notional, a));
    printf("- Fee of the buyer: %s, of which %s at once and the rest on delivery\n",
           phc_money_text(c->buyer_fee, a), phc_money_text(c->buyer_fee_at_trade, b));
    printf("- Fee of the supplier: %s, on delivery\n", phc_money_text(c->supplier_fee, a));
    printf("- Bond of the supplier: %s\n", phc_money_text(c->bond, a));
    if (c->from_contract == 0) return;
    printf("- At the supplier's prices: %s\n", phc_money_text(c->supplier_notional, a));
    printf("- Premium above them, for the seller on delivery: %s\n", phc_money_text(c->premium, a));
    printf("- Fee of the seller on what it is paid at once: %s\n",
           phc_money_text(c->reseller_fee, a));
}

static void print_terms(const phc_contract *c)
{
    char report[32], dispute[32], resolve[32], deposit[32], hex[65];
    printf("\n## How delivery is settled\n\n- Availability: %" PRIu32 ".%04" PRIu32 " %%\n",
           c->availability_ppm / 10000, c->availability_ppm % 10000);
    if (c->meter != 0)
        printf("- Delivery is reported by participant %" PRIu32 ", a meter", c->meter);
    else
        printf("- Delivery is reported by the supplier");
    printf(", within %s after each period\n", hours(c->report_seconds, report));
    printf("- A report may be disputed for %s with a deposit of %s %s, and is decided within %s\n",
           hours(c->dispute_seconds, dispute), phc_money_text(c->dispute_deposit, deposit),
           c->currency, hours(c->resolve_seconds, resolve));
    printf("- Terms of the product: version %" PRIu32 ", SHA-256 `%s`\n", c->terms_version,
           phc_hex_text(c->terms_hash, 32, hex));
}

void cli_print_contract(const phc_contract *c)
{
    char at[40];
    printf("# Contract %" PRIu64 " of %s\n\nConcluded %s by trade %" PRIu64 ": order %" PRIu64
           " bought, order %" PRIu64 " sold. Record %" PRIu64
           " of the market's journal, rules version %" PRIu32 ".\n\n",
           c->contract, c->market, phc_time_text(c->at, at), c->trade, c->buy_order, c->sell_order,
           c->sequence, c->rules_version);
    print_parties(c);
    print_delivery(c);
    print_money(c);
    print_terms(c);
}
