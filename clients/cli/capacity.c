/* SPDX-License-Identifier: Apache-2.0 */
/* Capacity: registered and withdrawn by its supplier, attested by an auditor. */
#include "clients/cli/cli.h"

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* Where and when, of all three. */
typedef struct {
    const char *site_text, *hardware_text;
    uint64_t from;
    uint32_t periods, period_seconds;
    const phc_site *site;
    const phc_hardware *hardware;
    uint32_t first_period;
} place;

enum { PLACE_FIELDS = 5 };

static void name_place(cli_field fields[PLACE_FIELDS], place *p)
{
    *p = (place){.period_seconds = 3600};
    fields[0] = (cli_field){.name = "site",
                            .arg = "WHERE",
                            .kind = CLI_TEXT,
                            .required = true,
                            .to = &p->site_text,
                            .doc = "Number or name"};
    fields[1] = (cli_field){.name = "hardware",
                            .arg = "CLASS",
                            .kind = CLI_TEXT,
                            .required = true,
                            .to = &p->hardware_text,
                            .doc = "Number or name"};
    fields[2] = (cli_field){.name = "from",
                            .arg = "TIME",
                            .kind = CLI_TIME,
                            .required = true,
                            .to = &p->from,
                            .doc = "First period, like 2026-12-01T00:00:00Z"};
    fields[3] = (cli_field){.name = "periods",
                            .arg = "NUMBER",
                            .kind = CLI_U32,
                            .required = true,
                            .to = &p->periods,
                            .doc = "How many periods"};
    fields[4] = (cli_field){.name = "period-seconds",
                            .arg = "SECONDS",
                            .kind = CLI_U32,
                            .to = &p->period_seconds,
                            .doc = "900, 3600 or 86400 (default: 3600)"};
}

/* Opens the session and looks the place up; on failure everything is released. */
static cli_exit open_at(cli_session *s, cli_catalogue *c, const cli_common *common, place *p)
{
    if (p->period_seconds != 900 && p->period_seconds != 3600 && p->period_seconds != 86400) {
        (void)cli_say(CLI_USAGE, "could not use --period-seconds %u: not 900, 3600 or 86400",
                      p->period_seconds);
        return CLI_USAGE;
    }
    if (phc_period_from_time(p->from, p->period_seconds, &p->first_period) != PHC_OK) {
        (void)cli_say(CLI_USAGE, "could not use --from: no period of %u seconds starts then",
                      p->period_seconds);
        return CLI_USAGE;
    }
    cli_exit e = cli_open_catalogue(s, c, common);
    if (e != CLI_DONE) return e;
    s->period_seconds = p->period_seconds;
    p->site = cli_find_site(c, p->site_text);
    p->hardware = p->site == NULL ? NULL : cli_find_hardware(c, p->hardware_text);
    if (p->hardware != NULL) return CLI_DONE;
    (void)cli_end(s, c, CLI_NOT_FOUND);
    return CLI_NOT_FOUND;
}

static int change(int argc, char **argv, bool add)
{
    place p;
    uint32_t units = 0;
    uint64_t reference = 0, request = 0;
    cli_common common;
    cli_session s;
    cli_catalogue c;
    cli_field fields[PLACE_FIELDS + 2] = {
        [PLACE_FIELDS] = {.name = "units",
                          .arg = "NUMBER",
                          .kind = CLI_U32,
                          .required = true,
                          .to = &units,
                          .doc = add ? "Hardware units to add in each period"
                                     : "Hardware units to take away in each period"},
        {.name = "reference",
         .arg = "NUMBER",
         .kind = CLI_U64,
         .required = true,
         .to = &reference,
         .doc = "Your number, above all of your registrations and withdrawals: sent twice, it "
                "counts once"},
    };
    name_place(fields, &p);
    cli_read(argc, argv,
             add ? "Registers capacity of your own at a site (supplier)."
                 : "Takes capacity of your own away, as far as it is not used (supplier).",
             fields, CNT(fields), &common);
    cli_exit e = open_at(&s, &c, &common, &p);
    if (e != CLI_DONE) return (int)e;
    const phc_capacity k = {.reference = reference,
                            .site = p.site->id,
                            .hardware = p.hardware->id,
                            .period_seconds = p.period_seconds,
                            .first_period = p.first_period,
                            .periods = p.periods,
                            .units = units};
    phc_status sent = add ? phc_register_capacity(s.client, &k, &request)
                          : phc_withdraw_capacity(s.client, &k, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:s, s:s, s:I, s:I, s:o}", "site", p.site->name, "hardware",
                             p.hardware->name, "units", (json_int_t)units, "periods",
                             (json_int_t)p.periods, "from", cli_time(p.from)));
    return cli_end(&s, &c, e);
}

int cli_capacity_register(int argc, char **argv)
{
    return change(argc, argv, true);
}

int cli_capacity_withdraw(int argc, char **argv)
{
    return change(argc, argv, false);
}

int cli_capacity_attest(int argc, char **argv)
{
    place p;
    phc_attestation a = {.reference = 0};
    const char *supplier = NULL;
    uint64_t request = 0;
    cli_common common;
    cli_session s;
    cli_catalogue c;
    cli_field fields[PLACE_FIELDS + 4] = {
        [PLACE_FIELDS] = {.name = "supplier",
                          .arg = "WHO",
                          .kind = CLI_TEXT,
                          .required = true,
                          .to = &supplier,
                          .doc = "Number or name"},
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
    };
    name_place(fields, &p);
    cli_read(argc, argv,
             "Attests that units which a supplier registered are there; signed with your key "
             "(auditor).",
             fields, CNT(fields), &common);
    cli_exit e = open_at(&s, &c, &common, &p);
    if (e != CLI_DONE) return (int)e;
    const phc_participant *who = cli_find_participant(&c, supplier);
    if (who == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    a.supplier = who->id;
    a.site = p.site->id;
    a.hardware = p.hardware->id;
    a.first_period = p.first_period;
    a.periods = p.periods;
    phc_status sent = phc_attest_capacity(s.client, &a, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:s, s:I, s:I, s:o}", "supplier", who->name, "units",
                             (json_int_t)a.units, "periods", (json_int_t)a.periods, "from",
                             cli_time(p.from)));
    return cli_end(&s, &c, e);
}
