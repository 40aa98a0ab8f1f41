/* jail.c - see jail.h. seccomp_rule_add(3), landlock(7), getrlimit(2). */
#define _GNU_SOURCE /* syscall, O_PATH, MAP_* */
#include "desk/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#ifdef HAVE_libseccomp
#include <seccomp.h>
#endif

/* --- Calls --- */

#define READER (1u << JAIL_READER)
#define SESSION (1u << JAIL_SESSION)
#define RUN (1u << JAIL_RUN)
#define GATE (1u << JAIL_GATE)
#define STORAGE (1u << JAIL_STORAGE)
#define IMAGE (1u << JAIL_IMAGE)
#define ALL (READER | SESSION | RUN | GATE | STORAGE | IMAGE)

/* What an argument of the call must be besides; of all others any value is good. */
enum demand {
    ANY,
    FORK,      /* arg 0: what fork gives to clone, and no thread and no namespace */
    NO_CODE,   /* arg 2 without PROT_EXEC */
    READ_ONLY, /* arg 2: O_RDONLY, and nothing is made */
    OPEN_FILE, /* an empty path: what a descriptor stands for. glibc asks by fstat from 2.39 on, by this before */
    REFUSED,   /* it fails by EACCES: the C library asks for tables of its own, and does without */
    TERMINAL,  /* arg 1: a request about a terminal */
};

static const struct call {
    const char *name;
    unsigned kinds;
    enum demand demand;
} calls[] = {
    /* clang-format off */
    {"read", ALL, ANY}, {"write", ALL, ANY}, {"pread64", ALL, ANY}, {"pwrite64", ALL, ANY}, {"lseek", ALL, ANY},
    {"close", ALL, ANY}, {"newfstatat", READER | SESSION | GATE | IMAGE, OPEN_FILE}, {"fstat", ALL, ANY},
    {"brk", ALL, ANY}, {"mmap", ALL, NO_CODE}, {"munmap", ALL, ANY}, {"mremap", ALL, ANY},
    {"madvise", RUN | GATE | STORAGE, ANY},
    {"getrandom", READER | RUN | GATE | STORAGE | IMAGE, ANY}, {"clock_gettime", ALL, ANY}, {"exit_group", ALL, ANY},
    {"rt_sigreturn", ALL, ANY}, {"futex", ALL, ANY},
    /* a machine that runs: its journal and overlay, viewers, and the child that writes a snapshot */
    {"fdatasync", SESSION | RUN, ANY}, {"fsync", RUN, ANY}, {"syncfs", RUN, ANY}, {"ftruncate", SESSION | RUN | STORAGE, ANY},
    {"poll", SESSION | RUN | GATE | STORAGE, ANY}, {"recvmsg", SESSION | RUN | GATE | STORAGE, ANY},
    {"clone", SESSION | RUN, FORK}, {"set_robust_list", SESSION | RUN, ANY}, {"rt_sigprocmask", SESSION | RUN, ANY},
    {"wait4", READER | SESSION | RUN, ANY},
    /* an image: descriptors come, what is packed is unpacked into a file */
    {"recvmsg", IMAGE, ANY}, {"ftruncate", IMAGE, ANY}, {"clock_nanosleep", IMAGE, ANY}, {"openat", IMAGE, REFUSED},
    /* files by their names, within the folders; viewers that come in */
    {"open", RUN, ANY}, {"openat", RUN, ANY}, {"newfstatat", RUN | STORAGE, ANY}, {"stat", RUN | STORAGE, ANY},
    {"lstat", RUN | STORAGE, ANY}, {"statx", RUN, ANY}, {"access", RUN | STORAGE, ANY},
    {"faccessat", RUN, ANY}, {"faccessat2", RUN, ANY}, {"readlink", RUN, ANY}, {"readlinkat", RUN, ANY},
    {"getdents64", RUN | STORAGE, ANY}, {"getcwd", RUN, ANY}, {"mkdir", RUN, ANY}, {"mkdirat", RUN, ANY},
    {"unlink", RUN, ANY}, {"unlinkat", RUN, ANY}, {"rmdir", RUN, ANY}, {"rename", RUN, ANY}, {"renameat", RUN, ANY},
    {"renameat2", RUN, ANY}, {"link", RUN, ANY}, {"linkat", RUN, ANY}, {"fchmod", RUN, ANY}, {"umask", RUN, ANY},
    {"flock", RUN, ANY}, {"fcntl", RUN | GATE | STORAGE, ANY}, {"ioctl", RUN, TERMINAL},
    {"pipe", RUN, ANY}, {"pipe2", RUN, ANY}, {"dup", RUN, ANY},
    {"readv", RUN, ANY}, {"writev", RUN, ANY}, {"fadvise64", RUN, ANY}, {"fallocate", RUN, ANY}, {"accept", RUN, ANY},
    {"accept4", RUN | GATE, ANY}, {"recvfrom", RUN | GATE | STORAGE, ANY}, {"sendto", RUN | GATE | STORAGE, ANY},
    {"setsockopt", RUN | GATE, ANY}, {"getsockopt", RUN | GATE, ANY}, {"getsockname", RUN | GATE, ANY},
    {"getpid", RUN | GATE, ANY}, {"nanosleep", RUN, ANY}, {"clock_nanosleep", RUN, ANY},
    {"restart_syscall", SESSION | RUN | GATE | STORAGE, ANY}, {"sched_getaffinity", RUN, ANY},
    {"sched_yield", RUN, ANY}, {"sysinfo", RUN, ANY}, {"geteuid", RUN, ANY}, {"getuid", RUN, ANY}, {"fchown", RUN, ANY},
    {"mprotect", RUN, NO_CODE},
    /* a gate */
    {"shutdown", GATE, ANY}, {"sendmsg", GATE | STORAGE, ANY}, {"getpeername", GATE, ANY},
    /* storage: opens archives and what judges them, and makes the files of their pages */
    {"openat", STORAGE, READ_ONLY}, {"memfd_create", STORAGE, ANY},
#ifdef __SANITIZE_ADDRESS__
    {"sigaltstack", ALL, ANY}, /* AddressSanitizer looks at the stacks before a process ends, and gives memory back */
    {"madvise", ALL & ~(RUN | GATE | STORAGE), ANY},
#endif
    /* clang-format on */
};

#define CALLS (sizeof calls / sizeof *calls)

const char *jail_call(enum jail_kind kind, size_t n)
{
    for (size_t i = 0; i < CALLS; i++)
        if (calls[i].kinds & 1u << kind && n-- == 0)
            return calls[i].name;
    return NULL;
}

static bool failed(const char *what, int reason, struct error *error)
{
    return error_set(error, STATUS_HOST, "jail", NULL, NULL, "cannot %s: %s", what, strerror(reason));
}

#ifdef HAVE_libseccomp

#define CLONE_OF_FORK (0x01000000u | 0x00200000u | SIGCHLD) /* CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID */

/* A denied call is a trap. Within its handler SIGSYS is blocked, so that a second one is the end. */
static void denied(int signal, siginfo_t *info, void *context)
{
    char line[] = "muniment: jail: the call      is not permitted; the process ends\n";
    char *digit = line + sizeof "muniment: jail: the call     " - 2;
    int call = info->si_syscall;

    (void)signal, (void)context;
    do
        *digit-- = (char)('0' + call % 10);
    while ((call /= 10) > 0);
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
        call = 0;
    for (;;)
        syscall(SYS_getppid);
}

static int add_call(scmp_filter_ctx filter, const struct call *call, int number)
{
    static const unsigned terminal[] = {0x5401 /* TCGETS */, 0x5402, 0x5403, 0x5404 /* TCSETS, -W, -F */,
                                        0x5413 /* TIOCGWINSZ */};
    int result = 0;

    switch (call->demand) {
    case FORK: return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, SCMP_A0(SCMP_CMP_EQ, CLONE_OF_FORK, 0));
    case NO_CODE: return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    case READ_ONLY:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
    case OPEN_FILE:
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1,
                                SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    case TERMINAL:
        for (size_t i = 0; i < sizeof terminal / sizeof *terminal && !result; i++)
            result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 1, SCMP_A1_32(SCMP_CMP_EQ, terminal[i], 0));
        return result;
    case REFUSED: return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), number, 0);
    case ANY: break;
    }
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
}

/* Whether the kernel filters calls: one without seccomp, and qemu-user, do not. */
static bool filters_calls(void)
{
    return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

static bool restrict_calls(enum jail_kind kind, struct error *error)
{
    struct sigaction action = {.sa_sigaction = denied, .sa_flags = SA_SIGINFO};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    int result = filter ? 0 : -ENOMEM;

    for (size_t i = 0; i < CALLS && !result; i++) {
        int number = calls[i].kinds & 1u << kind ? seccomp_syscall_resolve_name(calls[i].name) : -1;
        if (number >= 0) /* below: this processor has no such call */
            result = add_call(filter, &calls[i], number);
    }
    if (!result && sigaction(SIGSYS, &action, NULL))
        result = -errno;
    if (!result)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return !result || !filters_calls() || failed("restrict its calls", -result, error);
}
#else
static bool filters_calls(void)
{
    return false;
}

static bool restrict_calls(enum jail_kind kind, struct error *error)
{
    (void)kind, (void)error;
    return true;
}
#endif

/* --- Folders --- */

#ifdef LANDLOCK_CREATE_RULESET_VERSION

#define FILE_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | UINT64_C(1) << 14 /* truncate */)
#define READ_RIGHTS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN_RIGHTS LANDLOCK_ACCESS_FS_EXECUTE
#define WRITE_RIGHTS \
    (READ_RIGHTS | FILE_RIGHTS | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR)

static long landlock_version(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* What this version knows of the rights to files: bits 0 to 12, then refer, truncate, and ioctl in version 5. */
static uint64_t all_rights(long version)
{
    static const uint8_t bits[] = {13, 14, 15, 15, 16};

    return (UINT64_C(1) << bits[version < 5 ? version - 1 : 4]) - 1;
}

/* A folder that is not there gives no right. */
static bool add_folder(int rules, const struct jail_folder *folder, uint64_t all, bool run, struct error *error)
{
    struct landlock_path_beneath_attr rule = {.parent_fd = open(folder->path, O_PATH | O_CLOEXEC)};
    struct stat status;
    bool good;

    if (rule.parent_fd < 0)
        return true;
    rule.allowed_access = all &
                          ((folder->write ? WRITE_RIGHTS : READ_RIGHTS) | (run && !folder->write ? RUN_RIGHTS : 0));
    if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
        rule.allowed_access &= FILE_RIGHTS | RUN_RIGHTS;
    good = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
           failed("keep to its folders", errno, error);
    close(rule.parent_fd);
    return good;
}

static bool restrict_folders(const struct jail_folder *folders, size_t count, bool run, struct error *error)
{
    long version = landlock_version();
    struct landlock_ruleset_attr attributes = {.handled_access_fs = version > 0 ? all_rights(version) : 0};
    int rules;
    bool good;

    if (version <= 0)
        return true;
    rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    good = rules >= 0 || failed("keep to its folders", errno, error);
    for (size_t i = 0; good && i < count; i++)
        good = add_folder(rules, &folders[i], attributes.handled_access_fs, run, error);
    good = good && (syscall(SYS_landlock_restrict_self, rules, 0) == 0 || failed("keep to its folders", errno, error));
    if (rules >= 0)
        close(rules);
    return good;
}
#else
static long landlock_version(void)
{
    return 0;
}

static bool restrict_folders(const struct jail_folder *folders, size_t count, bool run, struct error *error)
{
    (void)folders, (void)count, (void)run, (void)error;
    return true;
}
#endif

/* --- Limits --- */

/* Of processor time, the signal comes at the lower limit and the end at the upper. */
static bool limit(int which, uint64_t value, struct error *error)
{
    const uint64_t most = which == RLIMIT_CPU ? value + 1 : value;
    struct rlimit now;

    if (getrlimit(which, &now))
        return failed("read its limits", errno, error);
    if (now.rlim_max == RLIM_INFINITY || most < now.rlim_max)
        now.rlim_max = (rlim_t)most;
    now.rlim_cur = value < now.rlim_max ? (rlim_t)value : now.rlim_max;
    return setrlimit(which, &now) == 0 || failed("limit itself", errno, error);
}

/* Bytes of address space that the process has. */
static uint64_t address_space(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file && fscanf(file, "%llu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

const char *jail_strength(void)
{
    bool folders = landlock_version() > 0;

    return filters_calls() ? (folders ? "seccomp and Landlock" : "seccomp") : folders ? "Landlock" : "limits";
}

/* All but the calls. */
static bool restrict_self(const struct jail_folder *folders, size_t count, bool run, const struct jail_limits *limits,
                          struct error *error)
{
    const uint64_t space = limits->more_memory ? address_space() : 0; /* 0: there is no /proc to ask */

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return failed("give up new privileges", errno, error);
    if (limits->lifetime)
        alarm(limits->lifetime);
    return limit(RLIMIT_CORE, 0, error) && (!limits->memory || limit(RLIMIT_AS, limits->memory, error)) &&
           (!limits->more_memory || !space || limit(RLIMIT_AS, space + limits->more_memory, error)) &&
           (!limits->seconds || limit(RLIMIT_CPU, limits->seconds, error)) &&
           (!limits->file_bytes || limit(RLIMIT_FSIZE, limits->file_bytes, error)) &&
           restrict_folders(folders, count, run, error);
}

bool jail_program(const struct jail_folder *folders, size_t count, const struct jail_limits *limits,
                  struct error *error)
{
    return restrict_self(folders, count, true, limits, error);
}

static int compare_bytes(const void *a, const void *b)
{
    return *(const uint8_t *)a - *(const uint8_t *)b;
}

/* The first time that glibc's qsort sorts a kilobyte or more, it asks how much memory the host has: by sysinfo, which
 * is on no list but one. So that time is here. */
static void sort_once(void)
{
    uint8_t bytes[4096] = {0};

    qsort(bytes, sizeof bytes, 1, compare_bytes);
}

bool jail_enter(enum jail_kind kind, const struct jail_folder *folders, size_t count, const struct jail_limits *limits,
                struct error *error)
{
    sort_once();
    return restrict_self(folders, count, false, limits, error) && restrict_calls(kind, error);
}

/* --- Workers --- */

#define WORKER_SECONDS 3600 /* that one lives, unless its limits say otherwise */

int descriptor_open(int from)
{
    struct pollfd some[512];
    long most = sysconf(_SC_OPEN_MAX);

    most = most > 0 && most < 65536 ? most : 65536;
    while (from < most) {
        nfds_t count = most - from < 512 ? (nfds_t)(most - from) : 512;
        for (nfds_t i = 0; i < count; i++)
            some[i] = (struct pollfd){.fd = from + (int)i};
        const bool known = poll(some, count, 0) >= 0; /* else a signal came */
        for (nfds_t i = 0; i < count; i++)
            if (known ? !(some[i].revents & POLLNVAL) : fcntl(some[i].fd, F_GETFD) >= 0)
                return some[i].fd;
        from += (int)count;
    }
    return -1;
}

/* Closes all that is not kept. */
static void close_others(const int *keep, size_t count, int out)
{
    for (int i = -1; (i = descriptor_open(i + 1)) >= 0;) {
        bool kept = i == STDERR_FILENO || i == out;
        for (size_t k = 0; k < count; k++)
            kept = kept || keep[k] == i;
        if (!kept)
            close(i);
    }
}

static bool write_all(int to, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t written = write(to, at, size);
        if (written < 0 && errno != EINTR)
            return false;
        at += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* Reads until the end of the pipe. False: more than `most`, or no memory. */
static bool read_all(int from, size_t most, uint8_t **bytes, size_t *length)
{
    size_t capacity = 0;
    ssize_t got = 1;

    *bytes = NULL;
    for (*length = 0; got > 0 || errno == EINTR; *length += got > 0 ? (size_t)got : 0) {
        if (*length + 65536 >= capacity) {
            uint8_t *larger = realloc(*bytes, capacity = capacity * 2 + 131072);
            if (!larger)
                return false;
            *bytes = larger;
        }
        errno = 0;
        got = read(from, *bytes + *length, 65536);
        if (got > 0 && *length + (size_t)got > most)
            return false;
        if (got == 0)
            break;
    }
    (*bytes)[*length] = '\0';
    return got == 0;
}

/* What a worker says of itself is as hostile as what it read. */
static void take_reason(int report, const char *object, struct error *error)
{
    struct error why = {.status = STATUS_OK};

    if (read(report, &why, sizeof why) == (ssize_t)sizeof why && why.status != STATUS_OK) {
        error_tame(&why, STATUS_HOST);
        *error = why;
    } else {
        error_set(error, STATUS_HOST, object, NULL, NULL, "its worker failed without a reason");
    }
}

bool jail_run(enum jail_kind kind, const int *keep, size_t keep_count, const struct jail_limits *limits,
              const char *object, bool (*work)(void *context, int out, struct error *error), void *context, size_t most,
              uint8_t **output, size_t *length, struct error *error)
{
    struct jail_limits own = *limits;
    int out[2], report[2], status = 0, *kept = calloc(keep_count + 1, sizeof *kept);
    bool whole;
    pid_t child;

    *output = NULL;
    if (!kept || pipe(out))
        return free(kept), error_host(error, object, kept ? errno : ENOMEM, "cannot begin a worker for");
    if (pipe(report)) {
        close(out[0]), close(out[1]), free(kept);
        return error_host(error, object, errno, "cannot begin a worker for");
    }
    if (keep_count)
        memcpy(kept, keep, keep_count * sizeof *kept);
    kept[keep_count] = report[1];
    fflush(stdout);
    child = fork();
    if (child == 0) {
        struct error why = {.status = STATUS_OK};
        close_others(kept, keep_count + 1, out[1]);
        if (!own.lifetime)
            own.lifetime = WORKER_SECONDS;
        if (jail_enter(kind, NULL, 0, &own, &why) && work(context, out[1], &why))
            _exit(0);
        _exit(write_all(report[1], &why, sizeof why) ? 1 : 2);
    }
    close(out[1]), close(report[1]), free(kept);
    whole = child > 0 && read_all(out[0], most, output, length);
    close(out[0]);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child < 0)
        error_host(error, object, errno, "cannot begin a worker for");
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) /* which nothing in its jail sends */
        error_set(error, STATUS_HOST, object, NULL, "see whether memory ran out", "its worker was killed");
    else if (WIFSIGNALED(status))
        error_set(error, STATUS_INPUT, object, NULL, "the file may be made to do harm; report it",
                  WTERMSIG(status) == SIGSYS ? "its worker did what the jail does not permit"
                  : WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGALRM ? "its worker took too long"
                                                                               : "its worker was ended by signal %d",
                  WTERMSIG(status));
    else if (!whole)
        error_set(error, STATUS_INPUT, object, NULL, NULL, "its worker gave more than %zu bytes", most);
    else if (WEXITSTATUS(status))
        take_reason(report[0], object, error);
    close(report[0]);
    if (child > 0 && !status && whole)
        return true;
    free(*output);
    *output = NULL;
    return false;
}
