/* Databases within the server, contexts, statements past the store, and races. */
#include "database.h"

#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/db.h"

enum { MAX_DATABASES = 32, CTX_MAX_BYTES = 8 << 20, MAX_SQL = 4096, TIMEOUT_MS = 5000 };

/* ---- contexts and assertions ---- */

static struct cq_ctx *current;

struct cq_ctx *test_ctx(void)
{
    current = unit_ctx();
    return current;
}

struct cq_ctx *thread_ctx(void)
{
    struct arena *arena = arena_create(4096, CTX_MAX_BYTES);
    struct cq_ctx *ctx = arena ? arena_zalloc(arena, 1, sizeof(*ctx)) : NULL;

    if (!ctx)
        give_up("out of memory");
    *ctx = (struct cq_ctx){.arena = arena, .request_id = "thread"};
    return ctx;
}

void ctx_destroy(struct cq_ctx *ctx)
{
    arena_destroy(ctx->arena);
}

void assert_status(enum cq_status got, enum cq_status want, const char *call, unsigned line, const char *file,
                   bool is_fatal)
{
    char text[600];

    snprintf(text, sizeof(text), "%.200s: %s, not %s (last error: %s)", call, cq_status_info(got)->name,
             cq_status_info(want)->name, current ? current->error : "");
    CU_assertImplementation(got == want, line, text, file, "", is_fatal);
}

/* ---- databases ---- */

/* Lives to the end of the program. */
static const struct config *config_of(const char *socket, const char *name)
{
    static struct config configs[MAX_DATABASES];
    static char names[MAX_DATABASES][64];
    static size_t n;

    if (n == MAX_DATABASES)
        give_up("more than %d databases", MAX_DATABASES);
    snprintf(names[n], sizeof(names[n]), "%s", name);
    configs[n].database =
        (struct config_database){.socket = socket, .name = names[n], .user = "root", .timeout_ms = TIMEOUT_MS};
    return &configs[n++];
}

static MYSQL *admin(void)
{
    static MYSQL *connection;

    if (connection && mysql_ping(connection) == 0)
        return connection;
    if (connection)
        mysql_close(connection);
    connection = mysql_init(NULL);
    if (!connection || !mysql_real_connect(connection, NULL, "root", NULL, NULL, 0, server_socket(), 0))
        give_up("cannot connect: %s", connection ? mysql_error(connection) : "out of memory");
    mysql_set_character_set(connection, "utf8mb4");
    if (mysql_query(connection, "CREATE DATABASE IF NOT EXISTS shared CHARACTER SET utf8mb4") ||
        mysql_select_db(connection, "shared"))
        give_up("no shared database: %s", mysql_error(connection));
    return connection;
}

static MYSQL *run(const char *fmt, va_list ap)
{
    MYSQL *connection = admin();
    char sql[MAX_SQL];
    int len = vsnprintf(sql, sizeof(sql), fmt, ap);

    if (len < 0 || (size_t)len >= sizeof(sql) || mysql_real_query(connection, sql, (unsigned long)len))
        give_up("%s: %s", sql, mysql_error(connection));
    return connection;
}

void sql_run(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    run(fmt, ap);
    va_end(ap);
}

uint64_t sql_number(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    MYSQL_RES *result = mysql_store_result(run(fmt, ap));
    va_end(ap);
    MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
    uint64_t n = row && row[0] ? strtoull(row[0], NULL, 10) : 0;
    mysql_free_result(result);
    return n;
}

const struct config *empty_database(void)
{
    static unsigned n;
    char name[32];

    snprintf(name, sizeof(name), "own_%u", ++n);
    sql_run("CREATE DATABASE %s CHARACTER SET utf8mb4", name);
    return config_of(server_socket(), name);
}

static void say_nothing(const char *line)
{
    (void)line;
}

static struct db *shared_connection;

static void close_shared(void)
{
    db_destroy(shared_connection);
    mysql_close(admin());
}

static void migrate(const struct config *config)
{
    struct cq_ctx *ctx = thread_ctx();
    struct db *db = db_create(config);

    if (!db || store_migrate(ctx, db, config, say_nothing))
        give_up("cannot migrate: %s", ctx->error);
    db_destroy(db);
    ctx_destroy(ctx);
}

const struct config *shared_config(void)
{
    static const struct config *config;

    if (config)
        return config;
    admin();
    config = config_of(server_socket(), "shared");
    migrate(config);
    shared_connection = db_create(config);
    if (!shared_connection)
        give_up("out of memory");
    atexit(close_shared);
    return config;
}

struct db *shared_db(void)
{
    shared_config();
    return shared_connection;
}

static const char SELECT_CONNECTION[] = "SELECT CONNECTION_ID()";

uint64_t connection_id(struct cq_ctx *ctx, struct db *db)
{
    uint64_t id = 0;
    const struct db_out out[] = {OUT_U64(id)};

    return db_query_one(ctx, db, SELECT_CONNECTION, NULL, 0, out, LEN(out)) ? 0 : id;
}

/* ---- races ---- */

struct racer {
    pthread_t thread;
    pthread_barrier_t *start;
    race_fn *fn;
    void *arg;
};

static void *run_racer(void *arg)
{
    struct racer *racer = arg;
    struct cq_ctx *ctx = thread_ctx();
    struct db *db = db_create(shared_config());

    if (db)
        db_set_autocommit_off(db); /* as the threads that turns race in */
    if (!db || db_ping(ctx, db))
        give_up("a racer cannot connect: %s", ctx->error);
    pthread_barrier_wait(racer->start);
    racer->fn(ctx, db, racer->arg);
    db_destroy(db);
    ctx_destroy(ctx);
    db_thread_end();
    return NULL;
}

void race(race_fn *fn, void *first, void *second)
{
    pthread_barrier_t start;
    struct racer racers[] = {{.fn = fn, .arg = first, .start = &start}, {.fn = fn, .arg = second, .start = &start}};

    shared_config();
    pthread_barrier_init(&start, NULL, LEN(racers));
    for (size_t i = 0; i < LEN(racers); i++)
        if (pthread_create(&racers[i].thread, NULL, run_racer, &racers[i]))
            give_up("no thread");
    for (size_t i = 0; i < LEN(racers); i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&start);
}
