/* Migrations: a database gets every file once, from however many hosts, and whoever dies in between. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "database.h"
#include "store/migrate.h"

/* ---- what was said ---- */

static size_t said[64]; /* how often each file was named */
static int said_fd;
static const char *die_at;

static void note(const char *name)
{
    for (size_t i = 0; i < n_migrations; i++)
        said[i] += str_eq(migrations[i].name, name);
}

static size_t said_in_all(void)
{
    size_t n = 0;

    for (size_t i = 0; i < LEN(said); i++)
        n += said[i];
    return n;
}

static enum cq_status migrate(struct cq_ctx *ctx, const struct config *config)
{
    struct db *db = db_create(config);

    if (!db)
        give_up("out of memory");
    memset(said, 0, sizeof(said));
    enum cq_status st = store_migrate(ctx, db, config, note);
    db_destroy(db);
    return st;
}

/* ---- what is there ---- */

static uint64_t count_applied(const struct config *config)
{
    return sql_number("SELECT COUNT(*) FROM %s.schema_migration WHERE state = 'applied' AND applied_at IS NOT NULL",
                      config->database.name);
}

static bool makes_table(const struct migration *file)
{
    return strstr(file->sql, "CREATE TABLE") != NULL;
}

/* "011_latest_conversation" makes the table latest_conversation. */
static bool has_table(const struct config *config, const struct migration *file)
{
    return !makes_table(file) ||
           sql_number("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '%s' AND table_name = '%s'",
                      config->database.name, strchr(file->name, '_') + 1) == 1;
}

static bool is_complete(const struct config *config)
{
    for (size_t i = 0; i < n_migrations; i++)
        if (!has_table(config, &migrations[i]))
            return false;
    return count_applied(config) == n_migrations;
}

/* The last that makes a table. */
static const struct migration *last_file(void)
{
    const struct migration *last = &migrations[n_migrations - 1];

    while (!makes_table(last))
        last--;
    return last;
}

/* As if whoever applied the last file had died before saying so; made: after the table was made. */
static void leave_claim(const struct config *config, bool is_made)
{
    sql_run("UPDATE %s.schema_migration SET state = 'running', applied_at = NULL WHERE version = %u",
            config->database.name, last_file()->version);
    if (!is_made)
        sql_run("DROP TABLE %s.%s", config->database.name, strchr(last_file()->name, '_') + 1);
}

/* ---- one host ---- */

static void test_fresh(void)
{
    struct cq_ctx *ctx = test_ctx();
    const struct config *config = empty_database();

    GIVES(CQ_OK, migrate(ctx, config));
    CU_ASSERT_EQUAL(said_in_all(), n_migrations);
    for (size_t i = 0; i < n_migrations; i++)
        ROW_ASSERT(migrations[i].name, said[i] == 1 && has_table(config, &migrations[i]));
    CU_ASSERT_EQUAL(count_applied(config), n_migrations);
    GIVES(CQ_OK, migrate(ctx, config));
    CU_ASSERT_EQUAL(said_in_all(), 0);
    CU_ASSERT_TRUE(is_complete(config));
}

/* A newer program finds an older database: only what is missing is done. */
static void test_one_missing(void)
{
    struct cq_ctx *ctx = test_ctx();
    const struct config *config = empty_database();

    MUST(migrate(ctx, config));
    leave_claim(config, false);
    sql_run("DELETE FROM %s.schema_migration WHERE version = %u", config->database.name, last_file()->version);
    GIVES(CQ_OK, migrate(ctx, config));
    CU_ASSERT_EQUAL(said_in_all(), 1);
    CU_ASSERT_EQUAL(said[last_file() - migrations], 1);
    CU_ASSERT_TRUE(is_complete(config));
}

/* A database that is older than the members' rows: each gets one, with the roles that are active. */
static void test_members_of_before(void)
{
    struct cq_ctx *ctx = test_ctx();
    const struct config *config = empty_database();
    const char *name = config->database.name;

    MUST(migrate(ctx, config));
    sql_run("INSERT INTO %s.course (id, code, name, created_at) VALUES (1, '', '', NOW()), (2, '', '', NOW())", name);
    sql_run("INSERT INTO %s.user (id, login, name, sortable_name, short_name, created_at)"
            " VALUES (1, 'one', '', '', '', NOW()), (2, 'two', '', '', '', NOW())",
            name);
    sql_run("INSERT INTO %s.enrollment (course_id, user_id, role, state, created_at) VALUES (1, 1, 0, 'active', NOW()),"
            " (1, 1, 4, 'active', NOW()), (1, 1, 3, 'completed', NOW()), (1, 2, 0, 'completed', NOW()),"
            " (2, 2, 1, 'active', NOW())",
            name);
    sql_run("DELETE FROM %s.schema_migration WHERE name = '013_fill_course_member'", name);
    GIVES(CQ_OK, migrate(ctx, config));
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM %s.course_member", name), 3);
    CU_ASSERT_EQUAL(sql_number("SELECT COUNT(*) FROM %s.course_member WHERE (course_id, user_id, roles)"
                               " IN ((1, 1, 17), (1, 2, 0), (2, 2, 2))",
                               name),
                    3);
}

static void test_edited(void)
{
    struct cq_ctx *ctx = test_ctx();
    const struct config *config = empty_database();

    MUST(migrate(ctx, config));
    sql_run("UPDATE %s.schema_migration SET checksum = REVERSE(checksum) WHERE version = 2", config->database.name);
    GIVES(CQ_INVALID_REQUEST, migrate(ctx, config));
    CU_ASSERT_PTR_NOT_NULL(strstr(ctx->error, migrations[1].name));
    CU_ASSERT_EQUAL(said_in_all(), 0);
}

/* ---- claims ---- */

static void test_dead_claimant(void)
{
    static const struct {
        const char *name;
        bool is_made;
    } rows[] = {{"before the table was made", false}, {"after the table was made", true}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = test_ctx();
        const struct config *config = empty_database();

        MUST(migrate(ctx, config));
        leave_claim(config, rows[i].is_made);
        ROW_ASSERT(rows[i].name, migrate(ctx, config) == CQ_OK);
        ROW_ASSERT(rows[i].name, said_in_all() == 1 && is_complete(config));
    }
}

/* Its file was wrong and has been mended since: it was never applied, so nothing stands against it. */
static void test_mended_file(void)
{
    struct cq_ctx *ctx = test_ctx();
    const struct config *config = empty_database();

    MUST(migrate(ctx, config));
    leave_claim(config, false);
    sql_run("UPDATE %s.schema_migration SET checksum = REVERSE(checksum) WHERE version = %u", config->database.name,
            last_file()->version);
    GIVES(CQ_OK, migrate(ctx, config));
    CU_ASSERT_TRUE(is_complete(config));
    GIVES(CQ_OK, migrate(ctx, config));
    CU_ASSERT_EQUAL(said_in_all(), 0);
}

struct waiting {
    const struct config *config;
    enum cq_status st;
    atomic_bool is_done;
};

static void *migrate_waiting(void *arg)
{
    struct waiting *w = arg;
    struct cq_ctx *ctx = thread_ctx();

    w->st = migrate(ctx, w->config);
    atomic_store(&w->is_done, true);
    ctx_destroy(ctx);
    db_thread_end();
    return NULL;
}

/* Someone who is still at it holds the claim's row: one waits, and does nothing meanwhile. */
static void test_living_claimant(void)
{
    struct cq_ctx *ctx = test_ctx();
    const struct config *config = empty_database();
    struct waiting w = {.config = config, .st = CQ_INTERNAL};
    pthread_t thread;

    MUST(migrate(ctx, config));
    leave_claim(config, true);
    sql_run("START TRANSACTION");
    sql_run("SELECT 1 FROM %s.schema_migration WHERE version = %u INTO @held FOR UPDATE", config->database.name,
            last_file()->version);
    if (pthread_create(&thread, NULL, migrate_waiting, &w))
        give_up("no thread");
    usleep(300000);
    CU_ASSERT_FALSE(atomic_load(&w.is_done));
    sql_run("UPDATE %s.schema_migration SET state = 'applied', applied_at = UTC_TIMESTAMP(3) WHERE version = %u",
            config->database.name, last_file()->version);
    sql_run("COMMIT");
    pthread_join(thread, NULL);
    GIVES(CQ_OK, w.st);
    CU_ASSERT_EQUAL(said_in_all(), 0);
}

/* ---- several hosts ---- */

static void say_to_pipe(const char *name)
{
    char line[128];
    int len = snprintf(line, sizeof(line), "%s\n", name);

    if (write(said_fd, line, (size_t)len) != len)
        _exit(2);
    if (str_eq(name, die_at))
        raise(SIGKILL);
}

/* A process that migrates; it ends with 0 on success. */
static pid_t start_host(const struct config *config)
{
    pid_t pid = fork();

    if (pid < 0)
        give_up("fork failed");
    if (pid > 0)
        return pid;
    struct cq_ctx *ctx = thread_ctx();
    struct db *db = db_create(config);
    enum cq_status st = db ? store_migrate(ctx, db, config, say_to_pipe) : CQ_INTERNAL;
    if (st)
        fprintf(stderr, "a host: %s: %s\n", cq_status_info(st)->name, ctx->error);
    db_destroy(db);
    _exit(st ? 1 : 0);
}

static int end_of_host(pid_t pid)
{
    int exit_status = -1;

    waitpid(pid, &exit_status, 0);
    return exit_status;
}

static void note_lines(FILE *in)
{
    char line[128];

    memset(said, 0, sizeof(said));
    while (fgets(line, sizeof(line), in)) {
        line[strcspn(line, "\n")] = '\0';
        note(line);
    }
    fclose(in);
}

static void test_two_hosts(void)
{
    for (int round = 0; round < 3; round++) {
        const struct config *config = empty_database();
        pid_t hosts[2];
        int ends[2];

        if (pipe(ends) != 0)
            give_up("pipe failed");
        said_fd = ends[1];
        for (size_t i = 0; i < LEN(hosts); i++)
            hosts[i] = start_host(config);
        close(ends[1]);
        for (size_t i = 0; i < LEN(hosts); i++)
            CU_ASSERT_EQUAL(end_of_host(hosts[i]), 0);
        note_lines(fdopen(ends[0], "r"));
        for (size_t i = 0; i < n_migrations; i++)
            ROW_ASSERT(migrations[i].name, said[i] == 1);
        CU_ASSERT_TRUE(is_complete(config));
    }
}

/* A host is killed between its claim and its table; another was waiting for it, or comes later. */
static void test_killed_host(void)
{
    static const struct {
        const char *name;
        size_t at;
    } rows[] = {{"at the first file", 0}, {"in the middle", 4}};

    for (size_t i = 0; i < LEN(rows); i++) {
        struct cq_ctx *ctx = test_ctx();
        const struct config *config = empty_database();
        int ends[2];

        if (pipe(ends) != 0)
            give_up("pipe failed");
        said_fd = ends[1];
        die_at = migrations[rows[i].at].name;
        int exit_status = end_of_host(start_host(config));
        die_at = NULL;
        close(ends[0]);
        close(ends[1]);
        ROW_ASSERT(rows[i].name, WIFSIGNALED(exit_status) && count_applied(config) == rows[i].at);
        ROW_ASSERT(rows[i].name, migrate(ctx, config) == CQ_OK);
        ROW_ASSERT(rows[i].name, said_in_all() == n_migrations - rows[i].at && is_complete(config));
    }
}

SUITE(migrations, {"a fresh database", test_fresh}, {"one file missing", test_one_missing},
      {"members of before", test_members_of_before}, {"an edited file", test_edited},
      {"a dead claimant", test_dead_claimant}, {"a mended file", test_mended_file},
      {"a living claimant", test_living_claimant}, {"two hosts", test_two_hosts}, {"a killed host", test_killed_host});
