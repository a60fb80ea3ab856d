/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/process/folder_watch.h - a descriptor that is readable when a folder's files changed.

    For who follows a journal: its writer writes to a file of the folder after every batch.

    Thread    any; a descriptor belongs to one. */
#ifndef ENGINE_PROCESS_FOLDER_WATCH_H
#define ENGINE_PROCESS_FOLDER_WATCH_H

/* The caller closes it.  -1: the system cannot tell of changes, which is logged; look every
   look_ms then. */
int ph_folder_watch_open(const char *folder, int look_ms);

/* What changed does not matter, only that something did: makes it unreadable again.  Before the
   folder is looked at, so that what comes later is told again.  Accepts -1. */
void ph_folder_watch_forget(int watch);

#endif
