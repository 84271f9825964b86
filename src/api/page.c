/* The frame of every page that a worker writes. */
#include "api/page.h"

#include "api/authenticity.h"
#include "api/route.h"

#include <string.h>

#define CSP_COMMON                                                                                                     \
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "      \
    "'none'"

static const char CSP[] = CSP_COMMON;
static const char CSP_WITH_SCRIPTS[] = CSP_COMMON "; script-src 'self'; connect-src 'self'; font-src 'self'; "
                                                  "trusted-types colloquy; require-trusted-types-for 'script'";

/*
 * The script of each kind of page, and what it imports: fetched together, so that one round trip after the page all is there.
 * Every script is an addition: forms have none.
 */
static const char *const modules[PAGE_KIND_COUNT][14] = {
    [PAGE_FORM] = {NULL},
    [PAGE_PLAIN] = {"plain", "api", "dom", "page", "text"},
    [PAGE_THEIRS] = {"plain", "api", "dom", "page", "text"},
    [PAGE_MANAGE] = {"manage", "api", "dom", "page", "text"},
    [PAGE_CONVERSATION] = {"experience", "api", "composer", "dom", "math", "page", "reply", "talk", "text", "thread",
                           "turn"},
};

/* Whoever has signed in here finds the site's other pages, and can sign out wherever they are. */
static void write_header(struct request *req, struct buf *out)
{
    const struct loaded *l = req->loaded;
    bool is_signed_in = l && l->is_session && l->access.user_id;

    buf_str(out, "<header>\n<nav aria-label=\"Site\"><a class=\"brand\" href=\"/\" translate=\"no\">Colloquy</a>");
    if (is_signed_in) {
        buf_str(out, " <a href=\"/\">Courses</a> <a href=\"/chat\">Chat</a> <a href=\"/bots\">Bots</a></nav>\n"
                     "<form id=\"sign-out\" method=\"post\" action=\"/logout\">\n"
                     "<input type=\"hidden\" name=\"authenticity_token\" value=\"");
        page_text(out, authenticity_token(req));
        buf_str(out, "\">\n<a href=\"/account\" data-user>Account</a> <button class=\"small\">Sign out</button>\n"
                     "</form>\n</header>\n");
    } else {
        buf_str(out, "</nav>\n</header>\n");
    }
}

static void write_scripts(struct buf *out, const char *const *names)
{
    for (size_t i = 1; names[0] && names[i]; i++)
        buf_printf(out, "<link rel=\"modulepreload\" href=\"/js/%s.js\">\n", names[i]);
    if (names[0])
        buf_printf(out, "<script type=\"module\" src=\"/js/%s.js\"></script>\n", names[0]);
}

static void write_head(struct buf *out, enum page_kind kind, const char *title)
{
    buf_str(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    page_text(out, title);
    buf_str(out, " – Colloquy</title>\n<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\">\n"
                 "<link rel=\"stylesheet\" href=\"/style.css\">\n");
    write_scripts(out, modules[kind]);
    buf_str(out, "</head>\n<body>\n");
}

struct buf *page_open_of(struct request *req, int status, enum page_kind kind, const char *title)
{
    struct buf *out = response_begin(req, status, "text/html; charset=utf-8");
    bool is_theirs = kind > PAGE_PLAIN;

    response_header(req, "Content-Security-Policy", modules[kind][0] ? CSP_WITH_SCRIPTS : CSP);
    write_head(out, kind, title);
    buf_str(out, "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n");
    write_header(req, out);
    buf_printf(out, "<main id=\"main\" tabindex=\"-1\"%s>\n<h1>%s",
               req->loaded && is_manager(req) ? " data-can-manage" : "", is_theirs ? "<bdi>" : "");
    page_text(out, title);
    buf_printf(out, "%s</h1>\n", is_theirs ? "</bdi>" : "");
    return out;
}

struct buf *page_open(struct request *req, int status, const char *title)
{
    return page_open_of(req, status, PAGE_PLAIN, title);
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
    if (*req->query && !strstr(req->query, "access_token")) { /* which is no part of a page's address */
        append_encoded(out, "?");
        append_encoded(out, req->query);
    }
    return out->failed ? "/login" : out->data;
}
