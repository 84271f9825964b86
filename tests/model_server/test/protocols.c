/* The same directives do the same in each protocol, streamed or not. */
#include <json-c/json.h>
#include <stdio.h>

#include "tongues.h"

enum { LONG_BYTES = 100000 };

/* A failing row's name, with the protocol's. */
static const char *row_of(const char *name, const struct tongue *tongue, bool is_stream)
{
    return textf("%s, %s%s", name, tongue->name, is_stream ? ", streamed" : "");
}

static bool says(const struct buf *got, const char *want)
{
    return str_eq(got->data, want ? want : "");
}

/* ---- what is said ---- */

static const struct said {
    const char *name, *message, *more; /* "reasons": the request lets the model reason */
    const char *text, *reasoning, *tool, *input;
    const char *stop[N_TONGUES];
} said[] = {
    // clang-format off
    {"an echo",          "hi there",                            "",        "You said: hi there", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"a text",           "[[text A \\\"B\\\" ]c]]]",            "",        "A \"B\" ]c]", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"words",            "[[words 3]]",                         "",        "so what do", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"letter by letter", "[[chunk 1]][[text Öl 水 🔥]]",         "",        "Öl 水 🔥", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"byte by byte",     "[[bytewise]][[text Öl 水 🔥]]",        "",        "Öl 水 🔥", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"with gaps",        "[[gap 1]][[words 9]]",                "",        "so what do you think happens to the light", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"nothing",          "[[empty]]",                           "",        "", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"cut by length",    "[[finish length]][[text A]]",         "",        "A", NULL, NULL, NULL, {"length", "max_tokens", "max_tokens"}},
    {"filtered",         "[[finish content_filter]][[text A]]", "",        "A", NULL, NULL, NULL, {"content_filter", "refusal", "content_filtered"}},
    {"another reason",   "[[finish pause_turn]][[text A]]",     "",        "A", NULL, NULL, NULL, {"pause_turn", "pause_turn", "pause_turn"}},
    {"a stop sequence",  "[[stop_sequence]][[text A]]",         "",        "A", NULL, NULL, NULL, {"stop", "stop_sequence", "stop_sequence"}},
    {"reasoning",        "[[reasoning Let me see, then.]][[text A]]", "reasons", "A", "Let me see, then.", NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"not asked to",     "[[reasoning Let me see.]][[text A]]", "",        "A", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"unasked",          "[[unasked_reasoning Hm]][[text A]]",  "",        "A", "Hm", NULL, NULL, {"stop", "end_turn", "end_turn"}},
    {"a tool",           "[[tool find {\\\"q\\\":[1,2]}]]",     "",        "", NULL, "find", "{\"q\":[1,2]}", {"tool_calls", "tool_use", "tool_use"}},
    {"thought, then a tool", "[[tool find {}]][[reasoning Hm]]", "reasons", "", "Hm", "find", "{}", {"tool_calls", "tool_use", "tool_use"}},
    {"pauses first",     "[[comments 300]][[text A]]",          "",        "A", NULL, NULL, NULL, {"stop", "end_turn", "end_turn"}},
    // clang-format on
};

static void expect_said(const struct said *row, size_t k, bool is_stream)
{
    const struct tongue *tongue = &tongues[k];
    const char *name = row_of(row->name, tongue, is_stream);
    const char *more = *row->more ? tongue->reasons : "";
    struct answer answer = say_all(tongue, is_stream, "m", fill(tongue->said, row->message, "", ""), more);
    struct told told = tongue->told(&answer);

    ROW_ASSERT(name, answer.status == 200 && answer.is_whole);
    ROW_ASSERT(name, told.is_valid && told.has_end && !*told.error);
    ROW_ASSERT(name, says(told.text, row->text));
    ROW_ASSERT(name, says(told.reasoning, row->reasoning));
    ROW_ASSERT(name, told.has_signature == (row->reasoning && k != OPENAI_TONGUE));
    ROW_ASSERT(name, says(told.input, row->input) && str_eq(told.tool, row->tool ? row->tool : ""));
    ROW_ASSERT(name, str_eq(told.stop, row->stop[k]));
    size_t len = told.text->len + told.reasoning->len + told.input->len;
    ROW_ASSERT(name, told.output_tokens == (int64_t)(len + 3) / 4);
}

static void test_said(void)
{
    for (size_t i = 0; i < LEN(said); i++)
        for (size_t k = 0; k < N_TONGUES; k++) {
            expect_said(&said[i], k, false);
            expect_said(&said[i], k, true);
        }
}

static void test_pieces(void)
{
    for (size_t k = 0; k < N_TONGUES; k++) {
        struct answer few = say(&tongues[k], true, "[[chunk 50]][[words 10]]");
        struct answer many = say(&tongues[k], true, "[[chunk 1]][[words 10]]");
        struct answer paused = say(&tongues[k], true, "[[comments 300]]x");

        ROW_ASSERT(tongues[k].name, tongues[k].told(&many).n_deltas - tongues[k].told(&few).n_deltas == 46);
        ROW_ASSERT(tongues[k].name, tongues[k].told(&paused).n_pings >= 300);
    }
}

static void test_one_long_line(void)
{
    for (size_t k = 0; k < N_TONGUES * 2; k++) {
        struct answer answer = say(&tongues[k / 2], k % 2, textf("[[bigline %d]][[text end]]", LONG_BYTES));
        struct told told = tongues[k / 2].told(&answer);

        ROW_ASSERT(row_of("long", &tongues[k / 2], k % 2), told.is_valid && told.has_end);
        ROW_ASSERT(row_of("long", &tongues[k / 2], k % 2), told.text->len == LONG_BYTES + 3);
    }
}

/* ---- structured answers ---- */

static const char SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{\"objectives\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"properties\":{\"number\":{\"type\":\"integer\",\"enum\":[1,2]},\"status\":{\"type\":\"string\"}}}}}}";

/* What the student said last is in the data that comes with the request, and says what is covered. */
static const char *data_saying(const char *text)
{
    return textf("{\\\"messages\\\":[{\\\"number\\\":1,\\\"role\\\":\\\"student\\\",\\\"text\\\":\\\"%s\\\"}]}", text);
}

static struct told structured(const struct tongue *tongue, bool is_stream, const char *form, const char *said_last)
{
    struct answer answer = say_all(tongue, is_stream, "m", fill(tongue->said, data_saying(said_last), "", ""),
                                   fill(tongue->must_fit, form, SCHEMA, ""));

    return tongue->told(&answer);
}

static void test_structured(void)
{
    static const struct {
        const char *name, *form, *text, *want;
    } rows[] = {
        {"by covers", "assessment", "[[covers 2]]",
         "{\"objectives\":[{\"number\":1,\"status\":\"\"},{\"number\":2,\"status\":\"covered\"}]}"},
        {"by a text", "assessment", "[[text no]][[assess:text {}]]", "{}"},
        {"of another task", "evaluation", "[[assess:text {}]][[covers 9]]",
         "{\"objectives\":[{\"number\":1,\"status\":\"\"},{\"number\":2,\"status\":\"\"}]}"},
    };

    for (size_t i = 0; i < LEN(rows) * N_TONGUES * 2; i++) {
        size_t r = i / N_TONGUES / 2, k = i / 2 % N_TONGUES;
        const char *name = row_of(rows[r].name, &tongues[k], i % 2);
        struct told told = structured(&tongues[k], i % 2, rows[r].form, rows[r].text);

        ROW_ASSERT(name, told.is_valid && told.has_end);
        ROW_ASSERT(name, says(k == OPENAI_TONGUE ? told.text : told.input, rows[r].want));
        ROW_ASSERT(name, str_eq(told.tool, k == OPENAI_TONGUE ? "" : rows[r].form));
    }
}

/* ---- tools ---- */

static const char *const with_result[N_TONGUES] = {
    "{\"role\":\"user\",\"content\":\"[[tool find {}]]$1\"},"
    "{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":{\"name\":\"find\","
    "\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"$2\",\"content\":\"42\"}",
    "{\"role\":\"user\",\"content\":\"[[tool find {}]]$1\"},"
    "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"find\",\"input\":{}}]},"
    "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"$2\",\"content\":\"42\"}]}",
    "{\"role\":\"user\",\"content\":[{\"text\":\"[[tool find {}]]$1\"}]},"
    "{\"role\":\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"c\",\"name\":\"find\",\"input\":{}}}]},"
    "{\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"$2\",\"content\":[{\"text\":\"42\"}]}}]}",
};

/* The call and the id that the result names. */
static struct answer go_on(const struct tongue *tongue, const char *text, const char *id, bool has_tools)
{
    return say_all(tongue, true, "m", fill(with_result[tongue - tongues], text, id, ""),
                   has_tools ? fill(tongue->offers, "find", "", "") : "");
}

static void test_tool_results(void)
{
    for (size_t k = 0; k < N_TONGUES; k++) {
        const struct tongue *tongue = &tongues[k];
        struct answer plain = go_on(tongue, "", "c", true), told = go_on(tongue, "[[text So]]", "c", true);
        long refused = k == OPENAI_TONGUE ? 200 : 400;

        ROW_ASSERT(tongue->name, says(tongue->told(&plain).text, "The tool said: 42"));
        ROW_ASSERT(tongue->name, says(tongue->told(&told).text, "So") && !*tongue->told(&told).tool);
        ROW_ASSERT(tongue->name, go_on(tongue, "", "d", true).status == refused);
        ROW_ASSERT(tongue->name, go_on(tongue, "", "c", false).status == refused);
    }
}

/* ---- faults ---- */

static const struct fault {
    const char *name, *message;
    bool is_cut, is_invalid, is_endless; /* endless: without its last event */
} faults[] = {
    // clang-format off
    {"cut",                 "[[cut 2]][[words 9]]",       .is_cut = true,  .is_endless = true},
    {"reset",               "[[reset 2]][[words 9]]",     .is_cut = true,  .is_endless = true},
    {"cut in its thoughts", "[[cut 1]][[unasked_reasoning 123456789]]x", .is_cut = true, .is_endless = true},
    {"broken JSON",         "[[badjson 2]][[words 9]]",   .is_invalid = true},
    {"not UTF-8",           "[[badutf8 2]][[words 9]]",   .is_invalid = true},
    {"no end",              "[[nodone]][[words 9]]",      .is_endless = true},
    {"a first try only",    "[[cut 1]][[times 1]]$1",     .is_cut = true,  .is_endless = true},
    {"a second try",        "[[cut 1]][[times 1]]$1", .is_cut = false},
    // clang-format on
};

static void test_faults(void)
{
    for (size_t i = 0; i < LEN(faults) * N_TONGUES; i++) {
        const struct fault *fault = &faults[i / N_TONGUES];
        const struct tongue *tongue = &tongues[i % N_TONGUES];
        const char *name = row_of(fault->name, tongue, true);
        struct answer answer = say(tongue, true, fill(fault->message, tongue->name, "", ""));
        struct told told = tongue->told(&answer);

        ROW_ASSERT(name, answer.status == 200 && answer.is_whole == !fault->is_cut);
        ROW_ASSERT(name, told.is_valid == !fault->is_invalid);
        ROW_ASSERT(name, fault->is_invalid || told.has_end == !fault->is_endless);
        ROW_ASSERT(name, !fault->is_endless || !*told.stop);
        answer = say(tongue, false, fill(fault->message, tongue->name, " as one", ""));
        ROW_ASSERT(name, strstr(fault->message, "times") || !tongue->told(&answer).is_valid ||
                             !tongue->told(&answer).has_end);
    }
}

static void test_errors_within(void)
{
    static const struct {
        const char *message, *want[N_TONGUES];
    } rows[] = {
        {"[[error_event]][[words 9]]", {"server_error", "overloaded_error", "modelStreamErrorException"}},
        {"[[error_event throttlingException]]x", {"throttlingException", "throttlingException", "throttlingException"}},
        {"[[error_event error]]x", {"error", "error", "InternalFailure"}},
    };

    for (size_t i = 0; i < LEN(rows) * N_TONGUES; i++) {
        const struct tongue *tongue = &tongues[i % N_TONGUES];
        struct answer answer = say(tongue, true, rows[i / N_TONGUES].message);
        struct told told = tongue->told(&answer);

        ROW_ASSERT(tongue->name, answer.is_whole && told.is_valid && !told.has_end && told.n_deltas >= 2);
        ROW_ASSERT(tongue->name, str_eq(told.error, rows[i / N_TONGUES].want[i % N_TONGUES]));
        ROW_ASSERT(tongue->name, say(tongue, false, rows[i / N_TONGUES].message).status == 500);
    }
}

static void test_silence(void)
{
    for (size_t k = 0; k < N_TONGUES; k++) {
        const struct tongue *tongue = &tongues[k];
        struct answer answer =
            ASK(.path = fill(tongue->path[true], "m", "", ""), .limit_ms = 300,
                .body = fill(tongue->body[true], "m", fill(tongue->said, "[[hang 1]][[words 9]]", "", ""), ""),
                .headers = {tongue->headers[0], tongue->headers[1]});

        ROW_ASSERT(tongue->name, answer.is_late && answer.status == 200 && answer.len > 0);
    }
}

/* ---- refusals ---- */

static void test_statuses(void)
{
    static const struct {
        const char *message;
        long status;
        const char *type[N_TONGUES];
    } rows[] = {
        {"[[status 400]]", 400, {"scripted_error", "invalid_request_error", "ValidationException"}},
        {"[[status 403]]", 403, {"scripted_error", "permission_error", "AccessDeniedException"}},
        {"[[status 429]]", 429, {"scripted_error", "rate_limit_error", "ThrottlingException"}},
        {"[[status 500]]", 500, {"scripted_error", "api_error", "InternalServerException"}},
        {"[[status 503]]", 503, {"scripted_error", "api_error", "ServiceUnavailableException"}},
        {"[[status 529]]", 529, {"scripted_error", "overloaded_error", "InternalServerException"}},
    };

    for (size_t i = 0; i < LEN(rows) * N_TONGUES * 2; i++) {
        const struct tongue *tongue = &tongues[i / 2 % N_TONGUES];
        const char *name = row_of(rows[i / N_TONGUES / 2].message, tongue, i % 2);
        struct answer answer = say(tongue, i % 2, textf("[[retry-after 7]]%s", rows[i / N_TONGUES / 2].message));

        ROW_ASSERT(name, answer.status == rows[i / N_TONGUES / 2].status);
        ROW_ASSERT(name, str_eq(tongue->told(&answer).error, rows[i / N_TONGUES / 2].type[i / 2 % N_TONGUES]));
        ROW_ASSERT(name, str_eq(answer_header(&answer, "Retry-After"), "7"));
    }
}

static void test_other_answers(void)
{
    for (size_t k = 0; k < N_TONGUES; k++) {
        struct answer page = say(&tongues[k], true, "[[html]]"), none = say(&tongues[k], true, "[[refuse]]");
        struct answer packed = say(&tongues[k], true, "[[gzip 1]]");

        ROW_ASSERT(tongues[k].name, page.status == 200 && strstr(page.body, "<html>"));
        ROW_ASSERT(tongues[k].name, none.status == 0 && !none.is_whole);
        ROW_ASSERT(tongues[k].name, str_eq(answer_header(&packed, "Content-Encoding"), "gzip") && !packed.is_whole);
    }
}

/* Whatever the message, so that the next model can be tried with the same one. */
static void test_models(void)
{
    static const struct {
        const char *model;
        long status[N_TONGUES];
    } rows[] = {{"down-a", {503, 503, 503}},
                {"limited-a", {429, 429, 429}},
                {"denied-a", {401, 401, 403}},
                {"unknown-a", {404, 404, 404}},
                {"a-down-a", {200, 200, 200}}};

    for (size_t i = 0; i < LEN(rows) * N_TONGUES; i++) {
        const struct tongue *tongue = &tongues[i % N_TONGUES];
        const char *model = rows[i / N_TONGUES].model;
        struct answer answer = say_all(tongue, true, model, fill(tongue->said, "[[times 0]]hi", "", ""), "");

        ROW_ASSERT(row_of(model, tongue, true), answer.status == rows[i / N_TONGUES].status[i % N_TONGUES]);
        ROW_ASSERT(row_of(model, tongue, true),
                   answer.status != 429 || str_eq(answer_header(&answer, "Retry-After"), "1"));
    }
}

static void test_slow_models(void)
{
    for (size_t k = 0; k < N_TONGUES; k++) {
        const struct tongue *tongue = &tongues[k];
        struct answer answer = ASK(.path = fill(tongue->path[true], "slow-a", "", ""), .limit_ms = 300,
                                   .body = fill(tongue->body[true], "slow-a", fill(tongue->said, "hi", "", ""), ""),
                                   .headers = {tongue->headers[0], tongue->headers[1]});

        ROW_ASSERT(tongue->name, answer.is_late && answer.status == 0);
    }
}

SUITE(protocols, {"what is said", test_said}, {"pieces", test_pieces}, {"one long line", test_one_long_line},
      {"structured answers", test_structured}, {"results of tools", test_tool_results}, {"faults", test_faults},
      {"errors within a stream", test_errors_within}, {"silence", test_silence}, {"statuses", test_statuses},
      {"other answers", test_other_answers}, {"models that fail", test_models}, {"slow models", test_slow_models});
