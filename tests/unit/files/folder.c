#include "folder.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_folder(void *path)
{
    nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

struct config folder_config(struct cq_ctx *ctx)
{
    const char *tmp = getenv("TMPDIR");
    char *path = arena_printf(ctx->arena, "%s/colloquy-files-XXXXXX", tmp ? tmp : "/tmp");

    if (!path || !mkdtemp(path) || arena_cleanup(ctx->arena, remove_folder, path))
        abort();
    return (struct config){.files = {.directory = arena_printf(ctx->arena, "%s/files", path)}};
}

const char *folder_path(struct cq_ctx *ctx, const struct config *config, const char *name)
{
    return arena_printf(ctx->arena, "%s/%s", config->files.directory, name);
}

const char *folder_file(struct cq_ctx *ctx, const struct config *config, const uint8_t hash[SHA256_BYTES],
                        const char *suffix)
{
    char path[FILE_PATH_BYTES];

    file_path(hash, path);
    return arena_printf(ctx->arena, "%s/%s%s", config->files.directory, path, suffix);
}

enum cq_status folder_write_within(const struct config *config, const void *data, size_t len, size_t max_bytes)
{
    const struct rlimit limit = {max_bytes, max_bytes};
    struct cq_ctx ctx = {.request_id = "-"};
    uint8_t hash[SHA256_BYTES];
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        _exit(setrlimit(RLIMIT_FSIZE, &limit) ? 255 : (int)file_put(&ctx, config, data, len, hash));
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? (enum cq_status)WEXITSTATUS(status) : CQ_INTERNAL;
}
