/*
 * English endings: rules of ours, tried in steps, each on what the one before has left.
 *
 * They are made to bring forms of one word together ("study", "studies", "studying") rather than words of one root. What
 * is left need be no word, since texts and questions are treated the same.
 */
#include <string.h>

#include "files/telling_words.h"

struct rule {
    const char *ending, *instead; /* instead NULL: the word stays as it is, and no later rule of the step is tried */
    size_t min;                   /* letters that must stand before the ending */
    bool needs_vowel;             /* among them */
};

static const struct rule plurals[] = {
    {"ss", NULL, 0, false}, {"us", NULL, 0, false}, {"sis", "s", 3, false},
    {"is", NULL, 0, false}, {"ies", "y", 2, false}, {"s", "", 3, false},
};

static const struct rule verbs[] = {
    {"eed", NULL, 0, false}, {"ied", "y", 2, false}, {"using", "use", 0, false}, {"used", "use", 0, false},
    {"ating", "", 5, false}, {"ated", "", 5, false}, {"ing", "", 3, true},       {"ed", "", 3, true},
};

static const struct rule adverbs[] = {
    {"ply", NULL, 0, false},   {"ically", "ic", 3, false}, {"ical", "ic", 3, false}, {"ably", "abl", 3, false},
    {"ibly", "ibl", 3, false}, {"ily", "y", 3, false},     {"ly", "", 4, false},
};

static const struct rule nouns[] = {
    {"ation", "", 5, false}, {"tion", "t", 4, false}, {"sion", "s", 4, false}, {"ness", "", 4, false},
    {"ment", "", 4, false},  {"ate", "", 5, false},   {"our", "or", 3, false}, {"e", "", 3, false},
};

static bool is_vowel(char c)
{
    return strchr("aeiouy", c) != NULL;
}

static bool has_vowel(const char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_vowel(word[i]))
            return true;
    return false;
}

static bool fits(const struct rule *rule, const char *word, size_t len)
{
    size_t n = strlen(rule->ending);

    return len >= n + rule->min && memcmp(word + len - n, rule->ending, n) == 0 &&
           (!rule->needs_vowel || has_vowel(word, len - n));
}

/* The first rule that fits; what it puts instead is never longer than what it cuts. */
static size_t step(char *word, size_t len, const struct rule *rules, size_t n_rules)
{
    for (size_t i = 0; i < n_rules; i++) {
        if (!fits(&rules[i], word, len))
            continue;
        if (!rules[i].instead)
            return len;
        len -= strlen(rules[i].ending);
        for (const char *c = rules[i].instead; *c; c++)
            word[len++] = *c;
        return len;
    }
    return len;
}

/* "stopp", "controll" as "stop", "control"; "organiz" as "organis". */
static size_t smooth(char *word, size_t len)
{
    if (len > 3 && word[len - 1] == word[len - 2] && !is_vowel(word[len - 1]))
        len--;
    if (len > 3 && word[len - 1] == 'z' && is_vowel(word[len - 2]))
        word[len - 1] = 's';
    return len;
}

size_t stem_english(char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (word[i] < 'a' || word[i] > 'z')
            return len;
    if (len < 4)
        return len;
    len = step(word, len, plurals, LEN(plurals));
    len = step(word, len, verbs, LEN(verbs));
    len = step(word, len, adverbs, LEN(adverbs));
    len = step(word, len, nouns, LEN(nouns));
    return smooth(word, len);
}
