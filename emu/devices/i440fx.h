/* i440fx.h - the host bridge (82441FX): which of the pages from C0000h to FFFFFh are shadowed by RAM. */
#ifndef MUNIMENT_EMU_DEVICES_I440FX_H
#define MUNIMENT_EMU_DEVICES_I440FX_H

#include "emu/devices/pci.h"
#include "emu/memory.h"

struct i440fx {
    struct pci_function function;
    /* wiring */
    struct memory *memory;
};

/* On bus 0, slot 0. The state is that of the function. */
void i440fx_init(struct i440fx *bridge, struct pci *pci, struct memory *memory);
void i440fx_reset(struct i440fx *bridge);
/* Brings about what follows from a configuration that was loaded; struct part of machine.h. */
const char *i440fx_loaded(void *device);

#endif
