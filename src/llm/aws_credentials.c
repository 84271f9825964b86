/* Keys of AWS: the places to look at, and what is asked there, one request after the other. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "llm/aws_credentials.h"
#include "llm/provider.h"
#include "llm/transfer.h"

#define CONTAINER_HOST    "http://169.254.170.2"
#define INSTANCE_ENDPOINT "http://169.254.169.254"
#define INSTANCE_ROLE     "/latest/meta-data/iam/security-credentials/"

enum {
    CONNECT_TIMEOUT_MS = 1000,
    TOTAL_TIMEOUT_MS = 2000,
    PAUSE_MS = 5000,             /* from one fetch to the next */
    REFRESH_MS = 5 * 60 * 1000,  /* before what is there expires */
    UNSAID_LIFE_MS = 900 * 1000, /* of keys that do not say: the shortest session that there is */
    ANSWER_MAX_BYTES = 64 << 10,
    TOKEN_MAX_BYTES = 8 << 10, /* of what opens the services themselves */
    ROLE_MAX_BYTES = 64,
    ARENA_BLOCK_BYTES = 4096,
    ARENA_MAX_BYTES = 2 << 20,
};

/* Each step is one request; the answer of the last one has the keys. */
enum step { STEP_NONE, STEP_CONTAINER, STEP_TOKEN, STEP_ROLE, STEP_KEYS };

static const char *const step_names[] = {
    [STEP_CONTAINER] = "the container's credentials",
    [STEP_TOKEN] = "the instance's metadata service",
    [STEP_ROLE] = "the instance's role",
    [STEP_KEYS] = "the credentials of the instance's role",
};

struct aws_credentials {
    CURLM *multi;
    const char *ca_file;
    struct cq_ctx ctx; /* for reading an answer: emptied after it */

    enum step first; /* STEP_NONE: there is nothing to fetch */
    struct buf base; /* of the container the whole address, of the instance what comes before the path */

    enum step step; /* the request that is under way; STEP_NONE: none is */
    CURL *easy;
    struct curl_slist *headers;
    struct buf answer;
    struct buf token; /* of the metadata service */
    char role[ROLE_MAX_BYTES + 1];

    struct aws_keys keys;
    struct buf kept;       /* their texts, if they were fetched */
    int64_t expires_at_ms; /* 0: there are none */
    int64_t ended_at_ms;   /* of the last fetch */
    char problem[200];
};

/* An empty variable is as good as none. */
static const char *env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

static void wipe(struct buf *buf)
{
    explicit_bzero(buf->data, buf->cap);
    buf_clear(buf);
}

PRINTF_LIKE(2, 3) static void set_problem(struct aws_credentials *c, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->problem, sizeof(c->problem), fmt, ap);
    va_end(ap);
}

/* ---- where to look ---- */

static bool look_in_environment(struct aws_credentials *c)
{
    const struct aws_keys keys = {.access_key_id = env("AWS_ACCESS_KEY_ID"),
                                  .secret_access_key = env("AWS_SECRET_ACCESS_KEY"),
                                  .session_token = env("AWS_SESSION_TOKEN")};

    if (!keys.access_key_id && !keys.secret_access_key)
        return false;
    if (aws_keys_valid(&keys)) {
        c->keys = keys;
        c->expires_at_ms = INT64_MAX;
    } else {
        set_problem(c, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are incomplete, or hold white space");
    }
    return true;
}

/* The key to the keys is sent there: over TLS to anybody, else only to what AWS itself has put on the machine. */
static bool is_container_host(const char *scheme, const char *host)
{
    return str_eq(scheme, "https") ||
           (str_eq(scheme, "http") && (llm_host_is_loopback(host) || str_eq(host, "169.254.170.2") ||
                                       str_eq(host, "169.254.170.23") || str_eq(host, "[fd00:ec2::23]")));
}

static bool is_container_url(const char *text)
{
    CURLU *url = curl_url();
    char *scheme = NULL, *host = NULL;

    bool is_one = url && !curl_url_set(url, CURLUPART_URL, text, 0) &&
                  !curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) && !curl_url_get(url, CURLUPART_HOST, &host, 0) &&
                  is_container_host(scheme, host);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(url);
    return is_one;
}

static bool look_at_container(struct aws_credentials *c)
{
    const char *relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");

    if (!relative && !full)
        return false;
    if (relative)
        buf_str(&c->base, CONTAINER_HOST);
    buf_str(&c->base, relative ? relative : full);
    if (relative && *relative != '/')
        set_problem(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: must begin with a slash");
    else if (!relative && !is_container_url(full))
        set_problem(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI: must be https, or http on this machine");
    else
        c->first = STEP_CONTAINER;
    return true;
}

static void look_at_instance(struct aws_credentials *c)
{
    const char *endpoint = env("AWS_EC2_METADATA_SERVICE_ENDPOINT"), *disabled = env("AWS_EC2_METADATA_DISABLED");

    if (disabled && strcasecmp(disabled, "true") == 0) {
        set_problem(c, "there are no keys of AWS in the config or the environment");
        return;
    }
    buf_str(&c->base, endpoint ? endpoint : INSTANCE_ENDPOINT);
    while (c->base.len > 0 && c->base.data[c->base.len - 1] == '/')
        buf_truncate(&c->base, c->base.len - 1);
    c->first = STEP_TOKEN;
}

struct aws_credentials *aws_credentials_create(CURLM *multi, const char *ca_file)
{
    struct aws_credentials *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->multi = multi;
    c->ca_file = ca_file;
    c->ctx = (struct cq_ctx){.arena = arena_create(ARENA_BLOCK_BYTES, ARENA_MAX_BYTES), .request_id = "-"};
    c->easy = curl_easy_init();
    buf_init(&c->base, LLM_URL_MAX_BYTES);
    buf_init(&c->answer, ANSWER_MAX_BYTES);
    buf_init(&c->token, TOKEN_MAX_BYTES);
    buf_init(&c->kept, 2 * AWS_KEY_MAX_BYTES + AWS_SESSION_TOKEN_MAX_BYTES + 3);
    if (!look_in_environment(c) && !look_at_container(c))
        look_at_instance(c);
    if (!c->ctx.arena || !c->easy || c->base.failed) {
        aws_credentials_destroy(c);
        return NULL;
    }
    return c;
}

void aws_credentials_destroy(struct aws_credentials *c)
{
    if (!c)
        return;
    if (c->step)
        curl_multi_remove_handle(c->multi, c->easy);
    curl_easy_cleanup(c->easy); /* before what it points to */
    curl_slist_free_all(c->headers);
    struct buf *const bufs[] = {&c->base, &c->answer, &c->token, &c->kept};

    for (size_t i = 0; i < LEN(bufs); i++) {
        wipe(bufs[i]);
        buf_release(bufs[i]);
    }
    arena_destroy(c->ctx.arena);
    free(c);
}

const char *aws_credentials_problem(const struct aws_credentials *c)
{
    return c->problem;
}

/* ---- requests ---- */

static bool add_header(struct aws_credentials *c, const char *name, const char *value)
{
    struct curl_slist *longer = NULL;
    char *line = NULL;
    int len = asprintf(&line, "%s: %s", name, value);

    if (len < 0)
        return false;
    longer = curl_slist_append(c->headers, line);
    explicit_bzero(line, (size_t)len);
    free(line);
    if (longer)
        c->headers = longer;
    return longer != NULL;
}

static void keep_first_line(struct buf *buf)
{
    buf_truncate(buf, strcspn(buf->data, "\r\n"));
}

/* The beginning of a file, without the line's end. Whoever hands it out replaces it now and then. */
static bool read_token_file(const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char *room = fd >= 0 ? buf_room(out, TOKEN_MAX_BYTES) : NULL;
    ssize_t n = room ? read(fd, room, TOKEN_MAX_BYTES) : -1;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    keep_first_line(out);
    return true;
}

static bool token_valid(const char *text)
{
    while (*text >= ' ' && *text < 0x7f)
        text++;
    return !*text;
}

/* What the container's service is shown. Without any, it asks for none. */
static bool authorize(struct aws_credentials *c)
{
    const char *file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), *text = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");

    wipe(&c->token);
    if (file && !read_token_file(file, &c->token)) {
        set_problem(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: cannot be read");
        return false;
    }
    if (!file && text)
        buf_str(&c->token, text);
    if (!token_valid(c->token.data)) {
        set_problem(c, "the container's authorization token holds a control character");
        return false;
    }
    return !c->token.len || add_header(c, "Authorization", c->token.data);
}

/* Address, method and headers of the present step. */
static bool write_request(struct aws_credentials *c, struct buf *url)
{
    buf_str(url, c->base.data);
    switch (c->step) {
    case STEP_CONTAINER:
        return authorize(c);
    case STEP_TOKEN:
        buf_str(url, "/latest/api/token");
        return !curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, "") &&
               !curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, "PUT") &&
               add_header(c, "X-aws-ec2-metadata-token-ttl-seconds", "21600");
    case STEP_ROLE:
    case STEP_KEYS:
        buf_printf(url, INSTANCE_ROLE "%s", c->step == STEP_KEYS ? c->role : "");
        return add_header(c, "X-aws-ec2-metadata-token", c->token.data);
    case STEP_NONE:
        break;
    }
    return false;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    struct aws_credentials *c = user;

    buf_append(&c->answer, data, size * n);
    return c->answer.failed ? 0 : size * n;
}

static bool set_options(struct aws_credentials *c)
{
    struct buf url;

    curl_easy_reset(c->easy);
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    curl_easy_setopt(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS, (long)TOTAL_TIMEOUT_MS);
    curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
    buf_init(&url, LLM_URL_MAX_BYTES);
    bool done = llm_transfer_bind(c->easy, c->ca_file) && write_request(c, &url) && !url.failed &&
                !curl_easy_setopt(c->easy, CURLOPT_URL, url.data) &&
                !curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
    buf_release(&url);
    return done;
}

/* False: it could not even be asked. */
static bool begin(struct aws_credentials *c, enum step step)
{
    set_problem(c, "memory is short");
    c->step = step;
    wipe(&c->answer);
    if (set_options(c) && !curl_multi_add_handle(c->multi, c->easy))
        return true;
    c->step = STEP_NONE;
    return false;
}

/* ---- answers ---- */

static bool role_valid(const char *role)
{
    size_t len = strspn(role, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-");

    return len > 0 && len <= ROLE_MAX_BYTES && !role[len];
}

/* The first line: there is one role at most. */
static bool take_role(struct aws_credentials *c)
{
    keep_first_line(&c->answer);
    if (!role_valid(c->answer.data))
        return false;
    memcpy(c->role, c->answer.data, c->answer.len + 1);
    return begin(c, STEP_KEYS);
}

static bool take_token(struct aws_credentials *c)
{
    keep_first_line(&c->answer);
    if (!c->answer.len || !token_valid(c->answer.data))
        return false;
    wipe(&c->token);
    buf_append(&c->token, c->answer.data, c->answer.len);
    return !c->token.failed && begin(c, STEP_ROLE);
}

static const char *keep_text(struct aws_credentials *c, const char *text)
{
    const char *at = c->kept.data + c->kept.len;

    buf_append(&c->kept, text, strlen(text) + 1);
    return at;
}

/* Room for all of it first: what has grown would leave copies behind. */
static bool keep(struct aws_credentials *c, const struct aws_keys *found)
{
    wipe(&c->kept);
    c->expires_at_ms = 0;
    if (!buf_room(&c->kept, c->kept.max))
        return false;
    c->keys = (struct aws_keys){.access_key_id = keep_text(c, found->access_key_id),
                                .secret_access_key = keep_text(c, found->secret_access_key),
                                .session_token = found->session_token ? keep_text(c, found->session_token) : NULL};
    return true;
}

static bool take_keys(struct aws_credentials *c, int64_t now_ms)
{
    struct aws_keys found;
    int64_t expires_at_ms;

    if (aws_keys_read(&c->ctx, c->answer.data, c->answer.len, &found, &expires_at_ms))
        return false;
    if (expires_at_ms == INT64_MIN)
        expires_at_ms = now_ms + UNSAID_LIFE_MS;
    if (expires_at_ms <= now_ms || !keep(c, &found))
        return false;
    c->expires_at_ms = expires_at_ms;
    return true;
}

/* Take the answer to a step: go on to the next one, or have the keys. */
static bool take_answer(struct aws_credentials *c, enum step step, int64_t now_ms)
{
    switch (step) {
    case STEP_TOKEN:
        return take_token(c);
    case STEP_ROLE:
        return take_role(c);
    case STEP_CONTAINER:
    case STEP_KEYS:
        return take_keys(c, now_ms);
    case STEP_NONE:
        break;
    }
    return false;
}

static void judge(struct aws_credentials *c, CURLcode code, int64_t now_ms)
{
    enum step step = c->step;
    long http_status = 0;

    c->step = STEP_NONE;
    curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &http_status);
    bool is_taken = !code && http_status == 200 && take_answer(c, step, now_ms);
    if (is_taken)
        return;
    if (code)
        set_problem(c, "no keys of AWS: %s: %s", step_names[step], curl_easy_strerror(code));
    else if (http_status != 200)
        set_problem(c, "no keys of AWS: %s: status %ld", step_names[step], http_status);
    else
        set_problem(c, "no keys of AWS: %s: not an answer that we know", step_names[step]);
    if (now_ms < c->expires_at_ms)
        log_warn("%s; those at hand serve on", c->problem);
}

bool aws_credentials_ended(struct aws_credentials *c, CURL *easy, CURLcode code, int64_t now_ms)
{
    if (!c || easy != c->easy)
        return false;
    curl_multi_remove_handle(c->multi, c->easy);
    judge(c, code, now_ms);
    if (!c->step)
        c->ended_at_ms = now_ms;
    arena_reset(c->ctx.arena);
    return true;
}

/* ---- keys ---- */

/* A clock that was put back is no reason to wait. */
static bool is_due(const struct aws_credentials *c, int64_t now_ms)
{
    int64_t since_ms = now_ms - c->ended_at_ms;

    return c->first && !c->step && now_ms >= c->expires_at_ms - REFRESH_MS && (since_ms < 0 || since_ms >= PAUSE_MS);
}

enum aws_state aws_credentials_get(struct aws_credentials *c, int64_t now_ms, const struct aws_keys **keys)
{
    if (is_due(c, now_ms) && !begin(c, c->first))
        c->ended_at_ms = now_ms;
    if (now_ms < c->expires_at_ms) {
        *keys = &c->keys;
        return AWS_READY;
    }
    return c->step ? AWS_PENDING : AWS_FAILED;
}
