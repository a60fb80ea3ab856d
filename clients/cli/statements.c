/* SPDX-License-Identifier: Apache-2.0 */
/* What suppliers, auditors and meters state besides orders and deliveries. */
#include "clients/cli/cli.h"

#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* A site and a hardware class, by their names. */
static cli_exit find_both(const cli_catalogue *c, const char *site, const char *hardware,
                          uint32_t *ret_site, uint32_t *ret_hardware)
{
    const phc_site *t = cli_find_site(c, site);
    const phc_hardware *h = t == NULL ? NULL : cli_find_hardware(c, hardware);
    if (h == NULL) return CLI_NOT_FOUND;
    *ret_site = t->id;
    *ret_hardware = h->id;
    return CLI_DONE;
}

int cli_capacity_withdraw(int argc, char **argv)
{
    phc_capacity k = {.period_seconds = 3600};
    const char *site = NULL, *hardware = NULL;
    uint64_t from = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "site",
         .arg = "WHERE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &site,
         .doc = "Number or name"},
        {.name = "hardware",
         .arg = "CLASS",
         .kind = CLI_TEXT,
         .required = true,
         .to = &hardware,
         .doc = "Number or name"},
        {.name = "from",
         .arg = "TIME",
         .kind = CLI_TIME,
         .required = true,
         .to = &from,
         .doc = "First period, like 2026-12-01T00:00:00Z"},
        {.name = "periods",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &k.periods,
         .doc = "How many periods"},
        {.name = "units",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &k.units,
         .doc = "Hardware units to take away in each period"},
        {.name = "reference",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .required = true,
         .to = &k.reference,
         .doc = "Your number, above all of your registrations and withdrawals"},
        {.name = "period-seconds",
         .arg = "SECONDS",
         .kind = CLI_U32,
         .to = &k.period_seconds,
         .doc = "900, 3600 or 86400 (default: 3600)"},
    };
    cli_read(argc, argv, "Takes capacity of your own away, as far as it is not used (supplier).",
             fields, CNT(fields), &common);
    if (phc_period_from_time(from, k.period_seconds, &k.first_period) != PHC_OK)
        return cli_say(CLI_USAGE, "could not use --from: no period of %u seconds starts then",
                       k.period_seconds);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    e = find_both(&c, site, hardware, &k.site, &k.hardware);
    if (e != CLI_DONE) return cli_end(&s, &c, e);
    uint64_t request = 0;
    phc_status sent = phc_withdraw_capacity(s.client, &k, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:I, s:I, s:o}", "units", (json_int_t)k.units, "periods",
                             (json_int_t)k.periods, "from", cli_time(from)));
    return cli_end(&s, &c, e);
}

int cli_capacity_attest(int argc, char **argv)
{
    /* long: a table of options */
    phc_attestation a = {.reference = 0};
    const char *supplier = NULL, *site = NULL, *hardware = NULL;
    uint64_t from = 0;
    uint32_t period_seconds = 3600;
    cli_common common;
    cli_field fields[] = {
        {.name = "supplier",
         .arg = "WHO",
         .kind = CLI_TEXT,
         .required = true,
         .to = &supplier,
         .doc = "Number or name"},
        {.name = "site",
         .arg = "WHERE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &site,
         .doc = "Number or name"},
        {.name = "hardware",
         .arg = "CLASS",
         .kind = CLI_TEXT,
         .required = true,
         .to = &hardware,
         .doc = "Number or name"},
        {.name = "from",
         .arg = "TIME",
         .kind = CLI_TIME,
         .required = true,
         .to = &from,
         .doc = "First period, like 2026-12-01T00:00:00Z"},
        {.name = "periods",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &a.periods,
         .doc = "How many periods"},
        {.name = "units",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &a.units,
         .doc = "Hardware units that are there, in each period"},
        {.name = "reference",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .required = true,
         .to = &a.reference,
         .doc = "Your number of this attestation, above all used before"},
        {.name = "document",
         .arg = "HEX",
         .kind = CLI_KEY_HEX,
         .required = true,
         .to = a.document,
         .doc = "SHA-256 of the statement"},
        {.name = "period-seconds",
         .arg = "SECONDS",
         .kind = CLI_U32,
         .to = &period_seconds,
         .doc = "900, 3600 or 86400 (default: 3600)"},
    };
    cli_read(argc, argv,
             "Attests that units which a supplier registered are there; signed with your key "
             "(auditor).",
             fields, CNT(fields), &common);
    if (phc_period_from_time(from, period_seconds, &a.first_period) != PHC_OK)
        return cli_say(CLI_USAGE, "could not use --from: no period of %u seconds starts then",
                       period_seconds);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    const phc_participant *p = cli_find_participant(&c, supplier);
    e = p == NULL ? CLI_NOT_FOUND : find_both(&c, site, hardware, &a.site, &a.hardware);
    if (e != CLI_DONE) return cli_end(&s, &c, e);
    a.supplier = p->id;
    uint64_t request = 0;
    phc_status sent = phc_attest_capacity(s.client, &a, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:s, s:I, s:I, s:o}", "supplier", p->name, "units",
                             (json_int_t)a.units, "periods", (json_int_t)a.periods, "from",
                             cli_time(from)));
    return cli_end(&s, &c, e);
}

static bool to_ppm(int64_t ratio, uint32_t *ret)
{
    if (ratio > UINT32_MAX) return false;
    *ret = (uint32_t)ratio;
    return true;
}

int cli_site_measure(int argc, char **argv)
{
    phc_measurement m = {.site = 0};
    const char *site = NULL;
    int64_t pue = 0, cue = 0, wue = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "SITE", .kind = CLI_TEXT, .required = true, .to = &site},
        {.name = "at",
         .arg = "TIME",
         .kind = CLI_TIME,
         .required = true,
         .to = &m.measured_at,
         .doc = "When it was measured"},
        {.name = "pue",
         .arg = "RATIO",
         .kind = CLI_MONEY,
         .required = true,
         .to = &pue,
         .doc = "Power usage effectiveness, at least 1"},
        {.name = "cue",
         .arg = "NUMBER",
         .kind = CLI_MONEY,
         .required = true,
         .to = &cue,
         .doc = "kg CO2e per kWh of IT energy"},
        {.name = "wue",
         .arg = "NUMBER",
         .kind = CLI_MONEY,
         .required = true,
         .to = &wue,
         .doc = "Litres of water per kWh of IT energy"},
        {.name = "grade",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &m.green_grade,
         .doc = "Green grade, 1 (best) to 5"},
    };
    cli_read(argc, argv, "Reports what a site was measured to use; signed with your key (meter).",
             fields, CNT(fields), &common);
    if (!to_ppm(pue, &m.pue_ppm) || !to_ppm(cue, &m.cue_ppm) || !to_ppm(wue, &m.wue_ppm))
        return cli_say(CLI_USAGE, "--pue, --cue or --wue is too large");
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    const phc_site *t = cli_find_site(&c, site);
    if (t == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    m.site = t->id;
    uint64_t request = 0;
    phc_status sent = phc_measure_site(s.client, &m, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:s, s:o}", "site", t->name, "pue", cli_money(pue)));
    return cli_end(&s, &c, e);
}

int cli_probe_report(int argc, char **argv)
{
    phc_probe p = {.reachable_ppm = 1000000};
    const char *site = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "SITE", .kind = CLI_TEXT, .required = true, .to = &site},
        {.name = "region",
         .arg = "CODE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &p.region,
         .doc = "Region code of the other end"},
        {.name = "at",
         .arg = "TIME",
         .kind = CLI_TIME,
         .required = true,
         .to = &p.measured_at,
         .doc = "When it was measured"},
        {.name = "rtt-us",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &p.rtt_us,
         .doc = "Round-trip time in microseconds"},
        {.name = "bandwidth-mbps",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .required = true,
         .to = &p.bandwidth_mbps,
         .doc = "Millions of bits per second"},
        {.name = "reachable-ppm",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &p.reachable_ppm,
         .doc = "Share of attempts that arrived (default: 1000000)"},
    };
    cli_read(argc, argv,
             "Reports the network between a region and a site; signed with your key (meter).",
             fields, CNT(fields), &common);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    const phc_site *t = cli_find_site(&c, site);
    if (t == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    p.site = t->id;
    uint64_t request = 0;
    phc_status sent = phc_report_probe(s.client, &p, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:s, s:s, s:I}", "site", t->name, "region", p.region, "rtt_us",
                             (json_int_t)p.rtt_us));
    return cli_end(&s, &c, e);
}
