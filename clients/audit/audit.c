/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/audit/audit.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ph_audit_say(const char *format, ...)
{
    va_list args;
    fputs("petahour-audit: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

int ph_audit_key(const char *text, ph_key *ret)
{
    size_t size = 0;
    if (strlen(text) == 2 * sizeof ret->b &&
        sodium_hex2bin(ret->b, sizeof ret->b, text, 2 * sizeof ret->b, NULL, &size, NULL) == 0 &&
        size == sizeof ret->b)
        return PH_AUDIT_RIGHT;
    ph_audit_say("%s: not 64 hexadecimal digits", text);
    return PH_AUDIT_USAGE;
}

int ph_audit_exit(ph_status s)
{
    switch (s) {
    case PH_OK: return PH_AUDIT_RIGHT;
    case PH_ECORRUPT:
    case PH_EDIVERGED: return PH_AUDIT_WRONG;
    case PH_ENOTFOUND: return PH_AUDIT_NOT_FOUND;
    case PH_EINVAL:
    case PH_EFULL:
    case PH_EIO:
    case PH_EEND:
    case PH_EBUSY:
    case PH_EVERSION:
    case PH_EDENIED:
    case PH_EAGAIN: return PH_AUDIT_FAILED;
    }
    return PH_AUDIT_FAILED;
}

int ph_audit_end(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    ph_audit_say("could not write to standard output: %s",
                 errno == 0 ? "part of it is lost" : strerror(errno));
    return status == PH_AUDIT_RIGHT ? PH_AUDIT_FAILED : status;
}
