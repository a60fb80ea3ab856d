/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/subscribers.h"

#include "engine/base/panic.h"

#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 1 << 20 };

static void release(phg_subscriber *who)
{
    for (uint32_t i = 0; i < who->topic_cnt; i++)
        free(who->topics[i].bytes);
    free(who->topics);
    free(who);
}

void phg_subscribers_release(phg_subscribers *s)
{
    for (uint32_t i = 0; i < s->file_max; i++)
        if (s->of_file[i]) release(s->of_file[i]);
    free(s->of_file);
    free(s->is_open);
    free(s->named);
    *s = (phg_subscribers){0};
}

/* ---- Connections ---------------------------------------------------------------------------- */

static bool has_file(const phg_subscribers *s, int file)
{
    return file >= 0 && (uint32_t)file < s->file_max;
}

ph_status phg_subscribers_begun(phg_subscribers *s, int file)
{
    if (file < 0 || file >= FILES_MAX) return PH_EFULL;
    if (!has_file(s, file)) {
        uint32_t more = (uint32_t)file + 64;
        phg_subscriber **of_file = realloc(s->of_file, more * sizeof(void *));
        if (!of_file) return PH_EFULL;
        s->of_file = of_file;
        bool *is_open = realloc(s->is_open, more * sizeof *is_open);
        if (!is_open) return PH_EFULL;
        s->is_open = is_open;
        for (uint32_t i = s->file_max; i < more; i++) {
            s->of_file[i] = NULL;
            s->is_open[i] = false;
        }
        s->file_max = more;
    }
    phg_subscribers_ended(s, file);
    s->is_open[file] = true;
    return PH_OK;
}

void phg_subscribers_ended(phg_subscribers *s, int file)
{
    if (!has_file(s, file)) return;
    s->is_open[file] = false;
    phg_subscriber *who = s->of_file[file];
    if (!who) return;
    for (uint32_t i = 0; i < who->topic_cnt; i++)
        s->named[who->participant] -= (uint32_t)who->topics[i].size;
    release(who);
    s->of_file[file] = NULL;
}

phg_subscriber *phg_subscribers_on(const phg_subscribers *s, int file)
{
    return has_file(s, file) ? s->of_file[file] : NULL;
}

ph_status phg_subscribers_find(phg_subscribers *s, uint64_t connection, int file,
                               phg_subscriber **ret, phg_subscriber **ret_ended)
{
    *ret = *ret_ended = NULL;
    if (connection == 0 || !has_file(s, file) || !s->is_open[file]) return PH_OK;
    phg_subscriber *who = s->of_file[file];
    if (who && who->connection < connection) {
        *ret_ended = who;
        return PH_OK;
    }
    if (who && who->connection > connection) return PH_OK;
    if (!who) {
        who = calloc(1, sizeof *who);
        if (!who) return PH_EFULL;
        who->connection = connection;
        who->file = file;
        s->of_file[file] = who;
    }
    *ret = who;
    return PH_OK;
}

/* ---- Topics --------------------------------------------------------------------------------- */

static int compare(const phg_named *a, const void *bytes, size_t size)
{
    int order = memcmp(a->bytes, bytes, a->size < size ? a->size : size);
    if (order != 0) return order;
    return a->size < size ? -1 : a->size > size;
}

/* Index of the first topic that does not come before this one. */
static uint32_t find(const phg_subscriber *who, const void *topic, size_t size)
{
    uint32_t low = 0, high = who->topic_cnt;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&who->topics[middle], topic, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const phg_subscriber *who, uint32_t i, const void *topic, size_t size)
{
    return i < who->topic_cnt && compare(&who->topics[i], topic, size) == 0;
}

phg_named *phg_subscriber_topic(const phg_subscriber *who, const void *topic, size_t size)
{
    uint32_t i = find(who, topic, size);
    return is_at(who, i, topic, size) ? &who->topics[i] : NULL;
}

static uint32_t *named_of(phg_subscribers *s, uint32_t participant)
{
    if (participant >= s->participant_max) {
        uint32_t more = participant + 64;
        uint32_t *grown = realloc(s->named, more * sizeof *grown);
        if (!grown) return NULL;
        memset(grown + s->participant_max, 0, (more - s->participant_max) * sizeof *grown);
        s->named = grown;
        s->participant_max = more;
    }
    return &s->named[participant];
}

phg_naming phg_subscriber_name(phg_subscribers *s, phg_subscriber *who, const void *topic,
                               size_t size)
{
    PH_ASSERT(size != 0);
    uint32_t i = find(who, topic, size);
    if (is_at(who, i, topic, size)) return PHG_NAMED_AGAIN;
    uint32_t *named = named_of(s, who->participant);
    if (!named) return PHG_NAMED_NO_MEMORY;
    if (size > PHG_NAMED_BYTES_MAX - *named) return PHG_NAMED_TOO_MUCH;
    if (who->topic_cnt == who->topic_max) {
        uint32_t more = who->topic_max == 0 ? 8 : who->topic_max * 2;
        phg_named *grown = realloc(who->topics, more * sizeof *grown);
        if (!grown) return PHG_NAMED_NO_MEMORY;
        who->topics = grown;
        who->topic_max = more;
    }
    uint8_t *copy = malloc(size);
    if (!copy) return PHG_NAMED_NO_MEMORY;
    memcpy(copy, topic, size);
    memmove(who->topics + i + 1, who->topics + i, (who->topic_cnt - i) * sizeof *who->topics);
    who->topics[i] = (phg_named){.bytes = copy, .size = size};
    who->topic_cnt++;
    *named += (uint32_t)size;
    return PHG_NAMED_NEW;
}

bool phg_subscriber_forget(phg_subscribers *s, phg_subscriber *who, const void *topic, size_t size)
{
    uint32_t i = find(who, topic, size);
    if (!is_at(who, i, topic, size)) return false;
    free(who->topics[i].bytes);
    memmove(who->topics + i, who->topics + i + 1, (who->topic_cnt - i - 1) * sizeof *who->topics);
    who->topic_cnt--;
    s->named[who->participant] -= (uint32_t)size;
    return true;
}
