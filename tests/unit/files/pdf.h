/* PDF files made for tests, good and bad. */
#ifndef TESTS_FILES_PDF_H
#define TESTS_FILES_PDF_H

#include "colloquy/base.h"

enum { PDF_MAX_OBJECTS = 8192 };

struct pdf {
    struct buf out;
    size_t offsets[PDF_MAX_OBJECTS]; /* of each object, by its number; 0: not there */
    unsigned n;                      /* above the highest number */
};

/* In the context's arena. */
struct pdf *pdf_begin(struct cq_ctx *ctx);

/* Object i, as it stands between "obj" and "endobj". */
void pdf_object(struct pdf *pdf, unsigned i, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Object i, a stream; dictionary: what stands in its dictionary beside the length. */
void pdf_stream(struct pdf *pdf, unsigned i, const char *dictionary, const void *data, size_t len);

/* The table of where objects are, and the trailer; more: what stands in it beside the root, which is object 1. */
void pdf_end(struct pdf *pdf, const char *more);

/* A whole one of n pages; texts[i % n_texts] is what page i says. */
struct pdf *pdf_of_pages(struct cq_ctx *ctx, unsigned n, const char *const *texts, size_t n_texts);

/* One page whose content is the stream that the dictionary and data make. */
struct pdf *pdf_of_content(struct cq_ctx *ctx, const char *dictionary, const void *data, size_t len);

/* Add a zlib stream of first and then some n bytes c: 13 bytes for each 2,064. */
void pdf_deflate_run(struct buf *out, char first, char c, size_t n);

#endif
