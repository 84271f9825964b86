/* The rules of an AI experience's fields. */
#include "api/ai_experience_rules.h"

static const char *const states[] = {"unpublished", "published", NULL};

// clang-format off
const struct field_rule ai_experience_rules[AI_EXPERIENCE_FIELD_COUNT] = {
    [FIELD_TITLE]                = {"title",                true,  .max_length = 255},
    [FIELD_DESCRIPTION]          = {"description",          false, .max_length = 10000},
    [FIELD_FACTS]                = {"facts",                false, .max_length = 10000},
    [FIELD_LEARNING_OBJECTIVE]   = {"learning_objective",   true,  .min_items = 1, .max_items = 10, .item_max_length = 10000},
    [FIELD_LEARNING_OBJECTIVES]  = {"learning_objectives",  true,  .min_items = 1, .max_items = 10, .item_max_length = 10000},
    [FIELD_PEDAGOGICAL_GUIDANCE] = {"pedagogical_guidance", true,  .max_length = 10000},
    [FIELD_WORKFLOW_STATE]       = {"workflow_state",       false, .values = states},
    [FIELD_EVALUATION_METRICS]   = {"evaluation_metrics",   false, .max_items = 5},
};

const struct field_rule metric_rules[METRIC_FIELD_COUNT] = {
    [METRIC_NAME]        = {"name",        true,  .max_length = 255},
    [METRIC_DESCRIPTION] = {"description", false, .max_length = 1000},
};
// clang-format on

/* Those that a file's content is judged to be. */
static const char *const content_types[] = {"application/pdf", "text/plain", "text/markdown", "text/csv", NULL};

bool is_context_type(const char *mime_type)
{
    for (const char *const *type = content_types; *type; type++)
        if (str_eq(*type, mime_type))
            return true;
    return false;
}

bool rule_has_value(const struct field_rule *rule, const char *text)
{
    for (const char *const *value = rule->values; value && *value; value++)
        if (str_eq(*value, text))
            return true;
    return false;
}

static void write_bound(struct json_out *out, const char *key, uint32_t bound)
{
    if (!bound)
        return;
    json_key(out, key);
    json_u64(out, bound);
}

static void write_texts(struct json_out *out, const char *key, const char *const *texts)
{
    if (!texts)
        return;
    json_key(out, key);
    json_open_array(out);
    while (*texts)
        json_text(out, *texts++);
    json_close_array(out);
}

/* A rule under its name, without the closing brace. */
static void open_rule(struct json_out *out, const struct field_rule *rule)
{
    json_key(out, rule->name);
    json_open_object(out);
    json_key(out, "required");
    json_boolean(out, rule->is_required);
    write_bound(out, "max_length", rule->max_length);
    write_bound(out, "min_items", rule->min_items);
    write_bound(out, "max_items", rule->max_items);
    write_bound(out, "item_max_length", rule->item_max_length);
    write_texts(out, "values", rule->values);
}

static void write_metric_rules(struct json_out *out)
{
    for (size_t i = 0; i < METRIC_FIELD_COUNT; i++) {
        open_rule(out, &metric_rules[i]);
        json_close_object(out);
    }
}

static void write_file_limits(struct json_out *out, const struct config_limits *limits)
{
    json_key(out, "context_files");
    json_open_object(out);
    json_key(out, "max_files");
    json_u64(out, limits->context_files_max);
    json_key(out, "max_bytes");
    json_u64(out, limits->context_file_max_bytes);
    write_texts(out, "content_types", content_types);
    json_close_object(out);
}

void write_constraints(struct json_out *out, const struct config_limits *limits)
{
    const struct field_rule files = {"context_file_ids", false, .max_items = limits->context_files_max};
    const struct field_rule message = {"message", true, .max_length = limits->message_max_chars};

    json_open_object(out);
    for (size_t i = 0; i < AI_EXPERIENCE_FIELD_COUNT; i++) {
        open_rule(out, &ai_experience_rules[i]);
        if (i == FIELD_EVALUATION_METRICS)
            write_metric_rules(out);
        json_close_object(out);
    }
    open_rule(out, &files);
    json_close_object(out);
    write_file_limits(out, limits);
    open_rule(out, &message);
    json_close_object(out);
    json_close_object(out);
}
