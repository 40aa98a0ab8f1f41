/* failing.c - a host on which one thing fails, to be preloaded (LD_PRELOAD):
 *
 *     FAIL=folder-sync     fsync of a folder        FAIL=sync     fsync, fdatasync, syncfs of anything
 *     FAIL=list            reading a folder         FAIL=rename   giving a finished file its name
 *     FAIL=touch           somebody else changes a file while fread reads it
 *
 * the others with EIO. Calls of the program are counted as they come: FAIL=NAME:N lets the first N pass. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether this call of the kind that is called name is to fail. */
static int fails(const char *name)
{
    static int passed;
    const char *fail = getenv("FAIL");
    size_t length = strlen(name);

    if (!fail || strncmp(fail, name, length) || (fail[length] && fail[length] != ':'))
        return 0;
    if (fail[length] && passed++ < atoi(fail + length + 1))
        return 0;
    errno = EIO;
    return 1;
}

static int is_folder(int file)
{
    struct stat status;

    return fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

#define REAL(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

int fsync(int file)
{
    return fails("sync") || (is_folder(file) && fails("folder-sync")) ? -1 : REAL(fsync)(file);
}

int fdatasync(int file)
{
    return fails("sync") ? -1 : REAL(fdatasync)(file);
}

int syncfs(int file)
{
    return fails("sync") ? -1 : REAL(syncfs)(file);
}

struct dirent *readdir(DIR *folder)
{
    return fails("list") ? NULL : REAL(readdir)(folder);
}

struct dirent64 *readdir64(DIR *folder)
{
    return fails("list") ? NULL : REAL(readdir64)(folder);
}

size_t fread(void *to, size_t size, size_t count, FILE *file)
{
    size_t got = REAL(fread)(to, size, count, file);

    if (fails("touch"))
        futimens(fileno(file), NULL);
    return got;
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
    return fails("rename") ? -1 : REAL(linkat)(from, old, to, name, flags);
}

int renameat(int from, const char *old, int to, const char *name)
{
    return fails("rename") ? -1 : REAL(renameat)(from, old, to, name);
}
