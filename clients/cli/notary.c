/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

int cli_notary_rotate(int argc, char **argv)
{
    const char *next_path = NULL, *present_path = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "new",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &next_path,
         .doc = "Key file of the next notary key; the notary must have it by then (next_key_file)"},
        {.name = "present",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .to = &present_path,
         .doc = "Key file of the key in force, which endorses the next one: verifiers that know "
                "only the old key then follow.  Leave it out when that key is lost"},
    };
    cli_read(argc, argv,
             "Changes the key that signs contracts from the next batch on (operator only).  Old "
             "contracts stay verifiable with the key that signed them.",
             fields, sizeof fields / sizeof fields[0], &common);
    char err[400];
    phc_key next, present;
    if (phc_key_read(next_path, &next, err, sizeof err) != PHC_OK)
        return cli_say(CLI_FAILED, "%s", err);
    if (present_path != NULL && phc_key_read(present_path, &present, err, sizeof err) != PHC_OK) {
        phc_key_wipe(&next);
        return cli_say(CLI_FAILED, "%s", err);
    }
    cli_session s = {.arg = NULL};
    cli_exit e = cli_open(&s, &common, (phc_callbacks){.arg = NULL}, 0, 0);
    if (e == CLI_DONE) {
        char hex[65];
        uint64_t request = 0;
        phc_status sent = phc_rotate_notary_key(s.client, &next,
                                                present_path == NULL ? NULL : &present, &request);
        e = cli_finish(&s, sent, request,
                       json_pack("{s:s, s:b}", "notary_key",
                                 phc_hex_text(next.sign_public, 32, hex), "endorsed",
                                 present_path != NULL));
        cli_close(&s);
    }
    phc_key_wipe(&next);
    if (present_path != NULL) phc_key_wipe(&present);
    return (int)e;
}
