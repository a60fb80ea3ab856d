/* SPDX-License-Identifier: Apache-2.0 */
/*  Proofs of inclusion and of growth: "prove check". */
#include <string.h>

#include "clients/audit/log_proof.h"
#include "engine/notary/note.h"
#include "tests/prop/attack_logs.h"

#include <sodium.h>

static text proof_text(const ph_log_proof *p)
{
    text t = {.size = 0};
    ph_writer w = ph_writer_of(t.v, sizeof t.v);
    ph_log_proof_write(&w, p);
    CHECK(!w.full);
    t.size = ph_writer_size(&w);
    return t;
}

/* Where the checkpoint of a proof begins. */
static size_t note_at(const text *t)
{
    const char *blank = strstr(t->v, "\n\n");
    CHECK(blank != NULL);
    return (size_t)(blank - t->v) + 2;
}

/* What was wrong is named where it begins: a line of the proof, its checkpoint, or that all of it
   together leads nowhere. */
static void check_place(const text *now, const text *was)
{
    ph_log_proof p;
    ph_log_proof_fault fault;
    size_t at = text_difference(now, was);
    if (ph_log_proof_read(now->v, now->size, &p, &fault) != PH_OK) {
        char line[64];
        snprintf(line, sizeof line, "is no proof: line %" PRIu32 ": ", fault.line);
        CHECK(is_said(file_path("proof")) && is_said(line));
        CHECK(fault.line >= text_line(was, at) && !text_line_equal(now, was, fault.line));
        return;
    }
    ph_log_checkpoint c;
    bool is_note = is_said("the checkpoint of the proof ");
    /* A signed one is right in itself: it is the path that does not lead there. */
    if (at >= note_at(was)) CHECK(is_note || believe(p.note, p.note_size, &c));
    if (!is_note)
        CHECK(is_said("the proof does not lead from") || is_said("the proof is from another") ||
              is_said("the proof is of a record behind") || is_said("from where?") ||
              is_said("of which record?") || is_said("needs no old checkpoint") ||
              is_said("--entry is for a proof of inclusion") || is_said("FORK"));
}

static bool changes(text *now, const text *was, change_text *how, uint64_t *seed)
{
    how(now, 0, seed);
    return !text_equal(now, was);
}

static void change_path(ph_log_path *p, uint64_t *seed)
{
    if (p->cnt == 0) return;
    uint32_t i = (uint32_t)chance(seed, p->cnt);
    p->v[i] = logs[chance(seed, LOGS)].leaves[chance(seed, logs[FORK].cnt / 2)];
}

/* The same proof with the hash of some record where one of its path was. */
static text with_another_path(const text *was, uint64_t *seed)
{
    ph_log_proof p;
    ph_log_proof_fault fault;
    CHECK(ph_log_proof_read(was->v, was->size, &p, &fault) == PH_OK);
    change_path(&p.path, seed);
    return proof_text(&p);
}

/* ---- Inclusion ------------------------------------------------------------------------------- */

typedef struct {
    log_kind path_of, under; /* whose path, and whose checkpoint */
    uint64_t index, cnt, number;
} inclusion;

static text inclusion_text(const inclusion *i, const signer *by)
{
    text note = checkpoint_of(i->under, i->cnt, by);
    ph_log_proof p = {.kind = PH_LOG_PROOF_INCLUSION,
                      .number = i->number,
                      .note = note.v,
                      .note_size = note.size};
    ph_hash_source source = logs_source(i->path_of);
    CHECK(ph_log_prove_inclusion(&source, i->index, i->cnt, &p.path) == PH_OK);
    return proof_text(&p);
}

static inclusion some_inclusion(uint64_t *seed)
{
    uint64_t most = logs[TRUE_LOG].cnt < logs[FORK].cnt ? logs[TRUE_LOG].cnt : logs[FORK].cnt;
    inclusion i = {.cnt = 1 + chance(seed, most)};
    i.index = i.number = chance(seed, i.cnt);
    return i;
}

/* Of a record of the true journal. */
static attack_end judge_inclusion(const text *now, const text *was, uint64_t index)
{
    char entry[65];
    ph_log_proof p;
    ph_log_proof_fault fault;
    ph_log_checkpoint c;
    const ph_hash *record = &logs[TRUE_LOG].records[index];
    ph_audit_request q = {
        .journal = logs[TRUE_LOG].journal,
        .key = notary_hex,
        .entry = sodium_bin2hex(entry, sizeof entry, record->b, sizeof record->b),
        .args = {"check", put_file("proof", now)},
    };
    int status = judge(ph_audit_prove, &q);
    if (status != PH_AUDIT_RIGHT) {
        CHECK(status == PH_AUDIT_WRONG || (status == PH_AUDIT_USAGE && is_said("from where?")));
        check_place(now, was);
        return FOUND;
    }
    CHECK(ph_log_proof_read(now->v, now->size, &p, &fault) == PH_OK);
    CHECK(believe(p.note, p.note_size, &c) && log_of(&c) != LOGS && p.number < c.leaf_cnt);
    const ph_hash *there = &logs[log_of(&c)].leaves[p.number];
    CHECK(memcmp(there, &logs[TRUE_LOG].leaves[index], sizeof *there) == 0);
    return HARMLESS;
}

static attack_end inclusion_changed(uint64_t *seed, change_text *how)
{
    inclusion i = some_inclusion(seed);
    text was = inclusion_text(&i, &by_notary), now = was;
    return changes(&now, &was, how, seed) ? judge_inclusion(&now, &was, i.index) : NOTHING;
}

/* The path of one log under the checkpoint of another, or hashes of any between those of a path. */
static attack_end inclusion_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    inclusion i = some_inclusion(seed);
    text was = inclusion_text(&i, &by_notary), now;
    if (chance(seed, 2) == 0) {
        now = with_another_path(&was, seed);
    } else {
        i.path_of = (log_kind)chance(seed, 2);
        i.under = (log_kind)chance(seed, LOGS);
        if (i.cnt > logs[i.under].cnt) return NOTHING;
        now = inclusion_text(&i, &by_notary);
    }
    return text_equal(&now, &was) ? NOTHING : judge_inclusion(&now, &was, i.index);
}

/* A whole proof of the fork, signed, for a record of the true journal. */
static attack_end inclusion_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    inclusion i = some_inclusion(seed);
    text was = inclusion_text(&i, &by_notary);
    i.path_of = i.under = FORK;
    text now = inclusion_text(&i, &by_notary);
    attack_end end = judge_inclusion(&now, &was, i.index);
    /* Both histories have the records that they begin with: of these it says the truth. */
    CHECK((end == HARMLESS) == (i.index < common));
    return end;
}

/* A right proof, of another record. */
static attack_end inclusion_replay(uint64_t *seed, change_text *how)
{
    (void)how;
    inclusion i = some_inclusion(seed);
    uint64_t index = chance(seed, i.cnt);
    if (index == i.index) return NOTHING;
    text now = inclusion_text(&i, &by_notary);
    attack_end end = judge_inclusion(&now, &now, index);
    CHECK(end == FOUND && is_said("the proof does not lead from the record"));
    return end;
}

/* Another number before the same path. */
static attack_end inclusion_terms(uint64_t *seed, change_text *how)
{
    (void)how;
    inclusion i = some_inclusion(seed);
    text was = inclusion_text(&i, &by_notary);
    i.number = chance(seed, 3) == 0 ? i.index ^ 1 : chance(seed, 2 * i.cnt);
    if (i.number == i.index) return NOTHING;
    text now = inclusion_text(&i, &by_notary);
    attack_end end = judge_inclusion(&now, &was, i.index);
    CHECK(end == FOUND);
    return end;
}

static attack_end inclusion_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    inclusion i = some_inclusion(seed);
    text was = inclusion_text(&i, &by_notary), now = inclusion_text(&i, &by_attacker);
    attack_end end = judge_inclusion(&now, &was, i.index);
    CHECK(end == FOUND && is_said("the checkpoint of the proof is not signed by this key"));
    return end;
}

static void begin(void)
{
    (void)attack_logs_begin(); /* its folder is found by file_path */
}

const attacked attacked_inclusion = {
    .name = "inclusion proof",
    .each = 400,
    .begin = begin,
    .cells = {[FLIP] = {.run = inclusion_changed, .how = text_flip},
              [DROP] = {.run = inclusion_changed, .how = text_drop},
              [DOUBLE] = {.run = inclusion_changed, .how = text_double},
              [SWAP] = {.run = inclusion_changed, .how = text_swap},
              [CUT] = {.run = inclusion_changed, .how = text_cut},
              [SPLICE] = {.run = inclusion_splice},
              [FORKED] = {.run = inclusion_fork},
              [REPLAY] = {.run = inclusion_replay},
              [TERMS] = {.run = inclusion_terms},
              [OTHER_KEY] = {.run = inclusion_other_key}}};

/* ---- Growth ---------------------------------------------------------------------------------- */

typedef struct {
    log_kind old_of, new_of, path_of;
    uint64_t old_cnt, new_cnt, number;
} growth;

static growth some_growth(uint64_t *seed)
{
    uint64_t most = logs[TRUE_LOG].cnt < logs[FORK].cnt ? logs[TRUE_LOG].cnt : logs[FORK].cnt;
    growth g = {.new_cnt = 2 + chance(seed, most - 1)};
    g.old_cnt = g.number = 1 + chance(seed, g.new_cnt - 1);
    return g;
}

static text growth_text(const growth *g, const signer *by)
{
    text note = checkpoint_of(g->new_of, g->new_cnt, by);
    ph_log_proof p = {
        .kind = PH_LOG_PROOF_GROWTH, .number = g->number, .note = note.v, .note_size = note.size};
    ph_hash_source source = logs_source(g->path_of);
    CHECK(ph_log_prove_growth(&source, g->old_cnt, g->new_cnt, &p.path) == PH_OK);
    return proof_text(&p);
}

/* Against a checkpoint of the true log that was kept. */
static attack_end judge_growth(const text *now, const text *was, uint64_t kept_cnt)
{
    ph_log_proof p;
    ph_log_proof_fault fault;
    ph_log_checkpoint c;
    text kept = checkpoint_of(TRUE_LOG, kept_cnt, &by_notary);
    ph_audit_request q = {
        .journal = logs[TRUE_LOG].journal,
        .key = notary_hex,
        .args = {"check", put_file("proof", now), put_file("kept", &kept)},
    };
    int status = judge(ph_audit_prove, &q);
    if (status != PH_AUDIT_RIGHT) {
        CHECK(status == PH_AUDIT_WRONG || (status == PH_AUDIT_FORK && is_said("FORK")) ||
              (status == PH_AUDIT_USAGE && is_said("of which record?")));
        check_place(now, was);
        return FOUND;
    }
    CHECK(ph_log_proof_read(now->v, now->size, &p, &fault) == PH_OK && p.number == kept_cnt);
    CHECK(believe(p.note, p.note_size, &c) && log_of(&c) != LOGS && c.leaf_cnt >= kept_cnt);
    /* One history has both: the true one, or what the two have in common. */
    CHECK(log_of(&c) == TRUE_LOG || kept_cnt <= common);
    return HARMLESS;
}

static attack_end growth_changed(uint64_t *seed, change_text *how)
{
    growth g = some_growth(seed);
    text was = growth_text(&g, &by_notary), now = was;
    return changes(&now, &was, how, seed) ? judge_growth(&now, &was, g.old_cnt) : NOTHING;
}

static attack_end growth_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    growth g = some_growth(seed);
    text was = growth_text(&g, &by_notary), now;
    if (chance(seed, 2) == 0) {
        now = with_another_path(&was, seed);
    } else {
        g.path_of = (log_kind)chance(seed, 2);
        g.new_of = (log_kind)chance(seed, LOGS);
        if (g.new_cnt > logs[g.new_of].cnt) return NOTHING;
        now = growth_text(&g, &by_notary);
    }
    return text_equal(&now, &was) ? NOTHING : judge_growth(&now, &was, g.old_cnt);
}

/* Two signed checkpoints of two histories do not prove consistent, whichever of the two the proof
   is made from. */
static attack_end growth_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    growth g = some_growth(seed);
    text was = growth_text(&g, &by_notary);
    g.new_of = FORK;
    g.path_of = (log_kind)chance(seed, 2);
    bool is_same_size = chance(seed, 4) == 0;
    if (is_same_size) g.old_cnt = g.number = g.new_cnt;
    text now = growth_text(&g, &by_notary);
    attack_end end = judge_growth(&now, &was, g.old_cnt);
    if (g.old_cnt > common) {
        text kept = checkpoint_of(TRUE_LOG, g.old_cnt, &by_notary);
        text fork = checkpoint_of(FORK, g.new_cnt, &by_notary);
        CHECK(end == FOUND && is_shown(kept.v) && is_shown(fork.v)); /* the evidence */
    } else if (g.path_of == FORK) {
        CHECK(end == HARMLESS);
    }
    return end;
}

/* A right proof, from another checkpoint than the one that was kept. */
static attack_end growth_replay(uint64_t *seed, change_text *how)
{
    (void)how;
    growth g = some_growth(seed);
    uint64_t kept = 1 + chance(seed, g.new_cnt);
    if (kept == g.old_cnt) return NOTHING;
    text now = growth_text(&g, &by_notary);
    attack_end end = judge_growth(&now, &now, kept);
    CHECK(end == FOUND && is_said("the proof is from another checkpoint"));
    return end;
}

/* It says to begin with the kept checkpoint, and does not. */
static attack_end growth_terms(uint64_t *seed, change_text *how)
{
    (void)how;
    growth g = some_growth(seed);
    text was = growth_text(&g, &by_notary);
    g.number = 1 + chance(seed, g.new_cnt - 1);
    if (g.number == g.old_cnt) return NOTHING;
    text now = growth_text(&g, &by_notary);
    attack_end end = judge_growth(&now, &was, g.number);
    CHECK(end == FOUND);
    return end;
}

static attack_end growth_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    growth g = some_growth(seed);
    text was = growth_text(&g, &by_notary), now = growth_text(&g, &by_attacker);
    attack_end end = judge_growth(&now, &was, g.old_cnt);
    CHECK(end == FOUND && is_said("the checkpoint of the proof is not signed by this key"));
    return end;
}

const attacked attacked_growth = {.name = "consistency proof",
                                  .each = 400,
                                  .begin = begin,
                                  .cells = {[FLIP] = {.run = growth_changed, .how = text_flip},
                                            [DROP] = {.run = growth_changed, .how = text_drop},
                                            [DOUBLE] = {.run = growth_changed, .how = text_double},
                                            [SWAP] = {.run = growth_changed, .how = text_swap},
                                            [CUT] = {.run = growth_changed, .how = text_cut},
                                            [SPLICE] = {.run = growth_splice},
                                            [FORKED] = {.run = growth_fork},
                                            [REPLAY] = {.run = growth_replay},
                                            [TERMS] = {.run = growth_terms},
                                            [OTHER_KEY] = {.run = growth_other_key}}};
