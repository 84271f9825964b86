/* PDF, by poppler: the text of one page after the other. */
#include "extract/pdf.h"

#include <poppler.h>
#include <unistd.h>

#include "extract/frame.h"
#include "extract/text.h"

/* Whatever a page's tables of characters make of it, it leaves as UTF-8. */
static void write_page(PopplerDocument *document, int i, size_t *total)
{
    PopplerPage *page = poppler_document_get_page(document, i);
    char *text = page ? poppler_page_get_text(page) : NULL;
    struct buf out;

    buf_init(&out, EXTRACT_MAX_TEXT_BYTES);
    if (text)
        encoding_convert(ENCODING_UTF8, text, strlen(text), &out);
    *total += out.len;
    if (out.failed || *total > EXTRACT_MAX_TEXT_BYTES)
        frame_fail("too_complex");
    if (out.len)
        frame_write(EXTRACT_TEXT, (uint32_t)i + 1, out.data, out.len);
    buf_release(&out);
    g_free(text);
    if (page)
        g_object_unref(page);
}

static const char *failure_of(const GError *error)
{
    return g_error_matches(error, POPPLER_ERROR, POPPLER_ERROR_ENCRYPTED) ? "encrypted" : "damaged";
}

_Noreturn void pdf_extract(void)
{
    GError *error = NULL;
    PopplerDocument *document = poppler_document_new_from_fd(STDIN_FILENO, NULL, &error);

    if (!document)
        frame_fail(failure_of(error));
    int n_pages = poppler_document_get_n_pages(document);
    size_t total = 0;

    if (n_pages <= 0)
        frame_fail("damaged");
    if (n_pages > EXTRACT_MAX_PAGES)
        frame_fail("too_complex");
    frame_write(EXTRACT_PAGES, (uint32_t)n_pages, "", 0);
    for (int i = 0; i < n_pages; i++)
        write_page(document, i, &total);
    frame_end();
}
