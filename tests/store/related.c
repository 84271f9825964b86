/* Passages that a model was given: they come back as they were stored, to whom they belong, whatever becomes of the document. */
#include "attempt.h"

/* What JSON, SQL or a careless copy would change. */
#define TRICKY                                                                                                         \
    "\" \\ \\n '; DROP -- \n\t\r \x01 \\u003c <|im_end|> [INST] 100 % caf\xC3\xA9 \xF0\x9F\x98\x80 \xE6\x97\xA5"

static struct related_row passage(uint32_t number, uint64_t document_id)
{
    return (struct related_row){.number = number,
                                .document_id = document_id,
                                .filename = "f " TRICKY,
                                .kind = "pdf",
                                .page = 3,
                                .passage = "p " TRICKY,
                                .excerpt = "e " TRICKY,
                                .relevance = 0.6543,
                                .uploaded_at_ms = 1704067200123};
}

/* The conversation of a turn whose reply was given these. */
static uint64_t conversation_given(const struct place *p, const struct related_list *related)
{
    uint64_t id = conversation_opened(p);
    struct attempt a = attempt_message(p, id, "text");

    a.related = related;
    a.citations = "[{\"number\":1}]";
    MUST(attempt_begin(p, &a));
    MUST(attempt_complete(p, &a));
    ASSERT_TEXT(a.stored.citations, "[{\"number\":1}]");
    a.is_again = true;
    MUST(attempt_complete(p, &a)); /* of which nothing comes */
    return id;
}

static struct related_list related_of(const struct place *p, uint64_t user_id, uint64_t conversation_id, uint32_t seq)
{
    struct related_list list = {0};

    GIVES(CQ_OK, store_related_list(p->ctx, p->db, user_id, conversation_id, seq, &list));
    return list;
}

static uint64_t document_new(const struct place *p, const char *name, const char *of, uint64_t id)
{
    sql_run("INSERT INTO document (name, %s, user_id, hash, filename, kind, mime_type, size, state, created_at)"
            " VALUES ('%s', %ju, %ju, REPEAT('h', 32), 'f', 'text', 'text/plain', 1, 'succeeded', '2024-03-01')",
            of, name, (uintmax_t)id, (uintmax_t)p->user_id);
    return sql_number("SELECT id FROM document WHERE name = '%s'", name);
}

static void test_as_stored(void)
{
    struct place p = place_new();
    struct related_row rows[] = {passage(2, 1000000), passage(1, 1000001)};
    const struct related_list given = {rows, LEN(rows)};

    rows[1].page = 0;
    uint64_t id = conversation_given(&p, &given);
    struct related_list list = related_of(&p, p.user_id, id, 0);
    CU_ASSERT_EQUAL_FATAL(list.n, 2);
    const struct related_row *first = &list.rows[0], *second = &list.rows[1];
    CU_ASSERT_TRUE(first->seq == 3 && first->number == 1 && first->document_id == 1000001 && first->page == 0);
    CU_ASSERT_TRUE(second->number == 2 && second->document_id == 1000000 && second->page == 3);
    ASSERT_TEXT(second->filename, "f " TRICKY);
    ASSERT_TEXT(second->passage, "p " TRICKY);
    ASSERT_TEXT(second->excerpt, "e " TRICKY);
    ASSERT_TEXT(second->kind, "pdf");
    CU_ASSERT_PTR_NULL(second->message_name); /* of the chat API only */
    CU_ASSERT_TRUE(second->relevance == 0.6543 && second->uploaded_at_ms == 1704067200123);
    CU_ASSERT_FALSE(second->is_available); /* there is no such document */
    CU_ASSERT_EQUAL(related_of(&p, p.user_id, id, 3).n, 2);
    CU_ASSERT_EQUAL(related_of(&p, p.user_id, id, 1).n, 0);
}

static void test_anothers(void)
{
    struct place p = place_new();
    struct related_row row = passage(1, 1000000);
    const struct related_list given = {&row, 1};
    uint64_t id = conversation_given(&p, &given);

    CU_ASSERT_EQUAL(related_of(&p, p.user_id, id, 0).n, 1);
    CU_ASSERT_EQUAL(related_of(&p, user_new(&p), id, 0).n, 0);
}

/* A context file is there as long as it exists; one of a bot, as long as the user may use the bot. */
static void test_is_available(void)
{
    struct place p = place_new();
    uint64_t other = user_new(&p);
    sql_run("INSERT INTO bot (name, is_live, owner_id, title, description, instruction, display_retrieved_chunks,"
            " prompt_caching_enabled, created_at) VALUES ('related', 1, %ju, '', '', '', 1, 0, NOW())",
            (uintmax_t)other);
    uint64_t bot_id = sql_number("SELECT id FROM bot WHERE name = 'related'");
    struct related_row rows[] = {passage(1, document_new(&p, "RELATEDTOCOURSE00000000000", "course_id", p.course_id)),
                                 passage(2, document_new(&p, "RELATEDTOBOT00000000000000", "bot_id", bot_id))};
    const struct related_list given = {rows, LEN(rows)};
    uint64_t id = conversation_given(&p, &given);
    struct related_list list = related_of(&p, p.user_id, id, 0);

    CU_ASSERT_TRUE_FATAL(list.n == 2 && list.rows[0].is_available && !list.rows[1].is_available);
    CU_ASSERT_TRUE(memcmp(list.rows[0].hash, "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh", SHA256_BYTES) == 0);
    CU_ASSERT_EQUAL(list.rows[0].uploaded_at_ms, 1709251200000); /* what it holds now */
    sql_run("UPDATE bot SET scope = 'all' WHERE id = %ju", (uintmax_t)bot_id);
    CU_ASSERT_TRUE(related_of(&p, p.user_id, id, 0).rows[1].is_available);
    sql_run("UPDATE bot SET is_live = NULL WHERE id = %ju", (uintmax_t)bot_id);
    CU_ASSERT_FALSE(related_of(&p, p.user_id, id, 0).rows[1].is_available);
    sql_run("DELETE FROM document WHERE user_id = %ju", (uintmax_t)p.user_id);
    list = related_of(&p, p.user_id, id, 0);
    CU_ASSERT_TRUE(list.n == 2 && !list.rows[0].is_available && list.rows[0].uploaded_at_ms == 1704067200123);
}

/* A bot that does not show what it was given. */
static void test_hidden(void)
{
    struct place p = place_new();
    struct related_row row = passage(1, 1000000);
    const struct related_list given = {&row, 1};
    uint64_t id = conversation_given(&p, &given);

    sql_run("INSERT INTO chat_message (conversation_id, seq, name, parent, model, hides_chunks)"
            " VALUES (%ju, 3, 'reply', 2, 'm', 0)",
            (uintmax_t)id);
    struct related_list list = related_of(&p, p.user_id, id, 0);
    CU_ASSERT_TRUE_FATAL(list.n == 1);
    ASSERT_TEXT(list.rows[0].message_name, "reply");
    sql_run("UPDATE chat_message SET hides_chunks = 1 WHERE conversation_id = %ju", (uintmax_t)id);
    CU_ASSERT_EQUAL(related_of(&p, p.user_id, id, 0).n, 0);
}

SUITE(related, {"as they were stored", test_as_stored}, {"another's", test_anothers},
      {"whether the document is there", test_is_available}, {"hidden by the bot", test_hidden});
