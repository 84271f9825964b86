/* What kind of file bytes are: said by a child, within the types that are taken. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "colloquy/extract.h"
#include "files/answer.h"
#include "files/bytes.h"
#include "files/child.h"

enum {
    TYPE_CPU_S = 4,
    TYPE_WALL_MS = 5000,
    TYPE_SAID_BYTES = 64 << 10,
    SAMPLE_BYTES = 32 << 20, /* that are looked at of a larger file */
};

#define OOXML "application/vnd.openxmlformats-officedocument."
#define ODF   "application/vnd.oasis.opendocument."

static const struct file_type types[] = {
    {DOCUMENT_TEXT, "text/plain"},
    {DOCUMENT_TEXT, "text/markdown"},
    {DOCUMENT_TEXT, "text/html"},
    {DOCUMENT_TEXT, "text/csv"},
    {DOCUMENT_TEXT, "application/json"},
    {DOCUMENT_PDF, "application/pdf"},
    {DOCUMENT_IMAGE, "image/png"},
    {DOCUMENT_IMAGE, "image/jpeg"},
    {DOCUMENT_IMAGE, "image/gif"},
    {DOCUMENT_IMAGE, "image/webp"},
    {DOCUMENT_BINARY, OOXML "wordprocessingml.document"},
    {DOCUMENT_BINARY, OOXML "spreadsheetml.sheet"},
    {DOCUMENT_BINARY, OOXML "presentationml.presentation"},
    {DOCUMENT_BINARY, ODF "text"},
    {DOCUMENT_BINARY, ODF "spreadsheet"},
    {DOCUMENT_BINARY, ODF "presentation"},
    {DOCUMENT_BINARY, ODF "graphics"},
    {DOCUMENT_BINARY, ODF "formula"},
    {DOCUMENT_BINARY, ODF "chart"},
    {DOCUMENT_BINARY, "application/msword"},
    {DOCUMENT_BINARY, "application/vnd.ms-excel"},
    {DOCUMENT_BINARY, "application/vnd.ms-powerpoint"},
    {DOCUMENT_BINARY, "application/x-ole-storage"},
};

static enum cq_status find_type(struct cq_ctx *ctx, const char *mime_type, struct file_type *out)
{
    for (size_t i = 0; mime_type && i < LEN(types); i++)
        if (str_eq(types[i].mime_type, mime_type)) {
            *out = types[i];
            return CQ_OK;
        }
    return cq_fail(ctx, CQ_UNSUPPORTED_FILE, "the type of a file is not one that is taken");
}

/* The bytes as a file that has no name. -1: no memory. */
static int open_bytes(const void *data, size_t len)
{
    int fd = memfd_create("colloquy-type", MFD_CLOEXEC);

    if (fd >= 0 && !bytes_write(fd, data, len)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* A file by which the child dies is one that cannot be taken. */
enum cq_status file_type_of(struct cq_ctx *ctx, const void *data, size_t len, struct file_type *out)
{
    char size[24];
    struct child_ask ask = {.command = "type", .argument = size, .cpu_s = TYPE_CPU_S, .wall_ms = TYPE_WALL_MS};
    enum child_end end = CHILD_CRASHED;
    struct answer answer;
    struct buf said;

    snprintf(size, sizeof(size), "%zu", len);
    ask.fd = open_bytes(data, len < SAMPLE_BYTES ? len : SAMPLE_BYTES);
    if (ask.fd < 0)
        return cq_fail(ctx, CQ_BUSY, "no memory to look at a file: %s", strerror(errno));
    buf_init(&said, TYPE_SAID_BYTES * 2);
    enum cq_status st = child_run(ctx, &ask, &said, &end);

    close(ask.fd);
    if (!st && end == CHILD_DONE && !answer_read(ctx, said.data, said.len, &answer))
        st = cq_fail(ctx, CQ_BUSY, "colloquy-extract answers in a way that is not known");
    else if (!st)
        st = find_type(ctx, end == CHILD_DONE ? answer.type : NULL, out);
    buf_release(&said);
    return st;
}
