/* The program: see colloquy/extract.h. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "extract/frame.h"
#include "extract/pdf.h"
#include "extract/sandbox.h"
#include "extract/type.h"

enum { MAX_CPU_S = 3600 };

/* The file in memory; nothing of one that is empty. */
static const char *map_file(size_t *len)
{
    struct stat s;

    if (fstat(STDIN_FILENO, &s))
        _exit(EXTRACT_EXIT_UNABLE);
    *len = (size_t)s.st_size;
    if (!*len)
        return "";
    const void *data = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);

    if (data == MAP_FAILED)
        frame_fail("too_complex");
    return data;
}

static _Noreturn void tell_type(uint64_t size)
{
    size_t len;
    const char *data = map_file(&len), *type = type_of(data, len, size);

    if (!type)
        frame_fail("unsupported");
    frame_write(EXTRACT_TYPE, 0, type, strlen(type));
    frame_end();
}

static _Noreturn void extract_text(bool is_html)
{
    size_t len;
    const char *data = map_file(&len);
    enum encoding encoding = encoding_tell(data, len);
    struct buf text, html;

    if (encoding == ENCODING_UNKNOWN)
        frame_fail("damaged");
    buf_init(&text, EXTRACT_MAX_TEXT_BYTES);
    buf_init(&html, is_html ? EXTRACT_MEMORY_BYTES / 8 : 0);
    encoding_convert(encoding, data, len, is_html ? &html : &text);
    html_text(html.data, html.len, &text);
    if (text.failed || html.failed)
        frame_fail("too_complex");
    frame_write(EXTRACT_TEXT, 0, text.data, text.len);
    frame_end();
}

/* What reads files that libraries bring comes before the sandbox is closed, what reads the file after it. */
int main(int argc, char **argv)
{
    uint64_t cpu_s = 0, size = 0;
    bool is_type = argc == 4 && str_eq(argv[1], "type"), is_text = argc == 4 && str_eq(argv[1], "text");

    if ((!is_type && !is_text) || !parse_u64(argv[2], strlen(argv[2]), MAX_CPU_S, &cpu_s) ||
        (is_type && !parse_u64(argv[3], strlen(argv[3]), INT64_MAX, &size)))
        return EXTRACT_EXIT_UNABLE;
    if (!sandbox_limit((uint32_t)cpu_s) || (is_type && !type_prepare()) || !sandbox_close())
        return EXTRACT_EXIT_UNABLE;
    frame_begin();
    if (is_type)
        tell_type(size);
    if (str_eq(argv[3], "application/pdf"))
        pdf_extract();
    extract_text(str_eq(argv[3], "text/html"));
}
