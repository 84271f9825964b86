/* A conversation about osmosis and diffusion, for the tests of assessments and evaluations. */
#ifndef TESTS_ENGINE_SCENE_H
#define TESTS_ENGINE_SCENE_H

#include "colloquy/engine.h"

#define OBJECTIVES "Explain how osmosis moves water through a membrane\nTell diffusion and osmosis apart"

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
