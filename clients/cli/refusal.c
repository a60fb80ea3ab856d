/* SPDX-License-Identifier: Apache-2.0 */
/* The market's "no" as a sentence.  Its two numbers mean something else for each reason. */
#include "clients/cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CNT(a) (sizeof(a) / sizeof((a)[0]))

typedef enum {
    NONE,
    WHOLE, /* a number, an amount of units, a code */
    ID,    /* of 64 bits; 0: none */
    MONEY,
    TIME,
    PERIOD,
    FIELD, /* of the command, counted from 1 in the order of the protocol */
    ROLE,
    PARTICIPANT_STATE,
    PRODUCT_STATE,
    PHASE,
    DELIVERY_STATE,
} meaning;

typedef struct {
    const char *label;
    meaning of;
} number;

/* Others are told as they come. */
static const struct {
    const char *name;
    number of[2];
} rows[] = {
    {"UNKNOWN_PARTICIPANT", {{"participant", WHOLE}}},
    {"PARTICIPANT_NOT_ACTIVE", {{"participant", WHOLE}, {"state", PARTICIPANT_STATE}}},
    {"ROLE_MISSING", {{"role", ROLE}}},
    {"DUPLICATE", {{"highest used", ID}}},
    {"UNKNOWN_PRODUCT", {{"product", WHOLE}}},
    {"PHASE", {{"product", WHOLE}, {"phase", PHASE}}},
    {"WINDOW_EMPTY", {{"first period", PERIOD}, {"periods", WHOLE}}},
    {"PERIOD_CLOSED", {{"first period", PERIOD}, {"first open", PERIOD}}},
    {"PERIOD_TOO_FAR", {{"last period", PERIOD}, {"last open", PERIOD}}},
    {"QUANTITY_RANGE", {{"quantity", WHOLE}, {"largest", WHOLE}}},
    {"QUANTITY_LOT", {{"quantity", WHOLE}, {"lot", WHOLE}}},
    {"PRICE_RANGE", {{"price", MONEY}, {"largest", MONEY}}},
    {"PRICE_TICK", {{"price", MONEY}, {"tick", MONEY}}},
    {"PRICE_BAND", {{"price", MONEY}, {"bound", MONEY}}},
    {"SHAPE_FIELD", {{"field", FIELD}}},
    {"WINDOW_LENGTH", {{"periods", WHOLE}, {"longest", WHOLE}}},
    {"BLOCKS_FULL", {{"resting", WHOLE}, {"most", WHOLE}}},
    {"CAPACITY", {{"period", PERIOD}, {"hardware units free", WHOLE}}},
    {"CASH_FOR_BOND", {{"needed", MONEY}, {"free", MONEY}}},
    {"CASH_FOR_HOLD", {{"needed", MONEY}, {"free", MONEY}}},
    {"AMOUNT_OVERFLOW", {{NULL, NONE}}},
    {"TABLE_FULL", {{"table", WHOLE}, {"size", WHOLE}}},
    {"UNKNOWN_ORDER", {{"order", WHOLE}}},
    {"ID_NOT_NEXT", {{"id", WHOLE}, {"next", WHOLE}}},
    {"ID_TAKEN", {{"id", WHOLE}}},
    {"FIELD_RANGE", {{"field", FIELD}, {"value", WHOLE}}},
    {"UNKNOWN_SITE", {{"site", WHOLE}}},
    {"UNKNOWN_HARDWARE", {{"hardware", WHOLE}}},
    {"PERIOD_SECONDS", {{"given", WHOLE}, {"in use", WHOLE}}},
    {"CASH_FREE", {{"needed", MONEY}, {"free", MONEY}}},
    {"UNKNOWN_COMMAND", {{"kind", WHOLE}}},
    {"MARKET_NOT_OPEN", {{NULL, NONE}}},
    {"KEY_TAKEN", {{"participant", WHOLE}}},
    {"POST_ONLY", {{NULL, NONE}}},
    {"EXPIRE_AT", {{"expire at", TIME}, {"now", TIME}}},
    {"DISPLAY_QUANTITY", {{"display", WHOLE}, {"least", WHOLE}}},
    {"FLEX_STARTS", {{"duration", WHOLE}, {"starts", WHOLE}}},
    {"ATTESTED_CAPACITY", {{"period", PERIOD}, {"hardware units free", WHOLE}}},
    {"UNKNOWN_CONTRACT", {{"contract", WHOLE}}},
    {"NOT_HELD", {{"period", PERIOD}, {"units free", WHOLE}}},
    {"OLD_TERMS", {{"version", WHOLE}, {"current", WHOLE}}},
    {"RESOLD_TOO_OFTEN", {{"times", WHOLE}, {"most", WHOLE}}},
    {"GROUP_MEMBER", {{"field", FIELD}}},
    {"GROUP_SIZE", {{"members", WHOLE}, {"most", WHOLE}}},
    {"NOT_PARTY", {{"contract", WHOLE}}},
    {"DELIVERY_CLOSED", {{"contract", WHOLE}, {"period", PERIOD}}},
    {"DELIVERY_TIME", {{"from", TIME}, {"until", TIME}}},
    {"DELIVERY_STATE", {{"state", DELIVERY_STATE}}},
    {"DELIVERY_FIGURE", {{"given", WHOLE}, {"bound", WHOLE}}},
    {"CASH_FOR_DEPOSIT", {{"needed", MONEY}, {"free", MONEY}}},
    {"UNKNOWN_KEY", {{"participant", WHOLE}}},
    {"LAST_KEY", {{"participant", WHOLE}}},
    {"FIXED_FIELD", {{"field", FIELD}, {"value", WHOLE}}},
    {"PRODUCT_STATE", {{"product", WHOLE}, {"state", PRODUCT_STATE}}},
    {"RULES_VERSION", {{"given", WHOLE}, {"newest known", WHOLE}}},
};

/* Options of the commands that state a field, by the number of the field. */
static const char *const order_fields[] = {
    [1] = "client-order-id",
    [2] = "product",
    [3] = "side",
    [4] = "shape",
    [5] = "from",
    [6] = "duration",
    [7] = "quantity",
    [8] = "price",
    [9] = "tif",
    [10] = "expire",
    [11] = "all-or-none",
    [12] = "post-only",
    [13] = "display",
    [14] = "cancel-resting",
    [15] = "from-contract",
};
static const char *const product_fields[] = {
    [1] = "id",
    [2] = "symbol",
    [3] = "type",
    [4] = "architecture",
    [5] = "model",
    [6] = "unit",
    [7] = "hardware",
    [8] = "hardware-units",
    [9] = "gflops-fp16",
    [10] = "gflops-fp32",
    [11] = "gflops-fp64",
    [12] = "memory-mib",
    [13] = "interconnect",
    [14] = "site",
    [15] = "availability-ppm",
    [16] = "period-seconds",
    [17] = "tick",
    [18] = "lot",
    [19] = "quantity-max",
    [20] = "block-periods-max",
    [21] = "horizon",
    [22] = "gate-seconds",
    [23] = "maker-ppm",
    [24] = "taker-ppm",
    [25] = "fee-at-trade-ppm",
    [26] = "bond-fixed",
    [27] = "bond-ppm",
    [28] = "report-seconds",
    [29] = "dispute-seconds",
    [30] = "resolve-seconds",
    [31] = "dispute-deposit",
    [32] = "meter",
    [33] = "reference-price",
    [34] = "band-ppm",
    [35] = "terms-hash",
    [36] = "attested-only",
};
static const char *const site_fields[] = {
    [1] = "id",       [2] = "owner",     [3] = "region", [4] = "name",
    [5] = "latitude", [6] = "longitude", [7] = "racks",  [8] = "pue",
};
static const char *const measurement_fields[] = {
    [1] = "SITE", [2] = "at", [3] = "pue", [4] = "cue", [5] = "wue", [6] = "grade",
};
static const char *const probe_fields[] = {
    [1] = "region", [2] = "SITE",           [3] = "at",
    [4] = "rtt-us", [5] = "bandwidth-mbps", [6] = "reachable-ppm",
};
static const char *const participant_fields[] = {[1] = "id", [2] = "roles", [3] = "name"};
/* Of payments alone the market counts from 0, the participant being none of its own. */
static const char *const payment_fields[] = {[0] = "amount", [2] = "reference"};

static const struct {
    const char *command;
    const char *const *names;
    size_t cnt;
} fields_of[] = {
    {"NEW_ORDER", order_fields, CNT(order_fields)},
    {"NEW_GROUP", order_fields, CNT(order_fields)},
    {"LIST_PRODUCT", product_fields, CNT(product_fields)},
    {"SET_TERMS", product_fields, CNT(product_fields)},
    {"REGISTER_SITE", site_fields, CNT(site_fields)},
    {"MEASURE_SITE", measurement_fields, CNT(measurement_fields)},
    {"REPORT_PROBE", probe_fields, CNT(probe_fields)},
    {"REGISTER_PARTICIPANT", participant_fields, CNT(participant_fields)},
    {"DEPOSIT", payment_fields, CNT(payment_fields)},
    {"WITHDRAW", payment_fields, CNT(payment_fields)},
};

static const char *field_name(const char *command, int64_t field)
{
    for (size_t i = 0; i < CNT(fields_of); i++) {
        if (strcmp(fields_of[i].command, command) != 0) continue;
        return field >= 0 && (uint64_t)field < fields_of[i].cnt ? fields_of[i].names[field] : NULL;
    }
    return NULL;
}

static const char *const delivery_states[] = {"-", "AWAITED", "REPORTED", "DISPUTED"};

enum { VALUE_ROOM = 48 };

static void put_value(const cli_refusal *r, meaning of, int64_t v, char to[VALUE_ROOM])
{
    char room[64];
    const char *word = NULL;
    bool is_number = v >= 0 && v <= UINT32_MAX;
    if (of == MONEY) word = phc_money_text(v, room);
    if (of == TIME && v > 0) word = phc_time_text((uint64_t)v, room);
    if (of == PERIOD && is_number && r->period_seconds != 0)
        word = phc_time_text(phc_period_start((uint32_t)v, r->period_seconds), room);
    if (of == ROLE && is_number) word = phc_roles_text((uint32_t)v, room);
    if (of == PARTICIPANT_STATE) word = phc_participant_state_text((phc_participant_state)v);
    if (of == PRODUCT_STATE) word = phc_product_state_text((phc_product_state)v);
    if (of == DELIVERY_STATE && v >= PHC_AWAITED && v <= PHC_DISPUTED) word = delivery_states[v];
    if (of == PHASE) word = phc_phase_text((phc_phase)v);
    const char *field = of == FIELD ? field_name(r->command, v) : NULL;
    if (field != NULL)
        snprintf(to, VALUE_ROOM, "%s%s", field[0] >= 'a' ? "--" : "", field);
    else if (word != NULL && word[0] != '\0')
        snprintf(to, VALUE_ROOM, "%s", word);
    else if (of == ID)
        snprintf(to, VALUE_ROOM, "%" PRIu64, (uint64_t)v);
    else
        snprintf(to, VALUE_ROOM, "%" PRId64, v);
}

char *cli_refusal_text(const cli_refusal *r, char to[CLI_REFUSAL_ROOM])
{
    static const number unknown[2] = {{"", WHOLE}, {"", WHOLE}};
    const number *of = unknown;
    for (size_t i = 0; i < CNT(rows); i++)
        if (strcmp(rows[i].name, r->name) == 0) of = rows[i].of;
    int n = snprintf(to, CLI_REFUSAL_ROOM, "%.40s: %.200s", r->name, r->text);
    const char *before = " (";
    for (int i = 0; i < 2; i++) {
        char value[VALUE_ROOM];
        if (of[i].of == NONE || (of[i].of == ID && r->args[i] == 0)) break;
        put_value(r, of[i].of, r->args[i], value);
        n += snprintf(to + n, CLI_REFUSAL_ROOM - (size_t)n, "%s%s%s%s", before, of[i].label,
                      of[i].label[0] == '\0' ? "" : " ", value);
        before = ", ";
    }
    if (before[0] == ',') snprintf(to + n, CLI_REFUSAL_ROOM - (size_t)n, ")");
    return to;
}
