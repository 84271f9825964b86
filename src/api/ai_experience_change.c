/* Reading the parameters of an AI experience. */
#include "api/ai_experience_change.h"

#include "api/ai_experience_rules.h"

#include <json-c/json.h>
#include <string.h>

static const char ROOT[] = "ai_experience";

static const char BLANK[] = "can't be blank";
static const char INVALID[] = "is invalid";

struct reading {
    struct request *req;
    const struct ai_experience_row *now; /* NULL: it is to be created */
    size_t n_found;                      /* parameters that are there at all */
    struct field_errors *errors;
};

/* A message that names a bound; in the arena. */
static const char *bound_fault(struct reading *r, const char *before, uint32_t bound, const char *after)
{
    const char *text = arena_printf(r->req->ctx.arena, "%s%u%s", before, bound, after);

    return text ? text : INVALID;
}

static const char *too_long(struct reading *r, const char *before, const struct field_rule *rule)
{
    return bound_fault(r, before, rule->max_length, " characters)");
}

/* ---- plain texts ---- */

static const struct text_field {
    enum ai_experience_field field;
    size_t now;        /* where in struct ai_experience_row */
    size_t set, value; /* where in struct ai_experience_change */
} text_fields[] = {
#define FIELD(name)                                                                                                    \
    offsetof(struct ai_experience_row, name), offsetof(struct ai_experience_change, set_##name),                       \
        offsetof(struct ai_experience_change, name)
    {FIELD_TITLE, FIELD(title)},
    {FIELD_DESCRIPTION, FIELD(description)},
    {FIELD_FACTS, FIELD(facts)},
    {FIELD_PEDAGOGICAL_GUIDANCE, FIELD(pedagogical_guidance)},
#undef FIELD
};

static const char *text_fault(struct reading *r, const struct field_rule *rule, const struct param *p)
{
    if (p->state == PARAM_WRONG)
        return INVALID;
    if (rule->is_required && (p->state != PARAM_VALUE || utf8_blank(p->text, p->len)))
        return BLANK;
    if (p->state == PARAM_VALUE && utf8_count(p->text, p->len) > rule->max_length)
        return too_long(r, "is too long (maximum is ", rule);
    return NULL;
}

static bool is_same_but_for_line_ends(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        a += a[0] == '\r' && a[1] == '\n';
        b += b[0] == '\r' && b[1] == '\n';
        if (*a != *b)
            return false;
    }
    return *a == *b;
}

/*
 * What a browser's form sends back of a text that nobody touched has the browser's line ends: taken for a change, it
 * would make other texts of those that were stored otherwise, and too long ones of the longest.
 */
static bool is_untouched(const struct reading *r, const struct text_field *field, const struct param *p)
{
    if (!r->now || !r->req->params_from_form || p->state != PARAM_VALUE)
        return false;
    const char *now = *(const char *const *)((const char *)r->now + field->now);

    return is_same_but_for_line_ends(p->text, now ? now : "");
}

static void read_text(struct reading *r, const struct text_field *field, struct ai_experience_change *change)
{
    const struct field_rule *rule = &ai_experience_rules[field->field];
    struct param p = param_text(r->req, ROOT, rule->name);

    r->n_found += p.state != PARAM_ABSENT;
    if ((p.state == PARAM_ABSENT && !(!r->now && rule->is_required)) || is_untouched(r, field, &p))
        return;
    const char *fault = text_fault(r, rule, &p);

    if (fault)
        field_error(r->errors, rule->name, fault);
    *(bool *)((char *)change + field->set) = true;
    *(const char **)((char *)change + field->value) = p.state == PARAM_VALUE ? p.text : NULL;
}

/* ---- workflow_state ---- */

static void read_workflow_state(struct reading *r, struct ai_experience_change *change)
{
    const struct field_rule *rule = &ai_experience_rules[FIELD_WORKFLOW_STATE];
    struct param p = param_text(r->req, ROOT, rule->name);

    r->n_found += p.state != PARAM_ABSENT;
    if (p.state == PARAM_ABSENT || (p.state == PARAM_NULL && !r->now))
        return;
    if (p.state != PARAM_VALUE || !rule_has_value(rule, p.text))
        field_error(r->errors, rule->name, p.state == PARAM_WRONG ? INVALID : "is not included in the list");
    change->set_workflow_state = true;
    change->workflow_state = p.text;
}

/* ---- objectives: an array, or one text of lines ---- */

struct objectives {
    struct buf *joined;
    size_t n;
    bool is_wrong, is_long; /* an item is no text; is too long */
};

/* One objective: trimmed, a blank one dropped, each line end within it made a blank. */
static void add_objective(struct objectives *o, const char *text, size_t len)
{
    utf8_trim(&text, &len);
    if (!len)
        return;
    if (o->n++)
        buf_char(o->joined, '\n');
    if (utf8_count(text, len) > ai_experience_rules[FIELD_LEARNING_OBJECTIVES].item_max_length)
        o->is_long = true;
    for (const char *end = text + len; text < end;) {
        size_t n = strcspn(text, "\r\n");

        if (n > (size_t)(end - text))
            n = (size_t)(end - text);
        buf_append(o->joined, text, n);
        text += n;
        if (text < end) {
            buf_char(o->joined, ' ');
            text += text[0] == '\r' && text + 1 < end && text[1] == '\n' ? 2 : 1;
        }
    }
}

static void add_lines(struct objectives *o, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\r\n");

        add_objective(o, text, len);
        text += len;
        text += strspn(text, "\r\n");
    }
}

static void add_items(struct objectives *o, struct json_object *array)
{
    size_t n = json_object_array_length(array);

    for (size_t i = 0; i < n; i++) {
        struct json_object *item = json_object_array_get_idx(array, i);
        size_t len = json_object_is_type(item, json_type_string) ? (size_t)json_object_get_string_len(item) : 0;

        if (!json_object_is_type(item, json_type_string) || memchr(json_object_get_string(item), '\0', len))
            o->is_wrong = true;
        else
            add_objective(o, json_object_get_string(item), len);
    }
}

static void objectives_error(struct reading *r, const char *fault)
{
    field_error(r->errors, "learning_objective", fault);
    field_error(r->errors, "learning_objectives", fault);
}

static enum cq_status read_objectives(struct reading *r, struct ai_experience_change *change)
{
    struct param list = param_list(r->req, ROOT, "learning_objectives");
    struct param lines = param_text(r->req, ROOT, "learning_objective");
    bool is_list = list.state == PARAM_VALUE || list.state == PARAM_WRONG || lines.state == PARAM_ABSENT;
    const struct param *p = is_list ? &list : &lines;
    const struct field_rule *rule = &ai_experience_rules[FIELD_LEARNING_OBJECTIVES];
    struct objectives o = {.joined = buf_in_arena(r->req->ctx.arena, 64u << 20)};

    if (!o.joined)
        return cq_fail(&r->req->ctx, CQ_INTERNAL, "out of memory");
    r->n_found += p->state != PARAM_ABSENT;
    if (p->state == PARAM_ABSENT && r->now)
        return CQ_OK;
    if (p->state == PARAM_WRONG)
        o.is_wrong = true;
    else if (p->state == PARAM_VALUE && p == &list)
        add_items(&o, p->json);
    else if (p->state == PARAM_VALUE)
        add_lines(&o, p->text);
    if (o.is_wrong)
        objectives_error(r, INVALID);
    else if (o.n < rule->min_items)
        objectives_error(r, BLANK);
    if (o.n > rule->max_items)
        objectives_error(r, bound_fault(r, "cannot exceed ", rule->max_items, " items"));
    if (o.is_long)
        objectives_error(r, bound_fault(r, "each item must be ", rule->item_max_length, " characters or less"));
    change->set_learning_objective = true;
    change->learning_objective = o.joined->data;
    return o.joined->failed ? cq_fail(&r->req->ctx, CQ_INTERNAL, "out of memory") : CQ_OK;
}

/* ---- evaluation metrics ---- */

static const char *metric_name_fault(struct reading *r, const struct param *name, struct json_object *array, size_t i)
{
    if (name->state == PARAM_WRONG)
        return "name is invalid";
    if (name->state != PARAM_VALUE || utf8_blank(name->text, name->len))
        return "name can't be blank";
    if (utf8_count(name->text, name->len) > metric_rules[METRIC_NAME].max_length)
        return too_long(r, "name is too long (maximum is ", &metric_rules[METRIC_NAME]);
    if (strpbrk(name->text, "\r\n\t"))
        return "name can't hold a line end or a tab";
    for (size_t k = 0; k < i; k++)
        if (str_eq(json_get_text(json_object_array_get_idx(array, k), "name", NULL), name->text))
            return "name must be unique";
    return NULL;
}

/* A member of a metric, with the rules that parameters have. */
static struct param member_text(struct json_object *metric, const char *name)
{
    size_t len = 0;
    const char *text = json_get_text(metric, name, &len);

    if (!json_get(metric, name))
        return (struct param){.state = json_object_object_get_ex(metric, name, NULL) ? PARAM_NULL : PARAM_ABSENT};
    if (!text || strlen(text) != len)
        return (struct param){.state = PARAM_WRONG};
    return (struct param){.state = PARAM_VALUE, .text = text, .len = len};
}

static bool member_boolean(struct json_object *metric, const char *name, bool *value)
{
    struct json_object *member = json_get(metric, name);
    size_t len = 0;
    const char *text = json_get_text(metric, name, &len);

    if (!member)
        return true;
    if (json_object_is_type(member, json_type_boolean)) {
        *value = json_object_get_boolean(member);
        return true;
    }
    if (!text) /* 0 and 1 as numbers */
        len = strlen(text = json_object_get_string(member));
    return !len || parse_bool(text, len, value); /* an empty one is what a form sends for none */
}

static const char *write_metric(struct reading *r, struct json_out *out, struct json_object *array, size_t i)
{
    struct json_object *metric = json_object_array_get_idx(array, i);
    struct param name = member_text(metric, "name"), description = member_text(metric, "description");
    bool is_enabled = true, is_visible = false;
    const char *fault = metric_name_fault(r, &name, array, i);

    if (fault)
        return fault;
    if (description.state == PARAM_WRONG)
        return "description is invalid";
    if (description.state == PARAM_VALUE &&
        utf8_count(description.text, description.len) > metric_rules[METRIC_DESCRIPTION].max_length)
        return too_long(r, "description is too long (maximum is ", &metric_rules[METRIC_DESCRIPTION]);
    if (!member_boolean(metric, "enabled", &is_enabled) || !member_boolean(metric, "visible_to_learners", &is_visible))
        return "enabled and visible_to_learners must be booleans";
    json_open_object(out);
    json_key(out, "name");
    json_text(out, name.text);
    json_key(out, "description");
    json_text(out, description.state == PARAM_VALUE ? description.text : NULL);
    json_key(out, "enabled");
    json_boolean(out, is_enabled);
    json_key(out, "visible_to_learners");
    json_boolean(out, is_visible);
    json_close_object(out);
    return NULL;
}

/* The list is stored as the JSON that is answered. */
static enum cq_status read_metrics(struct reading *r, struct ai_experience_change *change)
{
    const uint32_t max_items = ai_experience_rules[FIELD_EVALUATION_METRICS].max_items;
    struct param p = param_list(r->req, ROOT, "evaluation_metrics");
    struct buf *buf = buf_in_arena(r->req->ctx.arena, 1 << 20);
    const char *fault = p.state == PARAM_WRONG ? INVALID : NULL;
    size_t n = p.state == PARAM_VALUE ? json_object_array_length(p.json) : 0;
    struct json_out out;

    if (!buf)
        return cq_fail(&r->req->ctx, CQ_INTERNAL, "out of memory");
    r->n_found += p.state != PARAM_ABSENT;
    if (p.state == PARAM_ABSENT)
        return CQ_OK;
    if (n > max_items)
        fault = bound_fault(r, "cannot exceed ", max_items, "");
    json_out_init(&out, buf);
    json_open_array(&out);
    for (size_t i = 0; !fault && i < n; i++)
        fault = write_metric(r, &out, p.json, i);
    json_close_array(&out);
    if (fault)
        field_error(r->errors, "evaluation_metrics", fault);
    change->set_evaluation_metrics = true;
    change->evaluation_metrics = n ? buf->data : NULL;
    return buf->failed ? cq_fail(&r->req->ctx, CQ_INTERNAL, "out of memory") : CQ_OK;
}

/* ---- files ---- */

/* A form cannot send an empty list: a blank item stands for it. */
static bool is_blank_item(struct json_object *item)
{
    return json_object_is_type(item, json_type_string) && !json_object_get_string_len(item);
}

/* As a number, or as the string that a ContextFile has. */
static bool read_id(struct json_object *item, uint64_t *id)
{
    bool is_id = json_object_is_type(item, json_type_string) || json_object_is_type(item, json_type_int);
    const char *text = is_id ? json_object_get_string(item) : "";

    return parse_id(text, strlen(text), id) && *id;
}

static void add_file_id(struct ai_experience_change *change, uint64_t *ids, uint64_t id)
{
    for (size_t i = 0; i < change->n_context_file_ids; i++)
        if (ids[i] == id)
            return;
    ids[change->n_context_file_ids++] = id;
}

/* What is no id is a file that nobody has. */
static void add_files(struct reading *r, struct json_object *array, struct ai_experience_change *change, uint64_t *ids)
{
    size_t n = json_object_array_length(array);
    uint64_t id;

    for (size_t i = 0; i < n; i++) {
        struct json_object *item = json_object_array_get_idx(array, i);

        if (read_id(item, &id))
            add_file_id(change, ids, id);
        else
            r->errors->has_unusable_files |= !is_blank_item(item);
    }
}

/* An ordered set. Whether they are files of the course the store knows. */
static enum cq_status read_files(struct reading *r, struct ai_experience_change *change)
{
    struct param p = param_list(r->req, ROOT, "context_file_ids");
    size_t n = p.state == PARAM_VALUE ? json_object_array_length(p.json) : 0;
    uint64_t *ids = arena_zalloc(r->req->ctx.arena, n + 1, sizeof(*ids));

    if (!ids)
        return cq_fail(&r->req->ctx, CQ_INTERNAL, "out of memory");
    if (p.state == PARAM_ABSENT)
        return CQ_OK;
    r->n_found++;
    r->errors->has_unusable_files = p.state == PARAM_WRONG;
    if (n)
        add_files(r, p.json, change, ids);
    if (change->n_context_file_ids && change->n_context_file_ids > r->req->config->limits.context_files_max)
        field_error(r->errors, "context_file_ids",
                    bound_fault(r, "cannot exceed ", r->req->config->limits.context_files_max, " files"));
    change->set_context_file_ids = true;
    change->context_file_ids = ids;
    return CQ_OK;
}

/* ---- all of them ---- */

enum cq_status ai_experience_change_read(struct request *req, const struct ai_experience_row *now,
                                         struct ai_experience_change *change, struct field_errors *errors)
{
    struct reading r = {.req = req, .now = now, .errors = errors};

    *change = (struct ai_experience_change){0};
    for (size_t i = 0; i < LEN(text_fields); i++)
        read_text(&r, &text_fields[i], change);
    read_workflow_state(&r, change);
    enum cq_status st = read_files(&r, change);
    if (!st)
        st = read_objectives(&r, change);
    if (!st)
        st = read_metrics(&r, change);
    if (!st && !r.n_found)
        st = CQ_PARAMETERS_MISSING;
    return st;
}
