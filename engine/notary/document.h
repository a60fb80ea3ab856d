/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/notary/document.h - the canonical bytes of a contract, and back.

    One contract has one encoding: bytes that read accepts, written again, are the same bytes.  The
    layout is in engine/notary/README.md, section 1, which is what customers verify against.

    Owns      nothing: plain values; a document that was read points into its bytes.
    Thread    any.
    Pure      no clock, no input or output, no allocation. */
#ifndef ENGINE_NOTARY_DOCUMENT_H
#define ENGINE_NOTARY_DOCUMENT_H

#include "engine/base/bytes.h"
#include "engine/base/status.h"
#include "engine/base/types.h"
#include "engine/wire/command.h"
#include "engine/wire/event.h"

#define PH_DOCUMENT_MAGIC "PHCTRACT"

enum { PH_DOCUMENT_VERSION = 1 };

/* One side of a contract. */
typedef struct {
    ph_participant_id id;
    ph_text64 name;
    ph_key key; /* Ed25519 */
    ph_order_id order;
} ph_document_party;

/* Everything but the segments. */
typedef struct {
    uint32_t rules_version;
    ph_text64 market;
    char currency[4];
    ph_contract_id contract;
    ph_trade_id trade;
    uint64_t seq; /* of the journal record that concluded it */
    ph_time at;   /* stamp of that record */
    ph_product_id product;
    ph_text64 symbol;
    ph_text16 unit;
    uint32_t terms_version;
    ph_hash terms_hash; /* SHA-256 */
    uint32_t period_seconds;
    ph_site_id site;
    ph_hardware_id hardware;
    uint32_t hardware_units;
    uint32_t availability_ppm;
    uint32_t report_seconds, dispute_seconds, resolve_seconds;
    ph_money dispute_deposit;
    ph_participant_id meter;
    ph_document_party buyer, supplier; /* supplier.order: the order that sold */
    ph_side taker;
    ph_money notional;
    ph_money buyer_fee, supplier_fee, buyer_fee_at_trade;
    ph_money bond;
    ph_contract_id from_contract; /* resale: the contract that was split; otherwise 0 */
    ph_participant_id seller;     /* whose order sold: the supplier, or the holder before */
    ph_text64 seller_name;
    ph_key seller_key;
    ph_money supplier_notional; /* at the supplier's prices */
    ph_money premium;           /* paid above them, for the seller when it is delivered */
    ph_money reseller_fee;      /* what the seller owes of what it gets at once */
    uint32_t segment_cnt;
    const uint8_t *segments; /* encoded; set by read, not looked at by write */
} ph_document;

/* A participant and the key in force that its signatures are verified with. */
typedef struct {
    const ph_register_participant *registered;
    const ph_key *key;
} ph_document_signer;

/* What a trade refers to, as the market knows it. */
typedef struct {
    const ph_open_market *opened;
    const ph_product_terms *product; /* as they were when it was concluded */
    ph_document_signer buyer, supplier, seller;
    uint64_t seq;
    ph_time at;
} ph_document_facts;

/* Puts a trade and what it refers to together.  The facts are those of the trade: its product and
   its parties; others are a bug. */
void ph_document_of(const ph_trade *trade, const ph_document_facts *facts, ph_document *ret);

/* Bytes of a contract with so many segments. */
size_t ph_document_size(uint32_t segment_cnt);

/* Appends the canonical bytes; segments are the segment_cnt SEGMENT events behind the TRADE. */
void ph_document_write(ph_writer *w, const ph_document *d, const ph_event *segments);

/* Reads a contract from exactly `size` bytes and checks every rule of the README.  PH_EVERSION: a
   contract of another version; PH_ECORRUPT: not a contract.  *ret is then untouched and *reterr
   says which rule does not hold. */
ph_status ph_document_read(const void *bytes, size_t size, ph_document *ret, const char **reterr);

/* Whether read would accept what write makes of these, of texts that are canonical: a market has no
   others.  PH_ECORRUPT and *reterr as from read. */
ph_status ph_document_check(const ph_document *d, const ph_event *segments, const char **reterr);

/* Segment i < segment_cnt of a document that was read. */
ph_segment ph_document_segment(const ph_document *d, uint32_t i);

#endif
