/* test_manifests.c - facts about the language of manifests: what is read, what is refused and where, and the one
 * canonical form. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "manifests/manifests.h"

static const char full_machine[] = "muniment: machine 0\n" /* line 1 */
                                   "machine: pc-i440fx\n"
                                   "cpu:\n"
                                   "  model: pentium2\n"
                                   "  speed: 300 MIPS\n"
                                   "  cpuid-limit: 3\n"
                                   "memory: 64 MiB\n"
                                   "firmware:\n"
                                   "  system:\n"
                                   "    file: \"rom/award.bin\"\n" /* 10 */
                                   "    sha256: 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff\n"
                                   "  video: built-in 0\n"
                                   "clock: 1999-12-31T23:59:58\n"
                                   "drives:\n"
                                   "  fd0:\n"
                                   "    kind: floppy 1.44M\n"
                                   "  hd0:\n"
                                   "    kind: disk\n"
                                   "    image: \"c.img\"\n"
                                   "    geometry: 977/5/17\n" /* 20 */
                                   "    read-only: yes\n"
                                   "  hd2:\n"
                                   "    kind: cdrom\n"
                                   "boot:\n"
                                   "  - disk\n"
                                   "  - floppy\n"
                                   "ports:\n"
                                   "  - com1\n"
                                   "  - lpt1\n"
                                   "display: vga\n"; /* 30 */

static const char full_description[] = "muniment: description 0\n"
                                       "title: \"A \\\"quoted\\\" title, with \\\\ and \xC3\xBC\"\n"
                                       "identifiers:\n"
                                       "  - \"LR-1998-0042\"\n"
                                       "  - \"42\"\n"
                                       "provenance: |2-\n"
                                       "    Indented.\n"
                                       "\n"
                                       "  The end.\n"
                                       "rights: closed until 2031-01-01\n"
                                       "rights-reason: \"Names of living persons\"\n"
                                       "rights-review: 2030-06-30\n"
                                       "reference: \"GB 123 LR/7/42\"\n"
                                       "creator: \"County Land Registry\"\n"
                                       "custodian: \"County Record Office\"\n"
                                       "languages:\n"
                                       "  - \"en\"\n"
                                       "  - \"de-CH\"\n"
                                       "software:\n"
                                       "  - name: \"MS-DOS\"\n"
                                       "    version: \"6.22\"\n"
                                       "    licence: \"OEM\"\n"
                                       "    evidence: \"COMMAND.COM in partition 1\"\n"
                                       "  - name: \"LANDREG\"\n"
                                       "ingest:\n"
                                       "  date: 2026-11-29T09:00:00\n"
                                       "  by: \"p-0a1b2c\"\n"
                                       "  row: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
                                       "  scan: \"clamscan: nothing found\"\n"
                                       "closures:\n"
                                       "  - until: 2060-01-01\n"
                                       "    drive: hd0\n"
                                       "    path: \"LETTERS/1998\"\n"
                                       "  - until: 2040-12-31\n"
                                       "    drive: fd0\n";

/* Replaces the first occurrence of `find` in text. The caller frees the result. */
static char *replaced(const char *text, const char *find, const char *by)
{
    const char *at = strstr(text, find);
    char *result = malloc(strlen(text) + strlen(by) + 1);

    assert_non_null(at);
    assert_non_null(result);
    memcpy(result, text, (size_t)(at - text));
    strcpy(result + (at - text), by);
    strcat(result, at + strlen(find));
    return result;
}

struct refusal {
    const char *fact, *find, *by, *object, *what;
};

typedef bool parse_text(const char *text, size_t length, struct error *error);

static bool parse_machine(const char *text, size_t length, struct error *error)
{
    struct machine_manifest m;

    return machine_manifest_parse(text, length, "m", &m, error);
}

static bool parse_description(const char *text, size_t length, struct error *error)
{
    struct description_manifest d;

    return description_manifest_parse(text, length, "d", &d, error);
}

static void check_refusals(parse_text *parse, const char *text, const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error error = {.status = STATUS_OK};
        char *changed = replaced(text, cases[i].find, cases[i].by);
        bool accepted = parse(changed, strlen(changed), &error);
        free(changed);
        if (accepted || error.status != STATUS_INPUT || strcmp(error.object, cases[i].object) ||
            !strstr(error.what, cases[i].what))
            fail_msg("%s: %s, %s: %s", cases[i].fact, accepted ? "accepted" : "refused", error.object, error.what);
    }
}

static void a_chip_for_pci_needs_pci(void **state)
{
    struct machine_manifest m;
    struct error error;
    char *chip = replaced(full_machine, "display: vga", "display: cirrus gd5446"),
         *isa = replaced(chip, "pc-i440fx", "pc-isa"), *other = replaced(isa, "gd5446", "gd5434");

    (void)state;
    assert_true(machine_manifest_parse(chip, strlen(chip), "m", &m, &error));
    assert_false(machine_manifest_parse(isa, strlen(isa), "m", &m, &error));
    assert_non_null(strstr(error.what, "a gd5446 is a chip for PCI"));
    assert_true(machine_manifest_parse(other, strlen(other), "m", &m, &error));
    free(chip);
    free(isa);
    free(other);
}

static void machine_errors_name_line_and_column(void **state)
{
    /* clang-format off */
    static const struct refusal cases[] = {
        { "an unknown version (M-14)",     "machine 0", "machine 1", "m:1:11", "muniment must be machine 0, not \"machine 1\"" },
        { "the version not first (M-13)",  "muniment: machine 0\n", "", "m:1:1", "begins with the key muniment" },
        { "an unknown key (M-10)",         "memory:", "memroy:", "m:7:1", "manifest has no \"memroy\"; it may have muniment, machine, cpu" },
        { "an unknown nested key (M-10)",  "speed:", "Speed:", "m:5:3", "cpu has no \"Speed\"; it may have model, speed, cpuid-limit" },
        { "a key of another drive (M-10)", "    kind: floppy 1.44M\n", "    kind: floppy 1.44M\n    geometry: 80/2/18\n", "m:17:5",
          "drives.fd0 has no \"geometry\"" },
        { "a duplicate key (M-11)",        "memory:", "machine: pc-isa\nmemory:", "m:7:1", "manifest has \"machine\" twice" },
        { "a duplicate drive (M-11)",      "  hd2:", "  hd0:", "m:22:3", "drives has \"hd0\" twice" },
        { "a missing key (M-12)",          "memory: 64 MiB\n", "", "m:1:1", "manifest needs the key memory" },
        { "a missing nested key (M-12)",   "  model: pentium2\n", "", "m:4:3", "cpu needs the key model" },
        { "a missing digest",       "sha256", "sha265", "m:11:5", "has no \"sha265\"; it may have file, sha256" },
        { "an unknown word (M-19)",        "pentium2", "pentiumII", "m:4:10", "cpu.model must be i386, i486" },
        { "a word in upper case",   "display: vga", "display: VGA", "m:30:10", "display must be none, vga, cirrus gd5430, cirrus gd5434 or cirrus gd5446, not \"VGA\"" },
        { "an empty value",         "pc-i440fx", "", "m:2:9", "machine must be pc-isa or pc-i440fx, not \"\"" },
        { "a size without a unit (M-15)",  "64 MiB", "64", "m:7:9", "memory must be from 1 MiB to 3 GiB in whole steps of 64 KiB" },
        { "a decimal unit",         "64 MiB", "64 MB", "m:7:9", "not \"64 MB\"" },
        { "two spaces (M-15)",             "64 MiB", "64  MiB", "m:7:9", "memory must be" },
        { "no space",               "64 MiB", "64MiB", "m:7:9", "memory must be" },
        { "a size below range",     "64 MiB", "960 KiB", "m:7:9", "memory must be" },
        { "a size above range (M-19)",     "64 MiB", "4 GiB", "m:7:9", "memory must be" },
        { "a size between steps",   "64 MiB", "1025 KiB", "m:7:9", "memory must be" },
        { "a size over 64 bits (M-18)",    "64 MiB", "17179869185 GiB", "m:7:9", "memory must be" },
        { "a number over 64 bits (M-18)",  "64 MiB", "18446744073709551680 KiB", "m:7:9", "memory must be" },
        { "a negative size",        "64 MiB", "-64 MiB", "m:7:9", "memory must be" },
        { "a signed size",          "64 MiB", "+64 MiB", "m:7:9", "memory must be" },
        { "a leading zero (M-15)",         "64 MiB", "064 MiB", "m:7:9", "memory must be" },
        { "a fraction",             "64 MiB", "1.5 GiB", "m:7:9", "memory must be" },
        { "hexadecimal",            "64 MiB", "0x40 MiB", "m:7:9", "memory must be" },
        { "no speed at all",        "300 MIPS", "0 MIPS", "m:5:10", "cpu.speed must be from 1 MIPS to 10000 MIPS" },
        { "too high a speed (M-19)",       "300 MIPS", "10001 MIPS", "m:5:10", "cpu.speed must be" },
        { "cpuid-limit out of range", "cpuid-limit: 3", "cpuid-limit: 32", "m:6:16", "cpu.cpuid-limit must be from 1 to 31" },
        { "cpuid-limit without CPUID (M-20)", "pentium2", "i386", "m:4:3", "no CPUID" },
        { "another built-in firmware", "built-in 0", "built-in 1", "m:12:10", "firmware.video must be built-in 0" },
        { "a short digest (M-15)",         "1eff", "1e", "m:11:13", "64 lower-case hexadecimal digits" },
        { "a digest in upper case", "1eff", "1EFF", "m:11:13", "64 lower-case hexadecimal digits" },
        { "a day that is not (M-15)",      "1999-12-31", "1999-02-29", "m:13:8", "clock must be a time such as" },
        { "the leap day of 2100",   "1999-12-31", "2100-02-29", "m:13:8", "clock must be" },
        { "a month that is not",    "1999-12-31", "1999-13-01", "m:13:8", "clock must be" },
        { "a leap second",          "23:59:58", "23:59:60", "m:13:8", "clock must be" },
        { "hour 24",                "23:59:58", "24:00:00", "m:13:8", "clock must be" },
        { "a time zone",            "23:59:58", "23:59:58Z", "m:13:8", "clock must be" },
        { "a date without time",    "T23:59:58", "", "m:13:8", "clock must be" },
        { "a year before PCs",      "1999-12-31", "1979-12-31", "m:13:8", "from 1980 to 2099" },
        { "a year after PCs (M-19)",       "1999-12-31", "2100-01-01", "m:13:8", "from 1980 to 2099" },
        { "a path upwards (M-15)",         "\"c.img\"", "../c.img", "m:19:12", "drives.hd0.image must be a path" },
        { "a path upwards inside",  "\"c.img\"", "a/../../c.img", "m:19:12", "not \"a/../../c.img\"" },
        { "a path that ends upwards", "\"c.img\"", "a/..", "m:19:12", "must be a path" },
        { "a path with a dot",      "\"c.img\"", "./c.img", "m:19:12", "must be a path" },
        { "an absolute path (M-17)",       "\"c.img\"", "/c.img", "m:19:12", "must be a path" },
        { "an empty path",          "\"c.img\"", "\"\"", "m:19:12", "must be a path of 1 to 255 bytes" },
        { "a path with an empty part (M-15)", "\"c.img\"", "a//c.img", "m:19:12", "must be a path" },
        { "a path that ends in /",  "\"c.img\"", "a/", "m:19:12", "must be a path" },
        { "a path with NUL",        "\"c.img\"", "\"c\\0.img\"", "m:19:12", "without NUL" },
        { "a path with ESC (M-16)",        "\"c.img\"", "\"c\\e.img\"", "m:19:12", "must be a path" },
        { "a path with a line feed", "\"c.img\"", "\"c\\n.img\"", "m:19:12", "must be a path" },
        { "a key with NUL",         "memory:", "\"memory\\0\":", "m:7:1", "has no" },
        { "geometry of no size",    "977/5/17", "0/5/17", "m:20:15", "drives.hd0.geometry must be" },
        { "too many cylinders",     "977/5/17", "16384/16/63", "m:20:15", "at most 16383/16/63" },
        { "too many heads",         "977/5/17", "977/17/17", "m:20:15", "geometry must be" },
        { "too many sectors",       "977/5/17", "977/5/64", "m:20:15", "geometry must be" },
        { "two parts of geometry (M-15)",  "977/5/17", "977/5", "m:20:15", "geometry must be" },
        { "a floppy on a disk's place", "    kind: disk", "    kind: floppy 1.44M", "m:18:11", "drives.hd0.kind must be disk or cdrom" },
        { "a disk on a floppy's place", "floppy 1.44M", "disk", "m:16:11", "drives.fd0.kind must be floppy 360K, floppy 1.2M" },
        { "a disk without image (M-22)",   "    image: \"c.img\"\n", "", "m:18:5", "drives.hd0: a disk needs an image" },
        { "a cdrom with geometry (M-23)",  "kind: cdrom\n", "kind: cdrom\n    geometry: 1/1/1\n", "m:23:5", "a cdrom has no geometry" },
        { "a read-only cdrom (M-24)",      "kind: cdrom\n", "kind: cdrom\n    read-only: yes\n", "m:23:5", "a cdrom is always read-only" },
        { "an unknown place",       "  hd2:", "  hd4:", "m:22:3", "drives has no \"hd4\"" },
        { "a translated cdrom (M-25)",     "kind: cdrom\n", "kind: cdrom\n    translation: lba\n", "m:23:5", "a cdrom has no translation" },
        { "an unknown translation", "read-only: yes", "translation: chs", "m:21:18", "must be none, lba, large or large-240" },
        { "no ACPI without PCI (M-27)",    "pc-i440fx\n", "pc-isa\nacpi: no\n", "m:1:1", "only a pc-i440fx has ACPI" },
        { "a write delay of nothing", "read-only: yes\n", "read-only: yes\n    write-delay: 0 us\n", "m:22:18", "write-delay must be from 1 us to 10 ms" },
        { "a CD that is slow to write", "kind: cdrom\n", "kind: cdrom\n    write-delay: 1 ms\n", "m:23:5", "a cdrom writes nothing" },
        { "a mouse at a port that is not there", "display: vga\n", "display: vga\npointer: com2\n", "m:1:1", "not in the list ports" },
        { "Plug and Play of a card that has none", "display: vga\n", "display: vga\nsound:\n  card: opl3\n  pnp: yes\n", "m:1:1", "pnp and line-in are those of a Sound Blaster 16" },
        { "Plug and Play of a card for PCI", "display: vga\n", "display: vga\nnetwork:\n  card: rtl8029\n  address: 02:00:00:00:00:01\n  pnp: yes\n", "m:32:3", "pnp is that of a card for ISA" },
        { "an interrupt of a card with Plug and Play", "display: vga\n", "display: vga\nnetwork:\n  card: ne2000\n  address: 02:00:00:00:00:01\n  irq: 5\n  pnp: yes\n", "m:32:3", "software says where" },
        { "a line input of a card that has none", "display: vga\n", "display: vga\nsound:\n  card: adlib\n  line-in: yes\n", "m:1:1", "line-in are those of a Sound Blaster 16" },
        { "a card for PCI without PCI", "pc-i440fx\n", "pc-isa\nnetwork:\n  card: rtl8029\n  address: 02:00:00:00:00:01\n", "m:1:1", "an rtl8029 is a card for PCI" },
        { "jumpers of a card for PCI", "display: vga\n", "display: vga\nnetwork:\n  card: rtl8029\n  address: 02:00:00:00:00:01\n  irq: 10\n", "m:32:3", "port and irq belong to an ne2000" },
        { "ports that Setup of NT 4 writes to", "display: vga\n", "display: vga\nnetwork:\n  card: ne2000\n  address: 02:00:00:00:00:01\n  port: 340h\n", "m:34:9", "network.port must be 300h, 280h or 320h" },
        { "a card without an address", "display: vga\n", "display: vga\nnetwork:\n  card: ne2000\n", "m:32:3", "network needs the key address" },
        { "the address of a group", "display: vga\n", "display: vga\nnetwork:\n  card: ne2000\n  address: 03:00:00:00:00:01\n", "m:33:12", "six bytes such as 02:00:00:00:00:01" },
        { "no address at all", "display: vga\n", "display: vga\nnetwork:\n  card: ne2000\n  address: 00:00:00:00:00:00\n", "m:33:12", "six bytes" },
        { "an address in upper case", "display: vga\n", "display: vga\nnetwork:\n  card: ne2000\n  address: 02:00:00:00:00:0A\n", "m:33:12", "six bytes" },
        { "an interrupt that com2 has", "  - lpt1\ndisplay: vga\n", "  - com2\ndisplay: vga\nnetwork:\n  card: ne2000\n  address: 02:00:00:00:00:01\n  irq: 3\n", "m:1:1", "say another irq" },
        { "a pointing device that is unknown", "display: vga\n", "display: vga\npointer: tablet\n", "m:31:10", "pointer must be ps2, com1, com2 or absolute" },
        { "ACPI without PCI (M-27)", "pc-i440fx\n", "pc-isa\nacpi: yes\n", "m:1:1", "only a pc-i440fx has ACPI" },
        { "memory of a VGA", "display: vga\n", "display: vga\ndisplay-memory: 4 MiB\n", "m:1:1", "display-memory is that of a Cirrus chip" },
        { "too much memory for a chip", "display: vga\n", "display: cirrus gd5430\ndisplay-memory: 4 MiB\n", "m:1:1", "a gd5430 has 1 or 2 MiB" },
        { "three MiB of memory", "display: vga\n", "display: cirrus gd5446\ndisplay-memory: 3 MiB\n", "m:1:1", "a gd5446 1, 2 or 4" },
        { "too little memory for a chip", "display: vga\n", "display: cirrus gd5446\ndisplay-memory: 512 KiB\n", "m:31:17", "must be from 1 MiB to 4 MiB" },
        { "an APIC without PCI (M-27)", "pc-i440fx\n", "pc-isa\napic: yes\n", "m:1:1", "only a pc-i440fx with a pentium" },
        { "an APIC without a Pentium (M-27)", "model: pentium2\n  speed: 300 MIPS\n  cpuid-limit: 3\n", "model: i486\n  speed: 300 MIPS\napic: no\n", "m:1:1", "can have an APIC" },
        { "a cdrom that says no (M-24)", "kind: cdrom\n", "kind: cdrom\n    read-only: no\n", "m:23:5", "a cdrom is always read-only" },
        { "a translation of none (M-25)", "kind: cdrom\n", "kind: cdrom\n    translation: none\n", "m:23:5", "a cdrom has no translation" },
        { "a geometry for a floppy (M-23)", "floppy 1.44M\n", "floppy 1.44M\n    geometry: 80/2/18\n", "m:17:5", "has no \"geometry\"" },
        { "true for yes (M-19)",           "read-only: yes", "read-only: true", "m:21:16", "must be no or yes" },
        { "an unknown boot device (M-19)", "  - floppy", "  - network", "m:26:5", "boot must be floppy, disk or cdrom" },
        { "a boot device twice (M-26)",    "  - floppy", "  - disk", "m:26:5", "boot has the same element twice" },
        { "too many boot devices",  "  - floppy", "  - floppy\n  - cdrom\n  - disk", "m:28:5", "boot has more than 3 elements" },
        { "an unknown port",        "  - lpt1", "  - lpt2", "m:29:5", "ports has no \"lpt2\"; it may have com1, com2, lpt1" },
        { "a port twice (M-28)",           "  - lpt1", "  - com1", "m:29:5", "ports has \"com1\" twice" },
        { "a mapping for a port",   "  - lpt1", "  - lpt1: 1", "m:29:5", "an element of ports must be a single word" },
        { "a word for a list",      "boot:\n  - disk\n  - floppy\n", "boot: disk\n", "m:24:7", "boot must be a list or none" },
        { "a word for a mapping",   "cpu:\n  model: pentium2\n  speed: 300 MIPS\n  cpuid-limit: 3\n", "cpu: i386\n", "m:3:6",
          "cpu must be a mapping" },
        { "a list for a mapping",   "cpu:\n  model: pentium2\n  speed: 300 MIPS\n  cpuid-limit: 3\n", "cpu:\n  - i386\n", "m:4:3",
          "cpu must be a mapping" },
        { "a mapping for a value",  "memory: 64 MiB", "memory:\n  size: 64 MiB", "m:8:3", "memory must be a single value" },
        { "a list for a value",     "memory: 64 MiB", "memory:\n- 64 MiB", "m:8:1", "memory must be a single value" },
        { "a mapping for a key (M-8)",    "memory: 64 MiB", "? - a\n: b", "m:7:1", "keys after a question mark are not allowed" },
        { "a key after ? (M-8)",    "memory: 64 MiB", "? memory\n: 64 MiB", "m:7:1", "keys after a question mark are not allowed" },
        { "a mark in the text (M-3)", "muniment:", "\xEF\xBB\xBFmuniment:", "m:1:1", "a byte order mark may stand before the text only" },
        { "a mark before a key (M-3)", "memory:", "\xEF\xBB\xBFmemory:", "m:7:1", "a byte order mark may stand before the text only" },
        { "a mark in a comment (M-3)", "64 MiB", "64 MiB # \xC3\xBC \xEF\xBB\xBF", "m:7:20", "a byte order mark may stand" },
        { "an anchor (M-6)",              "64 MiB", "&a 64 MiB", "m:7:9", "anchors are not allowed" },
        { "an alias (M-6)",               "64 MiB", "*a", "m:7:9", "aliases are not allowed" },
        { "a tag (M-6)",                  "64 MiB", "!!str 64 MiB", "m:7:9", "tags are not allowed" },
        { "an empty tag (M-6)",           "64 MiB", "! 64 MiB", "m:7:9", "tags are not allowed" },
        { "a list in brackets (M-7)",     "\n  - disk\n  - floppy\n", " [disk, floppy]\n", "m:24:7", "lists in brackets are not allowed" },
        { "a mapping in braces (M-7)",    "64 MiB", "{ size: 64 MiB }", "m:7:9", "mappings in braces are not allowed" },
        { "a merge key",            "memory: 64 MiB", "<<: 64 MiB", "m:7:1", "has no \"<<\"" },
        { "a document marker (M-5)",      "muniment:", "---\nmuniment:", "m:1:1", "document markers are not allowed" },
        { "a second document (M-5)",      "display: vga\n", "display: vga\n---\nx: y\n", "m:31:1", "document markers are not allowed" },
        { "an end marker (M-5)",          "display: vga\n", "display: vga\n...\n", "m:31:1", "document markers are not allowed" },
        { "a directive (M-5)",            "muniment:", "%YAML 1.1\nmuniment:", "m:1:1", "directives are not allowed" },
        { "a tab as indentation (M-9)",   "  model:", "\tmodel:", "m:4:1", "not valid YAML" },
        { "a control character",    "pc-i440fx", "pc-isa\x01", "m:2:16", "not valid YAML" },
        { "a character beyond the first column of bytes", "c.img\"", "\xC3\xBC\x01\"", "m:19:14", "not valid YAML" },
        { "invalid UTF-8 (M-2)",          "c.img", "c\xFF.img", "m:19:14", "not valid YAML" },
        { "an overlong form (M-2)",       "c.img", "c\xC0\x80.img", "m:19:14", "not valid YAML" },
        { "a quote left open (M-4)",      "\"c.img\"", "\"c.img", "m:31:1", "a quoted scalar that begins at 19:12" },
        { "text without structure", full_machine, "hello", "m:1:1", "manifest must be a mapping" },
        { "an empty file",          full_machine, "", "m:1:1", "the manifest is empty" },
        { "only a comment",         full_machine, "# nothing\n", "m:2:1", "the manifest is empty" },
        { "a description",          full_machine, full_description, "m:1:11", "muniment must be machine 0, not \"description 0\"" },
    };
    /* clang-format on */

    (void)state;
    check_refusals(parse_machine, full_machine, cases, sizeof(cases) / sizeof(cases[0]));
}

static void description_errors_name_line_and_column(void **state)
{
    /* clang-format off */
    static const struct refusal cases[] = {
        { "a machine",              full_description, full_machine, "d:1:11", "muniment must be description 0" },
        { "no title",               "\"A \\\"quoted\\\" title, with \\\\ and \xC3\xBC\"", "", "d:2:7", "title must be one line of text of 1 to 255" },
        { "a title of two lines (M-16)",   "A ", "A\\n", "d:2:8", "title must be one line" },
        { "a title with a C1 control (M-16)", "A ", "A\\u0085", "d:2:8", "title must be one line" },
        { "a title with a line separator (M-16)", "A ", "A\\u2028", "d:2:8", "title must be one line" },
        { "a title with a byte order mark (M-16)", "A ", "\\uFEFF", "d:2:8", "title must be one line" },
        { "a title with DEL (M-16)", "A ", "A\\x7F", "d:2:8", "title must be one line" },
        { "a title with U+2029 (M-16)", "A ", "A\\u2029", "d:2:8", "title must be one line" },
        { "a title with U+FFFE (M-16)", "A ", "A\\uFFFE", "d:2:8", "title must be one line" },
        { "a title with U+FFFF (M-16)", "A ", "A\\uFFFF", "d:2:8", "title must be one line" },
        { "closed until 1899 (M-33)", "2031-01-01", "1899-12-31", "d:10:9", "rights must be open" },
        { "half a surrogate pair",  "A ", "\\uD800", "d:2:11", "not valid YAML" },
        { "an identifier twice (M-31)",    "\"42\"", "LR-1998-0042", "d:5:5", "identifiers has the same element twice" },
        { "an empty list item",     "\"42\"", "", "d:5:4", "identifiers must be one line of text" },
        { "no lines",               "    Indented.\n\n  The end.\n", "\n", "d:6:13", "provenance must be lines of text" },
        { "a tab",                  "The end", "The\tend", "d:6:13", "provenance must be lines of text" },
        { "other rights",           "closed until 2031-01-01", "mine", "d:10:9", "rights must be open or closed until a date" },
        { "closed for ever",        "closed until 2031-01-01", "closed", "d:10:9", "rights must be open" },
        { "closed until no day",    "2031-01-01", "2031-04-31", "d:10:9", "rights must be open" },
        { "closed until a time",    "2031-01-01", "2031-01-01T00:00:00", "d:10:9", "rights must be open" },
        { "a review on no day (M-48)", "2030-06-30", "2030-06-31", "d:12:16", "rights-review must be a date such as" },
        { "a review without a day (M-48)", "2030-06-30", "2030-06", "d:12:16", "rights-review must be a date such as" },
        { "a word for a language (M-50)", "de-CH", "de CH", "d:18:5", "languages must be a language tag" },
        { "a letter for one (M-50)", "de-CH", "d", "d:18:5", "languages must be a language tag" },
        { "a long part of one (M-50)", "de-CH", "de-Schweizerdeutsch", "d:18:5", "languages must be a language tag" },
        { "the same language twice (M-50)", "de-CH", "en", "d:18:5", "languages has the same element twice" },
        { "software without a name (M-51)", "name: \"LANDREG\"", "version: \"1\"", "d:24:5", "software needs the key name" },
        { "software of another kind (M-51)", "name: \"LANDREG\"", "kind: \"LANDREG\"", "d:24:5", "software has no \"kind\"" },
        { "an ingest without a row (M-52)", "  row: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n", "", "d:26:3", "ingest needs the key row" },
        { "a closure without a date (M-53)", "  - until: 2060-01-01\n    drive: hd0\n", "  - drive: hd0\n", "d:31:5", "closures needs the key until" },
        { "a closure of no drive (M-53)", "drive: hd0", "drive: hd4", "d:32:12", "closures.drive must be" },
        { "a closure of a path that no file has (M-53)", "LETTERS/1998", "/LETTERS", "d:33:11", "closures.path must be" },
        { "an ingest without a time (M-52)", "2026-11-29T09:00:00", "2026-11-29", "d:26:9", "ingest.date must be a time" },
    };
    /* clang-format on */

    (void)state;
    check_refusals(parse_description, full_description, cases, sizeof(cases) / sizeof(cases[0]));
}

static void every_truncation_is_refused_or_a_whole_manifest(void **state)
{
    struct error error;

    (void)state;
    for (size_t length = 0; length < sizeof(full_machine) - 2; length++)
        assert_false(parse_machine(full_machine, length, &error));
    assert_true(parse_machine(full_machine, sizeof(full_machine) - 2, &error)); /* only the last line feed is gone */
}

/* M-1. */
static void a_manifest_over_the_limit_is_refused_unread(void **state)
{
    struct error error;
    char *text = malloc(MANIFEST_LIMIT + 1);

    (void)state;
    assert_non_null(text);
    memset(text, '\n', MANIFEST_LIMIT + 1);
    memcpy(text, full_machine, sizeof(full_machine) - 1);
    assert_true(parse_machine(text, MANIFEST_LIMIT, &error));
    assert_false(parse_machine(text, MANIFEST_LIMIT + 1, &error));
    assert_string_equal(error.object, "m");
    assert_non_null(strstr(error.what, "at most 65536 bytes"));
    free(text);
}

static void deep_nesting_ends_at_the_schema(void **state)
{
    struct error error;
    char text[8192] = "muniment: machine 0\ncpu:\n  ";

    (void)state;
    for (size_t i = strlen(text); i < sizeof(text) - 3; i += 2)
        memcpy(text + i, "- ", 3);
    assert_false(parse_machine(text, strlen(text), &error));
    assert_string_equal(error.object, "m:3:3");
}

static void full_machine_is_read_and_is_canonical(void **state)
{
    struct machine_manifest m;
    struct error error;
    char text[4096];

    (void)state;
    assert_true(machine_manifest_parse(full_machine, strlen(full_machine), "m", &m, &error));
    assert_int_equal(m.version, 0);
    assert_int_equal(m.type, MACHINE_PC_I440FX);
    assert_int_equal(m.cpu, CPU_PENTIUM2);
    assert_int_equal(m.cpuid_limit, 3);
    assert_int_equal(m.mips, 300);
    assert_int_equal(m.memory, 64 << 20);
    assert_false(m.system.built_in);
    assert_string_equal(m.system.file, "rom/award.bin");
    assert_int_equal(m.system.sha256[1], 1);
    assert_int_equal(m.system.sha256[31], 0xFF);
    assert_true(m.video.built_in);
    assert_int_equal(m.clock_start, 946684798);
    assert_int_equal(m.drives[DRIVE_FD0].kind, DRIVE_FLOPPY);
    assert_int_equal(m.drives[DRIVE_FD0].floppy, FLOPPY_1440K);
    assert_int_equal(m.drives[DRIVE_FD1].kind, DRIVE_ABSENT);
    assert_int_equal(m.drives[DRIVE_HD0].kind, DRIVE_DISK);
    assert_string_equal(m.drives[DRIVE_HD0].image, "c.img");
    assert_int_equal(m.drives[DRIVE_HD0].geometry.cylinders, 977);
    assert_int_equal(m.drives[DRIVE_HD0].geometry.heads, 5);
    assert_int_equal(m.drives[DRIVE_HD0].geometry.sectors, 17);
    assert_true(m.drives[DRIVE_HD0].read_only);
    assert_int_equal(m.drives[DRIVE_HD2].kind, DRIVE_CDROM);
    assert_int_equal(m.boot[0], BOOT_DISK);
    assert_int_equal(m.boot[1], BOOT_FLOPPY);
    assert_int_equal(m.boot[2], BOOT_NONE);
    assert_true(m.serial[0] && !m.serial[1] && m.parallel && m.display == DISPLAY_VGA);
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(full_machine));
    assert_string_equal(text, full_machine);
}

/* What SETUP would hold: how the firmware shows a disk, and whether it makes ACPI tables. */
static void settings_of_the_firmware_are_read_and_canonical(void **state)
{
    static const char *const words[] = {"none", "lba", "large", "large-240"};
    struct machine_manifest m;
    struct error error;
    char translation[64], text[4096];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        snprintf(translation, sizeof(translation), "    read-only: yes\n    translation: %s\n", words[i]);
        char *shown = replaced(full_machine, "    read-only: yes\n", translation),
             *changed = replaced(shown, "ports:", "acpi: no\nports:");
        assert_true(machine_manifest_parse(changed, strlen(changed), "m", &m, &error));
        assert_int_equal(m.drives[DRIVE_HD0].translation, TRANSLATION_NONE + i);
        assert_true(m.no_acpi);
        assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(changed));
        assert_string_equal(text, changed);
        free(shown);
        free(changed);
    }
    static const struct {
        const char *word;
        enum monitor monitor;
    } monitors[] = {
        {"none", MONITOR_NONE},         {"640x480", MONITOR_640X480},     {"800x600", MONITOR_800X600},
        {"1024x768", MONITOR_1024X768}, {"1600x1200", MONITOR_1600X1200},
    };
    for (unsigned i = 0; i < sizeof(monitors) / sizeof(monitors[0]); i++) {
        snprintf(text, sizeof(text), "%smonitor: %s\n", full_machine, monitors[i].word);
        char *changed = replaced(text, "ports:", "ports:");
        assert_true(machine_manifest_parse(changed, strlen(changed), "m", &m, &error));
        assert_int_equal(m.monitor, monitors[i].monitor);
        assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(changed));
        assert_string_equal(text, changed);
        free(changed);
    }
    static const struct {
        const char *text;
        enum display display;
        uint32_t memory;
    } displays[] = {
        {"display: cirrus gd5430\n", DISPLAY_GD5430, 0},
        {"display: cirrus gd5434\ndisplay-memory: 1 MiB\n", DISPLAY_GD5434, 1u << 20},
        {"display: cirrus gd5446\ndisplay-memory: 4 MiB\n", DISPLAY_GD5446, 4u << 20},
    };
    for (unsigned i = 0; i < sizeof(displays) / sizeof(displays[0]); i++) {
        char *changed = replaced(full_machine, "display: vga\n", displays[i].text);
        assert_true(machine_manifest_parse(changed, strlen(changed), "m", &m, &error));
        assert_int_equal(m.display, displays[i].display);
        assert_int_equal(m.display_memory, displays[i].memory);
        assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(changed));
        assert_string_equal(text, changed);
        free(changed);
    }
    char *slow = replaced(full_machine, "read-only: yes\n", "read-only: yes\n    write-delay: 1 ms\n");
    assert_true(machine_manifest_parse(slow, strlen(slow), "m", &m, &error));
    assert_int_equal(m.drives[DRIVE_HD0].write_delay, 1000);
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(slow));
    assert_string_equal(text, slow);
    char *small = replaced(slow, "1 ms", "1000 us"); /* M-43 */
    assert_true(machine_manifest_parse(small, strlen(small), "m", &m, &error));
    assert_true(machine_manifest_print(&m, text, sizeof(text)) > 0);
    assert_string_equal(text, slow);
    free(small);
    free(slow);
    static const char *const pointers[] = {"com1", "com2", "absolute"};
    for (unsigned i = 0; i < 3; i++) {
        char *both = replaced(full_machine, "  - com1\n", "  - com1\n  - com2\n");
        snprintf(text, sizeof(text), "%spointer: %s\n", both, pointers[i]);
        char *changed = replaced(text, "ports:", "ports:");
        assert_true(machine_manifest_parse(changed, strlen(changed), "m", &m, &error));
        assert_int_equal(m.pointer, POINTER_COM1 + i);
        assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(changed));
        assert_string_equal(text, changed);
        free(both);
        free(changed);
    }
    char *plugged = replaced(full_machine, "display: vga\n",
                             "display: vga\nsound:\n  card: sb16\n  pnp: yes\n  line-in: yes\n");
    assert_true(machine_manifest_parse(plugged, strlen(plugged), "m", &m, &error));
    assert_true(m.sound_card == SOUND_CARD_SB16 && m.sound_pnp && m.line_in);
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(plugged));
    assert_string_equal(text, plugged);
    free(plugged);
    static const char network[] =
        "network:\n  card: ne2000\n  address: 02:00:00:00:00:2a\n  port: 280h\n  irq: 11\n  cable: yes\n";
    snprintf(text, sizeof(text), "%s%s", full_machine, network);
    char *wired = replaced(text, "", "");
    assert_true(machine_manifest_parse(wired, strlen(wired), "m", &m, &error));
    assert_true(m.network.card == NETWORK_NE2000 && m.network.port == NETWORK_PORT_280 &&
                m.network.irq == NETWORK_IRQ_11 && m.network.cable);
    assert_int_equal(m.network.address[5], 0x2A);
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(wired));
    assert_string_equal(text, wired);
    free(wired);
    char *apic = replaced(full_machine, "ports:", "apic: yes\nports:");
    assert_true(machine_manifest_parse(apic, strlen(apic), "m", &m, &error));
    assert_true(m.apic);
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), strlen(apic));
    assert_string_equal(text, apic);
    free(apic);
    char *usual = replaced(full_machine, "ports:", "acpi: yes\nports:");
    assert_true(machine_manifest_parse(usual, strlen(usual), "m", &m, &error));
    assert_true(machine_manifest_print(&m, text, sizeof(text)) > 0);
    assert_string_equal(text, full_machine);
    free(usual);
}

/* Each breaks one rule of the canonical form: M-34. */
static void other_spellings_have_the_same_canonical_form(void **state)
{
    /* clang-format off */
    static const struct { const char *find, *by; } spellings[] = {
        { "memory: 64 MiB", "memory:   '65536 KiB'   # a comment" },
        { "muniment: machine 0\n", "# a comment\n\n\"muniment\": machine 0\r\n" },
        { "  - disk\n  - floppy\n", "- disk\n- floppy\n" },                                           /* M-39 */
        { "  hd2:\n    kind: cdrom\n", "  hd2:\n       kind: cdrom\n" },                               /* M-39 */
        { "display: vga\n", "display: vga" },                                                         /* M-35 */
        { "machine: pc-i440fx\n", "machine: pc-i440fx\r\n" },                                         /* M-35 */
        { "memory: 64 MiB\n", "memory: 64 MiB # a comment\n" },                                       /* M-36 */
        { "memory: 64 MiB\n", "\nmemory: 64 MiB\n" },                                                /* M-36 */
        { "memory: 64 MiB\n", "memory: 64 MiB \n" },                                                 /* M-36 */
        { "  model: pentium2\n  speed: 300 MIPS\n", "  speed: 300 MIPS\n  model: pentium2\n" },        /* M-37 */
        { "    kind: floppy 1.44M\n", "    kind: floppy 1.44M\n    read-only: no\n" },                  /* M-38 */
        { "ports:\n", "apic: no\nports:\n" },                                                       /* M-38 */
        { "ports:\n", "acpi: yes\nports:\n" },                                                        /* M-38 */
        { "memory: 64 MiB\n", "memory:  64 MiB\n" },                                                 /* M-40 */
        { "  - com1\n  - lpt1\n", "  - lpt1\n  - com1\n" },                                            /* M-41 */
        { "read-only: yes\n", "read-only: yes\n    write-delay: 150 us\n" },                            /* M-38 */
        { "display: vga\n", "display: vga\npointer: ps2\n" },                                         /* M-38 */
        { "display: vga\n", "display: \"vga\"\n" },                                                  /* M-42 */
        { "kind: floppy 1.44M\n", "kind: floppy\n      1.44M\n" },                                    /* M-42 */
        { "memory: 64 MiB\n", "memory: 65536 KiB\n" },                                               /* M-43 */
        { "\"c.img\"", "c.img" },                                                                    /* M-44 */
        { "\"c.img\"", "\"c\\x2Eimg\"" },                                                            /* M-45 */
    };
    /* clang-format on */
    struct machine_manifest m;
    struct error error;
    char text[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char *changed = replaced(full_machine, spellings[i].find, spellings[i].by);
        if (!machine_manifest_parse(changed, strlen(changed), "m", &m, &error))
            fail_msg("%s: %s", error.object, error.what);
        assert_string_not_equal(changed, full_machine);
        free(changed);
        assert_true(machine_manifest_print(&m, text, sizeof(text)) > 0);
        assert_string_equal(text, full_machine);
    }
}

static void other_spellings_of_a_description_have_the_same_canonical_form(void **state)
{
    /* clang-format off */
    static const struct { const char *find, *by; } spellings[] = {
        { "with \\\\ and \xC3\xBC", "with \\x5C and \\u00FC" },                                          /* M-45 */
        { "  - \"42\"\n", "  - 42\n" },                                                                 /* M-44 */
        { "provenance: |2-\n    Indented.\n\n  The end.\n", "provenance: \"  Indented.\\n\\nThe end.\\n\"\n" }, /* M-46 */
        { "provenance: |2-\n    Indented.\n\n  The end.\n", "provenance: |1\n   Indented.\n\n The end.\n" },     /* M-46 */
    };
    /* clang-format on */
    struct description_manifest d;
    struct error error;
    char text[8192];

    (void)state;
    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
        char *changed = replaced(full_description, spellings[i].find, spellings[i].by);
        if (!description_manifest_parse(changed, strlen(changed), "d", &d, &error))
            fail_msg("%zu: %s: %s", i, error.object, error.what);
        free(changed);
        assert_true(description_manifest_print(&d, text, sizeof(text)) > 0);
        assert_string_equal(text, full_description);
    }
}

static void default_machine_round_trips(void **state)
{
    struct machine_manifest m, again;
    struct error error;
    char text[4096];

    (void)state;
    machine_manifest_default(&m);
    size_t length = machine_manifest_print(&m, text, sizeof(text));
    assert_true(length > 0);
    assert_non_null(strstr(text, "clock: 1998-01-01T00:00:00\n"));
    assert_true(machine_manifest_parse(text, length, "default", &again, &error));
    assert_memory_equal(&m, &again, sizeof(m));
}

static void a_machine_without_parts_says_none(void **state)
{
    struct machine_manifest m, again;
    struct error error;
    char text[4096];

    (void)state;
    machine_manifest_default(&m);
    memset(m.drives, 0, sizeof(m.drives));
    memset(m.boot, 0, sizeof(m.boot));
    m.serial[0] = m.serial[1] = m.parallel = false;
    m.display = DISPLAY_NONE;
    size_t length = machine_manifest_print(&m, text, sizeof(text));
    assert_non_null(strstr(text, "drives: none\nboot: none\nports: none\ndisplay: none\n"));
    assert_true(machine_manifest_parse(text, length, "none", &again, &error));
    assert_memory_equal(&m, &again, sizeof(m));
}

static void clock_covers_every_day_of_its_range(void **state)
{
    struct machine_manifest m, again;
    struct error error;
    char text[4096];

    (void)state;
    machine_manifest_default(&m);
    for (int64_t day = 3652; day < 47482; day += 1) { /* 1980-01-01 to 2099-12-31 */
        m.clock_start = day * 86400 + day % 86400;
        size_t length = machine_manifest_print(&m, text, sizeof(text));
        assert_true(length > 0);
        if (day % 50 < 2)
            assert_true(machine_manifest_parse(text, length, "clock", &again, &error) &&
                        again.clock_start == m.clock_start);
    }
    m.clock_start = 3652ll * 86400 - 1;
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), 0);
    m.clock_start = 47482ll * 86400;
    assert_int_equal(machine_manifest_print(&m, text, sizeof(text)), 0);
}

static void print_into_any_smaller_buffer_returns_zero(void **state)
{
    struct machine_manifest m;
    char text[4096], exact[4096];

    (void)state;
    machine_manifest_default(&m);
    size_t length = machine_manifest_print(&m, text, sizeof(text));
    for (size_t size = 0; size <= length; size++)
        assert_int_equal(machine_manifest_print(&m, exact, size), 0);
    assert_int_equal(machine_manifest_print(&m, exact, length + 1), length);
}

static void full_description_is_read_and_is_canonical(void **state)
{
    struct description_manifest d;
    struct error error;
    char text[8192];

    (void)state;
    assert_true(description_manifest_parse(full_description, strlen(full_description), "d", &d, &error));
    assert_string_equal(d.title, "A \"quoted\" title, with \\ and \xC3\xBC");
    assert_int_equal(d.identifiers, 2);
    assert_string_equal(d.identifier[1], "42");
    assert_string_equal(d.provenance, "  Indented.\n\nThe end.");
    assert_false(d.open);
    assert_string_equal(d.closed_until, "2031-01-01");
    assert_string_equal(d.rights_review, "2030-06-30");
    assert_string_equal(d.language[1], "de-CH");
    assert_string_equal(d.language[2], "");
    assert_string_equal(d.software[0].evidence, "COMMAND.COM in partition 1");
    assert_string_equal(d.software[1].name, "LANDREG");
    assert_int_equal(d.ingest.date, 1795942800);
    assert_string_equal(d.ingest.scan, "clamscan: nothing found");
    assert_string_equal(d.closure[0].path, "LETTERS/1998");
    assert_int_equal(d.closure[1].slot, DRIVE_FD0);
    assert_string_equal(d.closure[1].until, "2040-12-31");
    assert_string_equal(d.closure[2].until, "");
    assert_int_equal(description_manifest_print(&d, text, sizeof(text)), strlen(full_description));
    assert_string_equal(text, full_description);
}

static void a_description_needs_only_a_title(void **state)
{
    static const char least[] = "muniment: description 0\ntitle: \"x\"\n";
    struct description_manifest d;
    struct error error;
    char text[256];

    (void)state;
    assert_true(description_manifest_parse(least, strlen(least), "d", &d, &error));
    assert_false(d.open);
    assert_string_equal(d.closed_until, "");
    assert_int_equal(description_manifest_print(&d, text, sizeof(text)), strlen(least));
    assert_string_equal(text, least);
}

/* M-30 to M-32, M-47, M-49. */
static void texts_fill_their_fields_and_no_more(void **state)
{
    static const struct {
        const char *before, *object;
        int most;
    } fields[] = {
        {"title: ", "d:2:8", 255},
        {"title: t\nidentifiers:\n  - ", "d:4:5", 127},
        {"title: t\nprovenance: ", "d:3:13", 4095},
        {"title: t\nrights-reason: ", "d:3:16", 511},
        {"title: t\nreference: ", "d:3:12", 127},
        {"title: t\ncreator: ", "d:3:10", 255},
        {"title: t\ncustodian: ", "d:3:12", 255},
    };
    struct description_manifest d;
    struct error error;
    char text[8192], filler[4097];

    (void)state;
    memset(filler, 'x', sizeof(filler));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        for (int more = 0; more < 2; more++) {
            int length = snprintf(text, sizeof(text), "muniment: description 0\n%s%.*s\n", fields[i].before,
                                  fields[i].most + more, filler);
            assert_int_equal(description_manifest_parse(text, (size_t)length, "d", &d, &error), !more);
            if (more)
                assert_string_equal(error.object, fields[i].object);
        }
    for (int count = 16; count <= 17; count++) {
        int length = snprintf(text, sizeof(text), "muniment: description 0\ntitle: t\nidentifiers:\n");
        for (int i = 0; i < count; i++)
            length += snprintf(text + length, sizeof(text) - (size_t)length, "  - %d\n", i);
        assert_int_equal(description_manifest_parse(text, (size_t)length, "d", &d, &error), count == 16);
    }
    assert_string_equal(error.object, "d:20:5");
}

static void a_missing_file_is_the_hosts_failure(void **state)
{
    struct error error;
    size_t length;
    char *text;

    (void)state;
    assert_false(manifest_read_file("/nonexistent/machine.yaml", &text, &length, &error));
    assert_int_equal(error.status, STATUS_HOST);
    assert_false(manifest_read_file("/", &text, &length, &error));
    assert_int_equal(error.status, STATUS_HOST);
}

static void ready_made_machines_are_valid(void **state)
{
    struct description_manifest d;
    struct machine_manifest m, plain;
    struct error error;
    size_t length;
    char *text;
    glob_t found;

    (void)state;
    assert_int_equal(glob("manifests/machines/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        if (!manifest_read_file(found.gl_pathv[i], &text, &length, &error) ||
            !machine_manifest_parse(text, length, found.gl_pathv[i], &m, &error))
            fail_msg("%s: %s", error.object, error.what);
        assert_memory_equal(text, "# ", 2); /* the line that `muniment machines` prints */
        if (strstr(found.gl_pathv[i], "/plain.yaml"))
            plain = m;
        free(text);
    }
    assert_true(found.gl_pathc >= 16);
    globfree(&found);
    machine_manifest_default(&m);
    memset(&plain.drives[DRIVE_HD0], 0, sizeof(plain.drives[DRIVE_HD0]));
    assert_memory_equal(&plain, &m, sizeof(m));
    assert_true(manifest_read_file("manifests/description.yaml", &text, &length, &error));
    assert_true(description_manifest_parse(text, length, "description.yaml", &d, &error));
    free(text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chip_for_pci_needs_pci),
        cmocka_unit_test(machine_errors_name_line_and_column),
        cmocka_unit_test(description_errors_name_line_and_column),
        cmocka_unit_test(every_truncation_is_refused_or_a_whole_manifest),
        cmocka_unit_test(a_manifest_over_the_limit_is_refused_unread),
        cmocka_unit_test(deep_nesting_ends_at_the_schema),
        cmocka_unit_test(full_machine_is_read_and_is_canonical),
        cmocka_unit_test(settings_of_the_firmware_are_read_and_canonical),
        cmocka_unit_test(other_spellings_have_the_same_canonical_form),
        cmocka_unit_test(other_spellings_of_a_description_have_the_same_canonical_form),
        cmocka_unit_test(default_machine_round_trips),
        cmocka_unit_test(a_machine_without_parts_says_none),
        cmocka_unit_test(clock_covers_every_day_of_its_range),
        cmocka_unit_test(print_into_any_smaller_buffer_returns_zero),
        cmocka_unit_test(full_description_is_read_and_is_canonical),
        cmocka_unit_test(a_description_needs_only_a_title),
        cmocka_unit_test(texts_fill_their_fields_and_no_more),
        cmocka_unit_test(a_missing_file_is_the_hosts_failure),
        cmocka_unit_test(ready_made_machines_are_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
