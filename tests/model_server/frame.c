/*
 * A message of an event stream: total length, length of its headers, the CRC of these two, headers, payload, the CRC of
 * all that. Numbers are big-endian; the CRC is zlib's, made here so that a client's mistake is not ours as well.
 */
#include "model_server.h"

enum { TYPE_STRING = 7, MIN_MESSAGE_BYTES = 16 };

uint32_t frame_crc(uint32_t crc, const char *bytes, size_t len)
{
    static uint32_t table[256];

    for (uint32_t i = 0; !table[255] && i < 256; i++) {
        uint32_t value = i;

        for (int bit = 0; bit < 8; bit++)
            value = value & 1 ? value >> 1 ^ 0xEDB88320u : value >> 1;
        table[i] = value;
    }
    crc = ~crc;
    for (size_t i = 0; i < len; i++)
        crc = crc >> 8 ^ table[(crc ^ (unsigned char)bytes[i]) & 0xFF];
    return ~crc;
}

static void put_number(struct buf *out, uint32_t n, unsigned n_bytes)
{
    while (n_bytes-- > 0)
        buf_char(out, (char)(n >> 8 * n_bytes));
}

static void put_header(struct buf *out, const char *name, const char *value)
{
    put_number(out, (uint32_t)strlen(name), 1);
    buf_str(out, name);
    put_number(out, TYPE_STRING, 1);
    put_number(out, (uint32_t)strlen(value), 2);
    buf_str(out, value);
}

/* An error, unlike an exception, has no payload: all is in its headers. */
static void put_headers(struct buf *out, const char *kind, const char *type)
{
    if (str_eq(kind, "error")) {
        put_header(out, ":error-code", type);
        put_header(out, ":error-message", "Scripted error.");
    } else {
        put_header(out, str_eq(kind, "event") ? ":event-type" : ":exception-type", type);
        put_header(out, ":content-type", "application/json");
    }
    put_header(out, ":message-type", kind);
}

uint32_t frame_open(struct buf *out, const char *kind, const char *type, size_t len)
{
    struct buf headers;
    size_t begun = out->len;

    buf_init(&headers, MAX_HEAD_BYTES);
    put_headers(&headers, kind, type);
    put_number(out, (uint32_t)(MIN_MESSAGE_BYTES + headers.len + len), 4);
    put_number(out, (uint32_t)headers.len, 4);
    put_number(out, frame_crc(0, out->data + begun, out->len - begun), 4);
    buf_append(out, headers.data, headers.len);
    buf_release(&headers);
    return frame_crc(0, out->data + begun, out->len - begun);
}

void frame_close(struct buf *out, uint32_t crc)
{
    put_number(out, crc, 4);
}

void frame_write(struct buf *out, const char *kind, const char *type, const struct buf *payload)
{
    uint32_t crc = frame_open(out, kind, type, payload->len);

    buf_append(out, payload->data, payload->len);
    frame_close(out, frame_crc(crc, payload->data, payload->len));
}
