/* A conversation as Markdown: whole, and with texts that would be more than texts. */
#include "api/transcript.h"

#include "unit.h"

static struct buf *begin(void)
{
    struct buf *buf = buf_in_arena(unit_ctx()->arena, 1 << 20);

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    return buf;
}

static void test_quotations(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ">\n"},
        {"a", "> a\n"},
        {"a\nb", "> a\n> b\n"},
        {"a\n\nb", "> a\n>\n> b\n"},
        {"a\n", "> a\n"},
        {"a\n\n", "> a\n>\n"},
        {"\na", ">\n> a\n"},
        {"a\r\nb\rc", "> a\n> b\n> c\n"},
        {"a\n\r\nb", "> a\n>\n> b\n"},
        {"a\vb\fc", "> a\n> b\n> c\n"},
        {"a\xC2\x85"
         "b\xE2\x80\xA8"
         "c\xE2\x80\xA9"
         "d",
         "> a\n> b\n> c\n> d\n"},
        {"a\n### 3. Assistant", "> a\n> ### 3. Assistant\n"},
        {"a\n===", "> a\n> ===\n"},
        {"```\nnever closed", "> ```\n> never closed\n"},
        {"    code\n\tcode", ">     code\n> \tcode\n"},
        {"> quoted", "> > quoted\n"},
        {"</blockquote><h3>x", "> &lt;/blockquote>&lt;h3>x\n"},
        {"<!-- never closed", "> &lt;!-- never closed\n"},
        {"<?x <B> <Ü> <1 a<b a < b <", "> &lt;?x &lt;B> <Ü> <1 a&lt;b a < b <\n"},
        {"\\<b>", "> \\&lt;b>\n"},
        {"**bold** [link](x) `a<=b`", "> **bold** [link](x) `a<=b`\n"},
        {"Zoë 王", "> Zoë 王\n"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf *buf = begin();

        markdown_quote(buf, rows[i].text);
        ASSERT_TEXT(buf->data, rows[i].want);
    }
}

static void test_plain_texts(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"Sam Student", "Sam Student"},
        {"a\nb\r\nc\xE2\x80\xA8"
         "d",
         "a b c d"},
        {"x\n### 3. Assistant", "x \\#\\#\\# 3. Assistant"},
        {"*a* _b_ `c` ~~d~~", "\\*a\\* \\_b\\_ \\`c\\` \\~\\~d\\~\\~"},
        {"[a](b) ![c](d)", "\\[a\\](b) !\\[c\\](d)"},
        {"<b> &amp; $x$ a|b \\", "\\<b\\> \\&amp; \\$x\\$ a\\|b \\\\"},
        {"O'Neil, 50% (PHYS-101)", "O'Neil, 50% (PHYS-101)"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct buf *buf = begin();

        markdown_plain(buf, rows[i].text);
        ASSERT_TEXT(buf->data, rows[i].want);
    }
}

#define CREATED_MS 1704067200123 /* 2024-01-01 00:00:00 */

static void test_transcript(void)
{
    static const struct ai_experience_row experience = {.title = "Heat\n# & *work*"};
    static const struct conversation_row conversation = {.id = 1,
                                                         .workflow_state = "completed",
                                                         .all_objectives_met = true,
                                                         .created_at_ms = CREATED_MS,
                                                         .updated_at_ms = CREATED_MS + 90061000};
    static struct message_row rows[] = {
        {.seq = 0, .is_initial = true, .text = "Hello", .created_at_ms = CREATED_MS},
        {.seq = 1, .is_assistant = true, .text = "Hi!", .created_at_ms = CREATED_MS + 1000},
        {.seq = 2, .text = "Heat\n\n## Messages", .created_at_ms = CREATED_MS + 2000},
        {.seq = 3,
         .is_assistant = true,
         .is_stopped = true,
         .text = "As[^1]",
         .citations = "[{\"number\":1,\"display_name\":\"a_b.pdf\",\"page\":3},"
                      "{\"number\":4,\"display_name\":\"c.txt\",\"page\":null}]",
         .created_at_ms = CREATED_MS + 3000},
        {.seq = 4, .text = "?", .status = MESSAGE_FAILED, .created_at_ms = CREATED_MS + 4000},
        {.seq = 5, .text = "!", .status = MESSAGE_PENDING, .created_at_ms = CREATED_MS + 5000},
    };
    struct cq_ctx *ctx = unit_ctx();
    struct buf *buf = buf_in_arena(ctx->arena, 1 << 20);
    struct transcript t = {.experience = &experience,
                           .conversation = &conversation,
                           .course = {"Physics <1>", "PHYS-101"},
                           .student = {.name = "Sam_S"},
                           .messages = {rows, LEN(rows)}};

    CU_ASSERT_PTR_NOT_NULL_FATAL(buf);
    CU_ASSERT_EQUAL_FATAL(engine_progress_read(ctx, "- Name it\nExplain it", "2,", &t.progress), CQ_OK);
    CU_ASSERT_EQUAL(write_transcript_markdown(ctx, buf, &t), CQ_OK);
    ASSERT_TEXT(buf->data, "# Heat \\# \\& \\*work\\*\n\n"
                           "- Course: Physics \\<1\\> (PHYS-101)\n"
                           "- Student: Sam\\_S\n"
                           "- Begun: 2024-01-01 00:00:00 UTC\n"
                           "- Last activity: 2024-01-02 01:01:01 UTC\n"
                           "- State: completed\n\n"
                           "## Learning objectives: 1 of 2 met\n\n"
                           "1. (met in message 2) - Name it\n"
                           "2. (not met) Explain it\n\n"
                           "## Messages\n\n"
                           "### 1. Assistant, 2024-01-01 00:00:01 UTC\n\n> Hi!\n\n"
                           "### 2. Sam\\_S, 2024-01-01 00:00:02 UTC\n\n> Heat\n>\n> ## Messages\n\n"
                           "### 3. Assistant, 2024-01-01 00:00:03 UTC (stopped)\n\n> As[^1]\n\n"
                           "Sources:\n\n- \\[^1\\] a\\_b.pdf, page 3\n- \\[^4\\] c.txt\n\n"
                           "### 4. Sam\\_S, 2024-01-01 00:00:04 UTC (not answered)\n\n> ?\n\n"
                           "### 5. Sam\\_S, 2024-01-01 00:00:05 UTC (being answered)\n\n> !\n");
}

SUITE(transcript_markdown, {"quotations", test_quotations}, {"plain texts", test_plain_texts},
      {"a transcript", test_transcript});
