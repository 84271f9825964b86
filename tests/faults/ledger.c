/*
 * The ledger: every message that was acknowledged, and whether it is there, once, with one reply, in its place.
 *
 * A page is one conversation. It is compared with what the API shows while it is the student's active one, and all
 * pages with the tables in the end.
 */
#include <stdio.h>

#include "faults.h"

enum { PAGES_AT_ONCE = 64 };

struct pages {
    struct pages *next;
    size_t n;
    struct page page[PAGES_AT_ONCE];
};

static struct pages *first;

void ledger_clear(void)
{
    first = NULL;
}

struct page *ledger_page(uint64_t conversation_id, const char *says)
{
    if (!first || first->n == PAGES_AT_ONCE) {
        struct pages *pages = arena_zalloc(test_arena(), 1, sizeof(*pages));

        if (!pages)
            harness_die("out of memory");
        pages->next = first;
        first = pages;
    }
    struct page *page = &first->page[first->n++];

    *page = (struct page){.conversation_id = conversation_id, .says = says};
    return page;
}

const char *ledger_word(void)
{
    static char word[40];
    unsigned char random[8];

    if (!*word) {
        random_bytes(random, sizeof(random));
        snprintf(word, sizeof(word), "ledgerword%02x%02x%02x%02x%02x", random[0], random[1], random[2], random[3],
                 random[4]);
    }
    return word;
}

char *ledger_text(const struct page *page, size_t round)
{
    return textf("%s%s %zu of %lu", page->says, ledger_word(), round, page->conversation_id);
}

char *ledger_reply(const struct page *page, size_t round)
{
    return textf("You said: %s %zu of %lu", ledger_word(), round, page->conversation_id);
}

/* ---- by the API ---- */

static bool is_message(struct json_object *message, const char *id, const char *role, const char *text)
{
    return str_eq(text_at(message, "/id"), id) && str_eq(text_at(message, "/role"), role) &&
           str_eq(text_at(message, "/text"), text) && str_eq(text_at(message, "/status"), "complete");
}

void ledger_compare(const struct page *page, struct json_object *conversation)
{
    const char *row = textf("conversation %lu by the API", page->conversation_id);
    size_t n_wrong = 0;

    for (size_t i = 0; i < page->n; i++) {
        struct json_object *said = json_at(conversation, textf("/messages/%zu", 2 + 2 * i));
        struct json_object *reply = json_at(conversation, textf("/messages/%zu", 3 + 2 * i));

        if (is_message(said, page->said[i].id, "User", ledger_text(page, i)) &&
            is_message(reply, page->said[i].reply_id, "Assistant", ledger_reply(page, i)))
            continue;
        if (n_wrong++ == 0)
            fprintf(stderr, "\n    %s: round %zu should be %s, is %s and %s", row, i, page->said[i].id,
                    said ? json_object_to_json_string(said) : "missing",
                    reply ? json_object_to_json_string(reply) : "missing");
    }
    ROW_ASSERT(textf("%s: %zu messages are not as they were acknowledged", row, n_wrong), n_wrong == 0);
    ROW_ASSERT(textf("%s: %zu messages instead of %zu", row, count_at(conversation, "/messages"), 2 + 2 * page->n),
               count_at(conversation, "/messages") == 2 + 2 * page->n);
}

/* ---- in the tables ---- */

static uint64_t count_rows(const struct page *page, const char *what)
{
    return admin_number(textf("SELECT COUNT(*) FROM %s conversation_id = %lu", what, page->conversation_id),
                        UINT64_MAX);
}

static void check_page(const struct page *page)
{
    const struct {
        const char *name, *what;
        uint64_t want;
    } counts[] = {
        {"messages", "message WHERE", 2 + 2 * page->n},
        {"messages behind the last place", textf("message WHERE seq >= %zu AND", 2 + 2 * page->n), 0},
        {"replies where messages should be", "message WHERE role <> seq % 2 AND", 0},
        {"messages twice",
         "message a JOIN message b USING (conversation_id, text) WHERE a.role = 0 AND b.role = 0 AND a.seq < b.seq AND",
         0},
        {"turns", "turn WHERE", 1 + page->n},
        {"turns not complete", "turn WHERE state <> 'complete' AND", 0},
        {"replies elsewhere than behind their message", "turn WHERE reply_seq <> user_seq + 1 AND", 0},
    };

    for (size_t i = 0; i < LEN(counts); i++) {
        uint64_t n = count_rows(page, counts[i].what);

        ROW_ASSERT(textf("conversation %lu in the tables: %lu %s", page->conversation_id, n, counts[i].name),
                   n == counts[i].want);
    }
}

static bool is_none_pending(void *unused)
{
    (void)unused;
    return admin_number("SELECT COUNT(*) FROM turn WHERE state = 'pending'", 1) == 0;
}

void ledger_check(void)
{
    for (const struct pages *pages = first; pages; pages = pages->next)
        for (size_t i = 0; i < pages->n; i++)
            check_page(&pages->page[i]);
    ROW_ASSERT("no turn is left pending", wait_until(is_none_pending, NULL, PATIENCE_MS));
}
