/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/fault.h"

#include <string.h>

void ph_fault_begin(ph_journal_fault *f)
{
    f->text[0] = '\0';
    f->seq = 0;
}

ph_journal_fault *ph_fault_text(ph_journal_fault *f, const char *text)
{
    size_t used = strlen(f->text), size = strlen(text);
    if (size > sizeof f->text - 1 - used) size = sizeof f->text - 1 - used;
    memcpy(f->text + used, text, size);
    f->text[used + size] = '\0';
    return f;
}

ph_journal_fault *ph_fault_number(ph_journal_fault *f, uint64_t v)
{
    char digits[21];
    size_t i = sizeof digits - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    return ph_fault_text(f, digits + i);
}

ph_status ph_fault_at(ph_journal_fault *f, ph_status status, ph_fault_place place, const char *what,
                      const char *remedy)
{
    ph_fault_begin(f);
    ph_fault_text(ph_fault_text(ph_fault_text(f, "segment \""), place.name), "\" offset ");
    ph_fault_number(f, place.offset);
    if (place.seq != 0)
        ph_fault_text(ph_fault_number(ph_fault_text(f, " (record "), place.seq), ")");
    ph_fault_text(ph_fault_text(f, ": "), what);
    if (remedy != NULL) ph_fault_text(ph_fault_text(f, "; "), remedy);
    f->seq = place.seq;
    return status;
}
