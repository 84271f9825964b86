/* Images, by their heads. */
#include "extract/type.h"

enum { MAX_SIDE = 65535, MAX_PIXELS = 1 << 28 };

static uint32_t big(const uint8_t *at, size_t n)
{
    uint32_t value = 0;

    while (n--)
        value = value << 8 | *at++;
    return value;
}

static uint32_t little(const uint8_t *at, size_t n)
{
    uint32_t value = 0;

    while (n--)
        value = value << 8 | at[n];
    return value;
}

static bool is_size(uint32_t width, uint32_t height)
{
    return width >= 1 && height >= 1 && width <= MAX_SIDE && height <= MAX_SIDE &&
           (uint64_t)width * height <= MAX_PIXELS;
}

/* The depths that a kind of colours may have, as bits. */
static bool is_png_colour(uint8_t depth, uint8_t colour)
{
    static const uint32_t depths[] = {1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 16,
                                      0,
                                      1 << 8 | 1 << 16,
                                      1 << 1 | 1 << 2 | 1 << 4 | 1 << 8,
                                      1 << 8 | 1 << 16,
                                      0,
                                      1 << 8 | 1 << 16};

    return colour < LEN(depths) && depth <= 16 && depths[colour] & 1u << depth;
}

static bool is_png(const uint8_t *d, size_t len)
{
    static const uint8_t head[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};

    return len >= 33 && memcmp(d, head, sizeof(head)) == 0 && is_size(big(d + 16, 4), big(d + 20, 4)) &&
           is_png_colour(d[24], d[25]) && d[26] == 0 && d[27] == 0 && d[28] <= 1;
}

/* Whether a segment tells the size: a frame of whatever kind. */
static bool is_jpeg_frame(uint8_t marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool is_jpeg(const uint8_t *d, size_t len)
{
    if (len < 4 || memcmp(d, "\xff\xd8\xff", 3) != 0)
        return false;
    for (size_t i = 2; i + 4 <= len && d[i] == 0xff;) {
        size_t n = big(d + i + 2, 2);

        if (d[i + 1] == 0xff) { /* padding */
            i++;
            continue;
        }
        if (is_jpeg_frame(d[i + 1]))
            return n >= 8 && i + 10 <= len && is_size(big(d + i + 7, 2), big(d + i + 5, 2));
        if (d[i + 1] < 0xc0 || d[i + 1] == 0xd8 || d[i + 1] == 0xd9 || d[i + 1] == 0xda || n < 2)
            return false;
        i += 2 + n;
    }
    return false;
}

static bool is_gif(const uint8_t *d, size_t len)
{
    return len >= 14 && (memcmp(d, "GIF87a", 6) == 0 || memcmp(d, "GIF89a", 6) == 0) &&
           is_size(little(d + 6, 2), little(d + 8, 2));
}

static bool is_webp_chunk(const uint8_t *d)
{
    if (memcmp(d, "VP8 ", 4) == 0)
        return memcmp(d + 11, "\x9d\x01\x2a", 3) == 0 &&
               is_size(little(d + 14, 2) & 0x3fff, little(d + 16, 2) & 0x3fff);
    if (memcmp(d, "VP8L", 4) == 0)
        return d[8] == 0x2f && is_size((little(d + 9, 4) & 0x3fff) + 1, (little(d + 9, 4) >> 14 & 0x3fff) + 1);
    return memcmp(d, "VP8X", 4) == 0 && is_size(little(d + 12, 3) + 1, little(d + 15, 3) + 1);
}

static bool is_webp(const uint8_t *d, size_t len)
{
    return len >= 30 && memcmp(d, "RIFF", 4) == 0 && memcmp(d + 8, "WEBP", 4) == 0 && is_webp_chunk(d + 12);
}

const char *image_type(const uint8_t *data, size_t len)
{
    static const struct {
        bool (*is)(const uint8_t *data, size_t len);
        const char *type;
    } rows[] = {{is_png, "image/png"}, {is_jpeg, "image/jpeg"}, {is_gif, "image/gif"}, {is_webp, "image/webp"}};

    for (size_t i = 0; i < LEN(rows); i++)
        if (rows[i].is(data, len))
            return rows[i].type;
    return NULL;
}
