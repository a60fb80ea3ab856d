/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { ALIGNMENT = 64 };

static int say(ph_status s, const char *sentence)
{
    ph_audit_say("%s", sentence);
    return ph_audit_exit(s);
}

/* What may have been meant instead of a folder that is no journal. */
static const char *hint_of(const char *directory, char to[4200])
{
    struct stat file;
    if (stat(directory, &file) == 0 && S_ISREG(file.st_mode))
        return "; a segment alone is read by the command \"journal\"";
    int size = snprintf(to, 4200, "%.4000s/journal/LOCK", directory);
    if (size < 0 || stat(to, &file) != 0) return "";
    (void)snprintf(to, 4200, "; there is one in \"%.4000s/journal\"", directory);
    return to;
}

int ph_walk_none(const char *directory)
{
    char hint[4200];
    ph_audit_say("there is no journal in \"%s\"%s", directory, hint_of(directory, hint));
    return PH_AUDIT_NOT_FOUND;
}

static int open_folder(const char *directory, ph_disk_posix *ret)
{
    char hint[4200];
    ph_status s = ph_disk_posix_open(directory, false, ret);
    if (s != PH_OK)
        ph_audit_say("could not open journal \"%s\": %s%s", directory, ret->why,
                     hint_of(directory, hint));
    return ph_audit_exit(s);
}

int ph_walk_look(const char *directory)
{
    ph_disk_posix disk;
    int status = open_folder(directory, &disk);
    ph_disk_posix_close(&disk);
    return status;
}

int ph_walk_open(const char *directory, ph_walk *ret)
{
    *ret = (ph_walk){.disk = {.directory = -1}};
    int status = open_folder(directory, &ret->disk);
    if (status != PH_AUDIT_RIGHT) return status;
    size_t size = (ph_journal_reader_footprint() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ret->memory = aligned_alloc(ALIGNMENT, size);
    if (ret->memory == NULL) return say(PH_EFULL, "could not read the journal: no memory");
    ph_journal_fault fault;
    ph_status s = ph_journal_reader_open(ret->memory, &ret->disk.disk, &ret->reader, &fault);
    if (s == PH_OK) return PH_AUDIT_RIGHT;
    if (s == PH_ENOTFOUND) return ph_walk_none(directory);
    return say(s, fault.text);
}

int ph_walk_next(ph_walk *w, ph_journal_batch *ret, bool *ret_end)
{
    ph_journal_fault fault;
    ph_status s = ph_journal_reader_next(w->reader, ret, &fault);
    *ret_end = s == PH_EEND;
    if (s == PH_OK || s == PH_EEND) return PH_AUDIT_RIGHT;
    return say(s, fault.text);
}

void ph_walk_close(ph_walk *w)
{
    ph_journal_reader_close(w->reader);
    free(w->memory);
    ph_disk_posix_close(&w->disk);
    *w = (ph_walk){.disk = {.directory = -1}};
}

uint64_t ph_walk_last_seq(const char *directory)
{
    ph_walk w;
    uint64_t last = 0;
    bool is_end = false;
    int status = ph_walk_open(directory, &w);
    while (status == PH_AUDIT_RIGHT && !is_end) {
        ph_journal_batch b;
        status = ph_walk_next(&w, &b, &is_end);
        if (status == PH_AUDIT_RIGHT && !is_end) last = b.first_seq + b.record_cnt - 1;
    }
    ph_walk_close(&w);
    return status == PH_AUDIT_RIGHT ? last : 0;
}
