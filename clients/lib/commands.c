/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Queues an encoded message, unless `wrong` says why it must not go. */
static phc_status queue(phc_client *c, const char *wrong, phc_out_kind kind, uint64_t id,
                        const phc_message *m)
{
    if (c->state == PHC_STOPPED) return PHC_EFATAL;
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

phc_status phc_new_order(phc_client *c, const phc_order *o, uint64_t *ret_client_order_id)
{
    phc_message m;
    phc_order own = *o;
    if (own.client_order_id == 0) {
        if (c->state != PHC_READING && c->state != PHC_READY) {
            snprintf(c->error, sizeof c->error,
                     "could not number the order: not logged on, so the last number is unknown");
            return c->state == PHC_STOPPED ? PHC_EFATAL : PHC_ENOTREADY;
        }
        uint64_t last = c->client_order_id_used;
        if (last < c->outbox.order_id_max) last = c->outbox.order_id_max;
        own.client_order_id = last + 1;
    }
    const char *wrong = phc_encode_order(&own, &m);
    phc_status s = queue(c, wrong, PHC_OUT_ORDER, own.client_order_id, &m);
    if (s == PHC_OK && ret_client_order_id != NULL) *ret_client_order_id = own.client_order_id;
    return s;
}

phc_status phc_cancel(phc_client *c, uint64_t order, uint64_t client_order_id,
                      uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_cancel(order, client_order_id, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_mass_cancel(phc_client *c, uint32_t product, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_mass_cancel(product, c->request_next, &m);
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

static void sign(const phc_key *k, const char *text, size_t size, uint8_t ret[64])
{
    uint8_t public_key[32], secret[64];
    (void)crypto_sign_ed25519_seed_keypair(public_key, secret, k->sign_seed); /* always 0 */
    (void)crypto_sign_ed25519_detached(ret, NULL, (const uint8_t *)text, size, secret); /* same */
    sodium_memzero(secret, sizeof secret);
}

phc_status phc_countersign(phc_client *c, const phc_contract *k, const phc_signed_contract *s,
                           uint64_t *ret_request)
{
    phc_message m;
    uint8_t leaf[32], signature[64];
    char text[PHC_COUNTERSIGNED_TEXT_MAX];
    if (sodium_is_zero(c->key.sign_seed, sizeof c->key.sign_seed)) {
        snprintf(c->error, sizeof c->error,
                 "could not countersign: the key of \"%s\" has no signature half", c->key.name);
        return PHC_EDENIED;
    }
    phc_leaf_hash(s->canonical, s->canonical_size, leaf);
    sign(&c->key, text, phc_countersigned_text(k->market, k->contract, leaf, text), signature);
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
    sign(&c->key, text, phc_countersigned_text(c->market, k->contract, k->leaf, text), signature);
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
    sign(key, text, size, n.proof);
    if (before != NULL) sign(before, text, size, n.endorsement);
    if (wrong == NULL) wrong = phc_encode_notary_key(&n, c->request_next, &m);
    return queue_command(c, wrong, &m, ret_request);
}

phc_status phc_catalogue(phc_client *c, uint64_t *ret_request)
{
    phc_message m;
    const char *wrong = phc_encode_catalogue(c->request_next, &m);
    phc_status s = queue(c, wrong, PHC_OUT_QUERY, c->request_next, &m);
    if (s != PHC_OK) return s;
    if (ret_request != NULL) *ret_request = c->request_next;
    c->request_next++;
    return PHC_OK;
}
