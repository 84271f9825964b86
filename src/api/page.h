/* Pages that a worker writes: they work without scripts, look as the static ones do, and are more with scripts. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "colloquy/api.h"

/* What scripts add to a page. */
enum page_kind {
    PAGE_FORM,         /* nothing */
    PAGE_PLAIN,        /* the reader's language */
    PAGE_THEIRS,       /* the same, under a title of somebody's */
    PAGE_MANAGE,       /* publishing and deleting in place */
    PAGE_CONVERSATION, /* the caller's own, below what is written */
    PAGE_KIND_COUNT
};

/*
 * Begin an HTML page: head, the way to the site's other pages and a button to sign out for who has signed in, and the title as its
 * heading within <main>. title is plain text; of the kinds after the plain one it is somebody's, and is not translated. What
 * follows is written into the buffer, whatever comes from outside through html_escape().
 */
struct buf *page_open_of(struct request *req, int status, enum page_kind kind, const char *title);

/* The same, of a plain page. */
struct buf *page_open(struct request *req, int status, const char *title);

void page_close(struct buf *out);

/* html_escape() of a C string; NULL writes nothing. */
void page_text(struct buf *out, const char *text);

/* Whether the client would rather have a page than JSON: Accept names text/html above it (RFC 9110, 12.5.1). */
bool wants_page(const struct request *req);

/* Send the client on, with 302 or 303. location: a path of this site, of ASCII that a URL may hold; NULL: no memory. */
enum cq_status page_redirect(struct request *req, int status, const char *location) MUST_USE;

/* The link to sign in that brings the caller back to the address asked for, without a token in it; in the arena, NULL when it is full. */
const char *sign_in_link(struct request *req);

/* ---- error_page.c ---- */

/* Whether this request's errors are pages: those of a page, and of a call that has a form when the client wants pages. */
bool has_error_page(const struct request *req);

/*
 * Answer with the error in plain words. A read that nobody has signed in for is sent to sign in; a form that cannot be
 * saved just now comes back as it was sent.
 */
void answer_error_page(struct request *req, enum cq_status st);

#endif
