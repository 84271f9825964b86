/* Chats: their messages, lists, changes and deletes. */
#include <stdio.h>

#include "chat_seed.h"
#include "store/db.h"

struct scene {
    struct place p;
    uint64_t id;
};

/* One turn, and beside it one that has failed. */
static struct scene scene_new(void)
{
    static const struct seed_message first = {1, 0, "first", "Hello"}, other = {3, 0, "other", "Good day"};
    struct scene s = {.p = place_new()};

    s.id = chat_seed(s.p.ctx, s.p.db, s.p.user_id, "chat", "01-01 00:00:00");
    chat_seed_turn(s.p.ctx, s.p.db, s.id, &first);
    chat_seed_question(s.p.ctx, s.p.db, s.id, &other, false, 0);
    return s;
}

static uint64_t count_of(const char *table, uint64_t conversation_id)
{
    return sql_number("SELECT COUNT(*) FROM %s WHERE conversation_id = %ju", table, (uintmax_t)conversation_id);
}

static bool is_there(uint64_t conversation_id)
{
    return sql_number("SELECT COUNT(*) FROM conversation WHERE id = %ju", (uintmax_t)conversation_id) == 1;
}

/* ---- messages ---- */

static void test_messages(void)
{
    static const struct seed_message next = {4, 2, "next", "Go on"};
    struct scene s = scene_new();
    struct chat_message_list list = {0};
    static const struct {
        uint32_t parent;
        const char *name, *text;
        bool is_reply;
        enum chat_message_state state;
    } rows[] = {
        {0, "first", "Hello", false, CHAT_COMPLETE},
        {1, "first-reply", "reply", true, CHAT_COMPLETE},
        {0, "other", "Good day", false, CHAT_FAILED},
        {2, "next", "Go on", false, CHAT_PENDING},
    };

    chat_seed_question(s.p.ctx, s.p.db, s.id, &next, true, 60);
    GIVES(CQ_OK, store_chat_messages(s.p.ctx, s.p.db, s.id, &list));
    CU_ASSERT_EQUAL_FATAL(list.n, LEN(rows));
    for (size_t i = 0; i < list.n; i++) {
        const struct chat_message_row *m = &list.rows[i];

        ROW_ASSERT(rows[i].name, m->seq == i + 1 && m->parent == rows[i].parent && str_eq(m->name, rows[i].name));
        ROW_ASSERT(rows[i].name, str_eq(m->text, rows[i].text) && m->is_reply == rows[i].is_reply);
        ROW_ASSERT(rows[i].name, m->state == rows[i].state);
        ROW_ASSERT(rows[i].name, !m->has_feedback && !m->content && !m->thinking_log && m->created_at_ms > 0);
    }
    sql_run("UPDATE turn SET lease_until = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE conversation_id = %ju AND "
            "user_seq = 4",
            (uintmax_t)s.id);
    GIVES(CQ_OK, store_chat_messages(s.p.ctx, s.p.db, s.id, &list));
    CU_ASSERT_EQUAL(list.rows[3].state, CHAT_FAILED); /* its worker is gone */
}

/* A reply that is gone on with is there while its turn runs again. */
static void test_a_reply_that_is_continued(void)
{
    struct scene s = scene_new();
    struct chat_message_list list = {0};

    sql_run("UPDATE turn SET state = 'pending', is_running = 1, lease_until = UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE,"
            " is_continuing = 1 WHERE conversation_id = %ju AND user_seq = 1",
            (uintmax_t)s.id);
    GIVES(CQ_OK, store_chat_messages(s.p.ctx, s.p.db, s.id, &list));
    CU_ASSERT_TRUE(list.rows[0].state == CHAT_COMPLETE && list.rows[1].state == CHAT_COMPLETE);
}

static void test_what_a_bot_hides(void)
{
    struct scene s = scene_new();
    struct chat_message_list list = {0};

    for (int hides = 0; hides <= 1; hides++) {
        sql_run(
            "UPDATE chat_message SET thinking_log = '[]', hides_chunks = %d WHERE conversation_id = %ju AND seq = 2",
            hides, (uintmax_t)s.id);
        GIVES(CQ_OK, store_chat_messages(s.p.ctx, s.p.db, s.id, &list));
        ASSERT_TEXT(list.rows[1].thinking_log, hides ? NULL : "[]");
        CU_ASSERT_EQUAL(list.rows[1].hides_chunks, hides == 1);
    }
}

/* ---- lists ---- */

static void test_pages(void)
{
    static const struct {
        const char *name, *created_at;
    } chats[] = {{"b", "01-02 00:00:00"}, {"a", "01-01 00:00:00"}, {"d", "01-03 00:00:00"}, {"c", "01-02 00:00:00"}};
    static const char *const want[] = {"d", "c", "b", "a"}; /* of two at once, the later made */
    struct place p = place_new(), other = place_in(p.ctx, p.db);
    int64_t behind_ms = 0;
    uint64_t behind_id = 0;
    struct chat_list list = {0};

    for (size_t i = 0; i < LEN(chats); i++)
        chat_seed(p.ctx, p.db, p.user_id, chats[i].name, chats[i].created_at);
    chat_seed(p.ctx, p.db, other.user_id, "theirs", "01-02 00:00:00");
    for (size_t i = 0; i < LEN(want); i++) {
        GIVES(CQ_OK, store_chat_list(p.ctx, p.db, p.user_id, behind_ms, behind_id, 1, &list));
        CU_ASSERT_EQUAL_FATAL(list.n, 1);
        ASSERT_TEXT(list.rows[0].name, want[i]);
        behind_ms = list.rows[0].created_at_ms;
        behind_id = list.rows[0].id;
    }
    GIVES(CQ_OK, store_chat_list(p.ctx, p.db, p.user_id, behind_ms, behind_id, 1, &list));
    CU_ASSERT_EQUAL(list.n, 0);
    GIVES(CQ_OK, store_chat_list(p.ctx, p.db, p.user_id, 0, 0, 1000, &list));
    CU_ASSERT_EQUAL_FATAL(list.n, LEN(want));
    for (size_t i = 0; i < LEN(want); i++)
        ASSERT_TEXT(list.rows[i].name, want[i]);
}

static void test_a_row_of_a_list(void)
{
    struct scene s = scene_new();
    struct chat_list list = {0};

    sql_run("INSERT INTO bot (name, owner_id, title, description, instruction, display_retrieved_chunks,"
            " prompt_caching_enabled, created_at) SELECT 'bot-%ju', %ju, 't', '', '', 1, 1, UTC_TIMESTAMP(3)",
            (uintmax_t)s.id, (uintmax_t)s.p.user_id);
    sql_run("UPDATE chat SET bot_id = (SELECT id FROM bot WHERE name = 'bot-%ju') WHERE conversation_id = %ju",
            (uintmax_t)s.id, (uintmax_t)s.id);
    GIVES(CQ_OK, store_chat_list(s.p.ctx, s.p.db, s.p.user_id, 0, 0, 10, &list));
    CU_ASSERT_EQUAL_FATAL(list.n, 1);
    const struct chat_list_row *c = &list.rows[0];
    ASSERT_TEXT(c->name, "chat");
    ASSERT_TEXT(c->title, "New conversation");
    ASSERT_TEXT(c->model, "model");
    ASSERT_TEXT(c->last_message, "other");
    CU_ASSERT_TRUE(c->bot_name && str_starts(c->bot_name, "bot-"));
    CU_ASSERT_TRUE(c->id == s.id && c->created_at_ms == 1704067200000 && c->updated_at_ms > c->created_at_ms);
}

/* ---- changes ---- */

static void test_rename(void)
{
    struct scene s = scene_new();

    GIVES(CQ_OK, store_chat_rename(s.p.ctx, s.p.db, s.id, "Photosynthesis"));
    GIVES(CQ_OK, store_chat_rename(s.p.ctx, s.p.db, s.id, "Photosynthesis"));
    CU_ASSERT_EQUAL(
        sql_number("SELECT title = 'Photosynthesis' FROM chat WHERE conversation_id = %ju", (uintmax_t)s.id), 1);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_chat_rename(s.p.ctx, s.p.db, s.id + 1000000, "x"));
}

static void test_feedback(void)
{
    static const struct chat_feedback bad = {false, "wrong", "No \xF0\x9F\x98\x80"}, good = {true, NULL, NULL};
    struct scene s = scene_new();
    struct chat_message_list list = {0};

    GIVES(CQ_OK, store_chat_feedback(s.p.ctx, s.p.db, s.id, "first-reply", &bad));
    GIVES(CQ_OK, store_chat_messages(s.p.ctx, s.p.db, s.id, &list));
    CU_ASSERT_TRUE(list.rows[1].has_feedback && !list.rows[1].is_thumbs_up && !list.rows[0].has_feedback);
    ASSERT_TEXT(list.rows[1].category, "wrong");
    ASSERT_TEXT(list.rows[1].comment, "No \xF0\x9F\x98\x80");
    GIVES(CQ_OK, store_chat_feedback(s.p.ctx, s.p.db, s.id, "first-reply", &good));
    GIVES(CQ_OK, store_chat_feedback(s.p.ctx, s.p.db, s.id, "first-reply", &good)); /* that changes nothing */
    GIVES(CQ_OK, store_chat_messages(s.p.ctx, s.p.db, s.id, &list));
    CU_ASSERT_TRUE(list.rows[1].has_feedback && list.rows[1].is_thumbs_up);
    CU_ASSERT_TRUE(!list.rows[1].category && !list.rows[1].comment);
    GIVES(CQ_NOT_A_REPLY, store_chat_feedback(s.p.ctx, s.p.db, s.id, "first", &good));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_chat_feedback(s.p.ctx, s.p.db, s.id, "First-reply", &good));
    GIVES(CQ_RESOURCE_NOT_FOUND, store_chat_feedback(s.p.ctx, s.p.db, s.id + 1000000, "first-reply", &good));
}

/* ---- deletes ---- */

static void test_delete(void)
{
    static const char *const tables[] = {"chat", "chat_message", "message", "turn", "chat_file", "related_document"};
    struct scene s = scene_new();
    uint64_t kept = chat_seed(s.p.ctx, s.p.db, s.p.user_id, "kept", "01-01 00:00:00");
    struct hash_list dropped = {0};

    chat_seed_file(s.p.ctx, s.p.db, s.id, 7);
    chat_seed_file(s.p.ctx, s.p.db, kept, 8);
    sql_run("INSERT INTO related_document VALUES (%ju, 2, 1, 1, 'f', 'text', NULL, 'p', 'p', 1, UTC_TIMESTAMP(3))",
            (uintmax_t)s.id);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_chat_delete(s.p.ctx, s.p.db, user_new(&s.p), s.id, &dropped));
    CU_ASSERT_TRUE(is_there(s.id));
    GIVES(CQ_OK, store_chat_delete(s.p.ctx, s.p.db, s.p.user_id, s.id, &dropped));
    CU_ASSERT_FALSE(is_there(s.id));
    for (size_t i = 0; i < LEN(tables); i++)
        ROW_ASSERT(tables[i], count_of(tables[i], s.id) == 0);
    CU_ASSERT_EQUAL_FATAL(dropped.n, 1);
    CU_ASSERT_TRUE(dropped.hashes[0][0] == 7 && dropped.hashes[0][31] == 7);
    CU_ASSERT_TRUE(is_there(kept) && count_of("chat_file", kept) == 1);
    GIVES(CQ_RESOURCE_NOT_FOUND, store_chat_delete(s.p.ctx, s.p.db, s.p.user_id, s.id, &dropped));
}

static void test_delete_all(void)
{
    struct scene s = scene_new();
    struct place other = place_in(s.p.ctx, s.p.db);
    uint64_t second = chat_seed(s.p.ctx, s.p.db, s.p.user_id, "second", "01-01 00:00:00");
    uint64_t theirs = chat_seed(s.p.ctx, s.p.db, other.user_id, "chat", "01-01 00:00:00");
    uint64_t of_course = conversation_opened(&s.p);
    struct hash_list dropped = {0};

    chat_seed_file(s.p.ctx, s.p.db, s.id, 7);
    chat_seed_file(s.p.ctx, s.p.db, second, 7);
    chat_seed_file(s.p.ctx, s.p.db, second, 9);
    for (int i = 0; i < 205; i++) { /* more than go at once */
        char name[16];

        snprintf(name, sizeof(name), "n%d", i);
        chat_seed(s.p.ctx, s.p.db, s.p.user_id, name, "01-01 00:00:00");
    }
    GIVES(CQ_OK, store_chat_delete_all(s.p.ctx, s.p.db, s.p.user_id, &dropped));
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM chat WHERE user_id = %ju", (uintmax_t)s.p.user_id), 0);
    CU_ASSERT_TRUE(!is_there(s.id) && !is_there(second) && is_there(theirs) && is_there(of_course));
    CU_ASSERT_EQUAL(dropped.n, 2);
    dropped.n = 7;
    GIVES(CQ_OK, store_chat_delete_all(s.p.ctx, s.p.db, s.p.user_id, &dropped)); /* there is none */
    CU_ASSERT_EQUAL(dropped.n, 0);
}

static void test_delete_named(void)
{
    static const char *const names[] = {"nobody", "chat", "CHAT", "theirs", "second"};
    static const bool want[] = {false, true, false, false, true};
    struct scene s = scene_new();
    struct place other = place_in(s.p.ctx, s.p.db);
    uint64_t second = chat_seed(s.p.ctx, s.p.db, s.p.user_id, "second", "01-01 00:00:00");
    uint64_t third = chat_seed(s.p.ctx, s.p.db, s.p.user_id, "third", "01-01 00:00:00");
    uint64_t theirs = chat_seed(s.p.ctx, s.p.db, other.user_id, "theirs", "01-01 00:00:00");
    uint64_t namesake = chat_seed(s.p.ctx, s.p.db, other.user_id, "chat", "01-01 00:00:00");
    bool is_deleted[LEN(names)];
    struct hash_list dropped = {0};

    chat_seed_file(s.p.ctx, s.p.db, second, 5);
    memset(is_deleted, true, sizeof(is_deleted));
    GIVES(CQ_OK, store_chat_delete_named(s.p.ctx, s.p.db, s.p.user_id, names, LEN(names), is_deleted, &dropped));
    for (size_t i = 0; i < LEN(names); i++)
        ROW_ASSERT(names[i], is_deleted[i] == want[i]);
    CU_ASSERT_TRUE(!is_there(s.id) && !is_there(second) && is_there(third) && is_there(theirs) && is_there(namesake));
    CU_ASSERT_TRUE(dropped.n == 1 && dropped.hashes[0][0] == 5);
}

/* A commit that was not answered may have been done: what it deleted stays told, with its files. */
static void test_a_commit_whose_outcome_is_unknown(void)
{
    static const enum cut cuts[] = {CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT, CUT_LATE_COMMIT};
    static const char *const names[] = {"named"};

    for (size_t i = 0; i < LEN(cuts); i++) {
        struct scene s = scene_new();
        struct db *db = db_create(cut_config());
        uint64_t named = chat_seed(s.p.ctx, s.p.db, s.p.user_id, "named", "01-01 00:00:00");
        struct hash_list dropped = {0}, dropped_named = {0};
        bool is_deleted = false;

        CU_ASSERT_PTR_NOT_NULL_FATAL(db);
        chat_seed_file(s.p.ctx, s.p.db, s.id, 1);
        chat_seed_file(s.p.ctx, s.p.db, named, 2);
        MUST(db_ping(s.p.ctx, db));
        cut_next_commit(cuts[i]);
        GIVES(CQ_OK, store_chat_delete(s.p.ctx, db, s.p.user_id, s.id, &dropped));
        CU_ASSERT_TRUE(!is_there(s.id) && dropped.n >= 1);
        cut_next_commit(cuts[i]);
        GIVES(CQ_OK, store_chat_delete_named(s.p.ctx, db, s.p.user_id, names, 1, &is_deleted, &dropped_named));
        CU_ASSERT_TRUE(!is_there(named) && is_deleted && dropped_named.n >= 1);
        db_destroy(db);
    }
}

/* ---- races ---- */

struct racing {
    struct scene s;
    bool is_rename;
    enum cq_status st;
};

static void delete_or_rename(struct cq_ctx *ctx, struct db *db, void *arg)
{
    struct racing *r = arg;
    struct hash_list dropped = {0};

    r->st = r->is_rename ? store_chat_rename(ctx, db, r->s.id, "title")
                         : store_chat_delete_all(ctx, db, r->s.p.user_id, &dropped);
}

static void test_two_at_once(void)
{
    for (int round = 0; round < 16; round++) {
        struct racing one = {.s = scene_new(), .st = CQ_INTERNAL}, two = one;

        two.is_rename = round % 2;
        race(delete_or_rename, &one, &two);
        GIVES(CQ_OK, one.st);
        CU_ASSERT_TRUE(two.st == CQ_OK || (two.is_rename && two.st == CQ_RESOURCE_NOT_FOUND));
        CU_ASSERT_FALSE(is_there(one.s.id));
    }
}

SUITE(chats, {"messages", test_messages}, {"a reply that is continued", test_a_reply_that_is_continued},
      {"what a bot hides", test_what_a_bot_hides}, {"pages", test_pages}, {"a row of a list", test_a_row_of_a_list},
      {"rename", test_rename}, {"feedback", test_feedback}, {"delete", test_delete}, {"delete all", test_delete_all},
      {"delete named", test_delete_named},
      {"a commit whose outcome is unknown", test_a_commit_whose_outcome_is_unknown}, {"two at once", test_two_at_once});
