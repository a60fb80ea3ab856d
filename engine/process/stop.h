/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/stop.h - orderly end on SIGTERM and SIGINT, and telling others that we serve. */
#ifndef ENGINE_PROCESS_STOP_H
#define ENGINE_PROCESS_STOP_H

#include <stdbool.h>

#include "engine/base/status.h"

/* SIGTERM and SIGINT ask the process to stop; SIGPIPE is ignored.  Call once, before threads. */
void ph_stop_install(void);
bool ph_stop_requested(void);

/* Becomes readable when a stop is requested, and stays so: for zmq_poll or poll beside a socket, so
   that a signal between the question and the wait is not missed.  -1 before ph_stop_install. */
int ph_stop_descriptor(void);

/* Tells whoever started us that we serve: a file for scripts, READY=1 for systemd.  Writes `text`
   to a new file and renames it to `path`, so that nobody sees half of it; an empty path: no file.
   PH_EIO with errno set. */
ph_status ph_ready_write(const char *path, const char *text);

#endif
