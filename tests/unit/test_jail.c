/* test_jail.c - desk/jail.c: what each kind of jailed process may do, and that every other call ends it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "desk/jail.h"
#ifdef HAVE_libseccomp
#include <seccomp.h>
#endif

static const struct jail_limits no_limits = {0};

/* What a child comes to that is locked in and calls attempt: its wait status. */
static int jailed(enum jail_kind kind, const struct jail_folder *folders, size_t count,
                  const struct jail_limits *limits, int (*attempt)(void *context), void *context)
{
    struct error error;
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr) || !jail_enter(kind, folders, count, limits, &error))
            _exit(99);
        _exit(attempt(context));
    }
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

#ifdef HAVE_libseccomp

static const char *const kind_names[JAIL_KINDS] = {"reader", "session", "run", "gate", "storage", "image"};

struct
try {
    long number, arguments[4];
};

static int make_call(void *context)
{
    const struct try *t = context;

    syscall(t->number, t->arguments[0], t->arguments[1], t->arguments[2], t->arguments[3], -1L, -1L);
    return 0;
}

static bool is_permitted(enum jail_kind kind, int number)
{
    const char *name;

    for (size_t n = 0; (name = jail_call(kind, n)); n++)
        if (seccomp_syscall_resolve_name(name) == number)
            return true;
    return false;
}

/* Every number up to the last that libseccomp has a name for. */
static void every_call_that_is_not_permitted_ends_the_process(void **state)
{
    (void)state;
    for (enum jail_kind kind = 0; kind < JAIL_KINDS; kind++) {
        unsigned denied = 0, permitted = 0;
        for (int number = 0; number < 470; number++) {
            struct try t = {number, {-1, -1, -1, -1}};
            char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
            if (!name)
                continue;
            if (is_permitted(kind, number)) {
                permitted++;
            } else {
                int status = jailed(kind, NULL, 0, &no_limits, make_call, &t);
                if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
                    fail_msg("%s: %s does not end the process", kind_names[kind], name);
                denied++;
            }
            free(name);
        }
        print_message("%s: %u calls permitted, %u denied:", kind_names[kind], permitted, denied);
        for (size_t n = 0; jail_call(kind, n); n++)
            print_message(" %s", jail_call(kind, n));
        print_message("\n");
        assert_true(denied > 200);
    }
}

static void a_session_has_at_most_25_calls(void **state)
{
    size_t count = 0;

    (void)state;
    while (jail_call(JAIL_SESSION, count))
        count++;
#ifdef __SANITIZE_ADDRESS__
    count -= 2; /* sigaltstack and madvise, which it needs */
#endif
    assert_true(count <= 25);
}

static void a_permitted_call_with_other_arguments_ends_the_process(void **state)
{
    static const struct {
        const char *what;
        unsigned kinds;
        struct try call;
    } tries[] = {
        {"a thread", 22, {SYS_clone, {0x00010F00, 0, 0, 0}}},
        {"a namespace", 22, {SYS_clone, {0x10000000 | SIGCHLD, 0, 0, 0}}},
        {"memory for code", 63, {SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS}}},
        {"a file's name", 43, {SYS_newfstatat, {AT_FDCWD, (long)"/", 0, 0}}},
        {"a character for the terminal to read", 4, {SYS_ioctl, {0, 0x5412, (long)"x", 0}}},
        {"a file to be written", 16, {SYS_openat, {AT_FDCWD, (long)"/nowhere", O_WRONLY, 0}}},
        {"a file to be made", 16, {SYS_openat, {AT_FDCWD, (long)"/nowhere", O_RDONLY | O_CREAT, 0600}}},
        {"memory made code", 4, {SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC, 0}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        for (enum jail_kind kind = 0; kind < JAIL_KINDS; kind++) {
            struct try t = tries[i].call;
            int status = tries[i].kinds & 1u << kind ? jailed(kind, NULL, 0, &no_limits, make_call, &t) : SIGSYS;
            if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
                fail_msg("%s: %s is permitted", kind_names[kind], tries[i].what);
        }
}

/* The table of spec/desk.md has the calls of each kind. */
static void the_specification_lists_the_calls(void **state)
{
    char line[4096], expected[4096];
    FILE *file = fopen("spec/desk.md", "r");
    unsigned found = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        for (enum jail_kind kind = 0; kind < JAIL_KINDS; kind++) {
            size_t length = (size_t)snprintf(expected, sizeof expected, "| %s | `", kind_names[kind]), n = 0;
            if (strncmp(line, expected, length) != 0)
                continue;
            const char *name;
            for (size_t i = 0; (name = jail_call(kind, i)); i++) {
                char quoted[64];
                snprintf(quoted, sizeof quoted, "`%s`", name);
#ifdef __SANITIZE_ADDRESS__
                if ((!strcmp(name, "sigaltstack") || !strcmp(name, "madvise")) && !strstr(line, quoted)) /* its own */
                    continue;
#endif
                if (!strstr(line, quoted))
                    fail_msg("spec/desk.md: %s: %s is not there", kind_names[kind], name);
                n++;
            }
            for (const char *at = line; (at = strchr(at, '`')); at++)
                n -= at[-1] == ' ';
            if (n)
                fail_msg("spec/desk.md: %s: it names other calls than those permitted", kind_names[kind]);
            found++;
        }
    fclose(file);
    assert_int_equal(found, JAIL_KINDS);
}

static int compare_words(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static int sort_much(void *context)
{
    int *words = calloc(50000, sizeof *words);

    (void)context;
    for (int i = 0; words && i < 50000; i++)
        words[i] = i * 7919 % 50000;
    if (words)
        qsort(words, 50000, sizeof *words, compare_words);
    return words && words[49999] == 49999 ? 0 : 1;
}

/* The snapshot of a machine of 128 MiB is such a case. */
static void every_kind_may_sort_much(void **state)
{
    (void)state;
    for (enum jail_kind kind = 0; kind < JAIL_KINDS; kind++)
        assert_int_equal(jailed(kind, NULL, 0, &no_limits, sort_much, NULL), 0);
}

static int fork_once(void *context)
{
    int status = 1;
    pid_t child = fork();

    (void)context;
    if (child == 0)
        _exit(7);
    return child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7 ? 0 : 1;
}

static void a_session_forks_and_a_reader_does_not(void **state)
{
    (void)state;
    assert_int_equal(jailed(JAIL_SESSION, NULL, 0, &no_limits, fork_once, NULL), 0);
    assert_int_equal(jailed(JAIL_RUN, NULL, 0, &no_limits, fork_once, NULL), 0);
    assert_true(WIFSIGNALED(jailed(JAIL_READER, NULL, 0, &no_limits, fork_once, NULL)));
}
#endif

static int open_file(void *context)
{
    return open(context, O_RDWR | O_CREAT, 0600) < 0;
}

static void a_run_opens_files_in_its_folders_and_nowhere_else(void **state)
{
    char inside[1100], outside[1100], folder[1024];
    const char *work = getenv("WORK");
    struct jail_folder folders[] = {{folder, true}, {"/nowhere", true}};

    (void)state;
    snprintf(folder, sizeof folder, "%s/jail", work ? work : "/tmp");
    snprintf(inside, sizeof inside, "%s/jail-in", folder);
    snprintf(outside, sizeof outside, "%s/jail-out", work ? work : "/tmp");
    if (!strstr(jail_strength(), "Landlock"))
        skip();
    assert_true(system("mkdir -p \"${WORK:-/tmp}/jail\"") == 0);
    assert_int_equal(jailed(JAIL_RUN, folders, 2, &no_limits, open_file, inside), 0);
    assert_int_equal(WEXITSTATUS(jailed(JAIL_RUN, folders, 2, &no_limits, open_file, outside)), 1);
    folders[0].write = false;
    assert_int_equal(WEXITSTATUS(jailed(JAIL_RUN, folders, 2, &no_limits, open_file, inside)), 1);
    unlink(inside);
    rmdir(folder);
}

/* --- Workers --- */

static bool echo(void *context, int out, struct error *error)
{
    (void)error;
    return write(out, context, strlen(context)) == (ssize_t)strlen(context);
}

static bool complain(void *context, int out, struct error *error)
{
    (void)out;
    return error_set(error, STATUS_INPUT, "image", "sector 5", "none", "is %s", (const char *)context);
}

#ifndef __SANITIZE_ADDRESS__ /* which needs terabytes of addresses */
static bool take_memory(void *context, int out, struct error *error)
{
    (void)context, (void)out;
    return malloc((size_t)1 << 30) || error_set(error, STATUS_HOST, "image", NULL, NULL, "out of memory");
}
#endif

static bool never_end(void *context, int out, struct error *error)
{
    (void)out, (void)error;
    for (volatile int *n = context; *n >= 0;)
        *n = 1;
    return true;
}

static bool write_elsewhere(void *context, int out, struct error *error)
{
    (void)error;
    return write(*(int *)context, "x", 1) == 1 && write(out, "x", 1) == 1;
}

static bool run(bool (*work)(void *, int, struct error *), void *context, const struct jail_limits *limits, size_t most,
                char output[64], struct error *error)
{
    uint8_t *bytes;
    size_t length;
    bool good = jail_run(JAIL_READER, NULL, 0, limits, "image", work, context, most, &bytes, &length, error);

    if (good)
        snprintf(output, 64, "%s", (char *)bytes);
    free(bytes);
    return good;
}

/* Nothing will come. */
static bool wait_forever(void *context, int out, struct error *error)
{
    char byte;

    (void)error;
    return read(*(int *)context, &byte, 1) == 1 && write(out, &byte, 1) == 1;
}

static void a_worker_gives_its_output_or_its_reason(void **state)
{
    uint8_t *bytes;
    size_t length;
    int ends[2];
    struct error error;
    char output[64];
    int number = 0;

    (void)state;
    assert_true(run(echo, "what was read", &no_limits, 1000, output, &error));
    assert_string_equal(output, "what was read");
    assert_false(run(complain, "worn", &no_limits, 1000, output, &error));
    assert_string_equal(error.what, "is worn");
    assert_string_equal(error.place, "sector 5");
    assert_int_equal(error.status, STATUS_INPUT);
    assert_false(run(echo, "what was read", &no_limits, 5, output, &error));
    assert_non_null(strstr(error.what, "more than 5 bytes"));
#ifndef __SANITIZE_ADDRESS__
    assert_false(run(take_memory, NULL, &(struct jail_limits){.memory = 256u << 20}, 5, output, &error));
    assert_string_equal(error.what, "out of memory");
#endif
    assert_false(run(never_end, &number, &(struct jail_limits){.seconds = 1}, 5, output, &error));
    assert_string_equal(error.what, "its worker took too long");
    assert_int_equal(pipe(ends), 0);
    assert_false(jail_run(JAIL_READER, &ends[0], 1, &(struct jail_limits){.lifetime = 1}, "image", wait_forever,
                          &ends[0], 5, &bytes, &length, &error));
    assert_string_equal(error.what, "its worker took too long");
    close(ends[0]);
    close(ends[1]);
}

static void a_worker_has_only_the_descriptors_it_is_given(void **state)
{
    struct error error;
    uint8_t *bytes;
    size_t length;
    int ends[2];
    char output[64];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_false(run(write_elsewhere, &ends[1], &no_limits, 5, output, &error));
    assert_true(
        jail_run(JAIL_READER, &ends[1], 1, &no_limits, "image", write_elsewhere, &ends[1], 5, &bytes, &length, &error));
    assert_int_equal(length, 1);
    free(bytes);
    close(ends[0]);
    close(ends[1]);
}

static void what_is_open_is_found_however_far_up(void **state)
{
    static const int far[] = {600, 1200, 5000};
    struct rlimit before, limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 5001;
    if (setrlimit(RLIMIT_NOFILE, &limit))
        skip(); /* fewer are allowed here */
    for (unsigned n = 0; n < 3; n++)
        assert_int_equal(dup2(STDERR_FILENO, far[n]), far[n]);
    assert_int_equal(descriptor_open(far[0]), far[0]);
    assert_int_equal(descriptor_open(far[0] + 1), far[1]);
    assert_int_equal(descriptor_open(far[1] + 1), far[2]);
    assert_int_equal(descriptor_open(far[2] + 1), -1);
    for (unsigned n = 0; n < 3; n++)
        close(far[n]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef HAVE_libseccomp
        cmocka_unit_test(every_call_that_is_not_permitted_ends_the_process),
        cmocka_unit_test(a_session_has_at_most_25_calls),
        cmocka_unit_test(a_permitted_call_with_other_arguments_ends_the_process),
        cmocka_unit_test(the_specification_lists_the_calls),
        cmocka_unit_test(every_kind_may_sort_much),
        cmocka_unit_test(a_session_forks_and_a_reader_does_not),
#endif
        cmocka_unit_test(a_run_opens_files_in_its_folders_and_nowhere_else),
        cmocka_unit_test(a_worker_gives_its_output_or_its_reason),
        cmocka_unit_test(a_worker_has_only_the_descriptors_it_is_given),
        cmocka_unit_test(what_is_open_is_found_however_far_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
