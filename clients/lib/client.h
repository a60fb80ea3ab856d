/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/lib/client.h - the state of a client, shared by the files that make it up.

    client.c      opening, closing, waiting, sending what is queued
    connection.c  sockets: making, losing, asking what happened to them
    receive.c     frames on the order entry connection
    session.c     what the gateway says in them
    signatures.c  countersignatures, keys of the notary
    feed.c        market data: its connection
    follow.c      market data: books that are kept, and trades beside them
    follow_trades.c  market data: every trade
    commands.c    the sending functions

      DOWN --attempt--> CONNECTING --handshake--> LOGGING_ON --accepted--> READING --read--> READY
       ^                    |                         |                     |                |
       +--------------------+---- lost, refused, silent, too late ---------+----------------+
      Anything that must not happen often enough: STOPPED, for good.

    A connection is never reused: after any trouble its socket is closed and a new one is made, so
    that the first message of every connection is the logon.  That of market data likewise: a socket
    of libzmq 4.3 that connects again by itself ends the program if its queue was full when it lost
    the connection. */
#ifndef CLIENTS_LIB_CLIENT_H
#define CLIENTS_LIB_CLIENT_H

#include "clients/lib/petahour.h"

#include "clients/lib/countersign.h"
#include "clients/lib/decode.h"
#include "clients/lib/encode.h"
#include "clients/lib/follow.h"
#include "clients/lib/follow_trades.h"
#include "clients/lib/frame.h"
#include "clients/lib/match.h"
#include "clients/lib/notary_keys.h"
#include "clients/lib/outbox.h"

typedef enum {
    PHC_DOWN = 1,
    PHC_CONNECTING = 2,
    PHC_LOGGING_ON = 3,
    PHC_READING = 4, /* the logon was accepted; what existed is being read */
    PHC_READY = 5,
    PHC_STOPPED = 6,
} phc_state;

struct phc_client {
    phc_callbacks cb;
    phc_key key;
    phc_gateway gateway;
    char *connect_file;  /* one, or several with ':' between them; NULL: gateway is fixed */
    uint32_t connect_at; /* which of them is tried; counts on */
    bool cancel_on_disconnect, take_over;
    uint32_t copy_of;
    uint8_t trusted[PHC_TRUSTED_KEYS_MAX][32];
    size_t trusted_cnt; /* 0: what the gateway states */

    void *zmq;               /* context */
    void *dealer, *monitor;  /* NULL: not there */
    void *sub, *sub_monitor; /* likewise */
    int epoll, timer, nudge; /* file descriptors; the latter two are in the first */
    uint64_t timer_ms;       /* when the timer fires, or fired; UINT64_MAX: it is off */
    bool is_nudged;          /* the nudge is readable: there is more to do at once */
    int dealer_fd, monitor_fd, sub_fd, sub_monitor_fd; /* inside epoll; -1: not */
    /* A message may be there: the descriptor said so, or the socket was used since, which may hide
       what it says.  To ask a socket in vain costs two calls. */
    bool dealer_has, monitor_has, sub_has, sub_monitor_has;
    char sub_endpoint[sizeof((phc_gateway *)0)->market_data];
    char sub_key[sizeof((phc_gateway *)0)->server_key];
    uint32_t connection; /* counts, to name the monitors */

    phc_state state;
    bool again; /* there is more to do at once */
    bool logon_sent;
    bool reports_read; /* READING: the private stream is up to what existed at logon */
    bool probing;      /* this logon only asks for the last numbers */
    uint64_t next_attempt_ms, deadline_ms, heard_ms, said_ms;
    uint32_t attempts;     /* in a row that failed, or whose session did not last */
    uint64_t logged_on_ms; /* 0: there is no session */
    uint32_t ahead;        /* refusals in a row because of a stream number */
    uint64_t next_feed_attempt_ms;
    uint32_t feed_attempts; /* in a row that failed */
    uint32_t gaps;          /* in a row, without a report in between */

    phc_logon logon; /* its strings point to market and currency below */
    char market[64], currency[8];
    phc_notary_keys notary_keys;
    uint64_t next_report, next_contract; /* 0: not known yet, from now on */
    uint64_t next_countersignature;      /* likewise */
    bool countersigns;
    phc_known known;
    uint64_t client_order_id_used; /* highest client order id that the market took */
    uint64_t request_first, request_next;

    phc_outbox outbox;
    phc_match match;
    phc_segments segments;
    phc_answer_room answer;
    phc_frame frame; /* being sent */
    phc_unpacking unpacking;

    char feed_name[18]; /* "!" and a random number: to be told why it was dropped */
    phc_follow_stream **follows;
    uint32_t follow_cnt;
    phc_tape **tapes;
    uint32_t tape_cnt;
    phc_tape *ended_tapes;
    phc_follow_stream *ended; /* may be in use until the callback returns that ended them */

    size_t handled; /* in this turn */
    char error[512];
};

/* client.c */
uint64_t phc_now_ms(void);
void phc_client_problem(phc_client *c, phc_status s, const char *text);
void phc_client_stop(phc_client *c, const char *why);
/* Sends one frame of ours at once; false: the socket takes nothing now. */
bool phc_client_send(phc_client *c);
/* The two halves of it.  True: the socket takes a frame, which must follow. */
bool phc_client_send_begin(phc_client *c);
bool phc_client_send_end(phc_client *c);

/* connection.c */
void phc_connection_attempt(phc_client *c);
/* Drops the connection and plans the next attempt; on_disconnected unless why is NULL. */
void phc_connection_lose(phc_client *c, const char *why);
void phc_connection_close(phc_client *c);
/* Reads what the monitors say about the connections. */
void phc_connection_watch(phc_client *c);
/* Connects to market data, unless it is, or there is none. */
void phc_connection_feed(phc_client *c);
void phc_connection_feed_close(phc_client *c);

/* receive.c: takes what has arrived on the order entry connection. */
void phc_session_receive(phc_client *c);

/* session.c */
/* What the gateway says; a report that was read without protobuf-c. */
void phc_session_message(phc_client *c, const Petahour__V1__GatewayMessage *m);
void phc_session_report(phc_client *c, phc_report *r);
/* Logon, heartbeat, silence. */
void phc_session_time(phc_client *c, uint64_t now_ms);
/* Sends what waits in the outbox. */
void phc_session_send(phc_client *c, uint64_t now_ms);
/* Participant whose streams these are. */
uint32_t phc_session_reads(const phc_client *c);
uint64_t phc_session_due_ms(const phc_client *c);

/* Takes the next number of a stream.  False: seen before, or a number is missing, which reading on
   from the last one seen may heal. */
bool phc_session_number(phc_client *c, const char *stream, uint64_t number, uint64_t *next);

/* commands.c: countersigns a contract that was handed over. */
phc_status phc_countersign_known(phc_client *c, phc_known_contract *k);

/* signatures.c */
void phc_signatures_contract(phc_client *c, const phc_contract *k, const phc_signed_contract *s);
void phc_signatures_take(phc_client *c, const Petahour__V1__Countersignature *m);
void phc_signatures_key(phc_client *c, const Petahour__V1__NotaryKey *m);
/* A command of ours was refused. */
void phc_signatures_refused(phc_client *c, const phc_result *r);
/* Sends our countersignatures that wait. */
void phc_signatures_send(phc_client *c);
/* NULL, or why the contract's signature is not one of the notary in force. */
const char *phc_signatures_judge(phc_client *c, const phc_signed_contract *s, char *err,
                                 size_t err_size);

/* feed.c */
void phc_feed_receive(phc_client *c);
/* Subscribes a new socket to what is followed. */
void phc_feed_renew(phc_client *c);

#endif
