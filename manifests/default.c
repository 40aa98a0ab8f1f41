/* default.c - the machine on which a disk image given directly boots. It is apart from the language, so that a program
 * without a library for YAML can build a machine as well. */
#include "manifests/manifests.h"

#include <string.h>

void machine_manifest_default(struct machine_manifest *m)
{
    memset(m, 0, sizeof(*m));
    m->type = MACHINE_PC_ISA;
    m->cpu = CPU_I486;
    m->cpuid_limit = UINT32_MAX;
    m->mips = 25;
    m->memory = 16u << 20;
    m->system.built_in = m->video.built_in = true;
    m->clock_start = 883612800; /* 1998-01-01T00:00:00 */
    m->drives[DRIVE_FD0].kind = DRIVE_FLOPPY;
    m->drives[DRIVE_FD0].floppy = FLOPPY_1440K;
    m->boot[0] = BOOT_FLOPPY;
    m->boot[1] = BOOT_DISK;
    m->serial[0] = m->serial[1] = m->parallel = true;
    m->display = DISPLAY_VGA;
}
