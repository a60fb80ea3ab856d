/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/folder_watch.h"

#include "engine/process/log.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

int ph_folder_watch_open(const char *folder, int look_ms)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd >= 0 && inotify_add_watch(fd, folder, IN_MODIFY | IN_MOVED_TO | IN_CREATE) >= 0)
        return fd;
    ph_log_warning("could not watch folder \"%s\": %s; looking every %d ms", folder,
                   strerror(errno), look_ms);
    if (fd >= 0) (void)close(fd); /* nothing was written */
    return -1;
}

void ph_folder_watch_forget(int watch)
{
    char events[4096];
    while (watch >= 0 && read(watch, events, sizeof events) > 0)
        continue;
}
