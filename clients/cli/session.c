/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t cli_now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void on_ready(void *arg)
{
    cli_session *s = arg;
    s->ready = true;
    if (s->lost) (void)cli_say(CLI_DONE, "connected again");
    s->lost = false;
}

/* Whoever watches is told once that what stands there may be old. */
static void on_disconnected(void *arg, const char *why)
{
    cli_session *s = arg;
    if (!s->watching || s->lost) return;
    s->lost = true;
    (void)cli_say(CLI_NO_CONNECTION, "%s; trying again, what is shown may be old", why);
}

static void on_refused(void *arg, phc_refusal reason, const char *text)
{
    cli_session *s = arg;
    if (reason == PHC_REFUSED_UNKNOWN_KEY) s->refused_key = true;
    snprintf(s->refusal, sizeof s->refusal, "%s", text);
}

static void on_busy(void *arg, uint64_t request, uint64_t client_order_id)
{
    cli_session *s = arg;
    (void)request;
    (void)client_order_id;
    s->busy = true;
}

static void on_problem(void *arg, phc_status status, const char *text)
{
    cli_session *s = arg;
    s->outcome = status == PHC_EVERIFY ? CLI_NOT_VERIFIED : s->outcome;
    (void)cli_say(CLI_FAILED, "%s", text);
}

static void on_result(void *arg, const phc_result *r)
{
    cli_session *s = arg;
    if (r->request != s->request || s->request == 0) return;
    s->answered = true;
    s->count = r->count;
    if (r->reject_code == 0) return;
    bool denied = strcmp(r->reject_name, "ROLE_MISSING") == 0;
    const cli_refusal why = {r->command,
                             r->reject_name,
                             r->reject_text,
                             {r->reject_arg0, r->reject_arg1},
                             s->period_seconds};
    char text[CLI_REFUSAL_ROOM], member[32] = "";
    if (r->member != 0) snprintf(member, sizeof member, " for its order %u", r->member);
    s->outcome = cli_say(denied ? CLI_DENIED : CLI_REFUSED, "%s was refused%s: %s", r->command,
                         member, cli_refusal_text(&why, text));
}

static cli_exit open_session(cli_session *s, const cli_common *common, phc_config config)
{
    char err[400];
    void *arg = s->arg;
    *s = (cli_session){.common = *common, .arg = arg};
    if (common->connect_file == NULL)
        return cli_say(CLI_USAGE, "no gateway: give --connect FILE or set PETAHOUR_CONNECT to the "
                                  "gateway's ready file");
    if (strstr(common->connect_file, "://") != NULL)
        return cli_say(CLI_USAGE,
                       "could not use --connect \"%s\": it is the gateway's ready file, "
                       "which has its address and its key, not an address",
                       common->connect_file);
    if (common->key_file == NULL)
        return cli_say(CLI_USAGE, "no key: give --key FILE or set PETAHOUR_KEY; "
                                  "`petahour keygen` makes one");
    phc_status status = phc_key_read(common->key_file, &s->key, err, sizeof err);
    if (status != PHC_OK) return cli_say(CLI_FAILED, "%s", err);
    phc_gateway g;
    if (strchr(common->connect_file, ':') == NULL && /* of several, one that is there will do */
        phc_gateway_read(common->connect_file, &g, err, sizeof err) != PHC_OK) {
        phc_key_wipe(&s->key);
        return cli_say(CLI_NO_CONNECTION, "%s", err);
    }
    phc_callbacks *cb = &config.callbacks;
    cb->arg = s;
    cb->on_ready = on_ready;
    cb->on_disconnected = on_disconnected;
    cb->on_refused = on_refused;
    cb->on_problem = on_problem;
    cb->on_busy = on_busy;
    if (cb->on_result == NULL) cb->on_result = on_result;
    config.connect_file = common->connect_file;
    config.key = &s->key;
    status = phc_open(&config, &s->client, err, sizeof err);
    phc_key_wipe(&s->key);
    if (status != PHC_OK) return cli_say(CLI_FAILED, "%s", err);
    s->deadline_ms = cli_now_ms() + (uint64_t)common->timeout_seconds * 1000;
    cli_exit e = cli_wait(s, &s->ready);
    if (e == CLI_DONE) return CLI_DONE;
    cli_close(s);
    return e;
}

cli_exit cli_open(cli_session *s, const cli_common *common, phc_callbacks cb, uint64_t next_report,
                  uint64_t next_contract)
{
    return open_session(
        s, common,
        (phc_config){.next_report = next_report, .next_contract = next_contract, .callbacks = cb});
}

cli_exit cli_open_reader(cli_session *s, const cli_common *common, phc_callbacks cb,
                         uint64_t next_report, uint64_t next_contract)
{
    return open_session(s, common,
                        (phc_config){.next_report = next_report,
                                     .next_contract = next_contract,
                                     .no_countersigning = true,
                                     .callbacks = cb});
}

void cli_close(cli_session *s)
{
    phc_close(s->client);
    s->client = NULL;
}

static cli_exit time_is_up(const cli_session *s)
{
    if (s->ready && s->only_asks && s->busy)
        return cli_say(
            CLI_UNKNOWN_OUTCOME,
            "no answer within %u seconds but Busy: what answers questions (a replica) is "
            "away, behind or hangs, or you have asked too much (`petahour limits`); "
            "nothing was changed by asking: ask again later",
            s->common.timeout_seconds);
    if (s->ready && s->busy)
        return cli_say(CLI_UNKNOWN_OUTCOME,
                       "no answer within %u seconds but Busy: the market is at its limit, or you "
                       "are at yours (`petahour limits`); what was sent may or may not have been "
                       "done: look at `petahour report watch`",
                       s->common.timeout_seconds);
    if (s->ready && s->only_asks)
        return cli_say(
            CLI_UNKNOWN_OUTCOME,
            "no answer within %u seconds; nothing was changed by asking: ask again later",
            s->common.timeout_seconds);
    if (s->ready)
        return cli_say(CLI_UNKNOWN_OUTCOME,
                       "no answer within %u seconds; what was sent may or may not have been done: "
                       "look at `petahour report watch`",
                       s->common.timeout_seconds);
    const char *why = s->refusal[0] != '\0' ? s->refusal : phc_error(s->client);
    return cli_say(CLI_NO_CONNECTION, "could not open a session within %u seconds%s%s",
                   s->common.timeout_seconds, why[0] != '\0' ? ": " : "", why);
}

/* One turn.  CLI_DONE: go on. */
static cli_exit turn(cli_session *s, int timeout_ms)
{
    phc_status status = phc_turn(s->client, timeout_ms);
    if (status == PHC_OK) s->quiet_since_ms = cli_now_ms();
    if (s->refused_key) return cli_say(CLI_DENIED, "%s", s->refusal);
    if (status == PHC_OK || status == PHC_ETIMEOUT) return CLI_DONE;
    return cli_say(CLI_FAILED, "%s", phc_error(s->client));
}

cli_exit cli_wait(cli_session *s, const bool *done)
{
    s->busy = false;
    while (!*done) {
        uint64_t now = cli_now_ms();
        if (now >= s->deadline_ms) return time_is_up(s);
        cli_exit e = turn(s, (int)(s->deadline_ms - now));
        if (e != CLI_DONE) return e;
    }
    return CLI_DONE;
}

cli_exit cli_wait_quiet(cli_session *s, uint32_t ms)
{
    s->quiet_since_ms = cli_now_ms();
    for (;;) {
        uint64_t now = cli_now_ms(), end = s->quiet_since_ms + ms;
        if (now >= end || now >= s->deadline_ms) return CLI_DONE;
        cli_exit e = turn(s, (int)(end - now));
        if (e != CLI_DONE) return e;
    }
}

cli_exit cli_watch(cli_session *s)
{
    s->watching = true;
    for (;;) {
        cli_exit e = turn(s, -1);
        if (e != CLI_DONE) return e;
    }
}

cli_exit cli_not_sent(const cli_session *s, phc_status sent)
{
    cli_exit e = sent == PHC_EINVAL ? CLI_USAGE : sent == PHC_EDENIED ? CLI_DENIED : CLI_FAILED;
    return cli_say(e, "%s", phc_error(s->client));
}

cli_exit cli_answer(cli_session *s, phc_status sent, uint64_t request)
{
    if (sent != PHC_OK) return cli_not_sent(s, sent);
    s->request = request;
    s->answered = false;
    cli_exit e = cli_wait(s, &s->answered);
    return e == CLI_DONE ? s->outcome : e;
}

cli_exit cli_finish(cli_session *s, phc_status sent, uint64_t request, json_t *facts)
{
    cli_exit e = cli_answer(s, sent, request);
    if (e == CLI_DONE)
        cli_print_object(facts, s->common.json);
    else
        json_decref(facts);
    return e;
}
