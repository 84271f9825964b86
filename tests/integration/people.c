/* People, courses and conversations: made as an operator and as clients would make them. */
#include <stdio.h>

#include "harness.h"

enum { MAX_CASTS = 24 };

// clang-format off
static const struct {
    const char *login, *name, *role, *state; /* role: in the main course; NULL: none */
} parts[N_PEOPLE] = {
    [TEACHER] =        {"teacher",  "Tessa Teacher",   "teacher",  "active"},
    [TA] =             {"ta",       "Tom Assistant",   "ta",       "active"},
    [DESIGNER] =       {"designer", "Dora Designer",   "designer", "active"},
    [STUDENT] =        {"student",  "Sam Student",     "student",  "active"},
    [OTHER_STUDENT] =  {"other",    "Olga Other",      "student",  "active"},
    [OBSERVER] =       {"observer", "Oscar Observer",  "observer", "active"},
    [ADMIN] =          {"admin",    "Ada Admin",       NULL,       NULL},
    [FORMER_STUDENT] = {"former",   "Fred Former",     "student",  "completed"},
    [STRANGER] =       {"stranger", "Stella Stranger", NULL,       NULL},
};
// clang-format on

/* The people of one instance. */
struct cast {
    const struct instance *instance;
    uint64_t course, other_course;
    uint64_t id[N_PEOPLE];
    char token[N_PEOPLE][64];
};

static struct cast casts[MAX_CASTS];

/* ---- by the command line ---- */

static struct json_object *must(struct json_object *json, const char *what)
{
    if (!json)
        harness_die("colloquy %s failed", what);
    return json;
}

/* Logins of the tests have a word before them, so that they never meet those of the demo. */
const char *login_of(enum person who)
{
    return textf("it-%s", parts[who].login);
}

uint64_t make_user(const char *login)
{
    return json_get_u64(must(COMMAND("user", "add", "--login", login, "--name", textf("User %s", login)), "user add"),
                        "id");
}

static uint64_t make_person(enum person who)
{
    const char *argv[] = {
        "user", "add", "--login", login_of(who), "--name", parts[who].name, who == ADMIN ? "--admin" : NULL, NULL};

    return json_get_u64(must(command(argv), "user add"), "id");
}

void enroll(uint64_t course, const char *login, const char *role, const char *state)
{
    must(COMMAND("enroll", "--course", textf("%lu", course), "--user", login, "--role", role, "--state", state),
         "enroll");
}

void give_password(const char *login, const char *password)
{
    char hash[PASSWORD_HASH_BYTES];

    if (!password_hash(password, hash) ||
        !database_try(textf("UPDATE user SET password_hash = '%s' WHERE login = '%s'", hash, login)))
        harness_die("cannot give %s a password", login);
}

const char *make_token(const char *login, const char *scope)
{
    const char *argv[] = {"token", "issue", "--user", login, "--purpose", "test", scope ? "--scope" : NULL,
                          scope,   NULL};

    return textf("%s", text_at(must(command(argv), "token issue"), "/token"));
}

static uint64_t make_empty_course(const char *code)
{
    return json_get_u64(
        must(COMMAND("course", "add", "--code", code, "--name", textf("Course %s", code)), "course add"), "id");
}

uint64_t make_course(void)
{
    static unsigned n;
    uint64_t course = make_empty_course(textf("IT-%u", ++n));

    for (size_t i = 0; i < N_PEOPLE; i++)
        if (parts[i].role)
            enroll(course, login_of((enum person)i), parts[i].role, parts[i].state);
    return course;
}

static void engage(struct cast *cast)
{
    for (size_t i = 0; i < N_PEOPLE; i++) {
        cast->id[i] = make_person((enum person)i);
        snprintf(cast->token[i], sizeof(cast->token[i]), "%s", make_token(login_of((enum person)i), NULL));
    }
    cast->course = make_course();
    cast->other_course = make_empty_course("IT-OTHER");
    enroll(cast->other_course, login_of(STRANGER), "teacher", "active");
}

static const struct cast *cast(void)
{
    struct cast *c = casts;

    while (c->instance && c->instance != instance_used())
        if (++c == casts + MAX_CASTS)
            harness_die("too many casts");
    if (!c->instance) {
        c->instance = instance_used();
        engage(c);
    }
    return c;
}

uint64_t id_of(enum person who)
{
    return cast()->id[who];
}

const char *token_of(enum person who)
{
    return cast()->token[who];
}

uint64_t main_course(void)
{
    return cast()->course;
}

uint64_t other_course(void)
{
    return cast()->other_course;
}

/* ---- by the API ---- */

char *experiences_path(uint64_t course)
{
    return textf("/api/v1/courses/%lu/ai_experiences", course);
}

char *experience_path(uint64_t course, uint64_t id)
{
    return textf("/api/v1/courses/%lu/ai_experiences/%lu", course, id);
}

uint64_t make_experience_in(uint64_t course, const char *workflow_state, const char *title)
{
    const char *token = course == other_course() ? token_of(STRANGER) : token_of(TEACHER);
    const struct answer *answer =
        CALL("POST", experiences_path(course), token,
             .body = textf("{\"title\":\"%s\",\"description\":\"About it\",\"facts\":\"Water boils.\","
                           "\"learning_objectives\":[\"Name it\",\"Explain it\"],"
                           "\"pedagogical_guidance\":\"Ask.\",\"workflow_state\":\"%s\"}",
                           title, workflow_state));

    if (answer->status != 201)
        harness_die("cannot make an experience: %ld %s", answer->status, answer->body);
    return json_get_u64(answer->json, "id");
}

uint64_t make_experience(const char *workflow_state)
{
    return make_experience_in(main_course(), workflow_state, "Boiling");
}

struct talk open_talk_on(uint64_t course, uint64_t experience, const char *token)
{
    struct talk talk = {.course = course, .experience = experience, .token = token};

    talk.list_path = textf("%s/conversations", experience_path(course, experience));
    const struct answer *answer = CALL("POST", talk.list_path, token);
    if (answer->status != 201)
        harness_die("cannot open a conversation: %ld %s", answer->status, answer->body);
    talk.opened = answer->json;
    talk.id = json_get_u64(answer->json, "id");
    talk.path = textf("%s/%lu", talk.list_path, talk.id);
    talk.messages_path = textf("%s/messages", talk.path);
    return talk;
}

struct talk open_talk(enum person who)
{
    return open_talk_on(main_course(), make_experience("published"), token_of(who));
}

char *message_body(const char *text)
{
    struct buf *buf = buf_in_arena(test_arena(), 64 << 20);
    struct json_out out;

    if (!buf)
        harness_die("out of memory");
    json_out_init(&out, buf);
    json_open_object(&out);
    json_key(&out, "message");
    json_text(&out, text);
    json_close_object(&out);
    return buf->data;
}

struct transfer *say_start(const struct talk *talk, const char *text, const char *key, bool streaming)
{
    return START("POST", talk->messages_path, talk->token, .body = message_body(text),
                 .accept = streaming ? "text/event-stream" : NULL,
                 .headers = {key ? textf("Idempotency-Key: %s", key) : NULL});
}

const struct answer *say_with_key(const struct talk *talk, const char *text, const char *key)
{
    return call_finish(say_start(talk, text, key, false));
}

const struct answer *say(const struct talk *talk, const char *text)
{
    return say_with_key(talk, text, NULL);
}

struct json_object *read_talk(const struct talk *talk)
{
    return CALL("GET", talk->list_path, talk->token)->json;
}

struct json_object *last_message(struct json_object *conversation)
{
    size_t n = count_at(conversation, "/messages");

    return n ? json_at(conversation, textf("/messages/%zu", n - 1)) : NULL;
}

struct wanted {
    const struct talk *talk;
    const char *pointer, *value;
    struct json_object *found;
};

static bool last_message_is(void *arg)
{
    struct wanted *wanted = arg;

    wanted->found = read_talk(wanted->talk);
    return str_eq(text_at(last_message(wanted->found), wanted->pointer), wanted->value);
}

struct json_object *wait_for_reply(const struct talk *talk, int64_t limit_ms)
{
    struct wanted wanted = {talk, "/role", "Assistant", NULL};

    return wait_until(last_message_is, &wanted, limit_ms) ? wanted.found : NULL;
}

struct json_object *wait_for_status(const struct talk *talk, const char *status, int64_t limit_ms)
{
    struct wanted wanted = {talk, "/status", status, NULL};

    return wait_until(last_message_is, &wanted, limit_ms) ? wanted.found : NULL;
}
