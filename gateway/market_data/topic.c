/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/market_data/topic.h"

#include <string.h>

void phg_topic_write(char to[PHG_TOPIC_SIZE + 1], phg_stream_kind kind, ph_product_id product)
{
    to[0] = (char)kind;
    for (uint32_t i = PHG_TOPIC_SIZE - 1, v = product.v; i > 0; i--, v >>= 4)
        to[i] = "0123456789abcdef"[v & 15];
    to[PHG_TOPIC_SIZE] = '\0';
}

/* Reads `digits` lower-case hexadecimal digits. */
static bool read_hex(const char *text, size_t digits, uint64_t *ret)
{
    uint64_t v = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9')
            v = v * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + (uint64_t)(c - 'a') + 10;
        else
            return false;
    }
    *ret = v;
    return true;
}

/* "?", the topic of one stream, and what is wanted of it. */
static ph_status read_request(const char *text, size_t size, phg_topic *ret)
{
    enum { NUMBER = 16, FIRST = PHG_TOPIC_SIZE + 1, LAST = FIRST + NUMBER + 1 };
    phg_topic topic;
    if (size < PHG_TOPIC_SIZE || phg_topic_read(text, PHG_TOPIC_SIZE, &topic) != PH_OK)
        return PH_EINVAL;
    topic.is_request = true;
    if (size == PHG_TOPIC_SIZE) {
        *ret = topic;
        return PH_OK;
    }
    if (size != LAST + NUMBER || text[FIRST - 1] != ':' || text[LAST - 1] != '-') return PH_EINVAL;
    if (!read_hex(text + FIRST, NUMBER, &topic.first) ||
        !read_hex(text + LAST, NUMBER, &topic.last) || topic.first == 0 || topic.last < topic.first)
        return PH_EINVAL;
    *ret = topic;
    return PH_OK;
}

/* "~" and the topic of one stream that has a book. */
static ph_status read_conflated(const char *text, size_t size, phg_topic *ret)
{
    phg_topic topic;
    if (size != PHG_TOPIC_SIZE || phg_topic_read(text, size, &topic) != PH_OK) return PH_EINVAL;
    if (topic.kind == PHG_STREAM_TRADES) return PH_EINVAL;
    topic.is_conflated = true;
    *ret = topic;
    return PH_OK;
}

/* "!" and a number. */
static ph_status read_name(const char *text, size_t size, phg_topic *ret)
{
    phg_topic topic = {0};
    if (size != 16 || !read_hex(text, size, &topic.name) || topic.name == 0) return PH_EINVAL;
    *ret = topic;
    return PH_OK;
}

ph_status phg_topic_read(const void *bytes, size_t size, phg_topic *ret)
{
    const char *text = bytes;
    uint64_t product = 0;
    if (size > 1 && text[0] == '?') return read_request(text + 1, size - 1, ret);
    if (size > 1 && text[0] == '!') return read_name(text + 1, size - 1, ret);
    if (size > 1 && text[0] == '~') return read_conflated(text + 1, size - 1, ret);
    if (size != 1 && size != PHG_TOPIC_SIZE) return PH_EINVAL;
    static const char kinds[] = {
        PHG_STREAM_PRICES,  PHG_STREAM_DEPTH,          PHG_STREAM_STATISTICS,
        PHG_STREAM_CANDLES, PHG_STREAM_TYPE,           PHG_STREAM_REGION,
        PHG_STREAM_GRADE,   PHG_STREAM_PERIOD_CANDLES, PHG_STREAM_TRADES};
    if (!memchr(kinds, text[0], sizeof kinds)) return PH_EINVAL;
    if (size != 1 && (!read_hex(text + 1, PHG_TOPIC_SIZE - 1, &product) || product == 0))
        return PH_EINVAL;
    *ret = (phg_topic){.kind = (phg_stream_kind)text[0], .product = {(uint32_t)product}};
    return PH_OK;
}
