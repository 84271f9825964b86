/*
 * Multipart bodies: whatever comes is bounded, and what a client sends arrives byte for byte.
 *
 * The first line is the content type, the rest a body. The rest is also taken as lines of names and values in turn,
 * from which a good body is made: it must come to the same tree as the names and values themselves, or, where the parts
 * are made files, to the same files.
 */
#include <json-c/json.h>
#include <string.h>

#include "fuzz.h"
#include "http/form.h"

static const char BOUNDARY[] = "----fuzz(5.3)boundary";
static const char TYPE[] = "multipart/form-data; boundary=\"----fuzz(5.3)boundary\"";

static void start(struct form *form, struct cq_ctx *ctx)
{
    *form = (struct form){.ctx = ctx, .root = json_object_new_object()};
    CHECK(form->root);
}

/* Its bytes are within the body, its texts end where they say. */
static void check_file(const struct form_file *file, const char *body, size_t len)
{
    size_t base_len;
    const char *base = form_file_base_name(file, &base_len);

    CHECK(file->data >= body && file->len <= len && file->data + file->len <= body + len);
    CHECK(!file->filename[file->filename_len] && base + base_len == file->filename + file->filename_len);
    CHECK(!memchr(base, '/', base_len) && !memchr(base, '\\', base_len));
    CHECK(strlen(file->name) + strlen(file->content_type) <= len);
}

static void check_any(struct cq_ctx *ctx, const char *type, const char *body, size_t len)
{
    struct form form;

    start(&form, ctx);
    enum cq_status st = multipart_read(&form, type, body, len);

    CHECK(st == CQ_OK || st == CQ_INVALID_ENCODING || st == CQ_INVALID_REQUEST);
    CHECK(form.n_names <= HTTP_MAX_PARAMS && form.n_nested <= FORM_MAX_NESTED);
    check_tree(form.root);
    CHECK(form.n_files <= HTTP_MAX_FILES);
    for (size_t i = 0; i < form.n_files; i++)
        check_file(&form.files[i], body, len);
    json_object_put(form.root);
}

/* As browsers do: a quotation mark would end the name. */
static void write_part(struct buf *body, const char *parameter, const char *name, const char *value, size_t value_len)
{
    buf_printf(body, "--%s\r\nContent-Disposition: form-data; %s=\"", BOUNDARY, parameter);
    for (const char *c = name; *c; c++) {
        if (*c == '"' || *c == '\\')
            buf_char(body, '\\');
        buf_char(body, *c);
    }
    buf_str(body, "\"\r\n\r\n");
    buf_append(body, value, value_len);
    buf_str(body, "\r\n");
}

/* What the client means. */
static enum cq_status put_directly(struct form *form, const char *name, const char *value, size_t value_len)
{
    char *copy = arena_strdup(form->ctx->arena, name);

    CHECK(copy);
    enum cq_status st = form_count(form);
    return st ? st : form_put(form, copy, strlen(copy), value, value_len);
}

static void check_made(struct cq_ctx *ctx, struct input in)
{
    struct form want, got;
    struct buf body;
    enum cq_status st = CQ_OK;

    start(&want, ctx);
    start(&got, ctx);
    buf_init(&body, 8 << 20);
    while (in.at < in.end && !st) {
        const char *name = input_line(&in, ctx), *value = in.at;
        const char *stop = memchr(value, '\n', (size_t)(in.end - value));
        size_t len = (size_t)((stop ? stop : in.end) - value);

        in.at = stop ? stop + 1 : in.end;
        if (strchr(name, '\r') || strlen(name) > 2000 || memmem(value, len, BOUNDARY, strlen(BOUNDARY)))
            continue;
        write_part(&body, "name", name, value, len);
        st = put_directly(&want, name, value, len);
    }
    if (body.len) {
        buf_printf(&body, "--%s--\r\n", BOUNDARY);
        CHECK(!body.failed && multipart_read(&got, TYPE, body.data, body.len) == st);
        CHECK(json_object_equal(want.root, got.root));
    }
    buf_release(&body);
    json_object_put(want.root);
    json_object_put(got.root);
}

/* Each line's name is a file's; its bytes are the rest of the input. */
static void check_made_file(struct cq_ctx *ctx, struct input in)
{
    const char *filename = input_line(&in, ctx);
    size_t len = (size_t)(in.end - in.at);
    struct form form;
    struct buf body;

    if (strchr(filename, '\r') || strlen(filename) > 2000 || memmem(in.at, len, BOUNDARY, strlen(BOUNDARY)))
        return;
    start(&form, ctx);
    buf_init(&body, 1 << 20);
    write_part(&body, "filename", filename, in.at, len);
    buf_printf(&body, "--%s--\r\n", BOUNDARY);
    CHECK(!body.failed && !multipart_read(&form, TYPE, body.data, body.len) && form.n_files == 1);
    CHECK(form.files[0].len == len && memcmp(form.files[0].data, in.at, len) == 0);
    CHECK(strcmp(form.files[0].filename, filename) == 0);
    buf_release(&body);
    json_object_put(form.root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    const char *type = input_line(&in, ctx);

    if (size > 64 << 10)
        return 0;
    check_any(ctx, type, in.at, (size_t)(in.end - in.at));
    check_made(ctx, in);
    check_made_file(ctx, in);
    return 0;
}
