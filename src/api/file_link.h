/* Signed links to documents (doc/api-chat.md 4, "Signed links"). */
#ifndef API_FILE_LINK_H
#define API_FILE_LINK_H

#include "api/route.h"

/*
 * An absolute URL of the document that is good for files.link_seconds, with #page=N for a page of a PDF (0: none). In the request's
 * arena; NULL: memory, or the database is away.
 */
const char *file_link(struct request *req, uint64_t document_id, uint32_t page);

/*
 * The header of that name for a file to be shown or kept, with its name both for those who read only ASCII and for everybody else. NULL:
 * memory. Source: RFC 6266, RFC 8187.
 */
const char *content_disposition(struct arena *arena, bool is_inline, const char *filename);

#endif
