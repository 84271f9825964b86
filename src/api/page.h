/* Pages that a worker writes: they work without scripts, and look as the static ones do. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "colloquy/api.h"

/*
 * Begin an HTML page: head, and the title as its heading within <main>. title is plain text. What follows is written
 * into the buffer, whatever comes from outside through html_escape().
 */
struct buf *page_open(struct request *req, int status, const char *title);

void page_close(struct buf *out);

/* html_escape() of a C string; NULL writes nothing. */
void page_text(struct buf *out, const char *text);

/* Whether the client would rather have a page than JSON: Accept names text/html above it (RFC 9110, 12.5.1). */
bool wants_page(const struct request *req);

/* A small page that says what went wrong, and what to do about it. */
void page_error(struct request *req, int status);

#endif
