#include "extract/text.h"

#include "unit.h"

#define T(literal) literal, sizeof(literal) - 1

static void test_told(void)
{
    static const struct {
        const char *name, *data;
        size_t len;
        enum encoding want;
        const char *text;
    } rows[] = {
        {"nothing", T(""), ENCODING_UTF8, ""},
        {"ASCII", T("plain\ttext\r\n"), ENCODING_UTF8, "plain\ttext\r\n"},
        {"UTF-8", T("gr\xc3\xbc\xc3\x9f dich"), ENCODING_UTF8, "gr\xc3\xbc\xc3\x9f dich"},
        {"UTF-8 with a mark",
         T("\xef\xbb\xbf"
           "a"),
         ENCODING_UTF8, "a"},
        {"UTF-8 with one broken character", T("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xff"), ENCODING_UTF8,
         "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xef\xbf\xbd"},
        {"UTF-16, the lower byte first", T("\xff\xfeh\0i\0\x3d\xd8\x00\xde"), ENCODING_UTF16LE, "hi\xf0\x9f\x98\x80"},
        {"UTF-16, the higher byte first", T("\xfe\xff\0h\0i\x20\xac"), ENCODING_UTF16BE, "hi\xe2\x82\xac"},
        {"UTF-16 with half a pair", T("\xff\xfeh\0\x3d\xd8i\0"), ENCODING_UTF16LE, "h\xef\xbf\xbdi"},
        {"UTF-16 with a NUL", T("\xff\xfeh\0\0\0i\0"), ENCODING_UNKNOWN, NULL},
        {"UTF-16 of an odd length", T("\xff\xfeh\0i"), ENCODING_UNKNOWN, NULL},
        {"Latin-1", T("caf\xe9 au lait"), ENCODING_WINDOWS_1252, "caf\xc3\xa9 au lait"},
        {"Windows-1252", T("a price of \x80 5 \x96 \x93quoted\x94"), ENCODING_WINDOWS_1252,
         "a price of \xe2\x82\xac 5 \xe2\x80\x93 \xe2\x80\x9cquoted\xe2\x80\x9d"},
        {"a byte that Windows-1252 has not", T("a price of \x81 5"), ENCODING_UNKNOWN, NULL},
        {"Russian in an encoding that is not told", T("\xcf\xf0\xe8\xe2\xe5\xf2, \xec\xe8\xf0"), ENCODING_UNKNOWN,
         NULL},
        {"a NUL", T("a\0b"), ENCODING_UNKNOWN, NULL},
        {"a control character",
         T("a\x01"
           "b"),
         ENCODING_UNKNOWN, NULL},
        {"the end that DOS gives a file", T("a\x1a"), ENCODING_UTF8, "a"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf out;

        ROW_ASSERT(rows[i].name, encoding_tell(rows[i].data, rows[i].len) == rows[i].want);
        if (!rows[i].text)
            continue;
        buf_init(&out, 1024);
        encoding_convert(rows[i].want, rows[i].data, rows[i].len, &out);
        ROW_ASSERT(rows[i].name, str_eq(out.data, rows[i].text));
        buf_release(&out);
    }
}

SUITE(encoding, {"told and converted", test_told});
