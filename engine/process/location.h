/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/location.h - is what a configuration names there, and may we use it?

    Looks only: nothing is made, bound or written, so the answer may be another one later.  A place
    that may be left empty, and is, is good.

    Owns      nothing.
    Thread    any. */
#ifndef ENGINE_PROCESS_LOCATION_H
#define ENGINE_PROCESS_LOCATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/process/config.h"

/* False: why receives a sentence with the key, what is wrong and what to do.  Rows that name no
   place are good. */
bool ph_location_check(const ph_config_row *row, const char *value, char *why, size_t why_size);

/* Reads 127.a.b.c:PORT; *ret_ipv4 is in the byte order of the machine. */
bool ph_location_loopback(const char *text, uint32_t *ret_ipv4, uint16_t *ret_port);

#endif
