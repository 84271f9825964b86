/* Changing one's password (doc/api-pages.md 1.5). */
#include "api/fields.h"
#include "api/route.h"
#include "api/session.h"
#include "api/sign_in_limit.h"

enum { MIN_CHARS = 12 };

_Static_assert(PASSWORD_MAX_BYTES == 511, "as the message says");

/* ---- what was sent ---- */

struct passwords {
    const char *from, *to;
};

/* NULL: there is none that could be one, and the fault is noted. */
static const char *read_password(const struct request *req, const char *name, struct field_errors *errors)
{
    struct param p = param_text(req, NULL, name);

    if (p.state == PARAM_WRONG)
        field_error(errors, name, "is invalid");
    else if (p.state != PARAM_VALUE || utf8_blank(p.text, p.len))
        field_error(errors, name, "can't be blank");
    else
        return p.text;
    return NULL;
}

/* What nobody can see in the field where they type it. */
static bool has_control(const char *text, size_t len)
{
    size_t n;

    for (; len > 0; text += n, len -= n) {
        uint32_t c = utf8_decode(text, len, &n);

        if (c < 0x20 || (c >= 0x7F && c < 0xA0))
            return true;
    }
    return false;
}

static void check_new_password(const char *text, struct field_errors *errors)
{
    size_t len = strlen(text);

    if (has_control(text, len))
        field_error(errors, "password", "is invalid");
    if (utf8_count(text, len) < MIN_CHARS)
        field_error(errors, "password", "is too short (minimum is 12 characters)");
    if (len > PASSWORD_MAX_BYTES)
        field_error(errors, "password", "is too long (maximum is 511 bytes)");
}

static struct passwords read_passwords(const struct request *req, struct field_errors *errors)
{
    struct passwords p = {read_password(req, "current_password", errors), read_password(req, "password", errors)};

    if (p.to)
        check_new_password(p.to, errors);
    return p;
}

/* ---- the change ---- */

static enum cq_status answer_fault(struct request *req, const char *field, const char *message)
{
    struct field_errors errors = {.n = 0};

    field_error(&errors, field, message);
    answer_field_errors(req, &errors);
    return CQ_OK;
}

/* One who guesses here is one who guesses at the door. */
static enum cq_status answer_wrong(struct request *req, struct sign_in_subjects *subjects)
{
    enum cq_status st = store_sign_in_failed(&req->ctx, req->db, subjects);

    return st ? st : answer_fault(req, "current_password", "is wrong");
}

static enum cq_status change(struct request *req, const struct sign_in_user *user, const char *to,
                             struct sign_in_subjects *subjects)
{
    char hash[PASSWORD_HASH_BYTES];
    const struct password_change change = {
        .user_id = user->id, .from = user->password_hash, .to = hash, .kept_session_id = session_id(req)};
    uint64_t n_ended;

    if (!password_hash(to, hash))
        return cq_fail(&req->ctx, CQ_INTERNAL, "the password could not be hashed");
    enum cq_status st = store_password_change(&req->ctx, req->db, &change, &n_ended);
    if (st == CQ_RESOURCE_NOT_FOUND) /* it was changed meanwhile */
        return answer_wrong(req, subjects);
    if (!st)
        answer_ended(req, n_ended);
    return st;
}

static enum cq_status verify_and_change(struct request *req, const struct sign_in_user *user,
                                        const struct passwords *passwords)
{
    struct sign_in_subjects subjects;
    uint32_t wait_s = 0;

    enum cq_status st = sign_in_limit(req, user->login, &subjects, &wait_s);
    if (st)
        return st;
    if (wait_s) {
        req->ctx.retry_after_s = wait_s;
        return refuse(req, CQ_RATE_LIMITED, SIGN_IN_LIMITED);
    }
    if (!password_verify(passwords->from, user->password_hash))
        return answer_wrong(req, &subjects);
    if (str_eq(passwords->from, passwords->to))
        return answer_fault(req, "password", "is the same as before");
    return change(req, user, passwords->to, &subjects);
}

/*
 * PUT /users/self/password: 200 and how many other sessions were ended; 400, field → messages; 403 for a user without a local
 * password; 429 after too many failures.
 */
enum cq_status password_update(struct request *req)
{
    struct field_errors errors = {.n = 0};
    struct sign_in_user user;

    enum cq_status st = store_sign_in_user_by_id(&req->ctx, req->db, req->loaded->access.user_id, &user);
    if (!st && !user.password_hash)
        st = CQ_FORBIDDEN;
    if (st)
        return st;
    struct passwords passwords = read_passwords(req, &errors);

    if (!has_field_errors(&errors))
        return verify_and_change(req, &user, &passwords);
    answer_field_errors(req, &errors);
    return CQ_OK;
}
