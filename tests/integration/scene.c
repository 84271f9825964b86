/* Scenes for each row of the route table. */
#include "scene.h"

#include <stdio.h>

#define PASSWORD "correct horse"
#define FORM     "application/x-www-form-urlencoded"
#define FILES    "multipart/form-data; boundary=x-x"

/* ---- the table ---- */

static const char *text_of(struct json_object *object, const char *name)
{
    struct json_object *value = json_get(object, name);

    return value ? textf("%s", json_object_get_string(value)) : NULL;
}

struct rows read_rows(void)
{
    struct json_object *table = COMMAND("routes", "--json");
    size_t n = table ? json_object_array_length(table) : 0;
    struct row *all = arena_zalloc(test_arena(), n, sizeof(*all));

    if (!n || !all)
        harness_die("colloquy routes --json failed");
    cookie_of(STUDENT); /* whom a body of row_call() signs in */
    for (size_t i = 0; i < n; i++) {
        struct json_object *object = json_object_array_get_idx(table, i);

        all[i] = (struct row){.method = text_of(object, "method"),
                              .pattern = text_of(object, "pattern"),
                              .pool = text_of(object, "pool"),
                              .role = text_of(object, "role"),
                              .scope = text_of(object, "scope")};
        all[i].key = textf("%s %s", all[i].method, all[i].pattern);
    }
    return (struct rows){all, n};
}

bool is_read_row(const struct row *row)
{
    return str_eq(row->method, "GET");
}

bool is_api_row(const struct row *row)
{
    return str_starts(row->pattern, "/api/");
}

bool is_json_row(const struct row *row)
{
    return is_api_row(row) && !has_part(row, ".csv");
}

bool is_chat_row(const struct row *row)
{
    return str_starts(row->pattern, "/api/chat/") && row->scope;
}

bool has_part(const struct row *row, const char *part)
{
    return strstr(row->pattern, part) != NULL;
}

/* ---- scenes ---- */

static const struct {
    const char *name;
    const char *workflow_state; /* NULL: it stays published */
    bool is_own, is_own_vote, is_ended;
} states[N_STATES] = {
    [PUBLISHED] = {"published", NULL},
    [DRAFT] = {"unpublished", "unpublished"},
    [DELETED] = {"deleted", "deleted"},
    [ENDED] = {"ended", NULL, .is_ended = true},
    [OWN] = {"own", NULL, .is_own = true},
    [OWN_DRAFT] = {"own, unpublished", "unpublished", .is_own = true},
    [OWN_ENDED] = {"own, ended", NULL, .is_own = true, .is_ended = true},
    [OWN_VOTE] = {"own vote", NULL, .is_own_vote = true},
    [OWN_VOTE_ENDED] = {"own vote, ended", NULL, .is_own_vote = true, .is_ended = true},
};

const char *state_name(enum state state)
{
    return states[state].name;
}

static enum person owner_of(enum state state, enum person caller)
{
    return states[state].is_own && caller != STRANGER ? caller : STUDENT;
}

static bool is_manager(enum person who)
{
    return who == TEACHER || who == TA || who == DESIGNER || who == ADMIN;
}

static enum person voter_of(enum state state, enum person caller)
{
    return states[state].is_own_vote && is_manager(caller) ? caller : owner_of(state, caller);
}

/* One whose part in the course is over made what is theirs while it lasted. */
static void let_take_part(enum person who, bool is_to)
{
    if (who == FORMER_STUDENT)
        enroll(main_course(), login_of(who), "student", is_to ? "active" : "completed");
}

static const char *vote_on(const struct talk *talk, const char *message, enum person voter)
{
    const struct answer *answer = CALL("POST", textf("%s/%s/feedback", talk->messages_path, message), token_of(voter),
                                       .body = "{\"vote\":\"liked\"}");

    if (answer->status != 200)
        harness_die("cannot vote: %ld %s", answer->status, answer->body);
    return text_at(answer->json, "/feedback/id");
}

/* What the API lets nobody do any more once there are conversations, too. */
static void set_workflow_state(const struct talk *talk, const char *workflow_state)
{
    if (!database_try(
            textf("UPDATE ai_experience SET workflow_state = '%s' WHERE id = %lu", workflow_state, talk->experience)))
        harness_die("cannot change an experience's state");
}

static const char *new_bot_body(const char *id)
{
    return textf("{\"id\":\"%s\",\"title\":\"T\",\"instruction\":\"I\",\"display_retrieved_chunks\":true}", id);
}

static const char *new_id(void)
{
    char id[ULID_TEXT_BYTES];

    ulid_new(id);
    return textf("%s", id);
}

static const char *make_shared_bot(enum person owner)
{
    const char *id = new_id(), *path = textf("/api/chat/bot/%s/visibility", id);

    if (CALL("POST", "/api/chat/bot", token_of(owner), .body = new_bot_body(id))->status != 200 ||
        CALL("PATCH", path, token_of(owner), .body = "{\"target_shared_scope\":\"all\"}")->status != 200)
        harness_die("cannot make a bot");
    return id;
}

#define FILE_OF(text)                                                                                                  \
    "--x-x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n" text "\r\n--x-x--\r\n"
#define A_FILE FILE_OF("A text.")

static const char *add_document(const char *bot, enum person owner)
{
    const char *path = textf("/api/chat/bot/%s/documents", bot);
    const struct answer *answer = CALL("POST", path, token_of(owner), .type = FILES, .body = A_FILE);

    if (answer->status != 201)
        harness_die("cannot give a bot a file: %s", answer->body);
    return text_at(answer->json, "/0/id");
}

static const char *say_body(const char *id)
{
    return textf("{\"conversation_id\":\"%s\",\"message\":{\"content\":[{\"content_type\":\"text\",\"body\":\"m\"}]}}",
                 id);
}

/* With one passage, of that document. */
static const char *make_chat(enum person owner, const char *id, const char *document)
{
    const struct answer *answer = CALL("POST", "/api/chat/conversation", token_of(owner), .body = say_body(id));
    const char *reply = text_at(answer->json, "/message_id");

    if (answer->status != 200 ||
        !database_try(textf(
            "INSERT INTO related_document SELECT c.conversation_id, c.seq, 1, d.id, d.filename, d.kind, NULL,"
            " 'p', 'p', 1, d.created_at FROM chat_message c JOIN document d WHERE c.name = '%s' AND d.name = '%s'",
            reply, document)))
        harness_die("cannot make a chat: %ld %s", answer->status, answer->body);
    return reply;
}

struct scene make_scene(enum state state, enum person caller)
{
    enum person owner = owner_of(state, caller);

    let_take_part(owner, true);
    struct talk talk = open_talk(owner);
    const char *message = text_at(talk.opened, "/messages/1/id");

    if (say(&talk, "hi")->status != 200)
        harness_die("cannot say anything");
    const char *feedback = vote_on(&talk, message, voter_of(state, caller));

    if (states[state].is_ended && CALL("DELETE", talk.path, talk.token)->status != 200)
        harness_die("cannot end a conversation");
    if (states[state].workflow_state)
        set_workflow_state(&talk, states[state].workflow_state);
    let_take_part(owner, false);
    const char *bot = make_shared_bot(owner), *document = add_document(bot, owner), *chat = new_id();

    return (struct scene){.course = textf("%lu", talk.course),
                          .experience = textf("%lu", talk.experience),
                          .conversation = textf("%lu", talk.id),
                          .message = message,
                          .feedback = feedback,
                          .bot = bot,
                          .document = document,
                          .chat = chat,
                          .reply = make_chat(owner, chat, document),
                          .owner = owner};
}

/* ---- sessions and passwords ---- */

static const char *cookies[N_PEOPLE];
static const struct instance *issuers[N_PEOPLE]; /* of the cookies that hold */

/* Everybody's; who is signed in stays so. */
static void give_passwords(void)
{
    char hash[PASSWORD_HASH_BYTES];

    if (!password_hash(PASSWORD, hash) ||
        !database_try(textf("UPDATE user SET password_hash = '%s' WHERE login LIKE 'it-%%'", hash)))
        harness_die("cannot give passwords");
}

/* Passwords are as the bodies have them; where the call ends sessions, those who are signed in must do it again. */
static void make_ready(const struct row *row)
{
    if (str_eq(row->key, "PUT /api/v1/users/self/password") || str_eq(row->key, "POST /login"))
        give_passwords();
    if (has_part(row, "/users/self/") && !is_read_row(row))
        memset(issuers, 0, sizeof(issuers));
}

/* ---- calls ---- */

/* One of the experience, made when it is asked for; of one that is deleted there is none. */
static const char *file_of(const struct scene *scene)
{
    const char *path = textf("/api/v1/courses/%s/ai_experiences/%s/context_files", scene->course, scene->experience);
    const struct answer *answer = CALL("POST", path, token_of(ADMIN), .type = FILES, .body = FILE_OF("Another text."));

    return answer->status / 100 == 2 ? text_at(answer->json, "/id") : "1";
}

/* A session of theirs, which no browser has. */
static const char *session_of(enum person who)
{
    if (!database_try(
            textf("INSERT INTO access_token (user_id, token_hash, is_session, expires_at, touch_at, created_at)"
                  " VALUES (%lu, UNHEX(SHA2(UUID(), 256)), 1, UTC_TIMESTAMP(3) + INTERVAL 600 SECOND,"
                  " UTC_TIMESTAMP(3) + INTERVAL 60 SECOND, UTC_TIMESTAMP(3))",
                  id_of(who))))
        harness_die("cannot make a session");
    return textf("%lu", database_number("SELECT MAX(id) FROM access_token"));
}

/* The first of an evaluation, made when it is asked for; of an experience that is deleted there is none. */
static const char *verdict_of(const struct scene *scene)
{
    const char *path = textf("/api/v1/courses/%s/ai_experiences/%s/conversations/%s/evaluation", scene->course,
                             scene->experience, scene->conversation);
    long status = CALL("GET", path, token_of(ADMIN))->status;

    if (status >= 500) /* 404: deleted; 409: the student has said nothing */
        harness_die("cannot evaluate a conversation: %ld", status);
    return "1";
}

/* What must stand behind a path. */
static const char *query_for(const struct row *row, const struct scene *scene)
{
    if (has_part(row, "/api/chat/") && has_part(row, "/search"))
        return "?query=t";
    if (has_part(row, "/presigned-url") || has_part(row, "/uploaded-file"))
        return "?filename=a.txt&contentType=";
    if (!str_eq(row->key, "PUT /api/chat/upload"))
        return "";
    const char *path = textf("/api/chat/bot/%s/presigned-url?filename=a.txt", scene->bot);

    return strchr(text_at(CALL("GET", path, token_of(ADMIN))->json, "/url"), '?');
}

/* Whose `:id` it is, the pattern tells: the experience's, unless that has a name of its own. */
static const char *value_of(const struct row *row, const struct scene *scene, const char *name, size_t len)
{
    bool is_named = has_part(row, ":ai_experience_id");
    const struct {
        const char *name, *value;
    } params[] = {
        {"course_id", scene->course},
        {"ai_experience_id", scene->experience},
        {"id", is_named ? scene->conversation : scene->experience},
        {"conversation_id", is_chat_row(row) ? scene->chat : scene->conversation},
        {"message_id", is_chat_row(row) ? scene->reply : scene->message},
        {"source_id", textf("%s@1", scene->reply)},
        {"feedback_id", scene->feedback},
        {"bot_id", scene->bot},
        {"document_id", scene->document},
    };

    if (len == strlen("id") && has_part(row, "/sessions/:id"))
        return session_of(scene->owner);
    if (len == strlen("file_id") && memcmp(name, "file_id", len) == 0)
        return scene->file ? scene->file : file_of(scene);
    if (len == strlen("number") && memcmp(name, "number", len) == 0)
        return verdict_of(scene);
    for (size_t i = 0; i < LEN(params); i++)
        if (strlen(params[i].name) == len && memcmp(params[i].name, name, len) == 0)
            return params[i].value;
    harness_die("%s: no scene has a %.*s", row->key, (int)len, name);
}

char *row_path(const struct row *row, const struct scene *scene)
{
    struct buf *out = buf_in_arena(test_arena(), 4096);

    if (!out)
        harness_die("out of memory");
    for (const char *p = row->pattern; *p;) {
        size_t len = strcspn(p, "/");

        if (*p == ':')
            buf_str(out, value_of(row, scene, p + 1, len - 1));
        else
            buf_append(out, p, len);
        p += len;
        if (*p)
            buf_char(out, *p++);
    }
    return out->data;
}

struct call row_call(const struct row *row, const struct scene *scene)
{
#define EXPERIENCES   "/api/v1/courses/:course_id/ai_experiences"
#define CONVERSATIONS EXPERIENCES "/:ai_experience_id/conversations"
    const struct {
        const char *key, *type, *body;
    } bodies[] = {
        {"POST /login", FORM, "login=it-student&password=correct+horse"},
        {"PUT /api/v1/users/self/password", NULL,
         "{\"current_password\":\"" PASSWORD "\",\"password\":\"battery staple\"}"},
        {"POST " EXPERIENCES, NULL, "{\"title\":\"T\",\"learning_objective\":\"O\",\"pedagogical_guidance\":\"G\"}"},
        {"PUT " EXPERIENCES "/:id", NULL, "{\"title\":\"N\"}"},
        {"POST " EXPERIENCES "/:id/context_files", FILES, A_FILE},
        {"POST " CONVERSATIONS "/:id/messages", NULL, "{\"message\":\"m\"}"},
        {"POST " CONVERSATIONS "/:id/messages/:message_id/feedback", NULL, "{\"vote\":\"liked\"}"},
        {"PUT " CONVERSATIONS "/:id/evaluation/verdicts/:number", NULL, "{\"met\":true,\"reason\":\"r\"}"},
        {"POST /api/chat/conversation", NULL, say_body(new_id())},
        {"POST /api/chat/conversations/bulk-delete", NULL, "{\"conversation_ids\":[\"x\"]}"},
        {"PATCH /api/chat/conversation/:conversation_id/title", NULL, "{\"new_title\":\"N\"}"},
        {"PUT /api/chat/conversation/:conversation_id/:message_id/feedback", NULL, "{\"thumbs_up\":true}"},
        {"POST /api/chat/bot", NULL, new_bot_body(new_id())},
        {"PATCH /api/chat/bot/:bot_id", NULL, "{\"title\":\"N\"}"},
        {"PATCH /api/chat/bot/:bot_id/visibility", NULL, "{\"target_shared_scope\":\"all\"}"},
        {"PATCH /api/chat/bot/:bot_id/starred", NULL, "{\"starred\":true}"},
        {"POST /api/chat/bot/:bot_id/documents", FILES, A_FILE},
        {"PUT /api/chat/upload", "text/plain", "A text."},
    };
    struct call call = {.method = row->method, .path = row_path(row, scene)};

    make_ready(row);
    if (str_eq(row->key, "GET " EXPERIENCES "/:id/context_files") && !scene->file)
        file_of(scene); /* so that there is one in the list */
    for (size_t i = 0; i < LEN(bodies); i++)
        if (str_eq(bodies[i].key, row->key)) {
            call.type = bodies[i].type;
            call.body = bodies[i].body;
        }
    call.path = textf("%s%s", call.path, query_for(row, scene));
    return call;
}

const char *cookie_of(enum person who)
{
    static const char name[] = "Set-Cookie: __Host-colloquy_session=";

    if (cookies[who] && issuers[who] == instance_used())
        return cookies[who];
    id_of(who); /* makes the person */
    give_password(login_of(who), PASSWORD);
    const struct answer *answer =
        CALL("POST", "/login", NULL, .type = FORM, .body = textf("login=%s&password=correct+horse", login_of(who)));
    const char *line = strstr(answer->header_lines, name);

    if (!line)
        harness_die("%s cannot sign in: %ld", login_of(who), answer->status);
    line += strlen("Set-Cookie: ");
    issuers[who] = instance_used();
    return cookies[who] = lastingf("Cookie: %.*s", (int)strcspn(line, ";\r\n"), line);
}
