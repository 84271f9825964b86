/* How large a body may be, by method and path alone. */
#include "api/body.h"

#include "colloquy/api.h"
#include "unit.h"

enum { KIB = 1024, MIB = 1024 * KIB, OTHER = 7 * MIB, CONTEXT = 9 * MIB };

static const struct config config = {.limits = {.request_body_max_bytes = OTHER, .context_file_max_bytes = CONTEXT}};

static void test_sizes(void)
{
    // clang-format off
    static const struct {
        const char *path;
        enum http_method method;
        size_t want;
        bool is_raw;
    } rows[] = {
        {"/api/chat/bot",                                          HTTP_POST, 256 * KIB,          false},
        {"/api/chat/conversation",                                 HTTP_POST, OTHER,              false},
        {"/api/chat/conversation.json",                            HTTP_POST, OTHER,              false},
        {"/api/chat/conversation/x",                               HTTP_POST, 256 * KIB,          false},
        {"/api/chat/upload",                                       HTTP_PUT,  64 * MIB,           true},
        {"/api/chat/upload",                                       HTTP_POST, 256 * KIB,          false},
        {"/api/chat/uploads",                                      HTTP_PUT,  256 * KIB,          false},
        {"/api/chat/bot/b/documents",                              HTTP_POST, 64 * MIB,           false},
        {"/api/chat/bot/b/documents",                              HTTP_PUT,  256 * KIB,          false},
        {"/api/chat/bot/b/documents/7",                            HTTP_POST, 256 * KIB,          false},
        {"/api/v1/courses/7/ai_experiences/7/context_files",       HTTP_POST, CONTEXT + 64 * KIB, false},
        {"/api/v1/courses/7/ai_experiences/7",                     HTTP_PUT,  OTHER,              false},
        {"//api/chat/upload",                                      HTTP_PUT,  OTHER,              false},
        {"",                                                       HTTP_PUT,  OTHER,              false},
    };
    // clang-format on
    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = {.ctx = *unit_ctx(), .config = &config, .method = rows[i].method, .path = rows[i].path};

        ROW_ASSERT(rows[i].path, api_body_max(&req) == rows[i].want);
        ROW_ASSERT(rows[i].path, body_is_raw(&req) == rows[i].is_raw);
        ROW_ASSERT(rows[i].path, !req.n_path_params && !req.response.n_headers); /* nothing is answered by it */
    }
}

SUITE(body, {"sizes", test_sizes});
