/* The main() of a target in the suite: runs every file of each folder that is named, and each file that is named. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

enum { HANG_S = 30, INPUT_MAX_BYTES = 16 << 20 };

/* The bytes end where their memory does, so that the sanitizer sees a read beyond them. */
static uint8_t *exact_copy(const char *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);

    CHECK(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static bool read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "re");
    char piece[4096];
    size_t n;

    if (!file)
        return false;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_append(out, piece, n);
    bool good = !ferror(file) && !out->failed;
    fclose(file);
    return good;
}

/* The name comes first: whatever stops the program, it stands last in what was said. */
static bool run_file(const char *path)
{
    struct buf bytes;

    buf_init(&bytes, INPUT_MAX_BYTES);
    bool good = read_file(path, &bytes);

    printf("%s%s\n", path, good ? "" : ": cannot be read");
    fflush(stdout);
    if (good) {
        uint8_t *input = exact_copy(bytes.data, bytes.len);

        alarm(HANG_S);
        LLVMFuzzerTestOneInput(input, bytes.len);
        alarm(0);
        free(input);
    }
    buf_release(&bytes);
    return good;
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* False also when there is nothing in it: a corpus that went missing is no test passed. */
static bool run_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, visible, alphasort);
    bool good = n > 0;

    for (int i = 0; i < n; i++) {
        char name[4096];

        good &= snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name) < (int)sizeof(name) && run_file(name);
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    if (n < 1)
        printf("%s: no inputs\n", path);
    return good;
}

int main(int argc, char **argv)
{
    bool good = argc > 1;

    for (int i = 1; i < argc; i++) {
        struct stat st;
        bool is_folder = !stat(argv[i], &st) && S_ISDIR(st.st_mode);

        good &= is_folder ? run_folder(argv[i]) : run_file(argv[i]);
    }
    return good ? 0 : 1;
}
