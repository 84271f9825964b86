/* What the program says that looks into files: whatever it is by then, what is taken of its answer keeps to the agreement. */
#include "colloquy/extract.h"
#include "files/answer.h"
#include "fuzz.h"

static void check_extraction(const struct extraction *x, const char *begin, const char *end)
{
    uint32_t page = 0;
    size_t total = 0;

    CHECK(x->page_count <= EXTRACT_MAX_PAGES);
    CHECK(!x->failure || failure_word(x->failure) == x->failure);
    for (size_t i = 0; i < x->n_texts; i++) {
        const struct extracted_text *text = &x->texts[i];

        CHECK(text->text > begin && text->text + text->len < end && strlen(text->text) == text->len);
        check_text(text->text, text->len);
        CHECK(x->page_count ? text->page > page && text->page <= x->page_count : text->page == 0 && i == 0);
        page = text->page;
        total += text->len;
    }
    CHECK(total <= EXTRACT_MAX_TEXT_BYTES);
}

/* The beginning, which hardly anybody guesses, is put before it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    size_t begin = sizeof(EXTRACT_BEGIN) - 1, len = begin + size;
    char *said = arena_alloc(ctx->arena, len + 1);
    struct answer answer;

    CHECK(said);
    memcpy(said, EXTRACT_BEGIN, begin);
    memcpy(said + begin, data, size);
    said[len] = '\0';
    if (answer_read(ctx, said, len, &answer)) {
        check_extraction(&answer.extraction, said, said + len);
        CHECK(!answer.type || answer.type > said);
    }
    return 0;
}
