#include "files/answer.h"

#include "colloquy/extract.h"
#include "unit.h"

#define T(literal)              literal, sizeof(literal) - 1
#define FRAME(kind, page, head) kind page "\0\0\0" head "\0\0\0"
#define END                     "E\0\0\0\0\0\0\0\0\0"

static void test_answers(void)
{
    static const struct {
        const char *name, *said;
        size_t len;
        bool is_good;
        const char *type, *failure;
        uint32_t page_count;
        size_t n_texts;
    } rows[] = {
        {"nothing", T(END), true, NULL, NULL, 0, 0},
        {"a type", T(FRAME("K", "\0", "\x0a") "text/plain\0" END), true, "text/plain", NULL, 0, 0},
        {"a text", T(FRAME("T", "\0", "\2") "ab\0" END), true, NULL, NULL, 0, 1},
        {"pages", T(FRAME("N", "\3", "\0") "\0" FRAME("T", "\1", "\1") "a\0" FRAME("T", "\3", "\1") "b\0" END), true,
         NULL, NULL, 3, 2},
        {"a failure", T(FRAME("F", "\0", "\7") "damaged\0" END), true, NULL, "damaged", 0, 0},
        {"a failure of no name", T(FRAME("F", "\0", "\4") "evil\0" END), false, NULL, NULL, 0, 0},
        {"no end", T(FRAME("T", "\0", "\2") "ab\0"), false, NULL, NULL, 0, 0},
        {"something behind the end", T(END "x"), false, NULL, NULL, 0, 0},
        {"a frame of no kind", T(FRAME("X", "\0", "\0") "\0" END), false, NULL, NULL, 0, 0},
        {"a length that lies",
         T("T\0\0\0\0\xff\xff\xff\xff"
           "a\0" END),
         false, NULL, NULL, 0, 0},
        {"a text that does not end", T(FRAME("T", "\0", "\1") "abc" END), false, NULL, NULL, 0, 0},
        {"no UTF-8", T(FRAME("T", "\0", "\2") "a\xff\0" END), false, NULL, NULL, 0, 0},
        {"two texts without pages", T(FRAME("T", "\0", "\1") "a\0" FRAME("T", "\0", "\1") "b\0" END), false, NULL, NULL,
         0, 0},
        {"a page that is not there", T(FRAME("N", "\1", "\0") "\0" FRAME("T", "\2", "\1") "a\0" END), false, NULL, NULL,
         0, 0},
        {"page 0", T(FRAME("N", "\1", "\0") "\0" FRAME("T", "\0", "\1") "a\0" END), false, NULL, NULL, 0, 0},
        {"a page twice", T(FRAME("N", "\2", "\0") "\0" FRAME("T", "\1", "\1") "a\0" FRAME("T", "\1", "\1") "b\0" END),
         false, NULL, NULL, 0, 0},
        {"too many pages", T("N\xd1\7\0\0\0\0\0\0\0" END), false, NULL, NULL, 0, 0},
        {"pages behind a text", T(FRAME("T", "\0", "\1") "a\0" FRAME("N", "\1", "\0") "\0" END), false, NULL, NULL, 0,
         0},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = unit_ctx();
        struct answer got = {.type = NULL};
        struct buf *said = buf_in_arena(ctx->arena, 1024);

        buf_str(said, EXTRACT_BEGIN);
        buf_append(said, rows[i].said, rows[i].len);
        ROW_ASSERT(rows[i].name, answer_read(ctx, said->data, said->len, &got) == rows[i].is_good);
        if (rows[i].is_good)
            ROW_ASSERT(rows[i].name, str_eq(got.type, rows[i].type) &&
                                         str_eq(got.extraction.failure, rows[i].failure) &&
                                         got.extraction.page_count == rows[i].page_count &&
                                         got.extraction.n_texts == rows[i].n_texts);
    }
}

static void test_nuls_are_taken_out(void)
{
    char said[] = EXTRACT_BEGIN "T\0\0\0\0\5\0\0\0"
                                "\0a\0b\0\0" END;
    struct answer got;

    CU_ASSERT_TRUE_FATAL(answer_read(unit_ctx(), said, sizeof(said) - 1, &got));
    CU_ASSERT_TRUE(got.extraction.texts[0].len == 2 && str_eq(got.extraction.texts[0].text, "ab"));
}

/* The program of another version. */
static void test_another_beginning(void)
{
    char said[] = "colloquy-extract 2\n" END;
    struct answer got;

    CU_ASSERT_FALSE(answer_read(unit_ctx(), said, sizeof(said) - 1, &got));
}

SUITE(answer, {"answers", test_answers}, {"NULs are taken out", test_nuls_are_taken_out},
      {"another beginning", test_another_beginning});
