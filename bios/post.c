/* post.c - power-on: set up the chips, the vectors and the data areas, run option ROMs, say what was found, boot.
 *
 * Each step leaves its number on port 80h. Chips are programmed as their data sheets and the IBM PC AT do: vectors 08h
 * and 70h for the interrupt controllers, counter 0 at 18.2 Hz, DMA channel 4 as cascade. */
#include "acpi.h"
#include "bda.h"
#include "caches.h"
#include "cmos.h"
#include "controller.h"
#include "disk.h"
#include "floppy.h"
#include "keyboard.h"
#include "memory.h"
#include "mouse.h"
#include "mp.h"
#include "option_rom.h"
#include "pci.h"
#include "pci_setup.h"
#include "print.h"
#include "printer.h"
#include "processor.h"
#include "serial.h"
#include "shadow.h"
#include "smbios.h"

extern const char int70_entry[], int71_entry[], int74_entry[], int75_entry[], int76_entry[];

enum { VECTOR_TABLE = 0xFEF3, UNCLAIMED = 0xFF23 }; /* offsets of vectors 08h to 1Fh */

static void post_code(uint8_t step)
{
    outb(0x80, step);
}

/* clang-format off */
/* Port writes in order: port, value. */
static ROM_DATA struct { uint16_t port; uint8_t value; } chip_setup[] = {
    {0x0D, 0x00}, {0xDA, 0x00},                                             /* 8237: master clear, both */
    {0x08, 0x00}, {0xD0, 0x00}, {0xD6, 0xC0}, {0xD4, 0x00},                 /* channel 4 cascades the first */
    {0x20, 0x11}, {0x21, 0x08}, {0x21, 0x04}, {0x21, 0x01}, {0x21, 0xB8},   /* 8259: IRQ 0, 1, 2, 6 */
    {0xA0, 0x11}, {0xA1, 0x70}, {0xA1, 0x02}, {0xA1, 0x01}, {0xA1, 0x3E},   /* IRQ 8, 14, 15 */
    {0x43, 0x36}, {0x40, 0x00}, {0x40, 0x00},                               /* 8254: 18.2 Hz */
    {0x43, 0x54}, {0x41, 18},                                               /* refresh, every 15 us */
    {0x43, 0xB6}, {0x42, 0x33}, {0x42, 0x05},                               /* 896 Hz tone, */
    {0x61, 0x00},                                                           /* not heard */
    {0xF0, 0x00},                                                           /* no coprocessor error */
};
/* clang-format on */

static void chips_init(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(chip_setup); i++)
        outb(rom_get(chip_setup[i].port), rom_get(chip_setup[i].value));
}

/* Base memory less 1 KiB for the EBDA. Of the data area only the warm start flag survives a reset. */
static void memory_init(void)
{
    uint16_t kib = cmos_read16(CMOS_BASE_MEMORY);
    uint16_t reset_flag = bda_get(reset_flag);

    if (kib < 128 || kib > 640)
        kib = 640;
    far_fill16(0x40, 0, 0, 0x100 / 2);
    bda_put(reset_flag, reset_flag);
    bda_put(memory_kib, kib - 1);
    bda_put(ebda, (kib - 1) * 64);
    far_fill16(bda_get(ebda), 0, 0, sizeof(struct ebda) / 2);
    far_put8(bda_get(ebda), EBDA_OFFSET(kib), 1);
}

static void rom_vector(uint8_t n, const char *entry)
{
    set_vector(n, ROM_SEGMENT, (uint16_t)(uint32_t)entry);
}

static void vectors_init(void)
{
    for (unsigned n = 0; n < 0x78; n++)
        set_vector(n, ROM_SEGMENT, 0xFF53);
    for (unsigned n = 0; n < 8; n++) {
        set_vector(0x70 + n, ROM_SEGMENT, UNCLAIMED);
        set_vector(0x60 + n, 0, 0);
    }
    for (unsigned n = 0x78; n < 0x100; n++)
        set_vector(n, 0, 0);
    for (unsigned n = 0x08; n < 0x1F; n++)
        set_vector(n, ROM_SEGMENT, far_get16(ROM_SEGMENT, VECTOR_TABLE + (n - 8) * 2));
    set_vector(0x02, ROM_SEGMENT, 0xE2C3);
    set_vector(0x05, ROM_SEGMENT, 0xFF54);
    set_vector(0x40, ROM_SEGMENT, 0xEC59);
    rom_vector(0x70, int70_entry);
    rom_vector(0x71, int71_entry);
    rom_vector(0x74, int74_entry);
    rom_vector(0x75, int75_entry);
    rom_vector(0x76, int76_entry);
    rom_vector(0x77, int76_entry);
    set_vector(0x1F, 0, 0);
    set_vector(0x41, bda_get(ebda), EBDA_OFFSET(fdpt[0]));
    set_vector(0x46, bda_get(ebda), EBDA_OFFSET(fdpt[1]));
}

static ROM_DATA char sign_on[] = "Muniment BIOS 0. F12 for a choice of where to start from\n";
static ROM_DATA char kib_base[] = " KiB base memory, ";
static ROM_DATA char kib_extended[] = " KiB extended\n";

static void print_memory(void)
{
    print_number(bda_get(memory_kib) + 1);
    print(kib_base);
    print_number(extended_memory_kib());
    print(kib_extended);
}

void post(void)
{
    post_code(0x01);
    local_apic_open();
    caches_on();
    chips_init();
    shadow_open();
    post_code(0x02);
    memory_init();
    vectors_init();
    pci_init();
    post_code(0x03);
    bda_put(equipment, 0x0020 | (fpu_present() ? 0x0002 : 0));
    a20_set(false);
    keyboard_init();
    mouse_init();
    post_code(0x04);
    clock_init();
    interrupts_on();
    post_code(0x05);
    video_rom_run();
    print(sign_on);
    print_memory();
    post_code(0x06);
    serial_init();
    printer_init();
    post_code(0x07);
    floppy_init();
    post_code(0x08);
    disks_init();
    post_code(0x09);
    option_roms_run();
    acpi_init();
    smbios_init();
    mp_init();
    shadow_close();
    post_code(0x0A);
    struct call call = {.ax = 0};
    soft_int(0x19, &call);
}
