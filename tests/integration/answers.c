/* What every answer has, whichever row it is of: its type, its headers, and how ids are written. */
#include <stdio.h>

#include "scene.h"

static const char STRING_IDS[] = "application/json+canvas-string-ids";

/* ---- headers ---- */

/* Of the rows that do not answer with JSON. */
static const struct {
    const char *key, *type;
} types[] = {
    {"GET /metrics", "text/plain; version=0.0.4; charset=utf-8"},
    {"GET /login", "text/html; charset=utf-8"},
    {"POST /login", "text/html; charset=utf-8"},
    {"POST /logout", "text/html; charset=utf-8"},
    {"GET /api/v1/courses/:course_id/ai_experiences/:id/ai_conversations.csv", "text/csv; charset=utf-8"},
    {"GET /courses/:course_id/ai_experiences", "text/html; charset=utf-8"},
    {"GET /courses/:course_id/ai_experiences/:id", "text/html; charset=utf-8"},
};

static const char *type_of(const struct row *row)
{
    for (size_t i = 0; i < LEN(types); i++)
        if (str_eq(types[i].key, row->key))
            return types[i].type;
    return "application/json; charset=utf-8";
}

static void expect_headers(const struct row *row, const struct answer *answer)
{
    const char *id = header(answer, "X-Request-Id");

    ROW_ASSERT(textf("%s: type %s", row->key, header(answer, "Content-Type")),
               str_eq(header(answer, "Content-Type"), type_of(row)));
    ROW_ASSERT(row->key, str_eq(header(answer, "Cache-Control"), "no-store"));
    ROW_ASSERT(row->key, strlen(id) == 32 && str_eq(header(answer, "X-Request-Context-Id"), id));
    ROW_ASSERT(row->key, str_eq(header(answer, "X-Content-Type-Options"), "nosniff"));
    if (str_starts(type_of(row), "application/json"))
        expect_api_headers(row->key, answer);
}

/* nginx passes all rows on but one, and one more answers only with a signature, as uploads.c has it. */
static bool is_passed_on(const struct row *row)
{
    return !str_eq(row->key, "GET /status") && !has_part(row, "/files/:document_id");
}

/* As one who may: each row is called in a scene of its own. */
static const struct answer *call_well(const struct row *row, const char *accept)
{
    struct scene scene = make_scene(OWN, TEACHER);
    struct call call = row_call(row, &scene);

    call.token = token_of(TEACHER);
    call.accept = accept;
    const struct answer *answer = call_now(&call);

    ROW_ASSERT(textf("%s: %ld", row->key, answer->status), answer->status / 100 == 2 || answer->status == 303);
    return answer;
}

static void test_headers(void)
{
    const struct rows rows = read_rows();

    for (size_t i = 0; i < rows.n; i++)
        if (is_passed_on(&rows.all[i]))
            expect_headers(&rows.all[i], call_well(&rows.all[i], NULL));
}

/* ---- ids ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len >= n && str_eq(text + len - n, end);
}

static bool is_uuid(const char *text)
{
    char lower[UUID_TEXT_BYTES];

    return uuid_parse(text, strlen(text), lower);
}

#define EXPERIENCES   "/api/v1/courses/:course_id/ai_experiences"
#define CONVERSATIONS EXPERIENCES "/:ai_experience_id/conversations"

/* What the contract calls a "string id". */
static bool is_string_id(const struct row *row, const char *path)
{
    if (ends_with(path, "/messages/*/feedback/*/user_id") || ends_with(path, "/context_files/*/id"))
        return true;
    if (has_part(row, "/context_files"))
        return ends_with(path, "/id");
    if (str_eq(path, "/login_id"))
        return true;
    if (str_eq(row->key, "GET " CONVERSATIONS "/:id"))
        return str_eq(path, "/user_id");
    return str_eq(row->key, "POST " CONVERSATIONS "/:id/messages/:message_id/feedback") &&
           str_eq(path, "/feedback/user_id");
}

/* In a roster, whose student has no conversation; roster.c knows which of the rows that are. */
static bool may_be_string_id(const struct row *row, const char *path)
{
    return str_eq(row->key, "GET " EXPERIENCES "/:id/ai_conversations") &&
           (str_eq(path, "/conversations/*/user_id") || str_eq(path, "/conversations/*/student/id"));
}

struct walk {
    const struct row *row;
    bool string_ids;
    size_t n_seen;
};

/* Nothing but a number or a UUID is an id; the chat API's are names. */
static void expect_id(struct walk *walk, const char *path, struct json_object *id)
{
    const char *text = id ? json_object_get_string(id) : "";
    bool is_text = json_object_is_type(id, json_type_string), is_number = json_object_is_type(id, json_type_int);
    bool may_be_text =
        walk->string_ids || is_uuid(text) || is_string_id(walk->row, path) || may_be_string_id(walk->row, path);
    bool may_be_number = !walk->string_ids && !is_string_id(walk->row, path);

    if (!id) /* of a conversation that there is not */
        return;
    walk->n_seen++;
    ROW_ASSERT(textf("%s%s: %s: %s", walk->row->key, walk->string_ids ? ", string ids" : "", path,
                     json_object_to_json_string(id)),
               (is_text && *text && may_be_text) || (is_number && may_be_number));
}

/* Every member of every object, at whatever depth; a place in a list is "*". */
static void walk_ids(struct walk *walk, const char *path, struct json_object *json)
{
    if (json_object_is_type(json, json_type_array)) {
        for (size_t i = 0; i < json_object_array_length(json); i++) {
            if (ends_with(path, "_ids"))
                expect_id(walk, path, json_object_array_get_idx(json, i));
            walk_ids(walk, textf("%s/*", path), json_object_array_get_idx(json, i));
        }
        return;
    }
    if (!json_object_is_type(json, json_type_object))
        return;
    json_object_object_foreach(json, name, value)
    {
        const char *at = textf("%s/%s", path, name);

        if (str_eq(name, "id") || ends_with(name, "_id"))
            expect_id(walk, at, value);
        walk_ids(walk, at, value);
    }
}

/* The rows whose answers have no id at all. */
static bool has_no_ids(const struct row *row)
{
    bool is_list_of_none = str_eq(row->key, "GET " EXPERIENCES "/:id/context_files") || has_part(row, "/sessions");

    return !row->scope || is_list_of_none || str_eq(row->method, "DELETE") || has_part(row, "/stop") ||
           has_part(row, "/password") || has_part(row, "/site") || has_part(row, "/class_picture") ||
           !str_starts(type_of(row), "application/json");
}

static void test_ids(void)
{
    const struct rows rows = read_rows();

    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];

        for (int string_ids = 0; is_passed_on(row) && !is_chat_row(row) && string_ids <= 1; string_ids++) {
            struct walk walk = {row, string_ids, 0};

            walk_ids(&walk, "", call_well(row, string_ids ? STRING_IDS : NULL)->json);
            ROW_ASSERT(textf("%s: no id", row->key), walk.n_seen > 0 || has_no_ids(row));
        }
    }
}

/* With votes in them, a roster with and without conversations, and what is streamed. */
static void test_ids_deeper(void)
{
    static const char *const accepts[] = {NULL, STRING_IDS, "text/html;q=0.1, application/json+canvas-string-ids"};
    static const enum state states[] = {PUBLISHED, OWN_VOTE, ENDED};
    const struct rows rows = read_rows();

    for (size_t k = 0; k < LEN(states); k++) {
        struct scene scene = make_scene(states[k], TEACHER);

        for (size_t i = 0; i < rows.n; i++) {
            const struct row *row = &rows.all[i];
            struct call call = row_call(row, &scene);

            call.token = token_of(TEACHER);
            for (size_t n = 0; n < LEN(accepts) && is_read_row(row) && row->scope && !is_chat_row(row); n++) {
                call.accept = accepts[n];
                const struct answer *answer = call_now(&call);
                expect_status(row->key, answer, 200);
                struct walk walk = {row, n > 0, 0};
                walk_ids(&walk, "", answer->json);
            }
        }
    }
}

static void test_ids_in_streams(void)
{
    const struct rows rows = read_rows();
    struct scene scene = make_scene(OWN, TEACHER);

    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];

        for (int string_ids = 0; ends_with(row->pattern, "/messages") && string_ids <= 1; string_ids++) {
            struct call call = row_call(row, &scene);
            struct walk walk = {row, string_ids, 0};

            call.token = token_of(TEACHER);
            call.accept = string_ids ? textf("text/event-stream, %s", STRING_IDS) : "text/event-stream";
            const struct answer *answer = call_now(&call);
            ROW_ASSERT(row->key, answer->n_events >= 3);
            for (size_t k = 0; k < answer->n_events; k++)
                walk_ids(&walk, textf("/%s", answer->events[k].name), answer->events[k].data);
            ROW_ASSERT(row->key, walk.n_seen >= 3);
        }
    }
}

SUITE(answers, {"headers", test_headers}, {"ids", test_ids}, {"ids deeper", test_ids_deeper},
      {"ids in streams", test_ids_in_streams});
