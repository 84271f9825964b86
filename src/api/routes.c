/* The map of the house: every endpoint, its pool, who may call it, what is loaded for it, and what answers. */
#include "api/route.h"

#define SELF          "/api/v1/users/self"
#define COURSES       "/api/v1/courses"
#define COURSE        COURSES "/:course_id"
#define EXPERIENCE    COURSE "/ai_experiences/:id"
#define STUDENTS      EXPERIENCE "/ai_conversations"
#define PAGES         "/courses/:course_id/ai_experiences"
#define CONVERSATIONS COURSE "/ai_experiences/:ai_experience_id/conversations"
#define MINE          COURSE "/ai_experiences/:ai_experience_id/my_conversations"
#define VERDICT       CONVERSATIONS "/:id/evaluation/verdicts/:number"
#define CHAT          "/api/chat"
#define FEEDBACK      CONVERSATIONS "/:id/messages/:message_id/feedback"
#define CHATS         CHAT "/conversations"
#define A_CHAT        CHAT "/conversation/:conversation_id"
#define RELATED       A_CHAT "/related-documents"
#define BOT           CHAT "/bot/:bot_id"

// clang-format off
const struct route routes[] = {
    /*
     * method        pattern                          pool      who may       load                      answers
     * handler, answer once replied
     */
    {{HTTP_GET,    "/health"},                        POOL_OPS, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_PLAIN,        health_show, NULL},
    {{HTTP_GET,    "/api/chat/health"},               POOL_OPS, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_PLAIN,        health_show, NULL},
    {{HTTP_GET,    "/metrics"},                       POOL_OPS, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_PLAIN,        metrics_show, NULL},
    {{HTTP_GET,    "/status"},                        POOL_OPS, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_PLAIN,        status_show, NULL},

    {{HTTP_GET,    "/login"},                         POOL_API, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_FORM,         sign_in_form, NULL},
    {{HTTP_POST,   "/login"},                         POOL_API, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_FORM,         sign_in_create, NULL},
    {{HTTP_POST,   "/logout"},                        POOL_API, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_FORM,         sign_out, NULL},

    {{HTTP_GET,    SELF},                             POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        user_show, NULL},
    {{HTTP_GET,    SELF "/sessions"},                 POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        user_session_index, NULL},
    {{HTTP_DELETE, SELF "/sessions"},                 POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        user_session_delete_others, NULL},
    {{HTTP_DELETE, SELF "/sessions/:id"},             POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        user_session_delete, NULL},
    {{HTTP_PUT,    SELF "/password"},                 POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        password_update, NULL},
    {{HTTP_GET,    "/api/v1/site"},                   POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        site_show, NULL},
    {{HTTP_GET,    COURSES},                          POOL_API, MAY_ENTER,    LOAD_CALLER,              ANSWER_PLAIN,        course_index, NULL},
    {{HTTP_GET,    COURSE},                           POOL_API, MAY_READ,     LOAD_COURSE,              ANSWER_PLAIN,        course_show, NULL},

    {{HTTP_GET,    COURSE "/ai_experiences"},         POOL_API, MAY_READ,     LOAD_COURSE,              ANSWER_PLAIN,        ai_experience_index, NULL},
    {{HTTP_POST,   COURSE "/ai_experiences"},         POOL_API, MAY_AUTHOR,   LOAD_COURSE,              ANSWER_FORM,         ai_experience_create, NULL},
    {{HTTP_GET,    COURSE "/ai_experiences/new"},     POOL_API, MAY_AUTHOR,   LOAD_COURSE,              ANSWER_FORM,         ai_experience_new, NULL},
    {{HTTP_GET,    EXPERIENCE},                       POOL_API, MAY_READ,     LOAD_AI_EXPERIENCE,       ANSWER_PLAIN,        ai_experience_show, NULL},
    {{HTTP_GET,    EXPERIENCE "/edit"},               POOL_API, MAY_AUTHOR,   LOAD_AI_EXPERIENCE,       ANSWER_FORM,         ai_experience_edit, NULL},
    {{HTTP_PUT,    EXPERIENCE},                       POOL_API, MAY_AUTHOR,   LOAD_AI_EXPERIENCE,       ANSWER_FORM,         ai_experience_update, NULL},
    {{HTTP_DELETE, EXPERIENCE},                       POOL_API, MAY_AUTHOR,   LOAD_AI_EXPERIENCE,       ANSWER_FORM,         ai_experience_delete, NULL},

    {{HTTP_GET,    EXPERIENCE "/context_files"},      POOL_API, MAY_AUTHOR,   LOAD_AI_EXPERIENCE,       ANSWER_PLAIN,        context_file_index, NULL},
    {{HTTP_POST,   EXPERIENCE "/context_files"},      POOL_API, MAY_AUTHOR,   LOAD_AI_EXPERIENCE,       ANSWER_PLAIN,        context_file_create, NULL},
    {{HTTP_DELETE, EXPERIENCE "/context_files/:file_id"}, POOL_API, MAY_AUTHOR, LOAD_AI_EXPERIENCE,     ANSWER_PLAIN,        context_file_delete, NULL},

    {{HTTP_GET,    PAGES},                            POOL_API, MAY_READ,     LOAD_COURSE,              ANSWER_PAGE,         ai_experience_index_page, NULL},
    {{HTTP_GET,    PAGES "/:id"},                     POOL_API, MAY_READ,     LOAD_AI_EXPERIENCE,       ANSWER_PAGE,         ai_experience_show_page, NULL},

    {{HTTP_GET,    STUDENTS},                         POOL_API, MAY_WATCH,    LOAD_AI_EXPERIENCE,       ANSWER_PLAIN,        ai_conversation_index, NULL},
    {{HTTP_GET,    STUDENTS "/:conversation_id"},     POOL_API, MAY_WATCH,    LOAD_CONVERSATION,        ANSWER_PLAIN,        ai_conversation_show, NULL},
    {{HTTP_GET,    STUDENTS ".csv"},                  POOL_API, MAY_WATCH,    LOAD_AI_EXPERIENCE,       ANSWER_PLAIN,        ai_conversation_csv, NULL},
    {{HTTP_GET,    EXPERIENCE "/class_picture"},      POOL_API, MAY_WATCH,    LOAD_AI_EXPERIENCE,       ANSWER_PLAIN,        class_picture_show, NULL},

    {{HTTP_GET,    MINE},                             POOL_API, MAY_CONVERSE, LOAD_AI_EXPERIENCE,       ANSWER_CONVERSATION, conversation_index, NULL},
    {{HTTP_GET,    CONVERSATIONS},                    POOL_API, MAY_CONVERSE, LOAD_ACTIVE_CONVERSATION, ANSWER_CONVERSATION, conversation_active, NULL},
    {{HTTP_POST,   CONVERSATIONS},                    POOL_LLM, MAY_CONVERSE, LOAD_AI_EXPERIENCE,       ANSWER_OPENING,      conversation_create, conversation_create_reply},
    {{HTTP_GET,    CONVERSATIONS "/:id"},             POOL_API, MAY_REVIEW,   LOAD_CONVERSATION,        ANSWER_CONVERSATION, conversation_show, NULL},
    {{HTTP_GET,    CONVERSATIONS "/:id/transcript"},  POOL_API, MAY_KEEP,     LOAD_CONVERSATION,        ANSWER_CONVERSATION, transcript_show, NULL},
    {{HTTP_DELETE, CONVERSATIONS "/:id"},             POOL_API, MAY_END,      LOAD_CONVERSATION,        ANSWER_CONVERSATION, conversation_complete, NULL},
    {{HTTP_POST,   CONVERSATIONS "/:id/messages"},    POOL_LLM, MAY_SAY,      LOAD_CONVERSATION,        ANSWER_CONVERSATION, message_create, message_create_reply},
    {{HTTP_POST,   CONVERSATIONS "/:id/stop"},        POOL_API, MAY_SAY,      LOAD_CONVERSATION,        ANSWER_CONVERSATION, message_stop, NULL},
    {{HTTP_GET,    CONVERSATIONS "/:id/evaluation"},  POOL_LLM, MAY_REVIEW,   LOAD_CONVERSATION,        ANSWER_CONVERSATION, evaluation_show, evaluation_reply},
    {{HTTP_POST,   CONVERSATIONS "/:id/evaluation"},  POOL_LLM, MAY_REVIEW,   LOAD_CONVERSATION,        ANSWER_CONVERSATION, evaluation_create, evaluation_reply},
    {{HTTP_PUT,    VERDICT},                          POOL_API, MAY_REVIEW,   LOAD_CONVERSATION,        ANSWER_CONVERSATION, evaluation_override_update, NULL},
    {{HTTP_DELETE, VERDICT},                          POOL_API, MAY_REVIEW,   LOAD_CONVERSATION,        ANSWER_CONVERSATION, evaluation_override_delete, NULL},
    {{HTTP_POST,   FEEDBACK},                         POOL_API, MAY_VOTE,     LOAD_CONVERSATION,        ANSWER_CONVERSATION, feedback_create, NULL},
    {{HTTP_DELETE, FEEDBACK "/:feedback_id"},         POOL_API, MAY_VOTE,     LOAD_CONVERSATION,        ANSWER_CONVERSATION, feedback_delete, NULL},

    {{HTTP_POST,   CHAT "/conversation"},             POOL_LLM, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         chat_message_create, chat_message_create_reply},
    {{HTTP_GET,    CHATS},                            POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         chat_conversation_index, NULL},
    {{HTTP_DELETE, CHATS},                            POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         chat_conversation_delete_all, NULL},
    {{HTTP_GET,    CHATS "/search"},                  POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         chat_search, NULL},
    {{HTTP_POST,   CHATS "/bulk-delete"},             POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         chat_conversation_delete_some, NULL},
    {{HTTP_GET,    A_CHAT},                           POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         chat_conversation_show, NULL},
    {{HTTP_DELETE, A_CHAT},                           POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         chat_conversation_delete, NULL},
    {{HTTP_PATCH,  A_CHAT "/title"},                  POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         chat_title_update, NULL},
    {{HTTP_GET,    A_CHAT "/proposed-title"},         POOL_LLM, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         chat_title_propose, chat_title_reply},
    {{HTTP_POST,   A_CHAT "/stop"},                   POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         chat_stop, NULL},
    {{HTTP_PUT,    A_CHAT "/:message_id/feedback"},   POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         chat_feedback_update, NULL},
    {{HTTP_GET,    RELATED},                          POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         related_document_index, NULL},
    {{HTTP_GET,    RELATED "/:source_id"},            POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         related_document_show, NULL},
    {{HTTP_GET,    RELATED "/:source_id/preview"},    POOL_API, MAY_OWN,      LOAD_CHAT,                ANSWER_CHAT,         preview_show, NULL},
    {{HTTP_GET,    CHAT "/config/global"},            POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         chat_config_show, NULL},

    {{HTTP_POST,   CHAT "/bot"},                      POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         bot_create, NULL},
    {{HTTP_GET,    CHAT "/bot"},                      POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         bot_index, NULL},
    {{HTTP_GET,    CHAT "/bot/pinned"},               POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         bot_pinned, NULL},
    {{HTTP_GET,    CHAT "/bot/private/:bot_id"},      POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_show_private, NULL},
    {{HTTP_GET,    CHAT "/bot/summary/:bot_id"},      POOL_API, MAY_USE_BOT,  LOAD_BOT,                 ANSWER_CHAT,         bot_show_summary, NULL},
    {{HTTP_PATCH,  BOT},                              POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_update, NULL},
    {{HTTP_DELETE, BOT},                              POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_delete, NULL},
    {{HTTP_PATCH,  BOT "/visibility"},                POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_update_visibility, NULL},
    {{HTTP_PATCH,  BOT "/starred"},                   POOL_API, MAY_CHAT,     LOAD_BOT,                 ANSWER_CHAT,         bot_update_starred, NULL},
    {{HTTP_DELETE, BOT "/recently-used"},             POOL_API, MAY_CHAT,     LOAD_BOT,                 ANSWER_CHAT,         bot_forget_use, NULL},
    {{HTTP_GET,    BOT "/agent/available-tools"},     POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         bot_tools, NULL},
    {{HTTP_GET,    BOT "/documents"},                 POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_document_index, NULL},
    {{HTTP_POST,   BOT "/documents"},                 POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_document_create, NULL},
    {{HTTP_DELETE, BOT "/documents/:document_id"},    POOL_API, MAY_EDIT_BOT, LOAD_BOT,                 ANSWER_CHAT,         bot_document_delete, NULL},
    {{HTTP_GET,    BOT "/presigned-url"},             POOL_API, MAY_CHAT,     LOAD_BOT,                 ANSWER_CHAT,         upload_address, NULL},
    {{HTTP_DELETE, BOT "/uploaded-file"},             POOL_API, MAY_CHAT,     LOAD_BOT,                 ANSWER_CHAT,         upload_delete, NULL},
    {{HTTP_PUT,    CHAT "/upload"},                   POOL_API, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_CHAT,         upload_put, NULL},
    {{HTTP_GET,    CHAT "/files/:document_id"},       POOL_API, MAY_ANYONE,   LOAD_NOTHING,             ANSWER_CHAT,         file_show, NULL},
    {{HTTP_GET,    CHAT "/store/search"},             POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         bot_search, NULL},
    {{HTTP_GET,    CHAT "/store/popular"},            POOL_API, MAY_CHAT,     LOAD_CALLER,              ANSWER_CHAT,         bot_popular, NULL},
};
// clang-format on

const size_t n_routes = LEN(routes);

const char *pool_name(enum pool pool)
{
    static const char *const names[POOL_COUNT] = {"api", "llm", "ops", "documents"};

    return names[pool];
}

/* The contract's words. What an unpublished experience changes, doc/api-canvas.md 5 and doc/api-pages.md 3.2 say. */
static const char *role_name(enum may may)
{
    static const char *const names[MAY_COUNT] = {
        [MAY_ANYONE] = "anyone",       [MAY_ENTER] = "signed in",          [MAY_READ] = "members",
        [MAY_AUTHOR] = "managers",     [MAY_CONVERSE] = "members",         [MAY_SAY] = "owner",
        [MAY_END] = "owner, managers", [MAY_VOTE] = "owner, managers",     [MAY_KEEP] = "owner, managers",
        [MAY_REVIEW] = "managers",     [MAY_WATCH] = "managers",           [MAY_CHAT] = "signed in",
        [MAY_OWN] = "owner",           [MAY_USE_BOT] = "users of the bot", [MAY_EDIT_BOT] = "editors of the bot",
    };

    return names[may];
}

const char *route_scope(struct arena *arena, const struct route *route)
{
    return arena_printf(arena, "url:%s|%s", http_method_name(route->key.method), route->key.pattern);
}

size_t api_route_count(void)
{
    return n_routes;
}

struct route_info api_route_info(size_t i)
{
    return (struct route_info){http_method_name(routes[i].key.method), routes[i].key.pattern, routes[i].pool,
                               role_name(routes[i].may)};
}

const char *api_route_scope(struct arena *arena, size_t i)
{
    return routes[i].may == MAY_ANYONE ? NULL : route_scope(arena, &routes[i]);
}

/* A pattern as nginx's map matches it: each parameter is one segment. */
static void write_regex(struct buf *out, const char *pattern)
{
    for (const char *p = pattern; *p; p++) {
        if (*p != ':') {
            buf_char(out, *p);
            continue;
        }
        buf_str(out, "[^/]+");
        while (p[1] && p[1] != '/')
            p++;
    }
    buf_str(out, "(\\.json)?$");
}

/*
 * Reads go to an upstream in which the api socket stands twice: when a worker dies under one, nginx sends it again.
 * What the llm and ops pools answer is named; everything else, unknown paths too, is the api pool's.
 */
void api_write_nginx_map(struct buf *out)
{
    buf_str(out, "# Which pool answers a request: the first pattern that fits. Made by `colloquy routes --nginx`.\n"
                 "map \"$request_method $uri\" $colloquy_pool {\n"
                 "    default colloquy_api;\n");
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *r = &routes[i];

        if (r->pool == POOL_API)
            continue;
        buf_printf(out, "    \"~^%s ", r->key.method == HTTP_GET ? "(GET|HEAD)" : http_method_name(r->key.method));
        write_regex(out, r->key.pattern);
        buf_printf(out, "\" colloquy_%s;\n", pool_name(r->pool));
    }
    buf_str(out, "    \"~^(GET|HEAD) \" colloquy_read;\n}\n");
}
