/* The columns of a chat, as several statements read them. */
#ifndef STORE_CHAT_H
#define STORE_CHAT_H

#include "store/db.h"

/* Of chat c, its conversation v and, joined by the left, its bot b. */
#define CHAT_COLUMNS                                                                                                   \
    "c.conversation_id, c.user_id, c.name, c.title, c.bot_id, b.name, c.instruction, c.model, c.last_seq,"             \
    " c.should_continue, v.input_tokens, v.output_tokens, v.cache_read_tokens, v.cache_write_tokens, v.price_nano,"    \
    " c.created_at, c.updated_at"

#define CHAT_OUT(c)                                                                                                    \
    OUT_U64((c).id), OUT_U64((c).user_id), OUT_TEXT((c).name), OUT_TEXT((c).title), OUT_U64((c).bot_id),               \
        OUT_TEXT((c).bot_name), OUT_TEXT((c).instruction), OUT_TEXT((c).model), OUT_U32((c).last_seq),                 \
        OUT_BOOL((c).should_continue), OUT_U64((c).input_tokens), OUT_U64((c).output_tokens),                          \
        OUT_U64((c).cache_read_tokens), OUT_U64((c).cache_write_tokens), OUT_U64((c).price_nano),                      \
        OUT_TIME((c).created_at_ms), OUT_TIME((c).updated_at_ms)

#endif
