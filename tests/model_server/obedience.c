/*
 * Obedience: a model that does whatever it is told, by whoever manages to tell it.
 *
 * It sees a request as a model would. Told is what the system prompt says, and each other text that the request holds,
 * names of members included. Data is only what stands in the strings of the one document: there an order means nothing.
 * Where data got out of its string, or holds a mark that its server takes for the beginning of another's words, whoever
 * wrote it tells the model what to do.
 */
#include "model_server.h"

#include <json-c/json.h>
#include <stdio.h>

enum { DOCUMENT_MAX_BYTES = 256 << 20 }; /* its tree */

/* ---- the document's form ---- */

enum type { TEXT, NUMBER, BOOLEAN, ROLE, LIST };

struct member {
    const char *name;
    enum type type;
    const struct member *items; /* of a list */
};

static const struct member objective_members[] = {
    {"number", NUMBER, NULL}, {"objective", TEXT, NULL}, {"already_covered", BOOLEAN, NULL}, {0}};
static const struct member metric_members[] = {
    {"number", NUMBER, NULL}, {"name", TEXT, NULL}, {"description", TEXT, NULL}, {0}};
static const struct member message_members[] = {
    {"number", NUMBER, NULL}, {"role", ROLE, NULL}, {"text", TEXT, NULL}, {0}};
static const struct member document_members[] = {{"title", TEXT, NULL},
                                                 {"description", TEXT, NULL},
                                                 {"facts", TEXT, NULL},
                                                 {"guidance", TEXT, NULL},
                                                 {"objectives", LIST, objective_members},
                                                 {"metrics", LIST, metric_members},
                                                 {"summary", TEXT, NULL},
                                                 {"messages", LIST, message_members},
                                                 {0}};

static bool is_object_of(struct json_object *value, const struct member *members);

static bool is_list_of(struct json_object *value, const struct member *members)
{
    if (!json_object_is_type(value, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(value); i++)
        if (!is_object_of(json_object_array_get_idx(value, i), members))
            return false;
    return true;
}

/* Of a conversation in a course, or of a chat. */
static bool is_role(struct json_object *value)
{
    static const char *const roles[] = {"student", "tutor", "user", "assistant"};
    const char *role = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

    for (size_t i = 0; i < LEN(roles); i++)
        if (str_eq(roles[i], role))
            return true;
    return false;
}

static bool is_of_type(struct json_object *value, const struct member *member)
{
    switch (member->type) {
    case TEXT:
        return json_object_is_type(value, json_type_string);
    case NUMBER:
        return json_object_is_type(value, json_type_int);
    case BOOLEAN:
        return json_object_is_type(value, json_type_boolean);
    case ROLE:
        return is_role(value);
    case LIST:
        return is_list_of(value, member->items);
    }
    return false;
}

static bool is_member_of(const char *name, struct json_object *value, const struct member *members)
{
    for (; members->name; members++)
        if (str_eq(members->name, name))
            return is_of_type(value, members);
    return false;
}

static bool is_object_of(struct json_object *value, const struct member *members)
{
    if (!json_object_is_type(value, json_type_object))
        return false;
    json_object_object_foreach(value, name, member)
    {
        if (!is_member_of(name, member, members))
            return false;
    }
    return true;
}

/* ---- the template ---- */

/*
 * Marks of templates, by which servers tell who speaks. Many know them wherever they stand: what comes behind one is no
 * data any more. Source: chat templates of the models that have them (ChatML, Llama 2 and 3, Mistral, Gemma, DeepSeek,
 * EXAONE).
 */
static bool has_mark(const char *text)
{
    static const char *const marks[] = {
        "<|", "<\xEF\xBD\x9C", "<s>", "</s>", "<start_of_turn>", "<end_of_turn>", "<<SYS>>", "[INST]", "[/INST]", "[|"};

    for (size_t i = 0; i < LEN(marks); i++)
        if (strstr(text, marks[i]))
            return true;
    return false;
}

/* The whole text, and read strictly: a member that comes twice is none of ours either. */
static bool is_document(const char *text, size_t len)
{
    struct cq_ctx ctx = {.arena = arena_create(4096, DOCUMENT_MAX_BYTES), .request_id = "-"};
    struct json_object *document = NULL;
    bool is_whole = len > 1 && text[0] == '{' && text[len - 1] == '}';

    if (!ctx.arena)
        die("memory");
    bool is = is_whole && !has_mark(text) && !json_read(&ctx, text, len, &document) &&
              is_object_of(document, document_members) && json_get(document, "messages");
    arena_destroy(ctx.arena);
    return is;
}

/* ---- where it stands ---- */

/* The one text of a message's content; NULL: there is none, or more. */
static struct json_object *only_text(struct json_object *content)
{
    struct json_object *text = NULL;

    if (json_object_is_type(content, json_type_string))
        return content;
    for (size_t i = 0; json_object_is_type(content, json_type_array) && i < json_object_array_length(content); i++) {
        struct json_object *next = json_get(json_object_array_get_idx(content, i), "text");

        if (next && text)
            return NULL;
        text = next ? next : text;
    }
    return json_object_is_type(text, json_type_string) ? text : NULL;
}

/* The text of the one message of the user; NULL: others speak too, or there are several. */
static struct json_object *only_message(struct json_object *messages)
{
    struct json_object *text = NULL;
    size_t n_systems = 0, n_users = 0;

    for (size_t i = 0; json_object_is_type(messages, json_type_array) && i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        const char *role = json_get_text(message, "role", NULL);

        if (str_eq(role, "system") && i == 0) {
            n_systems++;
        } else if (str_eq(role, "user")) {
            text = only_text(json_get(message, "content"));
            n_users++;
        } else {
            return NULL;
        }
    }
    return n_systems <= 1 && n_users == 1 ? text : NULL;
}

static size_t count_tools(struct json_object *request)
{
    struct json_object *tools = json_get(request, "tools");

    if (!tools)
        tools = json_get(json_get(request, "toolConfig"), "tools");
    return json_object_is_type(tools, json_type_array) ? json_object_array_length(tools) : 0;
}

/* The string that holds the document; NULL: data has broken out. */
static struct json_object *find_document(struct json_object *request, const struct asked *asked)
{
    struct json_object *text = only_message(json_get(request, "messages"));
    size_t n_tools_due = asked->schema && asked->is_tool;

    if (!text || count_tools(request) != n_tools_due ||
        !is_document(json_object_get_string(text), (size_t)json_object_get_string_len(text)))
        return NULL;
    return text;
}

/* ---- hearing ---- */

static const char ORDER[] = "OBEY: ";

/* What follows the verb: the letters that may stand there, or, if allowed is NULL, the rest of the line. */
static bool take(const char *order, const char *verb, const char *allowed, char *out, size_t size)
{
    if (!str_starts(order, verb))
        return false;
    order += strlen(verb);
    snprintf(out, size, "%.*s", (int)(allowed ? strspn(order, allowed) : strcspn(order, "\r\n")), order);
    return *out;
}

static void hear(struct orders *orders, const char *text)
{
    for (const char *at = text; (at = strstr(at, ORDER));) {
        at += strlen(ORDER);
        orders->is_given |= take(at, "covers ", "0123456789 ", orders->covers, sizeof(orders->covers)) ||
                            take(at, "add ", "abcdefghijklmnopqrstuvwxyz_", orders->add, sizeof(orders->add)) ||
                            take(at, "say ", NULL, orders->say, sizeof(orders->say));
    }
}

static void hear_all(struct orders *orders, struct json_object *value, const struct json_object *document)
{
    if (value == document)
        return;
    if (json_object_is_type(value, json_type_string))
        hear(orders, json_object_get_string(value));
    for (size_t i = 0; json_object_is_type(value, json_type_array) && i < json_object_array_length(value); i++)
        hear_all(orders, json_object_array_get_idx(value, i), document);
    if (!json_object_is_type(value, json_type_object))
        return;
    json_object_object_foreach(value, name, member)
    {
        hear(orders, name);
        hear_all(orders, member, document);
    }
}

void orders_read(struct orders *orders, struct json_object *request, const struct asked *asked)
{
    struct json_object *document = find_document(request, asked);

    *orders = (struct orders){.is_break_out = !document};
    hear_all(orders, request, document);
}
