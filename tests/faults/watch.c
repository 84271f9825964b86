/*
 * The instance as seen from outside: its processes, what they use, what stands in its logs.
 *
 * Between watch_begin() and watch_end() no worker may die but those that were named to watch_killed(), and afterwards
 * no connection is held, memory and descriptors are as before, and no log holds a secret or a word that somebody said.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faults.h"

enum {
    MAX_TEXT = 65536,
    MAX_KILLED = 4096,
    MAX_SECRETS = 64,
    GROWTH_FDS = 32,       /* of a worker: connections kept to the model, one for each turn at once */
    GROWTH_KIB = 6 * 1024, /* of a worker: what a heap keeps after more turns at once than before */
};

static struct {
    size_t log_from;
    pid_t killed[MAX_KILLED];
    size_t n_killed;
    size_t fds;
    uint64_t pss_kib;
} watch;

/* ---- processes ---- */

static bool read_proc(pid_t pid, const char *name, char *out, size_t size)
{
    FILE *in = fopen(textf("/proc/%d/%s", (int)pid, name), "re");
    size_t len = in ? fread(out, 1, size - 1, in) : 0;

    if (in)
        fclose(in);
    out[len] = '\0';
    return len > 0;
}

bool is_alive(pid_t pid)
{
    char text[1024];
    const char *end = read_proc(pid, "stat", text, sizeof(text)) ? strrchr(text, ')') : NULL;

    return end && end[2] != 'Z'; /* dead, and only not noticed yet by its parent */
}

pid_t master_pid(void)
{
    return instance_pid(faults_instance(), "colloquy");
}

size_t children(pid_t parent, const char *name, pid_t *out, size_t max)
{
    char text[MAX_TEXT], comm[64], *end;
    size_t n = 0;

    if (!parent || !read_proc(parent, textf("task/%d/children", (int)parent), text, sizeof(text)))
        return 0;
    for (const char *at = text; n < max; at = end) {
        pid_t pid = (pid_t)strtol(at, &end, 10);

        if (end == at)
            break;
        if (!name || (read_proc(pid, "comm", comm, sizeof(comm)) && str_starts(comm, name)))
            out[n++] = pid;
    }
    return n;
}

size_t workers(const char *kind, pid_t *out)
{
    return children(master_pid(), kind ? textf("colloquy: %s", kind) : NULL, out, MAX_PIDS);
}

uint64_t cpu_ms(pid_t pid, bool with_children)
{
    char text[1024];
    unsigned long user = 0, system = 0, of_children[2] = {0};

    if (read_proc(pid, "stat", text, sizeof(text)) && strrchr(text, ')'))
        sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu", &user, &system,
               &of_children[0], &of_children[1]);
    if (with_children)
        user += of_children[0] + of_children[1];
    return (user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

size_t n_fds(pid_t pid)
{
    DIR *folder = opendir(textf("/proc/%d/fd", (int)pid));
    size_t n = 0;

    while (folder && readdir(folder))
        n++;
    if (folder)
        closedir(folder);
    return n > 2 ? n - 2 : 0; /* without "." and ".." */
}

uint64_t pss_kib(pid_t pid)
{
    char text[4096];
    const char *at = read_proc(pid, "smaps_rollup", text, sizeof(text)) ? strstr(text, "\nPss:") : NULL;

    return at ? strtoull(at + 5, NULL, 10) : 0;
}

uint64_t pss_most_kib(const char *kind)
{
    pid_t pids[MAX_PIDS];
    size_t n = workers(kind, pids);
    uint64_t most = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t kib = pss_kib(pids[i]);

        most = kib > most ? kib : most;
    }
    return most;
}

/* ---- connections ---- */

/* Whether an inode is of a connection that was accepted on that socket. */
static bool is_accepted(const char *table, const char *inode, const char *socket)
{
    const char *name = textf("/run/%s.sock\n", socket);

    for (const char *line = table, *end; (end = strchr(line, '\n')); line = end + 1) {
        const char *at = memmem(line, (size_t)(end + 1 - line), name, strlen(name));
        const char *found = at ? memmem(line, (size_t)(at - line), inode, strlen(inode)) : NULL;

        if (found && !memmem(line, (size_t)(at - line), " 00010000 ", 10)) /* the flag of a socket that listens */
            return true;
    }
    return false;
}

static size_t count_held(pid_t pid, const char *table, const char *socket)
{
    DIR *folder = opendir(textf("/proc/%d/fd", (int)pid));
    struct dirent *entry;
    size_t n = 0;

    while (folder && (entry = readdir(folder))) {
        char link[64];
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);

        if (len <= 9 || memcmp(link, "socket:[", 8) != 0)
            continue;
        link[len - 1] = '\0';
        n += is_accepted(table, textf(" %s ", link + 8), socket);
    }
    if (folder)
        closedir(folder);
    return n;
}

static char *socket_table(void)
{
    enum { TABLE_BYTES = 4 << 20 };
    static char table[TABLE_BYTES];
    int fd = open("/proc/net/unix", O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n;

    while (fd >= 0 && len < sizeof(table) - 1 && (n = read(fd, table + len, sizeof(table) - 1 - len)) > 0)
        len += (size_t)n;
    if (fd >= 0)
        close(fd);
    table[len] = '\0';
    return table;
}

size_t held_by(pid_t pid, const char *socket)
{
    return count_held(pid, socket_table(), socket);
}

size_t held(const char *socket)
{
    pid_t pids[MAX_PIDS];
    size_t n_workers = workers(NULL, pids), n = 0;
    const char *table = socket_table();

    for (size_t i = 0; i < n_workers; i++)
        n += count_held(pids[i], table, socket);
    return n;
}

/* ---- health ---- */

bool is_healthy(void *unused)
{
    (void)unused;
    return CALL("GET", "/health", NULL, .limit_ms = 5000)->status == 200;
}

int64_t health_number(const char *pool, const char *name)
{
    return int_at(CALL("GET", "/health", NULL, .limit_ms = 5000)->json, textf("/pools/%s/%s", pool, name));
}

bool has_full_strength(void *unused)
{
    static const char *const pools[] = {"api", "llm", "documents"};
    struct json_object *json = CALL("GET", "/health", NULL, .limit_ms = 5000)->json;

    (void)unused;
    for (size_t i = 0; i < LEN(pools); i++)
        if (int_at(json, textf("/pools/%s/workers", pools[i])) < 1 ||
            int_at(json, textf("/pools/%s/workers", pools[i])) != int_at(json, textf("/pools/%s/ready", pools[i])))
            return false;
    return true;
}

/* ---- the server's log ---- */

static const char *log_path(void)
{
    return textf("%s/log/colloquy.log", faults_instance()->dir);
}

/* A file as text, from an offset; "" when it is not there. */
static const char *file_text(const char *path, size_t from)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)from) {
        size_t size = (size_t)st.st_size - from;

        text = arena_alloc(test_arena(), size + 1);
        if (!text)
            harness_die("%s is too long", path);
        ssize_t n = pread(fd, text, size, (off_t)from);
        text[n > 0 ? n : 0] = '\0';
    }
    if (fd >= 0)
        close(fd);
    return text ? text : "";
}

size_t log_count(const char *text)
{
    size_t n = 0;

    for (const char *at = file_text(log_path(), watch.log_from); (at = strstr(at, text)); at++)
        n++;
    return n;
}

uint64_t log_most(const char *text)
{
    uint64_t most = 0;

    for (const char *at = file_text(log_path(), watch.log_from); (at = strstr(at, text));) {
        at += strlen(text);
        uint64_t n = strtoull(at, NULL, 10);
        most = n > most ? n : most;
    }
    return most;
}

bool log_has(const char *text, int64_t limit_ms)
{
    int64_t end_ms = clock_mono_ms() + limit_ms;

    while (log_count(text) == 0) {
        if (clock_mono_ms() >= end_ms)
            return false;
        calls_run(50);
    }
    return true;
}

static size_t log_size(void)
{
    struct stat st;

    return stat(log_path(), &st) == 0 && S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
}

/* ---- deaths ---- */

void watch_killed(pid_t pid)
{
    if (watch.n_killed < MAX_KILLED)
        watch.killed[watch.n_killed++] = pid;
}

static bool was_killed(pid_t pid)
{
    for (size_t i = 0; i < watch.n_killed; i++)
        if (watch.killed[i] == pid)
            return true;
    return false;
}

/* The master names each worker that did not end by itself. */
static void check_deaths(void)
{
    static const char mark[] = "worker pid=";
    const char *log = file_text(log_path(), watch.log_from), *end;

    for (const char *line = log; (end = strchr(line, '\n')); line = end + 1) {
        const char *at = memmem(line, (size_t)(end - line), mark, strlen(mark));
        bool is_death = at && (memmem(at, (size_t)(end - at), "was killed by", 13) ||
                               memmem(at, (size_t)(end - at), "exited with", 11));

        if (is_death && !was_killed((pid_t)strtol(at + strlen(mark), NULL, 10)))
            ROW_ASSERT(textf("%.*s", (int)(end - line), line), false);
    }
}

/* ---- secrets ---- */

static size_t add_quoted(const char *text, const char **out, size_t n, size_t max)
{
    for (const char *at = text; (at = strstr(at, "='")) && n < max; at++) {
        const char *value = at + 2, *end = strchr(value, '\'');

        if (end && end - value >= 12 && *value != '/' && !str_starts(value, "https:"))
            out[n++] = textf("%.*s", (int)(end - value), value);
    }
    return n;
}

/* Passwords and tokens of the demo, of the tests' people, of the database; and what was said. */
static size_t list_secrets(const char **out)
{
    const char *conf = file_text(textf("%s/colloquy.conf", faults_instance()->dir), 0);
    const char *password = strstr(conf, "\npassword = ");
    size_t n = add_quoted(file_text(textf("%s/demo.env", faults_instance()->dir), 0), out, 0, MAX_SECRETS / 2);

    ROW_ASSERT("the demo has secrets to look for", n >= 3 && password);
    if (password)
        out[n++] = textf("%.*s", (int)strcspn(password + 12, "\n"), password + 12);
    for (size_t i = 0; i < N_PEOPLE; i++)
        out[n++] = token_of((enum person)i);
    for (size_t i = 0; i < 6; i++)
        out[n++] = student_token(i);
    out[n++] = "test-key"; /* the model's */
    out[n++] = ledger_word();
    return n;
}

static void check_file(const char *path, const char *const *secrets, size_t n)
{
    const char *text = file_text(path, 0);

    for (size_t i = 0; i < n; i++) {
        const char *at = strstr(text, secrets[i]);

        if (at)
            ROW_ASSERT(textf("%s holds \"%s\": %.120s", path, secrets[i], at - text > 60 ? at - 60 : text), false);
    }
}

static void check_logs(void)
{
    const char *folder = textf("%s/log", faults_instance()->dir), *secrets[MAX_SECRETS];
    DIR *logs = opendir(folder);
    struct dirent *entry;
    size_t n = list_secrets(secrets);

    while (logs && (entry = readdir(logs)))
        if (entry->d_name[0] != '.')
            check_file(textf("%s/%s", folder, entry->d_name), secrets, n);
    if (logs)
        closedir(logs);
}

/* ---- before and after ---- */

static bool is_idle(void *unused)
{
    (void)unused;
    return held("llm") == 0 && held("api") == 0;
}

/* The most that one worker has. */
static size_t most_fds(void)
{
    pid_t pids[MAX_PIDS];
    size_t n = workers(NULL, pids), most = 0;

    for (size_t i = 0; i < n; i++) {
        size_t fds = n_fds(pids[i]);

        most = fds > most ? fds : most;
    }
    return most;
}

void watch_begin(void)
{
    watch.log_from = log_size();
    watch.n_killed = 0;
    watch.fds = most_fds();
    watch.pss_kib = pss_most_kib(NULL);
}

void watch_end(unsigned may)
{
    ROW_ASSERT("all workers are ready", wait_until(has_full_strength, NULL, PATIENCE_MS));
    ROW_ASSERT(textf("%zu and %zu connections are held after all was answered", held("llm"), held("api")),
               wait_until(is_idle, NULL, PATIENCE_MS));
    size_t fds = most_fds();
    uint64_t kib = pss_most_kib(NULL);
    bool may_grow = may & MAY_GROW;

    ROW_ASSERT(textf("descriptors of a worker: %zu, then %zu", watch.fds, fds),
               may_grow || fds <= watch.fds + GROWTH_FDS);
    ROW_ASSERT(textf("PSS of a worker: %lu KiB, then %lu KiB", watch.pss_kib, kib),
               may_grow || kib <= watch.pss_kib + GROWTH_KIB);
    check_deaths();
    check_logs();
}
