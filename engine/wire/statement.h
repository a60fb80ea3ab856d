/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/statement.h - what a participant signs of what it measured.

    Attestations, measurements, probes and delivery reports carry a signature over text: the line
    "petahour.v1 KIND", the market, the sender, then one line "name value" for each field of the
    command but its signature, each ended by a line feed (gateway/PROTOCOL.md).  The market carries
    the signature; whoever has the command and the sender's keys can verify it.

    Owns      nothing.
    Thread    any. */
#ifndef ENGINE_WIRE_STATEMENT_H
#define ENGINE_WIRE_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/wire/command.h"

/* No statement is longer: the longest has nine numbers, a hash and the market's name. */
enum { PH_STATEMENT_MAX = 640 };

/* The signature that such a command carries; NULL: commands of its kind state nothing. */
const ph_signature *ph_statement_signature(const ph_command *c);

/* Writes what the signature of the command is to cover; returns the length of the text, which no
   zero ends.  The command is of a kind that states something. */
size_t ph_statement_text(const char *market, const ph_command *c, char to[PH_STATEMENT_MAX]);

#endif
