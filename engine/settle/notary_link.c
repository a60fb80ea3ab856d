/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/settle/notary_link.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "engine/base/limits.h"
#include "engine/base/panic.h"
#include "engine/link/follower.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/note.h"
#include "engine/process/log.h"
#include "engine/wire/countersignature.h"
#include "engine/wire/signed_contract.h"

enum {
    ARRIVED_MAX = 256, /* batches of one transaction */
    AGAIN_S = 10,      /* until a notary that sent what is none is asked again */
    AWAY_S = 3,        /* of silence, until it is said */
};

/* The signed root of one batch, as the notary gave it. */
typedef struct {
    uint64_t first_seq;
    uint32_t note_size;
    char note[PH_CONTRACT_NOTE_MAX];
} arrived;

struct ph_notary_link {
    char endpoint[256];
    ph_text64 market;
    void *zmq;
    ph_follower *follower; /* NULL: the item to begin from is not known yet */
    uint64_t rows_seq;     /* last record whose rows are there */
    uint64_t taken_seq;    /* batch that was taken last */
    uint64_t again_ns;     /* not followed before */
    uint64_t heard_ns;
    bool is_away_said, is_wrong_said;
    uint64_t refused_in_a_row;
    ph_notary_link_state state;
    uint32_t cnt;
    arrived v[ARRIVED_MAX];
    ph_own_root roots[ARRIVED_MAX];
    ph_root_signature signatures[ARRIVED_MAX];
};

ph_status ph_notary_link_open(const char *endpoint, const char *market, ph_notary_link **ret)
{
    if (!ph_checkpoint_market_ok(market)) return PH_EINVAL;
    ph_notary_link *l = calloc(1, sizeof *l);
    if (l == NULL) return PH_EFULL;
    bool fits = ph_text_set(l->market.s, sizeof l->market.s, market);
    PH_ASSERT(fits && strlen(endpoint) < sizeof l->endpoint);
    (void)snprintf(l->endpoint, sizeof l->endpoint, "%s", endpoint);
    l->zmq = zmq_ctx_new();
    if (l->zmq == NULL) {
        free(l);
        return PH_EFULL;
    }
    *ret = l;
    return PH_OK;
}

void ph_notary_link_close(ph_notary_link *l)
{
    if (l == NULL) return;
    ph_follower_close(l->follower);
    (void)zmq_ctx_term(l->zmq); /* its sockets are closed */
    free(l);
}

int ph_notary_link_descriptor(const ph_notary_link *l)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (l->follower == NULL ||
        zmq_getsockopt(ph_follower_socket(l->follower), ZMQ_FD, &fd, &size) != 0)
        return -1;
    return fd;
}

ph_notary_link_state ph_notary_link_look(const ph_notary_link *l)
{
    return l->state;
}

/* ---- What comes ------------------------------------------------------------------------------ */

/* Contracts of a batch have one note; the first of them that comes brings it. */
static ph_status on_item(void *arg, uint64_t number, const void *bytes, size_t size)
{
    ph_notary_link *l = arg;
    ph_signed_contract c;
    (void)number; /* contracts have their own */
    /* The notary of a market says the market's name; an engine says more. */
    if (strcmp(ph_follower_origin(l->follower), l->market.s) != 0) return PH_EDIVERGED;
    if (ph_countersignature_is(bytes, size)) return PH_OK;
    if (ph_signed_contract_read(bytes, size, &c) != PH_OK) return PH_ECORRUPT;
    if (c.first_seq == l->taken_seq) return PH_OK;
    if (c.first_seq > l->rows_seq || l->cnt == ARRIVED_MAX) return PH_EAGAIN;
    arrived *a = &l->v[l->cnt++];
    a->first_seq = l->taken_seq = c.first_seq;
    a->note_size = c.note_size;
    memcpy(a->note, c.note, c.note_size);
    return PH_OK;
}

/* What it sends cannot be read, or is of another market: it is left alone for a while, and then
   followed from what is missing. */
static void leave(ph_notary_link *l, ph_status s, uint64_t now)
{
    const ph_log_pair pairs[] = {{"link", l->endpoint, 0}};
    if (!l->is_wrong_said)
        ph_log_event(PH_LOG_ERROR, "notary_wrong", pairs, 1,
                     "could not take item %" PRIu64 " of \"%s\" at \"%s\": %s; trying again "
                     "every %d s, rows are written meanwhile",
                     ph_follower_next(l->follower), ph_follower_origin(l->follower), l->endpoint,
                     s == PH_EDIVERGED ? "that is no notary of this market" : ph_status_text(s),
                     (int)AGAIN_S);
    l->is_wrong_said = true;
    ph_follower_close(l->follower);
    l->follower = NULL;
    l->state.is_connected = false;
    l->heard_ns = 0;
    l->again_ns = now + AGAIN_S * PH_NS_PER_S;
}

static void say_presence(ph_notary_link *l, uint64_t now)
{
    const ph_log_pair pairs[] = {{"link", l->endpoint, 0}};
    l->state.is_connected = ph_follower_connected(l->follower) != 0;
    if (l->state.is_connected || l->heard_ns == 0) l->heard_ns = now;
    if (!l->state.is_connected && !l->is_away_said && now - l->heard_ns >= AWAY_S * PH_NS_PER_S) {
        l->is_away_said = true;
        ph_log_event(PH_LOG_WARNING, "notary_away", pairs, 1,
                     "the notary is away, its signatures are written when it is back");
    } else if (l->state.is_connected && l->is_away_said) {
        l->is_away_said = false;
        ph_log_event(PH_LOG_INFO, "notary_back", pairs, 1, "the notary is back");
    }
}

/* ---- What is believed ------------------------------------------------------------------------ */

/* Why not; NULL: it is signed, by the key in force, and states our root. */
static const char *judge(const ph_notary_link *l, const arrived *a, const ph_own_root *own,
                         ph_root_signature *ret)
{
    if (!own->is_known) return "no contracts were concluded in a batch that begins there";
    char text[PH_CHECKPOINT_TEXT_MAX];
    size_t stated = 0, size = ph_checkpoint_write(&(ph_checkpoint){.market = l->market,
                                                                   .first_seq = own->first_seq,
                                                                   .leaf_cnt = own->leaf_cnt,
                                                                   .root = own->root},
                                                  text);
    *ret = (ph_root_signature){.first_seq = own->first_seq, .key = own->key};
    ph_status s =
        ph_note_signature(a->note, a->note_size, &(ph_note_signer){l->market.s, &own->key}, &stated,
                          ret->signature.b);
    if (s == PH_ENOTFOUND) return "it is not signed by the key in force";
    if (s == PH_EDENIED) return "the signature is false";
    if (s != PH_OK) return "it is no signed note";
    if (stated != size || memcmp(text, a->note, size) != 0) return "it states another root";
    return NULL;
}

/* Said once for as long as nothing holds. */
static void say_refused(ph_notary_link *l, uint64_t first_seq, const char *why)
{
    const ph_log_pair pairs[] = {{"first_seq", NULL, first_seq}};
    l->state.refused++;
    if (l->refused_in_a_row++ > 0) return;
    ph_log_event(PH_LOG_ERROR, "signature_refused", pairs, 1,
                 "the signed root that the notary gave for the batch of record %" PRIu64
                 " was refused, nothing of it was written: %s; keep journal and notary as they are "
                 "and compare them (petahour-audit contract)",
                 first_seq, why);
}

static void say_held(ph_notary_link *l)
{
    if (l->refused_in_a_row > 0)
        ph_log_event(PH_LOG_INFO, "signatures_hold", NULL, 0,
                     "what the notary signs holds again, after %" PRIu64
                     " signed roots that were refused",
                     l->refused_in_a_row);
    l->refused_in_a_row = 0;
}

static ph_status write_arrived(ph_notary_link *l, ph_database *d)
{
    uint32_t holding = 0;
    for (uint32_t i = 0; i < l->cnt; i++)
        l->roots[i].first_seq = l->v[i].first_seq;
    ph_status s = ph_database_roots(d, l->roots, l->cnt);
    if (s != PH_OK) return s;
    for (uint32_t i = 0; i < l->cnt; i++) {
        const char *why = judge(l, &l->v[i], &l->roots[i], &l->signatures[holding]);
        holding += why == NULL;
        if (why == NULL)
            say_held(l);
        else
            say_refused(l, l->v[i].first_seq, why);
    }
    l->cnt = 0;
    if (holding == 0) return PH_OK;
    l->is_wrong_said = false;
    s = ph_database_sign(d, l->signatures, holding);
    if (s == PH_OK) l->state.written += holding;
    return s;
}

ph_status ph_notary_link_turn(ph_notary_link *l, ph_database *d, uint64_t monotonic_ns)
{
    if (l->follower == NULL) {
        uint64_t from = 0;
        if (monotonic_ns < l->again_ns) return PH_EAGAIN;
        ph_status s = ph_database_unsigned(d, &from);
        if (s != PH_OK) return s;
        s = ph_follower_open(l->zmq, l->endpoint, from, &l->follower);
        if (s != PH_OK) {
            ph_log_error("could not follow \"%s\": %s", l->endpoint, ph_status_text(s));
            return s;
        }
        l->taken_seq = 0;
    }
    l->rows_seq = d->at.seq;
    ph_status came = ph_follower_turn(l->follower, monotonic_ns, on_item, l);
    say_presence(l, monotonic_ns);
    if (came != PH_OK && came != PH_EAGAIN) leave(l, came, monotonic_ns);
    if (l->cnt == 0) return came == PH_OK ? PH_OK : PH_EAGAIN;
    return write_arrived(l, d); /* which made room */
}
