/* builtin's structured answers: what builtin_find() says, in the form that is asked for. */
#include <stdio.h>
#include <string.h>

#include "llm/builtin_words.h"

enum { OBJECTIVE_MAX_BYTES = 300 };

static void write_number(struct json_out *out, size_t i)
{
    json_key(out, "number");
    json_u64(out, i + 1);
}

/* A text that is made of pieces. */
static void write_printf(struct json_out *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void write_printf(struct json_out *out, const char *fmt, ...)
{
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    json_text(out, text);
}

static size_t n_found(const struct llm_ask *ask)
{
    return ask->n_objectives < LLM_MAX_OBJECTIVES ? ask->n_objectives : LLM_MAX_OBJECTIVES;
}

void builtin_assess(const struct llm_ask *ask, struct buf *reply)
{
    struct builtin_finding findings[LLM_MAX_OBJECTIVES];
    struct json_out out;

    builtin_find(ask, findings);
    json_out_init(&out, reply);
    json_open_object(&out);
    json_key(&out, "objectives");
    json_open_array(&out);
    for (size_t i = 0; i < n_found(ask); i++) {
        json_open_object(&out);
        write_number(&out, i);
        json_key(&out, "status");
        json_text(&out, findings[i].is_met ? "covered" : "");
        json_close_object(&out);
    }
    json_close_array(&out);
    json_close_object(&out);
}

/* ---- evaluation ---- */

static unsigned score(const struct builtin_finding *f)
{
    return f->n_words ? (unsigned)(100 * f->n_used / f->n_words) : 0;
}

static void write_overall(struct json_out *out, const struct builtin_finding *findings, size_t n)
{
    size_t n_met = 0, sum = 0;

    for (size_t i = 0; i < n; i++) {
        n_met += findings[i].is_met;
        sum += score(&findings[i]);
    }
    json_key(out, "overall_assessment");
    write_printf(out,
                 "No language model is configured. Colloquy's built-in rules only counted words: by them the student "
                 "talked about %zu of %zu learning objectives. Nobody has judged whether what was said is right.",
                 n_met, n);
    json_key(out, "overall_score");
    json_u64(out, n ? (2 * sum + n) / (2 * n) : 0);
}

static void write_moments(struct json_out *out, const struct builtin_finding *findings, size_t n)
{
    json_key(out, "key_moments");
    json_open_array(out);
    for (size_t i = 0; i < n; i++) {
        if (!findings[i].is_met || !findings[i].quote)
            continue;
        json_open_object(out);
        write_number(out, i);
        json_key(out, "evidence");
        json_text_n(out, findings[i].quote, findings[i].quote_len);
        json_key(out, "message_number");
        json_u64(out, findings[i].message + 1);
        json_close_object(out);
    }
    json_close_array(out);
}

static void write_explanation(struct json_out *out, const struct builtin_finding *f)
{
    static const char how[] = "Found by counting words; no language model judged it.";

    json_key(out, "explanation");
    if (f->n_used)
        write_printf(out, "Message %zu has %zu of the %zu significant words of this objective, and %zu are needed. %s",
                     f->message + 1, f->n_used, f->n_words, f->n_needed, how);
    else
        write_printf(out, "No message of the student has a significant word of this objective. %s", how);
}

static void write_findings(struct json_out *out, const struct builtin_finding *findings, size_t n)
{
    json_key(out, "learning_objectives_evaluation");
    json_open_array(out);
    for (size_t i = 0; i < n; i++) {
        json_open_object(out);
        write_number(out, i);
        json_key(out, "met");
        json_boolean(out, findings[i].is_met);
        json_key(out, "score");
        json_u64(out, score(&findings[i]));
        write_explanation(out, &findings[i]);
        json_close_object(out);
    }
    json_close_array(out);
}

/* "said: “objective”" for each that is met, or for each that is not; the objective cut between characters. */
static void write_points(struct json_out *out, const char *key, const char *said, const struct llm_ask *ask,
                         const struct builtin_finding *findings, bool is_met)
{
    json_key(out, key);
    json_open_array(out);
    for (size_t i = 0; i < n_found(ask); i++) {
        size_t whole = strlen(ask->objectives[i]), len = whole < OBJECTIVE_MAX_BYTES ? whole : OBJECTIVE_MAX_BYTES;

        while (len < whole && len > 0 && ((unsigned char)ask->objectives[i][len] & 0xC0) == 0x80)
            len--;
        if (findings[i].is_met == is_met)
            write_printf(out, "%s: “%.*s%s”", said, (int)len, ask->objectives[i], len < whole ? "…" : "");
    }
    json_close_array(out);
}

static void write_responses(struct json_out *out, const struct llm_ask *ask)
{
    if (!ask->n_metrics)
        return;
    json_key(out, "custom_metrics");
    json_open_array(out);
    for (size_t i = 0; i < ask->n_metrics; i++) {
        json_open_object(out);
        write_number(out, i);
        json_key(out, "response");
        json_text(out, "This question needs a language model, and none is configured.");
        json_close_object(out);
    }
    json_close_array(out);
}

void builtin_evaluate(const struct llm_ask *ask, struct buf *reply)
{
    struct builtin_finding findings[LLM_MAX_OBJECTIVES];
    struct json_out out;

    builtin_find(ask, findings);
    json_out_init(&out, reply);
    json_open_object(&out);
    write_overall(&out, findings, n_found(ask));
    write_moments(&out, findings, n_found(ask));
    write_findings(&out, findings, n_found(ask));
    write_points(&out, "strengths", "Talked about", ask, findings, true);
    write_points(&out, "areas_for_improvement", "Has not talked enough about", ask, findings, false);
    write_responses(&out, ask);
    json_close_object(&out);
}
