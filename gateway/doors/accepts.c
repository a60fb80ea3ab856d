/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/doors/accepts.h"

#include "engine/process/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

ph_status phg_accepts_open(void *zmq_context, void *socket, void **ret)
{
    char name[64]; /* a monitor's name is in use until its socket is reaped */
    (void)snprintf(name, sizeof name, "inproc://petahour.accepts.%" PRIu64,
                   ph_clock_monotonic_ns());
    const int none = 0, events = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED;
    void *m = zmq_socket(zmq_context, ZMQ_PAIR);
    /* Without a bound: the thread that tells would wait. */
    if (!m || zmq_setsockopt(m, ZMQ_RCVHWM, &none, sizeof none) != 0 ||
        zmq_setsockopt(m, ZMQ_LINGER, &none, sizeof none) != 0 ||
        zmq_socket_monitor(socket, name, events) != 0 || zmq_connect(m, name) != 0) {
        phg_accepts_close(m);
        return PH_EIO;
    }
    *ret = m;
    return PH_OK;
}

void phg_accepts_close(void *monitor)
{
    if (monitor) (void)zmq_close(monitor);
}

/* Each event has two parts: a number and the file, then an address. */
bool phg_accepts_next(void *monitor, int *ret_file, bool *ret_has_begun)
{
    uint8_t bytes[6];
    uint16_t event;
    int32_t file;
    if (zmq_recv(monitor, bytes, sizeof bytes, ZMQ_DONTWAIT) < 0) return false;
    memcpy(&event, bytes, sizeof event);
    memcpy(&file, bytes + sizeof event, sizeof file);
    (void)zmq_recv(monitor, NULL, 0, 0); /* is there with the first */
    *ret_file = file;
    *ret_has_begun = event == ZMQ_EVENT_ACCEPTED;
    return true;
}

ph_status phg_accepts_count(void *monitor, phg_connections *c, phg_inflow_door door,
                            uint64_t now_ns)
{
    ph_status s = PH_OK;
    int file;
    bool has_begun;
    while (s == PH_OK && phg_accepts_next(monitor, &file, &has_begun)) {
        if (has_begun)
            s = phg_connections_begun(c, door, file, now_ns);
        else
            phg_connections_ended(c, door, file);
    }
    return s;
}
