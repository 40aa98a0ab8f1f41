/* code_memory.c - memory for translated code: what is written at one address runs at another, so that no page is
 * writable and executable at once. */
#define _GNU_SOURCE /* MADV_DONTFORK, MREMAP_DONTUNMAP */
#include "emu/host/host.h"

#include <sys/mman.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)

/* Moves the pages away: what is advised of the mapping stays, and a locked-in session may not advise. Linux before 5.7
 * has a new mapping, without the advice. */
static void forget(void *at, size_t size)
{
    void *away = mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);

    if (away != MAP_FAILED)
        munmap(away, size);
    else if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) ==
             MAP_FAILED)
        memset(at, 0, size);
}

/* Not in a process that is forked off. */
static void *keep_from_forks(void *at, size_t size)
{
    if (at != MAP_FAILED && !madvise(at, size, MADV_DONTFORK))
        return at;
    if (at != MAP_FAILED)
        munmap(at, size);
    return NULL;
}

/* Memory that has no file is named in perf's map; a file's has no names but its own. A mapping of it that is moved,
 * with no size, stays where it was as well: mremap(2). */
bool code_memory_init(struct code_memory *memory, size_t size)
{
    void *write = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *run = write == MAP_FAILED ? MAP_FAILED : mremap(write, 0, size, MREMAP_MAYMOVE);

    *memory = (struct code_memory){.size = size, .forget = forget};
    memory->write = keep_from_forks(write, size);
    memory->run = keep_from_forks(run, size);
    memory->tables = keep_from_forks(
        mmap(NULL, CODE_TABLES_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
        CODE_TABLES_SIZE);
    if (memory->write && memory->run && memory->tables && !mprotect(run, size, PROT_READ | PROT_EXEC)) {
        /* Where the kernel has none, it says so, and there is nothing to keep away. */
        madvise(memory->tables, CODE_TABLES_SIZE, MADV_NOHUGEPAGE);
        return true;
    }
    code_memory_free(memory);
    return false;
}

void code_memory_free(struct code_memory *memory)
{
    if (memory->write)
        munmap(memory->write, memory->size);
    if (memory->run)
        munmap(memory->run, memory->size);
    if (memory->tables)
        munmap(memory->tables, CODE_TABLES_SIZE);
    *memory = (struct code_memory){0};
}

#else

bool code_memory_init(struct code_memory *memory, size_t size)
{
    (void)size;
    *memory = (struct code_memory){0};
    return false;
}

void code_memory_free(struct code_memory *memory)
{
    (void)memory;
}

#endif
