/* SPDX-License-Identifier: Apache-2.0 */
/* Contracts that become provable, beside bare hashing and signing of as many bytes.

   The market: contracts of a batch out of its trades (engine/notary/contracts), one signature on
   their root, one item with its proof for each (engine/notary/seal).  Bare: one leaf hash for each
   contract and one signature for each batch, of bytes that are there, with the same SHA-256 and the
   same Ed25519.  Both in one run, in turn and many times; the ratio counts.  Nothing in here waits,
   so what is measured is processor time: a busy machine changes it less. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/notary/contracts.h"
#include "engine/notary/seal.h"
#include "engine/notary/sha256.h"
#include "engine/process/z85.h"
#include "engine/wire/signed_contract.h"
#include "tests/bench/bench_market.h"

enum { CONTRACTS = 256, BATCHES = 40, RUNS = 51 };

static uint64_t processor_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static char folder[64], key_path[96];
static ph_key key;
static uint8_t secret[64];

static void write_key(void)
{
    static const uint8_t seed[32] = {5}, curve_secret[32] = {1};
    uint8_t curve_public[32];
    char public_z85[41], secret_z85[41], seed_hex[65], key_hex[65];
    crypto_sign_seed_keypair(key.b, secret, seed);
    crypto_scalarmult_base(curve_public, curve_secret);
    ph_z85_write(curve_public, public_z85);
    ph_z85_write(curve_secret, secret_z85);
    snprintf(folder, sizeof folder, "/tmp/petahour-bench-XXXXXX");
    PH_ASSERT(mkdtemp(folder) != NULL);
    snprintf(key_path, sizeof key_path, "%s/notary.key", folder);
    int file = open(key_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    PH_ASSERT(file >= 0);
    dprintf(file,
            "name = notary\ncurve_public = %s\ncurve_secret = %s\nsign_public = %s\n"
            "sign_seed = %s\n",
            public_z85, secret_z85, sodium_bin2hex(key_hex, sizeof key_hex, key.b, 32),
            sodium_bin2hex(seed_hex, sizeof seed_hex, seed, 32));
    close(file);
}

/* One command that trades with CONTRACTS sellers: a batch of one record. */
typedef struct {
    bench_market b;
    ph_replay_record record;
    ph_replay_batch batch;
} traded;

static void trade(traded *t)
{
    ph_market_limits limits = bench_limits(1, 16, 4 * CONTRACTS, 4 * CONTRACTS);
    t->b = bench_market_new(&limits, 1);
    for (uint32_t i = 0; i < CONTRACTS; i++) {
        ph_command c =
            bench_order(&t->b, i, PH_SIDE_SELL, PH_SHAPE_EACH, (ph_window){BENCH_FIRST, 1});
        bench_apply(&t->b, &c);
    }
    ph_command c = bench_order(&t->b, 0, PH_SIDE_BUY, PH_SHAPE_EACH, (ph_window){BENCH_FIRST, 1});
    c.u.order.quantity = CONTRACTS;
    bench_apply(&t->b, &c);
    t->record = (ph_replay_record){.command = c, .events = t->b.out.v, .event_cnt = t->b.out.cnt};
    t->batch = (ph_replay_batch){.first_seq = c.seq, .record_cnt = 1, .records = &t->record};
}

static uint64_t taken;

static ph_status take(void *arg, uint64_t number, const void *bytes, size_t size)
{
    (void)arg, (void)number;
    taken += size + ((const uint8_t *)bytes)[size - 1];
    return PH_OK;
}

typedef struct {
    ph_keyring *keyring;
    ph_contracts *contracts;
    ph_seal *seal;
} notary;

static notary notary_new(void)
{
    char err[512];
    notary n;
    PH_ASSERT(ph_keyring_open(key_path, &n.keyring, err, sizeof err) == PH_OK);
    n.contracts = ph_contracts_new();
    n.seal = ph_seal_new(n.keyring, "market.bench");
    PH_ASSERT(n.contracts != NULL && n.seal != NULL);
    return n;
}

static void notary_free(notary *n)
{
    ph_seal_free(n->seal);
    ph_contracts_free(n->contracts);
    ph_keyring_close(n->keyring);
}

static double whole(notary *n, traded *t, bool sealed)
{
    static uint64_t seq; /* every batch has a root of its own */
    char err[512];
    uint64_t start = processor_ns();
    for (uint32_t i = 0; i < BATCHES; i++) {
        t->batch.first_seq = t->record.command.seq = ++seq;
        ph_status s = ph_contracts_collect(n->contracts, t->b.m, &t->batch, err, sizeof err);
        PH_ASSERT(s == PH_OK && ph_contracts_cnt(n->contracts) == CONTRACTS);
        if (sealed) s = ph_seal_batch(n->seal, n->contracts, take, NULL);
        PH_ASSERT(s == PH_OK);
    }
    return (double)CONTRACTS * BATCHES * 1000 / (double)(processor_ns() - start);
}

static double bare(size_t size, bool tree)
{
    static uint8_t bytes[CONTRACTS][2048], signature[64];
    static ph_hash leaf[CONTRACTS];
    PH_ASSERT(size + 1 <= sizeof bytes[0]);
    uint64_t start = processor_ns();
    for (uint32_t i = 0; i < BATCHES; i++) {
        for (uint32_t c = 0; c < CONTRACTS; c++) {
            bytes[c][1] = (uint8_t)i;
            leaf[c] = ph_sha256(bytes[c], size + 1);
        }
        for (uint32_t c = 1; tree && c < CONTRACTS; c++)
            leaf[0] = ph_merkle_node(&leaf[c - 1], &leaf[c]);
        crypto_sign_detached(signature, NULL, leaf[0].b, 120, secret);
        taken += signature[0];
    }
    return (double)CONTRACTS * BATCHES * 1000 / (double)(processor_ns() - start);
}

int main(void)
{
    static traded t;
    double provable[RUNS], collected[RUNS], hashed[RUNS], nodes[RUNS];
    PH_ASSERT(sodium_init() >= 0);
    write_key();
    trade(&t);
    notary n = notary_new();
    size_t size = PH_CONTRACT_HEADER_SIZE + PH_CONTRACT_SEGMENT_SIZE;
    for (int i = 0; i < RUNS; i++) {
        provable[i] = whole(&n, &t, true);
        hashed[i] = bare(size, false);
        collected[i] = whole(&n, &t, false);
        nodes[i] = bare(size, true);
    }
    double market = bench_median(provable, RUNS), leaves = bench_median(hashed, RUNS);
    printf("\nContracts in batches of %d, %zu bytes each; million a second\n", CONTRACTS, size);
    printf("%-46s %8.3f\n", "signed, each with its proof", market);
    printf("%-46s %8.3f\n", "of these, bytes and tree alone", bench_median(collected, RUNS));
    printf("%-46s %8.3f\n", "bare: a leaf hash each, a signature a batch", leaves);
    printf("%-46s %8.3f\n", "bare, with the hashes of the tree's nodes", bench_median(nodes, RUNS));
    printf("%-46s %8.2f\n", "ratio to bare", market / leaves);
    printf("%-46s %8.2f\n", "ratio to bare with nodes", market / bench_median(nodes, RUNS));
    notary_free(&n);
    bench_market_free(&t.b);
    unlink(key_path);
    rmdir(folder);
    return taken == 0;
}
