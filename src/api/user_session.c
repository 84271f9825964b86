/* One's signed-in browsers, and how they are signed out (doc/api-pages.md 1.2 to 1.4). */
#include "api/route.h"
#include "api/session.h"

static void write_session(struct json_out *out, const struct request *req, const struct session_row *session)
{
    json_open_object(out);
    json_key(out, "id");
    json_id(out, session->id);
    json_key(out, "created_at");
    json_time(out, session->created_at_ms);
    json_key(out, "used_at");
    json_time(out, session->used_at_ms);
    json_key(out, "expires_at");
    json_time(out, session->expires_at_ms);
    json_key(out, "user_agent");
    json_text(out, session->user_agent);
    json_key(out, "address");
    json_text(out, session->address);
    json_key(out, "current");
    json_boolean(out, session->id == session_id(req));
    json_close_object(out);
}

/* GET …/sessions: 200 and those that are not over. */
enum cq_status user_session_index(struct request *req)
{
    struct session_list list;

    enum cq_status st =
        store_session_list(&req->ctx, req->db, req->loaded->access.user_id, req->config->session.idle_s, &list);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_array(&out);
    for (size_t i = 0; i < list.n; i++)
        write_session(&out, req, &list.rows[i]);
    json_close_array(&out);
    return CQ_OK;
}

/* DELETE …/sessions/:id: 200 and the session as it was. Whose own that is, their browser forgets it. */
enum cq_status user_session_delete(struct request *req)
{
    struct session_row session;

    enum cq_status st = store_session_end_by_id(&req->ctx, req->db, req->loaded->access.user_id,
                                                path_param_id(req, "id"), req->config->session.idle_s, &session);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    write_session(&out, req, &session);
    if (session.id == session_id(req))
        session_forget(req);
    return CQ_OK;
}

/* DELETE …/sessions: 200 and how many were ended; the one that asks goes on. */
enum cq_status user_session_delete_others(struct request *req)
{
    uint64_t n_ended;

    enum cq_status st =
        store_session_end_others(&req->ctx, req->db, req->loaded->access.user_id, session_id(req), &n_ended);
    if (!st)
        answer_ended(req, n_ended);
    return st;
}
