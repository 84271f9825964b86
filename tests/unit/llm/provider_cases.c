/*
 * What every provider that is asked over HTTP must do, from a socket to the reply: one table of cases, played by each
 * of the fixtures.
 */
#include <stdio.h>

#include "fixture.h"
#include "model.h"

static const struct fixture *const fixtures[] = {
    &fixture_openai,
    &fixture_anthropic,
    &fixture_bedrock,
};

enum { BODY_MAX_BYTES = 1 << 20 };

/* ---- asking ---- */

/* A server that plays one answer, or two, and what a call of it came to. */
struct play {
    const struct fixture *fixture;
    struct buf http; /* the first answer */
    struct answer answers[3];
    char base_url[BASE_URL_BYTES];
    struct config config;
    struct server server;
    struct outcome got;
};

static void play_open(struct play *play, const struct fixture *fixture)
{
    *play = (struct play){.fixture = fixture, .got = model_outcome()};
    buf_init(&play->http, BODY_MAX_BYTES);
    play->config = model_config(play->base_url, 0);
    play->config.models->provider = fixture->provider;
    play->config.models->abilities = "images, tools, schema, reasoning";
    play->config.models->max_tokens = 4096;
    if (fixture->configure)
        fixture->configure(play->config.models);
}

static void put_head(struct buf *out, const char *status, const char *type)
{
    buf_printf(out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nConnection: close\r\n\r\n", status, type);
}

/* Ask it, once its answers are there. */
static void play_run(struct play *play)
{
    play->answers[0].text = play->http.data;
    play->answers[0].n_bytes = play->http.len;
    model_start(&play->server, play->answers);
    snprintf(play->base_url, BASE_URL_BYTES, "http://127.0.0.1:%u%s", play->server.port, play->fixture->base_path);
    model_ask(&play->config, &play->got);
    model_stop(&play->server);
}

static void play_close(struct play *play)
{
    buf_release(&play->http);
    buf_release(&play->got.text);
}

/* The provider's name and the row's, for a failure's line. */
static const char *label(const struct fixture *fixture, const char *row)
{
    static char text[200];

    snprintf(text, sizeof(text), "%s: %s", fixture->provider, row);
    return text;
}

/* ---- replies ---- */

static const struct llm_tool TOOLS[] = {{"find", "Finds", "{\"type\":\"object\"}"}};

struct reply_case {
    const char *name;
    struct fixture_reply reply;
    uint32_t reasoning_tokens;
    bool has_tools; /* are given to it */
    enum cq_status want;
    const char *text, *reasoning, *tools;
    struct llm_usage usage; /* 0: not looked at */
};

static const struct reply_case reply_cases[] = {
    {.name = "a plain reply", .reply = {.text = {"Hello"}}, .text = "Hello"},
    {.name = "many pieces",
     .reply = {.text = {"H", "ä", "l", "lo ", "👋", "🏽", "\n", "水", "は ", "e\u0301", "\"\\\t", "."}},
     .text = "Hällo 👋🏽\n水は e\u0301\"\\\t."},
    {.name = "white space around it", .reply = {.text = {" ", "\n", "a", " "}}, .text = " \na "},
    {.name = "nothing", .want = CQ_MODEL_NO_RESPONSE},
    {.name = "nothing but white space", .reply = {.text = {" \n", "\t"}}, .want = CQ_MODEL_NO_RESPONSE},
    {.name = "the limit", .reply = {.text = {"Hel"}, .stop = LLM_STOP_LENGTH}, .text = "Hel"},
    {.name = "filtered", .reply = {.stop = LLM_STOP_FILTERED}, .want = CQ_CONTENT_FILTERED},
    {.name = "filtered in the middle",
     .reply = {.text = {"Hel"}, .stop = LLM_STOP_FILTERED},
     .want = CQ_CONTENT_FILTERED},
    {.name = "a stop sequence",
     .reply = {.text = {"Hel"}, .stop = LLM_STOP_SEQUENCE, .stop_sequence = "lo"},
     .text = "Hel"},
    {.name = "a tool call",
     .reply = {.tools = {{"t1", "find", {"{\"q\"", ":\"ä", "\"}"}}}, .stop = LLM_STOP_TOOL},
     .has_tools = true,
     .tools = "t1 find {\"q\":\"ä\"};"},
    {.name = "two tool calls and a word",
     .reply = {.text = {"Well."},
               .tools = {{"t1", "find", {"{\"q\":", "1}"}}, {"t2", "find", {NULL}}},
               .stop = LLM_STOP_TOOL},
     .has_tools = true,
     .text = "Well.",
     .tools = "t1 find {\"q\":1};t2 find {};"},
    {.name = "reasoning that is wanted",
     .reply = {.reasoning = {"so ", "ä"}, .signature = "c2ln", .text = {"Hel", "lo"}},
     .reasoning_tokens = 1024,
     .text = "Hello",
     .reasoning = "so ä"},
    {.name = "reasoning that is not wanted",
     .reply = {.reasoning = {"so ", "ä"}, .signature = "c2ln", .text = {"Hel", "lo"}},
     .text = "Hello"},
    {.name = "reasoning and nothing else",
     .reply = {.reasoning = {"so"}, .signature = "c2ln"},
     .reasoning_tokens = 1024,
     .want = CQ_MODEL_NO_RESPONSE,
     .reasoning = "so"},
    {.name = "a structured answer",
     .reply = {.text = {"{\"a\"", ":\"ä", "\"}"}, .is_structured = true},
     .text = "{\"a\":\"ä\"}"},
    {.name = "usage",
     .reply = {.text = {"Hello"}, .usage = {.input = 12, .output = 5, .cache_read = 7}},
     .text = "Hello",
     .usage = {.input = 12, .output = 5, .cache_read = 7}},
    {.name = "usage of a cache that was filled",
     .reply = {.text = {"Hello"}, .usage = {.input = 1, .output = 5, .cache_write = 900}},
     .text = "Hello",
     .usage = {.input = 1, .output = 5, .cache_write = 900}},
};

static void check_reply(const struct play *play, const struct reply_case *row)
{
    const struct outcome *got = &play->got;
    const char *name = label(play->fixture, row->name), *said = row->text ? row->text : "";
    bool is_signed = play->fixture->has_signatures && row->reasoning && row->reply.signature;

    ROW_ASSERT(name, got->st == row->want);
    ROW_ASSERT(name, row->want || (got->same_text && str_eq(got->text.data, said)));
    ROW_ASSERT(name, str_eq(got->reasoning, row->reasoning ? row->reasoning : ""));
    if (got->st)
        return;
    ROW_ASSERT(name, got->reply.stop == row->reply.stop);
    ROW_ASSERT(name, str_eq(got->signature, is_signed ? row->reply.signature : ""));
    ROW_ASSERT(name, str_eq(got->tools, row->tools ? row->tools : ""));
    ROW_ASSERT(name, !row->usage.input || memcmp(&got->all.usage, &row->usage, sizeof(row->usage)) == 0);
}

static void play_reply(const struct fixture *fixture, const struct reply_case *row, bool is_stream)
{
    struct llm_ask ask = MODEL_ASK;
    struct play play;

    ask.reasoning_tokens = row->reasoning_tokens;
    ask.schema = row->reply.is_structured ? "{\"type\":\"object\"}" : NULL;
    ask.tools = TOOLS;
    ask.n_tools = row->has_tools ? LEN(TOOLS) : 0;
    play_open(&play, fixture);
    play.got.ask = &ask;
    play.config.llm.tries = 1;
    put_head(&play.http, "200 OK", is_stream ? fixture->stream_type : "application/json");
    (is_stream ? fixture->stream : fixture->whole)(&play.http, &row->reply);
    play_run(&play);
    check_reply(&play, row);
    play_close(&play);
}

static void test_replies(void)
{
    for (size_t i = 0; i < LEN(fixtures); i++)
        for (size_t k = 0; k < LEN(reply_cases); k++) {
            if (reply_cases[k].usage.cache_write && !fixtures[i]->has_cache_write)
                continue;
            play_reply(fixtures[i], &reply_cases[k], true);
            if (fixtures[i]->whole)
                play_reply(fixtures[i], &reply_cases[k], false);
        }
}

/* ---- vectors ---- */

/* One for each text, in the order of the texts; more or fewer are none. A token each, where it is not said, too. */
static void test_vectors(void)
{
    static const char *const texts[] = {"a", "b", "c"};
    static const float want[] = {0, 1, 2, 3, 4, 5};

    for (size_t i = 0; i < LEN(fixtures); i++)
        for (size_t n = 2; fixtures[i]->vectors && n <= 4; n++) {
            const struct llm_ask ask = {.task = LLM_EMBED, .model = "m", .texts = texts, .n_texts = LEN(texts)};
            struct play play;

            play_open(&play, fixtures[i]);
            play.got.ask = &ask;
            if (fixtures[i]->vectors_id)
                play.config.models->id = fixtures[i]->vectors_id;
            put_head(&play.http, "200 OK", "application/json");
            fixtures[i]->vectors(&play.http, n);
            play_run(&play);
            if (n != LEN(texts)) {
                ROW_ASSERT(fixtures[i]->provider, play.got.st == CQ_MODEL_INVALID_RESPONSE);
            } else {
                ROW_ASSERT(fixtures[i]->provider, play.got.st == CQ_OK && play.got.reply.n_dimensions == 2);
                ROW_ASSERT(fixtures[i]->provider, memcmp(play.got.vectors, want, sizeof(want)) == 0);
                ROW_ASSERT(fixtures[i]->provider, play.got.all.usage.input == 3 && !play.got.all.usage.output);
            }
            play_close(&play);
        }
}

/* ---- failures ---- */

static const struct fixture_reply GOOD_REPLY = {.text = {"Hello"}};

static void put_good(struct buf *out, const struct fixture *fixture)
{
    put_head(out, "200 OK", fixture->stream_type);
    fixture->stream(out, &GOOD_REPLY);
}

/* An error within a stream means what its status would; behind a text it is the end in any case. */
static void test_faults(void)
{
    static const struct {
        const char *name;
        enum fixture_fault fault;
        enum cq_status want;
        unsigned requests;
    } rows[] = {{"away", FAULT_AWAY, CQ_MODEL_UNAVAILABLE, 3},
                {"limited", FAULT_LIMITED, CQ_MODEL_RATE_LIMITED, 3},
                {"late", FAULT_LATE, CQ_MODEL_TIMEOUT, 3},
                {"refused", FAULT_REFUSED, CQ_MODEL_REFUSED, 1}};

    for (size_t i = 0; i < LEN(fixtures); i++)
        for (size_t k = 0; k < 2 * LEN(rows); k++) {
            bool has_text = k % 2;
            const struct fixture_reply reply = {.text = {has_text ? "Hel" : NULL}, .fault = rows[k / 2].fault};
            const char *name = label(fixtures[i], rows[k / 2].name);
            struct play play;

            play_open(&play, fixtures[i]);
            put_head(&play.http, "200 OK", fixtures[i]->stream_type);
            fixtures[i]->stream(&play.http, &reply);
            play_run(&play);
            ROW_ASSERT(name, play.got.st == rows[k / 2].want &&
                                 play.server.n_requests == (has_text ? 1 : rows[k / 2].requests));
            ROW_ASSERT(name, str_eq(play.got.text.data, has_text ? "Hel" : ""));
            ROW_ASSERT(name, !strstr(play.got.ctx->error, "secret"));
            play_close(&play);
        }
}

/* A status, and behind it a server that is well again: who is asked once more has the reply. */
static void test_statuses(void)
{
    static const struct {
        unsigned status;
        const char *line;
        enum cq_status want;
        unsigned requests;
        uint32_t after_s;
    } rows[] = {
        {400, "400 Bad", CQ_MODEL_REFUSED, 1, 0},
        {401, "401 Who", CQ_MODEL_REFUSED, 1, 0},
        {403, "403 No", CQ_MODEL_REFUSED, 1, 0},
        {404, "404 Where", CQ_MODEL_REFUSED, 1, 0},
        {413, "413 Much", CQ_MODEL_REFUSED, 1, 0},
        {429, "429 Many", CQ_OK, 2, 0},
        {429, "429 Many\r\nRetry-After: 30", CQ_MODEL_RATE_LIMITED, 1, 30},
        {500, "500 Oops", CQ_OK, 2, 0},
        {503, "503 Away\r\nRetry-After: 0", CQ_OK, 2, 0},
        {529, "529 Busy", CQ_OK, 2, 0},
    };

    for (size_t i = 0; i < LEN(fixtures); i++)
        for (size_t k = 0; k < LEN(rows); k++) {
            const char *name = label(fixtures[i], rows[k].line);
            struct buf good;
            struct play play;

            play_open(&play, fixtures[i]);
            buf_init(&good, BODY_MAX_BYTES);
            put_good(&good, fixtures[i]);
            put_head(&play.http, rows[k].line, "application/json");
            fixtures[i]->refusal(&play.http, rows[k].status);
            play.answers[1] = (struct answer){.text = good.data, .n_bytes = good.len};
            play_run(&play);
            ROW_ASSERT(name, play.got.st == rows[k].want && play.server.n_requests == rows[k].requests);
            ROW_ASSERT(name, play.got.ctx->retry_after_s == rows[k].after_s);
            ROW_ASSERT(name, str_eq(play.got.text.data, rows[k].want ? "" : "Hello"));
            ROW_ASSERT(name, !strstr(play.got.ctx->error, "secret"));
            buf_release(&good);
            play_close(&play);
        }
}

/* What is not the protocol is no reply, whatever it calls itself. */
static void test_other_protocols(void)
{
    static const struct {
        const char *name, *body;
    } rows[] = {{"nothing", ""},
                {"a page", "<p>Hello</p>"},
                {"an object", "{\"hello\":1}"},
                {"an empty one", "{}"},
                {"a list", "[]"},
                {"events", "event: a\ndata: b\n\n"},
                {"gzip", "\x1f\x8b\x08"},
                {"half a chunk", "data: {\"choices\":\n\n"}};
    static const char *const types[] = {NULL, "application/json", "text/html", "text/plain"};

    for (size_t i = 0; i < LEN(fixtures); i++)
        for (size_t k = 0; k < LEN(rows) * LEN(types); k++) {
            const char *body = rows[k / LEN(types)].body, *type = types[k % LEN(types)];
            struct play play;

            play_open(&play, fixtures[i]);
            play.config.llm.tries = 1;
            put_head(&play.http, "200 OK", type ? type : fixtures[i]->stream_type);
            buf_str(&play.http, body);
            play_run(&play);
            ROW_ASSERT(label(fixtures[i], rows[k / LEN(types)].name),
                       play.got.st == (*body ? CQ_MODEL_INVALID_RESPONSE : CQ_MODEL_NO_RESPONSE) && !play.got.text.len);
            play_close(&play);
        }
}

/* ---- streams that are cut, slow or without end ---- */

static size_t put_recorded(struct buf *out, const struct fixture *fixture)
{
    struct buf body;
    size_t whole_at;

    buf_init(&body, BODY_MAX_BYTES);
    fixture->recorded(&body, &whole_at);
    put_head(out, "200 OK", fixture->stream_type);
    whole_at += out->len;
    buf_append(out, body.data, body.len);
    buf_release(&body);
    return whole_at;
}

/* However few bytes come, what is shown is the beginning of the reply, and it passes for one only when it is whole. */
static void check_cut(struct play *play, size_t n, size_t whole_at)
{
    const struct outcome *got = &play->got;
    char name[80];

    snprintf(name, sizeof(name), "%s: cut at byte %zu", play->fixture->provider, n);
    ROW_ASSERT(name, (got->st == CQ_OK) == (n >= whole_at));
    ROW_ASSERT(name, str_starts(RECORDED, got->text.data));
    ROW_ASSERT(name, got->st ? got->st == CQ_MODEL_INVALID_RESPONSE || got->st == CQ_MODEL_NO_RESPONSE ||
                                   got->st == CQ_MODEL_UNAVAILABLE
                             : got->same_text && str_eq(got->text.data, RECORDED));
}

static void test_cuts(void)
{
    for (size_t i = 0; i < LEN(fixtures); i++) {
        struct play play;

        play_open(&play, fixtures[i]);
        play.config.llm.tries = 1;
        size_t whole_at = put_recorded(&play.http, fixtures[i]);
        play.answers[0].text = "";
        model_start(&play.server, play.answers);
        snprintf(play.base_url, BASE_URL_BYTES, "http://127.0.0.1:%u%s", play.server.port, fixtures[i]->base_path);
        for (size_t n = 0; n <= play.http.len; n++) {
            buf_clear(&play.got.text);
            play.got = (struct outcome){.ctx = unit_ctx(), .ask = &MODEL_ASK, .text = play.got.text};
            play.answers[0].text = n ? play.http.data : "";
            play.answers[0].n_bytes = n;
            model_ask(&play.config, &play.got);
            check_cut(&play, n, whole_at);
        }
        model_stop(&play.server);
        play_close(&play);
    }
}

/* Bytes may come one by one, and slowly: all in all is what counts. */
static void test_drips(void)
{
    static const struct {
        const char *name;
        bool is_recorded;
        unsigned pause_ms;
        uint32_t total_ms;
        enum cq_status want;
    } rows[] = {{"byte by byte", true, 0, 15000, CQ_OK},
                {"slowly", false, 1, 15000, CQ_OK},
                {"too slowly", true, 20, 300, CQ_MODEL_TIMEOUT}};

    for (size_t i = 0; i < LEN(fixtures); i++)
        for (size_t k = 0; k < LEN(rows); k++) {
            const char *name = label(fixtures[i], rows[k].name);
            struct play play;

            play_open(&play, fixtures[i]);
            play.config.llm.total_timeout_ms = rows[k].total_ms;
            play.config.llm.first_byte_timeout_ms = rows[k].total_ms;
            if (rows[k].is_recorded)
                put_recorded(&play.http, fixtures[i]);
            else
                put_good(&play.http, fixtures[i]);
            play.answers[0].drips = true;
            play.answers[0].pause_ms = rows[k].pause_ms;
            play_run(&play);
            ROW_ASSERT(name, play.got.st == rows[k].want);
            ROW_ASSERT(name, play.got.st || str_eq(play.got.text.data, rows[k].is_recorded ? RECORDED : "Hello"));
            ROW_ASSERT(name, play.got.st == CQ_OK || play.got.took_ms < rows[k].total_ms + 3000);
            play_close(&play);
        }
}

/* 50 MB, were they taken. */
static void test_endless(void)
{
    for (size_t i = 0; i < LEN(fixtures); i++) {
        char more[501] = "";
        struct buf event;
        struct play play;

        play_open(&play, fixtures[i]);
        buf_init(&event, BODY_MAX_BYTES);
        memset(more, 'x', sizeof(more) - 1);
        fixtures[i]->more(&event, more);
        put_head(&play.http, "200 OK", fixtures[i]->stream_type);
        fixtures[i]->more(&play.http, "Hel");
        play.config.llm.reply_max_bytes = 1000000;
        play.answers[0].repeat = event.data;
        play.answers[0].n_repeat_bytes = event.len;
        play_run(&play);
        ROW_ASSERT(fixtures[i]->provider, play.got.st == CQ_MODEL_TOO_LONG && play.server.n_requests == 1);
        ROW_ASSERT(fixtures[i]->provider, strstr(play.got.ctx->error, "a reply of more than 1000000 bytes") != NULL);
        ROW_ASSERT(fixtures[i]->provider, play.got.text.len <= 1000000 && play.got.text.len > 900000);
        buf_release(&event);
        play_close(&play);
    }
}

/* A connection that is reset: before anything was shown another try makes it good. */
static void test_resets(void)
{
    for (size_t i = 0; i < LEN(fixtures); i++)
        for (int has_text = 0; has_text < 2; has_text++) {
            const char *name = label(fixtures[i], has_text ? "reset in the middle" : "reset at once");
            struct buf good;
            struct play play;

            play_open(&play, fixtures[i]);
            buf_init(&good, BODY_MAX_BYTES);
            put_good(&good, fixtures[i]);
            put_head(&play.http, "200 OK", fixtures[i]->stream_type);
            if (has_text)
                fixtures[i]->more(&play.http, "Hel");
            play.answers[0].resets = true;
            play.answers[1] = (struct answer){.text = good.data, .n_bytes = good.len};
            play_run(&play);
            ROW_ASSERT(name, has_text ? play.got.st != CQ_OK || str_eq(play.got.text.data, "Hello")
                                      : play.got.st == CQ_OK && play.server.n_requests == 2);
            ROW_ASSERT(name, str_starts("Hello", play.got.text.data) && (play.got.st || play.got.same_text));
            buf_release(&good);
            play_close(&play);
        }
}

SUITE(provider_cases, {"replies", test_replies}, {"vectors", test_vectors}, {"errors within a stream", test_faults},
      {"statuses", test_statuses}, {"not the protocol", test_other_protocols},
      {"a stream cut at every byte", test_cuts}, {"slow streams", test_drips}, {"a reply without end", test_endless},
      {"connections that are reset", test_resets});
