/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_translate.c - the gateway's door: any payload that a client may send.

    The first byte chooses the door: a frame of a client, a record, or a signed contract.  A frame
    that is taken must give commands that the codec writes and reads back equal: nothing that
    passes the door can trip an assertion behind it. */
#include <stdlib.h>
#include <string.h>

#include "engine/base/panic.h"
#include "engine/wire/codec.h"
#include "gateway/replica.h"

static void check_command(const ph_command *c)
{
    uint8_t bytes[PH_COMMAND_BYTES_MAX], again[PH_COMMAND_BYTES_MAX];
    ph_writer w = ph_writer_of(bytes, sizeof bytes);
    ph_command_write(&w, c);
    PH_ASSERT(!w.full);
    ph_command back;
    PH_ASSERT(ph_command_read(bytes, ph_writer_size(&w), &back) == PH_OK);
    ph_writer w2 = ph_writer_of(again, sizeof again);
    ph_command_write(&w2, &back);
    PH_ASSERT(ph_writer_size(&w2) == ph_writer_size(&w));
    PH_ASSERT(memcmp(bytes, again, ph_writer_size(&w)) == 0);
}

static void fuzz_frame(const uint8_t *bytes, size_t size)
{
    static phg_translator *translator;
    static phg_in_frame frame;
    if (!translator) PH_ASSERT(phg_translator_open(&translator) == PH_OK);
    char why[PHG_WHY_SIZE] = "";
    if (!phg_translate_in(translator, bytes, size, &frame, why)) {
        PH_ASSERT(why[0] != '\0' && memchr(why, '\0', sizeof why));
        return;
    }
    PH_ASSERT(frame.cnt >= 1 && frame.cnt <= PHG_FRAME_MESSAGES_MAX);
    for (uint32_t i = 0; i < frame.cnt; i++)
        if (frame.v[i].kind == PHG_IN_COMMAND) check_command(&frame.v[i].u.command);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0) return 0;
    if (bytes[0] % 4 != 0) {
        fuzz_frame(bytes + 1, size - 1);
        return 0;
    }
    phg_replica r;
    PH_ASSERT(phg_replica_init(&r) == PH_OK);
    if (bytes[0] % 8 == 0)
        (void)phg_replica_take_record(&r, 1, bytes + 1, size - 1);
    else
        (void)phg_replica_take_sealed(&r, bytes + 1, size - 1);
    phg_replica_release(&r);
    return 0;
}
