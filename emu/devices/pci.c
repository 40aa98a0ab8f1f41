/* pci.c - PCI configuration mechanism 1 (PCI Local Bus Specification 2.1, §3.7.4.1), and the reset control register of
 * the PIIX at CF9h that lies among its ports (Intel 290550, RC). */
#include "emu/devices/pci.h"

#include <string.h>

enum { RC_SYSTEM = 2, RC_RESET = 4 };
#define ENABLE 0x80000000u

/* clang-format off */
const struct state_field pci_state[] = {
    STATE(struct pci, address, U32, "CONFADD"),
    STATE(struct pci, reset_control, U8, "reset control register"),
    STATE_END
};
/* clang-format on */

const struct state_field pci_function_state[] = {STATE_BYTE_ARRAY(struct pci_function, config, "configuration space"),
                                                 STATE_END};

uint32_t pci_get(const struct pci_function *f, unsigned offset, unsigned size)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)f->config[offset + i] << 8 * i;
    return value;
}

void pci_set(struct pci_function *f, unsigned offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++)
        f->config[offset + i] = (uint8_t)(value >> 8 * i);
}

void pci_writable(struct pci_function *f, unsigned offset, unsigned size, uint32_t mask)
{
    for (unsigned i = 0; i < size; i++)
        f->mask[offset + i] = (uint8_t)(mask >> 8 * i);
}

void pci_add(struct pci *pci, struct pci_function *f, uint8_t address, uint16_t vendor, uint16_t device_id,
             uint32_t class_code, uint8_t revision)
{
    memset(f->config, 0, sizeof f->config);
    memset(f->mask, 0, sizeof f->mask);
    f->address = address;
    pci_set(f, PCI_VENDOR, 2, vendor);
    pci_set(f, PCI_DEVICE_ID, 2, device_id);
    pci_set(f, PCI_REVISION, 1, revision);
    pci_set(f, PCI_CLASS, 3, class_code);
    pci_writable(f, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_writable(f, PCI_LINE, 1, 0xFF);
    pci->functions[pci->count++] = f;
}

/* The function that CONFADD names; null: none. */
static struct pci_function *addressed(const struct pci *pci)
{
    if (pci->address & ENABLE && !(pci->address >> 16 & 0xFF))
        for (unsigned i = 0; i < pci->count; i++)
            if (pci->functions[i]->address == (pci->address >> 8 & 0xFF))
                return pci->functions[i];
    return NULL;
}

static uint32_t pci_read(void *device, uint16_t port, unsigned size)
{
    const struct pci *pci = device;
    const struct pci_function *f = addressed(pci);

    if (port < 0xCFC) {
        if (port == 0xCF8 && size == 4)
            return pci->address;
        return port == 0xCF9 && size == 1 ? pci->reset_control : 0xFFFFFFFF;
    }
    return f ? pci_get(f, (pci->address & 0xFC) + (port & 3), size) : 0xFFFFFFFF;
}

static void reset_control_write(struct pci *pci, uint8_t value)
{
    bool rises = value & RC_RESET && !(pci->reset_control & RC_RESET);

    pci->reset_control = value & (RC_SYSTEM | RC_RESET);
    if (rises)
        line_set(value & RC_SYSTEM ? &pci->reset : &pci->processor_reset, true);
}

static void config_write(struct pci_function *f, unsigned offset, unsigned size, uint32_t value)
{
    for (unsigned i = 0; i < size; i++, value >>= 8) {
        uint8_t mask = f->mask[offset + i];
        f->config[offset + i] = (uint8_t)((f->config[offset + i] & ~mask) | (value & mask));
    }
    if (f->written)
        f->written(f->device, offset, size);
}

static void pci_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct pci *pci = device;
    struct pci_function *f = addressed(pci);

    if (port == 0xCF8 && size == 4)
        pci->address = value & (ENABLE | 0xFFFFFC);
    else if (port == 0xCF9 && size == 1)
        reset_control_write(pci, (uint8_t)value);
    else if (port >= 0xCFC && f)
        config_write(f, (pci->address & 0xFC) + (port & 3), size, value);
}

void pci_reset(struct pci *pci)
{
    pci->address = 0;
    pci->reset_control = 0;
}

void pci_init(struct pci *pci, struct bus *bus, struct line reset, struct line processor_reset)
{
    memset(pci, 0, sizeof *pci);
    pci->reset = reset;
    pci->processor_reset = processor_reset;
    bus_map_ports(bus, 0xCF8, 4, 4, pci_read, pci_write, pci);
    bus_map_ports(bus, 0xCFC, 1, 4, pci_read, pci_write, pci);
    bus_map_ports(bus, 0xCFD, 1, 1, pci_read, pci_write, pci);
    bus_map_ports(bus, 0xCFE, 1, 2, pci_read, pci_write, pci);
    bus_map_ports(bus, 0xCFF, 1, 1, pci_read, pci_write, pci);
}
