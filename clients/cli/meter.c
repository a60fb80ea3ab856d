/* SPDX-License-Identifier: Apache-2.0 */
/* petahour meter: recordings become delivery reports. */
#include "clients/cli/meter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

enum { BAD_TOLD_MAX = 20, TURN_MS = 250 };

/* What the arguments say, and how far the recording was read. */
typedef struct {
    const char *format, *path, *folder, *cards, *state_path;
    cli_keys keys;
    uint32_t gap_seconds;
    uint64_t since_ns, until_ns;
    bool skip_bad, follow, allow_absent, correct;
    cli_common common;
    meter_reader read;
    FILE *file;
    uint64_t line, bad;
    meter m;
} metering;

/* A report on its way. */
typedef struct {
    meter_state state;
    char market[64];
    uint32_t self;
    uint64_t request;
    bool answered, done, failed;
    char refusal[200];
    uint64_t refused_cnt, lower_cnt; /* by the market; by us, because more was reported before */
} reporting;

static uint64_t wall_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t); /* cannot fail for this clock */
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- Reading -------------------------------------------------------------------------------- */

static void take_line(metering *k, char *line, size_t size)
{
    const char *wrong = meter_read_line(&k->m, k->read, line, size);
    k->line++;
    if (wrong == NULL) return;
    if (++k->bad <= BAD_TOLD_MAX)
        (void)cli_say(CLI_FAILED, "%s:%llu: %s", k->path, (unsigned long long)k->line, wrong);
}

/* Reads on to the end.  A line that is being written waits when the file is followed. */
static cli_exit read_on(metering *k)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    off_t at = ftello(k->file);
    struct stat now;
    if (k->follow && fstat(fileno(k->file), &now) == 0 && now.st_size < at)
        return cli_say(CLI_FAILED, "\"%s\" became shorter while it was followed", k->path);
    clearerr(k->file);
    k->m.now_ms = wall_ms();
    while ((size = getline(&line, &room, k->file)) > 0) {
        if (k->follow && line[size - 1] != '\n') {
            (void)fseeko(k->file, at, SEEK_SET); /* it is a file: it was opened and measured */
            break;
        }
        take_line(k, line, (size_t)size);
        at = ftello(k->file);
    }
    free(line);
    return ferror(k->file) ? cli_say(CLI_FAILED, "could not read \"%s\"", k->path) : CLI_DONE;
}

static cli_exit read_format(metering *k)
{
    static const struct {
        const char *name;
        meter_reader read;
    } formats[] = {{"dcgm-exporter", meter_read_exporter},
                   {"dcgmi-dmon", meter_read_dmon},
                   {"sacct", meter_read_sacct},
                   {"scontrol", meter_read_scontrol}};
    for (size_t i = 0; i < CNT(formats); i++)
        if (strcmp(k->format, formats[i].name) == 0) k->read = formats[i].read;
    if (k->read == NULL)
        return cli_say(CLI_USAGE,
                       "--format is one of dcgm-exporter, dcgmi-dmon, sacct and scontrol, not "
                       "\"%s\"",
                       k->format);
    bool is_sacct = k->read == meter_read_sacct;
    bool is_slurm = is_sacct || k->read == meter_read_scontrol;
    if (is_sacct && k->follow)
        return cli_say(CLI_USAGE, "sacct is asked again and again, not followed: give its newest "
                                  "output; what was reported is not reported twice");
    if (!is_slurm && k->cards == NULL)
        return cli_say(CLI_USAGE, "--cards is missing: which card serves which contract");
    if (is_slurm && (k->cards != NULL || k->allow_absent))
        return cli_say(CLI_USAGE, "--cards and --allow-absent are for recordings of cards: Slurm "
                                  "names contracts by their reservations");
    if (!is_sacct && (k->since_ns != 0 || k->until_ns != 0))
        return cli_say(CLI_USAGE, "--since and --until are for sacct: every other reading has its "
                                  "time");
    if (is_sacct && k->since_ns == 0)
        return cli_say(CLI_USAGE, "--since is missing: the time that sacct -S was given; it tells "
                                  "nothing of the time before");
    return CLI_DONE;
}

/* sacct says all from when it was asked for up to when it was written. */
static cli_exit bound_sacct(metering *k, const struct stat *found)
{
    k->m.seen_from_ms = k->since_ns / 1000000;
    k->m.seen_until_ms =
        k->until_ns != 0 ? k->until_ns / 1000000 : (uint64_t)found->st_mtim.tv_sec * 1000;
    if (k->m.seen_until_ms > wall_ms())
        return cli_say(CLI_USAGE, "--until is in the future: nobody knows what will be used");
    if (k->m.seen_from_ms > k->m.seen_until_ms)
        return cli_say(CLI_USAGE, "--since is after --until, or after the file was written");
    return CLI_DONE;
}

/* Everything up to the end of the recording. */
static cli_exit begin(metering *k)
{
    struct stat found;
    cli_exit e = read_format(k);
    if (e == CLI_DONE) e = meter_load_contracts(&k->m, k->folder, &k->keys);
    if (e == CLI_DONE && k->cards != NULL) e = meter_load_cards(&k->m, k->cards);
    if (e != CLI_DONE) return e;
    k->file = fopen(k->path, "re");
    if (k->file == NULL || fstat(fileno(k->file), &found) != 0)
        return cli_say(CLI_FAILED, "could not open \"%s\": %s", k->path, strerror(errno));
    k->m.is_followed = k->follow;
    if (k->read == meter_read_sacct)
        e = bound_sacct(k, &found);
    else
        k->m.gap_ms = (uint64_t)k->gap_seconds * 1000;
    return e == CLI_DONE ? read_on(k) : e;
}

static cli_exit judge_bad(const metering *k)
{
    if (k->bad > BAD_TOLD_MAX)
        (void)cli_say(CLI_FAILED, "... %llu bad lines in all", (unsigned long long)k->bad);
    if (k->bad == 0 || k->skip_bad || k->follow) return CLI_DONE;
    return cli_say(CLI_FAILED, "nothing was counted; --skip-bad counts without these lines");
}

/* A card without any reading counts nothing: more likely its name is wrong than that it was away
   all the time.  True: the contract waits. */
static bool is_held_back(const metering *k, meter_contract *c)
{
    const meter_card *absent = k->allow_absent ? NULL : meter_find_absent(&k->m, c);
    if (absent == NULL) return false;
    if (!c->is_absence_told)
        (void)cli_say(
            CLI_USAGE,
            "card %s of contract %llu is nowhere in the recording; if it was away all the "
            "time, say so by --allow-absent",
            absent->name, (unsigned long long)c->number);
    c->is_absence_told = true;
    return true;
}

/* Of a recording that is whole.  One that is followed may yet name the card. */
static cli_exit judge_absent(metering *k)
{
    cli_exit e = CLI_DONE;
    for (size_t i = 0; i < k->m.contract_cnt && !k->follow; i++)
        if (is_held_back(k, &k->m.contracts[i])) e = CLI_USAGE;
    return e;
}

static void end(metering *k)
{
    if (k->file != NULL) fclose(k->file); /* nothing was written */
    meter_free(&k->m);
}

/* ---- Results -------------------------------------------------------------------------------- */

static const cli_column columns[] = {
    {"contract", "CONTRACT", true},      {"period", "PERIOD", true}, {"start", "START", false},
    {"delivered", "UNIT-SECONDS", true}, {"promised", "OF", true},   {"energy_wh", "WH", true},
    {"outcome", "OUTCOME", false}};

static json_t *row_of(const meter_contract *c, const meter_period *p, const phc_delivery_report *r,
                      const char *outcome)
{
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:s}", "contract", cli_number(c->number),
                     "period", (json_int_t)p->period, "start",
                     cli_time(phc_period_start(p->period, c->period_seconds)), "delivered",
                     cli_number(r->delivered), "promised",
                     cli_number((uint64_t)p->quantity * c->period_seconds), "energy_wh",
                     cli_number(r->energy_wh), "outcome", outcome);
}

static cli_exit figure(const meter_contract *c, const meter_period *p, phc_delivery_report *ret)
{
    *ret = (phc_delivery_report){.contract = c->number,
                                 .period = p->period,
                                 .delivered = meter_delivered(c, p),
                                 .energy_wh = p->energy_uj / UINT64_C(3600000000)};
    return ret->delivered == UINT64_MAX ? cli_say(CLI_FAILED, "no memory to count") : CLI_DONE;
}

static cli_exit count(metering *k)
{
    cli_exit e = begin(k);
    if (e == CLI_DONE) e = judge_bad(k);
    if (e == CLI_DONE) e = judge_absent(k);
    if (e != CLI_DONE) return e;
    json_t *rows = json_array();
    for (size_t i = 0; i < k->m.contract_cnt; i++) {
        const meter_contract *c = &k->m.contracts[i];
        for (size_t n = 0; c->is_metered && n < c->period_cnt && e == CLI_DONE; n++) {
            phc_delivery_report r;
            e = figure(c, &c->periods[n], &r);
            bool whole = meter_covers(&k->m, c, &c->periods[n]);
            json_array_append_new(rows,
                                  row_of(c, &c->periods[n], &r, whole ? "counted" : "not covered"));
        }
    }
    if (e == CLI_DONE)
        cli_print_rows(rows, columns, CNT(columns), k->common.json);
    else
        json_decref(rows);
    return e;
}

/* ---- Reporting ------------------------------------------------------------------------------ */

static void on_logon(void *arg, const phc_logon *l)
{
    reporting *r = ((cli_session *)arg)->arg;
    r->self = l->participant;
    snprintf(r->market, sizeof r->market, "%s", l->market);
}

/* Also of what an earlier run sent and did not hear of. */
static void on_result(void *arg, const phc_result *a)
{
    reporting *r = ((cli_session *)arg)->arg;
    if (meter_state_answered(&r->state, a->request, a->reject_code == 0) != CLI_DONE)
        r->failed = true;
    if (a->request != r->request) return;
    r->answered = true;
    r->done = a->reject_code == 0;
    snprintf(r->refusal, sizeof r->refusal, "refused: %s: %s", a->reject_name, a->reject_text);
}

/* Sends one report and waits for its outcome. */
static cli_exit send(cli_session *s, reporting *r, const phc_delivery_report *report)
{
    r->answered = false;
    phc_status sent = phc_report_delivery(s->client, report, &r->request);
    if (sent != PHC_OK) return cli_say(CLI_FAILED, "%s", phc_error(s->client));
    cli_exit e = meter_state_sent(&r->state, r->request, report);
    if (e != CLI_DONE) return e;
    s->deadline_ms = cli_now_ms() + (uint64_t)s->common.timeout_seconds * 1000;
    e = cli_wait(s, &r->answered);
    return r->failed ? CLI_FAILED : e;
}

/* A recording that was rotated, or begins later than is said, has less than there was: the newer
   report would take the place of the true one. */
static bool is_lower(const metering *k, const phc_delivery_report *now,
                     const phc_delivery_report *before)
{
    if (k->correct || (now->delivered >= before->delivered && now->energy_wh >= before->energy_wh))
        return false;
    (void)cli_say(CLI_FAILED,
                  "contract %llu, period %u: %llu unit-seconds and %llu Wh were reported, and this "
                  "recording has %llu and %llu Wh; --correct reports that all the same",
                  (unsigned long long)now->contract, now->period,
                  (unsigned long long)before->delivered, (unsigned long long)before->energy_wh,
                  (unsigned long long)now->delivered, (unsigned long long)now->energy_wh);
    return true;
}

static cli_exit report_period(cli_session *s, const metering *k, const meter_contract *c,
                              const meter_period *p)
{
    reporting *r = s->arg;
    phc_delivery_report report;
    cli_exit e = figure(c, p, &report);
    if (e != CLI_DONE) return e;
    const meter_sent *before = meter_state_find(&r->state, c->number, p->period);
    const char *outcome = "reported before";
    bool again = before == NULL || before->report.delivered != report.delivered ||
                 before->report.energy_wh != report.energy_wh;
    if (again && before != NULL && is_lower(k, &report, &before->report)) {
        again = false;
        r->lower_cnt++;
        outcome = "not lowered";
    }
    if (again) e = send(s, r, &report);
    if (e != CLI_DONE) return e;
    if (again) outcome = r->done ? "reported" : r->refusal;
    if (again && !r->done) r->refused_cnt++;
    cli_print_line(row_of(c, p, &report, outcome), columns, CNT(columns), k->common.json);
    return CLI_DONE;
}

/* Reports what the recording covers.  `told` has a byte for each period that is behind us. */
static cli_exit report_covered(cli_session *s, metering *k, uint8_t *told)
{
    cli_exit e = CLI_DONE;
    for (size_t i = 0; i < k->m.contract_cnt; i++) {
        meter_contract *c = &k->m.contracts[i];
        for (size_t n = 0; n < c->period_cnt && e == CLI_DONE; n++, told++) {
            if (*told || !c->is_metered || !meter_covers(&k->m, c, &c->periods[n])) continue;
            if (is_held_back(k, c)) continue;
            *told = 1;
            e = report_period(s, k, c, &c->periods[n]);
        }
    }
    return e;
}

static cli_exit follow(cli_session *s, metering *k, uint8_t *told)
{
    cli_exit e = CLI_DONE;
    while (e == CLI_DONE) {
        phc_status turned = phc_turn(s->client, TURN_MS);
        if (turned != PHC_OK && turned != PHC_ETIMEOUT)
            return cli_say(CLI_FAILED, "%s", phc_error(s->client));
        if (turned == PHC_OK) usleep(TURN_MS * 1000 / 10); /* a busy stream is no reason to spin */
        e = read_on(k);
        if (e == CLI_DONE) e = report_covered(s, k, told);
        if (fflush(stdout) != 0) return cli_say(CLI_FAILED, "could not write the output");
    }
    return e;
}

/* With the session that was opened. */
static cli_exit report_in(cli_session *s, metering *k)
{
    reporting *r = s->arg;
    size_t cnt = 1;
    for (size_t i = 0; i < k->m.contract_cnt; i++)
        cnt += k->m.contracts[i].period_cnt;
    uint8_t *told = calloc(cnt, 1);
    if (told == NULL) return cli_say(CLI_FAILED, "no memory for the periods");
    cli_exit e = meter_state_claim(&r->state, r->market, r->self);
    if (e == CLI_DONE && strcmp(r->market, k->m.contracts[0].market) != 0)
        e = cli_say(CLI_USAGE, "the contracts are of %s, and the gateway is of %s",
                    k->m.contracts[0].market, r->market);
    if (e == CLI_DONE) e = report_covered(s, k, told);
    if (e == CLI_DONE && k->follow) e = follow(s, k, told);
    free(told);
    if (e == CLI_DONE && r->lower_cnt > 0) e = CLI_FAILED;
    return e == CLI_DONE && r->refused_cnt > 0 ? CLI_REFUSED : e;
}

static cli_exit report(metering *k)
{
    reporting r = {.state = {.fd = -1}};
    cli_session s = {.arg = &r};
    cli_exit e = begin(k);
    if (e == CLI_DONE) e = judge_bad(k);
    if (e == CLI_DONE) e = judge_absent(k);
    if (e == CLI_DONE) e = meter_state_open(&r.state, k->state_path);
    if (e != CLI_DONE) return e;
    e = cli_open_reader(&s, &k->common,
                        (phc_callbacks){.on_logon = on_logon, .on_result = on_result},
                        meter_state_is_open(&r.state) ? 1 : 0, 0);
    if (e == CLI_DONE) {
        e = report_in(&s, k);
        cli_close(&s);
    }
    meter_state_close(&r.state);
    return e;
}

/* ---- Commands ------------------------------------------------------------------------------- */

enum { COUNT_FIELDS = 10, REPORT_FIELDS = 13 };

static int run(int argc, char **argv, const char *doc, bool reports)
{
    /* long: a table of options */
    metering k = {.gap_seconds = 60};
    cli_field fields[REPORT_FIELDS] = {
        {.name = "FILE", .kind = CLI_TEXT, .required = true, .to = &k.path},
        {.name = "format",
         .arg = "NAME",
         .kind = CLI_TEXT,
         .required = true,
         .to = &k.format,
         .doc = "dcgm-exporter, dcgmi-dmon, scontrol (what is reserved) or sacct (what jobs use)"},
        {.name = "contracts",
         .arg = "FOLDER",
         .kind = CLI_TEXT,
         .required = true,
         .to = &k.folder,
         .doc = "Saved contracts (*.json), each verified first"},
        {.name = "notary-key",
         .arg = "HEX",
         .kind = CLI_KEYS_HEX,
         .required = true,
         .to = &k.keys,
         .doc = "Public key of the exchange's notary; several with commas between them"},
        {.name = "cards",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .to = &k.cards,
         .doc = "Lines CONTRACT CARD: which card serves which contract (not for Slurm)"},
        {.name = "gap",
         .arg = "SECONDS",
         .kind = CLI_U32,
         .to = &k.gap_seconds,
         .doc = "What was not read for longer was not there (default 60; not for sacct)"},
        {.name = "allow-absent",
         .kind = CLI_FLAG,
         .to = &k.allow_absent,
         .doc = "A card that the recording does not name was away all the time"},
        {.name = "since",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &k.since_ns,
         .doc = "What sacct -S was given; needed for sacct, which tells nothing of before"},
        {.name = "until",
         .arg = "TIME",
         .kind = CLI_TIME,
         .to = &k.until_ns,
         .doc = "When sacct was asked (default: when the file was written)"},
        {.name = "skip-bad",
         .kind = CLI_FLAG,
         .to = &k.skip_bad,
         .doc = "Count without the lines that cannot be read"},
        {.name = "state",
         .arg = "FILE",
         .kind = CLI_TEXT,
         .required = true,
         .to = &k.state_path,
         .doc = "What was reported already is kept here, and not reported again"},
        {.name = "correct",
         .kind = CLI_FLAG,
         .to = &k.correct,
         .doc = "Report a figure also where it is lower than what was reported before"},
        {.name = "follow",
         .kind = CLI_FLAG,
         .to = &k.follow,
         .doc = "Go on as the file grows; lines that cannot be read are named and left out"},
    };
    cli_read(argc, argv, doc, fields, reports ? REPORT_FIELDS : COUNT_FIELDS, &k.common);
    if (k.gap_seconds == 0 || k.gap_seconds > 3600)
        return cli_say(CLI_USAGE, "--gap is 1 to 3600 seconds");
    cli_exit e = reports ? report(&k) : count(&k);
    end(&k);
    return (int)e;
}

int cli_meter_count(int argc, char **argv)
{
    return run(argc, argv,
               "Counts a recording of accelerators or of a Slurm cluster: unit-seconds and energy "
               "of every period of your contracts.  Needs no connection.",
               false);
}

int cli_meter_report(int argc, char **argv)
{
    return run(argc, argv,
               "Counts a recording and reports every period that it covers, signed with your key "
               "(meter of the contract, or its supplier).",
               true);
}
