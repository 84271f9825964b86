/*
 * Searching: whatever is looked for and wherever, what is shown is text with its matches marked, and nothing else.
 *
 * The query up to a line's end, then the text. Both are UTF-8, as requests and messages are.
 */
#include <string.h>

#include "engine/chat_search.h"
#include "fuzz.h"

enum { QUERY_MAX_BYTES = 800 };

/* No markup but <em> around something, and no markup within it. */
static void check_html(const char *html)
{
    bool is_open = false;

    check_text(html, strlen(html));
    for (const char *at = strpbrk(html, "<>"); at; at = strpbrk(at, "<>")) {
        const char *tag = is_open ? "</em>" : "<em>";

        CHECK(str_starts(at, tag));
        at += strlen(tag);
        CHECK(is_open || !str_starts(at, "</em>"));
        is_open = !is_open;
    }
    CHECK(!is_open && strstr(html, "<em>"));
}

static size_t check_fragments(struct cq_ctx *ctx, const struct search_query *query, const char *text)
{
    struct search_fragment fragments[ENGINE_MAX_FRAGMENTS];
    size_t n = 0;

    CHECK(search_fragments(ctx, query, text, ENGINE_MAX_FRAGMENTS, fragments, &n) == CQ_OK &&
          n <= ENGINE_MAX_FRAGMENTS);
    for (size_t i = 0; i < n; i++) {
        check_html(fragments[i].html);
        CHECK(fragments[i].score && (!i || fragments[i].score <= fragments[i - 1].score));
    }
    return n;
}

/* What is looked up is what words of the text are kept by: folding it again changes nothing. */
static void check_query(struct cq_ctx *ctx, const struct search_query *query)
{
    CHECK(query->n <= query->n_order);
    for (size_t i = 0; i < query->n_order; i++)
        CHECK(query->order[i] < query->n);
    for (size_t i = 0; i < query->n; i++)
        for (size_t k = 0; k < search_lookups(&query->words[i]); k++) {
            bool is_beginning;
            const char *lookup = search_lookup(ctx, &query->words[i], k, &is_beginning);

            CHECK(lookup && *lookup && strlen(lookup) < WORD_MAX_BYTES);
            check_text(lookup, strlen(lookup));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct input in = input_of(data, size);
    const char *asked = input_line(&in, ctx), *text = input_rest(&in, ctx, &(size_t){0});
    struct search_query query;

    if (strlen(asked) > QUERY_MAX_BYTES || !utf8_valid(asked, strlen(asked)) || !utf8_valid(text, strlen(text)))
        return 0;
    CHECK(search_query_read(ctx, asked, strlen(asked), &query) == CQ_OK);
    check_query(ctx, &query);
    check_fragments(ctx, &query, text);
    CHECK((check_fragments(ctx, &query, asked) > 0) == (query.n > 0)); /* whatever it is, it is found in itself */
    return 0;
}
