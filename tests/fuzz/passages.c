/*
 * Files of passages and of vectors that may be damaged: whatever they hold, a search ends with texts, or with none.
 *
 * The length of the first in two bytes, the first, then the second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "colloquy/files.h"
#include "fuzz.h"

enum { DIMENSIONS = 4 };

static char folder[] = "/tmp/colloquy-fuzz-passages-XXXXXX";
static char paths[2][sizeof(folder) + 128];

static void remove_all(void)
{
    char within[sizeof(folder) + 4];

    for (size_t i = 0; i < LEN(paths); i++)
        unlink(paths[i]);
    snprintf(within, sizeof(within), "%s/00", folder);
    rmdir(within);
    rmdir(folder);
}

/* The model is "model". */
static void make_folder(const uint8_t hash[SHA256_BYTES])
{
    char path[FILE_PATH_BYTES], within[sizeof(folder) + 4];

    if (*paths[0])
        return;
    CHECK(mkdtemp(folder));
    file_path(hash, path);
    snprintf(within, sizeof(within), "%s/00", folder);
    CHECK(mkdir(within, 0700) == 0);
    snprintf(paths[0], sizeof(paths[0]), "%s/%s.passages", folder, path);
    snprintf(paths[1], sizeof(paths[1]), "%s/%s.vectors-9372c470eeadd5ec", folder, path);
    CHECK(atexit(remove_all) == 0);
}

static void put(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK(fd >= 0 && write(fd, data, len) == (ssize_t)len && close(fd) == 0);
}

static void check_search(struct cq_ctx *ctx, const struct config *config, struct retrieval_document *document)
{
    const float vector[DIMENSIONS] = {1, 2, 3, 4};
    struct retrieval_ask ask = {.query = "alpha beta", .documents = document, .n_documents = 1, .max_results = 5};
    struct retrieval_answer answer;

    CHECK(retrieval_run(ctx, config, &ask, vector, DIMENSIONS, "model", &answer) == CQ_OK);
    for (size_t i = 0; i < answer.n; i++) {
        CHECK(answer.passages[i].document == 0);
        CHECK(answer.passages[i].relevance >= 0 && answer.passages[i].relevance <= 1);
        CHECK(answer.passages[i].text && answer.passages[i].excerpt);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cq_ctx *ctx = fuzz_ctx();
    struct retrieval_document document = {.filename = "f"};
    struct config config = {.files = {.directory = folder}};
    const char *const *texts, *text;
    size_t n = size < 2 ? 0 : (size_t)(data[0] | data[1] << 8);

    if (size < 2 || n > size - 2)
        return 0;
    log_set_level(LOG_SILENT);
    make_folder(document.hash);
    put(paths[0], (const char *)data + 2, n);
    put(paths[1], (const char *)data + 2 + n, size - 2 - n);
    check_search(ctx, &config, &document);
    if (!passages_list(ctx, &config, document.hash, &texts, &n))
        CHECK(n == 0 || texts[n - 1]);
    if (!passages_text(ctx, &config, document.hash, 1000, &text))
        check_text(text, strlen(text));
    return 0;
}
