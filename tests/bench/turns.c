/*
 * Many turns at once: one student opens a conversation in each of N experiences, then says the same in all of them
 * at the same moment. Prints, for each step, how many failed and how long they took.
 *
 *   bench_turns URL CACERT TOKEN COURSE FIRST_EXPERIENCE N MESSAGE
 *
 * The connections are made before the clock starts, as those of browsers that are in a conversation already.
 */
#include <curl/curl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colloquy/base.h"

struct turn {
    CURL *easy;
    struct buf body;
    char url[256];
    uint64_t conversation_id;
    double seconds;
    long status;
};

struct bench {
    const char *url, *cacert, *course, *message;
    struct curl_slist *headers;
    uint64_t first;
    size_t n;
    struct turn *turns;
};

static size_t keep(char *data, size_t size, size_t n, void *user)
{
    buf_append(user, data, size * n);
    return size * n;
}

static void prepare(struct bench *b, size_t i, const char *path, const char *fields)
{
    struct turn *t = &b->turns[i];

    snprintf(t->url, sizeof(t->url), "%s/api/v1/courses/%s/ai_experiences/%llu/conversations%s", b->url, b->course,
             (unsigned long long)(b->first + i), path);
    if (!t->easy)
        t->easy = curl_easy_init();
    buf_clear(&t->body);
    curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
    curl_easy_setopt(t->easy, CURLOPT_CAINFO, b->cacert);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, b->headers);
    curl_easy_setopt(t->easy, CURLOPT_COPYPOSTFIELDS, fields);
    curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, &t->body);
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT, 120L);
}

static void note(CURLMsg *msg)
{
    struct turn *t;

    curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
    curl_easy_getinfo(msg->easy_handle, CURLINFO_RESPONSE_CODE, &t->status);
    curl_easy_getinfo(msg->easy_handle, CURLINFO_TOTAL_TIME, &t->seconds);
    if (msg->data.result)
        t->status = 0;
}

static void run_all(struct bench *b, CURLM *multi)
{
    int running = 1, left;
    CURLMsg *msg;

    for (size_t i = 0; i < b->n; i++)
        curl_multi_add_handle(multi, b->turns[i].easy);
    while (running) {
        curl_multi_perform(multi, &running);
        while ((msg = curl_multi_info_read(multi, &left)))
            if (msg->msg == CURLMSG_DONE)
                note(msg);
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    for (size_t i = 0; i < b->n; i++)
        curl_multi_remove_handle(multi, b->turns[i].easy);
}

static int by_seconds(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static size_t report(const struct bench *b, const char *what, long want)
{
    double *seconds = calloc(b->n, sizeof(*seconds));
    size_t failed = 0;

    for (size_t i = 0; i < b->n; i++) {
        seconds[i] = b->turns[i].seconds;
        failed += b->turns[i].status != want;
    }
    qsort(seconds, b->n, sizeof(*seconds), by_seconds);
    printf("%s n=%zu failed=%zu p50_s=%.2f p99_s=%.2f max_s=%.2f\n", what, b->n, failed, seconds[b->n / 2],
           seconds[b->n * 99 / 100], seconds[b->n - 1]);
    fflush(stdout);
    free(seconds);
    return failed;
}

static void read_conversations(struct bench *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct json_object *json = json_tokener_parse(b->turns[i].body.data);

        b->turns[i].conversation_id = json_get_u64(json, "id");
        json_object_put(json);
    }
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: bench_turns URL CACERT TOKEN COURSE FIRST_EXPERIENCE N MESSAGE\n");
        return 2;
    }
    struct bench b = {.url = argv[1], .cacert = argv[2], .course = argv[4], .message = argv[7]};
    char header[256], path[64], *fields, *said;
    CURLM *multi;

    if (!parse_id(argv[5], strlen(argv[5]), &b.first) || curl_global_init(CURL_GLOBAL_DEFAULT))
        return 2;
    b.n = strtoul(argv[6], NULL, 10);
    b.turns = b.n ? calloc(b.n, sizeof(*b.turns)) : NULL;
    multi = curl_multi_init();
    if (!b.turns || !multi)
        return 2;
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)b.n);
    snprintf(header, sizeof(header), "Authorization: Bearer %s", argv[3]);
    b.headers = curl_slist_append(NULL, header);
    for (size_t i = 0; i < b.n; i++) {
        buf_init(&b.turns[i].body, 8 << 20);
        prepare(&b, i, "", "");
    }
    run_all(&b, multi);
    size_t failed = report(&b, "open", 201);

    read_conversations(&b);
    said = curl_easy_escape(NULL, b.message, 0);
    fields = malloc(strlen(said) + 16);
    snprintf(fields, strlen(said) + 16, "message=%s", said);
    for (size_t i = 0; i < b.n; i++) {
        snprintf(path, sizeof(path), "/%llu/messages", (unsigned long long)b.turns[i].conversation_id);
        prepare(&b, i, path, fields);
    }
    run_all(&b, multi);
    failed += report(&b, "turn", 200);
    return failed ? 1 : 0;
}
