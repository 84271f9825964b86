/* The form of an experience: what stands in it, what is said of faults, and that nothing breaks out of its place. */
#include "api/ai_experience_form.h"

#include "api/ai_experience_change.h"
#include "api/route.h"
#include "http/make_request.h"

#define HOSTILE         "</textarea></title>\"><script>alert('1')</script>&lt;"
#define HOSTILE_ESCAPED "&lt;/textarea&gt;&lt;/title&gt;&quot;&gt;&lt;script&gt;alert('1')&lt;/script&gt;&amp;lt;"

static const struct ai_experience_row some = {
    .id = 3,
    .course_id = 7,
    .workflow_state = "published",
    .title = "T",
    .facts = "\nF",
    .learning_objective = "a\nb",
    .pedagogical_guidance = "G",
};

struct scene {
    struct request req;
    struct loaded loaded;
};

/* Of course 7, by somebody who posts this form. */
static void start(struct scene *s, const char *body)
{
    s->req = make_post("", "application/x-www-form-urlencoded", body);
    s->req.path_params[0] = (struct path_param){"course_id", "7"};
    s->req.path_params[1] = (struct path_param){"id", "3"};
    s->req.n_path_params = 2;
    s->loaded = (struct loaded){.route = NULL};
    s->req.loaded = &s->loaded;
    CU_ASSERT_EQUAL_FATAL(params_read(&s->req), CQ_OK);
}

static const char *page_of(const struct scene *s)
{
    CU_ASSERT_FALSE_FATAL(s->req.response.body->failed);
    return s->req.response.body->data;
}

static bool has(const char *page, const char *piece)
{
    return strstr(page, piece) != NULL;
}

static size_t count(const char *page, const char *piece)
{
    size_t n = 0;

    for (; (page = strstr(page, piece)); page++)
        n++;
    return n;
}

static const char *form_of(struct scene *s, const struct ai_experience_row *row)
{
    const struct form_values values = form_values_of(row);

    start(s, "");
    answer_form(&s->req, 200, row, &values, NULL);
    return page_of(s);
}

/* ---- a new one, and one that is there ---- */

static const char *const fields[] = {"title", "description",          "learning_objective",
                                     "facts", "pedagogical_guidance", "workflow_state"};

static void test_each_field_is_labelled_and_described(void)
{
    struct scene s;
    const char *page = form_of(&s, NULL);

    for (size_t i = 0; i < LEN(fields); i++) {
        ROW_ASSERT(fields[i], has(page, arena_printf(s.req.ctx.arena, "<label for=\"%s\">", fields[i])));
        ROW_ASSERT(fields[i], has(page, arena_printf(s.req.ctx.arena,
                                                     " id=\"%s\" name=\"ai_experience[%s]\" "
                                                     "aria-describedby=\"%s-help\"",
                                                     fields[i], fields[i], fields[i])));
        ROW_ASSERT(fields[i], has(page, arena_printf(s.req.ctx.arena, "id=\"%s-help\"", fields[i])));
    }
    CU_ASSERT_EQUAL(count(page, " required"), 3);
    CU_ASSERT_EQUAL(count(page, "(required)"), 3);
}

static void test_new(void)
{
    struct scene s;
    const char *page = form_of(&s, NULL);

    CU_ASSERT_EQUAL(s.req.response.status, 200);
    ASSERT_TEXT(s.req.response.content_type, "text/html; charset=utf-8");
    CU_ASSERT_TRUE(has(page, "<form method=\"post\" accept-charset=\"utf-8\" "
                             "action=\"/api/v1/courses/7/ai_experiences\">"));
    CU_ASSERT_TRUE(has(page, "<input type=\"hidden\" name=\"authenticity_token\" value=\""));
    CU_ASSERT_TRUE(has(page, "<option value=\"unpublished\" selected>"));
    CU_ASSERT_TRUE(has(page, "At most 255 characters."));
    CU_ASSERT_TRUE(has(page, "1 to 10 lines of at most 10000 characters."));
    CU_ASSERT_FALSE(has(page, "_method"));
    CU_ASSERT_FALSE(has(page, "role=\"alert\""));
    CU_ASSERT_FALSE(has(page, "<script"));
}

/* A parser drops the line end right behind a textarea's tag: a text that begins with one keeps it. */
static void test_edit(void)
{
    struct scene s;
    const char *page = form_of(&s, &some);

    CU_ASSERT_EQUAL(count(page, "action=\"/api/v1/courses/7/ai_experiences/3\""), 2);
    CU_ASSERT_EQUAL(count(page, "name=\"authenticity_token\""), 2);
    CU_ASSERT_EQUAL(count(page, "name=\"_method\" value=\"put\""), 1);
    CU_ASSERT_EQUAL(count(page, "name=\"_method\" value=\"delete\""), 1);
    CU_ASSERT_TRUE(has(page, " value=\"T\">"));
    CU_ASSERT_TRUE(has(page, ">\n\nF</textarea>"));
    CU_ASSERT_TRUE(has(page, ">\na\nb</textarea>"));
    CU_ASSERT_TRUE(has(page, ">\n</textarea>")); /* no description */
    CU_ASSERT_TRUE(has(page, "<option value=\"published\" selected>"));
    CU_ASSERT_TRUE(has(page, "type=\"checkbox\" name=\"confirmed\" value=\"1\" required>"));
}

/* maxlength counts UTF-16 units: it must leave room for characters of two. */
static void test_maxlength_cuts_no_legal_text(void)
{
    struct scene s;
    const char *page = form_of(&s, NULL);

    CU_ASSERT_EQUAL(count(page, "maxlength=\"510\""), 1);
    CU_ASSERT_EQUAL(count(page, "maxlength=\"20000\""), 3);
    CU_ASSERT_EQUAL(count(page, "maxlength"), 4); /* none for the objectives: their bound is one for each line */
}

static void test_hostile_values(void)
{
    struct scene s;
    const struct ai_experience_row row = {.id = 3,
                                          .workflow_state = HOSTILE,
                                          .title = HOSTILE,
                                          .description = HOSTILE,
                                          .facts = HOSTILE,
                                          .learning_objective = HOSTILE,
                                          .pedagogical_guidance = HOSTILE};
    const char *page = form_of(&s, &row);

    CU_ASSERT_EQUAL(count(page, HOSTILE_ESCAPED), 6); /* five fields, and the question whether to delete */
    CU_ASSERT_EQUAL(count(page, "<script"), 0);
    CU_ASSERT_EQUAL(count(page, "</textarea>"), 4);
}

/* ---- again, with faults ---- */

static const char *faulty_form(struct scene *s, const struct ai_experience_row *row, const char *body)
{
    struct ai_experience_change change;
    struct field_errors faults = {.n = 0};

    start(s, body);
    CU_ASSERT_EQUAL_FATAL(ai_experience_change_read(&s->req, row, &change, &faults), CQ_OK);
    answer_form_faults(&s->req, row, &change, &faults);
    return page_of(s);
}

static void test_faults_stand_beside_their_fields(void)
{
    struct scene s;
    const char *page =
        faulty_form(&s, NULL,
                    "ai_experience[title]=+&ai_experience[facts]=typed&ai_experience[learning_objective]="
                    "%0D%0A&ai_experience[workflow_state]=draft");

    CU_ASSERT_EQUAL(s.req.response.status, 400);
    CU_ASSERT_EQUAL(count(page, "role=\"alert\""), 1);
    CU_ASSERT_TRUE(has(page, "<li><a href=\"#title\">Title</a>: can't be blank</li>"));
    CU_ASSERT_EQUAL(count(page, "<a href=\"#learning_objective\">"), 1);
    CU_ASSERT_TRUE(has(page, "<li><a href=\"#workflow_state\">State</a>: is not included in the list</li>"));
    CU_ASSERT_TRUE(has(page, "aria-describedby=\"title-help title-fault\" aria-invalid=\"true\""));
    CU_ASSERT_TRUE(has(page, "id=\"title-fault\">\n<p>can't be blank</p>"));
    CU_ASSERT_EQUAL(count(page, "aria-invalid"), 4);
    CU_ASSERT_TRUE(has(page, "id=\"facts\" name=\"ai_experience[facts]\" aria-describedby=\"facts-help\""));
}

static void test_nothing_typed_is_lost(void)
{
    static const struct {
        const char *name, *body, *piece;
    } rows[] = {
        {"title", "ai_experience[title]=+&facts=f", " value=\" \">"},
        {"a flat name", "title=&facts=%3Cflat%3E", ">\n&lt;flat&gt;</textarea>"},
        {"line ends", "title=&facts=a%0D%0Ab%0D%0A", ">\na\r\nb\r\n</textarea>"},
        {"objectives as typed", "title=&learning_objective=+a+%0D%0A%0D%0Ab", ">\n a \r\n\r\nb</textarea>"},
        {"objectives of a list", "title=&learning_objectives[]=a&learning_objectives[]=b", ">\na\nb</textarea>"},
        {"state", "title=&workflow_state=unpublished", "<option value=\"unpublished\" selected>"},
        {"hostile", "title=&description=%3C/textarea%3E%3Cscript%3E", ">\n&lt;/textarea&gt;&lt;script&gt;</textarea>"},
        {"what was not sent", "title=", ">\n\nF</textarea>"},
        {"what was cleared", "title=&facts=", ">\n</textarea>"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        ROW_ASSERT(rows[i].name, has(faulty_form(&s, &some, rows[i].body), rows[i].piece));
    }
}

/* What the form itself never sends is still told. */
static void test_faults_of_other_fields(void)
{
    struct scene s;
    const char *page = faulty_form(&s, &some, "evaluation_metrics=x&context_file_ids[]=x");

    CU_ASSERT_TRUE(has(page, "<li>Evaluation metrics: is invalid</li>"));
    CU_ASSERT_TRUE(has(page, "<li>Files: " UNUSABLE_FILES "</li>"));
    faulty_form(&s, &some, "context_file_ids[]=x");
    CU_ASSERT_EQUAL(s.req.response.status, 422);
}

/* ---- when it cannot be saved just now ---- */

#define WHOLE                                                                                                          \
    "ai_experience[title]=%3CT%3E&ai_experience[description]=d&ai_experience[facts]=&ai_experience[learning_"          \
    "objective]=&ai_experience[pedagogical_guidance]=g&ai_experience[workflow_state]=published"

/* The answer to a body that is sent to a handler while the database is away, before anything is loaded. */
static const char *unsaved(struct scene *s, struct route *route, const char *body)
{
    start(s, body);
    route->answers = ANSWER_FORM;
    s->req.accept = "text/html";
    s->loaded.route = route;
    answer_error(&s->req, CQ_BUSY);
    CU_ASSERT_EQUAL(s->req.response.status, 503);
    CU_ASSERT_PTR_NOT_NULL(sent_header(&s->req, "Retry-After"));
    return page_of(s);
}

static void test_unsaved(void)
{
    struct route create = {.handler = ai_experience_create}, update = {.handler = ai_experience_update},
                 delete = {.handler = ai_experience_delete};
    struct scene s;
    const char *page = unsaved(&s, &create, WHOLE);

    CU_ASSERT_TRUE(has(page, "role=\"alert\"") && has(page, " value=\"&lt;T&gt;\">") && has(page, ">\ng</textarea>"));
    CU_ASSERT_TRUE(has(page, "action=\"/api/v1/courses/7/ai_experiences\"") && !has(page, "_method"));
    page = unsaved(&s, &update, "_method=put&" WHOLE);
    CU_ASSERT_TRUE(has(page, "action=\"/api/v1/courses/7/ai_experiences/3\"") && has(page, "value=\"put\""));
    CU_ASSERT_TRUE(has(page, "<option value=\"published\" selected>") && !has(page, "value=\"delete\""));
    /* what was not typed is not known, and must not be cleared when it is sent again */
    CU_ASSERT_FALSE(has(unsaved(&s, &update, "_method=put&title=t"), "<form"));
    CU_ASSERT_FALSE(has(unsaved(&s, &delete, "_method=delete"), "<form"));
}

SUITE(ai_experience_form, {"each field is labelled and described", test_each_field_is_labelled_and_described},
      {"new", test_new}, {"edit", test_edit}, {"maxlength cuts no legal text", test_maxlength_cuts_no_legal_text},
      {"hostile values", test_hostile_values},
      {"faults stand beside their fields", test_faults_stand_beside_their_fields},
      {"nothing typed is lost", test_nothing_typed_is_lost}, {"faults of other fields", test_faults_of_other_fields},
      {"unsaved", test_unsaved});
