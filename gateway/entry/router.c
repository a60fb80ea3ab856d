/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/entry/router.h"

#include "gateway/doors/accepts.h"
#include "gateway/doors/inflow.h"
#include "gateway/doors/zap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    QUEUE_FRAMES = 128, /* ZeroMQ's own queue of one connection, of what it is told */
    LINGER_MS = 300,
};

/* wide: an open names everything that it borrows */
ph_status phg_router_open(void *zmq_context, const char *endpoint, const ph_keyfile *keys,
                          void **ret, void **ret_monitor, char ret_endpoint[128],
                          char err[PHG_ERR_SIZE])
{
    const int one = 1, queue = QUEUE_FRAMES, unbounded = 0; /* by ZeroMQ: see inflow.h */
    void *s = *ret = zmq_socket(zmq_context, ZMQ_ROUTER);
    if (!s || phg_zap_guard(s, keys, PHG_FRAME_BYTES_MAX) != PH_OK ||
        zmq_setsockopt(s, ZMQ_ROUTER_MANDATORY, &one, sizeof one) != 0 ||
        zmq_setsockopt(s, ZMQ_RCVHWM, &unbounded, sizeof unbounded) != 0 ||
        zmq_setsockopt(s, ZMQ_SNDHWM, &queue, sizeof queue) != 0 ||
        phg_accepts_open(zmq_context, s, ret_monitor) != PH_OK) {
        (void)snprintf(err, PHG_ERR_SIZE, "could not make the order entry socket: %s",
                       zmq_strerror(errno));
        return PH_EIO;
    }
    return phg_zap_bind(s, endpoint, ret_endpoint, err);
}

bool phg_router_receive(void *socket, const phg_catalogue *c, phg_arrival *ret)
{
    uint32_t cnt = 0;
    int more = 1;
    zmq_msg_t part;
    memset(ret, 0, sizeof *ret);
    ret->file = -1;
    (void)zmq_msg_init(&ret->payload);
    (void)zmq_msg_init(&part);
    for (; more; cnt++) {
        zmq_msg_t *to = cnt == 2 ? &ret->payload : &part;
        if (zmq_msg_recv(to, socket, ZMQ_DONTWAIT) < 0) break;
        more = zmq_msg_more(to);
        const void *bytes = zmq_msg_data(to);
        size_t size = zmq_msg_size(to);
        if (cnt != 0) ret->wire += phg_inflow_wire(size);
        if (cnt == 0 && size <= sizeof ret->id.bytes) {
            ret->id.size = (uint32_t)size;
            memcpy(ret->id.bytes, bytes, size);
        }
        if (cnt == 1) {
            ret->has_form = size == sizeof ret->header && more;
            if (ret->has_form) memcpy(ret->header, bytes, size);
            const char *user = zmq_msg_gets(&part, "User-Id");
            ret->key = phg_zap_user(user);
            ret->connection = phg_zap_connection(user);
            ret->file = zmq_msg_get(&part, ZMQ_SRCFD);
        }
    }
    if (cnt != 3) ret->has_form = false;
    (void)zmq_msg_close(&part);
    const phg_participant *who = phg_catalogue_of_key(c, ret->key);
    if (who) ret->who = who->terms.id;
    return cnt != 0;
}

ph_status phg_router_address(void *socket, const phg_routing_id *id)
{
    if (zmq_send(socket, id->bytes, id->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0) return PH_OK;
    return errno == EAGAIN || errno == EINTR ? PH_EAGAIN : PH_ENOTFOUND;
}

bool phg_router_send(void *socket, const uint8_t *bytes, size_t size)
{
    static const uint8_t header[PHG_HEADER_SIZE] = {PHG_PROTOCOL_VERSION, PHG_KIND_GATEWAY};
    return zmq_send(socket, header, sizeof header, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(socket, bytes, size, ZMQ_DONTWAIT) >= 0;
}

void phg_router_linger(void *socket)
{
    const int linger_ms = LINGER_MS;
    (void)zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
}
