/* Transactions and connections: what is run again, what is given up, and that the database may come and go. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "attempt.h"
#include "store/db.h"

enum { QUICKLY_MS = 1000, AGAIN_AT_MOST = 3, MANY = 20 };

static const char APPEND_TO_COURSE[] = "UPDATE course SET name = CONCAT(name, ?) WHERE id = ?";
static const char INSERT_COURSE[] = "INSERT INTO course (code, name, created_at) VALUES (?, '', UTC_TIMESTAMP(3))";
static const char COUNT_COURSES[] = "SELECT COUNT(*) FROM course WHERE code = ?";

static enum cq_status append(struct cq_ctx *ctx, struct db *db, uint64_t course_id, const char *mark)
{
    const struct db_in in[] = {IN_TEXT(mark), IN_U64(course_id)};

    return db_execute(ctx, db, APPEND_TO_COURSE, in, LEN(in), NULL);
}

static enum cq_status insert_course(struct cq_ctx *ctx, struct db *db, const char *code)
{
    const struct db_in in[] = {IN_TEXT(code)};

    return db_execute(ctx, db, INSERT_COURSE, in, LEN(in), NULL);
}

static enum cq_status count_courses(struct cq_ctx *ctx, struct db *db, const char *code, uint64_t *n)
{
    const struct db_in in[] = {IN_TEXT(code)};
    const struct db_out out[] = {OUT_U64(*n)};

    return db_query_one(ctx, db, COUNT_COURSES, in, LEN(in), out, LEN(out));
}

static uint64_t committed(const char *code)
{
    return sql_number("SELECT COUNT(*) FROM course WHERE code = '%s'", code);
}

/* The server has let go of it when this returns. */
static void kill_connection(uint64_t id)
{
    sql_run("KILL CONNECTION %ju", (uintmax_t)id);
    for (int i = 0; i < 500; i++) {
        if (!sql_number("SELECT COUNT(*) FROM information_schema.processlist WHERE id = %ju", (uintmax_t)id))
            return;
        usleep(10000);
    }
    give_up("a killed connection lives on");
}

/* ---- deadlocks ---- */

struct crossing {
    uint64_t first, second; /* courses */
    const char *mark;
    pthread_barrier_t *both_locked;
    int runs;
    enum cq_status st;
};

static enum cq_status crossing_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct crossing *c = arg;

    (void)is_rerun;
    enum cq_status st = append(ctx, db, c->first, c->mark);
    if (c->runs++ == 0)
        pthread_barrier_wait(c->both_locked);
    return st ? st : append(ctx, db, c->second, c->mark);
}

static void cross(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct crossing *c = arg;

    c->st = db_tx(ctx, db, crossing_tx, c);
}

static void test_deadlock(void)
{
    struct place p = place_new();

    for (int round = 0; round < 5; round++) {
        pthread_barrier_t both_locked;
        uint64_t a = 0, b = 0;

        MUST(store_course_add(p.ctx, p.db, "A", "", &a));
        MUST(store_course_add(p.ctx, p.db, "B", "", &b));
        pthread_barrier_init(&both_locked, NULL, 2);
        struct crossing one = {a, b, "1", &both_locked, 0, CQ_INTERNAL},
                        two = {b, a, "2", &both_locked, 0, CQ_INTERNAL};
        race(cross, &one, &two);
        pthread_barrier_destroy(&both_locked);
        GIVES(CQ_OK, one.st);
        GIVES(CQ_OK, two.st);
        CU_ASSERT_TRUE(one.runs + two.runs > 2);
        CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM course WHERE id IN (%ju, %ju) AND name IN ('12', '21')",
                                   (uintmax_t)a, (uintmax_t)b),
                        2); /* each mark once in each */
    }
}

/* ---- the function's own end ---- */

struct ending {
    const char *code;
    enum cq_status st;
    int runs;
};

static enum cq_status ending_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct ending *e = arg;

    e->runs++;
    CU_ASSERT_FALSE(is_rerun);
    enum cq_status st = insert_course(ctx, db, e->code);
    return st ? st : e->st;
}

static void test_endings(void)
{
    static const struct {
        const char *name;
        enum cq_status st, want;
        int runs;
        uint64_t n;
    } rows[] = {
        {"committed", CQ_OK, CQ_OK, 1, 1},
        {"rolled back", CQ_LOST, CQ_LOST, 1, 0},
        {"again and again", CQ_AGAIN, CQ_BUSY, 1 + AGAIN_AT_MOST, 0},
    };
    struct cq_ctx *ctx = test_ctx();

    for (size_t i = 0; i < LEN(rows); i++) {
        struct ending e = {.code = new_uuid(ctx), .st = rows[i].st};

        ROW_ASSERT(rows[i].name, db_tx(ctx, shared_db(), ending_tx, &e) == rows[i].want);
        ROW_ASSERT(rows[i].name, e.runs == rows[i].runs && committed(e.code) == rows[i].n);
    }
}

/* ---- killed connections ---- */

enum when { AT_FIRST, BETWEEN, AT_LAST };

struct killing {
    const char *code;
    enum when when;
    int n_kills; /* the first so many runs */
    int runs, reruns;
};

static void kill_own(struct cq_ctx *ctx, struct db *db, const struct killing *k, enum when when)
{
    if (k->runs <= k->n_kills && k->when == when)
        kill_connection(connection_id(ctx, db));
}

static enum cq_status killing_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct killing *k = arg;

    k->runs++;
    k->reruns += is_rerun;
    kill_own(ctx, db, k, AT_FIRST);
    enum cq_status st = insert_course(ctx, db, k->code);
    kill_own(ctx, db, k, BETWEEN);
    if (!st)
        st = insert_course(ctx, db, k->code);
    kill_own(ctx, db, k, AT_LAST);
    return st;
}

static void check_killed_within(bool is_autocommit_off)
{
    static const struct {
        const char *name;
        enum when when;
        int n_kills, reruns; /* reruns: of what may have been committed */
    } rows[] = {
        {"before the first statement", AT_FIRST, 1, 0},
        {"between statements", BETWEEN, 1, 0},
        {"before the commit", AT_LAST, 1, 1},
        {"twice", BETWEEN, 2, 0},
    };
    struct cq_ctx *ctx = test_ctx();
    struct db *db = db_create(shared_config());

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    if (is_autocommit_off)
        db_set_autocommit_off(db);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct killing k = {.code = new_uuid(ctx), .when = rows[i].when, .n_kills = rows[i].n_kills};

        ROW_ASSERT(rows[i].name, db_tx(ctx, db, killing_tx, &k) == CQ_OK);
        ROW_ASSERT(rows[i].name, k.runs == rows[i].n_kills + 1 && k.reruns == rows[i].reruns);
        ROW_ASSERT(rows[i].name, committed(k.code) == 2);
    }
    db_destroy(db);
}

static void test_killed_within(void)
{
    check_killed_within(false);
    check_killed_within(true);
}

/* It is given up in the end, and nothing of it stays. */
static void test_killed_for_ever(void)
{
    struct cq_ctx *ctx = test_ctx();
    struct db *db = db_create(shared_config());
    struct killing k = {.code = new_uuid(ctx), .when = BETWEEN, .n_kills = MANY};

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    GIVES(CQ_BUSY, db_tx(ctx, db, killing_tx, &k));
    CU_ASSERT_TRUE(k.runs < MANY);
    CU_ASSERT_EQUAL(committed(k.code), 0);
    db_destroy(db);
}

static void test_killed_idle(void)
{
    struct cq_ctx *ctx = test_ctx();
    struct db *db = db_create(shared_config());
    struct ending e = {.code = new_uuid(ctx)};
    uint64_t n = 7;

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    MUST(count_courses(ctx, db, e.code, &n));
    kill_connection(connection_id(ctx, db));
    GIVES(CQ_OK, count_courses(ctx, db, e.code, &n));
    CU_ASSERT_EQUAL(n, 0);
    kill_connection(connection_id(ctx, db));
    GIVES(CQ_OK, db_tx(ctx, db, ending_tx, &e));
    CU_ASSERT_EQUAL(committed(e.code), 1);
    kill_connection(connection_id(ctx, db));
    GIVES(CQ_OK, db_ping(ctx, db));
    db_destroy(db);
}

/* ---- a server that is away ---- */

/* What each kind of call gives, and that none took long, but for one that met a machine that did something else. */
static void check_busy(struct cq_ctx *ctx, struct db *db, int64_t limit_ms)
{
    struct ending e = {.code = "never"};
    uint64_t n = 7;
    unsigned n_late = 0;
    int64_t began_ms = clock_mono_ms();

    GIVES(CQ_BUSY, count_courses(ctx, db, e.code, &n));
    CU_ASSERT_EQUAL(n, 7);
    n_late += clock_mono_ms() - began_ms >= limit_ms;
    CU_ASSERT_TRUE(db_answered_ms(db) <= began_ms);
    began_ms = clock_mono_ms();
    GIVES(CQ_BUSY, db_tx(ctx, db, ending_tx, &e));
    CU_ASSERT_EQUAL(e.runs, 0);
    n_late += clock_mono_ms() - began_ms >= limit_ms;
    began_ms = clock_mono_ms();
    GIVES(CQ_BUSY, db_ping(ctx, db));
    n_late += clock_mono_ms() - began_ms >= limit_ms;
    CU_ASSERT_TRUE(n_late <= 1);
}

static void check_works(struct cq_ctx *ctx, struct db *db)
{
    struct ending e = {.code = new_uuid(ctx)};
    int64_t began_ms = clock_mono_ms();
    uint64_t n = 0;

    GIVES(CQ_OK, db_tx(ctx, db, ending_tx, &e));
    GIVES(CQ_OK, count_courses(ctx, db, e.code, &n));
    CU_ASSERT_EQUAL(n, 1);
    CU_ASSERT_TRUE(db_answered_ms(db) >= began_ms);
}

static void test_stopped(void)
{
    struct cq_ctx *ctx = test_ctx();
    struct db *connected = db_create(shared_config()), *fresh = db_create(shared_config());

    CU_ASSERT_PTR_NOT_NULL_FATAL(connected);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
    check_works(ctx, connected);
    server_stop();
    check_busy(ctx, connected, QUICKLY_MS);
    check_busy(ctx, fresh, QUICKLY_MS);
    server_start();
    check_works(ctx, connected);
    check_works(ctx, fresh);
    check_works(ctx, shared_db());
    db_destroy(connected);
    db_destroy(fresh);
}

/* It takes connections and bytes, and answers nothing: each call gives up after its time limit, once. */
static void test_frozen(void)
{
    struct cq_ctx *ctx = test_ctx();
    struct config config = *shared_config();

    config.database.timeout_ms = 1000;
    struct db *connected = db_create(&config), *fresh = db_create(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(connected);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fresh);
    check_works(ctx, connected);
    server_freeze(true);
    check_busy(ctx, connected, 1800);
    check_busy(ctx, fresh, 1800);
    server_freeze(false);
    check_works(ctx, connected);
    check_works(ctx, fresh);
    db_destroy(connected);
    db_destroy(fresh);
}

static enum cq_status change_schema(struct cq_ctx *ctx)
{
    struct db *db = db_create(shared_config());
    unsigned number = 0;

    if (!db)
        give_up("out of memory");
    MUST(db_run_text(ctx, db, "SET SESSION lock_wait_timeout = 1", NULL));
    enum cq_status st = db_run_text(ctx, db, "ALTER TABLE course COMMENT = 'changed'", &number);
    db_destroy(db);
    return st;
}

/* What was read stands in the transaction that a write goes on with, and is ended when nothing was written. */
static void test_autocommit_off(void)
{
    struct cq_ctx *ctx = test_ctx();
    struct db *db = db_create(shared_config());
    struct ending e = {.code = new_uuid(ctx)};
    uint64_t n = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    db_set_autocommit_off(db);
    GIVES(CQ_OK, count_courses(ctx, db, e.code, &n));
    GIVES(CQ_OK, db_tx(ctx, db, ending_tx, &e));
    CU_ASSERT_EQUAL(committed(e.code), 1);
    GIVES(CQ_OK, change_schema(ctx));
    GIVES(CQ_OK, count_courses(ctx, db, e.code, &n));
    CU_ASSERT_EQUAL(n, 1);
    GIVES(CQ_AGAIN, change_schema(ctx));
    db_rest(db);
    GIVES(CQ_OK, change_schema(ctx));
    kill_connection(connection_id(ctx, db));
    db_rest(db); /* it had read its number: the transaction went with the connection */
    check_works(ctx, db);
    db_destroy(db);
}

/* As a replica, or while an operator holds writes back: reading goes on. */
static void test_read_only(void)
{
    struct cq_ctx *ctx = test_ctx();
    struct config config = *shared_config();
    struct ending e = {.code = new_uuid(ctx)};
    uint64_t n = 7;

    sql_run("CREATE USER plain@localhost");
    sql_run("GRANT ALL ON %s.* TO plain@localhost", config.database.name);
    config.database.user = "plain";
    struct db *db = db_create(&config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    GIVES(CQ_OK, db_ping(ctx, db));
    sql_run("SET GLOBAL read_only = 1");
    GIVES(CQ_BUSY, db_tx(ctx, db, ending_tx, &e));
    GIVES(CQ_OK, count_courses(ctx, db, e.code, &n));
    CU_ASSERT_EQUAL(n, 0);
    sql_run("SET GLOBAL read_only = 0");
    check_works(ctx, db);
    db_destroy(db);
}

SUITE(transactions, {"deadlock", test_deadlock}, {"endings", test_endings}, {"killed within", test_killed_within},
      {"killed for ever", test_killed_for_ever}, {"killed while idle", test_killed_idle}, {"read-only", test_read_only},
      {"frozen", test_frozen}, {"stopped", test_stopped}, {"autocommit off", test_autocommit_off});
