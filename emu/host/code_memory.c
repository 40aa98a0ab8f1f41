/* code_memory.c - memory for translated code: what is written at one address runs at another, so that no page is
 * writable and executable at once. */
#define _GNU_SOURCE /* memfd_create, MADV_DONTFORK */
#include "emu/host/host.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(__linux__)

bool code_memory_init(struct code_memory *memory, size_t size)
{
    int fd = memfd_create("muniment-code", MFD_CLOEXEC);
    void *write = MAP_FAILED, *run = MAP_FAILED;

    *memory = (struct code_memory){0};
    /* The translator's tables are touched sparsely: where the host makes huge pages unasked, an entry would take 2 MiB,
     * and the boot of a Linux 260 MiB more. */
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    if (fd >= 0 && !ftruncate(fd, (off_t)size)) {
        write = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        run = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    }
    if (fd >= 0)
        close(fd);
    if (write != MAP_FAILED && run != MAP_FAILED && !madvise(write, size, MADV_DONTFORK) &&
        !madvise(run, size, MADV_DONTFORK)) {
        *memory = (struct code_memory){write, run, size};
        return true;
    }
    if (write != MAP_FAILED)
        munmap(write, size);
    if (run != MAP_FAILED)
        munmap(run, size);
    return false;
}

void code_memory_free(struct code_memory *memory)
{
    if (memory->write) {
        munmap(memory->write, memory->size);
        munmap(memory->run, memory->size);
    }
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
