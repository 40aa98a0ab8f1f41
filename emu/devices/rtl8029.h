/* rtl8029.h - Realtek RTL8029AS: an NE2000 on the PCI bus. */
#ifndef MUNIMENT_EMU_DEVICES_RTL8029_H
#define MUNIMENT_EMU_DEVICES_RTL8029_H

#include "emu/devices/ne2000.h"
#include "emu/devices/pci.h"

struct rtl8029 {
    struct pci_function function;
    uint8_t eeprom_command; /* 9346CR */
    uint8_t config[2];      /* CONFIG2, CONFIG3: what is written to them */
    /* wiring */
    struct bus *bus;
    struct ne2000 *card;
    uint16_t base; /* follows from the configuration */
};

extern const struct state_field rtl8029_state[];

/* Puts the card, which the caller has made, on the bus as device `slot`, whose pin INTA# is its interrupt. */
void rtl8029_init(struct rtl8029 *r, struct pci *pci, struct bus *bus, unsigned slot, struct ne2000 *card);
void rtl8029_reset(struct rtl8029 *r);
/* Brings about what follows from a configuration that was loaded; struct part of machine.h. */
const char *rtl8029_loaded(void *device);

#endif
