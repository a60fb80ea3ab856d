/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/access.h"
#include "clients/lib/client.h"
#include "clients/lib/statement.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Queues an encoded message, unless `wrong` says why it must not go. */
static phc_status queue(phc_client *c, const char *wrong, phc_out_kind kind, uint64_t id,
                        const phc_message *m)
{
    if (c->state == PHC_STOPPED) return PHC_EFATAL;
    if (c->copy_of != 0) {
        snprintf(c->error, sizeof c->error, "could not send: a drop copy only reads");
        return PHC_EDENIED;
    }
    if (c->logon.reads_only && kind != PHC_OUT_QUERY) {
        snprintf(c->error, sizeof c->error, "could not send: the key is for reading alone");
        return PHC_EDENIED;
    }
    if (wrong != NULL) {
        snprintf(c->error, sizeof c->error, "could not send the %s: %s",
                 kind == PHC_OUT_ORDER ? "order" : "command", wrong);
        return PHC_EINVAL;
    }
    if (m->size == 0) {
        snprintf(c->error, sizeof c->error, "could not send the command: it is too long");
        return PHC_EINVAL;
    }
    phc_status s = phc_outbox_put(&c->outbox, kind, id, m->bytes, m->size);
    if (s == PHC_EFULL)
        snprintf(c->error, sizeof c->error,
                 "could not queue the command: %zu are unanswered; turn, then try again",
                 c->outbox.cnt);
    else if (s != PHC_OK)
        snprintf(c->error, sizeof c->error, "could not queue the command: no memory");
    return s;
}

static phc_status queue_command(phc_client *c, const char *wrong, const phc_message *m,
                                uint64_t *ret_request)
{
    phc_status s = queue(c, wrong, PHC_OUT_COMMAND, c->request_next, m);
    if (s != PHC_OK) return s;
    if (ret_request != NULL) *ret_request = c->request_next;
    c->request_next++;
    return PHC_OK;
}

static phc_status not_ready(const phc_client *c)
{
    return c->state == PHC_STOPPED ? PHC_EFATAL : PHC_ENOTREADY;
}

/* The lowest client order id above `last` and all that were used.  PHC_ENOTREADY, PHC_EFATAL: it is
   not known; PHC_EINVAL: there is none; c->error says why. */
static phc_status next_order_id(phc_client *c, uint64_t last, uint64_t *ret)
{
    if (c->state != PHC_READING && c->state != PHC_READY) {
        snprintf(c->error, sizeof c->error,
                 "could not number the order: not logged on, so the last number is unknown");
        return not_ready(c);
    }
    if (last < c->client_order_id_used) last = c->client_order_id_used;
    if (last < c->outbox.order_id_max) last = c->outbox.order_id_max;
    if (last == UINT64_MAX) {
        snprintf(c->error, sizeof c->error,
                 "could not number the order: client_order_id %llu was used and none is above it; "
                 "have another participant registered",
                 (unsigned long long)last);
        return PHC_EINVAL;
    }
    *ret = last + 1;
    return PHC_OK;
}

phc_status phc_new_order(phc_client *c, const phc_order *o, uint64_t *ret_client_order_id)
{
    phc_message m;
    phc_order own = *o;
    phc_status s = PHC_OK;
    if (own.client_order_id == 0) s = next_order_id(c, 0, &own.client_order_id);
    if (s != PHC_OK) return s;
    const char *wrong = phc_encode_order(&own, &m);
    s = queue(c, wrong, PHC_OUT_ORDER, own.client_order_id, &m);
    if (s == PHC_OK && ret_client_order_id != NULL) *ret_client_order_id = own.client_order_id;
    return s;
}

phc_status phc_new_group(phc_client *c, phc_order *orders, size_t cnt, uint64_t *ret_request)
{
    phc_message m;
    phc_order own[PHC_GROUP_MAX] = {{0}};
    uint64_t most = 0;
    phc_status s = PHC_OK;
    for (size_t i = 0; i < cnt && i < PHC_GROUP_MAX; i++) {
        own[i] = orders[i];
        if (own[i].client_order_id == 0) s = next_order_id(c, most, &own[i].client_order_id);
        if (s != PHC_OK) return s;
        if (own[i].client_order_id > most) most = own[i].client_order_id;
    }
    const char *wrong = phc_encode_group(own, cnt, c->request_next, &m);
    if (c->cancel_on_disconnect)
        wrong = "a group cannot be entered by a client with cancel_on_disconnect";
    s = queue_command(c, wrong, &m, ret_request);
    if (s != PHC_OK) return s;
    for (size_t i = 0; i < cnt; i++)
        orders[i].client_order_id = own[i].client_order_id;
    if (c->outbox.order_id_max < most) c->outbox.order_id_max = most;
    return PHC_OK;
}

phc_status phc_replace(phc_client *c, uint64_t order, uint64_t client_order_id, int64_t price,
                       uint32_t quantity, uint64_t *ret_request)
{
    phc_message m;
    phc_replacement r = {order, client_order_id, price, quantity};
    return queue_command(c, phc_encode_replace(&r, c->request_next, &m), &m, ret_request);
}

phc_status phc_cancel(phc_client *c, uint64_t order, uint64_t client_order_id,
                      uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_cancel(order, client_order_id, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_mass_cancel(phc_client *c, uint32_t product, uint32_t participant,
                           uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_mass_cancel(product, participant, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_register_participant(phc_client *c, const phc_participant *p, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_participant(p, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_register_site(phc_client *c, const phc_site *s, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_site(s, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_register_hardware(phc_client *c, const phc_hardware *h, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_hardware(h, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_register_capacity(phc_client *c, const phc_capacity *k, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_capacity(k, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_list_product(phc_client *c, const phc_product *p, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_product(p, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_set_phase(phc_client *c, uint32_t product, phc_phase phase, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_phase(product, phase, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_set_participant_state(phc_client *c, uint32_t participant,
                                     phc_participant_state state, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_participant_state(participant, state, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_deposit(phc_client *c, uint32_t participant, int64_t amount, const char *reference,
                       uint64_t *ret_request)
{
    phc_message m;
    const char *wrong =
        phc_encode_payment(true, participant, amount, reference, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_withdraw(phc_client *c, uint32_t participant, int64_t amount, const char *reference,
                        uint64_t *ret_request)
{
    phc_message m;
    const char *wrong =
        phc_encode_payment(false, participant, amount, reference, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_withdraw_capacity(phc_client *c, const phc_capacity *k, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_capacity_withdrawal(k, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_set_terms(phc_client *c, const phc_product *p, uint64_t *ret_request)
{
    phc_message m;
    return queue_command(c, phc_encode_terms(p, c->request_next, &m), &m, ret_request);
}

phc_status phc_set_product_state(phc_client *c, uint32_t product, phc_product_state state,
                                 uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_product_state(product, state, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_set_rules_version(phc_client *c, uint32_t version, uint64_t *ret_request)
{
    phc_message m;
    return queue_command(c, phc_encode_rules(version, c->request_next, &m), &m, ret_request);
}

phc_status phc_add_key(phc_client *c, uint32_t participant, phc_key_use use, const uint8_t key[32],
                       uint64_t *ret_request)
{
    phc_message m;
    phc_key_change k = {true, participant, use, key};
    return queue_command(c, phc_encode_key(&k, c->request_next, &m), &m, ret_request);
}

phc_status phc_revoke_key(phc_client *c, uint32_t participant, phc_key_use use,
                          const uint8_t key[32], uint64_t *ret_request)
{
    phc_message m;
    phc_key_change k = {false, participant, use, key};
    return queue_command(c, phc_encode_key(&k, c->request_next, &m), &m, ret_request);
}

/* ---- Statements ---------------------------------------------------------------------------- */

/* Who speaks; false: not known before the logon. */
static bool speaker(phc_client *c, phc_speaker *ret)
{
    *ret = (phc_speaker){c->market, c->logon.participant};
    if (c->state != PHC_STOPPED && ret->participant != 0) return true;
    if (c->state != PHC_STOPPED)
        snprintf(c->error, sizeof c->error,
                 "could not sign: not logged on, so the market and the participant are unknown");
    return false;
}

static const char *sign(const phc_client *c, const phc_statement *s, phc_signature *ret)
{
    return phc_statement_sign(s, &c->key, ret->b) ? NULL : "the own key has no signature half";
}

phc_status phc_attest_capacity(phc_client *c, const phc_attestation *a, uint64_t *ret_request)
{
    phc_message m;
    phc_statement s;
    phc_speaker by;
    phc_signature signature;
    if (!speaker(c, &by)) return not_ready(c);
    phc_statement_attestation(&by, a, &s);
    const char *wrong = sign(c, &s, &signature);
    if (wrong == NULL) wrong = phc_encode_attestation(a, &signature, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_measure_site(phc_client *c, const phc_measurement *from, uint64_t *ret_request)
{
    phc_message m;
    phc_statement s;
    phc_speaker by;
    phc_signature signature;
    if (!speaker(c, &by)) return not_ready(c);
    phc_statement_measurement(&by, from, &s);
    const char *wrong = sign(c, &s, &signature);
    if (wrong == NULL) wrong = phc_encode_measurement(from, &signature, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_report_probe(phc_client *c, const phc_probe *p, uint64_t *ret_request)
{
    phc_message m;
    phc_statement s;
    phc_speaker by;
    phc_signature signature;
    if (!speaker(c, &by)) return not_ready(c);
    phc_statement_probe(&by, p, &s);
    const char *wrong = sign(c, &s, &signature);
    if (wrong == NULL) wrong = phc_encode_probe(p, &signature, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_report_delivery(phc_client *c, const phc_delivery_report *r, uint64_t *ret_request)
{
    phc_message m;
    phc_statement s;
    phc_speaker by;
    phc_signature signature;
    if (!speaker(c, &by)) return not_ready(c);
    phc_statement_report(&by, r, &s);
    const char *wrong = sign(c, &s, &signature);
    if (wrong == NULL) wrong = phc_encode_report(r, &signature, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

/* ---- Countersignatures, keys of the notary -------------------------------------------------- */

phc_status phc_countersign(phc_client *c, const phc_contract *k, const phc_signed_contract *s,
                           uint64_t *ret_request)
{
    phc_message m;
    uint8_t leaf[32], signature[64];
    char text[PHC_COUNTERSIGNED_TEXT_MAX];
    phc_leaf_hash(s->canonical, s->canonical_size, leaf);
    size_t size = phc_countersigned_text(k->market, k->contract, leaf, text);
    if (!phc_sign(&c->key, text, size, signature)) {
        snprintf(c->error, sizeof c->error,
                 "could not countersign: the key of \"%s\" has no signature half", c->key.name);
        return PHC_EDENIED;
    }
    const char *wrong = phc_encode_countersignature(k->contract, c->key.sign_public, signature,
                                                    c->request_next, &m);
    phc_status st = queue_command(c, wrong, &m, ret_request);
    phc_known_contract *known = phc_known_find(&c->known, k->contract);
    if (st == PHC_OK && known != NULL) known->is_done = true;
    return st;
}

phc_status phc_countersign_known(phc_client *c, phc_known_contract *k)
{
    phc_message m;
    uint8_t signature[64];
    char text[PHC_COUNTERSIGNED_TEXT_MAX];
    size_t size = phc_countersigned_text(c->market, k->contract, k->leaf, text);
    if (!phc_sign(&c->key, text, size, signature)) return PHC_EDENIED;
    const char *wrong = phc_encode_countersignature(k->contract, c->key.sign_public, signature,
                                                    c->request_next, &m);
    phc_status st = queue_command(c, wrong, &m, NULL);
    if (st == PHC_OK) k->is_done = true;
    return st;
}

phc_status phc_rotate_notary_key(phc_client *c, const phc_key *key, const phc_key *before,
                                 uint64_t *ret_request)
{
    phc_message m;
    phc_notary_change n = {.sequence = 0};
    char text[PHC_NOTARY_KEY_TEXT_MAX];
    if (c->state != PHC_READY) {
        snprintf(c->error, sizeof c->error,
                 "could not change the notary's key: not logged on, so the present one is unknown");
        return c->state == PHC_STOPPED ? PHC_EFATAL : PHC_ENOTREADY;
    }
    const uint8_t *present = c->notary_keys.v[c->notary_keys.cnt - 1].key;
    const char *wrong = NULL;
    if (before != NULL && sodium_memcmp(before->sign_public, present, 32) != 0)
        wrong = "the key before is not the one in force";
    if (sodium_memcmp(key->sign_public, present, 32) == 0) wrong = "the key is in force already";
    size_t size = phc_notary_key_text(c->market, present, key->sign_public, text);
    memcpy(n.key, key->sign_public, sizeof n.key);
    if (!phc_sign(key, text, size, n.proof)) wrong = "the key has no signature half";
    if (before != NULL && !phc_sign(before, text, size, n.endorsement))
        wrong = "the key before has no signature half";
    if (wrong == NULL) wrong = phc_encode_notary_key(&n, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

/* ---- Deliveries ---------------------------------------------------------------------------- */

phc_status phc_hand_over_access(phc_client *c, uint64_t contract, const uint8_t buyer_key[32],
                                const void *access, size_t size, uint64_t *ret_request)
{
    phc_message m;
    uint8_t sealed[PHC_SEALED_MAX];
    size_t sealed_size = 0;
    const char *wrong = phc_access_seal(buyer_key, access, size, sealed, &sealed_size);
    if (wrong == NULL)
        wrong = phc_encode_access(contract, sealed, sealed_size, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

static phc_status say(phc_client *c, phc_say what, const phc_delivery_report *r,
                      uint64_t *ret_request)
{
    phc_message m;
    return queue_command(c, phc_encode_say(what, r, c->request_next, &m), &m, ret_request);
}

phc_status phc_confirm_delivery(phc_client *c, uint64_t contract, uint32_t period,
                                uint64_t *ret_request)
{
    phc_delivery_report r = {.contract = contract, .period = period};
    return say(c, PHC_CONFIRM, &r, ret_request);
}

phc_status phc_dispute_delivery(phc_client *c, uint64_t contract, uint32_t period,
                                uint64_t delivered, uint64_t *ret_request)
{
    phc_delivery_report r = {.contract = contract, .period = period, .delivered = delivered};
    return say(c, PHC_DISPUTE, &r, ret_request);
}

phc_status phc_resolve_dispute(phc_client *c, uint64_t contract, uint32_t period,
                               uint64_t delivered, uint64_t *ret_request)
{
    phc_delivery_report r = {.contract = contract, .period = period, .delivered = delivered};
    return say(c, PHC_RESOLVE, &r, ret_request);
}

/* ---- Questions ----------------------------------------------------------------------------- */

static phc_status ask(phc_client *c, const char *wrong, const phc_message *m, uint64_t *ret_request)
{
    phc_status s = queue(c, wrong, PHC_OUT_QUERY, c->request_next, m);
    if (s != PHC_OK) return s;
    if (ret_request != NULL) *ret_request = c->request_next;
    c->request_next++;
    return PHC_OK;
}

phc_status phc_ask_preview(phc_client *c, const phc_order *o, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_preview(o, c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_why(phc_client *c, uint64_t order, const phc_order *stated,
                       uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_why(order, stated, c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_depth(phc_client *c, const phc_depth_question *q, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_depth(q, c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_orders(phc_client *c, uint64_t order, uint64_t after, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_ask_orders(order, after, c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_positions(phc_client *c, uint64_t after, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_ask_positions(after, c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_balances(phc_client *c, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_ask_balances(c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_order_status(phc_client *c, uint64_t order, uint64_t client_order_id,
                                uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_ask_order_status(order, client_order_id, c->request_next, &m), &m,
               ret_request);
}

phc_status phc_ask_contracts(phc_client *c, const phc_contracts_question *q, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_ask_contracts(q, c->request_next, &m), &m, ret_request);
}

phc_status phc_ask_statement(phc_client *c, uint32_t first_day, uint32_t days,
                             uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_ask_statement(first_day, days, c->request_next, &m), &m, ret_request);
}

phc_status phc_catalogue(phc_client *c, uint64_t *ret_request)
{
    phc_message m;
    return ask(c, phc_encode_catalogue(c->request_next, &m), &m, ret_request);
}
