#include <stdio.h>

#include "unit.h"

#define T(literal) literal, sizeof(literal) - 1

static void test_utf8_valid(void)
{
    static const struct {
        const char *name, *text;
        size_t len;
        bool valid;
    } rows[] = {
        {"empty", T(""), true},
        {"ascii", T("plain text of more than eight bytes"), true},
        {"NUL", T("a\0b"), true},
        {"two bytes, first", T("\xC2\x80"), true},
        {"two bytes, last", T("\xDF\xBF"), true},
        {"three bytes, first", T("\xE0\xA0\x80"), true},
        {"before the surrogates", T("\xED\x9F\xBF"), true},
        {"behind the surrogates", T("\xEE\x80\x80"), true},
        {"three bytes, last", T("\xEF\xBF\xBF"), true},
        {"four bytes, first", T("\xF0\x90\x80\x80"), true},
        {"four bytes, last", T("\xF4\x8F\xBF\xBF"), true},
        {"behind a run of ascii", T("0123456789abcdef\xF0\x9F\x98\x80 end"), true},
        {"bare tail", T("\x80"), false},
        {"overlong NUL", T("\xC0\x80"), false},
        {"overlong slash, 2", T("\xC1\xAF"), false},
        {"overlong, 3", T("\xE0\x9F\xBF"), false},
        {"overlong, 4", T("\xF0\x8F\xBF\xBF"), false},
        {"high surrogate", T("\xED\xA0\x80"), false},
        {"low surrogate", T("\xED\xBF\xBF"), false},
        {"above U+10FFFF", T("\xF4\x90\x80\x80"), false},
        {"lead F5", T("\xF5\x80\x80\x80"), false},
        {"five bytes", T("\xF8\x88\x80\x80\x80"), false},
        {"FE", T("\xFE"), false},
        {"FF behind ascii", T("0123456789\xFF"), false},
        {"cut, 2", T("a\xC3"), false},
        {"cut, 3", T("\xE2\x82"), false},
        {"cut, 4", T("\xF0\x9F\x98"), false},
        {"third byte no tail", T("\xE2\x82G"), false},
        {"fourth byte no tail", T("\xF0\x9F\x98G"), false},
        {"UTF-16", T("a\0\xFF\xFE"), false},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, utf8_valid(rows[i].text, rows[i].len) == rows[i].valid);
}

/* A fault is found wherever it stands in the words of eight bytes. */
static void test_utf8_valid_every_place(void)
{
    char text[40];

    for (size_t at = 0; at < sizeof(text); at++) {
        memset(text, 'a', sizeof(text));
        text[at] = (char)0x80;
        CU_ASSERT_FALSE(utf8_valid(text, sizeof(text)));
        CU_ASSERT(utf8_valid(text, at));
    }
}

/* Every scalar value that utf8_put() writes is well-formed, and no surrogate is ever written. */
static void test_utf8_put(void)
{
    char out[4];

    for (uint32_t c = 0; c <= 0x110000; c++) {
        size_t n = utf8_put(out, c);

        if (!utf8_valid(out, n) || utf8_next(out, n) != n || utf8_count(out, n) != 1)
            CU_FAIL_FATAL("not one well-formed character");
    }
    CU_ASSERT(utf8_put(out, 0xE9) == 2 && memcmp(out, "é", 2) == 0);
    CU_ASSERT(utf8_put(out, 0x1F600) == 4 && memcmp(out, "😀", 4) == 0);
    CU_ASSERT(utf8_put(out, 0xD800) == 3 && memcmp(out, "\xEF\xBF\xBD", 3) == 0);
}

static void test_utf8_count(void)
{
    CU_ASSERT_EQUAL(utf8_count(T("")), 0);
    CU_ASSERT_EQUAL(utf8_count(T("aé€😀")), 4);
    CU_ASSERT_EQUAL(utf8_count(T("e\xCC\x81")), 2); /* not what a reader counts: code points */
}

static void test_blank_and_trim(void)
{
    static const struct {
        const char *name, *text, *trimmed;
    } rows[] = {
        {"empty", "", ""},
        {"ascii space", " \t\r\n\v\f", ""},
        {"NEL", "\xC2\x85", ""},
        {"no-break space", "\xC2\xA0", ""},
        {"ogham", "\xE1\x9A\x80", ""},
        {"en quad to hair space", "\xE2\x80\x80\xE2\x80\x8A", ""},
        {"line and paragraph", "\xE2\x80\xA8\xE2\x80\xA9", ""},
        {"narrow no-break", "\xE2\x80\xAF", ""},
        {"mathematical", "\xE2\x81\x9F", ""},
        {"ideographic", "\xE3\x80\x80", ""},
        {"zero width is none", "\xE2\x80\x8B", "\xE2\x80\x8B"},
        {"BOM is none", "\xEF\xBB\xBF", "\xEF\xBB\xBF"},
        {"mongolian is none", "\xE1\xA0\x8E", "\xE1\xA0\x8E"},
        {"word", "  a b ", "a b"},
        {"mixed", "\xE3\x80\x80\xC2\xA0 x \xC2\xA0\xE3\x80\x80", "x"},
        {"character at the end", " é€😀", "é€😀"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *text = rows[i].text;
        size_t len = strlen(text);

        ROW_ASSERT(rows[i].name, utf8_blank(text, len) == (rows[i].trimmed[0] == '\0'));
        utf8_trim(&text, &len);
        ROW_ASSERT(rows[i].name, len == strlen(rows[i].trimmed) && memcmp(text, rows[i].trimmed, len) == 0);
    }
}

static void test_parse_id(void)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t want;
    } rows[] = {
        {"1", true, 1},
        {"0", true, 0},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"9999999999999999999", false, 0},
        {"00000000000000000001", false, 0}, /* 20 digits */
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"1e3", false, 0},
        {"self", false, 0},
        {"１", false, 0}, /* a digit, but not of ASCII */
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t got = 42;
        bool good = parse_id(rows[i].text, strlen(rows[i].text), &got);

        ROW_ASSERT(rows[i].text, good == rows[i].good && got == (good ? rows[i].want : 42));
    }
}

static void test_parse_u64(void)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t want;
    } rows[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"7", 5, false, 0},
        {"100", 100, true, 100},
        {"101", 100, false, 0},
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"99999999999999999999999999", UINT64_MAX, false, 0},
        {"", 10, false, 0},
        {"1a", 100, false, 0},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t got = 42;
        bool good = parse_u64(rows[i].text, strlen(rows[i].text), rows[i].max, &got);

        ROW_ASSERT(rows[i].text, good == rows[i].good && got == (good ? rows[i].want : 42));
    }
}

static void test_parse_bool(void)
{
    static const char *const words[][2] = {{"true", "false"}, {"T", "F"}, {"yes", "no"},    {"y", "n"},
                                           {"ON", "Off"},     {"1", "0"}, {"True", "FALSE"}};
    static const char *const others[] = {"", "2", "tru", "truee", "null", " on", "ja"};
    bool value;

    for (size_t i = 0; i < LEN(words); i++) {
        value = false;
        ROW_ASSERT(words[i][0], parse_bool(words[i][0], strlen(words[i][0]), &value) && value);
        ROW_ASSERT(words[i][1], parse_bool(words[i][1], strlen(words[i][1]), &value) && !value);
    }
    value = true;
    for (size_t i = 0; i < LEN(others); i++)
        ROW_ASSERT(others[i], !parse_bool(others[i], strlen(others[i]), &value) && value);
}

static void test_hex(void)
{
    const uint8_t bytes[] = {0x00, 0x0F, 0xA5, 0xFF};
    char out[9];

    hex_encode(bytes, sizeof(bytes), out);
    ASSERT_TEXT(out, "000fa5ff");
    CU_ASSERT(hex_digit('0') == 0 && hex_digit('9') == 9 && hex_digit('a') == 10 && hex_digit('F') == 15);
    CU_ASSERT(hex_digit('g') == -1 && hex_digit('/') == -1 && hex_digit(':') == -1 && hex_digit('\0') == -1);
}

static void test_header_list(void)
{
    static const struct {
        const char *list, *item;
        bool has;
    } rows[] = {
        {"application/json+canvas-string-ids", "application/json+canvas-string-ids", true},
        {"text/html, application/json+canvas-string-ids", "application/json+canvas-string-ids", true},
        {"a,b ,\tc;q=0.5", "c", true},
        {"a,b ,\tc;q=0.5", "b", true},
        {"A", "a", true},
        {"ab", "a", false},
        {"a b", "a", false},
        {"a", "ab", false},
        {"x;a", "a", false},
        {"x;p=\"1,a\",b", "a", false},
        {"x;p=\"1\\\",a\",b", "b", true},
        {"x;p=\"never closed,a", "a", false},
        {",, ,a,", "a", true},
        {",, ,", "a", false},
        {",,", "", false},
        {"", "a", false},
        {NULL, "a", false},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].list, header_list_has(rows[i].list, rows[i].item) == rows[i].has);
}

/* RFC 4648 section 10, and what is none: a text that is decoded and encoded again is the same. */
static void test_base64(void)
{
    static const struct {
        const char *text, *want; /* NULL: it is refused */
    } rows[] = {
        {"", ""},
        {"Zg==", "f"},
        {"Zm8=", "fo"},
        {"Zm9v", "foo"},
        {"Zm9vYg==", "foob"},
        {"Zm9vYmE=", "fooba"},
        {"Zm9vYmFy", "foobar"},
        {"+/+/", "\xfb\xff\xbf"},
        {"Zg", NULL},
        {"Zg=", NULL},
        {"Zg===", NULL},
        {"=", NULL},
        {"====", NULL},
        {"Z===", NULL},
        {"Zm9=", NULL},
        {"Zh==", NULL},
        {"Zm 9v", NULL},
        {"Zm9v\n", NULL},
        {"Zg==Zg==", NULL},
        {"Zm9_", NULL},
        {"Zm9-", NULL},
        {"Z=m=", NULL},
        {"Zm\xc3\xa9", NULL},
        {"=Zg=", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t out[16] = {0};
        size_t n = 0;
        bool is_read = base64_decode(rows[i].text, strlen(rows[i].text), out, &n);

        ROW_ASSERT(rows[i].text, is_read == (rows[i].want != NULL));
        ROW_ASSERT(rows[i].text, !is_read || (n == strlen(rows[i].want) && memcmp(out, rows[i].want, n) == 0));
    }
}

/* Every byte at every place, as the writer of JSON encodes it. */
static void test_base64_of_every_byte(void)
{
    uint8_t bytes[256 + 2], out[sizeof(bytes) + 3];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct buf *buf = buf_in_arena(unit_ctx()->arena, 1024);
        struct json_out json;
        size_t n = 0;

        CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
        json_out_init(&json, buf);
        json_base64(&json, bytes, len);
        CU_ASSERT_TRUE(base64_decode(buf->data + 1, buf->len - 2, out, &n));
        CU_ASSERT_TRUE(n == len && memcmp(out, bytes, len) == 0);
    }
}

static void test_str(void)
{
    CU_ASSERT(str_eq(NULL, NULL) && str_eq("a", "a") && !str_eq("a", NULL) && !str_eq(NULL, "a") && !str_eq("a", "A"));
    CU_ASSERT(str_starts("abc", "ab") && str_starts("abc", "") && !str_starts("ab", "abc") && !str_starts("b", "a"));
}

SUITE(text, {"knows well-formed UTF-8", test_utf8_valid}, {"finds a fault in every place", test_utf8_valid_every_place},
      {"writes every code point", test_utf8_put}, {"counts code points", test_utf8_count},
      {"knows white space", test_blank_and_trim}, {"reads ids", test_parse_id}, {"reads numbers", test_parse_u64},
      {"reads booleans", test_parse_bool}, {"writes hexadecimal", test_hex},
      {"finds words in header lists", test_header_list}, {"compares strings", test_str}, {"reads base64", test_base64},
      {"reads base64 of every byte", test_base64_of_every_byte});
