/* What of a conversation a model is told. */
#include "engine/context.h"

#include <string.h>

#include "engine/document.h"
#include "engine/prompt.h"

enum {
    MESSAGE_TOKENS = 8, /* a model's own marks around a message */
    NEAR_MESSAGES = 3,
    SUMMARY_TOKENS = 1500,
    SUMMARY_EVERY_TURNS = 4,
    SUMMARY_MAX_BYTES = 16 << 10,
    END_TOKENS = 3, /* the brackets that close what is summarised */
    DOCUMENT_MAX_BYTES = 32 << 20,
    SHORTENED_BYTES = 16 << 10, /* of a message in what is summarised */
};

uint32_t context_tokens(const struct message_row *row)
{
    return llm_tokens(row->text, strlen(row->text)) + MESSAGE_TOKENS;
}

/* The first of the newest messages from first on that fit into room; the last one in any case. */
static size_t newest(const struct message_list *list, size_t first, uint64_t room)
{
    size_t from = list->n - 1;
    uint64_t used = context_tokens(&list->rows[from]);

    while (from > first) {
        used += context_tokens(&list->rows[from - 1]);
        if (used > room)
            break;
        from--;
    }
    return from;
}

/* Where one is near: of many messages of the student in a row, whose turns failed, none is lost for it. */
static size_t begin_with_assistant(const struct message_list *list, size_t from)
{
    if (from == 0)
        return 0;
    for (size_t i = from; i + 1 < list->n && i <= from + NEAR_MESSAGES; i++)
        if (list->rows[i].is_assistant)
            return i;
    return from;
}

/*
 * Whether it is the turn in which the messages from summarised on have become more than room, or one of each
 * SUMMARY_EVERY_TURNS after it: a summary that fails again and again is not paid for with every turn.
 */
static bool is_time(const struct message_list *list, size_t summarised, uint64_t room)
{
    uint64_t used = 0;

    for (size_t i = summarised; i < list->n; i++) {
        used += context_tokens(&list->rows[i]);
        if (used > room)
            return (list->n - 1 - i) / 2 % SUMMARY_EVERY_TURNS == 0;
    }
    return false;
}

void context_choose(const struct message_list *list, size_t summarised, uint32_t room, struct context *out)
{
    *out = (struct context){0};
    if (room == UINT32_MAX && list->n <= LLM_MAX_MESSAGES)
        return;
    /* What a summary may take is kept free from the beginning, so that none is made only to be too much itself. */
    uint64_t whole = room > SUMMARY_TOKENS ? room - SUMMARY_TOKENS : room / 2;
    size_t first = newest(list, 0, room), least = list->n > LLM_MAX_MESSAGES - 1 ? list->n - (LLM_MAX_MESSAGES - 1) : 0;

    if (summarised >= list->n)
        summarised = list->n - 1;
    if (first > 0 || summarised > 0)
        first = newest(list, summarised, whole);
    out->first = begin_with_assistant(list, first > least ? first : least);
    out->summarised = summarised < out->first ? summarised : out->first;
    /* Half of it is told again next time: then there is room for as much as has been summarised. */
    if (out->first > summarised || is_time(list, summarised, whole - whole / 4))
        out->due = begin_with_assistant(list, newest(list, summarised, whole / 2));
    if (out->due <= summarised)
        out->due = 0;
}

/* ---- what is told ---- */

/* NULL: memory. */
static const char *left_out(struct cq_ctx *ctx, const char *summary)
{
    struct buf *buf = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    const char *document;
    struct json_out out;

    if (!buf)
        return NULL;
    json_out_init(&out, buf);
    json_open_object(&out);
    json_key(&out, "summary");
    json_text(&out, summary);
    json_close_object(&out);
    if (document_text(ctx, buf, &document))
        return NULL;
    return arena_printf(ctx->arena, "%s\n%s", PROMPT_TUTOR_LEFT_OUT, document);
}

enum cq_status context_messages(struct cq_ctx *ctx, const struct message_list *list, const struct context *context,
                                const char *summary, struct llm_ask *ask)
{
    size_t n = list->n - context->first, at = 0;
    struct llm_message *messages = arena_zalloc(ctx->arena, n + 1, sizeof(*messages));

    if (!messages)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    if (context->first > 0) {
        messages[at].role = LLM_USER;
        messages[at++].text = left_out(ctx, context->summarised ? summary : NULL);
        if (!messages[0].text)
            return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    }
    for (size_t i = context->first; i < list->n; i++)
        messages[at++] = (struct llm_message){.role = list->rows[i].is_assistant ? LLM_ASSISTANT : LLM_USER,
                                              .text = list->rows[i].text};
    ask->messages = messages;
    ask->n_messages = at;
    return CQ_OK;
}

/* ---- the summary ---- */

/* At most so many bytes of it, never cut inside a character. */
static size_t shortened(const char *text)
{
    size_t len = strlen(text);

    if (len <= SHORTENED_BYTES)
        return len;
    len = SHORTENED_BYTES;
    while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
        len--;
    return len;
}

/* Of those that are due the oldest that fit, one at least: the next summary goes on from there. */
static size_t write_messages(struct json_out *out, const struct message_list *list, const struct context *context,
                             struct buf *scratch, uint64_t room)
{
    size_t i = context->summarised;

    for (uint64_t used = 0; i < context->due; i++) {
        const struct message_row *row = &list->rows[i];
        struct json_out measured;

        if (row->is_initial)
            continue;
        buf_clear(scratch);
        json_out_init(&measured, scratch);
        document_message(&measured, row, 0, shortened(row->text));
        used += (uint64_t)document_tokens(scratch) + 1;
        if (used > room && i > context->summarised)
            break;
        document_message(out, row, 0, shortened(row->text));
    }
    return i;
}

enum cq_status context_ask_summary(struct cq_ctx *ctx, const struct message_list *list, const struct context *context,
                                   const char *summary, uint32_t room, struct llm_ask *ask, uint32_t *covers)
{
    struct buf *buf = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    struct buf *scratch = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    struct llm_message *message = arena_zalloc(ctx->arena, 1, sizeof(*message));
    struct json_out out;

    if (!buf || !scratch || !message)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    json_open_object(&out);
    if (context->summarised && summary) {
        json_key(&out, "summary");
        json_text(&out, summary);
    }
    json_key(&out, "messages");
    json_open_array(&out);
    uint64_t own = (uint64_t)llm_tokens(PROMPT_SUMMARY, strlen(PROMPT_SUMMARY)) + document_tokens(buf) + END_TOKENS;

    *covers = (uint32_t)write_messages(&out, list, context, scratch, room > own ? room - own : 0);
    json_close_array(&out);
    json_close_object(&out);
    buf->failed |= scratch->failed;
    enum cq_status st = document_text(ctx, buf, &message->text);
    if (st)
        return st;
    message->role = LLM_USER;
    *ask = (struct llm_ask){.task = LLM_SUMMARIZE,
                            .system = PROMPT_SUMMARY,
                            .messages = message,
                            .n_messages = 1,
                            .max_tokens = SUMMARY_TOKENS,
                            .reply_max_bytes = SUMMARY_MAX_BYTES};
    return CQ_OK;
}

/* Behind the last sentence or line of the first len bytes; 0: none ends there. */
static size_t whole_sentences(const char *text, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        bool is_at_gap = i == len || text[i] == ' ' || text[i] == '\n';

        if (text[i - 1] == '\n' || (is_at_gap && strchr(".!?", text[i - 1])))
            return i;
        if (i >= 3 && (memcmp(text + i - 3, "\xE3\x80\x82", 3) == 0 || memcmp(text + i - 3, "\xEF\xBC\x81", 3) == 0 ||
                       memcmp(text + i - 3, "\xEF\xBC\x9F", 3) == 0)) /* the same three, of Chinese and Japanese */
            return i;
    }
    return 0;
}

const char *context_summary(struct cq_ctx *ctx, const struct llm_reply *reply)
{
    if (reply->stop == LLM_STOP_END)
        return reply->text;
    if (reply->stop != LLM_STOP_LENGTH)
        return NULL;
    size_t len = whole_sentences(reply->text, reply->len);

    return len > strspn(reply->text, " \t\r\n") ? arena_strndup(ctx->arena, reply->text, len) : reply->text;
}
