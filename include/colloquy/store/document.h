/* Documents, the files that they are in, and the queue of those whose text is yet to be extracted. Part of store.h. */
#ifndef COLLOQUY_STORE_DOCUMENT_H
#define COLLOQUY_STORE_DOCUMENT_H

#include "colloquy/base.h"

struct db;

/* ---- files by content (file.c) ---- */

/*
 * Content that is about to be written to disk: until the hold is released, in the transaction that stores what refers to it,
 * it is not removed though nothing refers to it. One that is not released is ignored after an hour.
 */
enum cq_status store_file_hold(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES], uint64_t size,
                               uint64_t *hold_id) MUST_USE;

/* What was to refer to it has come to nothing. */
enum cq_status store_file_release(struct cq_ctx *ctx, struct db *db, uint64_t hold_id) MUST_USE;

/*
 * If nothing refers to the content any more: have remove() take it off the disk, under the lock of its row, and forget it.
 * What remove() returns but CQ_OK leaves the row.
 */
typedef enum cq_status store_file_remove_fn(struct cq_ctx *ctx, void *arg, const uint8_t hash[SHA256_BYTES]);
enum cq_status store_file_drop(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES],
                               store_file_remove_fn *remove, void *arg) MUST_USE;

/* Contents, each of which may have lost its last reference: store_file_drop() looks. In ctx->arena. */
struct hash_list {
    uint8_t (*hashes)[SHA256_BYTES];
    size_t n;
};
enum cq_status hash_list_add(struct cq_ctx *ctx, struct hash_list *list, const uint8_t hash[SHA256_BYTES]) MUST_USE;

/*
 * Forget some of the uploads that no bot has named for a day, and of the holds that have been ignored for an hour. Their contents
 * are added to dropped (housekeeping.c).
 */
enum cq_status store_files_forget(struct cq_ctx *ctx, struct db *db, struct hash_list *dropped,
                                  bool *has_more) MUST_USE;

/* For a comparison with what lies on disk: rows in the order of their hashes, behind one, FILE_ROWS at a time. */
enum { FILE_ROWS = 500 };

struct file_row {
    uint8_t hash[SHA256_BYTES];
    uint64_t size;
    bool is_old;       /* for an hour nobody has begun to need it */
    bool is_needed;    /* something refers to it, or holds it */
    bool has_passages; /* as the documents that refer to it have it */
};
enum cq_status store_files_after(struct cq_ctx *ctx, struct db *db, const uint8_t after[SHA256_BYTES],
                                 struct file_row rows[FILE_ROWS], size_t *n) MUST_USE;

/* The same of contents that are referred to and have no row: only hash is told. */
enum file_use { USED_BY_DOCUMENT, USED_BY_UPLOAD, USED_BY_CHAT, FILE_USE_COUNT };
enum cq_status store_files_lost(struct cq_ctx *ctx, struct db *db, enum file_use use, const uint8_t after[SHA256_BYTES],
                                struct file_row rows[FILE_ROWS], size_t *n) MUST_USE;

/* Whether it has a row, or something refers to it. */
enum cq_status store_file_is_known(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES],
                                   bool *out) MUST_USE;

/* ---- documents (document.c, upload.c, context_file.c) ---- */

enum { DOCUMENTS_PER_BOT = 100, UPLOADS_PER_USER = 100 };

enum document_state { DOCUMENT_QUEUED, DOCUMENT_RUNNING, DOCUMENT_SUCCEEDED, DOCUMENT_FAILED, DOCUMENT_STATE_COUNT };

struct document_row {
    uint64_t id;
    const char *name;           /* the ULID by which the chat API knows it */
    uint64_t bot_id, course_id; /* the other one is 0 */
    uint8_t hash[SHA256_BYTES];
    const char *filename, *description;
    const char *kind, *mime_type; /* see document_kind_name() */
    uint64_t size;
    uint32_t page_count; /* 0: none, or not known yet */
    enum document_state state;
    const char *failure; /* of DOCUMENT_FAILED: "encrypted", "no_text", "damaged", "too_complex" */
    int64_t created_at_ms;
};

struct document_list {
    struct document_row *rows;
    size_t n;
};

/* In the order of their upload. is_ready_only: those that may be retrieved from. */
enum cq_status store_documents_of_bot(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, bool is_ready_only,
                                      struct document_list *out) MUST_USE;

/* By the id of its row, whatever has it. */
enum cq_status store_document_find(struct cq_ctx *ctx, struct db *db, uint64_t id, struct document_row *out) MUST_USE;

struct new_document {
    char name[ULID_TEXT_BYTES]; /* of a document that takes the place of another one, that one's is kept */
    const char *filename, *description;
    const char *kind, *mime_type;
    uint8_t hash[SHA256_BYTES];
    uint64_t size, hold_id; /* see store_file_hold(): released */
};

/*
 * Add n documents to a live bot, each in the place of one of the same file name, and give them as they are then. CQ_BOT_NOT_FOUND: it is
 * gone. CQ_INVALID_REQUEST: there would be more than DOCUMENTS_PER_BOT. dropped: contents that may have lost their last
 * reference.
 */
enum cq_status store_documents_add(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, uint64_t user_id,
                                   const struct new_document *documents, size_t n, struct document_list *added,
                                   struct hash_list *dropped) MUST_USE;

/* By its name, the ULID. CQ_RESOURCE_NOT_FOUND: the bot has none of that name. */
enum cq_status store_document_remove(struct cq_ctx *ctx, struct db *db, uint64_t bot_id, const char *name,
                                     struct hash_list *dropped) MUST_USE;

/* What was put at a signed address for a bot, and waits for being named by it. */
struct upload_key {
    uint64_t owner_id; /* of a bot that is made: its owner; else who asked for the address */
    const char *bot_name, *filename;
};

/*
 * Keep it, in the place of what was put there before. CQ_INVALID_REQUEST: UPLOADS_PER_USER wait already. dropped: as above. The
 * document's name and description are ignored.
 */
enum cq_status store_upload_put(struct cq_ctx *ctx, struct db *db, const struct upload_key *key,
                                const struct new_document *document, struct hash_list *dropped) MUST_USE;

/* What is not there is removed already. */
enum cq_status store_upload_remove(struct cq_ctx *ctx, struct db *db, const struct upload_key *key,
                                   struct hash_list *dropped) MUST_USE;

/* ---- context files (context_file.c): documents of a course, which its AI experiences draw from ---- */

/* Of all files of an experience: one that failed is told first. */
enum context_status { CONTEXT_NOT_STARTED, CONTEXT_IN_PROGRESS, CONTEXT_COMPLETED, CONTEXT_FAILED };
enum context_status store_context_status(const struct document_list *files);

/* In the order that the teacher gave them. */
enum cq_status store_documents_of_experience(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id,
                                             bool is_ready_only, struct document_list *out) MUST_USE;

/* Those of these ids that are of the course, in no order. */
enum cq_status store_documents_chosen(struct cq_ctx *ctx, struct db *db, uint64_t course_id, const uint64_t *ids,
                                      size_t n, struct document_list *out) MUST_USE;

/*
 * Add one behind the others; a file of the same content that the experience has already is given instead, is_new false. CQ_INVALID_FIELDS:
 * it has max files. CQ_RESOURCE_NOT_FOUND: it is gone.
 */
enum cq_status store_context_file_add(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id, uint64_t user_id,
                                      const struct new_document *document, size_t max, struct document_row *out,
                                      bool *is_new) MUST_USE;

/* Have the experience no longer draw from it; out: as it was. CQ_RESOURCE_NOT_FOUND: it does not. */
enum cq_status store_context_file_remove(struct cq_ctx *ctx, struct db *db, uint64_t ai_experience_id,
                                         uint64_t document_id, struct document_row *out) MUST_USE;

/* Forget the documents of a course that no experience draws from any more. dropped: contents for engine_files_drop(). */
enum cq_status store_context_files_clean(struct cq_ctx *ctx, struct db *db, uint64_t course_id,
                                         struct hash_list *dropped) MUST_USE;

/* ---- the queue (document_queue.c) ---- */

/*
 * Take one that waits, or whose extractor died, for lease_s seconds. CQ_RESOURCE_NOT_FOUND: there is none. One that has been taken
 * three times and never ended is failed as "too_complex" instead.
 */
enum cq_status store_document_take(struct cq_ctx *ctx, struct db *db, const char *owner, uint32_t lease_s,
                                   struct document_row *out) MUST_USE;
enum cq_status store_document_renew(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *owner,
                                    uint32_t lease_s) MUST_USE;

/* Its end: failure NULL: it can be retrieved from. CQ_LOST: it is no longer ours, or gone. */
enum cq_status store_document_end(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *owner,
                                  uint32_t page_count, const char *failure) MUST_USE;

/* Nothing came of it for a reason that is not the document's: it waits again, as if it had not been taken. */
enum cq_status store_document_put_back(struct cq_ctx *ctx, struct db *db, uint64_t id, const char *owner) MUST_USE;

/* The pages of that content, as known from any document that has it; 0: not known, or none. */
enum cq_status store_document_pages(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES],
                                    uint32_t *out) MUST_USE;

/* Up to limit documents that may be retrieved from and have a text, by their ids from behind after_id on. */
enum cq_status store_documents_of_text(struct cq_ctx *ctx, struct db *db, uint64_t after_id, uint32_t limit,
                                       struct document_list *out) MUST_USE;

/* Count what its vectors have cost, for whoever uploaded it and its course. */
struct model_calls;
enum cq_status store_document_count(struct cq_ctx *ctx, struct db *db, uint64_t id,
                                    const struct model_calls *calls) MUST_USE;

/* Have all of this content extracted again, since what is kept beside it is lost. */
enum cq_status store_document_requeue(struct cq_ctx *ctx, struct db *db, const uint8_t hash[SHA256_BYTES]) MUST_USE;

/* ---- passages that were given to a model (related_document.c) ---- */

struct related_row {
    uint32_t seq;             /* of the reply */
    const char *message_name; /* of the chat API; NULL: not asked for */
    uint32_t number;          /* from 1 */
    uint64_t document_id;
    const char *filename, *kind;
    uint32_t page; /* 0: none */
    const char *passage, *excerpt;
    double relevance;
    int64_t uploaded_at_ms;
    uint8_t hash[SHA256_BYTES]; /* what the document holds now */
    bool is_available;          /* the document is there, and the user may use its bot */
};

struct related_list {
    struct related_row *rows; /* by reply, then number */
    size_t n;
};

/* Of all replies of a user's conversation, or of the one at seq (0: all). */
enum cq_status store_related_list(struct cq_ctx *ctx, struct db *db, uint64_t user_id, uint64_t conversation_id,
                                  uint32_t seq, struct related_list *out) MUST_USE;

#endif
