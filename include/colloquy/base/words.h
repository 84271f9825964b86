/*
 * Words: what is compared when the way that something is written does not matter.
 *
 * Letters and digits make a word, case ignored. Apostrophes within it and characters that are not seen are skipped;
 * all other punctuation and white space separates. Scripts that are written without spaces have one word for each
 * character, and so have the signs of arithmetic, which say something: "a < b" is not "a b".
 *
 * Source: Unicode 15.0, General_Category and simple case folding of the scripts that are named in words.c; other
 * scripts have no case here, and everything else that is not in its table counts as a letter.
 */
#ifndef COLLOQUY_BASE_WORDS_H
#define COLLOQUY_BASE_WORDS_H

#include "colloquy/base/text.h"

enum { WORD_MAX_BYTES = 64 };

struct word {
    const char *text; /* as it stands in what was read */
    size_t len;
    char folded[WORD_MAX_BYTES]; /* in lower case, ends in a NUL */
    size_t folded_len;           /* at least 1 */
    uint64_t hash;               /* of folded: equal for equal words */
    bool is_alone;               /* a character that is a word by itself */
};

/*
 * The next word of well-formed UTF-8 between *at and end, moving *at behind it; false: there is none. A word that is
 * longer than folded can hold goes on as the next one.
 */
bool word_next(const char **at, const char *end, struct word *out);

/* Hash of bytes, as a word's. */
uint64_t word_hash(const char *bytes, size_t len);

#endif
