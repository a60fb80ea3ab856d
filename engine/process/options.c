/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/process/log.h"

enum { EXIT_USAGE = 2, KEY_CHECK = 0x100, KEY_PRINT = 0x101, KEY_FORMAT = 0x102 };

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    ph_options *o = state->input;
    switch (key) {
    case 'c': o->config = arg; break;
    case KEY_CHECK: o->check_config = true; break;
    case KEY_PRINT: o->print_config = true; break;
    case KEY_FORMAT:
        if (strcmp(arg, "json") != 0 && strcmp(arg, "logfmt") != 0)
            argp_error(state, "--log-format is logfmt or json, not \"%s\"", arg);
        o->log_format = strcmp(arg, "json") == 0 ? PH_LOG_JSON : PH_LOG_LOGFMT;
        break;
    case ARGP_KEY_END:
        if (o->config == NULL) argp_error(state, "no configuration: give --config FILE");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "read the configuration from FILE", 0},
    {"check-config", KEY_CHECK, NULL, 0,
     "look at the configuration and at what it names, tell every fault, and end", 0},
    {"print-config", KEY_PRINT, NULL, 0,
     "with --config: write what FILE and the defaults make together, commented, and end", 0},
    {"log-format", KEY_FORMAT, "WORD", 0, "log lines as logfmt (the default) or json", 0},
    {0},
};

static const struct argp child = {.options = options, .parser = take_option};

const struct argp *ph_options_argp(void)
{
    return &child;
}

void ph_options_init(void)
{
    argp_err_exit_status = EXIT_USAGE;
    argp_program_version = "petahour " PETAHOUR_VERSION;
}

void ph_options_parse(int argc, char **argv, const char *doc, ph_options *ret)
{
    struct argp argp = child;
    argp.doc = doc;
    ph_options_init();
    ph_options parsed = {0};
    error_t failed = argp_parse(&argp, argc, argv, 0, NULL, &parsed);
    if (failed != 0) exit(EXIT_USAGE);
    *ret = parsed;
}

/* As compilers tell faults, so that an editor finds the line. */
static void print_fault(void *arg, unsigned line, const char *sentence)
{
    const ph_options *o = arg;
    if (line != 0)
        fprintf(stderr, "%s:%u: %s\n", o->config, line, sentence);
    else
        fprintf(stderr, "%s: %s\n", o->config, sentence);
}

static bool check(const ph_options *o, const ph_config_table *table, ph_config_market *ret_market,
                  void *ret_settings)
{
    ph_options named = *o;
    uint32_t faults =
        ph_config_check(o->config, table, print_fault, &named, ret_market, ret_settings);
    if (faults != 0)
        fprintf(stderr, "%s: %u fault%s for %s\n", o->config, faults, faults == 1 ? "" : "s",
                program_invocation_short_name);
    return faults == 0;
}

int ph_options_load(const ph_options *o, const ph_config_table *table, ph_config_market *ret_market,
                    void *ret_settings)
{
    char err[1024];
    ph_log_set_format(o->log_format);
    if (o->check_config) {
        if (!check(o, table, ret_market, ret_settings)) return EXIT_FAILURE;
    } else if (ph_config_read(o->config, table, ret_market, ret_settings, err, sizeof err) !=
               PH_OK) {
        ph_log_error("%s", err);
        return EXIT_FAILURE;
    }
    if (o->print_config) ph_config_print(stdout, table, ret_market, ret_settings);
    if (o->check_config && !o->print_config) printf("%s: good\n", o->config);
    if (!o->check_config && !o->print_config) {
        const ph_log_pair pairs[] = {{"version", PETAHOUR_VERSION, 0}, {"config", o->config, 0}};
        ph_log_event(PH_LOG_INFO, "start", pairs, 2, "starting with \"%s\"", o->config);
        return PH_OPTIONS_SERVE;
    }
    if (fflush(stdout) == 0) return EXIT_SUCCESS;
    ph_log_error("could not write to standard output");
    return EXIT_FAILURE;
}
