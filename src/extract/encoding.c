/* Encodings, told and converted. */
#include "extract/text.h"

static const uint16_t windows_1252_points[32] = {
    0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

enum { REPLACEMENT = 0xfffd, DOS_END = 0x1a };

uint32_t windows_1252(uint8_t byte)
{
    return byte >= 0x80 && byte < 0xa0 ? windows_1252_points[byte - 0x80] : REPLACEMENT;
}

/* ---- telling ---- */

/* White space, what terminals and printers take, and the end that DOS gives a file. */
static bool is_text_byte(uint8_t c)
{
    return c >= ' ' ? c != 0x7f : (c >= 0x07 && c <= 0x0d) || c == 0x1b || c == DOS_END;
}

struct counts {
    size_t characters, broken; /* of UTF-8, beyond ASCII; bytes that begin none */
    size_t high, undefined;    /* bytes beyond ASCII; those that Windows-1252 has not */
};

/* False: no text. */
static bool count(const char *data, size_t len, struct counts *counts)
{
    for (size_t i = 0, n; i < len; i += n) {
        uint8_t c = (uint8_t)data[i];

        n = 1;
        if (c < 0x80) {
            if (!is_text_byte(c))
                return false;
            continue;
        }
        n = utf8_next(data + i, len - i);
        counts->characters += n > 0;
        counts->broken += n == 0;
        n = n ? n : 1;
        counts->high += n;
        for (size_t k = i; k < i + n; k++)
            counts->undefined += (uint8_t)data[k] < 0xa0 && windows_1252((uint8_t)data[k]) == REPLACEMENT;
    }
    return true;
}

/* Whether as many as may be are those of one encoding: pairs of bytes of which one is 0 are no text of ours. */
static bool is_utf16_text(const char *data, size_t len, bool is_little)
{
    for (size_t i = 2; i + 1 < len; i += 2) {
        uint8_t low = (uint8_t)data[is_little ? i : i + 1], high = (uint8_t)data[is_little ? i + 1 : i];

        if (!high && !is_text_byte(low))
            return false;
    }
    return len % 2 == 0;
}

enum encoding encoding_tell(const char *data, size_t len)
{
    struct counts counts = {0};

    if (len >= 2 && memcmp(data, "\xff\xfe", 2) == 0)
        return is_utf16_text(data, len, true) ? ENCODING_UTF16LE : ENCODING_UNKNOWN;
    if (len >= 2 && memcmp(data, "\xfe\xff", 2) == 0)
        return is_utf16_text(data, len, false) ? ENCODING_UTF16BE : ENCODING_UNKNOWN;
    if (!count(data, len, &counts))
        return ENCODING_UNKNOWN;
    if (counts.broken * 4 <= counts.characters)
        return ENCODING_UTF8;
    return !counts.undefined && counts.high <= len / 3 ? ENCODING_WINDOWS_1252 : ENCODING_UNKNOWN;
}

/* ---- converting ---- */

static void put(struct buf *out, uint32_t code_point)
{
    char bytes[4];

    buf_append(out, bytes, utf8_put(bytes, code_point));
}

static bool is_left_out(uint32_t c)
{
    return c == 0 || c == DOS_END;
}

static void convert_utf8(const char *data, size_t len, struct buf *out)
{
    size_t i = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0, from = i;

    while (i < len) {
        size_t n = utf8_next(data + i, len - i);

        if (n && !is_left_out((uint8_t)data[i])) {
            i += n;
            continue;
        }
        buf_append(out, data + from, i - from);
        if (!n)
            put(out, REPLACEMENT);
        from = ++i;
    }
    buf_append(out, data + from, len - from);
}

static uint32_t unit_at(const char *data, size_t i, bool is_little)
{
    return (uint32_t)(uint8_t)data[is_little ? i + 1 : i] << 8 | (uint8_t)data[is_little ? i : i + 1];
}

static void convert_utf16(const char *data, size_t len, bool is_little, struct buf *out)
{
    for (size_t i = 2; i + 1 < len; i += 2) {
        uint32_t c = unit_at(data, i, is_little), next = i + 3 < len ? unit_at(data, i + 2, is_little) : 0;

        if (c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10 | (next - 0xdc00));
            i += 2;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = REPLACEMENT;
        }
        if (!is_left_out(c))
            put(out, c);
    }
}

static void convert_windows_1252(const char *data, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)data[i];

        if (!is_left_out(c))
            put(out, c >= 0x80 && c < 0xa0 ? windows_1252(c) : c);
    }
}

void encoding_convert(enum encoding encoding, const char *data, size_t len, struct buf *out)
{
    switch (encoding) {
    case ENCODING_UTF16LE:
    case ENCODING_UTF16BE:
        convert_utf16(data, len, encoding == ENCODING_UTF16LE, out);
        break;
    case ENCODING_WINDOWS_1252:
        convert_windows_1252(data, len, out);
        break;
    case ENCODING_UTF8:
    case ENCODING_UNKNOWN:
        convert_utf8(data, len, out);
    }
}
