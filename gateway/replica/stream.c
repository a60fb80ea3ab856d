/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/replica/stream.h"

#include "engine/base/panic.h"
#include "engine/process/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK_BYTES_MIN = 1 << 10,
    READS = 64, /* chunks that were read back and are kept: clients read on where they were */
};

/* Messages from the front; where each ends, from the back. */
struct phg_chunk {
    uint8_t *bytes; /* NULL: in the file */
    uint64_t first; /* number of its first message */
    uint64_t at;    /* in the file */
    uint32_t size, used, cnt;
    uint32_t next; /* that was full after it, + 1 */
};

struct phg_chunk_read {
    uint8_t *bytes;
    uint32_t size, chunk; /* + 1; 0: none */
};

/* Where message 1 of the chunk ends; the others lie below it. */
static const uint32_t *ends_of(const uint8_t *bytes, const phg_chunk *c)
{
    return (const uint32_t *)(const void *)(bytes + c->size) - 1;
}

ph_status phg_stream_store_spill(phg_stream_store *store, const char *folder, uint64_t memory_max,
                                 char err[PHG_ERR_SIZE])
{
    PH_ASSERT(store->file == 0);
    char name[PATH_MAX];
    int size = snprintf(name, sizeof name, "%s/petahour-gateway-XXXXXX", folder);
    int file = size < (int)sizeof name ? mkostemp(name, O_CLOEXEC) : -1;
    if (file < 0 || unlink(name) != 0) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not make a file in \"%s\": %s", folder,
                       strerror(size < (int)sizeof name ? errno : ENAMETOOLONG));
        if (file >= 0) (void)close(file); /* nothing was written */
        return PH_EIO;
    }
    store->reads = calloc(READS, sizeof *store->reads);
    if (!store->reads) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not make room to read messages: no memory");
        (void)close(file); /* nothing was written */
        return PH_EFULL;
    }
    store->file = file + 1;
    store->memory_max = memory_max;
    return PH_OK;
}

void phg_stream_store_release(phg_stream_store *store)
{
    for (uint32_t i = 0; i < store->cnt; i++)
        free(store->chunks[i].bytes);
    for (uint32_t i = 0; store->reads && i < READS; i++)
        free(store->reads[i].bytes);
    free(store->chunks);
    free(store->reads);
    if (store->file != 0) (void)close(store->file - 1); /* its bytes are not wanted any more */
    *store = (phg_stream_store){0};
}

/* ---- Spilling ------------------------------------------------------------------------------- */

static bool write_chunk(const phg_stream_store *store, const phg_chunk *c)
{
    for (uint32_t done = 0; done < c->size;) {
        ssize_t n = pwrite(store->file - 1, c->bytes + done, c->size - done,
                           (off_t)(store->file_size + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += (uint32_t)n;
    }
    return true;
}

static bool read_chunk(const phg_stream_store *store, const phg_chunk *c, uint8_t *to)
{
    for (uint32_t done = 0; done < c->size;) {
        ssize_t n = pread(store->file - 1, to + done, c->size - done, (off_t)(c->at + done));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        done += (uint32_t)n;
    }
    return true;
}

static void spill(phg_stream_store *store)
{
    while (store->file != 0 && store->memory > store->memory_max && store->oldest != 0) {
        phg_chunk *c = &store->chunks[store->oldest - 1];
        if (!write_chunk(store, c)) {
            if (!store->is_file_full)
                ph_log_warning("could not write older messages to their file, they stay in "
                               "memory until there is room: %s",
                               strerror(errno));
            store->is_file_full = true;
            return;
        }
        store->is_file_full = false;
        free(c->bytes);
        c->bytes = NULL;
        c->at = store->file_size;
        store->file_size += c->size;
        store->in_file += c->size;
        store->memory -= c->size;
        store->oldest = c->next;
    }
}

/* Nothing is added to it any more. */
static void close_chunk(phg_stream_store *store, uint32_t chunk)
{
    if (store->oldest == 0)
        store->oldest = chunk + 1;
    else
        store->chunks[store->newest - 1].next = chunk + 1;
    store->newest = chunk + 1;
    spill(store);
}

/* ---- Adding --------------------------------------------------------------------------------- */

static ph_status new_chunk(phg_stream_store *store, phg_stream *s, uint32_t size)
{
    if (s->chunk_cnt == s->chunk_max) {
        uint32_t more = s->chunk_max * 2 + 2;
        uint32_t *grown = realloc(s->chunks, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        s->chunks = grown;
        s->chunk_max = more;
    }
    if (store->cnt == store->max) {
        if (store->max > UINT32_MAX / 2 - 256) return PH_EFULL;
        uint32_t more = store->max * 2 + 256;
        phg_chunk *grown = realloc(store->chunks, more * sizeof *grown);
        if (!grown) return PH_EFULL;
        store->chunks = grown;
        store->max = more;
    }
    uint8_t *bytes = malloc(size);
    if (!bytes) return PH_EFULL;
    store->chunks[store->cnt] = (phg_chunk){.bytes = bytes, .first = s->cnt + 1, .size = size};
    s->chunks[s->chunk_cnt++] = store->cnt++;
    store->memory += size;
    return PH_OK;
}

/* Room for the message and its end in the last chunk of the stream. */
static ph_status make_room(phg_stream_store *store, phg_stream *s, size_t size)
{
    const uint64_t need = size + sizeof(uint32_t);
    if (need > UINT32_MAX / 2) return PH_EFULL;
    uint32_t place = s->chunk_cnt == 0 ? 0 : s->chunks[s->chunk_cnt - 1];
    if (s->chunk_cnt != 0) {
        const phg_chunk *c = &store->chunks[place];
        if (c->used + c->cnt * sizeof(uint32_t) + need <= c->size) return PH_OK;
    }
    uint32_t usual = s->chunk_cnt < 6 ? (uint32_t)CHUNK_BYTES_MIN << s->chunk_cnt
                                      : (uint32_t)PHG_CHUNK_BYTES_MAX;
    uint32_t room = (uint32_t)(need + 7) & ~7u;
    ph_status status = new_chunk(store, s, room > usual ? room : usual);
    if (status == PH_OK && s->chunk_cnt > 1) close_chunk(store, place);
    return status;
}

ph_status phg_stream_add(phg_stream_store *store, phg_stream *s, phg_bytes message)
{
    if (!message.p) return PH_EFULL;
    ph_status status = make_room(store, s, message.size);
    if (status != PH_OK) return status;
    phg_chunk *c = &store->chunks[s->chunks[s->chunk_cnt - 1]];
    memcpy(c->bytes + c->used, message.p, message.size);
    c->used += (uint32_t)message.size;
    memcpy(c->bytes + c->size - (c->cnt + 1) * sizeof c->used, &c->used, sizeof c->used);
    c->cnt++;
    s->cnt++;
    return PH_OK;
}

void phg_stream_release(phg_stream *s)
{
    free(s->chunks);
    *s = (phg_stream){0};
}

/* ---- Taking --------------------------------------------------------------------------------- */

/* The chunk that has message `number`, which there is. */
static uint32_t chunk_of(const phg_stream_store *store, const phg_stream *s, uint64_t number)
{
    uint32_t low = 0, high = s->chunk_cnt;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (store->chunks[s->chunks[middle]].first <= number)
            low = middle;
        else
            high = middle;
    }
    return s->chunks[low];
}

/* Bytes of a chunk wherever they are; NULL with a status: it could not be read. */
static const uint8_t *bytes_of(phg_stream_store *store, uint32_t chunk, ph_status *ret)
{
    const phg_chunk *c = &store->chunks[chunk];
    *ret = PH_OK;
    if (c->bytes) return c->bytes;
    struct phg_chunk_read *r = &store->reads[chunk % READS];
    if (r->chunk == chunk + 1) return r->bytes;
    r->chunk = 0;
    if (r->size < c->size) {
        uint8_t *grown = realloc(r->bytes, c->size);
        *ret = PH_EFULL;
        if (!grown) return NULL;
        r->bytes = grown;
        r->size = c->size;
    }
    *ret = PH_EIO;
    if (!read_chunk(store, c, r->bytes)) return NULL;
    *ret = PH_OK;
    r->chunk = chunk + 1;
    return r->bytes;
}

ph_status phg_stream_take(phg_stream_store *store, const phg_stream *s, uint64_t from,
                          uint32_t cnt_max, size_t size_max, phg_stream_run *ret)
{
    PH_ASSERT(from >= 1);
    ph_status status;
    *ret = (phg_stream_run){0};
    if (from > s->cnt) return PH_OK;
    uint32_t chunk = chunk_of(store, s, from);
    const uint8_t *bytes = bytes_of(store, chunk, &status);
    if (!bytes) return status;
    const phg_chunk *c = &store->chunks[chunk];
    const uint32_t *end = ends_of(bytes, c);
    uint32_t at = (uint32_t)(from - c->first);
    uint32_t start = at == 0 ? 0 : end[-(ptrdiff_t)(at - 1)];
    ret->bytes = bytes + start;
    while (ret->cnt < cnt_max && at + ret->cnt < c->cnt) {
        size_t size = end[-(ptrdiff_t)(at + ret->cnt)] - start;
        if (size > size_max) break;
        ret->size = size;
        ret->cnt++;
    }
    return PH_OK;
}
