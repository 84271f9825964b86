/* The events of a streamed reply, to the byte. */
#include "api/stream.h"

#include <stdio.h>

#include "api/route.h"
#include "http/make_request.h"

#define SAID_ID  "018cc251-f400-7000-8000-000000000001"
#define REPLY_ID "018cc251-f400-7000-8000-000000000002"
#define TIME_MS  1704067200000
#define TIME     "\"2024-01-01T00:00:00Z\""

#define START(id, status)                                                                                              \
    "event: message.start\ndata: {\"conversation_id\":" id ",\"user_message\":{\"id\":\"" SAID_ID                      \
    "\",\"role\":\"User\",\"text\":\"a\\nb\",\"created_at\":" TIME ",\"feedback\":[],\"status\":\"" status             \
    "\",\"initial\":false},\"message\":{\"id\":\"" REPLY_ID "\",\"role\":\"Assistant\"}}\n\n"
#define DELTA(text) "event: message.delta\ndata: {\"id\":\"" REPLY_ID "\",\"text\":\"" text "\"}\n\n"
#define PROGRESS                                                                                                       \
    "{\"current\":1,\"total\":1,\"percentage\":100,\"objectives\":[{\"objective\":\"o\",\"status\":\"covered\","       \
    "\"met_at_turn\":0}]}"
#define END(id)                                                                                                        \
    "event: progress\ndata: " PROGRESS "\n\n"                                                                          \
    "event: message.done\ndata: {\"id\":" id ",\"message\":{\"id\":\"" REPLY_ID                                        \
    "\",\"role\":\"Assistant\",\"text\":\"x\\ny\",\"created_at\":" TIME ",\"feedback\":[],\"status\":\"complete\","    \
    "\"initial\":false,\"html\":\"<p>x\\ny</p>\\n\",\"citations\":[]},\"progress\":" PROGRESS                          \
    ",\"all_objectives_met\":true}\n\n"

/* A turn made by hand: one message said, not answered yet. */
struct scene {
    struct request req;
    struct loaded loaded;
    struct message_row rows[2];
    struct turn turn;
};

static void start(struct scene *s)
{
    s->req = make_request();
    s->req.ctx.request_id = "0123456789abcdef";
    s->loaded = (struct loaded){.work = &turn_work, .turn = &s->turn, .is_event_stream = true};
    s->req.loaded = &s->loaded;
    s->rows[0] =
        (struct message_row){.uuid = SAID_ID, .text = "a\nb", .created_at_ms = TIME_MS, .status = MESSAGE_PENDING};
    s->rows[1] = (struct message_row){.seq = 1,
                                      .uuid = REPLY_ID,
                                      .text = "x\ny",
                                      .html = "<p>x\ny</p>\n",
                                      .is_assistant = true,
                                      .created_at_ms = TIME_MS};
    s->turn = (struct turn){.row = {.conversation_id = 11},
                            .request = {.reply_uuid = REPLY_ID},
                            .messages = {s->rows, 1},
                            .progress = {.n = 1, .objectives = {{.text = "o"}}}};
}

/* What engine_turn_end() leaves. */
static void complete(struct scene *s)
{
    s->rows[0].status = MESSAGE_COMPLETE;
    s->turn.messages.n = 2;
    s->turn.progress =
        (struct progress){.n = 1, .n_met = 1, .percentage = 100, .objectives = {{.text = "o", .is_met = true}}};
    s->turn.all_objectives_met = true;
}

static const char *body(const struct scene *s)
{
    return s->req.response.body->data;
}

static void test_the_head(void)
{
    struct scene s;

    start(&s);
    stream_start(&s.req, &s.turn);
    CU_ASSERT_TRUE(s.req.response.is_stream && s.req.response.status == 200);
    ASSERT_TEXT(s.req.response.content_type, "text/event-stream; charset=utf-8");
    ASSERT_TEXT(sent_header(&s.req, "X-Accel-Buffering"), "no");
}

static void test_a_reply(void)
{
    struct scene s;

    start(&s);
    stream_start(&s.req, &s.turn);
    ASSERT_TEXT(body(&s), START("11", "pending"));
    api_text(&s.req, LLM_TEXT, "x\ny", 2); /* only as many bytes as it says */
    api_text(&s.req, LLM_TEXT, "y", 1);
    complete(&s);
    stream_done(&s.req, &s.turn);
    ASSERT_TEXT(body(&s), START("11", "pending") DELTA("x\\n") DELTA("y") END("11"));
}

static void test_string_ids(void)
{
    struct scene s;

    start(&s);
    s.req.accept = "text/event-stream, application/json+canvas-string-ids";
    stream_start(&s.req, &s.turn);
    complete(&s);
    stream_done(&s.req, &s.turn);
    ASSERT_TEXT(body(&s), START("\"11\"", "pending") END("\"11\""));
}

/* Whatever the model says, it is one line of data: nothing in it ends an event or begins another. */
static void test_text_is_one_line(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"a\n\nevent: error\ndata: {}\n\n", DELTA("a\\n\\nevent: error\\ndata: {}\\n\\n")},
        {"\r\n\r", DELTA("\\r\\n\\r")},
        {"\"\\\t", DELTA("\\\"\\\\\\t")},
        {"ä日🙂", DELTA("ä日🙂")},
        {"\xE2\x80\xA8", DELTA("\xE2\x80\xA8")}, /* U+2028 ends no line of a stream */
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s);
        stream_start(&s.req, &s.turn);
        buf_clear(s.req.response.body);
        stream_delta(&s.req, rows[i].text, strlen(rows[i].text));
        ASSERT_TEXT(body(&s), rows[i].want);
    }
}

/* Sent pieces leave the body: what follows is complete without them. */
static void test_pieces_that_were_sent(void)
{
    struct scene s;

    start(&s);
    stream_start(&s.req, &s.turn);
    buf_consume(s.req.response.body, s.req.response.body->len);
    api_wait(&s.req);
    ASSERT_TEXT(body(&s), ": waiting\n\n");
    buf_consume(s.req.response.body, s.req.response.body->len);
    api_text(&s.req, LLM_TEXT, "y", 1);
    ASSERT_TEXT(body(&s), DELTA("y"));
}

/* A client that did not ask for a stream is told nothing before the end. */
static void test_no_stream(void)
{
    struct scene s;

    start(&s);
    s.loaded.is_event_stream = false;
    api_text(&s.req, LLM_TEXT, "y", 1);
    api_wait(&s.req);
    CU_ASSERT_PTR_NULL(s.req.response.body);
}

static void test_errors(void)
{
    // clang-format off
    static const struct {
        enum cq_status st;
        const char *code, *retryable;
    } rows[] = {
        {CQ_MODEL_UNAVAILABLE,      "service_unavailable",  "true"},
        {CQ_MODEL_RATE_LIMITED,     "rate_limited",         "true"},
        {CQ_MODEL_NO_RESPONSE,      "llm_no_response",      "true"},
        {CQ_MODEL_INVALID_RESPONSE, "llm_invalid_response", "true"},
        {CQ_MODEL_REFUSED,          "llm_upstream_error",   "false"},
        {CQ_CONTENT_FILTERED,       "content_filtered",     "false"},
        {CQ_BUSY,                   "service_unavailable",  "true"},
        {CQ_LOST,                   "service_unavailable",  "true"},
    };
    // clang-format on
    log_set_level(LOG_ERROR);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct scene s;

        start(&s);
        snprintf(s.req.ctx.error, sizeof(s.req.ctx.error), "the provider's words");
        stream_start(&s.req, &s.turn);
        api_text(&s.req, LLM_TEXT, "x", 1);
        buf_clear(s.req.response.body);
        api_refuse(&s.req, rows[i].st);
        const char *want = arena_printf(
            s.req.ctx.arena,
            "event: error\ndata: {\"error\":\"The AI service is temporarily unavailable.\",\"code\":\"%s\","
            "\"retryable\":%s,\"reference_id\":\"0123456789abcdef\","
            "\"errors\":[{\"message\":\"The AI service is temporarily unavailable.\"}],"
            "\"user_message_id\":\"" SAID_ID "\"}\n\n",
            rows[i].code, rows[i].retryable);

        ASSERT_TEXT(body(&s), want);
        CU_ASSERT_EQUAL(s.req.response.status, 200); /* it was sent long ago */
    }
    log_set_level(LOG_INFO);
}

/* No room for a piece: the whole events before it stand, and then the error does. */
static void test_no_room(void)
{
    static const char one[] = DELTA("one"), end[] = "\"user_message_id\":\"" SAID_ID "\"}\n\n";
    static const char longer[] = "a piece that is longer than the first by far";

    log_set_level(LOG_ERROR);
    for (size_t room = 0; room <= sizeof(one) + 4; room++) {
        struct scene s;

        start(&s);
        stream_start(&s.req, &s.turn);
        struct buf *body = s.req.response.body = buf_in_arena(s.req.ctx.arena, strlen(one) + room);
        api_text(&s.req, LLM_TEXT, "one", 3);
        api_text(&s.req, LLM_TEXT, longer, strlen(longer));
        CU_ASSERT_TRUE(body->failed);
        ASSERT_TEXT(body->data, one); /* and may be sent now */
        api_refuse(&s.req, CQ_INTERNAL);
        CU_ASSERT_FALSE(body->failed);
        CU_ASSERT_TRUE(str_starts(body->data, DELTA("one") "event: error\ndata: {\"error\":"));
        CU_ASSERT_TRUE(body->len > strlen(end) && str_eq(body->data + body->len - strlen(end), end));
    }
    log_set_level(LOG_INFO);
}

/* The first answer once more: start as it was, the text in one piece, the end. */
static void test_a_replay(void)
{
    struct scene s;

    start(&s);
    complete(&s);
    s.turn.row.is_replay = true;
    s.turn.request.reply_uuid = "of a reply that was never made";
    stream_replay(&s.req, &s.turn);
    ASSERT_TEXT(body(&s), START("11", "pending") DELTA("x\\ny") END("11"));
    CU_ASSERT_EQUAL(s.rows[0].status, MESSAGE_COMPLETE);
    CU_ASSERT_TRUE(s.req.response.is_stream);
}

SUITE(stream, {"the head", test_the_head}, {"a reply", test_a_reply}, {"string ids", test_string_ids},
      {"text is one line", test_text_is_one_line}, {"pieces that were sent", test_pieces_that_were_sent},
      {"no stream", test_no_stream}, {"errors", test_errors}, {"no room", test_no_room}, {"a replay", test_a_replay});
