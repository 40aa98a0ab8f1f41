/* machine.c - wires the PC together and runs it (its state: machine_state.c).
 *
 * machine_create reads from top to bottom as the machine's circuit diagram. What is not a chip is here: where A20 comes
 * from, what a reset line does, what the battery has kept in CMOS. */
#include "emu/machine.h"

#include <stdlib.h>
#include <string.h>

#include "emu/cpu/translate/translate.h"
#include "emu/cpu/x87_control.h"
#include "emu/devices/vga_memory.h"

#define BUS_TIME_US 1                /* one access to the ISA bus */
#define NETWORK_SLOT 3               /* of the PCI bus */
#define SERIAL_MOUSE_DIVISOR 96      /* of a serial port: 1,200 baud */
#define ISA_FRAME_BUFFER 0xE0000000u /* where Bochs' display interface has it without PCI */

/* --- Lines that end at the machine --- */

enum a20_source { A20_KEYBOARD, A20_FAST };

/* A20 is open while either source holds it open. */
static void a20_changed(void *listener, unsigned source, bool level)
{
    struct machine *m = listener;

    m->a20_sources = (uint8_t)(level ? m->a20_sources | 1 << source : m->a20_sources & ~(1 << source));
    memory_set_a20(&m->memory, m->a20_sources != 0);
}

enum reset_kind { RESET_PROCESSOR, RESET_ALL };

static void reset_pulsed(void *listener, unsigned kind, bool level)
{
    struct machine *m = listener;

    if (level) {
        m->reset_requested = true;
        m->full_reset_requested |= kind == RESET_ALL;
        cpu_stop(&m->cpu);
    }
}

static void power_off_pulsed(void *listener, unsigned number, bool level)
{
    struct machine *m = listener;

    (void)number;
    if (level) {
        m->powered_off = true;
        cpu_stop(&m->cpu);
    }
}

static void drive_failed(void *listener, unsigned number, bool level)
{
    struct machine *m = listener;

    (void)number, (void)level;
    m->host_failed = true;
    cpu_stop(&m->cpu);
}

static void intr_changed(void *listener, unsigned number, bool level)
{
    (void)number;
    cpu_set_intr(listener, level);
}

static void nmi_pulsed(void *listener, unsigned number, bool level)
{
    (void)number;
    if (level)
        cpu_nmi(listener);
}

static void apic_base_written(void *listener, unsigned number, bool level)
{
    (void)number, (void)level;
    lapic_base_written(listener);
}

/* With an I/O APIC, a request goes both ways: each line to its pin, that of the timer to pin 2, INT of the 8259 to pin
 * 0 and to the local APIC. */
static void irq_changed(void *listener, unsigned irq, bool level)
{
    struct machine *m = listener;
    struct line pic = i8259_line(&m->pic, irq), pin = ioapic_line(&m->ioapic, irq ? irq : 2);

    line_set(&pic, level);
    line_set(&pin, level);
}

static void pic_changed(void *listener, unsigned number, bool level)
{
    struct machine *m = listener;
    struct line local = lapic_pic_line(&m->lapic), pin = ioapic_line(&m->ioapic, number);

    line_set(&local, level);
    line_set(&pin, level);
}

/* Port F0h: IGNNE#, by which a handler of IRQ 13 lets the processor continue. */
static uint32_t error_port_read(void *cpu, uint16_t port, unsigned size)
{
    (void)cpu, (void)port, (void)size;
    return 0xFF;
}

static void error_port_write(void *cpu, uint16_t port, uint32_t value, unsigned size)
{
    (void)port, (void)value, (void)size;
    x87_ignore_error(cpu);
}

static uint8_t acknowledge(void *pic)
{
    return i8259_acknowledge(pic);
}

static uint32_t dma_transfer(void *controller, unsigned channel, uint8_t *buffer, uint32_t length, bool *terminal_count)
{
    return i8237_transfer(controller, channel, buffer, length, terminal_count);
}

static void serial_out(void *context, uint8_t byte)
{
    struct serial_wire *wire = context;
    const struct machine_host *host = &wire->machine->host;

    if (host->serial_out)
        host->serial_out(host->context, wire->port, byte);
}

static void mouse_out(void *uart, uint8_t byte)
{
    uart16550_receive_at(uart, SERIAL_MOUSE_DIVISOR, byte);
}

/* The interrupt of the mouse, by which a driver of the backdoor learns of a report. */
static void backdoor_reports(void *mouse, unsigned number, bool level)
{
    (void)number;
    if (level)
        ps2mouse_nudge(mouse);
}

static void copied(void *machine, const uint8_t *text, size_t length)
{
    const struct machine_host *host = &((struct machine *)machine)->host;

    if (host->copied)
        host->copied(host->context, text, length);
}

/* --- CMOS: what SETUP left in it. IBM AT Technical Reference, with the Bochs extensions at 34h-3Dh that firmware of
 * PCs in emulators reads. --- */

static void cmos_word(struct mc146818 *rtc, unsigned index, uint32_t value)
{
    mc146818_set(rtc, index, (uint8_t)value);
    mc146818_set(rtc, index + 1, (uint8_t)(value >> 8));
}

static uint32_t at_most(uint64_t value, uint32_t limit)
{
    return value < limit ? (uint32_t)value : limit;
}

/* 39h: how disks are shown, two bits each; 5Eh: that is all the firmware may do, a bit each from bit 4, and in bit 0,
 * no ACPI tables. 5Fh: the monitor, enum monitor. */
static void fill_cmos_settings(struct machine *m)
{
    static const uint8_t ways[] = {
        [TRANSLATION_FIRMWARE] = 0, [TRANSLATION_NONE] = 0,      [TRANSLATION_LBA] = 1,
        [TRANSLATION_LARGE] = 2,    [TRANSLATION_LARGE_240] = 3,
    };
    uint8_t shown = 0, settings = m->manifest.no_acpi;

    for (unsigned place = 0; place < 4; place++) {
        enum bios_translation translation = m->manifest.drives[DRIVE_HD0 + place].translation;
        shown |= (uint8_t)(ways[translation] << 2 * place);
        if (translation == TRANSLATION_NONE)
            settings |= (uint8_t)(0x10 << place);
    }
    mc146818_set(&m->rtc, 0x39, shown);
    mc146818_set(&m->rtc, 0x5E, settings);
    mc146818_set(&m->rtc, 0x5F, (uint8_t)m->manifest.monitor);
}

static void fill_cmos(struct machine *m)
{
    const struct machine_manifest *manifest = &m->manifest;
    const struct drive_manifest *fd = &manifest->drives[DRIVE_FD0];
    uint64_t above_1m = (manifest->memory - 0x100000) / 1024;
    uint64_t above_16m = manifest->memory > 0x1000000 ? (manifest->memory - 0x1000000) / 0x10000 : 0;
    unsigned floppies = (fd[0].kind == DRIVE_FLOPPY) + (fd[1].kind == DRIVE_FLOPPY);
    uint8_t disk_types = 0;
    uint32_t sum = 0;

    for (unsigned i = 0; i < 2; i++)
        if (manifest->drives[DRIVE_HD0 + i].kind == DRIVE_DISK) {
            disk_types |= (uint8_t)(0xF0 >> 4 * i);
            mc146818_set(&m->rtc, 0x19 + i, 47); /* user-defined type; the drive itself reports the rest */
        }
    mc146818_set(&m->rtc, 0x10, (uint8_t)(fd[0].floppy << 4 | fd[1].floppy));
    mc146818_set(&m->rtc, 0x12, disk_types);
    mc146818_set(&m->rtc, 0x14, (uint8_t)((floppies ? 1 | (floppies - 1) << 6 : 0) | 2 | 4)); /* a floating-point unit,
                                                                                                 a display */
    cmos_word(&m->rtc, 0x15, 640);
    cmos_word(&m->rtc, 0x17, at_most(above_1m, 0xFC00));
    cmos_word(&m->rtc, 0x30, at_most(above_1m, 0xFC00));
    cmos_word(&m->rtc, 0x34, at_most(above_16m, 0xFFFF));
    mc146818_set(&m->rtc, 0x3D, (uint8_t)(manifest->boot[0] | manifest->boot[1] << 4));
    mc146818_set(&m->rtc, 0x38, (uint8_t)(manifest->boot[2] << 4));
    fill_cmos_settings(m);
    for (unsigned i = 0x10; i <= 0x2D; i++)
        sum += m->rtc.ram[i];
    mc146818_set(&m->rtc, 0x2E, (uint8_t)(sum >> 8));
    mc146818_set(&m->rtc, 0x2F, (uint8_t)sum);
}

/* --- Building --- */

static struct line line_to(void (*set)(void *listener, unsigned number, bool level), void *listener, unsigned number)
{
    return (struct line){set, listener, number};
}

static struct line irq_line(struct machine *m, unsigned irq)
{
    return m->manifest.apic ? line_to(irq_changed, m, irq) : i8259_line(&m->pic, irq);
}

static bool has_pci(const struct machine *m)
{
    return m->manifest.type == MACHINE_PC_I440FX;
}

/* The display's PCI function. */
static struct vga_pci_card display_card(struct machine *m)
{
    static const uint16_t cirrus_ids[] = {
        [DISPLAY_GD5430] = 0x00A0, [DISPLAY_GD5434] = 0x00A8, [DISPLAY_GD5446] = 0x00B8};
    static const uint8_t cirrus_revisions[] = {
        [DISPLAY_GD5430] = 0x47, [DISPLAY_GD5434] = 0x8E, [DISPLAY_GD5446] = 0x45};
    enum display chip = m->manifest.display;

    if (!machine_has_cirrus(m))
        return (struct vga_pci_card){0x1234, 0x1111, 0x11111234, 2, {VGA_MEMORY, 0}, vga_place_region, &m->vga};
    return (struct vga_pci_card){0x1013,
                                 cirrus_ids[chip],
                                 0,
                                 cirrus_revisions[chip],
                                 {CIRRUS_FRAME_BUFFER(chip), chip == DISPLAY_GD5446 ? CIRRUS_REGISTERS : 0},
                                 cirrus_place,
                                 &m->cirrus};
}

/* Whether a ROM is made for a PCI card: at its byte 18h it says where its PCI data structure is (PCI Local Bus
 * Specification 2.1, §6.3.1). One Cirrus ROM serves several chips: it is on the card that it names. */
static bool is_rom_of_card(const uint8_t *rom, size_t size, const struct vga_pci_card *card)
{
    size_t at = size > 0x19 ? load16(rom + 0x18) : size;

    return at + 8 <= size && !memcmp(rom + at, "PCIR", 4) &&
           (card->vendor == 0x1234 ||
            (load16(rom + at + 4) == card->vendor && load16(rom + at + 6) == card->device_id));
}

/* Video firmware that is made for it is on the PCI card, and system firmware copies it to C0000h; any other lies
 * there. */
static bool video_rom_on_card(struct machine *m, const struct machine_host *host)
{
    struct vga_pci_card card = display_card(m);

    return has_pci(m) && m->manifest.display && is_rom_of_card(host->video_rom, host->video_rom_size, &card);
}

/* Loads the firmware where it lies. Null, or what is wrong. */
static const char *load_roms(struct machine *m, const struct machine_host *host)
{
    uint8_t *video;

    if (!host->system_rom_size || host->system_rom_size > 0x20000 || host->system_rom_size % PAGE_SIZE)
        return "the system firmware is no multiple of 4 KiB up to 128 KiB";
    if (host->video_rom_size > 0x10000)
        return "the video firmware is larger than 64 KiB";
    memory_map_rom(&m->memory, 0x100000 - (uint32_t)host->system_rom_size, host->system_rom, host->system_rom_size);
    if (!host->video_rom_size || video_rom_on_card(m, host))
        return NULL;
    video = m->memory.rom;
    memcpy(video, host->video_rom, host->video_rom_size);
    return NULL;
}

/* What hangs on an ATA channel: disks with a medium, and CD-ROM drives with or without. */
static void channel_units(struct machine *m, unsigned first, struct geometry geometry[2], struct drive *units[2],
                          bool packet[2])
{
    for (unsigned i = 0; i < 2; i++) {
        struct drive *drive = &m->drives[first + i];
        uint8_t sector[SECTOR_SIZE] = {0};
        uint32_t done;

        geometry[i] = m->manifest.drives[first + i].geometry;
        packet[i] = m->manifest.drives[first + i].kind == DRIVE_CDROM;
        units[i] = packet[i] || (m->manifest.drives[first + i].kind == DRIVE_DISK && drive->medium) ? drive : NULL;
        if (units[i] && !packet[i] && !geometry[i].sectors) {
            drive_read(drive, 0, 1, sector, &done);
            disk_geometry(drive->sectors, sector, &geometry[i]);
        }
    }
}

/* Local and I/O APIC: the processor asks the local one, which asks the 8259. */
static void wire_apics(struct machine *m)
{
    enum cpu_model model = m->manifest.cpu;
    enum lapic_kind kind = model < CPU_PENTIUM2 ? LAPIC_PENTIUM : model < CPU_PENTIUM4 ? LAPIC_P6 : LAPIC_PENTIUM4;
    struct lapic_wiring wiring = {
        .base = &m->cpu.apic_base,
        .apics = &m->apics,
        .intr = line_to(intr_changed, &m->cpu, 0),
        .nmi = line_to(nmi_pulsed, &m->cpu, 0),
        .init = line_to(reset_pulsed, m, RESET_PROCESSOR),
        .acknowledge = acknowledge,
        .pic = &m->pic,
    };

    m->apics = (struct apic_bus){lapic_deliver, &m->lapic, ioapic_ended, &m->ioapic};
    m->cpu.acknowledge = lapic_acknowledge;
    m->cpu.pic = &m->lapic;
    m->cpu.apic_base_written = line_to(apic_base_written, &m->lapic, 0);
    cpu_reset(&m->cpu);
    lapic_init(&m->lapic, kind, &m->clock, &m->bus, &m->memory, &wiring);
    ioapic_init(&m->ioapic, &m->memory, &m->apics);
}

/* What a PCI machine has besides. */
static void wire_pci(struct machine *m)
{
    struct line irqs[16];

    for (unsigned irq = 0; irq < 16; irq++)
        irqs[irq] = irq_line(m, irq);
    pci_init(&m->pci, &m->bus, line_to(reset_pulsed, m, RESET_ALL), line_to(reset_pulsed, m, RESET_PROCESSOR));
    i440fx_init(&m->bridge, &m->pci, &m->memory);
    piix_init(&m->piix, &m->pci, &m->clock, &m->bus, irqs, line_to(power_off_pulsed, m, 0));
    for (unsigned n = 0; m->manifest.apic && n < 4; n++)
        m->piix.pirq_line[n] = ioapic_line(&m->ioapic, IOAPIC_PCI_PIN + n);
    piix_ide_init(&m->ide, &m->pci, &m->bus, &m->memory, m->ata);
}

/* The display, and where its frame buffer is. False: no memory. */
static bool wire_display(struct machine *m, const struct machine_host *host)
{
    size_t rom_size = video_rom_on_card(m, host) ? host->video_rom_size : 0;
    struct line irq = has_pci(m) ? (struct line){0} : irq_line(m, 9);
    struct vga_pci_card card = display_card(m);
    struct cirrus_model model = {m->manifest.display, has_pci(m), m->manifest.display_memory, m->manifest.monitor};

    if (!m->manifest.display)
        return true;
    if (!model.memory)
        model.memory = model.chip == DISPLAY_GD5430 ? 2u << 20 : 4u << 20;
    if (machine_has_cirrus(m) ? !cirrus_init(&m->cirrus, &m->vga, &m->clock, &m->bus, &m->memory, irq, &model)
                              : !vga_init(&m->vga, &m->clock, &m->bus, &m->memory, irq))
        return false;
    if (has_pci(m))
        return vga_pci_init(&m->vga_card, &m->pci, &m->memory, &card, host->video_rom, rom_size);
    if (!machine_has_cirrus(m))
        vga_place_linear(&m->vga, ISA_FRAME_BUFFER, true);
    return true;
}

/* What moves the pointer, besides the mouse on the keyboard controller, or in place of it. */
static void wire_pointer(struct machine *m)
{
    enum pointer pointer = m->manifest.pointer;

    if (pointer == POINTER_COM1 || pointer == POINTER_COM2) {
        struct uart16550 *uart = &m->serial[pointer - POINTER_COM1];
        serial_mouse_init(&m->mouse, &m->clock, mouse_out, uart);
        uart->dtr = serial_mouse_wire(&m->mouse, SERIAL_MOUSE_DTR);
        uart->rts = serial_mouse_wire(&m->mouse, SERIAL_MOUSE_RTS);
        uart->modem_in = 0;
        m->keyboard.no_mouse = true;
    } else if (pointer == POINTER_ABSOLUTE) {
        backdoor_init(&m->backdoor, &m->bus, line_to(backdoor_reports, &m->keyboard.mouse, 0), copied, m);
    }
}

/* Plug and Play has put the Sound Blaster somewhere. */
static void sound_card_chosen(void *machine, const struct isapnp_choice *choice)
{
    struct machine *m = machine;
    uint16_t base = choice->active ? choice->base[0] & 0xFFF0 : 0, fm = choice->active ? choice->base[2] & 0xFFFC : 0;

    sb16_move(&m->sb16, &m->bus, base);
    opl_move(&m->opl, &m->bus, WINDOW_SB16_OPL, base, base ? 4 : 0);
    opl_move(&m->opl, &m->bus, WINDOW_SB16_OPL2, (uint16_t)(base + 8), base ? 2 : 0);
    mpu401_move(&m->midi, &m->bus, choice->active ? choice->base[1] & 0xFFFE : 0);
    opl_move(&m->opl, &m->bus, WINDOW_OPL, fm, fm ? 4 : 0);
    sb16_choose(&m->sb16, choice->irq, choice->dma[0], choice->dma[1]);
}

/* What Creative's card says of itself: CTL0024, with the device CTL0031, which is compatible with PNPB003. The first
 * choice is where a card without Plug and Play is. */
static void wire_sound_pnp(struct machine *m)
{
    static const uint8_t identifier[ISAPNP_IDENTIFIER - 1] = {0x0E, 0x8C, 0x00, 0x24, 1, 0, 0, 0};
    /* clang-format off */
    static const uint8_t resources[] = {
        0x0A, 0x10, 0x00,                                                                       /* Plug and Play 1.0 */
        0x82, 0x10, 0x00, 'S', 'o', 'u', 'n', 'd', ' ', 'B', 'l', 'a', 's', 't', 'e', 'r', ' ', '1', '6',
        0x15, 0x0E, 0x8C, 0x00, 0x31, 0x00, 0x1C, 0x41, 0xD0, 0xB0, 0x03,                       /* the device */
        0x31, 0x00, 0x22, 0x20, 0x00, 0x2A, 0x02, 0x08, 0x2A, 0x20, 0x12,                       /* IRQ 5, DMA 1 and 5 */
        0x47, 0x01, 0x20, 0x02, 0x20, 0x02, 0x01, 0x10, 0x47, 0x01, 0x30, 0x03, 0x30, 0x03, 0x01, 0x02,
        0x47, 0x01, 0x88, 0x03, 0x88, 0x03, 0x01, 0x04,
        0x31, 0x01, 0x22, 0xA0, 0x06, 0x2A, 0x0B, 0x08, 0x2A, 0xE0, 0x12,                       /* or any that it can have */
        0x47, 0x01, 0x20, 0x02, 0x80, 0x02, 0x20, 0x10, 0x47, 0x01, 0x00, 0x03, 0x30, 0x03, 0x30, 0x02,
        0x47, 0x01, 0x88, 0x03, 0x88, 0x03, 0x01, 0x04,
        0x38,
    };
    /* clang-format on */
    const struct isapnp_card card = {.identifier = identifier,
                                     .resources = resources,
                                     .resource_bytes = sizeof resources,
                                     .initial = {.irq_type = 2, .dma = {4, 4}},
                                     .chosen = sound_card_chosen,
                                     .card = m};

    isapnp_init(&m->isapnp, &m->pnp_cards, &card);
}

/* The Sound Blaster, where the FM synthesizer has more ports. */
static void wire_sb16(struct machine *m, struct sound_source *synthesizer)
{
    const struct line irqs[4] = {irq_line(m, 9), irq_line(m, 5), irq_line(m, 7), irq_line(m, 10)};
    struct bus *bus = m->manifest.sound_pnp ? NULL : &m->bus;

    mpu401_init(&m->midi, &m->clock, bus, m->host.midi_out, m->host.context);
    sb16_init(&m->sb16, &m->sound, synthesizer, &m->clock, bus, irqs, (struct dma_line){dma_transfer, &m->dma, 1});
    m->sb16.midi = &m->midi;
    if (m->manifest.line_in) {
        line_in_init(&m->line, &m->clock, line_to(drive_failed, m, 0));
        m->sb16.line = &m->line;
    }
    if (m->manifest.sound_pnp) {
        wire_sound_pnp(m);
        return;
    }
    opl_map(&m->opl, bus, SB16_PORTS, 4);
    opl_map(&m->opl, bus, SB16_PORTS + 8, 2);
}

/* What is heard. */
static void wire_sound(struct machine *m)
{
    struct sound_source *synthesizer = NULL;

    sound_init(&m->sound, &m->clock, m->host.sound, m->host.context);
    if (m->manifest.speaker) {
        speaker_init(&m->speaker, &m->sound);
        m->sysports.speaker = speaker_line(&m->speaker);
    }
    if (m->manifest.sound_card)
        synthesizer = opl_init(&m->opl, &m->sound, m->manifest.sound_pnp ? NULL : &m->bus,
                               m->manifest.sound_card == SOUND_CARD_ADLIB);
    if (m->manifest.sound_card == SOUND_CARD_SB16)
        wire_sb16(m, synthesizer);
}

/* Plug and Play has put the NE2000 somewhere. */
static void network_card_chosen(void *machine, const struct isapnp_choice *choice)
{
    struct machine *m = machine;
    bool can = choice->irq == 3 || choice->irq == 5 || choice->irq == 10 || choice->irq == 11;

    ne2000_move(&m->network, &m->bus, choice->active ? choice->base[0] & 0xFFE0 : 0,
                choice->active && can ? irq_line(m, choice->irq) : (struct line){0});
}

/* What the NE2000 says of itself: PNP80D6, as Windows calls all that are compatible. */
static void wire_network_pnp(struct machine *m)
{
    static const uint8_t identifier[ISAPNP_IDENTIFIER - 1] = {0x41, 0xD0, 0x80, 0xD6, 1, 0, 0, 0};
    /* clang-format off */
    static const uint8_t resources[] = {
        0x0A, 0x10, 0x00,                                                                       /* Plug and Play 1.0 */
        0x82, 0x06, 0x00, 'N', 'E', '2', '0', '0', '0',
        0x15, 0x41, 0xD0, 0x80, 0xD6, 0x00,                                                     /* the device */
        0x31, 0x00, 0x22, 0x00, 0x04, 0x47, 0x01, 0x00, 0x03, 0x00, 0x03, 0x20, 0x20,           /* IRQ 10, 300h */
        0x31, 0x01, 0x22, 0x28, 0x0C, 0x47, 0x01, 0x80, 0x02, 0x20, 0x03, 0x20, 0x20,           /* or any it can have */
        0x38,
    };
    /* clang-format on */
    const struct isapnp_card card = {.identifier = identifier,
                                     .resources = resources,
                                     .resource_bytes = sizeof resources,
                                     .initial = {.irq_type = 2, .dma = {4, 4}},
                                     .chosen = network_card_chosen,
                                     .card = m};

    isapnp_init(&m->network_pnp, &m->pnp_cards, &card);
}

/* The network card: on ISA where the manifest puts it, on PCI in the slot after the display's. */
static void wire_network(struct machine *m)
{
    static const uint16_t ports[] = {
        [NETWORK_PORT_300] = 0x300, [NETWORK_PORT_280] = 0x280, [NETWORK_PORT_320] = 0x320};
    static const uint8_t irqs[] = {
        [NETWORK_IRQ_10] = 10, [NETWORK_IRQ_3] = 3, [NETWORK_IRQ_5] = 5, [NETWORK_IRQ_11] = 11};
    const struct network_manifest *manifest = &m->manifest.network;
    bool pci = manifest->card == NETWORK_RTL8029;
    struct network_wire wire = {.carrier = manifest->cable, .out = m->host.packet_out, .context = m->host.context};

    if (!manifest->card)
        return;
    memcpy(wire.address, manifest->address, sizeof wire.address);
    ne2000_init(&m->network, &m->clock,
                pci             ? piix_interrupt(&m->piix, NETWORK_SLOT, 0)
                : manifest->pnp ? (struct line){0}
                                : irq_line(m, irqs[manifest->irq]),
                &wire);
    if (manifest->pnp)
        wire_network_pnp(m);
    else if (pci)
        rtl8029_init(&m->network_card, &m->pci, &m->bus, NETWORK_SLOT, &m->network);
    else
        ne2000_map(&m->network, &m->bus, ports[manifest->port]);
}

/* Everything on the board. False: no memory. */
static bool wire(struct machine *m, const struct machine_host *host)
{
    const struct machine_manifest *manifest = &m->manifest;
    struct drive *floppies[2];
    enum floppy_type floppy_types[2];

    i8259_init(&m->pic, &m->bus, manifest->apic ? line_to(pic_changed, m, 0) : line_to(intr_changed, &m->cpu, 0));
    m->cpu.acknowledge = acknowledge;
    m->cpu.pic = &m->pic;
    if (manifest->apic)
        wire_apics(m);
    m->cpu.ferr = irq_line(m, 13);
    bus_map_ports(&m->bus, 0xF0, 1, 1, error_port_read, error_port_write, &m->cpu);
    m->cpu.io_ticks = manifest->mips * BUS_TIME_US;
    m->cpu.cpuid_limit = manifest->cpuid_limit;
    i8254_init(&m->pit, &m->clock, &m->bus, irq_line(m, 0), sysports_timer_line(&m->sysports));
    mc146818_init(&m->rtc, &m->clock, &m->bus, irq_line(m, 8), manifest->clock_start);
    fill_cmos(m);
    i8237_init(&m->dma, &m->bus, &m->memory);
    i8042_init(&m->keyboard, &m->clock, &m->bus, irq_line(m, 1), irq_line(m, 12), line_to(a20_changed, m, A20_KEYBOARD),
               line_to(reset_pulsed, m, RESET_PROCESSOR));
    sysports_init(&m->sysports, &m->clock, &m->bus, i8254_gate(&m->pit, 2), line_to(a20_changed, m, A20_FAST),
                  line_to(reset_pulsed, m, RESET_PROCESSOR), line_to(power_off_pulsed, m, 0));
    if (manifest->sound_pnp || manifest->network.pnp)
        isapnp_bus_init(&m->pnp_cards, &m->bus);
    wire_sound(m);
    for (unsigned port = 0; port < 2; port++) {
        m->serial_wire[port] = (struct serial_wire){m, port};
        if (manifest->serial[port])
            uart16550_init(&m->serial[port], &m->clock, &m->bus, port ? 0x2F8 : 0x3F8,
                           port ? EVENT_SERIAL_1 : EVENT_SERIAL_0, irq_line(m, port ? 3 : 4), serial_out,
                           &m->serial_wire[port]);
    }
    wire_pointer(m);
    if (manifest->parallel)
        parallel_init(&m->parallel, &m->clock, &m->bus, 0x378, irq_line(m, 7), m->host.parallel_out, m->host.context);
    for (unsigned i = 0; i < 2; i++) {
        floppies[i] = manifest->drives[DRIVE_FD0 + i].kind == DRIVE_FLOPPY ? &m->drives[DRIVE_FD0 + i] : NULL;
        floppy_types[i] = manifest->drives[DRIVE_FD0 + i].floppy;
    }
    i82077_init(&m->floppy, &m->clock, &m->bus, irq_line(m, 6), (struct dma_line){dma_transfer, &m->dma, 2}, floppies,
                floppy_types);
    if (has_pci(m))
        wire_pci(m);
    wire_network(m);
    for (unsigned channel = 0; channel < 2; channel++) {
        struct geometry geometry[2];
        struct drive *units[2];
        bool packet[2];
        channel_units(m, DRIVE_HD0 + 2 * channel, geometry, units, packet);
        ata_init(&m->ata[channel], &m->clock, &m->bus, channel ? 0x170 : 0x1F0, channel ? 0x376 : 0x3F6,
                 channel ? EVENT_ATA_1 : EVENT_ATA_0, irq_line(m, 14 + channel), units, geometry, packet, 2 * channel,
                 has_pci(m) ? &m->ide.channel[channel].dma : NULL);
        for (unsigned i = 0; i < 2; i++)
            if (manifest->drives[DRIVE_HD0 + 2 * channel + i].write_delay)
                m->ata[channel].unit[i].write_us = manifest->drives[DRIVE_HD0 + 2 * channel + i].write_delay;
    }
    return wire_display(m, host);
}

/* The ROMs never change: their part of the digest is computed once. False: no memory. */
static bool hash_roms(struct machine *m)
{
    size_t card = m->vga_card.image_size;
    uint8_t *bytes = malloc(ROM_SIZE + card);

    if (!bytes)
        return false;
    memcpy(bytes, m->memory.rom, ROM_SIZE);
    if (card)
        memcpy(bytes + ROM_SIZE, m->vga_card.image, card);
    m->host.sha256(m->host.context, bytes, ROM_SIZE + card, m->rom_digest);
    free(bytes);
    return true;
}

/* What this version cannot build; null: nothing. */
static const char *unsupported(const struct machine_manifest *manifest)
{
    if (manifest->version != 0)
        return "machine versions other than 0 are unknown to this program";
    return NULL;
}

static const char no_memory[] = "";

/* What it cannot be built for; null: it is built. */
static const char *build(struct machine *m, const struct machine_host *host)
{
    const char *reason;

    if (!memory_init(&m->memory, m->manifest.memory) || !hash_tree_init(&m->pages, m->memory.ram_size / PAGE_SIZE))
        return no_memory;
    if ((reason = load_roms(m, host)))
        return reason;
    bus_init(&m->bus);
    if (!cpu_init(&m->cpu, m->manifest.cpu, &m->memory, &m->bus, &m->clock))
        return no_memory;
    cpu_listen(&m->cpu);
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        if (!drive_init(&m->drives[slot], host->drives[slot], m->manifest.drives[slot].read_only,
                        line_to(drive_failed, m, slot)))
            return no_memory;
    return wire(m, host) && hash_roms(m) ? NULL : no_memory;
}

struct machine *machine_create(const struct machine_manifest *manifest, const struct machine_host *host,
                               const char **reason)
{
    struct machine *m;

    *reason = unsupported(manifest);
    if (*reason)
        return NULL;
    m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->manifest = *manifest;
    m->host = *host;
    m->host.system_rom = m->host.video_rom = NULL; /* copied: not to be kept */
    m->clock.ticks_per_microsecond = manifest->mips;
    *reason = build(m, host);
    if (*reason) {
        *reason = *reason == no_memory ? NULL : *reason;
        machine_destroy(m);
        return NULL;
    }
    if (host->code)
        translator_init(&m->cpu, host->code);
    return m;
}

void machine_destroy(struct machine *m)
{
    if (!m)
        return;
    for (unsigned slot = 0; slot < DRIVE_COUNT; slot++)
        drive_free(&m->drives[slot]);
    vga_free(&m->vga);
    vga_pci_free(&m->vga_card);
    cpu_free(&m->cpu);
    hash_tree_free(&m->pages);
    memory_free(&m->memory);
    free(m->scratch);
    free(m);
}

/* --- Running --- */

/* The reset button: every chip begins anew; memory, CMOS and media stay. */
static void reset_chips(struct machine *m)
{
    i8259_reset(&m->pic);
    i8254_reset(&m->pit);
    mc146818_reset(&m->rtc);
    i8237_reset(&m->dma);
    i8042_reset(&m->keyboard);
    sysports_reset(&m->sysports);
    for (unsigned port = 0; port < 2; port++)
        if (m->manifest.serial[port])
            uart16550_reset(&m->serial[port]);
    if (m->manifest.pointer == POINTER_ABSOLUTE)
        backdoor_reset(&m->backdoor);
    if (m->manifest.parallel)
        parallel_reset(&m->parallel);
    if (machine_has_cirrus(m))
        cirrus_reset(&m->cirrus);
    else if (m->manifest.display)
        vga_reset(&m->vga);
    if (m->manifest.sound_card)
        opl_reset(&m->opl);
    if (m->manifest.sound_card == SOUND_CARD_SB16) {
        sb16_reset(&m->sb16);
        mpu401_reset(&m->midi);
        if (m->manifest.sound_pnp)
            isapnp_reset(&m->isapnp);
    }
    if (m->manifest.network.card)
        ne2000_reset(&m->network);
    if (m->manifest.network.pnp)
        isapnp_reset(&m->network_pnp);
    if (m->manifest.network.card == NETWORK_RTL8029)
        rtl8029_reset(&m->network_card);
    i82077_reset(&m->floppy);
    for (unsigned channel = 0; channel < 2; channel++)
        ata_reset(&m->ata[channel]);
    if (has_pci(m)) {
        pci_reset(&m->pci);
        i440fx_reset(&m->bridge);
        piix_reset(&m->piix);
        piix_ide_reset(&m->ide);
        if (m->manifest.display)
            vga_pci_reset(&m->vga_card);
    }
    if (m->manifest.apic) {
        lapic_reset(&m->lapic);
        ioapic_reset(&m->ioapic);
    }
}

/* What stopped the engine, if it was the machine's business. */
static void serve_stop(struct machine *m)
{
    struct cpu *cpu = &m->cpu;

    if (m->reset_requested || cpu->attention & ATTENTION_SHUTDOWN) {
        /* The reset line of the processor, and what a board does at the shutdown cycle; chips and memory stay as they
         * are. */
        if (m->full_reset_requested)
            reset_chips(m);
        m->reset_requested = m->full_reset_requested = false;
        cpu_reset(cpu);
        if (m->manifest.apic)
            lapic_initialise(&m->lapic);
        if (m->host.was_reset)
            m->host.was_reset(m->host.context);
    }
    cpu->attention &= ~(uint32_t)ATTENTION_STOP;
}

static void choose_engine(struct machine *m)
{
    m->engine_random = m->engine_random * 1664525 + 1013904223; /* Numerical Recipes */
    translator_enable(&m->cpu, m->engine_random >> 28 & 1);
}

void machine_set_engine(struct machine *m, enum machine_engine engine, uint32_t seed)
{
    m->engine = engine;
    m->engine_random = seed;
    translator_enable(&m->cpu, engine == ENGINE_TRANSLATOR);
}

void machine_forked(struct machine *m)
{
    translator_free(&m->cpu);
}

struct machine_statistics machine_statistics(const struct machine *m)
{
    struct translator_statistics s = translator_statistics(&m->cpu);

    return (struct machine_statistics){
        .ticks_translated = s.ticks,
        .ticks_waited = m->cpu.waited,
        .ticks_halted = m->cpu.halted_ticks,
        .blocks = s.translated,
        .instructions = s.instructions,
        .host_bytes = s.host_bytes,
        .entries = s.entries,
        .links = s.links,
        .slow = s.slow,
        .software_rows = s.software_rows,
        .dropped = s.invalidated,
        .flushes = s.flushes,
        .nursery = {s.generation[0].blocks, s.generation[0].bytes},
        .tenured = {s.generation[1].blocks, s.generation[1].bytes},
        .promoted = s.promoted,
        .evicted = s.evicted,
        .code_size = s.code_size,
        .exits = {s.exits[0], s.exits[1], s.exits[2], s.exits[3], s.exits[4]},
    };
}

void machine_watch_translation(struct machine *m, const struct translation_watch *watch)
{
    translator_watch_translation(&m->cpu, watch);
}

/* spare: how many ticks before `until` it may end. */
static enum machine_stop run(struct machine *m, uint64_t until, unsigned spare)
{
    struct cpu *cpu = &m->cpu;

    clock_begin_slice(&m->clock, until);
    while (!m->powered_off && !m->host_failed && clock_now(&m->clock) + spare < until) {
        if (m->engine == ENGINE_RANDOM)
            choose_engine(m);
        cpu->spare = m->clock.deadline == until ? spare : 0;
        engine_run(cpu);
        serve_stop(m);
        if (cpu->halted_dead) {
            cpu->halted_dead = false;
            clock_fire_due(&m->clock);
            return MACHINE_HALTED;
        }
        if (clock_now(&m->clock) >= m->clock.deadline)
            clock_fire_due(&m->clock);
    }
    return m->host_failed ? MACHINE_HOST_FAILED : m->powered_off ? MACHINE_POWERED_OFF : MACHINE_SLICE_END;
}

enum machine_stop machine_run(struct machine *m, uint64_t until)
{
    enum machine_stop stop = run(m, until, 0);

    sound_update(&m->sound);
    return stop;
}

enum machine_stop machine_run_near(struct machine *m, uint64_t until)
{
    enum machine_stop stop = run(m, until, MACHINE_NEAR);

    sound_update(&m->sound);
    return stop;
}

uint64_t machine_ticks_idle(const struct machine *m)
{
    return m->cpu.waited + m->cpu.halted_ticks;
}

bool machine_is_quiet(const struct machine *m)
{
    bool quiet = m->floppy.due_at == NEVER && (!m->manifest.parallel || m->parallel.due_at == NEVER);

    for (unsigned port = 0; port < 2; port++)
        quiet &= !m->manifest.serial[port] || m->serial[port].transmit_due_at == NEVER;
    for (unsigned channel = 0; channel < 2; channel++)
        quiet &= m->ata[channel].due_at == NEVER;
    return quiet;
}

uint64_t machine_tick(const struct machine *m)
{
    return clock_now(&m->clock);
}

uint64_t machine_ticks_per_second(const struct machine *m)
{
    return (uint64_t)m->clock.ticks_per_microsecond * 1000000;
}

/* --- Inputs --- */

bool machine_key(struct machine *m, uint8_t key, bool down)
{
    return i8042_key(&m->keyboard, key, down);
}

bool machine_pointer(struct machine *m, int dx, int dy, int wheel, unsigned buttons)
{
    if (m->manifest.pointer == POINTER_COM1 || m->manifest.pointer == POINTER_COM2)
        return serial_mouse_move(&m->mouse, dx, dy, buttons);
    if (m->manifest.pointer == POINTER_ABSOLUTE && m->backdoor.absolute)
        return backdoor_move(&m->backdoor, dx, dy, wheel, buttons);
    return ps2mouse_move(&m->keyboard.mouse, dx, dy, wheel, buttons);
}

bool machine_pointer_at(struct machine *m, uint16_t x, uint16_t y, int wheel, unsigned buttons)
{
    return m->manifest.pointer == POINTER_ABSOLUTE && backdoor_place(&m->backdoor, x, y, wheel, buttons);
}

bool machine_paste(struct machine *m, const uint8_t *text, size_t length, bool more)
{
    return m->manifest.pointer == POINTER_ABSOLUTE && backdoor_paste(&m->backdoor, text, length, more);
}

bool machine_serial_in(struct machine *m, unsigned port, uint8_t byte)
{
    return m->manifest.serial[port] && uart16550_receive(&m->serial[port], byte);
}

void machine_packet_in(struct machine *m, const uint8_t *packet, size_t length)
{
    if (m->manifest.network.cable && length <= MACHINE_PACKET)
        dp8390_receive(&m->network.chip, packet, length);
}

void machine_line_in(struct machine *m, const struct wave *recording)
{
    if (m->manifest.line_in)
        line_in_connect(&m->line, recording);
}

void machine_insert(struct machine *m, enum drive_slot slot, const struct block *medium)
{
    enum drive_kind kind = m->manifest.drives[slot].kind;

    if ((kind == DRIVE_FLOPPY || kind == DRIVE_CDROM) && !drive_insert(&m->drives[slot], medium))
        drive_failed(m, slot, true);
}

void machine_text(const struct machine *m, struct text_screen *screen)
{
    memset(screen, 0, sizeof *screen);
    if (m->manifest.display)
        vga_text(&m->vga, screen);
}

void machine_indicators(const struct machine *m, struct machine_indicators *indicators)
{
    *indicators = (struct machine_indicators){
        .leds = m->keyboard.keyboard.leds,
        .positions = m->manifest.pointer == POINTER_ABSOLUTE && m->backdoor.absolute,
    };
}

void machine_frame(struct machine *m, struct frame *frame)
{
    memset(frame, 0, sizeof *frame);
    if (m->manifest.display)
        vga_frame(&m->vga, frame);
}
