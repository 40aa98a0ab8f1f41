/* shadow.c - RAM in place of ROM from C0000h to FFFFFh, by the PAM registers of the host bridge (Intel 82441FX,
 * 3.2.20).
 *
 * A nibble of PAM1 to PAM6 rules 16 KiB: bit 0 sends reads, bit 1 writes to RAM. Where the bridge is another, or there
 * is none, ROM stays ROM, and no tables are written there. */
#include "shadow.h"

#include "pci.h"
#include "processor.h"

enum { HOST_BRIDGE = 0, PAM0 = 0x59, PAM1 = 0x5A, READ_ONLY = 0x1, PARTS = 12, PART_PARAGRAPHS = 0x400 };

bool shadow_possible(void)
{
    uint32_t id = pci_present() ? pci_read32(HOST_BRIDGE, PCI_VENDOR) : 0;
    return id == ID_440FX || id == ID_440BX;
}

/* A processor that was reset may have left RAM there: what counts is the ROM. */
void shadow_open(void)
{
    if (!shadow_possible())
        return;
    for (uint8_t i = 0; i < 7; i++)
        pci_write8(HOST_BRIDGE, PAM0 + i, 0);
    shadow_copy();
}

/* Whether all 16 KiB have one value: nothing is there. */
static bool part_is_empty(uint16_t segment)
{
    uint32_t at = 0, left = PART_PARAGRAPHS * 4, first = far_get16(segment, 0) | (uint32_t)far_get16(segment, 2) << 16;
    bool same;

    asm volatile("pushw %%es; movw %w3, %%es; cld; repe scasl; popw %%es; sete %2"
                 : "+D"(at), "+c"(left), "=q"(same)
                 : "r"(segment), "a"(first)
                 : "memory");
    return same;
}

void shadow_close(void)
{
    if (!shadow_possible())
        return;
    for (uint8_t part = 0; part < PARTS; part += 2) {
        uint16_t segment = 0xC000 + part * PART_PARAGRAPHS;
        uint8_t low = part_is_empty(segment) ? 0 : READ_ONLY;
        uint8_t high = part_is_empty(segment + PART_PARAGRAPHS) ? 0 : READ_ONLY;
        pci_write8(HOST_BRIDGE, PAM1 + part / 2, high << 4 | low);
    }
    pci_write8(HOST_BRIDGE, PAM0, READ_ONLY << 4);
}
