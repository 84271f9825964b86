/* The checks of the rows, and conversations that have everything in them. */
#include "rows.h"

// clang-format off
const struct llm_message HELLO[1] = {{.role = LLM_USER, .text = "Hello"}};

const struct llm_message TURNS[3] = {{.role = LLM_USER, .text = "Hello"},
                                     {.role = LLM_ASSISTANT, .text = "Hi \"you\""},
                                     {.role = LLM_USER, .text = "a\nb \xC3\xA4"}};

static const struct llm_part LOOK[] = {
    {.kind = LLM_IMAGE, .media_type = "image/png", .data = "\x89PNG", .len = 4},
    {.kind = LLM_DOCUMENT, .media_type = "application/pdf", .data = "%PDF", .len = 4, .name = "a \"b\".pdf"},
    {.kind = LLM_DOCUMENT, .media_type = "text/markdown", .data = "# A\n", .len = 4, .name = "a.md"},
    {.kind = LLM_TEXT, .text = "And this?"},
};
static const struct llm_part SAID[] = {
    {.kind = LLM_REASONING, .text = "Hm.", .signature = "c2ln"},
    {.kind = LLM_TEXT, .text = "A cat."},
};

const struct llm_message PARTS[3] = {{.role = LLM_USER, .text = "Look.", .parts = LOOK, .n_parts = LEN(LOOK)},
                                     {.role = LLM_ASSISTANT, .parts = SAID, .n_parts = LEN(SAID)},
                                     {.role = LLM_USER, .parts = LOOK, .n_parts = 1}};

static const struct llm_part CALLED[] = {
    {.kind = LLM_REASONING, .text = "Hm.", .signature = "c2ln"},
    {.kind = LLM_TOOL_CALL, .id = "t1", .name = "find", .text = "{\"q\":\"a\"}"},
    {.kind = LLM_TOOL_CALL, .id = "t2", .name = "find", .text = "{}"},
};
static const struct llm_part RESULTS[] = {
    {.kind = LLM_TOOL_RESULT, .id = "t1", .text = "found \"a\""},
    {.kind = LLM_TOOL_RESULT, .id = "t2", .text = "no q", .is_error = true},
};

const struct llm_message CALLS[3] = {{.role = LLM_USER, .text = "Find it."},
                                     {.role = LLM_ASSISTANT, .text = "Well.", .parts = CALLED, .n_parts = LEN(CALLED)},
                                     {.role = LLM_USER, .text = "Go on.", .parts = RESULTS, .n_parts = LEN(RESULTS)}};

const struct llm_tool FIND[1] = {{"find", "Finds", "{\"type\":\"object\"}"}};

static const char *const STOPS[] = {"END", "\n\n", "c", "d", "e"};
const struct llm_sampling SAMPLING = {0.7, 0.9, 40, STOPS, LEN(STOPS)};
// clang-format on

static void check_request(const struct llm_provider *provider, const struct request_row *row)
{
    struct config_model config = row->config;
    struct llm_ask ask = row->ask;
    const struct llm_model model = {.config = &config, .abilities = row->abilities};
    struct cq_ctx *ctx = unit_ctx();
    struct buf *headers = buf_in_arena(ctx->arena, 4096);
    struct json_object *body = NULL;
    struct llm_request request;

    config.id = config.id ? config.id : "m";
    config.max_tokens = config.max_tokens ? config.max_tokens : 9;
    config.context_tokens = config.context_tokens ? config.context_tokens : 128000;
    if (!ask.messages && !ask.texts) {
        ask.messages = HELLO;
        ask.n_messages = LEN(HELLO);
    }
    llm_request_init(&request);
    ROW_ASSERT(row->name, provider->request(&model, &ask, &request) == CQ_OK);
    for (const struct curl_slist *line = request.headers; line; line = line->next)
        buf_printf(headers, "%s\n", line->data);
    ROW_ASSERT(row->name, !row->url || str_eq(request.url.data, row->url));
    ROW_ASSERT(row->name, !row->headers || str_eq(headers->data, row->headers));
    ROW_ASSERT(row->name, !row->body || str_eq(request.body.data, row->body));
    ROW_ASSERT(row->name, json_read(ctx, request.body.data, request.body.len, &body) == CQ_OK);
    llm_request_release(&request);
}

void check_requests(const struct llm_provider *provider, const struct request_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check_request(provider, &rows[i]);
}

/* ---- what is answered ---- */

static const char *show_pieces(struct cq_ctx *ctx, const struct llm_delta *delta)
{
    struct buf *out = buf_in_arena(ctx->arena, 4096);

    for (const struct llm_piece *piece = delta->first; piece; piece = piece->next) {
        if (piece->kind == LLM_TOOL_CALL)
            buf_printf(out, "call %zu ", piece->index);
        else
            buf_str(out, piece->kind == LLM_TEXT ? "text " : "reasoning ");
        if (piece->name)
            buf_printf(out, "%s %s ", piece->id, piece->name);
        buf_append(out, piece->text, piece->len);
        if (piece->signature)
            buf_printf(out, " (%s)", piece->signature);
        buf_char(out, ';');
    }
    return out->data;
}

static void check_answer(const struct answer_row *row, struct cq_ctx *ctx, enum cq_status st,
                         const struct llm_delta *got)
{
    ROW_ASSERT(row->name, st == row->status);
    ROW_ASSERT(row->name, str_eq(show_pieces(ctx, got), row->said ? row->said : ""));
    ROW_ASSERT(row->name, got->stopped == row->stopped && got->done == row->done && got->stop == row->stop);
    ROW_ASSERT(row->name, memcmp(&got->usage, &row->usage, sizeof(row->usage)) == 0);
}

void check_events(const struct llm_provider *provider, const struct answer_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct llm_event event = {
            .name = rows[i].event ? rows[i].event : "", .data = rows[i].data, .len = strlen(rows[i].data)};
        struct cq_ctx *ctx = unit_ctx();
        struct llm_delta got = {0};

        enum cq_status st = provider->event(ctx, &event, &got);
        check_answer(&rows[i], ctx, st, &got);
    }
}

void check_wholes(const struct llm_provider *provider, const struct answer_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct cq_ctx *ctx = unit_ctx();
        struct llm_delta got = {0};

        enum cq_status st = provider->whole(ctx, rows[i].data, strlen(rows[i].data), &got);
        check_answer(&rows[i], ctx, st, &got);
    }
}

void check_refusals(const struct llm_provider *provider, const struct refusal_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ROW_ASSERT(rows[i].name, provider->refusal(unit_ctx(), rows[i].http_status, rows[i].body,
                                                   strlen(rows[i].body)) == rows[i].want);
}
