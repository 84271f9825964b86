/* The objects of the chat API, to the byte, in both forms. */
#include "api/chat_represent.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/make_request.h"

#define CREATED_MS 1704067200500

struct writing {
    struct request req;
    struct json_out out;
};

/* After unit_ctx() was called for nothing else: it empties the arena. */
static struct writing begin(void)
{
    struct writing w = {.req = make_request()};
    struct buf *buf = buf_in_arena(w.req.ctx.arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    json_out_init(&w.out, buf);
    return w;
}

static struct chat_message_row message(uint32_t seq, uint32_t parent, const char *name, bool is_reply)
{
    return (struct chat_message_row){.seq = seq,
                                     .parent = parent,
                                     .name = name,
                                     .is_reply = is_reply,
                                     .model = "small",
                                     .text = "Hi \"you\"",
                                     .created_at_ms = CREATED_MS};
}

/* What stands in the message's object from that key on, up to the key that follows it. */
static void check_part(const char *name, const char *json, const char *key, const char *next, const char *want)
{
    const char *from = strstr(json, key), *to = from ? strstr(from, next) : NULL;

    ROW_ASSERT(name, to && strlen(want) == (size_t)(to - from) && memcmp(from, want, strlen(want)) == 0);
    if (to && (strlen(want) != (size_t)(to - from) || memcmp(from, want, strlen(want)) != 0))
        printf("\n%s: %.*s\n", name, (int)(to - from), from);
}

static const char *write(struct writing *w, enum chat_form form, const struct chat_tree *tree,
                         const struct chat_message_row *row)
{
    buf_clear(w->out.buf);
    w->out.comma = false;
    ROW_ASSERT(row->name, chat_write_message(&w->req, &w->out, form, tree, row) == CQ_OK);
    return w->out.buf->data;
}

/* ---- messages ---- */

static void test_a_message(void)
{
    struct chat_message_row rows[] = {message(1, 0, "q", false), message(2, 1, "r", true)};
    const struct chat_message_list list = {rows, LEN(rows)};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w = begin();

    ASSERT_TEXT(
        write(&w, CHAT_SNAKE, &tree, &rows[0]),
        "{\"role\":\"user\",\"content\":[{\"content_type\":\"text\",\"body\":\"Hi \\\"you\\\"\"}],\"model\":\"small\","
        "\"children\":[\"r\"],\"parent\":\"system\",\"feedback\":null,\"used_chunks\":null,\"thinking_log\":null,"
        "\"create_time\":1704067200.5,\"status\":\"complete\"}");
    ASSERT_TEXT(write(&w, CHAT_CAMEL, &tree, &rows[1]),
                "{\"role\":\"assistant\",\"content\":[{\"contentType\":\"text\",\"body\":\"Hi "
                "\\\"you\\\"\"}],\"model\":\"small\","
                "\"children\":[],\"parent\":\"q\",\"feedback\":null,\"usedChunks\":null,\"thinkingLog\":null,"
                "\"createTime\":1704067200500,\"status\":\"complete\"}");
    check_part("role", write(&w, CHAT_SNAKE, &tree, &rows[1]), "\"role\"", ",\"content\"", "\"role\":\"bot\"");
}

static void test_html(void)
{
    struct chat_message_row rows[] = {message(1, 0, "q", false), message(2, 1, "r", true)};
    const struct chat_message_list list = {rows, LEN(rows)};
    const struct chat_tree tree = {&list, NULL, true};
    struct writing w = begin();

    rows[0].html = "<p>of a reply alone</p>\n";
    check_part("a question", write(&w, CHAT_SNAKE, &tree, &rows[0]), "\"html\"", ",\"model\"", "\"html\":null");
    check_part("not rendered", write(&w, CHAT_SNAKE, &tree, &rows[1]), "\"html\"", ",\"model\"", "\"html\":null");
    rows[1].html = "<p>Hi</p>\n";
    for (int form = CHAT_SNAKE; form <= CHAT_CAMEL; form++)
        check_part("a reply", write(&w, (enum chat_form)form, &tree, &rows[1]), "\"html\"", ",\"model\"",
                   "\"html\":\"<p>Hi</p>\\n\"");
    buf_clear(w.out.buf);
    w.out.comma = false;
    chat_write_root(&w.out, CHAT_SNAKE, &tree, CREATED_MS);
    check_part("the root", w.out.buf->data, "\"html\"", ",\"model\"", "\"html\":null");
}

static void test_states(void)
{
    static const char *const want[] = {"\"status\":\"complete\"", "\"status\":\"pending\"", "\"status\":\"failed\""};
    struct chat_message_row row = message(1, 0, "q", false);
    const struct chat_message_list list = {&row, 1};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w = begin();

    for (size_t i = 0; i < LEN(want); i++) {
        row.state = (enum chat_message_state)i;
        check_part(want[i], write(&w, CHAT_SNAKE, &tree, &row), "\"status\"", "}", want[i]);
    }
}

/* Branches stand in the order in which they were made; the root has those that have no other parent. */
static void test_the_tree(void)
{
    struct chat_message_row rows[] = {message(1, 0, "a", false), message(2, 1, "b", true),  message(3, 0, "c", false),
                                      message(4, 2, "d", false), message(5, 2, "e", false), message(6, 5, "f", true)};
    static const char *const parents[] = {"system", "a", "system", "b", "b", "e"};
    static const char *const children[] = {"[\"b\"]", "[\"d\",\"e\"]", "[]", "[]", "[\"f\"]", "[]"};
    const struct chat_message_list list = {rows, LEN(rows)};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w = begin();

    for (size_t i = 0; i < LEN(rows); i++) {
        char want[128];

        snprintf(want, sizeof(want), "\"children\":%s,\"parent\":\"%s\"", children[i], parents[i]);
        check_part(rows[i].name, write(&w, CHAT_SNAKE, &tree, &rows[i]), "\"children\"", ",\"feedback\"", want);
    }
    buf_clear(w.out.buf);
    w.out.comma = false;
    chat_write_root(&w.out, CHAT_SNAKE, &tree, CREATED_MS);
    ASSERT_TEXT(
        w.out.buf->data,
        "{\"role\":\"system\",\"content\":[{\"content_type\":\"text\",\"body\":\"\"}],\"model\":\"small\","
        "\"children\":[\"a\",\"c\"],\"parent\":null,\"feedback\":null,\"used_chunks\":null,\"thinking_log\":null,"
        "\"create_time\":1704067200.5,\"status\":\"complete\"}");
}

static void test_feedback(void)
{
    static const struct {
        const char *name;
        bool is_reply, has_feedback, is_thumbs_up;
        const char *category, *comment, *want;
    } rows[] = {
        {"none", true, false, false, NULL, NULL, "\"feedback\":null"},
        {"on what is no reply", false, true, true, NULL, NULL, "\"feedback\":null"},
        {"up", true, true, true, NULL, NULL, "\"feedback\":{\"thumbs_up\":true,\"category\":\"\",\"comment\":\"\"}"},
        {"down", true, true, false, "a", "b",
         "\"feedback\":{\"thumbs_up\":false,\"category\":\"a\",\"comment\":\"b\"}"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct chat_message_row row = message(1, 0, "r", rows[i].is_reply);
        const struct chat_message_list list = {&row, 1};
        const struct chat_tree tree = {&list, NULL, false};
        struct writing w = begin();

        row.has_feedback = rows[i].has_feedback;
        row.is_thumbs_up = rows[i].is_thumbs_up;
        row.category = rows[i].category;
        row.comment = rows[i].comment;
        check_part(rows[i].name, write(&w, CHAT_SNAKE, &tree, &row), "\"feedback\"", ",\"used_chunks\"", rows[i].want);
    }
}

#define LOG                                                                                                            \
    "[{\"role\":\"bot\",\"content\":[{\"content_type\":\"toolUse\",\"body\":{\"tool_use_id\":\"t\",\"name\":\"n\","    \
    "\"input\":{\"query\":\"a_b/"                                                                                      \
    "\\u00e9\",\"top_k\":5}}}]},{\"role\":\"user\",\"content\":[{\"content_type\":\"toolResult\","                     \
    "\"body\":{\"tool_use_id\":\"t\",\"content\":[{\"json\":{\"source_id\":\"r@1\",\"content\":\"c\"}},{\"text\":"     \
    "\"x\"}],"                                                                                                         \
    "\"status\":\"success\"}}]}]"

/* Keys of ours are put into the form, and what is inside a tool's input and results is left as it is. */
static void test_thinking(void)
{
    static const char snake[] =
        "\"thinking_log\":[{\"role\":\"bot\",\"content\":[{\"content_type\":\"toolUse\",\"body\":{\"tool_use_id\":"
        "\"t\","
        "\"name\":\"n\",\"input\":{\"query\":\"a_b/\xc3\xa9\",\"top_k\":5}}}]},{\"role\":\"user\",\"content\":[{"
        "\"content_type\":\"toolResult\",\"body\":{\"tool_use_id\":\"t\",\"content\":[{\"json\":{\"source_id\":\"r@1\","
        "\"content\":\"c\"}},{\"text\":\"x\"}],\"status\":\"success\"}}]}]";
    static const char camel[] =
        "\"thinkingLog\":[{\"role\":\"assistant\",\"content\":[{\"contentType\":\"toolUse\",\"body\":{\"toolUseId\":"
        "\"t\","
        "\"name\":\"n\",\"input\":{\"query\":\"a_b/\xc3\xa9\",\"top_k\":5}}}]},{\"role\":\"user\",\"content\":[{"
        "\"contentType\":\"toolResult\",\"body\":{\"toolUseId\":\"t\",\"content\":[{\"json\":{\"source_id\":\"r@1\","
        "\"content\":\"c\"}},{\"text\":\"x\"}],\"status\":\"success\"}}]}]";
    struct chat_message_row row = message(1, 0, "r", true);
    const struct chat_message_list list = {&row, 1};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w = begin();

    row.thinking_log = LOG;
    check_part("snake", write(&w, CHAT_SNAKE, &tree, &row), "\"thinking_log\"", ",\"create_time\"", snake);
    check_part("camel", write(&w, CHAT_CAMEL, &tree, &row), "\"thinkingLog\"", ",\"createTime\"", camel);
    row.hides_chunks = true;
    check_part("hidden", write(&w, CHAT_SNAKE, &tree, &row), "\"thinking_log\"", ",\"create", "\"thinking_log\":null");
}

static void test_chunks(void)
{
    struct related_row passages[] = {
        {.seq = 2, .number = 1, .filename = "a.pdf", .passage = "one"},
        {.seq = 4, .number = 1, .filename = "b.pdf", .passage = "two"},
        {.seq = 4, .number = 2, .filename = "a.pdf", .passage = "three"},
    };
    const struct related_list related = {passages, LEN(passages)};
    struct chat_message_row rows[] = {message(1, 0, "q", false), message(4, 1, "r", true), message(6, 4, "s", true)};
    const struct chat_message_list list = {rows, LEN(rows)};
    const struct chat_tree tree = {&list, &related, false};
    struct writing w = begin();

    check_part("question", write(&w, CHAT_SNAKE, &tree, &rows[0]), "\"used", ",\"thinking", "\"used_chunks\":null");
    check_part("reply", write(&w, CHAT_CAMEL, &tree, &rows[1]), "\"used", ",\"thinking",
               "\"usedChunks\":[{\"content\":\"two\",\"contentType\":\"s3\",\"source\":\"b.pdf\",\"rank\":1},"
               "{\"content\":\"three\",\"contentType\":\"s3\",\"source\":\"a.pdf\",\"rank\":2}]");
    check_part("without", write(&w, CHAT_SNAKE, &tree, &rows[2]), "\"used", ",\"thinking", "\"used_chunks\":null");
    rows[1].hides_chunks = true;
    check_part("hidden", write(&w, CHAT_SNAKE, &tree, &rows[1]), "\"used", ",\"thinking", "\"used_chunks\":null");
}

/* ---- contents ---- */

static const char PNG[] = "\x89PNG\r\n\x1a\n\0bytes";

/* A folder for files, removed by leave(). */
static char folder[64];

static void enter(struct writing *w, struct config *config, uint8_t hash[SHA256_BYTES])
{
    snprintf(folder, sizeof(folder), "/tmp/colloquy-files-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    config->files.directory = folder;
    *w = begin();
    w->req.config = config;
    CU_ASSERT_EQUAL_FATAL(file_put(&w->req.ctx, config, PNG, sizeof(PNG) - 1, hash), CQ_OK);
}

static void leave(const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    struct cq_ctx *ctx = unit_ctx();
    char path[128];
    char hex[2 * SHA256_BYTES + 1];

    hex_encode(hash, SHA256_BYTES, hex);
    CU_ASSERT_EQUAL(file_remove(ctx, config, hash), CQ_OK);
    snprintf(path, sizeof(path), "%s/%.2s", folder, hex);
    remove(path);
    remove(folder);
}

static void test_files(void)
{
    static const char want[] = "\"content\":[{\"content_type\":\"text\",\"body\":\"a\"},{\"content_type\":\"image\","
                               "\"media_type\":\"image/png\","
                               "\"body\":\"iVBORw0KGgoAYnl0ZXM=\"},{\"content_type\":\"attachment\",\"file_name\":\"b "
                               "\\\"c\\\".txt\",\"body\":\"\"}]";
    struct config config = {.files = {.link_seconds = 900}};
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], content[1024];
    struct chat_message_row row = message(1, 0, "q", false);
    const struct chat_message_list list = {&row, 1};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w;

    enter(&w, &config, hash);
    hex_encode(hash, SHA256_BYTES, hex);
    snprintf(content, sizeof(content),
             "[{\"content_type\":\"text\",\"body\":\"a\"},{\"content_type\":\"image\",\"media_type\":\"image/"
             "png\",\"file\":\"%s\","
             "\"size\":14},{\"content_type\":\"attachment\",\"file_name\":\"b "
             "\\\"c\\\".txt\",\"file\":\"%064d\",\"size\":1}]",
             hex, 0);
    row.content = content;
    check_part("files", write(&w, CHAT_SNAKE, &tree, &row), "\"content\"", ",\"model\"",
               want); /* the last one is gone */
    check_part("camel", write(&w, CHAT_CAMEL, &tree, &row), "{\"contentType\":\"image\"", ",{",
               "{\"contentType\":\"image\",\"mediaType\":\"image/png\",\"body\":\"iVBORw0KGgoAYnl0ZXM=\"}");
    leave(&config, hash);
}

/* Half of the answer's room is for files. What there is no room for is left out: the conversation can be read all the same. */
static void test_files_without_room(void)
{
    struct config config = {.files = {.link_seconds = 900}};
    uint8_t hash[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1], content[4096];
    struct chat_message_row row = message(1, 0, "q", false);
    const struct chat_message_list list = {&row, 1};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w;

    enter(&w, &config, hash);
    hex_encode(hash, SHA256_BYTES, hex);
    snprintf(
        content, sizeof(content),
        "[{\"content_type\":\"text\",\"body\":\"%01000d\"},{\"content_type\":\"image\",\"media_type\":\"image/png\","
        "\"file\":\"%s\",\"size\":14}]",
        0, hex);
    row.content = content;
    for (int is_enough = 0; is_enough <= 1; is_enough++) {
        w.out.buf->max = is_enough ? 2400 : 1800;
        CU_ASSERT_PTR_NOT_NULL(strstr(write(&w, CHAT_SNAKE, &tree, &row),
                                      is_enough ? "\"body\":\"iVBORw0KGgoAYnl0ZXM=\"}" : "\"body\":\"\"}"));
        CU_ASSERT_FALSE(w.out.buf->failed);
    }
    leave(&config, hash);
}

static void test_reasoning(void)
{
    struct chat_message_row row = message(1, 0, "r", true);
    const struct chat_message_list list = {&row, 1};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w = begin();

    row.content = "[{\"content_type\":\"reasoning\",\"text\":\"t\",\"signature\":\"s\",\"redacted_content\":\"\"},"
                  "{\"content_type\":\"text\",\"body\":\"b\"}]";
    check_part(
        "reasoning", write(&w, CHAT_CAMEL, &tree, &row), "\"content\"", ",\"model\"",
        "\"content\":[{\"contentType\":\"reasoning\",\"text\":\"t\",\"signature\":\"s\",\"redactedContent\":\"\"},"
        "{\"contentType\":\"text\",\"body\":\"b\"}]");
}

/* What is stored and cannot be read is a fault of ours, never the client's. */
static void test_a_broken_row(void)
{
    struct chat_message_row row = message(1, 0, "r", true);
    const struct chat_message_list list = {&row, 1};
    const struct chat_tree tree = {&list, NULL, false};
    struct writing w = begin();

    row.content = "[{";
    CU_ASSERT_EQUAL(chat_write_message(&w.req, &w.out, CHAT_SNAKE, &tree, &row), CQ_INTERNAL);
    row.content = NULL;
    row.thinking_log = "nothing";
    CU_ASSERT_EQUAL(chat_write_message(&w.req, &w.out, CHAT_SNAKE, &tree, &row), CQ_INTERNAL);
}

/* ---- what it cost ---- */

static void test_prices(void)
{
    static const struct {
        uint64_t nano;
        const char *want;
    } rows[] = {
        {0, "0.0"},
        {1, "0.000000001"},
        {1500000000, "1.5"},
        {2000000000, "2.0"},
        {123456789, "0.123456789"},
        {100, "0.0000001"},
        {UINT64_MAX, "18446744073.709551615"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct writing w = begin();

        chat_write_price(&w.out, rows[i].nano);
        ASSERT_TEXT(w.out.buf->data, rows[i].want);
    }
    struct writing w = begin();

    chat_write_token_count(&w.out, CHAT_CAMEL, 1, 2, 3, 4);
    ASSERT_TEXT(w.out.buf->data, "{\"input\":1,\"output\":2,\"cacheReadInput\":3,\"cacheWriteInput\":4}");
}

SUITE(chat_represent, {"a message", test_a_message}, {"html", test_html}, {"states", test_states},
      {"the tree", test_the_tree}, {"feedback", test_feedback}, {"thinking", test_thinking}, {"chunks", test_chunks},
      {"files", test_files}, {"files without room", test_files_without_room}, {"reasoning", test_reasoning},
      {"a broken row", test_a_broken_row}, {"prices", test_prices});
