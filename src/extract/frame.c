#include "extract/frame.h"

#include <errno.h>
#include <unistd.h>

static void write_all(const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            _exit(EXTRACT_EXIT_UNABLE);
        data += n;
        len -= (size_t)n;
    }
}

void frame_begin(void)
{
    write_all(EXTRACT_BEGIN, sizeof(EXTRACT_BEGIN) - 1);
}

static void put_u32(char out[4], uint32_t n)
{
    for (int i = 0; i < 4; i++)
        out[i] = (char)(n >> (8 * i));
}

void frame_write(enum extract_frame kind, uint32_t page, const char *text, size_t len)
{
    char head[1 + 4 + 4] = {(char)kind};

    put_u32(head + 1, page);
    put_u32(head + 5, (uint32_t)len);
    write_all(head, sizeof(head));
    write_all(text, len);
    write_all("", 1);
}

/* Not exit(): what libraries would still tidy up is the kernel's to release. */
_Noreturn void frame_end(void)
{
    frame_write(EXTRACT_END, 0, "", 0);
    _exit(0);
}

_Noreturn void frame_fail(const char *failure)
{
    frame_write(EXTRACT_FAILURE, 0, failure, strlen(failure));
    frame_end();
}
