/*
 * What builtin can say of a student without understanding a word: which of an objective's words the student used.
 *
 * An objective is met once one message of the student, of at least five words, holds enough of the objective's
 * significant words (stop words of English left out, endings dropped): at least half of them, and at least two where
 * there are more than two. Sentences that speak of objectives, of being covered or of grades, rather than of the
 * subject, do not count. The first message of the user was written by the server, and is not looked at.
 */
#ifndef COLLOQUY_LLM_BUILTIN_WORDS_H
#define COLLOQUY_LLM_BUILTIN_WORDS_H

#include "colloquy/llm.h"

struct builtin_finding {
    size_t n_words;  /* significant ones of the objective; no more than 32 are looked at */
    size_t n_needed; /* of them, in one message */
    size_t n_used;   /* the most that one message holds; of equal ones the first counts */
    bool is_met;
    size_t message;    /* the place of that message in the transcript */
    const char *quote; /* of that message's sentence with most of them; NULL: none */
    size_t quote_len;
};

/* One finding for each of the first LLM_MAX_OBJECTIVES objectives. The quotes point into the transcript. */
void builtin_find(const struct llm_ask *ask, struct builtin_finding *findings);

/* What a message says: its text, else the first text of its parts, else "". */
const char *builtin_said(const struct llm_message *message);

/* The answers to LLM_ASSESS and LLM_EVALUATE (builtin_judge.c): always of the form that is asked for. */
void builtin_assess(const struct llm_ask *ask, struct buf *reply);
void builtin_evaluate(const struct llm_ask *ask, struct buf *reply);

#endif
