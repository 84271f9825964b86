/* What becomes of the pieces of an answer: handed out, put together, and left out. No server is needed. */
#include "model.h"

#include "llm/call.h"

enum { MAX_PIECES = 6 };

static const struct config_model MODEL_CONFIG = {.name = "m", .id = "m", .max_tokens = 10};
static const struct llm_model MODEL = {
    .config = &MODEL_CONFIG, .provider = &llm_provider_openai, .abilities = LLM_CAN_FOLLOW};
static const struct config_llm LIMITS = {.total_timeout_ms = 1000, .tries = 1, .reply_max_bytes = 1000};

/* A call whose try is under way. */
static struct llm_call *open_call(const struct llm_ask *ask, struct outcome *outcome)
{
    struct llm_call *call = llm_call_create(&LIMITS, outcome->ctx, ask);

    CU_ASSERT_PTR_NOT_NULL_FATAL(call);
    call->scratch = outcome->ctx;
    call->chain = (struct llm_chain){{&MODEL}, 1};
    call->model = &MODEL;
    call->on_text = model_on_text;
    call->on_done = model_on_done;
    call->user = outcome;
    call->tries = 1;
    llm_call_count_try(call);
    return call;
}

static struct llm_piece text_piece(enum llm_part_kind kind, const char *text)
{
    return (struct llm_piece){.kind = kind, .text = text, .len = strlen(text)};
}

static struct llm_piece signs(const char *signature)
{
    struct llm_piece piece = text_piece(LLM_REASONING, "");

    piece.signature = signature;
    return piece;
}

#define SAYS(what)   text_piece(LLM_TEXT, what)
#define THINKS(what) text_piece(LLM_REASONING, what)

static struct llm_piece calls(size_t index, const char *id, const char *name, const char *input)
{
    struct llm_piece piece = text_piece(LLM_TOOL_CALL, input);

    piece.index = index;
    piece.id = id;
    piece.name = name;
    return piece;
}

/* The pieces come one by one, the last with stop. */
static void run_pieces(const struct llm_ask *ask, const struct llm_piece *pieces, size_t n, enum llm_stop stop,
                       struct outcome *outcome)
{
    struct llm_call *call = open_call(ask, outcome);

    for (size_t i = 0; i < n && !call->try.failure; i++) {
        struct llm_piece piece = pieces[i];

        llm_call_delta(call, &(struct llm_delta){.first = &piece, .last = &piece});
    }
    if (!call->try.failure)
        llm_call_delta(call, &(struct llm_delta){.stopped = true, .stop = stop});
    llm_call_finish(call, llm_call_judge_reply(call));
    llm_call_free(call);
}

/* ---- structured answers ---- */

/* A structured answer is the tool's input, or the text where no tool is called; it is not shown before its end. */
static void test_structured(void)
{
    const struct {
        const char *name;
        struct llm_piece pieces[MAX_PIECES];
        size_t n;
        enum llm_stop stop;
        enum cq_status want;
        const char *text;
    } rows[] = {
        // clang-format off
        {"as text", {SAYS("{\"a\""), SAYS(":1}")}, 2, LLM_STOP_END, CQ_OK, "{\"a\":1}"},
        {"as a tool's input", {calls(1, "t", "reply", ""), calls(1, NULL, NULL, "{\"a\""), calls(1, NULL, NULL, ":1}")},
         3, LLM_STOP_TOOL, CQ_OK, "{\"a\":1}"},
        {"prose before it", {SAYS("I shall call the tool."), calls(1, "t", "reply", "{}")}, 2, LLM_STOP_TOOL, CQ_OK, "{}"},
        {"prose behind it", {calls(0, "t", "reply", "{}"), SAYS("There you are.")}, 2, LLM_STOP_TOOL, CQ_OK, "{}"},
        {"a second one", {calls(0, "t", "reply", "{}"), calls(1, "u", "reply", "{\"b\":2}")}, 2, LLM_STOP_TOOL, CQ_OK, "{}"},
        {"prose and no input", {SAYS("I shall call the tool."), calls(1, "t", "reply", "")}, 2, LLM_STOP_TOOL,
         CQ_MODEL_NO_RESPONSE, ""},
        {"nothing", {SAYS(" ")}, 1, LLM_STOP_END, CQ_MODEL_NO_RESPONSE, ""},
        {"filtered", {SAYS("{}")}, 1, LLM_STOP_FILTERED, CQ_CONTENT_FILTERED, ""},
        // clang-format on
    };
    struct llm_ask ask = MODEL_ASK;

    ask.schema = "{}";
    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = model_outcome();

        run_pieces(&ask, rows[i].pieces, rows[i].n, rows[i].stop, &got);
        ROW_ASSERT(rows[i].name, got.st == rows[i].want && str_eq(got.text.data, rows[i].text));
        ROW_ASSERT(rows[i].name, got.st || (got.same_text && got.reply.n_tool_calls == 0 && got.n_text == 1));
        ROW_ASSERT(rows[i].name, got.st || got.reply.stop == LLM_STOP_END);
        buf_release(&got.text);
    }
}

/* A model that was only told of the schema likes to put something around its answer; another one means what it says. */
static void test_unwrapped(void)
{
    // clang-format off
    static const struct {
        const char *said, *told;
    } rows[] = {
        {"{\"a\":1}",                                         "{\"a\":1}"},
        {"```json\n{\"a\":{\"b\":1}}\n```",                   "{\"a\":{\"b\":1}}"},
        {"Here it is: {}. I hope that helps.",                "{}"},
        {"No.",                                               "No."},
        {"} {",                                               "} {"},
    };
    // clang-format on
    static const struct llm_model told = {.config = &MODEL_CONFIG, .provider = &llm_provider_openai};
    struct llm_ask ask = MODEL_ASK;

    ask.schema = "{}";
    for (size_t i = 0; i < LEN(rows); i++)
        for (size_t k = 0; k < 2; k++) {
            struct outcome got = model_outcome();
            struct llm_call *call = open_call(&ask, &got);

            call->model = k ? &told : &MODEL;
            llm_call_text(call, rows[i].said, strlen(rows[i].said));
            llm_call_finish(call, llm_call_judge_reply(call));
            ROW_ASSERT(rows[i].said, got.same_text && str_eq(got.text.data, k ? rows[i].told : rows[i].said));
            llm_call_free(call);
            buf_release(&got.text);
        }
}

/* ---- tool calls ---- */

static const struct llm_tool TOOL = {"find", "Finds", "{}"};

/* However a server tells them apart, each call has an id, its tool's name and a whole input. */
static void test_tools(void)
{
    const struct {
        const char *name;
        struct llm_piece pieces[MAX_PIECES];
        size_t n;
        enum llm_stop stop;
        enum cq_status want;
        const char *tools;
        enum llm_stop want_stop;
    } rows[] = {
        // clang-format off
        {"in pieces", {calls(0, "t", "find", ""), calls(0, NULL, NULL, "{\"a\""), calls(0, NULL, NULL, ":1}")}, 3,
         LLM_STOP_TOOL, CQ_OK, "t find {\"a\":1};", LLM_STOP_TOOL},
        {"without input", {calls(0, "t", "find", "")}, 1, LLM_STOP_TOOL, CQ_OK, "t find {};", LLM_STOP_TOOL},
        {"two, told by index", {calls(0, "t", "find", ""), calls(1, "u", "find", ""), calls(0, NULL, NULL, "{\"a\":1}"),
         calls(1, NULL, NULL, "{}")}, 4, LLM_STOP_TOOL, CQ_OK, "t find {\"a\":1};u find {};", LLM_STOP_TOOL},
        {"two, told by id", {calls(0, "t", "find", "{\"a\":1}"), calls(0, "u", "find", "{}")}, 2,
         LLM_STOP_TOOL, CQ_OK, "t find {\"a\":1};u find {};", LLM_STOP_TOOL},
        {"id and name with each piece", {calls(0, "t", "find", "{"), calls(0, "t", "find", "}")}, 2,
         LLM_STOP_TOOL, CQ_OK, "t find {};", LLM_STOP_TOOL},
        {"no ids", {calls(0, "", "find", "{"), calls(0, "", NULL, "}"), calls(1, "", "find", "{}")}, 3,
         LLM_STOP_TOOL, CQ_OK, "call_0 find {};call_1 find {};", LLM_STOP_TOOL},
        {"the end, as some say", {calls(0, "t", "find", "{}")}, 1, LLM_STOP_END, CQ_OK, "t find {};", LLM_STOP_TOOL},
        {"a tool, but none is called", {SAYS("a")}, 1, LLM_STOP_TOOL, CQ_OK, "", LLM_STOP_END},
        {"more of what never began", {SAYS("a"), calls(7, NULL, NULL, "{\"a\"")}, 2, LLM_STOP_END, CQ_OK, "", LLM_STOP_END},
        {"no JSON", {calls(0, "t", "find", "{\"a\"")}, 1, LLM_STOP_TOOL, CQ_MODEL_INVALID_RESPONSE, "", 0},
        {"no object", {calls(0, "t", "find", "[1]")}, 1, LLM_STOP_TOOL, CQ_MODEL_INVALID_RESPONSE, "", 0},
        {"cut by the limit", {SAYS("a"), calls(0, "t", "find", "{}"), calls(1, "u", "find", "{\"a\"")}, 3,
         LLM_STOP_LENGTH, CQ_OK, "t find {};", LLM_STOP_LENGTH},
        {"cut by the limit, nothing else", {calls(0, "t", "find", "{\"a\"")}, 1, LLM_STOP_LENGTH, CQ_MODEL_NO_RESPONSE, "", 0},
        // clang-format on
    };
    struct llm_ask ask = MODEL_ASK;

    ask.tools = &TOOL;
    ask.n_tools = 1;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = model_outcome();

        run_pieces(&ask, rows[i].pieces, rows[i].n, rows[i].stop, &got);
        ROW_ASSERT(rows[i].name, got.st == rows[i].want && str_eq(got.tools, rows[i].tools));
        ROW_ASSERT(rows[i].name, got.st || got.reply.stop == rows[i].want_stop);
        buf_release(&got.text);
    }
}

/* A model that calls what it was not given has said nothing by that. */
static void test_unasked_tools(void)
{
    const struct llm_piece pieces[] = {calls(0, "t", "find", "{}"), SAYS("a")};
    struct outcome alone = model_outcome(), beside = model_outcome();

    run_pieces(&MODEL_ASK, pieces, 1, LLM_STOP_TOOL, &alone);
    run_pieces(&MODEL_ASK, pieces, 2, LLM_STOP_TOOL, &beside);
    CU_ASSERT_EQUAL(alone.st, CQ_MODEL_NO_RESPONSE);
    CU_ASSERT(beside.st == CQ_OK && beside.reply.n_tool_calls == 0 && beside.reply.stop == LLM_STOP_END);
    buf_release(&alone.text);
    buf_release(&beside.text);
}

static void test_too_many_tools(void)
{
    struct llm_piece pieces[LLM_MAX_TOOL_CALLS + 1];
    struct llm_ask ask = MODEL_ASK;

    ask.tools = &TOOL;
    ask.n_tools = 1;
    for (size_t i = 0; i < LEN(pieces); i++)
        pieces[i] = calls(i, "", "find", "{}");
    for (size_t n = LLM_MAX_TOOL_CALLS; n <= LEN(pieces); n++) {
        struct outcome got = model_outcome();

        run_pieces(&ask, pieces, n, LLM_STOP_TOOL, &got);
        CU_ASSERT_EQUAL(got.st, n <= LLM_MAX_TOOL_CALLS ? CQ_OK : CQ_MODEL_INVALID_RESPONSE);
        buf_release(&got.text);
    }
}

/* A call that is stopped in the middle asks for no tool: what it would have said of it may be half of it. */
static void test_stopped(void)
{
    struct llm_piece pieces[] = {SAYS("a"), calls(0, "t", "find", "{\"a\"")};
    struct outcome got = model_outcome();
    struct llm_ask ask = MODEL_ASK;

    ask.tools = &TOOL;
    ask.n_tools = 1;
    struct llm_call *call = open_call(&ask, &got);
    for (size_t i = 0; i < LEN(pieces); i++)
        llm_call_delta(call, &(struct llm_delta){.first = &pieces[i], .last = &pieces[i]});
    llm_stop(call);
    llm_call_finish(call, llm_call_judge_stopped(call));
    CU_ASSERT(got.st == CQ_OK && got.same_text && got.reply.n_tool_calls == 0 && got.reply.stop == LLM_STOP_ASKED);
    llm_call_free(call);
    buf_release(&got.text);
}

/* ---- reasoning ---- */

static void test_reasoning(void)
{
    const struct {
        const char *name;
        uint32_t reasoning_tokens;
        struct llm_piece pieces[MAX_PIECES];
        size_t n;
        const char *reasoning, *signature;
    } rows[] = {
        // clang-format off
        {"wanted",            1024, {THINKS("so"), THINKS(" it is"), signs("s1"), SAYS("a")}, 4, "so it is", "s1"},
        {"not wanted",        0,    {THINKS("so"), signs("s1"), SAYS("a")},                   3, "",         ""},
        {"not signed",        1024, {THINKS("so"), SAYS("a")},                                2, "so",       ""},
        {"signed, not shown", 1024, {signs("s1"), SAYS("a")},                                 2, "",         "s1"},
        {"two thoughts",      1024, {THINKS("so"), signs("s1"), THINKS(", and so"), signs("s2"), SAYS("a")}, 5, "so, and so", ""},
        // clang-format on
    };
    struct llm_ask ask = MODEL_ASK;

    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = model_outcome();

        ask.reasoning_tokens = rows[i].reasoning_tokens;
        run_pieces(&ask, rows[i].pieces, rows[i].n, LLM_STOP_END, &got);
        ROW_ASSERT(rows[i].name, got.st == CQ_OK && got.same_text && str_eq(got.text.data, "a"));
        ROW_ASSERT(rows[i].name, str_eq(got.reasoning, rows[i].reasoning) && str_eq(got.signature, rows[i].signature));
        buf_release(&got.text);
    }
}

/* ---- what it cost ---- */

/* What the provider says counts; where it says nothing, or was broken off before it did, what came is estimated. */
static void test_estimates(void)
{
    const struct {
        const char *name;
        struct llm_piece piece;
        struct llm_usage said;
        enum cq_status st;
        struct llm_usage want;
    } rows[] = {
        // clang-format off
        {"said",                   SAYS("eight tokens or so, that is"), {7, 3, 2, 1}, CQ_OK,                    {7, 3, 2, 1}},
        {"not said",               SAYS("abcdefghijkl"),                {0},          CQ_OK,                    {6, 4, 0, 0}},
        {"not said, a thought",    THINKS("abcdefghijkl"),              {0},          CQ_OK,                    {6, 4, 0, 0}},
        {"not said, a tool call",  calls(0, "t", "findit", "abcdef"),   {0},          CQ_OK,                    {6, 4, 0, 0}},
        {"input from the cache",   SAYS("abcdefghijkl"),                {0, 0, 9, 0}, CQ_OK,                    {0, 4, 9, 0}},
        {"broken off",             SAYS("abcdefghijkl"),                {7, 1, 0, 0}, CQ_MODEL_TIMEOUT,         {7, 4, 0, 0}},
        {"broken off at once",     SAYS(""),                            {0},          CQ_MODEL_UNAVAILABLE,     {0}},
        // clang-format on
    };
    struct llm_ask ask = MODEL_ASK;

    ask.tools = &TOOL;
    ask.n_tools = 1;
    ask.reasoning_tokens = 1024;
    for (size_t i = 0; i < LEN(rows); i++) {
        struct outcome got = model_outcome();
        struct llm_call *call = open_call(&ask, &got);
        struct llm_piece piece = rows[i].piece;

        llm_call_delta(call, &(struct llm_delta){.first = &piece, .last = &piece, .usage = rows[i].said});
        llm_call_count(call, rows[i].st);
        ROW_ASSERT(rows[i].name, memcmp(&call->cost.spent[0].usage, &rows[i].want, sizeof(rows[i].want)) == 0);
        llm_call_free(call);
        buf_release(&got.text);
    }
}

/* What a stopped call has cost includes what was not shown: all of a structured answer, and a tool's input. */
static void test_stopped_cost(void)
{
    struct llm_piece pieces[] = {SAYS("abcdefghijkl"), calls(0, "t", "findit", "abcdef")};

    for (size_t i = 0; i < LEN(pieces); i++) {
        struct outcome got = model_outcome();
        struct llm_ask ask = MODEL_ASK;

        ask.schema = i ? NULL : "{}";
        ask.tools = &TOOL;
        ask.n_tools = 1;
        struct llm_call *call = open_call(&ask, &got);
        call->is_trying = true;
        llm_call_delta(call, &(struct llm_delta){.first = &pieces[i], .last = &pieces[i]});
        llm_stop(call);
        CU_ASSERT(!llm_call_retry(call, llm_call_judge_stopped(call), clock_mono_ms()));
        CU_ASSERT_EQUAL(call->cost.spent[0].usage.output, 4);
        llm_call_free(call);
        buf_release(&got.text);
    }
}

/* A stream that is over before it says why was cut, unless the protocol leaves the reason to the server. */
static void test_end_without_reason(void)
{
    static const struct {
        const struct llm_provider *provider;
        enum cq_status want;
    } rows[] = {{&llm_provider_openai, CQ_OK},
                {&llm_provider_anthropic, CQ_MODEL_INVALID_RESPONSE},
                {&llm_provider_bedrock, CQ_MODEL_INVALID_RESPONSE}};

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct llm_model model = {.config = &MODEL_CONFIG, .provider = rows[i].provider};
        struct outcome got = model_outcome();
        struct llm_call *call = open_call(&MODEL_ASK, &got);
        struct llm_piece piece = SAYS("Hel");

        call->model = &model;
        llm_call_delta(call, &(struct llm_delta){.first = &piece, .last = &piece});
        llm_call_delta(call, &(struct llm_delta){.done = true});
        ROW_ASSERT(rows[i].provider->name, llm_call_judge_reply(call) == rows[i].want);
        llm_call_free(call);
        buf_release(&got.text);
    }
}

SUITE(answer, {"structured answers", test_structured}, {"structured answers of a model that was told", test_unwrapped},
      {"tool calls", test_tools}, {"tool calls that nobody asked for", test_unasked_tools},
      {"too many tool calls", test_too_many_tools}, {"tool calls of a stopped call", test_stopped},
      {"reasoning", test_reasoning}, {"what nobody says is estimated", test_estimates},
      {"what a stopped call has cost", test_stopped_cost}, {"an end without a reason", test_end_without_reason});
