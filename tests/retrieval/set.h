/*
 * A set of questions with what answers them, for measuring retrieval: documents of a dozen subjects, and questions as students put
 * them, most of them in other words than the text has.
 */
#ifndef TESTS_RETRIEVAL_SET_H
#define TESTS_RETRIEVAL_SET_H

#include "colloquy/files.h"

enum { SET_MAX_DOCUMENTS = 32, SET_MAX_QUESTIONS = 200, SET_MAX_PHRASES = 4, SET_RESULTS = 5 };

struct set_question {
    const char *text;
    const char *phrases[SET_MAX_PHRASES]; /* a passage that holds one of them answers it */
    size_t n_phrases;
};

struct set {
    struct retrieval_document documents[SET_MAX_DOCUMENTS];
    size_t n_documents;
    struct set_question questions[SET_MAX_QUESTIONS];
    size_t n_questions;
};

/*
 * Read the set from the folder, and keep its documents and their passages below config->files.directory. False: a file is
 * missing. Lives in ctx->arena.
 */
bool set_load(struct cq_ctx *ctx, const struct config *config, const char *folder, struct set *out);

/* The rank of the first passage that answers, from 1; 0: none does. */
size_t set_rank(const struct set_question *question, const struct retrieval_answer *answer);

#endif
