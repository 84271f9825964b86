/* Multipart bodies: parts between delimiters, each with a name; those with a file name too are files, and stay where they are. */
#include <string.h>
#include <strings.h>

#include "http/form.h"
#include "http/header_value.h"

enum { BOUNDARY_MAX = 70, PART_HEADERS_MAX_BYTES = 8192 };

struct multipart {
    struct form *form;
    char delimiter[4 + BOUNDARY_MAX + 1]; /* CR LF "--" boundary */
    size_t delimiter_len;
    char *headers; /* room for one part's headers and a NUL, all lines NUL-terminated in turn */
    char *name;    /* the same for its name */
};

/* Where a delimiter begins (its CR LF belongs to it) and what follows its line. */
struct delimiter {
    const char *begin, *next;
    bool last;
};

static enum cq_status broken(struct multipart *mp, const char *what)
{
    return cq_fail(mp->form->ctx, CQ_INVALID_REQUEST, "multipart: %s", what);
}

static bool boundary_valid(const char *boundary, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (boundary[i] < ' ' || boundary[i] > '~')
            return false;
    return len && boundary[len - 1] != ' ';
}

static enum cq_status read_boundary(struct multipart *mp, const char *content_type)
{
    size_t len = 0;

    memcpy(mp->delimiter, "\r\n--", 4);
    if (!header_parameter(content_type, "boundary", mp->delimiter + 4, BOUNDARY_MAX + 1, &len) ||
        !boundary_valid(mp->delimiter + 4, len))
        return broken(mp, "no boundary of 1 to 70 characters");
    mp->delimiter_len = len + 4;
    return CQ_OK;
}

/* Whether a delimiter line ends as it must: "--" closes the body; blanks and CR LF lead to the next part. */
static bool delimiter_ends(const char *at, const char *end, struct delimiter *out)
{
    out->last = end - at >= 2 && memcmp(at, "--", 2) == 0;
    if (out->last)
        return true;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
        return false;
    out->next = at + 2;
    return true;
}

/*
 * The next delimiter at or after at. A line that only begins like one is content: a nested body may have such a
 * boundary.
 */
static bool find_delimiter(const struct multipart *mp, const char *at, const char *end, struct delimiter *out)
{
    while ((at = memmem(at, (size_t)(end - at), mp->delimiter, mp->delimiter_len))) {
        out->begin = at;
        at += mp->delimiter_len;
        if (delimiter_ends(at, end, out))
            return true;
    }
    return false;
}

/* The first one may stand at the very beginning, without CR LF. */
static bool find_first_delimiter(const struct multipart *mp, const char *body, const char *end, struct delimiter *out)
{
    size_t len = mp->delimiter_len - 2;

    out->begin = body;
    if ((size_t)(end - body) >= len && memcmp(body, mp->delimiter + 2, len) == 0 &&
        delimiter_ends(body + len, end, out))
        return true;
    return find_delimiter(mp, body, end, out);
}

/* The value of a header ("name:") among lines that are NUL-terminated in turn; NULL when there is none. */
static const char *find_header(const char *headers, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    for (const char *line = headers; line < headers + len; line += strlen(line) + 1)
        if (strncasecmp(line, name, name_len) == 0)
            return line + name_len + strspn(line + name_len, " \t");
    return NULL;
}

/* Copy the headers into mp->headers, each CR LF becoming NULs. */
static const char *copy_headers(struct multipart *mp, const char *at, size_t len)
{
    memcpy(mp->headers, at, len);
    mp->headers[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if (mp->headers[i] == '\r' || mp->headers[i] == '\n')
            mp->headers[i] = '\0';
    return mp->headers;
}

static bool find_parameter(struct multipart *mp, const char *disposition, const char *name, size_t *len)
{
    return header_parameter(disposition, name, mp->name, PART_HEADERS_MAX_BYTES + 1, len);
}

/*
 * The file name into mp->name, the extended one if it is in order; of one that is not, and stands alone, nothing remains but
 * that there is one. Source: RFC 6266 section 4.3.
 */
static bool find_filename(struct multipart *mp, const char *disposition, size_t *len)
{
    bool is_extended = find_parameter(mp, disposition, "filename*", len);

    if (is_extended && header_extended_value(mp->name, len))
        return true;
    if (find_parameter(mp, disposition, "filename", len))
        return true;
    *len = 0;
    return is_extended;
}

/* A file, if the part says that it is one. Its text is copied: the next part takes that room. */
static enum cq_status note_file(struct multipart *mp, const char *disposition, const char *content_type,
                                struct form_file *file)
{
    struct arena *arena = mp->form->ctx->arena;
    size_t len = 0;

    if (!find_filename(mp, disposition, &file->filename_len))
        return CQ_OK;
    file->filename = arena_strndup(arena, mp->name, file->filename_len);
    file->name = find_parameter(mp, disposition, "name", &len) ? arena_strndup(arena, mp->name, len) : "";
    file->content_type = content_type ? arena_strdup(arena, content_type) : "";
    return file->filename && file->name && file->content_type ? CQ_OK
                                                              : cq_fail(mp->form->ctx, CQ_INTERNAL, "out of memory");
}

static enum cq_status keep_file(struct form *form, const struct form_file *file)
{
    if (!form->files)
        form->files = arena_zalloc(form->ctx->arena, HTTP_MAX_FILES, sizeof(*form->files));
    if (!form->files)
        return cq_fail(form->ctx, CQ_INTERNAL, "out of memory");
    if (form->n_files == HTTP_MAX_FILES)
        return cq_fail(form->ctx, CQ_INVALID_REQUEST, "more than %d files", HTTP_MAX_FILES);
    form->files[form->n_files++] = *file;
    return CQ_OK;
}

static enum cq_status put_part(struct multipart *mp, const char *at, const char *end)
{
    size_t window = (size_t)(end - at), name_len = 0;

    if (window > PART_HEADERS_MAX_BYTES + 4)
        window = PART_HEADERS_MAX_BYTES + 4;
    const char *blank = memmem(at, window, "\r\n\r\n", 4);
    if (!blank)
        return broken(mp, "a part without an end of its headers");

    size_t headers_len = (size_t)(blank - at);
    const char *headers = copy_headers(mp, at, headers_len);
    const char *disposition = find_header(headers, headers_len, "content-disposition:");
    struct form_file file = {.data = blank + 4, .len = (size_t)(end - blank - 4)};

    if (!disposition || !header_type_is(disposition, "form-data"))
        return broken(mp, "a part that is no form data");
    enum cq_status st = note_file(mp, disposition, find_header(headers, headers_len, "content-type:"), &file);
    if (st || file.filename)
        return st ? st : keep_file(mp->form, &file);
    if (!find_parameter(mp, disposition, "name", &name_len))
        return broken(mp, "a part without a name");
    return form_put(mp->form, mp->name, name_len, file.data, file.len);
}

static enum cq_status read_parts(struct multipart *mp, const char *body, const char *end)
{
    struct delimiter here, next;

    if (!find_first_delimiter(mp, body, end, &here))
        return broken(mp, "no delimiter");
    while (!here.last) {
        /* Two bytes back: the end of this delimiter's line may begin the next one. */
        if (!find_delimiter(mp, here.next - 2, end, &next))
            return broken(mp, "no closing delimiter");

        enum cq_status st = form_count(mp->form);
        if (!st && next.begin < here.next)
            st = broken(mp, "an empty part");
        if (!st)
            st = put_part(mp, here.next, next.begin);
        if (st)
            return st;
        here = next;
    }
    return CQ_OK;
}

enum cq_status multipart_read(struct form *form, const char *content_type, const char *body, size_t len)
{
    struct multipart mp = {.form = form};
    enum cq_status st = read_boundary(&mp, content_type);

    if (st)
        return st;
    mp.headers = arena_alloc(form->ctx->arena, PART_HEADERS_MAX_BYTES + 1);
    mp.name = arena_alloc(form->ctx->arena, PART_HEADERS_MAX_BYTES + 1);
    if (!mp.headers || !mp.name)
        return cq_fail(form->ctx, CQ_INTERNAL, "no memory for multipart headers");
    return read_parts(&mp, body, body + len);
}
