/* failing.c - a host on which one thing fails, to be preloaded (LD_PRELOAD):
 *
 *     FAIL=folder-sync     fsync of a folder        FAIL=sync     fsync, fdatasync, syncfs of anything
 *     FAIL=list            reading a folder         FAIL=rename   giving a finished file its name
 *     FAIL=touch           somebody else changes a file while fread reads it
 *     FAIL=memory          malloc, calloc, realloc
 *
 * the others with EIO. Calls of the program are counted as they come: FAIL=NAME:N lets the first N pass. Of memory one
 * call fails, and what the program itself calls is counted, in all its processes, in the file CALLS (8 bytes). */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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

/* --- Memory --- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static uintptr_t program, program_end; /* its code */
static uint64_t *calls, failing;

static int find_program(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
            program = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            program_end = program + info->dlpi_phdr[i].p_memsz;
        }
    return 1; /* the program is the first */
}

static __attribute__((constructor)) void begin(void)
{
    const char *fail = getenv("FAIL"), *path = getenv("CALLS");
    int file = path && fail && !strncmp(fail, "memory:", 7) ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *shared = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *calls, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    if (shared == MAP_FAILED)
        return;
    close(file);
    dl_iterate_phdr(find_program, NULL);
    failing = strtoull(fail + 7, NULL, 10);
    calls = shared;
}

static int memory_fails(void *from)
{
    if (!calls || (uintptr_t)from < program || (uintptr_t)from >= program_end ||
        __atomic_fetch_add(calls, 1, __ATOMIC_RELAXED) != failing)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return memory_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
