/* schema.c - the two languages, as tables. spec/manifest.md says the same in prose; the order here is the order of the
 * canonical form. */
#include "manifests/schema.h"

#include <stdlib.h>
#include <string.h>

/* Choices are stored as 32-bit values, whatever enumeration they belong to. */
_Static_assert(sizeof(enum machine_type) == 4 && sizeof(enum cpu_model) == 4 && sizeof(enum boot_device) == 4,
               "enumerations of 32 bits");
_Static_assert(sizeof(enum drive_kind) == 4 && sizeof(enum floppy_type) == 4 && sizeof(enum bios_translation) == 4 &&
                   sizeof(enum monitor) == 4 && sizeof(enum display) == 4 && sizeof(enum pointer) == 4 &&
                   sizeof(enum sound_card) == 4 && sizeof(enum network_card) == 4 && sizeof(enum network_port) == 4 &&
                   sizeof(enum network_irq) == 4,
               "enumerations of 32 bits");

#define AT(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define KEYS_END \
    { \
        .key = NULL \
    }

const char *const machine_type_names[] = {"pc-isa", "pc-i440fx", NULL};
const char *const cpu_model_names[] = {"i386",     "i486",     "pentium",  "pentium-mmx",
                                       "pentium2", "pentium3", "pentium4", NULL};
const char *const drive_slot_names[] = {"fd0", "fd1", "hd0", "hd1", "hd2", "hd3", NULL};

static const char *const machine_version_names[] = {"machine 0", NULL};
static const char *const description_version_names[] = {"description 0", NULL};
static const char *const floppy_names[] = {"floppy 360K",  "floppy 1.2M",  "floppy 720K",
                                           "floppy 1.44M", "floppy 2.88M", NULL};
static const char *const disk_names[] = {"disk", "cdrom", NULL};
static const char *const boot_names[] = {"floppy", "disk", "cdrom", NULL};
static const char *const display_names[] = {"none", "vga", "cirrus gd5430", "cirrus gd5434", "cirrus gd5446", NULL};
static const char *const monitor_names[] = {"1280x1024", "none", "640x480", "800x600", "1024x768", "1600x1200", NULL};
static const char *const pointer_names[] = {"ps2", "com1", "com2", "absolute", NULL};
static const char *const sound_card_names[] = {"none", "adlib", "opl3", "sb16", NULL};
static const char *const network_card_names[] = {"ne2000", "rtl8029", NULL};
static const char *const network_port_names[] = {"300h", "280h", "320h", NULL};
static const char *const network_irq_names[] = {"10", "3", "5", "11", NULL};
static const char *const yes_names[] = {"no", "yes", NULL}, *const unless_names[] = {"yes", "no", NULL};
static const char *const translation_names[] = {"none", "lba", "large", "large-240", NULL};

static const struct unit bare_unit[] = {{"", 1}, {NULL, 0}};
static const struct unit speed_units[] = {{"MIPS", 1}, {NULL, 0}};
static const struct unit delay_units[] = {{"us", 1}, {"ms", 1000}, {NULL, 0}};
static const struct unit size_units[] = {{"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}, {NULL, 0}};

/* --- machine.yaml --- */

#define USUAL_WRITE_DELAY 150 /* microseconds; stored as 0, so that it is left out */

/* Whether a mapping with these keys has this one; `seen` has a bit for each that is there. */
static bool is_given(const struct rule *keys, uint32_t seen, const char *key)
{
    uint32_t bit = 1;

    for (; strcmp(keys->key, key); keys++)
        bit <<= 1;
    return seen & bit;
}

static const char *cpu_check(void *field, const struct rule *keys, uint32_t seen)
{
    const struct machine_manifest *m = field;

    (void)keys, (void)seen;
    return m->cpu < CPU_PENTIUM && m->cpuid_limit != UINT32_MAX
               ? "this model has no CPUID leaves for cpuid-limit to limit"
               : NULL;
}

/* clang-format off */
static const struct rule cpu_keys[] = {
    { "model", AT(machine_manifest, cpu), .required = true, .scalar = &type_choice, .words = cpu_model_names },
    { "speed", AT(machine_manifest, mips), .required = true, .scalar = &type_quantity, .units = speed_units,
      .minimum = 1, .maximum = 10000, .step = 1 },
    { "cpuid-limit", AT(machine_manifest, cpuid_limit), .scalar = &type_quantity, .units = bare_unit,
      .minimum = 1, .maximum = 31, .step = 1, .absent = UINT32_MAX },
    KEYS_END
};

static const struct rule firmware_file_keys[] = {
    { "file", AT(firmware_manifest, file), .required = true, .scalar = &type_path },
    { "sha256", AT(firmware_manifest, sha256), .required = true, .scalar = &type_sha256 },
    KEYS_END
};
/* clang-format on */

#define FIRMWARE(name, member) \
    { \
        name, AT(machine_manifest, member), .required = true, .scalar = &type_built_in, .maximum = 0, \
                                            .keys = firmware_file_keys \
    }

static const struct rule firmware_keys[] = {FIRMWARE("system", system), FIRMWARE("video", video), KEYS_END};

static const char *floppy_check(void *field, const struct rule *keys, uint32_t seen)
{
    struct drive_manifest *drive = field;

    (void)keys, (void)seen;
    drive->kind = DRIVE_FLOPPY;
    return NULL;
}

static const char *disk_check(void *field, const struct rule *keys, uint32_t seen)
{
    struct drive_manifest *drive = field;

    if (drive->write_delay == USUAL_WRITE_DELAY)
        drive->write_delay = 0;
    if (drive->kind == DRIVE_DISK)
        return drive->image[0] ? NULL : "a disk needs an image";
    if (drive->geometry.cylinders)
        return "a cdrom has no geometry";
    if (drive->translation)
        return "a cdrom has no translation";
    if (drive->write_delay)
        return "a cdrom writes nothing; write-delay belongs to disks";
    return is_given(keys, seen, "read-only") ? "a cdrom is always read-only; the key belongs to disks" : NULL;
}

/* clang-format off */
static const struct rule floppy_keys[] = {
    { "kind", AT(drive_manifest, floppy), .required = true, .scalar = &type_choice, .words = floppy_names, .first = FLOPPY_360K },
    { "image", AT(drive_manifest, image), .scalar = &type_path },
    { "read-only", AT(drive_manifest, read_only), .scalar = &type_flag, .words = yes_names },
    KEYS_END
};

static const struct rule disk_keys[] = {
    { "kind", AT(drive_manifest, kind), .required = true, .scalar = &type_choice, .words = disk_names, .first = DRIVE_DISK },
    { "image", AT(drive_manifest, image), .scalar = &type_path },
    { "geometry", AT(drive_manifest, geometry), .scalar = &type_geometry },
    { "read-only", AT(drive_manifest, read_only), .scalar = &type_flag, .words = yes_names },
    { "translation", AT(drive_manifest, translation), .scalar = &type_choice, .words = translation_names, .first = TRANSLATION_NONE },
    { "write-delay", AT(drive_manifest, write_delay), .scalar = &type_quantity, .units = delay_units,
      .minimum = 1, .maximum = 10000, .step = 1 },
    KEYS_END
};
/* clang-format on */

#define DRIVE(name, slot, kind) \
    { \
        name, AT(machine_manifest, drives[slot]), .keys = kind##_keys, .check = kind##_check \
    }

/* clang-format off */
static const struct rule drive_keys[] = {
    DRIVE("fd0", DRIVE_FD0, floppy), DRIVE("fd1", DRIVE_FD1, floppy),
    DRIVE("hd0", DRIVE_HD0, disk), DRIVE("hd1", DRIVE_HD1, disk), DRIVE("hd2", DRIVE_HD2, disk), DRIVE("hd3", DRIVE_HD3, disk),
    KEYS_END
};
/* clang-format on */

static const struct rule boot_item = {
    "boot", 0, sizeof(enum boot_device), .scalar = &type_choice, .words = boot_names, .first = BOOT_FLOPPY};

/* clang-format off */
static const struct rule port_names[] = {
    { "com1", AT(machine_manifest, serial[0]) },
    { "com2", AT(machine_manifest, serial[1]) },
    { "lpt1", AT(machine_manifest, parallel) },
    KEYS_END
};
/* clang-format on */

#define WHOLE(type) .offset = 0, .size = sizeof(struct type) /* for values that lie apart in the structure */

/* clang-format off */
static const struct rule sound_keys[] = {
    { "speaker", AT(machine_manifest, speaker), .scalar = &type_flag, .words = yes_names },
    { "card", AT(machine_manifest, sound_card), .scalar = &type_flag, .words = sound_card_names },
    { "pnp", AT(machine_manifest, sound_pnp), .scalar = &type_flag, .words = yes_names },
    { "line-in", AT(machine_manifest, line_in), .scalar = &type_flag, .words = yes_names },
    KEYS_END
};

static const struct rule network_keys[] = {
    { "card", AT(network_manifest, card), .required = true, .scalar = &type_choice, .words = network_card_names, .first = NETWORK_NE2000 },
    { "address", AT(network_manifest, address), .required = true, .scalar = &type_station },
    { "port", AT(network_manifest, port), .scalar = &type_flag, .words = network_port_names },
    { "irq", AT(network_manifest, irq), .scalar = &type_flag, .words = network_irq_names },
    { "pnp", AT(network_manifest, pnp), .scalar = &type_flag, .words = yes_names },
    { "cable", AT(network_manifest, cable), .scalar = &type_flag, .words = yes_names },
    KEYS_END
};
/* clang-format on */

static const char *network_check(void *field, const struct rule *keys, uint32_t seen)
{
    const struct network_manifest *n = field;

    if (n->pnp && n->card != NETWORK_NE2000)
        return "pnp is that of a card for ISA; the key belongs to an ne2000";
    if (!is_given(keys, seen, "port") && !is_given(keys, seen, "irq"))
        return NULL;
    return n->card == NETWORK_RTL8029 ? "firmware says where a card for PCI is; port and irq belong to an ne2000"
           : n->pnp                   ? "software says where a card with Plug and Play is; leave port and irq out"
                                      : NULL;
}

/* clang-format off */
static const struct rule machine_keys[] = {
    { "muniment", AT(machine_manifest, version), .required = true, .scalar = &type_choice, .words = machine_version_names },
    { "machine", AT(machine_manifest, type), .required = true, .scalar = &type_choice, .words = machine_type_names },
    { "cpu", WHOLE(machine_manifest), .required = true, .keys = cpu_keys, .check = cpu_check },
    { "memory", AT(machine_manifest, memory), .required = true, .scalar = &type_quantity, .units = size_units,
      .minimum = 1u << 20, .maximum = 3ull << 30, .step = 64u << 10 },
    { "firmware", WHOLE(machine_manifest), .required = true, .keys = firmware_keys },
    { "clock", AT(machine_manifest, clock_start), .required = true, .scalar = &type_time },
    { "drives", WHOLE(machine_manifest), .required = true, .scalar = &type_none, .keys = drive_keys },
    { "boot", AT(machine_manifest, boot), .required = true, .scalar = &type_none, .items = &boot_item, .max_items = 3 },
    { "acpi", AT(machine_manifest, no_acpi), .scalar = &type_flag, .words = unless_names },
    { "apic", AT(machine_manifest, apic), .scalar = &type_flag, .words = yes_names },
    { "ports", WHOLE(machine_manifest), .required = true, .scalar = &type_none, .names = port_names },
    { "display", AT(machine_manifest, display), .required = true, .scalar = &type_choice, .words = display_names },
    { "display-memory", AT(machine_manifest, display_memory), .scalar = &type_quantity, .units = size_units,
      .minimum = 1u << 20, .maximum = 4u << 20, .step = 1u << 20 },
    { "monitor", AT(machine_manifest, monitor), .scalar = &type_flag, .words = monitor_names },
    { "pointer", AT(machine_manifest, pointer), .scalar = &type_flag, .words = pointer_names },
    { "sound", WHOLE(machine_manifest), .keys = sound_keys },
    { "network", AT(machine_manifest, network), .keys = network_keys, .check = network_check },
    KEYS_END
};
/* clang-format on */

static const char *machine_check(void *field, const struct rule *keys, uint32_t seen)
{
    const struct machine_manifest *m = field;

    if (is_given(keys, seen, "acpi") && m->type != MACHINE_PC_I440FX)
        return "only a pc-i440fx has ACPI; the key belongs to it";
    if (m->display == DISPLAY_GD5446 && m->type != MACHINE_PC_I440FX)
        return "a gd5446 is a chip for PCI, which only a pc-i440fx has; a pc-isa may have a gd5430 or gd5434";
    if (m->display_memory && m->display < DISPLAY_GD5430)
        return "display-memory is that of a Cirrus chip; the key belongs to it";
    if (m->display_memory == 3u << 20 || (m->display == DISPLAY_GD5430 && m->display_memory > 2u << 20))
        return "a gd5430 has 1 or 2 MiB of display memory, a gd5434 and a gd5446 1, 2 or 4";
    if ((m->pointer == POINTER_COM1 && !m->serial[0]) || (m->pointer == POINTER_COM2 && !m->serial[1]))
        return "the mouse is on a serial port that is not in the list ports";
    if ((m->sound_pnp || m->line_in) && m->sound_card != SOUND_CARD_SB16)
        return "pnp and line-in are those of a Sound Blaster 16; the keys belong to card: sb16";
    if (m->network.card == NETWORK_RTL8029 && m->type != MACHINE_PC_I440FX)
        return "an rtl8029 is a card for PCI, which only a pc-i440fx has; a pc-isa may have an ne2000";
    if (m->network.card == NETWORK_NE2000 && !m->network.pnp &&
        ((m->network.irq == NETWORK_IRQ_3 && m->serial[1]) ||
         (m->network.irq == NETWORK_IRQ_5 && m->sound_card == SOUND_CARD_SB16)))
        return "the network card would have the interrupt of com2 or of the sound card; say another irq under network";
    if (is_given(keys, seen, "apic") && (m->type != MACHINE_PC_I440FX || m->cpu < CPU_PENTIUM))
        return "only a pc-i440fx with a pentium or later can have an APIC; the key belongs to it";
    return NULL;
}

const struct rule machine_rules = {"manifest", WHOLE(machine_manifest), .required = true, .keys = machine_keys,
                                   .check = machine_check};

bool machine_manifest_parse(const char *text, size_t length, const char *name, struct machine_manifest *m,
                            struct error *error)
{
    memset(m, 0, sizeof(*m));
    m->cpuid_limit = UINT32_MAX;
    return manifest_parse(&machine_rules, text, length, name, m, error);
}

bool manifest_has_sound(const struct machine_manifest *m)
{
    return m->speaker || m->sound_card;
}

size_t machine_manifest_print(const struct machine_manifest *m, char *buffer, size_t size)
{
    return manifest_print(&machine_rules, m, buffer, size);
}

/* --- description.yaml --- */

#define IDENTIFIER_SIZE sizeof(((struct description_manifest *)0)->identifier[0])

static const struct rule identifier_item = {"identifiers", 0, IDENTIFIER_SIZE, .scalar = &type_text};
static const struct rule language_item = {"languages", 0, sizeof(((struct description_manifest *)0)->language[0]),
                                          .scalar = &type_language};

static const struct rule closure_keys[] = {
    {"until", AT(closure, until), .required = true, .scalar = &type_date},
    {"drive", AT(closure, slot), .required = true, .scalar = &type_choice, .words = drive_slot_names},
    {"path", AT(closure, path), .scalar = &type_inside},
    KEYS_END};
static const struct rule closure_item = {"closures", WHOLE(closure), .keys = closure_keys};

static const struct rule software_keys[] = {{"name", AT(software, name), .required = true, .scalar = &type_text},
                                            {"version", AT(software, version), .scalar = &type_text},
                                            {"licence", AT(software, licence), .scalar = &type_text},
                                            {"evidence", AT(software, evidence), .scalar = &type_text},
                                            KEYS_END};
static const struct rule software_item = {"software", WHOLE(software), .keys = software_keys};

static const struct rule ingest_keys[] = {
    {"date", AT(description_manifest, ingest.date), .required = true, .scalar = &type_time},
    {"by", AT(description_manifest, ingest.by), .scalar = &type_text},
    {"row", AT(description_manifest, ingest.row), .required = true, .scalar = &type_sha256},
    {"scan", AT(description_manifest, ingest.scan), .scalar = &type_text},
    KEYS_END};

/* clang-format off */
static const struct rule description_keys[] = {
    { "muniment", 0, 0, .required = true, .scalar = &type_choice, .words = description_version_names },
    { "title", AT(description_manifest, title), .required = true, .scalar = &type_text },
    { "identifiers", AT(description_manifest, identifier), .items = &identifier_item, .max_items = 16 },
    { "provenance", AT(description_manifest, provenance), .scalar = &type_lines },
    { "rights", WHOLE(description_manifest), .scalar = &type_rights },
    { "rights-reason", AT(description_manifest, rights_reason), .scalar = &type_text },
    { "rights-review", AT(description_manifest, rights_review), .scalar = &type_date },
    { "reference", AT(description_manifest, reference), .scalar = &type_text },
    { "creator", AT(description_manifest, creator), .scalar = &type_text },
    { "custodian", AT(description_manifest, custodian), .scalar = &type_text },
    { "languages", AT(description_manifest, language), .items = &language_item, .max_items = LANGUAGE_LIMIT },
    { "software", AT(description_manifest, software), .items = &software_item, .max_items = SOFTWARE_LIMIT },
    { "ingest", WHOLE(description_manifest), .keys = ingest_keys },
    { "closures", AT(description_manifest, closure), .items = &closure_item, .max_items = CLOSURE_LIMIT },
    KEYS_END
};
/* clang-format on */

const struct rule description_rules = {"manifest", WHOLE(description_manifest), .required = true,
                                       .keys = description_keys};

bool description_manifest_parse(const char *text, size_t length, const char *name, struct description_manifest *d,
                                struct error *error)
{
    memset(d, 0, sizeof(*d));
    if (!manifest_parse(&description_rules, text, length, name, d, error))
        return false;
    while (d->identifiers < 16 && d->identifier[d->identifiers][0])
        d->identifiers++;
    return true;
}

size_t description_manifest_print(const struct description_manifest *d, char *buffer, size_t size)
{
    return manifest_print(&description_rules, d, buffer, size);
}

/* --- set.yaml --- */

#define USUAL_LATENCY 500 /* microseconds */

static const char *const set_version_names[] = {"set 0", NULL};
static const struct unit time_units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {NULL, 0}};

/* clang-format off */
static const struct rule set_machine_keys[] = {
    { "name", AT(set_machine, name), .required = true, .scalar = &type_name },
    { "machine", AT(set_machine, machine), .required = true, .scalar = &type_path },
    { "power-on", AT(set_machine, power_on), .scalar = &type_quantity, .units = time_units,
      .minimum = 0, .maximum = 3600000000, .step = 1 },
    KEYS_END
};

static const struct rule set_machine_item = {"machines", WHOLE(set_machine), .keys = set_machine_keys};

static const struct rule set_keys[] = {
    { "muniment", 0, 0, .required = true, .scalar = &type_choice, .words = set_version_names },
    { "latency", AT(set_manifest, latency), .scalar = &type_quantity, .units = delay_units,
      .minimum = 10, .maximum = 10000, .step = 1 },
    { "machines", AT(set_manifest, machine), .required = true, .items = &set_machine_item, .max_items = SET_MACHINES },
    KEYS_END
};
/* clang-format on */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct set_machine *)a)->name, ((const struct set_machine *)b)->name);
}

/* Where the machines stand in the list says nothing: they are put in the order of their names. */
static const char *set_check(void *field, const struct rule *keys, uint32_t seen)
{
    struct set_manifest *s = field;

    (void)keys, (void)seen;
    if (!s->latency)
        s->latency = USUAL_LATENCY;
    while (s->machines < SET_MACHINES && s->machine[s->machines].name[0])
        s->machines++;
    if (s->machines < 2)
        return "a set has at least two machines";
    qsort(s->machine, s->machines, sizeof *s->machine, by_name);
    for (uint32_t i = 1; i < s->machines; i++)
        if (!strcmp(s->machine[i].name, s->machine[i - 1].name))
            return "two machines have the same name";
    return NULL;
}

const struct rule set_rules = {"manifest", WHOLE(set_manifest), .required = true, .keys = set_keys, .check = set_check};

bool set_manifest_parse(const char *text, size_t length, const char *name, struct set_manifest *s, struct error *error)
{
    memset(s, 0, sizeof(*s));
    return manifest_parse(&set_rules, text, length, name, s, error);
}

bool set_manifest_is(const char *text, size_t length)
{
    static const char title[] = "muniment: set ";
    const char *end = text + length;

    while (text < end && (*text == '#' || *text == '\n' || *text == '\r')) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        text = feed ? feed + 1 : end;
    }
    return (size_t)(end - text) >= sizeof title - 1 && !memcmp(text, title, sizeof title - 1);
}
