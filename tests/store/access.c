/* Access: what one statement tells of the caller, the course and the thing. */
#include "attempt.h"

#define SCOPE "url:GET|/api/v1/courses/:course_id/ai_experiences"

struct caller {
    struct place p;
    struct load_key key;
    uint64_t token_id;
};

/* A caller who names all that there is. */
static struct caller caller_new(const char *const *scopes, size_t n_scopes, uint64_t expires_in_s)
{
    struct caller c = {.p = place_new()};
    struct new_access_token token = {.user_id = c.p.user_id,
                                     .purpose = "test",
                                     .scopes = scopes,
                                     .n_scopes = n_scopes,
                                     .expires_in_s = expires_in_s};
    int64_t expires_at_ms;

    random_bytes(token.hash, sizeof(token.hash));
    MUST(store_access_token_add(c.p.ctx, c.p.db, &token, &c.token_id, &expires_at_ms));
    CU_ASSERT_EQUAL(expires_at_ms != 0, expires_in_s != 0);
    c.key = (struct load_key){
        .scope = SCOPE, .course_id = c.p.course_id, .ai_experience_id = c.p.ai_experience_id, .conversation_id = 0};
    memcpy(c.key.token_hash, token.hash, sizeof(token.hash));
    return c;
}

static struct access_row access_of(const struct caller *c)
{
    struct access_row access = {0};

    MUST(store_load_course(c->p.ctx, c->p.db, &c->key, &access));
    return access;
}

static void test_unknown(void)
{
    struct caller c = caller_new(NULL, 0, 0);
    struct access_row access = {.user_id = 7};
    struct ai_experience_row experience = {.id = 7};
    struct conversation_row conversation = {.id = 7};

    c.key.token_hash[0] ^= 1;
    GIVES(CQ_TOKEN_UNKNOWN, store_load_course(c.p.ctx, c.p.db, &c.key, &access));
    GIVES(CQ_TOKEN_UNKNOWN, store_load_ai_experience(c.p.ctx, c.p.db, &c.key, &access, &experience));
    GIVES(CQ_TOKEN_UNKNOWN, store_load_conversation(c.p.ctx, c.p.db, &c.key, &access, &experience, &conversation));
    CU_ASSERT_EQUAL(access.user_id + experience.id + conversation.id, 21); /* a failure leaves the outputs alone */
}

static void test_scopes(void)
{
    static const char *const both[] = {"url:POST|/x", SCOPE, SCOPE}, *const other[] = {"url:POST|/x"};
    static const struct {
        const char *name;
        const char *const *scopes;
        size_t n;
        bool want;
    } rows[] = {{"unscoped", NULL, 0, true}, {"named", both, 3, true}, {"not named", other, 1, false}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct caller c = caller_new(rows[i].scopes, rows[i].n, 0);

        ROW_ASSERT(rows[i].name, access_of(&c).has_scope == rows[i].want);
    }
}

static void test_expiry(void)
{
    struct caller c = caller_new(NULL, 0, 3600);
    int64_t in_ms = access_of(&c).expires_at_ms - clock_unix_ms();

    CU_ASSERT_TRUE(in_ms > 3500 * 1000 && in_ms <= 3601 * 1000);
    CU_ASSERT_FALSE(access_of(&c).is_expired);
    sql_run("UPDATE access_token SET expires_at = UTC_TIMESTAMP(3) WHERE id = %ju", (uintmax_t)c.token_id);
    CU_ASSERT_TRUE(access_of(&c).is_expired);
}

static void test_revoking(void)
{
    struct caller c = caller_new(NULL, 0, 0);

    CU_ASSERT_FALSE(access_of(&c).is_revoked);
    GIVES(CQ_OK, store_access_token_revoke(c.p.ctx, c.p.db, c.token_id, NULL));
    sql_run("UPDATE access_token SET revoked_at = '2001-02-03' WHERE id = %ju", (uintmax_t)c.token_id);
    GIVES(CQ_OK, store_access_token_revoke(c.p.ctx, c.p.db, 0, c.key.token_hash));
    CU_ASSERT_TRUE(access_of(&c).is_revoked);
    CU_ASSERT_EQUAL(sql_number("SELECT YEAR(revoked_at) FROM access_token WHERE id = %ju", (uintmax_t)c.token_id),
                    2001);
    c.key.token_hash[0] ^= 1;
    GIVES(CQ_RESOURCE_NOT_FOUND, store_access_token_revoke(c.p.ctx, c.p.db, 0, c.key.token_hash));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_access_token_revoke(c.p.ctx, c.p.db, UINT32_MAX, NULL));
}

static void test_roles(void)
{
    struct caller c = caller_new(NULL, 0, 0);
    uint64_t first, second;

    CU_ASSERT_EQUAL(access_of(&c).roles, 1u << ROLE_STUDENT);
    MUST(store_enroll(c.p.ctx, c.p.db, c.p.course_id, c.p.user_id, ROLE_TEACHER, true, &first));
    CU_ASSERT_EQUAL(access_of(&c).roles, 1u << ROLE_STUDENT | 1u << ROLE_TEACHER);
    MUST(store_enroll(c.p.ctx, c.p.db, c.p.course_id, c.p.user_id, ROLE_TEACHER, false, &second));
    CU_ASSERT_EQUAL(first, second);
    CU_ASSERT_EQUAL(access_of(&c).roles, 1u << ROLE_STUDENT);
    MUST(store_course_add(c.p.ctx, c.p.db, "OTHER", "other", &c.key.course_id));
    CU_ASSERT_EQUAL(access_of(&c).course_id, c.key.course_id); /* it is there, for one who is no member too */
    CU_ASSERT_EQUAL(access_of(&c).roles, 0);
    c.key.course_id = UINT32_MAX;
    CU_ASSERT_EQUAL(access_of(&c).course_id, 0);
    CU_ASSERT_EQUAL(access_of(&c).roles, 0);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_enroll(c.p.ctx, c.p.db, UINT32_MAX, c.p.user_id, ROLE_STUDENT, true, &first));
}

struct enrolling {
    const struct place *p;
    enum role role;
    enum cq_status st;
};

static void enroll(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct enrolling *e = arg;
    uint64_t id;

    e->st = store_enroll(ctx, db, e->p->course_id, e->p->user_id, e->role, true, &id);
}

/* Two operators at once: neither role is lost. */
static void test_roles_at_once(void)
{
    for (int round = 0; round < 10; round++) {
        struct caller c = caller_new(NULL, 0, 0);
        struct enrolling ta = {&c.p, ROLE_TA, CQ_INTERNAL}, designer = {&c.p, ROLE_DESIGNER, CQ_INTERNAL};

        race(enroll, &ta, &designer);
        GIVES(CQ_OK, ta.st);
        GIVES(CQ_OK, designer.st);
        CU_ASSERT_EQUAL(access_of(&c).roles, 1u << ROLE_STUDENT | 1u << ROLE_TA | 1u << ROLE_DESIGNER);
    }
}

/* What is not there, or elsewhere, is a 0 in its id, and the caller is known all the same. */
static void test_things(void)
{
    struct caller c = caller_new(NULL, 0, 0);
    struct access_row access = {0};
    struct ai_experience_row experience = {0};
    struct conversation_row conversation = {0};
    struct message_list messages = {0};
    struct attempt opening = attempt_opening(&c.p);
    uint64_t id;

    MUST(attempt_begin(&c.p, &opening));
    MUST(store_load_active_conversation(c.p.ctx, c.p.db, &c.key, &access, &experience, &conversation, &messages));
    CU_ASSERT_EQUAL(conversation.id + messages.n, 0); /* an opening is nobody's to see, */
    CU_ASSERT_EQUAL(access.roles, 1u << ROLE_STUDENT);
    c.key.conversation_id = opening.turn.conversation_id;
    MUST(store_load_conversation(c.p.ctx, c.p.db, &c.key, &access, &experience, &conversation));
    CU_ASSERT_EQUAL(conversation.id, 0); /* … by its id neither */
    MUST(attempt_complete(&c.p, &opening));
    MUST(store_load_conversation(c.p.ctx, c.p.db, &c.key, &access, &experience, &conversation));
    CU_ASSERT_EQUAL(conversation.id, opening.turn.conversation_id);
    ASSERT_TEXT(conversation.uuid, opening.request.conversation_uuid);
    ASSERT_TEXT(conversation.workflow_state, "active");
    ASSERT_TEXT(conversation.learning_objective, "one\ntwo");
    CU_ASSERT_EQUAL(conversation.user_id, c.p.user_id);
    CU_ASSERT_EQUAL(experience.id, c.p.ai_experience_id);
    MUST(store_enroll(c.p.ctx, c.p.db, c.p.course_id, c.p.user_id, ROLE_TA, true, &id));
    MUST(store_load_active_conversation(c.p.ctx, c.p.db, &c.key, &access, &experience, &conversation, &messages));
    CU_ASSERT_EQUAL(access.roles, 1u << ROLE_STUDENT | 1u << ROLE_TA);
    CU_ASSERT_EQUAL(conversation.id, opening.turn.conversation_id);
    ASSERT_TEXT(conversation.learning_objective, "one\ntwo");
    CU_ASSERT_EQUAL_FATAL(messages.n, 2); /* each once, however many the roles */
    CU_ASSERT_TRUE(!messages.rows[0].is_assistant && messages.rows[1].is_assistant);
    MUST(store_load_ai_experience(c.p.ctx, c.p.db, &c.key, &access, &experience));
    CU_ASSERT_EQUAL(experience.id, c.p.ai_experience_id);
    MUST(store_ai_experience_is_started(c.p.ctx, c.p.db, experience.id, &experience.is_started));
    CU_ASSERT_TRUE(experience.is_started);
    ASSERT_TEXT(experience.latest_state, "active");
    MUST(store_course_add(c.p.ctx, c.p.db, "OTHER", "other", &c.key.course_id));
    MUST(store_load_conversation(c.p.ctx, c.p.db, &c.key, &access, &experience, &conversation));
    CU_ASSERT_EQUAL(experience.id + conversation.id, 0); /* of another course */
    CU_ASSERT_EQUAL(access.user_id, c.p.user_id);
}

/* People compare names without case and accents: one login is one person. */
static void test_logins(void)
{
    struct cq_ctx *ctx = test_ctx();
    const char *login = arena_printf(ctx->arena, "Zo\xC3\xAB-%s", new_uuid(ctx));
    const char *same = arena_printf(ctx->arena, "zoe%s", login + strlen("Zo\xC3\xAB"));
    const struct new_user user = {.login = login, .name = "n", .sortable_name = "n", .short_name = "n"};
    const struct new_user twin = {.login = same, .name = "n", .sortable_name = "n", .short_name = "n"};
    uint64_t id = 0, found = 0;

    MUST(store_user_add(ctx, shared_db(), &user, &id));
    GIVES(CQ_DUPLICATE, store_user_add(ctx, shared_db(), &twin, &found));
    GIVES(CQ_OK, store_user_by_login(ctx, shared_db(), same, &found));
    CU_ASSERT_EQUAL(found, id);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_user_by_login(ctx, shared_db(), "nobody", &found));
}

SUITE(access, {"unknown token", test_unknown}, {"scopes", test_scopes}, {"expiry", test_expiry},
      {"revoking", test_revoking}, {"roles", test_roles}, {"roles at once", test_roles_at_once},
      {"things", test_things}, {"logins", test_logins});
