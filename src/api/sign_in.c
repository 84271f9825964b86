/* /login and /logout: how a browser's session begins and ends. */
#include <string.h>

#include "api/authenticity.h"
#include "api/page.h"
#include "api/return_to.h"
#include "api/route.h"
#include "api/session.h"
#include "api/sign_in_limit.h"

enum { LOGIN_MAX_CHARS = 255 };

/* ---- the page ---- */

static void write_field(struct buf *out, const char *name, const char *label, const char *attributes, const char *value)
{
    buf_printf(out, "<p><label for=\"%s\">%s</label>\n<input id=\"%s\" name=\"%s\" required %s value=\"", name, label,
               name, name, attributes);
    page_text(out, value);
    buf_str(out, "\"></p>\n");
}

/* fault: what went wrong, plain text; NULL: nothing. login: as it was typed. */
static void answer_form(struct request *req, int status, const char *fault, const char *login)
{
    struct buf *out = page_open(req, status, "Sign in");

    if (fault)
        buf_printf(out, "<p role=\"alert\">%s</p>\n", fault);
    buf_str(out, "<form method=\"post\" action=\"/login\">\n<input type=\"hidden\" name=\"return_to\" value=\"");
    page_text(out, return_to(req));
    buf_str(out, "\">\n");
    write_field(out, "login", "User name", "autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\"",
                login);
    write_field(out, "password", "Password", "type=\"password\" autocomplete=\"current-password\"", "");
    buf_str(out, "<p><button type=\"submit\">Sign in</button></p>\n</form>\n");
    page_close(out);
}

static enum cq_status answer_see_other(struct request *req, const char *path)
{
    if (!path)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    response_begin(req, 303, "text/html; charset=utf-8");
    response_header(req, "Location", path);
    return CQ_OK;
}

/* ---- by the campus's own sign-on ---- */

static void answer_no_account(struct request *req, const char *login)
{
    struct buf *out = page_open(req, 403, "No account");

    buf_str(out, "<p>You are signed in to the campus as <strong>");
    page_text(out, login);
    buf_str(out, "</strong>, and that user name has no account here. Whoever runs this site can make one.</p>\n");
    page_close(out);
}

static bool is_login(const char *text)
{
    size_t len = strlen(text);

    return utf8_valid(text, len) && utf8_count(text, len) <= LOGIN_MAX_CHARS;
}

static enum cq_status find_user(struct request *req, const char *login, struct sign_in_user *out)
{
    enum cq_status st = is_login(login) ? store_sign_in_user(&req->ctx, req->db, login, out) : CQ_RESOURCE_NOT_FOUND;

    return st == CQ_RESOURCE_NOT_FOUND ? CQ_OK : st; /* id 0: nobody */
}

/* password_hash: what was verified; NULL: nothing was. CQ_RESOURCE_NOT_FOUND: it has been changed since. */
static enum cq_status begin_session(struct request *req, uint64_t user_id, const char *password_hash)
{
    enum cq_status st = session_begin(req, user_id, password_hash);

    return st ? st : answer_see_other(req, return_to_location(req));
}

static enum cq_status sign_in_remote_user(struct request *req)
{
    struct sign_in_user user = {.id = 0};
    enum cq_status st = find_user(req, req->remote_user, &user);

    if (!st && user.id)
        return begin_session(req, user.id, NULL);
    if (!st)
        answer_no_account(req, is_login(req->remote_user) ? req->remote_user : "");
    return st;
}

/* GET /login: 200 and the form; 303 for who the campus has signed in, 403 when that name has no account. */
enum cq_status sign_in_form(struct request *req)
{
    if (req->config->session.remote_user && req->remote_user && req->method == HTTP_GET)
        return sign_in_remote_user(req);
    answer_form(req, 200, NULL, "");
    return CQ_OK;
}

/* ---- by a password ---- */

static const char *text_field(const struct request *req, const char *name)
{
    struct param param = param_text(req, NULL, name);

    return param.state == PARAM_VALUE ? param.text : "";
}

static const char *lower_case(struct request *req, const char *text)
{
    char *out = arena_strdup(req->ctx.arena, text);

    for (char *c = out; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    return out;
}

/* All ways to write a login count as one: by the account that it names, else by what was typed in lower case. */
static const char *counted_name(struct request *req, const char *login, const struct sign_in_user *user)
{
    return user->id ? user->login : lower_case(req, is_login(login) ? login : "");
}

static enum cq_status answer_limited(struct request *req, const char *login, uint32_t wait_s)
{
    const char *retry_after = arena_printf(req->ctx.arena, "%u", wait_s);

    answer_form(req, 429, SIGN_IN_LIMITED, login);
    response_header(req, "Retry-After", retry_after);
    return CQ_OK;
}

static enum cq_status answer_wrong(struct request *req, const char *login, struct sign_in_subjects *subjects)
{
    enum cq_status st = store_sign_in_failed(&req->ctx, req->db, subjects);

    if (!st)
        answer_form(req, 401, "User name or password is wrong.", login);
    return st;
}

/*
 * POST /login: 303 with a new session; 401 and the form again; 429 after too many failures. An unknown name, one
 * without a local password and a wrong password take the same statements and the same one hash.
 */
enum cq_status sign_in_create(struct request *req)
{
    const char *login = text_field(req, "login"), *password = text_field(req, "password");
    struct sign_in_user user = {.id = 0};
    struct sign_in_subjects subjects;
    uint32_t wait_s = 0;

    enum cq_status st = find_user(req, login, &user);
    if (!st)
        st = sign_in_limit(req, counted_name(req, login, &user), &subjects, &wait_s);
    if (st)
        return st;
    login = is_login(login) ? login : "";
    if (wait_s)
        return answer_limited(req, login, wait_s);
    if (!password_verify(password, user.password_hash))
        return answer_wrong(req, login, &subjects);
    st = begin_session(req, user.id, user.password_hash);
    return st == CQ_RESOURCE_NOT_FOUND ? answer_wrong(req, login, &subjects) : st;
}

/* ---- and out ---- */

/* POST /logout: 303 to the form. A live session is ended only if its token is shown; without one there is nothing to do. */
enum cq_status sign_out(struct request *req)
{
    const char *session = session_cookie(req);
    uint8_t hash[SHA256_BYTES];
    bool is_live = false;

    if (!session)
        return answer_see_other(req, "/login");
    if (!session_hash(req, session, hash))
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = store_session_is_live(&req->ctx, req->db, hash, &is_live);
    if (!st && is_live && !authenticity_is_shown(req, session))
        st = CQ_AUTHENTICITY_TOKEN;
    if (!st && is_live)
        st = store_session_end(&req->ctx, req->db, hash);
    if (st)
        return st;
    session_forget(req);
    return answer_see_other(req, "/login");
}
