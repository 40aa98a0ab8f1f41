/* between.c - to be preloaded: somebody else at work between two system calls. Before the call on files that BETWEEN_AT
 * counts, from 1, BETWEEN_COMMAND is carried out: "rename FILE", "replace FILE OTHER" (a copy of OTHER takes its name)
 * or "truncate FILE". How many calls there were is written to BETWEEN_COUNT at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_int calls;

static void act(const char *command)
{
    char word[16] = "", file[256] = "", other[256] = "", gone[300];
    struct stat status;

    sscanf(command, "%15s %255s %255s", word, file, other);
    snprintf(gone, sizeof gone, "%s.gone", file);
    if (strcmp(word, "rename") == 0)
        rename(file, gone);
    else if (strcmp(word, "replace") == 0)
        rename(other, file);
    else if (stat(file, &status) == 0 && truncate(file, status.st_size / 2) != 0)
        perror(file);
}

/* One more call. */
static void between(void)
{
    const char *at = getenv("BETWEEN_AT"), *command = getenv("BETWEEN_COMMAND");

    if (atomic_fetch_add(&calls, 1) + 1 == (at ? atoi(at) : 0) && command)
        act(command);
}

__attribute__((destructor)) static void count(void)
{
    const char *path = getenv("BETWEEN_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;

    if (file) {
        fprintf(file, "%d\n", atomic_load(&calls));
        fclose(file);
    }
}

#define CALL(result, name, parameters, arguments) \
    result name parameters \
    { \
        result(*next) parameters = (result(*) parameters)dlsym(RTLD_NEXT, #name); \
        between(); \
        return next arguments; \
    }

#define OPEN(name) \
    int name(const char *path, int flags, ...) \
    { \
        int (*next)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list rest; \
        va_start(rest, flags); \
        int mode = va_arg(rest, int); \
        va_end(rest); \
        between(); \
        return next(path, flags, mode); \
    }

/* clang-format off */
OPEN(open)
OPEN(open64)
CALL(ssize_t, pread, (int d, void *b, size_t s, off_t o), (d, b, s, o))
CALL(ssize_t, pread64, (int d, void *b, size_t s, off_t o), (d, b, s, o))
CALL(int, fstat, (int d, struct stat *s), (d, s))
CALL(int, fstat64, (int d, struct stat64 *s), (d, s))
CALL(int, stat, (const char *p, struct stat *s), (p, s))
CALL(int, stat64, (const char *p, struct stat64 *s), (p, s))
CALL(int, close, (int d), (d))
/* clang-format on */
