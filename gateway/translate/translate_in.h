/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate_in.h - what the files that read clients' messages share.

    translate.c reads frames and hands the messages on; translate_commands.c makes commands of
    them, translate_query.c questions. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_IN_H
#define GATEWAY_TRANSLATE_TRANSLATE_IN_H

#include "gateway/translate/translate.h"

#include "petahour/v1/session.pb-c.h"

/* Refusal in progress: which message of the frame, and where the sentence goes. */
typedef struct {
    uint32_t message; /* from 1; 0: the frame itself */
    char *why;        /* PHG_WHY_SIZE */
} phg_reading;

/* Writes the sentence; returns false. */
bool __attribute__((format(printf, 2, 3))) phg_refuse(phg_reading *r, const char *format, ...);

/* Reads a message that is a command into a zeroed *c; false: refused. */
bool phg_take_command(phg_reading *r, const Petahour__V1__ClientMessage *m, ph_command *c);

/* True if the message is a question: read into *ret then; false in *ret_ok: refused. */
bool phg_take_query(phg_reading *r, const Petahour__V1__ClientMessage *m, phg_asked *ret,
                    bool *ret_ok);

/* Reads the order of a message, alone or in a group. */
bool phg_take_order(phg_reading *r, const Petahour__V1__NewOrder *m, ph_new_order *to);

#endif
