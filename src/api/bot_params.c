/* A bot's generation_params, in and out. */
#include "api/bot_params.h"

#include <json-c/json.h>

enum { MAX_STOP_CHARS = 200, MAX_BUDGET_TOKENS = 1000000 };

static const struct bot_params usual = {
    .max_tokens = 4096, .top_k = 250, .top_p = 0.999, .temperature = 1, .budget_tokens = 1024};

/* ---- reading ---- */

static void read_count(struct request *req, struct json_object *object, const char *key, uint64_t min, uint64_t max,
                       uint64_t *out)
{
    struct json_object *value = chat_get(object, key);
    int64_t n = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;

    if (!value)
        return;
    if (n < 0 || (uint64_t)n < min || (uint64_t)n > max)
        chat_problem(req, "generation_params: %s must be a whole number from %llu to %llu", key,
                     (unsigned long long)min, (unsigned long long)max);
    else
        *out = (uint64_t)n;
}

static void read_share(struct request *req, struct json_object *object, const char *key, double *out)
{
    struct json_object *value = chat_get(object, key);
    bool is_number = json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double);
    double share = is_number ? json_object_get_double(value) : -1;

    if (!value)
        return;
    if (!(share >= 0 && share <= 1))
        chat_problem(req, "generation_params: %s must be a number from 0 to 1", key);
    else
        *out = share;
}

/* An empty one, which a form that was left empty sends, would stop at once. */
static void read_stop_sequences(struct request *req, struct json_object *object, struct bot_params *params)
{
    struct json_object *list;

    if (!chat_list(req, object, "stop_sequences", 0, BOT_MAX_STOP_SEQUENCES, false, &list))
        return;
    params->n_stop_sequences = 0;
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i);
        const char *text = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : NULL;
        size_t len = text ? (size_t)json_object_get_string_len(item) : 0;

        if (!text || memchr(text, '\0', len) || utf8_count(text, len) > MAX_STOP_CHARS)
            chat_problem(req, "generation_params: stop_sequences must be strings of at most %d characters",
                         MAX_STOP_CHARS);
        else if (len)
            params->stop_sequences[params->n_stop_sequences++] = text;
    }
}

void bot_params_read(struct request *req, struct json_object *object, struct bot_params *params)
{
    struct json_object *reasoning = chat_get(object, "reasoning_params");

    read_count(req, object, "max_tokens", 1, 64000, &params->max_tokens);
    read_count(req, object, "top_k", 0, 500, &params->top_k);
    read_share(req, object, "top_p", &params->top_p);
    read_share(req, object, "temperature", &params->temperature);
    read_stop_sequences(req, object, params);
    if (reasoning && !json_object_is_type(reasoning, json_type_object))
        chat_problem(req, "generation_params: reasoning_params must be an object");
    read_count(req, reasoning, "budget_tokens", 1024, MAX_BUDGET_TOKENS, &params->budget_tokens);
}

enum cq_status bot_params_of(struct request *req, const char *json, struct bot_params *out)
{
    struct bot_params params = usual;
    struct json_object *object = NULL;

    enum cq_status st = json ? json_read(&req->ctx, json, strlen(json), &object) : CQ_OK;
    if (st)
        return cq_fail(&req->ctx, CQ_INTERNAL, "a bot's generation_params are no JSON");
    if (object)
        bot_params_read(req, object, &params);
    *out = params;
    return CQ_OK;
}

/* ---- writing ---- */

static void write_count(struct json_out *out, enum chat_form form, const char *key, uint64_t n)
{
    chat_key(out, form, key);
    json_u64(out, n);
}

static void write_share(struct json_out *out, enum chat_form form, const char *key, double share)
{
    chat_key(out, form, key);
    json_number(out, share);
}

void bot_params_write(struct json_out *out, enum chat_form form, const struct bot_params *params)
{
    json_open_object(out);
    write_count(out, form, "max_tokens", params->max_tokens);
    write_count(out, form, "top_k", params->top_k);
    write_share(out, form, "top_p", params->top_p);
    write_share(out, form, "temperature", params->temperature);
    chat_key(out, form, "stop_sequences");
    json_open_array(out);
    for (size_t i = 0; i < params->n_stop_sequences; i++)
        json_text(out, params->stop_sequences[i]);
    json_close_array(out);
    chat_key(out, form, "reasoning_params");
    json_open_object(out);
    write_count(out, form, "budget_tokens", params->budget_tokens);
    json_close_object(out);
    json_close_object(out);
}
