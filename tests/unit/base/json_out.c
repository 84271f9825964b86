#include <json-c/json.h>

#include "unit.h"

static struct json_out begin_on(struct buf *buf)
{
    struct json_out out;

    json_out_init(&out, buf);
    return out;
}

static struct json_out begin(void)
{
    return begin_on(buf_in_arena(unit_ctx()->arena, 1 << 20));
}

static void test_structure(void)
{
    struct json_out out = begin();

    json_open_object(&out);
    json_key(&out, "a");
    json_open_array(&out);
    json_int(&out, 1);
    json_open_object(&out);
    json_close_object(&out);
    json_open_array(&out);
    json_close_array(&out);
    json_null(&out);
    json_close_array(&out);
    json_key(&out, "b");
    json_boolean(&out, true);
    json_key(&out, "c");
    json_open_object(&out);
    json_key(&out, "d");
    json_boolean(&out, false);
    json_close_object(&out);
    json_key(&out, "e");
    json_raw(&out, "[1,2]");
    json_key(&out, "f");
    json_text(&out, NULL);
    json_close_object(&out);
    ASSERT_TEXT(out.buf->data, "{\"a\":[1,{},[],null],\"b\":true,\"c\":{\"d\":false},\"e\":[1,2],\"f\":null}");
}

static void test_numbers(void)
{
    struct json_out out = begin();

    json_open_array(&out);
    json_int(&out, 0);
    json_int(&out, INT64_MIN);
    json_int(&out, INT64_MAX);
    json_u64(&out, UINT64_MAX);
    json_time(&out, 784111777000);
    json_close_array(&out);
    ASSERT_TEXT(out.buf->data,
                "[0,-9223372036854775808,9223372036854775807,18446744073709551615,\"1994-11-06T08:49:37Z\"]");
}

static void test_ids(void)
{
    struct json_out out = begin();

    for (int i = 0; i < 2; i++) {
        json_open_array(&out);
        json_id(&out, 7);
        json_id_text(&out, 8);
        json_u64(&out, 9); /* no id: a number always */
        json_close_array(&out);
        out.string_ids = true;
    }
    ASSERT_TEXT(out.buf->data, "[7,\"8\",9],[\"7\",\"8\",9]");
}

static void test_escapes(void)
{
    static const struct {
        const char *text;
        size_t len;
        const char *want;
    } rows[] = {
#define ROW(text, want) {text, sizeof(text) - 1, want}
        ROW("", "\"\""),
        ROW("plain / 'text' <b>", "\"plain / 'text' <b>\""),
        ROW("\"", "\"\\\"\""),
        ROW("\\", "\"\\\\\""),
        ROW("a\"b\\c", "\"a\\\"b\\\\c\""),
        ROW("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""),
        ROW("\0\x01\x1F", "\"\\u0000\\u0001\\u001f\""),
        ROW("\x7F", "\"\x7F\""),
        ROW("Zoë €😀\xE2\x80\xA8", "\"Zoë €😀\xE2\x80\xA8\""),
        ROW("\n\n", "\"\\n\\n\""),
        ROW("\xFFz", "\"\xEF\xBF\xBDz\""),                               /* no UTF-8: replaced, never passed on */
        ROW("a\xE2\x82", "\"a\xEF\xBF\xBD\xEF\xBF\xBD\""),               /* cut */
        ROW("\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""), /* surrogate */
#undef ROW
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_out out = begin();

        json_text_n(&out, rows[i].text, rows[i].len);
        ROW_ASSERT(rows[i].want, str_eq(out.buf->data, rows[i].want));
    }
}

/* What is written reads back as it was, whatever the bytes before and behind. */
static void test_round_trip(void)
{
    char text[64];

    for (uint32_t c = 0; c < 0x11000; c += c < 0x300 ? 1 : 61) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        struct cq_ctx *ctx = unit_ctx();
        struct json_out out = begin_on(buf_in_arena(ctx->arena, 1024));
        struct json_object *back = NULL;
        size_t len = 0;

        for (int i = 0; i < 3; i++) {
            text[len++] = 'x';
            len += utf8_put(text + len, c);
        }
        json_text_n(&out, text, len);
        CU_ASSERT_EQUAL_FATAL(json_read(ctx, out.buf->data, out.buf->len, &back), CQ_OK);
        CU_ASSERT_EQUAL((size_t)json_object_get_string_len(back), len);
        CU_ASSERT_FATAL(memcmp(json_object_get_string(back), text, len) == 0);
    }
}

static void test_bound(void)
{
    struct json_out out;
    struct buf buf;

    buf_init(&buf, 10);
    json_out_init(&out, &buf);
    json_text(&out, "longer than ten bytes");
    CU_ASSERT(buf.failed && buf.len <= 10);
    buf_release(&buf);
}

static void test_base64_and_numbers(void)
{
    static const char *const words[] = {"\"\"", "\"Zg==\"", "\"Zm8=\"", "\"Zm9v\"", "\"Zm9vYg==\""}; /* RFC 4648, 10 */
    char large[4000];

    for (size_t i = 0; i < LEN(words); i++) {
        struct json_out out = begin();

        json_base64(&out, "foobar", i);
        ASSERT_TEXT(out.buf->data, words[i]);
    }
    struct json_out out = begin();

    memset(large, 'A', sizeof(large)); /* more than is encoded at a time */
    json_base64(&out, large, sizeof(large));
    CU_ASSERT_EQUAL(out.buf->len, (sizeof(large) + 2) / 3 * 4 + 2);
    CU_ASSERT_PTR_NULL(memchr(out.buf->data, '=', out.buf->len - 4));
    out = begin();
    json_open_array(&out);
    json_number(&out, 0.7);
    json_number(&out, 1);
    json_close_array(&out);
    ASSERT_TEXT(out.buf->data, "[0.7,1]");
}

static void test_data_url(void)
{
    struct json_out out = begin();

    json_open_array(&out);
    json_data_url(&out, "image/png", "foobar", 4);
    json_data_url(&out, "a\"b", "", 0);
    json_close_array(&out);
    ASSERT_TEXT(out.buf->data, "[\"data:image/png;base64,Zm9vYg==\",\"data:a\\\"b;base64,\"]");
}

SUITE(json_out, {"base64 and numbers", test_base64_and_numbers}, {"data URLs", test_data_url},
      {"commas and pairs", test_structure}, {"numbers and times", test_numbers}, {"ids", test_ids},
      {"escapes what it must", test_escapes}, {"reads back", test_round_trip}, {"stays within its buffer", test_bound});
