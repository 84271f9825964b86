/* Evidence: whether what is given out as a quotation stands in the message. */
#ifndef COLLOQUY_ENGINE_EVIDENCE_H
#define COLLOQUY_ENGINE_EVIDENCE_H

#include "colloquy/base.h"

enum {
    EVIDENCE_MAX_CHARS = 2000,             /* a longer quotation is none */
    EVIDENCE_MESSAGE_MAX_BYTES = 64 << 10, /* what lies behind is not looked at */
    EVIDENCE_WORDS_PER_FAULT = 8,
};

/*
 * Whether message holds what evidence says, word by word (colloquy/base/words.h): neither case, punctuation nor Markdown
 * count. An ellipsis ("…" or "...") stands for anything: the parts beside it must come in order. In each part one word
 * in eight may be missing, be added or differ, none in a part of fewer, and never one that negates. False also for evidence
 * without a word, when memory is short, and where comparing would take more than two million steps. Both are UTF-8.
 */
bool evidence_is_quote(struct cq_ctx *ctx, const char *evidence, const char *message) MUST_USE;

#endif
