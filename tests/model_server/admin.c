/* The server's figures, and what a test may do to it. */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const protocol_names[N_PROTOCOLS] = {"openai", "anthropic", "bedrock"};

/* ---- counting ---- */

static void keep(struct kept *kept, const char *data, size_t len)
{
    char *copy = realloc(kept->data, len + 1);

    if (!copy)
        return;
    memcpy(copy, data, len);
    copy[len] = '\0';
    *kept = (struct kept){copy, len};
}

static void count_model(struct figures *figures, const char *name)
{
    size_t i = 0;

    while (i < figures->n_models && !str_eq(figures->models[i].name, name))
        i++;
    if (i == MAX_MODELS)
        return;
    if (i == figures->n_models) {
        snprintf(figures->models[i].name, sizeof(figures->models[i].name), "%s", name);
        figures->models[i].calls = 0;
        figures->n_models++;
    }
    figures->models[i].calls++;
}

void admin_remember(struct server *server, const struct http_request *request, const struct reply *reply)
{
    struct figures *figures = &server->figures;
    struct kept *const bodies[] = {[REPLY_TEXT] = &server->last_body,
                                   [REPLY_STRUCTURED] = &server->last_structured,
                                   [REPLY_SUMMARY] = &server->last_summary,
                                   [REPLY_VECTORS] = &server->last_embeddings};
    uint64_t *const counts[] = {[REPLY_TEXT] = &figures->requests,
                                [REPLY_STRUCTURED] = &figures->structured,
                                [REPLY_SUMMARY] = &figures->summaries,
                                [REPLY_VECTORS] = &figures->embeddings};

    ++*counts[reply->kind];
    figures->break_outs += reply->is_break_out;
    figures->obeyed += reply->is_obedient;
    figures->protocol[reply->wire->protocol]++;
    count_model(figures, reply->asked.model);
    keep(bodies[reply->kind], request->body, request->body_bytes);
    keep(&server->last_head, request->head, request->head_bytes);
}

static void forget(struct kept *kept)
{
    free(kept->data);
    *kept = (struct kept){NULL, 0};
}

void admin_forget(struct server *server)
{
    forget(&server->last_head);
    forget(&server->last_body);
    forget(&server->last_structured);
    forget(&server->last_summary);
    forget(&server->last_embeddings);
}

static void reset(struct server *server)
{
    server->figures = (struct figures){.max_in_flight = server->in_flight};
    memset(&server->times, 0, sizeof(server->times));
    admin_forget(server);
    cues_forget(&server->cues);
}

/* ---- figures ---- */

static void put_numbers(struct json_out *json, const struct server *server)
{
    const struct figures *figures = &server->figures;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"requests", figures->requests},     {"structured", figures->structured},
                {"completed", figures->completed},   {"aborted", figures->aborted},
                {"in_flight", server->in_flight},    {"max_in_flight", figures->max_in_flight},
                {"connections", figures->accepted},  {"embeddings", figures->embeddings},
                {"credentials", figures->metadata},  {"summaries", figures->summaries},
                {"break_outs", figures->break_outs}, {"obeyed", figures->obeyed}};

    for (size_t i = 0; i < LEN(rows); i++) {
        json_key(json, rows[i].name);
        json_u64(json, rows[i].value);
    }
}

static void put_counts(struct json_out *json, const struct figures *figures)
{
    json_key(json, "protocols");
    json_open_object(json);
    for (size_t i = 0; i < N_PROTOCOLS; i++) {
        json_key(json, protocol_names[i]);
        json_u64(json, figures->protocol[i]);
    }
    json_close_object(json);
    json_key(json, "models");
    json_open_array(json);
    for (size_t i = 0; i < figures->n_models; i++) {
        json_open_object(json);
        json_key(json, "name");
        json_text(json, figures->models[i].name);
        json_key(json, "calls");
        json_u64(json, figures->models[i].calls);
        json_close_object(json);
    }
    json_close_array(json);
}

static void put_kept(struct json_out *json, const char *name, const struct kept *kept)
{
    json_key(json, name);
    if (kept->data)
        json_text_n(json, kept->data, kept->len);
    else
        json_null(json);
}

/* A header's value, or null; where it is a secret, only whether it was there. */
static void put_header(struct json_out *json, const char *head, const char *name, bool is_secret)
{
    char value[MAX_HEADER_BYTES];

    http_header(head, name, value, sizeof(value));
    json_key(json, name);
    if (is_secret)
        json_boolean(json, *value != '\0');
    else
        json_text(json, *value ? value : NULL);
}

static void put_head(struct json_out *json, const char *head)
{
    static const struct {
        const char *name;
        bool is_secret;
    } rows[] = {{"anthropic-version", false},  {"anthropic-beta", false}, {"accept", false},
                {"x-api-key", true},           {"api-key", true},         {"x-amz-date", true},
                {"x-amz-security-token", true}};
    char authorization[MAX_HEADER_BYTES], target[MAX_TARGET_BYTES] = "";

    http_header(head, "Authorization", authorization, sizeof(authorization));
    sscanf(head, "%*s %2047s", target);
    json_key(json, "last_authorization");
    json_text(json, *authorization ? authorization : NULL);
    json_key(json, "last_path");
    json_text(json, *target ? target : NULL);
    json_key(json, "last_headers");
    json_open_object(json);
    for (size_t i = 0; i < LEN(rows); i++)
        put_header(json, head, rows[i].name, rows[i].is_secret);
    json_close_object(json);
}

static void answer_stats(const struct server *server, struct buf *out)
{
    struct buf body;
    struct json_out json;

    buf_init(&body, 16 * (size_t)MAX_BODY_BYTES);
    json_out_init(&json, &body);
    json_open_object(&json);
    put_numbers(&json, server);
    put_counts(&json, &server->figures);
    put_head(&json, server->last_head.data ? server->last_head.data : "");
    put_kept(&json, "last_body", &server->last_body);
    put_kept(&json, "last_structured", &server->last_structured);
    put_kept(&json, "last_summary", &server->last_summary);
    put_kept(&json, "last_embeddings", &server->last_embeddings);
    json_close_object(&json);
    answer_json(out, 200, "", &body);
    buf_release(&body);
}

/* ---- what is done to the server ---- */

/* The member if it is there, else what is so already. */
static bool wanted(struct json_object *request, const char *key, bool now)
{
    struct json_object *value = json_get(request, key);

    return value ? json_object_get_boolean(value) : now;
}

static void answer_mode(struct server *server, const struct http_request *request, struct buf *out)
{
    struct json_object *wish = body_parse(request->body, request->body_bytes);
    bool is_refusing = wanted(wish, "refuse", server->is_refusing);
    bool is_silent = wanted(wish, "silent", server->is_silent);
    struct buf body;

    server->is_hurried = wanted(wish, "hurried", server->is_hurried);
    if (json_get(wish, "credentials_s"))
        server->credentials_s = json_get_u64(wish, "credentials_s");
    json_object_put(wish);
    server_mode(server, is_refusing, is_silent);
    buf_init(&body, MAX_HEAD_BYTES);
    buf_printf(&body, "{\"refuse\":%s,\"silent\":%s}\n", is_refusing ? "true" : "false", is_silent ? "true" : "false");
    answer_json(out, 200, "", &body);
    buf_release(&body);
}

static void answer_script(struct server *server, const struct http_request *request, struct buf *out)
{
    struct json_object *wish = body_parse(request->body, request->body_bytes);
    bool is_set = cues_set(&server->cues, wish);

    json_object_put(wish);
    answer_write(out, is_set ? 200 : 400, "application/json", "", "{}\n", 3);
}

static void answer_go(struct server *server, const struct http_request *request, struct buf *out)
{
    struct json_object *wish = body_parse(request->body, request->body_bytes);
    const char *message = json_get_text(wish, "message", NULL);
    struct cue *cue = message ? cues_find(&server->cues, message, strlen(message)) : NULL;

    json_object_put(wish);
    if (cue) {
        cue->is_free = true;
        connections_let_go(server, cue);
    }
    answer_write(out, cue ? 200 : 400, "application/json", "", "{}\n", 3);
}

bool admin_answer(struct server *server, const struct http_request *request, bool is_control, struct buf *out)
{
    if (http_is(request, "GET", "/stats")) {
        answer_stats(server, out);
    } else if (http_is(request, "POST", "/reset")) {
        reset(server);
        answer_write(out, 200, "application/json", "", "{}\n", 3);
    } else if (is_control && http_is(request, "POST", "/mode")) {
        answer_mode(server, request, out);
    } else if (is_control && http_is(request, "POST", "/script")) {
        answer_script(server, request, out);
    } else if (is_control && http_is(request, "POST", "/go")) {
        answer_go(server, request, out);
    } else {
        return false;
    }
    return true;
}
