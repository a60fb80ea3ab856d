/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/audit/audit.h"
#include "clients/audit/log_note.h"
#include "clients/audit/log_proof.h"
#include "clients/audit/log_record.h"
#include "engine/process/file.h"

/* A number of records from 1 on; false if the text is no such number. */
static bool read_number(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (text[0] < '1' || text[0] > '9' || *end != '\0' || errno != 0) return false;
    *ret = v;
    return true;
}

static int print_proof(ph_log_proof_kind kind, uint64_t number, const ph_log_path *path,
                       const ph_log_note *note)
{
    static char text[PH_LOG_PROOF_MAX];
    ph_log_proof p = {
        .kind = kind, .number = number, .path = *path, .note = note->note, .note_size = note->size};
    ph_writer w = ph_writer_of(text, sizeof text);
    ph_log_proof_write(&w, &p);
    if (w.full) {
        ph_audit_say("the proof is too long");
        return PH_AUDIT_FAILED;
    }
    printf("%.*s", (int)ph_writer_size(&w), text);
    return PH_AUDIT_RIGHT;
}

static int said(ph_status s, const ph_log_reader *reader)
{
    ph_audit_say("%s", ph_log_reader_why(reader));
    return ph_audit_exit(s);
}

/* ---- Inclusion --------------------------------------------------------------------------- */

/* The leaf that the log has for a record, and that of the journal if there is one, must agree. */
static int compare_leaf(const ph_audit_request *q, const ph_hash *leaf, uint64_t seq)
{
    ph_hash entry;
    if (q->journal == NULL) return PH_AUDIT_RIGHT;
    int status = ph_log_record_find(q->journal, seq, &entry);
    if (status != PH_AUDIT_RIGHT) return status;
    ph_hash own = ph_merkle_leaf(entry.b, sizeof entry.b);
    if (memcmp(own.b, leaf->b, sizeof own.b) == 0) return PH_AUDIT_RIGHT;
    ph_audit_say("record %" PRIu64 " of the journal is not the one that the log signed", seq);
    return PH_AUDIT_WRONG;
}

static int prove_inclusion(const ph_audit_request *q, const ph_log_signer *by)
{
    uint64_t seq;
    ph_log_note note;
    ph_log_reader *reader;
    ph_log_path path;
    ph_hash leaf;
    if (!read_number(q->args[1], &seq)) {
        ph_audit_say("%s: not the number of a record", q->args[1]);
        return PH_AUDIT_USAGE;
    }
    int status = ph_log_open(q->log, by, &note, &reader);
    if (status == PH_AUDIT_RIGHT && seq > note.c.leaf_cnt) {
        ph_audit_say("the checkpoint states %" PRIu64 " records, not record %" PRIu64,
                     note.c.leaf_cnt, seq);
        status = PH_AUDIT_NOT_FOUND;
    }
    if (status == PH_AUDIT_RIGHT) {
        ph_hash_source source = ph_log_reader_source(reader);
        ph_status s = ph_log_prove_inclusion(&source, seq - 1, note.c.leaf_cnt, &path);
        if (s == PH_OK) s = source.subtree(source.arg, 0, seq - 1, &leaf);
        status = s == PH_OK ? compare_leaf(q, &leaf, seq) : said(s, reader);
    }
    if (status == PH_AUDIT_RIGHT)
        status = print_proof(PH_LOG_PROOF_INCLUSION, seq - 1, &path, &note);
    ph_log_reader_close(reader);
    return status;
}

/* ---- Consistency ------------------------------------------------------------------------- */

typedef struct {
    const char *folder;
    const ph_log_signer *by;
    ph_log_note newest;
    ph_log_reader *reader;
} log_at_hand;

/* One of the two ends: a file with a checkpoint, or its number of records.  A number alone has no
   signature: only the root that the log gives for it. */
static int take_end(const char *text, log_at_hand *l, ph_log_note *ret)
{
    const ph_log_note *newest = &l->newest;
    uint64_t cnt;
    if (!read_number(text, &cnt)) {
        int status = ph_log_note_read(text, l->by, ret);
        return status == PH_AUDIT_RIGHT ? ph_log_check_growth(l->folder, ret, newest) : status;
    }
    if (cnt == newest->c.leaf_cnt) {
        *ret = *newest;
        return PH_AUDIT_RIGHT;
    }
    if (cnt > newest->c.leaf_cnt) {
        ph_audit_say("the checkpoint states %" PRIu64 " records, fewer than %" PRIu64,
                     newest->c.leaf_cnt, cnt);
        return PH_AUDIT_NOT_FOUND;
    }
    *ret = (ph_log_note){.c = {.market = newest->c.market, .leaf_cnt = cnt}};
    ph_hash_source source = ph_log_reader_source(l->reader);
    ph_status s = ph_log_root(&source, cnt, &ret->c.root);
    return s == PH_OK ? PH_AUDIT_RIGHT : said(s, l->reader);
}

static int prove_growth(const ph_log_note *old, const ph_log_note *new, ph_log_reader *reader)
{
    if (old->c.leaf_cnt > new->c.leaf_cnt) {
        ph_audit_say("the old tree of %" PRIu64 " records is larger than the new of %" PRIu64,
                     old->c.leaf_cnt, new->c.leaf_cnt);
        return PH_AUDIT_USAGE;
    }
    if (new->size == 0) {
        ph_audit_say("no signed checkpoint of %" PRIu64
                     " records is at hand: give its file, or the newest",
                     new->c.leaf_cnt);
        return PH_AUDIT_NOT_FOUND;
    }
    ph_log_path path;
    ph_hash_source source = ph_log_reader_source(reader);
    ph_status s = ph_log_prove_growth(&source, old->c.leaf_cnt, new->c.leaf_cnt, &path);
    if (s != PH_OK) return said(s, reader);
    return print_proof(PH_LOG_PROOF_GROWTH, old->c.leaf_cnt, &path, new);
}

static int prove_consistency(const ph_audit_request *q, const ph_log_signer *by)
{
    log_at_hand l = {.folder = q->log, .by = by};
    ph_log_note old, new;
    int status = ph_log_open(q->log, by, &l.newest, &l.reader);
    if (status == PH_AUDIT_RIGHT) status = take_end(q->args[1], &l, &old);
    new = l.newest;
    if (status == PH_AUDIT_RIGHT && q->args[2] != NULL) status = take_end(q->args[2], &l, &new);
    if (status == PH_AUDIT_RIGHT) status = prove_growth(&old, &new, l.reader);
    ph_log_reader_close(l.reader);
    return status;
}

/* ---- Check ------------------------------------------------------------------------------- */

static int check_inclusion(const ph_audit_request *q, const ph_log_proof *p,
                           const ph_log_note *note)
{
    ph_hash entry;
    ph_key digits;
    int status = PH_AUDIT_USAGE;
    if (q->args[2] != NULL) {
        ph_audit_say("a proof of inclusion needs no old checkpoint: give the proof alone");
    } else if (p->number >= note->c.leaf_cnt) {
        ph_audit_say("the proof is of a record behind the last of its checkpoint, record %" PRIu64,
                     note->c.leaf_cnt);
        status = PH_AUDIT_WRONG;
    } else if (q->entry != NULL) {
        status = ph_audit_key(q->entry, &digits);
        memcpy(entry.b, digits.b, sizeof entry.b);
    } else if (q->journal != NULL) {
        status = ph_log_record_find(q->journal, p->number + 1, &entry);
    } else {
        ph_audit_say("of which record? give --journal DIRECTORY or --entry HEX");
    }
    if (status != PH_AUDIT_RIGHT) return status;
    ph_hash leaf = ph_merkle_leaf(entry.b, sizeof entry.b);
    ph_merkle_place place = {p->number, note->c.leaf_cnt, p->path.v[0].b, p->path.cnt};
    if (!ph_merkle_verify(&leaf, &place, &note->c.root)) {
        ph_audit_say("the proof does not lead from the record to the signed root");
        return PH_AUDIT_WRONG;
    }
    printf("right: record %" PRIu64 " is in the log of %s with %" PRIu64 " records\n",
           p->number + 1, note->c.market.s, note->c.leaf_cnt);
    return PH_AUDIT_RIGHT;
}

static int check_growth(const ph_audit_request *q, const ph_log_proof *p, const ph_log_signer *by,
                        const ph_log_note *note)
{
    ph_log_note old;
    if (q->entry != NULL) {
        ph_audit_say("--entry is for a proof of inclusion, and this is one of consistency");
        return PH_AUDIT_USAGE;
    }
    if (q->args[2] == NULL) {
        ph_audit_say("from where? give the file of the old checkpoint too");
        return PH_AUDIT_USAGE;
    }
    int status = ph_log_note_read(q->args[2], by, &old);
    if (status != PH_AUDIT_RIGHT) return status;
    if (strcmp(old.c.market.s, note->c.market.s) != 0 || old.c.leaf_cnt != p->number) {
        ph_audit_say("the proof is from another checkpoint: it says %" PRIu64
                     " records of %s, the file %" PRIu64 " of %s",
                     p->number, note->c.market.s, old.c.leaf_cnt, old.c.market.s);
        return PH_AUDIT_WRONG;
    }
    if (old.c.leaf_cnt == note->c.leaf_cnt &&
        memcmp(old.c.root.b, note->c.root.b, sizeof old.c.root.b) != 0)
        return ph_log_show_both(PH_AUDIT_FORK, "FORK, the log signed two histories", &old, note);
    ph_merkle_growth growth = {p->number, note->c.leaf_cnt, p->path.v[0].b, p->path.cnt};
    if (!ph_merkle_extends(&growth, &old.c.root, &note->c.root))
        return ph_log_show_both(PH_AUDIT_WRONG,
                                "the proof does not lead from the old root to the new", &old, note);
    printf("right: the log of %s with %" PRIu64 " records begins with that of %" PRIu64 "\n",
           note->c.market.s, note->c.leaf_cnt, old.c.leaf_cnt);
    return PH_AUDIT_RIGHT;
}

static int check_file(const ph_audit_request *q, const ph_log_signer *by)
{
    static char text[PH_LOG_PROOF_MAX];
    size_t size;
    ph_log_proof p;
    ph_log_note note;
    ph_log_proof_fault fault;
    ph_status s = ph_file_read(AT_FDCWD, q->args[1], text, sizeof text, &size);
    if (s == PH_EFULL) {
        ph_audit_say("\"%s\" is no proof: it is longer than any", q->args[1]);
        return PH_AUDIT_WRONG;
    }
    if (s != PH_OK) {
        ph_audit_say("could not read \"%s\": %s", q->args[1], strerror(errno));
        return ph_audit_exit(s);
    }
    if (ph_log_proof_read(text, size, &p, &fault) != PH_OK) {
        ph_audit_say("\"%s\" is no proof: line %" PRIu32 ": %s", q->args[1], fault.line, fault.why);
        return PH_AUDIT_WRONG;
    }
    int status = ph_log_note_of("the checkpoint of the proof", p.note, p.note_size, by, &note);
    if (status != PH_AUDIT_RIGHT) return status;
    return p.kind == PH_LOG_PROOF_INCLUSION ? check_inclusion(q, &p, &note)
                                            : check_growth(q, &p, by, &note);
}

int ph_audit_prove(const ph_audit_request *q)
{
    ph_log_signer by;
    int status = ph_log_signer_of(q, &by);
    if (status != PH_AUDIT_RIGHT) return status;
    if (strcmp(q->args[0], "inclusion") == 0) return prove_inclusion(q, &by);
    if (strcmp(q->args[0], "consistency") == 0) return prove_consistency(q, &by);
    return check_file(q, &by);
}
