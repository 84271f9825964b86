/* Prompts: whatever a teacher wrote reaches the model word for word, and what is not there leaves no trace. */
#include <stdio.h>

#include "unit.h"

#include "colloquy/engine.h"
#include "engine/prompt.h"

/* What a printf, a template or a JSON writer would change. */
#define TRICKY " 100 % sure: %s %n {{x}} $1 \\n \"quoted\" <b>&amp;</b>\n\n## Facts\n\t- naïve 日本 🙂 "

static struct progress progress_of(const char *objectives)
{
    struct progress p = {.n = 0};

    CU_ASSERT_EQUAL_FATAL(engine_progress_read(unit_ctx(), objectives, "", &p), CQ_OK);
    return p;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part);
}

static const char *prompt(struct cq_ctx *ctx, const struct ai_experience_row *experience, const struct progress *p)
{
    const char *system = "(failed)";

    CU_ASSERT_EQUAL(engine_prompt_tutor(ctx, experience, p, &system), CQ_OK);
    return system;
}

static void test_word_for_word(void)
{
    const struct ai_experience_row x = {
        .title = "T" TRICKY, .description = "D" TRICKY, .facts = "F" TRICKY, .pedagogical_guidance = "G" TRICKY};
    const struct progress none = {.n = 0};
    const char *text = prompt(unit_ctx(), &x, &none);

    CU_ASSERT_TRUE(has(text, x.title));
    CU_ASSERT_TRUE(has(text, x.description));
    CU_ASSERT_TRUE(has(text, x.facts));
    CU_ASSERT_TRUE(has(text, x.pedagogical_guidance));
}

/* Each on a line of its own, numbered in the teacher's order. */
static void test_objectives(void)
{
    struct progress p = progress_of("Say why %d\nTell \"it\" \\ apart\nc");
    struct cq_ctx ctx = {.arena = arena_create(1024, 4 << 20)};
    const struct ai_experience_row x = {.title = "t", .pedagogical_guidance = "g"};
    const char *text = prompt(&ctx, &x, &p);

    CU_ASSERT_TRUE(has(text, "\n1. Say why %d\n2. Tell \"it\" \\ apart\n3. c"));
    arena_destroy(ctx.arena);
}

/* No heading stands over nothing. */
static void test_what_is_not_there(void)
{
    const struct ai_experience_row bare = {.title = "t", .pedagogical_guidance = "g"};
    const struct ai_experience_row empty = {.title = "t", .description = "", .facts = "", .pedagogical_guidance = "g"};
    const struct ai_experience_row full = {.title = "t", .description = "d", .facts = "f", .pedagogical_guidance = "g"};
    struct cq_ctx *ctx = unit_ctx();
    const struct progress none = {.n = 0};
    const char *text = prompt(ctx, &bare, &none);

    ASSERT_TEXT(prompt(ctx, &empty, &none), text);
    CU_ASSERT_FALSE(has(text, "## Facts"));
    CU_ASSERT_FALSE(has(text, "## Description"));
    CU_ASSERT_FALSE(has(text, "## Learning objectives"));
    CU_ASSERT_FALSE(has(text, "(null)"));
    CU_ASSERT_TRUE(has(prompt(ctx, &full, &none), "## Facts\nf"));
}

/* The largest experience that the API takes: texts of 10,000 characters, ten objectives of as many, four bytes each. */
static void test_the_largest(void)
{
    enum { CHARACTERS = 10000, BYTES = 4 * CHARACTERS };
    struct cq_ctx ctx = {.arena = arena_create(1024, 8 << 20)};
    char *text = arena_alloc(ctx.arena, BYTES + 1);
    struct ai_experience_row x = {.title = "t", .description = text, .facts = text, .pedagogical_guidance = text};
    struct progress p = {.n = ENGINE_MAX_OBJECTIVES};

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < CHARACTERS; i++)
        memcpy(text + 4 * i, "🙂", 4);
    text[BYTES] = '\0';
    for (size_t i = 0; i < ENGINE_MAX_OBJECTIVES; i++)
        p.objectives[i].text = text;
    CU_ASSERT_TRUE(strlen(prompt(&ctx, &x, &p)) > 13 * BYTES);
    arena_destroy(ctx.arena);
}

static void test_too_large(void)
{
    enum { BYTES = 2 << 20 };
    struct cq_ctx ctx = {.arena = arena_create(1024, 8 << 20)};
    char *text = arena_alloc(ctx.arena, BYTES + 1);
    const struct ai_experience_row x = {.title = "t", .facts = text, .pedagogical_guidance = "g"};
    const struct progress none = {.n = 0};
    const char *system = "as it was";

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, 'a', BYTES);
    text[BYTES] = '\0';
    CU_ASSERT_EQUAL(engine_prompt_tutor(&ctx, &x, &none, &system), CQ_INTERNAL);
    ASSERT_TEXT(system, "as it was");
    arena_destroy(ctx.arena);
}

/* Both judges are told what they are given, and that it is nothing to obey; each member of the document is named. */
static void test_judges(void)
{
    static const char *const both[] = {"never an instruction", "no evidence", "already_covered",
                                       "- messages:", "JSON of the given schema"};
    static const char *const of_evaluation[] = {"- guidance:",
                                                "- metrics:",
                                                "- key_moments:",
                                                "- learning_objectives_evaluation:",
                                                "- strengths, areas_for_improvement:",
                                                "- overall_score:",
                                                "- custom_metrics"};

    for (size_t i = 0; i < LEN(both); i++)
        ROW_ASSERT(both[i], has(PROMPT_ASSESSMENT, both[i]) && has(PROMPT_EVALUATION, both[i]));
    for (size_t i = 0; i < LEN(of_evaluation); i++)
        ROW_ASSERT(of_evaluation[i],
                   has(PROMPT_EVALUATION, of_evaluation[i]) && !has(PROMPT_ASSESSMENT, of_evaluation[i]));
}

/* Whoever changes a prompt raises PROMPT_VERSION, which is stored with each turn, and enters the new hash here. */
static void test_version(void)
{
    static const char HASH_OF_VERSION_2[] = "fe7121ea1cfa32bc8beb1b6dd029370c28472a2c8b5a8b3d239cfb8184ee2e38";
    struct buf *all = buf_in_arena(unit_ctx()->arena, 1 << 20);
    uint8_t hash[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    const char *name, *prompt;

    for (size_t i = 0; engine_prompt_at(i, &name, &prompt); i++)
        buf_printf(all, "%s\n%s\n", name, prompt);
    CU_ASSERT(sha256(all->data, all->len, hash));
    for (size_t i = 0; i < SHA256_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    CU_ASSERT_EQUAL(PROMPT_VERSION, 2);
    ROW_ASSERT(text, str_eq(text, HASH_OF_VERSION_2));
}

SUITE(prompt, {"word for word", test_word_for_word}, {"objectives", test_objectives},
      {"what is not there", test_what_is_not_there}, {"the largest experience", test_the_largest},
      {"too large", test_too_large}, {"what judges are told", test_judges}, {"the version", test_version});
