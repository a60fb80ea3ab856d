/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/prop/attack_text.h"

#include <string.h>

#include "tests/prop/attack.h"

void text_add(text *t, const char *bytes, size_t size)
{
    CHECK(size <= sizeof t->v - t->size);
    memcpy(t->v + t->size, bytes, size);
    t->size += size;
}

text text_of(const char *bytes, size_t size)
{
    text t = {.size = 0};
    text_add(&t, bytes, size);
    return t;
}

bool text_equal(const text *a, const text *b)
{
    return a->size == b->size && memcmp(a->v, b->v, a->size) == 0;
}

size_t text_difference(const text *a, const text *b)
{
    size_t at = 0;
    while (at < a->size && at < b->size && a->v[at] == b->v[at])
        at++;
    return at;
}

size_t text_line_start(const text *t, size_t at)
{
    while (at > 0 && t->v[at - 1] != '\n')
        at--;
    return at;
}

size_t text_line_end(const text *t, size_t at)
{
    while (at < t->size && t->v[at] != '\n')
        at++;
    return at < t->size ? at + 1 : at;
}

uint32_t text_line(const text *t, size_t at)
{
    uint32_t line = 1;
    for (size_t i = 0; i < at; i++)
        line += t->v[i] == '\n';
    return line;
}

static size_t find_line(const text *t, uint32_t line)
{
    size_t at = 0;
    while (line > 1 && at < t->size) {
        at = text_line_end(t, at);
        line--;
    }
    return at;
}

bool text_line_equal(const text *a, const text *b, uint32_t line)
{
    size_t i = find_line(a, line), j = find_line(b, line);
    size_t size = text_line_end(a, i) - i;
    return text_line_end(b, j) - j == size && memcmp(a->v + i, b->v + j, size) == 0;
}

/* A byte, or the line that has it. */
static void choose(const text *t, size_t from, uint64_t *seed, size_t *ret_at, size_t *ret_end)
{
    size_t at = from + chance(seed, t->size - from), start = text_line_start(t, at);
    bool is_line = chance(seed, 2) == 0 && start >= from;
    *ret_at = is_line ? start : at;
    *ret_end = is_line ? text_line_end(t, at) : at + 1;
}

void text_flip(text *t, size_t from, uint64_t *seed)
{
    flip_bit((uint8_t *)&t->v[from + chance(seed, t->size - from)], seed);
}

void text_drop(text *t, size_t from, uint64_t *seed)
{
    size_t at, end;
    choose(t, from, seed, &at, &end);
    memmove(t->v + at, t->v + end, t->size - end);
    t->size -= end - at;
}

void text_double(text *t, size_t from, uint64_t *seed)
{
    size_t at, end;
    choose(t, from, seed, &at, &end);
    CHECK(t->size + (end - at) <= sizeof t->v);
    memmove(t->v + end + (end - at), t->v + end, t->size - end);
    memcpy(t->v + end, t->v + at, end - at);
    t->size += end - at;
}

void text_swap(text *t, size_t from, uint64_t *seed)
{
    size_t a, a_end, b, b_end;
    bool is_line = chance(seed, 2) == 0;
    choose(t, from, seed, &a, &a_end);
    choose(t, from, seed, &b, &b_end);
    if (!is_line || a_end - a == 1 || b_end - b == 1) {
        char c = t->v[a];
        t->v[a] = t->v[b];
        t->v[b] = c;
        return;
    }
    if (a == b) return;
    if (a > b) {
        size_t at = a, end = a_end;
        a = b;
        a_end = b_end;
        b = at;
        b_end = end;
    }
    text was = *t;
    t->size = a;
    text_add(t, was.v + b, b_end - b);
    text_add(t, was.v + a_end, b - a_end);
    text_add(t, was.v + a, a_end - a);
    text_add(t, was.v + b_end, was.size - b_end);
}

void text_cut(text *t, size_t from, uint64_t *seed)
{
    t->size = from + chance(seed, t->size - from);
}
