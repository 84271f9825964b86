/*
 * The file of a document's passages, mapped as it is: <hash>.passages.
 *
 * A head, then four tables without gaps: words in the order of their hashes, passages in the order of the text, postings
 * word by word (those of one in the order of passages), and the text. So a search reads of it the head, what finds its words,
 * their postings, and the passages that it answers with. Numbers are as this machine has them: a file that comes from
 * another kind is as good as none, and made again.
 *
 * The file was written by this program, and may be damaged all the same: nothing that stands in it is used as a place
 * before it was compared with what there is.
 */
#ifndef COLLOQUY_FILES_PASSAGES_H
#define COLLOQUY_FILES_PASSAGES_H

#include "colloquy/files.h"

enum {
    PASSAGES_VERSION = 1, /* to be raised when passages are cut, or their words made, in another way */
    PASSAGES_MAX = 1 << 24,
    POSTING_TIMES_MAX = 255,
};

struct passages_head {
    char magic[8];
    uint32_t version, order; /* of bytes */
    uint32_t n_words, n_rows, n_postings, text_bytes;
    uint64_t n_telling; /* telling words of all passages, as often as they stand there */
};

struct passage_word {
    uint64_t hash;
    uint32_t first, n; /* postings */
};

struct passage_row {
    uint32_t begin, len; /* bytes of the text */
    uint32_t page;       /* from 1; 0: none */
    uint32_t n_telling;
    uint32_t check; /* of those bytes */
};

/* Which passage holds a word, and how often: the passage in the upper 24 bits. */
typedef uint32_t posting;

static inline uint32_t posting_passage(posting p)
{
    return p >> 8;
}

static inline uint32_t posting_times(posting p)
{
    return p & POSTING_TIMES_MAX;
}

struct passages {
    const struct passage_word *words;
    const struct passage_row *rows;
    const posting *postings;
    const char *text;
    struct passages_head head;
};

/* CQ_SOURCE_GONE: they are not there, or are damaged. All of it is mapped until the arena of ctx is reset. */
enum cq_status passages_open(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                             struct passages *out) MUST_USE;

/* The passages that hold the word; their number. None where the table is damaged. */
size_t passages_find(const struct passages *passages, uint64_t word, const posting **out);

/* One of them, in ctx->arena. CQ_SOURCE_GONE: it is damaged. */
enum cq_status passages_read(struct cq_ctx *ctx, const struct passages *passages, uint32_t i,
                             const char **text) MUST_USE;

/* ---- making them ---- */

/* As they would be in the file; they live in ctx->arena. Together the texts have less than 2 GiB. */
enum cq_status passages_make(struct cq_ctx *ctx, const struct extracted_text *texts, size_t n,
                             struct passages *out) MUST_USE;

/* The whole text as one passage, without a page. The text is borrowed. */
enum cq_status passages_of_one(struct cq_ctx *ctx, const char *text, struct passages *out) MUST_USE;

/* Their part: words and postings, from the text and the rows, where words are counted too. */
enum cq_status passages_index(struct cq_ctx *ctx, struct passages *passages, struct passage_row *rows) MUST_USE;

/* Of bytes, for passage_row.check. */
uint32_t passage_check(const char *text, size_t len);

#endif
