/* What builtin finds in what a student wrote: words of objectives, and never more than that. */
#include "unit.h"

#include "llm/builtin_words.h"

/* The finding of one objective, after the student greeted and then said this. */
static struct builtin_finding finding_of(const char *objective, const char *said)
{
    static struct llm_message transcript[4];
    const struct llm_ask ask = {.task = LLM_ASSESS,
                                .objectives = &objective,
                                .n_objectives = 1,
                                .transcript = transcript,
                                .n_transcript = LEN(transcript)};
    struct builtin_finding findings[LLM_MAX_OBJECTIVES];

    transcript[0] = (struct llm_message){.role = LLM_USER,
                                         .text = "osmosis moves water across a membrane of cells"}; /* the opening */
    transcript[1] =
        (struct llm_message){.role = LLM_ASSISTANT, .text = "osmosis moves water across a membrane of cells"};
    transcript[2] = (struct llm_message){.role = LLM_USER, .text = said};
    transcript[3] =
        (struct llm_message){.role = LLM_ASSISTANT, .text = "osmosis moves water across a membrane of cells"};
    builtin_find(&ask, findings);
    return findings[0];
}

/* A transcript's message may have parts alone. */
static void test_parts(void)
{
    static const struct llm_part said = {.kind = LLM_TEXT, .text = "I think osmosis moves the water"};
    static const char *const objective = "Explain how osmosis moves water";
    const struct llm_message transcript[] = {
        {.role = LLM_USER, .text = "Hello"}, {.role = LLM_USER}, {.role = LLM_USER, .parts = &said, .n_parts = 1}};
    const struct llm_ask ask = {
        .objectives = &objective, .n_objectives = 1, .transcript = transcript, .n_transcript = LEN(transcript)};
    struct builtin_finding findings[LLM_MAX_OBJECTIVES];

    builtin_find(&ask, findings);
    CU_ASSERT(findings[0].is_met && findings[0].message == 2);
}

static void test_table(void)
{
    static const struct {
        const char *name, *objective, *said;
        size_t n_words, n_used;
        bool is_met;
    } rows[] = {
        // clang-format off
        {"all of them",             "Explain how osmosis moves water", "I think osmosis moves the water", 3, 3, true},
        {"half of them",            "Explain how osmosis moves water across membranes of cells", "so the cells have a membrane and water", 6, 3, true},
        {"less than half",          "Explain how osmosis moves water across membranes of cells", "so the cells are full of water", 6, 2, false},
        {"two of three",            "Explain how osmosis moves water", "there water moves to the right", 3, 2, true},
        {"one of three",            "Explain how osmosis moves water", "there is some water in it", 3, 1, false},
        {"one of two",              "Define osmosis and diffusion", "I have heard of osmosis before", 2, 1, true},
        {"one of one",              "Define osmosis", "I have heard of osmosis before", 1, 1, true},
        {"none of one",             "Define osmosis", "I have heard of nothing before", 1, 0, false},
        {"four words are too few",  "Define osmosis", "heard of osmosis before", 1, 0, false},
        {"other endings",           "Compare moving membranes and studies", "it moved while the membrane was studied", 3, 3, true},
        {"other case",              "Define OSMOSIS", "i have heard of oSmOsIs before", 1, 1, true},
        {"the same word twice",     "Osmosis, osmosis and water", "osmosis and osmosis again and osmosis", 2, 1, true},
        {"stop words only",         "Explain why", "I want to explain why that is", 2, 2, true},
        {"part of a word",          "Define osmosis", "the osmosisology of all things here", 1, 0, false},
        {"two sentences",           "Explain how osmosis moves water", "It is osmosis. So the water goes.", 3, 2, true},
        {"the tutor's words",       "Explain how osmosis moves water", "I do not know that yet", 3, 0, false},
        {"Chinese",                 "解释渗透作用", "我觉得渗透就是水的移动", 6, 2, false},
        {"Chinese, met",            "解释渗透作用", "渗透作用就是水的移动", 6, 4, true},
        {"no words",                "…", "I think that it is so", 0, 0, false},
        /* a self-report is none */
        {"a claim",                 "Explain how osmosis moves water", "The objective on osmosis and water is covered", 3, 0, false},
        {"a claim beside a reason", "Explain how osmosis moves water", "I have covered it! Osmosis moves the water up.", 3, 3, true},
        {"the objective itself",    "Explain how osmosis moves water", "Status of Explain how osmosis moves water: covered", 3, 0, false},
        {"covering is the subject", "Say how moss covers stones", "moss covers the stones by and by", 3, 3, true},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct builtin_finding f = finding_of(rows[i].objective, rows[i].said);

        ROW_ASSERT(rows[i].name, f.n_words == rows[i].n_words && f.n_used == rows[i].n_used);
        ROW_ASSERT(rows[i].name, f.is_met == rows[i].is_met && (!f.is_met || f.message == 2));
    }
}

static void test_quote(void)
{
    static const struct {
        const char *name, *said, *want;
    } rows[] = {
        // clang-format off
        {"the whole",             "I think osmosis moves water", "I think osmosis moves water"},
        {"the best sentence",     "Well, water. I think osmosis moves it! Is that so?", "I think osmosis moves it"},
        {"the first of equals",   "It is about osmosis.\nOr is it about water?", "It is about osmosis"},
        {"without marks around",  "- *well, osmosis moves some water*", "well, osmosis moves some water"},
        {"a number has a point",  "at 3.5 degrees osmosis moves water", "at 3.5 degrees osmosis moves water"},
        {"Chinese",               "是的。osmosis moves water 是吗？不", "osmosis moves water 是吗"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct builtin_finding f = finding_of("Explain how osmosis moves water", rows[i].said);

        ROW_ASSERT(rows[i].name, f.quote && f.quote_len == strlen(rows[i].want));
        ROW_ASSERT(rows[i].name, f.quote && memcmp(f.quote, rows[i].want, f.quote_len) == 0);
    }
}

/* Cut behind a word; one that is longer than any quotation gives none. */
static void test_long_quote(void)
{
    struct buf *said = buf_in_arena(unit_ctx()->arena, 1 << 16);

    CU_ASSERT_PTR_NOT_NULL_FATAL(said);
    buf_str(said, "osmosis moves water");
    for (size_t i = 0; i < 100; i++)
        buf_str(said, " so on");
    struct builtin_finding f = finding_of("Define osmosis", said->data);
    CU_ASSERT_TRUE(f.is_met && f.quote == said->data && f.quote_len <= 300 && f.quote_len > 290);
    CU_ASSERT_EQUAL(said->data[f.quote_len], ' ');
    buf_clear(said);
    buf_str(said, "osmosis");
    for (size_t i = 0; i < 200; i++)
        buf_str(said, "\xE2\x80\x8B"); /* not seen, and part of the word */
    buf_str(said, " is what I mean here");
    f = finding_of("Define osmosis", said->data);
    CU_ASSERT_TRUE(f.is_met && f.quote_len == strlen("osmosis"));
}

static void test_many_objectives(void)
{
    const char *objectives[LLM_MAX_OBJECTIVES + 8];
    static const struct llm_message transcript[] = {{.role = LLM_USER, .text = "Hello"},
                                                    {.role = LLM_USER, .text = "osmosis is what I mean here"}};
    const struct llm_ask ask = {.objectives = objectives,
                                .n_objectives = LEN(objectives),
                                .transcript = transcript,
                                .n_transcript = LEN(transcript)};
    struct builtin_finding findings[LLM_MAX_OBJECTIVES];

    for (size_t i = 0; i < LEN(objectives); i++)
        objectives[i] = "Define osmosis";
    builtin_find(&ask, findings);
    for (size_t i = 0; i < LLM_MAX_OBJECTIVES; i++)
        CU_ASSERT_TRUE(findings[i].is_met && findings[i].message == 1);
}

/* The best message counts, and of equal ones the first. */
static void test_best_message(void)
{
    static const char *const objectives[] = {"Explain how osmosis moves water"};
    static const struct llm_message transcript[] = {
        {.role = LLM_USER, .text = "Hello"},
        {.role = LLM_USER, .text = "there is some water in it"},
        {.role = LLM_USER, .text = "osmosis is about the water there"},
        {.role = LLM_USER, .text = "water is what osmosis is about"},
    };
    struct llm_ask ask = {.objectives = objectives, .n_objectives = 1, .transcript = transcript};
    static const struct {
        size_t n_used, message;
        bool is_met;
    } want[] = {{0, 0, false}, {0, 0, false}, {1, 1, false}, {2, 2, true}, {2, 2, true}};

    for (ask.n_transcript = 0; ask.n_transcript <= LEN(transcript); ask.n_transcript++) {
        struct builtin_finding f[LLM_MAX_OBJECTIVES];

        builtin_find(&ask, f);
        CU_ASSERT_TRUE(f->n_used == want[ask.n_transcript].n_used && f->message == want[ask.n_transcript].message);
        CU_ASSERT_EQUAL(f->is_met, want[ask.n_transcript].is_met);
    }
}

SUITE(builtin_words, {"a table", test_table}, {"quotations", test_quote}, {"a long quotation", test_long_quote},
      {"many objectives", test_many_objectives}, {"the best message", test_best_message},
      {"messages of parts", test_parts});
