/*
 * What the shim of the fault tests (shim.c) is told, in memory that it shares with them through the file that
 * FAULTS_SHIM names. All zero: nothing fails.
 */
#ifndef TESTS_FAULTS_SHIM_H
#define TESTS_FAULTS_SHIM_H

#include <stdatomic.h>
#include <stdint.h>

struct shim_control {
    _Atomic int64_t clock_offset_s; /* added to the server's time of day */
    _Atomic int fork_fails;         /* with EAGAIN */
    _Atomic int births_fail;        /* a forked process ends at once */
    _Atomic int disk_full;          /* no file of the database grows */
    _Atomic uint32_t malloc_every;  /* in a worker, each so many-th allocation fails */
    _Atomic uint64_t n_forks_failed, n_births_failed, n_mallocs_failed, n_disk_full;
};

#endif
