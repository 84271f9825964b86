/* The frame of every page that a worker writes. */
#include "api/page.h"

#include "api/authenticity.h"
#include "api/route.h"

#include <string.h>

static const char CSP[] = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
                          "frame-ancestors 'none'";

/* Whoever has signed in here can sign out wherever they are. */
static void write_sign_out(struct request *req, struct buf *out)
{
    const struct loaded *l = req->loaded;

    if (!l || !l->is_session || !l->access.user_id)
        return;
    buf_str(out, "<header>\n<form method=\"post\" action=\"/logout\">\n"
                 "<input type=\"hidden\" name=\"authenticity_token\" value=\"");
    page_text(out, authenticity_token(req));
    buf_str(out, "\">\n<button type=\"submit\" class=\"plain\">Sign out</button>\n</form>\n</header>\n");
}

static void write_head(struct buf *out, const char *title)
{
    buf_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    page_text(out, title);
    buf_str(out, " – Colloquy</title>\n<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\n"
                 "<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n");
}

struct buf *page_open(struct request *req, int status, const char *title)
{
    struct buf *out = response_begin(req, status, "text/html; charset=utf-8");

    response_header(req, "Content-Security-Policy", CSP);
    write_head(out, title);
    write_sign_out(req, out);
    buf_str(out, "<main>\n<h1>");
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

enum cq_status page_redirect(struct request *req, int status, const char *location)
{
    if (!location)
        return cq_fail(&req->ctx, CQ_INTERNAL, "out of memory");
    response_begin(req, status, "text/html; charset=utf-8");
    response_header(req, "Location", location);
    return CQ_OK;
}

/* What a query's value may hold as it is (RFC 3986, 3.4); the rest is percent-encoded. */
static void append_encoded(struct buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";

    for (; *text; text++) {
        if (strchr(plain, *text))
            buf_char(out, *text);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

const char *sign_in_link(struct request *req)
{
    struct buf *out = buf_in_arena(req->ctx.arena, 8192);

    if (!out)
        return NULL;
    buf_str(out, "/login?return_to=");
    append_encoded(out, req->path);
    return out->failed ? "/login" : out->data;
}
