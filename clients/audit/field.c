/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/field.h"

#include <string.h>

#include "engine/core/market.h"

#define X(name) +sizeof(uint32_t)
_Static_assert(sizeof(ph_market_limits) == (0 PH_MARKET_SIZES(X)), "every size is in the list");
#undef X

#define COMMAND_ROW(form_, name_, field_, of_)                         \
    {.name = #name_,                                                   \
     .form = PH_FORM_##form_,                                          \
     .of = PH_ENUM_##of_,                                              \
     .offset = offsetof(ph_command, field_) - offsetof(ph_command, u), \
     .size = sizeof(((ph_command *)NULL)->field_)},

#define EVENT_ROW(form_, name_, field_, of_)                       \
    {.name = #name_,                                               \
     .form = PH_FORM_##form_,                                      \
     .of = PH_ENUM_##of_,                                          \
     .offset = offsetof(ph_event, field_) - offsetof(ph_event, u), \
     .size = sizeof(((ph_event *)NULL)->field_)},

#define K(kind, FIELDS, member) \
    static const ph_field rows_##kind[] = {FIELDS(COMMAND_ROW, u.member)};
COMMAND_KINDS(K)
#undef K

#define K(kind, FIELDS, member) static const ph_field rows_##kind[] = {FIELDS(EVENT_ROW, u.member)};
EVENT_KINDS(K)
#undef K

#define K(kind, FIELDS, member) [kind] = {rows_##kind, sizeof rows_##kind / sizeof rows_##kind[0]},
static const ph_field_list command_lists[PH_CMD_KIND_MAX + 1] = {COMMAND_KINDS(K)};
static const ph_field_list event_lists[PH_EVT_KIND_MAX + 1] = {EVENT_KINDS(K)};
#undef K

ph_field_list ph_command_fields(ph_command_kind kind)
{
    if ((int)kind < 0 || (int)kind > PH_CMD_KIND_MAX) return (ph_field_list){.v = NULL};
    return command_lists[kind];
}

ph_field_list ph_event_fields(ph_event_kind kind)
{
    if ((int)kind < 0 || (int)kind > PH_EVT_KIND_MAX) return (ph_field_list){.v = NULL};
    return event_lists[kind];
}

const char *ph_enumeration_word(ph_enumeration of, unsigned value)
{
    switch (of) {
    case PH_ENUM_0: break;
#define E(name, type, highest, word) \
    case PH_ENUM_##name: return word((type)value);
        PH_ENUMERATIONS(E)
#undef E
    }
    return "?";
}

static unsigned highest_of(ph_enumeration of)
{
    switch (of) {
    case PH_ENUM_0: break;
#define E(name, type, highest, word) \
    case PH_ENUM_##name: return highest;
        PH_ENUMERATIONS(E)
#undef E
    }
    return 0;
}

unsigned ph_enumeration_value(ph_enumeration of, const char *word)
{
    unsigned highest = highest_of(of);
    for (unsigned v = 1; v <= highest; v++) {
        if (strcmp(ph_enumeration_word(of, v), word) == 0) return v;
    }
    return 0;
}

const char *ph_role_word(unsigned bit)
{
    static const char *const words[] = {"SUPPLIER", "BUYER", "METER", "AUDITOR", "OPERATOR"};
    _Static_assert((1 << (sizeof words / sizeof words[0])) - 1 == PH_ROLES_ALL, "every role");
    return bit < sizeof words / sizeof words[0] ? words[bit] : NULL;
}
