/* SPDX-License-Identifier: Apache-2.0 */
/* long: one struct, and all that reads or writes it */
#include "engine/link/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/panic.h"
#include "engine/base/types.h"
#include "engine/link/frame.h"
#include "engine/link/spool_file.h"
#include "engine/link/spool_index.h"

enum {
    HEAD_SIZE = 72,
    STEP = PH_SPOOL_STEP,  /* items per entry of the index */
    LOOKS = 16,            /* entries of an index whose items are looked at */
    TAIL_BYTES = 8 << 20,  /* newest part of the file in memory */
    PIECE_BYTES = 1 << 17, /* written at once: 4 MiB take 6 to 12 ms */
    PAGE_BYTES = 4096,
    SCRATCH_BYTES = 1 << 20 /* for reads of older parts; grows for a longer item */
};

struct ph_spool {
    int folder, fd;
    const char *name; /* in the folder */
    char path[1100];
    ph_text64 origin;
    uint64_t indexed; /* items that are taken from an index */
    const char *index_why;
    uint64_t sum;     /* of the sums of all items */
    uint64_t last;    /* number of the last item */
    uint64_t end;     /* offset behind it */
    uint64_t written; /* the file has everything before this offset */
    uint8_t *tail;    /* bytes tail_at .. end of the file */
    uint64_t tail_at;
    uint8_t *scratch;
    size_t scratch_size;
    uint64_t scratch_at; /* scratch has the file from here on, scratch_held bytes of it */
    size_t scratch_held;
    ph_spool_cursor checked; /* behind the item that was put last and was there already */
    ph_spool_mark *index;    /* before items 1, 1 + STEP, 1 + 2 * STEP ... */
    size_t index_cnt, index_max;
};

static ph_status make_scratch(ph_spool *s, size_t size)
{
    if (size <= s->scratch_size) return PH_OK;
    uint8_t *larger = realloc(s->scratch, size);
    if (larger == NULL) return PH_EFULL;
    s->scratch = larger;
    s->scratch_size = size;
    return PH_OK;
}

static ph_status note_in_index(ph_spool *s, uint64_t number, uint64_t offset)
{
    if ((number - 1) % STEP != 0) return PH_OK;
    if (s->index_cnt == s->index_max) {
        size_t wanted = s->index_max == 0 ? 1024 : 2 * s->index_max;
        ph_spool_mark *larger = reallocarray(s->index, wanted, sizeof *larger);
        if (larger == NULL) return PH_EFULL;
        s->index = larger;
        s->index_max = wanted;
    }
    PH_ASSERT(s->index_cnt == (number - 1) / STEP);
    s->index[s->index_cnt++] = (ph_spool_mark){offset, s->sum};
    return PH_OK;
}

/* The running sum behind an item whose head begins at p. */
static uint64_t sum_behind(uint64_t before, const uint8_t *p)
{
    ph_reader r = ph_reader_of(p + 8, 8); /* behind the number */
    uint64_t sum = (before ^ ph_read_u64(&r)) * UINT64_C(0x9E3779B97F4A7C15);
    return sum ^ sum >> 32;
}

/* Gives the file everything before an offset. */
static ph_status write_to(ph_spool *s, uint64_t to)
{
    if (s->written >= to) return PH_OK;
    PH_ASSERT(s->written >= s->tail_at && to <= s->end);
    ph_status st = ph_spool_file_write(s->fd, s->written, s->tail + (s->written - s->tail_at),
                                       (size_t)(to - s->written));
    if (st == PH_OK) s->written = to;
    return st;
}

ph_status ph_spool_flush(ph_spool *s)
{
    return write_to(s, s->end);
}

/* Cuts the file at an offset behind `number` items, and forgets what memory has of it. */
static ph_status cut(ph_spool *s, uint64_t number, uint64_t offset)
{
    ph_spool_mark mark;
    ph_status st = ph_spool_marked(s, number, &mark);
    if (st == PH_OK) st = ph_spool_flush(s);
    /* First of all: what comes in their place is not what an index of before knew. */
    if (st == PH_OK) st = ph_spool_index_forget(s->folder, s->name, number);
    if (st != PH_OK) return st;
    if (s->indexed > number) s->indexed = number;
    if (ftruncate(s->fd, (off_t)offset) != 0) return ph_spool_file_status();
    s->last = number;
    s->sum = mark.sum;
    s->end = s->written = s->tail_at = offset;
    s->index_cnt = (size_t)((number + STEP - 1) / STEP);
    s->scratch_held = 0;
    s->checked = (ph_spool_cursor){0};
    return PH_OK;
}

/* Makes `size` bytes from offset `at` on readable in memory; fewer at the end. */
static ph_status view(ph_spool *s, uint64_t at, size_t size, const uint8_t **ret, size_t *ret_size)
{
    PH_ASSERT(at <= s->end);
    if (size > s->end - at) size = (size_t)(s->end - at);
    if (at >= s->tail_at) {
        *ret = s->tail + (at - s->tail_at);
        *ret_size = size;
        return PH_OK;
    }
    bool is_held = at >= s->scratch_at && at + size <= s->scratch_at + s->scratch_held;
    if (!is_held) {
        ph_status st = ph_spool_flush(s);
        if (st == PH_OK) st = make_scratch(s, size);
        if (st != PH_OK) return st;
        s->scratch_held = 0;
        s->scratch_at = at;
        st = ph_spool_file_read(s->fd, at, s->scratch, s->scratch_size, &s->scratch_held);
        if (st != PH_OK) return st;
        if (s->scratch_held < size) return PH_ECORRUPT;
    }
    *ret = s->scratch + (at - s->scratch_at);
    *ret_size = size;
    return PH_OK;
}

/* True if the bytes at p are the item of this number, whole and with its sum. */
static bool counts(const uint8_t *p, size_t size, uint64_t number)
{
    ph_reader r = ph_reader_of(p, size);
    ph_item item;
    return ph_item_read(&r, &item) && item.number == number;
}

/* Makes the whole item at the cursor readable. */
static ph_status view_item(ph_spool *s, const ph_spool_cursor *c, const uint8_t **ret,
                           size_t *ret_size)
{
    const uint8_t *p;
    size_t got;
    ph_status st = view(s, c->offset, PH_ITEM_HEAD_SIZE, &p, &got);
    if (st != PH_OK) return st;
    size_t span = ph_item_span(p, got, c->number);
    if (span == 0 || span > s->end - c->offset) return PH_ECORRUPT;
    st = view(s, c->offset, span, &p, &got);
    if (st != PH_OK) return st;
    if (!counts(p, got, c->number)) return PH_ECORRUPT;
    *ret = p;
    *ret_size = span;
    return PH_OK;
}

/* Reads on behind the last item, up to `until` at most, as long as items count. */
static ph_status read_on(ph_spool *s, uint64_t file_size, uint64_t until, bool is_noted)
{
    size_t held = 0, used = 0; /* scratch[used .. held) is file from s->end on */
    while (s->last < until) {
        ph_reader r = ph_reader_of(s->scratch + used, held - used);
        ph_item item;
        if (ph_item_read(&r, &item) && item.number == s->last + 1) {
            size_t span = PH_ITEM_HEAD_SIZE + (size_t)item.size;
            ph_status st = is_noted ? note_in_index(s, item.number, s->end) : PH_OK;
            if (st != PH_OK) return st;
            s->sum = sum_behind(s->sum, s->scratch + used);
            s->last++;
            s->end += span;
            used += span;
            continue;
        }
        size_t left = held - used;
        size_t span = ph_item_span(s->scratch + used, left, s->last + 1);
        bool is_head_cut = left < PH_ITEM_HEAD_SIZE;
        bool is_cut = is_head_cut || (span != 0 && span > left);
        if (!is_cut || s->end + left >= file_size) break;
        if (span > file_size - s->end) break; /* cut for good */
        size_t wanted = span > SCRATCH_BYTES ? span : SCRATCH_BYTES;
        ph_status st = make_scratch(s, wanted);
        if (st == PH_OK) st = ph_spool_file_read(s->fd, s->end, s->scratch, s->scratch_size, &held);
        if (st != PH_OK) return st;
        used = 0;
        if (held == left) break; /* the file became shorter meanwhile */
    }
    return PH_OK;
}

static void stand_at(ph_spool *s, uint64_t last, ph_spool_mark m)
{
    s->last = last;
    s->end = m.offset;
    s->sum = m.sum;
}

/* Finds the last item that counts, behind those that are known already. */
static ph_status scan(ph_spool *s, uint64_t file_size)
{
    ph_status st = read_on(s, file_size, UINT64_MAX, true);
    if (st != PH_OK) return st;
    s->written = s->tail_at = s->end;
    s->scratch_held = 0;
    if (s->end == file_size) return PH_OK;
    return ftruncate(s->fd, (off_t)s->end) == 0 ? PH_OK : ph_spool_file_status();
}

/* Whether the items are where the index says: between some of its entries each one counts, they
   fill the bytes from the one to the other, and their sums lead from its sum to the next. */
static ph_status look_at(ph_spool *s, uint64_t file_size, const ph_spool_index *x, bool *ret)
{
    size_t looks = x->cnt < LOOKS ? x->cnt : LOOKS;
    for (size_t n = 0; n < looks; n++) {
        size_t i = looks == 1 ? 0 : n * (x->cnt - 1) / (looks - 1);
        bool is_last = i + 1 == x->cnt;
        ph_spool_mark to = is_last ? x->end : x->v[i + 1];
        uint64_t until = is_last ? x->last : (i + 1) * STEP;
        stand_at(s, i * STEP, x->v[i]);
        ph_status st = read_on(s, file_size, until, false);
        if (st != PH_OK) return st;
        *ret = s->last == until && s->end == to.offset && s->sum == to.sum;
        if (!*ret) return PH_OK;
    }
    return PH_OK;
}

/* Begins where an index says if it is right, otherwise at the first item. */
static ph_status take_index(ph_spool *s, uint64_t file_size)
{
    ph_spool_index x;
    bool is_right = false;
    ph_status st =
        ph_spool_index_read(s->folder, s->name, &s->origin, file_size, &x, &s->index_why);
    if (st == PH_OK) {
        st = look_at(s, file_size, &x, &is_right);
        if (st == PH_OK && is_right) {
            stand_at(s, x.last, x.end);
            s->indexed = x.last;
            s->index = x.v;
            s->index_cnt = s->index_max = x.cnt;
            return PH_OK;
        }
        free(x.v);
        s->index_why = "the items are not where it says";
        if (st == PH_OK) st = PH_ECORRUPT;
    }
    stand_at(s, 0, (ph_spool_mark){HEAD_SIZE, 0});
    if (st == PH_ENOTFOUND) {
        s->index_why = "there is none";
        return PH_OK;
    }
    return st == PH_ECORRUPT ? ph_spool_index_forget(s->folder, s->name, 0) : st;
}

static ph_status read_file(ph_spool *s, bool with_index)
{
    struct stat file;
    if (fstat(s->fd, &file) != 0) return PH_EIO;
    s->index_cnt = 0;
    s->indexed = 0;
    s->index_why = NULL;
    stand_at(s, 0, (ph_spool_mark){HEAD_SIZE, 0});
    ph_status st = with_index ? take_index(s, (uint64_t)file.st_size) : PH_OK;
    if (st == PH_OK) st = scan(s, (uint64_t)file.st_size);
    if (s->last == 0) s->index_why = NULL;
    return st;
}

/* Durable before an item follows: of a head that is lost nobody could say whose file it is. */
static ph_status write_head(const ph_spool *s, const uint8_t head[HEAD_SIZE])
{
    ph_status st = ph_spool_file_write(s->fd, 0, head, HEAD_SIZE);
    if (st == PH_OK && (fdatasync(s->fd) != 0 || fsync(s->folder) != 0))
        st = ph_spool_file_status();
    return st;
}

/* Checks or writes the file's head.  A file that is no spool is never written to. */
static ph_status open_head(ph_spool *s, const char *path, const char *origin, char *err,
                           size_t err_size)
{
    static const uint8_t zeros[HEAD_SIZE];
    uint8_t head[HEAD_SIZE], is[HEAD_SIZE + 1];
    ph_text64 text;
    if (origin[0] == '\0' || !ph_text_set(text.s, sizeof text.s, origin)) {
        (void)snprintf(err, err_size,
                       "could not use spool \"%s\": origin \"%.80s\" is no text of "
                       "1 to 63 bytes",
                       path, origin);
        return PH_EINVAL;
    }
    memcpy(head, "PHSPOOL1", 8);
    memcpy(head + 8, text.s, sizeof text.s);
    s->origin = text;
    size_t got = 0;
    ph_status st = ph_spool_file_read(s->fd, 0, is, sizeof is, &got);
    /* A head that a crash or a loss of power cut short is a beginning of ours. */
    bool is_begun =
        got <= sizeof head && (memcmp(is, head, got) == 0 || memcmp(is, zeros, got) == 0);
    if (st == PH_OK && is_begun) {
        st = write_head(s, head);
        memcpy(is, head, sizeof head);
        got = sizeof head;
    }
    if (st != PH_OK) {
        (void)snprintf(err, err_size, "could not use spool \"%s\": %s", path, strerror(errno));
        return st;
    }
    if (got < sizeof head || memcmp(is, head, 8) != 0) {
        (void)snprintf(err, err_size, "refused spool \"%s\": the file is no spool; name another",
                       path);
        return PH_ECORRUPT;
    }
    if (memcmp(is, head, sizeof head) != 0) {
        (void)snprintf(err, err_size,
                       "refused spool \"%s\": it is of \"%.63s\", not of \"%s\"; delete it or name "
                       "another",
                       path, (const char *)is + 8, origin);
        return PH_ECORRUPT;
    }
    return PH_OK;
}

static ph_status open_file(ph_spool *s, const char *path, const char *origin, char *err,
                           size_t err_size)
{
    int size = snprintf(s->path, sizeof s->path, "%s", path);
    if (size < 0 || (size_t)size >= sizeof s->path) {
        (void)snprintf(err, err_size, "could not open spool \"%.80s...\": its name is too long",
                       path);
        return PH_EINVAL;
    }
    s->folder = ph_spool_file_folder(s->path, &s->name);
    if (s->folder >= 0) s->fd = openat(s->folder, s->name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->fd < 0) {
        (void)snprintf(err, err_size, "could not open spool \"%s\": %s", path, strerror(errno));
        return ph_spool_file_status();
    }
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(err, err_size, "could not lock spool \"%s\": another process uses it", path);
        return errno == EWOULDBLOCK ? PH_EBUSY : PH_EIO;
    }
    ph_status st = open_head(s, path, origin, err, err_size);
    if (st != PH_OK) return st;
    s->tail = malloc(TAIL_BYTES);
    st = s->tail == NULL ? PH_EFULL : make_scratch(s, SCRATCH_BYTES);
    if (st == PH_OK) st = read_file(s, true);
    if (st != PH_OK)
        (void)snprintf(err, err_size, "could not read spool \"%s\": %s", path, strerror(errno));
    return st;
}

ph_status ph_spool_open(const char *path, const char *origin, ph_spool **ret, char *err,
                        size_t err_size)
{
    ph_spool *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)snprintf(err, err_size, "could not open spool \"%s\": no memory", path);
        return PH_EFULL;
    }
    s->folder = s->fd = -1;
    ph_status st = open_file(s, path, origin, err, err_size);
    if (st == PH_OK)
        *ret = s;
    else
        ph_spool_close(s);
    return st;
}

uint64_t ph_spool_last(const ph_spool *s)
{
    return s->last;
}

uint64_t ph_spool_indexed(const ph_spool *s)
{
    return s->indexed;
}

const char *ph_spool_index_why(const ph_spool *s)
{
    return s->index_why;
}

ph_status ph_spool_reread(ph_spool *s)
{
    ph_status st = ph_spool_flush(s);
    if (st == PH_OK) st = ph_spool_index_forget(s->folder, s->name, 0);
    s->checked = (ph_spool_cursor){0};
    return st == PH_OK ? read_file(s, false) : st;
}

/* The file has other bytes than were written: the next start is to read all of it. */
static ph_status distrust(ph_spool *s, ph_status st)
{
    if (st == PH_ECORRUPT)
        (void)ph_spool_index_forget(s->folder, s->name,
                                    0); /* the start that uses it finds it too */
    return st;
}

/* Makes room for `size` more bytes in the tail, and keeps its newer half.  Writes it out piece by
   piece, whole pages, so that none is written twice. */
static ph_status make_room(ph_spool *s, size_t size)
{
    ph_status st = PH_OK;
    if (s->end - s->written >= PIECE_BYTES) st = write_to(s, s->end - s->end % PAGE_BYTES);
    if (st != PH_OK || s->end - s->tail_at + size <= TAIL_BYTES) return st;
    st = ph_spool_flush(s);
    if (st != PH_OK) return st;
    uint64_t keep = size > TAIL_BYTES / 2 ? 0 : TAIL_BYTES / 2;
    if (keep > s->end - s->tail_at) keep = s->end - s->tail_at;
    memmove(s->tail, s->tail + (s->end - s->tail_at - keep), (size_t)keep);
    s->tail_at = s->end - keep;
    return PH_OK;
}

static ph_status append(ph_spool *s, const void *bytes, uint32_t size)
{
    uint64_t number = s->last + 1, sum;
    size_t span = PH_ITEM_HEAD_SIZE + (size_t)size;
    ph_status st = make_room(s, span);
    if (st == PH_OK) st = note_in_index(s, number, s->end);
    if (st != PH_OK) return st;
    if (span <= TAIL_BYTES) {
        ph_writer w = ph_writer_of(s->tail + (s->end - s->tail_at), span);
        ph_item_write(&w, number, bytes, size);
        PH_ASSERT(!w.full);
        sum = sum_behind(s->sum, s->tail + (s->end - s->tail_at));
    } else {
        /* Longer than the tail: only the file has it. */
        uint8_t head[PH_ITEM_HEAD_SIZE];
        ph_writer w = ph_writer_of(head, sizeof head);
        ph_write_u64(&w, number);
        ph_write_u64(&w, ph_item_sum(number, bytes, size));
        ph_write_u32(&w, size);
        st = ph_spool_file_write(s->fd, s->end, head, sizeof head);
        if (st == PH_OK) st = ph_spool_file_write(s->fd, s->end + sizeof head, bytes, size);
        if (st != PH_OK) return st;
        s->written = s->tail_at = s->end + span;
        sum = sum_behind(s->sum, head);
    }
    s->last = number;
    s->sum = sum;
    s->end += span;
    return PH_OK;
}

ph_status ph_spool_put(ph_spool *s, uint64_t number, const void *bytes, uint32_t size)
{
    PH_ASSERT(number >= 1 && number <= s->last + 1 && size <= PH_ITEM_BYTES_MAX);
    if (number == s->last + 1) return append(s, bytes, size);
    ph_spool_cursor c;
    const uint8_t *is;
    size_t is_size;
    ph_status st = PH_OK;
    if (s->checked.number == number)
        c = s->checked;
    else
        st = ph_spool_seek(s, number, &c);
    if (st != PH_OK) return st;
    st = view_item(s, &c, &is, &is_size);
    if (st == PH_OK && is_size == PH_ITEM_HEAD_SIZE + (size_t)size &&
        memcmp(is + PH_ITEM_HEAD_SIZE, bytes, size) == 0) {
        s->checked = (ph_spool_cursor){number + 1, c.offset + is_size};
        return PH_OK;
    }
    if (st != PH_OK && st != PH_ECORRUPT) return st;
    st = cut(s, number - 1, c.offset);
    return st == PH_OK ? append(s, bytes, size) : st;
}

ph_status ph_spool_truncate(ph_spool *s, uint64_t number)
{
    if (number >= s->last) return PH_OK;
    ph_spool_cursor c;
    ph_status st = ph_spool_seek(s, number + 1, &c);
    return st == PH_OK ? cut(s, number, c.offset) : st;
}

/* The place behind item `number`, and what the spool holds up to there. */
static ph_status walk_to(ph_spool *s, uint64_t number, ph_spool_mark *ret)
{
    if (number == s->last) {
        *ret = (ph_spool_mark){s->end, s->sum};
        return PH_OK;
    }
    size_t at = (size_t)(number / STEP);
    PH_ASSERT(at < s->index_cnt);
    ph_spool_mark m = {s->index[at].offset, s->index[at].sum};
    for (uint64_t next = (uint64_t)at * STEP + 1; next <= number; next++) {
        const uint8_t *p;
        size_t got;
        ph_status st = view(s, m.offset, PH_ITEM_HEAD_SIZE, &p, &got);
        if (st != PH_OK) return st;
        size_t span = ph_item_span(p, got, next);
        if (span == 0 || span > s->end - m.offset) return PH_ECORRUPT;
        m.offset += span;
        m.sum = sum_behind(m.sum, p);
    }
    *ret = m;
    return PH_OK;
}

ph_status ph_spool_marked(ph_spool *s, uint64_t number, ph_spool_mark *ret)
{
    return number > s->last ? PH_EINVAL : walk_to(s, number, ret);
}

ph_status ph_spool_seek(ph_spool *s, uint64_t number, ph_spool_cursor *ret)
{
    if (number == 0 || number > s->last + 1) return PH_EINVAL;
    ph_spool_mark before;
    ph_status st = walk_to(s, number - 1, &before);
    if (st == PH_OK) *ret = (ph_spool_cursor){number, before.offset};
    return distrust(s, st);
}

ph_status ph_spool_sync_forked(const ph_spool *s, const char *path)
{
    const char *name;
    int folder = ph_spool_file_folder(path, &name);
    if (folder < 0) return ph_spool_file_status();
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
    ph_status st = fd < 0 ? ph_spool_file_status() : PH_OK;
    if (st == PH_OK)
        st = ph_spool_file_write(fd, s->written, s->tail + (s->written - s->tail_at),
                                 (size_t)(s->end - s->written));
    if (st == PH_OK && fdatasync(fd) != 0) st = ph_spool_file_status();
    /* And its name, which it has since it was made. */
    if (st == PH_OK && fsync(folder) != 0) st = ph_spool_file_status();
    int error = errno;
    if (fd >= 0) (void)close(fd);
    (void)close(folder);
    errno = error;
    return st;
}

ph_status ph_spool_index_forked(const ph_spool *s, const char *path)
{
    const char *name;
    if (s->last == 0) return PH_OK;
    int folder = ph_spool_file_folder(path, &name);
    if (folder < 0) return ph_spool_file_status();
    ph_spool_index x = {s->last, {s->end, s->sum}, s->index, s->index_cnt};
    ph_status st = ph_spool_index_write(folder, name, &s->origin, &x);
    int error = errno;
    (void)close(folder);
    errno = error;
    return st;
}

ph_status ph_spool_read(ph_spool *s, ph_spool_cursor *c, uint64_t last, size_t bytes_max,
                        ph_spool_part *ret)
{
    if (last > s->last) last = s->last;
    if (c->number > last) return PH_EEND;
    const uint8_t *p;
    size_t got, used = 0;
    ph_status st = view(s, c->offset, bytes_max, &p, &got);
    if (st != PH_OK) return distrust(s, st);
    bool is_own = c->offset >= s->tail_at; /* never left this memory */
    ph_spool_cursor to = *c;
    while (to.number <= last) {
        size_t span = ph_item_span(p + used, got - used, to.number);
        if (span == 0 || span > got - used) break;
        if (!is_own && !counts(p + used, span, to.number)) break;
        used += span;
        to.number++;
        to.offset += span;
    }
    if (used == 0) {
        /* The first item alone is longer than asked for. */
        st = view_item(s, c, &p, &used);
        if (st != PH_OK) return distrust(s, st);
        to = (ph_spool_cursor){c->number + 1, c->offset + used};
    }
    *ret = (ph_spool_part){p, used, (uint32_t)(to.number - c->number)};
    *c = to;
    return PH_OK;
}

void ph_spool_close(ph_spool *s)
{
    if (s == NULL) return;
    if (s->fd >= 0) {
        /* What could not be written is computed again at the next start. */
        (void)ph_spool_flush(s);
        (void)close(s->fd);
    }
    if (s->folder >= 0) (void)close(s->folder);
    free(s->tail);
    free(s->scratch);
    free(s->index);
    free(s);
}
