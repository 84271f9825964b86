/* What hands out keys of AWS: whatever it answers, keys that are taken can stand in a header. */
#include "llm/aws_keys.h"

#include <string.h>

#include "fuzz.h"

static void check_header(const char *text)
{
    CHECK(text && *text && strlen(text) <= AWS_SESSION_TOKEN_MAX_BYTES);
    for (; *text; text++)
        CHECK(*text > ' ' && *text < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    struct aws_keys keys = {0};
    int64_t at_ms = 7;
    char again[CLOCK_TEXT_BYTES];
    size_t len;
    const char *text = input_rest(&in, ctx, &len);

    enum cq_status st = aws_keys_read(ctx, text, len, &keys, &at_ms);
    CHECK(st == CQ_OK || st == CQ_MODEL_INVALID_RESPONSE);
    if (st == CQ_OK) {
        check_header(keys.access_key_id);
        check_header(keys.secret_access_key);
        if (keys.session_token)
            check_header(keys.session_token);
    } else {
        CHECK(!keys.access_key_id && at_ms == 7);
    }
    if (aws_time_parse(text, &at_ms) && at_ms >= 0 && memcmp(text + 17, "60", 2) != 0 && text[8] < '2') {
        clock_text(at_ms, again);
        CHECK(memcmp(again, text, CLOCK_TEXT_BYTES - 2) == 0);
    }
    return 0;
}
