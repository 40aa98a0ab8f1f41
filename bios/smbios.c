/* smbios.c - fills in the structures of smbios_tables.S and writes the entry point, where F000 can be written (System
 * Management BIOS Reference Specification 2.4). */
#include "smbios.h"

#include "bda.h"
#include "memory.h"
#include "processor.h"
#include "shadow.h"

enum { STRUCTURES = 9, LARGEST = 0x30, TABLE_ACPI = 0x01 };

extern const char smbios_structures[], smbios_end[], smbios_processor_id[], smbios_capacity[], smbios_memory_size[],
    smbios_mapped_end[], smbios_acpi[];

static uint16_t offset(const char *at)
{
    return (uint16_t)(uint32_t)at;
}

static void put32(const char *at, uint32_t v)
{
    far_put16(ROM_SEGMENT, offset(at), (uint16_t)v);
    far_put16(ROM_SEGMENT, offset(at) + 2, v >> 16);
}

struct entry_point {
    char anchor[4];
    uint8_t checksum, length, major, minor;
    uint16_t largest;
    uint8_t revision, formatted[5];
    char dmi_anchor[5];
    uint8_t dmi_checksum;
    uint16_t bytes;
    uint32_t address;
    uint16_t count;
    uint8_t bcd_revision;
} __attribute__((packed));

_Static_assert(sizeof(struct entry_point) == 31, "SMBIOS 2.4, 2.1.1");

static uint8_t sum(const uint8_t *p, unsigned bytes)
{
    uint8_t v = 0;
    while (bytes--)
        v += *p++;
    return v;
}

void smbios_init(void)
{
    uint32_t kib = extended_memory_kib() + 1024, id[2];
    struct entry_point e = {
        .anchor = {'_', 'S', 'M', '_'},
        .length = sizeof(e),
        .major = 2,
        .minor = 4,
        .largest = LARGEST,
        .dmi_anchor = {'_', 'D', 'M', 'I', '_'},
        .bytes = smbios_end - smbios_structures,
        .count = STRUCTURES,
        .bcd_revision = 0x24,
        .address = (uint32_t)ROM_SEGMENT * 16 + offset(smbios_structures),
    };

    if (!shadow_possible())
        return;
    processor_id(id);
    put32(smbios_processor_id, id[0]);
    put32(smbios_processor_id + 4, id[1]);
    put32(smbios_capacity, kib);
    put32(smbios_mapped_end, kib - 1);
    far_put16(ROM_SEGMENT, offset(smbios_memory_size), kib >> 10);
    far_put8(ROM_SEGMENT, offset(smbios_acpi), far_get8(bda_get(ebda), EBDA_OFFSET(acpi_kib)) ? TABLE_ACPI : 0);
    e.dmi_checksum = -sum((uint8_t *)e.dmi_anchor, 15);
    e.checksum = -sum((uint8_t *)&e, sizeof(e));
    far_write(ROM_SEGMENT, SMBIOS_ENTRY, &e, sizeof(e));
}
