/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/connections.h"

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/process/log.h"
#include "gateway/doors/connection.h"
#include "gateway/doors/ratelimit.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILES_MAX = 1 << 20 };

#define LOOK_NS  (PH_NS_PER_S / 10)
#define STILL_NS PH_NS_PER_S /* looks come more often; one that comes later was kept from it */

/* Accepted before it was let in, and ended at a look after IDLE. */
#define MUTE_NS (PHG_CONNECTION_IDLE_NS + 2 * PH_NS_PER_S)

/* A connection, by its door and file: what the doors tell of a file is in no order between them. */
typedef struct {
    uint64_t cookie;       /* of the file when it was told of; 0: it was closed by then */
    uint64_t idle_ns;      /* has done nothing since; 0: the file is not open */
    uint64_t barred_ns;    /* its key is in force no more since; 0: it is */
    uint64_t over_ns;      /* has had too many strikes since; 0: it has not */
    phg_ratelimit strikes; /* that it may still have; since it has spoken */
    uint64_t number;       /* 0: it has said nothing */
    uint32_t key, participant;
    bool is_many, is_ended;
} connection;

/* One that was let in and has said nothing. */
typedef struct {
    uint32_t participant; /* 0: it has spoken since */
    uint64_t at_ns;
} mute;

/* What one participant has. */
typedef struct {
    uint32_t mute, of[PHG_INFLOW_DOORS];
} tally;

struct phg_connections {
    const phg_catalogue *catalogue;
    char endpoints[PHG_INFLOW_DOORS][128];
    connection *of_file[PHG_INFLOW_DOORS];
    uint32_t file_max[PHG_INFLOW_DOORS];
    tally *tallies; /* of participant n: tallies[n] */
    uint32_t tally_cnt;
    mute *mutes;          /* of connection n: mutes[n modulo the size] */
    uint64_t first, last; /* of those that are kept; none is when first > last */
    uint64_t looked_ns;
    uint64_t ended[PHG_END_REASONS];
};

static const char *const sentences[PHG_END_REASONS] = {
    [PHG_END_IDLE] = "they had no session, or said nothing, for too long",
    [PHG_END_MANY] = "the participant has as many as it may",
    [PHG_END_BARRED] = "the key was revoked, or the participant closed",
    [PHG_END_FLOOD] = "too much was sent that was refused, or has no answer",
};

ph_status phg_connections_open(const phg_catalogue *catalogue, phg_connections **ret)
{
    phg_connections *c = calloc(1, sizeof *c);
    if (!c) return PH_EFULL;
    c->catalogue = catalogue;
    c->first = 1;
    c->mutes = calloc(PHG_CONNECTIONS_MUTE_ALL, sizeof *c->mutes);
    if (!c->mutes) {
        free(c);
        return PH_EFULL;
    }
    *ret = c;
    return PH_OK;
}

void phg_connections_close(phg_connections *c)
{
    if (!c) return;
    for (int i = 0; i < PHG_INFLOW_DOORS; i++)
        free(c->of_file[i]);
    free(c->tallies);
    free(c->mutes);
    free(c);
}

void phg_connections_bound(phg_connections *c, phg_inflow_door door, const char *endpoint)
{
    (void)snprintf(c->endpoints[door], sizeof c->endpoints[door], "%s", endpoint);
}

/* NULL: no memory. */
static tally *tally_of(phg_connections *c, uint32_t participant)
{
    if (participant >= c->tally_cnt) {
        uint32_t more = participant + 64;
        tally *grown = realloc(c->tallies, more * sizeof *grown);
        if (!grown) return NULL;
        for (uint32_t i = c->tally_cnt; i < more; i++)
            grown[i] = (tally){0};
        c->tallies = grown;
        c->tally_cnt = more;
    }
    return &c->tallies[participant];
}

/* ---- Let in, and said nothing --------------------------------------------------------------- */

static mute *mute_of(phg_connections *c, uint64_t number)
{
    return &c->mutes[number & (PHG_CONNECTIONS_MUTE_ALL - 1)];
}

static void forget(phg_connections *c, mute *m)
{
    if (m->participant == 0) return;
    PH_ASSERT(m->participant < c->tally_cnt && c->tallies[m->participant].mute != 0);
    c->tallies[m->participant].mute--;
    m->participant = 0;
}

static void forget_old(phg_connections *c, uint64_t now_ns)
{
    for (; c->first <= c->last; c->first++) {
        mute *m = mute_of(c, c->first);
        if (m->participant != 0 && now_ns < m->at_ns + MUTE_NS) return;
        forget(c, m);
    }
}

static void spoke(phg_connections *c, uint64_t number)
{
    if (number >= c->first && number <= c->last) forget(c, mute_of(c, number));
}

uint64_t phg_connections_let_in(phg_connections *c, uint32_t key, uint64_t now_ns)
{
    PH_ASSERT(key >= 1 && key <= c->catalogue->key_cnt);
    const uint32_t who = c->catalogue->keys[key - 1].participant.v;
    tally *t = tally_of(c, who);
    forget_old(c, now_ns);
    if (!t || t->mute >= PHG_CONNECTIONS_MUTE_MAX ||
        c->last - c->first + 1 >= PHG_CONNECTIONS_MUTE_ALL)
        return 0;
    t->mute++;
    *mute_of(c, ++c->last) = (mute){who, now_ns};
    return c->last;
}

/* ---- Files ---------------------------------------------------------------------------------- */

/* NULL: it is not open. */
static connection *on(const phg_connections *c, phg_inflow_door door, int file)
{
    if (file < 0 || (uint32_t)file >= c->file_max[door]) return NULL;
    connection *f = &c->of_file[door][file];
    return f->idle_ns != 0 ? f : NULL;
}

/* NULL: that connection is not open. */
static connection *of(const phg_connections *c, phg_inflow_door door, int file, uint64_t number)
{
    connection *f = c ? on(c, door, file) : NULL;
    return f && f->number == number ? f : NULL;
}

static void gone(phg_connections *c, phg_inflow_door door, connection *f)
{
    if (f->participant != 0) c->tallies[f->participant].of[door]--;
    *f = (connection){0};
}

ph_status phg_connections_begun(phg_connections *c, phg_inflow_door door, int file, uint64_t now_ns)
{
    if (!c) return PH_OK;
    if (file < 0 || file >= FILES_MAX) return PH_EFULL;
    if ((uint32_t)file >= c->file_max[door]) {
        uint32_t more = (uint32_t)file + 64;
        connection *grown = realloc(c->of_file[door], more * sizeof *grown);
        if (!grown) return PH_EFULL;
        for (uint32_t i = c->file_max[door]; i < more; i++)
            grown[i] = (connection){0};
        c->of_file[door] = grown;
        c->file_max[door] = more;
    }
    connection *f = &c->of_file[door][file];
    gone(c, door, f);
    *f = (connection){.idle_ns = now_ns, .cookie = phg_connection_cookie(file)};
    return PH_OK;
}

void phg_connections_ended(phg_connections *c, phg_inflow_door door, int file)
{
    connection *f = c ? on(c, door, file) : NULL;
    if (f) gone(c, door, f);
}

void phg_connections_said(phg_connections *c, phg_inflow_door door, int file, uint64_t number,
                          uint32_t key)
{
    if (!c || number == 0 || key == 0 || key > c->catalogue->key_cnt) return;
    spoke(c, number);
    connection *f = on(c, door, file);
    if (!f || f->number >= number) return;
    const uint32_t who = c->catalogue->keys[key - 1].participant.v;
    tally *t = tally_of(c, who);
    if (!t) return; /* the same again with its next message */
    const connection is = {.idle_ns = f->idle_ns,
                           .cookie = f->cookie,
                           .number = number,
                           .key = key,
                           .participant = who,
                           .is_many = t->of[door] >= PHG_CONNECTIONS_MAX};
    gone(c, door, f); /* another one that was on the file before */
    *f = is;
    t->of[door]++;
}

void phg_connections_strike(phg_connections *c, phg_inflow_door door, int file, uint64_t number,
                            uint64_t now_ns)
{
    connection *f = of(c, door, file, number);
    if (!f) return;
    if (f->strikes.burst == 0)
        f->strikes = phg_ratelimit_of(PHG_STRIKES_PER_SECOND, PHG_STRIKES_BURST, now_ns);
    if (!phg_ratelimit_take(&f->strikes, now_ns, 1) && f->over_ns == 0) f->over_ns = now_ns;
}

uint32_t phg_connections_strikes_left(phg_connections *c, phg_inflow_door door, int file,
                                      uint64_t number, uint64_t now_ns)
{
    connection *f = of(c, door, file, number);
    return f && f->strikes.burst != 0 ? phg_ratelimit_left(&f->strikes, now_ns) : PHG_STRIKES_BURST;
}

bool phg_connections_is_over(const phg_connections *c, phg_inflow_door door, int file,
                             uint64_t number)
{
    const connection *f = of(c, door, file, number);
    return f && f->over_ns != 0;
}

void phg_connections_used(phg_connections *c, int file, uint64_t number, uint64_t now_ns)
{
    connection *f = of(c, PHG_INFLOW_ORDERS, file, number);
    if (f) f->idle_ns = now_ns;
}

/* ---- Looking -------------------------------------------------------------------------------- */

bool phg_connections_due(const phg_connections *c, uint64_t now_ns)
{
    return now_ns - c->looked_ns >= LOOK_NS;
}

static void excuse(phg_connections *c, uint64_t stood_ns)
{
    for (int d = 0; d < PHG_INFLOW_DOORS; d++)
        for (uint32_t i = 0; i < c->file_max[d]; i++)
            if (c->of_file[d][i].idle_ns != 0) c->of_file[d][i].idle_ns += stood_ns;
    for (uint64_t n = c->first; n <= c->last; n++)
        mute_of(c, n)->at_ns += stood_ns;
}

static bool is_barred(const phg_connections *c, const connection *f)
{
    if (f->key == 0) return false;
    const phg_participant *who = phg_catalogue_of_key(c->catalogue, f->key);
    return !who || who->state == PH_PARTICIPANT_CLOSED;
}

/* False: it may stay. */
static bool must_end(const phg_connections *c, phg_inflow_door door, connection *f, uint64_t now_ns,
                     phg_end_reason *ret_why)
{
    if (!is_barred(c, f))
        f->barred_ns = 0;
    else if (f->barred_ns == 0)
        f->barred_ns = now_ns;
    bool is_idle = (f->number == 0 || door == PHG_INFLOW_ORDERS) &&
                   now_ns > f->idle_ns + PHG_CONNECTION_IDLE_NS; /* it may be newer than the look */
    if (f->barred_ns != 0 && now_ns - f->barred_ns >= PHG_CONNECTION_BARRED_NS)
        *ret_why = PHG_END_BARRED;
    else if (f->over_ns != 0 && now_ns - f->over_ns >= PHG_CONNECTION_BARRED_NS)
        *ret_why = PHG_END_FLOOD;
    else if (f->is_many)
        *ret_why = PHG_END_MANY;
    else if (is_idle)
        *ret_why = PHG_END_IDLE;
    else
        return false;
    return true;
}

static void tell(phg_end_reason why, uint64_t cnt, uint32_t participant)
{
    char whose[64] = "";
    if (participant != 0)
        (void)snprintf(whose, sizeof whose, " of participant %u%s", participant,
                       cnt == 1 ? "" : ", for one");
    const ph_log_pair pairs[] = {{"connections", NULL, cnt}, {"participant", NULL, participant}};
    ph_log_event(PH_LOG_WARNING, "connections_ended", pairs, 2, "ended %u connection%s%s: %s",
                 (unsigned)cnt, cnt == 1 ? "" : "s", whose, sentences[why]);
}

/* What was ended, by reason, and a participant whose it was. */
typedef struct {
    uint64_t cnt[PHG_END_REASONS];
    uint32_t whose[PHG_END_REASONS];
} toll;

static void look_at(phg_connections *c, phg_inflow_door door, int file, uint64_t now_ns, toll *t)
{
    connection *f = on(c, door, file);
    phg_end_reason why;
    if (!f || f->is_ended || !must_end(c, door, f, now_ns, &why)) return;
    if (f->cookie != phg_connection_cookie(file)) { /* it was closed, and the file is another's */
        gone(c, door, f);
        return;
    }
    f->is_ended = true;                                 /* its file is closed soon, and told of */
    (void)phg_connection_end(file, c->endpoints[door]); /* or it is gone by itself */
    t->cnt[why]++;
    if (f->participant != 0) t->whose[why] = f->participant;
}

void phg_connections_look(phg_connections *c, uint64_t now_ns)
{
    toll t = {{0}, {0}};
    const uint64_t since_ns = c->looked_ns == 0 ? 0 : now_ns - c->looked_ns;
    c->looked_ns = now_ns;
    if (since_ns > STILL_NS) excuse(c, since_ns);
    for (int d = 0; d < PHG_INFLOW_DOORS; d++)
        for (uint32_t i = 0; i < c->file_max[d]; i++)
            look_at(c, (phg_inflow_door)d, (int)i, now_ns, &t);
    for (int i = 0; i < PHG_END_REASONS; i++) {
        c->ended[i] += t.cnt[i];
        if (t.cnt[i] != 0) tell((phg_end_reason)i, t.cnt[i], t.whose[i]);
    }
    forget_old(c, now_ns);
}

uint64_t phg_connections_were_ended(const phg_connections *c, phg_end_reason why)
{
    return c->ended[why];
}

uint32_t phg_connections_mute(phg_connections *c, ph_participant_id who, uint64_t now_ns)
{
    forget_old(c, now_ns);
    return who.v < c->tally_cnt ? c->tallies[who.v].mute : 0;
}

uint32_t phg_connections_of(const phg_connections *c, phg_inflow_door door, ph_participant_id who)
{
    return who.v < c->tally_cnt ? c->tallies[who.v].of[door] : 0;
}
