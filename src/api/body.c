/* How large a body may be, and whether parameters are to be looked for in it. */
#include "api/body.h"

#include "colloquy/api.h"

enum {
    CHAT_MAX_BYTES = 256 << 10,
    SAY_MAX_BYTES = 32 << 20,    /* with images and attachments */
    UPLOAD_MAX_BYTES = 64 << 20, /* files */
    FRAME_BYTES = 64 << 10,      /* of a form around one file: names, delimiters, other fields */
};

enum body { BODY_SAY, BODY_RAW, BODY_FILES, BODY_CONTEXT_FILE };

struct body_route {
    struct route_key key; /* first: route_find() looks at it */
    enum body body;
};

/* Which bodies are larger than others, or no parameters. nginx/snippets/site.conf says the same of the sizes. */
static const struct body_route bodies[] = {
    {{HTTP_POST, "/api/chat/conversation"}, BODY_SAY},
    {{HTTP_PUT, "/api/chat/upload"}, BODY_RAW},
    {{HTTP_POST, "/api/chat/bot/:bot_id/documents"}, BODY_FILES},
    {{HTTP_POST, "/api/v1/courses/:course_id/ai_experiences/:id/context_files"}, BODY_CONTEXT_FILE},
};

/* NULL: as any other. On a copy: to ask is not to answer. */
static const struct body_route *find(const struct request *req)
{
    struct request copy = *req;
    size_t i;

    return route_find(&copy, bodies, LEN(bodies), sizeof(bodies[0]), &i) ? NULL : &bodies[i];
}

static size_t at_most(size_t max, size_t other)
{
    return max < other ? max : other;
}

size_t api_body_max(const struct request *req)
{
    const struct config_limits *limits = &req->config->limits;
    const struct body_route *route = find(req);
    bool is_chat = str_starts(req->path, "/api/chat/");

    if (!route)
        return is_chat ? at_most(CHAT_MAX_BYTES, limits->request_body_max_bytes) : limits->request_body_max_bytes;
    switch (route->body) {
    case BODY_SAY:
        return at_most(SAY_MAX_BYTES, limits->request_body_max_bytes);
    case BODY_RAW:
    case BODY_FILES:
        return UPLOAD_MAX_BYTES;
    case BODY_CONTEXT_FILE:
        return (size_t)limits->context_file_max_bytes + FRAME_BYTES;
    }
    return 0;
}

bool body_is_raw(const struct request *req)
{
    const struct body_route *route = find(req);

    return route && route->body == BODY_RAW;
}
