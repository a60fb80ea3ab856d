/* SPDX-License-Identifier: Apache-2.0 */
/*  tests/prop/attack_text.h - changes to a text, by seed. */
#ifndef TESTS_PROP_ATTACK_TEXT_H
#define TESTS_PROP_ATTACK_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/audit/log_proof.h"

enum { ATTACK_TEXT_MAX = 2 * PH_LOG_PROOF_MAX };

typedef struct {
    char v[ATTACK_TEXT_MAX];
    size_t size;
} text;

text text_of(const char *bytes, size_t size);
void text_add(text *t, const char *bytes, size_t size);
bool text_equal(const text *a, const text *b);

/* Where two texts begin to differ; the smaller size if one begins with the other. */
size_t text_difference(const text *a, const text *b);

/* The number of the line, from 1, that has this byte, and where the line begins. */
uint32_t text_line(const text *t, size_t at);
size_t text_line_start(const text *t, size_t at);

/* True if both have the same line of this number, from 1, or both have none. */
bool text_line_equal(const text *a, const text *b, uint32_t line);

/* Behind the newline of the line that has this byte. */
size_t text_line_end(const text *t, size_t at);

/* Changes what stands from a place on. */
typedef void change_text(text *t, size_t from, uint64_t *seed);

void text_flip(text *t, size_t from, uint64_t *seed);   /* a bit */
void text_drop(text *t, size_t from, uint64_t *seed);   /* a byte or a line is gone */
void text_double(text *t, size_t from, uint64_t *seed); /* a byte or a line is there twice */
void text_swap(text *t, size_t from, uint64_t *seed);   /* two bytes or two lines change places */
void text_cut(text *t, size_t from, uint64_t *seed);    /* the end is missing */

#endif
