/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/spool_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/panic.h"
#include "engine/link/frame.h"
#include "engine/link/spool_file.h"

enum {
    HEAD_SIZE = 72,
    PLACE_SIZE = 16,
    PART = 1024, /* places of an item */
    PART_SIZE = PH_ITEM_HEAD_SIZE + PART * PLACE_SIZE,
    END_SIZE = 24,
    TAIL_SIZE = PH_ITEM_HEAD_SIZE + END_SIZE, /* the last item */
    NAME_SIZE = 300,
};

static const char MAGIC[] = "PHSPIDX1";

/* "<spool><end>"; false if there is no room. */
static bool name_of(const char *spool, const char *end, char to[NAME_SIZE])
{
    int size = snprintf(to, NAME_SIZE, "%s%s", spool, end);
    if (size > 0 && size < NAME_SIZE) return true;
    errno = ENAMETOOLONG;
    return false;
}

/* ---- Writing --------------------------------------------------------------------------------- */

/* Behind what is there; *at moves on. */
static ph_status put_item(int fd, uint64_t *at, uint64_t number, const uint8_t *bytes, size_t size)
{
    uint8_t item[PART_SIZE];
    ph_writer w = ph_writer_of(item, sizeof item);
    ph_item_write(&w, number, bytes, (uint32_t)size);
    PH_ASSERT(!w.full);
    uint64_t here = *at;
    *at += ph_writer_size(&w);
    return ph_spool_file_write(fd, here, item, ph_writer_size(&w));
}

static ph_status put_all(int fd, const ph_text64 *origin, const ph_spool_index *index)
{
    uint8_t bytes[PART * PLACE_SIZE];
    uint64_t number = 0, at = HEAD_SIZE;
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_write_bytes(&w, MAGIC, 8);
    ph_write_bytes(&w, origin->s, sizeof origin->s);
    ph_status st = ph_spool_file_write(fd, 0, bytes, HEAD_SIZE);
    for (size_t from = 0; st == PH_OK && from < index->cnt; from += PART) {
        w = ph_writer_of(bytes, sizeof bytes);
        for (size_t i = from; i < index->cnt && i < from + PART; i++) {
            ph_write_u64(&w, index->v[i].offset);
            ph_write_u64(&w, index->v[i].sum);
        }
        st = put_item(fd, &at, ++number, bytes, ph_writer_size(&w));
    }
    if (st != PH_OK) return st;
    w = ph_writer_of(bytes, sizeof bytes);
    ph_write_u64(&w, index->last);
    ph_write_u64(&w, index->end.offset);
    ph_write_u64(&w, index->end.sum);
    return put_item(fd, &at, ++number, bytes, ph_writer_size(&w));
}

ph_status ph_spool_index_write(int folder, const char *name, const ph_text64 *origin,
                               const ph_spool_index *index)
{
    char aside[NAME_SIZE], is[NAME_SIZE];
    PH_ASSERT(index->last != 0 && index->cnt == (index->last - 1) / PH_SPOOL_STEP + 1);
    if (!name_of(name, ".index.new", aside) || !name_of(name, ".index", is)) return PH_EIO;
    int fd = openat(folder, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return ph_spool_file_status();
    ph_status st = put_all(fd, origin, index);
    if (st == PH_OK && fsync(fd) != 0) st = ph_spool_file_status();
    int error = errno;
    if (close(fd) != 0 && st == PH_OK) {
        st = ph_spool_file_status();
        error = errno;
    }
    errno = error;
    if (st == PH_OK && renameat(folder, aside, folder, is) != 0) st = ph_spool_file_status();
    if (st == PH_OK && fsync(folder) != 0) st = ph_spool_file_status();
    return st;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* The whole file, allocated. */
static ph_status get(int fd, uint8_t **ret, size_t *ret_size)
{
    struct stat file;
    if (fstat(fd, &file) != 0) return PH_EIO;
    uint8_t *bytes = malloc((size_t)file.st_size + 1);
    if (bytes == NULL) return PH_EFULL;
    ph_status st = ph_spool_file_read(fd, 0, bytes, (size_t)file.st_size, ret_size);
    if (st == PH_OK)
        *ret = bytes;
    else
        free(bytes);
    return st;
}

static bool take_end(const ph_item *item, ph_spool_index *to)
{
    if (item->size != END_SIZE) return false;
    ph_reader r = ph_reader_of(item->bytes, item->size);
    to->last = ph_read_u64(&r);
    to->end.offset = ph_read_u64(&r);
    to->end.sum = ph_read_u64(&r);
    return ph_reader_done(&r);
}

/* False if an item of the file does not count.  The places are in order of the items. */
static bool take_all(ph_reader *r, ph_spool_index *to)
{
    bool is_end = false;
    for (uint64_t number = 1; r->p < r->end; number++) {
        ph_item item;
        if (is_end || !ph_item_read(r, &item) || item.number != number) return false;
        is_end = r->p == r->end;
        if (is_end) break;
        bool is_part = item.size % PLACE_SIZE == 0 && item.size <= PART * PLACE_SIZE;
        if (!is_part) return false;
        ph_reader places = ph_reader_of(item.bytes, item.size);
        for (uint32_t i = 0; i < item.size / PLACE_SIZE; i++) {
            to->v[to->cnt].offset = ph_read_u64(&places);
            to->v[to->cnt++].sum = ph_read_u64(&places);
        }
    }
    return is_end;
}

/* Whether the numbers could be those of a spool of this size. */
static bool is_possible(const ph_spool_index *x, uint64_t spool_size)
{
    if (x->last == 0 || x->cnt != (x->last - 1) / PH_SPOOL_STEP + 1) return false;
    if (x->end.offset > spool_size || x->v[0].offset != HEAD_SIZE || x->v[0].sum != 0) return false;
    for (size_t i = 0; i < x->cnt; i++) {
        uint64_t next = i + 1 < x->cnt ? x->v[i + 1].offset : x->end.offset;
        uint64_t items = i + 1 < x->cnt ? PH_SPOOL_STEP : x->last - i * PH_SPOOL_STEP;
        if (next > spool_size || x->v[i].offset > next ||
            next - x->v[i].offset < items * PH_ITEM_HEAD_SIZE)
            return false;
    }
    return true;
}

static const char *parse(const uint8_t *bytes, size_t size, const ph_text64 *origin,
                         uint64_t spool_size, ph_spool_index *ret)
{
    ph_item end;
    if (size < HEAD_SIZE + TAIL_SIZE || memcmp(bytes, MAGIC, 8) != 0) return "it is none";
    if (memcmp(bytes + 8, origin->s, sizeof origin->s) != 0) return "it is of another origin";
    ph_reader tail = ph_reader_of(bytes + size - TAIL_SIZE, TAIL_SIZE);
    if (!ph_item_read(&tail, &end) || !take_end(&end, ret)) return "it is torn";
    ph_reader r = ph_reader_of(bytes + HEAD_SIZE, size - HEAD_SIZE);
    if (!take_all(&r, ret)) return "it is torn";
    if (ret->end.offset > spool_size) return "the spool is shorter than it says";
    return is_possible(ret, spool_size) ? NULL : "its numbers are those of no spool";
}

ph_status ph_spool_index_read(int folder, const char *name, const ph_text64 *origin,
                              uint64_t spool_size, ph_spool_index *ret, const char **ret_why)
{
    char is[NAME_SIZE];
    uint8_t *bytes = NULL;
    size_t size = 0;
    if (!name_of(name, ".index", is)) return PH_EIO;
    int fd = openat(folder, is, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? PH_ENOTFOUND : PH_EIO;
    ph_status st = get(fd, &bytes, &size);
    (void)close(fd); /* nothing was written */
    if (st != PH_OK) return st;
    ph_spool_index x = {.v = calloc(size / PLACE_SIZE + 1, sizeof x.v[0])};
    if (x.v == NULL) {
        free(bytes);
        return PH_EFULL;
    }
    *ret_why = parse(bytes, size, origin, spool_size, &x);
    free(bytes);
    if (*ret_why == NULL) {
        *ret = x;
        return PH_OK;
    }
    free(x.v);
    return PH_ECORRUPT;
}

/* The last item of the file alone; false if it cannot be read. */
static bool read_last(int folder, const char *is, uint64_t *ret)
{
    uint8_t bytes[TAIL_SIZE];
    struct stat file;
    ph_item end;
    ph_spool_index x = {.last = 0};
    int fd = openat(folder, is, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ph_reader r = ph_reader_of(bytes, sizeof bytes);
    bool is_read = fstat(fd, &file) == 0 && file.st_size >= TAIL_SIZE &&
                   pread(fd, bytes, sizeof bytes, file.st_size - TAIL_SIZE) == TAIL_SIZE &&
                   ph_item_read(&r, &end) && take_end(&end, &x);
    (void)close(fd); /* nothing was written */
    *ret = x.last;
    return is_read;
}

ph_status ph_spool_index_forget(int folder, const char *name, uint64_t number)
{
    char is[NAME_SIZE];
    uint64_t last;
    if (!name_of(name, ".index", is)) return PH_EIO;
    if (read_last(folder, is, &last) && last <= number) return PH_OK;
    /* One that is gone may be gone in memory only: an owner that was killed here before. */
    if (unlinkat(folder, is, 0) != 0 && errno != ENOENT) return PH_EIO;
    return fsync(folder) == 0 ? PH_OK : PH_EIO;
}
