/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/options.h - the arguments that every daemon takes, as a child parser of argp.

      --config FILE     read the configuration from FILE
      --check-config    look at it and at what it names, tell every fault as FILE:LINE: ..., and end
      --print-config    write what FILE and the defaults make together, commented, and end

      --log-format WORD logfmt (the default) or json

    argp adds --help, --usage and --version.  A daemon's main:

      ph_options options = {0};
      struct argp_child children[] = {{.argp = ph_options_argp()}, {0}};
      struct argp argp = {.parser = ..., .children = children};
      ph_options_init();
      argp_parse(&argp, argc, argv, 0, NULL, &options);
      int end = ph_options_load(&options, &table, &market, &settings);
      if (end != PH_OPTIONS_SERVE) return end;

    The parser of the daemon, if it has one, hands &options to the child on ARGP_KEY_INIT
    (state->child_inputs[0]); ph_options_parse does all of it for a daemon without options of its
    own. */
#ifndef ENGINE_PROCESS_OPTIONS_H
#define ENGINE_PROCESS_OPTIONS_H

#include <stdbool.h>

#include "engine/process/config.h"
#include "engine/process/log.h"

enum { PH_OPTIONS_SERVE = -1 };

typedef struct {
    const char *config; /* points into the arguments; NULL when it was not given */
    bool check_config, print_config;
    ph_log_format log_format;
} ph_options;

struct argp;

/* The child parser; its input is a ph_options. */
const struct argp *ph_options_argp(void);

/* Wrong usage ends with 2, --version prints this version. */
void ph_options_init(void);

/* ph_options_init and argp_parse for a daemon without options of its own. */
void ph_options_parse(int argc, char **argv, const char *doc, ph_options *ret);

/* Reads the configuration as the options say.  PH_OPTIONS_SERVE: go on with *ret_market and
   *ret_settings; otherwise everything is said and this is the exit status: 0, 1 (configuration
   wrong, told on standard error) or 2 (no --config). */
int ph_options_load(const ph_options *options, const ph_config_table *table,
                    ph_config_market *ret_market, void *ret_settings);

#endif
