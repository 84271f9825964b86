/*
 * api: the table of every endpoint, and what each answers.
 *
 * A request is answered by api_answer(), or, when its route belongs to the llm pool, in steps: api_begin() checks it
 * and says what the model is to be asked, api_text() passes a piece of the reply on, api_end() answers. In between the
 * request belongs to the server's loop. Whatever happens, the answer is in req->response, errors too, in the form of
 * the API that was called.
 */
#ifndef COLLOQUY_API_H
#define COLLOQUY_API_H

#include "colloquy/engine.h"
#include "colloquy/http.h"

enum pool {
    POOL_API,
    POOL_LLM,
    POOL_OPS,
    POOL_DOCUMENTS, /* answers no request: what documents say is asked of it by the other workers */
    POOL_COUNT,
    POOL_OF_REQUESTS = POOL_DOCUMENTS, /* those before it are nginx's to call */
};

const char *pool_name(enum pool pool); /* "api", "llm", "ops", "documents" */

/* How many bytes of a body a request of this method and path may have: to be asked before it is read. */
size_t api_body_max(const struct request *req);

/* Answer a request of the api pool; req->db is connected when needed. */
void api_answer(struct request *req);

/* What the scoreboard knows, for requests of the ops pool. */
struct health {
    bool is_database_up;
    struct {
        unsigned workers, ready; /* configured, and accepting now */
        unsigned places, busy;   /* for requests or turns */
    } pools[POOL_COUNT];
};

/* A pool's name and numbers, as a member of an open object. */
void api_write_pool(struct json_out *out, const struct health *health, enum pool pool);

struct ops_source {
    void *arg;
    void (*health)(void *arg, struct health *out);
    void (*metrics)(void *arg, struct buf *out);     /* in Prometheus' text format, version 0.0.4 */
    void (*status)(void *arg, struct json_out *out); /* one object: the scoreboard, worker by worker */
};

/* Answer a request of the ops pool; nothing else is asked but source. */
void api_answer_ops(struct request *req, const struct ops_source *source);

/*
 * Check a request of the llm pool and store what it begins. Returns what is to be put to the model, or NULL when the
 * request is answered already (refused, or nothing need be asked). owner outlives the request. Needs req->db.
 */
struct asking *api_begin(struct request *req, const char *owner);

/*
 * What the documents' process has answered to asking->retrieval, before any of the asks is put to a model; NULL: it has not, and will
 * not. Needs no database. Anything but CQ_OK: the asks are not to be put, and that is how the first one has ended.
 */
enum cq_status api_retrieved(struct request *req, const char *answer, size_t len) MUST_USE;

/* A piece of the first ask's reply came: into the stream, if the client asked for one. Needs no database. */
void api_text(struct request *req, enum llm_part_kind kind, const char *text, size_t len);

/* Silence for a while: a comment line into the stream, if there is one. */
void api_wait(struct request *req);

/* Keep what was begun from being given up: to be called every third of llm.lease_s. ctx: not the request's own. */
enum cq_status api_renew(struct cq_ctx *ctx, struct db *db, const struct request *req) MUST_USE;

enum api_end {
    API_ANSWERED,
    API_LATER, /* the database is away and nothing was answered: call again, or give up with api_refuse() */
    API_AGAIN, /* an answer was not of its form: put the asks that have not ended to the model once more */
};

/*
 * All asks have ended (engine_ask_end()), or the first has failed: store what came of it and answer. outcome: how it
 * went, once it is answered.
 */
enum api_end api_end(struct request *req, enum cq_status *outcome) MUST_USE;

/* Answer with an error, whatever was answered before; in a stream that has begun, as its last event. */
void api_refuse(struct request *req, enum cq_status st);

/*
 * For logs and counts: the pattern of the request's route, "-" before it is known; its place in the table,
 * api_route_count() before; and the caller, 0 when unknown.
 */
const char *api_route_name(const struct request *req);
size_t api_route_index(const struct request *req);
uint64_t api_user_id(const struct request *req);

/* The turn that the request has begun; 0: none. */
uint64_t api_turn_id(const struct request *req);

/* Whether it has asked for a running turn to be stopped: whoever holds that turn is to be told. */
bool api_has_stopped(const struct request *req);

/* Whether it has queued a document whose text is to be extracted: the documents' process is to be told. */
bool api_has_queued_document(const struct request *req);

/* ---- the table, for whoever prints or checks it ---- */

struct route_info {
    const char *method, *pattern;
    enum pool pool;
    const char *role; /* who may call it, as doc/api-canvas.md names them: "members"; "anyone": without credentials */
};

size_t api_route_count(void);
struct route_info api_route_info(size_t i);

/* The scope that an access token needs for it, in the arena. NULL: the row asks for no credentials; or out of memory. */
const char *api_route_scope(struct arena *arena, size_t i);

/* nginx/pools.conf: which pool each route belongs to. */
void api_write_nginx_map(struct buf *out);

#endif
