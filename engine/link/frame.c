/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/link/frame.h"

#include "engine/base/limits.h"
#include "engine/base/panic.h"

void ph_frame_write(ph_writer *w, const ph_frame *f)
{
    ph_write_u8(w, PH_FRAME_VERSION);
    ph_write_u8(w, (uint8_t)f->kind);
    switch (f->kind) {
    case PH_FRAME_HELLO:
    case PH_FRAME_PING: return;
    case PH_FRAME_FOLLOW:
        ph_write_u64(w, f->nonce);
        ph_write_u64(w, f->number);
        ph_write_u32(w, f->window);
        return;
    case PH_FRAME_WELCOME:
        ph_write_u64(w, f->nonce);
        ph_write_u64(w, f->last);
        ph_write_u32(w, f->window);
        ph_write_bytes(w, f->origin.s, sizeof f->origin.s);
        return;
    case PH_FRAME_CREDIT:
    case PH_FRAME_TAKEN: ph_write_u64(w, f->count); return;
    case PH_FRAME_COMMANDS: ph_write_u32(w, f->cnt); return;
    case PH_FRAME_ITEMS:
        ph_write_u64(w, f->number);
        ph_write_u64(w, f->last);
        ph_write_u64(w, f->count);
        ph_write_u32(w, f->cnt);
        ph_write_u16(w, 0);
        return;
    case PH_FRAME_PONG: ph_write_u64(w, f->last); return;
    }
    ph_panic("a frame has no such kind", __FILE__, __LINE__);
}

/* Takes what is left of r as cnt entries of at least `least` bytes each. */
static void take_body(ph_reader *r, ph_frame *f, uint32_t cnt_max, size_t least)
{
    if (r->bad) return;
    f->body = r->p;
    f->body_size = (size_t)(r->end - r->p);
    r->p = r->end;
    if (f->cnt == 0 || f->cnt > cnt_max || f->body_size / least < f->cnt) r->bad = true;
}

static void read_fields(ph_reader *r, ph_frame *f)
{
    switch (f->kind) {
    case PH_FRAME_HELLO:
    case PH_FRAME_PING: return;
    case PH_FRAME_FOLLOW:
        f->nonce = ph_read_u64(r);
        f->number = ph_read_u64(r);
        f->window = ph_read_u32(r);
        if (f->number == 0) r->bad = true;
        return;
    case PH_FRAME_WELCOME:
        f->nonce = ph_read_u64(r);
        f->last = ph_read_u64(r);
        f->window = ph_read_u32(r);
        ph_read_text(r, f->origin.s, sizeof f->origin.s);
        return;
    case PH_FRAME_CREDIT:
    case PH_FRAME_TAKEN: f->count = ph_read_u64(r); return;
    case PH_FRAME_COMMANDS:
        f->cnt = ph_read_u32(r);
        take_body(r, f, PH_FRAME_COMMANDS_MAX, sizeof(uint32_t) + 1);
        return;
    case PH_FRAME_ITEMS:
        f->number = ph_read_u64(r);
        f->last = ph_read_u64(r);
        f->count = ph_read_u64(r);
        f->cnt = ph_read_u32(r);
        if (ph_read_u16(r) != 0 || f->number == 0) r->bad = true;
        take_body(r, f, UINT32_MAX, PH_ITEM_HEAD_SIZE);
        return;
    case PH_FRAME_PONG: f->last = ph_read_u64(r); return;
    }
    r->bad = true;
}

ph_status ph_frame_read(const void *bytes, size_t size, ph_frame *ret)
{
    ph_reader r = ph_reader_of(bytes, size);
    uint8_t version = ph_read_u8(&r);
    if (!r.bad && version != PH_FRAME_VERSION) return PH_EVERSION;
    ph_frame f = {.kind = (ph_frame_kind)ph_read_u8(&r)};
    if (!r.bad) read_fields(&r, &f);
    if (!ph_reader_done(&r)) return PH_ECORRUPT;
    *ret = f;
    return PH_OK;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

uint64_t ph_item_sum(uint64_t number, const void *bytes, uint32_t size)
{
    ph_reader r = ph_reader_of(bytes, size);
    uint64_t sum = mix(mix(UINT64_C(0x706574616c696e6b), number), size);
    while (r.end - r.p >= 8)
        sum = mix(sum, ph_read_u64(&r));
    uint64_t rest = 0;
    while (r.p < r.end)
        rest = rest << 8 | ph_read_u8(&r);
    return mix(sum, rest);
}

void ph_item_write(ph_writer *w, uint64_t number, const void *bytes, uint32_t size)
{
    PH_ASSERT(number != 0 && size <= PH_ITEM_BYTES_MAX);
    ph_write_u64(w, number);
    ph_write_u64(w, ph_item_sum(number, bytes, size));
    ph_write_u32(w, size);
    ph_write_bytes(w, bytes, size);
}

bool ph_item_read(ph_reader *r, ph_item *ret)
{
    ph_item item = {.number = ph_read_u64(r)};
    uint64_t sum = ph_read_u64(r);
    item.size = ph_read_u32(r);
    if (r->bad || item.number == 0 || item.size > PH_ITEM_BYTES_MAX ||
        (size_t)(r->end - r->p) < item.size) {
        r->bad = true;
        return false;
    }
    item.bytes = r->p;
    if (ph_item_sum(item.number, item.bytes, item.size) != sum) {
        r->bad = true;
        return false;
    }
    r->p += item.size;
    *ret = item;
    return true;
}

size_t ph_item_span(const uint8_t *p, size_t size, uint64_t number)
{
    ph_reader r = ph_reader_of(p, size);
    uint64_t is = ph_read_u64(&r);
    (void)ph_read_u64(&r); /* the sum */
    uint32_t bytes = ph_read_u32(&r);
    if (r.bad || is != number || bytes > PH_ITEM_BYTES_MAX) return 0;
    return PH_ITEM_HEAD_SIZE + (size_t)bytes;
}

bool ph_frame_command(ph_reader *r, const uint8_t **ret_bytes, uint32_t *ret_size)
{
    uint32_t size = ph_read_u32(r);
    if (r->bad || size == 0 || size > PH_COMMAND_BYTES_MAX || (size_t)(r->end - r->p) < size) {
        r->bad = true;
        return false;
    }
    *ret_bytes = r->p;
    *ret_size = size;
    r->p += size;
    return true;
}
