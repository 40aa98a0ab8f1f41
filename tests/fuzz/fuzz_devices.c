/* fuzz_devices.c - libFuzzer harness of the devices: any bytes are the traffic of a guest (fuzz_devices.h), and nothing
 * that a guest does makes the machine crash, hang, or take memory without bound. FUZZ_DEVICE names the target; the
 * counts are printed at the end. */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/fuzz/fuzz_devices.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fuzz_guest guest;

static void print_counts(void)
{
    printf("%s: %" PRIu64 " accesses in %" PRIu64 " executions\n", guest.target->name, guest.accesses, guest.cases);
    fuzz_close(&guest);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_DEVICE");
    const struct fuzz_target *target = fuzz_target_named(name ? name : "pc-i440fx");

    (void)argc, (void)argv;
    if (!target || !fuzz_open(&guest, target)) {
        fprintf(stderr, "FUZZ_DEVICE is none of");
        for (size_t i = 0; i < FUZZ_TARGETS; i++)
            fprintf(stderr, " %s", fuzz_targets[i].name);
        fprintf(stderr, "\n");
        exit(2);
    }
    atexit(print_counts);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_case(&guest, data, size);
    return 0;
}
