/* The words of chats: which are kept of a text, where they stand, and that they go with it. */
#include "database.h"
#include "store/chat_word.h"

/* The words stand by themselves: a test's user and conversations need not be. */
enum { USER = 4000000, OTHER = 4000001, FIRST = 5000000 };

enum what { ADD, REPLACE, REMOVE, REMOVE_ALL };

struct change {
    enum what what;
    uint64_t user_id, conversation_id;
    uint32_t seq;
    const char *text, *from;
};

static enum cq_status apply(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct change *c = arg;

    (void)is_rerun;
    switch (c->what) {
    case ADD:
        return chat_words_add(ctx, db, c->user_id, c->conversation_id, c->seq, c->text);
    case REPLACE:
        return chat_words_replace(ctx, db, c->user_id, c->conversation_id, c->seq, c->from, c->text);
    case REMOVE:
        return chat_words_remove(ctx, db, c->user_id, c->conversation_id);
    default:
        return chat_words_remove_all(ctx, db, c->user_id);
    }
}

static struct cq_ctx *ctx;

static void change(struct change c)
{
    MUST(db_tx(ctx, shared_db(), apply, &c));
}

static void add(uint64_t conversation_id, uint32_t seq, const char *text)
{
    change((struct change){ADD, USER, conversation_id, seq, text, NULL});
}

static void begin(void)
{
    ctx = test_ctx();
    change((struct change){.what = REMOVE_ALL, .user_id = USER});
    change((struct change){.what = REMOVE_ALL, .user_id = OTHER});
}

/* Where a word of USER stands: "conversation/message@place", '~' before what only begins with it. */
static const char *places_of(const char *word, bool is_beginning)
{
    struct buf *out = buf_in_arena(ctx->arena, 1 << 20);
    struct chat_word_list list = {0};

    MUST(store_chat_words(ctx, shared_db(), USER, word, is_beginning, &list));
    for (size_t i = 0; i < list.n; i++) {
        struct chat_place at = {.at = list.rows[i].places};

        while (chat_place_next(&at))
            buf_printf(out, " %s%llu/%u@%u", list.rows[i].is_equal ? "" : "~",
                       (unsigned long long)(list.rows[i].conversation_id - FIRST), at.seq, at.place);
    }
    return out->data;
}

static void test_places(void)
{
    static const struct {
        const char *word;
        bool is_beginning;
        const char *want;
    } rows[] = {
        // clang-format off
        {"the", false, " 0/1@0 0/1@2 0/65@1 1/2@0"},
        {"cell", false, " 0/0@1 0/1@1"},
        {"cell", true, " 0/0@1 0/1@1 ~1/2@1"},
        {"cel", true, " ~0/0@1 ~0/1@1 ~1/2@1"},
        {"cel", false, ""},
        {"ce", true, " ~0/0@1 ~0/1@1 ~1/2@1"},
        {"plante", false, " 0/0@0"},
        {"光合", false, " 1/3@1"},
        {"合", true, " ~1/3@2"},
        {"用", true, " 1/3@4"},
        {"水", true, " 1/3@0 1/3@6 1/3@7"},
        {"用水", false, ""},
        {"%", true, ""},
        {"_he", true, ""},
        {"far", false, " 1/4@40"},
        // clang-format on
    };
    begin();
    add(FIRST, 0, "Planté CELL");
    add(FIRST, 1, "the cell the");
    add(FIRST, 65, "of the"); /* another part */
    add(FIRST + 1, 2, "The cellular");
    add(FIRST + 1, 3, "水 光合作用 and 水。水");
    add(FIRST + 1, 4, "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a far");
    change((struct change){ADD, OTHER, FIRST + 7, 1, "the cell far", NULL});
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(places_of(rows[i].word, rows[i].is_beginning), rows[i].want);
}

/* What runs twice, as a transaction whose outcome is not known. */
static void test_again(void)
{
    begin();
    add(FIRST, 1, "one two one");
    add(FIRST, 11, "one");
    add(FIRST, 1, "one two one");
    ASSERT_TEXT(places_of("one", false), " 0/1@0 0/1@2 0/11@0");
    ASSERT_TEXT(places_of("two", false), " 0/1@1");
    add(FIRST, 2, " … ");
    add(FIRST, 3, "");
}

static void test_replaced(void)
{
    begin();
    add(FIRST, 0, "Old title");
    add(FIRST, 1, "old words");
    add(FIRST, 2, "old and new");
    add(FIRST, 12, "old");
    change((struct change){REPLACE, USER, FIRST, 0, "New title", "Old title"});
    change((struct change){REPLACE, USER, FIRST, 2, "newer and new", "old and new"});
    ASSERT_TEXT(places_of("old", true), " 0/1@0 0/12@0");
    ASSERT_TEXT(places_of("title", false), " 0/0@1");
    ASSERT_TEXT(places_of("new", true), " 0/0@0 0/2@2 ~0/2@0");
    change((struct change){REPLACE, USER, FIRST, 1, "", "old words"});
    change((struct change){REPLACE, USER, FIRST, 12, "", "old"});
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM chat_word WHERE user_id = %d AND word IN ('old', 'words')", USER),
                    0);
}

static void test_removed(void)
{
    begin();
    add(FIRST, 0, "here");
    add(FIRST, 100, "here");
    add(FIRST + 1, 1, "here");
    change((struct change){REMOVE, OTHER, FIRST, 0, NULL, NULL}); /* not theirs */
    ASSERT_TEXT(places_of("here", false), " 0/0@0 0/100@0 1/1@0");
    change((struct change){REMOVE, USER, FIRST, 0, NULL, NULL});
    ASSERT_TEXT(places_of("here", false), " 1/1@0");
    change((struct change){ADD, OTHER, FIRST + 2, 1, "here", NULL});
    change((struct change){.what = REMOVE_ALL, .user_id = USER});
    ASSERT_TEXT(places_of("here", false), "");
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM chat_word WHERE user_id = %d", OTHER), 1);
}

/* A text that is longer than any: its beginning is found, nothing fails. */
static void test_long(void)
{
    enum { N = 60000 };
    begin();
    struct buf *text = buf_in_arena(ctx->arena, 4 << 20), *same = buf_in_arena(ctx->arena, 4 << 20);

    for (unsigned i = 0; i < N; i++) {
        buf_printf(text, "w%u ", i);
        buf_str(same, "same ");
    }
    add(FIRST, 1, text->data);
    add(FIRST, 2, same->data);
    ASSERT_TEXT(places_of("w9999", false), " 0/1@9999");
    ASSERT_TEXT(places_of("w10000", false), "");
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM chat_word WHERE user_id = %d", USER), CHAT_MAX_DISTINCT_WORDS + 1);
    CU_ASSERT_EQUAL(sql_number("SELECT LENGTH(places) FROM chat_word WHERE user_id = %d AND word = 'same'", USER),
                    strlen("~2:") + CHAT_MAX_WORDS);
}

SUITE(chat_words, {"places", test_places}, {"again", test_again}, {"replaced", test_replaced},
      {"removed", test_removed}, {"a long text", test_long});
