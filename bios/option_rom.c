/* option_rom.c - option ROMs: those that lie in the address space, and those of PCI cards, which are copied there.
 *
 * A ROM begins with 55 AA, its length in units of 512 bytes and its entry point, and its bytes add up to zero. A PCI
 * ROM holds images one after the other, each with a structure that says what it is for (PCI Local Bus Specification
 * 2.1, 6.3). A Plug and Play header says how a card boots (Plug and Play BIOS Specification 1.0A, 3; BIOS Boot
 * Specification 1.01). */
#include "option_rom.h"

#include "bda.h"
#include "memory.h"
#include "pci.h"
#include "processor.h"

enum { VIDEO_SEGMENT = 0xC000, FIRST_SEGMENT = 0xC800, END_SEGMENT = 0xF000, ALIGNMENT = 0x80 };
enum { CLASS_VGA = 0x0300, ENTRY_INIT = 3, ROM_ENABLE = 1, CODE_PC = 0, LAST_IMAGE = 0x80, MAX_IMAGES = 8 };
enum { PNP_HEADER_AT = 0x1A, PNP_CONNECTION = 0x16, PNP_BOOT = 0x1A };
enum { SCRATCH = EBDA_OFFSET(sector) };

static bool rom_begins_at(uint16_t segment)
{
    return far_get16(segment, 0) == 0xAA55 && far_get8(segment, 2) != 0;
}

/* The length of a ROM, 0 if there is none or it is damaged. */
static uint16_t rom_paragraphs(uint16_t segment)
{
    uint16_t units = far_get8(segment, 2);
    uint8_t sum = 0;

    if (!rom_begins_at(segment))
        return 0;
    for (uint16_t i = 0; i < units; i++)
        sum += far_sum(segment + i * 32, 0, 512);
    return sum == 0 ? units * 32 : 0;
}

/* A card that can be booted from is noted; one that wants to join INT 13h does it here. */
static void use_pnp_header(uint16_t segment, uint16_t function)
{
    uint16_t at = far_get16(segment, PNP_HEADER_AT);

    if (at == 0 || far_get16(segment, at) != ('$' | 'P' << 8) || far_get16(segment, at + 2) != ('n' | 'P' << 8))
        return;
    uint16_t connection = far_get16(segment, at + PNP_CONNECTION), boot = far_get16(segment, at + PNP_BOOT);
    if (connection)
        option_rom_call(segment, connection, function);
    if (boot && far_get16(bda_get(ebda), EBDA_OFFSET(boot_entry)) == 0) {
        far_put16(bda_get(ebda), EBDA_OFFSET(boot_entry), boot);
        far_put16(bda_get(ebda), EBDA_OFFSET(boot_entry) + 2, segment);
        far_put16(bda_get(ebda), EBDA_OFFSET(boot_function), function);
    }
}

/* Returns where the next ROM may lie: a ROM may have made itself smaller. */
static uint16_t rom_run(uint16_t segment, uint16_t function)
{
    option_rom_call(segment, ENTRY_INIT, function);
    if (!rom_begins_at(segment))
        return segment;
    use_pnp_header(segment, function);
    return segment + ((far_get8(segment, 2) * 32 + ALIGNMENT - 1) & -ALIGNMENT);
}

/* One image of a PCI ROM: its header and PCI data structure. */
struct image {
    uint32_t length; /* to the next one */
    uint16_t units;  /* of 512 bytes that it wants to have in memory */
    uint8_t code, indicator;
};

/* Reads what is at a multiple of 2; the header of an image lies in its first 512 bytes nearly always, its data
 * anywhere. */
static void rom_peek(uint32_t from, uint16_t bytes)
{
    physical_copy((uint32_t)bda_get(ebda) * 16 + SCRATCH, from, bytes);
}

static bool image_describe(struct image *image, uint32_t at)
{
    rom_peek(at, 28);
    uint16_t signature = far_get16(bda_get(ebda), SCRATCH), data = far_get16(bda_get(ebda), SCRATCH + 0x18);
    image->units = far_get8(bda_get(ebda), SCRATCH + 2);
    rom_peek(at + data, 24);
    image->length = far_get16(bda_get(ebda), SCRATCH + 0x10) * 512u;
    image->code = far_get8(bda_get(ebda), SCRATCH + 0x14);
    image->indicator = far_get8(bda_get(ebda), SCRATCH + 0x15);
    return signature == 0xAA55 && !(data & 1) && image->length &&
           far_get16(bda_get(ebda), SCRATCH) == ('P' | 'C' << 8) &&
           far_get16(bda_get(ebda), SCRATCH + 2) == ('I' | 'R' << 8);
}

static void copy_image(uint16_t segment, uint32_t from, uint32_t bytes)
{
    for (uint32_t to = (uint32_t)segment * 16; bytes;) {
        uint32_t part = bytes > 0x8000 ? 0x8000 : bytes;
        physical_copy(to, from, part);
        to += part;
        from += part;
        bytes -= part;
    }
}

/* Copies the image for PCs to a segment, if it fits below the end. */
static bool load_image(uint32_t at, uint32_t end, uint16_t segment)
{
    struct image image;

    for (int i = 0; i < MAX_IMAGES && at < end && image_describe(&image, at); i++, at += image.length) {
        if (image.code == CODE_PC) {
            if (image.units == 0 || segment + image.units * 32u > END_SEGMENT)
                return false;
            copy_image(segment, at, image.units * 512u);
            return true;
        }
        if (image.indicator & LAST_IMAGE)
            break;
    }
    return false;
}

/* The ROM of a card appears in a window of its own only while it is copied. */
static bool rom_load(uint16_t function, uint16_t segment)
{
    uint16_t command = pci_read16(function, PCI_COMMAND);
    bool loaded = false;

    if (pci_read8(function, PCI_HEADER) & 0x7F)
        return false;
    pci_write32(function, PCI_ROM, 0xFFFFFFFE);
    uint32_t size = -(pci_read32(function, PCI_ROM) & 0xFFFFF800);
    if (size && size <= PCI_ROM_WINDOW_END - PCI_ROM_WINDOW) {
        pci_write32(function, PCI_ROM, PCI_ROM_WINDOW | ROM_ENABLE);
        pci_write16(function, PCI_COMMAND, command | PCI_MEMORY);
        loaded = load_image(PCI_ROM_WINDOW, PCI_ROM_WINDOW + size, segment);
        pci_write16(function, PCI_COMMAND, command);
    }
    pci_write32(function, PCI_ROM, 0);
    return loaded;
}

/* The display's ROM, from its card if none is at C0000 already. */
void video_rom_run(void)
{
    uint16_t card = pci_find_class(CLASS_VGA);

    if (!rom_begins_at(VIDEO_SEGMENT) && card != PCI_NONE)
        rom_load(card, VIDEO_SEGMENT);
    if (rom_paragraphs(VIDEO_SEGMENT))
        option_rom_call(VIDEO_SEGMENT, ENTRY_INIT, card == PCI_NONE ? 0 : card);
}

static uint16_t after_video_rom(void)
{
    uint16_t end = VIDEO_SEGMENT + ((rom_paragraphs(VIDEO_SEGMENT) + ALIGNMENT - 1) & -ALIGNMENT);
    return end > FIRST_SEGMENT ? end : FIRST_SEGMENT;
}

void option_roms_run(void)
{
    uint16_t card = PCI_NONE, free = after_video_rom();

    for (uint16_t segment = free; segment < END_SEGMENT;) {
        if (rom_paragraphs(segment))
            free = segment = rom_run(segment, 0);
        else
            segment += ALIGNMENT;
    }
    if (!pci_present())
        return;
    while ((card = pci_next(card)) != PCI_NONE)
        if (pci_read16(card, PCI_CLASS + 2) != CLASS_VGA && rom_load(card, free) && rom_paragraphs(free))
            free = rom_run(free, card);
}
