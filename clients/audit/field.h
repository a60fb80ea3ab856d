/* SPDX-License-Identifier: Apache-2.0 */
/*  clients/audit/field.h - the fields of commands and events as rows that a program can walk.

    Made from engine/wire/fields.h, like the canonical bytes: what the engine reads and writes is
    what a scenario can say and what a simulation shows.

    Owns      nothing: constants.
    Thread    any. */
#ifndef CLIENTS_AUDIT_FIELD_H
#define CLIENTS_AUDIT_FIELD_H

#include <stddef.h>

#include "engine/wire/codec.h"
#include "engine/wire/fields.h"

/* How a field is kept; see engine/wire/fields.h. */
typedef enum {
    PH_FORM_u32,
    PH_FORM_u64,
    PH_FORM_i32,
    PH_FORM_i64,
    PH_FORM_boo,
    PH_FORM_enu,
    PH_FORM_text,
    PH_FORM_blob,
    PH_FORM_time,
    PH_FORM_period,
    PH_FORM_roles,
    PH_FORM_reject,
    PH_FORM_account,
    PH_FORM_group,
    PH_FORM_access,
} ph_form;

typedef enum {
    PH_ENUM_0, /* of a field that is no enumeration */
#define E(name, type, highest, word) PH_ENUM_##name,
    PH_ENUMERATIONS(E)
#undef E
} ph_enumeration;

/* The sizes of a market, members of ph_market_limits. */
#define PH_MARKET_SIZES(X) \
    X(participants_max)    \
    X(sites_max)           \
    X(hardware_max)        \
    X(products_max)        \
    X(pools_max)           \
    X(ring_periods)        \
    X(orders_max)          \
    X(order_periods_max)   \
    X(blocks_max)          \
    X(contracts_max)       \
    X(references_max)      \
    X(terms_max)           \
    X(deliveries_max)      \
    X(lots_max)            \
    X(disputes_max)        \
    X(probes_max)          \
    X(levels_max)

typedef struct {
    const char *name;
    ph_form form;
    ph_enumeration of;
    size_t offset; /* from the start of the kind's own struct, a member of the union u */
    size_t size;
} ph_field;

typedef struct {
    const ph_field *v;
    size_t cnt;
} ph_field_list;

/* In the order of the canonical bytes; none for TICK and for a kind that is not in the list. */
ph_field_list ph_command_fields(ph_command_kind kind);
ph_field_list ph_event_fields(ph_event_kind kind);

/* "BUY"; "?" for a value that is not in the list. */
const char *ph_enumeration_word(ph_enumeration of, unsigned value);

/* The value of a word, or 0 if no value has it. */
unsigned ph_enumeration_value(ph_enumeration of, const char *word);

/* "SUPPLIER" for the role's bit, counted from 0; NULL when there is none. */
const char *ph_role_word(unsigned bit);

#endif
