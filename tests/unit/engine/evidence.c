/* Evidence: what counts as a quotation of a message, and what does not. */
#include "unit.h"

#include "engine/evidence.h"

static const char OSMOSIS[] =
    "I think osmosis is the movement of **water** through a semi-permeable membrane, but it does not need any energy. "
    "Water goes from where there's more of it to where there is less – until both sides are equal!";

static void test_table(void)
{
    static const struct {
        const char *name, *evidence, *message;
        bool want;
    } rows[] = {
        // clang-format off
        {"exact",                     "it does not need any energy", OSMOSIS, true},
        {"one word",                  "osmosis", OSMOSIS, true},
        {"all of it",                 OSMOSIS, OSMOSIS, true},
        {"case",                      "OSMOSIS IS THE movement", OSMOSIS, true},
        {"Markdown",                  "movement of water through a *semi-permeable* `membrane`", OSMOSIS, true},
        {"typographic quotes",        "“where there’s more of it”", OSMOSIS, true},
        {"no apostrophe",             "where theres more", OSMOSIS, true},
        {"another dash",              "there is less - until both sides", OSMOSIS, true},
        {"white space",               "  it\n\tdoes   not\xC2\xA0need ", OSMOSIS, true},
        {"punctuation",               "energy water goes from", OSMOSIS, true},
        {"quoted lines",              "> water is wet\n> and heavy", "Water is wet and heavy.", true},
        {"a soft hyphen",             "mem\xC2\xAD" "brane", OSMOSIS, true},
        {"a zero-width space",        "mem\xE2\x80\x8B" "brane", OSMOSIS, true},
        {"part of a word",            "osmos", OSMOSIS, false},
        {"another word",              "it does not need any money", OSMOSIS, false},
        {"paraphrase",                "water moves through membranes without using energy", OSMOSIS, false},
        {"another order",             "energy any need not does it", OSMOSIS, false},
        {"dropped not",               "it does need any energy", OSMOSIS, false},
        {"added not",                 "osmosis is not the movement", OSMOSIS, false},
        {"a sign changed",            "a < b", "I say that a > b holds", false},
        {"a sign kept",               "a < b", "I say that a < b holds", true},
        {"no word",                   " … \"!?\" ", OSMOSIS, false},
        {"empty",                     "", OSMOSIS, false},
        {"empty message",             "water", "", false},
        {"emoji only",                "\xF0\x9F\x98\x80", "\xF0\x9F\x98\x80 yes", false},
        /* one in eight */
        {"8 words, 1 differs",        "osmosis is the movement of water across a", OSMOSIS, true},
        {"7 words, 1 differs",        "is the movement of water across a", OSMOSIS, false},
        {"8 words, 1 missing",        "osmosis is movement of water through a semi", OSMOSIS, true},
        {"8 words, 1 added",          "osmosis is just the movement of water through", OSMOSIS, true},
        {"a typo",                    "osmosis is the movment of water through a semi permeable", OSMOSIS, true},
        {"8 words, 2 differ",         "osmosis is a movement of water across a", OSMOSIS, false},
        {"15 words, 2 differ",        "osmosis is a movement of water across a semi-permeable membrane but it does not", OSMOSIS, false},
        {"16 words, 2 differ",        "osmosis is a movement of water across a semi-permeable membrane but it does not need", OSMOSIS, true},
        {"8 words, not is dropped",   "but it does need any energy water goes", OSMOSIS, false},
        {"8 words, not is added",     "osmosis is not the movement of water through a semi", OSMOSIS, false},
        {"8 words, not for another",  "osmosis is not movement of water through a semi", OSMOSIS, false},
        {"a word more behind not",    "not really need any energy water goes from where", OSMOSIS, true},
        /* ellipsis */
        {"ellipsis",                  "osmosis is the movement … through a semi-permeable membrane", OSMOSIS, true},
        {"three dots",                "osmosis is ... any energy", OSMOSIS, true},
        {"at both ends",              "… does not need any energy …", OSMOSIS, true},
        {"in brackets",               "osmosis is [...] any energy", OSMOSIS, true},
        {"wrong order",               "any energy … osmosis is", OSMOSIS, false},
        {"a part that is not there",  "osmosis is … cheese … any energy", OSMOSIS, false},
        {"parts do not overlap",      "any energy … energy", OSMOSIS, false},
        {"only an ellipsis",          "…", OSMOSIS, false},
        {"two dots are none",         "osmosis..is", OSMOSIS, true},
        {"of the message's own",      "well... maybe", "Well… maybe so", true},
        /* scripts */
        {"Chinese",                   "水通过半透膜", "我认为水通过半透膜移动。", true},
        {"Chinese, another word",     "水通过细胞膜", "我认为水通过半透膜移动。", false},
        {"Chinese punctuation",       "水、通过「半透膜」", "我认为水通过半透膜移动。", true},
        {"Chinese, not is dropped",   "渗透作用需要消耗细胞的任何能量", "渗透作用不需要消耗细胞的任何能量", false},
        {"Chinese, one of eight",     "渗透作用不须要消耗细胞", "渗透作用不需要消耗细胞", true},
        {"Chinese ellipsis",          "水……移动", "我认为水通过半透膜移动。", true},
        {"Japanese",                  "浸透は水の移動です", "ええと、浸透は水の移動です!", true},
        {"Thai",                      "น้ำเคลื่อน", "คิดว่าน้ำเคลื่อนที่", true},
        {"Korean",                    "물은 막을", "내 생각에 물은 막을 지난다", true},
        {"German capitals",           "WASSER FLIESST ÜBER", "Das Wasser fliesst über", true},
        {"Polish capitals",           "ŻÓŁĆ ŁĄCZY", "tak żółć łączy", true},
        {"Greek capitals",            "Ο ΛΟΓΟΣ ΕΊΝΑΙ", "ο λόγος είναι", false}, /* another accent is another letter */
        {"Greek sigma",               "ΛΌΓΟΣ", "λόγος", true},
        {"Russian capitals",          "ВОДА ДВИЖЕТСЯ ЁЛКА", "вода движется ёлка", true},
        {"Turkish",                   "İSTANBUL ŞEHRİ", "istanbul şehri", true},
        {"full width",                "ＡＢＣ１２３", "abc123", true},
        {"Arabic punctuation",        "ماء، غشاء", "ماء غشاء", true},
        {"Hindi danda",               "पानी चलता है।", "पानी चलता है", true},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, evidence_is_quote(unit_ctx(), rows[i].evidence, rows[i].message) == rows[i].want);
}

static char *repeat(struct cq_ctx *ctx, const char *text, size_t n)
{
    size_t len = strlen(text);
    char *out = arena_alloc(ctx->arena, n * len + 1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * len, text, len);
    out[n * len] = '\0';
    return out;
}

/* 2,000 characters are a quotation, one more is none, however many bytes each takes. */
static void test_longest(void)
{
    struct cq_ctx *ctx = unit_ctx();
    const char *message = repeat(ctx, "水", 3000);

    CU_ASSERT_TRUE(evidence_is_quote(ctx, repeat(ctx, "水", 2000), message));
    CU_ASSERT_FALSE(evidence_is_quote(ctx, repeat(ctx, "水", 2001), message));
    CU_ASSERT_TRUE(evidence_is_quote(ctx, repeat(ctx, "a", 2000), repeat(ctx, "a", 2000)));
    CU_ASSERT_FALSE(evidence_is_quote(ctx, repeat(ctx, "a", 2001), repeat(ctx, "a", 2001)));
}

/* What stands in the first 64 KiB is found, also where the end cuts a character; what lies behind is not. */
static void test_long_message(void)
{
    for (size_t shift = 0; shift < 3; shift++) {
        struct cq_ctx *ctx = unit_ctx();
        struct buf *message = buf_in_arena(ctx->arena, 1 << 20);

        CU_ASSERT_PTR_NOT_NULL_FATAL(message);
        buf_str(message, repeat(ctx, "x", shift));
        buf_str(message, " begin ");
        buf_str(message, repeat(ctx, "水", 40000));
        buf_str(message, " beyond");
        CU_ASSERT_TRUE(evidence_is_quote(ctx, "begin 水 水", message->data));
        CU_ASSERT_FALSE(evidence_is_quote(ctx, "beyond", message->data));
    }
}

/* The worst that can be asked ends soon, and refuses. */
static void test_cost(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct buf *evidence = buf_in_arena(ctx->arena, 1 << 20);
    int64_t begun_ms = clock_mono_ms();

    CU_ASSERT_PTR_NOT_NULL_FATAL(evidence);
    buf_str(evidence, repeat(ctx, "水", 1500));
    buf_str(evidence, repeat(ctx, "火", 500));
    CU_ASSERT_FALSE(evidence_is_quote(ctx, evidence->data, repeat(ctx, "水", 21000)));
    CU_ASSERT_TRUE(clock_mono_ms() - begun_ms < 5000);
}

static void test_memory_is_short(void)
{
    struct cq_ctx ctx = {.arena = arena_create(64, 512)};

    CU_ASSERT_PTR_NOT_NULL_FATAL(ctx.arena);
    while (arena_alloc(ctx.arena, 1))
        ;
    CU_ASSERT_FALSE(evidence_is_quote(&ctx, "water", "water"));
    arena_destroy(ctx.arena);
}

SUITE(evidence, {"what is a quotation", test_table}, {"the longest", test_longest},
      {"a long message", test_long_message}, {"bounded cost", test_cost}, {"memory is short", test_memory_is_short});
