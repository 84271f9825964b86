/* Passwords: salted, found again, and never known from nothing. */
#include <time.h>

#include "unit.h"

/* What is longer than crypt(3) takes is refused, not cut. */
static void test_length(void)
{
    char longest[PASSWORD_MAX_BYTES + 1], longer[PASSWORD_MAX_BYTES + 2], hash[PASSWORD_HASH_BYTES];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    CU_ASSERT_FALSE(password_hash(longer, hash));
    CU_ASSERT_TRUE_FATAL(password_hash(longest, hash));
    CU_ASSERT_TRUE(password_verify(longest, hash));
    CU_ASSERT_FALSE(password_verify(longer, hash));
}

static void test_salt(void)
{
    char hash[PASSWORD_HASH_BYTES], other[PASSWORD_HASH_BYTES];

    CU_ASSERT_TRUE_FATAL(password_hash("p\xC3\xA4sswort", hash));
    CU_ASSERT_TRUE_FATAL(password_hash("p\xC3\xA4sswort", other));
    CU_ASSERT_TRUE(str_starts(hash, "$y$"));
    CU_ASSERT_FALSE(str_eq(hash, other));
}

static void test_verify(void)
{
    char hash[PASSWORD_HASH_BYTES];
    const struct {
        const char *name, *password, *hash;
        bool want;
    } rows[] = {
        {"right", "p\xC3\xA4sswort", hash, true},    {"wrong", "passwort", hash, false},
        {"cut", "p\xC3\xA4sswor", hash, false},      {"empty", "", hash, false},
        {"no hash", "p\xC3\xA4sswort", NULL, false}, {"nothing at all", "", NULL, false},
        {"a hash that is none", "x", "*0", false},   {"an empty hash", "", "", false},
    };

    CU_ASSERT_TRUE_FATAL(password_hash("p\xC3\xA4sswort", hash));
    for (size_t i = 0; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, password_verify(rows[i].password, rows[i].hash) == rows[i].want);
}

/* Of this thread: what else runs on the machine takes its time from others. */
static int64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Without a hash it takes as long as with one. */
static void test_time(void)
{
    char hash[PASSWORD_HASH_BYTES], longer[PASSWORD_MAX_BYTES + 2];
    const struct {
        const char *name, *password, *hash;
    } rows[] = {{"wrong", "two", hash}, {"no hash", "two", NULL}, {"too long", longer, hash}};
    int64_t least_us[] = {INT64_MAX, INT64_MAX, INT64_MAX};

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    CU_ASSERT_TRUE_FATAL(password_hash("one", hash));
    for (int round = 0; round < 6; round++)
        for (size_t i = 0; i < LEN(rows); i++) {
            int64_t began_us = cpu_us();

            ROW_ASSERT(rows[i].name, !password_verify(rows[i].password, rows[i].hash));
            int64_t took_us = cpu_us() - began_us;

            least_us[i] = took_us < least_us[i] ? took_us : least_us[i];
        }
    for (size_t i = 1; i < LEN(rows); i++)
        ROW_ASSERT(rows[i].name, least_us[i] > least_us[0] / 2 && least_us[i] < least_us[0] * 2);
}

SUITE(password, {"length", test_length}, {"salt", test_salt}, {"verify", test_verify}, {"time", test_time});
