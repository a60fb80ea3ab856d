/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/client.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { FRAMES_PER_TURN = 256 };

/* The gateway tells under this name why it ended a connection. */
static bool name_itself(phc_client *c)
{
    uint64_t number = 0;
    while (number == 0)
        randombytes_buf(&number, sizeof number);
    if (c->feed_name[0] == '\0')
        (void)snprintf(c->feed_name, sizeof c->feed_name, "!%016" PRIx64, number);
    return zmq_setsockopt(c->sub, ZMQ_SUBSCRIBE, c->feed_name, strlen(c->feed_name)) == 0;
}

void phc_feed_renew(phc_client *c)
{
    if (!name_itself(c)) phc_client_problem(c, PHC_EIO, "could not subscribe again");
    phc_follow_renew(c);
    phc_follow_trades_renew(c);
}

static bool take_frame(phc_client *c, zmq_msg_t part[3])
{
    const void *topic = zmq_msg_data(&part[0]), *bytes = zmq_msg_data(&part[2]);
    size_t topic_size = zmq_msg_size(&part[0]), size = zmq_msg_size(&part[2]);
    return phc_follow_trades_take(c, topic, topic_size, bytes, size) ||
           phc_follow_take(c, topic, topic_size, bytes, size);
}

/* Topic, header, payload.  False if there is nothing. */
static bool receive_frame(phc_client *c)
{
    zmq_msg_t part[3];
    int cnt = 0;
    bool more = true;
    for (int i = 0; i < 3; i++)
        (void)zmq_msg_init(&part[i]); /* cannot fail */
    while (more) {
        zmq_msg_t *m = &part[cnt < 3 ? cnt : 2];
        if (zmq_msg_recv(m, c->sub, ZMQ_DONTWAIT) < 0) break;
        cnt++;
        more = zmq_msg_more(m) != 0;
    }
    bool is_frame = cnt == 3 && phc_frame_header_ok(zmq_msg_data(&part[1]), zmq_msg_size(&part[1]),
                                                    PHC_KIND_MARKET_DATA);
    bool is_taken = is_frame && take_frame(c, part);
    if (cnt > 0 && !is_taken) phc_client_problem(c, PHC_ECORRUPT, "market data that is no frame");
    for (int i = 0; i < 3; i++)
        (void)zmq_msg_close(&part[i]);
    return cnt > 0;
}

void phc_feed_receive(phc_client *c)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        if (!c->sub_has || c->sub == NULL) return;
        if (!receive_frame(c)) c->sub_has = false;
    }
    c->again = true;
}
