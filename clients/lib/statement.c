/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/statement.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void begin(phc_statement *s, const char *kind, const phc_speaker *by)
{
    int n = snprintf(s->text, sizeof s->text, "petahour.v1 %s\nmarket %.63s\nparticipant %u\n",
                     kind, by->market, by->participant);
    s->size = (size_t)n;
}

/* The longest statement has less than half of the room. */
static void add_text(phc_statement *s, const char *name, const char *value)
{
    int n = snprintf(s->text + s->size, sizeof s->text - s->size, "%s %.127s\n", name, value);
    s->size += (size_t)n;
}

static void add(phc_statement *s, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    add_text(s, name, text);
}

void phc_statement_attestation(const phc_speaker *by, const phc_attestation *a, phc_statement *ret)
{
    char document[65];
    begin(ret, "ATTEST_CAPACITY", by);
    add(ret, "reference", a->reference);
    add(ret, "supplier", a->supplier);
    add(ret, "site", a->site);
    add(ret, "hardware", a->hardware);
    add(ret, "first_period", a->first_period);
    add(ret, "periods", a->periods);
    add(ret, "units", a->units);
    add_text(ret, "document", phc_hex_text(a->document, sizeof a->document, document));
}

void phc_statement_measurement(const phc_speaker *by, const phc_measurement *m, phc_statement *ret)
{
    begin(ret, "MEASURE_SITE", by);
    add(ret, "site", m->site);
    add(ret, "measured_at", m->measured_at);
    add(ret, "pue_ppm", m->pue_ppm);
    add(ret, "cue_ppm", m->cue_ppm);
    add(ret, "wue_ppm", m->wue_ppm);
    add(ret, "green_grade", m->green_grade);
}

void phc_statement_probe(const phc_speaker *by, const phc_probe *p, phc_statement *ret)
{
    begin(ret, "REPORT_PROBE", by);
    add_text(ret, "region", p->region == NULL ? "" : p->region);
    add(ret, "site", p->site);
    add(ret, "measured_at", p->measured_at);
    add(ret, "rtt_us", p->rtt_us);
    add(ret, "bandwidth_mbps", p->bandwidth_mbps);
    add(ret, "reachable_ppm", p->reachable_ppm);
}

void phc_statement_report(const phc_speaker *by, const phc_delivery_report *r, phc_statement *ret)
{
    begin(ret, "REPORT_DELIVERY", by);
    add(ret, "contract", r->contract);
    add(ret, "period", r->period);
    add(ret, "delivered", r->delivered);
    add(ret, "energy_wh", r->energy_wh);
}

bool phc_sign(const phc_key *key, const char *text, size_t size, uint8_t ret[PHC_SIGNATURE_BYTES])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    if (sodium_is_zero(key->sign_seed, sizeof key->sign_seed)) return false;
    bool ok = crypto_sign_seed_keypair(public_key, secret, key->sign_seed) == 0 &&
              crypto_sign_detached(ret, NULL, (const uint8_t *)text, size, secret) == 0;
    sodium_memzero(secret, sizeof secret);
    return ok;
}

bool phc_statement_sign(const phc_statement *s, const phc_key *key,
                        uint8_t ret[PHC_SIGNATURE_BYTES])
{
    return phc_sign(key, s->text, s->size, ret);
}

bool phc_statement_verify(const phc_statement *s, const uint8_t sign_key[32],
                          const uint8_t signature[PHC_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, (const uint8_t *)s->text, s->size, sign_key) == 0;
}

phc_status phc_delivery_report_verify(const phc_delivery_report *r, const char *market,
                                      uint32_t participant, const uint8_t sign_key[32],
                                      const uint8_t signature[PHC_SIGNATURE_BYTES])
{
    phc_statement s;
    phc_speaker by = {market, participant};
    if (sodium_init() < 0) return PHC_EIO;
    phc_statement_report(&by, r, &s);
    return phc_statement_verify(&s, sign_key, signature) ? PHC_OK : PHC_EVERIFY;
}
