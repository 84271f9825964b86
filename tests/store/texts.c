/* Text comes back byte for byte, whatever it holds, from each place that text is kept in. */
#include "attempt.h"

enum { LONG_BYTES = 16384 };

// clang-format off
static const struct {
    const char *name, *text;
    size_t times;
} rows[] = {
    {"four-byte characters", "\xF0\x9F\x98\x80\xF0\xA0\x9C\x8E\xF4\x8F\xBF\xBF", 1},
    {"trailing blanks", "text  \t \n\r\n  ", 1},
    {"only blanks", "   ", 1},
    {"leading blanks", " \n text", 1},
    {"decomposed", "e\xCC\x81 A\xCC\x8A", 1}, /* NFD: not to be composed */
    {"composed", "\xC3\xA9 \xC3\x85", 1},
    {"control characters", "\x01\x02\x07\x08\x0B\x0C\x0E\x1A\x1B\x1F\x7F\xC2\x80\xC2\x9F", 1},
    {"what SQL quotes", "'; DROP TABLE turn; -- \\' \\\\ \" ` %_ ? \\0", 1},
    {"invisible", "\xE2\x80\x8B\xE2\x80\xAE\xEF\xBB\xBF\xEF\xBF\xBD\xEF\xBF\xBF", 1},
    {"16 KiB", "0123456789abcde\n", LONG_BYTES / 16},
    {"16 KiB of four-byte characters", "\xF0\x9F\x98\x80", LONG_BYTES / 4},
};
// clang-format on

static const char *text_of(struct cq_ctx *ctx, size_t i)
{
    size_t len = strlen(rows[i].text);
    char *text = arena_alloc(ctx->arena, len * rows[i].times + 1);

    if (!text)
        give_up("out of memory");
    for (size_t k = 0; k < rows[i].times; k++)
        memcpy(text + k * len, rows[i].text, len);
    text[len * rows[i].times] = '\0';
    return text;
}

static void test_messages(void)
{
    struct place p = place_new();
    uint64_t conversation_id = conversation_opened(&p);

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *text = text_of(p.ctx, i);
        struct attempt a = attempt_message(&p, conversation_id, text), failed = a;
        struct message_list list = {0};

        MUST(attempt_begin(&p, &failed));
        MUST(attempt_fail(&p, &failed));
        a.reply = a.html = text;
        MUST(attempt_begin(&p, &a));
        ROW_ASSERT(rows[i].name, a.turn.id == failed.turn.id); /* known again as the same text */
        MUST(attempt_complete(&p, &a));
        MUST(store_message_list(p.ctx, p.db, conversation_id, UINT32_MAX, &list));
        CU_ASSERT_EQUAL_FATAL(list.n, 2 * (i + 2));
        ROW_ASSERT(rows[i].name, str_eq(list.rows[list.n - 2].text, text));
        ROW_ASSERT(rows[i].name, str_eq(list.rows[list.n - 1].text, text));
        ROW_ASSERT(rows[i].name, str_eq(list.rows[list.n - 1].html, text));
    }
}

/* Texts that only a careless comparison takes for the same. */
static void test_nearly_the_same(void)
{
    static const struct {
        const char *name, *first, *second;
    } pairs[] = {
        {"case", "text", "Text"},
        {"trailing blank", "text", "text "},
        {"accent", "e", "\xC3\xA9"},
        {"composition", "\xC3\xA9", "e\xCC\x81"},
        {"four-byte characters", "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x81"},
    };
    struct place p = place_new();

    for (size_t i = 0; i < LEN(pairs); i++) {
        uint64_t conversation_id = conversation_opened(&p);
        struct attempt first = attempt_message(&p, conversation_id, pairs[i].first);
        struct attempt second = attempt_message(&p, conversation_id, pairs[i].second);

        MUST(attempt_begin(&p, &first));
        MUST(attempt_fail(&p, &first));
        ROW_ASSERT(pairs[i].name, !attempt_begin(&p, &second) && second.turn.id != first.turn.id);
        ROW_ASSERT(pairs[i].name, count_messages(conversation_id) == 4);
    }
}

static void test_experiences(void)
{
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *text = text_of(p.ctx, i);
        const struct ai_experience_change change = {.set_description = true,
                                                    .set_facts = true,
                                                    .set_learning_objective = true,
                                                    .set_pedagogical_guidance = true,
                                                    .set_evaluation_metrics = true,
                                                    .description = text,
                                                    .facts = text,
                                                    .learning_objective = text,
                                                    .pedagogical_guidance = text,
                                                    .evaluation_metrics = text};
        struct ai_experience_row row = {0};

        MUST(store_ai_experience_update(p.ctx, p.db, p.ai_experience_id, &change, &row));
        ROW_ASSERT(rows[i].name, str_eq(row.description, text) && str_eq(row.facts, text));
        ROW_ASSERT(rows[i].name, str_eq(row.learning_objective, text) && str_eq(row.evaluation_metrics, text));
        ROW_ASSERT(rows[i].name, str_eq(row.pedagogical_guidance, text));
    }
}

/* 255 characters fill the column, whatever their bytes. */
static void test_titles(void)
{
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        size_t times = rows[i].times > 255 ? 255 / utf8_count(rows[i].text, strlen(rows[i].text)) : 1;
        const char *text = text_of(p.ctx, i);
        char *title = arena_strndup(p.ctx->arena, text, times * strlen(rows[i].text));
        const struct ai_experience_change change = {.set_title = true, .title = title};
        struct ai_experience_row row = {0};

        CU_ASSERT_PTR_NOT_NULL_FATAL(title);
        MUST(store_ai_experience_update(p.ctx, p.db, p.ai_experience_id, &change, &row));
        ROW_ASSERT(rows[i].name, str_eq(row.title, title));
    }
}

static void test_opening(void)
{
    struct place p = place_new();

    for (size_t i = 0; i < LEN(rows); i++) {
        struct attempt a = attempt_opening(&p);

        a.request.learning_objective = a.request.text = text_of(p.ctx, i);
        MUST(attempt_begin(&p, &a));
        ROW_ASSERT(rows[i].name, a.messages.n == 1 && str_eq(a.messages.rows[0].text, a.request.text));
        ROW_ASSERT(rows[i].name, sql_number("SELECT v.learning_objective = m.text FROM conversation v JOIN message m"
                                            " ON m.conversation_id = v.id WHERE v.id = %ju",
                                            (uintmax_t)a.turn.conversation_id) == 1);
    }
}

SUITE(texts, {"messages", test_messages}, {"nearly the same", test_nearly_the_same}, {"experiences", test_experiences},
      {"titles", test_titles}, {"openings", test_opening});
