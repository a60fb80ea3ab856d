/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/attack_logs.h"

#include <string.h>

#include <sodium.h>

#include "clients/audit/log_record.h"
#include "clients/audit/walk.h"
#include "engine/notary/note.h"
#include "tests/unit/a_folder.h"
#include "tests/unit/a_journal.h"

enum { ROUNDS = 36, SHARED_ROUNDS = 20 };

signer by_notary, by_attacker, by_witness, by_buyer, by_supplier;
market_log logs[LOGS];
uint64_t common;
char said_out[1 << 16], said_err[1 << 14], notary_hex[65];

static char folder[64];
static bool is_there;

/* What the commands make durable: nothing of it outlives the test. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd;
    return 0;
}

static void make_signer(signer *s, uint8_t of)
{
    uint8_t seed[32];
    memset(seed, of, sizeof seed);
    (void)crypto_sign_seed_keypair(s->key.b, s->secret, seed); /* cannot fail */
}

/* ---- Journals and logs ----------------------------------------------------------------------- */

static void live(market_log *l, uint32_t turn)
{
    static a_journal j;
    a_journal_open(&j, l->journal, l->market, &by_notary.key);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        if (n == turn) a_journal_round(&j, 900);
        a_journal_round(&j, n);
    }
    a_journal_close(&j);
}

static void read_records(market_log *l)
{
    ph_walk w;
    ph_journal_batch b;
    bool is_end = false;
    CHECK(ph_walk_open(l->journal, &w) == PH_AUDIT_RIGHT);
    while (ph_walk_next(&w, &b, &is_end) == PH_AUDIT_RIGHT && !is_end) {
        ph_journal_cursor cursor = {0};
        ph_journal_record r;
        while (ph_journal_record_next(&b, &cursor, &r)) {
            CHECK(l->cnt < LEAVES_MAX);
            l->records[l->cnt] = ph_log_record_of(&b, &r);
            l->leaves[l->cnt] = ph_merkle_leaf(l->records[l->cnt].b, sizeof l->records[l->cnt].b);
            l->cnt++;
        }
    }
    ph_walk_close(&w);
}

static ph_status subtree(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    static ph_hash tree[2 * LEAVES_MAX];
    const market_log *l = arg;
    const ph_hash *v = l->leaves + (index << height);
    uint32_t cnt = UINT32_C(1) << height;
    *ret = *v;
    if (height == 0) return PH_OK;
    memcpy(tree, v, cnt * sizeof tree[0]);
    ph_merkle_build(tree, cnt);
    *ret = ph_merkle_root(tree, cnt);
    return PH_OK;
}

ph_hash_source logs_source(log_kind of)
{
    return (ph_hash_source){subtree, &logs[of]};
}

static void publish(log_kind of)
{
    char err[512];
    market_log *l = &logs[of];
    ph_log_folder *f;
    CHECK(ph_log_folder_open(l->folder, &(ph_log_owner){l->market, &by_notary.key, 1}, &f, err,
                             sizeof err) == PH_OK);
    for (uint64_t i = 0; i < l->cnt; i++) {
        CHECK(ph_log_folder_append(f, &l->leaves[i], err, sizeof err) == PH_OK);
        l->roots[i + 1] = ph_log_folder_root(f);
    }
    text note = checkpoint_of(of, l->cnt, &by_notary);
    ph_log_checkpoint c = {.leaf_cnt = l->cnt, .root = l->roots[l->cnt]};
    CHECK(ph_text_set(c.market.s, sizeof c.market.s, l->market));
    CHECK(ph_log_folder_publish(f, &c, note.v, note.size, err, sizeof err) == PH_OK);
    ph_log_folder_close(f);
}

const char *attack_logs_begin(void)
{
    static const char *const markets[LOGS] = {MARKET, MARKET, ELSEWHERE};
    static const uint32_t turns[LOGS] = {UINT32_MAX, SHARED_ROUNDS, UINT32_MAX};
    if (is_there) return folder;
    is_there = true;
    CHECK(sodium_init() >= 0);
    signer *all[] = {&by_notary, &by_attacker, &by_witness, &by_buyer, &by_supplier};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        make_signer(all[i], (uint8_t)(5 + i));
    (void)sodium_bin2hex(notary_hex, sizeof notary_hex, by_notary.key.b,
                         32); /* returns notary_hex */
    /* Files are written over thousands of times: in memory, where there is such a folder. */
    snprintf(folder, sizeof folder, "/dev/shm/petahour-XXXXXX");
    if (mkdtemp(folder) == NULL) a_folder_make(folder, sizeof folder);
    for (log_kind of = TRUE_LOG; of < LOGS; of++) {
        market_log *l = &logs[of];
        l->market = markets[of];
        snprintf(l->journal, sizeof l->journal, "%s/journal%u", folder, (unsigned)of);
        snprintf(l->folder, sizeof l->folder, "%s/log%u", folder, (unsigned)of);
        live(l, turns[of]);
        read_records(l);
        publish(of);
    }
    while (memcmp(&logs[TRUE_LOG].leaves[common], &logs[FORK].leaves[common], sizeof(ph_hash)) == 0)
        common++;
    CHECK(logs[TRUE_LOG].cnt > PH_TILE_WIDTH && common > 50 && common + 50 < logs[TRUE_LOG].cnt);
    return folder;
}

void attack_logs_end(void)
{
    if (is_there) a_folder_remove(folder);
    is_there = false;
}

/* ---- Notes ----------------------------------------------------------------------------------- */

text sign_text(const char *bytes, size_t size, const char *name, const signer *by)
{
    text t = {.size = 0};
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)bytes, size,
                               by->secret); /* cannot fail */
    ph_writer w = ph_writer_of(t.v, sizeof t.v);
    ph_note_write(&w, bytes, size, &(ph_note_signer){name, &by->key}, signature);
    CHECK(!w.full);
    t.size = ph_writer_size(&w);
    return t;
}

text checkpoint_of(log_kind of, uint64_t cnt, const signer *by)
{
    char bytes[PH_CHECKPOINT_TEXT_MAX], origin[PH_LOG_ORIGIN_MAX];
    ph_log_checkpoint c = {.leaf_cnt = cnt, .root = logs[of].roots[cnt]};
    CHECK(ph_text_set(c.market.s, sizeof c.market.s, logs[of].market));
    size_t size = ph_log_checkpoint_write(&c, bytes);
    return sign_text(bytes, size, ph_log_origin(logs[of].market, origin), by);
}

void logs_show(log_kind of, const text *note)
{
    a_folder_write(logs[of].folder, "checkpoint", note->v, note->size);
}

bool believe(const char *note, size_t size, ph_log_checkpoint *ret)
{
    size_t text_size;
    ph_note_signer by = {MARKET "/journal", &by_notary.key};
    return ph_note_verify(note, size, &by, &text_size) == PH_OK &&
           ph_log_checkpoint_read(note, text_size, ret) == PH_OK &&
           strcmp(ret->market.s, MARKET) == 0;
}

log_kind log_of(const ph_log_checkpoint *c)
{
    for (log_kind of = TRUE_LOG; of <= FORK; of++) {
        if (c->leaf_cnt <= logs[of].cnt &&
            memcmp(&c->root, &logs[of].roots[c->leaf_cnt], sizeof c->root) == 0)
            return of;
    }
    return LOGS;
}

/* ---- Commands -------------------------------------------------------------------------------- */

const char *file_path(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

const char *put_file(const char *name, const text *t)
{
    a_folder_write(folder, name, t->v, t->size);
    return file_path(name);
}

int judge(int (*command)(const ph_audit_request *q), const ph_audit_request *q)
{
    FILE *out = stdout, *err = stderr;
    memset(said_out, 0, sizeof said_out);
    memset(said_err, 0, sizeof said_err);
    fflush(out);
    stdout = fmemopen(said_out, sizeof said_out - 1, "w");
    stderr = fmemopen(said_err, sizeof said_err - 1, "w");
    bool is_open = stdout != NULL && stderr != NULL;
    int status = is_open ? command(q) : -1;
    if (stdout != NULL) (void)fclose(stdout); /* into memory */
    if (stderr != NULL) (void)fclose(stderr);
    stdout = out;
    stderr = err;
    CHECK(is_open);
    return status;
}
