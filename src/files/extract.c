/* Text and pages of a file on disk: by a child, which a file may kill but not keep. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "colloquy/extract.h"
#include "files/answer.h"
#include "files/child.h"

enum {
    EXTRACT_CPU_S = 10,
    EXTRACT_WALL_MS = 60000,
    /* What may be said: all text, a frame for each page, and what is read at once. */
    SAID_BYTES = EXTRACT_MAX_TEXT_BYTES + (EXTRACT_MAX_PAGES + 8) * EXTRACT_FRAME_BYTES + (1 << 20),
};

static bool has_text(const struct extraction *x)
{
    for (size_t i = 0; i < x->n_texts; i++)
        if (!utf8_blank(x->texts[i].text, x->texts[i].len))
            return true;
    return false;
}

static void judge(struct cq_ctx *ctx, enum child_end end, struct buf *said, struct extraction *out)
{
    struct answer answer = {.type = NULL};

    if (end == CHILD_LIMITED)
        answer.extraction.failure = "too_complex";
    else if (end == CHILD_CRASHED || !answer_read(ctx, said->data, said->len, &answer) || answer.type ||
             answer.is_unsupported)
        answer.extraction.failure = "damaged";
    else if (!answer.extraction.failure && !has_text(&answer.extraction))
        answer.extraction.failure = "no_text";
    *out = answer.extraction.failure ? (struct extraction){.failure = answer.extraction.failure} : answer.extraction;
}

static int open_file(const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    char path[FILE_PATH_BYTES], full[PATH_MAX];

    file_path(hash, path);
    int len = snprintf(full, sizeof(full), "%s/%s", config->files.directory, path);

    return len < (int)sizeof(full) ? open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
}

enum cq_status file_extract(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                            const struct file_type *type, struct extraction *out)
{
    struct child_ask ask = {
        .command = "text", .argument = type->mime_type, .cpu_s = EXTRACT_CPU_S, .wall_ms = EXTRACT_WALL_MS};
    enum child_end end = CHILD_CRASHED;
    struct buf *said = buf_in_arena(ctx->arena, SAID_BYTES);

    if (!said)
        return cq_fail(ctx, CQ_INTERNAL, "no memory for a text");
    if (!file_is_there(config, hash))
        return cq_fail(ctx, CQ_SOURCE_GONE, "the file is not there");
    if (type->kind == DOCUMENT_IMAGE || type->kind == DOCUMENT_BINARY) {
        *out = (struct extraction){.failure = NULL};
        return CQ_OK;
    }
    ask.fd = open_file(config, hash);
    if (ask.fd < 0)
        return cq_fail(ctx, CQ_BUSY, "the file cannot be opened");
    enum cq_status st = child_run(ctx, &ask, said, &end);

    close(ask.fd);
    if (!st)
        judge(ctx, end, said, out);
    return st;
}
