/* pci_bios.c - INT 1Ah/B1h, the PCI BIOS (PCI BIOS Specification 2.1), for 16-bit callers and, compiled once more for
 * 32-bit code segments, for those that come through the BIOS32 directory (bios32.S).
 *
 * It keeps nothing in memory and has no constants there, so that it does not matter what the caller's segments are. */
#include "pci_bios.h"

#include "pci.h"

/* clang-format off */
enum { SUCCESS = 0x00, BUFFER_TOO_SMALL = 0x59, UNSUPPORTED = 0x81, BAD_VENDOR = 0x83, NOT_FOUND = 0x86, BAD_REGISTER = 0x87,
       SET_FAILED = 0x88 };
/* clang-format on */
enum { CLASS_ISA_BRIDGE = 0x0601, ELCR = 0x4D0 };

#ifdef FLAT
typedef uint32_t address;     /* an offset of the caller */
enum { POINTER_SEGMENT = 6 }; /* where the segment of a far pointer follows, after a length of 16 bits */
#define OFFSET(r) (r)->edi
#else
typedef uint16_t address;
enum { POINTER_SEGMENT = 4 };
#define OFFSET(r) (r)->di
#endif

static uint16_t user_get16(uint16_t segment, address offset)
{
    return segment_get8(segment, offset) | segment_get8(segment, (address)(offset + 1)) << 8;
}

static void user_put16(uint16_t segment, address offset, uint16_t v)
{
    segment_put8(segment, offset, (uint8_t)v);
    segment_put8(segment, (address)(offset + 1), v >> 8);
}

/* 01h: mechanism 1, version 2.1, one bus. */
static uint8_t installation(struct regs *r)
{
    r->edx = 'P' | 'C' << 8 | 'I' << 16 | ' ' << 24;
    r->al = 0x01;
    r->bx = 0x0210;
    r->cl = 0;
    return SUCCESS;
}

/* The SI-th function whose register, without the bits that are shifted out, has that value. */
static uint8_t find(struct regs *r, uint8_t reg, uint8_t shift, uint32_t value)
{
    uint16_t left = r->si, function = PCI_NONE;

    while ((function = pci_next(function)) != PCI_NONE)
        if (pci_read32(function, reg) >> shift == value && left-- == 0) {
            r->bx = function;
            return SUCCESS;
        }
    return NOT_FOUND;
}

/* 08h to 0Dh: read and write a byte, a word, a double word of BX at register DI. */
static uint8_t access(struct regs *r)
{
    uint8_t size = (r->al - 0x08) % 3, reg = (uint8_t)r->di;

    if (r->di > 0xFF || reg & ((1 << size) - 1))
        return BAD_REGISTER;
    switch (r->al) {
    case 0x08: r->cl = pci_read8(r->bx, reg); break;
    case 0x09: r->cx = pci_read16(r->bx, reg); break;
    case 0x0A: r->ecx = pci_read32(r->bx, reg); break;
    case 0x0B: pci_write8(r->bx, reg, r->cl); break;
    case 0x0C: pci_write16(r->bx, reg, r->cx); break;
    case 0x0D: pci_write32(r->bx, reg, r->ecx); break;
    }
    return SUCCESS;
}

/* 0Eh: ES:(E)DI leads to the length of a buffer and its far address; it gets the slots of the routing table. */
static uint8_t routing_options(struct regs *r)
{
    const uint16_t wanted = ROUTING_SLOTS * sizeof(struct routing_entry);
    address at = OFFSET(r), to = user_get16(r->es, at + 2);
    uint16_t room = user_get16(r->es, at), segment = user_get16(r->es, at + POINTER_SEGMENT);

#ifdef FLAT
    to |= (address)user_get16(r->es, at + 4) << 16;
#endif
    user_put16(r->es, at, wanted);
    if (room < wanted)
        return BUFFER_TOO_SMALL;
    for (uint8_t slot = 1; slot <= ROUTING_SLOTS; slot++) {
        struct routing_entry e = routing_entry(slot);
        for (unsigned i = 0; i < sizeof(e); i++, to++)
            segment_put8(segment, to, ((uint8_t *)&e)[i]);
    }
    r->bx = PIRQ_DEDICATED;
    return SUCCESS;
}

/* 0Fh: the pin CL (0Ah for INTA#) of BX shall raise IRQ CH, which becomes level-triggered. */
static uint8_t set_interrupt(struct regs *r)
{
    uint8_t pin = r->cl - 0x0A, irq = r->ch;
    uint16_t router = PCI_NONE, function = r->bx;

    if (pin > 3 || irq > 15 || !(PIRQ_CHOICE >> irq & 1) || function >= PCI_FUNCTIONS || function < 1 << 3)
        return SET_FAILED;
    while ((router = pci_next(router)) != PCI_NONE && pci_read16(router, PCI_CLASS + 2) != CLASS_ISA_BRIDGE)
        ;
    if (router == PCI_NONE)
        return SET_FAILED;
    pci_write8(router, PIRQ_ROUTE + pci_pirq(function, pin), irq);
    outb(ELCR + irq / 8, inb(ELCR + irq / 8) | 1 << irq % 8);
    return SUCCESS;
}

static uint8_t perform(struct regs *r)
{
    switch (r->al) {
    case 0x01: return installation(r);
    case 0x02:
        if (r->dx == 0xFFFF)
            return BAD_VENDOR;
        return find(r, PCI_VENDOR, 0, (uint32_t)r->cx << 16 | r->dx);
    case 0x03: return find(r, PCI_CLASS, 8, r->ecx & 0xFFFFFF);
    case 0x08:
    case 0x09:
    case 0x0A:
    case 0x0B:
    case 0x0C:
    case 0x0D: return access(r);
    case 0x0E: return routing_options(r);
    case 0x0F: return set_interrupt(r);
    default: return UNSUPPORTED;
    }
}

/* INT 1Ah with AH = B1h. Without a bus only CF and AH say so. */
void pci_bios_service(struct regs *r)
{
    return_status(r, pci_present() ? perform(r) : UNSUPPORTED);
}
