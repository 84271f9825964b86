/* Messages of Amazon's event stream, written by hand. */
#include <string.h>

#include "frames.h"

static void put(char *at, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(n >> (24 - 8 * i));
}

/* CRC-32 by its definition: bit by bit. */
static uint32_t sum(const char *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint8_t)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

void frame_sum(char *message, size_t len)
{
    put(message + 8, sum(message, 8));
    put(message + len - 4, sum(message, len - 4));
}

void frame_header(struct buf *headers, const char *name, const char *value)
{
    size_t len = strlen(value);

    buf_char(headers, (char)strlen(name));
    buf_str(headers, name);
    buf_char(headers, 7);
    buf_char(headers, (char)(len >> 8));
    buf_char(headers, (char)len);
    buf_str(headers, value);
}

void frame(struct buf *out, const char *headers, size_t headers_len, const char *payload, size_t len)
{
    size_t total = 12 + headers_len + len + 4;
    char *message = buf_room(out, total);

    if (!message)
        return;
    put(message, (uint32_t)total);
    put(message + 4, (uint32_t)headers_len);
    if (headers_len > 0)
        memcpy(message + 12, headers, headers_len);
    if (len > 0)
        memcpy(message + 12 + headers_len, payload, len);
    frame_sum(message, total);
    out->len += total;
}

void frame_message(struct buf *out, const char *type, const char *name, const char *payload)
{
    struct buf headers;

    buf_init(&headers, 4096);
    frame_header(&headers,
                 str_eq(type, "event")       ? ":event-type"
                 : str_eq(type, "exception") ? ":exception-type"
                                             : ":error-code",
                 name);
    frame_header(&headers, ":content-type", "application/json");
    frame_header(&headers, ":message-type", type);
    frame(out, headers.data, headers.len, payload, strlen(payload));
    buf_release(&headers);
}
