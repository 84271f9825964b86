/* Contents, what refers to them, and when they go. The disk is a flag here: whether the content lies on it. */
#include <stdatomic.h>

#include "attempt.h"
#include "store/file.h"

struct disk {
    atomic_bool is_there;
    enum cq_status st; /* what removing comes to */
};

static enum cq_status remove_from(struct cq_ctx *ctx, void *arg, const uint8_t hash[SHA256_BYTES])
{
    struct disk *disk = arg;

    (void)ctx;
    (void)hash;
    if (!disk->st)
        atomic_store(&disk->is_there, false);
    return disk->st;
}

struct content {
    struct place p;
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    struct disk disk;
};

static void content_init(struct content *c)
{
    c->p = place_new();
    random_bytes(c->hash, sizeof(c->hash));
    hex_encode(c->hash, sizeof(c->hash), c->hex);
    c->disk.st = CQ_OK;
    atomic_store(&c->disk.is_there, false);
}

static uint64_t hold(struct content *c)
{
    uint64_t id = 0;

    MUST(store_file_hold(c->p.ctx, c->p.db, c->hash, 7, &id));
    atomic_store(&c->disk.is_there, true);
    return id;
}

static enum cq_status drop(struct content *c)
{
    return store_file_drop(c->p.ctx, c->p.db, c->hash, remove_from, &c->disk);
}

static uint64_t count_rows(const struct content *c, const char *table)
{
    return sql_number("SELECT COUNT(*) FROM %s WHERE hash = UNHEX('%s')", table, c->hex);
}

static void test_a_hold(void)
{
    struct content c;

    content_init(&c);
    uint64_t id = hold(&c), other = hold(&c);

    CU_ASSERT_TRUE(id != other && count_rows(&c, "file") == 1);
    GIVES(CQ_OK, drop(&c));
    CU_ASSERT_TRUE(c.disk.is_there);
    GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, id));
    GIVES(CQ_OK, drop(&c));
    CU_ASSERT_TRUE(c.disk.is_there);
    GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, other));
    GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, other)); /* again changes nothing */
    GIVES(CQ_OK, drop(&c));
    CU_ASSERT_FALSE(c.disk.is_there);
    CU_ASSERT_EQUAL(count_rows(&c, "file"), 0);
    GIVES(CQ_OK, drop(&c)); /* nor does this */
}

/* Whoever held it has died. */
static void test_an_old_hold(void)
{
    struct content c;

    content_init(&c);
    hold(&c);
    sql_run("UPDATE file_hold SET created_at = UTC_TIMESTAMP(3) - INTERVAL 59 MINUTE WHERE hash = UNHEX('%s')", c.hex);
    GIVES(CQ_OK, drop(&c));
    CU_ASSERT_TRUE(c.disk.is_there);
    sql_run("UPDATE file_hold SET created_at = UTC_TIMESTAMP(3) - INTERVAL 61 MINUTE WHERE hash = UNHEX('%s')", c.hex);
    GIVES(CQ_OK, drop(&c));
    CU_ASSERT_FALSE(c.disk.is_there);
    CU_ASSERT_EQUAL(count_rows(&c, "file_hold"), 0);
}

static void refer_by_document(const struct content *c)
{
    sql_run("INSERT INTO document (name, course_id, user_id, hash, filename, kind, mime_type, size, state, created_at)"
            " VALUES ('%.26s', %ju, %ju, UNHEX('%s'), 'a', 'text', 'text/plain', 7, 'queued', UTC_TIMESTAMP(3))",
            c->hex, (uintmax_t)c->p.course_id, (uintmax_t)c->p.user_id, c->hex);
}

static void refer_by_upload(const struct content *c)
{
    sql_run("INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at)"
            " VALUES (%ju, 'b', 'a', UNHEX('%s'), 7, 'text', 'text/plain', UTC_TIMESTAMP(3))",
            (uintmax_t)c->p.user_id, c->hex);
}

static void refer_by_chat(const struct content *c)
{
    sql_run("SET @f = @@foreign_key_checks, foreign_key_checks = 0");
    sql_run("INSERT INTO chat_file (conversation_id, hash) VALUES (%ju, UNHEX('%s'))",
            (uintmax_t)c->p.user_id + 1000000000, c->hex);
    sql_run("SET foreign_key_checks = @f");
}

/* Each kind of reference keeps it. */
static void test_references(void)
{
    static const struct {
        const char *table;
        void (*refer)(const struct content *c);
    } rows[] = {{"document", refer_by_document}, {"upload", refer_by_upload}, {"chat_file", refer_by_chat}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct content c;

        content_init(&c);
        uint64_t id = hold(&c);
        rows[i].refer(&c);
        GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, id));
        GIVES(CQ_OK, drop(&c));
        ROW_ASSERT(rows[i].table, c.disk.is_there && count_rows(&c, rows[i].table) == 1);
        sql_run("DELETE FROM %s WHERE hash = UNHEX('%s')", rows[i].table, c.hex);
        GIVES(CQ_OK, drop(&c));
        ROW_ASSERT(rows[i].table, !c.disk.is_there);
    }
}

static void test_what_cannot_be_removed(void)
{
    struct content c;

    content_init(&c);
    GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, hold(&c)));
    c.disk.st = CQ_BUSY;
    GIVES(CQ_BUSY, drop(&c));
    CU_ASSERT_TRUE(c.disk.is_there && count_rows(&c, "file") == 1);
}

/* A connection that has read before, as a worker's, is not shown what was needed then. */
static void test_an_earlier_look(void)
{
    struct content c;
    struct db *db = db_create(shared_config());
    uint64_t id = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    content_init(&c);
    db_set_autocommit_off(db);
    MUST(store_course_find(c.p.ctx, db, c.p.course_id));
    id = hold(&c);
    refer_by_upload(&c);
    GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, id));
    GIVES(CQ_OK, store_file_drop(c.p.ctx, db, c.hash, remove_from, &c.disk));
    CU_ASSERT_TRUE(c.disk.is_there);
    db_rest(db);
    db_destroy(db);
}

/* ---- comparing with the disk ---- */

/* The row of the content among those behind one; false: it is not there. */
static bool find_row(const struct content *c, struct file_row *out)
{
    static struct file_row rows[FILE_ROWS];
    uint8_t after[SHA256_BYTES] = {0};
    size_t n = FILE_ROWS;

    while (n == FILE_ROWS) {
        MUST(store_files_after(c->p.ctx, c->p.db, after, rows, &n));
        for (size_t i = 0; i < n; i++) {
            CU_ASSERT_TRUE(memcmp(after, rows[i].hash, sizeof(after)) < 0);
            memcpy(after, rows[i].hash, sizeof(after));
            *out = rows[i];
            if (memcmp(c->hash, after, sizeof(after)) == 0)
                return true;
        }
    }
    return false;
}

static void test_rows(void)
{
    struct content c;
    struct file_row row = {.is_needed = false};

    content_init(&c);
    CU_ASSERT_FALSE(find_row(&c, &row));
    uint64_t id = hold(&c);
    CU_ASSERT_TRUE(find_row(&c, &row) && row.size == 7 && row.is_needed && !row.is_old && !row.has_passages);
    GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, id));
    sql_run("UPDATE file SET created_at = UTC_TIMESTAMP(3) - INTERVAL 61 MINUTE WHERE hash = UNHEX('%s')", c.hex);
    CU_ASSERT_TRUE(find_row(&c, &row) && !row.is_needed && row.is_old);
    refer_by_document(&c);
    CU_ASSERT_TRUE(find_row(&c, &row) && row.is_needed && !row.has_passages);
    sql_run("UPDATE document SET state = 'succeeded' WHERE hash = UNHEX('%s')", c.hex);
    CU_ASSERT_TRUE(find_row(&c, &row) && row.has_passages);
}

/* Contents that something refers to and that have no row. */
static void test_lost_rows(void)
{
    static void (*const refer[])(const struct content *c) = {
        [USED_BY_DOCUMENT] = refer_by_document, [USED_BY_UPLOAD] = refer_by_upload, [USED_BY_CHAT] = refer_by_chat};
    static struct file_row rows[FILE_ROWS];

    for (unsigned use = 0; use < FILE_USE_COUNT; use++) {
        struct content c;
        uint8_t before[SHA256_BYTES];
        bool is_known = false;
        size_t n = 0;

        content_init(&c);
        memcpy(before, c.hash, sizeof(before));
        before[SHA256_BYTES - 1] = c.hash[SHA256_BYTES - 1] &= 0x7f;
        c.hash[SHA256_BYTES - 1] |= 0x80;
        hex_encode(c.hash, sizeof(c.hash), c.hex);
        refer[use](&c);
        MUST(store_files_lost(c.p.ctx, c.p.db, (enum file_use)use, before, rows, &n));
        CU_ASSERT_TRUE(n >= 1 && memcmp(rows[0].hash, c.hash, sizeof(c.hash)) == 0);
        MUST(store_file_is_known(c.p.ctx, c.p.db, c.hash, &is_known));
        CU_ASSERT_TRUE(is_known);
        GIVES(CQ_OK, store_file_release(c.p.ctx, c.p.db, hold(&c)));
        MUST(store_files_lost(c.p.ctx, c.p.db, (enum file_use)use, before, rows, &n));
        CU_ASSERT_TRUE(n == 0 || memcmp(rows[0].hash, c.hash, sizeof(c.hash)) != 0);
        sql_run("DELETE FROM file WHERE hash = UNHEX('%s')", c.hex);
    }
}

/* ---- races ---- */

struct upload {
    struct content *content;
    const char *filename;
    bool is_dropping; /* takes back the one that is there instead */
    uint64_t hold_id;
    enum cq_status st;
};

static const char PUT_REFERENCE[] =
    "INSERT INTO upload (user_id, bot_name, filename, hash, size, kind, mime_type, created_at)"
    " VALUES (?, 'b', ?, ?, 7, 'text', 'text/plain', UTC_TIMESTAMP(3))";
static const char TAKE_REFERENCE[] = "DELETE FROM upload WHERE user_id = ? AND filename = ?";

static enum cq_status put_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct upload *u = arg;
    const struct db_in in[] = {IN_U64(u->content->p.user_id), IN_TEXT(u->filename),
                               IN_BYTES(u->content->hash, SHA256_BYTES)};

    (void)is_rerun;
    enum cq_status st = db_execute(ctx, db, PUT_REFERENCE, in, LEN(in), NULL);
    return st ? st : file_release(ctx, db, u->hold_id);
}

static enum cq_status take_tx(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    struct upload *u = arg;
    const struct db_in in[] = {IN_U64(u->content->p.user_id), IN_TEXT(u->filename)};

    (void)is_rerun;
    return db_execute(ctx, db, TAKE_REFERENCE, in, LEN(in), NULL);
}

/* As the engine does it. */
static void upload_or_drop(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct upload *u = arg;
    struct disk *disk = &u->content->disk;

    if (u->is_dropping) {
        u->st = db_tx(ctx, db, take_tx, u);
        if (!u->st)
            u->st = store_file_drop(ctx, db, u->content->hash, remove_from, disk);
        return;
    }
    u->st = store_file_hold(ctx, db, u->content->hash, 7, &u->hold_id);
    if (!u->st) {
        atomic_store(&disk->is_there, true);
        u->st = db_tx(ctx, db, put_tx, u);
    }
}

static void test_two_uploads_at_once(void)
{
    for (int round = 0; round < 16; round++) {
        struct content c;
        struct upload one = {.content = &c, .filename = "one"}, two = {.content = &c, .filename = "two"};

        content_init(&c);
        race(upload_or_drop, &one, &two);
        GIVES(CQ_OK, one.st);
        GIVES(CQ_OK, two.st);
        CU_ASSERT_TRUE(count_rows(&c, "upload") == 2 && count_rows(&c, "file") == 1 && !count_rows(&c, "file_hold"));
    }
}

/* Whichever comes first: what is referred to lies on the disk. */
static void test_an_upload_beside_a_drop(void)
{
    for (int round = 0; round < 64; round++) {
        struct content c;
        struct upload before = {.content = &c, .filename = "before"}, next = {.content = &c, .filename = "next"};

        content_init(&c);
        upload_or_drop(c.p.ctx, c.p.db, &before);
        MUST(before.st);
        before.is_dropping = true;
        race(upload_or_drop, &before, &next);
        GIVES(CQ_OK, before.st);
        GIVES(CQ_OK, next.st);
        CU_ASSERT_TRUE(count_rows(&c, "upload") == 1 && count_rows(&c, "file") == 1 && c.disk.is_there);
    }
}

static void test_two_drops_at_once(void)
{
    for (int round = 0; round < 16; round++) {
        struct content c;
        struct upload one = {.content = &c, .filename = "one"}, two = {.content = &c, .filename = "two"};

        content_init(&c);
        upload_or_drop(c.p.ctx, c.p.db, &one);
        upload_or_drop(c.p.ctx, c.p.db, &two);
        one.is_dropping = two.is_dropping = true;
        race(upload_or_drop, &one, &two);
        CU_ASSERT_TRUE(!one.st && !two.st && !count_rows(&c, "file") && !c.disk.is_there);
    }
}

SUITE(files, {"a hold", test_a_hold}, {"an old hold", test_an_old_hold}, {"references", test_references},
      {"what cannot be removed", test_what_cannot_be_removed}, {"an earlier look", test_an_earlier_look},
      {"rows", test_rows}, {"lost rows", test_lost_rows}, {"two uploads at once", test_two_uploads_at_once},
      {"an upload beside a drop", test_an_upload_beside_a_drop}, {"two drops at once", test_two_drops_at_once});
