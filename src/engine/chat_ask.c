/* A branch of a chat as a model reads it. */
#include "engine/chat_ask.h"

#include <json-c/json.h>
#include <string.h>

#include "engine/chat_content.h"
#include "engine/document.h"
#include "engine/prompt.h"

enum {
    MESSAGE_TOKENS = 8, /* a model's own marks around a message */
    IMAGE_TOKENS = 1600,
    ATTACHMENT_MAX_CHARS = 100000,
    ATTACHMENTS_MAX_BYTES = 4 << 20,
    DEFAULT_REASONING_TOKENS = 1024,
    IMAGES_MAX_BYTES =
        CHAT_MAX_FILES * CHAT_FILE_MAX_BYTES, /* as much as one message may have: few providers take more */
};

/* In the place of an image that the model is not given: one that is gone from disk, or that newer ones leave no room for. */
static const char LEFT_OUT[] = "[An image that is not shown again.]";

/* ---- the branch ---- */

struct chat_message_row *chat_message_at(const struct chat_message_list *list, uint32_t seq)
{
    size_t low = 0, high = list->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (list->rows[middle].seq == seq)
            return &list->rows[middle];
        if (list->rows[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* A parent stands before its children, so that this ends. */
size_t chat_branch(const struct chat_message_list *list, uint32_t seq, const struct chat_message_row **out)
{
    size_t n = 0;

    for (const struct chat_message_row *row = chat_message_at(list, seq); row;
         row = row->parent < row->seq ? chat_message_at(list, row->parent) : NULL)
        out[n++] = row;
    for (size_t i = 0; i < n / 2; i++) {
        const struct chat_message_row *row = out[i];

        out[i] = out[n - 1 - i];
        out[n - 1 - i] = row;
    }
    return n;
}

const char *chat_previous_text(const struct chat_message_list *list, uint32_t seq)
{
    const struct chat_message_row *row = chat_message_at(list, seq);

    while (row && row->parent && row->parent < row->seq) {
        row = chat_message_at(list, row->parent);
        if (row && !row->is_reply)
            return row->text;
    }
    return NULL;
}

/* ---- a message ---- */

struct branch {
    struct cq_ctx *ctx;
    const struct config *config;
    const struct chat_message_row **rows;
    size_t n;
    size_t first_seen;            /* of the rows whose images are shown */
    struct llm_message *messages; /* being made, oldest first */
    size_t n_messages;
};

static void write_attachment(const struct branch *b, struct json_out *out, const struct chat_content_file *file)
{
    const char *text;

    json_open_object(out);
    json_key(out, "file_name");
    json_text(out, file->file_name);
    json_key(out, "text");
    if (passages_text(b->ctx, b->config, file->hash, ATTACHMENT_MAX_CHARS, &text))
        json_null(out); /* what has no text, or could not be read */
    else
        json_text(out, text);
    json_close_object(out);
}

/* The attachments' texts as data. *out stays NULL when there are none. */
static enum cq_status attachments_text(const struct branch *b, const struct chat_content_file *files, size_t n,
                                       const char **out)
{
    struct buf *buf = buf_in_arena(b->ctx->arena, ATTACHMENTS_MAX_BYTES);
    const char *document = NULL;
    struct json_out json;
    size_t n_attachments = 0;

    if (!buf)
        return cq_fail(b->ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&json, buf);
    json_open_object(&json);
    json_key(&json, "attachments");
    json_open_array(&json);
    for (size_t i = 0; i < n; i++) {
        if (!files[i].file_name)
            continue;
        write_attachment(b, &json, &files[i]);
        n_attachments++;
    }
    json_close_array(&json);
    json_close_object(&json);
    enum cq_status st = n_attachments ? document_text(b->ctx, buf, &document) : CQ_OK;

    if (st || !n_attachments)
        return st;
    *out = arena_printf(b->ctx->arena, "%s\n%s", PROMPT_CHAT_ATTACHMENT, document);
    return *out ? CQ_OK : cq_fail(b->ctx, CQ_INTERNAL, "out of memory");
}

static void add_part(struct llm_message *message, struct llm_part part)
{
    struct llm_part *parts = (struct llm_part *)message->parts;

    parts[message->n_parts++] = part;
}

static void add_text(struct llm_message *message, const char *text)
{
    if (text && *text)
        add_part(message, (struct llm_part){.kind = LLM_TEXT, .text = text});
}

static void add_image(const struct branch *b, struct llm_message *message, const struct chat_content_file *file,
                      bool is_seen)
{
    struct llm_part part = {.kind = LLM_IMAGE, .media_type = file->media_type};

    if (is_seen && !file_map(b->ctx, b->config, file->hash, &part.data, &part.len))
        add_part(message, part);
    else
        add_text(message, LEFT_OUT);
}

static enum cq_status add_contents(const struct branch *b, struct llm_message *message,
                                   const struct chat_message_row *row, bool is_seen)
{
    struct chat_content_file files[2 * CHAT_MAX_FILES];
    size_t n = row->is_reply ? 0 : chat_content_files(b->ctx, row->content, files);
    const char *attachments = NULL;
    enum cq_status st = n ? attachments_text(b, files, n, &attachments) : CQ_OK;

    if (st)
        return st;
    add_text(message, attachments);
    add_text(message, row->text);
    for (size_t i = 0; i < n; i++)
        if (files[i].media_type)
            add_image(b, message, &files[i], is_seen);
    return CQ_OK;
}

/* ---- all of them ---- */

/* What is told of a row has so many parts at most. */
enum { PARTS_A_ROW = 2 + 2 * CHAT_MAX_FILES };

static enum llm_role role_of(const struct chat_message_row *row)
{
    return row->is_reply ? LLM_ASSISTANT : LLM_USER;
}

/* Neighbours of one role share a message. */
static enum cq_status add_rows(struct branch *b, size_t first)
{
    struct llm_part *parts = arena_zalloc(b->ctx->arena, (b->n - first) * PARTS_A_ROW, sizeof(*parts));
    enum cq_status st = CQ_OK;

    b->messages = arena_zalloc(b->ctx->arena, b->n - first + 1, sizeof(*b->messages));
    if (!parts || !b->messages)
        return cq_fail(b->ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = first; i < b->n && !st; i++) {
        const struct chat_message_row *row = b->rows[i];
        bool is_next = b->n_messages && b->messages[b->n_messages - 1].role == role_of(row);

        if (!is_next)
            b->messages[b->n_messages++] =
                (struct llm_message){.role = role_of(row), .parts = &parts[(i - first) * PARTS_A_ROW]};
        st = add_contents(b, &b->messages[b->n_messages - 1], row, i >= b->first_seen);
    }
    return st;
}

/* A message of one text is just that; one that has nothing left to say is dropped. */
static void simplify(struct branch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n_messages; i++) {
        struct llm_message m = b->messages[i];

        if (m.n_parts == 1 && m.parts[0].kind == LLM_TEXT)
            m = (struct llm_message){.role = m.role, .text = m.parts[0].text};
        if (m.text || m.n_parts)
            b->messages[n++] = m;
    }
    b->n_messages = n;
}

static size_t image_bytes(const struct branch *b, const struct chat_message_row *row)
{
    struct chat_content_file files[2 * CHAT_MAX_FILES];
    size_t n = row->is_reply ? 0 : chat_content_files(b->ctx, row->content, files), sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += files[i].media_type ? files[i].size : 0;
    return sum;
}

/* The first of the newest whose images are not too many together; the last one in any case. */
static size_t first_seen(const struct branch *b)
{
    size_t first = b->n - 1, used = image_bytes(b, b->rows[first]);

    while (first > 0) {
        used += image_bytes(b, b->rows[first - 1]);
        if (used > IMAGES_MAX_BYTES)
            break;
        first--;
    }
    return first;
}

static uint32_t row_tokens(const struct branch *b, const struct chat_message_row *row)
{
    struct chat_content_file files[2 * CHAT_MAX_FILES];
    size_t n = row->is_reply ? 0 : chat_content_files(b->ctx, row->content, files);
    uint32_t tokens = llm_tokens(row->text, strlen(row->text)) + MESSAGE_TOKENS;
    const char *text;

    for (size_t i = 0; i < n; i++) {
        if (files[i].media_type)
            tokens += IMAGE_TOKENS;
        else if (!passages_text(b->ctx, b->config, files[i].hash, ATTACHMENT_MAX_CHARS, &text))
            tokens += llm_tokens(text, strlen(text));
    }
    return tokens;
}

/* The first of the newest that fit; the last one in any case, and none of the model's before the user's. */
static size_t first_that_fits(const struct branch *b, uint32_t room)
{
    size_t first = b->n - 1, least = b->n > LLM_MAX_MESSAGES - 2 ? b->n - (LLM_MAX_MESSAGES - 2) : 0;
    uint64_t used = row_tokens(b, b->rows[first]);

    while (first > least) {
        used += row_tokens(b, b->rows[first - 1]);
        if (used > room)
            break;
        first--;
    }
    while (first + 1 < b->n && b->rows[first]->is_reply)
        first++;
    return first;
}

enum cq_status chat_ask_messages(struct cq_ctx *ctx, const struct config *config, const struct chat_message_list *list,
                                 uint32_t seq, uint32_t room, struct llm_ask *ask)
{
    struct branch b = {.ctx = ctx, .config = config};

    b.rows = arena_zalloc(ctx->arena, list->n + 1, sizeof(*b.rows));
    if (!b.rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    b.n = chat_branch(list, seq, b.rows);
    if (!b.n)
        return cq_fail(ctx, CQ_INTERNAL, "message %u is missing", seq);
    b.first_seen = first_seen(&b);
    enum cq_status st = add_rows(&b, first_that_fits(&b, room));
    if (st)
        return st;
    simplify(&b);
    ask->messages = b.messages;
    ask->n_messages = b.n_messages;
    return CQ_OK;
}

enum cq_status chat_ask_continue(struct cq_ctx *ctx, struct llm_ask *ask)
{
    struct llm_message *messages = arena_zalloc(ctx->arena, ask->n_messages + 1, sizeof(*messages));

    if (!messages)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    memcpy(messages, ask->messages, ask->n_messages * sizeof(*messages));
    messages[ask->n_messages] = (struct llm_message){.role = LLM_USER, .text = PROMPT_CHAT_CONTINUE};
    ask->messages = messages;
    ask->n_messages++;
    return CQ_OK;
}

enum cq_status chat_ask_unread(struct cq_ctx *ctx, const struct config *config, const struct chat_message_list *list,
                               uint32_t seq, struct hash_list *out)
{
    struct chat_content_file files[2 * CHAT_MAX_FILES];
    const struct chat_message_row **rows = arena_zalloc(ctx->arena, list->n + 1, sizeof(*rows));
    enum cq_status st = CQ_OK;

    if (!rows)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    size_t n = chat_branch(list, seq, rows);

    for (size_t i = 0; i < n; i++) {
        size_t n_files = rows[i]->is_reply ? 0 : chat_content_files(ctx, rows[i]->content, files);

        for (size_t k = 0; k < n_files && !st; k++)
            if (files[k].file_name && !passages_are_there(config, files[k].hash))
                st = hash_list_add(ctx, out, files[k].hash);
    }
    return st;
}

/* ---- parameters ---- */

static double number_or(struct json_object *object, const char *key, double other)
{
    struct json_object *value = json_get(object, key);
    bool is_number = json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int);

    return is_number ? json_object_get_double(value) : other;
}

static enum cq_status read_sequences(struct cq_ctx *ctx, struct json_object *list, struct llm_sampling *sampling)
{
    size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    const char **texts = arena_zalloc(ctx->arena, n + 1, sizeof(*texts));

    if (!texts)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < n; i++)
        texts[i] = json_object_get_string(json_object_array_get_idx(list, i));
    sampling->stop_sequences = texts;
    sampling->n_stop_sequences = n;
    return CQ_OK;
}

enum cq_status chat_ask_params(struct cq_ctx *ctx, const char *generation_params, bool wants_reasoning,
                               struct llm_ask *ask)
{
    struct json_object *params = NULL;
    struct llm_sampling *sampling = arena_zalloc(ctx->arena, 1, sizeof(*sampling));

    if (wants_reasoning)
        ask->reasoning_tokens = DEFAULT_REASONING_TOKENS;
    if (!generation_params)
        return CQ_OK;
    if (!sampling)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = json_read(ctx, generation_params, strlen(generation_params), &params);
    if (st)
        return st;
    sampling->temperature = number_or(params, "temperature", -1);
    sampling->top_p = number_or(params, "top_p", -1);
    sampling->top_k = (int)number_or(params, "top_k", -1);
    ask->max_tokens = (uint32_t)number_or(params, "max_tokens", 0);
    ask->sampling = sampling;
    if (wants_reasoning)
        ask->reasoning_tokens =
            (uint32_t)number_or(json_get(params, "reasoning_params"), "budget_tokens", DEFAULT_REASONING_TOKENS);
    return read_sequences(ctx, json_get(params, "stop_sequences"), sampling);
}
