/* UTF-8, numbers, and lists of words in headers. */
#include <string.h>
#include <strings.h>

#include "colloquy/base/text.h"

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The second byte decides what the first one leaves open: overlong forms, surrogates, the end of Unicode. */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return second >= 0x80 && second <= 0xBF;
    }
}

size_t utf8_next(const char *text, size_t len)
{
    if (len == 0)
        return 0;
    unsigned char first = (unsigned char)text[0];

    if (first < 0x80)
        return 1;
    size_t n = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;

    if (n == 0 || n > len || !second_fits(first, (unsigned char)text[1]))
        return 0;
    for (size_t i = 2; i < n; i++)
        if (!is_tail(text[i]))
            return 0;
    return n;
}

uint32_t utf8_decode(const char *text, size_t len, size_t *n)
{
    const unsigned char *s = (const unsigned char *)text;
    static const unsigned char masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};

    *n = utf8_next(text, len);
    if (!*n) {
        *n = 1;
        return 0;
    }
    uint32_t c = s[0] & masks[*n];
    for (size_t i = 1; i < *n; i++)
        c = c << 6 | (s[i] & 0x3F);
    return c;
}

/* How many bytes at the start are ASCII, a multiple of eight. */
static size_t ascii_run(const char *text, size_t len)
{
    size_t i = 0;

    for (; len - i >= 8; i += 8) {
        uint64_t word;

        memcpy(&word, text + i, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

bool utf8_valid(const char *text, size_t len)
{
    size_t i = 0;

    while (i < len) {
        if ((unsigned char)text[i] < 0x80)
            i += ascii_run(text + i, len - i);
        if (i == len)
            break;
        size_t n = utf8_next(text + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

size_t utf8_count(const char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += !is_tail(text[i]);
    return n;
}

static bool is_space(uint32_t c)
{
    return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* The bytes of the white space at the start, 0 when there is none. None takes more than three. */
static size_t space_at(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = utf8_next(text, len);
    uint32_t c = UINT32_MAX;

    if (n == 1)
        c = s[0];
    else if (n == 2)
        c = (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    else if (n == 3)
        c = (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    return is_space(c) ? n : 0;
}

void utf8_trim(const char **text, size_t *len)
{
    const char *start = *text, *end = start + *len;

    for (size_t n; (n = space_at(start, (size_t)(end - start)));)
        start += n;
    while (end > start) {
        const char *last = end - 1;

        while (last > start && is_tail(*last))
            last--;
        size_t n = (size_t)(end - last);
        if (space_at(last, n) != n)
            break;
        end = last;
    }
    *text = start;
    *len = (size_t)(end - start);
}

bool utf8_blank(const char *text, size_t len)
{
    size_t i = 0, n;

    while ((n = space_at(text + i, len - i)))
        i += n;
    return i == len;
}

size_t utf8_put(char out[4], uint32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)(lead[n] | c);
    return n;
}

bool parse_u64(const char *text, size_t len, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)((unsigned char)text[i] - '0');

        if (digit > 9 || n > (max - digit) / 10 || max < digit)
            return false;
        n = n * 10 + digit;
    }
    *out = n;
    return true;
}

bool parse_id(const char *text, size_t len, uint64_t *out)
{
    return len <= 19 && parse_u64(text, len, INT64_MAX, out);
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t len)
{
    if (strlen(text) != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void hex_encode(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

bool parse_bool(const char *text, size_t len, bool *out)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"true", true},   {"t", true},  {"yes", true}, {"y", true},  {"on", true},   {"1", true},
        {"false", false}, {"f", false}, {"no", false}, {"n", false}, {"off", false}, {"0", false},
    };

    for (size_t i = 0; i < LEN(words); i++) {
        if (strlen(words[i].word) == len && strncasecmp(words[i].word, text, len) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

bool str_eq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The end of a list's element: its comma, or the end of the list. A comma within quotes is no end. */
static const char *element_end(const char *at)
{
    bool quoted = false;

    for (; *at && (quoted || *at != ','); at++) {
        if (quoted && *at == '\\' && at[1])
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

bool header_list_has(const char *list, const char *item)
{
    size_t want = strlen(item);

    while (list && *list) {
        const char *end = element_end(list);
        size_t len;

        list += strspn(list, " \t");
        len = list < end ? strcspn(list, ",;") : 0;
        while (len && (list[len - 1] == ' ' || list[len - 1] == '\t'))
            len--;
        if (want && len == want && strncasecmp(list, item, len) == 0)
            return true;
        list = *end ? end + 1 : end;
    }
    return false;
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *n)
{
    size_t padding = len >= 2 && text[len - 1] == '=' ? 1 + (text[len - 2] == '=') : 0, used = 0;
    uint32_t bits = 0;

    if (len % 4)
        return false;
    for (size_t i = 0; i < len - padding; i++) {
        int value = base64_value(text[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (i % 4)
            out[used++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    *n = used;
    return !padding || !(bits & (padding == 1 ? 3u : 15u));
}
