/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/encode.h - what a client sends, as bytes of one ClientMessage.

    The message formats of a client in one direction; decode.h has the other.  A function that
    returns a sentence found a field that cannot be right, and wrote nothing. */
#ifndef CLIENTS_LIB_ENCODE_H
#define CLIENTS_LIB_ENCODE_H

#include "clients/lib/petahour.h"

#include "clients/lib/notary_keys.h"

enum { PHC_MESSAGE_MAX = 2048 };

typedef struct {
    size_t size;
    uint8_t bytes[PHC_MESSAGE_MAX];
} phc_message;

typedef struct {
    uint64_t next_report, next_contract, next_countersignature;
    bool receive, cancel_on_disconnect, take_over;
    uint32_t copy_of;
} phc_logon_asked;

void phc_encode_logon(const phc_logon_asked *l, phc_message *ret);
void phc_encode_heartbeat(phc_message *ret);
void phc_encode_logout(phc_message *ret);

/* NULL, or what is wrong. */
const char *phc_encode_order(const phc_order *o, phc_message *ret);
const char *phc_encode_cancel(uint64_t order, uint64_t client_order_id, uint64_t request,
                              phc_message *ret);
const char *phc_encode_mass_cancel(uint32_t product, uint32_t participant, uint64_t request,
                                   phc_message *ret);
const char *phc_encode_group(const phc_order *orders, size_t cnt, uint64_t request,
                             phc_message *ret);

typedef struct {
    uint64_t order, client_order_id; /* one of them */
    int64_t price;
    uint32_t quantity;
} phc_replacement;

const char *phc_encode_replace(const phc_replacement *r, uint64_t request, phc_message *ret);
const char *phc_encode_participant(const phc_participant *p, uint64_t request, phc_message *ret);
const char *phc_encode_site(const phc_site *s, uint64_t request, phc_message *ret);
const char *phc_encode_hardware(const phc_hardware *h, uint64_t request, phc_message *ret);
const char *phc_encode_capacity(const phc_capacity *k, uint64_t request, phc_message *ret);
const char *phc_encode_product(const phc_product *p, uint64_t request, phc_message *ret);
const char *phc_encode_phase(uint32_t product, phc_phase phase, uint64_t request, phc_message *ret);
const char *phc_encode_participant_state(uint32_t participant, phc_participant_state state,
                                         uint64_t request, phc_message *ret);
const char *phc_encode_payment(bool deposit, uint32_t participant, int64_t amount,
                               const char *reference, uint64_t request, phc_message *ret);
const char *phc_encode_countersignature(uint64_t contract, const uint8_t key[32],
                                        const uint8_t signature[64], uint64_t request,
                                        phc_message *ret);
/* sequence is not sent. */
const char *phc_encode_notary_key(const phc_notary_change *n, uint64_t request, phc_message *ret);
const char *phc_encode_terms(const phc_product *p, uint64_t request, phc_message *ret);
const char *phc_encode_product_state(uint32_t product, phc_product_state state, uint64_t request,
                                     phc_message *ret);
const char *phc_encode_rules(uint32_t version, uint64_t request, phc_message *ret);

typedef struct {
    bool add; /* false: revoke */
    uint32_t participant;
    phc_key_use use;
    const uint8_t *key; /* 32 bytes */
} phc_key_change;

const char *phc_encode_key(const phc_key_change *k, uint64_t request, phc_message *ret);
const char *phc_encode_capacity_withdrawal(const phc_capacity *k, uint64_t request,
                                           phc_message *ret);

typedef struct {
    uint8_t b[PHC_SIGNATURE_BYTES];
} phc_signature;

const char *phc_encode_attestation(const phc_attestation *a, const phc_signature *by,
                                   uint64_t request, phc_message *ret);
const char *phc_encode_measurement(const phc_measurement *m, const phc_signature *by,
                                   uint64_t request, phc_message *ret);
const char *phc_encode_probe(const phc_probe *p, const phc_signature *by, uint64_t request,
                             phc_message *ret);
const char *phc_encode_report(const phc_delivery_report *r, const phc_signature *by,
                              uint64_t request, phc_message *ret);
const char *phc_encode_access(uint64_t contract, const uint8_t *sealed, size_t size,
                              uint64_t request, phc_message *ret);

typedef enum { PHC_CONFIRM = 1, PHC_DISPUTE = 2, PHC_RESOLVE = 3 } phc_say;

/* What the buyer, or an operator, says about a report. */
const char *phc_encode_say(phc_say what, const phc_delivery_report *r, uint64_t request,
                           phc_message *ret);
/* Questions; the order of a preview and of a why need no client_order_id. */
const char *phc_encode_preview(const phc_order *o, uint64_t request, phc_message *ret);
const char *phc_encode_why(uint64_t order, const phc_order *stated, uint64_t request,
                           phc_message *ret);
const char *phc_encode_depth(const phc_depth_question *q, uint64_t request, phc_message *ret);
const char *phc_encode_ask_orders(uint64_t order, uint64_t after, uint64_t request,
                                  phc_message *ret);
const char *phc_encode_ask_positions(uint64_t after, uint64_t request, phc_message *ret);
const char *phc_encode_ask_balances(uint64_t request, phc_message *ret);
const char *phc_encode_ask_order_status(uint64_t order, uint64_t client_order_id, uint64_t request,
                                        phc_message *ret);
const char *phc_encode_ask_contracts(const phc_contracts_question *q, uint64_t request,
                                     phc_message *ret);
const char *phc_encode_ask_statement(uint32_t first_day, uint32_t days, uint64_t request,
                                     phc_message *ret);
const char *phc_encode_catalogue(uint64_t request, phc_message *ret);

/* At most `max` bytes of UTF-8 without control characters, as a gateway takes them; empty or NULL
   only if allowed. */
bool phc_text_ok(const char *s, size_t max, bool may_be_empty);

#endif
