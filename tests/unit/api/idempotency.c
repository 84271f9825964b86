/* The key of a repeated request: its forms, and which requests have the same one. */
#include "api/idempotency.h"

#include "api/route.h"
#include "http/make_request.h"

#define UUID       "018cc251-f400-7000-8000-00000000abcd"
#define UPPER_UUID "018CC251-F400-7000-8000-00000000ABCD"

#define KEY_32     "0123456789abcdef0123456789ABCDEF"
#define KEY_128    KEY_32 KEY_32 KEY_32 KEY_32

static const char MESSAGES[] = "/api/v1/courses/7/ai_experiences/3/conversations/5/messages";
static const char OPENINGS[] = "/api/v1/courses/7/ai_experiences/3/conversations";

/* What was read; the hashes are copied out of the request's arena. */
struct outcome {
    enum cq_status st;
    struct request_key key;
    uint8_t hash[SHA256_BYTES], body[SHA256_BYTES];
    const char *error_text;
};

/* A POST to the path; json: its parameters, "" for none; header: Idempotency-Key, NULL for none. */
static struct outcome read_key(const char *path, const char *header, const char *json, const char *body)
{
    struct request req = make_post("", "application/json", json);
    struct loaded loaded = {.route = NULL};
    struct outcome outcome = {.st = CQ_INTERNAL};
    size_t i = 0;

    req.path = path;
    req.loaded = &loaded;
    req.idempotency_key = header;
    CU_ASSERT_EQUAL_FATAL(params_read(&req), CQ_OK);
    CU_ASSERT_EQUAL_FATAL(route_find(&req, routes, n_routes, sizeof(routes[0]), &i), CQ_OK);
    loaded.route = &routes[i];
    outcome.st = idempotency_read(&req, loaded.route->may == MAY_SAY, body, strlen(body), &outcome.key);
    outcome.error_text = loaded.error_text;
    if (outcome.key.hash)
        memcpy(outcome.hash, outcome.key.hash, SHA256_BYTES);
    if (outcome.key.body_hash)
        memcpy(outcome.body, outcome.key.body_hash, SHA256_BYTES);
    return outcome;
}

static bool is_same(const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, SHA256_BYTES) == 0;
}

static void test_header_forms(void)
{
    static const struct {
        const char *name, *key;
        bool good;
    } rows[] = {
        {"one character", "a", true},
        {"blanks and punctuation", "a b-~!{}\"\\", true},
        {"128 characters", KEY_128, true},
        {"129 characters", KEY_128 "x", false},
        {"empty", "", false},
        {"not ASCII", "cl\xC3\xA9", false},
        {"Latin-1", "cl\xE9", false},
        {"a tab", "a\tb", false},
        {"a line end", "a\nb", false},
        {"DEL", "a\x7f", false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = read_key(MESSAGES, rows[i].key, "{}", "hello");

        ROW_ASSERT(rows[i].name, got.st == (rows[i].good ? CQ_OK : CQ_VALIDATION_FAILED));
        ROW_ASSERT(rows[i].name, (got.key.hash != NULL) == rows[i].good);
        ROW_ASSERT(rows[i].name, !got.key.is_message_id);
        ROW_ASSERT(rows[i].name, rows[i].good || str_eq(got.error_text,
                                                        "Idempotency-Key must be 1 to 128 printable ASCII characters"));
    }
}

static void test_message_id_forms(void)
{
    static const struct {
        const char *json;
        enum cq_status st;
        bool has_key;
    } rows[] = {
        {"{\"message_id\":\"" UUID "\"}", CQ_OK, true},
        {"{\"message_id\":\"" UPPER_UUID "\"}", CQ_OK, true},
        {"{}", CQ_OK, false},
        {"{\"message_id\":null}", CQ_OK, false},
        {"{\"message_id\":\"\"}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":\"abc\"}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":\"" UUID " \"}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":\"" UUID "\\u0000\"}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":\"{018cc251-f400-7000-8000-00000000abcd}\"}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":\"018cc251f40070008000-00000000abcd----\"}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":5}", CQ_VALIDATION_FAILED, false},
        {"{\"message_id\":[\"" UUID "\"]}", CQ_VALIDATION_FAILED, false},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = read_key(MESSAGES, NULL, rows[i].json, "hello");

        ROW_ASSERT(rows[i].json, got.st == rows[i].st && (got.key.hash != NULL) == rows[i].has_key);
        ROW_ASSERT(rows[i].json, (got.key.body_hash != NULL) == rows[i].has_key);
        ROW_ASSERT(rows[i].json, got.key.is_message_id == rows[i].has_key);
        ROW_ASSERT(rows[i].json, rows[i].st == CQ_OK || str_eq(got.error_text, "message_id must be a UUID"));
    }
}

static void test_case_of_a_message_id(void)
{
    struct outcome lower = read_key(MESSAGES, NULL, "{\"message_id\":\"" UUID "\"}", "hello");
    struct outcome upper = read_key(MESSAGES, NULL, "{\"message_id\":\"" UPPER_UUID "\"}", "hello");

    CU_ASSERT_TRUE(is_same(lower.hash, upper.hash) && is_same(lower.body, upper.body));
}

/* The header is compared as it is: what differs in case is another key. */
static void test_case_of_a_header(void)
{
    struct outcome lower = read_key(MESSAGES, "key", "{}", "hello"), upper = read_key(MESSAGES, "KEY", "{}", "hello");

    CU_ASSERT_FALSE(is_same(lower.hash, upper.hash));
}

static void test_the_header_wins(void)
{
    static const char json[] = "{\"message_id\":\"" UUID "\"}";
    struct outcome both = read_key(MESSAGES, "key", json, "hello"), header = read_key(MESSAGES, "key", "{}", "hello");
    struct outcome field = read_key(MESSAGES, NULL, json, "hello"), same = read_key(MESSAGES, UUID, "{}", "hello");

    CU_ASSERT_TRUE(is_same(both.hash, header.hash) && !both.key.is_message_id);
    CU_ASSERT_FALSE(is_same(both.hash, field.hash));
    CU_ASSERT_FALSE(is_same(same.hash, field.hash)); /* the same text, as a header and as a field: two keys */
}

/* A field of a wrong form is refused even where the header counts. */
static void test_a_wrong_field_beside_a_header(void)
{
    CU_ASSERT_EQUAL(read_key(MESSAGES, "key", "{\"message_id\":\"abc\"}", "hello").st, CQ_VALIDATION_FAILED);
}

/* An opening takes no parameters: only the header counts, and nothing of the body is looked at. */
static void test_openings(void)
{
    struct outcome field = read_key(OPENINGS, NULL, "{\"message_id\":\"abc\"}", "");
    struct outcome header = read_key(OPENINGS, "key", "{\"message_id\":\"abc\"}", "");

    CU_ASSERT_TRUE(field.st == CQ_OK && !field.key.hash);
    CU_ASSERT_TRUE(header.st == CQ_OK && header.key.hash && !header.key.is_message_id);
}

/* One key, each path its own; and never the same for two paths whose parts are cut in other places. */
static void test_other_path_other_key(void)
{
    static const char *const paths[] = {
        "/api/v1/courses/7/ai_experiences/3/conversations/5/messages",
        "/api/v1/courses/8/ai_experiences/3/conversations/5/messages",
        "/api/v1/courses/7/ai_experiences/4/conversations/5/messages",
        "/api/v1/courses/7/ai_experiences/3/conversations/6/messages",
        "/api/v1/courses/73/ai_experiences/3/conversations/5/messages",
        "/api/v1/courses/7/ai_experiences/33/conversations/5/messages",
        "/api/v1/courses/7/ai_experiences/3/conversations",
        "/api/v1/courses/7/ai_experiences/35/conversations",
    };
    struct outcome got[LEN(paths)];

    for (size_t i = 0; i < LEN(paths); i++) {
        got[i] = read_key(paths[i], "key", "{}", "hello");
        for (size_t k = 0; k < i; k++)
            ROW_ASSERT(paths[i], got[i].st == CQ_OK && !is_same(got[i].hash, got[k].hash));
    }
    struct outcome again = read_key(paths[0], "key", "{}", "hello");

    CU_ASSERT_TRUE(is_same(again.hash, got[0].hash));
}

static void test_other_body_same_key(void)
{
    struct outcome a = read_key(MESSAGES, "key", "{}", "hello"), b = read_key(MESSAGES, "key", "{}", "hello ");

    CU_ASSERT_TRUE(is_same(a.hash, b.hash));
    CU_ASSERT_FALSE(is_same(a.body, b.body));
}

SUITE(idempotency, {"forms of the header", test_header_forms}, {"forms of message_id", test_message_id_forms},
      {"case of a message_id", test_case_of_a_message_id}, {"case of a header", test_case_of_a_header},
      {"the header wins", test_the_header_wins}, {"a wrong field beside a header", test_a_wrong_field_beside_a_header},
      {"openings", test_openings}, {"other path, other key", test_other_path_other_key},
      {"other body, same key", test_other_body_same_key});
