/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/books/key_index.h"

#include "engine/base/panic.h"

#include <sodium.h>
#include <stdlib.h>

_Static_assert(sizeof((phg_key_index){0}.secret) == crypto_shorthash_KEYBYTES, "a SipHash key");

void phg_key_index_release(phg_key_index *x)
{
    free(x->places);
    *x = (phg_key_index){0};
}

ph_status phg_key_index_room(phg_key_index *x, uint32_t rows, bool *ret_is_empty)
{
    PH_ASSERT(rows != 0 && (rows & (rows - 1)) == 0 && rows <= UINT32_MAX / 2);
    *ret_is_empty = x->cnt < 2 * rows;
    if (!*ret_is_empty) return PH_OK;
    uint32_t *places = calloc(2 * (size_t)rows, sizeof *places);
    if (!places) return PH_EFULL;
    if (x->cnt == 0) randombytes_buf(x->secret, sizeof x->secret);
    free(x->places);
    x->places = places;
    x->cnt = 2 * rows;
    return PH_OK;
}

uint32_t phg_key_index_place(const phg_key_index *x, const ph_key *key)
{
    uint64_t hash;
    if (x->cnt == 0) return 0;
    (void)crypto_shorthash((uint8_t *)&hash, key->b, sizeof key->b, x->secret); /* cannot fail */
    return (uint32_t)hash & (x->cnt - 1);
}

uint32_t phg_key_index_next(const phg_key_index *x, uint32_t *place)
{
    if (x->cnt == 0) return 0;
    const uint32_t number = x->places[*place]; /* half of the places are free */
    *place = (*place + 1) & (x->cnt - 1);
    return number;
}

void phg_key_index_put(phg_key_index *x, const ph_key *key, uint32_t number)
{
    PH_ASSERT(x->cnt != 0 && number != 0);
    uint32_t place = phg_key_index_place(x, key);
    while (x->places[place] != 0)
        place = (place + 1) & (x->cnt - 1);
    x->places[place] = number;
}
