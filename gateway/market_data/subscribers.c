/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/subscribers.h"

#include "engine/base/panic.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 1 << 20 };

_Static_assert(sizeof((phg_subscriber){0}.hash_key) == crypto_shorthash_KEYBYTES, "a SipHash key");

static void release(phg_subscriber *who)
{
    for (uint32_t i = 0; i < who->topic_cnt; i++)
        free(who->topics[i].bytes);
    free(who->topics);
    free(who->places);
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
        randombytes_buf(who->hash_key, sizeof who->hash_key);
        s->of_file[file] = who;
    }
    *ret = who;
    return PH_OK;
}

/* ---- Topics --------------------------------------------------------------------------------- */

static uint32_t home_of(const phg_subscriber *who, const void *topic, size_t size)
{
    uint64_t hash;
    (void)crypto_shorthash((uint8_t *)&hash, topic, size, who->hash_key); /* cannot fail */
    return (uint32_t)hash & (2 * who->topic_max - 1);
}

static uint32_t after(const phg_subscriber *who, uint32_t place)
{
    return (place + 1) & (2 * who->topic_max - 1);
}

/* Where the topic is, or would be: half of the places are free. */
static uint32_t place_of(const phg_subscriber *who, const void *topic, size_t size)
{
    uint32_t p = home_of(who, topic, size);
    for (; who->places[p] != 0; p = after(who, p)) {
        const phg_named *is = &who->topics[who->places[p] - 1];
        if (is->size == size && memcmp(is->bytes, topic, size) == 0) break;
    }
    return p;
}

static bool grow(phg_subscriber *who)
{
    PH_ASSERT(who->topic_cnt == 0 || who->topics);
    uint32_t more = who->topic_max == 0 ? 8 : who->topic_max * 2;
    phg_named *topics = realloc(who->topics, more * sizeof *topics);
    if (!topics) return false;
    who->topics = topics;
    uint32_t *places = calloc(2 * (size_t)more, sizeof *places);
    if (!places) return false;
    free(who->places);
    who->places = places;
    who->topic_max = more;
    for (uint32_t i = 0; i < who->topic_cnt; i++)
        places[place_of(who, topics[i].bytes, topics[i].size)] = i + 1;
    return true;
}

/* Frees a place, and moves into it what would no longer be found behind it. */
static void clear(phg_subscriber *who, uint32_t place)
{
    for (uint32_t p = after(who, place); who->places[p] != 0; p = after(who, p)) {
        const phg_named *is = &who->topics[who->places[p] - 1];
        const uint32_t home = home_of(who, is->bytes, is->size), mask = 2 * who->topic_max - 1;
        if (((p - home) & mask) < ((p - place) & mask)) continue;
        who->places[place] = who->places[p];
        place = p;
    }
    who->places[place] = 0;
}

phg_named *phg_subscriber_topic(const phg_subscriber *who, const void *topic, size_t size)
{
    uint32_t i = who->topic_cnt == 0 ? 0 : who->places[place_of(who, topic, size)];
    return i == 0 ? NULL : &who->topics[i - 1];
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

uint32_t phg_subscribers_named(const phg_subscribers *s, uint32_t participant)
{
    return participant < s->participant_max ? s->named[participant] : 0;
}

bool phg_subscriber_is_near(const phg_subscribers *s, phg_subscriber *who)
{
    const bool was_warned = who->is_warned;
    if (who->name == 0) return false;
    who->is_warned = phg_subscribers_named(s, who->participant) >= PHG_NAMED_BYTES_MAX / 4 * 3;
    return who->is_warned && !was_warned;
}

phg_naming phg_subscriber_name(phg_subscribers *s, phg_subscriber *who, const void *topic,
                               size_t size)
{
    PH_ASSERT(size != 0);
    if (phg_subscriber_topic(who, topic, size)) return PHG_NAMED_AGAIN;
    uint32_t *named = named_of(s, who->participant);
    if (!named) return PHG_NAMED_NO_MEMORY;
    if (size > PHG_NAMED_BYTES_MAX - *named) return PHG_NAMED_TOO_MUCH;
    if (who->topic_cnt == who->topic_max && !grow(who)) return PHG_NAMED_NO_MEMORY;
    uint8_t *copy = malloc(size);
    if (!copy) return PHG_NAMED_NO_MEMORY;
    memcpy(copy, topic, size);
    const uint32_t place = place_of(who, topic, size);
    PH_ASSERT(who->topics);
    who->topics[who->topic_cnt++] = (phg_named){.bytes = copy, .size = size};
    who->places[place] = who->topic_cnt;
    *named += (uint32_t)size;
    return PHG_NAMED_NEW;
}

bool phg_subscriber_forget(phg_subscribers *s, phg_subscriber *who, const void *topic, size_t size)
{
    phg_named *is = phg_subscriber_topic(who, topic, size);
    if (!is) return false;
    clear(who, place_of(who, topic, size));
    free(is->bytes);
    const phg_named *last = &who->topics[--who->topic_cnt];
    if (is != last) {
        who->places[place_of(who, last->bytes, last->size)] = (uint32_t)(is - who->topics) + 1;
        *is = *last;
    }
    s->named[who->participant] -= (uint32_t)size;
    return true;
}
