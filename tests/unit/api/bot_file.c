/* What files may be called, and under which name they go out. */
#include "api/bot_file.h"

#include "api/file_link.h"
#include "unit.h"

static void test_filenames(void)
{
    char longest[257];
    static const struct {
        const char *name;
        size_t len;
        bool want;
    } rows[] = {
        {"a.txt", 5, true},     {" ", 1, true},
        {"...", 3, true},       {".a", 2, true},
        {"\xc3\xa9", 2, true},  {"\xe2\x80\xae", 3, true},
        {"a\xc2\xa0", 3, true}, {"", 0, false},
        {".", 1, false},        {"..", 2, false},
        {"a/b", 3, false},      {"/", 1, false},
        {"a\\b", 3, false},     {"a\0b", 3, false},
        {"a\nb", 3, false},     {"\x1b", 1, false},
        {"\x7f", 1, false},     {"\xc2\x80", 2, false},
        {"\xc2\x9f", 2, false}, {"\xff", 1, false},
        {"\xc0\xaf", 2, false}, {"\xed\xa0\x80", 3, false},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, is_filename(rows[i].name, rows[i].len) == rows[i].want);
    memset(longest, 'n', sizeof(longest));
    CU_ASSERT_TRUE(is_filename(longest, 255));
    CU_ASSERT_FALSE(is_filename(longest, 256));
}

/* Whatever a name is, the header is one header, and both kinds of client find a name in it. */
static void test_dispositions(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"a.txt", "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt"},
        {"a b;c", "inline; filename=\"a b;c\"; filename*=UTF-8''a%20b%3Bc"},
        {"\"q\" 100%", "inline; filename=\"_q_ 100_\"; filename*=UTF-8''%22q%22%20100%25"},
        {"\xc3\xa9\xf0\x9f\x94\xa5.md", "inline; filename=\"__.md\"; filename*=UTF-8''%C3%A9%F0%9F%94%A5.md"},
        {"'", "inline; filename=\"'\"; filename*=UTF-8''%27"},
    };
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, str_eq(content_disposition(unit_ctx()->arena, true, rows[i].name), rows[i].want));
    CU_ASSERT_TRUE(str_starts(content_disposition(unit_ctx()->arena, false, "a"), "attachment; filename=\"a\""));
}

SUITE(bot_file, {"file names", test_filenames}, {"dispositions", test_dispositions});
