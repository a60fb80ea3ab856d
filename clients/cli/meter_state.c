/* SPDX-License-Identifier: Apache-2.0 */
/* What was reported, one line a step:

     petahour meter 1 MARKET PARTICIPANT
     sent REQUEST CONTRACT PERIOD DELIVERED ENERGY
     done REQUEST        or: refused REQUEST

   A request is on disk before it is sent: what has no outcome here has it in the private stream. */
#include "clients/cli/meter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 160, WORDS_MAX = 6 };

static cli_exit keep(meter_state *s, const meter_sent *one)
{
    if (s->cnt == s->room) {
        size_t room = s->room == 0 ? 64 : 2 * s->room;
        meter_sent *more = realloc(s->sent, room * sizeof *more);
        if (more == NULL) return cli_say(CLI_FAILED, "no memory for what was reported");
        s->sent = more;
        s->room = room;
    }
    s->sent[s->cnt++] = *one;
    return CLI_DONE;
}

static meter_sent *find_request(const meter_state *s, uint64_t request)
{
    for (size_t i = s->cnt; i-- > 0;)
        if (s->sent[i].request == request) return &s->sent[i];
    return NULL;
}

static bool numbers(char *const *words, size_t cnt, uint64_t *ret)
{
    for (size_t i = 0; i < cnt; i++)
        if (phc_number_parse(words[i], UINT64_MAX, &ret[i]) != PHC_OK) return false;
    return true;
}

/* One line of the file; false if it is none of ours. */
static bool take_line(meter_state *s, char *line, bool is_first)
{
    char *words[WORDS_MAX + 1], *next = NULL;
    uint64_t v[5] = {0};
    size_t cnt = 0;
    for (char *at = strtok_r(line, " ", &next); at != NULL && cnt <= WORDS_MAX;
         at = strtok_r(NULL, " ", &next))
        words[cnt++] = at;
    if (is_first) {
        if (cnt != 5 || strcmp(words[0], "petahour") != 0 || strcmp(words[1], "meter") != 0 ||
            strcmp(words[2], "1") != 0 || strlen(words[3]) >= sizeof s->market ||
            !numbers(words + 4, 1, v) || v[0] == 0 || v[0] > UINT32_MAX)
            return false;
        snprintf(s->market, sizeof s->market, "%s", words[3]);
        s->who = (uint32_t)v[0];
        return true;
    }
    if (cnt == 6 && strcmp(words[0], "sent") == 0 && numbers(words + 1, 5, v) &&
        v[2] <= UINT32_MAX) {
        meter_sent one = {.request = v[0], .report = {v[1], (uint32_t)v[2], v[3], v[4]}};
        return keep(s, &one) == CLI_DONE;
    }
    if (cnt != 2 || !numbers(words + 1, 1, v)) return false;
    meter_sent *one = find_request(s, v[0]);
    bool done = strcmp(words[0], "done") == 0;
    if (one == NULL || (!done && strcmp(words[0], "refused") != 0)) return false;
    one->answered = true;
    one->done = done;
    return true;
}

/* Reads all; a last line without its end was being written when the program stopped, and goes. */
static cli_exit take_file(meter_state *s, const char *path)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) return cli_say(CLI_FAILED, "could not open \"%s\": %s", path, strerror(errno));
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    off_t whole = 0;
    cli_exit e = CLI_DONE;
    for (size_t n = 1; e == CLI_DONE && (size = getline(&line, &room, f)) > 0; n++) {
        if (line[size - 1] != '\n') break;
        line[size - 1] = '\0';
        whole += size;
        if (!take_line(s, line, n == 1))
            e = cli_say(CLI_FAILED, "%s:%zu: not a line of a meter's state", path, n);
    }
    if (e == CLI_DONE && ferror(f)) e = cli_say(CLI_FAILED, "could not read \"%s\"", path);
    free(line);
    fclose(f); /* nothing was written */
    if (e == CLI_DONE && ftruncate(s->fd, whole) != 0)
        e = cli_say(CLI_FAILED, "could not write \"%s\": %s", path, strerror(errno));
    return e;
}

cli_exit meter_state_open(meter_state *s, const char *path)
{
    *s = (meter_state){.fd = -1};
    if (path == NULL) return CLI_DONE;
    s->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (s->fd < 0) return cli_say(CLI_FAILED, "could not open \"%s\": %s", path, strerror(errno));
    cli_exit e = CLI_DONE;
    if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
        e = cli_say(CLI_FAILED, "another meter uses \"%s\"", path);
    if (e == CLI_DONE) e = take_file(s, path);
    if (e != CLI_DONE) meter_state_close(s);
    return e;
}

static cli_exit append(const meter_state *s, const char *line)
{
    size_t size = strlen(line);
    if (s->fd < 0) return CLI_DONE;
    if (write(s->fd, line, size) == (ssize_t)size && fdatasync(s->fd) == 0) return CLI_DONE;
    return cli_say(CLI_FAILED, "could not write the meter's state: %s", strerror(errno));
}

cli_exit meter_state_claim(meter_state *s, const char *market, uint32_t who)
{
    char line[LINE_MAX_BYTES];
    if (s->who != 0 && (s->who != who || strcmp(s->market, market) != 0))
        return cli_say(CLI_USAGE, "the state is of participant %u of %s, and you are %u of %s",
                       s->who, s->market, who, market);
    if (s->who != 0) return CLI_DONE;
    snprintf(s->market, sizeof s->market, "%s", market);
    s->who = who;
    snprintf(line, sizeof line, "petahour meter 1 %s %u\n", s->market, who);
    return append(s, line);
}

cli_exit meter_state_sent(meter_state *s, uint64_t request, const phc_delivery_report *r)
{
    char line[LINE_MAX_BYTES];
    meter_sent one = {.request = request, .report = *r};
    snprintf(line, sizeof line, "sent %llu %llu %u %llu %llu\n", (unsigned long long)request,
             (unsigned long long)r->contract, r->period, (unsigned long long)r->delivered,
             (unsigned long long)r->energy_wh);
    cli_exit e = keep(s, &one);
    return e == CLI_DONE ? append(s, line) : e;
}

cli_exit meter_state_answered(meter_state *s, uint64_t request, bool done)
{
    char line[LINE_MAX_BYTES];
    meter_sent *one = find_request(s, request);
    if (one == NULL || one->answered) return CLI_DONE;
    one->answered = true;
    one->done = done;
    snprintf(line, sizeof line, "%s %llu\n", done ? "done" : "refused",
             (unsigned long long)request);
    return append(s, line);
}

const meter_sent *meter_state_find(const meter_state *s, uint64_t contract, uint32_t period)
{
    for (size_t i = s->cnt; i-- > 0;) {
        const meter_sent *one = &s->sent[i];
        if (one->done && one->report.contract == contract && one->report.period == period)
            return one;
    }
    return NULL;
}

bool meter_state_is_open(const meter_state *s)
{
    for (size_t i = 0; i < s->cnt; i++)
        if (!s->sent[i].answered) return true;
    return false;
}

void meter_state_close(meter_state *s)
{
    if (s->fd >= 0) close(s->fd); /* every line was synced */
    free(s->sent);
    *s = (meter_state){.fd = -1};
}
