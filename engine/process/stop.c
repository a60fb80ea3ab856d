/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "engine/base/panic.h"

/* Shared with the signal handler, which can be given no argument. */
static volatile sig_atomic_t is_requested;
static volatile sig_atomic_t descriptor = -1;

static void on_signal(int number)
{
    (void)number;
    int before = errno;
    is_requested = 1;
    /* An event counter takes eight bytes at once; when it is full it is readable already. */
    ssize_t written = write(descriptor, &(uint64_t){1}, sizeof(uint64_t));
    (void)written;
    errno = before;
}

void ph_stop_install(void)
{
    if (descriptor < 0) descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    PH_ASSERT(descriptor >= 0);
    struct sigaction stop = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    int failed = sigemptyset(&stop.sa_mask) | sigemptyset(&ignore.sa_mask) |
                 sigaction(SIGTERM, &stop, NULL) | sigaction(SIGINT, &stop, NULL) |
                 sigaction(SIGPIPE, &ignore, NULL);
    PH_ASSERT(failed == 0);
}

bool ph_stop_requested(void)
{
    return is_requested != 0;
}

int ph_stop_descriptor(void)
{
    return descriptor;
}

static ph_status write_whole(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return PH_EIO;
        text += n;
        left -= (size_t)n;
    }
    return PH_OK;
}

static ph_status replace_file(const char *path, const char *text)
{
    if (path[0] == '\0') return PH_OK;
    char fresh[4096];
    int length = snprintf(fresh, sizeof fresh, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return PH_EIO;
    }
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return PH_EIO;
    ph_status s = write_whole(fd, text);
    int why = errno;
    if (close(fd) != 0 && s == PH_OK) {
        s = PH_EIO;
        why = errno;
    }
    if (s == PH_OK && rename(fresh, path) != 0) {
        s = PH_EIO;
        why = errno;
    }
    if (s != PH_OK) {
        (void)unlink(fresh);
        errno = why;
    }
    return s;
}

ph_status ph_ready_write(const char *path, const char *text)
{
    ph_status s = replace_file(path, text);
    if (s == PH_OK) (void)sd_notify(0, "READY=1"); /* nobody listens unless systemd started us */
    return s;
}
