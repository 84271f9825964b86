/* Words without accents: what is the same word, and where characters stand without spaces. */
#include "unit.h"

/* All terms, folded, with a bar behind each; one that is joined has a plus before it. */
static const char *terms_of(struct cq_ctx *ctx, const char *text)
{
    struct buf *out = buf_in_arena(ctx->arena, 1 << 16);
    const char *at = text, *end = text + strlen(text);
    struct term term = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    while (term_next(&at, end, &term)) {
        CU_ASSERT_TRUE(term.text >= text && term.text + term.len <= at && term.len > 0);
        CU_ASSERT_TRUE(strlen(term.folded) == term.folded_len && utf8_valid(term.folded, term.folded_len));
        CU_ASSERT_TRUE(utf8_valid(term.text, term.len) && (term.is_unspaced || !term.is_joined));
        buf_str(out, term.is_joined ? "+" : "");
        buf_str(out, term.folded);
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
        {"Crème BRÛLÉE naïve", "creme|brulee|naive|"},
        {"Straße STRASSE ẞ", "strasse|strasse|ss|"},
        {"æon Œuvre þing Ǽ", "aeon|oeuvre|thing|ae|"},
        {"Łódź Đà Nẵng Søren ıİ", "lodz|da|nang|soren|ii|"},
        {"ĐƯỜNG phở Nguyễn", "duong|pho|nguyen|"},
        {"Άνθρωπος Ἀρχή ᾠδή ΣΊΣΥΦΟΣ", "ανθρωποσ|αρχη|ωδη|σισυφοσ|"},
        {"Ёлка йод їжак", "елка|иод|іжак|"},
        {"مُحَمَّد أحمد", "محمد|احمد|"},
        {"שָׁלוֹם", "שלום|"},
        {"m² H₂O ﬁnal ﬄ Å µm", "m2|h2o|final|ffl|a|μm|"},
        {"l'eau qu’il John's don't 'tis dogs' м’ята", "l|eau|qu|il|john|s|don|t|tis|dogs|мята|"},
        {"2+2=4 a<b 100% ≤ ∀", "2|2|4|a|b|100|"},
        {"% _ \" + * \\", ""},
        {"水中。water水 火", "水|+中|water|水|火|"},
        {"ガラス がぱ ｶﾞﾗｽ", "ガ|+ラ|+ス|が|+ぱ|ガ|+ラ|+ス|"},
        {"คน\xE2\x80\x8Bไทย", "ค|+น|+ไ|+ท|+ย|"},
        {"葛\xF3\xA0\x84\x80飾", "葛|+飾|"},
        {"한국어 물", "한국어|물|"},
        {"\xCC\x81 \xE3\x82\x99", "\xE3\x82\x99|"}, /* marks that mark nothing */
        {"\xFF\xC3 a\xFF" "b", "a|b|"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ASSERT_TEXT(terms_of(unit_ctx(), rows[i].text), rows[i].want);
}

/* The same text, its characters composed and decomposed. */
static void test_decomposed(void)
{
    static const struct {
        const char *composed, *decomposed;
    } rows[] = {
        // clang-format off
        {"café", "cafe\u0301"},
        {"Việt Nam", "Vie\u0323\u0302t Nam"},
        {"ở", "o\u031B\u0309"},
        {"ᾧ", "ω\u0314\u0342\u0345"},
        {"Ёй", "Е\u0308и\u0306"},
        {"أ", "ا\u0654"},
        {"क़", "क\u093C"},
        {"ガギプヴヷ がばぱづぽゔゞ", "カ\u3099キ\u3099フ\u309Aウ\u3099ワ\u3099 か\u3099は\u3099は\u309Aつ\u3099ほ\u309Aう\u3099ゝ\u3099"},
        {"한국 값", "\u1112\u1161\u11AB\u1100\u116E\u11A8 \u1100\u1161\u11B9"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        const char *composed = terms_of(ctx, rows[i].composed);

        ASSERT_TEXT(terms_of(ctx, rows[i].decomposed), composed);
    }
}

/* Letters that differ by more than accents stay apart. */
static void test_apart(void)
{
    static const struct {
        const char *one, *other;
    } rows[] = {
        // clang-format off
        {"か", "が"}, {"は", "ぱ"}, {"カ", "か"}, {"한", "하"}, {"i", "l"}, {"ш", "щ"}, {"क", "ग"}, {"n", "ŋ"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();

        CU_ASSERT_STRING_NOT_EQUAL(terms_of(ctx, rows[i].one), terms_of(ctx, rows[i].other));
    }
}

/* Folding what is folded changes nothing, whatever the character. */
static void test_every_character(void)
{
    for (uint32_t c = 1; c < 0x30000; c++) {
        char text[5] = "", again[WORD_MAX_BYTES];
        const char *at = text;
        struct term term = {0};

        if (c >= 0xD800 && c < 0xE000)
            continue;
        utf8_put(text, c);
        if (!term_next(&at, text + strlen(text), &term))
            continue;
        if (fold_accents(term.folded, term.folded_len, again) != term.folded_len || strcmp(again, term.folded) != 0)
            ROW_ASSERT(text, false);
        if (term.folded_len > strlen(text))
            ROW_ASSERT(text, false);
    }
}

SUITE(fold, {"a table", test_table}, {"decomposed", test_decomposed}, {"what stays apart", test_apart},
      {"every character", test_every_character});
