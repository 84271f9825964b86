/* How many tokens a text may come to. */
#include "colloquy/llm.h"

enum {
    SIXTHS = 6, /* all is counted in them, so that the sum is exact */
    WORD_LETTERS = 12,
};

/* Where in a run of letters a byte stands. */
struct run {
    size_t n; /* letters before it */
    bool was_upper;
};

/*
 * Words come to a token for four to five letters in English and for three in other languages. Runs that are longer than
 * words mostly are codes, keys or bases of DNA, of which a token takes less than two; so it does where letters change their
 * case, but for a capital at the beginning.
 */
static unsigned letter_sixths(struct run *run, bool is_upper)
{
    bool is_other_case = run->n > 1 && is_upper != run->was_upper;
    bool is_of_word = run->n < WORD_LETTERS;

    run->n++;
    run->was_upper = is_upper;
    if (is_other_case)
        return SIXTHS;
    return is_of_word ? 2 : 4;
}

/*
 * Bytes of UTF-8, by the first one of their character. One of two bytes, and one of U+2000 to U+DFFF, which are
 * punctuation, Chinese, Japanese and Korean, is one or two tokens; of the scripts in between, and of those beyond, each byte
 * may be one.
 */
static unsigned byte_sixths(unsigned char lead)
{
    return lead < 0xE0 || (lead >= 0xE2 && lead <= 0xED) ? 4 : SIXTHS;
}

/* No tokenizer is at hand, and each model has its own. Digits and punctuation may be a token each. */
uint32_t llm_tokens(const char *text, size_t n)
{
    struct run run = {0};
    unsigned char lead = 0;
    uint64_t sixths = SIXTHS - 1;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_upper = c >= 'A' && c <= 'Z';

        if (is_upper || (c >= 'a' && c <= 'z')) {
            sixths += letter_sixths(&run, is_upper);
            continue;
        }
        run.n = 0;
        if (c >= 0xC0)
            lead = c;
        if (c >= 0x80)
            sixths += byte_sixths(lead);
        else
            sixths += c == ' ' ? 2 : SIXTHS;
    }
    return sixths / SIXTHS < UINT32_MAX ? (uint32_t)(sixths / SIXTHS) : UINT32_MAX;
}
