/* SPDX-License-Identifier: Apache-2.0 */
/* What meters state besides deliveries. */
#include "clients/cli/cli.h"

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

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
