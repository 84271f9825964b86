/*
 * files: documents on disk, what is in them, and what of it answers a question.
 *
 *   file_store.c  bytes below files.directory, by their SHA-256, written whole or not at all
 *   file_type.c   what kind of file bytes are, and
 *   extract.c     its text and pages: both by the program colloquy-extract, a child with limits
 *   passages      text cut into passages, with an index of their words, in a file beside the document's
 *   vectors       the meaning of passages, as a model for embeddings has put it into numbers, in another
 *   retrieval     the passages that answer a question
 *
 * What is kept beside a document can be made from it again, and is removed with it. This room knows no table and no
 * request.
 */
#ifndef COLLOQUY_FILES_H
#define COLLOQUY_FILES_H

#include "colloquy/base.h"

/* ---- bytes on disk (file_store.c) ---- */

/* Where a file lies below files.directory: two of the hash's 64 hexadecimal digits, a slash, the others. */
enum { FILE_PATH_BYTES = 2 + 1 + 62 + 1 };
void file_path(const uint8_t hash[SHA256_BYTES], char out[FILE_PATH_BYTES]);

/*
 * Write it, unless it is there; hash gets its SHA-256. When this returns CQ_OK it is on disk, synced, and whole. CQ_BUSY: the disk is
 * full or cannot be written to, and nothing is left behind.
 */
enum cq_status file_put(struct cq_ctx *ctx, const struct config *config, const void *data, size_t len,
                        uint8_t hash[SHA256_BYTES]) MUST_USE;

/* Its bytes, mapped until the arena of ctx is reset. CQ_SOURCE_GONE: it is not there. CQ_BUSY: it cannot be read. */
enum cq_status file_map(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                        const void **data, size_t *len) MUST_USE;

bool file_is_there(const struct config *config, const uint8_t hash[SHA256_BYTES]);

/* Remove it and what is kept beside it. What is not there is removed already. */
enum cq_status file_remove(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES]) MUST_USE;

/* ---- what lies on disk (file_walk.c), for a comparison with what should ---- */

struct file_entry {
    uint8_t hash[SHA256_BYTES];
    const char *suffix; /* "": the file itself; else of what is kept beside it, with its dot */
    uint64_t size;
    bool is_old;        /* written more than an hour ago */
    bool is_unfinished; /* somebody has begun to write it */
};

/* Each, in no order; what has another kind of name is passed over. Anything but CQ_OK ends it. CQ_BUSY: a folder cannot be read. */
typedef enum cq_status file_entry_fn(struct cq_ctx *ctx, void *arg, const struct file_entry *entry);
enum cq_status file_walk(struct cq_ctx *ctx, const struct config *config, file_entry_fn *fn, void *arg) MUST_USE;

/* Remove just that one. */
enum cq_status file_entry_remove(struct cq_ctx *ctx, const struct config *config,
                                 const struct file_entry *entry) MUST_USE;

/* ---- what kind of file (file_type.c) ---- */

enum document_kind { DOCUMENT_TEXT, DOCUMENT_PDF, DOCUMENT_IMAGE, DOCUMENT_BINARY, DOCUMENT_KIND_COUNT };

const char *document_kind_name(enum document_kind kind); /* "text", "pdf", "image", "binary" */
bool document_kind_parse(const char *name, enum document_kind *out);

struct file_type {
    enum document_kind kind;
    const char *
        mime_type; /* "text/plain", "text/markdown", "text/html", "text/csv", "application/json", "application/pdf", … */
};

/*
 * Told by the bytes alone. CQ_UNSUPPORTED_FILE: a type that is not taken (programs, archives, SVG, …). CQ_BUSY: it could
 * not be looked at. The texts live as long as the program. Source: doc/api-chat.md 4.
 */
enum cq_status file_type_of(struct cq_ctx *ctx, const void *data, size_t len, struct file_type *out) MUST_USE;

/* ---- text and pages (extract.c) ---- */

struct extracted_text {
    const char *text; /* UTF-8 without NUL */
    size_t len;
    uint32_t page; /* from 1; 0: the file has no pages */
};

struct extraction {
    const char *failure; /* "encrypted", "no_text", "damaged", "too_complex"; NULL: none, and then: */
    uint32_t page_count; /* 0: it has no pages */
    struct extracted_text *texts;
    size_t n_texts;
};

/*
 * Extract from a file on disk, in a child that is killed at its limits (512 MiB, 10 s of CPU, 60 s in all, 2,000 pages, 20 MB of text):
 * then the failure is "too_complex". Takes as long as that. Of images and binaries there is nothing to extract, which is no
 * failure. CQ_SOURCE_GONE: the file is not there. CQ_BUSY: no child could be started. Texts live in ctx->arena.
 */
enum cq_status file_extract(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                            const struct file_type *type, struct extraction *out) MUST_USE;

/* ---- passages (passages.c and what is beside it) ---- */

/* Cut the texts into passages and write them, with an index of their words, beside the file. CQ_BUSY: as of file_put(). */
enum cq_status passages_write(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                              const struct extraction *extraction) MUST_USE;

/* Whether they are there, in the form that this program reads. */
bool passages_are_there(const struct config *config, const uint8_t hash[SHA256_BYTES]);

/* The passages in their order, for a model for embeddings. In ctx->arena. CQ_SOURCE_GONE: there are none. */
enum cq_status passages_list(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             const char *const **texts, size_t *n) MUST_USE;

/* The beginning of the text they were cut from, at most max_chars characters. In ctx->arena. CQ_SOURCE_GONE: as above. */
enum cq_status passages_text(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             size_t max_chars, const char **text) MUST_USE;

/* ---- vectors (vectors.c) ---- */

/*
 * Write the vectors of all passages, n of n_dimensions each one after the other, as model made them, beside the file:
 * normalised, as 16-bit floats.
 */
enum cq_status vectors_write(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             const char *model, const float *vectors, size_t n, size_t n_dimensions) MUST_USE;
bool vectors_are_there(const struct config *config, const uint8_t hash[SHA256_BYTES], const char *model);

/* ---- retrieval (retrieval.c; retrieval_json.c for its way between processes) ---- */

struct retrieval_document {
    uint8_t hash[SHA256_BYTES];
    enum document_kind kind;
    const char *filename, *description; /* what an image or a binary is found by */
};

struct retrieval_ask {
    const char *query;
    struct retrieval_document *documents; /* in the order of their upload */
    size_t n_documents;
    uint32_t max_results;
    /* Files whose texts are to be there when the answer comes, extracted if need be; what has none is no failure. */
    uint8_t (*extract)[SHA256_BYTES];
    size_t n_extract;
};

struct retrieved {
    size_t document; /* its place in the ask */
    uint32_t page;   /* on which the passage begins, from 1; 0: none */
    const char *text;
    const char *excerpt; /* at most 200 characters, around its best match */
    double relevance;    /* 0 to 1 */
};

struct retrieval_answer {
    struct retrieved *passages; /* best first */
    size_t n;
};

/*
 * The text that is searched for: text, or, when that has fewer than three telling words, previous (NULL: none) before it.
 * In ctx->arena; NULL: memory.
 */
const char *retrieval_query(struct cq_ctx *ctx, const char *text, const char *previous);

/*
 * Search. vector: of the query, by the model of that name; NULL: by words alone. A document whose passages are not there is
 * passed over, and logged; one without vectors of that model is found by its words. Texts live in ctx->arena.
 *
 * By words a passage is a candidate from a relevance of 0.1 on; by vectors, whatever its words, when its cosine stands out from
 * those of all passages, so that a question that nothing answers finds nothing either way. Both rankings are joined by reciprocal
 * rank, and the relevance is then the greater of the two. Of a query the first 1,000 different telling words count.
 * Source: doc/api-chat.md 4, "Retrieval".
 */
enum cq_status retrieval_run(struct cq_ctx *ctx, const struct config *config, const struct retrieval_ask *ask,
                             const float *vector, size_t n_dimensions, const char *model,
                             struct retrieval_answer *out) MUST_USE;

/* As JSON texts, in ctx->arena. Reading: CQ_INVALID_JSON, CQ_INVALID_REQUEST: not what was written. */
enum cq_status retrieval_ask_write(struct cq_ctx *ctx, const struct retrieval_ask *ask, const char **json,
                                   size_t *len) MUST_USE;
enum cq_status retrieval_ask_read(struct cq_ctx *ctx, const char *json, size_t len, struct retrieval_ask *out) MUST_USE;
enum cq_status retrieval_answer_write(struct cq_ctx *ctx, const struct retrieval_answer *answer, const char **json,
                                      size_t *len) MUST_USE;
enum cq_status retrieval_answer_read(struct cq_ctx *ctx, const char *json, size_t len,
                                     struct retrieval_answer *out) MUST_USE;

#endif
