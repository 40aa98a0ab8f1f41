/* machine.h - the machine as a structure: what emu.h's functions work on. Everything hangs from here; nothing is
 * global. */
#ifndef MUNIMENT_EMU_MACHINE_H
#define MUNIMENT_EMU_MACHINE_H

#include "emu/bus.h"
#include "emu/clock.h"
#include "emu/cpu/cpu.h"
#include "emu/devices/ata.h"
#include "emu/devices/backdoor.h"
#include "emu/devices/cirrus.h"
#include "emu/devices/i8042.h"
#include "emu/devices/i8237.h"
#include "emu/devices/i82077.h"
#include "emu/devices/i8254.h"
#include "emu/devices/i8259.h"
#include "emu/devices/i440fx.h"
#include "emu/devices/ioapic.h"
#include "emu/devices/isapnp.h"
#include "emu/devices/lapic.h"
#include "emu/devices/line_in.h"
#include "emu/devices/mc146818.h"
#include "emu/devices/mpu401.h"
#include "emu/devices/opl.h"
#include "emu/devices/ne2000.h"
#include "emu/devices/parallel.h"
#include "emu/devices/pci.h"
#include "emu/devices/piix.h"
#include "emu/devices/piix_ide.h"
#include "emu/devices/rtl8029.h"
#include "emu/devices/sb16.h"
#include "emu/devices/serial_mouse.h"
#include "emu/devices/speaker.h"
#include "emu/devices/sysports.h"
#include "emu/devices/uart16550.h"
#include "emu/devices/vga.h"
#include "emu/devices/vga_pci.h"
#include "emu/drive.h"
#include "emu/emu.h"
#include "emu/hashtree.h"
#include "emu/memory.h"
#include "emu/sound.h"

struct machine {
    struct machine_manifest manifest;
    struct machine_host host;
    struct clock clock;
    struct bus bus;
    struct memory memory;
    struct cpu cpu;
    struct i8259 pic;
    struct i8254 pit;
    struct mc146818 rtc;
    struct i8237 dma;
    struct i8042 keyboard;
    struct sysports sysports;
    struct uart16550 serial[2];
    struct serial_mouse mouse; /* where the manifest has one */
    struct backdoor backdoor;  /* and this as well */
    struct sound sound;        /* without sources where the manifest has none */
    struct speaker speaker;
    struct opl opl;
    struct sb16 sb16;
    struct line_in line;         /* of the same card, where the manifest has it */
    struct mpu401 midi;          /* and on it */
    struct isapnp isapnp;        /* where the card has Plug and Play */
    struct isapnp network_pnp;   /* where the network card has it */
    struct isapnp_bus pnp_cards; /* both */
    struct ne2000 network;       /* where the manifest has a card */
    struct rtl8029 network_card; /* around it, if it is one for PCI */
    struct parallel parallel;
    struct vga vga;
    struct cirrus cirrus; /* around the VGA, if the display is one */
    struct i82077 floppy;
    struct ata ata[2];
    struct pci pci; /* this and what follows, on pc-i440fx only */
    struct i440fx bridge;
    struct piix piix;
    struct piix_ide ide;
    struct vga_pci vga_card;
    struct apic_bus apics; /* this and what follows, with `apic: yes` only */
    struct lapic lapic;
    struct ioapic ioapic;
    struct drive drives[DRIVE_COUNT];
    struct serial_wire {
        struct machine *machine;
        unsigned port;
    } serial_wire[2];
    uint8_t a20_sources;       /* enum a20_source, one bit each */
    bool reset_requested;      /* by a chip; done between two instructions: never set at the end of a slice */
    bool full_reset_requested; /* of all chips */
    bool powered_off;
    bool host_failed;
    enum machine_engine engine;
    uint32_t engine_random;        /* ENGINE_RANDOM: the generator */
    struct hash_tree pages;        /* digest of RAM */
    bool ram_hashed;               /* it is filled in */
    uint8_t rom_digest[HASH_SIZE]; /* what the digest has of the ROMs */
    uint8_t *scratch;              /* serialized state */
    size_t scratch_size, scratch_used;
    bool scratch_failed; /* there was no memory for it */
};

/* A part of the machine that has state. They stand in the order of the digest; a null name ends them. */
struct part {
    const char *name;
    size_t offset; /* in struct machine */
    const struct state_field *table;
    enum part_needs {
        PART_ALWAYS,
        PART_PCI,
        PART_CIRRUS,
        PART_SERIAL_MOUSE,
        PART_BACKDOOR,
        PART_APIC,
        PART_SPEAKER,
        PART_OPL,
        PART_SB16,
        PART_LINE_IN,
        PART_ISAPNP,
        PART_NETWORK,
        PART_RTL8029,
        PART_NETWORK_PNP,
    } needs; /* machines without have no such part */
    /* Called when its state was set from outside, and the clock with it: brings about what follows from the state.
     * Returns null, or the name of a field that contradicts the rest, in a way that could harm the host. Null: nothing
     * follows, and nothing can. */
    const char *(*loaded)(void *part);
};
extern const struct part machine_part_table[];
/* Whether the machine has the part: what it does not have is in no digest and no snapshot. */
bool machine_has_part(const struct machine *m, const struct part *part);

static inline bool machine_has_cirrus(const struct machine *m)
{
    return m->manifest.display >= DISPLAY_GD5430;
}

#endif
