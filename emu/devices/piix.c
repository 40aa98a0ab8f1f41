/* piix.c - Intel 82371AB (PIIX4, data sheet 290562): function 0, PCI interrupts to IRQs; function 3, power
 * management.
 *
 * There is no system management mode: what its handler would do at a write to port B2h, handing ACPI over to the
 * operating system and back, is done at once. The PM timer is never counted: its value follows from the tick. */
#include "emu/devices/piix.h"

#include <string.h>

enum { PIRQRC = 0x60, PMBA = 0x40, PMREGMISC = 0x80, SMBBA = 0x90 };
enum { PIRQ_DISABLED = 0x80 };
enum { PM_STS = 0, PM_EN = 2, PM_CNT = 4, PM_TMR = 8, GP_STS = 0xC, GP_EN = 0xE, GLBCTL = 0x28, PM_PORTS = 64 };
enum {
    STS_TIMER = 1,
    STS_ALL = 0x8D31,
    EN_TIMER = 1,
    EN_ALL = 0x0521,
    CNT_SCI = 1,
    CNT_SLEEP = 0x2000,
    CNT_ALL = 0x3C03
};
enum { ACPI_ENABLE = 0xF1, ACPI_DISABLE = 0xF0 }; /* what the FADT of our firmware names */
#define SCI 9
#define TIMER_HZ 3579545u
#define TIMER_BITS 24

/* clang-format off */
const struct state_field piix_state[] = {
    STATE_TABLE(struct piix, isa, struct pci_function, pci_function_state, "ISA bridge"),
    STATE_TABLE(struct piix, power, struct pci_function, pci_function_state, "power management"),
    STATE_ARRAY(struct piix, pirq, U32, "slots that pull PIRQA-D"),
    STATE(struct piix, driven, U16, "IRQs that are held high from here"),
    STATE(struct piix, pm_status, U16, "PM1_STS"),
    STATE(struct piix, pm_enable, U16, "PM1_EN"),
    STATE(struct piix, pm_control, U16, "PM1_CNT"),
    STATE(struct piix, gp_status, U16, "GPSTS"),
    STATE(struct piix, gp_enable, U16, "GPEN"),
    STATE(struct piix, global_control, U32, "GLBCTL"),
    STATE(struct piix, apm_command, U8, "APMC"),
    STATE(struct piix, apm_status, U8, "APMS"),
    STATE(struct piix, timer_seen, U64, "toggles of the PM timer's top bit that PM1_STS has heard of"),
    STATE(struct piix, timer_due_at, TICK, "next toggle, while it may interrupt"),
    STATE_END
};
/* clang-format on */

/* --- Interrupt routing --- */

/* An IRQ is high while a PIRQ that is routed to it is pulled, or the SCI is (on IRQ 9). */
static void update_irqs(struct piix *p)
{
    bool level[16] = {false};

    for (unsigned n = 0; n < 4; n++) {
        uint8_t route = p->isa.config[PIRQRC + n];
        if (!(route & PIRQ_DISABLED) && p->pirq[n])
            level[route & 15] = true;
    }
    level[SCI] |= p->pm_control & CNT_SCI && p->pm_status & p->pm_enable;
    for (unsigned n = 3; n < 16; n++)
        if (n != 8 && n != 13 && level[n] != (p->driven >> n & 1)) {
            p->driven ^= (uint16_t)(1 << n);
            line_set(&p->irq[n], level[n]);
        }
}

static void pin_changed(void *listener, unsigned number, bool level)
{
    struct piix *p = listener;
    unsigned slot = number >> 2, n = (slot - 1 + number) & 3; /* each slot is wired one PIRQ further on */

    p->pirq[n] = level ? p->pirq[n] | 1u << slot : p->pirq[n] & ~(1u << slot);
    line_set(&p->pirq_line[n], !p->pirq[n]);
    update_irqs(p);
}

struct line piix_interrupt(struct piix *p, unsigned slot, unsigned pin)
{
    return (struct line){pin_changed, p, slot << 2 | pin};
}

static void isa_written(void *device, unsigned first, unsigned size)
{
    (void)first, (void)size;
    update_irqs(device);
}

/* --- Power management --- */

static uint64_t timer_count(const struct piix *p)
{
    return clock_cycles(p->clock, clock_now(p->clock), TIMER_HZ);
}

/* Enters toggles of the timer's top bit into the status, and schedules the next one if that may interrupt. */
static void update_timer(struct piix *p)
{
    uint64_t toggles = timer_count(p) >> (TIMER_BITS - 1);

    if (toggles != p->timer_seen)
        p->pm_status |= STS_TIMER;
    p->timer_seen = toggles;
    clock_schedule(p->clock, EVENT_PM_TIMER,
                   p->pm_enable & EN_TIMER
                       ? clock_ticks_for_cycles(p->clock, (toggles + 1) << (TIMER_BITS - 1), TIMER_HZ)
                       : NEVER);
    update_irqs(p);
}

static void timer_due(void *device)
{
    update_timer(device);
}

static uint32_t pm_read_long(struct piix *p, unsigned offset)
{
    switch (offset) {
    case PM_STS: return p->pm_status | (uint32_t)p->pm_enable << 16;
    case PM_CNT: return p->pm_control;
    case PM_TMR: return (uint32_t)timer_count(p) & 0xFFFFFF;
    case GP_STS: return p->gp_status | (uint32_t)p->gp_enable << 16;
    case GLBCTL: return p->global_control;
    default: return 0;
    }
}

static uint32_t pm_read(void *device, uint16_t port, unsigned size)
{
    struct piix *p = device;
    unsigned offset = port - p->base, shift = 8 * (offset & 3);
    uint32_t value;

    update_timer(p);
    value = pm_read_long(p, offset & ~3u) >> shift;
    if ((offset & 3) + size > 4)
        value |= pm_read_long(p, (offset & ~3u) + 4) << (32 - shift);
    return value;
}

static void sleep_now(struct piix *p)
{
    if (p->pm_control & CNT_SLEEP && !(p->pm_control >> 10 & 7)) /* SLP_TYP 0: soft off */
        line_set(&p->power_off, true);
    p->pm_control &= (uint16_t)~CNT_SLEEP;
}

/* Writes to part of a register change only that part. */
static uint32_t merge(uint32_t old, uint32_t value, unsigned shift, unsigned size)
{
    uint32_t mask = (0xFFFFFFFF >> (32 - 8 * size)) << shift;
    return (old & ~mask) | (value << shift & mask);
}

/* Writes what lies within one doubleword. */
static void pm_write_part(struct piix *p, unsigned offset, uint32_t value, unsigned size)
{
    unsigned shift = 8 * (offset & 3);
    uint32_t merged;

    switch (offset & ~3u) {
    case PM_STS: /* status bits are cleared by ones */
        merged = merge((uint32_t)p->pm_enable << 16, value, shift, size);
        p->pm_status &= (uint16_t) ~(merged & STS_ALL);
        p->pm_enable = merged >> 16 & EN_ALL;
        break;
    case PM_CNT:
        p->pm_control = merge(p->pm_control, value, shift, size) & CNT_ALL;
        sleep_now(p);
        break;
    case GP_STS:
        merged = merge((uint32_t)p->gp_enable << 16, value, shift, size);
        p->gp_status &= (uint16_t)~merged;
        p->gp_enable = (uint16_t)(merged >> 16);
        break;
    case GLBCTL: p->global_control = merge(p->global_control, value, shift, size); break;
    default: break;
    }
}

static void pm_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct piix *p = device;
    unsigned offset = port - p->base, first = 4 - (offset & 3);

    update_timer(p);
    pm_write_part(p, offset, value, size < first ? size : first);
    if (size > first)
        pm_write_part(p, offset + first, value >> 8 * first, size - first);
    update_timer(p);
}

static void power_written(void *device, unsigned first, unsigned size)
{
    struct piix *p = device;
    uint16_t base = p->power.config[PMREGMISC] & 1 ? (uint16_t)(pci_get(&p->power, PMBA, 2) & 0xFFC0) : 0;

    (void)first, (void)size;
    p->base = base;
    bus_move_ports(p->bus, WINDOW_POWER, base, base ? PM_PORTS : 0, 4, pm_read, pm_write, p);
}

static uint32_t apm_read(void *device, uint16_t port, unsigned size)
{
    const struct piix *p = device;

    (void)size;
    return port & 1 ? p->apm_status : p->apm_command;
}

static void apm_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct piix *p = device;

    (void)size;
    if (port & 1) {
        p->apm_status = (uint8_t)value;
        return;
    }
    p->apm_command = (uint8_t)value;
    if (value == ACPI_ENABLE)
        p->pm_control |= CNT_SCI;
    else if (value == ACPI_DISABLE)
        p->pm_control &= (uint16_t)~CNT_SCI;
    update_irqs(p);
}

/* --- Building --- */

void piix_init(struct piix *p, struct pci *pci, struct clock *clock, struct bus *bus, const struct line irq[16],
               struct line power_off)
{
    memset(p, 0, sizeof *p);
    p->clock = clock;
    p->bus = bus;
    memcpy(p->irq, irq, sizeof p->irq);
    p->power_off = power_off;
    p->timer_due_at = NEVER;
    clock_register(clock, EVENT_PM_TIMER, &p->timer_due_at, timer_due, p);
    pci_add(pci, &p->isa, PCI_DEVICE(1, 0), 0x8086, 0x7110, 0x060100, 2);
    p->isa.device = p;
    p->isa.written = isa_written;
    pci_writable(&p->isa, 0x4C, 4, 0xFFFFFFFF);
    pci_writable(&p->isa, PIRQRC, 4, 0x8F8F8F8F);
    pci_writable(&p->isa, 0x69, 3, 0xFFFFFF);
    pci_writable(&p->isa, 0x70, 4, 0xFFFFFFFF);
    pci_writable(&p->isa, 0x76, 4, 0xFFFFFFFF);
    pci_writable(&p->isa, 0x80, 4, 0xFFFFFFFF);
    pci_writable(&p->isa, 0xA0, 4, 0xFFFFFFFF);
    pci_add(pci, &p->power, PCI_DEVICE(1, 3), 0x8086, 0x7113, 0x068000, 3);
    p->power.device = p;
    p->power.written = power_written;
    pci_writable(&p->power, PMBA, 4, 0xFFC0);
    pci_writable(&p->power, 0x50, 4, 0xFFFFFFFF);
    pci_writable(&p->power, 0x58, 4, 0xFFFFFFFF);
    pci_writable(&p->power, PMREGMISC, 1, 1);
    pci_writable(&p->power, SMBBA, 4, 0xFFF0);
    pci_writable(&p->power, 0xD2, 1, 0x0F);
    bus_map_ports(bus, 0xB2, 2, 1, apm_read, apm_write, p);
    piix_reset(p);
}

const char *piix_loaded(void *device)
{
    power_written(device, PMBA, 4);
    return NULL;
}

void piix_reset(struct piix *p)
{
    pci_set(&p->isa, PCI_COMMAND, 2, 7);
    pci_set(&p->isa, PCI_STATUS, 2, 0x0200);
    pci_set(&p->isa, PCI_HEADER, 1, 0x80); /* more functions follow */
    pci_set(&p->isa, 0x4C, 4, 0x0003004D);
    pci_set(&p->isa, PIRQRC, 4, 0x80808080);
    pci_set(&p->isa, 0x69, 1, 2);
    pci_set(&p->power, PCI_COMMAND, 2, 0);
    pci_set(&p->power, PCI_STATUS, 2, 0x0280);
    pci_set(&p->power, PMBA, 4, 1);
    pci_set(&p->power, PMREGMISC, 1, 0);
    pci_set(&p->power, SMBBA, 4, 1);
    pci_set(&p->power, PCI_PIN, 1, 1);
    power_written(p, PMBA, 4);
    p->pm_status = p->pm_enable = p->pm_control = p->gp_status = p->gp_enable = 0;
    p->timer_seen = timer_count(p) >> (TIMER_BITS - 1);
    update_timer(p);
}
