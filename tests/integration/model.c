/* Models that fail, and how: what is tried again, what the client is told, and what is left in the conversation. */
#include <signal.h>
#include <stdio.h>

#include "harness.h"

/* ---- faults ---- */

static const struct fault {
    const char *name, *message;
    const char *code; /* NULL: the turn succeeds */
    bool retryable;
    uint64_t max_asked, min_asked; /* requests that the model gets */
    int64_t min_ms;
} faults[] = {
    // clang-format off
    {"429 once, then good",        "[[status 429]][[retry-after 1]][[times 1]]x", NULL,                   false, 2, 2, 900},
    {"500 twice, then good",       "[[status 500]][[times 2]]x",                  NULL,                   false, 3, 3, 200},
    /*
     * libcurl itself repeats at once what it sent on a kept connection that was closed without an answer, beside our
     * tries.
     */
    {"refused once, then good",    "[[refuse]][[times 1]]x",                      NULL,                   false, 2, 2, 0},
    {"429 always",                 "[[status 429]]x",                             "rate_limited",         true,  3, 3, 200},
    {"429, too long to wait",      "[[status 429]][[retry-after 60]]x",           "rate_limited",         true,  1, 1, 0},
    {"500 always",                 "[[status 500]]x",                             "service_unavailable",  true,  3, 3, 200},
    {"503 always",                 "[[status 503]]x",                             "service_unavailable",  true,  3, 3, 200},
    {"529 always",                 "[[status 529]]x",                             "service_unavailable",  true,  3, 3, 200},
    {"408 always",                 "[[status 408]]x",                             "service_unavailable",  true,  3, 3, 200},
    {"refused always",             "[[refuse]]x",                                 "service_unavailable",  true,  4, 3, 200},
    {"400",                        "[[status 400]]x",                             "llm_upstream_error",   false, 1, 1, 0},
    {"401",                        "[[status 401]]x",                             "llm_upstream_error",   false, 1, 1, 0},
    {"403",                        "[[status 403]]x",                             "llm_upstream_error",   false, 1, 1, 0},
    {"404",                        "[[status 404]]x",                             "llm_upstream_error",   false, 1, 1, 0},
    {"cut after 3 pieces",         "[[cut 3]][[words 50]]",                       "llm_invalid_response", true,  1, 1, 0},
    {"broken JSON at once",        "[[badjson 1]]x",                              "llm_invalid_response", true,  3, 1, 0},
    {"broken JSON later",          "[[badjson 3]][[words 50]]",                   "llm_invalid_response", true,  1, 1, 0},
    {"not UTF-8",                  "[[badutf8 2]][[words 50]]",                   "llm_invalid_response", true,  1, 1, 0},
    {"HTML",                       "[[html]]x",                                   "llm_invalid_response", true,  3, 1, 0},
    {"an end without an end",      "[[nodone]][[words 50]]",                      "llm_invalid_response", true,  1, 1, 0},
    {"nothing at all",             "[[empty]]x",                                  "llm_no_response",      true,  3, 1, 0},
    {"filtered",                   "[[finish content_filter]][[words 50]]",       "content_filtered",     false, 1, 1, 0},
    {"a line of 8 MB",             "[[bigline 8000000]]x",                        "llm_invalid_response", true,  3, 1, 0},
    {"without an end",             "[[endless]][[words 4000]][[chunk 16000]][[gap 4]]",      "llm_invalid_response", true,  1, 1, 0},
    {"cut short by its length",    "[[finish length]][[words 5]]",                NULL,                   false, 1, 1, 0},
    {"byte by byte",               "[[bytewise]][[words 20]]",                    NULL,                   false, 1, 1, 0},
    {"comments first",             "[[comments 1000]][[words 20]]",               NULL,                   false, 1, 1, 0},
    // clang-format on
};

/* What the owner finds afterwards: the message once, failed, and nothing of a reply. */
static void expect_failed_turn(const struct fault *fault, const struct talk *talk)
{
    struct json_object *after = read_talk(talk);

    ROW_ASSERT(fault->name, count_at(after, "/messages") == 3);
    expect_json(fault->name, last_message(after), "/status", "\"failed\"");
    ROW_ASSERT(fault->name, str_eq(text_at(last_message(after), "/text"), fault->message));
}

static void expect_good_turn(const struct fault *fault, const struct talk *talk)
{
    struct json_object *after = read_talk(talk);

    ROW_ASSERT(fault->name, count_at(after, "/messages") == 4);
    expect_json(fault->name, after, "/messages/2/status", "\"complete\"");
    expect_json(fault->name, last_message(after), "/role", "\"Assistant\"");
}

static void test_faults_as_json(void)
{
    for (size_t i = 0; i < LEN(faults); i++) {
        const struct fault *fault = &faults[i];
        const struct talk talk = open_talk(STUDENT);
        uint64_t before = model_requests();
        int64_t began_ms = clock_mono_ms();
        const struct answer *answer = say(&talk, fault->message);
        int64_t took_ms = clock_mono_ms() - began_ms;
        uint64_t asked = model_requests() - before;

        ROW_ASSERT(textf("%s: asked %lu times", fault->name, asked),
                   asked >= fault->min_asked && asked <= fault->max_asked);
        ROW_ASSERT(textf("%s: %ld ms", fault->name, took_ms), took_ms >= fault->min_ms && took_ms < 10000);
        if (fault->code) {
            expect_refusal(fault->name, answer, 503, fault->code, fault->retryable);
            expect_json(fault->name, answer->json, "/error", "\"The AI service is temporarily unavailable.\"");
            expect_failed_turn(fault, &talk);
        } else if (expect_status(fault->name, answer, 200)) {
            expect_good_turn(fault, &talk);
        }
    }
}

/* The same as a stream: the error is its last event. */
static void expect_error_event(const struct fault *fault, const struct answer *answer)
{
    struct json_object *last = answer->n_events ? answer->events[answer->n_events - 1].data : NULL;

    ROW_ASSERT(fault->name, answer->status == 200 && answer->n_events >= 2);
    if (!last)
        return;
    ROW_ASSERT(fault->name, str_eq(answer->events[0].name, "message.start"));
    ROW_ASSERT(fault->name, str_eq(answer->events[answer->n_events - 1].name, "error"));
    for (size_t i = 0; i + 1 < answer->n_events; i++)
        ROW_ASSERT(fault->name,
                   !str_eq(answer->events[i].name, "error") && !str_eq(answer->events[i].name, "message.done"));
    ROW_ASSERT(fault->name, str_eq(text_at(last, "/code"), fault->code));
    expect_json(fault->name, last, "/retryable", fault->retryable ? "true" : "false");
    ROW_ASSERT(fault->name, str_eq(text_at(last, "/reference_id"), header(answer, "X-Request-Context-Id")));
    ROW_ASSERT(fault->name,
               str_eq(text_at(last, "/user_message_id"), text_at(answer->events[0].data, "/user_message/id")));
    expect_json(fault->name, last, "/error", "\"The AI service is temporarily unavailable.\"");
}

static void test_faults_as_a_stream(void)
{
    for (size_t i = 0; i < LEN(faults); i++) {
        const struct fault *fault = &faults[i];
        const struct talk talk = open_talk(STUDENT);

        const char *message = strstr(fault->message, "[[times") ? textf("%s y", fault->message)
                                                                : fault->message; /* one not yet counted */
        const struct answer *answer = call_finish(say_start(&talk, message, NULL, true));

        if (fault->code) {
            expect_error_event(fault, answer);
            expect_failed_turn(fault, &talk);
        } else if (expect_status(fault->name, answer, 200)) {
            ROW_ASSERT(fault->name,
                       answer->n_events && str_eq(answer->events[answer->n_events - 1].name, "message.done"));
            expect_good_turn(fault, &talk);
        }
    }
}

/* However the bytes come, the text is the same. */
static void test_slow_and_in_pieces(void)
{
    static const char *const ways[] = {
        "", "[[bytewise]]", "[[chunk 1]]", "[[chunk 1000]]", "[[gap 10]]", "[[bytewise]][[comments 3]]"};
    const char *text = "Water \xe6\xb0\xb4 boils \xf0\x9f\x94\xa5 at 100 \xc2\xb0"
                       "C.";
    const struct talk talk = open_talk(STUDENT);

    for (size_t i = 0; i < LEN(ways); i++) {
        const struct answer *answer = say(&talk, textf("%s[[text %s]]", ways[i], text));

        ROW_ASSERT(ways[i], str_eq(text_at(last_message(answer->json), "/text"), text));
    }
}

/* ---- over TLS ---- */

/*
 * An instance of its own: it trusts the certificate of its model, and its opening message makes the model refuse the
 * first opening. Then it is sent to a model whose certificate it has no reason to trust.
 */
static void test_model_over_tls(void)
{
    make_certificate("trusted");
    make_certificate("unknown");
    struct model_server model = model_server_start(file_in_run("trusted.pem"), file_in_run("trusted.key"));
    struct model_server impostor = model_server_start(file_in_run("unknown.pem"), file_in_run("unknown.key"));
    const char *extra[] = {lastingf("SSL_CERT_FILE=%s", file_in_run("trusted.pem")),
                           "COLLOQUY_CANVAS_OPENING_MESSAGE=Welcome [[status 401]][[times 1]]", NULL};
    struct instance *instance = instance_create("tls", textf("https://127.0.0.1:%d", model.port), extra);

    instance_use(instance);
    uint64_t experience = make_experience("published");
    const char *path = textf("%s/conversations", experience_path(main_course(), experience));
    expect_refusal("an opening that fails", CALL("POST", path, token_of(STUDENT)), 503, "llm_upstream_error", false);
    expect_body("leaves nothing", CALL("GET", path, token_of(STUDENT)), 200, "{}");
    const struct talk talk = open_talk_on(main_course(), experience, token_of(STUDENT));
    expect_json("opened over TLS", talk.opened, "/messages/1/text", "\"You said: Welcome\"");
    expect_json("said over TLS", last_message(say(&talk, "hi")->json), "/text", "\"You said: hi\"");
    ROW_ASSERT("as a stream",
               str_eq(call_finish(say_start(&talk, "[[words 30]]", NULL, true))->events[0].name, "message.start"));

    for (size_t i = 0; instance->env[i]; i++)
        if (str_starts(instance->env[i], "COLLOQUY_LLM_BASE_URL="))
            instance->env[i] = lastingf("COLLOQUY_LLM_BASE_URL=https://127.0.0.1:%d/v1", impostor.port);
    CU_ASSERT_FATAL(instance_up(instance));
    expect_refusal("a certificate that nobody vouches for", say(&talk, "secret"), 503, "service_unavailable", true);
    expect_refusal("an opening that fails", CALL("POST", path, talk.token), 503, "service_unavailable", true);
    ROW_ASSERT("leaves the old one active", json_get_u64(read_talk(&talk), "id") == talk.id);
    stop_program(model.pid, SIGTERM);
    stop_program(impostor.pid, SIGTERM);
}

SUITE(model, {"faults, as JSON", test_faults_as_json}, {"faults, as a stream", test_faults_as_a_stream},
      {"slow and in pieces", test_slow_and_in_pieces}, {"over TLS", test_model_over_tls});
