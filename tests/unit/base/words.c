/* Words: where they begin and end, and how they are folded. */
#include "unit.h"

/* All words, folded, with a bar behind each. */
static const char *words_of(struct cq_ctx *ctx, const char *text)
{
    struct buf *out = buf_in_arena(ctx->arena, 1 << 16);
    const char *at = text, *end = text + strlen(text);
    struct word word;

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while (word_next(&at, end, &word)) {
        CU_ASSERT_TRUE(word.text >= text && word.text + word.len <= at && word.len > 0);
        CU_ASSERT_TRUE(strlen(word.folded) == word.folded_len && utf8_valid(word.folded, word.folded_len));
        CU_ASSERT_EQUAL(word.hash, word_hash(word.folded, word.folded_len));
        buf_str(out, word.folded);
        buf_char(out, '|');
    }
    CU_ASSERT_PTR_EQUAL(at, end);
    return out->data;
}

static void test_table(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        // clang-format off
        {"", ""},
        {" .,;!? ", ""},
        {"One two", "one|two|"},
        {"don't “don’t”", "dont|dont|"},
        {"well-known snake_case", "well|known|snake|case|"},
        {"**bold** `code` ~~gone~~ # head", "bold|code|gone|head|"},
        {"2+2=4, 50 %", "2|+|2|=|4|50|%|"},
        {"a<b a ≤ b", "a|<|b|a|≤|b|"},
        {"ÄÖÜ ẞ ß", "äöü|ß|ß|"},
        {"ŁÓDŹ ŸÿÝ Ĺĺ", "łódź|ÿÿý|ĺĺ|"},
        {"ΆΈΏ ΣΑΣ ϊ", "άέώ|σασ|ϊ|"},
        {"ЖЁЂ Ґ", "жёђ|ґ|"},
        {"ĐƠƯ ẠỆ", "đơư|ạệ|"},
        {"水中。water水", "水|中|water|水|"},
        {"ＡＢ　１２", "ab|12|"},
        {"a\xE2\x80\x8D" "b", "ab|"},
        {"\xF0\x9F\x98\x80 x", "x|"},
        {"'", ""},
        {"\xFF\xC3", ""}, /* bytes that are no characters separate */
        {"a\xFF" "b", "a|b|"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(words_of(unit_ctx(), rows[i].text), rows[i].want);
}

/* A word that is too long goes on as the next one, and no character is cut. */
static void test_long_word(void)
{
    struct cq_ctx *ctx = unit_ctx();
    char text[301];
    size_t n = 0;

    memset(text, 'x', 300);
    text[300] = '\0';
    const char *words = words_of(ctx, text);
    for (const char *c = words; *c; c++)
        n += *c == 'x';
    CU_ASSERT_EQUAL(n, 300);
    for (size_t i = 0; i + 2 <= 300; i += 2)
        memcpy(text + i, "é", 2);
    words_of(ctx, text);
}

static void test_place(void)
{
    const char text[] = "  'Hello', you", *at = text;
    struct word word;

    CU_ASSERT_TRUE(word_next(&at, text + strlen(text), &word));
    CU_ASSERT_TRUE(word.text == text + 3 && word.len == 5);
    CU_ASSERT_TRUE(word_next(&at, text + strlen(text), &word));
    CU_ASSERT_TRUE(word.text == text + 11 && word.len == 3);
    CU_ASSERT_FALSE(word_next(&at, text + strlen(text), &word));
}

SUITE(words, {"a table", test_table}, {"a long word", test_long_word}, {"where it stands", test_place});
