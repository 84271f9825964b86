/* Bots, files and questions, for the suites that follow a file through all its parts. */
#include "documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "colloquy/base/json.h"

enum { SYNC_MS = 30000, BODY_MAX_BYTES = 64 << 20 };

const char PNG_BYTES[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
                         "\0\0\0\rIDATx\x9c"
                         "c\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xae"
                         "B`\x82";
const size_t PNG_LEN = sizeof(PNG_BYTES) - 1;

void documents_use_instance(void)
{
    static struct instance *instance;

    if (!instance)
        instance = instance_create("documents", textf("http://127.0.0.1:%d", main_model().port), NULL);
    instance_use(instance);
}

static struct buf *new_buf(size_t max)
{
    struct buf *buf = buf_in_arena(test_arena(), max);

    if (!buf)
        harness_die("out of memory");
    return buf;
}

/* ---- bots and their files ---- */

const char *make_bot(enum person owner, bool shows_chunks)
{
    const char *id = chat_new_id();
    const char *body = textf("{\"id\":\"%s\",\"title\":\"A bot\",\"instruction\":\"Speak of birds.\","
                             "\"display_retrieved_chunks\":%s}",
                             id, shows_chunks ? "true" : "false");

    if (!expect_status("a bot", CALL("POST", CHAT "/bot", token_of(owner), .body = body), 200))
        harness_die("cannot make a bot");
    return id;
}

char *bot_path(const char *bot, const char *what)
{
    return textf(CHAT "/bot/%s%s", bot, what);
}

void share_bot(const char *bot, enum person owner, enum person with)
{
    const char *body = with == N_PEOPLE ? "{\"target_shared_scope\":\"private\"}"
                                        : textf("{\"target_shared_scope\":\"partial\",\"target_allowed_user_ids\":"
                                                "[\"%lu\"],\"target_allowed_group_ids\":[]}",
                                                id_of(with));

    expect_status("share", CALL("PATCH", bot_path(bot, "/visibility"), token_of(owner), .body = body), 200);
}

static size_t size_of(const struct file *file)
{
    return file->len ? file->len : strlen(file->data);
}

const struct answer *upload_file(const char *bot, enum person who, const struct file *file)
{
    struct buf *body = new_buf(BODY_MAX_BYTES);

    if (file->description)
        buf_printf(body, "--b-b\r\nContent-Disposition: form-data; name=description\r\n\r\n%s\r\n", file->description);
    buf_printf(body, "--b-b\r\nContent-Disposition: form-data; name=file; filename=\"%s\"\r\n\r\n", file->name);
    buf_append(body, file->data, size_of(file));
    buf_str(body, "\r\n--b-b--\r\n");
    return CALL("POST", bot_path(bot, "/documents"), token_of(who), .body = body->data, .len = body->len,
                .type = "multipart/form-data; boundary=b-b");
}

static char *escaped(const char *text)
{
    struct buf *out = new_buf(4096);

    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        buf_printf(out, "%%%02X", *c);
    return out->data;
}

const struct answer *put_file(const char *bot, enum person who, const struct file *file)
{
    const char *query = textf("/presigned-url?filename=%s&contentType=text%%2Fplain", escaped(file->name));
    const struct answer *address = CALL("GET", bot_path(bot, query), token_of(who));

    if (!expect_status("an address", address, 200))
        return address;
    return CALL("PUT", link_path(text_at(address->json, "/url")), NULL, .body = file->data, .len = size_of(file),
                .type = "text/plain");
}

struct sync {
    const char *bot;
    enum person owner;
    struct json_object *json;
};

static bool is_synced(void *arg)
{
    struct sync *sync = arg;

    pause_ms(30);
    sync->json = CALL("GET", bot_path(textf("private/%s", sync->bot), ""), token_of(sync->owner))->json;
    const char *status = text_at(sync->json, "/sync_status");

    return str_eq(status, "SUCCEEDED") || str_eq(status, "FAILED");
}

struct json_object *wait_for_sync(const char *bot, enum person owner)
{
    struct sync sync = {bot, owner, NULL};

    ROW_ASSERT("documents are read", wait_until(is_synced, &sync, SYNC_MS));
    return sync.json;
}

const char *bot_with(enum person owner, const char *filename, const char *text)
{
    const char *bot = make_bot(owner, true);

    expect_status(filename, upload_file(bot, owner, &(struct file){.name = filename, .data = text}), 201);
    expect_json(filename, wait_for_sync(bot, owner), "/sync_status", "\"SUCCEEDED\"");
    return bot;
}

struct json_object *document_of(const char *bot, enum person owner, const char *filename)
{
    struct json_object *list = CALL("GET", bot_path(bot, "/documents"), token_of(owner))->json;

    for (size_t i = 0; i < count_at(list, ""); i++)
        if (str_eq(text_at(list, textf("/%zu/filename", i)), filename))
            return json_at(list, textf("/%zu", i));
    return NULL;
}

void remove_document(const char *bot, enum person owner, const char *filename)
{
    const char *id = text_at(document_of(bot, owner, filename), "/id");

    expect_body("removed", CALL("DELETE", bot_path(bot, textf("/documents/%s", id)), token_of(owner)), 200, "null");
}

/* ---- asking ---- */

struct transfer *ask_start(const struct question *q)
{
    struct buf *body = new_buf(BODY_MAX_BYTES);
    const char *type = q->is_streaming ? "text/event-stream" : "application/json";
    struct json_out out;

    json_out_init(&out, body);
    buf_printf(body, "{\"%s\":\"%s\",", q->is_camel ? "conversationId" : "conversation_id", q->chat);
    if (q->bot)
        buf_printf(body, "\"bot_id\":\"%s\",", q->bot);
    if (q->is_continuing)
        buf_str(body, "\"continue_generate\":true,");
    buf_str(body, "\"message\":{");
    if (q->parent)
        buf_printf(body, "\"parent_message_id\":\"%s\",", q->parent);
    buf_printf(body, "\"content\":[%s{\"content_type\":\"text\",\"body\":", q->more ? q->more : "");
    json_text(&out, q->text ? q->text : "");
    buf_str(body, "}]}}");
    return START("POST", CHAT "/conversation", token_of(q->who), .body = body->data, .len = body->len,
                 .accept = textf("%s; keys=%s", type, q->is_camel ? "camel" : "snake"), .limit_ms = 120000);
}

const struct answer *ask_bot(const struct question *q)
{
    const struct answer *answer = call_finish(ask_start(q));

    expect_status(q->text ? q->text : "continued", answer, 200);
    return answer;
}

static void put_base64(struct buf *body, const void *data, size_t len)
{
    struct json_out out;

    json_out_init(&out, body);
    json_base64(&out, data, len);
}

char *attachment(const char *file_name, const void *data, size_t len)
{
    struct buf *body = new_buf(BODY_MAX_BYTES);
    struct json_out out;

    buf_str(body, "{\"content_type\":\"attachment\",\"file_name\":");
    json_out_init(&out, body);
    json_text(&out, file_name);
    buf_str(body, ",\"body\":");
    put_base64(body, data, len);
    buf_str(body, "},");
    return body->data;
}

char *image(const void *data, size_t len)
{
    struct buf *body = new_buf(BODY_MAX_BYTES);

    buf_str(body, "{\"content_type\":\"image\",\"media_type\":\"image/png\",\"body\":");
    put_base64(body, data, len);
    buf_str(body, "},");
    return body->data;
}

static struct json_object *told(void)
{
    return json_of(text_at(model_stats(), "/last_body"));
}

static bool has_system(struct json_object *json)
{
    return str_eq(text_at(json, "/messages/0/role"), "system");
}

const char *told_system(void)
{
    struct json_object *json = told();

    return has_system(json) ? text_at(json, "/messages/0/content") : "";
}

size_t count_told(void)
{
    struct json_object *json = told();

    return count_at(json, "/messages") - has_system(json);
}

const char *told_message(size_t i)
{
    struct json_object *json = told();
    const char *pointer = textf("/messages/%zu/content", i + has_system(json));
    struct buf *text = new_buf(BODY_MAX_BYTES);

    buf_str(text, text_at(json, pointer));
    for (size_t k = 0; k < count_at(json, pointer); k++)
        buf_printf(text, "%s\n", text_at(json, textf("%s/%zu/text", pointer, k)));
    return text->data;
}

bool was_told(const char *needle)
{
    bool was = strstr(told_system(), needle) != NULL;

    for (size_t i = 0, n = count_told(); i < n && !was; i++)
        was = strstr(told_message(i), needle) != NULL;
    return was;
}

char *related_path(const char *chat, const char *what)
{
    return textf(CHAT "/conversation/%s/related-documents%s", chat, what);
}

struct json_object *related_of(const char *chat, enum person who)
{
    const struct answer *answer = CALL("GET", related_path(chat, ""), token_of(who));

    expect_status("related documents", answer, 200);
    return answer->json;
}

char *preview_path(const char *chat, const char *source_id)
{
    return related_path(chat, textf("/%s/preview", source_id));
}

char *link_path(const char *url)
{
    const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;

    return path ? textf("%.*s", (int)strcspn(path, "#"), path) : textf("/none");
}

/* ---- what is there ---- */

size_t files_on_disk(void)
{
    struct buf *out = new_buf(1 << 20);
    const char *const argv[] = {
        "/usr/bin/find", textf("%s/files", instance_used()->dir), "-type", "f", "-printf", "x", NULL};

    if (run_program(argv, NULL, out, 5000))
        harness_die("files cannot be counted");
    return out->len;
}

uint64_t rows_of(const char *table)
{
    return database_number(textf("SELECT COUNT(*) FROM %s", table));
}

const char *check_said(void)
{
    const char *const argv[] = {"check", "--files", NULL};
    struct buf *out = new_buf(1 << 20);
    int code = command_run(argv, out);

    return code || out->len ? textf("exit code %d: %s", code, out->data) : "";
}

static const char *const tables[LEFT_TABLES] = {
    [LEFT_FILE] = "file",           [LEFT_FILE_HOLD] = "file_hold", [LEFT_DOCUMENT] = "document",
    [LEFT_UPLOAD] = "upload",       [LEFT_CHAT] = "chat",           [LEFT_CHAT_MESSAGE] = "chat_message",
    [LEFT_CHAT_FILE] = "chat_file", [LEFT_CHAT_WORD] = "chat_word", [LEFT_RELATED] = "related_document"};

struct left documents_left(void)
{
    struct left left = {.files = files_on_disk()};

    for (size_t i = 0; i < LEFT_TABLES; i++)
        left.rows[i] = rows_of(tables[i]);
    return left;
}

void expect_left(const char *row, const struct left *before)
{
    struct left now = documents_left();
    const char *said = check_said();

    for (size_t i = 0; i < LEFT_TABLES; i++)
        ROW_ASSERT(textf("%s: %s: %lu rows, then %lu", row, tables[i], before->rows[i], now.rows[i]),
                   now.rows[i] == before->rows[i]);
    ROW_ASSERT(textf("%s: %zu files, then %zu", row, before->files, now.files), now.files == before->files);
    ROW_ASSERT(said, !*said);
}
