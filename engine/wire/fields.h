/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/wire/fields.h - the fields of every command and event, once.

    One list per kind, in the order of its bytes: F(form, name, field, of).  Whoever writes or reads
    commands and events (canonical bytes, JSON) makes it from these lists, so that no two of them
    can disagree about what a command has.

    form      how the field is kept: u32, u64, i32, i64, boo, enu, text, blob as they are;
              time (u64 nanoseconds), period (u32), roles (u32 of PH_ROLE_* bits), reject (u32
              code of reject.h), account (kind and id), group and access (as long as they say)
    name      what people call it
    field     where it is in the struct
    of        enu: the enumeration, a row of PH_ENUMERATIONS; otherwise 0

    Include it where the lists are used; it defines macros alone. */
#ifndef ENGINE_WIRE_FIELDS_H
#define ENGINE_WIRE_FIELDS_H

/* name, type, highest value (the lowest is 1), value to word */
#define PH_ENUMERATIONS(E)                                                                       \
    E(command_kind, ph_command_kind, PH_CMD_KIND_MAX, ph_command_kind_name)                      \
    E(compute_type, ph_compute_type, PH_COMPUTE_EDGE, ph_compute_type_name)                      \
    E(architecture, ph_architecture, PH_ARCH_NPU, ph_architecture_name)                          \
    E(phase, ph_phase, PH_PHASE_CLOSED, ph_phase_name)                                           \
    E(participant_state, ph_participant_state, PH_PARTICIPANT_CLOSED, ph_participant_state_name) \
    E(product_state, ph_product_state, PH_PRODUCT_DELISTED, ph_product_state_name)               \
    E(side, ph_side, PH_SIDE_SELL, ph_side_name)                                                 \
    E(shape, ph_shape, PH_SHAPE_FLEX, ph_shape_name)                                             \
    E(time_in_force, ph_time_in_force, PH_TIF_FOK, ph_time_in_force_name)                        \
    E(stp, ph_stp, PH_STP_CANCEL_RESTING, ph_stp_name)                                           \
    E(key_use, ph_key_use, PH_KEY_READING, ph_key_use_name)                                      \
    E(account_kind, ph_account_kind, PH_ACCOUNT_PREMIUM, ph_account_kind_name)                   \
    E(cancel_reason, ph_cancel_reason, PH_CANCEL_REASON_MAX, ph_cancel_reason_name)              \
    E(transfer_reason, ph_transfer_reason, PH_TRANSFER_REASON_MAX, ph_transfer_reason_name)      \
    E(delivery_step, ph_delivery_step, PH_DELIVERY_STEP_MAX, ph_delivery_step_name)              \
    E(final_cause, ph_final_cause, PH_FINAL_CAUSE_MAX, ph_final_cause_name)

#define FIELDS_OPEN_MARKET(F, of)                           \
    F(u32, rules_version, of.rules_version, 0)              \
    F(text, market, of.market.s, 0)                         \
    F(text, currency, of.currency, 0)                       \
    F(text, operator_name, of.operator_name.s, 0)           \
    F(blob, operator_curve_key, of.operator_curve_key.b, 0) \
    F(blob, operator_sign_key, of.operator_sign_key.b, 0)   \
    F(blob, notary_sign_key, of.notary_sign_key.b, 0)

#define FIELDS_PARTICIPANT(F, of)         \
    F(u32, id, of.id.v, 0)                \
    F(roles, roles, of.roles, 0)          \
    F(text, name, of.name.s, 0)           \
    F(blob, curve_key, of.curve_key.b, 0) \
    F(blob, sign_key, of.sign_key.b, 0)

#define FIELDS_SITE(F, of)                       \
    F(u32, id, of.id.v, 0)                       \
    F(u32, owner, of.owner.v, 0)                 \
    F(text, region, of.region.s, 0)              \
    F(text, name, of.name.s, 0)                  \
    F(i32, latitude_udeg, of.latitude_udeg, 0)   \
    F(i32, longitude_udeg, of.longitude_udeg, 0) \
    F(u32, racks, of.racks, 0)                   \
    F(u32, pue_ppm, of.pue_ppm, 0)

#define FIELDS_HARDWARE(F, of) \
    F(u32, id, of.id.v, 0)     \
    F(text, name, of.name.s, 0)

#define FIELDS_CAPACITY(F, of)                   \
    F(u64, reference, of.reference, 0)           \
    F(u32, site, of.site.v, 0)                   \
    F(u32, hardware, of.hardware.v, 0)           \
    F(u32, period_seconds, of.period_seconds, 0) \
    F(period, first_period, of.window.first, 0)  \
    F(u32, periods, of.window.periods, 0)        \
    F(u32, units, of.units, 0)

#define FIELDS_PRODUCT(F, of)                           \
    F(u32, id, of.id.v, 0)                              \
    F(text, symbol, of.symbol.s, 0)                     \
    F(enu, compute_type, of.compute_type, compute_type) \
    F(enu, architecture, of.architecture, architecture) \
    F(text, model, of.model.s, 0)                       \
    F(text, unit, of.unit.s, 0)                         \
    F(u32, hardware, of.hardware.v, 0)                  \
    F(u32, hardware_units, of.hardware_units, 0)        \
    F(u32, gflops_fp16, of.gflops_fp16, 0)              \
    F(u32, gflops_fp32, of.gflops_fp32, 0)              \
    F(u32, gflops_fp64, of.gflops_fp64, 0)              \
    F(u32, memory_mib, of.memory_mib, 0)                \
    F(text, interconnect, of.interconnect.s, 0)         \
    F(u32, site, of.site.v, 0)                          \
    F(u32, availability_ppm, of.availability_ppm, 0)    \
    F(u32, period_seconds, of.period_seconds, 0)        \
    F(i64, tick, of.tick, 0)                            \
    F(u32, lot, of.lot, 0)                              \
    F(u32, quantity_max, of.quantity_max, 0)            \
    F(u32, block_periods_max, of.block_periods_max, 0)  \
    F(u32, horizon, of.horizon, 0)                      \
    F(u32, gate_seconds, of.gate_seconds, 0)            \
    F(u32, maker_ppm, of.maker_ppm, 0)                  \
    F(u32, taker_ppm, of.taker_ppm, 0)                  \
    F(u32, fee_at_trade_ppm, of.fee_at_trade_ppm, 0)    \
    F(i64, bond_fixed, of.bond_fixed, 0)                \
    F(u32, bond_ppm, of.bond_ppm, 0)                    \
    F(u32, report_seconds, of.report_seconds, 0)        \
    F(u32, dispute_seconds, of.dispute_seconds, 0)      \
    F(u32, resolve_seconds, of.resolve_seconds, 0)      \
    F(i64, dispute_deposit, of.dispute_deposit, 0)      \
    F(u32, meter, of.meter.v, 0)                        \
    F(i64, reference_price, of.reference_price, 0)      \
    F(u32, band_ppm, of.band_ppm, 0)                    \
    F(blob, terms_hash, of.terms_hash.b, 0)             \
    F(boo, attested_only, of.attested_only, 0)

#define FIELDS_PHASE(F, of)          \
    F(u32, product, of.product.v, 0) \
    F(enu, phase, of.phase, phase)

#define FIELDS_PARTICIPANT_STATE(F, of)      \
    F(u32, participant, of.participant.v, 0) \
    F(enu, state, of.state, participant_state)

#define FIELDS_PAYMENT(F, of)                \
    F(u32, participant, of.participant.v, 0) \
    F(i64, amount, of.amount, 0)             \
    F(text, reference, of.reference.s, 0)

#define FIELDS_ORDER(F, of)                                \
    F(u64, client_order_id, of.client_order_id, 0)         \
    F(u32, product, of.product.v, 0)                       \
    F(enu, side, of.side, side)                            \
    F(enu, shape, of.shape, shape)                         \
    F(period, first_period, of.window.first, 0)            \
    F(u32, periods, of.window.periods, 0)                  \
    F(u32, duration, of.duration, 0)                       \
    F(u32, quantity, of.quantity, 0)                       \
    F(i64, price, of.price, 0)                             \
    F(enu, time_in_force, of.time_in_force, time_in_force) \
    F(time, expire_at, of.expire_at.ns, 0)                 \
    F(boo, all_or_none, of.all_or_none, 0)                 \
    F(boo, post_only, of.post_only, 0)                     \
    F(u32, display_quantity, of.display_quantity, 0)       \
    F(enu, stp, of.stp, stp)                               \
    F(u64, from_contract, of.from_contract.v, 0)

#define FIELDS_CANCEL(F, of)     \
    F(u64, order, of.order.v, 0) \
    F(u64, client_order_id, of.client_order_id, 0)

#define FIELDS_MASS_CANCEL(F, of)    \
    F(u32, product, of.product.v, 0) \
    F(u32, participant, of.participant.v, 0)

#define FIELDS_REPLACE(F, of)                      \
    F(u64, order, of.order.v, 0)                   \
    F(u64, client_order_id, of.client_order_id, 0) \
    F(i64, price, of.price, 0)                     \
    F(u32, quantity, of.quantity, 0)

#define FIELDS_KEY(F, of)                    \
    F(u32, participant, of.participant.v, 0) \
    F(enu, use, of.use, key_use)             \
    F(blob, key, of.key.b, 0)

#define FIELDS_PRODUCT_STATE(F, of)  \
    F(u32, product, of.product.v, 0) \
    F(enu, state, of.state, product_state)

#define FIELDS_CAPACITY_WITHDRAWAL(F, of)       \
    F(u64, reference, of.reference, 0)          \
    F(u32, site, of.site.v, 0)                  \
    F(u32, hardware, of.hardware.v, 0)          \
    F(period, first_period, of.window.first, 0) \
    F(u32, periods, of.window.periods, 0)       \
    F(u32, units, of.units, 0)

#define FIELDS_ATTESTATION(F, of)               \
    F(u64, reference, of.reference, 0)          \
    F(u32, supplier, of.supplier.v, 0)          \
    F(u32, site, of.site.v, 0)                  \
    F(u32, hardware, of.hardware.v, 0)          \
    F(period, first_period, of.window.first, 0) \
    F(u32, periods, of.window.periods, 0)       \
    F(u32, units, of.units, 0)                  \
    F(blob, document, of.document.b, 0)         \
    F(blob, signature, of.signature.b, 0)

#define FIELDS_MEASUREMENT(F, of)              \
    F(u32, site, of.site.v, 0)                 \
    F(time, measured_at, of.measured_at.ns, 0) \
    F(u32, pue_ppm, of.pue_ppm, 0)             \
    F(u32, cue_ppm, of.cue_ppm, 0)             \
    F(u32, wue_ppm, of.wue_ppm, 0)             \
    F(u32, green_grade, of.green_grade, 0)     \
    F(blob, signature, of.signature.b, 0)

#define FIELDS_PROBE(F, of)                      \
    F(text, region, of.region.s, 0)              \
    F(u32, site, of.site.v, 0)                   \
    F(time, measured_at, of.measured_at.ns, 0)   \
    F(u32, rtt_us, of.rtt_us, 0)                 \
    F(u32, bandwidth_mbps, of.bandwidth_mbps, 0) \
    F(u32, reachable_ppm, of.reachable_ppm, 0)   \
    F(blob, signature, of.signature.b, 0)

#define FIELDS_REPORT(F, of)           \
    F(u64, contract, of.contract.v, 0) \
    F(period, period, of.period, 0)    \
    F(u64, delivered, of.delivered, 0) \
    F(u64, energy_wh, of.energy_wh, 0) \
    F(blob, signature, of.signature.b, 0)

#define FIELDS_CONFIRMATION(F, of)     \
    F(u64, contract, of.contract.v, 0) \
    F(period, period, of.period, 0)

#define FIELDS_FIGURE(F, of)           \
    F(u64, contract, of.contract.v, 0) \
    F(period, period, of.period, 0)    \
    F(u64, delivered, of.delivered, 0)

#define FIELDS_RULES(F, of) F(u32, version, of.version, 0)

#define FIELDS_COUNTERSIGNATURE(F, of) \
    F(u64, contract, of.contract.v, 0) \
    F(blob, key, of.key.b, 0)          \
    F(blob, signature, of.signature.b, 0)

#define FIELDS_NOTARY_KEY(F, of)  \
    F(blob, key, of.key.b, 0)     \
    F(blob, proof, of.proof.b, 0) \
    F(blob, endorsement, of.endorsement.b, 0)

#define FIELDS_TAKE_OVER(F, of) \
    F(blob, key, of.key.b, 0)   \
    F(u64, from, of.from, 0)    \
    F(boo, keeps, of.keeps, 0)

/* Two kinds are as long as they say: a group has cnt orders, an access size bytes. */
#define FIELDS_GROUP(F, of)  F(group, orders, of, 0)
#define FIELDS_ACCESS(F, of) F(access, access, of, 0)

#define FIELDS_REJECTED(F, of)                     \
    F(enu, command, of.command, command_kind)      \
    F(reject, code, of.code, 0)                    \
    F(i64, arg0, of.arg0, 0)                       \
    F(i64, arg1, of.arg1, 0)                       \
    F(u64, client_order_id, of.client_order_id, 0) \
    F(u32, member, of.member, 0)                   \
    F(u64, order, of.order.v, 0)

#define FIELDS_ACCEPTED(F, of)   \
    F(u64, order, of.order.v, 0) \
    F(u64, place, of.place, 0)   \
    F(i64, hold, of.hold, 0)

#define FIELDS_DONE(F, of)                    \
    F(enu, command, of.command, command_kind) \
    F(u64, count, of.count, 0)

#define FIELDS_CANCELLED(F, of)                    \
    F(u64, order, of.order.v, 0)                   \
    F(u32, participant, of.participant.v, 0)       \
    F(u64, client_order_id, of.client_order_id, 0) \
    F(u32, product, of.product.v, 0)               \
    F(enu, reason, of.reason, cancel_reason)       \
    F(u64, unit_periods, of.unit_periods, 0)

#define FIELDS_PERIOD_LOST(F, of)                  \
    F(u64, order, of.order.v, 0)                   \
    F(u32, participant, of.participant.v, 0)       \
    F(u64, client_order_id, of.client_order_id, 0) \
    F(u32, product, of.product.v, 0)               \
    F(period, period, of.period, 0)                \
    F(u32, quantity, of.quantity, 0)               \
    F(enu, reason, of.reason, cancel_reason)

#define FIELDS_TRADE(F, of)                                  \
    F(u64, trade, of.trade.v, 0)                             \
    F(u64, contract, of.contract.v, 0)                       \
    F(u32, product, of.product.v, 0)                         \
    F(u32, terms_version, of.terms_version, 0)               \
    F(u32, buyer, of.buyer.v, 0)                             \
    F(u32, seller, of.seller.v, 0)                           \
    F(u32, supplier, of.supplier.v, 0)                       \
    F(u64, from_contract, of.from_contract.v, 0)             \
    F(u64, buy_order, of.buy_order.v, 0)                     \
    F(u64, sell_order, of.sell_order.v, 0)                   \
    F(u64, buy_client_order_id, of.buy_client_order_id, 0)   \
    F(u64, sell_client_order_id, of.sell_client_order_id, 0) \
    F(u64, buy_leaves, of.buy_leaves, 0)                     \
    F(u64, sell_leaves, of.sell_leaves, 0)                   \
    F(enu, taker, of.taker, side)                            \
    F(i64, notional, of.notional, 0)                         \
    F(i64, supplier_notional, of.supplier_notional, 0)       \
    F(i64, premium, of.premium, 0)                           \
    F(i64, buyer_fee, of.buyer_fee, 0)                       \
    F(i64, supplier_fee, of.supplier_fee, 0)                 \
    F(i64, reseller_fee, of.reseller_fee, 0)                 \
    F(i64, buyer_fee_at_trade, of.buyer_fee_at_trade, 0)     \
    F(i64, bond, of.bond, 0)                                 \
    F(u32, segment_cnt, of.segment_cnt, 0)

#define FIELDS_SEGMENT(F, of)                   \
    F(period, first_period, of.window.first, 0) \
    F(u32, periods, of.window.periods, 0)       \
    F(u32, quantity, of.quantity, 0)            \
    F(i64, price, of.price, 0)

#define FIELDS_TRANSFER(F, of)       \
    F(account, debit, of.debit, 0)   \
    F(account, credit, of.credit, 0) \
    F(i64, amount, of.amount, 0)     \
    F(enu, reason, of.reason, transfer_reason)

#define FIELDS_GATE_CLOSED(F, of)    \
    F(u32, product, of.product.v, 0) \
    F(period, period, of.period, 0)

#define FIELDS_PHASE_CHANGED(F, of)  \
    F(u32, product, of.product.v, 0) \
    F(enu, phase, of.phase, phase)

#define FIELDS_REFERENCE_SET(F, of)  \
    F(u32, product, of.product.v, 0) \
    F(i64, price, of.price, 0)

#define FIELDS_REPLACED(F, of)                     \
    F(u64, order, of.order.v, 0)                   \
    F(u32, participant, of.participant.v, 0)       \
    F(u64, client_order_id, of.client_order_id, 0) \
    F(u32, product, of.product.v, 0)               \
    F(u64, place, of.place, 0)                     \
    F(i64, price, of.price, 0)                     \
    F(u32, quantity, of.quantity, 0)               \
    F(u64, unit_periods, of.unit_periods, 0)       \
    F(i64, hold, of.hold, 0)

#define FIELDS_CLIP_SHOWN(F, of)             \
    F(u64, order, of.order.v, 0)             \
    F(u32, participant, of.participant.v, 0) \
    F(u32, product, of.product.v, 0)         \
    F(period, period, of.period, 0)          \
    F(u32, quantity, of.quantity, 0)         \
    F(u64, place, of.place, 0)

#define FIELDS_DELIVERY(F, of)           \
    F(u64, contract, of.contract.v, 0)   \
    F(period, period, of.period, 0)      \
    F(enu, step, of.step, delivery_step) \
    F(u32, by, of.by.v, 0)               \
    F(u64, figure, of.figure, 0)         \
    F(time, due, of.due.ns, 0)

#define FIELDS_DELIVERY_FINAL(F, of)     \
    F(u64, contract, of.contract.v, 0)   \
    F(period, period, of.period, 0)      \
    F(enu, cause, of.cause, final_cause) \
    F(u64, delivered, of.delivered, 0)   \
    F(u64, promised, of.promised, 0)

#define FIELDS_TERMS_SET(F, of)      \
    F(u32, product, of.product.v, 0) \
    F(u32, terms_version, of.terms_version, 0)

/* kind, field list, member of the union */
#define COMMAND_KINDS(K)                                                         \
    K(PH_CMD_OPEN_MARKET, FIELDS_OPEN_MARKET, open_market)                       \
    K(PH_CMD_REGISTER_PARTICIPANT, FIELDS_PARTICIPANT, participant)              \
    K(PH_CMD_REGISTER_SITE, FIELDS_SITE, site)                                   \
    K(PH_CMD_REGISTER_HARDWARE, FIELDS_HARDWARE, hardware)                       \
    K(PH_CMD_REGISTER_CAPACITY, FIELDS_CAPACITY, capacity)                       \
    K(PH_CMD_LIST_PRODUCT, FIELDS_PRODUCT, product)                              \
    K(PH_CMD_SET_PHASE, FIELDS_PHASE, phase)                                     \
    K(PH_CMD_SET_PARTICIPANT_STATE, FIELDS_PARTICIPANT_STATE, participant_state) \
    K(PH_CMD_DEPOSIT, FIELDS_PAYMENT, payment)                                   \
    K(PH_CMD_WITHDRAW, FIELDS_PAYMENT, payment)                                  \
    K(PH_CMD_NEW_ORDER, FIELDS_ORDER, order)                                     \
    K(PH_CMD_CANCEL_ORDER, FIELDS_CANCEL, cancel)                                \
    K(PH_CMD_MASS_CANCEL, FIELDS_MASS_CANCEL, mass_cancel)                       \
    K(PH_CMD_REPLACE_ORDER, FIELDS_REPLACE, replace)                             \
    K(PH_CMD_NEW_GROUP, FIELDS_GROUP, group)                                     \
    K(PH_CMD_ADD_KEY, FIELDS_KEY, key)                                           \
    K(PH_CMD_REVOKE_KEY, FIELDS_KEY, key)                                        \
    K(PH_CMD_SET_TERMS, FIELDS_PRODUCT, product)                                 \
    K(PH_CMD_SET_PRODUCT_STATE, FIELDS_PRODUCT_STATE, product_state)             \
    K(PH_CMD_WITHDRAW_CAPACITY, FIELDS_CAPACITY_WITHDRAWAL, capacity_withdrawal) \
    K(PH_CMD_ATTEST_CAPACITY, FIELDS_ATTESTATION, attestation)                   \
    K(PH_CMD_MEASURE_SITE, FIELDS_MEASUREMENT, measurement)                      \
    K(PH_CMD_REPORT_PROBE, FIELDS_PROBE, probe)                                  \
    K(PH_CMD_HAND_OVER_ACCESS, FIELDS_ACCESS, access)                            \
    K(PH_CMD_REPORT_DELIVERY, FIELDS_REPORT, report)                             \
    K(PH_CMD_CONFIRM_DELIVERY, FIELDS_CONFIRMATION, confirmation)                \
    K(PH_CMD_DISPUTE_DELIVERY, FIELDS_FIGURE, figure)                            \
    K(PH_CMD_RESOLVE_DISPUTE, FIELDS_FIGURE, figure)                             \
    K(PH_CMD_SET_RULES_VERSION, FIELDS_RULES, rules)                             \
    K(PH_CMD_COUNTERSIGN_CONTRACT, FIELDS_COUNTERSIGNATURE, countersignature)    \
    K(PH_CMD_ROTATE_NOTARY_KEY, FIELDS_NOTARY_KEY, notary_key)                   \
    K(PH_CMD_TAKE_OVER, FIELDS_TAKE_OVER, take_over)

#define EVENT_KINDS(K)                                              \
    K(PH_EVT_REJECTED, FIELDS_REJECTED, rejected)                   \
    K(PH_EVT_ACCEPTED, FIELDS_ACCEPTED, accepted)                   \
    K(PH_EVT_DONE, FIELDS_DONE, done)                               \
    K(PH_EVT_CANCELLED, FIELDS_CANCELLED, cancelled)                \
    K(PH_EVT_PERIOD_LOST, FIELDS_PERIOD_LOST, period_lost)          \
    K(PH_EVT_TRADE, FIELDS_TRADE, trade)                            \
    K(PH_EVT_SEGMENT, FIELDS_SEGMENT, segment)                      \
    K(PH_EVT_TRANSFER, FIELDS_TRANSFER, transfer)                   \
    K(PH_EVT_GATE_CLOSED, FIELDS_GATE_CLOSED, gate_closed)          \
    K(PH_EVT_PHASE_CHANGED, FIELDS_PHASE_CHANGED, phase_changed)    \
    K(PH_EVT_REFERENCE_SET, FIELDS_REFERENCE_SET, reference_set)    \
    K(PH_EVT_REPLACED, FIELDS_REPLACED, replaced)                   \
    K(PH_EVT_CLIP_SHOWN, FIELDS_CLIP_SHOWN, clip_shown)             \
    K(PH_EVT_DELIVERY, FIELDS_DELIVERY, delivery)                   \
    K(PH_EVT_DELIVERY_FINAL, FIELDS_DELIVERY_FINAL, delivery_final) \
    K(PH_EVT_TERMS_SET, FIELDS_TERMS_SET, terms_set)

#endif
