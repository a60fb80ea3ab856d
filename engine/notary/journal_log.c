/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/notary/journal_log.h"

#include "engine/base/panic.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/reader.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/log_folder.h"
#include "engine/notary/log_leaf.h"
#include "engine/notary/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ph_journal_log {
    ph_keyring *keyring;
    const ph_notary_keys *keys; /* NULL: the key in use signs */
    ph_text64 market;
    ph_log_folder *folder;
    uint64_t known;             /* leaves that the tree had at open: compared, not appended */
    uint64_t last_seq;          /* that was taken */
    bool is_waiting;            /* records were appended that no checkpoint states */
    uint64_t first_ns, last_ns; /* when the first and the last of them were taken */
};

ph_status ph_journal_log_open(const char *folder, const char *market, ph_keyring *keyring,
                              ph_journal_log **ret, char *err, size_t err_size)
{
    PH_ASSERT(ph_checkpoint_market_ok(market));
    ph_journal_log *l = calloc(1, sizeof *l);
    if (l == NULL) {
        snprintf(err, err_size, "could not open log \"%s\": no memory", folder);
        return PH_EFULL;
    }
    l->keyring = keyring;
    bool fits = ph_text_set(l->market.s, sizeof l->market.s, market);
    PH_ASSERT(fits);
    ph_key held[PH_KEYRING_MAX];
    ph_log_owner owner = {market, held, ph_keyring_all(keyring, held)};
    ph_status s = ph_log_folder_open(folder, &owner, &l->folder, err, err_size);
    if (s != PH_OK) {
        ph_journal_log_close(l);
        return s;
    }
    l->known = ph_log_folder_leaf_cnt(l->folder);
    *ret = l;
    return PH_OK;
}

void ph_journal_log_keys(ph_journal_log *l, const ph_notary_keys *keys)
{
    l->keys = keys;
}

const char *ph_journal_log_mending(const ph_journal_log *l)
{
    return ph_log_folder_mending(l->folder);
}

uint64_t ph_journal_log_published(const ph_journal_log *l)
{
    return ph_log_folder_published(l->folder)->leaf_cnt;
}

/* ---- What was published before ----------------------------------------------------------- */

typedef struct {
    ph_disk_posix disk;
    void *memory;
    ph_journal_reader *reader;
} open_journal;

static ph_status open_at(const char *directory, open_journal *ret, char *err, size_t err_size)
{
    enum { ALIGNMENT = 64 };
    ph_journal_fault fault;
    ph_status s = ph_disk_posix_open(directory, false, &ret->disk);
    if (s != PH_OK) {
        snprintf(err, err_size, "could not open journal \"%s\": %s", directory, ret->disk.why);
        return s;
    }
    size_t size = (ph_journal_reader_footprint() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ret->memory = aligned_alloc(ALIGNMENT, size);
    if (ret->memory == NULL) {
        snprintf(err, err_size, "could not read journal \"%s\": no memory", directory);
        return PH_EFULL;
    }
    s = ph_journal_reader_open(ret->memory, &ret->disk.disk, &ret->reader, &fault);
    if (s == PH_ENOTFOUND)
        snprintf(err, err_size, "there is no journal in \"%s\"; correct [notary] journal",
                 directory);
    else if (s != PH_OK)
        snprintf(err, err_size, "%s", fault.text);
    return s;
}

static void close_journal(open_journal *j)
{
    ph_journal_reader_close(j->reader);
    free(j->memory);
    ph_disk_posix_close(&j->disk);
}

/* A record hash covers the chain up to its batch: if the batch with which the tree ended is the one
   of the journal, so is everything before, and need not be hashed again. */
static ph_status meet_batch(ph_journal_log *l, const ph_journal_batch *b, char *err,
                            size_t err_size)
{
    uint64_t published = ph_journal_log_published(l);
    ph_journal_cursor cursor = {0};
    ph_journal_record r;
    ph_status s = PH_OK;
    if (b->first_seq + b->record_cnt - 1 < l->known) return PH_OK;
    while (s == PH_OK && ph_journal_record_next(b, &cursor, &r) && r.seq <= published) {
        ph_log_record record = {
            .seq = r.seq,
            .at = r.at,
            .event_check = r.events,
            .previous = b->previous,
            .events = b->events,
            .bytes = r.bytes,
            .size = r.size,
        };
        ph_hash leaf = ph_log_leaf(&record);
        s = r.seq <= l->known ? ph_log_folder_compare(l->folder, r.seq - 1, &leaf, err, err_size)
                              : ph_log_folder_append(l->folder, &leaf, err, err_size);
    }
    return s;
}

static ph_status meet_all(ph_journal_log *l, open_journal *j, char *err, size_t err_size)
{
    uint64_t published = ph_journal_log_published(l), last = 0;
    while (last < published) {
        ph_journal_batch b;
        ph_journal_fault fault;
        ph_status s = ph_journal_reader_next(j->reader, &b, &fault);
        if (s == PH_EEND) {
            snprintf(err, err_size,
                     "the journal ends at record %" PRIu64 ", but a checkpoint of %" PRIu64
                     " records was published: its end was lost; give the whole journal",
                     last, published);
            return PH_EDIVERGED;
        }
        if (s != PH_OK) snprintf(err, err_size, "%s", fault.text);
        if (s == PH_OK) s = meet_batch(l, &b, err, err_size);
        if (s != PH_OK) return s;
        last = b.first_seq + b.record_cnt - 1;
    }
    return PH_OK;
}

ph_status ph_journal_log_meet(ph_journal_log *l, const char *journal, char *err, size_t err_size)
{
    if (ph_journal_log_published(l) == 0) return PH_OK;
    open_journal j = {.disk = {.directory = -1}};
    ph_status s = open_at(journal, &j, err, err_size);
    if (s == PH_OK) s = meet_all(l, &j, err, err_size);
    close_journal(&j);
    return s;
}

/* ---- What is new -------------------------------------------------------------------------- */

static ph_hash leaf_of(const ph_replay_batch *b, const ph_replay_record *r)
{
    ph_log_record record = {
        .seq = r->command.seq,
        .at = r->command.at,
        .event_check = r->event_check,
        .previous = b->previous,
        .events = b->events,
        .bytes = r->command_bytes,
        .size = r->command_size,
    };
    return ph_log_leaf(&record);
}

ph_status ph_journal_log_take(ph_journal_log *l, const ph_replay_batch *b, uint64_t now_ns,
                              char *err, size_t err_size)
{
    uint64_t met = ph_log_folder_leaf_cnt(l->folder);
    PH_ASSERT(met >= ph_journal_log_published(l) && b->first_seq <= met + 1);
    if (b->first_seq + b->record_cnt - 1 <= met) return PH_OK;
    for (uint32_t i = 0; i < b->record_cnt; i++) {
        if (b->first_seq + i <= met) continue;
        ph_hash leaf = leaf_of(b, &b->records[i]);
        ph_status s = ph_log_folder_append(l->folder, &leaf, err, err_size);
        if (s != PH_OK) return s;
    }
    if (!l->is_waiting) l->first_ns = now_ns;
    l->is_waiting = true;
    l->last_ns = now_ns;
    return PH_OK;
}

uint64_t ph_journal_log_due_ns(const ph_journal_log *l)
{
    if (!l->is_waiting) return UINT64_MAX;
    uint64_t late = l->first_ns + PH_LOG_SIGN_NS, quiet = l->last_ns + PH_LOG_QUIET_NS;
    return late < quiet ? late : quiet;
}

ph_status ph_journal_log_turn(ph_journal_log *l, uint64_t now_ns, char *err, size_t err_size)
{
    return now_ns < ph_journal_log_due_ns(l) ? PH_OK : ph_journal_log_publish(l, err, err_size);
}

/* The key that signs a tree of so many leaves. */
static ph_key key_at(const ph_journal_log *l, uint64_t leaf_cnt)
{
    return l->keys == NULL ? *ph_keyring_public(l->keyring)
                           : *ph_notary_keys_at(l->keys, leaf_cnt + 1);
}

/* Signs with one key and appends its line; the first line begins the note. */
static ph_status sign_with(ph_journal_log *l, const ph_log_checkpoint *c, const ph_key *key,
                           ph_writer *w)
{
    char text[PH_CHECKPOINT_TEXT_MAX], origin[PH_LOG_ORIGIN_MAX];
    size_t size = ph_log_checkpoint_write(c, text);
    uint8_t signature[PH_NOTE_SIGNATURE_SIZE];
    ph_key used = *ph_keyring_public(l->keyring);
    ph_status s = ph_keyring_use(l->keyring, key);
    if (s == PH_OK)
        s = ph_keyring_sign_log(l->keyring, l->market.s, c->leaf_cnt, text, size, signature);
    (void)ph_keyring_use(l->keyring, &used); /* it was there */
    if (s != PH_OK) return s;
    ph_note_signer signer = {ph_log_origin(l->market.s, origin), key};
    if (ph_writer_size(w) == 0)
        ph_note_write(w, text, size, &signer, signature);
    else
        ph_note_line_write(w, &signer, signature);
    return PH_OK;
}

ph_status ph_journal_log_publish(ph_journal_log *l, char *err, size_t err_size)
{
    if (!l->is_waiting) return PH_OK;
    ph_log_checkpoint c = {
        .market = l->market,
        .leaf_cnt = ph_log_folder_leaf_cnt(l->folder),
        .root = ph_log_folder_root(l->folder),
    };
    char note[PH_LOG_NOTE_MAX];
    ph_writer w = ph_writer_of(note, sizeof note);
    ph_key key = key_at(l, c.leaf_cnt), before = key_at(l, ph_journal_log_published(l));
    ph_status s = sign_with(l, &c, &key, &w);
    if (s == PH_OK && memcmp(&before, &key, sizeof key) != 0) {
        s = sign_with(l, &c, &before, &w);
        if (s == PH_ENOTFOUND) s = PH_OK; /* it is lost, or was put away */
    }
    if (s != PH_OK) {
        snprintf(err, err_size, "could not sign the checkpoint of %" PRIu64 " records: %s",
                 c.leaf_cnt,
                 s == PH_ENOTFOUND
                     ? "the key in force is not in the keyring; give its file as [notary] key_file "
                       "or other_key_file"
                     : "refused by the policy of the key; this is a defect, nothing is lost: keep "
                       "the journal and report it");
        return PH_EDENIED;
    }
    PH_ASSERT(!w.full);
    s = ph_log_folder_publish(l->folder, &c, note, ph_writer_size(&w), err, err_size);
    if (s == PH_OK) l->is_waiting = false;
    return s;
}

void ph_journal_log_close(ph_journal_log *l)
{
    if (l == NULL) return;
    ph_log_folder_close(l->folder);
    free(l);
}
