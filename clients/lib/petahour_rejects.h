/* SPDX-License-Identifier: Apache-2.0 */
/*  petahour_rejects.h - why the market refuses a command: each code, and what its two
    numbers are.

    phc_report and phc_result have the code in reject_code, its name in reject_name ("PRICE_TICK"),
    its text in reject_text, and the numbers in reject_arg0 and reject_arg1.  A code keeps its
    meaning for ever; a later market may have more, whose name and text come with the refusal.

    The numbers have the units of the fields that they are about: money and prices in millionths,
    times in nanoseconds since 1970, periods by their number since 1970.  A number that is unsigned
    where it comes from (an id) is its 64 bits. */
#ifndef PETAHOUR_REJECTS_H
#define PETAHOUR_REJECTS_H

/* name, code, text, what reject_arg0 is, what reject_arg1 is ("-": nothing, 0) */
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

#endif
