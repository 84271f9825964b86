/*
 * Turns of many students, each in a conversation of their own that is opened first.
 *
 *   bench_turns burst  OPTIONS               all at the same moment, on connections that stand already
 *   bench_turns loop   OPTIONS               --clients say the next as soon as they are answered, for --seconds; a
 *                                            conversation rests while the others have their turn
 *   bench_turns added  OPTIONS --model URL   one at a time, each followed by the same asked of the model directly
 *
 *   --url URL --cacert FILE --course ID --first ID   where: the course, and the first of its experiences
 *   --tokens PREFIX --students N                     who: their access tokens are PREFIX-1 to PREFIX-N
 *   --conversations N --message TEXT                 what: student i mod N says it in experience first + i / N
 *   --say-url URL                                    where turns are posted, if elsewhere than conversations are opened
 *   --pause yes                                      go on after the opening when a line comes on standard input
 *
 * Prints a line a phase, as samples_print() does; exit 1 if any request failed.
 */
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum { OPENING_CLIENTS = 32, URL_BYTES = 512, MAX_STUDENTS = 1000 };

enum setting {
    OPT_URL,
    OPT_CACERT,
    OPT_COURSE,
    OPT_FIRST,
    OPT_TOKENS,
    OPT_STUDENTS,
    OPT_CONVERSATIONS,
    OPT_MESSAGE,
    OPT_SAY_URL,
    OPT_CLIENTS,
    OPT_SECONDS,
    OPT_MODEL,
    OPT_PAUSE,
    OPT_COUNT
};

struct bench {
    const char *settings[OPT_COUNT];
    uint64_t first;
    size_t n, n_students;
    uint64_t *conversation_ids;
    struct curl_slist *headers[MAX_STUDENTS];
    char *said; /* the form */
    size_t next;
    size_t *resting, n_resting, first_resting; /* a ring of conversations that nobody is speaking in */
    int64_t end_ms;
    struct samples samples;
};

static uint64_t number(const struct bench *b, enum setting setting)
{
    const char *text = b->settings[setting];
    uint64_t n = 0;

    if (!text || !parse_id(text, strlen(text), &n)) {
        fprintf(stderr, "bench_turns: a number is missing: setting %d\n", setting);
        exit(2);
    }
    return n;
}

static bool read_options(struct bench *b, int argc, char **argv)
{
    static const char *const names[OPT_COUNT] = {"url",      "cacert",        "course",  "first",   "tokens",
                                                 "students", "conversations", "message", "say-url", "clients",
                                                 "seconds",  "model",         "pause"};
    struct option options[OPT_COUNT + 1] = {{0}};
    int got;

    for (int i = 0; i < OPT_COUNT; i++)
        options[i] = (struct option){names[i], required_argument, NULL, i};
    while ((got = getopt_long(argc, argv, "", options, NULL)) >= 0 && got < OPT_COUNT)
        b->settings[got] = optarg;
    return got < 0 && b->settings[OPT_URL] && b->settings[OPT_TOKENS] && b->settings[OPT_MESSAGE];
}

static void prepare(struct bench *b)
{
    char header[256], *escaped = curl_easy_escape(NULL, b->settings[OPT_MESSAGE], 0);

    b->first = number(b, OPT_FIRST);
    b->n = number(b, OPT_CONVERSATIONS);
    b->n_students = number(b, OPT_STUDENTS);
    b->conversation_ids = calloc(b->n, sizeof(*b->conversation_ids));
    b->resting = calloc(b->n, sizeof(*b->resting));
    b->said = malloc(strlen(escaped) + sizeof("message="));
    if (!b->conversation_ids || !b->resting || !b->said || b->n_students > MAX_STUDENTS)
        exit(2);
    snprintf(b->said, strlen(escaped) + sizeof("message="), "message=%s", escaped);
    curl_free(escaped);
    for (size_t i = 0; i < b->n_students; i++) {
        snprintf(header, sizeof(header), "Authorization: Bearer %s-%zu", b->settings[OPT_TOKENS], i + 1);
        b->headers[i] = curl_slist_append(NULL, header);
    }
}

/* ---- requests ---- */

/* A request about a conversation, on behalf of its student; fields: NULL of a GET. */
static void set_request(struct bench *b, struct client *client, const char *site, const char *path, const char *fields)
{
    char url[URL_BYTES];

    snprintf(url, sizeof(url), "%s/api/v1/courses/%s/ai_experiences/%llu/conversations%s", site,
             b->settings[OPT_COURSE], (unsigned long long)(b->first + client->number / b->n_students), path);
    curl_easy_setopt(client->easy, CURLOPT_URL, url);
    curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, b->headers[client->number % b->n_students]);
    if (fields)
        curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, fields);
    else
        curl_easy_setopt(client->easy, CURLOPT_HTTPGET, 1L);
}

static void set_turn(struct bench *b, struct client *client)
{
    char path[64];
    const char *site = b->settings[OPT_SAY_URL];

    snprintf(path, sizeof(path), "/%llu/messages", (unsigned long long)b->conversation_ids[client->number]);
    set_request(b, client, site ? site : b->settings[OPT_URL], path, b->said);
}

static void note(struct client *client, void *arg)
{
    struct bench *b = arg;

    samples_add(&b->samples, client->ms, client->status == 200);
}

/* Until now: what has been measured is printed, and the next phase begins with none. True: some failed. */
static bool end_phase(struct bench *b, const char *what, int64_t began_ms)
{
    bool has_failed = b->samples.n_failed > 0;

    samples_print(&b->samples, what, (double)(clock_mono_ms() - began_ms) / 1000);
    b->samples.n = b->samples.n_failed = 0;
    b->next = 0;
    return has_failed;
}

/* ---- opening ---- */

static bool next_opening(struct client *client, void *arg)
{
    struct bench *b = arg;

    if (b->next == b->n)
        return false;
    client->number = b->next++;
    set_request(b, client, b->settings[OPT_URL], "", "");
    return true;
}

static void note_opening(struct client *client, void *arg)
{
    struct bench *b = arg;
    struct json_object *json = json_tokener_parse(client->body.data);

    b->conversation_ids[client->number] = json_get_u64(json, "id");
    json_object_put(json);
    samples_add(&b->samples, client->ms, client->status == 201);
}

static bool open_all(struct bench *b)
{
    struct crowd crowd = {.next = next_opening, .done = note_opening, .arg = b};
    size_t n_clients = b->settings[OPT_CLIENTS] ? number(b, OPT_CLIENTS) : OPENING_CLIENTS;
    int64_t began_ms = clock_mono_ms();

    crowd_create(&crowd, b->n < n_clients ? b->n : n_clients, b->settings[OPT_CACERT]);
    crowd_run(&crowd);
    return end_phase(b, "open", began_ms);
}

/* ---- all at once ---- */

static bool next_look(struct client *client, void *arg)
{
    struct bench *b = arg;

    if (b->next == b->n)
        return false;
    client->number = b->next++;
    set_request(b, client, b->settings[OPT_URL], "", NULL);
    return true;
}

static bool next_turn_of_burst(struct client *client, void *arg)
{
    struct bench *b = arg;

    if (b->next == b->n)
        return false;
    client->number = b->next++;
    set_turn(b, client);
    return true;
}

static bool run_burst(struct bench *b)
{
    struct crowd crowd = {.next = next_look, .done = note, .arg = b};
    int64_t began_ms = clock_mono_ms();

    crowd_create(&crowd, b->n, b->settings[OPT_CACERT]);
    crowd_run(&crowd);
    bool has_failed = end_phase(b, "look", began_ms);

    crowd.next = next_turn_of_burst;
    began_ms = clock_mono_ms();
    crowd_run(&crowd);
    return end_phase(b, "turn", began_ms) || has_failed;
}

/* ---- a closed loop ---- */

static bool next_turn_of_loop(struct client *client, void *arg)
{
    struct bench *b = arg;

    if (!b->n_resting || clock_mono_ms() >= b->end_ms)
        return false;
    client->number = b->resting[b->first_resting];
    b->first_resting = (b->first_resting + 1) % b->n;
    b->n_resting--;
    set_turn(b, client);
    return true;
}

static void note_turn_of_loop(struct client *client, void *arg)
{
    struct bench *b = arg;

    note(client, b);
    b->resting[(b->first_resting + b->n_resting++) % b->n] = client->number;
}

static bool run_loop(struct bench *b)
{
    struct crowd crowd = {.next = next_turn_of_loop, .done = note_turn_of_loop, .arg = b};
    int64_t began_ms = clock_mono_ms();

    for (size_t i = 0; i < b->n; i++)
        b->resting[b->n_resting++] = i;
    b->end_ms = began_ms + (int64_t)number(b, OPT_SECONDS) * 1000;
    crowd_create(&crowd, number(b, OPT_CLIENTS), b->settings[OPT_CACERT]);
    crowd_run(&crowd);
    return end_phase(b, "turn", began_ms);
}

/* ---- what a turn adds ---- */

struct direct {
    const char *url;
    char *body;
    struct curl_slist *headers;
    bool is_asked;
};

static bool next_direct(struct client *client, void *arg)
{
    struct direct *direct = arg;

    if (direct->is_asked)
        return false;
    direct->is_asked = true;
    curl_easy_setopt(client->easy, CURLOPT_URL, direct->url);
    curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, direct->headers);
    curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, direct->body);
    return true;
}

static void note_direct(struct client *client, void *arg)
{
    (void)client;
    (void)arg;
}

static bool next_turn_alone(struct client *client, void *arg)
{
    struct bench *b = arg;

    if (b->samples.n > client->number)
        return false;
    set_turn(b, client);
    return true;
}

static bool run_added(struct bench *b)
{
    struct direct direct = {.url = b->settings[OPT_MODEL]};
    struct crowd asking = {.next = next_direct, .done = note_direct, .arg = &direct};
    struct crowd talking = {.next = next_turn_alone, .done = note, .arg = b};
    struct samples added = {0};
    size_t bytes = strlen(b->settings[OPT_MESSAGE]) + 128;

    direct.body = malloc(bytes);
    direct.headers = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(direct.body, bytes,
             "{\"model\":\"scripted\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
             b->settings[OPT_MESSAGE]);
    crowd_create(&asking, 1, b->settings[OPT_CACERT]);
    crowd_create(&talking, 1, b->settings[OPT_CACERT]);
    for (size_t i = 0; i < b->n; i++) {
        direct.is_asked = false;
        crowd_run(&asking);
        talking.clients[0].number = i;
        crowd_run(&talking);
        if (i) /* the first made the connections */
            samples_add(&added, talking.clients[0].ms - asking.clients[0].ms,
                        talking.clients[0].status == 200 && asking.clients[0].status == 200);
    }
    samples_print(&added, "added", 0);
    return added.n_failed > 0;
}

int main(int argc, char **argv)
{
    struct bench b = {.n = 0};
    const struct {
        const char *name;
        bool (*run)(struct bench *b);
    } modes[] = {{"burst", run_burst}, {"loop", run_loop}, {"added", run_added}};

    if (argc < 2 || !read_options(&b, argc - 1, argv + 1) || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        fprintf(stderr, "usage: bench_turns burst|loop|added OPTIONS (see the head of turns.c)\n");
        return 2;
    }
    prepare(&b);
    bool has_failed = open_all(&b);

    if (b.settings[OPT_PAUSE])
        (void)!getchar();
    for (size_t i = 0; i < LEN(modes); i++)
        if (str_eq(argv[1], modes[i].name))
            return modes[i].run(&b) || has_failed;
    return 2;
}
