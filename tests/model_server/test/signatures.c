/* Who may ask bedrock: signatures that were made elsewhere, and some of our own that are wrong in one thing. */
#include <stdio.h>
#include <time.h>

#include "signature.h"
#include "tongues.h"

static const char BODY[] = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"hi\"}]}]}";

static const char *hex(const uint8_t bytes[SHA256_BYTES])
{
    char text[2 * SHA256_BYTES + 1];

    hex_encode(bytes, SHA256_BYTES, text);
    return textf("%s", text);
}

static const char *hash(const char *text)
{
    uint8_t bytes[SHA256_BYTES];

    CU_ASSERT_FATAL(sha256(text, strlen(text), bytes));
    return hex(bytes);
}

/* ---- published examples ---- */

/* The test suite of AWS for its signature: its date, host, key and service. */
static void test_published(void)
{
    static const struct {
        const char *name, *method, *target, *signature;
    } rows[] = {
        {"get-vanilla", "GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"post-vanilla", "POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"get-utf8", "GET", "/\xe1\x88\xb4", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    };
    const int64_t then_s = 1440938160; /* 2015-08-30T12:36:00Z */

    for (size_t i = 0; i < LEN(rows) * 2; i++) {
        bool is_spoilt = i % 2;
        struct http_request request;
        struct refusal why;
        struct buf *head = new_buf();

        buf_printf(head,
                   "%s %s HTTP/1.1\r\nHost: example.amazonaws.com\r\nX-Amz-Date: 20150830T123600Z\r\nAuthorization: "
                   "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                   "SignedHeaders=host;x-amz-date, Signature=%.63s%c\r\n\r\n",
                   rows[i / 2].method, rows[i / 2].target, rows[i / 2].signature,
                   is_spoilt ? 'x' : rows[i / 2].signature[63]);
        CU_ASSERT_FATAL(http_read(&request, head));
        ROW_ASSERT(rows[i / 2].name, signature_check(&request, "service", then_s, &why) == !is_spoilt);
    }
}

/* libcurl's own signer. Its version here leaves the path as it is, which is right as long as nothing is encoded. */
static void test_signed_by_curl(void)
{
    const char *secret = textf("%s:%s", ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    struct answer good = ASK(.path = "/model/m/converse", .body = BODY, .sign_with = secret);
    struct answer bad = ASK(.path = "/model/m/converse", .body = BODY, .sign_with = "AKIDEXAMPLE:guess");
    struct answer unknown = ASK(.path = "/model/m/converse", .body = BODY, .sign_with = "AKIDOTHER:guess");

    CU_ASSERT_EQUAL(good.status, 200);
    CU_ASSERT_EQUAL(bad.status, 403);
    ASSERT_TEXT(told_bedrock(&bad).error, "InvalidSignatureException");
    ASSERT_TEXT(told_bedrock(&unknown).error, "UnrecognizedClientException");
}

/* ---- our own ---- */

/* How a request is signed: as it should be, but for what is set. */
struct signing {
    const char *name;
    long status;
    const char *error;
    const char *path, *canonical_path;
    const char *token;      /* of the session; NULL: none */
    bool is_token_unsigned; /* it is sent, and not named among the signed headers */
    bool is_host_unsigned;
    const char *other_body; /* is signed instead of what is sent */
    const char *service, *day;
    int64_t late_s;
};

static const char *time_text(int64_t late_s)
{
    time_t at = time(NULL) - (time_t)late_s;
    struct tm tm;
    char text[32];

    gmtime_r(&at, &tm);
    strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
    return textf("%s", text);
}

static void mac(uint8_t key[SHA256_BYTES], size_t len, const char *text)
{
    uint8_t out[SHA256_BYTES];

    CU_ASSERT_FATAL(hmac_sha256(key, len, text, strlen(text), out));
    memcpy(key, out, sizeof(out));
}

static const char *sign(const char *date, const char *scope_day, const char *service, const char *canonical)
{
    uint8_t key[64] = "AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    mac(key, 44, scope_day);
    mac(key, SHA256_BYTES, "eu-west-1");
    mac(key, SHA256_BYTES, service);
    mac(key, SHA256_BYTES, "aws4_request");
    mac(key, SHA256_BYTES,
        textf("AWS4-HMAC-SHA256\n%s\n%s/eu-west-1/%s/aws4_request\n%s", date, scope_day, service, hash(canonical)));
    return hex(key);
}

static struct answer ask_signed(const struct signing *signing)
{
    const char *date = time_text(signing->late_s);
    const char *day = signing->day ? signing->day : textf("%.8s", date);
    const char *service = signing->service ? signing->service : "bedrock";
    bool has_token = signing->token && !signing->is_token_unsigned;
    const char *host = signing->is_host_unsigned ? "" : textf("host:127.0.0.1:%d\n", model_port());
    const char *names = textf("%sx-amz-date%s", *host ? "host;" : "", has_token ? ";x-amz-security-token" : "");
    const char *token = has_token ? textf("x-amz-security-token:%s\n", signing->token) : "";
    const char *canonical = textf("POST\n%s\n\n%sx-amz-date:%s\n%s\n%s\n%s", signing->canonical_path, host, date, token,
                                  names, hash(signing->other_body ? signing->other_body : BODY));

    return ASK(.path = signing->path, .body = BODY,
               .headers = {textf("x-amz-date: %s", date),
                           textf("Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%s/eu-west-1/%s/aws4_request, "
                                 "SignedHeaders=%s, Signature=%s",
                                 day, service, names, sign(date, day, service, canonical)),
                           signing->token ? textf("x-amz-security-token: %s", signing->token) : NULL});
}

#define PATHS .path = "/model/m%3A0/converse", .canonical_path = "/model/m%253A0/converse"

static void test_signed(void)
{
    static const struct signing rows[] = {
        // clang-format off
        {"good",               200, "", PATHS},
        {"with a session",     200, "", PATHS, .token = "a+b/c="},
        {"four minutes late",  200, "", PATHS, .late_s = 240},
        {"encoded once",       403, "InvalidSignatureException", .path = "/model/m%3A0/converse", .canonical_path = "/model/m%3A0/converse"},
        {"six minutes late",   403, "InvalidSignatureException", PATHS, .late_s = 360},
        {"six minutes early",  403, "InvalidSignatureException", PATHS, .late_s = -360},
        {"another body",       403, "InvalidSignatureException", PATHS, .other_body = "{}"},
        {"another service",    403, "InvalidSignatureException", PATHS, .service = "s3"},
        {"another day",        403, "InvalidSignatureException", PATHS, .day = "20200101"},
        {"an unsigned host",   403, "InvalidSignatureException", PATHS, .is_host_unsigned = true},
        {"an unsigned token",  403, "InvalidSignatureException", PATHS, .token = "a", .is_token_unsigned = true},
        {"an expired session", 403, "ExpiredTokenException", PATHS, .token = "expired"},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct answer answer = ask_signed(&rows[i]);

        ROW_ASSERT(rows[i].name, answer.status == rows[i].status);
        ROW_ASSERT(rows[i].name, str_eq(told_bedrock(&answer).error, rows[i].error));
        ROW_ASSERT(rows[i].name, answer.status == 200 || text_at(answer.json, "/message"));
    }
}

static void test_keys(void)
{
    static const struct {
        const char *header;
        long status;
        const char *error;
    } rows[] = {
        {"Authorization: Bearer good", 200, ""},
        {"Authorization: Bearer bad", 403, "AccessDeniedException"},
        {"Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE", 403, "IncompleteSignatureException"},
        {"X-Nothing: 1", 403, "MissingAuthenticationTokenException"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct answer answer = ASK(.path = "/model/m/converse", .body = BODY, .headers = {rows[i].header});

        ROW_ASSERT(rows[i].header, answer.status == rows[i].status);
        ROW_ASSERT(rows[i].header, str_eq(told_bedrock(&answer).error, rows[i].error));
    }
}

/* ---- credentials of an instance ---- */

#define ROLES "/latest/meta-data/iam/security-credentials/"

static struct answer get(const char *path, const char *token)
{
    return ASK(.method = "GET", .path = path, .headers = {textf("X-aws-ec2-metadata-token: %s", token)});
}

static void test_metadata(void)
{
    struct answer token =
        ASK(.method = "PUT", .path = "/latest/api/token", .headers = {"X-aws-ec2-metadata-token-ttl-seconds: 60"});
    struct answer role = get(ROLES, token.body), credentials = get(ROLES "role", token.body);
    const char *session = text_at(credentials.json, "/Token");

    CU_ASSERT_EQUAL(token.status, 200);
    ASSERT_TEXT(role.body, "role");
    ASSERT_TEXT(text_at(credentials.json, "/Code"), "Success");
    ASSERT_TEXT(text_at(credentials.json, "/AccessKeyId"), ACCESS_KEY_ID);
    ASSERT_TEXT(text_at(credentials.json, "/SecretAccessKey"), SECRET_ACCESS_KEY);
    CU_ASSERT(text_at(credentials.json, "/Expiration") != NULL);
    CU_ASSERT_EQUAL(ask_signed(&(struct signing){PATHS, .token = session}).status, 200);
    CU_ASSERT_EQUAL(ASK(.method = "PUT", .path = "/latest/api/token").status, 400);
    CU_ASSERT_EQUAL(get(ROLES, "guess").status, 401);
    CU_ASSERT_EQUAL(get(ROLES "role", "").status, 401);
    CU_ASSERT_EQUAL(get(ROLES "other", token.body).status, 404);

    set_mode("{\"credentials_s\":0}");
    credentials = get(ROLES "role", token.body);
    session = text_at(credentials.json, "/Token");
    ASSERT_TEXT(text_at(ask_signed(&(struct signing){PATHS, .token = session}).json, "/message"),
                "The security token included in the request is expired");
    set_mode("{\"credentials_s\":60}");
}

SUITE(signatures, {"published", test_published}, {"signed by curl", test_signed_by_curl}, {"signed", test_signed},
      {"keys", test_keys}, {"an instance's credentials", test_metadata});
