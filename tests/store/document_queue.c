/* The queue of documents whose text is to be extracted: each is one's at a time, whatever becomes of that one. */
#include "attempt.h"

enum { LEASE_S = 60 };

/* Nobody else's documents are in the way. */
static struct place queue_new(void)
{
    struct place p = place_new();

    sql_run("DELETE FROM document");
    return p;
}

/* A document of the place's course that waits, with a content of its own. */
static uint64_t document_new(const struct place *p, const char *kind, uint8_t content)
{
    static unsigned n;

    sql_run("INSERT INTO document (name, course_id, user_id, hash, filename, kind, mime_type, size, state, created_at)"
            " VALUES ('%026u', %ju, %ju, REPEAT(CHAR(%u), 32), 'f', '%s', 'x/y', 7, 'queued', UTC_TIMESTAMP(3))",
            ++n, (uintmax_t)p->course_id, (uintmax_t)p->user_id, content, kind);
    return sql_number("SELECT MAX(id) FROM document");
}

static bool is_so(uint64_t id, const char *condition)
{
    return sql_number("SELECT COUNT(*) FROM document WHERE id = %ju AND %s", (uintmax_t)id, condition) == 1;
}

static enum cq_status take(const struct place *p, const char *owner, uint32_t lease_s, uint64_t *id)
{
    struct document_row row = {.id = 0};

    enum cq_status st = store_document_take(p->ctx, p->db, owner, lease_s, &row);
    *id = row.id;
    return st;
}

static void test_one_after_the_other(void)
{
    struct place p = queue_new();
    uint64_t first = document_new(&p, "pdf", 1), second = document_new(&p, "text", 2), id;
    struct document_row row;

    GIVES(CQ_OK, store_document_take(p.ctx, p.db, "a", LEASE_S, &row));
    CU_ASSERT_TRUE(row.id == first && row.hash[31] == 1 && row.course_id == p.course_id);
    CU_ASSERT_TRUE(str_eq(row.kind, "pdf") && str_eq(row.mime_type, "x/y") && row.state == DOCUMENT_RUNNING);
    GIVES(CQ_OK, take(&p, "b", LEASE_S, &id));
    CU_ASSERT_EQUAL(id, second);
    GIVES(CQ_RESOURCE_NOT_FOUND, take(&p, "a", LEASE_S, &id));
    GIVES(CQ_OK, store_document_renew(p.ctx, p.db, first, "a", LEASE_S));
    GIVES(CQ_LOST, store_document_renew(p.ctx, p.db, first, "b", LEASE_S));
    GIVES(CQ_LOST, store_document_end(p.ctx, p.db, first, "b", 3, NULL));
    GIVES(CQ_OK, store_document_end(p.ctx, p.db, first, "a", 3, NULL));
    CU_ASSERT_TRUE(is_so(first, "state = 'succeeded' AND page_count = 3 AND owner IS NULL AND failure IS NULL"));
    GIVES(CQ_OK, store_document_end(p.ctx, p.db, second, "b", 0, "encrypted"));
    CU_ASSERT_TRUE(is_so(second, "state = 'failed' AND page_count IS NULL AND failure = 'encrypted'"));
    GIVES(CQ_LOST, store_document_end(p.ctx, p.db, second, "b", 0, NULL));
    GIVES(CQ_RESOURCE_NOT_FOUND, take(&p, "a", LEASE_S, &id));
}

struct racing {
    const char *owner;
    uint64_t id;
    enum cq_status st;
};

static void take_racing(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;
    const struct place p = {.ctx = ctx, .db = db};

    r->st = take(&p, r->owner, LEASE_S, &r->id);
}

/* One document or two: each is only one's. */
static void test_two_takers(void)
{
    struct place p = queue_new();

    for (int round = 0; round < 12; round++) {
        bool are_two = round % 2;
        struct racing one = {.owner = "one"}, two = {.owner = "two"};

        sql_run("DELETE FROM document");
        document_new(&p, "text", 1);
        if (are_two)
            document_new(&p, "text", 2);
        race(take_racing, &one, &two);
        CU_ASSERT_EQUAL((one.st == CQ_OK) + (two.st == CQ_OK), 1 + are_two);
        CU_ASSERT_NOT_EQUAL(one.id, two.id);
        CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM document WHERE state = 'running' AND tries = 1"),
                        1u + are_two);
    }
}

/* A host has died, or hangs: another goes on, and what the first one says then is nothing. */
static void test_lease_run_out(void)
{
    struct place p = queue_new();
    uint64_t document = document_new(&p, "text", 1), id;

    GIVES(CQ_OK, take(&p, "slow", 0, &id));
    GIVES(CQ_OK, take(&p, "next", LEASE_S, &id));
    CU_ASSERT_EQUAL(id, document);
    GIVES(CQ_LOST, store_document_renew(p.ctx, p.db, id, "slow", LEASE_S));
    GIVES(CQ_LOST, store_document_end(p.ctx, p.db, id, "slow", 0, "damaged"));
    GIVES(CQ_LOST, store_document_put_back(p.ctx, p.db, id, "slow"));
    GIVES(CQ_OK, store_document_end(p.ctx, p.db, id, "next", 0, NULL));
    CU_ASSERT_TRUE(is_so(document, "state = 'succeeded' AND tries = 0"));
}

static void test_third_time(void)
{
    struct place p = queue_new();
    uint64_t killer = document_new(&p, "pdf", 1), innocent = document_new(&p, "pdf", 2), id;

    for (int i = 0; i < 2; i++)
        GIVES(CQ_OK, take(&p, "victim", 0, &id)); /* the innocent one waits before it */
    sql_run("UPDATE document SET state = 'succeeded' WHERE id = %ju", (uintmax_t)innocent);
    for (int i = 0; i < 3 && !is_so(killer, "tries = 3"); i++) {
        GIVES(CQ_OK, take(&p, "victim", 0, &id));
        CU_ASSERT_EQUAL(id, killer);
    }
    GIVES(CQ_RESOURCE_NOT_FOUND, take(&p, "victim", 0, &id));
    CU_ASSERT_TRUE(is_so(killer, "state = 'failed' AND failure = 'too_complex' AND owner IS NULL"));
}

/* A full disk is no fault of the document. */
static void test_put_back(void)
{
    struct place p = queue_new();
    uint64_t document = document_new(&p, "text", 1), id;

    for (int i = 0; i < 5; i++) {
        GIVES(CQ_OK, take(&p, "a", LEASE_S, &id));
        GIVES(CQ_OK, store_document_put_back(p.ctx, p.db, id, "a"));
        CU_ASSERT_TRUE(is_so(document, "state = 'queued' AND tries = 0 AND owner IS NULL AND lease_until IS NULL"));
    }
}

static void test_changed_while_running(void)
{
    struct place p = queue_new();
    uint64_t gone = document_new(&p, "text", 1), replaced = document_new(&p, "text", 2), id;
    struct document_row row;

    GIVES(CQ_OK, take(&p, "a", LEASE_S, &id));
    sql_run("DELETE FROM document WHERE id = %ju", (uintmax_t)gone);
    GIVES(CQ_LOST, store_document_renew(p.ctx, p.db, gone, "a", LEASE_S));
    GIVES(CQ_LOST, store_document_end(p.ctx, p.db, gone, "a", 0, NULL));
    GIVES(CQ_OK, take(&p, "a", LEASE_S, &id));
    sql_run("UPDATE document SET hash = REPEAT(CHAR(3), 32), state = 'queued', owner = NULL, lease_until = NULL,"
            " tries = 0 WHERE id = %ju",
            (uintmax_t)replaced);
    GIVES(CQ_LOST, store_document_end(p.ctx, p.db, replaced, "a", 0, NULL));
    GIVES(CQ_OK, store_document_take(p.ctx, p.db, "a", LEASE_S, &row));
    CU_ASSERT_TRUE(row.id == replaced && row.hash[0] == 3);
}

/* Its process is dead, which its master has seen: nobody waits for the lease. */
static void test_dead_owner(void)
{
    struct place p = queue_new();
    uint64_t first, second, id, n = 7;

    document_new(&p, "text", 1);
    document_new(&p, "text", 2);
    GIVES(CQ_OK, take(&p, "campus:1:0:1:77", LEASE_S, &first));
    GIVES(CQ_OK, take(&p, "campus:1:0:1:777", LEASE_S, &second));
    GIVES(CQ_OK, store_turns_settle(p.ctx, p.db, "campus:1:0:1:77", "", &n));
    CU_ASSERT_EQUAL(n, 0); /* turns */
    CU_ASSERT_TRUE(is_so(first, "state = 'queued' AND tries = 1") && is_so(second, "state = 'running'"));
    GIVES(CQ_OK, take(&p, "campus:1:0:1:78", LEASE_S, &id));
    CU_ASSERT_EQUAL(id, first);
}

static void test_same_content(void)
{
    struct place p = queue_new();
    uint64_t first = document_new(&p, "pdf", 1), second = document_new(&p, "pdf", 1), image, id;
    uint8_t hash[SHA256_BYTES];
    struct document_list list = {0};
    uint32_t n_pages = 7;

    memset(hash, 1, sizeof(hash));
    GIVES(CQ_OK, store_document_pages(p.ctx, p.db, hash, &n_pages));
    CU_ASSERT_EQUAL(n_pages, 0);
    GIVES(CQ_OK, take(&p, "a", LEASE_S, &id));
    GIVES(CQ_OK, store_document_end(p.ctx, p.db, id, "a", 12, NULL));
    GIVES(CQ_OK, store_document_pages(p.ctx, p.db, hash, &n_pages));
    CU_ASSERT_EQUAL(n_pages, 12);
    image = document_new(&p, "image", 2);
    sql_run("UPDATE document SET state = 'succeeded' WHERE id IN (%ju, %ju)", (uintmax_t)second, (uintmax_t)image);
    GIVES(CQ_OK, store_documents_of_text(p.ctx, p.db, 0, 10, &list));
    CU_ASSERT_TRUE(list.n == 2 && list.rows[0].id == first && list.rows[1].id == second);
    GIVES(CQ_OK, store_documents_of_text(p.ctx, p.db, first, 1, &list));
    CU_ASSERT_TRUE(list.n == 1 && list.rows[0].id == second);
    GIVES(CQ_OK, store_document_requeue(p.ctx, p.db, hash));
    CU_ASSERT_TRUE(is_so(first, "state = 'queued'") && is_so(second, "state = 'queued'"));
    CU_ASSERT_TRUE(is_so(image, "state = 'succeeded'"));
}

/* Whoever uploaded it, and the course; of a bot's document: none. */
static void test_usage(void)
{
    struct place p = queue_new();
    uint64_t of_course = document_new(&p, "text", 1), of_bot = document_new(&p, "text", 2);
    struct model_calls calls = {.n = 0};

    store_calls_add(&calls, "vectors", &(struct usage){.input_tokens = 40, .price_nano = 3});
    sql_run("UPDATE document SET course_id = NULL WHERE id = %ju", (uintmax_t)of_bot);
    GIVES(CQ_OK, store_document_count(p.ctx, p.db, of_course, &calls));
    GIVES(CQ_OK, store_document_count(p.ctx, p.db, of_course, &calls));
    GIVES(CQ_OK, store_document_count(p.ctx, p.db, of_bot, &calls));
    CU_ASSERT_EQUAL(sql_number("SELECT input_tokens FROM usage_day WHERE course_id = %ju AND user_id = %ju",
                               (uintmax_t)p.course_id, (uintmax_t)p.user_id),
                    80);
    CU_ASSERT_EQUAL(
        sql_number("SELECT input_tokens FROM usage_day WHERE course_id = 0 AND user_id = %ju", (uintmax_t)p.user_id),
        40);
    GIVES(CQ_OK, store_document_count(p.ctx, p.db, UINT32_MAX, &calls)); /* gone meanwhile: nobody's */
}

static void upload_new(const struct place *p, const char *name, unsigned content, unsigned hours_ago)
{
    sql_run("INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at) VALUES"
            " (%ju, 'b', '%s', REPEAT(CHAR(%u), 32), 7, 'text', 'x/y', UTC_TIMESTAMP(3) - INTERVAL %u HOUR)",
            (uintmax_t)p->user_id, name, content, hours_ago);
}

static void test_forgotten(void)
{
    struct place p = queue_new();
    struct hash_list dropped = {0};
    bool has_more = true;

    sql_run("DELETE FROM upload");
    sql_run("DELETE FROM file_hold");
    upload_new(&p, "of today", 1, 23);
    upload_new(&p, "of yesterday", 2, 25);
    sql_run(
        "INSERT INTO file_hold (hash, created_at) VALUES (REPEAT(CHAR(3), 32), UTC_TIMESTAMP(3) - INTERVAL 50 MINUTE),"
        " (REPEAT(CHAR(4), 32), UTC_TIMESTAMP(3) - INTERVAL 70 MINUTE)");
    GIVES(CQ_OK, store_files_forget(p.ctx, p.db, &dropped, &has_more));
    CU_ASSERT_TRUE(!has_more && dropped.n == 2 && dropped.hashes[0][0] == 2 && dropped.hashes[1][0] == 4);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM upload WHERE filename = 'of today'"), 1);
    CU_ASSERT_EQUAL(sql_number("SELECT (SELECT COUNT(*) FROM upload) + (SELECT COUNT(*) FROM file_hold)"), 2);
    for (unsigned i = 0; i < 101; i++)
        upload_new(&p, arena_printf(p.ctx->arena, "old %u", i), 5, 48);
    GIVES(CQ_OK, store_files_forget(p.ctx, p.db, &dropped, &has_more));
    CU_ASSERT_TRUE(has_more);
    GIVES(CQ_OK, store_files_forget(p.ctx, p.db, &dropped, &has_more));
    CU_ASSERT_TRUE(!has_more && sql_number("SELECT COUNT(*) FROM upload") == 1);
}

/* The connection goes while a commit is under way: once taken is once taken, and what has ended has ended. */
static void test_lost_commits(void)
{
    static const enum cut cuts[] = {CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT};
    struct place p = queue_new();
    struct db *db = db_create(cut_config());
    struct place q = p;

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    q.db = db;
    for (size_t i = 0; i < LEN(cuts); i++) {
        uint64_t document = document_new(&p, "text", (uint8_t)(i + 1)), id;

        MUST(db_ping(q.ctx, db));
        cut_next_commit(cuts[i]);
        GIVES(CQ_OK, take(&q, "a", LEASE_S, &id));
        CU_ASSERT_TRUE(id == document && is_so(id, "tries = 1"));
        cut_next_commit(cuts[i]);
        GIVES(CQ_OK, store_document_end(q.ctx, db, id, "a", 2, NULL));
        CU_ASSERT_TRUE(is_so(id, "state = 'succeeded' AND page_count = 2"));
    }
    db_destroy(db);
}

SUITE(document_queue, {"one after the other", test_one_after_the_other}, {"two takers", test_two_takers},
      {"a lease that has run out", test_lease_run_out}, {"taken three times", test_third_time},
      {"put back", test_put_back}, {"changed while running", test_changed_while_running},
      {"a dead owner", test_dead_owner}, {"the same content", test_same_content}, {"usage", test_usage},
      {"what nobody came for", test_forgotten}, {"lost commits", test_lost_commits});
