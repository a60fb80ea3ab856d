/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/entry/session.h - one client's session: its states, its places in the streams, its dues.

      NEW --logon--> READY --logout, fault, silence--> LEAVING --said--> CLOSED
                      |  ^                                |
                      +--+ logon again: places anew       +--gone--> CLOSED
      READY --gone--> CLOSED

      LEAVING: the last word (LogoutAccepted or SessionRefused) is still to be sent.
      Anything else that the picture does not show leaves the state as it is.

    A session owes a client: LogonAccepted, busy answers, rows of the catalogue, its reports, its
    contracts, a heartbeat, the last word.  All but the busy answers are places and flags, so a
    client that does not read costs nothing that grows; one that lets PHG_BUSY_MAX busy answers wait
    is shown out.

    Busy      An order that was not taken holds back all orders with higher client order ids, or
              their acceptance would make its id unusable: until one with its id or a lower one
              comes, at most PHG_BUSY_HOLD_NS.

    Owns      nothing: a plain value without sockets; time is an argument.
    Borrows   the places for busy answers: most sessions never use theirs, so they lie apart from
              what is walked in every turn.
    Units     nanoseconds of a clock that never goes back. */
#ifndef GATEWAY_ENTRY_SESSION_H
#define GATEWAY_ENTRY_SESSION_H

#include "gateway/doors/ratelimit.h"
#include "gateway/replica/entered.h"
#include "gateway/replica/private_stream.h"
#include "gateway/translate/translate.h"

#define PHG_BUSY_HOLD_NS UINT64_C(2000000000)

typedef enum {
    PHG_SESSION_NEW = 0,
    PHG_SESSION_READY = 1,
    PHG_SESSION_LEAVING = 2,
    PHG_SESSION_CLOSED = 3,
    PHG_SESSION_STATE_CNT = 4,
} phg_session_state;

typedef enum {
    PHG_SESSION_LOGON = 0,
    PHG_SESSION_LOGOUT = 1,
    PHG_SESSION_FAULT = 2, /* malformed, silent, or no longer allowed */
    PHG_SESSION_SAID = 3,  /* the last word was sent */
    PHG_SESSION_GONE = 4,  /* nobody is there any more */
    PHG_SESSION_EVENT_CNT = 5,
} phg_session_event;

phg_session_state phg_session_step(phg_session_state s, phg_session_event e);

typedef struct {
    phg_session_state state;
    ph_participant_id participant; /* whose key the connection has */
    ph_participant_id reads;       /* whose streams: the same, or those of a drop copy */
    bool is_copy;
    bool reads_only;       /* the key is one for reading */
    phg_tag tag;           /* of its orders, which are cancelled when it ends; 0: they stay */
    phg_tag took_over;     /* names it in the TAKE_OVER that was sent for it; 0: none was */
    bool awaits_take_over; /* that has not come back yet: an earlier one does not end it */
    phg_ratelimit messages;
    bool told_low;    /* that few messages are left */
    uint8_t told_few; /* of what else little was left when it was told last; order_entry.c */
    phg_limits limits;
    uint32_t silence_seconds;
    uint64_t heard_ns, sent_ns;
    bool receive;
    bool owes_logon, owes_logout, owes_heartbeat, owes_limits;
    phg_refusal refusal; /* 0: none is owed */
    char refusal_text[PHG_WHY_SIZE];
    uint64_t next_report, next_contract;
    uint64_t next_countersignature; /* 0: not wanted */
    uint32_t notary_keys;           /* later ones that were told */
    bool lists_catalogue;
    uint64_t catalogue_request, catalogue_row;
    uint64_t held_order, held_until_ns; /* see Busy; 0: nothing is held back */
    uint32_t busy_cnt;
    phg_busy *busy; /* PHG_BUSY_MAX places */
} phg_session;

/* What a session reads when it writes frames. */
typedef struct {
    const phg_catalogue *catalogue;
    phg_private_streams *streams; /* taking a message may read it from its file */
    phg_translator *translator;
    const phg_entered *entered;
} phg_session_view;

/* A frame that is filled: PHG_FRAME_BYTES_MAX bytes of room, or one longer message. */
typedef struct {
    uint8_t room[PHG_FRAME_BYTES_MAX];
    const uint8_t *bytes; /* room, or the one message */
    size_t size;
    uint32_t cnt;
} phg_out_frame;

/* Opens a NEW session for the participant, or a READY one anew; p: the streams that it reads.
   False: *ret_why is owed to the client instead, with the text; the session is as it was. */
bool phg_session_logon(phg_session *s, ph_participant_id who, const phg_logon *logon,
                       const phg_private *p, phg_refusal *ret_why, char text[PHG_WHY_SIZE]);

/* Ends the session with a reason. */
void phg_session_refuse(phg_session *s, phg_refusal reason, const char *text);
void phg_session_logout(phg_session *s);

/* Starts to list the catalogue; false: a list is still under way. */
bool phg_session_list(phg_session *s, uint64_t request);

/* Something was heard.  */
void phg_session_heard(phg_session *s, uint64_t now_ns);

/* Nobody listened for so long, up to now: that is not the client's silence. */
void phg_session_excuse(phg_session *s, uint64_t stood_ns);

/* Ends a session that was silent too long, owes a heartbeat when nothing else was sent lately. */
void phg_session_time(phg_session *s, uint64_t now_ns);

/* True if this order must not be taken now because an earlier one was not. */
bool phg_session_holds(phg_session *s, uint64_t client_order_id, uint64_t now_ns);

/* Owes a busy answer; client_order_id 0: not an order. */
void phg_session_busy(phg_session *s, uint64_t request, uint64_t client_order_id, uint64_t now_ns);

/* Owes a busy answer because too many orders are open, which holds nothing back. */
void phg_session_full(phg_session *s, uint64_t request, uint64_t client_order_id);

/* True if phg_session_fill would write something. */
bool phg_session_owes(const phg_session *s, const phg_session_view *view);

/* Writes the next frame and moves the places on.  PH_EFULL: no memory; PH_EIO: a message could not
   be read back.  bytes are valid until the next use of the translator or of the streams. */
ph_status phg_session_fill(phg_session *s, const phg_session_view *view, uint64_t now_ns,
                           phg_out_frame *ret);

#endif
