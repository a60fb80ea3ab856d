/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks that rest, as events tell of them. */
#include "gateway/replica/feed.h"

#include "gateway/replica/feed_parts.h"

ph_status phg_feed_news_of_blocks(phg_feed *f, phg_feed_product *p, ph_status s)
{
    if (!p->blocks.has_news || s != PH_OK) return s;
    p->depth.has_news = true;
    return phg_feed_list(f, p);
}

ph_status phg_feed_put_block(phg_feed *f, phg_feed_product *p, ph_order_id id,
                             const ph_new_order *n)
{
    phg_block block = {
        .order = id,
        .terms = {n->side, n->shape, n->all_or_none || n->shape == PH_SHAPE_FLEX, n->window,
                  n->shape == PH_SHAPE_FLEX ? n->duration : 0, n->price},
        .units = n->quantity,
    };
    uint32_t length = phg_block_length(&block.terms);
    if (n->quantity == 0 || length == 0 || length > n->window.periods) return PH_ECORRUPT;
    return phg_feed_news_of_blocks(f, p, phg_blocks_put(&p->blocks, &block));
}

ph_status phg_feed_set_block(phg_feed *f, phg_feed_product *p, ph_order_id id, ph_price price,
                             uint64_t leaves)
{
    const phg_block *block = phg_blocks_find(&p->blocks, id);
    if (!block) return PH_OK;
    uint32_t length = phg_block_length(&block->terms);
    if (price == 0) price = block->terms.price;
    /* Several trades of a command may make up its units together: the last leaves whole ones. */
    uint64_t units = leaves / length + (leaves % length != 0);
    return phg_feed_news_of_blocks(f, p, phg_blocks_set(&p->blocks, id, price, units));
}
