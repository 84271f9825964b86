/* Counting words: rules made of objectives, and what the student's sentences hold of them. */
#include <string.h>

#include "llm/builtin_words.h"

enum {
    RULE_MAX_WORDS = 32, /* as many as a mask has bits */
    MESSAGE_MIN_WORDS = 5,
    QUOTE_MAX_BYTES = 300,
    KNOWN_PLACES = 1024,
};

struct rule {
    uint64_t words[RULE_MAX_WORDS]; /* hashes of their stems, each once */
    size_t n;
};

struct rules {
    struct rule rules[LLM_MAX_OBJECTIVES];
    size_t n;
    bool is_known[KNOWN_PLACES]; /* by hash: whether a rule may have the word, since most words are in none */
    struct rule claims;          /* words that speak of being marked, where no objective is about just that */
};

/* ---- words ---- */

/* What says nothing of a subject; the verbs by which objectives are set, too. */
static const char *const stop_words[] = {
    "a",       "about",    "above",      "after",     "all",        "also",    "an",          "analyse", "analyze",
    "and",     "another",  "any",        "apart",     "apply",      "are",     "as",          "at",      "be",
    "because", "been",     "before",     "being",     "between",    "both",    "but",         "by",      "can",
    "compare", "could",    "define",     "describe",  "did",        "discuss", "distinguish", "do",      "does",
    "during",  "each",     "either",     "evaluate",  "every",      "example", "examples",    "explain", "for",
    "from",    "give",     "had",        "has",       "have",       "he",      "her",         "his",     "how",
    "i",       "identify", "if",         "in",        "into",       "is",      "it",          "its",     "learn",
    "learner", "list",     "may",        "me",        "might",      "more",    "most",        "must",    "my",
    "name",    "no",       "not",        "objective", "objectives", "of",      "on",          "one",     "or",
    "other",   "our",      "own",        "say",       "she",        "should",  "show",        "so",      "some",
    "state",   "student",  "students",   "such",      "tell",       "than",    "that",        "the",     "their",
    "them",    "then",     "there",      "these",     "they",       "this",    "those",       "through", "to",
    "two",     "under",    "understand", "up",        "us",         "use",     "uses",        "using",   "was",
    "we",      "were",     "what",       "when",      "where",      "whether", "which",       "while",   "who",
    "whose",   "why",      "will",       "with",      "within",     "without", "words",       "would",   "you",
    "your",
};

/* Whoever uses one of these speaks of being marked. */
static const char *const claim_words[] = {
    "objective", "cover",  "status",  "score",    "grade",     "assessment",   "evaluation",
    "criteria",  "marked", "mastery", "achieved", "completed", "instructions",
};

/* Without its ending, so that "moves", "moved", "moving" and "move" are one. */
static uint64_t stem_hash(const struct word *word)
{
    static const char *const endings[] = {"ing", "ed", "es", "s", "e"};
    char stem[WORD_MAX_BYTES];
    size_t n = word->folded_len;

    memcpy(stem, word->folded, n + 1);
    for (size_t i = 0; i < LEN(endings); i++) {
        size_t len = strlen(endings[i]);

        if (n < len + 3 || !str_eq(stem + n - len, endings[i]) || (str_eq(endings[i], "s") && stem[n - 2] == 's'))
            continue;
        n -= len;
        break;
    }
    if (n > 2 && stem[n - 1] == 'y')
        stem[n - 1] = 'i';
    return word_hash(stem, n);
}

static bool is_stop_word(const struct word *word)
{
    for (size_t i = 0; i < LEN(stop_words); i++)
        if (str_eq(word->folded, stop_words[i]))
            return true;
    return false;
}

/* ---- rules ---- */

/* The place of the word in the rule; n when it is not there. */
static size_t rule_place(const struct rule *rule, uint64_t stem)
{
    size_t i = 0;

    while (i < rule->n && rule->words[i] != stem)
        i++;
    return i;
}

static void rule_read(struct rule *rule, const char *objective, bool with_stop_words)
{
    const char *end = objective + strlen(objective);
    struct word word;

    rule->n = 0;
    while (rule->n < RULE_MAX_WORDS && word_next(&objective, end, &word)) {
        uint64_t stem = stem_hash(&word);

        if ((with_stop_words || !is_stop_word(&word)) && rule_place(rule, stem) == rule->n)
            rule->words[rule->n++] = stem;
    }
}

static bool is_of_objective(const struct rules *rules, uint64_t stem)
{
    for (size_t i = 0; i < rules->n; i++)
        if (rule_place(&rules->rules[i], stem) < rules->rules[i].n)
            return true;
    return false;
}

static void read_claims(struct rules *rules)
{
    for (size_t i = 0; i < LEN(claim_words); i++) {
        const char *at = claim_words[i];
        struct word word;

        if (word_next(&at, at + strlen(at), &word) && !is_of_objective(rules, stem_hash(&word)))
            rules->claims.words[rules->claims.n++] = stem_hash(&word);
    }
}

static void note_known(struct rules *rules, const struct rule *rule)
{
    for (size_t i = 0; i < rule->n; i++)
        rules->is_known[rule->words[i] % KNOWN_PLACES] = true;
}

static void rules_read(struct rules *rules, const struct llm_ask *ask)
{
    *rules = (struct rules){0};
    rules->n = ask->n_objectives < LLM_MAX_OBJECTIVES ? ask->n_objectives : LLM_MAX_OBJECTIVES;
    for (size_t i = 0; i < rules->n; i++) {
        rule_read(&rules->rules[i], ask->objectives[i], false);
        if (!rules->rules[i].n) /* "Explain why": what there is must do */
            rule_read(&rules->rules[i], ask->objectives[i], true);
        note_known(rules, &rules->rules[i]);
    }
    read_claims(rules);
    note_known(rules, &rules->claims);
}

static size_t words_needed(size_t n)
{
    size_t half = (n + 1) / 2;

    return n <= 2 ? 1 : half < 2 ? 2 : half;
}

/* ---- sentences ---- */

static const char FIRST_OF_STOPS[] = ".!?\n\xE3\xEF";

struct sentence {
    const char *text, *end;
    uint32_t used[LLM_MAX_OBJECTIVES]; /* a bit for each word of a rule */
    size_t n_words;
    bool is_claim;
};

/* Where the sentence ends that begins at text. */
static const char *sentence_end(const char *text)
{
    static const char *const stops[] = {". ", "! ", "? ", ".\n", "!\n", "?\n", "\n", "。", "！", "？"};

    for (text += strcspn(text, FIRST_OF_STOPS); *text; text += 1 + strcspn(text + 1, FIRST_OF_STOPS))
        for (size_t i = 0; i < LEN(stops); i++)
            if (str_starts(text, stops[i]))
                return text + strlen(stops[i]);
    return text;
}

static void sentence_read(struct sentence *s, const struct rules *rules, const char *text)
{
    struct word word;

    *s = (struct sentence){.text = text, .end = sentence_end(text)};
    while (word_next(&text, s->end, &word)) {
        uint64_t stem = stem_hash(&word);

        s->n_words++;
        if (!rules->is_known[stem % KNOWN_PLACES])
            continue;
        s->is_claim |= rule_place(&rules->claims, stem) < rules->claims.n;
        for (size_t i = 0; i < rules->n; i++) {
            size_t place = rule_place(&rules->rules[i], stem);

            s->used[i] |= place < rules->rules[i].n ? UINT32_C(1) << place : 0;
        }
    }
}

static size_t count_bits(uint32_t mask)
{
    return (size_t)__builtin_popcount(mask);
}

/* From the sentence's first word to the last one that is within the bound. */
static void quote(const struct sentence *s, struct builtin_finding *f)
{
    const char *at = s->text;
    struct word word;

    f->quote = NULL;
    f->quote_len = 0;
    while (word_next(&at, s->end, &word)) {
        const char *begin = f->quote ? f->quote : word.text;
        size_t len = (size_t)(word.text + word.len - begin);

        if (len > QUOTE_MAX_BYTES)
            return;
        f->quote = begin;
        f->quote_len = len;
    }
}

/* ---- messages ---- */

/* What one message says of each objective, in f; how many words it has. */
static size_t message_read(const struct rules *rules, const char *text, struct builtin_finding *f)
{
    uint32_t used[LLM_MAX_OBJECTIVES] = {0};
    size_t best[LLM_MAX_OBJECTIVES] = {0}, n_words = 0;
    struct sentence s;

    for (; *text; text = s.end) {
        sentence_read(&s, rules, text);
        n_words += s.n_words;
        for (size_t i = 0; i < rules->n && !s.is_claim; i++) {
            used[i] |= s.used[i];
            if (count_bits(s.used[i]) <= best[i])
                continue;
            best[i] = count_bits(s.used[i]);
            quote(&s, &f[i]);
        }
    }
    for (size_t i = 0; i < rules->n; i++)
        f[i].n_used = count_bits(used[i]);
    return n_words;
}

/* Keep what is better than before. */
static void take(struct builtin_finding *findings, const struct builtin_finding *said, size_t n, size_t message)
{
    for (size_t i = 0; i < n; i++) {
        struct builtin_finding *f = &findings[i];

        if (said[i].n_used <= f->n_used)
            continue;
        f->n_used = said[i].n_used;
        f->quote = said[i].quote;
        f->quote_len = said[i].quote_len;
        f->message = message;
        f->is_met = f->n_used >= f->n_needed;
    }
}

const char *builtin_said(const struct llm_message *message)
{
    if (message->text)
        return message->text;
    for (size_t i = 0; i < message->n_parts; i++)
        if (message->parts[i].kind == LLM_TEXT && message->parts[i].text)
            return message->parts[i].text;
    return "";
}

void builtin_find(const struct llm_ask *ask, struct builtin_finding *findings)
{
    struct rules rules;
    bool is_opening = true;

    rules_read(&rules, ask);
    for (size_t i = 0; i < rules.n; i++)
        findings[i] = (struct builtin_finding){.n_words = rules.rules[i].n, .n_needed = words_needed(rules.rules[i].n)};
    for (size_t i = 0; i < ask->n_transcript; i++) {
        struct builtin_finding said[LLM_MAX_OBJECTIVES] = {{0}};

        if (ask->transcript[i].role != LLM_USER)
            continue;
        if (!is_opening && message_read(&rules, builtin_said(&ask->transcript[i]), said) >= MESSAGE_MIN_WORDS)
            take(findings, said, rules.n, i);
        is_opening = false;
    }
}
