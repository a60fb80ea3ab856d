/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/sim/memory_disk.h - a disk in memory that can be killed at any call, lose its power,
    refuse any call, and rot.

    Every file has the bytes that a program sees and those that a sync made durable; so has the
    directory.  A kill lets the program see nothing more but keeps what it wrote.  A loss of power
    keeps, by seed, for every sector of 512 bytes on its own what is durable or any version of it
    that was written since, so writes reach the disk in any order, in part, or not at all; and of
    the changes to the directory since the last sync any choice, each of them whole and in order.  A
    call that is refused may have done a part.

    Owns      everything, in one value of the caller (large: allocate it).
    Thread    one. */
#ifndef TESTS_SIM_MEMORY_DISK_H
#define TESTS_SIM_MEMORY_DISK_H

#include <string.h>

#include "engine/base/panic.h"
#include "engine/journal/file.h"

enum {
    MEMORY_FILES_MAX = 96,
    MEMORY_FILE_BYTES_MAX = 1 << 16,
    MEMORY_NAME_SIZE = 40,
    MEMORY_HANDLES_MAX = 16,
    MEMORY_SECTOR = 512,
    MEMORY_VERSIONS_MAX = 1024, /* of sectors that are remembered; older ones are forgotten */
    MEMORY_CHANGES_MAX = 64,
};

typedef struct {
    size_t size;
    uint8_t bytes[MEMORY_FILE_BYTES_MAX];
} memory_content;

typedef struct {
    char name[MEMORY_NAME_SIZE];
    int file;
} memory_name;

typedef struct {
    memory_name v[MEMORY_FILES_MAX];
    int cnt;
} memory_names;

/* A sector as it was written after the last sync of its file. */
typedef struct {
    int file;
    size_t at;
    uint8_t bytes[MEMORY_SECTOR];
} memory_version;

/* A change of the directory after its last sync: `to` names the file; "": nothing does.  `from`
   names it no more. */
typedef struct {
    char from[MEMORY_NAME_SIZE], to[MEMORY_NAME_SIZE];
    int file;
} memory_change;

typedef struct {
    ph_disk disk;
    memory_content seen[MEMORY_FILES_MAX], durable[MEMORY_FILES_MAX];
    int file_cnt;
    memory_names seen_names, durable_names;
    struct {
        bool is_open, is_locked;
        int file;
    } handles[MEMORY_HANDLES_MAX];
    uint64_t seed; /* of what chance decides */
    int calls;     /* that change the disk, so far */
    int dies_at;   /* the call during which the program is killed; -1: none */
    bool is_dead;
    int fails_at;      /* the call that is refused; -1: none */
    bool fails_ever;   /* and all after it */
    ph_status failure; /* with this */
    memory_version versions[MEMORY_VERSIONS_MAX];
    int version_cnt;
    memory_change changes[MEMORY_CHANGES_MAX];
    int change_cnt;
} memory_disk;

/* The next number of a seed: splitmix64, the same everywhere. */
static inline uint64_t memory_chance(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t v = *seed;
    v = (v ^ v >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    v = (v ^ v >> 27) * UINT64_C(0x94d049bb133111eb);
    return v ^ v >> 31;
}

static inline memory_disk *memory_of(ph_disk *d)
{
    return (memory_disk *)d;
}

/* True when the program does not live to see this call. */
static inline bool memory_dies(memory_disk *d)
{
    if (d->calls++ == d->dies_at) d->is_dead = true;
    return d->is_dead;
}

/* True when the call that was just counted is refused. */
static inline bool memory_fails(const memory_disk *d)
{
    int call = d->calls - 1;
    return d->fails_at >= 0 && (call == d->fails_at || (d->fails_ever && call > d->fails_at));
}

static inline int memory_find(const memory_names *names, const char *name)
{
    for (int i = 0; i < names->cnt; i++) {
        if (strcmp(names->v[i].name, name) == 0) return i;
    }
    return -1;
}

static inline void memory_unname(memory_names *names, const char *name)
{
    int i = memory_find(names, name);
    if (i >= 0) names->v[i] = names->v[--names->cnt];
}

static inline void memory_give_name(memory_names *names, const char *name, int file)
{
    memory_unname(names, name);
    PH_ASSERT(names->cnt < MEMORY_FILES_MAX && strlen(name) < MEMORY_NAME_SIZE);
    memory_name *n = &names->v[names->cnt++];
    memset(n->name, 0, sizeof n->name);
    memcpy(n->name, name, strlen(name));
    n->file = file;
}

static inline void memory_copy_name(char to[MEMORY_NAME_SIZE], const char *name)
{
    PH_ASSERT(strlen(name) < MEMORY_NAME_SIZE);
    memset(to, 0, MEMORY_NAME_SIZE);
    memcpy(to, name, strlen(name));
}

/* Changes what the program sees, and remembers that the disk does not know it yet. */
static inline void memory_change_names(memory_disk *d, const char *from, const char *to, int file)
{
    PH_ASSERT(d->change_cnt < MEMORY_CHANGES_MAX);
    memory_change *c = &d->changes[d->change_cnt++];
    memory_copy_name(c->from, from);
    memory_copy_name(c->to, to);
    c->file = file;
    memory_unname(&d->seen_names, from);
    if (to[0] != '\0') memory_give_name(&d->seen_names, to, file);
}

/* Remembers the sectors of a write. */
static inline void memory_note_write(memory_disk *d, int file, size_t at, size_t size)
{
    for (size_t s = at / MEMORY_SECTOR; size != 0 && s <= (at + size - 1) / MEMORY_SECTOR; s++) {
        memory_version *v = &d->versions[d->version_cnt++ % MEMORY_VERSIONS_MAX];
        v->file = file;
        v->at = s * MEMORY_SECTOR;
        memcpy(v->bytes, d->seen[file].bytes + v->at, MEMORY_SECTOR);
    }
}

static inline void memory_forget_versions(memory_disk *d, int file)
{
    for (int i = 0; i < MEMORY_VERSIONS_MAX; i++)
        if (d->versions[i].file == file) d->versions[i].file = -1;
}

static inline ph_status memory_open(ph_disk *disk, const char *name, ph_file_mode mode, int *ret)
{
    memory_disk *d = memory_of(disk);
    int i = memory_find(&d->seen_names, name);
    bool is_made = mode == PH_FILE_CREATE || (mode == PH_FILE_KEEP && i < 0);
    if (is_made && memory_dies(d)) return PH_EIO;
    if (is_made && memory_fails(d)) return d->failure;
    if (!is_made && i < 0) return PH_ENOTFOUND;
    int file = is_made ? d->file_cnt : d->seen_names.v[i].file;
    if (is_made) {
        PH_ASSERT(d->file_cnt < MEMORY_FILES_MAX);
        d->file_cnt++;
        memset(&d->seen[file], 0, sizeof d->seen[file]);
        memset(&d->durable[file], 0, sizeof d->durable[file]);
        memory_change_names(d, "", name, file);
    }
    int h = 0;
    while (h < MEMORY_HANDLES_MAX && d->handles[h].is_open)
        h++;
    PH_ASSERT(h < MEMORY_HANDLES_MAX); /* whoever opens also closes */
    d->handles[h].is_open = true;
    d->handles[h].is_locked = false;
    d->handles[h].file = file;
    *ret = h;
    return PH_OK;
}

static inline memory_content *memory_content_of(ph_disk *disk, int handle)
{
    memory_disk *d = memory_of(disk);
    PH_ASSERT(handle >= 0 && handle < MEMORY_HANDLES_MAX && d->handles[handle].is_open);
    return &d->seen[d->handles[handle].file];
}

static inline void memory_close(ph_disk *disk, int handle)
{
    (void)memory_content_of(disk, handle);
    memory_of(disk)->handles[handle].is_open = false;
    memory_of(disk)->handles[handle].is_locked = false;
}

/* How much of a write is there when the program is killed in it: the system copies whole pages and
   the disk writes whole sectors, so it stops at a sector's end. */
static inline size_t memory_written(memory_disk *d, uint64_t at, size_t size)
{
    size_t first = MEMORY_SECTOR - (size_t)(at % MEMORY_SECTOR);
    size_t sectors = size < first ? 0 : 1 + (size - first) / MEMORY_SECTOR;
    size_t chosen = (size_t)(memory_chance(&d->seed) % (sectors + 2));
    if (chosen == 0) return 0;
    size_t written = first + (chosen - 1) * MEMORY_SECTOR;
    return written < size ? written : size;
}

static inline ph_status memory_write(ph_disk *disk, int handle, uint64_t at, const void *bytes,
                                     size_t size)
{
    memory_disk *d = memory_of(disk);
    memory_content *c = memory_content_of(disk, handle);
    if (d->is_dead) return PH_EIO;
    bool dies = memory_dies(d), fails = memory_fails(d);
    if (dies || fails) size = memory_written(d, at, size);
    if (at + size > sizeof c->bytes) return PH_EFULL;
    memcpy(c->bytes + at, bytes, size);
    if (size != 0 && at + size > c->size) c->size = (size_t)at + size;
    memory_note_write(d, d->handles[handle].file, (size_t)at, size);
    return dies ? PH_EIO : fails ? d->failure : PH_OK;
}

static inline ph_status memory_read(ph_disk *disk, int handle, uint64_t at, void *to, size_t size,
                                    size_t *ret)
{
    const memory_content *c = memory_content_of(disk, handle);
    size_t n = at >= c->size ? 0 : c->size - (size_t)at;
    if (n > size) n = size;
    if (n != 0) memcpy(to, c->bytes + at, n);
    *ret = n;
    return PH_OK;
}

static inline ph_status memory_sync(ph_disk *disk, int handle)
{
    memory_disk *d = memory_of(disk);
    int file = d->handles[handle].file;
    if (memory_dies(d)) return PH_EIO;
    if (memory_fails(d)) return d->failure; /* and whether any of it is durable is chance's */
    d->durable[file] = *memory_content_of(disk, handle);
    memory_forget_versions(d, file);
    return PH_OK;
}

static inline ph_status memory_size(ph_disk *disk, int handle, uint64_t *ret)
{
    *ret = memory_content_of(disk, handle)->size;
    return PH_OK;
}

static inline ph_status memory_rename(ph_disk *disk, const char *from, const char *to)
{
    memory_disk *d = memory_of(disk);
    if (memory_dies(d)) return PH_EIO;
    if (memory_fails(d)) return d->failure;
    int i = memory_find(&d->seen_names, from);
    if (i < 0) return PH_ENOTFOUND;
    memory_change_names(d, from, to, d->seen_names.v[i].file);
    return PH_OK;
}

static inline ph_status memory_remove(ph_disk *disk, const char *name)
{
    memory_disk *d = memory_of(disk);
    if (memory_find(&d->seen_names, name) < 0) return PH_ENOTFOUND;
    if (memory_dies(d)) return PH_EIO;
    if (memory_fails(d)) return d->failure;
    memory_change_names(d, name, "", -1);
    return PH_OK;
}

static inline ph_status memory_sync_names(ph_disk *disk)
{
    memory_disk *d = memory_of(disk);
    if (memory_dies(d)) return PH_EIO;
    if (memory_fails(d)) return d->failure;
    d->durable_names = d->seen_names;
    d->change_cnt = 0;
    return PH_OK;
}

static inline ph_status memory_list(ph_disk *disk, void (*f)(void *arg, const char *name),
                                    void *arg)
{
    const memory_names *names = &memory_of(disk)->seen_names;
    for (int i = 0; i < names->cnt; i++)
        f(arg, names->v[i].name);
    return PH_OK;
}

static inline ph_status memory_locked(ph_disk *disk, int handle, bool *ret)
{
    memory_disk *d = memory_of(disk);
    *ret = false;
    for (int h = 0; h < MEMORY_HANDLES_MAX; h++) {
        if (h != handle && d->handles[h].is_open && d->handles[h].is_locked &&
            d->handles[h].file == d->handles[handle].file)
            *ret = true;
    }
    return PH_OK;
}

static inline ph_status memory_lock(ph_disk *disk, int handle)
{
    bool is_taken;
    (void)memory_locked(disk, handle, &is_taken);
    if (is_taken) return PH_EBUSY;
    memory_of(disk)->handles[handle].is_locked = true;
    return PH_OK;
}

static inline const char *memory_reason(ph_disk *disk)
{
    const memory_disk *d = memory_of(disk);
    if (d->is_dead) return "killed";
    return d->failure == PH_EFULL ? "no space left on device" : "input/output error";
}

/* What reaches the disk before a sync, and what does not, is up to the seed anyway. */
static inline void memory_begin_out(ph_disk *disk, int handle, uint64_t at, size_t size)
{
    (void)disk, (void)handle, (void)at, (void)size;
}

static const ph_disk_ops memory_ops = {
    .open = memory_open,
    .close = memory_close,
    .write = memory_write,
    .read = memory_read,
    .begin = memory_begin_out,
    .sync = memory_sync,
    .size = memory_size,
    .rename = memory_rename,
    .remove = memory_remove,
    .sync_names = memory_sync_names,
    .list = memory_list,
    .lock = memory_lock,
    .locked = memory_locked,
    .reason = memory_reason,
};

/* An empty disk. */
static inline void memory_begin(memory_disk *d, uint64_t seed)
{
    d->disk.ops = &memory_ops;
    d->file_cnt = 0;
    d->seen_names.cnt = 0;
    d->durable_names.cnt = 0;
    memset(d->handles, 0, sizeof d->handles);
    d->seed = seed;
    d->calls = 0;
    d->dies_at = -1;
    d->is_dead = false;
    d->fails_at = -1;
    d->fails_ever = false;
    d->failure = PH_EIO;
    d->version_cnt = 0;
    d->change_cnt = 0;
    for (int i = 0; i < MEMORY_VERSIONS_MAX; i++)
        d->versions[i].file = -1;
}

/* The program that used the disk is gone and another may start. */
static inline void memory_restart(memory_disk *d)
{
    memset(d->handles, 0, sizeof d->handles);
    d->calls = 0;
    d->dies_at = -1;
    d->is_dead = false;
    d->fails_at = -1;
    d->fails_ever = false;
}

/* One of the versions of a sector since the last sync, the durable one among them. */
static inline const uint8_t *memory_choose_version(memory_disk *d, int file, size_t at)
{
    const uint8_t *chosen = d->durable[file].bytes + at;
    uint64_t cnt = 1;
    int kept = d->version_cnt < MEMORY_VERSIONS_MAX ? d->version_cnt : MEMORY_VERSIONS_MAX;
    for (int i = 0; i < kept; i++) {
        const memory_version *v = &d->versions[i];
        if (v->file != file || v->at != at) continue;
        if (memory_chance(&d->seed) % ++cnt == 0) chosen = v->bytes;
    }
    return chosen;
}

/* One file after the power came back: sectors and size that were not synced are old or new. */
static inline void memory_settle_file(memory_disk *d, int file)
{
    memory_content *seen = &d->seen[file], *durable = &d->durable[file];
    size_t size = memory_chance(&d->seed) % 2 == 0 ? seen->size : durable->size;
    size_t reach = seen->size > durable->size ? seen->size : durable->size;
    for (size_t at = 0; at < reach; at += MEMORY_SECTOR)
        memcpy(seen->bytes + at, memory_choose_version(d, file, at), MEMORY_SECTOR);
    memset(seen->bytes + size, 0, sizeof seen->bytes - size);
    seen->size = size;
    *durable = *seen;
}

/* Of the changes to the directory any choice, but each whole and in their order. */
static inline void memory_settle_names(memory_disk *d)
{
    d->seen_names = d->durable_names;
    for (int i = 0; i < d->change_cnt; i++) {
        const memory_change *c = &d->changes[i];
        if (memory_chance(&d->seed) % 2 == 0) continue;
        memory_unname(&d->seen_names, c->from);
        if (c->to[0] != '\0') memory_give_name(&d->seen_names, c->to, c->file);
    }
    d->durable_names = d->seen_names;
    d->change_cnt = 0;
}

/* The power fails and comes back. */
static inline void memory_lose_power(memory_disk *d)
{
    memory_settle_names(d);
    for (int i = 0; i < d->file_cnt; i++)
        memory_settle_file(d, i);
    d->version_cnt = 0;
    memory_restart(d);
}

#endif
