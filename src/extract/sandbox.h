/* What the program gives up before it reads the first byte of a file. */
#ifndef EXTRACT_SANDBOX_H
#define EXTRACT_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* Limits of memory, CPU and files. False: errno says why not. */
bool sandbox_limit(uint32_t cpu_s);

/*
 * From now on: memory, what is open, and the end. No file can be opened, nothing be sent, no process be made or looked at;
 * who tries gets EPERM. False: errno says why not.
 */
bool sandbox_close(void);

#endif
