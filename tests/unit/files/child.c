#include "files/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "pdf.h"
#include "unit.h"

enum { WALL_MS = 30000, TRIES = 1000, PAUSE_NS = 10000000 };

/* A file of /proc; "" when it cannot be read. */
static void read_proc(pid_t pid, const char *name, char *out, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(out, 1, size - 1, file) : 0;

    out[len] = '\0';
    if (file)
        fclose(file);
}

/* Our child of that name; 0: none. */
static pid_t find_child(const char *name)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0;

    while (proc && !found && (entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        char stat[512], comm[64];
        int parent = 0;

        if (pid <= 0)
            continue;
        read_proc(pid, "stat", stat, sizeof(stat));
        const char *end = strrchr(stat, ')');
        if (end && sscanf(stat, "%*d (%63[^)]", comm) == 1 && sscanf(end, ") %*c %d", &parent) == 1)
            found = parent == (int)getpid() && str_eq(comm, name) ? pid : 0;
    }
    if (proc)
        closedir(proc);
    return found;
}

static bool has(pid_t pid, const char *file, const char *text)
{
    char data[4096];

    read_proc(pid, file, data, sizeof(data));
    return strstr(data, text) != NULL;
}

static size_t count_open(pid_t pid)
{
    char path[64];
    size_t n = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    if (dir)
        closedir(dir);
    return n;
}

static void *run(void *arg)
{
    struct cq_ctx ctx = {.request_id = "-"};
    enum child_end end;
    struct buf said;

    buf_init(&said, 1 << 20);
    enum cq_status st = child_run(&ctx, arg, &said, &end);

    buf_release(&said);
    return st ? arg : NULL;
}

/* Its name is cut at 15 characters. By the time that its filter of system calls is there, so is all else. */
static pid_t wait_for_child(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    pid_t pid = 0;

    for (int i = 0; i < TRIES && !(pid && has(pid, "status", "Seccomp:\t2")); i++) {
        pid = find_child("colloquy-extrac");
        nanosleep(&pause, NULL);
    }
    return pid;
}

/* Looked at while it skips 1 GB of blanks. */
static void test_what_is_given_up(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    struct buf *packed = buf_in_arena(ctx->arena, 8 << 20);
    struct child_ask ask = {.command = "text", .argument = "application/pdf", .cpu_s = 10, .wall_ms = WALL_MS};
    uint8_t hash[SHA256_BYTES];
    pthread_t thread;
    void *failed = NULL;

    pdf_deflate_run(packed, ' ', ' ', 1000000000);
    const struct pdf *pdf = pdf_of_content(ctx, "/Filter /FlateDecode", packed->data, packed->len);
    CU_ASSERT_EQUAL_FATAL(file_put(ctx, &config, pdf->out.data, pdf->out.len, hash), CQ_OK);
    ask.fd = open(folder_file(ctx, &config, hash, ""), O_RDONLY | O_CLOEXEC);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run, &ask), 0);
    pid_t pid = wait_for_child();
    CU_ASSERT_TRUE(pid > 0);
    CU_ASSERT_TRUE(has(pid, "status", "Seccomp:\t2") && has(pid, "status", "NoNewPrivs:\t1"));
    CU_ASSERT_TRUE(has(pid, "limits", "Max cpu time              10                   11"));
    CU_ASSERT_TRUE(has(pid, "limits", "Max file size             0                    0"));
    CU_ASSERT_TRUE(has(pid, "limits", "Max core file size        0                    0"));
#ifndef __SANITIZE_ADDRESS__
    CU_ASSERT_TRUE(has(pid, "limits", "Max address space         536870912            536870912"));
#endif
    CU_ASSERT_EQUAL(count_open(pid), 3);
    CU_ASSERT_FALSE(has(pid, "environ", "="));
    if (pid > 0)
        kill(pid, SIGKILL);
    pthread_join(thread, &failed);
    CU_ASSERT_PTR_NULL(failed);
    CU_ASSERT_EQUAL(find_child("colloquy-extrac"), 0); /* it is gone, and nobody's zombie */
    close(ask.fd);
}

SUITE(child, {"what is given up", test_what_is_given_up});
