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

void phc_encode_logon(uint64_t next_report, uint64_t next_contract, uint64_t next_countersignature,
                      bool receive, phc_message *ret);
void phc_encode_heartbeat(phc_message *ret);
void phc_encode_logout(phc_message *ret);

/* NULL, or what is wrong. */
const char *phc_encode_order(const phc_order *o, phc_message *ret);
const char *phc_encode_cancel(uint64_t order, uint64_t client_order_id, uint64_t request,
                              phc_message *ret);
const char *phc_encode_mass_cancel(uint32_t product, uint64_t request, phc_message *ret);
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
const char *phc_encode_catalogue(uint64_t request, phc_message *ret);

#endif
