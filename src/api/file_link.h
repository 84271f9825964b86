/* Signed links to documents (doc/api-chat.md 4, "Signed links"). */
#ifndef API_FILE_LINK_H
#define API_FILE_LINK_H

#include "api/route.h"

/*
 * An absolute URL of the document that is good for files.link_seconds, with #page=N for a page of a PDF (0: none). In the request's
 * arena; NULL: memory.
 */
const char *file_link(struct request *req, uint64_t document_id, uint32_t page);

#endif
