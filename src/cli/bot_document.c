/* Files from the command line that become documents of a bot: held on disk first, then named by it, as the API does. */
#include "cli/bot_document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "colloquy/engine.h"

enum { FILE_MAX_BYTES = 20 << 20, READ_BYTES = 64 << 10 };

/* ---- reading files ---- */

/* All of it, at most its maximum. False: errno says why not, EFBIG for too much. */
static bool read_all(int fd, struct buf *out)
{
    static char bytes[READ_BYTES];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof(bytes))) != 0 && !out->failed)
        if (n > 0)
            buf_append(out, bytes, (size_t)n);
        else if (errno != EINTR)
            return false;
    if (out->failed)
        errno = EFBIG;
    return !out->failed;
}

int cli_file_read(struct cli *cli, const char *path, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_read = fd >= 0 && read_all(fd, out);
    int error = errno;

    if (fd >= 0)
        close(fd);
    if (!is_read)
        return cli_fail(cli, EXIT_REFUSED, "%s: %s", path, strerror(error));
    return out->len ? EXIT_DONE : cli_fail(cli, EXIT_REFUSED, "%s: is empty", path);
}

/* ---- options ---- */

const char *cli_take_document(const char *value, void *field)
{
    struct cli_documents *documents = field;
    const char *slash = strrchr(value, '/'), *name = slash ? slash + 1 : value;

    if (cli_take_name(name, &(const char *){NULL}) || strchr(name, '\\'))
        return "must be a file whose name is UTF-8 without backslashes and control characters";
    for (size_t i = 0; i < documents->n; i++)
        if (str_eq(documents->names[i], name))
            return "must not be given twice with the same name of a file";
    if (documents->n == DOCUMENTS_PER_BOT)
        return "must not be given more than 100 times";
    documents->paths[documents->n] = value;
    documents->names[documents->n++] = name;
    return NULL;
}

/* ---- holding ---- */

static int hold_bytes(struct cli *cli, const char *path, const struct buf *bytes, struct new_document *out)
{
    struct file_type type;
    struct kept_file file;
    enum cq_status st = file_type_of(&cli->ctx, bytes->data, bytes->len, &type);

    if (!st)
        st = engine_file_keep(&cli->ctx, cli->db, cli->config, bytes->data, bytes->len, &file);
    if (st == CQ_UNSUPPORTED_FILE)
        return cli_fail(cli, EXIT_REFUSED, "%s: files of its type are not taken", path);
    if (st)
        return cli_fail_store(cli, st);
    out->kind = document_kind_name(type.kind);
    out->mime_type = type.mime_type;
    memcpy(out->hash, file.hash, SHA256_BYTES);
    out->size = file.size;
    out->hold_id = file.hold_id;
    return EXIT_DONE;
}

static int hold_file(struct cli *cli, const char *path, const char *name, struct new_document *out)
{
    struct buf bytes;

    *out = (struct new_document){.filename = name, .description = ""};
    ulid_new(out->name);
    buf_init(&bytes, FILE_MAX_BYTES);
    int code = cli_file_read(cli, path, &bytes);

    if (!code)
        code = hold_bytes(cli, path, &bytes, out);
    buf_release(&bytes);
    return code;
}

static void forget(struct cli *cli, const struct new_document *document)
{
    struct kept_file file = {.size = document->size, .hold_id = document->hold_id};

    memcpy(file.hash, document->hash, SHA256_BYTES);
    engine_file_forget(&cli->ctx, cli->db, cli->config, &file);
}

void cli_documents_forget(struct cli *cli, struct cli_held *held)
{
    while (held->n > 0)
        forget(cli, &held->documents[--held->n]);
}

/* Files that root writes into another's folder are ones that the server cannot read. */
static int refuse_root(struct cli *cli)
{
    const char *folder = cli->config->files.directory;
    struct stat s;

    if (geteuid() != 0 || stat(folder, &s) || s.st_uid == 0)
        return EXIT_DONE;
    return cli_fail(cli, EXIT_REFUSED, "%s is another user's: run this as that user (runuser -u)", folder);
}

int cli_documents_hold(struct cli *cli, const struct cli_documents *documents, struct cli_held *out)
{
    int code = documents->n ? refuse_root(cli) : EXIT_DONE;

    for (out->n = 0; !code && out->n < documents->n; out->n += !code)
        code = hold_file(cli, documents->paths[out->n], documents->names[out->n], &out->documents[out->n]);
    if (code)
        cli_documents_forget(cli, out);
    return code;
}

/* ---- adding ---- */

static bool is_there(const struct document_list *list, const struct new_document *document)
{
    for (size_t i = 0; i < list->n; i++) {
        const struct document_row *row = &list->rows[i];

        if (str_eq(row->filename, document->filename) && memcmp(row->hash, document->hash, SHA256_BYTES) == 0)
            return row->state != DOCUMENT_FAILED;
    }
    return false;
}

/* What the bot has already is not to be extracted again. */
static enum cq_status drop_known(struct cli *cli, uint64_t bot_id, struct cli_held *held)
{
    struct document_list list;
    size_t n_new = 0;
    enum cq_status st = store_documents_of_bot(&cli->ctx, cli->db, bot_id, false, &list);

    if (st)
        return st;
    for (size_t i = 0; i < held->n; i++)
        if (is_there(&list, &held->documents[i]))
            forget(cli, &held->documents[i]);
        else
            held->documents[n_new++] = held->documents[i];
    held->n = n_new;
    return CQ_OK;
}

enum cq_status cli_documents_add(struct cli *cli, const struct bot_row *bot, struct cli_held *held)
{
    struct document_list added;
    struct hash_list dropped = {.n = 0};
    enum cq_status st = drop_known(cli, bot->id, held);

    if (st || !held->n)
        return st;
    st = store_documents_add(&cli->ctx, cli->db, bot->id, bot->owner_id, held->documents, held->n, &added, &dropped);
    if (st)
        return st;
    held->n = 0;
    engine_files_drop(&cli->ctx, cli->db, cli->config, &dropped);
    return CQ_OK;
}
