/* Signatures: those that AWS publishes, and the path of a model whose id holds a colon. */
#include <stdio.h>

#include "unit.h"

#include "llm/sigv4.h"

#define KEYS .access_key_id = "AKIDEXAMPLE", .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN                                                                                                          \
    "AQoDYXdzEPT//////////"                                                                                            \
    "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx"                   \
    "7mSEI/qkPpKPi/"                                                                                                   \
    "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6"           \
    "d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="

static const int64_t NOW_MS = 1440938160 * 1000ll; /* 2015-08-30 12:36:00 UTC */

static const struct sigv4_header HOST = {"host", "example.amazonaws.com"};

static struct sigv4_request request_of(const struct sigv4_header *headers, size_t n)
{
    return (struct sigv4_request){.method = "GET",
                                  .path = "/",
                                  .query = "",
                                  .headers = headers,
                                  .n_headers = n,
                                  .body = "",
                                  .region = "us-east-1",
                                  .service = "service"};
}

/* Whether the request is signed so. */
static bool signs(const struct sigv4_request *request, const struct aws_keys *keys, const char *names,
                  const char *signature)
{
    struct sigv4_signed got;
    char want[512];

    snprintf(
        want, sizeof(want),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/%s/aws4_request, SignedHeaders=%s, Signature=%s",
        request->service, names, signature);
    return sigv4_sign(request, keys, NOW_MS, &got) && str_eq(got.date, "20150830T123600Z") &&
           str_eq(got.authorization, want);
}

/* "AWS Signature Version 4 test suite": what of it stands in a path or a query is given as it would be sent. */
static void test_published(void)
{
    static const struct {
        const char *name, *method, *path, *query, *signature;
    } rows[] = {
        // clang-format off
        {"get-vanilla",             "GET",  "/",         "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"post-vanilla",            "POST", "/",         "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"get-utf8",                "GET",  "/\u1234",   "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"get-space",               "GET",  "/example space/", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        {"get-unreserved",          "GET",  "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"get-slashes, as it is",   "GET",  "//example//", "", "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
        {"get-relative, as it is",  "GET",  "/example/..", "", "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"},
        {"get-vanilla-empty-query-key", "GET", "/",      "Param1=value1", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        {"get-vanilla-query-order-key-case", "GET", "/", "Param1=value1&Param2=value2", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-vanilla-query-order-encoded", "GET", "/",  "%E1%88%B4=Value1&Param=Value2&Param-3=Value3", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
        {"get-vanilla-utf8-query",  "GET",  "/",         "%E1%88%B4=bar", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"post-vanilla-query",      "POST", "/",         "Param1=value1", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        // clang-format on
    };
    const struct aws_keys keys = {KEYS};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct sigv4_request request = request_of(&HOST, 1);

        request.method = rows[i].method;
        request.path = rows[i].path;
        request.query = rows[i].query;
        ROW_ASSERT(rows[i].name, signs(&request, &keys, "host;x-amz-date", rows[i].signature));
    }
}

static void test_published_headers(void)
{
    static const struct {
        const char *name, *method;
        struct sigv4_header header;
        const char *signature;
    } rows[] = {
        // clang-format off
        {"post-header-key-sort",   "POST", {"my-header1", "value1"}, "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        {"post-header-value-case", "POST", {"my-header1", "VALUE1"}, "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        {"get-header-key-duplicate, joined", "GET", {"my-header1", "value2,value2,value1"}, "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        // clang-format on
    };
    const struct aws_keys keys = {KEYS};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct sigv4_header headers[] = {rows[i].header, HOST};
        struct sigv4_request request = request_of(headers, LEN(headers));

        request.method = rows[i].method;
        ROW_ASSERT(rows[i].name, signs(&request, &keys, "host;my-header1;x-amz-date", rows[i].signature));
    }
}

static void test_published_body(void)
{
    static const struct sigv4_header headers[] = {
        {"host", "example.amazonaws.com"},
        {"content-type", "application/x-www-form-urlencoded"},
        {"x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"},
        {"content-length", "13"},
    };
    const struct aws_keys keys = {KEYS};
    struct sigv4_request request = request_of(headers, LEN(headers));

    request.method = "POST";
    request.body = "Param1=value1";
    request.body_len = strlen(request.body);
    CU_ASSERT(signs(&request, &keys, "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
                    "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"));
}

static void test_published_session_token(void)
{
    static const struct {
        const char *name, *method, *token, *signature;
    } rows[] = {
        // clang-format off
        {"post-sts-header-before",         "POST", TOKEN, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
        {"get-vanilla-with-session-token", "GET",  "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct aws_keys keys = {KEYS, .session_token = rows[i].token};
        struct sigv4_request request = request_of(&HOST, 1);

        request.method = rows[i].method;
        ROW_ASSERT(rows[i].name, signs(&request, &keys, "host;x-amz-date;x-amz-security-token", rows[i].signature));
    }
}

/* As AWS's own client signs it: the colon is %3A in the path that is sent, and %253A in the one that is signed. */
static void test_model_path(void)
{
    static const struct sigv4_header headers[] = {
        {"content-type", "application/json"},
        {"host", "bedrock-runtime.us-east-1.amazonaws.com"},
    };
    const struct aws_keys keys = {KEYS};
    struct sigv4_request request = request_of(headers, LEN(headers));

    request.method = "POST";
    request.path = "/model/anthropic.claude-3-5-sonnet-20240620-v1%3A0/converse-stream";
    request.body = "{}";
    request.body_len = 2;
    request.service = "bedrock";
    CU_ASSERT(signs(&request, &keys, "content-type;host;x-amz-date",
                    "ca659c477ec22f16025e95cb211da16e9b9c3bdee5aeab376b4c777034aa5887"));
}

/* What does not fit is not signed, and leaves the output alone. */
static void test_bounds(void)
{
    static char long_text[2000];
    static const struct sigv4_header many[SIGV4_MAX_HEADERS + 1];
    const struct aws_keys keys = {KEYS}, long_secret = {.access_key_id = "A", .secret_access_key = long_text},
                          long_id = {.access_key_id = long_text, .secret_access_key = "s"};
    const struct sigv4_header long_name = {long_text, "v"};
    struct sigv4_request good = request_of(&HOST, 1), crowded = request_of(many, LEN(many)),
                         named = request_of(&long_name, 1), far = good;
    const struct {
        const char *name;
        const struct sigv4_request *request;
        const struct aws_keys *keys;
    } rows[] = {
        {"a secret too long", &good, &long_secret}, {"a key's id too long", &good, &long_id},
        {"too many headers", &crowded, &keys},      {"a header's name too long", &named, &keys},
        {"a region too long", &far, &keys},
    };

    memset(long_text, 'x', sizeof(long_text) - 1);
    far.region = long_text;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct sigv4_signed out = {.date = "untouched", .authorization = "untouched"};

        ROW_ASSERT(rows[i].name, !sigv4_sign(rows[i].request, rows[i].keys, NOW_MS, &out));
        ROW_ASSERT(rows[i].name, str_eq(out.date, "untouched") && str_eq(out.authorization, "untouched"));
    }
}

static void test_longest_secret(void)
{
    char secret[AWS_KEY_MAX_BYTES + 1] = "";
    const struct aws_keys keys = {.access_key_id = "A", .secret_access_key = secret};
    const struct sigv4_request request = request_of(&HOST, 1);
    struct sigv4_signed out;

    memset(secret, 'x', sizeof(secret) - 1);
    CU_ASSERT(sigv4_sign(&request, &keys, NOW_MS, &out));
}

SUITE(sigv4, {"published signatures", test_published}, {"with headers", test_published_headers},
      {"with a body", test_published_body}, {"with a session token", test_published_session_token},
      {"the path of a model", test_model_path}, {"bounds", test_bounds}, {"the longest secret", test_longest_secret});
