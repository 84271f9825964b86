/* The pages of a course's experiences: the list, and each one. */
#include "api/ai_experience.h"

#include "api/ai_experience_form.h"
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

static void write_link(struct buf *out, const char *path, const char *text)
{
    buf_str(out, "<a href=\"");
    page_text(out, path);
    buf_str(out, "\" dir=\"auto\">");
    page_text(out, text);
    buf_str(out, "</a>");
}

/* ---- the list ---- */

static void write_item(struct request *req, struct buf *out, const struct ai_experience_row *x,
                       const struct ai_experience_list *list)
{
    buf_str(out, "<li>");
    if (str_eq(x->workflow_state, "deleted")) { /* its page is no more */
        buf_str(out, "<bdi>");
        page_text(out, x->title);
        buf_str(out, "</bdi>");
    } else {
        write_link(out, ai_experience_page_path(req, x->id), x->title);
    }
    buf_printf(out, "\n<span class=\"quiet\">%s", standing(req, x));
    if (is_manager(req))
        buf_printf(out, " · %lu of %lu students completed", x->completed_count, list->total_students);
    buf_str(out, "</span></li>\n");
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
    buf_printf(out, "<span>Page %lu of %lu</span>\n", page->number, last);
    if (page->number < last)
        write_neighbour(req, out, page, page->number + 1, "next", "Next");
    buf_str(out, "</nav>\n");
}

/* GET /courses/:course_id/ai_experiences: 200 and the list as a page. */
enum cq_status ai_experience_index_page(struct request *req)
{
    struct ai_experience_list list;
    struct page page;

    enum cq_status st = ai_experience_list_read(req, &page, &list);
    if (st)
        return st;
    struct buf *out = page_open(req, 200, "AI experiences");

    if (is_manager(req)) {
        buf_str(out, "<p><a href=\"");
        page_text(out, form_action(req, NULL));
        buf_str(out, "/new\">New experience</a></p>\n");
    }
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

static void write_managers_part(struct request *req, struct buf *out, const struct ai_experience_row *x)
{
    write_section(out, "Facts", x->facts);
    write_section(out, "Guidance", x->pedagogical_guidance);
    buf_str(out, "<p><a href=\"");
    page_text(out, form_action(req, x));
    buf_str(out, "/edit\">Edit</a></p>\n");
}

/* GET /courses/:course_id/ai_experiences/:id: 200 and the experience as a page. */
enum cq_status ai_experience_show_page(struct request *req)
{
    const struct ai_experience_row *x = &req->loaded->ai_experience;
    bool is_conversation = !is_manager(req) || param_text(req, NULL, "test").state != PARAM_ABSENT;
    struct buf *out = page_open_of(req, 200, is_conversation ? PAGE_CONVERSATION : PAGE_MANAGE, x->title);

    buf_printf(out, "<p id=\"standing\" class=\"quiet\">%s</p>\n", standing(req, x));
    write_section(out, NULL, x->description);
    write_objectives(out, x->learning_objective);
    if (is_manager(req))
        write_managers_part(req, out, x);
    buf_str(out, "<p>");
    write_link(out, ai_experience_page_path(req, 0), "All experiences");
    buf_str(out, "</p>\n");
    page_close(out);
    return CQ_OK;
}
