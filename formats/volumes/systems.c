/* systems.c - which systems are installed: by the files of FAT volumes, as one table, and by boot sectors and versions
 * of other file systems.
 *
 * A formatted disk has a boot sector whether a system is on it or not: where files can be read, they decide. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "formats/codepage.h"
#include "formats/plain.h"
#include "formats/volumes/disk.h"
#include "formats/volumes/survey.h"

#define LOOKED_AT (4u << 20) /* bytes of a file that are searched at most */

/* --- Files --- */

/* Reads the beginning of a file, at most `limit` bytes, to be freed, with a NUL after it. Null: there is none. */
static uint8_t *file_bytes(struct fat *fat, const char *path, uint32_t limit, size_t *size)
{
    struct fat_entry entry;
    struct fat_file file;

    if (!fat_find(fat, path, &entry, NULL) || entry.attributes & FAT_FOLDER)
        return NULL;
    size_t wanted = entry.size < limit ? entry.size : limit;
    uint8_t *bytes = calloc(1, wanted + 1);
    if (!bytes)
        return NULL;
    fat_file_open(fat, &entry, &file);
    fat_file_read(fat, &file, 0, bytes, wanted, size, NULL);
    return bytes;
}

static const uint8_t *search(const uint8_t *bytes, size_t size, const void *wanted, size_t length)
{
    const uint8_t *first = wanted;

    while (size >= length) {
        const uint8_t *at = memchr(bytes, *first, size - length + 1);
        if (!at)
            return NULL;
        if (!memcmp(at, wanted, length))
            return at;
        size -= (size_t)(at + 1 - bytes);
        bytes = at + 1;
    }
    return NULL;
}

static bool file_holds(struct fat *fat, const char *path, const char *text)
{
    size_t size = 0;
    uint8_t *bytes = file_bytes(fat, path, LOOKED_AT, &size);
    bool holds = bytes && search(bytes, size, text, strlen(text));

    free(bytes);
    return holds;
}

static bool is_there(struct fat *fat, const char *path)
{
    struct fat_entry entry;

    return fat_find(fat, path, &entry, NULL);
}

/* --- Versions --- */

/* The version resource of Windows programs: VS_FIXEDFILEINFO, signature FEEF04BDh, structure 1.0. */
static uint16_t resource_version(struct fat *fat, const char *path, char *text, size_t text_size)
{
    static const uint8_t signature[8] = {0xBD, 0x04, 0xEF, 0xFE, 0x00, 0x00, 0x01, 0x00};
    size_t size = 0;
    uint8_t *bytes = file_bytes(fat, path, LOOKED_AT, &size);
    const uint8_t *info = bytes ? search(bytes, size, signature, sizeof signature) : NULL;
    uint16_t version = 0;

    if (info && (size_t)(bytes + size - info) >= 16) {
        unsigned major = get_le16(info + 10), minor = get_le16(info + 8);
        snprintf(text, text_size, "%u.%02u.%u", major, minor,
                 (unsigned)(get_le16(info + 14) ? get_le16(info + 14) : get_le16(info + 12)));
        version = major < 100 && minor < 100 ? (uint16_t)(major * 100 + minor) : 0;
    }
    free(bytes);
    return version;
}

/* COMMAND.COM runs on its own version of DOS only: MOV AH,30h; INT 21h; CMP AX,version (MS-DOS 4.0 source, MSGSERV). */
static uint16_t command_version(struct fat *fat)
{
    static const uint8_t check[5] = {0xB4, 0x30, 0xCD, 0x21, 0x3D};
    size_t size = 0;
    uint8_t *bytes = file_bytes(fat, "COMMAND.COM", LOOKED_AT, &size);
    const uint8_t *at = bytes ? search(bytes, size, check, sizeof check) : NULL;
    uint16_t version = 0;

    if (at && (size_t)(bytes + size - at) >= 7 && at[5] >= 2 && at[5] <= 8 && at[6] < 100)
        version = (uint16_t)(at[5] * 100 + at[6]);
    free(bytes);
    return version;
}

/* The value of KEY= in a text file, up to the end of its line. */
static bool setting(struct fat *fat, const char *path, const char *key, char *value, size_t value_size)
{
    size_t size = 0, length = 0;
    uint8_t *bytes = file_bytes(fat, path, 64u << 10, &size);
    const uint8_t *at = bytes ? search(bytes, size, key, strlen(key)) : NULL;

    *value = '\0';
    if (at)
        for (at += strlen(key); length + 1 < value_size && at[length] >= ' '; length++)
            value[length] = (char)at[length];
    value[length] = '\0';
    free(bytes);
    return at;
}

/* --- Kinds of systems --- */

static void note(struct examined *e, enum system_family family, uint16_t version, const char *name, const char *file)
{
    survey_system(e->survey, e->volume, family, version, name, file);
}

/* MS-DOS and its relatives have a kernel in two files, and a COMMAND.COM that knows its version. */
static void dos(struct examined *e, struct fat *fat, const char *name, const char *kernel)
{
    uint16_t version = command_version(fat);
    char text[64];

    if (version)
        snprintf(text, sizeof text, "%s %u.%02u", name, version / 100, version % 100);
    else
        snprintf(text, sizeof text, "%s", name);
    note(e, SYSTEM_DOS, version, text, version ? "COMMAND.COM" : kernel);
}

static void ibm_dos(struct examined *e, struct fat *fat, const char *kernel)
{
    bool digital = file_holds(fat, "IBMDOS.COM", "Digital Research") ||
                   file_holds(fat, "IBMBIO.COM", "Digital Research") || file_holds(fat, "IBMBIO.COM", "Novell") ||
                   file_holds(fat, "IBMBIO.COM", "Caldera");

    dos(e, fat, digital ? "DR-DOS" : "PC DOS", kernel);
}

/* From Windows 95 on IO.SYS is an EXE, and MSDOS.SYS a text. */
static void ms_dos(struct examined *e, struct fat *fat, const char *kernel)
{
    static const struct {
        uint16_t version;
        const char *name;
    } windows[] = {{490, "Windows ME"}, {410, "Windows 98"}, {400, "Windows 95"}};
    char version[24], text[64];
    size_t size = 0;
    uint8_t *bytes = file_bytes(fat, kernel, 2, &size);
    bool is_exe = size == 2 && bytes[0] == 'M' && bytes[1] == 'Z';

    free(bytes);
    if (!is_exe) {
        dos(e, fat, "MS-DOS", kernel);
        return;
    }
    uint16_t dos_version = command_version(fat);
    bool stated = setting(fat, "MSDOS.SYS", "WinVer=", version, sizeof version);
    uint16_t number = stated               ? (uint16_t)(100 * atoi(version) +
                                          (strchr(version, '.') ? atoi(strchr(version, '.') + 1) : 0))
                      : dos_version >= 800 ? 490
                      : dos_version >= 710 ? 410
                                           : 400;
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        if (number < windows[i].version)
            continue;
        snprintf(text, sizeof text, "%s%s%s", windows[i].name, stated ? ", version " : "", version);
        note(e, SYSTEM_WINDOWS, windows[i].version, text, stated ? "MSDOS.SYS" : kernel);
        return;
    }
}

static void free_dos(struct examined *e, struct fat *fat, const char *kernel)
{
    size_t size = 0;
    uint8_t *bytes = file_bytes(fat, kernel, 8, &size);

    /* Its kernel begins with a jump over the settings that SYS and SYS CONFIG change. */
    if (size == 8 && !memcmp(bytes + 2, "CONFIG", 6))
        note(e, SYSTEM_DOS, 0, "FreeDOS", kernel);
    free(bytes);
}

static void pc_mos(struct examined *e, struct fat *fat, const char *kernel)
{
    (void)fat;
    note(e, SYSTEM_DOS, 0, "PC-MOS/386", kernel);
}

/* A DOS box came with OS/2 2.0 in a folder of its own. */
static void os2(struct examined *e, struct fat *fat, const char *kernel)
{
    bool two = is_there(fat, "OS2/MDOS");

    note(e, SYSTEM_OS2, two ? 2000 : 1000, two ? "OS/2 2 to 4" : "OS/2 1", kernel);
}

/* The kernel's version, or what BOOT.INI calls it. */
static void windows_nt(struct examined *e, struct fat *fat, const char *loader)
{
    static const struct {
        const char *text;
        uint16_t version;
    } texts[] = {
        {"Windows XP", 501},   {"Server 2003", 502}, {"Windows 2000", 500}, {"Version 4.0", 400}, {"Version 3.51", 351},
        {"Version 3.50", 350}, {"Version 3.5", 350}, {"Version 3.1", 310},  {"ReactOS", 502},
    };
    static const char *const kernels[] = {"WINNT/SYSTEM32/NTOSKRNL.EXE", "WINDOWS/SYSTEM32/NTOSKRNL.EXE",
                                          "WINNT35/SYSTEM32/NTOSKRNL.EXE", "WINNT40/SYSTEM32/NTOSKRNL.EXE"};
    char name[96], version[32];

    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        uint16_t number = resource_version(fat, kernels[i], version, sizeof version);
        if (!number)
            continue;
        snprintf(name, sizeof name, "Windows NT, kernel %s", version);
        note(e, SYSTEM_NT, number, name, kernels[i]);
        return;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (file_holds(fat, "BOOT.INI", texts[i].text)) {
            snprintf(name, sizeof name, "Windows NT (\"%s\")", texts[i].text);
            note(e, SYSTEM_NT, texts[i].version, name, "BOOT.INI");
            return;
        }
    note(e, SYSTEM_NT, 0, "Windows NT to XP", loader);
}

static void react_os(struct examined *e, struct fat *fat, const char *loader)
{
    (void)fat;
    note(e, SYSTEM_NT, 502, "ReactOS", loader);
}

/* What Linux calls itself (Documentation/x86/boot.rst: "HdrS" at 202h, offset of the version at 20Eh). */
static void linux_version(const uint8_t *head, size_t size, char *text, size_t text_size)
{
    size_t at = 0x200u + get_le16(head + 0x20E), length = 0;
    char version[24];

    while (at + length < size && length + 1 < sizeof version && head[at + length] > ' ' && head[at + length] < 0x7F)
        length++;
    memcpy(version, head + (at < size ? at : 0), length);
    version[length] = '\0';
    snprintf(text, text_size, length ? "Linux %s" : "Linux", version);
}

static bool is_linux(const uint8_t *head, size_t size)
{
    return size > 0x210 && !memcmp(head + 0x202, "HdrS", 4);
}

static void linux_file(struct examined *e, struct fat *fat, const char *path)
{
    size_t size = 0;
    uint8_t *bytes = file_bytes(fat, path, 64u << 10, &size);
    char name[64];

    if (bytes && is_linux(bytes, size)) {
        linux_version(bytes, size, name, sizeof name);
        note(e, SYSTEM_LINUX, 0, name, path);
    }
    free(bytes);
}

/* --- Windows on DOS --- */

static void windows_folder(struct examined *e, struct fat *fat, const char *folder)
{
    char path[96], version[32] = "", text[64];
    uint16_t number;

#define IN_FOLDER(file) (snprintf(path, sizeof path, "%s/%s", folder, file), path)
    if (!is_there(fat, IN_FOLDER("WIN.COM")))
        return;
    if (is_there(fat, IN_FOLDER("SYSTEM/VMM32.VXD")) || is_there(fat, IN_FOLDER("SYSTEM32/NTOSKRNL.EXE")))
        return; /* 95 and later are known by MSDOS.SYS, NT by its kernel */
    if (is_there(fat, IN_FOLDER("WIN100.BIN")))
        number = 100;
    else if (is_there(fat, IN_FOLDER("WIN200.BIN")))
        number = 200;
    else if (!is_there(fat, IN_FOLDER("SYSTEM")))
        return;
    else if (!(number = resource_version(fat, IN_FOLDER("SYSTEM/USER.EXE"), version, sizeof version)))
        number = 300; /* the first with a resource is 3.1 */
    bool workgroups = is_there(fat, IN_FOLDER("SYSTEM/WFWNET.DRV"));
    snprintf(text, sizeof text, "Windows %s%u.%s", workgroups ? "for Workgroups " : "", number / 100,
             *version ? strchr(version, '.') + 1 : "x");
    note(e, SYSTEM_WINDOWS, number, text, IN_FOLDER("WIN.COM"));
#undef IN_FOLDER
}

/* --- The table --- */

static const struct {
    const char *file, *with; /* both are there; with may be null */
    void (*examine)(struct examined *e, struct fat *fat, const char *file);
} kernels[] = {
    {"NTLDR", NULL, windows_nt},
    {"FREELDR.SYS", NULL, react_os},
    {"FREELDR.INI", NULL, react_os},
    {"OS2KRNL", "OS2LDR", os2},
    {"IO.SYS", "MSDOS.SYS", ms_dos},
    {"IO.SYS", "COMMAND.COM", ms_dos}, /* Windows 98 writes boot floppies with an empty MSDOS.SYS, or without */
    {"IBMBIO.COM", "IBMDOS.COM", ibm_dos},
    {"DRBIOS.SYS", "DRBDOS.SYS", ibm_dos},
    {"KERNEL.SYS", NULL, free_dos},
    {"$$MOS.SYS", NULL, pc_mos},
    {"VMLINUZ", NULL, linux_file},
    {"BZIMAGE", NULL, linux_file},
    {"LINUX", NULL, linux_file},
    {"LINUX.IMG", NULL, linux_file},
};

static const char *const windows_folders[] = {"WINDOWS", "WIN", "WIN31", "WIN311", "WIN30", "WIN3", "WFW", "WFW311"};

/* --- The code page --- */

/* Skips what separates words of a command. */
static const char *word(const char *at)
{
    return at + strspn(at, " \t=,;@");
}

/* The number after a command's name, or, for KEYB and COUNTRY, after its first word and comma; 0: none. */
static unsigned page_in(const char *line, const char *command, bool second)
{
    const char *at = strstr(line, command);

    if (!at || !strncmp(word(line), "REM", 3))
        return 0;
    at += strlen(command);
    if (second)
        at += strcspn(at, ",");
    at = word(at);
    return isdigit((unsigned char)*at) ? (unsigned)strtoul(at, NULL, 10) : 0;
}

/* Where systems set the code page that file names are typed in; later rows outweigh earlier ones. */
static const struct {
    const char *file, *command;
    bool second;
} code_pages[] = {
    {"CONFIG.SYS", "COUNTRY", true}, {"FDCONFIG.SYS", "COUNTRY", true}, {"CONFIG.SYS", "CODEPAGE", false},
    {"AUTOEXEC.BAT", "KEYB", true},  {"FDAUTO.BAT", "KEYB", true},      {"AUTOEXEC.BAT", "SELECT", false},
    {"FDAUTO.BAT", "SELECT", false}, {"AUTOEXEC.BAT", "CHCP", false},   {"FDAUTO.BAT", "CHCP", false},
};

void volume_set_code_page(struct volume *v, unsigned page, const char *evidence)
{
    v->code_page = codepage_known(page) ? (uint16_t)page : 437;
    v->lacking_page = codepage_known(page) ? 0 : (uint16_t)page;
    survey_name(v->code_page_evidence, evidence);
}

static void find_code_page(struct volume *v, struct fat *fat)
{
    for (size_t i = 0; i < sizeof code_pages / sizeof code_pages[0]; i++) {
        size_t size = 0;
        char *text = (char *)file_bytes(fat, code_pages[i].file, 64u << 10, &size), *rest = NULL;

        for (size_t at = 0; text && at < size; at++)
            text[at] = (char)toupper((unsigned char)text[at]);
        for (char *line = text ? strtok_r(text, "\r\n", &rest) : NULL; line; line = strtok_r(NULL, "\r\n", &rest)) {
            unsigned page = page_in(line, code_pages[i].command, code_pages[i].second);
            if (page >= 100 && page <= UINT16_MAX)
                volume_set_code_page(v, page, code_pages[i].file);
        }
        free(text);
    }
}

void systems_in_fat(struct examined *e, struct fat *fat)
{
    find_code_page(e->volume, fat);
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++)
        if (is_there(fat, kernels[i].file) && (!kernels[i].with || is_there(fat, kernels[i].with)))
            kernels[i].examine(e, fat, kernels[i].file);
    for (size_t i = 0; i < sizeof windows_folders / sizeof windows_folders[0]; i++)
        windows_folder(e, fat, windows_folders[i]);
}

/* --- Without files --- */

/* By file system and loader, where files cannot be read. */
static const struct {
    const char *file_system, *detail; /* as the survey has them; may be null */
    const char *loader;               /* begins so; may be null */
    enum system_family family;
    uint16_t version;
    const char *name;
} signs[] = {
    {"NTFS", "version 1.1", "NTLDR", SYSTEM_NT, 351, "Windows NT 3.1 to 3.51"},
    {"NTFS", "version 1.2", "NTLDR", SYSTEM_NT, 400, "Windows NT 3.51 or 4"},
    {"NTFS", "version 3.0", "NTLDR", SYSTEM_NT, 500, "Windows 2000, or NT 4 that was mounted by it"},
    {"NTFS", "version 3.1", "NTLDR", SYSTEM_NT, 501, "Windows XP or Server 2003"},
    {"NTFS", NULL, "NTLDR", SYSTEM_NT, 0, "Windows NT to XP"},
    {"NTFS", NULL, "BOOTMGR", SYSTEM_NT, 600, "Windows Vista or later"},
    {"HPFS", NULL, "NTLDR", SYSTEM_NT, 351, "Windows NT 3.1 to 3.51"},
    {"HPFS", NULL, NULL, SYSTEM_OS2, 0, "OS/2"},
    {"ext2", NULL, NULL, SYSTEM_LINUX, 0, "Linux, or what shares its file system"},
    {"ext3", NULL, NULL, SYSTEM_LINUX, 0, "Linux, or what shares its file system"},
    {"ext4", NULL, NULL, SYSTEM_LINUX, 0, "Linux, or what shares its file system"},
    {"ReiserFS", NULL, NULL, SYSTEM_LINUX, 0, "Linux, or what shares its file system"},
    {"XFS", NULL, NULL, SYSTEM_LINUX, 0, "Linux, or what shares its file system"},
    {"Minix", NULL, NULL, SYSTEM_UNIX, 0, "Minix, ELKS or early Linux"},
    {"Xenix", NULL, NULL, SYSTEM_UNIX, 0, "Xenix"},
    {"System V", NULL, NULL, SYSTEM_UNIX, 0, "UNIX System V"},
    {"Coherent", NULL, NULL, SYSTEM_UNIX, 0, "Coherent"},
    {NULL, NULL, "OpenBSD", SYSTEM_UNIX, 0, "OpenBSD"},
    {"BSD disk label", NULL, NULL, SYSTEM_UNIX, 0, "BSD"},
    {"UFS", NULL, NULL, SYSTEM_UNIX, 0, "BSD or Solaris"},
    {"NetWare", NULL, NULL, SYSTEM_NETWARE, 0, "NetWare"},
    {NULL, NULL, "KolibriOS", SYSTEM_OTHER, 0, "KolibriOS"},
    {NULL, NULL, "MikeOS", SYSTEM_OTHER, 0, "MikeOS"},
    {NULL, NULL, "ELKS", SYSTEM_UNIX, 0, "ELKS"},
};

static bool begins(const char *text, const char *sign)
{
    return !sign || !strncmp(text, sign, strlen(sign));
}

void systems_in_boot_sector(struct examined *e)
{
    const struct volume *v = e->volume;
    char name[64];

    if (is_linux(e->head, e->size)) {
        linux_version(e->head, e->size, name, sizeof name);
        survey_system(e->survey, v, SYSTEM_LINUX, 0, name, "the boot sector");
    }
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        if ((signs[i].file_system && strcmp(v->file_system, signs[i].file_system)) ||
            !begins(v->detail, signs[i].detail) || !begins(v->loader, signs[i].loader))
            continue;
        survey_system(e->survey, v, signs[i].family, signs[i].version, signs[i].name,
                      signs[i].file_system ? signs[i].file_system : "the boot sector");
        return;
    }
}
