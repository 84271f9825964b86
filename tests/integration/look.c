/* Looks at answers: what stands at a place, and assertions that print what came instead. */
#include <json-c/json.h>
#include <json-c/json_pointer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

enum { SHOWN_BYTES = 1500 };

struct json_object *json_at(struct json_object *json, const char *pointer)
{
    struct json_object *found = NULL;

    return json && json_pointer_get(json, pointer, &found) == 0 ? found : NULL;
}

const char *text_at(struct json_object *json, const char *pointer)
{
    struct json_object *found = json_at(json, pointer);

    return json_object_is_type(found, json_type_string) ? json_object_get_string(found) : "";
}

int64_t int_at(struct json_object *json, const char *pointer)
{
    struct json_object *found = json_at(json, pointer);

    return json_object_is_type(found, json_type_int) ? json_object_get_int64(found) : -1;
}

size_t count_at(struct json_object *json, const char *pointer)
{
    struct json_object *found = json_at(json, pointer);

    return json_object_is_type(found, json_type_array) ? json_object_array_length(found) : 0;
}

struct json_object *json_of(const char *text)
{
    struct cq_ctx ctx = {.arena = test_arena(), .request_id = "-"};
    struct json_object *json = NULL;

    if (json_read(&ctx, text, strlen(text), &json))
        harness_die("this should be JSON: %.300s", text);
    return json;
}

/* ---- streams ---- */

size_t count_events(const struct answer *answer, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < answer->n_events; i++)
        n += str_eq(answer->events[i].name, name);
    return n;
}

struct json_object *event_at(const struct answer *answer, const char *name)
{
    for (size_t i = answer->n_events; i > 0; i--)
        if (str_eq(answer->events[i - 1].name, name))
            return answer->events[i - 1].data;
    return NULL;
}

const char *joined_deltas(const struct answer *answer)
{
    struct buf *text = buf_in_arena(test_arena(), 64 << 20);

    if (!text)
        harness_die("out of memory");
    for (size_t i = 0; i < answer->n_events; i++)
        if (str_eq(answer->events[i].name, "message.delta"))
            buf_str(text, text_at(answer->events[i].data, "/text"));
    return text->data;
}

/* ---- assertions ---- */

static bool check(const char *row, bool holds, const char *what, const char *shown)
{
    ROW_ASSERT(row, holds);
    if (!holds)
        fprintf(stderr, "\n    %s: %s: %.*s", row, what, SHOWN_BYTES, shown ? shown : "nothing");
    return holds;
}

bool expect_status(const char *row, const struct answer *answer, long status)
{
    return check(row, answer->status == status,
                 textf("expected %ld, got %ld (%s)", status, answer->status, header(answer, "X-Client-Error")),
                 answer->body);
}

static struct json_object *wanted(const char *row, const char *text)
{
    enum json_tokener_error error;
    struct json_object *json = json_tokener_parse_verbose(text, &error);

    if (error != json_tokener_success)
        harness_die("%s: the test expects what is no JSON: %s", row, text);
    return json;
}

static bool json_is(const char *row, struct json_object *got, const char *where, const char *want)
{
    struct json_object *expected = wanted(row, want);
    bool holds = json_object_equal(got, expected) != 0;

    json_object_put(expected);
    return check(row, holds, textf("%s should be %s, is", where, want),
                 got ? json_object_to_json_string(got) : "null or absent");
}

bool expect_json(const char *row, struct json_object *json, const char *pointer, const char *want)
{
    return json_is(row, json_at(json, pointer), pointer, want);
}

bool expect_body(const char *row, const struct answer *answer, long status, const char *want)
{
    return expect_status(row, answer, status) && json_is(row, answer->json, "the body", want);
}

bool expect_fields(const char *row, struct json_object *json, const struct expected *fields, size_t n)
{
    bool hold = true;

    for (size_t i = 0; i < n; i++)
        hold &= expect_json(row, json, fields[i].pointer, fields[i].want);
    return hold;
}

void expect_api_headers(const char *row, const struct answer *answer)
{
    const char *id = header(answer, "X-Request-Id");

    check(row, str_eq(header(answer, "Content-Type"), "application/json; charset=utf-8"), "content type",
          header(answer, "Content-Type"));
    check(row, str_eq(header(answer, "Cache-Control"), "no-store"), "Cache-Control", header(answer, "Cache-Control"));
    check(row, *id && str_eq(header(answer, "X-Request-Context-Id"), id), "request id", answer->header_lines);
    check(row, answer->json || answer->len == 0 || str_eq(answer->body, "null"), "no JSON", answer->body);
}

bool expect_refusal(const char *row, const struct answer *answer, long status, const char *code, bool retryable)
{
    struct json_object *json = answer->json;

    expect_api_headers(row, answer);
    if (!expect_status(row, answer, status))
        return false;
    bool holds = str_eq(text_at(json, "/code"), code) && *text_at(json, "/error") &&
                 str_eq(text_at(json, "/errors/0/message"), text_at(json, "/error")) &&
                 json_object_is_type(json_at(json, "/retryable"), json_type_boolean) &&
                 json_object_get_boolean(json_at(json, "/retryable")) == retryable &&
                 str_eq(text_at(json, "/reference_id"), header(answer, "X-Request-Context-Id"));
    check(row, holds, textf("expected a refusal with code %s, retryable %s", code, retryable ? "true" : "false"),
          answer->body);
    bool has_retry_after = strtol(header(answer, "Retry-After"), NULL, 10) > 0;
    return check(row, has_retry_after == retryable, "Retry-After", answer->header_lines) && holds;
}
