/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/statement.h - what a signature of a participant covers.

    A statement is text: the line "petahour.v1 KIND", then one line "name value" for each field, in
    the order of gateway/PROTOCOL.md, each ended by a line feed.  Everybody can write it down again
    from what the log says and verify it with any implementation of Ed25519. */
#ifndef CLIENTS_LIB_STATEMENT_H
#define CLIENTS_LIB_STATEMENT_H

#include "clients/lib/petahour.h"

enum { PHC_STATEMENT_MAX = 1024 };

typedef struct {
    char text[PHC_STATEMENT_MAX];
    size_t size;
} phc_statement;

/* What every statement begins with: the market, and who makes it. */
typedef struct {
    const char *market;
    uint32_t participant;
} phc_speaker;

void phc_statement_attestation(const phc_speaker *by, const phc_attestation *a, phc_statement *ret);
void phc_statement_measurement(const phc_speaker *by, const phc_measurement *m, phc_statement *ret);
void phc_statement_probe(const phc_speaker *by, const phc_probe *p, phc_statement *ret);
void phc_statement_report(const phc_speaker *by, const phc_delivery_report *r, phc_statement *ret);

/* Signs text of any kind.  False: the key has no signature half. */
bool phc_sign(const phc_key *key, const char *text, size_t size, uint8_t ret[PHC_SIGNATURE_BYTES]);

/* False: the same. */
bool phc_statement_sign(const phc_statement *s, const phc_key *key,
                        uint8_t ret[PHC_SIGNATURE_BYTES]);
bool phc_statement_verify(const phc_statement *s, const uint8_t sign_key[32],
                          const uint8_t signature[PHC_SIGNATURE_BYTES]);

#endif
