/* Related documents: their fields, and how good a source is. */
#include "api/chat_represent.h"

#include <stdio.h>
#include <stdlib.h>

#include "http/make_request.h"

static const int64_t DAY_MS = 86400000;

static const struct related_row passage = {.seq = 2,
                                           .message_name = "r",
                                           .number = 3,
                                           .document_id = 9,
                                           .filename = "a \"b\".pdf",
                                           .kind = "pdf",
                                           .page = 7,
                                           .passage = "The passage.\n",
                                           .excerpt = "\xe2\x80\xa6passage",
                                           .relevance = 0.5,
                                           .uploaded_at_ms = 1704067200500};

static const char *write(struct request *req, enum chat_form form, const struct related_row *row)
{
    struct json_out out;

    json_out_init(&out, buf_in_arena(req->ctx.arena, 1 << 16));
    ROW_ASSERT(row->filename, chat_write_related(req, &out, form, row, row->message_name) == CQ_OK);
    return out.buf->data;
}

/* Of 2024: older than three years, or nearly; only its relevance counts in the end. */
static void test_one(void)
{
    struct request req = make_request();
    const char *json = write(&req, CHAT_SNAKE, &passage);
    static const char want[] =
        "{\"content\":{\"text\":\"The passage.\\n\"},\"source_id\":\"r@3\",\"source_name\":\"a \\\"b\\\".pdf\","
        "\"source_link\":null,\"page_number\":7,\"citation_number\":3,\"excerpt\":\"\xe2\x80\xa6passage\","
        "\"relevance_score\":0.5,\"last_updated\":\"2024-01-01\",\"quality_score\":0.";

    CU_ASSERT_TRUE(str_starts(json, want));
    json = write(&req, CHAT_CAMEL, &passage);
    CU_ASSERT_TRUE(strstr(json, "\"sourceId\":\"r@3\"") && strstr(json, "\"pageNumber\":7"));
    CU_ASSERT_TRUE(strstr(json, "\"lastUpdated\":\"2024-01-01\"") && strstr(json, "\"relevanceScore\":0.5"));
}

static void test_no_page(void)
{
    struct request req = make_request();
    struct related_row row = passage;

    row.page = 0;
    CU_ASSERT_PTR_NOT_NULL(strstr(write(&req, CHAT_SNAKE, &row), "\"page_number\":null,"));
}

/* 0.8 × relevance + 0.2 × recency, which is 1 for 30 days and 0 from 1,095 days on. */
static void test_scores(void)
{
    static const struct {
        const char *name;
        double relevance;
        int days;
        const char *relevance_score, *quality_score;
    } rows[] = {
        {"new", 1, 0, "1.0", "1.0"},
        {"30 days", 1, 30, "1.0", "1.0"},
        {"half way", 1, 30 + 532, "1.0", "0.9001"},
        {"1,095 days", 1, 1095, "1.0", "0.8"},
        {"ten years", 0.5, 3650, "0.5", "0.4"},
        {"four decimals", 0.123456, 0, "0.1235", "0.2988"},
        {"nothing", 0, 5000, "0.0", "0.0"},
        {"from the future", 0.25, -5, "0.25", "0.4"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        struct request req = make_request();
        struct related_row row = passage;
        char want[64];

        row.relevance = rows[i].relevance;
        row.uploaded_at_ms = clock_unix_ms() - rows[i].days * DAY_MS + (rows[i].days == 30 ? 1000 : 0);
        const char *json = write(&req, CHAT_SNAKE, &row);
        snprintf(want, sizeof(want), "\"relevance_score\":%s,", rows[i].relevance_score);
        ROW_ASSERT(rows[i].name, strstr(json, want) != NULL);
        snprintf(want, sizeof(want), "\"quality_score\":%s}", rows[i].quality_score);
        ROW_ASSERT(rows[i].name, strstr(json, want) != NULL);
    }
}

SUITE(chat_related, {"one", test_one}, {"no page", test_no_page}, {"scores", test_scores});
