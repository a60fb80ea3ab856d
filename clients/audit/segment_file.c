/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/segment_file.h"

#include <stdlib.h>
#include <string.h>

#include "engine/journal/chain.h"
#include "engine/journal/file_posix.h"
#include "engine/journal/segment.h"
#include "engine/journal/watermark.h"

struct ph_segment_file {
    ph_disk_posix disk;
    char name[256];
    ph_segment_place place;
    ph_segment_look look; /* the one that found no further batch */
    uint8_t buffer[PH_JOURNAL_BATCH_MAX];
};

static const char remedy[] = "restore the file from a copy";

static int wrong(const ph_segment_file *f, uint64_t at, uint64_t seq, const char *what)
{
    ph_journal_fault fault;
    ph_status s =
        ph_fault_at(&fault, PH_ECORRUPT, (ph_fault_place){f->name, at, seq}, what, remedy);
    ph_audit_say("%s", fault.text);
    return ph_audit_exit(s);
}

static int unreadable(ph_segment_file *f, ph_status s)
{
    ph_audit_say("could not read segment \"%s\": %s", f->name,
                 f->disk.disk.ops->reason(&f->disk.disk));
    return ph_audit_exit(s);
}

static int read_header(ph_segment_file *f, ph_segment_facts *ret)
{
    ph_disk *d = &f->disk.disk;
    ph_segment_header h;
    const char *what = NULL;
    size_t got = 0;
    uint64_t size = 0;
    ph_status s = d->ops->open(d, f->name, PH_FILE_READ, &f->place.file);
    if (s != PH_OK) {
        f->place.file = -1;
        return unreadable(f, s);
    }
    s = d->ops->size(d, f->place.file, &size);
    if (s == PH_OK) s = d->ops->read(d, f->place.file, 0, f->buffer, PH_JOURNAL_PAGE, &got);
    if (s != PH_OK) return unreadable(f, s);
    memset(f->buffer + got, 0, PH_JOURNAL_PAGE - got);
    s = ph_segment_header_read(f->buffer, &h, &what);
    if (s == PH_EVERSION) {
        ph_audit_say("segment \"%s\": %s; use the program that wrote it, or a newer one", f->name,
                     what);
        return ph_audit_exit(s);
    }
    if (s != PH_OK) return wrong(f, 0, 0, what);
    f->place.offset = PH_JOURNAL_PAGE;
    f->place.next_seq = h.first;
    f->place.last_at = h.previous_at;
    f->place.previous = ph_segment_previous(&h);
    *ret = (ph_segment_facts){.size = size,
                              .version = PH_JOURNAL_VERSION,
                              .meta_size = h.meta_size,
                              .first = h.first,
                              .market = h.market,
                              .previous = h.previous,
                              .hash = h.hash,
                              .previous_at = h.previous_at};
    memcpy(ret->name, f->name, sizeof ret->name);
    return PH_AUDIT_RIGHT;
}

int ph_segment_file_open(const char *folder, const char *name, ph_segment_file **ret,
                         ph_segment_facts *ret_facts)
{
    *ret = NULL;
    ph_chain_start();
    ph_segment_file *f = calloc(1, sizeof *f);
    if (f == NULL || strlen(name) >= sizeof f->name) {
        free(f);
        ph_audit_say("could not read segment \"%s\": no memory, or too long a name", name);
        return PH_AUDIT_FAILED;
    }
    f->place.file = -1;
    memcpy(f->name, name, strlen(name) + 1);
    ph_status s = ph_disk_posix_open(folder, false, &f->disk);
    if (s != PH_OK) ph_audit_say("could not open folder \"%s\": %s", folder, f->disk.why);
    int status = s == PH_OK ? read_header(f, ret_facts) : ph_audit_exit(s);
    if (status == PH_AUDIT_RIGHT)
        *ret = f;
    else
        ph_segment_file_close(f);
    return status;
}

int ph_segment_file_next(ph_segment_file *f, ph_journal_batch *ret, bool *ret_end)
{
    ph_segment_place *p = &f->place;
    ph_status s = ph_segment_look_at(&f->disk.disk, p, f->buffer, &f->look);
    *ret_end = true;
    if (s != PH_OK) return unreadable(f, s);
    if (f->look.sight != PH_LOOK_WHOLE) return PH_AUDIT_RIGHT;
    *ret_end = false;
    *ret = (ph_journal_batch){.first_seq = f->look.first,
                              .record_cnt = f->look.record_cnt,
                              .first_at = f->look.first_at,
                              .last_at = f->look.last_at,
                              .previous = p->previous,
                              .chain = f->look.chain,
                              .events = f->look.events,
                              .segment = f->name,
                              .offset = p->offset,
                              .size = f->look.extent,
                              .bytes = f->buffer + PH_BATCH_SIZE};
    p->offset += f->look.extent;
    p->next_seq += f->look.record_cnt;
    p->last_at = f->look.last_at;
    p->previous = f->look.chain;
    return PH_AUDIT_RIGHT;
}

int ph_segment_file_end(ph_segment_file *f, ph_segment_end *ret)
{
    ph_disk *d = &f->disk.disk;
    const ph_segment_place *p = &f->place;
    ph_segment_rest rest = {.sight = PH_LOOK_NONE};
    ph_watermark mark = {.is_held = false};
    int lock = -1;
    ph_status s = ph_watermark_read(d, &lock, &mark);
    if (lock >= 0) d->ops->close(d, lock);
    /* An engine that is past this place may have been before it when it was looked at. */
    bool is_past = s == PH_OK && mark.is_held && mark.seq >= p->next_seq;
    if (is_past) s = ph_segment_look_at(d, p, f->buffer, &f->look);
    bool is_written = mark.is_held && (!is_past || f->look.sight == PH_LOOK_WHOLE);
    if (s == PH_OK && !is_written) s = ph_segment_tail(d, p, &f->look, f->buffer, &rest);
    if (s != PH_OK) return unreadable(f, s);
    if (rest.sight == PH_LOOK_WRONG) return wrong(f, rest.wrong_at, rest.wrong_seq, rest.what);
    *ret = (ph_segment_end){.offset = p->offset,
                            .next_seq = p->next_seq,
                            .torn = rest.sight == PH_LOOK_TORN ? rest.end - p->offset : 0,
                            .is_written = is_written};
    return PH_AUDIT_RIGHT;
}

void ph_segment_file_close(ph_segment_file *f)
{
    if (f == NULL) return;
    if (f->place.file >= 0) f->disk.disk.ops->close(&f->disk.disk, f->place.file);
    if (f->disk.disk.ops != NULL) ph_disk_posix_close(&f->disk);
    free(f);
}
