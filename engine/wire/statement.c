/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wire/statement.h"

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/wire/codec.h"

static const char digits[] = "0123456789abcdef";

static void put(ph_writer *w, const char *text)
{
    ph_write_bytes(w, text, strlen(text));
}

static void put_line(ph_writer *w, const char *name, const char *value)
{
    put(w, name);
    put(w, " ");
    put(w, value);
    put(w, "\n");
}

static void put_number(ph_writer *w, const char *name, uint64_t value)
{
    char text[21];
    size_t at = sizeof text;
    text[--at] = '\0';
    do {
        text[--at] = digits[value % 10];
        value /= 10;
    } while (value != 0);
    put_line(w, name, text + at);
}

static void put_hash(ph_writer *w, const char *name, const ph_hash *hash)
{
    char text[2 * sizeof hash->b + 1];
    for (size_t i = 0; i < sizeof hash->b; i++) {
        text[2 * i] = digits[hash->b[i] >> 4];
        text[2 * i + 1] = digits[hash->b[i] & 15];
    }
    text[sizeof text - 1] = '\0';
    put_line(w, name, text);
}

static void put_attestation(ph_writer *w, const ph_attest_capacity *a)
{
    put_number(w, "reference", a->reference);
    put_number(w, "supplier", a->supplier.v);
    put_number(w, "site", a->site.v);
    put_number(w, "hardware", a->hardware.v);
    put_number(w, "first_period", a->window.first);
    put_number(w, "periods", a->window.periods);
    put_number(w, "units", a->units);
    put_hash(w, "document", &a->document);
}

static void put_measurement(ph_writer *w, const ph_measure_site *m)
{
    put_number(w, "site", m->site.v);
    put_number(w, "measured_at", m->measured_at.ns);
    put_number(w, "pue_ppm", m->pue_ppm);
    put_number(w, "cue_ppm", m->cue_ppm);
    put_number(w, "wue_ppm", m->wue_ppm);
    put_number(w, "green_grade", m->green_grade);
}

static void put_probe(ph_writer *w, const ph_report_probe *p)
{
    put_line(w, "region", p->region.s);
    put_number(w, "site", p->site.v);
    put_number(w, "measured_at", p->measured_at.ns);
    put_number(w, "rtt_us", p->rtt_us);
    put_number(w, "bandwidth_mbps", p->bandwidth_mbps);
    put_number(w, "reachable_ppm", p->reachable_ppm);
}

static void put_report(ph_writer *w, const ph_report_delivery *r)
{
    put_number(w, "contract", r->contract.v);
    put_number(w, "period", r->period);
    put_number(w, "delivered", r->delivered);
    put_number(w, "energy_wh", r->energy_wh);
}

const ph_signature *ph_statement_signature(const ph_command *c)
{
    if (c->kind == PH_CMD_ATTEST_CAPACITY) return &c->u.attestation.signature;
    if (c->kind == PH_CMD_MEASURE_SITE) return &c->u.measurement.signature;
    if (c->kind == PH_CMD_REPORT_PROBE) return &c->u.probe.signature;
    if (c->kind == PH_CMD_REPORT_DELIVERY) return &c->u.report.signature;
    return NULL;
}

size_t ph_statement_text(const char *market, const ph_command *c, char to[PH_STATEMENT_MAX])
{
    PH_ASSERT(ph_statement_signature(c) != NULL);
    ph_writer w = ph_writer_of(to, PH_STATEMENT_MAX);
    put_line(&w, "petahour.v1", ph_command_kind_name(c->kind));
    put_line(&w, "market", market);
    put_number(&w, "participant", c->sender.v);
    if (c->kind == PH_CMD_ATTEST_CAPACITY)
        put_attestation(&w, &c->u.attestation);
    else if (c->kind == PH_CMD_MEASURE_SITE)
        put_measurement(&w, &c->u.measurement);
    else if (c->kind == PH_CMD_REPORT_PROBE)
        put_probe(&w, &c->u.probe);
    else
        put_report(&w, &c->u.report);
    PH_ASSERT(!w.full);
    return ph_writer_size(&w);
}
