/* A server of our own, and requests to it by libcurl. */
#include "ask.h"

#include <curl/curl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TRIES = 500, START_PAUSE_US = 10000 };

static struct arena *arena(void)
{
    static struct arena *arena;

    if (!arena)
        arena = arena_create(1 << 16, (size_t)1 << 30);
    return arena;
}

char *textf(const char *fmt, ...)
{
    char *text;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    char *copy = arena_strdup(arena(), text);
    free(text);
    return copy;
}

struct buf *new_buf(void)
{
    struct buf *buf = buf_in_arena(arena(), ANSWER_MAX_BYTES);

    if (!buf)
        abort();
    return buf;
}

/* ---- the server ---- */

static pid_t server;
static char *folder;
static const char *port_file, *control_file;

/* It ends well, or the tests have not gone well. */
static void stop_server(void)
{
    int status = 0;

    kill(server, SIGTERM);
    waitpid(server, &status, 0);
    unlink(port_file);
    unlink(control_file);
    rmdir(folder);
    if (status) {
        fprintf(stderr, "the model server ended with %d\n", status);
        fflush(stdout);
        _exit(1);
    }
}

/* The number in a file, once it is there. */
static int read_port(const char *path)
{
    for (int i = 0; i < START_TRIES; i++) {
        FILE *file = fopen(path, "re");
        int port = 0, n = file ? fscanf(file, "%d", &port) : 0;

        if (file)
            fclose(file);
        if (n == 1)
            return port;
        usleep(START_PAUSE_US);
    }
    fprintf(stderr, "the model server did not start\n");
    exit(2);
}

static void start_server(void)
{
    if (server)
        return;
    const char *parent = getenv("TMPDIR");

    folder = textf("%s/colloquy-model-XXXXXX", parent && *parent ? parent : "/tmp");
    if (!mkdtemp(folder))
        exit(2);
    port_file = textf("%s/port", folder);
    control_file = textf("%s/control", folder);
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        execl(TEST_MODEL_SERVER, TEST_MODEL_SERVER, "--port", "0", "--port-file", port_file, "--control", "0",
              "--control-file", control_file, NULL);
        _exit(127);
    }
    atexit(stop_server);
}

int model_port(void)
{
    static int port;

    start_server();
    return port ? port : (port = read_port(port_file));
}

int control_port(void)
{
    static int port;

    start_server();
    return port ? port : (port = read_port(control_file));
}

/* ---- asking ---- */

static size_t on_bytes(char *data, size_t size, size_t n, void *user)
{
    buf_append(user, data, size * n);
    return size * n;
}

static struct curl_slist *headers_of(const struct question *question)
{
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");

    for (size_t i = 0; i < ASK_MAX_HEADERS && question->headers[i]; i++)
        list = curl_slist_append(list, question->headers[i]);
    return list;
}

static void set_options(CURL *easy, const struct question *question)
{
    curl_easy_setopt(
        easy, CURLOPT_URL,
        textf("http://127.0.0.1:%d%s", question->is_control ? control_port() : model_port(), question->path));
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, question->limit_ms ? question->limit_ms : 10000L);
    if (question->body)
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, question->body);
    if (question->method)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, question->method);
    if (question->sign_with) {
        curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, "aws:amz:eu-central-1:bedrock");
        curl_easy_setopt(easy, CURLOPT_USERPWD, question->sign_with);
    }
}

struct answer ask(const struct question *question)
{
    static CURL *easy; /* one for all, so that connections are kept */
    struct buf *head = new_buf(), *body = new_buf();
    struct curl_slist *headers = headers_of(question);
    struct answer answer = {0};

    if (!easy)
        easy = curl_easy_init();
    curl_easy_reset(easy);
    set_options(easy, question);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, head);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_slist_free_all(headers);
    answer.is_whole = code == CURLE_OK;
    answer.is_late = code == CURLE_OPERATION_TIMEDOUT;
    answer.is_refused = code == CURLE_COULDNT_CONNECT;
    answer.head = head->data;
    answer.body = body->data;
    answer.len = body->len;
    answer.type = answer_header(&answer, "Content-Type");
    answer.json = json_parse(body->data, body->len);
    return answer;
}

/* ---- looking at answers ---- */

const char *answer_header(const struct answer *answer, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = answer->head; (line = strstr(line, "\r\n")); line += 2)
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':') {
            const char *value = line + len + 3 + strspn(line + len + 3, " ");

            return textf("%.*s", (int)strcspn(value, "\r"), value);
        }
    return "";
}

struct json_object *json_parse(const char *text, size_t len)
{
    struct cq_ctx ctx = {.arena = arena(), .request_id = "test"};
    struct json_object *json = NULL;

    return json_read(&ctx, text, len, &json) ? NULL : json;
}

struct json_object *json_at(struct json_object *json, const char *pointer)
{
    struct json_object *value = NULL;

    return json && json_pointer_get(json, pointer, &value) == 0 ? value : NULL;
}

const char *text_at(struct json_object *json, const char *pointer)
{
    struct json_object *value = json_at(json, pointer);

    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

int64_t int_at(struct json_object *json, const char *pointer)
{
    struct json_object *value = json_at(json, pointer);

    return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
}

struct json_object *stats(void)
{
    return ASK(.method = "GET", .path = "/stats", .is_control = true).json;
}

void set_mode(const char *json)
{
    CU_ASSERT_EQUAL(ASK(.path = "/mode", .body = json, .is_control = true).status, 200);
}
