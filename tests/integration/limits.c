/* Limits of a user: how much in a day, and how much at once; what counts, and what is left of what was refused. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "harness.h"

#define TEXT "\"You've hit the AI Experiences rate limit. Please try again later.\""

enum {
    CONVERSATIONS = 3,
    MESSAGES = 4,
    EVALUATIONS = 2,
    CHAT_MESSAGES = 2,
    AT_ONCE = 3,
    USER_TOKENS = 200000,
    COURSE_TOKENS = 10000000,
};

static void use_limited(void)
{
    static struct instance *instance;
    const char *extra[] = {textf("COLLOQUY_LIMITS_CONVERSATIONS_PER_DAY=%d", CONVERSATIONS),
                           textf("COLLOQUY_LIMITS_MESSAGES_PER_DAY=%d", MESSAGES),
                           textf("COLLOQUY_LIMITS_EVALUATIONS_PER_DAY=%d", EVALUATIONS),
                           textf("COLLOQUY_LIMITS_CHAT_MESSAGES_PER_DAY=%d", CHAT_MESSAGES),
                           textf("COLLOQUY_LIMITS_TURNS_AT_ONCE=%d", AT_ONCE),
                           textf("COLLOQUY_LIMITS_USER_TOKENS_PER_DAY=%d", USER_TOKENS),
                           textf("COLLOQUY_LIMITS_COURSE_TOKENS_PER_DAY=%d", COURSE_TOKENS),
                           "COLLOQUY_LLM_BREAKER_FAILURES=0",
                           NULL};

    for (const char **setting = extra; !instance && *setting; setting++)
        *setting = lastingf("%s", *setting);
    if (!instance)
        instance = instance_create("limits", textf("http://127.0.0.1:%d", main_model().port), extra);
    instance_use(instance);
}

/* Somebody whose day begins. */
struct somebody {
    uint64_t id;
    const char *token;
};

static struct somebody new_user(const char *role)
{
    static unsigned n;
    const char *login = textf("it-limits-%u", ++n);
    struct somebody who = {.id = make_user(login)};

    enroll(main_course(), login, role, "active");
    who.token = make_token(login, NULL);
    return who;
}

static const char *conversations_path(uint64_t experience)
{
    return textf("%s/conversations", experience_path(main_course(), experience));
}

static const char *conversations_path_of(const struct talk *talk)
{
    return textf("%s/conversations", experience_path(talk->course, talk->experience));
}

static uint64_t count_rows(const char *table, const char *condition)
{
    return database_number(textf("SELECT COUNT(*) FROM %s WHERE %s", table, condition));
}

/* A refusal for the rest of the day. */
static void expect_over_for_today(const char *row, const struct answer *answer)
{
    long left_s = 86400 - (long)(time(NULL) % 86400);
    long wait_s = strtol(header(answer, "Retry-After"), NULL, 10);

    expect_refusal(row, answer, 429, "rate_limited", true);
    expect_json(row, answer->json, "/error", TEXT);
    ROW_ASSERT(textf("%s: Retry-After %ld, the day has %ld s", row, wait_s, left_s),
               wait_s >= left_s - 2 && wait_s <= left_s + 30); /* the answer may be a while ago */
}

/* The client is told of a limit only; the log tells which one it is. */
static void expect_logged(const struct answer *answer, const char *limit)
{
    char *line = strstr(read_log(), textf("request_id=%s route=", header(answer, "X-Request-Id")));

    if (line)
        line[strcspn(line, "\n")] = '\0';
    ROW_ASSERT(limit, line && strstr(line, textf(" rate_limited: limits.%s", limit)));
}

static void expect_too_many(const char *row, const struct answer *answer)
{
    expect_refusal(row, answer, 429, "rate_limited", true);
    expect_json(row, answer->json, "/error", TEXT);
    ROW_ASSERT(row, strtol(header(answer, "Retry-After"), NULL, 10) <= 60);
}

/* It is tomorrow: what was done was done yesterday. */
static void end_the_day(struct somebody who)
{
    CU_ASSERT_TRUE_FATAL(
        database_try(textf("UPDATE user_day SET day = day - INTERVAL 1 DAY WHERE user_id = %lu", who.id)));
}

/* ---- in a day ---- */

static void test_conversations(void)
{
    use_limited();
    struct somebody who = new_user("student"), other = new_user("student");
    const char *path = conversations_path(make_experience("published"));
    const char *mine = textf("user_id = %lu", who.id);

    for (int i = 0; i < CONVERSATIONS; i++)
        expect_status("within", CALL("POST", path, who.token, .headers = {textf("Idempotency-Key: limits-%d", i)}),
                      201);
    uint64_t asked = model_requests(), active = json_get_u64(CALL("GET", path, who.token)->json, "id");
    expect_over_for_today("one more", CALL("POST", path, who.token));
    expect_logged(CALL("POST", path, who.token), "conversations_per_day");
    expect_over_for_today("elsewhere", CALL("POST", conversations_path(make_experience("published")), who.token));
    ROW_ASSERT("the model is not asked", model_requests() == asked);
    ROW_ASSERT("nothing is stored", count_rows("conversation", mine) == CONVERSATIONS);
    ROW_ASSERT("the active one stays", json_get_u64(CALL("GET", path, who.token)->json, "id") == active);
    const struct answer *again = CALL("POST", path, who.token, .headers = {"Idempotency-Key: limits-1"});
    expect_status("a replay", again, 201);
    ROW_ASSERT("a replay", str_eq(header(again, "Idempotent-Replayed"), "true"));
    expect_status("a message",
                  CALL("POST", textf("%s/%lu/messages", path, active), who.token, .body = message_body("hi")), 200);
    expect_status("somebody else", CALL("POST", path, other.token), 201);
    end_the_day(who);
    expect_status("tomorrow", CALL("POST", path, who.token), 201);
}

static void test_messages(void)
{
    use_limited();
    struct somebody who = new_user("student"), other = new_user("student");
    uint64_t experience = make_experience("published");
    const struct talk talk = open_talk_on(main_course(), experience, who.token);
    const struct talk others = open_talk_on(main_course(), experience, other.token);
    const char *of_talk = textf("conversation_id = %lu", talk.id);

    expect_status("refusals", say(&talk, ""), 400);
    expect_status("refusals", say(&talk, repeated("x", 4001)), 422);
    for (int i = 0; i < MESSAGES + 1; i++)
        expect_status("failed ones do not count", say(&talk, "[[status 400]]x"), 503);
    for (int i = 0; i < MESSAGES; i++)
        expect_status("within", say_with_key(&talk, textf("message %d", i), textf("limits-m-%d", i)), 200);
    uint64_t asked = model_requests() + model_structured(), stored = count_rows("message", of_talk);
    expect_over_for_today("one more", say_with_key(&talk, "more", "limits-more"));
    const struct answer *stream = call_finish(say_start(&talk, "more", NULL, true));
    expect_over_for_today("as a stream", stream);
    expect_over_for_today(
        "in a conversation of another experience",
        say(
            &(const struct talk){
                .token = who.token,
                .messages_path = open_talk_on(main_course(), make_experience("published"), who.token).messages_path},
            "more"));
    ROW_ASSERT("the model is not asked", model_requests() + model_structured() == asked + 1); /* but for that opening */
    ROW_ASSERT("nothing is stored", count_rows("message", of_talk) == stored);
    for (int i = 0; i < MESSAGES; i++)
        expect_status("a replay", say_with_key(&talk, textf("message %d", i), textf("limits-m-%d", i)), 200);
    expect_status("a conflict", say_with_key(&talk, "other", "limits-m-0"), 409);
    expect_logged(say(&talk, "more"), "messages_per_day");
    expect_status("somebody else", say(&others, "hi"), 200);
    ROW_ASSERT("nothing is shown", count_at(read_talk(&talk), "/messages") == stored);
    end_the_day(who);
    expect_status("tomorrow, with the key that was refused", say_with_key(&talk, "more", "limits-more"), 200);
}

static const struct answer *chat(struct somebody who, const char *id, const char *text, bool is_stream)
{
    return CALL("POST", "/api/chat/conversation", who.token, .accept = is_stream ? "text/event-stream" : NULL,
                .body =
                    textf("{\"conversation_id\":\"limits\",\"message\":{\"message_id\":\"%s\",\"parent_message_id\":"
                          "\"system\",\"content\":[{\"content_type\":\"text\",\"body\":\"%s\"}]}}",
                          id, text));
}

static void expect_busy(const char *row, const struct answer *answer)
{
    expect_status(row, answer, 429);
    expect_api_headers(row, answer);
    expect_json(row, answer->json, "/code", "\"busy\"");
    ROW_ASSERT(row, *text_at(answer->json, "/detail"));
    ROW_ASSERT(row, strtol(header(answer, "Retry-After"), NULL, 10) > 0);
}

static void test_chat_messages(void)
{
    use_limited();
    struct somebody who = new_user("student"), other = new_user("student");

    for (int i = 0; i < CHAT_MESSAGES + 1; i++)
        expect_status("failed ones do not count", chat(who, "f", "[[status 400]]x", false), 502);
    for (int i = 0; i < CHAT_MESSAGES; i++)
        expect_status("within", chat(who, textf("u%d", i), "hi", false), 200);
    uint64_t asked = model_requests();

    expect_busy("one more", chat(who, "more", "hi", false));
    expect_busy("as a stream", chat(who, "more", "hi", true));
    expect_busy("what failed", chat(who, "f", "[[status 400]]x", false));
    expect_logged(chat(who, "more", "hi", false), "chat_messages_per_day");
    expect_status("a replay", chat(who, "u0", "hi", false), 200);
    expect_status("a title", CALL("GET", "/api/chat/conversation/limits/proposed-title", who.token), 200);
    ROW_ASSERT("the model is not asked", model_requests() == asked);
    expect_status("somebody else", chat(other, "u", "hi", false), 200);
    expect_status(
        "in a course",
        say(
            &(const struct talk){
                .token = who.token,
                .messages_path = open_talk_on(main_course(), make_experience("published"), who.token).messages_path},
            "hi"),
        200);
    end_the_day(who);
    expect_status("tomorrow", chat(who, "more", "hi", false), 200);
}

static void test_evaluations(void)
{
    use_limited();
    struct somebody who = new_user("teacher"), other = new_user("teacher"), student = new_user("student");
    const struct talk talk = open_talk_on(main_course(), make_experience("published"), student.token);
    const char *path = textf("%s/evaluation", talk.path);

    expect_status("nothing said", CALL("POST", path, who.token), 409);
    say(&talk, "[[evaluate:status 400]][[evaluate:times 3]]x");
    for (int i = 0; i < EVALUATIONS + 1; i++)
        expect_status("failed ones do not count", CALL("POST", path, who.token), 503);
    for (int i = 0; i < EVALUATIONS; i++)
        expect_status("within", CALL("POST", path, who.token), 200);
    uint64_t asked = model_structured();
    expect_over_for_today("one more", CALL("POST", path, who.token));
    expect_status("the stored one", CALL("GET", path, who.token), 200);
    ROW_ASSERT("the model is not asked", model_structured() == asked);
    expect_status("somebody else", CALL("POST", path, other.token), 200);
    say(&talk, "more");
    expect_over_for_today("a new one by GET", CALL("GET", path, who.token));
    expect_logged(CALL("GET", path, who.token), "evaluations_per_day");
    end_the_day(who);
    expect_status("tomorrow", CALL("GET", path, who.token), 200);
}

/* Those that run count, too: so many are never done. */
static void test_the_last_ones_at_once(void)
{
    enum { N = 6 };
    use_limited();
    struct somebody who = new_user("student");
    struct talk talks[CONVERSATIONS];
    struct transfer *turns[N];
    size_t n_good = 0;

    for (size_t i = 0; i < CONVERSATIONS; i++)
        talks[i] = open_talk_on(main_course(), make_experience("published"), who.token);
    for (size_t i = 0; i < MESSAGES - 1; i++)
        expect_status("within", say(&talks[0], "hi"), 200);
    for (size_t i = 0; i < N; i++)
        turns[i] = say_start(&talks[i % CONVERSATIONS], "[[delay 500]]hi", NULL, false);
    for (size_t i = 0; i < N; i++) {
        const struct answer *answer = call_finish(turns[i]);

        n_good += answer->status == 200;
        ROW_ASSERT("refused", answer->status == 200 || answer->status == 429 || answer->status == 409);
    }
    ROW_ASSERT("one was left", n_good == 1);
}

/* ---- tokens of a day ---- */

/* Of the user, today: so many more. */
static void use_tokens(uint64_t user, uint64_t course, uint64_t n)
{
    CU_ASSERT_TRUE_FATAL(database_try(textf(
        "INSERT INTO usage_day VALUES (%lu, UTC_DATE(), %lu, 'another', 1, %lu, 1, 7, 7, 7)", course, user, n - 1)));
}

/* What they ask for is refused: nothing of it is stored, and no model is asked. */
static void expect_used_up(const char *row, const struct talk *talk, const char *token, bool is_manager)
{
    const char *own = textf("id = %lu OR ai_experience_id = %lu", talk->id, talk->experience);
    const char *of_talk = textf("conversation_id = %lu", talk->id);
    uint64_t asked = model_requests() + model_structured(), n = count_rows("conversation", own),
             n_messages = count_rows("message", of_talk);

    if (str_eq(token, talk->token)) {
        expect_over_for_today(textf("%s: a message", row), say(talk, "more"));
        expect_over_for_today(textf("%s: a stream", row), call_finish(say_start(talk, "more", NULL, true)));
    }
    expect_over_for_today(textf("%s: an opening", row), CALL("POST", conversations_path_of(talk), token));
    if (is_manager)
        expect_over_for_today(textf("%s: an evaluation", row), CALL("POST", textf("%s/evaluation", talk->path), token));
    ROW_ASSERT(row, model_requests() + model_structured() == asked);
    ROW_ASSERT(row, count_rows("conversation", own) == n && count_rows("message", of_talk) == n_messages);
}

/* One that begins below the budget may end above it. */
static void test_tokens_of_a_user(void)
{
    use_limited();
    struct somebody who = new_user("teacher"), other = new_user("student");
    uint64_t elsewhere = make_course(), experience = make_experience("published");
    const struct talk talk = open_talk_on(main_course(), experience, who.token),
                      others = open_talk_on(main_course(), experience, other.token);
    uint64_t used =
        database_number(textf("SELECT SUM(input_tokens + output_tokens) FROM usage_day WHERE user_id = %lu", who.id));

    ROW_ASSERT("an opening is counted", used > 0);
    use_tokens(who.id, elsewhere, USER_TOKENS - 1 - used);
    expect_status("within", say_with_key(&talk, "hi", "tokens"), 200);
    expect_used_up("the user's", &talk, who.token, true);
    expect_logged(say(&talk, "more"), "user_tokens_per_day");
    expect_status("a replay", say_with_key(&talk, "hi", "tokens"), 200);
    expect_status("reading", CALL("GET", talk.path, who.token), 200);
    expect_status("somebody else", say(&others, "hi"), 200);
    CU_ASSERT_TRUE_FATAL(
        database_try(textf("UPDATE usage_day SET day = day - INTERVAL 1 DAY WHERE user_id = %lu", who.id)));
    expect_status("tomorrow", say(&talk, "more"), 200);
}

static void test_tokens_of_a_course(void)
{
    use_limited();
    struct somebody one = new_user("student");
    uint64_t course = make_course();
    const struct talk talk =
                          open_talk_on(course, make_experience_in(course, "published", "Used up"), token_of(STUDENT)),
                      elsewhere = open_talk_on(main_course(), make_experience("published"), token_of(STUDENT));

    say(&talk, "hi");
    use_tokens(one.id, course, COURSE_TOKENS);
    expect_used_up("the course's", &talk, talk.token, false);
    expect_logged(say(&talk, "more"), "course_tokens_per_day");
    expect_used_up("whoever it is", &talk, token_of(TEACHER), true);
    expect_status("another course", say(&elsewhere, "hi"), 200);
    CU_ASSERT_TRUE_FATAL(
        database_try(textf("UPDATE usage_day SET day = day - INTERVAL 1 DAY WHERE course_id = %lu", course)));
    expect_status("tomorrow", say(&talk, "more"), 200);
}

/* ---- at once ---- */

static void expect_nothing_of(const struct talk *talk)
{
    struct json_object *after = read_talk(talk);

    ROW_ASSERT("nothing of a refused one is stored", count_at(after, "/messages") == 2);
}

/* Many conversations, for which the day's limit is put aside. */
static void open_many(struct somebody who, struct talk *talks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        talks[i] = open_talk_on(main_course(), make_experience("published"), who.token);
        end_the_day(who);
        CU_ASSERT_TRUE_FATAL(database_try(textf("DELETE FROM user_day WHERE user_id = %lu", who.id)));
    }
}

static void test_turns_at_once(void)
{
    enum { N = 20 };
    use_limited();
    struct somebody who = new_user("student"), other = new_user("student");
    struct talk talks[N], others;
    struct transfer *turns[N], *another;
    size_t n_good = 0;

    open_many(who, talks, N);
    others = open_talk_on(main_course(), talks[0].experience, other.token);
    model_reset();
    for (size_t i = 0; i < N; i++)
        turns[i] = say_start(&talks[i], "[[delay 30000]]hi", NULL, i % 2);
    another = say_start(&others, "hi", NULL, false);
    ROW_ASSERT("who is refused need not wait for those that run", wait_for_calls(turns, N, AT_ONCE));
    ROW_ASSERT("nor somebody else", wait_for_calls(&another, 1, 0));
    model_hurry(true);
    for (size_t i = 0; i < N; i++) {
        const struct answer *answer = call_finish(turns[i]);

        n_good += answer->status == 200;
        if (answer->status != 200) {
            expect_too_many("refused", answer);
            expect_logged(answer, "turns_at_once");
            expect_nothing_of(&talks[i]);
        }
    }
    model_hurry(false);
    expect_status("somebody else", call_finish(another), 200);
    ROW_ASSERT(textf("%zu turns", n_good), n_good == AT_ONCE);
    int64_t most = int_at(model_stats(), "/max_in_flight");
    ROW_ASSERT(textf("%ld at the model", most), most <= AT_ONCE + 1);
    expect_status("and then", say(&talks[N - 1], "hi"), 200);
}

/* Openings, messages and evaluations are counted together. */
static void test_of_every_kind(void)
{
    use_limited();
    struct somebody who = new_user("teacher");
    struct talk talks[2];
    const char *fresh = conversations_path(make_experience("published"));

    open_many(who, talks, LEN(talks));
    say(&talks[0], "[[evaluate:delay 30000]]hi");
    uint64_t asked = model_requests(), judged = model_structured();
    struct transfer *busy[AT_ONCE] = {
        START("POST", textf("%s/evaluation", talks[0].path), who.token),
        say_start(&talks[1], "[[delay 30000]]hi", NULL, false),
        START("POST", textf("%s/evaluation", talks[0].path), who.token),
    };
    CU_ASSERT_FATAL(wait_for_requests(asked + 1) && wait_for_structured(judged + 3)); /* the turn is assessed, too */
    expect_too_many("an opening", CALL("POST", fresh, who.token));
    expect_too_many("a message", say(&talks[0], "more"));
    expect_too_many("an evaluation", CALL("POST", textf("%s/evaluation", talks[0].path), who.token));
    ROW_ASSERT("no conversation", count_at(CALL("GET", fresh, who.token)->json, "/messages") == 0);
    for (size_t i = 0; i < AT_ONCE; i++)
        expect_status("busy", call_finish_hurried(busy[i]), 200);
    expect_status("and then", CALL("POST", fresh, who.token), 201);
}

SUITE(limits, {"conversations", test_conversations}, {"messages", test_messages},
      {"messages of chats", test_chat_messages}, {"evaluations", test_evaluations},
      {"the last ones at once", test_the_last_ones_at_once}, {"tokens of a user", test_tokens_of_a_user},
      {"tokens of a course", test_tokens_of_a_course}, {"turns at once", test_turns_at_once},
      {"of every kind", test_of_every_kind});
