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
    CMOS_BOOT_THIRD = 0x38, CMOS_TRANSLATION = 0x39, CMOS_BOOT_ORDER = 0x3D, CMOS_SETTINGS = 0x5E
};

enum { RTC_UPDATING = 0x80, RTC_SET = 0x80, RTC_PERIODIC = 0x40, RTC_ALARM = 0x20, RTC_BINARY = 0x04, RTC_24_HOURS = 0x02 };

/* Space in F000 for the tables that POST writes when there is shadow RAM, and the window in which PCI ROMs are read. */
enum { ROUTING_TABLE = 0xF100, RSDP = 0xF210, SMBIOS_ENTRY = 0xF230 };
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

/* keyboard.c: INT 15h/90h tells an operating system that the firmware is about to wait for a device, 91h that it need not any more. */
enum { DEVICE_BUSY = 0x9000, DEVICE_DONE = 0x9100, THE_FLOPPY = 0x01, THE_KEYBOARD = 0x02 };
void signal(uint8_t vector, uint16_t ax);

/* floppy.c, disk.c: what POST finds, and the reset of the floppy controller that INT 13h/00h does for disks too. */
void floppy_init(void);
void floppy_reset(void);
void disks_init(void);
void disk_name(void);

/* ata.c: statuses are those of INT 13h. ata_move() reads, writes or verifies by command byte (20h, 30h, 40h) at a linear
 * address below 1 MiB + 64 KiB; *count becomes the number of sectors done. ata_identify() leaves the drive's data in
 * scratch memory; false if there is no disk, or no packet device if that is wanted. */
bool    ata_identify(struct disk *d, bool packet, uint16_t scratch_segment, uint16_t scratch_offset);
uint8_t ata_set_geometry(const struct disk *d);
uint8_t ata_reset(const struct disk *d);
uint8_t ata_ready(const struct disk *d);
uint8_t ata_move(const struct disk *d, uint8_t command, uint64_t lba, uint16_t *count, uint32_t address);

/* atapi.c: a CD-ROM drive, blocks of 2,048 bytes; statuses are those of INT 13h. atapi_read() passes over the first `skip` bytes
 * of the blocks and stores the next `bytes`, both even. */
uint8_t atapi_ready(const struct disk *d);
uint8_t atapi_capacity(struct disk *d);              /* blocks become its total */
uint8_t atapi_read(const struct disk *d, uint32_t block, uint16_t blocks, uint32_t skip, uint32_t bytes, uint32_t address);
uint8_t atapi_lock(const struct disk *d, bool lock);
uint8_t atapi_eject(const struct disk *d);

/* edd.c: functions that disks and CD-ROMs have in common. The packet of 42h to 47h is read, and its count written back. */
struct edd_packet {
    uint8_t  size, reserved;
    uint16_t count, offset, segment;
    uint32_t lba, lba_high;
} __attribute__((packed));

enum { EDD_VERSION = 0x30, EDD_ACCESS = 1, EDD_LOCK = 2, EDD_SUPPORT = 4 };
uint8_t edd_packet(const struct disk *d, const struct regs *r, struct edd_packet *p);
void    edd_packet_done(const struct regs *r, uint16_t count);
uint8_t edd_present(struct regs *r, uint16_t subsets);
uint8_t edd_parameters(const struct disk *d, struct regs *r);

/* cdrom.c: INT 13h for CD-ROM drives E0h and up, and for the drive that a boot image stands for (El Torito 1.0). cd_emulated()
 * is 1 if the image has taken that number (00h or 80h) and moved the others up. cd_service() is false if the call is not for it. */
void    cdrom_add(struct disk *d);
uint8_t cd_emulated(uint8_t first);
bool    cd_service(struct regs *r);
void    cd_leave(void);             /* the drives have their own numbers again */

/* eltorito.c: loads the boot image of the first CD that has one, and starts it; returns if there is none. INT 13h/4Ah, 4Ch, 4Dh. */
void    eltorito_boot(void);
uint8_t eltorito_service(struct regs *r);

/* boot.c: what is said when a CD starts. */
void boot_announce_cdrom(void);

/* serial.c, printer.c: which ports there are. */
void serial_init(void);
void printer_init(void);

/* system.c */
void     a20_set(bool on);
uint32_t extended_memory_kib(void);             /* from 1 MiB up, what ACPI takes included */

/* Copies between any two places below 4 GiB; bytes are even and at most 64 KiB. */
void     physical_copy(uint32_t to, uint32_t from, uint32_t bytes);

/* apm.c: INT 15h/53h. */
void apm_service(struct regs *r);

/* pci.c: addresses, interrupts, routing table. PCI_NONE (pci.h) if there is no such function. */
void     pci_init(void);
uint16_t pci_find_class(uint16_t class);

/* pci_bios.c: INT 1Ah/B1h. */
void pci_bios_service(struct regs *r);

/* shadow.c: RAM in place of ROM while POST writes tables and option ROMs initialise; afterwards it is read-only. */
bool shadow_possible(void);
void shadow_open(void);
void shadow_close(void);

/* caches.c: memory types and caches, as far as the processor has them. */
void caches_on(void);

/* acpi.c, smbios.c: tables, after all devices were found; the end of memory that ACPI takes. */
enum { ACPI_KIB = 64 };
void acpi_init(void);
void smbios_init(void);

/* option_rom.c: the display's, then the others. */
void video_rom_run(void);
void option_roms_run(void);

/* entry.S */
bool fpu_present(void);
void processor_id(uint32_t id[2]);              /* CPUID 1: EAX and EDX, zero if there is none */
void local_apic_open(void);
void shadow_copy(void);
void option_rom_call(uint16_t segment, uint16_t offset, uint16_t function);
void mouse_call(uint32_t handler, uint32_t status_x, uint32_t y_z);
void boot_jump(uint8_t drive, uint16_t segment, uint16_t offset) __attribute__((noreturn));
void block_move(uint16_t gdt_segment, uint16_t gdt_offset, uint16_t words);

#endif
