/* Text: UTF-8 against a decoder of another kind, numbers against the C library, and JSON text that is always JSON. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"

/* The character at text by its sum: what the shortest form, the surrogates and the end of Unicode mean is said last. */
static size_t decode(const uint8_t *text, size_t len, uint32_t *code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;
    uint32_t sum = n == 1 ? text[0] : n ? text[0] & (0x7Fu >> n) : 0;

    if (n == 0 || n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        sum = sum << 6 | (text[i] & 63u);
    }
    if (sum < smallest[n] || (sum >= 0xD800 && sum < 0xE000) || sum > 0x10FFFF)
        return 0;
    *code_point = sum;
    return n;
}

static void check_utf8(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t at = 0, n = 1, count = 0;

    for (; at < size && n; at += n, count += n > 0) {
        uint32_t code_point = 0;
        char again[4];

        n = decode(data + at, size - at, &code_point);
        CHECK(utf8_next(text + at, size - at) == n);
        if (n)
            CHECK(utf8_put(again, code_point) == n && memcmp(again, text + at, n) == 0);
    }
    CHECK(utf8_valid(text, size) == (n > 0));
    if (n)
        CHECK(utf8_count(text, size) == count);
}

static void check_trim(const char *text, size_t len)
{
    const char *start = text, *again;
    size_t n = len, n_again;

    utf8_trim(&start, &n);
    CHECK(start >= text && start + n <= text + len);
    CHECK(utf8_blank(text, len) == (n == 0));
    CHECK(utf8_blank(text, (size_t)(start - text)));
    CHECK(utf8_blank(start + n, (size_t)(text + len - start) - n));
    CHECK(utf8_valid(start, n));
    again = start;
    n_again = n;
    utf8_trim(&again, &n_again);
    CHECK(again == start && n_again == n);
}

/* The C library takes signs, blanks and what follows: with digits alone both must agree. */
static void check_number(const char *text, size_t len)
{
    bool digits = len && strspn(text, "0123456789") == len;
    uint64_t n = 7;

    errno = 0;
    unsigned long long want = strtoull(text, NULL, 10);
    bool fits = digits && !errno;

    CHECK(parse_u64(text, len, UINT64_MAX, &n) == fits && n == (fits ? want : 7));
    n = 7;
    fits = digits && !errno && len <= 19 && want <= INT64_MAX;
    CHECK(parse_id(text, len, &n) == fits && n == (fits ? want : 7));
    n = 7;
    fits = digits && !errno && want <= 100;
    CHECK(parse_u64(text, len, 100, &n) == fits && n == (fits ? want : 7));
}

static void check_words(const char *text, size_t len)
{
    static const char list[] = "application/json";
    bool value = true, parsed = parse_bool(text, len, &value);

    CHECK(parsed || value);
    CHECK(!parsed || len <= strlen("false"));
    CHECK(!header_list_has(list, text) || strcasecmp(list, text) == 0);
    CHECK(!header_list_has(text, list) || strcasestr(text, list));
}

static void check_uuid(const char *text, size_t len)
{
    char uuid[UUID_TEXT_BYTES], again[UUID_TEXT_BYTES];

    if (!uuid_parse(text, len, uuid))
        return;
    CHECK(len == strlen(uuid) && strcasecmp(uuid, text) == 0);
    CHECK(uuid_parse(uuid, len, again) && str_eq(uuid, again));
}

/* Whatever the bytes are, what is written is JSON; and of good text nothing is lost. */
static void check_json_text(const char *text, size_t len)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct json_object *string = NULL;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, 6 * len + 16);
    json_out_init(&out, &buf);
    json_text_n(&out, text, len);
    CHECK(!buf.failed);
    CHECK(json_read(ctx, buf.data, buf.len, &string) == CQ_OK && json_object_is_type(string, json_type_string));
    if (utf8_valid(text, len)) {
        CHECK((size_t)json_object_get_string_len(string) == len);
        CHECK(memcmp(json_object_get_string(string), text, len) == 0);
    }
    buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    const char *text = in.at;

    check_utf8(data, size);
    if (utf8_valid(text, size))
        check_trim(text, size);
    check_json_text(text, size);

    const char *terminated = input_until(&in, fuzz_ctx(), '\0');

    check_number(terminated, strlen(terminated));
    check_words(terminated, strlen(terminated));
    check_uuid(terminated, strlen(terminated));
    return 0;
}
