/* What is asked of the roster (doc/api-pages.md 4.1). */
#ifndef API_ROSTER_QUERY_H
#define API_ROSTER_QUERY_H

#include "api/fields.h"
#include "colloquy/api.h"

/* search_term, sort, order and state, of the experience that is loaded: all rows, until limit and offset are set. */
void read_roster_query(struct request *req, struct roster_query *query, struct field_errors *errors);

#endif
