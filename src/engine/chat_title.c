/* Titles: what a model proposes for a chat, or the beginning of what was said first. */
#include <string.h>

#include "engine/chat_ask.h"
#include "engine/document.h"
#include "engine/prompt.h"

enum {
    TITLE_MS = 10000,
    TITLE_TOKENS = 400, /* of which a model that thinks aloud may waste some */
    REPLY_MAX_BYTES = 16 << 10,
    DOCUMENT_MAX_BYTES = 256 << 10,
    MESSAGE_CHARS = 2000,
    FIRST_MESSAGES = 4, /* of a long conversation, and */
    LAST_MESSAGES = 4,
};

/* ---- texts ---- */

/* Bytes of the first n characters. */
static size_t bytes_of_chars(const char *text, size_t len, size_t n)
{
    size_t used = 0;

    for (; n && used < len; n--)
        used += utf8_next(text + used, len - used);
    return used;
}

/* One line: white space of any kind as one blank. NULL: memory. */
static char *on_one_line(struct cq_ctx *ctx, const char *text, size_t len)
{
    char *out = arena_alloc(ctx->arena, len + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < len;) {
        size_t char_len = utf8_next(text + i, len - i);
        bool is_space = utf8_blank(text + i, char_len) || (unsigned char)text[i] < ' ';

        if (!is_space) {
            memcpy(out + n, text + i, char_len);
            n += char_len;
        } else if (n && out[n - 1] != ' ') {
            out[n++] = ' ';
        }
        i += char_len;
    }
    if (!out)
        return NULL;
    out[n && out[n - 1] == ' ' ? n - 1 : n] = '\0';
    return out;
}

/* At most max characters, the last of them a … if anything was cut, at a word where there is one. */
static const char *cut_at_word(struct cq_ctx *ctx, const char *line, size_t max)
{
    size_t len = strlen(line);

    if (utf8_count(line, len) <= max)
        return line;
    size_t end = bytes_of_chars(line, len, max - 1);

    if (line[end] != ' ') {
        const char *blank = memrchr(line, ' ', end);

        if (blank && (size_t)(blank - line) > end / 2)
            end = (size_t)(blank - line);
    }
    while (end && line[end - 1] == ' ')
        end--;
    return arena_printf(ctx->arena, "%.*s…", (int)end, line);
}

/* ---- asking ---- */

static void write_message(struct json_out *out, const struct chat_message_row *row)
{
    size_t len = strlen(row->text);

    json_open_object(out);
    json_key(out, "role");
    json_text(out, row->is_reply ? "assistant" : "user");
    json_key(out, "text");
    json_text_n(out, row->text, bytes_of_chars(row->text, len, MESSAGE_CHARS));
    json_close_object(out);
}

static enum cq_status ask_title(struct cq_ctx *ctx, const struct config *config, const struct chat_message_row **rows,
                                size_t n, struct chat_title *title)
{
    struct buf *buf = buf_in_arena(ctx->arena, DOCUMENT_MAX_BYTES);
    struct llm_message *message = arena_zalloc(ctx->arena, 1, sizeof(*message));
    struct json_out json;

    if (!buf || !message)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&json, buf);
    json_open_object(&json);
    json_key(&json, "messages");
    json_open_array(&json);
    for (size_t i = 0; i < n; i++)
        if (i < FIRST_MESSAGES || i + LAST_MESSAGES >= n)
            write_message(&json, rows[i]);
    json_close_array(&json);
    json_close_object(&json);
    enum cq_status st = document_text(ctx, buf, &message->text);
    if (st)
        return st;
    engine_ask_add(ctx, &title->asking)->ask = (struct llm_ask){.task = LLM_TITLE,
                                                                .model = engine_chat_title_model(config),
                                                                .system = PROMPT_CHAT_TITLE,
                                                                .messages = message,
                                                                .n_messages = 1,
                                                                .max_tokens = TITLE_TOKENS,
                                                                .reply_max_bytes = REPLY_MAX_BYTES,
                                                                .total_timeout_ms = TITLE_MS};
    return CQ_OK;
}

static const char *first_words(struct cq_ctx *ctx, const struct chat_message_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *line = rows[i]->is_reply ? NULL : on_one_line(ctx, rows[i]->text, strlen(rows[i]->text));

        if (line && *line)
            return cut_at_word(ctx, line, CHAT_TITLE_CHARS);
    }
    return "New conversation";
}

static bool has_text(const struct chat_message_row **rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (*rows[i]->text)
            return true;
    return false;
}

/* A title is never an error: whoever may not have one asked for now has the first words. */
static enum cq_status begin_asking(struct cq_ctx *ctx, struct db *db, const struct config *config,
                                   const struct chat_message_row **rows, size_t n, struct chat_title *title)
{
    enum cq_status st = store_evaluation_begin(ctx, db, &title->run);

    if (st)
        return st == CQ_RATE_LIMITED ? CQ_OK : st;
    st = ask_title(ctx, config, rows, n, title);
    if (st)
        (void)!engine_chat_title_end(ctx, db, title);
    return st;
}

enum cq_status engine_chat_title_begin(struct cq_ctx *ctx, struct db *db, const struct config *config,
                                       const char *owner, const struct chat_row *chat, struct chat_title **out)
{
    struct chat_message_list list;
    struct chat_title *title = arena_zalloc(ctx->arena, 1, sizeof(*title));
    const struct chat_message_row **rows;

    if (!title)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    title->limits = engine_user_limits(config);
    title->run = (struct evaluation_run){.user_id = chat->user_id,
                                         .conversation_id = chat->id,
                                         .limits = &title->limits,
                                         .owner = owner,
                                         .lease_s = 3 * TITLE_MS / 1000};
    enum cq_status st = store_chat_messages(ctx, db, chat->id, &list);
    if (st)
        return st;
    rows = arena_zalloc(ctx->arena, list.n + 1, sizeof(*rows));
    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    size_t n = chat_branch(&list, chat->last_seq, rows);

    title->fallback = first_words(ctx, rows, n);
    if (!title->fallback)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    title->title = title->fallback;
    *out = title;
    return has_text(rows, n) ? begin_asking(ctx, db, config, rows, n, title) : CQ_OK;
}

/* ---- what came ---- */

struct mark {
    const char *open, *close;
};

static const struct mark marks[] = {{"\"", "\""}, {"'", "'"}, {"“", "”"}, {"„", "“"},   {"„", "”"},   {"«", "»"},
                                    {"»", "«"},   {"‘", "’"}, {"`", "`"}, {"**", "**"}, {"「", "」"}, {"『", "』"}};

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Quotation marks around it, and a full stop behind it. True: there was something. */
static bool strip_once(const char **text, size_t *len)
{
    static const char *const stops[] = {".", "。", "．"};

    for (size_t i = 0; i < LEN(marks); i++) {
        size_t open = strlen(marks[i].open), close = strlen(marks[i].close);

        if (*len >= open + close && memcmp(*text, marks[i].open, open) == 0 && ends_with(*text, *len, marks[i].close)) {
            *text += open;
            *len -= open + close;
            return true;
        }
    }
    for (size_t i = 0; i < LEN(stops); i++) {
        if (ends_with(*text, *len, stops[i]) && !ends_with(*text, *len, "..")) {
            *len -= strlen(stops[i]);
            return true;
        }
    }
    return false;
}

/* What stands within a fence of Markdown, if all of it does. */
static void unfence(const char **text, size_t *len)
{
    static const char FENCE[] = "```";
    const char *start = *len > 3 && memcmp(*text, FENCE, 3) == 0 ? memchr(*text, '\n', *len) : NULL;

    if (!start)
        return;
    *len -= (size_t)(start - *text);
    *text = start;
    const char *end = memmem(start, *len, FENCE, 3);

    if (end)
        *len = (size_t)(end - start);
    utf8_trim(text, len);
}

/* A model may answer {"title": …} as well as plain text. */
static void unwrap(struct cq_ctx *ctx, const char **text, size_t *len)
{
    struct json_object *object = NULL;
    const char *title;

    if (**text != '{' || json_read(ctx, *text, *len, &object))
        return;
    title = json_get_text(object, "title", len);
    *text = title ? title : "";
    *len = title ? *len : 0;
}

/* NULL: nothing usable. */
static const char *clean(struct cq_ctx *ctx, const char *text, size_t len)
{
    utf8_trim(&text, &len);
    unfence(&text, &len);
    unwrap(ctx, &text, &len);
    utf8_trim(&text, &len);
    const char *line_end = memchr(text, '\n', len);

    if (line_end)
        len = (size_t)(line_end - text);
    do
        utf8_trim(&text, &len);
    while (strip_once(&text, &len));
    const char *line = on_one_line(ctx, text, len);

    return line && *line ? cut_at_word(ctx, line, CHAT_TITLE_CHARS) : NULL;
}

bool engine_chat_title_read(struct cq_ctx *ctx, struct chat_title *title)
{
    const struct ask *ask = &title->asking.asks[0];

    if (title->is_read)
        return true;
    title->is_read = true;
    if (ask->st) {
        log_info("request_id=%s title: %s: %s", ctx->request_id, cq_status_info(ask->st)->name, ask->ctx.error);
        return true;
    }
    const char *proposed = clean(ctx, ask->reply.text, ask->reply.len);

    title->title = proposed ? proposed : title->fallback;
    return true;
}

enum cq_status engine_chat_title_end(struct cq_ctx *ctx, struct db *db, struct chat_title *title)
{
    title->run.calls = engine_ask_calls(ctx, &title->asking);
    if (store_evaluation_fail(ctx, db, &title->run))
        log_warn("request_id=%s what a title has cost is not counted: %s", ctx->request_id, ctx->error);
    return CQ_OK;
}
