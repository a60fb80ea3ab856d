/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/encode_parts.h - what the files that encode messages share: encode.c has sessions,
    orders and the catalogue, encode_contract.c what concerns contracts, keys and statements,
    encode_query.c questions. */
#ifndef CLIENTS_LIB_ENCODE_PARTS_H
#define CLIENTS_LIB_ENCODE_PARTS_H

#include <string.h>

#include "clients/lib/encode.h"

#include "petahour/v1/session.pb-c.h"

/* Text of the protocol is never NULL; protobuf-c does not write through it. */
#define TEXT(s)  ((char *)(uintptr_t)((s) != NULL ? (s) : ""))
#define BYTES(b) ((ProtobufCBinaryData){.len = sizeof(b), .data = (uint8_t *)(uintptr_t)(b)})

/* Puts one message into its envelope.  kind is the part after PETAHOUR__V1__CLIENT_MESSAGE__. */
#define PACK(kind, field, message, ret)                                       \
    do {                                                                      \
        Petahour__V1__ClientMessage envelope;                                 \
        petahour__v1__client_message__init(&envelope);                        \
        envelope.message_case = PETAHOUR__V1__CLIENT_MESSAGE__MESSAGE_##kind; \
        envelope.field = &(message);                                          \
        phc_pack(&envelope, ret);                                             \
    } while (0)

/* Every text was checked to be short, so that a message always fits. */
static inline void phc_pack(const Petahour__V1__ClientMessage *m, phc_message *ret)
{
    size_t size = petahour__v1__client_message__get_packed_size(m);
    ret->size = size <= sizeof ret->bytes ? petahour__v1__client_message__pack(m, ret->bytes) : 0;
}

/* encode.c: an order as the protocol has it; NULL, or what is wrong. */
const char *phc_fill_order(const phc_order *o, Petahour__V1__NewOrder *m);

#endif
