/* Context: what is told, what is left out, and when it is summarised. */
#include <json-c/json.h>

#include "unit.h"

#include "engine/context.h"
#include "engine/prompt.h"
#include "scene.h"

enum { MAX_MESSAGES = 400 };

static struct message_row rows[MAX_MESSAGES];
static char texts[MAX_MESSAGES][400];

/* n messages of about so many tokens each, the student's first and last. */
static struct message_list list_of(size_t n, size_t tokens)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = (tokens - 8) * 3;

        for (size_t k = 0; k < len; k++)
            texts[i][k] = "water "[k % 6];
        texts[i][len] = '\0';
        rows[i] =
            (struct message_row){.seq = (uint32_t)i, .text = texts[i], .is_assistant = i % 2 == 1, .is_initial = !i};
    }
    return (struct message_list){rows, n};
}

static uint64_t told_tokens(const struct message_list *list, const struct context *c)
{
    uint64_t n = 0;

    for (size_t i = c->first; i < list->n; i++)
        n += context_tokens(&list->rows[i]);
    return n;
}

static void test_choose(void)
{
    static const struct {
        const char *name;
        size_t n, summarised;
        uint32_t room;
        bool is_all_told, is_due;
    } cases[] = {
        // clang-format off
        {"all the room there is",        301,   0, UINT32_MAX, true,  false},
        {"far from full",                101,   0, 20000,      true,  false},
        {"soon full",                    163,   0, 20000,      true,  true},
        {"full",                         301,   0, 20000,      false, true},
        {"summarised, and room for more", 301, 221, 20000,     false, false},
        {"summarised, soon full again",  301, 153, 20000,      false, true},
        {"summarised, full again",       301,  21, 20000,      false, true},
        {"room for next to nothing",     301,   0, 100,        false, true},
        {"no room at all",               301,   0, 0,          false, true},
        {"the greeting, no room",          1,   0, 0,          true,  false},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct message_list list = list_of(cases[i].n, 100);
        struct context c;

        context_choose(&list, cases[i].summarised, cases[i].room, &c);
        ROW_ASSERT(cases[i].name, (c.first == 0) == cases[i].is_all_told);
        ROW_ASSERT(cases[i].name, (c.due > 0) == cases[i].is_due);
        ROW_ASSERT(cases[i].name, c.first < list.n && c.summarised <= c.first && c.due < list.n);
        ROW_ASSERT(cases[i].name, told_tokens(&list, &c) <= cases[i].room || c.first == list.n - 1);
        ROW_ASSERT(cases[i].name, !c.first || list.rows[c.first].is_assistant || c.first == list.n - 1);
        ROW_ASSERT(cases[i].name, !c.due || c.due > cases[i].summarised);
    }
}

/* Turns that failed leave messages of the student alone: they are told all the same. */
static void test_failed_turns(void)
{
    const struct message_list list = list_of(300, 100);
    struct context c;

    for (size_t i = 1; i < list.n; i++)
        list.rows[i].is_assistant = i == 290;
    context_choose(&list, 0, 20000, &c);
    CU_ASSERT(list.n - c.first >= 150 && told_tokens(&list, &c) <= 20000);
    CU_ASSERT(c.due > 0 && list.n - c.due >= 80);
    list.rows[c.first + 2].is_assistant = true;
    size_t before = c.first;
    context_choose(&list, 0, 20000, &c);
    CU_ASSERT_EQUAL(c.first, before + 2);
}

/* One that never comes is asked for with each fourth turn, and with each one once messages are left out without it. */
static void test_summary_never_comes(void)
{
    size_t n_asked = 0, n_near = 0, n_turns = 0;

    for (size_t n = 1; n < 250; n += 2) {
        const struct message_list list = list_of(n, 100);
        struct context c;

        context_choose(&list, 0, 20000, &c);
        CU_ASSERT(!c.first || c.due);
        n_turns += n > 139 && !c.first;
        n_near += c.due && !c.first;
        n_asked += c.due > 0;
    }
    ROW_ASSERT(arena_printf(unit_ctx()->arena, "%zu of %zu", n_near, n_turns),
               n_near >= 5 && n_near <= n_turns / 4 + 1);
    CU_ASSERT(n_asked > n_near);
}

static void test_summary_cut(void)
{
    static const struct {
        const char *name;
        enum llm_stop stop;
        const char *text, *want;
    } cases[] = {
        // clang-format off
        {"whole",                LLM_STOP_END,      "He said 1.5. Then", "He said 1.5. Then"},
        {"cut in a sentence",    LLM_STOP_LENGTH,   "He said 1.5. Is it? The", "He said 1.5. Is it?"},
        {"cut in a number",      LLM_STOP_LENGTH,   "He said so! It is 1.5 of", "He said so!"},
        {"cut in a line",        LLM_STOP_LENGTH,   "- salt\n- water\n- mem", "- salt\n- water\n"},
        {"cut behind a sentence", LLM_STOP_LENGTH,  "He said so.", "He said so."},
        {"cut in Japanese",      LLM_STOP_LENGTH,   "\xE6\xB0\xB4\xE3\x80\x82\xE6\xB0\xB4", "\xE6\xB0\xB4\xE3\x80\x82"},
        {"no sentence",          LLM_STOP_LENGTH,   "He said and said", "He said and said"},
        {"nothing but a line",   LLM_STOP_LENGTH,   "\nHe said", "\nHe said"},
        {"stopped",              LLM_STOP_ASKED,    "He said so. And", NULL},
        {"filtered",             LLM_STOP_FILTERED, "He said so. And", NULL},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(cases); i++) {
        const struct llm_reply reply = {.text = cases[i].text, .len = strlen(cases[i].text), .stop = cases[i].stop};
        const char *got = context_summary(unit_ctx(), &reply);

        ROW_ASSERT(cases[i].name, cases[i].want ? got && str_eq(got, cases[i].want) : !got);
    }
}

/* As a conversation grows, each message is told or summarised, none is summarised twice, and summaries are rare. */
static void test_growing(void)
{
    size_t summarised = 0, n_summaries = 0;

    for (size_t n = 1; n < MAX_MESSAGES; n += 2) {
        const struct message_list list = list_of(n, 100);
        struct context c;

        context_choose(&list, summarised, 9000, &c);
        CU_ASSERT(c.first == summarised && told_tokens(&list, &c) <= 9000);
        if (c.due) {
            CU_ASSERT(c.due > summarised);
            summarised = c.due;
            n_summaries++;
        }
    }
    CU_ASSERT(n_summaries >= 5 && n_summaries <= 20);
}

static void test_messages(void)
{
    const struct message_list list = list_of(9, 50);
    struct llm_ask ask = {0};

    CU_ASSERT_EQUAL(context_messages(unit_ctx(), &list, &(struct context){0}, NULL, &ask), CQ_OK);
    CU_ASSERT(ask.n_messages == 9 && ask.messages[0].text == texts[0] && ask.messages[8].text == texts[8]);
    CU_ASSERT(ask.messages[0].role == LLM_USER && ask.messages[1].role == LLM_ASSISTANT);

    const struct context c = {.first = 5, .summarised = 5};
    CU_ASSERT_EQUAL(context_messages(unit_ctx(), &list, &c, "He said \"x\".", &ask), CQ_OK);
    CU_ASSERT(ask.n_messages == 5 && ask.messages[0].role == LLM_USER && ask.messages[1].role == LLM_ASSISTANT);
    CU_ASSERT(ask.messages[1].text == texts[5] && ask.messages[4].text == texts[8]);
    CU_ASSERT(str_starts(ask.messages[0].text, PROMPT_TUTOR_LEFT_OUT));
    CU_ASSERT_PTR_NOT_NULL(strstr(ask.messages[0].text, "\n{\"summary\":\"He said \\\"x\\\".\"}"));

    const struct context none = {.first = 5};
    CU_ASSERT_EQUAL(context_messages(unit_ctx(), &list, &none, NULL, &ask), CQ_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(ask.messages[0].text, "\n{\"summary\":null}"));
}

/* A document of the old summary and what has come since, as data; what does not fit is left for the next one. */
static void test_summary(void)
{
    static const struct {
        const char *name;
        uint32_t room;
        uint32_t want_covers;
        size_t want_n;
    } cases[] = {{"room for all", 20000, 41, 38}, {"room for some", 4000, 0, 0}, {"room for none", 10, 4, 1}};
    const struct message_list list = list_of(60, 100);
    const struct context c = {.first = 3, .summarised = 3, .due = 41};

    for (size_t i = 0; i < LEN(cases); i++) {
        struct cq_ctx *ctx = unit_ctx();
        struct json_object *document = NULL;
        struct llm_ask ask = {0};
        uint32_t covers = 0;

        CU_ASSERT_EQUAL(context_ask_summary(ctx, &list, &c, "before", cases[i].room, &ask, &covers), CQ_OK);
        CU_ASSERT(ask.task == LLM_SUMMARIZE && ask.n_messages == 1 && str_eq(ask.system, PROMPT_SUMMARY));
        CU_ASSERT_EQUAL(json_read(ctx, ask.messages->text, strlen(ask.messages->text), &document), CQ_OK);
        ASSERT_TEXT(json_get_text(document, "summary", NULL), "before");
        size_t n = json_object_array_length(json_get(document, "messages"));

        ROW_ASSERT(cases[i].name, covers == 3 + n && n > 0);
        ROW_ASSERT(cases[i].name, cases[i].want_covers ? covers == cases[i].want_covers && n == cases[i].want_n
                                                       : covers > 4 && covers < 41);
    }
}

/* Whatever the messages are, what is asked fits, with the summary before it. */
static void test_summary_room(void)
{
    for (size_t i = 0; i < LEN(CHATTER); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const struct message_list list = chatter_of(ctx, CHATTER[i].n);
        const struct context c = {.first = 1, .summarised = 1, .due = list.n - 1};
        const char *row = arena_printf(ctx->arena, "%zu messages, %u tokens", CHATTER[i].n, CHATTER[i].room);
        struct llm_ask ask = {0};
        uint32_t covers = 0;

        CU_ASSERT_EQUAL(context_ask_summary(ctx, &list, &c, words_of(ctx, 6000), CHATTER[i].room, &ask, &covers),
                        CQ_OK);
        uint64_t told = told_tokens_of(&ask);

        ROW_ASSERT(row, told <= CHATTER[i].room);
        ROW_ASSERT(row, covers == c.due || told > CHATTER[i].room * 9 / 10);
    }
}

SUITE(context, {"what is told", test_choose}, {"as it grows", test_growing}, {"failed turns", test_failed_turns},
      {"a summary that never comes", test_summary_never_comes}, {"a summary that is cut", test_summary_cut},
      {"messages", test_messages}, {"the summary", test_summary}, {"a summary of short messages", test_summary_room});
