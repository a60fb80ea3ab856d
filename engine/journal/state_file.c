/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/state_file.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"
#include "engine/journal/chain.h"

enum { NAME_SIZE = PH_STATE_FILE_NAME_SIZE, DIGITS = 20, DIGESTED = 168, BUFFER = 1 << 14 };

static const char magic[9] = "PHSNAP\r\n";

static void name_of(uint64_t seq, const char *end, char to[NAME_SIZE])
{
    for (int i = DIGITS - 1; i >= 0; i--, seq /= 10)
        to[i] = (char)('0' + seq % 10);
    memcpy(to + DIGITS, end, strlen(end) + 1);
}

void ph_state_file_name(uint64_t seq, char to[PH_STATE_FILE_NAME_SIZE])
{
    name_of(seq, ".phs", to);
}

/* Of a name with this end. */
static bool seq_of(const char *name, const char *end, uint64_t *ret)
{
    uint64_t seq = 0;
    if (strlen(name) < DIGITS || strcmp(name + DIGITS, end) != 0) return false;
    for (int i = 0; i < DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9') return false;
        uint64_t digit = (uint64_t)(name[i] - '0');
        if (seq > (UINT64_MAX - digit) / 10) return false;
        seq = seq * 10 + digit;
    }
    *ret = seq;
    return true;
}

bool ph_state_file_name_read(const char *name, uint64_t *ret_seq)
{
    return seq_of(name, ".phs", ret_seq);
}

/* ---- Writing ------------------------------------------------------------------------------- */

typedef struct {
    ph_disk *d;
    int file;
    ph_status failed;
    uint64_t at; /* where the buffer goes */
    size_t cnt;
    ph_digest digest;
    uint8_t buffer[BUFFER];
} output;

static void flush(output *o)
{
    if (o->failed != PH_OK || o->cnt == 0) return;
    o->failed = o->d->ops->write(o->d, o->file, o->at, o->buffer, o->cnt);
    o->at += o->cnt;
    o->cnt = 0;
}

static void put(void *arg, const void *bytes, size_t size)
{
    output *o = arg;
    const uint8_t *p = bytes;
    while (size > 0 && o->failed == PH_OK) {
        size_t room = sizeof o->buffer - o->cnt, n = size < room ? size : room;
        memcpy(o->buffer + o->cnt, p, n);
        ph_digest_add(&o->digest, p, n);
        o->cnt += n;
        p += n;
        size -= n;
        if (o->cnt == sizeof o->buffer) flush(o);
    }
}

static void write_digested(uint8_t to[DIGESTED], const ph_state_head *h)
{
    ph_writer w = ph_writer_of(to, DIGESTED);
    ph_write_bytes(&w, magic, 8);
    ph_write_u32(&w, PH_STATE_FILE_VERSION);
    ph_write_u32(&w, 0);
    ph_write_u64(&w, h->seq);
    ph_write_u64(&w, h->at.ns);
    ph_write_bytes(&w, h->market.s, sizeof h->market.s);
    ph_write_bytes(&w, h->chain.b, sizeof h->chain.b);
    ph_write_u64(&w, h->size);
    ph_write_bytes(&w, h->note, sizeof h->note);
    PH_ASSERT(!w.full && w.p == w.end);
}

static ph_status write_all(output *o, ph_state_head head, ph_state_source *source,
                           const void *state)
{
    ph_digest_begin(&o->digest, PH_DIGEST_STATE);
    source(state, put, o);
    flush(o);
    if (o->failed != PH_OK) return o->failed;
    head.size = o->at - PH_STATE_FILE_HEAD;
    uint8_t bytes[PH_STATE_FILE_HEAD];
    write_digested(bytes, &head);
    ph_digest_add(&o->digest, bytes, DIGESTED);
    ph_hash digest = ph_digest_end(&o->digest);
    memcpy(bytes + DIGESTED, digest.b, sizeof digest.b);
    ph_status s = o->d->ops->write(o->d, o->file, 0, bytes, sizeof bytes);
    return s == PH_OK ? o->d->ops->sync(o->d, o->file) : s;
}

/* Keeps `keep` of those up to `seq`. */
static ph_status remove_old(ph_disk *d, uint64_t seq, uint32_t keep)
{
    uint64_t there[PH_STATE_FILES_MAX];
    uint32_t cnt;
    char name[NAME_SIZE];
    ph_status s = ph_state_file_list(d, there, &cnt);
    for (uint32_t i = 0, kept = 0; s == PH_OK && i < cnt; i++) {
        if (there[i] > seq || kept++ < keep) continue;
        name_of(there[i], ".phs", name);
        s = d->ops->remove(d, name);
    }
    return s;
}

static void note_aside(void *arg, const char *name)
{
    uint64_t seq, *found = arg;
    if (seq_of(name, ".phs.new", &seq) && seq > *found) *found = seq;
}

/* What somebody who was killed has left would stay for ever: the next one has another name. */
static ph_status remove_aside(ph_disk *d)
{
    for (;;) {
        uint64_t seq = 0;
        char name[NAME_SIZE];
        ph_status s = d->ops->list(d, note_aside, &seq);
        if (s != PH_OK || seq == 0) return s;
        name_of(seq, ".phs.new", name);
        s = d->ops->remove(d, name);
        if (s != PH_OK) return s;
    }
}

ph_status ph_state_file_write(ph_disk *d, const ph_state_head *head, ph_state_source *source,
                              const void *state, uint32_t keep)
{
    PH_ASSERT(keep >= 1 && head->seq >= 1);
    char aside[NAME_SIZE], name[NAME_SIZE];
    name_of(head->seq, ".phs.new", aside);
    name_of(head->seq, ".phs", name);
    output o = {.d = d, .failed = PH_OK, .at = PH_STATE_FILE_HEAD};
    ph_chain_start();
    ph_status s = remove_aside(d);
    if (s == PH_OK) s = d->ops->open(d, aside, PH_FILE_CREATE, &o.file);
    if (s != PH_OK) return s;
    s = write_all(&o, *head, source, state);
    d->ops->close(d, o.file);
    if (s != PH_OK) {
        /* On a full disk the journal needs the room. */
        (void)d->ops->remove(d, aside);
        return s;
    }
    s = d->ops->rename(d, aside, name);
    if (s == PH_OK) s = d->ops->sync_names(d);
    ph_state_head seen;
    if (s == PH_OK) s = ph_state_file_read(d, head->seq, NULL, 0, &seen);
    return s == PH_OK ? remove_old(d, head->seq, keep) : s;
}

/* ---- Reading ------------------------------------------------------------------------------- */

typedef struct {
    uint64_t *v;
    uint32_t cnt;
} newest;

/* Sorted in, newest first; the oldest falls off the end. */
static void note_name(void *arg, const char *name)
{
    newest *l = arg;
    uint64_t seq;
    if (!ph_state_file_name_read(name, &seq)) return;
    uint32_t i = l->cnt < PH_STATE_FILES_MAX ? l->cnt++ : PH_STATE_FILES_MAX;
    if (i == PH_STATE_FILES_MAX && l->v[--i] > seq) return;
    for (; i > 0 && l->v[i - 1] < seq; i--)
        l->v[i] = l->v[i - 1];
    l->v[i] = seq;
}

ph_status ph_state_file_list(ph_disk *d, uint64_t ret[PH_STATE_FILES_MAX], uint32_t *ret_cnt)
{
    newest l = {.v = ret, .cnt = 0};
    ph_status s = d->ops->list(d, note_name, &l);
    if (s == PH_OK) *ret_cnt = l.cnt;
    return s;
}

static ph_status read_head(ph_disk *d, int file, uint64_t seq, ph_state_head *ret,
                           uint8_t bytes[PH_STATE_FILE_HEAD])
{
    size_t got = 0;
    uint64_t size = 0;
    ph_status s = d->ops->size(d, file, &size);
    if (s == PH_OK) s = d->ops->read(d, file, 0, bytes, PH_STATE_FILE_HEAD, &got);
    if (s != PH_OK) return s;
    if (got != PH_STATE_FILE_HEAD || memcmp(bytes, magic, 8) != 0) return PH_ECORRUPT;
    ph_reader r = ph_reader_of(bytes + 8, DIGESTED - 8);
    if (ph_read_u32(&r) != PH_STATE_FILE_VERSION) return PH_EVERSION;
    uint32_t zero = ph_read_u32(&r);
    ph_state_head h = {.seq = ph_read_u64(&r)};
    h.at.ns = ph_read_u64(&r);
    ph_read_text(&r, h.market.s, sizeof h.market.s);
    ph_read_bytes(&r, h.chain.b, sizeof h.chain.b);
    h.size = ph_read_u64(&r);
    ph_read_bytes(&r, h.note, sizeof h.note);
    if (!ph_reader_done(&r) || zero != 0 || h.seq != seq || h.size > size ||
        size - h.size != PH_STATE_FILE_HEAD)
        return PH_ECORRUPT;
    *ret = h;
    return PH_OK;
}

static ph_status open_one(ph_disk *d, uint64_t seq, int *ret)
{
    char name[NAME_SIZE];
    name_of(seq, ".phs", name);
    return d->ops->open(d, name, PH_FILE_READ, ret);
}

ph_status ph_state_file_head(ph_disk *d, uint64_t seq, ph_state_head *ret)
{
    uint8_t bytes[PH_STATE_FILE_HEAD];
    int file;
    ph_status s = open_one(d, seq, &file);
    if (s != PH_OK) return s;
    s = read_head(d, file, seq, ret, bytes);
    d->ops->close(d, file);
    return s;
}

static ph_status read_state(ph_disk *d, int file, uint64_t size, uint8_t *room, ph_digest *digest)
{
    uint8_t buffer[BUFFER];
    for (uint64_t at = 0; at < size;) {
        size_t n = size - at < sizeof buffer ? (size_t)(size - at) : sizeof buffer, got = 0;
        uint8_t *to = room != NULL ? room + at : buffer;
        ph_status s = d->ops->read(d, file, PH_STATE_FILE_HEAD + at, to, n, &got);
        if (s != PH_OK) return s;
        if (got != n) return PH_ECORRUPT;
        ph_digest_add(digest, to, n);
        at += n;
    }
    return PH_OK;
}

ph_status ph_state_file_read(ph_disk *d, uint64_t seq, void *room, uint64_t max, ph_state_head *ret)
{
    uint8_t bytes[PH_STATE_FILE_HEAD];
    ph_state_head head;
    ph_digest digest;
    int file;
    ph_chain_start();
    ph_status s = open_one(d, seq, &file);
    if (s != PH_OK) return s;
    s = read_head(d, file, seq, &head, bytes);
    if (s == PH_OK && room != NULL && head.size > max) s = PH_EINVAL;
    ph_digest_begin(&digest, PH_DIGEST_STATE);
    if (s == PH_OK) s = read_state(d, file, head.size, room, &digest);
    d->ops->close(d, file);
    if (s != PH_OK) return s;
    ph_digest_add(&digest, bytes, DIGESTED);
    ph_hash found = ph_digest_end(&digest);
    if (memcmp(found.b, bytes + DIGESTED, sizeof found.b) != 0) return PH_ECORRUPT;
    *ret = head;
    return PH_OK;
}
