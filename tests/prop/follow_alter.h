/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/follow_alter.h - a frame of market data that is right but for one level. */
#ifndef TESTS_PROP_FOLLOW_ALTER_H
#define TESTS_PROP_FOLLOW_ALTER_H

#include <stdbool.h>
#include <stdint.h>
#include <zmq.h>

typedef enum { ALTER_NOTHING, ALTER_CHANGE, ALTER_SNAPSHOT, ALTER_KINDS } alter_kind;

/* Writes the payload again with another quantity at one of its levels, blocks or best prices, or
   without it; chance says which.  ALTER_NOTHING: it has none, and is as it was. */
alter_kind alter_level(zmq_msg_t *payload, uint32_t chance);

#endif
