/* The pages of a course's experiences: the list, and each one. */
#include "api/ai_experience.h"

#include "api/ai_experience_form.h"
#include "api/authenticity.h"
#include "api/page.h"
#include "api/represent.h"
#include "api/route.h"

const char *ai_experience_page_path(struct request *req, uint64_t id)
{
    uint64_t course_id = path_param_id(req, "course_id");

    return id ? arena_printf(req->ctx.arena, "/courses/%lu/ai_experiences/%lu", course_id, id)
              : arena_printf(req->ctx.arena, "/courses/%lu/ai_experiences", course_id);
}

static const char *words_of(const char *const (*table)[2], size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(table[i][0], key))
            return table[i][1];
    return "";
}

const char *workflow_state_words(const char *state)
{
    static const char *const table[][2] = {
        {"unpublished", "Not published"}, {"published", "Published"}, {"deleted", "Deleted"}};

    return words_of(table, LEN(table), state);
}

static const char *submission_status_words(const char *status)
{
    static const char *const table[][2] = {
        {"not_started", "Not started"}, {"in_progress", "In progress"}, {"completed", "Completed"}};

    return words_of(table, LEN(table), status);
}

/* What the caller wants to know of it first: managers whether students see it, students how far they are. */
static const char *standing(const struct request *req, const struct ai_experience_row *x)
{
    return is_manager(req) ? workflow_state_words(x->workflow_state) : submission_status_words(submission_status(x));
}

/* The text is somebody's. */
static void write_link(struct buf *out, const char *path, const char *text)
{
    buf_str(out, "<a href=\"");
    page_text(out, path);
    buf_str(out, "\" dir=\"auto\">");
    page_text(out, text);
    buf_str(out, "</a>");
}

/* The text is ours. */
static void write_way(struct buf *out, const char *path, const char *more, const char *text)
{
    buf_str(out, "<a href=\"");
    page_text(out, path);
    buf_printf(out, "%s\">%s</a>\n", more, text);
}

/* ---- what managers do ---- */

/* to: the state that is asked for; NULL, why it is not to be had. */
static const char *state_to_ask(const struct ai_experience_row *x, const char **why_not)
{
    const char *to = str_eq(x->workflow_state, "published") ? "unpublished" : "published";

    switch (store_state_fault(x, to)) {
    case STATE_IS_FINE:
        return to;
    case STATE_FILES_PROCESSING:
        *why_not = "Until all its files are read, it cannot be published or taken back.";
        break;
    case STATE_IS_STARTED:
        *why_not = "Students have begun, so it stays published.";
    }
    return NULL;
}

/* It posts to the call that updates; js/manage.js does that in place, and deletes, where the plain form asks for it. */
static void write_manage(struct request *req, struct buf *out, const struct ai_experience_row *x)
{
    const char *path = ai_experience_page_path(req, x->id), *why_not = NULL, *to = state_to_ask(x, &why_not);

    buf_str(out, "<form class=\"manage buttons\" method=\"post\" action=\"");
    page_text(out, form_action(req, x));
    buf_str(out, "\" data-title=\"");
    page_text(out, x->title);
    buf_str(out, "\">\n<input type=\"hidden\" name=\"_method\" value=\"put\">\n"
                 "<input type=\"hidden\" name=\"authenticity_token\" value=\"");
    page_text(out, authenticity_token(req));
    buf_str(out, "\">\n");
    if (to)
        buf_printf(out, "<button class=\"small\" name=\"workflow_state\" value=\"%s\">%s</button>\n", to,
                   str_eq(to, "published") ? "Publish" : "Unpublish");
    write_way(out, path, "/edit", "Edit");
    write_way(out, path, "/students", "Students");
    write_way(out, path, "?test", "Test as a student");
    buf_str(out, "<button type=\"button\" class=\"small\" value=\"deleted\" hidden>Delete</button>\n<noscript>");
    write_way(out, form_action(req, x), "/edit", "Edit without scripts");
    buf_str(out, "</noscript>\n</form>\n");
    if (why_not)
        buf_printf(out, "<p class=\"help\">%s</p>\n", why_not);
}

/* ---- the list ---- */

static void write_title(struct request *req, struct buf *out, const struct ai_experience_row *x)
{
    if (!str_eq(x->workflow_state, "deleted")) {
        write_link(out, ai_experience_page_path(req, x->id), x->title);
        return;
    }
    buf_str(out, "<bdi>"); /* its page is no more */
    page_text(out, x->title);
    buf_str(out, "</bdi>");
}

static void write_item(struct request *req, struct buf *out, const struct ai_experience_row *x,
                       const struct ai_experience_list *list)
{
    buf_str(out, "<li>");
    write_title(req, out, x);
    buf_printf(out, "\n<span class=\"quiet\"><span class=\"state\">%s</span>", standing(req, x));
    if (is_manager(req)) /* data-text is for scripts, which say it in the reader's language */
        buf_printf(out,
                   " · <span data-text=\"{n} of {total} students completed\" data-n=\"%lu\" data-total=\"%lu\">"
                   "%lu of %lu students completed</span>",
                   x->completed_count, list->total_students, x->completed_count, list->total_students);
    buf_str(out, "</span>\n");
    if (is_manager(req) && !str_eq(x->workflow_state, "deleted"))
        write_manage(req, out, x);
    buf_str(out, "</li>\n");
}

static void write_items(struct request *req, struct buf *out, const struct ai_experience_list *list)
{
    if (!list->n) {
        buf_printf(out, "<p>%s</p>\n",
                   list->total       ? "There is nothing on this page of the list."
                   : is_manager(req) ? "There are no experiences here yet."
                                     : "Nothing has been published yet.");
        return;
    }
    buf_str(out, "<ul class=\"list\">\n");
    for (size_t i = 0; i < list->n; i++)
        write_item(req, out, &list->rows[i], list);
    buf_str(out, "</ul>\n");
}

static void write_neighbour(struct request *req, struct buf *out, const struct page *page, uint64_t number,
                            const char *rel, const char *text)
{
    const char *state = wanted_workflow_state(req);

    buf_printf(out, "<a rel=\"%s\" href=\"?page=%lu&amp;per_page=%lu", rel, number, page->per_page);
    if (state)
        buf_printf(out, "&amp;workflow_state=%s", state);
    buf_printf(out, "\">%s</a>\n", text);
}

static void write_pager(struct request *req, struct buf *out, const struct page *page, uint64_t total)
{
    uint64_t last = total ? (total - 1) / page->per_page + 1 : 1;

    if (last == 1 && page->number == 1)
        return;
    buf_str(out, "<nav class=\"pager\" aria-label=\"Pages of the list\">\n");
    if (page->number > 1)
        write_neighbour(req, out, page, page->number > last ? last : page->number - 1, "prev", "Previous");
    buf_printf(out,
               "<span data-text=\"Page {n} of {total}\" data-n=\"%lu\" data-total=\"%lu\">Page %lu of %lu</span>\n",
               page->number, last, page->number, last);
    if (page->number < last)
        write_neighbour(req, out, page, page->number + 1, "next", "Next");
    buf_str(out, "</nav>\n");
}

static void write_new(struct request *req, struct buf *out)
{
    buf_str(out, "<p class=\"buttons\"><a class=\"button\" href=\"");
    page_text(out, ai_experience_page_path(req, 0));
    buf_str(out, "/new\">New experience</a>\n<noscript>");
    write_way(out, form_action(req, NULL), "/new", "New experience without scripts");
    buf_str(out, "</noscript></p>\n");
}

/* GET /courses/:course_id/ai_experiences: 200 and the list as a page. */
enum cq_status ai_experience_index_page(struct request *req)
{
    struct ai_experience_list list;
    struct course_row course;
    struct page page;

    enum cq_status st = ai_experience_list_read(req, &page, &list);
    if (!st && is_manager(req))
        st = store_context_files_read(&req->ctx, req->db, list.rows, list.n);
    if (!st)
        st = store_course(&req->ctx, req->db, req->loaded->access.course_id, &course);
    if (st)
        return st;
    struct buf *out = page_open_of(req, 200, is_manager(req) ? PAGE_MANAGE : PAGE_THEIRS, course.name);

    buf_str(out, "<h2>AI experiences</h2>\n");
    if (is_manager(req))
        write_new(req, out);
    write_items(req, out, &list);
    write_pager(req, out, &page, list.total);
    page_close(out);
    return CQ_OK;
}

/* ---- one ---- */

static void write_section(struct buf *out, const char *title, const char *text)
{
    if (!text || !*text)
        return;
    if (title)
        buf_printf(out, "<h2>%s</h2>\n", title);
    buf_str(out, "<p class=\"text\" dir=\"auto\">");
    page_text(out, text);
    buf_str(out, "</p>\n");
}

static void write_objectives(struct buf *out, const char *joined)
{
    buf_str(out, "<section id=\"objectives\">\n<h2>Learning objectives</h2>\n<ul>\n");
    while (*joined) {
        size_t len = strcspn(joined, "\n");

        buf_str(out, "<li dir=\"auto\">");
        html_escape(out, joined, len);
        buf_str(out, "</li>\n");
        joined += len + (joined[len] == '\n');
    }
    buf_str(out, "</ul>\n</section>\n");
}

/* What js/experience.js fills; it is not seen without scripts. */
static const char CONVERSATION[] =
    "<section id=\"conversation\" aria-label=\"Conversation\" hidden>\n"
    "<p class=\"quiet\"><span>%s</span> <span id=\"notice\"></span></p>\n"
    "<p id=\"beginning\" hidden><button type=\"button\" id=\"begin\">Start the conversation</button></p>\n"
    "<section class=\"thread\" role=\"log\" aria-live=\"off\" aria-label=\"Conversation\" tabindex=\"-1\"></section>\n"
    "<div id=\"notices\"></div>\n"
    "<div class=\"below\" hidden>\n"
    "<button type=\"button\" class=\"jump plain\" hidden>Jump to latest</button>\n"
    "<form class=\"composer\">\n"
    "<label for=\"composer\">Your message</label>\n"
    "<textarea id=\"composer\" rows=\"1\" dir=\"auto\" autocomplete=\"off\" aria-describedby=\"keys "
    "count\"></textarea>\n"
    "<button type=\"button\" class=\"danger\" hidden>Stop</button>\n"
    "<button>Send</button>\n"
    "<p class=\"quiet\"><span id=\"keys\"><span class=\"keyboard\">Enter sends, Shift+Enter breaks the "
    "line.</span><span class=\"touch\">Enter breaks the line.</span></span>\n"
    "<span id=\"count\"></span></p>\n"
    "</form>\n"
    "</div>\n"
    "<div id=\"latest\"></div>\n"
    "</section>\n";
static const char PANEL_END[] =
    "<div id=\"more\" hidden><button type=\"button\" id=\"again\" class=\"plain\">Start again</button></div>\n"
    "<details id=\"earlier\" hidden><summary></summary><ul class=\"list\"></ul></details>\n"
    "</aside>\n";
static const char TEMPLATES[] = "<template id=\"votes\"><span class=\"votes\"><button type=\"button\" class=\"small "
                                "thumb\" aria-label=\"Good reply\" title=\"Good reply\"></button>\n"
                                "<button type=\"button\" class=\"small thumb\" aria-label=\"Bad reply\" title=\"Bad "
                                "reply\"></button></span></template>\n"
                                "<template id=\"why\"><div><label>Why? (optional)<textarea rows=\"3\" "
                                "maxlength=\"2000\"></textarea></label></div></template>\n"
                                "<template id=\"earlier-one\"><li><a href=\"{path}\" data-is=\"at\"></a><span "
                                "class=\"quiet\" data-is=\"progress\"></span></li></template>\n";

static void write_conversation(const struct request *req, struct buf *out, const char *objectives)
{
    buf_str(out, "<aside id=\"panel\" aria-label=\"Progress\">\n");
    write_objectives(out, objectives);
    buf_str(out, PANEL_END);
    buf_printf(out, CONVERSATION,
               is_manager(req) ? "This is a test. It stands apart from the class: no student and no count has it."
                               : "You and the teachers of this course can read this conversation.");
    buf_str(out, TEMPLATES);
    buf_str(out, "<noscript><p>To talk with the tutor, the browser must run scripts.</p></noscript>\n");
}

/* GET /courses/:course_id/ai_experiences/:id: 200 and the experience as a page. */
enum cq_status ai_experience_show_page(struct request *req)
{
    struct ai_experience_row *x = &req->loaded->ai_experience;
    bool is_conversation = !is_manager(req) || param_text(req, NULL, "test").state != PARAM_ABSENT;
    enum cq_status st = is_conversation ? CQ_OK : ai_experience_read_rest(req, x);

    if (st)
        return st;
    struct buf *out = page_open_of(req, 200, is_conversation ? PAGE_CONVERSATION : PAGE_MANAGE, x->title);

    buf_printf(out, "<p id=\"standing\" class=\"quiet state\">%s</p>\n", standing(req, x));
    if (!is_conversation)
        write_manage(req, out, x);
    write_section(out, NULL, x->description);
    if (is_conversation) {
        write_conversation(req, out, x->learning_objective);
    } else {
        write_objectives(out, x->learning_objective);
        write_section(out, "Facts", x->facts);
        write_section(out, "Guidance", x->pedagogical_guidance);
    }
    buf_str(out, "<p>");
    if (is_conversation && is_manager(req))
        write_way(out, ai_experience_page_path(req, x->id), "", "Back to the experience");
    else
        write_way(out, ai_experience_page_path(req, 0), "", "All experiences");
    buf_str(out, "</p>\n");
    page_close(out);
    return CQ_OK;
}
