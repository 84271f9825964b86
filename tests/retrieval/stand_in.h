/*
 * Vectors of texts that stand in for those of a model for embeddings: hashed words and parts of words, thrown onto the
 * dimensions with signs by chance. They are near each other where texts share words or stems, and know nothing of meaning: what
 * fusion is worth with a model is not measured by them, only that it takes nothing away.
 */
#ifndef TESTS_RETRIEVAL_STAND_IN_H
#define TESTS_RETRIEVAL_STAND_IN_H

#include "colloquy/base.h"

enum { STAND_IN_DIMENSIONS = 512 };

void stand_in(const char *text, float vector[STAND_IN_DIMENSIONS]);

#endif
