/* SPDX-License-Identifier: Apache-2.0 */
/* long: a list of attacks, each a page */
/* What is signed cannot be made to say anything else.

   Two histories of one market that the notary's key signed (a fork) and one of another market:
   their checkpoints, cosigned checkpoints, proofs of inclusion and of growth, contracts, snapshots
   and tiles are changed, mixed and replayed by seed.  What verifies is what `petahour-audit prove
   check`, `witness`, `contract` and `verify --log` run.  The law is soundness: what is accepted is
   true, whoever made the bytes.

   PH_SEEDS says how many attacks; see attack.h. */
#include <string.h>

#include <sodium.h>

#include "clients/audit/log_proof.h"
#include "clients/audit/proof.h"
#include "engine/base/bytes.h"
#include "engine/journal/state_file.h"
#include "engine/notary/log_folder.h"
#include "engine/notary/log_reader.h"
#include "engine/notary/note.h"
#include "tests/prop/attack.h"
#include "tests/unit/a_contract.h"
#include "tests/unit/a_folder.h"

#define MARKET    "market.example"
#define ORIGIN    MARKET "/journal"
#define ELSEWHERE "market.elsewhere"

enum {
    ATTACKS = 50000,
    LEAVES = 300,
    COMMON = 150, /* leaves that both histories of the fork begin with */
    TEXT_MAX = PH_LOG_PROOF_MAX,
    BATCH = 16,
    STATE_BYTES = 3000,
    STATES = 3,
};

typedef struct {
    ph_key key;
    uint8_t secret[64];
} signer;

static signer notary, attacker, witness;

static void make_signer(signer *s, uint8_t of)
{
    uint8_t seed[32];
    memset(seed, of, sizeof seed);
    crypto_sign_seed_keypair(s->key.b, s->secret, seed);
}

/* ---- Histories ------------------------------------------------------------------------------- */

typedef enum { TRUE_LOG, FORK, FOREIGN_LOG, LOGS } log_kind;

static const char *const markets[LOGS] = {MARKET, MARKET, ELSEWHERE};
static ph_hash leaves[LOGS][LEAVES];

static ph_status subtree(void *arg, unsigned height, uint64_t index, ph_hash *ret)
{
    const ph_hash *v = (const ph_hash *)arg + (index << height);
    if (height == 0) {
        *ret = *v;
        return PH_OK;
    }
    ph_hash tree[2 * 512];
    uint32_t cnt = UINT32_C(1) << height;
    memcpy(tree, v, cnt * sizeof tree[0]);
    ph_merkle_build(tree, cnt);
    *ret = ph_merkle_root(tree, cnt);
    return PH_OK;
}

static ph_hash_source source_of(log_kind log)
{
    return (ph_hash_source){subtree, leaves[log]};
}

static ph_hash root_of(log_kind log, uint64_t cnt)
{
    ph_hash root;
    ph_hash_source source = source_of(log);
    CHECK(ph_log_root(&source, cnt, &root) == PH_OK);
    return root;
}

/* A note as a file has it. */
typedef struct {
    char text[PH_LOG_NOTE_MAX];
    size_t size;
} note;

static note sign_text(const char *text, size_t size, const char *name, const signer *by)
{
    note n;
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, size, by->secret);
    ph_writer w = ph_writer_of(n.text, sizeof n.text);
    ph_note_write(&w, text, size, &(ph_note_signer){name, &by->key}, signature);
    CHECK(!w.full);
    n.size = ph_writer_size(&w);
    return n;
}

static note checkpoint_of(log_kind log, uint64_t cnt, const signer *by)
{
    char text[PH_CHECKPOINT_TEXT_MAX], origin[PH_LOG_ORIGIN_MAX];
    ph_log_checkpoint c = {.leaf_cnt = cnt, .root = root_of(log, cnt)};
    CHECK(ph_text_set(c.market.s, sizeof c.market.s, markets[log]));
    size_t size = ph_log_checkpoint_write(&c, text);
    return sign_text(text, size, ph_log_origin(markets[log], origin), by);
}

/* ---- Changes to text ------------------------------------------------------------------------- */

typedef struct {
    char v[TEXT_MAX + PH_LOG_NOTE_MAX];
    size_t size;
} bytes;

static size_t line_start(const bytes *b, uint64_t *seed)
{
    size_t at = chance(seed, b->size);
    while (at > 0 && b->v[at - 1] != '\n')
        at--;
    return at;
}

static size_t line_end(const bytes *b, size_t at)
{
    while (at < b->size && b->v[at] != '\n')
        at++;
    return at < b->size ? at + 1 : at;
}

static void remove_range(bytes *b, size_t from, size_t to)
{
    memmove(b->v + from, b->v + to, b->size - to);
    b->size -= to - from;
}

static void double_range(bytes *b, size_t from, size_t to)
{
    if (b->size + (to - from) > sizeof b->v) return;
    memmove(b->v + to + (to - from), b->v + to, b->size - to);
    memcpy(b->v + to, b->v + from, to - from);
    b->size += to - from;
}

/* Two lines change places, if they are as long as each other. */
static void swap_lines(bytes *b, uint64_t *seed)
{
    char room[512];
    size_t i = line_start(b, seed), j = line_start(b, seed);
    size_t size = line_end(b, i) - i;
    if (line_end(b, j) - j != size || size > sizeof room) return;
    memcpy(room, b->v + i, size);
    memcpy(b->v + i, b->v + j, size);
    memcpy(b->v + j, room, size);
}

static void change_text(bytes *b, uint64_t *seed)
{
    if (b->size == 0) return;
    size_t at = chance(seed, b->size), line = line_start(b, seed);
    switch (chance(seed, 8)) {
    case 0: b->size = at; break;
    case 1: remove_range(b, at, at + 1); break;
    case 2: double_range(b, at, at + 1); break;
    case 3: remove_range(b, line, line_end(b, line)); break;
    case 4: double_range(b, line, line_end(b, line)); break;
    case 5: swap_lines(b, seed); break;
    case 6:
        if (b->v[at] >= '0' && b->v[at] <= '9') b->v[at] = (char)('0' + chance(seed, 10));
        break;
    default: flip_bit((uint8_t *)&b->v[at], seed);
    }
}

static bytes bytes_of(const char *text, size_t size)
{
    bytes b = {.size = size};
    CHECK(size <= sizeof b.v);
    memcpy(b.v, text, size);
    return b;
}

/* ---- Checkpoints ----------------------------------------------------------------------------- */

static bool believe(const char *text, size_t size, ph_log_checkpoint *ret)
{
    size_t text_size;
    ph_note_signer by = {ORIGIN, &notary.key};
    if (ph_note_verify(text, size, &by, &text_size) != PH_OK) return false;
    if (ph_log_checkpoint_read(text, text_size, ret) != PH_OK) return false;
    return strcmp(ret->market.s, MARKET) == 0;
}

/* The notary signed this: a tree of one of the two histories. */
static bool is_signed(const ph_log_checkpoint *c)
{
    if (c->leaf_cnt < 1 || c->leaf_cnt > LEAVES) return false;
    ph_hash here = root_of(TRUE_LOG, c->leaf_cnt), there = root_of(FORK, c->leaf_cnt);
    return memcmp(&here, &c->root, sizeof here) == 0 || memcmp(&there, &c->root, sizeof there) == 0;
}

static bool attack_checkpoint(uint64_t *seed)
{
    log_kind log = (log_kind)chance(seed, LOGS);
    uint64_t cnt = 1 + chance(seed, LEAVES);
    note n = checkpoint_of(log, cnt, chance(seed, 4) == 0 ? &attacker : &notary);
    bytes b = bytes_of(n.text, n.size);
    change_text(&b, seed);
    if (chance(seed, 3) == 0) change_text(&b, seed);
    ph_log_checkpoint c;
    if (!believe(b.v, b.size, &c)) return true;
    CHECK(is_signed(&c) && c.leaf_cnt == cnt && log != FOREIGN_LOG);
    return false;
}

static bool attack_cosignature(uint64_t *seed)
{
    uint64_t cnt = 1 + chance(seed, LEAVES), then = 1700000000 + chance(seed, 1000000), when;
    const signer *by = chance(seed, 4) == 0 ? &attacker : &witness;
    note n = checkpoint_of(TRUE_LOG, cnt, &notary), other = checkpoint_of(FORK, cnt, &notary);
    ph_note_signer who = {"witness.example", &by->key}, asked = {"witness.example", &witness.key};
    size_t text_size;
    CHECK(ph_note_verify(n.text, n.size, &(ph_note_signer){ORIGIN, &notary.key}, &text_size) ==
          PH_OK);
    char cosigned[PH_NOTE_COSIGNED_MAX];
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_writer w = ph_writer_of(cosigned, sizeof cosigned);
    ph_note_cosigned_write(&w, n.text, text_size, then);
    crypto_sign_detached(signature, NULL, (const uint8_t *)cosigned, ph_writer_size(&w),
                         by->secret);
    bool moves = chance(seed, 4) == 0; /* the cosignature under another checkpoint */
    bytes b = moves ? bytes_of(other.text, other.size) : bytes_of(n.text, n.size);
    uint64_t told = chance(seed, 4) == 0 ? then + 1 : then;
    ph_writer line = ph_writer_of(b.v + b.size, sizeof b.v - b.size);
    ph_note_cosignature_write(&line, &who, told, signature);
    b.size += ph_writer_size(&line);
    if (chance(seed, 2) == 0) change_text(&b, seed);
    ph_log_checkpoint c;
    if (ph_note_cosignature_verify(b.v, b.size, &asked, &when) != PH_OK) return true;
    if (!believe(b.v, b.size, &c)) return true;
    ph_hash root = root_of(TRUE_LOG, cnt);
    CHECK(by == &witness && when == then && c.leaf_cnt == cnt);
    CHECK(memcmp(&c.root, &root, sizeof root) == 0);
    return false;
}

/* ---- Proofs of the log ----------------------------------------------------------------------- */

static void change_path(ph_log_path *p, uint64_t *seed)
{
    if (p->cnt == 0) return;
    uint32_t i = (uint32_t)chance(seed, p->cnt), j = (uint32_t)chance(seed, p->cnt);
    ph_hash one = p->v[i];
    switch (chance(seed, 5)) {
    case 0: flip_bit(&p->v[i].b[chance(seed, 32)], seed); break;
    case 1:
        p->v[i] = p->v[j];
        p->v[j] = one;
        break;
    case 2:
        memmove(&p->v[i], &p->v[i + 1], (p->cnt - i - 1) * sizeof p->v[0]);
        p->cnt--;
        break;
    case 3:
        if (p->cnt == PH_MERKLE_LONG_MAX) break;
        memmove(&p->v[i + 1], &p->v[i], (p->cnt - i) * sizeof p->v[0]);
        p->cnt++;
        break;
    default: p->v[i] = leaves[chance(seed, LOGS)][chance(seed, LEAVES)];
    }
}

static bytes proof_text(const ph_log_proof *p)
{
    bytes b;
    ph_writer w = ph_writer_of(b.v, sizeof b.v);
    ph_log_proof_write(&w, p);
    CHECK(!w.full);
    b.size = ph_writer_size(&w);
    return b;
}

/* A leaf of one log, the path of a second, the checkpoint of a third: mostly the same ones. */
static log_kind often(uint64_t *seed, log_kind log)
{
    return chance(seed, 3) == 0 ? (log_kind)chance(seed, LOGS) : log;
}

static bool attack_inclusion(uint64_t *seed)
{
    log_kind log = (log_kind)chance(seed, 2), path_of = often(seed, log), under = often(seed, log);
    uint64_t cnt = 1 + chance(seed, LEAVES), index = chance(seed, cnt);
    uint64_t of = chance(seed, 4) == 0 ? chance(seed, cnt) : index;
    uint64_t under_cnt = chance(seed, 4) == 0 ? 1 + chance(seed, LEAVES) : cnt;
    note n = checkpoint_of(under, under_cnt, chance(seed, 8) == 0 ? &attacker : &notary);
    ph_log_proof p = {.kind = PH_LOG_PROOF_INCLUSION, .note = n.text, .note_size = n.size}, got;
    ph_hash_source source = source_of(path_of);
    CHECK(ph_log_prove_inclusion(&source, index, cnt, &p.path) == PH_OK);
    p.number = chance(seed, 4) == 0 ? chance(seed, LEAVES) : index;
    if (chance(seed, 2) == 0) change_path(&p.path, seed);
    bytes b = proof_text(&p);
    if (chance(seed, 3) == 0) change_text(&b, seed);
    const char *why;
    ph_log_checkpoint c;
    if (ph_log_proof_read(b.v, b.size, &got, &why) != PH_OK) return true;
    if (got.kind != PH_LOG_PROOF_INCLUSION || !believe(got.note, got.note_size, &c)) return true;
    ph_merkle_place place = {got.number, c.leaf_cnt, got.path.v[0].b, got.path.cnt};
    const ph_hash *leaf = &leaves[log][of];
    if (!ph_merkle_verify(leaf, &place, &c.root)) return true;
    CHECK(is_signed(&c) && got.number < c.leaf_cnt);
    log_kind in = TRUE_LOG;
    ph_hash root = root_of(TRUE_LOG, c.leaf_cnt);
    if (memcmp(&root, &c.root, sizeof root) != 0) in = FORK;
    CHECK(memcmp(leaf, &leaves[in][got.number], sizeof *leaf) == 0);
    return false;
}

static bool attack_growth(uint64_t *seed)
{
    log_kind old_log = (log_kind)chance(seed, 2), new_log = (log_kind)chance(seed, 2);
    uint64_t new_cnt = 2 + chance(seed, LEAVES - 1), old_cnt = 1 + chance(seed, new_cnt - 1);
    uint64_t told = chance(seed, 4) == 0 ? 1 + chance(seed, LEAVES) : old_cnt;
    note n = checkpoint_of(new_log, new_cnt, &notary);
    ph_log_proof p = {.kind = PH_LOG_PROOF_GROWTH, .note = n.text, .note_size = n.size}, got;
    ph_hash_source source = source_of((log_kind)chance(seed, 2));
    CHECK(ph_log_prove_growth(&source, old_cnt, new_cnt, &p.path) == PH_OK);
    p.number = told;
    if (chance(seed, 2) == 0) change_path(&p.path, seed);
    bytes b = proof_text(&p);
    if (chance(seed, 3) == 0) change_text(&b, seed);
    const char *why;
    ph_log_checkpoint c;
    if (ph_log_proof_read(b.v, b.size, &got, &why) != PH_OK) return true;
    if (got.kind != PH_LOG_PROOF_GROWTH || !believe(got.note, got.note_size, &c)) return true;
    ph_merkle_growth g = {got.number, c.leaf_cnt, got.path.v[0].b, got.path.cnt};
    ph_hash old_root = root_of(old_log, old_cnt);
    if (got.number != old_cnt || !ph_merkle_extends(&g, &old_root, &c.root)) return true;
    /* Both are of one history: the same one, or what the two have in common. */
    CHECK(c.leaf_cnt == new_cnt && (old_log == new_log || old_cnt <= COMMON));
    return false;
}

/* ---- Contracts ------------------------------------------------------------------------------- */

typedef struct {
    uint8_t canonical[BATCH][1024];
    size_t size;
    ph_hash tree[2 * BATCH + 8];
    note root;
} batch;

enum { SIGNED = 3, BATCHES }; /* two of this market, one of another, one that the attacker signed */

static batch batches[BATCHES];

static void make_batch(batch *b, uint32_t n, const char *market, const signer *by)
{
    a_contract a;
    for (uint32_t i = 0; i < BATCH; i++) {
        a_contract_make(&a);
        CHECK(ph_text_set(a.opened.market.s, sizeof a.opened.market.s, market));
        a.trade.contract.v = a.trade.trade.v = 1 + n * BATCH + i;
        a.facts.seq = 40 + n * BATCH + i;
        b->size = a_contract_write(&a, b->canonical[i], sizeof b->canonical[i]);
        CHECK(b->size != 0);
        b->tree[i] = ph_merkle_leaf(b->canonical[i], b->size);
    }
    ph_merkle_build(b->tree, BATCH);
    char text[PH_CHECKPOINT_TEXT_MAX];
    ph_checkpoint c = {
        .first_seq = 40 + n * BATCH, .leaf_cnt = BATCH, .root = ph_merkle_root(b->tree, BATCH)};
    CHECK(ph_text_set(c.market.s, sizeof c.market.s, market));
    size_t size = ph_checkpoint_write(&c, text);
    b->root = sign_text(text, size, market, by);
}

/* Terms that were never agreed on, in canonical bytes. */
static void rewrite_contract(uint8_t *to, size_t size, uint32_t number, uint64_t *seed)
{
    a_contract a;
    a_contract_make(&a);
    a.trade.contract.v = a.trade.trade.v = 1 + number;
    a.facts.seq = 40 + number;
    switch (chance(seed, 5)) {
    case 0: a.trade.buyer_fee--; break;
    case 1: a.product.terms_hash.b[chance(seed, 32)] ^= 1; break;
    case 2: a.product.availability_ppm = 0; break;
    case 3:
        a.segments[1].u.segment.price--;
        a.trade.notional -= 6;
        break;
    default: a.supplier.sign_key = attacker.key;
    }
    CHECK(a_contract_write(&a, to, size) == size);
}

static bool is_agreed(const ph_saved *s)
{
    for (uint32_t n = 0; n < SIGNED; n++) {
        for (uint32_t i = 0; i < BATCH; i++) {
            if (s->canonical_size == batches[n].size && s->leaf_index == i &&
                memcmp(s->canonical, batches[n].canonical[i], s->canonical_size) == 0)
                return true;
        }
    }
    return false;
}

static bool attack_contract(uint64_t *seed)
{
    uint32_t n = (uint32_t)chance(seed, BATCHES), i = (uint32_t)chance(seed, BATCH);
    uint32_t proof_n = chance(seed, 4) == 0 ? (uint32_t)chance(seed, BATCHES) : n;
    uint32_t root_n = chance(seed, 4) == 0 ? (uint32_t)chance(seed, BATCHES) : n;
    uint32_t place = chance(seed, 4) == 0 ? (uint32_t)chance(seed, BATCH + 2) : i;
    uint8_t canonical[1024];
    memcpy(canonical, batches[n].canonical[i], batches[n].size);
    ph_log_path path = {.cnt = 0};
    path.cnt = ph_merkle_proof(batches[proof_n].tree, BATCH, place % BATCH, path.v);
    bytes root = bytes_of(batches[root_n].root.text, batches[root_n].root.size);
    ph_saved s = {.canonical = canonical,
                  .canonical_size = batches[n].size,
                  .leaf_index = place,
                  .leaf_cnt = chance(seed, 8) == 0 ? (uint32_t)chance(seed, 3 * BATCH) : BATCH};
    switch (chance(seed, 6)) {
    case 0: flip_bit(&canonical[chance(seed, s.canonical_size)], seed); break;
    case 1: rewrite_contract(canonical, s.canonical_size, n * BATCH + i, seed); break;
    case 2: change_path(&path, seed); break;
    case 3: change_text(&root, seed); break;
    case 4: s.canonical_size -= chance(seed, 24); break;
    default: break; /* another place or count alone */
    }
    s.proof = path.v[0].b;
    s.proof_cnt = path.cnt;
    s.note = root.v;
    s.note_size = root.size;
    ph_proof proof;
    const char *why = NULL;
    if (ph_proof_check(&s, &notary.key, &proof, &why) != PH_OK) {
        CHECK(why != NULL);
        return true;
    }
    CHECK(is_agreed(&s) && s.leaf_cnt == BATCH);
    return false;
}

/* ---- Snapshots ------------------------------------------------------------------------------- */

static memory_disk *states, *states_pristine;
static uint8_t state[STATES][STATE_BYTES];

static void give_state(const void *from, void (*put)(void *arg, const void *bytes, size_t n),
                       void *arg)
{
    put(arg, from, STATE_BYTES);
}

static void make_states(void)
{
    uint64_t seed = 77;
    memory_begin(states, 1);
    for (uint32_t i = 0; i < STATES; i++) {
        for (uint32_t b = 0; b < STATE_BYTES; b++)
            state[i][b] = (uint8_t)memory_chance(&seed);
        ph_state_head head = {.seq = 10 + i, .at = {1000 + i}, .market = {MARKET}};
        CHECK(ph_state_file_write(&states->disk, &head, give_state, state[i], STATES) == PH_OK);
    }
    memcpy(states_pristine, states, sizeof *states);
}

static bool attack_snapshot(uint64_t *seed)
{
    int i = (int)chance(seed, STATES), j = (int)chance(seed, STATES);
    memory_name *a = &states->seen_names.v[i], *b = &states->seen_names.v[j];
    memory_content *c = &states->seen[a->file];
    switch (chance(seed, 4)) {
    case 0: c->size = chance(seed, c->size); break;
    case 1: {
        int file = a->file;
        a->file = b->file;
        b->file = file;
        break;
    }
    case 2:
        memset(c->bytes + c->size, 0, 16);
        c->size += chance(seed, 16);
        break;
    default: flip_bit(&c->bytes[chance(seed, c->size)], seed);
    }
    bool found_out = false;
    for (uint32_t k = 0; k < STATES; k++) {
        uint8_t room[STATE_BYTES];
        ph_state_head head;
        if (ph_state_file_read(&states->disk, 10 + k, room, sizeof room, &head) != PH_OK) {
            found_out = true;
            continue;
        }
        CHECK(head.seq == 10 + k && head.at.ns == 1000 + k && head.size == STATE_BYTES);
        CHECK(strcmp(head.market.s, MARKET) == 0 && memcmp(room, state[k], sizeof room) == 0);
    }
    states->seen_names = states_pristine->seen_names;
    for (int k = 0; k < states->file_cnt; k++) {
        states->seen[k].size = states_pristine->seen[k].size;
        memcpy(states->seen[k].bytes, states_pristine->seen[k].bytes,
               states_pristine->seen[k].size);
    }
    return found_out;
}

/* ---- Tiles ----------------------------------------------------------------------------------- */

static char folder[64], log_path[96];
static const char *const tiles[] = {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"};

static void make_tiles(void)
{
    char err[512];
    ph_log_folder *f;
    a_folder_make(folder, sizeof folder);
    snprintf(log_path, sizeof log_path, "%s/log", folder);
    CHECK(ph_log_folder_open(log_path, &(ph_log_owner){MARKET, &notary.key, 1}, &f, err,
                             sizeof err) == PH_OK);
    for (uint32_t i = 0; i < LEAVES; i++)
        CHECK(ph_log_folder_append(f, &leaves[TRUE_LOG][i], err, sizeof err) == PH_OK);
    note n = checkpoint_of(TRUE_LOG, LEAVES, &notary);
    ph_log_checkpoint c = {.market = {MARKET}, LEAVES, root_of(TRUE_LOG, LEAVES)};
    CHECK(ph_log_folder_publish(f, &c, n.text, n.size, err, sizeof err) == PH_OK);
    ph_log_folder_close(f);
}

static bool attack_tile(uint64_t *seed)
{
    uint8_t was[PH_TILE_BYTES], now[PH_TILE_BYTES];
    const char *name = tiles[chance(seed, 3)];
    size_t size = a_folder_read(log_path, name, was, sizeof was), new_size = size;
    memcpy(now, was, size);
    switch (chance(seed, 3)) {
    case 0: new_size = chance(seed, size); break;
    case 1: memcpy(now + 32 * chance(seed, size / 32), &leaves[FORK][LEAVES - 1], 32); break;
    default: flip_bit(&now[chance(seed, size)], seed);
    }
    a_folder_write(log_path, name, now, new_size);
    char err[512];
    ph_log_reader *r = NULL;
    ph_log_size whole = {LEAVES, root_of(TRUE_LOG, LEAVES)};
    ph_status s = ph_log_reader_open(log_path, &whole, &r, err, sizeof err);
    bool found_out = s != PH_OK;
    if (found_out) CHECK(strstr(err, "tile") != NULL);
    for (uint32_t i = 0; s == PH_OK && i < LEAVES; i++) {
        ph_hash leaf;
        ph_hash_source source = ph_log_reader_source(r);
        s = source.subtree(source.arg, 0, i, &leaf);
        if (s == PH_OK) CHECK(memcmp(&leaf, &leaves[TRUE_LOG][i], sizeof leaf) == 0);
        if (s != PH_OK) CHECK(strstr(ph_log_reader_why(r), name) != NULL);
        found_out |= s != PH_OK;
    }
    ph_log_reader_close(r);
    a_folder_write(log_path, name, was, size);
    return found_out;
}

/* ---- The run --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool (*attack)(uint64_t *seed); /* false: what was accepted is true */
} kinds[] = {
    {"checkpoints", attack_checkpoint}, {"cosigned checkpoints", attack_cosignature},
    {"inclusion", attack_inclusion},    {"growth, forks", attack_growth},
    {"contracts", attack_contract},     {"snapshots", attack_snapshot},
    {"tiles of the log", attack_tile},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static const uint32_t shares[KINDS] = {16, 10, 20, 20, 20, 10, 4}; /* percent */

static void begin(void)
{
    uint64_t seed = 4711;
    CHECK(sodium_init() >= 0);
    make_signer(&notary, 5);
    make_signer(&attacker, 6);
    make_signer(&witness, 7);
    for (uint32_t log = 0; log < LOGS; log++) {
        for (uint32_t i = 0; i < LEAVES; i++) {
            for (uint32_t b = 0; b < sizeof(ph_hash); b++)
                leaves[log][i].b[b] = (uint8_t)memory_chance(&seed);
            if (log == FORK && i < COMMON) leaves[log][i] = leaves[TRUE_LOG][i];
        }
    }
    make_batch(&batches[0], 0, MARKET, &notary);
    make_batch(&batches[1], 1, MARKET, &notary);
    make_batch(&batches[2], 2, ELSEWHERE, &notary);
    make_batch(&batches[3], 3, MARKET, &attacker);
    states = calloc(1, sizeof *states);
    states_pristine = calloc(1, sizeof *states_pristine);
    CHECK(states != NULL && states_pristine != NULL);
    make_states();
    make_tiles();
}

START_TEST(what_is_accepted_is_true)
{
    uint64_t refused[KINDS] = {0}, harmless[KINDS] = {0};
    uint64_t first = attack_number("PH_SEED", 1), cnt = attack_number("PH_SEEDS", ATTACKS);
    begin();
    for (uint64_t i = 0; i < cnt; i++) {
        uint64_t seed = attack_seed = first + i;
        uint32_t k = attack_pick(&seed, shares, KINDS);
        attack_kind = kinds[k].name;
        if (kinds[k].attack(&seed))
            refused[k]++;
        else
            harmless[k]++;
    }
    for (uint32_t k = 0; k < KINDS; k++)
        printf("%-24s %8" PRIu64 " found out, %6" PRIu64 " that still told the truth\n",
               kinds[k].name, refused[k], harmless[k]);
    a_folder_remove(folder);
    free(states);
    free(states_pristine);
}
END_TEST

int main(void)
{
    return attack_run("forgery", what_is_accepted_is_true);
}
