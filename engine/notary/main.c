/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour-notary - replays the journal, signs the contracts of each batch, offers them.

    It keeps nothing that it could not compute again: the journal and the key are everything.  One
    thread: journal and gateways are waited for together. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "engine/base/panic.h"
#include "engine/link/frame.h"
#include "engine/link/server.h"
#include "engine/link/spool.h"
#include "engine/notary/checkpoint.h"
#include "engine/notary/contracts.h"
#include "engine/notary/countersignatures.h"
#include "engine/notary/figures.h"
#include "engine/notary/journal_log.h"
#include "engine/notary/keyring.h"
#include "engine/notary/notary_keys.h"
#include "engine/notary/note.h"
#include "engine/notary/seal.h"
#include "engine/process/clock.h"
#include "engine/process/folder_watch.h"
#include "engine/process/log.h"
#include "engine/process/options.h"
#include "engine/process/stop.h"
#include "engine/replay/replay.h"

enum {
    BATCHES_PER_TURN = 64, /* so that gateways are served while it catches up */
    LAST_TURNS = 16,       /* when it ends */
    COMMANDS_PER_TURN = 256,
    WAIT_MS = 1000,  /* a look at the journal even if nothing was announced */
    UNTOLD_MS = 10,  /* the same where the system cannot announce changes */
    ABSENT_MS = 100, /* between looks for a journal that is not there yet */
    ERROR_SIZE = 1024,
};

typedef struct {
    char journal[512], key_file[512], other_key_file[512], spool[512], link[256], log[512],
        ready_file[512], monitor[32];
    uint32_t ready_lag_seconds;
} settings;

static const ph_config_row rows[] = {
    {"journal", PH_CONFIG_FOLDER, PH_CONFIG_AT(settings, journal), NULL, 1, 0,
     "directory of the journal that is followed"},
    {"key_file", PH_CONFIG_KEY_FILE, PH_CONFIG_AT(settings, key_file), NULL, 1, 0,
     "key that signs contract roots; its public half is the engine's notary_sign_key, or the one "
     "that an operator named since"},
    {"other_key_file", PH_CONFIG_KEY_FILE, PH_CONFIG_AT(settings, other_key_file), "", 0, 0,
     "a second key: before a change of keys the next one, after it the one before; empty: none"},
    {"spool", PH_CONFIG_OWN_FILE, PH_CONFIG_AT(settings, spool), NULL, 1, 0,
     "file of the signed contracts; made again from the journal, but for what a key signed that is "
     "not here any more"},
    {"link", PH_CONFIG_IPC_BIND, PH_CONFIG_AT(settings, link), NULL, 1, 0,
     "where gateways fetch signed contracts (ipc://...)"},
    {"log", PH_CONFIG_OWN_FOLDER, PH_CONFIG_AT(settings, log), "", 0, 0,
     "folder of the transparency log that is published (tiles, checkpoint); empty: none"},
    {"ready_file", PH_CONFIG_OWN_FILE, PH_CONFIG_AT(settings, ready_file), "", 0, 0,
     "written when gateways can connect"},
    {"monitor", PH_CONFIG_LOOPBACK, PH_CONFIG_AT(settings, monitor), "", 0, 0,
     "127.0.0.1:PORT for figures, health and readiness over HTTP; empty for none"},
    {"ready_lag_seconds", PH_CONFIG_U32, PH_CONFIG_AT(settings, ready_lag_seconds), "10", 1, 86400,
     "not ready when a record of the journal waits longer than this"},
};

static const char bad_market[] =
    "its name must be printable ASCII without space, '+' and \"/contracts/\"";

static void check(const ph_config_market *market, const void *of, ph_config_faults *f)
{
    (void)of;
    if (!ph_checkpoint_market_ok(market->name))
        ph_config_fault(f, "name", "market \"%s\" cannot be signed for: %s", market->name,
                        bad_market);
}

static const ph_config_table table = {
    .check = check,
    .section = "notary",
    .rows = rows,
    .row_cnt = sizeof rows / sizeof rows[0],
    .settings_size = sizeof(settings),
};

typedef struct {
    settings settings;
    ph_config_market market;
    ph_keyring *keyring;
    ph_seal *seal;
    ph_contracts *contracts;
    ph_countersignatures *countersignatures;
    ph_spool *spool;
    ph_journal_log *log; /* NULL: none is published */
    ph_replay *replay;   /* NULL until there is a journal */
    ph_notary_keys keys; /* in force, as of the batch that was taken last */
    bool is_checked;     /* the journal is of this market */
    uint64_t last;       /* item that was kept last */
    uint64_t sealed;     /* contracts */
    uint64_t taken;      /* record */
    ph_time taken_at;    /* its stamp */
    uint64_t published;  /* records under the published checkpoint */
    ph_time published_at;
    bool is_behind; /* the last look did not reach the end of the journal */
    ph_monitor *monitor;
    void *zmq;
    ph_server *server; /* NULL until everything that was durable at start is sealed */
    int watch;         /* tells that the journal changed; -1: the system cannot */
} notary;

/* A core dump or a debugger of the same user would see the key. */
static void harden(void)
{
    struct rlimit none = {0, 0};
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        ph_log_warning("could not switch core dumps off: %s; the key could end up in one",
                       strerror(errno));
}

static bool open_key(notary *n)
{
    char err[ERROR_SIZE];
    if (ph_keyring_open(n->settings.key_file, &n->keyring, err, sizeof err) != PH_OK) {
        ph_log_error("%s", err);
        return false;
    }
    if (n->settings.other_key_file[0] != '\0' &&
        ph_keyring_add(n->keyring, n->settings.other_key_file, err, sizeof err) != PH_OK) {
        ph_log_error("%s", err);
        return false;
    }
    n->contracts = ph_contracts_new();
    n->countersignatures = ph_countersignatures_new(n->market.name, 0);
    n->seal = ph_seal_new(n->keyring, n->market.name);
    if (n->contracts != NULL && n->countersignatures != NULL && n->seal != NULL) return true;
    ph_log_error("could not start: no memory");
    return false;
}

static bool open_spool(notary *n)
{
    char err[ERROR_SIZE];
    if (ph_spool_open(n->settings.spool, n->market.name, &n->spool, err, sizeof err) == PH_OK)
        return true;
    ph_log_error("%s", err);
    return false;
}

/* Before the first signature: is this the journal of the configured market, and is it the one whose
   log was published? */
static bool check_market(notary *n)
{
    const ph_open_market *opened = ph_market_opened(ph_replay_market(n->replay));
    if (opened == NULL) {
        ph_log_error("could not follow journal \"%s\": its first record opens no market; "
                     "correct [notary] journal",
                     n->settings.journal);
        return false;
    }
    if (strcmp(opened->market.s, n->market.name) != 0) {
        ph_log_error("could not follow journal \"%s\": it is of market \"%s\", the configuration "
                     "says \"%s\"; correct [market] name or [notary] journal",
                     n->settings.journal, opened->market.s, n->market.name);
        return false;
    }
    char err[ERROR_SIZE];
    if (n->log != NULL &&
        ph_journal_log_meet(n->log, n->settings.journal, err, sizeof err) != PH_OK) {
        ph_log_error("could not follow journal \"%s\": %s", n->settings.journal, err);
        return false;
    }
    n->is_checked = true;
    return true;
}

/* The key that signs from a record on is used if it is here. */
static bool use_key(notary *n, uint64_t first_seq)
{
    return ph_keyring_use(n->keyring, ph_notary_keys_at(&n->keys, first_seq)) == PH_OK;
}

static bool say_no_key(const notary *n, uint64_t first_seq, const char *what)
{
    char vkey[PH_NOTE_VKEY_MAX];
    ph_note_signer signer = {n->market.name, ph_notary_keys_at(&n->keys, first_seq)};
    ph_log_error("could not sign for market \"%s\": the key in \"%s\"%s is not the notary key that "
                 "its journal states for record %" PRIu64 " (%s)%s; give that key's file as "
                 "[notary] key_file or other_key_file",
                 n->market.name, n->settings.key_file,
                 n->settings.other_key_file[0] != '\0' ? ", and the other one," : "", first_seq,
                 ph_note_vkey(&signer, vkey), what);
    return false;
}

static ph_status keep_item(notary *n, const void *bytes, size_t size)
{
    uint64_t number = n->last + 1;
    PH_ASSERT(size <= UINT32_MAX);
    ph_status s = n->server == NULL
                      ? ph_spool_put(n->spool, number, bytes, (uint32_t)size)
                      : ph_server_add(n->server, bytes, (uint32_t)size, (ph_link_peer){0});
    if (s == PH_OK)
        n->last = number;
    else
        ph_log_error("could not keep item %" PRIu64 " in spool \"%s\": %s", number,
                     n->settings.spool, strerror(errno));
    return s;
}

static ph_status take_contract(void *arg, uint64_t contract, const void *bytes, size_t size)
{
    notary *n = arg;
    PH_ASSERT(contract == n->sealed + 1);
    n->sealed = contract;
    return keep_item(n, bytes, size);
}

static ph_status take_countersignature(void *arg, const ph_countersignature *c)
{
    notary *n = arg;
    uint8_t bytes[PH_COUNTERSIGNATURE_SIZE];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_countersignature_write(&w, c);
    PH_ASSERT(!w.full);
    if (!c->holds)
        ph_log_warning("record %" PRIu64 ": the countersignature of participant %" PRIu32
                       " under contract %" PRIu64 " is false; the contract binds it all the same",
                       c->seq, c->participant.v, c->contract.v);
    return keep_item(n, bytes, sizeof bytes);
}

static bool open_log(notary *n)
{
    char err[ERROR_SIZE];
    if (n->settings.log[0] == '\0') return true;
    if (ph_journal_log_open(n->settings.log, n->market.name, n->keyring, &n->log, err,
                            sizeof err) != PH_OK) {
        ph_log_error("%s", err);
        return false;
    }
    ph_journal_log_keys(n->log, &n->keys);
    n->published = ph_journal_log_published(n->log);
    const char *mending = ph_journal_log_mending(n->log);
    if (mending != NULL) ph_log_warning("%s; made again from the journal", mending);
    return true;
}

/* What a key signed that is not here any more is what the spool kept, if it is right. */
static bool keep_former(notary *n)
{
    uint32_t cnt = ph_contracts_cnt(n->contracts);
    uint64_t first_seq = ph_contracts_first_seq(n->contracts);
    const ph_key *key = ph_notary_keys_at(&n->keys, first_seq);
    for (uint32_t i = 0; i < cnt; i++) {
        ph_spool_cursor at;
        ph_spool_part part;
        ph_signed_contract item;
        bool is_kept = n->server == NULL && n->last < ph_spool_last(n->spool) &&
                       ph_spool_seek(n->spool, n->last + 1, &at) == PH_OK &&
                       ph_spool_read(n->spool, &at, n->last + 1, 1, &part) == PH_OK &&
                       ph_signed_contract_read(part.bytes + PH_ITEM_HEAD_SIZE,
                                               part.size - PH_ITEM_HEAD_SIZE, &item) == PH_OK &&
                       ph_seal_check(n->seal, n->contracts, i, key, &item) == PH_OK;
        if (!is_kept)
            return say_no_key(n, first_seq, ", and the spool does not have what that key signed");
        n->last++;
        n->sealed++;
    }
    return true;
}

/* Signs and publishes the log if it is time, at the end whatever is left. */
static bool publish_log(notary *n, bool is_end)
{
    char err[ERROR_SIZE];
    if (n->log == NULL) return true;
    if (n->keys.cnt == 0) return true;
    /* While it catches up it may pass records of keys that are not here any more. */
    if (n->server == NULL && !use_key(n, n->taken + 1)) return true;
    ph_status s = is_end ? ph_journal_log_publish(n->log, err, sizeof err)
                         : ph_journal_log_turn(n->log, ph_clock_monotonic_ns(), err, sizeof err);
    if (s != PH_OK) ph_log_error("%s", err);
    return s == PH_OK;
}

static bool seal(notary *n, const ph_replay_batch *batch)
{
    char err[ERROR_SIZE];
    const ph_market *m = ph_replay_market(n->replay);
    if (!n->is_checked && !check_market(n)) return false;
    uint32_t unproved = ph_notary_keys_follow(&n->keys, m);
    if (unproved != 0)
        ph_log_warning("batch at record %" PRIu64 ": %" PRIu32
                       " notary keys were named without a proof that holds; they sign nothing: an "
                       "operator has to "
                       "name another key, with its proof",
                       batch->first_seq, unproved);
    n->taken = batch->first_seq + batch->record_cnt - 1;
    n->taken_at = batch->records[batch->record_cnt - 1].command.at;
    if (n->log != NULL &&
        ph_journal_log_take(n->log, batch, ph_clock_monotonic_ns(), err, sizeof err) != PH_OK) {
        ph_log_error("%s", err);
        return false;
    }
    if (ph_contracts_collect(n->contracts, m, batch, err, sizeof err) != PH_OK) {
        ph_log_error("%s", err);
        return false;
    }
    ph_status s = PH_OK;
    if (ph_contracts_cnt(n->contracts) != 0) {
        if (use_key(n, batch->first_seq))
            s = ph_seal_batch(n->seal, n->contracts, take_contract, n);
        else if (!keep_former(n))
            return false;
    }
    if (s == PH_OK)
        s = ph_countersignatures_take(n->countersignatures, n->contracts, batch,
                                      take_countersignature, n);
    if (s == PH_EDENIED)
        ph_log_error("could not sign the contracts of the batch at record %" PRIu64
                     ": refused by the policy of the key, which signs nothing that could be "
                     "another message; "
                     "this is a defect, nothing is lost: keep the journal and report it",
                     batch->first_seq);
    return s == PH_OK;
}

static void tell_figures(notary *n)
{
    ph_notary_figures f = {
        .sequence = n->taken, .last = n->taken_at, .contracts = n->sealed, .items = n->last};
    f.durable = n->replay == NULL ? 0 : ph_replay_durable(n->replay);
    f.lag = f.durable > n->taken ? f.durable - n->taken : 0;
    if (n->is_behind) f.behind = n->taken_at;
    if (n->log != NULL) {
        f.log_size = ph_journal_log_published(n->log);
        if (f.log_size != n->published) n->published_at = ph_clock_now();
        n->published = f.log_size;
        f.checkpoint = n->published_at;
    }
    if (n->server != NULL) {
        f.followers = ph_server_count(n->server).followers;
        f.item_lag = ph_server_lag(n->server);
    }
    ph_notary_figures_tell(ph_monitor_metrics(n->monitor), &f);
}

/* Seals what is durable, at most so many batches.  PH_OK: there may be more; PH_EEND: that was all
   yet; anything else was logged and ends the process. */
static ph_status follow(notary *n, uint32_t batches_max)
{
    ph_replay_error err = {.seq = 0};
    for (uint32_t i = 0; i < batches_max; i++) {
        const ph_replay_batch *batch;
        ph_status s =
            n->replay == NULL ? ph_replay_open(n->settings.journal, &n->replay, &err) : PH_OK;
        if (s == PH_ENOTFOUND) return PH_EEND;
        if (s == PH_OK) s = ph_replay_next(n->replay, &batch, &err);
        n->is_behind = s == PH_OK;
        if (s == PH_EEND) return PH_EEND;
        if (s != PH_OK) {
            ph_log_error("%s", err.text);
            return s;
        }
        if (!seal(n, batch)) return PH_EIO;
    }
    return PH_OK;
}

/* After everything durable is sealed: is anything kept that was not concluded? */
static bool check_spool(notary *n)
{
    uint64_t kept = ph_spool_last(n->spool);
    if (kept <= n->last) return true;
    ph_log_warning("spool \"%s\" has %" PRIu64 " items, the journal %" PRIu64
                   ": the rest is cut off",
                   n->settings.spool, kept, n->last);
    return ph_spool_truncate(n->spool, n->last) == PH_OK;
}

/* Seals everything that is durable now, waiting for the market to be opened. */
static bool catch_up(notary *n)
{
    bool is_said = false;
    while (!ph_stop_requested()) {
        ph_status s = follow(n, BATCHES_PER_TURN);
        if ((s == PH_OK || s == PH_EEND) && !publish_log(n, false)) return false;
        tell_figures(n);
        if (s == PH_OK) continue;
        if (s != PH_EEND) return false;
        if (n->is_checked) break;
        if (!is_said) ph_log_info("waiting for a journal in \"%s\"", n->settings.journal);
        is_said = true;
        zmq_pollitem_t stop = {.fd = ph_stop_descriptor(), .events = ZMQ_POLLIN};
        (void)zmq_poll(&stop, 1, ABSENT_MS); /* a failed wait is a short wait */
    }
    if (ph_stop_requested()) return true;
    if (!use_key(n, n->taken + 1)) return say_no_key(n, n->taken + 1, "");
    return check_spool(n) && publish_log(n, false);
}

static bool open_server(notary *n)
{
    char err[ERROR_SIZE];
    if (ph_server_open(n->zmq, n->settings.link, n->market.name, n->spool, &n->server, err,
                       sizeof err) != PH_OK) {
        ph_log_error("%s", err);
        return false;
    }
    /* Who is told by the file, or by systemd, finds it in the log. */
    const ph_log_pair pairs[] = {
        {"link", n->settings.link, 0}, {"seq", NULL, n->taken}, {"contracts", NULL, n->sealed}};
    ph_log_event(PH_LOG_INFO, "ready", pairs, 3, "ready: %" PRIu64 " contracts of market %s at %s",
                 n->sealed, n->market.name, n->settings.link);
    if (ph_ready_write(n->settings.ready_file, "ready\n") != PH_OK) {
        ph_log_error("could not write ready file \"%s\": %s", n->settings.ready_file,
                     strerror(errno));
        return false;
    }
    ph_monitor_ready(n->monitor, NULL);
    return true;
}

static ph_status refuse_command(void *arg, ph_link_peer peer, const void *bytes, uint32_t size)
{
    (void)arg, (void)peer, (void)bytes, (void)size;
    return PH_ECORRUPT; /* nobody commands the notary */
}

/* One turn; *ret_idle says that there is nothing to do until something happens. */
static bool turn(notary *n, bool *ret_idle)
{
    ph_status took = ph_server_take(n->server, COMMANDS_PER_TURN, NULL, refuse_command, n);
    ph_folder_watch_forget(n->watch); /* before the look: what comes later is told again */
    ph_status followed = follow(n, BATCHES_PER_TURN);
    if ((followed != PH_OK && followed != PH_EEND) || !publish_log(n, false)) return false;
    ph_server_publish(n->server);
    ph_status sent = ph_server_flush(n->server);
    if ((took != PH_OK && took != PH_EAGAIN) || (sent != PH_OK && sent != PH_EAGAIN)) {
        ph_status s = took != PH_OK && took != PH_EAGAIN ? took : sent;
        ph_log_error("could not serve gateways at %s: %s; nothing is lost, start it again",
                     n->settings.link, ph_status_text(s));
        return false;
    }
    *ret_idle = took == PH_EAGAIN && followed == PH_EEND && sent == PH_OK;
    return true;
}

/* What was durable when the end was asked for; an engine that goes on writing does not keep it. */
static bool take_rest(notary *n)
{
    ph_status s = PH_OK;
    for (int i = 0; i < LAST_TURNS && s == PH_OK; i++)
        s = follow(n, BATCHES_PER_TURN);
    return s == PH_OK || s == PH_EEND;
}

/* How long nothing has to be done unless something happens. */
static int wait_ms(const notary *n)
{
    uint64_t wait = n->watch >= 0 ? WAIT_MS : UNTOLD_MS;
    if (n->log == NULL) return (int)wait;
    uint64_t now = ph_clock_monotonic_ns(), due = ph_journal_log_due_ns(n->log);
    if (due == UINT64_MAX) return (int)wait;
    uint64_t until = due <= now ? 0 : (due - now) / 1000000 + 1;
    return (int)(until < wait ? until : wait);
}

static bool serve(notary *n)
{
    bool is_idle = false;
    while (!ph_stop_requested()) {
        ph_monitor_turn(n->monitor);
        if (!turn(n, &is_idle)) return false;
        tell_figures(n);
        ph_monitor_idle(n->monitor);
        zmq_pollitem_t items[3] = {
            {.socket = ph_server_socket(n->server), .events = ZMQ_POLLIN},
            {.fd = ph_stop_descriptor(), .events = ZMQ_POLLIN},
            {.fd = n->watch, .events = ZMQ_POLLIN},
        };
        if (zmq_poll(items, n->watch >= 0 ? 3 : 2, is_idle ? wait_ms(n) : 0) < 0 &&
            errno != EINTR) {
            ph_log_error("could not wait for gateways: %s", zmq_strerror(errno));
            return false;
        }
    }
    if (!take_rest(n)) return false;
    const ph_log_pair pairs[] = {{"seq", NULL, n->taken}, {"contracts", NULL, n->sealed}};
    ph_log_event(PH_LOG_INFO, "stopped", pairs, 2, "stopping: %" PRIu64 " contracts sealed",
                 n->sealed);
    return true;
}

static bool open_monitor(notary *n)
{
    char err[ERROR_SIZE];
    ph_monitor_settings s = {.address = n->settings.monitor,
                             .lag_seconds_max = n->settings.ready_lag_seconds};
    ph_notary_figures_describe(&s);
    if (ph_monitor_open(&s, &n->monitor, err, sizeof err) == PH_OK) return true;
    ph_log_error("%s", err);
    return false;
}

static bool run(notary *n)
{
    if (!open_monitor(n) || !open_key(n) || !open_spool(n) || !open_log(n) || !catch_up(n))
        return false;
    if (ph_stop_requested()) return publish_log(n, true);
    n->zmq = zmq_ctx_new();
    if (n->zmq == NULL) {
        ph_log_error("could not start ZeroMQ: %s", zmq_strerror(errno));
        return false;
    }
    n->watch = ph_folder_watch_open(n->settings.journal, UNTOLD_MS);
    return open_server(n) && serve(n) && publish_log(n, true);
}

static void release(notary *n)
{
    ph_monitor_close(n->monitor);
    ph_server_close(n->server);
    ph_spool_close(n->spool);
    if (n->zmq != NULL) (void)zmq_ctx_term(n->zmq); /* the process ends either way */
    if (n->watch >= 0) (void)close(n->watch);       /* nothing was written */
    ph_replay_close(n->replay);
    ph_countersignatures_free(n->countersignatures);
    ph_contracts_free(n->contracts);
    ph_seal_free(n->seal);
    ph_journal_log_close(n->log);
    ph_keyring_close(n->keyring);
}

int main(int argc, char **argv)
{
    ph_options options;
    notary n = {.watch = -1};
    ph_log_init("petahour-notary");
    ph_options_parse(argc, argv,
                     "Replays the journal, signs the contracts of each batch, offers them to "
                     "gateways.",
                     &options);
    int end = ph_options_load(&options, &table, &n.market, &n.settings);
    if (end != PH_OPTIONS_SERVE) return end;
    if (!ph_checkpoint_market_ok(n.market.name)) {
        ph_log_error("could not sign for market \"%s\": %s", n.market.name, bad_market);
        return EXIT_FAILURE;
    }
    harden();
    ph_stop_install();
    bool is_good = run(&n);
    release(&n);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
