/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

/* The key of one use in a key file. */
static cli_exit key_of_file(const char *path, phc_key_use use, uint8_t ret[32])
{
    phc_key k;
    char err[400];
    if (phc_key_read(path, &k, err, sizeof err) != PHC_OK) return cli_say(CLI_FAILED, "%s", err);
    memcpy(ret, use == PHC_SIGNATURE_KEY ? k.sign_public : k.curve_public, 32);
    phc_key_wipe(&k);
    return CLI_DONE;
}

static int change(int argc, char **argv, bool add)
{
    const char *who = NULL, *file = NULL;
    phc_key_use use = 0;
    uint8_t key[32];
    cli_common common;
    cli_field fields[] = {
        {.name = "use",
         .arg = "WORD",
         .kind = CLI_KEY_USE,
         .required = true,
         .to = &use,
         .doc = "connection, signature, or reading: connections that command nothing"},
        {.name = "of",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .to = &file,
         .doc = "Key file with the key"},
        {.name = "curve-key",
         .arg = "Z85",
         .kind = CLI_KEY_Z85,
         .to = key,
         .doc = "Public key of connections, when there is no --of"},
        {.name = "sign-key",
         .arg = "HEX",
         .kind = CLI_KEY_HEX,
         .to = key,
         .doc = "Public key of signatures, when there is no --of"},
        {.name = "participant",
         .arg = "WHO",
         .kind = CLI_TEXT,
         .to = &who,
         .doc = "Another participant: number or name (operator only)"},
    };
    cli_read(argc, argv,
             add ? "Adds a key of your own, or, as operator, of another participant."
                 : "Revokes a key.  Connections with it end; the last key of its use stays.",
             fields, CNT(fields), &common);
    bool by_key = fields[use == PHC_SIGNATURE_KEY ? 3 : 2].given;
    if (fields[1].given + fields[2].given + fields[3].given != 1 || (!fields[1].given && !by_key))
        return cli_say(CLI_USAGE, "give either --of FILE or the key: --curve-key for connections "
                                  "and reading, --sign-key for signatures");
    cli_exit e = fields[1].given ? key_of_file(file, use, key) : CLI_DONE;
    if (e != CLI_DONE) return (int)e;
    cli_session s;
    cli_catalogue c;
    e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    const phc_participant *p = who != NULL ? cli_find_participant(&c, who) : NULL;
    if (who != NULL && p == NULL) return cli_end(&s, &c, CLI_NOT_FOUND);
    uint32_t id = p != NULL ? p->id : 0;
    uint64_t request = 0;
    phc_status sent = add ? phc_add_key(s.client, id, use, key, &request)
                          : phc_revoke_key(s.client, id, use, key, &request);
    e = cli_finish(
        &s, sent, request,
        json_pack("{s:s, s:s}", "use", phc_key_use_text(use), "key", add ? "added" : "revoked"));
    return cli_end(&s, &c, e);
}

int cli_key_add(int argc, char **argv)
{
    return change(argc, argv, true);
}

int cli_key_revoke(int argc, char **argv)
{
    return change(argc, argv, false);
}

int cli_rules_set(int argc, char **argv)
{
    uint32_t version = 0;
    cli_common common;
    cli_field fields[] = {
        {.name = "VERSION", .kind = CLI_U32, .required = true, .to = &version},
    };
    cli_read(argc, argv, "Switches to a version of the rules, for good (operator only).", fields,
             CNT(fields), &common);
    cli_session s;
    cli_catalogue c;
    cli_exit e = cli_open_catalogue(&s, &c, &common);
    if (e != CLI_DONE) return (int)e;
    uint64_t request = 0;
    phc_status sent = phc_set_rules_version(s.client, version, &request);
    e = cli_finish(&s, sent, request, json_pack("{s:I}", "rules_version", (json_int_t)version));
    return cli_end(&s, &c, e);
}
