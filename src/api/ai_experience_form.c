/* The form of an experience. */
#include "api/ai_experience_form.h"

#include "api/ai_experience.h"
#include "api/ai_experience_rules.h"
#include "api/authenticity.h"
#include "api/page.h"
#include "api/route.h"

static const char ROOT[] = "ai_experience";

enum control { LINE, LINES, CHOICE };

// clang-format off
static const struct form_field {
    enum ai_experience_field field;
    enum control control;
    unsigned rows;
    const char *label, *help;
    size_t value; /* where in struct form_values */
} form_fields[] = {
#define VALUE(name) offsetof(struct form_values, name)
    {FIELD_TITLE,                LINE,   1, "Title",               "What students see in the list.",                             VALUE(title)},
    {FIELD_DESCRIPTION,          LINES,  4, "Description",         "What it is about, for students to read before they begin.",  VALUE(description)},
    {FIELD_LEARNING_OBJECTIVE,   LINES,  6, "Learning objectives", "What students should show in the conversation, one a line.", VALUE(learning_objective)},
    {FIELD_FACTS,                LINES,  8, "Facts",               "What the tutor knows and builds on. Students do not see it.", VALUE(facts)},
    {FIELD_PEDAGOGICAL_GUIDANCE, LINES,  8, "Guidance",            "How the tutor leads the conversation. Students do not see it.", VALUE(pedagogical_guidance)},
    {FIELD_WORKFLOW_STATE,       CHOICE, 1, "State",               "Students see and use published experiences only. Once a student has begun, it stays published.", VALUE(workflow_state)},
#undef VALUE
};
// clang-format on

static const struct field_rule *rule_of(const struct form_field *f)
{
    return &ai_experience_rules[f->field];
}

/* ---- what stands in it ---- */

struct form_values form_values_of(const struct ai_experience_row *row)
{
    if (!row)
        return (struct form_values){.workflow_state = "unpublished"};
    return (struct form_values){
        row->title,         row->description, row->facts, row->learning_objective, row->pedagogical_guidance,
        row->workflow_state};
}

static const char *typed(const struct request *req, const char *name, const char *otherwise)
{
    struct param p = param_text(req, ROOT, name);

    return p.state == PARAM_ABSENT ? otherwise : p.text;
}

/* Of the parameters as they came, from which change was read (NULL: not yet); what is absent is as in now. */
static struct form_values form_values_typed(const struct request *req, const struct ai_experience_row *now,
                                            const struct ai_experience_change *change)
{
    struct form_values values = form_values_of(now);

    for (size_t i = 0; i < LEN(form_fields); i++) {
        const char **value = (const char **)((char *)&values + form_fields[i].value);

        *value = typed(req, rule_of(&form_fields[i])->name, *value);
    }
    if (change &&
        param_list(req, ROOT, "learning_objectives").state == PARAM_VALUE) /* it wins over the text of lines */
        values.learning_objective = change->learning_objective;
    return values;
}

const char *form_action(struct request *req, const struct ai_experience_row *row)
{
    const char *list =
        arena_printf(req->ctx.arena, "/api/v1/courses/%lu/ai_experiences", path_param_id(req, "course_id"));

    return list && row ? arena_printf(req->ctx.arena, "%s/%lu", list, row->id) : list;
}

/* ---- faults ---- */

static bool has_fault(const struct field_errors *faults, const char *field)
{
    for (size_t i = 0; i < faults->n; i++)
        if (str_eq(faults->list[i].field, field))
            return true;
    return false;
}

/* What a fault is about: a field of the form, to which the summary leads, or what only other clients send. */
static void write_subject(struct buf *out, const char *name)
{
    for (size_t i = 0; i < LEN(form_fields); i++)
        if (str_eq(rule_of(&form_fields[i])->name, name)) {
            buf_printf(out, "<a href=\"#%s\">%s</a>", name, form_fields[i].label);
            return;
        }
    buf_str(out, str_eq(name, ai_experience_rules[FIELD_EVALUATION_METRICS].name) ? "Evaluation metrics" : "Files");
}

static void write_fault(struct buf *out, const char *name, const char *message)
{
    buf_str(out, "<li>");
    write_subject(out, name);
    buf_str(out, ": ");
    page_text(out, message);
    buf_str(out, "</li>\n");
}

/* It takes the focus, so that it is read first; the objectives' faults stand under two names and are told once. */
static void write_summary(struct buf *out, const struct field_errors *faults)
{
    buf_str(out, "<div class=\"faults\" role=\"alert\" tabindex=\"-1\" autofocus>\n"
                 "<h2>Nothing was saved yet. Please mend this:</h2>\n<ul>\n");
    for (size_t i = 0; i < faults->n; i++)
        if (!str_eq(faults->list[i].field, ai_experience_rules[FIELD_LEARNING_OBJECTIVES].name))
            write_fault(out, faults->list[i].field, faults->list[i].message);
    if (faults->has_unusable_files)
        write_fault(out, "context_file_ids", UNUSABLE_FILES);
    buf_str(out, "</ul>\n</div>\n");
}

/* It is not the reader's fault: what was typed only has to be sent again. */
static void write_unsaved(struct request *req, struct buf *out)
{
    buf_str(out,
            "<div class=\"faults\" role=\"alert\" tabindex=\"-1\" autofocus>\n"
            "<h2>This was probably not saved</h2>\n<p>The service cannot answer at the moment. What you typed is all "
            "here: look whether it has arrived after all, and if not, press Save again.</p>\n<p class=\"quiet\">If "
            "you tell somebody about this, say: ");
    page_text(out, req->ctx.request_id);
    buf_str(out, ".</p>\n</div>\n");
}

static void write_field_faults(struct buf *out, const char *name, const struct field_errors *faults)
{
    buf_printf(out, "<div class=\"fault\" id=\"%s-fault\">\n", name);
    for (size_t i = 0; i < faults->n; i++) {
        if (!str_eq(faults->list[i].field, name))
            continue;
        buf_str(out, "<p>");
        page_text(out, faults->list[i].message);
        buf_str(out, "</p>\n");
    }
    buf_str(out, "</div>\n");
}

/* ---- fields ---- */

static void write_help(struct buf *out, const struct form_field *f)
{
    const struct field_rule *rule = rule_of(f);

    buf_printf(out, "<p class=\"help\" id=\"%s-help\">%s", rule->name, f->help);
    if (rule->max_length)
        buf_printf(out, " At most %u characters.", rule->max_length);
    if (rule->max_items)
        buf_printf(out, " %u to %u lines of at most %u characters.", rule->min_items, rule->max_items,
                   rule->item_max_length);
    buf_str(out, "</p>\n");
}

/*
 * What every control has. maxlength counts UTF-16 units, of which a character is one or two: twice the bound cuts no
 * text that is allowed, and the server says the rest. Rules of values are for the choice's own options to keep.
 */
static void write_attributes(struct buf *out, const struct form_field *f, bool is_faulty)
{
    const struct field_rule *rule = rule_of(f);

    buf_printf(out, " id=\"%s\" name=\"%s[%s]\" aria-describedby=\"%s-help", rule->name, ROOT, rule->name, rule->name);
    if (is_faulty)
        buf_printf(out, " %s-fault\" aria-invalid=\"true", rule->name);
    buf_str(out, "\"");
    if (rule->is_required)
        buf_str(out, " required");
    if (rule->max_length)
        buf_printf(out, " maxlength=\"%u\"", 2 * rule->max_length);
}

static void write_options(struct buf *out, const struct field_rule *rule, const char *value)
{
    for (const char *const *v = rule->values; *v; v++)
        buf_printf(out, "<option value=\"%s\"%s>%s</option>\n", *v, str_eq(*v, value) ? " selected" : "",
                   workflow_state_words(*v));
}

static void write_control(struct buf *out, const struct form_field *f, const char *value, bool is_faulty)
{
    static const char *const tags[] = {[LINE] = "input", [LINES] = "textarea", [CHOICE] = "select"};

    buf_printf(out, "<%s", tags[f->control]);
    write_attributes(out, f, is_faulty);
    switch (f->control) {
    case LINE:
        buf_str(out, " dir=\"auto\" value=\"");
        page_text(out, value);
        buf_str(out, "\">\n");
        return;
    case LINES:
        buf_printf(out, " rows=\"%u\" dir=\"auto\">\n", f->rows); /* a parser drops the first line end */
        page_text(out, value);
        break;
    case CHOICE:
        buf_str(out, ">\n");
        write_options(out, rule_of(f), value);
        break;
    }
    buf_printf(out, "</%s>\n", tags[f->control]);
}

static void write_field(struct buf *out, const struct form_field *f, const struct form_values *values,
                        const struct field_errors *faults)
{
    const struct field_rule *rule = rule_of(f);
    bool is_faulty = has_fault(faults, rule->name);

    buf_printf(out, "<div class=\"field\">\n<label for=\"%s\">%s%s</label>\n", rule->name, f->label,
               rule->is_required ? " <span class=\"required\">(required)</span>" : "");
    write_help(out, f);
    if (is_faulty)
        write_field_faults(out, rule->name, faults);
    write_control(out, f, *(const char *const *)((const char *)values + f->value), is_faulty);
    buf_str(out, "</div>\n");
}

/* ---- the page ---- */

/* method: what _method says; NULL: POST itself. */
static void open_form(struct request *req, struct buf *out, const struct ai_experience_row *row, const char *method)
{
    buf_str(out, "<form method=\"post\" accept-charset=\"utf-8\" action=\"");
    page_text(out, form_action(req, row));
    buf_str(out, "\">\n");
    if (method)
        buf_printf(out, "<input type=\"hidden\" name=\"_method\" value=\"%s\">\n", method);
    buf_str(out, "<input type=\"hidden\" name=\"authenticity_token\" value=\"");
    page_text(out, authenticity_token(req));
    buf_str(out, "\">\n");
}

static void write_delete_form(struct request *req, struct buf *out, const struct ai_experience_row *row)
{
    buf_str(out, "<h2>Delete</h2>\n<p>It cannot be undone: neither you nor the students can reach it any more.</p>\n");
    open_form(req, out, row, "delete");
    buf_str(out, "<p><label><input type=\"checkbox\" name=\"confirmed\" value=\"1\" required> Delete “<bdi>");
    page_text(out, row->title);
    buf_str(out, "</bdi>” with all its conversations</label></p>\n"
                 "<p><button type=\"submit\" class=\"danger\">Delete</button></p>\n</form>\n");
}

void answer_form(struct request *req, int status, const struct ai_experience_row *row, const struct form_values *values,
                 const struct field_errors *faults)
{
    static const struct field_errors none = {.n = 0};
    struct buf *out = page_open_of(req, status, PAGE_FORM, row ? "Edit experience" : "New experience");

    faults = faults ? faults : &none;
    if (has_field_errors(faults))
        write_summary(out, faults);
    else if (status != 200)
        write_unsaved(req, out);
    buf_str(out, "<p>An experience is a conversation that each student holds with a tutor, towards learning objectives "
                 "that you set.</p>\n");
    open_form(req, out, row, row ? "put" : NULL);
    for (size_t i = 0; i < LEN(form_fields); i++)
        write_field(out, &form_fields[i], values, faults);
    buf_str(out, "<p><button type=\"submit\">Save</button>\n");
    buf_str(out, "<a href=\"");
    page_text(out, ai_experience_page_path(req, row ? row->id : 0));
    buf_str(out, "\">Back without saving</a></p>\n</form>\n");
    if (row && row->title) /* it was loaded: what is deleted is named */
        write_delete_form(req, out, row);
    page_close(out);
}

void answer_form_faults(struct request *req, const struct ai_experience_row *row,
                        const struct ai_experience_change *change, const struct field_errors *faults)
{
    const struct form_values values = form_values_typed(req, row, change);

    answer_form(req, faults->n ? 400 : 422, row, &values, faults);
}

/* Whether every field of the form was sent, so that nothing of the experience need be known to show it again. */
static bool is_whole(const struct request *req)
{
    for (size_t i = 0; i < LEN(form_fields); i++)
        if (param_text(req, ROOT, rule_of(&form_fields[i])->name).state == PARAM_ABSENT)
            return false;
    return true;
}

bool answer_form_unsaved(struct request *req, int status)
{
    const struct route *route = req->loaded->route;
    struct ai_experience_row *now = &req->loaded->ai_experience;
    bool is_update = route->handler == ai_experience_update;

    if (!is_whole(req) || (route->handler != ai_experience_create && !is_update))
        return false;
    if (is_update && !now->id)
        now->id = path_param_id(req, "id");
    const struct form_values values = form_values_typed(req, is_update ? now : NULL, NULL);

    answer_form(req, status, is_update ? now : NULL, &values, NULL);
    return true;
}
