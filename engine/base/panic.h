/* SPDX-License-Identifier: Apache-2.0 */
/*  engine/base/panic.h - the third kind of "no": we were wrong, stop, in every build.

    A wrong book is worse than a stopped one.  The base layer has no way to stop a process, so it
    calls a hook that the process, a test or a fuzzer supplies; the hook must not return. */
#ifndef ENGINE_BASE_PANIC_H
#define ENGINE_BASE_PANIC_H

/* Holds in every build; use it for O(1) conditions whose failure is a bug of ours. */
#define PH_ASSERT(c) ((c) ? (void)0 : ph_panic("assertion failed: " #c, __FILE__, __LINE__))

typedef void (*ph_panic_hook)(const char *what, const char *file, int line);

/* Sets what a panic calls; without a hook, or when the hook returns, the processor traps.
   Set once, at start, before any other thread runs. */
void ph_panic_set_hook(ph_panic_hook hook);

_Noreturn void ph_panic(const char *what, const char *file, int line);

#endif
