#include <json-c/json.h>
#include <stdlib.h>

#include "unit.h"

#define T(literal) literal, sizeof(literal) - 1

static enum cq_status read_text(const char *text, size_t len, struct json_object **out)
{
    /* A copy without a NUL behind it, so that the sanitizer sees a read beyond the end. */
    char *copy = malloc(len ? len : 1);
    enum cq_status st;

    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, text, len);
    st = json_read(unit_ctx(), copy, len, out);
    free(copy);
    return st;
}

static void test_strictness(void)
{
    static const struct {
        const char *text;
        size_t len;
        enum cq_status status;
    } rows[] = {
        {T("{}"), CQ_OK},
        {T(" [1, -0, 0.5, 1e9, -1.5E-3, true, false, null, \"x\"]\r\n\t"), CQ_OK},
        {T("123"), CQ_OK},
        {T("-1.5 "), CQ_OK},
        {T("\"text\""), CQ_OK},
        {T("null"), CQ_OK},
        {T("{\"a\":{\"b\":[[],{}]}}"), CQ_OK},
        {T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""), CQ_OK},
        {T("\"\\uD83D\\ude00\""), CQ_OK},
        {T("\"\\u0000\""), CQ_OK},
        {T("{\"a\":\"\\u0000\"}"), CQ_OK},
        {T("\"\x7F\""), CQ_OK},
        {T("[\"\xED\x9F\xBF\"]"), CQ_OK},
        {T(" "), CQ_INVALID_JSON},
        {T("NaN"), CQ_INVALID_JSON},
        {T("[NaN]"), CQ_INVALID_JSON},
        {T("nan"), CQ_INVALID_JSON},
        {T("Infinity"), CQ_INVALID_JSON},
        {T("[-Infinity]"), CQ_INVALID_JSON},
        {T("-"), CQ_INVALID_JSON},
        {T("True"), CQ_INVALID_JSON},
        {T("nul"), CQ_INVALID_JSON},
        {T("nulll"), CQ_INVALID_JSON},
        {T("'a'"), CQ_INVALID_JSON},
        {T("{'a':1}"), CQ_INVALID_JSON},
        {T("{a:1}"), CQ_INVALID_JSON},
        {T("\"a\nb\""), CQ_INVALID_JSON},
        {T("\"a\tb\""), CQ_INVALID_JSON},
        {T("\"a\0b\""), CQ_INVALID_JSON},
        {T("{}\0"), CQ_INVALID_JSON},
        {T("\0"), CQ_INVALID_JSON},
        {T("1."), CQ_INVALID_JSON},
        {T("[1.]"), CQ_INVALID_JSON},
        {T(".5"), CQ_INVALID_JSON},
        {T("+1"), CQ_INVALID_JSON},
        {T("01"), CQ_INVALID_JSON},
        {T("-01"), CQ_INVALID_JSON},
        {T("1e"), CQ_INVALID_JSON},
        {T("1e+"), CQ_INVALID_JSON},
        {T("1.e1"), CQ_INVALID_JSON},
        {T("0x10"), CQ_INVALID_JSON},
        {T("1 2"), CQ_INVALID_JSON},
        {T("{} {}"), CQ_INVALID_JSON},
        {T("{}x"), CQ_INVALID_JSON},
        {T("[1,]"), CQ_INVALID_JSON},
        {T("[,1]"), CQ_INVALID_JSON},
        {T("[1 2]"), CQ_INVALID_JSON},
        {T("{\"a\":1,}"), CQ_INVALID_JSON},
        {T("{\"a\":1,\"a\":1}"), CQ_INVALID_JSON},
        {T("[{\"a\":{\"b\":1,\"b\":{}}}]"), CQ_INVALID_JSON},
        {T("{\"a\"}"), CQ_INVALID_JSON},
        {T("{\"a\":}"), CQ_INVALID_JSON},
        {T("{1:2}"), CQ_INVALID_JSON},
        {T("["), CQ_INVALID_JSON},
        {T("{\"a\":[1"), CQ_INVALID_JSON},
        {T("[}"), CQ_INVALID_JSON},
        {T("]"), CQ_INVALID_JSON},
        {T(","), CQ_INVALID_JSON},
        {T("\"abc"), CQ_INVALID_JSON},
        {T("\"abc\\"), CQ_INVALID_JSON},
        {T("\"abc\\\""), CQ_INVALID_JSON},
        {T("\"\\x41\""), CQ_INVALID_JSON},
        {T("\"\\'\""), CQ_INVALID_JSON},
        {T("\"\\\0\""), CQ_INVALID_JSON},
        {T("\"\\u12\""), CQ_INVALID_JSON},
        {T("\"\\u12"), CQ_INVALID_JSON},
        {T("\"\\u12G4\""), CQ_INVALID_JSON},
        {T("/* c */ {}"), CQ_INVALID_JSON},
        {T("{} // c"), CQ_INVALID_JSON},
        {T("{\"a\\u0000b\":1}"), CQ_INVALID_JSON},
        {T("{\"a\\u0000b\" \n :1}"), CQ_INVALID_JSON},
        {T("\xEF\xBB\xBF{}"), CQ_INVALID_JSON}, /* a byte order mark */
        {T("\xC2\xA0{}"), CQ_INVALID_JSON},     /* white space, but not of JSON */
        {T("\"\\uD83D\""), CQ_INVALID_ENCODING},
        {T("\"\\uDE00\""), CQ_INVALID_ENCODING},
        {T("\"\\uD83Dx\""), CQ_INVALID_ENCODING},
        {T("\"\\uD83D\\n\""), CQ_INVALID_ENCODING},
        {T("\"\\uD83D\\u0041\""), CQ_INVALID_ENCODING},
        {T("\"\\uD83D\\uD83D\\uDE00\""), CQ_INVALID_ENCODING},
        {T("\"\\uDE00\\uD83D\""), CQ_INVALID_ENCODING},
        {T("{\"\\uD800\":1}"), CQ_INVALID_ENCODING},
        {T("\"\xED\xA0\xBD\xED\xB8\x80\""), CQ_INVALID_ENCODING}, /* raw surrogates */
        {T("\"\xC0\x80\""), CQ_INVALID_ENCODING},                 /* overlong */
        {T("\"\xF4\x90\x80\x80\""), CQ_INVALID_ENCODING},
        {T("{\"a\":\"\xFF\"}"), CQ_INVALID_ENCODING},
        {T("[1, \xC3"), CQ_INVALID_ENCODING},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        static char unset;
        struct json_object *out = (struct json_object *)(void *)&unset;
        enum cq_status st = read_text(rows[i].text, rows[i].len, &out);

        ROW_ASSERT(rows[i].text, st == rows[i].status);
        ROW_ASSERT(rows[i].text, ((void *)out == (void *)&unset) == (st != CQ_OK));
    }
}

static void test_empty(void)
{
    struct json_object *out = (struct json_object *)1;

    CU_ASSERT_EQUAL(json_read(unit_ctx(), "", 0, &out), CQ_OK);
    CU_ASSERT_PTR_NULL(out);
}

/* What is written beyond len is not read. */
static void test_length_counts(void)
{
    struct json_object *out = NULL;

    CU_ASSERT_EQUAL(json_read(unit_ctx(), "[12]garbage", 4, &out), CQ_OK);
    CU_ASSERT_EQUAL(json_object_array_length(out), 1);
    CU_ASSERT_EQUAL(json_read(unit_ctx(), "1234", 2, &out), CQ_OK);
    CU_ASSERT_EQUAL(json_object_get_int(out), 12);
}

static size_t nest(char *text, size_t depth, const char *open, const char *close, const char *inner)
{
    size_t len = 0;

    for (size_t i = 0; i < depth; i++, len += strlen(open))
        memcpy(text + len, open, strlen(open));
    memcpy(text + len, inner, strlen(inner));
    len += strlen(inner);
    for (size_t i = 0; i < depth; i++, len += strlen(close))
        memcpy(text + len, close, strlen(close));
    return len;
}

static void test_depth(void)
{
    static const struct {
        const char *name, *open, *close, *inner;
    } rows[] = {{"arrays", "[", "]", ""}, {"around a scalar", "[", "]", "1"}, {"objects", "{\"a\":", "}", "\"x\""}};
    char text[1000];
    struct json_object *out;

    for (size_t i = 0; i < LEN(rows); i++) {
        size_t len = nest(text, 32, rows[i].open, rows[i].close, rows[i].inner);
        ROW_ASSERT(rows[i].name, read_text(text, len, &out) == CQ_OK);
        len = nest(text, 33, rows[i].open, rows[i].close, rows[i].inner);
        ROW_ASSERT(rows[i].name, read_text(text, len, &out) == CQ_INVALID_JSON);
    }
    /* Depth is what is open at once, not what was ever opened. */
    size_t len = 0;
    text[len++] = '[';
    for (int i = 0; i < 100; i++, len += 3)
        memcpy(text + len, "[],", 3);
    text[len - 1] = ']';
    CU_ASSERT_EQUAL(read_text(text, len, &out), CQ_OK);
}

static void repeat(struct buf *buf, const char *open, const char *unit, size_t n, const char *close)
{
    buf_clear(buf);
    buf_str(buf, open);
    for (size_t i = 0; i < n; i++)
        buf_str(buf, unit);
    buf_str(buf, close);
}

/* Each is refused, and soon: sanitizers included, all of them take less than a second. */
static void test_bombs(void)
{
    static const struct {
        const char *name, *open, *unit;
        size_t n;
        const char *close;
    } rows[] = {
        {"depth of a million", "", "[", 1000000, ""},
        {"a million keys", "{", "\"some key\":1,", 1000000, "\"last\":1}"},
        {"a million items", "[", "0,", 1000000, "0]"},
        {"a million commas", "[", ",", 1000000, "]"},
        {"number of ten megabytes", "", "1234567890", 1000000, ""},
        {"fraction of ten megabytes", "[0.", "1234567890", 1000000, "]"},
        {"exponent of ten megabytes", "[1e", "1234567890", 1000000, "]"},
        {"minus signs", "", "-", 1000000, ""},
        {"white space, then a fault", "", "          ", 1000000, "x"},
        {"escapes, then no end", "\"", "\\u0041\\n", 1000000, ""},
    };
    int64_t start_ms = clock_mono_ms();
    struct json_object *out;
    struct buf buf;

    buf_init(&buf, 64 << 20);
    for (size_t i = 0; i < LEN(rows); i++) {
        repeat(&buf, rows[i].open, rows[i].unit, rows[i].n, rows[i].close);
        ROW_ASSERT(rows[i].name, !buf.failed);
        ROW_ASSERT(rows[i].name, json_read(unit_ctx(), buf.data, buf.len, &out) == CQ_INVALID_JSON);
    }
    buf_release(&buf);
    CU_ASSERT(clock_mono_ms() - start_ms < 10000);
}

static void test_bounds_are_exact(void)
{
    struct json_object *out;
    struct buf buf;

    buf_init(&buf, 1 << 20);
    repeat(&buf, "[", "0,", JSON_MAX_VALUES - 2, "0]"); /* with the array itself: as many as allowed */
    CU_ASSERT_EQUAL(json_read(unit_ctx(), buf.data, buf.len, &out), CQ_OK);
    repeat(&buf, "[", "0,", JSON_MAX_VALUES - 1, "0]");
    CU_ASSERT_EQUAL(json_read(unit_ctx(), buf.data, buf.len, &out), CQ_INVALID_JSON);
    repeat(&buf, "", "7", 1024, "");
    CU_ASSERT_EQUAL(json_read(unit_ctx(), buf.data, buf.len, &out), CQ_OK);
    repeat(&buf, "", "7", 1025, "");
    CU_ASSERT_EQUAL(json_read(unit_ctx(), buf.data, buf.len, &out), CQ_INVALID_JSON);
    buf_release(&buf);
}

static void test_members(void)
{
    static const char text[] =
        "{\"s\":\"Zo\\u00eb\",\"z\":\"a\\u0000b\",\"n\":42,\"neg\":-1,\"f\":1.0,\"big\":18446744073709551615,"
        "\"nil\":null,\"o\":{\"k\":\"v\"}}";
    struct json_object *o;
    size_t len = 0;

    CU_ASSERT_EQUAL_FATAL(json_read(unit_ctx(), T(text), &o), CQ_OK);
    ASSERT_TEXT(json_get_text(o, "s", &len), "Zoë");
    CU_ASSERT_EQUAL(len, 4);
    CU_ASSERT_PTR_NOT_NULL(json_get_text(o, "z", &len));
    CU_ASSERT_EQUAL(len, 3); /* and strlen() says 1 */
    CU_ASSERT_PTR_NULL(json_get_text(o, "n", NULL));
    CU_ASSERT_PTR_NULL(json_get_text(o, "nil", NULL));
    CU_ASSERT_PTR_NULL(json_get_text(o, "absent", NULL));
    CU_ASSERT_PTR_NULL(json_get_text(NULL, "s", NULL));
    ASSERT_TEXT(json_get_text(json_get(o, "o"), "k", NULL), "v");
    CU_ASSERT_PTR_NULL(json_get(json_get(o, "s"), "k"));
    CU_ASSERT_PTR_NULL(json_get(NULL, "k"));
    CU_ASSERT_EQUAL(json_get_u64(o, "n"), 42);
    CU_ASSERT_EQUAL(json_get_u64(o, "big"), UINT64_MAX);
    CU_ASSERT_EQUAL(json_get_u64(o, "neg"), 0);
    CU_ASSERT_EQUAL(json_get_u64(o, "f"), 0);
    CU_ASSERT_EQUAL(json_get_u64(o, "s"), 0);
}

/* Where the fault stands goes to the log; nothing of the text does. */
static void test_says_where(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct json_object *out;

    CU_ASSERT_EQUAL(json_read(ctx, T("{\"secret\": NaN}"), &out), CQ_INVALID_JSON);
    ASSERT_TEXT(ctx->error, "invalid JSON at byte 11: a word that is no value");
}

SUITE(json_in, {"is strict", test_strictness}, {"an empty text is nothing", test_empty},
      {"reads no further than told", test_length_counts}, {"bounds depth", test_depth}, {"refuses bombs", test_bombs},
      {"bounds are exact", test_bounds_are_exact}, {"gives members", test_members},
      {"says where the fault stands", test_says_where});
