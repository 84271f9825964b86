/* Provider builtin: the same ask gets the same reply, which walks the objectives and says what answers. */
#include <stdio.h>

#include "unit.h"

#include "llm/provider.h"

enum { MAX_TURNS = 12 };

static const char NOTICE_LINE[] = "\n\n*No language model is configured: this is Colloquy's built-in tutor.*";

/* The reply to a conversation in which the student wrote "Hello" and then said, turns - 1 times. */
static const char *reply_to(const char *const *objectives, size_t n_objectives, size_t turns, const char *said)
{
    struct llm_message messages[2 * MAX_TURNS];
    size_t n = 0;

    for (size_t i = 0; i < turns; i++) {
        if (i > 0)
            messages[n++] = (struct llm_message){.role = LLM_ASSISTANT, .text = "What do you think?"};
        messages[n++] = (struct llm_message){.role = LLM_USER, .text = i == 0 ? "Hello" : said};
    }
    const struct llm_ask ask = {
        .messages = messages, .n_messages = n, .objectives = objectives, .n_objectives = n_objectives};
    struct buf *reply = buf_in_arena(unit_ctx()->arena, 1 << 16);

    llm_provider_builtin.answer(&ask, reply);
    CU_ASSERT(!reply->failed && utf8_valid(reply->data, reply->len));
    return reply->data;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && str_eq(text + len - end_len, end);
}

static const char *const TWO[] = {"Explain osmosis.", "Name *two* uses of it"};

static void test_walk(void)
{
    static const struct {
        const char *name;
        size_t n_objectives, turns;
        const char *want;
    } rows[] = {
        // clang-format off
        {"greeting says what answers",   2, 1, "No language model is configured here"},
        {"greeting counts",              2, 1, "has 2 learning objectives"},
        {"greeting counts one",          1, 1, "has one learning objective"},
        {"greeting asks",                2, 1, "look at “Explain osmosis”. What"},
        {"second question",              2, 2, "“Explain osmosis”"},
        {"next objective",               2, 3, "next objective"},
        {"its text is plain",            2, 3, "“Name \\*two\\* uses of it”"},
        {"its second question",          2, 4, "“Name \\*two\\* uses of it”"},
        {"closing",                      2, 5, "sum up"},
        {"after the closing",            2, 6, "your summary"},
        {"long after the closing",       2, 12, "your summary"},
        {"student is quoted",            2, 2, "You wrote: “water moves”"},
        {"no objective: greeting",       0, 1, "the subject of this conversation"},
        {"no objective: question",       0, 2, "the subject of this conversation"},
        {"no objective: closing",        0, 3, "sum up"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *reply = reply_to(TWO, rows[i].n_objectives, rows[i].turns, "water moves");

        ROW_ASSERT(rows[i].name, strstr(reply, rows[i].want) != NULL);
        ROW_ASSERT(rows[i].name, ends_with(reply, NOTICE_LINE));
    }
}

static void test_same_ask_same_reply(void)
{
    for (size_t turns = 1; turns <= MAX_TURNS; turns++) {
        char first[4096];

        snprintf(first, sizeof(first), "%s", reply_to(TWO, 2, turns, "because"));
        ASSERT_TEXT(reply_to(TWO, 2, turns, "because"), first);
    }
}

static void test_quote(void)
{
    static const struct {
        const char *name, *said, *want;
    } rows[] = {
        // clang-format off
        {"plain",                  "I think so",               "You wrote: “I think so” "},
        {"twelve words",           "1 2 3 4 5 6 7 8 9 10 11 12", "You wrote: “1 2 3 4 5 6 7 8 9 10 11 12” "},
        {"more words",             "1 2 3 4 5 6 7 8 9 10 11 12 13", "You wrote: “1 2 3 4 5 6 7 8 9 10 11 12…” "},
        {"lines become one",       "\n a\r\n\n# b\tc ",         "You wrote: “a \\# b c” "},
        {"markup",                 "<b>*x*</b> [l](u) `c` ~s~ a|b", "“\\<b\\>\\*x\\*\\</b\\> \\[l\\](u) \\`c\\` \\~s\\~ a\\|b”"},
        {"a link",                 "see http://x.org",          "“see http\\://x.org”"},
        {"a backslash",            "\\*",                       "“\\\\\\*”"},
        {"control characters",     "a\x01\x1b[31mb",            "“a\\[31mb”"},
        {"more than ASCII",        "Die Zelle \xC3\xBC" "berlebt", "“Die Zelle \xC3\xBC" "berlebt”"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, strstr(reply_to(TWO, 2, 2, rows[i].said), rows[i].want) != NULL);
    CU_ASSERT_PTR_NULL(strstr(reply_to(TWO, 2, 2, " \n"), "You wrote"));
    CU_ASSERT_PTR_NULL(strstr(reply_to(TWO, 2, 2, "\xC2\xA0"), "You wrote"));
}

/* A single word of any length is cut, and never inside a character: reply_to() checks that it is UTF-8. */
static void test_long_words(void)
{
    char said[600];

    for (size_t shift = 0; shift < 4; shift++) {
        memset(said, 'x', shift);
        for (size_t at = shift; at + 4 < sizeof(said); at += 4)
            memcpy(said + at, "\xF0\x9F\x98\x80", 5);
        const char *reply = reply_to(TWO, 2, 2, said);

        CU_ASSERT(strstr(reply, "…” ") && strlen(reply) < 800);
    }
}

static void test_blank_objective(void)
{
    static const char *const blank[] = {" \n "};

    CU_ASSERT_PTR_NOT_NULL(strstr(reply_to(blank, 1, 1, ""), "look at the subject of this conversation. "));
}

/* A message may have no text of its own: what its parts say is quoted, and an image alone is passed over. */
static void test_parts(void)
{
    static const struct llm_part parts[] = {{.kind = LLM_IMAGE, .media_type = "image/png", .data = "x", .len = 1},
                                            {.kind = LLM_TEXT, .text = "water moves"}};
    static const struct {
        size_t n_parts;
        const char *want; /* NULL: nothing is quoted */
    } rows[] = {{2, "You wrote: “water moves”"}, {1, NULL}, {0, NULL}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_message said = {.role = LLM_USER, .parts = parts, .n_parts = rows[i].n_parts};
        const struct llm_message messages[] = {said, said};
        const struct llm_ask ask = {.messages = messages, .n_messages = 2, .objectives = TWO, .n_objectives = 2};
        struct buf *reply = buf_in_arena(unit_ctx()->arena, 1 << 16);

        llm_provider_builtin.answer(&ask, reply);
        CU_ASSERT(rows[i].want ? strstr(reply->data, rows[i].want) != NULL : !strstr(reply->data, "You wrote"));
    }
}

SUITE(builtin, {"it walks the objectives", test_walk}, {"the same ask, the same reply", test_same_ask_same_reply},
      {"quotations", test_quote}, {"long words are cut", test_long_words}, {"a blank objective", test_blank_objective},
      {"messages of parts", test_parts});
