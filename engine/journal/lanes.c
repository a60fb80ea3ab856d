/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/journal/lanes.h"

#include <string.h>

#include "engine/base/bytes.h"
#include "engine/base/panic.h"

enum { BLOCK = 128, WORDS = 16, ROUNDS = 12 };

#if defined(__x86_64__)

/* ---- Four states side by side ------------------------------------------------------------- */

/* One word of each lane. */
typedef uint64_t word __attribute__((vector_size(32)));
typedef uint32_t halves __attribute__((vector_size(32)));
typedef uint8_t octets __attribute__((vector_size(32)));

/* RFC 7693, section 2.6 and 2.7. */
static const uint64_t iv[8] = {
    UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b), UINT64_C(0x3c6ef372fe94f82b),
    UINT64_C(0xa54ff53a5f1d36f1), UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
    UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};
static const uint8_t sigma[ROUNDS][WORDS] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

typedef struct {
    word h[8], t, f; /* state, bytes so far, all ones in the last block */
} states;

#define SWAP_HALVES(x) \
    ((word)__builtin_shufflevector((halves)(x), (halves)(x), 1, 0, 3, 2, 5, 4, 7, 6))
#define ROTATE_OCTETS(x, k)                                                                        \
    ((word)__builtin_shufflevector(                                                                \
        (octets)(x), (octets)(x), OF(0, 0, k), OF(0, 1, k), OF(0, 2, k), OF(0, 3, k), OF(0, 4, k), \
        OF(0, 5, k), OF(0, 6, k), OF(0, 7, k), OF(8, 0, k), OF(8, 1, k), OF(8, 2, k), OF(8, 3, k), \
        OF(8, 4, k), OF(8, 5, k), OF(8, 6, k), OF(8, 7, k), OF(16, 0, k), OF(16, 1, k),            \
        OF(16, 2, k), OF(16, 3, k), OF(16, 4, k), OF(16, 5, k), OF(16, 6, k), OF(16, 7, k),        \
        OF(24, 0, k), OF(24, 1, k), OF(24, 2, k), OF(24, 3, k), OF(24, 4, k), OF(24, 5, k),        \
        OF(24, 6, k), OF(24, 7, k)))
#define OF(base, i, k) ((base) + ((i) + (k)) % 8)

#define G(a, b, c, d, x, y)      \
    a += b + m[x];               \
    d = SWAP_HALVES(d ^ a);      \
    c += d;                      \
    b = ROTATE_OCTETS(b ^ c, 3); \
    a += b + m[y];               \
    d = ROTATE_OCTETS(d ^ a, 2); \
    c += d;                      \
    b ^= c;                      \
    b = b >> 63 | (b + b);

/* m[i]: word i of the block of each lane. */
#define LOAD(p, at) (*(const unaligned *)((p) + (at)))
typedef word unaligned __attribute__((aligned(1), may_alias));

static inline __attribute__((always_inline)) void load(const uint8_t *const p[PH_LANES], word m[])
{
    for (int i = 0; i < WORDS; i += 4) {
        word r0 = LOAD(p[0], i * 8), r1 = LOAD(p[1], i * 8);
        word r2 = LOAD(p[2], i * 8), r3 = LOAD(p[3], i * 8);
        word a = __builtin_shufflevector(r0, r1, 0, 4, 2, 6);
        word b = __builtin_shufflevector(r0, r1, 1, 5, 3, 7);
        word c = __builtin_shufflevector(r2, r3, 0, 4, 2, 6);
        word d = __builtin_shufflevector(r2, r3, 1, 5, 3, 7);
        m[i] = __builtin_shufflevector(a, c, 0, 1, 4, 5);
        m[i + 1] = __builtin_shufflevector(b, d, 0, 1, 4, 5);
        m[i + 2] = __builtin_shufflevector(a, c, 2, 3, 6, 7);
        m[i + 3] = __builtin_shufflevector(b, d, 2, 3, 6, 7);
    }
}

static inline __attribute__((always_inline)) void compress(states *s,
                                                           const uint8_t *const p[PH_LANES])
{
    word m[WORDS], v[WORDS] = {{0}}; /* gcc -O3 does not see that every word is set */
    load(p, m);
    for (int i = 0; i < 8; i++) {
        v[i] = s->h[i];
        v[i + 8] = (word){iv[i], iv[i], iv[i], iv[i]};
    }
    v[12] ^= s->t;
    v[14] ^= s->f;
    for (int r = 0; r < ROUNDS; r++) {
        const uint8_t *w = sigma[r];
        G(v[0], v[4], v[8], v[12], w[0], w[1])
        G(v[1], v[5], v[9], v[13], w[2], w[3])
        G(v[2], v[6], v[10], v[14], w[4], w[5])
        G(v[3], v[7], v[11], v[15], w[6], w[7])
        G(v[0], v[5], v[10], v[15], w[8], w[9])
        G(v[1], v[6], v[11], v[12], w[10], w[11])
        G(v[2], v[7], v[8], v[13], w[12], w[13])
        G(v[3], v[4], v[9], v[14], w[14], w[15])
    }
    for (int i = 0; i < 8; i++)
        s->h[i] ^= v[i] ^ v[i + 8];
}

/* The next cnt blocks of each lane, of which those that are not the last are whole. */
static inline __attribute__((always_inline)) void hash_blocks(states *s, const uint8_t *p[PH_LANES],
                                                              const uint64_t step[PH_LANES],
                                                              size_t cnt)
{
    word add = {step[0], step[1], step[2], step[3]};
    for (size_t n = 0; n < cnt; n++) {
        s->t += add;
        compress(s, p);
        for (int i = 0; i < PH_LANES; i++)
            p[i] += BLOCK;
    }
}

typedef void blocks_of(states *s, const uint8_t *p[PH_LANES], const uint64_t step[PH_LANES],
                       size_t cnt);

__attribute__((target("avx2"))) static void blocks_avx2(states *s, const uint8_t *p[PH_LANES],
                                                        const uint64_t step[PH_LANES], size_t cnt)
{
    hash_blocks(s, p, step, cnt);
}

/* Twice the registers, and rotations in one step. */
__attribute__((target("avx2,avx512f,avx512vl"))) static void blocks_avx512(
    states *s, const uint8_t *p[PH_LANES], const uint64_t step[PH_LANES], size_t cnt)
{
    hash_blocks(s, p, step, cnt);
}

bool ph_lanes_help(void)
{
    return __builtin_cpu_supports("avx2");
}

/* ---- Jobs --------------------------------------------------------------------------------- */

/* One job on its way: first a block that begins with its head, then those that stand in its bytes,
   then the last one, filled up with zeros. */
typedef struct {
    ph_lane_job *job; /* NULL: none */
    const uint8_t *p; /* the next block */
    size_t cnt;       /* of blocks there */
    uint64_t step;    /* bytes that one of them adds */
    size_t used;      /* bytes of the job that stand in the blocks up to these */
    bool is_last;
    uint8_t edge[BLOCK];
} lane;

typedef struct {
    states states;
    lane lanes[PH_LANES];
    ph_lane_job *jobs;
    size_t cnt, begun, ended;
    blocks_of *run;
} set;
_Static_assert(sizeof(set) <= sizeof(ph_lanes), "the set fits");
_Static_assert(_Alignof(set) <= _Alignof(ph_lanes), "the set fits");

static void begin(states *s, lane *l, int i, ph_lane_job *job)
{
    uint64_t param[8] = {UINT64_C(0x01010020)}; /* depth 1, fanout 1, no key, 32 bytes */
    uint8_t personal[16];
    ph_digest_personal(job->purpose, personal);
    param[6] = ph_load_u64(personal);
    param[7] = ph_load_u64(personal + 8);
    for (int k = 0; k < 8; k++)
        s->h[k][i] = iv[k] ^ param[k];
    s->t[i] = s->f[i] = 0;
    l->job = job;
    l->used = 0;
    l->is_last = false;
}

/* Copies n bytes of the job from `at` on. */
static void copy(const ph_lane_job *job, size_t at, uint8_t *to, size_t n)
{
    if (at < job->head_size) {
        size_t of_head = job->head_size - at < n ? job->head_size - at : n;
        memcpy(to, job->head + at, of_head);
        to += of_head;
        at += of_head;
        n -= of_head;
    }
    if (n != 0) memcpy(to, job->bytes + (at - job->head_size), n);
}

/* The blocks behind those that were used. */
static void go_on(states *s, lane *l, int i)
{
    size_t left = l->job->head_size + l->job->size - l->used;
    if (left <= BLOCK || l->used < l->job->head_size) {
        l->step = left < BLOCK ? left : BLOCK;
        l->is_last = left <= BLOCK;
        memset(l->edge, 0, sizeof l->edge);
        copy(l->job, l->used, l->edge, (size_t)l->step);
        if (l->is_last) s->f[i] = UINT64_MAX;
        l->p = l->edge;
        l->cnt = 1;
    } else {
        l->step = BLOCK;
        l->p = l->job->bytes + (l->used - l->job->head_size);
        l->cnt = (left - 1) / BLOCK;
    }
    l->used += l->cnt * (size_t)l->step;
}

static void end(const states *s, lane *l, int i)
{
    for (int k = 0; k < 4; k++)
        ph_store_u64(l->job->hash.b + 8 * k, s->h[k][i]);
    l->job = NULL;
}

/* Gives each lane something to do; returns how many blocks all of them have.  A lane without a job,
   because there are no more, hashes what another one does, and nobody asks for it. */
static size_t fill(set *s)
{
    size_t n = SIZE_MAX;
    for (int i = 0; i < PH_LANES; i++) {
        lane *l = &s->lanes[i];
        if (l->job == NULL && s->begun < s->cnt) begin(&s->states, l, i, &s->jobs[s->begun++]);
        if (l->job != NULL && l->cnt == 0) go_on(&s->states, l, i);
        if (l->job != NULL && l->cnt < n) n = l->cnt;
    }
    const lane *busy = s->lanes;
    while (busy->job == NULL)
        busy++;
    for (int i = 0; i < PH_LANES; i++)
        if (s->lanes[i].job == NULL) s->lanes[i].p = busy->p;
    return n;
}

void ph_lanes_begin(ph_lanes *l, ph_lane_job *jobs, size_t cnt)
{
    PH_ASSERT(ph_lanes_help());
    set *s = (set *)l->state;
    memset(s, 0, sizeof *s);
    s->jobs = jobs;
    s->cnt = cnt;
    s->run = __builtin_cpu_supports("avx512vl") ? blocks_avx512 : blocks_avx2;
}

bool ph_lanes_step(ph_lanes *l, size_t blocks)
{
    set *s = (set *)l->state;
    while (s->ended < s->cnt && blocks != 0) {
        const uint8_t *p[PH_LANES];
        uint64_t step[PH_LANES];
        size_t n = fill(s);
        if (n > blocks) n = blocks;
        for (int i = 0; i < PH_LANES; i++) {
            p[i] = s->lanes[i].p;
            step[i] = s->lanes[i].step;
        }
        s->run(&s->states, p, step, n);
        blocks -= n;
        for (int i = 0; i < PH_LANES; i++) {
            lane *of = &s->lanes[i];
            of->p = p[i];
            if (of->job == NULL) continue;
            of->cnt -= n;
            if (of->cnt != 0 || !of->is_last) continue;
            end(&s->states, of, i);
            s->ended++;
        }
    }
    return s->ended == s->cnt;
}

#else

bool ph_lanes_help(void)
{
    return false;
}

void ph_lanes_begin(ph_lanes *l, ph_lane_job *jobs, size_t cnt)
{
    (void)l, (void)jobs, (void)cnt;
    PH_ASSERT(ph_lanes_help());
}

bool ph_lanes_step(ph_lanes *l, size_t blocks)
{
    (void)l, (void)blocks;
    return true;
}

#endif
