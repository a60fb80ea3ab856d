/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/types.h - the vocabulary of the market: ids, money, time, windows, enumerations.

    Owns      nothing: plain values, passed and returned by value.
    Units     money and prices are micro-units of the market's one currency; quantities are whole
              units of a product (card, core, node, rack); time is nanoseconds, UTC, since 1970.
    Laws      every id is wrapped in its own struct, so that two kinds of id cannot be swapped;
              0 is never an id of anything; every enumeration starts at 1, 0 means "not given" and
              is refused wherever it arrives from outside.  Codes are never renumbered: they go to
              clients, to disk and into the digests of events. */
#ifndef ENGINE_BASE_TYPES_H
#define ENGINE_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint32_t v;
} ph_participant_id;
typedef struct {
    uint32_t v;
} ph_site_id;
typedef struct {
    uint32_t v;
} ph_hardware_id;
typedef struct {
    uint32_t v;
} ph_product_id;
typedef struct {
    uint64_t v;
} ph_order_id; /* 1, 2, 3 ... in order of acceptance */
typedef struct {
    uint64_t v;
} ph_trade_id; /* 1, 2, 3 ... in order of execution */
typedef struct {
    uint64_t v;
} ph_contract_id; /* 1, 2, 3 ... in order of conclusion */

typedef int64_t ph_money;     /* micro-units of the currency, may be negative in differences */
typedef int64_t ph_price;     /* micro-units per unit and period, 1 .. PH_PRICE_MAX */
typedef uint32_t ph_quantity; /* whole units, 1 .. PH_QUANTITY_MAX */
typedef uint32_t ph_period;   /* index of a period: [t*period_seconds, (t+1)*period_seconds) UTC */

typedef struct {
    uint64_t ns; /* nanoseconds since 1970-01-01T00:00:00Z, stamped by the sequencer only */
} ph_time;

typedef struct {
    ph_period first;  /* first period of the window */
    uint32_t periods; /* number of periods; the window is [first, first + periods) */
} ph_window;

typedef struct {
    uint8_t b[32];
} ph_hash; /* BLAKE2b-256 or SHA-256; the place says which */
typedef struct {
    uint8_t b[32];
} ph_key; /* a public key: Ed25519 or Curve25519 */
typedef struct {
    uint8_t b[64];
} ph_signature; /* Ed25519; the market carries it, others verify it */

/* Text of bounded length: UTF-8, no control characters, bytes after the end are all zero. */
typedef struct {
    char s[16];
} ph_text16;
typedef struct {
    char s[32];
} ph_text32;
typedef struct {
    char s[64];
} ph_text64;

typedef enum { PH_SIDE_BUY = 1, PH_SIDE_SELL = 2 } ph_side;
typedef enum { PH_SHAPE_EACH = 1, PH_SHAPE_BLOCK = 2, PH_SHAPE_FLEX = 3 } ph_shape;
typedef enum { PH_TIF_GTC = 1, PH_TIF_GTT = 2, PH_TIF_IOC = 3, PH_TIF_FOK = 4 } ph_time_in_force;
typedef enum { PH_STP_CANCEL_INCOMING = 1, PH_STP_CANCEL_RESTING = 2 } ph_stp;

typedef enum {
    PH_COMPUTE_GENERAL = 1,
    PH_COMPUTE_AI = 2,
    PH_COMPUTE_SUPERCOMPUTING = 3,
    PH_COMPUTE_EDGE = 4,
} ph_compute_type;

typedef enum {
    PH_ARCH_X86 = 1,
    PH_ARCH_ARM = 2,
    PH_ARCH_MIPS = 3,
    PH_ARCH_POWER = 4,
    PH_ARCH_RISC_V = 5,
    PH_ARCH_ALPHA = 6,
    PH_ARCH_GPU = 7,
    PH_ARCH_ASIC = 8,
    PH_ARCH_FPGA = 9,
    PH_ARCH_NPU = 10,
} ph_architecture;

typedef enum {
    PH_PHASE_OPEN = 1,   /* continuous matching */
    PH_PHASE_CALL = 2,   /* orders rest, nothing executes */
    PH_PHASE_HALTED = 3, /* cancels only */
    PH_PHASE_CLOSED = 4, /* nothing; resting orders were cancelled */
} ph_phase;

/* Roles of a participant; one participant may have several. */
enum {
    PH_ROLE_SUPPLIER = 1 << 0,
    PH_ROLE_BUYER = 1 << 1,
    PH_ROLE_METER = 1 << 2,
    PH_ROLE_AUDITOR = 1 << 3,
    PH_ROLE_OPERATOR = 1 << 4,
    PH_ROLES_ALL = (1 << 5) - 1,
};

typedef enum {
    PH_PARTICIPANT_ACTIVE = 1,
    PH_PARTICIPANT_SUSPENDED = 2,
    PH_PARTICIPANT_CLOSED = 3,
} ph_participant_state;

typedef enum {
    PH_PRODUCT_LISTED = 1,
    PH_PRODUCT_HALTED = 2,   /* takes no orders; resting ones stay and can be cancelled */
    PH_PRODUCT_DELISTED = 3, /* for good; resting orders were cancelled */
} ph_product_state;

/* What a key of a participant is for. */
typedef enum {
    PH_KEY_CONNECTION = 1, /* Curve25519 */
    PH_KEY_SIGNATURE = 2,  /* Ed25519 */
    PH_KEY_READING = 3,    /* Curve25519: of connections that read and command nothing */
} ph_key_use;

/* A named account of the ledger: what kind, and of whom. */
typedef enum {
    PH_ACCOUNT_EXTERNAL = 1, /* the world outside: deposits come from here; id 0 */
    PH_ACCOUNT_CASH = 2,     /* id is a participant */
    PH_ACCOUNT_ESCROW = 3,   /* id is a contract: notional and fee not yet earned */
    PH_ACCOUNT_BOND = 4,     /* id is a contract: what the supplier put down */
    PH_ACCOUNT_FEES = 5,     /* what the exchange has earned; id 0 */
    PH_ACCOUNT_DEPOSIT = 6,  /* id is a contract: what its disputes put down */
    PH_ACCOUNT_PREMIUM = 7,  /* id is a contract: paid above the supplier's price on resale */
} ph_account_kind;

typedef struct {
    ph_account_kind kind;
    uint64_t id;
} ph_account;

#endif
