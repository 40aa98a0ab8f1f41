/* i440fx.c - Intel 82441FX PCI and memory controller (data sheet 290549). What it does to the guest is the shadowing of
 * ROM by its PAM registers; the DRAM row boundaries say to firmware how much memory there is. */
#include "emu/devices/i440fx.h"

enum { PMCCFG = 0x50, DRAMC = 0x57, PAM0 = 0x59, DRB0 = 0x60, FDHC = 0x68, SMRAM = 0x72 };
enum { PAM_READ = 1, PAM_WRITE = 2 }; /* of a nibble */
#define ROW_UNIT 0x800000u

/* The thirteen ranges, each with its nibble. */
static const struct range {
    uint8_t reg, shift;
    uint32_t first, length;
} ranges[] = {
    {PAM0, 4, 0xF0000, 0x10000},    {PAM0 + 1, 0, 0xC0000, 0x4000}, {PAM0 + 1, 4, 0xC4000, 0x4000},
    {PAM0 + 2, 0, 0xC8000, 0x4000}, {PAM0 + 2, 4, 0xCC000, 0x4000}, {PAM0 + 3, 0, 0xD0000, 0x4000},
    {PAM0 + 3, 4, 0xD4000, 0x4000}, {PAM0 + 4, 0, 0xD8000, 0x4000}, {PAM0 + 4, 4, 0xDC000, 0x4000},
    {PAM0 + 5, 0, 0xE0000, 0x4000}, {PAM0 + 5, 4, 0xE4000, 0x4000}, {PAM0 + 6, 0, 0xE8000, 0x4000},
    {PAM0 + 6, 4, 0xEC000, 0x4000},
};

static void written(void *device, unsigned first, unsigned size)
{
    struct i440fx *bridge = device;

    for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        uint8_t nibble = bridge->function.config[r->reg] >> r->shift;
        if (r->reg >= first && r->reg < first + size)
            memory_shadow(bridge->memory, r->first, r->length, nibble & PAM_READ, nibble & PAM_WRITE);
    }
}

const char *i440fx_loaded(void *device)
{
    written(device, PAM0, 7);
    return NULL;
}

void i440fx_init(struct i440fx *bridge, struct pci *pci, struct memory *memory)
{
    struct pci_function *f = &bridge->function;

    bridge->memory = memory;
    pci_add(pci, f, PCI_DEVICE(0, 0), 0x8086, 0x1237, 0x060000, 2);
    f->device = bridge;
    f->written = written;
    pci_writable(f, PCI_LATENCY, 1, 0xF8);
    pci_writable(f, PMCCFG, 2, 0xFFFF);
    pci_writable(f, DRAMC, 2, 0xFFFF);
    pci_writable(f, PAM0, 4, 0x333333F0 | 0x00000030);
    pci_writable(f, PAM0 + 4, 3, 0x333333);
    pci_writable(f, DRB0, 4, 0xFFFFFFFF);
    pci_writable(f, DRB0 + 4, 4, 0xFFFFFFFF);
    pci_writable(f, FDHC, 1, 0xC0);
    pci_writable(f, SMRAM, 1, 0x5F);
    i440fx_reset(bridge);
}

void i440fx_reset(struct i440fx *bridge)
{
    struct pci_function *f = &bridge->function;
    uint32_t rows = bridge->memory->ram_size / ROW_UNIT;

    pci_set(f, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pci_set(f, PCI_STATUS, 2, 0x0280);
    pci_set(f, PCI_LATENCY, 1, 0);
    pci_set(f, PMCCFG, 2, 0);
    pci_set(f, DRAMC, 2, 0x1001);
    pci_set(f, PAM0, 4, 0);
    pci_set(f, PAM0 + 4, 3, 0);
    for (unsigned row = 0; row < 8; row++) /* all of it in the first row; the others end where it ends */
        f->config[DRB0 + row] = (uint8_t)(rows < 255 ? rows : 255);
    pci_set(f, SMRAM, 1, 2);
    written(bridge, PAM0, 7);
}
