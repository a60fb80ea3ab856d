/* SPDX-License-Identifier: Apache-2.0 */
/* Files of saved contracts: engine/notary/README.md. */
#include "clients/cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 65536 };

/* Bytes of a hex member; NULL if it is none.  The caller frees. */
static uint8_t *bytes_of(const json_t *file, const char *name, size_t *ret_size)
{
    const char *text = json_string_value(json_object_get(file, name));
    if (text == NULL || strlen(text) % 2 != 0) return NULL;
    size_t size = strlen(text) / 2;
    uint8_t *bytes = malloc(size + 1);
    if (bytes != NULL && phc_hex_parse(text, bytes, size) == PHC_OK) {
        *ret_size = size;
        return bytes;
    }
    free(bytes);
    return NULL;
}

static bool number_of(const json_t *file, const char *name, uint32_t *ret)
{
    const json_t *v = json_object_get(file, name);
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > UINT32_MAX)
        return false;
    *ret = (uint32_t)json_integer_value(v);
    return true;
}

static bool countersignature_of(const json_t *v, phc_countersignature *ret)
{
    const char *key = json_string_value(json_object_get(v, "key"));
    const char *signature = json_string_value(json_object_get(v, "signature"));
    return json_is_object(v) && json_object_size(v) == 3 &&
           number_of(v, "participant", &ret->participant) && key != NULL && signature != NULL &&
           phc_hex_parse(key, ret->key, sizeof ret->key) == PHC_OK &&
           phc_hex_parse(signature, ret->signature, sizeof ret->signature) == PHC_OK;
}

/* The member came later than the others: files without it stay good. */
static bool countersignatures_of(const json_t *file, cli_saved *f)
{
    const json_t *list = json_object_get(file, "countersignatures");
    f->has_countersignatures = list != NULL;
    if (list == NULL) return json_object_size(file) == 5;
    if (!json_is_array(list) || json_array_size(list) > CLI_PARTIES_MAX) return false;
    f->given_cnt = json_array_size(list);
    for (size_t i = 0; i < f->given_cnt; i++) {
        if (!countersignature_of(json_array_get(list, i), &f->given[i])) return false;
    }
    return json_object_size(file) == 6;
}

/* The number that is signed is that of the bytes; what is none is found out later. */
static void number_given(cli_saved *f)
{
    uint64_t number = 0;
    for (size_t i = 0; f->file.canonical_size >= 92 && i < 8; i++)
        number |= (uint64_t)f->file.canonical[84 + i] << (8 * i);
    for (size_t i = 0; i < f->given_cnt; i++)
        f->given[i].contract = number;
}

static bool take_file(cli_saved *f)
{
    phc_signed_contract *g = &f->file;
    const json_t *root = json_object_get(f->json, "signed_root");
    f->canonical = bytes_of(f->json, "canonical", &g->canonical_size);
    f->proof = bytes_of(f->json, "inclusion_proof", &g->proof_size);
    if (!json_is_object(f->json) || f->canonical == NULL || f->proof == NULL ||
        !json_is_string(root) || !number_of(f->json, "leaf_index", &g->leaf_index) ||
        !number_of(f->json, "leaf_count", &g->leaf_count) || !countersignatures_of(f->json, f))
        return false;
    g->canonical = f->canonical;
    g->proof = f->proof;
    g->signed_root = json_string_value(root);
    g->signed_root_size = json_string_length(root);
    number_given(f);
    return true;
}

cli_exit cli_saved_read(const char *path, cli_saved *ret)
{
    cli_saved f = {.json = cli_read_json(path)};
    if (f.json == NULL) return CLI_FAILED;
    cli_exit e = CLI_DONE;
    f.segments = malloc(SEGMENTS_MAX * sizeof *f.segments);
    if (f.segments == NULL)
        e = cli_say(CLI_FAILED, "no memory for the contract");
    else if (!take_file(&f))
        e = cli_say(CLI_FAILED,
                    "could not read \"%s\": not a saved contract, which has canonical, "
                    "leaf_index, leaf_count, inclusion_proof, signed_root and countersignatures",
                    path);
    else if (phc_contract_read(f.file.canonical, f.file.canonical_size, f.segments, SEGMENTS_MAX,
                               &f.contract) != PHC_OK)
        e = cli_say(CLI_NOT_VERIFIED,
                    "contract does not verify: the bytes are not those of a contract");
    if (e == CLI_DONE)
        *ret = f;
    else
        cli_saved_free(&f);
    return e;
}

void cli_saved_free(cli_saved *f)
{
    free(f->canonical);
    free(f->proof);
    free(f->segments);
    json_decref(f->json);
}

size_t cli_saved_parties(const cli_saved *f, cli_party ret[CLI_PARTIES_MAX])
{
    return cli_parties(&f->file, &f->contract, f->given, f->given_cnt, ret);
}

static bool is_any_false(const cli_saved *f)
{
    const phc_contract *c = &f->contract;
    cli_party parties[CLI_PARTIES_MAX];
    size_t cnt = cli_saved_parties(f, parties);
    for (size_t i = 0; i < cnt; i++) {
        if (parties[i].verdict == CLI_FALSE) return true;
    }
    for (size_t g = 0; g < f->given_cnt; g++) {
        uint32_t who = f->given[g].participant;
        if (who != c->buyer && who != c->supplier && who != c->seller) return true;
    }
    return false;
}

cli_exit cli_saved_verify(const cli_saved *f, const char *market, const cli_keys *keys,
                          const uint8_t **ret_key)
{
    char err[300] = "no key was given";
    const uint8_t *key = NULL;
    for (size_t i = 0; i < keys->cnt && key == NULL; i++) {
        if (phc_contract_verify(&f->file, market != NULL ? market : f->contract.market, keys->v[i],
                                err, sizeof err) == PHC_OK)
            key = keys->v[i];
    }
    if (key == NULL) return cli_say(CLI_NOT_VERIFIED, "%s", err);
    if (is_any_false(f))
        return cli_say(CLI_NOT_VERIFIED,
                       "the contract holds, but a countersignature in the file is "
                       "false, or of nobody who is a party");
    if (ret_key != NULL) *ret_key = key;
    return CLI_DONE;
}

typedef struct {
    uint64_t period;
    int64_t units;
} step;

static int by_period(const void *a, const void *b)
{
    uint64_t x = ((const step *)a)->period, y = ((const step *)b)->period;
    return (x > y) - (x < y);
}

cli_exit cli_runs_of(const phc_contract *c, cli_run **ret, size_t *ret_cnt)
{
    size_t cnt = 2 * (size_t)c->segment_cnt, runs = 0;
    step *steps = malloc((cnt + 1) * sizeof *steps);
    cli_run *all = malloc((cnt + 1) * sizeof *all);
    if (steps == NULL || all == NULL) {
        free(steps);
        free(all);
        return cli_say(CLI_FAILED, "no memory for the periods of the contract");
    }
    for (size_t i = 0; i < c->segment_cnt; i++) {
        const phc_segment *g = &c->segments[i];
        steps[2 * i] = (step){g->first_period, g->quantity};
        steps[2 * i + 1] = (step){(uint64_t)g->first_period + g->periods, -(int64_t)g->quantity};
    }
    qsort(steps, cnt, sizeof *steps, by_period);
    int64_t units = 0;
    for (size_t i = 0; i < cnt; i++) {
        units += steps[i].units;
        if (i + 1 == cnt || steps[i + 1].period == steps[i].period || units == 0) continue;
        cli_run r = {.first_period = (uint32_t)steps[i].period,
                     .periods = (uint32_t)(steps[i + 1].period - steps[i].period),
                     .quantity = (uint32_t)units};
        cli_run *last = runs > 0 ? &all[runs - 1] : NULL;
        if (last != NULL && last->quantity == r.quantity &&
            last->first_period + last->periods == r.first_period)
            last->periods += r.periods;
        else
            all[runs++] = r;
    }
    free(steps);
    *ret = all;
    *ret_cnt = runs;
    return CLI_DONE;
}
