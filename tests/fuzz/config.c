/*
 * The configuration: a file with anything in it is refused, or gives settings that are all within their bounds.
 *
 * The file up to a NUL and a line end, then what every file that it names holds. Nothing is read from the disk: while
 * settings are loaded, fopen() is ours (see CMakeLists.txt).
 */
#include "colloquy/base/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "colloquy/llm.h"
#include "fuzz.h"

static const char PATH[] = "colloquy.conf";

/* ---- files ---- */

struct text {
    const char *at, *end;
};

static struct text file, secret; /* what is left of each */
static bool is_loading;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

static ssize_t read_text(void *cookie, char *out, size_t size)
{
    struct text *text = cookie;
    size_t left = (size_t)(text->end - text->at), n = left < size ? left : size;

    memcpy(out, text->at, n);
    text->at += n;
    return (ssize_t)n;
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    static struct text copy;

    if (!is_loading)
        return __real_fopen(path, mode);
    if (!*path) {
        errno = ENOENT;
        return NULL;
    }
    copy = strcmp(path, PATH) == 0 ? file : secret;
    return fopencookie(&copy, "r", (cookie_io_functions_t){.read = read_text});
}

/* The file ends at a NUL with a line end behind it, since it may hold a NUL by itself. */
static void cut(const uint8_t *data, size_t size)
{
    const char *at = input_of(data, size).at, *end = at + size;
    const char *stop = memmem(at, size, "\0\n", 2);

    file = (struct text){at, stop ? stop : end};
    secret = (struct text){stop ? stop + 2 : end, end};
}

/* ---- what must hold ---- */

/* The bounds of the table, said once more: whoever moves one moves it here too. */
static void check_numbers(const struct config *c)
{
    const struct {
        uint32_t value, min, max;
    } rows[] = {
        // clang-format off
        {c->server.api_workers,            1, 256},
        {c->server.llm_workers,            1, 64},
        {c->server.turns_per_worker,       1, 1000},
        {c->server.drain_s,                1, 3600},
        {c->database.port,                 1, 65535},
        {c->database.timeout_ms,           1, 600000},
        {c->llm.connect_timeout_ms,        1, 600000},
        {c->llm.first_byte_timeout_ms,     1, 3600000},
        {c->llm.idle_timeout_ms,           1, 3600000},
        {c->llm.total_timeout_ms,          1, 3600000},
        {c->llm.tries,                     1, 20},
        {c->llm.retry_ms,                  1, 600000},
        {c->llm.retry_wait_max_ms,         0, 600000},
        {c->llm.reply_max_bytes,           1, 1 << 30},
        {c->llm.max_tokens,                1, 10000000},
        {c->llm.store_threads,             1, 64},
        {c->llm.lease_s,                   1, 3600},
        {c->limits.message_max_chars,      1, 1000000},
        {c->limits.request_body_max_bytes, 1, 1 << 30},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++)
        CHECK(rows[i].value >= rows[i].min && rows[i].value <= rows[i].max);
    CHECK(c->server.log_level < LOG_LEVEL_COUNT);
}

/* Texts that have a default are never empty; each is UTF-8. */
static void check_texts(const struct config *c)
{
    const struct {
        const char *text;
        bool required, may_be_empty;
    } rows[] = {
        // clang-format off
        {c->server.public_url,      true,  false},
        {c->server.state_dir,       true,  false},
        {c->server.run_dir,         true,  false},
        {c->database.socket,        false, false},
        {c->database.host,          false, false},
        {c->database.name,          true,  false},
        {c->database.user,          true,  false},
        {c->database.password,      true,  true},
        {c->llm.provider,           true,  false},
        {c->llm.base_url,           false, false},
        {c->llm.api_key,            false, false},
        {c->llm.model,              false, false},
        {c->canvas.opening_message, true,  false},
        // clang-format on
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        CHECK(rows[i].text || !rows[i].required);
        if (rows[i].text)
            check_text(rows[i].text, strlen(rows[i].text));
        CHECK(!rows[i].text || *rows[i].text || rows[i].may_be_empty);
    }
    CHECK(c->database.socket || c->database.host);
}

/* Each fault and each warning is a line of its own. */
static void check_problems(const struct buf *problems, bool refused)
{
    CHECK(!problems->failed);
    CHECK(!refused || problems->len > 0);
    CHECK(problems->len == 0 || problems->data[problems->len - 1] == '\n');
}

static void clear_environment(void)
{
    static bool done;

    for (size_t i = 0; !done && environ[i];) {
        const char *entry = environ[i];

        if (str_starts(entry, "COLLOQUY_"))
            unsetenv(strndupa(entry, strcspn(entry, "=")));
        else
            i++;
    }
    done = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf problems;

    if (size > 64 << 10)
        return 0;
    clear_environment();
    cut(data, size);
    buf_init(&problems, 16 << 20);
    is_loading = true;
    struct config *config = config_load(PATH, &problems);

    is_loading = false;
    check_problems(&problems, !config);
    if (config) {
        check_numbers(config);
        check_texts(config);
        config_advise(config, &problems);
        if (!llm_config_valid(config, &problems))
            CHECK(strstr(problems.data, "llm."));
        check_problems(&problems, false);
    }
    config_destroy(config);
    buf_release(&problems);
    return 0;
}
