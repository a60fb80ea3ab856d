/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/core/ahead.h - asks the processor for memory before its turn. */
#ifndef ENGINE_CORE_AHEAD_H
#define ENGINE_CORE_AHEAD_H

/* Whatever the address: nothing is read, and nothing can go wrong. */
static inline void ph_ask(const void *p)
{
    __builtin_prefetch(p, 1, 3);
    /* Some compilers drop calls of a function that only asks, as one without any effect. */
    __asm__("" : : "r"(p));
}

#endif
