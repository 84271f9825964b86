/* Sessions: when they end, what moves that, and what failed sign-ins count. */
#include "attempt.h"

enum { IDLE_S = 600, ABSOLUTE_S = 3600 };

struct visitor {
    struct place p;
    struct new_session session;
};

static struct visitor visitor_new(void)
{
    struct visitor v = {.p = place_new()};

    v.session = (struct new_session){.user_id = v.p.user_id, .idle_s = IDLE_S, .absolute_s = ABSOLUTE_S};
    random_bytes(v.session.hash, sizeof(v.session.hash));
    MUST(store_session_begin(v.p.ctx, v.p.db, &v.session));
    return v;
}

static enum cq_status load(const struct visitor *v, bool as_session, struct access_row *access)
{
    struct load_key key = {.is_session = as_session, .scope = "none", .course_id = v->p.course_id};

    memcpy(key.token_hash, v->session.hash, sizeof(key.token_hash));
    return store_load_course(v->p.ctx, v->p.db, &key, access);
}

static struct access_row access_of(const struct visitor *v)
{
    struct access_row access = {0};

    MUST(load(v, true, &access));
    return access;
}

static bool is_live(const struct visitor *v)
{
    bool live = false;

    MUST(store_session_is_live(v->p.ctx, v->p.db, v->session.hash, &live));
    return live;
}

/* Let s seconds pass for it. */
static void age(const struct visitor *v, unsigned s)
{
    sql_run("UPDATE access_token SET created_at = created_at - INTERVAL %u SECOND, expires_at = expires_at - INTERVAL"
            " %u SECOND, touch_at = touch_at - INTERVAL %u SECOND WHERE user_id = %ju AND is_session = 1",
            s, s, s, (uintmax_t)v->p.user_id);
}

static void touch(const struct visitor *v)
{
    uint64_t id = access_of(v).touch_id;

    CU_ASSERT_NOT_EQUAL(id, 0);
    MUST(store_session_touch(v->p.ctx, v->p.db, id, IDLE_S, ABSOLUTE_S));
}

static bool lives_about(const struct visitor *v, int64_t seconds)
{
    int64_t left_ms = access_of(v).expires_at_ms - clock_unix_ms();

    return left_ms > (seconds - 30) * 1000 && left_ms <= (seconds + 2) * 1000;
}

/* What its row holds is good for nothing else: the value of a session does not work as an access token. */
static void test_is_no_access_token(void)
{
    struct visitor v = visitor_new();
    struct access_row access = {.user_id = 7};
    struct new_access_token token = {.user_id = v.p.user_id, .purpose = "test"};
    int64_t expires_at_ms;
    uint64_t id;

    GIVES(CQ_TOKEN_UNKNOWN, load(&v, false, &access));
    CU_ASSERT_EQUAL(access.user_id, 7);
    CU_ASSERT_EQUAL(access_of(&v).user_id, v.p.user_id);
    CU_ASSERT_TRUE(access_of(&v).has_scope);
    random_bytes(token.hash, sizeof(token.hash));
    MUST(store_access_token_add(v.p.ctx, v.p.db, &token, &id, &expires_at_ms));
    memcpy(v.session.hash, token.hash, sizeof(token.hash)); /* nor an access token as a session */
    GIVES(CQ_TOKEN_UNKNOWN, load(&v, true, &access));
    GIVES(CQ_OK, load(&v, false, &access));
    CU_ASSERT_EQUAL(access.touch_id, 0);
    CU_ASSERT_FALSE(is_live(&v));
    GIVES(CQ_OK, store_session_end(v.p.ctx, v.p.db, v.session.hash));
    GIVES(CQ_OK, load(&v, false, &access));
    CU_ASSERT_FALSE(access.is_revoked);
}

static void test_idle(void)
{
    struct visitor v = visitor_new();

    CU_ASSERT_TRUE(lives_about(&v, IDLE_S));
    CU_ASSERT_EQUAL(access_of(&v).touch_id, 0); /* it was used just now */
    age(&v, 61);
    touch(&v);
    CU_ASSERT_TRUE(lives_about(&v, IDLE_S));
    CU_ASSERT_EQUAL(access_of(&v).touch_id, 0);
    CU_ASSERT_TRUE(is_live(&v));
    age(&v, IDLE_S);
    CU_ASSERT_TRUE(access_of(&v).is_expired && !is_live(&v));
    CU_ASSERT_EQUAL(access_of(&v).touch_id, 0); /* nothing wakes it again */
}

static void test_absolute(void)
{
    struct visitor v = visitor_new();

    for (int i = 0; i < 6; i++) {
        age(&v, IDLE_S - 30);
        if (i < 5)
            CU_ASSERT_FALSE(access_of(&v).is_expired);
        touch(&v);
    }
    CU_ASSERT_TRUE(lives_about(&v, ABSOLUTE_S - 6 * (IDLE_S - 30)));
    age(&v, ABSOLUTE_S - 6 * (IDLE_S - 30));
    CU_ASSERT_TRUE(access_of(&v).is_expired);
}

static void test_short_limits(void)
{
    struct visitor v = {.p = place_new()};

    v.session = (struct new_session){.user_id = v.p.user_id, .idle_s = 60, .absolute_s = 60};
    random_bytes(v.session.hash, sizeof(v.session.hash));
    MUST(store_session_begin(v.p.ctx, v.p.db, &v.session));
    age(&v, 7); /* a tenth of so short a limit */
    CU_ASSERT_NOT_EQUAL(access_of(&v).touch_id, 0);
    v.session.idle_s = 3600;
    random_bytes(v.session.hash, sizeof(v.session.hash));
    MUST(store_session_begin(v.p.ctx, v.p.db, &v.session));
    CU_ASSERT_TRUE(lives_about(&v, 60)); /* the earlier of the two */
}

static void test_ending(void)
{
    struct visitor v = visitor_new(), other = visitor_new();

    MUST(store_session_end(v.p.ctx, v.p.db, v.session.hash));
    CU_ASSERT_TRUE(access_of(&v).is_revoked && !is_live(&v));
    CU_ASSERT_TRUE(is_live(&other));
    sql_run("UPDATE access_token SET revoked_at = '2001-02-03' WHERE user_id = %ju", (uintmax_t)v.p.user_id);
    MUST(store_session_end(v.p.ctx, v.p.db, v.session.hash));
    CU_ASSERT_EQUAL(sql_number("SELECT YEAR(revoked_at) FROM access_token WHERE user_id = %ju", (uintmax_t)v.p.user_id),
                    2001);
}

/* A sign-in ends the session that its cookie named, whosever it was, and no other; what is over is cleared away. */
static void test_beginning(void)
{
    struct visitor before = visitor_new(), v = before, elsewhere = before, other = visitor_new();

    random_bytes(v.session.hash, sizeof(v.session.hash));
    random_bytes(elsewhere.session.hash, sizeof(v.session.hash));
    MUST(store_session_begin(v.p.ctx, v.p.db, &elsewhere.session));
    v.session.ended_hash = before.session.hash;
    MUST(store_session_begin(v.p.ctx, v.p.db, &v.session));
    CU_ASSERT_TRUE(is_live(&v) && is_live(&elsewhere) && !is_live(&before));
    v.session.ended_hash = other.session.hash;
    random_bytes(v.session.hash, sizeof(v.session.hash));
    MUST(store_session_begin(v.p.ctx, v.p.db, &v.session));
    CU_ASSERT_FALSE(is_live(&other));
    CU_ASSERT_EQUAL(
        sql_number("SELECT COUNT(*) FROM access_token WHERE user_id = %ju AND is_session = 1", (uintmax_t)v.p.user_id),
        3); /* the first was cleared away */
}

static struct sign_in_subjects subjects_of(uint8_t pair, uint8_t address)
{
    struct sign_in_subjects s = {.pair = {0}};

    memset(s.pair, pair, sizeof(s.pair));
    memset(s.address, address, sizeof(s.address));
    return s;
}

static uint32_t wait_of(struct sign_in_subjects s, uint32_t limit)
{
    uint32_t wait_s = 99;

    MUST(store_sign_in_wait(test_ctx(), shared_db(), &s, limit, &wait_s));
    return wait_s;
}

static void fail(struct sign_in_subjects s)
{
    MUST(store_sign_in_failed(test_ctx(), shared_db(), &s));
}

static void test_failures(void)
{
    const struct sign_in_subjects ada = subjects_of('a', '1'), bob = subjects_of('b', '1'), far = subjects_of('A', '2');

    CU_ASSERT_EQUAL(wait_of(ada, 1), 0);
    fail(ada);
    fail(ada);
    CU_ASSERT_EQUAL(wait_of(ada, 3), 0);
    fail(ada);
    CU_ASSERT_TRUE(wait_of(ada, 3) > 50 && wait_of(ada, 3) <= 60);
    CU_ASSERT_TRUE(wait_of(bob, 3) > 0); /* by the address, */
    CU_ASSERT_EQUAL(wait_of(far, 1), 0); /* … which others do not share */
    sql_run("UPDATE sign_in_failure SET began_at = began_at - INTERVAL 40 SECOND");
    CU_ASSERT_TRUE(wait_of(ada, 3) > 10 && wait_of(ada, 3) <= 20);
    sql_run("UPDATE sign_in_failure SET began_at = began_at - INTERVAL 20 SECOND");
    CU_ASSERT_EQUAL(wait_of(ada, 1), 0);
    fail(bob); /* begins a new minute of the address, and clears away what is over */
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM sign_in_failure"), 2);
    CU_ASSERT_EQUAL(sql_number("SELECT MAX(n) FROM sign_in_failure"), 1);
}

struct failing {
    struct sign_in_subjects subjects;
    enum cq_status st;
};

static void fail_often(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct failing *f = arg;

    for (int i = 0; i < 20 && !f->st; i++)
        f->st = store_sign_in_failed(ctx, db, &f->subjects);
    db_rest(db);
}

/* Two workers at once, whose rows cross: none is lost. */
static void test_failures_at_once(void)
{
    struct failing one = {subjects_of('x', 'y'), CQ_OK}, other = {subjects_of('y', 'x'), CQ_OK};

    sql_run("DELETE FROM sign_in_failure");
    race(fail_often, &one, &other);
    GIVES(CQ_OK, one.st);
    GIVES(CQ_OK, other.st);
    CU_ASSERT_EQUAL(sql_number("SELECT MIN(n) FROM sign_in_failure"), 40);
}

SUITE(sessions, {"a session is no access token", test_is_no_access_token}, {"idle", test_idle},
      {"absolute", test_absolute}, {"short limits", test_short_limits}, {"ending", test_ending},
      {"beginning", test_beginning}, {"failures", test_failures}, {"failures at once", test_failures_at_once});
