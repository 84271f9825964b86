#include "colloquy/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.h"
#include "unit.h"

static unsigned mode_of(const char *path)
{
    struct stat s = {.st_mode = 0};

    return stat(path, &s) ? 0 : s.st_mode & 07777;
}

static size_t count_entries(const char *path)
{
    DIR *dir = opendir(path);
    size_t n = 0;

    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n < 2 ? 0 : n - 2;
}

static void test_put_and_map(void)
{
    static const char hello[] = "hello";
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    uint8_t hash[SHA256_BYTES], again[SHA256_BYTES];
    char path[FILE_PATH_BYTES];
    const void *data = NULL;
    size_t len = 0;

    CU_ASSERT_EQUAL(file_put(ctx, &config, hello, 5, hash), CQ_OK);
    file_path(hash, path);
    ASSERT_TEXT(path, "2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    CU_ASSERT_TRUE(file_is_there(&config, hash));
    CU_ASSERT_EQUAL(file_map(ctx, &config, hash, &data, &len), CQ_OK);
    CU_ASSERT_TRUE(len == 5 && memcmp(data, hello, 5) == 0);
    CU_ASSERT_EQUAL(file_put(ctx, &config, hello, 5, again), CQ_OK);
    CU_ASSERT_TRUE(memcmp(hash, again, sizeof(hash)) == 0);
    CU_ASSERT_EQUAL(count_entries(folder_path(ctx, &config, "2c")), 1);
}

/* Nginx's group may read, whatever the mask of the process is. */
static void test_modes(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    uint8_t hash[SHA256_BYTES];
    mode_t mask = umask(0077);

    CU_ASSERT_EQUAL(mkdir(config.files.directory, 0700), 0);
    CU_ASSERT_EQUAL(chmod(config.files.directory, 02750), 0);
    CU_ASSERT_EQUAL(file_put(ctx, &config, "hello", 5, hash), CQ_OK);
    CU_ASSERT_EQUAL(umask(mask), 0077);
    CU_ASSERT_EQUAL(mode_of(folder_path(ctx, &config, "2c")), 02750);
    CU_ASSERT_EQUAL(
        mode_of(folder_path(ctx, &config, "2c/f24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")), 0640);
}

static void test_an_empty_file(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    uint8_t hash[SHA256_BYTES];
    const void *data = NULL;
    size_t len = 7;

    CU_ASSERT_EQUAL(file_put(ctx, &config, "", 0, hash), CQ_OK);
    CU_ASSERT_EQUAL(file_map(ctx, &config, hash, &data, &len), CQ_OK);
    CU_ASSERT_TRUE(data && len == 0);
}

static void test_what_is_not_there(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    const uint8_t hash[SHA256_BYTES] = {7};
    const void *data;
    size_t len;

    CU_ASSERT_FALSE(file_is_there(&config, hash));
    CU_ASSERT_EQUAL(file_map(ctx, &config, hash, &data, &len), CQ_SOURCE_GONE);
    CU_ASSERT_EQUAL(file_remove(ctx, &config, hash), CQ_OK);
}

/* A file that a disk has cut is written again. */
static void test_a_cut_file(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    uint8_t hash[SHA256_BYTES];
    const void *data;
    size_t len = 0;

    CU_ASSERT_EQUAL(file_put(ctx, &config, "hello", 5, hash), CQ_OK);
    CU_ASSERT_EQUAL(truncate(folder_file(ctx, &config, hash, ""), 2), 0);
    CU_ASSERT_EQUAL(file_put(ctx, &config, "hello", 5, hash), CQ_OK);
    CU_ASSERT_EQUAL(file_map(ctx, &config, hash, &data, &len), CQ_OK);
    CU_ASSERT_EQUAL(len, 5);
}

/* What is kept beside a file goes with it; what is another's stays. */
static void test_remove(void)
{
    static const char *const others[] = {".passages", ".vectors-small", ".new-0123456789abcdef", "0.passages"};
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    uint8_t hash[SHA256_BYTES];

    CU_ASSERT_EQUAL(file_put(ctx, &config, "hello", 5, hash), CQ_OK);
    for (size_t i = 0; i < LEN(others); i++)
        close(open(folder_file(ctx, &config, hash, others[i]), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    CU_ASSERT_EQUAL(count_entries(folder_path(ctx, &config, "2c")), 5);
    CU_ASSERT_EQUAL(file_remove(ctx, &config, hash), CQ_OK);
    CU_ASSERT_FALSE(file_is_there(&config, hash));
    CU_ASSERT_EQUAL(count_entries(folder_path(ctx, &config, "2c")), 1);
    CU_ASSERT_EQUAL(access(folder_file(ctx, &config, hash, "0.passages"), F_OK), 0);
}

/* No room: nothing is left behind, and the same works when there is some. */
static void test_a_full_disk(void)
{
    struct cq_ctx *ctx = unit_ctx();
    struct config config = folder_config(ctx);
    size_t len = 1 << 20;
    char *data = calloc(1, len);
    uint8_t hash[SHA256_BYTES] = {7};

    CU_ASSERT_EQUAL(folder_write_within(&config, data, len, 4096), CQ_BUSY);
    CU_ASSERT_EQUAL(count_entries(folder_path(ctx, &config, "30")), 0);
    CU_ASSERT_EQUAL(file_put(ctx, &config, data, len, hash), CQ_OK);
    CU_ASSERT_EQUAL(hash[0], 0x30);
    free(data);
}

SUITE(file_store, {"put and map", test_put_and_map}, {"modes", test_modes}, {"an empty file", test_an_empty_file},
      {"what is not there", test_what_is_not_there}, {"a cut file", test_a_cut_file}, {"remove", test_remove},
      {"a full disk", test_a_full_disk});
