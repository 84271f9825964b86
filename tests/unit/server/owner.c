/* Names of owners: they tell workers, masters and places apart, and mean nothing to LIKE but what is meant. */
#include "server/owner.h"

#include "unit.h"

static void test_names(void)
{
    struct owner_master one, other;
    char name[OWNER_BYTES], next[OWNER_BYTES], owners[OWNER_BYTES], but[OWNER_BYTES];

    owner_init(&one, "/run/colloquy");
    owner_init(&other, "/run/other");
    CU_ASSERT_FALSE(str_eq(one.place, other.place));
    owner_name(&one, 3, 2, 4711, name);
    owner_name(&one, 3, 2, 4712, next);
    CU_ASSERT_TRUE(str_starts(name, one.place) && !str_eq(name, next));
    ROW_ASSERT(name, !strpbrk(name, "%_\\'\" ") && strlen(name) < OWNER_BYTES - 1);

    owner_predecessors(&one, owners, but);
    CU_ASSERT_TRUE(str_starts(name, one.place) && str_eq(owners + strlen(one.place), ":%"));
    but[strlen(but) - 1] = '\0';
    CU_ASSERT_TRUE(str_starts(name, but)); /* our own are left alone */
    one.started_ms++;
    owner_name(&one, 3, 2, 4711, name);
    CU_ASSERT_FALSE(str_starts(name, but)); /* another start's are not */
}

SUITE(owner, {"names", test_names});
