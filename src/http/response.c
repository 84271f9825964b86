/* The answer as it is put together: status, headers and body. */
#include <string.h>
#include <strings.h>

#include "colloquy/http.h"

enum { BODY_MAX_BYTES = 64 << 20 };

/* A line end in a value would begin a header of the client's making. */
static bool has_control(const char *value)
{
    for (; *value; value++)
        if ((unsigned char)*value < 0x20 || *value == 0x7f)
            return true;
    return false;
}

/* At place i; at the end it becomes one more. */
static void put_header(struct request *req, size_t i, const char *name, const char *value)
{
    struct response *response = &req->response;

    if (!value)
        return;
    if (has_control(value)) {
        log_warn("%s: a value of %s with control characters was dropped", req->ctx.request_id, name);
        return;
    }
    if (i == HTTP_MAX_HEADERS) {
        log_error("%s: no room for the header %s", req->ctx.request_id, name);
        return;
    }
    response->headers[i] = (struct http_header){name, value};
    if (i == response->n_headers)
        response->n_headers++;
}

void response_header(struct request *req, const char *name, const char *value)
{
    const struct response *response = &req->response;
    size_t i = 0;

    while (i < response->n_headers && strcasecmp(response->headers[i].name, name) != 0)
        i++;
    put_header(req, i, name, value);
}

void response_header_add(struct request *req, const char *name, const char *value)
{
    put_header(req, req->response.n_headers, name, value);
}

struct buf *response_begin(struct request *req, int status, const char *content_type)
{
    struct response *response = &req->response;

    /* Memory that was short for the answer may be there for what says so. */
    if (!response->body || response->body == &response->no_body)
        response->body = buf_in_arena(req->ctx.arena, BODY_MAX_BYTES);
    if (!response->body) {
        buf_init(&response->no_body, 0);
        response->body = &response->no_body;
    }
    buf_clear(response->body);
    response->status = status;
    response->content_type = content_type;
    return response->body;
}

struct json_out response_json(struct request *req, int status)
{
    struct json_out out;

    json_out_init(&out, response_begin(req, status, NULL));
    out.string_ids = request_wants_string_ids(req);
    return out;
}
