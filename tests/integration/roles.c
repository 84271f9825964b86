/* Every row of the route table, called by everybody: what the contract says of each, and no row without a word. */
#include <stdio.h>

#include "scene.h"

#define UNAUTHENTICATED "{\"status\":\"unauthenticated\",\"errors\":[{\"message\":\"user authorization required\"}]}"
#define NO_SCOPE        "{\"errors\":[{\"message\":\"Insufficient scopes on access token.\"}]}"
#define FORBIDDEN                                                                                                      \
    "{\"status\":\"unauthorized\",\"errors\":[{\"message\":\"user not authorized to perform that action\"}]}"
#define NO_RESOURCE "{\"error\":\"Resource Not Found\",\"errors\":[{\"message\":\"Resource Not Found\"}]}"

/* ---- what the contract says ---- */

#define PAGES         "/courses/:course_id/ai_experiences"
#define EXPERIENCES   "/api/v1" PAGES
#define EXPERIENCE    EXPERIENCES "/:id"
#define STUDENTS      EXPERIENCE "/ai_conversations"
#define CONVERSATIONS EXPERIENCES "/:ai_experience_id/conversations"
#define CONVERSATION  CONVERSATIONS "/:id"
#define MINE          EXPERIENCES "/:ai_experience_id/my_conversations"
#define FEEDBACK      CONVERSATION "/messages/:message_id/feedback"
#define VERDICT       CONVERSATION "/evaluation/verdicts/:number"
#define CHAT          "/api/chat"
#define A_CHAT        CHAT "/conversation/:conversation_id"
#define BOT           CHAT "/bot/:bot_id"

#define SELF          "/api/v1/users/self"

enum column { NOBODY, OWNER, OTHER, WATCHER, MANAGER, OUTSIDER, ADMINISTRATOR, N_COLUMNS };

/* doc/api-canvas.md 5 and doc/api-pages.md, row by row and state by state. A row without an experience is looked at in one state only. */
static const struct line {
    const char *key;
    enum state state;
    bool takes_it_away; /* so that who may needs a scene of their own */
    long status[N_COLUMNS];
} lines[] = {
    // clang-format off
    /*                                                             nobody owner other obsrv mangr outsr admin */
    {"GET /health",                     PUBLISHED,      false, {200,  200,  200,  200,  200,  200,  200}},
    {"GET /api/chat/health",            PUBLISHED,      false, {200,  200,  200,  200,  200,  200,  200}},
    {"GET /metrics",                    PUBLISHED,      false, {200,  200,  200,  200,  200,  200,  200}},
    {"GET /status",                     PUBLISHED,      false, {404,  404,  404,  404,  404,  404,  404}}, /* nginx does not pass it on */
    {"GET /login",                      PUBLISHED,      false, {200,  200,  200,  200,  200,  200,  200}},
    {"POST /login",                     PUBLISHED,      false, {303,  303,  303,  303,  303,  303,  303}},
    {"POST /logout",                    PUBLISHED,      false, {303,  303,  303,  303,  303,  303,  303}},

    /* doc/api-pages.md 1 and 2; the session is the student's */
    {"GET " SELF,                       PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " SELF "/sessions",           PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"DELETE " SELF "/sessions",        PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"DELETE " SELF "/sessions/:id",    PUBLISHED,      false, {401,  200,  404,  404,  404,  404,  404}},
    {"PUT " SELF "/password",           PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET /api/v1/site",                PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET /api/v1/courses",             PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET /api/v1/courses/:course_id",  PUBLISHED,      false, {401,  200,  200,  200,  200,  403,  200}},

    {"GET " EXPERIENCES,                PUBLISHED,      false, {401,  200,  200,  200,  200,  403,  200}},
    {"POST " EXPERIENCES,               PUBLISHED,      false, {401,  403,  403,  403,  201,  403,  201}},
    {"GET " EXPERIENCES "/new",         PUBLISHED,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE,                 PUBLISHED,      false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " EXPERIENCE,                 DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE,                 DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"GET " EXPERIENCE "/edit",         PUBLISHED,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE "/edit",         DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE "/edit",         DELETED,        false, {401,  403,  403,  403,  404,  403,  404}},
    {"PUT " EXPERIENCE,                 PUBLISHED,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"PUT " EXPERIENCE,                 DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"PUT " EXPERIENCE,                 DELETED,        false, {401,  403,  403,  403,  404,  403,  404}},
    {"DELETE " EXPERIENCE,              PUBLISHED,      true,  {401,  403,  403,  403,  200,  403,  200}},
    {"DELETE " EXPERIENCE,              DRAFT,          true,  {401,  403,  403,  403,  200,  403,  200}},
    {"DELETE " EXPERIENCE,              DELETED,        false, {401,  403,  403,  403,  404,  403,  404}},

    {"GET " EXPERIENCE "/context_files", PUBLISHED,     false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE "/context_files", DRAFT,         false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE "/context_files", DELETED,       false, {401,  403,  403,  403,  404,  403,  404}},
    {"POST " EXPERIENCE "/context_files", PUBLISHED,    true,  {401,  403,  403,  403,  201,  403,  201}},
    {"POST " EXPERIENCE "/context_files", DRAFT,        true,  {401,  403,  403,  403,  201,  403,  201}},
    {"POST " EXPERIENCE "/context_files", DELETED,      false, {401,  403,  403,  403,  404,  403,  404}},
    {"DELETE " EXPERIENCE "/context_files/:file_id", PUBLISHED, true, {401, 403, 403, 403, 200, 403, 200}},
    {"DELETE " EXPERIENCE "/context_files/:file_id", DRAFT, true, {401, 403,  403,  403,  200,  403,  200}},
    {"DELETE " EXPERIENCE "/context_files/:file_id", DELETED, false, {401, 403, 403,  403,  404,  403,  404}},

    {"GET " PAGES,                      PUBLISHED,      false, {302,  200,  200,  200,  200,  403,  200}},
    {"GET " PAGES "/:id",               PUBLISHED,      false, {302,  200,  200,  200,  200,  403,  200}},
    {"GET " PAGES "/:id",               DRAFT,          false, {302,  403,  403,  403,  200,  403,  200}},
    {"GET " PAGES "/:id",               DELETED,        false, {302,  404,  404,  404,  404,  403,  404}},

    {"GET " STUDENTS,                   PUBLISHED,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS,                   DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS,                   DELETED,        false, {401,  403,  403,  403,  404,  403,  404}},
    {"GET " STUDENTS "/:conversation_id", PUBLISHED,    false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS "/:conversation_id", OWN,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS "/:conversation_id", ENDED,        false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS "/:conversation_id", DRAFT,        false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS "/:conversation_id", DELETED,      false, {401,  403,  403,  403,  404,  403,  404}},

    {"GET " STUDENTS ".csv",            PUBLISHED,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS ".csv",            DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " STUDENTS ".csv",            DELETED,        false, {401,  403,  403,  403,  404,  403,  404}},
    {"GET " EXPERIENCE "/class_picture", PUBLISHED,     false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE "/class_picture", DRAFT,         false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " EXPERIENCE "/class_picture", DELETED,       false, {401,  403,  403,  403,  404,  403,  404}},

    {"GET " MINE,                       PUBLISHED,      false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " MINE,                       OWN,            false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " MINE,                       ENDED,          false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " MINE,                       DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " MINE,                       DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},

    {"GET " CONVERSATIONS,              PUBLISHED,      false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " CONVERSATIONS,              OWN,            false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " CONVERSATIONS,              ENDED,          false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " CONVERSATIONS,              DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " CONVERSATIONS,              DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"POST " CONVERSATIONS,             PUBLISHED,      true,  {401,  201,  201,  201,  201,  403,  201}},
    {"POST " CONVERSATIONS,             ENDED,          true,  {401,  201,  201,  201,  201,  403,  201}},
    {"POST " CONVERSATIONS,             DRAFT,          true,  {401,  403,  403,  403,  201,  403,  201}},
    {"POST " CONVERSATIONS,             DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},

    {"GET " CONVERSATION,               PUBLISHED,      false, {401,  403,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION,               OWN,            false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " CONVERSATION,               ENDED,          false, {401,  404,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION,               DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " CONVERSATION,               DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"GET " CONVERSATION "/transcript", PUBLISHED,      false, {401,  200,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION "/transcript", OWN,            false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " CONVERSATION "/transcript", ENDED,          false, {401,  200,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION "/transcript", OWN_ENDED,      false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " CONVERSATION "/transcript", DRAFT,          false, {401,  200,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION "/transcript", OWN_DRAFT,      false, {401,  200,  200,  200,  200,  403,  200}},
    {"GET " CONVERSATION "/transcript", DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"DELETE " CONVERSATION,            PUBLISHED,      true,  {401,  200,  404,  404,  200,  403,  200}},
    {"DELETE " CONVERSATION,            OWN,            true,  {401,  200,  200,  200,  200,  403,  200}},
    {"DELETE " CONVERSATION,            ENDED,          false, {401,  404,  404,  404,  200,  403,  200}},
    {"DELETE " CONVERSATION,            DRAFT,          true,  {401,  403,  403,  403,  200,  403,  200}},
    {"DELETE " CONVERSATION,            DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},

    {"POST " CONVERSATION "/messages",  PUBLISHED,      false, {401,  200,  404,  404,  403,  403,  403}},
    {"POST " CONVERSATION "/messages",  OWN,            false, {401,  200,  200,  200,  200,  403,  200}},
    {"POST " CONVERSATION "/messages",  ENDED,          false, {401,  404,  404,  404,  403,  403,  403}},
    {"POST " CONVERSATION "/messages",  OWN_ENDED,      false, {401,  404,  404,  404,  409,  403,  409}},
    {"POST " CONVERSATION "/messages",  DRAFT,          false, {401,  403,  403,  403,  403,  403,  403}},
    {"POST " CONVERSATION "/messages",  OWN_DRAFT,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"POST " CONVERSATION "/messages",  DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"POST " CONVERSATION "/stop",      PUBLISHED,      false, {401,  200,  404,  404,  403,  403,  403}},
    {"POST " CONVERSATION "/stop",      OWN,            false, {401,  200,  200,  200,  200,  403,  200}},
    {"POST " CONVERSATION "/stop",      ENDED,          false, {401,  404,  404,  404,  403,  403,  403}},
    {"POST " CONVERSATION "/stop",      OWN_ENDED,      false, {401,  404,  404,  404,  200,  403,  200}},
    {"POST " CONVERSATION "/stop",      DRAFT,          false, {401,  403,  403,  403,  403,  403,  403}},
    {"POST " CONVERSATION "/stop",      OWN_DRAFT,      false, {401,  403,  403,  403,  200,  403,  200}},
    {"POST " CONVERSATION "/stop",      DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},

    {"GET " CONVERSATION "/evaluation", PUBLISHED,      false, {401,  403,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION "/evaluation", OWN,            false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " CONVERSATION "/evaluation", ENDED,          false, {401,  404,  404,  404,  200,  403,  200}},
    {"GET " CONVERSATION "/evaluation", DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"GET " CONVERSATION "/evaluation", DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"POST " CONVERSATION "/evaluation", PUBLISHED,     false, {401,  403,  404,  404,  200,  403,  200}},
    {"POST " CONVERSATION "/evaluation", OWN,           false, {401,  403,  403,  403,  200,  403,  200}},
    {"POST " CONVERSATION "/evaluation", ENDED,         false, {401,  404,  404,  404,  200,  403,  200}},
    {"POST " CONVERSATION "/evaluation", DRAFT,         false, {401,  403,  403,  403,  200,  403,  200}},
    {"POST " CONVERSATION "/evaluation", DELETED,       false, {401,  404,  404,  404,  404,  403,  404}},
    {"PUT " VERDICT,                    PUBLISHED,      false, {401,  403,  404,  404,  200,  403,  200}},
    {"PUT " VERDICT,                    OWN,            false, {401,  403,  403,  403,  200,  403,  200}},
    {"PUT " VERDICT,                    ENDED,          false, {401,  404,  404,  404,  200,  403,  200}},
    {"PUT " VERDICT,                    DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"PUT " VERDICT,                    DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"DELETE " VERDICT,                 PUBLISHED,      false, {401,  403,  404,  404,  200,  403,  200}},
    {"DELETE " VERDICT,                 OWN,            false, {401,  403,  403,  403,  200,  403,  200}},
    {"DELETE " VERDICT,                 ENDED,          false, {401,  404,  404,  404,  200,  403,  200}},
    {"DELETE " VERDICT,                 DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"DELETE " VERDICT,                 DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},

    {"POST " FEEDBACK,                  PUBLISHED,      false, {401,  200,  404,  404,  200,  403,  200}},
    {"POST " FEEDBACK,                  OWN,            false, {401,  200,  200,  200,  200,  403,  200}},
    {"POST " FEEDBACK,                  ENDED,          false, {401,  404,  404,  404,  200,  403,  200}},
    {"POST " FEEDBACK,                  DRAFT,          false, {401,  403,  403,  403,  200,  403,  200}},
    {"POST " FEEDBACK,                  DELETED,        false, {401,  404,  404,  404,  404,  403,  404}},
    {"DELETE " FEEDBACK "/:feedback_id", PUBLISHED,     true,  {401,  200,  404,  404,  404,  403,  404}},
    {"DELETE " FEEDBACK "/:feedback_id", OWN,           true,  {401,  200,  200,  200,  200,  403,  200}},
    {"DELETE " FEEDBACK "/:feedback_id", OWN_VOTE,      true,  {401,  200,  404,  404,  200,  403,  200}},
    {"DELETE " FEEDBACK "/:feedback_id", ENDED,         false, {401,  404,  404,  404,  404,  403,  404}},
    {"DELETE " FEEDBACK "/:feedback_id", OWN_VOTE_ENDED, true, {401,  404,  404,  404,  200,  403,  200}},
    {"DELETE " FEEDBACK "/:feedback_id", DRAFT,         false, {401,  403,  403,  403,  404,  403,  404}},
    {"DELETE " FEEDBACK "/:feedback_id", OWN_DRAFT,     true,  {401,  403,  403,  403,  200,  403,  200}},
    {"DELETE " FEEDBACK "/:feedback_id", DELETED,       false, {401,  404,  404,  404,  404,  403,  404}},

    /* doc/api-chat.md 7, where the bot is shared: all but its owner and administrators are users like any other. */
    {"POST " CHAT "/bot",               PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/bot",                PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/bot/pinned",         PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/bot/private/:bot_id", PUBLISHED,     false, {401,  200,  403,  403,  403,  403,  200}},
    {"GET " CHAT "/bot/summary/:bot_id", PUBLISHED,     false, {401,  200,  200,  200,  200,  200,  200}},
    {"PATCH " BOT,                      PUBLISHED,      false, {401,  200,  403,  403,  403,  403,  200}},
    {"PATCH " BOT "/visibility",        PUBLISHED,      false, {401,  200,  403,  403,  403,  403,  200}},
    {"PATCH " BOT "/starred",           PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"DELETE " BOT,                     PUBLISHED,      true,  {401,  200,  403,  403,  403,  403,  200}},
    {"DELETE " BOT "/recently-used",    PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " BOT "/agent/available-tools", PUBLISHED,    false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " BOT "/presigned-url",       PUBLISHED,      false, {401,  200,  403,  403,  403,  403,  200}},
    {"DELETE " BOT "/uploaded-file",    PUBLISHED,      false, {401,  200,  403,  403,  403,  403,  200}},
    {"GET " BOT "/documents",           PUBLISHED,      false, {401,  200,  403,  403,  403,  403,  200}},
    {"POST " BOT "/documents",          PUBLISHED,      false, {401,  201,  403,  403,  403,  403,  201}},
    {"DELETE " BOT "/documents/:document_id", PUBLISHED, true,  {401, 200,  403,  403,  403,  403,  200}},
    {"PUT " CHAT "/upload",             PUBLISHED,      false, {200,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/files/:document_id", PUBLISHED,      false, {403,  403,  403,  403,  403,  403,  403}}, /* without its signature */
    {"POST " CHAT "/conversation",      PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " A_CHAT,                     PUBLISHED,      false, {401,  200,  404,  404,  404,  404,  404}},
    {"DELETE " A_CHAT,                  PUBLISHED,      true,  {401,  200,  404,  404,  404,  404,  404}},
    {"PATCH " A_CHAT "/title",          PUBLISHED,      false, {401,  200,  404,  404,  404,  404,  404}},
    {"GET " A_CHAT "/proposed-title",   PUBLISHED,      false, {401,  200,  404,  404,  404,  404,  404}},
    {"POST " A_CHAT "/stop",            PUBLISHED,      false, {401,  200,  404,  404,  404,  404,  404}},
    {"PUT " A_CHAT "/:message_id/feedback", PUBLISHED,  false, {401,  200,  404,  404,  404,  404,  404}},
    {"GET " A_CHAT "/related-documents", PUBLISHED,     false, {401,  200,  404,  404,  404,  404,  404}},
    {"GET " A_CHAT "/related-documents/:source_id/preview", PUBLISHED, false, {401, 200, 404, 404, 404, 404, 404}},
    {"GET " A_CHAT "/related-documents/:source_id", PUBLISHED, false, {401, 200, 404,  404,  404,  404,  404}},
    {"GET " CHAT "/conversations",      PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"DELETE " CHAT "/conversations",   PUBLISHED,      true,  {401,  200,  200,  200,  200,  200,  200}},
    {"POST " CHAT "/conversations/bulk-delete", PUBLISHED, false, {401, 200, 200,  200,  200,  200,  200}},
    {"GET " CHAT "/config/global",      PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/conversations/search", PUBLISHED,    false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/store/search",       PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    {"GET " CHAT "/store/popular",      PUBLISHED,      false, {401,  200,  200,  200,  200,  200,  200}},
    // clang-format on
};

static const struct line *line_of(const struct row *row, enum state state)
{
    for (size_t i = 0; i < LEN(lines); i++)
        if (str_eq(lines[i].key, row->key) && lines[i].state == state)
            return &lines[i];
    return NULL;
}

static void test_each_row_has_lines(void)
{
    const struct rows rows = read_rows();
    static const enum state everywhere[] = {PUBLISHED, DRAFT, DELETED};

    for (size_t i = 0; i < rows.n; i++) {
        bool has_experience = has_part(&rows.all[i], "experiences/:");

        for (size_t k = 0; k < (has_experience ? LEN(everywhere) : 1); k++)
            ROW_ASSERT(textf("%s: who may call it (%s)?", rows.all[i].key, state_name(everywhere[k])),
                       line_of(&rows.all[i], everywhere[k]) != NULL);
    }
    for (size_t i = 0; i < LEN(lines); i++) {
        bool is_there = false;

        for (size_t k = 0; k < rows.n; k++)
            is_there |= str_eq(rows.all[k].key, lines[i].key);
        ROW_ASSERT(textf("%s is no row", lines[i].key), is_there);
    }
}

/* Of the chat API, which knows no courses. */
static bool is_word_for(const char *word, const struct line *line)
{
    const long *s = line->status;
    bool may_be_before = strstr(line->key, "/presigned-url") || strstr(line->key, "/uploaded-file");

    if (s[OUTSIDER] < 400 || may_be_before) /* uploads, for a bot that nobody has made yet */
        return str_eq(word, "signed in") || str_eq(word, "users of the bot");
    return str_eq(word, s[OUTSIDER] == 403 ? "editors of the bot" : "owner");
}

/* That the word which `colloquy routes` has for a row is true of its line. */
static void test_words_for_roles(void)
{
    const struct rows rows = read_rows();

    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];
        const struct line *line = line_of(row, PUBLISHED);
        const long *s = line ? line->status : NULL;

        if (!s || str_eq(row->key, "GET /status") || str_eq(row->key, "GET " CHAT "/files/:document_id"))
            continue;
        bool nobody = s[NOBODY] / 100 == 2 || s[NOBODY] == 303, owner = s[OWNER] < 400, other = s[OTHER] < 400;
        bool manager = s[MANAGER] < 400;
        const char *word = nobody             ? "anyone"
                           : other            ? "members"
                           : owner && manager ? "owner, managers"
                           : owner            ? "owner"
                                              : "managers";

        if (str_eq(row->key, "DELETE " FEEDBACK "/:feedback_id"))
            word = "owner, managers"; /* of these, the author of the vote */
        if (!nobody && (s[OUTSIDER] < 400 || has_part(row, SELF)))
            word = "signed in"; /* of a session, whose it is */
        if (is_chat_row(row) && is_word_for(row->role, line))
            word = row->role;
        ROW_ASSERT(textf("%s: %s, not %s", row->key, row->role, word), str_eq(row->role, word));
        ROW_ASSERT(row->key, nobody == (row->scope == NULL));
        ROW_ASSERT(row->key, !row->scope || str_eq(row->scope, textf("url:%s|%s", row->method, row->pattern)));
    }
}

/* ---- the walk ---- */

static const struct caller {
    const char *name;
    enum person who;
    enum { NOTHING, ANY_TOKEN, TOKEN_WITH_SCOPE, TOKEN_WITH_OTHER_SCOPES, SESSION } with;
} callers[] = {
    {"nobody", STRANGER, NOTHING},
    {"the student", STUDENT, ANY_TOKEN},
    {"another student", OTHER_STUDENT, ANY_TOKEN},
    {"an observer", OBSERVER, ANY_TOKEN},
    {"the teacher", TEACHER, ANY_TOKEN},
    {"a TA", TA, ANY_TOKEN},
    {"a designer", DESIGNER, ANY_TOKEN},
    {"a teacher of another course", STRANGER, ANY_TOKEN},
    {"an admin", ADMIN, ANY_TOKEN},
    {"a former student", FORMER_STUDENT, ANY_TOKEN},
    {"the student with its scope", STUDENT, TOKEN_WITH_SCOPE},
    {"the teacher with its scope", TEACHER, TOKEN_WITH_SCOPE},
    {"the teacher with every other scope", TEACHER, TOKEN_WITH_OTHER_SCOPES},
    {"a teacher of another course with every other scope", STRANGER, TOKEN_WITH_OTHER_SCOPES},
    {"the student's browser", STUDENT, SESSION},
    {"the teacher's browser", TEACHER, SESSION},
};

static enum column column_of(const struct caller *caller)
{
    static const enum column columns[N_PEOPLE] = {
        [TEACHER] = MANAGER,         [TA] = MANAGER,        [DESIGNER] = MANAGER,
        [STUDENT] = OWNER,           [OBSERVER] = WATCHER,  [OTHER_STUDENT] = OTHER,
        [FORMER_STUDENT] = OUTSIDER, [STRANGER] = OUTSIDER, [ADMIN] = ADMINISTRATOR,
    };

    return caller->with == NOTHING ? NOBODY : columns[caller->who];
}

static bool can_call(const struct row *row, const struct caller *caller)
{
    if (caller->with == SESSION)
        return is_read_row(row) && row->scope;
    return row->scope || caller->with == NOTHING || caller->with == ANY_TOKEN;
}

/* One that has the scopes of all rows but this. */
static const char *token_with_other_scopes(const struct rows *rows, const struct row *row, enum person who)
{
    const char *argv[256] = {"token", "issue", "--user", login_of(who)};
    size_t n = 4;

    for (size_t i = 0; i < rows->n && n + 3 < LEN(argv); i++) {
        if (!rows->all[i].scope || &rows->all[i] == row)
            continue;
        argv[n++] = "--scope";
        argv[n++] = rows->all[i].scope;
    }
    struct json_object *issued = command(argv);

    if (!issued)
        harness_die("colloquy token issue failed");
    return textf("%s", text_at(issued, "/token"));
}

/* What each caller shows for this row: a token, or the line of a cookie. */
static void make_credentials(const struct rows *rows, const struct row *row, const char *out[LEN(callers)])
{
    for (size_t i = 0; i < LEN(callers); i++) {
        enum person who = callers[i].who;

        out[i] = NULL;
        if (!can_call(row, &callers[i]))
            continue;
        switch (callers[i].with) {
        case NOTHING:
            break;
        case ANY_TOKEN:
            out[i] = token_of(who);
            break;
        case TOKEN_WITH_SCOPE:
            out[i] = make_token(login_of(who), row->scope);
            break;
        case TOKEN_WITH_OTHER_SCOPES:
            out[i] = token_with_other_scopes(rows, row, who);
            break;
        case SESSION:
            out[i] = cookie_of(who);
            break;
        }
    }
}

static const struct answer *call_as(const struct caller *caller, const char *credential, struct call call)
{
    if (caller->with == SESSION)
        call.headers[0] = credential;
    else
        call.token = credential;
    return call_now(&call);
}

/* Scenes are made when first needed and serve until a call takes away what the next one needs. */
static struct scene scenes[N_STATES][N_PEOPLE];

static struct scene *scene_for(enum state state, enum person who)
{
    struct scene *scene = &scenes[state][state >= OWN ? who : STUDENT];

    if (!scene->course)
        *scene = make_scene(state, who);
    return scene;
}

static void expect_refused_chat(const char *name, const struct answer *answer, long status, bool is_scope)
{
    const char *code = is_scope        ? "insufficient_scope"
                       : status == 401 ? "unauthenticated"
                       : status == 403 ? "forbidden"
                                       : "not_found";

    ROW_ASSERT(name, str_eq(header(answer, "WWW-Authenticate"), status == 401 ? "Bearer" : ""));
    expect_json(name, answer->json, "/code", textf("\"%s\"", code));
    ROW_ASSERT(name, *text_at(answer->json, "/detail"));
    ROW_ASSERT(name, str_eq(text_at(answer->json, "/detail"), text_at(answer->json, "/errors/0")));
}

static void expect_refused(const char *name, const struct caller *caller, const struct answer *answer, long status)
{
    bool is_scope = caller->with == TOKEN_WITH_OTHER_SCOPES;
    const char *challenge = status == 401 && !is_scope ? "Bearer realm=\"canvas-lms\"" : "";

    ROW_ASSERT(name, str_eq(header(answer, "WWW-Authenticate"), challenge));
    if (status == 401)
        expect_body(name, answer, 401, is_scope ? NO_SCOPE : UNAUTHENTICATED);
    else if (status == 403)
        expect_body(name, answer, 403, FORBIDDEN);
    else if (status == 404)
        expect_body(name, answer, 404, NO_RESOURCE);
    else
        expect_refusal(name, answer, status, "conversation_completed", false);
}

static void check_cell(const struct row *row, const struct line *line, const struct caller *caller,
                       const char *credential)
{
    struct scene *scene = scene_for(line->state, caller->who);
    const struct answer *answer = call_as(caller, credential, row_call(row, scene));
    bool is_scope = caller->with == TOKEN_WITH_OTHER_SCOPES;
    long status = !is_scope ? line->status[column_of(caller)] : is_chat_row(row) ? 403 : 401;
    const char *name = textf("%s (%s) as %s", row->key, state_name(line->state), caller->name);

    expect_status(name, answer, status);
    if (is_api_row(row)) {
        if (status >= 400 || is_json_row(row))
            expect_api_headers(name, answer);
        if (status >= 400 && str_starts(row->pattern, CHAT "/"))
            expect_refused_chat(name, answer, status, is_scope);
        else if (status >= 400)
            expect_refused(name, caller, answer, status);
    }
    if (line->takes_it_away && answer->status < 400)
        *scene = (struct scene){0};
}

static void test_roles(void)
{
    const struct rows rows = read_rows();
    const char *credentials[LEN(callers)];

    memset(scenes, 0, sizeof(scenes));
    for (size_t i = 0; i < rows.n; i++) {
        make_credentials(&rows, &rows.all[i], credentials);
        for (size_t k = 0; k < LEN(lines); k++)
            for (size_t c = 0; c < LEN(callers) && str_eq(lines[k].key, rows.all[i].key); c++)
                if (can_call(&rows.all[i], &callers[c]))
                    check_cell(&rows.all[i], &lines[k], &callers[c], credentials[c]);
    }
}

/* ---- what is not there ---- */

/* The body; a page names its request. */
static const char *body_of(const struct answer *answer)
{
    const char *id = header(answer, "X-Request-Id"), *at = *id ? strstr(answer->body, id) : NULL;

    return at ? textf("%.*s%s", (int)(at - answer->body), answer->body, at + strlen(id)) : answer->body;
}

static void expect_same(const char *name, const struct answer *answer, const struct answer *missing)
{
    expect_status(name, answer, missing->status);
    ROW_ASSERT(textf("%s: another body: %s", name, answer->body), str_eq(body_of(answer), body_of(missing)));
}

static const struct answer *call_by(enum person who, const struct row *row, const struct scene *scene)
{
    struct call call = row_call(row, scene);

    call.token = token_of(who);
    return call_now(&call);
}

/* An experience that never was, one of another course, a deleted one, and what is no id. */
static void test_experiences_that_are_not_there(void)
{
    const struct rows rows = read_rows();
    const char *const ids[] = {textf("%lu", make_experience_in(other_course(), "published", "Theirs")),
                               make_scene(DELETED, STUDENT).experience,
                               "0",
                               "-1",
                               "x",
                               "9223372036854775808",
                               "99999999999999999999"};
    static const enum person people[] = {STUDENT, TEACHER, ADMIN};
    struct scene scene = make_scene(PUBLISHED, STUDENT);

    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];
        const struct line *line = line_of(row, DELETED);

        for (size_t k = 0; line && k < LEN(people); k++) {
            struct scene elsewhere = scene;

            elsewhere.experience = "999999999";
            const struct answer *missing = call_by(people[k], row, &elsewhere);
            expect_status(row->key, missing, line->status[k ? MANAGER : OWNER]);
            for (size_t n = 0; n < LEN(ids); n++) {
                elsewhere.experience = ids[n];
                expect_same(textf("%s of %s as %s", row->key, ids[n], login_of(people[k])),
                            call_by(people[k], row, &elsewhere), missing);
            }
        }
    }
}

/* To a student, another's looks as one that never was; to a teacher, one that is not of this experience. */
static void test_conversations_that_are_not_there(void)
{
    const struct rows rows = read_rows();
    struct scene scene = make_scene(PUBLISHED, STUDENT);
    const char *own_elsewhere = make_scene(OWN, OTHER_STUDENT).conversation;
    const char *other_courses = textf(
        "%lu",
        open_talk_on(other_course(), make_experience_in(other_course(), "published", "Theirs"), token_of(STRANGER)).id);
    const char *const ids[] = {own_elsewhere, other_courses, "x", "0", "99999999999999999999", scene.conversation};

    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];
        bool has_conversation = has_part(row, "conversations/:");

        for (int is_teacher = 0; has_conversation && is_teacher <= 1; is_teacher++) {
            enum person who = is_teacher ? TEACHER : OTHER_STUDENT;
            struct scene elsewhere = scene;

            elsewhere.conversation = "999999999";
            const struct answer *missing = call_by(who, row, &elsewhere);
            expect_status(row->key, missing,
                          !is_teacher && str_eq(row->role, "managers") && has_part(row, "ai_conversations") ? 403
                                                                                                            : 404);
            for (size_t n = 0; n < LEN(ids) - (size_t)is_teacher; n++) {
                elsewhere.conversation = ids[n];
                expect_same(textf("%s of %s as %s", row->key, ids[n], login_of(who)), call_by(who, row, &elsewhere),
                            missing);
            }
        }
    }
}

static void test_nobody_sees_anothers_conversation(void)
{
    const struct talk talk = open_talk(STUDENT);
    const enum person others[] = {OTHER_STUDENT, OBSERVER, TEACHER, TA, DESIGNER, ADMIN};

    for (size_t i = 0; i < LEN(others); i++) {
        const char *name = login_of(others[i]);

        expect_body(name, CALL("GET", talk.list_path, token_of(others[i])), 200, "{}");
        const struct talk own = open_talk_on(talk.course, talk.experience, token_of(others[i]));
        expect_json(name, CALL("GET", talk.list_path, own.token)->json, "/id", textf("%lu", own.id));
        CALL("POST", talk.messages_path, own.token, .body = message_body("in another's name"));
    }
    struct json_object *after = read_talk(&talk);

    ROW_ASSERT("the student's own", json_get_u64(after, "id") == talk.id);
    ROW_ASSERT("nothing was said", count_at(after, "/messages") == 2);
}

/* ---- methods and suffixes ---- */

static void test_head_and_suffix(void)
{
    const struct rows rows = read_rows();
    struct scene scene = make_scene(OWN, TEACHER);

    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];
        const struct line *line = line_of(row, PUBLISHED);
        struct call call = row_call(row, &scene);

        call.token = token_of(TEACHER);
        if (!is_read_row(row) || !line || line->status[MANAGER] != 200)
            continue;
        const struct answer *get = call_now(&call);
        expect_status(row->key, get, 200);
        call.method = "HEAD";
        call.token = row->scope ? make_token(login_of(TEACHER), row->scope) : NULL;
        const struct answer *head = call_now(&call);
        expect_status(textf("HEAD of %s", row->key), head, 200);
        ROW_ASSERT(row->key, head->len == 0);
        ROW_ASSERT(row->key, str_eq(header(head, "Content-Type"), header(get, "Content-Type")));
        call.token = NULL;
        expect_status(textf("HEAD of %s, nobody", row->key), call_now(&call), line->status[NOBODY]);
        call.method = "GET";
        call.token = token_of(TEACHER);
        size_t len = strcspn(call.path, "?");
        call.path = textf("%.*s.json?per_page=1%s%s", (int)len, call.path, call.path[len] ? "&" : "",
                          call.path[len] ? call.path + len + 1 : "");
        if (is_api_row(row))
            expect_status(textf("%s.json", row->key), call_now(&call), 200);
    }
}

/* Whether the pattern means this path, too. */
static bool fits(const char *pattern, const char *path)
{
    for (;;) {
        size_t n = strcspn(pattern, "/"), len = strcspn(path, "/");

        if (*pattern != ':' && (n != len || memcmp(pattern, path, n) != 0))
            return false;
        pattern += n;
        path += len;
        if (!*pattern || !*path)
            return !*pattern && !*path;
        pattern++;
        path++;
    }
}

static bool is_allowed(const struct rows *rows, const char *method, const char *path)
{
    for (size_t i = 0; i < rows->n; i++)
        if (fits(rows->all[i].pattern, path) && str_eq(rows->all[i].method, str_eq(method, "HEAD") ? "GET" : method))
            return true;
    return false;
}

static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"};

static void expect_not_allowed(const struct rows *rows, const char *method, const char *path, const char *token)
{
    const struct answer *answer = CALL(method, path, token, .accept = "application/json");
    const char *name = textf("%s %s", method, path), *allow = header(answer, "Allow");
    bool is_page = str_starts(path, "/courses/"), is_chat = str_starts(path, "/api/chat/");

    expect_status(name, answer, 405);
    for (size_t i = 0; i < LEN(methods); i++)
        ROW_ASSERT(textf("%s: Allow: %s, %s?", name, allow, methods[i]),
                   header_list_has(allow, methods[i]) == is_allowed(rows, methods[i], path));
    if (is_page)
        return;
    expect_api_headers(name, answer);
    if (!str_eq(method, "HEAD"))
        ROW_ASSERT(name, *text_at(answer->json, is_chat ? "/detail" : "/errors/0/message") &&
                             *text_at(answer->json, is_chat ? "/code" : "/errors/0/error_code"));
}

/* They are refused from the table alone: without a statement, and whoever asks. */
static void test_other_methods(void)
{
    const struct rows rows = read_rows();
    const struct scene scene = {"1", "1", "1", "1", "1", "1", "1", "1", "1", "1", STUDENT};
    const char *tokens[] = {NULL, token_of(TEACHER)}, **paths = arena_zalloc(test_arena(), rows.n, sizeof(*paths));

    for (size_t i = 0; paths && i < rows.n; i++) /* which may ask something itself */
        paths[i] = row_path(&rows.all[i], &scene);
    uint64_t before = database_status("Questions"), own = database_status("Questions") - before;

    before = database_status("Questions");
    for (size_t i = 0; paths && i < rows.n; i++)
        for (size_t k = 0; k < LEN(methods) && !str_eq(paths[i], "/status"); k++)
            for (size_t t = 0; t < LEN(tokens) && !is_allowed(&rows, methods[k], paths[i]); t++)
                expect_not_allowed(&rows, methods[k], paths[i], tokens[t]);
    int64_t n = (int64_t)(database_status("Questions") - before - own);
    ROW_ASSERT(textf("%ld statements", n), n < 10); /* for hundreds of calls: others look for work now and then */
}

SUITE(roles, {"each row has lines", test_each_row_has_lines}, {"words for roles", test_words_for_roles},
      {"roles", test_roles}, {"experiences that are not there", test_experiences_that_are_not_there},
      {"conversations that are not there", test_conversations_that_are_not_there},
      {"nobody sees another's conversation", test_nobody_sees_anothers_conversation},
      {"HEAD and .json", test_head_and_suffix}, {"other methods", test_other_methods});
