/* checkpoints.c - what a checkpoint costs a machine that continues to run: for how long it stands still, and how much
 * each further one adds.
 *
 *     checkpoints IMAGE FOLDER MEMORY-MIB SECONDS COUNT [full]
 *
 * IMAGE is a floppy or a disk. After SECONDS of guest time, COUNT checkpoints are taken into FOLDER, each as soon as
 * the one before is written. With `full`, all memory above 1 MiB holds numbers when the machine is switched on.
 * Prints, for boot.py's kind of table: checkpoints, pause in ms (mean, longest), bytes of the first, mean bytes of
 * the others. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "desk/media.h"
#include "emu/endian.h"
#include "verify/runs/checkpoint.h"
#include "verify/runs/replay.h"

static void fail(const struct error *error)
{
    error_print(stderr, error);
    exit(4);
}

/* Numbers that compress about as well as a system's memory does. */
static void fill(struct machine *machine)
{
    struct machine_fault fault;
    uint8_t page[MACHINE_PAGE];
    uint32_t random = 1;

    for (uint64_t n = 256; n < machine_pages(machine, AREA_RAM); n++) {
        for (unsigned i = 0; i < MACHINE_PAGE; i += 4) {
            random = random * 1664525 + 1013904223;
            store32(page + i, random >> 24 | (uint32_t)n << 8);
        }
        machine_page_put(machine, AREA_RAM, n, page, 0xFF, &fault);
    }
}

static uint64_t folder_size(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    uint64_t size = 0;

    while (dir && (entry = readdir(dir))) {
        char path[8192];
        struct stat status;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode))
            size += (uint64_t)status.st_size;
    }
    if (dir)
        closedir(dir);
    return size;
}

static struct machine *build(struct media *media, const char *image, uint64_t memory)
{
    struct media_request request = {.path = image};
    struct machine_host host = {.context = NULL};
    const char *reason = "";
    struct machine *machine;
    struct error error;

    if (!media_open(media, &request, &error))
        fail(&error);
    media->manifest.memory = memory;
    media->manifest.cpu = CPU_PENTIUM4;
    media_host(media, &host);
    machine = machine_create(&media->manifest, &host, &reason);
    if (!machine)
        fprintf(stderr, "checkpoints: %s\n", reason);
    return machine;
}

int main(int argc, char **argv)
{
    struct machine_identity identity;
    struct media media = {.archive = NULL};
    struct error error;

    if (argc < 6)
        return 2;
    const char *folder = argv[2];
    uint64_t count = strtoull(argv[5], NULL, 10), first = 0;
    struct machine *machine = build(&media, argv[1], strtoull(argv[3], NULL, 10) << 20);
    if (!machine)
        return 4;
    if (!machine_identify(&media, &identity, NULL, NULL, &error))
        fail(&error);
    if (argc > 6)
        fill(machine);
    machine_run(machine, strtoull(argv[4], NULL, 10) * machine_ticks_per_second(machine));
    struct checkpoints *c = checkpoints_open(folder, 0, machine, &identity, &error);
    if (!c)
        fail(&error);
    for (uint64_t n = 0; n < count; n++) {
        if (!checkpoint_begin(c, machine, &identity, &error))
            fail(&error);
        do {
            machine_run(machine, machine_tick(machine) + machine_ticks_per_second(machine) / 1000);
            if (!checkpoint_look(c, machine, &error))
                fail(&error);
            /* A machine at rest would be through the night before the first is written. */
            nanosleep(&(struct timespec){0, 2000000}, NULL);
        } while (checkpoint_under_way(c));
        if (!first)
            first = folder_size(folder);
    }
    struct checkpoint_counts counts = checkpoint_counts(c);
    if (!checkpoints_close(c, machine, &error))
        fail(&error);
    printf("%" PRIu64 " %.2f %.2f %" PRIu64 " %" PRIu64 "\n", counts.completed,
           (double)counts.total_us / 1000 / (double)counts.begun, (double)counts.longest_us / 1000, first,
           count > 1 ? (folder_size(folder) - first) / (count - 1) : 0);
    machine_destroy(machine);
    media_close(&media);
    return 0;
}
