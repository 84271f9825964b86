/*
 * So many reads by so many clients, the URLs in turn: what the slowest took, and what went wrong.
 *
 *   bench_reads TOKEN CLIENTS REQUESTS URL…
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum { SHOWN_FAILURES = 10 };

struct reads {
    struct curl_slist *headers;
    char **urls;
    size_t n_urls, n_begun, n_wanted;
    size_t n_502, n_504;
    struct samples samples;
};

static bool next_read(struct client *client, void *arg)
{
    struct reads *r = arg;

    if (r->n_begun == r->n_wanted)
        return false;
    curl_easy_setopt(client->easy, CURLOPT_URL, r->urls[r->n_begun++ % r->n_urls]);
    curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, r->headers);
    return true;
}

static void note_read(struct client *client, void *arg)
{
    struct reads *r = arg;

    if (client->status != 200 && r->samples.n_failed < SHOWN_FAILURES)
        fprintf(stderr, "status %ld after %.0f ms: %.300s\n", client->status, client->ms, client->body.data);
    samples_add(&r->samples, client->ms, client->status == 200);
    r->n_502 += client->status == 502;
    r->n_504 += client->status == 504;
}

int main(int argc, char **argv)
{
    struct reads reads = {.urls = argv + 4};
    struct crowd crowd = {.next = next_read, .done = note_read, .arg = &reads};
    uint64_t n_clients;
    char header[256];

    if (argc < 5 || !parse_id(argv[2], strlen(argv[2]), &n_clients) || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        fprintf(stderr, "usage: bench_reads TOKEN CLIENTS REQUESTS URL...\n");
        return 2;
    }
    reads.n_urls = (size_t)argc - 4;
    reads.n_wanted = strtoul(argv[3], NULL, 10);
    snprintf(header, sizeof(header), "Authorization: Bearer %s", argv[1]);
    reads.headers = curl_slist_append(NULL, header);
    crowd_create(&crowd, n_clients, NULL);
    int64_t began_ms = clock_mono_ms();

    crowd_run(&crowd);
    samples_print(&reads.samples, "reads", (double)(clock_mono_ms() - began_ms) / 1000);
    printf("errors 502=%zu 504=%zu\n", reads.n_502, reads.n_504);
    return reads.samples.n_failed ? 1 : 0;
}
