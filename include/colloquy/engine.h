/*
 * engine: what a turn is.
 *
 * A turn is one user message and its reply, in three steps: engine_turn_begin() stores the message and a lease and says
 * what the model is to be asked; the caller has the model asked, with no transaction open; engine_turn_end() stores the
 * reply, or why there is none. The first and last step talk to the database; the one between belongs to the loop.
 */
#ifndef COLLOQUY_ENGINE_H
#define COLLOQUY_ENGINE_H

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

/* met_at of n objectives none of which is met. */
enum cq_status engine_progress_none(struct cq_ctx *ctx, const char *learning_objective, const char **met_at) MUST_USE;

/* ---- prompts ---- */

/*
 * What the tutor is told: the experience's facts and guidance as they are now, and the conversation's objectives,
 * each word for word. In ctx->arena.
 */
enum cq_status engine_prompt_tutor(struct cq_ctx *ctx, const struct ai_experience_row *experience,
                                   const struct progress *progress, const char **system) MUST_USE;

/* ---- the turn ---- */

struct turn_params {
    const struct config *config;
    const char *owner; /* of the lease */
    uint64_t user_id;
    const struct ai_experience_row *experience;
    const struct conversation_row *conversation; /* NULL: open one */
    const char *text;                            /* of the user; ignored when opening */
    const uint8_t *key_hash, *body_hash;         /* see struct turn_request */
    bool key_is_message_id;
};

struct turn {
    struct turn_row row; /* row.is_replay: nothing is to be asked, the answer is in messages */
    struct turn_request request;
    struct message_list messages; /* up to and with the user's, at first; with the reply once it is stored */
    struct progress progress;     /* before the turn; after it once it is stored */
    const char *met_at;
    bool is_opening, all_objectives_met;
    struct llm_ask ask;
    uint32_t lease_s;
    /* How it ended, kept until the database can store it. */
    bool is_ended;
    int64_t ended_ms;
    enum cq_status asked;
    const char *reply_text, *reply_html;
    uint32_t tries, input_tokens, output_tokens;
};

/* Failures as of store_turn_begin(). *out lives in ctx->arena; what params points to must live as long. */
enum cq_status engine_turn_begin(struct cq_ctx *ctx, struct db *db, const struct turn_params *params,
                                 struct turn **out) MUST_USE;

/*
 * Store how the turn ended: asked is what llm_start()'s on_done said, reply its reply, whose text lives in ctx->arena; both
 * are ignored when this is called again. CQ_OK: the reply is stored, and messages and progress show it. CQ_BUSY: the
 * database is away, nothing was decided: call again later. Else the turn is failed, and the value says why: asked, or
 * CQ_LOST when the lease was lost.
 */
enum cq_status engine_turn_end(struct cq_ctx *ctx, struct db *db, struct turn *turn, enum cq_status asked,
                               const struct llm_reply *reply) MUST_USE;

/*
 * Prolong the lease by lease_s from now; to be called every third of it while the model is asked. ctx: not the turn's
 * own, which another thread may be using. CQ_LOST: it is no longer ours, and engine_turn_end() will say so.
 */
enum cq_status engine_turn_renew(struct cq_ctx *ctx, struct db *db, const struct turn *turn) MUST_USE;

#endif
