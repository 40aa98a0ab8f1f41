/* edd.h - the functions of INT 13h/41h to 48h that disks and CD-ROMs have in common (Phoenix EDD 3.0). */
#ifndef BIOS_EDD_H
#define BIOS_EDD_H

#include "bda.h"

/* The packet of 42h to 47h is read, and its count written back. */
struct edd_packet {
    uint8_t size, reserved;
    uint16_t count, offset, segment;
    uint32_t lba, lba_high;
} __attribute__((packed));

enum { EDD_VERSION = 0x30, EDD_ACCESS = 1, EDD_LOCK = 2, EDD_SUPPORT = 4 };
uint8_t edd_packet(const struct disk *d, const struct regs *r, struct edd_packet *p);
void edd_packet_done(const struct regs *r, uint16_t count);
uint8_t edd_present(struct regs *r, uint16_t subsets);
uint8_t edd_parameters(const struct disk *d, struct regs *r);

#endif
