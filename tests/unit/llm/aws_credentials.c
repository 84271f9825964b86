/* Where keys come from: each place, played by a server on loopback that notes what it is asked. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model.h"
#include "service.h"

#include "llm/aws_credentials.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define KEYS(id, expiration)                                                                                           \
    OK_HEAD "{\"Code\":\"Success\",\"AccessKeyId\":\"" id                                                              \
            "\",\"SecretAccessKey\":\"s3cr3t\",\"Token\":\"t0k3n\"," expiration "}"
#define UNTIL(time) "\"Expiration\":\"2015-08-30T" time "Z\""
#define GONE        STATUS("404 Not Found", "")

static const int64_t NOW_MS = 1440938160 * 1000ll; /* 2015-08-30 12:36:00 UTC */
enum { MINUTE_MS = 60 * 1000 };

/* ---- asking ---- */

struct asking {
    CURLM *multi;
    struct aws_credentials *credentials;
    const struct aws_keys *keys;
};

static struct asking start_asking(void)
{
    struct asking asking = {.multi = curl_multi_init()};

    CU_ASSERT_PTR_NOT_NULL_FATAL(asking.multi);
    asking.credentials = aws_credentials_create(asking.multi, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(asking.credentials);
    return asking;
}

static void stop_asking(struct asking *asking)
{
    aws_credentials_destroy(asking->credentials);
    curl_multi_cleanup(asking->multi);
    aws_environment(NULL);
}

static enum aws_state get(struct asking *asking, int64_t now_ms)
{
    return aws_credentials_get(asking->credentials, now_ms, &asking->keys);
}

/* Move on what is under way until it has ended, 5 s at most. */
static void run(struct asking *asking, int64_t now_ms)
{
    int64_t limit = clock_mono_ms() + 5000;
    int running, left;
    bool has_ended;
    CURLMsg *msg;

    do {
        curl_multi_perform(asking->multi, &running);
        has_ended = false;
        while ((msg = curl_multi_info_read(asking->multi, &left))) {
            CU_ASSERT(aws_credentials_ended(asking->credentials, msg->easy_handle, msg->data.result, now_ms));
            has_ended = true; /* there may be a next request */
        }
        if (running && !has_ended)
            curl_multi_poll(asking->multi, NULL, 0, 100, NULL);
    } while ((running || has_ended) && clock_mono_ms() < limit);
}

static bool has_keys(const struct asking *asking, const char *id, const char *secret, const char *token)
{
    return asking->keys && str_eq(asking->keys->access_key_id, id) && str_eq(asking->keys->secret_access_key, secret) &&
           str_eq(asking->keys->session_token, token);
}

/* ---- places ---- */

static void test_environment(void)
{
    static const struct {
        const char *name;
        struct aws_environment environment;
        enum aws_state state;
        const char *token;
    } rows[] = {
        // clang-format off
        {"keys",              {{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s"}},                          AWS_READY, NULL},
        {"for a while",       {{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t"}},   AWS_READY, "t"},
        {"an empty token",    {{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN="}},    AWS_READY, NULL},
        {"before all others", {{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/"}}, AWS_READY, NULL},
        {"no secret",         {{"AWS_ACCESS_KEY_ID=AKID"}},                                                     AWS_FAILED, NULL},
        {"no id",             {{"AWS_SECRET_ACCESS_KEY=s"}},                                                    AWS_FAILED, NULL},
        {"a line's end",      {{"AWS_ACCESS_KEY_ID=AKID", "AWS_SECRET_ACCESS_KEY=s\n"}},                        AWS_FAILED, NULL},
        {"nothing anywhere",  {{"AWS_EC2_METADATA_DISABLED=true"}},                                             AWS_FAILED, NULL},
        {"in another case",   {{"AWS_EC2_METADATA_DISABLED=True"}},                                             AWS_FAILED, NULL},
        {"no path",           {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=@example.com/"}},                       AWS_FAILED, NULL},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        aws_environment(&rows[i].environment);
        struct asking asking = start_asking();

        ROW_ASSERT(rows[i].name, get(&asking, NOW_MS) == rows[i].state);
        ROW_ASSERT(rows[i].name, rows[i].state || has_keys(&asking, "AKID", "s", rows[i].token));
        ROW_ASSERT(rows[i].name, (rows[i].state == AWS_READY) == !*aws_credentials_problem(asking.credentials));
        stop_asking(&asking);
    }
}

/* What may be asked for keys: nothing is sent here. */
static void test_container_addresses(void)
{
    static const struct {
        const char *setting;
        bool is_taken;
    } rows[] = {
        // clang-format off
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/1",                   true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=https://keys.example.edu/x",              true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/x",                    true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/x",                      true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[::1]/x",                          true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2/x",                  true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.23/v1/credentials",    true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://[fd00:ec2::23]/v1/credentials",    true},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.3/x",                  false},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://keys.example.edu/x",               false},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1.example.edu/x",          false},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2@keys.example.edu/x", false},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=ftp://127.0.0.1/x",                       false},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=file:///etc/passwd",                      false},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI=/v2/credentials/1",                       false},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        aws_environment(&(struct aws_environment){{rows[i].setting}});
        struct asking asking = start_asking();

        ROW_ASSERT(rows[i].setting, get(&asking, NOW_MS) == (rows[i].is_taken ? AWS_PENDING : AWS_FAILED));
        stop_asking(&asking); /* with the request not yet sent */
    }
}

static void test_container(void)
{
    static char path[] = "/tmp/colloquy-unit-token-XXXXXX";
    char of_file[128];
    const struct {
        const char *name;
        struct aws_environment environment;
        const char *header; /* NULL: none */
    } rows[] = {
        // clang-format off
        {"without a token", {{NULL}},                                                       NULL},
        {"with a token",    {{"AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic abc"}},              "\r\nAuthorization: Basic abc\r\n"},
        {"of a file",       {{of_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN=Basic abc"}},     "\r\nAuthorization: of-a-file\r\n"},
        // clang-format on
    };
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0 && write(fd, "of-a-file\n", 10) == 10);
    close(fd);
    snprintf(of_file, sizeof(of_file), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s", path);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct service service;

        service_start(&service, (const char *[SERVICE_MAX_ANSWERS]){KEYS("ASIA1", UNTIL("13:36:00"))});
        aws_environment(&rows[i].environment);
        service_set_url("AWS_CONTAINER_CREDENTIALS_FULL_URI", &service, "/keys?of=me");
        struct asking asking = start_asking();

        ROW_ASSERT(rows[i].name, get(&asking, NOW_MS) == AWS_PENDING);
        run(&asking, NOW_MS);
        ROW_ASSERT(rows[i].name, get(&asking, NOW_MS) == AWS_READY);
        ROW_ASSERT(rows[i].name, has_keys(&asking, "ASIA1", "s3cr3t", "t0k3n"));
        ROW_ASSERT(rows[i].name, str_starts(service.requests.data, "GET /keys?of=me HTTP/1.1\r\n"));
        ROW_ASSERT(rows[i].name, rows[i].header ? strstr(service.requests.data, rows[i].header) != NULL
                                                : !strstr(service.requests.data, "Authorization"));
        stop_asking(&asking);
        service_stop(&service);
    }
    unlink(path);
}

static void test_container_token_faults(void)
{
    static const struct aws_environment rows[] = {
        {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\r\nX: y"}},
        {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/nowhere"}},
        {{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/"}},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        aws_environment(&rows[i]);
        struct asking asking = start_asking();

        ROW_ASSERT(rows[i].set[1], get(&asking, NOW_MS) == AWS_FAILED);
        ROW_ASSERT(rows[i].set[1], strcasestr(aws_credentials_problem(asking.credentials), "token") != NULL);
        stop_asking(&asking);
    }
}

static void start_instance(struct service *service, const char *const answers[SERVICE_MAX_ANSWERS])
{
    service_start(service, answers);
    aws_environment(NULL);
    service_set_url("AWS_EC2_METADATA_SERVICE_ENDPOINT", service, "/");
}

/* The second version of the service alone: it wants a token first. */
static void test_instance(void)
{
    struct service service;

    start_instance(&service, (const char *[SERVICE_MAX_ANSWERS]){OK_HEAD "imds-token", OK_HEAD "a-role\nanother\n",
                                                                 KEYS("ASIA1", UNTIL("13:36:00"))});
    struct asking asking = start_asking();

    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_PENDING);
    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_PENDING); /* not twice */
    run(&asking, NOW_MS);
    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_READY);
    CU_ASSERT(has_keys(&asking, "ASIA1", "s3cr3t", "t0k3n"));
    const char *put = strstr(service.requests.data, "PUT /latest/api/token HTTP/1.1\r\n");
    const char *role = strstr(service.requests.data, "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\n");
    const char *keys =
        strstr(service.requests.data, "GET /latest/meta-data/iam/security-credentials/a-role HTTP/1.1\r\n");

    CU_ASSERT_FATAL(put && role && keys && put < role && role < keys);
    CU_ASSERT(strstr(put, "\r\nX-aws-ec2-metadata-token-ttl-seconds: 21600\r\n") < role);
    CU_ASSERT(strstr(put, "\r\nContent-Length: 0\r\n") < role);
    CU_ASSERT(strstr(role, "\r\nX-aws-ec2-metadata-token: imds-token\r\n") < keys);
    CU_ASSERT_PTR_NOT_NULL(strstr(keys, "\r\nX-aws-ec2-metadata-token: imds-token\r\n"));
    stop_asking(&asking);
    service_stop(&service);
}

/* ---- time ---- */

/* A container's service that has these keys one after the other, asked once. */
static struct asking ask_container(struct service *service, const char *const answers[SERVICE_MAX_ANSWERS])
{
    service_start(service, answers);
    aws_environment(NULL);
    service_set_url("AWS_CONTAINER_CREDENTIALS_FULL_URI", service, "/");
    struct asking asking = start_asking();

    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_PENDING);
    run(&asking, NOW_MS);
    return asking;
}

static void test_refresh(void)
{
    struct service service;
    struct asking asking =
        ask_container(&service, (const char *[SERVICE_MAX_ANSWERS]){KEYS("ASIA1", UNTIL("13:36:00")),
                                                                    KEYS("ASIA2", UNTIL("14:36:00"))});
    int64_t late_ms = NOW_MS + 55 * MINUTE_MS;

    CU_ASSERT_EQUAL(get(&asking, late_ms - 1), AWS_READY);
    run(&asking, late_ms - 1);
    CU_ASSERT_EQUAL(get(&asking, late_ms), AWS_READY); /* the old ones, while others are fetched */
    CU_ASSERT(has_keys(&asking, "ASIA1", "s3cr3t", "t0k3n"));
    run(&asking, late_ms);
    CU_ASSERT_EQUAL(get(&asking, late_ms), AWS_READY);
    CU_ASSERT(has_keys(&asking, "ASIA2", "s3cr3t", "t0k3n"));
    stop_asking(&asking);
    service_stop(&service);
}

static void test_expiry(void)
{
    struct service service;
    struct asking asking =
        ask_container(&service, (const char *[SERVICE_MAX_ANSWERS]){KEYS("ASIA1", UNTIL("13:36:00")), GONE, GONE,
                                                                    KEYS("ASIA2", UNTIL("14:36:00"))});
    int64_t end_ms = NOW_MS + 60 * MINUTE_MS;

    CU_ASSERT_EQUAL(get(&asking, end_ms - 1), AWS_READY);
    run(&asking, end_ms - 1);
    CU_ASSERT_EQUAL(get(&asking, end_ms - 1), AWS_READY); /* not renewed, and good for yet a moment */
    CU_ASSERT_EQUAL(get(&asking, end_ms), AWS_FAILED);    /* not asked again so soon */
    CU_ASSERT_EQUAL(get(&asking, end_ms + 4998), AWS_FAILED);
    CU_ASSERT_EQUAL(get(&asking, end_ms + 4999), AWS_PENDING);
    run(&asking, end_ms + 4999);
    CU_ASSERT_EQUAL(get(&asking, end_ms + 4999), AWS_FAILED);
    CU_ASSERT_EQUAL(get(&asking, end_ms), AWS_PENDING); /* the clock was put back */
    run(&asking, end_ms);
    CU_ASSERT_EQUAL(get(&asking, end_ms), AWS_READY);
    CU_ASSERT(has_keys(&asking, "ASIA2", "s3cr3t", "t0k3n"));
    stop_asking(&asking);
    service_stop(&service);
}

static void test_life_that_is_not_said(void)
{
    struct service service;
    struct asking asking = ask_container(&service, (const char *[SERVICE_MAX_ANSWERS]){KEYS("ASIA1", "\"x\":1"), GONE});

    CU_ASSERT_EQUAL(get(&asking, NOW_MS + 15 * MINUTE_MS - 1), AWS_READY);
    run(&asking, NOW_MS + 15 * MINUTE_MS - 1);
    CU_ASSERT_EQUAL(get(&asking, NOW_MS + 15 * MINUTE_MS), AWS_FAILED);
    stop_asking(&asking);
    service_stop(&service);
}

/* ---- failures ---- */

#define X20  "xxxxxxxxxxxxxxxxxxxx"
#define X100 X20 X20 X20 X20 X20

static void test_failures(void)
{
    static const struct {
        const char *name, *answers[SERVICE_MAX_ANSWERS];
        const char *problem; /* what is said of it */
    } rows[] = {
        // clang-format off
        {"no token",             {"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nt0k3n"},                          "the instance's metadata service: status 403"},
        {"an empty token",       {OK_HEAD},                                              "the instance's metadata service: not an answer"},
        {"a control character",  {OK_HEAD "a\tb"},                                       "the instance's metadata service: not an answer"},
        {"no role",              {OK_HEAD "t0k3n", GONE},                                "the instance's role: status 404"},
        {"an odd role",          {OK_HEAD "t0k3n", OK_HEAD "../../x"},                   "the instance's role: not an answer"},
        {"a role too long",      {OK_HEAD "t0k3n", OK_HEAD X100},                        "the instance's role: not an answer"},
        {"no keys",              {OK_HEAD "t0k3n", OK_HEAD "r", GONE},                   "the credentials of the instance's role: status 404"},
        {"no JSON",              {OK_HEAD "t0k3n", OK_HEAD "r", OK_HEAD "s3cr3t"},       "the credentials of the instance's role: not an answer"},
        {"expired keys",         {OK_HEAD "t0k3n", OK_HEAD "r", KEYS("A", UNTIL("12:36:00"))}, "the credentials of the instance's role: not an answer"},
        {"a redirect",           {STATUS("302 Found", "Location: http://127.0.0.1:1/\r\n")}, "the instance's metadata service: status 302"},
        {"closed at once",       {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nt0k3n"},  "the instance's metadata service: "},
        {"silence",              {""},                                                   "the instance's metadata service: Timeout"},
        // clang-format on
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct service service;

        start_instance(&service, rows[i].answers);
        struct asking asking = start_asking();

        ROW_ASSERT(rows[i].name, get(&asking, NOW_MS) == AWS_PENDING);
        run(&asking, NOW_MS);
        ROW_ASSERT(rows[i].name, get(&asking, NOW_MS) == AWS_FAILED);
        const char *problem = aws_credentials_problem(asking.credentials);
        ROW_ASSERT(rows[i].name, strstr(problem, rows[i].problem) != NULL);
        ROW_ASSERT(rows[i].name, !strstr(problem, "t0k3n") && !strstr(problem, "s3cr3t"));
        stop_asking(&asking);
        service_stop(&service);
    }
}

static void test_answer_without_end(void)
{
    enum { BYTES = 65 << 10 };
    static const char good[] = KEYS("ASIA1", UNTIL("13:36:00")); /* but for what follows */
    char *answer = malloc(BYTES + 1);
    struct service service;

    CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
    memset(answer, ' ', BYTES);
    memcpy(answer, good, sizeof(good) - 1);
    answer[BYTES] = '\0';
    struct asking asking = ask_container(&service, (const char *[SERVICE_MAX_ANSWERS]){answer});

    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_FAILED);
    stop_asking(&asking);
    service_stop(&service);
    free(answer);
}

static void test_nobody_there(void)
{
    char setting[64];
    uint16_t port;
    int fd = model_bind(&port, false);

    snprintf(setting, sizeof(setting), "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:%u", port);
    aws_environment(&(struct aws_environment){{setting}});
    struct asking asking = start_asking();

    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_PENDING);
    run(&asking, NOW_MS);
    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_FAILED);
    stop_asking(&asking);
    close(fd);
}

/* Another transfer of the same multi handle is left to its owner; so is everything when there are no credentials. */
static void test_not_ours(void)
{
    struct asking asking = start_asking();
    CURL *easy = curl_easy_init();

    CU_ASSERT(!aws_credentials_ended(asking.credentials, easy, CURLE_OK, NOW_MS));
    CU_ASSERT(!aws_credentials_ended(NULL, easy, CURLE_OK, NOW_MS));
    curl_easy_cleanup(easy);
    stop_asking(&asking);
}

/* Given up while a request is on its way. */
static void test_destroyed_while_asking(void)
{
    struct service service;
    int running;

    start_instance(&service, (const char *[SERVICE_MAX_ANSWERS]){OK_HEAD "t", ""});
    struct asking asking = start_asking();

    CU_ASSERT_EQUAL(get(&asking, NOW_MS), AWS_PENDING);
    for (int i = 0; i < 3; i++) {
        curl_multi_perform(asking.multi, &running);
        curl_multi_poll(asking.multi, NULL, 0, 10, NULL);
    }
    stop_asking(&asking);
    service_stop(&service);
}

SUITE(aws_credentials, {"the environment", test_environment}, {"addresses of containers", test_container_addresses},
      {"a container", test_container}, {"its token's faults", test_container_token_faults},
      {"an instance", test_instance}, {"renewed before they expire", test_refresh}, {"expired", test_expiry},
      {"a life that is not said", test_life_that_is_not_said}, {"failures", test_failures},
      {"an answer without end", test_answer_without_end}, {"nobody there", test_nobody_there},
      {"transfers of others", test_not_ours}, {"destroyed while asking", test_destroyed_while_asking});
