/* acpi.c - ACPI 1.0: fills in the tables of acpi_tables.S and leaves them at the end of memory, with the pointer in
 * F000.
 *
 * The last 64 KiB of memory are no longer the system's: 60 KiB for the tables, which it may reclaim, and 4 KiB for the
 * FACS, which it may not. That is so where there is shadow RAM and the PIIX4's power management, unless bit 0 of CMOS
 * 5Eh says no. */
#include "acpi.h"

#include "bda.h"
#include "cmos.h"
#include "memory.h"
#include "mp.h"
#include "pci.h"
#include "shadow.h"

enum {
    CMOS_NO_ACPI = 0x01,
    RSDT_AT = 0x0000,
    FADT_AT = 0x0080,
    DSDT_AT = 0x0100,
    MADT_AT = 0xE000,
    FACS_AT = 0xF000,
    SMALLEST_KIB = 1024
};
enum { RSDT_BYTES = 40, FADT_BYTES = 116, FACS_BYTES = 64, MADT_BYTES = 90, LENGTH = 4, CHECKSUM = 9 };
enum { RSDT_ENTRY = 36, FADT_FACS = 36, FADT_DSDT = 40, FADT_MODEL = 44 };
enum { MULTIPLE_APIC = 1 };

extern const char acpi_rsdt[], acpi_fadt[], acpi_facs[], acpi_madt[], acpi_dsdt[], acpi_dsdt_end[];
extern const char acpi_has_mouse[], acpi_has_fdc[], acpi_has_com1[], acpi_has_com2[], acpi_has_lpt1[];

static uint16_t offset(const char *at)
{
    return (uint16_t)(uint32_t)at;
}

static void put32(uint16_t at, uint32_t v)
{
    far_put16(ROM_SEGMENT, at, (uint16_t)v);
    far_put16(ROM_SEGMENT, at + 2, v >> 16);
}

/* Makes the bytes of a table add up to zero; `checksum` is where the byte for that is. */
static void close_table(uint16_t at, uint16_t bytes, uint16_t checksum)
{
    far_put8(ROM_SEGMENT, at + checksum, 0);
    far_put8(ROM_SEGMENT, at + checksum, -far_sum(ROM_SEGMENT, at, bytes));
}

static void device_present(const char *flag, bool present)
{
    far_put8(ROM_SEGMENT, offset(flag), present ? 0x0F : 0x00);
}

/* Whether POST found a serial or printer port; the data area has four of the one, then three of the other. */
static bool has_port(uint16_t port)
{
    _Static_assert(offsetof(struct bda, lpt) == offsetof(struct bda, com) + 4 * 2, "they follow each other");
    for (unsigned i = 0; i < 7; i++)
        if (low_get16(BDA_ADDRESS(com) + i * 2) == port)
            return true;
    return false;
}

static void copy(uint32_t to, const char *from, uint16_t bytes)
{
    physical_copy(to, (uint32_t)ROM_SEGMENT * 16 + offset(from), (bytes + 1) & ~1u);
}

/* The table of APICs, and what says that it is there. */
static void fill_madt(uint32_t base)
{
    put32(offset(acpi_rsdt) + LENGTH, RSDT_BYTES + 4);
    put32(offset(acpi_rsdt) + RSDT_ENTRY + 4, base + MADT_AT);
    far_put8(ROM_SEGMENT, offset(acpi_fadt) + FADT_MODEL, MULTIPLE_APIC);
    close_table(offset(acpi_madt), MADT_BYTES, CHECKSUM);
    copy(base + MADT_AT, acpi_madt, MADT_BYTES);
}

static void fill_tables(uint32_t base)
{
    uint16_t dsdt_bytes = acpi_dsdt_end - acpi_dsdt;

    put32(offset(acpi_rsdt) + RSDT_ENTRY, base + FADT_AT);
    put32(offset(acpi_fadt) + FADT_FACS, base + FACS_AT);
    put32(offset(acpi_fadt) + FADT_DSDT, base + DSDT_AT);
    if (apics_present())
        fill_madt(base);
    device_present(acpi_has_mouse, bda_get(equipment) & 0x0004);
    device_present(acpi_has_fdc, bda_get(equipment) & 0x0001);
    device_present(acpi_has_com1, has_port(0x3F8));
    device_present(acpi_has_com2, has_port(0x2F8));
    device_present(acpi_has_lpt1, has_port(0x378));
    close_table(offset(acpi_rsdt), RSDT_BYTES + 4, CHECKSUM);
    close_table(offset(acpi_fadt), FADT_BYTES, CHECKSUM);
    close_table(offset(acpi_dsdt), dsdt_bytes, CHECKSUM);
}

static void write_pointer(uint32_t base)
{
    struct {
        char signature[8];
        uint8_t checksum;
        char oem[6];
        uint8_t revision;
        uint32_t rsdt;
    } __attribute__((packed)) p = {
        .signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '},
        .oem = {'M', 'U', 'N', 'I', 'M', 'T'},
        .rsdt = base + RSDT_AT,
    };
    _Static_assert(sizeof(p) == 20, "ACPI 1.0b, 5.2.4.1");

    far_write(ROM_SEGMENT, RSDP, &p, sizeof(p));
    close_table(RSDP, sizeof(p), 8);
}

/* After the devices were found. */
void acpi_init(void)
{
    uint32_t kib = extended_memory_kib(), base = 0x100000 + (kib - ACPI_KIB) * 1024;

    if (cmos_read(CMOS_SETTINGS) & CMOS_NO_ACPI || kib < SMALLEST_KIB || !shadow_possible() ||
        pci_find(ID_PIIX4_POWER) == PCI_NONE)
        return;
    fill_tables(base);
    copy(base + RSDT_AT, acpi_rsdt, RSDT_BYTES + 4);
    copy(base + FADT_AT, acpi_fadt, FADT_BYTES);
    copy(base + DSDT_AT, acpi_dsdt, acpi_dsdt_end - acpi_dsdt);
    copy(base + FACS_AT, acpi_facs, FACS_BYTES);
    write_pointer(base);
    far_put8(bda_get(ebda), EBDA_OFFSET(acpi_kib), ACPI_KIB);
}
