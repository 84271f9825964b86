/* Searching one's conversations (doc/api-chat.md 2.7). */
#include "api/chat_form.h"

enum { MAX_QUERY_CHARS = 200, LIMIT = 20, MAX_LIMIT = 100 };

/* What is asked for, trimmed. False: noted. */
static bool read_query(struct request *req, const char **text, size_t *len)
{
    struct param p = param_text(req, NULL, "query");

    if (p.state != PARAM_VALUE) {
        chat_problem(req, p.state == PARAM_WRONG ? "query must be a string" : "query is required");
        return false;
    }
    utf8_trim(&p.text, &p.len);
    size_t n = utf8_count(p.text, p.len);

    if (!n || n > MAX_QUERY_CHARS) {
        chat_problem(req, "query must have 1 to %d characters", MAX_QUERY_CHARS);
        return false;
    }
    *text = p.text;
    *len = p.len;
    return true;
}

static void write_highlight(struct json_out *out, enum chat_form form, const char *field, const char *const *fragments,
                            size_t n)
{
    json_open_object(out);
    chat_key(out, form, "field_name");
    json_text(out, field);
    json_key(out, "fragments");
    json_open_array(out);
    for (size_t i = 0; i < n; i++)
        json_text(out, fragments[i]);
    json_close_array(out);
    json_close_object(out);
}

static void write_found(struct json_out *out, enum chat_form form, const struct chat_found *found)
{
    json_open_object(out);
    json_key(out, "id");
    json_text(out, found->row.name);
    json_key(out, "title");
    json_text(out, found->row.title);
    chat_key(out, form, "create_time");
    chat_time(out, form, found->row.created_at_ms);
    chat_key(out, form, "last_updated_time");
    chat_time(out, form, found->row.updated_at_ms);
    chat_key(out, form, "bot_id");
    json_text(out, found->row.bot_name);
    json_key(out, "highlights");
    json_open_array(out);
    if (found->title)
        write_highlight(out, form, "Title", &found->title, 1);
    if (found->n_bodies)
        write_highlight(out, form, "MessageBody", found->bodies, found->n_bodies);
    json_close_array(out);
    json_close_object(out);
}

enum cq_status chat_search(struct request *req)
{
    struct chat_found_list list = {0};
    const char *query = "";
    size_t len = 0;
    uint64_t limit = LIMIT;

    (void)read_query(req, &query, &len);
    (void)chat_limit(req, "limit", LIMIT, MAX_LIMIT, &limit);
    enum cq_status st = chat_problems(req);

    if (!st)
        st = engine_chat_search(&req->ctx, req->db, req->loaded->access.user_id, query, len, (size_t)limit, &list);
    if (st)
        return st;
    enum chat_form form = chat_form(req);
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; i < list.n; i++)
        write_found(&out, form, &list.all[i]);
    json_close_array(&out);
    return CQ_OK;
}
