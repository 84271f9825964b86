/* Source: PDF 32000-1:2008, sections 7.3 to 7.7; deflate, RFC 1950 and 1951. */
#include "pdf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_PAGE = 4, MAX_BYTES = 64 << 20 };

static void release(void *pdf)
{
    buf_release(&((struct pdf *)pdf)->out);
}

struct pdf *pdf_begin(struct cq_ctx *ctx)
{
    struct pdf *pdf = arena_zalloc(ctx->arena, 1, sizeof(*pdf));

    if (!pdf || arena_cleanup(ctx->arena, release, pdf))
        abort();
    buf_init(&pdf->out, MAX_BYTES);
    buf_str(&pdf->out, "%PDF-1.5\n%\xe2\xe3\xcf\xd3\n");
    return pdf;
}

static void begin_object(struct pdf *pdf, unsigned i)
{
    if (i >= PDF_MAX_OBJECTS)
        abort();
    pdf->offsets[i] = pdf->out.len;
    pdf->n = i >= pdf->n ? i + 1 : pdf->n;
    buf_printf(&pdf->out, "%u 0 obj\n", i);
}

void pdf_object(struct pdf *pdf, unsigned i, const char *fmt, ...)
{
    char text[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    begin_object(pdf, i);
    buf_printf(&pdf->out, "%s\nendobj\n", text);
}

void pdf_stream(struct pdf *pdf, unsigned i, const char *dictionary, const void *data, size_t len)
{
    begin_object(pdf, i);
    buf_printf(&pdf->out, "<< /Length %zu %s >>\nstream\n", len, dictionary);
    buf_append(&pdf->out, data, len);
    buf_str(&pdf->out, "\nendstream\nendobj\n");
}

void pdf_end(struct pdf *pdf, const char *more)
{
    size_t at = pdf->out.len;

    buf_printf(&pdf->out, "xref\n0 %u\n0000000000 65535 f \n", pdf->n);
    for (unsigned i = 1; i < pdf->n; i++)
        buf_printf(&pdf->out, "%010zu 00000 %c \n", pdf->offsets[i], pdf->offsets[i] ? 'n' : 'f');
    buf_printf(&pdf->out, "trailer\n<< /Size %u /Root 1 0 R %s >>\nstartxref\n%zu\n%%%%EOF\n", pdf->n, more, at);
}

/* Objects 1 to 3: the root, the list of pages, the font. */
static void put_frame(struct pdf *pdf, unsigned n)
{
    struct buf kids;

    buf_init(&kids, 1 << 20);
    for (unsigned i = 0; i < n; i++)
        buf_printf(&kids, "%u 0 R ", FIRST_PAGE + 2 * i);
    pdf_object(pdf, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    begin_object(pdf, 2);
    buf_printf(&pdf->out, "<< /Type /Pages /Count %u /Kids [%s] >>\nendobj\n", n, kids.data);
    pdf_object(pdf, 3, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    buf_release(&kids);
}

static void put_page(struct pdf *pdf, unsigned i)
{
    pdf_object(pdf, FIRST_PAGE + 2 * i,
               "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
               " /Contents %u 0 R >>",
               FIRST_PAGE + 2 * i + 1);
}

struct pdf *pdf_of_pages(struct cq_ctx *ctx, unsigned n, const char *const *texts, size_t n_texts)
{
    struct pdf *pdf = pdf_begin(ctx);
    char content[1024];

    put_frame(pdf, n);
    for (unsigned i = 0; i < n; i++) {
        int len = snprintf(content, sizeof(content), "BT /F1 12 Tf 72 720 Td (%s) Tj ET", texts[i % n_texts]);

        put_page(pdf, i);
        pdf_stream(pdf, FIRST_PAGE + 2 * i + 1, "", content, (size_t)len);
    }
    pdf_end(pdf, "");
    return pdf;
}

struct pdf *pdf_of_content(struct cq_ctx *ctx, const char *dictionary, const void *data, size_t len)
{
    struct pdf *pdf = pdf_begin(ctx);

    put_frame(pdf, 1);
    put_page(pdf, 0);
    pdf_stream(pdf, FIRST_PAGE + 1, dictionary, data, len);
    pdf_end(pdf, "");
    return pdf;
}

/* ---- deflate ---- */

struct bits {
    struct buf *out;
    unsigned pending, n;
};

/* The lowest bit first; Huffman codes, whose highest comes first, are given turned round. */
static void put_bits(struct bits *bits, unsigned value, unsigned n)
{
    bits->pending |= value << bits->n;
    for (bits->n += n; bits->n >= 8; bits->n -= 8, bits->pending >>= 8)
        buf_char(bits->out, (char)bits->pending);
}

static unsigned turned(unsigned code, unsigned n)
{
    unsigned out = 0;

    for (; n--; code >>= 1)
        out = out << 1 | (code & 1);
    return out;
}

/* By the fixed codes: a byte below 144 is 0x30 + itself in 8 bits; 258 bytes again are code 285, at a distance of 1 code 0. */
void pdf_deflate_run(struct buf *out, char first, char c, size_t n)
{
    enum { MATCH_BYTES = 258, FIRST_LENGTH_CODE = 280, FIRST_LENGTH_BITS = 0xc0 };
    struct bits bits = {.out = out};

    buf_append(out, "\x78\x01", 2);
    put_bits(&bits, 1 | 1 << 1, 3);
    put_bits(&bits, turned(0x30 + (unsigned)first, 8), 8);
    put_bits(&bits, turned(0x30 + (unsigned)c, 8), 8);
    for (; n >= MATCH_BYTES; n -= MATCH_BYTES) {
        put_bits(&bits, turned(285 - FIRST_LENGTH_CODE + FIRST_LENGTH_BITS, 8), 8);
        put_bits(&bits, 0, 5);
    }
    put_bits(&bits, 0, 7);
    put_bits(&bits, 0, 7); /* what is left of a byte; the checksum is nobody's concern here */
}
