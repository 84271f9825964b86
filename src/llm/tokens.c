/* How many tokens a text may come to. */
#include "colloquy/llm.h"

/*
 * No tokenizer is at hand, and each model has its own. Words of Latin letters come to a token for four to five letters in
 * English and for three in other languages; digits go two or three to a token, punctuation mostly by itself; a character
 * outside ASCII is one to three tokens, two bytes of UTF-8 to each at most. Counted in sixths, so that the sum is exact.
 */
uint32_t llm_tokens(const char *text, size_t n)
{
    uint64_t sixths = 5;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == ' ')
            sixths += 2;
        else if (c >= 0x80 || (c >= '0' && c <= '9'))
            sixths += 3;
        else
            sixths += 6;
    }
    return sixths / 6 < UINT32_MAX ? (uint32_t)(sixths / 6) : UINT32_MAX;
}
