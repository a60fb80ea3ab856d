/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/uplink.h"

#include "engine/base/panic.h"
#include "engine/link/follower.h"
#include "engine/wire/codec.h"
#include "gateway/shares.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct phg_uplink {
    phg_replica *replica;
    ph_follower *engine, *notary;
    phg_shares shares;
    uint64_t welcomes;
};

ph_status phg_uplink_open(void *zmq_context, const char *engine_link, const char *notary_link,
                          phg_replica *replica, phg_uplink **ret, char err[PHG_ERR_SIZE])
{
    phg_uplink *u = calloc(1, sizeof *u);
    const char *link = engine_link;
    ph_status s = PH_EFULL;
    if (u) {
        u->replica = replica;
        s = phg_shares_init(&u->shares);
    }
    if (s == PH_OK) {
        s = ph_follower_open(zmq_context, engine_link, 1, &u->engine);
        if (s == PH_OK) {
            link = notary_link;
            s = ph_follower_open(zmq_context, notary_link, 1, &u->notary);
        }
    }
    if (s != PH_OK) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not follow \"%s\": %s", link, ph_status_text(s));
        phg_uplink_close(u);
        return s;
    }
    *ret = u;
    return PH_OK;
}

void phg_uplink_close(phg_uplink *u)
{
    if (!u) return;
    ph_follower_close(u->engine);
    ph_follower_close(u->notary);
    phg_shares_release(&u->shares);
    free(u);
}

void *phg_uplink_engine_socket(phg_uplink *u)
{
    return ph_follower_socket(u->engine);
}

void *phg_uplink_notary_socket(phg_uplink *u)
{
    return ph_follower_socket(u->notary);
}

static ph_status on_record(void *arg, uint64_t number, const void *bytes, size_t size)
{
    phg_uplink *u = arg;
    return phg_replica_take_record(u->replica, number, bytes, size);
}

static ph_status on_sealed(void *arg, uint64_t number, const void *bytes, size_t size)
{
    phg_uplink *u = arg;
    (void)number; /* contracts have their own */
    return phg_replica_take_sealed(u->replica, bytes, size);
}

static ph_status turn_engine(phg_uplink *u, uint64_t now_ns, bool *ret_was_lost,
                             char err[PHG_ERR_SIZE])
{
    ph_status s = ph_follower_turn(u->engine, now_ns, on_record, u);
    if (s != PH_OK && s != PH_EAGAIN) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not take record %" PRIu64 " of the engine: %s",
                       ph_follower_next(u->engine), ph_status_text(s));
        return s;
    }
    uint64_t welcomes = ph_follower_welcomes(u->engine);
    *ret_was_lost = welcomes > u->welcomes && u->welcomes != 0;
    u->welcomes = welcomes;
    /* An engine tells of a record only when it is durable, so the same log never gets shorter. */
    if (ph_follower_last(u->engine) + 1 < ph_follower_next(u->engine)) {
        (void)snprintf(err, PHG_ERR_SIZE,
                       "the engine is back with %" PRIu64 " records where %" PRIu64
                       " were taken: it has another log; start the gateway again",
                       ph_follower_last(u->engine), ph_follower_next(u->engine) - 1);
        return PH_EDIVERGED;
    }
    return PH_OK;
}

ph_status phg_uplink_turn(phg_uplink *u, uint64_t now_ns, phg_uplink_which which,
                          bool *ret_was_lost, char err[PHG_ERR_SIZE])
{
    *ret_was_lost = false;
    ph_status s = which.engine ? turn_engine(u, now_ns, ret_was_lost, err) : PH_OK;
    if (s != PH_OK || !which.notary) return s;
    s = ph_follower_turn(u->notary, now_ns, on_sealed, u);
    if (s != PH_OK && s != PH_EAGAIN) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not take item %" PRIu64 " of the notary: %s",
                       ph_follower_next(u->notary), ph_status_text(s));
        return s;
    }
    return PH_OK;
}

bool phg_uplink_is_recovering(const phg_uplink *u)
{
    return !ph_follower_caught_up(u->engine) || !u->replica->catalogue.opened;
}

phg_uplink_state phg_uplink_look(const phg_uplink *u)
{
    return (phg_uplink_state){.has_engine = ph_follower_connected(u->engine),
                              .has_notary = ph_follower_connected(u->notary),
                              .taken = ph_follower_next(u->engine) - 1,
                              .engine_records = ph_follower_last(u->engine)};
}

uint32_t phg_uplink_in_flight(const phg_uplink *u)
{
    return ph_follower_in_flight(u->engine);
}

uint32_t phg_uplink_in_flight_max(const phg_uplink *u)
{
    return ph_follower_window(u->engine);
}

ph_status phg_uplink_send(void *uplink, const ph_command *c)
{
    phg_uplink *u = uplink;
    uint8_t bytes[PH_COMMAND_BYTES_MAX];
    phg_shares_left(&u->shares, ph_follower_in_flight(u->engine));
    if (!phg_shares_may(&u->shares, c->sender, ph_follower_window(u->engine))) return PH_EAGAIN;
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_command_write(&w, c);
    PH_ASSERT(!w.full);
    ph_status s = ph_follower_send(u->engine, bytes, ph_writer_size(&w));
    return s == PH_OK ? phg_shares_sent(&u->shares, c->sender) : s;
}

void phg_uplink_flush(phg_uplink *u)
{
    ph_follower_flush(u->engine);
}
