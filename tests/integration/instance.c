/* Instances and model servers: brought up as a user would, by quickstart, and looked at from outside. */
#include <ctype.h>
#include <dirent.h>
#include <mysql.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

enum {
    UP_LIMIT_MS = 120000,
    COMMAND_LIMIT_MS = 20000,
    COMMAND_MAX_BYTES = 1 << 20,
    MAX_INSTANCES = 24,
    MAX_ARGS = 256
};

static struct instance instances[MAX_INSTANCES];
static size_t n_instances;
static struct instance *used;

/* The place of a program: from the environment, else where the build says. */
static const char *program(const char *variable, const char *otherwise)
{
    const char *path = getenv(variable);

    return path && *path ? path : otherwise;
}

static const char *quickstart(void)
{
    return program("COLLOQUY_TEST_QUICKSTART", TEST_QUICKSTART);
}

const char *test_program(void)
{
    return program("COLLOQUY_TEST_PROGRAM", TEST_PROGRAM);
}

/* ---- small files ---- */

static bool read_file(const char *path, char *out, size_t size)
{
    FILE *in = fopen(path, "re");
    size_t len = in ? fread(out, 1, size - 1, in) : 0;

    if (in)
        fclose(in);
    out[len] = '\0';
    return len > 0;
}

static bool number_is_there(void *path)
{
    char text[32];

    return read_file(path, text, sizeof(text)) && strtoll(text, NULL, 10) > 0;
}

/* ---- the model ---- */

struct model_server model_server_start(const char *certificate, const char *key)
{
    return model_server_start_at(0, certificate, key);
}

static int wait_for_port(char *file)
{
    char text[32];

    if (!wait_until(number_is_there, file, PATIENCE_MS) || !read_file(file, text, sizeof(text)))
        harness_die("the model server did not start: no %s", file);
    return (int)strtol(text, NULL, 10);
}

struct model_server model_server_start_at(int port, const char *certificate, const char *key)
{
    static unsigned n;
    struct model_server server;
    char *port_file = textf("%s/model-%u.port", run_folder(), ++n);
    char *control_file = textf("%s/model-%u.control", run_folder(), n);
    const char *argv[] = {program("COLLOQUY_TEST_MODEL_SERVER", TEST_MODEL_SERVER),
                          "--port",
                          textf("%d", port),
                          "--port-file",
                          port_file,
                          "--control",
                          "0",
                          "--control-file",
                          control_file,
                          certificate ? "--tls" : NULL,
                          certificate,
                          key,
                          NULL};

    server.pid = start_program(argv, NULL);
    server.port = wait_for_port(port_file);
    server.control = wait_for_port(control_file);
    return server;
}

/* ---- certificates ---- */

const char *file_in_run(const char *name)
{
    return textf("%s/%s", run_folder(), name);
}

void make_certificate(const char *name)
{
    const char *argv[] = {"openssl",
                          "req",
                          "-x509",
                          "-newkey",
                          "ec",
                          "-pkeyopt",
                          "ec_paramgen_curve:prime256v1",
                          "-nodes",
                          "-days",
                          "2",
                          "-subj",
                          "/CN=127.0.0.1",
                          "-addext",
                          "subjectAltName=IP:127.0.0.1",
                          "-keyout",
                          file_in_run(textf("%s.key", name)),
                          "-out",
                          file_in_run(textf("%s.pem", name)),
                          NULL};

    if (run_program(argv, NULL, NULL, 20000) != 0)
        harness_die("openssl made no certificate");
}

/* ---- instances ---- */

/* Unless it is there already. */
static void add_setting(struct instance *instance, const char *setting)
{
    size_t n = 0, len = strcspn(setting, "=") + 1;

    for (; instance->env[n]; n++)
        if (strncmp(instance->env[n], setting, len) == 0)
            return;
    if (n == INSTANCE_MAX_ENV)
        harness_die("too many settings");
    instance->env[n] = setting;
}

/* The end of what programs have said. */
static const char *last_words(void)
{
    const char *argv[] = {"tail", "-n", "40", textf("%s/programs.log", run_folder()), NULL};
    struct buf *out = buf_in_arena(test_arena(), COMMAND_MAX_BYTES);

    return out && run_program(argv, NULL, out, COMMAND_LIMIT_MS) == 0 && out->data ? out->data : "";
}

struct instance *instance_create(const char *name, const char *base_url, const char *const *extra)
{
    /* One test is not to meet the limits of a day that another has used up. */
    static const char *const settings[] = {"COLLOQUY_LLM_PROVIDER=openai",
                                           "COLLOQUY_LLM_MODEL=test",
                                           "COLLOQUY_LLM_API_KEY=test-key",
                                           "COLLOQUY_LIMITS_CONVERSATIONS_PER_DAY=1000000",
                                           "COLLOQUY_LIMITS_MESSAGES_PER_DAY=1000000",
                                           "COLLOQUY_LIMITS_EVALUATIONS_PER_DAY=1000000",
                                           "COLLOQUY_LIMITS_TURNS_AT_ONCE=100000"};
    struct instance *instance = &instances[n_instances];

    if (n_instances == MAX_INSTANCES)
        harness_die("too many instances");
    n_instances++;
    instance->dir = lastingf("%s/%s", run_folder(), name);
    instance->http_port = free_port();
    instance->https_port = free_port();
    instance->base = lastingf("https://127.0.0.1:%d", instance->https_port);
    for (; extra && *extra; extra++)
        add_setting(instance, *extra);
    add_setting(instance, lastingf("COLLOQUY_LLM_BASE_URL=%s/v1", base_url));
    for (size_t i = 0; i < LEN(settings); i++)
        add_setting(instance, settings[i]);
    keeper_remember_state(quickstart(), instance->dir);
    if (!instance_up(instance))
        harness_die("quickstart up failed:\n%s", last_words());
    return instance;
}

struct instance *instance_with_little_room(void)
{
    static struct instance *instance;
    static const char *const settings[] = {"COLLOQUY_LLM_CONTEXT_TOKENS=6000", "COLLOQUY_LLM_MAX_TOKENS=500",
                                           "COLLOQUY_SERVER_LLM_WORKERS=1", NULL};

    if (!instance)
        instance = instance_create("little-room", textf("http://127.0.0.1:%d", main_model().port), settings);
    return instance;
}

void instance_configure(struct instance *instance, const char *lines)
{
    FILE *file = fopen(textf("%s/colloquy.conf", instance->dir), "ae");

    if (!file || fprintf(file, "\n%s", lines) < 0 || fclose(file) || !instance_up(instance))
        harness_die("the config of %s cannot be changed", instance->dir);
}

void instance_use(struct instance *instance)
{
    used = instance;
}

struct instance *instance_used(void)
{
    return used;
}

bool instance_up(struct instance *instance)
{
    return instance_up_saying(instance, NULL);
}

bool instance_up_saying(struct instance *instance, struct buf *out)
{
    const char *argv[] = {quickstart(), "up",
                          "--state",    instance->dir,
                          "--http",     textf("%d", instance->http_port),
                          "--https",    textf("%d", instance->https_port),
                          NULL};

    return run_program(argv, instance->env, out, UP_LIMIT_MS) == 0;
}

bool instance_down(const struct instance *instance)
{
    const char *argv[] = {quickstart(), "down", "--state", instance->dir, NULL};

    return run_program(argv, NULL, NULL, UP_LIMIT_MS) == 0;
}

pid_t instance_pid(const struct instance *instance, const char *part)
{
    char text[32];
    pid_t pid = 0;

    if (read_file(textf("%s/run/%s.pid", instance->dir, part), text, sizeof(text)))
        pid = (pid_t)strtol(text, NULL, 10);
    return pid > 0 && kill(pid, 0) == 0 ? pid : 0;
}

/* ---- workers ---- */

static pid_t parent_of(pid_t pid)
{
    char text[1024];
    int parent = 0;

    if (!read_file(textf("/proc/%d/stat", pid), text, sizeof(text)))
        return 0;
    const char *end = strrchr(text, ')'); /* the name before it may hold anything */
    return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Its name or its command line tells. */
static bool is_of_kind(pid_t pid, const char *kind)
{
    char text[1024];

    if (!kind)
        return true;
    if (read_file(textf("/proc/%d/comm", pid), text, sizeof(text)) && strstr(text, kind))
        return true;
    return read_file(textf("/proc/%d/cmdline", pid), text, sizeof(text)) && strstr(text, textf(": %s", kind));
}

size_t instance_workers(const struct instance *instance, const char *kind, pid_t *out, size_t max)
{
    pid_t master = instance_pid(instance, "colloquy");
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    size_t n = 0;

    while (master && proc && n < max && (entry = readdir(proc))) {
        pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;

        if (pid && parent_of(pid) == master && is_of_kind(pid, kind))
            out[n++] = pid;
    }
    if (proc)
        closedir(proc);
    return n;
}

/* ---- the command line ---- */

int command_run(const char *const *args, struct buf *out)
{
    const char *argv[MAX_ARGS + 4] = {test_program(), "--config", textf("%s/colloquy.conf", used->dir)};
    size_t n = 3;

    for (; *args && n < MAX_ARGS; args++)
        argv[n++] = *args;
    return run_program(argv, NULL, out, COMMAND_LIMIT_MS);
}

struct json_object *command(const char *const *args)
{
    struct buf *out = buf_in_arena(test_arena(), COMMAND_MAX_BYTES);

    if (!out || command_run(args, out) != 0)
        return NULL;
    struct json_object *json = NULL;
    struct cq_ctx ctx = {.arena = test_arena(), .request_id = "-"};
    buf_str(out, out->len ? "" : "{}");
    return json_read(&ctx, out->data, out->len, &json) ? NULL : json;
}

/* ---- the database ---- */

static MYSQL *database(void)
{
    static MYSQL *connection;
    static const struct instance *connected;
    struct buf problems;

    if (connection && connected == used && mysql_ping(connection) == 0)
        return connection;
    if (connection)
        mysql_close(connection);
    buf_init(&problems, 65536);
    struct config *config = config_load(textf("%s/colloquy.conf", used->dir), &problems);
    connection = mysql_init(NULL);
    connected = used;
    if (!config || !connection ||
        !mysql_real_connect(connection, config->database.host, config->database.user, config->database.password,
                            config->database.name, config->database.port, config->database.socket, 0))
        harness_die("cannot connect to the database: %s%s", problems.data, connection ? mysql_error(connection) : "");
    config_destroy(config);
    buf_release(&problems);
    return connection;
}

static uint64_t number_in_column(const char *sql, unsigned column)
{
    MYSQL *connection = database();

    if (mysql_query(connection, sql) != 0)
        harness_die("%s: %s", sql, mysql_error(connection));
    MYSQL_RES *result = mysql_store_result(connection);
    MYSQL_ROW row = result ? mysql_fetch_row(result) : NULL;
    uint64_t n = row && row[column] ? strtoull(row[column], NULL, 10) : 0;
    mysql_free_result(result);
    return n;
}

uint64_t database_status(const char *name)
{
    return number_in_column(textf("SHOW GLOBAL STATUS LIKE '%s'", name), 1);
}

uint64_t database_number(const char *sql)
{
    return number_in_column(sql, 0);
}

bool database_try(const char *sql)
{
    return mysql_query(database(), sql) == 0;
}

char *read_log(void)
{
    FILE *in = fopen(textf("%s/log/colloquy.log", instance_used()->dir), "re");
    struct buf *text = buf_in_arena(test_arena(), 64 << 20);
    char piece[8192];

    if (!in || !text)
        harness_die("cannot read the log of %s", instance_used()->dir);
    for (size_t n; (n = fread(piece, 1, sizeof(piece), in)) > 0;)
        buf_append(text, piece, n);
    fclose(in);
    return text->data;
}
