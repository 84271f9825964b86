/* Letters without their accents: tables of what a letter is without them, and of the marks that are accents. */
#include <string.h>

#include "colloquy/base/fold.h"

/* What the characters from first on are without accents, one for one; '.': itself. In order. */
static const struct {
    uint32_t first;
    const char *bases;
} plain[] = {
    // clang-format off
    {0xB2, "23.μ...1"}, {0xC0, "aaaaaa.ceeeeiiiidnooooo.ouuuuy..aaaaaa.ceeeeiiiidnooooo.o"},
    {0xF9, "uuuuy.yaaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiii"},
    {0x131, "i..jjkk.llllll..llnnnnnn...oooooo..rrrrrrssssssssttttttu"}, {0x169, "uuuuuuuuuuuwwyyyzzzzzzsb"},
    {0x197, "i..l"}, {0x1A0, "oo"}, {0x1AF, "uu"}, {0x1B5, "zz"},
    {0x1CD, "aaiioouuuuuuuuuu.aaaaææggggkkooooʒʒj...gg..nnaaææooaaaae"}, {0x205, "eeeiiiioooorrrruuuusstt..hh"},
    {0x226, "aaeeooooooooyy"}, {0x23B, "ccl"}, {0x244, "u.eejj..rryy"}, {0x268, "i"}, {0x289, "u"},
    {0x386, "α.εηι.ο.υωι"}, {0x3AA, "ιυαεηιυ"}, {0x3CA, "ιυουω"}, {0x400, "ее.г...і"}, {0x40C, "киу"}, {0x419, "и"},
    {0x439, "и"}, {0x450, "ее.г...і"}, {0x45C, "киу"}, {0x476, "ѵѵ"}, {0x4C1, "жж"},
    {0x4D0, "аааа..ее..әәжжзз..ииииоо..өөээуууууучч..ыы"}, {0x622, "ااواي"}, {0x6C0, "ە.ہ"}, {0x6D3, "ے"},
    {0x929, "न"}, {0x931, "र..ळ"}, {0x958, "कखगजडढफय"}, {0x9DC, "ডঢ.য"}, {0xA33, "ਲ..ਸ"}, {0xA59, "ਖਗਜ..ਫ"},
    {0x1E00, "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkll"},
    {0x1E38, "llllllmmmmmmnnnnnnnnoooooooopppprrrrrrrrsssssssssstttttt"},
    {0x1E70, "ttuuuuuuuuuuvvvvwwwwwwwwwwxxxxyyzzzzzzhtwy.s"},
    {0x1EA0, "aaaaaaaaaaaaaaaaaaaaaaaaeeeeeeeeeeeeeeeeiiiioooooooooooo"},
    {0x1ED8, "oooooooooooouuuuuuuuuuuuuuyyyyyyyy"},
    {0x1F00, "ααααααααααααααααεεεεεε..εεεεεε..ηηηηηηηηηηηηηηηηιιιιιιιι"},
    {0x1F38, "ιιιιιιιιοοοοοο..οοοοοο..υυυυυυυυ.υ.υ.υ.υωωωωωωωωωωωωωωωω"},
    {0x1F70, "ααεεηηιιοουυωω..ααααααααααααααααηηηηηηηηηηηηηηηηωωωωωωωω"},
    {0x1FA8, "ωωωωωωωωααααα.ααααααα.ι...ηηη.ηηεεηηη...ιιιι..ιιιιιι"}, {0x1FE0, "υυυυρρυυυυυυρ"},
    {0x1FF2, "ωωω.ωωοοωωω"}, {0x2070, "0i..456789"}, {0x207F, "n0123456789"}, {0x2126, "ω...ka"},
    {0xFF66, "ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"},
    // clang-format on
};

/* What one character is in several. No longer than itself. In order. */
static const struct {
    uint32_t from;
    const char *to;
} spelt[] = {
    // clang-format off
    {0xDF, "ss"},    {0xE6, "ae"},    {0xFE, "th"},    {0x133, "ij"},   {0x149, "n"},    {0x153, "oe"},
    {0x1C6, "dz"},   {0x1C9, "lj"},   {0x1CC, "nj"},   {0x1F3, "dz"},   {0xFB00, "ff"},  {0xFB01, "fi"},
    {0xFB02, "fl"},  {0xFB03, "ffi"}, {0xFB04, "ffl"}, {0xFB05, "st"},  {0xFB06, "st"},
    // clang-format on
};

/* Marks that are left out: accents, vowel points of Hebrew and Arabic, and the dots that make one Indian letter another. */
static const struct {
    uint32_t first, last;
} marks[] = {
    // clang-format off
    {0x300, 0x36F},   {0x483, 0x487},   {0x591, 0x5C7},   {0x610, 0x61A},   {0x64B, 0x65F},   {0x670, 0x670},
    {0x6D6, 0x6DC},   {0x6DF, 0x6E4},   {0x6E7, 0x6E8},   {0x6EA, 0x6ED},   {0x93C, 0x93C},   {0x9BC, 0x9BC},
    {0xA3C, 0xA3C},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF},
    // clang-format on
};

static bool is_mark(uint32_t c)
{
    for (size_t i = 0; i < LEN(marks) && c >= marks[i].first; i++)
        if (c <= marks[i].last)
            return true;
    return false;
}

/* The row that the character may be in: the last one that does not begin behind it. */
static const char *bases_of(uint32_t c, uint32_t *first)
{
    size_t low = 0, high = LEN(plain);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (c < plain[middle].first)
            high = middle;
        else
            low = middle + 1;
    }
    if (!low)
        return NULL;
    *first = plain[low - 1].first;
    return plain[low - 1].bases;
}

static uint32_t base_of(uint32_t c)
{
    uint32_t first, base;
    const char *at = bases_of(c, &first);
    size_t n;

    for (; at && *at; at += n, first++) {
        base = utf8_decode(at, 4, &n);
        if (first == c)
            return base == '.' ? c : base;
    }
    return c;
}

static const char *spelling_of(uint32_t c)
{
    for (size_t i = 0; i < LEN(spelt) && c >= spelt[i].from; i++)
        if (c == spelt[i].from)
            return spelt[i].to;
    return NULL;
}

/* ---- characters that become one with the one before ---- */

/* Hangul's syllable of the one before and this letter (The Unicode Standard 15.0, section 3.12); 0: they make none. */
static uint32_t syllable(uint32_t before, uint32_t c)
{
    enum { L = 0x1100, V = 0x1161, T = 0x11A7, S = 0xAC00, N_L = 19, N_V = 21, N_T = 28 };

    if (before >= L && before < L + N_L && c >= V && c < V + N_V)
        return S + ((before - L) * N_V + (c - V)) * N_T;
    if (before >= S && before < S + N_L * N_V * N_T && (before - S) % N_T == 0 && c > T && c < T + N_T)
        return before + (c - T);
    return 0;
}

enum { VOICED = 0x3099, HALF_VOICED = 0x309A, TO_KATAKANA = 0x60 };

/* The voicing mark that c is, as a combining one; 0: none. */
static uint32_t voicing(uint32_t c)
{
    if (c == VOICED || c == HALF_VOICED)
        return c;
    return c == 0xFF9E ? VOICED : c == 0xFF9F ? HALF_VOICED : 0; /* the half-width ones */
}

/* The kana with the mark; itself when there is none such. */
static uint32_t voiced_kana(uint32_t kana, uint32_t mark)
{
    uint32_t shift = kana >= 0x30A1 ? TO_KATAKANA : 0, hiragana = kana - shift;
    bool is_h = hiragana >= 0x306F && hiragana <= 0x307B && hiragana % 3 == 0;

    if (mark == HALF_VOICED)
        return is_h ? kana + 2 : kana;
    if (is_h || (hiragana >= 0x304B && hiragana <= 0x3061 && hiragana % 2 == 1) ||
        (hiragana >= 0x3064 && hiragana <= 0x3068 && hiragana % 2 == 0) || hiragana == 0x309D)
        return kana + 1;
    if (hiragana == 0x3046)
        return 0x3094 + shift;
    return kana >= 0x30EF && kana <= 0x30F2 ? kana + 8 : kana;
}

/* ---- words ---- */

size_t fold_accents(const char *word, size_t len, char out[WORD_MAX_BYTES])
{
    size_t n_out = 0, last_at = 0;
    uint32_t last = 0;

    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c = base_of(utf8_decode(word + i, len - i, &n)), joined = syllable(last, c);
        const char *spelling = spelling_of(c);

        if (voicing(c) && last)
            joined = voiced_kana(last, voicing(c));
        if (joined) {
            n_out = last_at;
            c = joined;
        } else if (is_mark(c) || n_out + 5 > WORD_MAX_BYTES) {
            continue;
        }
        last = c;
        last_at = n_out;
        if (spelling)
            n_out = (size_t)(stpcpy(out + n_out, spelling) - out);
        else
            n_out += utf8_put(out + n_out, c);
    }
    out[n_out] = '\0';
    return n_out;
}

static bool is_latin(uint32_t c)
{
    return (c >= 'A' && c < 0x370) || (c >= 0x1E00 && c < 0x1F00);
}

/* The first apostrophe of the word that has Latin letters around it; NULL: none. */
static const char *apostrophe(const char *text, size_t len)
{
    uint32_t before = 0;
    const char *found = NULL;

    for (size_t i = 0, n; i < len; i += n) {
        uint32_t c = utf8_decode(text + i, len - i, &n);

        if (found && is_latin(c))
            return found;
        found = NULL;
        if ((c == '\'' || c == 0x2018 || c == 0x2019) && is_latin(before))
            found = text + i;
        before = c;
    }
    return NULL;
}

/* A voicing mark that stands by itself belongs to the character before it. */
static void take_voicing(const char **at, const char *end, struct word *word)
{
    size_t n;

    if (*at == end || !voicing(utf8_decode(*at, (size_t)(end - *at), &n)))
        return;
    memcpy(word->folded + word->folded_len, *at, n);
    word->folded_len += n;
    *at += n;
    word->len = (size_t)(*at - word->text);
}

/* Of the characters that are words by themselves those that are letters. */
static bool is_letter_alone(const struct word *word)
{
    size_t n;
    uint32_t c = utf8_decode(word->folded, word->folded_len, &n);

    return c >= 0xE00 && !(c >= 0x2190 && c <= 0x22FF);
}

/* Whether all from one to the other is characters that are not seen. */
static bool is_unseen(const char *from, const char *to)
{
    for (size_t n; from < to; from += n) {
        uint32_t c = utf8_decode(from, (size_t)(to - from), &n);

        if (c != 0xAD && !(c >= 0x200B && c <= 0x200F) && !(c >= 0x202A && c <= 0x202E) &&
            !(c >= 0x2060 && c <= 0x206F) && !(c >= 0xFE00 && c <= 0xFE0F) && c != 0xFEFF &&
            !(c >= 0xE0000 && c <= 0xE0FFF))
            return false;
    }
    return true;
}

bool term_next(const char **at, const char *end, struct term *term)
{
    const char *unspaced_end = term->is_unspaced ? term->text + term->len : NULL, *stop;
    struct word word;

    do {
        if (!word_next(at, end, &word))
            return false;
        if (!word.is_alone && (stop = apostrophe(word.text, word.len))) {
            *at = word.text;
            if (!word_next(at, stop, &word))
                return false;
        }
        if (word.is_alone && is_letter_alone(&word))
            take_voicing(at, end, &word);
        term->folded_len =
            word.is_alone && !is_letter_alone(&word) ? 0 : fold_accents(word.folded, word.folded_len, term->folded);
    } while (!term->folded_len);
    term->is_unspaced = word.is_alone;
    term->is_joined = word.is_alone && unspaced_end && is_unseen(unspaced_end, word.text);
    term->text = word.text;
    term->len = word.len;
    return true;
}
