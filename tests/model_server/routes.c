/* Which paths are a model's, and by which wire. */
#include "model_server.h"

static const struct route {
    const char *before, *after; /* of the model's name; after NULL: before is the whole path, and the body names it */
    const struct wire *wire;
    enum call_form form;
} routes[] = {
    // clang-format off
    {"/v1/chat/completions",        NULL,                &wire_openai,    CALL_BODY_SAYS},
    {"/v1/embeddings",              NULL,                &wire_openai,    CALL_VECTORS},
    {"/openai/deployments/",        "/chat/completions", &wire_azure,     CALL_BODY_SAYS},
    {"/openai/deployments/",        "/embeddings",       &wire_azure,     CALL_VECTORS},
    {"/v1/messages",                NULL,                &wire_anthropic, CALL_BODY_SAYS},
    {"/model/",                     "/converse",         &wire_bedrock,   CALL_WHOLE},
    {"/model/",                     "/converse-stream",  &wire_bedrock,   CALL_STREAM},
    {"/model/",                     "/invoke",           &wire_bedrock,   CALL_VECTORS},
    // clang-format on
};

/* The name as it was before it was put into a path (RFC 3986 section 2.1). */
static void decode(const char *text, size_t len, char *out, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < len && n + 1 < size; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        out[n++] = low >= 0 ? (char)(high * 16 + low) : text[i];
        i += low >= 0 ? 2 : 0;
    }
    out[n] = '\0';
}

static bool is_it(const struct route *route, const char *path, size_t len, struct call *out)
{
    size_t before = strlen(route->before), after = route->after ? strlen(route->after) : 0;

    if (len < before + after || memcmp(path, route->before, before) != 0)
        return false;
    if (!route->after)
        return len == before;
    if (len == before + after || memcmp(path + len - after, route->after, after) != 0 ||
        memchr(path + before, '/', len - before - after))
        return false;
    decode(path + before, len - before - after, out->model, sizeof(out->model));
    return true;
}

bool route_find(const struct http_request *request, struct call *out)
{
    if (!str_eq(request->method, "POST"))
        return false;
    *out->model = '\0';
    for (size_t i = 0; i < LEN(routes); i++)
        if (is_it(&routes[i], request->target, http_path_length(request), out)) {
            out->wire = routes[i].wire;
            out->form = routes[i].form;
            return true;
        }
    return false;
}
