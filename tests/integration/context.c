/* Conversations that become too long for the model: what it is told then, and how what it is not told is summarised. */
#include <stdio.h>
#include <string.h>

#include "harness.h"

static struct json_object *last_request(const char *name)
{
    return json_of(text_at(model_stats(), textf("/%s", name)));
}

static const char *message_text(struct json_object *request, size_t i)
{
    return text_at(request, textf("/messages/%zu/content", i));
}

/*
 * Of a request for a reply: within the context, beginning with the instructions, ending with the new message alone, user
 * and assistant in turns.
 */
static void expect_fitting(const char *row, struct json_object *request, const char *said)
{
    size_t n = count_at(request, "/messages");

    ROW_ASSERT(row, strlen(text_at(model_stats(), "/last_body")) < 5500 * 4);
    ROW_ASSERT(row, strstr(message_text(request, 0), "Learning objectives") != NULL);
    ROW_ASSERT(row, str_eq(message_text(request, n - 1), said));
    for (size_t i = 1; i < n; i++)
        ROW_ASSERT(row, str_eq(text_at(request, textf("/messages/%zu/role", i)), i % 2 ? "user" : "assistant"));
}

/* Word for word until it no longer fits; then a summary that was made before it was needed, once for each part. */
static void test_long_conversation(void)
{
    enum { N_TURNS = 40 };
    struct instance *main_instance = instance_used();
    uint64_t n_summarised = 0, n_left_out_without = 0;
    const char *said = NULL;

    instance_use(instance_with_little_room());
    struct talk talk = open_talk(STUDENT);

    model_reset();
    for (int i = 0; i < N_TURNS; i++) {
        said = textf("[[words 150]] message %d of a long conversation", i);
        expect_status("a turn", say(&talk, said), 200);
        struct json_object *request = last_request("last_body");

        expect_fitting("what the model is told", request, said);
        if (strstr(message_text(request, 1), "\"summary\":\"Summary of"))
            n_summarised++;
        else
            n_left_out_without += !strstr(message_text(request, 1), "Hello");
    }
    uint64_t n_summaries = (uint64_t)int_at(model_stats(), "/summaries");

    ROW_ASSERT(textf("%lu summaries", n_summaries), n_summaries >= 2 && n_summaries <= 8);
    ROW_ASSERT("most turns have one", n_summarised >= N_TURNS / 2);
    ROW_ASSERT("nothing is left out without one", n_left_out_without == 0);
    struct json_object *summary = last_request("last_summary");

    ROW_ASSERT("it goes on from the one before",
               strstr(text_at(summary, "/messages/1/content"), "{\"summary\":\"Summary of") != NULL);
    ROW_ASSERT("it is stored",
               database_number(textf("SELECT summarised FROM conversation WHERE id = %lu", talk.id)) > 20);
    ROW_ASSERT("and paid for", database_number(textf("SELECT COUNT(*) FROM turn WHERE conversation_id = %lu AND calls"
                                                     " LIKE '%%\"task\":\"summary\"%%'",
                                                     talk.id)) == n_summaries);
    ROW_ASSERT("the student sees all that was said", count_at(read_talk(&talk), "/messages") == 2 + 2 * N_TURNS);
    instance_use(main_instance);
}

/* Without a summary the conversation goes on all the same: the newest messages are told, and it is tried again. */
static void test_summary_fails(void)
{
    enum { N_TURNS = 30 };
    struct instance *main_instance = instance_used();
    const char *said = NULL;

    instance_use(instance_with_little_room());
    struct talk talk = open_talk(STUDENT);

    model_reset();
    for (int i = 0; i < N_TURNS; i++) {
        said = textf("[[words 150]] message %d [[summarize:status 400]]", i);
        expect_status("a turn", say(&talk, said), 200);
        expect_fitting("what the model is told", last_request("last_body"), said);
    }
    struct json_object *request = last_request("last_body");

    ROW_ASSERT("it was tried", int_at(model_stats(), "/summaries") > 3);
    ROW_ASSERT("what is left out is said to be", strstr(message_text(request, 1), "{\"summary\":null}") != NULL);
    ROW_ASSERT("none is stored", database_number(textf("SELECT COUNT(*) FROM conversation WHERE id = %lu AND summary IS"
                                                       " NULL",
                                                       talk.id)) == 1);
    instance_use(main_instance);
}

/* A model takes longer for a summary than for a reply: it is waited for, once, and then spares all turns that follow. */
static void test_summary_is_slow(void)
{
    enum { N_TURNS = 24, SLOW_MS = 2500 };
    struct instance *main_instance = instance_used();
    unsigned n_slow = 0;

    instance_use(instance_with_little_room());
    struct talk talk = open_talk(STUDENT);

    model_reset();
    for (int i = 0; i < N_TURNS && int_at(model_stats(), "/summaries") < 1; i++) {
        const struct answer *answer = say(&talk, textf("[[words 150]] message %d [[summarize:delay %d]]", i, SLOW_MS));

        expect_status("a turn", answer, 200);
        n_slow += int_at(model_stats(), "/summaries") == 1 && answer->took_us > SLOW_MS * 900;
    }
    ROW_ASSERT("one turn waits", n_slow == 1 && int_at(model_stats(), "/summaries") == 1);
    ROW_ASSERT("it is stored",
               database_number(textf("SELECT COUNT(*) FROM conversation WHERE id = %lu AND summary IS NOT"
                                     " NULL",
                                     talk.id)) == 1);
    instance_use(main_instance);
}

/* One that is cut by its length is worth having. */
static void test_summary_is_cut(void)
{
    enum { N_TURNS = 24 };
    struct instance *main_instance = instance_used();

    instance_use(instance_with_little_room());
    struct talk talk = open_talk(STUDENT);

    model_reset();
    for (int i = 0; i < N_TURNS && !int_at(model_stats(), "/summaries"); i++)
        expect_status("a turn", say(&talk, textf("[[words 150]] message %d [[summarize:finish length]]", i)), 200);
    ROW_ASSERT("it was asked for", int_at(model_stats(), "/summaries") == 1);
    ROW_ASSERT("it is stored", database_number(textf("SELECT COUNT(*) FROM conversation WHERE id = %lu AND summary LIKE"
                                                     " 'Summary of%%' AND summarised > 0",
                                                     talk.id)) == 1);
    instance_use(main_instance);
}

/* Judges are told the newest too, and the summary of the rest as what it is. */
static void test_judges(void)
{
    enum { N_TURNS = 30 };
    struct instance *main_instance = instance_used();

    instance_use(instance_with_little_room());
    struct talk talk = open_talk(STUDENT);

    for (int i = 0; i < N_TURNS; i++)
        expect_status("a turn", say(&talk, textf("[[words 150]] message %d", i)), 200);
    expect_status("an evaluation", CALL("POST", textf("%s/evaluation", talk.path), token_of(TEACHER)), 200);
    struct json_object *data = json_of(text_at(last_request("last_structured"), "/messages/1/content"));
    size_t n = count_at(data, "/messages");

    ROW_ASSERT("within the context", strlen(text_at(model_stats(), "/last_structured")) < 5500 * 4);
    ROW_ASSERT("not all of it", n > 4 && n < 2 * N_TURNS);
    ROW_ASSERT("to the last", str_eq(text_at(data, textf("/messages/%zu/role", n - 1)), "tutor"));
    ROW_ASSERT("a summary", str_starts(text_at(data, "/summary"), "Summary of"));
    instance_use(main_instance);
}

SUITE(context, {"a long conversation", test_long_conversation}, {"the summary fails", test_summary_fails},
      {"the summary is slow", test_summary_is_slow}, {"the summary is cut", test_summary_is_cut},
      {"judges", test_judges});
