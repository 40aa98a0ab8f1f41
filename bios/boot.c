/* boot.c - INT 19h and INT 18h: start the first device of the boot order that has a system, or the one chosen in the
 * menu.
 *
 * The order is in CMOS as Bochs and QEMU put it: three nibbles in 3Dh low, 3Dh high and 38h high, 1 for the first
 * floppy, 2 for the first disk, 3 for CD-ROM, 4 for the network; bit 0 of 38h waives the signature of a floppy's boot
 * sector. What gives up executes INT 18h, which continues with the next device (BIOS Boot Specification 1.01, appendix
 * D). */
#include "bda.h"
#include "cd_image.h"
#include "cmos.h"
#include "eltorito.h"
#include "print.h"
#include "processor.h"

enum { BOOT_FLOPPY = 1, BOOT_DISK = 2, BOOT_CDROM = 3, BOOT_NETWORK = 4, BOOT_KINDS = 4, BOOT_PLACES = 3 };
enum { KEY_F12 = 0x8600 };

static ROM_DATA char booting_from[] = "Starting from ";
static ROM_DATA char no_system[] = "No system found. Insert a system disk and press a key.\n";
static ROM_DATA char menu_title[] = "\nStart from\n";
static ROM_DATA char names[BOOT_KINDS][13] = {"floppy disk\n", "hard disk\n", "CD-ROM\n", "network\n"};

static void ebda_put(uint8_t v)
{
    far_put8(bda_get(ebda), EBDA_OFFSET(boot_next), v);
}

static uint8_t boot_device(unsigned place)
{
    uint16_t order = cmos_read(CMOS_BOOT_ORDER) | (cmos_read(CMOS_BOOT_THIRD) & 0xF0) << 4;
    if (order == 0)
        order = BOOT_CDROM << 8 | BOOT_DISK << 4 | BOOT_FLOPPY;
    return order >> place * 4 & 15;
}

static bool device_exists(uint8_t device)
{
    switch (device) {
    case BOOT_FLOPPY: return bda_get(equipment) & 1;
    case BOOT_DISK: return bda_get(hd_count);
    case BOOT_CDROM: return far_get8(bda_get(ebda), EBDA_OFFSET(cd_count));
    case BOOT_NETWORK: return far_get16(bda_get(ebda), EBDA_OFFSET(boot_entry));
    default: return false;
    }
}

/* Reads the first sector to 0000:7C00; a drive may report twice that its disk was changed. */
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

static void print_start(uint8_t device)
{
    print(booting_from);
    print(names[device - 1]);
    print_char('\r');
    print_char('\n');
}

static void announce_cdrom(void)
{
    print_start(BOOT_CDROM);
}

static void start_drive(uint8_t device, uint8_t drive, bool want_signature)
{
    if (!read_boot_sector(drive) || (want_signature && far_get16(0, 0x7DFE) != 0xAA55))
        return;
    print_start(device);
    boot_jump(drive, 0, 0x7C00);
}

/* The boot entry of an option ROM returns if it finds no system. */
static void start_network(void)
{
    uint16_t offset = far_get16(bda_get(ebda), EBDA_OFFSET(boot_entry)),
             segment = far_get16(bda_get(ebda), EBDA_OFFSET(boot_entry) + 2);

    print_start(BOOT_NETWORK);
    option_rom_call(segment, offset, far_get16(bda_get(ebda), EBDA_OFFSET(boot_function)));
}

static void try_device(uint8_t device)
{
    if (!device_exists(device))
        return;
    switch (device) {
    case BOOT_FLOPPY: start_drive(device, 0x00, !(cmos_read(CMOS_BOOT_THIRD) & 1)); break;
    case BOOT_DISK: start_drive(device, 0x80, true); break;
    case BOOT_CDROM: eltorito_boot(announce_cdrom); break;
    case BOOT_NETWORK: start_network(); break;
    }
}

static uint16_t key_wait(void)
{
    struct call key = {.ax = 0x1000};
    soft_int(0x16, &key);
    return key.ax;
}

/* Whether F12 was pressed while POST ran. Other keys stay for the system. */
static bool menu_wanted(void)
{
    bool wanted = false;

    for (;;) {
        struct call key = {.ax = 0x1100};
        soft_int(0x16, &key);
        if (key.flags & FLAG_ZF || key.ax != KEY_F12)
            return wanted;
        wanted = true;
        key_wait();
    }
}

/* What there is, each with its digit. Returns the one chosen, 0 for Esc. */
static uint8_t menu_choose(void)
{
    print(menu_title);
    for (uint8_t device = 1; device <= BOOT_KINDS; device++)
        if (device_exists(device)) {
            print_char('0' + device);
            print_char(' ');
            print(names[device - 1]);
        }
    for (;;) {
        uint8_t c = (uint8_t)key_wait();
        if (c == 27 || (c > '0' && c <= '0' + BOOT_KINDS && device_exists(c - '0')))
            return c == 27 ? 0 : c - '0';
    }
}

void boot_next(void)
{
    uint8_t place;

    interrupts_on();
    cd_leave();
    for (;;) {
        while ((place = far_get8(bda_get(ebda), EBDA_OFFSET(boot_next))) < BOOT_PLACES) {
            ebda_put(place + 1);
            try_device(boot_device(place));
        }
        print(no_system);
        key_wait();
        ebda_put(0);
    }
}

void boot_first(void)
{
    control_registers_clear();
    interrupts_on();
    cd_leave();
    ebda_put(0);
    if (menu_wanted())
        try_device(menu_choose());
    boot_next();
}
