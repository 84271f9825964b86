/* What both ways of giving a file to a bot have in common (doc/api-chat.md 4 and 5). */
#ifndef API_BOT_FILE_H
#define API_BOT_FILE_H

#include "api/route.h"

enum { BOT_FILE_MAX_BYTES = 20 << 20 };

/* 1 to 255 bytes of UTF-8 without slashes and control characters, and no dots alone. */
bool is_filename(const char *name, size_t len);

/*
 * A file that may become a document: neither empty nor too large, of a type that is taken; out gets its kind and type.
 * CQ_INVALID_REQUEST, noted as a fault of field; CQ_PAYLOAD_TOO_LARGE, CQ_UNSUPPORTED_FILE; as file_type_of().
 */
enum cq_status bot_file_check(struct request *req, const char *field, const void *data, size_t len,
                              struct new_document *out) MUST_USE;

/* Keep it on disk, held until what refers to it is stored; out gets hash, size and hold. As of engine_file_keep(). */
enum cq_status bot_file_keep(struct request *req, const void *data, size_t len, struct new_document *out) MUST_USE;

/* What was to refer to it has come to nothing. */
void bot_file_forget(struct request *req, const struct new_document *document);

#endif
