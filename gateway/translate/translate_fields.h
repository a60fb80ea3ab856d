/* SPDX-License-Identifier: Apache-2.0 */
/*  gateway/translate/translate_fields.h - fields that a message has in protobuf and in a command.

    One list per message: F(form, protobuf field, command field, highest value of an enumeration).
    translate_commands.c makes the reader and translate_out.c the writer from the same list, so that
    they cannot disagree. */
#ifndef GATEWAY_TRANSLATE_TRANSLATE_FIELDS_H
#define GATEWAY_TRANSLATE_TRANSLATE_FIELDS_H

#define PHG_FIELDS_SITE(F)                    \
    F(num, id, id.v, 0)                       \
    F(num, owner, owner.v, 0)                 \
    F(text, region, region.s, 0)              \
    F(text, name, name.s, 0)                  \
    F(num, latitude_udeg, latitude_udeg, 0)   \
    F(num, longitude_udeg, longitude_udeg, 0) \
    F(num, racks, racks, 0)                   \
    F(num, pue_ppm, pue_ppm, 0)

#define PHG_FIELDS_HARDWARE(F) \
    F(num, id, id.v, 0)        \
    F(text, name, name.s, 0)

#define PHG_FIELDS_PRODUCT(F)                           \
    F(num, id, id.v, 0)                                 \
    F(text, symbol, symbol.s, 0)                        \
    F(enu, compute_type, compute_type, PH_COMPUTE_EDGE) \
    F(enu, architecture, architecture, PH_ARCH_NPU)     \
    F(text, model, model.s, 0)                          \
    F(text, unit, unit.s, 0)                            \
    F(num, hardware, hardware.v, 0)                     \
    F(num, hardware_units, hardware_units, 0)           \
    F(num, gflops_fp16, gflops_fp16, 0)                 \
    F(num, gflops_fp32, gflops_fp32, 0)                 \
    F(num, gflops_fp64, gflops_fp64, 0)                 \
    F(num, memory_mib, memory_mib, 0)                   \
    F(text, interconnect, interconnect.s, 0)            \
    F(num, site, site.v, 0)                             \
    F(num, availability_ppm, availability_ppm, 0)       \
    F(num, period_seconds, period_seconds, 0)           \
    F(num, tick, tick, 0)                               \
    F(num, lot, lot, 0)                                 \
    F(num, quantity_max, quantity_max, 0)               \
    F(num, block_periods_max, block_periods_max, 0)     \
    F(num, horizon, horizon, 0)                         \
    F(num, gate_seconds, gate_seconds, 0)               \
    F(num, maker_ppm, maker_ppm, 0)                     \
    F(num, taker_ppm, taker_ppm, 0)                     \
    F(num, fee_at_trade_ppm, fee_at_trade_ppm, 0)       \
    F(num, bond_fixed, bond_fixed, 0)                   \
    F(num, bond_ppm, bond_ppm, 0)                       \
    F(num, report_seconds, report_seconds, 0)           \
    F(num, dispute_seconds, dispute_seconds, 0)         \
    F(num, resolve_seconds, resolve_seconds, 0)         \
    F(num, dispute_deposit, dispute_deposit, 0)         \
    F(num, meter, meter.v, 0)                           \
    F(num, reference_price, reference_price, 0)         \
    F(num, band_ppm, band_ppm, 0)                       \
    F(blob, terms_hash, terms_hash.b, 0)                \
    F(num, attested_only, attested_only, 0)

#define PHG_FIELDS_ATTESTATION(F)         \
    F(num, reference, reference, 0)       \
    F(num, supplier, supplier.v, 0)       \
    F(num, site, site.v, 0)               \
    F(num, hardware, hardware.v, 0)       \
    F(num, first_period, window.first, 0) \
    F(num, periods, window.periods, 0)    \
    F(num, units, units, 0)               \
    F(blob, document, document.b, 0)      \
    F(blob, signature, signature.b, 0)

#define PHG_FIELDS_MEASUREMENT(F)          \
    F(num, site, site.v, 0)                \
    F(num, measured_at, measured_at.ns, 0) \
    F(num, pue_ppm, pue_ppm, 0)            \
    F(num, cue_ppm, cue_ppm, 0)            \
    F(num, wue_ppm, wue_ppm, 0)            \
    F(num, green_grade, green_grade, 0)    \
    F(blob, signature, signature.b, 0)

#define PHG_FIELDS_PROBE(F)                   \
    F(text, region, region.s, 0)              \
    F(num, site, site.v, 0)                   \
    F(num, measured_at, measured_at.ns, 0)    \
    F(num, rtt_us, rtt_us, 0)                 \
    F(num, bandwidth_mbps, bandwidth_mbps, 0) \
    F(num, reachable_ppm, reachable_ppm, 0)   \
    F(blob, signature, signature.b, 0)

#define PHG_FIELDS_REPORT(F)        \
    F(num, contract, contract.v, 0) \
    F(num, period, period, 0)       \
    F(num, delivered, delivered, 0) \
    F(num, energy_wh, energy_wh, 0) \
    F(blob, signature, signature.b, 0)

#endif
