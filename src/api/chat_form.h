/*
 * The two forms of the chat API's objects (doc/api-chat.md 1, "Two forms"): keys in snake or in camel case, and with them the
 * model's role and times. Handlers know keys in snake case alone.
 */
#ifndef API_CHAT_FORM_H
#define API_CHAT_FORM_H

#include "api/route.h"

enum chat_form { CHAT_SNAKE, CHAT_CAMEL };

/* The form of the answer: by Accept, else by the keys of the body, else by chat.keys. */
enum chat_form chat_form(const struct request *req);

/* ---- writing ---- */

/* A key that the contract documents, given in snake case. */
void chat_key(struct json_out *out, enum chat_form form, const char *key);

/* A time, as seconds with at least one decimal, or as milliseconds. */
void chat_time(struct json_out *out, enum chat_form form, int64_t unix_ms);

/* 200 and the JSON null. */
enum cq_status chat_answer_null(struct request *req);

/* CQ_UNSUPPORTED_TYPE: the body is a form, whose values are all texts. */
enum cq_status chat_needs_json(const struct request *req) MUST_USE;

/* ---- reading: each notes what is wrong by chat_problem(), and leaves *out alone then ---- */

/* The member by either form of its key; NULL when it is absent or null. */
struct json_object *chat_get(struct json_object *object, const char *key);

struct chat_bounds {
    size_t min_chars, max_chars; /* after trimming, if is_trimmed */
    bool is_trimmed, is_required;
};

/* A text within its bounds, UTF-8 without NUL, in the request's arena. True: there is one, and it is right. */
bool chat_text(struct request *req, struct json_object *object, const char *key, const struct chat_bounds *bounds,
               const char **out);
bool chat_bool(struct request *req, struct json_object *object, const char *key, bool is_required, bool *out);
bool chat_list(struct request *req, struct json_object *object, const char *key, size_t min, size_t max,
               bool is_required, struct json_object **out);

/* 1 to 64 letters, digits, _ and -: the ids that a client may choose. */
bool chat_is_name(const char *text, size_t len);

/* Such an id as a parameter of the path; what can be none, and so finds nothing, is "". */
const char *chat_name_param(const struct request *req, const char *name);

/* Such an id. */
bool chat_name(struct request *req, struct json_object *object, const char *key, bool is_required, const char **out);

/* A parameter of the query within 1 to max; absent: the standard. False: noted. */
bool chat_limit(struct request *req, const char *key, uint64_t standard, uint64_t max, uint64_t *out);

/* ---- what is wrong ---- */

/* Add a line to the answer's errors; it names the key. */
void chat_problem(struct request *req, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* CQ_INVALID_REQUEST if anything was noted, else CQ_OK. */
enum cq_status chat_problems(const struct request *req) MUST_USE;

#endif
