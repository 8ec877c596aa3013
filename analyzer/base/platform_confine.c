/* What a process that reads hostile bundles does not need, it gives up: on Linux by a list of refused system calls
 * (seccomp) and by Landlock, each where the kernel has it. A refused call fails with an error and kills nobody. */
#define _GNU_SOURCE
#include "platform.h"

#ifdef __has_feature
#define SANITIZED (__has_feature(address_sanitizer))
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#if defined(__linux__) && !SANITIZED /* a leak checker stops the process from a process of its own at the end */

#include <errno.h>
#include <fcntl.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int refused[] = {
    /* network */
    SCMP_SYS(socket),
    SCMP_SYS(socketcall),
    SCMP_SYS(connect),
    SCMP_SYS(bind),
    SCMP_SYS(listen),
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    /* other programs and processes */
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(kill),
    SCMP_SYS(pidfd_open),
    /* files: new ones, other names, other owners */
    SCMP_SYS(creat),
    SCMP_SYS(truncate),
    SCMP_SYS(truncate64),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(mknod),
    SCMP_SYS(mknodat),
    SCMP_SYS(rmdir),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(link),
    SCMP_SYS(linkat),
    SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),
    SCMP_SYS(chmod),
    SCMP_SYS(fchmodat),
    SCMP_SYS(chown),
    SCMP_SYS(lchown),
    SCMP_SYS(fchownat),
    SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr),
    SCMP_SYS(memfd_create),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(chroot),
    SCMP_SYS(pivot_root),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    /* doors into the kernel that no reader needs */
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(open_by_handle_at),
};

/* Files may be opened to read them. The flags are the argument `at` of the call. */
static bool read_only(scmp_filter_ctx filter, int call, unsigned at)
{
    static const struct {
        unsigned mask, value;
    } writing[] = {{O_ACCMODE, O_WRONLY}, {O_ACCMODE, O_RDWR}, {O_CREAT, O_CREAT}, {O_TRUNC, O_TRUNC}};
    bool good = true;
    for (size_t i = 0; i < sizeof writing / sizeof *writing; i++) {
        struct scmp_arg_cmp flags = SCMP_CMP(at, SCMP_CMP_MASKED_EQ, writing[i].mask, writing[i].value);
        good = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), call, 1, flags) == 0 && good;
    }
    return good;
}

/* Threads, but no processes. What a newer call asks for lies in memory, where no filter sees it: it is told not to
 * exist, and the C library takes the older one. */
static bool threads_only(scmp_filter_ctx filter)
{
#ifdef __s390x__
    struct scmp_arg_cmp process = SCMP_A1(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
#else
    struct scmp_arg_cmp process = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
#endif
    return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, process) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2), 0) == 0;
}

static bool refuse_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool good = filter && read_only(filter, SCMP_SYS(open), 1) && read_only(filter, SCMP_SYS(openat), 2) &&
                threads_only(filter);
    for (size_t i = 0; good && i < sizeof refused / sizeof *refused; i++) {
        good = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0) == 0;
    }
    /* Typing into the terminal of whoever started us. */
    struct scmp_arg_cmp typing = SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, TIOCSTI);
    good = good && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, typing) == 0 &&
           seccomp_load(filter) == 0;
    if (filter) {
        seccomp_release(filter);
    }
    return good;
}

static bool landlock(void)
{
#ifdef LANDLOCK_ACCESS_FS_EXECUTE
    struct landlock_ruleset_attr asked = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
                             LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
                             LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                             LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
    long rules = syscall(SYS_landlock_create_ruleset, &asked, sizeof asked.handled_access_fs, 0);
    if (rules < 0) {
        return false;
    }
    bool good = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, (int)rules, 0) == 0;
    close((int)rules);
    return good;
#else
    return false; /* built where the kernel's headers do not know it */
#endif
}

Confinement platform_confine(void)
{
    bool files = landlock(); /* first: the filter would not let it */
    return (Confinement){.calls = refuse_calls(), .files = files};
}

#else

Confinement platform_confine(void)
{
    return (Confinement){0};
}

#endif
