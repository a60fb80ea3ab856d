/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/command.h - every input of the market, one struct each.

    A command is a plain value.  Time, chance and keys enter the market only as its fields.
    The gateway fills `sender` from the key that the connection authenticated, never from what a
    client says; the sequencer fills `seq` and `at`.

    Formats   engine/wire/codec has the canonical bytes, which are what the journal keeps.
    Ids       participants, sites, hardware classes and products are numbered densely by whoever
              registers them: an id must be the next one.  A registration that is sent twice is
              therefore refused (ID_TAKEN) and changes nothing. */
#ifndef ENGINE_WIRE_COMMAND_H
#define ENGINE_WIRE_COMMAND_H

#include "engine/base/limits.h"
#include "engine/base/types.h"

/* Appended to, never renumbered: these numbers are on disk. */
typedef enum {
    PH_CMD_TICK = 1,                  /* carries time, nothing else */
    PH_CMD_OPEN_MARKET = 2,           /* the first command of every journal */
    PH_CMD_REGISTER_PARTICIPANT = 3,  /* OPERATOR */
    PH_CMD_REGISTER_SITE = 4,         /* OPERATOR */
    PH_CMD_REGISTER_HARDWARE = 5,     /* OPERATOR */
    PH_CMD_REGISTER_CAPACITY = 6,     /* SUPPLIER, for itself */
    PH_CMD_LIST_PRODUCT = 7,          /* OPERATOR */
    PH_CMD_SET_PHASE = 8,             /* OPERATOR */
    PH_CMD_SET_PARTICIPANT_STATE = 9, /* OPERATOR */
    PH_CMD_DEPOSIT = 10,              /* OPERATOR */
    PH_CMD_WITHDRAW = 11,             /* OPERATOR */
    PH_CMD_NEW_ORDER = 12,            /* BUYER or SUPPLIER */
    PH_CMD_CANCEL_ORDER = 13,         /* owner of the order */
    PH_CMD_MASS_CANCEL = 14,          /* owner of the orders, or OPERATOR */
    PH_CMD_REPLACE_ORDER = 15,        /* owner of the order */
    PH_CMD_NEW_GROUP = 16,            /* BUYER or SUPPLIER */
    PH_CMD_ADD_KEY = 17,              /* the participant, or OPERATOR */
    PH_CMD_REVOKE_KEY = 18,           /* the participant, or OPERATOR */
    PH_CMD_SET_TERMS = 19,            /* OPERATOR */
    PH_CMD_SET_PRODUCT_STATE = 20,    /* OPERATOR */
    PH_CMD_WITHDRAW_CAPACITY = 21,    /* SUPPLIER, its own */
    PH_CMD_ATTEST_CAPACITY = 22,      /* AUDITOR */
    PH_CMD_MEASURE_SITE = 23,         /* METER */
    PH_CMD_REPORT_PROBE = 24,         /* METER */
    PH_CMD_HAND_OVER_ACCESS = 25,     /* supplier of the contract */
    PH_CMD_REPORT_DELIVERY = 26,      /* meter of the contract, or its supplier */
    PH_CMD_CONFIRM_DELIVERY = 27,     /* buyer of the contract */
    PH_CMD_DISPUTE_DELIVERY = 28,     /* buyer of the contract, or who is owed a premium of it */
    PH_CMD_RESOLVE_DISPUTE = 29,      /* OPERATOR */
    PH_CMD_SET_RULES_VERSION = 30,    /* OPERATOR */
    PH_CMD_COUNTERSIGN_CONTRACT = 31, /* a party of the contract */
    PH_CMD_ROTATE_NOTARY_KEY = 32,    /* OPERATOR */
    PH_CMD_TAKE_OVER = 33,            /* a gateway, for the participant whose session takes over */
} ph_command_kind;

enum { PH_CMD_KIND_MAX = PH_CMD_TAKE_OVER };

/* Opens a market: its name, its currency, the keys that everybody else is introduced by.  The
   engine writes it from its configuration when the journal is empty.  Registers the operator as
   participant 1. */
typedef struct {
    uint32_t rules_version; /* of the rulebook; 1 */
    ph_text64 market;       /* e.g. "market.example": origin of everything that is signed;
                           printable ASCII without space, '+' and '/' */
    char currency[4];       /* ISO 4217 and a zero, e.g. "USD" */
    ph_text64 operator_name;
    ph_key operator_curve_key; /* Curve25519: connections of the operator */
    ph_key operator_sign_key;  /* Ed25519 */
    ph_key notary_sign_key;    /* Ed25519: signs contract roots */
} ph_open_market;

typedef struct {
    ph_participant_id id; /* the next participant: highest registered + 1 */
    uint32_t roles;       /* PH_ROLE_* bits, at least one */
    ph_text64 name;
    ph_key curve_key; /* Curve25519, unique among participants */
    ph_key sign_key;  /* Ed25519 */
} ph_register_participant;

typedef struct {
    ph_site_id id;
    ph_participant_id owner; /* a SUPPLIER */
    ph_text32 region;        /* one of the eight national hubs or another region code */
    ph_text64 name;
    int32_t latitude_udeg, longitude_udeg; /* millionths of a degree, WGS 84 */
    uint32_t racks;                        /* standard racks of 2.5 kW */
    uint32_t pue_ppm;                      /* design PUE, 10^6 = 1.0; at least 10^6 */
} ph_register_site;

typedef struct {
    ph_hardware_id id;
    ph_text64 name; /* e.g. "NVIDIA H100 SXM5 80GB" */
} ph_register_hardware;

/* Adds `units` to what the sender has registered in every period of the window. */
typedef struct {
    uint64_t reference; /* strictly increasing per supplier, so that a resend adds nothing */
    ph_site_id site;
    ph_hardware_id hardware;
    uint32_t period_seconds; /* 900, 3600 or 86400; one per site and hardware */
    ph_window window;
    uint32_t units; /* hardware units, 1 .. PH_QUANTITY_MAX */
} ph_register_capacity;

/* A product: a grade at one site.  See the rulebook, section 3. */
typedef struct {
    ph_product_id id;
    ph_text64 symbol; /* e.g. "AI.H100-SXM5-80G.ulanqab-1" */
    ph_compute_type compute_type;
    ph_architecture architecture;
    ph_text32 model; /* e.g. "H100-SXM5-80G" */
    ph_text16 unit;  /* e.g. "card", "core", "node" */
    ph_hardware_id hardware;
    uint32_t hardware_units;                        /* per unit of the product, >= 1 */
    uint32_t gflops_fp16, gflops_fp32, gflops_fp64; /* per unit; 0: not stated */
    uint32_t memory_mib;                            /* per unit; 0: not stated */
    ph_text32 interconnect;                         /* e.g. "NVLink 4"; may be empty */
    ph_site_id site;
    uint32_t availability_ppm;     /* service level, 0 .. 10^6 */
    uint32_t period_seconds;       /* 900, 3600 or 86400 */
    ph_price tick;                 /* >= 1 */
    uint32_t lot;                  /* >= 1 */
    uint32_t quantity_max;         /* largest quantity of one order */
    uint32_t block_periods_max;    /* longest block */
    uint32_t horizon;              /* periods open ahead */
    uint32_t gate_seconds;         /* before a period's start */
    uint32_t maker_ppm, taker_ppm; /* fees, ppm of notional */
    uint32_t fee_at_trade_ppm;     /* share of the buyer's fee due at once */
    ph_money bond_fixed;           /* per unit-period */
    uint32_t bond_ppm;             /* of the limit or reference price */
    uint32_t report_seconds, dispute_seconds, resolve_seconds; /* windows, >= 60 */
    ph_money dispute_deposit;
    ph_participant_id meter;  /* 0: the supplier reports */
    ph_price reference_price; /* listed; until a trade sets it */
    uint32_t band_ppm;        /* price band; 0: none */
    ph_hash terms_hash;       /* SHA-256 of the terms text */
    bool attested_only;       /* counts attested capacity alone */
} ph_product_terms;

/* Terms that hold from now on: the next terms version of the product `id`.  period_seconds, lot,
   unit, hardware, hardware_units and site are those that the product has. */

typedef struct {
    ph_product_id product;
    ph_phase phase;
} ph_set_phase;

typedef struct {
    ph_participant_id participant;
    ph_participant_state state;
} ph_set_participant_state;

/* Money in (DEPOSIT) or out (WITHDRAW), with the unique reference of the payment outside. */
typedef struct {
    ph_participant_id participant;
    ph_money amount;     /* > 0 */
    ph_text32 reference; /* not empty, never used before */
} ph_payment;

typedef struct {
    uint64_t client_order_id; /* strictly increasing per participant, >= 1 */
    ph_product_id product;
    ph_side side;
    ph_shape shape;
    ph_window window;
    uint32_t duration;    /* FLEX: length of the block; otherwise 0 */
    ph_quantity quantity; /* units per period */
    ph_price price;       /* per unit and period; BLOCK and FLEX: of the average */
    ph_time_in_force time_in_force;
    ph_time expire_at; /* GTT only, otherwise 0 */
    bool all_or_none;  /* BLOCK only; FLEX always is */
    bool post_only;
    ph_quantity display_quantity; /* EACH only; 0: all shown */
    ph_stp stp;
    ph_contract_id from_contract; /* SELL of a contract held; otherwise 0 */
} ph_new_order;

/* By order id, or by client order id when order is 0. */
typedef struct {
    ph_order_id order;
    uint64_t client_order_id;
} ph_cancel_order;

/* All resting orders of a participant; of one product when product is not 0. */
typedef struct {
    ph_product_id product;
    ph_participant_id participant; /* 0: the sender; another's only by an OPERATOR */
} ph_mass_cancel;

/* New price and new total quantity (executed included) of a resting order, by order id, or by
   client order id when order is 0. */
typedef struct {
    ph_order_id order;
    uint64_t client_order_id;
    ph_price price;
    ph_quantity quantity;
} ph_replace_order;

/* An exclusive group: all-or-none BLOCK or FLEX orders of one side, of which at most one executes.
   Places at and above cnt are all zero. */
typedef struct {
    uint32_t cnt; /* 1 .. PH_GROUP_MEMBERS_MAX */
    ph_new_order v[PH_GROUP_MEMBERS_MAX];
} ph_new_group;

/* ADD_KEY, REVOKE_KEY. */
typedef struct {
    ph_participant_id participant; /* 0: the sender */
    ph_key_use use;
    ph_key key;
} ph_key_change;

typedef struct {
    ph_product_id product;
    ph_product_state state;
} ph_set_product_state;

/* Takes `units` off what the sender has registered in every period of the window. */
typedef struct {
    uint64_t reference; /* one sequence with ph_register_capacity */
    ph_site_id site;
    ph_hardware_id hardware;
    ph_window window;
    uint32_t units;
} ph_withdraw_capacity;

/* An auditor's word that `units` more of what a supplier registered are there. */
typedef struct {
    uint64_t reference; /* strictly increasing per auditor */
    ph_participant_id supplier;
    ph_site_id site;
    ph_hardware_id hardware;
    ph_window window;
    uint32_t units;
    ph_hash document; /* SHA-256 of the statement */
    ph_signature signature;
} ph_attest_capacity;

/* Signed measurement of a site; never changes a concluded contract. */
typedef struct {
    ph_site_id site;
    ph_time measured_at;  /* not after the stamp */
    uint32_t pue_ppm;     /* 10^6 = 1.0; at least 10^6 */
    uint32_t cue_ppm;     /* millionths of kg CO2e per kWh of IT energy */
    uint32_t wue_ppm;     /* millionths of l per kWh of IT energy */
    uint32_t green_grade; /* 1 (best) .. 5 */
    ph_signature signature;
} ph_measure_site;

/* Network between a region and a site, as a METER measured it. */
typedef struct {
    ph_text32 region;
    ph_site_id site;
    ph_time measured_at;     /* not after the stamp */
    uint32_t rtt_us;         /* round-trip time */
    uint32_t bandwidth_mbps; /* 10^6 bit per second */
    uint32_t reachable_ppm;  /* share of attempts that arrived, 0 .. 10^6 */
    ph_signature signature;
} ph_report_probe;

/* Access to what a contract delivers, sealed to the buyer's key. */
typedef struct {
    ph_contract_id contract;
    uint32_t size; /* 1 .. PH_ACCESS_BYTES_MAX; bytes after it are zero */
    uint8_t sealed[PH_ACCESS_BYTES_MAX];
} ph_hand_over_access;

/* What was delivered in one period of a contract. */
typedef struct {
    ph_contract_id contract;
    ph_period period;
    uint64_t delivered; /* unit-seconds, at most quantity * period_seconds */
    uint64_t energy_wh; /* 0: not stated */
    ph_signature signature;
} ph_report_delivery;

typedef struct {
    ph_contract_id contract;
    ph_period period;
} ph_confirm_delivery;

/* DISPUTE_DELIVERY: what the sender claims.  RESOLVE_DISPUTE: what the operator finds. */
typedef struct {
    ph_contract_id contract;
    ph_period period;
    uint64_t delivered; /* unit-seconds */
} ph_delivery_figure;

typedef struct {
    uint32_t version;
} ph_set_rules_version;

/* A party puts its name to a contract that binds it already.  What is signed is in
   engine/notary/README.md. */
typedef struct {
    ph_contract_id contract;
    ph_key key; /* Ed25519, of the sender and not revoked */
    ph_signature signature;
} ph_countersign_contract;

/* Names the key that signs contracts of the batches after this one. */
typedef struct {
    ph_key key;               /* Ed25519 */
    ph_signature proof;       /* by the new key; see engine/notary/README.md */
    ph_signature endorsement; /* by the key before; all zero: none, as when it is lost */
} ph_rotate_notary_key;

/* A session takes over from others of its key, wherever they are.  `request` is its tag.  Nothing
   of the market changes; gateways end those sessions when they read it (gateway/README.md). */
typedef struct {
    ph_key key;    /* Curve25519, of the sender and not revoked */
    uint64_t from; /* tag of one session that is over; 0: every other one of the key */
    bool keeps;    /* their orders stay; otherwise those that end with them end with this one */
} ph_take_over;

typedef struct ph_command {
    uint64_t seq; /* place in the journal, from 1; 0 before it is sequenced */
    ph_time at;   /* stamp of the sequencer, never decreasing */
    ph_command_kind kind;
    ph_participant_id sender; /* authenticated; 0 for TICK and OPEN_MARKET */
    uint64_t request;         /* chosen by the client, echoed in the answer; not interpreted */
    union {
        ph_open_market open_market;
        ph_register_participant participant;
        ph_register_site site;
        ph_register_hardware hardware;
        ph_register_capacity capacity;
        ph_product_terms product;
        ph_set_phase phase;
        ph_set_participant_state participant_state;
        ph_payment payment;
        ph_new_order order;
        ph_cancel_order cancel;
        ph_mass_cancel mass_cancel;
        ph_replace_order replace;
        ph_new_group group;
        ph_key_change key;
        ph_set_product_state product_state;
        ph_withdraw_capacity capacity_withdrawal;
        ph_attest_capacity attestation;
        ph_measure_site measurement;
        ph_report_probe probe;
        ph_hand_over_access access;
        ph_report_delivery report;
        ph_confirm_delivery confirmation;
        ph_delivery_figure figure; /* DISPUTE_DELIVERY, RESOLVE_DISPUTE */
        ph_set_rules_version rules;
        ph_countersign_contract countersignature;
        ph_rotate_notary_key notary_key;
        ph_take_over take_over;
    } u;
} ph_command;

#endif
