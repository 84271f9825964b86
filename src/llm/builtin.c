/*
 * Provider builtin: a plain Socratic tutor without a language model. What it says of a student is in builtin_judge.c.
 *
 * It walks the objectives, two questions for each, and ends with an invitation to sum up. Where it stands follows
 * from the number of messages of the student alone, so the same ask always gets the same reply. What the student
 * wrote and what an author wrote as an objective are quoted within bounds, with their Markdown made plain.
 */
#include <string.h>

#include "llm/builtin_words.h"
#include "llm/provider.h"

enum {
    QUESTIONS_PER_OBJECTIVE = 2,
    QUOTE_MAX_WORDS = 12,
    QUOTE_MAX_BYTES = 160,
    OBJECTIVE_MAX_WORDS = 40,
    OBJECTIVE_MAX_BYTES = 400,
    PASSAGE_MAX_WORDS = 80,
    PASSAGE_MAX_BYTES = 640,
};

static const char NOTICE[] = "No language model is configured: this is Colloquy's built-in tutor.";

/* %s: the objective, or what stands for it. The first of each pair opens an objective. */
static const char *const opening_questions[] = {
    "Let us look at %s. What do you already know about it? Say it in your own words, even if you are not sure.",
    "It is %s. If you had to explain it to somebody who has never heard of it, where would you begin?",
    "This one is %s. Which part of it seems clear to you, and which does not?",
};
static const char *const deeper_questions[] = {
    "Can you give an example that shows this, and say why it is a good one for %s?",
    "What makes you think so? Name one reason or one observation that has to do with %s.",
    "What would somebody who disagrees with you say about %s, and how would you answer?",
};
static const char *const acknowledgements[] = {
    "Thank you, that is something to build on.",
    "Good, let us look at that more closely.",
    "That helps to see how you think about it.",
    "All right, we can go on from there.",
};

/* ---- quoting ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_space(const char *text)
{
    while (is_space(*text))
        text++;
    return text;
}

/*
 * One byte as plain text. What could begin markup or a link is escaped; other control characters than white space are
 * left out.
 */
static void put_plain(struct buf *out, char c, char next)
{
    if ((unsigned char)c < ' ' || c == 0x7f)
        return;
    if (strchr("\\`*_[]<>#|~&@$!", c) || (c == ':' && next == '/'))
        buf_char(out, '\\');
    buf_char(out, c);
}

/* Where the text is to be cut: after so many words, and before so many bytes, never inside a character. */
static const char *cut(const char *text, size_t max_words, size_t max_bytes)
{
    const char *at = text, *end = text;

    for (size_t words = 0; *at && words < max_words && (size_t)(at - text) < max_bytes; words++) {
        while (*at && !is_space(*at) && (size_t)(at - text) < max_bytes)
            at++;
        while (((unsigned char)*at & 0xC0) == 0x80 && at > end)
            at--;
        if (at > end)
            end = at;
        if (*at && !is_space(*at))
            break;
        at = skip_space(at);
    }
    return end;
}

/*
 * The beginning of the text on one line, with "…" when there is more of it. False, and nothing written, when it is
 * blank.
 */
static bool quote(struct buf *out, const char *text, size_t max_words, size_t max_bytes)
{
    text = skip_space(text);
    const char *end = cut(text, max_words, max_bytes);

    if (utf8_blank(text, (size_t)(end - text)))
        return false;
    while (text < end) {
        if (is_space(*text)) {
            buf_char(out, ' ');
            text = skip_space(text);
        } else {
            put_plain(out, text[0], text[1]);
            text++;
        }
    }
    if (*skip_space(end))
        buf_str(out, "…");
    return true;
}

/* Take back what was written behind the first len bytes. */
static void shorten(struct buf *out, size_t len)
{
    if (out->len > len) {
        out->len = len;
        out->data[len] = '\0';
    }
}

/* ---- where the conversation stands ---- */

static size_t count_turns(const struct llm_ask *ask)
{
    size_t n = 0;

    for (size_t i = 0; i < ask->n_messages; i++)
        n += ask->messages[i].role == LLM_USER;
    return n;
}

static void put_objective(struct buf *out, const struct llm_ask *ask, size_t i)
{
    const char *text = i < ask->n_objectives ? ask->objectives[i] : "";
    size_t before = out->len;

    buf_str(out, "“");
    if (!quote(out, text, OBJECTIVE_MAX_WORDS, OBJECTIVE_MAX_BYTES)) {
        shorten(out, before);
        buf_str(out, "the subject of this conversation");
        return;
    }
    if (out->len > before && out->data[out->len - 1] == '.')
        shorten(out, out->len - 1);
    buf_str(out, "”");
}

/* question counts from 0 through all objectives. */
static void put_question(struct buf *out, const struct llm_ask *ask, size_t question)
{
    size_t objective = question / QUESTIONS_PER_OBJECTIVE;
    const char *form = question % QUESTIONS_PER_OBJECTIVE == 0 ? opening_questions[objective % LEN(opening_questions)]
                                                               : deeper_questions[objective % LEN(deeper_questions)];
    const char *gap = strstr(form, "%s");

    buf_append(out, form, (size_t)(gap - form));
    put_objective(out, ask, objective);
    buf_str(out, gap + 2);
}

static void put_greeting(struct buf *out, const struct llm_ask *ask)
{
    buf_str(out,
            "Hello, and welcome! No language model is configured here, so I am a plain tutor who asks questions and "
            "cannot judge your answers.\n\n");
    if (ask->n_objectives == 1)
        buf_str(out, "Our conversation has one learning objective. ");
    else if (ask->n_objectives > 1)
        buf_printf(out, "Our conversation has %zu learning objectives, and we take them one by one. ",
                   ask->n_objectives);
    else
        buf_str(out, "We are going to think through the subject of this conversation together. ");
    put_question(out, ask, 0);
}

static void put_acknowledgement(struct buf *out, const struct llm_ask *ask, size_t turn)
{
    const char *said = builtin_said(&ask->messages[ask->n_messages - 1]);
    size_t before = out->len;

    buf_str(out, "You wrote: “");
    if (quote(out, said, QUOTE_MAX_WORDS, QUOTE_MAX_BYTES))
        buf_str(out, "” ");
    else
        shorten(out, before);
    buf_str(out, acknowledgements[turn % LEN(acknowledgements)]);
    buf_str(out, "\n\n");
}

static void put_turn(struct buf *out, const struct llm_ask *ask, size_t question)
{
    size_t n_objectives = ask->n_objectives ? ask->n_objectives : 1;
    size_t n_questions = n_objectives * QUESTIONS_PER_OBJECTIVE;

    put_acknowledgement(out, ask, question);
    if (question > n_questions) {
        buf_str(out,
                "We have been through everything that I can ask. Is there a point of your summary that you would put "
                "differently now, or one that is still open for you?");
        return;
    }
    if (question == n_questions) {
        buf_str(
            out,
            "We have come to the end of what I wanted to ask. How would you sum up, in three or four sentences, what "
            "you have thought through here?");
        return;
    }
    if (question % QUESTIONS_PER_OBJECTIVE == 0)
        buf_str(out, "Let us go on to the next objective. ");
    put_question(out, ask, question);
}

/* Of a general conversation: all that can be done is to show what was found. */
static void put_chat(struct buf *out, const struct llm_ask *ask)
{
    const char *said = builtin_said(&ask->messages[ask->n_messages - 1]);
    size_t before = out->len;

    if (ask->n_passages) {
        buf_str(out, ask->n_passages == 1 ? "This passage of the documents is the nearest to your question:"
                                          : "These passages of the documents are the nearest to your question:");
        for (size_t i = 0; i < ask->n_passages; i++) {
            buf_str(out, "\n\n> ");
            quote(out, ask->passages[i], PASSAGE_MAX_WORDS, PASSAGE_MAX_BYTES);
            buf_printf(out, " [^%zu]", i + 1);
        }
        return;
    }
    buf_str(out, "You wrote: “");
    if (quote(out, said, QUOTE_MAX_WORDS, QUOTE_MAX_BYTES))
        buf_str(out, "” ");
    else
        shorten(out, before);
    buf_str(out,
            "There is nothing here that could answer: neither a language model nor a document that has these words.");
}

static void put_reply(struct buf *reply, const struct llm_ask *ask)
{
    size_t turns = count_turns(ask);

    if (ask->is_chat)
        put_chat(reply, ask);
    else if (turns <= 1)
        put_greeting(reply, ask);
    else
        put_turn(reply, ask, turns - 1);
    buf_printf(reply, "\n\n*%s*", NOTICE);
}

static void answer(const struct llm_ask *ask, struct buf *reply)
{
    switch (ask->task) {
    case LLM_REPLY:
        put_reply(reply, ask);
        break;
    case LLM_ASSESS:
        builtin_assess(ask, reply);
        break;
    case LLM_EVALUATE:
        builtin_evaluate(ask, reply);
        break;
    default: /* is not given to us */
        break;
    }
}

static bool config_valid(const struct config_model *config, const char *section, struct buf *problems)
{
    (void)section;
    (void)config;
    (void)problems;
    return true;
}

const struct llm_provider llm_provider_builtin = {
    .name = "builtin",
    .notice = NOTICE,
    .config_valid = config_valid,
    .answer = answer,
};
