/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/allocation.h - the program that links allocation.c cannot take or return memory
    unseen.

    Between allocation_forbid and allocation_allow, a call that does so ends the program: it says on
    standard error which call it was, during what, and from where, and aborts.  Seen are the
    allocator of the C library, whoever calls it (the C library itself included), and the calls
    that map memory.  Under AddressSanitizer, whose allocator stands in for it, its hooks are used,
    and mappings are not looked at.

    Owns      nothing.  `during` is borrowed until allocation_allow.
    Thread    one. */
#ifndef TESTS_PROP_ALLOCATION_H
#define TESTS_PROP_ALLOCATION_H

void allocation_forbid(const char *during);
void allocation_allow(void);

#endif
