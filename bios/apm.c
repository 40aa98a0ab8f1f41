/* apm.c - power management (Advanced Power Management BIOS Interface Specification 1.2), for INT 15h/53h and, compiled
 * once more for 32-bit code segments, for the entries that its protected-mode interfaces name (apm_entry.S).
 *
 * One byte in the EBDA is its memory; the caller's data segment is made of that. There are no constants in memory.
 * Power goes off by the PIIX4 (82371AB, 7.3), or by writing "Shutdown" to port 8900h, the convention of Bochs that the
 * machine shares. */
#include "apm.h"

#include "bda.h"
#include "pci.h"

enum { NOTHING = 0, REAL = 1, PROTECTED_16 = 2, PROTECTED_32 = 3 }; /* ways to be connected */
/* clang-format off */
enum { OK = 0, REAL_CONNECTED = 0x02, NOT_CONNECTED = 0x03, PM16_CONNECTED = 0x05, PM32_CONNECTED = 0x07, BAD_DEVICE = 0x09,
       BAD_PARAMETER = 0x0A, CANNOT_ENTER = 0x60, NO_EVENT = 0x80, UNSUPPORTED = 0x86 };
/* clang-format on */
enum {
    BIOS = 0x0000,
    ALL_DEVICES = 0x0001,
    ALL_DEVICES_1_0 = 0xFFFF,
    VERSION = 0x0102,
    POWER_OFF = 3,
    BOTH_PROTECTED = 0x0003
};
enum { SLEEP_NOW = 0x2000, SHUTDOWN_PORT = 0x8900 };

static void power_off(void)
{
    uint32_t letters[2] = {'S' | 'h' << 8 | 'u' << 16 | 't' << 24, 'd' | 'o' << 8 | 'w' << 16 | 'n' << 24};
    uint16_t function = pci_find(ID_PIIX4_POWER);

    interrupts_off();
    if (function != PCI_NONE)
        outw((pci_read16(function, POWER_BASE) & 0xFFC0) + POWER_CONTROL, SLEEP_NOW); /* kind of sleep 0: soft off */
    for (unsigned i = 0; i < 8; i++)
        outb(SHUTDOWN_PORT, letters[i / 4] >> 8 * (i % 4));
    for (;;)
        asm volatile("hlt");
}

static uint8_t device(uint16_t id)
{
    return id == BIOS || id == ALL_DEVICES ? OK : BAD_DEVICE;
}

static uint8_t management_device(uint16_t id)
{
    return id == ALL_DEVICES_1_0 ? OK : device(id);
}

static uint8_t idle(void)
{
    wait_for_interrupt();
    return OK;
}

static uint8_t set_power_state(const struct regs *r)
{
    if (r->cx > POWER_OFF)
        return BAD_PARAMETER;
    if (r->bx != ALL_DEVICES)
        return BAD_DEVICE;
    if (r->cx == POWER_OFF)
        power_off();
    return r->cx ? CANNOT_ENTER : OK;
}

/* Mains, no battery. */
static uint8_t power_status(struct regs *r)
{
    if (r->bx != ALL_DEVICES)
        return BAD_DEVICE;
    r->bx = 0x01FF;
    r->cx = 0x80FF;
    r->dx = 0xFFFF;
    r->si = 0;
    return OK;
}

static uint8_t installation(struct regs *r)
{
    if (r->bx != BIOS)
        return BAD_DEVICE;
    r->ax = VERSION;
    r->bx = 'P' << 8 | 'M';
    r->cx = BOTH_PROTECTED;
    return OK;
}

/* 0Eh: the version that both sides know. */
static uint8_t driver_version(struct regs *r)
{
    r->ax = r->cx < VERSION ? r->cx : VERSION;
    return r->bx == BIOS ? OK : BAD_DEVICE;
}

static uint8_t disconnect(const struct regs *r, uint16_t data)
{
    if (r->bx != BIOS)
        return BAD_DEVICE;
    if (segment_get8(data, EBDA_OFFSET(apm_connection)) == NOTHING)
        return NOT_CONNECTED;
    segment_put8(data, EBDA_OFFSET(apm_connection), NOTHING);
    return OK;
}

/* What can be asked for in every mode. No event ever needs to be reported. */
static uint8_t function(struct regs *r, uint16_t data)
{
    switch (r->al) {
    case 0x00: return installation(r);
    case 0x04: return disconnect(r, data);
    case 0x05: return idle();
    case 0x06: return OK;
    case 0x07: return set_power_state(r);
    case 0x08:
    case 0x0D:
    case 0x0F: return r->cx > 1 && r->al != 0x0D ? BAD_PARAMETER : management_device(r->bx);
    case 0x09: return management_device(r->bx);
    case 0x0A: return power_status(r);
    case 0x0B: return NO_EVENT;
    case 0x0C: r->cx = 0; return device(r->bx);
    case 0x0E: return driver_version(r);
    case 0x10:
        r->bl = 0;
        r->cx = 0;
        return OK;
    default: return UNSUPPORTED;
    }
}

/* AH holds the version after 00h and 0Eh, else the status. */
static void answer(struct regs *r, uint8_t status)
{
    if (status)
        return_status(r, status);
    else
        clear_cf(r);
}

static bool needs_connection(uint8_t al)
{
    return al != 0x00 && al != 0x04;
}

/* From the protected-mode entries, in the way in which the caller has to be connected. */
void apm_protected(struct regs *r, uint16_t data, uint8_t way)
{
    bool connected = segment_get8(data, EBDA_OFFSET(apm_connection)) == way;

    answer(r, connected || !needs_connection(r->al) ? function(r, data) : NOT_CONNECTED);
}

#ifndef FLAT
extern const char apm_entry16[], apm_entry32[];

/* 01h to 03h. The segments that the caller shall make are the ROM, for 32-bit and for 16-bit code, and the EBDA. */
static uint8_t connect(struct regs *r)
{
    uint8_t now = segment_get8(bda_get(ebda), EBDA_OFFSET(apm_connection));

    if (r->bx != BIOS)
        return BAD_DEVICE;
    if (now != NOTHING)
        return now == REAL ? REAL_CONNECTED : now == PROTECTED_16 ? PM16_CONNECTED : PM32_CONNECTED;
    segment_put8(bda_get(ebda), EBDA_OFFSET(apm_connection), r->al);
    if (r->al == PROTECTED_16) {
        r->ax = ROM_SEGMENT;
        r->bx = (uint16_t)(uint32_t)apm_entry16;
        r->cx = bda_get(ebda);
        r->si = 0xFFFF;
        r->di = sizeof(struct ebda);
    } else if (r->al == PROTECTED_32) {
        r->ax = r->cx = ROM_SEGMENT;
        r->ebx = (uint32_t)apm_entry32;
        r->dx = bda_get(ebda);
        r->esi = 0xFFFFFFFF; /* the lengths of both code segments */
        r->di = sizeof(struct ebda);
    }
    return OK;
}

/* INT 15h/53h. It serves those too who have not connected. */
void apm_service(struct regs *r)
{
    if (r->al >= REAL && r->al <= PROTECTED_32)
        answer(r, connect(r));
    else
        answer(r, function(r, bda_get(ebda)));
}
#endif
