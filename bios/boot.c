/* boot.c - INT 19h and INT 18h: start the first device of the boot order that has a boot sector.
 *
 * The order is in CMOS as Bochs and QEMU put it: three nibbles in 3Dh low, 3Dh high and 38h high, 1 for the first floppy,
 * 2 for the first disk; bit 0 of 38h waives the signature of a floppy's boot sector. A boot sector that gives
 * up executes INT 18h, which goes on with the next device (BIOS Boot Specification 1.01, appendix D). */
#include "system.h"

enum { BOOT_FLOPPY = 1, BOOT_DISK = 2, BOOT_PLACES = 3 };

static ROM_DATA char booting_from[] = "Starting from ";
static ROM_DATA char floppy_name[] = "floppy disk\n\n";
static ROM_DATA char disk_name[] = "hard disk\n\n";
static ROM_DATA char no_system[] = "No system found. Insert a system disk and press a key.\n";

static uint8_t boot_device(unsigned place)
{
    uint16_t order = cmos_read(CMOS_BOOT_ORDER) | (cmos_read(CMOS_BOOT_THIRD) & 0xF0) << 4;
    if (order == 0)
        order = BOOT_DISK << 4 | BOOT_FLOPPY;
    return order >> place * 4 & 15;
}

/* Reads the first sector to 0000:7C00; a drive may need to be told twice that its disk was changed. */
static bool read_boot_sector(uint8_t drive)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        struct call call = {.ax = 0x0201, .bx = 0x7C00, .cx = 0x0001, .dx = drive};
        soft_int(0x13, &call);
        if (!(call.flags & FLAG_CF))
            return true;
        struct call reset = {.ax = 0, .dx = drive};
        soft_int(0x13, &reset);
    }
    return false;
}

static void try_device(uint8_t device)
{
    uint8_t drive = device == BOOT_DISK ? 0x80 : 0x00;
    bool want_signature = device == BOOT_DISK || !(cmos_read(CMOS_BOOT_THIRD) & 1);

    if (device != BOOT_FLOPPY && device != BOOT_DISK)
        return;
    if (!read_boot_sector(drive) || (want_signature && far_get16(0, 0x7DFE) != 0xAA55))
        return;
    print(booting_from);
    print(device == BOOT_DISK ? disk_name : floppy_name);
    boot_jump(drive);
}

void boot_next(void)
{
    interrupts_on();
    for (;;) {
        uint8_t place;
        while ((place = far_get8(BDA->ebda, EBDA_OFFSET(boot_next))) < BOOT_PLACES) {
            far_put8(BDA->ebda, EBDA_OFFSET(boot_next), place + 1);
            try_device(boot_device(place));
        }
        print(no_system);
        struct call key = {.ax = 0};
        soft_int(0x16, &key);
        far_put8(BDA->ebda, EBDA_OFFSET(boot_next), 0);
    }
}

void boot_first(void)
{
    far_put8(BDA->ebda, EBDA_OFFSET(boot_next), 0);
    boot_next();
}
