/* system.c - INT 15h: memory, address line 20, waits, block moves; power management is in apm.c. */
#include "apm.h"
#include "bda.h"
#include "cmos.h"
#include "controller.h"
#include "memory.h"
#include "mouse.h"

enum { UNSUPPORTED = 0x86 };

static void a20_service(struct regs *r)
{
    return_status(r, 0);
    switch (r->al) {
    case 0x00: a20_set(false); break;
    case 0x01: a20_set(true); break;
    case 0x02:
        r->al = a20_enabled();
        r->cx = 0;
        break;
    case 0x03: r->bx = 0x0003; break; /* keyboard controller and port 92h */
    default: return_status(r, UNSUPPORTED);
    }
}

/* Without what ACPI takes at the end. */
static uint32_t system_memory_kib(void)
{
    return extended_memory_kib() - far_get8(bda_get(ebda), EBDA_OFFSET(acpi_kib));
}

static void memory_88(struct regs *r)
{
    uint32_t kib = system_memory_kib();
    clear_cf(r);
    r->ax = kib > 0xFC00 ? 0xFC00 : kib;
}

/* 8Ah: all of it, in DX:AX. */
static void memory_8a(struct regs *r)
{
    uint32_t kib = system_memory_kib();
    clear_cf(r);
    r->ax = (uint16_t)kib;
    r->dx = kib >> 16;
}

/* KiB from 1 to 16 MiB, and 64 KiB units above. */
static void memory_e801(struct regs *r, bool wide)
{
    uint32_t kib = system_memory_kib(), low = kib > 15 * 1024 ? 15 * 1024 : kib, high = (kib - low) / 64;

    clear_cf(r);
    r->ax = r->cx = low;
    r->bx = r->dx = high;
    if (wide) {
        r->eax = r->ecx = low;
        r->ebx = r->edx = high;
    }
}

enum { RAM = 1, RESERVED = 2, ACPI_DATA = 3, ACPI_NVS = 4, SMAP = 0x534D4150, MAP_ENTRIES = 7, NVS_KIB = 4 };

struct map_entry {
    uint32_t base, base_high, length, length_high, type;
};

/* From the lowest address up. The two regions of ACPI have no length where there is none. */
static struct map_entry map_entry(uint32_t n)
{
    uint32_t ebda = bda_get(ebda) * 16, end = 0x100000 + extended_memory_kib() * 1024;
    uint32_t acpi = far_get8(bda_get(ebda), EBDA_OFFSET(acpi_kib)) * 1024u, nvs = acpi ? NVS_KIB * 1024 : 0;

    /* clang-format off */
    switch (n) {
    case 0:  return (struct map_entry){.base = 0, .length = ebda, .type = RAM};
    case 1:  return (struct map_entry){.base = ebda, .length = 0xA0000 - ebda, .type = RESERVED};
    case 2:  return (struct map_entry){.base = 0xF0000, .length = 0x10000, .type = RESERVED};
    case 3:  return (struct map_entry){.base = 0x100000, .length = end - acpi - 0x100000, .type = RAM};
    case 4:  return (struct map_entry){.base = end - acpi, .length = acpi - nvs, .type = ACPI_DATA};
    case 5:  return (struct map_entry){.base = end - nvs, .length = nvs, .type = ACPI_NVS};
    default: return (struct map_entry){.base = 0xFFFF0000, .length = 0x10000, .type = RESERVED};
    }
    /* clang-format on */
}

static void memory_e820(struct regs *r)
{
    if (r->edx != SMAP || r->ecx < sizeof(struct map_entry) || r->ebx >= MAP_ENTRIES) {
        return_status(r, UNSUPPORTED);
        return;
    }
    struct map_entry entry = map_entry(r->ebx);
    far_write(r->es, r->di, &entry, sizeof(entry));
    r->eax = SMAP;
    r->ecx = sizeof(entry);
    do
        r->ebx++;
    while (r->ebx < MAP_ENTRIES && map_entry(r->ebx).length == 0);
    if (r->ebx == MAP_ENTRIES)
        r->ebx = 0;
    clear_cf(r);
}

/* 87h: ES:SI is a table of six descriptors. The caller filled in source (10h) and destination (18h). */
static void block_move_service(struct regs *r)
{
    uint32_t status;

    asm("smsw %0" : "=r"(status));
    if (r->cx > 0x8000 || status & 1) { /* in virtual-8086 mode the monitor serves this, or it cannot be served */
        return_status(r, status & 1 ? UNSUPPORTED : 0x02);
        return;
    }
    memory_move(r->es, r->si, r->cx);
    return_status(r, 0);
}

/* 83h: AL = 0 sets bit 7 of the byte at ES:BX after CX:DX microseconds, AL = 1 cancels that. */
static void event_wait(struct regs *r)
{
    clear_cf(r);
    if (r->al == 1)
        wait_cancel();
    else if (r->al != 0 || !wait_begin(r->es, r->bx, (uint32_t)r->cx << 16 | r->dx))
        return_status(r, UNSUPPORTED);
}

/* 86h, in HLT. */
static void wait(struct regs *r)
{
    interrupts_off();
    if (!wait_begin(0x40, offsetof(struct bda, wait_active), (uint32_t)r->cx << 16 | r->dx)) {
        return_status(r, 0x83);
        return;
    }
    while (!(bda_get(wait_active) & 0x80))
        wait_for_interrupt();
    bda_put(wait_active, 0);
    return_status(r, 0);
}

static void memory_e8(struct regs *r)
{
    switch (r->al) {
    case 0x01: memory_e801(r, false); break;
    case 0x20: memory_e820(r); break;
    case 0x81: memory_e801(r, true); break;
    default: return_status(r, UNSUPPORTED);
    }
}

/* INT 15h; 4Fh, 90h and 91h are answered in entry.S. 80h to 82h and 85h are hooks for operating systems. */
void system_service(struct regs *r)
{
    switch (r->ah) {
    case 0x24: a20_service(r); break;
    case 0x53: apm_service(r); break;
    case 0x80:
    case 0x81:
    case 0x82:
    case 0x85: return_status(r, 0); break;
    case 0x83: event_wait(r); break;
    case 0x86: wait(r); break;
    case 0x87: block_move_service(r); break;
    case 0x88: memory_88(r); break;
    case 0x8A: memory_8a(r); break;
    case 0xC0:
        return_status(r, 0);
        r->es = ROM_SEGMENT;
        r->bx = 0xE6F5;
        break;
    case 0xC1:
        clear_cf(r);
        r->es = bda_get(ebda);
        break;
    case 0xC2: mouse_service(r); break;
    case 0xE8: memory_e8(r); break;
    default: return_status(r, UNSUPPORTED);
    }
}
