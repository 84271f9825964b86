/* What a file is called that is made of a title. */
#include "api/attachment.h"

#include "http/make_request.h"

static void test_names(void)
{
#define DAY   "2024-01-01"
#define A100  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A50   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define WANG5 "王王王王王"
#define PLAIN "_____"
#define X5    "%E7%8E%8B%E7%8E%8B%E7%8E%8B%E7%8E%8B%E7%8E%8B"
    static const struct {
        const char *title, *plain, *extended;
    } rows[] = {
        {"Boiling", "Boiling", "Boiling"},
        {"Heat & Work", "Heat & Work", "Heat%20&%20Work"},
        {"Wärme", "W_rme", "W%C3%A4rme"},
        {"../etc/passwd", "-.-etc-passwd", "-.-etc-passwd"},
        {".profile", "-profile", "-profile"},
        {"C:\\a?b*c|d<e>\"f\"", "C--a-b-c-d-e--f-", "C--a-b-c-d-e--f-"},
        {"a\r\nX-Evil: 1\tb\x7f", "a--X-Evil- 1-b-", "a--X-Evil-%201-b-"},
        {"100% it's; (x)", "100_ it's; (x)", "100%25%20it%27s%3B%20%28x%29"},
        {A100, A50, A50},
        {WANG5 WANG5 WANG5 WANG5 WANG5 WANG5 WANG5 WANG5 WANG5 WANG5 WANG5,
         PLAIN PLAIN PLAIN PLAIN PLAIN PLAIN PLAIN PLAIN PLAIN PLAIN, X5 X5 X5 X5 X5 X5 X5 X5 X5 X5},
        {"", "", ""},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_request();

        CU_ASSERT_EQUAL_FATAL(answer_attachment(&req, rows[i].title, 1704067200123, "md"), CQ_OK);
        ASSERT_TEXT(sent_header(&req, "Content-Disposition"),
                    arena_printf(req.ctx.arena,
                                 "attachment; filename=\"%s " DAY ".md\"; filename*=UTF-8''%s%%20" DAY ".md",
                                 rows[i].plain, rows[i].extended));
    }
}

SUITE(attachment, {"names", test_names});
