/* system.h - what the services of the system BIOS use of each other. */
#ifndef BIOS_SYSTEM_H
#define BIOS_SYSTEM_H

#include "bda.h"

/* CMOS registers: the clock, and the configuration as QEMU and Bochs lay it out. */
enum {
    CMOS_SECOND = 0x00, CMOS_SECOND_ALARM = 0x01, CMOS_MINUTE = 0x02, CMOS_MINUTE_ALARM = 0x03, CMOS_HOUR = 0x04,
    CMOS_HOUR_ALARM = 0x05, CMOS_DAY = 0x07, CMOS_MONTH = 0x08, CMOS_YEAR = 0x09, CMOS_STATUS_A = 0x0A,
    CMOS_STATUS_B = 0x0B, CMOS_STATUS_C = 0x0C, CMOS_FLOPPY_TYPES = 0x10, CMOS_BASE_MEMORY = 0x15,
    CMOS_EXTENDED_MEMORY = 0x17, CMOS_EXTENDED_MEMORY2 = 0x30, CMOS_CENTURY = 0x32, CMOS_HIGH_MEMORY = 0x34,
    CMOS_BOOT_THIRD = 0x38, CMOS_TRANSLATION = 0x39, CMOS_BOOT_ORDER = 0x3D
};

enum { RTC_UPDATING = 0x80, RTC_SET = 0x80, RTC_PERIODIC = 0x40, RTC_ALARM = 0x20, RTC_BINARY = 0x04, RTC_24_HOURS = 0x02 };

/* Space in F000 for the tables that POST writes when there is shadow RAM, and the window in which PCI ROMs are read. */
enum { ROUTING_TABLE = 0xF100, RSDP = 0xF210, SMBIOS_ENTRY = 0xF230, SMBIOS_TABLE = 0xF250, TABLES_END = 0xF840 };
#define PCI_ROM_WINDOW 0xFE000000u
#define PCI_ROM_WINDOW_END 0xFEC00000u

/* clock.c: CMOS and the clock. rtc_read_bcd() answers in BCD whatever the clock counts in. */
uint8_t  cmos_read(uint8_t reg);
uint16_t cmos_read16(uint8_t reg);
uint8_t  rtc_read_bcd(uint8_t reg);
void     clock_init(void);

/* Sets bit 7 of a byte after that time, by the periodic interrupt of the clock. False: such a wait is running. */
bool wait_begin(uint16_t flag_segment, uint16_t flag_offset, uint32_t microseconds);
void wait_cancel(void);

/* post.c: messages, through INT 10h. */
void print(const ROM char *s);
void print_number(uint32_t v);
void print_hex8(uint8_t v);
void print_char(char c);

/* keyboard.c. The controller is written to when it can take a byte; false if it never can. */
void keyboard_init(void);
bool keyboard_controller_write(uint16_t port, uint8_t v);
void processor_reset(void) __attribute__((noreturn));

/* mouse.c: INT 15h/C2h; whether there is a pointing device. */
void mouse_init(void);
void mouse_service(struct regs *r);

/* floppy.c, disk.c: what POST finds, and the reset of the floppy controller that INT 13h/00h does for disks too. */
void floppy_init(void);
void floppy_reset(void);
void disks_init(void);

/* ata.c: statuses are those of INT 13h. ata_move() reads, writes or verifies by command byte (20h, 30h, 40h) at a linear
 * address below 1 MiB + 64 KiB; *count becomes the number of sectors done. ata_identify() leaves the drive's data in
 * scratch memory; false if there is no disk. */
bool    ata_identify(struct disk *d, uint16_t scratch_segment, uint16_t scratch_offset);
uint8_t ata_set_geometry(const struct disk *d);
uint8_t ata_reset(const struct disk *d);
uint8_t ata_ready(const struct disk *d);
uint8_t ata_move(const struct disk *d, uint8_t command, uint64_t lba, uint16_t *count, uint32_t address);

/* serial.c, printer.c: which ports there are. */
void serial_init(void);
void printer_init(void);

/* system.c */
void     a20_set(bool on);
uint32_t extended_memory_kib(void);

/* Copies between any two places below 4 GiB; bytes are even and at most 64 KiB. */
void     physical_copy(uint32_t to, uint32_t from, uint32_t bytes);

/* pci.c: addresses, interrupts, routing table. PCI_NONE (pci.h) if there is no such function. */
void     pci_init(void);
uint16_t pci_find_class(uint16_t class);

/* pci_bios.c: INT 1Ah/B1h. */
void pci_bios_service(struct regs *r);

/* shadow.c: RAM in place of ROM while POST writes tables and option ROMs initialise; afterwards it is read-only. */
void shadow_open(void);
void shadow_close(void);

/* option_rom.c: the display's, then the others. */
void video_rom_run(void);
void option_roms_run(void);

/* entry.S */
bool fpu_present(void);
void local_apic_open(void);
void shadow_copy(void);
void option_rom_call(uint16_t segment, uint16_t offset, uint16_t function);
void mouse_call(uint32_t handler, uint32_t status_x, uint32_t y_z);
void boot_jump(uint8_t drive) __attribute__((noreturn));
void block_move(uint16_t gdt_segment, uint16_t gdt_offset, uint16_t words);

#endif
