/* Documents of bots, and what was uploaded for one: each in its place, none lost, and what it was is told. */
#include "attempt.h"

/* ---- bots, files, uploads ---- */

static struct bot_row bot_new(const struct place *p)
{
    const struct bot_change change = {.title = "t", .instruction = "i"};
    struct bot_changed changed = {.missing = NULL};

    MUST(store_bot_create(p->ctx, p->db, p->user_id, new_uuid(p->ctx), &change, &changed));
    return changed.bot;
}

/* Content is one letter, 32 times; its hold is that of a writer who has just written it. */
static struct new_document document(const struct place *p, const char *filename, char content)
{
    struct new_document d = {
        .filename = filename, .description = "d", .kind = "text", .mime_type = "text/plain", .size = 7};

    ulid_new(d.name);
    memset(d.hash, content, sizeof(d.hash));
    MUST(store_file_hold(p->ctx, p->db, d.hash, d.size, &d.hold_id));
    return d;
}

static enum cq_status add(const struct place *p, uint64_t bot_id, const char *filename, char content,
                          struct hash_list *dropped)
{
    struct new_document d = document(p, filename, content);
    struct document_list added = {0};

    enum cq_status st = store_documents_add(p->ctx, p->db, bot_id, p->user_id, &d, 1, &added, dropped);
    CU_ASSERT_TRUE(st || (added.n == 1 && str_eq(added.rows[0].filename, filename)));
    return st;
}

/* "a.txt=a b.txt=B": names and contents, by upload. */
static const char *documents_of(const struct place *p, uint64_t bot_id, bool is_ready_only)
{
    struct document_list list = {0};
    struct buf *text = buf_in_arena(p->ctx->arena, 10000);

    GIVES(CQ_OK, store_documents_of_bot(p->ctx, p->db, bot_id, is_ready_only, &list));
    for (size_t i = 0; i < list.n; i++)
        buf_printf(text, "%s%s=%c", i ? " " : "", list.rows[i].filename, list.rows[i].hash[0]);
    return text->data;
}

/* "ab": the first byte of each content in the list. */
static const char *letters(const struct place *p, const struct hash_list *list)
{
    char *out = arena_zalloc(p->ctx->arena, list->n + 1, 1);

    for (size_t i = 0; i < list->n; i++)
        out[i] = (char)list->hashes[i][0];
    return out;
}

static uint64_t holds(char content)
{
    return sql_number("SELECT COUNT(*) FROM file_hold WHERE hash = REPEAT('%c', 32)", content);
}

/* ---- documents ---- */

static void test_add(void)
{
    struct place p = place_new();
    struct bot_row bot = bot_new(&p), other = bot_new(&p);
    struct hash_list dropped = {0};
    struct document_list before = {0}, after = {0};

    GIVES(CQ_OK, add(&p, bot.id, "b.txt", 'b', &dropped));
    GIVES(CQ_OK, add(&p, bot.id, "a.txt", 'a', &dropped));
    GIVES(CQ_OK, add(&p, other.id, "a.txt", 'c', &dropped));
    ASSERT_TEXT(documents_of(&p, bot.id, false), "b.txt=b a.txt=a");
    ASSERT_TEXT(documents_of(&p, other.id, false), "a.txt=c");
    ASSERT_TEXT(documents_of(&p, bot.id, true), ""); /* nothing is known of them yet */
    CU_ASSERT_EQUAL(dropped.n + holds('a') + holds('b'), 0);

    /* In the place of one that was extracted: the same document, to be extracted anew. */
    MUST(store_documents_of_bot(p.ctx, p.db, bot.id, false, &before));
    sql_run("UPDATE document SET state = 'succeeded', page_count = 3, tries = 2, owner = 'w',"
            " created_at = created_at - INTERVAL 1 HOUR WHERE bot_id = %ju",
            (uintmax_t)bot.id);
    ASSERT_TEXT(documents_of(&p, bot.id, true), "b.txt=b a.txt=a");
    GIVES(CQ_OK, add(&p, bot.id, "b.txt", 'x', &dropped));
    ASSERT_TEXT(letters(&p, &dropped), "b");
    ASSERT_TEXT(documents_of(&p, bot.id, false), "a.txt=a b.txt=x");
    ASSERT_TEXT(documents_of(&p, bot.id, true), "a.txt=a");
    MUST(store_documents_of_bot(p.ctx, p.db, bot.id, false, &after));
    CU_ASSERT_TRUE(after.rows[1].id == before.rows[0].id && str_eq(after.rows[1].name, before.rows[0].name));
    CU_ASSERT_TRUE(after.rows[1].state == DOCUMENT_QUEUED && !after.rows[1].page_count && after.rows[1].size == 7);
    CU_ASSERT_EQUAL(
        sql_number("SELECT tries + (owner IS NOT NULL) FROM document WHERE id = %ju", (uintmax_t)after.rows[1].id), 0);
    GIVES(CQ_BOT_NOT_FOUND, add(&p, UINT32_MAX, "a.txt", 'a', &dropped));
}

/* All of a request, or nothing of it; and no more than a bot may have, whoever adds them at once. */
static void test_at_most(void)
{
    struct place p = place_new();
    struct bot_row bot = bot_new(&p);
    struct hash_list dropped = {0};
    struct document_list added = {0};

    for (int i = 0; i < DOCUMENTS_PER_BOT - 1; i++)
        GIVES(CQ_OK, add(&p, bot.id, arena_printf(p.ctx->arena, "%d", i), 'a', &dropped));
    const struct new_document two[] = {document(&p, "one more", 'b'), document(&p, "too many", 'b')};

    GIVES(CQ_INVALID_REQUEST, store_documents_add(p.ctx, p.db, bot.id, p.user_id, two, 2, &added, &dropped));
    CU_ASSERT_EQUAL(holds('b'), 2); /* still the caller's */
    GIVES(CQ_OK, store_documents_add(p.ctx, p.db, bot.id, p.user_id, two, 1, &added, &dropped));
    GIVES(CQ_OK, add(&p, bot.id, "7", 'c', &dropped)); /* in the place of one */
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM document WHERE bot_id = %ju", (uintmax_t)bot.id),
                    DOCUMENTS_PER_BOT);
    sql_run("DELETE FROM file_hold");
}

struct adder {
    struct place p;
    uint64_t bot_id;
    struct new_document documents[20];
};

static void add_twenty(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct adder *a = arg;
    struct hash_list dropped = {0};
    struct document_list added = {0};

    for (size_t i = 0; i < LEN(a->documents); i++)
        (void)!store_documents_add(ctx, db, a->bot_id, a->p.user_id, &a->documents[i], 1, &added, &dropped);
}

static void test_two_at_once(void)
{
    struct place p = place_new();
    struct bot_row bot = bot_new(&p);
    struct adder one = {p, bot.id, {{.hold_id = 0}}}, two = one;

    for (size_t i = 0; i < LEN(one.documents); i++) {
        one.documents[i] = document(&p, arena_printf(p.ctx->arena, "%zu", i), 'a');
        two.documents[i] = document(&p, arena_printf(p.ctx->arena, "%zu", i), 'b');
    }
    race(add_twenty, &one, &two);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM document WHERE bot_id = %ju", (uintmax_t)bot.id), 20);
    CU_ASSERT_EQUAL(holds('a') + holds('b'), 0);
}

static void test_remove(void)
{
    struct place p = place_new();
    struct bot_row bot = bot_new(&p), other = bot_new(&p);
    struct hash_list dropped = {0};
    struct document_list list = {0};
    struct document_row found = {0};

    GIVES(CQ_OK, add(&p, bot.id, "a.txt", 'a', &dropped));
    GIVES(CQ_OK, add(&p, bot.id, "b.txt", 'b', &dropped));
    MUST(store_documents_of_bot(p.ctx, p.db, bot.id, false, &list));
    const char *name = list.rows[0].name;

    GIVES(CQ_OK, store_document_find(p.ctx, p.db, list.rows[0].id, &found));
    CU_ASSERT_TRUE(str_eq(found.filename, "a.txt") && str_eq(found.description, "d") && found.bot_id == bot.id);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_document_remove(p.ctx, p.db, other.id, name, &dropped)); /* of this bot alone */
    GIVES(CQ_RESOURCE_NOT_FOUND, store_document_remove(p.ctx, p.db, bot.id, "a.txt", &dropped));
    CU_ASSERT_EQUAL(dropped.n, 0);
    GIVES(CQ_OK, store_document_remove(p.ctx, p.db, bot.id, name, &dropped));
    ASSERT_TEXT(letters(&p, &dropped), "a");
    GIVES(CQ_RESOURCE_NOT_FOUND, store_document_remove(p.ctx, p.db, bot.id, name, &dropped));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_document_find(p.ctx, p.db, list.rows[0].id, &found));
    GIVES(CQ_OK, store_bot_delete(p.ctx, p.db, bot.id, &dropped));
    ASSERT_TEXT(letters(&p, &dropped), "b");
}

/* ---- uploads ---- */

static enum cq_status put(const struct place *p, const struct upload_key *key, char content, struct hash_list *dropped)
{
    struct new_document d = document(p, "ignored", content);

    return store_upload_put(p->ctx, p->db, key, &d, dropped);
}

/* A bot takes what its owner has put there for it, under the same name, once. */
static void test_upload(void)
{
    struct place p = place_new(), q = place_new();
    struct bot_row bot = bot_new(&p);
    const struct upload_key key = {p.user_id, bot.name, "a.txt"}, others = {q.user_id, bot.name, "b.txt"};
    const char *names[] = {"a.txt", "b.txt"};
    struct bot_change change = {.added = names, .n_added = 1};
    struct bot_changed changed = {.missing = NULL};
    struct hash_list dropped = {0};

    GIVES(CQ_OK, put(&p, &key, 'a', &dropped));
    GIVES(CQ_OK, put(&p, &key, 'b', &dropped));
    GIVES(CQ_OK, put(&q, &others, 'c', &dropped));
    ASSERT_TEXT(letters(&p, &dropped), "a");
    CU_ASSERT_EQUAL(holds('a') + holds('b') + holds('c'), 0);
    GIVES(CQ_OK, store_bot_update(p.ctx, p.db, bot.id, p.user_id, &change, &changed));
    ASSERT_TEXT(documents_of(&p, bot.id, false), "a.txt=b");
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM upload WHERE user_id = %ju", (uintmax_t)p.user_id), 0);

    /* What another user put there is not for it: nothing is changed. */
    change.n_added = 2;
    GIVES(CQ_OK, put(&p, &key, 'd', &dropped));
    CU_ASSERT_NOT_EQUAL(store_bot_update(p.ctx, p.db, bot.id, p.user_id, &change, &changed), CQ_OK);
    ASSERT_TEXT(documents_of(&p, bot.id, false), "a.txt=b");

    dropped.n = 0;
    GIVES(CQ_OK, store_upload_remove(p.ctx, p.db, &key, &dropped));
    GIVES(CQ_OK, store_upload_remove(p.ctx, p.db, &key, &dropped));
    GIVES(CQ_OK, store_upload_remove(p.ctx, p.db, &others, &dropped));
    ASSERT_TEXT(letters(&p, &dropped), "dc");
}

static void test_uploads_at_most(void)
{
    struct place p = place_new();
    struct upload_key key = {p.user_id, "bot", "0"};
    struct hash_list dropped = {0};

    for (int i = 0; i < UPLOADS_PER_USER; i++) {
        key.filename = arena_printf(p.ctx->arena, "%d", i);
        GIVES(CQ_OK, put(&p, &key, 'a', &dropped));
    }
    key.filename = "one more";
    GIVES(CQ_INVALID_REQUEST, put(&p, &key, 'b', &dropped));
    key.filename = "7";
    GIVES(CQ_OK, put(&p, &key, 'c', &dropped));
    ASSERT_TEXT(letters(&p, &dropped), "a");
    sql_run("DELETE FROM file_hold");
    sql_run("DELETE FROM upload WHERE user_id = %ju", (uintmax_t)p.user_id);
}

/* ---- what links are signed with ---- */

struct reader {
    uint8_t secret[SHA256_BYTES];
};

static void read_secret(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct reader *r = arg;

    (void)!store_link_secret(ctx, db, r->secret);
}

/* Whoever needs it first makes it; all have the same, and it stays. */
static void test_link_secret(void)
{
    static const uint8_t nothing[SHA256_BYTES] = {0};
    struct cq_ctx *ctx = test_ctx();
    struct reader one = {0}, two = {0}, later = {0};

    sql_run("DELETE FROM site_secret");
    race(read_secret, &one, &two);
    read_secret(ctx, shared_db(), &later);
    CU_ASSERT_TRUE(memcmp(one.secret, nothing, SHA256_BYTES) != 0);
    CU_ASSERT_TRUE(memcmp(one.secret, two.secret, SHA256_BYTES) == 0);
    CU_ASSERT_TRUE(memcmp(one.secret, later.secret, SHA256_BYTES) == 0);
    sql_run("DELETE FROM site_secret");
    read_secret(ctx, shared_db(), &two); /* as long as the worker lives */
    CU_ASSERT_TRUE(memcmp(one.secret, two.secret, SHA256_BYTES) == 0);
}

SUITE(documents, {"add", test_add}, {"at most", test_at_most}, {"two at once", test_two_at_once},
      {"remove", test_remove}, {"upload", test_upload}, {"uploads at most", test_uploads_at_most},
      {"link secret", test_link_secret});
