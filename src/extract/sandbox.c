/*
 * The sandbox: limits of resources, and a filter of system calls.
 *
 * Source: setrlimit(2), seccomp(2) and Linux's Documentation/userspace-api/seccomp_filter.rst.
 */
#include "extract/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "colloquy/base/status.h"
#include "colloquy/extract.h"

enum { MAX_OPEN_FILES = 16 };

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
    const struct rlimit both = {.rlim_cur = soft, .rlim_max = hard};

    return !setrlimit((__rlimit_resource_t)resource, &both);
}

/* AddressSanitizer maps terabytes that it never touches. */
static bool limit_memory(void)
{
#ifdef __SANITIZE_ADDRESS__
    return true;
#else
    return limit(RLIMIT_AS, EXTRACT_MEMORY_BYTES, EXTRACT_MEMORY_BYTES);
#endif
}

bool sandbox_limit(uint32_t cpu_s)
{
    return !prctl(PR_SET_PDEATHSIG, SIGKILL) && !prctl(PR_SET_DUMPABLE, 0) && limit(RLIMIT_CORE, 0, 0) &&
           limit(RLIMIT_CPU, cpu_s, cpu_s + 1) && limit(RLIMIT_FSIZE, 0, 0) &&
           limit(RLIMIT_NOFILE, MAX_OPEN_FILES, MAX_OPEN_FILES) && limit_memory();
}

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#error "seccomp: the name of this architecture is not known here"
#endif

/* What reading a file into memory and writing an answer takes, and how a process ends. */
static const uint16_t allowed[] = {
    __NR_read,         __NR_pread64,      __NR_readv,           __NR_lseek,        __NR_fstat,
    __NR_newfstatat,   __NR_write,        __NR_writev,          __NR_close,        __NR_fcntl,
    __NR_mmap,         __NR_munmap,       __NR_mremap,          __NR_mprotect,     __NR_madvise,
    __NR_brk,          __NR_futex,        __NR_sched_yield,     __NR_getrandom,    __NR_clock_gettime,
    __NR_gettimeofday, __NR_getpid,       __NR_gettid,          __NR_getuid,       __NR_sysinfo,
    __NR_sigaltstack,  __NR_rt_sigaction, __NR_rt_sigprocmask,  __NR_rt_sigreturn, __NR_tgkill,
    __NR_exit,         __NR_exit_group,   __NR_restart_syscall,
};

/* A call of this number is allowed. */
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

bool sandbox_close(void)
{
    enum { N_HEAD = 4, N_EACH = 2 };
    struct sock_filter filter[N_HEAD + N_EACH * LEN(allowed) + 1] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    struct sock_fprog program = {.len = LEN(filter), .filter = filter};

    for (size_t i = 0; i < LEN(allowed); i++) {
        const struct sock_filter pair[] = {ALLOW(allowed[i])};

        filter[N_HEAD + N_EACH * i] = pair[0];
        filter[N_HEAD + N_EACH * i + 1] = pair[1];
    }
    filter[LEN(filter) - 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
