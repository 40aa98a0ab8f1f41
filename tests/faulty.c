/* faulty.c - the command, on a machine that has a fault: linked in place of `muniment` with machine_run wrapped
 * (-Wl,--wrap=machine_run), for the tests of replay.
 *
 *     FAULT=TICK:ADDRESS faulty ...             bit 0 of that byte of RAM changes at that tick, always: another build
 * that is wrong FAULT=TICK:ADDRESS:FILE faulty ...        it changes every second time that it could: a host that is
 * not deterministic. FILE remembers, by its length */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emu/machine.h"

enum machine_stop __real_machine_run(struct machine *m, uint64_t until);
enum machine_stop __wrap_machine_run(struct machine *m, uint64_t until);

/* Whether it is to happen this time. */
static bool is_due(const char *path)
{
    struct stat status;

    if (!*path)
        return true;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file < 0 || write(file, "x", 1) != 1 || fstat(file, &status) != 0)
        abort();
    close(file);
    return status.st_size % 2 == 1;
}

enum machine_stop __wrap_machine_run(struct machine *m, uint64_t until)
{
    unsigned long long tick = 0;
    unsigned address = 0;
    char path[256] = "";

    if (getenv("FAULT"))
        sscanf(getenv("FAULT"), "%llu:%u:%255s", &tick, &address, path);
    if (tick && machine_tick(m) < tick && until >= tick) {
        enum machine_stop stop = __real_machine_run(m, tick);
        if (machine_tick(m) >= tick && is_due(path)) {
            m->memory.ram[address] ^= 1;
            memory_changed(&m->memory, address, 1);
        }
        if (stop != MACHINE_SLICE_END)
            return stop;
    }
    return __real_machine_run(m, until);
}
