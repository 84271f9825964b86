#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

/* A folder for one test's files, removed by finish(). */
static char folder[64];
static struct buf problems;

static void start(void)
{
    snprintf(folder, sizeof(folder), "/tmp/colloquy-config-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    buf_init(&problems, 1 << 16);
}

static const char *file(const char *name)
{
    static char paths[2][128];
    static unsigned turn;
    char *path = paths[turn++ % 2];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, size_t len)
{
    FILE *out = fopen(file(name), "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(text, 1, len, out), len);
    fclose(out);
}

static struct config *load(const char *text)
{
    buf_clear(&problems);
    put("colloquy.conf", text, strlen(text));
    return config_load(file("colloquy.conf"), &problems);
}

static void finish(void)
{
    unlink(file("colloquy.conf"));
    unlink(file("secret"));
    CU_ASSERT_EQUAL(rmdir(folder), 0);
    buf_release(&problems);
}

static void test_defaults(void)
{
    start();
    struct config *c = config_load(NULL, &problems);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    ASSERT_TEXT(problems.data, "");
    ASSERT_TEXT(c->server.public_url, "https://localhost:8443");
    ASSERT_TEXT(c->server.state_dir, "/var/lib/colloquy");
    CU_ASSERT(c->server.api_workers == 8 && c->server.llm_workers == 4 && c->server.turns_per_worker == 300);
    CU_ASSERT(c->server.max_requests == 100000 && c->server.drain_s == 60 && c->server.log_level == LOG_INFO);
    ASSERT_TEXT(c->database.socket, "/run/mysqld/mysqld.sock");
    ASSERT_TEXT(c->database.host, NULL);
    ASSERT_TEXT(c->database.name, "colloquy");
    ASSERT_TEXT(c->database.user, "colloquy");
    ASSERT_TEXT(c->database.password, "");
    CU_ASSERT(c->database.port == 3306 && c->database.timeout_ms == 10000 && !c->database.sync_wait);
    ASSERT_TEXT(c->llm.provider, "builtin");
    ASSERT_TEXT(c->llm.base_url, NULL);
    ASSERT_TEXT(c->llm.api_key, NULL);
    ASSERT_TEXT(c->llm.model, NULL);
    CU_ASSERT(c->llm.connect_timeout_ms == 5000 && c->llm.total_timeout_ms == 300000 && c->llm.tries == 3);
    CU_ASSERT(c->llm.reply_max_bytes == 4194304 && c->llm.lease_s == 30 && !c->llm.allow_http);
    CU_ASSERT(c->limits.message_max_chars == 4000 && c->limits.request_body_max_bytes == 33554432);
    CU_ASSERT(c->limits.conversations_per_day == 100 && c->limits.messages_per_day == 1000);
    CU_ASSERT(c->limits.evaluations_per_day == 1000 && c->limits.turns_at_once == 32);
    CU_ASSERT(c->limits.user_tokens_per_day == 0 && c->limits.course_tokens_per_day == 0);
    CU_ASSERT(c->limits.context_files_max == 20 && c->limits.context_file_max_bytes == 314572800);
    CU_ASSERT(c->limits.sign_in_failures_per_minute == 10);
    CU_ASSERT(c->features.ai_experiences && c->features.evaluation && c->features.streaming);
    CU_ASSERT(c->session.idle_s == 28800 && c->session.absolute_s == 86400 && !c->session.remote_user);
    ASSERT_TEXT(c->canvas.opening_message, "Hello");
    config_destroy(c);
    config_destroy(NULL);
    finish();
}

static void test_file(void)
{
    start();
    struct config *c = load("# our campus\n"
                            "[server]\n"
                            "api_workers = 3 ; few\n"
                            "log_level: debug\r\n"
                            "[database]\n"
                            "host = db.example.edu\n"
                            "port=3307\n"
                            "password = p=a:s s\n"
                            "sync_wait = On\n"
                            "\n"
                            "[canvas]\n"
                            "opening_message = Grüß Gott\n"
                            "[llm]\n"
                            "tries = 1\n"
                            "tries = 2\n");

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    ASSERT_TEXT(problems.data, "");
    CU_ASSERT(c->server.api_workers == 3 && c->server.llm_workers == 4 && c->server.log_level == LOG_DEBUG);
    ASSERT_TEXT(c->database.host, "db.example.edu");
    ASSERT_TEXT(c->database.socket, NULL);
    ASSERT_TEXT(c->database.password, "p=a:s s");
    CU_ASSERT(c->database.port == 3307 && c->database.sync_wait);
    ASSERT_TEXT(c->canvas.opening_message, "Grüß Gott");
    CU_ASSERT_EQUAL(c->llm.tries, 2);
    config_destroy(c);
    finish();
}

static void test_environment_wins(void)
{
    start();
    setenv("COLLOQUY_SERVER_API_WORKERS", "5", 1);
    setenv("COLLOQUY_LLM_MODEL", "", 1);
    setenv("COLLOQUY_LLM_MODLE", "x", 1);
    setenv("COLLOQUY_TEST_DATABASES", "x", 1); /* no section of ours: not our business */
    struct config *c = load("[server]\napi_workers = 3\n[llm]\nmodel = m\n");

    unsetenv("COLLOQUY_SERVER_API_WORKERS");
    unsetenv("COLLOQUY_LLM_MODEL");
    unsetenv("COLLOQUY_LLM_MODLE");
    unsetenv("COLLOQUY_TEST_DATABASES");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(c->server.api_workers, 5);
    ASSERT_TEXT(c->llm.model, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "MODLE"));
    CU_ASSERT_PTR_NULL(strstr(problems.data, "TEST"));
    config_destroy(c);
    finish();
}

static void test_secret_file(void)
{
    char text[256];

    start();
    put("secret", "s3cret key\r\nsecond line\n", 24);
    snprintf(text, sizeof(text), "[llm]\napi_key_file = %s\n[database]\npassword = inline\n", file("secret"));
    struct config *c = load(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    ASSERT_TEXT(c->llm.api_key, "s3cret key");
    ASSERT_TEXT(c->database.password, "inline");
    config_destroy(c);

    /* The environment's file wins over the file's value, and its value over both. */
    setenv("COLLOQUY_DATABASE_PASSWORD_FILE", file("secret"), 1);
    c = load("[database]\npassword = inline\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    ASSERT_TEXT(c->database.password, "s3cret key");
    config_destroy(c);
    setenv("COLLOQUY_DATABASE_PASSWORD", "from env", 1);
    c = load("");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    ASSERT_TEXT(c->database.password, "from env");
    config_destroy(c);
    unsetenv("COLLOQUY_DATABASE_PASSWORD");
    unsetenv("COLLOQUY_DATABASE_PASSWORD_FILE");

    put("secret", "no\0text\n", 8);
    CU_ASSERT_PTR_NULL(load(text));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "llm.api_key_file: "));
    unlink(file("secret"));
    CU_ASSERT_PTR_NULL(load(text));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "llm.api_key_file: No such file"));
    finish();
}

/* systemd's way: a folder of files, each named by its setting. */
static void test_credentials(void)
{
    static const struct {
        const char *name, *text, *credential; /* credential NULL: there is none */
        const char *want;                     /* database.password; NULL: the config is refused */
    } rows[] = {
        {"given nowhere else", "", "s3cret\r\nsecond line\n", "s3cret"},
        {"the file wins", "[database]\npassword = inline\n", "s3cret\n", "inline"},
        {"even with nothing", "[database]\npassword =\n", "s3cret\n", ""},
        {"an empty file", "", "", ""},
        {"an empty line", "", "\n", ""},
        {"none", "", NULL, ""},
        {"no text", "", "\xFF\n", NULL},
    };

    start();
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    for (size_t i = 0; i < LEN(rows); i++) {
        unlink(file("database.password"));
        if (rows[i].credential)
            put("database.password", rows[i].credential, strlen(rows[i].credential));
        struct config *c = load(rows[i].text);

        ROW_ASSERT(rows[i].name, rows[i].want ? c && str_eq(c->database.password, rows[i].want) : !c);
        ROW_ASSERT(rows[i].name, !c || !c->llm.api_key);
        ROW_ASSERT(rows[i].name, rows[i].want ? problems.len == 0 : str_starts(problems.data, "database.password: "));
        config_destroy(c);
    }
    /* The environment wins too; and only secrets are looked for. */
    put("database.password", "s3cret\n", 7);
    put("database.user", "mallory\n", 8);
    setenv("COLLOQUY_DATABASE_PASSWORD", "from env", 1);
    struct config *c = load("");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    ASSERT_TEXT(c->database.password, "from env");
    ASSERT_TEXT(c->database.user, "colloquy");
    config_destroy(c);
    unsetenv("COLLOQUY_DATABASE_PASSWORD");

    /* One that is there and cannot be read is a fault: a wrong password would say less. */
    unlink(file("database.password"));
    CU_ASSERT_EQUAL(mkdir(file("database.password"), 0700), 0);
    CU_ASSERT_PTR_NULL(load(""));
    CU_ASSERT(str_starts(problems.data, "database.password (credential): "));
    rmdir(file("database.password"));
    unlink(file("database.user"));
    unsetenv("CREDENTIALS_DIRECTORY");
    finish();
}

static void test_faults_name_the_key(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"[database]\nport = 0\n", "database.port: must be a number from 1 to 65535\n"},
        {"[database]\nport = 65536\n", "database.port: must be a number from 1 to 65535\n"},
        {"[database]\nport = -1\n", "database.port: "},
        {"[database]\nport = 12x\n", "database.port: "},
        {"[database]\nport =\n", "database.port: "},
        {"[server]\napi_workers = 99999999999999999999\n", "server.api_workers: must be a number from 1 to 256\n"},
        {"[features]\nstreaming = perhaps\n", "features.streaming: must be on or off\n"},
        {"[server]\nlog_level = loud\n", "server.log_level: must be error, warn, info or debug\n"},
        {"[canvas]\nopening_message = \xFF\n", "canvas.opening_message: must be UTF-8\n"},
        {"[canvas]\nopening_message =\n", "canvas.opening_message: must not be empty\n"},
        {"[llm]\nthis is no pair\n", "line 2 of the file: "},
        {"[llm]\n\nmodel = m\n[broken\n", "line 4 of the file: "},
    };

    start();
    for (size_t i = 0; i < LEN(rows); i++) {
        ROW_ASSERT(rows[i].want, load(rows[i].text) == NULL);
        ROW_ASSERT(rows[i].want, str_starts(problems.data, rows[i].want));
    }
    /* All of them are told at once. */
    CU_ASSERT_PTR_NULL(load("[database]\nport = x\n[llm]\ntries = x\n"));
    CU_ASSERT(strstr(problems.data, "database.port: ") && strstr(problems.data, "llm.tries: "));
    finish();
}

static void test_unknown_key_warns(void)
{
    start();
    struct config *c = load("stray = 1\n[llm]\nmodle = x\nprovider_file = x\nprices = 1/2\n[model fast]\nidd = "
                            "y\n[server]\napi_workers = 2\n");

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "llm.modle: not a known setting, ignored\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "llm.provider_file: ")); /* no secret: no file */
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "model.fast.idd: not a known setting, ignored\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "llm.prices: ignored, it belongs into a section [model NAME]\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, ".stray: "));
    CU_ASSERT_EQUAL(c->server.api_workers, 2);
    config_destroy(c);
    finish();
}

static void test_doubtful_values_warn(void)
{
    static const struct {
        const char *text, *want; /* "": nothing to say */
    } rows[] = {
        {"[llm]\nmodel = \"gpt\"\n", "llm.model: the quotation marks are part of the value\n"},
        {"[llm]\nmodel = 'gpt'\n", "llm.model: the quotation marks are part of the value\n"},
        {"[llm]\nmodel = gpt # the small one\n", "llm.model: what follows the # is part of the value\n"},
        {"[model gpt]\nid = \"gpt\"\n", "model.gpt.id: the quotation marks are part of the value\n"},
        {"[llm]\nmodel = gpt ; the small one\n", ""},
        {"[llm]\nmodel = gpt#1\n", ""},
        {"[canvas]\nopening_message = Say \"hello\"\n", ""},
    };

    start();
    for (size_t i = 0; i < LEN(rows); i++) {
        struct config *c = load(rows[i].text);

        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        ROW_ASSERT(rows[i].text, str_eq(problems.data, rows[i].want));
        config_destroy(c);
    }
    finish();
}

static void test_secrets_are_not_told(void)
{
    start();
    CU_ASSERT_PTR_NULL(load("[database]\npassword = tell\xFFtale\nport = telltale\n[llm]\napi_kee = telltale\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "database.password: must be UTF-8\n"));
    CU_ASSERT_PTR_NULL(strstr(problems.data, "tell"));
    CU_ASSERT_PTR_NULL(strstr(problems.data, "tale"));
    finish();
}

static void test_long_lines(void)
{
    static char text[20000];
    const char *head = "[llm]\nmodel = ";
    size_t len = strlen(head);

    start();
    /* Longer than inih's own 200 bytes: keys of some providers are. */
    memcpy(text, head, len);
    memset(text + len, 'k', 4000);
    struct config *c = load(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    CU_ASSERT_EQUAL(strlen(c->llm.model), 4000);
    config_destroy(c);
    memset(text + len, 'k', sizeof(text) - len - 1);
    CU_ASSERT_PTR_NULL(load(text));
    CU_ASSERT(str_starts(problems.data, "line 2 of the file: longer than "));
    CU_ASSERT(problems.len < 200);
    finish();
}

static void test_unreadable(void)
{
    start();
    CU_ASSERT_PTR_NULL(config_load(file("absent"), &problems));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "absent: No such file or directory\n"));
    buf_clear(&problems);
    CU_ASSERT_PTR_NULL(config_load(folder, &problems));
    CU_ASSERT_PTR_NOT_NULL(strstr(problems.data, "Is a directory\n"));
    finish();
}

static void test_advice(void)
{
    static const struct {
        const char *text, *want; /* NULL: nothing to say */
    } rows[] = {
        {"", NULL},
        {"[llm]\nbase_url = https://api.example.com/v1\nallow_http = on\n", NULL},
        {"[llm]\nbase_url = http://localhost:8000/v1\nallow_http = on\n", NULL},
        {"[llm]\nbase_url = http://127.0.0.2/v1\nallow_http = on\n", NULL},
        {"[llm]\nbase_url = http://[::1]:8000\nallow_http = on\n", NULL},
        {"[llm]\nbase_url = http://gpu.example.edu:8000/v1\nallow_http = on\n", "llm.base_url: "},
        {"[llm]\nbase_url = HTTP://127.0.0.1.example.edu/v1\nallow_http = on\n", "llm.base_url: "},
        {"[llm]\nbase_url = http://localhost@example.edu/v1\nallow_http = on\n", "llm.base_url: "},
        {"[llm]\nbase_url = http://example.edu/?@localhost\nallow_http = on\n", "llm.base_url: "},
        {"[llm]\nbase_url = http://[::1].example.edu\nallow_http = on\n", "llm.base_url: "},
        {"[llm]\nbase_url = http://localhost/v1\nallow_http = on\n[model far]\nbase_url = http://gpu.example.edu/v1\n",
         "model.far.base_url: "},
        {"[llm]\nbase_url = http://gpu.example.edu:8000/v1\n", NULL}, /* an error, which the llm room tells */
        {"[database]\nhost = db\n", "database.password: "},
        {"[database]\nhost = db\npassword = x\n", NULL},
        {"[database]\nhost = db\nsocket = /s\n", "database.host: "},
    };

    start();
    for (size_t i = 0; i < LEN(rows); i++) {
        struct config *c = load(rows[i].text);

        CU_ASSERT_PTR_NOT_NULL_FATAL(c);
        config_advise(c, &problems);
        ROW_ASSERT(rows[i].text, rows[i].want ? str_starts(problems.data, rows[i].want) : problems.len == 0);
        config_destroy(c);
    }
    finish();
}

/* One line a setting, each with its key, its default and more. */
static void test_print_defaults(void)
{
    char *text = NULL, key[64], value[64];
    size_t size = 0, lines = 0;
    FILE *out = open_memstream(&text, &size);

    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    config_print_defaults(out);
    fclose(out);
    for (const char *at = text; *at; at = strchr(at, '\n') + 1, lines++) {
        CU_ASSERT_EQUAL_FATAL(sscanf(at, "%63s %63s", key, value), 2);
        CU_ASSERT_PTR_NOT_NULL(strchr(key, '.'));
    }
    CU_ASSERT(lines >= 35);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "database.port "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, " 3306 "));
    free(text);
}

static size_t read_manual(char *out, size_t size)
{
    FILE *in = fopen(TEST_SOURCE_DIR "/doc/colloquy.1", "re");
    size_t len = in ? fread(out, 1, size - 1, in) : 0;

    if (in)
        fclose(in);
    out[len] = '\0';
    return len;
}

/* The manual lists what is printed: each setting with its default and meaning, in the same order, and nothing else. */
static void test_manual(void)
{
    static char manual[1 << 16];
    char *text = NULL, key[64], value[64], entry[512];
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    CU_ASSERT_FATAL(out && read_manual(manual, sizeof(manual)) > 0);
    config_print_defaults(out);
    fclose(out);
    const char *section = strstr(manual, "\n.SH SETTINGS\n"), *at = section ? strstr(section, ".TP\n") : NULL;

    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        int start = 0;

        CU_ASSERT_EQUAL_FATAL(sscanf(line, "%63s %63s %n", key, value, &start), 2);
        if (str_eq(value, "-"))
            snprintf(entry, sizeof(entry), ".TP\n.B %s\n%.*s\n", key, (int)(end - line) - start, line + start);
        else
            snprintf(entry, sizeof(entry), ".TP\n.BR %s \" (%s)\"\n%.*s\n", key, value, (int)(end - line) - start,
                     line + start);
        ROW_ASSERT(entry, str_starts(at, entry));
        at = strstr(at + 1, ".TP\n");
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    }
    ROW_ASSERT("nothing else", strstr(section + 1, "\n.SH ") < at);
    free(text);
}

SUITE(config, {"defaults", test_defaults}, {"reads a file", test_file}, {"the environment wins", test_environment_wins},
      {"secrets from files", test_secret_file}, {"secrets as credentials", test_credentials},
      {"a fault names its key", test_faults_name_the_key}, {"an unknown key is a warning", test_unknown_key_warns},
      {"a doubtful value is a warning", test_doubtful_values_warn}, {"secrets are not told", test_secrets_are_not_told},
      {"long lines", test_long_lines}, {"an unreadable file", test_unreadable}, {"gives advice", test_advice},
      {"prints its table", test_print_defaults}, {"the manual lists them all", test_manual});
