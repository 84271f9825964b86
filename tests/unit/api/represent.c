/* The objects of the Canvas API, to the byte. */
#include "api/represent.h"

#include <stdio.h>

#include "unit.h"

#define CREATED_MS 1704067200123 /* milliseconds are cut off */
#define CREATED    "\"2024-01-01T00:00:00Z\""
#define UPDATED_MS 1704153599999
#define UPDATED    "\"2024-01-01T23:59:59Z\""
#define UUID       "018cc251-f400-7000-8000-000000000001"

static struct json_out begin(bool string_ids)
{
    struct buf *buf = buf_in_arena(unit_ctx()->arena, 1 << 20);
    struct json_out out;

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    json_out_init(&out, buf);
    out.string_ids = string_ids;
    return out;
}

/* ---- messages ---- */

static void test_messages(void)
{
    // clang-format off
    static const struct {
        struct message_row row;
        const char *want;
    } rows[] = {
        {{.uuid = UUID, .text = "Hi <b>&\n\"you\" ä", .created_at_ms = CREATED_MS, .status = MESSAGE_COMPLETE},
         "{\"id\":\"" UUID "\",\"role\":\"User\",\"text\":\"Hi <b>&\\n\\\"you\\\" ä\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"complete\",\"initial\":false}"},
        {{.uuid = UUID, .text = "*hi*", .html = "<p><em>hi</em></p>\n", .is_assistant = true, .created_at_ms = CREATED_MS},
         "{\"id\":\"" UUID "\",\"role\":\"Assistant\",\"text\":\"*hi*\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"complete\",\"initial\":false,\"html\":\"<p><em>hi</em></p>\\n\",\"citations\":[]}"},
        {{.uuid = UUID, .text = "[^1]", .html = "", .citations = "[{\"number\":1}]", .is_assistant = true, .created_at_ms = CREATED_MS},
         "{\"id\":\"" UUID "\",\"role\":\"Assistant\",\"text\":\"[^1]\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"complete\",\"initial\":false,\"html\":\"\",\"citations\":[{\"number\":1}]}"},
        {{.uuid = UUID, .text = "a", .created_at_ms = CREATED_MS, .status = MESSAGE_PENDING},
         "{\"id\":\"" UUID "\",\"role\":\"User\",\"text\":\"a\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"pending\",\"initial\":false}"},
        {{.uuid = UUID, .text = "a", .created_at_ms = CREATED_MS, .status = MESSAGE_FAILED},
         "{\"id\":\"" UUID "\",\"role\":\"User\",\"text\":\"a\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"failed\",\"initial\":false}"},
        {{.uuid = UUID, .text = "Hello", .is_initial = true, .created_at_ms = CREATED_MS},
         "{\"id\":\"" UUID "\",\"role\":\"User\",\"text\":\"Hello\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"complete\",\"initial\":true}"},
        {{.uuid = UUID, .text = "a", .is_assistant = true, .created_at_ms = CREATED_MS}, /* never rendered */
         "{\"id\":\"" UUID "\",\"role\":\"Assistant\",\"text\":\"a\",\"created_at\":" CREATED ",\"feedback\":[],"
         "\"status\":\"complete\",\"initial\":false,\"html\":\"\",\"citations\":[]}"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++)
        for (int string_ids = 0; string_ids <= 1; string_ids++) {
            struct json_out out = begin(string_ids);

            write_message(&out, &rows[i].row);
            ASSERT_TEXT(out.buf->data, rows[i].want);
        }
}

#define VOTE_ID "018cc251-f400-7000-8000-000000000002"

static void test_a_vote(void)
{
    const struct feedback_row feedback = {.uuid = VOTE_ID,
                                          .message_uuid = UUID,
                                          .user_id = 9,
                                          .vote = "disliked",
                                          .feedback_message = "Too \"long\"",
                                          .created_at_ms = CREATED_MS,
                                          .updated_at_ms = UPDATED_MS};
    const struct message_row message = {
        .uuid = UUID, .text = "a", .is_assistant = true, .created_at_ms = CREATED_MS, .feedback = &feedback};
    struct json_out out = begin(false); /* user_id is a string all the same */

    write_message(&out, &message);
    ASSERT_TEXT(out.buf->data, "{\"id\":\"" UUID "\",\"role\":\"Assistant\",\"text\":\"a\",\"created_at\":" CREATED
                               ",\"feedback\":[{\"id\":\"" VOTE_ID "\",\"message_id\":\"" UUID
                               "\",\"user_id\":\"9\",\"vote\":\"disliked\",\"feedback_message\":\"Too \\\"long\\\"\","
                               "\"created_at\":" CREATED ",\"updated_at\":" UPDATED
                               "}],\"status\":\"complete\",\"initial\":false,\"html\":\"\",\"citations\":[]}");
}

static void test_a_student(void)
{
    static const struct {
        bool string_ids, with_string_id;
        const char *id;
    } rows[] = {{false, false, "9"}, {false, true, "\"9\""}, {true, false, "\"9\""}, {true, true, "\"9\""}};
    const struct student_row student = {.id = 9,
                                        .name = "Sam \"S\" Student",
                                        .sortable_name = "Student, Sam",
                                        .short_name = "Sam",
                                        .created_at_ms = CREATED_MS};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_out out = begin(rows[i].string_ids);
        char want[256];

        write_student(&out, &student, rows[i].with_string_id);
        snprintf(want, sizeof(want),
                 "{\"id\":%s,\"name\":\"Sam \\\"S\\\" Student\",\"sortable_name\":\"Student, Sam\","
                 "\"short_name\":\"Sam\",\"avatar_url\":null,\"created_at\":%s}",
                 rows[i].id, CREATED);
        ASSERT_TEXT(out.buf->data, want);
    }
}

static void test_no_messages(void)
{
    struct json_out out = begin(false);
    const struct message_list none = {.n = 0};

    write_messages(&out, &none);
    ASSERT_TEXT(out.buf->data, "[]");
}

/* ---- progress ---- */

static void test_progress(void)
{
    // clang-format off
    static const struct {
        struct progress progress;
        const char *want;
    } rows[] = {
        {{.n = 0}, "{\"current\":0,\"total\":0,\"percentage\":0,\"objectives\":[]}"},
        {{.n = 3, .n_met = 1, .percentage = 33, .objectives = {{.text = "a"}, {.text = "\"b\"", .is_met = true, .met_at = 2}, {.text = "c"}}},
         "{\"current\":1,\"total\":3,\"percentage\":33,\"objectives\":[{\"objective\":\"a\",\"status\":\"\",\"met_at_turn\":null},"
         "{\"objective\":\"\\\"b\\\"\",\"status\":\"covered\",\"met_at_turn\":2},"
         "{\"objective\":\"c\",\"status\":\"\",\"met_at_turn\":null}]}"},
        {{.n = 1, .n_met = 1, .percentage = 100, .objectives = {{.text = "a", .is_met = true, .met_at = 0}}},
         "{\"current\":1,\"total\":1,\"percentage\":100,\"objectives\":[{\"objective\":\"a\",\"status\":\"covered\",\"met_at_turn\":0}]}"},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        struct json_out out = begin(true); /* places are no ids */

        write_progress(&out, &rows[i].progress);
        ASSERT_TEXT(out.buf->data, rows[i].want);
    }
}

/* ---- experiences ---- */

static const struct ai_experience_row some = {
    .id = 3,
    .course_id = 7,
    .workflow_state = "published",
    .title = "T",
    .description = "D",
    .facts = "F",
    .learning_objective = "a\nb c",
    .pedagogical_guidance = "G",
    .evaluation_metrics = "[{\"name\":\"M\",\"description\":null,\"enabled\":true,\"visible_to_learners\":false}]",
    .created_at_ms = CREATED_MS,
    .updated_at_ms = UPDATED_MS,
    .is_started = true,
    .completed_count = 5,
};

#define EVERYBODY(ids, description, can_manage)                                                                        \
    "{" ids ",\"title\":\"T\",\"description\":" description                                                            \
    ",\"learning_objective\":\"a\\nb c\",\"learning_objectives\":[\"a\",\"b c\"],"                                     \
    "\"workflow_state\":\"published\",\"context_index_status\":\"not_started\",\"created_at\":" CREATED                \
    ",\"updated_at\":" UPDATED ",\"can_manage\":" can_manage
#define IDS        "\"id\":3,\"course_id\":7"
#define STRING_IDS "\"id\":\"3\",\"course_id\":\"7\""
#define MANAGERS(can_unpublish, metrics)                                                                               \
    ",\"facts\":\"F\",\"pedagogical_guidance\":\"G\",\"can_unpublish\":" can_unpublish                                 \
    ",\"context_ready\":true,\"context_files\":[],\"evaluation_metrics\":" metrics
#define METRICS "[{\"name\":\"M\",\"description\":null,\"enabled\":true,\"visible_to_learners\":false}]"

static void test_an_experience_for_a_manager(void)
{
    static const struct ai_experience_list counts = {.total_students = 40};
    struct json_out out = begin(false);

    write_ai_experience(&out, NULL, &some, true, true, NULL);
    ASSERT_TEXT(out.buf->data, EVERYBODY(IDS, "\"D\"", "true") MANAGERS("false", METRICS) "}");

    out = begin(true);
    write_ai_experience(&out, NULL, &some, true, true, &counts);
    ASSERT_TEXT(out.buf->data,
                EVERYBODY(STRING_IDS, "\"D\"", "true") MANAGERS("false", METRICS) ",\"completed_count\":5,"
                                                                                  "\"total_students\":40}");
}

static void test_an_experience_with_nothing_more(void)
{
    struct ai_experience_row bare = some;
    struct json_out out = begin(false);

    bare.description = bare.evaluation_metrics = NULL;
    bare.is_started = false;
    write_ai_experience(&out, NULL, &bare, true, false, NULL);
    ASSERT_TEXT(out.buf->data, EVERYBODY(IDS, "null", "true") MANAGERS("true", "[]") "}");
}

/* What a teacher tells the tutor is never a student's to read, in whatever list. */
static void test_an_experience_for_a_student(void)
{
    static const struct ai_experience_list counts = {.total_students = 40};
    static const struct {
        const char *latest_state;
        bool latest_met;
        const char *want;
    } rows[] = {
        {NULL, false, "not_started"},        {"active", false, "in_progress"}, {"active", true, "completed"},
        {"completed", false, "not_started"}, {"completed", true, "completed"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct ai_experience_row row = some;
        struct json_out out = begin(false);
        char want[1024];

        row.latest_state = rows[i].latest_state;
        row.latest_met = rows[i].latest_met;
        snprintf(want, sizeof(want), "%s,\"submission_status\":\"%s\"}", EVERYBODY(IDS, "\"D\"", "false"),
                 rows[i].want);
        write_ai_experience(&out, NULL, &row, false, true, &counts);
        ASSERT_TEXT(out.buf->data, want);
    }
    struct json_out out = begin(true);

    write_ai_experience(&out, NULL, &some, false, false, NULL);
    ASSERT_TEXT(out.buf->data, EVERYBODY(STRING_IDS, "\"D\"", "false") "}");
}

/* Students are told how far the files are, and nothing else of them. */
static void test_context_index_status(void)
{
    static const struct {
        enum document_state first, second;
        const char *want;
    } rows[] = {
        {DOCUMENT_SUCCEEDED, DOCUMENT_SUCCEEDED, "completed"}, {DOCUMENT_SUCCEEDED, DOCUMENT_QUEUED, "in_progress"},
        {DOCUMENT_RUNNING, DOCUMENT_SUCCEEDED, "in_progress"}, {DOCUMENT_QUEUED, DOCUMENT_FAILED, "failed"},
        {DOCUMENT_FAILED, DOCUMENT_SUCCEEDED, "failed"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct document_row files[] = {{.filename = "secret.pdf", .state = rows[i].first},
                                       {.filename = "secret.md", .state = rows[i].second}};
        struct ai_experience_row row = some;
        struct json_out out = begin(false);
        char want[100];

        row.context_files = (struct document_list){files, LEN(files)};
        write_ai_experience(&out, NULL, &row, false, true, NULL);
        snprintf(want, sizeof(want), "\"context_index_status\":\"%s\"", rows[i].want);
        ROW_ASSERT(want, strstr(out.buf->data, want) && !strstr(out.buf->data, "secret"));
    }
}

/* ---- a turn ---- */

static void test_a_turn(void)
{
    struct message_row rows[] = {
        {.uuid = "u", .text = "Hello", .is_initial = true, .created_at_ms = CREATED_MS},
        {.uuid = "a", .text = "Hi", .html = "<p>Hi</p>\n", .is_assistant = true, .created_at_ms = CREATED_MS}};
    const struct turn turn = {.row = {.conversation_id = 11}, .messages = {rows, LEN(rows)}};
    struct json_out out = begin(true);

    open_turn(&out, &turn);
    json_close_object(&out);
    ASSERT_TEXT(
        out.buf->data,
        "{\"id\":\"11\",\"messages\":[{\"id\":\"u\",\"role\":\"User\",\"text\":\"Hello\",\"created_at\":" CREATED
        ",\"feedback\":[],\"status\":\"complete\",\"initial\":true},{\"id\":\"a\",\"role\":\"Assistant\","
        "\"text\":\"Hi\",\"created_at\":" CREATED ",\"feedback\":[],\"status\":\"complete\",\"initial\":false,"
        "\"html\":\"<p>Hi</p>\\n\",\"citations\":[]}],"
        "\"progress\":{\"current\":0,\"total\":0,\"percentage\":0,\"objectives\":[]}}");
}

SUITE(represent, {"messages", test_messages}, {"a vote", test_a_vote}, {"a student", test_a_student},
      {"no messages", test_no_messages}, {"progress", test_progress},
      {"an experience for a manager", test_an_experience_for_a_manager},
      {"an experience with nothing more", test_an_experience_with_nothing_more},
      {"an experience for a student", test_an_experience_for_a_student},
      {"how far its files are", test_context_index_status}, {"a turn", test_a_turn});
