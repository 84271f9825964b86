/* A request filled by hand: no socket is needed. */
#ifndef TESTS_HTTP_MAKE_REQUEST_H
#define TESTS_HTTP_MAKE_REQUEST_H

#include <json-c/json.h>

#include "colloquy/http.h"
#include "unit.h"

static inline struct request make_request(void)
{
    return (struct request){
        .ctx = *unit_ctx(),
        .method = HTTP_GET,
        .path = "/api/v1/things",
        .query = "",
        .scheme = "https",
        .host = "canvas.example.edu",
        .remote_addr = "127.0.0.1",
        .content_type = "",
        .accept = "",
        .body = "",
    };
}

/* GET /api/v1/things?query, its parameters not read yet. */
static inline struct request make_get(const char *query)
{
    struct request req = make_request();

    req.query = query;
    return req;
}

/* POST of a body that is text. */
static inline struct request make_post(const char *query, const char *content_type, const char *body)
{
    struct request req = make_get(query);

    req.method = HTTP_POST;
    req.content_type = content_type;
    req.body = body;
    req.body_len = strlen(body);
    return req;
}

/* All parameters as JSON without blanks; "" when there are none. */
static inline const char *params_text(const struct request *req)
{
    int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;

    return req->params ? json_object_to_json_string_ext(req->params, flags) : "";
}

/* The value of a header of the answer; NULL when it is not set. */
static inline const char *sent_header(const struct request *req, const char *name)
{
    for (size_t i = 0; i < req->response.n_headers; i++)
        if (str_eq(req->response.headers[i].name, name))
            return req->response.headers[i].value;
    return NULL;
}

#endif
