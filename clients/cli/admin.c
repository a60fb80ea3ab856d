/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

int cli_keygen(int argc, char **argv)
{
    const char *name = NULL, *out = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "name",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .required = true,
         .to = &name,
         .doc = "Whose keys these are; at most 63 characters"},
        {.name = "out",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &out,
         .doc = "File to create, readable by its owner alone"},
    };
    cli_read(argc, argv, "Makes the keys of one party: for its connections and its signatures.",
             fields, CNT(fields), &common);
    phc_key k;
    char err[400], curve[41], sign[65];
    if (phc_key_generate(name, &k) != PHC_OK)
        return cli_say(CLI_USAGE,
                       "could not make keys for \"%s\": a name has 1 to 63 bytes of UTF-8, "
                       "no control characters, no \";\" and no space at its ends",
                       name);
    phc_status s = phc_key_write(&k, out, err, sizeof err);
    phc_z85_text(k.curve_public, curve);
    phc_hex_text(k.sign_public, sizeof k.sign_public, sign);
    phc_key_wipe(&k);
    if (s != PHC_OK) return cli_say(CLI_FAILED, "%s", err);
    cli_print_object(json_pack("{s:s, s:o, s:s, s:s}", "name", name, "file", cli_path(out),
                               "curve_public", curve, "sign_public", sign),
                     common.json);
    return CLI_DONE;
}

/* ---- Participants -------------------------------------------------------------------------- */

static cli_exit public_keys(const char *key_file, phc_participant *p)
{
    phc_key k;
    char err[400];
    if (phc_key_read(key_file, &k, err, sizeof err) != PHC_OK)
        return cli_say(CLI_FAILED, "%s", err);
    memcpy(p->curve_key, k.curve_public, 32);
    memcpy(p->sign_key, k.sign_public, 32);
    phc_key_wipe(&k);
    return CLI_DONE;
}

int cli_participant_register(int argc, char **argv)
{
    phc_participant p = {0};
    const char *key_file = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "name",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .required = true,
         .to = &p.name,
         .doc = "Name of the participant"},
        {.name = "roles",
         .arg = "LIST",
         .kind = CLI_ROLES,
         .required = true,
         .to = &p.roles,
         .doc = "supplier,buyer,meter,auditor,operator: one or more"},
        {.name = "of",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .to = &key_file,
         .doc = "The participant's key file; its public keys are registered"},
        {.name = "curve-key",
         .arg = "Z85",
         .kind = CLI_KEY_Z85,
         .to = p.curve_key,
         .doc = "Public key of its connections, when there is no --of"},
        {.name = "sign-key",
         .arg = "HEX",
         .kind = CLI_KEY_HEX,
         .to = p.sign_key,
         .doc = "Public key of its signatures, when there is no --of"},
        {.name = "id",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &p.id,
         .doc = "Number (default: the next one)"},
    };
    cli_read(argc, argv, "Registers a participant (operator only).", fields, CNT(fields), &common);
    bool by_file = fields[2].given, by_keys = fields[3].given && fields[4].given;
    if (by_file == by_keys || (by_file && (fields[3].given || fields[4].given)))
        return cli_say(CLI_USAGE, "give either --of FILE or both --curve-key and --sign-key");
    cli_exit e = by_file ? public_keys(key_file, &p) : CLI_DONE;
    if (e != CLI_DONE) return e;
    cli_session s;
    cli_catalogue c;
    e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    if (p.id == 0) p.id = c.participant_cnt == 0 ? 1 : c.participants[c.participant_cnt - 1].id + 1;
    char roles[64];
    uint64_t request = 0;
    phc_status sent = phc_register_participant(s.client, &p, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:I, s:s, s:s}", "participant", (json_int_t)p.id, "name", p.name,
                             "roles", phc_roles_text(p.roles, roles)));
    return cli_end(&s, &c, e);
}

int cli_participant_list(int argc, char **argv)
{
    static const cli_column columns[] = {{"participant", "PARTICIPANT", true},
                                         {"name", "NAME", false},
                                         {"roles", "ROLES", false},
                                         {"state", "STATE", false}};
    cli_common common;
    cli_session s;
    cli_catalogue c;
    cli_read(argc, argv, "Lists all participants.", NULL, 0, &common);
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    json_t *rows = json_array();
    for (size_t i = 0; i < c.participant_cnt; i++) {
        const phc_participant *p = &c.participants[i];
        char roles[64], key[65];
        json_array_append_new(rows, json_pack("{s:I, s:s, s:s, s:s, s:s}", "participant",
                                              (json_int_t)p->id, "name", p->name, "roles",
                                              phc_roles_text(p->roles, roles), "state",
                                              phc_participant_state_text(p->state), "sign_key",
                                              phc_hex_text(p->sign_key, 32, key)));
    }
    cli_print_rows(rows, columns, CNT(columns), common.json);
    return cli_end(&s, &c, CLI_DONE);
}

int cli_participant_state(int argc, char **argv)
{
    static const char *const words[] = {"active", "suspended", "closed"};
    const char *who = NULL, *word = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "PARTICIPANT", .kind = CLI_TEXT, .required = true, .to = &who},
        {.name = "STATE", .kind = CLI_TEXT, .required = true, .to = &word},
    };
    cli_read(argc, argv,
             "Sets the state of a participant: active, suspended or closed (operator only).  "
             "Suspending cancels all its resting orders.",
             fields, CNT(fields), &common);
    int state = 0;
    for (int i = 0; i < 3; i++)
        if (strcasecmp(word, words[i]) == 0) state = i + 1;
    if (state == 0)
        return cli_say(CLI_USAGE, "could not read STATE \"%s\": not active, suspended or closed",
                       word);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_participant *p = cli_find_participant(&c, who);
    if (p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    uint64_t request = 0;
    phc_status sent =
        phc_set_participant_state(s.client, p->id, (phc_participant_state)state, &request);
    e = cli_finish(
        &s, sent, request,
        json_pack("{s:I, s:s}", "participant", (json_int_t)p->id, "state", words[state - 1]));
    return cli_end(&s, &c, e);
}

/* ---- Money --------------------------------------------------------------------------------- */

static int payment(int argc, char **argv, bool deposit)
{
    const char *who = NULL, *reference = NULL;
    int64_t amount = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "participant",
         .arg = "WHO",
         .kind = CLI_TEXT,
         .required = true,
         .to = &who,
         .doc = "Number or name"},
        {.name = "amount",
         .arg = "MONEY",
         .kind = CLI_MONEY,
         .required = true,
         .to = &amount,
         .doc = "Decimal number with at most six places"},
        {.name = "reference",
         .arg = "TEXT",
         .kind = CLI_TEXT,
         .required = true,
         .to = &reference,
         .doc = "Reference of the payment outside; it is taken only once, for ever"},
    };
    cli_read(argc, argv,
             deposit ? "Books money that arrived for a participant (operator only)."
                     : "Books money that leaves to a participant (operator only).",
             fields, CNT(fields), &common);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_participant *p = cli_find_participant(&c, who);
    if (p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    uint64_t request = 0;
    phc_status sent = deposit ? phc_deposit(s.client, p->id, amount, reference, &request)
                              : phc_withdraw(s.client, p->id, amount, reference, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:I, s:o, s:s}", "participant", (json_int_t)p->id, "amount",
                             cli_money(amount), "reference", reference));
    return cli_end(&s, &c, e);
}

int cli_deposit(int argc, char **argv)
{
    return payment(argc, argv, true);
}

int cli_withdraw(int argc, char **argv)
{
    return payment(argc, argv, false);
}

/* ---- Sites and hardware -------------------------------------------------------------------- */

int cli_site_register(int argc, char **argv)
{
    /* long: a table of options */
    phc_site t = {.pue_ppm = 1200000, .racks = 1};
    const char *owner = NULL;
    int64_t pue = 1200000;
    cli_common common;
    cli_field fields[] = {
        {.name = "name",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .required = true,
         .to = &t.name,
         .doc = "Name of the site"},
        {.name = "owner",
         .arg = "WHO",
         .kind = CLI_TEXT,
         .required = true,
         .to = &owner,
         .doc = "Supplier that runs it: number or name"},
        {.name = "region",
         .arg = "CODE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &t.region,
         .doc = "Region code"},
        {.name = "latitude",
         .arg = "DEGREES",
         .kind = CLI_DEGREES,
         .required = true,
         .to = &t.latitude_udeg,
         .doc = "Like 40.8106; south is negative"},
        {.name = "longitude",
         .arg = "DEGREES",
         .kind = CLI_DEGREES,
         .required = true,
         .to = &t.longitude_udeg,
         .doc = "Like 111.6522; west is negative"},
        {.name = "racks",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &t.racks,
         .doc = "Standard racks of 2.5 kW (default: 1)"},
        {.name = "pue",
         .arg = "RATIO",
         .kind = CLI_MONEY,
         .to = &pue,
         .doc = "Design PUE (default: 1.2)"},
        {.name = "id",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &t.id,
         .doc = "Number (default: the next one)"},
    };
    cli_read(argc, argv, "Registers a site (operator only).", fields, CNT(fields), &common);
    if (pue > UINT32_MAX) return cli_say(CLI_USAGE, "could not read --pue: too large");
    t.pue_ppm = (uint32_t)pue;
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    const phc_participant *p = cli_find_participant(&c, owner);
    if (p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    t.owner = p->id;
    if (t.id == 0) t.id = c.site_cnt == 0 ? 1 : c.sites[c.site_cnt - 1].id + 1;
    uint64_t request = 0;
    phc_status sent = phc_register_site(s.client, &t, &request);
    e = cli_finish(
        &s, sent, request,
        json_pack("{s:I, s:s, s:s}", "site", (json_int_t)t.id, "name", t.name, "region", t.region));
    return cli_end(&s, &c, e);
}

int cli_site_list(int argc, char **argv)
{
    static const cli_column columns[] = {
        {"site", "SITE", true},         {"name", "NAME", false},
        {"region", "REGION", false},    {"owner", "OWNER", false},
        {"latitude", "LATITUDE", true}, {"longitude", "LONGITUDE", true},
        {"racks", "RACKS", true},       {"pue", "PUE", true}};
    cli_common common;
    cli_session s;
    cli_catalogue c;
    cli_read(argc, argv, "Lists all sites.", NULL, 0, &common);
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    json_t *rows = json_array();
    for (size_t i = 0; i < c.site_cnt; i++) {
        const phc_site *t = &c.sites[i];
        char room[16];
        json_array_append_new(
            rows, json_pack("{s:I, s:s, s:s, s:s, s:o, s:o, s:I, s:o}", "site", (json_int_t)t->id,
                            "name", t->name, "region", t->region, "owner",
                            cli_participant_name(&c, t->owner, room), "latitude",
                            cli_money(t->latitude_udeg), "longitude", cli_money(t->longitude_udeg),
                            "racks", (json_int_t)t->racks, "pue", cli_money(t->pue_ppm)));
    }
    cli_print_rows(rows, columns, CNT(columns), common.json);
    return cli_end(&s, &c, CLI_DONE);
}

int cli_hardware_register(int argc, char **argv)
{
    phc_hardware h = {0};
    cli_common common;
    cli_field fields[] = {
        {.name = "name",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .required = true,
         .to = &h.name,
         .doc = "Like \"NVIDIA H100 SXM5 80GB\""},
        {.name = "id",
         .arg = "NUMBER",
         .kind = CLI_U32,
         .to = &h.id,
         .doc = "Number (default: the next one)"},
    };
    cli_read(argc, argv, "Registers a hardware class (operator only).", fields, CNT(fields),
             &common);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    if (h.id == 0) h.id = c.hardware_cnt == 0 ? 1 : c.hardware[c.hardware_cnt - 1].id + 1;
    uint64_t request = 0;
    phc_status sent = phc_register_hardware(s.client, &h, &request);
    e = cli_finish(&s, sent, request,
                   json_pack("{s:I, s:s}", "hardware", (json_int_t)h.id, "name", h.name));
    return cli_end(&s, &c, e);
}

int cli_hardware_list(int argc, char **argv)
{
    static const cli_column columns[] = {{"hardware", "HARDWARE", true}, {"name", "NAME", false}};
    cli_common common;
    cli_session s;
    cli_catalogue c;
    cli_read(argc, argv, "Lists all hardware classes.", NULL, 0, &common);
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return e;
    json_t *rows = json_array();
    for (size_t i = 0; i < c.hardware_cnt; i++)
        json_array_append_new(rows,
                              json_pack("{s:I, s:s}", "hardware", (json_int_t)c.hardware[i].id,
                                        "name", c.hardware[i].name));
    cli_print_rows(rows, columns, CNT(columns), common.json);
    return cli_end(&s, &c, CLI_DONE);
}
