/* Who is signed in (doc/api-pages.md 1.1). */
#include "api/route.h"

/* What the caller may do with bots, whoever is allowed to by the config. */
struct permissions {
    bool may_create, may_share;
};

static enum cq_status ask(struct request *req, enum config_who who, bool *may)
{
    enum cq_status st = allow_who(req, who);

    *may = !st;
    return st == CQ_FORBIDDEN ? CQ_OK : st;
}

static enum cq_status read_permissions(struct request *req, struct permissions *out)
{
    const struct config_bots *bots = &req->config->bots;

    enum cq_status st = ask(req, bots->create, &out->may_create);
    out->may_share = out->may_create;
    if (!st && bots->share_all != bots->create)
        st = ask(req, bots->share_all, &out->may_share);
    return st;
}

static void write_user(struct json_out *out, const struct user_row *user)
{
    json_key(out, "id");
    json_id(out, user->id);
    json_key(out, "name");
    json_text(out, user->name);
    json_key(out, "sortable_name");
    json_text(out, user->sortable_name);
    json_key(out, "short_name");
    json_text(out, user->short_name);
    json_key(out, "avatar_url");
    json_text(out, user->avatar_url);
    json_key(out, "login_id");
    json_text(out, user->login);
    json_key(out, "is_admin");
    json_boolean(out, user->is_admin);
    json_key(out, "has_password");
    json_boolean(out, user->has_password);
    json_key(out, "created_at");
    json_time(out, user->created_at_ms);
}

/* GET /users/self: 200 and the caller. */
enum cq_status user_show(struct request *req)
{
    struct user_row user;
    struct permissions permissions;

    enum cq_status st = store_user(&req->ctx, req->db, req->loaded->access.user_id, &user);
    if (!st)
        st = read_permissions(req, &permissions);
    if (st)
        return st;
    struct json_out out = response_json(req, 200);

    json_open_object(&out);
    write_user(&out, &user);
    json_key(&out, "permissions");
    json_open_object(&out);
    json_key(&out, "create_bot");
    json_boolean(&out, permissions.may_create);
    json_key(&out, "share_bot_with_all");
    json_boolean(&out, permissions.may_share);
    json_close_object(&out);
    json_close_object(&out);
    return CQ_OK;
}
