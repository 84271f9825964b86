/* Source: PDF 32000-1:2008, sections 7.5 and 7.6. */
#include "bad_pdf.h"

#include <stdio.h>
#include <string.h>

static struct pdf *without_text(struct cq_ctx *ctx)
{
    static const char *const texts[] = {""};

    return pdf_of_pages(ctx, 2, texts, 1);
}

/* Of a user's password that is not known here. */
static struct pdf *encrypted(struct cq_ctx *ctx)
{
    struct pdf *pdf = pdf_begin(ctx);

    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf_object(pdf, 2, "<< /Type /Pages /Count 0 /Kids [] >>");
    pdf_object(pdf, 3, "<< /Filter /Standard /V 1 /R 2 /P -4 /O (%032d) /U (%032d) >>", 1, 2);
    pdf_end(pdf, "/Encrypt 3 0 R /ID [(0123456789abcdef) (0123456789abcdef)]");
    return pdf;
}

/* Pages that are their own children. */
static struct pdf *circular(struct cq_ctx *ctx)
{
    struct pdf *pdf = pdf_begin(ctx);

    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf_object(pdf, 2, "<< /Type /Pages /Count 2 /Kids [3 0 R 2 0 R] /Parent 3 0 R >>");
    pdf_object(pdf, 3, "<< /Type /Pages /Count 2 /Kids [2 0 R 3 0 R] /Parent 2 0 R >>");
    pdf_end(pdf, "");
    return pdf;
}

static struct pdf *claiming_pages(struct cq_ctx *ctx)
{
    struct pdf *pdf = pdf_begin(ctx);

    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf_object(pdf, 2, "<< /Type /Pages /Count 1000000 /Kids [] >>");
    pdf_end(pdf, "");
    return pdf;
}

/* A table that says the one before it is itself. */
static struct pdf *circular_table(struct cq_ctx *ctx)
{
    struct pdf *pdf = pdf_begin(ctx);
    char more[64];

    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    pdf_object(pdf, 2, "<< /Type /Pages /Count 0 /Kids [] >>");
    snprintf(more, sizeof(more), "/Prev %zu", pdf->out.len);
    pdf_end(pdf, more);
    return pdf;
}

/* Objects nested so deep that whoever reads them by recursion needs more stack than there is. */
static struct pdf *nested(struct cq_ctx *ctx)
{
    enum { DEPTH = 1000000 };
    struct pdf *pdf = pdf_begin(ctx);

    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    buf_str(&pdf->out, "2 0 obj\n");
    memset(buf_room(&pdf->out, DEPTH), '[', DEPTH);
    pdf->out.len += DEPTH;
    pdf->out.data[pdf->out.len] = '\0';
    pdf_end(pdf, "");
    return pdf;
}

/* Objects without a table of where they are, and no end. */
static struct pdf *many_objects(struct cq_ctx *ctx)
{
    struct pdf *pdf = pdf_begin(ctx);

    for (unsigned i = 1; i <= 1000000; i++)
        buf_printf(&pdf->out, "%u 0 obj %u endobj\n", i, i);
    return pdf;
}

static struct pdf *cut(struct cq_ctx *ctx)
{
    static const char *const texts[] = {""};
    struct pdf *pdf = pdf_of_pages(ctx, 10, texts, 1);

    buf_truncate(&pdf->out, pdf->out.len / 2);
    return pdf;
}

static struct pdf *too_many_pages(struct cq_ctx *ctx)
{
    static const char *const texts[] = {"Page"};

    return pdf_of_pages(ctx, EXTRACT_MAX_PAGES + 1, texts, 1);
}

/* A page whose content is n blanks or letters, packed to some 6 bytes a thousand. */
struct pdf *pdf_bomb(struct cq_ctx *ctx, char first, char c, size_t n)
{
    struct buf *packed = buf_in_arena(ctx->arena, 16 << 20);

    pdf_deflate_run(packed, first, c, n);
    return pdf_of_content(ctx, "/Filter /FlateDecode", packed->data, packed->len);
}

#ifndef __SANITIZE_ADDRESS__ /* with AddressSanitizer, memory has no limit */
/* 1 GB as one string. */
static struct pdf *long_string(struct cq_ctx *ctx)
{
    return pdf_bomb(ctx, '(', 'a', 1000000000);
}
#endif

const struct bad_pdf bad_pdfs[] = {
    {"without text", without_text, "no_text"},
    {"encrypted", encrypted, "encrypted"},
    {"circular", circular, "damaged no_text too_complex"},
    {"claiming pages", claiming_pages, "damaged too_complex"},
    {"a circular table", circular_table, "damaged"},
    {"nested", nested, "damaged too_complex"},
    {"many objects", many_objects, "damaged too_complex"},
    {"cut", cut, "damaged no_text"},
    {"too many pages", too_many_pages, "too_complex"},
#ifndef __SANITIZE_ADDRESS__
    {"a long string", long_string, "too_complex"},
#endif
};
const size_t n_bad_pdfs = LEN(bad_pdfs);
