/* Keys of AWS: which are any, and the answers that hand them out. */
#include "unit.h"

#include "llm/aws_keys.h"

static void test_valid(void)
{
    static char longest[AWS_KEY_MAX_BYTES + 1], too_long[AWS_KEY_MAX_BYTES + 2];
    static char long_token[AWS_SESSION_TOKEN_MAX_BYTES + 2];
    const struct {
        const char *name;
        struct aws_keys keys;
        bool is_valid;
    } rows[] = {
        // clang-format off
        {"for good",             {"AKID", "s/e+c=", NULL},     true},
        {"for a while",          {"ASIA", "s", "t"},           true},
        {"no id",                {NULL, "s", NULL},            false},
        {"no secret",            {"AKID", NULL, NULL},         false},
        {"an empty id",          {"", "s", NULL},              false},
        {"an empty secret",      {"AKID", "", NULL},           false},
        {"an empty token",       {"AKID", "s", ""},            false},
        {"a line end",           {"AKID", "s\n", NULL},        false},
        {"a control character",  {"AKID", "s\x7f", NULL},      false},
        {"a blank",              {"AK ID", "s", NULL},         false},
        {"more than ASCII",      {"AKID", "\xC3\xA4", NULL},   false},
        {"a header within",      {"AKID", "s", "t\r\nX: y"},   false},
        {"the longest",          {longest, longest, "t"},      true},
        {"an id too long",       {too_long, "s", NULL},        false},
        {"a secret too long",    {"AKID", too_long, NULL},     false},
        {"a token too long",     {"AKID", "s", long_token},    false},
        // clang-format on
    };
    memset(longest, 'x', sizeof(longest) - 1);
    memset(too_long, 'x', sizeof(too_long) - 1);
    memset(long_token, 'x', sizeof(long_token) - 1);
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, aws_keys_valid(&rows[i].keys) == rows[i].is_valid);
}

static void test_times(void)
{
    static const struct {
        const char *text;
        int64_t want_ms; /* -1: none */
    } rows[] = {
        // clang-format off
        {"2015-08-30T12:36:00Z",          1440938160000},
        {"1970-01-01T00:00:00Z",          0},
        {"2024-02-29T23:59:60Z",          1709251200000},
        {"2015-08-30T12:36:00.123456Z",   1440938160000},
        {"2015-08-30T12:36:00",           -1},
        {"2015-08-30T12:36:00+02:00",     -1},
        {"2015-08-30T12:36:00Z ",         -1},
        {"2015-08-30 12:36:00Z",          -1},
        {"2015-13-30T12:36:00Z",          -1},
        {"2015-00-30T12:36:00Z",          -1},
        {"2015-08-00T12:36:00Z",          -1},
        {"2015-08-32T12:36:00Z",          -1},
        {"2015-08-30T24:36:00Z",          -1},
        {"2015-08-30T12:60:00Z",          -1},
        {"2015-08-30T12:36:61Z",          -1},
        {"15-08-30T12:36:00Z",            -1},
        {"-015-08-30T12:36:00Z",          -1},
        {"",                              -1},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        int64_t got_ms = -1;

        ROW_ASSERT(rows[i].text, aws_time_parse(rows[i].text, &got_ms) == (rows[i].want_ms >= 0));
        ROW_ASSERT(rows[i].text, got_ms == rows[i].want_ms);
    }
}

#define KEYS "\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"secret\""

static void test_answers(void)
{
    static const struct {
        const char *name, *text, *token;
        int64_t expires_at_ms;
    } rows[] = {
        // clang-format off
        {"an instance's",   "{\"Code\":\"Success\",\"LastUpdated\":\"2015-08-30T06:00:00Z\",\"Type\":\"AWS-HMAC\"," KEYS ",\"Token\":\"t\",\"Expiration\":\"2015-08-30T12:36:00Z\"}", "t", 1440938160000},
        {"a container's",   "{\"RoleArn\":\"arn:aws:iam::1:role/r\"," KEYS ",\"Token\":\"t\",\"Expiration\":\"2015-08-30T12:36:00Z\"}", "t", 1440938160000},
        {"without an end",  "{" KEYS ",\"Token\":\"t\"}", "t", INT64_MIN},
        {"without a token", "{" KEYS "}", NULL, INT64_MIN},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct aws_keys keys = {0};
        int64_t expires_at_ms = 0;

        ROW_ASSERT(rows[i].name, !aws_keys_read(unit_ctx(), rows[i].text, strlen(rows[i].text), &keys, &expires_at_ms));
        ROW_ASSERT(rows[i].name, str_eq(keys.access_key_id, "ASIA1") && str_eq(keys.secret_access_key, "secret"));
        ROW_ASSERT(rows[i].name, str_eq(keys.session_token, rows[i].token));
        ROW_ASSERT(rows[i].name, expires_at_ms == rows[i].expires_at_ms);
    }
}

static void test_no_answers(void)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        // clang-format off
        {"nothing",           ""},
        {"no JSON",           "<html>"},
        {"no object",         "[]"},
        {"an error",          "{\"code\":\"NoSuchKey\",\"message\":\"no\"}"},
        {"a failure",         "{\"Code\":\"Failed\"," KEYS "}"},
        {"no id",             "{\"SecretAccessKey\":\"s\"}"},
        {"no secret",         "{\"AccessKeyId\":\"a\"}"},
        {"a number",          "{\"AccessKeyId\":1,\"SecretAccessKey\":\"s\"}"},
        {"a control character", "{\"AccessKeyId\":\"a\\n\",\"SecretAccessKey\":\"s\"}"},
        {"cut by a NUL",      "{\"AccessKeyId\":\"a\\u0000b\",\"SecretAccessKey\":\"s\"}"},
        {"an odd end",        "{" KEYS ",\"Expiration\":\"tomorrow\"}"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct aws_keys keys = {.session_token = "untouched"};
        int64_t expires_at_ms = 7;

        ROW_ASSERT(rows[i].name, aws_keys_read(unit_ctx(), rows[i].text, strlen(rows[i].text), &keys, &expires_at_ms) ==
                                     CQ_MODEL_INVALID_RESPONSE);
        ROW_ASSERT(rows[i].name, str_eq(keys.session_token, "untouched") && expires_at_ms == 7);
    }
}

SUITE(aws_keys, {"which are valid", test_valid}, {"times", test_times}, {"answers", test_answers},
      {"what is no answer", test_no_answers});
