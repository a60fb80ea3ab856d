/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour.h - the client library of the Petahour compute exchange.

    A client is one encrypted connection to a gateway: it logs on with its key, sends orders and
    other commands, and receives its private stream (what became of them), its contracts and, when
    it subscribes, market data.  It reconnects by itself and goes on where it was.

    Exactly once   A command is kept until its outcome was seen in the private stream.  After a lost
                   connection the stream is read on from the last number seen, then what still has
                   no outcome is sent again, in order, under the same number; the market answers a
                   number only once, so nothing is done twice.  Give orders increasing
                   client_order_ids and keep your last seen stream numbers to continue this across
                   a restart of your program.
    Owns           phc_open allocates everything, phc_close frees it.  Strings and arrays that a
                   callback receives are valid until it returns; what is given to a function is
                   copied, or not looked at again after it returned.
    Units          money and prices: millionths of the market's currency; a price is per unit and
                   period.  Quantities: whole units of the product.  Unit-periods: one unit for one
                   period.  Times (at, measured_at, due, expire_at): nanoseconds since 1970, UTC.
                   Periods: numbers of intervals of the product's period_seconds since 1970, UTC.
                   ..._ppm: millionths of one.  Texts that are sent: UTF-8 without control
                   characters, as long in bytes as is said.
    Numbers        sequence: the place in the market's journal of the command that caused a message,
                   at: its stamp.  stream_number: the place of the message in the private stream,
                   from 1 without gaps.  participant, site, hardware, product, order, trade and
                   contract: numbers that the market gave, from 1; 0 is none.
    Thread         one at a time per client; no globals, any number of clients.  Callbacks run
                   inside phc_turn; they may send, ask, subscribe and follow, but not call phc_turn,
                   phc_flush or phc_close.
    Failure        every function says so by phc_status; nothing is half done.  phc_error has the
                   sentence.  A report whose type is PHC_REJECTED is the market's "no", not a
                   failure.  Pointers that are not said to may be NULL must not be. */
/* long: the one header of the library */
#ifndef PETAHOUR_H
#define PETAHOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PHC_API __attribute__((visibility("default")))

/* ---- Statuses ----------------------------------------------------------------------------- */

typedef enum {
    PHC_OK = 0,
    PHC_EINVAL = -1,    /* an argument cannot be right; nothing was sent */
    PHC_EFULL = -2,     /* too much is unanswered; turn, then try again */
    PHC_ETIMEOUT = -3,  /* nothing happened in the time given */
    PHC_ENOTREADY = -4, /* not logged on yet */
    PHC_EIO = -5,       /* the system refused something; errno says what */
    PHC_ENOTFOUND = -6, /* no such file or entry */
    PHC_EDENIED = -7,   /* others can read the key file, or this client may not send such a thing */
    PHC_ECORRUPT = -8,  /* a file or message is not what it should be */
    PHC_EVERIFY = -9,   /* a signature, proof or hash does not hold */
    PHC_EEXIST = -10,   /* the file is there already; nothing was overwritten */
    PHC_ENOMEM = -11,
    PHC_EFATAL = -12, /* the client stopped for good, phc_error says why: a stream has a gap that
                         stays, or the gateway refused what would be refused again (phc_refusal) */
} phc_status;

/* "PHC_EINVAL"; never NULL. */
PHC_API const char *phc_status_name(phc_status s);

/* Version of the library, e.g. "0.1.0"; never changes. */
PHC_API const char *phc_version(void);

/* ---- Money and time as text: exact or refused ---------------------------------------------- */

/* "12", "12.5", "0.000001" (no sign, exponent or thousands mark) to millionths.  PHC_EINVAL for
   anything else, and for what millionths cannot represent exactly; *ret is then unchanged. */
PHC_API phc_status phc_money_parse(const char *text, int64_t *ret);

/* Decimal text with six places, e.g. "-1.500000".  Returns to, as all that write text do. */
PHC_API char *phc_money_text(int64_t micro, char to[32]);

/* "2026-11-23T22:00:00Z", with up to nine decimals of a second, UTC only, to nanoseconds since
   1970.  PHC_EINVAL for anything else; *ret is then unchanged. */
PHC_API phc_status phc_time_parse(const char *text, uint64_t *ret_ns);

/* RFC 3339 UTC; decimals of a second only if there are any.  Returns to. */
PHC_API char *phc_time_text(uint64_t ns, char to[40]);

/* A whole decimal number without sign, at most max.  PHC_EINVAL for anything else; *ret is then
   unchanged. */
PHC_API phc_status phc_number_parse(const char *text, uint64_t max, uint64_t *ret);

/* Period of `period_seconds` that starts at ns; PHC_EINVAL if none starts exactly then. */
PHC_API phc_status phc_period_from_time(uint64_t ns, uint32_t period_seconds, uint32_t *ret);

/* First instant of a period, in nanoseconds since 1970. */
PHC_API uint64_t phc_period_start(uint32_t period, uint32_t period_seconds);

/* price * quantity * periods; false if it does not fit 64 bits (*ret is then unchanged). */
PHC_API bool phc_notional(int64_t price, uint64_t quantity, uint64_t periods, int64_t *ret);

/* ---- Keys and connections ------------------------------------------------------------------ */

/* Keys of one party: Curve25519 for its connections, Ed25519 for its signatures. */
typedef struct {
    char name[64];
    uint8_t curve_public[32], curve_secret[32];
    uint8_t sign_public[32], sign_seed[32];
} phc_key;

/* New random keys.  PHC_EINVAL: a name that is empty, longer than 63 bytes, no UTF-8, or has a
   character that a key file cannot keep; PHC_EIO: no source of chance. */
PHC_API phc_status phc_key_generate(const char *name, phc_key *ret);

/* Writes the INI text of a key file, mode 0600.  PHC_EEXIST rather than overwriting one; PHC_EIO.
   err (err_size bytes, 400 hold every sentence) receives a sentence on failure; likewise below. */
PHC_API phc_status phc_key_write(const phc_key *k, const char *path, char *err, size_t err_size);

/* PHC_ENOTFOUND: no such file; PHC_EDENIED: others can read it; PHC_ECORRUPT: not a key file, or
   its halves do not belong together; PHC_EIO.  Wipe what was read when it is no longer needed. */
PHC_API phc_status phc_key_read(const char *path, phc_key *ret, char *err, size_t err_size);

/* Overwrites the secrets. */
PHC_API void phc_key_wipe(phc_key *k);

/* Where a gateway is, as its ready file says. */
typedef struct {
    char order_entry[256]; /* e.g. tcp://127.0.0.1:41234 */
    char market_data[256]; /* may be empty */
    char server_key[41];   /* Z85 */
} phc_gateway;

/* PHC_ENOTFOUND: no such file; PHC_ECORRUPT: not a ready file; PHC_EIO. */
PHC_API phc_status phc_gateway_read(const char *path, phc_gateway *ret, char *err, size_t err_size);

/* Z85 of 32 bytes (RFC 32), and back; PHC_EINVAL for anything that is not exactly such text. */
PHC_API char *phc_z85_text(const uint8_t key[32], char to[41]);
PHC_API phc_status phc_z85_parse(const char *text, uint8_t ret[32]);

/* Lower-case hex of n bytes (2n + 1 bytes of room), and back; PHC_EINVAL for anything that is not
   2n digits. */
PHC_API char *phc_hex_text(const uint8_t *bytes, size_t n, char *to);
PHC_API phc_status phc_hex_parse(const char *text, uint8_t *ret, size_t n);

/* ---- The market's words: numbers as in the protocol ---------------------------------------- */

typedef enum { PHC_BUY = 1, PHC_SELL = 2 } phc_side;
/* EACH: every period of the window by itself.  BLOCK: a unit for all periods or not at all.
   FLEX (BUY): a block of `duration` periods anywhere in the window. */
typedef enum { PHC_EACH = 1, PHC_BLOCK = 2, PHC_FLEX = 3 } phc_shape;
/* Until cancelled, until expire_at, at once or cancelled, at once in full or not at all. */
typedef enum { PHC_GTC = 1, PHC_GTT = 2, PHC_IOC = 3, PHC_FOK = 4 } phc_time_in_force;
/* Which order ends when two of one participant would trade. */
typedef enum { PHC_CANCEL_INCOMING = 1, PHC_CANCEL_RESTING = 2 } phc_self_trade;
typedef enum {
    PHC_GENERAL = 1,
    PHC_AI = 2,
    PHC_SUPERCOMPUTING = 3,
    PHC_EDGE = 4,
} phc_compute_type;
typedef enum {
    PHC_X86 = 1,
    PHC_ARM = 2,
    PHC_MIPS = 3,
    PHC_POWER = 4,
    PHC_RISC_V = 5,
    PHC_ALPHA = 6,
    PHC_GPU = 7,
    PHC_ASIC = 8,
    PHC_FPGA = 9,
    PHC_NPU = 10,
} phc_architecture;
typedef enum {
    PHC_PHASE_OPEN = 1,
    PHC_PHASE_CALL = 2,
    PHC_PHASE_HALTED = 3,
    PHC_PHASE_CLOSED = 4,
} phc_phase;
typedef enum {
    PHC_STATE_ACTIVE = 1,
    PHC_STATE_SUSPENDED = 2,
    PHC_STATE_CLOSED = 3,
} phc_participant_state;
typedef enum {
    PHC_LISTED = 1,
    PHC_HALTED = 2,
    PHC_DELISTED = 3,
} phc_product_state;
typedef enum {
    PHC_CONNECTION_KEY = 1, /* Curve25519 */
    PHC_SIGNATURE_KEY = 2,  /* Ed25519 */
    PHC_READING_KEY = 3,    /* Curve25519; its connections read and command nothing */
} phc_key_use;
/* What happened to a contract-period before it is final. */
typedef enum {
    PHC_DELIVERY_REPORTED = 1,
    PHC_DELIVERY_CONFIRMED = 2, /* by the buyer; something else still keeps it open */
    PHC_DELIVERY_DISPUTED = 3,
    PHC_DELIVERY_METER_SILENT = 4, /* the supplier may report now */
} phc_delivery_step;
/* Why a contract-period is final. */
typedef enum {
    PHC_FINAL_CONFIRMED = 1,
    PHC_FINAL_AGREED = 2,    /* nobody disputed the report in time */
    PHC_FINAL_NO_REPORT = 3, /* nothing was delivered */
    PHC_FINAL_RESOLVED = 4,  /* by an operator */
    PHC_FINAL_UNRESOLVED = 5,
} phc_final_cause;
/* What became of an order. */
typedef enum {
    PHC_ORDER_RESTING = 1,
    PHC_ORDER_FILLED = 2,
    PHC_ORDER_CANCELLED = 3, /* cancel_reason */
    PHC_ORDER_REJECTED = 4,  /* reject_code */
    /* No own order is known to have this number.  By client order id: it was not accepted.  While
       it is higher than last_client_order_id it may still come, and may be sent (again) without
       risk; otherwise it can no longer be accepted. */
    PHC_ORDER_UNKNOWN = 5,
    PHC_ORDER_ENDED_LONG_AGO = 6, /* if there was one: older than what is kept */
} phc_order_state;
enum {
    PHC_ROLE_SUPPLIER = 1,
    PHC_ROLE_BUYER = 2,
    PHC_ROLE_METER = 4,
    PHC_ROLE_AUDITOR = 8,
    PHC_ROLE_OPERATOR = 16,
};

/* Words of these enumerations, e.g. "BUY", "RISC-V", "SUPERCOMPUTING"; NULL for other numbers.
   The _parse functions take the words in upper or lower case; false for others. */
PHC_API const char *phc_side_text(phc_side v);
PHC_API const char *phc_shape_text(phc_shape v);
PHC_API const char *phc_time_in_force_text(phc_time_in_force v);
PHC_API const char *phc_compute_type_text(phc_compute_type v);
PHC_API const char *phc_architecture_text(phc_architecture v);
PHC_API const char *phc_phase_text(phc_phase v);
PHC_API const char *phc_participant_state_text(phc_participant_state v);
PHC_API const char *phc_product_state_text(phc_product_state v);
PHC_API const char *phc_key_use_text(phc_key_use v);
PHC_API const char *phc_delivery_step_text(phc_delivery_step v);
PHC_API const char *phc_final_cause_text(phc_final_cause v);
PHC_API const char *phc_order_state_text(phc_order_state v);
PHC_API bool phc_participant_state_parse(const char *text, phc_participant_state *ret);
PHC_API bool phc_product_state_parse(const char *text, phc_product_state *ret);
PHC_API bool phc_key_use_parse(const char *text, phc_key_use *ret);
PHC_API bool phc_side_parse(const char *text, phc_side *ret);
PHC_API bool phc_shape_parse(const char *text, phc_shape *ret);
PHC_API bool phc_time_in_force_parse(const char *text, phc_time_in_force *ret);
PHC_API bool phc_compute_type_parse(const char *text, phc_compute_type *ret);
PHC_API bool phc_architecture_parse(const char *text, phc_architecture *ret);
PHC_API bool phc_phase_parse(const char *text, phc_phase *ret);

/* "SUPPLIER,BUYER" of role bits, and back; false for other words. */
PHC_API char *phc_roles_text(uint32_t roles, char to[64]);
PHC_API bool phc_roles_parse(const char *text, uint32_t *ret);

/* ---- What is sent -------------------------------------------------------------------------- */

/* An order; a field that its shape does not have is 0. */
typedef struct {
    uint64_t client_order_id; /* above all used before; 0: the library takes the next.  2^64 - 1
                                 is the last: nothing can be ordered after it */
    uint32_t product;
    phc_side side;
    phc_shape shape;
    uint32_t first_period, periods; /* the window */
    uint32_t duration;              /* FLEX: periods of the block */
    uint32_t quantity;              /* units per period */
    int64_t price;                  /* limit per unit and period; BLOCK and FLEX: of the average */
    phc_time_in_force time_in_force;
    uint64_t expire_at;        /* GTT */
    bool all_or_none;          /* BLOCK; FLEX always is */
    bool post_only;            /* rejected if it would trade on arrival */
    uint32_t display_quantity; /* EACH; 0: all shown */
    phc_self_trade self_trade; /* 0: CANCEL_INCOMING */
    uint64_t from_contract;    /* resale of a contract held */
} phc_order;

typedef struct {
    uint32_t id;      /* highest registered + 1 */
    uint32_t roles;   /* PHC_ROLE_*, at least one */
    const char *name; /* at most 63 bytes */
    uint8_t curve_key[32], sign_key[32];
    phc_participant_state state; /* in the catalogue */
} phc_participant;

typedef struct {
    uint32_t id;
    uint32_t owner;                        /* a supplier */
    const char *region;                    /* at most 31 bytes */
    const char *name;                      /* at most 63 bytes */
    int32_t latitude_udeg, longitude_udeg; /* millionths of a degree, WGS 84 */
    uint32_t racks;                        /* of 2.5 kW */
    uint32_t pue_ppm;                      /* by design: 1000000 is 1.0, the least */
} phc_site;

typedef struct {
    uint32_t id;
    const char *name; /* at most 63 bytes */
} phc_hardware;

typedef struct {
    uint64_t reference; /* strictly increasing per supplier, at least 1 */
    uint32_t site, hardware;
    uint32_t period_seconds; /* of a registration: 900, 3600 or 86400 */
    uint32_t first_period, periods;
    uint32_t units; /* of the hardware, in every period */
} phc_capacity;

/* A product: a grade at one site. */
typedef struct {
    uint32_t id;        /* highest listed + 1 */
    const char *symbol; /* at most 63 bytes */
    phc_compute_type compute_type;
    phc_architecture architecture;
    const char *model;                              /* at most 31 bytes */
    const char *unit;                               /* e.g. "card"; at most 15 bytes */
    uint32_t hardware, hardware_units;              /* drawn by a unit */
    uint32_t gflops_fp16, gflops_fp32, gflops_fp64; /* of a unit; 0: not stated */
    uint32_t memory_mib;                            /* of a unit; 0: not stated */
    const char *interconnect;                       /* at most 31 bytes, may be empty */
    uint32_t site;
    uint32_t availability_ppm; /* that is promised */
    uint32_t period_seconds;   /* 900, 3600 or 86400 */
    int64_t tick;              /* prices are multiples of it */
    uint32_t lot;              /* quantities are multiples of it */
    uint32_t quantity_max;     /* of one order */
    uint32_t block_periods_max;
    uint32_t horizon;                         /* periods ahead that are open */
    uint32_t gate_seconds;                    /* before its start a period closes */
    uint32_t maker_ppm, taker_ppm;            /* fees, of the notional */
    uint32_t fee_at_trade_ppm;                /* of the buyer's fee, due at the trade */
    int64_t bond_fixed;                       /* of a unit-period: the larger of this and ... */
    uint32_t bond_ppm;                        /* ... this part of its price */
    uint32_t report_seconds, dispute_seconds; /* windows after a period's end, then after ... */
    uint32_t resolve_seconds;                 /* ... the report, and after the dispute */
    int64_t dispute_deposit;
    uint32_t meter;          /* who reports; 0: the supplier */
    int64_t reference_price; /* listed */
    uint32_t band_ppm;       /* how far prices may be from the reference; 0: any */
    uint8_t terms_hash[32];  /* SHA-256 of the text of the terms */
    bool attested_only;      /* counts attested capacity alone */
} phc_product;

/* An auditor's word that so many more units of what a supplier registered are there. */
typedef struct {
    uint64_t reference; /* strictly increasing per auditor, at least 1 */
    uint32_t supplier, site, hardware, first_period, periods, units;
    uint8_t document[32]; /* SHA-256 of the statement */
} phc_attestation;

typedef struct {
    uint32_t site;
    uint64_t measured_at;
    uint32_t pue_ppm;     /* 1000000 is 1.0, the least */
    uint32_t cue_ppm;     /* millionths of kg CO2e per kWh of IT energy */
    uint32_t wue_ppm;     /* millionths of litres per kWh of IT energy */
    uint32_t green_grade; /* 1 (best) .. 5 */
} phc_measurement;

/* Network between a region and a site. */
typedef struct {
    const char *region; /* at most 31 bytes */
    uint32_t site;
    uint64_t measured_at;
    uint32_t rtt_us;         /* round trip, microseconds */
    uint32_t bandwidth_mbps; /* 10^6 bit per second */
    uint32_t reachable_ppm;  /* of the attempts */
} phc_probe;

/* What was delivered in one period of a contract. */
typedef struct {
    uint64_t contract;
    uint32_t period;
    uint64_t delivered; /* unit-seconds */
    uint64_t energy_wh; /* 0: not stated */
} phc_delivery_report;

enum {
    PHC_GROUP_MAX = 8,    /* orders of a group */
    PHC_ACCESS_MAX = 464, /* bytes that can be handed over */
    PHC_SEALED_MAX = 512, /* the same, sealed */
    PHC_SIGNATURE_BYTES = 64,
};

/* ---- Why the market refuses ----------------------------------------------------------------- */

/* Reports, results and answers have the code in reject_code, its name ("PRICE_TICK") and its text
   in reject_name and reject_text, and the two numbers that it is about in reject_arg0 and
   reject_arg1.  A code keeps its meaning for ever; a later market may have more, whose name and
   text come with the refusal.  The numbers have the units of the fields that they are about; one
   that is unsigned where it comes from (an id) is its 64 bits.

   name, code, text, what reject_arg0 is, what reject_arg1 is ("-": nothing, 0) */
#define PHC_REJECTS(X)                                                                             \
    X(UNSUPPORTED, 1, "not offered under the current rules version", "command or field", "-")      \
    X(UNKNOWN_PARTICIPANT, 2, "participant is not registered", "participant", "-")                 \
    X(PARTICIPANT_NOT_ACTIVE, 3, "participant is suspended or closed", "participant", "state")     \
    X(ROLE_MISSING, 4, "participant does not have the role that this needs", "role", "-")          \
    X(DUPLICATE, 5, "client id or reference was used before", "highest used", "-")                 \
    X(UNKNOWN_PRODUCT, 6, "product is not listed", "product", "-")                                 \
    X(PHASE, 7, "product takes no orders in its present phase", "product", "phase")                \
    X(WINDOW_EMPTY, 8, "window has no periods", "first period", "periods")                         \
    X(PERIOD_CLOSED, 9, "a period of the window is no longer open", "first period", "first open")  \
    X(PERIOD_TOO_FAR, 10, "a period of the window is not open yet", "last period", "last open")    \
    X(QUANTITY_RANGE, 11, "quantity is outside 1 .. the product's largest", "quantity", "largest") \
    X(QUANTITY_LOT, 12, "quantity is not a multiple of the lot", "quantity", "lot")                \
    X(PRICE_RANGE, 13, "price is out of range", "price", "largest")                                \
    X(PRICE_TICK, 14, "price is not a multiple of the tick", "price", "tick")                      \
    X(PRICE_BAND, 15, "price is outside the band around the reference", "price", "bound")          \
    X(SHAPE_FIELD, 16, "a field does not belong to this shape", "field", "-")                      \
    X(WINDOW_LENGTH, 17, "window is longer than the shape allows", "periods", "longest")           \
    X(BLOCKS_FULL, 18, "too many resting blocks", "resting", "most")                               \
    X(CAPACITY, 19, "capacity is not free in every period", "period", "hardware units free")       \
    X(CASH_FOR_BOND, 20, "free cash does not cover the bond", "needed", "free")                    \
    X(CASH_FOR_HOLD, 21, "free cash does not cover price, quantity and fee", "needed", "free")     \
    X(AMOUNT_OVERFLOW, 22, "amount does not fit 64 bits", "-", "-")                                \
    X(TABLE_FULL, 23, "a table of the market is full", "table", "size")                            \
    X(UNKNOWN_ORDER, 24, "order does not rest", "order", "-")                                      \
    X(ID_NOT_NEXT, 25, "id is not the next one", "id", "next")                                     \
    X(ID_TAKEN, 26, "id is already registered", "id", "-")                                         \
    X(FIELD_RANGE, 27, "a field is out of range", "field", "value")                                \
    X(UNKNOWN_SITE, 28, "site is not registered", "site", "-")                                     \
    X(UNKNOWN_HARDWARE, 29, "hardware class is not registered", "hardware", "-")                   \
    X(PERIOD_SECONDS, 30, "site and hardware use another period length", "given", "in use")        \
    X(CASH_FREE, 31, "free cash does not cover the amount", "needed", "free")                      \
    X(UNKNOWN_COMMAND, 32, "command kind is not known", "kind", "-")                               \
    X(MARKET_NOT_OPEN, 33, "the market has not been opened", "-", "-")                             \
    X(KEY_TAKEN, 34, "key is already registered to a participant", "participant", "-")             \
    X(POST_ONLY, 35, "order would trade on arrival", "-", "-")                                     \
    X(EXPIRE_AT, 36, "expiry is not after the present", "expire at", "now")                        \
    X(DISPLAY_QUANTITY, 37, "display quantity is not a multiple of the lot, or too small",         \
      "display", "least")                                                                          \
    X(FLEX_STARTS, 38, "duration is zero, or leaves too many starts", "duration", "starts")        \
    X(ATTESTED_CAPACITY, 39, "attested capacity is not free in every period", "period",            \
      "hardware units free")                                                                       \
    X(UNKNOWN_CONTRACT, 40, "contract does not exist", "contract", "-")                            \
    X(NOT_HELD, 41, "contract does not hold these unit-periods free", "period", "units free")      \
    X(OLD_TERMS, 42, "contract has older terms than the product", "version", "current")            \
    X(RESOLD_TOO_OFTEN, 43, "contract was resold too often", "times", "most")                      \
    X(GROUP_MEMBER, 44, "order cannot be a member of the group", "field", "-")                     \
    X(GROUP_SIZE, 45, "group has too few or too many members", "members", "most")                  \
    X(NOT_PARTY, 46, "sender has no such part in the contract", "contract", "-")                   \
    X(DELIVERY_CLOSED, 47, "contract-period is final, or was never sold", "contract", "period")    \
    X(DELIVERY_TIME, 48, "too early or too late for this", "from", "until")                        \
    X(DELIVERY_STATE, 49, "not taken while the contract-period is in this state", "state", "-")    \
    X(DELIVERY_FIGURE, 50, "unit-seconds are out of range", "given", "bound")                      \
    X(CASH_FOR_DEPOSIT, 51, "free cash does not cover the dispute deposit", "needed", "free")      \
    X(UNKNOWN_KEY, 52, "participant has no such key", "participant", "-")                          \
    X(LAST_KEY, 53, "the last key of its use cannot be revoked", "participant", "-")               \
    X(FIXED_FIELD, 54, "this field of a product never changes", "field", "value")                  \
    X(PRODUCT_STATE, 55, "product is halted or delisted", "product", "state")                      \
    X(RULES_VERSION, 56, "rules version is not known or not newer", "given", "newest known")

#define PHC_REJECT_CODE(name, code, text, arg0, arg1) PHC_REJECT_##name = (code),
typedef enum { PHC_REJECT_NONE = 0, PHC_REJECTS(PHC_REJECT_CODE) } phc_reject;
#undef PHC_REJECT_CODE

/* ---- What arrives -------------------------------------------------------------------------- */

/* The session is open. */
typedef struct {
    uint32_t participant, roles;                                /* whose key it is; PHC_ROLE_* */
    uint64_t last_report, last_contract, last_countersignature; /* numbers that exist now */
    uint64_t last_client_order_id;                              /* highest used, ever */
    const char *market;          /* name: origin of everything that is signed */
    const char *currency;        /* ISO 4217 */
    uint8_t notary_sign_key[32]; /* the first; later ones: on_notary_key */
    uint32_t silence_seconds;    /* that end a session; the library sends heartbeats */
    bool cancel_on_disconnect;   /* as configured */
    uint32_t copy_of;            /* drop copy: whose streams these are; otherwise 0 */
    bool reads_only; /* the key is for reading: commands are PHC_EDENIED, questions are not */
} phc_logon;

/* A rate: refilled per second, at most burst at once, left now. */
typedef struct {
    uint32_t per_second, burst, left;
} phc_rate;

/* How close the participant is to its limits at this gateway; another gateway has its own. */
typedef struct {
    phc_rate messages, session_messages, questions;
    uint32_t sessions, sessions_max; /* at this gateway; each has room for as many */
    uint32_t open_orders, open_orders_max;
    uint32_t under_way, under_way_max; /* commands of everybody, to the engine */
    phc_rate control;                  /* logons and heartbeats, which the library sends */
    phc_rate refused; /* frames of this connection that may be refused before it is ended */
    uint32_t questions_under_way, questions_under_way_max;
    /* That have said something: at order entry, at market data, and how many may be at each. */
    uint32_t connections, market_data_connections, connections_max;
    uint32_t mute_connections, mute_connections_max; /* that were let in and have said nothing */
    uint32_t busy_waiting, busy_waiting_max;         /* answers of this session, unread */
} phc_limits;

/* How close the participant is to its limits of market data at this gateway. */
typedef struct {
    phc_rate answers;     /* frames that answer requests for snapshots and what is missing */
    uint32_t named_bytes; /* of topics, over all its connections */
    uint32_t named_bytes_max;
} phc_stream_limits;

typedef enum {
    PHC_ACCEPTED = 1,
    PHC_REJECTED = 2,
    PHC_TRADE = 3,
    PHC_CANCELLED = 4,
    PHC_PERIOD_LOST = 5, /* its gate closed, or self-trade prevention */
    PHC_REPLACED = 6,
    PHC_CLIP_SHOWN = 7, /* of an iceberg */
    PHC_ASSIGNED = 8,   /* to a supplier: part of a contract was resold, see `contract` */
    /* Told by the library, stream_number 0: the order never reached the market and cannot any
       more, because a later client_order_id was taken while the market was busy, or because too
       many orders of the participant are open (reject_name "OPEN_ORDERS").  It may be sent
       under a new one. */
    PHC_NOT_TAKEN = 100,
} phc_report_type;

/* A run of periods at one price and quantity. */
typedef struct {
    uint32_t first_period, periods, quantity;
    int64_t price;
} phc_segment;

/* What became of an order. */
typedef struct {
    uint64_t stream_number; /* keep the last one to continue after a restart */
    uint64_t sequence, at;
    phc_report_type type;
    uint64_t order, client_order_id;
    uint64_t leaves;         /* unit-periods still open; 0: the order is done */
    phc_order as_understood; /* ACCEPTED */
    int64_t hold;            /* ACCEPTED, REPLACED: cash (BUY) or bond (SELL) held for all of it */
    uint32_t reject_code;    /* REJECTED; name and text are never NULL, "" otherwise */
    const char *reject_name, *reject_text;
    /* The two numbers that the text is about; PHC_REJECTS lists codes, texts and what they are. */
    int64_t reject_arg0, reject_arg1;
    /* TRADE and ASSIGNED, until cancel_reason. */
    uint64_t trade, contract;
    uint32_t product;
    phc_side side;
    bool taker; /* this order arrived; otherwise it rested */
    const phc_segment *segments;
    size_t segment_cnt;
    int64_t notional;          /* sum of price * quantity * periods of the segments */
    int64_t fee;               /* this side's, in all; of a reseller, at once */
    int64_t bond;              /* put down, to the supplier */
    const char *cancel_reason; /* CANCELLED, PERIOD_LOST: e.g. "IOC"; never NULL */
    uint32_t period;           /* PERIOD_LOST, CLIP_SHOWN */
    uint64_t ended;            /* CANCELLED: unit-periods, PERIOD_LOST: units that ended */
    uint32_t quantity;         /* REPLACED: new total; CLIP_SHOWN: shown */
    int64_t price;             /* REPLACED */
    uint64_t group;            /* ACCEPTED: first order of its group, or 0 */
    uint64_t from_contract;    /* of a resale: the contract that was split */
    int64_t premium;           /* of a resale: paid above the supplier's price */
    int64_t fee_at_trade;      /* TRADE, BUY: part of the fee that is due at once */
    bool replayed;             /* existed already when the session was opened */
} phc_report;

/* Code of a group that was not taken because too many orders of the participant are open; its
   stream_number is 0. */
enum { PHC_OPEN_ORDERS = 1000000 };

/* What became of any other command. */
typedef struct {
    uint64_t stream_number, sequence, at;
    uint64_t request;     /* as the sending function returned it */
    const char *command;  /* e.g. "CANCEL_ORDER" */
    uint32_t reject_code; /* 0: done */
    const char *reject_name, *reject_text;
    int64_t reject_arg0, reject_arg1;
    uint64_t count;           /* orders cancelled, of a group accepted, by it */
    uint32_t member;          /* of a group that was rejected: the order that failed, from 1 */
    uint64_t client_order_id; /* rejected: that it named, or that of the member */
    uint64_t order;           /* rejected as DUPLICATE: the order that used the id */
    bool replayed;            /* existed already when the session was opened */
} phc_result;

/* Something happened to a contract-period of this participant's. */
typedef struct {
    uint64_t stream_number, sequence, at;
    uint64_t contract;
    uint32_t period;
    phc_delivery_step step;
    uint32_t by;     /* 0: time, or somebody that is not told */
    uint64_t figure; /* unit-seconds reported or claimed */
    uint64_t due;    /* when the window that is open now ends */
    uint64_t energy_wh;
    bool is_signed; /* REPORTED */
    uint8_t signature[PHC_SIGNATURE_BYTES];
    bool replayed;
} phc_delivery;

typedef struct {
    uint64_t stream_number, sequence, at;
    uint64_t contract;
    uint32_t period;
    phc_final_cause cause;
    uint64_t delivered, promised; /* unit-seconds */
    bool replayed;
} phc_delivery_final;

/* Access to what a contract delivers, for its buyer; see phc_access_open. */
typedef struct {
    uint64_t stream_number, sequence, at;
    uint64_t contract;
    const uint8_t *sealed;
    size_t sealed_size;
    bool replayed;
} phc_access;

typedef struct {
    const char *reason;    /* e.g. "NOTIONAL" */
    int64_t amount;        /* < 0: went out */
    uint64_t contract;     /* 0: none */
    const char *reference; /* of a payment; otherwise "" */
} phc_movement;

/* What one command moved into or out of this participant's cash. */
typedef struct {
    uint64_t stream_number, sequence, at;
    const phc_movement *movements;
    size_t movement_cnt;
    int64_t cash; /* after it, what orders hold included */
    bool replayed;
} phc_cash;

/* A contract with its proof, as it arrives and as it is saved. */
typedef struct {
    uint64_t stream_number;
    const uint8_t *canonical;
    size_t canonical_size;
    uint32_t leaf_index, leaf_count;
    const uint8_t *proof;    /* sibling hashes, 32 bytes each, from the leaf up */
    size_t proof_size;       /* bytes */
    const char *signed_root; /* signed note; no zero byte at its end */
    size_t signed_root_size; /* bytes */
} phc_signed_contract;

/* What the canonical bytes of a contract say. */
typedef struct {
    uint32_t rules_version;
    char market[64], currency[4];
    uint64_t contract, trade, sequence, at;
    uint32_t product;
    char symbol[64], unit[16];
    uint32_t terms_version;
    uint8_t terms_hash[32];
    uint32_t period_seconds, site, hardware, hardware_units, availability_ppm;
    uint32_t report_seconds, dispute_seconds, resolve_seconds;
    int64_t dispute_deposit;
    uint32_t meter; /* 0: the supplier reports */
    uint32_t buyer;
    char buyer_name[64];
    uint8_t buyer_key[32];
    uint64_t buy_order;
    uint32_t supplier;
    char supplier_name[64];
    uint8_t supplier_key[32];
    uint64_t sell_order;
    phc_side taker;
    int64_t notional, buyer_fee, supplier_fee, buyer_fee_at_trade, bond;
    uint64_t from_contract; /* resale: the contract that was split; otherwise 0 */
    uint32_t seller;        /* whose order sold: the supplier, or who held from_contract */
    char seller_name[64];
    uint8_t seller_key[32];
    int64_t supplier_notional; /* at the supplier's prices */
    int64_t premium;           /* paid above them, for the seller on delivery */
    int64_t reseller_fee;      /* of the seller, on what it gets at once */
    const phc_segment *segments;
    uint32_t segment_cnt;
} phc_contract;

/* A party's signature under a contract. */
typedef struct {
    uint64_t stream_number;
    uint64_t contract, sequence, at;
    uint32_t participant;
    uint8_t key[32], signature[64];
    uint8_t leaf_hash[32]; /* of the canonical bytes, as the gateway states it */
    bool holds;            /* the key signed the contract with this leaf hash: verified here */
    bool compared;         /* leaf_hash is that of the contract that was handed over before */
    bool replayed;         /* existed already when the session was opened */
} phc_countersignature;

/* A key with which the exchange signs contracts. */
typedef struct {
    uint64_t sequence; /* signs the batches that begin after this record */
    uint8_t key[32];
    bool trusted; /* configured, or endorsed by one that is trusted */
} phc_notary_key;

/* Why a gateway ended a session, or began none.  "Comes back": the client logs on again by itself,
   after 50 ms, then after twice as long each time, 2 s at most; from the start again once a session
   has lasted 10 s.  "Ends": it would be so again, so the client stops for good (PHC_EFATAL,
   phc_error has the sentence), and what is unanswered stays so: phc_open with the last numbers
   shows what became of it.  A reason that is not here, of a later gateway: comes back. */
typedef enum {
    /* Something came before the logon: a frame crossed the end of a session.  Comes back. */
    PHC_REFUSED_NOT_LOGGED_ON = 1,
    /* The gateway does not speak this library's protocol.  Ends: another library is needed. */
    PHC_REFUSED_VERSION = 2,
    /* What was sent could not be read.  Ends: it would be sent again. */
    PHC_REFUSED_MALFORMED = 3,
    /* The gateway knows no active participant with this key: it was not registered yet, was
       revoked, or the participant was closed.  Comes back, for it may be registered; close the
       client if nobody is about to. */
    PHC_REFUSED_UNKNOWN_KEY = 4,
    /* Not now: the gateway reads the log, the engine is away or was started again, the gateway
       stops or has no free session, or the participant logs on too often.  Comes back. */
    PHC_REFUSED_RECOVERING = 5,
    /* The gateway heard nothing for too long: turn more often.  Comes back. */
    PHC_REFUSED_SILENT = 6,
    /* A number that does not exist was asked for.  Comes back some times, for the gateway may be a
       moment behind the one before; then ends: this is another market, or the number is wrong. */
    PHC_REFUSED_STREAM_NUMBER = 7,
    /* Another client with this key has taken over.  Ends. */
    PHC_REFUSED_TAKEN_OVER = 8,
    /* The role, the kind of key or of session does not permit it, e.g. copy_of.  Ends. */
    PHC_REFUSED_NOT_ALLOWED = 9,
    /* The participant has as many sessions as it may at this gateway: end one of them, or open this
       client with take_over.  Comes back. */
    PHC_REFUSED_TOO_MANY_SESSIONS = 10,
    /* Answers were not read while more was sent: turn more often.  Comes back. */
    PHC_REFUSED_NOT_READING = 11,
} phc_refusal;

/* One row of the catalogue: exactly one pointer is not NULL.  Of a participant, curve_key is all
   zero: it is nobody else's business; so is a sign_key that is not there. */
typedef struct {
    uint64_t request;
    const phc_participant *participant;
    const phc_site *site;
    const phc_hardware *hardware;
    const phc_product *product;
    uint32_t terms_version; /* of the product, as the next three */
    phc_product_state product_state;
    phc_phase phase;
    uint32_t grade; /* its number: follow PHC_STREAM_GRADE */
} phc_catalogue_entry;

/* ---- Answers to questions: as of a sequence, from a replica --------------------------------- */

typedef struct {
    uint32_t period;
    int64_t price;
    uint64_t units;
} phc_preview_fill;

/* What an order would do now. */
typedef struct {
    uint64_t request, sequence;
    uint32_t reject_code; /* not 0: it would be refused, and only the arguments count besides */
    const char *reject_name, *reject_text;
    int64_t reject_arg0, reject_arg1;
    int64_t hold, hold_after; /* on acceptance; when its command is over */
    uint64_t executed, left;  /* unit-periods */
    const char *ends;         /* why what is left would end; "": it would rest */
    int64_t notional, fee, fee_at_trade, bond;
    uint32_t contracts;
    const phc_preview_fill *fills; /* by period, then from the best price on */
    size_t fill_cnt;
    uint32_t fill_count;   /* all there are */
    int64_t average_price; /* notional / executed, rounded down; 0: nothing executes */
} phc_preview;

/* What would have to differ for all of an order to execute at once. */
typedef struct {
    uint64_t request, sequence;
    uint32_t reject_code; /* not 0: nothing else is answered */
    const char *reject_name, *reject_text;
    bool unknown;                  /* not an order of this participant that rests */
    bool fills;                    /* all of it would as it stands */
    int64_t price;                 /* the lowest (SELL: highest) that would do; 0: none */
    const char *price_reject_name; /* price 0 because it would be refused so; otherwise "" */
    uint32_t quantity;             /* the largest at its price; 0: none, or none that was tried */
    bool more_quantities;          /* larger ones that were not tried */
    bool has_start;
    uint32_t start;           /* the nearest first period of the window at which all of it would */
    bool more_starts;         /* that were not tried */
    const uint32_t *products; /* others of the same type in which it would */
    size_t product_cnt;
} phc_why;

typedef struct {
    uint64_t units;
    int64_t notional; /* notional / (units * periods) is the average price */
} phc_depth_row;

/* What a block could take, start by start. */
typedef struct {
    uint64_t request, sequence;
    bool refused; /* no such product, or a length that it does not have */
    uint32_t first_start;
    const phc_depth_row *rows;
    size_t row_cnt;
} phc_depth;

typedef struct {
    uint64_t order, leaves;
    phc_order terms;
} phc_open_order;

typedef struct {
    uint64_t request, sequence;
    const phc_open_order *orders; /* by number */
    size_t order_cnt;
    bool more; /* ask again after the last one */
} phc_open_orders;

typedef enum { PHC_AWAITED = 1, PHC_REPORTED = 2, PHC_DISPUTED = 3 } phc_delivery_state;

/* A run of periods of a contract that are alike and not final. */
typedef struct {
    uint64_t contract, from_contract;
    uint32_t product, terms_version, buyer, supplier;
    uint32_t first_period, periods;
    uint32_t quantity, offered; /* units; of these, in resale orders */
    phc_delivery_state state;
    uint64_t reported; /* unit-seconds */
    uint64_t due;
} phc_position;

typedef struct {
    uint64_t request, sequence;
    const phc_position *positions; /* by contract */
    size_t position_cnt;
    bool more; /* ask again after the last contract */
} phc_positions;

typedef struct {
    uint64_t request, sequence;
    int64_t cash, held; /* held by orders, a part of cash */
    /* Beside cash: for contracts bought, for contracts supplied, in disputes, owed to resellers. */
    int64_t escrow, bond, deposits, premiums;
    uint32_t orders, contracts; /* that rest; that are not final */
} phc_balances;

/* What became of an order.  Of PHC_ORDER_UNKNOWN and PHC_ORDER_ENDED_LONG_AGO only the number that
   was asked for and last_client_order_id are told. */
typedef struct {
    uint64_t request, sequence;
    phc_order_state state;
    uint64_t order; /* 0: refused */
    uint64_t client_order_id;
    uint32_t product;
    phc_side side;
    phc_shape shape;
    uint32_t first_period, periods, duration;
    int64_t price;                           /* as sent, or replaced last; the quantity likewise */
    uint32_t quantity;                       /* units per period, executed included */
    uint64_t unit_periods;                   /* of all periods, executed included */
    uint64_t executed, leaves;               /* unit-periods; leaves: open now */
    uint64_t accepted_sequence, accepted_at; /* 0: it was not accepted */
    uint64_t ended_sequence, ended_at;       /* 0: it rests */
    const char *cancel_reason;               /* CANCELLED, e.g. "IOC"; otherwise "" */
    uint32_t reject_code;                    /* REJECTED, with its name, text and arguments */
    const char *reject_name, *reject_text;
    int64_t reject_arg0, reject_arg1;
    uint64_t failed_client_order_id; /* REJECTED with its group: the member that was the reason */
    uint64_t last_client_order_id;   /* highest that an accepted order has used */
} phc_order_status;

typedef struct {
    uint64_t after;   /* those with higher numbers than this */
    uint32_t product; /* 0: of all */
    bool open_only;   /* those alone that still deliver */
} phc_contracts_question;

/* Parts of a participant in a contract: bits. */
enum { PHC_PART_BUYER = 1, PHC_PART_SUPPLIER = 2, PHC_PART_SELLER = 4 };

/* A contract as it was concluded, and what became of it. */
typedef struct {
    uint64_t contract;      /* has the number of its trade */
    uint64_t from_contract; /* resale: the one that was split; otherwise 0 */
    uint32_t product, terms_version;
    uint32_t parts;                   /* of this participant */
    uint32_t buyer, supplier, seller; /* seller: the supplier, or who held the one that was split */
    uint64_t concluded_sequence, concluded_at;
    uint32_t first_period, periods; /* to the last one; some between may be left out */
    int64_t notional;
    /* All; of these not final yet, and sold on; the rest is final. */
    uint64_t unit_periods, open, resold;
    uint64_t delivered; /* unit-seconds of what is final; sums likewise */
    int64_t paid;       /* to the supplier, less supplier_fee */
    int64_t supplier_fee;
    int64_t refunded;                  /* to the buyer */
    int64_t penalty, compensation;     /* from the bond to the buyer; compensation: its fee */
    uint64_t ended_sequence, ended_at; /* 0: something of it is open */
} phc_contract_state;

typedef struct {
    uint64_t request, sequence;
    const phc_contract_state *contracts; /* by number */
    size_t contract_cnt;
    bool more; /* ask again after `last`, also when there is no row */
    uint64_t last;
    /* Own contracts that ended and are no longer kept: how many, and their highest number. */
    uint64_t dropped, last_dropped;
} phc_contracts;

typedef struct {
    const char *reason; /* as of a movement, e.g. "PAYMENT" */
    uint64_t movements, received, paid;
} phc_statement_sum;

/* What moved this participant's cash on some UTC days: opening + received - paid = closing. */
typedef struct {
    uint64_t request, sequence;
    bool long_ago;       /* the first of the days is before first_kept: nothing else is told */
    uint32_t first_kept; /* first day that can be asked for, by its number since 1970 */
    int64_t opening;     /* cash when the first day began */
    int64_t closing;     /* when the last one ended, or now if it has not */
    const phc_statement_sum *sums; /* by reason, each at most once */
    size_t sum_cnt;
} phc_account_statement;

/* A trade that somebody made.  One with more than 1,024 segments is told in parts, one behind the
   other, each with its numbers; phc_follow_trades says in each how many there are in all. */
typedef struct {
    uint32_t product;
    uint64_t trade, at;
    phc_side taker;
    const phc_segment *segments;
    size_t segment_cnt;
    uint64_t number; /* among the trades of the product, from 1 without gaps; at every gateway */
    uint32_t segments_before, segments_in_all; /* of a part; 0: the trade is whole */
} phc_public_trade;

/* Best prices of EACH orders in a run of equal periods; 0 when there is none. */
typedef struct {
    uint32_t product, first_period, periods;
    int64_t bid;
    uint64_t bid_quantity;
    int64_t ask;
    uint64_t ask_quantity;
} phc_best_prices;

/* Market data streams whose book the library keeps; of a product, if nothing else is said. */
typedef enum {
    PHC_STREAM_PRICES = 'P', /* best prices and phase; its trades go to on_trade */
    PHC_STREAM_DEPTH = 'D',
    PHC_STREAM_STATISTICS = 'S',
    PHC_STREAM_CANDLES = 'K',
    PHC_STREAM_PERIOD_CANDLES = 'C', /* candles of each period by itself */
    PHC_STREAM_TYPE = 'T',           /* of a compute type */
    PHC_STREAM_REGION = 'R',         /* of a region, by the site that was registered first in it */
    PHC_STREAM_GRADE = 'G',  /* depth of a grade over all sites, by its number in the catalogue */
    PHC_STREAM_TRADES = 'E', /* every trade, see phc_follow_trades */
} phc_stream;

typedef struct {
    int64_t price;
    uint64_t quantity; /* shown */
} phc_level;

/* EACH orders in one period. */
typedef struct {
    uint32_t period;
    const phc_level *bids, *asks; /* best first */
    size_t bid_cnt, ask_cnt;
} phc_period_depth;

/* Blocks that rest with equal terms. */
typedef struct {
    phc_side side;
    phc_shape shape; /* PHC_BLOCK or PHC_FLEX */
    bool all_or_none;
    uint32_t first_period, periods;
    uint32_t duration; /* FLEX; otherwise 0 */
    int64_t price;
    uint64_t units;
} phc_block_depth;

/* What was traded in one period. */
typedef struct {
    uint32_t period;
    int64_t last, high, low; /* of fills between EACH orders; 0: none yet */
    uint64_t volume;
    int64_t average_price;
    uint64_t open_interest;
} phc_period_statistics;

/* Of each interval; by period: of all periods together. */
enum { PHC_CANDLES_KEPT = 400, PHC_PERIOD_CANDLES_KEPT = 16384 };

/* Prices and volume in an interval of journal time, all delivery periods together or one alone. */
typedef struct {
    uint32_t interval_seconds;      /* 60, 3600 or 86400 */
    uint64_t start;                 /* seconds since 1970 UTC */
    int64_t open, high, low, close; /* of fills between EACH orders; 0: none */
    uint64_t volume;                /* unit-periods */
    int64_t average_price;
    uint64_t trades;
} phc_candle;

/* The candles of one period. */
typedef struct {
    uint32_t period;
    const phc_candle *candles; /* by interval, then start */
    size_t candle_cnt;
} phc_period_candles;

/* What was traded, summed up. */
typedef struct {
    uint64_t trades, volume; /* unit-periods */
    int64_t average_price;   /* 0: nothing was traded */
    int64_t pflops_hour[3];  /* price per PFLOPS-hour at FP16, FP32, FP64; 0: not known */
} phc_totals;

typedef struct {
    phc_compute_type compute_type; /* TYPE; otherwise 0 */
    char region[33];               /* REGION; otherwise empty */
    uint32_t products;
    uint64_t open_interest; /* unit-periods sold in periods that are open */
    uint64_t day;           /* start of the UTC day that of_day is of, in seconds since 1970 */
    phc_totals of_day, ever;
} phc_market_totals;

/* The newest measurement of a site. */
typedef struct {
    uint32_t site;
    uint64_t measured_at;               /* 0: none; pue_ppm is then the design's */
    uint32_t pue_ppm, cue_ppm, wue_ppm; /* as in phc_measurement */
    uint32_t green_grade;
} phc_site_figures;

/* The newest measurement of the network from a region to a site. */
typedef struct {
    char region[33];
    uint32_t site;
    uint64_t measured_at;
    uint32_t rtt_us, bandwidth_mbps, reachable_ppm; /* as in phc_probe */
} phc_network_figures;

/* A stream's book as it stood after a journal sequence. */
typedef struct {
    phc_stream stream;
    uint32_t product; /* or number of the grade, the type, or the region's first site */
    uint64_t epoch, stream_number, sequence;
    uint64_t checksum; /* of the rows below, and what the gateway stated */
    /* PRICES: in order, a row for each period where a price is (`periods` of it is 1). */
    const phc_best_prices *best_prices;
    size_t best_price_cnt;
    const phc_period_depth *periods; /* DEPTH, GRADE: in order, those that are not empty */
    size_t period_cnt;
    const phc_block_depth *blocks; /* DEPTH, GRADE */
    size_t block_cnt;
    const phc_period_statistics *statistics; /* STATISTICS: in order */
    size_t statistics_cnt;
    const phc_candle *candles; /* CANDLES: by interval, then start; the last PHC_CANDLES_KEPT */
    size_t candle_cnt;
    const phc_market_totals *totals;     /* TYPE, REGION; otherwise NULL */
    const phc_site_figures *sites;       /* REGION */
    const phc_network_figures *networks; /* REGION: the matrix of latencies */
    size_t site_cnt, network_cnt;
    phc_phase phase;                /* PRICES, STATISTICS; otherwise 0 */
    int64_t reference_price;        /* STATISTICS; otherwise 0 */
    const uint32_t *grade_products; /* GRADE: whose depth it is, in order of id */
    size_t grade_product_cnt;
    const phc_period_candles *period_candles; /* PERIOD_CANDLES: in order, those that have any */
    size_t period_candle_cnt;
} phc_book;

/* What went wrong with a stream; the library is already putting it right. */
typedef enum {
    PHC_LOSS_GAP = 1,      /* frames are missing: asked for again */
    PHC_LOSS_NOT_KEPT = 2, /* too many are, or they do not come: a snapshot is asked for */
    PHC_LOSS_CHECKSUM = 3, /* the book is not what the gateway has: a snapshot is asked for */
    PHC_LOSS_EPOCH = 4,    /* another gateway, or it was started again: likewise */
    PHC_LOSS_SILENCE = 5,  /* no answer came: asked again */
    PHC_LOSS_BUSY = 6,     /* too many requests: asked again later */
} phc_loss;

/* Any of these may be NULL. */
typedef struct {
    void *arg; /* first argument of every call */
    void (*on_logon)(void *arg, const phc_logon *l);
    /* What existed at logon has been handed over; unanswered commands have been sent again. */
    void (*on_ready)(void *arg);
    void (*on_report)(void *arg, const phc_report *r);
    void (*on_result)(void *arg, const phc_result *r);
    /* The proof and the signature hold, the bytes name this participant and, when `matched`, agree
       with the trade report.  A contract that does not verify is not handed over: on_problem. */
    void (*on_contract)(void *arg, const phc_contract *c, const phc_signed_contract *s,
                        bool matched);
    void (*on_delivery)(void *arg, const phc_delivery *d);
    void (*on_delivery_final)(void *arg, const phc_delivery_final *d);
    void (*on_access)(void *arg, const phc_access *a);
    void (*on_cash)(void *arg, const phc_cash *k);
    void (*on_preview)(void *arg, const phc_preview *p);
    void (*on_why)(void *arg, const phc_why *w);
    void (*on_depth)(void *arg, const phc_depth *d);
    void (*on_open_orders)(void *arg, const phc_open_orders *o);
    void (*on_positions)(void *arg, const phc_positions *p);
    void (*on_balances)(void *arg, const phc_balances *b);
    void (*on_order_status)(void *arg, const phc_order_status *o);
    void (*on_contracts)(void *arg, const phc_contracts *c);
    void (*on_statement)(void *arg, const phc_account_statement *s);
    /* Under a contract of this participant, its own among them; also one that does not hold. */
    void (*on_countersignature)(void *arg, const phc_countersignature *k);
    /* A later key of the notary whose proof holds. */
    void (*on_notary_key)(void *arg, const phc_notary_key *k);
    void (*on_catalogue)(void *arg, const phc_catalogue_entry *e);
    void (*on_catalogue_end)(void *arg, uint64_t request, uint64_t sequence);
    /* The gateway ended or refused the session.  The library tries again, slower each time. */
    void (*on_refused)(void *arg, phc_refusal reason, const char *text);
    /* The market is at its limit; the library sends the command again later by itself. */
    void (*on_busy)(void *arg, uint64_t request, uint64_t client_order_id);
    /* After the logon, with every heartbeat of the gateway, and when little is left. */
    void (*on_limits)(void *arg, const phc_limits *l);
    /* The connection is gone or could not be made; the library is reconnecting. */
    void (*on_disconnected)(void *arg, const char *why);
    /* Something that must not happen did, e.g. a contract that does not verify. */
    void (*on_problem)(void *arg, phc_status status, const char *text);
    /* Of a followed stream PHC_STREAM_PRICES: each trade of it once, in order of their numbers,
       before the book that is after it.  Between the book before PHC_LOSS_NOT_KEPT,
       PHC_LOSS_CHECKSUM or PHC_LOSS_EPOCH and the book that comes next some may be missing:
       phc_follow_trades leaves out none. */
    void (*on_trade)(void *arg, const phc_public_trade *t);
    /* The book of a stream that is followed: whole, and with the gateway's checksum.  After every
       change that was received; valid during the call. */
    void (*on_book)(void *arg, const phc_book *b);
    /* From `first` to `last` (0: not known) the stream was not seen; of PHC_STREAM_TRADES these are
       numbers of trades, and none is lost.  on_book comes again when the
       book is right again. */
    void (*on_loss)(void *arg, phc_stream stream, uint32_t product, phc_loss loss, uint64_t first,
                    uint64_t last);
    /* With each answer to a request of a stream that is followed, and when three quarters of
       named_bytes_max are named. */
    void (*on_stream_limits)(void *arg, const phc_stream_limits *l);
    /* The gateway ended the connection of market data, because this client read too slowly,
       subscribed to too much, or sent faster than could be taken; the library has connected again,
       and asks for what is missing. */
    void (*on_dropped)(void *arg, const char *why);
    /* Of phc_follow_trades: each trade of the product once, in order of `number`, without a
       gap.  When all that the gateway has were told comes on_book, of PHC_STREAM_TRADES and without
       rows: its stream_number is the last one's. */
    void (*on_every_trade)(void *arg, const phc_public_trade *t);
} phc_callbacks;

/* ---- The client ---------------------------------------------------------------------------- */

enum {
    PHC_FRAME_MESSAGES_MAX = 256, /* messages in one frame */
    PHC_FRAME_BYTES_MAX = 65536,
    PHC_UNANSWERED_MAX = 65536, /* commands that may wait for their outcome */
    PHC_TRUSTED_KEYS_MAX = 16,  /* of the notary */
};

typedef struct {
    /* A gateway's ready file.  It is read again before each attempt to connect, so that a gateway
       that was started again elsewhere is found.  Several, with ':' between them: another one is
       tried whenever a connection is lost or cannot be made.  NULL: the three fields below say
       where. */
    const char *connect_file;
    const char *order_entry; /* endpoint */
    const char *market_data; /* endpoint; NULL or "": no market data */
    const char *server_key;  /* Z85, the gateway's public key */
    const phc_key *key;      /* copied */
    /* First numbers that are wanted: last seen + 1; 1: all; 0: only what happens from now on. */
    uint64_t next_report, next_contract;
    /* Likewise; 0: all if next_contract is 1, otherwise from now on. */
    uint64_t next_countersignature;
    /* Ed25519 keys, 32 bytes each, that contracts must be signed with, or those that these
       endorsed; NULL: those that the gateway states. */
    const uint8_t *notary_sign_keys;
    size_t notary_sign_key_cnt; /* at most PHC_TRUSTED_KEYS_MAX */
    /* Contracts that are handed over are countersigned with the key's signature half, once each,
       unless this is true or the key has none. */
    bool no_countersigning;
    /* Orders that a session of this client enters are cancelled when it ends, however it ends; a
       later session does not bring them back.  Groups cannot be entered then. */
    bool cancel_on_disconnect;
    /* Ends every other session of the same key, at every gateway.  Orders that would end with them
       end with this one, or stay without cancel_on_disconnect.  Who is taken over stops for good:
       give a key to one client alone. */
    bool take_over;
    /* Drop copy: reads the streams of this participant (as an AUDITOR of anybody, otherwise only of
       the own one), and sends nothing (PHC_EDENIED). */
    uint32_t copy_of;
    uint32_t unanswered_max; /* 0: PHC_UNANSWERED_MAX */
    phc_callbacks callbacks;
} phc_config;

typedef struct phc_client phc_client;

/* Starts connecting and returns at once; what existed is told from on_logon on, and on_ready says
   that the session is up to date.  Nothing happens but in phc_turn.  Copies everything that config
   points to; only callbacks.arg stays the caller's.
   err receives a sentence on failure (PHC_EINVAL, PHC_EIO, PHC_ENOMEM); *ret is then unchanged. */
PHC_API phc_status phc_open(const phc_config *config, phc_client **ret, char *err, size_t err_size);

/* Drops the connection and frees everything; unanswered commands are forgotten.  NULL is taken. */
PHC_API void phc_close(phc_client *c);

/* For poll, select and epoll: readable (level-triggered) when phc_turn has something to do.  It is
   the client's, the same until phc_close: neither read nor close it.  Call phc_turn(c, 0) once
   after sending and before waiting for it. */
PHC_API int phc_fd(const phc_client *c);

/* Sends what is queued, waits up to timeout_ms (-1: for ever, 0: not at all) for something to
   happen, and makes the calls.  PHC_OK: something was handled; PHC_ETIMEOUT: nothing; PHC_EFATAL:
   the client is of no use any more; PHC_EIO: the wait failed (EINTR: a signal). */
PHC_API phc_status phc_turn(phc_client *c, int timeout_ms);

/* Sends what is queued now, without receiving.  Commands wait for it, or for phc_turn, so that up
   to 256 travel in one frame.  PHC_ENOTREADY: there is no connection, phc_turn makes one;
   PHC_EFATAL as phc_turn. */
PHC_API phc_status phc_flush(phc_client *c);

/* Commands that have no outcome yet. */
PHC_API size_t phc_unanswered(const phc_client *c);

/* True from on_ready until the connection is lost. */
PHC_API bool phc_is_ready(const phc_client *c);

/* Last stream numbers seen; a later phc_open continues with these + 1. */
PHC_API uint64_t phc_last_report(const phc_client *c);
PHC_API uint64_t phc_last_contract(const phc_client *c);
PHC_API uint64_t phc_last_countersignature(const phc_client *c);

/* The sentence of the last failure; never NULL.  Valid until the next call with this client. */
PHC_API const char *phc_error(const phc_client *c);

/* ---- Sending -------------------------------------------------------------------------------
   All of these queue and return at once, also while the connection is gone.  PHC_EINVAL: see
   phc_error; PHC_EFULL: unanswered_max reached; PHC_EDENIED: a drop copy, or a key for reading;
   PHC_EFATAL: the client has stopped; nothing was queued then.  ret_* may be NULL; *ret_request is
   the `request` of the answer. */

/* The outcome is one PHC_ACCEPTED or PHC_REJECTED (or PHC_NOT_TAKEN) report.  client_order_id 0
   needs an open session (PHC_ENOTREADY). */
PHC_API phc_status phc_new_order(phc_client *c, const phc_order *o, uint64_t *ret_client_order_id);

/* By order id or, when that is 0, by client order id. */
PHC_API phc_status phc_cancel(phc_client *c, uint64_t order, uint64_t client_order_id,
                              uint64_t *ret_request);

/* All resting orders; of one product when it is not 0; of another participant (OPERATOR) when that
   is not 0. */
PHC_API phc_status phc_mass_cancel(phc_client *c, uint32_t product, uint32_t participant,
                                   uint64_t *ret_request);

/* New price and new total quantity (executed included), by order id or, when that is 0, by client
   order id.  Answered by on_result, then a PHC_REPLACED report and what executes. */
PHC_API phc_status phc_replace(phc_client *c, uint64_t order, uint64_t client_order_id,
                               int64_t price, uint32_t quantity, uint64_t *ret_request);

/* An exclusive group of 1 to PHC_GROUP_MAX all-or-none BLOCK or FLEX orders: at most one executes.
   Orders with client_order_id 0 get the next ones (needs an open session).  Answered by on_result;
   accepted, a PHC_ACCEPTED report for each follows. */
PHC_API phc_status phc_new_group(phc_client *c, phc_order *orders, size_t cnt,
                                 uint64_t *ret_request);

PHC_API phc_status phc_register_participant(phc_client *c, const phc_participant *p,
                                            uint64_t *ret_request);
PHC_API phc_status phc_register_site(phc_client *c, const phc_site *s, uint64_t *ret_request);
PHC_API phc_status phc_register_hardware(phc_client *c, const phc_hardware *h,
                                         uint64_t *ret_request);
PHC_API phc_status phc_register_capacity(phc_client *c, const phc_capacity *k,
                                         uint64_t *ret_request);
PHC_API phc_status phc_withdraw_capacity(phc_client *c, const phc_capacity *k,
                                         uint64_t *ret_request);
PHC_API phc_status phc_list_product(phc_client *c, const phc_product *p, uint64_t *ret_request);
PHC_API phc_status phc_set_phase(phc_client *c, uint32_t product, phc_phase phase,
                                 uint64_t *ret_request);
PHC_API phc_status phc_set_participant_state(phc_client *c, uint32_t participant,
                                             phc_participant_state state, uint64_t *ret_request);
PHC_API phc_status phc_deposit(phc_client *c, uint32_t participant, int64_t amount,
                               const char *reference, uint64_t *ret_request);
PHC_API phc_status phc_withdraw(phc_client *c, uint32_t participant, int64_t amount,
                                const char *reference, uint64_t *ret_request);

/* Countersigns a contract as on_contract handed it over; to do so again changes nothing.
   PHC_EDENIED: the key has no signature half. */
PHC_API phc_status phc_countersign(phc_client *c, const phc_contract *k,
                                   const phc_signed_contract *s, uint64_t *ret_request);

/* OPERATOR: from the next batch on, contracts are signed by `key`, whose seed makes the proof;
   before: the key in force, which endorses it, or NULL if that is lost.
   PHC_ENOTREADY: which key is in force is not known yet. */
PHC_API phc_status phc_rotate_notary_key(phc_client *c, const phc_key *key, const phc_key *before,
                                         uint64_t *ret_request);

/* The next terms version of a product; its id says of which. */
PHC_API phc_status phc_set_terms(phc_client *c, const phc_product *p, uint64_t *ret_request);
PHC_API phc_status phc_set_product_state(phc_client *c, uint32_t product, phc_product_state state,
                                         uint64_t *ret_request);
PHC_API phc_status phc_set_rules_version(phc_client *c, uint32_t version, uint64_t *ret_request);

/* Of the own participant (0), or by an OPERATOR of another.  A connection whose key is revoked
   ends. */
PHC_API phc_status phc_add_key(phc_client *c, uint32_t participant, phc_key_use use,
                               const uint8_t key[32], uint64_t *ret_request);
PHC_API phc_status phc_revoke_key(phc_client *c, uint32_t participant, phc_key_use use,
                                  const uint8_t key[32], uint64_t *ret_request);

/* Statements: signed with the client's key for the market that it is logged on to (PHC_ENOTREADY
   before that). */
PHC_API phc_status phc_attest_capacity(phc_client *c, const phc_attestation *a,
                                       uint64_t *ret_request);
PHC_API phc_status phc_measure_site(phc_client *c, const phc_measurement *m, uint64_t *ret_request);
PHC_API phc_status phc_report_probe(phc_client *c, const phc_probe *p, uint64_t *ret_request);
PHC_API phc_status phc_report_delivery(phc_client *c, const phc_delivery_report *r,
                                       uint64_t *ret_request);

/* Seals 1 to PHC_ACCESS_MAX bytes to the buyer's Ed25519 key, as the contract states it, and hands
   them over: nobody else can read them. */
PHC_API phc_status phc_hand_over_access(phc_client *c, uint64_t contract,
                                        const uint8_t buyer_key[32], const void *access,
                                        size_t size, uint64_t *ret_request);
PHC_API phc_status phc_confirm_delivery(phc_client *c, uint64_t contract, uint32_t period,
                                        uint64_t *ret_request);
/* delivered: unit-seconds that are claimed, or found. */
PHC_API phc_status phc_dispute_delivery(phc_client *c, uint64_t contract, uint32_t period,
                                        uint64_t delivered, uint64_t *ret_request);
PHC_API phc_status phc_resolve_dispute(phc_client *c, uint64_t contract, uint32_t period,
                                       uint64_t delivered, uint64_t *ret_request);

/* Questions.  Each is answered by its callback; asked again after a lost connection, and when the
   replica was busy. */
PHC_API phc_status phc_ask_preview(phc_client *c, const phc_order *o, uint64_t *ret_request);
/* About an own order that rests, or when that is 0 about the one that is stated. */
PHC_API phc_status phc_ask_why(phc_client *c, uint64_t order, const phc_order *stated,
                               uint64_t *ret_request);

/* What phc_ask_depth asks. */
typedef struct {
    uint32_t product;
    phc_side side;        /* of the block that is thought of: PHC_BUY asks what is offered */
    uint32_t periods;     /* its length */
    uint32_t first_start; /* starts that are asked about */
    uint32_t starts;      /* 1 .. 1,024 */
    int64_t limit;        /* of every unit's average price; 0: none */
    bool without_own;
} phc_depth_question;

PHC_API phc_status phc_ask_depth(phc_client *c, const phc_depth_question *q, uint64_t *ret_request);
/* One order (0: all), after a number. */
PHC_API phc_status phc_ask_orders(phc_client *c, uint64_t order, uint64_t after,
                                  uint64_t *ret_request);
PHC_API phc_status phc_ask_positions(phc_client *c, uint64_t after, uint64_t *ret_request);
PHC_API phc_status phc_ask_balances(phc_client *c, uint64_t *ret_request);
/* What became of one order, by its number or by its client order id; the other is 0. */
PHC_API phc_status phc_ask_order_status(phc_client *c, uint64_t order, uint64_t client_order_id,
                                        uint64_t *ret_request);
/* Own contracts by number, page by page, also those that ended. */
PHC_API phc_status phc_ask_contracts(phc_client *c, const phc_contracts_question *q,
                                     uint64_t *ret_request);
/* Of UTC days from first_day on, by its number since 1970; at least one. */
PHC_API phc_status phc_ask_statement(phc_client *c, uint32_t first_day, uint32_t days,
                                     uint64_t *ret_request);

/* Answered by on_catalogue for each row, then on_catalogue_end.  Asked again after a lost
   connection: rows may then be told twice, on_catalogue_end is told once. */
PHC_API phc_status phc_catalogue(phc_client *c, uint64_t *ret_request);

/* Keeps the book of one stream: on_book.  Lost, doubled and reordered frames are noticed by their
   numbers, a wrong book by its checksum; what is missing is asked for again, a snapshot when it is
   not kept, by itself.  A lost last frame is noticed after a second without another one; of more
   than 32 streams after a second for each 32, because a participant may ask only so much.
   PHC_ENOTFOUND: no feed; PHC_EINVAL: product 0; PHC_EFULL: 4,096 are followed. */
PHC_API phc_status phc_follow(phc_client *c, phc_stream stream, uint32_t product);
/* The same for who needs no single change: the book when it has changed, at most four times a
   second, and no trades. */
PHC_API phc_status phc_follow_conflated(phc_client *c, phc_stream stream, uint32_t product);
/* May be called in the callbacks of the stream itself, of which none follows.  PHC_ENOTFOUND: it is
   not followed. */
PHC_API phc_status phc_unfollow(phc_client *c, phc_stream stream, uint32_t product);

/* Every trade of a product from number `from` on (1: from the first one that ever was; 0: from now
   on): on_every_trade.  The numbers are the same at every gateway and after every restart, and
   every trade can be asked for at any time: whatever happened while there was no connection, or
   before this program was started, is told, at this or another gateway.  An application that is to
   miss nothing remembers the last number that it has worked off, and begins with the next one.
   PHC_ENOTFOUND: no feed; PHC_EINVAL: product 0; PHC_EFULL: 4,096 are followed. */
PHC_API phc_status phc_follow_trades(phc_client *c, uint32_t product, uint64_t from);
/* May be called in the callbacks of the product's trades, of which none follows.  PHC_ENOTFOUND:
   they are not followed. */
PHC_API phc_status phc_unfollow_trades(phc_client *c, uint32_t product);
PHC_API const char *phc_loss_text(phc_loss l); /* NULL: no such loss */

/* ---- Opening and checking what others sent -------------------------------------------------- */

/* Opens sealed access with the key that the contract names for the buyer.  ret has room for
   sealed_size bytes; *ret_size of them are written.  PHC_EVERIFY: sealed to another key, or
   changed. */
PHC_API phc_status phc_access_open(const phc_key *buyer, const uint8_t *sealed, size_t sealed_size,
                                   uint8_t *ret, size_t *ret_size);

/* Checks that `participant` signed this report of a delivery for `market` with sign_key.
   PHC_EVERIFY if not. */
PHC_API phc_status phc_delivery_report_verify(const phc_delivery_report *r, const char *market,
                                              uint32_t participant, const uint8_t sign_key[32],
                                              const uint8_t signature[PHC_SIGNATURE_BYTES]);

/* ---- Verifying a contract alone, without a connection --------------------------------------- */

/* Reads canonical bytes (layout: contracts.md, installed in share/doc/petahour).  segments (at most
   segment_max) receives the segments and must live as long as *ret is used.  PHC_ECORRUPT: not such
   bytes; PHC_EFULL: more segments than room. */
PHC_API phc_status phc_contract_read(const uint8_t *canonical, size_t size, phc_segment *segments,
                                     size_t segment_max, phc_contract *ret);

/* Checks that the canonical bytes are a leaf under the signed root and that sign_key signed it for
   `market`.  PHC_EVERIFY with a sentence in err if anything does not hold. */
PHC_API phc_status phc_contract_verify(const phc_signed_contract *s, const char *market,
                                       const uint8_t sign_key[32], char *err, size_t err_size);

/* True if the countersignature's key signed this contract.  s NULL: the contract with the leaf hash
   that the countersignature states.  Whose key it is, the contract says: buyer_key, supplier_key,
   seller_key. */
PHC_API bool phc_countersignature_verify(const char *market, const phc_signed_contract *s,
                                         const phc_countersignature *k);

#ifdef __cplusplus
}
#endif

#endif
