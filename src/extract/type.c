/* What kind of file bytes are. */
#include "extract/type.h"

#include <ctype.h>
#include <magic.h>

enum { TEXT_SAMPLE_BYTES = 1 << 20 }; /* by which a text's language is judged */

static magic_t magic;

/* Nothing that unpacks, or reads what is inside of something else. */
bool type_prepare(void)
{
    magic = magic_open(MAGIC_MIME_TYPE | MAGIC_ERROR | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                       MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_JSON | MAGIC_NO_CHECK_CSV);
    return magic && !magic_load(magic, NULL);
}

static const char *name_of(const char *data, size_t len)
{
    const char *name = magic_buffer(magic, data, len);

    return name ? name : "";
}

/* Readers look for the head in the first 1,024 bytes; whoever puts something else before it means something else. */
static bool is_pdf(const char *data, size_t len)
{
    size_t i = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (i < len && isspace((unsigned char)data[i]))
        i++;
    return len - i >= 8 && memcmp(data + i, "%PDF-", 5) == 0 && isdigit((unsigned char)data[i + 5]) &&
           data[i + 6] == '.';
}

/* Text that says it is something else: what libmagic knows by heads that are all letters. */
static bool is_other(const char *name)
{
    static const char *const others[] = {"image/svg+xml", "text/xml",        "application/xml",
                                         "text/rtf",      "application/rtf", "application/postscript"};

    for (size_t i = 0; i < LEN(others); i++)
        if (str_eq(name, others[i]))
            return true;
    return false;
}

/* The beginning, cut where a line ends. */
static size_t sample_len(const char *data, size_t len)
{
    if (len <= TEXT_SAMPLE_BYTES)
        return len;
    const char *end = memrchr(data, '\n', TEXT_SAMPLE_BYTES);

    return end && (end - data) % 2 == 0 ? (size_t)(end - data) : TEXT_SAMPLE_BYTES;
}

static const char *text_type_of(const char *data, size_t len, uint64_t size)
{
    enum encoding encoding = encoding_tell(data, len);
    const char *name = name_of(data, len), *type = NULL;
    size_t sample = sample_len(data, len);
    struct buf text;

    /* Any bytes may be letters of a single-byte encoding; text is what libmagic takes for it too. */
    if (!len || encoding == ENCODING_UNKNOWN || (encoding == ENCODING_WINDOWS_1252 && !str_starts(name, "text/")))
        return NULL;
    buf_init(&text, 4 * TEXT_SAMPLE_BYTES);
    encoding_convert(encoding, data, sample, &text);
    if (!text.failed)
        type = text_type(text.data, text.len, sample == size);
    buf_release(&text);
    return str_eq(type, "text/html") || !is_other(name) ? type : NULL;
}

const char *type_of(const char *data, size_t len, uint64_t size)
{
    const char *type = image_type((const uint8_t *)data, len);

    if (!type)
        type = office_type((const uint8_t *)data, len);
    if (!type && is_pdf(data, len))
        type = "application/pdf";
    return type ? type : text_type_of(data, len, size);
}
