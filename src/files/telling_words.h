/*
 * Telling words: what a text is found by, and what of a question tells something.
 *
 * Terms of base/fold.h without those that stand in any text; English endings make no difference either. Scripts that are
 * written without spaces have a word for each pair of characters that stand side by side. A character by itself is a word
 * too: of a text always, so that it can be asked for; of a query where no other stands beside it.
 *
 * A word that is a stop word of one language and tells something in another ("die", "war") is one of texts always. Of a
 * query it is none when another stop word of its language stands there and none of English.
 */
#ifndef COLLOQUY_FILES_TELLING_WORDS_H
#define COLLOQUY_FILES_TELLING_WORDS_H

#include "colloquy/base.h"

enum telling_use { TELLING_TEXT, TELLING_QUERY };

struct telling {
    const char *at, *end;
    enum telling_use use;
    unsigned languages;  /* of a query: whose stop words stand in it, unless it is English */
    bool has_ideographs; /* of a query: then pairs of hiragana are grammar */
    struct term now, next;
    bool has_now, has_next;
    bool is_pair_due;   /* of a text: now has been given as a character by itself */
    bool is_after_pair; /* now is joined to the character before it */
};

struct telling_word {
    const char *text; /* as it stands in what was read */
    size_t len;
    uint64_t hash; /* equal for equal words */
};

/* Begin with len bytes of well-formed UTF-8, which are borrowed until the last word was taken. */
void telling_init(struct telling *telling, const char *text, size_t len, enum telling_use use);

/* The next word in the order of their beginnings; false: there is none. Equal ones come as often as they stand there. */
bool telling_next(struct telling *telling, struct telling_word *out);

/* ---- what it is made of ---- */

enum {
    LANGUAGE_ENGLISH = 1 << 0,
    LANGUAGE_GERMAN = 1 << 1,
    LANGUAGE_FRENCH = 1 << 2,
    LANGUAGE_SPANISH = 1 << 3,
    LANGUAGE_ITALIAN = 1 << 4,
    LANGUAGE_PORTUGUESE = 1 << 5,
    LANGUAGE_DUTCH = 1 << 6,
};

/* The languages that a folded word is a stop word of; 0: none. *is_doubtful: it tells something in another language. */
unsigned stop_word(const char *word, bool *is_doubtful);

/* Cut the English ending of a folded word in place; returns its new length. What is not of a to z is left alone. */
size_t stem_english(char *word, size_t len);

#endif
