/* suggest.c - see suggest.h; and the subcommands suggest and machines. */
#include "desk/suggest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "desk/desk.h"
#include "desk/embedded.h"
#include "desk/reader.h"
#include "formats/images/images.h"
#include "formats/plain.h"

#define FOLDER "machines/" /* of the ready-made machines in the program */
#define ENDING ".yaml"
#define PLAIN "plain"

/* --- Ready-made machines --- */

/* Their name, or false for another file of the program. */
static bool machine_name(const struct embedded_file *file, char name[MACHINE_NAME_SIZE])
{
    size_t folder = strlen(FOLDER), length = strlen(file->name);

    if (strncmp(file->name, FOLDER, folder) || length <= folder + strlen(ENDING))
        return false;
    snprintf(name, MACHINE_NAME_SIZE, "%.*s", (int)(length - folder - strlen(ENDING)), file->name + folder);
    return true;
}

static const struct embedded_file *find_machine(const char *wanted, struct error *error)
{
    char name[MACHINE_NAME_SIZE];

    for (const struct embedded_file *file = embedded_files; file->name; file++)
        if (machine_name(file, name) && !strcmp(name, wanted))
            return file;
    error_set(error, STATUS_USAGE, wanted, NULL, "`muniment machines` lists them",
              "there is no ready-made machine of this name");
    return NULL;
}

/* --- Which one --- */

/* The first row that fits: systems of the family below a version; 0: any. */
static const struct {
    enum system_family family;
    uint16_t below;
    const char *machine;
} by_system[] = {
    {SYSTEM_DOS, 330, "dos-1985"},
    {SYSTEM_DOS, 600, "dos-1990"},
    {SYSTEM_DOS, 0, "dos-1995"},
    {SYSTEM_WINDOWS, 400, "windows-3"},
    {SYSTEM_WINDOWS, 410, "windows-95"},
    {SYSTEM_WINDOWS, 490, "windows-98"},
    {SYSTEM_WINDOWS, 0, "windows-me"},
    {SYSTEM_NT, 400, "nt-3.51"},
    {SYSTEM_NT, 500, "nt-4"},
    {SYSTEM_NT, 501, "windows-2000"},
    {SYSTEM_NT, 0, "windows-xp"},
    {SYSTEM_OS2, 2000, "os2-1.3"},
    {SYSTEM_OS2, 0, "os2-4"},
    {SYSTEM_LINUX, 0, "unix-2000"},
    {SYSTEM_UNIX, 0, "unix-2000"},
    {SYSTEM_NETWARE, 0, "dos-1995"},
    {SYSTEM_OTHER, 0, PLAIN},
};

/* Where no system was found: what a volume's boot sector loads, or what is before the partition table. */
static const struct {
    const char *loader; /* begins so */
    const char *machine;
} by_loader[] = {
    {"NTLDR", "windows-2000"},    {"OS/2 1", "os2-1.3"},     {"OS/2", "os2-4"},          {"Windows 95", "windows-98"},
    {"PC DOS 1", "dos-1985"},     {"MS-DOS 2", "dos-1985"},  {"MS-DOS 3.2", "dos-1985"}, {"MS-DOS 3.3", "dos-1990"},
    {"MS-DOS 4", "dos-1990"},     {"PC DOS 4", "dos-1990"},  {"PC DOS 3.3", "dos-1990"}, {"MS-DOS", "dos-1995"},
    {"PC DOS", "dos-1995"},       {"DR-DOS", "dos-1995"},    {"FreeDOS", "dos-1995"},    {"PC-MOS", "dos-1990"},
    {"FreeLoader", "windows-xp"}, {"LILO", "unix-2000"},     {"GRUB", "unix-2000"},      {"SYSLINUX", "unix-2000"},
    {"EXTLINUX", "unix-2000"},    {"ISOLINUX", "unix-2000"}, {"Linux", "unix-2000"},     {"El Torito", "unix-2000"},
};

/* And where no loader is known: the file system. */
static const struct {
    const char *file_system, *machine;
} by_file_system[] = {
    {"FAT32", "windows-98"},
    {"NTFS", "windows-2000"},
    {"HPFS", "os2-4"},
    {"Linux swap", "unix-2000"},
};

static const char *machine_by_loader(const char *loader)
{
    for (size_t i = 0; i < sizeof by_loader / sizeof by_loader[0]; i++)
        if (!strncmp(loader, by_loader[i].loader, strlen(by_loader[i].loader)))
            return by_loader[i].machine;
    return NULL;
}

/* The system that decides: the newest. */
static const char *machine_by_system(const struct disk_survey *s, struct text *reasons)
{
    const struct found_system *f = s->systems;

    if (s->system_count == 0)
        return NULL;
    for (uint32_t i = 0; i < s->system_count; i++)
        text_print(reasons, "%s (%s)\n", s->systems[i].name, s->systems[i].evidence);
    if (f->family == SYSTEM_WINDOWS && f->workgroups)
        return "wfw-3.11";
    for (size_t i = 0; i < sizeof by_system / sizeof by_system[0]; i++)
        if (f->family == by_system[i].family &&
            (!by_system[i].below || (f->version && f->version < by_system[i].below)))
            return by_system[i].machine;
    return PLAIN;
}

static const char *machine_by_volume(const struct disk_survey *s, struct text *reasons)
{
    const char *machine;
    char place[32];

    for (uint32_t i = 0; i < s->volume_count; i++)
        if ((machine = machine_by_loader(s->volumes[i].loader))) {
            text_print(reasons, "the boot sector of %s loads %s\n", volume_place(&s->volumes[i], place),
                       s->volumes[i].loader);
            return machine;
        }
    if ((machine = machine_by_loader(s->loader))) {
        text_print(reasons, "the loader before the partition table is %s\n", s->loader);
        return machine;
    }
    for (uint32_t i = 0; i < s->volume_count; i++)
        for (size_t k = 0; k < sizeof by_file_system / sizeof by_file_system[0]; k++)
            if (!strcmp(s->volumes[i].file_system, by_file_system[k].file_system)) {
                text_print(reasons, "%s is %s\n", volume_place(&s->volumes[i], place), s->volumes[i].file_system);
                return by_file_system[k].machine;
            }
    return NULL;
}

/* --- The drive and its geometry --- */

/* The drive that takes a floppy of this many sectors, FLOPPY_NONE if none does. What is shorter than 1.44M and of no
 * other format is a 1.44M floppy cut off. */
static enum floppy_type floppy_drive_for(uint64_t sectors)
{
    struct geometry geometry;

    if (!floppy_geometry(sectors, &geometry))
        return sectors < 2880 ? FLOPPY_1440K : FLOPPY_NONE;
    return sectors <= 720 ? FLOPPY_360K : sectors == 2400 ? FLOPPY_1200K : sectors > 3680 ? FLOPPY_2880K : FLOPPY_1440K;
}

/* Heads and sectors that INT 13h shows (spec/firmware.md, "Configuration"). */
static struct geometry shown(struct geometry g, uint64_t sectors, enum bios_translation way)
{
    if (way == TRANSLATION_FIRMWARE)
        way = g.cylinders > 1024 ? TRANSLATION_LBA : TRANSLATION_NONE;
    if (way == TRANSLATION_LBA) {
        g = (struct geometry){0, 16, 63};
        while (g.heads < 255 && sectors / 63 / g.heads > 1024)
            g.heads = g.heads == 128 ? 255 : 2 * g.heads;
        return g;
    }
    if (way == TRANSLATION_LARGE_240 && g.heads == 16) {
        g.heads = 15;
        g.cylinders = g.cylinders * 16 / 15;
    }
    for (; way >= TRANSLATION_LARGE && g.cylinders > 1024 && g.heads <= 127; g.cylinders /= 2)
        g.heads *= 2;
    return g;
}

static bool same_tracks(struct geometry a, struct geometry b)
{
    return a.heads == b.heads && a.sectors == b.sectors;
}

/* What the disk's own system took the geometry for: the boot sector of the active volume, or of the first one that
 * says so, or the partition table. */
static bool wanted_tracks(const struct disk_survey *s, struct geometry *tracks, char *source, size_t size)
{
    const struct volume *chosen = NULL;
    char place[32];

    for (uint32_t i = 0; i < s->volume_count; i++) {
        const struct volume *v = &s->volumes[i];
        bool states = v->tracks.heads && v->tracks.heads <= 255 && v->tracks.sectors && v->tracks.sectors <= 63;
        if (states && (!chosen || (v->active && !chosen->active)))
            chosen = v;
    }
    if (!chosen && !s->table.sectors)
        return false;
    *tracks = chosen ? chosen->tracks : s->table;
    snprintf(source, size, "%s%s", chosen ? "boot sector of " : "partition table",
             chosen ? volume_place(chosen, place) : "");
    return true;
}

static void choose_geometry(const struct disk_survey *s, struct drive_manifest *drive, struct text *reasons)
{
    static const enum bios_translation ways[] = {TRANSLATION_FIRMWARE, TRANSLATION_NONE, TRANSLATION_LBA,
                                                 TRANSLATION_LARGE, TRANSLATION_LARGE_240};
    struct geometry wanted, candidates[3];
    char source[64];

    if (!wanted_tracks(s, &wanted, source, sizeof source))
        return;
    disk_geometry(s->sectors, s->first, &candidates[0]);
    for (unsigned i = 1; i < 3; i++) {
        struct geometry *g = &candidates[i];
        *g = (struct geometry){0, i == 1 && wanted.heads < 16 ? wanted.heads : 16, i == 1 ? wanted.sectors : 63};
        uint64_t cylinders = s->sectors / (g->heads * g->sectors);
        g->cylinders = cylinders < 16383 ? (uint32_t)cylinders : 16383;
    }
    for (unsigned i = 0; i < 3; i++)
        for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++) {
            if (!candidates[i].cylinders || !same_tracks(shown(candidates[i], s->sectors, ways[k]), wanted))
                continue;
            if (i > 0)
                drive->geometry = candidates[i];
            drive->translation = ways[k];
            text_print(reasons, "%" PRIu32 " heads and %" PRIu32 " sectors to the track, by the %s\n", wanted.heads,
                       wanted.sectors, source);
            return;
        }
    text_print(reasons,
               "the %s wants %" PRIu32 " heads and %" PRIu32
               " sectors to the track, which the BIOS can show of no disk of this size: it may not boot\n",
               source, wanted.heads, wanted.sectors);
}

/* What has a floppy's size and is a CD as well is a floppy if it boots as one, as GRUB's rescue images do. */
enum drive_kind image_drive(const struct disk_survey *s)
{
    bool floppy = floppy_drive_for(s->sectors), boots = s->first[510] == 0x55 && s->first[511] == 0xAA;

    return s->iso && !(floppy && boots) ? DRIVE_CDROM : floppy ? DRIVE_FLOPPY : DRIVE_DISK;
}

/* The places of a kind of drive, the first one first. */
static const enum drive_slot places[][5] = {
    [DRIVE_FLOPPY] = {DRIVE_FD0, DRIVE_FD1, DRIVE_COUNT},
    [DRIVE_DISK] = {DRIVE_HD0, DRIVE_HD1, DRIVE_HD2, DRIVE_HD3, DRIVE_COUNT},
    [DRIVE_CDROM] = {DRIVE_HD2, DRIVE_HD3, DRIVE_HD1, DRIVE_HD0, DRIVE_COUNT},
};

bool suggestion_add(struct suggestion *to, const char *path, const struct disk_survey *s, enum drive_slot *slot,
                    struct error *error)
{
    enum drive_kind kind = image_drive(s);
    struct drive_manifest *drive;
    const enum drive_slot *place = places[kind];

    while (*place != DRIVE_COUNT &&
           ((*slot != DRIVE_COUNT && *place != *slot) || *to->machine.drives[*place].image ||
            (to->machine.drives[*place].kind != DRIVE_ABSENT && to->machine.drives[*place].kind != kind)))
        place++;
    if (*place == DRIVE_COUNT)
        return error_set(error, STATUS_INPUT, path, NULL, "leave it out, or name another drive before a colon",
                         "finds no drive for a %s",
                         kind == DRIVE_FLOPPY  ? "floppy"
                         : kind == DRIVE_CDROM ? "CD"
                                               : "disk");
    *slot = *place;
    drive = &to->machine.drives[*place];
    *drive = (struct drive_manifest){.kind = kind, .floppy = floppy_drive_for(s->sectors), .image = "sealed"};
    return true;
}

/* Drives without a medium of their own are left: floppies and CDs. */
static void place_image(const struct disk_survey *s, struct suggestion *to)
{
    struct drive_manifest *drives = to->machine.drives;
    bool cd = image_drive(s) == DRIVE_CDROM;
    enum floppy_type floppy = cd ? FLOPPY_NONE : floppy_drive_for(s->sectors);
    uint32_t write_delay = drives[DRIVE_HD0].write_delay;

    for (int slot = DRIVE_HD0; slot <= DRIVE_HD3; slot++)
        if (drives[slot].kind == DRIVE_DISK)
            drives[slot] = (struct drive_manifest){.kind = DRIVE_ABSENT};
    to->slot = cd ? DRIVE_HD2 : floppy ? DRIVE_FD0 : DRIVE_HD0;
    if (to->slot == DRIVE_HD0)
        drives[DRIVE_HD0].write_delay = write_delay;
    drives[to->slot].kind = cd ? DRIVE_CDROM : floppy ? DRIVE_FLOPPY : DRIVE_DISK;
    if (floppy)
        drives[to->slot].floppy = floppy;
    if (cd) { /* comes first; the first device takes its place, if it had one */
        for (unsigned i = 1; i < 3; i++)
            if (to->machine.boot[i] == BOOT_CDROM)
                to->machine.boot[i] = to->machine.boot[0];
        to->machine.boot[0] = BOOT_CDROM;
    }
    if (to->slot == DRIVE_HD0)
        choose_geometry(s, &drives[DRIVE_HD0], &to->reasons);
}

bool suggest_machine(const struct disk_survey *s, const char *name, struct suggestion *to, struct error *error)
{
    memset(to, 0, sizeof *to);
    const char *machine = machine_by_system(s, &to->reasons);

    if (!machine)
        machine = machine_by_volume(s, &to->reasons);
    if (!machine)
        text_print(&to->reasons, "no system in it is recognised\n");
    if (name || !machine)
        machine = name ? name : PLAIN;
    const struct embedded_file *file = find_machine(machine, error);
    if (!file || !machine_manifest_parse((const char *)file->bytes, file->size, file->name, &to->machine, error))
        return false;
    snprintf(to->name, sizeof to->name, "%s", machine);
    place_image(s, to);
    return !to->reasons.failed || error_set(error, STATUS_HOST, machine, NULL, NULL, "out of memory");
}

void suggestion_free(struct suggestion *s)
{
    text_free(&s->reasons);
}

/* --- As a text --- */

/* A section of a manifest: the line that begins so, and the indented ones after it. */
static const char *section(const char *text, const char *key, size_t *length)
{
    const char *at = text, *end;

    while (strncmp(at, key, strlen(key))) {
        at = strchr(at, '\n');
        if (!at++)
            return NULL;
    }
    end = at;
    do {
        end += strcspn(end, "\n");
        end += *end == '\n';
    } while (*end == ' ');
    *length = (size_t)(end - at);
    return at;
}

/* Copies a section of the canonical form; a line that the ready-made text has as well keeps its comment. */
static void add_section(struct text *text, const char *from, size_t length, const char *made, size_t made_length)
{
    for (const char *end = from + length; from < end;) {
        size_t line = strcspn(from, "\n");
        const char *same = made, *made_end = made + made_length;

        while (same < made_end && (strncmp(same, from, line) || (same[line] != ' ' && same[line] != '\n')))
            same += strcspn(same, "\n") + 1;
        if (same < made_end)
            text_add(text, same, strcspn(same, "\n") + 1);
        else
            text_add(text, from, line + 1);
        from += line + 1;
    }
}

/* Copies the ready-made text with the drives and the order of the canonical form. */
static bool replace_sections(const char *made, const char *canonical, struct text *text)
{
    static const char *const keys[] = {"drives:", "boot:"};

    for (size_t i = 0; i < 2; i++) {
        size_t old, new;
        const char *at = section(made, keys[i], &old), *from = section(canonical, keys[i], &new);

        if (!at || !from)
            return false;
        text_add(text, made, (size_t)(at - made));
        add_section(text, from, new, at, old);
        made = at + old;
    }
    text_add(text, made, strlen(made));
    return true;
}

/* A path as a manifest in the current folder can have it: else the name alone. */
static const char *relative(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (*path != '/' && strncmp(path, "./", 2) && strncmp(path, "../", 3) && !strstr(path, "/../") &&
        !strstr(path, "/./") && !strstr(path, "//"))
        return path;
    return slash + 1;
}

bool suggestion_text(const struct suggestion *s, const char *path, struct text *text, struct error *error)
{
    const struct embedded_file *file = find_machine(s->name, error);
    char canonical[MANIFEST_LIMIT], image[512];
    struct machine_manifest machine = s->machine;
    const char *name = relative(path);

    memset(text, 0, sizeof *text);
    if (!file)
        return false;
    plain_copy(image, sizeof image, name);
    snprintf(machine.drives[s->slot].image, sizeof machine.drives[s->slot].image, "%s", name);
    if (strlen(name) >= sizeof machine.drives[s->slot].image ||
        !machine_manifest_print(&machine, canonical, sizeof canonical))
        return error_set(error, STATUS_INPUT, path, NULL, "rename the image", "its name cannot stand in a manifest");
    char *made = calloc(1, file->size + 1);
    if (made)
        memcpy(made, file->bytes, file->size);
    text_print(text, "# Machine %s, suggested for %s:\n", s->name, image);
    for (const char *line = s->reasons.bytes; line && *line; line += strcspn(line, "\n") + 1)
        text_print(text, "# - %.*s\n", (int)strcspn(line, "\n"), line);
    if (name != path)
        text_print(text, "# Put %s beside this file.\n", image);
    bool good = made && replace_sections(made, canonical, text) && !text->failed;
    free(made);
    return good || error_set(error, STATUS_HOST, path, NULL, NULL, "out of memory");
}

/* --- The subcommands --- */

static bool suggest_text(const struct arguments *a, const char *path, struct text *text, struct error *error)
{
    struct suggestion suggestion = {.slot = DRIVE_FD0};
    struct disk_survey survey;
    struct image_request requests[DRIVE_COUNT];
    struct block disk;

    if (!desk_image_requests(a, requests, error) || !image_open(path, &requests[DRIVE_HD0], &disk, NULL, error))
        return false;
    bool good = reader_survey(&disk, &survey, error) &&
                suggest_machine(&survey, argument_value(a, "--machine"), &suggestion, error) &&
                suggestion_text(&suggestion, path, text, error);
    suggestion_free(&suggestion);
    disk_survey_free(&survey);
    disk.close(disk.context);
    return good;
}

enum status suggest_run(const struct arguments *a)
{
    struct text text = {.bytes = NULL};
    struct error error;

    if (!suggest_text(a, a->operands[0], &text, &error)) {
        text_free(&text);
        return desk_fail(&error);
    }
    fwrite(text.bytes, 1, text.length, stdout);
    text_free(&text);
    return STATUS_OK;
}

/* What a machine is for: the first line of its manifest, without "# ". */
static void print_machine(const struct embedded_file *file, const char *name)
{
    const char *text = (const char *)file->bytes + 2, *end = memchr(text, '\n', file->size - 2);

    printf("  %-14s%.*s\n", name, end ? (int)(end - text) : 0, text);
}

enum status machines_run(const struct arguments *a)
{
    char name[MACHINE_NAME_SIZE];
    struct error error;

    if (a->operand_count > 0) {
        const struct embedded_file *file = find_machine(a->operands[0], &error);
        if (!file)
            return desk_fail(&error);
        fwrite(file->bytes, 1, file->size, stdout);
        return STATUS_OK;
    }
    for (const struct embedded_file *file = embedded_files; file->name; file++)
        if (machine_name(file, name))
            print_machine(file, name);
    return STATUS_OK;
}
