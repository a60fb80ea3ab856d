/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct {
    cli_catalogue catalogue; /* first: the catalogue's callbacks look here */
    json_t *rows;
    uint32_t self;
    uint64_t wanted; /* save: this contract */
    json_t *saved, *countersignatures;
    cli_keys notary_keys;
    uint64_t sent; /* countersign: commands */
} contracts;

_Static_assert(offsetof(contracts, catalogue) == 0, "contracts are found as their catalogue");

static void on_logon(void *arg, const phc_logon *l)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    k->self = l->participant;
    k->notary_keys.cnt = 1;
    memcpy(k->notary_keys.v[0], l->notary_sign_key, 32);
}

static void on_notary_key(void *arg, const phc_notary_key *n)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    if (k->notary_keys.cnt == PHC_TRUSTED_KEYS_MAX) return; /* the oldest verify the oldest */
    memcpy(k->notary_keys.v[k->notary_keys.cnt++], n->key, 32);
}

static json_t *facts_of(const phc_contract *c)
{
    char hash[65];
    json_t *segments = json_array();
    for (uint32_t i = 0; i < c->segment_cnt; i++) {
        const phc_segment *g = &c->segments[i];
        json_array_append_new(
            segments, json_pack("{s:o, s:I, s:I, s:o}", "from",
                                cli_time(phc_period_start(g->first_period, c->period_seconds)),
                                "periods", (json_int_t)g->periods, "quantity",
                                (json_int_t)g->quantity, "price", cli_money(g->price)));
    }
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, "
                     "s:I, s:s, s:o}",
                     "contract", cli_number(c->contract), "trade", cli_number(c->trade), "market",
                     c->market, "currency", c->currency, "sequence", cli_number(c->sequence), "at",
                     cli_time(c->at), "product", c->symbol, "unit", c->unit, "buyer", c->buyer_name,
                     "supplier", c->supplier_name, "seller", c->seller_name, "notional",
                     cli_money(c->notional), "buyer_fee", cli_money(c->buyer_fee), "supplier_fee",
                     cli_money(c->supplier_fee), "bond", cli_money(c->bond), "terms_version",
                     (json_int_t)c->terms_version, "terms_hash",
                     phc_hex_text(c->terms_hash, 32, hash), "segments", segments);
}

/* ---- List ---------------------------------------------------------------------------------- */

static void on_listed(void *arg, const phc_contract *c, const phc_signed_contract *signed_contract,
                      bool matched)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    bool buys = c->buyer == k->self;
    (void)signed_contract; /* it was verified before it came here */
    json_t *o = facts_of(c);
    json_object_set_new(o, "side", json_string(buys ? "BUY" : "SELL"));
    json_object_set_new(o, "with", json_string(buys ? c->supplier_name : c->buyer_name));
    json_object_set_new(o, "matched", json_boolean(matched));
    json_object_set_new(o, "countersigned", json_string("nobody"));
    json_array_append_new(k->rows, o);
}

/* Comes behind its contract. */
static void on_countersigned(void *arg, const phc_countersignature *g)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    size_t i;
    json_t *o;
    json_array_foreach(k->rows, i, o)
    {
        json_t *number = json_object_get(o, "contract");
        if ((uint64_t)json_integer_value(number) != g->contract) continue;
        const char *before = json_string_value(json_object_get(o, "countersigned"));
        const char *who = g->participant == k->self ? "you" : "the other";
        char text[80];
        bool is_first = before == NULL || strcmp(before, "nobody") == 0;
        snprintf(text, sizeof text, "%.50s%s%s%s", is_first ? "" : before, is_first ? "" : ", ",
                 who, g->holds ? "" : " (false)");
        json_object_set_new(o, "countersigned", json_string(text));
        return;
    }
}

int cli_contract_list(int argc, char **argv)
{
    static const cli_column columns[] = {{"contract", "CONTRACT", true},
                                         {"at", "AT", false},
                                         {"product", "PRODUCT", false},
                                         {"side", "SIDE", false},
                                         {"with", "WITH", false},
                                         {"notional", "NOTIONAL", true},
                                         {"matched", "MATCHES REPORT", false},
                                         {"countersigned", "COUNTERSIGNED BY", false}};
    cli_common common;
    cli_read(argc, argv,
             "Lists your contracts.  Proof and signature of each were verified; those that do not "
             "verify are reported and not listed.",
             NULL, 0, &common);
    contracts k = {.rows = json_array()};
    cli_session s = {.arg = &k};
    phc_callbacks cb = {
        .on_logon = on_logon, .on_contract = on_listed, .on_countersignature = on_countersigned};
    cli_exit e = cli_open_reader(&s, &common, cb, 1, 1);
    if (e != CLI_DONE) {
        json_decref(k.rows);
        return (int)e;
    }
    e = s.outcome;
    cli_print_rows(k.rows, columns, CNT(columns), common.json);
    cli_close(&s);
    return (int)e;
}

/* ---- Save ---------------------------------------------------------------------------------- */

static json_t *hex_of(const uint8_t *bytes, size_t size)
{
    char *text = malloc(2 * size + 1);
    json_t *v = text == NULL ? NULL : json_string(phc_hex_text(bytes, size, text));
    free(text);
    return v;
}

static void on_saved(void *arg, const phc_contract *c, const phc_signed_contract *g, bool matched)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    (void)matched; /* what is saved is proved by itself */
    if (c->contract != k->wanted || k->saved != NULL) return;
    k->saved = json_pack("{s:o, s:I, s:I, s:o, s:s%}", "canonical",
                         hex_of(g->canonical, g->canonical_size), "leaf_index",
                         (json_int_t)g->leaf_index, "leaf_count", (json_int_t)g->leaf_count,
                         "inclusion_proof", hex_of(g->proof, g->proof_size), "signed_root",
                         g->signed_root, g->signed_root_size);
}

/* What does not hold is not kept: the journal has it. */
static void on_countersignature_saved(void *arg, const phc_countersignature *g)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    char key[65], signature[129];
    if (g->contract != k->wanted || !g->holds) return;
    json_array_append_new(k->countersignatures,
                          json_pack("{s:I, s:s, s:s}", "participant", (json_int_t)g->participant,
                                    "key", phc_hex_text(g->key, sizeof g->key, key), "signature",
                                    phc_hex_text(g->signature, sizeof g->signature, signature)));
}

/* Never over a file that is there. */
static cli_exit write_new(const char *path, const json_t *v)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return cli_say(CLI_FAILED, "could not create \"%s\": %s", path, strerror(errno));
    bool ok =
        json_dumpfd(v, fd, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 && write(fd, "\n", 1) == 1;
    if (close(fd) != 0) ok = false;
    return ok ? CLI_DONE : cli_say(CLI_FAILED, "could not write \"%s\": %s", path, strerror(errno));
}

int cli_contract_save(int argc, char **argv)
{
    contracts k = {0};
    const char *out = NULL;
    cli_common common;
    cli_field fields[] = {
        {.name = "CONTRACT", .kind = CLI_U64, .required = true, .to = &k.wanted},
        {.name = "out",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &out,
         .doc = "File to create"},
    };
    cli_read(argc, argv,
             "Saves one of your contracts with its proof, so that anybody can verify it.", fields,
             CNT(fields), &common);
    cli_session s = {.arg = &k};
    phc_callbacks cb = {.on_logon = on_logon,
                        .on_contract = on_saved,
                        .on_countersignature = on_countersignature_saved,
                        .on_notary_key = on_notary_key};
    k.countersignatures = json_array();
    cli_exit e = cli_open_reader(&s, &common, cb, 0, 1);
    if (e != CLI_DONE) {
        json_decref(k.countersignatures);
        return (int)e;
    }
    cli_close(&s);
    size_t signed_cnt = json_array_size(k.countersignatures);
    if (k.saved != NULL) json_object_set(k.saved, "countersignatures", k.countersignatures);
    json_decref(k.countersignatures);
    if (k.saved == NULL)
        return cli_say(CLI_NOT_FOUND, "you have no contract %llu; see `petahour contract list`",
                       (unsigned long long)k.wanted);
    e = write_new(out, k.saved);
    json_decref(k.saved);
    if (e != CLI_DONE) return (int)e;
    char keys[PHC_TRUSTED_KEYS_MAX * 65 + 1] = "";
    for (size_t i = 0; i < k.notary_keys.cnt; i++) {
        if (i > 0) keys[i * 65 - 1] = ',';
        (void)phc_hex_text(k.notary_keys.v[i], 32, keys + i * 65); /* returns where it wrote */
    }
    cli_print_object(json_pack("{s:o, s:o, s:s, s:I}", "contract", cli_number(k.wanted), "file",
                               cli_path(out), "notary_key", keys, "countersignatures",
                               (json_int_t)signed_cnt),
                     common.json);
    return CLI_DONE;
}

/* ---- Countersign --------------------------------------------------------------------------- */

/* By hand: the library does the same by itself where a client stays connected. */
static void on_to_countersign(void *arg, const phc_contract *c, const phc_signed_contract *g,
                              bool matched)
{
    cli_session *s = arg;
    contracts *k = s->arg;
    (void)matched; /* what differs from its report is not handed over */
    if (k->wanted != 0 && c->contract != k->wanted) return;
    phc_status st = phc_countersign(s->client, c, g, &s->request);
    if (st == PHC_OK)
        k->sent++;
    else
        s->outcome = cli_say(CLI_FAILED, "%s", phc_error(s->client));
}

int cli_contract_countersign(int argc, char **argv)
{
    contracts k = {0};
    cli_common common;
    cli_field fields[] = {{.name = "CONTRACT", .kind = CLI_U64, .to = &k.wanted}};
    cli_read(argc, argv,
             "Countersigns one of your contracts, or all, after verifying each.  To do so again "
             "changes nothing.",
             fields, CNT(fields), &common);
    cli_session s = {.arg = &k};
    phc_callbacks cb = {.on_logon = on_logon, .on_contract = on_to_countersign};
    cli_exit e = cli_open_reader(&s, &common, cb, 0, 1);
    if (e != CLI_DONE) return (int)e;
    while (e == CLI_DONE && phc_unanswered(s.client) > 0) {
        e = cli_wait_quiet(&s, 50);
        if (e == CLI_DONE && cli_now_ms() >= s.deadline_ms)
            e = cli_say(CLI_UNKNOWN_OUTCOME, "not every countersignature was answered in time; run "
                                             "it again: nothing is done twice");
    }
    if (e == CLI_DONE) e = s.outcome;
    cli_close(&s);
    if (e != CLI_DONE) return (int)e;
    if (k.wanted != 0 && k.sent == 0)
        return cli_say(CLI_NOT_FOUND, "you have no contract %llu; see `petahour contract list`",
                       (unsigned long long)k.wanted);
    cli_print_object(json_pack("{s:I}", "countersigned", (json_int_t)k.sent), common.json);
    return CLI_DONE;
}

/* ---- Verify -------------------------------------------------------------------------------- */

/* What is asked of a saved contract. */
typedef struct {
    const char *market;   /* NULL: the one that it names */
    const cli_keys *keys; /* NULL: it is not verified */
    bool as_text, json;
} question;

/* What the proof says, step by step, of a contract that verified. */
static json_t *steps_of(const phc_signed_contract *g, const phc_contract *c, const uint8_t key[32])
{
    char line[300], hex[65];
    /* The note's third line; it verified, so it has one. */
    const char *root = strchr(strchr(g->signed_root, '\n') + 1, '\n') + 1;
    json_t *steps = json_array();
    snprintf(line, sizeof line, "%zu bytes are the one encoding of contract %llu of %s",
             g->canonical_size, (unsigned long long)c->contract, c->market);
    json_array_append_new(steps, json_string(line));
    snprintf(line, sizeof line,
             "as leaf %u of %u their hash leads, by %zu hashes of the proof, to the root %.*s",
             g->leaf_index, g->leaf_count, g->proof_size / 32, (int)strcspn(root, "\n"), root);
    json_array_append_new(steps, json_string(line));
    snprintf(line, sizeof line, "the root and the number of leaves are signed by the key %s",
             phc_hex_text(key, 32, hex));
    json_array_append_new(steps, json_string(line));
    return steps;
}

static void add_parties(json_t *o, const cli_saved *f)
{
    static const char *const words[] = {[CLI_MISSING] = "missing",
                                        [CLI_HOLDS] = "holds",
                                        [CLI_OTHER_KEY] = "other key",
                                        [CLI_FALSE] = "false"};
    char line[400];
    cli_party parties[CLI_PARTIES_MAX];
    size_t cnt = cli_saved_parties(f, parties);
    json_t *all = json_object();
    for (size_t i = 0; i < cnt; i++) {
        json_array_append_new(json_object_get(o, "proof"),
                              json_string(cli_party_text(&parties[i], line)));
        json_object_set_new(all, parties[i].part, json_string(words[parties[i].verdict]));
    }
    json_object_set_new(o, "countersignatures", all);
}

static void tell(const cli_saved *f, const uint8_t *key, const question *q)
{
    const phc_contract *c = &f->contract;
    if (q->as_text) {
        char line[400];
        cli_party parties[CLI_PARTIES_MAX];
        cli_print_contract(c);
        if (!f->has_countersignatures) return;
        puts("\n## Countersignatures\n");
        size_t cnt = cli_saved_parties(f, parties);
        for (size_t i = 0; i < cnt; i++)
            printf("- %s\n", cli_party_text(&parties[i], line));
        return;
    }
    json_t *o = facts_of(c);
    json_object_set_new(o, "proof", steps_of(&f->file, c, key));
    add_parties(o, f);
    json_object_set_new(o, "verified", json_true());
    cli_print_object(o, q->json);
}

static cli_exit ask_file(const char *path, const question *q)
{
    cli_saved f;
    const uint8_t *key = NULL;
    cli_exit e = cli_saved_read(path, &f);
    if (e != CLI_DONE) return e;
    if (q->keys != NULL) e = cli_saved_verify(&f, q->market, q->keys, &key);
    if (e == CLI_DONE) tell(&f, key, q);
    cli_saved_free(&f);
    return e;
}

int cli_contract_verify(int argc, char **argv)
{
    const char *path = NULL, *market = NULL;
    cli_keys keys;
    cli_common common;
    cli_field fields[] = {
        {.name = "FILE", .kind = CLI_TEXT, .required = true, .to = &path},
        {.name = "notary-key",
         .arg = "HEX",
         .kind = CLI_KEYS_HEX,
         .required = true,
         .to = &keys,
         .doc = "Public key of the exchange's notary, from a source that you trust; several, with "
                "commas between them, after a change of keys"},
        {.name = "market",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .to = &market,
         .doc = "Name of the market (default: the one in the contract)"},
    };
    cli_read(argc, argv,
             "Verifies a saved contract: its bytes, inclusion proof, signed root and "
             "countersignatures.  "
             "Needs no connection.",
             fields, CNT(fields), &common);
    return (int)ask_file(path, &(question){.market = market, .keys = &keys, .json = common.json});
}

int cli_contract_text(int argc, char **argv)
{
    const char *path = NULL;
    cli_keys keys = {.cnt = 0};
    cli_common common;
    cli_field fields[] = {
        {.name = "FILE", .kind = CLI_TEXT, .required = true, .to = &path},
        {.name = "notary-key",
         .arg = "HEX",
         .kind = CLI_KEYS_HEX,
         .to = &keys,
         .doc = "Verify it first with this key; without, what is shown is not proved"},
    };
    cli_read(argc, argv,
             "Shows a saved contract as a person reads it, in Markdown: parties, hours, prices, "
             "terms.  Needs no connection.",
             fields, CNT(fields), &common);
    if (common.json)
        return cli_say(CLI_USAGE, "there is no --json of a text; `petahour contract verify FILE "
                                  "--json` has what it says");
    return (int)ask_file(path, &(question){.keys = keys.cnt > 0 ? &keys : NULL, .as_text = true});
}
