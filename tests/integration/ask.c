/* `colloquy ask` and `check --llm`: models tried from the shell, and what is said of those that fail. */
#include <arpa/inet.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

enum { OUT_MAX_BYTES = 4 << 20, RUN_LIMIT_MS = 20000, MAX_ARGS = 12 };

/* What a run came to. */
struct told {
    int code;
    const char *out, *err;
};

/* ---- running ---- */

static const char *write_file(const char *name, const char *text)
{
    const char *path = file_in_run(name);
    FILE *out = fopen(path, "we");

    if (!out || fputs(text, out) < 0 || fclose(out) != 0)
        harness_die("cannot write %s", path);
    return path;
}

static const char *read_file(const char *path)
{
    struct buf *text = buf_in_arena(test_arena(), OUT_MAX_BYTES);
    FILE *in = fopen(path, "re");
    char piece[4096];

    for (size_t n; in && text && (n = fread(piece, 1, sizeof(piece), in)) > 0;)
        buf_append(text, piece, n);
    if (in)
        fclose(in);
    return text ? text->data : "";
}

/* The words of a shell that runs colloquy with these arguments, its standard streams in files. */
static void set_argv(const char *argv[MAX_ARGS + 10], const char *config, const char *const *args)
{
    static const char script[] = "exec <\"$1\" >\"$2\" 2>\"$3\"; shift 3; exec \"$@\"";
    const char *const before[] = {
        "sh",           "-c",       script, "sh", file_in_run("in"), file_in_run("out"), file_in_run("err"),
        test_program(), "--config", config};
    size_t n = 0;

    for (; n < LEN(before); n++)
        argv[n] = before[n];
    for (; *args; args++)
        argv[n++] = *args;
    argv[n] = NULL;
}

static struct told run(const char *config, const char *input, const char *const *env, const char *const *args)
{
    const char *argv[MAX_ARGS + 11];
    struct told told;

    write_file("in", input);
    set_argv(argv, config, args);
    told.code = run_program(argv, env, NULL, RUN_LIMIT_MS);
    told.out = read_file(file_in_run("out"));
    told.err = read_file(file_in_run("err"));
    return told;
}

#define RUN(config, ...) run((config), "", NULL, (const char *const[]){__VA_ARGS__, NULL})

static void expect_told(const char *row, struct told told, int code, const char *out, const char *err)
{
    bool is_so = told.code == code && fnmatch(out, told.out, 0) == 0 && fnmatch(err, told.err, 0) == 0;

    ROW_ASSERT(row, is_so);
    if (!is_so)
        printf("\n    %s: %d, %.500s, %.500s\n", row, told.code, told.out, told.err);
}

/* ---- what is asked ---- */

static const char *model_url(void)
{
    return textf("http://127.0.0.1:%d/v1", main_model().port);
}

/* The model of the tests as gpt, without a database; rest: more lines. */
static const char *config_of(const char *base_url, const char *rest)
{
    return write_file("config", textf("[database]\nsocket = /nowhere\n[llm]\nprovider = openai\nbase_url = %s\n"
                                      "api_key = sk-never-told\nmodel = gpt\nretry_ms = 1\n%s",
                                      base_url, rest));
}

/* ---- replies ---- */

static void test_replies(void)
{
    static const struct {
        const char *name, *args[MAX_ARGS], *input, *out, *err;
    } rows[] = {
        // clang-format off
        {"whole",             {"ask", "Hello"},                                "",       "You said: Hello\n", ""},
        {"as it comes",       {"ask", "--stream", "Hello"},                    "",       "You said: Hello\n", ""},
        {"a line end is kept", {"ask", "[[text a\n]]"},                        "",       "a\n",               ""},
        {"standard input",    {"ask", "-"},                                    "Zo\xC3\xAB\n", "You said: Zo\xC3\xAB\n", ""},
        {"looks like an option", {"ask", "--", "--stream"},                    "",       "You said: --stream\n", ""},
        {"verbose",           {"ask", "--verbose", "Hello"},                   "",       "You said: Hello\n", "colloquy: gpt (openai): * ms, * + 4 tokens\n"},
        {"with its price",    {"ask", "--verbose", "--model", "dear", "Hello"}, "",      "You said: Hello\n", "colloquy: dear (openai): * ms, * + 4 tokens, price 4\n"},
        {"an id",             {"ask", "--verbose", "--model", "new/one", "x"}, "",       "You said: x\n",     "colloquy: new/one (openai): * ms, * + 3 tokens\n"},
        {"builtin",           {"ask", "--verbose", "--model", "builtin", "x"}, "",       "*built-in tutor.[*]\n", "colloquy: builtin (builtin): * ms, 0 + 0 tokens\n"},
        {"tried again",       {"ask", "--verbose", "[[status 500]][[times 1]]x"}, "",    "You said: x\n",     "colloquy: gpt (openai): *, 2 tries\n"},
        // clang-format on
    };
    const char *config = config_of(model_url(), "[model dear]\nprices = 0/1000000\n");

    model_reset();
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct told told = run(config, rows[i].input, NULL, rows[i].args);

        expect_told(rows[i].name, told, 0, rows[i].out, rows[i].err);
    }
    expect_told("what it is told beforehand", RUN(config, "ask", "--system", "Be brief.", "x"), 0, "*", "");
    ROW_ASSERT("the system text", strstr(text_at(model_stats(), "/last_body"), "\"Be brief.\"") != NULL);
}

/* Without --model the models behind the first one reply for it, and each that was passed over is told. */
static void test_fallback(void)
{
    const char *config = config_of("http://127.0.0.1:9/v1",
                                   textf("tries = 1\nfallback = spare\n[model spare]\nbase_url = %s\n", model_url()));

    expect_told("the next one replies", RUN(config, "ask", "Hello"), 0, "You said: Hello\n",
                "* warn *gpt (openai): nobody listens at 127.0.0.1:9 (connection refused); asking spare\n");
    expect_told("each of them by itself", RUN(config, "ask", "--verbose", "Hello"), 0, "You said: Hello\n",
                "*; asking spare\ncolloquy: gpt (openai): 0 + 0 tokens\n"
                "colloquy: spare (openai): * ms, * + 4 tokens\n");
    expect_told("alone", RUN(config, "ask", "--model", "gpt", "Hello"), 1, "",
                "colloquy: ask: gpt (openai): nobody listens at 127.0.0.1:9 (connection refused)\n");
    expect_told("all fail", RUN(config, "ask", "[[status 401]]"), 1, "",
                "*; asking spare\ncolloquy: ask: spare (openai): the key was refused (status 401)\n");
}

/* ---- what is wrong ---- */

static void test_model_fails(void)
{
    static const struct {
        const char *name, *text, *out, *err; /* err: behind the model's name */
        const char *limit;                   /* a line of the config; NULL: the usual ones */
    } rows[] = {
        // clang-format off
        {"400",               "[[status 400]]x",                  "",  "the request was refused (status 400*)", NULL},
        {"401",               "[[status 401]]x",                  "",  "the key was refused (status 401)", NULL},
        {"403",               "[[status 403]]x",                  "",  "the key was refused, or may not do this (status 403*)", NULL},
        {"404",               "[[status 404]]x",                  "",  "no such model, or base_url is wrong (status 404*)", NULL},
        {"413",               "[[status 413]]x",                  "",  "the conversation is too large for the provider (status 413)", NULL},
        {"429",               "[[status 429]]x",                  "",  "limited (status 429)", NULL},
        {"429 for long",      "[[status 429]][[retry-after 60]]x", "", "limited (status 429), again in 60 s", NULL},
        {"500",               "[[status 500]]x",                  "",  "the provider has failed (status 500*)", NULL},
        {"503",               "[[status 503]]x",                  "",  "the provider is down (status 503)", NULL},
        {"302",               "[[status 302]]x",                  "",  "a redirect, which is not followed: is base_url right? (status 302)", NULL},
        {"closed",            "[[refuse]]x",                      "",  "127.0.0.1:* closes without an answer", NULL},
        {"HTML",              "[[html]]x",                        "",  "a web page instead of a reply: is base_url right?", NULL},
        {"silence",           "[[delay 30000]]x",                 "",  "no first byte within 300 ms", "first_byte_timeout_ms = 300\n"},
        {"silence later",     "[[hang 2]][[words 50]]",           "",  "no byte for 400 ms", "idle_timeout_ms = 400\n"},
        {"cut",               "[[cut 2]][[words 50]]",            "",  "the reply broke off", NULL},
        {"cut, as it comes",  "--stream [[cut 2]][[words 50]]",   "?*\n", "the reply broke off", NULL},
        {"nothing",           "[[empty]]x",                       "",  "an empty reply", NULL},
        {"filtered",          "[[finish content_filter]]x",       "",  "the reply was filtered", NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        const char *config = config_of(model_url(), textf("tries = 2\n%s", rows[i].limit ? rows[i].limit : ""));
        bool is_streamed = str_starts(rows[i].text, "--stream ");
        const struct told told = is_streamed ? RUN(config, "ask", "--stream", rows[i].text + strlen("--stream "))
                                             : RUN(config, "ask", rows[i].text);

        expect_told(rows[i].name, told, 1, rows[i].out, textf("colloquy: ask: gpt (openai): %s\n", rows[i].err));
        ROW_ASSERT(rows[i].name, !strstr(told.err, "sk-") && !strstr(told.err, "[["));
    }
}

/* Nobody, or somebody else, is there. */
static void test_address_fails(void)
{
    const char *label = repeated("x", 64); /* longer than the part of a name may be: no resolver is asked */
    const struct {
        const char *name, *base_url, *err, *limit; /* limit: a line of the config; NULL: the usual ones */
    } rows[] = {
        {"name", textf("https://%s/v1", label), textf("the host name %s is not known", label), NULL},
        {"refused", "http://127.0.0.1:9/v1", "nobody listens at 127.0.0.1:9 (connection refused)", NULL},
        {"path", textf("http://127.0.0.1:%d/v7", main_model().port),
         "no such model, or base_url is wrong (status 404*)", NULL},
        {"no TLS", textf("https://127.0.0.1:%d/v1", main_model().port),
         "no connection *", /* libcurl may be the first to say so */
         "connect_timeout_ms = 300\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *config = config_of(rows[i].base_url, rows[i].limit ? rows[i].limit : "");
        const struct told told = RUN(config, "ask", "x");

        expect_told(rows[i].name, told, 1, "", textf("colloquy: ask: gpt (openai): %s\n", rows[i].err));
    }
}

/* The model server answers 401 to this key. */
static void test_key_fails(void)
{
    const char *env[] = {"COLLOQUY_LLM_API_KEY=bad", NULL}, *args[] = {"ask", "x", NULL};
    const struct told told = run(config_of(model_url(), ""), "", env, args);

    expect_told("a bad key", told, 1, "", "colloquy: ask: gpt (openai): the key was refused (status 401)\n");
}

static void test_certificate_fails(void)
{
    static const struct {
        const char *name, *host, *trusted; /* trusted: NULL: the system's */
        const char *err;                   /* NULL: it replies */
    } rows[] = {
        // clang-format off
        {"trusted",       "127.0.0.1", "model.pem",  NULL},
        {"another name",  "localhost", "model.pem",  "the certificate is not for localhost"},
        {"nobody's",      "127.0.0.1", NULL,         "the certificate's authority is not known; SSL_CERT_FILE names others"},
        {"another's",     "127.0.0.1", "other.pem",  "the certificate's authority is not known; SSL_CERT_FILE names others"},
        {"no such file",  "127.0.0.1", "absent.pem", "the file of trusted certificates cannot be read: see SSL_CERT_FILE"},
        // clang-format on
    };

    make_certificate("model");
    make_certificate("other");
    struct model_server model = model_server_start(file_in_run("model.pem"), file_in_run("model.key"));

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *config = config_of(textf("https://%s:%d/v1", rows[i].host, model.port), "");
        const char *env[] = {rows[i].trusted ? textf("SSL_CERT_FILE=%s", file_in_run(rows[i].trusted)) : NULL, NULL};
        const char *args[] = {"ask", "x", NULL};
        const struct told told = run(config, "", env, args);

        if (rows[i].err)
            expect_told(rows[i].name, told, 1, "", textf("colloquy: ask: gpt (openai): %s\n", rows[i].err));
        else
            expect_told(rows[i].name, told, 0, "You said: x\n", "");
    }
    stop_program(model.pid, SIGTERM);
}

/* ---- the command line ---- */

static void test_command_line(void)
{
    const char *long_name = repeated("m", 64), *config = config_of(model_url(), "");
    const struct {
        const char *name, *args[MAX_ARGS], *input, *err;
    } rows[] = {
        // clang-format off
        {"nothing",         {"ask"},                                "", "TEXT: is missing"},
        {"blank",           {"ask", " "},                           "", "TEXT: must not be blank"},
        {"not UTF-8",       {"ask", "\xFF"},                        "", "TEXT: must be UTF-8"},
        {"two texts",       {"ask", "a", "b"},                      "", "b: one argument too many"},
        {"system",          {"ask", "--system", "\xFF", "a"},       "", "--system: must be UTF-8"},
        {"two models",      {"ask", "--model", "a,b", "x"},         "", "--model: must have at most 63 bytes and no comma"},
        {"a long name",     {"ask", "--model", long_name, "x"},     "", "--model: must have at most 63 bytes and no comma"},
        {"no input",        {"ask", "-"},                           "", "standard input: must not be blank"},
        {"input not UTF-8", {"ask", "-"},                           "a\xC3", "standard input: must be UTF-8"},
        {"too much input",  {"ask", "-"},                           repeated("x", (1 << 20) + 1), "standard input: has more than 1048576 bytes"},
        // clang-format on
    };
    uint64_t before = model_requests();

    for (size_t i = 0; i < LEN(rows); i++) {
        const struct told told = run(config, rows[i].input, NULL, rows[i].args);

        expect_told(rows[i].name, told, 2, "", textf("colloquy: ask: %s\n", rows[i].err));
    }
    ROW_ASSERT("no model was asked", model_requests() == before);
    expect_told("as much input as there may be",
                run(config, repeated("[[text ok]]", 95000), NULL, (const char *const[]){"ask", "-", NULL}), 0, "ok*\n",
                "");
    expect_told("a bad config", RUN(config_of("http://model.example/v1", ""), "ask", "x"), 3, "",
                "colloquy: llm.base_url: http is taken on loopback only, unless llm.allow_http is on\n");
}

/* ---- while it comes ---- */

static bool has_output(void *path)
{
    return *read_file(path) != '\0';
}

/* The first pieces are there while the reply goes on, and an interrupt ends it. */
static void test_as_it_comes(void)
{
    const char *args[] = {"ask", "--stream", "[[hang 3]][[words 50]]", NULL};
    const char *argv[MAX_ARGS + 11], *out = file_in_run("out");

    write_file("in", "");
    write_file("out", "");
    set_argv(argv, config_of(model_url(), ""), args);
    pid_t pid = start_program(argv, NULL);

    ROW_ASSERT("pieces come", wait_until(has_output, (void *)(uintptr_t)out, PATIENCE_MS));
    int64_t began_ms = clock_mono_ms();
    stop_program(pid, SIGINT);
    ROW_ASSERT("it ends", clock_mono_ms() - began_ms < PATIENCE_MS / 2); /* the model never does */
    ROW_ASSERT("what came is there", strlen(read_file(out)) > 10 && !*read_file(file_in_run("err")));
}

/* ---- check --llm ---- */

static void test_check(void)
{
    static const char good[] = "ok       gpt (openai)  * ms, * tokens\nok       free (openai)  * ms, * tokens\n"
                               "ok       builtin (builtin)  * ms, 0 + 0 tokens\n";
    const char *config = config_of(model_url(), "fallback = builtin\n[model free]\nabilities = tools\n");
    uint64_t before = model_structured();

    expect_told("all answer, without a database", RUN(config, "check", "--llm"), 0, good, "");
    ROW_ASSERT("those with schemas are asked for a form", model_structured() == before + 1);

    config = config_of(model_url(), "fallback = dead, refused, plain\n[embeddings]\nmodel = dead\n"
                                    "[model dead]\nprovider = builtin\n"
                                    "[model refused]\napi_key = bad\nbase_url = http://127.0.0.1:9/v1\n"
                                    "[model plain]\nprovider = builtin\nabilities = schema\n");
    expect_told(
        "those that do not", RUN(config, "check", "--llm"), 1,
        "ok       gpt (openai)  * ms, * tokens\n"
        "failed   dead (builtin)  its provider makes no vectors\n"
        "failed   refused (openai)  nobody listens at 127.0.0.1:9 (connection refused)\n"
        "failed   plain (builtin)  * ms, 0 + 0 tokens; no structured answers: what came has not the form asked for\n",
        "");
    expect_told("a bad config", RUN(config_of("http://model.example/v1", ""), "check", "--llm"), 3, "",
                "colloquy: llm.base_url: http is taken on loopback only, unless llm.allow_http is on\n*");
}

static void test_check_tries_once(void)
{
    const char *config = config_of("http://127.0.0.1:9/v1", "retry_ms = 18000\nretry_wait_max_ms = 18000\n");
    int64_t began_ms = clock_mono_ms();

    expect_told("refused", RUN(config, "check", "--llm"), 1, "failed   gpt (openai)  nobody listens at *\n", "");
    ROW_ASSERT("once", clock_mono_ms() - began_ms < 8000);
}

/* As long as the slowest, not as all of them together. */
static void test_check_at_once(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* connections are made; nobody says a word */

    CU_ASSERT_FATAL(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 8) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    const char *config = config_of(textf("http://127.0.0.1:%d", ntohs(address.sin_port)),
                                   "first_byte_timeout_ms = 2000\nfallback = b, c, d\n");
    int64_t began_ms = clock_mono_ms();

    expect_told("silence", RUN(config, "check", "--llm"), 1,
                "failed   gpt (openai)  no first byte within 2000 ms\nfailed   b *\nfailed   c *\nfailed   d *\n", "*");
    ROW_ASSERT("at once", clock_mono_ms() - began_ms < 7000);
    close(fd);
}

SUITE(ask, {"replies", test_replies}, {"fallback", test_fallback}, {"the model fails", test_model_fails},
      {"the address fails", test_address_fails}, {"the key fails", test_key_fails},
      {"the certificate fails", test_certificate_fails}, {"the command line", test_command_line},
      {"while it comes", test_as_it_comes}, {"check --llm", test_check},
      {"check --llm, one try", test_check_tries_once}, {"check --llm, all at once", test_check_at_once});
