/* The frame of every page that a worker writes. */
#include "api/page.h"

static const char CSP[] = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
                          "frame-ancestors 'none'";

struct buf *page_open(struct request *req, int status, const char *title)
{
    struct buf *out = response_begin(req, status, "text/html; charset=utf-8");

    response_header(req, "Content-Security-Policy", CSP);
    buf_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    page_text(out, title);
    buf_str(out, " – Colloquy</title>\n<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\n"
                 "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main>\n<h1>");
    page_text(out, title);
    buf_str(out, "</h1>\n");
    return out;
}

void page_close(struct buf *out)
{
    buf_str(out, "</main>\n</body>\n</html>\n");
}

void page_text(struct buf *out, const char *text)
{
    if (text)
        html_escape(out, text, strlen(text));
}

bool wants_page(const struct request *req)
{
    return request_prefers(req, "text/html", "application/json");
}

static const struct {
    int status;
    const char *title, *text;
} errors[] = {
    {403, "Nothing was done",
     "The request came from another site, or from a page that was left open for too long. Please load the page again "
     "and try once more."},
    {405, "This page cannot be asked for in that way", "Please begin at the start page."},
    {413, "That was too much", "What the browser sent is larger than this site takes."},
    {500, "Something went wrong on our side", "Please try again in a moment."},
    {503, "The service is not available just now", "Please try again in a moment."},
    {0, "The request was not understood", "The browser sent something that this site does not understand."},
};

void page_error(struct request *req, int status)
{
    size_t i = 0;

    while (errors[i].status && errors[i].status != status)
        i++;
    struct buf *out = page_open(req, status, errors[i].title);

    buf_printf(out, "<p>%s</p>\n<p>If you tell somebody about this, say: error %d, ", errors[i].text, status);
    page_text(out, req->ctx.request_id);
    buf_str(out, ".</p>\n<p><a href=\"/\">To the start page</a></p>\n");
    page_close(out);
}
