/* Conversations of the chat API: showing one, listing them, naming and stopping one (doc/api-chat.md 2.5, 2.6, 2.9, 2.4). */
#include <json-c/json.h>
#include <string.h>

#include "api/chat_represent.h"

enum {
    BODY_MAX_BYTES = 128 << 20, /* with images and attachments, which have half of it */
    LIST_MAX = 1000,
    TITLE_MAX_CHARS = 255,
};

/* ---- one ---- */

/* Nothing was given to a model that no search was made for: it costs a statement only where there can be something. */
static bool has_searched(const struct chat_message_list *messages)
{
    for (size_t i = 0; i < messages->n; i++)
        if (messages->rows[i].thinking_log)
            return true;
    return false;
}

static const char *last_name(const struct chat_row *chat, const struct chat_message_list *messages)
{
    for (size_t i = messages->n; i-- > 0;)
        if (messages->rows[i].seq == chat->last_seq)
            return messages->rows[i].name;
    return "system";
}

static enum cq_status write_map(struct request *req, struct json_out *out, enum chat_form form,
                                const struct chat_tree *tree)
{
    enum cq_status st = CQ_OK;

    json_open_object(out);
    json_key(out, "system");
    chat_write_root(out, form, tree, req->loaded->chat.created_at_ms);
    for (size_t i = 0; !st && i < tree->messages->n; i++) {
        json_key(out, tree->messages->rows[i].name);
        st = chat_write_message(req, out, form, tree, &tree->messages->rows[i]);
    }
    json_close_object(out);
    return st;
}

static void write_sums(struct json_out *out, enum chat_form form, const struct chat_row *chat)
{
    json_key(out, "model");
    json_text(out, chat->model);
    chat_key(out, form, "last_updated_time");
    chat_time(out, form, chat->updated_at_ms);
    chat_key(out, form, "total_price");
    chat_write_price(out, chat->price_nano);
    chat_key(out, form, "token_count");
    chat_write_token_count(out, form, chat->input_tokens, chat->output_tokens, chat->cache_read_tokens,
                           chat->cache_write_tokens);
}

static enum cq_status wants_html(struct request *req, bool *out)
{
    struct param p = param_text(req, NULL, "html");

    *out = false;
    if (p.state == PARAM_WRONG || (p.state == PARAM_VALUE && !parse_bool(p.text, p.len, out)))
        chat_problem(req, "html must be true or false");
    return chat_problems(req);
}

/* GET /conversation/:conversation_id: 200 and all that was said in it. */
enum cq_status chat_conversation_show(struct request *req)
{
    const struct chat_row *chat = &req->loaded->chat;
    struct chat_message_list messages;
    struct related_list related = {0};
    bool has_html;

    enum cq_status st = wants_html(req, &has_html);
    if (!st)
        st = store_chat_messages(&req->ctx, req->db, chat->id, &messages);
    if (!st && has_html)
        st = engine_chat_render(&req->ctx, &messages);
    if (!st && has_searched(&messages))
        st = store_related_list(&req->ctx, req->db, chat->user_id, chat->id, 0, &related);
    if (st)
        return st;
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);
    const struct chat_tree tree = {&messages, &related, has_html};

    out.buf->max = BODY_MAX_BYTES;
    json_open_object(&out);
    json_key(&out, "id");
    json_text(&out, chat->name);
    json_key(&out, "title");
    json_text(&out, chat->title);
    chat_key(&out, form, "create_time");
    chat_time(&out, form, chat->created_at_ms);
    chat_key(&out, form, "message_map");
    st = write_map(req, &out, form, &tree);
    chat_key(&out, form, "last_message_id");
    json_text(&out, last_name(chat, &messages));
    chat_key(&out, form, "bot_id");
    json_text(&out, chat->bot_name);
    chat_key(&out, form, "should_continue");
    json_boolean(&out, chat->should_continue);
    write_sums(&out, form, chat);
    json_close_object(&out);
    return st;
}

/* ---- all ---- */

struct cursor {
    int64_t created_ms;
    uint64_t id; /* 0: none, from the newest */
};

/* "MILLISECONDS-ID", as a page's link has it. */
static void read_cursor(struct request *req, struct cursor *out)
{
    struct param p = param_text(req, NULL, "cursor");
    const char *dash = p.state == PARAM_VALUE ? memchr(p.text, '-', p.len) : NULL;
    uint64_t created_ms = 0, id = 0;

    if (p.state == PARAM_ABSENT || p.state == PARAM_NULL)
        return;
    if (!dash || !parse_u64(p.text, (size_t)(dash - p.text), (uint64_t)1 << 47, &created_ms) ||
        !parse_id(dash + 1, p.len - (size_t)(dash + 1 - p.text), &id) || !id)
        chat_problem(req, "cursor must be one that a Link header has given");
    else
        *out = (struct cursor){(int64_t)created_ms, id};
}

static void write_list_row(struct json_out *out, enum chat_form form, const struct chat_list_row *row)
{
    json_open_object(out);
    json_key(out, "id");
    json_text(out, row->name);
    json_key(out, "title");
    json_text(out, row->title);
    chat_key(out, form, "create_time");
    chat_time(out, form, row->created_at_ms);
    json_key(out, "model");
    json_text(out, row->model);
    chat_key(out, form, "bot_id");
    json_text(out, row->bot_name);
    chat_key(out, form, "last_updated_time");
    chat_time(out, form, row->updated_at_ms);
    chat_key(out, form, "last_message_id");
    json_text(out, row->last_message ? row->last_message : "system");
    json_close_object(out);
}

static void link_next(struct request *req, const struct chat_list_row *last)
{
    const char *cursor =
        arena_printf(req->ctx.arena, "%lld-%llu", (long long)last->created_at_ms, (unsigned long long)last->id);

    if (cursor)
        page_link_next(req, cursor);
}

/* GET /conversations: 200 and the caller's own, newest first. */
enum cq_status chat_conversation_index(struct request *req)
{
    struct cursor cursor = {.id = 0};
    uint64_t limit = LIST_MAX;
    struct chat_list list;

    (void)chat_limit(req, "limit", LIST_MAX, LIST_MAX, &limit);
    read_cursor(req, &cursor);
    enum cq_status st = chat_problems(req);
    if (!st) /* one more, which says that there is another page */
        st = store_chat_list(&req->ctx, req->db, req->loaded->access.user_id, cursor.created_ms, cursor.id, limit + 1,
                             &list);
    if (st)
        return st;
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; i < list.n && i < limit; i++)
        write_list_row(&out, form, &list.rows[i]);
    json_close_array(&out);
    if (list.n > limit)
        link_next(req, &list.rows[limit - 1]);
    return CQ_OK;
}

/* ---- the title ---- */

/* A control character (C0, DEL, C1) becomes a space. In the arena; NULL: memory. */
static const char *without_controls(struct request *req, const char *text, size_t len, size_t *out_len)
{
    char *copy = arena_strndup(req->ctx.arena, text, len);
    size_t n = 0;

    for (size_t i = 0; copy && i < len; i++) {
        unsigned char c = (unsigned char)text[i], next = i + 1 < len ? (unsigned char)text[i + 1] : 0;
        bool is_c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;

        copy[n++] = c < 0x20 || c == 0x7f || is_c1 ? ' ' : text[i];
        i += is_c1;
    }
    *out_len = n;
    return copy;
}

static enum cq_status read_title(struct request *req, const char **out)
{
    struct json_object *value = chat_get(req->params, "new_title");
    size_t len = 0;

    if (!value)
        chat_problem(req, "new_title is required");
    else if (!json_object_is_type(value, json_type_string))
        chat_problem(req, "new_title must be a string");
    enum cq_status st = chat_problems(req);
    if (st)
        return st;
    const char *title =
        without_controls(req, json_object_get_string(value), (size_t)json_object_get_string_len(value), &len);
    if (!title)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    utf8_trim(&title, &len);
    size_t n = utf8_count(title, len);

    if (!n || n > TITLE_MAX_CHARS)
        chat_problem(req, "new_title must have 1 to %d characters", TITLE_MAX_CHARS);
    *out = arena_strndup(req->ctx.arena, title, len);
    return *out ? chat_problems(req) : cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
}

/* PATCH /conversation/:conversation_id/title: 200. */
enum cq_status chat_title_update(struct request *req)
{
    const char *title = NULL;

    enum cq_status st = chat_needs_json(req);
    if (!st)
        st = read_title(req, &title);
    if (!st)
        st = store_chat_rename(&req->ctx, req->db, req->loaded->chat.id, title);
    return st ? st : chat_answer_null(req);
}

/* ---- stopping ---- */

/* POST /conversation/:conversation_id/stop: 200. The worker that writes a reply ends it with what has come. */
enum cq_status chat_stop(struct request *req)
{
    enum cq_status st = store_turn_stop(&req->ctx, req->db, req->loaded->chat.id, &req->loaded->has_stopped);

    return st ? st : chat_answer_null(req);
}
