/* bot add: a bot and its documents, kept as the API keeps what is uploaded; the same again changes what is there. */
#include <inttypes.h>
#include <string.h>

#include "cli/bot_document.h"

/* As the API bounds them (doc/api-chat.md 4 and 5). */
enum {
    ID_MAX_BYTES = 64,
    TITLE_MAX_CHARS = 100,
    DESCRIPTION_MAX_CHARS = 500,
    INSTRUCTION_MAX_CHARS = 20000,
};

struct bot_args {
    const char *owner, *id, *title, *description, *instruction_file, *scope;
    struct cli_id course;
    struct cli_documents documents;
};

/* ---- options ---- */

static const char *take_id(const char *value, void *field)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = strlen(value);

    if (!len || len > ID_MAX_BYTES || strspn(value, characters) != len)
        return "must be 1 to 64 letters, digits, _ and -";
    *(const char **)field = value;
    return NULL;
}

static const char *take_title(const char *value, void *field)
{
    const char *fault = cli_take_name(value, field);

    return fault                                                ? fault
           : utf8_count(value, strlen(value)) > TITLE_MAX_CHARS ? "must have at most 100 characters"
                                                                : NULL;
}

static const char *take_description(const char *value, void *field)
{
    const char *fault = cli_take_said(value, field);

    return fault                                                      ? fault
           : utf8_count(value, strlen(value)) > DESCRIPTION_MAX_CHARS ? "must have at most 500 characters"
                                                                      : NULL;
}

static const char *take_scope(const char *value, void *field)
{
    if (!str_eq(value, "all") && !str_eq(value, "private"))
        return "must be all or private";
    *(const char **)field = value;
    return NULL;
}

#define FIELD(field) offsetof(struct bot_args, field)

// clang-format off
static const struct cli_option rows[] = {
    /* name              value   take               field                    required repeats help */
    {"owner",            "L",    cli_take_name,     FIELD(owner),            true,    false,  "login of whose bot it is"},
    {"id",               "ID",   take_id,           FIELD(id),               false,   false,  "1 to 64 letters, digits, _ and -; unless given, a new one"},
    {"title",            "T",    take_title,        FIELD(title),            true,    false,  "what it is called, at most 100 characters"},
    {"description",      "D",    take_description,  FIELD(description),      false,   false,  "what it is for, at most 500 characters"},
    {"instruction-file", "FILE", cli_take_text,     FIELD(instruction_file), true,    false,  "what the model is told, at most 20000 characters"},
    {"share",            "S",    take_scope,        FIELD(scope),            false,   false,  "all or private (a new bot's, unless given)"},
    {"course",           "ID",   cli_take_id,       FIELD(course),           false,   false,  "share it with the members of this course, which its owner is in"},
    {"document",         "FILE", cli_take_document, FIELD(documents),        false,   true,   "what it draws on: text, PDF, image or office file, at most 20 MiB"},
};
// clang-format on

const struct cli_options cli_bot_add_options = {rows, LEN(rows), sizeof(struct bot_args)};

/* ---- the instruction ---- */

static int read_instruction(struct cli *cli, const char *path, const char **out)
{
    struct buf *text = buf_in_arena(cli->ctx.arena, 4 * INSTRUCTION_MAX_CHARS);

    if (!text)
        return cli_fail(cli, EXIT_REFUSED, "out of memory");
    int code = cli_file_read(cli, path, text);

    if (code)
        return code;
    if (!utf8_valid(text->data, text->len) || memchr(text->data, '\0', text->len))
        return cli_fail(cli, EXIT_REFUSED, "%s: is not UTF-8", path);
    if (utf8_count(text->data, text->len) > INSTRUCTION_MAX_CHARS)
        return cli_fail(cli, EXIT_REFUSED, "%s: has more than %d characters", path, INSTRUCTION_MAX_CHARS);
    *out = text->data;
    return EXIT_DONE;
}

/* ---- the bot ---- */

/* One that is new shows what it draws on. CQ_BOT_EXISTS: it is somebody else's. */
static enum cq_status put_bot(struct cli *cli, uint64_t owner_id, const char *name, const struct bot_change *change,
                              struct bot_row *out)
{
    const bool is_shown = true;
    struct bot_change first = *change;
    struct bot_changed changed = {.missing = NULL};
    struct bot_row before;
    enum cq_status st = store_bot_usable(&cli->ctx, cli->db, owner_id, name, &before);

    first.display_retrieved_chunks = &is_shown;
    if (st == CQ_BOT_NOT_FOUND)
        st = store_bot_create(&cli->ctx, cli->db, owner_id, name, &first, &changed);
    else if (!st && before.owner_id != owner_id)
        st = CQ_BOT_EXISTS;
    else if (!st)
        st = store_bot_update(&cli->ctx, cli->db, before.id, owner_id, change, &changed);
    if (!st)
        *out = changed.bot;
    return st;
}

static int share_bot(struct cli *cli, const struct bot_args *args, const struct bot_row *bot)
{
    const struct bot_share share = {.scope = args->course.is_given ? "partial" : args->scope,
                                    .course_ids = &args->course.id,
                                    .n_courses = args->course.is_given};
    struct bot_unshareable fault;

    if (!share.scope)
        return EXIT_DONE;
    enum cq_status st = store_bot_share(&cli->ctx, cli->db, bot->id, &share, &fault);

    if (st == CQ_INVALID_FIELDS)
        return cli_fail(cli, EXIT_REFUSED, "%s is in no course with the id %" PRIu64, args->owner, args->course.id);
    return st ? cli_fail_store(cli, st) : EXIT_DONE;
}

static int print_bot(struct cli *cli, const struct bot_row *bot)
{
    struct document_list documents;
    struct json_out out;
    enum cq_status st = store_documents_of_bot(&cli->ctx, cli->db, bot->id, false, &documents);

    if (st)
        return cli_fail_store(cli, st);
    json_out_init(&out, &cli->result);
    json_open_object(&out);
    json_key(&out, "id");
    json_text(&out, bot->name);
    json_key(&out, "documents");
    json_u64(&out, documents.n);
    json_close_object(&out);
    buf_char(&cli->result, '\n');
    return cli_print_result(cli);
}

static int write_bot(struct cli *cli, uint64_t owner_id, const char *instruction, struct cli_held *held)
{
    const struct bot_args *args = cli->args;
    const struct bot_change change = {
        .title = args->title, .description = args->description, .instruction = instruction};
    char name[ULID_TEXT_BYTES];
    struct bot_row bot;

    ulid_new(name);
    enum cq_status st = put_bot(cli, owner_id, args->id ? args->id : name, &change, &bot);
    if (st == CQ_BOT_EXISTS)
        return cli_fail(cli, EXIT_REFUSED, "the id %s is taken by somebody else's bot", args->id ? args->id : name);
    if (st)
        return cli_fail_store(cli, st);
    int code = share_bot(cli, args, &bot);

    if (code)
        return code;
    st = cli_documents_add(cli, &bot, held);
    if (st == CQ_INVALID_REQUEST)
        return cli_fail(cli, EXIT_REFUSED, "a bot may have at most %d documents", DOCUMENTS_PER_BOT);
    return st ? cli_fail_store(cli, st) : print_bot(cli, &bot);
}

int cli_bot_add(struct cli *cli)
{
    static struct cli_held held; /* large, and there is only one */
    const struct bot_args *args = cli->args;
    const char *instruction = NULL;
    uint64_t owner_id;

    if (args->scope && args->course.is_given)
        return cli_fail(cli, EXIT_USAGE, "--share and --course exclude each other");
    int code = cli_user_find(cli, args->owner, &owner_id);
    if (!code)
        code = read_instruction(cli, args->instruction_file, &instruction);
    if (!code)
        code = cli_documents_hold(cli, &args->documents, &held);
    if (code)
        return code;
    code = write_bot(cli, owner_id, instruction, &held);
    cli_documents_forget(cli, &held);
    return code;
}
