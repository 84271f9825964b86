#include "extract/type.h"

#include "unit.h"

#define T(literal)         literal, sizeof(literal) - 1

#define PNG(width, height) "\x89PNG\r\n\x1a\n\0\0\0\rIHDR" width height "\x08\x02\0\0\0\0\0\0\0"
#define ONE                "\0\0\0\1"
#define ZIP(name)          "PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0" ONE ONE name
#define HEAD(n)            n "\0\0\0" /* lengths of the name and of what is beside it */

static void check(const char *name, const char *data, size_t len, const char *want)
{
    static bool is_prepared;

    if (!is_prepared)
        CU_ASSERT_TRUE_FATAL(type_prepare());
    is_prepared = true;
    const char *got = type_of(data, len, len);

    ROW_ASSERT(name, str_eq(got, want));
}

static void test_texts(void)
{
    static const struct {
        const char *name, *data;
        size_t len;
        const char *want;
    } rows[] = {
        {"a word", T("word"), "text/plain"},
        {"prose", T("On Monday, the price rises.\nOn Tuesday, it falls.\n"), "text/plain"},
        {"prose of many commas", T("First, we wait.\nThen, we see.\nLast, we go.\nSo, it ends.\n"), "text/plain"},
        {"Latin-1", T("Le caf\xe9 est tr\xe8s bon.\n"), "text/plain"},
        {"UTF-16", T("\xff\xfeh\0i\0"), "text/plain"},
        {"a program's source", T("#include <stdio.h>\nint main(void) { return 0; }\n"), "text/plain"},
        {"a mail", T("Subject: exam\n\nIt is on Monday.\n"), "text/plain"},
        {"a list", T("- one\n- two\n"), "text/plain"},
        {"a title", T("# The price of coffee\n\nText.\n"), "text/markdown"},
        {"links", T("See [the notes](notes.md).\n"), "text/markdown"},
        {"a block of code", T("Run\n\n```sh\nls\n```\n"), "text/markdown"},
        {"a heading and a list", T("About\n\n## Prices\n\n* one\n"), "text/markdown"},
        {"commas", T("a,b\n1,2\n"), "text/csv"},
        {"semicolons", T("name;price\r\n\"a; b\";1,5\r\n"), "text/csv"},
        {"tabs", T("a\tb\tc\n1\t2\t3\n"), "text/csv"},
        {"a line end in quotes", T("a,b\n\"x\ny\",2\n"), "text/csv"},
        {"other counts of fields", T("a,b\n1,2,3\n"), "text/plain"},
        {"an object", T(" {\"a\": [1, 2]}\n"), "application/json"},
        {"an object that does not end", T("{\"a\": [1, 2]"), "text/plain"},
        {"an object and more", T("{\"a\": 1} and more"), "text/plain"},
        {"a note in brackets", T("[1] Smith, On Coffee"), "text/plain"},
        {"a page", T("<!DOCTYPE html>\n<title>x</title>"), "text/html"},
        {"a page behind a comment", T("\xef\xbb\xbf<!-- x -->\n<HTML lang=en>"), "text/html"},
        {"a page of XML", T("<?xml version=\"1.0\"?>\n<!DOCTYPE html><html>"), "text/html"},
        {"a piece of a page", T("<p class=x>y</p>"), "text/html"},
        {"SVG", T("<svg xmlns=\"http://www.w3.org/2000/svg\"><script>evil</script></svg>"), NULL},
        {"SVG with a declaration", T("<?xml version=\"1.0\"?><!-- x --><svg/>"), NULL},
        {"XML", T("<?xml version=\"1.0\"?><a/>"), NULL},
        {"RTF", T("{\\rtf1\\ansi x}"), NULL},
        {"PostScript", T("%!PS-Adobe-3.0\nshowpage\n"), NULL},
        {"nothing", T(""), NULL},
        {"a NUL in it", T("text\0text"), NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        check(rows[i].name, rows[i].data, rows[i].len, rows[i].want);
}

static void test_images(void)
{
    static const struct {
        const char *name, *data;
        size_t len;
        const char *want;
    } rows[] = {
        {"PNG", T(PNG(ONE, ONE)), "image/png"},
        {"PNG of no width", T(PNG("\0\0\0\0", ONE)), NULL},
        {"PNG of 10^9 pixels", T(PNG("\0\0\x80\0", "\0\0\x80\0")), NULL},
        {"PNG of a side of 2^31", T(PNG("\x80\0\0\0", ONE)), NULL},
        {"PNG of colours that there are not", T("\x89PNG\r\n\x1a\n\0\0\0\rIHDR" ONE ONE "\x03\x07\0\0\0\0\0\0\0"),
         NULL},
        {"PNG that is cut", T("\x89PNG\r\n\x1a\n\0\0\0\rIHDR" ONE), NULL},
        {"JPEG", T("\xff\xd8\xff\xe0\0\4xx\xff\xc0\0\x0b\x08\0\1\0\1\1\0\0\0"), "image/jpeg"},
        {"JPEG without a frame", T("\xff\xd8\xff\xe0\0\4xx\xff\xda\0\4xx"), NULL},
        {"JPEG of no height", T("\xff\xd8\xff\xc0\0\x0b\x08\0\0\0\1\1\0\0\0"), NULL},
        {"JPEG whose length lies", T("\xff\xd8\xff\xe0\xff\xffxx\xff\xc0\0\x0b\x08\0\1\0\1\1\0\0\0"), NULL},
        {"JPEG in name only", T("\xff\xd8\xff\xe0 evil"), NULL},
        {"GIF", T("GIF89a\1\0\1\0\0\0\0;"), "image/gif"},
        {"GIF of no size", T("GIF89a\0\0\1\0\0\0\0;"), NULL},
        {"WebP, lossy", T("RIFF\x20\0\0\0WEBPVP8 \x14\0\0\0\0\0\0\x9d\1\x2a\1\0\1\0xxxxxxxx"), "image/webp"},
        {"WebP, lossless", T("RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f\0\0\0\0xxxxxxxxxxxx"), "image/webp"},
        {"WebP, extended", T("RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\1\0\0\1\0\0"), "image/webp"},
        {"WebP of something else", T("RIFF\x20\0\0\0WAVEVP8X\x0a\0\0\0\0\0\0\0\1\0\0\1\0\0"), NULL},
        {"TIFF", T("II*\0\x08\0\0\0xxxxxxxxxxxxxxxxxxxxxx"), NULL},
        {"BMP", T("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0"), NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        check(rows[i].name, rows[i].data, rows[i].len, rows[i].want);
}

static void test_others(void)
{
    static const struct {
        const char *name, *data;
        size_t len;
        const char *want;
    } rows[] = {
        {"PDF", T("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "application/pdf"},
        {"PDF behind a line end", T("\r\n%PDF-1.4\n\0"), "application/pdf"},
        {"PDF behind a program", T("MZ\x90\0\3\0\0\0%PDF-1.4\n"), NULL},
        {"text about PDF", T("%PDF-files begin so"), "text/plain"},
        {"a document", T(ZIP(HEAD("\x13") "[Content_Types].xml") "x" ZIP(HEAD("\x11") "word/document.xml")),
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
        {"a sheet, its type last", T(ZIP(HEAD("\x0f") "xl/workbook.xml") ZIP(HEAD("\x13") "[Content_Types].xml")),
         "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
        {"an archive that names a folder", T(ZIP(HEAD("\x0f") "xl/workbook.xml")), NULL},
        {"an archive", T(ZIP(HEAD("\5") "a.txt") "x"), NULL},
        {"a program of Java", T(ZIP(HEAD("\x14") "META-INF/MANIFEST.MF")), NULL},
        {"a head whose name is longer than the file",
         T(ZIP("\xff\xff\0\0"
               "word/")),
         NULL},
        {"OpenDocument",
         T("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x27\0\0\0\x27\0\0\0\x08\0\0\0mimetype"
           "application/vnd.oasis.opendocument.text"),
         "application/vnd.oasis.opendocument.text"},
        {"a book",
         T("PK\3\4\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\x14\0\0\0\x08\0\0\0mimetype"
           "application/epub+zip"),
         NULL},
        {"a program",
         T("\x7f"
           "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0\1\0\0\0"),
         NULL},
        {"gzip", T("\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0"), NULL},
        {"letters of no encoding", T("\x90\xff\xfe\xfd\xfc\xfb"), NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++)
        check(rows[i].name, rows[i].data, rows[i].len, rows[i].want);
}

/* A compound file's directory entry, as [MS-CFB] 2.6.1 has it. */
static void put_entry(uint8_t entry[128], const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++)
        entry[2 * i] = (uint8_t)name[i];
    entry[64] = (uint8_t)(2 * (len + 1));
    entry[66] = 2;
}

static void test_compound_files(void)
{
    static const struct {
        const char *stream, *want;
    } rows[] = {
        {"WordDocument", "application/msword"},
        {"Workbook", "application/vnd.ms-excel"},
        {"PowerPoint Document", "application/vnd.ms-powerpoint"},
        {"EncryptedPackage", "application/x-ole-storage"},
        {"!_StringData", NULL}, /* a program's installer */
        {"WordDocumentary", NULL},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t data[512 + 2 * 128] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};

        put_entry(data + 512 + 128, rows[i].stream);
        check(rows[i].stream, (const char *)data, sizeof(data), rows[i].want);
    }
}

SUITE(type, {"texts", test_texts}, {"images", test_images}, {"others", test_others},
      {"compound files", test_compound_files});
