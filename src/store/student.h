/* A student's columns, as the statements read them that join the user. */
#ifndef STORE_STUDENT_H
#define STORE_STUDENT_H

#include "store/db.h"

#define STUDENT_OUT(s)                                                                                                 \
    OUT_U64((s).id), OUT_TEXT((s).name), OUT_TEXT((s).sortable_name), OUT_TEXT((s).short_name),                        \
        OUT_TEXT((s).avatar_url), OUT_TIME((s).created_at_ms)

#endif
