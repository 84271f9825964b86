/* Provider bedrock, between its files: what its requests hold, and what the vectors of its models are. */
#ifndef COLLOQUY_LLM_BEDROCK_H
#define COLLOQUY_LLM_BEDROCK_H

#include "llm/provider.h"

/*
 * The body of Converse and ConverseStream. Messages of one role that follow each other are written as one; blank texts,
 * which the API refuses, and files of kinds that it does not know are left out. Failures are the buffer's.
 */
void bedrock_write_ask(const struct llm_model *model, const struct llm_ask *ask, struct buf *out);

enum { BEDROCK_NAME_BYTES = 200 };

/* The API's word for the kind of an image or a document; NULL: it knows none, or the file is empty. */
const char *bedrock_format(const struct llm_part *part);

/*
 * A name for a document: what of its own the API takes, unless one among names is the same, to which it is added; an
 * empty buffer at first.
 */
void bedrock_document_name(struct buf *names, const char *name, char out[BEDROCK_NAME_BYTES + 1]);

/* How many texts one call of InvokeModel may have; 0: the model makes no vectors. */
size_t bedrock_max_texts(const struct config_model *model);

/* The body of InvokeModel for vectors. Failures are the buffer's. */
void bedrock_write_texts(const struct llm_model *model, const struct llm_ask *ask, struct buf *out);

/* What it answers. */
enum cq_status bedrock_read_vectors(struct cq_ctx *ctx, const char *body, size_t len, struct llm_delta *out);

#endif
