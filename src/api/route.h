/* A row of the route table, and what its load brings to a handler. */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include "colloquy/api.h"

/* Who may call a row; see allow.c for what each means and in which order it is checked. */
enum may {
    MAY_ANYONE,   /* no credentials asked for */
    MAY_ENTER,    /* any signed-in user, for what is theirs */
    MAY_READ,     /* members; an unpublished experience only managers */
    MAY_AUTHOR,   /* managers */
    MAY_CONVERSE, /* as MAY_READ: the caller's own conversations, now or to be */
    MAY_SAY,      /* the owner of the conversation */
    MAY_END,      /* the owner, managers */
    MAY_VOTE,     /* the same */
    MAY_KEEP,     /* the owner, ended or not, published or not; managers; to anybody else it is not there */
    MAY_REVIEW,   /* managers; the owner is told that they may not, to anybody else it is not there */
    MAY_WATCH,    /* managers, who are told of a conversation that it is not there in other words */
    MAY_CHAT,     /* of the chat API: any signed-in user */
    MAY_OWN,      /* the owner of the chat; to anybody else it is not there */
    MAY_USE_BOT,  /* its owner, administrators, and as it is shared; to anybody else it is not there */
    MAY_EDIT_BOT, /* its owner and administrators; who may use it is told so */
    MAY_COUNT
};

enum load {
    LOAD_NOTHING,
    LOAD_COURSE,
    LOAD_AI_EXPERIENCE,
    LOAD_CONVERSATION,
    LOAD_ACTIVE_CONVERSATION,
    LOAD_CALLER, /* nothing but who asks */
    LOAD_CHAT,   /* the caller's own, by :conversation_id */
    LOAD_BOT,    /* by :bot_id */
};

/* What a row's answers are like. */
enum answers {
    ANSWER_PLAIN,
    ANSWER_FORM,         /* a page instead of JSON for clients that want pages, errors too */
    ANSWER_CONVERSATION, /* errors have a code and a reference; Canvas's conversation calls */
    ANSWER_OPENING,      /* the same, and any body is ignored */
    ANSWER_PAGE,         /* always a page */
    ANSWER_CHAT,         /* the chat API's JSON */
};

struct route {
    struct route_key key; /* first: route_find() looks at it */
    enum pool pool;
    enum may may;
    enum load load;
    enum answers answers;
    enum cq_status (*handler)(struct request *req);
    void (*reply)(struct request *req); /* of the llm pool: the answer, once what came of it is stored */
};

/*
 * What a request of the llm pool begins: its handler sets loaded->work, and the steps are taken as api.h says. Texts and their
 * events are of streams only.
 */
struct work {
    struct asking *(*begin)(struct request *req); /* what is to be asked; NULL: it is answered now */
    enum cq_status (*retrieved)(struct request *req, const char *answer, size_t len);
    void (*text)(struct request *req, enum llm_part_kind kind, const char *text, size_t len);
    bool (*read)(struct request *req);
    enum cq_status (*end)(struct request *req);
    enum cq_status (*renew)(struct cq_ctx *ctx, struct db *db, const struct request *req);
    void (*done)(struct request *req);
    void (*error)(struct request *req, enum cq_status st);
};

extern const struct work turn_work, evaluation_work, chat_work, chat_title_work; /* work.c, chat_work.c */

struct loaded {
    const struct route *route;
    const char *owner;      /* of leases; llm pool only */
    const char *credential; /* what the caller signed in with: an access token, or the value of a session's cookie */
    bool is_session;        /* the latter */
    struct access_row access;
    struct ai_experience_row ai_experience;
    struct conversation_row conversation;
    struct message_list messages; /* of the active conversation */
    const struct work *work;      /* llm pool: begun, and it is one of these */
    struct turn *turn;
    struct chat_turn *chat_turn;
    struct chat_title *chat_title;
    struct evaluation *evaluation; /* of a conversation */
    struct chat_row chat;
    struct bot_row bot;
    const struct ops_source *ops; /* ops pool */
    bool has_stopped;             /* a turn that runs somewhere: its worker is to look */
    bool has_queued_document;     /* it is stored: the documents' process is to look */
    bool is_event_stream;         /* the client reads server-sent events */
    const char *error_text;       /* better words for the client than the status has; NULL: none */
    bool has_form;                /* of the chat API's answer, found already: */
    int form;                     /* enum chat_form */
    const uint8_t *link_secret;   /* SHA256_BYTES that links are signed with; NULL: not read yet */
    const char *problems[20];     /* of a request of the chat API: a line for each fault */
    size_t n_problems;
    const char *const *models_offered; /* beside the error: the names that would work */
    size_t n_models_offered;
};

extern const struct route routes[];
extern const size_t n_routes;

/* The scope of a row, "url:METHOD|PATTERN"; in the arena. NULL when it is full. */
const char *route_scope(struct arena *arena, const struct route *route);

/* ---- allow.c ---- */

bool is_manager(const struct request *req);

/* The same of a course in which the caller has these roles. */
bool can_manage(const struct request *req, uint32_t roles);

/* For whoever asks without credentials: that no other site has a browser do it. */
enum cq_status allow_anyone(struct request *req) MUST_USE;

/* Credentials, scope, course, feature, role, experience, its state, conversation, role on it: the first that fails. */
enum cq_status allow(struct request *req) MUST_USE;

/* Whether the caller is one of those to whom a setting gives something. CQ_FORBIDDEN: not. */
enum cq_status allow_who(struct request *req, enum config_who who) MUST_USE;

/* ---- error.c ---- */

/* Make the answer an error in the form of the API that was called. */
void answer_error(struct request *req, enum cq_status st);

/* The members of a conversation call's error, into an open object. */
void write_conversation_error(struct request *req, struct json_out *out, enum cq_status st);

/* Return st, and have the client told why: text names the field. */
enum cq_status refuse(struct request *req, enum cq_status st, const char *text);

/* Put the caller's votes beside the messages of a conversation; without a statement when nobody has voted. */
enum cq_status read_own_feedback(struct request *req, const struct conversation_row *v,
                                 struct message_list *messages) MUST_USE;

/* ---- handlers ---- */

enum cq_status chat_message_create(struct request *req);
void chat_message_create_reply(struct request *req);
enum cq_status chat_title_propose(struct request *req);
void chat_title_reply(struct request *req);

enum cq_status health_show(struct request *req);
enum cq_status metrics_show(struct request *req);
enum cq_status status_show(struct request *req);
enum cq_status sign_in_form(struct request *req);
enum cq_status sign_in_create(struct request *req);
enum cq_status sign_out(struct request *req);
enum cq_status user_show(struct request *req);
enum cq_status user_session_index(struct request *req);
enum cq_status user_session_delete(struct request *req);
enum cq_status user_session_delete_others(struct request *req);
enum cq_status password_update(struct request *req);
enum cq_status site_show(struct request *req);
enum cq_status course_index(struct request *req);
enum cq_status course_show(struct request *req);
enum cq_status ai_experience_index(struct request *req);
enum cq_status ai_experience_new(struct request *req);
enum cq_status ai_experience_edit(struct request *req);
enum cq_status ai_experience_show(struct request *req);
enum cq_status ai_experience_create(struct request *req);
enum cq_status ai_experience_update(struct request *req);
enum cq_status ai_experience_delete(struct request *req);
enum cq_status context_file_index(struct request *req);
enum cq_status context_file_create(struct request *req);
enum cq_status context_file_delete(struct request *req);
enum cq_status ai_conversation_index(struct request *req);
enum cq_status ai_conversation_show(struct request *req);
enum cq_status ai_conversation_csv(struct request *req);
enum cq_status class_picture_show(struct request *req);
enum cq_status ai_experience_index_page(struct request *req);
enum cq_status ai_experience_show_page(struct request *req);
enum cq_status conversation_active(struct request *req);
enum cq_status conversation_index(struct request *req);
enum cq_status transcript_show(struct request *req);
enum cq_status conversation_create(struct request *req);
void conversation_create_reply(struct request *req);
enum cq_status conversation_show(struct request *req);
enum cq_status conversation_complete(struct request *req);
enum cq_status message_create(struct request *req);
void message_create_reply(struct request *req);
enum cq_status message_stop(struct request *req);
enum cq_status evaluation_show(struct request *req);
enum cq_status evaluation_create(struct request *req);
void evaluation_reply(struct request *req);
enum cq_status evaluation_override_update(struct request *req);
enum cq_status evaluation_override_delete(struct request *req);
enum cq_status feedback_create(struct request *req);
enum cq_status feedback_delete(struct request *req);
enum cq_status chat_conversation_index(struct request *req);
enum cq_status chat_conversation_show(struct request *req);
enum cq_status chat_conversation_delete(struct request *req);
enum cq_status chat_conversation_delete_all(struct request *req);
enum cq_status chat_conversation_delete_some(struct request *req);
enum cq_status chat_title_update(struct request *req);
enum cq_status chat_stop(struct request *req);
enum cq_status chat_feedback_update(struct request *req);
enum cq_status related_document_index(struct request *req);
enum cq_status related_document_show(struct request *req);
enum cq_status chat_config_show(struct request *req);
enum cq_status bot_create(struct request *req);
enum cq_status bot_index(struct request *req);
enum cq_status bot_pinned(struct request *req);
enum cq_status bot_show_private(struct request *req);
enum cq_status bot_show_summary(struct request *req);
enum cq_status bot_update(struct request *req);
enum cq_status bot_update_visibility(struct request *req);
enum cq_status bot_update_starred(struct request *req);
enum cq_status bot_delete(struct request *req);
enum cq_status bot_forget_use(struct request *req);
enum cq_status bot_tools(struct request *req);
enum cq_status bot_search(struct request *req);
enum cq_status bot_popular(struct request *req);
enum cq_status upload_address(struct request *req);
enum cq_status upload_put(struct request *req);
enum cq_status upload_delete(struct request *req);
enum cq_status bot_document_index(struct request *req);
enum cq_status bot_document_create(struct request *req);
enum cq_status bot_document_delete(struct request *req);
enum cq_status file_show(struct request *req);
enum cq_status preview_show(struct request *req);
enum cq_status chat_search(struct request *req);

#endif
