/* Passages of a document: made, kept in a file, and read from it. */
#include "files/passages.h"

#include <string.h>

#include "files/beside.h"
#include "files/cut.h"

#define WHAT "passages"

static const char magic[8] = "CqPassg";

enum { ORDER = 0x01020304, MAX_TEXT_BYTES = INT32_MAX };

uint32_t passage_check(const char *text, size_t len)
{
    uint64_t hash = word_hash(text, len);

    return (uint32_t)(hash ^ hash >> 32);
}

/* ---- making ---- */

/* Where the text of the next page begins. */
static const char between_texts[] = "\n";

static enum cq_status join(struct cq_ctx *ctx, const struct extracted_text *texts, size_t n, struct buf *joined)
{
    for (size_t i = 0; i < n; i++) {
        if (joined->len)
            buf_str(joined, between_texts);
        buf_append(joined, texts[i].text, texts[i].len);
    }
    return joined->failed ? cq_fail(ctx, CQ_INTERNAL, "files: no memory for a text") : CQ_OK;
}

/* Cut one text, which begins at that place of the whole. */
static void add_rows(struct buf *rows, const struct extracted_text *text, size_t begin, struct buf *cuts)
{
    const struct cut *cut;

    buf_clear(cuts);
    cut_text(text->text, (uint32_t)text->len, cuts);
    cut = (const struct cut *)(const void *)cuts->data;
    for (size_t i = 0; i < cuts->len / sizeof(*cut) && !cuts->failed; i++) {
        struct passage_row row = {.begin = (uint32_t)begin + cut[i].begin, .len = cut[i].len, .page = text->page};

        row.check = passage_check(text->text + cut[i].begin, cut[i].len);
        buf_append(rows, &row, sizeof(row));
    }
    rows->failed |= cuts->failed;
}

static void cut_all(const struct extracted_text *texts, size_t n, struct buf *rows)
{
    size_t begin = 0;
    struct buf cuts;

    buf_init(&cuts, MAX_TEXT_BYTES);
    for (size_t i = 0; i < n; i++) {
        begin += begin ? strlen(between_texts) : 0;
        add_rows(rows, &texts[i], begin, &cuts);
        begin += texts[i].len;
    }
    buf_release(&cuts);
}

enum cq_status passages_make(struct cq_ctx *ctx, const struct extracted_text *texts, size_t n, struct passages *out)
{
    struct buf *text = buf_in_arena(ctx->arena, MAX_TEXT_BYTES), *rows = buf_in_arena(ctx->arena, MAX_TEXT_BYTES);
    struct passages made = {0};

    if (!text || !rows)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for passages");
    enum cq_status st = join(ctx, texts, n, text);

    if (st)
        return st;
    cut_all(texts, n, rows);
    struct passage_row *row = (struct passage_row *)(void *)rows->data;
    size_t n_rows = rows->len / sizeof(*row);

    if (rows->failed || n_rows >= PASSAGES_MAX)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for %zu passages", n_rows);
    made.head = (struct passages_head){
        .version = PASSAGES_VERSION, .order = ORDER, .n_rows = (uint32_t)n_rows, .text_bytes = (uint32_t)text->len};
    memcpy(made.head.magic, magic, sizeof(magic));
    made.text = text->data;
    made.rows = row;
    st = passages_index(ctx, &made, row);
    if (!st)
        *out = made;
    return st;
}

enum cq_status passages_of_one(struct cq_ctx *ctx, const char *text, struct passages *out)
{
    struct passage_row *row = arena_alloc(ctx->arena, sizeof(*row));
    size_t len = strlen(text);

    if (!row || len > MAX_TEXT_BYTES)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for a passage");
    *row = (struct passage_row){.len = (uint32_t)len, .check = passage_check(text, len)};
    *out = (struct passages){.rows = row, .text = text, .head = {.n_rows = 1, .text_bytes = (uint32_t)len}};
    return passages_index(ctx, out, row);
}

enum cq_status passages_write(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                              const struct extraction *extraction)
{
    struct passages p;
    enum cq_status st = passages_make(ctx, extraction->texts, extraction->n_texts, &p);

    if (st)
        return st;
    const struct part parts[] = {
        {&p.head, sizeof(p.head)},
        {p.words, p.head.n_words * sizeof(*p.words)},
        {p.rows, p.head.n_rows * sizeof(*p.rows)},
        {p.postings, p.head.n_postings * sizeof(*p.postings)},
        {p.text, p.head.text_bytes},
    };
    return beside_write(ctx, config, hash, WHAT, parts, LEN(parts));
}

/* ---- reading ---- */

static bool is_good_head(const struct passages_head *head, uint64_t file_bytes)
{
    return memcmp(head->magic, magic, sizeof(magic)) == 0 && head->version == PASSAGES_VERSION &&
           head->order == ORDER && head->n_rows < PASSAGES_MAX &&
           file_bytes == sizeof(*head) + (uint64_t)head->n_words * sizeof(struct passage_word) +
                             (uint64_t)head->n_rows * sizeof(struct passage_row) +
                             (uint64_t)head->n_postings * sizeof(posting) + head->text_bytes;
}

bool passages_are_there(const struct config *config, const uint8_t hash[SHA256_BYTES])
{
    struct passages_head head;
    uint64_t file_bytes;

    return beside_head(config, hash, WHAT, &head, sizeof(head), &file_bytes) && is_good_head(&head, file_bytes);
}

/* Where the tables are in the file. */
static void find_tables(struct passages *p, const char *data)
{
    p->words = (const struct passage_word *)(const void *)(data + sizeof(p->head));
    p->rows = (const struct passage_row *)(const void *)(p->words + p->head.n_words);
    p->postings = (const posting *)(const void *)(p->rows + p->head.n_rows);
    p->text = (const char *)(p->postings + p->head.n_postings);
}

enum cq_status passages_open(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             struct passages *out)
{
    const void *data;
    size_t len;

    enum cq_status st = beside_map(ctx, config, hash, WHAT, &data, &len);
    if (st)
        return st;
    struct passages p = {0};

    if (len < sizeof(p.head))
        return cq_fail(ctx, CQ_SOURCE_GONE, "files: the passages of a file are damaged");
    memcpy(&p.head, data, sizeof(p.head));
    if (!is_good_head(&p.head, len))
        return cq_fail(ctx, CQ_SOURCE_GONE, "files: the passages of a file are damaged, or of another version");
    find_tables(&p, data);
    *out = p;
    return CQ_OK;
}

enum cq_status passages_read(struct cq_ctx *ctx, const struct passages *p, uint32_t i, const char **text)
{
    const struct passage_row *row = &p->rows[i];

    if (row->begin > p->head.text_bytes || row->len > p->head.text_bytes - row->begin ||
        row->check != passage_check(p->text + row->begin, row->len))
        return cq_fail(ctx, CQ_SOURCE_GONE, "files: a passage is damaged");
    *text = arena_strndup(ctx->arena, p->text + row->begin, row->len);
    return *text ? CQ_OK : cq_fail(ctx, CQ_INTERNAL, "files: no memory for a passage");
}

enum cq_status passages_list(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             const char *const **texts, size_t *n)
{
    struct passages p;
    enum cq_status st = passages_open(ctx, config, hash, &p);

    if (st)
        return st;
    const char **list = arena_zalloc(ctx->arena, p.head.n_rows, sizeof(*list));

    if (!list)
        return cq_fail(ctx, CQ_INTERNAL, "files: no memory for %u passages", p.head.n_rows);
    for (uint32_t i = 0; i < p.head.n_rows && !st; i++)
        st = passages_read(ctx, &p, i, &list[i]);
    if (st)
        return st;
    *texts = list;
    *n = p.head.n_rows;
    return CQ_OK;
}

enum cq_status passages_text(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             size_t max_chars, const char **text)
{
    struct passages p;
    size_t len = 0, n = 1;
    enum cq_status st = passages_open(ctx, config, hash, &p);

    if (st)
        return st;
    for (; max_chars && len < p.head.text_bytes && n; max_chars--) {
        n = p.text[len] ? utf8_next(p.text + len, p.head.text_bytes - len) : 0;
        len += n;
    }
    if (!n)
        return cq_fail(ctx, CQ_SOURCE_GONE, "files: the text of a file is damaged");
    *text = arena_strndup(ctx->arena, p.text, len);
    return *text ? CQ_OK : cq_fail(ctx, CQ_INTERNAL, "files: no memory for a text");
}
