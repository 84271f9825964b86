/* The least that a FastCGI program can do: bench_hello SOCKET PROCESSES. */
#include <stdlib.h>

#include "prefork.h"

static void answer(FCGX_Request *request, void *arg)
{
    (void)arg;
    FCGX_PutS("Content-Type: application/json; charset=utf-8\r\n\r\n{\"hello\":\"world\"}", request->out);
}

static void *start(void)
{
    static int nothing;

    return &nothing;
}

int main(int argc, char **argv)
{
    return argc == 3 ? prefork_run(argv[1], (unsigned)strtoul(argv[2], NULL, 10), start, answer) : 2;
}
