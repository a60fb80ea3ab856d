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

/* wide: the parts of one sentence */
ph_status ph_fault_at(ph_journal_fault *f, ph_status status, const char *name, uint64_t offset,
                      uint64_t seq, const char *what, const char *remedy)
{
    ph_fault_begin(f);
    ph_fault_text(f, "segment \"");
    ph_fault_text(f, name);
    ph_fault_text(f, "\" offset ");
    ph_fault_number(f, offset);
    if (seq != 0) {
        ph_fault_text(f, " (record ");
        ph_fault_number(f, seq);
        ph_fault_text(f, ")");
    }
    ph_fault_text(f, ": ");
    ph_fault_text(f, what);
    if (remedy != NULL) {
        ph_fault_text(f, "; ");
        ph_fault_text(f, remedy);
    }
    f->seq = seq;
    return status;
}
