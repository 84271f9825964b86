/* `colloquy check --files`: what lies on disk, what the database knows of it, and what becomes of the difference. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

/* Content that nobody has: its digits from 3 on. */
#define REST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd"

static const char *files_folder(void)
{
    return textf("%s/files", instance_used()->dir);
}

static const char *path_of(const char *digits, const char *suffix)
{
    return textf("%s/%s/" REST "%s", files_folder(), digits, suffix);
}

/* A file of three bytes, written that long ago. */
static void put_file(const char *digits, const char *suffix, int64_t age_s)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};

    mkdir(files_folder(), 0750);
    mkdir(textf("%s/%s", files_folder(), digits), 0750);
    FILE *file = fopen(path_of(digits, suffix), "we");

    if (!file || fputs("abc", file) < 0 || fclose(file) || utimensat(AT_FDCWD, path_of(digits, suffix), times, 0))
        harness_die("cannot write %s", path_of(digits, suffix));
}

static bool is_file(const char *digits, const char *suffix)
{
    return access(path_of(digits, suffix), F_OK) == 0;
}

static void put_row(const char *digits, unsigned size, unsigned age_minutes)
{
    if (!database_try(textf("INSERT INTO file (hash, size, created_at) VALUES (UNHEX('%s" REST "'), %u,"
                            " UTC_TIMESTAMP(3) - INTERVAL %u MINUTE)",
                            digits, size, age_minutes)))
        harness_die("no row of a file");
}

static void put_document(const char *digits, const char *state)
{
    if (!database_try(
            textf("INSERT INTO document (name, course_id, user_id, hash, filename, kind, mime_type, size, state,"
                  " created_at) VALUES ('%s00000000000000000CHECKED', %ju, %ju, UNHEX('%s" REST "'), 'a', 'text',"
                  " 'text/plain', 3, '%s', UTC_TIMESTAMP(3))",
                  digits, (uintmax_t)main_course(), (uintmax_t)id_of(TEACHER), digits, state)))
        harness_die("no document");
}

static void forget(void)
{
    if (!database_try("DELETE FROM document WHERE name LIKE '%CHECKED'") ||
        !database_try("DELETE FROM file WHERE HEX(hash) LIKE '%" REST "'"))
        harness_die("rows of documents stay");
}

static int run_check(bool is_repairing, const char **said)
{
    const char *const argv[] = {"check", "--files", is_repairing ? "--repair" : NULL, NULL};
    struct buf *out = buf_in_arena(test_arena(), 1 << 20);
    int code = out ? command_run(argv, out) : -1;

    *said = out ? out->data : "";
    return code;
}

/* Whatever the other tests have done. */
static void test_all_is_well(void)
{
    const char *said;

    ROW_ASSERT("exit code", run_check(false, &said) == 0);
    ROW_ASSERT(said, *said == '\0');
}

struct difference {
    const char *digits, *suffix, *line, *mended; /* NULL: it cannot be */
};

static const struct difference differences[] = {
    {"d0", "", "the database does not know it", "removed"},
    {"d1", ".new-0123456789abcdef", "it was never finished", "removed"},
    {"d2", "", "nothing refers to it", "removed"},
    {"d3", "", "the database does not know it, though something refers to it", "made known"},
    {"d4", "", "it is missing", NULL},
    {"d5", "", "it is not whole", NULL},
    {"d6", "", "its passages are missing", "to be extracted again"},
};

static void make_differences(void)
{
    put_file("d0", "", 7200);
    put_file("d0", ".passages", 7200);
    put_file("d1", ".new-0123456789abcdef", 7200);
    put_file("d2", "", 7200);
    put_row("d2", 3, 90);
    put_file("d3", "", 7200);
    put_document("d3", "failed");
    put_row("d4", 3, 90);
    put_document("d4", "failed");
    put_file("d5", "", 7200);
    put_row("d5", 4, 90);
    put_document("d5", "failed");
    put_file("d6", "", 7200);
    put_row("d6", 3, 90);
    put_document("d6", "succeeded");
    put_file("d7", "", 10); /* these are just being written */
    put_file("d8", ".new-0123456789abcdef", 10);
    put_row("d9", 3, 10);
}

static bool says(const char *said, const struct difference *d, const char *mended)
{
    const char *line =
        textf("%s/" REST "%s: %s%s%s\n", d->digits, d->suffix, d->line, mended ? "; " : "", mended ? mended : "");

    return strstr(said, line) != NULL;
}

static void test_differences(void)
{
    const char *said;

    make_differences();
    ROW_ASSERT("exit code", run_check(false, &said) == 1);
    for (size_t i = 0; i < LEN(differences); i++)
        ROW_ASSERT(textf("%s in %s", differences[i].line, said), says(said, &differences[i], NULL));
    CU_ASSERT_TRUE(!strstr(said, "d7/") && !strstr(said, "d8/") && !strstr(said, "d9/"));
    CU_ASSERT_TRUE(is_file("d0", "") && is_file("d1", ".new-0123456789abcdef") && is_file("d2", ""));

    ROW_ASSERT("exit code with what is left", run_check(true, &said) == 1);
    for (size_t i = 1; i < LEN(differences); i++) /* of d0, what is found last has gone with what is found first */
        ROW_ASSERT(textf("%s in %s", differences[i].line, said), says(said, &differences[i], differences[i].mended));
    CU_ASSERT_TRUE(!is_file("d0", "") && !is_file("d0", ".passages") && !is_file("d1", ".new-0123456789abcdef"));
    CU_ASSERT_TRUE(!is_file("d2", "") && is_file("d3", "") && is_file("d5", "") && is_file("d7", ""));
    CU_ASSERT_EQUAL(database_number("SELECT COUNT(*) FROM file WHERE HEX(hash) LIKE 'D2" REST "'"), 0);
    CU_ASSERT_EQUAL(database_number("SELECT COUNT(*) FROM file WHERE HEX(hash) LIKE 'D3" REST "'"), 1);
    CU_ASSERT_EQUAL(database_number("SELECT COUNT(*) FROM document WHERE name LIKE 'd6%CHECKED' AND state = 'succeeded'"
                                    " AND tries = 0"),
                    0);
}

/* What was to be done with the hand. */
static void test_what_is_left(void)
{
    const char *said;

    forget();
    for (unsigned i = 3; i < 9; i++) {
        unlink(path_of(textf("d%u", i), ""));
        unlink(path_of(textf("d%u", i), ".passages"));
        unlink(path_of(textf("d%u", i), ".new-0123456789abcdef"));
    }
    ROW_ASSERT("exit code", run_check(true, &said) == 0);
    ROW_ASSERT(said, *said == '\0');
}

static void test_repair_alone(void)
{
    const char *const argv[] = {"check", "--repair", NULL};
    struct buf *out = buf_in_arena(test_arena(), 4096);

    CU_ASSERT_EQUAL(out ? command_run(argv, out) : -1, 2);
}

SUITE(check_files, {"all is well", test_all_is_well}, {"differences", test_differences},
      {"what is left", test_what_is_left}, {"--repair alone", test_repair_alone});
