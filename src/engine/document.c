/* Documents that hold no mark of a model's server. */
#include "engine/document.h"

enum { MARK_TOKENS = 5 }; /* that its escape, and letters which this joins, come to beyond the one that it is itself */

static const char CAPITALS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";

static bool begins_mark(const char *at)
{
    if (*at == '<')
        return true;
    const char *word = at + 1 + (at[1] == '/');
    size_t n = strspn(word, CAPITALS);

    return *at == '[' && (at[1] == '|' || (n > 0 && word[n] == ']'));
}

/* The first one's place; the end, if there is none. */
static const char *find_mark(const char *at)
{
    for (at += strcspn(at, "<["); *at && !begins_mark(at);)
        at += 1 + strcspn(at + 1, "<[");
    return at;
}

uint32_t document_tokens(const struct buf *json)
{
    uint64_t tokens = llm_tokens(json->data, json->len);

    for (const char *at = find_mark(json->data); *at; at = find_mark(at + 1))
        tokens += MARK_TOKENS;
    return tokens < UINT32_MAX ? (uint32_t)tokens : UINT32_MAX;
}

enum cq_status document_text(struct cq_ctx *ctx, const struct buf *json, const char **out)
{
    const char *at = json->data, *mark = find_mark(at);

    if (json->failed)
        return cq_fail(ctx, CQ_INTERNAL, "a document of more than %zu bytes", json->max);
    if (!*mark) { /* most have none, and need no second copy */
        *out = json->data;
        return CQ_OK;
    }
    struct buf *text = buf_in_arena(ctx->arena, json->max);

    if (!text)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (; *mark; at = mark + 1, mark = find_mark(at)) {
        buf_append(text, at, (size_t)(mark - at));
        buf_str(text, *mark == '<' ? "\\u003c" : "\\u005b");
    }
    buf_str(text, at);
    if (text->failed)
        return cq_fail(ctx, CQ_INTERNAL, "a document of more than %zu bytes", text->max);
    *out = text->data;
    return CQ_OK;
}

void document_message(struct json_out *out, const struct message_row *row, uint64_t number, size_t len)
{
    json_open_object(out);
    if (number) {
        json_key(out, "number");
        json_u64(out, number);
    }
    json_key(out, "role");
    json_text(out, row->is_assistant ? "tutor" : "student");
    json_key(out, "text");
    json_text_n(out, row->text, len);
    json_close_object(out);
}
