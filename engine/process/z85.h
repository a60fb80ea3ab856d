/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/z85.h - 32-byte keys as 40 characters of Z85 (ZeroMQ RFC 32) and back.

    Written here because the other library that has it, libzmq, has its own doors. */
#ifndef ENGINE_PROCESS_Z85_H
#define ENGINE_PROCESS_Z85_H

#include "engine/base/status.h"
#include "engine/base/types.h"

enum { PH_Z85_KEY_SIZE = 40 };

/* PH_EINVAL if `text` is not exactly 40 characters of the alphabet that stand for 32 bytes; ret is
   then untouched. */
ph_status ph_z85_read(const char *text, uint8_t ret[32]);

/* Writes 40 characters and a zero.  Returns to. */
char *ph_z85_write(const uint8_t from[32], char to[PH_Z85_KEY_SIZE + 1]);

#endif
