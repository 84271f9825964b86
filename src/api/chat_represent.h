/* The objects of the chat API as JSON (doc/api-chat.md 2 and 3). Each function writes one value. */
#ifndef API_CHAT_REPRESENT_H
#define API_CHAT_REPRESENT_H

#include "api/chat_form.h"

struct chat_tree {
    const struct chat_message_list *messages;
    const struct related_list *related; /* of its replies */
    bool has_html;                      /* they are rendered, and messages have the key */
};

/*
 * A message, its children and chunks found in the tree. Bodies of images and attachments are read from disk; of one that is gone the
 * body is "". CQ_BUSY: one cannot be read.
 */
enum cq_status chat_write_message(struct request *req, struct json_out *out, enum chat_form form,
                                  const struct chat_tree *tree, const struct chat_message_row *row) MUST_USE;

/* The root, with its children. */
void chat_write_root(struct json_out *out, enum chat_form form, const struct chat_tree *tree, int64_t created_at_ms);

/* The feedback on a reply; NULL: was not given. */
void chat_write_feedback(struct json_out *out, enum chat_form form, bool is_thumbs_up, const char *category,
                         const char *comment);

/* {"input", "output", "cache_read_input", "cache_write_input"} */
void chat_write_token_count(struct json_out *out, enum chat_form form, uint64_t input, uint64_t output,
                            uint64_t cache_read, uint64_t cache_write);

/* Units of 10^-9 of the currency as a number of the currency. */
void chat_write_price(struct json_out *out, uint64_t price_nano);

/* A related document; message_name: of its reply. CQ_BUSY: as above. */
enum cq_status chat_write_related(struct request *req, struct json_out *out, enum chat_form form,
                                  const struct related_row *row, const char *message_name) MUST_USE;

#endif
