/* SPDX-License-Identifier: Apache-2.0 */
/*  fetch_contracts ENDPOINT FROM TO DIRECTORY - follows a notary as a gateway does and saves
    contracts FROM .. TO as DIRECTORY/N.json.  Gives up after 90 seconds. */
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "engine/link/follower.h"
#include "engine/process/clock.h"
#include "engine/wire/signed_contract.h"

enum { PATIENCE_S = 90 };

typedef struct {
    const char *directory;
    uint64_t last;
} saving;

static char *hex_of(const uint8_t *bytes, size_t size)
{
    char *hex = malloc(2 * size + 1);
    if (hex != NULL) (void)sodium_bin2hex(hex, 2 * size + 1, bytes, size); /* returns hex */
    return hex;
}

static ph_status save(void *arg, uint64_t number, const void *bytes, size_t size)
{
    saving *s = arg;
    ph_signed_contract c;
    if (number > s->last) return PH_OK;
    if (ph_signed_contract_read(bytes, size, &c) != PH_OK || c.contract.v != number)
        return PH_ECORRUPT;
    char path[512];
    snprintf(path, sizeof path, "%s/%" PRIu64 ".json", s->directory, number);
    char *canonical = hex_of(c.canonical, c.canonical_size);
    char *proof = hex_of(c.proof, (size_t)c.proof_cnt * 32);
    json_t *j = json_pack("{s:s, s:I, s:I, s:s, s:s%}", "canonical", canonical, "leaf_index",
                          (json_int_t)c.leaf_index, "leaf_count", (json_int_t)c.leaf_count,
                          "inclusion_proof", proof, "signed_root", c.note, (size_t)c.note_size);
    int failed = j == NULL ? -1 : json_dump_file(j, path, JSON_INDENT(2));
    json_decref(j);
    free(canonical);
    free(proof);
    return failed == 0 ? PH_OK : PH_EIO;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: fetch_contracts ENDPOINT FROM TO DIRECTORY\n");
        return 2;
    }
    uint64_t from = strtoull(argv[2], NULL, 10);
    saving s = {.directory = argv[4], .last = strtoull(argv[3], NULL, 10)};
    void *context = zmq_ctx_new();
    ph_follower *f = NULL;
    ph_status st = context == NULL ? PH_EFULL : ph_follower_open(context, argv[1], from, &f);
    uint64_t end = ph_clock_monotonic_ns() + PATIENCE_S * UINT64_C(1000000000);
    while ((st == PH_OK || st == PH_EAGAIN) && ph_follower_next(f) <= s.last) {
        if (ph_clock_monotonic_ns() > end) st = PH_EEND;
        if (st == PH_EEND) break;
        zmq_pollitem_t item = {.socket = ph_follower_socket(f), .events = ZMQ_POLLIN};
        (void)zmq_poll(&item, 1, 100); /* a failed wait is a short wait */
        st = ph_follower_turn(f, ph_clock_monotonic_ns(), save, &s);
    }
    if (f != NULL && ph_follower_next(f) > s.last) st = PH_OK;
    if (st != PH_OK) fprintf(stderr, "fetch_contracts: %s\n", ph_status_text(st));
    ph_follower_close(f);
    (void)zmq_ctx_term(context); /* the process ends either way */
    return st == PH_OK ? 0 : 1;
}
