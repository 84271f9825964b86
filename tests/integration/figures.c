/* Figures that do not wobble: statements a request. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness.h"

enum { ROUNDS = 40, WARM_UP = 64 };

/* ---- statements ---- */

/* So that every worker has its connection and its prepared statements. */
static void warm_up(const char *path, const char *token)
{
    struct transfer *all[WARM_UP];

    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < WARM_UP; i++)
            all[i] = START("GET", path, token);
        for (size_t i = 0; i < WARM_UP; i++)
            call_finish(all[i]);
    }
}

/* The documents' process looks for those that wait now and then: not while is counted. */
static void hold_documents(bool is_held)
{
    pid_t pid;

    if (instance_workers(instance_used(), "colloquy: docum", &pid, 1))
        kill(pid, is_held ? SIGSTOP : SIGCONT);
}

/* What counting itself asks; the least of a few tries, since others ask now and then. */
static uint64_t own_statements(void)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < 5; i++) {
        uint64_t n = database_status("Questions");

        n = database_status("Questions") - n;
        least = n < least ? n : least;
    }
    return least;
}

static uint64_t count_once(const struct call *call, size_t n)
{
    bool is_good = true;
    uint64_t own = own_statements(), before = database_status("Questions");

    for (size_t i = 0; is_good && i < n; i++)
        is_good = call_now(call)->status / 100 == 2;
    uint64_t counted = database_status("Questions") - before - own;

    return is_good ? counted : 0;
}

/*
 * Statements for so many calls, the counting itself left out. If it is not what should be, once more, and the least counts:
 * a worker may make its connection meanwhile, if nobody had work for it before.
 */
static uint64_t count_statements(const struct call *call, size_t n, uint64_t want)
{
    uint64_t least = UINT64_MAX;

    hold_documents(true);
    for (int i = 0; i < 3 && least != want; i++) {
        uint64_t counted = count_once(call, n);

        least = counted < least ? counted : least;
    }
    hold_documents(false);
    return least;
}

static uint64_t make_list_of(size_t n)
{
    uint64_t course = make_course();

    for (size_t i = 0; i < n; i++)
        make_experience_in(course, "published", textf("E%zu", i));
    return course;
}

static void test_statements_of_reads(void)
{
    struct talk talk = open_talk(STUDENT);
    uint64_t course = make_list_of(60);

    for (int i = 0; i < 9; i++)
        say(&talk, "again");
    ROW_ASSERT("20 messages", count_at(read_talk(&talk), "/messages") == 20);
    const struct {
        const char *name, *path;
        enum person who;
        uint64_t each;
    } rows[] = {
        {"an experience, as a student", experience_path(talk.course, talk.experience), STUDENT, 1},
        {"an experience, as a teacher", experience_path(talk.course, talk.experience), TEACHER, 2},
        {"a list of 50, as a student", textf("%s?per_page=50", experiences_path(course)), STUDENT, 2},
        {"a list of 50, as a teacher", textf("%s?per_page=50", experiences_path(course)), TEACHER, 2},
        {"a form for a new one", textf("%s/new", experiences_path(course)), TEACHER, 1},
        {"a form for one that is there", textf("%s/edit", experience_path(talk.course, talk.experience)), TEACHER, 2},
        {"a page of the list", textf("/courses/%lu/ai_experiences", course), TEACHER, 3}, /* the course's name */
        {"a page of one", textf("/courses/%lu/ai_experiences/%lu", talk.course, talk.experience), TEACHER,
         2}, /* what may be done with it */
        {"a conversation of 20 messages", talk.list_path, STUDENT, 1},
        {"no conversation", talk.list_path, OTHER_STUDENT, 1},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        warm_up(rows[i].path, token_of(rows[i].who));
        const struct call call = {.method = "GET", .path = rows[i].path, .token = token_of(rows[i].who)};
        uint64_t n = count_statements(&call, ROUNDS, rows[i].each * ROUNDS);

        ROW_ASSERT(textf("%s: %lu statements for %d requests", rows[i].name, n, ROUNDS), n == rows[i].each * ROUNDS);
    }
}

/* ---- a roster ---- */

enum { N_ROSTER = 1000 };

static void must_run(const char *sql)
{
    if (!database_try(sql))
        harness_die("this statement failed: %s", sql);
}

/* So many students more in a course, every other with a conversation. */
static void fill_roster(uint64_t course, uint64_t experience, size_t n)
{
    const char *login = textf("it-roster-%lu", course);

    must_run(textf("INSERT INTO user (login, name, sortable_name, short_name, created_at) SELECT"
                   " CONCAT('%s-', seq), CONCAT('Student Number ', seq), CONCAT(MD5(seq), ', Student'), 'Student',"
                   " UTC_TIMESTAMP(3) FROM seq_1_to_%zu",
                   login, n));
    must_run(textf("INSERT INTO enrollment (course_id, user_id, role, state, created_at)"
                   " SELECT %lu, id, 0, 'active', UTC_TIMESTAMP(3) FROM user WHERE login LIKE '%s-%%'",
                   course, login));
    must_run(textf("INSERT INTO course_member (course_id, user_id, roles)"
                   " SELECT %lu, id, 1 FROM user WHERE login LIKE '%s-%%'",
                   course, login));
    must_run(textf("INSERT INTO conversation (uuid, ai_experience_id, user_id, workflow_state, is_active,"
                   " learning_objective, met_at, next_seq, created_at, updated_at)"
                   " SELECT UUID(), %lu, id, 'active', 1, 'one\ntwo', ',', 2, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)"
                   " FROM user WHERE login LIKE '%s-%%' AND id %% 2",
                   experience, login));
    must_run(textf("INSERT INTO latest_conversation (ai_experience_id, user_id, conversation_id, workflow_state,"
                   " all_objectives_met, updated_at) SELECT ai_experience_id, user_id, id, 'active', user_id %% 3 = 0,"
                   " updated_at FROM conversation WHERE ai_experience_id = %lu",
                   experience));
}

static const char *make_roster(size_t n)
{
    uint64_t course = make_course(), experience = make_experience_in(course, "published", "Roster");

    fill_roster(course, experience, n);
    return textf("%s/ai_conversations", experience_path(course, experience));
}

/* The same two for three students (two of them are in every course) and for a thousand. */
static void test_statements_of_a_roster(void)
{
    const char *token = token_of(TEACHER); /* with whom everybody is there */
    const char *small = make_roster(1), *large = make_roster(N_ROSTER);
    const struct {
        const char *name, *path;
    } rows[] = {
        {"three students", small},
        {"a thousand", large},
        {"a thousand, the second page", textf("%s?page=2", large)},
        {"a thousand, past the end", textf("%s?page=99", large)},
        {"a thousand, searched", textf("%s?search_term=number+99", large)},
    };

    ROW_ASSERT("three", count_at(CALL("GET", small, token)->json, "/conversations") == 3);
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct call call = {.method = "GET", .path = rows[i].path, .token = token};

        warm_up(rows[i].path, token);
        int64_t began_us = clock_mono_us();
        uint64_t n = count_statements(&call, ROUNDS, 2 * ROUNDS);

        printf("(%s: %.1f ms) ", rows[i].name, (double)(clock_mono_us() - began_us) / 1000 / ROUNDS);
        ROW_ASSERT(textf("%s: %lu statements for %d requests", rows[i].name, n, ROUNDS), n == 2 * ROUNDS);
    }
}

/* ---- votes ---- */

/* Without a vote no read asks for any; with some, each asks once. */
static void test_statements_of_votes(void)
{
    const struct talk talk = open_talk(STUDENT);
    const char *students = textf("%s/ai_conversations/%lu", experience_path(talk.course, talk.experience), talk.id);
    struct json_object *said = say(&talk, "hi")->json;
    const struct {
        const char *name, *path;
        enum person who;
        uint64_t without, with;
    } rows[] = {
        {"the active one", talk.list_path, STUDENT, 1, 2},
        {"show", talk.path, TEACHER, 2, 3},
        {"one of the students'", students, TEACHER, 2, 3},
    };

    for (int is_voted = 0; is_voted <= 1; is_voted++) {
        for (size_t i = 0; is_voted && i < 2; i++)
            expect_status(
                "vote",
                CALL("POST",
                     textf("%s/%s/feedback", talk.messages_path, text_at(said, textf("/messages/%zu/id", 2 * i + 1))),
                     talk.token, .body = "{\"vote\":\"liked\"}"),
                200);
        for (size_t i = 0; i < LEN(rows); i++) {
            const struct call call = {.method = "GET", .path = rows[i].path, .token = token_of(rows[i].who)};

            warm_up(rows[i].path, call.token);
            uint64_t want = (is_voted ? rows[i].with : rows[i].without) * ROUNDS;
            uint64_t n = count_statements(&call, ROUNDS, want);

            ROW_ASSERT(textf("%s, votes %d: %lu statements for %d requests", rows[i].name, is_voted, n, ROUNDS),
                       n == want);
        }
    }
}

/* A chat takes two, however large it is, and one more if something was searched for; a list takes two. */
static void test_statements_of_chats(void)
{
    static const char body[] = "{\"conversation_id\":\"figures\",\"message\":{\"content\":[{\"content_type\":\"text\","
                               "\"body\":\"again\"}]}}";
    static const struct {
        const char *name, *path;
        uint64_t each, searched;
    } rows[] = {
        {"a chat", "/api/chat/conversation/figures", 2, 3},
        {"a list of chats", "/api/chat/conversations", 2, 2},
        {"related documents", "/api/chat/conversation/figures/related-documents", 2, 2},
        {"models", "/api/chat/config/global", 1, 1},
    };

    for (int i = 0; i < 10; i++)
        expect_status("say", CALL("POST", "/api/chat/conversation", token_of(STUDENT), .body = body), 200);
    for (int has_searched = 0; has_searched <= 1; has_searched++) {
        if (has_searched && !database_try("UPDATE chat_message SET thinking_log = '[]' WHERE seq = 2"))
            harness_die("cannot note a search");
        for (size_t i = 0; i < LEN(rows); i++) {
            const struct call call = {.method = "GET", .path = rows[i].path, .token = token_of(STUDENT)};

            warm_up(rows[i].path, call.token);
            uint64_t want = (has_searched ? rows[i].searched : rows[i].each) * ROUNDS;
            uint64_t n = count_statements(&call, ROUNDS, want);

            ROW_ASSERT(textf("%s, searched %d: %lu statements for %d requests", rows[i].name, has_searched, n, ROUNDS),
                       n == want);
        }
    }
}

/* ---- turns ---- */

/* A turn asks twice what it is about and writes in two transactions, which need the rest; a key costs two more. */
static void test_statements_of_a_turn(void)
{
    const struct talk talk = open_talk(STUDENT);
    static const struct {
        const char *name, *key;
        uint64_t each;
    } rows[] = {{"a turn", NULL, 13}, {"a turn with a key", "figures", 15}};

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t least = UINT64_MAX;

        for (int k = 0; k < ROUNDS; k++) { /* a thread's first turn also makes its connection */
            const char *key = rows[i].key ? textf("%s-%d", rows[i].key, k) : NULL;
            uint64_t own = own_statements(), before = database_status("Questions");

            expect_status(rows[i].name, say_with_key(&talk, textf("count %d", k), key), 200);
            uint64_t n = database_status("Questions") - before - own;

            least = n < least ? n : least;
        }
        ROW_ASSERT(textf("%s: %lu statements", rows[i].name, least), least == rows[i].each);
    }
}

/* ---- what changes something ---- */

// clang-format off
enum change { CREATE, UPDATE, OPEN, OPEN_AGAIN, SAY, VOTE, VOTE_AGAIN, SAY_VOTED, STOP, EVALUATE,
              EVALUATED, EVALUATE_ANEW, UNVOTE, END, DELETE_IT, N_CHANGES };

static const struct {
    const char *name;
    uint64_t each;
} changes[N_CHANGES] = {
    [CREATE] =         {"create", 5},
    [UPDATE] =         {"update", 6},
    [OPEN] =           {"open", 17},
    [OPEN_AGAIN] =     {"open another", 17},
    [SAY] =            {"say", 13},
    [VOTE] =           {"vote", 7},
    [VOTE_AGAIN] =     {"vote again", 7},
    [SAY_VOTED] =      {"say, with a vote", 15},
    [STOP] =           {"stop", 4},
    [EVALUATE] =       {"an evaluation", 13},
    [EVALUATED] =      {"a stored evaluation", 3},
    [EVALUATE_ANEW] =  {"another evaluation", 13},
    [UNVOTE] =         {"take a vote back", 4},
    [END] =            {"end", 5},
    [DELETE_IT] =      {"delete", 5},
};
// clang-format on

enum { CHANGE_ROUNDS = 15, REST_MS = 4, MOST_RESTS = 50 };

/* Where there is much of everything, or little. */
struct crowd {
    uint64_t course;
    size_t n_messages;
    uint64_t counts[N_CHANGES][CHANGE_ROUNDS];
    size_t round;
};

/* The count when nobody asks any more but who counts: a worker may end its transaction behind the answer. */
static uint64_t count_at_rest(uint64_t own)
{
    uint64_t last = database_status("Questions"), n_own = 0;

    for (int i = 0; i < MOST_RESTS; i++) {
        pause_ms(REST_MS);
        uint64_t now = database_status("Questions");
        bool is_at_rest = now - last <= own;

        last = now;
        n_own += own;
        if (is_at_rest)
            break;
    }
    return last - n_own;
}

static const struct answer *count_change(struct crowd *crowd, enum change change, const struct call *call)
{
    uint64_t own = own_statements(), before = database_status("Questions");
    const struct answer *answer = call_now(call);

    crowd->counts[change][crowd->round] = count_at_rest(own) - before - own;

    ROW_ASSERT(textf("%s: %ld %s", changes[change].name, answer->status, answer->body), answer->status / 100 == 2);
    return answer;
}

#define COUNT(c, change, m, p, t, ...)                                                                                 \
    count_change((c), (change), &(struct call){.method = (m), .path = (p), .token = (t), __VA_ARGS__})

static struct crowd *make_crowd(size_t n_experiences, size_t n_messages)
{
    struct crowd *crowd = arena_zalloc(test_arena(), 1, sizeof(*crowd));

    CU_ASSERT_FATAL(crowd != NULL);
    crowd->course = make_list_of(n_experiences);
    crowd->n_messages = n_messages;
    return crowd;
}

/* All that may be done in a conversation, between opening and ending it. */
static void talk_in_crowd(struct crowd *crowd, const struct talk *talk)
{
    const char *token = talk->token, *teacher = token_of(TEACHER), *evaluation = textf("%s/evaluation", talk->path);

    for (size_t i = 0; i < crowd->n_messages; i++)
        say(talk, "again");
    struct json_object *said = COUNT(crowd, SAY, "POST", talk->messages_path, token, .body = message_body("hi"))->json;
    const char *votes = textf("%s/%s/feedback", talk->messages_path, text_at(said, "/messages/1/id"));
    struct json_object *voted = COUNT(crowd, VOTE, "POST", votes, token, .body = "{\"vote\":\"liked\"}")->json;
    COUNT(crowd, VOTE_AGAIN, "POST", votes, token, .body = "{\"vote\":\"disliked\"}");
    COUNT(crowd, SAY_VOTED, "POST", talk->messages_path, token, .body = message_body("hi"));
    COUNT(crowd, STOP, "POST", textf("%s/stop", talk->path), token);
    COUNT(crowd, EVALUATE, "GET", evaluation, teacher);
    COUNT(crowd, EVALUATED, "GET", evaluation, teacher);
    COUNT(crowd, EVALUATE_ANEW, "POST", evaluation, teacher);
    COUNT(crowd, UNVOTE, "DELETE", textf("%s/%s", votes, text_at(voted, "/feedback/id")), token);
}

static void change_in_crowd(struct crowd *crowd, size_t n_students)
{
    const char *teacher = token_of(TEACHER), *student = token_of(STUDENT);
    struct json_object *made =
        COUNT(crowd, CREATE, "POST", experiences_path(crowd->course), teacher,
              .body = "{\"title\":\"Counted\",\"learning_objectives\":[\"One\"],\"pedagogical_guidance\":\"Ask.\"}")
            ->json;
    uint64_t experience = json_get_u64(made, "id");
    const char *path = experience_path(crowd->course, experience);

    COUNT(crowd, UPDATE, "PUT", path, teacher, .body = "{\"title\":\"New\",\"workflow_state\":\"published\"}");
    if (n_students)
        fill_roster(crowd->course, experience, n_students);
    COUNT(crowd, OPEN, "POST", textf("%s/conversations", path), student);
    COUNT(crowd, OPEN_AGAIN, "POST", textf("%s/conversations", path), student);
    const struct talk talk = open_talk_on(crowd->course, experience, student);
    talk_in_crowd(crowd, &talk);
    COUNT(crowd, END, "DELETE", talk.path, student);
    COUNT(crowd, DELETE_IT, "DELETE", path, teacher);
}

static int compare_counts(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The usual one: a worker's first ones also make its connection, and others ask now and then. */
static uint64_t median(uint64_t *counts)
{
    qsort(counts, CHANGE_ROUNDS, sizeof(*counts), compare_counts);
    return counts[CHANGE_ROUNDS / 2];
}

static void test_statements_of_changes(void)
{
    struct crowd *few = make_crowd(1, 0), *many = make_crowd(60, 5);

    for (size_t i = 0; i < CHANGE_ROUNDS; i++) {
        few->round = many->round = i;
        change_in_crowd(few, 0);
        change_in_crowd(many, i == 0 ? 200 : 0);
    }
    for (size_t i = 0; i < N_CHANGES; i++) {
        uint64_t among_few = median(few->counts[i]), among_many = median(many->counts[i]);

        ROW_ASSERT(textf("%s: %lu statements", changes[i].name, among_few), among_few == changes[i].each);
        ROW_ASSERT(textf("%s, among many: %lu statements", changes[i].name, among_many), among_many == among_few);
    }
}

/* ---- refusals ---- */

/* What is answered from the route table, or is no request at all, asks the database nothing. */
static void test_statements_of_refusals(void)
{
    const char *list = experiences_path(main_course());
    const struct {
        const char *name;
        struct call call;
    } rows[] = {
        {"unknown path", {.method = "GET", .path = "/api/v1/nothing", .token = token_of(STUDENT)}},
        {"wrong method", {.method = "PATCH", .path = list, .token = token_of(STUDENT)}},
        {"broken JSON", {.method = "POST", .path = list, .token = token_of(TEACHER), .body = "{"}},
        {"not UTF-8", {.method = "POST", .path = list, .token = token_of(TEACHER), .body = "{\"title\":\"\xff\"}"}},
        {"no credentials", {.method = "GET", .path = list}},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint64_t least = UINT64_MAX;

        for (int tries = 0; tries < 3 && least; tries++) { /* somebody else may ask meanwhile */
            uint64_t own = own_statements(), before = database_status("Questions");

            for (int k = 0; k < ROUNDS; k++)
                ROW_ASSERT(rows[i].name, call_now(&rows[i].call)->status / 100 == 4);
            uint64_t n = database_status("Questions") - before - own;

            least = n < least ? n : least;
        }
        ROW_ASSERT(rows[i].name, least == 0);
    }
}

SUITE(figures, {"statements of reads", test_statements_of_reads},
      {"statements of a roster", test_statements_of_a_roster}, {"statements of votes", test_statements_of_votes},
      {"statements of refusals", test_statements_of_refusals}, {"statements of a turn", test_statements_of_a_turn},
      {"statements of changes", test_statements_of_changes}, {"statements of chats", test_statements_of_chats});
