/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/status.h - the second kind of "no": the world says no.

    Returned by everything that touches disk, network or foreign bytes.  The caller looks at every
    one; the edge of the process logs it once.  What the market refuses is a ph_reject instead. */
#ifndef ENGINE_BASE_STATUS_H
#define ENGINE_BASE_STATUS_H

/* Name, code, text.  New rows last; a code is never reused. */
#define PH_STATUSES(X)                                                    \
    X(PH_OK, 0, "done")                                                   \
    X(PH_EINVAL, -1, "argument out of range")                             \
    X(PH_EFULL, -2, "no room left")                                       \
    X(PH_EIO, -3, "input/output error")                                   \
    X(PH_ECORRUPT, -4, "bytes are not what was written")                  \
    X(PH_ENOTFOUND, -5, "not found")                                      \
    X(PH_EEND, -6, "end reached")                                         \
    X(PH_EDIVERGED, -7, "replay gave another result than the log states") \
    X(PH_EBUSY, -8, "in use by another process")                          \
    X(PH_EVERSION, -9, "format version is not known to this program")     \
    X(PH_EDENIED, -10, "not permitted")                                   \
    X(PH_EAGAIN, -11, "try again later")

#define X(name, code, text) name = (code),
typedef enum { PH_STATUSES(X) } ph_status;
#undef X

/* A lower-case sentence without a full stop, for messages; never NULL. */
const char *ph_status_text(ph_status s);

#endif
