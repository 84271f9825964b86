/* Errors as pages, in plain words: what happened, and what the reader can do. */
#include "api/ai_experience_form.h"
#include "api/page.h"
#include "api/route.h"

static const struct words {
    enum cq_status st; /* CQ_OK: any of that HTTP status */
    int http;          /* 0: any at all */
    const char *title, *text;
} words[] = {
    {CQ_UNAUTHENTICATED, 401, "Please sign in", "This page is for people who have signed in."},
    {CQ_OK, 401, "Please sign in again", "The sign-in that your browser sent is not valid, or not for this page."},
    {CQ_AUTHENTICITY_TOKEN, 403, "This form is out of date",
     "Nothing was changed. Go back, reload the page and send the form again."},
    {CQ_OK, 403, "You may not do this", "Your part in this course does not include this page."},
    {CQ_OK, 404, "There is nothing here",
     "What you are looking for is not at this address. It may have been deleted, or the address may be wrong."},
    {CQ_OK, 405, "That does not work here", "This page cannot be asked for in that way."},
    {CQ_OK, 413, "That is too much", "What was sent is larger than this site takes. Nothing was changed."},
    {CQ_OK, 500, "Something went wrong", "This is our fault, not yours. Please try again in a moment."},
    {CQ_OK, 503, "Not available just now", "The service cannot answer at the moment. Please try again in a moment."},
    {CQ_OK, 0, "That could not be understood", "The browser sent something that this site does not understand."},
};

static const struct words *words_of(enum cq_status st)
{
    const struct words *w = words;

    while (w->http && (w->http != cq_status_info(st)->http || (w->st && w->st != st)))
        w++;
    return w;
}

static bool is_read(const struct request *req)
{
    return req->method == HTTP_GET || req->method == HTTP_HEAD;
}

/* A path that is a page's by another method, or no route at all. */
static bool is_page_path(const struct request *req)
{
    bool is_sign_in = str_eq(req->path, "/login") || str_eq(req->path, "/logout");

    return str_starts(req->path, "/courses/") || (is_sign_in && wants_page(req));
}

bool has_error_page(const struct request *req)
{
    const struct route *route = req->loaded ? req->loaded->route : NULL;

    if (!route)
        return is_page_path(req);
    return route->answers == ANSWER_PAGE || (route->answers == ANSWER_FORM && wants_page(req));
}

static void write_error_page(struct request *req, enum cq_status st)
{
    const struct words *w = words_of(st);
    int http = cq_status_info(st)->http;
    struct buf *out = page_open(req, http, w->title);

    buf_printf(out, "<p>%s</p>\n", w->text);
    if (http == 401) {
        buf_str(out, "<p><a href=\"");
        page_text(out, sign_in_link(req));
        buf_str(out, "\">Sign in</a></p>\n");
    }
    buf_printf(out, "<p class=\"quiet\">If you tell somebody about this, say: <code translate=\"no\">%d ", http);
    page_text(out, req->ctx.request_id);
    buf_str(out, "</code></p>\n<p><a href=\"/\">To the start page</a></p>\n");
    page_close(out);
}

void answer_error_page(struct request *req, enum cq_status st)
{
    int http = cq_status_info(st)->http;

    if (st == CQ_UNAUTHENTICATED && is_read(req) && !page_redirect(req, 302, sign_in_link(req)))
        return;
    if (http == 503 && req->loaded && req->loaded->route && answer_form_unsaved(req, http))
        return;
    write_error_page(req, st);
}
