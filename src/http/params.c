/* Parameters: query and body as one tree, and how handlers look into it. */
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "http/form.h"
#include "http/header_value.h"

enum body_kind { BODY_NONE, BODY_FORM, BODY_MULTIPART, BODY_JSON, BODY_OTHER };

static enum body_kind body_kind(const struct request *req)
{
    if (req->body_is_raw)
        return BODY_NONE;
    if (header_type_is(req->content_type, "application/json"))
        return req->body_len ? BODY_JSON : BODY_NONE; /* an empty one would be an empty object: it changes nothing */
    if (!req->body_len)
        return BODY_NONE;
    if (header_type_is(req->content_type, "application/x-www-form-urlencoded"))
        return BODY_FORM;
    return header_type_is(req->content_type, "multipart/form-data") ? BODY_MULTIPART : BODY_OTHER;
}

static void put_tree(void *tree)
{
    json_object_put(tree);
}

/* An empty object that lives as long as the request. */
static enum cq_status make_tree(struct request *req, struct json_object **out)
{
    struct json_object *tree = json_object_new_object();

    if (tree && !arena_cleanup(req->ctx.arena, put_tree, tree)) {
        *out = tree;
        return CQ_OK;
    }
    json_object_put(tree);
    return cq_fail(&req->ctx, CQ_INTERNAL, "no memory for parameters");
}

static enum cq_status read_json(struct request *req, const struct form *form, struct json_object **out)
{
    struct json_object *body = NULL;
    enum cq_status st = json_read(&req->ctx, req->body, req->body_len, &body);

    if (st)
        return st;
    if (!json_object_is_type(body, json_type_object))
        return cq_fail(&req->ctx, CQ_INVALID_JSON, "the body is no JSON object");
    if (form->n_names + (size_t)json_object_object_length(body) > HTTP_MAX_PARAMS)
        return cq_fail(&req->ctx, CQ_INVALID_REQUEST, "more than %d parameters", HTTP_MAX_PARAMS);
    *out = body;
    return CQ_OK;
}

/* form has counted the names of the query; *out stays NULL when there is no body. */
static enum cq_status read_body(struct request *req, enum body_kind kind, struct form *form, struct json_object **out)
{
    if (kind == BODY_NONE)
        return CQ_OK;
    if (kind == BODY_JSON)
        return read_json(req, form, out);

    enum cq_status st = make_tree(req, &form->root);
    if (!st)
        st = kind == BODY_FORM ? form_read(form, req->body, req->body_len)
                               : multipart_read(form, req->content_type, req->body, req->body_len);
    if (!st)
        *out = form->root;
    return st;
}

/* What a body is not taken for, before a byte of it is read. */
static enum cq_status judge_body(struct request *req, enum body_kind kind)
{
    if (req->body_too_large)
        return cq_fail(&req->ctx, CQ_PAYLOAD_TOO_LARGE, "the body is too large");
    if (req->body_is_lost)
        return cq_fail(&req->ctx, CQ_BUSY, "no room for the body");
    return kind == BODY_OTHER ? cq_fail(&req->ctx, CQ_UNSUPPORTED_TYPE, "a body that is neither form nor JSON") : CQ_OK;
}

/* Put what from holds into into: objects become one, anything else is replaced. False when memory is short. */
static bool merge(struct json_object *into, struct json_object *from)
{
    struct json_object_iterator at = json_object_iter_begin(from), end = json_object_iter_end(from);

    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        const char *name = json_object_iter_peek_name(&at);
        struct json_object *value = json_object_iter_peek_value(&at), *present = NULL;

        json_object_object_get_ex(into, name, &present);
        if (json_object_is_type(present, json_type_object) && json_object_is_type(value, json_type_object)) {
            if (!merge(present, value))
                return false;
        } else if (json_object_object_add(into, name, json_object_get(value))) {
            json_object_put(value);
            return false;
        }
    }
    return true;
}

enum cq_status params_read(struct request *req)
{
    enum body_kind kind = body_kind(req);
    struct json_object *params = NULL, *body = NULL;

    enum cq_status st = make_tree(req, &params);
    if (st)
        return st;
    struct form form = {.ctx = &req->ctx, .root = params};
    enum cq_status query = form_read(&form, req->query, strlen(req->query));

    if (!query)
        req->params = params; /* whatever becomes of the body: an access token may be among them */
    req->params_from_form = kind != BODY_JSON;
    st = judge_body(req, kind);
    if (!st)
        st = query;
    if (!st)
        st = read_body(req, kind, &form, &body);
    req->files = form.files;
    req->n_files = form.n_files;
    if (!st && body && !merge(params, body))
        st = cq_fail(&req->ctx, CQ_INTERNAL, "no memory for parameters");
    return st;
}

void params_override_method(struct request *req)
{
    static const enum http_method allowed[] = {HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
    struct param param = param_text(req, NULL, "_method");

    if (req->method != HTTP_POST || !request_is_form(req) || param.state != PARAM_VALUE)
        return;
    for (size_t i = 0; i < LEN(allowed); i++)
        if (strcasecmp(param.text, http_method_name(allowed[i])) == 0)
            req->method = allowed[i];
}

/* Under the root where that is an object and has the name, else at the top. */
static bool find(const struct request *req, const char *root, const char *name, struct json_object **out)
{
    struct json_object *holder = NULL;

    if (!req->params)
        return false;
    if (root && json_object_object_get_ex(req->params, root, &holder) &&
        json_object_is_type(holder, json_type_object) && json_object_object_get_ex(holder, name, out))
        return true;
    return json_object_object_get_ex(req->params, name, out);
}

static bool holds_nul(struct json_object *json)
{
    return json_object_is_type(json, json_type_string) &&
           strlen(json_object_get_string(json)) != (size_t)json_object_get_string_len(json);
}

struct param param_any(const struct request *req, const char *root, const char *name)
{
    struct json_object *json = NULL;

    if (!find(req, root, name, &json))
        return (struct param){.state = PARAM_ABSENT};
    if (!json)
        return (struct param){.state = PARAM_NULL};
    if (holds_nul(json))
        return (struct param){.state = PARAM_WRONG};
    return (struct param){.state = PARAM_VALUE, .json = json};
}

struct param param_text(const struct request *req, const char *root, const char *name)
{
    struct param param = param_any(req, root, name);

    if (param.state != PARAM_VALUE)
        return param;
    if (!json_object_is_type(param.json, json_type_string))
        return (struct param){.state = PARAM_WRONG};
    return (struct param){
        .state = PARAM_VALUE,
        .text = json_object_get_string(param.json),
        .len = (size_t)json_object_get_string_len(param.json),
    };
}

struct param param_list(const struct request *req, const char *root, const char *name)
{
    struct param param = param_any(req, root, name);

    if (param.state == PARAM_VALUE && !json_object_is_type(param.json, json_type_array))
        return (struct param){.state = PARAM_WRONG};
    return param;
}
