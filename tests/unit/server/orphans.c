/* Orphans: noted once, claimed by one, given back while the database is away or when the claimant dies. */
#include "server/orphans.h"

#include <unistd.h>

#include "unit.h"

static struct orphans orphans;

static bool is_claimed(size_t i)
{
    return orphans.entries[i].state > 0;
}

static void test_while_the_database_is_away(void)
{
    const struct config config = {.database = {.socket = "/nonexistent/socket", .timeout_ms = 1000}};
    struct db *db = db_create(&config);

    orphans = (struct orphans){0};
    CU_ASSERT_EQUAL(orphans_settle(&orphans, unit_ctx(), db), 0);
    CU_ASSERT_FALSE(orphans_are_waiting(&orphans));
    orphans_add(&orphans, "place:1:0:1:7", "");
    CU_ASSERT_EQUAL(orphans_settle(&orphans, unit_ctx(), db), 0);
    CU_ASSERT_TRUE(orphans_are_waiting(&orphans) && !is_claimed(0));
    db_destroy(db);
}

static void test_claimant_dies(void)
{
    orphans = (struct orphans){0};
    orphans_add(&orphans, "a", "");
    orphans_add(&orphans, "b", "");
    orphans.entries[0].state = 4711;
    orphans.entries[1].state = 4712;
    orphans_release(&orphans, 4711);
    CU_ASSERT_TRUE(orphans_are_waiting(&orphans) && !is_claimed(0));
    CU_ASSERT_TRUE(is_claimed(1));
}

/* What finds no room waits for its lease; nothing is overwritten. */
static void test_no_room(void)
{
    orphans = (struct orphans){0};
    log_set_level(LOG_ERROR);
    for (int i = 0; i <= ORPHANS_MAX; i++)
        orphans_add(&orphans, i ? "other" : "first", "");
    log_set_level(LOG_INFO);
    CU_ASSERT_EQUAL(orphans.n, ORPHANS_MAX);
    ASSERT_TEXT(orphans.entries[0].owners, "first");
}

SUITE(orphans, {"while the database is away", test_while_the_database_is_away}, {"claimant dies", test_claimant_dies},
      {"no room", test_no_room});
