/* Searching chats, from the words in the database to what is shown: only one's own, as they are now, best first. */
#include "attempt.h"
#include "colloquy/engine.h"
#include "engine/chat_search.h"
#include "store/chat_word.h"

static struct place p;
static uint64_t next_id = 9000000;

struct words {
    uint64_t user_id, conversation_id;
    uint32_t seq;
    const char *text, *from; /* from: NULL, or what it replaces; text NULL: all goes */
};

static enum cq_status write_words(struct cq_ctx *ctx, struct db *db, void *arg, bool is_rerun)
{
    const struct words *w = arg;

    (void)is_rerun;
    if (!w->text)
        return chat_words_remove(ctx, db, w->user_id, w->conversation_id);
    return w->from ? chat_words_replace(ctx, db, w->user_id, w->conversation_id, w->seq, w->from, w->text)
                   : chat_words_add(ctx, db, w->user_id, w->conversation_id, w->seq, w->text);
}

static void words(struct words w)
{
    MUST(db_tx(p.ctx, p.db, write_words, &w));
}

static const char *quoted(const char *text)
{
    char *hex = arena_alloc(p.ctx->arena, 2 * strlen(text) + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(hex);
    hex_encode((const uint8_t *)text, strlen(text), hex);
    return hex;
}

/* It was changed so many minutes ago; name: as clients know it. */
static uint64_t chat(uint64_t user_id, const char *name, const char *title, unsigned minutes)
{
    uint64_t id = next_id++;

    sql_run(
        "INSERT INTO conversation (id, uuid, user_id, workflow_state, learning_objective, met_at, next_seq, created_at,"
        " updated_at) VALUES (%ju, UUID(), %ju, 'active', '', '', 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))",
        (uintmax_t)id, (uintmax_t)user_id);
    sql_run("INSERT INTO chat (conversation_id, user_id, name, title, model, last_seq, created_at, updated_at)"
            " VALUES (%ju, %ju, '%s', CONVERT(X'%s' USING utf8mb4), 'm', 0, UTC_TIMESTAMP(3),"
            " UTC_TIMESTAMP(3) - INTERVAL %u MINUTE)",
            (uintmax_t)id, (uintmax_t)user_id, name, quoted(title), minutes);
    words((struct words){user_id, id, 0, title, NULL});
    return id;
}

static void say(uint64_t user_id, uint64_t id, uint32_t seq, const char *text)
{
    sql_run("INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
            " VALUES (%ju, %u, UUID(), %u, CONVERT(X'%s' USING utf8mb4), UTC_TIMESTAMP(3))",
            (uintmax_t)id, seq, (seq + 1) % 2, quoted(text));
    words((struct words){user_id, id, seq, text, NULL});
}

/* "name{title}[body][body]…", best first. */
static const char *found_by(uint64_t user_id, const char *query, size_t limit)
{
    struct buf *out = buf_in_arena(p.ctx->arena, 1 << 20);
    struct chat_found_list list = {0};

    MUST(engine_chat_search(p.ctx, p.db, user_id, query, strlen(query), limit, &list));
    for (size_t i = 0; i < list.n; i++) {
        const struct chat_found *f = &list.all[i];

        buf_printf(out, "%s%s", i ? " " : "", f->row.name);
        if (f->title)
            buf_printf(out, "{%s}", f->title);
        for (size_t k = 0; k < f->n_bodies; k++)
            buf_printf(out, "[%s]", f->bodies[k]);
    }
    return out->data;
}

static void test_order(void)
{
    p = place_new();
    uint64_t a = chat(p.user_id, "a", "Photosynthesis basics", 30), b = chat(p.user_id, "b", "Untitled", 20);
    uint64_t c = chat(p.user_id, "c", "Untitled", 10), d = chat(p.user_id, "d", "Untitled", 15);

    say(p.user_id, a, 1, "nothing");
    say(p.user_id, b, 1, "How does Photosynthesis work?");
    say(p.user_id, b, 2, "<b>Photosynthesis</b> & more");
    say(p.user_id, b, 3, "How does Photosynthesis work?");
    say(p.user_id, c, 100, "photosynthesise");
    say(p.user_id, d, 1, "photosynthesise");
    static const struct {
        const char *query;
        size_t limit;
        const char *want;
    } rows[] = {
        // clang-format off
        {"photosynthesis", 20,
         "a{<em>Photosynthesis</em> basics}"
         " b[How does <em>Photosynthesis</em> work?][&lt;b&gt;<em>Photosynthesis</em>&lt;/b&gt; &amp; more]"
         " c[<em>photosynthesise</em>] d[<em>photosynthesise</em>]"},
        {"untitled", 2, "c{<em>Untitled</em>} d{<em>Untitled</em>}"}, /* as good as b: the later ones */
        {"untitled", 1, "c{<em>Untitled</em>}"},
        {"untitled work", 1, "b{<em>Untitled</em>}[How does Photosynthesis <em>work</em>?]"},
        {"wörk", 20, "b[How does Photosynthesis <em>work</em>?]"},
        {"% _ * \\ \" +", 20, ""},
        {"' OR 1=1 --", 20, ""},
        {"ho", 20, ""},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(found_by(p.user_id, rows[i].query, rows[i].limit), rows[i].want);
}

static void test_own_only(void)
{
    p = place_new();
    uint64_t other = user_new(&p), own = chat(p.user_id, "own", "same words", 1);

    say(other, chat(other, "other", "same words", 1), 1, "same secret");
    say(p.user_id, own, 1, "nothing");
    ASSERT_TEXT(found_by(p.user_id, "same", 20), "own{<em>same</em> words}");
    ASSERT_TEXT(found_by(p.user_id, "secret", 20), "");
    /* Not even when a word leads to it. */
    words((struct words){p.user_id, own + 1, 1, "secret", NULL});
    ASSERT_TEXT(found_by(p.user_id, "secret", 20), "");
}

static void test_changes(void)
{
    p = place_new();
    uint64_t a = chat(p.user_id, "a", "Old title", 1), b = chat(p.user_id, "b", "Old chat", 2);

    words((struct words){p.user_id, a, 0, "New name", "Old title"});
    sql_run("UPDATE chat SET title = 'New name' WHERE conversation_id = %ju", (uintmax_t)a);
    ASSERT_TEXT(found_by(p.user_id, "old", 20), "b{<em>Old</em> chat}");
    ASSERT_TEXT(found_by(p.user_id, "name", 20), "a{New <em>name</em>}");
    say(p.user_id, b, 1, "old again");
    ASSERT_TEXT(found_by(p.user_id, "old again", 20), "b{<em>Old</em> chat}[<em>old</em> <em>again</em>]");
    words((struct words){p.user_id, b, 0, NULL, NULL});
    ASSERT_TEXT(found_by(p.user_id, "old", 20), "");
    /* Words that are left over find nothing that is not there any more. */
    sql_run("UPDATE chat SET title = 'Other' WHERE conversation_id = %ju", (uintmax_t)a);
    ASSERT_TEXT(found_by(p.user_id, "name", 20), "");
    sql_run("DELETE FROM conversation WHERE id = %ju", (uintmax_t)a);
    ASSERT_TEXT(found_by(p.user_id, "new", 20), "");
}

static void test_scripts(void)
{
    p = place_new();
    uint64_t a = chat(p.user_id, "a", "植物的光合作用", 1), b = chat(p.user_id, "b", "Café crème", 2);

    say(p.user_id, a, 1, "什么是光合作用？光和作用");
    say(p.user_id, b, 1, "Việt Nam — ガラス");
    ASSERT_TEXT(found_by(p.user_id, "光合作用", 20), "a{植物的<em>光合作用</em>}[什么是<em>光合作用</em>？光和作用]");
    ASSERT_TEXT(found_by(p.user_id, "用", 20),
                "a{植物的光合作<em>用</em>}[什么是光合作<em>用</em>？光和作<em>用</em>]");
    ASSERT_TEXT(found_by(p.user_id, "合用", 20), "");
    ASSERT_TEXT(found_by(p.user_id, "CAFE\u0301", 20), "b{<em>Café</em> crème}");
    ASSERT_TEXT(found_by(p.user_id, "viet", 20), "b[<em>Việt</em> Nam — ガラス]");
    ASSERT_TEXT(found_by(p.user_id, "カ\u3099ラ", 20), "b[Việt Nam — <em>ガラ</em>ス]");
}

/* A word, a query and a text of the longest kind. */
static void test_long(void)
{
    struct buf *text;

    p = place_new();
    uint64_t a = chat(p.user_id, "a", "long", 1);

    text = buf_in_arena(p.ctx->arena, 4 << 20);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    while (text->len < 600000)
        buf_str(text, "ab ");
    sql_run("UPDATE chat SET title = 'long' WHERE conversation_id = %ju", (uintmax_t)a);
    sql_run("INSERT INTO message (conversation_id, seq, uuid, role, text, created_at)"
            " VALUES (%ju, 1, UUID(), 1, REPEAT('ab ', 200000), UTC_TIMESTAMP(3))",
            (uintmax_t)a);
    words((struct words){p.user_id, a, 1, text->data, NULL});
    buf_truncate(text, 200);
    const char *found = found_by(p.user_id, text->data, 20);

    CU_ASSERT_TRUE(str_starts(found, "a[<em>ab</em> <em>ab</em>") && strlen(found) < 3000);
    CU_ASSERT_TRUE(p.ctx->statements < 40);
}

/* Some of the pieces, the same ones each time. */
static const char *mixed(unsigned n)
{
    static const char *const pieces[] = {
        "cell", "cells", "wall", " ",        " ",  " ",  "e\u0301", "é", "a", "ab",     "abc", "abcd", "水", "中", "光",
        "光",   "合",    "か",   "か\u3099", "が", "ｶﾞ", "。",      "'", "-", "\u200B", "ß",   "ss",   "한", "ที่"};
    static uint32_t seed = 1;
    struct buf *out = buf_in_arena(p.ctx->arena, 4096);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while (n--) {
        seed = seed * 1664525 + 1013904223;
        buf_str(out, pieces[(seed >> 16) % LEN(pieces)]);
    }
    return out->data;
}

static bool has_match(const struct search_query *query, const char *text)
{
    struct search_fragment fragment;
    size_t n = 0;

    MUST(search_fragments(p.ctx, query, text, 1, &fragment, &n));
    return n > 0;
}

/* What the words in the database find is what is found by looking at every text. */
static void test_every_text(void)
{
    enum { CHATS = 40, QUERIES = 150 };
    uint64_t ids[CHATS];
    const char *texts[CHATS];

    p = place_new();
    for (unsigned i = 0; i < CHATS; i++) {
        texts[i] = mixed(2 + i);
        ids[i] = chat(p.user_id, arena_printf(p.ctx->arena, "chat-%u", i), "x", i);
        say(p.user_id, ids[i], 1 + i * 7, texts[i]);
    }
    for (unsigned i = 0; i < QUERIES; i++) {
        const char *text = mixed(1 + i % 7);
        struct search_query query;
        struct chat_found_list list = {0};
        size_t n = 0;

        MUST(search_query_read(p.ctx, text, strlen(text), &query));
        MUST(engine_chat_search(p.ctx, p.db, p.user_id, text, strlen(text), CHATS, &list));
        for (size_t k = 0; k < CHATS; k++) {
            bool is_found = false;

            for (size_t f = 0; f < list.n; f++)
                is_found |= list.all[f].row.id == ids[k];
            n += is_found;
            ROW_ASSERT(text, is_found == has_match(&query, texts[k]));
        }
        ROW_ASSERT(text, n == list.n);
    }
}

SUITE(searches, {"order", test_order}, {"own only", test_own_only}, {"changes", test_changes},
      {"scripts", test_scripts}, {"long", test_long}, {"every text", test_every_text});
