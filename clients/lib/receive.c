/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"
#include "clients/lib/plain.h"

#include <zmq.h>

enum { FRAMES_PER_TURN = 256 };

static const char no_frame[] = "the gateway sent something that is no frame";

/* One ZeroMQ message: header, payload, nothing else.  False if there is none or it is no frame. */
static bool receive_parts(void *socket, zmq_msg_t *header, zmq_msg_t *payload, bool *ret_bad)
{
    if (zmq_msg_recv(header, socket, ZMQ_DONTWAIT) < 0) return false;
    *ret_bad = zmq_msg_more(header) == 0;
    if (*ret_bad) return true;
    if (zmq_msg_recv(payload, socket, ZMQ_DONTWAIT) < 0) *ret_bad = true;
    while (zmq_msg_more(payload) != 0) {
        *ret_bad = true;
        if (zmq_msg_recv(payload, socket, ZMQ_DONTWAIT) < 0) break;
    }
    return true;
}

/* NULL, or what was received. */
static const char *take_message(phc_client *c, const phc_frame_message *m)
{
    phc_report r;
    phc_plain_room room = {.segments = &c->segments};
    if (phc_plain_report(m->bytes, m->size, &room, &r)) {
        phc_session_report(c, &r);
        return NULL;
    }
    Petahour__V1__GatewayMessage *unpacked = phc_unpack(&c->unpacking, m->bytes, m->size);
    if (unpacked == NULL && c->unpacking.is_full)
        return "the gateway sent a message that takes more memory than there is for any";
    if (unpacked == NULL) return no_frame;
    phc_session_message(c, unpacked);
    phc_unpack_end(&c->unpacking, unpacked);
    return NULL;
}

/* Takes the messages of a frame up to the first that is none, or that ends the connection.  NULL,
   or what was received: the frame, or that message, is none. */
static const char *take_frame(phc_client *c, const uint8_t *payload, size_t size)
{
    if (!phc_frame_is_whole(payload, size)) return no_frame;
    uint32_t connection = c->connection;
    const uint8_t *p = payload;
    phc_frame_message m;
    c->heard_ms = phc_now_ms();
    while (phc_frame_next(&p, payload + size, &m)) {
        const char *wrong = take_message(c, &m);
        if (wrong != NULL) return wrong;
        if (c->dealer == NULL || c->connection != connection) break;
    }
    return NULL;
}

static bool receive_frame(phc_client *c)
{
    zmq_msg_t header, payload;
    bool bad = false;
    (void)zmq_msg_init(&header); /* these two cannot fail */
    (void)zmq_msg_init(&payload);
    bool any = receive_parts(c->dealer, &header, &payload, &bad);
    const char *wrong = NULL;
    if (any && (bad || !phc_frame_header_ok(zmq_msg_data(&header), zmq_msg_size(&header),
                                            PHC_KIND_GATEWAY)))
        wrong = no_frame;
    else if (any)
        wrong = take_frame(c, zmq_msg_data(&payload), zmq_msg_size(&payload));
    if (wrong != NULL) {
        phc_client_problem(c, PHC_ECORRUPT, wrong);
        phc_connection_lose(c, wrong);
    }
    (void)zmq_msg_close(&payload);
    (void)zmq_msg_close(&header);
    return any;
}

void phc_session_receive(phc_client *c)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        if (!c->dealer_has || c->dealer == NULL) return;
        if (!receive_frame(c)) c->dealer_has = false;
    }
    c->again = true;
}
