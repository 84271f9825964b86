/* What an evaluation is made of: the case, and the schema that its answer is asked for by. */
#include <json-c/json.h>
#include <string.h>
#include <strings.h>

#include "engine/evaluation_form.h"
#include "engine/evaluation_members.h"
#include "engine/form.h"
#include "engine/prompt.h"

enum {
    TEXT_MAX_TOKENS = 120000, /* of messages */
    SCHEMA_MAX_BYTES = 64 << 10,
};

/* ---- the case ---- */

/* Each objective of now takes over what the conversation has of the same text. */
static void take_progress(const struct progress *conversation, struct progress *now)
{
    for (size_t i = 0; i < now->n; i++)
        for (size_t k = 0; k < conversation->n; k++)
            if (str_eq(now->objectives[i].text, conversation->objectives[k].text)) {
                now->objectives[i] = conversation->objectives[k];
                break;
            }
}

/* Whether the metric asks for what every evaluation has. */
static bool is_answered_anyway(const char *name)
{
    static const char *const names[] = {
        "Summary", "Objectives", "Learning targets", "Learning targets met", "Opportunities", "Areas for improvement",
    };
    size_t len = strlen(name);

    utf8_trim(&name, &len);
    for (size_t i = 0; i < LEN(names); i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], name, len) == 0)
            return true;
    return false;
}

static bool is_asked(struct json_object *metric)
{
    const char *name = json_get_text(metric, "name", NULL);

    return name && json_object_get_boolean(json_get(metric, "enabled")) && !is_answered_anyway(name);
}

static enum cq_status read_metrics(struct cq_ctx *ctx, const char *stored, struct evaluation_case *out)
{
    struct json_object *list = NULL;

    if (!stored)
        return CQ_OK;
    if (json_read(ctx, stored, strlen(stored), &list) || !json_object_is_type(list, json_type_array))
        return cq_fail(ctx, CQ_INTERNAL, "evaluation metrics are stored that are no list");
    size_t n = json_object_array_length(list), n_asked = 0;
    struct metric *metrics = arena_zalloc(ctx->arena, n + 1, sizeof(*metrics));

    if (!metrics)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    for (size_t i = 0; i < n; i++) {
        struct json_object *metric = json_object_array_get_idx(list, i);
        const char *description = json_get_text(metric, "description", NULL);

        if (is_asked(metric))
            metrics[n_asked++] = (struct metric){json_get_text(metric, "name", NULL), description ? description : ""};
    }
    out->metrics = metrics;
    out->n_metrics = n_asked;
    return CQ_OK;
}

enum cq_status evaluation_case_read(struct cq_ctx *ctx, const struct ai_experience_row *experience,
                                    const struct conversation_row *conversation, const struct message_list *messages,
                                    struct evaluation_case *out)
{
    struct evaluation_case of = {.experience = experience, .messages = messages, .room = UINT32_MAX};
    struct progress before, *now = arena_zalloc(ctx->arena, 1, sizeof(*now));

    if (!now)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = engine_progress_read(ctx, experience->learning_objective, "", now);
    if (!st)
        st = engine_progress_read(ctx, conversation->learning_objective, conversation->met_at, &before);
    if (!st)
        st = read_metrics(ctx, experience->evaluation_metrics, &of);
    if (st)
        return st;
    take_progress(&before, now);
    of.objectives = now->objectives;
    of.n_objectives = now->n;
    *out = of;
    return CQ_OK;
}

/* ---- the schema ---- */

const char *const EVALUATION_MEMBERS[] = {
    "overall_assessment", "key_moments",   "learning_objectives_evaluation", "strengths", "areas_for_improvement",
    "overall_score",      "custom_metrics"};
const char *const EVALUATION_MOMENT_MEMBERS[EVALUATION_MOMENT_N] = {"number", "evidence", "message_number"};
const char *const EVALUATION_OBJECTIVE_MEMBERS[EVALUATION_OBJECTIVE_N] = {"number", "met", "score", "explanation"};
const char *const EVALUATION_METRIC_MEMBERS[EVALUATION_METRIC_N] = {"number", "response"};

size_t evaluation_members(const struct evaluation_case *of)
{
    return LEN(EVALUATION_MEMBERS) - (of->n_metrics ? 0 : 1);
}

static void write_property(struct json_out *out, const char *name, const char *type, const char *description)
{
    json_key(out, name);
    form_type(out, type, description);
}

static void write_texts(struct json_out *out, const char *name)
{
    json_key(out, name);
    form_open_list(out);
    form_type(out, "string", NULL);
    form_close_list(out);
}

/* A list whose items begin with a number of 1…n. */
static void open_numbered(struct json_out *out, const char *name, const char *const *members, size_t n_members,
                          size_t n)
{
    json_key(out, name);
    form_open_list(out);
    form_open_object(out, members, n_members);
    json_key(out, "number");
    form_numbers(out, n);
}

static void close_numbered(struct json_out *out)
{
    form_close_object(out);
    form_close_list(out);
}

static void write_properties(struct json_out *out, const struct evaluation_case *of)
{
    write_property(out, "overall_assessment", "string", NULL);
    open_numbered(out, "key_moments", EVALUATION_MOMENT_MEMBERS, EVALUATION_MOMENT_N, of->n_objectives);
    write_property(out, "evidence", "string", "a quotation, word for word, from one message of the student");
    write_property(out, "message_number", "integer", "the number of that message");
    close_numbered(out);
    open_numbered(out, "learning_objectives_evaluation", EVALUATION_OBJECTIVE_MEMBERS, EVALUATION_OBJECTIVE_N,
                  of->n_objectives);
    write_property(out, "met", "boolean", NULL);
    write_property(out, "score", "integer", "from 0 to 100");
    write_property(out, "explanation", "string", NULL);
    close_numbered(out);
    write_texts(out, "strengths");
    write_texts(out, "areas_for_improvement");
    write_property(out, "overall_score", "integer", "from 0 to 100");
    if (!of->n_metrics)
        return;
    open_numbered(out, "custom_metrics", EVALUATION_METRIC_MEMBERS, EVALUATION_METRIC_N, of->n_metrics);
    write_property(out, "response", "string", NULL);
    close_numbered(out);
}

static enum cq_status write_schema(struct cq_ctx *ctx, const struct evaluation_case *of, const char **schema)
{
    struct buf *buf = buf_in_arena(ctx->arena, SCHEMA_MAX_BYTES);
    struct json_out out;

    if (!buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    json_out_init(&out, buf);
    form_open_object(&out, EVALUATION_MEMBERS, evaluation_members(of));
    write_properties(&out, of);
    form_close_object(&out);
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    *schema = buf->data;
    return CQ_OK;
}

enum cq_status evaluation_ask(struct cq_ctx *ctx, const struct evaluation_case *of, struct llm_ask *ask)
{
    const struct material material = {.experience = of->experience,
                                      .objectives = of->objectives,
                                      .n_objectives = of->n_objectives,
                                      .has_guidance = true,
                                      .metrics = of->metrics,
                                      .n_metrics = of->n_metrics,
                                      .messages = of->messages,
                                      .summary = of->summary,
                                      .text_max_tokens = TEXT_MAX_TOKENS,
                                      .room = of->room};
    struct llm_ask filled = {
        .task = LLM_EVALUATE, .system = PROMPT_EVALUATION, .reply_max_bytes = EVALUATION_ANSWER_MAX_BYTES};

    enum cq_status st = write_schema(ctx, of, &filled.schema);
    if (!st)
        st = material_ask(ctx, &material, &filled);
    if (st)
        return st;
    *ask = filled;
    return CQ_OK;
}
