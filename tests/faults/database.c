/* The database of the instance as a child of this program, and an administrator's connection to it. */
#include <errno.h>
#include <fcntl.h>
#include <mysql.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults.h"

enum { MAX_ARGUMENTS = 64, START_LIMIT_MS = 60000, STOP_LIMIT_MS = 60000, ADMIN_TIMEOUT_S = 5 };

static const char *argv[MAX_ARGUMENTS + 1]; /* of the one that quickstart started */
static pid_t child;
static MYSQL *connection;

/* ---- statements ---- */

static const char *socket_path(void)
{
    return textf("%s/run/mariadb.sock", faults_instance()->dir);
}

static MYSQL *connect_admin(unsigned timeout_s)
{
    MYSQL *mysql = mysql_init(NULL);
    const struct passwd *user = getpwuid(geteuid());

    if (!mysql || !user)
        harness_die("no administrator");
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &timeout_s);
    if (mysql_real_connect(mysql, NULL, user->pw_name, NULL, "colloquy", 0, socket_path(), 0))
        return mysql;
    mysql_close(mysql);
    return NULL;
}

static void forget_connection(void)
{
    if (connection)
        mysql_close(connection);
    connection = NULL;
}

bool admin(const char *sql)
{
    if (!connection)
        connection = connect_admin(ADMIN_TIMEOUT_S);
    if (connection && mysql_query(connection, sql) == 0)
        return true;
    forget_connection();
    return false;
}

uint64_t admin_number(const char *sql, uint64_t otherwise)
{
    uint64_t n = otherwise;

    if (!admin(sql) && !admin(sql)) /* the first may have met a connection that a restart cut off */
        return otherwise;
    MYSQL_RES *result = mysql_store_result(connection);
    MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
    if (row && row[0])
        n = strtoull(row[0], NULL, 10);
    mysql_free_result(result);
    return n;
}

size_t database_connections(void)
{
    return admin_number("SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'colloquy'", 0);
}

/* ---- the process ---- */

pid_t database_pid(void)
{
    return child;
}

/* What a process was started with, from /proc. */
static void read_arguments(pid_t pid)
{
    static char text[16384];
    FILE *file = fopen(textf("/proc/%d/cmdline", (int)pid), "re");
    size_t len = file ? fread(text, 1, sizeof(text) - 1, file) : 0, n = 0;

    if (file)
        fclose(file);
    for (const char *word = text; word < text + len && n < MAX_ARGUMENTS; word += strlen(word) + 1)
        argv[n++] = word;
    if (!n)
        harness_die("the database does not say how it was started");
}

static bool accepts(void *unused)
{
    MYSQL *mysql = connect_admin(1);

    (void)unused;
    if (mysql)
        mysql_close(mysql);
    return mysql != NULL;
}

void database_start(void)
{
    const char *const *shim_env = faults_instance()->env; /* among others, what names the shim */

    forget_connection();
    child = start_program(argv, shim_env);
    if (!wait_under_load(accepts, NULL, START_LIMIT_MS))
        harness_die("the database does not start");
}

static bool is_child_gone(void *unused)
{
    (void)unused;
    return waitpid(child, NULL, WNOHANG) != 0;
}

bool database_has_ended(void)
{
    if (!is_child_gone(NULL))
        return false;
    forget_connection();
    child = 0;
    return true;
}

void database_stop(int signo)
{
    forget_connection();
    kill(child, signo);
    if (!wait_under_load(is_child_gone, NULL, STOP_LIMIT_MS))
        harness_die("the database does not stop");
    child = 0;
}

static bool is_pid_gone(void *pid)
{
    return kill(*(pid_t *)pid, 0) != 0;
}

void database_take(void)
{
    pid_t pid = instance_pid(faults_instance(), "mariadb");

    read_arguments(pid);
    forget_connection();
    kill(pid, SIGTERM);
    if (!wait_until(is_pid_gone, &pid, STOP_LIMIT_MS))
        harness_die("the database does not stop");
    database_start();
}
