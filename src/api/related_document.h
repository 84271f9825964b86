/* Finding one of the passages that replies were given. */
#ifndef API_RELATED_DOCUMENT_H
#define API_RELATED_DOCUMENT_H

#include "api/route.h"

/* The one of that source id, "<message id>@<number>", written as we write it; NULL: there is none. */
const struct related_row *related_find(const struct related_list *list, const char *source_id);

#endif
