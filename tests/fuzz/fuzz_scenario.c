/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/fuzz/fuzz_scenario.c - the door of petahour-audit simulate: any line of a file.

    A line that is taken as a command is written again and must then be taken as the same one; a
    line that is refused gets a sentence that a terminal can show. */
#include <stdint.h>
#include <string.h>

#include "clients/audit/event_json.h"
#include "clients/audit/scenario_json.h"
#include "engine/base/panic.h"
#include "engine/wire/codec.h"

static size_t bytes_of(const ph_command *c, uint8_t room[PH_COMMAND_BYTES_MAX])
{
    ph_writer w = ph_writer_of(room, PH_COMMAND_BYTES_MAX);
    ph_command_write(&w, c);
    PH_ASSERT(!w.full);
    return ph_writer_size(&w);
}

static void check_sentence(const char why[PH_SCENARIO_WHY_SIZE])
{
    PH_ASSERT(why[0] != '\0' && memchr(why, '\0', PH_SCENARIO_WHY_SIZE) != NULL);
    for (; *why != '\0'; why++)
        PH_ASSERT(*why >= ' ' && *why <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char text[PH_JSON_LINE_MAX];
    char why[PH_SCENARIO_WHY_SIZE] = "";
    ph_scenario_line line, again;
    if (ph_scenario_line_read((const char *)bytes, size, NULL, &line, why) != PH_OK) {
        check_sentence(why);
        return 0;
    }
    if (line.kind == PH_LINE_MARKET) PH_ASSERT(ph_market_footprint(&line.limits) != 0);
    if (line.kind != PH_LINE_COMMAND) return 0;
    size_t text_size = ph_command_json(&line.command, text);
    PH_ASSERT(ph_scenario_line_read(text, text_size, NULL, &again, why) == PH_OK);
    PH_ASSERT(again.command.at.ns == line.command.at.ns);
    uint8_t one[PH_COMMAND_BYTES_MAX], other[PH_COMMAND_BYTES_MAX];
    size_t one_size = bytes_of(&line.command, one), other_size = bytes_of(&again.command, other);
    PH_ASSERT(one_size == other_size && memcmp(one, other, one_size) == 0);
    return 0;
}
