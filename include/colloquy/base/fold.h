/*
 * Words as a search compares them: without case, and without accents.
 *
 * A letter is told apart from no other by the marks it bears: é is e whether it is one character or two, ß is ss, æ is
 * ae, ł is l; й is и, as everywhere marks are left out alike. Kana are other letters with their voicing marks than
 * without, and keep them; whether these are characters of their own makes no difference, nor does it for Hangul's
 * letters. An apostrophe between Latin letters separates, so that "l'eau" is found by "eau" and "John's" by "john"; signs
 * of arithmetic are no words here.
 *
 * Source: Unicode 15.0, canonical decompositions of Latin, Greek, Cyrillic, Arabic, Devanagari, Bengali, Gurmukhi, kana
 * and Hangul; letters that it has no decomposition for are read as is usual where accents cannot be typed.
 */
#ifndef COLLOQUY_BASE_FOLD_H
#define COLLOQUY_BASE_FOLD_H

#include "colloquy/base/words.h"

struct term {
    const char *text; /* as it stands in what was read */
    size_t len;
    char folded[WORD_MAX_BYTES]; /* ends in a NUL */
    size_t folded_len;           /* at least 1 */
    bool is_unspaced;            /* one character of a script that is written without spaces */
    bool is_joined; /* such a one, and nothing stands between it and the one before, which is such a one too */
};

/*
 * The next of well-formed UTF-8 between *at and end, moving *at behind it; false: there is none. term holds the one
 * before; zeroed for the first.
 */
bool term_next(const char **at, const char *end, struct term *term);

/* What word_next() has folded, without accents as well, and a NUL behind it. Its bytes; 0: nothing but marks. */
size_t fold_accents(const char *word, size_t len, char out[WORD_MAX_BYTES]);

#endif
