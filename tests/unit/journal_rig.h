/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/unit/journal_rig.h - a journal in a directory of its own, on a disk that can be told to
    fail, and records whose bytes follow from their number.

    The disk is the real one behind a gate that counts what changes it and refuses the n-th. */
#ifndef TESTS_UNIT_JOURNAL_RIG_H
#define TESTS_UNIT_JOURNAL_RIG_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "engine/journal/file_posix.h"
#include "engine/journal/format.h"
#include "engine/journal/reader.h"
#include "engine/journal/writer.h"

typedef struct {
    ph_disk disk;
    ph_disk_posix real;
    char directory[64];
    int calls;         /* that would change the disk, so far */
    int fails_at;      /* the first of them that fails; -1: none */
    bool fails_ever;   /* and all after it */
    ph_status failure; /* with this */
    size_t torn;       /* a write that fails writes this much first */
    bool is_fast;      /* syncs are counted but not done */
    uint64_t written;  /* bytes since somebody set it to 0 */
    uint64_t begun;    /* bytes that were to be brought to the disk ahead of a sync */
    void (*on_sync)(void *arg);
    void *on_sync_arg;
    void *writer_block, *reader_block;
} rig;

static inline rig *rig_of(ph_disk *d)
{
    return (rig *)d;
}

static inline bool rig_fails(rig *g)
{
    int call = g->calls++;
    if (g->fails_at < 0 || call < g->fails_at) return false;
    return call == g->fails_at || g->fails_ever;
}

static inline ph_status rig_open(ph_disk *d, const char *name, ph_file_mode mode, int *ret)
{
    rig *g = rig_of(d);
    if ((mode == PH_FILE_CREATE || mode == PH_FILE_KEEP) && rig_fails(g)) return g->failure;
    return g->real.disk.ops->open(&g->real.disk, name, mode, ret);
}

static inline void rig_close(ph_disk *d, int file)
{
    rig_of(d)->real.disk.ops->close(&rig_of(d)->real.disk, file);
}

static inline ph_status rig_write(ph_disk *d, int file, uint64_t at, const void *p, size_t size)
{
    rig *g = rig_of(d);
    g->written += size;
    if (!rig_fails(g)) return g->real.disk.ops->write(&g->real.disk, file, at, p, size);
    size_t torn = g->torn < size ? g->torn : size;
    ck_assert_int_eq(g->real.disk.ops->write(&g->real.disk, file, at, p, torn), PH_OK);
    return g->failure;
}

static inline ph_status rig_read(ph_disk *d, int file, uint64_t at, void *p, size_t size,
                                 size_t *ret)
{
    return rig_of(d)->real.disk.ops->read(&rig_of(d)->real.disk, file, at, p, size, ret);
}

static inline void rig_begin_out(ph_disk *d, int file, uint64_t at, size_t size)
{
    rig_of(d)->begun += size;
    rig_of(d)->real.disk.ops->begin(&rig_of(d)->real.disk, file, at, size);
}

static inline ph_status rig_sync(ph_disk *d, int file)
{
    rig *g = rig_of(d);
    if (g->on_sync != NULL) g->on_sync(g->on_sync_arg);
    if (rig_fails(g)) return g->failure;
    return g->is_fast ? PH_OK : g->real.disk.ops->sync(&g->real.disk, file);
}

static inline ph_status rig_size(ph_disk *d, int file, uint64_t *ret)
{
    return rig_of(d)->real.disk.ops->size(&rig_of(d)->real.disk, file, ret);
}

static inline ph_status rig_rename(ph_disk *d, const char *from, const char *to)
{
    rig *g = rig_of(d);
    return rig_fails(g) ? g->failure : g->real.disk.ops->rename(&g->real.disk, from, to);
}

static inline ph_status rig_remove(ph_disk *d, const char *name)
{
    rig *g = rig_of(d);
    return rig_fails(g) ? g->failure : g->real.disk.ops->remove(&g->real.disk, name);
}

static inline ph_status rig_sync_names(ph_disk *d)
{
    rig *g = rig_of(d);
    if (rig_fails(g)) return g->failure;
    return g->is_fast ? PH_OK : g->real.disk.ops->sync_names(&g->real.disk);
}

static inline ph_status rig_list(ph_disk *d, void (*f)(void *arg, const char *name), void *arg)
{
    return rig_of(d)->real.disk.ops->list(&rig_of(d)->real.disk, f, arg);
}

static inline ph_status rig_lock(ph_disk *d, int file)
{
    return rig_of(d)->real.disk.ops->lock(&rig_of(d)->real.disk, file);
}

static inline ph_status rig_locked(ph_disk *d, int file, bool *ret)
{
    return rig_of(d)->real.disk.ops->locked(&rig_of(d)->real.disk, file, ret);
}

static inline const char *rig_reason(ph_disk *d)
{
    (void)d;
    return "told to fail";
}

static const ph_disk_ops rig_ops = {
    .open = rig_open,
    .close = rig_close,
    .write = rig_write,
    .read = rig_read,
    .begin = rig_begin_out,
    .sync = rig_sync,
    .size = rig_size,
    .rename = rig_rename,
    .remove = rig_remove,
    .sync_names = rig_sync_names,
    .list = rig_list,
    .lock = rig_lock,
    .locked = rig_locked,
    .reason = rig_reason,
};

static inline void rig_begin(rig *g)
{
    *g = (rig){.disk = {&rig_ops}, .fails_at = -1, .failure = PH_EIO, .is_fast = true};
    snprintf(g->directory, sizeof g->directory, "/tmp/petahour-journal-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(g->directory));
    ck_assert_int_eq(ph_disk_posix_open(g->directory, false, &g->real), PH_OK);
    g->writer_block = aligned_alloc(64, (ph_journal_footprint() + 63) / 64 * 64);
    g->reader_block = aligned_alloc(64, (ph_journal_reader_footprint() + 63) / 64 * 64);
    ck_assert(g->writer_block != NULL && g->reader_block != NULL);
}

static inline void rig_empty(rig *g)
{
    DIR *dir = opendir(g->directory);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        ck_assert_int_eq(unlinkat(dirfd(dir), e->d_name, 0), 0);
    }
    closedir(dir);
}

static inline void rig_end(rig *g)
{
    rig_empty(g);
    ph_disk_posix_close(&g->real);
    ck_assert_int_eq(rmdir(g->directory), 0);
    free(g->writer_block);
    free(g->reader_block);
}

/* ---- Records that follow from their number ------------------------------------------------ */

enum { RIG_RECORD_MAX = 3000 };

static inline uint64_t rig_mix(uint64_t v)
{
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

/* Bytes of record `seq` of the kind `salt`; returns how many. */
static inline uint32_t rig_record(uint64_t seq, uint64_t salt, uint8_t to[RIG_RECORD_MAX])
{
    uint64_t m = rig_mix(seq * 31 + salt);
    uint32_t size = (uint32_t)(m % 97 == 0 ? 1 + m % RIG_RECORD_MAX : 1 + m % 120);
    for (uint32_t i = 0; i < size; i++)
        to[i] = m % 5 == 0 ? 0 : (uint8_t)rig_mix(m + i);
    return size;
}

static inline ph_time rig_at(uint64_t seq)
{
    return (ph_time){1000 + seq / 3};
}

static inline ph_status rig_open_writer(rig *g, uint64_t segment_bytes, ph_journal **ret,
                                        ph_journal_fault *reterr)
{
    ph_journal_options o = {.market = "test.petahour",
                            .meta = "limits",
                            .meta_size = 6,
                            .segment_bytes = segment_bytes,
                            .fill_bytes = 2 * PH_JOURNAL_PAGE};
    return ph_journal_open(g->writer_block, &g->disk, &o, ret, reterr);
}

/* Appends one record; its event bytes are the record of another salt. */
static inline ph_status rig_append(ph_journal *j, uint64_t salt)
{
    uint8_t bytes[RIG_RECORD_MAX], events[RIG_RECORD_MAX];
    uint64_t seq = ph_journal_next_seq(j);
    uint32_t size = rig_record(seq, salt, bytes);
    uint32_t event_size = rig_record(seq, salt + 1000, events);
    return ph_journal_append(j, rig_at(seq), bytes, size, events, event_size);
}

/* Reads from the first record to where the reader stops: returns its status and how many records
   it gave.  Every record must be the one that was appended with `salt`. */
static inline ph_status rig_read_all(rig *g, uint64_t salt, uint64_t *ret_cnt,
                                     ph_journal_fault *reterr)
{
    ph_journal_reader *r;
    *ret_cnt = 0;
    ph_status s = ph_journal_reader_open(g->reader_block, &g->disk, &r, reterr);
    if (s != PH_OK) return s;
    ph_journal_batch b;
    uint64_t seq = 0;
    while ((s = ph_journal_reader_next(r, &b, reterr)) == PH_OK) {
        ck_assert_uint_eq(b.first_seq, seq + 1);
        ph_journal_cursor cursor = {0};
        for (ph_journal_record rec; ph_journal_record_next(&b, &cursor, &rec);) {
            uint8_t bytes[RIG_RECORD_MAX];
            uint32_t size = rig_record(++seq, salt, bytes);
            ck_assert_uint_eq(rec.seq, seq);
            ck_assert_uint_eq(rec.at.ns, rig_at(seq).ns);
            ck_assert_uint_eq(rec.size, size);
            ck_assert_mem_eq(rec.bytes, bytes, size);
        }
    }
    ph_journal_reader_close(r);
    *ret_cnt = seq;
    return s;
}

/* ---- Bytes of a file, changed behind the journal's back ----------------------------------- */

static inline void rig_path(const rig *g, const char *name, char to[160])
{
    snprintf(to, 160, "%s/%s", g->directory, name);
}

static inline uint8_t *rig_load(const rig *g, const char *name, size_t *ret_size)
{
    char path[160];
    rig_path(g, name, path);
    FILE *f = fopen(path, "rbe");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    size_t size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(size + 1);
    ck_assert_ptr_nonnull(bytes);
    ck_assert_uint_eq(fread(bytes, 1, size, f), size);
    fclose(f);
    *ret_size = size;
    return bytes;
}

static inline void rig_store(const rig *g, const char *name, const uint8_t *bytes, size_t size)
{
    char path[160];
    rig_path(g, name, path);
    FILE *f = fopen(path, "wbe");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

static inline void rig_poke(const rig *g, const char *name, size_t at, uint8_t byte)
{
    char path[160];
    rig_path(g, name, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
    close(fd);
}

#endif
