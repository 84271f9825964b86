/*
 * What Colloquy's three reads cost at the least: bench_lean CONFIG SOCKET PROCESSES.
 *
 * libfcgi and the database's client library with nothing between them: one joined statement for each request, its
 * columns fetched in place, the JSON written as they come. It answers one student's requests with the very bytes of
 * Colloquy, which tests/bench/run compares first, and nothing else: no errors, no roles, no log, no reconnecting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lean_db.h"
#include "prefork.h"

enum { BODY_MAX_BYTES = 1 << 20, LINK_MAX_BYTES = 8192, MAX_OBJECTIVES = 64 };

/* Who may read: a student who is enrolled, with a token that is good for everything. */
#define WHERE_STUDENT                                                                                                  \
    " WHERE a.token_hash = ? AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > UTC_TIMESTAMP(3))"   \
    " AND a.is_scoped = 0 AND e.course_id = ?"

#define FROM_STUDENT " FROM access_token a JOIN course_member e ON e.user_id = a.user_id AND e.roles & 1"

#define EXPERIENCE_COLUMNS                                                                                             \
    "x.id, x.title, x.description, x.learning_objective, x.created_at, x.updated_at, l.workflow_state,"                \
    " l.all_objectives_met"

#define JOIN_LATEST " LEFT JOIN latest_conversation l ON l.ai_experience_id = x.id AND l.user_id = a.user_id"

static const char EXPERIENCE[] =
    "SELECT " EXPERIENCE_COLUMNS FROM_STUDENT
    " JOIN ai_experience x ON x.course_id = e.course_id AND x.workflow_state = 'published'" JOIN_LATEST WHERE_STUDENT
    " AND x.id = ?";

static const char EXPERIENCES[] =
    "SELECT " EXPERIENCE_COLUMNS ", (SELECT COUNT(*) FROM ai_experience n WHERE n.course_id = ?"
    " AND n.workflow_state = 'published')" FROM_STUDENT
    " JOIN ai_experience x ON x.course_id = e.course_id AND x.workflow_state = 'published'" JOIN_LATEST WHERE_STUDENT
    " ORDER BY x.id LIMIT ?";

/* What belongs to the conversation comes with its first message alone; the turn that runs, if any, is one row. */
static const char CONVERSATION[] =
    "SELECT IF(m.seq, NULL, v.id), IF(m.seq, NULL, v.learning_objective), IF(m.seq, NULL, v.met_at),"
    " IF(m.seq, NULL, v.all_objectives_met), IF(m.seq, NULL, v.created_at), IF(m.seq, NULL, v.updated_at), m.uuid, "
    "m.role, m.is_initial, m.text, m.html, m.created_at, t.user_seq = m.seq" FROM_STUDENT
    " JOIN ai_experience x ON x.course_id = e.course_id AND x.workflow_state = 'published'"
    " JOIN conversation v ON v.ai_experience_id = x.id AND v.user_id = a.user_id AND v.is_active = 1"
    " JOIN message m ON m.conversation_id = v.id"
    " LEFT JOIN turn t ON t.conversation_id = v.id AND t.is_running = 1 AND t.lease_until > "
    "UTC_TIMESTAMP(3)" WHERE_STUDENT " AND x.id = ? ORDER BY m.seq";

struct lean {
    MYSQL *mysql;
    struct lean_statement experience, experiences, conversation;
    struct buf body, link;
};

static struct config *config;

/* ---- JSON ---- */

#define LITERAL(buf, text) buf_append(buf, text, sizeof(text) - 1)

/* The database holds valid UTF-8 only. */
static void put_text(struct buf *buf, const char *text, size_t len)
{
    static const char shorthand[256] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    size_t from = 0;

    buf_char(buf, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_append(buf, text + from, i - from);
        from = i + 1;
        if (shorthand[c])
            buf_append(buf, (const char[]){'\\', shorthand[c]}, 2);
        else
            buf_printf(buf, "\\u%04x", c);
    }
    buf_append(buf, text + from, len - from);
    buf_char(buf, '"');
}

static void put_column(struct buf *buf, const struct lean_column *column)
{
    if (column->is_null)
        LITERAL(buf, "null");
    else
        put_text(buf, column->text, column->len);
}

static void put_digits(char *to, unsigned n, unsigned width)
{
    for (; width; n /= 10)
        to[--width] = (char)('0' + n % 10);
}

static void put_time(struct buf *buf, const MYSQL_TIME *time)
{
    char text[] = "\"0000-00-00T00:00:00Z\"";

    put_digits(text + 1, time->year, 4);
    put_digits(text + 6, time->month, 2);
    put_digits(text + 9, time->day, 2);
    put_digits(text + 12, time->hour, 2);
    put_digits(text + 15, time->minute, 2);
    put_digits(text + 18, time->second, 2);
    LITERAL(buf, text);
}

/* ---- experiences ---- */

static void put_objectives(struct buf *buf, const char *at, size_t len)
{
    const char *end = at + len;

    buf_char(buf, '[');
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        line_end = line_end ? line_end : end;
        put_text(buf, at, (size_t)(line_end - at));
        at = line_end + (line_end < end);
        if (at < end)
            buf_char(buf, ',');
    }
    buf_char(buf, ']');
}

static const char *submission_status(const struct lean_column *state, const struct lean_column *met)
{
    if (!met->is_null && met->number)
        return "completed";
    return !state->is_null && state->len == 6 && !memcmp(state->text, "active", 6) ? "in_progress" : "not_started";
}

static void put_experience(struct buf *buf, const struct lean_column *c, uint64_t course_id)
{
    LITERAL(buf, "{\"id\":");
    buf_u64(buf, c[0].number);
    LITERAL(buf, ",\"course_id\":");
    buf_u64(buf, course_id);
    LITERAL(buf, ",\"title\":");
    put_column(buf, &c[1]);
    LITERAL(buf, ",\"description\":");
    put_column(buf, &c[2]);
    LITERAL(buf, ",\"learning_objective\":");
    put_column(buf, &c[3]);
    LITERAL(buf, ",\"learning_objectives\":");
    put_objectives(buf, c[3].text, c[3].len);
    LITERAL(buf, ",\"workflow_state\":\"published\",\"context_index_status\":\"not_started\",\"created_at\":");
    put_time(buf, &c[4].time);
    LITERAL(buf, ",\"updated_at\":");
    put_time(buf, &c[5].time);
    LITERAL(buf, ",\"can_manage\":false,\"submission_status\":\"");
    buf_str(buf, submission_status(&c[6], &c[7]));
    LITERAL(buf, "\"}");
}

static void answer_experience(struct lean *lean, const uint8_t *hash, uint64_t course_id, uint64_t id)
{
    MYSQL_BIND in[] = {LEAN_HASH(hash), LEAN_NUMBER(course_id), LEAN_NUMBER(id)};

    if (lean_execute(&lean->experience, in))
        while (lean_fetch(&lean->experience))
            put_experience(&lean->body, lean->experience.columns, course_id);
}

/* The first page, as Canvas links it. */
static void put_link(struct buf *link, FCGX_Request *request, uint64_t per_page, uint64_t total)
{
    const char *scheme = FCGX_GetParam("REQUEST_SCHEME", request->envp),
               *host = FCGX_GetParam("HTTP_HOST", request->envp);
    const char *path = FCGX_GetParam("DOCUMENT_URI", request->envp);
    unsigned long long last = total ? (total - 1) / per_page + 1 : 1, size = per_page;
    char base[512];

    snprintf(base, sizeof(base), "<%s://%s%s?page=", scheme, host, path);
    buf_printf(link, "Link: %s1&per_page=%llu>; rel=\"current\"", base, size);
    if (last > 1)
        buf_printf(link, ",%s2&per_page=%llu>; rel=\"next\"", base, size);
    buf_printf(link, ",%s1&per_page=%llu>; rel=\"first\",%s%llu&per_page=%llu>; rel=\"last\"\r\n", base, size, base,
               last, size);
}

static void answer_experiences(struct lean *lean, FCGX_Request *request, const uint8_t *hash, uint64_t course_id)
{
    const char *per_page = strstr(FCGX_GetParam("QUERY_STRING", request->envp), "per_page=");
    uint64_t limit = per_page ? strtoull(per_page + 9, NULL, 10) : 10;
    const struct lean_column *c = lean->experiences.columns;
    MYSQL_BIND in[] = {LEAN_NUMBER(course_id), LEAN_HASH(hash), LEAN_NUMBER(course_id), LEAN_NUMBER(limit)};
    bool is_first = true;

    buf_char(&lean->body, '[');
    if (!lean_execute(&lean->experiences, in))
        return;
    while (lean_fetch(&lean->experiences)) {
        if (!is_first)
            buf_char(&lean->body, ',');
        is_first = false;
        put_experience(&lean->body, c, course_id);
    }
    buf_char(&lean->body, ']');
    put_link(&lean->link, request, limit, is_first ? 0 : c[8].number);
}

/* ---- the conversation ---- */

/* Whether what a user said was answered shows with the next message: the status stays open, and its place is given back. */
static size_t put_message(struct buf *buf, const struct lean_column *c)
{
    size_t status_at;
    bool is_assistant = c[1].number != 0;

    LITERAL(buf, "{\"id\":");
    put_column(buf, &c[0]);
    buf_str(buf, is_assistant ? ",\"role\":\"Assistant\",\"text\":" : ",\"role\":\"User\",\"text\":");
    put_column(buf, &c[3]);
    LITERAL(buf, ",\"created_at\":");
    put_time(buf, &c[5].time);
    LITERAL(buf, ",\"feedback\":[],\"status\":\"");
    status_at = buf->len;
    buf_str(buf, c[2].number ? "complete\",\"initial\":true" : "complete\",\"initial\":false");
    if (is_assistant) {
        LITERAL(buf, ",\"html\":");
        put_column(buf, &c[4]);
        LITERAL(buf, ",\"citations\":[]");
    }
    buf_char(buf, '}');
    return is_assistant ? 0 : status_at;
}

/* A message that was left without a reply. Rare: the rest of the answer is moved. */
static void put_unanswered(struct buf *buf, size_t status_at, bool is_running)
{
    static const char complete[] = "complete";
    const char *status = is_running ? "pending" : "failed";
    char *rest = strdup(buf->data + status_at + sizeof(complete) - 1);

    buf->len = status_at;
    buf_str(buf, status);
    buf_str(buf, rest);
    free(rest);
}

/* Two passes over the objectives: how many are met stands before them. */
static void put_progress(struct buf *buf, const char *objectives, size_t len, const char *met_at)
{
    const char *end = objectives + len, *text[MAX_OBJECTIVES];
    size_t lens[MAX_OBJECTIVES], n = 0, n_met = 0;
    char *after;
    unsigned long place[MAX_OBJECTIVES];
    bool is_met[MAX_OBJECTIVES];

    for (const char *at = objectives; at < end && n < MAX_OBJECTIVES; at += lens[n++] + 1) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));

        text[n] = at;
        lens[n] = (size_t)((line_end ? line_end : end) - at);
        place[n] = strtoul(met_at, &after, 10);
        is_met[n] = after != met_at;
        n_met += is_met[n];
        met_at = *after == ',' ? after + 1 : after;
    }
    buf_printf(buf, "{\"current\":%zu,\"total\":%zu,\"percentage\":%zu,\"objectives\":[", n_met, n,
               n ? (200 * n_met + n) / (2 * n) : 0);
    for (size_t i = 0; i < n; i++) {
        buf_str(buf, i ? ",{\"objective\":" : "{\"objective\":");
        put_text(buf, text[i], lens[i]);
        if (is_met[i])
            buf_printf(buf, ",\"status\":\"covered\",\"met_at_turn\":%lu}", place[i]);
        else
            LITERAL(buf, ",\"status\":\"\",\"met_at_turn\":null}");
    }
    LITERAL(buf, "]}");
}

static void answer_conversation(struct lean *lean, const uint8_t *hash, uint64_t course_id, uint64_t experience_id)
{
    struct lean_statement *s = &lean->conversation;
    const struct lean_column *c = s->columns;
    struct buf *buf = &lean->body;
    static char objectives[LEAN_TEXT_BYTES], met_at[1024];
    MYSQL_BIND in[] = {LEAN_HASH(hash), LEAN_NUMBER(course_id), LEAN_NUMBER(experience_id)};
    MYSQL_TIME created_at = {0}, updated_at = {0};
    size_t len = 0, open_at = 0;
    bool is_running = false, is_met = false;

    if (!lean_execute(s, in))
        return;
    for (bool is_first = true; lean_fetch(s); is_first = false) {
        if (is_first) {
            len = c[1].len;
            memcpy(objectives, c[1].text, len);
            snprintf(met_at, sizeof(met_at), "%.*s", (int)c[2].len, c[2].text);
            is_met = c[3].number != 0;
            created_at = c[4].time;
            updated_at = c[5].time;
            LITERAL(buf, "{\"id\":");
            buf_u64(buf, c[0].number);
            LITERAL(buf, ",\"messages\":[");
        } else {
            if (open_at && !c[7].number)
                put_unanswered(buf, open_at, is_running);
            buf_char(buf, ',');
        }
        open_at = put_message(buf, c + 6);
        is_running = !c[12].is_null && c[12].number;
    }
    if (open_at)
        put_unanswered(buf, open_at, is_running);
    LITERAL(buf, "],\"progress\":");
    put_progress(buf, objectives, len, met_at);
    buf_str(buf, is_met ? ",\"workflow_state\":\"active\",\"all_objectives_met\":true,\"created_at\":"
                        : ",\"workflow_state\":\"active\",\"all_objectives_met\":false,\"created_at\":");
    put_time(buf, &created_at);
    LITERAL(buf, ",\"updated_at\":");
    put_time(buf, &updated_at);
    buf_char(buf, '}');
}

/* ---- requests ---- */

static void send_answer(struct lean *lean, FCGX_Request *request)
{
    const char *id = FCGX_GetParam("REQUEST_ID", request->envp);
    char head[512];
    int n = snprintf(head, sizeof(head),
                     "Status: 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n"
                     "Cache-Control: no-store\r\nX-Request-Id: %s\r\nX-Request-Context-Id: %s\r\n",
                     lean->body.len, id, id);

    FCGX_PutStr(head, n, request->out);
    FCGX_PutStr(lean->link.data, (int)lean->link.len, request->out);
    FCGX_PutStr("\r\n", 2, request->out);
    FCGX_PutStr(lean->body.data, (int)lean->body.len, request->out);
}

static void answer(FCGX_Request *request, void *arg)
{
    static const char courses[] = "/api/v1/courses/", experiences[] = "/ai_experiences";
    struct lean *lean = arg;
    const char *authorization = FCGX_GetParam("HTTP_AUTHORIZATION", request->envp);
    const char *path = FCGX_GetParam("DOCUMENT_URI", request->envp);
    char *at;
    uint8_t hash[SHA256_BYTES];

    if (!authorization || !path || strncmp(path, courses, sizeof(courses) - 1) != 0)
        return;
    if (!sha256(authorization + 7, strlen(authorization + 7), hash))
        return;
    uint64_t course_id = strtoull(path + sizeof(courses) - 1, &at, 10);

    at += sizeof(experiences) - 1;
    uint64_t experience_id = *at == '/' ? strtoull(at + 1, &at, 10) : 0;

    buf_clear(&lean->body);
    buf_clear(&lean->link);
    if (!experience_id) {
        answer_experiences(lean, request, hash, course_id);
    } else if (*at) {
        answer_conversation(lean, hash, course_id, experience_id);
    } else {
        answer_experience(lean, hash, course_id, experience_id);
    }
    send_answer(lean, request);
}

static void *start(void)
{
    static struct lean lean;

    lean.mysql = lean_connect(&config->database);
    lean_prepare(&lean.experience, lean.mysql, EXPERIENCE, "ntttddtn");
    lean_prepare(&lean.experiences, lean.mysql, EXPERIENCES, "ntttddtnn");
    lean_prepare(&lean.conversation, lean.mysql, CONVERSATION, "nttnddtnnttdn");
    buf_init(&lean.body, BODY_MAX_BYTES);
    buf_init(&lean.link, LINK_MAX_BYTES);
    return &lean;
}

int main(int argc, char **argv)
{
    struct buf problems;

    buf_init(&problems, 65536);
    config = argc == 4 ? config_load(argv[1], &problems) : NULL;
    if (!config) {
        fprintf(stderr, "usage: bench_lean CONFIG SOCKET PROCESSES\n%s", problems.data);
        return 2;
    }
    return prefork_run(argv[2], (unsigned)strtoul(argv[3], NULL, 10), start, answer);
}
