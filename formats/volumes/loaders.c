/* loaders.c - what code is in a boot sector: by names and messages that it holds. */
#include <string.h>

#include "formats/volumes/disk.h"
#include "formats/volumes/survey.h"

#define ANYWHERE 0xFFFF

struct text_sign {
    const char *name;
    uint16_t offset; /* or ANYWHERE in the sector */
    const char *text;
};

static bool found(const uint8_t *sector, const struct text_sign *s)
{
    size_t length = strlen(s->text);

    if (s->offset != ANYWHERE)
        return !memcmp(sector + s->offset, s->text, length);
    for (size_t i = 0; i + length <= SECTOR_SIZE; i++)
        if (!memcmp(sector + i, s->text, length))
            return true;
    return false;
}

static const char *first_found(const uint8_t *sector, const struct text_sign *signs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (found(sector, &signs[i]))
            return signs[i].name;
    return NULL;
}

/* clang-format off */
/* Loaders that stand before a partition table as well as in a volume. */
static const struct text_sign anywhere[] = {
    { "LILO",                           6,        "LILO" },
    { "LILO",                           2,        "LILO" },
    { "GRUB",                           ANYWHERE, "GRUB " },
    { "SYSLINUX",                       3,        "SYSLINUX" },
    { "EXTLINUX",                       3,        "EXTLINUX" },
    { "ISOLINUX",                       ANYWHERE, "isolinux.bin" },
    { "TrueCrypt",                      ANYWHERE, "TrueCrypt Boot Loader" },
    { "VeraCrypt",                      ANYWHERE, "VeraCrypt Boot Loader" },
};

static const struct text_sign before_tables[] = {
    { "SYSLINUX's for partitions",      ANYWHERE, "Operating system load error." },
    { "Microsoft's or IBM's, of 3.3 to XP", ANYWHERE, "Invalid partition table" },
};

static const struct text_sign in_volumes[] = {
    { "BOOTMGR (Windows Vista and later)", ANYWHERE, "BOOTMGR" },
    { "NTLDR (Windows NT to XP)",       ANYWHERE, "NTLDR" },
    { "FreeLoader (ReactOS)",           ANYWHERE, "freeldr" },
    { "FreeLoader (ReactOS)",           ANYWHERE, "FREELDR SYS" },
    { "OS/2 2 to 4",                    3,        "IBM 20.0" },
    { "OS/2 3 or 4",                    3,        "IBM 4.50" },
    { "OS/2 1",                         3,        "IBM 10." },
    { "OS/2",                           ANYWHERE, "OS2BOOT" },
    { "OS/2",                           ANYWHERE, "OS2LDR" },
    { "FreeDOS",                        ANYWHERE, "KERNEL  SYS" },
    { "Windows 95, 98 or ME",           ANYWHERE, "WINBOOT SYS" },
    { "Windows 95, 98 or ME",           3,        "MSWIN4." },
    { "MS-DOS 5 or 6",                  3,        "MSDOS5.0" },
    { "MS-DOS 4",                       3,        "MSDOS4.0" },
    { "MS-DOS 3.3",                     3,        "MSDOS3.3" },
    { "MS-DOS 3.2",                     3,        "MSDOS3.2" },
    { "MS-DOS or Windows",              ANYWHERE, "IO      SYS" },
    { "MS-DOS 2",                       ANYWHERE, "io      sys" },
    { "DR-DOS 7 or OpenDOS",            3,        "DRDOS  7" },
    { "DR-DOS",                         ANYWHERE, "DRBIOS  SYS" },
    { "PC DOS 5 to 7",                  3,        "IBM  5.0" },
    { "PC DOS 6 or 7",                  3,        "IBM  6." },
    { "PC DOS 7",                       3,        "IBM  7." },
    { "PC DOS 4",                       3,        "IBM  4.0" },
    { "PC DOS 3.3 or DR-DOS",           3,        "IBM  3.3" },
    { "PC DOS or DR-DOS",               ANYWHERE, "IBMBIO  COM" },
    { "PC DOS 1 or 2",                  ANYWHERE, "ibmbio  com" },
    { "PC-MOS",                         ANYWHERE, "$$MOS   SYS" },
    { "OpenBSD",                        3,        "OpenBSD" },
    { "KolibriOS",                      3,        "KOLIBRI" },
    { "MikeOS",                         3,        "MIKEBOOT" },
    { "ELKS",                           ANYWHERE, "ELKS" },
    { "Minix",                          ANYWHERE, "MINIX" },
    { "Xenix",                          ANYWHERE, "XENIX" },
};

static const struct text_sign encryptions[] = {
    { "SafeBoot",                       3,        "SafeBoot" },
    { "PGP whole disk encryption",      3,        "PGPGUARD" },
    { "TrueCrypt",                      ANYWHERE, "TrueCrypt Boot Loader" },
    { "VeraCrypt",                      ANYWHERE, "VeraCrypt Boot Loader" },
};
/* clang-format on */

#define FIRST_FOUND(sector, signs) first_found(sector, signs, sizeof(signs) / sizeof((signs)[0]))

const char *loader_name(const uint8_t sector[SECTOR_SIZE], bool partitioned)
{
    const char *name = FIRST_FOUND(sector, anywhere);

    /* Stage 1 of the old GRUB has its compatibility version, 3.2, at 3Eh. */
    if (name && !strcmp(name, "GRUB") && sector[0x3E] == 3 && sector[0x3F] == 2)
        name = "GRUB 0.9";
    if (!name)
        name = partitioned ? FIRST_FOUND(sector, before_tables) : FIRST_FOUND(sector, in_volumes);
    return name;
}

const char *disk_encryption(const uint8_t sector[SECTOR_SIZE])
{
    return FIRST_FOUND(sector, encryptions);
}
