/* Columns of a person's verdict, from evaluation_override o and its user u. */
#ifndef STORE_EVALUATION_OVERRIDE_H
#define STORE_EVALUATION_OVERRIDE_H

#include "store/db.h"

#define OVERRIDE_COLUMNS "o.objective_hash, o.met, o.reason, o.user_id, u.name, o.created_at, o.updated_at"

/* One that is being fetched. */
struct override_columns {
    const char *hash; /* of bytes; NULL: the row has none */
    struct evaluation_override row;
};

#define OVERRIDE_OUT(c)                                                                                                \
    OUT_TEXT((c).hash), OUT_BOOL((c).row.is_met), OUT_TEXT((c).row.reason), OUT_U64((c).row.user_id),                  \
        OUT_TEXT((c).row.user_name), OUT_TIME((c).row.created_at_ms), OUT_TIME((c).row.updated_at_ms)

/* The row with its hash in it. */
struct evaluation_override override_fetched(const struct override_columns *columns);

#endif
