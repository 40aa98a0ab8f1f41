/* manifests.h - the public header of manifests/: the language that describes a frozen machine.
 *
 * A machine.yaml holds what determines the bits, a description.yaml what describes them. Both are restricted YAML,
 * checked against one schema table; spec/manifest.md is normative. emu/ takes a struct machine_manifest and never
 * sees YAML; archive/ seals the canonical form, so that a manifest has one digest. Ready-made machines lie beside
 * this file. */
#ifndef MUNIMENT_MANIFESTS_H
#define MUNIMENT_MANIFESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/error.h"
#include "formats/formats.h"

#define MANIFEST_LIMIT 65536 /* bytes of a manifest that are read at most */

enum machine_type { MACHINE_PC_ISA, MACHINE_PC_I440FX };

/* clang-format off */
enum cpu_model {
    CPU_I386, CPU_I486, CPU_PENTIUM, CPU_PENTIUM_MMX, CPU_PENTIUM2, CPU_PENTIUM3, CPU_PENTIUM4
};

/* Where a drive sits. The position is also its name in manifests, archives and messages: fd0 hd0 ... */
enum drive_slot {
    DRIVE_FD0, DRIVE_FD1,
    DRIVE_HD0, DRIVE_HD1, DRIVE_HD2, DRIVE_HD3, /* primary master, primary slave, secondary master, secondary slave */
    DRIVE_COUNT
};
/* clang-format on */

enum drive_kind { DRIVE_ABSENT, DRIVE_FLOPPY, DRIVE_DISK, DRIVE_CDROM };

enum floppy_type {
    FLOPPY_NONE,
    FLOPPY_360K,
    FLOPPY_1200K,
    FLOPPY_720K,
    FLOPPY_1440K,
    FLOPPY_2880K
}; /* values as in CMOS 10h, but 2880K is 5 */

/* How the firmware shows a disk to INT 13h, whatever IDENTIFY says. */
enum bios_translation {
    TRANSLATION_FIRMWARE,
    TRANSLATION_NONE,
    TRANSLATION_LBA,
    TRANSLATION_LARGE,
    TRANSLATION_LARGE_240
};

struct drive_manifest {
    enum drive_kind kind;
    enum floppy_type floppy;  /* the drive, for kind DRIVE_FLOPPY */
    char image[256];          /* path relative to the manifest; in a sealed manifest "sealed"; empty: no medium */
    struct geometry geometry; /* IDENTIFY geometry of a disk; all zero: from the image (disk_geometry) */
    bool read_only;
    uint32_t write_delay; /* microseconds until a disk acknowledges a written block; 0: as it is by itself */
    enum bios_translation translation; /* of a disk; TRANSLATION_FIRMWARE: as the firmware finds fit */
};

struct firmware_manifest {
    bool built_in;
    uint32_t version;   /* of the built-in firmware */
    char file[256];     /* otherwise: its file, relative to the manifest, */
    uint8_t sha256[32]; /* and what it must hash to */
};

enum boot_device { BOOT_NONE, BOOT_FLOPPY, BOOT_DISK, BOOT_CDROM }; /* nibbles of CMOS 3Dh */

/* By the mode that it prefers; MONITOR_NONE does not describe itself. */
enum monitor { MONITOR_1280X1024, MONITOR_NONE, MONITOR_640X480, MONITOR_800X600, MONITOR_1024X768, MONITOR_1600X1200 };

/* The display adapter: none, a VGA with Bochs' interface, or a Cirrus Logic chip. */
enum display { DISPLAY_NONE, DISPLAY_VGA, DISPLAY_GD5430, DISPLAY_GD5434, DISPLAY_GD5446 };

/* What the pointer's movements reach: a mouse on the 8042, one on a serial port (then none on the 8042), or, beside
 * that on the 8042, a driver in the guest that asks for positions. */
enum pointer { POINTER_PS2, POINTER_COM1, POINTER_COM2, POINTER_ABSOLUTE };

/* AdLib has an OPL2, the others an OPL3. */
enum sound_card { SOUND_CARD_NONE, SOUND_CARD_ADLIB, SOUND_CARD_OPL3, SOUND_CARD_SB16 };

/* An NE2000 is on the ISA bus, at ports and with an interrupt that jumpers choose; an RTL8029 is on PCI. */
enum network_card { NETWORK_NONE, NETWORK_NE2000, NETWORK_RTL8029 };
enum network_port { NETWORK_PORT_300, NETWORK_PORT_280, NETWORK_PORT_320 };
enum network_irq { NETWORK_IRQ_10, NETWORK_IRQ_3, NETWORK_IRQ_5, NETWORK_IRQ_11 };

struct network_manifest {
    enum network_card card;
    uint8_t address[6]; /* of the station */
    enum network_port port;
    enum network_irq irq;
    bool pnp;   /* an NE2000 with Plug and Play: software says where it is */
    bool cable; /* it is on one; otherwise there is no carrier */
};

struct machine_manifest {
    uint32_t version; /* of the machine: 0 */
    enum machine_type type;
    enum cpu_model cpu;
    uint32_t cpuid_limit; /* highest standard CPUID leaf; UINT32_MAX: the model's own */
    uint32_t mips;        /* speed: ticks per microsecond, 1 to 10000 */
    uint64_t memory;      /* bytes; a multiple of 64 KiB, 1 MiB to 3 GiB */
    struct firmware_manifest system, video;
    int64_t clock_start; /* what the RTC shows at power-on: seconds since 1970-01-01T00:00:00 of the machine's civil
                            time */
    struct drive_manifest drives[DRIVE_COUNT];
    enum boot_device boot[3];
    bool no_acpi;   /* the firmware makes no ACPI tables */
    bool apic;      /* a local and an I/O APIC; of pc-i440fx with a pentium or later */
    bool serial[2]; /* COM1 at 3F8h/IRQ4, COM2 at 2F8h/IRQ3 */
    bool parallel;  /* LPT1 at 378h/IRQ7 */
    enum display display;
    uint32_t display_memory; /* bytes of a Cirrus chip's, 1, 2 or 4 MiB; 0: as much as it can have */
    enum monitor monitor;    /* which EDID the video firmware returns */
    enum pointer pointer;
    bool speaker; /* the board's loudspeaker is heard */
    enum sound_card sound_card;
    bool sound_pnp; /* a Sound Blaster 16: software says where it is */
    bool line_in;   /* and something may be connected to its line input */
    struct network_manifest network;
};

/* Whether anything of the machine is heard. */
bool manifest_has_sound(const struct machine_manifest *m);

/* Names used in manifests: "pc-isa", "i386", "fd0", "floppy". */
extern const char *const machine_type_names[], *const cpu_model_names[], *const drive_slot_names[];

/* The machine on which a disk image given directly boots: pc-isa, i486, 25 MIPS, 16 MiB, built-in firmware 0, clock
 * from 1998-01-01T00:00:00, COM1, COM2, LPT1, VGA, an empty 1.44M fd0. */
void machine_manifest_default(struct machine_manifest *m);

/* Parses text (length at most MANIFEST_LIMIT). name is the file's name for messages: an error's object is
 * NAME:LINE:COLUMN, both from 1, the column in characters. Everything is checked: types, ranges, units, duplicate and
 * unknown keys, combinations. */
bool machine_manifest_parse(const char *text, size_t length, const char *name, struct machine_manifest *m,
                            struct error *error);

/* Writes the canonical form (the fixed order and spelling of spec/manifest.md) as a NUL-terminated string into buffer
 * and returns its length, or 0 if it needs more than size bytes or *m is no machine that could be parsed. Parsing it
 * gives *m again. */
size_t machine_manifest_print(const struct machine_manifest *m, char *buffer, size_t size);

#define LANGUAGE_LIMIT 16
#define SOFTWARE_LIMIT 32

/* A program that is on the machine. */
struct software {
    char name[128], version[64], licence[128], evidence[192]; /* all but the name may be empty */
};

#define CLOSURE_LIMIT 16

/* A drive, or a file or folder of a volume on it, that is closed. */
struct closure {
    char until[11], path[512]; /* until this date, YYYY-MM-DD; empty: all of the drive */
    enum drive_slot slot;
};

/* What a description says. A text that is not stated is empty; a list ends at its first empty element. */
struct description_manifest {
    char title[256];
    char identifier[16][128];
    uint32_t identifiers;
    char provenance[4096];
    bool open;             /* rights: open now, */
    char closed_until[11]; /* or closed until this date, YYYY-MM-DD; empty and not open: not stated */
    char rights_reason[512], rights_review[11]; /* why; the date on which that is looked at again */
    struct closure closure[CLOSURE_LIMIT];      /* what is closed besides */
    char reference[128], creator[256], custodian[256];
    char language[LANGUAGE_LIMIT][36]; /* of the records: tags of RFC 5646 */
    struct software software[SOFTWARE_LIMIT];
    struct {
        int64_t date;           /* when it was taken in: seconds since 1970-01-01T00:00:00, UTC; 0: not stated */
        char by[65], scan[256]; /* who did it; what the scanner of the quarantine said */
        uint8_t row[32];        /* SHA-256 of what the shelf's table said */
    } ingest;
};

bool description_manifest_parse(const char *text, size_t length, const char *name, struct description_manifest *d,
                                struct error *error);
size_t description_manifest_print(const struct description_manifest *d, char *buffer, size_t size);

/* A set: machines on one Ethernet cable (spec/set.md). */
#define SET_MACHINES 16
#define SET_NAME 16 /* bytes of a machine's name, with its NUL */
struct set_manifest {
    uint32_t latency; /* microseconds from a packet's end to its arrival */
    struct set_machine {
        char name[SET_NAME];
        char machine[256]; /* path relative to the manifest: of an archive, or of a machine.yaml */
        uint64_t power_on; /* microseconds after the set's beginning */
    } machine[SET_MACHINES];
    uint32_t machines; /* in the ascending order of their names */
};

bool set_manifest_parse(const char *text, size_t length, const char *name, struct set_manifest *s, struct error *error);
/* Whether a text, of whatever kind, begins as a set. */
bool set_manifest_is(const char *text, size_t length);

/* Reads a whole file of at most MANIFEST_LIMIT bytes, without the byte order mark that may stand before UTF-8. Another
 * encoding is refused by its name. The caller frees *text, which is NUL-terminated. */
bool manifest_read_file(const char *path, char **text, size_t *length, struct error *error);

#endif
