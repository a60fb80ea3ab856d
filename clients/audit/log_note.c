/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/log_note.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "clients/audit/walk.h"
#include "engine/base/panic.h"
#include "engine/notary/note.h"
#include "engine/process/file.h"
#include "engine/wire/codec.h"

static const char FORK[] = "FORK, the log signed two histories";

static void take_first(ph_log_signer *by, const ph_key *key)
{
    by->keys.cnt = 0;
    bool is_taken = ph_notary_keys_take(&by->keys, "", &(ph_notary_key){.key = *key, .seq = 1});
    PH_ASSERT(is_taken); /* the first needs no proof */
}

/* Nothing is recomputed, so whether the market took a key is not known: who endorsed it is. */
static void take_later(ph_log_signer *by, const ph_command *c, uint64_t seq)
{
    ph_notary_keys with = by->keys;
    ph_notary_key named = {c->u.notary_key.key, seq, c->u.notary_key.proof,
                           c->u.notary_key.endorsement};
    if (ph_notary_keys_take(&with, by->market.s, &named) && with.v[with.cnt - 1].is_endorsed)
        by->keys = with;
}

static int take_batch(ph_log_signer *by, const ph_journal_batch *b)
{
    ph_journal_cursor cursor = {0};
    ph_journal_record r;
    while (ph_journal_record_next(b, &cursor, &r)) {
        ph_command c;
        if (ph_command_read(r.bytes, r.size, &c) != PH_OK) continue; /* of another time */
        if (r.seq == 1 && c.kind == PH_CMD_OPEN_MARKET) {
            take_first(by, &c.u.open_market.notary_sign_key);
            by->market = c.u.open_market.market;
        } else if (c.kind == PH_CMD_ROTATE_NOTARY_KEY && by->keys.cnt != 0) {
            take_later(by, &c, r.seq);
        }
    }
    if (by->keys.cnt != 0) return PH_AUDIT_RIGHT;
    ph_audit_say("the first record of the journal opens no market");
    return PH_AUDIT_WRONG;
}

/* The command that opened the market is the first record; what comes later is read on demand. */
static int signer_of_journal(const char *journal, bool is_whole, ph_log_signer *ret)
{
    ph_walk w;
    bool is_end = false;
    int status = ph_walk_open(journal, &w);
    while (status == PH_AUDIT_RIGHT && !is_end) {
        ph_journal_batch b;
        status = ph_walk_next(&w, &b, &is_end);
        if (status != PH_AUDIT_RIGHT || is_end) break;
        status = take_batch(ret, &b);
        if (!is_whole) break;
    }
    if (status == PH_AUDIT_RIGHT && ret->keys.cnt == 0) {
        ph_audit_say("journal \"%s\" has no record", journal);
        status = PH_AUDIT_NOT_FOUND;
    }
    ph_walk_close(&w);
    return status;
}

static ph_status verify_note(const char *note, size_t size, const char *origin,
                             const ph_log_signer *by, size_t *ret_text_size)
{
    ph_status s = PH_ENOTFOUND;
    for (uint32_t i = 0; i < by->keys.cnt && s == PH_ENOTFOUND; i++)
        s = ph_note_verify(note, size, &(ph_note_signer){origin, &by->keys.v[i].key},
                           ret_text_size);
    return s;
}

/* Whether the newest checkpoint of the log can be told from the keys that are known; one that
   cannot be read at all is no reason to look for more. */
static bool newest_is_signed(const char *folder, const ph_log_signer *by)
{
    char path[1024], note[PH_LOG_NOTE_MAX], origin[PH_LOG_ORIGIN_MAX];
    size_t size, text_size;
    snprintf(path, sizeof path, "%s/checkpoint", folder);
    if (ph_file_read(AT_FDCWD, path, note, sizeof note, &size) != PH_OK) return true;
    if (!ph_checkpoint_market_ok(by->market.s)) return true;
    return verify_note(note, size, ph_log_origin(by->market.s, origin), by, &text_size) !=
           PH_ENOTFOUND;
}

int ph_log_signer_of(const ph_audit_request *q, ph_log_signer *ret)
{
    *ret = (ph_log_signer){.market = {""}};
    int status = PH_AUDIT_RIGHT;
    if (q->journal != NULL) status = signer_of_journal(q->journal, false, ret);
    if (status == PH_AUDIT_RIGHT && q->journal != NULL && q->key == NULL &&
        (q->log == NULL || !newest_is_signed(q->log, ret)))
        status = signer_of_journal(q->journal, true, ret);
    if (status != PH_AUDIT_RIGHT || q->key == NULL) return status;
    ph_key key;
    status = ph_audit_key(q->key, &key);
    if (status == PH_AUDIT_RIGHT) take_first(ret, &key);
    return status;
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
    ph_status s = verify_note(note, size, origin, by, &ret->text_size);
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
