/* Telling words: which there are, and which are the same. */
#include "files/telling_words.h"

#include "unit.h"

/* As they stand in the text, with a bar behind each. */
static const char *words_of(struct cq_ctx *ctx, const char *text, enum telling_use use)
{
    struct buf *out = buf_in_arena(ctx->arena, 1 << 16);
    struct telling telling;
    struct telling_word word;

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    telling_init(&telling, text, strlen(text), use);
    while (telling_next(&telling, &word)) {
        buf_append(out, word.text, word.len);
        buf_char(out, '|');
    }
    return out->data;
}

static void test_words(void)
{
    static const struct {
        enum telling_use use;
        const char *text, *want;
    } rows[] = {
        {TELLING_TEXT, "", ""},
        {TELLING_TEXT, "This is what it was about.", ""},
        {TELLING_TEXT, "The mitochondria of a cell", "mitochondria|cell|"},
        {TELLING_QUERY, "How do I dilute the acid?", "dilute|acid|"},
        {TELLING_QUERY, "don't, isn't, they're", ""},
        {TELLING_TEXT, "a < b + 3 %", "b|3|"},
        {TELLING_QUERY, "Wann ist die Prüfung?", "Prüfung|"},
        {TELLING_QUERY, "Qu'est-ce que l'effet de serre ?", "effet|serre|"},
        {TELLING_QUERY, "¿Cuándo es el examen?", "examen|"},
        {TELLING_QUERY, "Quando è l'esame?", "esame|"},
        {TELLING_QUERY, "Wanneer is het examen?", "examen|"},
        {TELLING_QUERY, "Quando é a prova?", "prova|"},
        /* "die" and "war" tell something in English. */
        {TELLING_QUERY, "When do the stars die?", "stars|die|"},
        {TELLING_QUERY, "die war", "die|war|"},
        {TELLING_QUERY, "Wie war die Klausur?", "Klausur|"},
        {TELLING_TEXT, "Wie war die Klausur?", "war|die|Klausur|"},
        /* Pairs, and of a text characters. */
        {TELLING_TEXT, "长江 x", "长|长江|江|x|"},
        {TELLING_TEXT, "长\n江", "长|长\n江|江|"},
        {TELLING_TEXT, "长，江", "长|江|"},
        {TELLING_QUERY, "长江水", "长江|江水|"},
        {TELLING_QUERY, "税 ", "税|"},
        {TELLING_QUERY, "长江是什么？", "长江|"},
        {TELLING_QUERY, "東京はどこですか", "東京|京は|"},
        {TELLING_QUERY, "ひらがな", "ひら|らが|がな|"},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].text, str_eq(words_of(unit_ctx(), rows[i].text, rows[i].use), rows[i].want));
}

static uint64_t hash_of(const char *text)
{
    struct telling telling;
    struct telling_word word = {0};

    telling_init(&telling, text, strlen(text), TELLING_TEXT);
    return telling_next(&telling, &word) ? word.hash : 0;
}

/* Each row's words are one. */
static void test_same(void)
{
    static const char *const rows[][5] = {
        {"Prüfung", "PRÜFUNG", "prufung",
         "Pru\xCC\x88"
         "fung"},
        {"café", "Cafe"},
        {"study", "studies", "studied", "studying"},
        {"class", "classes"},
        {"analysis", "analyses", "analyse", "analyzed"},
        {"run", "runs", "running"},
        {"evaluate", "evaluation", "evaluating", "evaluations"},
        {"make", "makes", "making"},
        {"control", "controlled", "controlling"},
        {"quick", "quickly"},
        {"easy", "easily"},
        {"possible", "possibly"},
        {"chemical", "chemicals", "chemically"},
        {"assess", "assessment", "assessed"},
        {"organise", "organize", "organising", "organization"},
        {"colour", "color", "colors"},
        {"use", "used", "using", "uses"},
        {"student", "students", "student's"},
        {"ＡＢＣ", "abc"},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        for (size_t k = 1; k < LEN(rows[i]) && rows[i][k]; k++)
            ROW_ASSERT(rows[i][k], hash_of(rows[i][k]) && hash_of(rows[i][k]) == hash_of(rows[i][0]));
}

static void test_different(void)
{
    static const char *const rows[][2] = {
        {"string", "strong"}, {"thing", "th"},    {"red", "r"},           {"status", "state"}, {"station", "state"},
        {"need", "ne"},       {"family", "fame"}, {"reply", "rep"},       {"king", "k"},       {"bus", "bu"},
        {"nation", "nate"},   {"action", "acid"}, {"university", "unit"}, {"gas", "ga"},       {"1,5", "15"},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i][0], hash_of(rows[i][0]) != hash_of(rows[i][1]));
}

/* The table is searched by halves: each word of it must be found. */
static void test_stop_words(void)
{
    static const char *const words[] = {"a", "yours", "you", "zwischen", "und", "the", "que", "della", "het", "voces"};
    bool is_doubtful;

    for (size_t i = 0; i < LEN(words); i++)
        ROW_ASSERT(words[i], stop_word(words[i], &is_doubtful) && !is_doubtful);
    CU_ASSERT_EQUAL(stop_word("war", &is_doubtful), LANGUAGE_GERMAN);
    CU_ASSERT_TRUE(is_doubtful);
    CU_ASSERT_EQUAL(stop_word("acid", &is_doubtful), 0);
}

SUITE(telling_words, {"which there are", test_words}, {"the same", test_same}, {"not the same", test_different},
      {"stop words", test_stop_words});
