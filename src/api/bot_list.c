/* Lists of bots: one's own, those recently used, and the bot store. */
#include "api/bot_represent.h"

enum { MAX_LIMIT = 100, STORE_LIMIT = 20, QUERY_MAX_CHARS = 200 };

static enum cq_status answer_list(struct request *req, const struct bot_list *list)
{
    struct json_out out = response_json(req, 200);
    enum chat_form form = chat_form(req);

    json_open_array(&out);
    for (size_t i = 0; i < list->n; i++)
        bot_write_meta(req, &out, form, &list->rows[i]);
    json_close_array(&out);
    return CQ_OK;
}

static enum cq_status answer_kind(struct request *req, enum bot_list_kind kind, uint64_t limit)
{
    struct bot_list list;

    enum cq_status st = store_bot_list(&req->ctx, req->db, req->loaded->access.user_id, kind, limit, &list);
    return st ? st : answer_list(req, &list);
}

/* ---- one's own, and what one uses ---- */

static bool is_starred_only(struct request *req)
{
    struct param p = param_text(req, NULL, "starred");
    bool is_starred = false;

    if (p.state == PARAM_WRONG || (p.state == PARAM_VALUE && p.len && !parse_bool(p.text, p.len, &is_starred)))
        chat_problem(req, "starred must be true or false");
    return is_starred;
}

/* Whether the list is of other people's bots, too. */
static bool is_mixed(struct request *req)
{
    struct param p = param_text(req, NULL, "kind");
    bool is_mixed = p.state == PARAM_VALUE && str_eq(p.text, "mixed");

    if (p.state == PARAM_WRONG || (p.state == PARAM_VALUE && !is_mixed && !str_eq(p.text, "private")))
        chat_problem(req, "kind must be private or mixed");
    return is_mixed;
}

/* GET …/bot: 200 and the caller's own bots; of kind mixed those starred, or those recently used. */
enum cq_status bot_index(struct request *req)
{
    uint64_t limit = 0;
    bool is_of_all = is_mixed(req), is_starred = is_starred_only(req);

    (void)chat_limit(req, "limit", 0, MAX_LIMIT, &limit);
    if (is_of_all && is_starred == (limit > 0))
        chat_problem(req, "kind=mixed needs either starred=true or limit");
    enum cq_status st = chat_problems(req);
    if (st)
        return st;
    enum bot_list_kind own = is_starred ? BOTS_OWN_STARRED : BOTS_OWN, all = is_starred ? BOTS_STARRED : BOTS_RECENT;

    return answer_kind(req, is_of_all ? all : own, limit ? limit : UINT32_MAX);
}

/* ---- the store ---- */

/* GET …/store/popular: 200 and the bots that are shared with the caller, those first that have replied most. */
enum cq_status bot_popular(struct request *req)
{
    uint64_t limit;

    return chat_limit(req, "limit", STORE_LIMIT, MAX_LIMIT, &limit) ? answer_kind(req, BOTS_POPULAR, limit)
                                                                    : chat_problems(req);
}

static const char *query_of(struct request *req)
{
    struct param p = param_text(req, NULL, "query");
    const char *text = p.state == PARAM_VALUE ? p.text : "";
    size_t len = p.state == PARAM_VALUE ? p.len : 0;

    utf8_trim(&text, &len);
    size_t n = utf8_count(text, len);

    if (n < 1 || n > QUERY_MAX_CHARS)
        chat_problem(req, "query must have 1 to %d characters", QUERY_MAX_CHARS);
    return arena_strndup(req->ctx.arena, text, len);
}

/* GET …/store/search: 200 and the bots that the caller may use in whose title or description the query stands. */
enum cq_status bot_search(struct request *req)
{
    struct bot_list list;
    uint64_t limit = 0;
    const char *query = query_of(req);

    (void)chat_limit(req, "limit", STORE_LIMIT, MAX_LIMIT, &limit);
    enum cq_status st = chat_problems(req);
    if (st)
        return st;
    if (!query)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    st = store_bot_search(&req->ctx, req->db, req->loaded->access.user_id, query, limit, &list);
    return st ? st : answer_list(req, &list);
}

/* ---- what is not offered ---- */

static enum cq_status answer_none(struct request *req)
{
    const struct bot_list none = {.n = 0};

    return answer_list(req, &none);
}

/* GET …/bot/pinned: 200 and none. */
enum cq_status bot_pinned(struct request *req)
{
    return answer_none(req);
}

/* GET …/bot/:bot_id/agent/available-tools: 200 and none. */
enum cq_status bot_tools(struct request *req)
{
    return answer_none(req);
}
