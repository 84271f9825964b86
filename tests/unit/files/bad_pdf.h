/* PDF files that nobody can be given the text of: damaged, closed, or made to be too much for whoever reads them. */
#ifndef TESTS_FILES_BAD_PDF_H
#define TESTS_FILES_BAD_PDF_H

#include "colloquy/extract.h"
#include "pdf.h"

struct bad_pdf {
    const char *name;
    struct pdf *(*make)(struct cq_ctx *ctx);
    const char *failures; /* one of these words */
};

extern const struct bad_pdf bad_pdfs[];
extern const size_t n_bad_pdfs;

/* One page of n bytes c behind a first one, packed to some 6 bytes a thousand. */
struct pdf *pdf_bomb(struct cq_ctx *ctx, char first, char c, size_t n);

#endif
