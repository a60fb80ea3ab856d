/* SPDX-License-Identifier: Apache-2.0 */
/*  Checkpoints that somebody kept, and those that a witness cosigned: "prove consistency" and
    "witness" against the log. */
#include <string.h>

#include <sodium.h>
#include <sys/stat.h>

#include "clients/audit/log_note.h"
#include "engine/notary/note.h"
#include "engine/process/z85.h"
#include "tests/prop/attack_logs.h"

#define WITNESS "witness.example"

/* ---- Kept checkpoints ------------------------------------------------------------------------ */

/* Of the true log, a number of its records; what is accepted still says them. */
static attack_end judge_kept(const text *now, uint64_t cnt)
{
    ph_log_checkpoint c;
    const char *path = put_file("kept", now);
    ph_audit_request q = {.log = logs[TRUE_LOG].folder,
                          .journal = logs[TRUE_LOG].journal,
                          .key = notary_hex,
                          .args = {"consistency", path}};
    int status = judge(ph_audit_prove, &q);
    if (status == PH_AUDIT_RIGHT) {
        CHECK(believe(now->v, now->size, &c) && c.leaf_cnt == cnt && log_of(&c) == TRUE_LOG);
        return HARMLESS;
    }
    CHECK(status == PH_AUDIT_WRONG && is_said(path) && is_said("checkpoint \""));
    return FOUND;
}

static uint64_t some_size(uint64_t *seed)
{
    return 1 + chance(seed, logs[TRUE_LOG].cnt);
}

static attack_end kept_text(uint64_t *seed, change_text *how)
{
    uint64_t cnt = some_size(seed);
    text was = checkpoint_of(TRUE_LOG, cnt, &by_notary), now = was;
    how(&now, 0, seed);
    return text_equal(&was, &now) ? NOTHING : judge_kept(&now, cnt);
}

/* The lines of one note up to some line, then those of another from there on. */
static text splice_notes(const text *a, const text *b, uint64_t *seed)
{
    size_t lines = 1 + chance(seed, 4), at = 0, from = 0;
    for (size_t i = 0; i < lines; i++) {
        at = text_line_end(a, at);
        from = text_line_end(b, from);
    }
    text t = text_of(a->v, at);
    text_add(&t, b->v + from, b->size - from);
    return t;
}

static attack_end kept_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed), other_cnt = some_size(seed);
    text was = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    log_kind from = (log_kind)chance(seed, LOGS);
    if (other_cnt > logs[from].cnt) return NOTHING;
    text other = checkpoint_of(from, other_cnt, &by_notary);
    text now =
        chance(seed, 2) == 0 ? splice_notes(&was, &other, seed) : splice_notes(&other, &was, seed);
    if (text_equal(&now, &was) || text_equal(&now, &other)) return NOTHING;
    return judge_kept(&now, cnt);
}

/* A checkpoint of the fork, signed: no log of one history has both. */
static attack_end kept_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = 1 + chance(seed, logs[FORK].cnt);
    if (cnt > logs[TRUE_LOG].cnt) return NOTHING;
    text fork = checkpoint_of(FORK, cnt, &by_notary),
         same = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    if (cnt <= common) {
        CHECK(text_equal(&fork, &same));
        return judge_kept(&fork, cnt);
    }
    ph_audit_request q = {.log = logs[TRUE_LOG].folder,
                          .journal = logs[TRUE_LOG].journal,
                          .key = notary_hex,
                          .args = {"consistency", put_file("kept", &fork)}};
    CHECK(judge(ph_audit_prove, &q) == PH_AUDIT_FORK && is_said("FORK"));
    text newest = checkpoint_of(TRUE_LOG, logs[TRUE_LOG].cnt, &by_notary);
    CHECK(is_shown(fork.v) && is_shown(newest.v)); /* the evidence: both, whole */
    return FOUND;
}

/* The log shows an earlier checkpoint than one that was kept. */
static attack_end kept_replay(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t then = 1 + chance(seed, PH_TILE_WIDTH - 1); /* its tiles are still there */
    uint64_t cnt = then + 1 + chance(seed, logs[TRUE_LOG].cnt - then);
    text old = checkpoint_of(TRUE_LOG, then, &by_notary);
    text kept = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    text newest = checkpoint_of(TRUE_LOG, logs[TRUE_LOG].cnt, &by_notary);
    logs_show(TRUE_LOG, &old);
    ph_audit_request q = {.log = logs[TRUE_LOG].folder,
                          .journal = logs[TRUE_LOG].journal,
                          .key = notary_hex,
                          .args = {"consistency", put_file("kept", &kept)}};
    int status = judge(ph_audit_prove, &q);
    logs_show(TRUE_LOG, &newest);
    CHECK(status == PH_AUDIT_WRONG && is_said("ROLLBACK") && is_shown(kept.v) && is_shown(old.v));
    return FOUND;
}

/* Another root, or another number of records, under the signature of before. */
static attack_end kept_terms(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed), told = chance(seed, 2) == 0 ? cnt : some_size(seed);
    text was = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    text rewritten = checkpoint_of(told == cnt ? FORK : TRUE_LOG, told, &by_attacker);
    if (told == cnt && cnt <= common) return NOTHING;
    size_t blank = (size_t)(strstr(was.v, "\n\n") - was.v) + 1;
    text now = text_of(rewritten.v, (size_t)(strstr(rewritten.v, "\n\n") - rewritten.v) + 1);
    text_add(&now, was.v + blank, was.size - blank);
    return text_equal(&was, &now) ? NOTHING : judge_kept(&now, cnt);
}

static attack_end kept_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed);
    text now = checkpoint_of(TRUE_LOG, cnt, &by_attacker);
    return judge_kept(&now, cnt);
}

static void begin(void)
{
    (void)attack_logs_begin(); /* its folder is found by file_path */
}

const attacked attacked_checkpoint = {.name = "checkpoint",
                                      .each = 400,
                                      .begin = begin,
                                      .cells = {[FLIP] = {.run = kept_text, .how = text_flip},
                                                [DROP] = {.run = kept_text, .how = text_drop},
                                                [DOUBLE] = {.run = kept_text, .how = text_double},
                                                [SWAP] = {.run = kept_text, .how = text_swap},
                                                [CUT] = {.run = kept_text, .how = text_cut},
                                                [SPLICE] = {.run = kept_splice},
                                                [FORKED] = {.run = kept_fork},
                                                [REPLAY] = {.run = kept_replay},
                                                [TERMS] = {.run = kept_terms},
                                                [OTHER_KEY] = {.run = kept_other_key}}};

/* ---- Cosigned checkpoints -------------------------------------------------------------------- */

enum { COSIGNED_AT = 1700000000 };

/* The note with the line of a witness. */
static text cosigned(const text *note, uint64_t seconds, const signer *by)
{
    text t = *note;
    char message[PH_NOTE_COSIGNED_MAX];
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_writer w = ph_writer_of(message, sizeof message);
    ph_note_cosigned_write(&w, note->v, (size_t)(strstr(note->v, "\n\n") - note->v) + 1, seconds);
    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)message, ph_writer_size(&w),
                               by->secret); /* cannot fail */
    ph_writer line = ph_writer_of(t.v + t.size, sizeof t.v - t.size);
    ph_note_cosignature_write(&line, &(ph_note_signer){WITNESS, &by->key}, seconds, signature);
    CHECK(!w.full && !line.full);
    t.size += ph_writer_size(&line);
    return t;
}

static int run_witness(log_kind shown, const text *state)
{
    ph_audit_request q = {.log = logs[shown].folder,
                          .journal = logs[TRUE_LOG].journal,
                          .key = notary_hex,
                          .state = put_file("state", state),
                          .witness_key = file_path("witness.key"),
                          .at = COSIGNED_AT + 10};
    return judge(ph_audit_witness, &q);
}

/* What it remembered: so many records of the true log, cosigned then. */
static attack_end judge_state(const text *now, uint64_t cnt)
{
    ph_log_checkpoint c;
    uint64_t when = 0;
    int status = run_witness(TRUE_LOG, now);
    if (status == PH_AUDIT_RIGHT) {
        ph_note_signer by = {WITNESS, &by_witness.key};
        CHECK(believe(now->v, now->size, &c) && c.leaf_cnt == cnt && log_of(&c) == TRUE_LOG);
        CHECK(ph_note_cosignature_verify(now->v, now->size, &by, &when) == PH_OK);
        CHECK(when == COSIGNED_AT);
        return HARMLESS;
    }
    CHECK(status == PH_AUDIT_WRONG && is_said("state \"") && is_said(file_path("state")));
    return FOUND;
}

static attack_end cosigned_text(uint64_t *seed, change_text *how)
{
    uint64_t cnt = some_size(seed);
    text note = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    text was = cosigned(&note, COSIGNED_AT, &by_witness), now = was;
    how(&now, chance(seed, 2) == 0 ? 0 : note.size, seed);
    return text_equal(&was, &now) ? NOTHING : judge_state(&now, cnt);
}

/* The cosignature of one checkpoint under another. */
static attack_end cosigned_splice(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed), other_cnt = some_size(seed);
    log_kind under = (log_kind)chance(seed, LOGS);
    if (other_cnt > logs[under].cnt) return NOTHING;
    text note = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    text was = cosigned(&note, COSIGNED_AT, &by_witness);
    text now = checkpoint_of(under, other_cnt, &by_notary);
    if (text_equal(&now, &note)) return NOTHING;
    text_add(&now, was.v + note.size, was.size - note.size);
    return judge_state(&now, cnt);
}

/* The log that is shown to a witness is not the one that it cosigned. */
static attack_end cosigned_fork(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed);
    text note = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    text state = cosigned(&note, COSIGNED_AT, &by_witness);
    text fork = checkpoint_of(FORK, logs[FORK].cnt, &by_notary);
    int status = run_witness(FORK, &state);
    if (cnt <= common) {
        CHECK(status == PH_AUDIT_RIGHT);
        return HARMLESS;
    }
    if (cnt > logs[FORK].cnt) {
        CHECK(status == PH_AUDIT_WRONG && is_said("ROLLBACK"));
        return FOUND;
    }
    CHECK(status == PH_AUDIT_FORK && is_said("FORK") && is_shown(state.v) && is_shown(fork.v));
    return FOUND;
}

static attack_end cosigned_replay(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t then = 1 + chance(seed, logs[TRUE_LOG].cnt - 1);
    text old = checkpoint_of(TRUE_LOG, then, &by_notary);
    text newest = checkpoint_of(TRUE_LOG, logs[TRUE_LOG].cnt, &by_notary);
    text state = cosigned(&newest, COSIGNED_AT, &by_witness);
    logs_show(TRUE_LOG, &old);
    int status = run_witness(TRUE_LOG, &state);
    logs_show(TRUE_LOG, &newest);
    CHECK(status == PH_AUDIT_WRONG && is_said("ROLLBACK") && is_shown(state.v) && is_shown(old.v));
    return FOUND;
}

/* Another time before the same signature. */
static attack_end cosigned_terms(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed), told = COSIGNED_AT - 1000 + chance(seed, 2000);
    uint8_t line[12 + PH_NOTE_SIGNATURE_SIZE];
    char base64[160];
    size_t size = 0;
    if (told == COSIGNED_AT) return NOTHING;
    text note = checkpoint_of(TRUE_LOG, cnt, &by_notary);
    text now = cosigned(&note, COSIGNED_AT, &by_witness);
    size_t at = text_line_start(&now, now.size - 1) + strlen("\xe2\x80\x94 " WITNESS " ");
    CHECK(sodium_base642bin(line, sizeof line, now.v + at, now.size - 1 - at, NULL, &size, NULL,
                            sodium_base64_VARIANT_ORIGINAL) == 0 &&
          size == sizeof line);
    for (unsigned i = 0; i < 8; i++) /* behind the key id, the most significant byte first */
        line[4 + i] = (uint8_t)(told >> 8 * (7 - i));
    (void)sodium_bin2base64(base64, sizeof base64, line, sizeof line,
                            sodium_base64_VARIANT_ORIGINAL); /* returns base64 */
    now.size = at;
    text_add(&now, base64, strlen(base64));
    text_add(&now, "\n", 1);
    return judge_state(&now, cnt);
}

static attack_end cosigned_other_key(uint64_t *seed, change_text *how)
{
    (void)how;
    uint64_t cnt = some_size(seed);
    bool is_notes = chance(seed, 2) == 0;
    text note = checkpoint_of(TRUE_LOG, cnt, is_notes ? &by_attacker : &by_notary);
    text now = cosigned(&note, COSIGNED_AT, is_notes ? &by_witness : &by_attacker);
    return judge_state(&now, cnt);
}

static void begin_cosigned(void)
{
    char curve_public[PH_Z85_KEY_SIZE + 1], curve_secret[PH_Z85_KEY_SIZE + 1], public[65], seed[65];
    uint8_t curve[2][32], of[32];
    text t = {.size = 0};
    begin();
    memset(of, 7, sizeof of); /* the witness is the third that was made, from 5 on */
    (void)crypto_box_seed_keypair(curve[0], curve[1], of); /* cannot fail */
    (void)sodium_bin2hex(public, sizeof public, by_witness.key.b,
                         32);                        /* gives its first argument */
    (void)sodium_bin2hex(seed, sizeof seed, of, 32); /* the same */
    int size = snprintf(t.v, sizeof t.v,
                        "name = " WITNESS "\ncurve_public = %s\ncurve_secret = %s\n"
                        "sign_public = %s\nsign_seed = %s\n",
                        ph_z85_write(curve[0], curve_public), ph_z85_write(curve[1], curve_secret),
                        public, seed);
    t.size = (size_t)size;
    CHECK(chmod(put_file("witness.key", &t), 0600) == 0);
}

const attacked attacked_cosignature = {
    .name = "cosignature",
    .each = 300,
    .begin = begin_cosigned,
    .cells = {[FLIP] = {.run = cosigned_text, .how = text_flip},
              [DROP] = {.run = cosigned_text, .how = text_drop},
              [DOUBLE] = {.run = cosigned_text, .how = text_double},
              [SWAP] = {.run = cosigned_text, .how = text_swap},
              [CUT] = {.run = cosigned_text, .how = text_cut},
              [SPLICE] = {.run = cosigned_splice},
              [FORKED] = {.run = cosigned_fork},
              [REPLAY] = {.run = cosigned_replay},
              [TERMS] = {.run = cosigned_terms},
              [OTHER_KEY] = {.run = cosigned_other_key}}};
