/* What users are told of themselves: their sessions and how they end, their password, their courses. */
#include <pthread.h>
#include <unistd.h>

#include "attempt.h"
#include "store/db.h"

enum { IDLE_S = 600, ABSOLUTE_S = 3600 };

/* Begin one with that password, and give its id; 0: it was not begun. */
static uint64_t begin(const struct place *p, const char *password_hash, const char *browser)
{
    struct new_session session = {.user_id = p->user_id,
                                  .password_hash = password_hash,
                                  .user_agent = browser,
                                  .address = browser ? "2001:db8::1" : NULL,
                                  .idle_s = IDLE_S,
                                  .absolute_s = ABSOLUTE_S};

    random_bytes(session.hash, sizeof(session.hash));
    enum cq_status st = store_session_begin(p->ctx, p->db, &session);
    CU_ASSERT_TRUE(st == CQ_OK || st == CQ_RESOURCE_NOT_FOUND);
    return st ? 0
              : sql_number("SELECT MAX(id) FROM access_token WHERE user_id = %ju AND is_session = 1",
                           (uintmax_t)p->user_id);
}

static struct session_list list_of(const struct place *p)
{
    struct session_list list = {0};

    MUST(store_session_list(p->ctx, p->db, p->user_id, IDLE_S, &list));
    return list;
}

static bool is_listed(const struct place *p, uint64_t id)
{
    const struct session_list list = list_of(p);

    for (size_t i = 0; i < list.n; i++)
        if (list.rows[i].id == id)
            return true;
    return false;
}

static void set(uint64_t id, const char *assignment)
{
    sql_run("UPDATE access_token SET %s WHERE id = %ju", assignment, (uintmax_t)id);
}

static void token_new(const struct place *p)
{
    struct new_access_token token = {.user_id = p->user_id, .purpose = "test"};
    int64_t expires_at_ms;
    uint64_t id;

    random_bytes(token.hash, sizeof(token.hash));
    MUST(store_access_token_add(p->ctx, p->db, &token, &id, &expires_at_ms));
}

static uint64_t count_tokens(const struct place *p)
{
    return sql_number("SELECT COUNT(*) FROM access_token WHERE user_id = %ju AND is_session = 0 AND revoked_at IS NULL",
                      (uintmax_t)p->user_id);
}

/* ---- sessions ---- */

static bool is_about(int64_t at_ms, int64_t ago_s)
{
    int64_t off_ms = clock_unix_ms() - ago_s * 1000 - at_ms;

    return off_ms > -5000 && off_ms < 30000;
}

static void test_list(void)
{
    struct place p = place_new(), other = place_new();
    uint64_t first = begin(&p, NULL, "First/1.0"), second = begin(&p, NULL, NULL);
    uint64_t over = begin(&p, NULL, "over"), ended = begin(&p, NULL, "ended");

    begin(&other, NULL, "another's");
    token_new(&p);
    set(over, "expires_at = UTC_TIMESTAMP(3)");
    set(ended, "revoked_at = UTC_TIMESTAMP(3)");
    set(second, "created_at = created_at - INTERVAL 1000 SECOND, touch_at = touch_at - INTERVAL 300 SECOND");
    const struct session_list list = list_of(&p);

    CU_ASSERT_EQUAL_FATAL(list.n, 2);
    CU_ASSERT_TRUE(list.rows[0].id == first && list.rows[1].id == second);
    ASSERT_TEXT(list.rows[0].user_agent, "First/1.0");
    ASSERT_TEXT(list.rows[0].address, "2001:db8::1");
    CU_ASSERT_TRUE(!list.rows[1].user_agent && !list.rows[1].address);
    CU_ASSERT_EQUAL(list.rows[0].used_at_ms, list.rows[0].created_at_ms);
    CU_ASSERT_TRUE(is_about(list.rows[1].created_at_ms, 1000) && is_about(list.rows[1].used_at_ms, 300));
    CU_ASSERT_TRUE(is_about(list.rows[0].expires_at_ms, -IDLE_S));
}

/* A limit that was longer, or shorter, when the session was last used: its use is never before its beginning. */
static void test_last_use_after_another_limit(void)
{
    struct place p = place_new();
    struct session_list list = {0};

    begin(&p, NULL, NULL);
    MUST(store_session_list(p.ctx, p.db, p.user_id, 60, &list));
    CU_ASSERT_TRUE(list.n == 1 && is_about(list.rows[0].used_at_ms, -54));
    sql_run("UPDATE access_token SET touch_at = created_at + INTERVAL 6 SECOND WHERE user_id = %ju",
            (uintmax_t)p.user_id);
    list = list_of(&p);
    CU_ASSERT_TRUE(list.n == 1 && list.rows[0].used_at_ms == list.rows[0].created_at_ms);
}

static void test_most(void)
{
    struct place p = place_new();
    uint64_t first = begin(&p, NULL, NULL);

    for (int i = 0; i < SESSIONS_MAX; i++)
        begin(&p, NULL, NULL);
    CU_ASSERT_EQUAL(list_of(&p).n, SESSIONS_MAX);
    CU_ASSERT_FALSE(is_listed(&p, first));
}

static enum cq_status end(const struct place *p, uint64_t id, struct session_row *out)
{
    return store_session_end_by_id(p->ctx, p->db, p->user_id, id, IDLE_S, out);
}

static void test_end_one(void)
{
    struct place p = place_new(), other = place_new();
    uint64_t one = begin(&p, NULL, "One/1.0"), two = begin(&p, NULL, NULL);
    struct session_row row = {.id = 7};

    GIVES(CQ_RESOURCE_NOT_FOUND, end(&other, one, &row));
    GIVES(CQ_RESOURCE_NOT_FOUND, end(&p, 0, &row));
    CU_ASSERT_TRUE(row.id == 7 && is_listed(&p, one));
    GIVES(CQ_OK, end(&p, one, &row));
    CU_ASSERT_TRUE(row.id == one && row.created_at_ms > 0 && row.used_at_ms == row.created_at_ms);
    ASSERT_TEXT(row.user_agent, "One/1.0");
    CU_ASSERT_TRUE(!is_listed(&p, one) && is_listed(&p, two));
    GIVES(CQ_RESOURCE_NOT_FOUND, end(&p, one, &row));
    set(two, "expires_at = UTC_TIMESTAMP(3)");
    GIVES(CQ_RESOURCE_NOT_FOUND, end(&p, two, &row));
    token_new(&p);
    GIVES(CQ_RESOURCE_NOT_FOUND,
          end(&p, sql_number("SELECT MAX(id) FROM access_token WHERE user_id = %ju", (uintmax_t)p.user_id), &row));
    CU_ASSERT_EQUAL(count_tokens(&p), 1);
}

static void test_end_others(void)
{
    struct place p = place_new(), other = place_new();
    uint64_t kept = begin(&p, NULL, NULL), over = begin(&p, NULL, NULL), n_ended = 7;

    begin(&p, NULL, NULL);
    begin(&p, NULL, NULL);
    begin(&other, NULL, NULL);
    token_new(&p);
    set(over, "expires_at = UTC_TIMESTAMP(3)");
    MUST(store_session_end_others(p.ctx, p.db, p.user_id, kept, &n_ended));
    CU_ASSERT_EQUAL(n_ended, 2);
    CU_ASSERT_TRUE(list_of(&p).n == 1 && is_listed(&p, kept) && list_of(&other).n == 1);
    MUST(store_session_end_others(p.ctx, p.db, p.user_id, 0, &n_ended));
    CU_ASSERT_TRUE(n_ended == 1 && list_of(&p).n == 0 && count_tokens(&p) == 1);
}

/* What is over is not begun anew by a request that had found it still alive. */
static void test_no_touch_wakes_it(void)
{
    struct place p = place_new();
    uint64_t id = begin(&p, NULL, NULL);

    set(id, "expires_at = UTC_TIMESTAMP(3), touch_at = UTC_TIMESTAMP(3)");
    MUST(store_session_touch(p.ctx, p.db, id, IDLE_S, ABSOLUTE_S));
    CU_ASSERT_FALSE(is_listed(&p, id));
}

/* ---- the password ---- */

static void give_hash(const struct place *p, const char *hash)
{
    sql_run("UPDATE user SET password_hash = '%s' WHERE id = %ju", hash, (uintmax_t)p->user_id);
}

static bool has_hash(const struct place *p, const char *hash)
{
    return sql_number("SELECT COUNT(*) FROM user WHERE id = %ju AND password_hash = '%s'", (uintmax_t)p->user_id,
                      hash) == 1;
}

static enum cq_status change(const struct place *p, const char *from, const char *to, uint64_t kept, uint64_t *n_ended)
{
    const struct password_change change = {.user_id = p->user_id, .from = from, .to = to, .kept_session_id = kept};

    return store_password_change(p->ctx, p->db, &change, n_ended);
}

static void test_password(void)
{
    struct place p = place_new(), other = place_new();
    uint64_t n_ended = 7, kept;

    give_hash(&p, "$y$old");
    give_hash(&other, "$y$old");
    kept = begin(&p, "$y$old", NULL);
    begin(&p, "$y$old", NULL);
    begin(&other, "$y$old", NULL);
    token_new(&p);
    GIVES(CQ_RESOURCE_NOT_FOUND, change(&p, "$y$OLD", "$y$new", kept, &n_ended));
    CU_ASSERT_TRUE(n_ended == 7 && list_of(&p).n == 2 && has_hash(&p, "$y$old"));
    GIVES(CQ_OK, change(&p, "$y$old", "$y$new", kept, &n_ended));
    CU_ASSERT_TRUE(n_ended == 1 && list_of(&p).n == 1 && is_listed(&p, kept) && count_tokens(&p) == 1);
    CU_ASSERT_TRUE(has_hash(&p, "$y$new") && has_hash(&other, "$y$old") && list_of(&other).n == 1);
    CU_ASSERT_EQUAL(begin(&p, "$y$old", NULL), 0);
    CU_ASSERT_NOT_EQUAL(begin(&p, "$y$new", NULL), 0);
    CU_ASSERT_NOT_EQUAL(begin(&p, NULL, NULL), 0); /* by the campus's own sign-on */
}

struct meeting {
    struct place p;
    bool is_change;
    pthread_barrier_t *is_locked;
    enum cq_status st;
};

static const char UPDATE_HASH[] = "UPDATE user SET password_hash = '$y$new' WHERE id = ?";

static enum cq_status slow_change(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct meeting *m = arg;
    const struct db_in in[] = {IN_U64(m->p.user_id)};

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, UPDATE_HASH, in, LEN(in), NULL);
    pthread_barrier_wait(m->is_locked);
    usleep(200000);
    return st;
}

static void meet(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct meeting *m = arg;
    struct new_session session = {
        .user_id = m->p.user_id, .password_hash = "$y$old", .idle_s = IDLE_S, .absolute_s = ABSOLUTE_S};

    if (m->is_change) {
        m->st = db_tx(ctx, db, slow_change, m);
        return;
    }
    random_bytes(session.hash, sizeof(session.hash));
    pthread_barrier_wait(m->is_locked);
    m->st = store_session_begin(ctx, db, &session);
}

/* Who signs in with the old password while it is being changed gets no session that outlives it. */
static void test_sign_in_meanwhile(void)
{
    struct place p = place_new();
    pthread_barrier_t is_locked;

    give_hash(&p, "$y$old");
    pthread_barrier_init(&is_locked, NULL, 2);
    struct meeting changing = {p, true, &is_locked, CQ_INTERNAL}, signing_in = {p, false, &is_locked, CQ_INTERNAL};
    race(meet, &changing, &signing_in);
    pthread_barrier_destroy(&is_locked);
    GIVES(CQ_OK, changing.st);
    GIVES(CQ_RESOURCE_NOT_FOUND, signing_in.st);
    CU_ASSERT_EQUAL(list_of(&p).n, 0);
}

/* ---- commits whose outcome is not known ---- */

static void test_lost_commits(void)
{
    static const struct {
        const char *name;
        enum cut cut;
    } rows[] = {{"not done", CUT_BEFORE_COMMIT}, {"done", CUT_AFTER_COMMIT}};
    struct db *cut = db_create(cut_config());

    CU_ASSERT_PTR_NOT_NULL_FATAL(cut);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct place p = place_new(), q = p;
        struct session_row row = {0};
        uint64_t one = begin(&p, NULL, NULL), kept = begin(&p, NULL, NULL), n_ended = 0;

        q.db = cut;
        give_hash(&p, "$y$old");
        begin(&p, NULL, NULL);
        MUST(db_ping(q.ctx, q.db));
        cut_next_commit(rows[i].cut);
        ROW_ASSERT(rows[i].name, end(&q, one, &row) == CQ_OK && row.id == one && !is_listed(&p, one));
        cut_next_commit(rows[i].cut);
        ROW_ASSERT(rows[i].name, change(&q, "$y$old", "$y$new", kept, &n_ended) == CQ_OK && n_ended == 1);
        ROW_ASSERT(rows[i].name, has_hash(&p, "$y$new") && list_of(&p).n == 1);
        begin(&p, NULL, NULL);
        cut_next_commit(rows[i].cut);
        ROW_ASSERT(rows[i].name, !store_session_end_others(q.ctx, q.db, q.user_id, kept, &n_ended) && n_ended == 1);
        cut_next_commit(rows[i].cut);
        ROW_ASSERT(rows[i].name, begin(&q, "$y$new", NULL) != 0 && list_of(&p).n == 2);
    }
    db_destroy(cut);
}

/* ---- who one is ---- */

static void test_user(void)
{
    struct place p = place_new();
    struct user_row user = {0};

    MUST(store_user(p.ctx, p.db, p.user_id, &user));
    CU_ASSERT_TRUE(user.id == p.user_id && !user.is_admin && !user.has_password && !user.avatar_url);
    CU_ASSERT_TRUE(is_about(user.created_at_ms, 0));
    sql_run("UPDATE user SET is_admin = 1, password_hash = '$y$', avatar_url = 'https://a', name = 'Ada L',"
            " sortable_name = 'L, Ada', short_name = 'Ada' WHERE id = %ju",
            (uintmax_t)p.user_id);
    MUST(store_user(p.ctx, p.db, p.user_id, &user));
    CU_ASSERT_TRUE(user.is_admin && user.has_password);
    ASSERT_TEXT(user.avatar_url, "https://a");
    ASSERT_TEXT(user.name, "Ada L");
    ASSERT_TEXT(user.sortable_name, "L, Ada");
    ASSERT_TEXT(user.short_name, "Ada");
}

/* ---- courses ---- */

static void enroll_in(const struct place *p, const char *name, enum role role, bool is_active)
{
    uint64_t course_id, id;

    MUST(store_course_add(p->ctx, p->db, "C", name, &course_id));
    MUST(store_enroll(p->ctx, p->db, course_id, p->user_id, role, is_active, &id));
}

static struct course_list courses_of(const struct place *p, bool is_admin, uint64_t limit, uint64_t offset)
{
    struct course_list list = {0};

    MUST(store_course_list(p->ctx, p->db, p->user_id, is_admin, limit, offset, &list));
    return list;
}

static void test_courses(void)
{
    struct place p = place_new(), other = place_new();

    enroll_in(&p, "Zoology", ROLE_TEACHER, true);
    enroll_in(&p, "algebra", ROLE_TA, true);
    enroll_in(&p, "Algebra", ROLE_DESIGNER, true);
    enroll_in(&p, "Botany", ROLE_TEACHER, false);
    enroll_in(&other, "Astronomy", ROLE_TEACHER, true);
    struct course_list all = courses_of(&p, false, 10, 0);

    CU_ASSERT_TRUE_FATAL(all.n == 4 && all.total == 4);
    ASSERT_TEXT(all.rows[0].name, "algebra"); /* of equal names the first that was made */
    ASSERT_TEXT(all.rows[1].name, "Algebra");
    ASSERT_TEXT(all.rows[2].name, "course");
    ASSERT_TEXT(all.rows[3].name, "Zoology");
    ASSERT_TEXT(all.rows[3].code, "C");
    CU_ASSERT_TRUE(all.rows[0].roles == 1u << ROLE_TA && all.rows[2].roles == 1u << ROLE_STUDENT);
    CU_ASSERT_EQUAL(all.rows[2].id, p.course_id);
    struct course_list page = courses_of(&p, false, 2, 2), past = courses_of(&p, false, 2, 4);

    CU_ASSERT_TRUE(page.n == 2 && page.total == 4 && page.rows[0].id == all.rows[2].id);
    CU_ASSERT_TRUE(past.n == 0 && past.total == 4);
}

/* All there are, each with what the administrator is in it. */
static void test_courses_of_an_administrator(void)
{
    struct place p = place_new();
    struct course_list first = courses_of(&p, true, 3, 0);
    uint64_t total = sql_number("SELECT COUNT(*) FROM course"), n_own = 0, n = 0;

    CU_ASSERT_TRUE(first.n == 3 && first.total == total);
    for (uint64_t at = 0; at < total; at += 50) {
        struct course_list list = courses_of(&p, true, 50, at);

        for (size_t i = 0; i < list.n; i++, n++)
            n_own += list.rows[i].id == p.course_id && list.rows[i].roles == 1u << ROLE_STUDENT;
    }
    CU_ASSERT_TRUE(n == total && n_own == 1);
    CU_ASSERT_EQUAL(courses_of(&p, true, 3, total).n, 0);
}

SUITE(accounts, {"list", test_list}, {"last use after another limit", test_last_use_after_another_limit},
      {"most", test_most}, {"end one", test_end_one}, {"end others", test_end_others},
      {"no touch wakes it", test_no_touch_wakes_it}, {"password", test_password},
      {"sign-in meanwhile", test_sign_in_meanwhile}, {"lost commits", test_lost_commits}, {"user", test_user},
      {"courses", test_courses}, {"courses of an administrator", test_courses_of_an_administrator});
