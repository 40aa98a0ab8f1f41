/* ata.c - ATA channels: ports, resets, and which device answers (ANSI X3.298 ATA-3, NCITS 317 ATA-4).
 *
 * The two units of a channel share the task file, as both hear every write; the selected one answers. */
#include "emu/devices/ata.h"

#include <stddef.h>
#include <string.h>

#include "emu/devices/ata_disk.h"
#include "emu/devices/ata_task.h"
#include "emu/devices/atapi.h"

#define RESET_US 2000 /* ATA-3 §9.1: BSY is cleared by a device that is quick */

void ata_dma_started(struct ata *a)
{
    if (!a->waits_for_dma)
        return;
    a->waits_for_dma = false;
    ata_busy(a, 1);
}

/* What is there after a reset or EXECUTE DEVICE DIAGNOSTIC. */
static void signature(struct ata *a)
{
    for (unsigned i = 0; i < 2; i++)
        a->unit[i].fresh = a->unit[i].packet;
    a->previous = (struct ata_registers){0};
    a->device = 0;
    a->error = 1;
    ata_show_signature(a);
}

static void execute(struct ata *a, uint8_t opcode)
{
    a->command = opcode;
    a->signature = a->waits_for_dma = false;
    a->error = 0;
    a->remaining = 0;
    a->length = a->position = 0;
    clock_schedule(a->clock, a->slot, NEVER);
    ata_interrupt(a, false);
    if (opcode == 0x90) { /* EXECUTE DEVICE DIAGNOSTIC: both devices, whichever is selected */
        signature(a);
        a->status = READY;
        ata_interrupt(a, true);
    } else if (ata_selected(a)->packet) {
        atapi_execute(a, opcode);
    } else {
        ata_disk_execute(a, opcode);
    }
}

static void ata_due(void *device)
{
    struct ata *a = device;

    if (a->resetting) {
        a->resetting = false;
        signature(a);
        a->status = READY;
    } else if (ata_selected(a)->packet) {
        atapi_due(a);
    } else {
        ata_disk_due(a);
    }
}

/* A command that runs has the device that it is for, and what it counts fits the buffer. */
const char *ata_loaded(void *device)
{
    struct ata *a = device;
    const struct ata_unit *u = ata_selected(a);
    bool runs = !a->resetting && (a->due_at != NEVER || a->status & STATUS_DRQ || a->waits_for_dma);

    for (unsigned i = 0; i < 2; i++)
        if (a->unit[i].drive && !a->unit[i].packet && (!a->unit[i].heads || !a->unit[i].sectors))
            return "unit.heads";
    if (a->position > a->length)
        return "position";
    if (!runs)
        return NULL;
    if (!u->drive)
        return "device";
    if (a->waits_for_dma && !a->dma)
        return "waits_for_dma";
    return u->packet ? NULL : ata_disk_loaded(a);
}

static bool takes_data(struct ata *a)
{
    return ata_selected(a)->packet ? atapi_takes_data(a) : ata_disk_takes_data(a);
}

/* Moves bytes of the data phase in the host's direction, if that is the device's. At the end of the chunk the device
 * does what comes next. */
static void exchange(struct ata *a, bool writes, uint32_t *value, unsigned size)
{
    if (!(a->status & STATUS_DRQ) || a->waits_for_dma || takes_data(a) != writes)
        return;
    for (unsigned i = 0; i < size && a->position < a->chunk; i++) {
        uint8_t *byte = &a->buffer[a->position++];
        if (writes)
            *byte = (uint8_t)(*value >> 8 * i);
        else
            *value |= (uint32_t)*byte << 8 * i;
    }
    if (a->position < a->chunk)
        return;
    if (ata_selected(a)->packet)
        atapi_moved(a);
    else
        ata_disk_moved(a);
}

static uint32_t data_read(void *device, uint16_t port, unsigned size)
{
    uint32_t value = 0;

    (void)port;
    exchange(device, false, &value, size);
    return value;
}

static void data_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)port;
    exchange(device, true, &value, size);
}

/* An absent device is answered for by the other one: ATA-3 annex, "device 1 only" and "device 0 only" configurations. A
 * CD-ROM drive shows 00h from a reset to its first command (ATA-4 §9.12), by which drivers know it; its neighbour is
 * ready all the same. */
static uint8_t visible_status(struct ata *a)
{
    const struct ata_unit *u = ata_selected(a);

    return a->status & STATUS_BSY || (u->drive && !u->fresh) ? a->status : 0;
}

static uint32_t task_read(void *device, uint16_t port, unsigned size)
{
    struct ata *a = device;
    const struct ata_registers *r = a->control & CONTROL_HOB ? &a->previous : &a->now;
    bool there = ata_selected(a)->drive;

    (void)size;
    switch (port & 7) {
    case 1: return a->error;
    case 2: return r->count;
    case 3: return r->low;
    case 4:
        return there ? r->mid : 0; /* where nothing is, there is no kind: systems look for a CD-ROM drive's beside one
                                    */
    case 5: return there ? r->high : 0;
    case 6: return a->device | 0xA0;
    default:
        if (there)
            ata_interrupt(a, false);
        return visible_status(a);
    }
}

/* A device that is busy takes DEVICE RESET alone; the diagnostic is for both devices, whichever is selected. */
static bool takes_command(struct ata *a, uint8_t opcode)
{
    bool in_reset = a->control & CONTROL_SRST || a->resetting;

    if (a->status & STATUS_BSY && (opcode != 0x08 || !ata_selected(a)->packet || in_reset))
        return false;
    return ata_selected(a)->drive || opcode == 0x90;
}

static void task_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    static const uint8_t fields[] = {offsetof(struct ata_registers, feature), offsetof(struct ata_registers, count),
                                     offsetof(struct ata_registers, low), offsetof(struct ata_registers, mid),
                                     offsetof(struct ata_registers, high)};
    struct ata *a = device;
    unsigned index = port & 7;

    (void)size;
    a->control &= (uint8_t)~CONTROL_HOB;
    if (a->status & (STATUS_BSY | STATUS_DRQ) && index != 7)
        return; /* ATA-4 §7.1: the task file is not to be written now */
    if (index == 6) {
        a->device = (uint8_t)value;
        if (a->signature)
            ata_show_signature(a);
    } else if (index == 7) {
        if (takes_command(a, (uint8_t)value))
            execute(a, (uint8_t)value);
    } else {
        uint8_t field = fields[index - 1];
        a->signature = false;
        ((uint8_t *)&a->previous)[field] = ((uint8_t *)&a->now)[field];
        ((uint8_t *)&a->now)[field] = (uint8_t)value;
    }
}

static uint64_t task_repeats(void *device, uint16_t port)
{
    const struct ata *a = device;

    return (port & 7) == 7 && a->interrupt ? 0 : NEVER; /* the status is read to end the interrupt */
}

static uint64_t control_repeats(void *device, uint16_t port)
{
    (void)device, (void)port;
    return NEVER;
}

static uint32_t control_read(void *device, uint16_t port, unsigned size)
{
    (void)port, (void)size;
    return visible_status(device);
}

/* SRST, or what it has in common with the cable's RESET-. */
static void software_reset(struct ata *a)
{
    clock_schedule(a->clock, a->slot, NEVER);
    signature(a);
    a->now.feature = 0;
    a->control = 0;
    a->command = 0;
    a->status = READY;
    a->remaining = a->block = 0;
    a->length = a->position = 0;
    a->resetting = false;
    a->waits_for_dma = false;
    a->chunk = a->chunk_limit = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct ata_unit *u = &a->unit[i];
        if (!u->keeps_settings)
            u->multiple = 0;
        if (u->packet)
            atapi_reset(u);
    }
    ata_interrupt(a, false);
}

static void control_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct ata *a = device;
    bool was = a->control & CONTROL_SRST;

    (void)port, (void)size;
    if (value & CONTROL_SRST) {
        software_reset(a);
        a->status = STATUS_BSY;
    } else if (was) {
        a->resetting = true;
        ata_busy(a, RESET_US);
    }
    ata_set_interrupt(a, a->interrupt, (uint8_t)value);
}

/* A cable without a drive: the host pulls DD7 down (ATA-3 §4.3), so that software does not wait for BSY; the other
 * lines float high. */
static uint32_t empty_read(void *device, uint16_t port, unsigned size)
{
    (void)device, (void)port;
    return size == 1 ? 0x7F : size == 2 ? 0xFF7F : 0xFF7FFF7F;
}

static void empty_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    (void)device, (void)port, (void)value, (void)size;
}

void ata_init(struct ata *a, struct clock *clock, struct bus *bus, uint16_t port, uint16_t control_port,
              enum event_slot slot, struct line irq, struct drive *const drives[2], const struct geometry geometry[2],
              const bool packet[2], unsigned number, const struct ata_dma *dma)
{
    memset(a, 0, sizeof *a);
    a->clock = clock;
    a->slot = slot;
    a->irq = irq;
    a->dma = dma;
    a->due_at = NEVER;
    clock_register(clock, slot, &a->due_at, ata_due, a);
    for (unsigned i = 0; i < 2; i++) {
        struct ata_unit *u = &a->unit[i];
        u->drive = drives[i];
        u->geometry = geometry[i];
        u->number = number + i;
        u->packet = packet[i];
        u->write_us = ACCESS_US;
    }
    ata_reset(a);
    if (drives[0] || drives[1]) {
        bus_map_ports(bus, port, 1, 4, data_read, data_write, a);
        bus_map_ports(bus, port + 1, 7, 1, task_read, task_write, a);
        bus_map_ports(bus, control_port, 1, 1, control_read, control_write, a);
        bus_declare_repeats(bus, a, task_read, task_repeats);
        bus_declare_repeats(bus, a, control_read, control_repeats);
    } else if (dma) {
        bus_map_ports(bus, port, 1, 4, empty_read, empty_write, a);
        bus_map_ports(bus, port + 1, 7, 1, empty_read, empty_write, a);
        bus_map_ports(bus, control_port, 1, 1, empty_read, empty_write, a);
    } /* else there is no adapter: the ports of the bus float */
}

void ata_reset(struct ata *a)
{
    for (unsigned i = 0; i < 2; i++) {
        struct ata_unit *u = &a->unit[i];
        u->cylinders = (uint16_t)u->geometry.cylinders;
        u->heads = (uint8_t)u->geometry.heads;
        u->sectors = (uint8_t)u->geometry.sectors;
        u->dma_mode = 0;
        u->keeps_settings = false;
        u->power = POWER_ACTIVE;
        u->enabled = ENABLED_ALL;
    }
    software_reset(a);
}
