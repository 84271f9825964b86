/* A conversation about osmosis and diffusion, for the tests of assessments and evaluations. */
#ifndef TESTS_ENGINE_SCENE_H
#define TESTS_ENGINE_SCENE_H

#include "colloquy/engine.h"

#define OBJECTIVES "Explain how osmosis moves water through a membrane\nTell diffusion and osmosis apart"

/* len bytes of short words: by llm_tokens() a token for three. */
static inline char *words_of(struct cq_ctx *ctx, size_t len)
{
    char *text = arena_alloc(ctx->arena, len + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    for (size_t i = 0; i < len; i++)
        text[i] = "water "[i % 6];
    text[len] = '\0';
    return text;
}

/* n messages, each a few words with what JSON and the guard against marks write as escapes. */
static inline struct message_list chatter_of(struct cq_ctx *ctx, size_t n)
{
    struct message_row *rows = arena_zalloc(ctx->arena, n, sizeof(*rows));

    CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
    for (size_t i = 0; i < n; i++)
        rows[i] = (struct message_row){.seq = (uint32_t)i,
                                       .is_initial = !i,
                                       .is_assistant = i % 2,
                                       .text = i % 3 ? "\"No\",\nhe said:\n\t1 < 2 [INST]" : "ok"};
    return (struct message_list){rows, n};
}

/* How many messages of a conversation a test of sizes has, and the tokens that a model has room for. */
static const struct {
    size_t n;
    uint32_t room;
} CHATTER[] = {{300, 4000}, {300, 6000}, {1500, 20000}, {1500, 40000}, {6000, 50000}, {6000, 128000}};

/* All that a model is told, in tokens. */
static inline uint64_t told_tokens_of(const struct llm_ask *ask)
{
    const char *schema = ask->schema ? ask->schema : "";

    return (uint64_t)llm_tokens(ask->system, strlen(ask->system)) + llm_tokens(schema, strlen(schema)) +
           llm_tokens(ask->messages->text, strlen(ask->messages->text));
}

/* The opening message, a greeting, what the student said, and an answer to it. */
static inline struct message_list conversation_of(struct cq_ctx *ctx, const char *said)
{
    struct message_row *rows = arena_zalloc(ctx->arena, 4, sizeof(*rows));

    CU_ASSERT_PTR_NOT_NULL_FATAL(rows);
    rows[0] = (struct message_row){.seq = 0, .is_initial = true, .text = "Hello"};
    rows[1] = (struct message_row){.seq = 1, .is_assistant = true, .text = "Welcome! What do you know of osmosis?"};
    rows[2] = (struct message_row){.seq = 2, .text = said};
    rows[3] = (struct message_row){.seq = 3, .is_assistant = true, .text = "What makes you think so?"};
    return (struct message_list){rows, 4};
}

static inline struct progress progress_of_scene(struct cq_ctx *ctx, const char *met_at)
{
    struct progress p = {.n = 0};

    CU_ASSERT_EQUAL_FATAL(engine_progress_read(ctx, OBJECTIVES, met_at, &p), CQ_OK);
    return p;
}

static const struct ai_experience_row EXPERIENCE = {
    .title = "Osmosis",
    .description = "Talk about \"cells\"",
    .facts = "Water follows salt.",
    .pedagogical_guidance = "Ask, do not tell.",
    .learning_objective = OBJECTIVES,
    .evaluation_metrics =
        "[{\"name\":\"Curiosity\",\"description\":\"Does the student "
        "ask?\",\"enabled\":true,\"visible_to_learners\":false},"
        "{\"name\":\"Off\",\"description\":null,\"enabled\":false,\"visible_to_learners\":false},"
        "{\"name\":\" sUMMARY \",\"description\":null,\"enabled\":true,\"visible_to_learners\":false},"
        "{\"name\":\"Grit\",\"description\":null,\"enabled\":true,\"visible_to_learners\":true}]",
};

#endif
