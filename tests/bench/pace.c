/*
 * The pace of streams: how long from one piece of a reply to the next, as a client sees it.
 *
 *   bench_pace URL CACERT COURSE EXPERIENCE TOKEN STREAMS MESSAGE
 *
 * The student with that access token opens a conversation for each of the STREAMS, and says MESSAGE in all of them at once.
 * Prints the gaps between pieces as samples_print() does ("pace n=… p50_ms=… …"), and "events=…"; exit 1 if a stream had no
 * whole reply. CACERT "-": plain http.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum { MAX_STREAMS = 64, URL_BYTES = 512, TAIL_BYTES = 64 };

struct stream {
    CURL *easy;
    double last_ms;
    size_t n_events;
    char last;    /* byte that came */
    bool is_done; /* "message.done" has come */
    char tail[TAIL_BYTES];
};

static struct samples gaps;

static double now_ms(void)
{
    return (double)clock_mono_us() / 1000;
}

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    buf_append(user, data, size * n);
    return size * n;
}

/* Opening is no part of what is measured. 0: it failed. */
static uint64_t open_conversation(CURL *easy, const char *url)
{
    struct buf body;
    uint64_t id = 0;

    buf_init(&body, 1 << 20);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    if (!curl_easy_perform(easy)) {
        struct json_object *json = json_tokener_parse(body.data);

        id = json_get_u64(json, "id");
        json_object_put(json);
    }
    buf_release(&body);
    return id;
}

/* The end of what came, in which the last event begins: it may come in two parts. */
static void keep_tail(struct stream *s, const char *data, size_t len)
{
    size_t n = len < TAIL_BYTES - 1 ? len : TAIL_BYTES - 1, old = strlen(s->tail), kept = TAIL_BYTES - 1 - n;

    if (kept < old)
        memmove(s->tail, s->tail + old - kept, kept + 1);
    strncat(s->tail, data + len - n, n);
}

static size_t take_piece(char *data, size_t size, size_t n, void *user)
{
    struct stream *s = user;
    double at_ms = now_ms();
    size_t len = size * n;

    if (s->last_ms > 0)
        samples_add(&gaps, at_ms - s->last_ms, true);
    s->last_ms = at_ms;
    for (size_t i = 0; i < len; i++) {
        s->n_events += data[i] == '\n' && s->last == '\n'; /* a blank line ends one */
        s->last = data[i];
    }
    s->is_done |= memmem(data, len, "event: message.done", 19) != NULL;
    keep_tail(s, data, len);
    s->is_done |= strstr(s->tail, "event: message.done") != NULL;
    return len;
}

static CURL *new_client(const char *cacert, struct curl_slist *headers)
{
    CURL *easy = curl_easy_init();

    if (!easy)
        exit(2);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 120000L);
    if (strcmp(cacert, "-") != 0)
        curl_easy_setopt(easy, CURLOPT_CAINFO, cacert);
    return easy;
}

static void run_all(CURLM *multi)
{
    int n_running = 1;

    while (n_running && !curl_multi_perform(multi, &n_running))
        curl_multi_poll(multi, NULL, 0, 1000, NULL);
}

int main(int argc, char **argv)
{
    static struct stream streams[MAX_STREAMS];
    char url[URL_BYTES], header[256], *said;
    size_t n = argc == 8 ? strtoul(argv[6], NULL, 10) : 0, n_events = 0;
    bool has_failed = n == 0 || n > MAX_STREAMS;
    CURLM *multi = curl_multi_init();

    if (has_failed || !multi) {
        fprintf(stderr, "usage: bench_pace URL CACERT COURSE EXPERIENCE TOKEN STREAMS MESSAGE\n");
        return 2;
    }
    snprintf(header, sizeof(header), "Authorization: Bearer %s", argv[5]);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    struct curl_slist *streaming = curl_slist_append(curl_slist_append(NULL, header), "Accept: text/event-stream");
    char *escaped = curl_easy_escape(NULL, argv[7], 0);

    if (asprintf(&said, "message=%s", escaped) < 0)
        return 2;
    for (size_t i = 0; i < n; i++) {
        snprintf(url, sizeof(url), "%s/api/v1/courses/%s/ai_experiences/%zu/conversations", argv[1], argv[3],
                 strtoul(argv[4], NULL, 10) + i);
        streams[i].easy = new_client(argv[2], headers);
        uint64_t id = open_conversation(streams[i].easy, url);

        snprintf(url + strlen(url), sizeof(url) - strlen(url), "/%llu/messages", (unsigned long long)id);
        curl_easy_setopt(streams[i].easy, CURLOPT_URL, url);
        curl_easy_setopt(streams[i].easy, CURLOPT_HTTPHEADER, streaming);
        curl_easy_setopt(streams[i].easy, CURLOPT_POSTFIELDS, said);
        curl_easy_setopt(streams[i].easy, CURLOPT_WRITEFUNCTION, take_piece);
        curl_easy_setopt(streams[i].easy, CURLOPT_WRITEDATA, &streams[i]);
        curl_multi_add_handle(multi, streams[i].easy);
    }
    double began_ms = now_ms();

    run_all(multi);
    for (size_t i = 0; i < n; i++) {
        has_failed |= !streams[i].is_done;
        n_events += streams[i].n_events;
    }
    samples_print(&gaps, "pace", (now_ms() - began_ms) / 1000);
    printf("events=%zu\n", n_events);
    return has_failed;
}
