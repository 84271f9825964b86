/* JSON written straight into a buffer. */
#include <openssl/evp.h>
#include <string.h>

#include "colloquy/base/clock.h"
#include "colloquy/base/json.h"
#include "colloquy/base/text.h"

void json_out_init(struct json_out *out, struct buf *buf)
{
    *out = (struct json_out){.buf = buf};
}

/* What comes before a key or a value that stands in an array. */
static void separate(struct json_out *out)
{
    if (out->comma)
        buf_char(out->buf, ',');
    out->comma = true;
}

static void open_with(struct json_out *out, char bracket)
{
    separate(out);
    buf_char(out->buf, bracket);
    out->comma = false;
}

static void close_with(struct json_out *out, char bracket)
{
    buf_char(out->buf, bracket);
    out->comma = true;
}

void json_open_object(struct json_out *out)
{
    open_with(out, '{');
}

void json_close_object(struct json_out *out)
{
    close_with(out, '}');
}

void json_open_array(struct json_out *out)
{
    open_with(out, '[');
}

void json_close_array(struct json_out *out)
{
    close_with(out, ']');
}

void json_key(struct json_out *out, const char *key)
{
    separate(out);
    buf_char(out->buf, '"');
    buf_str(out->buf, key);
    buf_append(out->buf, "\":", 2);
    out->comma = false;
}

void json_raw(struct json_out *out, const char *json)
{
    separate(out);
    buf_str(out->buf, json);
}

void json_null(struct json_out *out)
{
    json_raw(out, "null");
}

void json_boolean(struct json_out *out, bool value)
{
    json_raw(out, value ? "true" : "false");
}

void json_u64(struct json_out *out, uint64_t value)
{
    separate(out);
    buf_u64(out->buf, value);
}

void json_int(struct json_out *out, int64_t value)
{
    separate(out);
    if (value < 0)
        buf_char(out->buf, '-');
    buf_u64(out->buf, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/* RFC 8259 section 7: these and no others must be escaped. */
static bool must_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void escape(struct buf *buf, unsigned char c)
{
    static const char shorthand[128] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
    };

    if (shorthand[c]) {
        char two[2] = {'\\', shorthand[c]};

        buf_append(buf, two, sizeof(two));
    } else {
        buf_append(buf, "\\u00", 4);
        buf_char(buf, "0123456789abcdef"[c >> 4]);
        buf_char(buf, "0123456789abcdef"[c & 15]);
    }
}

/* Whether any of eight bytes is not ASCII or must be escaped: then the high bit of one of the differences is set. */
static bool is_special_in_8(const char *at)
{
    const uint64_t each = UINT64_MAX / 255, high = each * 0x80;
    uint64_t bytes;

    memcpy(&bytes, at, sizeof(bytes));
    return ((bytes | (bytes - each * 0x20) | ((bytes ^ each * '"') - each) | ((bytes ^ each * '\\') - each)) & high) !=
           0;
}

/* How many bytes at the start can be copied as they are. */
static size_t plain_run(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len) {
        if (len - i >= 8 && !is_special_in_8(text + i)) {
            i += 8;
            continue;
        }
        unsigned char c = (unsigned char)text[i];
        size_t n = c < 0x80 ? (size_t)!must_escape(c) : utf8_next(text + i, len - i);

        if (n == 0)
            break;
        i += n;
    }
    return i;
}

/* Callers pass valid UTF-8. A byte that is none becomes U+FFFD all the same, so that an answer is always valid JSON. */
static void put_text(struct buf *buf, const char *text, size_t len)
{
    for (;;) {
        size_t n = plain_run(text, len);

        buf_append(buf, text, n);
        if (n == len)
            break;
        if ((unsigned char)text[n] < 0x80)
            escape(buf, (unsigned char)text[n]);
        else
            buf_append(buf, "\xEF\xBF\xBD", 3);
        text += n + 1;
        len -= n + 1;
    }
}

void json_text_n(struct json_out *out, const char *text, size_t len)
{
    separate(out);
    buf_char(out->buf, '"');
    put_text(out->buf, text, len);
    buf_char(out->buf, '"');
}

void json_text(struct json_out *out, const char *text)
{
    if (text)
        json_text_n(out, text, strlen(text));
    else
        json_null(out);
}

static void put_base64(struct buf *buf, const void *bytes, size_t n)
{
    enum { GROUP_BYTES = 3 * 1024 };
    unsigned char text[GROUP_BYTES / 3 * 4 + 1];
    const unsigned char *at = bytes;

    for (size_t left = n; left > 0;) {
        size_t group = left < GROUP_BYTES ? left : GROUP_BYTES;

        buf_append(buf, (const char *)text, (size_t)EVP_EncodeBlock(text, at, (int)group));
        at += group;
        left -= group;
    }
}

void json_base64(struct json_out *out, const void *bytes, size_t n)
{
    separate(out);
    buf_char(out->buf, '"');
    put_base64(out->buf, bytes, n);
    buf_char(out->buf, '"');
}

void json_data_url(struct json_out *out, const char *media_type, const void *bytes, size_t n)
{
    separate(out);
    buf_str(out->buf, "\"data:");
    put_text(out->buf, media_type, strlen(media_type));
    buf_str(out->buf, ";base64,");
    put_base64(out->buf, bytes, n);
    buf_char(out->buf, '"');
}

void json_number(struct json_out *out, double value)
{
    separate(out);
    buf_printf(out->buf, "%.6g", value);
}

void json_id_text(struct json_out *out, uint64_t id)
{
    separate(out);
    buf_char(out->buf, '"');
    buf_u64(out->buf, id);
    buf_char(out->buf, '"');
}

void json_id(struct json_out *out, uint64_t id)
{
    if (out->string_ids)
        json_id_text(out, id);
    else
        json_u64(out, id);
}

void json_time(struct json_out *out, int64_t unix_ms)
{
    char text[CLOCK_TEXT_BYTES + 2] = {'"'};

    separate(out);
    clock_text(unix_ms, text + 1);
    text[CLOCK_TEXT_BYTES] = '"';
    buf_append(out->buf, text, CLOCK_TEXT_BYTES + 1);
}
