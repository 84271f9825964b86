/*
 * engine: what a turn is.
 *
 * A turn is one user message and its reply, in three steps: engine_turn_begin() stores the message and a lease and says
 * what the model is to be asked; the caller has the model asked, with no transaction open; engine_turn_end() stores the
 * reply, or why there is none. The first and last step talk to the database; the one between belongs to the loop.
 */
#ifndef COLLOQUY_ENGINE_H
#define COLLOQUY_ENGINE_H

#include "colloquy/engine/chat_search.h"
#include "colloquy/files.h"
#include "colloquy/llm.h"
#include "colloquy/store.h"

enum { ENGINE_MAX_OBJECTIVES = 10 };

/* ---- progress ---- */

struct objective {
    const char *text;
    bool is_met;
    uint32_t met_at; /* the place of the user message whose turn met it, when met */
};

struct progress {
    struct objective objectives[ENGINE_MAX_OBJECTIVES];
    size_t n, n_met;
    unsigned percentage; /* of objectives met, rounded; 0 when there are none */
};

/*
 * From objectives joined by \n, and one entry for each, comma-separated: the place that met it, or nothing. Texts
 * live in ctx->arena.
 */
enum cq_status engine_progress_read(struct cq_ctx *ctx, const char *learning_objective, const char *met_at,
                                    struct progress *out) MUST_USE;

struct progress_count {
    unsigned n, n_met, percentage;
};

/* The same without the objectives, of which there is one at least: all that lists show. */
struct progress_count engine_progress_count(const char *met_at);

/*
 * Note the objectives that are covered (by their index) as met by the message at place, unless they were before; what
 * is met stays so. met_at gets them in the form that engine_progress_read() takes.
 */
enum cq_status engine_progress_meet(struct cq_ctx *ctx, struct progress *progress, const bool *is_covered,
                                    uint32_t place, const char **met_at) MUST_USE;

/* met_at of n objectives none of which is met. */
enum cq_status engine_progress_none(struct cq_ctx *ctx, const char *learning_objective, const char **met_at) MUST_USE;

/* ---- prompts ---- */

/* Of all prompts together; raised by whoever changes one, and stored with each turn. */
enum { PROMPT_VERSION = 2 };

/* The prompt at that place, from 0; false behind the last one. */
bool engine_prompt_at(size_t i, const char **name, const char **text);

/*
 * What the tutor is told: the experience's facts and guidance as they are now, and the conversation's objectives,
 * each word for word. In ctx->arena.
 */
enum cq_status engine_prompt_tutor(struct cq_ctx *ctx, const struct ai_experience_row *experience,
                                   const struct progress *progress, const char **system) MUST_USE;

/* ---- asking ---- */

enum { ENGINE_MAX_ASKS = 3 };

/*
 * What one request asks of the model, side by side, and what has come of it. The first ask is what the client waits
 * for.
 */
struct asking {
    /* To be looked up before anything is asked: what the documents' process gets (retrieval_ask_write()); NULL: nothing. */
    const char *retrieval;
    size_t retrieval_len;
    uint32_t retrieval_ms; /* how long it may take */
    size_t n;
    struct model_calls calls; /* that have ended so far; json is set by engine_ask_calls() */
    struct buf *calls_json;   /* the array's elements; NULL: none yet */
    struct ask {
        struct cq_ctx ctx; /* of this call: the request's arena and id, a failure of its own */
        struct llm_ask ask;
        bool is_ended, is_repeated;
        bool is_optional;       /* once all others have ended it is waited for only so long, and may be stopped */
        enum cq_status st;      /* how it ended */
        struct llm_reply reply; /* the text in the arena; of a call that failed all 0 */
        uint32_t tries;         /* over all its calls */
    } asks[ENGINE_MAX_ASKS];
};

/* Add one, empty but for its context. There is room for it. */
struct ask *engine_ask_add(struct cq_ctx *ctx, struct asking *asking);

/*
 * The call of ask i has ended as llm_start()'s on_done says: keep that; of a structured answer that is too long, as one
 * that is empty. What of it concerns the request goes to ctx.
 */
void engine_ask_end(struct cq_ctx *ctx, struct asking *asking, size_t i, enum cq_status st,
                    const struct llm_reply *reply, const struct llm_cost *cost);

/* What all calls have used and cost until now, to be stored. Its texts are in ctx->arena, and so may memory be short: then
 * the sums are right, and json is NULL. */
const struct model_calls *engine_ask_calls(struct cq_ctx *ctx, struct asking *asking);

/* ---- retrieval ---- */

/* What documents say to what the user has said. */
struct retrieval {
    const char *query; /* what is searched for; NULL: nothing is */
    struct document_list documents;
    struct retrieval_ask ask;
    struct retrieval_answer answer; /* once it came */
    bool is_failed;                 /* it did not come */
};

/* ---- the turn ---- */

struct turn_params {
    const struct config *config;
    const char *owner; /* of the lease */
    uint64_t user_id;
    const struct ai_experience_row *experience;
    const struct conversation_row *conversation; /* NULL: open one */
    const char *text;                            /* of the user; ignored when opening */
    struct request_key key;
};

struct turn {
    struct turn_row row; /* row.is_replay: nothing is to be asked, the answer is in messages */
    struct turn_request request;
    struct user_limits limits;
    struct message_list messages; /* up to and with the user's, at first; with the reply once it is stored */
    struct progress progress;     /* before the turn; after it once the answers are read */
    const char *met_at;
    bool is_opening, all_objectives_met;
    const struct config *config;
    const struct ai_experience_row *experience;
    struct retrieval retrieval; /* of its context files, before anything is asked */
    struct asking asking;       /* the reply, and beside it, in asking: */
    struct ask *assessment;     /* of what the student has shown; NULL: all objectives are met */
    struct ask *summary;        /* of what will soon be too much for the model; NULL: nothing is */
    uint32_t summarised;        /* messages that it is of */
    uint32_t lease_s;
    /* How it ended, kept until the database can store it. */
    bool is_ended, is_read; /* the latter: the assessment too */
    bool is_again;          /* it was to be stored before, and may have been */
    int64_t ended_ms;
    enum cq_status failure; /* CQ_OK: there is a reply */
    const char *reply_html;
    const char *summary_text;    /* NULL: none to be stored */
    struct related_list related; /* passages that the model was given */
    const char *citations;       /* those that the reply refers to; NULL: none */
};

/* Failures as of store_turn_begin(). *out lives in ctx->arena; what params points to must live as long. */
enum cq_status engine_turn_begin(struct cq_ctx *ctx, struct db *db, const struct turn_params *params,
                                 struct turn **out) MUST_USE;

/* What the documents say has come (NULL: it has not): it is told to the model, which is asked next. */
enum cq_status engine_turn_retrieved(struct cq_ctx *ctx, struct turn *turn, const char *answer, size_t len) MUST_USE;

/*
 * Read what came, once all that was asked has ended. False: an answer was not of its form, and is to be asked for once
 * more; the others have not changed.
 */
bool engine_turn_read(struct cq_ctx *ctx, struct turn *turn) MUST_USE;

/*
 * Store how the turn ended. CQ_OK: the reply is stored, and messages and progress show it. CQ_BUSY: the database is
 * away, nothing was decided: call again later. Else the turn is failed, and the value says why: what the model's call
 * came to, or CQ_LOST when the lease was lost.
 */
enum cq_status engine_turn_end(struct cq_ctx *ctx, struct db *db, struct turn *turn) MUST_USE;

/*
 * Prolong the lease by lease_s from now; to be called every third of it while the model is asked. ctx: not the turn's
 * own, which another thread may be using. CQ_LOST: it is no longer ours, and engine_turn_end() will say so.
 */
enum cq_status engine_turn_renew(struct cq_ctx *ctx, struct db *db, const struct turn *turn) MUST_USE;

/* ---- files (file.c): on disk and in the database, in the order that loses nothing ---- */

struct kept_file {
    uint8_t hash[SHA256_BYTES];
    uint64_t size;
    uint64_t hold_id; /* to be released by the transaction that stores what refers to it */
};

/*
 * Hold the content and write it to disk. Afterwards either that transaction releases the hold, or engine_file_forget(). CQ_BUSY: no room on
 * disk, or the database is away.
 */
enum cq_status engine_file_keep(struct cq_ctx *ctx, struct db *db, const struct config *config, const void *data,
                                size_t len, struct kept_file *out) MUST_USE;
void engine_file_forget(struct cq_ctx *ctx, struct db *db, const struct config *config, const struct kept_file *file);

/* Remove those that nothing refers to any more. One that cannot be removed now is logged, and left to `check --files`. */
void engine_files_drop(struct cq_ctx *ctx, struct db *db, const struct config *config, const struct hash_list *hashes);

/* ---- the evaluation ---- */

enum evaluation_need {
    EVALUATION_FITTING, /* the stored one while it covers the conversation, else a new one */
    EVALUATION_NEW,     /* in any case */
    EVALUATION_STORED   /* whatever is stored, or none: no model is asked */
};

struct evaluation_params {
    const struct config *config;
    const char *owner;
    uint64_t user_id;
    const struct ai_experience_row *experience;
    const struct conversation_row *conversation;
    enum evaluation_need need;
};

struct evaluation {
    uint64_t conversation_id;
    /* The one to be shown: as stored, and the new one once it is. */
    const char *answer; /* JSON; NULL: none yet */
    int64_t evaluated_at_ms;
    bool is_stale;
    struct evaluation_override_list overrides; /* what people say beside it */
    /* One that is being made. */
    struct asking asking; /* of none: the stored one holds */
    struct evaluation_run run;
    struct user_limits limits;
    struct message_list messages;
    struct evaluation_case *about;
    uint8_t basis_hash[SHA256_BYTES];
    uint32_t covers; /* messages */
    bool is_forced, is_ended;
    int64_t give_up_ms; /* on clock_mono_ms(): the limit of all that is asked for it */
    enum cq_status failure;
    const char *made; /* JSON */
};

/*
 * Find the evaluation of a conversation, or begin to make one. CQ_EVALUATION_NO_MESSAGES: the student has said nothing.
 * CQ_RATE_LIMITED: as of store_turn_begin(). *out lives in ctx->arena.
 */
enum cq_status engine_evaluation_begin(struct cq_ctx *ctx, struct db *db, const struct evaluation_params *params,
                                       struct evaluation **out) MUST_USE;

/* As engine_turn_read(). */
bool engine_evaluation_read(struct cq_ctx *ctx, struct evaluation *evaluation) MUST_USE;

/*
 * Store what was made. CQ_OK: there is one to be shown, maybe an older one, as is_stale says. CQ_BUSY: as of
 * engine_turn_end().
 */
enum cq_status engine_evaluation_end(struct cq_ctx *ctx, struct db *db, struct evaluation *evaluation) MUST_USE;

/* The limits of a user as the config has them. */
struct user_limits engine_user_limits(const struct config *config);

#include "colloquy/engine/chat.h"
#include "colloquy/engine/class.h"

#endif
