/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/log_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clients/audit/walk.h"
#include "engine/notary/note.h"
#include "engine/process/file.h"
#include "engine/wire/codec.h"

static const char FORK[] = "FORK, the log signed two histories";

/* The command that opened the market is the first record. */
static int signer_of_journal(const char *journal, ph_log_signer *ret)
{
    ph_walk w;
    ph_journal_batch b;
    bool is_end = true;
    int status = ph_walk_open(journal, &w);
    if (status == PH_AUDIT_RIGHT) status = ph_walk_next(&w, &b, &is_end);
    if (status == PH_AUDIT_RIGHT && is_end) {
        ph_audit_say("journal \"%s\" has no record", journal);
        status = PH_AUDIT_NOT_FOUND;
    }
    if (status == PH_AUDIT_RIGHT) {
        ph_journal_cursor cursor = {0};
        ph_journal_record r;
        ph_command c;
        if (ph_journal_record_next(&b, &cursor, &r) &&
            ph_command_read(r.bytes, r.size, &c) == PH_OK && c.kind == PH_CMD_OPEN_MARKET) {
            *ret = (ph_log_signer){c.u.open_market.notary_sign_key, c.u.open_market.market};
        } else {
            ph_audit_say("the first record of journal \"%s\" opens no market", journal);
            status = PH_AUDIT_WRONG;
        }
    }
    ph_walk_close(&w);
    return status;
}

int ph_log_signer_of(const ph_audit_request *q, ph_log_signer *ret)
{
    *ret = (ph_log_signer){.market = {""}};
    if (q->journal != NULL) {
        int status = signer_of_journal(q->journal, ret);
        if (status != PH_AUDIT_RIGHT) return status;
    }
    return q->key == NULL ? PH_AUDIT_RIGHT : ph_audit_key(q->key, &ret->key);
}

static int wrong(const char *name, const char *why)
{
    ph_audit_say("%s %s", name, why);
    return PH_AUDIT_WRONG;
}

int ph_log_note_of(const char *name, const char *note, size_t size, const ph_log_signer *by,
                   ph_log_note *ret)
{
    char origin[PH_LOG_ORIGIN_MAX] = "";
    const char *newline = size == 0 ? NULL : memchr(note, '\n', size);
    size_t origin_size = newline == NULL ? 0 : (size_t)(newline - note);
    if (size > sizeof ret->note || origin_size == 0 || origin_size >= sizeof origin)
        return wrong(name, "is not a signed checkpoint");
    memcpy(origin, note, origin_size);
    ph_status s = ph_note_verify(note, size, &(ph_note_signer){origin, &by->key}, &ret->text_size);
    if (s == PH_ENOTFOUND) return wrong(name, "is not signed by this key");
    if (s == PH_EDENIED) return wrong(name, "has a signature that does not hold");
    if (s != PH_OK) return wrong(name, "is not a signed checkpoint");
    if (ph_log_checkpoint_read(note, ret->text_size, &ret->c) != PH_OK)
        return wrong(name, "is signed, but not the checkpoint of a journal's log");
    if (by->market.s[0] != '\0' && strcmp(by->market.s, ret->c.market.s) != 0) {
        ph_audit_say("%s is of market %s, the journal of %s", name, ret->c.market.s, by->market.s);
        return PH_AUDIT_WRONG;
    }
    memcpy(ret->note, note, size);
    ret->size = size;
    return PH_AUDIT_RIGHT;
}

int ph_log_note_read(const char *path, const ph_log_signer *by, ph_log_note *ret)
{
    char note[PH_LOG_NOTE_MAX], name[1100];
    size_t size;
    ph_status s = ph_file_read(AT_FDCWD, path, note, sizeof note, &size);
    snprintf(name, sizeof name, "checkpoint \"%s\"", path);
    if (s == PH_EFULL) return wrong(name, "is not a signed checkpoint");
    if (s == PH_OK) return ph_log_note_of(name, note, size, by, ret);
    ph_audit_say("could not read %s: %s", name, strerror(errno));
    return ph_audit_exit(s);
}

static int open_tiles(const char *folder, const ph_log_note *note, ph_log_reader **ret)
{
    char err[1024];
    ph_log_size size = {note->c.leaf_cnt, note->c.root};
    *ret = NULL;
    ph_status s = ph_log_reader_open(folder, &size, ret, err, sizeof err);
    if (s == PH_OK) return PH_AUDIT_RIGHT;
    ph_audit_say("%s", err);
    return ph_audit_exit(s);
}

int ph_log_newest(const char *folder, const ph_log_signer *by, ph_log_note *ret)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/checkpoint", folder);
    return ph_log_note_read(path, by, ret);
}

int ph_log_open(const char *folder, const ph_log_signer *by, ph_log_note *ret,
                ph_log_reader **ret_reader)
{
    *ret_reader = NULL;
    int status = ph_log_newest(folder, by, ret);
    return status == PH_AUDIT_RIGHT ? open_tiles(folder, ret, ret_reader) : status;
}

int ph_log_show_both(int status, const char *what, const ph_log_note *old, const ph_log_note *new)
{
    ph_audit_say("%s: %" PRIu64 " records before, %" PRIu64 " now", what, old->c.leaf_cnt,
                 new->c.leaf_cnt);
    printf("--- before\n%.*s--- now\n%.*s", (int)old->size, old->note, (int)new->size, new->note);
    return status;
}

/* Makes and verifies the proof. */
static int prove_growth(ph_log_reader *reader, const ph_log_note *old, const ph_log_note *new)
{
    ph_log_path p;
    ph_hash_source source = ph_log_reader_source(reader);
    ph_status s = ph_log_prove_growth(&source, old->c.leaf_cnt, new->c.leaf_cnt, &p);
    if (s != PH_OK) {
        ph_audit_say("%s", ph_log_reader_why(reader));
        return ph_audit_exit(s);
    }
    ph_merkle_growth growth = {old->c.leaf_cnt, new->c.leaf_cnt, p.v[0].b, p.cnt};
    if (ph_merkle_extends(&growth, &old->c.root, &new->c.root)) return PH_AUDIT_RIGHT;
    return ph_log_show_both(PH_AUDIT_FORK, FORK, old, new);
}

int ph_log_check_growth(const char *folder, const ph_log_note *old, const ph_log_note *new)
{
    if (strcmp(old->c.market.s, new->c.market.s) != 0) {
        ph_audit_say("the checkpoints are of two logs: %s and %s", old->c.market.s,
                     new->c.market.s);
        return PH_AUDIT_WRONG;
    }
    if (old->c.leaf_cnt > new->c.leaf_cnt)
        return ph_log_show_both(PH_AUDIT_WRONG, "ROLLBACK, the log is older than what was seen",
                                old, new);
    if (old->c.leaf_cnt == new->c.leaf_cnt)
        return memcmp(old->c.root.b, new->c.root.b, sizeof old->c.root.b) == 0
                   ? PH_AUDIT_RIGHT
                   : ph_log_show_both(PH_AUDIT_FORK, FORK, old, new);
    ph_log_reader *reader;
    int status = open_tiles(folder, new, &reader);
    if (status == PH_AUDIT_RIGHT) status = prove_growth(reader, old, new);
    ph_log_reader_close(reader);
    return status;
}
