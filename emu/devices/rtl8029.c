/* rtl8029.c - RTL8029AS (Realtek, data sheet of January 1997): configuration, and the registers that it has beside
 * those of an NE2000. Its EEPROM is not there to be written: 9346CR keeps its mode, and the lines are idle. */
#include "emu/devices/rtl8029.h"

#include <string.h>

/* clang-format off */
enum { CR = 0, ID0 = 10, ID1 = 11 };                                            /* page 0 */
enum { EEPROM = 1, CONFIG0 = 3, CONFIG2 = 5, CONFIG3 = 6, CHIP0 = 14, CHIP1 = 15 }; /* page 3 */
/* clang-format on */
enum { PAGE_SHIFT = 6, EEPROM_MODE = 0xC0, EEPROM_WRITES = 0xC0 };
enum { CONFIG2_BITS = 0xF0, CONFIG3_BITS = 0x46 };
#define BAR_IO 1u

/* clang-format off */
const struct state_field rtl8029_state[] = {
    STATE_TABLE(struct rtl8029, function, struct pci_function, pci_function_state, "configuration"),
    STATE(struct rtl8029, eeprom_command, U8, "9346CR, mode of the EEPROM"),
    STATE_BYTE_ARRAY(struct rtl8029, config, "CONFIG2 and CONFIG3"),
    STATE_END
};
/* clang-format on */

/* Registers that an NE2000 does not have. False: it has this one. */
static bool own_read(const struct rtl8029 *r, unsigned page, unsigned index, uint8_t *value)
{
    if (page == 0 && (index == ID0 || index == ID1)) {
        *value = index == ID0 ? 'P' : 'C';
        return true;
    }
    if (page != 3 || index == CR || index > 15)
        return false;
    switch (index) {
    case EEPROM: *value = r->eeprom_command; break;
    case CONFIG2:
    case CONFIG3: *value = r->config[index - CONFIG2]; break;
    case CHIP0: *value = 0x29; break;
    case CHIP1: *value = 0x80; break;
    default: *value = 0; break;
    }
    return true;
}

static void own_write(struct rtl8029 *r, unsigned index, uint8_t value)
{
    bool writes = (r->eeprom_command & EEPROM_MODE) == EEPROM_WRITES;

    if (index == EEPROM)
        r->eeprom_command = value & EEPROM_MODE;
    else if (index == CONFIG2 && writes)
        r->config[0] = value & CONFIG2_BITS;
    else if (index == CONFIG3 && writes)
        r->config[1] = value & CONFIG3_BITS;
}

static uint32_t port_read(void *device, uint16_t port, unsigned size)
{
    struct rtl8029 *r = device;
    unsigned offset = port - r->base;
    uint8_t value;

    if (size == 1 && own_read(r, r->card->chip.command >> PAGE_SHIFT, offset, &value))
        return value;
    return ne2000_read(r->card, offset, size);
}

static void port_write(void *device, uint16_t port, uint32_t value, unsigned size)
{
    struct rtl8029 *r = device;
    unsigned offset = port - r->base;

    if (size == 1 && r->card->chip.command >> PAGE_SHIFT == 3 && offset != CR && offset < 16)
        own_write(r, offset, (uint8_t)value);
    else
        ne2000_write(r->card, offset, value, size);
}

static void written(void *device, unsigned first, unsigned size)
{
    struct rtl8029 *r = device;

    (void)first, (void)size;
    r->base = r->function.config[PCI_COMMAND] & PCI_COMMAND_IO ? (uint16_t)(pci_get(&r->function, PCI_BAR, 2) & 0xFFE0)
                                                               : 0;
    bus_move_ports(r->bus, WINDOW_NETWORK, r->base, r->base ? NE2000_PORTS : 0, 4, port_read, port_write, r);
}

const char *rtl8029_loaded(void *device)
{
    written(device, PCI_BAR, 4);
    return NULL;
}

void rtl8029_init(struct rtl8029 *r, struct pci *pci, struct bus *bus, unsigned slot, struct ne2000 *card)
{
    struct pci_function *f = &r->function;

    memset(r, 0, sizeof *r);
    r->bus = bus;
    r->card = card;
    pci_add(pci, f, PCI_DEVICE(slot, 0), 0x10EC, 0x8029, 0x020000, 0);
    pci_set(f, PCI_SUBSYSTEM_VENDOR, 4, 0x802910EC);
    pci_set(f, PCI_PIN, 1, 1);
    pci_writable(f, PCI_COMMAND, 2, PCI_COMMAND_IO);
    pci_writable(f, PCI_BAR, 4, 0xFFFFFFE0);
    f->device = r;
    f->written = written;
    rtl8029_reset(r);
}

void rtl8029_reset(struct rtl8029 *r)
{
    struct pci_function *f = &r->function;

    pci_set(f, PCI_COMMAND, 2, 0);
    pci_set(f, PCI_STATUS, 2, 0x0200);
    pci_set(f, PCI_BAR, 4, BAR_IO);
    pci_set(f, PCI_LINE, 1, 0);
    r->eeprom_command = 0;
    memset(r->config, 0, sizeof r->config);
    written(r, PCI_BAR, 4);
}
