/* An evaluation's answer: first all of it is read and judged, then the Evaluation object is written. */
#include <json-c/json.h>

#include "engine/evaluation_members.h"
#include "engine/evidence.h"
#include "engine/form.h"

enum { EVALUATION_MAX_BYTES = 8 << 20 };

struct moment {
    size_t objective; /* its place, from 0 */
    const char *evidence;
    int64_t message_number;
};

struct finding {
    bool is_there, is_met;
    int64_t score;
    const char *explanation;
};

struct texts {
    const char *items[FORM_LIST_MAX_ITEMS];
    size_t n;
};

struct evaluation_answer {
    const char *overall_assessment;
    struct moment moments[FORM_LIST_MAX_ITEMS];
    size_t n_moments; /* those that quote what was said */
    struct finding findings[ENGINE_MAX_OBJECTIVES];
    struct texts strengths, areas_for_improvement;
    int64_t overall_score;
    const char *responses[FORM_LIST_MAX_ITEMS]; /* of each metric */
};

/* ---- reading ---- */

/* What was said at that number, or NULL. The opening message nobody has said. */
static const char *numbered_message(const struct message_list *list, int64_t number)
{
    if (number < 1 || (uint64_t)number > list->n)
        return NULL;
    const struct message_row *row = &list->rows[number - 1];

    return row->is_initial ? NULL : row->text;
}

static bool read_moment(struct cq_ctx *ctx, const struct evaluation_case *of, struct json_object *item,
                        struct evaluation_answer *out)
{
    int64_t number;
    struct moment moment;

    if (!form_has_exactly(item, EVALUATION_MOMENT_MEMBERS, EVALUATION_MOMENT_N) ||
        !form_integer(item, "number", 1, (int64_t)of->n_objectives, &number) ||
        !form_text(item, "evidence", &moment.evidence) ||
        !form_integer(item, "message_number", INT64_MIN, INT64_MAX, &moment.message_number))
        return false;
    const char *message = numbered_message(of->messages, moment.message_number);

    moment.objective = (size_t)number - 1;
    if (message && evidence_is_quote(ctx, moment.evidence, message))
        out->moments[out->n_moments++] = moment;
    return true;
}

static bool read_moments(struct cq_ctx *ctx, const struct evaluation_case *of, struct json_object *answer,
                         struct evaluation_answer *out)
{
    struct json_object *list;
    size_t n;

    if (!form_list(answer, "key_moments", &list, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_moment(ctx, of, json_object_array_get_idx(list, i), out))
            return false;
    return true;
}

static bool read_finding(struct json_object *item, size_t n_objectives, struct evaluation_answer *out)
{
    int64_t number;

    if (!form_has_exactly(item, EVALUATION_OBJECTIVE_MEMBERS, EVALUATION_OBJECTIVE_N) ||
        !form_integer(item, "number", 1, (int64_t)n_objectives, &number))
        return false;
    struct finding *f = &out->findings[number - 1];

    if (f->is_there)
        return false;
    f->is_there = true;
    return form_boolean(item, "met", &f->is_met) && form_integer(item, "score", 0, 100, &f->score) &&
           form_text(item, "explanation", &f->explanation);
}

/* As many as there are objectives, none twice: so each of them once. */
static bool read_findings(const struct evaluation_case *of, struct json_object *answer, struct evaluation_answer *out)
{
    struct json_object *list;
    size_t n;

    if (!form_list(answer, "learning_objectives_evaluation", &list, &n) || n != of->n_objectives)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_finding(json_object_array_get_idx(list, i), n, out))
            return false;
    return true;
}

static bool read_response(struct json_object *item, size_t n_metrics, struct evaluation_answer *out)
{
    int64_t number;

    if (!form_has_exactly(item, EVALUATION_METRIC_MEMBERS, EVALUATION_METRIC_N) ||
        !form_integer(item, "number", 1, (int64_t)n_metrics, &number) || out->responses[number - 1])
        return false;
    return form_text(item, "response", &out->responses[number - 1]);
}

static bool read_responses(const struct evaluation_case *of, struct json_object *answer, struct evaluation_answer *out)
{
    struct json_object *list;
    size_t n;

    if (!of->n_metrics)
        return true;
    if (!form_list(answer, "custom_metrics", &list, &n) || n != of->n_metrics)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!read_response(json_object_array_get_idx(list, i), n, out))
            return false;
    return true;
}

static bool read_texts(struct json_object *answer, const char *name, struct texts *out)
{
    struct json_object *list;

    if (!form_list(answer, name, &list, &out->n))
        return false;
    for (size_t i = 0; i < out->n; i++)
        if (!form_text_value(json_object_array_get_idx(list, i), &out->items[i]))
            return false;
    return true;
}

static bool read_answer(struct cq_ctx *ctx, const struct evaluation_case *of, struct json_object *answer,
                        struct evaluation_answer *out)
{
    return form_has_exactly(answer, EVALUATION_MEMBERS, evaluation_members(of)) &&
           form_text(answer, "overall_assessment", &out->overall_assessment) && read_findings(of, answer, out) &&
           read_texts(answer, "strengths", &out->strengths) &&
           read_texts(answer, "areas_for_improvement", &out->areas_for_improvement) &&
           form_integer(answer, "overall_score", 0, 100, &out->overall_score) && read_responses(of, answer, out) &&
           read_moments(ctx, of, answer, out);
}

/* ---- writing ---- */

static void write_text(struct json_out *out, const char *key, const char *text)
{
    json_key(out, key);
    json_text(out, text);
}

static void write_moments(struct json_out *out, const struct evaluation_case *of, const struct evaluation_answer *e)
{
    json_key(out, "key_moments");
    json_open_array(out);
    for (size_t i = 0; i < e->n_moments; i++) {
        json_open_object(out);
        write_text(out, "learning_objective", of->objectives[e->moments[i].objective].text);
        write_text(out, "evidence", e->moments[i].evidence);
        json_key(out, "message_number");
        json_int(out, e->moments[i].message_number);
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_finding(struct json_out *out, const struct objective *objective, const struct finding *f)
{
    json_open_object(out);
    write_text(out, "objective", objective->text);
    json_key(out, "met");
    json_boolean(out, f->is_met);
    json_key(out, "score");
    json_int(out, f->score);
    write_text(out, "explanation", f->explanation);
    json_key(out, "met_at_turn");
    if (f->is_met && objective->is_met)
        json_u64(out, objective->met_at);
    else
        json_null(out);
    json_close_object(out);
}

static void write_findings(struct json_out *out, const struct evaluation_case *of, const struct evaluation_answer *e)
{
    json_key(out, "learning_objectives_evaluation");
    json_open_array(out);
    for (size_t i = 0; i < of->n_objectives; i++)
        write_finding(out, &of->objectives[i], &e->findings[i]);
    json_close_array(out);
}

static void write_texts(struct json_out *out, const char *key, const struct texts *texts)
{
    json_key(out, key);
    json_open_array(out);
    for (size_t i = 0; i < texts->n; i++)
        json_text(out, texts->items[i]);
    json_close_array(out);
}

static void write_responses(struct json_out *out, const struct evaluation_case *of, const struct evaluation_answer *e)
{
    json_key(out, "custom_metrics");
    json_open_array(out);
    for (size_t i = 0; i < of->n_metrics; i++) {
        json_open_object(out);
        write_text(out, "metric", of->metrics[i].name);
        write_text(out, "response", e->responses[i]);
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_evaluation(struct buf *buf, const struct evaluation_case *of, const struct evaluation_answer *e)
{
    struct json_out out;

    json_out_init(&out, buf);
    json_open_object(&out);
    write_text(&out, "overall_assessment", e->overall_assessment);
    write_text(&out, "summary", e->overall_assessment);
    write_moments(&out, of, e);
    write_findings(&out, of, e);
    write_texts(&out, "strengths", &e->strengths);
    write_texts(&out, "areas_for_improvement", &e->areas_for_improvement);
    json_key(&out, "overall_score");
    json_int(&out, e->overall_score);
    write_responses(&out, of, e);
    json_close_object(&out);
}

enum cq_status evaluation_read(struct cq_ctx *ctx, const struct evaluation_case *of, const char *text, size_t len,
                               const char **json)
{
    struct json_object *answer = NULL;
    struct evaluation_answer *e = arena_zalloc(ctx->arena, 1, sizeof(*e));
    struct buf *buf = buf_in_arena(ctx->arena, EVALUATION_MAX_BYTES);

    if (!e || !buf)
        return cq_fail(ctx, CQ_INTERNAL, "out of memory");
    enum cq_status st = form_parse(ctx, text, len, EVALUATION_ANSWER_MAX_BYTES, &answer);
    if (st)
        return st;
    if (!read_answer(ctx, of, answer, e))
        return cq_fail(ctx, CQ_MODEL_INVALID_RESPONSE, "an evaluation that is not of its form");
    write_evaluation(buf, of, e);
    if (buf->failed)
        return cq_fail(ctx, CQ_INTERNAL, "an evaluation of more than %zu bytes", buf->max);
    *json = buf->data;
    return CQ_OK;
}
