/* {"objectives":[{"number":1…n,"status":"covered"|""}, …]}: how it is asked for, and how it is read. */
#include <json-c/json.h>
#include <string.h>

#include "engine/assessment.h"
#include "engine/form.h"
#include "engine/material.h"
#include "engine/prompt.h"

enum {
    ANSWER_MAX_BYTES = 64 << 10,
    TEXT_MAX_TOKENS = 60000, /* of messages */
    SCHEMA_MAX_BYTES = 16 << 10,
};

static const char COVERED[] = "covered";
static const char *const answer_members[] = {"objectives"};
static const char *const item_members[] = {"number", "status"};

static void write_status(struct json_out *out)
{
    json_open_object(out);
    json_key(out, "type");
    json_text(out, "string");
    json_key(out, "enum");
    json_open_array(out);
    json_text(out, COVERED);
    json_text(out, "");
    json_close_array(out);
    json_close_object(out);
}

static enum cq_status write_schema(struct cq_ctx *ctx, size_t n_objectives, const char **schema)
{
    struct buf *buf = buf_in_arena(ctx->arena, SCHEMA_MAX_BYTES);
    struct json_out out;

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    form_open_object(&out, answer_members, LEN(answer_members));
    json_key(&out, "objectives");
    form_open_list(&out);
    form_open_object(&out, item_members, LEN(item_members));
    json_key(&out, "number");
    form_numbers(&out, n_objectives);
    json_key(&out, "status");
    write_status(&out);
    form_close_object(&out);
    form_close_list(&out);
    form_close_object(&out);
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    *schema = buf->data;
    return CQ_OK;
}

enum cq_status assessment_ask(struct cq_ctx *ctx, const struct assessment_case *of, struct llm_ask *ask)
{
    const struct material material = {.experience = of->experience,
                                      .objectives = of->progress->objectives,
                                      .n_objectives = of->progress->n,
                                      .messages = of->messages,
                                      .summary = of->summary,
                                      .text_max_tokens = TEXT_MAX_TOKENS,
                                      .room = of->room};
    struct llm_ask filled = {.task = LLM_ASSESS, .system = PROMPT_ASSESSMENT, .reply_max_bytes = ANSWER_MAX_BYTES};

    enum cq_status st = write_schema(ctx, of->progress->n, &filled.schema);
    if (!st)
        st = material_ask(ctx, &material, &filled);
    if (st)
        return st;
    *ask = filled;
    return CQ_OK;
}

/* One item; each number comes at most once. */
static bool read_item(struct json_object *item, size_t n_objectives, bool *is_seen, bool *is_covered)
{
    int64_t number;
    const char *status;

    if (!form_has_exactly(item, item_members, LEN(item_members)) ||
        !form_integer(item, "number", 1, (int64_t)n_objectives, &number) || !form_text(item, "status", &status) ||
        is_seen[number - 1] || (*status && !str_eq(status, COVERED)))
        return false;
    is_seen[number - 1] = true;
    is_covered[number - 1] = *status;
    return true;
}

enum cq_status assessment_read(struct cq_ctx *ctx, const char *text, size_t len, size_t n_objectives, bool *is_covered)
{
    struct json_object *answer = NULL, *items = NULL;
    bool is_seen[ENGINE_MAX_OBJECTIVES] = {0}, covered[ENGINE_MAX_OBJECTIVES] = {0};
    size_t n = 0;

    if (n_objectives > ENGINE_MAX_OBJECTIVES)
        return cq_fail(ctx, CQ_INTERNAL, "more than %d objectives", ENGINE_MAX_OBJECTIVES);
    enum cq_status st = form_parse(ctx, text, len, ANSWER_MAX_BYTES, &answer);
    if (st)
        return st;
    bool is_valid =
        form_has_exactly(answer, answer_members, LEN(answer_members)) && form_list(answer, "objectives", &items, &n);
    for (size_t i = 0; is_valid && i < n; i++)
        is_valid = read_item(json_object_array_get_idx(items, i), n_objectives, is_seen, covered);
    if (!is_valid)
        return cq_fail(ctx, CQ_MODEL_INVALID_RESPONSE, "an assessment that is not of its form");
    memcpy(is_covered, covered, n_objectives * sizeof(*is_covered));
    return CQ_OK;
}
